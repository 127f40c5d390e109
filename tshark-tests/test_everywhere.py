# SPDX-License-Identifier: GPL-2.0-or-later
"""Every field and expert item of ours, in every capture: one pass, two passes and sharkd, which is asked for every packet
alone and for the last first, show the same. What may differ stands here, with the reason."""

import re
from collections import Counter

import pytest

import versions
from conftest import CAPTURES, collect

LINK = "links to a later packet"
END = "is known when the call has ended, or when what it waited for did not come"
LATE = "a packet that came late belongs before others; on later passes it is there"
# A single pass may show nothing there, or less, but nothing else.
LATER = {
    **dict.fromkeys(["hikcascade.invite_in", "hikcascade.answer_in", "hikcascade.ack_in", "hikcascade.bye_in",
                     "hikcascade.first_media_in", "hikcascade.tcp.complete_in", "manscdp.response_in",
                     "manscdp.notify_in"], LINK),
    **dict.fromkeys(["hikcascade.verdict", "hikcascade.no_media", "hikcascade.no_answer", "hikcascade.tcp_no_connection",
                     "hikcascade.ssrc_shared", "hikcascade.port_zero", "hikcascade.tcp_role_conflict", "hikcascade.private_address", "hikcascade.auth_loop", "hikcascade.payload_not_declared",
                     "hikcascade.ssrc_mismatch", "hikcascade.unanswered", "hikcascade.tcp.missing", "hikcascade.tcp_missing", "hikcascade.tcp_resync"], END),
    **dict.fromkeys(["mp2p.frame", "mp2p.frame.first", "mp2p.frame.last", "mp2p.frame.packets", "mp2p.frame.size"], LATE),
}
# A single pass may show something there that later passes do not.
TAKEN_BACK = {"mp2p.lost": LATE, "hikcascade.rtp_lost": LATE, "mp2p.resync": LATE}
# A single pass may show another value there.
CHANGED = {"hikcascade.bye_in": "a BYE that is refused later did not end the call, another one does"}
# Stock's own decoders keep state from pass to pass; from 4.4 on its xml does not say the same of broken text each time, and dns
# waits for the end.
STOCK = re.compile(r"^(Decryption failed|Failed to create decryption context|Detected \d+ missing TS frames|DNS response missing$"
                   r"|Unrecognized text$|Trailing stray characters$)")
MESSAGE = re.compile(r"^(\[)?Expert Info \([^/()]+/[^()]*\): (.*?)(?(1)\])$", re.DOTALL)


@pytest.fixture(scope="module")
def ours(tshark):
    found = versions.fields(tshark)
    assert {*LATER, *TAKEN_BACK, *CHANGED} <= set(found), "named here, but no field"
    return found


def messages(nodes):
    """The texts of the expert items of a sharkd tree."""
    found = []
    for node in nodes:
        if "Expert Info (" in (label := node.get("l", "")) and (match := MESSAGE.match(label)):
            found.append(match[2])
        if below := node.get("n"):
            found += messages(below)
    return found


def differences(tshark, capture, ours):
    """Lines: what is not the same."""
    names = [*sorted(ours), "_ws.expert.message"]
    one, two = (tshark.fields(capture, names, two_pass=passes, malformed=True) for passes in (False, True))
    assert one and [row["frame"] for row in one] == [row["frame"] for row in two]
    # sharkd's tree has no filter for what is a headline over bytes: there it filters.
    headlines = [name for name in ours if ours[name] == "FT_NONE"]
    seen = [name for name in headlines if any(row[name] for row in two)]
    unseen = " or ".join(name for name in headlines if name not in seen)
    answers = tshark.sharkd(capture, [("frame", {"frame": row["frame"], "proto": True}) for row in reversed(two)] +
                            [("frames", {"filter": name}) for name in [*seen, unseen]])
    trees, filtered = answers[len(two) - 1::-1], answers[len(two):]
    lines = []
    for name, frames in zip([*seen, unseen], filtered):
        wanted = [row["frame"] for row in two if row.get(name)]
        if [frame["num"] for frame in frames] != wanted:
            lines.append("%s: two passes in frames %s, sharkd %s" % (name, wanted, [frame["num"] for frame in frames]))
    for first, second, answer in zip(one, two, trees):
        found = {}
        collect(answer.get("tree", []), found)
        later = taken_back = False
        for name in [name for name in ours if first[name] or second[name] or name in found]:
            values, there = second[name], found.get(name, [])
            if first[name] != values:
                if name in LATER and not Counter(first[name]) - Counter(values):
                    later = True
                elif name in TAKEN_BACK and not values:
                    taken_back = True
                elif not (name in CHANGED and len(values) == len(first[name])):
                    lines.append("frame %d, %s: one pass %s, two passes %s" % (second["frame"], name, first[name], values))
            if name in headlines or there == ['""'] and not values:
                continue  # tshark prints an empty text like no field
            if len(there) != len(values) or not all(tshark.same(name, a, b) for a, b in zip(values, there)):
                lines.append("frame %d, %s: two passes %s, sharkd %s" % (second["frame"], name, values, there))
        said, says, sharkd = (Counter(text for text in texts if not STOCK.match(text)) for texts in (
            first["_ws.expert.message"], second["_ws.expert.message"], messages(answer.get("tree", []))))
        if said - says and not taken_back or says - said and not later:
            lines.append("frame %d: one pass says %s, two passes %s" % (second["frame"], said - says, says - said))
        if sharkd != says:
            lines.append("frame %d: two passes say %s, sharkd %s" % (second["frame"], says - sharkd, sharkd - says))
    return lines


@pytest.mark.parametrize("capture", sorted(path.name for path in CAPTURES.glob("*.pcap*")))
def test_the_same_everywhere(tshark, ours, capture):
    lines = differences(tshark, capture, ours)
    assert not lines, "\n".join(lines)
