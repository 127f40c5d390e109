# SPDX-License-Identifier: GPL-2.0-or-later
"""What tshark and sharkd print when they are started once for many runs is what they print when they are started anew, also in
a process that has made such a run before."""

import json
import re
import subprocess

import pytest

import forkserver

RUNS = [["-n", "-V"], ["-n", "-2", "-V", "-x"], ["-n", "-T", "pdml"], ["-n", "-2", "-T", "json"], ["-T", "ek", "-n"],
        ["-n", "-q", "-z", "hikcascade,sessions", "-z", "expert"], ["-n", "-Y", "rtp", "-T", "fields", "-e", "frame.number"],
        ["-n", "-q", "-z", "hikcascade,sessions", "-z", "hikcascade,messages,sip"], ["-n", "-2", "-P", "-V", "-x"],
        ["-n", "-V", "--disable-protocol", "sip", "--enable-heuristic", "rtp_udp"],
        ["-n", "-2", "-R", "sip", "-o", "rtp.heuristic_rtp:TRUE", "-P"], ["-n", "-Y", "no such filter"],
        ["-n", "-o", "no.such:1"], ["-Z"], ["-n", "-T", "fields", "-e", "no.such.field"]]


def anew(box, command, plugin=True, stdin=None):
    return subprocess.run(box.prefix + command, env=box.environment(plugin), cwd=str(box.files), input=stdin or b"",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def waiting(box, command, plugin=True):
    """The process that waits for another run like this one; None if there is none."""
    return box.server(command, plugin)[1].children.get(forkserver.kind(command))


def alone(box, command, plugin=True):
    """The same by a process that is forked for this run."""
    return box.server(command, plugin)[1].run(command, b"", alone=True)


def without_time(out):
    """PDML says when it was made, and where Wireshark's data is."""
    return re.sub(rb"<!-- You can find pdml2html.xsl in [^>]*>", b"", re.sub(rb"<pdml [^>]*>", b"", out, count=1), count=1)


def plain(done):
    return done.returncode, without_time(done.stdout), done.stderr


def compare(box, command, plugin=True, stdin=None):
    assert box.library and forkserver.serves(command), "not served"
    served, new = box.run(command, plugin, stdin=stdin or b""), anew(box, command, plugin, stdin)
    assert plain(served) == plain(new)
    return new


@pytest.fixture
def box(sandbox):
    if not sandbox.library:
        pytest.skip("HIK_SLOW, or no C compiler: every program is started anew")
    return sandbox


@pytest.mark.parametrize("plugin, least", [(True, 8), pytest.param(False, 3, marks=pytest.mark.once)])
def test_tshark(box, plugin, least):
    """One capture, another, and the first again. Whatever can be is run by one process, but for a run that complains. The first is
    compared with a program started anew, the second with a process of its own."""
    paths = [str(box.readable(name)) for name in ("verdict-cascade.pcap", "tcp-7100.pcap")]
    codes, shared = set(), 0
    for words in RUNS if plugin else RUNS[::2]:
        box.answered.clear()
        command, another = (["tshark", "-r", path, *words] for path in paths)
        new = compare(box, command, plugin)
        assert plain(box.run(another, plugin)) == plain(alone(box, another, plugin))
        box.answered.clear()
        again = box.run(command, plugin)
        assert plain(again) == plain(new)
        codes.add(again.returncode == 0)
        child = waiting(box, command, plugin)
        assert bool(child) == (forkserver.kind(command) is not None and again.returncode == 0), words
        shared += bool(child and child.runs >= 3)
    assert codes == {True, False} and shared >= least


def test_runs_of_a_process(box):
    """Captures, filters and fields change from run to run; a process is left after its last run."""
    answers, numbers = {}, set()
    for run in range(forkserver.RUNS + 2):
        name = ("verdict-cascade.pcap", "tcp-7100.pcap", "seed-cascade.pcap")[run % 3]
        fields = (["hikcascade.session"], ["sip.Method", "_ws.malformed"], ["rtp.seq"], ["hikcascade.camera"])[run % 4]
        command = ["tshark", "-r", str(box.readable(name)), "-n", *(["-Y", "sip"] if run % 2 else []), "-T", "fields", "-e",
                   "frame.number", *(word for field in fields for word in ("-e", field))]
        box.answered.clear()
        done = box.run(command)
        assert done.returncode == 0 and not done.stderr
        assert answers.setdefault(tuple(command), done.stdout) == done.stdout
        if child := waiting(box, command):
            numbers.add(child.number)
    assert len(answers) == 12 and len(numbers) in (2, 3)  # the first may have made some runs before
    for number, (command, out) in enumerate(answers.items()):
        done = anew(box, list(command)) if number < 3 else alone(box, list(command))
        assert done.stdout == out


@pytest.mark.parametrize("name", ["verdict-cascade.pcap", "tcp-7100.pcap"])
def test_sharkd(box, name):
    calls = [("load", {"file": str(box.readable(name))}), ("frames", {}), ("frame", {"frame": 9, "proto": True}),
             ("frame", {"frame": 2, "proto": True}), ("frames", {"filter": "no such filter"}), ("nothing", {})]
    script = "".join(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": parameters}) + "\n"
                     for number, (method, parameters) in enumerate(calls, 1)).encode()
    done = compare(box, ["sharkd", "-"], stdin=script)
    assert done.stdout.count(b"\n") >= len(calls)


def test_no_capture_file(box):
    assert compare(box, ["tshark", "-n", "-r", "nowhere.pcap"]).returncode


def test_settings_are_read(box):
    """Settings that are written, changed and taken away between two runs."""
    path = str(box.readable("verdict-cascade.pcap"))
    command = ["tshark", "-n", "-r", path]
    preferences = box.home / ".config" / "wireshark" / "preferences"
    plain = compare(box, command).stdout
    preferences.parent.mkdir(parents=True, exist_ok=True)
    try:
        for column in ("first", "another"):
            preferences.write_text('gui.column.format: "%s", "%%i"\nudp.summary_in_tree: FALSE\n' % column)
            assert compare(box, command).stdout != plain
            assert b"User Datagram Protocol\n" in compare(box, [*command, "-V", "-Y", "sip"]).stdout
        (preferences.parent / "disabled_protos").write_text("sip\n")
        assert compare(box, [*command, "-Y", "sip"]).stdout == b""
    finally:
        for name in ("preferences", "disabled_protos"):
            (preferences.parent / name).unlink(missing_ok=True)
    assert compare(box, command).stdout == plain


def test_hang_shows(box):
    """A run that does not end in time is stopped, and the next works."""
    path = str(box.readable("verdict-cascade.pcap"))
    with pytest.raises(subprocess.TimeoutExpired):
        box.run(["tshark", "-n", "-V", "-r", path], timeout=0.001)
    assert box.run(["tshark", "-n", "-r", path]).returncode == 0
