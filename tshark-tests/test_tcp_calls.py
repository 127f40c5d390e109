# SPDX-License-Identifier: GPL-2.0-or-later
"""What the verdict says of media connections: to another port, made anew, with something else than RTP, in other frames,
or not all in the capture."""

import pytest

import conftest  # puts test-captures on the path
import tables
from gen_cut import Snapped
from gen_tcp_media import TcpCall, small
from gen_tcp_order import call, lost_and_sent_again, whole
from hikpcap import ACK, PSH, RST, SYN, Capture, Link, Platform, rfc4571, rtp
from tables import printed

pytestmark = pytest.mark.logic


def verdict(tshark, capture):
    """The session's verdict: in the table after one pass and after two, and on the INVITE."""
    one, two = (printed(tshark, "hikcascade,sessions", capture, two_pass=passes)[0].verdict for passes in (False, True))
    shown = tshark.fields(capture, ["hikcascade.verdict"], "hikcascade.verdict", two_pass=True)
    assert one == two == shown[0]["hikcascade.verdict"][0]
    return one


# ---- around the BYE

NOBODY, SILENT, REFUSED = ("nobody connected to 198.51.100.20:20000", "no answer to the TCP connection to 198.51.100.20:20000",
                           "198.51.100.20:20000 refuses the media connection (RST)")


@pytest.mark.parametrize("asked, refused, code, words", [
    ("before", "before", "TCP_REFUSED", REFUSED), ("before", "after", "TCP_NO_CONNECTION", SILENT), ("before", None, "TCP_NO_CONNECTION", SILENT),
    ("after", "after", "TCP_NO_CONNECTION", NOBODY), ("after", None, "TCP_NO_CONNECTION", NOBODY),
])
@pytest.mark.parametrize("wait", [0.5, 15])
def test_connection_around_the_bye(tshark, asked, refused, code, words, wait):
    """Behind the BYE nobody waits any more: that a connection is refused then is as it should be, and why the call ended is before it."""
    cap = Capture()
    one = TcpCall(Link(cap), frames=small)
    one.start()
    cap.wait(wait)
    for when in ("before", "after"):
        if asked == when:
            connection = one.connect(handshake=False)
            connection.segment(connection.client, SYN, seq=1000)
        if refused == when:
            connection.segment(connection.server, RST | ACK, seq=0)
        if when == "before":
            one.bye()
    assert verdict(tshark, cap).startswith("%s %s" % (code, words))


# ---- the other transport

@pytest.mark.parametrize("packets", [0, 2, 20])
@pytest.mark.parametrize("told", ["TCP", "UDP"])
def test_media_over_the_other_transport(tshark, told, packets):
    """Whoever is told TCP sends over UDP, or the other way round: it does not come, and why is in the capture. A lone packet in the
    middle of nothing could be anything; over UDP two in sequence are RTP."""
    cap = Capture()
    options = {} if told == "TCP" else {"proto": "RTP/AVP", "offer_setup": None, "answer_setup": None}
    one = TcpCall(Link(cap), frames=small, **options)
    one.start()
    cap.wait(6)
    if told == "TCP":
        one.rtp(packets)
    elif packets:
        one.connect()
        one.rtp_tcp(packets)
    one.bye()
    link = Link(cap, Platform("34020000002000000003", "192.0.2.30"), Platform("34010000002000000003", "198.51.100.30"), seed=2)
    link.call().play(20)  # so that nobody asks whether media was left out
    one, two = ([row.verdict for row in printed(tshark, "hikcascade,sessions", cap, two_pass=passes)] for passes in (False, True))
    assert one == two and one[1].startswith("OK ")
    said = one[0]
    assert said.startswith("TCP_NO_CONNECTION nobody connected" if told == "TCP" else "NO_MEDIA 200 OK and ACK, 0 RTP packets to")
    words = "; %d RTP packets run between the two hosts over %s, which no SDP announces" % (packets, {"TCP": "UDP", "UDP": "TCP"}[told])
    assert said.endswith(words) if packets else "between the two hosts" not in said


# ---- another port

def elsewhere(setup, how):
    """The side that is to connect tries port 30566 instead of the one announced; setup: who waits."""
    passive_upper = setup == "upper"
    cap, one = Capture(), None
    from gen_tcp_media import TcpCall
    one = TcpCall(Link(cap), frames=small, offer_setup="passive" if passive_upper else "active",
                  answer_setup="active" if passive_upper else "passive")
    one.start()
    listener = (one.offer_ip if passive_upper else one.answer_ip, 30566)
    client = (one.answer_ip if passive_upper else one.offer_ip, 51000)
    if how == "announced port of the client":
        client = (client[0], one.answer_port if passive_upper else one.offer_port)
    connection = one.connect(client=client, server=listener, handshake=False)
    if how == "silent":
        connection.ask(2)
    elif how == "media":
        connection.open()
        one.rtp_tcp(6)
    elif how == "nothing":
        connection.open()
    else:
        connection.refuse()
    cap.wait(8)
    one.bye()
    return cap, one


@pytest.mark.parametrize("setup", ["upper", "lower"])
@pytest.mark.parametrize("how,begins,ends", [
    ("refused", "TCP_REFUSED ", "and is refused (RST)"),
    ("announced port of the client", "TCP_REFUSED ", "and is refused (RST)"),
    ("silent", "TCP_NO_CONNECTION ", "and gets no answer"),
    ("nothing", "TCP_NO_CONNECTION ", "and sends no RTP there"),
])
def test_another_port(tshark, setup, how, begins, ends):
    cap, one = elsewhere(setup, how)
    listener, port = (one.offer_ip, one.offer_port) if setup == "upper" else (one.answer_ip, one.answer_port)
    client = one.answer_ip if setup == "upper" else one.offer_ip
    said = verdict(tshark, cap)
    assert said.startswith("%s%s:" % (begins, client)) and said.endswith(ends)
    assert " connects to %s:30566 instead of %s:%d, which was announced, " % (listener, listener, port) in said


@pytest.mark.parametrize("setup", ["upper", "lower"])
def test_media_on_another_port(tshark, setup):
    cap, one = elsewhere(setup, "media")
    rows = tshark.fields_everywhere(cap, ["rtp.seq", "hikcascade.session"], "rtp")
    assert [(row["rtp.seq"], row["hikcascade.session"]) for row in rows] == [([str(n)], ["0"]) for n in range(1, 7)]
    said = verdict(tshark, cap)
    assert said.startswith("WRONG_DESTINATION the media connection from ") and ":30566 instead of " in said


def test_other_connections_of_the_hosts_are_not_it(tshark):
    """Web and SIP between the two hosts while the call waits: no media connection."""
    cap2 = Capture()
    from gen_tcp_media import TcpCall
    one = TcpCall(Link(cap2))
    one.start()
    for port in (80, 443, 7100):
        other = cap2.tcp((one.answer_ip, 52000 + port), (one.offer_ip, port)).open()
        other.send(other.client, b"GET / HTTP/1.1\r\n\r\n")
    cap2.wait(12)
    one.bye()
    assert verdict(tshark, cap2).startswith("NOT_CAPTURED ")


def test_tried_elsewhere_first(tshark):
    """The wrong port first, then the right one: the call is healthy."""
    cap = Capture()
    from gen_tcp_media import TcpCall
    one = TcpCall(Link(cap), frames=small)
    one.start()
    one.connect(server=(one.offer_ip, 30566), client=(one.answer_ip, 51001), handshake=False).refuse()
    one.connect()
    one.rtp_tcp(5)
    one.bye()
    assert verdict(tshark, cap).startswith("OK 5 RTP packets")


# ---- made anew

def test_made_anew(tshark):
    cap, one = call(frames=small)
    one.rtp_tcp(5)
    one.connection.reset(one.sender)
    cap.wait(1)
    one.connect(port=51002, client_seq=70000)
    one.rtp_tcp(5)
    one.bye()
    rows = tshark.fields_everywhere(cap, ["rtp.seq", "hikcascade.session"], "rtp")
    assert [(row["rtp.seq"], row["hikcascade.session"]) for row in rows] == [([str(n)], ["0"]) for n in range(1, 11)]
    said = verdict(tshark, cap)
    assert said.startswith("OK 10 RTP packets")
    assert "RECONNECTED the media connection was reopened 1 time: from 192.0.2.10:51000, then from 192.0.2.10:51002 (frame " in said


@pytest.mark.parametrize("ends_by", ["reset", "close", "silence"])
def test_made_anew_from_the_same_port(tshark, ends_by):
    """Devices that send from the port they announced open it again."""
    cap, one = call(frames=small)
    one.rtp_tcp(5)
    if ends_by != "silence":
        getattr(one.connection, ends_by)(one.sender)
    cap.wait(1)
    one.connect(client_seq=7000000)
    one.rtp_tcp(5)
    one.bye()
    said = verdict(tshark, cap)
    assert said.startswith("OK 10 RTP packets")
    assert "RECONNECTED the media connection was reopened 1 time: from 192.0.2.10:51000, then from 192.0.2.10:51000 (frame " in said


def test_two_streams_are_not_made_anew(tshark):
    """Two connections with an SSRC each are two streams."""
    cap, one = call(frames=small)
    one.rtp_tcp(3)
    first = one.connection
    one.connect(port=51002, client_seq=70000)
    for number in range(3):
        one.stream(rfc4571(rtp(b"\xd5" * 160, 9, number + 1, number * 160, pt=8)))
    one.connection = first
    one.rtp_tcp(3)
    one.bye()
    assert "RECONNECTED" not in verdict(tshark, cap)


# ---- the offer, with the endpoint of who listens, is not in the capture

def without_offers(how):
    """Three calls whose media connections come in another order, and one that has none."""
    cap = Capture()
    link = Link(cap)
    calls = [TcpCall(link, frames=small).start() for _ in range(4)]
    for number in (2, 0, 1):
        calls[number].connect(port=51000 + number, client_seq=1000 + 100000 * number)
    for number, one in enumerate(calls[:3]):
        one.rtp_tcp(10 + number)
    cap.wait(10)
    for one in calls:
        one.bye()
    return cap.only_from("192.0.2.10") if how == "one side" else cap.only(lambda index, data: b"INVITE sip:" not in data[:60])


@pytest.mark.parametrize("how, said", [
    ("one side", "ONE_SIDED nothing that 198.51.100.20:7100 sent is in the capture, %d RTP packets of 192.0.2.10:7100 are"),
    ("no INVITE", "BEGAN_BEFORE the INVITE is not in the capture, %d RTP packets are")])
def test_no_offer(tshark, how, said):
    """The connection is known by the side that was to connect, and by the SSRC."""
    rows = tables.printed(tshark, "hikcascade,sessions", without_offers(how))
    assert [row["RTP"] for row in rows] == ["10", "11", "12", "0"]
    assert [row.verdict.split(";")[0] for row in rows[:3]] == [said % count for count in (10, 11, 12)]
    assert "TCP_NO_CONNECTION" not in rows[3].verdict and "unknown address" not in rows[3].verdict
    rows_again = tables.printed(tshark, "hikcascade,sessions", without_offers(how), two_pass=True)
    assert rows_again == rows and tables.from_sharkd(tshark, "hikcascade,sessions", without_offers(how)) == rows


# ---- no RTP

@pytest.mark.parametrize("closed", [False, True])
def test_nothing_came_over_it(tshark, closed):
    """The capture was not filtered: the connection is in it."""
    cap, one = call()
    if closed:
        one.connection.close(one.connection.server)
    cap.wait(12)
    one.bye()
    assert verdict(tshark, cap) == ("NO_MEDIA 200 OK and ACK, 0 RTP packets to 198.51.100.20:20000 in 12.0 s, then 198.51.100.20:7100 sent BYE; "
                                    "the media connection was opened, and nothing came over it")


@pytest.mark.parametrize("data,what", [
    (b"GET /live HTTP/1.1\r\nHost: 198.51.100.20\r\n\r\n", "HTTP"),
    (b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03" + b"\x5a" * 190, "TLS"),
    (b"DESCRIBE rtsp://198.51.100.20/ RTSP/1.0\r\nCSeq: 1\r\n\r\n", "RTSP"),
    (b"SSH-2.0-dropbear\r\n", "SSH"),
    (b"this is no RTP\r\n" * 3, "text"),
    (b"\0\0\1\xba\x44" + b"\1" * 60, "a program stream without RTP"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_something_else(tshark, data, what):
    cap, one = call()
    one.stream(data)
    cap.wait(6)
    one.bye()
    assert verdict(tshark, cap) == ("NO_MEDIA the media connection from 192.0.2.10:51000 to 198.51.100.20:20000 carries no RTP "
                                    "but %s (%d bytes, from frame 8 on)" % (what, len(data)))
    assert [message for _, _, message in tshark.expert(cap) if "missing" in message or "belong to no" in message] == []


def test_bytes_of_nothing_known(tshark):
    cap, one = call()
    one.stream(b"\x05\x06\x07\x08" * 100)
    cap.wait(6)
    one.bye()
    assert verdict(tshark, cap) == ("NO_MEDIA the media connection from 192.0.2.10:51000 to 198.51.100.20:20000 carries 400 bytes "
                                    "that are no RTP, from frame 8 on: 05 06 07 08 05 06 07 08 05 06 07 08 05 06 07 08")


# ---- frames, and what the capture lacks

@pytest.mark.parametrize("framing,said", [
    ("bare", "TCP_FRAMING RTP comes without its length in front of each packet (RFC 4571)"),
    ("tag", "TCP_FRAMING RTP comes behind 6 bytes of the sender's own and without its length"),
    ("dollar", "TCP_FRAMING RTP comes in '$' frames (RFC 2326 10.12) instead of RFC 4571's"),
    ("head", "TCP_FRAMING RTP comes behind 8 bytes of the sender's own, the last two of them the length"),
])
def test_other_frames(tshark, framing, said):
    found = verdict(tshark, whole(framing, cut=True, pictures=3))
    assert said in found
    assert found.startswith("TCP_FRAMING" if framing in ("bare", "tag") else "OK ")


def test_incomplete(tshark):
    """Two segments are missing from the capture: that is no loss."""
    assert verdict(tshark, "tcp-order-missing.pcap").startswith("OK ")
    said = verdict(tshark, "tcp-order-missing.pcap")
    assert "; also INCOMPLETE 2896 bytes of the media connection are not in the capture, in 1 place, first before frame 11" in said
    assert "LOSS" not in said


def test_whole_is_not_incomplete(tshark):
    assert "INCOMPLETE" not in verdict(tshark, "tcp-order-lost-again.pcap")
    assert "INCOMPLETE" not in verdict(tshark, "tcp-order-jitter.pcap")


def test_lost_before_the_connection(tshark):
    """The sender left RTP packets out; the connection is whole."""
    cap, one = call(frames=small)
    one.rtp_tcp(5)
    one.seq += 5
    one.rtp_tcp(10)
    one.bye()
    assert verdict(tshark, cap).startswith("LOSS 25.0 % (5 of 20 RTP packets from 192.0.2.10:51000 lost before they came to the connection)")


def cut_capture(capture, snap):
    """The same with each frame cut, but for UDP."""
    return Snapped(capture, snap, only=lambda index, data: data[23] != 17)


def test_snap_length(tshark):
    """200 bytes of each segment: the lengths lead from frame to frame, one finding names the snap length."""
    cap, one = call(frames=lambda number: bytes([number & 0xFF]) * 600)
    for _ in range(20):
        one.stream(one.framed(2), cut=[700])
    one.bye()
    cut = cut_capture(cap, 200)
    rows = tshark.fields_everywhere(cut, ["rtp.seq"], "rtp", malformed=True)
    # each first segment begins with a frame; the second frame begins 614 bytes behind, which is cut off
    assert [row["rtp.seq"] for row in rows] == [[str(n)] for n in range(1, 41, 2)]
    said = [message for _, _, message in tshark.expert(cut) if "snap length" in message]
    assert len(said) == 1 and "146 of the 700 bytes" in said[0]
    assert [message for _, _, message in tshark.expert(cut) if "belong to no RTP" in message or " missing " in message
            or "found again" in message] == []
    found = verdict(tshark, cut)
    assert "INCOMPLETE the capture cut the segments of the media connection (146 of 700 bytes kept)" in found
    assert "LOSS" not in found


def test_snap_length_follows_frames(tshark):
    """A frame over three segments, and the next right behind it: found, though no end of the first is there."""
    cap, one = call(frames=lambda number: bytes([number & 0xFF]) * (2986 if number % 2 == 0 else 86))
    for _ in range(10):
        one.stream(one.framed(2), cut=[1400, 2800])
    one.bye()
    rows = tshark.fields_everywhere(cut_capture(cap, 254 + 60), ["rtp.seq"], "rtp", malformed=True)
    assert [seq for row in rows for seq in row["rtp.seq"]] == [str(n) for n in range(1, 21)]


# ---- together

@pytest.mark.parametrize("early", [False, True], ids=["", "early"])
def test_loss_and_retransmission_with_early_media_and_audio(tshark, early):
    """Media before the 200, audio with a wrong SSRC beside, segments lost and sent again: all RTP there, once."""
    from gen_tcp_order import Ordered
    cap = Capture()
    one = Ordered(Link(cap), frames=small)
    one.invite()
    if not early:
        one.ok()
        one.ack()
    one.connect()
    data = b"".join(one.framed(1) + rfc4571(rtp(b"\xd5" * 160, 9, number + 1, number * 160, pt=8)) for number in range(40))
    plan = lost_and_sent_again([(at, min(at + 300, len(data))) for at in range(0, len(data), 300)], 11, 0.2)
    one.plan(data, plan)
    if early:
        one.ok()
        one.ack()
        one.rtp_tcp(2)
    one.bye()
    rows = tshark.fields_everywhere(cap, ["rtp.seq", "rtp.p_type", "hikcascade.session"], "rtp")
    found = [(kind, int(seq)) for row in rows for kind, seq in zip(row["rtp.p_type"], row["rtp.seq"])]
    assert sorted(found) == sorted([("96", n) for n in range(1, 43 if early else 41)] + [("8", n) for n in range(1, 41)])
    assert {index for row in rows for index in row["hikcascade.session"]} == {"0"}
    assert "LOSS" not in verdict(tshark, cap) and "INCOMPLETE" not in verdict(tshark, cap)


def test_media_and_sip_on_one_connection(tshark):
    """Both ways of a connection: RTP first, then SIP against it. Each frame is the same on every pass."""
    cap, one = call(frames=small)
    one.stream(one.framed(3))
    connection = one.connection
    message, _ = one.link.request(one.link.upper, "MESSAGE")
    connection.send(connection.other(one.sender), message)
    one.stream(one.framed(3))
    connection.send(connection.other(one.sender), one.link.request(one.link.upper, "OPTIONS")[0])
    one.bye()
    rows = tshark.fields_everywhere(cap, ["frame.protocols", "rtp.seq", "sip.Method"], "tcp.len > 0", malformed=True)
    assert [row["rtp.seq"] for row in rows if row["rtp.seq"]] == [["1", "2", "3"], ["4", "5", "6"]]
    assert [row["sip.Method"] for row in rows if row["sip.Method"]] == [["MESSAGE"], ["OPTIONS"]]


# ---- the other way round

@pytest.mark.parametrize("setup,way", [(("passive", "active"), "; by a=setup it is to go the other way, to %s"), ((None, None), "")])
@pytest.mark.parametrize("how,said", [("refuse", "TCP_REFUSED %s refuses the media connection from %s (RST)"),
                                      ("ask", "TCP_NO_CONNECTION no answer to the TCP connection from %s to %s in %s s")])
def test_other_way_round(tshark, setup, way, how, said):
    """Who was to listen connects, and fails: the sentence names the end that refused, or did not answer."""
    cap, one = call(offer_setup=setup[0], answer_setup=setup[1])
    del cap[4:] # the connection that the helper made
    connection = one.connect(client=(one.offer_ip, 51000), server=one.answer_at, handshake=False)
    getattr(connection, how)(*([1] if how == "ask" else []))
    cap.wait(8)
    one.bye()
    ends = ("192.0.2.10:40000", "198.51.100.20:51000")
    said = said % (ends if how == "refuse" else (ends[1], ends[0], "11.0"))
    assert verdict(tshark, cap) == said + (way % "198.51.100.20:20000" if way else "")


def test_other_way_round_and_back(tshark):
    """Where the right one is tried as well, that is what counts."""
    for how, begin in (("refuse", "TCP_REFUSED 198.51.100.20:20000 refuses the media connection (RST)"), ("open", "OK 5 RTP packets")):
        cap, one = call(frames=small)
        del cap[4:]
        one.connect(client=(one.offer_ip, 51000), server=one.answer_at, handshake=False).refuse()
        getattr(one.connect(handshake=False), how)()
        if how == "open":
            one.rtp_tcp(5)
        cap.wait(8)
        one.bye()
        assert verdict(tshark, cap).startswith(begin)


# ---- the capture ends in the middle of it

@pytest.mark.parametrize("again", [False, True])
def test_not_sent_again(tshark, again):
    """A segment that was lost on the connection, acknowledged by nobody: sent again before the capture ends, or not."""
    cap, one = call()
    data = b"".join(rfc4571(one.rtp_packet(payload=bytes([n]) * 188)) for n in range(20))  # frames of 202 bytes
    connection, base = one.connection, one.connection.seq[one.sender]
    for number in range(20):
        connection.segment(one.sender, ACK | PSH, data[202 * number:202 * number + 202], drop=number == 15)
        connection.segment(connection.other(one.sender), ACK, ack=base + 202 * min(number + 1, 15))
    if again:
        connection.segment(one.sender, ACK | PSH, data[202 * 15:202 * 16], seq=base + 202 * 15)
    said = verdict(tshark, cap)
    assert "LOSS" not in said
    assert ("INCOMPLETE 202 bytes of the media connection were lost and not sent again before it or the capture ends, in 1 place, first "
            "before frame 39, and with them 1 RTP packet" in said) == (not again)
