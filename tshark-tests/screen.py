# SPDX-License-Identifier: GPL-2.0-or-later
"""Wireshark's windows on a screen of their own (Xvfb), operated by keys and mouse (xdotool).

    with Screen(environment) as screen:
        with screen.wireshark("-r", "a.pcap", "-z", "hikcascade,sessions") as gui:
            gui.window("Hikvision cascade sessions")     -> its id, once it is there and drawn
            gui.keys("alt+f", "Up")   gui.click(12, 500)
        gui.said                                         -> lines of standard error that are not Wireshark's usual ones

    screen.py pictures FOLDER                        makes the pictures of README and the handbook (scripts/pictures)
"""

import hashlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
PROFILE_FILES = ("preferences", "recent", "colorfilters", "dfilter_buttons")
SIZE = (1366, 768)
# What Wireshark says on a machine without wireless devices and without a desktop.
USUAL = re.compile(r"^(nl80211 not found\.|QStandardPaths: .*|.*dconf-WARNING.*|.*dbus.*|\s*)$")
PATIENCE = 60


class Screen:
    """environment: of the programs, with HOME and WIRESHARK_PLUGIN_DIR. prefix: words in front of each command. home: puts
    the profile into HOME, and the size of the main window."""

    def __init__(self, environment, prefix=(), size=SIZE, home=True):
        self.environment, self.prefix, self.size, self.home = dict(environment), list(prefix), size, home

    def __enter__(self):
        read, write = os.pipe()
        self.server = subprocess.Popen(
            [*self.prefix, "Xvfb", "-displayfd", str(write), "-screen", "0", "%dx%dx24" % self.size, "-nolisten", "tcp", "-noreset"],
            pass_fds=[write], env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as display:
            number = display.readline().strip()
        assert number, "Xvfb did not start"
        self.environment.update(DISPLAY=":" + number, QT_QPA_PLATFORM="xcb")
        if self.home:
            self.set_up_home()
        end = time.monotonic() + PATIENCE
        while not self.run("xdotool", "getdisplaygeometry"):
            assert time.monotonic() < end and self.server.poll() is None, "Xvfb does not answer"
            time.sleep(0.1)
        return self

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait()

    def run(self, *command):
        done = subprocess.run([*self.prefix, *map(str, command)], env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE)
        assert done.returncode in (0, 1), done.stderr.decode()  # xdotool: 1 if it finds nothing
        return done.stdout

    def set_up_home(self):
        """The profile, and a main window over the whole screen."""
        folder = Path(self.environment["HOME"]) / ".config" / "wireshark"
        profile = folder / "profiles" / "hikcascade"
        self.run("mkdir", "-p", profile)
        for name in PROFILE_FILES:
            self.put(profile / name, (REPO / "profile" / name).read_text())
        self.put(folder / "recent_common", "".join("gui.geometry_main_%s: %s\n" % pair for pair in (
            ("x", 0), ("y", 0), ("width", self.size[0]), ("height", self.size[1]), ("maximized", "FALSE"))))

    def put(self, path, text):
        """Writes a file as the user who runs the programs."""
        subprocess.run([*self.prefix, "tee", str(path)], input=text.encode(), stdout=subprocess.DEVNULL, check=True)

    def wireshark(self, *arguments):
        return Wireshark(self, arguments)

    def picture(self, window="root"):
        """PNG of a window."""
        return self.run("import", "-window", window, "png:-")


class Wireshark:
    def __init__(self, screen, arguments):
        self.screen, self.arguments, self.said = screen, [str(word) for word in arguments], None

    def __enter__(self):
        self.process = subprocess.Popen(
            [*self.screen.prefix, "wireshark", "-C", "hikcascade", *self.arguments], env=self.screen.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        name = Path(self.arguments[self.arguments.index("-r") + 1]).name
        try:
            self.main = self.window("^" + re.escape(name))
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            # Windows of tables first: they are in front.
            for _, window in self.windows()[::-1]:
                if window != self.main:
                    self.focus(window)
                    self.keys("Escape")
                    self.wait(lambda: window not in [other for _, other in self.windows()], "a window does not close")
            self.focus(self.main)
            self.keys("ctrl+q")
            self.wait(lambda: self.process.poll() is not None, "Wireshark does not end")
        self.end()
        if kind is None:
            assert self.process.returncode == 0, "exit code %d: %s" % (self.process.returncode, self.said)

    def end(self):
        if self.said is not None:
            return
        if self.process.poll() is None:
            self.process.kill()
        out = self.process.communicate()[0].decode("utf-8", "replace")
        self.said = [line for line in out.splitlines() if not USUAL.match(line)]

    def wait(self, there, what, patience=PATIENCE):
        """What `there` returns, once that is something; it may take as long as a busy machine needs."""
        end = time.monotonic() + patience
        while True:
            if found := there():
                return found
            if time.monotonic() > end or (self.process.poll() not in (None, 0)):
                self.end()
                raise AssertionError("%s: %s; windows: %s" % (what, self.said, self.windows()))
            time.sleep(0.2)

    def windows(self):
        """(title, id) of every window that is shown."""
        ids = self.screen.run("xdotool", "search", "--onlyvisible", "--name", ".").decode().split()
        return [(self.screen.run("xdotool", "getwindowname", one).decode().strip(), one) for one in ids]

    def window(self, title, patience=PATIENCE):
        """The id of the window whose title fits, once it looks the same for a while."""
        found = self.wait(lambda: [one for name, one in self.windows() if re.search(title, name)], "no window %s" % title, patience)[0]
        self.settle(found)
        return found

    def settle(self, window="root"):
        seen = [None]

        def same():
            now = hashlib.sha256(self.screen.run("import", "-silent", "-window", window, "rgb:-")).digest()
            seen.append(now)
            return len(seen) > 5 and len(set(seen[-5:])) <= 2  # with and without the cursor that blinks
        self.wait(same, "the window keeps changing")

    def focus(self, window):
        self.screen.run("xdotool", "windowfocus", "--sync", window)

    def keys(self, *names):
        for name in names:
            self.screen.run("xdotool", "key", name)
            time.sleep(0.3)

    def type(self, text):
        self.screen.run("xdotool", "type", text)
        time.sleep(0.3)

    def click(self, x, y):
        self.screen.run("xdotool", "mousemove", x, y, "click", 1)
        time.sleep(0.3)

    def export_objects(self):
        """File > Export Objects > HIKCASCADE; the menu's third entry from the end, and in it the third in order."""
        self.focus(self.main)
        self.keys("alt+f", "Up", "Up", "Up", "Right", "Down", "Down", "Return")
        return self.window("Export . HIKCASCADE object list")


# ---- the pictures ---------------------------------------------------------------------------------------------------

CHROMIUM = ("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-logging=stderr")


class Pictures:
    """Makes the pictures of `capture` into `folder`."""

    def __init__(self, screen, folder, capture):
        self.screen, self.folder, self.capture = screen, Path(folder), str(capture)

    def keep(self, name, data):
        """As a small PNG: windows have few colours."""
        made = subprocess.run(["convert", "png:-", "+dither", "-colors", "64", "-strip", "-define", "png:compression-level=9",
                               "-define", "png:exclude-chunks=date,time", "png8:-"], input=data, stdout=subprocess.PIPE, check=True).stdout
        (self.folder / (name + ".png")).write_bytes(made)
        print("%s.png: %d kB" % (name, len(made) // 1000))

    def packet(self, name, filter, row, clicks, pane=190):
        """The main window after a display filter, with the packet of that row. clicks: (level, row) of tree items to open,
        rows as they stand by then; pane: height of the packet list."""
        profile = Path(self.screen.environment["HOME"]) / ".config" / "wireshark" / "profiles" / "hikcascade"
        # View > Packet Bytes off: the tree has the width.
        self.screen.put(profile / "recent", (REPO / "profile" / "recent").read_text() +
                        "\ngui.byte_view_show: FALSE\ngui.geometry_main_upper_pane: %d\n" % pane)
        with self.screen.wireshark("-r", self.capture) as gui:
            # Typed once the file is loaded, as users do: verdicts are known then.
            gui.focus(gui.main)
            gui.keys("ctrl+slash")
            gui.type(filter)
            gui.keys("Return")
            gui.settle()
            gui.click(400, 123 + 17 * row)
            for level, item in clicks:
                gui.click(11 + 20 * level, pane + 105 + 17 * item)
            gui.settle()
            self.keep(name, self.screen.picture())

    def table(self, name, table, size=None):
        """A table's window; size: as a user makes it, else as Wireshark opens it."""
        with self.screen.wireshark("-r", self.capture, "-z", "hikcascade," + table) as gui:
            window = gui.window("Hikvision cascade " + table)
            if size:
                self.screen.run("xdotool", "windowmove", window, 0, 0, "windowsize", "--sync", window, *size)
                gui.settle(window)
            self.keep(name, self.screen.picture(window))

    def export(self, name):
        with self.screen.wireshark("-r", self.capture) as gui:
            self.keep(name, self.screen.picture(gui.export_objects()))

    def report(self, name, language, size):
        """The page of the capture, from its top."""
        home = Path(self.screen.environment["HOME"])
        self.screen.run(sys.executable, "-B", REPO / "report" / "hikcascade-report", self.capture, "-q", "-o", home / name, "--lang",
                        language)
        page = home / name / (Path(self.capture).name + ".html")
        self.screen.run(*CHROMIUM, "--user-data-dir=%s" % (home / (name + "-browser")), "--window-size=%d,%d" % size,
                        "--screenshot=%s" % (home / (name + ".png")), "file://%s" % page)
        self.keep(name, (home / (name + ".png")).read_bytes())

    def all(self):
        self.packet("verdicts", "hikcascade.verdict", 2, [(0, 5)])
        self.packet("loss", "hikcascade.rtp_lost || mp2p.lost", 0, [(0, 5)])
        self.packet("catalog-answer", 'manscdp.cmd_type == "Catalog"', 1, [(0, 4), (1, 7), (2, 8)])
        self.packet("registration", "hikcascade.auth_loop || hikcascade.unanswered", 1, [(0, 5)])
        self.packet("playback", "mansrtsp.scale || mansrtsp.range", 1, [(0, 4), (1, 7), (2, 8)])
        self.table("sessions", "sessions", (1366, 330))
        self.table("platforms", "platforms", (1366, 220))
        self.table("catalog", "catalog")
        self.export("export")
        self.report("report", "en", (1366, 900))
        self.report("report.zh-CN", "zh", (1366, 900))


def main(words):
    """screen.py pictures FOLDER: with HOME, XDG_RUNTIME_DIR and WIRESHARK_PLUGIN_DIR of whoever may run Wireshark."""
    what, folder = words
    assert what == "pictures"
    names = ("PATH", "HOME", "XDG_RUNTIME_DIR", "WIRESHARK_PLUGIN_DIR", "LD_LIBRARY_PATH")
    environment = {name: os.environ[name] for name in names if name in os.environ}
    environment.update(LC_ALL="C.UTF-8", TZ="UTC")
    with Screen(environment) as screen:
        Pictures(screen, folder, REPO / "test-captures" / "handbook.pcap").all()


if __name__ == "__main__":
    main(sys.argv[1:])
