# SPDX-License-Identifier: GPL-2.0-or-later
"""tshark and sharkd started once for many runs: see forkserver.c, which is compiled here.

    server = start(["tshark"], environment, library)
    done = server.run(["tshark", "-r", ...], stdin)      a subprocess.CompletedProcess, as subprocess.run() gives it

Every run is a process of its own. Byte for byte it prints what a program started anew prints; HIK_SLOW=1 starts every
program anew.

    sharkd = Sharkd(prefix, environment, folder)
    done = sharkd.ask(lines)                         the answers to these requests; the first loads a capture

is one sharkd that serves a capture after the other, as it does for its users: nothing of one may show in the next.
"""

import os
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


def compile(folder):
    """The library to preload, None where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler or not hasattr(socket, "send_fds"):
        return None
    library = Path(folder) / "forkserver.so"
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"], check=True)
    library.chmod(0o755)
    return library


def serves(command):
    """Whether a server can do this run: tshark that reads a file, or sharkd on its standard input."""
    if command == ["sharkd", "-"]:
        return True
    return (command[0] == "tshark" and "-r" in command and sum(map(len, command)) + len(command) < MAX_REQUEST and
            not any(word.startswith(SETTLED_BEFORE) and not word.startswith(("--export-objects", "--color"))
                    for word in command[1:]))


class Server:
    def __init__(self, prefix, command, environment, library, folder, patience=120):
        """patience: seconds in which it must be ready, or answer."""
        self.patience = patience
        self.socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.errors = tempfile.TemporaryFile()
        preload = ("%s %s" % (environment.get("LD_PRELOAD", ""), library)).strip()
        self.process = subprocess.Popen(
            [*prefix, *command], env={**environment, "LD_PRELOAD": preload, "HIK_FORK_SERVER": str(other.fileno())},
            cwd=folder, pass_fds=[other.fileno()], stdin=subprocess.DEVNULL, stdout=self.errors, stderr=self.errors)
        other.close()
        self.socket.settimeout(self.patience)
        ready = self.number() == 0
        self.errors.seek(0)
        # What it said while it registered is every run's complaint.
        self.said = self.errors.read()
        if not ready:
            self.process.kill()
            raise RuntimeError("%s does not wait for requests: %s" % (command, self.said.decode("utf-8", "replace")))

    def number(self):
        """The next number it tells, None if it has ended."""
        told = self.socket.recv(4)
        return struct.unpack("=i", told)[0] if len(told) == 4 else None

    def run(self, command, stdin=None, timeout=120, to=None):
        """to: an open file that its standard output goes to."""
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as kept, tempfile.TemporaryFile() as errors:
            out = to or kept
            if stdin:
                source.write(stdin)
                source.seek(0)
            self.socket.settimeout(self.patience)
            socket.send_fds(self.socket, [b"".join(os.fsencode(word) + b"\0" for word in command)],
                            [source.fileno(), out.fileno(), errors.fileno()])
            process = self.number()
            self.socket.settimeout(timeout)
            try:
                status = self.number()
            except socket.timeout:
                os.kill(process, signal.SIGKILL)
                self.socket.settimeout(self.patience)
                self.number()
                raise subprocess.TimeoutExpired(command, timeout) from None
            kept.seek(0)
            errors.seek(0)
            return subprocess.CompletedProcess(command, os.waitstatus_to_exitcode(status), kept.read(),
                                               self.said + errors.read())

    def end(self):
        self.socket.close()
        self.process.wait()
        self.errors.close()


class Sharkd:
    """One process for many captures. It is left for another one when it has failed, or LOADS captures are in its memory."""
    LOADS = 40

    def __init__(self, prefix, environment, folder):
        self.errors = tempfile.TemporaryFile()
        self.loads = 0
        self.process = subprocess.Popen([*prefix, "sharkd", "-"], env=environment, cwd=folder, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.errors)

    def ask(self, script, timeout=120):
        """script: requests, a line each. A subprocess.CompletedProcess; its exit code is 0 as long as sharkd answers."""
        end, out, wanted = time.monotonic() + timeout, b"", script.count(b"\n")
        self.loads += 1
        said = self.errors.seek(0, os.SEEK_END)
        try:
            os.set_blocking(self.process.stdin.fileno(), False)
            left = memoryview(script)
            # It answers while it is asked: whoever only writes waits for ever when both pipes are full.
            while out.count(b"\n") < wanted:
                writes = [self.process.stdin] if left else []
                readable, writable, _ = select.select([self.process.stdout], writes, [], end - time.monotonic())
                if writable:
                    left = left[os.write(self.process.stdin.fileno(), left):]
                if readable:
                    part = os.read(self.process.stdout.fileno(), 1 << 20)
                    if not part:
                        break
                    out += part
                if not readable and not writable:
                    raise subprocess.TimeoutExpired(["sharkd", "-"], timeout)
        except (BrokenPipeError, ValueError):
            pass
        except subprocess.TimeoutExpired:
            self.end()
            raise
        code = 0
        if out.count(b"\n") < wanted:
            self.process.stdin.close()
            code = self.process.wait(timeout) or 1
        self.errors.seek(said)
        return subprocess.CompletedProcess(["sharkd", "-"], code, out, self.errors.read())

    def serves(self):
        return self.loads < self.LOADS and self.process.poll() is None

    def end(self):
        self.process.kill()
        self.process.wait()
        for file in (self.process.stdin, self.process.stdout, self.errors):
            file.close()
