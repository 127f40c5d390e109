# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings about media are judged per m= line, from all of its packets: early media and audio beside video change nothing."""

import pytest
import tables
from hikpcap import PS_ONLY, Capture, Link, rtp, sdp

pytestmark = pytest.mark.logic

STRANGER = ("203.0.113.7", 5555)
AUDIO = 10  # its ports are so far above the video's


def two_lines(call, platform, port, direction):
    text = sdp(platform.id, platform.ip, port, y=call.offer_y, codecs=PS_ONLY, direction=direction)
    text = text if isinstance(text, str) else text.decode()
    return text + "m=audio %d RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n" % (port + AUDIO)


class Made:
    """A call with video, and audio beside it if wanted; one packet of the video comes before the answer if wanted."""

    def __init__(self, early, audio):
        self.cap = Capture()
        self.call = Link(self.cap).call()
        self.src, self.sent = self.call.src, 0
        self.early, self.audio = early, audio

    def video(self, count, ssrc=None, src=None, skip=()):
        for number in range(count):
            if number not in skip:
                self.cap.udp(src or self.src, self.call.dst, rtp(self.call.frames(self.sent), ssrc or self.call.ssrc, self.sent,
                                                                 3600 * self.sent, marker=True))
            self.sent += 1
            self.cap.wait(0.04)

    def sound(self, count, skip=()):
        ends = (self.call.src[0], self.call.src[1] + AUDIO), (self.call.dst[0], self.call.dst[1] + AUDIO)
        for number in range(count):
            if number not in skip:
                self.cap.udp(*ends, rtp(b"\x55" * 160, 777, number, 160 * number, pt=8))
            self.cap.wait(0.02)

    def start(self, early_src=None):
        call = self.call
        call.invite(body=two_lines(call, call.caller, call.dst[1], "recvonly") if self.audio else None)
        if self.early:
            self.video(1, src=early_src)
        call.ok(body=two_lines(call, call.callee, call.src[1], "sendonly") if self.audio else None)
        call.ack()

    def verdict(self, tshark, sound=20, sound_skip=()):
        if self.audio:
            self.sound(sound, sound_skip)
        self.call.bye()
        row, = tables.printed(tshark, "hikcascade,sessions", self.cap)
        assert tables.printed(tshark, "hikcascade,sessions", self.cap, two_pass=True) == [row]
        assert tables.from_sharkd(tshark, "hikcascade,sessions", self.cap) == [row]
        return row.verdict


@pytest.fixture(params=[(early, audio) for early in (False, True) for audio in (False, True)],
                ids=["alone", "audio", "early", "early-audio"])
def made(request):
    return Made(*request.param)


@pytest.mark.parametrize("port", [40000, 40002])
def test_ssrc_changes(tshark, made, port):
    """Also from another port of the same source."""
    made.start()
    made.video(20)
    made.video(10, ssrc=999, src=(made.src[0], port))
    count = 20 + made.early
    assert "SSRC_CHANGED 2 different SSRCs from %s:40000; %d of %d packets carry %010d (0x%08x)" % (
        made.src[0], count, count + 10, made.call.ssrc, made.call.ssrc) in made.verdict(tshark)


def test_source_that_no_sdp_names(tshark, made):
    """The first packet may come before the answer is known."""
    made.start(early_src=STRANGER)
    made.video(30, src=STRANGER)
    verdict = made.verdict(tshark)
    count = 30 + made.early
    assert verdict.startswith("UNNEGOTIATED %d of %d RTP packets come from 203.0.113.7:5555, which no SDP announced" % (
        count, count))
    assert tshark.fields(made.cap, [], "hikcascade.unnegotiated_source", two_pass=True)


def test_loss_of_the_video(tshark, made):
    made.start()
    made.video(50, skip=range(10, 20))
    count = 50 + made.early
    assert made.verdict(tshark).startswith("LOSS %.1f %% (10 of %d RTP packets from %s:40000 lost)" % (
        1000 / count, count, made.src[0]))


@pytest.mark.parametrize("early", [False, True])
def test_loss_of_the_audio(tshark, early):
    """Its own endpoint, its own percentage."""
    made = Made(early, True)
    made.start()
    made.video(50)
    assert made.verdict(tshark, 100, range(10, 40)).startswith(
        "LOSS 30.0 %% (30 of 100 audio RTP packets from %s:40010 lost)" % made.src[0])


def test_loss_of_both(tshark):
    made = Made(False, True)
    made.start()
    made.video(50, skip=range(10, 15))
    assert made.verdict(tshark, 100, range(10, 40)).startswith(
        "LOSS 30.0 %% (30 of 100 audio RTP packets from %s:40010, and 5 of 50 from %s:40000 lost)" % (made.src[0], made.src[0]))


@pytest.mark.parametrize("packets", [0, 30])
def test_host_name(tshark, packets):
    """Nobody can check where a name leads: no wrong destination, and the sentence names it."""
    cap = Capture()
    link = Link(cap)
    other = link.call()
    other.start()
    other.rtp(2)
    call = link.call()
    text = call.offer()
    text = (text if isinstance(text, str) else text.decode()).replace("c=IN IP4 " + call.dst[0], "c=IN IP4 media.example.com")
    assert "media.example.com" in text
    call.invite(body=text)
    call.ok()
    call.ack()
    call.rtp(packets)
    cap.wait(15)
    call.bye()
    verdict = tables.printed(tshark, "hikcascade,sessions", cap)[1].verdict
    if packets:
        assert verdict.startswith("OK 30 RTP packets") and "WRONG_DESTINATION" not in verdict
    else:
        assert verdict.startswith("NO_MEDIA 200 OK and ACK, 0 RTP packets to media.example.com:%d in 15.0 s" % call.dst[1])


def misrouted(made, dst=None, ssrc=999, count=30, number=0):
    """Packets from where the device announced, to where nobody waits."""
    for at in range(count):
        made.cap.udp(made.src, dst or (made.call.dst[0], made.call.dst[1] + 7), rtp(made.call.frames(at), ssrc, number + at, 3600 * at,
                                                                                 marker=True))
        made.cap.wait(0.04)


ELSEWHERE = "WRONG_DESTINATION %d RTP packets from %s:40000 go to %s:%d, not to %s:20000"


@pytest.mark.parametrize("host", [None, "203.0.113.9"])
@pytest.mark.parametrize("announced", [True, False], ids=["y", "no-y"])
def test_wrong_port_and_ssrc(tshark, made, announced, host):
    """What comes from where the device announced is the call's, whatever SSRC it has, and if the SDPs name none."""
    made.call.offer_y = made.call.answer_y = made.call.offer_y if announced else None
    made.start()
    to = (host or made.call.dst[0], made.call.dst[1] + 7)
    misrouted(made, to)
    verdict = made.verdict(tshark)
    assert ELSEWHERE % (30, made.src[0], *to, made.call.dst[0]) in verdict
    assert ("SSRC_CHANGED" if made.early else "SSRC_MISMATCH") in verdict or not (announced or made.early)
    for two_pass in (False, True):
        said = [row[1:] for row in tshark.expert(made.cap, "rtp", two_pass=two_pass) if row[2].startswith("Media goes to")]
        assert said == [("warning" if host or not two_pass else "error",
                         "Media goes to %s:%d, which its receiver did not announce" % to)]


@pytest.mark.parametrize("right_first", [True, False])
def test_wrong_port_and_right_one(tshark, right_first):
    """Said where none comes to the right port any more."""
    made = Made(False, False)
    made.start()
    if right_first:
        made.video(5)
    misrouted(made, count=30)
    if not right_first:
        made.video(5)
    verdict = made.verdict(tshark)
    assert ("WRONG_DESTINATION" in verdict) == right_first


def test_source_of_two_calls(tshark):
    """A device that sends everything from one port: a stream that nobody announced is of no call for certain."""
    cap = Capture()
    link = Link(cap)
    for number in range(2):
        call = link.call(answer_port=40000)
        call.start()
    for at in range(30):
        cap.udp(call.src, (call.dst[0], 33333), rtp(call.frames(at), 999, at, 3600 * at, marker=True))
        cap.wait(0.04)
    cap.wait(10)
    rows = tables.printed(tshark, "hikcascade,sessions", cap)
    assert len(rows) == 2 and not any("WRONG_DESTINATION" in row.verdict for row in rows)
