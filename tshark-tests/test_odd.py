# SPDX-License-Identifier: GPL-2.0-or-later
"""A call that is odd in one way is shown like the same call that is not: one table of what a healthy call gives, and
per capture what differs from it."""

import pytest

from hikpcap import Capture, Link

pytestmark = pytest.mark.logic

FORWARD = ("hikcascade.answer_in", "hikcascade.ack_in", "hikcascade.bye_in")
CAMERA, UPPER = "34020000001320000001", "34010000002000000001"
# Frames of the healthy call: INVITE, 100, 200, ACK, five RTP, SR, RR, BYE, 200.
INVITE, TRYING, ANSWER, ACK, RTP, RTCP, BYE, BYE_ANSWER = 1, 2, 3, 4, range(5, 10), (10, 11), 12, 13
NAMES = ["hikcascade.session", "hikcascade.direction", "hikcascade.invite_in", "hikcascade.answer_in", "hikcascade.ack_in",
         "hikcascade.bye_in", "hikcascade.subject", "hikcascade.subject.sender_id", "hikcascade.subject.receiver_id",
         "hikcascade.stream_mode", "hikcascade.file_size", "hikcascade.ssrc", "hikcascade.ssrc.text",
         "hikcascade.media.addr", "hikcascade.media.port", "hikcascade.media.rtcp_port", "hikcascade.camera",
         "hikcascade.expected_ssrc"]
EXPERT = ["ssrc_malformed", "ssrc_missing", "content_length", "sdp_broken_line", "id_not_20_digits", "port_zero"]

# capture: what differs. "y": text and value on both sides; "notes": {expert item: frames}.
ODD = {
    "odd-lf-only.pcap": {},
    "odd-nul-at-the-end.pcap": {},
    "odd-no-last-line-end.pcap": {},
    "odd-content-length-short.pcap": {"notes": {"content_length": [INVITE, ANSWER]}},
    "odd-content-length-long.pcap": {"notes": {"content_length": [INVITE, ANSWER]}},
    "odd-content-length-none.pcap": {},
    "odd-blank-line-in-sdp.pcap": {"notes": {"sdp_broken_line": [INVITE, ANSWER]}},
    "odd-compact-headers.pcap": {},
    "odd-lower-case-headers.pcap": {},
    "odd-folded-headers.pcap": {},
    "odd-codecs-swapped.pcap": {},
    "odd-y-missing.pcap": {"y": (None, None), "notes": {"ssrc_missing": [INVITE, ANSWER]}},
    "odd-y-6.pcap": {"y": ("123456", "123456"), "notes": {"ssrc_malformed": [INVITE, ANSWER]}},
    "odd-y-9.pcap": {"y": ("999999999", "200001234"), "notes": {"ssrc_malformed": [INVITE, ANSWER]}},
    "odd-y-11.pcap": {"y": ("01200001234", "01200001234"), "notes": {"ssrc_malformed": [INVITE, ANSWER]}},
    "odd-id-16.pcap": {"camera": "0000042001000001", "notes": {"id_not_20_digits": [1, 2, 3, 4, 12, 13]}},
    "odd-id-18.pcap": {"camera": "130909113319427420", "notes": {"id_not_20_digits": [1, 2, 3, 4, 12, 13]}},
}


def expected(camera=CAMERA, y=("0000201001", "0000201001"), notes=None):
    """{frame: {name: values}} of the healthy call with these differences."""
    rows = {}
    for frame in range(1, 14):
        row = dict.fromkeys(NAMES, [])
        row.update({"hikcascade.session": ["0"], "hikcascade.invite_in": ["1"], "hikcascade.answer_in": ["3"],
                    "hikcascade.ack_in": ["4"], "hikcascade.bye_in": ["12"], "hikcascade.camera": [camera]})
        if frame in RTP or frame in RTCP:
            text = y[1] or y[0]
            row["hikcascade.expected_ssrc"] = [str(int(text))] if text else []
        else:
            row["hikcascade.direction"] = ["2" if frame in (INVITE, ACK, BYE) else "1"]
        rows[frame] = row
    subject = "%s:0,%s:0" % (camera, UPPER)
    rows[INVITE].update({
        "hikcascade.subject": [subject], "hikcascade.subject.sender_id": [camera],
        "hikcascade.subject.receiver_id": [UPPER], "hikcascade.stream_mode": ["MAIN"],
        "hikcascade.media.addr": ["198.51.100.20"], "hikcascade.media.port": ["20000"],
        "hikcascade.media.rtcp_port": ["20001"]})
    rows[ANSWER].update({"hikcascade.media.addr": ["192.0.2.10"], "hikcascade.media.port": ["40000"],
                         "hikcascade.media.rtcp_port": ["40001"]})
    for frame, text in zip((INVITE, ANSWER), y):
        rows[frame]["hikcascade.file_size"] = ["-1"]
        if text:
            rows[frame].update({"hikcascade.ssrc": [str(int(text))], "hikcascade.ssrc.text": [text]})
    return rows


@pytest.mark.parametrize("capture", sorted(ODD))
def test_shown_like_a_healthy_call(tshark, capture):
    rows = tshark.fields_everywhere(capture, NAMES, allow_forward=FORWARD)
    wanted = expected(**ODD[capture])
    assert [row["frame"] for row in rows] == sorted(wanted)
    for row in rows:
        frame = row.pop("frame")
        if capture == "odd-folded-headers.pcap" and frame == INVITE:
            # The value as it stands in the message, or unfolded: both will do.
            row["hikcascade.subject"] = ["".join(row["hikcascade.subject"][0].split()).replace("\\r\\n", "").replace("\\t", "")]
        assert row == wanted[frame], frame


@pytest.mark.parametrize("capture", sorted(ODD))
def test_notes(tshark, capture):
    wanted = {name: ODD[capture].get("notes", {}).get(name, []) for name in EXPERT}
    rows = tshark.fields(capture, ["hikcascade." + name for name in EXPERT])
    assert {name: [row["frame"] for row in rows if row["hikcascade." + name]] for name in EXPERT} == wanted


@pytest.mark.parametrize("capture", sorted(ODD))
def test_stock_stays(tshark, capture):
    names = ["sip.Method", "sip.Call-ID", "sdp.media", "sdp.media_attr", "sdp.owner", "rtp.seq", "rtp.setup-frame",
             "rtcp.pt", "_ws.malformed"]
    assert tshark.fields(capture, names) == tshark.fields(capture, names, plugin=False)


HIGHLIGHTS = {"hikcascade.subject.sender_id": b"34020000001320000001", "hikcascade.subject.receiver_id": UPPER.encode(),
              "hikcascade.stream_mode": b"MAIN", "hikcascade.file_size": b"-1", "hikcascade.ssrc": b"0000201001",
              "hikcascade.media.addr": b"198.51.100.20", "hikcascade.media.port": b"20000"}


@pytest.mark.parametrize("capture", ["odd-lf-only.pcap", "odd-blank-line-in-sdp.pcap", "odd-compact-headers.pcap",
                                     "odd-lower-case-headers.pcap", "odd-folded-headers.pcap", "odd-no-last-line-end.pcap",
                                     "odd-content-length-short.pcap", "odd-content-length-long.pcap"])
def test_fields_highlight_their_bytes(tshark, capture):
    packet = tshark.packet(capture, INVITE)
    for name, raw in HIGHLIGHTS.items():
        assert packet.one(name).raw == raw, name
    for field in packet.fields("hikcascade.device_id"):
        assert field.raw == field.show.encode()


def test_odd_ids_are_not_taken_apart(tshark):
    for capture, camera in (("odd-id-16.pcap", "0000042001000001"), ("odd-id-18.pcap", "130909113319427420")):
        packet = tshark.packet(capture, INVITE)
        odd = [field for field in packet.fields("hikcascade.device_id") if field.show == camera]
        assert len(odd) == 4  # Subject, o=, Request-URI, To
        for field in odd:
            assert [child.name for child in field.children if child.name.startswith("hikcascade.device_id")] == []


# ---- every annotation ------------------------------------------------------------------------------------------------

def test_annotations(tshark):
    names = ["hikcascade.format", "hikcascade.format.video_codec", "hikcascade.format.resolution",
             "hikcascade.format.frame_rate", "hikcascade.format.rate_type", "hikcascade.format.bit_rate",
             "hikcascade.format.audio_codec", "hikcascade.format.audio_bit_rate", "hikcascade.format.sample_rate",
             "hikcascade.stream_mode", "hikcascade.stream_mode.source", "hikcascade.file_size",
             "hikcascade.ssrc.text", "hikcascade.ssrc.history", "hikcascade.ssrc.domain", "hikcascade.ssrc.serial",
             "hikcascade.subject.sender_seq", "hikcascade.subject.receiver_seq"]
    rows = {row["frame"]: [row[name] for name in names]
            for row in tshark.fields_everywhere("annotations.pcap", names, "sdp")}
    none = [[]] * 9
    assert rows == {
        1: [["v/2/4/25/1/4096a/1/8/1"], ["2"], ["4"], ["25"], ["1"], ["4096"], ["1"], ["8"], ["1"],
            ["0"], ["streamprofile"], [], ["0200001234"], ["0"], ["20000"], ["1234"], ["0"], ["0"]],
        3: [["v/5/1920x1080/30/2/2048a/11/2/5"], ["5"], ["1920x1080"], ["30"], ["2"], ["2048"], ["11"], ["2"], ["5"],
            [], [], ["-1"], ["0200001234"], ["0"], ["20000"], ["1234"], [], []],
        5: [*none, ["1"], ["streamnumber"], ["-1"], ["1200001235"], ["1"], ["20000"], ["1235"], ["1000000001"], ["7"]],
        7: [*none, [], [], ["-1"], ["1200001235"], ["1"], ["20000"], ["1235"], [], []],
        9: [*none, ["sub"], ["stream"], [], ["1200001236"], ["1"], ["20000"], ["1236"], ["0"], ["0"]],
        11: [*none, [], [], ["123456789012"], ["1200001236"], ["1"], ["20000"], ["1236"], [], []],
        13: [*none, ["sub"], ["streamMode"], ["0"], ["0200001237"], ["0"], ["20000"], ["1237"], ["0"], ["0"]],
        15: [*none, [], [], ["-1"], ["0200001237"], ["0"], ["20000"], ["1237"], [], []],
    }


def test_id_of_the_record_in_u(tshark):
    packet = tshark.packet("annotations.pcap", 5)
    shown = [field.show for field in packet.fields("hikcascade.device_id")]
    # Request-URI, From, To, Contact, twice in Subject, o= and u=
    assert shown.count("34020000001320000002") == 5 and shown.count(UPPER) == 3 and len(shown) == 8


def test_two_y_lines(tshark):
    """The first counts, and the second is remarked, unless it belongs to another m= line."""
    cap = Capture()
    link = Link(cap)
    link.call(offer_y="0200001111\r\ny=0200002222", answer_y="0200001111", ssrc=200001111).play(1, rtcp=False)
    rows = tshark.fields_everywhere(cap, ["hikcascade.ssrc", "hikcascade.expected_ssrc"], "sip.Method == INVITE || rtp")
    assert rows == [{"frame": 1, "hikcascade.ssrc": ["200001111", "200002222"], "hikcascade.expected_ssrc": []},
                    {"frame": 5, "hikcascade.ssrc": [], "hikcascade.expected_ssrc": ["200001111"]}]
    assert tshark.expert(cap, "hikcascade") == [
        (1, "warning", "Another y= line: the first one counts here, peers may take this one")]
    assert "Another y=" not in str(tshark.expert("two-media.pcap", "hikcascade"))


# ---- refusals --------------------------------------------------------------------------------------------------------

def test_error_info(tshark):
    rows = tshark.fields_everywhere("error-info.pcap", ["hikcascade.session", "hikcascade.error_code",
                                    "hikcascade.error_text", "hikcascade.answer_in"], "sip.Status-Code == 488",
                                    malformed=True)
    assert rows == [{"frame": 3, "hikcascade.session": ["0"], "hikcascade.error_code": ["2207"],
                     "hikcascade.error_text": ["device offline"], "hikcascade.answer_in": []}]
    packet = tshark.packet("error-info.pcap", 3, allow=("[Malformed",))
    assert packet.one("hikcascade.error_code").raw == b"2207"
    assert packet.one("hikcascade.error_text").raw == b"device offline"


@pytest.mark.parametrize("code,meaning", [
    ("7", "device SDK: no connection to the device"), ("436", "device SDK: RTSP: PLAY was refused"),
    ("0x02201034", "the platform could not parse the request"), ("0X2201034", "the platform could not parse the request"),
    ("35655732", "the platform could not parse the request"),
    ("2207", None), ("3", None), ("-7", None), ("7a", None), ("0x", None), ("0x102201034", None), ("4294967303", None)])
def test_error_code_meaning(tshark, code, meaning):
    """What is not publicly known is not named."""
    cap = Capture()
    call = Link(cap).call()
    call.invite()
    call.error_info(code, "text")
    row, = tshark.fields_everywhere(cap, ["hikcascade.error_code", "hikcascade.error_code.meaning"], "sip.Status-Code == 488",
                                    malformed=True)
    assert row["hikcascade.error_code"] == [code] and row["hikcascade.error_code.meaning"] == ([meaning] if meaning else [])


def test_error_info_is_in_the_info_column(tshark):
    (frame, protocol, info), = tshark.columns("error-info.pcap", "frame.number == 3")
    assert "2207" in info and "device offline" in info
