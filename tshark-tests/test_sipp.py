# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls between two peers with a SIP stack that is not ours (SIPp, see sipppeers.py): session, Info, fields, tables and
verdicts, as exactly as with captures that are made by hand. What a clock or a scheduler decides is left out: times,
and in which frames stand a peer's TCP acknowledgements."""

import re

import pytest
import tables
from sipppeers import EXCHANGES, PACKETS, addresses

LOWER_ID, UPPER_ID = "34020000002000000001", "34010000002000000001"
CAMERA = "3402000000132000000%d"


@pytest.fixture(scope="session")
def sipp(recording_of):
    """sipp(name): the capture of an exchange, who called, who answered."""
    folder = recording_of("sipppeers.py", "HIK_SIPP_PEERS", "complete")
    return lambda name: (folder / (name + ".pcapng"), *addresses(name))


def info(tshark, capture, **options):
    """Protocol and Info of everything but TCP's own segments."""
    return [row[1:] for row in tshark.columns(capture, "sip || rtp || icmp", **options)]


def session_row(tshark, capture):
    """The one row of the session table, without its seconds; the same in one pass, in two and in the GUI."""
    rows = tables.printed(tshark, "hikcascade,sessions", capture)
    assert rows == tables.printed(tshark, "hikcascade,sessions", capture, two_pass=True)
    assert rows == tables.from_sharkd(tshark, "hikcascade,sessions", capture)
    row, = rows
    assert row["Session"] == "0"
    return row, float(row["Seconds"])


# What the session table says of a call, without the verdict and the seconds.
ROW = ["Camera", "Name", "Upper media address", "Lower media address", "SSRC announced", "SSRC seen", "Codec", "Picture", "Frame rate",
       "RTP", "Lost", "Key frames", "State"]


def severe(tshark, capture):
    return [(severity, text) for _, severity, text in tshark.expert(capture, "hikcascade || manscdp || mp2p")
            if severity in ("warning", "error")]


CALL_FIELDS = {
    "hikcascade.subject": ["34020000001320000001:0200004321,34010000002000000001:1"],
    "hikcascade.subject.sender_id": ["34020000001320000001"],
    "hikcascade.subject.sender_seq": ["0200004321"],
    "hikcascade.subject.receiver_id": [UPPER_ID],
    "hikcascade.subject.receiver_seq": ["1"],
    "hikcascade.stream_mode": ["MAIN"],
    "hikcascade.file_size": ["-1"],
    "hikcascade.ssrc": ["200004321"],
    "hikcascade.ssrc.text": ["0200004321"],
    "hikcascade.ssrc.history": ["0"],
    "hikcascade.ssrc.domain": ["20000"],
    "hikcascade.ssrc.serial": ["4321"],
    "hikcascade.format": ["v/2/5/25/1/4096a/1/8/1"],
    "hikcascade.format.video_codec": ["2"],
    "hikcascade.format.resolution": ["5"],
    "hikcascade.format.frame_rate": ["25"],
    "hikcascade.format.rate_type": ["1"],
    "hikcascade.format.bit_rate": ["4096"],
    "hikcascade.format.audio_codec": ["1"],
    "hikcascade.format.audio_bit_rate": ["8"],
    "hikcascade.format.sample_rate": ["1"],
    "hikcascade.media.port": ["5798"],
    "hikcascade.media.rtcp_port": ["5799"],
    "hikcascade.direction": ["2"],
    "hikcascade.session": ["0"],
}
ONLY_OFFER = [name for name in CALL_FIELDS if ".subject" in name or name == "hikcascade.stream_mode"]


@pytest.mark.parametrize("name", ["play", "play-tcp"])
def test_play(tshark, sipp, name):
    capture, upper, lower = sipp(name)
    remark = ", session 0, camera %s | " % (CAMERA % 1)
    media = [("MP2P", "PT=PS, SSRC=0xBEBD2E1, Seq=%d, Time=%d, Mark, PS H.264 %s, 1 packet"
              % (number, number * 3600, "frame" if number else "key frame 352×288")) for number in range(PACKETS)]
    assert info(tshark, capture) == [
        ("SIP/SDP", "INVITE live, video %s:5798, SSRC 0200004321%sRequest: INVITE sip:%s@%s:7100" % (upper, remark, CAMERA % 1, lower)),
        ("SIP", "100 Trying%sStatus: 100 Trying" % remark),
        ("SIP/SDP", "200 OK (INVITE), video %s:5930, SSRC 0200004321%sStatus: 200 OK (INVITE)" % (lower, remark)),
        ("SIP", "ACK%sRequest: ACK sip:%s@%s:7100" % (remark, LOWER_ID, lower)),
        *media,
        ("SIP", "BYE%sRequest: BYE sip:%s@%s:7100" % (remark, LOWER_ID, lower)),
        ("SIP", "200 OK (BYE)%sStatus: 200 OK (BYE)" % remark)]

    row, seconds = session_row(tshark, capture)
    assert re.sub(r"in \d\.\d s", "in T s", row.verdict) == (
        "OK %d RTP packets of H.264 352x288 in T s from %s:5930 to %s:5798" % (PACKETS, lower, upper))
    assert row.cells(*ROW) == [CAMERA % 1, "", upper + ":5798", lower + ":5930", "0200004321", "0200004321", "H.264", "352x288", "25",
                               str(PACKETS), "0", "1", "closed"]
    assert 1.0 <= seconds < 10
    assert severe(tshark, capture) == []

    invite, answer = tshark.fields_everywhere(capture, ["hikcascade.media.addr", *CALL_FIELDS],
                                              'sip.CSeq.method == "INVITE" && sdp')
    assert invite["hikcascade.media.addr"] == [upper] and answer["hikcascade.media.addr"] == [lower]
    assert {key: invite[key] for key in CALL_FIELDS} == CALL_FIELDS
    expected = dict(CALL_FIELDS, **{name: [] for name in ONLY_OFFER})
    expected.update({"hikcascade.media.port": ["5930"], "hikcascade.media.rtcp_port": ["5931"],
                     "hikcascade.direction": ["1"]})
    assert {key: answer[key] for key in CALL_FIELDS} == expected

    links = ["hikcascade.session", "hikcascade.camera", "hikcascade.expected_ssrc", "hikcascade.invite_in",
             "hikcascade.answer_in", "rtp.ssrc"]
    rows = tshark.fields_everywhere(capture, links, "rtp")
    value = {"hikcascade.session": ["0"], "hikcascade.camera": [CAMERA % 1], "hikcascade.expected_ssrc": ["200004321"],
             "hikcascade.invite_in": [str(invite["frame"])], "hikcascade.answer_in": [str(answer["frame"])],
             "rtp.ssrc": ["0x0bebd2e1"]}
    assert [{key: row[key] for key in links} for row in rows] == [value] * PACKETS
    # Nothing but TCP's own segments is outside the session.
    assert tshark.fields(capture, [], "!hikcascade && !(tcp && !sip)") == []

    pair, = tables.printed(tshark, "hikcascade,platforms", capture)
    assert pair[1:6] == [LOWER_ID, lower + ":7100", UPPER_ID, upper + ":7100", "no REGISTER seen"]
    assert pair.cells("Sessions", "Failures") == ["1", "0"]


def test_refused(tshark, sipp):
    capture, upper, lower = sipp("refused")
    remark = ", session 0, camera %s | " % (CAMERA % 2)
    assert info(tshark, capture) == [
        ("SIP/SDP", "INVITE live, video %s:5798, SSRC 0200004322%sRequest: INVITE sip:%s@%s:7100" % (upper, remark, CAMERA % 2, lower)),
        ("SIP", "100 Trying%sStatus: 100 Trying" % remark),
        ("SIP/SDP", "488 Not Acceptable Here (INVITE), error 2207 codec not supported%sStatus: 488 Not Acceptable Here" % remark),
        ("SIP", "ACK%sRequest: ACK sip:%s@%s:7100" % (remark, CAMERA % 2, lower))]
    verdict = "REJECTED 488 Not Acceptable Here by %s:7100, error 2207: codec not supported" % lower
    row, seconds = session_row(tshark, capture)
    assert row.cells(*ROW) == [CAMERA % 2, "", upper + ":5798", lower + ":7100", "0200004322", "", "H265", "", "", "0", "0", "0",
                               "failed"]
    assert row.verdict == verdict
    assert seconds < 5
    rows = tshark.fields(capture, ["hikcascade.verdict", "hikcascade.error_code", "hikcascade.error_text",
                                   "hikcascade.stream_mode", "hikcascade.ssrc.text"], two_pass=True,
                         malformed=True)  # stock SDP, on XML that is called SDP
    assert [list(row.values())[1:] for row in rows] == [
        [[verdict], [], [], ["SUB"], ["0200004322"]], [[], [], [], [], []],
        [[], ["2207"], ["codec not supported"], [], []], [[], [], [], [], []]]
    assert [frame["frame"] for frame in tshark.fields(capture, [], "hikcascade.rejected", two_pass=True,
                                                         malformed=True)] == [3]


def test_unanswered(tshark, sipp):
    """SIPp's own retransmissions."""
    capture, upper, lower = sipp("unanswered")
    invite = ("SIP/SDP", "INVITE live, video %s:5798, SSRC 0200004323, session 0, camera %s | Request: INVITE sip:%s@%s:7100"
              % (upper, CAMERA % 3, CAMERA % 3, lower))
    assert info(tshark, capture) == [invite] * 5
    row, seconds = session_row(tshark, capture)
    assert re.sub(r"in \d\.\d s", "in T s", row.verdict) == "NO_ANSWER INVITE sent 5 times to %s:7100, no answer in T s" % lower
    assert row.cells(*ROW) == [CAMERA % 3, "", upper + ":5798", lower + ":7100", "0200004323", "", "PS", "", "", "0", "0", "0",
                               "failed"]
    assert 1.4 < seconds < 5
    assert len(tshark.fields(capture, [], "hikcascade.no_answer", two_pass=True)) == 1
    assert tables.printed(tshark, "hikcascade,platforms", capture)[0].cells("Sessions", "Failures") == ["1", "1"]


def test_unreachable(tshark, sipp):
    """The kernel's own ICMP errors."""
    capture, upper, lower = sipp("unreachable")
    invite = ("SIP/SDP", "INVITE live, video %s:5798, SSRC 0200004323, session 0, camera %s | Request: INVITE sip:%s@%s:7100"
              % (upper, CAMERA % 3, CAMERA % 3, lower))
    assert info(tshark, capture) == [invite, ("ICMP", "Destination unreachable (Port unreachable)")] * 5
    row, _ = session_row(tshark, capture)
    assert row.cells(*ROW) == [CAMERA % 3, "", upper + ":5798", lower + ":7100", "0200004323", "", "PS", "", "", "0", "0", "0",
                               "failed"]
    assert row.verdict == ("UNREACHABLE %s:7100 is reported unreachable by 5 ICMP errors, first in frame 2; also "
                           "RETRANSMITTED INVITE sent 5 times" % lower)


def test_catalog(tshark, sipp):
    capture, upper, lower = sipp("catalog")
    assert info(tshark, capture) == [
        ("SIP", "Catalog query, %s | Request: MESSAGE sip:%s@%s:7100" % (LOWER_ID, LOWER_ID, lower)),
        ("SIP", "200 OK (MESSAGE), %s | Status: 200 OK (MESSAGE)" % UPPER_ID),
        ("SIP", "Catalog 1/2 items, %s | Request: MESSAGE sip:%s@%s:7100" % (LOWER_ID, UPPER_ID, upper)),
        ("SIP", "200 OK (MESSAGE), %s | Status: 200 OK (MESSAGE)" % LOWER_ID),
        ("SIP", "Catalog 2/2 items, %s | Request: MESSAGE sip:%s@%s:7100" % (LOWER_ID, UPPER_ID, upper)),
        ("SIP", "200 OK (MESSAGE), %s | Status: 200 OK (MESSAGE)" % LOWER_ID)]
    names = ["manscdp.root", "manscdp.cmd_type", "manscdp.sn", "manscdp.device_id", "manscdp.sum_num", "manscdp.num",
             "manscdp.received", "manscdp.item.device_id", "manscdp.item.name", "manscdp.item.status",
             "manscdp.item.parent_id", "manscdp.encoding", "hikcascade.direction"]
    rows = tshark.fields_everywhere(capture, names, "manscdp")
    assert [list(row.values()) for row in rows] == [
        [1, ["Query"], ["Catalog"], ["17"], [LOWER_ID], [], [], [], [], [], [], [], [], ["2"]],
        *([frame, ["Response"], ["Catalog"], ["17"], [LOWER_ID], ["2"], ["1"], [str(count)], [CAMERA % count], [name],
           [status], [LOWER_ID], ["UTF-8"], ["1"]]
          for frame, count, name, status in ((3, 1, "东门", "ON"), (5, 2, "西门", "OFF")))]
    assert tables.printed(tshark, "hikcascade,sessions", capture) == []
    assert "SN 17: 2 of 2 items in 2 messages, complete (frames 3-5)" in tshark.tap("hikcascade,catalog", capture)
    pair, = tables.printed(tshark, "hikcascade,platforms", capture)
    assert pair[1:5] == [LOWER_ID, lower + ":7100", UPPER_ID, upper + ":7100"]
    assert severe(tshark, capture) == []


def test_register(tshark, sipp):
    capture, lower, upper = sipp("register")
    assert info(tshark, capture) == [
        ("SIP", "REGISTER, %s | Request: REGISTER sip:%s@%s:7100  (1 binding)" % (LOWER_ID, UPPER_ID, upper)),
        ("SIP", "401 Unauthorized (REGISTER), %s | Status: 401 Unauthorized" % LOWER_ID),
        ("SIP", "REGISTER, %s | Request: REGISTER sip:%s@%s:7100  (1 binding)" % (LOWER_ID, UPPER_ID, upper)),
        ("SIP", "200 OK (REGISTER), %s | Status: 200 OK (REGISTER)  (1 binding)" % LOWER_ID),
        ("SIP", "Keepalive OK, %s | Request: MESSAGE sip:%s@%s:7100" % (LOWER_ID, UPPER_ID, upper)),
        ("SIP", "200 OK (MESSAGE), %s | Status: 200 OK (MESSAGE)" % LOWER_ID)]
    pair, = tables.printed(tshark, "hikcascade,platforms", capture)
    assert pair[:6] == ["0", LOWER_ID, lower + ":7100", UPPER_ID, upper + ":7100", "registered"]
    assert pair.cells("Expires", "Keep-alives", "Gaps", "Sessions", "Failures", "Unanswered") == ["3600", "1", "0", "0", "0", "0"]
    rows = tshark.fields_everywhere(capture, ["hikcascade.direction"])
    assert [row["hikcascade.direction"] for row in rows] == [["1"], ["2"]] * 3
    assert severe(tshark, capture) == []


def test_every_exchange_is_looked_at():
    assert set(EXCHANGES) == {"register", "catalog", "play", "play-tcp", "refused", "unanswered", "unreachable"}
