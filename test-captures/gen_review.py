# SPDX-License-Identifier: GPL-2.0-or-later
"""What broke the core once: each function is one capture, made by the test that needs it (no file is kept)."""

import ipaddress
import re
import struct

import gen_odd
from hikpcap import Capture, Link, Platform


def two_calls():
    """Two calls at once, their RTP in turns."""
    cap = Capture()
    link = Link(cap)
    calls = [link.call(), link.call()]
    for call in calls:
        call.start()
    for _ in range(3):
        for call in calls:
            call.rtp(1)
    for call in calls:
        call.bye()
    return cap


class Cut(Capture):
    """Written as a capture that kept no more than `snap` bytes of each packet without SIP."""

    snap = 62

    def pcap(self):
        out = [super().pcap()[:24]]
        for time_us, data in self:
            kept = data if b"SIP/2.0" in data else data[:self.snap]
            out.append(struct.pack("<IIII", time_us // 1000000, time_us % 1000000, len(kept), len(data)) + kept)
        return b"".join(out)


def cut_media():
    """Video, audio and RTCP, each packet cut behind its first twenty bytes."""
    cap = Cut()
    cap.extend(gen_odd.two_media())
    return cap


def one_branch_for_all():
    """Keep-alives a minute apart, all with the same Via branch and CSeq, as some devices send them; then two calls that
    share a branch and a CSeq as well."""
    cap = Capture()
    link = Link(cap)
    link.register()
    for number in range(4):
        link.keepalive(branch="always", call_id="k%d" % number, cseq=20)
        cap.wait(60)
    calls = [link.call(branch="invite", cseq=1), link.call(branch="invite", cseq=1)]
    for call in calls:
        call.invite()
    for call in calls:
        call.ok()
        call.ack()
    return cap


def refused_after_challenge():
    """401, the INVITE again with another CSeq, and that is refused."""
    cap = Capture()
    call = Link(cap).call()
    call.invite()
    call.status("401 Unauthorized")
    call.ack(branch=call.branch)
    call.cseq += 1
    call.branch += "x"
    call.invite()
    call.status("488 Not Acceptable Here")
    call.ack(branch=call.branch)
    return cap


def other_dialog(core, number):
    """The headers of an answer that has nothing of its request but CSeq (the first real capture has such a one)."""
    foreign = {"Call-ID": "other%d" % number, "From": "<sip:a@192.0.2.99>;tag=of%d" % number,
               "To": "<sip:b@192.0.2.98>;tag=ot%d" % number,
               "Via": "SIP/2.0/UDP 192.0.2.99:7100;branch=z9hG4bKother%d" % number}
    return [(name, foreign.get(name, value)) for name, value in core]


def strange_bye_answers():
    """Three BYEs on their way at once, with the same CSeq; the answers fit by nothing else. The last comes twice."""
    cap = Capture()
    link = Link(cap)
    calls = [link.call() for _ in range(3)]
    for call in calls:
        call.start()
    cores = [call.in_dialog("BYE") for call in calls]
    for number, (call, core) in enumerate(zip(calls, cores)):
        call.answer_to(other_dialog(core, number))
    calls[2].answer_to(other_dialog(cores[2], 2))
    return cap


def passed_on():
    """A platform in the middle passes a call on without a dialog of its own: same Call-ID, same tags, two hops."""
    upper = Platform("34010000002000000001", "198.51.100.20")
    middle = Platform("34020000002000000001", "192.0.2.10")
    lower = Platform("34020100002000000001", "203.0.113.5")
    cap = Capture()
    camera = "34020100001320000001"
    first = Link(cap, middle, upper).call(call_id="p", from_tag="a", to_tag="b", camera=camera)
    second = Link(cap, lower, middle).call(call_id="p", from_tag="a", to_tag="b", camera=camera, branch="hop2",
                                           offer_ip=upper.ip, answer_ip=lower.ip)
    first.invite()
    second.invite()
    second.ok()
    first.ok()
    first.ack()
    second.ack()
    first.bye()
    second.bye()
    return cap


def message_beside_call():
    """A MESSAGE outside any dialog that borrows the Call-ID of a call."""
    cap = Capture()
    link = Link(cap)
    call = link.call(call_id="same")
    call.start()
    link.keepalive(call_id="same")
    return cap


def refused_beside_open():
    """Two calls to the upper platform's one port, no y=; the second is refused, the first sends."""
    cap = Capture()
    link = Link(cap)
    options = dict(offer_port=20000, offer_y=None, answer_y=None)
    sends, refused = link.call(rtp_src=("192.0.2.10", 50000), **options), link.call(**options)
    sends.start()
    refused.invite()
    refused.status("488 Not Acceptable Here")
    refused.ack(branch=refused.branch)
    sends.rtp(3)
    return cap


def one_port_behind_nat():
    """All cameras to one port of a receiver behind a NAT; only the ports they send from tell them apart."""
    cap = Capture()
    link = Link(cap)
    calls = [link.call(offer_port=20000, offer_ip="10.0.0.5", offer_y=None, answer_y=None,
                       rtp_dst=("198.51.100.20", 20000)) for _ in range(3)]
    for call in calls:
        call.start()
    for _ in range(2):
        for call in calls:
            call.rtp(1)
    return cap


def one_pair_of_ports():
    """Three calls on the same two ports: RTP and RTCP are told apart by SSRC."""
    cap = Capture()
    link = Link(cap)
    calls = [link.call(offer_port=20000, answer_port=40000) for _ in range(3)]
    for call in calls:
        call.start()
    for call in calls:
        call.rtp(1)
    for call in calls:
        call.rtcp()
    return cap


def other_ssrc_in_mid_call():
    """The answer announces another SSRC than the offer, a re-INVITE a third one."""
    cap = Capture()
    call = Link(cap).call(offer_y="0200001111", answer_y="0200002222", ssrc=200002222)
    call.invite()
    call.rtp(1)
    call.ok()
    call.ack()
    call.rtp(1)
    call.offer_y = call.answer_y = "0200003333"
    call.ssrc = 200003333
    call.reinvite()
    call.ok()
    call.ack()
    call.rtp(1)
    call.bye()
    return cap


def _transport_stream(section, pid=0x100):
    data, out, count = b"\0" + section, b"", 0
    while data:
        start = 0 if out else 0x4000
        out += struct.pack("!BHB", 0x47, start | pid, 0x10 | count) + data[:184].ljust(184, b"\xff")
        data, count = data[184:], (count + 1) & 15
    return out


def _datagram_section(src, dst, payload):
    """An IP packet as DVB carries it (EN 301 192 clause 7, no checksum that anybody checks)."""
    udp = struct.pack("!HHHH", src[1], dst[1], 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0)
    ip += ipaddress.ip_address(src[0]).packed + ipaddress.ip_address(dst[0]).packed + udp
    body = bytes([6, 5, 0xC1, 0, 0, 4, 3, 2, 1]) + ip + bytes(4)
    return struct.pack("!BH", 0x3E, 0xB000 | len(body)) + body


def rtp_in_rtp():
    """Media of one call inside the media of another: MPEG-2 transport stream, DVB datagrams, UDP, RTP; twice it is too
    short for RTP."""
    cap = Capture()
    link = Link(cap)
    codecs = ((33, "MP2T/90000"), (96, "PS/90000"))
    outer, inner = link.call(offer_codecs=codecs, answer_codecs=codecs), link.call()
    outer.start()
    inner.start()
    for packet in (inner.rtp_packet(), b"\x80\x60\0", b"\x80\x60" + bytes(4)):
        outer.rtp(1, payload=_transport_stream(_datagram_section(inner.src, inner.dst, packet)), pt=33)
    outer.bye()
    inner.bye()
    return cap


def tcp_content_length(declared):
    """The INVITE's Content-Length is absurd; the messages behind it must not disappear in its body."""
    cap = Capture()
    link = Link(cap, transport="TCP")
    link.register()
    call = link.call()
    message = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % declared, call.invite(send=False))
    link.connection.send(link.connection.server, message, ack=True)
    call.trying()
    call.ok()
    call.ack()
    call.bye()
    return cap


def tcp_endless_headers(lines=9000):
    """Headers that never end, 360 kB of them, one segment after the other; then an ordinary call."""
    cap = Capture()
    link = Link(cap, transport="TCP")
    link.register()
    head = b"MESSAGE sip:34010000002000000001@198.51.100.20 SIP/2.0\r\n" + b"X-Filler: %s\r\n" % (b"x" * 26) * lines
    link.connection.send(link.connection.client, head, cut=range(1400, len(head), 1400))
    link.call().start()
    return cap


def tcp_foreign_keep_alive():
    """Keep-alives on port 7100 of a telephone that is none of ours."""
    cap = Capture()
    connection = cap.tcp(("192.0.2.77", 50000), ("198.51.100.88", 7100)).open()
    connection.send(connection.client, b"\r\n\r\n")
    connection.send(connection.server, b"\r\n")
    return cap


def camera_with_line_end():
    """A folded Subject whose first part is no ID: no line end may reach the packet list."""
    cap = Capture()
    call = Link(cap).call(camera="camera", subject="not an\r\n ID:1,34010000002000000001:1")
    call.start()
    return cap


def captures():
    yield from ()
