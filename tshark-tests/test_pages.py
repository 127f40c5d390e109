# SPDX-License-Identifier: GPL-2.0-or-later
"""What the pages for users tell to type exists and works: filters, fields, preferences, files, tables and commands; and
both languages say the same, in the same order."""

import ctypes
import ctypes.util
import re
import shlex
import shutil
import sys

import pytest

import conftest
from test_docs import PAGES, code, compile_filters, section, table  # noqa: F401
from test_report import program

pytestmark = pytest.mark.logic

REPO = conftest.REPO
TEXT = {page.relative_to(REPO).as_posix(): page.read_text(encoding="utf-8") for page in PAGES}
# Pages for users: everything in them that looks like a command is one, and runs. The others are for developers.
FOR_USERS = ["README.md", "README.zh-CN.md", "docs/handbook.md", "docs/handbook.zh-CN.md"]
LANGUAGES = [("README.md", "README.zh-CN.md"), ("docs/handbook.md", "docs/handbook.zh-CN.md")]
MAN = {path.name: re.sub(r"\\\(aq", "'", re.sub(r"\\\(dq", '"', path.read_text(encoding="utf-8").replace("\\-", "-").replace("\\&", "")))
       for path in sorted((REPO / "docs" / "man").iterdir())}
SECTIONS = {
    "README.md": {
        "Three steps": "三步上手", "Install": "安装", "A package": "安装包", "From source": "从源码安装", "Is it loaded?": "是否已加载",
        "Inside Wireshark's own source tree": "放进 Wireshark 源码树", "Open a capture": "打开抓包", "Tables": "统计表", "Filters": "过滤器",
        "Verdicts": "结论代码", "Export": "导出", "Report": "报告", "Preferences": "首选项", "How to capture": "如何抓包", "Limits": "限制",
        "Development": "开发", "License": "许可证"},
    "docs/handbook.md": {
        "First look": "第一眼", "How to capture": "如何抓包", "No video": "没有视频", "Video breaks up": "视频卡顿花屏",
        "Wrong camera": "摄像机不对", "The catalog is incomplete": "目录不完整", "The platform is offline": "平台离线",
        "Playback and download": "回放与下载"},
}
NAME = re.compile(r"(?<![\w.])(hikcascade|manscdp|mansrtsp|mp2p)(\.[a-z0-9_]+)+")
OPERATOR = re.compile(r" (==|!=|>=|<=|>|<|contains|matches|in|&&|\|\|) ")


def spans(text):
    """Code spans outside of fenced blocks, `\\|` in a table read as a bar."""
    return [one.replace("\\|", "|") for one in re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S))]


def blocks(text):
    """Lines of the fenced blocks of commands, continued ones joined."""
    found = re.findall(r"^```sh\n(.*?)^```$", text, flags=re.M | re.S)
    return [line for block in found for line in block.replace("\\\n", " ").splitlines() if line.strip()]


def is_command(text):
    return re.match(r"(tshark|wireshark|hikcascade-report|mergecap|editcap) ", text) is not None


def is_filter(text):
    return not is_command(text) and not text.startswith("-") and (
        OPERATOR.search(text) is not None and re.search(r"\b(hikcascade|manscdp|mansrtsp|mp2p|sip|rtp|ip|sdp|udp|tcp)\b", text) is not None)


@pytest.mark.parametrize("name", TEXT)
def test_filters(tshark, name):
    """Also those inside of -Y '...' and -z 'TABLE,...'."""
    everything = spans(TEXT[name]) + blocks(TEXT[name])
    filters = [text for text in spans(TEXT[name]) if is_filter(text)]
    filters += [match for text in everything for match in re.findall(r"-Y '([^']+)'", text)]
    filters += [match for text in everything for match in re.findall(r"-z 'hikcascade,\w+,([^']+)'", text)]
    assert len(filters) >= {"README.md": 15, "README.zh-CN.md": 15, "docs/handbook.md": 8, "docs/handbook.zh-CN.md": 8}.get(name, 0)
    compile_filters(tshark, [re.sub(r" == N$", " == 3", text) for text in filters])


@pytest.fixture(scope="module")
def names(tshark):
    """Every field, protocol and preference of tshark."""
    fields = {line.split("\t")[2] for line in tshark.run(["-G", "fields"]).splitlines()}
    preferences = set(re.findall(r"^#?([a-z0-9_.]+):", tshark.run(["-G", "defaultprefs"]), re.M))
    ports = {line.split("\t")[0] for line in tshark.run(["-G", "decodes"]).splitlines() if "\thikcascade" in line}
    return fields, preferences | {"hikcascade." + port for port in ports}


@pytest.mark.parametrize("name", [*TEXT, *MAN])
def test_fields_and_preferences(names, name):
    fields, preferences = names
    text = re.sub(r"\\f[A-Z]", "", MAN[name]) if name in MAN else "\n".join(spans(TEXT[name]) + blocks(TEXT[name]))
    named = {match[0] for match in NAME.finditer(text)}
    files = {one for one in named if re.search(r"\.(so|dll|c|h|7|md)$", one)}
    assert sorted(named - fields - preferences - files) == []
    assert name not in FOR_USERS or len(named) > 10


def test_a_wrong_name_would_be_found(names):
    assert not {"hikcascade.sesion", "hikcascade.table_formats"} & (names[0] | names[1])
    assert {"hikcascade.session", "hikcascade"} <= names[0] and {"hikcascade.table_format", "hikcascade.udp.port"} <= names[1]


@pytest.mark.parametrize("name", TEXT)
def test_files(name):
    """A path into one of the repository's folders names something that is there."""
    folders = {path.name for path in REPO.iterdir() if path.is_dir()} - {"build"}
    for text in spans(TEXT[name]) + blocks(TEXT[name]):
        for word in re.findall(r"(?:^|[\s'(])([\w.\-]+/[\w.*\-/\[\]]*)", text):
            if word.split("/")[0] in folders and not word.startswith("plugins/") and not word.endswith(".ndjson"):
                assert list(REPO.glob(word.rstrip("/"))), "%s names %s" % (name, word)


@pytest.mark.parametrize("name", [*FOR_USERS[:2], *MAN])
def test_tables_are_those_of_tshark(tshark, name):
    """The -z names a page shows are those tshark lists, no more and no less."""
    shown = set(re.findall(r"\bhikcascade,(?!DIR|folder|\\)(\w+)", MAN.get(name) or TEXT.get(name)))
    done = tshark.sandbox.run(["tshark", "-z", "help"])
    listed = set(re.findall(r"hikcascade,(\w+)", (done.stdout + done.stderr).decode()))
    assert shown <= listed if name == "hikcascade-report.1" else shown == listed


def test_verdict_codes():
    """Every code has a row in README, in both languages, and the handbook names none that is not there."""
    text = (REPO / "plugin" / "verdict" / "verdict.h").read_text()
    listed = re.findall(r"HIK_CODE_([A-Z_]+)", text[text.index("enum hik_code {"):text.index("};", text.index("enum hik_code {"))])
    codes = {one for one in listed if one not in ("COUNT", "NONE")}
    for name, title in (("README.md", "Verdicts"), ("README.zh-CN.md", "结论代码")):
        rows = [row[0].strip("`") for row in table(section(title, TEXT[name]))][1:]
        assert len(rows) == len(set(rows)) and set(rows) == codes, (name, set(rows) ^ codes)
    for name in LANGUAGES[1]:
        named = {word for word in spans(TEXT[name]) if re.fullmatch(r"[A-Z]+(_[A-Z]+)+|LOSS|REJECTED|UNREACHABLE|CASCADE", word)}
        assert len(named) > 10 and named <= codes, named - codes


# ---- both languages


def headings(text):
    return re.findall(r"^(#+) (.+)$", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S), re.M)


@pytest.mark.parametrize("english, chinese", LANGUAGES)
def test_same_sections(english, chinese):
    first, second = headings(TEXT[english]), headings(TEXT[chinese])
    assert [level for level, _ in first] == [level for level, _ in second]
    assert [title for _, title in first][1:] == list(SECTIONS[english])
    assert [title for _, title in second][1:] == list(SECTIONS[english].values())


@pytest.mark.parametrize("english, chinese", LANGUAGES)
def test_same_contents(english, chinese):
    """Commands and pictures are the same, section by section; so are the rows of the tables and the names in code spans."""
    def parts(text):
        return re.split(r"^#+ .+$", re.sub(r"^```sh$.*?^```$", "", text, flags=re.M | re.S), flags=re.M)
    assert blocks(TEXT[english]) == blocks(TEXT[chinese])
    for number, (first, second) in enumerate(zip(parts(TEXT[english]), parts(TEXT[chinese]))):
        where = "%s, section %d" % (chinese, number)
        assert len(table(first)) == len(table(second)), where
        assert [code(row[0]) for row in table(first)] == [code(row[0]) for row in table(second)], where
        pictures = [re.findall(r"pictures/([\w\-]+)", one) for one in (first, second)]
        # The page of the report is shown where there is room for it.
        assert [one for one in pictures[0] if one != "report"] == [one for one in pictures[1] if one != "report"], where
        plain = [sorted({one.replace(" --lang zh", "") for one in spans(text)}) for text in (first, second)]
        assert plain[0] == plain[1], "%s: %s" % (where, set(plain[0]) ^ set(plain[1]))


# ---- commands


def compiles(text):
    """Whether libpcap takes a capture filter."""
    pcap = ctypes.CDLL(ctypes.util.find_library("pcap") or "libpcap.so.0.8")
    pcap.pcap_open_dead.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(pcap.pcap_open_dead(1, 65535))
    made = pcap.pcap_compile(handle, ctypes.create_string_buffer(64), text.encode(), 1, 0xFFFFFFFF) == 0
    pcap.pcap_close(handle)
    return made


@pytest.fixture
def typed(tshark):
    """typed(line): runs a command of a page on a capture of this project. What cannot run here is looked at."""
    box = tshark.sandbox
    box.count += 1
    folder = box.home / ("typed-%d" % box.count)
    capture = box.readable("handbook.pcap")

    def run(line):
        words = shlex.split(line.split(" | ")[0], comments=True)
        assert words, line
        if words[0] == "sudo":
            words = words[1:]
        kind, rest = words[0], words[1:]
        if kind in ("tshark", "hikcascade-report", "mergecap"):
            rest = [word.replace("hikcascade,DIR", "hikcascade,%s" % folder).replace(",FILTER", ",sip").replace("NAME:VALUE", "")
                    for word in rest]
            rest = [{"DIR": str(folder), "report": str(folder)}.get(word, word) for word in rest]
            rest = [part for word in rest for part in ([str(capture)] if re.fullmatch(
                r"FILE|CAPTURE(\.\.\.)?|capture\.pcap|ring_\*\.pcapng", word) else [word])]
            if kind == "mergecap":
                rest = ["%s.pcapng" % folder if word == "all.pcapng" else word for word in rest]
            if kind == "tshark" and "-z" in rest and "-r" not in rest and rest[0] != "-G":
                rest = ["-r", str(capture), *rest]
            command = [sys.executable, "-B", str(program(box))] if kind == "hikcascade-report" else [kind]
            if rest[-1:] == ["..."]:
                rest = rest[:-1] + ["hikcascade,sessions"]
            done = box.run([*command, *rest])
            assert done.returncode == 0, "%s: %s" % (line, done.stderr.decode())
            assert "-w" in words or done.stdout or folder.exists(), line
        elif kind in ("tcpdump", "dumpcap"):
            assert rest[rest.index("-s") + 1] == "0"
            text = rest[rest.index("-f") + 1] if "-f" in rest else rest[-1]
            assert "host" in text and compiles(text) and not compiles(text + " and nonsense"), line
        elif kind == "cmake":
            options = set(re.findall(r"-D(HIK_\w+)", line))
            assert options <= set(re.findall(r"option\((HIK_\w+)", (REPO / "CMakeLists.txt").read_text())), line
        elif kind == "cp":
            assert all((REPO / word).is_file() for word in rest[:-1]), line
        elif kind == "mkdir":
            assert rest[-1].endswith("/profiles/hikcascade"), line
        elif kind == "apt-get":
            assert rest[0] == "install" and all(re.fullmatch(r"[a-z0-9.+\-]+|\./hikcascade_[\w.+*~-]+\.deb", word) for word in rest[1:]), line
        elif kind.startswith("scripts/"):
            assert shutil.which(str(REPO / kind)), line
        else:
            pytest.fail("nobody knows how to try: %s" % line)
    return run


def commands(name):
    lines = blocks(TEXT[name])
    # `wireshark` needs a screen: test_windows.py.
    lines += [text for text in spans(TEXT[name]) if is_command(text) and re.search(r" (-r|-z|-G|-o|--ndjson) ", text) and not re.match("wireshark|.* -i ", text)]
    return list(dict.fromkeys(lines))


@pytest.mark.once
@pytest.mark.parametrize("name", FOR_USERS)
def test_commands(typed, name):
    lines = commands(name)
    assert len(lines) >= 8
    english = [commands(one) for one, chinese in LANGUAGES if chinese == name]
    for line in lines:
        if not english or line not in english[0]:  # there it is tried
            typed(line)


@pytest.mark.once
def test_commands_of_the_manual(typed):
    """Lines that begin with tshark or hikcascade-report, whole ones only."""
    count = 0
    for text in MAN.values():
        text = re.sub(r"\\f[A-Z]", "", text.replace("\\e\n", " "))
        for line in re.findall(r"^(?:\.B )?((?:tshark|hikcascade-report) .+)$", text, re.M):
            if re.search(r" -i | - | -2$|\[option", line):
                continue  # live, the line with the name, the synopsis
            line = re.sub(r"\bfolder\b", "DIR", re.sub(r"\bcapture\b(?!\.)", "capture.pcap", line))
            typed(line)
            count += 1
    assert count >= 5


@pytest.mark.once
def test_a_command_that_fails_would_be_found(typed):
    for line in ("tshark -r capture.pcap -q -z hikcascade,session", "tcpdump -s 0 -w a.pcap 'host or'", "frobnicate -x",
                 "hikcascade-report capture.pcap", "tshark -r capture.pcap -Y 'hikcascade.sesion'"):
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            typed(line)
