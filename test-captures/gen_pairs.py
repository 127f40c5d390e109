# SPDX-License-Identifier: GPL-2.0-or-later
"""Pairs of platforms whose addresses change, and registrations that only look wrong.

Every function makes one capture; its docstring is its row in README.md.
"""

from gen_verdict_platforms import DIGEST, begin
from hikpcap import Link, Platform

LOWER = Platform("34020000002000000001", "192.0.2.10")
ALARM = ('<?xml version="1.0"?>\r\n<Notify>\r\n<CmdType>Alarm</CmdType>\r\n<SN>7</SN>\r\n<DeviceID>34020000001340000001</DeviceID>\r\n'
         '<AlarmPriority>1</AlarmPriority>\r\n<AlarmMethod>5</AlarmMethod>\r\n'
         '<AlarmDescription>Broadcast tower</AlarmDescription>\r\n</Notify>\r\n')


def challenge(nonce="5f", stale=""):
    return [("WWW-Authenticate", 'Digest realm="hik", nonce="%s"%s' % (nonce, ", stale=" + stale if stale else ""))]


def credentials(nonce="5f"):
    return [(DIGEST[0], DIGEST[1].replace('nonce="5f"', 'nonce="%s"' % nonce))]


def nat_port():
    """the NAT gives the lower platform another port twice: keep-alives go on, an INVITE comes to the newest"""
    cap, link = begin()
    link.register(expires=3600)
    for port in (40001, 40002):
        for _ in range(4):
            cap.wait(59.998)
            link.keepalive()
        link.lower.port = port
    cap.wait(59.998)
    link.keepalive()
    link.call().play(5)
    return cap


def tcp_again():
    """the TCP connection breaks; the lower platform connects anew and registers again"""
    cap, link = begin(transport="TCP")
    link.register(expires=60)
    for number in range(9):
        cap.wait(9.998)
        link.keepalive()
        if number == 4:
            link.connection.reset()
            link.connection = None
            link.register(expires=60)
    return cap


def channel_first():
    """an alarm of a channel comes before the REGISTER; "Broadcast" stands in its description"""
    cap, link = begin()
    link.manscdp(link.lower, ALARM, from_id="34020000001340000001")
    link.register()
    cap.wait(60)
    link.keepalive()
    return cap


def challenge_again():
    """401 twice before the credentials come; later REGISTERs have a nonce that is used up, with and without stale"""
    cap, link = begin()
    link.register(status="401 Unauthorized", answer_headers=challenge("1"), cseq=1)
    link.register(status="401 Unauthorized", answer_headers=challenge("2"), cseq=2)
    link.register(headers=credentials("2"), cseq=3)
    cap.wait(50)
    link.register(status="401 Unauthorized", headers=credentials("2"), answer_headers=challenge("3"), cseq=4)
    link.register(status="401 Unauthorized", headers=credentials("3"), answer_headers=challenge("4", "true"), cseq=5)
    link.register(headers=credentials("4"), cseq=6)
    return cap


def challenge_not_answered():
    """401 three times, and the lower platform never sends credentials"""
    cap, link = begin()
    for number in range(3):
        link.register(status="401 Unauthorized", answer_headers=challenge(str(number)), cseq=1 + number)
        cap.wait(30)
    return cap


def keepalive_refused():
    """three keep-alives are good, two are refused with 403"""
    cap, link = begin()
    link.register()
    for number in range(5):
        cap.wait(60)
        link.keepalive(status="200 OK" if number < 3 else "403 Forbidden")
    return cap


def no_keepalive():
    """registered, and no keep-alive for ten minutes, while the upper platform subscribes twice"""
    cap, link = begin()
    link.register()
    cap.wait(200)
    link.subscribe()
    cap.wait(400)
    link.subscribe()
    return cap


def accepted_after_expiry():
    """Expires 60 renewed once, from another NAT port; keep-alives every 15 s are accepted long after"""
    cap, link = begin()
    for port in (7100, 40001):
        link.lower.port = port
        link.register(expires=60)
        for _ in range(4 if port == 7100 else 7):
            cap.wait(14.998)
            link.keepalive()
    return cap


def keepalive_burst(waits=(6, 6, 6) + (60,) * 6, transport="UDP"):
    """four keep-alives 6 s apart, as some devices send after they start, and then one every 60 s: no gap"""
    cap, link = begin(transport=transport)
    link.register()
    link.keepalive()
    for seconds in waits:
        cap.wait(seconds - 0.002)
        link.keepalive()
    return cap


OLDER, OWN = '"Box, old <1>" <sip:%s@192.0.2.10:40001>' % LOWER.id, "<sip:%s@192.0.2.10:7100>" % LOWER.id


def older_contact(granted=((OLDER, 12), (OWN, 60)), one_header=True, asked=60, transport="UDP", seen="both"):
    """the 200 to REGISTER lists an older Contact of the lower platform first, with 12 s left, and then its own with 60; keep-alives
    every 15 s"""
    cap, link = begin(transport=transport)

    def register(seconds, contacts):
        values = ["%s;expires=%d" % contact for contact in contacts]
        if one_header:
            values = [", ".join(values)]
        message, core = link.request(link.lower, "REGISTER", uri=link.upper.uri, to_id=link.lower.id,
                                     headers=[("Expires", str(seconds))])
        if seen == "both":
            link.send(link.lower, message)
        link.send(link.upper, link.answer(link.upper, core, to_tag="t", contact=False,
                                          headers=[("Contact", value) for value in values if value]))

    register(60, granted)
    for _ in range(3):
        cap.wait(14.998)
        link.keepalive()
    if asked == 0: # it logs off, and its older Contact is still listed
        register(0, granted[:1])
    return cap


def capture_stands_still():
    """keep-alives every 60 s; then nothing at all for 300 s, and a query that the lower platform answers"""
    cap, link = begin()
    link.register()
    for _ in range(5):
        cap.wait(59.998)
        link.keepalive()
    cap.wait(299.998)
    link.subscribe()
    return cap


def behind_nat(inside="192.168.1.10", outside="192.0.2.10", port=40001):
    """A capture with both sides of the lower platform's NAT, and a link on each."""
    cap, link = begin()
    link.lower.ip = link.lower.media_ip = inside
    beyond = Link(cap, Platform(LOWER.id, outside, port), link.upper, seed=7)
    return cap, link, beyond


def call_without_name(link):
    """A call whose answer does not name the lower platform: its Contact is a copy of the INVITE's."""
    call = link.call()
    call.invite()
    link.send(link.lower, link.answer(link.lower, call.core, to_tag=call.to_tag, contact=False, content_type="Application/SDP",
                                      headers=[("Contact", "<%s>" % link.upper.uri)], body=call.answer_sdp()))
    call.ack()
    call.rtp(3)
    return call


def guess_first():
    """a call on the inner side of a NAT before anything names the lower platform; it registers on the outer side, and its next
    keep-alive is seen on the inner one: one pair"""
    cap, inside, outside = behind_nat()
    call = call_without_name(inside)
    outside.register()
    for _ in range(3):
        cap.wait(59.998)
        outside.keepalive()
    cap.wait(59.998)
    inside.keepalive()
    call.bye()
    return cap


def guess_other_port():
    """an alarm of a channel and a call come before the NAT gives the lower platform another port, at which it registers; it is
    the only one there"""
    cap, link = begin()
    link.lower.port = 40001
    link.manscdp(link.lower, ALARM, from_id="34020000001340000001")
    call_without_name(link).bye()
    link.lower.port = 40002
    link.register()
    cap.wait(60)
    link.keepalive()
    return cap


SCENARIOS = [nat_port, tcp_again, channel_first, challenge_again, challenge_not_answered, keepalive_refused, no_keepalive,
             accepted_after_expiry, older_contact, keepalive_burst,
             capture_stands_still, guess_first, guess_other_port]


def captures():
    for scenario in SCENARIOS:
        yield "pair-%s.pcap" % scenario.__name__.replace("_", "-"), scenario()
