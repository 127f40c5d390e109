# SPDX-License-Identifier: GPL-2.0-or-later
"""What an SDP says that cannot be so: a private c= of a side whose SIP comes from a public address, a port of 0 with media
all the same, a payload type without rtpmap. Each alone and with early media, audio beside it and over TCP."""

import re

import pytest
import tables
from test_expert import experts
from gen_combined import Mixed
from hikpcap import PS_ONLY, Call, Capture, Link, Platform, rtcp_sr, rtp, sdp
from test_combined import check

pytestmark = pytest.mark.logic

LOWER_INSIDE = Platform("34020000002000000001", "192.168.1.10")
UPPER_OUTSIDE = Platform("34010000002000000001", "203.0.113.20")
UPPER_INSIDE = Platform("34010000002000000001", "192.168.9.20")
PRIVATE = "10.7.7.7"


def verdict(tshark, cap):
    row, = tables.printed(tshark, "hikcascade,sessions", cap)
    assert tables.printed(tshark, "hikcascade,sessions", cap, two_pass=True) == [row]
    assert tables.from_sharkd(tshark, "hikcascade,sessions", cap) == [row]
    return row


def said(tshark, cap, name, two_pass=True):
    return [(frame, level) for frame, item, level, _ in experts(tshark, cap, two_pass) if item == name]


@pytest.fixture(params=["plain", "early", "audio"])
def variant(request):
    return request.param


def play(cap, call, variant, packets=20, to=None):
    """to: where the media goes; None: no media of this call, but of another, so that the capture has media."""
    audio = variant == "audio"

    def body(platform, ip, port, direction):
        text = sdp(platform.id, ip, port, y=call.offer_y, codecs=PS_ONLY, direction=direction)
        text = text if isinstance(text, str) else text.decode()
        return text + ("m=audio %d RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n" % (port + 10) if audio else "")

    def send(count, first):
        for number in range(first, first + count if to else first):
            cap.udp(call.src, to, rtp(call.frames(number), call.ssrc, number, 3600 * number, marker=True))
            cap.wait(0.04)

    call.invite(body=body(call.caller, call.offer_ip, call.offer_port, "recvonly"))
    if variant == "early":
        send(1, 0)
    call.ok(body=body(call.callee, call.answer_ip, call.answer_port, "sendonly"))
    call.ack()
    send(packets, 1)
    if audio:
        for number in range(packets):
            cap.udp((call.src[0], call.answer_port + 10), ((to or (call.offer_ip,))[0], call.offer_port + 10),
                    rtp(b"\x55" * 160, 777, number, 160 * number, pt=8))
            cap.wait(0.02)
    cap.wait(6)
    call.bye()


@pytest.mark.parametrize("upper,words", [
    (UPPER_OUTSIDE, "10.7.7.7:20000 is private, though the SIP of its side comes from the public 203.0.113.20:7100"),
    (UPPER_INSIDE, None)])
@pytest.mark.parametrize("arrives", [True, False])
def test_private_though_sip_is_public(tshark, variant, upper, words, arrives):
    """The other side is private itself, as in a capture inside its network."""
    cap = Capture()
    link = Link(cap, LOWER_INSIDE, upper)
    play(cap, link.call(offer_ip=PRIVATE, answer_ip="192.168.1.10"), variant, to=(PRIVATE, 20000) if arrives else None)
    if not arrives:
        link.call(answer_ip="192.168.1.10").play(3)
        rows = tables.printed(tshark, "hikcascade,sessions", cap)
        row = rows[0]
    else:
        row = verdict(tshark, cap)
    text = row.verdict
    assert ("PRIVATE_ADDRESS " + words in text) if words else "PRIVATE_ADDRESS" not in text, text
    if not words:
        assert said(tshark, cap, "private_address") == []
        return
    dead = "ONE_WAY" if variant == "audio" and not arrives else "NO_MEDIA"
    assert row["Verdict"] == ("OK" if arrives else row["Verdict"] if variant == "audio" else dead)
    found = said(tshark, cap, "private_address")
    assert found[0] == (1, "note")
    lost = not arrives and variant != "audio"
    # audio is wanted both ways, and the lower platform is inside, too
    assert [level for _, level in found[1:]] == (["warning"] if lost else ["note"] if variant == "audio" else [])
    assert said(tshark, cap, "private_address", two_pass=False) == [row for row in found if row[1] == "note"]


@pytest.mark.parametrize("arrives", [True, False])
def test_port_zero(tshark, variant, arrives):
    cap = Capture()
    call = Link(cap).call(answer_port=0, rtp_src=("192.0.2.10", 40000))
    play(cap, call, variant if arrives else "plain", to=call.dst if arrives else None)
    row = verdict(tshark, cap)
    if arrives:
        assert row["Verdict"] == "OK"
        assert ("PORT_ZERO the SDP of 192.0.2.10:7100 says port 0, which refuses the media, and %d RTP packets came all the same"
                % {"plain": 20, "early": 21, "audio": 20}[variant]) in row.verdict
    else:
        assert row.verdict.startswith("PORT_ZERO the SDP of 192.0.2.10:7100 says port 0, which refuses the media")
    assert ":0 " not in row.verdict and not row.verdict.endswith(":0")
    levels = [level for _, level in said(tshark, cap, "port_zero")]
    assert levels == (["note"] if arrives else ["note", "error"])
    assert not [text for _, _, text in tshark.expert(cap, "hikcascade.port_zero") if "can arrive" in text]


class Refused(Mixed):
    """One side says port 0 for a line."""

    def __init__(self, link, side, kind, *args, **options):
        super().__init__(link, *args, audio=True, **options)
        self.side, self.kind = side, kind

    def describe(self, platform, port, direction):
        text = super().describe(platform, port, direction)
        return re.sub(r"m=%s \d+" % self.kind, "m=%s 0" % self.kind, text) if self.side == direction else text


@pytest.mark.parametrize("side, who, early", [("recvonly", "198.51.100.20", False), ("sendonly", "192.0.2.10", False),
                                               ("sendonly", "192.0.2.10", True)])
@pytest.mark.parametrize("kind", ["video", "audio"])
def test_refused_line(tshark, side, who, early, kind):
    """Its packets are counted, and nothing else is said of a port that nobody announced."""
    cap = Capture()
    one = Refused(Link(cap), side, kind, early=early).play()
    count = len(one.lines[kind == "audio"].sent)
    one.found.say("PORT_ZERO", r"^the SDP of %s:7100 says port 0%s and %d RTP packets %scame all the same$" % (
        who, ", which refuses the media," if kind == "video" else " for the audio, which refuses it,", count,
        "" if kind == "video" else "of it "))
    check(tshark, cap, [("refused", one.expected())])


def test_refused_line_and_only_the_other_came(tshark):
    cap = Capture()
    Refused(Link(cap), "sendonly", "video", "absent").play()
    row = verdict(tshark, cap)
    assert row.verdict == ("PORT_ZERO the SDP of 192.0.2.10:7100 says port 0, which refuses the media, and what came is of another m= line "
                           "(52 RTP packets)")
    assert [level for _, level in said(tshark, cap, "port_zero")] == ["note", "error"]


def test_refused_line_and_a_stranger(tshark):
    cap = Capture()
    Refused(Link(cap), "sendonly", "video", "stranger").play()
    assert "which no SDP announced (announced: no port of 192.0.2.10); also PORT_ZERO" in verdict(tshark, cap).verdict


@pytest.mark.parametrize("pt,codec", [(33, "MPEG-TS"), (26, "JPEG"), (34, "H263"), (8, "PCMA")])
@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_static_payload_type(tshark, pt, codec, transport):
    """RFC 3551: it has a name without any rtpmap."""
    cap = Capture()
    options = {"proto": "TCP/RTP/AVP"} if transport == "TCP" else {}
    call = Link(cap).call(pt=pt, offer_codecs=((pt, "none"),), answer_codecs=((pt, "none"),), **options)
    call.invite(body=re.sub("a=rtpmap.*\r\n", "", call.offer()))
    call.ok(body=re.sub("a=rtpmap.*\r\n", "", call.answer_sdp()))
    call.ack()
    packets = [call.rtp_packet(b"\x47\x40\x00\x10" + b"\xff" * 184 if pt == 33 else b"\x00" * 60, seq=n) for n in range(5)]
    for data in packets:
        if transport == "UDP":
            cap.udp(call.src, call.dst, data)
        cap.wait(0.04)
    if transport == "TCP":
        connection = cap.tcp(call.src, call.dst).open()
        connection.send(connection.client, b"".join(len(data).to_bytes(2, "big") + data for data in packets))
    call.bye()
    assert verdict(tshark, cap)["Codec"] == codec


@pytest.mark.parametrize("port,said", [(40000, ""), (45000, "; also NAT media comes from 192.0.2.10:45000, where its SIP comes from, instead "
                                                           "of camera.example:40000")])
def test_sender_is_a_host_name(tshark, port, said):
    """The sender's c= is a name: where that is nobody can check, but the port can be."""
    cap = Capture()
    Link(cap).call(answer_ip="camera.example", rtp_src=("192.0.2.10", port)).play(5, rtcp=False)
    assert verdict(tshark, cap).verdict == (
        "OK 5 RTP packets of H.264 352x288 in 0.2 s from 192.0.2.10:%d to 198.51.100.20:20000%s" % (port, said))


@pytest.mark.parametrize("by", ["another call", "INVITE again", "INVITE twice again", "re-INVITE"])
@pytest.mark.parametrize("before", ["rtcp", "rtp"])
@pytest.mark.parametrize("early", [0, 3])
def test_port_of_rtcp_becomes_one_of_rtp(tshark, by, before, early):
    """Media goes from another SDP on where RTCP went before. What came before that stays what it was."""
    cap = Capture()
    link = Link(cap)
    call = link.call()
    if by == "re-INVITE":
        call.start()
    else:
        call.invite()
    port = call.dst[1] + 1
    report = rtcp_sr(0x31129, cap.time_us / 1e6, 7200, 2, 360)
    cap.udp(call.src, (call.dst[0], port), report if before == "rtcp" else rtp(b"\xff" * 40, 77, 5, 0, pt=104))
    if by == "another call":
        call = link.call(offer_port=port)
    call.offer_port = port
    if by == "re-INVITE":
        call.reinvite()
    else:
        call.invite()
    call.rtp(early)
    if by == "INVITE twice again":
        call.invite()
    call.ok()
    call.ack()
    call.rtp(5)
    call.bye()
    names = ["hikcascade.session", "rtp.p_type", "rtcp.pt"]
    first, *rows = tshark.fields_everywhere(cap, names, "udp.dstport == %d" % port)
    assert not first["rtp.p_type"] and len(rows) == 5 + early
    for row in rows:
        assert [row[name] for name in names] == [["1" if by == "another call" else "0"], ["96"], []]
    assert len(tshark.fields_everywhere(cap, ["mp2p.codec"], "mp2p && udp.dstport == %d" % port)) == 5 + early


@pytest.mark.parametrize("bad", [0, 1, 2])
@pytest.mark.parametrize("media", ["at once", "while the others begin"])
def test_one_of_the_calls_between_two_ports_has_another_ssrc(tshark, bad, media):
    """Its RTP is that of the call that waits, and stays that when other calls begin: these are well."""
    cap = Capture()
    link = Link(cap)
    calls = [link.call(offer_port=10000, answer_port=40000, rtp_interval=0.001) for _ in range(3)]
    calls[bad].ssrc = 900000

    def send(some):
        for _ in range(6):
            for call in some:
                call.rtp()
            cap.wait(0.04)
    if media == "at once":
        for step in (Call.invite, Call.ok, Call.ack):
            for call in calls:
                step(call)
    else:
        for index, call in enumerate(calls):
            call.start()
            send(calls[:index + 1])
    send(calls)
    for call in calls:
        call.bye()
    rows = tables.printed(tshark, "hikcascade,sessions", cap)
    assert rows == tables.printed(tshark, "hikcascade,sessions", cap, two_pass=True)
    packets = [6] * 3 if media == "at once" else [24, 18, 12]  # and send(calls) at the end
    assert [(row["Verdict"], row["RTP"]) for row in rows] == [
        ("SSRC_MISMATCH" if index == bad else "OK", str(packets[index])) for index in range(3)]


def test_an_answer_that_is_none_names_where_media_came(tshark):
    """Stock has an endpoint of the SDP from the INVITE on, which holds on later passes for what the call's other end had sent there."""
    cap = Capture()
    call = Link(cap).call()
    call.invite()
    broken = call.invite(body=b"", content_type=None, send=False).replace(b"Via: SIP/2.0/UDP", b"V0/UDP")
    call.link.send(call.caller, broken.replace(b"CSeq: 20 INVITE", b"CSeq:rom: <s 20 INVITE"))
    cap.udp(call.dst, call.src, rtp(b"\xd5" * 160, 55, 0, 0, pt=8))
    call.ok()
    names = ["hikcascade.session", "rtp.ssrc"]
    row, = tshark.fields_everywhere(cap, names, "rtp")
    assert [row[name] for name in names] == [["0"], ["0x00000037"]]
