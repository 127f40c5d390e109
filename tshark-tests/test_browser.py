# SPDX-License-Identifier: GPL-2.0-or-later
"""The pages of hikcascade-report in a real browser (headless Chromium): what a capture says is shown and never run, the
console stays silent, a page of 1,000 calls opens, a small screen shows all of it."""

import re
import time

import pytest
from hikpcap import Capture, Link
from test_report import SCRIPT, hostile, report  # noqa: F401 (report is a fixture)

CHROMIUM = ("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-logging=stderr")
pytestmark = pytest.mark.once


class Browser:
    def __init__(self, box):
        self.box = box

    def __call__(self, page, *options):
        """(what the browser made of the page, lines of its console)."""
        self.box.count += 1
        done = self.box.run([*CHROMIUM, "--user-data-dir=%s" % (self.box.home / ("browser-%d" % self.box.count)), *options,
                             "file://%s" % page])
        err = done.stderr.decode("utf-8", "replace")
        assert done.returncode == 0, err
        return done.stdout.decode("utf-8"), [line for line in err.splitlines() if "CONSOLE" in line]


@pytest.fixture
def browser(sandbox):
    return Browser(sandbox)


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
    dom, console = browser(made(sandbox, text), "--dump-dom")
    assert "<title>ran</title>" not in dom
    assert len(console) == 1 and "Content Security Policy" in console[0], console
    dom, console = browser(made(sandbox, re.sub(r"<meta http-equiv[^>]*>", "", text)), "--dump-dom")
    assert "<title>ran</title>" in dom and console == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_names_are_shown_and_not_run(browser, report, tshark, language):
    path = tshark.sandbox.readable(hostile())
    out, _, _ = report([path, tshark.sandbox.readable("verdict-loss.pcap")], "--lang", language)
    for name, times in ((path.name + ".html", 3), ("index.html", 1)):
        dom, console = browser(out / name, "--dump-dom")
        assert console == []
        assert "<script" not in dom and "<svg onload" not in dom
        assert dom.count(SCRIPT.replace("<", "&lt;").replace(">", "&gt;")) >= times
        assert '488 "&gt;&lt;svg onload=alert(3)&gt; by' in dom
    dom, console = browser(out / "verdict-loss.pcap.html", "--dump-dom")
    assert console == [] and "<path" in dom


def test_thousand_calls(browser, report, tshark):
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
    page, empty = out / (path.name + ".html"), made(tshark.sandbox, "<!DOCTYPE html><title>empty</title>")

    def seconds(page):
        begin = time.monotonic()
        dom, console = browser(page, "--dump-dom")
        assert console == []
        return time.monotonic() - begin, dom
    empties, pages = zip(*((seconds(empty)[0], seconds(page)) for _ in range(3)))
    assert pages[0][1].count('<section class="call') == 1000
    assert min(spent for spent, _ in pages) < 5 * min(empties)


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
        dom, console = browser(made(tshark.sandbox, text), "--window-size=1366,768", "--dump-dom")
        assert console == []
        words = re.search(r"<title>([^<]*)</title>", dom)[1].split()
        assert len(words) >= 2 and all(re.fullmatch(r"0|-\d+", word) for word in words), words
    picture = tshark.sandbox.home / "page.png"
    browser(out / "verdict-loss.pcap.html", "--window-size=1366,768", "--screenshot=%s" % picture)
    data = picture.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and data[16:24] == (1366).to_bytes(4, "big") + (768).to_bytes(4, "big")
    assert len(data) > 20000  # an empty page has 4 kB
