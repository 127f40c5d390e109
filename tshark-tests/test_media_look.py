# SPDX-License-Identifier: GPL-2.0-or-later
"""Payload types that are not what rtpmap says, or that it does not name: the bytes have the last word."""

import pytest

import conftest  # puts test-captures on the path
import pslib
import tables
from gen_copies import copied, other_hop
from gen_payload import MIXED, OTHERS, UNNAMED, beside_others, others, program
from gen_ps_streams import Stream, packs
from gen_tcp_media import TcpCall
from hikpcap import Bits, Capture, Link, rfc4571, rtp
from ps_pack import h264_payloads, h265_payloads

pytestmark = pytest.mark.logic

LOOK = "hikcascade.payload_not_declared"
CODEC, KEY_FRAMES = "Codec", "Key frames"


def stream(pt, codecs, packets):
    """packets: function of a Stream, gives its RTP packets."""
    made = Stream(offer_codecs=codecs, answer_codecs=codecs, pt=pt)
    made.packets = list(packets(made))
    return made.end()


def bare(h265, count=10):
    def packets(made):
        seq = 100
        for number, (picture, _) in enumerate(pslib.video(count, h265=h265)):
            for payload, marker in (h265_payloads if h265 else h264_payloads)(picture):
                yield rtp(payload, made.call.ssrc, seq, 3600 * number, made.call.pt, marker)
                seq += 1
    return packets


def session(tshark, capture):
    row = tables.printed(tshark, "hikcascade,sessions", capture)[0]
    return row[CODEC], int(row[KEY_FRAMES]), row.verdict


def said(tshark, capture):
    return {text for _, _, text in tshark.expert(capture, LOOK) if "payload type" in text}


@pytest.mark.parametrize("pt, declared", [(97, "MPEG4"), (98, "H264"), (99, "H265"), (100, None)])
def test_program_stream_under_another_name(tshark, pt, declared):
    capture = stream(pt, MIXED, program())
    rows = tshark.fields_everywhere(capture, ["mp2p.frame.packets", "mp2p.codec", LOOK], "mp2p")
    assert len(rows) == 30
    assert [value for row in rows for value in row["mp2p.frame.packets"]] == ["7", "2", "2", "2", "2"] * 2
    assert session(tshark, capture)[:2] == ("H.264", 2)
    assert said(tshark, capture) == {"The SDP says %s for payload type %d, the payload looks like MPEG program stream"
                                     % (declared or "nothing", pt)}
    assert [number for number, _, text in tshark.expert(capture, LOOK) if "looks like" in text] == [5]


def test_program_stream_over_tcp_under_another_name(tshark):
    cap = Capture()
    call = TcpCall(Link(cap), offer_codecs=MIXED, answer_codecs=MIXED, pt=98)
    call.start()
    call.connect()
    for packet in pslib.packets(packs(pslib.video(10)), call.ssrc, 1, 0, pt=98, mtu=1000):
        call.stream(rfc4571(packet))
    call.bye()
    rows = tshark.fields_everywhere(cap, ["mp2p.frame.packets"], "mp2p")
    assert [value for row in rows for value in row["mp2p.frame.packets"]] == ["7", "2", "2", "2", "2"] * 2


@pytest.mark.parametrize("pt, h265, said_so", [
    (98, False, True), (99, True, True), (97, False, False), (98, True, False), (100, True, False), (100, False, False)])
def test_bare_video(tshark, export_objects, pt, h265, said_so):
    """By rtpmap, then by look: codec and key frames of the table, what dissects it, and the export."""
    capture = stream(pt, MIXED, bare(h265))
    codec = "H.265" if h265 else "H.264"
    found, keys, verdict = session(tshark, capture)
    assert (found, keys) == (codec, 2)
    if pt != 100:
        assert verdict.startswith("OK 28 RTP packets of %s 1280x720" % codec)
    messages = said(tshark, capture)
    if said_so:
        assert messages == set()
    else:
        assert len(messages) == 1 and messages.pop().endswith("H.265 (RFC 7798)" if h265 else "H.264 (RFC 6184)")
    rows = tshark.fields_everywhere(capture, ["rtp.seq"], "h265" if h265 else "h264")
    assert int(rows[-1]["rtp.seq"][0]) == 127 and len(rows) == (28 if said_so else len(rows)) and len(rows) >= 20
    files = {path.suffix: path.read_bytes() for path in export_objects(capture).iterdir()}
    assert list(files) == [".h265" if h265 else ".h264"]
    expected = b"".join(picture for picture, _ in pslib.video(10, h265=h265))
    assert files.popitem()[1] == expected


def test_bare_video_below_the_dynamic_types(tshark):
    """Nobody assigned 95, nor may an SDP without rtpmap: no look makes it video."""
    assert session(tshark, stream(95, MIXED, bare(False)))[:2] == ("PS", 0)


def test_short_video_is_exported_as_declared(export_objects):
    """Too short for a look; the payload type is not the first of m=."""
    capture = stream(98, MIXED, bare(False, 1))
    assert [path.suffix for path in export_objects(capture).iterdir()] == [".h264"]


def test_no_rtpmap(tshark):
    """96 is PS by annex C; nobody needs to be told."""
    body = Stream(offer_codecs=((96, "PS/90000"),), pt=96)
    call = body.call
    plain = call.answer_sdp().replace("a=rtpmap:96 PS/90000\r\n", "")
    cap = Capture()
    call = Link(cap).call()
    call.invite(call.offer().replace("a=rtpmap:96 PS/90000\r\n", "").replace("a=rtpmap:98 H264/90000\r\n", ""))
    call.ok(call.answer_sdp().replace("a=rtpmap:96 PS/90000\r\n", ""))
    call.ack()
    call.rtp(4)
    call.bye()
    assert "rtpmap" not in plain
    assert len(tshark.fields_everywhere(cap, ["mp2p.codec"], "mp2p")) == 4
    assert said(tshark, cap) == set()


def test_audio_is_left_alone(tshark):
    codecs = ((8, "PCMA/8000"),)
    made = Stream(offer_codecs=MIXED + codecs, answer_codecs=MIXED + codecs, pt=8)
    made.payloads([b"\xd5" * 160] * 20, timestamp=lambda i: 160 * i)
    capture = made.end()
    assert session(tshark, capture)[:2] == ("PCMA", 0)
    assert said(tshark, capture) == set()


def test_healthy_calls_stay_as_they_are(tshark):
    """The conversation is still the SDP's."""
    rows = tshark.fields("ps-h264.pcap", ["rtp.setup-method", LOOK], "rtp")
    assert {tuple(row["rtp.setup-method"]) for row in rows} == {("SDP",)}
    assert all(row[LOOK] == [] for row in rows)


# ---- other hosts with the same ports

def beside(tshark, cap):
    """Of each packet to or from UNNAMED: is it one of others, is it RTP, its session, what dissects its payload. The same on every pass,
    and the stream's packets in the same udp.stream as without us."""
    filter = "udp.port == %d" % UNNAMED
    rows = tshark.fields_everywhere(cap, ["ip.src", "ip.dst", "rtp.seq", "hikcascade.session", "udp.stream", "frame.protocols"], filter)
    stock = tshark.fields(cap, ["udp.stream"], filter, plugin=False, malformed=True)
    found = []
    for row, without in zip(rows, stock):
        other = row["ip.src"][0] in OTHERS or row["ip.dst"][0] in OTHERS
        assert other or row["udp.stream"] == without["udp.stream"]
        found.append((other, bool(row["rtp.seq"]), row["hikcascade.session"], row["frame.protocols"][0].split(":")[5:6]))
    return found


@pytest.mark.parametrize("when", ["before", "middle", "behind"])
@pytest.mark.parametrize("pt, packets, layer", [(100, program(), "mp2p"), (98, program(), "mp2p"), (100, bare(True), "h265")],
                         ids=["ps", "swapped", "h265"])
def test_other_hosts_with_the_same_ports(tshark, export_objects, pt, packets, layer, when):
    """What the look of one stream says is nothing about others' bytes, whichever way they go."""
    cap, count = beside_others(pt, packets, when)
    rows = beside(tshark, cap)
    assert [row for row in rows if row[0]] == [(True, False, [], [])] * 12
    assert [row[1:3] for row in rows if not row[0]] == [(True, ["0"])] * (count + 1)
    assert [row[3] for row in rows if not row[0]][20:count] == [[layer]] * (count - 20)
    one, two = [{path.name: path.read_bytes() for path in export_objects(cap, extra=extra).iterdir()} for extra in ((), ("-2",))]
    assert one == two and len(one) == 2


@pytest.mark.parametrize("kind", ["copies", "forth", "back", "moved"])
@pytest.mark.parametrize("when", ["before", "middle", "behind"])
def test_other_hosts_combined(tshark, kind, when):
    """Where each packet is there twice, where the capture has one direction, and where a re-INVITE names the port in the end, from which on
    whoever sends there sends RTP."""
    cap, count = beside_others(100, program(), when)
    if kind == "copies":
        cap = copied(cap, change=other_hop)
    elif kind == "moved":
        call = Link(cap).call(call_id="call1001", offer_port=UNNAMED, offer_codecs=MIXED, answer_codecs=MIXED)
        call.start()
        others(call)
    else:
        cap = cap.only(lambda index, data: b"SIP/2.0" in data or (data[36:38] == UNNAMED.to_bytes(2, "big")) == (kind == "forth"))
    rows = beside(tshark, cap)
    own = [row[1:] for row in rows if not row[0]]
    each = 2 if kind == "copies" else 1
    if kind != "back":
        assert own[20 * each:count * each] == [(True, ["0"], ["mp2p"])] * (10 * each)
    assert [row for row in rows if row[0]][:12] == [(True, False, [], [])] * (6 if kind in ("forth", "back") else 12)
    if kind == "moved":
        assert [row[1] for row in rows[-12:]] == [True] * 12


@pytest.mark.parametrize("when", ["before", "middle", "behind"])
def test_other_hosts_beside_early_media(tshark, when):
    """By its look alone a stream proves its receiver's port to be RTP's: others there are, too, of no session."""
    cap, count = beside_others(100, program(), when, early=True)
    rows = beside(tshark, cap)
    assert [row[1:] for row in rows if not row[0]][:count] == [(True, ["0"], ["mp2p"])] * count
    assert [row[1] for row in rows if row[0]] == [when != "before"] * 12
    assert {tuple(row[2]) for row in rows if row[0]} == {()}


def test_rtcp_of_a_later_call_on_the_camera_s_port(tshark):
    """A stream that was looked at stays RTP, also where its payload type is no call's and its receiver's port nobody's."""
    made = Stream(offer_codecs=MIXED, answer_codecs=MIXED, pt=100)
    call, near = made.call, (made.call.dst[0], UNNAMED)
    for number, packet in enumerate(program()(made)):
        if number == 15:
            call.link.call(answer_port=call.src[1] - 1).start()
        made.cap.udp(call.src, near, packet)
    call.bye()
    assert [row[1:] for row in beside(tshark, made.cap)] == [(True, ["0"], ["mp2p"])] * 30


def tiny_sps():
    """H.265 sequence parameter set of a picture of 16 x 16: a single coding tree unit."""
    bits = Bits()
    for value in (0, 1, 16, 16):  # its ID, 4:2:0, width, height
        bits.ue(value)
    bits.u(1, 0)
    for value in (0, 0, 4):  # bit depths, size of the picture order count
        bits.ue(value)
    bits.u(1, 1)
    for value in (0, 0, 0, 0, 1, 0, 1, 0, 0):  # buffering; blocks from 8 to 16; transforms
        bits.ue(value)
    bits.u(4, 0).ue(0).u(5, 0)  # no reference picture sets, no extension
    return bytes.fromhex("42010101600000030090000003000003005d") + bits.bytes()


def test_too_much_for_stock(tshark):
    """Of a picture of one coding tree unit, slices that are not the first: stock's H.265 reports a bug of its own then. It is by
    our word that it is asked at all, so it is said in ours, and nothing else of the packet is lost."""
    def packets(made):
        for number in range(30):
            for index, unit in enumerate((tiny_sps(), pslib.H265_PPS, b"\x26\x01\xd0" + pslib.body(900, number),
                                          b"\x02\x01\x28" + pslib.body(900, number))):
                yield rtp(unit, made.call.ssrc, 100 + 4 * number + index, 3600 * number, made.call.pt, index == 3)

    capture = stream(100, MIXED, packets)
    path = tshark.sandbox.readable(capture)
    for words in ([], ["-2"]):
        out = tshark.run(["-r", path, "-n", "-V", *words])
        assert out.count("\nWireshark's own dissector of H.265 cannot take this packet: ") > 20
        assert out.count("\n[Hikvision cascade (GB/T 28181), session 0, camera 34020000001320000001]\n") == 120
    # Where it fails depends on what stock saw last, so in any order only this: nothing complains.
    tshark.sharkd(capture, [("frame", {"frame": number, "proto": True}) for number in range(124, 0, -1)])
