#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""SIP by a stack that is not ours: SIPp plays both platforms (scenarios in sipp/), dumpcap captures.

    sipppeers.py record FOLDER     makes a .pcapng per exchange in FOLDER, and "complete" when all are there; says on
                                   stderr why it cannot, if so

RTP is sent by this program when a scenario asks for it. loopback.py says where it happens. Each exchange has addresses
of its own, so they run at the same time.
"""

import shutil
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "test-captures"))

import loopback  # noqa: E402
from loopback import Unfit  # noqa: E402
from hikpcap import ps_frame, rtp  # noqa: E402

PORT = 7100
RECEIVER_PORT = 5798  # of the media, as play-upper.xml has it
PACKETS = 10

# exchange -> (calls, answers, transport, SIPp's exit code). Answers: a scenario, BOUND for a socket nobody reads, None for
# none. The number of the row is that of its addresses. SIPp counts a call without an answer as failed.
BOUND = "bound"
EXCHANGES = {
    "register": ("register-lower", "register-upper", "u1", 0),
    "catalog": ("catalog-upper", "catalog-lower", "u1", 0),
    "play": ("play-upper", "play-lower", "u1", 0),
    "play-tcp": ("play-upper", "play-lower", "t1", 0),
    "refused": ("refused-upper", "refused-lower", "u1", 0),
    "unanswered": ("unanswered-upper", BOUND, "u1", 1),
    "unreachable": ("unanswered-upper", None, "u1", 1),
}


def addresses(name):
    """Who calls, who answers."""
    number = list(EXCHANGES).index(name)
    return "127.72.%d.1" % number, "127.72.%d.2" % number


class Peer:
    """One SIPp. It ends by itself after one call, or after 20 seconds."""

    def __init__(self, folder, scenario, transport, here, there=None):
        words = ["sipp", "-sf", str(HERE / "sipp" / (scenario + ".xml")), "-i", here, "-bind_local", "-p", str(PORT), "-mi", here,
                 "-ci", here, "-t", transport, "-m", "1", "-nostdin", "-timeout", "20s", "-timeout_error", "-cid_str", "%u@%s",
                 "-trace_err", "-error_file", str(folder / (scenario + ".errors")), "-key", "wanted", str(folder / "wanted")]
        self.name, self.here, self.errors = scenario, here, folder / (scenario + ".errors")
        self.screen = open(folder / (scenario + ".screen"), "w+")
        self.process = subprocess.Popen(words + (["%s:%d" % (there, PORT)] if there else []), cwd=str(folder),
                                        stdin=subprocess.DEVNULL, stdout=self.screen, stderr=subprocess.STDOUT)

    def listens(self):
        """Returns when SIPp has opened its port."""
        place = "%s:%04X " % (socket.inet_aton(self.here)[::-1].hex().upper(), PORT)  # as Linux writes it, on PCs
        deadline = time.monotonic() + 10
        while self.process.poll() is None and time.monotonic() < deadline:
            if any(place in Path("/proc/net", table).read_text() for table in ("udp", "tcp")):
                return
            time.sleep(0.02)
        self.process.kill()
        raise Unfit("%s did not open its port: %s" % (self.name, self.said()))

    def end(self, expected):
        try:
            code = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        if code != expected:
            raise Unfit("%s: exit code %d: %s" % (self.name, code, self.said()))

    def said(self):
        self.screen.seek(0)
        return (self.errors.read_text("utf-8", "replace") if self.errors.exists() else "") or self.screen.read()[-2000:]


def send_rtp(wanted, ended):
    """Sends when a scenario has written down where from, where to and the SSRC."""
    while not wanted.exists() or not wanted.read_text().endswith("\n"):
        if ended.wait(0.01):
            return
    source, source_port, target, target_port, ssrc = wanted.read_text().split()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((source, int(source_port)))
        for number in range(PACKETS):
            sender.sendto(rtp(ps_frame(number), int(ssrc), number, number * 3600, marker=True), (target, int(target_port)))
            time.sleep(0.02)


def exchange(folder, name):
    calls, answers, transport, code = EXCHANGES[name]
    caller, callee = addresses(name)
    scratch = folder / name
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    ended, sockets, peers = threading.Event(), [], []

    def bind(place):
        sockets.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        sockets[-1].bind(place)

    with loopback.recorded(folder / (name + ".pcapng"), caller):
        try:
            bind((caller, RECEIVER_PORT))
            if answers == BOUND:
                bind((callee, PORT))
            elif answers:
                peers.append(Peer(scratch, answers, transport, callee))
                peers[0].listens()
            media = threading.Thread(target=send_rtp, args=(scratch / "wanted", ended), daemon=True)
            media.start()
            peers.insert(0, Peer(scratch, calls, transport, caller, callee))
            for peer in peers:
                peer.end(code)
        finally:
            ended.set()
            for peer in peers:
                if peer.process.poll() is None:
                    peer.process.kill()
            for made in sockets:
                made.close()


def send(folder):
    """In the place where the captures are made."""
    loopback.up()
    with ThreadPoolExecutor(len(EXCHANGES)) as pool:
        for done in [pool.submit(exchange, folder, name) for name in EXCHANGES]:
            done.result()
    (folder / "complete").touch()


def record(folder):
    folder.mkdir(parents=True, exist_ok=True)
    if not shutil.which("sipp"):
        raise Unfit("sipp is not installed (Debian's package sip-tester; scripts/test installs it)")
    loopback.run_where_one_may_capture(Path(__file__).resolve(), folder)


def main(arguments):
    if len(arguments) != 2 or arguments[0] not in ("record", "send"):
        sys.exit(__doc__)
    try:
        {"record": record, "send": send}[arguments[0]](Path(arguments[1]).resolve())
    except (Unfit, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
