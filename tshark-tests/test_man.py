# SPDX-License-Identifier: GPL-2.0-or-later
"""The man pages: well-formed, and every filter, table, preference, option and command in them exists."""

import re
import subprocess
import sys

import pytest

from test_docs import REPO, compile_filters
from test_report import program

PAGES = {name: (REPO / "docs" / "man" / name).read_text(encoding="utf-8") for name in ("hikcascade.7", "hikcascade-report.1")}


def plain(text):
    """Without the escapes and fonts of man."""
    text = text.replace("\\(aq", "'").replace("\\(dq", '"').replace("\\-", "-").replace("\\e", "\\")
    return re.sub(r"\\f.", "", text)


def section(name, title):
    return plain(re.search(r"^\.SH %s\n(.*?)(?=^\.SH|\Z)" % title, PAGES[name], re.MULTILINE | re.DOTALL).group(1))


def terms(name, title):
    """What stands behind .TP in a section."""
    return [re.sub(r"^\.(B|BR|I) ", "", line) for line in re.findall(r"^\.TP\n(.*)$", section(name, title), re.MULTILINE)]


def examples(name):
    return [block.strip() for block in re.findall(r"^\.nf\n(.*?)^\.fi", section(name, "EXAMPLES"), re.MULTILINE | re.DOTALL)]


@pytest.mark.once
@pytest.mark.parametrize("name", PAGES)
def test_well_formed(name):
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "style", str(REPO / "docs" / "man" / name)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8")
    assert (done.returncode, done.stdout) == (0, "")


def test_tables(tshark):
    done = tshark.sandbox.run(["tshark", "-z", "help"])
    listed = set(re.findall(r"hikcascade,\w+", (done.stdout + done.stderr).decode()))
    assert {term.replace("-z ", "") for term in terms("hikcascade.7", "TABLES")} == listed


def test_filters(tshark):
    """Those that the pages show compile, in the examples as well."""
    filters = terms("hikcascade.7", "FILTERS")
    assert len(filters) >= 9
    filters += re.findall(r"-Y '([^']+)'", plain(PAGES["hikcascade.7"])) + re.findall(r"hikcascade,sessions,([^']+)'", plain(PAGES["hikcascade.7"]))
    assert len(filters) >= 12
    compile_filters(tshark, filters)


def test_preferences(tshark):
    """All that there are, with values that tshark takes."""
    shown = [term.replace("-o ", "") for term in terms("hikcascade.7", "PREFERENCES")]
    names = {term.split(":")[0] for term in shown}
    listed = set(re.findall(r"^#?((?:hikcascade|manscdp|mansrtsp|mp2p)\.\w+):", tshark.run(["-G", "currentprefs"]), re.MULTILINE))
    assert names == listed | {"hikcascade.udp.port", "hikcascade.tcp.port"}
    capture = tshark.sandbox.readable("seed-cascade.pcap")
    for term in shown:
        name, _, value = term.partition(":")
        for one in ["text", "json", "csv", "tsv"] if name == "hikcascade.table_format" else [value]:
            if name != "manscdp.xml":
                tshark.run(["-r", capture, "-o", "%s:%s" % (name, one), "-q", "-z", "hikcascade,sessions"])


@pytest.mark.once
def test_examples(tshark):
    """Each as it stands, on a capture of that name; what needs jq, up to it."""
    capture = tshark.sandbox.readable("seed-cascade.pcap")
    shown = examples("hikcascade.7")
    assert len(shown) == 2
    for command in shown:
        command = command.replace("capture.pcap", "'%s'" % capture)
        done = tshark.sandbox.run(["sh", "-c", command])
        assert (done.returncode, done.stderr) == (0, b""), command
        assert b"37280601411319001158" in done.stdout and b"OK" in done.stdout
    command, = examples("hikcascade-report.1")
    command = command.split("|")[0].replace("capture.pcap", "'%s'" % capture)
    command = command.replace("hikcascade-report", "'%s' -B '%s'" % (sys.executable, program(tshark.sandbox)))
    done = tshark.sandbox.run(["sh", "-c", command])
    assert done.returncode == 0 and b'"verdict": "OK"' in done.stdout


@pytest.mark.once
def test_options_of_the_report(tshark):
    """All options of the program are on its page, and no others; each letter stands with its long name."""
    help_text = tshark.sandbox.run([sys.executable, "-B", program(tshark.sandbox), "--help"]).stdout.decode()
    listed = {}
    for line in re.findall(r"^  (-.*)$", help_text, re.MULTILINE):
        for match in re.finditer(r"(?:(-\w)(?: \w+)?, )?(--[\w-]+)", line.split("   ")[0]):
            listed[match.group(2)] = match.group(1)
    shown = {}
    for term in terms("hikcascade-report.1", "OPTIONS"):
        names = re.findall(r"(?<![\w-])--?[\w-]+", term)
        shown[names[-1]] = names[0] if len(names) == 2 else None
    assert len(shown) >= 7
    assert shown == listed


def test_paths(tshark):
    """The folders under FILES are those that tshark names."""
    folders = dict(re.findall(r"^([^:]+):\s+(.*)$", tshark.run(["-G", "folders"], plugin=False), re.MULTILINE))
    shown = terms("hikcascade.7", "FILES")
    assert re.fullmatch(shown[0].replace(".", r"\.").replace("*", "[^/]+"), folders["Global Plugins"] + "/epan/hikcascade.so")
    assert shown[1] == folders["Global configuration"].rstrip("/") + "/profiles/hikcascade"
