# SPDX-License-Identifier: GPL-2.0-or-later
"""MANSCDP bodies: every command type of GB/T 28181-2011, 2016 and 2022; characters; broken XML; answers in many messages."""

from hikpcap import Capture, Link

CAMERA = "34020000001320000001"
PLATFORM = "34020000002000000001"


def xml(root, cmd, rest="", sn=1, device=PLATFORM, head='<?xml version="1.0"?>', eol="\r\n"):
    lines = [head] if head else []
    lines += ["<%s>" % root, "<CmdType>%s</CmdType>" % cmd, "<SN>%d</SN>" % sn, "<DeviceID>%s</DeviceID>" % device]
    lines += [rest] if rest else []
    return eol.join(lines + ["</%s>" % root, ""])


def item(**leaves):
    return "<Item>%s</Item>" % "".join("<%s>%s</%s>" % (name, value, name) for name, value in leaves.items())


# (who sends: "up" from the lower platform, "down" from the upper one; SIP method; root; CmdType; further elements)
COMMANDS = [
    ("up", "MESSAGE", "Notify", "Keepalive", "<Status>OK</Status>"),
    ("down", "MESSAGE", "Query", "Catalog", ""),
    ("up", "MESSAGE", "Response", "Catalog", '<SumNum>1</SumNum><DeviceList Num="1">%s</DeviceList>' % item(
        DeviceID=CAMERA, Name="Gate", Manufacturer="Maker", Model="M1", CivilCode="340200", Parental="0", ParentID=PLATFORM,
        Status="ON")),
    ("down", "SUBSCRIBE", "Query", "Catalog", ""),
    ("up", "NOTIFY", "Notify", "Catalog", '<SumNum>1</SumNum><DeviceList Num="1">%s</DeviceList>' % item(
        DeviceID=CAMERA, Event="OFF")),
    ("down", "MESSAGE", "Query", "DeviceInfo", ""),
    ("up", "MESSAGE", "Response", "DeviceInfo", "<DeviceName>Lower</DeviceName><Result>OK</Result><Manufacturer>Maker"
     "</Manufacturer><Model>M1</Model><Firmware>V1.0</Firmware><Channel>4</Channel>"),
    ("down", "MESSAGE", "Query", "DeviceStatus", ""),
    ("up", "MESSAGE", "Response", "DeviceStatus", '<Result>OK</Result><Online>ONLINE</Online><Status>OK</Status>'
     '<Alarmstatus Num="1"><Item><DeviceID>34020000001340000001</DeviceID><DutyStatus>ONDUTY</DutyStatus></Item></Alarmstatus>'),
    ("down", "MESSAGE", "Query", "RecordInfo", "<StartTime>2024-01-01T00:00:00</StartTime><EndTime>2024-01-02T00:00:00</EndTime>"
     "<Type>time</Type>"),
    ("up", "MESSAGE", "Response", "RecordInfo", '<Name>Gate</Name><SumNum>1</SumNum><RecordList Num="1">%s</RecordList>' % item(
        DeviceID=CAMERA, Name="Gate", StartTime="2024-01-01T00:00:00", EndTime="2024-01-01T01:00:00", Secrecy="0", Type="time")),
    ("down", "SUBSCRIBE", "Query", "Alarm", "<StartAlarmPriority>0</StartAlarmPriority><EndAlarmPriority>0</EndAlarmPriority>"),
    ("up", "MESSAGE", "Notify", "Alarm", "<AlarmPriority>1</AlarmPriority><AlarmMethod>5</AlarmMethod>"
     "<AlarmTime>2024-01-01T00:00:00</AlarmTime><Info><AlarmType>2</AlarmType></Info>"),
    ("down", "MESSAGE", "Response", "Alarm", "<Result>OK</Result>"),
    ("down", "MESSAGE", "Control", "DeviceControl", "<PTZCmd>A50F01021F0000D6</PTZCmd><Info><ControlPriority>5"
     "</ControlPriority></Info>"),
    ("down", "MESSAGE", "Control", "DeviceControl", "<TeleBoot>Boot</TeleBoot>"),
    ("down", "MESSAGE", "Control", "DeviceControl", "<RecordCmd>Record</RecordCmd>"),
    ("up", "MESSAGE", "Response", "DeviceControl", "<Result>OK</Result>"),
    ("down", "MESSAGE", "Control", "DeviceControl", "<GuardCmd>SetGuard</GuardCmd>"),
    ("down", "MESSAGE", "Control", "DeviceControl", "<AlarmCmd>ResetAlarm</AlarmCmd>"),
    ("down", "MESSAGE", "Control", "DeviceControl", "<IFameCmd>Send</IFameCmd>"),
    ("down", "MESSAGE", "Control", "DeviceControl", "<IFrameCmd>Send</IFrameCmd>"),
    ("down", "MESSAGE", "Control", "DeviceControl", "<DragZoomIn><Length>640</Length><Width>480</Width></DragZoomIn>"),
    ("down", "MESSAGE", "Control", "DeviceControl", "<HomePosition><Enabled>1</Enabled><PresetIndex>1</PresetIndex></HomePosition>"),
    ("down", "MESSAGE", "Control", "DeviceControl", "<PTZPreciseCtrl><Pan>1.5</Pan><Tilt>2.5</Tilt><Zoom>3</Zoom></PTZPreciseCtrl>"),
    ("down", "MESSAGE", "Control", "DeviceControl", "<DeviceUpgrade><Firmware>V2</Firmware></DeviceUpgrade>"),
    ("down", "MESSAGE", "Control", "DeviceControl", "<FormatSDCard>1</FormatSDCard>"),
    ("down", "MESSAGE", "Control", "DeviceControl", "<TargetTrack>Auto</TargetTrack>"),
    ("down", "MESSAGE", "Notify", "Broadcast", "<SourceID>34010000002000000001</SourceID><TargetID>%s</TargetID>" % CAMERA),
    ("up", "MESSAGE", "Response", "Broadcast", "<Result>OK</Result>"),
    ("up", "MESSAGE", "Notify", "MediaStatus", "<NotifyType>121</NotifyType>"),
    ("down", "SUBSCRIBE", "Query", "MobilePosition", "<Interval>5</Interval>"),
    ("up", "NOTIFY", "Notify", "MobilePosition", "<Time>2024-01-01T00:00:00</Time><Longitude>117.5</Longitude>"
     "<Latitude>31.5</Latitude><Speed>0.0</Speed>"),
    ("down", "MESSAGE", "Control", "DeviceConfig", "<BasicParam><Name>Gate</Name><Expiration>3600</Expiration></BasicParam>"),
    ("up", "MESSAGE", "Response", "DeviceConfig", "<Result>OK</Result>"),
    ("down", "MESSAGE", "Query", "ConfigDownload", "<ConfigType>BasicParam/VideoParamOpt</ConfigType>"),
    ("up", "MESSAGE", "Response", "ConfigDownload", "<Result>OK</Result><BasicParam><Name>Gate</Name></BasicParam>"),
    ("down", "MESSAGE", "Query", "PresetQuery", ""),
    ("up", "MESSAGE", "Response", "PresetQuery", '<PresetList Num="1"><Item><PresetID>1</PresetID><PresetName>Door</PresetName>'
     '</Item></PresetList>'),
    ("down", "MESSAGE", "Query", "PersetQuery", ""),
    ("down", "MESSAGE", "Query", "HomePositionQuery", ""),
    ("up", "MESSAGE", "Response", "HomePositionQuery", "<HomePosition><Enabled>1</Enabled></HomePosition>"),
    ("down", "MESSAGE", "Query", "CruiseTrackListQuery", ""),
    ("up", "MESSAGE", "Response", "CruiseTrackListQuery", '<CruiseTrackList Num="1"><CruiseTrack><Number>0</Number></CruiseTrack>'
     '</CruiseTrackList>'),
    ("down", "MESSAGE", "Query", "CruiseTrackQuery", "<Number>0</Number>"),
    ("up", "MESSAGE", "Response", "CruiseTrackQuery", "<Number>0</Number><SumNum>0</SumNum>"),
    ("down", "MESSAGE", "Query", "PTZPosition", ""),
    ("up", "MESSAGE", "Response", "PTZPosition", "<Pan>1.0</Pan><Tilt>2.0</Tilt><Zoom>1.0</Zoom>"),
    ("up", "NOTIFY", "Notify", "PTZPosition", "<Pan>1.0</Pan>"),
    ("down", "MESSAGE", "Query", "SDCardStatus", ""),
    ("up", "MESSAGE", "Response", "SDCardStatus", '<SumNum>1</SumNum><SDCardStatusInfo Num="1">%s</SDCardStatusInfo>' % item(
        ID="1", HddName="Card", Status="ok", Capacity="1024")),
    ("up", "MESSAGE", "Notify", "UploadSnapShotFinished", "<SessionID>1</SessionID><SnapShotList><SnapShotFileID>f1"
     "</SnapShotFileID></SnapShotList>"),
    ("up", "MESSAGE", "Notify", "DeviceUpgradeResult", "<SessionID>1</SessionID><UpgradeResult>OK</UpgradeResult>"),
    ("up", "MESSAGE", "Notify", "VideoUploadNotify", "<Time>2024-01-01T00:00:00</Time>"),
    ("up", "MESSAGE", "Notify", "VendorPrivate", "<Anything a=\"1\">x</Anything>"),
]


def commands():
    """Each command in one request and its 200; the SN counts from 1, the frames are 2 * SN - 1."""
    cap = Capture()
    link = Link(cap)
    for sn, (way, method, root, cmd, rest) in enumerate(COMMANDS, 1):
        sender = link.lower if way == "up" else link.upper
        link.manscdp(sender, xml(root, cmd, rest, sn), method)
    return cap


def catalog_body(name, encoding, declare, sn=1):
    head = '<?xml version="1.0"%s?>' % (' encoding="%s"' % declare if declare else "")
    rest = '<SumNum>1</SumNum><DeviceList Num="1">%s</DeviceList>' % item(DeviceID=CAMERA, Name=name, Status="ON")
    return xml("Response", "Catalog", rest, sn, head=head).encode(encoding)


# (encoding sent, encoding declared)
CHARSETS = [("gb2312", "GB2312"), ("gbk", "GBK"), ("gb18030", "GB18030"), ("utf-8", "UTF-8"),
            ("gb2312", None), ("utf-8", None), ("utf-8", "GB2312"), ("gb2312", "UTF-8"), ("utf-8-sig", None),
            ("utf-8-sig", "GB2312"), ("utf-16", None)]


def charsets():
    cap = Capture()
    link = Link(cap)
    for encoding, declare in CHARSETS:
        body = catalog_body("\u4e1c\u95e8", encoding, declare)
        link.manscdp(link.lower, body)
    # Characters of two planes and of GB 18030's four bytes; two makers in one body; entities.
    link.manscdp(link.lower, catalog_body("\u3400\U00020000\u20ac", "gb18030", "GB18030"))
    mixed = catalog_body("@", "gb2312", "GB2312").replace(b"@", "\u4e1c\u95e8".encode("gb2312")).replace(
        b"</Item>", b"</Item><Item><Name>" + "\u897f\u95e8".encode() + b"</Name></Item>").replace(b'Num="1"', b'Num="2"')
    link.manscdp(link.lower, mixed)
    link.manscdp(link.lower, catalog_body("&#x4e1c;&#38376; &lt;1&gt; &amp;", "gb2312", "GB2312"))
    return cap


GOOD = xml("Response", "Catalog", '<SumNum>1</SumNum>\r\n<DeviceList Num="1">\r\n<Item>\r\n<DeviceID>%s</DeviceID>\r\n'
           '<Name>Gate</Name>\r\n<Status>ON</Status>\r\n</Item>\r\n</DeviceList>' % CAMERA)

# name, body: each is GOOD with one thing wrong.
BROKEN = [
    ("good", GOOD),
    ("ampersand", GOOD.replace("Gate", "A & B")),
    ("less-than", GOOD.replace("Gate", "A < B")),
    ("no-name-end", GOOD.replace("</Name>", "")),
    ("no-item-end", GOOD.replace("</Item>", "")),
    ("no-end-at-all", GOOD[:GOOD.index("</DeviceList>")]),
    ("cut-in-tag", GOOD[:GOOD.index("<Status>") + 4]),
    ("cut-in-value", GOOD[:GOOD.index("Gate") + 2]),
    ("declaration-no-question-mark", GOOD.replace('?>', '>')),
    ("declaration-no-quotes", GOOD.replace('"1.0"', '1.0')),
    ("no-declaration", GOOD[GOOD.index("<Response>"):]),
    ("self-closing", GOOD.replace("<Status>ON</Status>", "<Status/>")),
    ("lf", GOOD.replace("\r\n", "\n")),
    ("no-line-ends", GOOD.replace("\r\n", "")),
    ("nul", GOOD + "\0"),
    ("cdata", GOOD.replace("Gate", "<![CDATA[A & <B>]]>")),
    ("comment", GOOD.replace("<SN>", "<!-- <SN>2</SN> --><SN>")),
    ("attributes", '<Query CmdType="Catalog" SN="1"><DeviceID>%s</DeviceID></Query>' % PLATFORM),
    ("case", GOOD.replace("</Name>", "</name>")),
    ("stray-end", GOOD.replace("</Item>", "</Item></Item>")),
    ("text-before", "junk" + GOOD),
    ("blank-before", "\r\n\r\n" + GOOD),
    ("no-xml", "this is no XML"),
    ("empty-list", GOOD[:GOOD.index("<DeviceList")].replace("<SumNum>1", "<SumNum>0") + "</Response>"),
    ("sn-no-number", GOOD.replace("<SN>1</SN>", "<SN>abc</SN>")),
    ("num-wrong", GOOD.replace('Num="1"', 'Num="3"')),
    ("prefix", GOOD.replace("<", "<g:").replace("<g:/", "</g:").replace("<g:?", "<?")),
]


def broken():
    cap = Capture()
    link = Link(cap)
    for _, body in BROKEN:
        link.manscdp(link.lower, body.encode("ascii"))
    return cap


PTZ = ["A50F01021F0000D6", "A50F01021F0000D7", "A50F01021F00", "a50f0119203030 4e", "A60F01021F0000D7", "A50F01031F0000D7",
       "A50F0182000400" "3B", "A50F0142500000" "47", "A50F0186022310" "70", "A50F0189010100" "40", "A50F018C010000" "42",
       "A50F0184020300" "3E"]


def ptz():
    cap = Capture()
    link = Link(cap)
    for sn, command in enumerate(PTZ, 1):
        link.manscdp(link.upper, xml("Control", "DeviceControl", "<PTZCmd>%s</PTZCmd>" % command, sn, CAMERA))
    return cap


def content_types():
    """Not every device writes Application/MANSCDP+xml."""
    cap = Capture()
    link = Link(cap)
    for kind in ("Application/MANSCDP+xml", "application/manscdp+xml", "APPLICATION/MANSCDP+XML", "Application/MANSCDP+xml;charset=gb2312",
                 "Application/MANSCDP", None, "Application/Xml", "text/xml"):
        link.keepalive(content_type=kind)
    link.manscdp(link.lower, "<?xml version=\"1.0\"?>\r\n<presence><note>x</note></presence>\r\n", content_type="Application/Xml")
    return cap


def captures():
    yield "manscdp-commands.pcap", commands()
    yield "manscdp-charsets.pcap", charsets()
    yield "manscdp-broken.pcap", broken()
    yield "manscdp-ptz.pcap", ptz()
    yield "manscdp-content-types.pcap", content_types()
