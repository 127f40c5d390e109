# SPDX-License-Identifier: GPL-2.0-or-later
"""Subscriptions (RFC 6665, GB/T 28181-2016 9.11) from the first SUBSCRIBE to the last NOTIFY.

Every function makes one capture; its docstring is its row in README.md.
"""

from hikpcap import Capture, Link


def subscribe(link, call_id, event, expires=600, status="200 OK", granted=None, **request):
    link.exchange(link.upper, "SUBSCRIBE", status, call_id=call_id, headers=[("Expires", str(expires)), ("Event", event)],
                  answer_headers=[] if granted is None else [("Expires", str(granted))], **request)


def notify(link, call_id, event, state=None, status="200 OK", **request):
    """Without a body."""
    link.exchange(link.lower, "NOTIFY", status, call_id=call_id,
                  headers=[("Event", event)] + ([("Subscription-State", state)] if state else []), **request)


def life():
    """a subscription is granted 90 s of 600, renewed, its next renewal refused, and cancelled; NOTIFYs without a body"""
    cap = Capture()
    link = Link(cap)
    subscribe(link, "s", "Catalog;id=7", 600, granted=90)           # 1, 2
    notify(link, "s", "Catalog;id=7", "active;expires=80")          # 3, 4
    cap.wait(60)
    subscribe(link, "s", "Catalog;id=7", 300)                       # 5, 6: renewed, no Expires in the answer
    cap.wait(60)
    subscribe(link, "s", "Catalog;id=7", 300, "503 Service Unavailable")  # 7, 8: it goes on
    notify(link, "s", "Catalog;id=7")                               # 9, 10
    notify(link, "other", "Catalog;id=7")                           # 11, 12: a dialog of its own
    subscribe(link, "s", "Catalog;id=7", 0, granted=0)              # 13, 14: cancelled
    notify(link, "s", "Catalog;id=7", "terminated;reason=timeout")  # 15, 16
    return cap


def ends():
    """subscriptions that are refused, run out, are terminated by a NOTIFY, by 481; a NOTIFY whose SUBSCRIBE is not there"""
    cap = Capture()
    link = Link(cap)
    subscribe(link, "refused", "Alarm", 600, "489 Bad Event")       # 1, 2
    subscribe(link, "out", "presence", 30)                          # 3, 4
    subscribe(link, "ended", "Catalog;id=1", 600)                   # 5, 6
    subscribe(link, "gone", "Catalog;id=2", 600)                    # 7, 8
    notify(link, "ended", "Catalog;id=1", "terminated;reason=deactivated")     # 9, 10
    notify(link, "gone", "Catalog;id=2", status="481 Call/Transaction Does Not Exist")  # 11, 12
    cap.wait(30.5)
    notify(link, "out", "presence", "active")                       # 13, 14: on its way
    cap.wait(11)
    notify(link, "out", "presence", "active")                       # 15, 16: late
    notify(link, "unseen", "presence.winfo", "active;expires=77")   # 17, 18
    return cap


SCENARIOS = [life, ends]


def captures():
    for scenario in SCENARIOS:
        yield "subscription-%s.pcap" % scenario.__name__.replace("_", "-"), scenario()
