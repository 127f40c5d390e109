# SPDX-License-Identifier: GPL-2.0-or-later
"""Packs video as GB/T 28181 devices do: access units -> program stream packs -> RTP packets. Used by gen_ps_*.py and by
scripts/bench-media; the pieces of the program stream itself are hikpcap's."""

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
