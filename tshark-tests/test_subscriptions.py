# SPDX-License-Identifier: GPL-2.0-or-later
"""Subscriptions: their state on each message, until when they hold, and which SUBSCRIBE a NOTIFY belongs to."""

import pytest

import gen_subscriptions as made
from hikpcap import Capture, Link

pytestmark = pytest.mark.logic

NAMES = ["", ".event", ".state", ".expires", ".subscribe_in", ".notify"]
ASKED, ACTIVE, RENEWED, CANCELLED, TERMINATED, EXPIRED, REFUSED = "1234567"


def rows(tshark, cap, filter="hikcascade.subscription"):
    names = ["hikcascade.subscription" + name for name in NAMES]
    return [(row["frame"], *(row[name][0] if row[name] else "" for name in names))
            for row in tshark.fields_everywhere(cap, names, filter)]


LIFE = [
    (1, "0", "Catalog;id=7", ASKED, "600", "", ""), (2, "0", "Catalog;id=7", ACTIVE, "90", "1", ""),
    (3, "0", "Catalog;id=7", ACTIVE, "80", "1", "1"), (4, "0", "Catalog;id=7", ACTIVE, "80", "1", ""),
    (5, "0", "Catalog;id=7", ACTIVE, "300", "", ""), (6, "0", "Catalog;id=7", RENEWED, "300", "5", ""),
    (7, "0", "Catalog;id=7", RENEWED, "300", "", ""), (8, "0", "Catalog;id=7", RENEWED, "300", "7", ""),
    (9, "0", "Catalog;id=7", RENEWED, "300", "7", "2"), (10, "0", "Catalog;id=7", RENEWED, "300", "7", ""),
    (11, "0", "Catalog;id=7", RENEWED, "300", "7", "3"), (12, "0", "Catalog;id=7", RENEWED, "300", "7", ""),
    (13, "0", "Catalog;id=7", CANCELLED, "0", "", ""), (14, "0", "Catalog;id=7", CANCELLED, "0", "13", ""),
    (15, "0", "Catalog;id=7", CANCELLED, "0", "13", "4"), (16, "0", "Catalog;id=7", CANCELLED, "0", "13", "")]


def test_life(tshark):
    assert rows(tshark, "subscription-life.pcap") == LIFE
    assert tshark.expert("subscription-life.pcap", "hikcascade") == [
        (8, "warning", "The SUBSCRIBE is refused with 503")]
    until = tshark.fields_everywhere("subscription-life.pcap", ["hikcascade.subscription.until", "frame.time_epoch"],
                                     "hikcascade.subscription.until")
    assert [row["frame"] for row in until] == [2, 3, 4, 6, 8, 9, 10, 11, 12]
    assert [row["hikcascade.subscription.until"] for row in until[1:3]] == [until[1]["hikcascade.subscription.until"]] * 2


def test_ends(tshark):
    assert rows(tshark, "subscription-ends.pcap") == [
        (1, "0", "Alarm", ASKED, "600", "", ""), (2, "0", "Alarm", REFUSED, "", "1", ""),
        (3, "1", "presence", ASKED, "30", "", ""), (4, "1", "presence", ACTIVE, "30", "3", ""),
        (5, "2", "Catalog;id=1", ASKED, "600", "", ""), (6, "2", "Catalog;id=1", ACTIVE, "600", "5", ""),
        (7, "3", "Catalog;id=2", ASKED, "600", "", ""), (8, "3", "Catalog;id=2", ACTIVE, "600", "7", ""),
        (9, "2", "Catalog;id=1", TERMINATED, "600", "5", "1"), (10, "2", "Catalog;id=1", TERMINATED, "600", "5", ""),
        (11, "3", "Catalog;id=2", ACTIVE, "600", "7", "1"), (12, "3", "Catalog;id=2", TERMINATED, "600", "7", ""),
        (13, "1", "presence", ACTIVE, "30", "3", "1"), (14, "1", "presence", ACTIVE, "30", "3", ""),
        (15, "1", "presence", EXPIRED, "30", "3", "2"), (16, "1", "presence", EXPIRED, "30", "3", ""),
        (17, "4", "presence.winfo", ACTIVE, "77", "", "1"), (18, "4", "presence.winfo", ACTIVE, "77", "", "")]
    said = [row for row in tshark.expert("subscription-ends.pcap", "hikcascade.subscription_expired")]
    assert said == [(15, "note", "This NOTIFY comes 11.5 s after its subscription expired (Expires 30)")]
    assert tshark.expert("subscription-ends.pcap", "hikcascade.subscription_expired", two_pass=False) == said


@pytest.mark.parametrize("seconds,state", [(30.9, ACTIVE), (31.1, EXPIRED)])
def test_edge_of_expiry(tshark, seconds, state):
    cap = Capture()
    link = Link(cap)
    made.subscribe(link, "s", "presence", 30)
    cap.wait(seconds - 0.001)
    made.notify(link, "s", "presence", "active")
    assert [row[3] for row in rows(tshark, cap)][2:] == [state, state]


@pytest.mark.parametrize("variant", ["tcp", "twice", "one-sided"])
def test_life_combined(tshark, variant):
    """Over TCP; each datagram twice; without the answers, where what was asked for is all there is to know."""
    cap = made.life()
    if variant == "tcp":
        cap = Capture()
        link = Link(cap, transport="TCP")
        made.subscribe(link, "s", "Catalog;id=7", 600, granted=90)
        made.notify(link, "s", "Catalog;id=7", "terminated")
        assert [row[1:4] for row in rows(tshark, cap)] == [("0", "Catalog;id=7", state) for state in
                                                          (ASKED, ACTIVE, TERMINATED, TERMINATED)]
    elif variant == "twice":
        copy = Capture()
        for time_us, data in cap:
            copy.append((time_us, data))
            copy.append((time_us + 20, data))
        seen = rows(tshark, copy, "hikcascade.subscription && !hikcascade.copy_of")
        assert [(row[1], row[3], row[4], row[6]) for row in seen] == [(row[1], row[3], row[4], row[6]) for row in LIFE]
    else:
        seen = rows(tshark, cap.only_from("192.0.2.10"))
        assert [row[3] for row in seen] == [ACTIVE, ACTIVE, RENEWED, RENEWED, RENEWED, ACTIVE, CANCELLED, CANCELLED]
        assert seen[5][1] == "1", "nothing tells whose it is: the SUBSCRIBE with its Event is not in the capture"


def test_info(tshark):
    info = {row[0]: row[2].split(" | ")[0] for row in tshark.columns("subscription-life.pcap")}
    assert info[1] == "SUBSCRIBE, subscription 0 asked for, 34020000002000000001"
    assert info[9] == "NOTIFY, subscription 0 active, renewed, 34020000002000000001"
    assert info[14] == "200 OK (SUBSCRIBE), subscription 0 cancelled, 34020000002000000001"
