# SPDX-License-Identifier: GPL-2.0-or-later
"""tshark and sharkd started once for many runs: see forkserver.c, which is compiled here.

    server = Server(prefix, ["tshark"], environment, library, folder)
    done = server.run(["tshark", "-r", ...], stdin)      a subprocess.CompletedProcess, as subprocess.run() gives it

A run is made by a process that was forked when all dissectors were registered. Runs that differ in the capture, the filters
and the fields alone are made one after another by one process; what one leaves in libwireshark is what an open Wireshark
keeps when it opens another capture. Byte for byte a run prints what a program started anew prints (test_forkserver.py);
HIK_SLOW=1 starts every program anew.

    sharkd = Sharkd(prefix, environment, folder)
    done = sharkd.ask(lines)                         the answers to these requests; the first loads a capture

is one sharkd that serves a capture after the other, as it does for its users: nothing of one may show in the next.
"""

import os
import re
import shutil
import select
import signal
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")
# What these mean is settled before or while Wireshark registers its dissectors, or stops the program there.
SETTLED_BEFORE = ("-C", "-X", "-G", "-D", "-L", "-i", "-h", "-v", "-K", "--")
MAX_REQUEST = 1 << 16
RUNS = 100  # of a process, as in forkserver.c
# Names of manufacturers, ports and enterprises. Wireshark 4.0 reads them anew for each capture, 50,000 lines; in later
# versions they are in the program.
NAMES = ("manuf", "services", "enterprises.tsv")
# Options whose values may differ between them, and such as make it unfit for another run.
DIFFER = ("-r", "-Y", "-R", "-e")
OWN_PROCESS = ("-w", "-U", "--export", "-H", "-M", "--color", "-O", "-j", "-J")


def compile(folder):
    """The library to preload, None where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler or not hasattr(socket, "send_fds"):
        return None
    library = Path(folder) / "forkserver.so"
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"], check=True)
    library.chmod(0o755)
    return library


def without_names(folder):
    """Words for the environment of a Wireshark that reads no lists of manufacturers' names: in this folder is made one of its data,
    where they are empty. No words where there are no lists. What else is there are links: who changes modes in the folder does so before."""
    folders = subprocess.run(["tshark", "-G", "folders"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    found = re.search(r"^Global configuration:\s*(.+)$", folders, re.MULTILINE)
    if not found or not all((Path(found[1]) / name).is_file() for name in NAMES):
        return {}
    data = Path(folder) / "data"
    data.mkdir()
    data.chmod(0o755)
    for path in Path(found[1]).iterdir():
        if path.name in NAMES:
            (data / path.name).touch(0o644)
        else:
            (data / path.name).symlink_to(path)
    return {"WIRESHARK_DATA_DIR": str(data)}


def serves(command):
    """Whether a server can do this run: tshark that reads a file, or sharkd on its standard input."""
    if command == ["sharkd", "-"]:
        return True
    return (command[0] == "tshark" and "-r" in command and sum(map(len, command)) + len(command) < MAX_REQUEST and
            not any(word.startswith(SETTLED_BEFORE) and not word.startswith(("--export-objects", "--color", "--disable-", "--enable-"))
                    for word in command[1:]))


def kind(command):
    """What two runs of tshark have in common of which the second may follow in the process of the first: all but the capture,
    the filters and the fields. None: a run that needs a process of its own, for it leaves something behind."""
    words, values = [], iter(command)
    for word in values:
        if word.startswith(OWN_PROCESS) or "uat:" in word:
            return None
        if word in DIFFER:
            next(values, None)
            continue
        words.append(word)
        if word == "-z":
            words.append(next(values, ""))
            if not words[-1].startswith(("hikcascade,", "expert")):
                return None
    return tuple(words)


class Child:
    """A process that a server has forked: it makes one run, or RUNS of a kind."""

    def __init__(self, server, many):
        self.runs = 0
        self.socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        socket.send_fds(server.socket, [b"*" if many else b"1"], [other.fileno()])
        other.close()
        self.number = number(server.socket)


def number(from_socket):
    """The next number that comes, None at the end."""
    told = from_socket.recv(4)
    return struct.unpack("=i", told)[0] if len(told) == 4 else None


class Server:
    # So many children wait for a run of their kind.
    CHILDREN = 16

    def __init__(self, prefix, command, environment, library, folder, patience=120):
        """patience: seconds in which it must be ready, or answer."""
        self.patience = patience
        self.children = {}  # kind: child, the one that was used last at the end
        self.socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.errors = tempfile.TemporaryFile()
        preload = ("%s %s" % (environment.get("LD_PRELOAD", ""), library)).strip()
        self.process = subprocess.Popen(
            [*prefix, *command], env={**environment, "LD_PRELOAD": preload, "HIK_FORK_SERVER": str(other.fileno())},
            cwd=folder, pass_fds=[other.fileno()], stdin=subprocess.DEVNULL, stdout=self.errors, stderr=self.errors)
        other.close()
        self.socket.settimeout(self.patience)
        ready = number(self.socket) == 0
        self.errors.seek(0)
        # What it said while it registered is every run's complaint.
        self.said = self.errors.read()
        if not ready:
            self.process.kill()
            raise RuntimeError("%s does not wait for requests: %s" % (command, self.said.decode("utf-8", "replace")))

    def status(self, child):
        """How a child ended. Closing its socket ends one that waits for a run."""
        child.socket.close()
        self.socket.send(struct.pack("=i", child.number))
        return number(self.socket)

    def run(self, command, stdin=None, timeout=120, to=None, alone=False):
        """to: an open file that its standard output goes to. alone: in a process of its own."""
        same = None if alone or command[0] != "tshark" else kind(command)
        child = self.children.pop(same, None) or Child(self, same is not None)
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as kept, tempfile.TemporaryFile() as errors:
            out = to or kept
            if stdin:
                source.write(stdin)
                source.seek(0)
            child.runs += 1
            child.socket.settimeout(timeout)
            socket.send_fds(child.socket, [b"".join(os.fsencode(word) + b"\0" for word in command)],
                            [source.fileno(), out.fileno(), errors.fileno()])
            try:
                status = number(child.socket)
            except socket.timeout:
                os.kill(child.number, signal.SIGKILL)
                self.status(child)
                raise subprocess.TimeoutExpired(command, timeout) from None
            if status is None:
                status = self.status(child)
            else:
                self.children[same] = child
                if len(self.children) > self.CHILDREN:
                    self.status(self.children.pop(next(iter(self.children))))
            kept.seek(0)
            errors.seek(0)
            return subprocess.CompletedProcess(command, os.waitstatus_to_exitcode(status), kept.read(),
                                               self.said + errors.read())

    def end(self):
        for child in self.children.values():
            child.socket.close()
        self.socket.close()
        self.process.wait()
        self.errors.close()


class Sharkd:
    """One process for many captures. It is left for another one when it has failed, or LOADS captures are in its memory."""
    LOADS = 100

    def __init__(self, prefix, environment, folder):
        self.errors = tempfile.TemporaryFile()
        self.loads = 0
        self.process = subprocess.Popen([*prefix, "sharkd", "-"], env=environment, cwd=folder, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.errors)

    def ask(self, script, timeout=120):
        """script: requests, a line each. A subprocess.CompletedProcess; its exit code is 0 as long as sharkd answers."""
        end, parts, wanted = time.monotonic() + timeout, [], script.count(b"\n")
        self.loads += 1
        said = self.errors.seek(0, os.SEEK_END)
        try:
            os.set_blocking(self.process.stdin.fileno(), False)
            left = memoryview(script)
            # It answers while it is asked: whoever only writes waits for ever when both pipes are full.
            while wanted > 0:
                writes = [self.process.stdin] if left else []
                readable, writable, _ = select.select([self.process.stdout], writes, [], end - time.monotonic())
                if writable:
                    left = left[os.write(self.process.stdin.fileno(), left):]
                if readable:
                    part = os.read(self.process.stdout.fileno(), 1 << 20)
                    if not part:
                        break
                    parts.append(part)
                    wanted -= part.count(b"\n")
                if not readable and not writable:
                    raise subprocess.TimeoutExpired(["sharkd", "-"], timeout)
        except (BrokenPipeError, ValueError):
            pass
        except subprocess.TimeoutExpired:
            self.end()
            raise
        code = 0
        if wanted > 0:
            self.process.stdin.close()
            code = self.process.wait(timeout) or 1
        self.errors.seek(said)
        return subprocess.CompletedProcess(["sharkd", "-"], code, b"".join(parts), self.errors.read())

    def serves(self):
        return self.loads < self.LOADS and self.process.poll() is None

    def end(self):
        self.process.kill()
        self.process.wait()
        for file in (self.process.stdin, self.process.stdout, self.errors):
            file.close()
