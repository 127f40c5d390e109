# SPDX-License-Identifier: GPL-2.0-or-later
"""Installation: where `cmake --install` puts things, and install.sh of the archive for one user. The packages as a whole,
in clean systems: scripts/test-packages."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

import conftest
import screen
from test_docs import PROFILE_FILES, REPO

REPORT = [path.name for path in (REPO / "report" / "hikcascade_report").glob("*.py")]


def cmake_install(work, destination=None, component=None, prefix=None):
    """Runs CMake's installation script of the build under test, which may be a copy of the folder it was written for."""
    folder = conftest.PLUGIN_DIR.parent
    if not (folder / "cmake_install.cmake").is_file():
        pytest.skip("HIK_PLUGIN_DIR is in no build folder")
    cache = dict(re.findall(r"^(\w+):\w+=(.*)$", (folder / "CMakeCache.txt").read_text(), re.MULTILINE))
    if cache["HIK_INSTALL_PERSONAL"] == "ON":
        pytest.skip("this build installs into a home")
    text = (folder / "cmake_install.cmake").read_text()
    text = text.replace(cache["CMAKE_CACHEFILE_DIR"], str(folder)).replace(cache["CMAKE_HOME_DIRECTORY"], str(REPO))
    text = re.sub(r"install_(local_)?manifest", "install_manifest_of_test", text)
    script = work / "install.cmake"
    script.write_text(text)
    words = ["cmake"]
    if component:
        words += ["-DCMAKE_INSTALL_COMPONENT=" + component, "-DCMAKE_INSTALL_PREFIX=%s" % prefix]
    done = subprocess.run([*words, "-P", str(script)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=dict(os.environ, **({"DESTDIR": str(destination)} if destination else {})))
    assert done.returncode == 0, done.stdout.decode()


def files_below(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def test_installs_where_wireshark_looks(tshark, tmp_path):
    """`cmake --install` puts the plugin and the profile into the folders tshark names."""
    destination = tmp_path / "destination"
    cmake_install(tmp_path, destination)
    folders = dict(re.findall(r"^([^:]+):\s+(.*)$", tshark.run(["-G", "folders"], plugin=False), re.MULTILINE))
    assert {"/" + name for name in files_below(destination)} == {folders["Global Plugins"] + "/epan/hikcascade.so"} | {
        "%s/profiles/hikcascade/%s" % (folders["Global configuration"].rstrip("/"), name) for name in PROFILE_FILES} | {
        "/usr/bin/hikcascade-report"} | {"/usr/share/hikcascade/hikcascade_report/" + name for name in REPORT} | {
        "/usr/share/man/man7/hikcascade.7.gz", "/usr/share/man/man1/hikcascade-report.1.gz"}


class User:
    """An ordinary user with an empty home and the unpacked archive."""

    def __init__(self, tshark, folder):
        box = tshark.sandbox
        self.version = "%d.%d" % tshark.version[:2]
        self.archive = folder / "archive"
        self.home = folder / "home"
        self.prefix, self.nothing = box.prefix, box.nothing
        self.folder = folder
        cmake_install(folder, component="archive", prefix=self.archive)
        self.home.mkdir()
        self.capture = folder / "capture.pcap"
        shutil.copy(conftest.CAPTURES / "seed-cascade.pcap", self.capture)
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o755)
            if box.root:
                os.chown(path, conftest.NOBODY, conftest.NOBODY)
        self.plugins = self.home / ".local/lib/wireshark/plugins" / self.version / "epan/hikcascade.so"
        self.profile = self.home / ".config/wireshark/profiles/hikcascade"

    def run(self, *command, path=None, code=0):
        """(standard output, standard error)"""
        environment = ["env", "-i", "PATH=%s" % (path or os.environ["PATH"]), "HOME=%s" % self.home, "LC_ALL=C.UTF-8",
                       "WIRESHARK_EXTCAP_DIR=%s" % self.nothing, *("%s=%s" % pair for pair in conftest.LARGE_PAGES.items())]
        done = subprocess.run([*self.prefix, *environment, *map(str, command)], cwd=str(self.folder), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", timeout=120)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout, done.stderr

    def install(self, *words, **options):
        return self.run(self.archive / "install.sh", *words, **options)

    def uninstall(self):
        return self.run(self.home / ".local/share/hikcascade/install.sh", "--uninstall")[0]

    def files(self):
        return files_below(self.home)


@pytest.fixture
def user(tshark):
    folder = Path(tempfile.mkdtemp(prefix="hikcascade-user-"))
    yield User(tshark, folder)
    shutil.rmtree(folder)


@pytest.mark.once
def test_archive_for_one_user(user):
    """Plugin, profile, report and man pages work after install.sh alone, and nothing is left after --uninstall."""
    said, _ = user.install()
    assert user.files() == {
        ".local/lib/wireshark/plugins/%s/epan/hikcascade.so" % user.version, ".local/bin/hikcascade-report",
        ".local/share/man/man7/hikcascade.7.gz", ".local/share/man/man1/hikcascade-report.1.gz",
        ".local/share/hikcascade/install.sh", ".local/share/hikcascade/installed"} | {
        ".config/wireshark/profiles/hikcascade/" + name for name in PROFILE_FILES} | {".config/wireshark/recent_common"} | {
        ".local/share/hikcascade/profile/" + name for name in files_below(user.archive / "profile")} | {
        ".local/share/hikcascade/hikcascade_report/" + name for name in REPORT}
    for path in (user.plugins, user.profile, user.home / ".local/bin/hikcascade-report"):
        assert str(path) in said
    assert "tshark %s loads it" % user.version in said and "install.sh --uninstall" in said
    assert str(user.home / ".local/bin") + " is not in your PATH" in said

    rows, complaints = user.run("tshark", "-r", user.capture, "-q", "-o", "hikcascade.table_format:json", "-z", "hikcascade,sessions")
    assert [row["verdict"] for row in json.loads(rows)["rows"]] == ["OK"] and complaints == ""
    columns, _ = user.run("tshark", "-C", "hikcascade", "-r", user.capture, "-n", "-2", "-Y", "frame.number == 5", "-T", "tabs")
    assert "\t37280601411319001158\t" in columns
    lines, _ = user.run(user.home / ".local/bin/hikcascade-report", "--ndjson", "-", user.capture)
    assert [json.loads(line)["verdict"] for line in lines.splitlines()] == ["OK"]

    before = user.files()
    user.install()
    assert user.files() == before, "installing twice differs from once"
    assert "hikcascade is gone" in user.uninstall()
    assert user.files() == set()


@pytest.mark.once
def test_archive_keeps_what_the_user_changed(user):
    """In the profile, when installing again and when uninstalling; `recent` is Wireshark's own."""
    user.install()
    colours, recent = user.profile / "colorfilters", user.profile / "recent"
    for path in (colours, recent):
        path.write_text(path.read_text() + "# mine\n")
    own = user.profile / "decode_as_entries"
    own.write_text("")
    said, _ = user.install()
    assert "kept:       %s" % colours in said
    assert colours.read_text().endswith("# mine\n") and recent.read_text().endswith("# mine\n")
    said = user.uninstall()
    assert "kept, because you changed it: %s" % colours in said and "kept, because it is not empty: %s" % user.profile in said
    assert user.files() == {path.relative_to(user.home).as_posix() for path in (colours, own)}
    # A profile of that name that was there before is the user's, too.
    said, _ = user.install()
    assert "kept:       %s" % colours in said
    user.uninstall()
    assert user.files() == {path.relative_to(user.home).as_posix() for path in (colours, own)}


@pytest.mark.once
def test_archive_leaves_sizes_of_windows_alone(user):
    """Those that the user gave to a table, and those of other windows."""
    recent = user.home / ".config/wireshark/recent_common"
    user.run("mkdir", "-p", recent.parent)
    recent.write_text("gui.geometry_main_x: 20\ngui.geom.Hikvision cascade sessions.width: 900\n")
    recent.chmod(0o666)
    user.install()
    lines = recent.read_text().splitlines()
    assert lines[:2] == ["gui.geometry_main_x: 20", "gui.geom.Hikvision cascade sessions.width: 900"]
    assert [line for line in lines if "sessions" in line] == lines[1:2]
    assert lines[2:] == ["gui.geom.Hikvision cascade %s.%s" % (table, size) for table in ("platforms", "catalog")
                         for size in ("x: 20", "y: 80", "width: 1320", "height: 500")]
    user.uninstall()
    assert recent.read_text() == "gui.geometry_main_x: 20\n"


@pytest.mark.once
def test_tables_open_wide(user, tshark):
    """After the installation the session window shows verdict and sentence on a small screen."""
    user.install()
    runtime = user.folder / "run"
    user.run("mkdir", "-m", "700", runtime)
    environment = {"PATH": os.environ["PATH"], "HOME": str(user.home), "XDG_RUNTIME_DIR": str(runtime), "LC_ALL": "C.UTF-8",
                   "WIRESHARK_EXTCAP_DIR": str(user.nothing)}
    with screen.Screen(environment, user.prefix, home=False) as made:
        with made.wireshark("-r", user.capture, "-z", "hikcascade,sessions") as wireshark:
            window = wireshark.window("Hikvision cascade sessions")
            size = made.run("xdotool", "getwindowgeometry", "--shell", window).decode()
    assert "WIDTH=1320\n" in size and "HEIGHT=500\n" in size, size


@pytest.mark.once
def test_archive_takes_away_what_an_older_version_had(user):
    user.install()
    old = user.home / ".local/share/hikcascade/hikcascade_report/old.py"
    old.write_text("")
    listed = user.home / ".local/share/hikcascade/installed"
    listed.write_text(listed.read_text() + "%s\n" % old)
    said, _ = user.install()
    assert "removed:    %s (of an older version)" % old in said
    assert not old.exists()


def programs(user, **scripts):
    """A folder for PATH: what install.sh needs, and scripts of these names."""
    folder = user.folder / "programs"
    folder.mkdir(mode=0o755)
    for name in ("sh", "dirname", "sed", "cat", "cp", "rm", "mv", "mkdir", "rmdir", "sort", "comm", "cmp", "grep", "id", "uname"):
        if name not in scripts:
            (folder / name).symlink_to(shutil.which(name))
    for name, text in scripts.items():
        (folder / name).write_text("#!/bin/sh\n%s\n" % text)
        (folder / name).chmod(0o755)
    return folder


@pytest.mark.once
def test_archive_of_another_version(user):
    """It says which version it is for and which is there, and installs nothing."""
    path = programs(user, tshark="echo 'TShark (Wireshark) 9.8.1 (v9.8.1)'")
    _, said = user.install(path=path, code=1)
    assert "this archive is for Wireshark %s; %s/tshark is 9.8." % (user.version, path) in said
    assert "Nothing was installed." in said
    assert user.files() == set()


@pytest.mark.once
def test_archive_without_wireshark(user):
    _, said = user.install(path=programs(user), code=1)
    assert "neither tshark nor wireshark is in PATH: install Wireshark %s first" % user.version in said
    assert user.files() == set()


@pytest.mark.once
def test_archive_with_wireshark_alone(user):
    """Without tshark the folders are Wireshark's defaults, those that tshark would have named."""
    path = programs(user, wireshark="echo 'Wireshark %s.2 (v%s.2)'" % (user.version, user.version))
    user.install(path=path)
    assert user.plugins.is_file() and (user.profile / "preferences").is_file()
    rows, _ = user.run("tshark", "-r", user.capture, "-q", "-z", "hikcascade,sessions")
    assert "37280601411319001158" in rows


@pytest.mark.once
def test_archive_refuses_root(user):
    """For whom Wireshark would not load it."""
    _, said = user.install(path=programs(user, id="echo 0"), code=1)
    assert "Wireshark ignores plugins of your own for root" in said
    assert user.files() == set()


@pytest.mark.once
def test_archive_that_does_not_load(user):
    """A plugin that tshark does not load is said, with tshark's own words."""
    library = user.archive / "plugins" / user.version / "epan/hikcascade.so"
    library.write_bytes(b"no library")
    _, said = user.install(code=1)
    assert "tshark does not load the plugin (above)" in said and "hikcascade.so" in said


@pytest.mark.once
def test_uninstall_without_installation(user):
    _, said = user.install("--uninstall", code=1)
    assert "there is nothing to undo" in said
