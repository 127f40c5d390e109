# SPDX-License-Identifier: GPL-2.0-or-later
"""tshark and sharkd started once for many runs: see forkserver.c, which is compiled here.

    server = start(["tshark"], environment, library)
    done = server.run(["tshark", "-r", ...], stdin)      a subprocess.CompletedProcess, as subprocess.run() gives it

Every run is a process of its own. Byte for byte it prints what a program started anew prints; HIK_SLOW=1 starts every
program anew.
"""

import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
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
