# SPDX-License-Identifier: GPL-2.0-or-later
"""What tshark and sharkd print when they are started once for many runs is what they print when they are started anew."""

import json
import re
import subprocess

import pytest

import forkserver

RUNS = [["-n", "-V"], ["-n", "-2", "-V", "-x"], ["-n", "-T", "pdml"], ["-n", "-2", "-T", "json"], ["-T", "ek", "-n"],
        ["-n", "-q", "-z", "hikcascade,sessions", "-z", "expert"], ["-n", "-Y", "rtp", "-T", "fields", "-e", "frame.number"],
        ["-n", "-2", "-R", "sip", "-o", "rtp.heuristic_rtp:TRUE", "-P"], ["-n", "-Y", "no such filter"],
        ["-n", "-o", "no.such:1"], ["-Z"], ["-n", "-T", "fields", "-e", "no.such.field"]]


def anew(box, command, plugin=True, stdin=None):
    return subprocess.run(box.prefix + command, env=box.environment(plugin), cwd=str(box.files), input=stdin or b"",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def without_time(out):
    """PDML says when it was made, and where Wireshark's data is."""
    return re.sub(rb"<!-- You can find pdml2html.xsl in [^>]*>", b"", re.sub(rb"<pdml [^>]*>", b"", out, count=1), count=1)


def compare(box, command, plugin=True, stdin=None):
    assert box.library and forkserver.serves(command), "not served"
    served, new = box.run(command, plugin, stdin=stdin or b""), anew(box, command, plugin, stdin)
    assert (served.returncode, without_time(served.stdout), served.stderr) == (
        new.returncode, without_time(new.stdout), new.stderr)
    return new


@pytest.fixture
def box(sandbox):
    if not sandbox.library:
        pytest.skip("HIK_SLOW, or no C compiler: every program is started anew")
    return sandbox


@pytest.mark.parametrize("name, plugin", [("verdict-cascade.pcap", True), pytest.param("tcp-7100.pcap", False, marks=pytest.mark.once)])
def test_tshark(box, name, plugin):
    path = str(box.readable(name))
    codes = set()
    for words in RUNS:
        codes.add(compare(box, ["tshark", "-r", path, *words], plugin).returncode == 0)
    assert codes == {True, False}


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
