# SPDX-License-Identifier: GPL-2.0-or-later
"""Catalogs: answers in many messages, subscriptions and notifications, names that change, trees of devices."""

from hikpcap import Capture, Link, Platform

PLATFORM = "34020000002000000001"
AREA = "34020000002160000001"
GROUP = "34020000002150000001"
CAMERAS = ["34020000001320%06d" % number for number in range(1, 9)]


def query(link, sn, cmd="Catalog", device=PLATFORM, **request):
    link.manscdp(link.upper, '<?xml version="1.0"?>\r\n<Query>\r\n<CmdType>%s</CmdType>\r\n<SN>%d</SN>\r\n<DeviceID>%s'
                 '</DeviceID>\r\n</Query>\r\n' % (cmd, sn, device), **request)


def notify(link, sn, rows, **request):
    """rows: (ID, event[, name])."""
    items = "".join("<Item><DeviceID>%s</DeviceID>%s<Event>%s</Event></Item>" % (
        row[0], "<Name>%s</Name>" % row[2] if len(row) > 2 else "", row[1]) for row in rows)
    link.manscdp(link.lower, ('<?xml version="1.0" encoding="GB2312"?>\r\n<Notify>\r\n<CmdType>Catalog</CmdType>\r\n<SN>%d</SN>\r\n'
                 '<DeviceID>%s</DeviceID>\r\n<SumNum>%d</SumNum>\r\n<DeviceList Num="%d">%s</DeviceList>\r\n</Notify>\r\n'
                 % (sn, PLATFORM, len(rows), len(rows), items)).encode("gb2312"), "NOTIFY", **request)


def catalog():
    """A catalog of ten in four messages, one retransmitted; then a call, a rename, a device that goes off."""
    cap = Capture()
    link = Link(cap)
    link.register()                                                     # 1, 2
    query(link, 17)                                                     # 3, 4
    link.catalog([(AREA, "\u5357\u533a", PLATFORM), (GROUP, "\u4e00\u697c", AREA)], sn=17, sum_num=10)   # 5, 6
    cap.wait(0.5)
    link.catalog([(CAMERAS[0], "\u4e1c\u95e8", GROUP), (CAMERAS[1], "\u897f\u95e8", GROUP), (CAMERAS[2], "\u5357\u95e8", AREA)],
                 sn=17, sum_num=10)                                     # 7, 8
    again = cap[6][1]
    cap.frame(again)                                                    # 9: frame 7 once more
    link.catalog([(CAMERAS[3], "\u5317\u95e8", GROUP), (CAMERAS[4], "Lobby", "1/" + AREA), (CAMERAS[5], "Yard")],
                 sn=17, sum_num=10)                                     # 10, 11
    link.call(camera=CAMERAS[0]).play(packets=2)                        # 12 to 21
    link.catalog([(CAMERAS[6], "Roof"), (CAMERAS[7], "Cellar")], sn=17, sum_num=10)
    notify(link, 301, [(CAMERAS[0], "UPDATE", "\u4e1c\u95e82"), (CAMERAS[1], "OFF")], to_tag="t1")
    link.call(camera=CAMERAS[0]).play(packets=2)
    return cap


def answers():
    """Questions and answers: times, the same SN twice, the same SN both ways, too many and too few items."""
    cap = Capture()
    link = Link(cap)
    query(link, 1, "DeviceInfo")                                        # 1, 2
    query(link, 2, "DeviceStatus")                                      # 3, 4
    cap.wait(0.246)
    answer = '<?xml version="1.0"?>\r\n<Response>\r\n<CmdType>%s</CmdType>\r\n<SN>%d</SN>\r\n<DeviceID>%s</DeviceID>\r\n' \
             '<Result>OK</Result>\r\n</Response>\r\n'
    link.manscdp(link.lower, answer % ("DeviceStatus", 2, PLATFORM))    # 5, 6
    link.manscdp(link.lower, answer % ("DeviceInfo", 1, PLATFORM))      # 7, 8
    query(link, 3)                                                      # 9, 10
    link.catalog([(CAMERAS[0], "A"), (CAMERAS[1], "B")], sn=3, sum_num=3)   # 11, 12
    link.catalog([(CAMERAS[2], "C"), (CAMERAS[3], "D")], sn=3, sum_num=3)   # 13, 14: one too many
    query(link, 3)                                                      # 15, 16: the SN again
    link.catalog([(CAMERAS[0], "A")], sn=3, sum_num=2)                  # 17, 18: one is missing
    # Both platforms ask with SN 9.
    query(link, 9, "DeviceInfo")                                        # 19, 20
    link.manscdp(link.lower, '<?xml version="1.0"?><Query><CmdType>DeviceInfo</CmdType><SN>9</SN><DeviceID>%s</DeviceID></Query>'
                 % PLATFORM)                                            # 21, 22
    link.manscdp(link.upper, answer % ("DeviceInfo", 9, PLATFORM))      # 23, 24: to 21
    link.manscdp(link.lower, answer % ("DeviceInfo", 9, PLATFORM))      # 25, 26: to 19
    # A channel is asked, the platform answers with its own ID.
    query(link, 10, "PresetQuery", CAMERAS[0])                          # 27, 28
    link.manscdp(link.lower, answer % ("PresetQuery", 10, PLATFORM))    # 29, 30
    # Answers whose question was not seen, all with one SN.
    link.catalog([(CAMERAS[0], "A")], sn=50)                            # 31, 32
    link.catalog([(CAMERAS[0], "A")], sn=50)                            # 33, 34
    return cap


def subscriptions():
    """SUBSCRIBE and NOTIFY: in the dialog; in a new dialog with the Event's id; a refresh; two at once; not seen."""
    cap = Capture()
    link = Link(cap)

    def subscribe(sn, call_id, event):
        query(link, sn, method="SUBSCRIBE", call_id=call_id, headers=[("Expires", "600"), ("Event", event)])

    def told(sn, call_id, event):
        notify(link, sn, [(CAMERAS[0], "ON")], call_id=call_id,
               headers=[("Event", event), ("Subscription-State", "active;expires=600")])

    subscribe(1, "sub1", "Catalog;id=1894")                             # 1, 2
    told(101, "sub1", "Catalog;id=1894")                                # 3, 4
    told(102, "other1", "Catalog;id=1894")                              # 5, 6
    subscribe(2, "sub2", "presence")                                    # 7, 8
    told(103, "sub2", "presence")                                       # 9, 10
    told(104, "sub1", "Catalog;id=1894")                                # 11, 12
    subscribe(3, "sub1", "Catalog;id=1894")                             # 13, 14: refresh
    told(105, "sub1", "Catalog;id=1894")                                # 15, 16
    told(106, "unseen", "Catalog")                                      # 17, 18
    told(107, "unseen", "Catalog;id=7")                                 # 19, 20
    return cap


def trees():
    """A ring of parents, a device that is its own parent, one listed before its parent, parents that are not listed."""
    cap = Capture()
    link = Link(cap)
    link.catalog([(CAMERAS[0], "child", CAMERAS[1]), (CAMERAS[1], "parent", "unlisted"), (CAMERAS[2], "self", CAMERAS[2]),
                  (CAMERAS[3], "ring a", CAMERAS[4]), (CAMERAS[4], "ring b", CAMERAS[5]), (CAMERAS[5], "ring c", CAMERAS[3]),
                  (CAMERAS[6], "two&#10;lines ]]&gt;", CAMERAS[1]), ("1", "short ID", CAMERAS[0])], sn=1)
    return cap


def same_sn():
    """Questions with one SN at the same time: from two platforms on two hosts, from two ports of one host. Items of one answer
    are sent twice, others never."""
    cap = Capture()
    lower = Platform(PLATFORM, "192.0.2.10")
    first = Link(cap, lower, Platform("34010000002000000001", "198.51.100.20"))
    second = Link(cap, lower, Platform("35010000002000000001", "198.51.100.30"), seed=5)
    third = Link(cap, lower, Platform("36010000002000000001", "198.51.100.20", 7200), seed=9)
    query(first, 7)                                                     # 1, 2
    query(second, 7)                                                    # 3, 4
    query(third, 7)                                                     # 5, 6
    third.catalog([(CAMERAS[0], "A"), (CAMERAS[1], "B")], sn=7)         # 7, 8
    second.catalog([(CAMERAS[0], "A"), (CAMERAS[1], "B")], sn=7, sum_num=4)     # 9, 10
    first.catalog([(CAMERAS[0], "A"), (CAMERAS[1], "B"), (CAMERAS[2], "C")], sn=7, sum_num=4)  # 11, 12
    second.catalog([(CAMERAS[2], "C"), (CAMERAS[3], "D")], sn=7, sum_num=4)     # 13, 14
    first.catalog([(CAMERAS[2], "C")], sn=7, sum_num=4)                 # 15, 16: C again, not D
    second.catalog([(CAMERAS[3], "D")], sn=7, sum_num=4)                # 17, 18: all were there
    return cap


def captures():
    yield "catalog.pcap", catalog()
    yield "catalog-same-sn.pcap", same_sn()
    yield "catalog-answers.pcap", answers()
    yield "catalog-subscriptions.pcap", subscriptions()
    yield "catalog-trees.pcap", trees()
