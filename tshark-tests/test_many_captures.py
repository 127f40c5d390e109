# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/many-captures.md: the same objects by GNU parallel, and an index template that fits what `tshark -T ek` prints."""

import json
import re
import runpy
import shutil
import sys

import pytest
from conftest import REPO
from test_pages import blocks
from test_report import program

pytestmark = pytest.mark.logic

PAGE = (REPO / "docs" / "many-captures.md").read_text(encoding="utf-8")
TEMPLATE = json.loads((REPO / "docs" / "opensearch-template.json").read_text(encoding="utf-8"))
CAPTURES = ["handbook.pcap", "annotations.pcap", "catalog.pcap", "manscdp-commands.pcap", "manscdp-ptz.pcap", "mansrtsp.pcap", "ps-hikvision.pcap"]


def line_with(word):
    found = [line for line in blocks(PAGE) if word in line]
    assert found, word
    return found[0]


def properties(protocol):
    return TEMPLATE["template"]["mappings"]["properties"]["layers"]["properties"][protocol]["properties"]


def fits(kind, value):
    if kind == "long":
        return re.fullmatch(r"-?\d+", value) is not None
    if kind == "double":
        return re.fullmatch(r"-?\d+(\.\d+)?(e[+-]?\d+)?", value) is not None
    if kind == "boolean":
        return value in ("true", "false")
    return kind in ("keyword", "text", "date")


def test_template_is_current():
    made = runpy.run_path(str(REPO / "scripts" / "index-template"))["render"]((REPO / "docs" / "fields.md").read_text(encoding="utf-8"))
    assert made == (REPO / "docs" / "opensearch-template.json").read_text(encoding="utf-8"), "run scripts/index-template"
    assert sum(len(properties(protocol)) for protocol in ("hikcascade", "manscdp", "mansrtsp", "mp2p")) > 180


@pytest.mark.parametrize("capture", CAPTURES)
def test_fields_of_ek(tshark, capture):
    """Every field of ours is in the template, and OpenSearch takes each of its values for the type it has there."""
    seen, wrong = set(), []
    labels = {line.split("\t")[2].replace("_", ".") for line in tshark.run(["-G", "fields"]).splitlines()
              if line.startswith("F\t") and line.split("\t")[3] == "FT_NONE"}

    def look(protocol, node):
        for name, value in node.items():
            if isinstance(value, dict):
                look(protocol, value)
            elif match := re.match(r"(hikcascade|manscdp|mansrtsp|mp2p)_(\w+)$", name):
                plain = match[2].replace("_", ".")
                if plain in labels or value in ([], ""):
                    continue
                kind = properties(match[1]).get(name, {}).get("type")
                seen.add(name)
                wrong.extend((name, kind, one) for one in (value if isinstance(value, list) else [value])
                             if not isinstance(one, dict) and not fits(kind, text_of(one)))
    for line in tshark.run(["-r", tshark.sandbox.readable(capture), "-2", "-T", "ek"]).splitlines():
        for protocol, layer in json.loads(line).get("layers", {}).items():
            for node in layer if isinstance(layer, list) else [layer]:
                if isinstance(node, dict):
                    look(protocol, node)
    assert wrong == []
    assert len(seen) >= 10


def text_of(value):
    return json.dumps(value) if isinstance(value, (bool, int, float)) else value


def test_bulk_lines(tshark):
    """The line for sed makes the index name one that the template is for, without a _type."""
    words = ["tshark", "-r", tshark.sandbox.readable("handbook.pcap"), *re.findall(r"-Y '[^']+'|-T ek|-J '[^']+'", line_with("-T ek"))]
    words = [part for word in words for part in (str(word).split(" ", 1) if str(word).startswith("-") else [word])]
    lines = tshark.sandbox.run([str(word).strip("'") for word in words]).stdout
    script = re.search(r"sed '([^']+)'", line_with("sed "))[1]
    heads = tshark.sandbox.run(["sed", script], stdin=lines).stdout.decode().splitlines()[::2]
    assert len(heads) > 50 and all(re.fullmatch(r'\{"index":\{"_index":"hikcascade-[\d-]{10}"\}\}', head) for head in heads)
    assert TEMPLATE["index_patterns"] == ["hikcascade-*"]


@pytest.mark.once
def test_parallel(tshark):
    """GNU parallel makes the lines that one run makes, in its own order."""
    box = tshark.sandbox
    folder = box.files / "many"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    for name in ("handbook.pcap", "verdict-loss.pcap", "catalog.pcap"):
        shutil.copy(box.readable(name), folder / name)
        (folder / name).chmod(0o644)
    line = line_with("parallel hikcascade-report").replace("night/*.pcap", " ".join(map(str, sorted(folder.iterdir()))))
    line = line.replace("hikcascade-report", "%s -B %s" % (sys.executable, program(box))).partition(" > ")[0]
    done = box.run(["sh", "-c", "PARALLEL_HOME=$HOME/.parallel; export PARALLEL_HOME; " + line])
    assert done.returncode == 0, done.stderr.decode()
    whole = box.run([sys.executable, "-B", program(box), "-q", "--ndjson", "-", folder])
    assert sorted(done.stdout.splitlines()) == sorted(whole.stdout.splitlines())
    assert len(whole.stdout.splitlines()) >= 11
