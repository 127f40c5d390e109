# SPDX-License-Identifier: GPL-2.0-or-later
"""The pages of hikcascade-report in a real browser (headless Chromium): what a capture says is shown and never run, the
console stays silent, a page of 1,000 calls opens, a small screen shows all of it."""

import base64
import fcntl
import json
import os
import re
import select
import subprocess
import time

import pytest
from hikpcap import Capture, Link
from test_report import SCRIPT, hostile, report  # noqa: F401 (report is a fixture)

CHROMIUM = ("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync")
pytestmark = pytest.mark.once


class Browser:
    """One Chromium for many pages, told what to do over two pipes (--remote-debugging-pipe): JSON, each message with a NUL."""

    def __init__(self, box):
        box.count += 1
        # Behind 3 and 4, the numbers that the browser reads and writes.
        here, there = ([fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in os.pipe()] for _ in range(2))
        command = [*box.prefix, "bash", "-c", 'exec "$@" 3<&%d 4>&%d' % (here[0], there[1]), "bash", *CHROMIUM, "--remote-debugging-pipe",
                   "--user-data-dir=%s" % (box.home / ("browser-%d" % box.count)), "about:blank"]
        self.process = subprocess.Popen(command, env=box.environment(), cwd=str(box.files), pass_fds=[here[0], there[1]],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(here[0])
        os.close(there[1])
        self.out, self.into, self.rest, self.number, self.events, self.page = here[1], there[0], b"", 0, [], None
        target = next(one for one in self.tell("Target.getTargets")["targetInfos"] if one["type"] == "page")
        self.page = self.tell("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.tell(domain + ".enable")

    def message(self):
        while b"\0" not in self.rest:
            assert select.select([self.into], [], [], 120)[0], "the browser says nothing"
            piece = os.read(self.into, 1 << 20)
            assert piece, "the browser has ended"
            self.rest += piece
        one, self.rest = self.rest.split(b"\0", 1)
        return json.loads(one)

    def tell(self, method, **parameters):
        """What it answers. What it says meanwhile is kept in `events`."""
        self.number += 1
        words = {"id": self.number, "method": method, "params": parameters, **({"sessionId": self.page} if self.page else {})}
        left = memoryview(json.dumps(words).encode() + b"\0")
        while left:
            left = left[os.write(self.out, left):]
        while (answer := self.message()).get("id") != self.number:
            self.events.append(answer)
        assert "result" in answer, answer
        return answer["result"]

    def evaluate(self, expression):
        return self.tell("Runtime.evaluate", expression=expression, returnByValue=True)["result"]["value"]

    def open(self, page, width=800, height=600):
        """(what the browser made of the page, what its console says)."""
        self.events.clear()
        self.tell("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        assert "errorText" not in self.tell("Page.navigate", url="file://%s" % page)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.message())
        text = self.evaluate("document.documentElement.outerHTML")
        said = [event["params"]["entry"]["text"] for event in self.events if event.get("method") == "Log.entryAdded"]
        said += [str(event["params"]) for event in self.events
                 if event.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Page.javascriptDialogOpening")]
        return text, said

    def picture(self):
        return base64.b64decode(self.tell("Page.captureScreenshot", format="png")["data"])

    def end(self):
        self.page = None
        self.tell("Browser.close")
        assert self.process.wait(60) == 0
        os.close(self.out)
        os.close(self.into)


@pytest.fixture(scope="module")
def browser(sandbox):
    one = Browser(sandbox)
    yield one
    one.end()


def made(box, text):
    box.count += 1
    path = box.files / ("page-%d.html" % box.count)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)
    return path


def test_the_console_would_tell(sandbox, browser, report, tshark):
    """What the tests below rest on: a script in such a page does not run, and the console speaks of it."""
    path = tshark.sandbox.readable(hostile())
    out, _, _ = report([path])
    text = (out / (path.name + ".html")).read_text(encoding="utf-8").replace("<h1>", "<script>document.title='ran'</script><h1>")
    dom, console = browser.open(made(sandbox, text))
    assert "<title>ran</title>" not in dom
    assert len(console) == 1 and "Content Security Policy" in console[0], console
    dom, console = browser.open(made(sandbox, re.sub(r"<meta http-equiv[^>]*>", "", text)))
    assert "<title>ran</title>" in dom and console == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_names_are_shown_and_not_run(browser, report, tshark, language):
    path = tshark.sandbox.readable(hostile())
    out, _, _ = report([path, tshark.sandbox.readable("verdict-loss.pcap")], "--lang", language)
    for name, times in ((path.name + ".html", 3), ("index.html", 1)):
        dom, console = browser.open(out / name)
        assert console == []
        assert "<script" not in dom and "<svg onload" not in dom
        assert dom.count(SCRIPT.replace("<", "&lt;").replace(">", "&gt;")) >= times
        assert '488 "&gt;&lt;svg onload=alert(3)&gt; by' in dom
    dom, console = browser.open(out / "verdict-loss.pcap.html")
    assert console == [] and "<path" in dom


def test_thousand_calls(sandbox, browser, report, tshark):
    """Opens, with all of its calls, in the time that starting the browser takes, a few times over."""
    cap = Capture(gap=0.0001)
    link = Link(cap)
    for number in range(1000):
        call = link.call(camera="3402000000132%07d" % number)
        call.start()
        call.rtp(3, skip=(1,) if number % 2 else ())
        call.bye()
    path = tshark.sandbox.readable(cap)
    out, _, _ = report([path])
    starts, openings = [], []
    for _ in range(2):
        begin = time.monotonic()
        another = Browser(sandbox)
        another.open(made(sandbox, "<!DOCTYPE html><title>empty</title>"))
        starts.append(time.monotonic() - begin)
        another.end()
        begin = time.monotonic()
        dom, console = browser.open(out / (path.name + ".html"))
        openings.append(time.monotonic() - begin)
        assert console == [] and dom.count('<section class="call') == 1000
    assert min(openings) < 4 * min(starts)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_page_fits_a_small_screen(browser, report, tshark, language):
    """On 1366x768 nothing needs sideways scrolling, no heading of one word is broken, and the page is drawn."""
    names = ["verdict-loss.pcap", "catalog-trees.pcap", "platforms-two-pairs.pcap"]
    out, _, _ = report([tshark.sandbox.readable(name) for name in names], "--lang", language)
    for name in names:
        # Without the page's ban of scripts, so that the browser can be asked for sizes.
        text = re.sub(r"<meta http-equiv[^>]*>", "", (out / (name + ".html")).read_text(encoding="utf-8"))
        text = text.replace("</body>", "<script>document.title = [document.documentElement.scrollWidth - innerWidth, "
                            "...[...document.querySelectorAll('.wide')].map(e => e.scrollWidth - e.clientWidth), "
                            "...[...document.querySelectorAll('th')].filter(e => { const r = document.createRange(); "
                            "r.selectNodeContents(e); return !/[ （]/.test(e.textContent) && r.getClientRects().length > 1 })"
                            ".map(e => e.textContent)].join(' ')</script></body>")
        dom, console = browser.open(made(tshark.sandbox, text), 1366, 768)
        assert console == []
        words = re.search(r"<title>([^<]*)</title>", dom)[1].split()
        assert len(words) >= 2 and all(re.fullmatch(r"0|-\d+", word) for word in words), words
    browser.open(out / "verdict-loss.pcap.html", 1366, 768)
    data = browser.picture()
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and data[16:24] == (1366).to_bytes(4, "big") + (768).to_bytes(4, "big")
    assert len(data) > 20000  # an empty page has 4 kB
