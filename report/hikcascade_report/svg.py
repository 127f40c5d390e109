# SPDX-License-Identifier: GPL-2.0-or-later
"""Ladders and plots as SVG, without script or style of their own: the page's style sheet has their classes."""

from html import escape

LANE, ROW, LEFT, TOP = 230, 24, 70, 40
MOST_LANES, MOST_ROWS = 5, 60
PLOT_WIDTH, PLOT_HEIGHT = 260, 70


def hosts(messages):
    """The endpoints of the messages, in order of appearance."""
    seen = []
    for message in messages:
        for end in (message["source"], message["destination"]):
            if end not in seen:
                seen.append(end)
    return seen


def ladder(messages, media, words):
    """messages: of one call, in order; media: a sentence about its RTP, or None, that stands where the ACK was."""
    lanes = hosts(messages)[:MOST_LANES]
    rows = [message for message in messages if message["source"] in lanes and message["destination"] in lanes]
    left_out = len(messages) - len(rows[:MOST_ROWS])
    rows = rows[:MOST_ROWS]
    if not rows:
        return ""
    begin = rows[0]["time"]
    out, y, told = [], TOP, False
    x = {end: LEFT + LANE // 2 + number * LANE for number, end in enumerate(lanes)}

    def media_row():
        out.append('<rect class="media" x="%d" y="%d" width="%d" height="18"/><text class="on" x="%d" y="%d">%s</text>' % (
            LEFT + LANE // 2 - 60, y - 13, max(len(lanes) - 1, 0) * LANE + 120, LEFT + LANE // 2 + (len(lanes) - 1) * LANE // 2,
            y, escape(media)))

    for message in rows:
        if media and not told and message["label"] in ("BYE", "CANCEL"):
            media_row()
            told, y = True, y + ROW
        a, b = x[message["source"]], x[message["destination"]]
        kind = "request" if message["kind"] == "request" else "bad" if message["label"][:1] in "456" else "answer"
        tip = 7 if b > a else -7
        out.append('<text class="time" x="%d" y="%d">%.3f</text>' % (LEFT - 8, y + 4, message["time"] - begin))
        if a == b:
            out.append('<circle class="%s" cx="%d" cy="%d" r="4"/>' % (kind, a, y))
        else:
            out.append('<path class="%s" d="M%d %dL%d %dM%d %dL%d %dL%d %d"/>' % (
                kind, a, y, b, y, b - tip, y - 4, b, y, b - tip, y + 4))
        out.append('<text class="on" x="%d" y="%d">%s</text>' % ((a + b) // 2, y - 4, escape(message["label"][:48])))
        y += ROW
    if media and not told:
        media_row()
        y += ROW
    if left_out:
        out.append('<text class="time" text-anchor="start" x="%d" y="%d">%s</text>' % (LEFT, y, escape(words["left out"] % left_out)))
        y += ROW
    height, width = y, LEFT + len(lanes) * LANE
    heads = "".join('<text class="head" x="%d" y="16">%s</text><path class="lane" d="M%d 22V%d"/>' % (
        x[end], escape(end), x[end], height - 8) for end in lanes)
    return ('<svg class="ladder" viewBox="0 0 %d %d" width="%d" height="%d" role="img">%s%s</svg>'
            % (width, height, width, height, heads, "".join(out)))


def number(value):
    return "%.0f" % value if value >= 100 or value == int(value) else "%.1f" % value


def plot(title, points, unit):
    """points: (seconds, value), at least one. A line with its largest value, over the time of the call."""
    most = max(value for _, value in points)
    end = max(points[-1][0], 1)
    scale_x, scale_y = (PLOT_WIDTH - 10) / end, (PLOT_HEIGHT - 24) / (most or 1)
    path = "M" + "L".join("%.0f %.0f" % (5 + x * scale_x, PLOT_HEIGHT - 6 - y * scale_y) for x, y in points)
    return ('<svg class="plot" viewBox="0 0 %d %d" width="%d" height="%d" role="img"><text x="5" y="12">%s</text>'
            '<text class="most" x="%d" y="12">≤ %s %s</text><path class="base" d="M5 %dH%d"/><path class="line" d="%s"/></svg>'
            % (PLOT_WIDTH, PLOT_HEIGHT, PLOT_WIDTH, PLOT_HEIGHT, escape(title), PLOT_WIDTH - 5, number(most), escape(unit),
               PLOT_HEIGHT - 6, PLOT_WIDTH - 5, path))


def plots(series, words):
    """Bit rate, loss, jitter where it is known, and key-frame distance of one session. series: its rows."""
    out = [plot(words["bit rate"], [(row["offset"], row["bytes"] * 8 / 1000 / row["interval"]) for row in series], "kbit/s"),
           plot(words["loss"], [(row["offset"], 100 * row["lost"] / (row["lost"] + row["rtp_packets"] or 1)) for row in series], "%")]
    if any(row.get("jitter") for row in series):
        out.append(plot(words["jitter"], [(row["offset"], row["jitter"] or 0) for row in series], "ms"))
    keys = [(row["offset"], row["key_frame_distance"]) for row in series if row["key_frame_distance"]]
    if keys:
        out.append(plot(words["key-frame distance"], keys, "s"))
    return '<div class="plots">%s</div>' % "".join(out)
