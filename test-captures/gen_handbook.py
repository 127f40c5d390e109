# SPDX-License-Identifier: GPL-2.0-or-later
"""The capture that README and the handbook show: one morning of a cascade with a fault of each kind."""

from gen_questions import query
from hikpcap import Capture, Link, Platform

CITY = Platform("34010000002000000001", "198.51.100.20")
EAST = Platform("34020000002000000001", "203.0.113.10", agent="NCG V3.3.6.686194")
SOUTH = Platform("34030000002000000001", "203.0.113.77", agent="NCG V3.3.6.686194")
CAMERAS = [("34020000001320%06d" % number, name) for number, name in enumerate(
    ["东门枪机", "西门球机", "停车场入口", "仓库", "北门", "机房", "广场", "食堂"], 1)]
SEEK = "PLAY RTSP/1.0\r\nCSeq: 3\r\nScale: 1.0\r\nRange: npt=120.0-\r\n"
FAST = "PLAY RTSP/1.0\r\nCSeq: 2\r\nScale: 4.0\r\nRange: npt=now-\r\n"


def refused(link, cap):
    """Two times a challenge, and credentials that do not fit."""
    challenge = [("WWW-Authenticate", 'Digest realm="3401000000",nonce="9bd055",algorithm=MD5')]
    for number in range(3):
        credentials = [("Authorization", 'Digest username="%s",realm="3401000000",nonce="9bd055",uri="%s",response="%032d",'
                        'algorithm=MD5' % (link.lower.id, link.upper.uri, number))] if number else []
        link.register(status="401 Unauthorized", headers=credentials, answer_headers=challenge, call_id="south", cseq=number + 1)
        cap.wait(2)


def handbook():
    """for README and the handbook: two platforms below (one with a wrong password), a catalog that is not whole and one that
    never comes, a healthy call, a playback, and six faulty calls"""
    cap = Capture()
    link, south = Link(cap, EAST, CITY), Link(cap, SOUTH, CITY, seed=5)
    link.register(expires=3600)
    refused(south, cap)
    query(link)
    for first in (0, 3, 6):
        # One of the last three devices does not arrive.
        link.catalog(CAMERAS[first:first + 3][:2 if first == 3 else 3], sn=17, sum_num=len(CAMERAS))
    link.keepalive()

    def call(number, **options):
        cap.wait(1)
        ssrc = options.pop("ssrc", 200004320 + number)
        return link.call(camera=CAMERAS[number - 1][0], ssrc=ssrc, offer_y="%010d" % ssrc, answer_y="%010d" % ssrc,
                         offer_f="v/2/5/25/1/4096a/1/8/1", **options)
    call(1).play(50)
    one = call(2)
    one.invite()
    one.trying()
    one.error_info("2207", "codec not supported")
    one.ack(branch=one.branch)
    one = call(3, offer_ip="192.168.48.2").start()
    cap.wait(12)
    one.bye()
    one = call(4).start()
    one.rtp(30, ssrc=77777777)
    one.bye()
    query(link, sn="18")
    link.keepalive()
    one = call(5).start()
    one.rtp(150, skip={40, 41, 42, 43, 90, 91, 92, 93, 94, 140, 141})
    one.rtcp()
    one.bye()
    one = call(6, rtp_dst=("198.51.100.20", 30000)).start()
    one.rtp(40)
    one.bye()
    one = call(7)
    for again in (0.5, 1, 2, 4, 4, 4):
        one.invite()
        cap.wait(again)
    link.keepalive()
    # Playback: faster, then a seek with new sequence numbers.
    one = call(8, session="Playback", t="1577260800 1577264400", ssrc=1200004328)
    one.start()
    one.rtp(10)
    one.info(FAST)
    one.rtp(10)
    one.info(SEEK)
    one.seq = 40001
    one.rtp(20)
    one.bye()
    cap.wait(25)
    link.keepalive()
    return cap


def captures():
    yield "handbook.pcap", handbook()
