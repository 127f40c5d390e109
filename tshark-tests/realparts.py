#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Media made and carried by real parts: ffmpeg encodes, real sockets carry SIP and RTP, dumpcap captures.

    realparts.py record FOLDER     makes all below in FOLDER; says on stderr why it cannot, if so

FOLDER then holds the sources (video as Annex B, G.711 raw), per capture a .pcapng, per stream what was sent (.sent),
and manifest.json. loopback.py says where it happens.
"""

import heapq
import json
import selectors
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "test-captures"))

import loopback  # noqa: E402
from loopback import Unfit  # noqa: E402
from hikpcap import Capture, Link, Platform, rfc4571  # noqa: E402
from ps_pack import gb_program, h264_payloads, h265_payloads, rtp_payloads  # noqa: E402
from pslib import access_units  # noqa: E402

# Not 127.0.0.1: where it must be the machine's own interface, nobody else is likely to use these.
UPPER, LOWER = "127.71.0.1", "127.71.0.2"
RATE = 25
SECONDS = 2.4
FRAMES = 60
KEY_EVERY = 20

# Fixed noise: key frames of some 150 kB, the others small.
PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=480x272:rate=%d:duration=%s" % (RATE, SECONDS),
           "-vf", "noise=alls=60:all_seed=7", "-pix_fmt", "yuv420p"]
SOURCES = {
    "video.h264": PICTURE + ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", str(KEY_EVERY), "-qp", "14",
                             "-x264-params", "slices=2:scenecut=0", "-f", "h264"],
    "video.h265": PICTURE + ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:qp=14:bframes=0:"
                             "keyint=%d:min-keyint=%d:scenecut=0" % (KEY_EVERY, KEY_EVERY), "-f", "hevc"],
    "audio.alaw": ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=8000:duration=%s" % SECONDS, "-c:a", "pcm_alaw",
                   "-f", "alaw"],
    "audio.mulaw": ["-f", "lavfi", "-i", "sine=frequency=700:sample_rate=8000:duration=%s" % SECONDS, "-c:a", "pcm_mulaw",
                    "-f", "mulaw"],
}

PS = ((96, "PS/90000"),)

# capture -> streams, each an INVITE session, all at the same time. video, audio: sources.
STREAMS = {
    "udp": [
        dict(name="ps-h264", video="video.h264", audio="audio.alaw", codecs=PS),
        dict(name="ps-h265", video="video.h265", audio="audio.mulaw", codecs=PS),
        dict(name="bare-h264", video="video.h264", codecs=((98, "H264/90000"),)),
        dict(name="bare-h265", video="video.h265", codecs=((100, "H265/90000"),)),
        dict(name="bare-pcma", audio="audio.alaw", codecs=((8, "PCMA/8000"),)),
        dict(name="bare-pcmu", audio="audio.mulaw", codecs=((0, "PCMU/8000"),)),
    ],
    "tcp": [
        dict(name="tcp-ps-h264", video="video.h264", audio="audio.alaw", codecs=PS, tcp=True),
        dict(name="tcp-ps-h265", video="video.h265", audio="audio.mulaw", codecs=PS, tcp=True),
    ],
}


def ffmpeg(*arguments):
    if not shutil.which("ffmpeg"):
        raise Unfit("ffmpeg is not installed (scripts/test installs it)")
    done = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", *map(str, arguments)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        raise Unfit("ffmpeg: %s" % done.stderr.decode("utf-8", "replace"))
    return done.stdout


# ---- sending --------------------------------------------------------------------------------------------------------

class Wire(Capture):
    """What hikpcap's calls take for a capture: puts every datagram on a real socket, and waits until it came."""

    def __init__(self):
        super().__init__()
        self.sockets = {}

    def at(self, place):
        if place not in self.sockets:
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            made.bind(place)
            made.settimeout(5)
            self.sockets[place] = made
        return self.sockets[place]

    def udp(self, src, dst, payload, **options):
        payload = payload.encode("utf-8") if isinstance(payload, str) else payload
        receiver = self.at(dst)
        self.at(src).sendto(payload, dst)
        if receiver.recv(65536) != payload:
            raise Unfit("another datagram came to %s:%d" % dst)

    def wait(self, seconds):
        pass

    def close(self):
        for made in self.sockets.values():
            made.close()


class Receiver(threading.Thread):
    """The upper platform's media ports: takes what comes, counts it."""

    def __init__(self):
        super().__init__(daemon=True)
        self.selector = selectors.DefaultSelector()
        self.bytes = 0
        self.ending = threading.Event()

    def add(self, made):
        made.setblocking(False)
        self.selector.register(made, selectors.EVENT_READ)

    def run(self):
        while not self.ending.is_set():
            for key, _ in self.selector.select(0.05):
                try:
                    data = key.fileobj.recv(1 << 20)
                except BlockingIOError:
                    continue
                if not data and key.fileobj.type == socket.SOCK_STREAM:
                    self.selector.unregister(key.fileobj)
                self.bytes += len(data)


def read(folder, name):
    return (folder / name).read_bytes() if name else b""


def packets_of(stream, folder):
    """(time in 90 kHz, payload, marker) of a stream's RTP packets, and the bytes of its file."""
    video, audio = stream.get("video"), stream.get("audio")
    codec = {"video.h264": "H264", "video.h265": "H265"}.get(video)
    law = {"audio.alaw": "PCMA", "audio.mulaw": "PCMU"}.get(audio)
    sound = read(folder, audio)
    if not video:
        return [(at * 90 // 8, sound[at:at + 160], at == 0) for at in range(0, len(sound), 160)]
    pictures = access_units(read(folder, video), codec == "H265")
    if sum(len(data) > 65536 for data, key in pictures if key) < 2:
        raise Unfit("%s has no key frames of more than 64 kB" % video)
    if stream["codecs"] is PS:
        return [(unit.pts, payload, marker) for unit in gb_program(pictures, codec, sound, law)
                for payload, marker in rtp_payloads(unit.data)]
    pack = h264_payloads if codec == "H264" else h265_payloads
    return [(number * 90000 // RATE, payload, marker) for number, (data, key) in enumerate(pictures)
            for payload, marker in pack(data)]


def exchange(folder, streams):
    """The sessions of one capture: INVITE all, send all, BYE all."""
    wire, receiver = Wire(), Receiver()
    link = Link(wire, lower=Platform("34020000002000000001", LOWER), upper=Platform("34010000002000000001", UPPER))
    link.register()
    calls, queue, sent, total = [], [], {}, 0
    for index, stream in enumerate(streams):
        options = dict(offer_codecs=stream["codecs"], answer_codecs=stream["codecs"], pt=stream["codecs"][0][0],
                       rtp_interval=0, media="audio" if "video" not in stream else "video")
        if stream.get("tcp"):
            options.update(proto="TCP/RTP/AVP", offer_extra=("a=setup:passive", "a=connection:new"),
                           answer_extra=("a=setup:active", "a=connection:new"))
        call = link.call(**options)
        calls.append(call)
        stream.update(session=index, camera=call.camera, ssrc=call.ssrc)
        if stream.get("tcp"):
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(call.dst)
            listener.listen(1)
            call.start()
            call.sender = socket.create_connection(call.dst, 5, call.src)
            accepted = listener.accept()[0]
            listener.close()
            receiver.add(accepted)
        else:
            call.start()
            call.sender = wire.at(call.src)
            receiver.add(wire.at(call.dst))
        for number, (at, payload, marker) in enumerate(packets_of(stream, folder)):
            heapq.heappush(queue, (at, index, number, payload, marker))
        sent[index] = b""
    receiver.start()
    for count in range(len(queue)):
        at, index, _, payload, marker = heapq.heappop(queue)
        call = calls[index]
        packet = call.rtp_packet(payload, timestamp=at if "video" in streams[index] else at * 8 // 90, marker=marker)
        sent[index] += payload
        if streams[index].get("tcp"):
            packet = rfc4571(packet)
            call.sender.sendall(packet)
        else:
            call.sender.sendto(packet, call.dst)
        total += len(packet)
        if count % 16 == 15:
            time.sleep(0.001)
    deadline = time.monotonic() + 10
    while receiver.bytes < total and time.monotonic() < deadline:
        time.sleep(0.02)
    if receiver.bytes != total:
        raise Unfit("%d bytes of RTP sent, %d received" % (total, receiver.bytes))
    for call, stream in zip(calls, streams):
        if stream.get("tcp"):
            call.sender.close()
    time.sleep(0.1)
    receiver.ending.set()
    receiver.join()
    for call in calls:
        call.bye()
    wire.close()
    for index, stream in enumerate(streams):
        (folder / (stream["name"] + ".sent")).write_bytes(sent[index])
        stream["packets"] = calls[index].sent_packets
    return streams


def send(folder):
    """In the place where the capture is made."""
    loopback.up()
    for name, streams in STREAMS.items():
        with loopback.recorded(folder / (name + ".pcapng"), "127.71.0.0/16"):
            exchange(folder, streams)
    (folder / "manifest.json").write_text(json.dumps(STREAMS, indent=1))


# ---- recording ------------------------------------------------------------------------------------------------------

def record(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, arguments in SOURCES.items():
        if not (folder / name).exists():
            ffmpeg(*arguments, "-y", folder / ("new-" + name))
            (folder / ("new-" + name)).rename(folder / name)
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
