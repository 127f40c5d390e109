# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin beside other protocols and other dissectors: what it holds back, what it takes, and what it leaves alone."""

import pytest

import tables
from gen_beside import sdp_names_sip_port
from hikpcap import Capture, Link, Platform, sip

METHODS = ["REGISTER", "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO", "MESSAGE", "SUBSCRIBE", "NOTIFY", "PRACK",
           "UPDATE", "REFER", "PUBLISH"]
CLIENT, SERVER = ("192.0.2.10", 50000), ("198.51.100.20", 7100)


def same_as_stock(tshark, capture, extra=()):
    for two_pass in (False, True):
        words = tshark.read(capture, None, two_pass, extra=extra)
        assert tshark.run(words + ["-V"]) == tshark.run(words + ["-V"], plugin=False)
        assert tshark.run(words) == tshark.run(words, plugin=False)


# ---- TCP: what is waited for ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("known", [True, False])
def test_every_method_cut_in_its_name(tshark, known):
    """On a connection of ours one byte is enough; on a new one four are: what is left of the name is no method then."""
    cap, wanted, links = Capture(), [], 0
    for method in METHODS:
        for cut in (1, 3, 4, 5):
            links += 1
            link = Link(cap, Platform("34020000002000000001", "192.0.2.%d" % (10 + links)), transport="TCP")
            if known:
                link.keepalive()
            message, core = link.request(link.lower, method, headers=[("Subject", "%s %d" % (method, cut))])
            left = method if known or cut >= 4 else method[cut:]
            if left:
                wanted.append([[left], ["%s %d" % (method, cut)]])
            link.send(link.lower, message, cut=[min(cut, len(method) + 1)])
            link.send(link.upper, link.answer(link.upper, core))
    rows = tshark.fields_everywhere(cap, ["sip.Method", "sip.Subject"], "hikcascade && sip.Subject")
    assert [[row["sip.Method"], row["sip.Subject"]] for row in rows] == wanted


FOREIGN = {"one letter": [b"B", b"anana"], "two letters": [b"RE", b"DIS"], "three letters": [b"ACK", b"\0\0"],
           "a version": [b"S", b"SH-2.0-x\r\n"], "NATS": [b'INFO {"server_id":"x",', b'"version":"2"}\r\n'],
           "a word": [b"MESSAGE hello", b" world\r\n"], "a method alone": [b"BYE 1", b"2\r\n"],
           "UPDATE": [b"UPDATE t SET a", b"=1;\r\n"], "SIP-like": [b"SIP/1.0 ", b"200 OK\r\n"],
           "HTTP": [b"NOTIFY * HTTP/1.1\r\n", b"HOST: a\r\n\r\n"], "binary": [b"\0\1\2\3", b"R\0\0"]}


def test_foreign_tcp_is_not_held_back(tshark):
    cap = Capture()
    for number, name in enumerate(sorted(FOREIGN)):
        connection = cap.tcp((CLIENT[0], CLIENT[1] + number), SERVER).open()
        for side in (connection.client, connection.server):
            for piece in FOREIGN[name]:
                connection.send(side, piece, ack=True)
        connection.close()
    same_as_stock(tshark, cap)


# ---- 20 digits are not enough ---------------------------------------------------------------------------------------

def options(number, port):
    cap = Capture()
    cap.udp(("192.0.2.1", port), ("198.51.100.1", port), sip("OPTIONS sip:%s@198.51.100.1:%d SIP/2.0" % (number, port), [
        ("Via", "SIP/2.0/UDP 192.0.2.1:%d;branch=z9hG4bK1" % port), ("From", "<sip:%s@192.0.2.1>;tag=1" % number),
        ("To", "<sip:%s@198.51.100.1>" % number), ("Call-ID", "1"), ("CSeq", "1 OPTIONS")]))
    return cap


@pytest.mark.parametrize("type_code,ours", [("000", False), ("110", False), ("111", True), ("131", True), ("132", True),
                                            ("144", False), ("199", False), ("200", True), ("216", True), ("217", False),
                                            ("999", False)])
def test_off_our_port_the_type_code_must_exist(tshark, type_code, ours):
    """GB/T 28181 annex D: digits 11 to 13 are a type."""
    number = "3402000000" + type_code + "0000001"
    assert len(tshark.fields_everywhere(options(number, 6000), ["sip.Method"], "hikcascade")) == ours
    assert len(tshark.fields_everywhere(options(number, 7100), ["sip.Method"], "hikcascade")) == 1
    if not ours:
        same_as_stock(tshark, options(number, 6000))


# ---- layers ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name,filter,layers", [
    ("ps-by-look.pcap", "rtp", {"eth:ethertype:ip:udp:rtp:mp2p", "eth:ethertype:ip:udp:rtp:mp2p:h264:h264"}),
    ("udp-15061.pcap", "sip && !sdp", {"eth:ethertype:ip:udp:hikcascade:sip"}),
    ("tcp-15060.pcap", "sip && !sdp", {"eth:ethertype:ip:tcp:hikcascade:sip"}),
])
def test_the_first_packet_found_has_the_layers_of_the_next(tshark, name, filter, layers):
    rows = tshark.fields_everywhere(name, ["frame.protocols"], filter)
    assert {row["frame.protocols"][0] for row in rows} == layers and len(rows) > 1


def test_the_first_segment_found_has_the_layers_of_the_next(tshark):
    rows = tshark.fields_everywhere("ps-by-look-tcp.pcap", ["frame.protocols"], "rtp")
    assert len(rows) > 10
    assert {row["frame.protocols"][0].split(":rtp")[0] for row in rows} == {"eth:ethertype:ip:tcp:hikcascade"}


# ---- an SDP that names the SIP port ---------------------------------------------------------------------------------

FIRST = {"offer": {"offer_port": 7100}, "answer": {"answer_port": 7100}, "both": {"offer_port": 7100, "answer_port": 7100},
         "RTCP": {"offer_port": 7099}, "a=rtcp": {"offer_extra": ("a=rtcp:7100",)}, "TCP": {"proto": "TCP/RTP/AVP", "offer_port": 7100},
         "TCP by setup": {"offer_port": 7100, "offer_extra": ("a=setup:passive",)},
         "broken SDP": {"offer_port": 7100, "offer_extra": ("nonsense",)}}


@pytest.mark.parametrize("name,transport", [(name, "UDP") for name in sorted(FIRST)] + [("both", "TCP"), ("TCP", "TCP")])
def test_sip_stays_sip(tshark, name, transport):
    cap = sdp_names_sip_port(transport, **FIRST[name])
    names = ["sip.Method", "sip.Status-Code", "hikcascade.session"]
    rows = tshark.fields_everywhere(cap, names, "sip.Method || sip.Status-Code", malformed=True)
    shown = [(row["sip.Method"] + row["sip.Status-Code"], row["hikcascade.session"]) for row in rows]
    assert shown == [([word], [str(number)]) for number in range(3) for word in ("INVITE", "100", "200", "ACK")] + [
        ([word], [str(number)]) for number in range(3) for word in ("BYE", "200")]
    seen = tables.printed(tshark, "hikcascade,sessions", cap)
    assert [row["RTP"] for row in seen][1:] == ["3", "3"]
    if "TCP" not in name:
        assert seen[0]["RTP"] == "3"


def test_sip_stays_sip_beside_media_on_its_port(tshark):
    """One port for everything: RTP is told by its version bits."""
    cap = sdp_names_sip_port(offer_port=7100, answer_port=7100)
    assert [row["hikcascade.session"] for row in tshark.fields_everywhere(cap, ["hikcascade.session"], "rtp")] == [
        ["0"]] * 3 + [["1"]] * 3 + [["2"]] * 3


def test_a_reinvite_to_the_sip_port(tshark):
    cap = Capture()
    link = Link(cap)
    call = link.call().start()
    call.rtp(2)
    call.offer_port = 7100
    call.reinvite()
    call.ok()
    call.ack()
    call.rtp(2)
    other = link.call().start()
    call.bye()
    rows = tshark.fields_everywhere(cap, ["sip.Method"], "hikcascade && sip.Method")
    assert [row["sip.Method"] for row in rows] == [["INVITE"], ["ACK"], ["INVITE"], ["ACK"], ["INVITE"], ["ACK"], ["BYE"]]
    assert [row["hikcascade.session"] for row in tshark.fields_everywhere(cap, ["hikcascade.session"], "rtp")] == [["0"]] * 4
    assert other.call_id


@pytest.mark.parametrize("port", [15061, 17010])  # no dissector of stock owns them, on any version
def test_sip_stays_sip_on_other_ports(tshark, port):
    """Found heuristically, and several lower platforms talk to the port."""
    cap = Capture()
    upper = Platform("34010000002000000001", "198.51.100.20", port)
    for number in range(3):
        lower = Platform("3402000000200000000%d" % (number + 1), "192.0.2.%d" % (10 + number), port)
        Link(cap, lower, upper, seed=number + 1).call(offer_port=port).play(2)
    rows = tshark.fields_everywhere(cap, ["sip.Method"], "hikcascade && sip.Method")
    assert [row["sip.Method"] for row in rows] == [["INVITE"], ["ACK"], ["BYE"]] * 3
