# SPDX-License-Identifier: GPL-2.0-or-later
"""Expert information of the session, of the pair of platforms and of the RTP: every item of the verdict's captures, exactly,
so that a healthy call that says anything fails as well as a sick one that says nothing."""

import pytest

# (frame, field behind "hikcascade.", severity, message)
EXPECTED = {
    "platforms-auth-loop": [
        (4, "auth_loop", "warning",
         "REGISTER is refused with 401 2 times in a row: wrong user name, password or realm"),
        (6, "auth_loop", "warning",
         "REGISTER is refused with 401 3 times in a row: wrong user name, password or realm"),
    ],
    "platforms-catalog-part": [
        (5, "not_in_catalog", "note",
         "34020000001320000009 is not in the Catalog that this capture holds (which may be a part of it)"),
    ],
    "platforms-expired": [
        (5, "registration_expired", "warning",
         "The registration of 34020000002000000001 expired 30.0 s ago (Expires 60) and was not renewed"),
    ],
    "platforms-keepalive-missed": [
        (11, "keepalive_missed", "warning",
         "No keep-alive of 34020000002000000001 for 200.0 s, more than 3 periods of 60.0 s: the upper "
         "platform takes it for offline"),
    ],
    "platforms-not-in-catalog": [
        (5, "not_in_catalog", "warning", "34020000001320000009 is not in the Catalog that this capture holds"),
    ],
    "platforms-register-refused": [
        (2, "rejected", "warning", "The REGISTER is refused with 403"),
    ],
    "platforms-registered": [],
    "platforms-two-pairs": [
        (21, "rejected", "error", "The INVITE is refused with 404 Not Found: there will be no media"),
    ],
    "verdict-broadcast": [],
    "verdict-cancelled": [],
    "verdict-cascade": [],
    "verdict-forked": [],
    "verdict-in-progress-media": [],
    "verdict-in-progress-ringing": [],
    "verdict-in-progress": [],
    "verdict-inactive": [],
    "verdict-loss-small": [
        (505, "rtp_lost", "note", "1 RTP packet is missing in front of this one (sequence 501 to 501)"),
    ],
    "verdict-nat": [
        (5, "unnegotiated_source", "note",
         "Media comes from 203.0.113.9:61000, which no SDP of the session announced; it is where the SIP "
         "comes from (NAT, or another port)"),
    ],
    "verdict-no-ack": [],
    "verdict-no-answer-five": [
        (1, "no_answer", "error", "No answer: INVITE sent 5 times to 192.0.2.10:7100, no answer in 7.5 s"),
    ],
    "verdict-no-answer-trying": [
        (1, "no_answer", "error", "No answer: 192.0.2.10:7100 answered 100 and no more, in 40.0 s"),
    ],
    "verdict-no-answer": [
        (1, "no_answer", "error", "No answer: INVITE sent 7 times to 192.0.2.10:7100, no answer in 33.0 s"),
    ],
    "verdict-no-bye": [],
    "verdict-no-key-frame": [],
    "verdict-no-media-private": [
        (1, "private_address", "note",
         "Media is asked for at 192.168.48.2:26150: a private address, and the peer is public; without a "
         "NAT helper it cannot arrive"),
        (3, "private_address", "warning",
         "Private address: 192.168.48.2:26150 is private, its peer 203.0.113.9:7100 is public"),
    ],
    "verdict-no-media-rtcp": [
        (3, "no_media", "error",
         "No media: 200 OK and ACK, 0 RTP packets to 198.51.100.20:20000 in 6.0 s, then "
         "198.51.100.20:7100 sent BYE; no RTP in the whole capture: was it filtered?"),
    ],
    "verdict-no-media": [
        (9, "no_media", "error", "No media: 200 OK and ACK, 0 RTP packets to 198.51.100.20:20000 in 20.0 s, then "
         "198.51.100.20:7100 sent BYE"),
    ],
    "verdict-not-ps": [
        (5, "payload_not_declared", "error",
         "The SDP says MPEG program stream, but 40 of 40 packets are none; they look like H.264 (RFC "
         "6184)"),
    ],
    "verdict-ok-after-bye": [
        (17, "media_after_bye", "note", "Media 0.002 s after the BYE in frame 15"),
        (18, "media_after_bye", "note", "Media 0.042 s after the BYE in frame 15"),
    ],
    "verdict-ok-answer-prevails": [],
    "verdict-ok-challenge": [],
    "verdict-ok-constant": [
        (3, "ssrc_constant", "note",
         "Both sides announce Hikvision's constant SSRC 0999999999: it does not tell streams apart, only "
         "the ports do"),
    ],
    "verdict-ok-paused": [],
    "verdict-ok-private-inside": [],
    "verdict-ok-reordered": [],  # what came late is not missing
    "verdict-ok-running": [],
    "verdict-ok-ssrc-again": [],
    "verdict-ok-unreachable-after-bye": [
        (17, "media_after_bye", "note", "Media 0.002 s after the BYE in frame 15"),
    ],
    "verdict-ok": [],
    "verdict-one-way": [],
    "verdict-other-port": [
        (5, "unnegotiated_source", "note",
         "Media comes from 192.0.2.10:45678, which no SDP of the session announced; it is where the SIP "
         "comes from (NAT, or another port)"),
    ],
    "verdict-payload-type": [
        (5, "payload_not_declared", "warning", "Payload type 100 is in no m= line of the session"),
        (5, "payload_not_declared", "note", "The SDP says nothing for payload type 100, the payload looks like MPEG program stream"),
    ],
    "verdict-port-zero": [
        (3, "port_zero", "note", "Media port is 0: this side refuses the stream"),
        (3, "port_zero", "error", "No media: the SDP of 192.0.2.10:7100 says port 0, which refuses the media"),
    ],
    "verdict-private-address": [
        (1, "private_address", "note",
         "Media is asked for at 192.168.48.2:20000: a private address, and the peer is public; without a "
         "NAT helper it cannot arrive"),
    ],
    "verdict-rejected-challenge": [],
    "verdict-rejected-error-info": [
        (3, "rejected", "error",
         "The INVITE is refused with 488 Not Acceptable Here, device error 2207, device offline: there "
         "will be no media"),
    ],
    "verdict-rejected": [
        (3, "rejected", "error", "The INVITE is refused with 486 Busy Here: there will be no media"),
    ],
    "verdict-slow-start": [],
    "verdict-ssrc-changed": [
        (15, "ssrc_changed", "warning",
         "The SSRC changes from 0100007399 (0x05f5fde7) to 0000004711 (0x00001267) in the middle of the session: the receiver may drop the "
         "stream"),
    ],
    "verdict-ssrc-mismatch-offer": [
        (3, "ssrc_missing", "note", "SDP answer has no y= line: the SSRC is not announced"),
        (5, "ssrc_mismatch", "error",
         "RTP carries SSRC 0000000000 (0x00000000), y= announced 0100007399 (0x05f5fde7): the receiver may drop the stream"),
    ],
    "verdict-ssrc-mismatch": [
        (5, "ssrc_mismatch", "error",
         "RTP carries SSRC 0305419896 (0x12345678), y= announced 0100007399 (0x05f5fde7): the receiver may drop the stream"),
    ],
    "verdict-ssrc-shared": [
        (3, "ssrc_shared", "warning",
         "SSRC in use twice: session 1 has SSRC 0100007399 (0x05f5fde7) at the same time, to the same port"),
        (7, "ssrc_shared", "warning",
         "SSRC in use twice: session 0 has SSRC 0100007399 (0x05f5fde7) at the same time, to the same port"),
    ],
    "verdict-talk": [],
    "verdict-tcp-no-connection": [
        (11, "tcp_no_connection", "error", "No media connection: nobody connected to 198.51.100.20:20000 in 10.0 s"),
    ],
    "verdict-tcp-refused": [
        (3, "tcp_no_connection", "error",
         "No media connection: 198.51.100.20:20000 refuses the media connection (RST)"),
    ],
    "verdict-tcp-role": [
        (3, "tcp_role_conflict", "note", "Both sides say a=setup:passive: both listen, nobody connects"),
        (3, "tcp_role_conflict", "error", "No media connection: both sides say a=setup:passive, so nobody connects"),
    ],
    "verdict-two-faults": [
        (5, "ssrc_mismatch", "error",
         "RTP carries SSRC 0000000001 (0x00000001), y= announced 0100007399 (0x05f5fde7): the receiver may drop the stream"),
        (10, "rtp_lost", "warning", "2 RTP packets are missing in front of this one (sequence 6 to 7)"),
    ],
    "verdict-unnegotiated": [
        (5, "unnegotiated_source", "warning",
         "Media comes from 203.0.113.77:40000, which no SDP of the session announced"),
    ],
    "verdict-unreachable-media": [],
    "verdict-unreachable": [],
}

# What only the end of the capture tells: shown from the second pass on.
OUTCOMES = {"No media", "No media connection", "Private address"}
AT_THE_END = {"no_answer", "no_media", "tcp_no_connection", "ssrc_shared"}


def experts(tshark, capture, two_pass=True):
    found = []
    for packet in tshark.packets(capture, "_ws.expert", two_pass):
        for item in packet.fields("_ws.expert"):
            names = [child.name for child in item.children if child.name.startswith("hikcascade.")]
            values = {child.name: child.show for child in item.children}
            if names:
                found.append((packet.number, names[0][len("hikcascade."):], SEVERITY[int(values["_ws.expert.severity"], 0)],
                              values["_ws.expert.message"]))
    return found


SEVERITY = {0x00200000: "chat", 0x00400000: "note", 0x00600000: "warning", 0x00800000: "error"}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_items(tshark, name):
    assert experts(tshark, name + ".pcap") == EXPECTED[name]


# The other way of asking costs time: one capture per item that a single pass can know, and some that it cannot.
@pytest.mark.parametrize("name", ["platforms-auth-loop", "platforms-catalog-part", "platforms-expired",
                                  "platforms-keepalive-missed", "verdict-no-media-private", "verdict-ok-constant",
                                  "verdict-payload-type", "verdict-rejected-error-info", "verdict-ssrc-changed",
                                  "verdict-tcp-role", "verdict-two-faults", "verdict-unnegotiated"])
def test_single_pass(tshark, name):
    known = [row for row in EXPECTED[name] if row[1] not in AT_THE_END and row[3].split(":")[0] not in OUTCOMES]
    assert experts(tshark, name + ".pcap", two_pass=False) == known


def test_lost(tshark):
    """Every gap is shown on the packet behind it, in every way of reading."""
    names = ["hikcascade.rtp_lost", "rtp.seq"]
    found = tshark.fields_everywhere("verdict-loss.pcap", names, "hikcascade.rtp_lost")
    lost = set(range(9, 257, 8)) - {249} | {102}
    assert [int(row["rtp.seq"][0]) for row in found] == sorted(number + 1 for number in lost if number <= 250)


def test_media_after_bye(tshark):
    """Within a second it was on its way; what comes later is a fault."""
    found = experts(tshark, "verdict-media-after-bye.pcap")
    assert {row[1] for row in found} == {"media_after_bye"}
    assert [row[0] for row in found] == list(range(17, 92))
    assert [row[2] for row in found] == ["note"] * 25 + ["warning"] * 50
    assert found[0][3] == "Media 0.002 s after the BYE in frame 15"
    assert found[-1][3] == "Media 2.962 s after the BYE in frame 15"
    assert experts(tshark, "verdict-media-after-bye.pcap", two_pass=False) == found


def test_bye_without_dialog(tshark):
    assert experts(tshark, "began-before-bye.pcap")[0][1:3] == ("bye_without_dialog", "note")
    assert not [row for row in experts(tshark, "seed-cascade.pcap") if row[1] == "bye_without_dialog"]


def test_seed_is_healthy(tshark):
    """Nothing above a note on the whole cascade, from anybody."""
    assert [row for row in tshark.expert("seed-cascade.pcap") if row[1] in ("warning", "error")] == []


def test_sharkd(tshark):
    """The GUI shows what two passes show."""
    for name, field in (("verdict-no-media", "no_media"), ("verdict-no-answer", "no_answer"), ("verdict-ssrc-shared", "ssrc_shared"),
                        ("verdict-ssrc-mismatch", "ssrc_mismatch")):
        frames = tshark.sharkd(name + ".pcap", [("frames", {"filter": "hikcascade." + field})])[0]
        assert [frame["num"] for frame in frames] == [row[0] for row in EXPECTED[name] if row[1] == field]


def test_all_items(tshark):
    """Every expert item of the contract exists."""
    fields = {line.split("\t")[2] for line in tshark.run(["-G", "fields"]).splitlines() if line.startswith("F\t")}
    for name in ("ssrc_mismatch ssrc_constant ssrc_missing ssrc_malformed ssrc_shared no_answer rejected no_media "
                 "private_address port_zero unnegotiated_source tcp_role_conflict tcp_no_connection rtp_lost ssrc_changed "
                 "payload_not_declared media_after_bye content_length sdp_broken_line auth_loop registration_expired "
                 "keepalive_missed bye_without_dialog id_not_20_digits not_in_catalog verdict first_media_in").split():
        assert "hikcascade." + name in fields, name


def test_first_media(tshark):
    """The link to the first RTP packet, on SIP and media alike."""
    found = tshark.fields_everywhere("seed-cascade.pcap", ["hikcascade.first_media_in", "hikcascade.session"],
                                     "hikcascade.session && !rtcp", allow_forward=["hikcascade.first_media_in"])
    assert {tuple(row["hikcascade.first_media_in"]) for row in found} == {("9",)}
