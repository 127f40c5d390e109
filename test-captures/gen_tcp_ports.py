# SPDX-License-Identifier: GPL-2.0-or-later
"""Media over TCP that is to go to one port and goes to another: before the answer is in the capture, after a re-INVITE that
moves the port, for the audio of a call beside its video, and whatever becomes of the attempt."""

import itertools

from gen_tcp_media import TcpCall, small
from hikpcap import Capture, Link, Platform, rfc4571, rtp

WRONG = 30566
AUDIO = 20002        # announced for the audio
MOVED = 24000        # announced by the re-INVITE
WHEN = ("plain", "early", "old port", "wrong new port")
HOW = ("refused", "silent", "nothing", "media", "other ssrc")


class TwoLines(TcpCall):
    """With a second m= line for audio, whose connections are made by hand."""

    def __init__(self, link, audio=False, **options):
        super().__init__(link, **options)
        if audio:
            self.offer_extra += ("m=audio %d TCP/RTP/AVP 8" % AUDIO, "a=rtpmap:8 PCMA/8000", "a=recvonly",
                                 *self.setup_lines(self.offer_setup))
            self.answer_extra += ("m=audio 40002 TCP/RTP/AVP 8", "a=rtpmap:8 PCMA/8000", "a=sendonly",
                                  *self.setup_lines(self.answer_setup))

    def offer(self):
        """A re-INVITE moves the audio, too."""
        return super().offer().replace("m=audio %d" % AUDIO, "m=audio %d" % (AUDIO + self.offer_port - 20000))

    def pcma(self, number, ssrc):
        return rfc4571(rtp(b"\xd5" * 160, ssrc, number + 1, number * 160, pt=8))


def attempt(call, how, line, to, client):
    """The connection to the port `to`, and what becomes of it."""
    media = call.connection
    connection = call.connect(client=client, server=(call.offer_ip, to), handshake=False)
    if how == "silent":
        connection.ask(0.3)
    elif how == "refused":
        connection.refuse()
    else:
        connection.open()
    if how in ("media", "other ssrc"):
        for number in range(6):
            if line == "audio":
                call.stream(call.pcma(number, call.ssrc if how == "media" else 777))
            else:
                call.stream(call.framed(1, **({} if how == "media" else {"ssrc": 777})))
    call.connection = media


def elsewhere(when="plain", line="video", how="refused", audio=None):
    """A call whose media of `line` goes to another port than the one announced; audio: the call has a second line for it."""
    cap = Capture()
    return cap, add_elsewhere(Link(cap), when, line, how, audio)


def add_elsewhere(link, when, line, how, audio=None):
    cap = link.capture
    call = TwoLines(link, audio=line == "audio" if audio is None else audio, frames=small)
    wrong = {"plain": WRONG, "early": WRONG, "old port": 20000 if line == "video" else AUDIO, "wrong new port": WRONG}[when]
    call.invite()
    call.trying()
    if when != "early":
        call.ok()
        call.ack()
    if line == "audio" or when in ("old port", "wrong new port"):
        call.connect()
        call.rtp_tcp(5)
    if when in ("old port", "wrong new port"):
        call.connection.close(call.sender)
        call.offer_port = MOVED
        call.reinvite()
        call.ok()
        call.ack()
        if line == "audio":
            call.connect(port=51002, client_seq=70000)
            call.rtp_tcp(5)
    attempt(call, how, line, wrong, (call.answer_ip, 51020))
    if when == "early":
        call.ok()
        call.ack()
    if line == "audio" and how != "media":
        call.rtp_tcp(5)
    cap.wait(8)
    call.bye()
    return call


def all_kinds():
    """Every kind between two hosts of its own: the capture, and what happened in each of its sessions."""
    cap, kinds = Capture(), list(itertools.product(WHEN, ("video", "audio"), HOW))
    for number, kind in enumerate(kinds):
        lower = Platform("340200000020000001%02d" % number, "192.0.2.%d" % (100 + number), agent="NCG V3.3.6.686194")
        upper = Platform("340100000020000001%02d" % number, "198.51.100.%d" % (100 + number))
        add_elsewhere(Link(cap, lower, upper, seed=number + 1), *kind)
    return cap, kinds


def captures():
    yield "tcp-port-early-refused.pcap", elsewhere("early")[0]
    yield "tcp-port-early-other-ssrc.pcap", elsewhere("early", how="other ssrc")[0]
    yield "tcp-port-old.pcap", elsewhere("old port")[0]
    yield "tcp-port-audio-silent.pcap", elsewhere("plain", "audio", "silent")[0]
