# SPDX-License-Identifier: GPL-2.0-or-later
"""The payload is what its bytes are: encrypted video, bare video with delimiters, payload types, late packets, other plugins."""

import random

import pytest

import conftest  # puts test-captures on the path
import pslib
import tables
from gen_payload import RECOVERY, Stream, bare_delimited, bare_from_the_middle, encrypted_video, packs, type_changes
from hikpcap import Capture, rtp, rfc4571
from gen_tcp_media import TcpCall
from hikpcap import Link

pytestmark = pytest.mark.logic

PICTURE = ["mp2p.frame.first", "mp2p.frame.last", "mp2p.frame.size", "mp2p.frame.packets"]
SENDER = "192.0.2.10:40000"


def session(tshark, capture, *names):
    row = tables.printed(tshark, "hikcascade,sessions", capture)[0]
    return (row.verdict, *row.cells(*names))


def pictures(tshark, capture):
    """Everywhere the same: sizes of the pictures, in order."""
    rows = tshark.fields_everywhere(capture, [*PICTURE, "mp2p.key_frame"], "mp2p", allow_forward=PICTURE)
    return [int(size) for row in rows for size in row["mp2p.frame.size"]]


ENCRYPTED = "ENCRYPTED the video from %s is encrypted, H.264: without the device's key there is no picture" % SENDER


def test_encrypted(tshark):
    """Said by PES_scrambling_control: counted by headers and time stamps; no size of a parameter set that is none."""
    assert session(tshark, "payload-encrypted.pcap", "Codec", "Picture", "Key frames", "Lost") == (
        ENCRYPTED, "H.264 encrypted", "", "8", "0")
    rows = tshark.fields_everywhere("payload-encrypted.pcap", ["mp2p.pes.scrambling_control", "mp2p.key_frame",
                                                              "h264.pic_width_in_mbs_minus1"], "mp2p.key_frame")
    assert [row["mp2p.key_frame"] for row in rows] == [["1" if n % 5 == 0 else "0"] for n in range(40)]
    assert {row["mp2p.pes.scrambling_control"][0] for row in rows} == {"2"}
    assert all(row["h264.pic_width_in_mbs_minus1"] == [] for row in rows)
    assert len(pictures(tshark, "payload-encrypted.pcap")) == 40


def test_encrypted_unsaid(tshark):
    """Parameter sets and slices that cannot be."""
    assert session(tshark, "payload-encrypted-unsaid.pcap", "Codec", "Picture", "Key frames") == (
        ENCRYPTED, "H.264 encrypted", "", "8")


@pytest.mark.parametrize("count, told", [(15, False), (16, True)])
def test_encrypted_is_told_by_many_pictures(tshark, count, told):
    verdict = session(tshark, Stream().add(encrypted_video(count, said=False)).end())[0]
    assert verdict.startswith("ENCRYPTED") == told


def test_encrypted_with_loss_and_late_packets(tshark):
    stream = Stream().add(encrypted_video())
    late = stream.packets.pop(7)
    stream.packets.insert(30, late)
    assert session(tshark, stream.end(), "Key frames", "Lost") == (ENCRYPTED, "8", "0")


@pytest.mark.parametrize("capture", ["ps-h264.pcap", "ps-bad-sps.pcap", "ps-slices.pcap", "ps-lost.pcap", "ps-hikvision.pcap", "ps-h265.pcap"])
def test_clear_video_is_not_encrypted(tshark, capture):
    assert "ENCRYPTED" not in session(tshark, capture)[0]
    rows = tshark.fields(capture, ["mp2p.pes.scrambling_control"], "mp2p.pes.scrambling_control")
    assert {value for row in rows for value in row["mp2p.pes.scrambling_control"]} == {"0"}


def test_delimiters(tshark, export_objects):
    """Access unit delimiters of two bytes: bare H.264 all the same, and its file is what was sent."""
    assert session(tshark, "payload-delimiters.pcap", "Codec", "Picture", "Key frames") == (
        "NOT_PS SDP says PS, but 72 of 72 packets are not a program stream; they look like H.264 (RFC 6184)", "H.264", "1280x720", "4")
    files = list(export_objects("payload-delimiters.pcap").iterdir())
    assert [path.suffix for path in files] == [".h264"]
    assert files[0].read_bytes() == bare_delimited()[1]


@pytest.mark.parametrize("h265", [False, True], ids=["h264", "h265"])
def test_from_the_middle(tshark, export_objects, h265):
    """The capture begins between two key frames: slices alone are told for what they are, and play from the next key frame on."""
    stream, sent = bare_from_the_middle(h265=h265)
    verdict, codec, keys = session(tshark, stream.end(), "Codec", "Key frames")
    name = "H.265" if h265 else "H.264"
    assert "packets are not a program stream; they look like %s (RFC " % name in verdict
    assert (codec, keys) == (name, "1")
    if not h265:
        files = list(export_objects("payload-from-the-middle.pcap").iterdir())
        assert [path.suffix for path in files] == [".h264"]
        assert files[0].read_bytes().endswith(b"".join(sent[20:]))


def with_recovery(count, period):
    """No IDR picture but the first is left out; a recovery point every `period` pictures."""
    units = [pslib.picture(n, False, 800) for n in range(count)]
    return [(b"\0\0\0\1" + pslib.H264_SPS + b"\0\0\0\1" + pslib.H264_PPS + RECOVERY + unit if n % period == 0 else unit, False)
            for n, unit in enumerate(units)]


def test_recovery_point(tshark):
    """A decoder can start there: no NO_KEY_FRAME."""
    capture = Stream().add(packs(with_recovery(20, 5))).end()
    verdict, keys = session(tshark, capture, "Key frames")
    assert verdict.startswith("OK ") and "NO_KEY_FRAME" not in verdict and keys == "4"
    # the pictures' own field says the same as the table
    rows = tshark.fields_everywhere(capture, ["mp2p.key_frame"], "mp2p.key_frame")
    shown = [value for row in rows for value in row["mp2p.key_frame"]]
    assert [n for n, value in enumerate(shown) if value == "1"] == [0, 5, 10, 15] and len(shown) == 20
    assert "NO_KEY_FRAME" in session(tshark, Stream().add(packs([(pslib.picture(n, False, 800), False) for n in range(20)])).end())[0]


def test_payload_type_changes(tshark):
    capture = "payload-type-changes.pcap"
    assert session(tshark, capture, "Key frames", "Picture") == (
        "PAYLOAD_TYPE 29 of 30 packets from %s have payload type 100, which no m= line names" % SENDER, "2", "1280x720")
    assert pictures(tshark, capture) == [6042, 1507, 1507, 1507, 1507] * 2
    assert len(tshark.fields_everywhere(capture, ["mp2p.stream_id"], "mp2p")) == 30
    assert [number for number, _, text in tshark.expert(capture, "hikcascade.payload_not_declared")] == [6]
    # 100 is an event of Cisco's to stock, whose dissector finds it malformed
    assert tshark.fields(capture, [], "rtpevent || _ws.malformed", two_pass=True) == []


def test_payload_type_changes_over_tcp(tshark):
    cap = Capture()
    call = TcpCall(Link(cap))
    call.start()
    call.connect()
    for number, data in enumerate(type_changes(10).packets):
        call.connection.send(call.connection.client, rfc4571(data))
        cap.wait(0.02)
    call.bye()
    verdict, keys = session(tshark, cap, "Key frames")
    assert "PAYLOAD_TYPE 20 of 30 packets from" in verdict and keys == "2"
    assert tshark.fields(cap, [], "rtpevent || _ws.malformed", two_pass=True) == []
    assert len([row for row in tshark.expert(cap, "hikcascade.payload_not_declared")
                if "Payload type 100 is in no m= line" in row[2]]) == 1


@pytest.mark.parametrize("pt", [35, 63])
def test_rtpmap_below_96(tshark, pt):
    codecs = ((pt, "PS/90000"),)
    capture = Stream(offer_codecs=codecs, answer_codecs=codecs, pt=pt).add(packs(pslib.video(10))).end()
    verdict, codec, keys = session(tshark, capture, "Codec", "Key frames")
    assert verdict.startswith("OK 30 RTP packets of H.264 1280x720") and (codec, keys) == ("H.264", "2")
    assert pictures(tshark, capture) == [6042, 1507, 1507, 1507, 1507] * 2


def test_stray_bytes(tshark):
    """Two bytes that belong to nobody cost nothing; the stream goes on at the map."""
    verdict, keys, size = session(tshark, "payload-stray-bytes.pcap", "Key frames", "Picture")
    assert verdict.startswith("OK ") and (keys, size) == ("2", "1280x720")
    assert pictures(tshark, "payload-stray-bytes.pcap") == [6042, 1507, 1507, 1507, 1507] * 2
    rows = tshark.fields("payload-stray-bytes.pcap", ["mp2p.skipped", "mp2p.resync"], "mp2p.skipped")
    assert [(row["frame"], row["mp2p.skipped"], len(row["mp2p.resync"])) for row in rows] == [(5, ["ffff"], 1), (20, ["ffff"], 1)]


def test_lost_packet_where_packs_are_rare(tshark):
    """One pack header for the whole stream: the loss costs one picture."""
    made = packs(pslib.video(10), audio=False)
    made = [made[0]] + [pack[14:] for pack in made[1:]]
    stream = Stream().add(made)
    del stream.packets[8]
    assert pictures(tshark, stream.end()) == [6042, 1507, 1507, 1507, 6042, 1507, 1507, 1507, 1507]


def test_end_code(tshark):
    assert len(pictures(tshark, "payload-end-code.pcap")) == 10
    assert len(tshark.fields("payload-end-code.pcap", ["mp2p.frame.size"], "mp2p.end && mp2p.frame.size")) == 1


def test_last_picture_at_the_end_of_the_capture(tshark):
    capture = Stream().add(packs(pslib.video(10), audio=False), marker=False).end()
    one = [row["frame"] for row in tshark.fields(capture, PICTURE, "mp2p.frame.size")]
    assert len(one) == 9 and len(pictures(tshark, capture)) == 10


def shuffled(packets, distance, seed):
    rand = random.Random(seed)
    order = sorted(range(len(packets)), key=lambda n: n + (rand.randrange(distance) if n else 0))
    return [packets[n] for n in order]


@pytest.mark.parametrize("distance", [4, 40, 400])
def test_late_packets(tshark, distance):
    """Any order: the pictures, key frames and no loss of the same packets in order; nothing is marked missing for good."""
    stream = Stream().add(packs(pslib.video(120, gop=10, key_size=4000, size=900)))
    in_order = list(stream.packets)
    wanted = sorted(pictures(tshark, stream.end()))
    other = Stream()
    other.packets = shuffled(in_order, distance, distance)
    capture = other.end()
    rows = tshark.fields(capture, ["mp2p.frame.size", "mp2p.lost"], "mp2p", two_pass=True)
    assert sorted(int(size) for row in rows for size in row["mp2p.frame.size"]) == wanted
    assert [row["frame"] for row in rows if row["mp2p.lost"]] == []
    verdict, keys, lost = session(tshark, capture, "Key frames", "Lost")
    assert "NO_KEY_FRAME" not in verdict and (keys, lost) == ("12", "0")


LUA = """
local luaps = Proto("luaps", "A plugin for PS")
function luaps.dissector(tvb, pinfo, tree)
    pinfo.cols.protocol = "LUAPS"
    tree:add(luaps, tvb())
    if %s then tvb(100000, 4) end
    return tvb:len()
end
DissectorTable.get("rtp_dyn_payload_type"):add("PS", luaps)
"""


@pytest.mark.parametrize("fails", ["false"])
def test_another_plugin_has_the_name(tshark, fails):
    """Counts and verdict stay right, it is said once, and its columns are its own."""
    if "with Lua" not in tshark.run(["--version"], plugin=False):
        pytest.skip("this tshark has no Lua")
    script = tshark.sandbox.files / "luaps.lua"
    script.write_text(LUA % fails)
    script.chmod(0o644)
    extra = ["-X", "lua_script:%s" % script]
    for two_pass in (False, True):
        rows = tshark.fields("ps-h264.pcap", ["mp2p.frame.size", "mp2p.taken"], "luaps", two_pass=two_pass, extra=extra)
        assert len(rows) == 30 and [row["frame"] for row in rows if row["mp2p.taken"]] == [5]
        assert [size for row in rows for size in row["mp2p.frame.size"]] == ["6042", "1507", "1507", "1507", "1507"] * 2
    for more in ([], ["--disable-protocol", "mp2p"]):
        assert {protocol for _, protocol, _ in tshark.columns("ps-h264.pcap", "rtp", extra=[*extra, *more])} == {"LUAPS"}
    out = tshark.run(["-r", tshark.sandbox.readable("ps-h264.pcap"), "-n", "-q", *extra, "-z", "hikcascade,sessions"])
    row = tables.parsed(out, None)[0]
    assert row.verdict.startswith("OK 30 RTP packets of H.264 1280x720") and row["Key frames"] == "2"


def test_nobody_else_has_the_name(tshark):
    assert tshark.fields("ps-h264.pcap", ["mp2p.taken"], "mp2p.taken") == []


def test_everything_over_tcp(tshark):
    """Below 96, encrypted, over TCP."""
    codecs = ((35, "PS/90000"),)
    cap = Capture()
    call = TcpCall(Link(cap), offer_codecs=codecs, answer_codecs=codecs, pt=35)
    call.start()
    call.connect()
    for packet in pslib.packets(encrypted_video(20), call.ssrc, 1, 0, pt=35, mtu=1000):
        call.stream(rfc4571(packet))
    call.bye()
    verdict, codec, keys, lost = session(tshark, cap, "Codec", "Key frames", "Lost")
    assert verdict.startswith("ENCRYPTED ") and (codec, keys, lost) == ("H.264 encrypted", "4", "0")
    assert len(pictures(tshark, cap)) == 20


@pytest.mark.parametrize("distance", [4, 40, 400])
def test_export_of_late_packets(export_objects, distance):
    """Byte for byte what was sent."""
    made = packs(pslib.video(120, gop=10, key_size=4000, size=900))
    stream = Stream().add(made)
    head, rest = stream.packets[:60], stream.packets[60:]
    stream.packets = shuffled(head, min(distance, 50), 1) + shuffled(rest, distance, distance)
    files = list(export_objects(stream.end()).iterdir())
    assert [path.suffix for path in files] == [".mpg"] and files[0].read_bytes() == b"".join(made)
