# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line: goes through the captures, several at a time, and says how it went.

Exit codes: 0 all captures have a report, 1 some have none or are not whole (said on stderr), 2 nothing could be done.
"""

import argparse
import concurrent.futures
import json
import os
import re
import sys
import tempfile
import urllib.parse

from . import capture as captures
from . import page
from .words import LANGUAGES, Words

PICTURES_MB = 100
MOST_PICTURES = 12


def arguments(words):
    parser = argparse.ArgumentParser(
        prog="hikcascade-report", description="What became of each call of GB/T 28181 captures: HTML pages, and an object per call "
        "as NDJSON. Needs tshark with the hikcascade plugin.",
        epilog="Exit code: 0 all captures have a report; 1 some have none or are not whole; 2 nothing could be done.")
    parser.add_argument("captures", nargs="+", metavar="CAPTURE", help="a capture file, or a folder of them")
    parser.add_argument("-o", "--output", metavar="DIR", help="folder for index.html, a page per capture and calls.ndjson")
    parser.add_argument("--ndjson", metavar="FILE", help="only NDJSON, into this file; - is standard output")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count() or 1, metavar="N",
                        help="captures at a time (default: one per processor)")
    parser.add_argument("--lang", choices=LANGUAGES, default="en", help="language of the pages (default: en)")
    parser.add_argument("--tshark", metavar="PROGRAM", help="tshark to use (default: the one in PATH)")
    parser.add_argument("--pictures", type=int, default=PICTURES_MB, metavar="MB",
                        help="with ffmpeg: pictures of the first key frames of captures up to this size (default: %d; 0: none)"
                        % PICTURES_MB)
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress")
    options = parser.parse_args(words)
    if bool(options.output) == bool(options.ndjson):
        parser.error("give either -o DIR or --ndjson FILE")
    if options.jobs < 1:
        parser.error("-j wants a number from 1 on")
    return options


def say(text):
    print(text, file=sys.stderr, flush=True)


def count(number, noun):
    return "%d %s%s" % (number, noun, "" if number == 1 else "s")


def files_of(names):
    """The capture files that the arguments name; a folder stands for the captures in it and below."""
    for name in names:
        if not os.path.isdir(name):
            yield name
            continue
        for folder, folders, files in os.walk(name):
            folders.sort()
            for file in sorted(files):
                if re.search(r"\.(pcap|pcapng|cap)\d*(\.gz)?$", file):
                    yield os.path.join(folder, file)


def objects_of(capture):
    """For NDJSON: an object per call, and one per Catalog query that nothing answered. started: seconds since 1970."""
    for session in capture.sessions:
        yield {"capture": capture.name, **session}
    for question in capture.questions:
        yield {"capture": capture.name, "unanswered": "Catalog", **question, "sn": str(question["sn"])}


def lines_of(capture):
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects_of(capture))


def write(path, text):
    """Whole or not at all."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=".hikcascade-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def page_names(paths):
    """A file name for each capture's page, all different, in lower and upper case alike."""
    taken = {"index.html"}
    for path in paths:
        base = re.sub(r"[^\w.\-]", "_", os.path.basename(path)) or "capture"
        name, number = base + ".html", 1
        while name.lower() in taken:
            number += 1
            name = "%s-%d.html" % (base, number)
        taken.add(name.lower())
        yield name


class Run:
    def __init__(self, options, tools):
        self.options = options
        self.tools = tools
        self.words = Words(options.lang)

    def one(self, path, target):
        """Reads a capture and writes its page. Returns (Capture or None, sentence or None). Raises captures.Unusable."""
        try:
            capture = captures.read(path, self.tools)
        except captures.Unusable:
            raise
        except (captures.Failure, OSError, ValueError) as error:
            return None, str(error)
        if target:
            if self.tools.ffmpeg and capture.size <= self.options.pictures * 1000000:
                captures.add_pictures(capture, self.tools, MOST_PICTURES)
            write(os.path.join(self.options.output, target), page.capture_page(capture, self.words))
            capture.pictures = {}
        capture.messages, capture.series, capture.devices = [], [], []
        return capture, None

    def all(self, paths):
        """Yields (path, target, Capture or None, sentence or None) in the order of the paths."""
        targets = list(page_names(paths)) if self.options.output else [None] * len(paths)
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            running = [pool.submit(self.one, path, target) for path, target in zip(paths, targets)]
            try:
                for number, (path, target, future) in enumerate(zip(paths, targets, running), 1):
                    capture, sentence = future.result()
                    if sentence:
                        say("%s: no report: %s" % (path, sentence))
                    elif capture.remark:
                        say("%s: not whole: %s" % (path, capture.remark))
                    if not self.options.quiet:
                        said = "%s, %d faulty" % (count(len(capture.sessions), "call"), len(capture.faulty)) if capture else "-"
                        say("[%d/%d] %s: %s" % (number, len(paths), path, said))
                    yield path, target, capture, sentence
            finally:
                for future in running:
                    future.cancel()


def main(words=None):
    options = arguments(words)
    try:
        tools = captures.Tools.find(options.tshark)
        paths = list(files_of(options.captures))
        if not paths:
            raise captures.Failure("There is no capture in %s." % ", ".join(options.captures))
        if options.output:
            os.makedirs(options.output, exist_ok=True)
        results = list(Run(options, tools).all(paths))
        lines = "".join(lines_of(capture) for _, _, capture, _ in results if capture)
        if options.ndjson == "-":
            sys.stdout.write(lines)
            sys.stdout.flush()
        else:
            write(options.ndjson or os.path.join(options.output, "calls.ndjson"), lines)
        if options.output:
            names = [(os.path.basename(path), target and urllib.parse.quote(target) if capture else None, capture, sentence)
                     for path, target, capture, sentence in results]
            write(os.path.join(options.output, "index.html"), page.index_page(names, Words(options.lang)))
    except captures.Failure as error:
        say("hikcascade-report: %s" % error)
        return 2
    except OSError as error:
        say("hikcascade-report: %s: %s." % (error.filename or options.output or "output", error.strerror or error))
        return 2
    except KeyboardInterrupt:
        return 130
    return 1 if any(sentence or capture.remark for _, _, capture, sentence in results) else 0
