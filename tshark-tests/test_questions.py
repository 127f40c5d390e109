# SPDX-License-Identifier: GPL-2.0-or-later
"""MANSCDP questions and their answers: tied by SN as text, copies counted once, whole catalogs remembered; and
what nothing answered."""

import pytest

import gen_questions
import tables
from gen_questions import CAMERAS, catalog, query
from hikpcap import Capture, Link, Platform

pytestmark = pytest.mark.logic

L, U = "34020000002000000001", "34010000002000000001"
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


def unanswered(tshark, cap):
    """[(frame, message)]; the same frames in sharkd, none too many in one pass."""
    found = [(frame, message) for frame, _, message in tshark.expert(cap, "hikcascade.unanswered")
             if "no Response" in message or "No answer" in message or "stops at" in message]
    tshark.fields_everywhere(cap, ["hikcascade.unanswered"], allow_forward=["hikcascade.unanswered"])
    rows = tables.printed(tshark, "hikcascade,platforms", cap)
    assert sum(int(row["Unanswered"]) for row in rows) == len(found)
    assert tables.from_sharkd(tshark, "hikcascade,platforms", cap) == rows
    return found


def doubled(cap):
    copy = Capture()
    for time_us, data in cap:
        copy.append((time_us, data))
        copy.append((time_us + 20, data))
    copy.time_us = cap.time_us
    return copy


def test_query_without_response(tshark):
    cap = gen_questions.query_without_response()
    text = "The Catalog query (SN 17) is accepted with 200, but no Response came in 60.0 s"
    assert unanswered(tshark, cap) == [(3, text)]
    assert unanswered(tshark, doubled(cap)) == [(5, text)]
    assert "Catalog of %s  SN 17: %s (frame 3)" % (L, text) in tshark.tap("hikcascade,catalog", cap)
    for side in ("192.0.2.10", "198.51.100.20"):
        assert unanswered(tshark, cap.only_from(side)) == []
    assert unanswered(tshark, cap.only(lambda index, data: index >= 2)) == [(1, text)]  # begins late
    assert unanswered(tshark, cap.only(lambda index, data: index < 4)) == []  # ends soon


@pytest.mark.parametrize("status, said", [
    ("404 Not Found", "refused with 404 (answer in frame 4)"), ("302 Moved Temporarily", "refused with 302 (answer in frame 4)"),
    ("200 OK", "No Response in this capture")])
def test_refused_query(tshark, status, said):
    """The table of catalogs names the refusal; nothing is to be waited for, so nothing is missing."""
    cap, link = begin()
    query(link, status=status)
    cap.wait(60 if status[0] != "2" else 1)
    link.keepalive()
    assert "Catalog of %s  SN 17: %s (frame 3)" % (L, said) in tshark.tap("hikcascade,catalog", cap)
    out = tshark.tap("hikcascade,catalog", cap, prefs={"hikcascade.table_format": "json"})
    assert said in out
    assert unanswered(tshark, cap) == []


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
@pytest.mark.parametrize("seconds,count", [(29.9, 0), (30.1, 1)])
def test_edge_of_a_query(tshark, transport, seconds, count):
    cap, link = begin(transport)
    query(link)
    cap.wait(seconds - 0.002)
    link.keepalive(status=None)
    assert len(unanswered(tshark, cap)) == count


def test_late_response(tshark):
    cap, link = begin()
    query(link)
    cap.wait(45)
    link.lower.port = 40007  # from another port of the NAT
    catalog(link, CAMERAS[:1], 1)
    cap.wait(60)
    link.keepalive()
    assert unanswered(tshark, cap) == []


def test_response_that_the_capture_lacks(tshark):
    """Its fragments are missing, but the upper platform's 200 to it is there."""
    cap, link = begin()
    query(link)
    catalog(link, CAMERAS[:1], 1)
    cap.wait(60)
    link.keepalive()
    assert unanswered(tshark, cap.only(lambda index, data: b"<Response>" not in data)) == []


def test_list_stops(tshark):
    cap = gen_questions.list_stops()
    text = "The list that answers the Catalog query (SN 17) stops at 3 of 5 items, 60.0 s before the capture ends"
    assert unanswered(tshark, cap) == [(3, text)]
    assert unanswered(tshark, doubled(cap)) == [(5, text)]


def test_keepalive_without_answer(tshark):
    cap = gen_questions.keepalive_without_answer()
    assert unanswered(tshark, cap) == [(7, "No answer to the keep-alive in 124.0 s, sent 3 times"),
                                       (10, "No answer to the keep-alive in 62.5 s, sent 3 times")]
    assert len(unanswered(tshark, doubled(cap))) == 2
    for side in ("192.0.2.10", "198.51.100.20"):
        assert unanswered(tshark, cap.only_from(side)) == []
    # a capture of requests alone lacks the answers of everybody
    assert unanswered(tshark, cap.only(lambda index, data: b"SIP/2.0 200" not in data)) == []


def test_private_contact(tshark):
    assert unanswered(tshark, gen_questions.private_contact()) == [
        (3, "No answer to the Catalog query (SN 17) in 15.5 s, sent 7 times: it goes to 192.168.1.10:7100, the private address of "
            "its Contact, and the lower platform's own messages come from 198.18.0.7:40001")]


@pytest.mark.parametrize("sends,count", [(4, 0), (5, 1)])
def test_edge_of_retransmissions(tshark, sends, count):
    cap, link = begin()
    for _ in range(sends):
        query(link, status=None, branch="q", call_id="qcall", from_tag="q")
        cap.wait(1)
    assert len(unanswered(tshark, cap)) == count


@pytest.mark.parametrize("method", ["SUBSCRIBE", "NOTIFY", "MESSAGE", "REGISTER"])
@pytest.mark.parametrize("transport", ["UDP", "TCP"])
@pytest.mark.parametrize("seconds,count", [(31.9, 0), (32.1, 1)])
def test_edge_of_timer_f(tshark, method, transport, seconds, count):
    cap, link = begin(transport)
    link.subscribe()
    link.exchange(link.upper if method in ("SUBSCRIBE", "MESSAGE") else link.lower, method, None)
    cap.wait(seconds - 0.001)
    link.exchange(link.upper, "OPTIONS")
    found = unanswered(tshark, cap)
    assert [message.split(" in ")[0] for _, message in found] == ["No answer to the %s" % method] * count


def test_two_behind_one_address(tshark):
    """One of two lower platforms behind a NAT does not answer: only its requests are named."""
    cap = Capture()
    top = Platform(U, "198.51.100.20")
    links = [Link(cap, Platform("3402000000200000000%d" % n, "192.0.2.10", 40000 + n), top, seed=n) for n in (1, 2)]
    for link in links:
        link.register()
        link.keepalive()
    query(links[0], sn="1", status=None)
    query(links[1], sn="1")
    catalog(links[1], CAMERAS[:1], 1, sn="1")
    cap.wait(40)
    for link in links:
        link.keepalive()
    assert unanswered(tshark, cap) == [(9, "No answer to the Catalog query (SN 1) in 40.0 s")]


def test_via_names_another(tshark):
    cap, link = begin()
    link.keepalive()
    message, _ = link.request(link.lower, "MESSAGE")
    link.send(link.lower, message.replace(b"Via: SIP/2.0/UDP 192.0.2.10:7100;rport", b"Via: SIP/2.0/UDP 192.168.1.10:7100"))
    cap.wait(40)
    link.keepalive()
    (item,) = unanswered(tshark, cap)
    assert item[1].endswith(": it comes from 192.0.2.10:7100, and its Via, which says where the answer goes, names 192.168.1.10 "
                            "without rport")


V6 = {"lower": ("2001:db8::10", 40001), "upper": ("2001:db8:1::20", 7100)}


def test_private_contact_ipv6(tshark):
    """As test_private_contact, with a unique local address (RFC 4193)."""
    cap = Capture()
    link = Link(cap, Platform(L, *V6["lower"]), Platform(U, *V6["upper"]))
    message, core = link.request(link.lower, "REGISTER", to_id=L, uri=link.upper.uri, contact=False,
                                 headers=[("Contact", "<sip:%s@[fd00::10]:7100>" % L), ("Expires", "3600")])
    link.send(link.lower, message)
    link.send(link.upper, link.answer(link.upper, core, to_tag="t"))
    link.lower.ip, link.lower.port = "fd00::10", 7100
    query(link, status=None)
    link.lower.ip, link.lower.port = V6["lower"]
    cap.wait(40)
    link.keepalive()
    assert [message for _, message in unanswered(tshark, cap)] == [
        "No answer to the Catalog query (SN 17) in 40.0 s: it goes to [fd00::10]:7100, the private address of its Contact, and the lower "
        "platform's own messages come from [2001:db8::10]:40001"]


@pytest.mark.parametrize("transport,lower,via,named", [
    ("UDP", ("192.0.2.10", 40001), "192.0.2.10:7100", "192.0.2.10:7100"), ("UDP", ("192.0.2.10", 40001), "192.0.2.10", "192.0.2.10:5060"),
    ("UDP", ("192.0.2.10", 40001), "192.0.2.10:40001", None), ("UDP", V6["lower"], "[fd00::1]:40001", "fd00::1"),
    ("UDP", V6["lower"], "[2001:db8::10]:7100", "[2001:db8::10]:7100"), ("UDP", V6["lower"], "device.example:7100", None),
    ("TCP", ("192.0.2.10", 40001), "192.168.1.10:7100", None)])  # the answer comes on the connection (RFC 3261 18.2.2)
def test_via_names_another_port(tshark, transport, lower, via, named):
    cap = Capture()
    link = Link(cap, Platform(L, *lower), Platform(U, V6["upper"][0] if ":" in lower[0] else "198.51.100.20"), transport)
    link.register()
    link.keepalive()
    message, _ = link.request(link.lower, "MESSAGE")
    link.send(link.lower, message.replace(b" %s;rport" % link.lower.host.encode(), b" " + via.encode()))
    cap.wait(40)
    link.keepalive()
    (item,) = unanswered(tshark, cap)
    assert item[1] == "No answer to the MESSAGE in 40.0 s" + (
        ": it comes from %s, and its Via, which says where the answer goes, names %s without rport" % (link.lower.host, named)
        if named else "")


@pytest.mark.parametrize("others", [True, False])
def test_register_never_answered(tshark, others):
    """The registrar answers others: then it is known to be in the capture, and does not answer this one."""
    cap = Capture()
    top = Platform(U, "198.51.100.20")
    link = Link(cap, Platform(L, "192.0.2.10"), top)
    other = Link(cap, Platform("34020000002000000002", "192.0.2.11"), top if others else Platform(U, "198.51.100.21"), seed=2)
    other.register()
    for _ in range(5):
        link.exchange(link.lower, "REGISTER", None, uri=top.uri, to_id=L, branch="r", call_id="r", from_tag="r", cseq=1)
        cap.wait(1)
    other.keepalive()
    assert unanswered(tshark, cap) == ([(3, "No answer to the REGISTER in 5.0 s, sent 5 times")] if others else [])
    rows = tables.printed(tshark, "hikcascade,platforms", cap)
    assert [row["State"] for row in rows if row["Lower platform"] == L] == ["no answer" if others else "no answer captured"]
    assert unanswered(tshark, cap.only_from("192.0.2.10")) == []


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
@pytest.mark.parametrize("sn,said", [("18", "; a Response with SN 18 came (frame %d)"), ("", "; a Response without SN came (frame %d)")])
def test_response_with_another_sn(tshark, transport, sn, said):
    cap, link = begin(transport)
    query(link)
    asked = len(cap) - 1
    catalog(link, CAMERAS[:2], 2, sn)
    came = len(cap) - 1
    cap.wait(60)
    link.keepalive()
    assert unanswered(tshark, cap) == [(asked, "The Catalog query (SN 17) is accepted with 200, but no Response came in 60.0 s"
                                        + said % came)]


def test_response_with_another_sn_of_another_command(tshark):
    cap, link = begin()
    query(link, "DeviceInfo")
    catalog(link, CAMERAS[:1], 1, "18")
    cap.wait(60)
    link.keepalive()
    assert [message[-len("no Response came in 60.0 s"):] for _, message in unanswered(tshark, cap)] == ["no Response came in 60.0 s"]


def test_empty_catalog(tshark):
    """A Catalog without devices is one all the same."""
    cap, link = begin()
    query(link)
    catalog(link, [], 0)
    out = tshark.tap("hikcascade,catalog", cap)
    assert "SN 17: 0 of 0 items in 1 message, complete" in out and "No devices of a Catalog in this capture." in out
