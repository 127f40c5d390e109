# SPDX-License-Identifier: GPL-2.0-or-later
"""RTP on TCP in other frames than RFC 4571's with SSRCs that nobody announced: no y= at all, another one than y=, or one that
changes in mid call; and bytes that come close to RTP and are none."""

from gen_tcp_order import Ordered, framed, segments
from hikpcap import Capture, Link, Platform, rtp

FRAMINGS = ("rfc4571", "dollar", "head", "bare", "tag")
SSRCS = ("no y", "other than y", "changes")
ANNOUNCED, OTHER, LATER = 200777, 0x00C0FFEE, 0x0BADCAFE


def picture(number, size=700):
    """Bytes of no format: what proves RTP is its headers alone."""
    return bytes([0x40 | number & 0x3F]) * size


def packets(ssrc, count, first=1, pt=96, size=700):
    return [rtp(picture(first + number, size), ssrc, (first + number) & 0xFFFF, 3600 * number, pt=pt) for number in range(count)]


def unannounced(framing, ssrcs, link=None, count=12, first=1, early=False, audio=False, lost=None, cut=True, size=700, both=False,
                push=True):
    """A call whose SSRC is one that the SDPs do not tell. cut: a segment per packet; audio: every third packet is of a second
    stream; lost: numbers of segments that come again four segments later; both: the call goes on after a re-INVITE. Returns the
    capture and how many RTP packets it has."""
    link = link or Link(Capture())
    cap = link.capture
    call = Ordered(link, ssrc=ANNOUNCED, **({"offer_y": None, "answer_y": None} if ssrcs == "no y" else {}))
    call.invite()
    if not early:
        call.ok()
        call.ack()
    call.connect()
    if ssrcs == "changes":
        half = count // 2
        media = packets(ANNOUNCED, half, first, size=size) + packets(LATER, count - half, first + 5000, size=size)
    else:
        media = packets(OTHER, count, first, size=size)
    if audio:
        sound = packets(OTHER + 1, count // 3, 900, 8, 160)
        for number, packet in enumerate(sound):
            media.insert(4 * number + 3, packet)
    frames = framed(media, framing)
    data = b"".join(frames)
    ends = [sum(map(len, frames[:number + 1])) for number in range(len(frames))]
    plan = list(zip([0] + ends, ends)) if cut else segments(len(data), 1000)
    for number in sorted(lost or (), reverse=True):
        plan.insert(min(len(plan) - 1, number + 4), plan.pop(number))
    call.plan(data, plan, push=push)
    if early:
        call.ok()
        call.ack()
    if both:
        call.reinvite()
        call.ok()
        call.ack()
        more = framed(packets(LATER if ssrcs == "changes" else OTHER, 4, first + (5000 if ssrcs == "changes" else 0) + len(media) -
                              (count // 2 if ssrcs == "changes" else 0), size=size), framing)
        for frame in more:
            call.stream(frame)
    cap.wait(6)
    call.bye()
    return cap, len(media) + 4 * both


def links(cap):
    """Between two hosts of its own each."""
    for number in range(100):
        yield Link(cap, Platform("340200000020000001%02d" % number, "192.0.2.%d" % (100 + number), agent="NCG V3.3.6.686194"),
                   Platform("340100000020000001%02d" % number, "198.51.100.%d" % (100 + number)), seed=number + 1)


def near_misses():
    """Bytes that begin as RTP does and do not go on so: name, segments."""
    def chain(wrap, change):
        return [wrap(bytes(change(number, bytearray(rtp(picture(number), OTHER, number + 1, 0))))) for number in range(12)]

    def new_ssrc(number, packet):
        packet[8:12] = (OTHER + number).to_bytes(4, "big")
        return packet

    def same_seq(number, packet):
        packet[2:4] = b"\0\7"
        return packet

    def other_version(number, packet):
        packet[0] = 0x40
        return packet

    def new_type(number, packet):
        packet[1] = 96 + number % 2
        return packet

    changes = {"another SSRC each": new_ssrc, "one number for all": same_seq, "version 1": other_version, "types that take turns": new_type}
    wraps = {"bare": lambda packet: packet, "dollar": lambda packet: b"$\0" + len(packet).to_bytes(2, "big") + packet,
             "head": lambda packet: b"HEAD01" + len(packet).to_bytes(2, "big") + packet, "tag": lambda packet: b"HEAD01" + packet}
    for change in changes:
        for wrap in wraps:
            if change != "types that take turns" or wrap in ("bare", "tag"):
                yield "%s, %s" % (wrap, change), chain(wraps[wrap], changes[change])


def captures():
    yield "tcp-framing-bare-unannounced.pcap", unannounced("bare", "no y")[0]
    yield "tcp-framing-tag-changes.pcap", unannounced("tag", "changes")[0]
    yield "tcp-framing-dollar-other.pcap", unannounced("dollar", "other than y")[0]
