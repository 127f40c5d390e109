# SPDX-License-Identifier: GPL-2.0-or-later
"""What is declared to be a program stream and is none; and foreign traffic that must not be taken for one."""

import struct

import pslib
from gen_ps_streams import Stream, packs
from hikpcap import Capture, rtp


def timestamps(per):
    return lambda i: i // per * 3600


def h264_rtp():
    """RFC 6184 under the name of PS."""
    out = [pslib.H264_SPS, pslib.H264_PPS]
    for n in range(6):
        unit = b"\x88" + pslib.body(2499, n)  # first_mb_in_slice 0, first_slice_segment_in_pic_flag
        nal = 0x65 if n == 0 else 0x41
        for at in range(0, len(unit), 1000):
            flags = (0x80 if at == 0 else 0) | (0x40 if at + 1000 >= len(unit) else 0)
            out.append(bytes([nal & 0x60 | 28, flags | nal & 0x1F]) + unit[at:at + 1000])
    return out


def h265_rtp():
    out = [pslib.H265_VPS, pslib.H265_SPS, pslib.H265_PPS]
    for n in range(6):
        unit = b"\x88" + pslib.body(2499, n)  # first_mb_in_slice 0, first_slice_segment_in_pic_flag
        kind = 19 if n == 0 else 1
        for at in range(0, len(unit), 1000):
            flags = (0x80 if at == 0 else 0) | (0x40 if at + 1000 >= len(unit) else 0)
            out.append(bytes([49 << 1, 1, flags | kind]) + unit[at:at + 1000])
    return out


def annex_b():
    out = []
    for n in range(8):
        unit = pslib.picture(n, n % 4 == 0, 2000)
        out += [unit[at:at + 1000] for at in range(0, len(unit), 1000)]
    return out


def transport_stream():
    return [b"".join(b"\x47" + struct.pack("!HB", 0x0100 + (i & 1), 0x10 | (i + j) & 15) + pslib.body(184, i * 7 + j) for j in range(7))
            for i in range(10)]


def even(size, seed):
    """Bytes of all values alike."""
    state, out = seed + 1, bytearray()
    for _ in range(size):
        state = (state * 6364136223846793005 + 1442695040888963407) % 18446744073709551616
        out.append(state >> 56)
    return bytes(out)


def foreign():
    """Two hundred and more packets of other things, some as close as it gets."""
    cap = Capture(gap=0.001)
    a, b = "203.0.113.5", "203.0.113.9"

    def both(port, data, other=33000):
        cap.udp((a, other), (b, port), data)

    for i in range(20):
        both(53, struct.pack("!HHHHHH", i, 0x0100, 1, 0, 0, 0) + b"\x07example\x03net\0\0\1\0\1")
        both(40000 + 2 * i, even(300, i))
        both(443, bytes([0xC3]) + b"\0\0\0\1" + b"\x08" + even(8, i) + b"\0\0\x44\xd0" + even(500, i + 50))
        both(6000, rtp(h264_rtp()[i % 20][:400], 0x99, i, 3600 * i))
        both(6002, rtp(h265_rtp()[i % 20][:400], 0x98, i, 3600 * i))
        both(6004, rtp(annex_b()[i % 16][:400], 0x97, i, 3600 * i))
        both(6006, rtp(transport_stream()[i % 10][:564], 0x96, i, 3600 * i, pt=33))
        both(6008, transport_stream()[i % 10][:564])
        both(6010, rtp(bytes([0xD5]) * 160, 0x95, i, 160 * i, pt=8))
        both(6012, rtp(even(400, i), 0x94, i, 3600 * i))
        both(5060, "OPTIONS sip:x@203.0.113.9 SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.5:5060;branch=z9hG4bK%d\r\nFrom: <sip:y@203.0.113.5>;tag=1"
             "\r\nTo: <sip:x@203.0.113.9>\r\nCall-ID: %d\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n" % (i, i), 5060)
    pack = packs(pslib.video(1, 1, 300, 300))[0]
    ssrc = 0x93
    # the start code, but not a pack header behind it
    for bit in (0x80, 0x04):
        both(6014, rtp(pack[:4] + bytes([pack[4] ^ bit]) + pack[5:], ssrc, bit, 0))
    both(6014, rtp(pack[:12] + bytes([pack[12] & 0xFC]) + pack[13:], ssrc, 300, 0))
    both(6014, rtp(pack[:14] + b"\x12\x34\x56\x78" + pack[18:], ssrc, 301, 0))
    both(6014, rtp(b"\0\0\1\xba" + even(300, 9), ssrc, 302, 0))
    both(6014, rtp(pack[1:], ssrc, 303, 0))
    both(6014, rtp(pack[:7], ssrc, 304, 0))
    # a pack header, but not in RTP, or in no dynamic payload type
    both(6016, pack)
    both(6016, b"\x40" + rtp(pack, ssrc, 305, 0)[1:])
    both(6016, rtp(pack, ssrc, 306, 0, pt=8))
    # and over TCP
    connection = cap.tcp((a, 33100), (b, 8080)).open()
    for data in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", even(700, 77), struct.pack("!H", 40) + even(40, 78), pack, b"\0" * 50,
                 struct.pack("!H", 20) + rtp(pack, 5, 5, 5, pt=0)[:20]):
        connection.segment(connection.client, 0x18, data)
        connection.segment(connection.server, 0x10)
    connection.close()
    return cap


def captures():
    yield "ps-is-h264.pcap", Stream().payloads(h264_rtp(), timestamp=timestamps(3)).end()
    yield "ps-is-h265.pcap", Stream().payloads(h265_rtp(), timestamp=timestamps(3)).end()
    yield "ps-is-annexb.pcap", Stream().payloads(annex_b(), timestamp=timestamps(2)).end()
    yield "ps-is-ts.pcap", Stream().payloads(transport_stream()).end()
    yield "ps-is-dahua.pcap", Stream().payloads([b"DHAV\xfd\0\0\0" + even(900, i) if i % 3 == 0 else even(900, i) for i in range(12)],
                                                timestamp=timestamps(3)).end()
    yield "ps-is-encrypted.pcap", Stream().payloads([even(1000, i) for i in range(30)], timestamp=timestamps(3)).end()
    yield "ps-is-private.pcap", Stream().payloads([b"\1\2\3\4" + bytes([i]) * 500 for i in range(30)], timestamp=timestamps(3)).end()
    # the capture begins in the middle of a key picture: that is a program stream all the same
    data = packs([(pslib.picture(0, True, 30000), True)] + pslib.video(4, 9)[1:])
    stream = Stream().add(data)
    del stream.packets[:12]
    yield "ps-begins-inside.pcap", stream.end()
    yield "ps-foreign.pcap", foreign()
