# SPDX-License-Identifier: GPL-2.0-or-later
"""The preference hikcascade.table_format: tables as JSON, CSV and TSV, with one stable key per column."""

import json
import os
import pty
import re
import subprocess

import pytest
import gen_questions
import tables
from conftest import CAPTURES
from hikpcap import Capture, Link

KEYS = {
    "hikcascade,sessions": ["session", "verdict", "camera", "camera_name", "sentence", "state", "rtp_packets", "lost", "jitter", "key_frames",
                            "duration", "codec", "picture", "frame_rate", "ssrc_announced", "ssrc_seen", "upper_media",
                            "lower_media"],
    "hikcascade,platforms": ["pair", "lower_id", "lower_address", "upper_id", "upper_address", "state", "registered_since",
                             "registered_until", "expires", "last_keepalive", "keepalives", "gaps", "sessions", "failures",
                             "keepalives_refused", "unanswered"],
}
NUMBERS = {"jitter", "session", "rtp_packets", "lost", "key_frames", "duration", "frame_rate", "pair", "expires", "keepalives", "gaps",
           "sessions", "failures", "keepalives_refused", "unanswered"}


def as_text(value):
    return "" if value is None else "%.3f" % value if isinstance(value, float) else str(value)


def check(name, text, made):
    """An object of JSON says what the printed rows say."""
    assert set(made) - {"remark"} == {"table", "filter", "rows"} and made["table"] == name and made["filter"] is None
    assert [list(row) for row in made["rows"]] == [KEYS[name]] * len(text)
    for row in made["rows"]:
        for key, value in row.items():
            assert value is None or isinstance(value, (int, float) if key in NUMBERS else str), (key, value)
            assert value != ""
    # a rate such as 29.97 is a text in the table and a number in JSON
    assert [[as_text(value) if key != "frame_rate" or value is None else "%.4g" % value for key, value in row.items()]
            for row in made["rows"]] == text


@pytest.mark.once
@pytest.mark.parametrize("capture", sorted(path.name for path in CAPTURES.glob("*.pcap*")))
def test_json(tshark, capture):
    """Both tables of every capture, in one run for each format."""
    words = [word for name in KEYS for word in ("-z", name)]
    text = tshark.run(tshark.read(capture, extra=["-q", *words]))
    made = tshark.run(tshark.read(capture, prefs={"hikcascade.table_format": "json"}, extra=["-q", *words]))
    made = {table["table"]: table for table in map(json.loads, re.split(r"\n(?=\{\"table\")", made))}
    assert set(made) == set(KEYS)
    for name, title in (("hikcascade,sessions", "sessions:"), ("hikcascade,platforms", "platforms:")):
        part, = [part for part in text.split("\n\n") if "\nHikvision cascade " + title in "\n" + part]
        check(name, tables.parsed(part, None), made[name])


SEPARATED = ["seed-cascade.pcap", "verdict-cascade.pcap", "verdict-rejected.pcap", "platforms-two-pairs.pcap", "ipv6.pcap"]


def separated(tshark, name, capture):
    text = tables.printed(tshark, name, capture)
    for format in ("csv", "tsv"):
        assert tables.separated(tshark, name, capture, format) == [KEYS[name], *text]


@pytest.mark.parametrize("capture", SEPARATED)
def test_csv_and_tsv(tshark, capture):
    for name in KEYS:
        separated(tshark, name, capture)


def test_quoting(tshark):
    """What a device says is data in every format."""
    cap = Capture()
    call = Link(cap).call()
    call.invite()
    call.error_info("1", 'a "b", c\\d\te', status="488 x,\"y\"")
    separated(tshark, "hikcascade,sessions", cap)
    made = tables.as_json(tshark, "hikcascade,sessions", cap)
    check("hikcascade,sessions", tables.printed(tshark, "hikcascade,sessions", cap), made)
    row, = made["rows"]
    assert row["sentence"].startswith('488 x,"y" by 192.0.2.10:7100, error 1: a "b", c\\d')


def test_filter(tshark):
    made = tables.as_json(tshark, "hikcascade,sessions", "verdict-cascade.pcap", "hikcascade.session == 1")
    assert made["filter"] == "hikcascade.session == 1" and [row["session"] for row in made["rows"]] == [1]


def test_catalog(tshark):
    """Programs get the parent instead of an indented ID, and each question's count."""
    made = tables.as_json(tshark, "hikcascade,catalog", "catalog-trees.pcap")
    assert set(made) == {"table", "filter", "answers", "questions", "rows"} and made["questions"] == []
    assert [(answer["received"], answer["sum_num"]) for answer in made["answers"]] == [(8, 8)]
    child = [row for row in made["rows"] if row["name"] == "child"]
    assert child == [{"device_id": "34020000001320000001", "name": "child", "type": "IP camera (IPC)", "type_code": 132,
                      "status": "ON", "parent": "34020000001320000002", "sessions": 0}]
    for format in ("csv", "tsv"):
        rows = tables.separated(tshark, "hikcascade,catalog", "catalog-trees.pcap", format)
        assert rows[0] == list(child[0]) and len(rows) == 1 + len(made["rows"])


def test_catalog_questions(tshark):
    """What nothing answered is there for programs as well, with the sentence of the text table."""
    made = tables.as_json(tshark, "hikcascade,catalog", gen_questions.query_without_response())
    question, = made["questions"]
    assert (question["device_id"], question["sn"], question["frame"]) == ("34020000002000000001", 17, 3)
    text = tshark.tap("hikcascade,catalog", gen_questions.query_without_response())
    assert "SN 17: %s (frame 3)\n" % question["sentence"] in text and "no Response" in question["sentence"]
    assert made["answers"] == made["rows"] == []


def series(tshark, capture, filter=None):
    return [[row[key] for key in ("session", "offset", "interval", "rtp_packets", "bytes", "lost", "key_frames", "key_frame_distance")]
            for row in tables.as_json(tshark, "hikcascade,series", capture, filter)["rows"]]


def test_series(tshark):
    """RTP over time: each second of each session."""
    found = series(tshark, "verdict-loss.pcap")
    assert [row[:4] for row in found] == [[0, number, 1, count] for number, count in enumerate(
        [22, 23, 22, 22, 21, 22, 22, 21, 22, 22])]
    whole = tables.as_json(tshark, "hikcascade,sessions", "verdict-loss.pcap")["rows"][0]
    assert [sum(column) for column in zip(*found)][3:7:2] == [whole["rtp_packets"], whole["lost"]]
    assert sum(row[6] for row in found) == whole["key_frames"]
    assert found[8][7] == 1.993
    lengths = [int(row["udp.length"][0]) - 8 - 12 for row in tshark.fields("verdict-loss.pcap", ["udp.length"], "rtp.seq <= 10")]
    assert series(tshark, "verdict-loss.pcap", "rtp.seq <= 10") == [[0, 0, 1, 9, sum(lengths), 1, 1, 0]]
    assert series(tshark, "catalog-trees.pcap") == []


@pytest.mark.parametrize("seconds, interval", [(239, 1), (240, 2), (479, 2), (480, 4), (100000, 512)])
def test_series_of_a_long_call(tshark, seconds, interval):
    """At most 240 intervals per session."""
    cap = Capture()
    call = Link(cap).call()
    call.start()
    call.rtp(1)
    cap.wait(seconds)
    call.rtp(1)
    rows = series(tshark, cap)
    assert len(rows) <= 240 and {row[2] for row in rows} == {interval}
    assert [row[3] for row in rows if row[3]] == [1, 1] and rows[-1][1] == seconds // interval * interval


def test_messages(tshark):
    """The SIP messages in order, those of one TCP segment one by one."""
    rows = tables.as_json(tshark, "hikcascade,messages", "verdict-rejected.pcap")["rows"]
    upper, lower = "198.51.100.20:7100", "192.0.2.10:7100"
    assert [list(row.values()) for row in rows] == [
        [1, 1577292344, 0, upper, lower, "request", "INVITE"], [2, 1577292344.001, 0, lower, upper, "answer", "100 Trying"],
        [3, 1577292344.002, 0, lower, upper, "answer", "486 Busy Here"], [4, 1577292344.003, 0, upper, lower, "request", "ACK"]]
    assert list(rows[0]) == ["frame", "time", "session", "source", "destination", "kind", "label"]
    cap = Capture()
    link = Link(cap)
    link.keepalive()
    assert [(row["session"], row["label"]) for row in tables.as_json(tshark, "hikcascade,messages", cap)["rows"]] == [
        (None, "MESSAGE"), (None, "200 OK (MESSAGE)")]


def test_on_a_terminal(tshark):
    """A terminal gets a paragraph per session, no line longer than it is wide."""
    command = tshark.sandbox.prefix + ["tshark", "-r", str(tshark.sandbox.readable("verdict-cascade.pcap")), "-n", "-q", "-z",
                                       "hikcascade,sessions"]
    leader, follower = pty.openpty()
    subprocess.run(["stty", "cols", "120"], stdin=follower, check=True)
    done = subprocess.Popen(command, stdout=follower, stdin=follower, stderr=subprocess.PIPE, env=tshark.sandbox.environment())
    os.close(follower)
    out = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        out += piece
    assert done.wait() == 0 and done.stderr.read() == b""
    lines = out.decode().replace("\r\n", "\n").splitlines()
    assert max(map(len, lines)) <= 120
    text = re.sub(r"\s+", " ", " ".join(lines))
    assert "Session 0 OK 34020000001320000077 10 RTP packets of H.264 352x288 in 0.7 s" in text
    assert "Key frames 1," in text
