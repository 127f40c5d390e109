# SPDX-License-Identifier: GPL-2.0-or-later
"""Video and sound into RTP, on top of pslib: a program stream with time stamps for both, and bare H.264 and H.265.

    for unit in gb_program(pslib.access_units(stream, h265=False), "H264", audio=alaw_bytes):
        for payload, marker in rtp_payloads(unit.data): ...
    for payload, marker in h264_payloads(picture): ...
"""

import re

import pslib
from hikpcap import ps_pack, ps_pes

STREAM_TYPES = {"H264": 0x1B, "H265": 0x24, "PCMA": 0x90, "PCMU": 0x91}
PES_MAX = 65000
RTP_MAX = 1400
AUDIO_STEP = 320  # samples in 40 ms


class Unit:
    """A picture or 40 ms of audio, packed. pts: 90 kHz."""

    def __init__(self, data, pts):
        self.data, self.pts = data, pts


def hik_stuffing(number):
    """Hikvision's pack stuffing: FF FF and a frame counter. It begins where its bytes look like no start code: ffmpeg
    looks for one inside the stuffing."""
    return b"\xff\xff" + (0x00020000 + number).to_bytes(4, "big")


def gb_program(pictures, codec, audio=b"", audio_codec="PCMA", rate=25):
    """Yields Units in the order of their time: a pack for each picture, and one for every 40 ms of sound.

    pictures: from pslib.access_units(); audio: G.711 bytes."""
    sounds = [Unit(ps_pack(index * 3600) + ps_pes(audio[at:at + AUDIO_STEP], 0xC0, index * 3600), index * 3600)
              for index, at in enumerate(range(0, len(audio), AUDIO_STEP))]
    for index, (picture, key) in enumerate(pictures):
        pts = index * 90000 // rate
        while sounds and sounds[0].pts <= pts:
            yield sounds.pop(0)
        yield Unit(pslib.pack(picture, key, pts, STREAM_TYPES[codec], STREAM_TYPES[audio_codec], pes_size=PES_MAX,
                              stuffing=hik_stuffing(index)), pts)
    yield from sounds


def nal_units(picture):
    """The NAL units of an Annex B byte stream, without start codes and the zeros before them."""
    starts = [match.end() for match in re.finditer(b"\0\0\1", picture)]
    return [picture[a:b].rstrip(b"\0") if b < len(picture) else picture[a:]
            for a, b in zip(starts, [start - 3 for start in starts[1:]] + [len(picture)])]


def rtp_payloads(data, size=RTP_MAX):
    """(payload, marker) of the RTP packets of one unit."""
    pieces = [data[at:at + size] for at in range(0, len(data), size)]
    return [(piece, index == len(pieces) - 1) for index, piece in enumerate(pieces)]


def h264_payloads(picture, size=RTP_MAX):
    """(payload, marker) of the RTP packets of one picture as RFC 6184 wants it: parameter sets together in a STAP-A,
    units that fit alone, others as FU-A."""
    out, small = [], []

    def flush():
        if len(small) == 1:
            out.append(small[0])
        elif small:
            out.append(b"\x78" + b"".join(len(unit).to_bytes(2, "big") + unit for unit in small))
        small.clear()
    for unit in nal_units(picture):
        if unit[0] & 0x1F in (6, 7, 8) and len(unit) < 300:
            small.append(unit)
            continue
        flush()
        if len(unit) <= size:
            out.append(unit)
            continue
        for at in range(1, len(unit), size):
            end = at + size >= len(unit)
            out.append(bytes([unit[0] & 0xE0 | 28, (0x80 if at == 1 else 0) | (0x40 if end else 0) | unit[0] & 0x1F])
                       + unit[at:at + size])
    flush()
    return [(payload, index == len(out) - 1) for index, payload in enumerate(out)]


def h265_payloads(picture, size=RTP_MAX):
    """The same after RFC 7798: AP, single unit, FU."""
    out, small = [], []

    def flush():
        if len(small) == 1:
            out.append(small[0])
        elif small:
            out.append(b"\x60\x01" + b"".join(len(unit).to_bytes(2, "big") + unit for unit in small))
        small.clear()
    for unit in nal_units(picture):
        kind = unit[0] >> 1 & 0x3F
        if kind in (32, 33, 34, 39) and len(unit) < 300:
            small.append(unit)
            continue
        flush()
        if len(unit) <= size:
            out.append(unit)
            continue
        for at in range(2, len(unit), size):
            end = at + size >= len(unit)
            out.append(bytes([unit[0] & 0x81 | 49 << 1, unit[1], (0x80 if at == 2 else 0) | (0x40 if end else 0) | kind])
                       + unit[at:at + size])
    flush()
    return [(payload, index == len(out) - 1) for index, payload in enumerate(out)]
