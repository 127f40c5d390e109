# SPDX-License-Identifier: GPL-2.0-or-later
"""No false alarm: in every capture where nothing is wrong, and in signalling alone, nothing warns: neither the plugin, nor
stock's dissectors because of it. Captures that do show a fault stand here, and each must have its warning."""

import pytest

from conftest import CAPTURES

pytestmark = pytest.mark.logic

# By what README.md says of them.
FAULTY = set("""
catalog-answers catalog-same-sn copies dialog-bye-gone dialog-device-hangs-up dialog-file-end-without-media error-info handbook manscdp-broken
manscdp-charsets manscdp-ptz mansrtsp odd-blank-line-in-sdp odd-y-11 odd-y-6 odd-y-9 pair-challenge-not-answered
pair-keepalive-refused pair-no-keepalive payload-delimiters payload-from-the-middle payload-other-hosts
payload-type-changes platforms-auth-loop platforms-expired
platforms-keepalive-missed platforms-not-in-catalog platforms-register-refused platforms-two-pairs ps-aac-as-alaw
ps-broken-map ps-is-annexb ps-is-dahua ps-is-encrypted ps-is-h264 ps-is-h265 ps-is-private ps-is-ts ps-lost ps-map-length
combined-exchanged combined-tcp combined-udp ps-map-says-h264 ps-map-says-h265 ps-missing-bytes ps-ssrc-change question-keepalive-without-answer question-list-stops
question-private-contact question-query-without-response subscription-ends subscription-life tcp-framing-bare
tcp-framing-bare-unannounced tcp-framing-dollar-other tcp-framing-tag-changes tcp-port-audio-silent tcp-port-early-other-ssrc
tcp-port-early-refused tcp-port-old
tcp-media-both-active tcp-media-both-passive tcp-media-not-media tcp-media-refused tcp-media-silent verdict-loss
verdict-media-after-bye verdict-no-answer-five verdict-no-answer-trying verdict-no-answer verdict-no-media-private
verdict-no-media-rtcp verdict-no-media verdict-not-ps verdict-payload-type verdict-port-zero verdict-rejected-error-info
verdict-rejected verdict-ssrc-changed verdict-ssrc-mismatch-offer verdict-ssrc-mismatch verdict-ssrc-shared
verdict-tcp-no-connection verdict-tcp-refused verdict-tcp-role verdict-two-faults verdict-unnegotiated
""".split())
# What stock says of its own, whoever called it: protocol -> beginning of the message.
STOCK = {"TCP": ("Previous segment(s) not captured", "ACKed segment that wasn't captured", "Connection reset (RST)",
                 "This frame is a (suspected) out-of-order segment"),
         "H.264": ("[Not decoded yet]",)}
# Foreign traffic and a transport stream that is cut: stock's view of it, the same without the plugin.
STOCKS_OWN = {"foreign-network", "ps-foreign"}
OURS = ("HIKCASCADE", "MANSCDP", "MANSRTSP", "MP2P")


def warned(tshark, capture):
    """(protocol, message) of every warning and error."""
    found = []
    for line in tshark.tap("expert,warn", capture, two_pass=True, allow=("[Malformed", "Malformed")).splitlines():
        cells = line.split(None, 3)
        if len(cells) == 4 and cells[0].isdigit():
            protocol = next((name for name in (*OURS, *STOCK) if cells[2] == name), cells[2])
            found.append((protocol, cells[3]))
    return found


@pytest.mark.once
@pytest.mark.parametrize("capture", sorted(path.name for path in CAPTURES.glob("*.pcap*")))
def test_warnings(tshark, capture):
    found = warned(tshark, capture)
    name = capture.split(".")[0]
    if name in FAULTY:
        assert [row for row in found if row[0] in OURS], "nothing warns"
    elif name in STOCKS_OWN:
        assert [row for row in found if row[0] in OURS] == []
    else:
        assert [row for row in found if not row[1].startswith(STOCK.get(row[0], "\0"))] == []


def test_the_faulty_ones_are_there():
    assert FAULTY | STOCKS_OWN <= {path.name.split(".")[0] for path in CAPTURES.glob("*.pcap*")}


@pytest.mark.parametrize("name", ["verdict-ok", "verdict-talk", "verdict-broadcast", "verdict-cascade", "verdict-nat", "verdict-slow-start",
                                  "verdict-ok-constant", "verdict-ok-private-inside", "verdict-ok-paused", "reinvite", "seed-cascade", "port-reuse",
                                  "tcp-media-passive-upper", "dialog-file-end", "two-media", "ipv6", "voice-listen"])
def test_signalling_alone(tshark, name):
    """The same calls without their media: nobody knows whether it came."""
    path = tshark.sandbox.home / ("signalling-%s.pcap" % name)
    tshark.run(["-r", tshark.sandbox.readable(name + ".pcap"), "-n", "-Y", "sip", "-w", path])
    assert warned(tshark, path) == []
