# SPDX-License-Identifier: GPL-2.0-or-later
"""Registration, keep-alives and Catalog: what goes wrong between two platforms before any call does.

Every function makes one capture; its docstring is its row in README.md.
"""

from hikpcap import Capture, Link, Platform

DIGEST = ("Authorization", 'Digest username="34020000002000000001", realm="hik", nonce="5f", uri="sip:34010000002000000001@hik", '
          'response="00000000000000000000000000000000"')
CHALLENGE = ("WWW-Authenticate", 'Digest realm="hik", nonce="5f"')


def begin(**options):
    cap = Capture()
    link = Link(cap, **options)
    return cap, link


def registered():
    """401, REGISTER with credentials, 200; five keep-alives; refreshed in time; logged off at the end"""
    cap, link = begin()
    link.register(status="401 Unauthorized", expires=300, answer_headers=[CHALLENGE])
    link.register(expires=300, headers=[DIGEST], cseq=2)
    for _ in range(5):
        cap.wait(50)
        link.keepalive()
    link.register(expires=300, headers=[DIGEST], cseq=3)
    cap.wait(10)
    link.register(expires=0, headers=[DIGEST], cseq=4)
    return cap


def auth_loop():
    """REGISTER with wrong credentials: 401 three times in a row"""
    cap, link = begin()
    for number in range(3):
        link.register(status="401 Unauthorized", headers=[DIGEST] if number else [], answer_headers=[CHALLENGE],
                      cseq=1 + number)
        cap.wait(5)
    return cap


def register_refused():
    """403 to the REGISTER"""
    cap, link = begin()
    link.register(status="403 Forbidden")
    return cap


def expired():
    """registered for 60 s and never again; an INVITE comes 90 s later"""
    cap, link = begin()
    link.register(expires=60)
    cap.wait(20)
    link.keepalive()
    cap.wait(70)
    link.call().play(5)
    return cap


def keepalive_missed():
    """a keep-alive every 60 s, then none for 200 s"""
    cap, link = begin()
    link.register()
    for _ in range(4):
        link.keepalive()
        cap.wait(60)
    cap.wait(140)
    link.keepalive()
    cap.wait(60)
    link.keepalive()
    return cap


def not_in_catalog():
    """a whole Catalog of two cameras, and an INVITE for a third"""
    cap, link = begin()
    link.register()
    link.catalog([("34020000001320000001", "North gate"), ("34020000001320000002", "South gate")], encoding="UTF-8")
    link.call(camera="34020000001320000009").play(5)
    return cap


def catalog_part():
    """one of five Catalog items was captured: an INVITE for another camera is just a note"""
    cap, link = begin()
    link.register()
    link.catalog([("34020000001320000001", "North gate")], encoding="UTF-8", sum_num=5)
    link.call(camera="34020000001320000009").play(5)
    return cap


def two_pairs():
    """two lower platforms under one upper: one call plays, one is refused"""
    cap = Capture()
    top = Platform("34010000002000000001", "198.51.100.20")
    links = [Link(cap, Platform("3402000000200000000%d" % number, "192.0.2.%d" % (10 * number)), top, seed=number)
             for number in (1, 2)]
    for link in links:
        link.register(expires=3600)
    links[0].keepalive()
    links[0].call().play(5)
    call = links[1].call()
    call.invite()
    call.status("404 Not Found")
    call.ack(branch=call.branch)
    links[1].call().play(5)
    return cap


SCENARIOS = [registered, auth_loop, register_refused, expired, keepalive_missed, not_in_catalog, catalog_part, two_pairs]


def captures():
    for scenario in SCENARIOS:
        yield "platforms-%s.pcap" % scenario.__name__.replace("_", "-"), scenario()
