# SPDX-License-Identifier: GPL-2.0-or-later
"""Two hundred random mixes of what networks and captures do to packets, in one capture each for UDP and TCP: packets and losses are
counted as by a reference, and what was exported is what was sent, byte for byte."""

import random

import pslib
import pytest
import tables
from gen_combined import Expected
from gen_ps_streams import packs
from gen_tcp_order import Ordered, framed, jitter, lost_and_sent_again, overlapping, segments, twice
from hikpcap import Capture, Link
from test_combined import check

pytestmark = pytest.mark.logic

MIXES = 200
CAMERA = bytes((192, 0, 2, 10))


class Mix:
    """A call of random shape. stream: what its program stream is, None where some of it was lost; keys: key frames that
    arrive."""

    def __init__(self, cap, number, tcp):
        self.rng, self.cap, self.number = random.Random(number), cap, number
        self.expected = Expected()
        make = Ordered if tcp else Link.call
        self.call = make(Link(cap, seed=1 + number), **self.options(number))
        self.stream = packs(pslib.video(self.rng.randrange(3, 9), gop=self.rng.choice((2, 5)), key_size=self.rng.randrange(300, 3000),
                                        size=self.rng.randrange(100, 900)))
        # A segment that comes late holds so few packets that those in front of the first one are no restart.
        mtu = self.rng.choice((300, 700, 1400) if tcp else (40, 90, 300, 1400))
        self.packets = list(pslib.packets(self.stream, self.call.ssrc, self.rng.randrange(65536), 0, mtu=mtu))

    @staticmethod
    def options(number):
        return dict(offer_port=10000 + 4 * number, answer_port=30000 + 4 * number, ssrc=500000 + number, offer_y="%010d" % (500000 + number),
                    answer_y="%010d" % (500000 + number), camera="3402000000132%07d" % number)

    def finish(self, count, lost=0, doubled=0):
        self.expected.rtp, self.expected.lost = count, lost
        self.expected.key_frames = None if lost else sum(b"\0\0\1\xbb" in pack for pack in self.stream)
        if lost:
            self.expected.say("LOSS", r"\(%d of %d RTP packets" % (lost, len(self.packets)))
        else:
            self.expected.say("OK", "^%d RTP packets" % count)
        if doubled:
            self.expected.say("DUPLICATES", "^%d of %d RTP packets came twice" % (doubled, count))
        self.exported = None if lost else b"".join(self.stream)
        return self


def moved(count, rng, part, far):
    """The numbers 0 to count - 1, a part of them later by up to `far` places; the first and the last two stay."""
    places = [(number + (rng.random() * far if rng.random() < part and 1 < number < count - 2 else 0), number) for number in range(count)]
    return [number for place, number in sorted((min(place, count - 2.5) if number < count - 2 else place, number) for place, number in places)]


def over_udp(cap, number):
    """Late packets, packets sent twice, losses, records out of order by milliseconds."""
    mix, rng = Mix(cap, number, tcp=False), random.Random(-number - 1)
    mix.call.start()
    count = len(mix.packets)
    order = moved(count, rng, rng.choice((0, 0.1, 0.5, 1)), rng.choice((2, 10, 60, 250)))
    gone = {one for one in range(2, count - 2) if rng.random() < rng.choice((0, 0, 0.02))} if number % 3 == 0 else set()
    doubled = {one for one in range(2, count - 2) if rng.random() < 0.05} - gone if number % 4 == 0 else set()
    for one in order:
        for _ in range((one not in gone) + (one in doubled)):
            cap.udp(mix.call.src, mix.call.dst, mix.packets[one])
        cap.wait(0.001)
    cap.wait(0.3)
    mix.call.bye()
    cap.wait(1)
    return mix.finish(count - len(gone) + len(doubled), len(gone), len(doubled))


def over_tcp(cap, number):
    """Segments lost and sent again, overtaken, overlapping, sent twice; and the camera's clock late, so that acknowledgements
    stand in front of what they acknowledge."""
    own = Capture()
    own.time_us = cap.time_us
    mix = Mix(own, number, tcp=True)
    rng = random.Random(-number - 1)
    mix.call.start()
    mix.call.connect(sack=bool(number % 2), port=20000 + number)
    data = b"".join(framed(mix.packets))
    mss = rng.choice((100, 536, 1448))
    plan = overlapping(len(data), number, mss) if number % 5 == 4 and len(data) < 30000 else segments(len(data), mss)
    for way in rng.sample((lost_and_sent_again, jitter, twice), rng.randrange(4)):
        plan = way(plan, number)
    mix.call.plan(data, plan, acks=number % 3 != 0)
    own.wait(0.5)
    mix.call.bye()
    own.wait(1)
    late = rng.choice((0, 0, 3000, 8000)) if number % 3 else 0
    shifted = [(time + (late + rng.randrange(1 + late // 4) if data[26:30] == CAMERA and data[23] == 6 else 0), data) for time, data in own]
    cap.extend(sorted(shifted, key=lambda packet: packet[0]))
    cap.time_us = own.time_us
    return mix.finish(len(mix.packets))


@pytest.fixture(scope="module", params=[over_udp, over_tcp], ids=["udp", "tcp"])
def mixed(request):
    cap = Capture()
    return cap, [request.param(cap, number) for number in range(MIXES)]


def test_counts(tshark, mixed):
    cap, mixes = mixed
    check(tshark, cap, [("mix %d" % mix.number, mix.expected) for mix in mixes])


@pytest.mark.parametrize("extra", [(), pytest.param(("-2",), marks=pytest.mark.once)], ids=["one-pass", "two-passes"])
@pytest.mark.parametrize("in_order", ["TRUE", pytest.param("FALSE", marks=pytest.mark.once)])
def test_export_is_what_was_sent(tshark, export_objects, mixed, extra, in_order):
    cap, mixes = mixed
    folder = export_objects(cap, {"tcp.reassemble_out_of_order": in_order}, extra)
    files = {int(path.name.split("-")[0]): path.read_bytes() for path in folder.iterdir()}
    wrong = [mix.number for index, mix in enumerate(mixes) if mix.exported is not None and files.get(index) != mix.exported]
    assert not wrong, "%d of %d mixes: %s" % (len(wrong), len(mixes), wrong[:20])
    assert len(files) == len(mixes)


@pytest.mark.parametrize("in_order", ["TRUE", pytest.param("FALSE", marks=pytest.mark.once)])
def test_whatever_stock_is_told(tshark, mixed, in_order):
    cap, mixes = mixed
    out = tshark.tap("hikcascade,sessions", cap, prefs={"tcp.reassemble_out_of_order": in_order, "tcp.analyze_sequence_numbers": in_order})
    rows = {int(row[0]): row for row in tables.parsed(out, None)}
    assert [(rows[index]["RTP"], rows[index]["Lost"]) for index in range(len(mixes))] == [
        (str(mix.expected.rtp), str(mix.expected.lost)) for mix in mixes]
