# SPDX-License-Identifier: GPL-2.0-or-later
"""What the plugin costs, counted in instructions by callgrind: the same on a busy machine. scripts/bench measures the same on
larger captures, and more; docs/performance.md has its figures."""

import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts" / "benchmarks"))
import captures  # noqa: E402
import measures  # noqa: E402
import programs  # noqa: E402

# In percent of stock's instructions per RTP packet. The captures are small, so there is a point of margin. A filter on our fields is
# far below its own limit: that is left to scripts/bench.
MARGIN = 1
MOST = {"mp2p off": 2, "video parsed, nothing asked for": 8, "sessions table": 10}


@pytest.fixture(scope="module")
def measured():
    """(folder, stock, plugin)"""
    with tempfile.TemporaryDirectory(prefix="hikcascade-speed-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with programs.Tshark(folder) as stock, programs.Tshark(folder, programs.plugin_folder()) as plugin:
            yield folder, stock, plugin


@pytest.mark.once
def test_instructions(measured):
    folder, stock, plugin = measured
    per = measures.PerPacket(folder, 2, 60, captures.VIDEO)
    found = {name: measures.percent(*pair) for name, pair in measures.per_packet(per, stock, plugin, MOST).items()}
    over = ["%s: %+.1f %%, at most %d %%" % (name, found[name], most) for name, most in MOST.items() if found[name] > most + MARGIN]
    assert not over, "\n".join([*over, "to repeat it: scripts/bench instructions"])


@pytest.mark.once
def test_headers_in_many_segments(measured):
    theirs, whole, ours = measures.grown(*measured, lambda path, size: captures.slow_headers(path, size, step=10), 200)
    assert ours <= measures.GROWTH, "ten times the bytes: stock %.1f, with the plugin %.1f, its own share %.1f times; to repeat it: " \
        "scripts/bench growth" % (theirs, whole, ours)
