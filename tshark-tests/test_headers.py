# SPDX-License-Identifier: GPL-2.0-or-later
"""Headers of GB/T 28181-2022 and GB 35114; what a body says of failures and alarms."""

import pytest

from hikpcap import Capture, Link

pytestmark = pytest.mark.logic

HEADERS = [("X-GB-Ver", "3.0", "gb_version"), ("x-routepath", "34020000002000000001", "route_path"),
           ("X-PreferredPath", "34020000002000000001,34010000002000000001", "preferred_path"),
           ("Monitor-User-Identity", "operation=view,user=duty", "monitor_user"),
           ("Note", 'Digest nonce="abc",algorithm=SM3', "note"), ("SecurityInfo", 'Asymmetric algorithm="A:SM2"', "security_info")]


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_headers(tshark, transport):
    cap = Capture()
    link = Link(cap, transport=transport)
    link.register(headers=[(name, value) for name, value, _ in HEADERS])
    names = ["hikcascade." + field for _, _, field in HEADERS]
    first, second = tshark.fields_everywhere(cap, names, "sip")
    assert [first[name] for name in names] == [[value] for _, value, _ in HEADERS]
    assert [second[name] for name in names] == [[]] * len(names)


BODY = '<?xml version="1.0"?>\r\n<%s>\r\n<CmdType>%s</CmdType>\r\n<SN>1</SN>\r\n<DeviceID>34020000002000000001</DeviceID>\r\n%s</%s>\r\n'


@pytest.mark.parametrize("root,command,rest,text", [
    ("Response", "DeviceControl", "<Result>ERROR</Result>", "Result is ERROR: the device did not do what it was asked"),
    ("Response", "DeviceControl", "<Result>error</Result>", "Result is ERROR: the device did not do what it was asked"),
    ("Response", "DeviceControl", "<Result>OK</Result>", None),
    ("Notify", "Keepalive", "<Status>ERROR</Status>",
     "The keep-alive says Status ERROR: the lower platform does not work as it should"),
    ("Notify", "Keepalive", "<Status>OK</Status>", None),
    ("Response", "DeviceStatus", "<Result>OK</Result><Status>ERROR</Status>", None),
    ("Notify", "DeviceUpgradeResult", "<UpgradeResult>ERROR</UpgradeResult>",
     "UpgradeResult is ERROR: the device is not upgraded"),
    ("Notify", "DeviceUpgradeResult", "<UpgradeResult>OK</UpgradeResult>", None)])
def test_failed(tshark, root, command, rest, text):
    cap = Capture()
    link = Link(cap)
    link.manscdp(link.lower, BODY % (root, command, rest, root))
    for two_pass in (False, True):
        found = tshark.expert(cap, "manscdp.failed", two_pass=two_pass)
        assert found == ([(1, "warning", text)] if text else [])
    assert [row["frame"] for row in tshark.fields_everywhere(cap, ["manscdp.cmd_type"], "manscdp.failed")] == ([1] if text else [])


@pytest.mark.parametrize("method,kind,name", [
    (2, 2, "Tampering"), (5, 6, "Intrusion"), (6, 1, "Disk fault"), (5, 99, "Unknown"), (1, 1, "Unknown")])
def test_alarm(tshark, method, kind, name):
    cap = Capture()
    link = Link(cap)
    link.manscdp(link.lower, BODY % ("Notify", "Alarm", "<AlarmPriority>1</AlarmPriority><AlarmMethod>%d</AlarmMethod><Info>"
                                     "<AlarmType>%d</AlarmType></Info>" % (method, kind), "Notify"))
    row = tshark.fields_everywhere(cap, ["manscdp.alarm_priority", "manscdp.alarm_method", "manscdp.alarm_type"])[0]
    assert row == {"frame": 1, "manscdp.alarm_priority": ["1"], "manscdp.alarm_method": [str(method)],
                   "manscdp.alarm_type": [str(kind)]}
    assert "Alarm type: %s (%d)" % (name, kind) in tshark.tree(cap, 1)
