# SPDX-License-Identifier: GPL-2.0-or-later
"""A pair of platforms is known by its IDs, wherever its packets come from; what counts as refused, missed or unanswered."""

import pytest

import gen_pairs
import tables
from gen_pairs import ALARM, challenge, credentials
from hikpcap import Capture, Link, Platform

pytestmark = pytest.mark.logic

L, U = "34020000002000000001", "34010000002000000001"
COLUMNS = ("Lower platform", "Lower address", "Upper platform", "State", "Keep-alives", "Gaps", "Sessions", "Keep-alives refused")


def pairs(tshark, cap, *columns):
    """The rows of the platform table, the same in tshark in one pass and two, and in sharkd."""
    rows = tables.printed(tshark, "hikcascade,platforms", cap)
    assert tables.printed(tshark, "hikcascade,platforms", cap, two_pass=True) == rows
    assert tables.from_sharkd(tshark, "hikcascade,platforms", cap) == rows
    return [tuple(row.cells(*(columns or COLUMNS))) for row in rows]


ABOUT_PAIRS = "hikcascade.auth_loop || hikcascade.keepalive_missed || hikcascade.registration_expired"


def warnings(tshark, cap, two_pass=True):
    return [(frame, message) for frame, severity, message in tshark.expert(cap, ABOUT_PAIRS, two_pass=two_pass)
            if severity in ("warning", "error")]


def doubled(cap):
    """Every packet twice, as behind a mirror port."""
    copy = Capture()
    for time_us, data in cap:
        copy.append((time_us, data))
        copy.append((time_us + 20, data))
    copy.time_us = cap.time_us
    return copy


def test_nat_port(tshark):
    cap = gen_pairs.nat_port()
    row = (L, "192.0.2.10:40002", U, "registered", "9", "0", "1", "0")
    assert pairs(tshark, cap) == [row]
    assert pairs(tshark, doubled(cap)) == [row]
    assert warnings(tshark, cap) == []
    assert pairs(tshark, cap.only_from("192.0.2.10"))[0][:3] == row[:3]


def test_tcp_again(tshark):
    cap = gen_pairs.tcp_again()
    (row,) = pairs(tshark, cap, "Lower platform", "Keep-alives", "Gaps", "State")
    assert row == (L, "9", "0", "registered")
    assert warnings(tshark, cap) == []


def test_two_behind_one_address(tshark):
    """Two lower platforms share a NAT's address: by their ports, and by their IDs when those change."""
    cap = Capture()
    top = Platform(U, "198.51.100.20")
    links = [Link(cap, Platform("3402000000200000000%d" % n, "192.0.2.10", 40000 + n), top, seed=n) for n in (1, 2)]
    for link in links:
        link.register()
    for _ in range(3):
        cap.wait(60)
        for link in links:
            link.keepalive()
    links[0].lower.port = 40011
    cap.wait(60)
    links[0].keepalive()
    links[1].call().play(5)
    links[0].call().play(5)
    assert pairs(tshark, cap) == [("34020000002000000001", "192.0.2.10:40011", U, "registered", "4", "0", "1", "0"),
                                  ("34020000002000000002", "192.0.2.10:40002", U, "registered", "3", "0", "1", "0")]


def test_two_interfaces(tshark):
    """The capture holds both sides of a NAT: the same messages between other addresses."""
    cap = Capture()
    inside = Link(cap, Platform(L, "192.168.1.10"), Platform(U, "198.51.100.20"))
    outside = Link(cap, Platform(L, "192.0.2.10", 40001), Platform(U, "198.51.100.20"))
    for step in ("register", "keepalive", "keepalive", "keepalive"):
        for link in (inside, outside):
            link.number = len(cap) // 4 * 100
            getattr(link, step)()
        cap.wait(60)
    assert pairs(tshark, cap, "Lower platform", "Lower address", "Keep-alives", "Gaps") == [
        (L, "192.0.2.10:40001", "3", "0")]


def test_channel_first(tshark):
    cap = gen_pairs.channel_first()
    assert pairs(tshark, cap, "Lower platform", "Upper platform", "Keep-alives") == [(L, U, "1")]
    rows = tshark.fields_everywhere(cap, ["hikcascade.direction"])
    assert [row["hikcascade.direction"] for row in rows] == [["1"], ["2"], ["1"], ["2"], ["1"], ["2"]]


@pytest.mark.parametrize("body,direction", [
    (ALARM, "1"),
    (ALARM.replace("<CmdType>Alarm</CmdType>", "<CmdType>Broadcast</CmdType>"), "2"),
    (ALARM.replace("<SN>7</SN>", "<!-- <CmdType>Broadcast</CmdType> --><Info><CmdType>Broadcast</CmdType></Info>"), "1"),
    (ALARM.replace("<CmdType>", "<CMDTYPE > ").replace("</CmdType>", "\r\n</CMDTYPE>"), "1"),
])
def test_direction_of_a_notify(tshark, body, direction):
    cap = Capture()
    link = Link(cap)
    link.manscdp(link.lower, body)
    rows = tshark.fields_everywhere(cap, ["hikcascade.direction"])
    assert rows[0]["hikcascade.direction"] == [direction]


def test_challenge_again(tshark):
    cap = gen_pairs.challenge_again()
    for variant in (cap, doubled(cap)):
        assert warnings(tshark, variant) == []
        assert pairs(tshark, variant, "Lower platform", "State") == [(L, "registered")]


def test_challenge_not_answered(tshark):
    cap = gen_pairs.challenge_not_answered()
    assert warnings(tshark, cap) == [(6, "The challenge is not answered, 3 times: the REGISTER comes again without credentials")]
    assert warnings(tshark, cap, two_pass=False) == []
    assert pairs(tshark, cap, "State") == [("challenge not answered, 3 x 401",)]
    assert warnings(tshark, cap.only_from("198.51.100.20")) == []  # what was sent is not in the capture


def test_old_nonce(tshark):
    """Credentials for another challenge than the newest are refused for that, not for the password."""
    cap = Capture()
    link = Link(cap)
    link.register(status="401 Unauthorized", answer_headers=challenge("1"), cseq=1)
    link.register(status="401 Unauthorized", headers=credentials("0"), answer_headers=challenge("2"), cseq=2)
    link.register(status="401 Unauthorized", headers=credentials("2"), answer_headers=challenge("3"), cseq=3)
    assert warnings(tshark, cap) == [
        (4, "REGISTER is refused with 401 2 times in a row: its credentials do not have the nonce of the newest challenge"),
        (6, "REGISTER is refused with 401 3 times in a row: wrong user name, password or realm")]
    assert warnings(tshark, cap, two_pass=False) == warnings(tshark, cap)


@pytest.mark.parametrize("right", [True, False])
def test_407(tshark, right):
    """A proxy in front of the registrar asks with 407 and headers of its own."""
    cap = Capture()
    link = Link(cap)
    for number in range(2):
        asked = [("Proxy-" + challenge(str(number))[0][0].replace("WWW-", ""), challenge(str(number))[0][1])]
        sent = [("Proxy-" + credentials(str(number))[0][0], credentials(str(number))[0][1])]
        again = [(asked[0][0], challenge(str(number + 1))[0][1])]
        if number == 0 or right:
            link.register(status="407 Proxy Authentication Required", answer_headers=asked, cseq=1 + 2 * number)
        link.register(status="200 OK" if right else "407 Proxy Authentication Required", headers=sent,
                      answer_headers=[] if right else again, cseq=2 + 2 * number)
    said = [(frame, "REGISTER is refused with 407 %d times in a row: wrong user name, password or realm" % count)
            for frame, count in ((4, 2), (6, 3))]
    assert warnings(tshark, cap) == ([] if right else said)
    assert pairs(tshark, cap, "State") == [("registered" if right else "refused, 3 x 407",)]


def test_keepalive_refused(tshark):
    cap = gen_pairs.keepalive_refused()
    row = (L, "192.0.2.10:7100", U, "registered", "3", "0", "0", "2")
    assert pairs(tshark, cap) == [row]
    assert pairs(tshark, doubled(cap)) == [row]
    text = "The keep-alive of %s is refused with 403 (%d in a row): it does not count"
    assert warnings(tshark, cap) == [(10, text % (L, 1)), (12, text % (L, 2))]
    assert [row[0] for row in tshark.expert(cap, "hikcascade")] == [10, 12], "each is said once"


def test_no_keepalive(tshark):
    cap = gen_pairs.no_keepalive()
    assert warnings(tshark, cap) == [(5, "%s is registered, and no keep-alive of it came for 600.0 s: the upper platform takes "
                                         "it for offline" % L)]
    assert pairs(tshark, cap, "Gaps") == [("1",)]
    # only what goes down was captured: nobody can tell
    assert warnings(tshark, cap.only_from("198.51.100.20")) == []


@pytest.mark.parametrize("seconds,count", [(299.9, 0), (300.1, 1)])
def test_edge_of_no_keepalive(tshark, seconds, count):
    cap = Capture()
    link = Link(cap)
    link.register()
    cap.wait(seconds - 0.001)
    link.subscribe()
    assert len(warnings(tshark, cap)) == count


@pytest.mark.parametrize("seconds,count", [(60.9, 0), (61.1, 1)])
def test_edge_of_expires(tshark, seconds, count):
    cap = Capture()
    link = Link(cap)
    link.register(expires=60)
    cap.wait(seconds - 0.001)
    link.subscribe()
    assert len(warnings(tshark, cap)) == count
    assert pairs(tshark, cap, "State") == [("expired" if count else "registered",)]


def test_accepted_after_expiry(tshark):
    """The upper platform that accepts keep-alives holds the lower one for registered, whatever its REGISTER said."""
    cap = gen_pairs.accepted_after_expiry()
    assert pairs(tshark, cap, "Lower address", "State", "Keep-alives", "Gaps") == [("192.0.2.10:40001", "registered", "11", "0")]
    assert pairs(tshark, doubled(cap), "State", "Gaps") == [("registered", "0")]
    assert warnings(tshark, cap) == []


@pytest.mark.parametrize("seconds,state", [(44.9, "registered"), (45.1, "expired")])
def test_edge_of_accepted_after_expiry(tshark, seconds, state):
    """It does for three periods of keep-alives. A call keeps the capture running."""
    cap = gen_pairs.accepted_after_expiry()
    link = Link(cap, Platform(L, "192.0.2.10", 40001), Platform(U, "198.51.100.20"), seed=9)
    sent = cap.time_us - 2000  # the last keep-alive
    link.subscribe()
    cap.time_us = sent + int(seconds * 1e6)
    link.subscribe()
    link.subscribe()
    said = [text for frame, text in warnings(tshark, cap) if " expired " in text]
    assert len(said) == (state == "expired")
    assert pairs(tshark, cap, "State") == [(state,)]


def test_refused_after_expiry(tshark):
    cap = Capture()
    link = Link(cap)
    link.register(expires=60)
    cap.wait(80)
    link.keepalive(status="403 Forbidden")
    cap.wait(10)
    link.subscribe()
    assert [frame for frame, text in warnings(tshark, cap) if " expired " in text] == [5]
    assert pairs(tshark, cap, "State") == [("expired",)]


def test_capture_stands_still(tshark):
    """Where nothing of the pair at all is in the capture, its keep-alives may have been there; what follows tells."""
    cap = gen_pairs.capture_stands_still()
    assert warnings(tshark, cap) == []
    assert pairs(tshark, cap, "Gaps", "State") == [("0", "registered")]
    cap.wait(60)
    link = Link(cap, Platform(L, "192.0.2.10"), Platform(U, "198.51.100.20"), seed=8)
    link.subscribe()
    cap.wait(60)
    link.subscribe()
    assert pairs(tshark, cap, "Gaps") == [("0",)]
    cap.wait(61)
    link.subscribe()
    assert pairs(tshark, cap, "Gaps") == [("1",)]
    assert [frame for frame, text in warnings(tshark, cap) if "No keep-alive" in text] == [len(cap) - 1]


def test_contact_expires_wins(tshark):
    cap = Capture()
    link = Link(cap)
    message, core = link.request(link.lower, "REGISTER", to_id=L, headers=[("Expires", "3600")])
    link.send(link.lower, message)
    link.send(link.upper, link.answer(link.upper, core, to_tag="t", contact=False, headers=[
        ("Contact", "<sip:%s@192.0.2.10:7100>;expires=90" % L), ("Expires", "3600")]))
    assert pairs(tshark, cap, "Expires") == [("90",)]


@pytest.mark.parametrize("waits,gaps", [
    ((6, 6, 6) + (60,) * 6, "0"),
    ((6, 6, 60, 66, 60, 66), "0"),
    ((6, 6, 60, 66.1, 60, 66.1), "3"),            # no timer does that
    ((20, 20, 20, 60, 60, 61, 61), "1"),          # 60 s are three periods: the first silence is the one of 61 s
    ((60, 60, 200, 60, 200, 60), "2"),
    ((6, 6, 60, 60, 200), "1"),                   # by the new period, too, one is missed
    ((6, 6, 60, 60, 6, 6, 19), "1"),              # and back
])
@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_keepalive_burst(tshark, waits, gaps, transport):
    """A burst of keep-alives does not turn the distances behind it into gaps."""
    cap = gen_pairs.keepalive_burst(waits, transport)
    assert pairs(tshark, cap, "Keep-alives", "Gaps") == [(str(len(waits) + 1), gaps)]
    assert len([text for frame, text in warnings(tshark, cap) if "No keep-alive" in text]) == int(gaps)


def test_silence_behind_a_burst(tshark):
    """It is told when the next distance is short again; and at once where it is five minutes long, also at the end of the capture."""
    cap = gen_pairs.keepalive_burst((10, 10, 45))
    assert pairs(tshark, cap, "Gaps") == [("0",)] and not warnings(tshark, cap)
    again = gen_pairs.keepalive_burst((10, 10, 45, 10))
    assert pairs(tshark, again, "Gaps") == [("1",)]
    assert warnings(tshark, again) == [(11, "No keep-alive of %s for 45.0 s in front of the last one, more than 3 periods of 10.0 s: the "
                                        "upper platform takes it for offline" % L)]
    for seconds, gaps in ((299, "0"), (302, "1")):
        cap = gen_pairs.keepalive_burst((10, 10))
        link = Link(cap, Platform(L, "192.0.2.10"), Platform(U, "198.51.100.20"), seed=8)
        for _ in range(20):
            cap.wait(seconds / 20)
            link.subscribe()
        assert pairs(tshark, cap, "Gaps") == [(gaps,)]


@pytest.mark.parametrize("options,state,expires", [
    ({}, "registered", "60"),
    ({"one_header": False}, "registered", "60"),
    ({"granted": ((gen_pairs.OWN, 60), (gen_pairs.OLDER, 3000))}, "registered", "60"),
    ({"granted": ((gen_pairs.OLDER, 12), (gen_pairs.OLDER.replace("40001", "40002"), 90))}, "registered", "90"),
    ({"seen": "answers"}, "registered", "60"),
    ({"asked": 0}, "unregistered", "0"),
    ({"asked": 0, "one_header": False}, "unregistered", "0"),
    ({"transport": "TCP"}, "registered", "60"),
])
@pytest.mark.parametrize("copies", [False, True])
def test_older_contact(tshark, options, state, expires, copies):
    """The REGISTER's own Contact says how long it holds, whatever others an answer lists."""
    cap = gen_pairs.older_contact(**options)
    assert pairs(tshark, doubled(cap) if copies else cap, "State", "Expires", "Keep-alives") == [(state, expires, "3")]


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_one_sided_register(tshark, transport):
    """Where nothing of the upper platform is in the capture nobody knows whether it answered the REGISTER."""
    cap = Capture()
    link = Link(cap, transport=transport)
    link.register()
    for _ in range(3):
        cap.wait(60)
        link.keepalive()
    assert pairs(tshark, cap.only_from(link.lower.ip), "State", "Keep-alives") == [("no answer captured", "3")]
    cap = Capture()
    link = Link(cap, transport=transport)
    link.register(status=None)
    cap.wait(1)
    link.subscribe()
    assert pairs(tshark, cap, "State") == [("no answer",)]


def test_copied_contact(tshark):
    """Answers that copy the Contact of their request name nobody."""
    cap = Capture()
    link = Link(cap)
    call = link.call()
    call.invite()
    copied = call.answer_sdp()
    link.send(link.lower, link.answer(link.lower, call.core, to_tag=call.to_tag, contact=False, content_type="Application/SDP",
                                      headers=[("Contact", "<%s>" % link.upper.uri)], body=copied))
    call.ack()
    call.bye()
    assert pairs(tshark, cap, "Lower platform", "Upper platform") == [("", U)]


# ---- pairs that were guessed before their IDs were seen

MERGED = ("Pair", "Lower platform", "Lower address", "State", "Keep-alives", "Gaps", "Sessions", "Unanswered")


def test_guess_first(tshark):
    cap = gen_pairs.guess_first()
    row = ("0", L, "192.168.1.10:7100", "registered", "4", "0", "1", "0")
    assert pairs(tshark, cap, *MERGED) == [row]
    assert pairs(tshark, doubled(cap), *MERGED) == [row]
    assert warnings(tshark, cap) == []
    cap = cap.only(lambda index, data: index < len(cap) - 4)  # the inner side never says who it is: nobody can tell
    assert [row[1] for row in pairs(tshark, cap, *MERGED)] == ["", L]


def test_guess_later(tshark):
    """The named pair first, then the guess; the Contact of its answer, or a keep-alive from there, says who it is."""
    cap, inside, outside = gen_pairs.behind_nat()
    outside.register()
    outside.keepalive()
    inside.call().play(3)
    assert pairs(tshark, cap, *MERGED) == [("0", L, "192.0.2.10:40001", "registered", "1", "0", "1", "0")]
    cap, inside, outside = gen_pairs.behind_nat()
    outside.register()
    outside.keepalive()
    call = gen_pairs.call_without_name(inside)
    outside.lower.port = 40002
    outside.keepalive()
    inside.keepalive()
    call.bye()
    inside.call(camera="34020000001320000009").invite()
    assert pairs(tshark, cap, *MERGED) == [("0", L, "192.168.1.10:7100", "registered", "3", "0", "2", "0")]


def test_guess_by_the_ids_of_a_call(tshark):
    """The answer's Contact and the INVITE's From are the IDs of the REGISTER that comes from elsewhere."""
    cap, inside, outside = gen_pairs.behind_nat()
    inside.call().play(3)
    outside.register()
    outside.keepalive()
    assert pairs(tshark, cap, *MERGED) == [("0", L, "192.0.2.10:40001", "registered", "1", "0", "1", "0")]
    for transport in ("UDP", "TCP"):  # another lower platform's are not
        cap = Capture()
        Link(cap, transport=transport).call().play(3)
        other = Link(cap, Platform(L[:-1] + "2", "192.0.2.11"), Platform(U, "198.51.100.20"), transport, seed=3)
        other.register()
        assert [row[:2] for row in pairs(tshark, cap, "Lower platform", "Sessions")] == [(L, "1"), (L[:-1] + "2", "0")]


def test_guess_over_tcp(tshark):
    """The connection of the call breaks; the lower platform registers on another."""
    cap = Capture()
    link = Link(cap, transport="TCP")
    gen_pairs.call_without_name(link)
    link.connection.reset()
    link.connection = None
    link.register()
    link.keepalive()
    assert pairs(tshark, cap, "Pair", "Lower platform", "State", "Keep-alives", "Sessions") == [("0", L, "registered", "1", "1")]


def test_guess_other_port(tshark):
    """Another port may be another device behind the same NAT: by the end of the capture there is only one."""
    cap = gen_pairs.guess_other_port()
    row = ("0", L, "192.0.2.10:40002", "registered", "1", "0", "1", "0")
    assert pairs(tshark, cap, *MERGED) == [row]
    assert pairs(tshark, doubled(cap), *MERGED) == [row]
    # two: the guess is the one that names itself at its port, and the other's sessions are its own
    link = Link(cap, Platform(L[:-1] + "2", "192.0.2.10", 40001), Platform(U, "198.51.100.20"), seed=5)
    link.keepalive()
    assert pairs(tshark, cap, *MERGED) == [
        ("0", L[:-1] + "2", "192.0.2.10:40001", "no REGISTER seen", "1", "0", "1", "0"),
        ("1", L, "192.0.2.10:40002", "registered", "1", "0", "0", "0")]
    # and where it does not, nobody can tell which of two it is
    cap = gen_pairs.guess_other_port()
    Link(cap, Platform(L[:-1] + "2", "192.0.2.10", 40003), Platform(U, "198.51.100.20"), seed=5).register()
    assert [row[1] for row in pairs(tshark, cap, *MERGED)] == ["34020000001340000001", L, L[:-1] + "2"]


def test_guess_asks(tshark):
    """What a guessed pair was asked, and what was subscribed to, counts for the pair that it is."""
    cap, inside, outside = gen_pairs.behind_nat()
    inside.subscribe(status=None)
    outside.register()
    for _ in range(3):
        cap.wait(20)
        outside.keepalive()
    inside.keepalive()
    assert pairs(tshark, cap, *MERGED) == [("0", L, "192.168.1.10:7100", "registered", "4", "0", "0", "1")]


def test_guess_only_answers(tshark):
    """Of a capture of what goes down, also on both sides of a NAT, the answers to REGISTER name the pair."""
    cap, inside, outside = gen_pairs.behind_nat()
    inside.register()
    outside.register(cseq=2)
    outside.keepalive()
    inside.call().play(3)
    row, = pairs(tshark, cap.only_from("198.51.100.20"), "Lower platform", "State", "Sessions")
    assert row == (L, "registered", "1")


@pytest.mark.parametrize("filter,rows", [("frame.number <= 2", [("0", L, "0")]), ("sip.Method == REGISTER", [("0", L, "0")]),
                                         ("sip.Method == INVITE", [("0", L, "1")])])
def test_guess_and_filter(tshark, filter, rows):
    """A row of packets that were of the guess alone is the row of the pair that it turned out to be."""
    cap = gen_pairs.guess_other_port()
    for two_pass in (False, True):
        got = tables.printed(tshark, "hikcascade,platforms", cap, filter=filter, two_pass=two_pass)
        assert [tuple(row.cells("Pair", "Lower platform", "Sessions")) for row in got] == rows
