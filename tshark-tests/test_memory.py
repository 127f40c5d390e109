# SPDX-License-Identifier: GPL-2.0-or-later
"""Looking costs no memory that stays: sharkd, which shows what the GUI shows, is asked for every packet again and again.
Bodies are left out: stock's dissectors of SDP, RTP and XML keep some themselves. And what a call takes stays what it is:
scripts/bench measures the same, and more."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts" / "benchmarks"))
import measures  # noqa: E402
import programs  # noqa: E402

ROUNDS = 500
KILOBYTES = 32  # what is kept costs four bytes a look at least
CALL = 6300     # bytes of a call above stock's: 5,250, and two runs differ by up to 700
MOST = 20       # packets that are looked at: signalling and the first media


def resident(pid):
    """Resident memory in kB, of the process and its children: setpriv becomes sharkd."""
    with open("/proc/%d/status" % pid) as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


@pytest.mark.once
@pytest.mark.parametrize("capture", ["subscription-life.pcap"])
def test_looking_costs_nothing(tshark, capture):
    box = tshark.sandbox
    path = box.readable(capture)
    frames = min(len(tshark.fields(path, [], malformed=True)), MOST)
    environment = box.environment()
    del environment["MALLOC_PERTURB_"]  # which writes to memory that nobody uses
    del environment["GLIBC_TUNABLES"]  # pages are made large whenever the kernel has time for it
    server = subprocess.Popen(box.prefix + ["sharkd", "-"], env=environment, cwd=str(box.files), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1)
    number = 0

    def ask(method, **parameters):
        nonlocal number
        number += 1
        server.stdin.write(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": parameters}) + "\n")
        server.stdin.flush()
        answer = json.loads(server.stdout.readline())
        assert "error" not in answer, answer

    def look(times):
        for _ in range(times):
            for frame in range(1, frames + 1):
                ask("frame", frame=frame, proto=True)

    try:
        ask("load", file=str(path))
        look(ROUNDS // 4)  # what is made once
        before = resident(server.pid)
        look(ROUNDS)
        grown = resident(server.pid) - before
    finally:
        server.kill()
        server.communicate()
    assert grown < KILOBYTES, "%d looks at %d packets took %d kB" % (ROUNDS, frames, grown)


@pytest.mark.once
def test_calls_cost_little():
    with tempfile.TemporaryDirectory(prefix="hikcascade-memory-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with programs.Tshark(folder, fork=False) as stock, programs.Tshark(folder, programs.plugin_folder(), fork=False) as plugin:
            bytes_, more = measures.per_call(folder, stock, plugin)
    assert more < CALL, "a call takes %.0f bytes, with the plugin %.0f, of which its RTP packets have 256" % tuple(bytes_)
