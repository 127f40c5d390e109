# SPDX-License-Identifier: GPL-2.0-or-later
"""Questions that nothing answers: requests without a SIP answer, queries without their Response.

Every function makes one capture; its docstring is its row in README.md.
"""

from gen_verdict_platforms import begin
from hikpcap import Platform

CAMERAS = [("3402000000132%07d" % number, "Camera %d" % number) for number in range(1, 301)]


def query(link, command="Catalog", sn="17", **options):
    link.manscdp(link.upper, '<?xml version="1.0"?>\r\n<Query>\r\n<CmdType>%s</CmdType>\r\n<SN>%s</SN>\r\n<DeviceID>%s</DeviceID>'
                 '\r\n</Query>\r\n' % (command, sn, link.lower.id), **options)


def catalog(link, cameras, sum_num, sn="17", **options):
    rows = "".join("<Item>\r\n<DeviceID>%s</DeviceID>\r\n<Name>%s</Name>\r\n</Item>\r\n" % camera for camera in cameras)
    link.manscdp(link.lower, '<?xml version="1.0"?>\r\n<Response>\r\n<CmdType>Catalog</CmdType>\r\n<SN>%s</SN>\r\n'
                 '<DeviceID>%s</DeviceID>\r\n<SumNum>%d</SumNum>\r\n<DeviceList Num="%d">\r\n%s</DeviceList>\r\n</Response>\r\n'
                 % (sn, link.lower.id, sum_num, len(cameras), rows), **options)


def query_without_response():
    """a Catalog query is accepted with 200, and no Response comes"""
    cap, link = begin()
    link.register()
    query(link)
    cap.wait(60)
    link.keepalive()
    return cap


def list_stops():
    """the list that answers a Catalog query stops at 3 of 5 items"""
    cap, link = begin()
    link.register()
    query(link)
    for camera in CAMERAS[:3]:
        catalog(link, [camera], 5)
    cap.wait(60)
    link.keepalive()
    return cap


def keepalive_without_answer():
    """the upper platform answers two keep-alives, and then none; each is sent three times"""
    cap, link = begin()
    link.register()
    for number in range(5):
        cap.wait(60)
        if number < 2:
            link.keepalive()
            continue
        for again in range(3):
            link.keepalive(status=None, branch="ka%d" % number, call_id="kacall%d" % number, from_tag="ka", cseq=number)
            cap.wait(0.5)
    return cap


def private_contact():
    """registered through a NAT with a private Contact: the upper platform sends its query there, seven times in vain"""
    cap, link = begin(lower=Platform("34020000002000000001", "198.18.0.7", 40001))
    contact = ("Contact", "<sip:34020000002000000001@192.168.1.10:7100>")
    message, core = link.request(link.lower, "REGISTER", to_id=link.lower.id, uri=link.upper.uri, contact=False,
                                 headers=[contact, ("Expires", "3600")])
    link.send(link.lower, message)
    link.send(link.upper, link.answer(link.upper, core, to_tag="t"))
    public, link.lower.ip, link.lower.port = link.lower.ip, "192.168.1.10", 7100
    for wait in (0.5, 1, 2, 4, 4, 4, 0):
        query(link, status=None, branch="q", call_id="qcall", from_tag="q")
        cap.wait(wait)
    link.lower.ip = public
    return cap


SCENARIOS = [query_without_response, list_stops, keepalive_without_answer, private_contact]


def captures():
    for scenario in SCENARIOS:
        yield "question-%s.pcap" % scenario.__name__.replace("_", "-"), scenario()
