# SPDX-License-Identifier: GPL-2.0-or-later
"""What is no GB/T 28181, and has to be dissected as if the plugin was not there: calls of telephones over UDP and TCP 5060,
video calls, RTSP, MPEG-TS, and what else runs in a network beside them."""

import struct

from hikpcap import ACK, H264_PPS, PSH, Capture, h264_slice, h264_sps, rtcp_rr, rtcp_sdes, rtcp_sr, rtp, sip

ALICE, PROXY = ("203.0.113.5", 5060), ("203.0.113.9", 5060)
SDP = "Application/SDP"


def description(ip, port, media="audio", formats=((0, "PCMU/8000"), (101, "telephone-event/8000")), extra=()):
    lines = ["v=0", "o=- 1 1 IN IP4 %s" % ip, "s=-", "c=IN IP4 %s" % ip, "t=0 0",
             "m=%s %d RTP/AVP %s" % (media, port, " ".join(str(pt) for pt, _ in formats))]
    lines += ["a=rtpmap:%d %s" % pair for pair in formats] + ["a=sendrecv", *extra]
    return "".join(line + "\r\n" for line in lines)


def request(method, number, user="bob", cseq=1, to_tag="", body="", content_type=SDP, transport="UDP", caller="alice",
            headers=()):
    lines = [("Via", "SIP/2.0/%s 203.0.113.5:5060;branch=z9hG4bK%s%d%d" % (transport, method, number, cseq)),
             ("From", "<sip:%s@203.0.113.5>;tag=a%d" % (caller, number)),
             ("To", "<sip:%s@203.0.113.9>%s" % (user, ";tag=b%d" % number if to_tag else "")),
             ("Call-ID", "%d@203.0.113.5" % number), ("CSeq", "%d %s" % (cseq, method)), ("Max-Forwards", "70"),
             ("Contact", "<sip:%s@203.0.113.5:5060>" % caller), ("User-Agent", "Telephone 1.0"), *headers]
    if body:
        lines.append(("Content-Type", content_type))
    return sip("%s sip:%s@203.0.113.9 SIP/2.0" % (method, user), lines, body)


def answer(asked, status, body="", content_type=SDP, headers=()):
    """Of a request's bytes."""
    lines = [tuple(line.split(": ", 1)) for line in asked.decode().split("\r\n\r\n")[0].split("\r\n")[1:]]
    keep = [(name, value + (";tag=b" if name == "To" and "tag=" not in value and status[0] != "1" else ""))
            for name, value in lines if name in ("Via", "From", "To", "Call-ID", "CSeq")]
    return sip("SIP/2.0 " + status, keep + list(headers) + ([("Content-Type", content_type)] if body else []), body)


def conversation(transport="UDP", media="audio", formats=((0, "PCMU/8000"), (101, "telephone-event/8000"))):
    """(from Alice, message) one after the other: a registration, a call, and whatever else telephones say."""
    kind = {"transport": transport}
    register = request("REGISTER", 1, "alice", **kind)
    yield True, register
    yield False, answer(register, "401 Unauthorized", headers=[("WWW-Authenticate", 'Digest realm="x", nonce="1"')])
    again = request("REGISTER", 1, "alice", cseq=2, headers=[
        ("Authorization", 'Digest username="alice", realm="x", nonce="1", uri="sip:x", response="%032x"' % 7)], **kind)
    yield True, again
    yield False, answer(again, "200 OK", headers=[("Expires", "3600")])
    invite = request("INVITE", 2, body=description("203.0.113.5", 30000, media, formats), headers=[("Subject", "lunch: today, at 12")], **kind)
    yield True, invite
    yield False, answer(invite, "100 Trying")
    yield False, answer(invite, "180 Ringing")
    yield False, answer(invite, "200 OK", description("203.0.113.9", 40000, media, formats), headers=[("Contact", "<sip:bob@203.0.113.9>")])
    yield True, request("ACK", 2, to_tag=True, **kind)
    yield None, b""
    bye = request("BYE", 2, cseq=2, to_tag=True, **kind)
    yield True, bye
    yield False, answer(bye, "200 OK")
    for number, (method, caller, user, body, content_type) in enumerate([
            ("OPTIONS", "alice", "bob", "", ""), ("MESSAGE", "alice", "bob", "Lunch?", "text/plain"),
            ("MESSAGE", "alice", "bob", "<?xml version=\"1.0\"?><Notify><a>1</a></Notify>", "application/xml"),
            ("SUBSCRIBE", "alice", "bob", "", ""), ("INFO", "alice", "bob", "Signal=5\r\nDuration=160\r\n", "application/dtmf-relay"),
            ("MESSAGE", "89860012345678901234", "89860056789012345678", "20 digits, of a SIM card", "text/plain"),
            ("MESSAGE", "+8613800000000", "+8613900000000", "", ""), ("MESSAGE", "34020000991320000001x", "b", "", "")], 3):
        asked = request(method, number, user, body=body, content_type=content_type, caller=caller, **kind)
        yield True, asked
        yield False, answer(asked, "200 OK")


def audio(cap):
    for number in range(6):
        cap.udp(("203.0.113.5", 30000), ("203.0.113.9", 40000), rtp(b"\xd5" * 160, 0x1234, number, 160 * number, pt=0))
        cap.udp(("203.0.113.9", 40000), ("203.0.113.5", 30000), rtp(b"\x55" * 160, 0x4321, 65533 + number, 160 * number, pt=0))
        if number % 2:
            cap.udp(("203.0.113.5", 30000), ("203.0.113.9", 40000),
                    rtp(bytes([5, 10, 0, 160]), 0x1234, 100 + number, 960, pt=101, marker=number == 1))
    cap.udp(("203.0.113.5", 30001), ("203.0.113.9", 40001), rtcp_sr(0x1234, cap.now, 960, 6, 960) + rtcp_sdes(0x1234, "alice"))
    cap.udp(("203.0.113.9", 40001), ("203.0.113.5", 30001), rtcp_rr(0x4321) + rtcp_sdes(0x4321, "bob"))


def telephone_udp(stream=audio, **options):
    cap = Capture()
    for from_alice, message in conversation(**options):
        if from_alice is None:
            stream(cap)
        else:
            cap.udp(*((ALICE, PROXY) if from_alice else (PROXY, ALICE)), message)
    cap.udp(ALICE, PROXY, b"\r\n\r\n")
    cap.udp(ALICE, PROXY, b"\0")
    cap.udp(ALICE, PROXY, b"SIP/2.0 200")
    cap.udp(ALICE, PROXY, b"INVITE sip:34020000001320000001@203.0.113.9 HTTP/1.1\r\n\r\n")
    cap.udp(PROXY, ALICE, bytes(range(200, 256)))
    return cap


def telephone_tcp():
    """Each message whole, cut in every kind of place, and several in one segment; between them what keeps connections
    alive, and bytes that are nothing."""
    cap = Capture()
    for way in range(4):
        connection = cap.tcp((ALICE[0], 50000 + way), PROXY).open()
        sides = {True: connection.client, False: connection.server}
        waiting = {True: b"", False: b""}
        for number, (from_alice, message) in enumerate(conversation("TCP")):
            if from_alice is None:
                audio(cap)
            elif way == 0:
                connection.send(sides[from_alice], message, ack=True)
            elif way == 1:
                cut = (2, 20, message.index(b"\r\n\r\n") + 2, len(message) - 1)[number % 4]
                connection.send(sides[from_alice], message, cut=[cut])
            else:
                waiting[from_alice] += message + (b"\r\n\r\n" if way == 3 and number % 5 == 0 else b"")
                if len(waiting[from_alice]) > 1500:
                    data, waiting[from_alice] = waiting[from_alice], b""
                    connection.send(sides[from_alice], data, cut=[len(data) - 200] if way == 3 else None)
        for side, data in ((connection.client, b"\r\n\r\n"), (connection.server, b"\r\n"), (connection.client, b"\0"),
                           (connection.client, b"nothing of SIP\r\n"), (connection.server, bytes(range(248, 256)) + b"\r\n")):
            connection.send(side, data)
        connection.close()
    return cap


def h264(cap):
    units = [h264_sps(), H264_PPS, h264_slice(True, 600)] + [h264_slice(False, 400)] * 5
    for number, unit in enumerate(units):
        cap.udp(("203.0.113.5", 30000), ("203.0.113.9", 40000), rtp(unit, 0x77, number, 3600 * max(0, number - 2), 97, number >= 2))


def rtsp():
    cap = Capture()
    connection = cap.tcp(("203.0.113.5", 50100), ("203.0.113.9", 554)).open()
    about = description("203.0.113.9", 0, "video", ((97, "H264/90000"),), ("a=control:track1",))
    for cseq, (line, headers, body) in enumerate([
            ("OPTIONS rtsp://203.0.113.9/a", "Public: DESCRIBE, SETUP, PLAY, TEARDOWN\r\n", ""),
            ("DESCRIBE rtsp://203.0.113.9/a", "Content-Type: application/sdp\r\n", about),
            ("SETUP rtsp://203.0.113.9/a/track1", "Session: 1\r\nTransport: RTP/AVP;unicast;client_port=30000-30001;server_port=40000-40001\r\n", ""),
            ("PLAY rtsp://203.0.113.9/a", "Session: 1\r\nRTP-Info: url=track1;seq=1\r\n", "")], 1):
        asks = "Transport: RTP/AVP;unicast;client_port=30000-30001\r\n" if "SETUP" in line else ""
        connection.send(connection.client, "%s RTSP/1.0\r\nCSeq: %d\r\n%s\r\n" % (line, cseq, asks))
        connection.send(connection.server, "RTSP/1.0 200 OK\r\nCSeq: %d\r\n%sContent-Length: %d\r\n\r\n%s" % (cseq, headers, len(body), body))
    for number in range(8):
        cap.udp(("203.0.113.9", 40000), ("203.0.113.5", 30000), rtp(h264_slice(number == 0, 300), 0x88, number, 3600 * number, 97, True))
    connection.send(connection.client, "TEARDOWN rtsp://203.0.113.9/a RTSP/1.0\r\nCSeq: 5\r\nSession: 1\r\n\r\n")
    connection.close()
    return cap


def bytes_alike(size, seed):
    """Of all values alike."""
    state, out = seed + 1, bytearray()
    for _ in range(size):
        state = (state * 6364136223846793005 + 1442695040888963407) % 18446744073709551616
        out.append(state >> 56)
    return bytes(out)


def network():
    """MPEG-TS, DNS, HTTP, TLS, an unknown protocol, on the SIP port of GB/T 28181 too."""
    cap = Capture()
    for number in range(6):
        packets = b"".join(b"\x47" + struct.pack("!HB", 0x100 | (i == 0) << 14, 0x10 | (number * 7 + i) & 15)
                           + bytes_alike(184, number * 7 + i) for i in range(7))
        cap.udp(("203.0.113.5", 33000), ("239.0.0.1", 1234), packets)
        cap.udp(("203.0.113.5", 33000), ("239.0.0.1", 5004), rtp(packets[:564], 0x55, number, 3600 * number, 33))
        cap.udp(("203.0.113.5", 33001), ("203.0.113.9", 53), struct.pack("!6H", number, 0x100, 1, 0, 0, 0) + b"\7example\3net\0\0\1\0\1")
        cap.udp(("203.0.113.5", 33002), ("203.0.113.9", 7100), bytes_alike(200, number))
        cap.udp(("203.0.113.5", 33003), ("203.0.113.9", 40000 + 2 * number), bytes_alike(300, number))
    hello = b"\x03\x03" + bytes_alike(32, 1) + b"\0\0\x02\x13\x01\x01\0\0\0"
    hello = b"\x16\x03\x01" + struct.pack("!HB", len(hello) + 4, 1) + len(hello).to_bytes(3, "big") + hello
    for port, asked, answered in (
            (80, b"GET / HTTP/1.1\r\nHost: example.net\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
            (443, hello, b"\x15\x03\x03\0\x02\x02\x28"), (7100, b"GET /7100 HTTP/1.1\r\n\r\n", b"HTTP/1.0 404 Not Found\r\n\r\n"),
            (8080, struct.pack("!H", 40) + bytes_alike(40, 3), bytes_alike(700, 4))):
        connection = cap.tcp(("203.0.113.5", 50200 + port % 100), ("203.0.113.9", port)).open()
        connection.segment(connection.client, ACK | PSH, asked)
        connection.segment(connection.server, ACK | PSH, answered)
        connection.close()
    return cap


def captures():
    yield "foreign-telephone-udp.pcap", telephone_udp()
    yield "foreign-telephone-tcp.pcap", telephone_tcp()
    yield "foreign-video-call.pcap", telephone_udp(h264, media="video", formats=((97, "H264/90000"),))
    yield "foreign-rtsp.pcap", rtsp()
    yield "foreign-network.pcap", network()
