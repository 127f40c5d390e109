# SPDX-License-Identifier: GPL-2.0-or-later
"""Every fault with everything that may stand around it: gen_combined.py says by construction what is right."""

import re

import pytest
import tables
from conftest import REPO
from gen_combined import ENDS, FAULTS, FRAMES, VIDEO_ONLY, WAYS, Ended, Expected, Mixed, MixedTcp
from gen_copies import copied, other_hop
from hikpcap import Capture, Link, Platform

pytestmark = pytest.mark.logic

CODES = "|".join(re.findall(r'\[HIK_CODE_\w+\] = "(\w+)"', (REPO / "plugin/verdict/verdict.c").read_text()))
NEXT = re.compile(r"; (?:also )?(?=(?:%s)\b)" % CODES)


def findings(verdict):
    """{code: sentence} of a verdict, in its order."""
    return dict((part.split(" ", 1) + [""])[:2] for part in NEXT.split(verdict))


def link_of(cap, server):
    """server: media have another address than SIP."""
    return Link(cap, Platform("34020000002000000001", "192.0.2.10", media_ip="192.0.2.200" if server else None),
                Platform("34010000002000000001", "198.51.100.20", media_ip="198.51.100.200" if server else None))


def wrong(row, expected):
    """What is wrong about a row of the session table; "" if nothing."""
    found, said = findings(row.verdict), []
    if set(found) != set(expected.codes):
        said.append("codes %s instead of %s" % (" ".join(sorted(found)), " ".join(sorted(expected.codes))))
    for code, words in expected.codes.items():
        said += ["%s lacks %s" % (code, word) for word in words if not re.search(word, found.get(code, ""))]
    for column, value in (("RTP", expected.rtp), ("Lost", expected.lost), ("Key frames", expected.key_frames)):
        if value is not None and row[column] != str(value):
            said.append("%s %s instead of %s" % (column, row[column], value))
    return "; ".join(said)


def check(tshark, cap, calls, invites=True):
    """calls: [(name, Expected)] in the order of the sessions. invites: their INVITEs are in the capture."""
    one = sorted(tables.printed(tshark, "hikcascade,sessions", cap), key=lambda row: int(row[0]))
    assert len(one) == len(calls)
    bad = [(name, wrong(row, expected), row.verdict) for row, (name, expected) in zip(one, calls) if expected and wrong(row, expected)]
    assert not bad, "%d of %d\n" % (len(bad), len(calls)) + "\n".join("%s: %s\n    %s" % one for one in bad)
    for other in (tables.printed(tshark, "hikcascade,sessions", cap, two_pass=True), tables.from_sharkd(tshark, "hikcascade,sessions", cap)):
        assert sorted(other, key=lambda row: int(row[0])) == one
    rows = tshark.fields_everywhere(cap, ["hikcascade.session", "hikcascade.verdict"], "hikcascade.session && sip.Method == INVITE",
                                    allow_forward=["hikcascade.verdict"])
    rows = [row for row in rows if row["hikcascade.verdict"]]
    told = {int(row["hikcascade.session"][0]): row["hikcascade.verdict"][0] for row in rows}
    assert told == {int(row[0]): row.verdict for row in one if invites}


# Any two of three together, and none; on one version of Wireshark, and the first two on the others.
PAIRS = [(False, False, False), (True, True, False), pytest.param(True, False, True, marks=pytest.mark.once),
         pytest.param(False, True, True, marks=pytest.mark.once)]


def named(*names):
    return ["-".join(name for name, on in zip(names, getattr(one, "values", one)) if on) or "plain" for one in PAIRS]


@pytest.mark.parametrize("server, moves, copies", PAIRS, ids=named("server", "moves", "copies"))
def test_udp(tshark, server, moves, copies):
    cap, calls = Capture(), []
    link = link_of(cap, server)
    for fault in FAULTS:
        for on in ("video", "audio"):
            for early in (False, True):
                for audio in ((False, True) if on == "video" else (True,)):
                    if on == "audio" and fault in VIDEO_ONLY:
                        continue
                    one = Mixed(link, fault, on, early, audio, moves).play()
                    calls.append(("%s of the %s%s%s" % (fault, on, " early" * early, " audio" * audio), one.expected(copies)))
    check(tshark, copied(cap, change=other_hop) if copies else cap, calls)


@pytest.mark.parametrize("server, moves, copies", PAIRS, ids=named("server", "moves", "copies"))
def test_end_of_the_call(tshark, server, moves, copies):
    """What ends a call, or does not, with what its media shows; records of both directions stamped by clocks 3 ms apart."""
    cap, calls = Capture(), []
    link = link_of(cap, server)
    for how in ENDS:
        for fault in ("healthy", "loss", "payload_type", "restart", "swapped"):
            for early in (False, True):
                for on in ("video", "audio"):
                    one = Ended(link, how, fault=fault, on=on, early=early, audio=early, moves=moves).play()
                    calls.append(("%s, %s of the %s%s" % (how, fault, on, " early" * early), one.expected(copies)))
    cap.wait(12)
    link.register()
    cap = copied(cap, change=other_hop) if copies else cap
    from_camera = bytes((192, 0, 2))
    late = Capture()
    late.extend(sorted(((time + (3000 if data[26:29] == from_camera else 0), data) for time, data in cap), key=lambda packet: packet[0]))
    check(tshark, late, calls)


def test_calls_that_do_not_come_about(tshark):
    """A CANCEL and an answer that comes late, or no answer at all, beside early media and audio; and again with copies."""
    for copies in (False, True):
        cap, calls = Capture(), []
        link = link_of(cap, False)
        Mixed(link).play()
        calls.append(("another call with media", None))
        for answered in (False, True):
            for audio in (False, True):
                one = Mixed(link, audio=audio)
                for _ in range(1 if answered else 5):
                    one.call.invite(body=one.offer())
                    cap.wait(1)
                if answered:
                    one.call.cancel()
                    cap.wait(2)
                    one.call.ok(body=one.answer())
                    one.call.ack()
                    one.call.bye()
                    one.found.say("CANCELLED", "a late 200 of 192.0.2.10:7100 came 2.0 s after that, and the call was ended by BYE$")
                else:
                    one.found.say("NO_ANSWER", "^INVITE sent 5 times to 192.0.2.10:7100, no answer in")
                if copies:
                    one.found.say("COPIES")
                one.found.key_frames = 0
                calls.append(("answered late" if answered else "unanswered", one.found))
        cap.wait(1)
        link.keepalive()
        check(tshark, copied(cap, change=other_hop) if copies else cap, calls)


IN_A_CONNECTION = ("healthy", "loss", "ssrc_changed", "restart", "stray", "payload_type", "wrong_ssrc", "encrypted", "junk", "bare")


@pytest.mark.parametrize("early, moves, copies", PAIRS, ids=named("early", "moves", "copies"))
def test_tcp(tshark, early, moves, copies):
    cap, calls = Capture(), []
    link = link_of(cap, not early)
    for way in WAYS:
        for fault in IN_A_CONNECTION:
            for on, audio in (("video", False), ("video", True), ("audio", True)):
                if on == "audio" and fault in VIDEO_ONLY:
                    continue
                if way in FRAMES and (on == "audio" or fault in ("ssrc_changed", "wrong_ssrc") and way in ("tag", "bare")):
                    continue # such frames are told by a known SSRC or a program stream
                if way == "missing" and fault == "bare":
                    continue # without its parameter sets it may be a private format
                if way == "connects_elsewhere" and (moves or early or on == "audio" or fault == "wrong_ssrc"):
                    continue # a connection that no SDP names is believed to be the one that is waited for, and by its SSRC
                one = MixedTcp(link, way, fault, on, early=early, audio=audio, moves=moves).play()
                calls.append(("%s, %s of the %s%s" % (way, fault, on, " audio" * audio), one.expected(copies)))
    check(tshark, copied(cap, change=other_hop) if copies else cap, calls)


# What needs the SDP of both sides.
BY_BOTH = ("stranger", "other_port", "through_nat", "wrong_port", "wrong_address", "wrong_port_and_ssrc", "other_line", "absent")


@pytest.mark.parametrize("moves, copies", [(False, False), (True, True)], ids=["plain", "moves-copies"])
def test_one_direction(tshark, moves, copies):
    """The capture holds what the lower platform sends, and nothing of the upper one."""
    cap, calls = Capture(), []
    link = link_of(cap, False)
    for fault in FAULTS:
        for on, audio in (("video", False), ("video", True), ("audio", True)):
            if fault in BY_BOTH or on == "audio" and fault in VIDEO_ONLY:
                continue
            for early in (False, True):
                if early and fault == "bare":
                    continue # without its first parameter sets it may be a private format
                one = Mixed(link, fault, on, early, audio, moves, before_answer_counts=False).play()
                expected = one.expected(copies)
                expected.codes.pop("OK", None)
                expected.codes.pop("MOVED", None) # the re-INVITE is the upper platform's
                expected.say("ONE_SIDED", "^nothing that 198.51.100.20:7100 sent is in the capture, %d RTP packets of 192.0.2.10:7100 are$" % (
                    expected.rtp))
                calls.append(("%s of the %s%s%s" % (fault, on, " early" * early, " audio" * audio), expected))
    cap = cap.only_from("192.0.2.10")
    check(tshark, copied(cap, change=other_hop) if copies else cap, calls, invites=False)


def test_other_direction(tshark):
    """The capture holds what the upper platform sends: nothing can be said of the media."""
    cap, calls = Capture(), []
    link = link_of(cap, False)
    for fault in ("healthy", "loss", "payload_type", "wrong_port"):
        for early in (False, True):
            for moves in (False, True):
                Mixed(link, fault, "video", early, True, moves).play()
                expected = Expected()
                expected.say("ONE_SIDED", "^nothing that 192.0.2.10:7100 sent is in the capture, so media cannot be judged$")
                if moves:
                    expected.say("MOVED")
                calls.append((fault, expected))
    check(tshark, cap.only_from("198.51.100.20"), calls)
