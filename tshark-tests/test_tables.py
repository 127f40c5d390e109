# SPDX-License-Identifier: GPL-2.0-or-later
"""The session table, the platform table, the counter tree, the conversation filter: names, order, filters."""

import re

import tables
from hikpcap import Capture, Link

SESSIONS = ["Session", "Verdict", "Camera", "Name", "What was found", "State", "RTP", "Lost", "Jitter", "Key frames", "Seconds", "Codec", "Picture",
            "Frame rate", "SSRC announced", "SSRC seen", "Upper media address", "Lower media address"]
PLATFORMS = ["Pair", "Lower platform", "Lower address", "Upper platform", "Upper address", "State", "Registered since",
             "Registered until", "Expires", "Last keep-alive", "Keep-alives", "Gaps", "Sessions", "Failures",
             "Keep-alives refused", "Unanswered"]


def test_columns(tshark):
    assert tables.columns(tshark, "hikcascade,sessions", "seed-cascade.pcap") == SESSIONS
    assert tables.columns(tshark, "hikcascade,platforms", "seed-cascade.pcap") == PLATFORMS


def test_seed(tshark):
    assert tables.printed(tshark, "hikcascade,sessions", "seed-cascade.pcap") == [
        ["0", "OK", "37280601411319001158", "", "50 RTP packets of H.264 352x288 in 2.0 s from 10.69.91.7:5930 to 10.69.80.187:5798",
         "closed", "50", "0", "0.027", "2", "2.449", "H.264", "352x288", "25", "0100007399", "0100007399", "10.69.80.187:5798", "10.69.91.7:5930"]]
    platforms = [["0", "37280600000000000000", "10.69.91.7:7100", "37280000000000000000", "10.69.80.187:7100", "registered",
                  "2019-12-25 16:45:44", "2019-12-25 18:45:44", "7200", "", "0", "0", "1", "0", "0", "0"]]
    assert tables.printed(tshark, "hikcascade,platforms", "seed-cascade.pcap") == platforms
    assert tables.from_sharkd(tshark, "hikcascade,platforms", "seed-cascade.pcap") == platforms


def test_camera_name(tshark):
    row, = tables.printed(tshark, "hikcascade,sessions", "verdict-ok.pcap")
    assert row.cells("Camera", "Name") == ["34020000001320000001", "North gate"]


def many(count):
    """Concurrent calls; every third is never answered."""
    cap = Capture()
    link = Link(cap)
    calls = [link.call() for _ in range(count)]
    for number, call in enumerate(calls):
        call.invite()
        if number % 3:
            call.ok()
            call.ack()
    for _ in range(2):
        for number, call in reversed(list(enumerate(calls))):
            if number % 3:
                cap.udp(call.src, call.dst, call.rtp_packet())
    cap.wait(40)
    for number, call in enumerate(calls):
        if number % 3:
            call.bye()
    return cap


def test_filter(tshark):
    """With a filter only packets that pass are counted, only their sessions have rows, in order of session, and the
    verdict stays that of the whole capture."""
    cap = many(12)
    whole = tables.printed(tshark, "hikcascade,sessions", cap)
    assert [int(row["Session"]) for row in whole] == list(range(12))
    assert [row["RTP"] for row in whole] == ["2" if number % 3 else "0" for number in range(12)]
    assert [row["Verdict"] for row in whole] == ["OK" if number % 3 else "NO_ANSWER" for number in range(12)]
    # RTP of the last session comes first
    rtp = tables.printed(tshark, "hikcascade,sessions", cap, "rtp")
    assert [int(row["Session"]) for row in rtp] == [1, 2, 4, 5, 7, 8, 10, 11]
    assert [row.verdict for row in rtp] == [row.verdict for row in whole if row["RTP"] != "0"]
    two = tables.printed(tshark, "hikcascade,sessions", cap, "rtp", two_pass=True)
    assert two == rtp
    first = tables.printed(tshark, "hikcascade,sessions", cap, "rtp.seq == 2 && hikcascade.session == 4")
    assert [row.cells("Session", "RTP", "Lost", "Seconds") for row in first] == [["4", "1", "0", "0.000"]]
    assert first[0].verdict == whole[4].verdict
    assert tables.printed(tshark, "hikcascade,sessions", cap, "tcp") == []


def test_loss_with_a_filter(tshark):
    """What is missing in front of the packets that pass."""
    row, = tables.printed(tshark, "hikcascade,sessions", "verdict-loss.pcap", "rtp.seq <= 101")
    assert row.cells("RTP", "Lost") == ["89", "12"]
    row, = tables.printed(tshark, "hikcascade,sessions", "verdict-ok-reordered.pcap", "rtp.seq >= 2")
    assert row.cells("RTP", "Lost") == ["12", "0"]


def test_hostile_text(tshark):
    """What devices say cannot break the table: one line per row, as many cells as columns."""
    cap = Capture()
    call = Link(cap).call()
    call.invite()
    call.error_info("1|2", "evil | text \x1b[31m", status="488 a|b\tc")
    row, = tables.printed(tshark, "hikcascade,sessions", cap)
    assert row.verdict.startswith("REJECTED 488 a b c by 192.0.2.10:7100, error 1 2: evil   text  [31m")


def test_a_table_twice(tshark):
    """Each -z has rows of its own."""
    whole = tshark.tap("hikcascade,sessions", "verdict-ssrc-shared.pcap")
    one = tshark.tap("hikcascade,sessions,hikcascade.session == 1", "verdict-ssrc-shared.pcap")
    for two_pass in ([], ["-2"]):
        both = tshark.run(["-r", tshark.sandbox.readable("verdict-ssrc-shared.pcap"), "-n", "-q", *two_pass,
                           "-z", "hikcascade,sessions", "-z", "hikcascade,sessions,hikcascade.session == 1"])
        assert sorted(both.splitlines()) == sorted(whole.splitlines() + one.splitlines())


def test_platforms(tshark):
    states = {}
    for name in ("registered", "auth-loop", "register-refused", "expired", "keepalive-missed", "two-pairs"):
        states[name] = [(row[5], row[8], row[10], row[11], row[12], row[13])
                        for row in tables.printed(tshark, "hikcascade,platforms", "platforms-%s.pcap" % name)]
    assert states == {
        "registered": [("unregistered", "0", "5", "0", "0", "0")],
        "auth-loop": [("refused, 3 x 401", "0", "0", "0", "0", "0")],
        "register-refused": [("refused 403", "0", "0", "0", "0", "0")],
        "expired": [("expired", "60", "1", "0", "1", "0")],
        "keepalive-missed": [("registered", "7200", "6", "1", "0", "0")],
        "two-pairs": [("registered", "3600", "1", "0", "1", "0"), ("registered", "3600", "0", "0", "2", "1")],
    }
    assert tables.from_sharkd(tshark, "hikcascade,platforms", "platforms-two-pairs.pcap") == tables.printed(
        tshark, "hikcascade,platforms", "platforms-two-pairs.pcap")
    # a failed session counts where its INVITE passes
    assert [(row[12], row[13]) for row in tables.printed(
        tshark, "hikcascade,platforms", "platforms-two-pairs.pcap", "hikcascade.session == 1")] == [("1", "1")]


def counters(text):
    """{name: count} of a printed counter tree."""
    return {match.group(1).strip(): int(match.group(2)) for match in re.finditer(r"(?m)^( *\S.*?) {2,}(\d+) ", text)}


def test_tree(tshark):
    for two_pass in (False, True):
        found = counters(tshark.tap("hikcascade,tree", "platforms-two-pairs.pcap", two_pass=two_pass))
        assert found == {
            "Requests": 11, "REGISTER": 2, "MESSAGE": 1, "INVITE": 3, "ACK": 3, "BYE": 2, "Answers": 10, "200 to REGISTER": 2,
            "200 to MESSAGE": 1, "100 to INVITE": 2, "200 to INVITE": 2, "404 to INVITE": 1, "200 to BYE": 2,
            "Media packets": 14, "RTP": 10, "RTCP": 4, "Sessions by verdict": 3, "OK": 2, "REJECTED": 1,
        }


def test_listed(tshark):
    """tshark -z help names them."""
    done = tshark.sandbox.run(["tshark", "-z", "help"])
    listed = {line.strip() for line in (done.stdout + done.stderr).decode().splitlines()}
    assert {"hikcascade,sessions", "hikcascade,platforms", "hikcascade,tree"} <= listed


def test_all_at_once(tshark):
    """Several tables in one run do not disturb each other."""
    out = tshark.run(tshark.read("platforms-two-pairs.pcap", extra=[
        "-q", "-z", "hikcascade,tree", "-z", "hikcascade,platforms", "-z", "hikcascade,sessions"]))
    for name in ("hikcascade,platforms", "hikcascade,sessions"):
        alone = tshark.tap(name, "platforms-two-pairs.pcap")
        assert alone.strip() in out
    assert counters(out)["OK"] == 2


def test_session_filter(tshark):
    """hikcascade.session == N, which the conversation filter makes, shows SIP, RTP and RTCP of one call together."""
    found = tshark.columns("platforms-two-pairs.pcap", "hikcascade.session == 0")
    kinds = [re.sub(r"/.*", "", protocol) for _, protocol, _ in found]
    assert kinds.count("SIP") == 6 and "RTCP" in kinds and len(found) == 13


def test_three_levels(tshark):
    rows = tables.printed(tshark, "hikcascade,platforms", "verdict-cascade.pcap")
    assert [(row[2], row[4], row[12]) for row in rows] == [("198.51.100.30:7100", "198.51.100.20:7100", "1"),
                                                          ("192.0.2.10:7100", "198.51.100.30:7100", "1")]
