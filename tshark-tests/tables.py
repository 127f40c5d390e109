# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the plugin's statistics tables, as tshark prints them and as sharkd gives them."""


def printed(tshark, name, capture, filter=None, two_pass=False):
    """Rows of cells (text) of -z NAME; filter: behind it, as in -z NAME,FILTER."""
    out = tshark.tap(name + ("," + filter if filter else ""), capture, two_pass=two_pass)
    lines = out.splitlines()
    head = [number for number, line in enumerate(lines) if line.startswith("Filter for statistics:")]
    assert len(head) == 1, out
    assert lines[head[0]].split(":", 1)[1].strip() == (filter or "")
    columns = cells(lines[head[0] + 1])
    rows = []
    for line in lines[head[0] + 3:]:
        if line.startswith("==="):
            break
        row = cells(line)
        assert len(row) == len(columns), line
        rows.append(row)
    return rows


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
    # The last cell, null, is that of the empty column behind a long text (hik_table_register_ui).
    return [[number_as_printed(cell) for cell in row if cell is not None] for table in tables[0]["tables"] for row in table["i"]]


def number_as_printed(cell):
    return "%.3f" % cell if isinstance(cell, float) else str(cell).strip()
