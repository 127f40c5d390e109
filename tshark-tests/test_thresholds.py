# SPDX-License-Identifier: GPL-2.0-or-later
"""Both sides of every threshold, and every tie: the pure parts have theirs in bytes/, and mutations.txt lists them all."""

import pytest
import tables
from gen_tcp_media import TcpCall
from hikpcap import RST, Capture, Link, Platform, report_block, rfc4571, rtcp_rr, rtcp_sr, rtp

pytestmark = pytest.mark.once  # the thresholds are the plugin's own

TOP = Platform("34010000002000000001", "198.51.100.20")


def begin(**options):
    """A clock that moves by wait() alone."""
    cap = Capture(gap=0)
    link = Link(cap)
    return cap, link, link.call(**options)


def verdicts(tshark, cap):
    """By session."""
    rows = sorted(tables.printed(tshark, "hikcascade,sessions", cap), key=lambda row: int(row[0]))
    return [row.verdict for row in rows]


def packets(tshark, cap):
    rows = sorted(tables.printed(tshark, "hikcascade,sessions", cap), key=lambda row: int(row[0]))
    return [int(row["RTP"]) for row in rows]


def send(call, seq, ssrc=None, src=None, dst=None, **fields):
    call.link.capture.udp(src or call.src, dst or call.dst, rtp(call.frames(seq), ssrc or call.ssrc, seq, 3600 * seq, marker=True,
                                                               **{"pt": 96, **fields}))


# ---- time

@pytest.mark.parametrize("way", ["UDP", "TCP"])
@pytest.mark.parametrize("seconds, told", [(9.999, ""), (10, ", and none in the last 10.0 s before the BYE")])
def test_media_stopped_before_the_bye(tshark, seconds, told, way):
    """The picture froze, and only then the call was ended. Who paused the recording saw no picture, either."""
    sentences = []
    for pause in (False, True):
        cap = Capture(gap=0)
        link = Link(cap)
        call = TcpCall(link, session="Playback") if way == "TCP" else link.call(session="Playback")
        call.start()
        if way == "TCP":
            call.connect()
            call.rtp_tcp(5)
        else:
            call.rtp(5)
        if pause:
            call.info("PAUSE RTSP/1.0\r\nCSeq: 2\r\nPauseTime: now\r\n")
        cap.wait(seconds - call.rtp_interval)
        call.bye()
        sentences.append(verdicts(tshark, cap)[0])
    whence, whither = (("192.0.2.10:51000" if way == "TCP" else "192.0.2.10:40000"), "198.51.100.20:20000")
    assert sentences == ["OK 5 RTP packets of H.264 352x288 in 0.2 s from %s to %s%s" % (whence, whither, more) for more in (told, "")]


@pytest.mark.parametrize("seconds, code", [(0.4995, "BEGAN_BEFORE"), (0.5, "ONE_SIDED")])
def test_nothing_of_the_caller(tshark, seconds, code):
    """Half a second after the answer there would have been an ACK."""
    cap, link, call = begin()
    call.ok()
    cap.wait(seconds)
    send(call, 1)
    assert {code} == {word for word in ("BEGAN_BEFORE", "ONE_SIDED") if word in verdicts(tshark, cap)[0]}


@pytest.mark.parametrize("seconds, severity", [(1.0, "note"), (1.0005, "warning")])
def test_media_after_the_bye(tshark, seconds, severity):
    cap, link, call = begin()
    call.start()
    send(call, 1)
    cap.wait(1)
    call.bye(answer=False)
    cap.wait(seconds)
    send(call, 2)
    assert [row[1] for row in tshark.expert(cap, "hikcascade.media_after_bye")] == [severity]


@pytest.mark.parametrize("early", [0, 3])
def test_early_media_is_judged_by_the_answer(tshark, early):
    """The answer announces another SSRC than the INVITE, and that is what comes, before the answer as well."""
    cap, link, call = begin(ssrc=777, offer_y="0000000111", answer_y="0000000777")
    call.invite()
    for number in range(early):
        send(call, number)
    call.ok()
    call.ack()
    for number in range(early, 6):
        send(call, number)
    call.bye()
    assert tshark.fields(cap, [], "hikcascade.ssrc_mismatch", two_pass=True) == []
    assert verdicts(tshark, cap)[0].startswith("OK 6 RTP packets")


@pytest.mark.parametrize("seconds, shared", [(0, False), (0.000001, True)])
def test_calls_one_after_the_other_share_nothing(tshark, seconds, shared):
    """The second call is answered when the first one ends, or just before."""
    cap, link, first = begin(offer_y="0000000777", answer_y="0000000777", ssrc=777)
    second = link.call(offer_port=first.offer_port, offer_y="0000000777", answer_y="0000000777", ssrc=777)
    first.start()
    send(first, 1)
    second.invite()
    if shared:
        second.ok()
        cap.wait(seconds)
        first.bye()
    else:
        first.bye()
        second.ok()
    second.ack()
    cap.wait(1)
    send(second, 1)
    second.bye()
    assert ["SSRC_SHARED" in one for one in verdicts(tshark, cap)] == [shared] * 2


@pytest.mark.parametrize("seconds, copies", [(0.2495, 1), (0.25, 0)])
def test_same_datagram_with_its_identification(tshark, seconds, copies):
    cap, link, call = begin()
    call.invite()
    cap.append((cap.time_us + int(seconds * 1000000), cap[0][1]))
    assert len(tshark.fields(cap, [], "hikcascade.copy_of")) == copies


@pytest.mark.parametrize("seconds, copies", [(0.0495, 1), (0.05, 0)])
def test_same_datagram_with_another_identification(tshark, seconds, copies):
    cap, link, call = begin()
    call.invite()
    cap.wait(seconds)
    call.invite()
    assert len(tshark.fields(cap, [], "hikcascade.copy_of")) == copies


@pytest.mark.parametrize("ipv6, seconds, twice", [(False, 0.2498, False), (False, 0.25, True), (True, 0.0498, False), (True, 0.05, True)])
def test_same_datagram_of_rtp(tshark, ipv6, seconds, twice):
    """With its identification a copy for 0.25 s, without one (IPv6) for 0.05 s; then a packet that was sent twice."""
    cap = Capture(gap=0)
    link = Link(cap, Platform("34020000002000000001", "2001:db8::10"), Platform(TOP.id, "2001:db8::20")) if ipv6 else Link(cap)
    call = link.call()
    call.start()
    for number in range(5):
        send(call, number)
    cap.append((cap.time_us + int(seconds * 1000000), cap[-1][1]))
    cap.wait(1)
    send(call, 5)
    call.bye()
    assert ("DUPLICATES 1 of 7 RTP packets" in verdicts(tshark, cap)[0]) == twice
    assert packets(tshark, cap) == [6 + twice]


@pytest.mark.parametrize("seconds, together", [(32.9, True), (33, False)])
def test_life_of_a_transaction(tshark, seconds, together):
    """The same request again is a retransmission for 32 seconds, then another request."""
    cap, link, _ = begin()
    link.register()
    for _ in range(2):
        link.exchange(link.upper, "SUBSCRIBE", None, call_id="c", branch="b", from_tag="f", cseq=3)
        cap.wait(seconds)
    link.keepalive()
    found = [message for _, _, message in tshark.expert(cap, "hikcascade.unanswered") if message.startswith("No answer to")]
    assert [", sent 2 times" in message for message in found] == ([True] if together else [False, False])


@pytest.mark.parametrize("seconds, tied", [(32.9, 1), (33, 0)])
def test_life_of_a_bye(tshark, seconds, tied):
    """An answer with a Call-ID of its own belongs to the BYE before it, for 32 seconds."""
    cap, link, call = begin()
    call.start()
    core = call.in_dialog("BYE")
    cap.wait(seconds)
    message = link.answer(call.callee, core)
    link.send(call.callee, message.replace(("Call-ID: " + call.call_id).encode(), b"Call-ID: another").replace(b"branch=z9hG4bK", b"branch=z9hG4bKx"))
    rows = tshark.fields(cap, ["hikcascade.session"], "sip.Status-Code == 200 && sip.CSeq.method == BYE")
    assert [row["hikcascade.session"] for row in rows] == [["0" if tied else "1"]]


@pytest.mark.parametrize("seconds, found", [(0.0995, 0), (0.1, 1)])
def test_sent_again_too_soon_to_be_sent_again(tshark, seconds, found):
    cap, link, _ = begin()
    link.register()
    link.keepalive()
    for wait in (seconds, 1, 1, 1, 1):
        link.exchange(link.upper, "SUBSCRIBE", None, call_id="c", branch="b", from_tag="f", cseq=3)
        cap.wait(wait)
    assert len([one for one in tshark.expert(cap, "hikcascade.unanswered") if "No answer" in one[2]]) == found


def silences(tshark, *distances):
    """How many silences are told where keep-alives come at these distances."""
    cap, link, _ = begin()
    link.register()
    link.keepalive()
    for seconds in distances:
        cap.wait(seconds)
        link.keepalive()
    return len(tshark.fields(cap, [], "hikcascade.keepalive_missed"))


@pytest.mark.parametrize("distance, found", [(4.9995, 0), (5, 1)])
def test_keepalives_that_are_repetitions(tshark, distance, found):
    assert silences(tshark, distance, distance, 20, distance) == found


@pytest.mark.parametrize("silence, found", [(30, 0), (30.005, 1)])
def test_silence_of_keepalives(tshark, silence, found):
    assert silences(tshark, 10, 10, silence, 10) == found


@pytest.mark.parametrize("distances, found", [
    ((10,) * 5 + (9.999, 31), 0), ((10,) * 5 + (10.01, 31), 1),  # 60 s
    ((10, 10, 299.99), 0), ((10, 10, 300.01), 1),                # HIK_KEEPALIVE_NONE
    ((10, 10, 300.01, 10), 1), ((10, 10, 31, 3, 10), 1),         # once; a repetition tells nothing
    ((10, 10, 40, 30.01), 0), ((10, 10, 40, 29.99), 1)])         # short again
def test_silence_behind_a_burst(tshark, distances, found):
    assert silences(tshark, *distances) == found


@pytest.mark.parametrize("seconds, found", [(1.0, 0), (1.0005, 1)])
def test_grace_of_a_registration(tshark, seconds, found):
    cap, link, _ = begin()
    link.register(expires=60)
    cap.wait(60 + seconds)
    link.exchange(link.lower, "OPTIONS", None)
    state, = [row["State"] for row in tables.printed(tshark, "hikcascade,platforms", cap)]
    assert ("expired" in state) == bool(found)


@pytest.mark.parametrize("seconds, intervals", [(239.9, 1), (240, 2)])
def test_series(tshark, seconds, intervals):
    cap, link, call = begin()
    call.start()
    send(call, 1)
    cap.wait(seconds)
    send(call, 2)
    call.bye()
    assert {row["Interval"] for row in tables.printed(tshark, "hikcascade,series", cap)} == {str(intervals)}


# ---- RTP and RTCP

@pytest.mark.parametrize("second, counted", [(191, 1), (192, 0), (201, 0), (210, 0), (223, 0), (224, 1)])
def test_rtcp_beside_rtp(tshark, second, counted):
    """RFC 5761 clause 4: 192 to 223 in the second byte are RTCP, where the lengths are RTCP's: test_sequence.py."""
    cap, link, call = begin()
    call.start()
    for number in range(5):
        send(call, number)
    cap.udp(call.src, call.dst, bytes([0x80, second, 0, 4]) + b"\0" * 4 + call.ssrc.to_bytes(4, "big") + b"\0" * 8)
    call.bye()
    assert packets(tshark, cap) == [5 + counted]


@pytest.mark.parametrize("report, told", [("sender", True), ("receiver", False)])
def test_packets_that_rtcp_tells_of(tshark, report, told):
    cap, link, call = begin()
    call.start()
    cap.wait(8)
    block = report_block(call.ssrc, highest=900, jitter=7, lsr=9, dlsr=3)
    data = rtcp_sr(call.ssrc, cap.now, 1, 900, 90000) if report == "sender" else rtcp_rr(call.ssrc + 1, [block])
    ends = (call.src[0], call.src[1] + 1), (call.dst[0], call.dst[1] + 1)
    cap.udp(*(ends if told else reversed(ends)), data)
    call.bye()
    assert ("RTCP says that 900 packets were sent" in verdicts(tshark, cap)[0]) == told
    assert ("RTCP says" in verdicts(tshark, cap)[0]) == told


@pytest.mark.parametrize("types, found", [(4, "4 of 5"), (5, "4 of 6")])
def test_payload_types_that_are_counted(tshark, types, found):
    cap, link, call = begin()
    call.start()
    send(call, 0)
    for number in range(types):
        send(call, number + 1, pt=110 + number)
    call.bye()
    assert verdicts(tshark, cap)[0].startswith("PAYLOAD_TYPE %s packets" % found)


# ---- which call

@pytest.mark.parametrize("step, seconds, kept", [(99, 0, 1), (100, 0, 0), (-99, 0, 1), (-100, 0, 0), (1, 4, 1), (1, 5, 0)])
def test_flow_that_runs_on(tshark, step, seconds, kept):
    """Where only a shared port tells whose it is, a stream goes on with its call while it goes on itself."""
    cap, link, first = begin(offer_port=20000)
    second = link.call(offer_port=20000)
    first.start()
    for number in range(500, 505):
        send(first, number, ssrc=1, src=("203.0.113.7", 5000))
    second.start()
    cap.wait(seconds)
    send(first, 504 + step, ssrc=1, src=("203.0.113.7", 5000))
    assert packets(tshark, cap) == [5 + kept, 1 - kept]


@pytest.mark.parametrize("others, lost", [(7, False), (8, True)])
def test_stream_that_was_elsewhere(tshark, others, lost):
    """A re-INVITE moves it away and another one back; it is looked for among the eight newest flows."""
    cap, link, call = begin()
    call.start()
    home = call.offer_port
    numbers = iter(range(1, 1000))
    for _ in range(10):
        send(call, next(numbers))
    call.offer_port = home + 100
    call.reinvite()
    call.ok()
    call.ack()
    for _ in range(50):
        send(call, next(numbers))
    for other in range(others):
        send(call, 1, ssrc=5000 + other)
    call.offer_port = home
    call.reinvite()
    call.ok()
    call.ack()
    for _ in range(10):
        send(call, next(numbers))
    call.bye()
    assert ("LOSS" in verdicts(tshark, cap)[0]) == lost


@pytest.mark.parametrize("closed, pause, found", [(0, 3, 0), (1, 3, 0), (7, 3, 0), (8, 2.01, 8), (8, 2, 0), (511, 0, 0), (512, 0, 512)])
def test_open_call_of_a_shared_port(tshark, closed, pause, found):
    """It is preferred to newer ones that are over, among the eight newest; if it has just begun and waits for its media, among the 512
    newest. Else the newest has it."""
    cap, link, call = begin(offer_port=20000)
    call.start()
    for _ in range(closed):
        other = link.call(offer_port=20000)
        other.start()
        other.bye()
    cap.wait(pause)
    for number in range(3):
        send(call, number, ssrc=1, src=("203.0.113.7", 5000))
    counts = packets(tshark, cap)
    assert counts[found] == 3 and sum(counts) == 3


@pytest.mark.parametrize("senders, found", [(1, 0), (2, 1)])
def test_port_of_the_sender(tshark, senders, found):
    """Where fewer calls have the port it comes from than the port it goes to, that port tells; of equals the receiver's."""
    cap, link, first = begin(offer_port=20000, answer_port=40000, answer_ip="192.168.1.5")
    first.start()
    second = link.call(offer_port=20000, answer_port=40000 if senders == 2 else 41000, answer_ip="192.168.1.6")
    second.start()
    if senders == 2: # the newest of those that send from there is not the newest that receives
        third = link.call(offer_port=21000, answer_port=40000, answer_ip="192.168.1.7")
        third.start()
        fourth = link.call(offer_port=20000, answer_port=42000, answer_ip="192.168.1.8")
        fourth.start()
        found = 3
    cap.wait(3) # none has just begun
    for number in range(3):
        send(first, number, ssrc=1, src=("192.0.2.10", 40000), dst=("198.51.100.20", 20000))
    counts = packets(tshark, cap)
    assert counts[found] == 3 and sum(counts) == 3


def same_ids(link, **options):
    return link.call(call_id="same", from_tag="tag", to_tag="to", **options)


def test_open_call_of_equal_ids(tshark):
    """Of two calls with the same Call-ID and tags the open one has what fits both, though the other is newer."""
    cap, link, first = begin(call_id="same", from_tag="tag", to_tag="to", camera="34020000001320000001")
    first.start()
    second = same_ids(link, camera="34020000001320000002", cseq=50)
    second.start()
    second.bye()
    first.in_dialog("INFO", link.lower, cseq=900, content_type="text/plain", body="x")
    rows = tshark.fields(cap, ["hikcascade.session"], "sip.Method == INFO")
    assert [row["hikcascade.session"] for row in rows] == [["0"]]


def test_newest_of_equal_ids(tshark):
    """Of two open ones the newer has it."""
    cap, link, first = begin(call_id="same", from_tag="tag", to_tag="to", camera="34020000001320000001", subject="")
    first.start()
    second = same_ids(link, camera="34020000001320000002", cseq=50)
    second.start()
    message, _ = link.request(link.lower, "INFO", call_id="same", cseq=900, from_tag="to", to_tag="tag", from_id="34020000001320000009")
    link.send(link.lower, message)
    rows = tshark.fields(cap, ["hikcascade.session"], "sip.Method == INFO")
    assert [row["hikcascade.session"] for row in rows] == [["1"]]


@pytest.mark.parametrize("calls, found", [(16, 0), (17, 16)])
def test_how_many_of_equal_ids(tshark, calls, found):
    """The sixteen newest are looked at."""
    cap = Capture(gap=0)
    links = [Link(cap, Platform("34020000002000000%03d" % number, "192.0.2.%d" % (10 + number)), TOP, seed=number + 1) for number in range(calls)]
    made = [link.call(call_id="same", from_tag="tag", to_tag="to", camera="34020000001320000%03d" % number)
            for number, link in enumerate(links)]
    for call in made:
        call.start()
    made[0].in_dialog("INFO", links[0].lower, cseq=900)
    rows = tshark.fields(cap, ["hikcascade.session"], "sip.Method == INFO")
    assert [row["hikcascade.session"] for row in rows] == [[str(found)]]


# ---- calls that end in silence

@pytest.mark.parametrize("flows, told", [(64, 1), (65, 0)])
def test_flows_of_a_silent_call(tshark, flows, told):
    cap, link, call = begin()
    call.start()
    for number in range(flows):
        send(call, 1, ssrc=1000 + number)
    cap.wait(61)
    link.keepalive()
    assert len(tshark.fields(cap, [], "hikcascade.closed_as")) == told


def test_silent_calls_are_looked_at_by_fours(tshark):
    """Of eight calls four are looked at by the next message, whichever."""
    told = 0
    for silent in range(8):
        cap, link, _ = begin()
        calls = [link.call() for _ in range(8)]
        for call in calls:
            call.start()
            send(call, 1)
        cap.wait(61)
        for number, call in enumerate(calls):
            if number != silent:
                send(call, 2)
        link.exchange(link.lower, "MESSAGE", None)
        told += len(tshark.fields(cap, [], "hikcascade.closed_as"))
    assert told == 4


# ---- connections

@pytest.mark.parametrize("port, told", [(1023, False), (1024, True)])
def test_connection_to_another_port(tshark, port, told):
    cap = Capture()
    call = TcpCall(Link(cap))
    call.start()
    call.connect(server=(call.offer_ip, port), client=(call.answer_ip, 51000), handshake=False).refuse()
    cap.wait(10)
    call.bye()
    assert ("connects to 198.51.100.20:%d instead of" % port in verdicts(tshark, cap)[0]) == told


@pytest.mark.parametrize("connections, anew", [(63, 62), (64, 63), (65, 63)])
def test_connections_that_are_looked_at(tshark, connections, anew):
    cap = Capture()
    call = TcpCall(Link(cap))
    call.start()
    for number in range(connections):
        call.connect(port=51000 + number)
        call.rtp_tcp(1)
    call.bye()
    assert "reopened %d times" % anew in verdicts(tshark, cap)[0]


@pytest.mark.parametrize("running, found", [(511, 0), (512, None)])
def test_call_that_waits_for_its_connection(tshark, running, found):
    """Among the 512 newest of a listener the one that still waits gets the connection."""
    cap = Capture()
    link = Link(cap)
    calls = [TcpCall(link, offer_port=30000, offer_y=None, answer_y=None, answer_ip="192.18.%d.%d" % divmod(number, 256)) for number in range(running + 1)]
    for call in calls:
        call.start()
    for number, call in enumerate(calls[1:]):
        connection = cap.tcp((call.answer_ip, 51000 + number), (call.offer_ip, 30000)).open()
        connection.send(connection.client, rfc4571(call.rtp_packet()))
    late = cap.tcp(("203.0.113.7", 52000), (calls[0].offer_ip, 30000)).open()
    late.send(late.client, rfc4571(calls[0].rtp_packet()))
    counts = packets(tshark, cap)
    assert (counts[0] == 1) == (found == 0) and sum(counts) == running + 1


def two_at_one_port(cap):
    """Two calls of the same platforms whose media go to the same listener; the second one is not there yet."""
    link = Link(cap)
    return [TcpCall(link, offer_port=30000, ssrc=201000 + number, offer_y="%010d" % (201000 + number),
                    answer_y="%010d" % (201000 + number)) for number in range(2)]


def test_reset_of_another_connection_stays(tshark):
    """The first call was refused; then a connection that seemed to be its own turns out to be the second call's."""
    cap = Capture()
    first, second = two_at_one_port(cap)
    first.start()
    first.connect(handshake=False, port=51000).refuse()
    second.connection = first.connect(port=51001)
    second.start()
    second.rtp_tcp(3)
    cap.wait(10)
    first.bye()
    second.bye()
    found = verdicts(tshark, cap)
    assert found[0].startswith("TCP_REFUSED 198.51.100.20:30000 refuses") and found[1].startswith("OK 3 RTP packets")


def test_reset_is_given_back(tshark):
    """Such a connection was reset already, by the order of the records: nobody refused the first call."""
    cap = Capture()
    first, second = two_at_one_port(cap)
    first.start()
    second.connection = first.connect(port=51001)
    second.connection.segment(second.connection.server, RST, seq=second.connection.seq[second.connection.server])
    second.start()
    second.rtp_tcp(3)
    cap.wait(10)
    first.bye()
    second.bye()
    found = verdicts(tshark, cap)
    assert found[0].startswith("TCP_NO_CONNECTION nobody connected") and found[1].startswith("OK 3 RTP packets")


# ---- bodies

@pytest.mark.parametrize("room, known", [(0, True), (1, False)])
def test_how_far_a_body_is_read(tshark, room, known):
    """A CmdType whose value ends in byte 4096 of the body tells a keep-alive."""
    cap, link, _ = begin()
    link.register()
    head, command = b"<?xml version=\"1.0\"?>\r\n<Notify>\r\n<!--", b"--><CmdType>Keepalive"
    value_ends = head + b" " * (4096 - len(head) - len(command) + room) + command
    link.manscdp(link.lower, value_ends + b"</CmdType>\r\n<SN>1</SN>\r\n<DeviceID>34020000002000000001</DeviceID>\r\n<Status>OK</Status>\r\n</Notify>\r\n")
    rows = tables.printed(tshark, "hikcascade,platforms", cap)
    assert [row["Keep-alives"] for row in rows] == ["1" if known else "0"]


# ---- both ways of a conversation

@pytest.mark.parametrize("lost", ["up", "down"])
def test_ways_of_a_conversation(tshark, lost):
    """Media servers have other addresses than SIP, and a re-INVITE moves both: what was sent before it still has its way."""
    cap = Capture(gap=0)
    link = Link(cap, Platform("34020000002000000001", "192.0.2.10", media_ip="192.0.2.200"), Platform(TOP.id, TOP.ip, media_ip="198.51.100.200"))
    call = link.call(media="audio", session="Talk", offer_direction="sendrecv", answer_direction="sendrecv",
                     offer_codecs=((8, "PCMA/8000"),), answer_codecs=((8, "PCMA/8000"),))

    def talk(numbers):
        for number in numbers:
            for way, (src, dst) in (("up", (call.src, call.dst)), ("down", (call.dst, call.src))):
                if not (way == lost and 5 <= number < 8):
                    cap.udp(src, dst, rtp(b"\x55" * 160, call.ssrc if way == "up" else 999, number, 160 * number, pt=8))
            cap.wait(0.02)
    call.start()
    talk(range(20))
    call.offer_port += 100
    call.answer_port += 100
    call.reinvite()
    call.ok()
    call.ack()
    talk(range(20, 50))
    call.bye()
    source = "%s:%d" % (call.src if lost == "up" else call.dst)
    assert verdicts(tshark, cap)[0].startswith("LOSS 6.0 %% (3 of 50 audio RTP packets from %s lost)" % source)


def test_what_changes_in_the_middle_of_media(tshark):
    """After many packets of which all was known: another payload type, and the BYE."""
    cap = Capture()
    call = Link(cap).call()
    call.start()
    call.rtp(60)
    call.rtp(2, pt=110)
    call.rtp(5)
    call.bye(answer=False)
    cap.wait(1.5)
    call.rtp(6)
    assert len(tshark.expert(cap, "hikcascade.payload_not_declared")) == 1
    assert verdicts(tshark, cap)[0].startswith("PAYLOAD_TYPE 2 of 73 packets")
    assert [row[1] for row in tshark.expert(cap, "hikcascade.media_after_bye")] == ["warning"] * 6
