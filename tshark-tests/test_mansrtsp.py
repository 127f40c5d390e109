# SPDX-License-Identifier: GPL-2.0-or-later
"""MANSRTSP bodies: fields, as devices write them; the state of the session."""

import re
import sys

import pytest

import conftest
import tables

pytestmark = pytest.mark.logic

sys.path.insert(0, str(conftest.CAPTURES))
import gen_mans_mansrtsp as made  # noqa: E402
from hikpcap import Capture, Link  # noqa: E402

NAMES = ["method", "version", "cseq", "scale", "range", "range.start", "range.end", "pause_time", "header", "line", "status",
         "reason"]


def told(row):
    return {name: row["mansrtsp." + name][0] for name in NAMES if row["mansrtsp." + name]}


def test_fields(tshark):
    rows = tshark.fields_everywhere("mansrtsp.pcap", ["mansrtsp." + name for name in NAMES] + ["hikcascade.session"], "mansrtsp")
    assert [row["frame"] for row in rows] == [2 * number + 5 for number in range(len(made.TEXTS) + 1)] + [30]
    assert all(row["hikcascade.session"] == ["0"] for row in rows)
    play = dict(method="PLAY", version="RTSP/1.0")
    assert [told(row) for row in rows] == [
        dict(play, cseq="1", scale="1", range="npt=now-"),
        dict(method="PAUSE", version="RTSP/1.0", cseq="2", pause_time="now"),
        dict(method="PLAY", version="MANSRTSP/1.0", cseq="3", scale="4"),
        dict(play, cseq="4", scale="-0.25", range="npt=20.5-", **{"range.start": "20.5"}),
        dict(play, cseq="5", range="npt=1:02:03.5-2:00:00", **{"range.start": "3723.5", "range.end": "7200"}),
        dict(play, cseq="6", range="npt=10-20", header="X-Vendor: yes", **{"range.start": "10", "range.end": "20"}),
        dict(play, cseq="7", range="clock=20240101T000000Z-"),
        dict(method="TEARDOWN", version="RTSP/1.0", cseq="8"),
        dict(play, cseq="9", scale="2"),
        dict(method="PLAY", cseq="10", header="Scale: fast", range="npt=soon-", line="no header"),
        dict(line="hello", header="CSeq: x"),
        dict(method="play", version="rtsp/1.0", cseq="12", scale="0.5"),
        dict(play, cseq="13"),
        dict(version="RTSP/1.0", status="200", reason="OK", cseq="13", header="RTP-Info: seq=1;rtptime=2"),
    ]


def test_filters_on_numbers(tshark):
    assert [row["frame"] for row in tshark.fields("mansrtsp.pcap", [], "mansrtsp.scale < 0")] == [11]
    assert [row["frame"] for row in tshark.fields("mansrtsp.pcap", [], "mansrtsp.range.start >= 20")] == [11, 13]


def test_info(tshark):
    assert [re.sub(r"^(INFO|200 OK \(INFO\)) |, session .*", "", info)
            for _, _, info in tshark.columns("mansrtsp.pcap", "mansrtsp")] == [
        "PLAY x1", "PAUSE", "PLAY x4", "PLAY x-0.25 from 20.5 s", "PLAY from 3723.5 s", "PLAY from 10 s", "PLAY", "TEARDOWN",
        "PLAY x2", "PLAY", "MANSRTSP", "play x0.5", "PLAY", "RTSP 200"]


def test_expert(tshark):
    assert tshark.expert("mansrtsp.pcap", "mansrtsp") == [
        (23, "warning", "The value of Scale is not a number"), (23, "warning", "The start of the range is not a time"),
        (25, "warning", "The first line is no MANSRTSP request or answer"),
        (25, "warning", "The value of CSeq is not a number")]


def test_values_highlight_their_bytes(tshark):
    packet = tshark.packet("mansrtsp.pcap", 13)
    for name, raw in (("method", b"PLAY"), ("version", b"RTSP/1.0"), ("cseq", b"5"), ("range", b"npt=1:02:03.5-2:00:00"),
                      ("range.start", b"1:02:03.5"), ("range.end", b"2:00:00")):
        assert packet.one("mansrtsp." + name).raw == raw, name
    assert packet.one("mansrtsp.range.start").parent.name == "mansrtsp.range"


@pytest.mark.parametrize("port", [5060, 7100, 33333])
def test_any_port(tshark, port):
    cap = Capture()
    link = Link(cap)
    link.lower.port = link.upper.port = port
    link.exchange(link.upper, "INFO", content_type="Application/MANSRTSP", body="PAUSE RTSP/1.0\r\nCSeq: 2\r\n")
    assert tshark.fields_everywhere(cap, ["mansrtsp.method"], "mansrtsp") == [{"frame": 1, "mansrtsp.method": ["PAUSE"]}]


def test_hostile(tshark):
    """Lines without end, header names without end, numbers without end."""
    cap = Capture()
    link = Link(cap)
    for body in (b"\0" * 100, b"\n" * 1000, b"PLAY", b"PLAY RTSP/1.0\r\n" + b"X: y\r\n" * 2000, b"RTSP/1.0", b"RTSP/1.0 99999999999",
                 b"PLAY RTSP/1.0\r\nScale: " + b"9" * 500 + b"\r\nCSeq: 4294967296\r\nCSeq: -1\r\nRange: npt=\r\nRange: npt=-\r\n"
                 b"Range: npt=1:2-\r\nRange: npt=::-\r\nRange:\r\nScale: 1e5\r\nScale: nan\r\nScale: .\r\n", bytes(range(256))):
        link.exchange(link.upper, "INFO", content_type="Application/MANSRTSP", body=body)
    rows = tshark.fields_everywhere(cap, ["mansrtsp.cseq", "mansrtsp.scale", "mansrtsp.range.start", "mansrtsp.status"], "mansrtsp")
    assert [row["frame"] for row in rows] == [2 * number + 1 for number in range(8)]
    assert all(not values for row in rows for name, values in row.items() if name != "frame")
    assert len(tshark.fields(cap, ["mansrtsp.header"], "frame.number == 7")[0]["mansrtsp.header"]) == 999


def state_of(tshark, *bodies, bye=False, status="200 OK"):
    cap = Capture()
    call = Link(cap).call(session="Playback", t="1577290000 1577293600")
    call.start()
    call.rtp(2)
    for body in bodies:
        call.answer_to(call.in_dialog("INFO", content_type="Application/MANSRTSP", body=body), status=status)
    if bye:
        call.bye()
    rows = tables.printed(tshark, "hikcascade,sessions", cap)
    assert rows == tables.from_sharkd(tshark, "hikcascade,sessions", cap)
    assert len(rows) == 1
    return rows[0]["State"]


def test_playback_in_the_session_table(tshark):
    pause = "PAUSE RTSP/1.0\r\nCSeq: 3\r\nPauseTime: now\r\n"
    play = "PLAY RTSP/1.0\r\nCSeq: 4\r\nRange: npt=now-\r\n"
    assert state_of(tshark) == "established"
    assert state_of(tshark, pause) == "established, paused"
    assert state_of(tshark, pause, play) == "established"
    assert state_of(tshark, play.replace("Range", "Scale: 4.0\r\nRange")) == "established, \u00d74"
    assert state_of(tshark, "PLAY MANSRTSP/1.0\r\nCSeq: 4\r\nScale: -0.25\r\n") == "established, \u00d7-0.25"
    assert state_of(tshark, pause, bye=True) == "closed"
    assert state_of(tshark, pause, status="488 Not Acceptable Here") == "established"
