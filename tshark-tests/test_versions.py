# SPDX-License-Identifier: GPL-2.0-or-later
"""Every capture that a test used on another version of Wireshark, also those that tests make: what the plugin shows of it,
every field of every packet and all tables, is the same on this one. See versions.py."""

import difflib
import os
from pathlib import Path

import pytest

import versions
from conftest import CAPTURES

PARTS = 16
# From 4.6 on a dissector of stock's owns UDP port 7010.
LEFT_OUT = {versions.digest(CAPTURES / "udp-7010.pcap")}


@pytest.fixture(scope="module")
def folder():
    """Where the other version's answers are."""
    return Path(os.environ["HIK_ANSWERS_TO_COMPARE"])


@pytest.mark.parametrize("part", range(PARTS))
def test_same(tshark, folder, part):
    names = (folder / "FIELDS").read_text().splitlines()
    different = []
    for path in sorted(path for path in folder.glob("*.answer") if path.stem not in LEFT_OUT)[part::PARTS]:
        told, here = path.read_text(), versions.answer(tshark.sandbox.run, path.with_suffix(".capture"), names)
        if here != told:
            lines = difflib.unified_diff(told.split("\n"), here.split("\n"), "another version", "this one", lineterm="", n=0)
            different.append("%s\n%s" % (path.with_suffix(".capture"), "\n".join(list(lines)[:30])))
    assert not different, "%d captures:\n%s" % (len(different), "\n".join(different))


def test_what_is_compared(folder):
    """Captures of tests' own, too; fields and tables; nothing is empty."""
    answers = {path.stem: path.read_text() for path in folder.glob("*.answer")}
    committed = {versions.digest(path) for path in CAPTURES.glob("*.pcap*")}
    assert len(set(answers) & committed) > 200 and len(set(answers) - committed) > 900
    assert all(text.count("\n") > 3 for text in answers.values())
    lines = answers[versions.digest(CAPTURES / "seed-cascade.pcap")].split("\n")
    assert "5: hikcascade.session=0" in lines and any(line.startswith("      0 |OK ") for line in lines)
    assert all(any(line.startswith("Hikvision cascade") and name in line for line in lines) for name in ("sessions", "platforms", "catalog"))
