# SPDX-License-Identifier: GPL-2.0-or-later
"""MPEG program stream in RTP: each field, exact, in one pass, two passes and random access."""

import pytest
import tables

import conftest

pytestmark = pytest.mark.logic

FRAME = ["mp2p.frame.first", "mp2p.frame.last", "mp2p.frame.size", "mp2p.frame.packets"]
EXPERT = ["mp2p.lost", "mp2p.resync", "mp2p.no_psm", "mp2p.psm_broken", "mp2p.codec_mismatch", "mp2p.not_ps"]
ALL = ["mp2p.scr", "mp2p.mux_rate", "mp2p.stuffing", "mp2p.hik_frame", "mp2p.psm.stream_type", "mp2p.psm.stream_id", "mp2p.psm.descriptor",
       "mp2p.psm.crc", "mp2p.stream_id", "mp2p.pes.length", "mp2p.pts", "mp2p.dts", "mp2p.continuation", "mp2p.codec", "mp2p.nal_type",
       "mp2p.nal_size", "mp2p.key_frame", *FRAME]

CAPTURES = sorted(path.name for path in conftest.CAPTURES.glob("ps-*.pcap"))


def ints(row, name):
    return [int(value, 0) for value in row[name]]


def floats(row, name):
    return [float(value) for value in row[name]]


def frames(tshark, capture, filter="mp2p.frame.first"):
    """Completed pictures: (told in frame, first, last, size, packets)."""
    rows = tshark.fields(capture, FRAME, filter)
    return [(row["frame"], *values) for row in rows for values in zip(*(ints(row, name) for name in FRAME))]


def expert(tshark, capture):
    """{name: [frames]} of mp2p's expert items."""
    found = {}
    names = EXPERT + ["mp2p.late", "mp2p.pes_cut", "mp2p.pes_length_wrong", "mp2p.pes_broken", "mp2p.psm_crc_wrong"]
    for row in tshark.fields(capture, names, "mp2p && _ws.expert"):
        for name in names:
            if row[name]:
                found.setdefault(name, []).append(row["frame"])
    return found


# ---- the same in every way of reading ---------------------------------------------------------------------------------

@pytest.mark.parametrize("capture", CAPTURES)
def test_everywhere(tshark, capture):
    """One pass, two passes, random access backwards. Nothing malformed, no dissector bug (the helper checks). That the capture
    ends behind a picture, which completes it, no single pass can know."""
    tshark.fields_everywhere(capture, ALL, "rtp || mp2p", allow_forward=FRAME)


# Bytes that a header's own item stands for: start code, lengths that follow from what it holds, reserved and flag bytes.
STANDS_FOR = {"mp2p.pack": range(4), "mp2p.system_header": (*range(6), 11), "mp2p.psm": (*range(6), *range(7, 10)),
              "mp2p.psm.stream": (2, 3), "mp2p.pes": range(9), "mp2p.end": range(4)}


def covered_by(field):
    """Positions of the bytes that a field and those below it show."""
    found, inside = set(), range(field.pos, field.pos + field.size)
    for child in field.children:
        found |= covered_by(child)
    if field.show and field.raw or field.size and not field.children:
        found.update(inside)  # it has a value of its own
    found.update(field.pos + at for at in STANDS_FOR.get(field.name, ()) if at < field.size)
    if field.name in STANDS_FOR and any(child.size and child.pos not in inside for child in field.children):
        found.update(inside)  # begun in another packet: shown from the bytes put together
    for child in field.children:
        if child.name == "mp2p.stuffing":
            found.update(range(child.pos + 1, child.pos + 1 + int(child.show)))
        if child.name == "mp2p.pts":  # MPEG-1 has stuffing and the size of a buffer in front of it
            found.update(range(field.pos + 6, child.pos))
    if field.name == "mp2p.psm":  # elementary_stream_map_length stands in front of the first stream
        found.update(at for child in field.children if child.name == "mp2p.psm.stream" for at in (child.pos - 2, child.pos - 1))
    return found


@pytest.mark.parametrize("capture", CAPTURES)
def test_no_byte_is_hidden(tshark, capture):
    """Every payload byte is in the value of some field below mp2p, but for what a header is made of and for stuffing."""
    for packet in tshark.packets(capture, "mp2p && !tcp"):
        top, = [field for field in packet.all if field.name == "mp2p"]
        covered = set().union(*map(covered_by, top.children))
        hidden = [at for at in range(top.pos, top.pos + top.size) if at not in covered]
        assert not hidden, "frame %d: bytes %s" % (packet.number, hidden[:20])


# ---- healthy --------------------------------------------------------------------------------------------------------

def test_key_packet(tshark):
    row = tshark.fields("ps-h264.pcap", ALL + ["mp2p.pack", "mp2p.system_header", "mp2p.psm"], "frame.number == 5")[0]
    assert floats(row, "mp2p.scr") == [10.0]
    assert ints(row, "mp2p.mux_rate") == [6106]
    assert ints(row, "mp2p.stuffing") == [0]
    assert row["mp2p.hik_frame"] == []
    assert ints(row, "mp2p.psm.stream_type") == [0x1B, 0x90]
    assert ints(row, "mp2p.psm.stream_id") == [0xE0, 0xC0]
    assert ints(row, "mp2p.stream_id") == [0xE0]
    assert ints(row, "mp2p.pes.length") == [6000 + 3 + 4 + 23 + 4 + 4 + 4 + 8]
    assert floats(row, "mp2p.pts") == [10.0]
    assert row["mp2p.dts"] == [] and row["mp2p.continuation"] == []
    assert row["mp2p.codec"] == ["H.264"]
    assert ints(row, "mp2p.nal_type") == [7, 8, 5]
    assert ints(row, "mp2p.nal_size") == [23, 4]
    assert row["mp2p.key_frame"] == ["1"]
    assert len(row["mp2p.pack"]) == len(row["mp2p.system_header"]) == len(row["mp2p.psm"]) == 1


def test_bytes_are_highlighted(tshark):
    packet = tshark.packet("ps-h264.pcap", 5)
    at = packet.one("mp2p").pos
    for name, size in (("pack", 14), ("system_header", 18), ("psm", 24), ("pes", 1000 - 14 - 18 - 24)):
        field = packet.one("mp2p." + name)
        assert (field.pos, field.size) == (at, size), name
        at += size
    assert [field.raw for field in packet.fields("mp2p.nal_type")] == [b"\x67", b"\x68", b"\x65"]
    assert packet.one("mp2p.pes.length").size == 2 and packet.one("mp2p.pts").size == 5
    assert packet.one("mp2p.data").raw[:5] == b"\0\0\0\1\x67"
    names = [field.showname for field in packet.fields("mp2p.nal_type")]
    assert names == ["NAL unit type: SPS (7)", "NAL unit type: PPS (8)", "NAL unit type: IDR slice (5)"]


def test_stock_reads_the_parameter_sets(tshark):
    row = tshark.fields("ps-h264.pcap", ["h264.pic_width_in_mbs_minus1", "h264.pic_height_in_map_units_minus1"], "frame.number == 5")[0]
    assert ints(row, "h264.pic_width_in_mbs_minus1") == [79] and ints(row, "h264.pic_height_in_map_units_minus1") == [44]
    row = tshark.fields("ps-h265.pcap", ["h265.pic_width_in_luma_samples", "h265.pic_height_in_luma_samples"], "frame.number == 5")[0]
    assert ints(row, "h265.pic_width_in_luma_samples") == [1280] and ints(row, "h265.pic_height_in_luma_samples") == [720]
    # one PES packet per NAL unit
    row = tshark.fields("ps-hikvision.pcap", ["h264.pic_width_in_mbs_minus1"], "frame.number == 5")[0]
    assert ints(row, "h264.pic_width_in_mbs_minus1") == [79]


def test_continuation(tshark):
    rows = tshark.fields("ps-h264.pcap", ["mp2p.continuation", "mp2p.stream_id", "mp2p.codec"], "frame.number in {6..11}")
    assert [ints(row, "mp2p.continuation") for row in rows] == [[1000]] * 5 + [[112]]
    assert [ints(row, "mp2p.stream_id") for row in rows] == [[0xE0]] * 5 + [[0xE0, 0xC0]]
    assert rows[0]["mp2p.codec"] == ["H.264"] and rows[5]["mp2p.codec"] == ["H.264", "G.711A"]


def test_frames(tshark):
    expected = []
    at = 5
    for n in range(10):
        key = n % 5 == 0
        packets = 7 if key else 2
        expected.append((at + packets - 1, at, at + packets - 1, 6042 if key else 1507, packets))
        at += packets
    assert frames(tshark, "ps-h264.pcap") == expected
    info = {number: text for number, _, text in tshark.columns("ps-h264.pcap", "mp2p")}
    assert info[11].startswith("PT=PS, SSRC=") and info[11].endswith(", PS H.264 key frame 1280×720, 7 packets")
    assert info[13].endswith(", PS H.264 frame, 2 packets")
    assert info[5].endswith(", PS key frame begins")
    assert info[6].endswith("Time=36000")


def test_frames_without_markers(tshark):
    """Told by the first packet of the next one; and the same ones."""
    with_marker, without = frames(tshark, "ps-h264.pcap"), frames(tshark, "ps-no-marker.pcap")
    assert [row[1:] for row in without] == [row[1:] for row in with_marker[:-1]]
    assert [row[0] for row in without] == [row[2] + 1 for row in without]


def test_frames_do_not_depend_on_pes_or_slices(tshark):
    assert [row[4] for row in frames(tshark, "ps-slices.pcap")] == [7, 2, 2, 2, 2, 7]
    assert [row[4] for row in frames(tshark, "ps-every-marker.pcap")] == [7, 2, 2, 2, 2, 7, 2, 2]
    assert [row[3] for row in frames(tshark, "ps-two-timestamps.pcap")] == [6042, 1507, 1507, 1507, 1507, 6042, 1507]
    assert [row[3] for row in frames(tshark, "ps-unbounded.pcap")] == [6042, 1507, 1507] * 2


def test_several_packs_in_a_packet(tshark):
    row = tshark.fields("ps-one-packet.pcap", ["mp2p.pack", "mp2p.frame.first", "mp2p.key_frame"], "mp2p")[0]
    assert len(row["mp2p.pack"]) == 6 and row["mp2p.key_frame"] == ["1", "0", "0", "0", "0", "0"]
    # the last one may go on in the next packet: its audio follows, the marker is there
    assert len(row["mp2p.frame.first"]) == 6


def test_split_headers(tshark):
    """Every header is split somewhere, nothing is missed."""
    rows = tshark.fields("ps-split-headers.pcap", ["mp2p.scr", "mp2p.psm.stream_type", "mp2p.pts", "mp2p.nal_type", "mp2p.pes.length"], "mp2p")

    def values(name):
        return [value for row in rows for value in row[name]]
    assert [float(value) for value in values("mp2p.scr")] == pytest.approx([10 + 0.04 * n for n in range(4)])
    assert [int(value, 0) for value in values("mp2p.psm.stream_type")] == [0x1B, 0x90] * 2
    assert [int(value, 0) for value in values("mp2p.nal_type")] == [7, 8, 5, 1, 7, 8, 5, 1]
    assert len(values("mp2p.pts")) == 8
    assert expert(tshark, "ps-split-headers.pcap") == {}


def test_hikvision(tshark):
    row = tshark.fields("ps-hikvision.pcap", [
        "mp2p.hik_frame", "mp2p.stuffing", "mp2p.psm.stream_type", "mp2p.psm.descriptor", "mp2p.psm.descriptor.time",
        "mp2p.psm.descriptor.encrypt", "mp2p.psm.descriptor.width", "mp2p.psm.descriptor.height", "mp2p.psm.descriptor.interval",
        "mp2p.psm.descriptor.sample_rate", "mp2p.psm.descriptor.bit_rate", "mp2p.psm.descriptor.frame_number", "mp2p.dts"],
        "frame.number == 5")[0]
    assert ints(row, "mp2p.hik_frame") == [5000] and ints(row, "mp2p.stuffing") == [6]
    assert ints(row, "mp2p.psm.stream_type") == [0x1B, 0x90, 0xBD, 0xBF]
    assert len(row["mp2p.psm.descriptor"]) == 6
    assert row["mp2p.psm.descriptor.time"] == ["2023-09-26 15:43:17.250"]
    assert ints(row, "mp2p.psm.descriptor.encrypt") == [7]
    assert ints(row, "mp2p.psm.descriptor.width") == [1280, 1280] and ints(row, "mp2p.psm.descriptor.height") == [720, 704]
    assert ints(row, "mp2p.psm.descriptor.interval") == [3600]
    assert ints(row, "mp2p.psm.descriptor.sample_rate") == [16000] and ints(row, "mp2p.psm.descriptor.bit_rate") == [32000]
    assert ints(row, "mp2p.psm.descriptor.frame_number") == [77]
    assert floats(row, "mp2p.dts") == [10.0, 10.0, 10.0]
    counters = [value for row in tshark.fields("ps-hikvision.pcap", ["mp2p.hik_frame"], "mp2p.hik_frame") for value in row["mp2p.hik_frame"]]
    assert counters == [str(5000 + n) for n in range(8)]
    row = tshark.fields("ps-hikvision.pcap", ["mp2p.stream_id", "mp2p.private"], "frame.number == 10")[0]
    assert ints(row, "mp2p.stream_id") == [0xC0, 0xBD, 0xBF]
    assert row["mp2p.private"] == [(b"private metadata \x01").hex(), "01020304"]
    assert expert(tshark, "ps-hikvision.pcap") == {}


def test_bare_packs(tshark):
    rows = tshark.fields("ps-bare-packs.pcap", ["mp2p.pack", "mp2p.scr", "mp2p.codec"], "mp2p.pack")
    assert [len(row["mp2p.scr"]) for row in rows] == [1, 0, 0, 1, 0, 0]
    assert all(row["mp2p.codec"] == ["H.265"] for row in rows)
    assert expert(tshark, "ps-bare-packs.pcap") == {}


def test_mpeg1(tshark):
    rows = tshark.fields("ps-mpeg1.pcap", ["mp2p.scr", "mp2p.pts"], "mp2p.pack")
    assert [floats(row, "mp2p.scr") for row in rows] == [[pytest.approx(1 + 0.04 * n)] for n in range(4)]
    assert [floats(row, "mp2p.pts") for row in rows] == [[pytest.approx(1 + 0.04 * n)] for n in range(4)]


def test_picture_and_rate(tshark):
    """Size and rate of the parameter set, or the rate of the time stamps, on the key frames and in the session's row."""
    names = ["mp2p.frame.width", "mp2p.frame.height", "mp2p.frame.rate"]
    for capture in ("ps-h264.pcap", "ps-h265.pcap"):
        rows = tshark.fields_everywhere(capture, names, "mp2p.frame.width")
        assert [[row[name] for name in names] for row in rows] == [[["1280"], ["720"], ["25"]]] * 2
        assert tables.printed(tshark, "hikcascade,sessions", capture)[0].cells("Picture", "Frame rate") == ["1280x720", "25"]
    # sound, and a codec whose pictures are not looked into: 25 by the time stamps
    assert tables.printed(tshark, "hikcascade,sessions", "verdict-one-way.pcap")[0].cells("Codec", "Picture", "Frame rate") == ["PCMA", "", ""]
    assert tables.printed(tshark, "hikcascade,sessions", "ps-svac.pcap")[0].cells("Codec", "Picture", "Frame rate") == ["SVAC", "", "25"]


def test_picture_without_a_program_stream(tshark):
    """What is video without the program stream that was declared is counted all the same."""
    for capture, codec in (("ps-is-h264.pcap", "H.264"), ("ps-is-h265.pcap", "H.265")):
        row = tables.printed(tshark, "hikcascade,sessions", capture)[0]
        assert row.cells("Codec", "Picture", "Key frames") == [codec, "1280x720", "1"] and row["Verdict"] == "NOT_PS"


def test_two_videos(tshark):
    assert [(row[3], row[4]) for row in frames(tshark, "ps-two-videos.pcap")][:2] == [(2042, 6), (1292, 5)]
    assert expert(tshark, "ps-two-videos.pcap") == {}


def test_codecs_without_nal_units(tshark):
    rows = tshark.fields("ps-svac.pcap", ["mp2p.codec", "mp2p.nal_type", "mp2p.frame.size"], "mp2p")
    assert all(row["mp2p.codec"] == ["SVAC", "SVAC audio"] and row["mp2p.nal_type"] == [] for row in rows)
    assert [row["mp2p.frame.size"] for row in rows] == [["504"]] * 4
    # nobody looked for key frames, so none is missed
    assert "KEY_FRAME" not in tshark.tap("hikcascade,sessions", "ps-svac.pcap")


# ---- networks -------------------------------------------------------------------------------------------------------

def test_loss(tshark):
    assert expert(tshark, "ps-lost.pcap") == {"mp2p.lost": [7, 13], "mp2p.resync": [10, 13]}
    # the damaged pictures are not counted as complete, all others are
    assert [row[4] for row in frames(tshark, "ps-lost.pcap")] == [2, 2, 7, 2, 2, 2, 2, 7, 2]
    row = tshark.fields("ps-lost.pcap", ["mp2p.skipped"], "frame.number == 8")[0]
    assert len(row["mp2p.skipped"][0]) == 2000


def test_reordering(tshark):
    found = expert(tshark, "ps-reordered.pcap")
    assert found["mp2p.lost"] == [7, 17]
    # lateness is no note: a label to filter by
    assert [row["frame"] for row in tshark.fields("ps-reordered.pcap", [], "mp2p.late")] == [8, 18, 19]
    assert tshark.fields("ps-reordered.pcap", ["_ws.expert.message"], "mp2p && _ws.expert", two_pass=True) == []
    done = frames(tshark, "ps-reordered.pcap")
    # two packets swapped, and two late in one gap: all pictures are whole, said where the last missing packet came
    assert done[0] == (11, 5, 11, 6042, 7)
    assert done[3:5] == [(18, 18, 17, 1507, 2), (19, 16, 19, 1507, 2)]
    assert [row[4] for row in done] == [7, 2, 2, 2, 2, 7, 2, 2, 2, 2]


def test_duplicates(tshark):
    assert [row[3:] for row in frames(tshark, "ps-duplicates.pcap")] == [row[3:] for row in frames(tshark, "ps-h264.pcap")[:6]]
    rows = tshark.fields("ps-duplicates.pcap", ["mp2p.duplicate", "mp2p.continuation"], "frame.number in {6..7}")
    assert [row["mp2p.duplicate"] for row in rows] == [[], ["1"]]
    assert [row["mp2p.continuation"] for row in rows] == [["1000"], ["1000"]]


def test_ssrc_change(tshark):
    codecs = {row["frame"]: row["mp2p.codec"] for row in tshark.fields("ps-ssrc-change.pcap", ["mp2p.codec"], "mp2p.pack")}
    assert codecs[5] == ["H.264"] and codecs[18] == ["H.265"]


def test_missing_bytes(tshark):
    assert list(expert(tshark, "ps-missing-bytes.pcap")) == ["mp2p.pes_cut"]
    assert len(frames(tshark, "ps-missing-bytes.pcap")) == 5


def test_begins_inside(tshark):
    """The middle of a key picture is no reason to doubt the stream."""
    assert expert(tshark, "ps-begins-inside.pcap") == {}
    assert len(frames(tshark, "ps-begins-inside.pcap")) == 3


# ---- codecs and maps that contradict -----------------------------------------------------------------------------------

@pytest.mark.parametrize("capture, codec", [("ps-no-map.pcap", "H.264"), ("ps-no-map-h265.pcap", "H.265")])
def test_no_map(tshark, capture, codec):
    assert expert(tshark, capture) == {"mp2p.no_psm": [5]}
    rows = tshark.fields(capture, ["mp2p.codec", "mp2p.key_frame"], "mp2p.key_frame")
    assert all(row["mp2p.codec"][0] == codec for row in rows)
    assert rows[0]["mp2p.key_frame"] == ["1"]


@pytest.mark.parametrize("capture, codec", [("ps-map-says-h265.pcap", "H.264"), ("ps-map-says-h264.pcap", "H.265")])
def test_mismatch(tshark, capture, codec):
    assert expert(tshark, capture) == {"mp2p.codec_mismatch": [5]}
    rows = tshark.fields(capture, ["mp2p.codec", "mp2p.key_frame"], "mp2p.key_frame")
    assert all(row["mp2p.codec"][-1] == codec for row in rows)
    assert [row["mp2p.key_frame"] for row in rows[:2]] == [["1"], ["0"]]


def test_aac_called_g711(tshark):
    assert expert(tshark, "ps-aac-as-alaw.pcap") == {"mp2p.codec_mismatch": [5]}
    assert tshark.fields("ps-aac-as-alaw.pcap", ["mp2p.codec"], "frame.number == 6")[0]["mp2p.codec"] == ["H.264", "AAC"]


def test_broken_map(tshark):
    assert expert(tshark, "ps-broken-map.pcap") == {"mp2p.psm_broken": [5, 14], "mp2p.psm_crc_wrong": [5, 14]}
    rows = tshark.fields("ps-broken-map.pcap", ["mp2p.psm.stream_type"], "mp2p.psm")
    assert [ints(row, "mp2p.psm.stream_type") for row in rows] == [[0x1B, 0x90]] * 2


def test_map_of_wrong_length(tshark):
    """The pictures behind the map are not lost with it."""
    found = expert(tshark, "ps-map-length.pcap")
    assert found == {"mp2p.psm_broken": [5, 14], "mp2p.psm_crc_wrong": [5, 14], "mp2p.resync": [14, 23, 32]}
    assert [row[3:] for row in frames(tshark, "ps-map-length.pcap")] == [(6042, 7), (1507, 2)] * 4
    rows = tshark.fields("ps-map-length.pcap", ["mp2p.key_frame", "mp2p.skipped"], "frame.number in {5, 14, 23, 32}")
    assert [row["mp2p.key_frame"] for row in rows] == [["1"]] * 4
    # what is left of the map after its length; the whole map, found to be none
    assert [sum(len(bytes.fromhex(value)) for value in row["mp2p.skipped"]) for row in rows] == [0, 4, 24, 24]


def test_codec_changes(tshark):
    """A map that says what the bytes are is no contradiction, whatever they were before."""
    assert expert(tshark, "ps-codec-change.pcap") == {}
    rows = tshark.fields("ps-codec-change.pcap", ["mp2p.codec", "mp2p.nal_type"], "mp2p.psm")
    assert [row["mp2p.codec"][-1] for row in rows] == ["H.264", "H.265", "H.264"]
    assert [ints(row, "mp2p.nal_type") for row in rows] == [[7, 8, 5], [32, 33, 34, 19], [7, 8, 5]]
    assert len(frames(tshark, "ps-codec-change.pcap")) == 9


def test_expert_without_tree(tshark):
    """-z expert and the Expert Information window build no tree."""
    for capture, messages in (
            ("ps-lost.pcap", ["1 RTP packet of this stream missing before this one (so far)",
                              "3 RTP packets of this stream missing before this one (so far)",
                              "The program stream is found again at this header; bytes before it could not be placed"]),
            ("ps-missing-bytes.pcap", ["The next header came before the PES packet was complete: bytes are missing"]),
            ("ps-is-h264.pcap", ["Declared as MPEG program stream, but no pack header comes: looks like H.264 (RFC 6184)"])):
        for two_pass in (False, True):
            lines = tshark.tap("expert", capture, two_pass=two_pass).splitlines()
            assert sorted(line.split(None, 3)[3] for line in lines if "MP2P" in line) == messages


def test_wrong_length(tshark):
    found = expert(tshark, "ps-wrong-length.pcap")
    assert found["mp2p.pes_length_wrong"] == [8] and "mp2p.resync" not in found
    assert frames(tshark, "ps-wrong-length.pcap")[0][3] == 70042


def test_bad_parameter_sets(tshark):
    """What stock throws at them does not come out."""
    rows = tshark.fields("ps-bad-sps.pcap", ["mp2p.nal_type"], "mp2p")
    assert [ints(row, "mp2p.nal_type") for row in rows] == [[7, 8, 5]] * 3


# ---- no program stream -------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name, frame, looks", [
    ("h264", 12, "H.264 (RFC 6184)"), ("h265", 10, "H.265 (RFC 7798)"), ("annexb", 11, "H.264 byte stream"),
    ("ts", 7, "MPEG-2 transport stream"), ("dahua", 5, "Dahua private format (DHAV)"),
    ("encrypted", 20, "encrypted or unknown compressed data"), ("private", 20, "a private format")])
def test_not_ps(tshark, name, frame, looks):
    capture = "ps-is-%s.pcap" % name
    assert expert(tshark, capture) == {"mp2p.not_ps": [frame]}
    messages = [text for number, _, text in tshark.expert(capture, "mp2p.not_ps") if text.startswith("Declared")]
    assert messages and all(text.endswith("looks like " + looks) for text in messages)
    rows = tshark.fields(capture, ["mp2p.skipped", "mp2p.nal_type"], "mp2p")
    assert all(len(row["mp2p.skipped"]) == 1 and row["mp2p.nal_type"] == [] for row in rows)
    info = {number: text for number, _, text in tshark.columns(capture, "mp2p")}
    assert info[frame].endswith(", not PS: " + looks)


# ---- by look --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("capture, packets", [("ps-by-look.pcap", 30), ("ps-by-look-pt98.pcap", 19)])
def test_by_look(tshark, capture, packets):
    assert len(tshark.fields(capture, [], "mp2p && rtp")) == packets
    assert len(frames(tshark, capture)) == (10 if packets == 30 else 7)
    assert tshark.fields(capture, [], "mp2p", extra=["--disable-heuristic", "mp2p_udp"]) == []


def test_by_look_over_tcp(tshark):
    rows = tshark.fields("ps-by-look-tcp.pcap", ["rtp.seq", "mp2p.frame.packets"], "mp2p")
    assert [value for row in rows for value in row["rtp.seq"]] == [str(n) for n in range(1, 27)]
    assert [value for row in rows for value in row["mp2p.frame.packets"]] == ["7", "2", "2", "2", "2", "7", "2", "2"]


def test_decode_as(tshark):
    for two_pass in (False, True):
        rows = tshark.fields("ps-by-look.pcap", ["mp2p.frame.packets"], "mp2p", two_pass, extra=[
            "--disable-heuristic", "mp2p_udp", "-d", "udp.port==20000,rtp", "-d", "rtp.pt==96,mp2p"])
        assert len(rows) == 30
        assert [value for row in rows for value in row["mp2p.frame.packets"]] == ["7", "2", "2", "2", "2"] * 2


def test_foreign_traffic(tshark):
    """Nothing of it is a program stream."""
    assert len(tshark.fields("ps-foreign.pcap", [])) > 220
    assert tshark.fields("ps-foreign.pcap", [], "mp2p") == []
    assert tshark.fields("ps-foreign.pcap", [], "mp2p", extra=["--enable-heuristic", "rtp_udp"]) == []


def test_session_table(tshark):
    """What the table of sessions says comes from here."""
    out = tshark.tap("hikcascade,sessions", "ps-h264.pcap")
    assert "H.264" in out
