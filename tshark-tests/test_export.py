# SPDX-License-Identifier: GPL-2.0-or-later
"""--export-objects hikcascade,DIR: which files there are, what they are called, and every byte of them."""

import base64
import random
import re
import struct

import pytest

from gen_payload import without_a_beginning
from gen_ps_other import transport_stream
from hikpcap import Capture, Link, h264_slice, ps_frame, ps_pack, ps_pes, ps_psm, rfc4571, rtp


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def name_of(call, extension, session=0, suffix=""):
    return "%d-%s-%010d%s.%s" % (session, call.camera, call.ssrc, suffix, extension)


def wav(samples, law):
    def size(value):
        return struct.pack("<I", value)
    return (b"RIFF" + size(len(samples) + 50) + b"WAVEfmt " + struct.pack("<IHHIIHHH", 18, law, 1, 8000, 8000, 1, 8, 0)
            + b"fact" + size(4) + size(len(samples)) + b"data" + size(len(samples)) + samples)


def payloads(count, **options):
    return [ps_frame(number, **options) for number in range(count)]


class Sender:
    """A call whose RTP packets go out in any order."""

    def __init__(self, link=None, **options):
        self.link = link or Link(Capture())
        self.call = self.link.call(**options)
        self.cap = self.link.capture
        self.call.start()

    def send(self, packets):
        for packet in packets:
            self.cap.udp(self.call.src, self.call.dst, packet)
        return self

    def packets(self, data, **fields):
        return [self.call.rtp_packet(payload, **fields) for payload in data]


@pytest.fixture
def both(export_objects):
    """The content of the export, after one pass and two passes agreed on it."""
    def export(capture, **options):
        one = content(export_objects(capture, **options))
        extra = tuple(options.pop("extra", ())) + ("-2",)
        assert content(export_objects(capture, extra=extra, **options)) == one, "one pass and two passes differ"
        return one
    return export


def test_is_offered(sandbox):
    done = sandbox.run(["tshark", "--export-objects", "help"])
    assert "hikcascade" in (done.stdout + done.stderr).decode().split()


def test_program_stream(both):
    sender = Sender()
    data = payloads(60)
    sender.send(sender.packets(data)).call.bye()
    assert both(sender.cap) == {name_of(sender.call, "mpg"): b"".join(data)}


def test_seed(both):
    (name, data), = both("seed-cascade.pcap").items()
    assert name == "0-37280601411319001158-0100007399.mpg"
    assert data[:4] == b"\0\0\1\xba" and len(data) == 5024


def test_loss_reorder_duplicates(both):
    """Sorted, once each, and nothing for what is missing."""
    data = payloads(300)
    for seed in range(3):
        sender = Sender(seq=65500)  # the sequence numbers wrap
        packets = list(enumerate(sender.packets(data)))
        chance = random.Random(seed)
        lost = {100, 101, 102, 200} | {chance.randrange(1, 299) for _ in range(10)}
        travelling = [(number + chance.random() * (20 if number else 1), number, packet) for number, packet in packets
                      if number not in lost]
        travelling += [(number + chance.random() * 20, number, packet) for number, packet in packets[::9]
                       if number not in lost]
        sender.send(packet for _, _, packet in sorted(travelling))
        assert both(sender.cap) == {name_of(sender.call, "mpg"): b"".join(
            payload for number, payload in enumerate(data) if number not in lost)}


def test_restarted_sequence(both):
    """A device that begins anew with its sequence numbers: no byte is lost, in the order of arrival."""
    sender = Sender(seq=40000)
    data = payloads(80)
    first = sender.packets(data[:40])
    sender.call.seq = 7
    sender.send(first + sender.packets(data[40:]))
    assert both(sender.cap) == {name_of(sender.call, "mpg"): b"".join(data)}


@pytest.mark.parametrize("order", [(0, -2, -1, 1), (0, 1, -2, 2, -1), (0, 1, 2, 3, -3, -1, -2)])
def test_restart_recorded_in_a_mix(both, order):
    """Packets of the new numbers stand in front of the last old ones by some ms: the file has them as they were sent."""
    sender = Sender(seq=40000)
    data = payloads(80)
    packets = sender.packets(data[:40])
    sender.call.seq = 7
    packets += sender.packets(data[40:])
    sender.send(packets[:40 + min(order)] + [packets[40 + place] for place in order] + packets[41 + max(order):])
    assert both(sender.cap) == {name_of(sender.call, "mpg"): b"".join(data)}


def test_ssrc_change(both):
    sender = Sender()
    data = payloads(50)
    sender.send(sender.packets(data[:25]) + sender.packets(data[25:], ssrc=77))
    assert both(sender.cap) == {name_of(sender.call, "mpg"): b"".join(data[:25]),
                                "0-%s-0000000077.mpg" % sender.call.camera: b"".join(data[25:])}


def test_two_at_once_with_one_ssrc(both):
    """As Hikvision does: every call announces and sends 0999999999."""
    link = Link(Capture())
    one, two = (Sender(link, ssrc=999999999) for _ in range(2))
    first, second = payloads(40, size=100), payloads(40, size=200)
    for a, b in zip(one.packets(first), two.packets(second)):
        one.send([a])
        two.send([b])
    assert both(link.capture) == {name_of(one.call, "mpg"): b"".join(first), name_of(two.call, "mpg", 1): b"".join(second)}


def test_port_reuse(both):
    """The next call on the same ports is another file."""
    link = Link(Capture())
    expected = {}
    for session in range(3):
        sender = Sender(link, offer_port=20000, answer_port=40000)
        data = payloads(20, size=50 + session)
        sender.send(sender.packets(data)).call.bye()
        expected[name_of(sender.call, "mpg", session)] = b"".join(data)
        link.capture.wait(10)
    assert both(link.capture) == expected


def test_two_flows_of_one_name(both):
    """Both directions with one SSRC."""
    sender = Sender()
    there, back = payloads(20, size=70), payloads(20, size=90)
    sender.send(sender.packets(there))
    for number, payload in enumerate(back):
        sender.cap.udp(sender.call.dst, sender.call.src, rtp(payload, sender.call.ssrc, 900 + number, 0))
    assert both(sender.cap) == {name_of(sender.call, "mpg"): b"".join(there),
                                name_of(sender.call, "mpg", suffix="-2"): b"".join(back)}


@pytest.mark.parametrize("camera, written", [
    ("../../../etc/passwd", ".._.._.._etc_passwd"),
    ("a/b\\c", "a_b_c"),
    ("..", ".."),
    ("%2e%2e%2f", "_2e_2e_2f"),
    ("x" * 300, "x" * 64),
])
def test_hostile_camera(both, camera, written):
    sender = Sender(camera=camera, subject="%s:0,34010000002000000001:0" % camera)
    sender.send(sender.packets(payloads(20)))
    (name, _), = both(sender.cap).items()
    assert name == "0-%s-%010d.mpg" % (written, sender.call.ssrc)


def test_bare_h264(both):
    """RFC 6184: parameter sets together, key frame in fragments, one of them late, one lost."""
    sender = Sender(offer_codecs=((98, "H264/90000"),), answer_codecs=((98, "H264/90000"),), pt=98)
    packets = sender.packets([
        b"\x78\0\4\x67sps\0\3\x68pp",
        b"\x7c\x85" + b"A" * 1000, b"\x7c\x05" + b"B" * 1000, b"\x7c\x45" + b"C" * 10,
        b"\x41" + b"D" * 50,
        b"\x5c\x81" + b"E" * 1000, b"\x5c\x01" + b"lost", b"\x5c\x41" + b"F" * 10,
        b"\x41" + b"G" * 50,
    ])
    sender.send([packets[i] for i in (0, 1, 3, 2, 4, 5, 7, 8)])
    start = b"\0\0\0\1"
    assert both(sender.cap) == {name_of(sender.call, "h264"): start + b"\x67sps" + start + b"\x68pp" + start + b"\x65" +
                                b"A" * 1000 + b"B" * 1000 + b"C" * 10 + start + b"\x41" + b"D" * 50 + start + b"\x41" +
                                b"E" * 1000 + start + b"\x41" + b"G" * 50}


def test_bare_h265(both):
    sender = Sender(offer_codecs=((100, "H265/90000"),), answer_codecs=((100, "H265/90000"),), pt=100)
    sender.send(sender.packets([
        b"\x60\1\0\5\x40\1vps\0\5\x42\1sps", b"\x62\1\x93" + b"A" * 900, b"\x62\1\x53" + b"B" * 10, b"\2\1" + b"C" * 40]))
    start = b"\0\0\0\1"
    assert both(sender.cap, extra=("--disable-protocol", "h265")) == {
        name_of(sender.call, "h265"): start + b"\x40\1vps" + start + b"\x42\1sps" + start + b"\x26\1" + b"A" * 900 +
        b"B" * 10 + start + b"\2\1" + b"C" * 40}


@pytest.mark.parametrize("pt, codecs, law", [
    (8, ((8, "PCMA/8000"),), 6),
    (0, ((0, "PCMU/8000"),), 7),
    (97, ((97, "PCMU/8000"),), 7),
    (8, ((96, "PS/90000"),), 6),  # not what was agreed on: the number says it
])
def test_g711(both, pt, codecs, law):
    sender = Sender(offer_codecs=codecs, answer_codecs=codecs, pt=pt, media="audio")
    data = [bytes([number]) * 160 for number in range(40)]
    packets = sender.packets(data)
    del packets[20]
    packets[30:32] = reversed(packets[30:32])
    sender.send(packets)
    del data[20]
    assert both(sender.cap) == {name_of(sender.call, "wav"): wav(b"".join(data), law)}


def test_declared_ps_but_private(both):
    """What nobody knows is exported as it is."""
    sender = Sender()
    chance = random.Random(1)
    data = [b"\x48\x4b" + bytes(chance.randrange(256) for _ in range(200)) for _ in range(40)]
    sender.send(sender.packets(data))
    (name, written), = both(sender.cap).items()
    assert written == b"".join(data)
    assert name in (name_of(sender.call, "bin"), name_of(sender.call, "mpg"))


def test_declared_ps_but_h264(both):
    """PS by the SDP, RFC 6184 by its bytes."""
    sender = Sender()
    data = [b"\x67" + b"\x42\xc0\x1e\x95" * 3, b"\x68\xce\x38\x80"]
    for number in range(20):
        data += [b"\x7c\x85" + b"A" * 300, b"\x7c\x45" + b"B" * 300]
    sender.send(sender.packets(data))
    start = b"\0\0\0\1"
    assert both(sender.cap) == {name_of(sender.call, "h264"): start + data[0] + start + data[1] + (
        start + b"\x65" + b"A" * 300 + b"B" * 300) * 20}


@pytest.mark.parametrize("beside", [8, 12])
@pytest.mark.parametrize("count", range(1, 6))
def test_declared_ps_but_a_transport_stream_beside_sound(both, count, beside):
    """What its payload type turned out to be is what the file is, whatever comes under others: at once, not with the next pass."""
    sender = Sender()
    for payload in transport_stream()[:count]:
        sender.send(sender.packets([b"\xd5" * 160], pt=beside) + sender.packets([payload], pt=96))
    (name, _), = both(sender.cap).items()
    assert count < 3 or name == name_of(sender.call, "ts")


def test_declared_when_all_of_it_came(both):
    """Early media, and then the answer names what it is: one pass says the same as two."""
    call = Link(Capture()).call(offer_codecs=((97, "MPEG4/90000"),), answer_codecs=((96, "PS/90000"),))
    call.invite()
    chance = random.Random(2)
    data = [b"\x48\x4b" + bytes(chance.randrange(256) for _ in range(200)) for _ in range(10)]
    for payload in data:
        call.link.capture.udp(call.src, call.dst, call.rtp_packet(payload))
    call.ok()
    call.ack()
    assert both(call.link.capture) == {name_of(call, "mpg"): b"".join(data)}


def test_declared_again_between_two_payload_types(both):
    """Each SDP is about what came until then. A copy that comes behind the last one is none of the file's packets."""
    sender = Sender(offer_codecs=((96, "PS/90000"), (98, "H264/90000")), answer_codecs=((96, "PS/90000"), (98, "H264/90000")))
    noise = b"\x48\x4b" + bytes(range(3, 200))
    first = sender.packets([b"\x41" + b"D" * 50], pt=98)
    sender.send(first + sender.packets([noise], pt=96))
    sender.call.reinvite()
    sender.call.ok()
    sender.call.ack()
    sender.send(first)
    (name, _), = both(sender.cap).items()
    assert name == name_of(sender.call, "mpg")


def test_invited_when_all_of_it_came(both):
    """Records out of order: the INVITE, which names the camera, stands behind the answer and the media."""
    sender = Sender()
    sender.send(sender.packets([b"\x48\x4b" + bytes([number]) * 99 for number in range(5)]))
    times = [record[0] for record in sender.cap]
    sender.cap.append(sender.cap.pop(0))
    sender.cap[:] = [(time, *record[1:]) for time, record in zip(times, sender.cap)]
    (name, _), = both(sender.cap).items()
    assert name.rsplit(".", 1)[0] == name_of(sender.call, "x").rsplit(".", 1)[0]


def test_invited_when_two_of_one_name_came(both):
    """They are numbered as if the INVITE, which alone tells the camera, had been there before."""
    sender = Sender()
    cap, call = sender.cap, sender.call
    there, misrouted = payloads(20, size=70), payloads(20, size=90)
    invite, answer = cap[0], cap[2][1][42:]
    camera = re.search(rb"INVITE sip:([0-9]{20})", invite[1])[1]
    del cap[:]
    cap.udp(sender.link.lower.at, sender.link.upper.at, re.sub(rb"(?m)^(To|Contact):.*\r\n", b"", answer).replace(camera, b"-" * 20))
    sender.send(sender.packets(there))
    for number, payload in enumerate(misrouted):
        cap.udp(call.src, (call.dst[0], 7100), rtp(payload, call.ssrc, 900 + number, 0))
    cap.append((cap[-1][0] + 1000, *invite[1:]))
    assert both(cap) == {name_of(call, "mpg"): b"".join(there), name_of(call, "mpg", suffix="-2"): b"".join(misrouted)}


def test_begun_in_the_middle(both):
    """The capture begins inside a key frame: its rest is there as well."""
    whole = payloads(3, key=True, size=9000)
    data = b"".join(whole)[5000:]
    pieces = [data[at:at + 1400] for at in range(0, len(data), 1400)]
    sender = Sender()
    sender.send(sender.packets(pieces))
    assert both(sender.cap) == {name_of(sender.call, "mpg"): data}


def test_cut_by_the_capture(both, tmp_path):
    """A snap length of 100: what was captured of each payload, and the name says that it is not all."""
    sender = Sender()
    data = payloads(30, size=300)
    sender.send(sender.packets(data))
    whole = sender.cap.pcap()
    cut, at = [whole[:24]], 24
    while at < len(whole):
        seconds, fraction, size, wire = struct.unpack_from("<IIII", whole, at)
        keep = min(size, 100) if size > 300 and b"SIP" not in whole[at:at + size + 16] else size
        cut += [struct.pack("<IIII", seconds, fraction, keep, wire), whole[at + 16:at + 16 + keep]]
        at += 16 + size
    path = tmp_path / "cut.pcap"
    path.write_bytes(b"".join(cut))
    name = name_of(sender.call, "mpg").replace(".mpg", "-incomplete.mpg")
    assert both(path) == {name: b"".join(payload[:100 - 54] for payload in data)}


def test_elementary(both):
    """The same stream, taken apart: video, G.711 and private data."""
    sender = Sender()
    video = [b"\0\0\0\1\x67" + b"v" * 300, b"\0\0\0\1\x65" + b"w" * 4000, b"\0\0\0\1\x41" + b"x" * 99]
    program = ps_pack() + ps_psm(((0x1B, 0xE0), (0x90, 0xC0)))
    for number in range(20):
        program += b"".join(ps_pes(part, 0xE0, number * 3600) for part in video)
        program += ps_pes(bytes([number]) * 320, 0xC0, number * 3600) + ps_pes(b"hik", 0xBD) + ps_pack(number * 3600)
    pieces = [program[at:at + 777] for at in range(0, len(program), 777)]
    packets = sender.packets(pieces)
    packets[40:42] = reversed(packets[40:42])
    sender.send(packets)
    assert both(sender.cap, prefs={"hikcascade.export_elementary": "TRUE"}) == {
        name_of(sender.call, "h264", suffix="-e0"): b"".join(video) * 20,
        name_of(sender.call, "wav", suffix="-c0"): wav(b"".join(bytes([number]) * 320 for number in range(20)), 6),
        name_of(sender.call, "bin", suffix="-bd"): b"hik" * 20,
    }


def test_display_filter(export_objects):
    """A read filter picks streams (a display filter of tshark only picks what is printed)."""
    link = Link(Capture())
    senders = [Sender(link) for _ in range(3)]
    data = payloads(30)
    for sender in senders:
        sender.send(sender.packets(data))
    found = content(export_objects(link.capture, extra=("-2", "-R", "hikcascade.session == 1")))
    assert found == {name_of(senders[1].call, "mpg", 1): b"".join(data)}
    assert len(content(export_objects(link.capture, extra=("-Y", "hikcascade.session == 1")))) in (1, 3)


def test_no_media_no_files(tshark):
    cap = Capture()
    Link(cap).call().start()
    folder = tshark.sandbox.home / "nothing"
    tshark.run(tshark.read(cap) + ["-q", "--export-objects", "hikcascade,%s" % folder])
    assert list(folder.iterdir()) == []


def test_exported_again(tshark):
    """Into a folder where the files are already: stock's rule, a number in front of the extension."""
    sender = Sender()
    sender.send(sender.packets(payloads(20)))
    folder = tshark.sandbox.home / "again"
    for _ in range(2):
        tshark.run(tshark.read(sender.cap) + ["-q", "--export-objects", "hikcascade,%s" % folder])
    name = name_of(sender.call, "mpg")
    assert sorted(path.name for path in folder.iterdir()) == sorted([name, name.replace(".mpg", "(1).mpg")])


def test_in_a_window(tshark):
    """What the GUI does: list, list again (nobody says that the first list is gone), fetch; a list of one packet too."""
    link = Link(Capture())
    first, second = Sender(link), Sender(link)
    data, one = payloads(50), payloads(1)
    first.send(first.packets(data))
    second.send(second.packets(one))
    tap = ("tap", {"tap0": "eo:hikcascade"})
    answers = tshark.sharkd(link.capture, [tap, tap, tap, ("download", {"token": "eo:hikcascade_0"}),
                                           ("download", {"token": "eo:hikcascade_1"})])
    lists = [answer["taps"][0]["objects"] for answer in answers[:3]]
    assert lists[0] == lists[1] == lists[2]
    assert [(entry["filename"], entry["type"], entry["hostname"], entry["len"]) for entry in lists[0]] == [
        (name_of(first.call, "mpg"), "video/mpeg", "192.0.2.10:40000", len(b"".join(data))),
        (name_of(second.call, "mpg", 1), "video/mpeg", "192.0.2.10:40004", len(one[0]))]
    assert base64.b64decode(answers[3]["data"]) == b"".join(data)
    assert base64.b64decode(answers[4]["data"]) == one[0]
    single = Sender()
    single.send(single.packets(one))
    answers = tshark.sharkd(single.cap, [tap, tap])
    assert answers[0]["taps"][0]["objects"] == answers[1]["taps"][0]["objects"]


def test_without_signalling(both):
    """Program stream recognised by its look."""
    cap = Capture()
    data = payloads(60)
    for number, payload in enumerate(data):
        cap.udp(("192.0.2.10", 41000), ("198.51.100.20", 21000), rtp(payload, 4711, 5 + number, number * 3600))
    assert both(cap) == {"rtp-192.0.2.10-41000-0000004711.mpg": b"".join(data)}


def test_without_signalling_on_a_port_of_rtcp(both):
    """A call that comes later has its RTCP there: what came before stays RTP on later passes."""
    sender = Sender()
    before, data = payloads(6), payloads(6)
    call, cap = sender.call, Capture()
    for number, payload in enumerate(before):
        cap.udp(("198.51.100.77", 30000), (call.src[0], call.src[1] + 1), rtp(payload, 0x1234, number, 3600 * number))
    sender.send(sender.packets(data)).call.bye()
    shift = sender.cap[0][0] - cap.time_us
    cap.extend((time - shift, *record) for time, *record in sender.cap)
    assert both(cap) == {"rtp-198.51.100.77-30000-%010u.mpg" % 0x1234: b"".join(before), name_of(call, "mpg"): b"".join(data)}


def test_without_signalling_ipv6(both):
    cap = Capture()
    data = payloads(60)
    for number, payload in enumerate(data):
        cap.udp(("2001:db8::1", 41000), ("2001:db8::2", 21000), rtp(payload, 4711, 5 + number, number * 3600))
    assert both(cap) == {"rtp-2001_db8__1-41000-0000004711.mpg": b"".join(data)}


def test_without_signalling_over_tcp(both):
    """RFC 4571, several packets in a segment, packets over segments."""
    cap = Capture()
    data = payloads(60, size=500)
    stream = b"".join(rfc4571(rtp(payload, 4711, 5 + number, number * 3600)) for number, payload in enumerate(data))
    connection = cap.tcp(("192.0.2.10", 41000), ("198.51.100.20", 21000)).open()
    connection.send(connection.client, stream, cut=range(1460, len(stream), 1460))
    assert both(cap) == {"rtp-192.0.2.10-41000-0000004711.mpg": b"".join(data)}


@pytest.mark.parametrize("announced", ["never", "behind it", "before it"])
def test_what_looks_like_quic_takes_no_media(both, announced):
    """QUIC's heuristic takes a conversation as a whole, on later passes also what came before."""
    call = Link(Capture()).call()
    cap, data = call.link.capture, payloads(9)
    initial = bytes([0xC3, 0, 0, 0, 1, 8]) + bytes(range(8)) + bytes([0, 0, 0x44, 0xD0]) + bytes(1200)
    if announced == "before it":
        call.start()
    for number, payload in enumerate(data):
        if number in (3, 6):
            cap.udp(call.src, call.dst, initial)
        if number == 4 and announced == "behind it":
            call.start()
        cap.udp(call.src, call.dst, call.rtp_packet(payload))
    first = {"never": 9, "behind it": 4, "before it": 0}[announced]
    expected = {"rtp-192.0.2.10-40000-0000201001.mpg": b"".join(data[:first]), name_of(call, "mpg"): b"".join(data[first:])}
    assert both(cap) == {name: written for name, written in expected.items() if written}


@pytest.mark.parametrize("client, server", [(0, 21000), (41000, 0)])
def test_without_signalling_on_a_port_of_no_connection(both, client, server):
    """Port 0 is any port to stock's conversations. No pass takes what comes there for media."""
    cap = Capture()
    connection = cap.tcp(("192.0.2.10", client), ("198.51.100.20", server)).open()
    connection.send(connection.client, b"".join(rfc4571(rtp(payload, 4711, n, n * 3600)) for n, payload in enumerate(payloads(3))))
    assert both(cap) == {}


def test_packet_looked_at_before(tshark):
    """Foreign SIP announces a program stream. Somebody looks at its first RTP packet and exports then: the export, which
    begins with the same packet, has it."""
    cap = Capture()
    sdp = "v=0\r\no=- 1 1 IN IP4 192.0.2.20\r\ns=-\r\nc=IN IP4 192.0.2.20\r\nt=0 0\r\nm=video 20000 RTP/AVP 96\r\na=rtpmap:96 PS/90000\r\n"
    cap.udp(("192.0.2.20", 5060), ("192.0.2.10", 5060), (
        "INVITE sip:bob@192.0.2.10 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.20;branch=z9hG4bK1\r\nFrom: <sip:alice@192.0.2.20>;tag=1\r\n"
        "To: <sip:bob@192.0.2.10>\r\nCall-ID: foreign\r\nCSeq: 1 INVITE\r\nContent-Type: application/sdp\r\n"
        "Content-Length: %d\r\n\r\n%s" % (len(sdp), sdp)).encode())
    data = payloads(3)
    for number, payload in enumerate(data):
        cap.udp(("192.0.2.10", 40000), ("192.0.2.20", 20000), rtp(payload, seq=number + 1, timestamp=3600 * number, ssrc=7))
    tap, load = ("tap", {"tap0": "eo:hikcascade"}), ("download", {"token": "eo:hikcascade_0"})
    *_, export = tshark.sharkd(cap, [("frame", {"frame": 2, "proto": True}), tap, load])
    assert base64.b64decode(export["data"]) == b"".join(data)


def test_bare_video_first_then_a_program_stream(both):
    """What the bytes of the first packets are is not sure yet, on any pass."""
    sender = Sender()
    bare = [h264_slice(number == 0)[4:] for number in range(6)]
    data = payloads(20)
    sender.send(sender.packets(bare)).send(sender.packets(data)).call.bye()
    assert both(sender.cap) == {name_of(sender.call, "mpg"): b"".join(bare + data)}


@pytest.mark.parametrize("options", [{}, {"tcp": True}, {"names": "re-INVITE"}, {"names": "re-INVITE", "tcp": True}])
def test_nothing_fits_what_it_is_said_to_be(both, options):
    """When bytes came, a file had to begin; what they are is said behind them, and no byte of them fits. Later passes know that
    before, and have the empty file too: it tells that there was something. What comes later and fits is in it."""
    call, written = without_a_beginning(**options)
    assert both(call.link.capture) == {name_of(call, "h264"): b""}
    call, written = without_a_beginning(again=True, **options)
    assert both(call.link.capture) == {name_of(call, "h264"): written}


def test_nothing_fits_beside_calls(both, tshark):
    """Calls before and behind it have their files; a window lists them in the order in which their media began, and fetches each."""
    call, _ = without_a_beginning()
    link = call.link
    second, third = Sender(link), Sender(link)
    third.send(third.packets(payloads(3)))
    second.send(second.packets([b""] * 3)).call.bye()
    expected = {name_of(call, "h264"): b"", name_of(third.call, "mpg", 2): b"".join(payloads(3))}
    assert both(link.capture) == expected
    listed, *loaded = tshark.sharkd(link.capture, [("tap", {"tap0": "eo:hikcascade"}), *(
        ("download", {"token": "eo:hikcascade_%u" % number}) for number in range(2))])
    assert [(entry["pkt"], entry["filename"], entry["len"]) for entry in listed["taps"][0]["objects"]] == [
        (2, name_of(call, "h264"), 0), (listed["taps"][0]["objects"][1]["pkt"], name_of(third.call, "mpg", 2), len(b"".join(payloads(3))))]
    assert [base64.b64decode(one["data"]) for one in loaded] == list(expected.values())


def test_listed_with_the_first_payload(tshark):
    """Not with the first byte that fits: one pass lists before it is known what fits."""
    call, _ = without_a_beginning(again=True)
    listed, = tshark.sharkd(call.link.capture, [("tap", {"tap0": "eo:hikcascade"})])
    assert [entry["pkt"] for entry in listed["taps"][0]["objects"]] == [2]


@pytest.mark.parametrize("codec", ["PS/90000", "H264/90000"])
def test_no_payload_no_file(both, codec):
    """Packets with nothing in them."""
    sender = Sender(answer_codecs=((96, codec),))
    sender.send(sender.packets([b""] * 5)).call.bye()
    assert both(sender.cap) == {}


@pytest.mark.parametrize("law", ["PCMA/8000", "PCMU/8000"])
def test_no_sound_no_file(both, law):
    """A WAV file would have its header."""
    sender = Sender(offer_codecs=((96, law),), answer_codecs=((96, law),))
    sender.send(sender.packets([b""] * 5)).call.bye()
    assert both(sender.cap) == {}


def test_elementary_and_nothing_fits(both):
    """Early media that is no program stream, which then the answer says it is: there is a file, and nothing was found to be put in it.
    Once a stream is found, the file is that stream's, whatever its codec."""
    call = Link(Capture()).call(offer_codecs=((97, "MPEG4/90000"),), answer_codecs=((96, "PS/90000"),))
    call.invite()
    cap, prefs = call.link.capture, {"hikcascade.export_elementary": "TRUE"}
    for number in range(10):
        cap.udp(call.src, call.dst, call.rtp_packet(b"\x48\x4b" + bytes([number + 1]) * 50))
    call.ok()
    call.ack()
    assert both(cap, prefs=prefs) == {name_of(call, "bin"): b""}
    for number in range(10):
        cap.udp(call.src, call.dst, call.rtp_packet(ps_pack(number) + ps_pes(b"private" * 3, 0xBD)))
    assert both(cap, prefs=prefs) == {name_of(call, "bin", suffix="-bd"): b"private" * 30}
