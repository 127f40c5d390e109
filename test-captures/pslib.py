# SPDX-License-Identifier: GPL-2.0-or-later
"""Packs video as GB/T 28181 devices do: access units -> program stream packs -> RTP packets. Used by gen_ps_*.py and by
scripts/bench; the pieces of the program stream itself are hikpcap's."""

import re

from hikpcap import ps_pack, ps_pes, ps_psm, ps_system_header, rtp

START_CODE = re.compile(b"\0\0\1")


def access_units(stream, h265):
    """Splits an Annex B byte stream: [(bytes, is key picture)]. Each unit ends where the next one's first NAL unit begins."""
    starts = [match.start() for match in START_CODE.finditer(stream)]
    units, begin, picture, key = [], 0, False, False
    for start in starts:
        head = stream[start + 3:start + 6]
        if len(head) < 2:
            continue
        kind = head[0] >> 1 & 0x3F if h265 else head[0] & 0x1F
        if h265:
            is_slice, first = kind < 32, len(head) > 2 and head[2] & 0x80
            before, is_key = kind in (32, 33, 34, 35, 39), 16 <= kind <= 21
        else:
            is_slice, first = kind in (1, 2, 5), head[1] & 0x80
            before, is_key = kind in (6, 7, 8, 9), kind == 5
        if picture and (before or is_slice and first):
            cut = start - 1 if start and stream[start - 1] == 0 else start
            units.append((stream[begin:cut], key))
            begin, picture, key = cut, False, False
        if is_slice:
            picture, key = True, key or is_key
    units.append((stream[begin:], key))
    return units


def pack(unit, key, pts, video_type=0x1B, audio_type=0x90, audio=b"", pes_size=65400, psm=True, stuffing=b""):
    """One pack: pack header, on key frames system header and map, video in PES packets of at most pes_size bytes, audio."""
    out = [ps_pack(pts, stuffing=stuffing)]
    if key:
        out.append(ps_system_header())
        if psm:
            out.append(ps_psm(((video_type, 0xE0), (audio_type, 0xC0))))
    for at in range(0, len(unit), pes_size):
        out.append(ps_pes(unit[at:at + pes_size], 0xE0, pts if at == 0 else None))
    if audio:
        out.append(ps_pes(audio, 0xC0, pts))
    return b"".join(out)


def packets(packs, ssrc, seq=0, timestamp=0, step=3600, pt=96, mtu=1400, marker=True):
    """RTP packets of program stream packs: each pack begins a packet, the last of it has the marker."""
    for data in packs:
        for at in range(0, len(data), mtu):
            yield rtp(data[at:at + mtu], ssrc, seq, timestamp, pt, marker and at + mtu >= len(data))
            seq = (seq + 1) & 0xFFFF
        timestamp += step


# ---- small streams of one's own, always the same bytes ------------------------------------------------------------------

# 1280 x 720, 25 pictures per second, as x264 and x265 write them.
H264_SPS = bytes.fromhex("6742c01fda014016ec0440000003004000000c83c60ca8")
H264_PPS = bytes.fromhex("68ce0fc8")
H265_VPS = bytes.fromhex("40010c01ffff01600000030090000003000003005d959409")
H265_SPS = bytes.fromhex("42010101600000030090000003000003005da00280802d16595952930bc05a020000030002000003003210")
H265_PPS = bytes.fromhex("4401c073c189")


def body(size, seed):
    """Bytes like an encoder's: no zeros, so no start code."""
    out, state = bytearray(), seed * 2654435761 % 4294967296 or 1
    for _ in range(size):
        state = (state * 1103515245 + 12345) % 2147483648
        out.append((state >> 16) % 255 + 1)
    return bytes(out)


def picture(number, key, size, h265=False, slices=1, audio_delimiter=False):
    """One access unit, Annex B, with 4-byte start codes before the first NAL units and 3-byte ones before further slices."""
    out = b""
    if h265:
        if key:
            out += b"\0\0\0\1" + H265_VPS + b"\0\0\0\1" + H265_SPS + b"\0\0\0\1" + H265_PPS
        heads = [b"\x26\x01\xaf" if key else b"\x02\x01\xd0", b"\x26\x01\x2f" if key else b"\x02\x01\x50"]
    else:
        if audio_delimiter:
            out += b"\0\0\0\1\x09\xf0"
        if key:
            out += b"\0\0\0\1" + H264_SPS + b"\0\0\0\1" + H264_PPS
        heads = [b"\x65\x88\x84" if key else b"\x41\x9a\x21", b"\x65\x00\x84" if key else b"\x41\x00\x21"]
    for index in range(slices):
        out += (b"\0\0\0\1" if index == 0 else b"\0\0\1") + heads[index > 0] + body(size // slices, number * 7 + index)
    return out


def video(count, gop=5, key_size=6000, size=1500, h265=False, slices=1):
    """[(access unit, is key)]"""
    return [(picture(n, n % gop == 0, key_size if n % gop == 0 else size, h265, slices), n % gop == 0) for n in range(count)]
