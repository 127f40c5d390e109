# SPDX-License-Identifier: GPL-2.0-or-later
"""MANSCDP questions and their answers: tied by SN as text, copies counted once, whole catalogs remembered."""

import pytest

from hikpcap import Capture, Link, Platform

L, U = "34020000002000000001", "34010000002000000001"
CAMERAS = [("3402000000132%07d" % number, "Camera %d" % number) for number in range(1, 301)]


def query(link, command="Catalog", sn="17", **options):
    link.manscdp(link.upper, '<?xml version="1.0"?>\r\n<Query>\r\n<CmdType>%s</CmdType>\r\n<SN>%s</SN>\r\n<DeviceID>%s</DeviceID>'
                 '\r\n</Query>\r\n' % (command, sn, link.lower.id), **options)


def begin(transport="UDP"):
    cap = Capture()
    link = Link(cap, transport=transport)
    link.register()
    return cap, link


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
@pytest.mark.parametrize("asked,answered,number", [
    ("1795780930123", "1795780930123", []), ("17957809301234567", "17957809301234567", []), ("4294967295", "4294967295",
                                                                                             ["4294967295"]),
    ("4294967296", "4294967296", []), ("007", "7", ["7"]), ("a-7", "a-7", [])])
def test_sn_is_text(tshark, transport, asked, answered, number):
    cap, link = begin(transport)
    query(link, sn=asked)
    for camera in CAMERAS[:3]:
        catalog(link, [camera], 3, answered)
    rows = tshark.fields_everywhere(cap, ["manscdp.sn_text", "manscdp.sn", "manscdp.received", "manscdp.request_in"], "manscdp")
    first = rows[0]["frame"]
    assert [row["manscdp.sn_text"] for row in rows] == [[asked]] + [[answered]] * 3
    assert [row["manscdp.sn"] for row in rows] == [number] * 4
    assert [row["manscdp.received"] for row in rows] == [[], ["1"], ["2"], ["3"]]
    assert [row["manscdp.request_in"] for row in rows] == [[]] + [[str(first)]] * 3
    assert "SN %s: 3 of 3 items in 3 messages, complete" % answered in tshark.tap("hikcascade,catalog", cap)


def catalog(link, cameras, sum_num, sn, **options):
    rows = "".join("<Item>\r\n<DeviceID>%s</DeviceID>\r\n<Name>%s</Name>\r\n</Item>\r\n" % camera for camera in cameras)
    link.manscdp(link.lower, '<?xml version="1.0"?>\r\n<Response>\r\n<CmdType>Catalog</CmdType>\r\n<SN>%s</SN>\r\n'
                 '<DeviceID>%s</DeviceID>\r\n<SumNum>%d</SumNum>\r\n<DeviceList Num="%d">\r\n%s</DeviceList>\r\n</Response>\r\n'
                 % (sn, link.lower.id, sum_num, len(cameras), rows), **options)


@pytest.mark.parametrize("one_sided", [False, True])
@pytest.mark.parametrize("asked", [False, True])
def test_copies_count_once(tshark, one_sided, asked):
    cap, link = begin()
    if asked:
        query(link)
    for number in range(2):
        catalog(link, [CAMERAS[number]], 2, "17", branch="cat%d" % number, call_id="catcall%d" % number, from_tag="cattag")
        time_us, data = cap[-2]
        cap.wait(0.5)
        cap.frame(data)  # sent again
    if one_sided:
        cap = cap.only_from("192.0.2.10")
    rows = tshark.fields_everywhere(cap, ["manscdp.received"], "manscdp.sum_num")
    assert [row["manscdp.received"] for row in rows] == [["1"], ["1"], ["2"], ["2"]]
    assert "SN 17: 2 of 2 items in 2 messages, complete" in tshark.tap("hikcascade,catalog", cap)


def test_many_catalogs(tshark):
    """Seventy answers of other platforms, never whole, then a whole one: a camera that it does not list is a fault."""
    cap = Capture()
    top = Platform(U, "198.51.100.20")
    for number in range(70):
        other = Link(cap, Platform("34020000002000001%03d" % number, "192.0.2.%d" % (100 + number)), top, seed=100 + number)
        catalog(other, CAMERAS[:1], 2, "5")
    link = Link(cap)
    catalog(link, CAMERAS[:2], 2, "6")
    link.call(camera="34020000001320000999").play(3)
    assert [row[1:] for row in tshark.expert(cap, "hikcascade.not_in_catalog")] == [
        ("warning", "34020000001320000999 is not in the Catalog that this capture holds")]
