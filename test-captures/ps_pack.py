# SPDX-License-Identifier: GPL-2.0-or-later
"""Packs elementary streams into a program stream the way GB/T 28181 peers do, and that into RTP.

    frames = access_units(open("x.h264", "rb").read(), "H264")
    for unit in gb_program(frames, "H264", audio=alaw_bytes): unit.data, unit.key, unit.pts
    for payload, marker in rtp_payloads(unit.data): ...

Per picture: pack header; for a key picture system header and program stream map; PES packets of at most 65,000 bytes,
the time stamp on the first. Audio: packs of their own, 40 ms of G.711 in one PES packet of stream 0xC0.
"""

import re

from hikpcap import ps_pack, ps_pes, ps_psm, ps_system_header

VIDEO, AUDIO = 0xE0, 0xC0
STREAM_TYPES = {"H264": 0x1B, "H265": 0x24, "PCMA": 0x90, "PCMU": 0x91, "AAC": 0x0F}
PES_MAX = 65000
RTP_MAX = 1400
AUDIO_STEP = 320  # samples in 40 ms


def nal_units(stream):
    """The NAL units of an Annex B byte stream, each with the zeros and the start code before it."""
    starts = [match.start() for match in re.finditer(b"\x00?\x00\x00\x01", stream)]
    return [stream[a:b] for a, b in zip(starts, starts[1:] + [len(stream)])]


def nal_header(unit):
    """Offset of the NAL unit header."""
    return unit.index(b"\0\0\1") + 3


def describe(unit, codec):
    """(is a slice, is the first slice of a picture, is of a key picture)"""
    at = nal_header(unit)
    if codec == "H264":
        kind = unit[at] & 0x1F
        return kind in (1, 5), kind in (1, 5) and unit[at + 1] & 0x80 != 0, kind == 5
    kind = unit[at] >> 1 & 0x3F
    return kind < 32, kind < 32 and unit[at + 2] & 0x80 != 0, 16 <= kind <= 23


def access_units(stream, codec):
    """(bytes, is key) of each picture with what stands before it."""
    units, current, has_slice, key = [], b"", False, False
    for unit in nal_units(stream):
        is_slice, is_first, is_key = describe(unit, codec)
        if has_slice and (is_first or not is_slice):
            units.append((current, key))
            current, has_slice, key = b"", False, False
        current += unit
        has_slice, key = has_slice or is_slice, key or is_key
    return units + [(current, key)]


class Unit:
    """A picture or 40 ms of audio, packed. pts: 90 kHz."""

    def __init__(self, data, pts, key=False, audio=False):
        self.data, self.pts, self.key, self.audio = data, pts, key, audio


def hik_stuffing(number):
    """Hikvision's pack stuffing: FF FF and a frame counter. It begins where its bytes look like no start code: ffmpeg
    looks for one inside the stuffing."""
    return b"\xff\xff" + (0x00020000 + number).to_bytes(4, "big")


def gb_program(pictures, codec, audio=b"", audio_codec="PCMA", rate=25, pes_max=PES_MAX, stuffing=True):
    """Yields Units in the order of their time. pictures: from access_units(); audio: G.711 bytes."""
    step = 90000 // rate
    pieces = [audio[at:at + AUDIO_STEP] for at in range(0, len(audio), AUDIO_STEP)]
    sounds = [Unit(ps_pack(index * 3600) + ps_pes(piece, AUDIO, index * 3600), index * 3600, audio=True)
              for index, piece in enumerate(pieces)]
    for index, (picture, key) in enumerate(pictures):
        pts = index * step
        while sounds and sounds[0].pts <= pts:
            yield sounds.pop(0)
        data = ps_pack(pts, stuffing=hik_stuffing(index) if stuffing else b"")
        if key:
            streams = [(STREAM_TYPES[codec], VIDEO)] + ([(STREAM_TYPES[audio_codec], AUDIO)] if audio else [])
            data += ps_system_header() + ps_psm(streams)
        for at in range(0, len(picture), pes_max):
            data += ps_pes(picture[at:at + pes_max], VIDEO, pts if at == 0 else None)
        yield Unit(data, pts, key)
    yield from sounds


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
        unit = unit[nal_header(unit):]
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
        unit = unit[nal_header(unit):]
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
