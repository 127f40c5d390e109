# SPDX-License-Identifier: GPL-2.0-or-later
"""tshark as the benchmarks run it: with the plugin, without, or with another one; as an ordinary user.

    with Tshark(folder, plugins) as tshark:
        cpu, peak = tshark.cost(capture, ["-q"])            seconds, bytes
        count = tshark.instructions(capture, ["-q"])        instructions, under callgrind
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(REPO / "tshark-tests"))
import forkserver  # noqa: E402

NOBODY = 65534


def plugin_folder():
    plugins = Path(os.environ.get("HIK_PLUGIN_DIR") or REPO / "build" / "plugins")
    if not list(plugins.glob("*/epan/hikcascade.so")):
        raise SystemExit("no hikcascade.so below %s: build first" % plugins)
    return plugins


class Tshark:
    """plugins: the folder above <version>/epan, None: stock. lua: a script that is loaded as well."""

    def __init__(self, folder, plugins=None, lua=None, fork=True):
        self.dir = Path(tempfile.mkdtemp(prefix="tshark-", dir=folder))
        for name in ("home", "counts"):
            (self.dir / name).mkdir()
        if plugins:
            shutil.copytree(plugins, self.dir / "plugins")
        else:
            (self.dir / "plugins").mkdir()
        self.prefix = []
        if os.geteuid() == 0:
            for path in [self.dir, *self.dir.rglob("*")]:
                path.chmod(0o755)
            for name in ("home", "counts"):
                os.chown(self.dir / name, NOBODY, NOBODY)
            self.prefix = ["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY, "--clear-groups"]
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.dir / "home"), "LC_ALL": "C.UTF-8", "TZ": "UTC",
                            "WIRESHARK_PLUGIN_DIR": str(self.dir / "plugins"), "HIK_KEEP_FREED": "1"}
        self.callgrind = ["valgrind", "-q", "--tool=callgrind", "--dump-line=no", "--callgrind-out-file=%s/%%p" % (self.dir / "counts")]
        self.more = []
        if lua:
            copy = self.dir / "plugin.lua"
            shutil.copy(lua, copy)
            copy.chmod(0o644)
            self.more = ["-X", "lua_script:%s" % copy]
        self.server = None
        # One start for many runs: valgrind takes most of its time to register Wireshark's dissectors. It counts from there on.
        self.library = forkserver.compile(self.dir) if fork and not lua else None
        # A run reads the names of all manufacturers anew, which are many times the instructions of a small capture.
        self.environment.update(forkserver.without_names(self.dir))
        if self.library and Path("/usr/include/valgrind/callgrind.h").exists():
            self.callgrind.append("--instr-atstart=no")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.server:
            self.server.end()
        shutil.rmtree(self.dir, ignore_errors=True)

    def words(self, capture, arguments):
        return ["tshark", "-n", *self.more, "-r", str(capture), *arguments]

    def cost(self, capture, arguments=()):
        """CPU seconds and peak resident bytes of one run."""
        child = subprocess.Popen([*self.prefix, *self.words(capture, arguments)], env=self.environment, cwd=str(self.dir / "home"),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        errors = child.stderr.read().decode("utf-8", "replace")
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = 0
        if status:
            raise SystemExit("tshark failed: %s" % errors)
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024

    def instructions(self, capture, arguments=()):
        """Instructions of one run, with or without those of the start: only differences between runs mean something."""
        counts = self.dir / "counts"
        for path in counts.iterdir():
            path.unlink()
        words = self.words(capture, arguments)
        if self.library:
            if not self.server:
                self.server = forkserver.Server([*self.prefix, *self.callgrind], ["tshark"], self.environment, str(self.library),
                                                str(self.dir / "home"), patience=1800)
            done = self.server.run(words, timeout=3600, alone=True)
        else:
            done = subprocess.run([*self.prefix, *self.callgrind, *words], env=self.environment, cwd=str(self.dir / "home"),
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if done.returncode:
            raise SystemExit("tshark failed: %s" % done.stderr.decode("utf-8", "replace"))
        found = [re.search(r"^(?:summary|totals): (\d+)", path.read_text(errors="replace"), re.MULTILINE)
                 for path in counts.iterdir() if path.stat().st_size]  # the server's own is empty
        assert len(found) == 1 and found[0], "valgrind left no count"
        return int(found[0].group(1))
