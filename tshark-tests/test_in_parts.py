# SPDX-License-Identifier: GPL-2.0-or-later
"""A capture that is looked at while it still loads, by in-parts.c inside libwireshark: what is said later is said from what came
later, and no look keeps anything for as long as the file is open."""

import shutil
import subprocess
from pathlib import Path

import pytest

import conftest
import gen_pairs
from hikpcap import Capture, Link

SOURCE = Path(__file__).parent / "in-parts.c"
# One of each kind: what stock keeps of them is the same with the plugin and without.
AS_STOCK = ["verdict-loss.pcap", "verdict-ok.pcap", "reinvite.pcap", "platforms-registered.pcap"]


@pytest.fixture(scope="module")
def in_parts(sandbox):
    """in_parts(mode, files): the lines it says."""
    version = subprocess.run(["pkg-config", "--modversion", "wireshark"], capture_output=True, text=True)
    if not shutil.which("cc") or not version.stdout.startswith("4.0."):
        pytest.skip("made for the functions of Wireshark 4.0's library, and needs a C compiler")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "wireshark", "glib-2.0"], check=True, capture_output=True, text=True)
    program = sandbox.dir / "in-parts"
    subprocess.run(["cc", "-O1", "-rdynamic", "-DHAVE_SSIZE_T", "-D_GNU_SOURCE", "-I%s" % (conftest.REPO / "plugin" / "common"), "-o",
                    str(program), str(SOURCE), *flags.stdout.split(), "-lwiretap", "-ldl"], check=True)
    program.chmod(0o755)

    def run(*arguments):
        environment = sandbox.environment()
        environment.update(sandbox.without_names)
        done = subprocess.run([*sandbox.prefix, str(program), *map(str, arguments)], env=environment, cwd=str(sandbox.files),
                              capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, done.stderr
        return done.stderr.splitlines()
    return run


def changed():
    """Captures in which the second half changes what is to be said of the first, without a word of SIP."""
    good = Link(Capture()).call()
    good.start()
    good.rtp(20)
    good.rtp(20, skip=range(3, 20, 2))  # loss
    silent = Link(Capture()).call()
    silent.start()
    silent.link.capture.wait(20)
    silent.rtp(10)                      # first no media, then some
    moved = Link(Capture()).call()
    moved.start()
    moved.rtp(30)
    moved.offer_port += 1000
    moved.reinvite()
    moved.ok()
    moved.ack()
    moved.rtp_dst = (moved.offer_ip, 20000)
    moved.rtp(60)                       # and on to the old port
    return [call.link.capture for call in (good, silent, moved)] + [gen_pairs.guess_first(), gen_pairs.guess_other_port()]


def test_what_is_said_later(in_parts, sandbox):
    """Asked in the middle, as if the file ended there; asked at the end, as if nobody had asked before."""
    files = [sandbox.readable(cap) for cap in changed()]
    lines = in_parts("compare", *files)
    assert [line.split(" ", 1)[1] for line in lines] == ["middle same", "end same", "middle and end differs"] * len(files)


@pytest.mark.once
@pytest.mark.parametrize("first", range(2))
def test_many_captures(in_parts, sandbox, first):
    """Every tenth."""
    paths = sorted(conftest.CAPTURES.glob("*.pcap"))[5 * first::10]
    lines = in_parts("compare", *[sandbox.readable(path.name) for path in paths])
    assert len(lines) == 3 * len(paths)
    assert [line for line in lines if not line.endswith((" middle same", " end same", " middle and end differs",
                                                         " middle and end same"))] == []


def test_no_look_keeps_anything(in_parts, sandbox):
    files = [sandbox.readable(name) for name in AS_STOCK]
    mine, stock = (in_parts("grow", state, *files) for state in ("on", "off"))
    assert [line.split()[1] for line in mine] == [line.split()[1] for line in stock]
    files += [sandbox.readable(path.name) for path in sorted(conftest.CAPTURES.glob("*.pcap"))[::10]]
    lines = in_parts("grow", "on", *files)
    assert len(lines) == 2 * len(files)
    assert [line for line in lines if not line.endswith(" 0")] == []
