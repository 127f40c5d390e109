# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures made to hurt: four times as much of it takes about four times as long, whatever is chosen to fall together in an
index. Ratios of processor time, never times: quadratic work shows as 16. Stock's own share is taken off where stock is
quadratic itself."""

import os
import subprocess

import pytest

import tables
from hikpcap import Call, Capture, Link, Platform, ps_frame, ps_pack, ps_pes, rtp

# 4 is linear. Start-up makes it less, a busy machine a little more; quadratic work is above 10 even so.
LINEAR = 8
ROUNDS = 4
# A hundredth more or less is nothing: what takes less than this many seconds is taken for so much.
LEAST = 0.1


def usage_of(tshark, capture, plugin=True):
    """What one pass with a display filter and the table takes, in a process of its own."""
    path = tshark.sandbox.readable(capture)
    command = tshark.sandbox.prefix + ["tshark", "-n", "-q", "-r", str(path), "-z", "io,stat,0", "-Y", "frame"]
    if plugin:
        command[-4:-4] = ["-z", "hikcascade,sessions"]
    with open(os.devnull, "wb") as null:
        process = subprocess.Popen(command, env=tshark.sandbox.environment(plugin), cwd=str(tshark.sandbox.files), stdout=null, stderr=null)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
    assert status == 0
    return usage


def seconds(tshark, capture, plugin=True):
    usage = usage_of(tshark, capture, plugin)
    return usage.ru_utime + usage.ru_stime


def growth(tshark, make, count, share=False):
    """How much longer four times as much takes, start-up apart. share: of the plugin alone. Another process may take the
    processor's caches from one run and not from the next: what is too much is measured again, and the least of each counts."""
    captures = [tshark.sandbox.readable(made) for made in (Link(Capture()).capture, make(count), make(4 * count))]
    least = {}
    for _ in range(ROUNDS):
        for plugin in (True, False) if share else (True,):
            for capture in captures:
                spent = seconds(tshark, capture, plugin)
                least[capture, plugin] = min(spent, least.get((capture, plugin), spent))
        start, few, many = (least[capture, True] - least.get((capture, False), 0) for capture in captures)
        few, many = few - start, many - start
        print("%d: %.2f s, %d: %.2f s" % (count, few, 4 * count, many))
        ratio = many / max(few, LEAST)
        if ratio < LINEAR:
            break
    return ratio


def colliding(number, blocks=14):
    """A name that has the same value as all others of its kind under the usual hash of strings (33 * h + c): in "bA" and
    "ab" 33 * first + second is the same."""
    return "".join("ab" if number >> bit & 1 else "bA" for bit in range(blocks))


def camera_names(count):
    """Calls for cameras whose names fall together in a hash table of strings."""
    link = Link(Capture())
    for number in range(count):
        call = Call(link, camera="3402000000132" + colliding(number), offer_port=20000 + number % 10000 * 4)
        call.invite()
        call.status("404 Not Found")
    return link.capture


def flows(count):
    """RTP flows of one packet, of one call: every SSRC another one, all a multiple of a power of two."""
    link = Link(Capture())
    call = Call(link, offer_port=20000, answer_port=40000)
    call.invite()
    call.ok()
    call.ack()
    for number in range(count):
        link.capture.udp(("192.0.2.10", 40000), ("198.51.100.20", 20000), rtp(b"\x55" * 20, number << 14, 1, 0), checksum=False)
    return link.capture


def flows_then_calls(count, ssrcs):
    """That many SSRCs of one packet, and a call whose one key picture begins in the first packet of its last SSRC of ssrcs."""
    cap = flows(count)
    link = Link(cap, Platform("34020000002000000002", "192.0.2.77"), Platform("34010000002000000002", "198.51.100.77"), seed=9)
    call = Call(link, offer_port=30000, answer_port=50000)
    call.start()
    for number in range(ssrcs - 1):
        cap.udp(call.src, call.dst, rtp(ps_frame(1), 9000 + number, 1, 0), checksum=False)
    call.rtp(25)
    call.bye()
    return cap


def endpoints(count):
    """SDPs that each name another endpoint."""
    link = Link(Capture())
    for number in range(count):
        call = Call(link, offer_ip="203.%d.%d.1" % (number >> 8 & 255, number & 255), offer_port=(number * 256) % 60000 + 4)
        call.invite()
    return link.capture


def false_maps(count):
    """Program stream maps that overlap, and are none: each start code lies in the map before it."""
    link = Link(Capture())
    call = Call(link, offer_port=20000, answer_port=40000)
    call.invite()
    call.ok()
    call.ack()
    begin = ps_pack(0) + ps_pes(b"\0\0\1\x65" + b"\x5a" * 40)
    for number in range(count):
        payload = begin if number == 0 else b"\0\0\1\xbc\x03\xf0" * 200
        link.capture.udp(("192.0.2.10", 40000), ("198.51.100.20", 20000), rtp(payload, call.ssrc, number + 1, 3600 * number), checksum=False)
    return link.capture


def zeros(count):
    """Nothing but zero bytes where a program stream was."""
    link = Link(Capture())
    call = Call(link, offer_port=20000, answer_port=40000)
    call.invite()
    call.ok()
    call.ack()
    for number in range(count):
        payload = ps_frame(0) if number == 0 else bytes(1400)
        link.capture.udp(("192.0.2.10", 40000), ("198.51.100.20", 20000), rtp(payload, call.ssrc, number + 1, 3600 * number), checksum=False)
    return link.capture


def one_endpoint(count):
    """Calls that all want their media at one address and port."""
    link = Link(Capture())
    for number in range(count):
        call = Call(link, offer_port=30000, answer_port=40000)
        call.invite()
        call.ok()
        call.ack()
        call.bye()
    return link.capture


@pytest.mark.once
@pytest.mark.parametrize("make, count", [(camera_names, 1000), (flows, 5000), (endpoints, 1000), (false_maps, 2000), (zeros, 3000)],
                         ids=lambda value: getattr(value, "__name__", None))
def test_four_times_as_much_takes_four_times_as_long(tshark, make, count):
    assert growth(tshark, make, count) < LINEAR


@pytest.mark.once
def test_many_calls_at_one_endpoint(tshark):
    """Stock is quadratic here; the plugin's own share is not."""
    assert growth(tshark, one_endpoint, 1000, share=True) < LINEAR


@pytest.mark.parametrize("ssrcs, keys, picture", [(1, "1", "352x288"), (8, "1", "352x288"), (9, "0", "")])
def test_a_call_behind_many_flows(tshark, ssrcs, keys, picture):
    """The first flows of a call are looked into from their first packet on, however many flows others have. Of what is not looked
    into, nothing is said."""
    row = tables.printed(tshark, "hikcascade,sessions", flows_then_calls(4100, ssrcs))[1]
    assert (row["Key frames"], row["Picture"], "NO_KEY_FRAME" in row["What was found"]) == (keys, picture, False)


@pytest.mark.parametrize("ssrcs, said", [(999, []), (1000, [1003]), (1500, [1003])])
def test_many_ssrcs(tshark, ssrcs, said):
    """One item for the whole session, on the packet that brings SSRC number 1,000."""
    rows = tshark.fields(flows(ssrcs), ["hikcascade.many_ssrcs"], filter="rtp")
    assert [row["frame"] for row in rows if row["hikcascade.many_ssrcs"]] == said


@pytest.mark.once
def test_memory_of_an_ssrc(tshark):
    """50,000 SSRCs more, of one packet each: about one kB for each, and nothing of a stream's size."""
    few, many = (usage_of(tshark, flows(count)).ru_maxrss * 1024 for count in (5000, 55000))
    assert (many - few) / 50000 < 1500
