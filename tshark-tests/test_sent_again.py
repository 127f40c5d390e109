# SPDX-License-Identifier: GPL-2.0-or-later
"""SIP over TCP whose segments are sent again, beside what else may be wrong with it: each message counts once."""

import re
import struct

import pytest

import gen_copies
import tables
from gen_cut import Snapped
from hikpcap import Capture, Link, _checksum

pytestmark = pytest.mark.of_stock


class Segments(Link):
    """Each message in segments that begin at `cut`."""

    def __init__(self, capture, cut=None):
        super().__init__(capture, transport="TCP")
        self.cut = cut

    def send(self, sender, message, to=None, **options):
        super().send(sender, message, to, cut=self.cut, **options)


def signalling(kind, cut=(200, 300)):
    """A call, after a registration and keep-alives."""
    cap = Capture()
    link = Segments(cap, cut if kind == "split" else None)
    link.register()
    link.keepalive()
    cap.wait(1)
    call = link.call()
    call.start()
    call.rtp(5)
    cap.wait(0.5)
    link.keepalive()
    if kind == "re-INVITE":
        call.offer_port += 100
        call.reinvite()
        call.ok()
        call.ack()
        call.rtp(5)
    cap.wait(1)
    call.bye()
    return cap


def with_another_id(frame):
    frame = frame[:18] + struct.pack("!H", 40000 + frame[19]) + frame[20:24] + b"\0\0" + frame[26:]
    return frame[:24] + struct.pack("!H", _checksum(frame[14:34])) + frame[26:]


def sent_again(cap, after, which=lambda index: True):
    """Each TCP segment with data once more, so many seconds later; which: of their indexes."""
    again, index = Capture(), 0
    again.extend(cap)
    for time, data in cap:
        if data[23] == 6 and len(data) > 54 + 4:
            if which(index):
                again.append((time + int(after * 1000000), with_another_id(data)))
            index += 1
    again.sort(key=lambda packet: packet[0])
    again.time_us = cap.time_us + int(after * 1000000)
    return again


def everything(tshark, cap):
    """The rows of the tables, the same on each pass."""
    path = tshark.sandbox.readable(cap)
    rows = {}
    for table in ("sessions", "platforms"):
        one, two = (tables.printed(tshark, "hikcascade," + table, path, two_pass=two_pass) for two_pass in (False, True))
        assert one == two == tables.from_sharkd(tshark, "hikcascade," + table, path)
        rows[table] = [list(row) for row in one]
    return rows


DONE = {
    "whole": lambda cap: cap,
    "re-INVITE": lambda cap: cap,
    "split": lambda cap: cap,
    "cut": lambda cap: Snapped(cap, 400),
    "down only": lambda cap: cap.only_from("198.51.100.20"),
    "up only": lambda cap: cap.only_from("192.0.2.10"),
    "copies": lambda cap: gen_copies.copied(cap, 2, 0.0001, gen_copies.other_hop),
}


@pytest.mark.parametrize("kind", DONE)
@pytest.mark.parametrize("which", [lambda index: True, lambda index: index % 2 == 0, lambda index: index % 3 == 1],
                         ids=["all", "every second", "every third"])
@pytest.mark.parametrize("after", [0.02, 0.251, 0.6, 5.0])
def test_each_message_counts_once(tshark, kind, which, after):
    cap = signalling(kind)
    once, again = (everything(tshark, DONE[kind](one)) for one in (cap, sent_again(cap, after, which)))
    if kind == "cut":  # there is no whole INVITE whose frame could be the same
        once, again = ([re.sub(r"frame \d+", "", cell) for row in tables["sessions"] for cell in row] + tables["platforms"]
                       for tables in (once, again))
    assert again == once


@pytest.mark.parametrize("cut", [[300], [200, 300], [100, 200, 300]])
@pytest.mark.parametrize("copies", [True, False])
def test_segments_of_a_message_come_twice(tshark, cut, copies):
    """Each segment twice before the next one. From 4.4 on stock gives what was put together to SIP a segment late, and again with
    each that comes, on the first pass only: the verdict and the counts are right."""
    cap = signalling("split", cut)
    again = gen_copies.copied(cap, 2, 0.0001, gen_copies.other_hop) if copies else sent_again(cap, 0.0005)
    path = tshark.sandbox.readable(again)
    (once,) = tables.printed(tshark, "hikcascade,sessions", tshark.sandbox.readable(cap))
    for two_pass in (False, True):
        (row,) = tables.printed(tshark, "hikcascade,sessions", path, two_pass=two_pass)
        assert row.verdict.startswith(once.verdict) and row["State"] == "closed"
        assert row.verdict[len(once.verdict):] == (
            "; also COPIES the capture holds every SIP message of it 2 times; copies do not count" if copies else "")
        (row,) = tables.printed(tshark, "hikcascade,platforms", path, two_pass=two_pass)
        assert row["Keep-alives"] == "2"
