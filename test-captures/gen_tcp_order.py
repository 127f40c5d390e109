# SPDX-License-Identifier: GPL-2.0-or-later
"""Media over TCP whose segments travel as they do: lost and sent again, overlapping, early, twice, or missing from the
capture; and frames other than RFC 4571's.

A plan is a list of (begin, end) of the byte stream in the order in which the segments are in the capture."""

import random

import pslib
from gen_ps_streams import packs
from gen_tcp_media import TcpCall
from hikpcap import ACK, PSH, Capture, Link, rfc4571


def segments(size, mss=100):
    """The plan of a healthy connection."""
    return [(at, min(at + mss, size)) for at in range(0, size, mss)]


def lost_and_sent_again(plan, seed, loss=0.01, delay=5):
    """Every so many segments get lost in front of the capture point and come again `delay` segments later."""
    rng, out = random.Random(seed), []
    for number, segment in enumerate(plan):
        late = rng.random() < loss
        out.append((number + (delay + rng.random() if late else 0), segment))
    return [segment for _, segment in sorted(out)]


def jitter(plan, seed, part=0.2, far=8):
    """A part of the segments is overtaken by up to `far` others."""
    rng = random.Random(seed)
    return [segment for _, segment in sorted((number + (rng.random() * far if rng.random() < part else 0), segment)
                                             for number, segment in enumerate(plan))]


def twice(plan, seed, part=0.1, far=6):
    """A part of the segments comes again later, though it had arrived."""
    rng, out = random.Random(seed), []
    for number, segment in enumerate(plan):
        out.append((number, segment))
        if rng.random() < part:
            out.append((number + rng.random() * far, segment))
    return [segment for _, segment in sorted(out)]


def overlapping(size, seed, mss=100):
    """Segments of any length that begin anywhere, in any order, until every byte came; some lie inside others."""
    rng, out, have = random.Random(seed), [], bytearray(size)
    while not all(have):
        begin = rng.randrange(size) if rng.random() < 0.5 else have.index(0)
        end = min(size, begin + rng.randrange(1, 3 * mss))
        out.append((begin, end))
        have[begin:end] = b"\1" * (end - begin)
    return out


class Ordered(TcpCall):
    """A call whose media travel by a plan."""

    def plan(self, data, plan, acks=False, push=True):
        """Sends data by a plan; acks: the receiver acknowledges what it has in order, after each segment."""
        connection, have, acked = self.connection, bytearray(len(data)), 0
        base = connection.seq[self.sender]
        for begin, end in plan:
            connection.segment(self.sender, ACK | (PSH if push else 0), data[begin:end], seq=base + begin)
            have[begin:end] = b"\1" * (end - begin)
            if acks:
                while acked < len(data) and have[acked]:
                    acked += 1
                connection.segment(connection.other(self.sender), ACK, ack=base + acked)
        connection.seq[self.sender] = base + len(data)


def call(sack=False, client_seq=1000, **options):
    """A call with its media connection."""
    cap = Capture()
    one = Ordered(Link(cap), **options)
    one.start()
    one.connect(sack=sack, client_seq=client_seq)
    return cap, one


def framed(packets, framing="rfc4571", head=b"HEAD01"):
    """RTP packets in the frames of: rfc4571, dollar (RFC 2326 10.12), head (the maker's own in front of the length),
    bare (no length at all), tag (the maker's own and no length)."""
    wrap = {"rfc4571": rfc4571, "dollar": lambda packet: b"$\0" + rfc4571(packet), "head": lambda packet: head + rfc4571(packet),
            "bare": lambda packet: packet, "tag": lambda packet: head + packet}[framing]
    return [wrap(packet) for packet in packets]


def video(ssrc, pictures=10, mtu=1000, first=1):
    """The RTP packets of a program stream, and the stream itself."""
    stream = packs(pslib.video(pictures))
    return list(pslib.packets(stream, ssrc, first, 0, mtu=mtu)), b"".join(stream)


def whole(framing="rfc4571", plan=None, pictures=10, mss=1448, cut=False, push=True, **options):
    """A call with video by a plan (a function of the plan). cut: a segment for each RTP packet."""
    cap, one = call(**options)
    frames = framed(video(one.ssrc, pictures)[0], framing)
    data = b"".join(frames)
    if cut:
        ends = [sum(len(frame) for frame in frames[:number + 1]) for number in range(len(frames))]
        way = list(zip([0] + ends, ends))
    else:
        way = segments(len(data), mss)
    one.plan(data, plan(way) if plan else way, push=push)
    one.bye()
    return cap


def captures():
    yield "tcp-order-lost-again.pcap", whole(plan=lambda plan: lost_and_sent_again(plan, 1, 0.2), pictures=4)
    yield "tcp-order-jitter.pcap", whole(plan=lambda plan: jitter(plan, 2, 0.5), pictures=4, sack=True)
    yield "tcp-order-missing.pcap", whole(plan=lambda plan: plan[:3] + plan[5:], pictures=4)
    yield "tcp-framing-bare.pcap", whole("bare", cut=True, pictures=3)
    yield "tcp-framing-dollar.pcap", whole("dollar", pictures=3)
    yield "tcp-framing-head.pcap", whole("head", pictures=3)
