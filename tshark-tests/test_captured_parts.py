# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures that hold a part: signalling alone, one direction, the last part of a ring buffer. Nothing is claimed that they do
not show."""

import pytest

import gen_dialog
import tables
from gen_combined import Mixed, MixedTcp
from gen_copies import copied
from hikpcap import Capture, Link

pytestmark = pytest.mark.logic

NOWHERE = ("NOT_CAPTURED media is not in this capture, which holds no RTP at all: it was left out, or none came to "
           "198.51.100.20:20000 in %s s")


def verdicts(tshark, cap):
    path = tshark.sandbox.readable(cap)
    one = tables.printed(tshark, "hikcascade,sessions", path)
    assert one == tables.printed(tshark, "hikcascade,sessions", path, two_pass=True)
    assert one == tables.from_sharkd(tshark, "hikcascade,sessions", path)
    return [row.verdict for row in one]


def signalling(seconds, session="Play"):
    cap, link, call = gen_dialog.begin(session=session)
    link.register()
    call.start()
    cap.wait(seconds - 0.001)
    call.bye()
    return cap


@pytest.mark.parametrize("seconds, sign", [
    (12.0, ""), (59.9, ""), (60.0, "; the call went on for 60.0 s, so it likely flowed")])
def test_signalling_alone(tshark, seconds, sign):
    cap = signalling(seconds)
    assert verdicts(tshark, cap) == [NOWHERE % ("%.1f" % seconds) + sign]
    assert [row for row in tshark.expert(cap) if row[1] in ("warning", "error")] == []


def test_rtcp_tells_that_media_flowed(tshark):
    cap, link, call = gen_dialog.begin()
    call.start()
    call.sent_packets, call.sent_octets = 250, 30000
    cap.wait(10)
    call.rtcp()
    call.bye()
    assert verdicts(tshark, cap) == [NOWHERE % "10.0" + "; RTCP says that 250 packets were sent"]
    assert [row for row in tshark.expert(cap) if row[1] in ("warning", "error")] == []


def test_media_status_tells_it(tshark):
    assert verdicts(tshark, gen_dialog.file_end(packets=0, bye=True, wait=1)) == [
        NOWHERE % "0.0" + "; MediaStatus 121 says that the file was sent"]


def test_a_refused_invite_is_refused_all_the_same(tshark):
    cap, link, call = gen_dialog.begin()
    call.invite()
    call.status("486 Busy Here")
    assert verdicts(tshark, cap) == ["REJECTED 486 Busy Here by 192.0.2.10:7100"]


def ring_buffer(packets, ports=(30034, 20240)):
    """The last part: RTP of a call whose INVITE was overwritten, then its BYE."""
    cap, link, call = gen_dialog.begin(offer_port=ports[0], answer_port=ports[1])
    call.seq = 900
    call.frames = lambda number: b"\x80\x81\x82\x83" * 50
    call.rtp(packets)
    call.bye()
    return cap


@pytest.mark.parametrize("packets, told", [
    (12, "; 12 RTP packets run between the two hosts, and no SDP says whose"),
    (2, "; 2 RTP packets run between the two hosts, and no SDP says whose"),
    (1, ""), (0, "")])
def test_last_part_of_a_ring_buffer(tshark, packets, told):
    """RFC 3550 A.1: one packet alone is no RTP for sure. To the called platform's own host, where SIP is."""
    cap = ring_buffer(packets)
    assert verdicts(tshark, cap) == ["BEGAN_BEFORE the INVITE is not in the capture" + told]


@pytest.mark.parametrize("first", ["INVITE", "middle"])
@pytest.mark.parametrize("transport, packets", [("UDP", (52, 27)), ("TCP", (52, 26))])
@pytest.mark.parametrize("copies", [False, True])
def test_last_part_of_a_call(tshark, first, transport, packets, copies):
    """A program stream is known by its look, over TCP behind its lengths too; a mirror's copies are not counted."""
    cap, whole = Capture(), Capture()
    (Mixed if transport == "UDP" else MixedTcp)(Link(whole)).play()
    begin = (3 if transport == "UDP" else 6) if first == "INVITE" else len(whole) // 2
    cap.extend(whole[begin:])
    assert verdicts(tshark, copied(cap) if copies else cap)[0].split(" run ")[0] == (
        "BEGAN_BEFORE the INVITE is not in the capture; %d RTP packets" % packets[first == "middle"])


def test_what_runs_elsewhere_is_not_counted(tshark):
    cap, link, call = gen_dialog.begin(offer_ip="198.51.100.77", answer_ip="192.0.2.77")
    call.frames = lambda number: b"\x80\x81\x82\x83" * 50
    call.rtp(5)
    call.bye()
    assert verdicts(tshark, cap) == ["BEGAN_BEFORE the INVITE is not in the capture"]


def one_direction(side):
    """An answered call without an end in sight, and then an INVITE that is sent seven times"""
    cap = Capture()
    link = Link(cap)
    call = link.call()
    call.start().rtp(5)
    call.bye()
    other = link.call()
    other.invite()
    for wait in (0.5, 1, 2, 4, 8, 16):
        cap.wait(wait)
        other.invite()
    cap.wait(2)
    other.cancel()
    return cap.only_from(side)


def test_only_the_callers_side(tshark):
    """Somebody's answers were acknowledged, so the callee is there and is not heard."""
    cap = one_direction("198.51.100.20").only(lambda index, data: b"CANCEL" not in data)
    assert verdicts(tshark, cap) == [
        "ONE_SIDED nothing that 192.0.2.10:7100 sent is in the capture, so media cannot be judged",
        "ONE_SIDED nothing that 192.0.2.10:7100 sent is in the capture, so its answer is not known; also RETRANSMITTED "
        "INVITE sent 7 times"]


def test_only_the_callees_side(tshark):
    assert verdicts(tshark, one_direction("192.0.2.10"))[0] == (
        "ONE_SIDED nothing that 198.51.100.20:7100 sent is in the capture, 5 RTP packets of 192.0.2.10:7100 are")
