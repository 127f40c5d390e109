# SPDX-License-Identifier: GPL-2.0-or-later
"""The media of one m= line goes to the endpoint of another: video to the port announced for the audio, audio to the video's."""

import re

import pytest
import tables
from conftest import CAPTURES
from gen_combined import Exchanged, Mixed, MixedTcp
from gen_copies import copied, other_hop
from hikpcap import Capture, Link
from test_combined import check, findings

pytestmark = pytest.mark.logic

ERROR, WARNING = "8388608", "6291456"


@pytest.mark.parametrize("copies", [False, True])
def test_exchanged(tshark, copies):
    """Both ports; also with another fault, in media before the answer, and in a capture that holds everything twice."""
    cap, calls = Capture(), []
    link = Link(cap)
    for early in (False, True):
        one = Exchanged(link, early=early).play()
        calls.append(("early" if early else "plain", one.expected(copies)))
    check(tshark, copied(cap, change=other_hop) if copies else cap, calls)


def test_packets(tshark):
    """Said once per stream, on its first packet; two streams at a port are no SSRC that changes."""
    said = [("0", "96"), ("0", "8"), ("1", "96"), ("1", "8"), ("2", "8")]
    for two_pass in (False, True):
        rows = tshark.fields(CAPTURES / "combined-exchanged.pcap", ["hikcascade.session", "rtp.p_type", "_ws.expert.message"],
                             "hikcascade.wrong_destination", two_pass=two_pass)
        assert [(*row["hikcascade.session"], *row["rtp.p_type"], *row["_ws.expert.message"]) for row in rows] == [
            (session, kind, "Payload type %s is that of another m= line than the one whose endpoint this is" % kind)
            for session, kind in said]
    assert not tshark.fields(CAPTURES / "combined-exchanged.pcap", ["frame.number"], "hikcascade.ssrc_changed", two_pass=True)


class OnePort(Mixed):
    """Both lines have one port."""

    def describe(self, platform, port, direction):
        return re.sub(r"m=audio \d+", "m=audio %d" % port, super().describe(platform, port, direction))


def test_one_port_for_both(tshark):
    """Then audio belongs where video does."""
    cap = Capture()
    one = OnePort(Link(cap), audio=True)
    one.lines[1].src, one.lines[1].dst = one.lines[0].src, one.lines[0].dst
    one.play()
    check(tshark, cap, [("one port", one.expected())])


class Renewed(Mixed):
    """The re-INVITE exchanges the ports, and media follows it."""

    def play(self):
        call = self.call
        call.invite(body=self.offer())
        call.ok(body=self.answer())
        call.ack()
        self.send([line.take(20) for line in self.lines])
        video, audio = self.lines
        video.dst, audio.dst = audio.dst, video.dst
        call.reinvite(body=self.offer())
        call.ok(body=self.answer())
        call.ack()
        self.send([line.take(2) for line in self.lines])
        self.send([line.take(20) for line in self.lines])
        call.bye()
        self.found.say("MOVED")
        return self

    def offer(self):
        text = super().offer()
        return re.sub(r"m=audio \d+", "m=audio %d" % self.lines[1].dst[1], text)


def test_ports_that_a_reinvite_exchanges(tshark):
    cap = Capture()
    one = Renewed(Link(cap), audio=True).play()
    check(tshark, cap, [("exchanged by a re-INVITE", one.expected())])


def test_one_source_for_both(tshark):
    """A stream with both payload types is that of its line, whichever comes first."""
    cap = Capture()
    one = Mixed(Link(cap), audio=True)
    call, video = one.call, one.lines[0]
    call.invite(body=one.offer())
    call.ok(body=one.answer())
    call.ack()
    packets = video.take(40)
    for number in range(0, 40, 4):
        packets[number] = packets[number].clone(pt=8, payload=b"\x55" * 160)
    one.send([packets])
    call.bye()
    row, = tables.printed(tshark, "hikcascade,sessions", cap)
    assert "WRONG_DESTINATION" not in findings(row.verdict)


@pytest.mark.parametrize("first", ["own", "other", "both"])
def test_to_its_own_port_too(tshark, first):
    """A warning where it comes to its own port later, or at the same time."""
    cap = Capture()
    one = Mixed(Link(cap), audio=True)
    video, audio = one.lines
    call = one.call
    call.invite(body=one.offer())
    call.ok(body=one.answer())
    call.ack()
    one.send([video.take(5)])
    packets = audio.take(40)
    for number, packet in enumerate(packets):
        if first == "both" and number % 2 or first == "own" and number >= 20 or first == "other" and number < 20:
            packets[number] = packet.clone(dst=video.dst)
    one.send([packets])
    call.bye()
    row, = tables.printed(tshark, "hikcascade,sessions", cap, two_pass=True)
    assert findings(row.verdict)["WRONG_DESTINATION"] == "20 audio RTP packets (payload type 8) go to %s:%d, which was announced for " \
        "the video, not to %s:%d" % (*video.dst, *audio.dst)
    assert [field["_ws.expert.severity"] for field in tshark.fields(cap, ["_ws.expert.severity"], "hikcascade.wrong_destination",
                                                                   two_pass=True)] == [[ERROR if first == "own" else WARNING]]


@pytest.mark.parametrize("only", ["audio", "video"])
def test_nothing_else(tshark, only):
    """The audio alone, at the video's port: that is no video."""
    cap = Capture()
    one = Mixed(Link(cap), "other_line", only, audio=True)
    line, = (line for line in one.lines if line.kind == only)
    other, = (line for line in one.lines if line.kind != only)
    call = one.call
    call.invite(body=one.offer())
    call.ok(body=one.answer())
    call.ack()
    one.send([[packet.clone(dst=other.dst) for packet in line.take(50)]])
    call.bye()
    row, = tables.printed(tshark, "hikcascade,sessions", cap)
    found = findings(row.verdict)
    assert found["WRONG_DESTINATION"] == "50 %sRTP packets (payload type %d) go to %s:%d, which was announced for the %s, not to %s:%d" % (
        "audio " if only == "audio" else "", line.pt, *other.dst, other.kind, *line.dst)
    if only == "audio":
        assert re.match(r"0 RTP packets that belong there to %s:%d in \S+ s, but 50 of another m= line$" % other.dst, found["NO_MEDIA"])
    else:
        assert set(found) == {"WRONG_DESTINATION"}


def test_two_videos(tshark):
    """Two lines of one kind are told by their payload types, too."""
    cap = Capture()
    one = Mixed(Link(cap), "other_line", "audio")
    one.describe_both = one.describe
    one.describe = lambda *args: one.describe_both(*args).replace("m=audio", "m=video")
    one.play()
    row, = tables.printed(tshark, "hikcascade,sessions", cap)
    assert findings(row.verdict)["WRONG_DESTINATION"] == (
        "40 RTP packets (payload type 8) go to %s:%d, which was announced for another m= line, not to %s:%d" % (
            *one.lines[0].dst, *one.lines[1].dst))


@pytest.mark.parametrize("passive", ["caller", "callee"])
def test_connections(tshark, passive):
    """Over TCP: the device connects to the other port, or the platform gets from a port what the device announced for another."""
    cap = Capture()
    one = MixedTcp(Link(cap), audio=True)
    video, audio = one.lines
    offer, answer = one.offer(), one.answer()
    if passive == "callee":
        offer, answer = offer.replace("passive", "active"), answer.replace("active", "passive")
    call = one.call
    call.invite(body=offer)
    call.ok(body=answer)
    call.ack()
    for line, other in ((video, audio), (audio, video)):
        if passive == "caller":
            line.src, to = (line.src[0], line.src[1] + 20000), other.dst
            one.connections[line.kind] = cap.tcp(line.src, to, sack=True).open()
        else:
            client = (line.dst[0], line.dst[1] + 40000)
            line.src = other.announced
            one.connections[line.kind] = cap.tcp(client, line.src, sack=True).open()
    one.send([line.take(50) for line in one.lines])
    call.bye()
    row, = tables.printed(tshark, "hikcascade,sessions", cap)
    at = [line.announced if passive == "callee" else line.dst for line in one.lines]
    words = ("come over the connection to", "", "over that to") if passive == "callee" else ("go to", "to ", "to")
    assert row.verdict == (
        "WRONG_DESTINATION 50 RTP packets (payload type 96) %s %s:%d, which was announced for the audio, not %s%s:%d; and 50 of the audio "
        "(payload type 8) %s %s:%d" % (words[0], *at[1], words[1], *at[0], words[2], *at[0]))
    assert tables.printed(tshark, "hikcascade,sessions", cap, two_pass=True) == [row]
    assert tables.from_sharkd(tshark, "hikcascade,sessions", cap) == [row]
