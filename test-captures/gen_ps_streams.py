# SPDX-License-Identifier: GPL-2.0-or-later
"""Program streams in RTP: healthy ones, and what networks, devices and encoders do to them."""

import struct

import pslib
from hikpcap import (Capture, Link, Platform, ps_pack, ps_pes, ps_psm, ps_system_header, ps_timestamp, rfc4571, rtp)

LOWER = Platform("34020000002000000001", "192.0.2.10")
UPPER = Platform("34010000002000000001", "198.51.100.20")
ALAW = bytes(0x55 ^ (i * 37 & 0x7F) for i in range(160))


class Stream:
    """A call, or RTP without signalling, and its packets, to be lost, swapped or doubled before they are sent."""

    def __init__(self, signalling=True, **options):
        self.cap = Capture(gap=0.0005)
        self.call = Link(self.cap, LOWER, UPPER).call(**options)
        self.signalling = signalling
        if signalling:
            self.call.start()
        self.packets = []

    def add(self, packs, mtu=1000, marker=True, step=3600, seq=100, pt=None):
        self.packets += pslib.packets(packs, self.call.ssrc, seq + len(self.packets), step * 10, step, self.call.pt if pt is None else pt,
                                      mtu, marker)
        return self

    def payloads(self, payloads, marker=lambda i: True, timestamp=lambda i: 3600 * i, seq=100):
        self.packets += [rtp(data, self.call.ssrc, seq + i, timestamp(i), self.call.pt, marker(i)) for i, data in enumerate(payloads)]
        return self

    def end(self):
        for packet in self.packets:
            self.cap.udp(self.call.src, self.call.dst, packet)
        if self.signalling:
            self.call.bye()
        return self.cap


def packs(units, video_type=0x1B, audio=True, **options):
    return [pslib.pack(unit, key, 900000 + 3600 * n, video_type, audio=ALAW if audio else b"", **options)
            for n, (unit, key) in enumerate(units)]


# ---- Hikvision's own ------------------------------------------------------------------------------------------------

def hik_basic():
    """2023-09-26 15:43:17.250, not encrypted (7)"""
    bits = 9 << 36 | 26 << 31 | 15 << 26 | 43 << 20 | 17 << 14 | 250 << 4 | 7 << 1 | 1
    return b"\x40\x0e\x48\x4b\x01\x00" + bytes([23]) + bits.to_bytes(5, "big") + b"\xff\xff\xff\xff"


def hik_descriptors():
    device = b"\x41\x12\x48\x4b" + bytes(range(16))
    video = b"\x42\x0e\x07\x10\xa1\xea" + struct.pack("!HH", 1280, 720) + bytes([0x11, 0x1F, 0xFF]) + (3600 << 1 | 1).to_bytes(3, "big")
    audio = b"\x43\x0a\x01\x40\xfe" + (16000 << 2 | 3).to_bytes(3, "big") + (32000 << 2 | 3).to_bytes(3, "big") + b"\xff"
    clip = b"\x44\x0a" + struct.pack("!HHHH", 0, 8, 1280, 704) + b"\xff\xff"
    stream = b"\x45\x0a\x05\x91" + struct.pack("!I", 77) + b"\xff" * 4
    return device, video, audio, clip, stream


def hikvision(h265=False):
    device, video, audio, clip, stream = hik_descriptors()
    out = []
    for n, (unit, key) in enumerate(pslib.video(8, 4, 3000, 900, h265)):
        pts = 900000 + 3600 * n
        data = ps_pack(pts, stuffing=b"\xff\xff" + struct.pack("!I", 5000 + n))
        if key:
            data += ps_system_header() + ps_psm(
                ((0x24 if h265 else 0x1B, 0xE0, video + clip + stream), (0x90, 0xC0, audio), (0xBD, 0xBD), (0xBF, 0xBF)),
                info=hik_basic() + device)
        # one PES packet per NAL unit, as Hikvision does
        starts = [i for i in range(len(unit)) if unit[i:i + 4] == b"\0\0\0\1"] + [len(unit)]
        for begin, end in zip(starts, starts[1:]):
            data += ps_pes(unit[begin:end], 0xE0, pts, pts)
        data += ps_pes(ALAW, 0xC0, pts)
        data += ps_pes(b"private metadata " + bytes([n]), 0xBD)
        data += b"\0\0\1\xbf\0\4\1\2\3\4"
        out.append(data)
    return out


# ---- captures -------------------------------------------------------------------------------------------------------

def swapped(items, first, second):
    items = list(items)
    items[first], items[second] = items[second], items[first]
    return items


def lost():
    stream = Stream().add(packs(pslib.video(12)))
    del stream.packets[9:12]
    del stream.packets[2]
    return stream


def reordered():
    stream = Stream().add(packs(pslib.video(10)))
    stream.packets = swapped(stream.packets, 2, 3)
    stream.packets = swapped(stream.packets, 12, 14)
    return stream


def duplicates():
    stream = Stream().add(packs(pslib.video(6)))
    stream.packets = [packet for index, packet in enumerate(stream.packets) for _ in range(2 if index % 4 == 1 else 1)]
    return stream


def every_marker():
    stream = Stream()
    for packet in pslib.packets(packs(pslib.video(8), pes_size=980), stream.call.ssrc, 100, 0, 3600, mtu=994):
        stream.packets.append(packet[:1] + bytes([packet[1] | 0x80]) + packet[2:])
    return stream


def two_timestamps():
    """Pairs of pictures share a time stamp; a key picture's packets have several."""
    stream = Stream()
    seq = 100
    for n, data in enumerate(packs(pslib.video(8))):
        for at in range(0, len(data), 1000):
            stream.packets.append(rtp(data[at:at + 1000], stream.call.ssrc, seq, n // 2 * 7200 + (at if n % 5 == 0 else 0), 96, False))
            seq += 1
    return stream


def one_packet():
    """Several packs in one RTP packet."""
    data = b"".join(packs(pslib.video(6, 6, 200, 60)))
    return Stream().payloads([data])


def bare_packs():
    """H.265 with nothing but the start code for a pack header, as seen from Hikvision."""
    out = []
    for n, (unit, key) in enumerate(pslib.video(6, 3, 2500, 700, True)):
        data = ps_pack(3600 * n) if key else b"\0\0\1\xba"
        if key:
            data += ps_system_header() + ps_psm(((0x24, 0xE0),))
        out.append(data + ps_pes(unit, 0xE0, 3600 * n))
    return Stream().add(out)


def mpeg1():
    out = []
    for n, (unit, key) in enumerate(pslib.video(4, 4, 1500, 700)):
        pts = 90000 + 3600 * n
        data = b"\0\0\1\xba" + ps_timestamp(2, pts) + b"\x80\x1b\x83"
        body = b"\xff\xff\x60\x04" + ps_timestamp(2, pts) + unit
        out.append(data + b"\0\0\1\xe0" + struct.pack("!H", len(body)) + body)
    return Stream().add(out)


def split_headers():
    """Packets of 7 to 61 bytes: every header is split somewhere."""
    data = b"".join(packs(pslib.video(4, 2, 160, 80)))
    pieces, at, size = [], 0, 7
    while at < len(data):
        pieces.append(data[at:at + size])
        at += size
        size = 7 + (size * 5 + 3) % 55
    return Stream().payloads(pieces, marker=lambda i: False, timestamp=lambda i: i // 10 * 3600)


def broken_map():
    out = packs(pslib.video(4, 2))
    good = ps_psm(((0x1B, 0xE0), (0x90, 0xC0)))
    wrong_map_length = good[:11] + b"\x63" + good[12:]
    wrong_info_length = good[:15] + b"\xc8" + good[16:]
    assert good in out[0] and good in out[2]
    return Stream().add([out[0].replace(good, wrong_map_length), out[1], out[2].replace(good, wrong_info_length), out[3]])


def map_length():
    """program_stream_map_length four too much, four too little, far too much, nothing."""
    out = packs(pslib.video(8, 2))
    good = ps_psm(((0x1B, 0xE0), (0x90, 0xC0)))
    for at, length in enumerate((len(good) - 6 + 4, len(good) - 6 - 4, 0xFFFF, 0)):
        out[2 * at] = out[2 * at].replace(good, good[:4] + struct.pack("!H", length) + good[6:])
    return Stream().add(out)


def codec_change():
    """H.264, then H.265, then H.264 again, each time with a map that says so."""
    stream = Stream()
    for h265 in (False, True, False):
        stream.add(packs(pslib.video(3, h265=h265), 0x24 if h265 else 0x1B))
    return stream


def wrong_length():
    """PES_packet_length is the low 16 bits of the real one: the video goes on behind its end."""
    unit = pslib.picture(0, True, 70000)
    body = ps_pes(unit, 0xE0, 0, length=(len(unit) + 8) & 0xFFFF)
    data = ps_pack(0) + ps_system_header() + ps_psm(((0x1B, 0xE0),)) + body
    return Stream().add([data] + packs(pslib.video(3, 9))[1:], mtu=1400)


def missing_bytes():
    """Bytes lost on the way to the packetizer: the sequence numbers say nothing."""
    data = packs(pslib.video(6, 3, 3000, 900), audio=False)
    data[0] = data[0][:2000] + data[0][2400:]
    return Stream().add(data)


def aac_as_alaw():
    """AAC that the map calls G.711A."""
    adts = b"\xff\xf1\x50\x80" + (13 << 5 | 0x1F).to_bytes(2, "big") + b"\xfc" + b"\x21\x10\x05\x00\xa0\x1b"
    assert len(adts) == 13
    out = [ps_pack(3600 * n) + ((ps_system_header() + ps_psm(((0x1B, 0xE0), (0x90, 0xC0)))) if key else b"") + ps_pes(unit, 0xE0, 3600 * n)
           + ps_pes(adts * 2, 0xC0, 3600 * n) for n, (unit, key) in enumerate(pslib.video(4, 4, 800, 300))]
    return Stream().add(out)


def other_codecs():
    """SVAC video and audio: nothing is known about their insides."""
    out = []
    for n in range(4):
        data = ps_pack(3600 * n)
        if n == 0:
            data += ps_system_header() + ps_psm(((0x80, 0xE0), (0x9B, 0xC0)))
        out.append(data + ps_pes(b"\0\0\1\x77" + pslib.body(500, n), 0xE0, 3600 * n) + ps_pes(pslib.body(40, n), 0xC0, 3600 * n))
    return Stream().add(out)


def two_videos():
    """Two video streams and audio, interleaved within NAL units."""
    out = []
    for n in range(6):
        first, second = pslib.picture(n, n % 3 == 0, 2000), pslib.picture(n + 50, n % 3 == 0, 1200, True)
        data = ps_pack(3600 * n)
        if n % 3 == 0:
            data += ps_system_header() + ps_psm(((0x1B, 0xE0), (0x24, 0xE1), (0x90, 0xC0)))
        for at in range(0, 2400, 300):
            if first[at:at + 300]:
                data += ps_pes(first[at:at + 300], 0xE0, 3600 * n if at == 0 else None)
            if at == 300:
                data += ps_pes(ALAW, 0xC0, 3600 * n)
            if second[at:at + 300]:
                data += ps_pes(second[at:at + 300], 0xE1, 3600 * n if at == 0 else None)
        out.append(data)
    return Stream().add(out, mtu=700, marker=False)


def ssrc_change():
    stream = Stream().add(packs(pslib.video(4)))
    stream.packets += pslib.packets(packs(pslib.video(4, h265=True), 0x24), stream.call.ssrc + 1, 7000, 0)
    return stream


def unbounded():
    """PES_packet_length 0."""
    out = []
    for n, (unit, key) in enumerate(pslib.video(6, 3)):
        data = ps_pack(3600 * n)
        if key:
            data += ps_system_header() + ps_psm(((0x1B, 0xE0), (0x90, 0xC0)))
        out.append(data + ps_pes(unit, 0xE0, 3600 * n, length=0) + ps_pes(ALAW, 0xC0, 3600 * n))
    return Stream().add(out)


def bad_sps():
    """A sequence parameter set that is nonsense and one that is cut off."""
    out = []
    for n, sps in enumerate((b"\x67\x64\x00\x1f" + b"\x00\x80" * 3, b"\x67\x42", b"\x67" + b"\xff" * 40)):
        unit = b"\0\0\0\1" + sps + b"\0\0\0\1\x68\x80\0\0\0\1\x65\x88\x84" + pslib.body(300, n)
        out.append(ps_pack(3600 * n) + ps_psm(((0x1B, 0xE0),)) + ps_pes(unit, 0xE0, 3600 * n))
    return Stream().add(out)


def captures():
    units = pslib.video(10)
    yield "ps-h264.pcap", Stream().add(packs(units)).end()
    yield "ps-h265.pcap", Stream().add(packs(pslib.video(10, h265=True), 0x24)).end()
    yield "ps-slices.pcap", Stream().add(packs(pslib.video(6, slices=3), pes_size=700)).end()
    yield "ps-hikvision.pcap", Stream().add(hikvision()).end()
    yield "ps-hikvision-h265.pcap", Stream().add(hikvision(True)).end()
    yield "ps-no-marker.pcap", Stream().add(packs(units), marker=False).end()
    yield "ps-every-marker.pcap", every_marker().end()
    yield "ps-two-timestamps.pcap", two_timestamps().end()
    yield "ps-one-packet.pcap", one_packet().end()
    yield "ps-split-headers.pcap", split_headers().end()
    yield "ps-unbounded.pcap", unbounded().end()
    yield "ps-lost.pcap", lost().end()
    yield "ps-reordered.pcap", reordered().end()
    yield "ps-duplicates.pcap", duplicates().end()
    yield "ps-ssrc-change.pcap", ssrc_change().end()
    yield "ps-two-videos.pcap", two_videos().end()
    yield "ps-bare-packs.pcap", bare_packs().end()
    yield "ps-mpeg1.pcap", mpeg1().end()
    yield "ps-no-map.pcap", Stream().add(packs(units, psm=False)).end()
    yield "ps-no-map-h265.pcap", Stream().add(packs(pslib.video(6, h265=True), psm=False)).end()
    yield "ps-broken-map.pcap", broken_map().end()
    yield "ps-map-length.pcap", map_length().end()
    yield "ps-codec-change.pcap", codec_change().end()
    yield "ps-map-says-h265.pcap", Stream().add(packs(units, 0x24)).end()
    yield "ps-map-says-h264.pcap", Stream().add(packs(pslib.video(6, h265=True), 0x1B)).end()
    yield "ps-aac-as-alaw.pcap", aac_as_alaw().end()
    yield "ps-svac.pcap", other_codecs().end()
    yield "ps-wrong-length.pcap", wrong_length().end()
    yield "ps-missing-bytes.pcap", missing_bytes().end()
    yield "ps-bad-sps.pcap", bad_sps().end()

    # without signalling
    yield "ps-by-look.pcap", Stream(False).add(packs(units)).end()
    plain = Stream(False).add(packs(units[3:]), pt=98)
    yield "ps-by-look-pt98.pcap", plain.end()
    cap = Capture(gap=0.0005)
    connection = cap.tcp(("192.0.2.10", 41238), ("198.51.100.20", 31870)).open()
    data = b"".join(rfc4571(packet) for packet in pslib.packets(packs(pslib.video(8)), 0x1234, 1, 0, mtu=1000))
    for at in range(0, len(data), 1300):
        connection.segment(connection.client, 0x18, data[at:at + 1300])
        connection.segment(connection.server, 0x10)
    connection.close()
    yield "ps-by-look-tcp.pcap", cap
