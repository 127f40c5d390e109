# SPDX-License-Identifier: GPL-2.0-or-later
"""The cascade this project started from: the eight printed messages of two NCG platforms, and the media between them.

The printed Content-Length of the three messages with a body is one off from the printed bytes, and the answer to the
BYE belongs to another call (Call-ID, tags, Via branch): both as real as it gets. seed-cascade.pcap has the lengths
put right, seed-cascade-as-printed.pcap has every byte as printed. The answer to the BYE is left alone in both.
"""

import re

from hikpcap import Capture, report_block, rtcp_rr, rtcp_sdes, rtcp_sr, rtp, ps_frame

LOWER, UPPER = ("10.69.91.7", 7100), ("10.69.80.187", 7100)
RTP_FROM, RTP_TO = ("10.69.91.7", 5930), ("10.69.80.187", 5798)
RTCP_FROM, RTCP_TO = ("10.69.91.7", 5931), ("10.69.80.187", 5799)
SSRC = 100007399

REGISTER = """\
REGISTER sip:37280000000000000000@10.69.80.187:7100 SIP/2.0
Via: SIP/2.0/UDP 10.69.91.7:7100;rport;branch=z9hG4bK4226189633
From: <sip:37280600000000000000@10.69.91.7:7100>;tag=4063080099
To: <sip:37280600000000000000@10.69.91.7:7100>
Call-ID: 59498979
CSeq: 1 REGISTER
Contact: <sip:37280600000000000000@10.69.91.7:7100>
Max-Forwards: 70
User-Agent: NCG V3.3.6.686194
Expires: 7200
Content-Length: 0

"""

REGISTER_OK = """\
SIP/2.0 200 OK
Via: SIP/2.0/UDP 10.69.91.7:7100;rport;branch=z9hG4bK4226189633
From: <sip:37280600000000000000@10.69.91.7:7100>;tag=4063080099
To: <sip:37280600000000000000@10.69.91.7:7100>;tag=1036776414
Call-ID: 59498979
CSeq: 1 REGISTER
Contact: <sip:37280600000000000000@10.69.91.7:7100>
User-Agent: NCG V3.3.6.624213
Date: 2019-12-25T16:45:44
Expires: 7200
Content-Length: 0

"""

SUBSCRIBE = """\
SUBSCRIBE sip:37280600000000000000@10.69.91.7:7100 SIP/2.0
Via: SIP/2.0/UDP 10.69.80.187:7100;rport;branch=z9hG4bK1845960006
From: <sip:37280000000000000000@10.69.80.187:7100>;tag=1353738433
To: <sip:37280600000000000000@10.69.91.7:7100>
Call-ID: 3513458978
CSeq: 20 SUBSCRIBE
Contact: <sip:37280000000000000000@10.69.80.187:7100>
Content-Type: Application/MANSCDP+xml
Max-Forwards: 70
User-Agent: NCG V3.3.6.624213
Expires: 1800
Event: Catalog;id=945357
Content-Length:   129

<?xml version="1.0"?>
<Query>
<CmdType>Catalog</CmdType>
<SN>945357</SN>
<DeviceID>37280600000000000000</DeviceID>
</Query>
"""

SUBSCRIBE_OK = """\
SIP/2.0 200 OK
Via: SIP/2.0/UDP 10.69.80.187:7100;rport=7100;branch=z9hG4bK1845960006
From: <sip:37280000000000000000@10.69.80.187:7100>;tag=1353738433
To: <sip:37280600000000000000@10.69.91.7:7100>;tag=1652678304
Call-ID: 3513458978
CSeq: 20 SUBSCRIBE
Contact: <sip:37280600000000000000@10.69.91.7:7100>
Event: Catalog;id=945357
User-Agent: NCG V3.3.6.686194
Expires: 1800
Content-Length: 0

"""

INVITE = """\
INVITE sip:37280601411319001158@10.69.91.7:7100 SIP/2.0
Via: SIP/2.0/UDP 10.69.80.187:7100;rport;branch=z9hG4bK3351538455
From: <sip:37280000000000000000@10.69.80.187:7100>;tag=3817019866
To: <sip:37280601411319001158@10.69.91.7:7100>
Call-ID: 918077789
CSeq: 20 INVITE
Contact: <sip:37280000000000000000@10.69.80.187:7100>
Content-Type: Application/SDP
Max-Forwards: 70
User-Agent: NCG V3.3.6.624213
Subject: 37280601411319001158:0,37280000000000000000:0
Content-Length:   252

v=0
o=37280601411319001158 0 0 IN IP4 10.69.80.187
s=Play
c=IN IP4 10.69.80.187
t=0 0
m=video 5798 RTP/AVP 96 97 98
a=rtpmap:96 PS/90000
a=rtpmap:97 MPEG4/90000
a=rtpmap:98 H264/90000
a=recvonly
a=streamMode:MAIN
a=filesize:-1
y=0999999999
"""

INVITE_OK = """\
SIP/2.0 200 OK
Via: SIP/2.0/UDP 10.69.80.187:7100;rport=7100;branch=z9hG4bK3351538455
From: <sip:37280000000000000000@10.69.80.187:7100>;tag=3817019866
To: <sip:37280601411319001158@10.69.91.7:7100>;tag=1001466019
Call-ID: 918077789
CSeq: 20 INVITE
Contact: <sip:37280600000000000000@10.69.91.7:7100>
Content-Type: Application/SDP
User-Agent: NCG V3.3.6.686194
Content-Length:   176

v=0
o=37280601411319001158 0 0 IN IP4 10.69.80.187
s=Play
c=IN IP4 10.69.91.7
t=0 0
m=video 5930 RTP/AVP 96
a=rtpmap:96 PS/90000
a=sendonly
a=filesize:-1
y=0100007399
"""

BYE = """\
BYE sip:37280600000000000000@10.69.91.7:7100 SIP/2.0
Via: SIP/2.0/UDP 10.69.80.187:7100;rport;branch=z9hG4bK1009780211
From: <sip:37280000000000000000@10.69.80.187:7100>;tag=3817019866
To: <sip:37280601411319001158@10.69.91.7:7100>;tag=1001466019
Call-ID: 918077789
CSeq: 21 BYE
Contact: <sip:37280000000000000000@10.69.80.187:7100>
Max-Forwards: 70
User-Agent: NCG V3.3.6.624213
Content-Length: 0

"""

BYE_OK = """\
SIP/2.0 200 OK
Via: SIP/2.0/UDP 10.69.80.187:7100;rport=7100;branch=z9hG4bK349726410
From: <sip:37280000000000000000@10.69.80.187:7100>;tag=3069112529
To: <sip:37280601411319001113@10.69.91.7:7100>;tag=3328635930
Call-ID: 3357339688
CSeq: 21 BYE
User-Agent: NCG V3.3.6.686194
Content-Length: 0

"""

# Not printed, but described: "trying" from below and what the upper platform says to the answer.
TRYING = """\
SIP/2.0 100 Trying
Via: SIP/2.0/UDP 10.69.80.187:7100;rport=7100;branch=z9hG4bK3351538455
From: <sip:37280000000000000000@10.69.80.187:7100>;tag=3817019866
To: <sip:37280601411319001158@10.69.91.7:7100>
Call-ID: 918077789
CSeq: 20 INVITE
User-Agent: NCG V3.3.6.686194
Content-Length: 0

"""

ACK = """\
ACK sip:37280600000000000000@10.69.91.7:7100 SIP/2.0
Via: SIP/2.0/UDP 10.69.80.187:7100;rport;branch=z9hG4bK2671934018
From: <sip:37280000000000000000@10.69.80.187:7100>;tag=3817019866
To: <sip:37280601411319001158@10.69.91.7:7100>;tag=1001466019
Call-ID: 918077789
CSeq: 20 ACK
Contact: <sip:37280000000000000000@10.69.80.187:7100>
Max-Forwards: 70
User-Agent: NCG V3.3.6.624213
Content-Length: 0

"""


def printed(text):
    return text.replace("\n", "\r\n")


def exact(text):
    """The message with the Content-Length its body has."""
    head, body = printed(text).split("\r\n\r\n", 1)
    return re.sub(r"(Content-Length:\s*)\d+", lambda found: found.group(1) + str(len(body)), head) + "\r\n\r\n" + body


def cascade(message, frames=50):
    """The whole flow. message: exact or printed."""
    cap = Capture()
    cap.udp(LOWER, UPPER, message(REGISTER))
    cap.udp(UPPER, LOWER, message(REGISTER_OK))
    cap.wait(0.5)
    cap.udp(UPPER, LOWER, message(SUBSCRIBE))
    cap.udp(LOWER, UPPER, message(SUBSCRIBE_OK))
    cap.wait(2)
    cap.udp(UPPER, LOWER, message(INVITE))
    cap.udp(LOWER, UPPER, message(TRYING))
    cap.wait(0.12)
    cap.udp(LOWER, UPPER, message(INVITE_OK))
    cap.udp(UPPER, LOWER, message(ACK))
    cap.wait(0.02)
    octets = 0
    for number in range(frames):
        payload = ps_frame(number)
        octets += len(payload)
        cap.udp(RTP_FROM, RTP_TO, rtp(payload, SSRC, 61000 + number, 3600 * number, marker=True))
        cap.wait(0.039)
        if number % 25 == 24:
            report(cap, number, octets)
    cap.wait(0.3)
    cap.udp(UPPER, LOWER, message(BYE))
    cap.udp(LOWER, UPPER, message(BYE_OK))
    return cap


def report(cap, number, octets):
    cap.udp(RTCP_FROM, RTCP_TO, rtcp_sr(SSRC, cap.now, 3600 * number, number + 1, octets) + rtcp_sdes(SSRC, "ncg"))
    cap.udp(RTCP_TO, RTCP_FROM, rtcp_rr(1, [report_block(SSRC, highest=61000 + number)]) + rtcp_sdes(1, "upper"))


def captures():
    yield "seed-cascade.pcap", cascade(exact)
    yield "seed-cascade-as-printed.pcap", cascade(printed)
