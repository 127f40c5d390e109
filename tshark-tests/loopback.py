# SPDX-License-Identifier: GPL-2.0-or-later
"""Real traffic on a loopback interface, recorded by dumpcap.

If possible in a network namespace of its own: there an ordinary user may capture, no foreign packet comes in between, and
no port is taken. Where the system allows no namespace it is this machine's loopback interface.
"""

import contextlib
import fcntl
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time


class Unfit(Exception):
    """Something is not as it must be; says what."""


def up():
    """Switches the loopback interface on: in a new namespace it is off."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(control, 0x8913, request))[1]  # SIOCGIFFLAGS
        if not flags & 1:
            fcntl.ioctl(control, 0x8914, struct.pack("16sh14x", b"lo", flags | 1))  # SIOCSIFFLAGS, IFF_UP


@contextlib.contextmanager
def recorded(path, net):
    """Runs dumpcap on the loopback interface, for one net or address, while the body of the with statement runs."""
    dumpcap = shutil.which("dumpcap")
    if not dumpcap:
        raise Unfit("dumpcap is not installed, or not for this user")
    # dumpcap gives up root's right to write into folders of others: with sudo, that is where the recording goes.
    with tempfile.TemporaryDirectory(prefix="hikcascade-recording-") as own:
        recording = os.path.join(own, path.name)
        running = subprocess.Popen([dumpcap, "-q", "-i", "lo", "-f", "net %s" % net, "-B", "64", "-w", recording],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        said = []
        for line in running.stderr:
            said.append(line)
            if line.startswith("File:"):
                break
        else:
            running.wait()
            raise Unfit("dumpcap does not capture on the loopback interface: %s" % "".join(said).strip())
        time.sleep(0.3)
        try:
            yield
            time.sleep(0.7)
        finally:
            running.send_signal(signal.SIGINT)
            said.append(running.communicate(timeout=20)[1])
        dropped = re.search(r"received/dropped on interface .*: (\d+)/(\d+)", "".join(said))
        if running.returncode or not dropped or dropped.group(2) != "0":
            raise Unfit("dumpcap, exit code %d: %s" % (running.returncode, "".join(said)))
        shutil.copyfile(recording, path)
    path.chmod(0o644)


def ways():
    """How this user may come to a loopback interface to capture on: prefixes of a command."""
    if os.geteuid() == 0:
        return [["unshare", "--net"], []]
    return [["unshare", "--user", "--map-root-user", "--net"], ["sudo", "-n", "unshare", "--net"], []]


def run_where_one_may_capture(script, folder):
    """Runs a Python script there with the words `send FOLDER`, the first way that works. What is in the folder is this user's then."""
    refusals = []
    for way in ways():
        try:
            done = subprocess.run(way + [sys.executable, str(script), "send", str(folder)], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        except (OSError, subprocess.TimeoutExpired) as error:
            refusals.append("%s: %s" % (" ".join(way) or "as this user", error))
            continue
        if way[:1] == ["sudo"]:
            subprocess.run(["sudo", "-n", "chown", "-R", "%d:%d" % (os.getuid(), os.getgid()), str(folder)], check=False)
        if done.returncode == 0:
            return
        refusals.append("%s: %s" % (" ".join(way) or "as this user", done.stderr.decode("utf-8", "replace").strip()))
    raise Unfit("No way to capture on a loopback interface. Please run scripts/test as root, or allow user namespaces, or "
                "let this user capture with dumpcap.\n  " + "\n  ".join(refusals))
