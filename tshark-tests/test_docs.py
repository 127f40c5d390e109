# SPDX-License-Identifier: GPL-2.0-or-later
"""What a new user reads is true: the list of fields, the filters and files README names, its links, the profile,
and the public names with their types."""

import fnmatch
import os
import re
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest

import conftest

REPO = conftest.REPO
README = (REPO / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (REPO / "docs" / "architecture.md").read_text(encoding="utf-8")
PROFILE = REPO / "profile"
PAGES = [*REPO.glob("README*.md"), *(REPO / "docs").glob("*.md")]
PROFILE_FILES = ("preferences", "recent", "colorfilters", "dfilter_buttons")

# The public interface: users type these names, save them in profiles and script against them. Names may be added here,
# none may go or get another type. "label" is a name without a value (FT_NONE or a protocol's subtree).
CONTRACT = {
    "hikcascade": {
        "session": "UINT32", "direction": "UINT8", "invite_in": "FRAMENUM", "answer_in": "FRAMENUM",
        "ack_in": "FRAMENUM", "bye_in": "FRAMENUM",
        "device_id": "STRING", "device_id.region": "STRING", "device_id.industry": "UINT8", "device_id.type": "UINT16",
        "device_id.network": "UINT8", "device_id.serial": "STRING",
        "subject": "STRING", "subject.sender_id": "STRING", "subject.sender_seq": "STRING",
        "subject.receiver_id": "STRING", "subject.receiver_seq": "STRING",
        "stream_mode": "STRING", "stream_mode.source": "STRING", "file_size": "INT64",
        "ssrc": "UINT32", "ssrc.text": "STRING", "ssrc.history": "BOOLEAN", "ssrc.domain": "STRING",
        "ssrc.serial": "STRING",
        "format": "STRING", "format.video_codec": "UINT8", "format.resolution": "STRING", "format.frame_rate": "UINT8",
        "format.rate_type": "UINT8", "format.bit_rate": "UINT32", "format.audio_codec": "UINT8",
        "format.audio_bit_rate": "UINT8", "format.sample_rate": "UINT8",
        "media.addr": "STRING", "media.port": "UINT16", "media.rtcp_port": "UINT16",
        "error_code": "STRING", "error_text": "STRING",
        "camera": "STRING", "camera_name": "STRING", "expected_ssrc": "UINT32", "verdict": "STRING",
        **dict.fromkeys((
            "ssrc_mismatch", "ssrc_constant", "ssrc_missing", "ssrc_malformed", "ssrc_shared", "no_answer", "rejected",
            "no_media", "private_address", "port_zero", "unnegotiated_source", "tcp_role_conflict", "tcp_no_connection",
            "rtp_lost", "ssrc_changed", "payload_not_declared", "media_after_bye", "content_length", "sdp_broken_line",
            "auth_loop", "registration_expired", "keepalive_missed", "bye_without_dialog", "id_not_20_digits",
            "not_in_catalog"), "NONE"),
    },
    "manscdp": {
        "root": "STRING", "cmd_type": "STRING", "sn": "UINT32", "device_id": "STRING", "result": "STRING",
        "sum_num": "UINT32", "num": "UINT32", "item.device_id": "STRING", "item.name": "STRING", "item.status": "STRING",
        "item.parent_id": "STRING", "notify_type": "STRING", "ptz_cmd": "STRING", "encoding": "STRING",
        "received": "UINT32", "element": "STRING",
        **dict.fromkeys(("malformed", "charset_mismatch", "sum_mismatch"), "NONE"),
    },
    "mansrtsp": {
        "method": "STRING", "version": "STRING", "cseq": "UINT32", "scale": "DOUBLE", "range": "STRING",
        "range.start": "DOUBLE", "pause_time": "STRING",
    },
    "mp2p": {
        "pack": "NONE", "scr": "DOUBLE", "mux_rate": "UINT32", "stuffing": "UINT8", "hik_frame": "UINT32",
        "system_header": "NONE", "psm": "NONE", "psm.stream_type": "UINT8", "psm.stream_id": "UINT8",
        "psm.descriptor": "BYTES", "psm.crc": "UINT32", "stream_id": "UINT8", "pes.length": "UINT16", "pts": "DOUBLE",
        "dts": "DOUBLE", "continuation": "UINT32", "codec": "STRING", "nal_type": "UINT8", "key_frame": "BOOLEAN",
        "frame.first": "FRAMENUM", "frame.last": "FRAMENUM", "frame.size": "UINT32", "frame.packets": "UINT32",
        "frame.width": "UINT16", "frame.height": "UINT16", "frame.rate": "DOUBLE",
        **dict.fromkeys(("lost", "resync", "no_psm", "psm_broken", "codec_mismatch", "not_ps"), "NONE"),
    },
}


@pytest.fixture(scope="module")
def registered(tshark):
    """{name: type} of everything tshark knows with the plugin."""
    return {cells[2]: cells[3] for cells in (line.split("\t") for line in tshark.run(["-G", "fields"]).splitlines())
            if cells[0] == "F" and cells[2].split(".")[0] in CONTRACT}


@pytest.mark.parametrize("protocol", CONTRACT)
def test_public_names(registered, protocol):
    want = {"%s.%s" % (protocol, name): "FT_" + kind for name, kind in CONTRACT[protocol].items()}
    have = {name: registered.get(name, "missing") for name in want}
    assert have == want


@pytest.mark.once
def test_field_list_is_current(tshark):
    made = runpy.run_path(str(REPO / "scripts" / "fields"))["render"](
        tshark.run(["-G", "fields"]), tshark.run(["-G", "values"]))
    have = (REPO / "docs" / "fields.md").read_text(encoding="utf-8")
    if made != have:
        differ = sorted(set(made.splitlines()) ^ set(have.splitlines()))
        pytest.fail("build, then run scripts/fields. Lines that differ:\n" + "\n".join(differ[:40]))


# ---- README


def section(title, page=README):
    """The text of one "## title" section of a page."""
    match = re.search(r"^## %s$\n(.*?)(?=^## |\Z)" % re.escape(title), page, re.MULTILINE | re.DOTALL)
    assert match, "no section %s" % title
    return match.group(1)


def table(text):
    """Rows of the tables in a text: lists of cells. `\\|` is a bar inside a cell."""
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip().replace("\\|", "|") for cell in row] for row in rows if not set(row[0]) <= set("-: ")]


def code(cell):
    return re.findall(r"`([^`]+)`", cell)


def compile_filters(tshark, filters):
    """sharkd says for each filter whether Wireshark takes it."""
    answers = tshark.sharkd("seed-cascade.pcap", [("check", {"filter": text}) for text in filters])
    bad = [(text, answer) for text, answer in zip(filters, answers) if answer != {"status": "OK"}]
    assert bad == []


def test_a_wrong_filter_would_be_found(tshark):
    with pytest.raises(AssertionError):
        compile_filters(tshark, ["hikcascade.sesion == 0"])


def files():
    """Every file of the repository, captures apart (they have a list of their own)."""
    found = set()
    for folder, folders, names in os.walk(REPO):
        here = Path(folder).relative_to(REPO)
        folders[:] = [name for name in folders if not name.startswith("build") and
                      name not in (".git", "__pycache__", ".pytest_cache", "demo-output", ".cache")]
        found |= {(here / name).as_posix() for name in names
                  if not name.endswith((".pyc", ".pcap")) and name != "compile_commands.json"}
    if (REPO / ".git").exists():
        # What somebody left lying about is not ours.
        listed = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard"],
                                cwd=str(REPO), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if listed.returncode == 0:
            found &= set(listed.stdout.decode().splitlines())
    return found


def expand(name):
    """`a.[ch]` -> a.c and a.h; anything else is a pattern as it stands."""
    match = re.fullmatch(r"(.*)\.\[ch\]", name)
    return [match.group(1) + ".c", match.group(1) + ".h"] if match else [name]


def test_file_map():
    patterns = [part for row in table(section("File map", ARCHITECTURE)) if row[0] != "file"
                for name in code(row[0]) for part in expand(name)]
    assert len(patterns) == len(set(patterns)), "a file has two rows"
    have = files()
    gone = [pattern for pattern in patterns if not fnmatch.filter(have, pattern) and not list(REPO.glob(pattern))]
    missing = sorted(name for name in have if not any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns))
    assert gone == [], "the file map names what is not there"
    assert missing == [], "files without a row in the file map"


def anchors(text):
    heads = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.replace("`", "").lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("name", [*(page.relative_to(REPO).as_posix() for page in PAGES), "CHANGELOG.md", "test-captures/README.md"])
def test_links(name):
    page = REPO / name
    text = page.read_text(encoding="utf-8")
    for target in set(re.findall(r"\]\(([^)\s]+)\)", text)):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), "%s links to %s" % (name, target)
        if anchor:
            assert anchor in anchors(there.read_text(encoding="utf-8")), "%s links to %s" % (name, target)


PICTURES = sorted(path.name for path in (REPO / "docs" / "pictures").iterdir())


@pytest.mark.parametrize("name", PICTURES)
def test_pictures(name):
    """Small enough to be loaded over a slow link, made by scripts/pictures, and shown on a page."""
    data = (REPO / "docs" / "pictures" / name).read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert 5000 < len(data) < 150000
    assert '"%s"' % name[:-4] in (REPO / "tshark-tests" / "screen.py").read_text()
    assert any("pictures/%s)" % name in page.read_text(encoding="utf-8") for page in PAGES)


def test_license_is_whole():
    text = (REPO / "LICENSE").read_text(encoding="utf-8")
    assert "GNU GENERAL PUBLIC LICENSE" in text.splitlines()[0] and "Version 2, June 1991" in text.splitlines()[1]
    for clause in range(13):
        assert re.search(r"^  %d\. " % clause, text, re.MULTILINE), "clause %d" % clause
    assert "END OF TERMS AND CONDITIONS" in text


# ---- the profile


@pytest.fixture(scope="module")
def profile(tshark):
    """The name of the profile, copied to where the ordinary user of the tests has profiles."""
    folder = tshark.sandbox.home / ".config" / "wireshark" / "profiles" / "hikcascade"
    folder.mkdir(parents=True, exist_ok=True)
    for name in PROFILE_FILES:
        shutil.copy(PROFILE / name, folder / name)
    for path in [folder, *folder.parents]:
        if path == tshark.sandbox.dir:
            break
        path.chmod(0o755)
    yield "hikcascade"
    shutil.rmtree(folder)


def test_profile_columns(tshark, profile):
    """tshark takes the profile without a word on stderr and prints its columns."""
    capture = tshark.sandbox.readable("seed-cascade.pcap")
    lines = tshark.run(["-C", profile, "-r", capture, "-n", "-2", "-Y", "frame.number in {4, 5, 9, 34}", "-T", "tabs"])
    rows = [[cell.strip() for cell in line.split("\t")] for line in lines.splitlines()]
    camera = "37280601411319001158"
    assert [row[0] for row in rows] == ["4", "5", "9", "34"]
    assert [len(row) for row in rows] == [len(rows[0])] * 4
    verdict = "OK 50 RTP packets of H.264 352x288 in 2.0 s from 10.69.91.7:5930 to 10.69.80.187:5798"
    assert [row[-5:-1] for row in rows] == [["", "", "", ""], ["0", verdict, camera, ""], ["0", "", camera, ""], ["0", "", camera, ""]]
    assert rows[1][-1].startswith("INVITE live, video ")


def test_profile_column_widths_are_for_its_columns():
    def pairs(name, key):
        text = (PROFILE / name).read_text()
        cells = re.findall(r'"([^"]*)"|([^\s,"]+)', text[text.index(key) + len(key):])
        return [a or b for a, b in cells]
    columns = pairs("preferences", "gui.column.format:")[1::2]
    widths = pairs("recent", "column.width:")
    assert widths[0::2] == [re.sub(r":0:R$", "", column) for column in columns]
    assert all(width.isdigit() for width in widths[1::2])


def test_profile_filters(tshark):
    rules = [line for line in (PROFILE / "colorfilters").read_text().splitlines() if line.startswith("@")]
    colours = [re.fullmatch(r"@([^@]+)@([^@]+)@\[\d+,\d+,\d+\]\[\d+,\d+,\d+\]", rule) for rule in rules]
    assert len(rules) >= 8 and all(colours)
    buttons = [re.fullmatch(r'"TRUE","([^"]+)","([^"]+)","([^"]+)"', line)
               for line in (PROFILE / "dfilter_buttons").read_text().splitlines() if not line.startswith("#")]
    assert len(buttons) >= 6 and all(buttons)
    compile_filters(tshark, [match.group(2).replace(r"\x22", '"') for match in colours + buttons])


def test_profile_colours(tshark, profile):
    """Which rule colours what: a healthy call has no red, a refused one has."""
    def rules(capture):
        out = tshark.run(["-C", profile, "-r", tshark.sandbox.readable(capture), "-n", "-2", "--color", "-T", "fields",
                          "-e", "frame.number", "-e", "frame.coloring_rule.name"])
        return dict(line.split("\t") for line in out.splitlines())
    healthy = rules("seed-cascade.pcap")
    assert healthy["1"] == "Cascade: registration, catalog, control"
    assert healthy["5"].startswith("Cascade: call")
    assert healthy["34"] == "Cascade: RTCP"
    assert not {"Cascade: error", "Cascade: warning"} & set(healthy.values())
    refused = rules("verdict-rejected.pcap")
    assert (refused["1"], refused["3"]) == ("Cascade: INVITE of a faulty call", "Cascade: error")
