# SPDX-License-Identifier: GPL-2.0-or-later
"""A finding is as grave in the expert information as in the verdict, over all captures; and where the verdict finds no
fault, nothing of a call warns."""

import pytest

import tables
from conftest import CAPTURES

pytestmark = pytest.mark.logic

# Code of the verdict -> its expert items. Codes that are told by none stand in WITHOUT.
ITEMS = {
    "REJECTED": ["rejected"], "NO_ANSWER": ["no_answer"], "PORT_ZERO": ["port_zero"], "TCP_ROLE": ["tcp_role_conflict"],
    "TCP_REFUSED": ["tcp_no_connection"], "TCP_NO_CONNECTION": ["tcp_no_connection"], "NO_MEDIA": ["no_media"],
    "WRONG_DESTINATION": ["wrong_destination"], "SSRC_MISMATCH": ["ssrc_mismatch"], "NOT_PS": ["payload_not_declared"],
    "PAYLOAD_TYPE": ["payload_not_declared"], "LOSS": ["rtp_lost"], "SSRC_SHARED": ["ssrc_shared"],
    "SSRC_CHANGED": ["ssrc_changed", "ssrc_mismatch"], "UNNEGOTIATED": ["unnegotiated_source"],
    "MEDIA_AFTER_BYE": ["media_after_bye"], "PRIVATE_ADDRESS": ["private_address"], "TCP_FRAMING": ["tcp_framing"],
    "CUT": ["cut"],
}
WITHOUT = {"UNREACHABLE", "CANCELLED", "NO_ACK", "ENCRYPTED", "ONE_WAY", "NO_KEY_FRAME", "NO_BYE"}
ALWAYS_ERROR = {"REJECTED", "NO_ANSWER", "PORT_ZERO", "TCP_ROLE", "SSRC_MISMATCH", "NOT_PS"}
ALWAYS_NOTE = {"CUT"}  # of the capture; it is no fault of the call
ALWAYS_WARNING = {"PAYLOAD_TYPE", "LOSS", "SSRC_SHARED", "SSRC_CHANGED", "UNNEGOTIATED", "MEDIA_AFTER_BYE", "PRIVATE_ADDRESS",
                  "TCP_FRAMING"}
NO_FAULT = {"OK", "IN_PROGRESS", "BEGAN_BEFORE", "NOT_CAPTURED", "ONE_SIDED"}
LEVELS = ["chat", "note", "warning", "error"]
# A challenge that nobody answers is refused without a refusal that ends it.
NOT_SAID_BY_AN_ITEM = {("verdict-rejected-challenge.pcap", "REJECTED")}


def graded(tshark, capture):
    """{session: {item: the gravest level}} of our expert items."""
    severity = {0x00200000: "chat", 0x00400000: "note", 0x00600000: "warning", 0x00800000: "error"}
    found = {}
    for packet in tshark.packets(capture, "_ws.expert && hikcascade.session", True, allow=("[Malformed",)):
        session = packet.fields("hikcascade.session")[0]
        for item in packet.fields("_ws.expert"):
            values = {child.name: child.show for child in item.children}
            level = severity[int(values["_ws.expert.severity"], 0)]
            for name in values:
                if name.startswith(("hikcascade.", "mp2p.", "manscdp.", "mansrtsp.")):
                    levels = found.setdefault(int(session.show), {})
                    levels[name] = max(levels.get(name, "chat"), level, key=LEVELS.index)
    return found


@pytest.mark.once
@pytest.mark.parametrize("capture", sorted(path.name for path in CAPTURES.glob("*.pcap*")))
def test_verdict_and_expert_agree(tshark, capture):
    sessions = tables.printed(tshark, "hikcascade,sessions", capture)
    if not sessions:
        return
    items = graded(tshark, capture)
    for row in sessions:
        code, = row.cells("Verdict")
        said = items.get(int(row[0]), {})
        told = [said["hikcascade." + name] for name in ITEMS.get(code, []) if "hikcascade." + name in said]
        known = {"hikcascade." + name for names in ITEMS.values() for name in names}
        if code in NO_FAULT:
            assert {name: level for name, level in said.items() if name in known and level in ("warning", "error")} == {}, row
            for name in ("hikcascade.tcp_missing", "hikcascade.tcp_resync"):
                assert said.get(name, "note") == "note", "INCOMPLETE is a note"
            assert "mp2p.lost" not in said or said["mp2p.lost"] == "note", "a session's losses are warned about by rtp_lost"
        elif code in WITHOUT or (capture, code) in NOT_SAID_BY_AN_ITEM:
            assert told == []
        else:
            assert told, "%s of session %s is told by no expert item" % (code, row[0])
            if code in ALWAYS_ERROR:
                assert "error" in told, (code, said)
            elif code in ALWAYS_WARNING:
                assert set(told) == {"warning"}, (code, said)
            elif code in ALWAYS_NOTE:
                assert set(told) == {"note"}, (code, said)
            else:
                assert {"warning", "error"} & set(told), (code, said)
