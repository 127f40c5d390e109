# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/foreign: equal is equal, what differs is found, broken files are no hindrance."""

import re
import shutil
import subprocess
import sys

import pytest

import conftest

SUMMARY = re.compile(r"(\d+) files: (\d+) equal; (\d+) equal apart from (\d+) packets .*; (\d+) differ; (\d+) no captures; (\d+) too slow")


@pytest.fixture
def foreign(sandbox, tmp_path):
    """foreign(names of captures, words): its exit code, what it says of single captures, the numbers of its last line."""
    def run(names, *words, jobs=1):
        folder = tmp_path / "captures"
        folder.mkdir(exist_ok=True)
        for name in names:
            shutil.copy(conftest.CAPTURES / name, folder)
        done = subprocess.run([sys.executable, str(conftest.REPO / "scripts" / "foreign"), "-j", str(jobs), "--plugins", str(sandbox.plugins),
                               *words, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert done.stderr == b""
        *lines, last = done.stdout.decode().splitlines()
        return done.returncode, lines, [int(number) for number in SUMMARY.match(last).groups()]
    return run


FOREIGN = ["foreign-telephone-udp.pcap", "foreign-telephone-tcp.pcap", "foreign-video-call.pcap", "foreign-rtsp.pcap", "foreign-network.pcap",
           "foreign-sip-7100.pcap"]


def test_equal(foreign):
    assert foreign(FOREIGN, jobs=2) == (0, [], [6, 6, 0, 0, 0, 0, 0])


@pytest.mark.once
def test_broken_files(foreign, tmp_path):
    folder = tmp_path / "captures"
    folder.mkdir()
    data = (conftest.CAPTURES / "foreign-telephone-tcp.pcap").read_bytes()
    (folder / "cut.pcap").write_bytes(data[:5001])
    (folder / "a lie.pcap").write_bytes(data[:3000] + b"\xff" * 100 + data[3100:])
    (folder / "text.pcap").write_text("no capture")
    (folder / "empty.pcap").write_bytes(b"")  # not even looked at
    assert foreign([]) == (0, [], [3, 2, 0, 0, 0, 1, 0])


@pytest.mark.once
def test_apart_from_ours(foreign):
    """A call, and a telephone's beside it, in one capture; SIP and media of ours over TCP."""
    code, lines, numbers = foreign(["seed-cascade.pcap", "udp-5060.pcap", "tcp-15060.pcap"])
    assert (code, lines) == (0, [])
    assert numbers[:3] == [3, 0, 3] and numbers[3] > 40


@pytest.mark.once
def test_what_differs_is_found(foreign):
    code, lines, numbers = foreign(["foreign-rtsp.pcap", "foreign-sip-7100.pcap"], "--with=-o", "--with=sip.display_raw_text:TRUE")
    assert code == 1 and numbers == [2, 1, 0, 0, 1, 0, 0]
    assert lines[0].endswith("foreign-sip-7100.pcap: text: packet 1") and len(lines) == 3


@pytest.mark.once
def test_what_differs_with_everything_switched_off_is_found(foreign):
    """Nothing is left out there, whatever the plugin found before."""
    code, lines, numbers = foreign(["seed-cascade.pcap"], "--with=-o", "--with=sip.display_raw_text:TRUE")
    assert code == 1 and numbers == [1, 0, 0, 0, 1, 0, 0]
    assert ": text, switched off: packet " in lines[0]


@pytest.mark.parametrize("words,said", [(["/nonexistent"], "no such file or folder"), (["--plugins", "/nonexistent", "."], "no plugin in")])
def test_it_says_why_it_cannot(words, said):
    done = subprocess.run([sys.executable, str(conftest.REPO / "scripts" / "foreign"), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 2 and said in done.stderr.decode()
