# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin is there: nothing else means anything if tshark did not load it. Fails, never skips."""

import re
import subprocess

import conftest

ENTRY_POINTS = {"plugin_version", "plugin_want_major", "plugin_want_minor", "plugin_register", "plugin_describe"}


def module(tshark):
    path = conftest.PLUGIN_DIR / ("%d.%d" % tshark.version[:2]) / "epan" / "hikcascade.so"
    assert path.is_file(), "not built: %s" % path
    return path


def test_is_loaded(tshark):
    listed = tshark.run(["-G", "plugins"])
    lines = [line.split() for line in listed.splitlines() if line.startswith("hikcascade.so")]
    assert len(lines) == 1, "tshark does not load the plugin:\n%s" % listed
    assert re.fullmatch(r"\d+\.\d+\.\d+", lines[0][1])
    assert lines[0][2] == "dissector"


def test_protocols(tshark):
    known = {line.split("\t")[2] for line in tshark.run(["-G", "protocols"]).splitlines()}
    assert {"hikcascade", "manscdp", "mansrtsp", "mp2p"} <= known


def test_stock_tshark_has_no_such_protocol(tshark):
    """Otherwise the tests would test an installed copy."""
    known = {line.split("\t")[2] for line in tshark.run(["-G", "protocols"], plugin=False).splitlines()}
    assert "hikcascade" not in known


def test_exports_only_the_entry_points(tshark):
    listed = subprocess.run(["nm", "-D", "--defined-only", str(module(tshark))], check=True, stdout=subprocess.PIPE)
    names = {line.split()[-1].split("@")[0] for line in listed.stdout.decode().splitlines()}
    names = {name for name in names if not name.startswith("__odr_asan.")}  # AddressSanitizer's, one beside each
    assert names == ENTRY_POINTS


def test_entry_points_fit_this_wireshark(tshark):
    """The loader would refuse another version; a stale build folder is found here, in words."""
    assert [path.name for path in module(tshark).parent.parent.parent.iterdir()] == ["%d.%d" % tshark.version[:2]]
