# SPDX-License-Identifier: GPL-2.0-or-later
"""Voice: broadcasts, in which the device calls, and listening to a microphone; who is upper and who is lower."""

import sys

import conftest
import pytest
import tables

pytestmark = pytest.mark.logic

sys.path.insert(0, str(conftest.CAPTURES))
import gen_voice as made  # noqa: E402
from hikpcap import Capture  # noqa: E402

NAMES = ["hikcascade.session", "hikcascade.direction", "hikcascade.camera", "hikcascade.camera_name"]
MICROPHONE = "34020000001360000001"


def told(tshark, capture):
    return [tuple(",".join(row[name]) for name in NAMES) for row in tshark.fields_everywhere(capture, NAMES)]


def test_broadcast(tshark):
    """The INVITE goes up, the voice down; the loudspeaker is the session's device."""
    up, down = [("0", way, made.TARGET, "\u5e7f\u64ad") for way in "12"]
    rtp = ("0", "", made.TARGET, "\u5e7f\u64ad")
    outside = [("", way, "", "") for way in "122112"]
    assert told(tshark, "voice-broadcast.pcap") == outside + [up, down, down, up] + [rtp] * 5 + [down, up]
    assert tshark.expert("voice-broadcast.pcap", "hikcascade") == []
    row, = tables.printed(tshark, "hikcascade,sessions", "voice-broadcast.pcap")
    assert row.cells("Camera", "Name", "Upper media address", "Lower media address") == [made.TARGET, "\u5e7f\u64ad", "198.51.100.20:40000", "192.0.2.10:20000"]
    assert row["Codec"] == "PCMA" and row.verdict.startswith("OK 5 RTP packets in 0.1 s from 198.51.100.20:40000 to 192.0.2.10:20000")


def test_broadcast_is_linked(tshark):
    links = ["manscdp.request_in", "manscdp.response_in"]
    rows = tshark.fields("voice-broadcast.pcap", links, 'manscdp.cmd_type == "Broadcast"', two_pass=True)
    assert [(row["frame"], row[links[0]], row[links[1]]) for row in rows] == [(3, [], ["5"]), (5, ["3"], [])]


def test_broadcast_by_its_ids_alone(tshark):
    up, down, rtp = [("0", way, made.TARGET, "") for way in ("1", "2", "")]
    assert told(tshark, "voice-broadcast-alone.pcap") == [up, down, down, up] + [rtp] * 5 + [up, down]
    row, = tables.printed(tshark, "hikcascade,sessions", "voice-broadcast-alone.pcap")
    assert row.cells("Upper media address", "Lower media address") == ["198.51.100.20:40000", "192.0.2.10:20000"]


def test_listening(tshark):
    """The roles of a video call: the upper platform calls, the lower one sends."""
    up, down, rtp = [("0", way, MICROPHONE, "") for way in ("1", "2", "")]
    assert told(tshark, "voice-listen.pcap") == [down, up, up, down] + [rtp] * 5 + [down, up]
    row, = tables.printed(tshark, "hikcascade,sessions", "voice-listen.pcap")
    assert row.cells("Upper media address", "Lower media address") == ["198.51.100.20:20000", "192.0.2.10:40000"]


@pytest.mark.parametrize("two_pass", [False, True])
def test_a_speaker_who_hangs_up_at_once(tshark, two_pass):
    """Of signalling alone nobody can tell whether voice came; a camera that hangs up so soon has nothing to send."""
    cap = Capture()
    link = made.speaker(cap)
    voice = made.call(link)
    voice.start()
    cap.wait(0.1)
    voice.bye(sender=link.upper)
    row, = tables.printed(tshark, "hikcascade,sessions", cap, two_pass=two_pass)
    assert row.cells("Verdict") == ["NOT_CAPTURED"]
