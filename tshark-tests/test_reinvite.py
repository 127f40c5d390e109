# SPDX-License-Identifier: GPL-2.0-or-later
"""After a re-INVITE its SDP counts: for the verdict and for the packets that come behind it, which carry the filter that the
verdict names."""

import pytest
import tables
from hikpcap import Capture, Link, rtp
from test_expert import experts


class Call:
    """Ten packets, a re-INVITE, ten packets more. TCP carries the signalling."""

    def __init__(self, signalling):
        self.cap = Capture()
        self.call = Link(self.cap, transport=signalling).call()
        self.call.start()
        self.src, self.dst, self.ssrc, self.sent = self.call.src, self.call.dst, self.call.ssrc, 0
        self.media(10)

    def media(self, count, **changed):
        for number in range(self.sent, self.sent + count):
            self.cap.udp(changed.get("src", self.src), changed.get("dst", self.dst),
                         rtp(self.call.frames(number), self.ssrc, number, 3600 * number, changed.get("pt", 96), marker=True))
            self.cap.wait(0.04)
        self.sent += count

    def again(self):
        self.call.reinvite()
        self.call.ok()
        self.call.ack()
        return len(self.cap)

    def end(self, tshark):
        self.call.bye()
        row, = tables.printed(tshark, "hikcascade,sessions", self.cap)
        assert tables.printed(tshark, "hikcascade,sessions", self.cap, two_pass=True) == [row]
        return row.verdict


@pytest.fixture(params=["UDP", "TCP"])
def made(request):
    return Call(request.param)


def items(tshark, cap, name):
    found = [(frame, level) for frame, item, level, _ in experts(tshark, cap) if item == name]
    assert [(frame, level) for frame, item, level, _ in experts(tshark, cap, two_pass=False) if item == name] == found
    return found


def rtp_frames(tshark, cap):
    return [row["frame"] for row in tshark.fields(cap, [], "rtp")]


def test_another_ssrc_is_announced(tshark, made):
    """And the sender goes on with the old one."""
    made.call.offer_y = made.call.answer_y = "0100009999"
    made.again()
    made.media(10)
    assert "SSRC_MISMATCH RTP from 192.0.2.10:40000 carries SSRC %010u (0x%08x), the answer announced 0100009999 (0x05f6080f)" % (
        made.ssrc, made.ssrc) in made.end(tshark)
    assert items(tshark, made.cap, "ssrc_mismatch") == [(rtp_frames(tshark, made.cap)[10], "error")]
    rows = tshark.fields_everywhere(made.cap, ["hikcascade.expected_ssrc", "hikcascade.session"], "rtp")
    assert [row["hikcascade.expected_ssrc"] for row in rows] == [[str(made.ssrc)]] * 10 + [["100009999"]] * 10


def test_the_ssrc_changes_as_announced(tshark, made):
    made.call.offer_y = made.call.answer_y = "0100009999"
    made.again()
    made.ssrc = 100009999
    made.media(10)
    assert "SSRC_MISMATCH" not in made.end(tshark)
    assert items(tshark, made.cap, "ssrc_mismatch") == []


def test_another_payload_type(tshark, made):
    made.again()
    made.media(10, pt=101)
    assert "PAYLOAD_TYPE 10 of 20 packets from 192.0.2.10:40000 have payload type 101" in made.end(tshark)
    assert items(tshark, made.cap, "payload_not_declared")[0] == (rtp_frames(tshark, made.cap)[10], "warning")


def test_the_ports_move(tshark, made):
    """All packets are the session's, before and behind."""
    made.call.offer_port += 1000
    made.call.answer_port += 1000
    made.again()
    made.media(10, src=made.call.src, dst=made.call.dst)
    assert made.end(tshark).startswith("OK ")
    rows = tshark.fields_everywhere(made.cap, ["hikcascade.session"], "rtp")
    assert [row["hikcascade.session"] for row in rows] == [["0"]] * 20


def test_a_stranger_sends_from_then_on(tshark, made):
    made.call.offer_port += 1000
    made.call.answer_port += 1000
    made.again()
    made.media(10, src=("203.0.113.7", 5555), dst=made.call.dst)
    assert "UNNEGOTIATED 10 of 20 RTP packets come from 203.0.113.7:5555" in made.end(tshark)
    assert items(tshark, made.cap, "unnegotiated_source") == [(rtp_frames(tshark, made.cap)[10], "warning")]
