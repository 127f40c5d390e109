# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls and registrations as they come in the field (gen_field.py): told apart, tied together, judged, and silent where
nothing is wrong."""

import pytest
import tables
from conftest import CAPTURES

import gen_field

pytestmark = pytest.mark.logic

SESSION = "hikcascade.session"
UPPER, LOWER = "Upper media address", "Lower media address"
LINKS = ["hikcascade.invite_in", "hikcascade.answer_in", "hikcascade.ack_in", "hikcascade.bye_in"]
OK = "OK %d RTP packets of H.264 352x288 in %s s from %s to %s"
HERE = ("192.0.2.10:40000", "198.51.100.20:20000")

# capture, one (upper, lower, RTP, lost, state, verdict) per session
ROWS = {
    "twins": [
        ("198.51.100.20:20000", "192.0.2.10:40000", 5, 0, "closed",
         OK % (5, "0.3", *HERE) + "; also RETRANSMITTED INVITE sent 2 times"),
        ("198.51.100.20:20004", "192.0.2.10:40004", 5, 0, "closed",
         OK % (5, "0.3", "192.0.2.10:40004", "198.51.100.20:20004") + "; also RETRANSMITTED INVITE sent 2 times"),
        ("198.51.100.20:20008", "192.0.2.10:7100", 0, 0, "failed",
         "CANCELLED by 198.51.100.20:7100 0.5 s after the INVITE; 192.0.2.10:7100 had answered 100 and no more; "
         "also RETRANSMITTED INVITE sent 2 times"),
    ],
    "passed_on": [
        ("198.51.100.20:20000", "198.51.100.30:40000", 5, 0, "closed",
         OK % (5, "0.3", "198.51.100.30:40000", "198.51.100.20:20000")
         + "; also CASCADE 198.51.100.30 passes this camera on: see session 1"),
        ("198.51.100.30:30000", "192.0.2.10:50000", 5, 0, "closed",
         OK % (5, "0.3", "192.0.2.10:50000", "198.51.100.30:30000")
         + "; also CASCADE 198.51.100.30 passes this camera on: see session 0"),
    ],
    "proxy": [
        ("198.51.100.20:20000", "192.0.2.10:40000", 5, 0, "closed",
         OK % (5, "0.2", *HERE) + "; also RETRANSMITTED INVITE sent 2 times"),
    ],
    "two_addresses": [
        ("198.51.100.20:20000", "198.51.100.30:40000", 5, 0, "closed",
         OK % (5, "0.3", "198.51.100.30:40000", "198.51.100.20:20000")
         + "; also CASCADE 198.51.100.30 passes this camera on: see session 1"),
        ("192.0.2.1:30000", "192.0.2.10:50000", 5, 0, "closed",
         OK % (5, "0.3", "192.0.2.10:50000", "192.0.2.1:30000")
         + "; also CASCADE 192.0.2.1 passes this camera on: see session 0"),
    ],
    "there_and_back": [
        ("198.51.100.20:20000", "192.0.2.10:40000", 30, 0, "closed",
         OK % (30, "1.2", *HERE) + "; also MOVED a re-INVITE renewed the session; its SDP counts"),
    ],
    "reinvite_refused": [("198.51.100.20:20000", "192.0.2.10:40000", 10, 0, "closed", OK % (10, "0.4", *HERE))],
    "reinvite_by_callee": [
        ("198.51.100.20:20000", "192.0.2.10:44444", 10, 0, "closed",
         OK % (10, "0.4", "192.0.2.10:44444", "198.51.100.20:20000")
         + "; also MOVED a re-INVITE renewed the session; its SDP counts"),
    ],
    "update": [
        ("198.51.100.20:31000", "192.0.2.10:40000", 10, 0, "closed",
         OK % (10, "0.4", "192.0.2.10:40000", "198.51.100.20:31000")
         + "; also MOVED a re-INVITE renewed the session; its SDP counts"),
    ],
    "held": [
        ("198.51.100.20:20000", "192.0.2.10:40000", 5, 0, "established",
         OK % (5, "0.2", *HERE) + "; also MOVED a re-INVITE renewed the session; its SDP counts"),
    ],
    "cancel_crosses": [
        ("198.51.100.20:20000", "192.0.2.10:40000", 0, 0, "closed",
         "CANCELLED by 198.51.100.20:7100 3.0 s after the INVITE; the answer of 192.0.2.10:7100 crossed the CANCEL, and the "
         "call was ended by BYE"),
    ],
    "both_say_bye": [("198.51.100.20:20000", "192.0.2.10:40000", 5, 0, "closed", OK % (5, "0.2", *HERE))],
    "looked_away": [
        ("198.51.100.20:20000", "192.0.2.10:40000", 3, 0, "closed", OK % (3, "0.1", *HERE)),
        ("198.51.100.20:20004", "192.0.2.10:40004", 0, 0, "closed",
         "NO_MEDIA 200 OK and ACK, 0 RTP packets to 198.51.100.20:20004 in 0.5 s, then 198.51.100.20:7100 sent BYE, 0.501 s after "
         "the ACK"),
    ],
    "next_camera": [
        ("198.51.100.20:20000", "192.0.2.10:40000", 6, 0, "closed", OK % (6, "0.2", *HERE)),
        ("198.51.100.20:20000", "192.0.2.10:40000", 5, 0, "closed", OK % (5, "0.2", *HERE)),
    ],
    "bye_from_below": [
        ("198.51.100.20:7100", "192.0.2.10:7100", 0, 0, "closed",
         "BEGAN_BEFORE the INVITE is not in the capture"),
    ],
    "info_first": [
        ("198.51.100.20:7100", "192.0.2.10:7100", 0, 0, "closed",
         "BEGAN_BEFORE the INVITE is not in the capture"),
    ],
    "audio_refused": [("198.51.100.20:20000", "192.0.2.10:40000", 5, 0, "closed", OK % (5, "0.2", *HERE))],
    "inside_nat": [
        ("198.51.100.20:20000", "203.0.113.9:40000", 5, 0, "closed",
         OK % (5, "0.2", "203.0.113.9:61000", "10.0.0.5:20000") + "; also UNNEGOTIATED media comes from 203.0.113.9:61000, "
         "not from the port announced, 203.0.113.9:40000"),
    ],
    "elsewhere": [
        ("198.51.100.20:20000", "192.0.2.10:40000", 0, 0, "closed",
         "NO_MEDIA 200 OK and ACK, 0 RTP packets to 198.51.100.20:20000 in 10.2 s, then 198.51.100.20:7100 sent BYE"),
    ],
    "wrong_port": [
        ("198.51.100.20:20000", "192.0.2.10:40000", 5, 0, "closed",
         "WRONG_DESTINATION 5 RTP packets with the SSRC announced go to 198.51.100.20:30000, not to 198.51.100.20:20000"),
    ],
    "one_too_high": [
        ("198.51.100.20:20000", "192.0.2.10:40000", 5, 0, "closed",
         "WRONG_DESTINATION 5 RTP packets with the SSRC announced go to 198.51.100.20:20001, not to 198.51.100.20:20000"),
    ],
    "no_rtp_beside": [("198.51.100.20:20000", "192.0.2.10:40000", 5, 0, "closed", OK % (5, "0.2", *HERE))],
    "neighbours": [
        ("198.51.100.20:20001", "192.0.2.10:40001", 5, 0, "closed",
         OK % (5, "0.2", "192.0.2.10:40001", "198.51.100.20:20001")),
        ("198.51.100.20:20000", "192.0.2.10:40000", 5, 0, "closed", OK % (5, "0.2", *HERE)),
    ],
    "translated": [
        ("198.51.100.20:20000", "192.0.2.10:40000", 5, 0, "closed",
         "WRONG_DESTINATION 5 RTP packets with the SSRC announced go to 198.51.100.99:20000, not to 198.51.100.20:20000; same "
         "port: is the address translated on the way?"),
    ],
    "astray": [
        ("198.51.100.20:20000", "192.0.2.10:40000", 5, 0, "closed",
         "WRONG_DESTINATION 5 RTP packets with the SSRC announced go to 203.0.113.2:4321, not to 198.51.100.20:20000; also "
         "UNNEGOTIATED media comes from 192.0.2.10:45678, not from the port announced, 192.0.2.10:40000"),
    ],
    "astray_ipv6": [
        ("[2001:db8:20::187]:20000", "[2001:db8:10::7]:40000", 5, 0, "closed",
         "WRONG_DESTINATION 5 RTP packets with the SSRC announced go to [2001:db8:20::187]:4321, not to "
         "[2001:db8:20::187]:20000; also UNNEGOTIATED 5 of 5 RTP packets come from [2001:db8:99::1]:45678, which no SDP announced "
         "(announced: [2001:db8:10::7]:40000)"),
    ],
    "passed_on_as_it_is": [("198.51.100.20:20000", "192.0.2.10:40000", 5, 0, "closed", OK % (5, "0.2", *HERE))],
    "other_catalog": [
        ("198.51.100.20:20000", "192.0.2.77:40000", 5, 0, "closed",
         OK % (5, "0.2", "192.0.2.77:40000", "198.51.100.20:20000")),
    ],
}

# capture -> every expert item above a chat
EXPERTS = {
    "reinvite_refused": [(11, "warning", "The re-INVITE is refused with 488: the session goes on as it was")],
    "looked_away": [(10, "warning", "No media: 200 OK and ACK, 0 RTP packets to 198.51.100.20:20004 in 0.5 s, then "
                                   "198.51.100.20:7100 sent BYE, 0.501 s after the ACK")],
    "bye_from_below": [(1, "note", "BYE of a call that is not in this capture: it began before, or there never was one")],
    "audio_refused": [(2, "note", "Media port is 0: this side does without this one of the streams")],
    "inside_nat": [(5, "note", "Media comes from 203.0.113.9:61000, which no SDP of the session announced; it is where the SIP "
                               "comes from (NAT, or another port)")],
    "wrong_port": [(5, "error", "Media with the SSRC announced goes to 198.51.100.20:30000, which its receiver did not announce")],
    "one_too_high": [(5, "error",
                      "Media with the SSRC announced goes to 198.51.100.20:20001, which its receiver did not announce")],
    "translated": [(5, "warning", "Media with the SSRC announced goes to 198.51.100.99:20000, which its receiver did not announce")],
    "astray": [
        (5, "error", "Media with the SSRC announced goes to 203.0.113.2:4321, which its receiver did not announce"),
        (5, "note", "Media comes from 192.0.2.10:45678, which no SDP of the session announced; it is where the SIP "
                    "comes from (NAT, or another port)"),
    ],
    "astray_ipv6": [
        (5, "error", "Media with the SSRC announced goes to [2001:db8:20::187]:4321, which its receiver did not announce"),
        (5, "warning", "Media comes from [2001:db8:99::1]:45678, which no SDP of the session announced"),
    ],
    "elsewhere": [(3, "error", "No media: 200 OK and ACK, 0 RTP packets to 198.51.100.20:20000 in 10.2 s, then 198.51.100.20:7100 "
                               "sent BYE")],
    "answer_missing": [(3, "warning", "No answer to the REGISTER in 3000.0 s")],
    "ran_out": [(3, "warning", "The registration of 34020000002000000001 expired 20.0 s ago (Expires 60) and was not renewed")],
}
REGISTRATIONS = ["redirected", "answer_missing", "stale_nonce", "ran_out", "repeated_keepalive", "silent_to_the_end"]


def session_rows(rows):
    return [(row[UPPER], row[LOWER], int(row["RTP"]), int(row["Lost"]), row["State"], row.verdict) for row in rows]


@pytest.mark.parametrize("name", ROWS)
def test_session_table(tshark, name):
    path = tshark.sandbox.readable(getattr(gen_field, name)())
    one = tables.printed(tshark, "hikcascade,sessions", path)
    assert session_rows(one) == ROWS[name]
    assert tables.printed(tshark, "hikcascade,sessions", path, two_pass=True) == one
    assert tables.from_sharkd(tshark, "hikcascade,sessions", path) == one


@pytest.mark.parametrize("name", [*ROWS, *REGISTRATIONS])
def test_experts(tshark, name):
    capture = tshark.sandbox.readable(getattr(gen_field, name)())
    assert [row for row in tshark.expert(capture) if row[1] != "chat"] == EXPERTS.get(name, [])


@pytest.mark.parametrize("name", ROWS)
def test_every_packet_is_tied(tshark, name):
    """The same links on every packet of a session, however it is read."""
    capture = tshark.sandbox.readable(getattr(gen_field, name)())
    rows = tshark.fields_everywhere(capture, [SESSION, *LINKS], "hikcascade.session", allow_forward=LINKS)
    for session in {row[SESSION][0] for row in rows}:
        for link in LINKS:
            assert len({tuple(row[link]) for row in rows if row[SESSION] == [session]}) == 1, (session, link)


@pytest.mark.parametrize("cseq", [20, 21])
def test_twins(tshark, cseq):
    """Also where the CSeq is the same in all of them: then only branch, To tag and camera tell."""
    rows = tshark.fields_everywhere(gen_field.twins(cseq), [SESSION, "hikcascade.camera"], "sip")
    assert [row[SESSION][0] for row in rows] == list("012" "001122" "22" "22" "01" "01" "10" "00" "11" "00")
    assert all(row["hikcascade.camera"] == ["3402000000132000000%d" % (int(row[SESSION][0]) + 1)] for row in rows)


def test_refused_reinvite_announces_nothing(tshark):
    rows = tshark.fields_everywhere(gen_field.reinvite_refused(), ["hikcascade.expected_ssrc"], "rtp")
    assert [row["hikcascade.expected_ssrc"] for row in rows] == [["201001"]] * 10


def test_who_is_who_without_invite(tshark):
    """Camera and direction are told by the type of the ID where no INVITE tells."""
    names = ["hikcascade.camera", "hikcascade.direction"]
    rows = tshark.fields_everywhere(gen_field.bye_from_below(), names)
    assert [(row[names[0]], row[names[1]]) for row in rows] == [(["34020000001320000001"], ["1"]), (["34020000001320000001"], ["2"])]
    rows = tshark.fields_everywhere(gen_field.info_first(), names)
    assert [(row[names[0]], row[names[1]]) for row in rows] == [(["34020000001320000001"], [way]) for way in "2121"]


# lower ID, upper ID, state, keep-alives, gaps of each pair
PAIRS = {
    "redirected": [("34020000002000000001", "34010000002000000001", "redirected 302", "0", "0"),
                   ("34020000002000000001", "34010000002000000001", "registered", "0", "0")],
    "answer_missing": [("34020000002000000001", "34010000002000000001", "registered", "0", "0")],
    "stale_nonce": [("34020000002000000001", "34010000002000000001", "registered", "0", "0")],
    "ran_out": [("34020000002000000001", "34010000002000000001", "registered", "0", "0")],
    "repeated_keepalive": [("34020000002000000001", "34010000002000000001", "registered", "8", "0")],
    "silent_to_the_end": [("34020000002000000001", "34010000002000000001", "no REGISTER seen", "5", "1"),
                          ("34030000002000000001", "34010000002000000001", "no REGISTER seen", "12", "0")],
    "reinvite_by_callee": [("34020000002000000001", "34010000002000000001", "no REGISTER seen", "0", "0")],
}


@pytest.mark.parametrize("name", PAIRS)
def test_platform_table(tshark, name):
    path = tshark.sandbox.readable(getattr(gen_field, name)())
    rows = tables.printed(tshark, "hikcascade,platforms", path)
    assert [(row[1], row[3], row[5], row[10], row[11]) for row in rows] == PAIRS[name]
    assert tables.printed(tshark, "hikcascade,platforms", path, two_pass=True) == rows
    assert tables.from_sharkd(tshark, "hikcascade,platforms", path) == rows


def test_registered_since_begins_anew(tshark):
    row = tables.printed(tshark, "hikcascade,platforms", tshark.sandbox.readable(gen_field.ran_out()))[0]
    assert row[6:8] == ["2019-12-25 16:47:04", "2019-12-25 16:48:04"]


# ---- what a column or a filter asks for by name

OF_MEDIA = [SESSION, "hikcascade.camera", "hikcascade.camera_name", *LINKS, "hikcascade.first_media_in", "hikcascade.expected_ssrc",
            "hikcascade.jitter"]


@pytest.mark.parametrize("capture", ["combined-udp", "combined-tcp", "handbook"])
def test_fields_alone(tshark, capture):
    """A field that is asked for alone stands without our item among stock's, and is the same as in the whole tree."""
    capture = CAPTURES / (capture + ".pcap")
    whole = tshark.fields(capture, ["hikcascade", *OF_MEDIA], "rtp")
    assert any(row[SESSION] for row in whole)
    for name in OF_MEDIA:
        alone = tshark.fields(capture, [name], "rtp")
        assert [(row["frame"], row[name]) for row in alone] == [(row["frame"], row[name]) for row in whole], name
