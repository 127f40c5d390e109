# SPDX-License-Identifier: GPL-2.0-or-later
"""The same on every version of Wireshark: what is shown of each capture that the tests use, also of those they make.

With HIK_ANSWERS=FOLDER in the environment the tests leave there, when they end:

    FIELDS              names of the plugin's fields and expert items, one a line
    DIGEST.capture      each capture that tshark read, but for the largest
    DIGEST.answer       what tshark showed of it (answer(), below)

On another version test_versions.py asks for the same captures again; HIK_ANSWERS_TO_COMPARE names the folder there.
"""

import hashlib
import os
import re
import tempfile
from datetime import datetime
from pathlib import Path

FIELD, VALUE = "\x1f", "\x1e"
# Not the table of messages: it has a row for each that comes again (AGAIN, below).
TABLES = ["sessions", "platforms", "catalog", "series"]
# A field that tells of stock's dissector, which fails on one version and not on another.
OF_STOCK = {"hikcascade.stock_failed"}
# What stock calls a segment that it has seen before, and whether it gives it to SIP once more, depends on its version.
AGAIN = ["tcp.analysis." + name for name in ("retransmission", "fast_retransmission", "spurious_retransmission", "out_of_order")]
CALL_ID = "sip.Call-ID"
# Captures up to so many bytes. What is larger was made to be large, and takes long.
LARGEST = 1 << 20
# Before 4.4 tshark prints a backslash and some control characters as they are, later as escape sequences.
ESCAPED = re.compile(r"\\[abfnrtv\\]|[\x00-\x1f\x7f\\]")


def digest(path):
    return hashlib.sha1(Path(path).read_bytes()).hexdigest()


def fields(tshark):
    """{name: type} of all fields and expert items of the plugin's protocols."""
    stock = {line.split("\t")[2] for line in tshark.run(["-G", "protocols"], plugin=False).splitlines()}
    protocols = {line.split("\t")[2] for line in tshark.run(["-G", "protocols"]).splitlines()} - stock
    assert {"hikcascade", "manscdp", "mansrtsp", "mp2p"} <= protocols
    rows = [line.split("\t") for line in tshark.run(["-G", "fields"]).splitlines()]
    found = {row[2]: row[3] for row in rows if row[0] == "F" and row[4] in protocols}
    assert len(found) > 200
    return found


def normal(value):
    """Wireshark 4.2 began to print booleans as words."""
    return {"True": "1", "False": "0"}.get(value, value)


def as_in_each_version(value):
    """A date has another form in 4.6, and a number more digits."""
    if found := moment(value):
        return str(found)
    return "%.12g" % float(value) if re.fullmatch(r"\d+\.\d{9,}(e[-+]\d+)?", value) else normal(value)


def moment(text):
    """A date with time in UTC, as tshark's fields and as sharkd's filters show it; None if it is none."""
    for pattern, form in ((r"([A-Z][a-z]{2} +\d+, \d{4} \d\d:\d\d:\d\d)\.(\d{9}) UTC", "%b %d, %Y %H:%M:%S"),
                          (r"(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:\+0000|Z)", "%Y-%m-%d %H:%M:%S")):
        if match := re.fullmatch(pattern, text):
            return datetime.strptime(match[1].replace("T", " "), form), (match[2] or "").ljust(9, "0")
    return None


def answer(run, capture, names):
    """A text: each packet with the fields it has, then the tables, on the second pass, without control characters and
    backslashes (ESCAPED). run: a function that runs a command, as Sandbox.run()."""
    words = ["tshark", "-r", str(capture), "-n", "-2", "-T", "fields", "-E", "separator=" + FIELD, "-E", "aggregator=" + VALUE,
             "-E", "occurrence=a", "-e", "frame.number"]
    for name in [*names, *AGAIN, CALL_ID]:
        words += ["-e", name]
    for table in TABLES:
        words += ["-z", "hikcascade," + table]
    done = run(words)
    lines = ["exit code %d" % done.returncode]
    for line in done.stdout.decode("utf-8", "replace").split("\n"):
        number, *cells = line.split(FIELD)
        again, call_id = cells[len(names):-1], cells[-1:]
        if len(cells) != len(names) + len(AGAIN) + 1:
            lines.append(line)
        elif not (any(again) and any(call_id)):
            lines += ["%s: %s=%s" % (number, name, ", ".join(as_in_each_version(value) for value in cell.split(VALUE)))
                      for name, cell in zip(names, cells) if cell]
    return "".join(ESCAPED.sub("", line) + "\n" for line in lines)


class Keeper:
    """Keeps the captures of a worker's tests, and their answers, in the folder, which the workers share."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.known = {}

    def note(self, command):
        """A command that tshark ran."""
        if command[0] == "tshark" and "-r" in command:
            path = Path(command[command.index("-r") + 1])
            stat = path.stat() if path.is_file() else None
            if stat and stat.st_size <= LARGEST and (path, stat.st_mtime_ns) not in self.known:
                self.known[path, stat.st_mtime_ns] = name = digest(path)
                self.write(self.folder / (name + ".capture"), path.read_bytes())

    @staticmethod
    def write(path, data):
        """Whole, or not at all: whoever comes second leaves it as it is."""
        if not path.exists():
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
                file.write(data)
            os.chmod(file.name, 0o644)
            os.replace(file.name, path)

    def finish(self, tshark):
        names = sorted(set(fields(tshark)) - OF_STOCK)
        self.write(self.folder / "FIELDS", "\n".join(names).encode())
        for name in dict.fromkeys(self.known.values()):
            path = self.folder / (name + ".answer")
            if not path.exists():
                self.write(path, answer(tshark.sandbox.run, self.folder / (name + ".capture"), names).encode())
