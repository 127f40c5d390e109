# SPDX-License-Identifier: GPL-2.0-or-later
"""Catalogs: answers in many messages, questions and answers, subscriptions, the table, names from their frame on."""

import sys

import pytest

import conftest

pytestmark = pytest.mark.logic

sys.path.insert(0, str(conftest.CAPTURES))
import gen_mans_catalog as made  # noqa: E402
from hikpcap import Capture, Link  # noqa: E402

FORWARD = ("manscdp.response_in", "manscdp.notify_in")
LINKS = ["manscdp.received", "manscdp.request_in", "manscdp.response_in", "manscdp.response_time"]


def told(rows, names):
    """Rows as tuples (frame, first value of each name or None)."""
    return [(row["frame"], *(row[name][0] if row[name] else None for name in names)) for row in rows]


def test_items_over_messages(tshark):
    """Frame 9 is frame 7 sent again: its items were counted before."""
    rows = tshark.fields_everywhere("catalog.pcap", LINKS, "manscdp.cmd_type == \"Catalog\"", allow_forward=FORWARD)
    assert told(rows, LINKS) == [
        (3, None, None, "5", None), (5, "2", "3", None, "0.002000000"), (7, "5", "3", None, "0.504000000"),
        (9, "5", "3", None, "0.506000000"), (10, "8", "3", None, "0.507000000"), (22, "10", "3", None, "0.597000000"),
        (24, "2", None, None, None)]
    assert tshark.fields("catalog.pcap", [], "manscdp.sum_mismatch") == []


def test_questions_and_answers(tshark):
    rows = tshark.fields_everywhere("catalog-answers.pcap", LINKS, "manscdp", allow_forward=FORWARD)
    assert told(rows, LINKS) == [
        (1, None, None, "7", None), (3, None, None, "5", None), (5, None, "3", None, "0.248000000"),
        (7, None, "1", None, "0.252000000"),
        (9, None, None, "11", None), (11, "2", "9", None, "0.002000000"), (13, "4", "9", None, "0.004000000"),
        (15, None, None, "17", None), (17, "1", "15", None, "0.002000000"),
        (19, None, None, "25", None), (21, None, None, "23", None), (23, None, "21", None, "0.002000000"),
        (25, None, "19", None, "0.006000000"),
        (27, None, None, "29", None), (29, None, "27", None, "0.002000000"),
        (31, "1", None, None, None), (33, "1", None, None, None)]


def test_one_sn_at_a_time_from_several_platforms(tshark):
    """Two hosts, and two ports of one host: each answer goes to its own question."""
    names = ["manscdp.received", "manscdp.request_in", "manscdp.response_in"]
    rows = tshark.fields_everywhere("catalog-same-sn.pcap", names, "manscdp", allow_forward=FORWARD)
    assert told(rows, names) == [
        (1, None, None, "11"), (3, None, None, "9"), (5, None, None, "7"), (7, "2", "5", None), (9, "2", "3", None),
        (11, "3", "1", None), (13, "4", "3", None), (15, "4", "1", None), (17, "5", "3", None)]
    assert [line.split("SN ")[1] for line in tshark.tap("hikcascade,catalog", "catalog-same-sn.pcap").splitlines()
            if line.startswith("Catalog of")] == [
        "7: 2 of 2 items in 1 message, complete (frame 7)",
        "7: 5 of 4 items in 3 messages, complete, 1 sent again (frames 9-17)",
        "7: 4 of 4 items in 2 messages, 1 sent again, up to 1 missing (frames 11-15)"]


def test_links_are_forward_only_in_two_passes(tshark):
    one = tshark.fields("catalog-answers.pcap", ["manscdp.response_in"], "manscdp.response_in")
    assert one == []
    two = tshark.fields("catalog-answers.pcap", ["manscdp.response_in"], "manscdp.response_in", two_pass=True)
    assert [row["frame"] for row in two] == [1, 3, 9, 15, 19, 21, 27]


def test_too_many_items(tshark):
    assert tshark.expert("catalog-answers.pcap", "manscdp") == [(13, "warning", "4 items came for this SN, SumNum is 3")]


def test_subscriptions(tshark):
    names = ["manscdp.subscribe_in", "manscdp.notify_in"]
    rows = tshark.fields_everywhere("catalog-subscriptions.pcap", names, "manscdp", allow_forward=FORWARD)
    assert told(rows, names) == [
        (1, None, "3"), (3, "1", None), (5, "1", None), (7, None, "9"), (9, "7", None), (11, "1", None), (13, None, "15"),
        (15, "13", None), (17, None, None), (19, None, None)]


# ---- the table

def rows_of(text):
    """The table's lines behind its head, split into columns by two blanks or more; the indent is kept as a number."""
    lines = text.split("Sessions\n", 1)[1].split("====")[0].splitlines()
    out = []
    for line in lines:
        cells = [cell.strip() for cell in line.strip().split("  ") if cell.strip()]
        out.append((len(line) - len(line.lstrip()), *cells))
    return out


def test_table(tshark):
    for two_pass in (False, True):
        text = tshark.tap("hikcascade,catalog", "catalog.pcap", two_pass=two_pass)
        assert "Hikvision cascade: catalog, 10 devices\n" in text
        assert ("Catalog of %s  SN 17: 10 of 10 items in 4 messages, complete (frames 5-22)\n" % made.PLATFORM) in text
        c = made.CAMERAS
        camera = "IP camera (IPC)"
        assert rows_of(text) == [
            (0, made.AREA, "\u5357\u533a", "Virtual organisation", "ON", "0"),
            (2, made.GROUP, "\u4e00\u697c", "Business group", "ON", "0"),
            (4, c[0], "\u4e1c\u95e82", camera, "ON", "2"),
            (4, c[1], "\u897f\u95e8", camera, "OFF", "0"),
            (4, c[3], "\u5317\u95e8", camera, "ON", "0"),
            (2, c[2], "\u5357\u95e8", camera, "ON", "0"),
            (2, c[4], "Lobby", camera, "ON", "0"),
            (0, c[5], "Yard", camera, "ON", "0"),
            (0, c[6], "Roof", camera, "ON", "0"),
            (0, c[7], "Cellar", camera, "ON", "0")]


def test_table_says_what_is_missing(tshark):
    text = tshark.tap("hikcascade,catalog", "catalog-answers.pcap")
    assert [line.split("SN ")[1] for line in text.splitlines() if line.startswith("Catalog of")] == [
        "3: 4 of 3 items in 2 messages, 1 more than announced (frames 11-13)",
        "3: 1 of 2 items in 1 message, 1 missing (frame 17)",
        "50: 1 of 1 items in 1 message, complete (frame 31)",
        "50: 1 of 1 items in 1 message, complete (frame 33)"]


def test_table_of_a_filter(tshark):
    text = tshark.tap('hikcascade,catalog,manscdp.item.name == "\u4e1c\u95e8"', "catalog.pcap")
    assert "catalog, 3 devices\n" in text and 'Filter: manscdp.item.name == "\u4e1c\u95e8"\n' in text
    assert [row[1] for row in rows_of(text)] == [made.CAMERAS[0], made.CAMERAS[1], made.CAMERAS[2]]


def test_table_in_rings(tshark):
    """Devices that are each other's parents are listed once; a line end in a name does not break the table."""
    c = made.CAMERAS
    assert [(row[0], row[1]) for row in rows_of(tshark.tap("hikcascade,catalog", "catalog-trees.pcap"))] == [
        (0, c[1]), (2, c[0]), (4, "1"), (2, c[6]), (0, c[2]), (0, c[3]), (2, c[5]), (4, c[4])]
    assert "two?lines ]]>" in tshark.tap("hikcascade,catalog", "catalog-trees.pcap")


def test_empty_table(tshark):
    text = tshark.tap("hikcascade,catalog", "seed-cascade.pcap")
    assert "catalog, 0 devices\n" in text
    assert rows_of(text.replace("No Catalog, but 1 call in this capture.\n", "")) == []


def test_table_of_the_gui(tshark):
    """The same rows through sharkd, twice: the second time the table is filled anew."""
    first, second = tshark.sharkd("catalog.pcap", [("tap", {"tap0": "nstat:hikcascade,catalog"})] * 2)
    assert first == second
    tap = first["taps"][0]
    assert [field["c"].strip() for field in tap["fields"]] == ["No.", "ID", "Name", "Type", "Status", "Sessions"]
    rows = sorted(tap["tables"][0]["i"])
    c = made.CAMERAS
    assert [row[1] for row in rows] == [made.AREA, "  " + made.GROUP, "    " + c[0], "    " + c[1], "    " + c[3], "  " + c[2],
                                        "  " + c[4], c[5], c[6], c[7]]
    assert rows[2] == [3, "    " + c[0], "\u4e1c\u95e82", "IP camera (IPC)", "ON", 2]


# ---- names

def test_names_from_their_frame_on(tshark):
    """The camera is called one thing in the first call and another in the second; one pass and two agree."""
    rows = tshark.fields_everywhere("catalog.pcap", ["hikcascade.camera_name"], "rtp")
    assert len(rows) == 4
    assert [row["hikcascade.camera_name"] for row in rows] == [["\u4e1c\u95e8"]] * 2 + [["\u4e1c\u95e82"]] * 2


def test_many_devices(tshark):
    """10,000 devices in 2,500 messages: every one is counted and listed."""
    cap = Capture()
    link = Link(cap)
    for number in range(2500):
        link.catalog([("34020000001320%06d" % (4 * number + item), "\u4e1c\u95e8%d" % (4 * number + item)) for item in range(4)],
                     sn=17, sum_num=10000)
    text = tshark.tap("hikcascade,catalog", cap)
    assert "catalog, 10000 devices\n" in text and "SN 17: 10000 of 10000 items in 2500 messages, complete" in text
    rows = rows_of(text)
    assert [row[1] for row in rows] == ["34020000001320%06d" % number for number in range(10000)]
    assert rows[9999][2] == "\u4e1c\u95e89999"


def test_deleted_and_added_again(tshark):
    """DEL stays until the device is there again; ON and OFF are states, ADD and UPDATE are none."""
    def states(*events):
        cap = Capture()
        link = Link(cap)
        for number, event in enumerate(events):
            made.notify(link, number, [(made.CAMERAS[0], event, "A")], to_tag="t")
        row, = rows_of(tshark.tap("hikcascade,catalog", cap))
        return row[4:]
    assert states("ADD") == ("0",)
    assert states("ON", "DEL") == ("DEL", "0")
    assert states("ON", "DEL", "ADD") == ("0",)
    assert states("DEL", "ADD", "OFF") == ("OFF", "0")
    assert states("OFF", "UPDATE") == ("OFF", "0")


def test_direction_of_acknowledgements(tshark):
    """An alarm is acknowledged downwards; once a platform has registered, it is the lower one whatever it asks."""
    response = "<Response><CmdType>%s</CmdType><SN>1</SN><DeviceID>" + made.PLATFORM + "</DeviceID><Result>OK</Result></Response>"
    cap = Capture()
    link = Link(cap)
    link.manscdp(link.upper, response % "Alarm")                        # 1, 2
    link.manscdp(link.lower, response % "DeviceControl")                # 3, 4
    rows = tshark.fields_everywhere(cap, ["hikcascade.direction"], "hikcascade")
    assert [row["hikcascade.direction"] for row in rows] == [["2"], ["1"], ["1"], ["2"]]
    cap = Capture()
    link = Link(cap)
    link.register()                                                     # 1, 2
    query(link, "lower")                                                # 3, 4
    link.manscdp(link.upper, response % "Catalog")                      # 5, 6
    rows = tshark.fields_everywhere(cap, ["hikcascade.direction"], "hikcascade")
    assert [row["hikcascade.direction"] for row in rows] == [["1"], ["2"], ["1"], ["2"], ["2"], ["1"]]


def query(link, side):
    link.manscdp(getattr(link, side), "<Query><CmdType>Catalog</CmdType><SN>1</SN><DeviceID>%s</DeviceID></Query>" % made.PLATFORM)
