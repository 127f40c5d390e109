# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures: the real tshark and sharkd, run as an ordinary user, with every complaint of theirs a failure.

    def test_seed(tshark):
        rows = tshark.fields_everywhere("seed-cascade.pcap", ["hikcascade.session"], "sip.Method == INVITE")
        assert rows == [{"frame": 5, "hikcascade.session": ["0"]}]

A capture is a file name in test-captures/, a path, or a Capture of hikpcap, which is written to a temporary file.

    fields(capture, names, filter)            rows: {"frame": N, name: [every occurrence, in order]}
    fields_everywhere(capture, names, filter) the same, after one pass, two passes and sharkd (every frame asked for
                                              alone, last frame first) agreed on it
    packets(capture, filter)                  PDML: fields with position, size and bytes
    tree(capture, frame)   columns(capture)   tap("hikcascade,sessions", capture)   run([...])

HIK_PLUGIN_DIR names the folder above <x.y>/epan of the plugin under test; default: build/plugins of this repository.
A failed test prints the command to repeat; the folder it names is kept then. tshark and sharkd register their dissectors
once for all runs of a worker, one process makes many of them (forkserver.py), and what has been asked before is not asked
again; HIK_SLOW=1 starts every program anew, as the command to repeat does. HIK_ANSWERS=FOLDER keeps the captures and what is shown of them, for other versions of Wireshark (versions.py).
"""

import fcntl
import gc
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import forkserver
import versions
from versions import FIELD, VALUE, moment, normal

# Answers are large trees without circles: to look for circles in them takes a third of the time that Python takes.
gc.set_threshold(100000, 50, 100)

REPO = Path(__file__).resolve().parent.parent
CAPTURES = REPO / "test-captures"
sys.path.insert(0, str(CAPTURES))

PLUGIN_DIR = Path(os.environ.get("HIK_PLUGIN_DIR") or REPO / "build" / "plugins").resolve()
NOBODY = 65534
BAD_OUTPUT = ("Dissector bug", "[Malformed")
# Freed memory is overwritten, so that using it shows. forkserver.c does it in its own way.
USE_AFTER_FREE = {"MALLOC_PERTURB_": "165", "G_SLICE": "always-malloc"}
# Wireshark takes 60 MB before it reads a capture: in large pages it starts in a sixth less time.
LARGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
# Output that is kept, in case the same is asked again: at most so many bytes.
LARGE = 1 << 18
# What sharkd says on stderr when all is well.
SHARKD_CHATTER = re.compile(r"^(Hello in child\.|load: filename=.*|sharkd_session_process_tap\(\) .*|\s*)$")


class Sandbox:
    """Runs programs as an ordinary user with a home of its own, on files that user can read."""
    keeps = True  # the captures of the test that runs are kept, if any are

    def __init__(self):
        self.root = os.geteuid() == 0
        self.dir = Path(tempfile.mkdtemp(prefix="hikcascade-test-"))
        self.home = self.dir / "home"
        self.files = self.dir / "files"
        # Where there are no programs that capture elsewhere: a listing starts each of them, which takes as long as Wireshark's start.
        self.nothing = self.dir / "nothing"
        for folder in (self.home, self.files, self.nothing):
            folder.mkdir()
        self.plugins = PLUGIN_DIR
        if self.root:
            # The clone may lie where others cannot look.
            self.plugins = self.dir / "plugins"
            if PLUGIN_DIR.is_dir():
                shutil.copytree(PLUGIN_DIR, self.plugins)
            for path in [self.dir, *self.dir.rglob("*")]:
                path.chmod(0o755)
            os.chown(self.home, NOBODY, NOBODY)
        self.prefix = (["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY, "--clear-groups"] if self.root else [])
        self.count = 0
        self.commands = []  # of the test that runs
        self.servers = {}
        self.sharkd = None
        self.answered = {}
        self.keeper = versions.Keeper(os.environ["HIK_ANSWERS"]) if os.environ.get("HIK_ANSWERS") else None
        self.library = None if os.environ.get("HIK_SLOW") else forkserver.compile(self.dir)
        self.without_names = forkserver.without_names(self.dir) if self.library else {}

    def settings(self):
        """What tells that a file of Wireshark's settings has changed: a server reads them once."""
        folder = self.home / ".config" / "wireshark"
        return tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size)
                     for path in sorted(folder.rglob("*")) if path.is_file()) if folder.is_dir() else ()

    def remove(self, keep=False):
        """keep: leaves the files, for somebody who repeats a command."""
        for server in [*self.servers.values(), *([self.sharkd] if self.sharkd else [])]:
            server.end()
        if not keep:
            shutil.rmtree(self.dir, ignore_errors=True)

    def environment(self, plugin=True, command=()):
        keep = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
        keep.update(HOME=str(self.home), XDG_CONFIG_HOME=str(self.home / ".config"), TZ="UTC", LC_ALL="C.UTF-8",
                    TMPDIR="/tmp", WIRESHARK_EXTCAP_DIR=str(self.nothing), **USE_AFTER_FREE, **LARGE_PAGES)
        if "-G" not in command:  # which tells where Wireshark's data is
            keep.update(self.without_names)
        if plugin:
            keep["WIRESHARK_PLUGIN_DIR"] = str(self.plugins)
        if os.environ.get("HIK_PRELOAD"):  # scripts/check: the plugin is built with sanitizers
            keep.update(LD_PRELOAD=os.environ["HIK_PRELOAD"], ASAN_OPTIONS="detect_leaks=0", UBSAN_OPTIONS="print_stacktrace=1")
        return keep

    def readable(self, capture):
        """Path of a capture (name, path or hikpcap.Capture) that the ordinary user can read."""
        if isinstance(capture, list):
            self.count += 1
            path = self.files / ("made-%d.pcap" % self.count)
            capture.write(str(path))
            path.chmod(0o644)
            return path
        path = Path(capture)
        if not path.is_absolute():
            path = CAPTURES / path
        if not path.is_file():
            pytest.fail("no such capture: %s" % path)
        if not self.root or self.files in path.parents:
            return path
        copy = self.files / path.name
        if not copy.exists() or copy.stat().st_mtime < path.stat().st_mtime:
            shutil.copy2(path, copy)
            copy.chmod(0o644)
        return copy

    def server(self, command, plugin=True):
        """(key, server) of those that do such runs with the settings as they are. Starts it."""
        environment = self.environment(plugin, command)
        del environment["MALLOC_PERTURB_"]
        del environment["GLIBC_TUNABLES"]  # what is forked copies a page that it writes to
        # Symbols are looked up once, in the server, not in each run that it forks.
        environment["LD_BIND_NOW"] = "1"
        program = command if command[0] == "sharkd" else command[:1]
        key = (program[0], *sorted(environment.items()), self.settings())
        if key not in self.servers:
            self.servers[key] = forkserver.Server(self.prefix, program, environment, self.library, str(self.files))
        return key, self.servers[key]

    def run(self, command, plugin=True, timeout=120, stdin=None):
        command = [str(word) for word in command]
        self.commands.append((command, plugin, stdin))
        if self.keeper and self.keeps:
            self.keeper.note(command)
        if self.library and forkserver.serves(command):
            key, server = self.server(command, plugin)
            question = self.question(key, command)
            if question not in self.answered:
                done = server.run(command, stdin, timeout)
                if not question or len(done.stdout) > LARGE:
                    return done
                self.answered[question] = done
            return self.answered[question]
        # A listing of what this Wireshark has is the same each time.
        listing = (plugin, self.settings(), *command) if command[1:2] in (["-G"], ["--version"]) else None
        if listing not in self.answered:
            done = subprocess.run(self.prefix + command, env=self.environment(plugin, command), cwd=str(self.files), input=stdin,
                                  timeout=timeout, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  **({} if stdin is not None else {"stdin": None}))
            if not listing or not self.library:
                return done
            self.answered[listing] = done
        return self.answered[listing]

    def ask_sharkd(self, script):
        """Requests to a sharkd with the settings as they are; see forkserver.Sharkd."""
        if not self.library:
            return self.run(["sharkd", "-"], stdin=script)
        self.commands.append((["sharkd", "-"], True, script))
        key = (self.settings(), *sorted(self.environment().items()))
        if self.sharkd and (self.sharkd_key != key or not self.sharkd.serves()):
            self.sharkd.end()
            self.sharkd = None
        if not self.sharkd:
            self.sharkd, self.sharkd_key = forkserver.Sharkd(self.prefix, self.environment(), str(self.files)), key
        return self.sharkd.ask(script)

    def question(self, key, command):
        """What tells that tshark was asked the same of the same capture, wherever that lies; None: to be asked each time."""
        if command[0] != "tshark" or any(word.startswith(("-w", "--export")) for word in command):
            return None
        capture = command.index("-r") + 1
        path = Path(self.files, command[capture])
        return (key, *command[:capture], versions.digest(path), *command[capture + 1:]) if path.is_file() else None

    def command_line(self, command, plugin=True, stdin=None):
        """The same as a line for a shell."""
        environment = self.environment(plugin, command)
        words = ["env", *("%s=%s" % pair for pair in environment.items() if pair[0] != "PATH")]
        line = " ".join(quoted(word) for word in [*self.prefix, *words, *map(str, command)])
        if stdin is not None:
            self.count += 1
            script = self.files / ("input-%d" % self.count)
            script.write_bytes(stdin)
            script.chmod(0o644)
            line += " < %s" % quoted(str(script))
        return "cd %s && %s" % (quoted(str(self.files)), line)


def quoted(word):
    """A word for bash, also with control characters."""
    if word.isprintable():
        return shlex.quote(word)
    return "$'%s'" % "".join("\\" + c if c in "\\'" else c if c.isprintable() else "\\x%02x" % ord(c) for c in word)


class Field:
    """One field of one packet as PDML shows it. pos and size are in its buffer; raw: its bytes (none if generated)."""

    def __init__(self, element, parent):
        self.name = element.get("name")
        self.show = element.get("show", "")
        self.showname = element.get("showname", "")
        self.pos, self.size = int(element.get("pos", 0)), int(element.get("size", 0))
        digits = element.get("value", "")
        self.raw = bytes.fromhex(digits) if re.fullmatch(r"([0-9a-f]{2})*", digits) else b""
        self.hidden = element.get("hide") == "yes"
        self.parent = parent
        self.children = []

    def __repr__(self):
        return "%s=%s" % (self.name, self.show)


class Packet:
    """A packet of PDML: all fields, in order."""

    def __init__(self, element):
        self.all = []
        self.top = []

        def walk(node, parent):
            for child in node:
                if child.tag not in ("proto", "field"):
                    continue
                field = Field(child, parent)
                self.all.append(field)
                (parent.children if parent else self.top).append(field)
                walk(child, field)
        walk(element, None)

    def fields(self, name):
        return [field for field in self.all if field.name == name]

    def one(self, name):
        found = self.fields(name)
        assert len(found) == 1, "%d times %s" % (len(found), name)
        return found[0]

    @property
    def number(self):
        return int(self.fields("frame.number")[0].show)


class Tshark:
    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.values, self.values_of = None, {}
        self.filters = 0
        found = self.sandbox.run(["tshark", "--version"], plugin=False).stdout.decode()
        self.version = tuple(int(part) for part in re.search(r"(\d+)\.(\d+)\.(\d+)", found).groups())

    # ---- running

    def run(self, arguments, stderr=None, allow=(), plugin=True, timeout=120):
        """tshark's standard output. Exit code other than 0, anything on stderr that the pattern `stderr` does not match
        line by line, and a word of BAD_OUTPUT that is not in `allow` fail."""
        done = self.sandbox.run(["tshark", *arguments], plugin, timeout)
        out, err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        if arguments[0] == "-G":
            allow = BAD_OUTPUT  # a listing of all there is
        self.check(lambda: self.sandbox.command_line(["tshark", *arguments], plugin), done.returncode, out, err, stderr, allow)
        return out

    @staticmethod
    def check(what, code, out, err, stderr=None, allow=()):
        assert code == 0, "%s: exit code %d\n%s" % (what(), code, err)
        for line in err.splitlines():
            assert stderr and re.search(stderr, line), "%s: stderr: %s" % (what(), line)
        for word in BAD_OUTPUT:
            if word not in allow:
                assert word not in out, "%s: %s\n%s" % (what(), word, "\n".join(
                    line for line in out.splitlines() if word in line))

    @staticmethod
    def preferences(prefs):
        words = []
        for name, value in (prefs or {}).items():
            words += ["-o", "%s:%s" % (name, value)]
        return words

    def read(self, capture, filter=None, two_pass=False, prefs=None, extra=()):
        words = ["-r", self.sandbox.readable(capture), "-n", *self.preferences(prefs), *extra]
        if two_pass:
            words.append("-2")
        if filter:
            words += ["-Y", filter]
        return words

    # ---- asking

    def fields(self, capture, names, filter=None, two_pass=False, prefs=None, extra=(), malformed=False, plugin=True):
        """Rows of the packets that pass the filter: {"frame": number, name: [values]}. Numbers are as tshark prints
        them, booleans "1" and "0". malformed: whether a [Malformed Packet] is fine."""
        words = ["-T", "fields", "-E", "separator=" + FIELD, "-E", "aggregator=" + VALUE, "-E", "occurrence=a"]
        asked = list(dict.fromkeys(["frame.number", "_ws.malformed", *names]))  # tshark merges a name asked for twice
        for name in asked:
            words += ["-e", name]
        out = self.run(self.read(capture, filter, two_pass, prefs, extra) + words, plugin=plugin,
                       allow=("[Malformed",) if malformed else ())
        places = [(name, asked.index(name)) for name in names]
        rows = []
        for line in out.split("\n")[:-1]:
            cells = line.split(FIELD)
            assert len(cells) == len(asked), "a field holds a line end: %r" % line
            assert malformed or not cells[1], "frame %s: malformed: %s" % (cells[0], cells[1])
            row = {"frame": int(cells[0])}
            for name, place in places:
                cell = cells[place]
                row[name] = [normal(value) for value in cell.split(VALUE)] if cell else []
            rows.append(row)
        return rows

    def fields_everywhere(self, capture, names, filter=None, prefs=None, allow_forward=(), malformed=False):
        """fields(), after one pass, two passes and sharkd gave the same. allow_forward: names that a single pass may not
        know yet (links to later frames); there one pass may show nothing, but nothing else."""
        path = self.sandbox.readable(capture)
        two = self.fields(path, names, filter, True, prefs, malformed=malformed)
        one = self.fields(path, names, filter, False, prefs, malformed=malformed)
        assert [row["frame"] for row in one] == [row["frame"] for row in two], "one pass and two passes filter differently"
        for first, second in zip(one, two):
            for name in names:
                if name in allow_forward and not first[name]:
                    continue
                assert first[name] == second[name], "frame %d, %s: one pass %s, two passes %s" % (
                    first["frame"], name, first[name], second[name])
        self.sharkd_agrees(path, names, filter, prefs, two, malformed)
        return two

    def sharkd(self, capture, requests, prefs=None):
        """Answers ("result") of sharkd to requests (method, parameters) after loading the capture."""
        calls = [("setconf", {"name": name, "value": str(value)}) for name, value in (prefs or {}).items()]
        calls.append(("load", {"file": str(self.sandbox.readable(capture))}))
        head = len(calls)
        # It keeps a filter's answers for good, also when another capture is loaded: no filter is asked for twice of one process. (It
        # reads no line above 2 kB.)
        if not prefs:
            self.filters = (self.filters + 1) % (forkserver.Sharkd.LOADS + 1)
        calls += [(method, {**parameters, "filter": parameters["filter"] + " " * self.filters} if "filter" in parameters else parameters)
                  for method, parameters in requests]
        lines = [json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": parameters})
                 for number, (method, parameters) in enumerate(calls, 1)]
        script = ("\n".join(lines) + "\n").encode()
        done = self.sandbox.run(["sharkd", "-"], stdin=script) if prefs else self.sandbox.ask_sharkd(script)
        out, err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        self.check(lambda: self.sandbox.command_line(["sharkd", "-"], stdin=script), done.returncode, "", err, SHARKD_CHATTER.pattern)
        answers = {}
        for line in out.splitlines():
            if line.strip():
                answer = json.loads(line)
                answers[answer.get("id")] = answer
        for number, call in enumerate(calls, 1):
            assert number in answers, "sharkd gave no answer to %s" % (call,)
            assert "error" not in answers[number], "sharkd: %s: %s" % (call, answers[number])
        return [answers[number]["result"] for number in range(head + 1, len(calls) + 1)]

    def sharkd_agrees(self, capture, names, filter, prefs, rows, malformed=False):
        backwards = list(reversed(rows))
        listed, *trees = self.sharkd(capture, [("frames", {"filter": filter} if filter else {})] + [
            ("frame", {"frame": row["frame"], "proto": True}) for row in backwards], prefs)
        assert [frame["num"] for frame in listed] == [row["frame"] for row in rows], "sharkd filters differently"
        for row, answer in zip(backwards, trees):
            found = {}
            collect(answer.get("tree", []), found)
            assert malformed or "_ws.malformed" not in found, "sharkd: frame %d: malformed" % row["frame"]
            for name in names:
                there = found.get(name, [])
                if there == ['""'] and not row[name]:
                    continue  # tshark prints an empty text like no field
                assert len(there) == len(row[name]) and all(
                    self.same(name, a, b) for a, b in zip(row[name], there)), (
                    "frame %d, %s: tshark %s, sharkd %s" % (row["frame"], name, row[name], there))

    def same(self, name, field, value):
        """Whether tshark's text of a field and the value of sharkd's filter expression mean the same."""
        if value is None:
            return True
        if value.startswith('"') and value.endswith('"'):
            text = unescaped(value[1:-1])
            return unescaped(field) == text or self.named(name, field, text) or moment(field) == moment(text) is not None
        value = normal(value)
        if field == value:
            return True
        for kind in (lambda text: int(text, 0), float):
            try:
                return kind(field) == kind(value)
            except ValueError:
                pass
        return field.replace(":", "").lower() == value.replace(":", "").lower()

    def named(self, name, field, text):
        """Whether the number `field` of field `name` is called `text`: sharkd filters by name where a number has one."""
        if self.values is None:
            self.values = self.run(["-G", "values"])
        if name not in self.values_of:
            start = self.values.find("\t%s\t" % name) - 1
            end = start
            while start >= 0 and self.values.startswith("\t%s\t" % name, end + 1):
                end = self.values.index("\n", end) + 1
            self.values_of[name] = [line.split("\t") for line in self.values[start:end].splitlines()] if start >= 0 else []
        for kind, _, first, *rest in self.values_of[name]:
            if kind == "T" and (field, text) in (("1", first), ("0", rest[0])):
                return True
            if kind == "V" and number(field) == number(first) is not None and unescaped(rest[0]) == text:
                return True
            if kind == "R" and unescaped(rest[1]) == text and number(first) <= number(field) <= number(rest[0]):
                return True
        return False

    def packets(self, capture, filter=None, two_pass=True, prefs=None, extra=(), allow=()):
        out = self.run(self.read(capture, filter, two_pass, prefs, extra) + ["-T", "pdml"], allow=allow)
        return [Packet(element) for element in ElementTree.fromstring(out).iter("packet")]

    def packet(self, capture, frame, **options):
        found = self.packets(capture, "frame.number == %d" % frame, **options)
        assert len(found) == 1, "no frame %d" % frame
        return found[0]

    def tree(self, capture, frame, two_pass=True, prefs=None, allow=()):
        """The text of -V for one frame."""
        return self.run(self.read(capture, "frame.number == %d" % frame, two_pass, prefs) + ["-V"], allow=allow)

    def columns(self, capture, filter=None, two_pass=False, prefs=None, extra=(), allow=(), plugin=True):
        """Rows (frame number, protocol column, info column)."""
        protocol, info = (("_ws.col.protocol", "_ws.col.info") if self.version >= (4, 2) else
                          ("_ws.col.Protocol", "_ws.col.Info"))
        words = ["-T", "fields", "-E", "separator=" + FIELD, "-e", "frame.number", "-e", protocol, "-e", info]
        out = self.run(self.read(capture, filter, two_pass, prefs, extra) + words, allow=allow, plugin=plugin)
        rows = [line.split(FIELD) for line in out.split("\n")[:-1]]
        return [(int(row[0]), row[1], row[2]) for row in rows]

    def tap(self, name, capture, filter=None, two_pass=False, prefs=None, extra=(), allow=()):
        """What -q -z NAME prints."""
        words = self.read(capture, None, two_pass, prefs, extra)
        if filter:
            words += ["-2", "-R", filter]
        return self.run(words + ["-q", "-z", name], allow=allow)

    def expert(self, capture, filter=None, prefs=None, two_pass=True):
        """Rows (frame, severity, message) of every expert item."""
        rows = []
        for packet in self.packets(capture, "_ws.expert" + (" && (%s)" % filter if filter else ""), two_pass, prefs):
            for item in packet.fields("_ws.expert"):
                values = {child.name: child.show for child in item.children}
                rows.append((packet.number, SEVERITY.get(int(values.get("_ws.expert.severity", "0"), 0), "?"),
                             values.get("_ws.expert.message", "")))
        return rows


SEVERITY = {0x00100000: "comment", 0x00200000: "chat", 0x00400000: "note", 0x00600000: "warning", 0x00800000: "error"}


EXPRESSION = re.compile(r"^([A-Za-z0-9_.\-]+)(?: (?:==|eq|contains) (.*))?$", re.DOTALL)


def collect(nodes, found):
    """Filter expressions of a sharkd tree -> {name: [value or None]}."""
    for node in nodes:
        text = node.get("f")
        if text:
            if match := EXPRESSION.match(text):
                name, value = match.groups()
                # The value of a frame link is a filter for that frame.
                if "fnum" in node:
                    value = str(node["fnum"])
                found.setdefault(name, []).append(value)
        if below := node.get("n"):
            collect(below, found)


def number(text):
    try:
        return int(text, 0)
    except ValueError:
        return None


def unescaped(text):
    """The two programs escape quotes, backslashes and control characters differently."""
    def plain(match):
        code = match.group(1)
        if code[0] == "x":
            return chr(int(code[1:], 16))
        return {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}.get(code, code)
    return re.sub(r"\\(x[0-9a-fA-F]{2}|.)", plain, text, flags=re.DOTALL)


SANDBOX = pytest.StashKey()
# Without another version's answers there is nothing to compare.
collect_ignore = [] if os.environ.get("HIK_ANSWERS_TO_COMPARE") else ["test_versions.py"]


@pytest.fixture(scope="session")
def sandbox(request):
    box = request.config.stash[SANDBOX] = Sandbox()
    yield box
    if box.keeper:
        box.keeper.finish(Tshark(box))
    box.remove(keep=request.session.testsfailed > 0)


def pytest_collection_modifyitems(items):
    """The slow ones begin first, so that no worker is left with one at the end."""
    items.sort(key=lambda item: item.get_closest_marker("once") is None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    Sandbox.keeps = item.get_closest_marker("of_stock") is None
    if box := item.config.stash.get(SANDBOX, None):
        box.commands.clear()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test says how to repeat what it asked last."""
    report = (yield).get_result()
    box = item.config.stash.get(SANDBOX, None)
    if report.failed and box and box.commands:
        report.sections.append(("To repeat what was asked last", "\n".join(
            box.command_line(*command) for command in box.commands[-4:])))


@pytest.fixture(scope="session")
def tshark(sandbox):
    return Tshark(sandbox)


@pytest.fixture(scope="session")
def export_objects(tshark):
    """export_objects(capture, prefs=None, extra=()): the folder of what --export-objects hikcascade wrote."""
    def export(capture, prefs=None, extra=()):
        tshark.sandbox.count += 1
        folder = tshark.sandbox.home / ("export-%d" % tshark.sandbox.count)
        tshark.run(tshark.read(capture, prefs=prefs, extra=extra) + ["-q", "--export-objects", "hikcascade,%s" % folder])
        return folder
    return export


@pytest.fixture(scope="session")
def recording_of(tmp_path_factory):
    """recording_of(program, variable, last): the folder with what `program record FOLDER` recorded; last: the file it
    makes last. scripts/test records before it becomes nobody, and says where in an environment variable; without that it
    is done here, by whoever runs the tests. No recording is a failure, never a skip."""
    def recording(program, variable, last):
        made = os.environ.get(variable)
        if made:
            if not (Path(made) / last).is_file():
                pytest.fail("no recording in %s=%s; what scripts/test said about it is above" % (variable, made))
            return Path(made)
        # Several workers share one recording.
        base = tmp_path_factory.getbasetemp()
        folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / Path(program).stem
        folder.mkdir(exist_ok=True)
        with open(folder / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / last).is_file():
                done = subprocess.run([sys.executable, str(Path(__file__).parent / program), "record", str(folder)],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                if done.returncode:
                    pytest.fail(done.stderr.decode("utf-8", "replace"))
        return folder
    return recording
