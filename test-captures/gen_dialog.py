# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialogs as RFC 3261 has them and devices make them: what ends a call, which SDP counts, how many forks there are."""

from hikpcap import Capture, Link, PS_ONLY, Platform, sdp


def begin(**options):
    cap = Capture()
    link = Link(cap)
    return cap, link, link.call(**options)


def bye_refused(status="401 Unauthorized", sender="upper", again=True):
    """the first BYE is refused, media goes on for 3 s, a second BYE ends the call"""
    cap, link, call = begin()
    call.start().rtp(20)
    call.bye(getattr(link, sender), status=status)
    call.rtp(75)
    if again:
        call.bye()
    return cap


def bye_gone(status="481 Call/Transaction Does Not Exist"):
    """the BYE is answered 481: there is no call any more, and yet media goes on for 3 s"""
    cap, link, call = begin()
    call.start().rtp(20)
    call.bye(status=status)
    call.rtp(75)
    return cap


def bye_refused_for_good():
    """the BYE is refused with 403, media goes on for a while and stops; a keep-alive 12 s later"""
    cap, link, call = begin()
    call.start().rtp(20)
    call.bye(status="403 Forbidden")
    call.rtp(5)
    cap.wait(12)
    link.keepalive()
    return cap


def bye_crossed_and_refused():
    """both sides say BYE, the first of the two is refused: the other one counts"""
    cap, link, call = begin()
    call.start().rtp(5)
    first = call.in_dialog("BYE", link.upper)
    cap.wait(0.1)
    second = call.in_dialog("BYE", link.lower)
    call.answer_to(first, link.lower, status="403 Forbidden")
    call.answer_to(second, link.upper)
    call.rtp(50)
    return cap


def late_answer(copies=1, after="200"):
    """a re-INVITE moves the media, and the first 200 comes again after the second one"""
    cap, link, call = begin()
    call.start().rtp(5)
    first = call.ok(send=False)
    call.offer_port, call.answer_port = 30000, 31000
    call.reinvite()
    if after == "invite":
        for _ in range(copies):
            link.send(link.lower, first)
            cap.wait(0.06 if copies > 1 else 0)
    call.ok()
    call.ack()
    if after == "200":
        for _ in range(copies):
            link.send(link.lower, first)
            cap.wait(0.06 if copies > 1 else 0)
    call.rtp(50)
    call.bye()
    return cap


def late_invite():
    """the first INVITE comes again after a re-INVITE moved the media"""
    cap, link, call = begin()
    first = call.invite(send=False)
    call.start().rtp(5)
    call.offer_port, call.answer_port = 30000, 31000
    call.reinvite()
    call.ok()
    call.ack()
    link.send(link.upper, first)
    call.rtp(50)
    call.bye()
    return cap


def forks(second=3):
    """two forks answer, the second one says 200 three times"""
    cap, link, call = begin()
    call.invite()
    call.ok()
    for _ in range(second):
        call.ok(to_tag="other")
        cap.wait(0.5)
    call.ack()
    call.rtp(10)
    call.bye()
    return cap


def fork_left(after=0.1, sender="upper", kept_first=True, acked=True, again=False, transport="UDP", alike=False):
    """two forks answer with ports and SSRCs of their own; the caller says BYE to one of them 0.1 s later, and the other one plays on"""
    cap = Capture()
    link = Link(cap, transport=transport)
    call = link.call()
    kept = ("kept", 40000, call.answer_y)
    left = ("left", *kept[1:]) if alike else ("left", 49000, "0000777777")

    def answer(fork, ack=True):
        call.to_tag, call.answer_port, call.answer_y = fork
        call.ok()
        if ack:
            call.ack()

    call.invite()
    if kept_first:
        answer(kept)
        call.rtp(2)
    answer(left, acked)
    cap.wait(after - 0.001 * acked)
    if not kept_first:
        answer(kept)
        call.to_tag = "left"
    core = call.in_dialog("BYE", getattr(link, sender), branch="left")
    if again:
        cap.wait(0.5)
        call.in_dialog("BYE", getattr(link, sender), cseq=call.cseq, branch="left")
    call.answer_to(core, link.lower if sender == "upper" else link.upper)
    call.to_tag, call.answer_port, call.answer_y = kept
    call.rtp(50)
    call.bye()
    return cap


def new_tag_each_time(left_both=False):
    """a device that answers twice, each time with another To tag; the call ends with a BYE to the first, late or to both at once"""
    cap, link, call = begin()
    call.invite()
    for tag in ("b", "a"):
        call.to_tag = tag
        call.ok()
        call.ack()
    if not left_both:
        call.rtp(55)
    call.bye()
    if left_both:
        call.to_tag = "b"
        call.bye()
    call.rtp(50 if left_both else 0)
    return cap


def raw_tag(tag=b"caf\xe9\xff"):
    """a From tag with bytes that are no UTF-8; the INVITE is sent four times, and the call goes its way"""
    cap, link, call = begin(from_tag="RAWTAG")
    make = lambda message: message.replace(b"RAWTAG", tag)
    send = link.send
    link.send = lambda sender, message, **options: send(sender, make(message), **options)
    for wait in (0.5, 0.5, 0.5, 0.1):
        call.invite()
        cap.wait(wait)
    call.ok()
    call.ack()
    call.rtp(5)
    call.bye()
    return cap


def cancelled_late(wait=1.0, ack=False, bye=False, media=0, copies=3):
    """CANCEL 5 s after the INVITE; the 200 comes 1 s later all the same, and again"""
    cap, link, call = begin()
    call.invite()
    call.trying()
    cap.wait(5)
    call.cancel()
    cap.wait(wait - 0.002)
    for _ in range(copies):
        call.ok()
        cap.wait(0.5)
    if ack:
        call.ack()
    call.rtp(media)
    if bye:
        call.bye()
    return cap


def cancel_unanswered(late=1.0, sent=1, play=50, answered=True, wait=0.0, cancelled=False):
    """nothing answers the CANCEL; the 200 comes a second later, and the call goes its way"""
    cap, link, call = begin()
    call.invite()
    call.trying()
    cap.wait(3)
    for number in range(sent):
        call.cancel(answer=cancelled)
        cap.wait(late if number + 1 == sent else 0.5)
    if answered:
        call.ok()
        call.ack()
        call.rtp(play)
        call.bye()
    cap.wait(wait)
    if wait:
        link.keepalive()
    return cap


def device_hangs_up(after=0.06, sender="lower", other=True, acked=True):
    """the device says BYE 60 ms after the ACK, without media; another call of the capture has some"""
    cap, link, call = begin()
    if other:
        call.play(5)
        call = link.call()
    call.invite()
    call.trying()
    call.ok()
    if acked:
        call.ack()
    cap.wait(after - 0.001)
    call.bye(getattr(link, sender))
    if not acked: # the BYE is on its way already
        call.ack()
    return cap


MEDIA_STATUS = ('<?xml version="1.0"?>\r\n<Notify>\r\n<CmdType>MediaStatus</CmdType>\r\n<SN>7</SN>\r\n<DeviceID>%s</DeviceID>\r\n'
                '<NotifyType>%s</NotifyType>\r\n</Notify>\r\n')


def file_end(session="Download", kind="121", inside=True, bye=False, packets=20, wait=40):
    """a download: MediaStatus 121 inside the dialog, and no BYE in the 40 s that follow"""
    cap, link, call = begin(session=session, t="1700000000 1700000060")
    call.start().rtp(packets)
    xml = MEDIA_STATUS % (call.camera, kind)
    if inside:
        core = call.in_dialog("MESSAGE", link.lower, content_type="Application/MANSCDP+xml", body=xml)
        call.answer_to(core, link.upper)
    else:
        link.manscdp(link.lower, xml)
    if bye:
        call.bye()
    cap.wait(wait)
    link.keepalive()
    return cap


def file_end_without_media(after=3.0, wait=3.0, bye=True, other=True):
    """a download: the device says that its file is at its end, and no media came; another call of the capture has some"""
    cap, link, call = begin()
    if other:
        call.play(5)
    call = link.call(session="Download", t="1700000000 1700000060")
    call.start()
    cap.wait(after - 0.001)
    core = call.in_dialog("MESSAGE", link.lower, content_type="Application/MANSCDP+xml", body=MEDIA_STATUS % (call.camera, "121"))
    call.answer_to(core, link.upper)
    cap.wait(wait - 0.002)
    if bye:
        call.bye()
    return cap


def file_end_bye_refused():
    """a download to the end of its file; the BYE is refused, and the capture goes on for 15 s"""
    cap, link, call = begin(session="Download", t="1700000000 1700000060")
    call.start().rtp(20)
    core = call.in_dialog("MESSAGE", link.lower, content_type="Application/MANSCDP+xml", body=MEDIA_STATUS % (call.camera, "121"))
    call.answer_to(core, link.upper)
    call.bye(status="403 Forbidden")
    cap.wait(15)
    link.keepalive()
    return cap


def pause(rtsp="RTSP/1.0 455 Method Not Valid in This State", method="PAUSE"):
    """a playback is told to pause; SIP says 200, and the RTSP answer inside says 455"""
    cap, link, call = begin(session="Playback", t="1700000000 1700000060")
    call.start().rtp(5)
    core = call.in_dialog("INFO", content_type="Application/MANSRTSP",
                          body="%s RTSP/1.0\r\nCSeq: 2\r\nPauseTime: now\r\n" % method)
    call.answer_to(core, content_type="Application/MANSRTSP", body="%s\r\nCSeq: 2\r\n" % rtsp)
    call.rtp(5)
    return cap


def pause_refused_by_info(status="455 Method Not Valid in This State", cseq="CSeq: 2\r\n", sender="lower", **options):
    """the same, and the RTSP answer comes in an INFO of the device's own"""
    cap, link, call = begin(session="Playback", t="1700000000 1700000060", **options)
    sender, other = (link.lower, link.upper) if sender == "lower" else (link.upper, link.lower)
    call.start().rtp(5)
    call.answer_to(call.in_dialog("INFO", content_type="Application/MANSRTSP", body="PAUSE RTSP/1.0\r\nCSeq: 2\r\nPauseTime: now\r\n"))
    core = call.in_dialog("INFO", sender, content_type="Application/MANSRTSP", body="RTSP/1.0 %s\r\n%s" % (status, cseq))
    call.answer_to(core, other)
    call.rtp(5)
    return cap


def no_call_id():
    """two INVITEs with an empty Call-ID"""
    cap, link, call = begin(call_id=" ")
    call.invite()
    link.call(call_id=" ").invite()
    return cap


FILES = [bye_refused, bye_gone, late_answer, forks, fork_left, raw_tag, cancelled_late, device_hangs_up, file_end, pause,
         pause_refused_by_info, cancel_unanswered, file_end_without_media]


def captures():
    for scenario in FILES:
        yield "dialog-%s.pcap" % scenario.__name__.replace("_", "-"), scenario()
