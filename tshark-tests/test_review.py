# SPDX-License-Identifier: GPL-2.0-or-later
"""What the core got wrong once, so that it stays right."""

import re

import pytest

import gen_odd
import gen_review

pytestmark = pytest.mark.logic

SESSION = "hikcascade.session"


def column(rows, name):
    return [row[name][0] if row[name] else "" for row in rows]


# ---- passes and filters

def test_read_filter(tshark):
    """tshark -2 -R gives frames it throws away the number of the next one."""
    rows = tshark.fields(gen_review.two_calls(), [SESSION, "rtp.ssrc"], "rtp", two_pass=True,
                         extra=["-R", "hikcascade.session == 1"])
    assert [(row[SESSION], row["rtp.ssrc"]) for row in rows] == [(["1"], ["0x0003112a"])] * 3


def test_announced_ssrc_as_it_was(tshark):
    rows = tshark.fields_everywhere(gen_review.other_ssrc_in_mid_call(), ["hikcascade.expected_ssrc"], "rtp")
    assert column(rows, "hikcascade.expected_ssrc") == ["200001111", "200002222", "200003333"]


def test_cut_media_counts(tshark):
    """Stock gives up on packets that the capture cut; they are the session's all the same, with a tree and without."""
    path = tshark.sandbox.readable(gen_review.cut_media())
    rows = []
    for words in (["-q"], ["-V"], ["-2", "-q"]):
        out = tshark.run(["-r", path, "-n", *words, "-z", "hikcascade,sessions"])
        row = [line for line in out.splitlines() if re.match(r" +0 \|[A-Z_]+ +\|3402", line)]
        assert len(row) == 1
        rows.append([cell.strip() for cell in row[0].split("|")])
    assert rows[0][6] == "4"  # RTP
    assert rows[1] == rows[0] and rows[2] == rows[0]


# ---- dialogs

def test_one_branch_for_all(tshark):
    cap = gen_review.one_branch_for_all()
    names = [SESSION, "hikcascade.request_in"]
    rows = tshark.fields_everywhere(cap, names, "sip && !(sip.CSeq.method == REGISTER)")
    assert column(rows, "hikcascade.request_in") == ["", "3", "", "5", "", "7", "", "9", "", "", "11", "", "12", ""]
    assert column(rows, SESSION) == [""] * 8 + ["0", "1", "0", "0", "1", "1"]
    table = tshark.run(["-r", tshark.sandbox.readable(cap), "-n", "-q", "-z", "hikcascade,platforms"])
    row = [line for line in table.splitlines() if line.lstrip().startswith("0 |")]
    assert len(row) == 1 and [cell.strip() for cell in row[0].split("|")][10] == "4"  # keep-alives


def test_refused_after_challenge(tshark):
    rows = tshark.fields_everywhere(gen_review.refused_after_challenge(), [SESSION, "hikcascade.ack_in"], "sip",
                                    allow_forward=["hikcascade.ack_in"])
    assert column(rows, SESSION) == ["0"] * 6
    assert column(rows, "hikcascade.ack_in") == ["6"] * 6
    verdict = tshark.fields(gen_review.refused_after_challenge(), ["hikcascade.verdict"], "frame.number == 4", two_pass=True)
    assert verdict[0]["hikcascade.verdict"] == ["REJECTED 488 Not Acceptable Here by 192.0.2.10:7100"]


def test_strange_bye_answers(tshark):
    """First come, first served; a repeated answer makes no session of its own."""
    rows = tshark.fields_everywhere(gen_review.strange_bye_answers(), [SESSION, "hikcascade.request_in"],
                                    "sip.CSeq.method == BYE")
    assert column(rows, SESSION) == ["0", "1", "2", "0", "1", "2", "2"]
    assert column(rows, "hikcascade.request_in") == ["", "", "", "13", "14", "15", "15"]


def test_direction_on_the_second_hop(tshark):
    rows = tshark.fields_everywhere(gen_review.passed_on(), [SESSION, "hikcascade.direction"], "sip")
    assert column(rows, SESSION) == ["0"] * 10
    assert column(rows, "hikcascade.direction") == ["2", "2", "1", "1", "2", "2", "2", "1", "2", "1"]


def test_message_beside_call(tshark):
    rows = tshark.fields_everywhere(gen_review.message_beside_call(), [SESSION], "sip")
    assert column(rows, SESSION) == ["0", "0", "0", "0", "", ""]


# ---- media

def test_refused_call_claims_nothing(tshark):
    rows = tshark.fields_everywhere(gen_review.refused_beside_open(), [SESSION], "rtp")
    assert column(rows, SESSION) == ["0"] * 3


def test_one_port_behind_nat(tshark):
    rows = tshark.fields_everywhere(gen_review.one_port_behind_nat(), [SESSION], "rtp")
    assert column(rows, SESSION) == ["0", "1", "2"] * 2


def test_one_pair_of_ports(tshark):
    rows = tshark.fields_everywhere(gen_review.one_pair_of_ports(), [SESSION], "rtp || rtcp")
    assert column(rows, SESSION) == ["0", "1", "2", "0", "0", "1", "1", "2", "2"]


def test_rtp_in_rtp(tshark):
    """The inner packet's record is not the outer one's, also when there is none."""
    rows = tshark.fields_everywhere(gen_review.rtp_in_rtp(), [SESSION, "rtp.ssrc", "hikcascade.expected_ssrc"], "rtp",
                                    malformed=True)
    assert [(row[SESSION], row["rtp.ssrc"]) for row in rows] == [
        (["1", "0"], ["0x00031129", "0x0003112a"]), (["0"], ["0x00031129"]), (["0"], ["0x00031129"])]
    assert [row["hikcascade.expected_ssrc"] for row in rows] == [["201002", "201001"], ["201001"], ["201001"]]


# ---- streams

@pytest.mark.parametrize("declared", [2147483647, 99999999, 9999999999999])
def test_absurd_content_length(tshark, declared):
    """Nothing behind it is lost, and the SDP is read."""
    rows = tshark.fields_everywhere(gen_review.tcp_content_length(declared),
                                    [SESSION, "sip.CSeq.method", "hikcascade.content_length"], "sip",
                                    malformed=declared > 0xFFFFFFFF)  # stock's word for such a number
    assert column(rows, SESSION) == ["", "", "0", "0", "0", "0", "0", "0"]
    assert column(rows, "sip.CSeq.method") == ["REGISTER"] * 2 + ["INVITE"] * 3 + ["ACK", "BYE", "BYE"]
    assert column(rows, "hikcascade.content_length")[2] != ""


def test_endless_headers(tshark):
    rows = tshark.fields(gen_review.tcp_endless_headers(), [SESSION], "hikcascade.session")
    assert column(rows, SESSION) == ["0"] * 4


def test_foreign_keep_alive(tshark):
    """Exactly what stock shows."""
    path = tshark.sandbox.readable(gen_review.tcp_foreign_keep_alive())
    ours, stock = (tshark.run(["-r", path, "-n", "-T", "pdml"], plugin=plugin) for plugin in (True, False))
    assert [line for line in ours.splitlines() if "capture_file" not in line] == [
        line for line in stock.splitlines() if "capture_file" not in line]


# ---- text

def test_no_line_end_in_the_packet_list(tshark):
    cap = gen_review.camera_with_line_end()
    out = tshark.run(["-r", tshark.sandbox.readable(cap), "-n"])
    lines = out.splitlines()
    assert len(lines) == 4
    assert all(re.search(r"session 0, camera not an +ID", line) for line in lines)
