# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures for the benchmarks, written quickly: a million RTP packets in a few seconds, always the same bytes.

    calls(path, 2, 1000, VIDEO)     2 calls at once, 1,000 RTP packets each, as a camera of about 4 Mbit/s sends
    calls(path, 20, 100, PICTURES)  each packet a whole small picture: the most a packet can hold
"""

import struct
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(REPO / "test-captures"))
import pslib  # noqa: E402
from hikpcap import Call, Capture, Link, Platform, TcpConnection, ps_frame, rfc4571, rtp, sip  # noqa: E402

CALLS_PER_LINK = 500
EPOCH = 1577292344


def video():
    """[(payload, marker, picture)] of two seconds: a key picture of 60 kB in fifty, the others of 18 kB, with sound."""
    found = []
    for number, (unit, key) in enumerate(pslib.video(50, gop=50, key_size=60000, size=18000)):
        data = pslib.pack(unit, key, number * 3600, audio=bytes(0x55 ^ (i * 37 & 0xFF) for i in range(320)))
        found += [(data[at:at + 1400], at + 1400 >= len(data), number) for at in range(0, len(data), 1400)]
    return found


def pictures():
    return [(ps_frame(number, size=200), True, number) for number in range(25)]


VIDEO, PICTURES = "video", "pictures"
PAYLOADS = {VIDEO: video, PICTURES: pictures}


def frame_head(src, dst):
    """Ethernet, IPv4, UDP and RTP headers of a packet; what differs from packet to packet is filled in later."""
    address = [bytes(int(part) for part in end[0].split(".")) for end in (src, dst)]
    return bytearray(b"\x02\0\0\0\0\2\x02\0\0\0\0\1\x08\0" + struct.pack(">BBHHHBBH", 0x45, 0, 0, 0, 0, 64, 17, 0) + address[0] +
                     address[1] + struct.pack(">HHHH", src[1], dst[1], 0, 0) + struct.pack(">BBHII", 0x80, 96, 0, 0, 0))


def write_media(file, calls, packets, payloads, seconds):
    """RTP of all calls, interleaved."""
    period = payloads[-1][2] + 1
    heads = []
    for call in calls:
        head = frame_head(call.src, call.dst)
        struct.pack_into(">I", head, 50, call.ssrc)
        heads.append(head)
    out = []
    time = int(seconds * 1000000)
    for number in range(packets):
        payload, marker, picture = payloads[number % len(payloads)]
        timestamp = (number // len(payloads) * period + picture) * 3600 & 0xFFFFFFFF
        length = len(payload)
        for head in heads:
            time += 20
            struct.pack_into(">HH", head, 16, length + 40, number & 0xFFFF)
            struct.pack_into(">H", head, 38, length + 20)
            struct.pack_into(">BHI", head, 43, 0xE0 if marker else 0x60, number & 0xFFFF, timestamp)
            out += (struct.pack("<IIII", time // 1000000, time % 1000000, length + 54, length + 54), bytes(head), payload)
        if len(out) > 30000:
            file.write(b"".join(out))
            out = []
    file.write(b"".join(out))
    return time / 1000000


def calls(path, count, packets, kind=VIDEO):
    """So many calls at once; returns the RTP packets written."""
    payloads = PAYLOADS[kind]()
    with open(path, "wb") as file:
        cap = Capture(gap=0.0001)
        file.write(cap.pcap())
        for first in range(0, count, CALLS_PER_LINK):
            block = first // CALLS_PER_LINK
            link = Link(cap, Platform("34020000002000000001", "10.0.%d.1" % block), Platform("34010000002000000001", "10.1.%d.1" % block),
                        seed=1 + block * 10)
            some = [link.call() for _ in range(min(CALLS_PER_LINK, count - first))]
            for step in (Call.invite, Call.trying, Call.ok, Call.ack):
                for call in some:
                    step(call)
            file.write(cap.pcap()[24:])
            cap.clear()
            cap.time_us = int(write_media(file, some, packets, payloads, cap.time_us / 1000000) * 1000000) + 1000
            for call in some:
                call.bye()
        file.write(cap.pcap()[24:])
    Path(path).chmod(0o644)
    return count * packets


def one_port(path, count, packets=5):
    """Calls one after the other, all from and to the same two endpoints."""
    cap = Capture(gap=0.0001)
    link = Link(cap)
    for _ in range(count):
        call = link.call(offer_port=20000, answer_port=40000)
        call.start()
        call.rtp(packets)
        call.bye()
    cap.write(str(path))
    Path(path).chmod(0o644)


def byte_by_byte(path, count):
    """SIP over TCP of which each byte comes in a segment of its own."""
    cap = Capture(gap=0.0001)
    lower, upper = Platform("34020000002000000001", "10.0.0.1"), Platform("34010000002000000001", "10.1.0.1")
    connection = TcpConnection(cap, (lower.at[0], 40000), upper.at)
    connection.open()
    for number in range(count):
        head = [("Via", "SIP/2.0/TCP 10.0.0.1:40000;branch=z9hG4bK%d" % number), ("From", "<%s>;tag=1" % lower.uri),
                ("To", "<%s>" % lower.uri), ("Call-ID", "slow"), ("CSeq", "%d REGISTER" % (number + 1))]
        for byte in sip("REGISTER %s SIP/2.0" % upper.uri, head):
            connection.send(connection.client, bytes([byte]))
    cap.write(str(path))
    Path(path).chmod(0o644)


def slow_headers(path, size, step=1):
    """A REGISTER over TCP with so many bytes of headers, of which each comes in a segment of its own; or step together."""
    cap = Capture(gap=0.0001)
    lower, upper = Platform("34020000002000000001", "10.0.0.1"), Platform("34010000002000000001", "10.1.0.1")
    connection = TcpConnection(cap, (lower.at[0], 40000), upper.at)
    connection.open()
    head = [("Via", "SIP/2.0/TCP 10.0.0.1:40000;branch=z9hG4bK1"), ("From", "<%s>;tag=1" % lower.uri), ("To", "<%s>" % lower.uri),
            ("Call-ID", "slow"), ("CSeq", "1 REGISTER")]
    data = sip("REGISTER %s SIP/2.0" % upper.uri, head + [("X", "x" * 36)] * (size // 40))
    for at in range(0, len(data), step):
        connection.send(connection.client, data[at:at + step])
    cap.write(str(path))
    Path(path).chmod(0o644)


def header_lines(path, count, copies=20):
    """One REGISTER with that many header lines, sent again and again."""
    cap = Capture()
    lower, upper = Platform("34020000002000000001", "10.0.0.1"), Platform("34010000002000000001", "10.1.0.1")
    for copy in range(copies):
        head = [("Via", "SIP/2.0/UDP 10.0.0.1:7100;branch=z9hG4bK%d" % copy), ("From", "<%s>;tag=1" % lower.uri),
                ("To", "<%s>" % lower.uri), ("Call-ID", "many"), ("CSeq", "%d REGISTER" % (copy + 1))]
        cap.udp(lower.at, upper.at, sip("REGISTER %s SIP/2.0" % upper.uri, head + [("X", "")] * count), checksum=False)
    cap.write(str(path))
    Path(path).chmod(0o644)
