# SPDX-License-Identifier: GPL-2.0-or-later
"""hikcascade.closed_as: what is known of a call on the packet that ends it, the same in every pass."""

import pytest

import gen_dialog
import gen_verdict_calls

pytestmark = pytest.mark.logic

AS = "hikcascade.closed_as"
FIELDS = [AS, AS + ".session", AS + ".duration", AS + ".rtp_packets", AS + ".lost"]


def told(tshark, cap):
    found = tshark.fields_everywhere(cap, FIELDS, AS)
    return [(row["frame"], *(row[name][0] for name in FIELDS)) for row in found]


def test_bye(tshark):
    cap, link, call = gen_dialog.begin()
    call.start().rtp(20, skip=(5,))
    call.bye()
    call.rtp(3)
    assert told(tshark, cap) == [
        (24, "LOSS 5.0 % (1 of 20 RTP packets from 192.0.2.10:40000 lost)", "0", "0.803000000", "19", "1")]


def test_bye_that_is_refused(tshark):
    cap = gen_dialog.bye_refused()
    found = told(tshark, cap)
    assert [(row[0], row[4]) for row in found] == [(25, "20"), (102, "95")]


def test_cancel(tshark):
    assert told(tshark, gen_verdict_calls.cancelled()) == [
        (2, "CANCELLED by 198.51.100.20:7100 10.0 s after the INVITE; 192.0.2.10:7100 had not answered at all", "0",
         "10.001000000", "0", "0")]


def test_refusal(tshark):
    found = told(tshark, gen_verdict_calls.rejected())
    assert [row[1] for row in found] == ["REJECTED 486 Busy Here by 192.0.2.10:7100"]


def test_two_calls(tshark):
    cap, link, call = gen_dialog.begin()
    other = link.call()
    call.start().rtp(2)
    other.start().rtp(3)
    other.bye()
    call.bye(link.lower)
    assert [(row[2], row[4]) for row in told(tshark, cap)] == [("1", "3"), ("0", "2")]


def silent(wait, resume=False, pause=False):
    cap, link, call = gen_dialog.begin(session="Playback" if pause else "Play")
    call.start().rtp(20)
    if pause:
        call.info("PAUSE RTSP/1.0\r\nCSeq: 2\r\nPauseTime: now\r\n")
    cap.wait(wait - 0.04)
    if resume:
        call.rtp(1)
    link.keepalive()
    cap.wait(10)
    link.keepalive()
    return cap


def test_silence_is_told_once_by_the_pairs_next_message(tshark):
    assert told(tshark, silent(60.1)) == [
        (25, "NO_BYE media stopped 60.1 s before the end of the capture without a BYE", "0", "0.764000000", "20", "0")]


def test_silence_has_its_edge(tshark):
    """The second keep-alive comes ten seconds after the first."""
    assert [row[0] for row in told(tshark, silent(59.9))] == [27]
    assert told(tshark, silent(49.8)) == []


def test_no_silence(tshark):
    assert told(tshark, silent(60.1, resume=True)) == []
    assert told(tshark, silent(60.1, pause=True)) == []
