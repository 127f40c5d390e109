# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls and registrations as they come in the field, neither clean nor broken: each function is one capture, made by the
test that needs it (no file is kept). What is healthy among them must stay silent."""

from hikpcap import Capture, Link, Platform

CAMERA = "34020000001320000077"
DIGEST = [("Authorization", 'Digest username="x", realm="hik", nonce="n", uri="sip:x", response="r"')]


def begin(**options):
    cap = Capture()
    return cap, Link(cap, **options)


# ---- calls under one Call-ID

def twins(cseq=21):
    """Three calls at once with one Call-ID and one From tag, for three cameras; INVITEs and answers come twice, the
    third call is cancelled, the callee ends the second."""
    cap, link = begin()
    calls = [link.call(call_id="X", from_tag="T", cseq=20 + (cseq - 20) * number) for number in range(3)]
    first, second, third = calls
    for call in calls:
        call.invite()
    cap.wait(0.5)
    for call in calls:
        call.invite()
        call.trying()
    third.cancel()
    third.status("487 Request Terminated")
    third.ack(branch=third.branch)
    for turn in range(2):
        cap.wait(0.5 * turn)
        first.ok()
        second.ok()
    second.ack()
    first.ack()
    for _ in range(5):
        first.rtp(1)
        second.rtp(1)
    first.info()
    second.bye(link.lower)
    first.bye()
    return cap


def passed_on():
    """Three levels; the middle platform passes Call-ID and tags on and puts itself into the way of the media."""
    cap = Capture()
    top, middle = Platform("34000000002000000001", "198.51.100.20"), Platform("34010000002000000001", "198.51.100.30")
    above = Link(cap, middle, top, seed=1)
    below = Link(cap, Platform("34020000002000000001", "192.0.2.10"), middle, seed=2)
    same = dict(camera=CAMERA, call_id="same", from_tag="one", to_tag="other")
    first, second = above.call(**same), below.call(offer_port=30000, answer_port=50000, **same)
    first.invite()
    first.trying()
    second.start()
    first.ok()
    first.ack()
    for _ in range(5):
        second.rtp(1)
        first.rtp(1)
    first.bye()
    second.bye()
    return cap


def proxy():
    """A SIP proxy passes the call on and leaves the media alone: one call, seen on two hops."""
    cap = Capture()
    top, middle = Platform("34000000002000000001", "198.51.100.20"), Platform("34010000002000000001", "198.51.100.30")
    below = Platform("34020000002000000001", "192.0.2.10")
    near, far = Link(cap, middle, top, seed=1), Link(cap, below, middle, seed=2)
    same = dict(camera=CAMERA, call_id="same", from_tag="one", to_tag="other", offer_ip="198.51.100.20", offer_port=20000,
                answer_ip="192.0.2.10", answer_port=40000, ssrc=4711)
    first, second = near.call(**same), far.call(**same)
    first.invite()
    second.invite()
    second.ok()
    first.ok()
    first.ack()
    second.ack()
    first.rtp(5)
    first.bye()
    second.bye()
    return cap


def two_addresses():
    """Three levels; the middle platform has an address for each side, and one ID."""
    cap = Capture()
    top = Platform("34000000002000000001", "198.51.100.20")
    north, south = Platform("34010000002000000001", "198.51.100.30"), Platform("34010000002000000001", "192.0.2.1")
    above, below = Link(cap, north, top, seed=1), Link(cap, Platform("34020000002000000001", "192.0.2.10"), south, seed=2)
    first, second = above.call(camera=CAMERA), below.call(camera=CAMERA, offer_port=30000, answer_port=50000)
    first.invite()
    second.start()
    first.ok()
    first.ack()
    for _ in range(5):
        second.rtp(1)
        first.rtp(1)
    first.bye()
    second.bye()
    return cap


# ---- re-INVITE

def there_and_back():
    """The ports move and come back: the sequence numbers went on in between."""
    cap, link = begin()
    call = link.call()
    call.start()
    call.rtp(10)
    for ports in ((30000, 50000), (call.offer_port, call.answer_port)):
        call.offer_port, call.answer_port = ports
        call.reinvite()
        call.ok()
        call.ack()
        call.rtp(10)
    call.bye()
    return cap


def reinvite_refused():
    """488 to a re-INVITE that moves the port: everything stays as it was."""
    cap, link = begin()
    call = link.call()
    call.start()
    call.rtp(5)
    call.offer_port, before = 30000, call.offer_port
    call.offer_y, before_y = "0000009999", call.offer_y
    call.reinvite()
    call.status("488 Not Acceptable Here")
    call.ack(branch=call.branch)
    call.offer_port, call.offer_y = before, before_y
    call.rtp(5)
    call.bye()
    return cap


def reinvite_by_callee():
    """The lower platform moves its own port."""
    cap, link = begin()
    call = link.call()
    call.start()
    call.rtp(5)
    call.answer_port = 44444
    back = dict(call_id=call.call_id, cseq=20, from_tag=call.to_tag, to_tag=call.from_tag, from_id=call.camera)
    message, core = link.request(link.lower, "INVITE", branch="back", content_type="Application/SDP",
                                 body=call.answer_sdp(), **back)
    link.send(link.lower, message)
    link.send(link.upper, link.answer(link.upper, core, content_type="Application/SDP", body=call.offer()))
    link.send(link.lower, link.request(link.lower, "ACK", **back)[0])
    call.rtp(5)
    call.bye()
    return cap


def update():
    """UPDATE moves the port of the upper platform."""
    cap, link = begin()
    call = link.call()
    call.start()
    call.rtp(5)
    call.offer_port = 31000
    core = call.in_dialog("UPDATE", content_type="Application/SDP", body=call.offer())
    call.answer_to(core, content_type="Application/SDP", body=call.answer_sdp())
    call.rtp(5)
    call.bye()
    return cap


def held():
    """a=inactive in mid-call, and the capture ends 20 s later: silence was agreed."""
    cap, link = begin()
    call = link.call()
    call.start()
    call.rtp(5)
    call.offer_direction = call.answer_direction = "inactive"
    call.reinvite()
    call.ok()
    call.ack()
    cap.wait(20)
    link.keepalive()
    return cap


# ---- the end of a call

def cancel_crosses():
    """CANCEL and 200 OK cross; the caller ends what it did not want any more."""
    cap, link = begin()
    call = link.call()
    call.invite()
    call.trying()
    cap.wait(3)
    message, core = link.request(call.caller, "CANCEL", call_id=call.call_id, cseq=call.cseq, from_tag=call.from_tag,
                                 branch=call.branch, to_id=call.camera)
    link.send(call.caller, message)
    call.ok()
    link.send(link.lower, link.answer(link.lower, core, "481 Call/Transaction Does Not Exist", to_tag=call.to_tag))
    call.ack()
    call.bye()
    return cap


def both_say_bye():
    """Two BYEs cross, and the second finds no call any more."""
    cap, link = begin()
    call = link.call()
    call.start()
    call.rtp(5)
    mine, theirs = call.in_dialog("BYE"), call.in_dialog("BYE", link.lower)
    call.answer_to(mine)
    call.answer_to(theirs, link.upper, status="481 Call/Transaction Does Not Exist")
    return cap


def looked_away():
    """BYE half a second after the ACK, before the first packet of the camera; another call has media."""
    cap, link = begin()
    other, call = link.call(), link.call()
    other.start()
    other.rtp(3)
    call.start()
    cap.wait(0.5)
    call.bye()
    other.bye()
    return cap


def next_camera():
    """The INVITE for the next camera to the same ports, with the same SSRC, comes just before the BYE of the last one."""
    cap, link = begin()
    last, new = [link.call(offer_port=20000, answer_port=40000, ssrc=77) for _ in range(2)]
    last.start()
    last.rtp(5)
    new.invite()
    last.rtp(1)
    last.bye()
    new.ok()
    new.ack()
    new.rtp(5)
    new.bye()
    return cap


# ---- calls that began before

def bye_from_below():
    """Nothing but the BYE of the lower platform."""
    cap, link = begin()
    link.call().bye(link.lower)
    return cap


def info_first():
    """The capture begins with an INFO of the dialog."""
    cap, link = begin()
    call = link.call(session="Playback")
    call.info()
    call.bye()
    return cap


# ---- media

def audio_refused():
    """The answer refuses the second m= line with port 0; the video is fine."""
    cap, link = begin()
    call = link.call()

    def body(sdp, port):
        at = sdp.index("y=")
        return sdp[:at] + "m=audio %d RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n" % port + sdp[at:]
    call.invite(body(call.offer(), 20002))
    call.ok(body(call.answer_sdp(), 0))
    call.ack()
    call.rtp(5)
    call.bye()
    return cap


def inside_nat():
    """Captured behind the NAT of the upper platform: its c= is public, the packets have its private address; the NAT of
    the lower platform changes the source port."""
    cap, link = begin(lower=Platform("34020000002000000001", "203.0.113.9"), upper=Platform("34010000002000000001", "10.0.0.5"))
    link.call(offer_ip="198.51.100.20", rtp_dst=("10.0.0.5", 20000), rtp_src=("203.0.113.9", 61000)).play(5, rtcp=False)
    return cap


def elsewhere():
    """RTP to and from addresses nobody announced: no session's, but the capture has RTP."""
    cap, link = begin()
    call = link.call(rtp_src=("203.0.113.1", 1234), rtp_dst=("203.0.113.2", 4321))
    call.start()
    call.rtp(5)
    cap.wait(10)
    call.bye()
    return cap


def wrong_port():
    """The lower platform sends to another port of the upper one than the INVITE asked for."""
    cap, link = begin()
    link.call(rtp_dst=("198.51.100.20", 30000)).play(5, rtcp=False)
    return cap


def one_too_high():
    """RTP goes to the port of RTCP."""
    cap, link = begin()
    link.call(rtp_dst=("198.51.100.20", 20001)).play(5, rtcp=False)
    return cap


def no_rtp_beside():
    """Bytes that begin as RTP does, with a payload type of nobody's, go to the port of RTCP."""
    cap, link = begin()
    call = link.call()
    call.start()
    call.rtp(5)
    for number in range(5):
        cap.udp(("192.0.2.10", 40001), ("198.51.100.20", 20001), bytes([0x80, 49 + number]) + bytes(range(90)))
    call.bye()
    return cap


def neighbours():
    """The RTCP port of one call is the RTP port of another, which began before it."""
    cap, link = begin()
    first, second = link.call(offer_port=20001, answer_port=40001), link.call(offer_port=20000, answer_port=40000)
    first.start()
    second.start()
    first.rtp(5)
    second.rtp(5)
    second.rtcp()
    first.bye()
    second.bye()
    return cap


def translated():
    """The same port at another address: DNAT on the way, or a c= that was changed by the wrong one."""
    cap, link = begin()
    link.call(rtp_dst=("198.51.100.99", 20000)).play(5, rtcp=False)
    return cap


def astray():
    """From a port nobody announced to an address nobody announced: SSRC and the sender's address tell whose it is."""
    cap, link = begin()
    link.call(rtp_src=("192.0.2.10", 45678), rtp_dst=("203.0.113.2", 4321)).play(5, rtcp=False)
    return cap


def astray_ipv6():
    """To another port of the receiver, from an address nobody announced."""
    cap, link = begin(lower=Platform("34020000002000000001", "2001:db8:10::7"), upper=Platform("34010000002000000001", "2001:db8:20::187"))
    link.call(rtp_src=("2001:db8:99::1", 45678), rtp_dst=("2001:db8:20::187", 4321)).play(5, rtcp=False)
    return cap


def passed_on_as_it_is():
    """A platform in the middle passes RTP on with the SSRC it has; its call to the camera is not in the capture."""
    cap, link = begin()
    call = link.call()
    call.start()
    for _ in range(5):
        packet = call.rtp_packet()
        cap.udp(("172.16.5.9", 15060), ("192.0.2.10", 33000), packet)
        cap.udp(call.src, call.dst, packet)
        cap.wait(0.04)
    call.bye()
    return cap


# ---- catalogs

def other_catalog():
    """The catalog of one lower platform, and a call to another."""
    cap = Capture()
    one, other = Link(cap), Link(cap, lower=Platform("34030000002000000001", "192.0.2.77"), seed=5)
    one.register()
    other.register()
    one.catalog([("34020000001320000009", "Gate")], encoding="UTF-8")
    other.call(camera="34030000001320000001").play(5)
    return cap


# ---- registrations

def redirected():
    """302 to the REGISTER (GB/T 28181-2022): the lower platform registers at another member of the cluster."""
    cap, link = begin()
    link.register(status="302 Moved Temporarily")
    Link(cap, lower=link.lower, upper=Platform("34010000002000000001", "198.51.100.21"), seed=4).register()
    return cap


def answer_missing():
    """The 200 of the first REGISTER is not in the capture; the next 401 is the challenge of a new try."""
    cap, link = begin()
    for number in range(2):
        link.register(status="401 Unauthorized", call_id="r%d" % number)
        link.register(status="200 OK" if number else None, headers=DIGEST, call_id="r%d" % number, cseq=2)
        cap.wait(3000)
    return cap


def stale_nonce():
    """Every refresh begins with the old nonce, is refused once, and succeeds."""
    cap, link = begin()
    for number in range(4):
        link.register(status="401 Unauthorized", headers=DIGEST if number else [], cseq=1 + 2 * number)
        link.register(headers=DIGEST, cseq=2 + 2 * number)
        cap.wait(3000)
    return cap


def ran_out():
    """Registered for 60 s, silent for 80, and registered again."""
    cap, link = begin()
    link.register(expires=60)
    cap.wait(80)
    link.register(expires=60, cseq=2)
    return cap


def repeated_keepalive():
    """Keep-alives every 60 s; one of them is sent anew after 6 s."""
    cap, link = begin()
    link.register()
    for number in range(8):
        link.keepalive()
        cap.wait(6 if number == 3 else 60)
    return cap


def silent_to_the_end():
    """The first of two lower platforms falls silent; nothing of its own says so, but the capture goes on."""
    cap = Capture()
    one, other = Link(cap), Link(cap, lower=Platform("34030000002000000001", "192.0.2.77"), seed=5)
    for number in range(12):
        if number < 5:
            one.keepalive()
        other.keepalive()
        cap.wait(60)
    return cap


def captures():
    yield from ()
