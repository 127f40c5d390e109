# SPDX-License-Identifier: GPL-2.0-or-later
"""hikcascade-report: pages and NDJSON of captures, and what it says when it cannot."""

import html.parser
import json
import os
import re
import sys

import gen_questions
import pytest
import tables
from conftest import REPO
from hikpcap import Capture, Link

pytestmark = pytest.mark.logic

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def report(tshark):
    """report(captures, *options, code=0) -> (folder of the output, standard output, standard error)."""
    box = tshark.sandbox

    def run(captures, *options, code=0, folder=None, prefix=()):
        box.count += 1
        out = folder or box.home / ("report-%d" % box.count)
        words = list(options) if "--ndjson" in options else ["-o", out, *options]
        done = box.run([*prefix, sys.executable, "-B", program(box), *captures, *words, "--pictures", "0"])
        assert done.returncode == code, done.stderr.decode()
        return out, done.stdout.decode(), done.stderr.decode()
    return run


def program(box):
    """The program, where the ordinary user can read it."""
    import shutil
    if not box.root:
        return REPO / "report" / "hikcascade-report"
    copy = box.files / "report"
    if not copy.exists():
        shutil.copytree(REPO / "report", copy, ignore=shutil.ignore_patterns("__pycache__"))
        for path in [copy, *copy.rglob("*")]:
            path.chmod(0o755)
    return copy / "hikcascade-report"


class Page(html.parser.HTMLParser):
    """Tags and texts of a page, after looking that it is well-formed and holds nothing from elsewhere."""

    VOID = {"meta", "img", "br"}
    SVG_EMPTY = {"path", "circle", "rect"}

    def __init__(self, path):
        super().__init__()
        self.tags, self.texts, self.open, self.style = [], [], [], False
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        assert self.open == []
        assert not {"script", "iframe", "object", "link", "base", "form"} & {tag for tag, _ in self.tags}
        for tag, attributes in self.tags:
            for name, value in attributes.items():
                assert not name.startswith("on")
                if name == "src":
                    assert value.startswith("data:image/jpeg;base64,")
                if name == "href":
                    assert re.match(r"^(#s\d+|[\w.%-]+\.html(#s\d+)?)$", value), value
        self.ids = [attributes["id"] for _, attributes in self.tags if "id" in attributes]
        assert len(self.ids) == len(set(self.ids))
        self.text = "".join(self.texts)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert tag in self.SVG_EMPTY
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append(data)


def hostile():
    """Names that try to be markup: of a camera, of a reason phrase."""
    cap = Capture()
    link = Link(cap)
    link.register()
    link.catalog([("34020000001320000001", SCRIPT.replace("<", "&lt;").replace(">", "&gt;"))])
    call = link.call(camera="34020000001320000001")
    call.invite()
    call.error_info("1", "no", status="488 \"><svg onload=alert(3)>")
    return cap


def test_pages(tshark, report):
    """A page per capture, an index and an object per call; the same values as the session table."""
    names = ["verdict-no-media.pcap", "verdict-loss.pcap", "catalog-trees.pcap"]
    paths = [tshark.sandbox.readable(name) for name in names]
    out, _, err = report(paths)
    assert sorted(os.listdir(out)) == sorted([*(name + ".html" for name in names), "index.html", "calls.ndjson"])
    assert [re.sub(r" \S+/", " ", line) for line in err.splitlines()] == [
        "[1/3] verdict-no-media.pcap: 2 calls, 1 faulty", "[2/3] verdict-loss.pcap: 1 call, 1 faulty",
        "[3/3] catalog-trees.pcap: 0 calls, 0 faulty"]
    calls = [json.loads(line) for line in (out / "calls.ndjson").read_text().splitlines()]
    for name in names:
        rows = tables.as_json(tshark, "hikcascade,sessions", name)["rows"]
        mine = [call for call in calls if call["capture"] == name]
        assert [{key: call[key] for key in row} for call, row in zip(mine, rows)] == rows and len(mine) == len(rows)
        assert all(call["started"] > 1577292000 for call in mine)
    index = Page(out / "index.html")
    assert [attributes["href"] for tag, attributes in index.tags if tag == "a"] == [
        *(name + ".html" for name in names), "verdict-no-media.pcap.html#s1", "verdict-loss.pcap.html#s0"]
    loss = Page(out / "verdict-loss.pcap.html")
    row = tables.as_json(tshark, "hikcascade,sessions", "verdict-loss.pcap")["rows"][0]
    for text in (row["sentence"], "hikcascade.session == 0", "Link rate, duplex", "219 RTP packets, 31 lost", "INVITE", "Bit rate",
                 "Key-frame distance", "192.0.2.10:7100"):
        assert text in loss.text, text
    assert loss.ids == ["s0"]
    assert Page(out / "verdict-no-media.pcap.html").ids == ["s1", "s0"]  # faulty calls first
    assert "short ID" in Page(out / "catalog-trees.pcap.html").text


@pytest.mark.once
def test_chinese(tshark, report):
    out, _, _ = report([tshark.sandbox.readable("verdict-no-media.pcap")], "--lang", "zh")
    page = Page(out / "verdict-no-media.pcap.html")
    assert page.tags[0] == ("html", {"lang": "zh-CN"})
    for text in ("异常呼叫", "排查建议", "呼叫已建立，但没有 RTP。"):
        assert text in page.text


def test_every_verdict_code_has_words():
    """Code by code as in verdict.h, in both languages."""
    sys.path.insert(0, str(REPO / "report"))
    from hikcascade_report import words
    from hikcascade_report.capture import NO_FAULT
    text = (REPO / "plugin" / "verdict" / "verdict.h").read_text()
    listed = re.findall(r"HIK_CODE_(\w+)", text[text.index("enum hik_code {"):text.index("};")])
    faults = listed[:listed.index("IN_PROGRESS")]
    assert set(faults) <= set(words.CODES) <= set(listed) and NO_FAULT <= set(words.CODES) and not NO_FAULT & set(faults)
    for code, texts in words.CODES.items():
        assert len(texts) == 4 and all(texts[:2]), code
    assert all(all(texts) for code, texts in words.CODES.items() if code in faults)
    assert all(len(values) == 2 and all(values) for values in words.WORDS.values())


@pytest.mark.once
def test_what_a_capture_says_is_text(tshark, report):
    """Markup in names is shown, not run."""
    path = tshark.sandbox.readable(hostile())
    out, _, _ = report([path])
    for name in (path.name + ".html", "index.html"):
        page = Page(out / name)
        assert SCRIPT in page.text
        assert '488 "><svg onload=alert(3)> by' in page.text


def test_over_tcp_and_in_a_ladder(tshark, report):
    """Several messages in one packet each have a step."""
    cap = Capture()
    link = Link(cap, transport="TCP")
    call = link.call()
    call.invite()
    call.trying()
    call.error_info("1", "busy", status="486 Busy Here")
    path = tshark.sandbox.readable(cap)
    out, _, _ = report([path])
    text = Page(out / (path.name + ".html")).text
    assert [text.count(word) for word in ("100 Trying", "486 Busy Here")] >= [1, 2]


def test_ndjson_alone(tshark, report):
    """For pipes: no folder, progress on standard error."""
    _, out, err = report([tshark.sandbox.readable("verdict-loss.pcap")], "--ndjson", "-")
    call, = [json.loads(line) for line in out.splitlines()]
    assert (call["capture"], call["verdict"], call["lost"]) == ("verdict-loss.pcap", "LOSS", 31)
    assert "[1/1]" in err
    _, out, err = report([tshark.sandbox.readable("verdict-loss.pcap")], "--ndjson", "-", "-q")
    assert err == ""


@pytest.mark.once
def test_unanswered_catalog_query(tshark, report):
    """Has an object in NDJSON, which readers of calls pass over, and a line on the page."""
    path = tshark.sandbox.readable(gen_questions.query_without_response())
    out, _, _ = report([path, tshark.sandbox.readable("verdict-loss.pcap")])
    query, call = [json.loads(line) for line in (out / "calls.ndjson").read_text().splitlines()]
    sentence = query.pop("sentence")
    assert query == {"capture": path.name, "unanswered": "Catalog", "device_id": "34020000002000000001", "sn": "17", "frame": 3}
    assert call["verdict"] == "LOSS" and "unanswered" not in call
    assert "SN 17, asked in frame 3: " + sentence in Page(out / (path.name + ".html")).text


@pytest.mark.once
def test_same_names(tshark, report):
    """Captures of one name in different folders have pages of their own."""
    box = tshark.sandbox
    paths = []
    for number in range(2):
        folder = box.files / ("same-%d" % number)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        path = folder / "a.pcap"
        path.write_bytes((box.readable("verdict-loss.pcap")).read_bytes())
        path.chmod(0o644)
        paths.append(path)
    out, _, _ = report(paths, "-j", "2")
    assert sorted(os.listdir(out)) == ["a.pcap-2.html", "a.pcap.html", "calls.ndjson", "index.html"]


@pytest.mark.once
def test_broken_captures(tshark, report):
    """The others are done all the same; the exit code and a sentence tell."""
    box = tshark.sandbox
    good = box.readable("verdict-loss.pcap")
    made = {"garbage.pcap": b"\x00\x01\x02" * 100, "empty.pcap": b"", "cut.pcap": good.read_bytes()[:-30]}
    for name, data in made.items():
        (box.files / name).write_bytes(data)
        (box.files / name).chmod(0o644)
    secret = box.home / "secret.pcap"
    secret.write_bytes(good.read_bytes())
    os.chown(secret, os.stat(box.home).st_uid, -1)
    secret.chmod(0)
    paths = [*(box.files / name for name in made), box.files / "missing.pcap", secret, good]
    out, _, err = report(paths, code=1)
    for name, said in (("garbage.pcap", "no report"), ("empty.pcap", "no report: it is empty."), ("cut.pcap", "not whole"),
                       ("missing.pcap", "no report: there is no such file."), ("secret.pcap", "no report: it may not be read.")):
        lines = [line for line in err.splitlines() if name in line and not line.startswith("[")]
        assert len(lines) == 1 and said in lines[0], (name, err)
    assert sorted(name for name in os.listdir(out) if name.endswith(".html")) == [
        "cut.pcap.html", "index.html", "verdict-loss.pcap.html"]
    assert "The file is not whole" in Page(out / "cut.pcap.html").text
    index = Page(out / "index.html").text
    assert index.count("No report: ") == 4 and "verdict-loss.pcap" in index
    assert len((out / "calls.ndjson").read_text().splitlines()) == 2


def test_foreign_capture(tshark, report):
    cap = Capture()
    cap.udp(("192.0.2.1", 1000), ("192.0.2.2", 53), b"nothing")
    path = tshark.sandbox.readable(cap)
    out, _, _ = report([path])
    assert "No call of GB/T 28181 is in this capture." in Page(out / (path.name + ".html")).text


@pytest.mark.once
def test_folder_of_captures(tshark, report):
    box = tshark.sandbox
    folder = box.files / "night"
    (folder / "more").mkdir(parents=True, exist_ok=True)
    for name in ("a.pcap", "more/b.pcapng", "more/readme.txt"):
        (folder / name).write_bytes(box.readable("verdict-loss.pcap").read_bytes())
        (folder / name).chmod(0o644)
    for path in (folder, folder / "more"):
        path.chmod(0o755)
    out, _, _ = report([folder])
    assert sorted(os.listdir(out)) == ["a.pcap.html", "b.pcapng.html", "calls.ndjson", "index.html"]


@pytest.mark.once
def test_no_place_to_write(tshark, report):
    """A folder without rights, a full disk: one sentence, and an exit code of its own."""
    box = tshark.sandbox
    good = box.readable("verdict-loss.pcap")
    locked = box.home / "locked"
    locked.mkdir(exist_ok=True)
    os.chown(locked, os.stat(box.home).st_uid, -1)
    locked.chmod(0o555)
    for folder in (locked, locked / "below"):
        _, _, err = report([good], "-q", code=2, folder=folder)
        assert re.fullmatch(r"hikcascade-report: \S+: Permission denied\.\n", err), err
    _, _, err = report([good], "-q", "--ndjson", "/dev/full", code=2)
    assert re.fullmatch(r"hikcascade-report: .*\.\n", err), err


@pytest.mark.once
def test_full_disk(tshark, report):
    """Files may not grow past 8 kB: the program says so, and leaves no half page."""
    box = tshark.sandbox
    out, _, err = report([box.readable("verdict-loss.pcap")], "-q", code=2, prefix=["prlimit", "--fsize=2000"])
    assert re.fullmatch(r"hikcascade-report: .*File too large\.\n", err), err
    assert os.listdir(out) == []


def test_without_the_plugin(tshark):
    box = tshark.sandbox
    done = box.run([sys.executable, "-B", program(box), box.readable("verdict-loss.pcap"), "-o", box.home / "none"], plugin=False)
    assert done.returncode == 2 and b"does not load the plugin hikcascade" in done.stderr
    done = box.run([sys.executable, "-B", program(box), box.readable("verdict-loss.pcap"), "-o", box.home / "none", "--tshark",
                    "/no/such/tshark"])
    assert done.returncode == 2 and b"/no/such/tshark is not installed" in done.stderr
    program_of_nobody = box.files / "no-program"
    program_of_nobody.write_bytes(b"\x7fELF")
    program_of_nobody.chmod(0o755)
    done = box.run([sys.executable, "-B", program(box), box.readable("verdict-loss.pcap"), "-o", box.home / "none", "--tshark",
                    program_of_nobody])
    assert done.returncode == 2 and done.stderr == b"hikcascade-report: %s cannot be started: Exec format error.\n" % bytes(program_of_nobody)
