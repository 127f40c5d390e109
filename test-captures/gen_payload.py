# SPDX-License-Identifier: GPL-2.0-or-later
"""Payload that is not what it seems: encrypted video, bare H.264 with delimiters, a payload type that changes, bytes that
belong to nobody in a program stream."""

import random
import re

import pslib
from gen_ps_streams import Stream, packs
from gen_tcp_media import TcpCall, small
from hikpcap import Capture, Link, rfc4571, rtp
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


def without_a_beginning(names="answer", tcp=False, again=False):
    """Early media: the middle of one key frame, as FU-A. Then an SDP, the answer or a re-INVITE's, names H.264. again: the frame's
    next fragment comes behind that, and a picture. (call, what the picture is as bytes)"""
    link, h264 = Link(Capture()), ((96, "H264/90000"),)
    options = dict(offer_codecs=((97, "MPEG4/90000"),), answer_codecs=h264 if names == "answer" else ((96, "PS/90000"),))
    call = TcpCall(link, **options) if tcp else link.call(**options)

    def send(payload):
        packet = call.rtp_packet(payload)
        if tcp:
            call.stream(rfc4571(packet))
        else:
            link.capture.udp(call.src, call.dst, packet)

    call.invite()
    if tcp:
        call.connect()
    for number in range(12):
        send(b"\x7c\x05" + random_body(700, number))
    call.ok()
    call.ack()
    if names != "answer":
        call.answer_codecs = h264
        call.reinvite()
        call.ok()
        call.ack()
    if again:
        send(b"\x7c\x45" + random_body(700, 12))
        send(b"\x41" + random_body(300, 13))
    link.capture.wait(1)
    call.bye()
    return call, b"\0\0\0\1\x41" + random_body(300, 13) if again else b""


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


# ---- a payload type that is not what rtpmap says, and other hosts with the same ports

MIXED = ((96, "PS/90000"), (97, "MPEG4/90000"), (98, "H264/90000"), (99, "H265/90000"))
OTHERS = ("192.0.2.77", "203.0.113.30")
UNNAMED = 20002  # a port of the receiver that no SDP names; the announced SSRC ties to the call what comes there


def program(count=10):
    """Function of a Stream: a program stream under the payload type of its call."""
    return lambda made: pslib.packets(packs(pslib.video(count)), made.call.ssrc, 100, 0, pt=made.call.pt, mtu=1000)


def others(call):
    """RTP that nothing tells from other bytes, from the receiver's port to the camera's port of other hosts, and back."""
    near = (call.dst[0], UNNAMED)
    for number, host in enumerate(OTHERS):
        for seq in range(3):
            call.link.capture.udp(near, (host, call.src[1]), rtp(b"\x5a" * 40, 900 + number, 60000 + seq, 3600 * seq, 100))
            call.link.capture.udp((host, call.src[1]), near, rtp(b"\xa5" * 40, 910 + number, 60010 + seq, 3600 * seq, 100))


def beside_others(pt, packets, when, early=False):
    """(capture, packets of the stream): a stream to UNNAMED, and the others before it, in the middle or behind; early: it begins before
    the answer."""
    made = Stream(signalling=False, offer_codecs=MIXED, answer_codecs=MIXED, pt=pt)
    call, near = made.call, (made.call.dst[0], UNNAMED)
    stream = list(packets(made))
    call.invite()
    if not early:
        call.ok()
        call.ack()
    for number, packet in enumerate(stream):
        if number == {"before": 0, "middle": len(stream) * 2 // 3}.get(when):
            others(call)
        made.cap.udp(call.src, near, packet)
        if early and number == 10:
            call.ok()
            call.ack()
    if when == "behind":
        others(call)
    made.cap.udp(near, call.src, rtp(b"\xd5" * 160, 920, 60020, 0, 8))  # back to the camera
    call.bye()
    return made.cap, len(stream)


def beside_another_connection(peer, when, back):
    """PS under the number of H.264 over TCP, seven packets; before that of number `when` segments from the same media port to the port
    that the connection comes from, of another host, or of the receiver itself; back: from there."""
    cap = Capture()
    call = TcpCall(Link(cap), offer_codecs=MIXED[::2], answer_codecs=MIXED[2:3], pt=98, frames=small)
    call.start()
    other = cap.tcp(call.offer_at, (peer, 51000), client_seq=70000)
    call.connect(port=51000)
    for number in range(7):
        if number == when:
            for _ in range(3):
                other.send(other.server if back else other.client, b"$no RTP" * 10)
        call.rtp_tcp(1)
    call.bye()
    return cap


def captures():
    yield "payload-encrypted.pcap", Stream().add(encrypted_video()).end()
    yield "payload-encrypted-unsaid.pcap", Stream().add(encrypted_video(said=False)).end()
    yield "payload-delimiters.pcap", bare_delimited()[0].end()
    yield "payload-from-the-middle.pcap", bare_from_the_middle()[0].end()
    yield "payload-without-a-beginning.pcap", without_a_beginning()[0].link.capture
    yield "payload-type-changes.pcap", type_changes().end()
    yield "payload-stray-bytes.pcap", stray_bytes().end()
    yield "payload-end-code.pcap", end_code().end()
    yield "payload-other-hosts.pcap", beside_others(100, program(4), "middle")[0]
    yield "payload-other-hosts-tcp.pcap", beside_another_connection(OTHERS[0], 2, True)
