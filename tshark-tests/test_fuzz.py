# SPDX-License-Identifier: GPL-2.0-or-later
"""The short form of scripts/fuzz-tshark: broken captures do no harm. Fixed seeds, few lengths; the full form is the script."""

import importlib.machinery
import importlib.util
import io
import sys
import tempfile
from pathlib import Path

import pytest

import conftest


def load_script(name):
    sys.dont_write_bytecode = True
    loader = importlib.machinery.SourceFileLoader(name, str(conftest.REPO / "scripts" / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


fuzz = load_script("fuzz-tshark")


@pytest.fixture(scope="module")
def runner():
    with tempfile.TemporaryDirectory(prefix="hikcascade-fuzz-") as folder:
        yield fuzz.Runner(Path(folder), timeout=120)


def sip_only(data):
    """The larger packets: what a broken capture is made of shall be SIP, mostly."""
    return fuzz.pcap([packet for packet in fuzz.packets(data) if packet[0] > 300])


@pytest.mark.once
def test_truncated_everywhere(runner):
    """Every capture, cut at a few lengths; together the captures meet them all."""
    broken = []
    for number, path in enumerate(sorted(conftest.CAPTURES.glob("*.pcap"))):
        data = sip_only(path.read_bytes())
        frames = fuzz.packets(data)
        for length in range(14 + number * 5 % 241, 900, 241):
            broken.append(fuzz.snapped(frames, length))
            broken.append(fuzz.shortened(frames, length))
    for batch in fuzz.joined(broken, 4000):
        assert runner.look(batch) is None


@pytest.mark.once
def test_seed_truncated_at_every_length(runner):
    frames = fuzz.packets(sip_only((conftest.CAPTURES / "seed-cascade.pcap").read_bytes()))
    broken = [cut(frames, length) for length in range(14, 800) for cut in (fuzz.snapped, fuzz.shortened)]
    for batch in fuzz.joined(broken, 6000):
        assert runner.look(batch) is None


@pytest.mark.once
def test_bytes_changed_at_random(runner):
    """Every capture twice, with other bytes changed each time."""
    whole = [fuzz.packets(path.read_bytes()) for path in sorted(conftest.CAPTURES.glob("*.pcap"))]
    for seed, batch in enumerate(fuzz.joined(whole + whole, 4000), 1):
        for frames in fuzz.editcap(batch, 1, runner.folder, seed):
            assert runner.look(fuzz.pcap(frames)) is None


def test_the_harness_can_fail(runner):
    """What it would say of a crash, of a bug tshark reports, and of a complaint."""
    assert fuzz.complaint(-11, "", "") == "exit code -11: "
    long = b"x" * (1 << 18)
    for before in (b"", long, long[5:], long[:-3]):
        assert "Dissector bug, protocol X" in fuzz.complaint(0, fuzz.find_bug(io.BytesIO(before + b"[Dissector bug, protocol X]" + long)), "")
    assert fuzz.complaint(0, "", "** (tshark:1) WARNING **: x") == "** (tshark:1) WARNING **: x"
    assert fuzz.complaint(0, fuzz.find_bug(io.BytesIO(b"fine")), "Hello in child.\nload: filename=x\n") is None
    runner.timeout, timeout = 1, runner.timeout
    assert runner.run(["sleep", "30"], plugin=True) == "no end after 1 seconds"
    runner.timeout = timeout
    assert "exit code 1" in runner.run(["sh", "-c", "echo oh >&2; exit 1"], plugin=True)


def test_copies_are_told_apart(tshark, runner):
    """Copies in one file are calls and connections of their own, not retransmissions of the first."""
    for name, field in (("seed-cascade.pcap", "hikcascade.session"), ("tcp-7100.pcap", "tcp.stream")):
        data = (conftest.CAPTURES / name).read_bytes()
        path = runner.folder / "copies.pcap"
        path.write_bytes(next(fuzz.joined([fuzz.packets(data)] * 3, 100000)))
        path.chmod(0o644)
        seen = [row[field][0] for row in tshark.fields(path, [field]) if row.get(field)]
        third = len(seen) // 3
        assert third and len(set(seen[:third])) * 3 == len(set(seen))


def test_shortened_packets_are_whole(tshark, runner):
    """The headers of a shortened packet fit it: tshark must not find a length wrong."""
    frames = fuzz.packets((conftest.CAPTURES / "ipv6.pcap").read_bytes())[:6]
    frames += fuzz.packets((conftest.CAPTURES / "tcp-7100.pcap").read_bytes())[3:5]
    path = runner.folder / "short.pcap"
    path.write_bytes(fuzz.pcap(fuzz.shortened(frames, 100)))
    path.chmod(0o644)
    rows = tshark.fields(path, ["frame.len", "frame.cap_len", "udp.length", "tcp.len", "_ws.short"], malformed=True)
    assert [row["frame.len"] for row in rows] == [row["frame.cap_len"] for row in rows] == [["162"]] * 6 + [["154"]] * 2
    assert [row["udp.length"] for row in rows[:6]] == [["108"]] * 6
    assert [row["tcp.len"] for row in rows[6:]] == [["100"]] * 2
