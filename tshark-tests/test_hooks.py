# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the plugin looks, and where it leaves things alone: ports, preferences, Decode As, heuristics, foreign SIP."""

import pytest

from hikpcap import Capture, Link, Platform, rfc4571, rtp, sip

HEURISTICS_OFF = ["--disable-heuristic", "hikcascade_udp", "--disable-heuristic", "hikcascade_tcp"]


def taken(tshark, capture, prefs=None, extra=()):
    """Frames of SIP with our tree beside it."""
    return [row["frame"] for row in tshark.fields(capture, [], "hikcascade && sip", prefs=prefs, extra=extra)]


def sip_frames(tshark, capture):
    return [row["frame"] for row in tshark.fields(capture, [], "sip.Method || sip.Status-Code", plugin=False)]


UDP_CALL = [1, 2, 3, 4, 5, 6, 14, 15]


def test_udp_7100(tshark):
    assert taken(tshark, "ipv6.pcap", extra=HEURISTICS_OFF) == UDP_CALL


def test_preference_adds_ports(tshark):
    """(The command line only adds ports: on Wireshark's side, whatever the protocol, only its dialog takes some away.)"""
    assert taken(tshark, "udp-7010.pcap", extra=HEURISTICS_OFF) == []
    for ports in ("7010", "7100,7010", "7000-7200"):
        assert taken(tshark, "udp-7010.pcap", {"hikcascade.udp.port": ports}, HEURISTICS_OFF) == UDP_CALL
        assert taken(tshark, "ipv6.pcap", {"hikcascade.udp.port": ports}, HEURISTICS_OFF) == UDP_CALL


def test_decode_as(tshark):
    assert taken(tshark, "udp-7010.pcap", extra=HEURISTICS_OFF) == []
    assert taken(tshark, "udp-7010.pcap", extra=[*HEURISTICS_OFF, "-d", "udp.port==7010,hikcascade"]) == UDP_CALL


def test_heuristic_udp(tshark):
    assert taken(tshark, "udp-15061.pcap") == UDP_CALL
    assert taken(tshark, "udp-15061.pcap", extra=HEURISTICS_OFF) == []
    rows = tshark.fields_everywhere("udp-15061.pcap", ["hikcascade.session"], "rtp || rtcp")
    assert [row["frame"] for row in rows] == list(range(7, 14))
    assert all(row["hikcascade.session"] == ["0"] for row in rows)


def test_heuristic_tcp(tshark):
    frames = [4, 5, 6, 7, 8, 9, 17, 18]
    assert taken(tshark, "tcp-15060.pcap") == frames
    assert taken(tshark, "tcp-15060.pcap", extra=HEURISTICS_OFF) == []
    assert taken(tshark, "tcp-15060.pcap", {"hikcascade.tcp.port": "15060"}, HEURISTICS_OFF) == frames
    rows = tshark.fields_everywhere("tcp-15060.pcap", ["hikcascade.session", "hikcascade.camera"], "rtp || rtcp")
    assert [row["frame"] for row in rows] == list(range(10, 17))
    assert all(row["hikcascade.camera"] == ["34020000001320000001"] for row in rows)


def test_port_5060(tshark):
    assert taken(tshark, "udp-5060.pcap") == UDP_CALL
    off = {"hikcascade.sip_ports": "FALSE"}
    assert tshark.fields_everywhere("udp-5060.pcap", [], "hikcascade", prefs=off) == []
    assert [row["frame"] for row in tshark.fields("udp-5060.pcap", [], "sip", prefs=off)] == UDP_CALL
    assert taken(tshark, "udp-5060.pcap", {"hikcascade.udp.port": "7100,5060", **off}) == UDP_CALL


def test_switched_off_it_is_stock(tshark):
    off = [word for name in ("hikcascade", "manscdp", "mansrtsp", "mp2p") for word in ("--disable-protocol", name)]
    seed = "seed-cascade.pcap"
    assert tshark.fields(seed, [], "hikcascade", extra=off) == []
    names = ["sip.Method", "sip.Status-Code", "sdp.media", "rtp.ssrc", "rtcp.pt"]
    assert tshark.fields(seed, names, extra=off) == tshark.fields(seed, names, plugin=False)
    assert tshark.columns(seed, extra=off) == tshark.columns(seed, plugin=False)


# ---- what is not ours ------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("two_pass", [False, True])
def test_foreign_sip_is_exactly_as_stock_shows_it(tshark, two_pass):
    words = tshark.read("foreign-sip-7100.pcap", None, two_pass) + ["-V"]
    assert tshark.run(words) == tshark.run(words, plugin=False)
    assert tshark.columns("foreign-sip-7100.pcap") == tshark.columns("foreign-sip-7100.pcap", plugin=False)


def test_foreign_sip_in_sharkd(tshark):
    assert tshark.fields_everywhere("foreign-sip-7100.pcap", ["sip.Method"], "hikcascade") == []
    rows = tshark.fields_everywhere("foreign-sip-7100.pcap", ["rtp.ssrc", "rtp.p_type"], "rtp")
    assert [row["rtp.p_type"] for row in rows] == [["0"]] * 8


def test_telephone_numbers_of_many_digits_are_not_ours(tshark):
    """Heuristic: digits alone, of other lengths, on another port, without anything else of GB/T 28181."""
    cap = Capture()
    for number in ("1001", "8613800138000", "123456789012345", "12345678901234567"):
        at, to = ("192.0.2.1", 6000), ("198.51.100.1", 6001)
        cap.udp(at, to, sip("OPTIONS sip:%s@198.51.100.1:6001 SIP/2.0" % number, [
            ("Via", "SIP/2.0/UDP 192.0.2.1:6000;branch=z9hG4bK%s" % number), ("From", "<sip:%s@192.0.2.1>;tag=1" % number),
            ("To", "<sip:%s@198.51.100.1>" % number), ("Call-ID", number), ("CSeq", "1 OPTIONS")]))
    assert tshark.fields(cap, [], "hikcascade") == []
    assert len(tshark.fields(cap, [], "sip")) == 4


NO_SIP = {"nothing": b"", "NUL": b"\0", "line end": b"\r\n", "binary": b"\x01\x02\x03\x04" * 20, "half": b"REGISTER",
          "version": b"SIP/2.0", "HTTP": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "no status": b"SIP/2.0 \r\n\r\n",
          "no URI": b"INVITE  SIP/2.0\r\n\r\n", "long": b"\xa5" * 1400}


@pytest.mark.parametrize("name", sorted(NO_SIP))
def test_other_data_on_the_port(tshark, name):
    """No SIP of ours: exactly what stock shows."""
    cap = Capture()
    cap.udp(("192.0.2.1", 7100), ("198.51.100.1", 7100), NO_SIP[name])
    assert tshark.fields_everywhere(cap, ["udp.length"], "hikcascade") == []
    words = tshark.read(cap) + ["-V"]
    assert tshark.run(words) == tshark.run(words, plugin=False)


# ---- TCP framing -----------------------------------------------------------------------------------------------------

def test_tcp_messages(tshark):
    names = ["sip.Method", "sip.Status-Code", "hikcascade.session", "sip.CSeq.method"]
    rows = {row["frame"]: [row[name] for name in names]
            for row in tshark.fields_everywhere("tcp-7100.pcap", names, "sip.Method || sip.Status-Code")}
    assert rows == {
        4: [["REGISTER"], [], [], ["REGISTER"]],
        5: [[], ["200"], [], ["REGISTER"]],
        10: [["INVITE"], [], ["0"], ["INVITE"]],
        11: [[], ["100", "200"], ["0", "0"], ["INVITE", "INVITE"]],
        13: [["ACK"], [], ["0"], ["ACK"]],
        14: [["INVITE"], [], ["1"], ["INVITE"]],
        16: [[], ["100"], ["1"], ["INVITE"]],
        17: [[], ["200"], ["1"], ["INVITE"]],
        18: [["ACK"], [], ["1"], ["ACK"]],
        24: [["BYE"], [], ["0"], ["BYE"]],
        25: [[], ["200"], ["0"], ["BYE"]],
        26: [["BYE"], [], ["1"], ["BYE"]],
        27: [[], ["200"], ["1"], ["BYE"]],
    }


def test_tcp_keep_alives_are_shown(tshark):
    rows = tshark.fields_everywhere("tcp-7100.pcap", ["hikcascade.keep_alive"], "hikcascade.keep_alive")
    assert {row["frame"]: row["hikcascade.keep_alive"] for row in rows} == {
        6: ["0d0a0d0a"], 7: ["0d0a"], 14: ["0d0a0d0a", "0d0a0d0a"]}


def test_tcp_answer_highlights_its_bytes(tshark):
    packet = tshark.packet("tcp-7100.pcap", 10)
    assert packet.one("hikcascade.media.port").raw == b"20000"
    assert packet.one("hikcascade.ssrc").raw == packet.one("hikcascade.ssrc.text").show.encode()


def test_tcp_gap(tshark):
    """The rest of the dialog is a session that began before; nothing waits for the missing segment for ever."""
    names = ["hikcascade.session", "hikcascade.invite_in", "hikcascade.answer_in", "hikcascade.bye_in"]
    rows = tshark.fields_everywhere("tcp-gap.pcap", names, "hikcascade.session",
                                    allow_forward=["hikcascade.answer_in", "hikcascade.bye_in"])
    assert [row["frame"] for row in rows] == list(range(9, 16))
    for row in rows:
        assert [row[name] for name in names] == [["0"], [], ["10"], ["14"]]


def test_tcp_every_cut(tshark):
    """One INVITE over two segments, cut at every place that matters, twice on each connection. (The first letters of a
    connection are nobody's: there is a message before.)"""
    cap = Capture()
    whole = Link(Capture(), transport="TCP").call().invite(send=False)
    cuts = [1, 5, 7, 20, whole.index(b"\r\n") + 1, whole.index(b"\r\n\r\n") + 1, whole.index(b"\r\n\r\n") + 2,
            whole.index(b"\r\n\r\n") + 4, len(whole) - 1]
    for number, cut in enumerate(cuts):
        connection = cap.tcp(("192.0.2.10", 50000 + number), ("198.51.100.20", 7100)).open()
        connection.send(connection.client, b"OPTIONS sip:34010000002000000001@198.51.100.20 SIP/2.0\r\nCall-ID: 1\r\n\r\n")
        connection.send(connection.server, whole + whole, cut=[cut, len(whole) + cut])
    rows = tshark.fields_everywhere(cap, ["sip.Method", "hikcascade.media.port", "hikcascade.ssrc"], "sip.Method == INVITE")
    assert sum(len(row["sip.Method"]) for row in rows) == 2 * len(cuts)
    assert sum(len(row["hikcascade.media.port"]) for row in rows) == 2 * len(cuts)
    assert sum(len(row["hikcascade.ssrc"]) for row in rows) == 2 * len(cuts)


def test_both_platforms_on_one_host(tshark):
    """Source and destination are the same address: only the ports differ."""
    cap = Capture()
    link = Link(cap, Platform("34020000002000000001", "192.0.2.10", 7100), Platform("34010000002000000001", "192.0.2.10", 7101))
    link.register()
    link.call().play(3)
    rows = tshark.fields_everywhere(cap, ["hikcascade.session"], "hikcascade.session")
    assert [row["frame"] for row in rows] == list(range(3, 14))


@pytest.mark.parametrize("port", [7100, 15060])
def test_signalling_and_media_on_one_connection(tshark, port):
    """The SDP asks for TCP media on the very port SIP is spoken on, and gets it on the same connection."""
    cap = Capture()
    link = Link(cap, Platform("34020000002000000001", "192.0.2.10", port),
                Platform("34010000002000000001", "198.51.100.20", port), "TCP")
    link.register()
    call = link.call(proto="TCP/RTP/AVP", offer_port=port, answer_port=40000)
    call.offer_extra += ("a=setup:passive", "a=connection:new")
    call.answer_extra += ("a=setup:active", "a=connection:new")
    call.start()
    for number in range(4):
        link.connection.send(link.connection.client, rfc4571(rtp(b"\xff" * 100, call.ssrc, number, 3600 * number)))
    link.connection.send(link.connection.server, b"\r\n\r\n")
    call.bye()
    rows = tshark.fields_everywhere(cap, ["sip.Method", "hikcascade.session"], "sip.Method == BYE")
    assert [row["hikcascade.session"] for row in rows] == [["0"]]


def test_tcp_media_of_two_calls_on_one_connection(tshark):
    """Each change of call tells stock the payload types anew; the packets before it must keep the ones they had."""
    cap = Capture()
    link = Link(cap)
    calls = [link.call(proto="TCP/RTP/AVP", offer_port=20000, answer_port=40000, ssrc=200001234 + number,
                       offer_extra=("a=setup:passive",), answer_extra=("a=setup:active",)) for number in range(2)]
    for call in calls:
        call.start()
    connection = cap.tcp(("192.0.2.10", 40000), ("198.51.100.20", 20000)).open()
    for number in range(60):
        call = calls[number // 5 % 2]
        if number % 5 == 0:
            connection.send(connection.client, b"\xee" * 33)  # out of step, so that it looks again
        connection.send(connection.client, rfc4571(call.rtp_packet(call.frames(0), seq=number)))
    rows = tshark.fields_everywhere(cap, ["hikcascade.session", "rtp.seq", "rtp.ssrc"], "rtp")
    assert [row["rtp.seq"] for row in rows] == [[str(number)] for number in range(60)]
    assert [row["rtp.ssrc"] for row in rows] == [["0x%08x" % (200001234 + number // 5 % 2)] for number in range(60)]
