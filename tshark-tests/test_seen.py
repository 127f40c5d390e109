# SPDX-License-Identifier: GPL-2.0-or-later
"""A table without rows says what the capture holds instead, and where."""

import json

import pytest

import tables
from gen_foreign import request
from hikpcap import Capture, Link, rtp

TABLES = {"sessions": "No call of GB/T 28181 in this capture.", "series": "No call of GB/T 28181 in this capture.",
          "platforms": "No two platforms of GB/T 28181 in this capture.", "catalog": "No devices of a Catalog in this capture.",
          "messages": "No SIP of GB/T 28181 in this capture."}
NONE = "no data on UDP or TCP 7100"
TELEPHONE = " SIP was seen on UDP 5060 (27 messages, none of GB/T 28181); RTP runs between 203.0.113.5 and 203.0.113.9 (15 packets); " + NONE + "."


def remark(tshark, table, capture, **options):
    answer = json.loads(tshark.tap("hikcascade," + table, capture, prefs={"hikcascade.table_format": "json", **options.pop("prefs", {})},
                                   **options))
    assert answer["rows"] == []
    return answer["remark"]


@pytest.mark.parametrize("table", sorted(TABLES))
def test_strangers(tshark, table):
    words = TABLES[table] + TELEPHONE
    for two_pass in (False, True):
        assert remark(tshark, table, "foreign-telephone-udp.pcap", two_pass=two_pass) == words
    assert tshark.tap("hikcascade," + table, "foreign-telephone-udp.pcap").count(words) == 1


WINDOWS = {"sessions": 4, "platforms": 1, "catalog": 1}  # the cell with the sentence


def window(tshark, table, capture):
    """The rows that Wireshark's window has, of sharkd."""
    tap = tshark.sharkd(capture, [("tap", {"tap0": "nstat:hikcascade," + table})])[0]["taps"][0]
    return tap["tables"][0]["i"]


@pytest.mark.parametrize("table", sorted(WINDOWS))
def test_a_window_says_it_in_its_only_row(tshark, table):
    """Without numbers: nobody tells it when the capture has come to its end."""
    row, = window(tshark, table, "foreign-telephone-udp.pcap")
    words = row.pop(WINDOWS[table])
    assert words == TABLES[table] + (" SIP was seen on UDP 5060 (no GB/T 28181); RTP runs between 203.0.113.5 and 203.0.113.9; " +
                                     NONE + ".")
    assert set(row) == {""}


def test_a_window_with_rows_says_nothing(tshark):
    for table in ("sessions", "platforms"):
        rows = window(tshark, table, "seed-cascade.pcap")
        assert [row[0] for row in rows] == [0]
    rows = window(tshark, "catalog", "catalog.pcap")
    assert sorted(row[0] for row in rows) == list(range(1, len(rows) + 1)) and len(rows) > 1


def test_a_window_names_three_and_others(tshark):
    cap = Capture()
    for port in range(5060, 5064):
        cap.udp(("203.0.113.5", 5555), ("203.0.113.9", port), request("OPTIONS", port))
    row, = window(tshark, "sessions", cap)
    assert ("SIP was seen on UDP 5060 (no GB/T 28181), UDP 5061 (no GB/T 28181), UDP 5062 (no GB/T 28181) and on other ports; "
            "no RTP; ") in row[4]


@pytest.mark.parametrize("format,separator", [("csv", ","), ("tsv", "\t")])
@pytest.mark.parametrize("table", sorted(TABLES))
def test_where_there_is_no_place_it_goes_to_standard_error(tshark, table, format, separator):
    words = tshark.read("foreign-telephone-udp.pcap", None, prefs={"hikcascade.table_format": format}) + ["-q", "-z", "hikcascade," + table]
    done = tshark.sandbox.run(["tshark", *words])
    assert done.stderr.decode() == "hikcascade,%s: %s\n" % (table, TABLES[table] + TELEPHONE)
    assert done.returncode == 0 and done.stdout.count(b"\n") == 1 and separator.encode() in done.stdout


@pytest.mark.parametrize("table", sorted(set(TABLES) - {"platforms"}))
def test_a_filter_that_nothing_passes(tshark, table):
    out = tshark.tap("hikcascade,%s,http" % table, "seed-cascade.pcap")
    assert out.count("Nothing passes the filter. 1 call in this capture.") == 1
    assert json.loads(tshark.tap("hikcascade,%s,http" % table, "seed-cascade.pcap", prefs={"hikcascade.table_format": "json"}))[
        "remark"] == "Nothing passes the filter. 1 call in this capture."


def test_a_table_with_rows_says_nothing(tshark):
    for table in ("sessions", "platforms", "messages", "series"):
        assert "remark" not in tables.as_json(tshark, "hikcascade," + table, "seed-cascade.pcap")
        assert "in this capture" not in tshark.tap("hikcascade," + table, "seed-cascade.pcap")


def test_a_call_without_media_or_catalog(tshark):
    cap = Capture()
    call = Link(cap).call()
    call.start()
    call.bye()
    assert remark(tshark, "series", cap) == "1 call in this capture, but no RTP that belongs to one."
    assert remark(tshark, "catalog", cap) == "No Catalog, but 1 call in this capture."


def test_no_call_but_other_messages(tshark):
    cap = Capture()
    Link(cap).register()
    assert remark(tshark, "sessions", cap) == TABLES["sessions"] + " SIP was seen on UDP 7100 (2 messages of GB/T 28181); no RTP."


def test_nothing_of_the_capture_before(tshark):
    """One process reads a capture with a call, then one without."""
    with_call, without = Capture(), Capture()
    link = Link(with_call)
    link.register()
    link.call().start()
    Link(without).register()
    for _ in range(2):
        assert "SIP was" not in tshark.tap("hikcascade,sessions", with_call)
        tshark.sandbox.answered.clear()
        assert "SIP was seen on UDP 7100 (2 messages of GB/T 28181)" in tshark.tap("hikcascade,sessions", without)


def test_an_empty_capture(tshark):
    assert remark(tshark, "sessions", Capture()) == TABLES["sessions"] + " No SIP was seen; no RTP; " + NONE + "."


def test_media_alone(tshark):
    """Nobody can tell whose it is; some of it stock's or our dissectors know by its look, and it is counted once."""
    cap = Capture()
    for number in range(10):
        cap.udp(("192.0.2.10", 40000), ("198.51.100.20", 20000), rtp(b"\xd5" * 100, 7, number, 160 * number, pt=8))
    words = " No SIP was seen; RTP runs between 192.0.2.10 and 198.51.100.20 (%d packets), and without the SIP of its call nobody can tell whose it is; "
    assert remark(tshark, "sessions", cap) == TABLES["sessions"] + words % 10 + NONE + "."
    for two_pass in (False, True):
        assert remark(tshark, "sessions", "ps-by-look.pcap", two_pass=two_pass) == TABLES["sessions"] + words % 30 + NONE + "."


def test_something_else_on_our_port(tshark):
    assert remark(tshark, "sessions", "foreign-network.pcap").endswith(
        "; UDP 7100 carries something else; TCP 7100 carries something else.")
    assert remark(tshark, "sessions", "foreign-network.pcap", prefs={"hikcascade.udp.port": "7100,7200"}).endswith(
        "; UDP 7100,7200 carries something else; TCP 7100 carries something else.")
    words = remark(tshark, "sessions", "foreign-sip-7100.pcap")
    assert " SIP was seen on UDP 7100 (" in words and "none of GB/T 28181" in words and words.endswith("; no data on TCP 7100.")


def test_something_else_between_two_of_our_ports(tshark):
    cap = Capture()
    for number in range(3):
        cap.udp(("192.0.2.10", 7100), ("198.51.100.20", 7100), b"something %d" % number)
    assert remark(tshark, "sessions", cap).endswith(" No SIP was seen; no RTP; UDP 7100 carries something else; no data on TCP 7100.")


def test_many_places(tshark):
    """The three with most are named."""
    cap = Capture()
    for port, count in ((6001, 1), (6002, 4), (6003, 2), (5060, 3), (6004, 1)):
        for number in range(count):
            cap.udp(("203.0.113.5", 5555), ("203.0.113.9", port), request("OPTIONS", number + 10 * port))
    for host in range(5):
        for number in range(2 + host):
            cap.udp(("203.0.113.5", 30000), ("203.0.113.%d" % (10 + host), 30000), rtp(b"\xd5" * 100, 7, number, 160 * number, pt=8))
    assert remark(tshark, "sessions", cap) == (
        TABLES["sessions"] + " SIP was seen on UDP 6002 (4 messages, none of GB/T 28181), UDP 5060 (3 messages, none of GB/T 28181), "
        "UDP 6003 (2 messages, none of GB/T 28181) and on 2 more ports; RTP runs between 203.0.113.5 and 203.0.113.14 (6 packets), "
        "203.0.113.5 and 203.0.113.13 (5 packets), 203.0.113.5 and 203.0.113.12 (4 packets) and 2 more pairs of hosts, and without "
        "the SIP of its call nobody can tell whose it is; " + NONE + ".")
