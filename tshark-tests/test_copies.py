# SPDX-License-Identifier: GPL-2.0-or-later
"""The same datagram more than once in a capture (gen_copies.py): copies are shown, and count once."""

import struct

import pytest

import gen_copies
import gen_dialog
import tables
from hikpcap import Capture, Link, Platform, _checksum

pytestmark = pytest.mark.logic

OK = "OK 20 RTP packets of H.264 352x288 in 0.8 s from 192.0.2.10:40000 to 198.51.100.20:20000"
TWICE = "; also COPIES the capture holds every SIP message of it %d times; copies do not count"
THREE = ("IN_PROGRESS the capture ends 0.5 s after the INVITE, before 192.0.2.10:7100 answered; also RETRANSMITTED INVITE sent "
         "2 times; COPIES the capture holds every SIP message of it 3 times; copies do not count")


def rows(tshark, cap):
    path = tshark.sandbox.readable(cap)
    one = tables.printed(tshark, "hikcascade,sessions", path)
    assert one == tables.printed(tshark, "hikcascade,sessions", path, two_pass=True)
    assert one == tables.from_sharkd(tshark, "hikcascade,sessions", path)
    return [(row["RTP"], row["Lost"], row["Key frames"], row.verdict) for row in one]


@pytest.mark.parametrize("times, after, change", [
    (2, 0.0001, "same"), (2, 0.0001, "hop"), (2, 0.0001, "vlan"), (3, 0.00001, "same"), (5, 0.00001, "hop"),
    (2, 0.06, "same"), (2, 0.2, "hop"), (2, 0.249, "same"),
])
def test_copies_do_not_count(tshark, times, after, change):
    change = {"same": lambda frame: frame, "hop": gen_copies.other_hop, "vlan": gen_copies.in_vlan}[change]
    cap = gen_copies.copied(gen_copies.call(), times, after, change)
    assert rows(tshark, cap) == [("20", "0", "1", OK + TWICE % times)]


def test_loss_and_duplicates_beside_copies(tshark):
    assert rows(tshark, gen_copies.copies()) == [
        ("20", "1", "1", "LOSS 5.0 % (1 of 20 RTP packets from 192.0.2.10:40000 lost); also DUPLICATES 1 of 20 RTP packets came "
         "twice; COPIES the capture holds every SIP message of it 2 times; copies do not count")]


def test_interleaved_copies_of_two_calls(tshark):
    cap = Capture()
    link = Link(cap)
    calls = [link.call(), link.call()]
    for call in calls:
        call.start()
    for _ in range(10):
        for call in calls:
            call.rtp(1)
    for call in calls:
        call.bye()
    assert [row[:2] for row in rows(tshark, gen_copies.copied(cap, 2, 0.1, gen_copies.other_hop))] == [("10", "0"), ("10", "0")]


@pytest.mark.parametrize("double, times, after", [(range(20), 2, 0.0015), (range(20), 3, 0.0007), (range(0, 20, 3), 2, 0.1),
                                                  (range(20), 2, 0.2)])
def test_sent_twice_and_mirrored(tshark, double, times, after):
    """A mirror's copies have the IP identification of what they are copies of; what is sent again has one of its own."""
    cap = gen_copies.copied(gen_copies.call(double=double), times, after, gen_copies.other_hop)
    count = len(double)
    assert rows(tshark, cap) == [(str(20 + count), "0", "1", OK.replace("20", str(20 + count), 1) + "; also DUPLICATES %d of %d RTP "
                                  "packets came twice" % (count, 20 + count) + (TWICE % times).replace("also ", ""))]


def test_retransmissions_are_no_copies(tshark):
    assert rows(tshark, gen_copies.copies_three_times()) == [("0", "0", "0", THREE)]


@pytest.mark.parametrize("wait, verdict", [(0.048, "COPIES"), (0.052, "RETRANSMITTED")])
def test_another_identification(tshark, wait, verdict):
    """Nobody sends a SIP message again after less than T1: then another IP identification was written on the way."""
    cap = Capture()
    one = Link(cap).call()
    one.invite()
    cap.wait(wait - 0.001)
    one.invite()
    assert rows(tshark, cap)[0][3].split("also ")[1].split(" ")[0] == verdict


def test_rtp_sent_twice_is_no_copy(tshark):
    """RTP under another identification was sent twice, however soon."""
    assert rows(tshark, gen_copies.call(double=(3, 5)))[0][3].endswith("; also DUPLICATES 2 of 22 RTP packets came twice")


@pytest.mark.parametrize("after, verdict", [(0.048, "COPIES"), (0.052, "RETRANSMITTED")])
def test_without_identification_time_tells(tshark, after, verdict):
    """IPv6 has none."""
    cap = Capture()
    link = Link(cap, lower=Platform("34020000002000000001", "2001:db8:10::7"), upper=Platform("34010000002000000001", "2001:db8:20::1"))
    link.call().invite()
    cap.wait(1)
    link.call().invite()
    found = [row[3] for row in rows(tshark, gen_copies.copied(cap, 2, after))]
    assert [text.split("also ")[1].split(" ")[0] for text in found] == [verdict] * 2


@pytest.mark.parametrize("after, verdict", [(0.24, "COPIES"), (0.26, "RETRANSMITTED")])
def test_edge_with_identification(tshark, after, verdict):
    cap = Capture()
    Link(cap).call().invite()
    found = rows(tshark, gen_copies.copied(cap, 2, after))[0][3]
    assert found.split("also ")[1].split(" ")[0] == verdict


def test_one_note_and_links(tshark):
    cap = gen_copies.copied(gen_dialog.begin()[2].start().link.capture)
    found = tshark.fields_everywhere(cap, ["hikcascade.copy_of", "hikcascade.copy", "hikcascade.session"], "sip")
    assert [row["hikcascade.copy_of"] for row in found] == [[], ["1"], [], ["3"], [], ["5"], [], ["7"]]
    assert [row["frame"] for row in found if row["hikcascade.copy"]] == [2]
    assert all(row["hikcascade.session"] == ["0"] for row in found)
    assert [row[:2] for row in tshark.expert(cap) if "copies are shown" in row[2]] == [(2, "note")]


def test_keepalives_and_registrations_count_once(tshark):
    cap = Capture()
    link = Link(cap)
    link.register()
    for _ in range(3):
        cap.wait(60)
        link.keepalive()
    path = tshark.sandbox.readable(cap)
    double = tshark.sandbox.readable(gen_copies.copied(cap, 2, 0.0001, gen_copies.other_hop))
    assert tables.printed(tshark, "hikcascade,platforms", path) == tables.printed(tshark, "hikcascade,platforms", double)


def tcp_call():
    cap = Capture()
    gen_copies.call(cap=cap, link=Link(cap, transport="TCP"))
    return cap


@pytest.mark.parametrize("times, after, change", [
    (2, 0.0001, "same"), (2, 0.0001, "hop"), (2, 0.0001, "vlan"), (3, 0.00001, "hop"), (5, 0.00001, "hop"),
    (2, 0.249, "hop")])
def test_segments_that_a_mirror_shows_twice(tshark, times, after, change):
    """SIP over TCP: stock gives the copies to nobody, and they are counted all the same."""
    change = {"same": lambda frame: frame, "hop": gen_copies.other_hop, "vlan": gen_copies.in_vlan}[change]
    cap = gen_copies.copied(tcp_call(), times, after, change)
    assert rows(tshark, cap) == [("20", "0", "1", OK + TWICE % times)]


def with_another_id(frame):
    frame = frame[:18] + struct.pack("!H", 40000 + frame[19]) + frame[20:24] + b"\0\0" + frame[26:]
    return frame[:24] + struct.pack("!H", _checksum(frame[14:34])) + frame[26:]


@pytest.mark.parametrize("after, change", [(0.251, lambda frame: frame), (0.02, with_another_id)])
def test_segments_that_are_sent_again(tshark, after, change):
    """Late, or under another identification: TCP sends again, and the INVITE is one, also where stock gives it to SIP again."""
    again, cap = Capture(), tcp_call()
    again.extend(sorted([*cap, *((time + int(after * 1000000), change(data)) for time, data in cap if data[23] == 6)],
                        key=lambda packet: packet[0]))
    assert rows(tshark, again)[0][3] == OK


def test_segments_and_some_copies(tshark):
    """Half of the SIP came by the mirror as well."""
    cap = gen_copies.copied(tcp_call(), 2, 0.0001, gen_copies.other_hop)
    seen = []

    def keep(index, data):
        copy = data[22] == 63 and data[23] == 6
        seen.append(copy)
        return not copy or sum(seen) < 8  # three of the handshake come first
    (row,) = rows(tshark, cap.only(keep))
    assert "; also COPIES the capture holds some of its 6 SIP messages more than once (4 copies); copies do not count" in row[3]
