# SPDX-License-Identifier: GPL-2.0-or-later
"""The verdict of every call of gen_verdict_calls.py: the whole row of the session table, in one pass, in two, and as the
GUI gets it; and hikcascade.verdict on the INVITE."""

import pytest
import tables

pytestmark = pytest.mark.logic

# camera, upper, lower, SSRC announced, SSRC seen, codec, RTP, lost, key frames, state, verdict
CALLS = {
    "broadcast": [
        ("34020000002000000001", "198.51.100.20:40000", "192.0.2.10:20000", "0000201005", "0000201005", "PCMA", 20, 0, 0, "closed",
         "OK 20 RTP packets in 0.4 s from 198.51.100.20:40000 to 192.0.2.10:20000"),
    ],
    "cancelled": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:7100", "0000201001", "", "PS", 0, 0, 0, "failed",
         "CANCELLED by 198.51.100.20:7100 10.0 s after the INVITE; 192.0.2.10:7100 had not answered at all"),
    ],
    "cascade": [
        ("34020000001320000077", "198.51.100.20:20000", "198.51.100.30:40000", "0000201001", "0000201001", "H.264", 10, 0, 1, "closed",
         "OK 10 RTP packets of H.264 352x288 in 0.7 s from 198.51.100.30:40000 to 198.51.100.20:20000; also "
         "CASCADE 198.51.100.30 passes this camera on: see session 1"),
        ("34020000001320000077", "198.51.100.30:30000", "192.0.2.10:50000", "0000202001", "0000202001", "H.264", 10, 0, 1, "closed",
         "OK 10 RTP packets of H.264 352x288 in 0.7 s from 192.0.2.10:50000 to 198.51.100.30:30000; also "
         "CASCADE 198.51.100.30 passes this camera on: see session 0"),
    ],
    "forked": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "0000201001", "H.264", 10, 0, 1, "closed",
         "OK 10 RTP packets of H.264 352x288 in 0.4 s from 192.0.2.10:40000 to 198.51.100.20:20000; also "
         "FORKED 2 answers with different To tags"),
    ],
    "in-progress-media": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "", "PS", 0, 0, 0, "established",
         "IN_PROGRESS the capture ends 2.0 s after the ACK, before any media"),
    ],
    "in-progress-ringing": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:7100", "0000201001", "", "PS", 0, 0, 0, "ringing",
         "IN_PROGRESS the capture ends 5.0 s after the INVITE, 192.0.2.10:7100 had answered 180"),
    ],
    "in-progress": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:7100", "0000201001", "", "PS", 0, 0, 0, "inviting",
         "IN_PROGRESS the capture ends 3.5 s after the INVITE, before 192.0.2.10:7100 answered; also "
         "RETRANSMITTED INVITE sent 4 times"),
    ],
    "inactive": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "", "PS", 0, 0, 0, "closed",
         "OK no media was asked for (a=inactive)"),
    ],
    "loss-small": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "0000201001", "H.264", 1099, 1, 1, "closed",
         "OK 1099 RTP packets of H.264 352x288 in 2.2 s from 192.0.2.10:40000 to 198.51.100.20:20000; also "
         "LOSS 0.091 % (1 of 1100 RTP packets from 192.0.2.10:40000 lost)"),
    ],
    "loss": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "0000201001", "H.264", 219, 31, 9, "closed",
         "LOSS 12.4 % (31 of 250 RTP packets from 192.0.2.10:40000 lost)"),
    ],
    "media-after-bye": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "0000201001", "H.264", 85, 0, 4, "closed",
         "MEDIA_AFTER_BYE 75 RTP packets up to 3.0 s after the BYE"),
    ],
    "nat": [
        ("34020000001320000001", "198.51.100.20:20000", "192.168.7.7:40000", "0000201001", "0000201001", "H.264", 10, 0, 1, "closed",
         "OK 10 RTP packets of H.264 352x288 in 0.4 s from 203.0.113.9:61000 to 198.51.100.20:20000; also NAT "
         "media comes from 203.0.113.9:61000, where its SIP comes from, instead of 192.168.7.7:40000"),
    ],
    "no-ack": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "", "PS", 0, 0, 0, "established",
         "NO_ACK 192.0.2.10:7100 answered 200, 198.51.100.20:7100 never acknowledged it; also NOT_CAPTURED media is not in this "
         "capture, which holds no RTP at all: it was left out, or none came to 198.51.100.20:20000 in 8.5 s"),
    ],
    "no-answer-five": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:7100", "0000201001", "", "PS", 0, 0, 0, "failed",
         "NO_ANSWER INVITE sent 5 times to 192.0.2.10:7100, no answer in 7.5 s"),
    ],
    "no-answer-trying": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:7100", "0000201001", "", "PS", 0, 0, 0, "failed",
         "NO_ANSWER 192.0.2.10:7100 answered 100 and no more, in 40.0 s"),
    ],
    "no-answer": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:7100", "0000201001", "", "PS", 0, 0, 0, "failed",
         "NO_ANSWER INVITE sent 7 times to 192.0.2.10:7100, no answer in 33.0 s"),
    ],
    "no-bye": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "0000201001", "H.264", 10, 0, 1, "established",
         "NO_BYE media stopped 20.0 s before the end of the capture without a BYE"),
    ],
    "no-key-frame": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "0000201001", "H.264", 61, 0, 0, "closed",
         "NO_KEY_FRAME 61 frames in 12.0 s and no key frame: no decoder can start"),
    ],
    "no-media-private": [
        ("34020000001320000001", "192.168.48.2:26150", "203.0.113.9:40000", "0000201001", "", "PS", 0, 0, 0, "closed",
         "PRIVATE_ADDRESS 192.168.48.2:26150 is private, its peer 203.0.113.9:7100 is public; also NOT_CAPTURED media is not in "
         "this capture, which holds no RTP at all: it was left out, or none came to 192.168.48.2:26150 (private address) in "
         "8.0 s"),
    ],
    "no-media-rtcp": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "", "PS", 0, 0, 0, "closed",
         "NO_MEDIA 200 OK and ACK, 0 RTP packets to 198.51.100.20:20000 in 6.0 s, then 198.51.100.20:7100 sent BYE; "
         "no RTP in the whole capture: was it filtered?; also ONE_WAY 3 RTCP packets but no RTP"),
    ],
    "no-media": [
        ("34020000001320000002", "198.51.100.20:20004", "192.0.2.10:40004", "0000201002", "0000201002", "H.264", 2, 0, 1, "closed",
         "OK 2 RTP packets of H.264 352x288 in 0.0 s from 192.0.2.10:40004 to 198.51.100.20:20004, and none in the last 20.0 s "
         "before the BYE"),
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "", "PS", 0, 0, 0, "closed",
         "NO_MEDIA 200 OK and ACK, 0 RTP packets to 198.51.100.20:20000 in 20.0 s, then 198.51.100.20:7100 sent BYE"),
    ],
    "not-ps": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "0000201001", "H.264", 40, 0, 4, "closed",
         "NOT_PS SDP says PS, but 40 of 40 packets are not a program stream; they look like H.264 (RFC 6184)"),
    ],
    "ok-after-bye": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "0000201001", "H.264", 12, 0, 1, "closed",
         "OK 12 RTP packets of H.264 352x288 in 0.4 s from 192.0.2.10:40000 to 198.51.100.20:20000"),
    ],
    "ok-answer-prevails": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0100007399", "0100007399", "H.264", 10, 0, 1, "closed",
         "OK 10 RTP packets of H.264 352x288 in 0.4 s from 192.0.2.10:40000 to 198.51.100.20:20000"),
    ],
    "ok-challenge": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "0000201001", "H.264", 10, 0, 1, "closed",
         "OK 10 RTP packets of H.264 352x288 in 0.4 s from 192.0.2.10:40000 to 198.51.100.20:20000"),
    ],
    "ok-constant": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0999999999", "0100007399", "H.264", 10, 0, 1, "closed",
         "OK 10 RTP packets of H.264 352x288 in 0.4 s from 192.0.2.10:40000 to 198.51.100.20:20000; also "
         "SSRC_CONSTANT y=0999999999 is Hikvision's constant; RTP carries SSRC 0100007399 (0x05f5fde7)"),
    ],
    "ok-paused": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "0000201001", "H.264", 10, 0, 1, "established, paused",
         "OK 10 RTP packets of H.264 352x288 in 0.4 s from 192.0.2.10:40000 to 198.51.100.20:20000"),
    ],
    "ok-private-inside": [
        ("34020000001320000001", "192.168.48.2:20000", "10.1.1.7:40000", "0000201001", "0000201001", "H.264", 10, 0, 1, "closed",
         "OK 10 RTP packets of H.264 352x288 in 0.4 s from 10.1.1.7:40000 to 192.168.48.2:20000"),
    ],
    "ok-reordered": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "0000201001", "H.264", 13, 0, 1, "closed",
         "OK 13 RTP packets of H.264 352x288 in 0.5 s from 192.0.2.10:40000 to 198.51.100.20:20000; also "
         "DUPLICATES 1 of 13 RTP packets came twice"),
    ],
    "ok-running": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "0000201001", "H.264", 20, 0, 1, "established",
         "OK 20 RTP packets of H.264 352x288 in 0.8 s from 192.0.2.10:40000 to 198.51.100.20:20000"),
    ],
    "ok-ssrc-again": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0100007399", "0100007399", "H.264", 10, 0, 1, "closed",
         "OK 10 RTP packets of H.264 352x288 in 0.4 s from 192.0.2.10:40000 to 198.51.100.20:20000"),
        ("34020000001320000002", "198.51.100.20:20000", "192.0.2.10:40004", "0100007399", "0100007399", "H.264", 10, 0, 1, "closed",
         "OK 10 RTP packets of H.264 352x288 in 0.4 s from 192.0.2.10:40004 to 198.51.100.20:20000"),
    ],
    "ok-unreachable-after-bye": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "0000201001", "H.264", 11, 0, 1, "closed",
         "OK 11 RTP packets of H.264 352x288 in 0.4 s from 192.0.2.10:40000 to 198.51.100.20:20000"),
    ],
    "ok": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201013", "0000201013", "H.264", 60, 0, 3, "closed",
         "OK 60 RTP packets of H.264 352x288 in 2.4 s from 192.0.2.10:40000 to 198.51.100.20:20000"),
    ],
    "one-way": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "0000201001", "PCMA", 20, 0, 0, "closed",
         "ONE_WAY 20 RTP packets to 198.51.100.20:20000, none to 192.0.2.10:40000"),
    ],
    "other-port": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "0000201001", "H.264", 10, 0, 1, "closed",
         "OK 10 RTP packets of H.264 352x288 in 0.4 s from 192.0.2.10:45678 to 198.51.100.20:20000; also "
         "UNNEGOTIATED media comes from 192.0.2.10:45678, not from the port announced, 192.0.2.10:40000"),
    ],
    "payload-type": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "0000201001", "H.264", 10, 0, 1, "closed",
         "PAYLOAD_TYPE 10 of 10 packets from 192.0.2.10:40000 have payload type 100, which no m= line names"),
    ],
    "port-zero": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:0", "0000201001", "", "PS", 0, 0, 0, "closed",
         "PORT_ZERO the SDP of 192.0.2.10:7100 says port 0, which refuses the media"),
    ],
    "private-address": [
        ("34020000001320000001", "192.168.48.2:20000", "203.0.113.9:40000", "0000201001", "0000201001", "H.264", 10, 0, 1, "closed",
         "OK 10 RTP packets of H.264 352x288 in 0.4 s from 203.0.113.9:40000 to 198.51.100.20:20000; also "
         "PRIVATE_ADDRESS 192.168.48.2:20000 is private, its peer 203.0.113.9:7100 is public"),
    ],
    "rejected-challenge": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:7100", "0000201001", "", "PS", 0, 0, 0, "failed",
         "REJECTED 401 by 192.0.2.10:7100, and 198.51.100.20:7100 did not repeat the INVITE with credentials"),
    ],
    "rejected-error-info": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:7100", "0000201001", "", "PS", 0, 0, 0, "failed",
         "REJECTED 488 Not Acceptable Here by 192.0.2.10:7100, error 2207: device offline"),
    ],
    "rejected": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:7100", "0000201001", "", "PS", 0, 0, 0, "failed",
         "REJECTED 486 Busy Here by 192.0.2.10:7100"),
    ],
    "slow-start": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "0000201001", "H.264", 10, 0, 1, "closed",
         "OK 10 RTP packets of H.264 352x288 in 0.4 s from 192.0.2.10:40000 to 198.51.100.20:20000; also "
         "SLOW_START first RTP packet 7.0 s after the answer"),
    ],
    "ssrc-changed": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0100007399", "0100007399", "H.264", 15, 0, 1, "closed",
         "SSRC_CHANGED 2 different SSRCs from 192.0.2.10:40000; 10 of 15 packets carry 0100007399 (0x05f5fde7)"),
    ],
    "ssrc-mismatch-offer": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0100007399", "0000000000", "H.264", 10, 0, 1, "closed",
         "SSRC_MISMATCH RTP from 192.0.2.10:40000 carries SSRC 0000000000 (0x00000000), the INVITE announced 0100007399 (0x05f5fde7)"),
    ],
    "ssrc-mismatch": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0100007399", "0305419896", "H.264", 10, 0, 1, "closed",
         "SSRC_MISMATCH RTP from 192.0.2.10:40000 carries SSRC 0305419896 (0x12345678), the answer announced 0100007399 (0x05f5fde7)"),
    ],
    "ssrc-shared": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0100007399", "0100007399", "H.264", 5, 0, 1, "closed",
         "SSRC_SHARED session 1 has SSRC 0100007399 (0x05f5fde7) at the same time, to the same port"),
        ("34020000001320000002", "198.51.100.20:20000", "192.0.2.10:40004", "0100007399", "0100007399", "H.264", 5, 0, 1, "closed",
         "SSRC_SHARED session 0 has SSRC 0100007399 (0x05f5fde7) at the same time, to the same port"),
    ],
    "talk": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "0000201001", "PCMA", 40, 0, 0, "closed",
         "OK 20 RTP packets in 0.4 s from 192.0.2.10:40000 to 198.51.100.20:20000"),
    ],
    "tcp-no-connection": [
        ("34020000001320000002", "198.51.100.20:20004", "192.0.2.10:40004", "0000201002", "0000201002", "H.264", 2, 0, 1, "closed",
         "OK 2 RTP packets of H.264 352x288 in 0.0 s from 192.0.2.10:40004 to 198.51.100.20:20004"),
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "", "PS", 0, 0, 0, "established",
         "TCP_NO_CONNECTION nobody connected to 198.51.100.20:20000 in 10.0 s"),
    ],
    "tcp-refused": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "", "PS", 0, 0, 0, "closed",
         "TCP_REFUSED 198.51.100.20:20000 refuses the media connection (RST)"),
    ],
    "tcp-role": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "", "PS", 0, 0, 0, "established",
         "TCP_ROLE both sides say a=setup:passive, so nobody connects"),
    ],
    "two-faults": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0100007399", "0000000001", "H.264", 18, 2, 1, "closed",
         "SSRC_MISMATCH RTP from 192.0.2.10:40000 carries SSRC 0000000001 (0x00000001), the answer announced 0100007399 (0x05f5fde7); also LOSS 10.0 % (2 of 20 RTP packets from 192.0.2.10:40000 lost)"),
    ],
    "unnegotiated": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "0000201001", "H.264", 10, 0, 1, "closed",
         "UNNEGOTIATED 10 of 10 RTP packets come from 203.0.113.77:40000, which no SDP announced (announced: "
         "192.0.2.10:40000)"),
    ],
    "unreachable-media": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:40000", "0000201001", "0000201001", "H.264", 6, 0, 1, "closed",
         "UNREACHABLE 198.51.100.20:20000 is reported unreachable by 3 ICMP errors, first in frame 6"),
    ],
    "unreachable": [
        ("34020000001320000001", "198.51.100.20:20000", "192.0.2.10:7100", "0000201001", "", "PS", 0, 0, 0, "failed",
         "UNREACHABLE 192.0.2.10:7100 is reported unreachable by 2 ICMP errors, first in frame 2; also "
         "RETRANSMITTED INVITE sent 2 times"),
    ],
}

# Asked in every way; the others in the two ways that differ most.
SAMPLES = {"ok", "no-answer", "no-media", "ssrc-shared", "loss", "unreachable", "tcp-refused"}


def rows(found):
    """Without the numbers of the sessions, which are checked, the camera's name and the duration."""
    assert [int(row[0]) for row in found] == list(range(len(found)))
    return [(*row.cells("Camera", "Upper media address", "Lower media address", "SSRC announced", "SSRC seen", "Codec"),
             *(int(row[name]) for name in ("RTP", "Lost", "Key frames")), row["State"], row.verdict) for row in found]


@pytest.mark.parametrize("name", sorted(CALLS))
def test_row(tshark, name):
    capture = "verdict-%s.pcap" % name
    one = tables.printed(tshark, "hikcascade,sessions", capture)
    assert rows(one) == CALLS[name]
    if name in SAMPLES:
        assert tables.printed(tshark, "hikcascade,sessions", capture, two_pass=True) == one
    assert tables.from_sharkd(tshark, "hikcascade,sessions", capture) == one


@pytest.mark.parametrize("name", sorted(CALLS))
def test_field(tshark, name):
    """The same sentence on the INVITE of each call, once, and nowhere else; a single pass does not know it yet."""
    capture = "verdict-%s.pcap" % name
    names = ["hikcascade.session", "hikcascade.verdict"]
    filter = "hikcascade.verdict || (hikcascade && sip.Method == INVITE)"
    if name in SAMPLES:
        found = tshark.fields_everywhere(capture, names, filter, allow_forward=["hikcascade.verdict"])
    else:
        found = tshark.fields(capture, names, filter, two_pass=True)
    assert {int(row["hikcascade.session"][0]) for row in found} == set(range(len(CALLS[name])))
    told = set()
    for row in found:
        session = row["hikcascade.session"][0]
        if session not in told or row["hikcascade.verdict"]:
            assert row["hikcascade.verdict"] == [CALLS[name][int(session)][-1]]
        told.add(session)


def test_all_codes():
    """Every code leads a verdict here, or is listed in one; BEGAN_BEFORE, ONE_SIDED and MOVED have captures of their own."""
    said = {part.split(" ")[0] for name in CALLS for row in CALLS[name] for part in row[-1].replace("; also ", "; ").split("; ")}
    for code in ("OK REJECTED UNREACHABLE NO_ANSWER CANCELLED PORT_ZERO TCP_ROLE TCP_REFUSED TCP_NO_CONNECTION NO_ACK NO_MEDIA "
                 "SSRC_MISMATCH NOT_PS PAYLOAD_TYPE ONE_WAY NO_KEY_FRAME LOSS SSRC_SHARED SSRC_CHANGED UNNEGOTIATED "
                 "MEDIA_AFTER_BYE NO_BYE PRIVATE_ADDRESS IN_PROGRESS NAT SSRC_CONSTANT SLOW_START DUPLICATES FORKED "
                 "RETRANSMITTED CASCADE NOT_CAPTURED").split():
        assert code in said, code


@pytest.mark.parametrize("capture, verdicts", [
    ("seed-cascade.pcap", ["OK 50 RTP packets of H.264 352x288 in 2.0 s from 10.69.91.7:5930 to 10.69.80.187:5798"]),
    ("began-before-answer.pcap", ["BEGAN_BEFORE the INVITE is not in the capture, 3 RTP packets are"]),
    ("began-before-bye.pcap", ["BEGAN_BEFORE the INVITE is not in the capture"]),
    ("one-sided-upper.pcap",
     ["ONE_SIDED nothing that 192.0.2.10:7100 sent is in the capture, so media cannot be judged"]),
    ("one-sided-lower.pcap",
     ["ONE_SIDED nothing that 198.51.100.20:7100 sent is in the capture, 5 RTP packets of 192.0.2.10:7100 are"]),
    ("reinvite.pcap",
     ["OK 6 RTP packets of H.264 352x288 in 0.2 s from 192.0.2.10:46000 to 198.51.100.20:26000; "
      "also MOVED a re-INVITE renewed the session; its SDP counts",
      "OK 2 RTP packets of H.264 352x288 in 0.0 s from 192.0.2.10:40004 to 198.51.100.20:20004"]),
    ("two-media.pcap", ["OK 2 RTP packets of H.264 352x288 in 0.1 s from 192.0.2.10:40000 to 198.51.100.20:20000"]),
    ("ipv6.pcap", ["OK 5 RTP packets of H.264 352x288 in 0.2 s from [2001:db8:10::7]:40000 to [2001:db8:20::187]:20000"]),
])
def test_other_captures(tshark, capture, verdicts):
    assert [row.verdict for row in tables.printed(tshark, "hikcascade,sessions", capture)] == verdicts
    assert [row.verdict for row in tables.printed(tshark, "hikcascade,sessions", capture, two_pass=True)] == verdicts
