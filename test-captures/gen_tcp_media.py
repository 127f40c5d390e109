# SPDX-License-Identifier: GPL-2.0-or-later
"""Media over TCP (RFC 4571): who connects, how segments cut the frames, what goes missing, and what is no media at all.

TcpCall is a call whose media go over a TCP connection. By default the upper platform listens (a=setup:passive) and the
lower one connects.
"""

from hikpcap import (ACK, PSH, START, Call, Capture, Link, Platform, h264_slice, ps_pack, ps_pes, report_block, rfc4571,
                     rtcp_rr, rtcp_sr, rtp)

CLIENT_PORT = 51000


class TcpCall(Call):
    def __init__(self, link, offer_setup="passive", answer_setup="active", **options):
        self.offer_setup, self.answer_setup = offer_setup, answer_setup
        options.setdefault("proto", "TCP/RTP/AVP")
        link.calls += 1
        super().__init__(link, **options)
        self.offer_extra = tuple(self.setup_lines(offer_setup)) + ("a=streamMode:MAIN",)
        self.answer_extra = tuple(self.setup_lines(answer_setup))
        self.connection = None

    @staticmethod
    def setup_lines(setup):
        return ("a=setup:%s" % setup, "a=connection:new") if setup else ()

    @property
    def offer_at(self):
        return (self.offer_ip, self.offer_port)

    @property
    def answer_at(self):
        return (self.answer_ip, self.answer_port)

    def connect(self, client=None, server=None, port=CLIENT_PORT, handshake=True, **options):
        """Opens the media connection; by default the side that is not passive connects."""
        if client is None:
            passive = self.answer_setup == "passive" and self.offer_setup != "passive"
            client, server = (((self.offer_ip, port), self.answer_at) if passive else
                              ((self.answer_ip, port), self.offer_at))
        self.connection = self.link.capture.tcp(client, server, **options)
        if handshake:
            self.connection.open()
        return self.connection

    @property
    def sender(self):
        """The end of the connection that the camera's media come from."""
        return next(end for end in (self.connection.client, self.connection.server) if end[0] == self.answer_ip)

    def framed(self, count=1, **fields):
        return b"".join(rfc4571(self.rtp_packet(**fields)) for _ in range(count))

    def stream(self, data, **options):
        self.connection.send(self.sender, data, **options)
        self.link.capture.wait(self.rtp_interval)

    def rtp_tcp(self, count=1, **options):
        """count frames, each in a segment of its own."""
        for _ in range(count):
            self.stream(self.framed(), **options)

    def report(self):
        cap = self.link.capture
        return rfc4571(rtcp_sr(self.ssrc, cap.now, self.timestamp, self.sent_packets, self.sent_octets))

    def report_back(self):
        return rfc4571(rtcp_rr(self.ssrc + 1, [report_block(self.ssrc, highest=self.seq - 1)]))


def small(number):
    """A payload of 40 bytes, a whole frame of H.264 in a pack: RTP packets of 52 bytes, frames of 54."""
    return ps_pack(number * 3600) + ps_pes(START + h264_slice(number % 25 == 0, 11, fill=number & 0x3F | 0x40))


def start(**options):
    cap = Capture()
    call = TcpCall(Link(cap), **options)
    call.start()
    return cap, call


def passive_upper():
    """The upper platform listens."""
    cap, call = start()
    call.connect()
    call.rtp_tcp(5)
    call.bye()
    call.connection.close()
    return cap


def passive_lower():
    """The lower platform listens, the upper one connects; RTP/AVP and a=setup, and the connecting side says port 9."""
    cap, call = start(offer_setup="active", answer_setup="passive", proto="RTP/AVP", offer_port=9)
    call.connect()
    call.rtp_tcp(5)
    call.bye()
    return cap


def swapped_name():
    """RTP/AVP/TCP, no a=setup at all; the lower platform connects."""
    cap, call = start(offer_setup=None, answer_setup=None, proto="RTP/AVP/TCP")
    call.connect()
    call.rtp_tcp(5)
    call.bye()
    return cap


def cut_everywhere():
    """One frame of 54 bytes after the other, cut at each of its bytes in turn; the cut one ends in a segment with the
    whole next one."""
    cap, call = start(frames=small)
    call.connect()
    size = len(rfc4571(call.rtp_packet()))
    call.seq, call.timestamp, call.frame = 1, 0, 0
    for at in range(1, size):
        call.stream(call.framed(2), cut=[at])
    call.bye()
    return cap


def many_in_a_segment():
    """Eight frames in a segment; then a frame in eight segments of seven bytes; then three at odd places."""
    cap, call = start(frames=small)
    call.connect()
    call.stream(call.framed(8))
    call.stream(call.framed(1), cut=list(range(7, 54, 7)))
    call.stream(call.framed(3), cut=[1, 55, 109])
    call.bye()
    return cap


def lost_segment():
    """Segments of 100 bytes, frames of 54: the third segment is missing."""
    cap, call = start(frames=small)
    call.connect()
    data = call.framed(20)
    call.stream(data, cut=list(range(100, len(data), 100)), drop=[2])
    call.bye()
    return cap


def out_of_order():
    """Segments 3 and 4 travel in the wrong order, segment 6 comes twice."""
    cap, call = start(frames=small)
    connection = call.connect()
    data = call.framed(20)
    base = connection.seq[call.sender]
    order = [0, 1, 3, 2, 4, 5, 5] + list(range(6, 11))
    for index in order:
        connection.segment(call.sender, ACK | PSH, data[index * 100:index * 100 + 100], seq=base + index * 100)
    connection.seq[call.sender] = base + len(data)
    call.bye()
    return cap


def rtcp_inside():
    """RTCP on the same connection, both ways."""
    cap, call = start()
    call.connect()
    call.rtp_tcp(2)
    call.stream(call.report() + call.framed(1))
    call.connection.send(call.connection.other(call.sender), call.report_back())
    call.rtp_tcp(2)
    call.bye()
    return cap


def rtcp_beside():
    """RTCP on a second connection, to the next port."""
    cap, call = start()
    call.connect()
    call.rtp_tcp(2)
    media = call.connection
    call.connect(client=(call.answer_ip, CLIENT_PORT + 1), server=(call.offer_ip, call.offer_port + 1))
    call.stream(call.report())
    call.connection.send(call.connection.other(call.sender), call.report_back())
    call.connection = media
    call.rtp_tcp(2)
    call.bye()
    return cap


def refused():
    """The upper platform said it listens, and answers with RST."""
    cap, call = start()
    call.connect(handshake=False).refuse()
    cap.wait(15)
    call.bye()
    return cap


def silent():
    """Nobody answers the SYN."""
    cap, call = start()
    call.connect(handshake=False).ask(3)
    cap.wait(6)
    call.bye()
    return cap


def conflict(role):
    cap, call = start(offer_setup=role, answer_setup=role)
    cap.wait(15)
    call.bye()
    return cap


def reused():
    """Two calls one after the other, with the same ports at both ends; the second with another camera."""
    cap = Capture()
    link = Link(cap)
    for number in range(2):
        call = TcpCall(link, camera="3402000000132000000%d" % (number + 1), offer_port=20000, ssrc=200100 + number)
        call.offer_y = call.answer_y = "%010d" % call.ssrc
        call.start()
        call.connect(client_seq=1000 + 90000 * number, server_seq=5000 + 90000 * number)
        call.rtp_tcp(3)
        call.bye()
        call.connection.close()
        cap.wait(1)
    return cap


def one_port(calls=20):
    """Every camera to one listening port of the upper platform, all at once, and the frames of all of them mixed."""
    cap = Capture()
    link = Link(cap)
    running = []
    for number in range(calls):
        call = TcpCall(link, camera="34020000001320%06d" % (number + 1), offer_port=30000, answer_port=9, frames=small)
        call.start()
        running.append(call)
    for number, call in enumerate(running):
        call.connect(port=CLIENT_PORT + 7 * number % 20)
    for _ in range(3):
        for call in running:
            call.rtp_tcp()
    for call in running:
        call.bye()
    return cap


def two_clients():
    """No y= anywhere: two lower platforms to one port, told apart by their addresses."""
    cap = Capture()
    running = []
    for number in range(2):
        link = Link(cap, lower=Platform("3402000000200000000%d" % (number + 1), "192.0.2.%d" % (10 + number)), seed=number + 1)
        call = TcpCall(link, camera="3402000000132000000%d" % (number + 1), offer_port=30000, offer_y=None, answer_y=None)
        call.start()
        running.append(call)
    for call in reversed(running):
        call.connect()
    for _ in range(3):
        for call in running:
            call.rtp_tcp()
    for call in running:
        call.bye()
    return cap


def began_before():
    """The capture begins when the connection has been open for long, in the middle of a frame; the INVITE comes again
    in the dialog (session timer), so that the session is known."""
    cap = Capture()
    link = Link(cap)
    call = TcpCall(link, frames=small)
    call.connect(handshake=False)
    data = call.framed(10)
    call.connection.seq[call.sender] += 20
    call.stream(data[20:100])
    call.reinvite()
    call.ok()
    call.stream(data[100:], cut=[100, 200])
    call.bye()
    return cap


def before_answer():
    """The lower platform connects and sends before its 200 OK; media go on after the BYE."""
    cap = Capture()
    call = TcpCall(Link(cap))
    call.invite()
    call.connect()
    call.rtp_tcp(2)
    call.ok()
    call.ack()
    call.rtp_tcp(2)
    call.bye()
    call.rtp_tcp(2)
    return cap


def not_media():
    """Bytes of no protocol arrive at the media port, then text."""
    cap, call = start()
    call.connect()
    call.stream(b"\x05\x06\x07\x08" * 100)
    call.stream(b"this is no RTP\r\n" * 3)
    call.bye()
    return cap


def hostile():
    """Length 0, length 3, length 65535 and a frame that is no RTP, between good frames."""
    cap, call = start(frames=small)
    call.connect()
    call.stream(call.framed(1))
    call.stream(b"\0\0" + call.framed(1))
    call.stream(b"\0\3abc" + call.framed(1))
    call.stream(call.framed(1) + b"\0\x18" + b"N" * 24 + call.framed(1))
    call.stream(b"\xff\xff" + b"Z" * 300 + call.framed(2))
    call.stream(call.framed(1))
    call.stream(b"\xff\xff\x80\x60" + b"Z" * 300 + call.framed(2))
    call.stream(call.framed(2))
    call.bye()
    return cap


def foreign():
    """Other TCP beside a media connection: to the same host, and from the media port's neighbour."""
    cap, call = start()
    call.connect()
    other = cap.tcp((call.answer_ip, 52000), (call.offer_ip, 30002)).open()
    other.send(other.client, rfc4571(rtp(b"x" * 40, 7, 1, 1)))
    call.rtp_tcp(2)
    other.send(other.server, b"hello")
    call.bye()
    return cap


def no_signalling():
    """Only the media, recognised by the pack header at its start."""
    cap = Capture()
    call = TcpCall(Link(cap))
    call.connect()
    call.rtp_tcp(5)
    return cap


def captures():
    yield "tcp-media-passive-upper.pcap", passive_upper()
    yield "tcp-media-passive-lower.pcap", passive_lower()
    yield "tcp-media-rtp-avp-tcp.pcap", swapped_name()
    yield "tcp-media-cut-everywhere.pcap", cut_everywhere()
    yield "tcp-media-segments.pcap", many_in_a_segment()
    yield "tcp-media-lost.pcap", lost_segment()
    yield "tcp-media-out-of-order.pcap", out_of_order()
    yield "tcp-media-rtcp-inside.pcap", rtcp_inside()
    yield "tcp-media-rtcp-beside.pcap", rtcp_beside()
    yield "tcp-media-refused.pcap", refused()
    yield "tcp-media-silent.pcap", silent()
    yield "tcp-media-both-active.pcap", conflict("active")
    yield "tcp-media-both-passive.pcap", conflict("passive")
    yield "tcp-media-reused.pcap", reused()
    yield "tcp-media-one-port.pcap", one_port()
    yield "tcp-media-two-clients.pcap", two_clients()
    yield "tcp-media-began-before.pcap", began_before()
    yield "tcp-media-before-answer.pcap", before_answer()
    yield "tcp-media-not-media.pcap", not_media()
    yield "tcp-media-hostile.pcap", hostile()
    yield "tcp-media-foreign.pcap", foreign()
    yield "tcp-media-no-signalling.pcap", no_signalling()
