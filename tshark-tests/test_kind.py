# SPDX-License-Identifier: GPL-2.0-or-later
"""What a call is for: its kind by s=, the recorded window of t=, download speed, u=, and y= that says otherwise."""

import pytest

import gen_dialog

pytestmark = pytest.mark.logic

T = "1700000000 1700000060"


@pytest.mark.parametrize("session, y, media, kind", [
    ("Play", "0200001001", "video", "1"), ("Play", "1200001001", "video", "1"), ("Playback", "0999999999", "video", "2"),
    ("Playback", "1200001001", "video", "2"), ("Download", "0200001001", "video", "3"), ("Talk", "0200001001", "audio", "4"),
    ("Embedded Net DVR", "1200001001", "video", "2"), ("Embedded Net DVR", "0200001001", "video", "1"),
    ("Playback", "1200001001", "audio", "2"),
])
def test_kind(tshark, session, y, media, kind):
    cap, link, call = gen_dialog.begin(session=session, offer_y=y, answer_y=y, media=media, t=T)
    call.start().bye()
    rows = tshark.fields_everywhere(cap, ["hikcascade.kind"], "sip")
    assert [row["hikcascade.kind"] for row in rows] == [[kind]] * 6


@pytest.mark.parametrize("session, y, history", [
    ("Play", "0200001001", ["0"]), ("Playback", "0999999999", []), ("Download", "0200001001", []),
    ("Playback", "1200001001", ["1"]), ("Play", "1200001001", []), ("-", "1200001001", ["1"]),
])
def test_first_digit_of_y(tshark, session, y, history):
    """Where s= says otherwise it is not shown as what the stream is, and the digits stay in sight."""
    cap, link, call = gen_dialog.begin(session=session, offer_y=y, t=T)
    call.invite()
    rows = tshark.fields_everywhere(cap, ["hikcascade.ssrc.history", "hikcascade.ssrc.text"], "sip")
    assert rows[0]["hikcascade.ssrc.history"] == history
    assert rows[0]["hikcascade.ssrc.text"] == [y]
    assert ("s= says otherwise" in tshark.tree(cap, 1)) == (history == [])


def test_recording(tshark):
    cap, link, call = gen_dialog.begin(session="Download", t=T, u="34020000001320000001:3", offer_extra=("a=downloadspeed:4",))
    call.invite()
    names = ["recording.start", "recording.end", "download_speed", "play_uri", "play_uri.type"]
    rows = tshark.fields(cap, ["hikcascade." + name for name in names], "sip", two_pass=True)
    assert [rows[0]["hikcascade." + name] for name in names[2:]] == [["4"], ["34020000001320000001:3"], ["3"]]
    text = tshark.tree(cap, 1)
    assert "Recorded from: Nov 14, 2023 22:13:20" in text and "Recorded to: Nov 14, 2023 22:14:20" in text
    assert "Kind of recording: recorded by schedule (3)" in text


def test_live_has_no_window(tshark):
    cap, link, call = gen_dialog.begin()
    call.invite()
    rows = tshark.fields_everywhere(cap, ["hikcascade.recording.start", "hikcascade.recording.end"], "sip")
    assert rows[0]["hikcascade.recording.start"] == rows[0]["hikcascade.recording.end"] == []


def test_verdict_is_the_first_line(tshark):
    cap, link, call = gen_dialog.begin()
    call.start().rtp(5)
    call.bye()
    lines = tshark.tree(cap, 1).splitlines()
    at = [number for number, line in enumerate(lines) if line.startswith("Hikvision cascade")]
    assert len(at) == 1
    assert lines[at[0] + 1].strip().startswith("[Verdict: OK 5 RTP packets")
