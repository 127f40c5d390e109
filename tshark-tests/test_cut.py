# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures with a snap length: nothing is judged from what is not there, and what is there is judged as ever."""

import re
import sys

import pytest

import gen_cut
from gen_cut import KINDS, LENGTHS, Snapped
from hikpcap import Capture, Link
from tables import as_json, printed
from test_report import program
from test_everywhere import differences, ours  # noqa: F401 (a fixture)

pytestmark = pytest.mark.logic

SNAP = "snap length"
STOCK_MISSES = ["Call ID is mandatory"]
CUT = re.compile(r"^CUT the capture kept (\d+) of the (\d+) bytes of the (INVITE|answer) \(frame \d+\): media cannot be judged by an SDP that "
                 r"is not all there; record with -s 0(; \d+ RTP packets (from [\d.:]+ to [\d.:]+|run between the two hosts))?"
                 r"(; also INCOMPLETE the capture cut .* headers.*)?(; MOVED a re-INVITE renewed the session; its SDP counts)?$")
UNPLACED = re.compile(r"^CUT the capture cut SIP messages so short that nobody can tell which call they are of \(first: frame \d+, \d+ of "
                      r"\d+ bytes kept\); record with -s 0(; \d+ RTP packets .*)?$")
MADE = {}


def made(kind):
    if kind not in MADE:
        MADE[kind] = KINDS[kind]()
    return MADE[kind]


def verdicts(tshark, capture, two_pass=False):
    return [row.verdict for row in printed(tshark, "hikcascade,sessions", capture, two_pass=two_pass)]


def faults(tshark, capture, two_pass=True):
    """Warnings and errors that are not about the cut. From 4.4 on, stock's sip misses the headers that stand behind it."""
    return [(severity, message) for _, severity, message in tshark.expert(capture, two_pass=two_pass)
            if severity in ("warning", "error") and SNAP not in message and message not in STOCK_MISSES]


def count(tshark, capture, filter, two_pass=False):
    return len(tshark.fields(capture, ["frame.number"], filter, malformed=True, two_pass=two_pass))


def truth(verdict):
    """What a verdict says of the call: its code, without what is said of the capture."""
    return verdict.split()[0]


# ---- every kind, at every length

@pytest.mark.parametrize("length", [length if length in (60, 350, 1500) else pytest.param(length, marks=pytest.mark.once) for length in LENGTHS])
@pytest.mark.parametrize("kind", KINDS)
def test_every_length(tshark, kind, length):
    whole, cut = made(kind), Snapped(made(kind), length)
    right = verdicts(tshark, whole)
    path = tshark.sandbox.readable(cut)
    found = verdicts(tshark, path)
    assert verdicts(tshark, path, two_pass=True) == found
    assert len(found) <= len(right)
    for verdict in found:
        assert CUT.match(verdict) or UNPLACED.match(verdict) or truth(verdict) in map(truth, right), verdict
    assert faults(tshark, path) == ([] if not found or "refused" != kind else faults(tshark, whole))
    if length >= 1500 and kind != "media_over_tcp":
        assert (found, cut.cut) == (right, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_whole(tshark, kind):
    """The same calls, whole: nothing is said of a cut, and nothing but the 486 is wrong."""
    rows = tshark.expert(made(kind))
    assert [message for _, _, message in rows if SNAP in message] == []
    assert [truth(verdict) for verdict in verdicts(tshark, made(kind))] == {
        "refused": ["REJECTED"], "two_calls": ["OK", "OK"]}.get(kind, ["OK"])
    assert "packets are cut" not in tshark.tap("hikcascade,sessions", made(kind))
    assert "remark" not in as_json(tshark, "hikcascade,sessions", made(kind))


@pytest.mark.parametrize("kind, length", [("healthy", 60), ("healthy", 350), ("sip_over_tcp", 350), ("media_over_tcp", 200), ("fragments", 600),
                                          ("audio_beside", 700), ("playback", 420), ("two_calls", 350)])
def test_same_in_every_pass(tshark, ours, kind, length):  # noqa: F811
    assert differences(tshark, Snapped(made(kind), length), ours) == []


@pytest.mark.once
def test_half_values(tshark):
    """A snap length at one place after the other in the INVITE: no half value is shown, no false finding. (The byte tests cut
    at every byte.)"""
    cap = Capture()
    call = Link(cap).call()
    call.start()
    call.rtp(3)
    call.bye()
    names = ["hikcascade.device_id", "hikcascade.subject", "hikcascade.ssrc.text", "hikcascade.media.addr", "hikcascade.media.port",
             "hikcascade.format", "hikcascade.stream_mode", "hikcascade.file_size", "hikcascade.camera"]
    whole = {name: {value for row in tshark.fields(cap, names, "sip") for value in row[name]} for name in names}
    for length in range(60, 800, 41):
        path = tshark.sandbox.readable(Snapped(cap, length))
        for row in tshark.fields(path, names, "sip", malformed=True):
            for name in names:
                assert set(row[name]) <= whole[name], (length, row)
        assert faults(tshark, path, two_pass=False) == [], length
        for verdict in verdicts(tshark, path):
            assert CUT.match(verdict) or UNPLACED.match(verdict) or verdict.startswith("OK 3 RTP packets"), (length, verdict)


# ---- messages

def test_message_says_so(tshark):
    """350 bytes of each packet: each SIP message that is longer says so, once, with both numbers."""
    cut = Snapped(made("healthy"), 350)
    rows = tshark.fields_everywhere(cut, ["frame.len", "frame.cap_len", "hikcascade.cut"], "sip", malformed=True)
    assert [len(row["hikcascade.cut"]) for row in rows] == [int(int(row["frame.cap_len"][0]) < int(row["frame.len"][0])) for row in rows]
    said = {frame: message for frame, severity, message in tshark.expert(cut, "sip") if severity == "note" and SNAP in message}
    assert len(said) > 10
    lengths = {row["frame"]: (row["frame.cap_len"][0], row["frame.len"][0]) for row in rows}
    for frame, message in said.items():
        assert message == ("%s of %s bytes are in the capture (snap length): what the SIP message says behind them is not judged. Record "
                           "whole packets (tcpdump and tshark: -s 0)" % lengths[frame])


def test_start_line_is_cut(tshark):
    """Of 60 bytes of the packet 18 are SIP: not even the start line is whole. It is a SIP message all the same."""
    cut = Snapped(made("healthy"), 60)
    rows = tshark.fields_everywhere(cut, ["hikcascade.cut", "hikcascade.session", "hikcascade.device_id"], "udp.port == 7100", malformed=True)
    assert len(rows) == count(tshark, made("healthy"), "sip")
    assert all(row["hikcascade.cut"] and not row["hikcascade.session"] and not row["hikcascade.device_id"] for row in rows)


def test_camera_is_unknown(tshark):
    """The cut runs through the Subject, behind the first two digits of the camera."""
    cap = Capture()
    call = Link(cap).call()
    call.start()
    call.rtp(3)
    call.bye()
    at = cap[0][1].index(b"Subject: ") + len(b"Subject: 34")
    cut = Snapped(cap, at)
    rows = printed(tshark, "hikcascade,sessions", cut)
    assert [(row["Verdict"], row["Camera"]) for row in rows] == [("CUT", "")]
    assert count(tshark, cut, "hikcascade.subject || hikcascade.device_id == \"34\"") == 0
    assert count(tshark, cut, "hikcascade.camera") == 0


def test_seen_end(tshark):
    """A BYE and a 486 that are there count, whatever is cut."""
    rows = printed(tshark, "hikcascade,sessions", Snapped(made("healthy"), 350))
    assert [row["State"] for row in rows] == ["closed"]
    assert verdicts(tshark, Snapped(made("refused"), 350)) == ["REJECTED 486 Busy Here by 192.0.2.10:7100"]


def test_rest_of_a_message(tshark):
    """Over TCP: the headers in a segment that is whole, the SDP in one that is cut. Nobody can put them together."""
    cap = Capture()
    link = Link(cap, transport="TCP")
    link.register()
    call = link.call()
    message = call.invite(send=False)
    message = message if isinstance(message, bytes) else message.encode()
    body = message.index(b"\r\n\r\n") + 4
    call.link.send(call.caller, message, cut=[200])
    call.ok()
    call.ack()
    sizes = [len(data) for _, data in cap]
    assert body > 200
    first = next(index for index, (_, data) in enumerate(cap) if b"INVITE sip:" in data)
    cut = Snapped(cap, sizes[first] + 1, only=lambda index, data: index == first + 1)
    assert cut.cut == 1
    rows = tshark.fields_everywhere(cut, ["hikcascade.cut"], "frame.number == %d" % (first + 2), malformed=True)
    assert [len(row["hikcascade.cut"]) for row in rows] == [1]
    assert faults(tshark, cut) == []


def test_fragments(tshark):
    """Of INVITE and 200 OK the first fragment is cut, the second is whole."""
    cut = Snapped(made("fragments"), 600)
    said = [message for _, _, message in tshark.expert(cut, "sip.Method == INVITE || sip.Status-Code == 200 && sip.CSeq.method == INVITE")
            if SNAP in message]
    assert len(said) == 1 and re.match(r"\d+ of \d+ bytes are in the capture", said[0])  # the 200's first fragment is whole
    assert [truth(verdict) for verdict in verdicts(tshark, cut)] == ["CUT"]
    assert faults(tshark, cut) == []


def test_only_one_is_cut(tshark):
    """One message of all is cut: the answer with its SDP. The INVITE's is judged, what the answer may say is not."""
    cap = Capture()
    call = Link(cap).call(answer_y="0200009999")  # what the RTP carries is not what the answer says, but that is cut off
    call.start()
    call.rtp(5)
    call.bye()
    cut = Snapped(cap, 420, only=lambda index, data: b"SIP/2.0 200 OK" in data and b" INVITE\r\n" in data)
    assert cut.cut == 1
    found = verdicts(tshark, cut)
    assert len(found) == 1 and found[0].startswith("CUT the capture kept 420 of the ") and "of the answer" in found[0]
    assert found[0].endswith("; 5 RTP packets from 192.0.2.10:40000 to 198.51.100.20:20000")
    assert faults(tshark, cut) == []
    # and the other way round: the answer's y= is there, and prevails
    cut = Snapped(cap, 420, only=lambda index, data: b"INVITE sip:" in data)
    assert [truth(verdict) for verdict in verdicts(tshark, cut)] == ["CUT"]


# ---- bodies

def items(tshark, capture):
    return [row["Device"] for row in printed(tshark, "hikcascade,catalog", capture)]


@pytest.mark.parametrize("wanted", range(1, 4))
def test_catalog(tshark, wanted):
    """The cut runs through an Item: those in front of it are learnt, it is not, and the XML is not broken."""
    cap = Capture()
    link = Link(cap)
    link.register()
    link.catalog([("34020000001320%06d" % number, "Gate %d" % number) for number in range(1, 6)])
    frame = next(data for _, data in cap if b"<Item>" in data)
    for into in (b"<DeviceID>3402", b"<DeviceID>34020000001320%06d</DeviceID>" % (wanted + 1), b"<Name>Ga", b"</Name>\r\n<Par"):
        begin = [found.start() for found in re.finditer(b"<Item>", frame)][wanted]
        cut = Snapped(cap, frame.index(into[:10], begin) + len(into))
        ids = [row["manscdp.item.device_id"] for row in tshark.fields_everywhere(cut, ["manscdp.item.device_id"], "manscdp", malformed=True)]
        assert ids[0][:wanted] == ["34020000001320%06d" % number for number in range(1, wanted + 1)]
        assert len(ids[0]) <= wanted + 1 and all(len(found) == 20 for found in ids[0])
        table = tshark.tap("hikcascade,catalog", cut)
        assert [line.split()[0] for line in table.splitlines() if line.startswith("34020000001320")] == ids[0][:wanted]
        assert count(tshark, cut, "manscdp.malformed || manscdp.sum_mismatch") == 0
        assert count(tshark, cut, "hikcascade.cut && manscdp") == 1


def test_scale(tshark):
    """A cut through the speed of a playback: what was said is not known."""
    cap = Capture()
    call = Link(cap).call(session="Playback")
    call.start()
    call.info("PLAY RTSP/1.0\r\nCSeq: 2\r\nRange: npt=now-\r\nScale: 16.0\r\n")
    frame = next(data for _, data in cap if b"Scale: " in data)
    for length in range(frame.index(b"Scale: ") + 8, len(frame) - 1):
        cut = Snapped(cap, length, only=lambda index, data: data == frame)
        assert tshark.fields_everywhere(cut, ["mansrtsp.scale", "mansrtsp.range"], "mansrtsp", malformed=True)[0] == {
            "frame": 5, "mansrtsp.scale": [], "mansrtsp.range": ["npt=now-"]}
        assert "\u00d7" not in tshark.tap("hikcascade,sessions", cut)
        assert faults(tshark, cut) == []


# ---- media

@pytest.mark.parametrize("length", [54, 60, 96, 200, 350, 700])
@pytest.mark.parametrize("kind", ["healthy", "early_media", "audio_beside", "reinvite", "two_calls"])
def test_rtp_is_rtp(tshark, kind, length):
    """Every RTP packet is dissected as RTP, whatever there is of the SIP."""
    sent = count(tshark, made(kind), "rtp")
    cut = Snapped(made(kind), length)
    assert count(tshark, cut, "rtp") == count(tshark, cut, "rtp", two_pass=True) == sent
    assert count(tshark, cut, "mp2p.lost || mp2p.resync || mp2p.no_psm || mp2p.not_ps || _ws.malformed") == 0


def test_rtp_by_header(tshark):
    """Lost packets are counted by the headers, and one finding is for the whole stream."""
    cap, link = gen_cut.begin()
    call = link.call().start()
    packets = gen_cut.pictures(call)
    gen_cut.send(call, packets[:30] + packets[33:])
    cut = Snapped(gen_cut.end(call), 350)
    rows = printed(tshark, "hikcascade,sessions", cut)
    assert [(row["Verdict"], row["RTP"], row["Lost"]) for row in rows] == [("LOSS", "67", "3")]
    assert "; also CUT " in rows[0].verdict
    assert count(tshark, cut, "rtp && hikcascade.cut") == 1
    assert count(tshark, cut, "hikcascade.rtp_lost") == 1


def test_no_key_frame_is_not_said(tshark):
    """SIP is whole, the payload is cut before the pictures begin: whether there is a key frame cannot be known."""
    cap = Capture()
    call = Link(cap).call()
    call.start()
    call.rtp(300)
    call.bye()
    cut = Snapped(cap, 70, only=lambda index, data: b"SIP/2.0" not in data)
    found = verdicts(tshark, cut)
    assert len(found) == 1 and re.match(r"OK 300 RTP packets.*; also INCOMPLETE the capture cut 300 RTP packets \(70 of \d+ bytes kept\): they "
                                        "are counted by their headers, pictures are not judged$", found[0])
    assert faults(tshark, cut) == []


def test_tcp_once(tshark):
    """Media over TCP, 200 bytes of each segment: one finding for the connection, none about missing segments."""
    cut = Snapped(made("media_over_tcp"), 200)
    said = [message for _, severity, message in tshark.expert(cut, "tcp") if severity in ("note", "warning", "error")
            and not message.startswith(("Connection", "This frame", "The SYN packet"))]
    assert len(said) == 1 and "the segments of this connection (snap length): 146 of the 1448 bytes" in said[0]


@pytest.mark.parametrize("length, kept", [(350, 296), (700, 646), (1400, 1346)])
def test_tcp_frames_by_their_lengths(tshark, length, kept):
    """Each RTP packet whose header is there is found: the lengths on the wire lead to it, over what is cut off."""
    whole = made("media_over_tcp")
    data = b"".join(frame[34 + 4 * (frame[46] >> 4):] for _, frame in whole if frame[23] == 6)
    heads, at = [], 0
    while at < len(data):
        heads.append(at)
        at += 2 + int.from_bytes(data[at:at + 2], "big")
    # a length and a header of 12 bytes stand in the first `kept` bytes of a segment of 1448
    there = [number for number, at in enumerate(heads, 1) if at % 1448 + 14 <= kept]
    rows = tshark.fields_everywhere(Snapped(whole, length), ["rtp.seq"], "rtp", malformed=True)
    found = [int(seq) for row in rows for seq in row["rtp.seq"]]
    assert found == sorted(set(found)) and set(found) <= set(there)
    assert found[0] == 1 and len(found) >= 0.9 * len(there)


def test_hosts_do_not_tell(tshark):
    """Two calls at once between two hosts, and the SDP of both is cut: no RTP is counted as either's."""
    rows = printed(tshark, "hikcascade,sessions", Snapped(made("two_calls"), 350))
    assert [(row["Verdict"], row["RTP"]) for row in rows] == [("CUT", "0"), ("CUT", "0")]
    assert all(row.verdict.endswith("; 140 RTP packets run between the two hosts") for row in rows)


# ---- tables, export, report

def test_table_says_it_once(tshark):
    cut = Snapped(made("healthy"), 350)
    line = ("%d of %d packets are cut to 350 bytes (snap length): nothing is judged from what is not in the capture. Record whole packets "
            "(tcpdump and tshark: -s 0)" % (cut.cut, len(cut)))
    for two_pass in (False, True):
        out = tshark.tap("hikcascade,sessions", cut, two_pass=two_pass).splitlines()
        assert out.count(line) == 1 and sum("packets are cut" in text for text in out) == 1
    assert as_json(tshark, "hikcascade,sessions", cut)["remark"] == line
    # the whole capture's, whatever the filter; and where there is no row
    assert line in tshark.tap("hikcascade,sessions,frame.number < 5", cut)
    assert "packets are cut to 60 bytes" in tshark.tap("hikcascade,sessions", Snapped(made("healthy"), 60))
    some = Snapped(made("healthy"), 350, only=lambda index, data: index in (20, 50))
    assert as_json(tshark, "hikcascade,sessions", some)["remark"].startswith("2 of %d packets are cut to 350 bytes " % len(some))


@pytest.mark.once
@pytest.mark.parametrize("lang, said", [("en", "%d of %d packets are cut to at most 350 bytes"), ("zh", "%d / %d 个报文被截断，最多保存 350 字节")])
def test_report(tshark, lang, said):
    """The page says it in its own language, and the call is none in which something went wrong."""
    cut = Snapped(made("healthy"), 350)
    box = tshark.sandbox
    out = box.home / ("report-%s" % lang)
    done = box.run([sys.executable, "-B", program(box), box.readable(cut), "-o", out, "--lang", lang, "--pictures", "0"])
    assert done.returncode == 0, done.stderr
    pages = [path.read_text("utf-8") for path in out.glob("*.pcap.html")]
    assert len(pages) == 1 and said % (cut.cut, len(cut)) in pages[0] and "CUT" in pages[0]
    assert "class=\"bad\"" not in pages[0]


@pytest.mark.parametrize("kind", ["healthy", "media_over_tcp"])
@pytest.mark.parametrize("length", [200, 350, 700])
def test_export_says_so(tshark, export_objects, kind, length):
    """A file of what is there has a name that says that it is not all."""
    names = [path.name for path in export_objects(Snapped(made(kind), length)).iterdir()]
    assert names and all("-incomplete." in name for name in names)
    assert not any("incomplete" in path.name for path in export_objects(made(kind)).iterdir())
