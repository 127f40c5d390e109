# SPDX-License-Identifier: GPL-2.0-or-later
"""RTP on TCP without RFC 4571's length, in '$' frames or behind a head of the maker's own, whose SSRC is one that nobody
announced or that changes: found, bound, counted, named once. What only comes close is not taken for RTP."""

import itertools

import pytest

import conftest  # puts test-captures on the path
from gen_tcp_framing import FRAMINGS, OTHER, SSRCS, links, near_misses, packets, unannounced
from gen_tcp_order import Ordered, framed, segments
from hikpcap import Capture, Link
from tables import printed
from test_tcp_order import FRAMINGS as NAMED

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
