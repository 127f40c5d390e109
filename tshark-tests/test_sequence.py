# SPDX-License-Identifier: GPL-2.0-or-later
"""Sequence numbers of RTP (RFC 3550 A.1): restarts, strays, copies, late packets, numbers that stand still; each alone, with early
media, and with audio beside the video."""

import random

import pslib
import pytest
import tables
from gen_ps_streams import packs
from hikpcap import PS_ONLY, Capture, Link, rtp, sdp

pytestmark = pytest.mark.logic

RESTART = "SEQUENCE the sequence numbers of %s restart "
STRAY = "SEQUENCE 1 RTP packet of %s has a sequence number that fits nothing"


class Sent:
    """One packet after the other: numbers as given, timestamps by the time that passes."""

    def __init__(self, call):
        self.call, self.cap, self.frame, self.timestamp, self.pt = call, call.link.capture, 0, 90000, 96

    def send(self, *numbers, wait=0.04, timestamp=None, payload=None):
        for number in numbers:
            if timestamp is not None:
                self.timestamp, timestamp = timestamp, None
            if payload is None:
                data = self.call.frames(self.frame)
                self.frame += 1
            else:
                data = payload
            self.cap.udp(self.call.src, self.call.dst, rtp(data, self.call.ssrc, number, self.timestamp, pt=self.pt, marker=True))
            self.cap.wait(wait)
            self.timestamp += int(wait * 90000)


def in_order(sent):
    sent.send(*range(1, 61))
    return 60, 0, "OK"


def restart(sent):
    sent.send(*range(1, 31), *range(40000, 40030))
    return 60, 0, RESTART + "once"


def restarts(sent):
    sent.send(*range(1, 21), *range(30000, 30020), *range(100, 120))
    return 60, 0, RESTART + "2 times"


def seek(sent):
    """A playback is moved: silence, then other numbers and timestamps, here close to the old ones."""
    sent.send(*range(1, 31))
    sent.cap.wait(2)
    sent.send(*range(200, 230), timestamp=5)
    return 60, 0, RESTART + "once"


def seeks(sent):
    """A playback is moved three times, and each time the numbers are those of the time before last."""
    for first in (1, 300, 5, 290):
        sent.send(*range(first, first + 30), timestamp=first)
        sent.cap.wait(1.5)
    return 120, 0, RESTART + "3 times"


def seeks_at_once(sent):
    """The same numbers again without a silence, and with other bytes: no copies."""
    for first in (0, 0, 20):
        sent.send(*range(first, first + 60))
    return 180, 0, RESTART + "2 times"


def silence_and_loss(sent):
    sent.send(*range(1, 31))
    sent.cap.wait(4)
    sent.send(*range(131, 161), timestamp=sent.timestamp + 4 * 90000)
    return 60, 100, "LOSS 62.5 % (100 of 160 RTP packets from %s lost)"


def stray(sent):
    sent.send(*range(1, 31), 20000, *range(31, 61))
    return 61, 0, STRAY


def empty_zero(sent):
    sent.send(0, payload=b"")
    sent.send(*range(100, 130))
    sent.send(0, payload=b"")
    sent.send(*range(130, 160))
    return 62, 0, "OK"


def still(sent):
    sent.send(*[7] * 60)
    return 60, 0, "RTP packets of %s repeat a sequence number with other bytes"


def late_by_hundreds(sent):
    numbers = list(range(1, 1001))
    sent.send(*numbers[:100], *numbers[101:900], numbers[100], *numbers[900:], wait=0.002)
    return 1000, 0, "OK"


def dropout(sent):
    sent.send(*range(1, 31), *range(3030, 3060))
    return 60, 2999, "LOSS 98.0 % (2999 of 3059 RTP packets from %s lost)"


def beyond_dropout(sent):
    sent.send(*range(1, 31), *range(3031, 3061))
    return 60, 0, RESTART + "once"


def restart_mixed(sent):
    """The first new number is recorded in front of the last old ones."""
    sent.send(*range(1, 29))
    sent.send(40000, 29, 30, 40001, wait=0.004)
    sent.send(*range(40002, 40030))
    return 60, 0, RESTART + "once"


def restart_overtaken(sent):
    """Several new numbers are, one of the old ones is lost, and one comes twice."""
    sent.send(*range(1, 27))
    sent.send(40000, 40001, 27, 29, 40002, 30, 30, wait=0.003)
    sent.send(*range(40003, 40030))
    return 60, 1, "LOSS 1.7 % (1 of 60 RTP packets from %s lost)"


def restart_disordered(sent):
    """The packets around a restart are recorded in any order."""
    sent.send(*range(1, 29))
    sent.send(40001, 29, 40000, 30, 40004, 40002, 40003, wait=0.004)
    sent.send(*range(40005, 40030))
    return 60, 0, RESTART + "once"


CASES = [in_order, restart, restarts, restart_mixed, restart_overtaken, restart_disordered, seek, seeks, seeks_at_once,
         silence_and_loss, stray, empty_zero, still, late_by_hundreds, dropout, beyond_dropout]


def capture(case, early=False, audio=False):
    cap = Capture()
    call = Link(cap).call()
    sent = Sent(call)
    if audio:
        call.invite(body=two(call, 20000))
        call.ok(body=two(call, 40000))
    else:
        call.invite()
        if early:
            cap.udp(call.src, call.dst, rtp(call.frames(0), call.ssrc, 0, 86400, marker=True))
            cap.wait(0.04)
        call.ok()
    call.ack()
    if audio:
        for number in range(20):
            cap.udp((call.src[0], 40010), (call.dst[0], 20010), rtp(b"\x55" * 160, 777, 500 + number, 160 * number, pt=8))
    counts = case(sent)
    call.bye()
    return cap, "%s:%d" % call.src, counts


def two(call, port):
    """An SDP with video and audio."""
    platform = call.caller if port == 20000 else call.callee
    text = sdp(platform.id, platform.ip, port, y=call.offer_y, codecs=PS_ONLY,
               direction="recvonly" if port == 20000 else "sendonly")
    text = text if isinstance(text, str) else text.decode()
    return text + "m=audio %d RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n" % (port + 10)


# In these the first number of all is the point: no early media in front of it.
FIRST_NUMBER = (empty_zero, still, seeks_at_once)
MIXES = [(case, beside) for case in CASES for beside in ("", "early", "audio") if beside != "early" or case not in FIRST_NUMBER]


@pytest.mark.parametrize("case, beside", MIXES, ids=["%s-%s" % (case.__name__, beside or "alone") for case, beside in MIXES])
def test_counts(tshark, case, beside):
    """Packets, losses and the verdict; the same in one pass, two passes and in the GUI's window."""
    cap, source, (packets, lost, verdict) = capture(case, early=beside == "early", audio=beside == "audio")
    row, = tables.printed(tshark, "hikcascade,sessions", cap)
    more = {"": 0, "early": 1, "audio": 20}[beside]
    assert row.cells("RTP", "Lost") == [str(packets + more), str(lost)]
    if beside == "" or not verdict.startswith("LOSS"):
        assert verdict.replace("%s", source) in row.verdict
    assert tables.printed(tshark, "hikcascade,sessions", cap, two_pass=True) == [row]
    assert tables.from_sharkd(tshark, "hikcascade,sessions", cap) == [row]


def losses(tshark, cap, two_pass=True):
    return [(row["rtp.seq"][0]) for row in tshark.fields(cap, ["rtp.seq"], "hikcascade.rtp_lost", two_pass=two_pass)]


def test_what_came_late_is_not_missing(tshark):
    """On a later pass a gap shows what never came; one pass shows what was known."""
    cap = Capture()
    call = Link(cap).call()
    sent = Sent(call)
    call.start()
    sent.send(1, 2, 6, 4, 7, 10, 9, 8, 11)
    found = [(row["rtp.seq"][0], row["_ws.expert.message"][-1]) for row in tshark.fields(
        cap, ["rtp.seq", "_ws.expert.message"], "hikcascade.rtp_lost", two_pass=True)]
    assert found == [("6", "2 RTP packets are missing in front of this one (of sequence 3 to 5; the others come late)")]
    assert losses(tshark, cap, two_pass=False) == ["6", "10"]
    # nor in the program stream
    assert tshark.fields(cap, [], "mp2p.lost && rtp.seq == 10", two_pass=True) == []


def test_restart_is_one_thing(tshark):
    """The table, the tree and the program stream say the same: begun anew, nothing missing."""
    for case, seqs in ((restart, ["40000"]), (restarts, ["30000", "100"])):
        cap, _, _ = capture(case)
        for name in ("hikcascade.sequence", "mp2p.restart"):
            assert [row["rtp.seq"][0] for row in tshark.fields(cap, ["rtp.seq"], name, two_pass=True)] == seqs, name
        assert tshark.fields(cap, [], "mp2p.lost || hikcascade.rtp_lost", two_pass=True) == []


@pytest.mark.parametrize("case", [restart_mixed, restart_overtaken])
def test_mixed_restart_is_one(tshark, case):
    cap, _, _ = capture(case)
    assert [row["rtp.seq"][0] for row in tshark.fields(cap, ["rtp.seq"], "hikcascade.sequence", two_pass=True)] == ["40000"]
    row, = tables.printed(tshark, "hikcascade,sessions", cap)
    assert "restart once" in row.verdict and ("DUPLICATES 1 of 60" in row.verdict) == (case is restart_overtaken)


def test_stray_is_said(tshark):
    cap, _, _ = capture(stray)
    row, = tshark.fields(cap, ["rtp.seq", "_ws.expert.message"], "hikcascade.sequence", two_pass=True)
    assert row["rtp.seq"] == ["20000"]
    assert "Sequence number 20000 fits neither what comes before nor what follows" in row["_ws.expert.message"]


def test_restart_is_told_once(tshark):
    cap, _, _ = capture(restart)
    texts = [text for row in tshark.fields(cap, ["_ws.expert.message"], "_ws.expert", two_pass=True) for text in row["_ws.expert.message"]]
    assert len([text for text in texts if "restart" in text]) == 1


def test_stray_is_no_restart(tshark):
    """Nothing began anew, and nothing was lost that the program stream would have to be found again behind."""
    cap, _, _ = capture(stray)
    assert tshark.fields(cap, [], "mp2p.restart || mp2p.resync || mp2p.lost", two_pass=True) == []


@pytest.mark.parametrize("lost", [False, True], ids=["whole", "one-lost"])
def test_healthy_reordered_call_has_no_notes(tshark, lost):
    """Records some ms out of order: when all is there, nothing is said; what never came still is, with what depends on it."""
    cap = Capture()
    call = Link(cap).call()
    call.start()
    media = list(pslib.packets(packs(pslib.video(30)), call.ssrc, 1, 0, mtu=300))
    rng = random.Random(4)
    order = [packet for _, packet in sorted((number + (rng.random() * 5 if rng.random() < 0.5 else 0), packet)
                                            for number, packet in enumerate(media))]
    if lost:
        order.remove(media[40])
    for packet in order:
        cap.udp(call.src, call.dst, packet)
        cap.wait(0.002)
    call.bye()
    rows = tshark.fields(cap, ["rtp.seq", "_ws.expert.message"], "rtp && _ws.expert", two_pass=True)
    late = tshark.fields(cap, [], "mp2p.late", two_pass=True)
    assert len(late) > 20
    if lost:
        assert 1 <= len(rows) <= 2 and "1 RTP packet is missing in front of this one" in "".join(rows[0]["_ws.expert.message"])
    else:
        assert rows == []


def test_copies_of_everything(tshark):
    """Each packet again a hundred packets later, every twentieth lost."""
    cap = Capture()
    call = Link(cap).call()
    call.start()
    packets = [rtp(call.frames(number), call.ssrc, 1 + number, 3600 * number, marker=True) for number in range(400)]
    kept = [packet for number, packet in enumerate(packets) if number % 20 != 10]
    for number in range(len(kept) + 100):
        for place in (number, number - 100):
            if 0 <= place < len(kept):
                cap.udp(call.src, call.dst, kept[place])
        cap.wait(0.002)
    call.bye()
    row, = tables.printed(tshark, "hikcascade,sessions", cap)
    assert row.cells("RTP", "Lost") == ["760", "20"] and row["Verdict"] == "LOSS"
    assert "5.0 % (20 of 400 RTP packets" in row.verdict
    assert "380 of 760 RTP packets came twice" in row.verdict


def jitter(tshark, cap):
    return [float(row["hikcascade.jitter"][0]) for row in tshark.fields_everywhere(cap, ["hikcascade.jitter"], "rtp")]


def test_jitter(tshark):
    """RFC 3550 A.8: a packet 16 ms late adds a sixteenth of 16 ms."""
    cap = Capture()
    call = Link(cap).call()
    sent = Sent(call)
    call.start()
    cap.gap_us = 0
    sent.send(1, 2, 3)
    cap.wait(0.016)
    sent.timestamp = sent.timestamp
    sent.send(4, 5)
    found = jitter(tshark, cap)
    assert found[:3] == [0, 0, 0]
    assert abs(found[3] - 1.0) < 0.01 and abs(found[4] - 0.9375) < 0.01
    row, = tables.printed(tshark, "hikcascade,sessions", cap)
    assert abs(float(row["Jitter"]) - found[4]) < 0.001


@pytest.mark.parametrize("count, said", [(999, 0), (1000, 1)])
def test_very_many_ssrcs(tshark, count, said):
    cap = Capture()
    call = Link(cap).call()
    call.start()
    for number in range(count):
        cap.udp(call.src, call.dst, rtp(b"\0" * 20, 5000 + number, number, 0))
    assert len(tshark.fields(cap, [], "hikcascade.many_ssrcs")) == said


def test_ssrcs_that_are_never_seen_again(tshark):
    """After the first few thousand a flow gets a parser with its second packet: nothing else changes."""
    cap = Capture()
    call = Link(cap).call()
    call.start()
    for number in range(4200):
        cap.udp(call.src, call.dst, rtp(call.frames(0), 5000 + number, number, 0, marker=True))
    cap.udp(call.src, call.dst, rtp(call.frames(1), 5000 + 4150, 4151, 3600, marker=True))
    for two_pass in (False, True):
        rows = tshark.fields(cap, ["mp2p.pack"], "rtp.ssrc == 9150", two_pass=two_pass)
        assert len(rows) == 2 and rows[1]["mp2p.pack"]
        assert len(tshark.fields(cap, [], "mp2p", two_pass=two_pass)) == 4201
    row, = tables.printed(tshark, "hikcascade,sessions", cap)
    assert row["Verdict"] == "SSRC_MISMATCH" and "SSRC_CHANGED 4200 different SSRCs" in row.verdict


@pytest.mark.parametrize("second, is_rtcp", [(191, False), (192, True), (199, True), (207, True), (223, True), (224, False)])
def test_rtcp_types(tshark, second, is_rtcp):
    """RFC 5761 clause 4: on a port of RTP the types 192 to 223 are RTCP."""
    cap = Capture()
    call = Link(cap).call()
    call.start()
    call.rtp(2)
    cap.udp(call.src, call.dst, bytes([0x80, second, 0, 3]) + b"\0" * 12)
    last = tshark.fields(cap, ["hikcascade.session", "rtp.seq"], "udp.dstport == %d" % call.dst[1], malformed=True)[-1]
    assert last["hikcascade.session"] == ["0"] and bool(last["rtp.seq"]) == (not is_rtcp)


@pytest.mark.parametrize("second, length, rest, is_rtcp", [
    (207, 3, 0, True), (207, 3, 16, True), (207, 3, 17, False), (207, 4, 0, False), (207, 1, 16, True), (200, 4, 0, True), (204, 4, 0, True),
    (199, 4, 0, False), (205, 4, 0, False), (223, 500, 0, False)])
def test_rtcp_lengths(tshark, second, length, rest, is_rtcp):
    """Lengths that do not add up are those of RTP with a marker, unless the type is one of RFC 3550's own."""
    cap = Capture()
    call = Link(cap).call()
    call.start()
    call.rtp(2)
    cap.udp(call.src, call.dst, bytes([0x80, second]) + length.to_bytes(2, "big") + b"\0" * (12 + rest - (8 if length == 1 else 0)))
    row, = tables.printed(tshark, "hikcascade,sessions", cap)
    assert row["RTP"] == ("2" if is_rtcp else "3") and tables.printed(tshark, "hikcascade,sessions", cap, two_pass=True) == [row]


@pytest.mark.parametrize("pt", [72, 77, 80, 95])
def test_payload_types_that_look_like_rtcp(tshark, pt):
    """rtpmap may name them, though RFC 5761 advises against it; 72 to 76 with a marker stay RTCP."""
    cap = Capture()
    codecs = ((pt, "PS/90000"),)
    call = Link(cap).call(pt=pt, offer_codecs=codecs, answer_codecs=codecs)
    call.start()
    sent = Sent(call)
    sent.pt = pt
    sent.send(*range(500, 540))
    call.bye()
    row, = tables.printed(tshark, "hikcascade,sessions", cap)
    assert row.cells("RTP", "Lost", "Key frames") == (["0", "0", "0"] if pt == 72 else ["40", "0", "2"])


@pytest.mark.parametrize("earlier", [True, False])
def test_record_out_of_order_at_the_bye(tshark, earlier):
    """The record of an RTP packet stands behind that of the BYE, and is earlier by its time: it came before the BYE."""
    cap = Capture()
    call = Link(cap).call()
    call.start()
    call.rtp(10)
    call.bye()
    bye = next(number for number, (_, data) in enumerate(cap) if b"BYE sip:" in data)
    cap[bye - 1], cap[bye] = cap[bye], cap[bye - 1]
    if not earlier:
        cap[bye] = (cap[bye - 1][0] + 1000, cap[bye][1])
    said = [message for _, _, message in tshark.expert(cap, "hikcascade.media_after_bye")]
    assert said == ([] if earlier else ["Media 0.001 s after the BYE in frame %d" % bye])
