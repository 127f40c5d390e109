# SPDX-License-Identifier: GPL-2.0-or-later
"""Media over TCP whose segments are lost and sent again, overlap, come early or twice: every RTP packet once, where its
last byte comes, and the export as it was sent."""

import random
import struct

import pytest

import conftest  # puts test-captures on the path
from gen_tcp_media import small
from gen_tcp_order import (Ordered, call, framed, jitter, lost_and_sent_again, overlapping, segments, twice, video, whole)
from hikpcap import ACK, FIN, PSH, Capture, Link, rfc4571, rtcp_sr, rtp
from tables import printed

pytestmark = pytest.mark.logic

SEQ, SESSION = "rtp.seq", "hikcascade.session"
STOCK = [{}, {"tcp.reassemble_out_of_order": "TRUE"}, {"tcp.desegment_tcp_streams": "FALSE"},
         {"tcp.analyze_sequence_numbers": "FALSE"}]


def rows(tshark, capture, prefs=None, filter="rtp"):
    """(frame, sequence numbers) of every frame with RTP, the same on each pass and in the GUI."""
    return [(row["frame"], [int(seq) for seq in row[SEQ]])
            for row in tshark.fields_everywhere(capture, [SEQ, SESSION, "rtp.ssrc", "rtp.rfc4571.len"], filter, prefs=prefs)]


def frames_of(capture, address):
    """Numbers of the frames with TCP data from an address, in order."""
    import ipaddress
    source = ipaddress.ip_address(address).packed
    return [number + 1 for number, (_, data) in enumerate(capture)
            if data[23] == 6 and data[26:30] == source and len(data) > 34 + (data[46] >> 4) * 4]


def expected(lengths, plan, frames, in_order):
    """(frame, [sequence numbers]) by a simple rule: an RTP packet is complete when its last byte came for the first time;
    in_order: and those in front of it too."""
    size = sum(lengths)
    came = [None] * size
    for frame, (begin, end) in zip(frames, plan):
        for at in range(begin, end):
            if came[at] is None:
                came[at] = frame
    out, at, latest = {}, 0, 0
    for number, length in enumerate(lengths):
        latest = max([latest if in_order else 0] + came[at:at + length])
        out.setdefault(latest, []).append(number + 1)
        at += length
    return sorted(out.items())


def sent(sack, plan_of, sizes=40, seed=0, **options):
    """A capture of frames of random sizes by a plan, and what is expected of it."""
    rng = random.Random(seed)
    cap, one = call(sack=sack, **options)
    one.frames = lambda number: bytes(rng.randrange(256) for _ in range(rng.choice((0, 1, 40, 90, 250))))
    frames = [one.framed() for _ in range(sizes)]
    data = b"".join(frames)
    plan = plan_of(len(data))
    one.plan(data, plan)
    one.bye()
    return cap, expected([len(frame) for frame in frames], plan, frames_of(cap, "192.0.2.10"), sack)


WAYS = {
    "again": lambda size, seed: lost_and_sent_again(segments(size), seed, 0.1),
    "one-percent": lambda size, seed: lost_and_sent_again(segments(size, 60), seed, 0.01, delay=20),
    "jitter": lambda size, seed: jitter(segments(size), seed, 0.4),
    "twice": lambda size, seed: twice(segments(size), seed, 0.3),
    "all": lambda size, seed: twice(jitter(lost_and_sent_again(segments(size), seed, 0.1), seed), seed),
    "overlapping": lambda size, seed: overlapping(size, seed),
    "backwards": lambda size, seed: segments(size)[::-1],
}


@pytest.mark.parametrize("sack", [False, True], ids=["no-sack", "sack"])
@pytest.mark.parametrize("way", WAYS)
def test_any_order(tshark, way, sack):
    seed = len(way)
    cap, right = sent(sack, lambda size: WAYS[way](size, seed), sizes=60, seed=seed)
    assert rows(tshark, cap) == right
    row = printed(tshark, "hikcascade,sessions", cap)[0]
    assert (row["RTP"], row["Lost"]) == ("60", "0") and "LOSS" not in row.verdict


@pytest.mark.parametrize("prefs", STOCK[1:], ids=lambda prefs: " ".join(prefs))
def test_whatever_stock_is_told(tshark, prefs):
    for sack in (False, True):
        cap, right = sent(sack, lambda size: WAYS["all"](size, 5), seed=5)
        assert rows(tshark, cap, prefs) == right


@pytest.mark.parametrize("begin", [0xFFFFFFFF, 0xFFFFF800, 0x7FFFF800])
def test_sequence_numbers_wrap(tshark, begin):
    cap, right = sent(False, lambda size: WAYS["all"](size, 7), seed=7, client_seq=begin)
    assert rows(tshark, cap) == right


def test_byte_by_byte_backwards(tshark):
    """Every byte in a segment of its own, the last first."""
    cap, right = sent(False, lambda size: segments(size, 1)[::-1], sizes=2, seed=4)
    found = rows(tshark, cap)
    assert sorted(seq for _, seqs in found for seq in seqs) == [1, 2]


@pytest.mark.parametrize("sack", [False, True], ids=["no-sack", "sack"])
@pytest.mark.parametrize("lost", [0, 1, 5, 9])
def test_what_the_capture_lacks(tshark, lost, sack):
    """A segment that was acknowledged and is in no frame: the rest is there, and it is the capture that lacks it."""
    cap, one = call(sack=sack, frames=small)
    frames = [one.framed() for _ in range(20)]
    data = b"".join(frames)
    plan = segments(len(data))
    connection, base = one.connection, one.connection.seq[one.sender]
    for number, (begin, end) in enumerate(plan):
        if number != lost:
            connection.segment(one.sender, ACK | PSH, data[begin:end], seq=base + begin)
        connection.segment(connection.other(one.sender), ACK, ack=base + end)
    connection.seq[one.sender] = base + len(data)
    connection.close(one.sender)
    one.bye()
    gone = range(*plan[lost])
    right = [n + 1 for n in range(20) if not set(range(54 * n, 54 * n + 54)) & set(gone)]
    assert sorted(seq for _, seqs in rows(tshark, cap) for seq in seqs) == right
    found = [row["hikcascade.tcp.missing"] for row in tshark.fields(cap, ["hikcascade.tcp.missing"], "hikcascade.tcp.missing", two_pass=True)]
    assert found == [["100"]]


@pytest.mark.parametrize("acked", [False, True], ids=["not-acked", "acked"])
def test_capture_ends_before_it_is_sent_again(tshark, acked):
    """A hole that the receiver has as well is none of the capture: what would fill it comes behind the end."""
    cap, one = call(sack=True, frames=small)
    data = b"".join(one.framed() for _ in range(20))
    connection, base = one.connection, one.connection.seq[one.sender]
    for number, (begin, end) in enumerate(segments(len(data))):
        if number != 8:
            connection.segment(one.sender, ACK | PSH, data[begin:end], seq=base + begin)
            connection.segment(connection.other(one.sender), ACK, ack=base + (end if number < 8 or acked else 800))
    found = [row["hikcascade.tcp.missing"] for row in tshark.fields(cap, ["hikcascade.tcp.missing"], "hikcascade.tcp.missing", two_pass=True)]
    assert found == ([["100"]] if acked else [])
    said = printed(tshark, "hikcascade,sessions", cap)[0].verdict
    assert ("INCOMPLETE" in said) == acked


def test_two_interfaces_with_other_clocks(tshark):
    """What one interface saw is stamped 5 ms late: acknowledgements stand in front of the data."""
    for seed in range(1):
        cap, one = call(sack=True)
        packets, stream = video(one.ssrc, 6)
        data = b"".join(framed(packets))
        one.plan(data, segments(len(data), 1448), acks=True)
        one.bye()
        rng = random.Random(seed)
        late = Capture()
        for time, frame in cap:
            from_camera = frame[26:30] == bytes((192, 0, 2, 10))
            late.append((time + (5000 + rng.randrange(3000) if from_camera and frame[23] == 6 else 0), frame))
        late.sort(key=lambda packet: packet[0])
        found = rows(tshark, late)
        assert sorted(seq for _, seqs in found for seq in seqs) == list(range(1, len(packets) + 1))
        assert printed(tshark, "hikcascade,sessions", late)[0]["Lost"] == "0"
        assert exported(tshark, late) == [stream]


def exported(tshark, capture):
    folder = tshark.sandbox.files / ("export-%d" % random.getrandbits(60))
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    tshark.run(["-r", str(tshark.sandbox.readable(capture)), "-n", "-q", "--export-objects", "hikcascade,%s" % folder])
    return [path.read_bytes() for path in sorted(folder.iterdir())]


@pytest.mark.parametrize("sack", [False, True], ids=["no-sack", "sack"])
@pytest.mark.parametrize("way", ["again", "jitter", "twice", "all"])
def test_export_is_what_was_sent(tshark, way, sack):
    for seed in (3,):
        cap, one = call(sack=sack)
        packets, stream = video(one.ssrc, 10)
        data = b"".join(framed(packets))
        plan = {"again": lambda p: lost_and_sent_again(p, seed, 0.05), "jitter": lambda p: jitter(p, seed),
                "twice": lambda p: twice(p, seed), "all": lambda p: twice(jitter(lost_and_sent_again(p, seed, 0.05), seed), seed)}[way]
        one.plan(data, plan(segments(len(data), 1448)))
        one.bye()
        assert exported(tshark, cap) == [stream]
        table = printed(tshark, "hikcascade,sessions", cap)[0]
        assert (table["RTP"], table["Lost"], table["Key frames"]) == (str(len(packets)), "0", "2")


# ---- hostile

def test_overlaps_with_other_bytes(tshark):
    """Segments that contradict those before: the first that came counts, on every pass."""
    rng = random.Random(3)
    cap, one = call(frames=small)
    data = b"".join(one.framed() for _ in range(20))
    connection, base = one.connection, one.connection.seq[one.sender]
    for begin, end in twice(jitter(segments(len(data)), 3), 3, 0.5):
        connection.segment(one.sender, ACK | PSH, data[begin:end], seq=base + begin)
        lie = max(0, begin - 30)
        connection.segment(one.sender, ACK | PSH, bytes(rng.randrange(256) for _ in range(begin - lie + 1)), seq=base + lie)
    connection.seq[one.sender] = base + len(data)
    one.bye()
    path = tshark.sandbox.readable(cap)
    found = rows(tshark, path)
    assert len([seq for _, seqs in found for seq in seqs]) >= 15


def test_noise_in_any_order(tshark):
    """Random bytes at random places of an announced connection: the passes agree, and it ends."""
    for seed in range(2):
        rng = random.Random(seed)
        cap, one = call(frames=small)
        one.stream(one.framed(2))
        connection, base = one.connection, one.connection.seq[one.sender]
        for _ in range(300):
            at = rng.choice((rng.randrange(5000), rng.randrange(1 << 32), rng.randrange(200)))
            size = rng.choice((0, 1, 2, 13, 100, 1400))
            data = rng.choice((bytes(rng.randrange(256) for _ in range(size)), one.framed(1), b"\x80\x60" * (size // 2)))
            connection.segment(rng.choice((one.sender, connection.other(one.sender))), rng.choice((ACK, ACK | PSH, FIN | ACK)),
                               data, seq=base + at, ack=rng.randrange(1 << 32))
        one.bye()
        tshark.fields_everywhere(cap, [SEQ, SESSION, "hikcascade.tcp.skipped", "hikcascade.tcp.segment",
                                       "hikcascade.tcp.continuation"], "tcp", malformed=True)


def test_many_holes_are_linear_work(tshark):
    """20,000 segments of which every second is missing."""
    cap, one = call(frames=small)
    data = one.framed(4000)
    plan = segments(len(data), 10)
    one.plan(data, plan[::2])
    one.bye()
    out = printed(tshark, "hikcascade,sessions", cap)
    assert len(out) == 1


# ---- other frames

FRAMINGS = {"bare": "without the two bytes of length", "tag": "behind 6 bytes of the sender's own instead",
            "dollar": "in '$' frames", "head": "behind 8 bytes of the sender's own, the last two of them the length"}


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("cut", [True, False], ids=["a-packet-a-segment", "cut-anywhere"])
def test_other_frames(tshark, framing, cut):
    """RTP in other frames than RFC 4571's: every packet found and bound, the frames named once."""
    cap = whole(framing, pictures=6, cut=cut, mss=700, push=cut)
    found = rows(tshark, cap)
    count = len(video(1, 6)[0])
    if not cut and framing in ("bare", "tag"): # the end of a packet is only known from the next one
        count -= 1
    assert [seq for _, seqs in found for seq in seqs] == list(range(1, count + 1))
    assert [row["Key frames"] for row in printed(tshark, "hikcascade,sessions", cap)] == ["2"]
    said = [message for _, _, message in tshark.expert(cap) if "RFC 4571" in message or "RFC 2326" in message]
    assert len(said) == 1 and FRAMINGS[framing] in said[0]
    assert not [message for _, _, message in tshark.expert(cap) if "belong to no RTP frame" in message]


@pytest.mark.parametrize("framing", ["dollar", "head"])
@pytest.mark.parametrize("way", ["again", "jitter", "twice"])
def test_other_frames_in_any_order(tshark, framing, way):
    cap = whole(framing, pictures=6, plan=lambda plan: {"again": lost_and_sent_again, "jitter": jitter, "twice": twice}[way](plan, 1, 0.1))
    count = len(video(1, 6)[0])
    assert sorted(seq for _, seqs in rows(tshark, cap) for seq in seqs) == list(range(1, count + 1))
    assert printed(tshark, "hikcascade,sessions", cap)[0]["Lost"] == "0"


def test_usual_frames_are_not_named(tshark):
    assert [message for _, _, message in tshark.expert(whole(pictures=3)) if "RFC" in message] == []


# ---- in company

def test_several_packets_in_a_segment_are_one_finding(tshark):
    """Three RTP packets with the wrong SSRC in one segment: one warning."""
    cap, one = call(frames=small)
    one.stream(one.framed(3, ssrc=777))
    for _ in range(6):
        one.stream(one.framed(1, ssrc=777))
    one.bye()
    assert len([message for _, _, message in tshark.expert(cap) if "carries SSRC 0000000777 (0x00000309)" in message]) == 1


@pytest.mark.parametrize("way", ["again", "jitter", "twice"])
@pytest.mark.parametrize("seed", [1, 3])
@pytest.mark.parametrize("two_pass", [False, True])
def test_nothing_is_missing(tshark, way, seed, two_pass):
    """Every segment is in the capture: none is said to be missing, neither where a frame begins in the segment behind a hole nor
    in those that follow it."""
    plan = {"again": lost_and_sent_again, "jitter": jitter, "twice": twice}[way]
    cap = whole(plan=lambda segments: plan(segments, seed, 0.5), mss=500)
    assert not [message for _, _, message in tshark.expert(cap, two_pass=two_pass) if "belong to no RTP frame" in message]
