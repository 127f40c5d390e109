# SPDX-License-Identifier: GPL-2.0-or-later
"""MANSCDP bodies: every command type, characters, broken XML, PTZ commands, content types, huge and hostile bodies."""

import re
import sys

import pytest

import conftest

pytestmark = pytest.mark.logic

sys.path.insert(0, str(conftest.CAPTURES))
import gen_mans_manscdp as made  # noqa: E402
from hikpcap import Capture, Link  # noqa: E402

DONG_MEN = "\u4e1c\u95e8"
FORWARD = ("manscdp.response_in", "manscdp.notify_in")


def short(info):
    """What the body says in the Info column."""
    return re.sub(r"^(NOTIFY|SUBSCRIBE|INFO) |(, subscription \d+ [^|]*?)?(, \d{20})?( \| .*)?$", "", info)


# ---- command types

INFO = [
    "Keepalive OK", "Catalog query", "Catalog 1/1 items", "Catalog query", "Catalog 1/1 items", "DeviceInfo query",
    "DeviceInfo OK", "DeviceStatus query", "DeviceStatus 1 item", "RecordInfo query", "RecordInfo 1/1 items", "Alarm query",
    "Alarm notify", "Alarm OK", "PTZ left 31", "TeleBoot Boot", "RecordCmd Record", "DeviceControl OK", "GuardCmd SetGuard",
    "AlarmCmd ResetAlarm", "IFameCmd Send", "IFrameCmd Send", "DragZoomIn", "HomePosition", "PTZPreciseCtrl", "DeviceUpgrade",
    "FormatSDCard 1", "TargetTrack Auto", "Broadcast notify", "Broadcast OK", "MediaStatus 121 (end of file)",
    "MobilePosition query", "MobilePosition notify", "DeviceConfig control", "DeviceConfig OK", "ConfigDownload query",
    "ConfigDownload OK", "PresetQuery query", "PresetQuery 1 item", "PersetQuery query", "HomePositionQuery query",
    "HomePositionQuery response", "CruiseTrackListQuery query", "CruiseTrackListQuery 1 item", "CruiseTrackQuery query",
    "CruiseTrackQuery 0/0 items", "PTZPosition query", "PTZPosition response", "PTZPosition notify", "SDCardStatus query",
    "SDCardStatus 1/1 items", "UploadSnapShotFinished notify", "DeviceUpgradeResult notify", "VideoUploadNotify notify",
    "VendorPrivate notify",
]

# Elements that have a field of their own; everything else is manscdp.element.
OWN = {"CmdType", "SN", "DeviceID", "Result", "SumNum", "NotifyType", "PTZCmd"}
OWN_IN_ITEM = {"DeviceID", "Name", "Status", "ParentID"}


def expected_elements(rest):
    """What manscdp.element shows for the further elements of a command, in order."""
    out, stack = [], []
    for tag in re.finditer(r"<(/?)(\w+)([^>]*)>([^<]*)", rest):
        end, name, attributes, text = tag.groups()
        if end:
            stack.pop()
            continue
        if text.strip() or rest[tag.end():].startswith("</%s>" % name):
            if name not in (OWN_IN_ITEM if stack and stack[-1] == "Item" else OWN if not stack else ()):
                out.append("%s: %s" % (name, text))
        for key, value in re.findall(r'(\w+)="([^"]*)"', attributes):
            if key != "Num":
                out.append("%s: %s" % (key, value))
        stack.append(name)
    return out


def test_every_command(tshark):
    rows = tshark.fields_everywhere("manscdp-commands.pcap", ["manscdp.root", "manscdp.cmd_type", "manscdp.sn",
                                                             "manscdp.device_id", "manscdp.element", "manscdp.num",
                                                             "manscdp.encoding"], "manscdp")
    assert len(rows) == len(made.COMMANDS) == len(INFO)
    for sn, (row, (_, _, root, cmd, rest)) in enumerate(zip(rows, made.COMMANDS), 1):
        assert row == {"frame": 2 * sn - 1, "manscdp.root": [root], "manscdp.cmd_type": [cmd], "manscdp.sn": [str(sn)],
                       "manscdp.device_id": [made.PLATFORM], "manscdp.encoding": [],
                       "manscdp.element": ["version: 1.0"] + expected_elements(rest),
                       "manscdp.num": re.findall(r'Num="(\d+)"', rest)}, cmd
    assert [short(info) for _, _, info in tshark.columns("manscdp-commands.pcap", "manscdp")] == INFO
    assert tshark.expert("manscdp-commands.pcap", "manscdp") == []


def test_fields_of_their_own(tshark):
    assert tshark.fields_everywhere("manscdp-commands.pcap", ["manscdp.item.device_id", "manscdp.item.name",
                                                             "manscdp.item.status", "manscdp.item.parent_id",
                                                             "manscdp.sum_num", "manscdp.received"],
                                    "frame.number in {5, 9}") == [
        {"frame": 5, "manscdp.item.device_id": [made.CAMERA], "manscdp.item.name": ["Gate"], "manscdp.item.status": ["ON"],
         "manscdp.item.parent_id": [made.PLATFORM], "manscdp.sum_num": ["1"], "manscdp.received": ["1"]},
        {"frame": 9, "manscdp.item.device_id": [made.CAMERA], "manscdp.item.name": [], "manscdp.item.status": [],
         "manscdp.item.parent_id": [], "manscdp.sum_num": ["1"], "manscdp.received": ["1"]}]
    assert tshark.fields_everywhere("manscdp-commands.pcap", ["manscdp.notify_type"], "manscdp.notify_type == \"121\"") == [
        {"frame": 61, "manscdp.notify_type": ["121"]}]
    assert [row["frame"] for row in tshark.fields("manscdp-commands.pcap", [], "manscdp.result == \"OK\"")] == [
        13, 17, 27, 35, 59, 69, 73]


def test_values_highlight_their_bytes(tshark):
    packet = tshark.packet("manscdp-commands.pcap", 5)
    for name, raw in (("manscdp.root", b"Response"), ("manscdp.cmd_type", b"Catalog"), ("manscdp.sn", b"3"),
                      ("manscdp.device_id", made.PLATFORM.encode()), ("manscdp.sum_num", b"1"), ("manscdp.num", b"1"),
                      ("manscdp.item.device_id", made.CAMERA.encode()), ("manscdp.item.name", b"Gate"),
                      ("manscdp.item.status", b"ON"), ("manscdp.item.parent_id", made.PLATFORM.encode())):
        assert packet.one(name).raw == raw, name
    assert [field.raw for field in packet.fields("manscdp.element")] == [b"1.0", b"Maker", b"M1", b"340200", b"0"]
    body = packet.one("manscdp")
    whole = made.xml(*made.COMMANDS[2][2:], sn=3).encode()
    assert body.size == len(whole)
    item = packet.one("manscdp.item.name").parent
    start, end = whole.index(b"<Item>"), whole.index(b"</Item>") + 7
    assert (item.pos - body.pos, item.size) == (start, end - start)
    assert packet.one("manscdp.received").size == 0


def test_stock_xml_stays(tshark):
    keepalive = tshark.packet("manscdp-commands.pcap", 1)
    assert len(keepalive.fields("xml")) == 1
    assert [field.name for field in keepalive.top][-3:] == ["udp", "sip", "hikcascade"]
    assert "xml" not in [field.name for field in keepalive.one("manscdp").children]
    assert tshark.columns("manscdp-commands.pcap", "frame.number == 1")[0][1] == "SIP"
    assert tshark.packet("manscdp-commands.pcap", 1, prefs={"manscdp.xml": "never"}).fields("xml") == []
    assert len(tshark.packet("manscdp-commands.pcap", 1, prefs={"manscdp.xml": "always"}).fields("xml")) == 1


# ---- characters

def test_characters(tshark):
    rows = tshark.fields_everywhere("manscdp-charsets.pcap", ["manscdp.item.name", "manscdp.encoding"], "manscdp")
    names = [[DONG_MEN]] * len(made.CHARSETS) + [["\u3400\U00020000\u20ac"], [DONG_MEN, "\u897f\u95e8"], [DONG_MEN + " <1> &"]]
    assert [row["manscdp.item.name"] for row in rows] == names
    declared = [declare for _, declare in made.CHARSETS] + ["GB18030", "GB2312", "GB2312"]
    assert [row["manscdp.encoding"] for row in rows] == [[declare] if declare else [] for declare in declared]


def test_filter_by_chinese_name(tshark):
    found = tshark.fields_everywhere("manscdp-charsets.pcap", [], 'manscdp.item.name == "%s"' % DONG_MEN)
    assert [row["frame"] for row in found] == [2 * n + 1 for n in range(len(made.CHARSETS))] + [25]
    assert [row["frame"] for row in tshark.fields("manscdp-charsets.pcap", [], 'manscdp.item.name contains "\u95e8 <1>"')] == [27]


def test_lying_declarations(tshark):
    says_gb = "The declaration says GB 2312 or GB 18030, the text is UTF-8"
    says_utf8 = "The declaration says UTF-8, the text is GB 2312 or GB 18030"
    assert tshark.expert("manscdp-charsets.pcap", "manscdp.charset_mismatch") == [
        (13, "note", says_gb), (15, "note", says_utf8), (19, "note", says_gb),
        (25, "note", "Some values are UTF-8, others GB 2312 or GB 18030"),
        (25, "warning", "2 items came for this SN, SumNum is 1")]


@pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8"])
def test_locale_does_not_matter(tshark, sandbox, locale):
    environment = sandbox.environment
    sandbox.environment = lambda plugin=True, command=(): {**environment(plugin, command), "LC_ALL": locale}
    try:
        rows = tshark.fields("manscdp-charsets.pcap", ["manscdp.item.name"], "frame.number == 1")
    finally:
        sandbox.environment = environment
    assert rows[0]["manscdp.item.name"] == [DONG_MEN]


# ---- broken XML

NO_END = "An element has no end tag"
CUT = "A tag is cut off"
EXPERT = {
    "ampersand": ["A bare '&' in a text, taken as it is"],
    "less-than": ["A bare '<' in a text, taken as it is"],
    "no-name-end": [NO_END], "no-item-end": [NO_END], "no-end-at-all": [NO_END], "cut-in-value": [NO_END],
    "cut-in-tag": [NO_END, CUT],
    "declaration-no-question-mark": ["The XML declaration is broken"],
    "case": ["An end tag differs from its start tag in upper and lower case"],
    "stray-end": ["An end tag ends nothing"],
    "text-before": ["Text outside the root element"],
    "no-xml": ["Text outside the root element", "The body has no XML element"],
    "num-wrong": ["The list says Num=3, the message holds 1 items"],
}
NAMES = {"ampersand": ["A & B"], "less-than": ["A < B"], "cut-in-value": ["Ga"], "cdata": ["A & <B>"], "attributes": [],
         "no-xml": [], "empty-list": []}


def test_broken(tshark):
    names = ["manscdp.cmd_type", "manscdp.sn", "manscdp.item.device_id", "manscdp.item.name", "manscdp.item.status"]
    rows = tshark.fields_everywhere("manscdp-broken.pcap", names, "manscdp")
    assert len(rows) == len(made.BROKEN)
    for row, (kind, _) in zip(rows, made.BROKEN):
        nothing = kind in ("no-xml", "attributes", "empty-list")
        assert row["manscdp.cmd_type"] == ([] if kind == "no-xml" else ["Catalog"]), kind
        assert row["manscdp.sn"] == ([] if kind in ("no-xml", "sn-no-number") else ["1"]), kind
        assert row["manscdp.item.device_id"] == ([] if nothing else [made.CAMERA]), kind
        assert row["manscdp.item.name"] == NAMES.get(kind, ["Gate"]), kind
        status = [] if nothing or kind in ("cut-in-tag", "cut-in-value", "self-closing") else ["ON"]
        assert row["manscdp.item.status"] == status, kind


def test_broken_is_marked(tshark):
    ours = [row for row in tshark.expert("manscdp-broken.pcap", "manscdp", prefs={"manscdp.xml": "never"})]
    expected = []
    for number, (kind, _) in enumerate(made.BROKEN):
        expected += [(2 * number + 1, "warning", text) for text in EXPERT.get(kind, [])]
    assert ours == expected
    malformed = [row["frame"] for row in tshark.fields("manscdp-broken.pcap", [], "manscdp.malformed")]
    assert malformed == sorted({frame for frame, _, text in expected if "Num=" not in text})


def test_nothing_is_hidden(tshark):
    frame = {kind: 2 * number + 1 for number, (kind, _) in enumerate(made.BROKEN)}
    rows = {row["frame"]: row for row in tshark.fields("manscdp-broken.pcap", ["manscdp.other", "manscdp.padding",
                                                                              "manscdp.element"], "manscdp")}
    assert rows[frame["comment"]]["manscdp.other"] == ["<!-- <SN>2</SN> -->"]
    assert rows[frame["stray-end"]]["manscdp.other"] == ["</Item>"]
    assert rows[frame["text-before"]]["manscdp.other"] == ["junk"]
    assert rows[frame["no-xml"]]["manscdp.other"] == ["this is no XML"]
    assert rows[frame["nul"]]["manscdp.padding"] == ["00"]
    assert rows[frame["sn-no-number"]]["manscdp.element"] == ["version: 1.0", "SN: abc"]


# ---- PTZ

def test_ptz(tshark):
    fields = ["manscdp.ptz_cmd", "manscdp.ptz_cmd.action", "manscdp.ptz_cmd.code", "manscdp.ptz_cmd.address",
              "manscdp.ptz_cmd.checksum", "manscdp.ptz_cmd.checksum.status"]
    rows = tshark.fields_everywhere("manscdp-ptz.pcap", fields, "manscdp")
    assert [[row[name][0] if row[name] else None for name in fields] for row in rows] == [
        ["A50F01021F0000D6", "left 31", "0x02", "1", "0xd6", "1"],
        ["A50F01021F0000D7", "left 31", "0x02", "1", "0xd7", "0"],
        ["A50F01021F00", None, None, None, None, None],
        ["a50f0119203030 4e", "right 32 up 48 zoom in 3", "0x19", "1", "0x4e", "1"],
        ["A60F01021F0000D7", "left 31", "0x02", "1", "0xd7", "1"],
        ["A50F01031F0000D7", "contradictory", "0x03", "1", "0xd7", "1"],
        ["A50F01820004003B", "call preset 4", "0x82", "1", "0x3b", "1"],
        ["A50F014250000047", "focus near 80", "0x42", "1", "0x47", "1"],
        ["A50F018602231070", "cruise 2 speed 291", "0x86", "1", "0x70", "1"],
        ["A50F018901010040", "scan 1 left border", "0x89", "1", "0x40", "1"],
        ["A50F018C01000042", "switch 1 on", "0x8c", "1", "0x42", "1"],
        ["A50F01840203003E", "cruise 2 add preset 3", "0x84", "1", "0x3e", "1"]]


def test_ptz_parts(tshark):
    parts = ["pan", "pan_speed", "tilt", "tilt_speed", "zoom", "zoom_speed", "focus", "focus_speed", "iris", "iris_speed",
             "preset", "group", "value", "scan", "auxiliary"]
    rows = tshark.fields_everywhere("manscdp-ptz.pcap", ["manscdp.ptz_cmd." + part for part in parts], "manscdp")
    found = [{part: row["manscdp.ptz_cmd." + part][0] for part in parts if row["manscdp.ptz_cmd." + part]} for row in rows]
    left = dict(pan="2", pan_speed="31", tilt="0", tilt_speed="0", zoom="0", zoom_speed="0")
    assert found == [
        left, left, {}, dict(pan="1", pan_speed="32", tilt="2", tilt_speed="48", zoom="1", zoom_speed="3"), left,
        dict(left, pan="0"), dict(preset="4"), dict(focus="2", focus_speed="80", iris="0", iris_speed="0"),
        dict(group="2", value="291"), dict(group="1", scan="1"), dict(auxiliary="1"), dict(group="2", preset="3")]
    packet = tshark.packet("manscdp-ptz.pcap", 1)
    assert packet.one("manscdp.ptz_cmd").raw == b"A50F01021F0000D6"
    assert packet.one("manscdp.ptz_cmd.pan_speed").raw == b"1F"
    assert packet.one("manscdp.ptz_cmd.checksum").raw == b"D6"
    assert packet.one("manscdp.ptz_cmd.code").parent.name == "manscdp.ptz_cmd"


def test_ptz_expert(tshark):
    assert tshark.expert("manscdp-ptz.pcap", "manscdp") == [
        (3, "warning", "PTZCmd's checksum is D7, the other bytes add up to D6"),
        (5, "warning", "PTZCmd is not 16 hex digits"),
        (9, "warning", "PTZCmd does not begin with A50F but with A60F"),
        (11, "warning", "PTZCmd asks for two opposite directions at once")]


# ---- content types, ports, transports

def test_content_types(tshark):
    rows = tshark.fields_everywhere("manscdp-content-types.pcap", ["manscdp.cmd_type"], "manscdp")
    assert rows == [{"frame": 2 * number + 1, "manscdp.cmd_type": ["Keepalive"]} for number in range(8)]
    # What is called plain XML is stock's as ever, ours on top; foreign XML is stock's alone.
    columns = tshark.columns("manscdp-content-types.pcap", "frame.number in {13, 15, 17}")
    assert [row[1] for row in columns] == ["SIP/XML"] * 3
    assert [short(row[2]) for row in columns[:2]] == ["Keepalive OK"] * 2
    for number in (13, 15, 17):
        assert len(tshark.packet("manscdp-content-types.pcap", number).fields("xml")) == 1


def test_foreign_xml_as_without_us(tshark):
    with_us = tshark.tree("manscdp-content-types.pcap", 17)
    disabled = tshark.run(tshark.read("manscdp-content-types.pcap", "frame.number in {13, 17}", True) + [
        "-V", "--disable-protocol", "manscdp"])
    assert "MANSCDP" not in disabled and disabled.count("eXtensible Markup Language") == 2
    assert "eXtensible Markup Language" in with_us


@pytest.mark.parametrize("port", [5060, 5061, 33333])
def test_any_port(tshark, port):
    cap = Capture()
    link = Link(cap)
    link.lower.port = link.upper.port = port
    link.keepalive()
    assert tshark.fields_everywhere(cap, ["manscdp.cmd_type"], "manscdp") == [{"frame": 1, "manscdp.cmd_type": ["Keepalive"]}]


def test_tcp(tshark):
    cap = Capture()
    link = Link(cap, transport="TCP")
    link.keepalive()
    link.catalog([("34020000001320000001", DONG_MEN)])
    rows = tshark.fields_everywhere(cap, ["manscdp.cmd_type", "manscdp.item.name"], "manscdp")
    assert [(row["manscdp.cmd_type"], row["manscdp.item.name"]) for row in rows] == [
        (["Keepalive"], []), (["Catalog"], [DONG_MEN])]


def test_two_messages_in_one_segment(tshark):
    """Each body has its own record."""
    cap = Capture()
    link = Link(cap, transport="TCP")
    messages = b"".join(link.request(link.lower, "MESSAGE", content_type="Application/MANSCDP+xml", body=made.xml(
        "Response", "Catalog", '<SumNum>3</SumNum><DeviceList Num="1">%s</DeviceList>' % made.item(DeviceID=number), 5))[0]
        for number in (1, 2, 3))
    link.send(link.lower, messages)
    rows = tshark.fields_everywhere(cap, ["manscdp.received", "manscdp.item.device_id"], "manscdp")
    assert rows == [{"frame": 4, "manscdp.received": ["1", "2", "3"], "manscdp.item.device_id": ["1", "2", "3"]}]


# ---- hostile

def body_over_tcp(body):
    cap = Capture()
    link = Link(cap, transport="TCP")
    message, _ = link.request(link.lower, "MESSAGE", content_type="Application/MANSCDP+xml", body=body)
    link.send(link.lower, message, cut=list(range(60000, len(message), 60000)))
    return cap


def test_huge_body(tshark):
    """10 MB of items: shown up to a bound, and how many more there are; the items are all learned."""
    row = "<Item><DeviceID>%020d</DeviceID><Name>Camera</Name><A>1</A><B>2</B><C>3</C><D>4</D></Item>\r\n"
    count = 10 * 1024 * 1024 // len(row % 0)
    body = ('<?xml version="1.0"?><Response><CmdType>Catalog</CmdType><SN>1</SN><DeviceID>1</DeviceID><SumNum>%d</SumNum>'
            '<DeviceList Num="%d">' % (count, count))
    cap = body_over_tcp(body + "".join(row % number for number in range(count)) + "</DeviceList></Response>")
    rows = tshark.fields(cap, ["manscdp.num", "manscdp.received"], "manscdp")
    assert len(rows) == 1
    assert rows[0]["manscdp.num"] == rows[0]["manscdp.received"] == [str(count)]
    # 400,000 tree items: six leaves and one for the item itself, of each of the first 57,142 items.
    shown = re.search(r"\.\.\. (\d+) more elements, not shown one by one", tshark.run(tshark.read(cap, "manscdp") + ["-V"]))
    assert 7 * count - 400000 - 100 < int(shown.group(1)) < 7 * count - 400000 + 100
    table = tshark.tap("hikcascade,catalog", cap)
    assert "catalog, %d devices" % count in table and "SN 1: %d of %d items in 1 message, complete" % (count, count) in table


def test_deep_body(tshark):
    """100,000 tags inside each other."""
    cap = body_over_tcp("<Query><CmdType>Catalog</CmdType><SN>1</SN>" + "<a>" * 100000)
    rows = tshark.fields_everywhere(cap, ["manscdp.cmd_type"], "manscdp")
    assert rows[0]["manscdp.cmd_type"] == ["Catalog"]
    assert tshark.fields(cap, [], "manscdp.malformed") == [{"frame": rows[0]["frame"]}]


UTF16_CASES = [("utf-16-le", "UTF-16", b"", []), ("utf-16-be", "UTF-16", b"", []), ("utf-16-le", "utf-16le", b"\xff\xfe", []),
               ("utf-16-be", None, b"", []),
               ("utf-16-be", "GB2312", b"", ["The declaration names another encoding, the text is UTF-16"]),
               ("utf-16-le", "UTF-8", b"\xff\xfe", ["The declaration names another encoding, the text is UTF-16"]),
               ("utf-8", "ISO-8859-1", b"", ["The declaration names another encoding, the text is UTF-8"]),
               ("gb2312", "us-ascii", b"", ["The declaration names another encoding, the text is GB 2312 or GB 18030"])]


def test_encodings_nobody_should_use(tshark):
    """UTF-16 with a byte order mark and without; declarations that name what the text is not."""
    cap = Capture()
    link = Link(cap)
    for encoding, declare, mark, _ in UTF16_CASES:
        link.manscdp(link.lower, mark + made.catalog_body("\u4e1c\u95e8", encoding, declare))
    rows = tshark.fields_everywhere(cap, ["manscdp.item.name"], 'manscdp.item.name == "\u4e1c\u95e8"')
    assert [row["frame"] for row in rows] == [2 * number + 1 for number in range(len(UTF16_CASES))]
    # The zero bytes are what stock SIP says something about.
    told = [row for row in tshark.expert(cap, "manscdp") if row[2] != "Trailing stray characters"]
    assert told == [(2 * number + 1, "note", text) for number, case in enumerate(UTF16_CASES) for text in case[3]]


def test_encoding_of_a_value_is_found_by_filter_and_table(tshark):
    """It shows when the values are read: also where nobody asks for them."""
    rows = tshark.fields_everywhere("manscdp-charsets.pcap", ["manscdp.charset_mismatch"], "manscdp.charset_mismatch")
    assert [row["frame"] for row in rows] == [13, 15, 19, 25]
    for two_pass in (False, True):
        table = tshark.tap("expert", "manscdp-charsets.pcap", two_pass=two_pass)
        assert len(re.findall(r" 1 +Protocol +MANSCDP +Some values are UTF-8, others GB 2312 or GB 18030", table)) == 1
