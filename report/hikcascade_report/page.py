# SPDX-License-Identifier: GPL-2.0-or-later
"""The pages. Whatever a capture says goes through escape(); the pages hold no script, and forbid any."""

import base64
import datetime
from html import escape

from . import svg
from .capture import is_faulty

STYLE = """
body{font:15px/1.45 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif;margin:0 auto;max-width:1280px;padding:1em 1.5em;
color:#1c2733;background:#fff}h1{font-size:1.5em}h2{font-size:1.2em;margin-top:2em;border-bottom:1px solid #d4dbe3}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3em .6em;border-bottom:1px solid #e6ebf0}
td{overflow-wrap:anywhere}th{font-weight:600;background:#f4f6f9;word-break:keep-all}th.n{text-align:right}td.n{text-align:right;white-space:nowrap;overflow-wrap:normal;font-variant-numeric:tabular-nums}
td.code,td.id{white-space:nowrap;overflow-wrap:normal}.bad{color:#9c1b12}.good{color:#1a6b2f}.open{color:#6b5a12}
.wide{overflow-x:auto}section.call{border:1px solid #d4dbe3;border-left:5px solid #c0392b;border-radius:4px;padding:.4em 1em;margin:1em 0}
section.call.good{border-left-color:#2e8b57}dl{display:grid;grid-template-columns:max-content 1fr;gap:.15em 1em;margin:.5em 0}
dt{color:#5a6775}dd{margin:0;overflow-wrap:anywhere}code{background:#f4f6f9;padding:0 .3em}.note{background:#fff6e0;padding:.5em 1em}
svg text{font:12px system-ui,sans-serif;fill:#1c2733}svg .on,svg .head{text-anchor:middle}svg .head{font-weight:600}
svg .time,svg .most{text-anchor:end;fill:#5a6775}svg path{fill:none;stroke:#34618f}svg .lane{stroke:#d4dbe3}svg .answer{stroke:#2e8b57;
color:#1a6b2f}path.bad,circle.bad{stroke:#c0392b}svg .media{fill:#dcebfa;stroke:none}svg .base{stroke:#d4dbe3}svg .line{stroke:#1f77b4;
stroke-width:1.5}.plots{display:flex;flex-wrap:wrap;gap:.5em}.plot{border:1px solid #e6ebf0}summary{cursor:pointer;padding:.3em 0}
img{border:1px solid #d4dbe3}footer{color:#5a6775;margin:3em 0 1em}.ladder{max-width:100%;height:auto}
"""


def page(title, body, words):
    return ('<!DOCTYPE html>\n<html lang="%s"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" '
            'content="default-src \'none\'; style-src \'unsafe-inline\'; img-src data:"><meta name="viewport" '
            'content="width=device-width"><title>%s</title><style>%s</style></head><body>%s<footer>%s</footer></body></html>\n'
            % ("zh-CN" if words.language == "zh" else "en", escape(title), STYLE, body, escape(words["footer"])))


def when(seconds):
    if seconds is None:
        return ""
    return datetime.datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M:%S")


def text(value):
    if value is None:
        return ""
    return "%.3f" % value if isinstance(value, float) else str(value)


def cell(value, kind=""):
    return '<td%s>%s</td>' % (' class="%s"' % kind if kind else "", escape(text(value)))


def table(heads, rows):
    """heads: texts; rows: of cells, as cell() made them. A heading stands over numbers as they do, on the right."""
    rows = list(rows)
    numbers = [bool(rows) and rows[0][column].startswith('<td class="n') for column in range(len(heads))]
    # A hyphen is no place for a new line: "Keep-alives" is one word.
    return '<div class="wide"><table><thead><tr>%s</tr></thead><tbody>%s</tbody></table></div>' % (
        "".join('<th%s>%s</th>' % (' class="n"' if right else "", escape(head).replace("-", "\N{NON-BREAKING HYPHEN}"))
                for head, right in zip(heads, numbers)), "".join("<tr>%s</tr>" % "".join(row) for row in rows))


def mood(session):
    return "bad" if is_faulty(session) else "good" if session["verdict"] == "OK" else "open"


def session_rows(sessions, link):
    for session in sessions:
        anchor = ('<td class="n"><a href="#s%d">%d</a></td>' % (session["session"], session["session"]) if link
                  else cell(session["session"], "n"))
        yield [anchor, '<td class="code %s">%s</td>' % (mood(session), escape(session["verdict"])), cell(session["camera"], "id"),
               cell(session["camera_name"]), cell(session["sentence"]), cell(when(session["started"]), "id"),
               cell(session["rtp_packets"], "n"), cell(session["lost"], "n"), cell(session["key_frames"], "n"),
               cell(session["duration"], "n")]


def details(session, capture, messages, series, words):
    """What is known of one call."""
    code = session["verdict"]
    facts = [("sentence", session["sentence"]), ("meaning", words.meaning(code)), ("check", words.check(code))]
    facts += [(key, text(session.get(key))) for key in ("state", "codec", "picture", "frame_rate", "ssrc_announced", "ssrc_seen",
                                                        "upper_media", "lower_media")]
    out = ["<dl>", *("<dt>%s</dt><dd>%s</dd>" % (escape(words[key]), escape(value)) for key, value in facts if value),
           "<dt>%s</dt><dd><code>hikcascade.session == %d</code></dd></dl>" % (escape(words["filter"]), session["session"])]
    if messages and (is_faulty(session) or code != "OK"):
        media = words["media"] % (session["rtp_packets"], session["lost"]) if session["rtp_packets"] else None
        out.append('<h4>%s</h4><div class="wide">%s</div>' % (escape(words["ladder"]), svg.ladder(messages, media, words)))
    if series:
        out.append("<h4>%s</h4>%s" % (escape(words["plots"]), svg.plots(series, words)))
    picture = capture.pictures.get(session["session"])
    if picture:
        out.append('<h4>%s</h4><img alt="" src="data:image/jpeg;base64,%s">'
                   % (escape(words["first key frame"]), base64.b64encode(picture).decode()))
    return "".join(out)


def calls(capture, words):
    if not capture.sessions:
        return "<p>%s</p>" % escape(words["no calls"])
    messages, series = {}, {}
    for message in capture.messages:
        messages.setdefault(message["session"], []).append(message)
    for row in capture.series:
        series.setdefault(row["session"], []).append(row)
    heads = [words[key] for key in ("session", "verdict", "camera", "name", "sentence", "started", "rtp_packets", "lost",
                                    "key_frames", "duration")]
    faulty = capture.faulty
    out = ["<h2>%s</h2>" % escape(words["faulty"])]
    if faulty:
        out.append(table(heads, session_rows(faulty, True)))
    else:
        out.append('<p class="good">%s</p>' % escape(words["no faulty"]))
    for session in sorted(capture.sessions, key=lambda one: not is_faulty(one)):
        number = session["session"]
        title = " · ".join(filter(None, ("%s %d" % (words["session"], number), session["verdict"], session["camera"],
                                        session["camera_name"])))
        body = details(session, capture, messages.get(number, []), series.get(number, []), words)
        if is_faulty(session):
            out.append('<section class="call" id="s%d"><h3>%s</h3>%s</section>' % (number, escape(title), body))
        else:
            out.append('<section class="call good" id="s%d"><details><summary>%s</summary>%s</details></section>'
                       % (number, escape(title), body))
    out.append("<h2>%s</h2>%s" % (escape(words["all calls"]), table(heads, session_rows(capture.sessions, True))))
    return "".join(out)


def platforms(capture, words):
    if not capture.platforms:
        return ""
    heads = [words[key] for key in ("lower platform", "upper platform", "state", "registered since", "registered until",
                                    "keepalives", "gaps", "calls", "failures")]
    extra = [key for key in ("unanswered",) if key in capture.platforms[0]]
    rows = [[cell("%s %s" % (row["lower_id"] or "", row["lower_address"] or "")),
             cell("%s %s" % (row["upper_id"] or "", row["upper_address"] or "")), cell(row["state"]), cell(row["registered_since"]),
             cell(row["registered_until"]), *(cell(row[key], "n") for key in ("keepalives", "gaps", "sessions", "failures")),
             *(cell(row[key], "n") for key in extra)] for row in capture.platforms]
    return "<h2>%s</h2>%s" % (escape(words["platforms"]), table(heads + [words[key] for key in extra], rows))


def catalog(capture, words):
    if not capture.devices and not capture.answers and not capture.questions:
        return ""
    lines = [words["answer"] % (answer["device_id"] or "?", answer["sn"], answer["received"], answer["sum_num"], answer["messages"])
             for answer in capture.answers]
    asked = [words["question"] % (question["device_id"] or "?", question["sn"], question["frame"], question["sentence"])
             for question in capture.questions]
    heads = [words[key] for key in ("id", "name", "type", "status", "parent", "calls")]
    rows = [[cell(row["device_id"], "id"), cell(row["name"]), cell(row["type"]), cell(row["status"]), cell(row["parent"]),
             cell(row["sessions"], "n")] for row in capture.devices]
    return "<h2>%s</h2><ul>%s%s</ul><details><summary>%s</summary>%s</details>" % (
        escape(words["catalog"]), "".join("<li>%s</li>" % escape(line) for line in lines),
        "".join('<li class="open">%s</li>' % escape(line) for line in asked),
        escape(words["devices"] % len(capture.devices)), table(heads, rows))


def capture_page(capture, words):
    title = "%s: %s" % (words["report"], capture.name)
    remark = '<p class="note">%s</p>' % escape(words["not whole"] % capture.remark) if capture.remark else ""
    if capture.cut:
        remark += '<p class="note">%s</p>' % escape(words["cut"] % capture.cut)
    body = "<h1>%s</h1>%s%s%s%s" % (escape(title), remark, calls(capture, words), platforms(capture, words),
                                    catalog(capture, words))
    return page(title, body, words)


def index_page(results, words):
    """results: (name, page's file name or None, Capture or None, sentence or None), in order."""
    heads = [words[key] for key in ("capture", "calls", "faulty", "sentence")]
    rows = []
    for name, target, capture, sentence in results:
        first = '<td><a href="%s">%s</a></td>' % (escape(target, quote=True), escape(name)) if target else cell(name)
        if capture is None:
            rows.append([first, cell("", "n"), cell("", "n"), '<td class="bad">%s</td>' % escape(words["failed"] % sentence)])
            continue
        counts = {}
        for session in capture.sessions:
            counts[session["verdict"]] = counts.get(session["verdict"], 0) + 1
        said = ", ".join("%s × %d" % item for item in sorted(counts.items(), key=lambda item: -item[1])) or words["no calls"]
        rows.append([first, cell(len(capture.sessions), "n"), cell(len(capture.faulty), "n bad" if capture.faulty else "n"), cell(said)])
    body = "<h1>%s</h1>%s" % (escape(words["report"]), table(heads, rows))
    faulty = [(name, target, session) for name, target, capture, _ in results if capture for session in capture.faulty]
    if faulty:
        heads = [words[key] for key in ("capture", "session", "verdict", "camera", "name", "sentence", "started")]
        rows = [[cell(name), '<td class="n"><a href="%s#s%d">%d</a></td>' % (escape(target, quote=True), session["session"],
                                                                             session["session"]),
                 '<td class="code bad">%s</td>' % escape(session["verdict"]), cell(session["camera"], "id"),
                 cell(session["camera_name"]), cell(session["sentence"]), cell(when(session["started"]), "id")]
                for name, target, session in faulty]
        body += "<h2>%s</h2>%s" % (escape(words["faulty"]), table(heads, rows))
    return page(words["report"], body, words)
