# SPDX-License-Identifier: GPL-2.0-or-later
"""The seed cascade, field by field: one pass, two passes and sharkd."""

import pytest

SEED, PRINTED = "seed-cascade.pcap", "seed-cascade-as-printed.pcap"
FORWARD = ("hikcascade.answer_in", "hikcascade.ack_in", "hikcascade.bye_in")
CAMERA, LOWER, UPPER = "37280601411319001158", "37280600000000000000", "37280000000000000000"
RTP = [*range(9, 34), *range(36, 61)]
RTCP = [34, 35, 61, 62]
SIP_OF_SESSION = [5, 6, 7, 8, 63, 64]


def column(rows, name):
    return {row["frame"]: row[name] for row in rows}


@pytest.mark.parametrize("capture", [SEED, PRINTED])
def test_every_packet_is_taken(tshark, capture):
    rows = tshark.fields_everywhere(capture, ["frame.number"], "hikcascade")
    assert [row["frame"] for row in rows] == list(range(1, 65))


@pytest.mark.parametrize("capture", [SEED, PRINTED])
def test_session_and_links(tshark, capture):
    names = ["hikcascade.session", "hikcascade.invite_in", "hikcascade.answer_in", "hikcascade.ack_in", "hikcascade.bye_in"]
    rows = tshark.fields_everywhere(capture, names, allow_forward=FORWARD)
    assert [row["frame"] for row in rows if row["hikcascade.session"]] == list(range(5, 65))
    for row in rows[:4]:
        assert all(row[name] == [] for name in names)
    for row in rows[4:]:
        assert [row[name] for name in names] == [["0"], ["5"], ["7"], ["8"], ["63"]], row


def test_links_of_a_single_pass(tshark):
    """What one pass knows when it comes to a packet."""
    names = ["hikcascade.invite_in", "hikcascade.answer_in", "hikcascade.ack_in", "hikcascade.bye_in"]
    rows = {row["frame"]: [row[name] for name in names] for row in tshark.fields(SEED, names)}
    assert rows[6] == [["5"], [], [], []]
    assert rows[9] == [["5"], ["7"], ["8"], []]
    assert rows[62] == [["5"], ["7"], ["8"], []]
    assert rows[64] == [["5"], ["7"], ["8"], ["63"]]


def test_direction(tshark):
    rows = column(tshark.fields_everywhere(SEED, ["hikcascade.direction"], "sip"), "hikcascade.direction")
    assert rows == {1: ["1"], 2: ["2"], 3: ["2"], 4: ["1"], 5: ["2"], 6: ["1"], 7: ["1"], 8: ["2"], 63: ["2"], 64: ["1"]}


@pytest.mark.parametrize("capture", [SEED, PRINTED])
def test_invite(tshark, capture):
    names = ["hikcascade.subject", "hikcascade.subject.sender_id", "hikcascade.subject.sender_seq",
             "hikcascade.subject.receiver_id", "hikcascade.subject.receiver_seq", "hikcascade.stream_mode",
             "hikcascade.stream_mode.source", "hikcascade.file_size", "hikcascade.ssrc", "hikcascade.ssrc.text",
             "hikcascade.ssrc.history", "hikcascade.ssrc.domain", "hikcascade.ssrc.serial", "hikcascade.media.addr",
             "hikcascade.media.port", "hikcascade.media.rtcp_port", "hikcascade.format"]
    rows = tshark.fields_everywhere(capture, names, "sip.Method == INVITE")
    assert rows == [{
        "frame": 5,
        "hikcascade.subject": ["%s:0,%s:0" % (CAMERA, UPPER)],
        "hikcascade.subject.sender_id": [CAMERA],
        "hikcascade.subject.sender_seq": ["0"],
        "hikcascade.subject.receiver_id": [UPPER],
        "hikcascade.subject.receiver_seq": ["0"],
        "hikcascade.stream_mode": ["MAIN"],
        "hikcascade.stream_mode.source": ["streamMode"],
        "hikcascade.file_size": ["-1"],
        "hikcascade.ssrc": ["999999999"],
        "hikcascade.ssrc.text": ["0999999999"],
        "hikcascade.ssrc.history": ["0"],
        "hikcascade.ssrc.domain": ["99999"],
        "hikcascade.ssrc.serial": ["9999"],
        "hikcascade.media.addr": ["10.69.80.187"],
        "hikcascade.media.port": ["5798"],
        "hikcascade.media.rtcp_port": ["5799"],
        "hikcascade.format": [],
    }]


@pytest.mark.parametrize("capture", [SEED, PRINTED])
def test_answer(tshark, capture):
    names = ["hikcascade.subject", "hikcascade.stream_mode", "hikcascade.file_size", "hikcascade.ssrc",
             "hikcascade.ssrc.text", "hikcascade.ssrc.domain", "hikcascade.ssrc.serial", "hikcascade.media.addr",
             "hikcascade.media.port", "hikcascade.media.rtcp_port"]
    rows = tshark.fields_everywhere(capture, names, "frame.number == 7")
    assert rows == [{
        "frame": 7,
        "hikcascade.subject": [],
        "hikcascade.stream_mode": [],
        "hikcascade.file_size": ["-1"],
        "hikcascade.ssrc": ["100007399"],
        "hikcascade.ssrc.text": ["0100007399"],
        "hikcascade.ssrc.domain": ["10000"],
        "hikcascade.ssrc.serial": ["7399"],
        "hikcascade.media.addr": ["10.69.91.7"],
        "hikcascade.media.port": ["5930"],
        "hikcascade.media.rtcp_port": ["5931"],
    }]


def test_ids(tshark):
    names = ["hikcascade.device_id"] + ["hikcascade.device_id." + part
                                        for part in ("region", "industry", "type", "network", "serial")]
    rows = {row["frame"]: row for row in tshark.fields_everywhere(SEED, names, "hikcascade.device_id && sip")}
    # Request-URI, From, To, Contact; INVITE also both of Subject and o=. Which order, the tree decides.
    assert sorted(rows[1]["hikcascade.device_id"]) == [UPPER, LOWER, LOWER, LOWER]
    assert sorted(rows[5]["hikcascade.device_id"]) == [UPPER, UPPER, UPPER, CAMERA, CAMERA, CAMERA, CAMERA]
    assert sorted(rows[7]["hikcascade.device_id"]) == [UPPER, LOWER, CAMERA, CAMERA]
    for row in rows.values():
        for number, whole in enumerate(row["hikcascade.device_id"]):
            parts = [row[name][number] for name in names[1:]]
            assert parts == [whole[:8], str(int(whole[8:10])), str(int(whole[10:13])), whole[13], whole[14:]]


def test_media(tshark):
    names = ["hikcascade.session", "hikcascade.camera", "hikcascade.expected_ssrc", "hikcascade.invite_in",
             "hikcascade.answer_in", "hikcascade.camera_name"]
    rows = tshark.fields_everywhere(SEED, names, "rtp || rtcp")
    assert [row["frame"] for row in rows] == sorted(RTP + RTCP)
    for row in rows:
        assert [row[name] for name in names] == [["0"], [CAMERA], ["100007399"], ["5"], ["7"], []]


def test_stock_stays(tshark):
    """What stock shows of the cascade is what it shows without us."""
    names = ["sip.Method", "sip.Status-Code", "sip.Call-ID", "sdp.media", "sdp.media_attr", "sip.msg_hdr", "rtp.ssrc",
             "rtp.seq", "rtp.setup-frame", "rtcp.pt", "rtcp.setup-frame", "sip.response-request"]
    assert tshark.fields(SEED, names) == tshark.fields(SEED, names, plugin=False)


@pytest.mark.parametrize("frame, name, raw", [
    (5, "hikcascade.subject", b"37280601411319001158:0,37280000000000000000:0"),
    (5, "hikcascade.subject.sender_id", b"37280601411319001158"),
    (5, "hikcascade.subject.receiver_id", b"37280000000000000000"),
    (5, "hikcascade.stream_mode", b"MAIN"),
    (5, "hikcascade.stream_mode.source", b"streamMode"),
    (5, "hikcascade.file_size", b"-1"),
    (5, "hikcascade.ssrc", b"0999999999"),
    (5, "hikcascade.ssrc.text", b"0999999999"),
    (5, "hikcascade.ssrc.history", b"0"),
    (5, "hikcascade.ssrc.domain", b"99999"),
    (5, "hikcascade.ssrc.serial", b"9999"),
    (5, "hikcascade.media.addr", b"10.69.80.187"),
    (5, "hikcascade.media.port", b"5798"),
    (7, "hikcascade.ssrc", b"0100007399"),
    (7, "hikcascade.media.addr", b"10.69.91.7"),
    (7, "hikcascade.media.port", b"5930"),
])
@pytest.mark.parametrize("capture", [SEED, PRINTED])
def test_fields_highlight_their_bytes(tshark, capture, frame, name, raw):
    assert packets(tshark, capture)[frame].one(name).raw == raw


def test_ids_highlight_their_bytes(tshark):
    for frame in (1, 5, 7):
        packet = packets(tshark, SEED)[frame]
        for field in packet.fields("hikcascade.device_id"):
            assert field.raw == field.show.encode()
        whole = packet.fields("hikcascade.device_id")[0]
        assert [child.raw for child in whole.children if child.name.startswith("hikcascade.device_id.")] == [
            whole.raw[:8], whole.raw[8:10], whole.raw[10:13], whole.raw[13:14], whole.raw[14:]]
        positions = [field.pos for field in packet.fields("hikcascade.device_id")]
        assert len(set(positions)) == len(positions)


def test_generated_fields_have_no_bytes(tshark):
    packet = packets(tshark, SEED)[9]
    for name in ("session", "camera", "invite_in", "answer_in", "ack_in", "bye_in", "expected_ssrc"):
        field = packet.one("hikcascade." + name)
        assert (field.size, field.raw) == (0, b""), name


CACHE = {}


def packets(tshark, capture):
    if capture not in CACHE:
        CACHE[capture] = {packet.number: packet for packet in tshark.packets(capture, "frame.number < 10")}
    return CACHE[capture]


def test_info_column_keeps_what_stock_says(tshark):
    stock = {row[0]: row[2] for row in tshark.columns(SEED, plugin=False)}
    ours = {row[0]: row[2] for row in tshark.columns(SEED)}
    for frame in stock:
        said = stock[frame].rstrip(" |")  # SIP: behind ours; RTP: in front of it
        assert ours[frame].endswith(" | " + said) if said.startswith(("Request", "Status")) else ours[frame].startswith(said), frame
    assert CAMERA in ours[5].split(" | ")[0] and "5798" in ours[5] and "0999999999" in ours[5]
    assert "5930" in ours[7] and "0100007399" in ours[7]


def test_protocol_column_is_stock(tshark):
    ours = {row[0]: row[1] for row in tshark.columns(SEED, "sip")}
    assert ours == {row[0]: row[1] for row in tshark.columns(SEED, "sip", plugin=False)}


def test_nothing_above_a_note(tshark):
    for capture in (SEED, PRINTED):
        loud = [row for row in tshark.expert(capture, "hikcascade") if row[1] in ("warning", "error")]
        assert loud == []


def test_content_length_is_noted_only_where_it_is_wrong(tshark):
    assert tshark.fields_everywhere(SEED, [], "hikcascade.content_length") == []
    rows = tshark.fields_everywhere(PRINTED, [], "hikcascade.content_length")
    assert [row["frame"] for row in rows] == [3, 5, 7]


def test_rtp_tools_of_wireshark(tshark):
    """RTP streams and SIP statistics see what they see without us."""
    for tap in ("rtp,streams", "sip,stat"):
        ours = tshark.tap(tap, SEED)
        assert ours == tshark.run(["-r", tshark.sandbox.readable(SEED), "-n", "-q", "-z", tap], plugin=False)
    assert "0x05F5FDE7" in tshark.tap("rtp,streams", SEED)
