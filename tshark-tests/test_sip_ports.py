# SPDX-License-Identifier: GPL-2.0-or-later
"""GB/T 28181 on the ports that stock's SIP takes first: 5060, those of its preferences, and Decode As. Stock's dissection
stays as it is, and SIP of others is as without the plugin."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

import tables
from gen_foreign import answer, conversation, request
from hikpcap import ACK, PSH, Capture, Link, Platform, rtp, sip

OFF = {"hikcascade.sip_ports": "FALSE"}
MESSAGE = "sip.Method || sip.Status-Code"


def link_on(cap, port, transport="UDP", lower="34020000002000000001", upper="34010000002000000001", kind=Link):
    return kind(cap, Platform(lower, "192.0.2.10", port), Platform(upper, "198.51.100.20", port), transport)


def conversation_on(port, transport="UDP"):
    """A registration, keep-alive, Catalog and call with media; each message in a packet of its own."""
    cap = Capture()
    link = link_on(cap, port, transport)
    link.register()
    link.keepalive()
    link.catalog([("34020000001320000001", "North gate")])
    link.call().play(20)
    return cap


def rows_of(tshark, cap, port, table="sessions", **options):
    out = tshark.tap("hikcascade," + table, cap, prefs={"hikcascade.table_format": "json", **options.pop("prefs", {})}, **options)
    return re.sub(r":%d\b" % port, ":PORT", out)


def same_as_stock(tshark, capture, prefs=None, extra=(), without=()):
    """without: the words that stock needs in place of prefs and extra."""
    for two_pass in (False, True):
        for words in (["-P", "-V"], ["-T", "json"]):  # list and tree; every field
            ours = tshark.run(tshark.read(capture, None, two_pass, prefs, extra) + words, allow=("[Malformed",))
            stock = tshark.run(tshark.read(capture, None, two_pass, extra=without) + words, plugin=False, allow=("[Malformed",))
            assert ours == stock


# ---- as on 7100 -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("transport", ["UDP", "TCP"])
@pytest.mark.parametrize("port", [5060, 15060])
def test_as_on_7100(tshark, port, transport):
    cap, usual = conversation_on(port, transport), conversation_on(7100, transport)
    assert tshark.fields(cap, ["frame.protocols"]) == tshark.fields(usual, ["frame.protocols"])
    names = ["sip.Method", "sip.Status-Code", "hikcascade.session", "hikcascade.camera", "hikcascade.verdict",
             "hikcascade.direction", "manscdp.cmd_type", "rtp.ssrc", "mp2p.key_frame"]
    seen = [tshark.fields_everywhere(of, names, allow_forward=("hikcascade.verdict",)) for of in (cap, usual)]
    assert seen[0] == seen[1]
    for table in ("sessions", "platforms", "catalog", "messages"):
        for two_pass in (False, True):
            assert rows_of(tshark, cap, port, table, two_pass=two_pass) == rows_of(tshark, usual, 7100, table, two_pass=two_pass)
    seen = tables.printed(tshark, "hikcascade,sessions", cap)
    assert [row.cells("Verdict", "Name", "RTP") for row in seen] == [["OK", "North gate", "20"]]
    assert [row.cells("Verdict", "RTP") for row in tables.from_sharkd(tshark, "hikcascade,sessions", cap)] == [["OK", "20"]]


def sip_of(tshark, capture, plugin, prefs=None):
    """What stock's sip shows of each packet that has messages, as text."""
    out = tshark.run(tshark.read(capture, MESSAGE, prefs=prefs) + ["-T", "pdml"], plugin=plugin)
    return [[ElementTree.tostring(proto).strip() for proto in packet if proto.get("name") in ("sip", "sdp")]
            for packet in ElementTree.fromstring(out).iter("packet")]


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_stock_shows_what_it_showed(tshark, transport):
    cap = Capture()
    link = link_on(cap, 5060, transport)
    link.register()
    link.call().play(3)
    ours = sip_of(tshark, cap, True)
    assert ours == sip_of(tshark, cap, False)
    assert [len(protos) for protos in ours] == [1] * 8
    assert len(tshark.fields(cap, [], "hikcascade && (%s)" % MESSAGE)) == 8


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_preference_off(tshark, transport):
    cap = Capture()
    link = link_on(cap, 5060, transport)
    link.register()
    link.call().play(0, rtcp=False)
    assert len(tshark.fields(cap, [], "hikcascade")) == 8
    same_as_stock(tshark, cap, OFF)


def test_switched_off(tshark):
    """The protocol, or stock's."""
    cap = conversation_on(5060)
    off = [word for name in ("hikcascade", "manscdp", "mansrtsp", "mp2p") for word in ("--disable-protocol", name)]
    same_as_stock(tshark, cap, extra=off)
    assert tshark.fields(cap, [], "sip", extra=["--disable-protocol", "sip"]) == []


# ---- marks ----------------------------------------------------------------------------------------------------------

XML = '<?xml version="1.0"?>\r\n<Notify>\r\n<CmdType>Keepalive</CmdType>\r\n<SN>1</SN>\r\n<DeviceID>1</DeviceID>\r\n</Notify>\r\n'
GB_SDP = "v=0\r\no=a 0 0 IN IP4 203.0.113.5\r\ns=Play\r\nc=IN IP4 203.0.113.5\r\nt=0 0\r\nm=video 30000 RTP/AVP 96\r\na=rtpmap:96 PS/90000\r\n%s"
UNKNOWN = "34020000009990000001"  # the type 999 does not exist
MARKS = [  # what a message has, whether it is GB/T 28181
    ({}, False),
    ({"caller": "34020000002000000001"}, True),
    ({"user": "34020000001320000001"}, True),
    ({"user": UNKNOWN, "caller": UNKNOWN}, False),
    ({"user": "340200000013200000010"}, False),
    ({"user": "3402000000132000000"}, False),
    ({"user": "3402000000132000000a"}, False),
    ({"headers": [("Subject", UNKNOWN + ":0," + UNKNOWN + ":0")]}, True),
    ({"headers": [("Subject", UNKNOWN + "," + UNKNOWN)]}, False),
    ({"headers": [("Subject", UNKNOWN + ":0,bob:0")]}, False),
    ({"headers": [("Subject", "bob:0," + UNKNOWN + ":0")]}, False),
    ({"headers": [("X-GB-Ver", "3.0")]}, True),
    ({"headers": [("User-Agent", "NCG V3"), ("Organization", "Hikvision")]}, False),
    ({"body": XML, "content_type": "Application/MANSCDP+xml"}, True),
    ({"body": "<Notify><Status>OK</Status></Notify>", "content_type": "application/xml"}, False),
    ({"body": "PLAY RTSP/1.0\r\nCSeq: 1\r\n\r\n", "content_type": "Application/MANSRTSP"}, True),
    ({"body": GB_SDP % "y=0100000001\r\n", "content_type": "application/sdp"}, True),
    ({"body": GB_SDP % "", "content_type": "application/sdp"}, False),
]


@pytest.mark.once
@pytest.mark.parametrize("transport", ["UDP", "TCP"])
@pytest.mark.parametrize("what,ours", MARKS)
def test_marks(tshark, what, ours, transport):
    cap = Capture()
    message = request("MESSAGE", 1, **{"transport": transport, **what})
    ends = ("203.0.113.5", 5060), ("203.0.113.9", 5060)
    if transport == "UDP":
        cap.udp(*ends, message)
        cap.udp(*reversed(ends), answer(message, "200 OK"))
    else:
        connection = cap.tcp(*ends).open()
        connection.send(connection.client, message)
        connection.send(connection.server, answer(message, "200 OK"))
    # The answer belongs to the request, whatever it has itself.
    assert len(tshark.fields_everywhere(cap, ["sip.Method"], "hikcascade && sip")) == 2 * ours
    if not ours:
        same_as_stock(tshark, cap)


def test_later_messages_of_a_call(tshark):
    """Neither caller nor callee has an ID: the call is known by the y= of its SDP, its later messages by the call."""
    cap = Capture()
    link = link_on(cap, 5060, lower="gate", upper="centre")
    link.call(camera="west", subject="none").play(4)
    other = request("BYE", 77, to_tag=True)
    cap.udp(("198.51.100.20", 5060), ("192.0.2.10", 5060), other)
    rows = tshark.fields_everywhere(cap, ["sip.Method", "sip.Status-Code", "hikcascade.session"], "hikcascade && sip")
    assert [row["sip.Method"] + row["sip.Status-Code"] for row in rows] == [["INVITE"], ["100"], ["200"], ["ACK"], ["BYE"], ["200"]]
    assert {row["hikcascade.session"][0] for row in rows} == {"0"}
    assert len(tshark.fields(cap, [], "hikcascade.session == 0 && rtp")) == 4


def test_an_answer_with_only_the_branch_of_a_request_is_nobodys(tshark):
    """Off our own port; some telephones use one branch for everything."""
    for port, ours in ((5060, 1), (7100, 2)):
        cap = Capture()
        ends = ("203.0.113.5", port), ("203.0.113.9", port)
        asked = request("MESSAGE", 1, caller="34020000002000000001")
        cap.udp(*ends, asked)
        cap.udp(*reversed(ends), answer(asked, "200 OK").replace(b"34020000002000000001", b"alice").replace(b"1@203", b"2@203"))
        assert len(tshark.fields_everywhere(cap, ["sip.Call-ID"], "hikcascade && sip")) == ours


# ---- segments -------------------------------------------------------------------------------------------------------

class Batched(Link):
    """Keeps the messages, to be sent in segments of other sizes."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.kept = []

    def send(self, sender, message, to=None, **options):
        self.kept.append((sender, message))


def batched(port, cut, between=b"", foreign=False, join=3, **options):
    """Messages of a link, `join` of one side in a piece, with `between` behind each; pieces are cut at `cut`. options: of the
    connection."""
    cap = Capture()
    link = link_on(cap, port, "TCP", kind=Batched)
    link.register()
    for _ in range(3):
        link.keepalive()
    call = link.call()
    call.start()
    call.bye()
    connection = cap.tcp(("192.0.2.10", 40000), ("198.51.100.20", port), **options).open()
    for sender, side in ((link.lower, connection.client), (link.upper, connection.server)):
        messages = [message for who, message in link.kept if who is sender]
        if foreign:
            strangers = [request("OPTIONS", number, transport="TCP") for number in range(len(messages))]
            messages = [message for pair in zip(strangers, messages) for message in pair]
        for first in range(0, len(messages), join):
            data = b"".join(message + between for message in messages[first:first + join])
            connection.send(side, data, cut=[at if at > 0 else len(data) + at for at in cut])
    return cap


def messages_of(tshark, cap, filter):
    rows = tshark.fields_everywhere(cap, ["sip.Method", "sip.Status-Code", "hikcascade.session"], filter)
    return [(row["sip.Method"], row["sip.Status-Code"]) for row in rows]


@pytest.mark.parametrize("cut", [[], [1], [3], [10], [200], [-1], [-3], [-200], [5, 300, 600], [-400, -30]])
@pytest.mark.parametrize("between", [b"", b"\r\n\r\n"])
def test_segments(tshark, cut, between):
    cap, whole = batched(5060, cut, between), batched(7100, [], between)
    ours, usual = messages_of(tshark, cap, "hikcascade && sip"), messages_of(tshark, whole, "hikcascade")
    for column in range(2):
        assert [word for row in ours for word in row[column]] == [word for row in usual for word in row[column]]
    assert sum(len(methods) + len(codes) for methods, codes in ours) == 14
    seen = [tables.printed(tshark, "hikcascade,messages", of) for of in (cap, whole)]
    assert [row.cells("Message", "Session") for row in seen[0]] == [row.cells("Message", "Session") for row in seen[1]]


@pytest.mark.parametrize("at", [0, 1, 10, 299, 300, 301, 600, 1200])
@pytest.mark.parametrize("prefs", [None, {"tcp.reassemble_out_of_order": "TRUE"}], ids=["", "put in order"])
def test_sequence_numbers_begin_anew(tshark, at, prefs):
    """... behind 2^32 - 1, between messages and inside of one, between segments and inside of one, on either side: nothing else."""
    begins = {"client_seq": (1 << 32) - 1 - at, "server_seq": (1 << 32) - 1 - at}
    names = ["sip.Method", "sip.Status-Code", "sip.Call-ID", "hikcascade.session"]
    one, two = (tshark.fields_everywhere(batched(7100, [300, -40], b"\r\n", **options), names, "hikcascade", prefs=prefs)
                for options in ({}, begins))
    assert one == two and len([word for row in one for name in names[:2] for word in row[name]]) == 14


@pytest.mark.parametrize("cut", [[], [10], [300], [-1], [-300]])
def test_strangers_in_the_same_segments(tshark, cut):
    """All messages are dissected, only ours are taken in."""
    cap = batched(5060, cut, foreign=True, join=4)
    rows = tshark.fields_everywhere(cap, ["sip.Method", "sip.Status-Code"], MESSAGE)
    methods = [method for row in rows for method in row["sip.Method"]]
    assert methods.count("OPTIONS") == 14 and len(methods) + sum(len(row["sip.Status-Code"]) for row in rows) == 28


    listed = tables.printed(tshark, "hikcascade,messages", cap)
    assert len(listed) == 14 and not [row for row in listed if "OPTIONS" in " ".join(row)]


@pytest.mark.parametrize("kept, gap, waits", [
    (10, 0, False), (10, 1, True),         # of a start line: whatever comes next
    (60, 0, False), (60, 1, True),         # of headers, likewise
    (-5, 4, False), (-5, 5, True),         # of a body: five more bytes
])
@pytest.mark.parametrize("rest", [False, True])
@pytest.mark.parametrize("wrap", [None, "part", "third", "inside"])
def test_a_message_overtook(tshark, kept, gap, waits, rest, wrap):
    """Stock's tcp keeps by sequence numbers what is waited for: a message that came in these before would be shown no more. What its
    analysis calls out of order may ask for nothing at all. wrap: where the sequence numbers begin anew, in what is there of the
    second message, with the third one, or in that."""
    prefs = {"tcp.analyze_sequence_numbers": "FALSE"}
    cap = Capture()
    link = link_on(cap, 7100, "TCP", kind=Batched)
    for _ in range(3):
        link.keepalive()
    first, second, third = (message for who, message in link.kept if who is link.lower)
    part = second[:kept]
    before = {None: 1000, "part": len(first) + 5, "third": len(first) + len(part) + gap,
              "inside": len(first) + len(part) + gap + 100}[wrap]
    connection = cap.tcp(("192.0.2.10", 40000), ("198.51.100.20", 7100), client_seq=(1 << 32) - 1 - before if wrap else before).open()
    connection.send(connection.client, first)
    seq = connection.seq[connection.client]
    connection.segment(connection.client, PSH | ACK, third, seq=seq + len(part) + gap)
    connection.segment(connection.client, PSH | ACK, part, seq=seq)
    if rest and gap:
        connection.segment(connection.client, PSH | ACK, second[kept:][:gap], seq=seq + len(part))
    one, two = (tables.parsed(tshark.tap("hikcascade,messages", cap, two_pass=two_pass, prefs=prefs), None) for two_pass in (False, True))
    # Without its analysis stock's tcp compares plain numbers: a message in which they begin anew is not put together.
    whole = rest and waits and kept < 0 and wrap != "part"
    assert one == two and len(one) == 2 + whole
    for two_pass in (False, True):
        shown = tshark.fields(cap, ["tcp.segment_data"], "tcp.len == %d" % len(part), prefs=prefs, two_pass=two_pass)
        assert [bool(row["tcp.segment_data"]) for row in shown] == [waits]


def test_a_segment_again_with_other_bytes(tshark):
    """What a message came in begins another one: what is missing of that is not waited for."""
    cap = Capture()
    link = link_on(cap, 7100, "TCP", kind=Batched)
    link.keepalive()
    (message, *_), = ([message for who, message in link.kept if who is link.lower],)
    connection = cap.tcp(("192.0.2.10", 40000), ("198.51.100.20", 7100)).open()
    seq = connection.seq[connection.client]
    connection.send(connection.client, message)
    connection.segment(connection.client, PSH | ACK, b"INVITE sip", seq=seq)
    prefs = {"tcp.analyze_sequence_numbers": "FALSE"}
    one, two = (tables.parsed(tshark.tap("hikcascade,messages", cap, two_pass=two_pass, prefs=prefs), None) for two_pass in (False, True))
    assert one == two and len(one) == 1
    assert len(tshark.fields_everywhere(cap, [], "hikcascade", prefs=prefs)) == 1


@pytest.mark.parametrize("behind", [b"a=rtp", b"\r\na=rtp", b"a=rtp\r\n", b"a=rtp\r\na=rtp", b"x" * 1600])
@pytest.mark.parametrize("last", [False, True])
def test_bytes_behind_a_message(tshark, behind, last):
    """A sender counts less than its message has. What is there besides is nothing that somebody has to wait for: that segment would come
    again with the next one, and its message in the place of that one's."""
    cap = Capture()
    link = link_on(cap, 7100, "TCP", kind=Batched)
    for _ in range(3):
        link.keepalive()
    first, second, third = (message for who, message in link.kept if who is link.lower)
    connection = cap.tcp(("192.0.2.10", 40000), ("198.51.100.20", 7100)).open()
    connection.send(connection.client, first)
    connection.send(connection.client, second + behind)
    if not last:
        connection.send(connection.client, third)
    one, two = (tables.parsed(tshark.tap("hikcascade,messages", cap, two_pass=two_pass), None) for two_pass in (False, True))
    assert one == two and len(one) == 2 + (not last)
    rows = tshark.fields_everywhere(cap, ["sip.Method", "tcp.segment_data", "data.len", "sip.continuation"], "tcp.len > 0")
    assert [row["sip.Method"] for row in rows] == [["MESSAGE"]] * len(one) and not any(row["tcp.segment_data"] for row in rows)
    assert bool(rows[1]["data.len"]) or bool(rows[1]["sip.continuation"])


def test_stock_does_not_wait(tshark):
    """Stock's preferences against waiting, and TCP's, hold here too."""
    names = ["sip.Method", "sip.Status-Code", "sip.Call-ID"]
    for name in ("sip.desegment_headers", "sip.desegment_body", "tcp.desegment_tcp_streams"):
        prefs = {name: "FALSE"}
        cap = batched(5060, [300], join=1)
        rows = tshark.fields(cap, names, MESSAGE, prefs=prefs, malformed=True)
        assert rows == tshark.fields(cap, names, MESSAGE, prefs=prefs, malformed=True, plugin=False) and rows
        assert tshark.fields(cap, [], "hikcascade.cut", prefs=prefs, malformed=True) == []  # the rest is in the next segment
    assert tshark.fields(cap, [], "hikcascade", prefs=prefs, malformed=True)


# ---- Decode As, and stock's preferences -----------------------------------------------------------------------------

def stock_names(tshark, table):
    """Which preference of stock's holds its ports."""
    return "sip.%s.port" % table


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
@pytest.mark.parametrize("way", ["decode as", "preference"])
def test_7100_given_to_stock(tshark, way, transport):
    """What a user of stock had to set: Decode As, or SIP's own preference."""
    table = transport.lower()
    cap = Capture()
    link = link_on(cap, 7100, transport, lower="3402000000200001", upper="340100000020000100")  # only on our own port
    link.register()
    call = link.call()
    call.play(10)
    extra = ["-d", "%s.port==7100,sip" % table] if way == "decode as" else ["-o", "%s:5060,7100" % stock_names(tshark, table)]
    names = ["frame.protocols", "sip.Method", "sip.Status-Code", "hikcascade.session", "hikcascade.camera", "rtp.seq"]
    assert tshark.fields(cap, names, extra=extra) == tshark.fields(cap, names)
    assert tshark.fields(cap, names, extra=extra, two_pass=True) == tshark.fields(cap, names)
    assert len(tshark.fields(cap, [], "hikcascade && sip", extra=extra)) == 8
    for table in ("sessions", "platforms", "messages"):
        assert rows_of(tshark, cap, 7100, table, extra=extra) == rows_of(tshark, cap, 7100, table)
    # In sharkd preferences alone can say so.
    if way == "preference":
        listed = tshark.sharkd(cap, [("frames", {"filter": "hikcascade && sip"})], {stock_names(tshark, transport.lower()): "5060,7100"})[0]
        assert len(listed) == 8


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
@pytest.mark.parametrize("way", ["decode as", "preference"])
def test_strangers_on_a_port_given_to_stock(tshark, way, transport):
    table = transport.lower()
    for port in (7100, 6666):
        extra = ["-d", "%s.port==%d,sip" % (table, port)] if way == "decode as" else ["-o", "%s:5060,%d" % (stock_names(tshark, table), port)]
        cap = Capture()
        ends = ("203.0.113.5", port), ("203.0.113.9", port)
        connection = cap.tcp(*ends).open() if transport == "TCP" else None
        for from_alice, message in conversation(transport):
            if from_alice is None or port == 7100 and b"8986" in message:  # any 20 digits do on our own port
                continue
            if connection:
                connection.send(connection.client if from_alice else connection.server, message)
            else:
                cap.udp(*(ends if from_alice else ends[::-1]), message)
        for junk in (b"\0\1\2\3", b"nothing\r\n", bytes(range(250, 256))):
            if connection:
                connection.send(connection.client, junk)
            else:
                cap.udp(*ends, junk)
        same_as_stock(tshark, cap, extra=extra, without=extra)


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_another_port_given_to_stock(tshark, transport):
    cap = conversation_on(6666, transport)
    extra = ["-d", "%s.port==6666,sip" % transport.lower(), "--disable-heuristic", "hikcascade_udp", "--disable-heuristic", "hikcascade_tcp"]
    assert len(tshark.fields(cap, [], "hikcascade && sip", extra=extra)) == 12
    same = [word for word in extra if "heuristic" not in word and "hikcascade" not in word]
    assert tshark.fields(cap, [], "hikcascade && sip", prefs=OFF, extra=extra) == []
    assert len(tshark.fields(cap, [], "sip", prefs=OFF, extra=same)) == 12


def test_5060_given_to_somebody_else(tshark):
    cap = conversation_on(5060)
    assert tshark.fields(cap, [], "sip || hikcascade", extra=["-d", "udp.port==5060,dns"], malformed=True) == []


# ---- strangers ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["foreign-telephone-udp.pcap", "foreign-telephone-tcp.pcap", "foreign-video-call.pcap",
                                  "foreign-rtsp.pcap", "foreign-network.pcap", "foreign-sip-7100.pcap"])
def test_strangers(tshark, name):
    same_as_stock(tshark, name)
    assert tshark.fields_everywhere(name, [], "hikcascade || manscdp || mansrtsp || mp2p", malformed=True) == []
    trees = {}
    for plugin in (True, False):
        lines = ['{"jsonrpc":"2.0","id":1,"method":"load","params":{"file":"%s"}}' % tshark.sandbox.readable(name)]
        lines += ['{"jsonrpc":"2.0","id":%d,"method":"frame","params":{"frame":%d,"proto":true,"columns":true}}' % (frame + 1, frame)
                  for frame in range(60, 0, -1)]
        done = tshark.sandbox.run(["sharkd", "-"], plugin, stdin=("\n".join(lines) + "\n").encode())
        trees[plugin] = re.sub(rb'"e":\d+', b"", done.stdout)  # numbers of subtrees
    assert trees[True] == trees[False] and len(trees[True]) > 10000


def test_strangers_beside_ours(tshark):
    """Of two calls on 5060 between the same two hosts, one is ours."""
    cap = Capture()
    link = link_on(cap, 5060)
    ours = link.call()
    ours.start()
    for from_alice, message in conversation():
        if from_alice is not None:
            ends = ("192.0.2.10", 5060), ("198.51.100.20", 5060)
            cap.udp(*(ends if from_alice else ends[::-1]), message.replace(b"203.0.113.5", b"192.0.2.10").replace(b"203.0.113.9", b"198.51.100.20"))
    ours.rtp(5)
    for number in range(5):
        cap.udp(("192.0.2.10", 30000), ("198.51.100.20", 40000), rtp(b"\xd5" * 160, 0x1234, number, 160 * number, pt=0))
    ours.bye()
    rows = tshark.fields_everywhere(cap, ["sip.Call-ID"], "hikcascade && sip")
    assert [row["sip.Call-ID"] for row in rows] == [[ours.call_id]] * 6
    assert len(tables.printed(tshark, "hikcascade,sessions", cap)) == 1
    strangers = "!hikcascade && (sip || rtp) && !(udp.port == 20000)"
    assert tshark.columns(cap, strangers) == [row for row in tshark.columns(cap, plugin=False) if row[0] in
                                              {found["frame"] for found in tshark.fields(cap, [], strangers)}]


def test_sip_message_alone_is_not_a_method(tshark):
    """A port of stock's and something else on it."""
    cap = Capture()
    cap.udp(("203.0.113.5", 5060), ("203.0.113.9", 5060), sip("INVITE 34020000001320000001 SIP/1.0", [("From", "<sip:34020000001320000001@a>")]))
    same_as_stock(tshark, cap)


# ---- other heuristic dissectors -------------------------------------------------------------------------------------

@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_foreign_sip_on_a_port_of_nobody_first(tshark, transport):
    """Wireshark asks the heuristic dissector first that matched last: stock's sip leaves ours alone all the same."""
    cap = Capture()
    first = request("OPTIONS", 1, transport=transport)
    if transport == "UDP":
        cap.udp(("203.0.113.5", 5099), ("203.0.113.9", 5099), first)
    else:
        other = cap.tcp(("203.0.113.5", 5099), ("203.0.113.9", 5099))
        other.open()
        other.send(other.client, first)
    link = link_on(cap, 15060, transport)
    link.register()
    link.keepalive()
    link.call().play(5)
    rows = tshark.fields_everywhere(cap, ["sip.Method", "sip.Status-Code", "hikcascade.direction"], MESSAGE)
    assert [bool(row["hikcascade.direction"]) for row in rows] == [False] + [True] * 10
    # Switched off, it is stock's.
    extra = ["--disable-heuristic", "hikcascade_" + transport.lower()]
    rows = tshark.fields(cap, ["hikcascade.direction"], MESSAGE, extra=extra)
    assert len(rows) == 11 and not any(row["hikcascade.direction"] for row in rows)


@pytest.mark.parametrize("port", [7100, 15060])
def test_what_looks_like_quic_takes_no_sip(tshark, port):
    """QUIC's heuristic takes a conversation as a whole, on later passes also what came before."""
    cap = Capture()
    link = link_on(cap, port)
    link.register()
    link.keepalive()
    initial = bytes([0xC3, 0, 0, 0, 1, 8]) + bytes(range(8)) + bytes([0, 0, 0x44, 0xD0]) + bytes(1200)
    cap.udp(("192.0.2.10", port), ("198.51.100.20", port), initial)
    link.keepalive()
    rows = tshark.fields_everywhere(cap, ["sip.Method", "sip.Status-Code", "hikcascade.direction"], MESSAGE)
    assert [bool(row["hikcascade.direction"]) for row in rows] == [True] * 6
    assert [row["frame"] for row in tshark.fields(cap, ["quic.version"], "quic")] == [5]
