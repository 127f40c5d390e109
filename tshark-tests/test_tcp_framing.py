# SPDX-License-Identifier: GPL-2.0-or-later
"""RTP on TCP without RFC 4571's length, in '$' frames or behind a head of the maker's own, whose SSRC is one that nobody
announced or that changes: found, bound, counted, named once. What only comes close is not taken for RTP."""

import itertools
import re

import pytest

import conftest  # puts test-captures on the path
import tables
from gen_combined import MixedTcp
from gen_tcp_framing import FRAMINGS, OTHER, SSRCS, links, near_misses, packets, unannounced
from gen_tcp_order import Ordered, framed, segments
from hikpcap import ACK, PSH, Capture, Link
from tables import printed
from test_combined import check
from test_tcp_order import FRAMINGS as NAMED

pytestmark = pytest.mark.logic

SAID = {"bare": "TCP_FRAMING RTP comes without its length in front of each packet", "tag": "TCP_FRAMING RTP comes behind 6 bytes",
        "dollar": "TCP_FRAMING RTP comes in '$' frames", "head": "TCP_FRAMING RTP comes behind 8 bytes"}
WAYS = {"plain": {}, "early": {"early": True}, "audio": {"audio": True}, "lost": {"lost": [1, 6]}, "reinvite": {"both": True},
        "begin lost": {"lost": [0]}, "high numbers": {"first": 0x9C40}, "all": {"early": True, "both": True, "lost": [2, 9]}}


def look(tshark, cap):
    """Of each session: RTP packets, verdict; the same after one pass, two passes and in sharkd."""
    path = tshark.sandbox.readable(cap)
    one, two = (printed(tshark, "hikcascade,sessions", path, two_pass=passes) for passes in (False, True))
    assert [row.verdict for row in one] == [row.verdict for row in two]
    count = [0] * len(one)
    for row in tshark.fields_everywhere(path, ["rtp.seq", "hikcascade.session"], "rtp"):
        count[int(row["hikcascade.session"][0])] += len(row["rtp.seq"])
    assert count == [int(row["RTP"]) for row in one]
    return [(packets, row.verdict) for packets, row in zip(count, one)]


@pytest.mark.parametrize("ssrcs", SSRCS, ids=lambda value: value.replace(" ", "-"))
def test_unannounced(tshark, ssrcs):
    cap, right = Capture(), []
    free = links(cap)
    for framing, way in itertools.product(FRAMINGS, WAYS):
        if (framing, way) == ("head", "begin lost"): # what stands in front of the second packet may be the rest of the first
            continue
        if ssrcs == "changes" and way == "audio" and framing in ("bare", "tag"): # two streams, no lengths, and one of them changes
            continue
        _, count = unannounced(framing, ssrcs, next(free), **WAYS[way])
        right.append((framing, way, count))
    found = look(tshark, cap)
    assert [(*kind[:2], count) for kind, (count, _) in zip(right, found)] == right
    for (framing, way, _), (_, said) in zip(right, found):
        if framing in SAID:
            assert SAID[framing] in said, (framing, way)
        if ssrcs == "other than y":
            assert "SSRC_MISMATCH RTP from" in said, (framing, way)
        if ssrcs == "changes":
            assert "SSRC_CHANGED " in said, (framing, way)
        assert "belong to no" not in said and "INCOMPLETE" not in said and "LOSS" not in said, (framing, way)
    named = [message for _, _, message in tshark.expert(cap) if "RFC 4571" in message or "RFC 2326" in message]
    for framing in SAID:
        assert len([message for message in named if NAMED[framing] in message]) == len(WAYS) - (framing == "head" or (ssrcs == "changes" and framing in ("bare", "tag")))


@pytest.mark.parametrize("framing", ["bare", "tag"])
def test_segments_cut_anywhere(tshark, framing):
    """Segments that know nothing of packets: another SSRC is found in the middle of one. The end of the last packet nobody tells."""
    cap, right = Capture(), []
    free = links(cap)
    for ssrcs, early in itertools.product(SSRCS, (False, True)):
        right.append(unannounced(framing, ssrcs, next(free), cut=False, push=False, early=early)[1] - 1)
    assert [count for count, _ in look(tshark, cap)] == right


@pytest.mark.parametrize("framing", ["bare", "tag", "dollar", "head"])
def test_two_packets_prove_nothing(tshark, framing):
    cap, right = Capture(), []
    free = links(cap)
    for count in (2, 3, 4):
        unannounced(framing, "no y", next(free), count=count)
        right.append(count if count >= 3 else 0)
    found = look(tshark, cap)
    assert [count for count, _ in found] == right
    assert "TCP_FRAMING" not in found[0][1] and "that are no RTP" in found[0][1] and "TCP_FRAMING" in found[1][1]


def test_room_of_the_proof(tshark):
    """The third header is looked for among the first 16 KiB."""
    cap = Capture()
    free = links(cap)
    for size in (8192 - 18, 8192 - 17):
        unannounced("bare", "no y", next(free), size=size)
    found = look(tshark, cap)
    assert [count for count, _ in found] == [12, 0]


def test_close_to_rtp(tshark):
    """Headers that do not go on as those of a stream do."""
    cap, names = Capture(), []
    free = links(cap)
    for name, chain in near_misses():
        call = Ordered(next(free), offer_y=None, answer_y=None)
        call.start()
        call.connect()
        for data in chain:
            call.stream(data)
        cap.wait(6)
        call.bye()
        names.append(name)
    assert [(name, count) for name, (count, _) in zip(names, look(tshark, cap))] == [(name, 0) for name in names]


def test_a_whole_packet_and_no_more_of_the_usual_frames(tshark):
    """RFC 4571, and a first frame of which the segment holds the begin alone: nothing is held back without a doubt."""
    cap, one = Capture(), None
    one = Ordered(Link(cap), offer_y=None, answer_y=None)
    one.start()
    one.connect()
    data = b"".join(framed(packets(OTHER, 6), "rfc4571"))
    one.plan(data, segments(len(data), 500))
    one.bye()
    rows = tshark.fields_everywhere(cap, ["hikcascade.tcp.segment"], "hikcascade.tcp.segment", malformed=True)
    assert len(rows) >= 5
    assert look(tshark, cap)[0][0] == 6


class FirstIsLate(MixedTcp):
    """The first segment of the stream comes behind one or two others; segments are so short that none holds a whole frame and more."""

    def __init__(self, link, way, behind, size, **options):
        super().__init__(link, way, **options)
        self.behind, self.size, self.first = behind, size, True

    def stream(self, line, packets):
        connection, frames = self.connections[line.kind], [self.frame(line, packet) for packet in packets]
        data, base = b"".join(frames), connection.seq[line.src]
        ends = [len(b"".join(frames[:number + 1])) for number in range(len(frames))]
        plan = [(at, min(at + self.size, len(data))) for at in range(0, len(data), self.size)]
        if self.way in ("bare", "tag"):
            plan = list(zip([0] + ends, ends))
        if self.first:
            behind = min(self.behind, len(plan) - 1)
            plan[0], plan[behind] = plan[behind], plan[0]
            self.first = False
        have = bytearray(len(data))
        for begin, end in plan:
            connection.segment(line.src, ACK | PSH, data[begin:end], seq=base + begin)
            have[begin:end] = b"\1" * (end - begin)
            connection.segment(connection.other(line.src), ACK, ack=base + (len(data) if all(have) else have.index(0)))
        connection.seq[line.src] = base + len(data)
        line.sent += packets
        self.cap.wait(0.04 * len(packets))


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("behind", [1, 2])
@pytest.mark.parametrize("way, size", [("head", 100), ("head", 300), ("dollar", 100), ("tag", 300), ("bare", 300), ("in_order", 100)])
def test_first_segment_is_late(tshark, way, size, behind, early):
    """What it has in front of the first packet tells in which frames RTP comes: it is waited for."""
    cap = Capture()
    one = FirstIsLate(Link(cap), way, behind, size, early=early).play()
    check(tshark, cap, [(way, one.expected())])


@pytest.mark.parametrize("size", [100, 300])
def test_first_segment_is_lacking(tshark, size):
    """The receiver has it, and the capture does not: then nobody waits."""
    cap = Capture()
    FirstIsLate(Link(cap), "in_order", 0, size).play()
    first = next(index for index, (_, data) in enumerate(cap) if data[23] == 6 and len(data) == 54 + size)
    row, = tables.printed(tshark, "hikcascade,sessions", cap.only(lambda index, data: index != first))
    assert re.match("OK %d RTP packets .*; also INCOMPLETE %d bytes of the media connection are not in the capture" % (
        49 if size == 300 else 51, size), row.verdict)
