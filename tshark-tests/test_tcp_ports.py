# SPDX-License-Identifier: GPL-2.0-or-later
"""Media connections to another port than the one announced: which was tried, and which was announced for what, whenever the
attempt comes and whatever becomes of it. What is no such attempt is not called one."""

import pytest

import conftest  # puts test-captures on the path
from gen_tcp_media import TcpCall, small
from gen_tcp_ports import AUDIO, MOVED, WRONG, TwoLines, all_kinds, attempt, elsewhere
from hikpcap import SYN, Capture, Link
from tables import printed
from test_tcp_calls import verdict

pytestmark = pytest.mark.logic

ENDS = {"refused": ("TCP_REFUSED", "is refused (RST)"), "silent": ("TCP_NO_CONNECTION", "gets no answer"),
        "nothing": ("TCP_NO_CONNECTION", "sends no RTP there")}


def test_elsewhere(tshark):
    cap, kinds = all_kinds()
    path = tshark.sandbox.readable(cap)
    one, two = (printed(tshark, "hikcascade,sessions", path, two_pass=passes) for passes in (False, True))
    assert [row.verdict for row in one] == [row.verdict for row in two]
    rows = tshark.fields_everywhere(path, ["rtp.seq", "hikcascade.session"], "rtp")
    packets = [0] * len(kinds)
    for row in rows:
        packets[int(row["hikcascade.session"][0])] += len(row["rtp.seq"])
    for number, (when, line, how) in enumerate(kinds):
        said = one[number].verdict
        moved = when in ("old port", "wrong new port")
        tried = WRONG if when != "old port" else 20000 if line == "video" else AUDIO
        announced = (MOVED if moved else 20000) + (2 if line == "audio" else 0)
        client, host = "192.0.2.%d:51020" % (100 + number), "198.51.100.%d" % (100 + number)
        place = "%s:%d instead of %s:%d, which was announced%s" % (host, tried, host, announced, " for the audio" * (line == "audio"))
        if how in ENDS:
            code, end = ENDS[how]
            assert said.startswith("%s %s connects to %s, and %s" % (code, client, place, end)), (when, line, how)
        else:
            assert "WRONG_DESTINATION the media connection from %s goes to %s" % (client, place) in said, (when, line, how)
            assert packets[number] == 6 + 5 * ((line == "audio" or moved) + (line == "audio" and moved) +
                                               (line == "audio" and how != "media")), (when, line, how)
        assert ("SSRC_MISMATCH RTP from %s carries SSRC 0000000777" % client in said) == (
            how == "other ssrc" and line == "video" and not moved), (when, line, how)


def test_two_lines_and_one_attempt(tshark):
    """Neither line has a connection: which of the two is meant, nobody knows."""
    cap, _ = elsewhere("plain", "video", "refused", audio=True)
    assert verdict(tshark, cap).startswith(
        "TCP_REFUSED 192.0.2.10:51020 connects to 198.51.100.20:30566 instead of 198.51.100.20:20000 or 198.51.100.20:20002, "
        "which was announced, and is refused (RST)")


@pytest.mark.parametrize("when", ["plain", "early"])
@pytest.mark.parametrize("line", ["video", "audio"])
def test_tried_again_at_the_right_port(tshark, when, line):
    cap = Capture()
    call = TwoLines(Link(cap), audio=line == "audio", frames=small)
    call.invite()
    if when == "plain":
        call.ok()
        call.ack()
    attempt(call, "refused", line, WRONG, (call.answer_ip, 51020))
    call.connect()
    if line == "audio":
        attempt(call, "media", "audio", AUDIO, (call.answer_ip, 51022))
    call.rtp_tcp(5)
    if when == "early":
        call.ok()
        call.ack()
    call.bye()
    assert verdict(tshark, cap).startswith("OK 5 RTP packets")


def test_old_port_until_the_answer(tshark):
    """A connection made anew to the old port while the re-INVITE is not answered yet goes where it has to."""
    cap = Capture()
    call = TcpCall(Link(cap), frames=small)
    call.start()
    call.connect()
    call.rtp_tcp(5)
    call.connection.close(call.sender)
    old, call.offer_port = call.offer_port, MOVED
    call.reinvite()
    call.connect(server=(call.offer_ip, old), client=(call.answer_ip, 51002), client_seq=70000)
    call.rtp_tcp(2)
    call.ok()
    call.ack()
    call.connection.close(call.sender)
    call.connect(port=51004, client_seq=90000)
    call.rtp_tcp(5)
    call.bye()
    said = verdict(tshark, cap)
    assert said.startswith("OK 12 RTP packets") and "connects to" not in said and "goes to" not in said


@pytest.mark.parametrize("data", [b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03" + b"\x5a" * 190, b"\x05\x06\x07\x08" * 100],
                         ids=["tls", "unknown"])
def test_other_things_beside_an_audio_line_that_nobody_uses(tshark, data):
    """The audio comes inside the program stream; a connection of something else is not taken for its."""
    cap = Capture()
    call = TwoLines(Link(cap), audio=True, frames=small)
    call.start()
    call.connect()
    other = cap.tcp((call.answer_ip, 52000), (call.offer_ip, 9000)).open()
    other.send(other.client, data)
    call.rtp_tcp(5)
    call.bye()
    assert verdict(tshark, cap).startswith("OK 5 RTP packets")


def test_others_before_the_answer(tshark):
    """Before the answer it is not known from where: a connection of another host is none of the call's, nor are SIP's own."""
    cap = Capture()
    call = TcpCall(Link(cap), frames=small)
    call.invite()
    for client, port in (("203.0.113.77", 30566), (call.answer_ip, 7100), (call.answer_ip, 443), (call.answer_ip, 1023)):
        other = cap.tcp((client, 52000), (call.offer_ip, port))
        other.segment(other.client, SYN, seq=1000)
    call.ok()
    call.ack()
    cap.wait(8)
    call.bye()
    assert "connects to" not in verdict(tshark, cap)


def test_nobody_says_who_listens(tshark):
    """Without a=setup an attempt at another port has no announced one to be compared with."""
    cap = Capture()
    call = TwoLines(Link(cap), offer_setup=None, answer_setup=None, frames=small)
    call.start()
    attempt(call, "refused", "video", WRONG, (call.answer_ip, 51020))
    cap.wait(8)
    call.bye()
    assert "instead of" not in verdict(tshark, cap)


def test_listener_below(tshark):
    """The lower platform listens, and the upper one's SYN is in the capture before the answer that tells where."""
    cap = Capture()
    call = TcpCall(Link(cap), frames=small, offer_setup="active", answer_setup="passive")
    call.invite()
    call.connect(client=(call.offer_ip, 51020), server=(call.answer_ip, WRONG), handshake=False).refuse()
    call.ok()
    call.ack()
    cap.wait(8)
    call.bye()
    assert verdict(tshark, cap).startswith("TCP_REFUSED 198.51.100.20:51020 connects to 192.0.2.10:30566 instead of 192.0.2.10:40000, "
                                           "which was announced, and is refused (RST)")


def test_calls_beside(tshark):
    """Four cameras at once, one of them connects elsewhere before its answer: the others' verdicts are not touched."""
    cap = Capture()
    link = Link(cap)
    calls = [TcpCall(link, frames=small) for _ in range(4)]
    for call in calls:
        call.invite()
    for number, call in enumerate(calls):
        if number == 2:
            call.connect(server=(call.offer_ip, WRONG), client=(call.answer_ip, 51020), handshake=False).refuse()
        else:
            call.connect(port=51100 + number)
            call.rtp_tcp(3)
    for call in calls:
        call.ok()
        call.ack()
    cap.wait(8)
    for call in calls:
        call.bye()
    found = [row.verdict for row in printed(tshark, "hikcascade,sessions", cap)]
    assert [said.split(" ", 1)[0] for said in found] == ["OK", "OK", "TCP_REFUSED", "OK"]
    assert ":30566 instead of 198.51.100.20:20008, which was announced, and is refused (RST)" in found[2]


@pytest.mark.parametrize("passive_upper", [True, False])
def test_port_of_rtcp(tshark, passive_upper):
    """RTP over a connection to the port above, which is RTCP's: that is another port than the one announced."""
    cap = Capture()
    call = TcpCall(Link(cap), frames=small, offer_setup="passive" if passive_upper else "active",
                   answer_setup="active" if passive_upper else "passive")
    call.start()
    client, server = (call.answer_ip, call.offer_at) if passive_upper else (call.offer_ip, call.answer_at)
    call.connect(client=(client, 51000), server=(server[0], server[1] + 1))
    call.rtp_tcp(5)
    call.bye()
    assert verdict(tshark, cap) == (
        "WRONG_DESTINATION the media connection from %s:51000 goes to %s:%d instead of %s:%d, which was announced"
        % (client, server[0], server[1] + 1, server[0], server[1]))
