# SPDX-License-Identifier: GPL-2.0-or-later
"""After a re-INVITE its SDP counts: for the verdict and for the packets that come behind it, which carry the filter that the
verdict names."""

import pytest
import tables
from hikpcap import Capture, Link, rtp
from test_expert import experts

pytestmark = pytest.mark.logic


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
    assert made.end(tshark).startswith("OK 20 RTP packets")
    assert made.end(tshark).count("SSRC") == 0
    assert items(tshark, made.cap, "ssrc_mismatch") == []


def test_the_ssrc_changes_again(tshark, made):
    """As announced, and then to one that nobody announced."""
    made.call.offer_y = made.call.answer_y = "0100009999"
    made.again()
    made.ssrc = 100009999
    made.media(10)
    made.ssrc = 7
    made.media(5)
    assert made.end(tshark).startswith("SSRC_CHANGED 2 different SSRCs from 192.0.2.10:40000; 10 of 25 packets carry 0100009999")


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


# ---- the receiver moves, the media does not

def final_items(tshark, cap, name):
    """How grave it is only the whole capture tells."""
    assert [frame for frame, item, _, _ in experts(tshark, cap, two_pass=False) if item == name] == [
        frame for frame, item, _, _ in experts(tshark, cap) if item == name]
    return [(frame, level) for frame, item, level, _ in experts(tshark, cap) if item == name]


OLD, NEW = "198.51.100.20:20000", "198.51.100.20:21000"


def move(made):
    made.call.offer_port += 1000
    made.again()


@pytest.mark.parametrize("last,left", [(0.999, 0), (1.001, 1)])
def test_edge_of_late_move(tshark, made, last, left):
    """What is on its way at the answer may go to the old port, for a second."""
    move(made)
    answered = made.cap[-2][0]
    made.cap.time_us = answered + int(last * 1e6)
    made.media(1)
    made.media(10, dst=made.call.dst)
    verdict = made.end(tshark)
    assert ("WRONG_DESTINATION 1 RTP packet still goes to %s up to 1.0 s after the re-INVITE was answered (frame %d), then to %s" % (
        OLD, [i + 1 for i, one in enumerate(made.cap) if one[0] == answered][0], NEW) in verdict) == bool(left)
    assert verdict.startswith("OK ")
    assert final_items(tshark, made.cap, "wrong_destination") == ([(rtp_frames(tshark, made.cap)[10], "note")] if left else [])


def test_the_media_does_not_move(tshark, made):
    move(made)
    answer = len(made.cap) - 1
    made.media(50)
    assert made.end(tshark).startswith("WRONG_DESTINATION 25 RTP packets still go to %s up to 2.0 s after the re-INVITE was answered "
                                       "(frame %d), not to %s" % (OLD, answer, NEW))
    assert final_items(tshark, made.cap, "wrong_destination") == [(rtp_frames(tshark, made.cap)[35], "error")]


@pytest.mark.parametrize("late", [0, 2])  # the first INVITE, its answer
def test_the_media_does_not_move_and_the_first_sdp_comes_again(tshark, late):
    """Stock opens again what it names, although it does not count any more: the packets stay the session's."""
    made = Call("UDP")
    first = made.cap[late][1]
    assert b"m=video" in first
    move(made)
    answer = len(made.cap) - 1
    made.media(10)
    made.cap.append((made.cap.time_us, first))
    made.cap.wait(0.001)
    made.media(40)
    verdict = made.end(tshark)
    assert verdict.startswith("WRONG_DESTINATION 25 RTP packets still go to %s up to 2.0 s after the re-INVITE was answered (frame %d), "
                              "not to %s" % (OLD, answer, NEW))
    row, = tables.printed(tshark, "hikcascade,sessions", made.cap)
    assert row.cells("RTP") == ["60"]
    assert len(tshark.fields_everywhere(made.cap, [], "rtp && hikcascade.session == 0")) == 60


@pytest.mark.parametrize("late", [0, 2])
def test_an_sdp_of_long_ago_comes_again(tshark, late):
    """It is none of the four newest any more."""
    made = Call("UDP")
    first = made.cap[late][1]
    made.again()
    made.again()
    made.media(10)
    made.cap.append((made.cap.time_us, first))
    made.cap.wait(0.001)
    made.media(40)
    assert made.end(tshark).startswith("OK 60 RTP packets")
    assert len(tshark.fields_everywhere(made.cap, [], "rtp && hikcascade.session == 0")) == 60


@pytest.mark.parametrize("others", [1, 8, 9])
def test_the_port_is_named_by_others_while_the_answer_is_awaited(tshark, others):
    """Stock then has a conversation for the answer that begins with the re-INVITE: what came between that and the others' SDPs is
    in it on later passes. It is found behind so many others; behind more it is stock's alone, and its program stream tells of it."""
    made = Call("UDP")
    made.call.reinvite()
    misrouted = (made.dst[0], 20999)
    made.media(5, dst=misrouted)
    for _ in range(others):
        other = made.call.link.call(answer_port=made.call.answer_port)
        other.start()
        other.bye()
    made.call.ok()
    made.call.ack()
    made.media(10)
    made.call.bye()
    for two_pass in (False, True):
        assert tables.printed(tshark, "hikcascade,sessions", made.cap, two_pass=two_pass)[0].cells("RTP") == ["25"]
    shown = tshark.fields(made.cap, [], "rtp && hikcascade.session == 0", two_pass=True)
    assert len(shown) == (25 if others <= 8 else 20)


def test_the_answer_is_sent_again(tshark, made):
    """While the 200 comes again, the other side may not have it."""
    move(made)
    for _ in range(3):
        made.media(20)
        made.call.ok()
    made.media(20)
    made.media(5, dst=made.call.dst)
    assert "WRONG_DESTINATION" not in made.end(tshark)


@pytest.mark.parametrize("status", ["488 Not Acceptable Here", "500 Server Internal Error", None])
def test_the_move_is_refused(tshark, made, status):
    """Or not answered: where the receiver was is right."""
    made.call.offer_port += 1000
    made.call.reinvite()
    made.media(10)
    if status:
        made.call.status(status)
        made.call.ack(branch=made.call.branch)
    made.media(50)
    assert made.end(tshark).startswith("OK 70 RTP packets")
    assert final_items(tshark, made.cap, "wrong_destination") == []


def test_the_receiver_comes_back(tshark, made):
    """From one move to the next the media stays: it was wrong in between, and is right at the end."""
    move(made)
    made.media(50)
    made.call.offer_port -= 1000
    made.again()
    made.media(30)
    verdict = made.end(tshark)
    assert verdict.startswith("OK ") and "WRONG_DESTINATION 25 RTP packets still go to %s" % OLD in verdict
    assert ", where the receiver is again later" in verdict


def test_the_callee_is_moved(tshark, made):
    """The receiver of a broadcast answers with its new port; audio, and the caller sends."""
    cap = Capture()
    link = Link(cap)
    call = link.call(media="audio", session="Talk", offer_direction="sendonly", answer_direction="recvonly",
                     offer_codecs=((8, "PCMA/8000"),), answer_codecs=((8, "PCMA/8000"),), pt=8, rtp_interval=0.02,
                     frames=lambda number: bytes(160))
    call.start()
    call.rtp_src, call.rtp_dst = (call.offer_ip, call.offer_port), (call.answer_ip, call.answer_port)
    call.rtp(20)
    call.answer_port += 1000
    call.reinvite()
    call.ok()
    call.ack()
    call.rtp(100)
    call.bye()
    row, = tables.printed(tshark, "hikcascade,sessions", cap)
    assert "RTP packets still go to 192.0.2.10:40000 up to 2.0 s after the re-INVITE was answered" in row.verdict
    assert "not to 192.0.2.10:41000" in row.verdict


def test_a_private_endpoint_or_a_name_cannot_be_checked(tshark, made):
    made.call.offer_ip = "10.0.0.7"
    move(made)
    made.media(50)
    assert "WRONG_DESTINATION" not in made.end(tshark)


def test_mirrored(tshark):
    """Copies do not count."""
    made = Call("UDP")
    move(made)
    made.media(50)
    made.call.bye()
    double = Capture()
    for time_us, data in made.cap:
        double.append((time_us, data))
        double.append((time_us + 20, data))
    for cap in (made.cap, double):
        row, = tables.printed(tshark, "hikcascade,sessions", cap)
        assert row.verdict.startswith("WRONG_DESTINATION 25 RTP packets still go to")
