# SPDX-License-Identifier: GPL-2.0-or-later
"""Sessions: which packets belong to which call, under everything a capture does to a dialog."""

import pytest

import gen_odd
from hikpcap import Capture, Link, Platform, rtp

pytestmark = pytest.mark.logic

LINKS = ["hikcascade.session", "hikcascade.invite_in", "hikcascade.answer_in", "hikcascade.ack_in", "hikcascade.bye_in"]


def sessions(tshark, capture, **options):
    """{frame: (session, INVITE, 200, ACK, BYE)} of every frame with a session; 0 for what is not known. One pass, two
    passes and sharkd agree on it."""
    rows = tshark.fields_everywhere(capture, LINKS, "hikcascade.session", allow_forward=LINKS[1:], **options)
    return {row["frame"]: tuple(int(row[name][0]) if row[name] else 0 for name in LINKS) for row in rows}


def everyone(first, last, *links):
    return {frame: links for frame in range(first, last + 1)}


# capture: what sessions() gives. The last frame of the range is the last of the capture unless a test says so.
WHOLE = {
    "ip-fragments.pcap": {frame: (0, 2, 6, 7, 11) for frame in (2, 3, 6, 7, 8, 9, 10, 11, 12)},
    "ipv6.pcap": everyone(3, 15, 0, 3, 5, 6, 14),
    "no-bye.pcap": everyone(1, 9, 0, 1, 3, 4, 0),
    "began-before-answer.pcap": everyone(1, 9, 0, 0, 1, 2, 8),
    "began-before-bye.pcap": everyone(1, 2, 0, 0, 0, 0, 1),
    "one-sided-upper.pcap": everyone(1, 4, 0, 1, 0, 2, 4),
    "one-sided-lower.pcap": everyone(1, 9, 0, 0, 2, 0, 0),
    "retransmissions.pcap": everyone(1, 15, 0, 1, 5, 7, 12),
    "cancel.pcap": everyone(1, 7, 0, 1, 0, 7, 0),
    "error-info.pcap": everyone(1, 4, 0, 1, 0, 4, 0),
    "rtcp-port.pcap": everyone(1, 11, 0, 1, 3, 4, 10),
    "media-after-bye.pcap": everyone(1, 12, 0, 1, 3, 4, 8),
    "media-before-answer.pcap": everyone(1, 10, 0, 1, 5, 6, 9),
    "out-of-order.pcap": everyone(1, 8, 0, 2, 4, 3, 8),
    "in-dialog.pcap": everyone(1, 12, 0, 1, 3, 4, 11),
    "two-media.pcap": everyone(1, 11, 0, 1, 3, 4, 10),
    "raw-h264.pcap": everyone(1, 13, 0, 1, 3, 4, 12),
    "port-reuse.pcap": {**everyone(1, 11, 0, 1, 3, 4, 10), **everyone(12, 22, 1, 12, 14, 15, 21),
                        **everyone(23, 33, 2, 23, 25, 26, 32)},
    "reinvite.pcap": {**{frame: (0, 1, 3, 4, 22) for frame in (1, 2, 3, 4, *range(9, 20), 22, 23)},
                      **{frame: (1, 5, 7, 8, 24) for frame in (5, 6, 7, 8, 20, 21, 24, 25)}},
}


@pytest.mark.parametrize("capture", sorted(WHOLE))
def test_sessions(tshark, capture):
    # Stock finds the ErrorInfo body, which calls itself SDP, malformed.
    assert sessions(tshark, capture, malformed=capture == "error-info.pcap") == WHOLE[capture]


def test_a_hundred_at_once(tshark):
    """The same two hosts, every packet in its own session; what is checked is the camera and the ports."""
    cap = gen_odd.many(100, 2)
    names = ["hikcascade.session", "hikcascade.camera", "hikcascade.expected_ssrc", "udp.dstport", "rtp.ssrc",
             "hikcascade.invite_in", "hikcascade.answer_in"]
    rows = tshark.fields_everywhere(cap, names, "rtp || rtcp")
    assert len(rows) == 400
    for number, row in enumerate(rows):
        call = number % 100 if number < 200 else (number - 200) // 2
        assert row["hikcascade.session"] == [str(call)]
        assert row["hikcascade.camera"] == ["34020000001320%06d" % (call + 1)]
        assert row["hikcascade.invite_in"] == [str(call + 1)]
        assert row["hikcascade.answer_in"] == [str(call + 201)]
        assert row["hikcascade.expected_ssrc"] == ["%d" % (201001 + call)]
        if number < 200:
            assert row["rtp.ssrc"] == ["0x%08x" % (201001 + call)]
            assert row["udp.dstport"] == [str(20000 + 4 * call)]
    signalling = tshark.fields(cap, ["hikcascade.session"], "sip")
    assert [row["hikcascade.session"] for row in signalling] == (
        [[str(call)] for _ in range(4) for call in range(100)] + [[str(call)] for call in range(100) for _ in range(2)])


def test_direction_needs_no_registration(tshark):
    """Who INVITEs a camera is the upper platform."""
    rows = tshark.fields_everywhere("port-reuse.pcap", ["hikcascade.direction"], "sip")
    expected = (["2"], ["1"], ["1"], ["2"], ["2"], ["1"])
    assert [row["hikcascade.direction"] for row in rows] == list(expected) * 3


def test_direction_is_not_guessed(tshark):
    """A BYE alone tells who called by the camera in its To; where no device stands, nothing is better than wrong."""
    rows = tshark.fields_everywhere("began-before-bye.pcap", ["hikcascade.direction"], "sip")
    assert [row["hikcascade.direction"] for row in rows] == [["2"], ["1"]]
    cap = Capture()
    call = Link(cap).call(camera="34020000002160000001")
    call.bye()
    rows = tshark.fields_everywhere(cap, ["hikcascade.direction"], "sip")
    assert [row["hikcascade.direction"] for row in rows] == [[], []]
    for row in tshark.fields_everywhere("one-sided-lower.pcap", ["hikcascade.direction"], "sip"):
        assert row["hikcascade.direction"] in ([], ["1"])


def test_bye_answer_of_another_call_is_tied(tshark):
    """The seed's own: nothing fits but CSeq and the addresses."""
    rows = tshark.fields_everywhere("seed-cascade.pcap", ["sip.Call-ID", "hikcascade.session", "hikcascade.bye_in"],
                                    "frame.number >= 63")
    assert [row["sip.Call-ID"] for row in rows] == [["918077789"], ["3357339688"]]
    assert [row["hikcascade.session"] for row in rows] == [["0"], ["0"]]
    assert [row["hikcascade.bye_in"] for row in rows] == [["63"], ["63"]]


def test_stray_answer_is_not_tied_to_any_call(tshark):
    """200 to a BYE of another CSeq number, with nothing else that fits: belongs to no session we know."""
    cap = Capture()
    link = Link(cap)
    call = link.call()
    call.start()
    call.bye()
    other = link.call(camera="34020000001320000099")
    core = other.in_dialog("BYE", cseq=77, send=False)
    other.answer_to(core)
    rows = tshark.fields(cap, ["hikcascade.session"], "sip")
    assert [row["hikcascade.session"] for row in rows[:6]] == [["0"]] * 6
    assert rows[6]["hikcascade.session"] != ["0"]


def test_tied_by_branch(tshark):
    """An answer whose Call-ID was rewritten on the way, but whose Via branch is its request's."""
    cap = Capture()
    link = Link(cap)
    first, second = link.call(), link.call()
    first.start()
    second.start()
    for call in (second, first):
        core = call.in_dialog("BYE")
        core = [(name, "rewritten-%s" % value if name == "Call-ID" else value) for name, value in core]
        call.answer_to(core)
    rows = tshark.fields_everywhere(cap, ["hikcascade.session"], "sip")
    assert [row["hikcascade.session"] for row in rows[8:]] == [["1"], ["1"], ["0"], ["0"]]


def test_same_call_id_again(tshark):
    """A device that starts over with the Call-ID of a finished call: a new session."""
    cap = Capture()
    link = Link(cap)
    link.call(call_id="same", from_tag="a", to_tag="b").play(2)
    cap.wait(60)
    link.call(call_id="same", from_tag="c", to_tag="d", branch="another").play(2)
    rows = tshark.fields_everywhere(cap, ["hikcascade.session"], "hikcascade.session")
    assert [row["hikcascade.session"] for row in rows] == [["0"]] * 10 + [["1"]] * 10


def test_same_call_id_from_other_hosts(tshark):
    """Two cascades number their calls alike."""
    cap = Capture()
    for number in (1, 2):
        link = Link(cap, Platform("34020000002000000001", "192.0.2.%d" % (10 * number)),
                    Platform("34010000002000000001", "198.51.100.%d" % (10 * number)))
        link.call(call_id="1", from_tag="1%d" % number, to_tag="2%d" % number).play(2)
    rows = tshark.fields_everywhere(cap, ["hikcascade.session"], "hikcascade.session")
    assert [row["hikcascade.session"] for row in rows] == [["0"]] * 10 + [["1"]] * 10


def test_media_after_bye_stays_until_the_port_is_used_again(tshark):
    """Late packets of the first call are its own as long as nobody else has its port; then they are the second's."""
    cap = Capture()
    link = Link(cap)
    first = link.call(offer_port=20000, answer_port=40000)
    first.start()
    first.bye()
    first.rtp(1)
    second = link.call(offer_port=20000, answer_port=40000)
    second.start()
    second.rtp(1)
    rows = tshark.fields_everywhere(cap, ["hikcascade.session"], "rtp")
    assert [row["hikcascade.session"] for row in rows] == [["0"], ["1"]]


def test_rtp_from_elsewhere_to_the_offered_port(tshark):
    """Network address translation: the source is not what the answer said."""
    cap = Capture()
    call = Link(cap).call(rtp_src=("203.0.113.9", 61234))
    call.start()
    call.rtp(2)
    rows = tshark.fields_everywhere(cap, ["hikcascade.session", "hikcascade.expected_ssrc"], "rtp")
    assert [row["hikcascade.session"] for row in rows] == [["0"], ["0"]]


def test_udp_that_is_nobody_s_is_left_alone(tshark):
    """Beside the session's ports."""
    cap = Capture()
    call = Link(cap).call()
    call.start()
    cap.udp((call.answer_ip, call.answer_port + 2), (call.offer_ip, call.offer_port + 2),
            rtp(b"\0" * 40, 1, 1, 1))
    assert [row["frame"] for row in tshark.fields_everywhere(cap, [], "hikcascade")] == [1, 2, 3, 4]


def test_rejected_and_called_again(tshark):
    """Two INVITEs of a hunt: the refused one is a session of its own."""
    cap = Capture()
    link = Link(cap)
    first = link.call()
    first.invite()
    first.status("486 Busy Here")
    first.ack(branch=first.branch)
    second = link.call()
    second.play(1)
    assert sessions(tshark, cap) == {**everyone(1, 3, 0, 1, 0, 3, 0), **everyone(4, 12, 1, 4, 6, 7, 11)}


def test_digest_challenge_keeps_the_session(tshark):
    """INVITE, 401, ACK, the same INVITE with credentials: one call."""
    cap = Capture()
    call = Link(cap).call()
    call.invite()
    call.status("401 Unauthorized", headers=[("WWW-Authenticate", 'Digest realm="hik",nonce="1"')])
    call.ack(branch=call.branch)
    call.cseq += 1
    call.branch += "x"
    call.invite(headers=[("Authorization", 'Digest username="x",realm="hik",nonce="1",uri="sip:a",response="0"')])
    call.ok()
    call.ack()
    call.rtp(1)
    call.bye()
    assert sessions(tshark, cap) == everyone(1, 9, 0, 1, 5, 6, 8)


def test_whole_numbers_after_reload(tshark):
    """sharkd loads the capture twice: the second time starts at session 0 again."""
    capture = tshark.sandbox.readable("port-reuse.pcap")
    answers = tshark.sharkd(capture, [("frames", {"filter": "hikcascade.session == 2"}), ("load", {"file": str(capture)}),
                                      ("frames", {"filter": "hikcascade.session == 2"}),
                                      ("frames", {"filter": "hikcascade.session > 2"})])
    assert [frame["num"] for frame in answers[0]] == list(range(23, 34))
    assert [frame["num"] for frame in answers[2]] == list(range(23, 34))
    assert answers[3] == []


def test_filter_of_a_session_shows_all_of_it(tshark):
    rows = tshark.fields_everywhere("reinvite.pcap", ["frame.number"], "hikcascade.session == 1")
    assert [row["frame"] for row in rows] == [5, 6, 7, 8, 20, 21, 24, 25]


def test_expert_table(tshark):
    """-z expert builds no tree; what we found must be in it all the same, in one pass and in two."""
    def rows(capture, two_pass):
        lines = tshark.tap("expert", capture, two_pass=two_pass).splitlines()
        return [line.split(None, 3)[2:] for line in lines if "HIKCASCADE" in line]

    for two_pass in (False, True):
        assert rows("error-info.pcap", two_pass) == [
            ["HIKCASCADE", "The INVITE is refused with 488 Not Acceptable Here, device error 2207, device offline: "
                           "there will be no media"]]
        assert rows("odd-y-6.pcap", two_pass) == [
            ["HIKCASCADE", "y= has 6 digits instead of ten: Hikvision devices do not answer such an INVITE"]]
        assert rows("media-after-bye.pcap", two_pass) == [
            ["HIKCASCADE", "Media 0.002 s after the BYE in frame 8"],
            ["HIKCASCADE", "Media 0.042 s after the BYE in frame 8"]]
