# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls that are odd in one way each: as bytes, as dialogs, or in what the capture point saw of them.

Each is otherwise the healthy call of hikpcap. The real devices behind most of them are named in the field notes of
GB/T 28181 integrators: LF-only lines, blank lines inside SDP, y= of other lengths, IDs that are not 20 digits.
"""

import re

from hikpcap import Call, Capture, Link, Platform, h264_slice, rtcp_rr, rtp, sdp, sip

CODECS_SWAPPED = ((96, "PS/90000"), (97, "H264/90000"), (98, "MPEG4/90000"))
COMPACT = {"Via": "v", "From": "f", "To": "t", "Call-ID": "i", "Contact": "m", "Content-Length": "l", "Content-Type": "c",
           "Subject": "s"}


class Altered(Link):
    """A link whose SIP messages go through a function before they are sent."""

    def __init__(self, capture, change, **options):
        super().__init__(capture, **options)
        self.change = change

    def send(self, sender, message, to=None, **options):
        super().send(sender, self.change(message), to, **options)


def split(message):
    head, body = message.split(b"\r\n\r\n", 1)
    return head, body


def one_call(change=lambda message: message, packets=5, **options):
    """A healthy call whose messages `change` makes odd."""
    cap = Capture()
    Altered(cap, change).call(**options).play(packets)
    return cap


# ---- odd bytes

def lf_only(message):
    head, body = split(message)
    body = body.replace(b"\r\n", b"\n")
    head = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(body), head)
    return head.replace(b"\r\n", b"\n") + b"\n\n" + body


def nul_at_the_end(message):
    return message + b"\0"


def no_last_line_end(message):
    head, body = split(message)
    if body:
        body = body[:-2]
        head = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(body), head)
    return head + b"\r\n\r\n" + body


def content_length(difference):
    def change(message):
        head, body = split(message)
        if body:
            head = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % (len(body) + difference), head)
        return head + b"\r\n\r\n" + body
    return change


def blank_line_in_sdp(message):
    head, body = split(message)
    body = re.sub(rb"(m=[^\r]*\r\n)", rb"\1\r\n", body)
    return re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(body), head) + b"\r\n\r\n" + body


def compact(message):
    head, body = split(message)
    for name, short in COMPACT.items():
        head = head.replace(b"\r\n%s:" % name.encode(), b"\r\n%s:" % short.encode())
    return head + b"\r\n\r\n" + body


def lower_case(message):
    head, body = split(message)
    return re.sub(rb"(?m)^([A-Z][A-Za-z-]*):", lambda found: found.group(0).lower(), head) + b"\r\n\r\n" + body


def folded(message):
    head, body = split(message)
    head = re.sub(rb"\r\nSubject: ([^,\r]*),", b"\r\nSubject:\r\n \\1,\r\n\t", head)
    head = head.replace(b";rport", b"\r\n ;rport").replace(b";tag=", b"\r\n  ;tag=")
    return head + b"\r\n\r\n" + body


def annotations():
    """Every annotation of an INVITE at least once."""
    cap = Capture()
    link = Link(cap)
    link.call(offer_f="v/2/4/25/1/4096a/1/8/1", answer_f="v/5/1920x1080/30/2/2048a/11/2/5", offer_y="0200001234",
              ssrc=200001234, offer_extra=("a=streamprofile:0",)).start()
    link.call(session="Playback", t="1577232000 1577235600", u="34020000001320000002:0", offer_y="1200001235",
              ssrc=1200001235, subject="34020000001320000002:1000000001,34010000002000000001:7",
              offer_extra=("a=streamnumber:1", "a=filesize:-1")).start()
    link.call(session="Download", t="1577232000 1577235600", u="34020000001320000003:0", offer_y="1200001236",
              ssrc=1200001236, offer_extra=("a=downloadspeed:4", "a=stream:sub"),
              answer_extra=("a=filesize:123456789012",)).start()
    link.call(ssrc=200001237, offer_f="", offer_extra=("a=streamMode:sub", "a=filesize:0")).start()
    return cap


def two_media():
    """Video and audio in one SDP: two endpoints, two streams."""
    cap = Capture()
    call = Link(cap).call()
    call.offer_extra += ("m=audio 20100 RTP/AVP 8", "a=rtpmap:8 PCMA/8000", "a=recvonly")
    call.answer_extra += ("m=audio 40100 RTP/AVP 8", "a=rtpmap:8 PCMA/8000", "a=sendonly")
    call.start()
    call.rtp(2)
    for number in range(2):
        cap.udp((call.answer_ip, 40100), (call.offer_ip, 20100), rtp(b"\xd5" * 160, 4711, number, 160 * number, pt=8))
    cap.udp((call.answer_ip, 40101), (call.offer_ip, 20101), rtcp_rr(4711))
    call.bye()
    return cap


# ---- odd ways

def ip_fragments():
    cap = Capture()
    call = Link(cap).call()
    call.invite(cut=[400])
    call.trying()
    call.ok(cut=[200, 408], order=[2, 0, 1])
    call.ack()
    call.rtp(3)
    call.bye()
    return cap


def ipv6():
    cap = Capture()
    link = Link(cap, Platform("34020000002000000001", "2001:db8:10::7"), Platform("34010000002000000001", "2001:db8:20::187"))
    link.register()
    link.call().play(5)
    return cap


def tcp():
    """One connection: a message over three segments, two in one, keep-alives alone and in front of a message."""
    cap = Capture()
    link = Link(cap, transport="TCP")
    link.register()
    tcp_link = link.connection
    lower, upper = tcp_link.client, tcp_link.server
    call, second = link.call(), link.call()
    tcp_link.send(upper, b"\r\n\r\n")
    tcp_link.send(lower, b"\r\n")
    tcp_link.send(upper, call.invite(send=False), cut=[10, 300])
    tcp_link.send(lower, call.trying(send=False) + call.ok(send=False), ack=True)
    call.ack()
    tcp_link.send(upper, b"\r\n\r\n" + second.invite(send=False) + b"\r\n\r\n", ack=True)
    both = second.trying(send=False) + second.ok(send=False)
    tcp_link.send(lower, both, cut=[len(both) - 150])
    second.ack()
    call.rtp(3)
    second.rtp(2)
    call.bye()
    second.bye()
    tcp_link.close()
    return cap


def port(number, transport="UDP"):
    cap = Capture()
    link = Link(cap, Platform("34020000002000000001", "192.0.2.10", number), Platform("34010000002000000001",
                "198.51.100.20", number), transport)
    link.register()
    link.call().play(5)
    return cap


def foreign_sip():
    """An ordinary telephone call that happens to use port 7100: no ID, no PS, nothing of ours."""
    cap = Capture()
    alice, bob = ("192.0.2.77", 7100), ("198.51.100.88", 7100)
    def head(branch, method, tag=""):
        return [("Via", "SIP/2.0/UDP 192.0.2.77:7100;branch=z9hG4bK%s" % branch),
                ("From", "<sip:alice@192.0.2.77:7100>;tag=a1"), ("To", "<sip:bob@198.51.100.88:7100>" + tag),
                ("Call-ID", "telephone"), ("CSeq", method)]
    body = sdp("alice", "192.0.2.77", 30000, session="-", codecs=((0, "PCMU/8000"),), direction="sendrecv", media="audio")
    answer = sdp("bob", "198.51.100.88", 31000, session="-", codecs=((0, "PCMU/8000"),), direction="sendrecv", media="audio")
    kind = [("Content-Type", "application/sdp")]
    cap.udp(alice, bob, sip("INVITE sip:bob@198.51.100.88:7100 SIP/2.0", head("i", "1 INVITE") + kind, body))
    cap.udp(bob, alice, sip("SIP/2.0 180 Ringing", head("i", "1 INVITE", ";tag=b1")))
    cap.udp(bob, alice, sip("SIP/2.0 200 OK", head("i", "1 INVITE", ";tag=b1") + kind, answer))
    cap.udp(alice, bob, sip("ACK sip:bob@198.51.100.88:7100 SIP/2.0", head("a", "1 ACK", ";tag=b1")))
    for number in range(4):
        cap.udp(("192.0.2.77", 30000), ("198.51.100.88", 31000), rtp(b"\xff" * 160, 77, number, 160 * number, pt=0))
        cap.udp(("198.51.100.88", 31000), ("192.0.2.77", 30000), rtp(b"\xff" * 160, 88, number, 160 * number, pt=0))
    cap.udp(("198.51.100.88", 31001), ("192.0.2.77", 30001), rtcp_rr(88))
    cap.udp(alice, bob, sip("BYE sip:bob@198.51.100.88:7100 SIP/2.0", head("b", "2 BYE", ";tag=b1")))
    cap.udp(bob, alice, sip("SIP/2.0 200 OK", head("b", "2 BYE", ";tag=b1")))
    return cap


# ---- odd dialogs

def no_bye():
    cap = Capture()
    call = Link(cap).call()
    call.start()
    call.rtp(5)
    return cap


def retransmissions():
    cap = Capture()
    call = Link(cap).call()
    call.invite()
    cap.wait(0.5)
    call.invite()
    cap.wait(1)
    call.invite()
    call.trying()
    call.ok()
    cap.wait(0.5)
    call.ok()
    call.in_dialog("ACK", cseq=call.cseq, branch="ack1")
    call.in_dialog("ACK", cseq=call.cseq, branch="ack1")
    call.rtp(3)
    call.cseq += 1
    core = call.in_dialog("BYE", cseq=call.cseq, branch="bye1")
    cap.wait(0.5)
    call.in_dialog("BYE", cseq=call.cseq, branch="bye1")
    call.answer_to(core)
    call.answer_to(core)
    return cap


def reinvite():
    """Both sides move to other ports in mid-call; the other call, on the ports beside, stays where it is."""
    cap = Capture()
    link = Link(cap)
    call, other = link.call(), link.call()
    call.start()
    other.start()
    call.rtp(3)
    call.offer_port, call.answer_port = 26000, 46000
    call.reinvite()
    call.ok()
    call.ack()
    call.rtp(3)
    call.rtcp()
    other.rtp(2)
    call.bye()
    other.bye()
    return cap


def cancel():
    cap = Capture()
    call = Link(cap).call()
    call.invite()
    call.trying()
    call.ringing()
    call.cancel()
    call.status("487 Request Terminated")
    call.ack(branch=call.branch)
    return cap


def error_info():
    cap = Capture()
    call = Link(cap).call()
    call.invite()
    call.trying()
    call.error_info("2207", "device offline")
    call.ack(branch=call.branch)
    return cap


def rtcp_port():
    cap = Capture()
    call = Link(cap).call()
    call.offer_extra += ("a=rtcp:30000",)
    call.answer_extra += ("a=rtcp:45001 IN IP4 192.0.2.10",)
    call.start()
    call.rtp(3)
    call.rtcp(src=(call.answer_ip, 45001), dst=(call.offer_ip, 30000))
    call.bye()
    return cap


def port_reuse():
    """Three calls one after the other on the same two ports."""
    cap = Capture()
    link = Link(cap)
    for number in range(3):
        call = link.call(offer_port=20000, answer_port=40000)
        call.play(3)
        cap.wait(5)
    return cap


def media_after_bye():
    cap = Capture()
    call = Link(cap).call()
    call.start()
    call.rtp(3)
    call.bye()
    call.rtp(2)
    call.rtcp(back=False)
    return cap


def media_before_answer():
    cap = Capture()
    call = Link(cap).call()
    call.invite()
    call.trying()
    call.rtp(2)
    call.ok()
    call.ack()
    call.rtp(2)
    call.bye()
    return cap


def out_of_order():
    """What a capture on two interfaces looks like: answers in front of their requests."""
    cap = Capture()
    call = Link(cap).call()
    invite = call.invite(send=False)
    call.trying()
    cap.udp(call.caller.at, call.callee.at, invite)
    call.ack()
    call.ok()
    call.rtp(2)
    core = call.in_dialog("BYE")
    bye = cap.pop()
    call.answer_to(core)
    cap.append((cap[-1][0] + 1000, bye[1]))
    return cap


def in_dialog():
    """INFO and MESSAGE inside the dialog, BYE from the camera's side."""
    cap = Capture()
    link = Link(cap)
    call = link.call(session="Playback", t="1577232000 1577235600")
    call.start()
    call.info()
    call.rtp(2)
    xml = ('<?xml version="1.0"?>\r\n<Notify>\r\n<CmdType>MediaStatus</CmdType>\r\n<SN>7</SN>\r\n<DeviceID>%s</DeviceID>\r\n'
           '<NotifyType>121</NotifyType>\r\n</Notify>\r\n' % call.camera)
    core = call.in_dialog("MESSAGE", call.callee, cseq=3, content_type="Application/MANSCDP+xml", body=xml)
    call.answer_to(core, call.caller)
    call.bye(call.callee)
    return cap


def began_before(first):
    """A healthy call from its packet number `first` (from 0) on: 2 is the 200 OK, the next to last the BYE."""
    cap = one_call(packets=3)
    return cap.only(lambda index, data: index >= first % len(cap))


def raw_h264():
    """The answer picks 98, bare H.264: no program stream."""
    def frames(number):
        return h264_slice(number == 0, 64)
    return one_call(answer_codecs=((98, "H264/90000"),), pt=98, frames=frames)


def no_content_length():
    def change(message):
        return re.sub(rb"\r\nContent-Length: \d+", b"", message)
    return one_call(change)


def tcp_gap():
    """A segment in the middle of an INVITE was not captured; the dialog goes on behind it."""
    cap = Capture()
    link = Link(cap, transport="TCP")
    link.register()
    call = link.call()
    link.connection.send(link.connection.server, call.invite(send=False), cut=[300, 500], drop=(1,), ack=True)
    call.trying()
    call.ok()
    call.ack()
    call.rtp(2)
    call.bye()
    return cap


def many(count=100, packets=2):
    """Concurrent sessions between the same two hosts, their packets interleaved."""
    cap = Capture()
    link = Link(cap)
    calls = [link.call() for _ in range(count)]
    for step in (Call.invite, Call.trying, Call.ok, Call.ack):
        for call in calls:
            step(call)
    for _ in range(packets):
        for call in calls:
            cap.udp(call.src, call.dst, call.rtp_packet())
    for call in calls:
        call.rtcp()
    for call in calls:
        call.bye()
    return cap


def captures():
    yield "odd-lf-only.pcap", one_call(lf_only)
    yield "odd-nul-at-the-end.pcap", one_call(nul_at_the_end)
    yield "odd-no-last-line-end.pcap", one_call(no_last_line_end)
    yield "odd-content-length-short.pcap", one_call(content_length(-20))
    yield "odd-content-length-long.pcap", one_call(content_length(+50))
    yield "odd-content-length-none.pcap", no_content_length()
    yield "odd-blank-line-in-sdp.pcap", one_call(blank_line_in_sdp)
    yield "odd-compact-headers.pcap", one_call(compact)
    yield "odd-lower-case-headers.pcap", one_call(lower_case)
    yield "odd-folded-headers.pcap", one_call(folded)
    yield "odd-y-missing.pcap", one_call(offer_y=None, answer_y=None)
    yield "odd-y-6.pcap", one_call(offer_y="123456", answer_y="123456", ssrc=123456)
    yield "odd-y-9.pcap", one_call(offer_y="999999999", answer_y="200001234", ssrc=200001234)
    yield "odd-y-11.pcap", one_call(offer_y="01200001234", answer_y="01200001234", ssrc=1200001234)
    yield "odd-id-16.pcap", one_call(camera="0000042001000001")
    yield "odd-id-18.pcap", one_call(camera="130909113319427420")
    yield "odd-codecs-swapped.pcap", one_call(offer_codecs=CODECS_SWAPPED)
    yield "annotations.pcap", annotations()
    yield "two-media.pcap", two_media()
    yield "raw-h264.pcap", raw_h264()
    yield "ip-fragments.pcap", ip_fragments()
    yield "ipv6.pcap", ipv6()
    yield "tcp-7100.pcap", tcp()
    yield "tcp-gap.pcap", tcp_gap()
    yield "udp-7010.pcap", port(7010)
    yield "udp-15061.pcap", port(15061)
    yield "tcp-15060.pcap", port(15060, "TCP")
    yield "udp-5060.pcap", port(5060)
    yield "foreign-sip-7100.pcap", foreign_sip()
    yield "no-bye.pcap", no_bye()
    yield "began-before-answer.pcap", began_before(2)
    yield "began-before-bye.pcap", began_before(-2)
    yield "one-sided-upper.pcap", one_call().only_from("198.51.100.20")
    yield "one-sided-lower.pcap", one_call().only_from("192.0.2.10")
    yield "retransmissions.pcap", retransmissions()
    yield "reinvite.pcap", reinvite()
    yield "cancel.pcap", cancel()
    yield "error-info.pcap", error_info()
    yield "rtcp-port.pcap", rtcp_port()
    yield "port-reuse.pcap", port_reuse()
    yield "media-after-bye.pcap", media_after_bye()
    yield "media-before-answer.pcap", media_before_answer()
    yield "out-of-order.pcap", out_of_order()
    yield "in-dialog.pcap", in_dialog()
