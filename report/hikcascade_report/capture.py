# SPDX-License-Identifier: GPL-2.0-or-later
"""Asks tshark what is in a capture: one run gives the tables, the SIP messages and the media over time."""

import functools
import json
import os
import re
import shutil
import subprocess
import tempfile

TABLES = ("sessions", "platforms", "catalog", "series", "messages")
# Codes that lead the verdict of a call in which nothing went wrong, or of which nothing can be said.
NO_FAULT = {"OK", "IN_PROGRESS", "BEGAN_BEFORE", "ONE_SIDED", "CUT", "NOT_CAPTURED"}
# What the session table remarks.
CUT = re.compile(r"(\d+) of (\d+) packets are cut to (?:at most )?(\d+) bytes")


class Failure(Exception):
    """A sentence for the user: why a capture has no report."""


class Unusable(Failure):
    """Why none has."""


class Tools:
    """The programs that are used."""

    def __init__(self, tshark, ffmpeg):
        self.tshark = tshark
        self.ffmpeg = ffmpeg

    @staticmethod
    def find(tshark=None):
        """Looks for tshark. Raises Failure."""
        found = shutil.which(tshark or "tshark")
        if not found:
            raise Failure("%s is not installed, or not in PATH." % (tshark or "tshark"))
        return Tools(found, shutil.which("ffmpeg"))

    def run_tshark(self, words, **options):
        """Runs tshark. Raises Unusable if it does not start."""
        try:
            return subprocess.run([self.tshark, *words], stdin=subprocess.DEVNULL, **options)
        except OSError as error:
            raise Unusable("%s cannot be started: %s." % (self.tshark, error.strerror)) from None

    @functools.cached_property
    def loads_plugin(self):
        """Whether tshark loads the plugin. Asked only where tshark failed, for it takes as long as a capture. Raises Unusable."""
        # Without the programs that capture elsewhere: a listing starts each of them.
        listed = self.run_tshark(["-G", "plugins"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                 env=dict(os.environ, WIRESHARK_EXTCAP_DIR=os.devnull)).stdout.decode("utf-8", "replace")
        return "hikcascade" in listed


class Capture:
    """What a capture holds, as plain values.

    sessions, platforms, devices, answers, questions, series, messages: lists of dicts, as -z hikcascade,... prints them
               in JSON; questions are the Catalog queries without an answer
    cut        (n, m, k): n of m packets are cut, to at most k bytes; None: none is
    remark     a sentence about the file, or None: it ends in the middle of a packet, for one
    """

    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(path)
        self.size = os.path.getsize(path)
        self.sessions, self.platforms, self.devices, self.answers, self.series = [], [], [], [], []
        self.questions, self.messages = [], []
        self.remark = None
        self.cut = None
        self.pictures = {}  # session -> JPEG

    @property
    def faulty(self):
        return [session for session in self.sessions if is_faulty(session)]


def is_faulty(session):
    return session["verdict"] not in NO_FAULT


def read(path, tools):
    """A Capture. Raises Failure."""
    if not os.path.exists(path):
        raise Failure("there is no such file.")
    if not os.access(path, os.R_OK):
        raise Failure("it may not be read.")
    capture = Capture(path)
    if capture.size == 0:
        raise Failure("it is empty.")
    words = ["-r", path, "-n", "-2", "-q", "-o", "hikcascade.table_format:json"]
    for name in TABLES:
        words += ["-z", "hikcascade," + name]
    done = tools.run_tshark(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ, LC_ALL="C.UTF-8"))
    tables = done.stdout.decode("utf-8", "replace").rstrip("\n").split("\n") if done.stdout else []
    code, said = done.returncode, done.stderr.decode("utf-8", "replace").strip()
    for table in objects(tables):
        name = table["table"].partition(",")[2]
        if name == "catalog":
            capture.devices, capture.answers, capture.questions = table["rows"], table["answers"], table["questions"]
        else:
            setattr(capture, name, table["rows"])
        if name == "sessions" and (said_of := CUT.search(table.get("remark", ""))):
            capture.cut = tuple(map(int, said_of.groups()))
    if code or said:
        first = next((line for line in said.splitlines() if line.strip()), "tshark ended with code %d" % code)
        first = first.replace("tshark: ", "", 1).strip()
        if code and not tables:
            if not tools.loads_plugin:
                raise Unusable("%s does not load the plugin hikcascade. `%s -G plugins` lists what it loads; as root it ignores "
                               "plugins outside the system's folder." % (tools.tshark, tools.tshark))
            raise Failure(first)
        capture.remark = first if code else None
    starts = {}
    for message in capture.messages:
        starts.setdefault(message["session"], message["time"])
    for session in capture.sessions:
        session["started"] = starts.get(session["session"])
    return capture


def objects(lines):
    """The JSON objects that begin with {"table": at the start of a line."""
    pieces, piece = [], []
    for line in lines:
        if line.startswith('{"table":') and piece:
            pieces.append(piece)
            piece = []
        piece.append(line)
    if piece:
        pieces.append(piece)
    return [json.loads("\n".join(piece)) for piece in pieces]


def add_pictures(capture, tools, most):
    """The first key frame of up to `most` sessions, faulty ones first. Needs ffmpeg; what cannot be decoded has none."""
    wanted = [session["session"] for session in sorted(capture.sessions, key=lambda session: not is_faulty(session))
              if session["key_frames"]][:most]
    if not wanted:
        return
    with tempfile.TemporaryDirectory(prefix="hikcascade-") as folder:
        tools.run_tshark(["-r", capture.path, "-n", "-q", "--export-objects", "hikcascade," + folder],
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        files = {}
        for name in sorted(os.listdir(folder)):
            digits = name.partition("-")[0]
            if digits.isdigit() and not name.endswith((".wav", ".bin")):
                files.setdefault(int(digits), os.path.join(folder, name))
        for session in wanted:
            if session not in files:
                continue
            done = subprocess.run([tools.ffmpeg, "-v", "error", "-nostdin", "-protocol_whitelist", "file,pipe", "-i",
                                   "file:" + files[session], "-frames:v", "1", "-vf", "scale=320:-2", "-f", "mjpeg", "pipe:1"],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            if done.stdout:
                capture.pictures[session] = done.stdout
