# SPDX-License-Identifier: GPL-2.0-or-later
"""One call per verdict, and the healthy one beside it: why is there no video?

Every function makes one capture; its docstring is its row in README.md.
"""

import struct

from hikpcap import (H264_PPS, START, Capture, Link, Platform, h264_slice, h264_sps, ps_frame, ps_pack, ps_pes, ps_psm,
                     ps_system_header, rtp, _checksum)

PUBLIC = dict(lower=Platform("34020000002000000001", "203.0.113.9"), upper=Platform("34010000002000000001", "198.51.100.20"))
CONSTANT = "0999999999"


def begin(**options):
    cap = Capture()
    link = Link(cap, **options)
    return cap, link


def until(cap, link, seconds):
    """The capture goes on for so long, and ends with a keep-alive."""
    cap.wait(seconds)
    link.keepalive()
    return cap


def icmp_unreachable(cap, src, code=3):
    """Port unreachable, about the newest packet of the capture."""
    frame = cap[-1][1]
    quoted = frame[14:]
    sender = ".".join(str(byte) for byte in quoted[12:16])
    check = _checksum(struct.pack("!BBHI", 3, code, 0, 0) + quoted[:548])
    cap.ip(src, sender, 1, struct.pack("!BBHI", 3, code, check, 0) + quoted[:548])


# ---- healthy

def ok():
    """the healthy call all others differ from: registered, camera in the Catalog, 60 RTP packets"""
    cap, link = begin()
    link.register()
    link.keepalive()
    link.catalog([("34020000001320000001", "North gate")], encoding="UTF-8")
    link.call().play(60)
    return cap


def ok_constant():
    """y=0999999999 on both sides, another SSRC on the wire: Hikvision's way, no fault"""
    cap, link = begin()
    link.call(offer_y=CONSTANT, answer_y=CONSTANT, ssrc=100007399).play(10)
    return cap


def ok_answer_prevails():
    """the offer says y=0999999999, the answer and the RTP 0100007399"""
    cap, link = begin()
    link.call(offer_y=CONSTANT, answer_y="0100007399", ssrc=100007399).play(10)
    return cap


def ok_running():
    """the capture ends while the media runs"""
    cap, link = begin()
    link.call().start().rtp(20)
    return cap


def ok_reordered():
    """RTP packets change places on the way, one comes twice: nothing is lost"""
    cap, link = begin()
    call = link.call()
    call.start()
    packets = [call.rtp_packet() for _ in range(12)]
    for number in (0, 1, 3, 2, 4, 4, 6, 7, 5, 8, 9, 10, 11):
        cap.udp(call.src, call.dst, packets[number])
        cap.wait(0.04)
    call.bye()
    return cap


# ---- no call

def no_answer():
    """INVITE seven times in 31.5 s, the capture goes on for 33 s, no answer"""
    cap, link = begin()
    call = link.call()
    call.invite()
    for wait in (0.5, 1, 2, 4, 8, 16):
        cap.wait(wait)
        call.invite()
    return until(cap, link, 1.5)


def no_answer_five():
    """the INVITE and four retransmissions, no answer, the capture ends after 7.5 s"""
    cap, link = begin()
    call = link.call()
    call.invite()
    for wait in (0.5, 1, 2, 4):
        cap.wait(wait)
        call.invite()
    return cap


def no_answer_trying():
    """100 Trying and nothing more for 40 s"""
    cap, link = begin()
    call = link.call()
    call.invite()
    call.trying()
    return until(cap, link, 40)


def in_progress():
    """the capture ends 3.5 s after the INVITE, which was sent four times: nobody can say yet"""
    cap, link = begin()
    call = link.call()
    call.invite()
    for wait in (0.5, 1, 2):
        cap.wait(wait)
        call.invite()
    return cap


def in_progress_ringing():
    """the capture ends 5 s after the INVITE; 100 and 180 came"""
    cap, link = begin()
    call = link.call()
    call.invite()
    call.trying()
    call.ringing()
    return until(cap, link, 5)


def in_progress_media():
    """the capture ends 2 s after the ACK, before any media"""
    cap, link = begin()
    link.call().start()
    return until(cap, link, 2)


def rejected():
    """486 Busy Here"""
    cap, link = begin()
    call = link.call()
    call.invite()
    call.trying()
    call.status("486 Busy Here")
    call.ack(branch=call.branch)
    return cap


def rejected_error_info():
    """488 with Hikvision's ErrorInfo"""
    cap, link = begin()
    call = link.call()
    call.invite()
    call.trying()
    call.error_info("2207", "device offline")
    call.ack(branch=call.branch)
    return cap


def rejected_challenge():
    """401 to the INVITE, which is not repeated with credentials"""
    cap, link = begin()
    call = link.call()
    call.invite()
    call.status("401 Unauthorized")
    call.ack(branch=call.branch)
    return until(cap, link, 3)


def ok_challenge():
    """401 to the INVITE, repeated with credentials: a healthy call"""
    cap, link = begin()
    call = link.call()
    call.invite()
    call.status("401 Unauthorized")
    call.ack(branch=call.branch)
    call.cseq += 1
    call.branch += "a"
    call.play(10)
    return cap


def cancelled():
    """no answer at all, CANCEL after 10 s"""
    cap, link = begin()
    call = link.call()
    call.invite()
    cap.wait(10)
    call.cancel(answer=False)
    return cap


def unreachable():
    """an ICMP error answers the INVITE: nobody listens on 7100"""
    cap, link = begin()
    call = link.call()
    call.invite()
    icmp_unreachable(cap, link.lower.ip)
    cap.wait(0.5)
    call.invite()
    icmp_unreachable(cap, link.lower.ip)
    return cap


def unreachable_media():
    """ICMP errors answer the RTP: the upper platform does not listen on its port"""
    cap, link = begin()
    call = link.call()
    call.start()
    for number in range(6):
        call.rtp(1)
        if number % 2 == 0:
            icmp_unreachable(cap, link.upper.ip)
    call.bye()
    return cap


def ok_unreachable_after_bye():
    """RTP that was on its way at the BYE is answered by an ICMP error: no fault"""
    cap, link = begin()
    call = link.call()
    call.start()
    call.rtp(10)
    call.bye()
    call.rtp(1)
    icmp_unreachable(cap, link.upper.ip)
    return cap


# ---- no media

def no_media():
    """200 OK and ACK, no RTP for 20 s, while another call has some"""
    cap, link = begin()
    call, other = link.call(), link.call()
    other.start()
    other.rtp(2)
    call.start()
    cap.wait(20)
    call.bye()
    other.bye()
    return cap


def no_media_private():
    """c= is a private address and the lower platform is on the Internet: its media cannot arrive"""
    cap, link = begin(**PUBLIC)
    call = link.call(offer_ip="192.168.48.2", offer_port=26150)
    call.start()
    cap.wait(8)
    call.bye()
    return cap


def no_media_rtcp():
    """RTCP but no RTP"""
    cap, link = begin()
    call = link.call()
    call.start()
    for _ in range(3):
        cap.wait(2)
        call.rtcp(back=False)
    call.bye()
    return cap


def no_ack():
    """the 200 OK is repeated, nobody acknowledges it, no media"""
    cap, link = begin()
    call = link.call()
    call.invite()
    call.trying()
    for wait in (0.5, 1, 2, 4):
        call.ok()
        cap.wait(wait)
    return until(cap, link, 1)


def port_zero():
    """the answer says port 0, the upper platform says BYE at once"""
    cap, link = begin()
    call = link.call(answer_port=0)
    call.start()
    call.bye()
    return cap


def inactive():
    """a=inactive on both sides: no media is asked for"""
    cap, link = begin()
    call = link.call(offer_direction="inactive", answer_direction="inactive")
    call.start()
    cap.wait(10)
    call.bye()
    return cap


def ok_private_inside():
    """both platforms and both c= are private: nothing odd"""
    cap, link = begin(lower=Platform("34020000002000000001", "10.1.1.7"), upper=Platform("34010000002000000001", "10.2.2.7"))
    link.call(offer_ip="192.168.48.2").play(10)
    return cap


def nat():
    """the lower platform is behind a NAT: private c=, media from where its SIP comes from"""
    cap, link = begin(**PUBLIC)
    link.call(answer_ip="192.168.7.7", rtp_src=("203.0.113.9", 61000)).play(10)
    return cap


def private_address():
    """c= is private and the peer public, but a NAT helper lets the media arrive at the SIP address"""
    cap, link = begin(**PUBLIC)
    link.call(offer_ip="192.168.48.2", rtp_dst=("198.51.100.20", 20000)).play(10)
    return cap


# ---- wrong media

def ssrc_mismatch():
    """both sides say y=0100007399, the RTP carries another SSRC"""
    cap, link = begin()
    link.call(offer_y="0100007399", answer_y="0100007399", ssrc=305419896).play(10)
    return cap


def ssrc_mismatch_offer():
    """the answer has no y=; the RTP does not carry the one of the INVITE"""
    cap, link = begin()
    link.call(offer_y="0100007399", answer_y=None, ssrc=0).play(10)
    return cap


def ssrc_changed():
    """the camera restarts in the middle and sends with another SSRC"""
    cap, link = begin()
    call = link.call(offer_y="0100007399", answer_y="0100007399", ssrc=100007399)
    call.start()
    call.rtp(10)
    call.ssrc, call.seq = 4711, 30000
    call.rtp(5)
    call.bye()
    return cap


def ssrc_shared():
    """two cameras with one SSRC to one port of the upper platform, at the same time"""
    cap, link = begin()
    first = link.call(offer_port=20000, offer_y="0100007399", answer_y="0100007399", ssrc=100007399)
    second = link.call(offer_port=20000, offer_y="0100007399", answer_y="0100007399", ssrc=100007399)
    for call in (first, second):
        call.start()
    for _ in range(5):
        first.rtp(1)
        second.rtp(1)
    first.bye()
    second.bye()
    return cap


def ok_ssrc_again():
    """the same SSRC in two calls one after the other: no fault"""
    cap, link = begin()
    for _ in range(2):
        link.call(offer_port=20000, offer_y="0100007399", answer_y="0100007399", ssrc=100007399).play(10)
        cap.wait(2)
    return cap


def not_ps():
    """the SDP says PS, the RTP carries bare H.264"""
    def frames(number):
        return (b"\x67" + h264_sps()[1:]) if number % 10 == 0 else H264_PPS if number % 10 == 1 else h264_slice(number % 10 == 2)
    cap, link = begin()
    link.call(frames=frames).play(40)
    return cap


def payload_type():
    """the RTP has payload type 100, which no m= line names"""
    cap, link = begin()
    link.call(pt=100).play(10)
    return cap


def no_key_frame():
    """12 s of video without a key frame"""
    cap, link = begin()
    link.call(rtp_interval=0.2, frames=lambda number: ps_frame(number, key=False)).play(61)
    return cap


def unnegotiated():
    """the RTP comes from a third address"""
    cap, link = begin()
    link.call(rtp_src=("203.0.113.77", 40000)).play(10)
    return cap


def other_port():
    """the RTP comes from another port than the answer says"""
    cap, link = begin()
    link.call(rtp_src=("192.0.2.10", 45678)).play(10)
    return cap


# ---- incomplete media

def loss():
    """31 of 250 RTP packets are lost: 12.4 %"""
    cap, link = begin()
    call = link.call()
    call.start()
    call.rtp(250, skip=set(range(8, 256, 8)) - {248} | {101})
    call.bye()
    return cap


def loss_small():
    """1 of 1100 RTP packets is lost"""
    def frames(number):
        """One long PES packet over all of them."""
        if number:
            return b"\x5a" * 10
        return (ps_pack() + ps_system_header() + ps_psm()
                + ps_pes(START + h264_sps() + START + H264_PPS + START + h264_slice(True), 0xE0, 0, length=11100))
    cap, link = begin()
    call = link.call(rtp_interval=0.002, frames=frames)
    call.start()
    call.rtp(1100, skip={500})
    call.bye()
    return cap


def slow_start():
    """the first RTP packet comes 7 s after the ACK"""
    cap, link = begin()
    call = link.call()
    call.start()
    cap.wait(7)
    call.rtp(10)
    call.bye()
    return cap


def talk(both=True):
    """voice both ways (s=Talk, PCMA)"""
    cap, link = begin()
    call = link.call(session="Talk", media="audio", offer_codecs=((8, "PCMA/8000"),), answer_codecs=((8, "PCMA/8000"),), pt=8,
                     offer_direction="sendrecv", answer_direction="sendrecv", frames=lambda number: b"\xd5" * 160,
                     rtp_interval=0.02)
    call.start()
    for number in range(20):
        call.rtp(1)
        if both:
            cap.udp(call.dst, call.src, rtp(b"\xd5" * 160, 55, number, 160 * number, pt=8))
    call.bye()
    return cap


def one_way():
    """voice both ways was agreed, only one way came"""
    return talk(both=False)


def broadcast():
    """a broadcast: the lower platform calls, the upper one sends the voice"""
    cap, link = begin()
    link.register()
    call = link.call(caller=link.lower, media="audio", offer_codecs=((8, "PCMA/8000"),), answer_codecs=((8, "PCMA/8000"),), pt=8,
                     frames=lambda number: b"\xd5" * 160, rtp_interval=0.02)
    call.play(20)
    return cap


# ---- the end

def media_after_bye():
    """RTP goes on for 3 s after the BYE"""
    cap, link = begin()
    call = link.call()
    call.start()
    call.rtp(10)
    call.bye()
    call.rtp(75)
    return cap


def ok_after_bye():
    """two RTP packets were on their way at the BYE"""
    cap, link = begin()
    call = link.call()
    call.start()
    call.rtp(10)
    call.bye()
    call.rtp(2)
    return cap


def no_bye():
    """the media stops, nobody says BYE, the capture goes on for 20 s"""
    cap, link = begin()
    call = link.call()
    call.start()
    call.rtp(10)
    return until(cap, link, 20)


def ok_paused():
    """playback is paused: silence without BYE is no fault"""
    cap, link = begin()
    call = link.call(session="Playback", t="1577232000 1577235600")
    call.start()
    call.rtp(10)
    call.info("PAUSE RTSP/1.0\r\nCSeq: 3\r\nPauseTime: now\r\n")
    return until(cap, link, 20)


# ---- more than one

def forked():
    """two answers with different To tags"""
    cap, link = begin()
    call = link.call()
    call.invite()
    call.trying()
    call.ok()
    call.ok(to_tag="fork2")
    call.ack()
    call.rtp(10)
    call.bye()
    return cap


def cascade():
    """three levels: the middle platform is called for a camera, and calls the lower platform for it"""
    cap = Capture()
    top = Platform("34000000002000000001", "198.51.100.20")
    middle = Platform("34010000002000000001", "198.51.100.30")
    bottom = Platform("34020000002000000001", "192.0.2.10")
    above, below = Link(cap, middle, top, seed=1), Link(cap, bottom, middle, seed=2)
    first = above.call(camera="34020000001320000077")
    second = below.call(camera="34020000001320000077", offer_port=30000, answer_port=50000)
    first.invite()
    first.trying()
    second.start()
    first.ok()
    first.ack()
    for _ in range(10):
        second.rtp(1)
        first.rtp(1)
    first.bye()
    second.bye()
    return cap


def two_faults():
    """wrong SSRC and loss at once: the worse one leads"""
    cap, link = begin()
    call = link.call(offer_y="0100007399", answer_y="0100007399", ssrc=1)
    call.start()
    call.rtp(20, skip={5, 6})
    call.bye()
    return cap


# ---- TCP media (RFC 4571)

def tcp_call(link, offer="passive", answer="active"):
    return link.call(proto="TCP/RTP/AVP", offer_extra=("a=setup:%s" % offer, "a=connection:new"),
                     answer_extra=("a=setup:%s" % answer, "a=connection:new"))


def tcp_role():
    """both sides say a=setup:passive: nobody connects"""
    cap, link = begin()
    tcp_call(link, "passive", "passive").start()
    return until(cap, link, 10)


def tcp_no_connection():
    """the lower platform should connect, and does not, while another call has media"""
    cap, link = begin()
    call, other = tcp_call(link), link.call()
    other.play(2, rtcp=False)
    call.start()
    return until(cap, link, 10)


def tcp_refused():
    """the upper platform refuses the media connection"""
    cap, link = begin()
    call = tcp_call(link)
    call.start()
    cap.tcp((link.lower.ip, 50123), (call.offer_ip, call.offer_port)).refuse()
    call.bye()
    return cap


SCENARIOS = [
    ok, ok_constant, ok_answer_prevails, ok_running, ok_reordered, ok_challenge, ok_private_inside, ok_ssrc_again,
    ok_after_bye, ok_unreachable_after_bye, ok_paused, no_answer, no_answer_five, no_answer_trying, in_progress,
    in_progress_ringing, in_progress_media, rejected, rejected_error_info, rejected_challenge, cancelled, unreachable,
    unreachable_media, no_media, no_media_private, no_media_rtcp, no_ack, port_zero, inactive, nat, private_address,
    ssrc_mismatch, ssrc_mismatch_offer, ssrc_changed, ssrc_shared, not_ps, payload_type, no_key_frame, unnegotiated,
    other_port, loss, loss_small, slow_start, talk, one_way, broadcast, media_after_bye, no_bye, forked, cascade,
    two_faults, tcp_role, tcp_no_connection, tcp_refused,
]


def captures():
    for scenario in SCENARIOS:
        yield "verdict-%s.pcap" % scenario.__name__.replace("_", "-"), scenario()
