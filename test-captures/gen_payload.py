# SPDX-License-Identifier: GPL-2.0-or-later
"""Payload that is not what it seems: encrypted video, bare H.264 with delimiters, a payload type that changes, bytes that
belong to nobody in a program stream."""

import random
import re

import pslib
from gen_ps_streams import Stream, packs
from hikpcap import rtp
from ps_pack import nal_units

DELIMITER, RECOVERY = b"\0\0\0\1\x09\xf0", b"\0\0\0\1\x06\x06\x01\xc4\x80"


def random_body(size, seed):
    """Bytes of all values but 0, so that there is no start code."""
    rand = random.Random(seed)
    return bytes(rand.randrange(1, 256) for _ in range(size))


def encrypted(picture, seed):
    """What follows the header of each NAL unit is encrypted."""
    return b"".join(b"\0\0\0\1" + unit[:1] + random_body(len(unit) - 1, 31 * seed + index)
                    for index, unit in enumerate(nal_units(picture)))


def scrambled(data):
    """PES_scrambling_control of all video packets set to 2."""
    return re.sub(b"(?s)(\x00\x00\x01\xe0..)(.)", lambda found: found[1] + bytes([found[2][0] | 0x20]), data)


def encrypted_video(count=40, said=True, gop=5):
    """[pack]"""
    made = packs([(encrypted(unit, n), key) for n, (unit, key) in enumerate(pslib.video(count, gop=gop, key_size=2000, size=700))])
    return [scrambled(pack) for pack in made] if said else made


def delimited(picture, delimiter=DELIMITER):
    return delimiter + picture


def single_units(units, mtu=900):
    """(payload, marker) after RFC 6184 of pictures: units that fit alone, however short; others as FU-A."""
    for picture in units:
        nals = nal_units(picture)
        for index, unit in enumerate(nals):
            last = index == len(nals) - 1
            if len(unit) <= mtu:
                yield unit, last
                continue
            for at in range(1, len(unit), mtu):
                end = at + mtu >= len(unit)
                yield (bytes([unit[0] & 0xE0 | 28, (0x80 if at == 1 else 0) | (0x40 if end else 0) | unit[0] & 0x1F])
                       + unit[at:at + mtu], end and last)


def bare_delimited(count=20):
    """Declared PS; H.264 with an access unit delimiter before each picture."""
    stream = Stream()
    pictures = [delimited(picture) for picture, _ in pslib.video(count, key_size=2500, size=900)]
    seq = 0
    for number, picture in enumerate(pictures):
        for payload, marker in single_units([picture]):
            stream.packets.append(rtp(payload, stream.call.ssrc, 100 + seq, 3600 * number, stream.call.pt, marker))
            seq += 1
    return stream, b"".join(pictures)


def bare_from_the_middle(count=40, gop=20, h265=False):
    """Declared PS; H.264 or H.265 whose first parameter sets and key frame were sent before the capture began: slices, a packet
    each, and a key frame in the middle."""
    stream = Stream()
    pictures = [picture for picture, _ in pslib.video(count, gop=gop, key_size=800, size=700, h265=h265)]
    seq = 0
    for number, picture in enumerate(pictures[1:]):
        for payload, marker in [(unit, True) for unit in nal_units(picture)] if h265 else single_units([picture]):
            stream.packets.append(rtp(payload, stream.call.ssrc, 100 + seq, 3600 * number, stream.call.pt, marker))
            seq += 1
    return stream, pictures


def type_changes(first=1, pt=100):
    """From packet number `first` on with another payload type."""
    stream = Stream().add(packs(pslib.video(10)))
    stream.packets[first:] = [bytes([packet[0], packet[1] & 0x80 | pt]) + packet[2:] for packet in stream.packets[first:]]
    return stream


def stray_bytes():
    """FF FF in front of each map."""
    return Stream().add([pack.replace(b"\0\0\1\xbc", b"\xff\xff\0\0\1\xbc") for pack in packs(pslib.video(10))])


def end_code():
    """No marker; the program end code is all that tells that the last picture is complete."""
    made = packs(pslib.video(10), audio=False)
    made[-1] += b"\0\0\1\xb9"
    return Stream().add(made, marker=False)


def captures():
    yield "payload-encrypted.pcap", Stream().add(encrypted_video()).end()
    yield "payload-encrypted-unsaid.pcap", Stream().add(encrypted_video(said=False)).end()
    yield "payload-delimiters.pcap", bare_delimited()[0].end()
    yield "payload-from-the-middle.pcap", bare_from_the_middle()[0].end()
    yield "payload-type-changes.pcap", type_changes().end()
    yield "payload-stray-bytes.pcap", stray_bytes().end()
    yield "payload-end-code.pcap", end_code().end()
