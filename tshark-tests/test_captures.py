# SPDX-License-Identifier: GPL-2.0-or-later
"""The captures are what their generators make, and each has its row in test-captures/README.md."""

import re
import runpy

import conftest


def test_captures_are_what_the_generators_make():
    made = {name: data for name, data, _ in runpy.run_path(str(conftest.CAPTURES / "generate"))["made"]()}
    committed = {path.name: path.read_bytes() for path in conftest.CAPTURES.glob("*.pcap")}
    assert sorted(made) == sorted(committed)
    differ = [name for name in sorted(made) if made[name] != committed[name]]
    assert differ == [], "run test-captures/generate"
    assert max(len(data) for data in committed.values()) <= 100000


def test_readme_has_a_row_per_capture():
    text = (conftest.CAPTURES / "README.md").read_text()
    rows = re.findall(r"^\| `([^`]+\.pcap)` \| .+ \| (gen_\w+\.py) \|$", text, re.MULTILINE)
    generators = {name: generator for name, _, generator in runpy.run_path(str(conftest.CAPTURES / "generate"))["made"]()}
    assert dict(rows) == generators
    assert len(rows) == len(generators)
