# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the plugin's statistics tables, as tshark prints them and as sharkd gives them."""

import csv
import io
import json


class Row(list):
    """Cells in the order of the columns; row["RTP"] by the column's name."""

    def __init__(self, cells, names):
        super().__init__(cells)
        self.names = names

    def __getitem__(self, key):
        return super().__getitem__(self.names.index(key) if isinstance(key, str) else key)

    def cells(self, *names):
        return [self[name] for name in names]

    @property
    def verdict(self):
        """Code and sentence, as the field hikcascade.verdict has them."""
        code, sentence = self["Verdict"], self["What was found"]
        return code + ("; " if sentence.startswith("also ") else " " if sentence else "") + sentence


def printed(tshark, name, capture, filter=None, two_pass=False):
    """Rows of cells (text) of -z NAME; filter: behind it, as in -z NAME,FILTER."""
    return parsed(tshark.tap(name + ("," + filter if filter else ""), capture, two_pass=two_pass), filter)


def parsed(out, filter):
    """The rows of one printed table."""
    lines = out.splitlines()
    head = [number for number, line in enumerate(lines) if line.startswith("Filter for statistics:")]
    assert len(head) == 1, out
    assert lines[head[0]].split(":", 1)[1].strip() == (filter or "")
    columns = cells(lines[head[0] + 1])
    rows = []
    for line in lines[head[0] + 3:]:
        if line.startswith("===") or not rows and "|" not in line and line.endswith("."):  # words of an empty table
            break
        row = cells(line)
        assert len(row) == len(columns), line
        rows.append(Row(row, columns))
    return rows


def as_json(tshark, name, capture, filter=None):
    """The object that -z NAME prints with hikcascade.table_format:json."""
    return json.loads(tshark.tap(name + ("," + filter if filter else ""), capture, prefs={"hikcascade.table_format": "json"}))


def separated(tshark, name, capture, format):
    """Rows of texts, the keys first, as hikcascade.table_format:csv or tsv prints them."""
    out = tshark.tap(name, capture, prefs={"hikcascade.table_format": format})
    return list(csv.reader(io.StringIO(out), **({"delimiter": "\t", "quoting": csv.QUOTE_NONE} if format == "tsv" else {})))


def cells(line):
    assert line.endswith("|"), line
    return [cell.strip() for cell in line[:-1].split("|")]


def columns(tshark, name, capture):
    lines = tshark.tap(name, capture).splitlines()
    return cells(lines[[number for number, line in enumerate(lines) if line.startswith("Filter for")][0] + 1])


def from_sharkd(tshark, name, capture):
    """The same rows out of sharkd: what the GUI's window shows."""
    answer = tshark.sharkd(capture, [("tap", {"tap0": "nstat:" + name})])[0]
    tables = [tap for tap in answer["taps"] if tap["tap"] == "nstat:" + name]
    assert len(tables) == 1, answer
    names = [column["c"] for column in tables[0]["fields"]]
    return [Row([number_as_printed(cell) for cell in row], names) for table in tables[0]["tables"] for row in table["i"]]


def number_as_printed(cell):
    return "%.3f" % cell if isinstance(cell, float) else str(cell).strip()
