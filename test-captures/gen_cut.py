# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures that were recorded with a snap length: of each packet no more than so many bytes are kept."""

import struct

from gen_tcp_media import TcpCall
from hikpcap import Capture, Link, ps_frame, rtp

# The snap lengths that are met: tcpdump's of long ago, headers only, and whatever somebody thought was enough.
LENGTHS = (60, 96, 200, 350, 700, 1500)
PAYLOAD = 1400  # bytes of an RTP packet at most


class Snapped(Capture):
    """A copy of a capture of which no more than `length` bytes of each packet are kept. only: of those alone for which
    only(index from 0, frame) is true."""

    def __init__(self, capture, length, only=lambda index, data: True):
        super().__init__()
        self.extend(capture)
        self.time_us, self.length = capture.time_us, length
        self.chosen = [only(index, data) for index, (_, data) in enumerate(capture)]

    def kept(self, index):
        data = self[index][1]
        return data[:self.length] if self.chosen[index] else data

    @property
    def cut(self):
        """How many packets are cut."""
        return sum(len(self.kept(index)) < len(data) for index, (_, data) in enumerate(self))

    def pcap(self):
        out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, self.length, 1)]
        for index, (time_us, data) in enumerate(self):
            kept = self.kept(index)
            out.append(struct.pack("<IIII", time_us // 1000000, time_us % 1000000, len(kept), len(data)) + kept)
        return b"".join(out)


def pictures(call, count=30):
    """RTP packets of `count` pictures, as a camera sends them: a large key frame, small ones behind it."""
    packets = []
    for number in range(count):
        data = ps_frame(number, size=9000 if number % 25 == 0 else 1900)
        stamp = number * 3600
        for at in range(0, len(data), PAYLOAD):
            packets.append(call.rtp_packet(data[at:at + PAYLOAD], timestamp=stamp, marker=at + PAYLOAD >= len(data)))
    return packets


def send(call, packets):
    for packet in packets:
        call.link.capture.udp(call.src, call.dst, packet)
        call.link.capture.wait(0.01)


def platforms(link):
    """What goes on between two platforms outside of calls: registration with a challenge, keep-alives, a catalog."""
    cap = link.capture
    challenge = [("WWW-Authenticate", 'Digest realm="3402000000", nonce="9bd055a5d6bd055a", algorithm=MD5')]
    answer = [("Authorization", 'Digest username="%s", realm="3402000000", nonce="9bd055a5d6bd055a", uri="sip:%s", '
               'response="6629fae49393a05397450978507c4ef1"' % (link.lower.id, link.upper.id))]
    link.register(status="401 Unauthorized", answer_headers=challenge, call_id="reg")
    link.register(headers=answer, call_id="reg", cseq=2)
    for _ in range(4):
        cap.wait(60)
        link.keepalive()
    link.sn += 1
    link.manscdp(link.upper, '<?xml version="1.0"?>\r\n<Query>\r\n<CmdType>Catalog</CmdType>\r\n<SN>%d</SN>\r\n'
                 '<DeviceID>%s</DeviceID>\r\n</Query>\r\n' % (link.sn, link.lower.id))
    items = [("34020000001320%06d" % number, "Gate %d" % number) for number in range(1, 9)]
    link.catalog(items[:4], sn=link.sn, sum_num=8)
    link.catalog(items[4:], sn=link.sn, sum_num=8)
    link.subscribe()


def begin(transport="UDP"):
    cap = Capture()
    link = Link(cap, transport=transport)
    platforms(link)
    return cap, link


def end(call):
    """BYE, and a keep-alive a good while later."""
    call.bye()
    for _ in range(2):
        call.link.capture.wait(60)
        call.link.keepalive()
    return call.link.capture


def healthy(transport="UDP"):
    cap, link = begin(transport)
    call = link.call().start()
    send(call, pictures(call))
    return end(call)


def sip_over_tcp():
    return healthy("TCP")


def media_over_tcp():
    cap = Capture()
    link = Link(cap)
    platforms(link)
    call = TcpCall(link)
    call.start()
    call.connect()
    data = b"".join(struct.pack("!H", len(packet)) + packet for packet in pictures(call))
    for at in range(0, len(data), 1448):
        call.connection.send(call.sender, data[at:at + 1448])
        cap.wait(0.01)
    call.connection.close()
    return end(call)


def early_media():
    """The camera sends before the 200 OK."""
    cap, link = begin()
    call = link.call()
    call.invite()
    call.trying()
    packets = pictures(call)
    send(call, packets[:5])
    call.ok()
    call.ack()
    send(call, packets[5:])
    return end(call)


def audio_beside():
    """Audio in an m= line of its own, from its own port."""
    cap, link = begin()
    call = link.call()
    call.offer_extra += ("m=audio 20100 RTP/AVP 8", "a=rtpmap:8 PCMA/8000", "a=recvonly")
    call.answer_extra += ("m=audio 40100 RTP/AVP 8", "a=rtpmap:8 PCMA/8000", "a=sendonly")
    call.start()
    for number, packet in enumerate(pictures(call)):
        send(call, [packet])
        cap.udp((call.answer_ip, 40100), (call.offer_ip, 20100), rtp(b"\xd5" * 320, 4711, number, 320 * number, pt=8))
    return end(call)


def reinvite():
    """The upper platform asks for the media at another port."""
    cap, link = begin()
    call = link.call().start()
    packets = pictures(call)
    send(call, packets[:20])
    call.offer_port += 1000
    call.reinvite()
    call.ok()
    call.ack()
    send(call, packets[20:])
    return end(call)


def playback():
    """A recording, played faster, and its end told by MediaStatus 121."""
    cap, link = begin()
    call = link.call(session="Playback", t="1577290000 1577293600", u="34020000001320000001:0").start()
    packets = pictures(call)
    send(call, packets[:20])
    call.info()
    send(call, packets[20:])
    link.manscdp(link.lower, '<?xml version="1.0"?>\r\n<Notify>\r\n<CmdType>MediaStatus</CmdType>\r\n<SN>99</SN>\r\n'
                 '<DeviceID>%s</DeviceID>\r\n<NotifyType>121</NotifyType>\r\n</Notify>\r\n' % call.camera)
    return end(call)


def refused():
    """The device says 486."""
    cap, link = begin()
    call = link.call()
    call.invite()
    call.trying()
    call.status("486 Busy Here")
    call.ack(branch=call.branch)
    cap.wait(60)
    link.keepalive()
    return cap


def two_calls():
    """Two cameras at once: by the hosts alone nobody can tell whose media it is."""
    cap, link = begin()
    calls = [link.call().start(), link.call().start()]
    for packets in zip(*(pictures(call) for call in calls)):
        for call, packet in zip(calls, packets):
            send(call, [packet])
    calls[0].bye()
    return end(calls[1])


def fragments():
    """INVITE and 200 OK travel in two fragments each, of which the first is longer than the second."""
    cap, link = begin()
    call = link.call()
    call.invite(cut=[640])
    call.trying()
    call.ok(cut=[560])
    call.ack()
    send(call, pictures(call))
    return end(call)


KINDS = {kind.__name__: kind for kind in (healthy, sip_over_tcp, media_over_tcp, early_media, audio_beside, reinvite, playback,
                                          refused, two_calls, fragments)}


def captures():
    small = Capture()
    call = Link(small).call().start()
    send(call, pictures(call, 3))
    call.bye()
    yield "cut-350.pcap", Snapped(small, 350)
    yield "cut-60.pcap", Snapped(small, 60)
