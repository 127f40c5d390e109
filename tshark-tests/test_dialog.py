# SPDX-License-Identifier: GPL-2.0-or-later
"""What ends a call, which SDP counts, how many forks answered (gen_dialog.py): the row of the session table in one pass, in
two and in sharkd, and what the packets say."""

import pytest

import gen_dialog
import tables

pytestmark = pytest.mark.logic

HERE = "192.0.2.10:40000 to 198.51.100.20:20000"
MOVED = "192.0.2.10:31000 to 198.51.100.20:30000"
OK = "OK %d RTP packets of H.264 352x288 in %s s from " + HERE
CANCELLED = "CANCELLED by 198.51.100.20:7100 5.0 s after the INVITE; "
LATE = CANCELLED + "a late 200 of 192.0.2.10:7100 came 1.0 s after that"
IN_VAIN = ("; also CANCELLED by 198.51.100.20:7100 3.0 s after the INVITE, but 192.0.2.10:7100 answered 200 %s s after that, and the "
           "call went on")
UNANSWERED = "; nothing answered the CANCEL"
GAVE_UP = "CANCELLED by 198.51.100.20:7100 3.0 s after the INVITE; 192.0.2.10:7100 had answered 100 and no more"
NOTHING = "NO_MEDIA 200 OK and ACK, 0 RTP packets to 198.51.100.20:20004 in %s s, then %s:7100 sent BYE"
REINVITE = "; also MOVED a re-INVITE renewed the session; its SDP counts"
MOVED_OK = "OK 55 RTP packets of H.264 352x288 in 2.2 s from " + MOVED + REINVITE
FORKED = "; also FORKED 2 answers with different To tags"
FORK_LEFT = ("closed", "52", OK % (52, "2.1") + FORKED)
FORK_ALONE = ("closed", "50", OK % (50, "2.0") + FORKED)
AT_END = ("NO_BYE the file was at its end (MediaStatus 121) 40.0 s before the end of the capture; 198.51.100.20:7100 sent "
          "no BYE")

# name: (capture, (state, RTP, verdict) of the last session)
CALLS = {
    "bye-challenged": (lambda: gen_dialog.bye_refused(), ("closed", "95", OK % (95, "3.8"))),
    "bye-refused": (lambda: gen_dialog.bye_refused("403 Forbidden"), ("closed", "95", OK % (95, "3.8"))),
    "bye-refused-by-below": (lambda: gen_dialog.bye_refused("500 Server Error", "lower"), ("closed", "95", OK % (95, "3.8"))),
    "bye-refused-last": (lambda: gen_dialog.bye_refused(again=False), ("established", "95", OK % (95, "3.8"))),
    "bye-481": (gen_dialog.bye_gone, ("closed", "95", "MEDIA_AFTER_BYE 75 RTP packets up to 3.0 s after the BYE")),
    "bye-408": (lambda: gen_dialog.bye_gone("408 Request Timeout"),
                ("closed", "95", "MEDIA_AFTER_BYE 75 RTP packets up to 3.0 s after the BYE")),
    "bye-refused-for-good": (gen_dialog.bye_refused_for_good, (
        "established", "25", "NO_BYE media stopped 12.0 s before the end of the capture; the BYE was refused with 403")),
    "bye-both": (gen_dialog.bye_crossed_and_refused,
                 ("closed", "55", "MEDIA_AFTER_BYE 50 RTP packets up to 2.0 s after the BYE")),
    "late-200": (gen_dialog.late_answer, ("closed", "55", MOVED_OK)),
    "late-200-three-times": (lambda: gen_dialog.late_answer(3), ("closed", "55", MOVED_OK.replace("2.2 s", "2.3 s"))),
    "late-200-before-its-successor": (lambda: gen_dialog.late_answer(2, "invite"), (
        "closed", "55", MOVED_OK.replace("2.2 s", "2.3 s"))),
    "late-invite": (gen_dialog.late_invite, ("closed", "55", MOVED_OK + "; RETRANSMITTED INVITE sent 2 times")),
    "forks": (gen_dialog.forks, ("closed", "10", OK % (10, "0.4") + "; also FORKED 2 answers with different To tags")),
    "fork-left": (gen_dialog.fork_left, FORK_LEFT),
    "fork-left-first": (lambda: gen_dialog.fork_left(kept_first=False), FORK_ALONE),
    "fork-left-without-ack": (lambda: gen_dialog.fork_left(acked=False), FORK_LEFT),
    "fork-left-by-itself": (lambda: gen_dialog.fork_left(sender="lower"), FORK_LEFT),
    "fork-left-tcp": (lambda: gen_dialog.fork_left(transport="TCP"), FORK_LEFT),
    "fork-left-bye-again": (lambda: gen_dialog.fork_left(again=True), ("closed", "52", FORK_LEFT[2].replace("2.1 s", "2.6 s"))),
    "fork-left-at-1.999": (lambda: gen_dialog.fork_left(1.999), ("closed", "52", FORK_LEFT[2].replace("2.1 s", "4.0 s"))),
    "fork-left-too-late": (lambda: gen_dialog.fork_left(2.001, alike=True),
                           ("closed", "52", "MEDIA_AFTER_BYE 50 RTP packets up to 2.0 s after the BYE; also FORKED 2 answers with "
                            "different To tags")),
    "new-tag-each-time": (gen_dialog.new_tag_each_time, ("closed", "55", OK % (55, "2.2") + FORKED)),
    "forks-left-both": (lambda: gen_dialog.new_tag_each_time(True),
                        ("closed", "50", "MEDIA_AFTER_BYE 50 RTP packets up to 2.0 s after the BYE" + FORKED)),
    "fork-left-alike": (lambda: gen_dialog.fork_left(alike=True), FORK_LEFT),
    "no-fork": (lambda: gen_dialog.forks(0), ("closed", "10", OK % (10, "0.4"))),
    "raw-tag": (gen_dialog.raw_tag, ("closed", "5", OK % (5, "0.2") + "; also RETRANSMITTED INVITE sent 4 times")),
    "raw-tag-utf16": (lambda: gen_dialog.raw_tag(b"\xd8\x00\xfe"),
                      ("closed", "5", OK % (5, "0.2") + "; also RETRANSMITTED INVITE sent 4 times")),
    "cancel-late-200": (gen_dialog.cancelled_late, ("failed", "0", LATE)),
    "cancel-late-200-media": (lambda: gen_dialog.cancelled_late(media=50), ("failed", "50", LATE + " and 50 RTP packets")),
    "cancel-late-200-bye": (lambda: gen_dialog.cancelled_late(ack=True, bye=True),
                            ("closed", "0", LATE + ", and the call was ended by BYE")),
    "cancel-taken-back": (lambda: gen_dialog.cancelled_late(ack=True, media=50), (
        "established", "50", OK % (50, "2.0") + "; also " + CANCELLED.replace("; ", ", but ") + "192.0.2.10:7100 answered 200 1.0 s "
        "after that, and the call went on")),
    "cancel-unanswered": (gen_dialog.cancel_unanswered, ("closed", "50", OK % (50, "2.0") + IN_VAIN % "1.0" + UNANSWERED)),
    "cancel-unanswered-twice": (lambda: gen_dialog.cancel_unanswered(sent=2), (
        "closed", "50", OK % (50, "2.0") + IN_VAIN % "1.5" + UNANSWERED + ", sent 2 times")),
    "cancel-unanswered-short": (lambda: gen_dialog.cancel_unanswered(play=20), (
        "closed", "20", LATE.replace("5.0", "3.0") + " and 20 RTP packets, and the call was ended by BYE" + UNANSWERED)),
    "cancel-unanswered-crosses": (lambda: gen_dialog.cancel_unanswered(0.4), (
        "closed", "50", OK % (50, "2.0") + IN_VAIN.replace("192.0.2.10:7100 answered 200 %s s after that", "the answer of "
                                                          "192.0.2.10:7100 crossed the CANCEL") + UNANSWERED)),
    "cancel-crosses-and-is-answered": (lambda: gen_dialog.cancel_unanswered(0.4, cancelled=True), ("closed", "50", OK % (50, "2.0"))),
    "cancel-unanswered-at-31.9": (lambda: gen_dialog.cancel_unanswered(answered=False, wait=30.9), ("failed", "0", GAVE_UP)),
    "cancel-unanswered-at-32": (lambda: gen_dialog.cancel_unanswered(answered=False, wait=31), ("failed", "0", GAVE_UP + UNANSWERED)),
    "cancel-sent-4-times": (lambda: gen_dialog.cancel_unanswered(sent=4, answered=False), ("failed", "0", GAVE_UP)),
    "cancel-sent-5-times": (lambda: gen_dialog.cancel_unanswered(sent=5, answered=False), (
        "failed", "0", GAVE_UP + UNANSWERED + ", sent 5 times")),
    "cancel-crosses": (lambda: gen_dialog.cancelled_late(0.49),
                       ("failed", "0", CANCELLED + "the answer of 192.0.2.10:7100 crossed the CANCEL")),
    "cancel-late-enough": (lambda: gen_dialog.cancelled_late(0.51),
                           ("failed", "0", CANCELLED + "a late 200 of 192.0.2.10:7100 came 0.5 s after that")),
    "device-hangs-up": (gen_dialog.device_hangs_up,
                        ("closed", "0", NOTHING % ("0.1", "192.0.2.10") + ", 0.060 s after the ACK")),
    "caller-hangs-up": (lambda: gen_dialog.device_hangs_up(sender="upper"),
                        ("closed", "0", NOTHING % ("0.1", "198.51.100.20") + ", 0.060 s after the ACK")),
    "device-hangs-up-before-the-ack": (lambda: gen_dialog.device_hangs_up(acked=False),
                                       ("closed", "0", NOTHING % ("0.1", "192.0.2.10") + ", 0.060 s after the answer")),
    "hangs-up-at-1.999": (lambda: gen_dialog.device_hangs_up(1.999),
                          ("closed", "0", NOTHING % ("2.0", "192.0.2.10") + ", 1.999 s after the ACK")),
    "hangs-up-at-2": (lambda: gen_dialog.device_hangs_up(2.0), ("closed", "0", NOTHING % ("2.0", "192.0.2.10"))),
    "download-at-its-end": (gen_dialog.file_end, ("established", "20", AT_END)),
    "playback-at-its-end": (lambda: gen_dialog.file_end("Playback"), ("established", "20", AT_END)),
    "told-outside-the-dialog": (lambda: gen_dialog.file_end(inside=False), ("established", "20", AT_END)),
    "live-has-no-end": (lambda: gen_dialog.file_end("Play", inside=False), (
        "established", "20", "NO_BYE media stopped 40.0 s before the end of the capture without a BYE")),
    "another-media-status": (lambda: gen_dialog.file_end(kind="120"), (
        "established", "20", "NO_BYE media stopped 40.0 s before the end of the capture without a BYE")),
    "download-ended-by-bye": (lambda: gen_dialog.file_end(bye=True), (
        "closed", "20", OK % (20, "0.8") + ", to the end of the file (MediaStatus 121)")),
    "download-without-media": (gen_dialog.file_end_without_media, (
        "closed", "0", NOTHING % ("6.0", "198.51.100.20") + "; MediaStatus 121 said after 3.0 s that the file was at its end")),
    "download-without-media-hasty": (lambda: gen_dialog.file_end_without_media(0.1, 0.1), (
        "closed", "0", NOTHING % ("0.2", "198.51.100.20") + ", 0.200 s after the ACK; MediaStatus 121 said after 0.1 s that the file was "
        "at its end")),
    "download-without-bye": (lambda: gen_dialog.file_end_without_media(1, 2, bye=False), (
        "established", "0", "IN_PROGRESS the capture ends 1.0 s after the ACK, before any media; MediaStatus 121 said after 1.0 s that "
        "the file was at its end")),
    "download-bye-refused": (gen_dialog.file_end_bye_refused, (
        "established", "20", "NO_BYE the file was at its end (MediaStatus 121) 15.0 s before the end of the capture; the BYE was refused "
        "with 403")),
    "pause-refused-by-rtsp": (gen_dialog.pause, ("established", "10", OK % (10, "0.4"))),
    "pause-edge-refused": (lambda: gen_dialog.pause("RTSP/1.0 300 Multiple Choices"), ("established", "10", OK % (10, "0.4"))),
    "pause-refused-by-info": (gen_dialog.pause_refused_by_info, ("established", "10", OK % (10, "0.4"))),
    "pause-refused-by-info-without-cseq": (lambda: gen_dialog.pause_refused_by_info(cseq=""), ("established", "10", OK % (10, "0.4"))),
    "pause-refused-by-info-at-300": (lambda: gen_dialog.pause_refused_by_info("300 Multiple Choices"), ("established", "10", OK % (10, "0.4"))),
    "pause-granted-by-info": (lambda: gen_dialog.pause_refused_by_info("200 OK"), ("established, paused", "10", OK % (10, "0.4"))),
    "pause-refused-by-info-of-another": (lambda: gen_dialog.pause_refused_by_info(cseq="CSeq: 3\r\n"),
                                         ("established, paused", "10", OK % (10, "0.4"))),
    "pause-refused-by-its-sender": (lambda: gen_dialog.pause_refused_by_info(sender="upper"),
                                    ("established, paused", "10", OK % (10, "0.4"))),
    "pause-granted": (lambda: gen_dialog.pause("RTSP/1.0 200 OK"), ("established, paused", "10", OK % (10, "0.4"))),
}


@pytest.mark.parametrize("name", sorted(CALLS))
def test_calls(tshark, name):
    make, expected = CALLS[name]
    path = tshark.sandbox.readable(make())
    one = tables.printed(tshark, "hikcascade,sessions", path)
    assert one == tables.printed(tshark, "hikcascade,sessions", path, two_pass=True)
    assert one == tables.from_sharkd(tshark, "hikcascade,sessions", path)
    assert (one[-1]["State"], one[-1]["RTP"], one[-1].verdict) == expected
    assert len(one) == (2 if "hangs-up" in name or "download-without" in name else 1)


def test_media_between_a_bye_and_its_refusal(tshark):
    """What came while the BYE was not refused yet is after that BYE, on every pass; nothing behind the refusal is."""
    cap, link, call = gen_dialog.begin()
    call.start().rtp(2)                        # frames 5 and 6
    core = call.in_dialog("BYE", link.upper)   # 7
    call.rtp(1)                                # 8
    call.answer_to(core, link.lower, status="401 Unauthorized")  # 9
    call.rtp(2)                                # 10, 11
    call.bye()                                 # 12, 13
    cap.wait(2)
    call.rtp(1)                                # 14
    for two_pass in (False, True):
        assert [row for row in tshark.expert(cap, "rtp", two_pass=two_pass) if "BYE" in row[2]] == [
            (8, "note", "Media 0.001 s after the BYE in frame 7"),
            (14, "warning", "Media 2.002 s after the BYE in frame 12"),
        ]


def test_refused_bye_says_so(tshark):
    rows = tshark.expert(gen_dialog.bye_refused("403 Forbidden"))
    assert [row for row in rows if row[1] in ("warning", "error")] == [
        (26, "warning", "The BYE is refused with 403: the call goes on")]


def test_media_after_a_refused_bye_is_the_calls(tshark):
    rows = tshark.fields_everywhere(gen_dialog.bye_refused(), ["hikcascade.session", "hikcascade.media_after_bye"], "rtp")
    assert [(row["hikcascade.session"], row["hikcascade.media_after_bye"]) for row in rows] == [(["0"], [])] * 95


def test_no_call_id_is_no_session(tshark):
    path = tshark.sandbox.readable(gen_dialog.no_call_id())
    assert tables.printed(tshark, "hikcascade,sessions", path) == []
    rows = tshark.fields_everywhere(path, ["hikcascade.session", "hikcascade.media.port"], "sip")
    assert [(row["hikcascade.session"], row["hikcascade.media.port"]) for row in rows] == [([], ["20000"]), ([], ["20004"])]


@pytest.mark.parametrize("kind", ["121", "122", "120"])
@pytest.mark.parametrize("session,tied", [("Download", True), ("Playback", True), ("Play", False)])
def test_media_status_outside_the_dialog(tshark, kind, session, tied):
    """It is about the one recording of its camera that goes on, and so is its answer."""
    cap = gen_dialog.file_end(session, kind=kind, inside=False)
    rows = tshark.fields_everywhere(cap, ["hikcascade.session", "hikcascade.invite_in"], "sip.CSeq.method == MESSAGE")
    assert [row["hikcascade.session"] for row in rows] == [["0"] if tied else []] * 2 + [[], []]
    assert [row["hikcascade.invite_in"] for row in rows[:2]] == [["1"] if tied else []] * 2


def test_media_status_of_one_of_two(tshark):
    """Two recordings of the camera go on: nobody can tell which one is meant; when one has ended, the other."""
    cap, link, call = gen_dialog.begin(session="Download", t="1700000000 1700000060")
    other = link.call(session="Playback", camera=call.camera, t="1700000000 1700000060")
    xml = gen_dialog.MEDIA_STATUS % (call.camera, "122")
    call.start().rtp(2)
    other.start().rtp(2)
    link.manscdp(link.lower, xml)
    call.bye()
    link.manscdp(link.lower, xml)
    rows = tshark.fields_everywhere(cap, ["hikcascade.session"], "sip.CSeq.method == MESSAGE")
    assert [row["hikcascade.session"] for row in rows] == [[], [], ["1"], ["1"]]


@pytest.mark.parametrize("sender,severity", [("lower", "error"), ("upper", "warning")])
def test_who_hangs_up(tshark, sender, severity):
    """A sender that hangs up has nothing to send; a receiver may only have looked at something else."""
    rows = tshark.expert(gen_dialog.device_hangs_up(sender=sender), "sip")
    assert [row[1] for row in rows if row[2].startswith("No media")] == [severity]
