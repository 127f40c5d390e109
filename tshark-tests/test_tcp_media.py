# SPDX-License-Identifier: GPL-2.0-or-later
"""Media over TCP (RFC 4571): which session they belong to, and where the frames begin and end."""

import random
import re

import pytest

import conftest  # puts test-captures on the path
import pslib
from gen_payload import beside_another_connection
from gen_ps_streams import packs
from gen_tcp_media import TcpCall, small, start
from hikpcap import ACK, PSH, Capture, Link, rfc4571, rtcp_sr, rtp
from tables import printed

pytestmark = pytest.mark.logic

SESSION, SEQ, SKIPPED = "hikcascade.session", "rtp.seq", "hikcascade.tcp.skipped"
IN_ORDER = {"tcp.reassemble_out_of_order": "TRUE"}


def media(tshark, capture, extra=(), filter="rtp || rtcp || hikcascade.tcp.skipped || hikcascade.tcp.continuation", **options):
    """Rows (frame, sequence numbers, sessions) of every frame with media, the same on every pass and in any order."""
    names = [SEQ, SESSION, *extra]
    return [(row["frame"], [int(seq) for seq in row[SEQ]], [int(index) for index in row[SESSION]],
             *[row[name] for name in extra]) for row in tshark.fields_everywhere(capture, names, filter, **options)]


def sequence(rows):
    return [seq for row in rows for seq in row[1]]


def experts(tshark, capture, pattern, **options):
    return [(frame, message) for frame, _, message in tshark.expert(capture, **options) if re.search(pattern, message)]


# ---- who connects

@pytest.mark.parametrize("name", ["passive-upper", "passive-lower", "rtp-avp-tcp"])
def test_either_side_connects(tshark, name):
    rows = media(tshark, "tcp-media-%s.pcap" % name, ["hikcascade.camera", "hikcascade.expected_ssrc", "rtp.ssrc", "rtp.rfc4571.len"])
    assert [row[:5] for row in rows] == [(8 + n, [1 + n], [0], ["34020000001320000001"], ["201001"]) for n in range(5)]
    assert [row[5] for row in rows] == [["201001"]] * 5 or [row[5] for row in rows] == [["0x00031129"]] * 5
    lengths = [172, 110, 110, 110, 110]
    assert [row[6] for row in rows] == [[str(length)] for length in lengths]


def test_the_whole_of_mp2p_works(tshark):
    rows = tshark.fields_everywhere("tcp-media-passive-upper.pcap", ["mp2p.codec", "mp2p.key_frame", "mp2p.frame.size"], "rtp")
    assert [row["mp2p.codec"] for row in rows] == [["H.264"]] * 5
    assert [row["mp2p.key_frame"] for row in rows] == [["1"]] + [["0"]] * 4
    assert all(len(row["mp2p.frame.size"]) == 1 for row in rows)


def test_setup_lines_with_udp_media(tshark):
    """a=setup with RTP/AVP says TCP; when RTP comes over UDP all the same, it is bound."""
    cap = Capture()
    call = TcpCall(Link(cap), proto="RTP/AVP").start()
    call.rtp(3)
    call.bye()
    assert [(row[1], row[2]) for row in media(tshark, cap)] == [([1], [0]), ([2], [0]), ([3], [0])]


def test_ipv6(tshark):
    from hikpcap import Platform
    cap = Capture()
    link = Link(cap, lower=Platform("34020000002000000001", "2001:db8::10"), upper=Platform("34010000002000000001", "2001:db8:1::20"))
    call = TcpCall(link).start()
    call.connect()
    call.rtp_tcp(3)
    call.bye()
    assert [(row[1], row[2]) for row in media(tshark, cap)] == [([1], [0]), ([2], [0]), ([3], [0])]


# ---- framing

def test_cut_at_every_byte(tshark):
    rows = media(tshark, "tcp-media-cut-everywhere.pcap", [SKIPPED])
    assert [row[1:] for row in rows] == [([2 * n + 1, 2 * n + 2], [0, 0], []) for n in range(53)]
    assert [row[0] for row in rows] == [9 + 2 * n for n in range(53)]


def test_many_frames_and_many_segments(tshark):
    rows = media(tshark, "tcp-media-segments.pcap", ["rtp.extseq", "hikcascade.tcp.begins_in"])
    assert [row[:4] for row in rows] == [
        (8, list(range(1, 9)), [0] * 8, [str(0x10000 + n) for n in range(1, 9)]),
        (16, [9], [0], ["65545"]),
        (18, [10], [0], ["65546"]), (19, [11], [0], ["65547"]), (20, [12], [0], ["65548"])]
    assert [row[4] for row in rows] == [[], ["9"], ["17"], ["18"], ["19"]]
    columns = {frame: info for frame, _, info in tshark.columns("tcp-media-segments.pcap")}
    assert columns[8].count(" | ") == 7 and "Seq=8" in columns[8]


def test_byte_by_byte(tshark):
    """Every byte in a segment of its own."""
    cap, call = start(frames=small)
    call.connect()
    data = call.framed(3)
    call.stream(data, cut=list(range(1, len(data))))
    call.bye()
    assert [(row[0], row[1]) for row in media(tshark, cap)] == [(8 + 53, [1]), (8 + 107, [2]), (8 + 161, [3])]


def test_random_cuts_and_sizes(tshark):
    """400 frames of 12 to 3000 bytes in segments of 1 to 1460 bytes: every one comes out, once."""
    rng = random.Random(4571)
    cap, call = start(frames=lambda n: bytes(rng.randrange(256) for _ in range(rng.choice((0, 1, 40, 500, 1400, 2988)))))
    call.connect()
    data = call.framed(400)
    cuts = []
    while (cuts[-1] if cuts else 0) < len(data):
        cuts.append((cuts[-1] if cuts else 0) + rng.choice((1, 2, 3, 100, 700, 1460, 1460, 1460)))
    call.stream(data, cut=cuts[:-1])
    call.bye()
    path = tshark.sandbox.readable(cap)
    for options in ({}, {"two_pass": True}):
        rows = tshark.fields(path, [SEQ, SKIPPED, "rtp.rfc4571.len"], "rtp || hikcascade.tcp.skipped", **options)
        assert [int(seq) for row in rows for seq in row[SEQ]] == list(range(1, 401))
        assert all(not row[SKIPPED] for row in rows)


@pytest.mark.parametrize("prefs", [{"tcp.desegment_tcp_streams": "FALSE"}, {"tcp.analyze_sequence_numbers": "FALSE"},
                                   {"tcp.relative_sequence_numbers": "FALSE"}, IN_ORDER,
                                   {"tcp.no_subdissector_on_error": "FALSE"}], ids=lambda prefs: " ".join(prefs))
@pytest.mark.parametrize("name", ["segments", "cut-everywhere", "out-of-order", "lost"])
def test_whatever_stock_is_told(tshark, name, prefs):
    """How stock tcp puts segments together makes no difference."""
    fields = [SKIPPED, "rtp.extseq", "hikcascade.tcp.begins_in", "hikcascade.tcp.segment"]
    assert media(tshark, "tcp-media-%s.pcap" % name, fields, prefs=prefs) == media(tshark, "tcp-media-%s.pcap" % name, fields)


# ---- loss

def test_lost_segment(tshark):
    """The frames behind the lost 100 bytes are found again; the bytes before them are shown and said to be outside."""
    rows = media(tshark, "tcp-media-lost.pcap", [SKIPPED])
    assert sequence(rows) == [1, 2, 3] + list(range(7, 21))
    assert [(row[0], len(bytes.fromhex(value))) for row in rows for value in row[3]] == [(10, 24)]
    found = experts(tshark, "tcp-media-lost.pcap", "belong to no RTP frame")
    assert [frame for frame, _ in found] == [10] and found[0][1].startswith("24 bytes")
    assert {frame for frame, message in experts(tshark, "tcp-media-lost.pcap", "^3 RTP packets? ")} == {10}


@pytest.mark.parametrize("lost", range(1, 11))
def test_any_segment_lost(tshark, lost):
    """Segments of 100 bytes, frames of 54: without segment n every frame that is whole in the others is there."""
    cap, call = start(frames=small)
    call.connect()
    data = call.framed(20)
    call.stream(data, cut=list(range(100, len(data), 100)), drop=[lost])
    call.bye()
    gone = range(lost * 100, min(lost * 100 + 100, len(data)))
    whole = [n + 1 for n in range(20) if not set(range(54 * n, 54 * n + 54)) & set(gone)]
    rows = media(tshark, cap)
    assert sequence(rows) == whole
    assert {index for row in rows for index in row[2]} == {0}


def test_lost_end_of_a_frame_inside_one_frame(tshark):
    """A frame of 3000 bytes whose middle is lost: stock knows where it ends, and nothing behind it is lost."""
    cap, call = start(frames=lambda n: b"\x55" * (3000 if n == 1 else 100))
    call.connect()
    call.stream(call.framed(1))
    data = call.framed(2)
    call.stream(data, cut=[1000, 2000], drop=[1])
    call.stream(call.framed(1))
    call.bye()
    assert sequence(media(tshark, cap)) == [1, 3, 4]


def test_out_of_order_and_twice(tshark):
    """Each RTP packet is dissected once, where its last byte comes."""
    rows = media(tshark, "tcp-media-out-of-order.pcap", ["hikcascade.tcp.begins_in"])
    assert [row[:2] for row in rows if row[1]] == [
        (8, [1]), (9, [2, 3]), (10, [7]), (11, [4, 5, 6]), (12, [8, 9]), (13, [10, 11]), (15, [12]), (16, [13, 14]),
        (17, [15, 16]), (18, [17, 18]), (19, [19, 20])]
    assert experts(tshark, "tcp-media-out-of-order.pcap", "belong to no RTP frame|are missing in front of this segment") == []


def test_began_in_the_middle(tshark):
    rows = media(tshark, "tcp-media-began-before.pcap", [SKIPPED])
    # the first frame that is whole is known by its look, before any signalling came
    assert [row[1] for row in rows] == [[], [2, 3], [4, 5], [6, 7, 8, 9, 10]]
    assert {index for row in rows for index in row[2]} == {0}
    assert [len(bytes.fromhex(value)) for value in rows[0][3]] == [34]


def test_began_in_the_middle_without_y(tshark):
    """No SSRC announced: two frames one behind the other tell."""
    cap = Capture()
    call = TcpCall(Link(cap), frames=small, offer_y=None, answer_y=None)
    call.connect(handshake=False)
    call.reinvite()
    call.ok()
    data = call.framed(20)
    call.connection.seq[call.sender] += 30
    call.stream(data[30:], cut=[400, 500])
    call.bye()
    rows = media(tshark, cap)
    assert sequence(rows) == list(range(2, 21))


# ---- RTCP

def test_rtcp_on_the_same_connection(tshark):
    rows = media(tshark, "tcp-media-rtcp-inside.pcap", ["rtcp.pt"])
    assert rows == [(8, [1], [0], []), (9, [2], [0], []), (10, [3], [0, 0], ["200"]), (11, [], [0], ["201"]),
                    (12, [4], [0], []), (13, [5], [0], [])]


def test_rtcp_on_the_next_port(tshark):
    rows = media(tshark, "tcp-media-rtcp-beside.pcap", ["rtcp.pt"])
    assert rows == [(8, [1], [0], []), (9, [2], [0], []), (13, [], [0], ["200"]), (14, [], [0], ["201"]),
                    (15, [3], [0], []), (16, [4], [0], [])]


# ---- connections that do not come about

def verdict(tshark, capture):
    return tshark.fields(capture, ["hikcascade.verdict"], "hikcascade.verdict", two_pass=True)[0]["hikcascade.verdict"][0]


def test_refused(tshark):
    assert verdict(tshark, "tcp-media-refused.pcap").startswith("TCP_REFUSED 198.51.100.20:20000 refuses")
    assert len(experts(tshark, "tcp-media-refused.pcap", "refuses the media connection")) == 1


def test_no_answer(tshark):
    assert verdict(tshark, "tcp-media-silent.pcap").startswith("TCP_NO_CONNECTION no answer to the TCP connection to 198.51.100.20:20000")


@pytest.mark.parametrize("role,why", [("active", "nobody listens"), ("passive", "nobody connects")])
def test_role_conflict(tshark, role, why):
    name = "tcp-media-both-%s.pcap" % role
    assert verdict(tshark, name) == "TCP_ROLE both sides say a=setup:%s, so %s" % (role, why)
    assert len(experts(tshark, name, "Both sides say a=setup:%s" % role)) == 1


@pytest.mark.parametrize("how", ["refused", "absent", "late"])
def test_one_of_three_on_a_port(tshark, how):
    """Three cameras are to connect to one port, and the second does not: the connections of the others are not its."""
    cap = Capture()
    link = Link(cap)
    calls = [TcpCall(link, offer_port=30000, answer_port=9) for _ in range(3)]
    for number, call in enumerate(calls):
        call.start()
        if how != "late":
            call.connect(port=51000 + number, handshake=False)
            if number != 1:
                call.connection.open()
                call.rtp_tcp(2)
            elif how == "refused":
                call.connection.refuse()
    if how == "late":
        for number in (0, 2):
            calls[number].connect(port=51000 + number)
        for number in (0, 2):
            calls[number].rtp_tcp(2)
    cap.wait(15)
    for call in calls:
        call.bye()
    rows = tshark.fields(cap, ["hikcascade.verdict"], "hikcascade.verdict", two_pass=True)
    assert [row["hikcascade.verdict"][0].split()[0] for row in rows] == [
        "OK", "TCP_REFUSED" if how == "refused" else "TCP_NO_CONNECTION", "OK"]


# ---- which session

def test_ports_used_again(tshark):
    rows = media(tshark, "tcp-media-reused.pcap", ["hikcascade.camera"])
    assert [(row[1], row[2], row[3]) for row in rows] == (
        [([n], [0], ["34020000001320000001"]) for n in (1, 2, 3)] + [([n], [1], ["34020000001320000002"]) for n in (1, 2, 3)])


def test_twenty_cameras_on_one_port(tshark):
    rows = media(tshark, "tcp-media-one-port.pcap", ["hikcascade.camera"])
    assert [(row[1], row[2], row[3]) for row in rows] == [
        ([n + 1], [index], ["34020000001320%06d" % (index + 1)]) for n in range(3) for index in range(20)]
    rows = printed(tshark, "hikcascade,sessions", "tcp-media-one-port.pcap")
    assert len(rows) == 20 and all(row.verdict.startswith("OK 3 RTP packets") for row in rows)


def calls_on_one_port(count, bad, how, reverse=False, lower=False):
    """Calls that begin at once, whose connections all go to one port; of those in bad, how: "ssrc" has another SSRC than announced,
    "silent" sends nothing, "none" never connects."""
    cap = Capture()
    link = Link(cap)
    options = dict(offer_setup="active", answer_setup="passive", offer_port=9, answer_port=10000) if lower else dict(offer_port=10000)
    calls = [TcpCall(link, frames=small, rtp_interval=0.001, **options) for _ in range(count)]
    for step in (TcpCall.invite, TcpCall.ok, TcpCall.ack):
        for call in calls:
            step(call)
    order = list(enumerate(calls))[::-1 if reverse else 1]
    for index, call in order:
        if index in bad and how == "ssrc":
            call.ssrc = 900000 + index
        if index not in bad or how != "none":
            call.connect(port=50000 + index)
    for _ in range(3):
        for index, call in order:
            if call.connection and (index not in bad or how != "silent"):
                call.rtp_tcp()
    for call in calls:
        call.bye()
    return cap


ON_ONE_PORT = {"ssrc": "SSRC_MISMATCH", "silent": "NO_MEDIA", "none": "TCP_NO_CONNECTION"}


def verdicts_on_one_port(tshark, cap):
    rows = printed(tshark, "hikcascade,sessions", cap)
    assert rows == printed(tshark, "hikcascade,sessions", cap, two_pass=True)
    return [row["Verdict"] for row in rows]


@pytest.mark.parametrize("how, reverse", [("ssrc", False), ("silent", False), ("silent", True), ("none", False), ("none", True)])
@pytest.mark.parametrize("bad", [0, 1, 2])
@pytest.mark.parametrize("lower", [False, True], ids=["upper-listens", "lower-listens"])
def test_one_of_the_calls_on_one_port_fails(tshark, how, reverse, bad, lower):
    """Each connection is thought to be that of some of the calls, until an SSRC tells: what is left is that of the call that is left."""
    cap = calls_on_one_port(3, [bad], how, reverse, lower)
    assert verdicts_on_one_port(tshark, cap) == [ON_ONE_PORT[how] if index == bad else "OK" for index in range(3)]


@pytest.mark.parametrize("how", ON_ONE_PORT)
def test_some_of_many_calls_on_one_port_fail(tshark, how):
    cap = calls_on_one_port(100, [5, 70], how)
    assert verdicts_on_one_port(tshark, cap) == [ON_ONE_PORT[how] if index in (5, 70) else "OK" for index in range(100)]


@pytest.mark.parametrize("pause, verdicts", [(1.99, ["SSRC_MISMATCH", "TCP_NO_CONNECTION"]), (2.01, ["TCP_NO_CONNECTION", "SSRC_MISMATCH"])])
def test_calls_that_begin_at_once_connect_in_turn(tshark, pause, verdicts):
    """Of two that wait, the first one if both have just begun; else the newest: the other one waits in vain."""
    cap = Capture()
    link = Link(cap)
    calls = [TcpCall(link, offer_port=10000, frames=small) for _ in range(2)]
    calls[0].invite()
    answered = cap.now
    calls[0].ok()
    calls[0].ack()
    cap.wait(1)
    calls[1].start()
    cap.wait(pause - (cap.now - answered))
    calls[1].ssrc = 900000
    calls[1].connect()
    calls[1].rtp_tcp(3)
    for call in calls:
        call.bye()
    assert verdicts_on_one_port(tshark, cap) == verdicts


def test_another_call_on_the_port_connects_again(tshark):
    """The second connection of one call is not that of the other, to which nobody connected."""
    cap = Capture()
    link = Link(cap)
    calls = [TcpCall(link, offer_port=10000, frames=small) for _ in range(2)]
    for call in calls:
        call.start()
    for port in (50000, 50001):
        calls[0].connect(port=port)
        calls[0].rtp_tcp(3)
        calls[0].connection.close()
    for call in calls:
        call.bye()
    assert verdicts_on_one_port(tshark, cap) == ["OK", "TCP_NO_CONNECTION"]


def test_clients_told_apart_by_address(tshark):
    rows = media(tshark, "tcp-media-two-clients.pcap", ["ip.src"])
    assert [(row[2], row[3]) for row in rows] == [([0], ["192.0.2.10"]), ([1], ["192.0.2.11"])] * 3


def test_two_streams_on_one_connection(tshark):
    """Video and audio on one connection, each with an SSRC of its own."""
    cap, call = start(frames=small)
    call.connect()
    for n in range(3):
        call.stream(call.framed(1) + rfc4571(rtp(b"\xd5" * 160, 9, n + 1, n * 160, pt=8)))
    call.bye()
    rows = media(tshark, cap, ["rtp.p_type"])
    assert [row[1:] for row in rows] == [([n, n], [0, 0], ["96", "8"]) for n in (1, 2, 3)]


def test_before_the_answer_and_after_the_bye(tshark):
    rows = media(tshark, "tcp-media-before-answer.pcap")
    assert [row[1:] for row in rows] == [([n], [0]) for n in range(1, 7)]
    assert [frame for frame, _ in experts(tshark, "tcp-media-before-answer.pcap", "after the BYE")] == [13, 14]


def test_media_before_the_endpoint_is_known(tshark):
    """The lower platform listens and its 200 OK comes late: the offer's side connects to the other, and no other call waits."""
    cap = Capture()
    call = TcpCall(Link(cap), offer_setup="active", answer_setup="passive", answer_port=41230)
    call.invite()
    call.connect()
    call.rtp_tcp(2)
    call.ok()
    call.rtp_tcp(3)
    call.bye()
    rows = media(tshark, cap)
    assert [(row[1], row[2]) for row in rows] == [([n], [0]) for n in range(1, 6)]


def test_registered_port(tshark):
    """The client's port belongs to another protocol (1935, RTMP): the media connection is ours from its SYN on."""
    cap, call = start()
    call.connect(port=1935)
    call.rtp_tcp(3)
    call.bye()
    assert [(row[1], row[2]) for row in media(tshark, cap)] == [([1], [0]), ([2], [0]), ([3], [0])]


def test_without_signalling(tshark):
    rows = tshark.fields_everywhere("tcp-media-no-signalling.pcap", [SEQ, SESSION, "mp2p.codec"], "rtp")
    assert [row[SEQ] for row in rows] == [[str(n)] for n in range(1, 6)]
    assert all(not row[SESSION] and row["mp2p.codec"] == ["H.264"] for row in rows)


@pytest.mark.parametrize("seed", range(3))
def test_without_signalling_from_the_middle(tshark, seed):
    """The capture begins inside a connection whose segments begin where they like."""
    cap, rnd = Capture(), random.Random(seed)
    connection = cap.tcp(("192.0.2.10", 41238), ("198.51.100.20", 31870))
    stream = b"".join(rfc4571(packet) for packet in pslib.packets(packs(pslib.video(20)), 0x1234, 1, 0, mtu=1000))
    at = 300 + seed * 777
    while at < len(stream):
        size = rnd.choice((5, 700, 1448, 1448, 2896))
        connection.segment(connection.client, ACK | PSH, stream[at:at + size])
        at += size
    rows = tshark.fields_everywhere(cap, ["rtp.seq", "mp2p.frame.packets", SKIPPED], "mp2p || hikcascade.tcp.skipped")
    found = [int(seq) for row in rows for seq in row["rtp.seq"]]
    assert found == list(range(found[0], 61)) and found[0] <= 9
    assert len([value for row in rows for value in row["mp2p.frame.packets"]]) >= 18
    assert sum(len(row[SKIPPED]) for row in rows) <= 1
    assert experts(tshark, cap, "missing before this one") == []


def test_open_before_the_capture(tshark):
    """No SYN, but the INVITE: whoever recognises the bytes first, they are the session's."""
    cap, call = start()
    call.connect(handshake=False)
    call.rtp_tcp(5)
    call.bye()
    assert [row[1:] for row in media(tshark, cap, ["mp2p.codec"])] == [([n], [0], ["H.264"]) for n in range(1, 6)]


# ---- what is none of our business, and what is broken

@pytest.mark.parametrize("name,filter", [("not-media", "tcp && !sip"), ("foreign", "tcp.port == 30002")])
def test_foreign_bytes_stay_as_stock_has_them(tshark, name, filter):
    capture = "tcp-media-%s.pcap" % name
    ours, stock = tshark.columns(capture, filter), tshark.columns(capture, filter, plugin=False)
    assert ours == stock and len(ours) >= 5
    fields = ["frame.protocols", "data.len", SESSION]
    assert [row[SESSION] for row in tshark.fields_everywhere(capture, fields, filter, malformed=True)] == [[]] * len(ours)


def test_hostile_frames(tshark):
    rows = media(tshark, "tcp-media-hostile.pcap", [SKIPPED, "rtp.rfc4571.len"])
    assert [row[1] for row in rows] == [[1], [2], [3], [4, 5], [6, 7], [8], [9, 10], [11, 12]]
    assert [[len(bytes.fromhex(value)) for value in row[3]] for row in rows] == [[], [], [5], [26], [302], [], [304], []]
    assert rows[1][4] == ["0", "52"]
    assert len(experts(tshark, "tcp-media-hostile.pcap", "neither RTP nor RTCP")) == 2
    assert len(experts(tshark, "tcp-media-hostile.pcap", "belong to no RTP frame")) == 2


def test_every_truncation(tshark):
    """A stream that ends at any byte, and one that begins at any byte: no complaint of the dissector, on any pass."""
    cap = Capture()
    link = Link(cap)
    data = None
    for cut in range(0, 109, 3):
        for keep in (slice(0, cut), slice(cut, None)):
            call = TcpCall(link, frames=small, ssrc=777, offer_y="0000000777", answer_y="0000000777")
            call.start()
            call.connect()
            data = call.framed(2)
            if data[keep]:
                call.stream(data[keep])
            call.connection.close(call.sender)
            call.bye()
    rows = media(tshark, cap)
    whole = [seq for cut in range(0, 109, 3)
             for seq in ([1, 2] if cut == 108 else [1] if cut >= 54 else []) +
             ([1, 2] if cut == 0 else [2] if cut <= 54 else [])]
    assert sequence(rows) == whole


def test_random_bytes(tshark):
    """Noise on an announced connection, behind a good frame: shown, never malformed, the good frames around it found."""
    rng = random.Random(28181)
    cap, call = start(frames=small)
    call.connect()
    call.stream(call.framed(1))
    for _ in range(30):
        call.stream(bytes(rng.randrange(256) for _ in range(rng.choice((1, 2, 3, 50, 1400)))))
    call.stream(call.framed(2))
    call.bye()
    path = tshark.sandbox.readable(cap)
    one = tshark.fields(path, [SEQ, SKIPPED], "tcp", malformed=False)
    assert one == tshark.fields(path, [SEQ, SKIPPED], "tcp", two_pass=True)
    assert one[4][SEQ] == ["1"] or "1" in [seq for row in one for seq in row[SEQ]]


def test_noise_is_linear_work(tshark):
    """300 kB of bytes that all look like the begin of a frame, in segments of 1460: bounded time, nothing malformed."""
    cap, call = start(frames=small)
    call.connect()
    call.stream(call.framed(1))
    noise = b"\x80\x60" * 150000
    call.stream(noise, cut=list(range(1460, len(noise), 1460)))
    call.stream(b"\0\0" * 30000, cut=list(range(1460, 60000, 1460)))
    call.bye()
    path = tshark.sandbox.readable(cap)
    assert tshark.run(["-r", path, "-n", "-2", "-q", "-z", "io,phs"])


# ---- what stock does with it

def test_rtp_stream_statistics(tshark):
    """Stock's own stream list counts every packet, and none as lost."""
    cap, call = start(frames=small)
    call.connect()
    for _ in range(5):
        call.stream(call.framed(2))
    call.bye()
    text = tshark.tap("rtp,streams", cap)
    rows = [line for line in text.splitlines() if "0x00031129" in line]
    assert len(rows) == 1 and re.search(r"51000 +198\.51\.100\.20 20000 0x00031129 +PS +10 +0 \(0\.0%\)", rows[0]), text


def test_a_segment_that_begins_as_sip(tshark):
    """... is SIP's on a connection that media were announced for, whatever stands further down in it."""
    cap = Capture()
    link = Link(cap)
    call = TcpCall(link).start()
    call.connect()
    call.stream(link.answer(link.lower, link.request(link.upper, "OPTIONS")[1], body=call.framed(3),
                            content_type="application/octet-stream"))
    call.rtp_tcp(3)
    call.bye()
    rows = tshark.fields_everywhere(cap, ["sip.Status-Code", SEQ, SKIPPED], "tcp.len > 0")
    assert [(row["sip.Status-Code"], row[SEQ], row[SKIPPED]) for row in rows] == [
        (["200"], [], [])] + [([], [str(seq)], []) for seq in (4, 5, 6)]


@pytest.mark.parametrize("peers", [["192.0.2.11", "192.0.2.12"], ["198.51.100.20", "192.0.2.11"]], ids=["others", "itself"])
def test_ports_of_another_connection(tshark, peers):
    """The receiver sends to other hosts, or to itself, from its media port to the port that its media come from: each is a
    connection of its own, as stock has it, on every pass; also where the call comes into the capture later."""
    cap = Capture()
    link = Link(cap)
    call = TcpCall(link, frames=small)
    early = cap.tcp((call.answer_ip, 51000), call.offer_at)
    early.send(early.client, call.framed(1))
    early.send(early.client, call.framed(1))
    call.start()
    for number, peer in enumerate(peers):
        other = cap.tcp(call.offer_at, (peer, 51000), client_seq=70000 * (number + 1))
        for _ in range(3):
            other.send(other.client, call.framed(1))
    call.connect(port=51000)
    call.rtp_tcp(3)
    call.bye()
    names = ["tcp.stream", "tcp.seq"]
    rows = tshark.fields_everywhere(cap, [*names, SEQ, "hikcascade.session"], "tcp")
    assert [[row[name] for name in names] for row in rows] == [
        [row[name] for name in names] for row in tshark.fields(cap, names, "tcp", plugin=False)]
    assert [row["tcp.stream"] for row in rows] == [["0"]] * 2 + [["1"]] * 3 + [["2"]] * 3 + [["3"]] * 6
    assert [row[SEQ] for row in rows] == [[str(seq)] for seq in range(1, 9)] + [[]] * 3 + [[str(seq)] for seq in range(9, 12)]


@pytest.mark.parametrize("when", [0, 2, 6], ids=["before", "middle", "end"])
@pytest.mark.parametrize("peer", ["192.0.2.11", "198.51.100.20"], ids=["other", "itself"])
@pytest.mark.parametrize("back", [False, True], ids=["forth", "back"])
def test_ports_of_a_connection_that_was_looked_at(tshark, peer, when, back):
    """The same where the payload is not what its payload type says: what the look of it said stays with its connection."""
    cap = beside_another_connection(peer, when, back)
    names = ["tcp.stream", "tcp.seq"]
    rows = tshark.fields_everywhere(cap, [*names, SEQ, "hikcascade.session", "frame.protocols"], "tcp.len > 0")
    assert [[row[name] for name in names] for row in rows] == [
        [row[name] for name in names] for row in tshark.fields(cap, names, "tcp.len > 0", plugin=False, malformed=True)]
    own = [row for row in rows if row[SEQ]]
    assert [row[SEQ] for row in own] == [[str(seq)] for seq in range(1, 8)]
    assert [row["hikcascade.session"] for row in own] == [["0"]] * 7
    assert all(":rtp:mp2p" in row["frame.protocols"][0] for row in own)
