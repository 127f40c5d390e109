# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls with a fault, combined with what may stand around it: early media, audio beside the video, a re-INVITE that moves the
media, a media server with an address of its own, copies of every packet, one direction only; over UDP and over TCP.

Each call knows by construction what is right: `expected()` is made from the parts, not from what the plugin said.

    one = Mixed(link, "loss", early=True, audio=True)
    one.play()
    one.expected()      Expected: codes with the words their sentences must have, RTP, lost, key frames

A fault is a function of the packets of a line (in order, before they are sent): it changes them and says what is to be found.
"""

import re

from hikpcap import ACK, H264_PPS, PS_ONLY, PSH, Capture, Link, h264_slice, h264_sps, ps_frame, rfc4571, rtp, sdp

AUDIO_ABOVE = 10      # the audio's ports are so far above the video's
MOVED_ABOVE = 5000    # and those after a re-INVITE above those before
STRANGER = "203.0.113.77"
BEFORE, AFTER = 12, 40 # packets of a line in front of the re-INVITE and after it


class Packet:
    """One RTP packet of a line, before it is sent."""

    def __init__(self, line, number):
        self.line, self.number = line, number
        self.seq, self.ssrc, self.pt, self.src, self.dst = number, line.ssrc, line.pt, line.src, line.dst
        self.timestamp = number * line.step
        self.payload = line.frames(number)

    def clone(self, **changes):
        other = Packet(self.line, self.number)
        other.__dict__.update(self.__dict__)
        other.__dict__.update(changes)
        return other

    def data(self):
        return rtp(self.payload, self.ssrc, self.seq, self.timestamp, self.pt, marker=True)


class Line:
    """An m= line: its ends and its stream."""

    def __init__(self, kind, ssrc, src, dst):
        self.kind, self.ssrc, self.src, self.dst = kind, ssrc, src, dst
        self.pt, self.step = (96, 3600) if kind == "video" else (8, 320)
        self.next = 100
        self.sent = []         # everything that was put on the wire

    def frames(self, number):
        return ps_frame(number - 100) if self.kind == "video" else b"\x55" * 320

    def take(self, count):
        packets = [Packet(self, self.next + number) for number in range(count)]
        self.next += count
        return packets

    @property
    def at(self):
        return "%s:%d" % self.src


class Expected:
    """What a verdict must say: {code: words}; words: regular expressions its sentence has."""

    def __init__(self):
        self.codes, self.rtp, self.lost, self.key_frames = {}, 0, 0, None

    def say(self, code, *words):
        self.codes.setdefault(code, []).extend(words)


# ---- faults of the packets of a line: (packets, line, mixed, expected) -> packets

def healthy(packets, line, mixed, expected):
    return packets


def loss(packets, line, mixed, expected):
    expected.lost += 5
    audio = "audio " if line.kind == "audio" else ""
    whole = len(line.sent) + len(packets)  # of the line, sent or not
    expected.say("LOSS", r"^%.1f %% \(5 of %d %sRTP packets from %s lost" % (500 / whole, whole, audio, line.at))
    return packets[:10] + packets[15:]


def many_small_losses(packets, line, mixed, expected):
    kept = [packet for number, packet in enumerate(packets) if number % 10 != 3]
    gone = len(packets) - len(kept)
    whole = len(line.sent) + len(packets)
    expected.lost += gone
    expected.say("LOSS", r"\(%d of %d %sRTP packets from %s lost" % (gone, whole, "audio " if line.kind == "audio" else "", line.at))
    return kept


def ssrc_changed(packets, line, mixed, expected):
    whole = len(line.sent) + len(packets)
    expected.say("SSRC_CHANGED", r"^2 different SSRCs from %s; %d of %d packets carry %010d " % (line.at, whole - 10, whole, line.ssrc))
    return packets[:-10] + [packet.clone(ssrc=line.ssrc + 500000) for packet in packets[-10:]]


def stranger(packets, line, mixed, expected):
    whole = len(line.sent) + len(packets)
    source = (STRANGER, line.src[1] + 1000)
    expected.say("UNNEGOTIATED", r"^%d of %d %sRTP packets come from %s:%d, which no SDP announced \(announced: %s\)" % (
        len(packets), whole, "audio " if line.kind == "audio" else "", *source, line.at))
    return [packet.clone(src=source) for packet in packets]


def other_port(packets, line, mixed, expected):
    source = (line.src[0], line.src[1] + 7)
    expected.say("UNNEGOTIATED", r"^media comes from %s:%d, not from the port announced, %s$" % (*source, line.at))
    return [packet.clone(src=source) for packet in packets]


def through_nat(packets, line, mixed, expected):
    source = (mixed.callee.ip, line.src[1] + 7)
    if mixed.callee.media_ip == mixed.callee.ip:
        expected.say("UNNEGOTIATED", r"^media comes from %s:%d, not from the port announced, %s$" % (*source, line.at))
    else:
        expected.say("NAT", r"^media comes from %s:%d, where its SIP comes from, instead of %s$" % (*source, line.at))
    return [packet.clone(src=source) for packet in packets]


def wrong_port(packets, line, mixed, expected):
    expected.say("WRONG_DESTINATION", r"^%d RTP packets with the SSRC announced go to %s:%d, not to %s:%d$" % (
        len(packets), line.dst[0], line.dst[1] + 7, *line.dst))
    return [packet.clone(dst=(line.dst[0], line.dst[1] + 7)) for packet in packets]


def wrong_address(packets, line, mixed, expected):
    expected.say("WRONG_DESTINATION", r"^%d RTP packets with the SSRC announced go to 203.0.113.99:%d, not to %s:%d; same port" % (
        len(packets), line.dst[1], *line.dst))
    return [packet.clone(dst=("203.0.113.99", line.dst[1])) for packet in packets]


def wrong_port_and_ssrc(packets, line, mixed, expected):
    whole, other = len(line.sent) + len(packets), line.ssrc + 500000
    usual, count = (line.ssrc, len(line.sent)) if line.kind == "video" else (other, len(packets))
    expected.say("WRONG_DESTINATION", r"^%d %sRTP packets from %s go to %s:%d, not to %s:%d$" % (
        len(packets), "audio " if line.kind == "audio" else "", line.at, line.dst[0], line.dst[1] + 7, *line.dst))
    expected.say("SSRC_CHANGED", r"^2 different SSRCs from %s; %d of %d packets carry %010d " % (line.at, count, whole, usual))
    return [packet.clone(dst=(line.dst[0], line.dst[1] + 7), ssrc=other) for packet in packets]


def other_line(packets, line, mixed, expected):
    """To the endpoint of the other m= line."""
    if not mixed.audio:
        return packets
    other, = (one for one in mixed.lines if one is not line)
    expected.say("WRONG_DESTINATION", r"^%d %sRTP packets \(payload type %d\) go to %s:%d, which was announced for the %s, not to %s:%d$" % (
        len(packets), "audio " if line.kind == "audio" else "", line.pt, *other.dst, other.kind, *line.dst))
    return [packet.clone(dst=other.dst) for packet in packets]


def payload_type(packets, line, mixed, expected):
    whole = len(line.sent) + len(packets)
    expected.say("PAYLOAD_TYPE", r"^%d of %d packets from %s have payload type 111, which no m= line names" % (len(packets), whole, line.at))
    return [packet.clone(pt=111) for packet in packets]


def absent(packets, line, mixed, expected):
    """None of the video comes, only the audio."""
    if line.kind == "video" and mixed.audio:
        expected.say("NO_MEDIA", r"^0 RTP packets to %s:%d in \S+ s, but \d+ of another m= line$" % line.dst)
    return [] if mixed.audio else packets


def restart(packets, line, mixed, expected):
    expected.say("SEQUENCE", r"^the sequence numbers of %s restart once$" % line.at)
    return packets[:-15] + [packet.clone(seq=packet.seq + 20000) for packet in packets[-15:]]


def stray(packets, line, mixed, expected):
    expected.say("SEQUENCE", r"^1 RTP packet of %s has a sequence number that fits nothing$" % line.at)
    return packets[:20] + [packets[20].clone(seq=40000)] + packets[20:]


def swapped(packets, line, mixed, expected):
    out = list(packets)
    for at in range(5, len(out) - 2, 6):
        out[at], out[at + 1] = out[at + 1], out[at]
    return out


def late_by_hundreds(packets, line, mixed, expected):
    more = packets + line.take(400)
    return more[:20] + more[21:400] + [more[20]] + more[400:]


def twice(packets, line, mixed, expected):
    expected.say("DUPLICATES", r"^4 of %d %sRTP packets came twice$" % (
        len(line.sent) + len(packets) + 4, "audio " if line.kind == "audio" else ""))
    return [copy for number, packet in enumerate(packets) for copy in [packet] * (2 if number in (5, 6, 20, 30) else 1)]


def wrong_ssrc(packets, line, mixed, expected):
    """The whole stream has another SSRC than announced."""
    wrong = line.ssrc + 1000000
    for packet in line.sent:
        assert packet.ssrc == wrong
    expected.say("SSRC_MISMATCH", r"^RTP from %s carries SSRC %010d .*, the answer announced %010d" % (line.at, wrong, line.ssrc))
    return [packet.clone(ssrc=wrong) for packet in packets]


def encrypted(packets, line, mixed, expected):
    expected.say("ENCRYPTED", r"^the video from %s is encrypted" % line.at)
    return [packet.clone(payload=re.sub(b"(?s)(\x00\x00\x01\xe0..)(.)", lambda found: found[1] + bytes([found[2][0] | 0x20]),
                                        packet.payload)) for packet in packets]


def junk(packets, line, mixed, expected):
    """FF FF in front of each map."""
    return [packet.clone(payload=packet.payload.replace(b"\0\0\1\xbc", b"\xff\xff\0\0\1\xbc")) for packet in packets]


def bare(packets, line, mixed, expected):
    """H.264 without a program stream, one NAL unit a packet, though the SDP says PS; the first is a parameter set."""
    def unit(packet):
        number = packet.number - 100
        return [h264_sps(), H264_PPS, h264_slice(True, 300)][number % 25] if number % 25 < 3 else h264_slice(False, 300)
    expected.say("NOT_PS", r"^SDP says PS, but %d of %d packets are not a program stream; they look like H.264" % (
        (len(line.sent) + len(packets),) * 2))
    return [packet.clone(payload=unit(packet)) for packet in packets]


FAULTS = {fault.__name__: fault for fault in (
    healthy, loss, many_small_losses, ssrc_changed, stranger, other_port, through_nat, wrong_port, wrong_address, wrong_port_and_ssrc,
    other_line, payload_type, absent,
    restart, stray, swapped, late_by_hundreds, twice, wrong_ssrc, encrypted, junk, bare)}
FAULTY = {"NO_MEDIA", "LOSS", "SSRC_CHANGED", "WRONG_DESTINATION", "PAYLOAD_TYPE", "SSRC_MISMATCH", "ENCRYPTED", "NOT_PS"}
# These are about all packets of the line, also those before the re-INVITE and before the answer.
ALL_OF_IT = ("absent", "wrong_ssrc", "encrypted", "junk", "bare")
# y= is about the video, and so is the program stream.
VIDEO_ONLY = ("wrong_port", "wrong_address", "wrong_ssrc", "encrypted", "junk", "bare")


class Mixed:
    """One call. fault: of FAULTS; on: the line it happens to, "video" or "audio"."""

    def __init__(self, link, fault="healthy", on="video", early=False, audio=False, moves=False, before_answer_counts=True,
                 **options):
        self.before_answer_counts = before_answer_counts # not where the offer is not in the capture
        self.link, self.cap, self.fault, self.early, self.moves = link, link.capture, fault, early, moves
        self.audio = audio or on == "audio"
        self.on, self.warned = on, fault == "stranger"
        self.call = link.call(**options)
        self.callee, self.caller = self.call.callee, self.call.caller
        self.call.offer_port, self.call.answer_port = 10000 + 20 * link.calls, 30000 + 20 * link.calls
        self.found = Expected()
        ends = self.ends(0)
        self.lines = [Line("video", self.call.ssrc, *ends[0])]
        if self.audio:
            self.lines.append(Line("audio", self.call.ssrc + 300000, *ends[1]))

    def ends(self, above):
        call = self.call
        return [((call.answer_ip, call.answer_port + above + beside), (call.offer_ip, call.offer_port + above + beside))
                for beside in (0, AUDIO_ABOVE)]

    def describe(self, platform, port, direction):
        text = sdp(platform.id, platform.media_ip, port, y=self.call.offer_y, codecs=PS_ONLY, direction=direction)
        if self.audio:
            text += "m=audio %d RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=%s\r\n" % (port + AUDIO_ABOVE, direction)
        return text

    def offer(self):
        return self.describe(self.caller, self.lines[0].dst[1], "recvonly")

    def answer(self):
        return self.describe(self.callee, self.lines[0].src[1], "sendonly")

    def send(self, packets_of_lines):
        """The packets of all lines, evenly mixed."""
        for packet in self.mixed_order(packets_of_lines):
            self.cap.udp(packet.src, packet.dst, packet.data(), checksum=False)
            packet.line.sent.append(packet)
            self.cap.wait(0.02 if self.audio else 0.04)

    @staticmethod
    def mixed_order(packets_of_lines):
        places = [((number + 0.5) / len(packets), k, number) for k, packets in enumerate(packets_of_lines)
                  for number in range(len(packets))]
        return [packets_of_lines[k][number] for _, k, number in sorted(places)]

    def usual(self, line, count):
        """Packets in front of the fault."""
        packets = line.take(count)
        if line.kind == self.on and self.fault in ALL_OF_IT:
            return FAULTS[self.fault](packets, line, self, Expected())
        return packets

    def play(self):
        call = self.call
        call.invite(body=self.offer())
        if self.early:
            self.send([self.usual(line, 2) for line in self.lines])
            if not self.before_answer_counts:
                for line in self.lines:
                    line.sent.clear()
        call.ok(body=self.answer())
        call.ack()
        self.send([self.usual(line, BEFORE) for line in self.lines])
        if self.moves:
            for line, (src, dst) in zip(self.lines, self.ends(MOVED_ABOVE)):
                line.src, line.dst = src, dst
            call.reinvite(body=self.offer())
            call.ok(body=self.answer())
            call.ack()
            self.found.say("MOVED", "^a re-INVITE renewed the session")
        self.middle()
        last = []
        for line in self.lines:
            packets = line.take(AFTER)
            last.append(FAULTS[self.fault](packets, line, self, self.found) if line.kind == self.on else packets)
        self.send(last)
        self.end()
        return self

    def middle(self):
        """In front of the packets that the fault is about."""

    def end(self):
        self.call.bye()

    def expected(self, copies=False):
        found, video = self.found, self.lines[0]
        found.rtp = sum(len(line.sent) for line in self.lines)
        found.key_frames = len({(packet.seq, packet.ssrc) for packet in video.sent
                                if (packet.number - 100) % 25 == (2 if self.fault == "bare" else 0)})
        if copies:
            found.say("COPIES", "^the capture holds every SIP message of it 2 times")
        if not set(found.codes) & FAULTY and not self.warned:
            found.say("OK", r"^%d RTP packets of H.264 352x288 in \S+ s from \S+ to %s:%d$" % (len(video.sent), *video.dst))
        return found


class Exchanged(Mixed):
    """Video goes to the audio's port and audio to the video's, throughout."""

    def __init__(self, link, **options):
        super().__init__(link, audio=True, **options)

    def usual(self, line, count):
        other, = (one for one in self.lines if one is not line)
        return [packet.clone(dst=other.dst) for packet in line.take(count)]

    def play(self):
        self.call.invite(body=self.offer())
        if self.early:
            self.send([self.usual(line, 2) for line in self.lines])
        self.call.ok(body=self.answer())
        self.call.ack()
        self.send([self.usual(line, AFTER) for line in self.lines])
        self.call.bye()
        video, audio = self.lines
        self.found.say("WRONG_DESTINATION", r"^%d RTP packets \(payload type 96\) go to %s:%d, which was announced for the audio, not to "
                       r"%s:%d; and %d of the audio \(payload type 8\) to %s:%d$" % (
                           len(video.sent), *audio.dst, *video.dst, len(audio.sent), *video.dst))
        return self


# ---- what happens to the signalling

MEDIA_STATUS = ('<?xml version="1.0"?>\r\n<Notify>\r\n<CmdType>MediaStatus</CmdType>\r\n<SN>7</SN>\r\n<DeviceID>%s</DeviceID>\r\n'
                '<NotifyType>121</NotifyType>\r\n</Notify>\r\n')
ENDS = ("refused", "refused_for_good", "by_the_sender", "other_port", "file_end", "nothing")


class Ended(Mixed):
    """how: what becomes of the end of the call, of ENDS. Without a BYE that counts, the capture has to go on for twelve seconds."""

    def __init__(self, link, how, **options):
        super().__init__(link, **options)
        self.how = how

    def middle(self):
        if self.how == "refused":              # media goes on, and a second BYE ends it
            self.call.bye(status="401 Unauthorized")
        elif self.how == "refused_for_good":
            self.call.bye(status="403 Forbidden")
        elif self.how == "other_port":         # of a NAT: the lower platform's SIP comes from elsewhere now
            self.link.lower.port = 40000 + self.link.calls

    def end(self):
        call, link, found = self.call, self.link, self.found
        if self.how == "refused_for_good":
            found.say("NO_BYE", r"^media stopped \S+ s before the end of the capture; the BYE was refused with 403$")
        elif self.how == "file_end":
            core = call.in_dialog("MESSAGE", link.lower, content_type="Application/MANSCDP+xml", body=MEDIA_STATUS % call.camera)
            call.answer_to(core, link.upper)
            found.say("NO_BYE", r"^the file was at its end \(MediaStatus 121\) \S+ s before the end of the capture; \S+ sent no BYE$")
        elif self.how == "nothing":
            found.say("NO_BYE", r"^media stopped \S+ s before the end of the capture without a BYE$")
        else:
            call.bye(call.callee if self.how == "by_the_sender" else None)
        link.lower.port = 7100
        self.warned |= "NO_BYE" in found.codes


# ---- the same over TCP: what happens to the segments, and to the connection

MSS = 300


def in_order(size):
    return [(at, min(at + MSS, size)) for at in range(0, size, MSS)]


def sent_again(size):
    """Every fifth segment got lost in front of the capture point and comes again three segments later."""
    order = [(number + (3.5 if number % 5 == 2 else 0), segment) for number, segment in enumerate(in_order(size))]
    return [segment for _, segment in sorted(order)]


def out_of_order(size):
    plan = in_order(size)
    for at in range(1, len(plan) - 2, 3):
        plan[at], plan[at + 1] = plan[at + 1], plan[at]
    return plan


def overlapping(size):
    """Each segment begins before the last one's end, and some come twice."""
    return [segment for number, (begin, end) in enumerate(in_order(size)) for segment in
            [(max(0, begin - 70), end)] * (2 if number % 4 == 1 else 1)]


PLANS = {plan.__name__: plan for plan in (in_order, sent_again, out_of_order, overlapping)}
FRAMES = {"dollar": ("note", r"^RTP comes in '\$' frames"), "head": ("note", "^RTP comes behind 8 bytes of the sender's own, the last two"),
          "tag": ("warning", "^RTP comes behind 6 bytes of the sender's own and without its length"),
          "bare": ("warning", "^RTP comes without its length in front of each packet")}
WAYS = (*PLANS, *FRAMES, "missing", "reconnect", "connects_elsewhere")


class MixedTcp(Mixed):
    """One call over TCP; way: of WAYS, what happens to the connection of the line `on`."""

    def __init__(self, link, way="in_order", fault="healthy", on="video", **options):
        super().__init__(link, fault, on, **options)
        self.way, self.connections, self.ports, self.hit = way, {}, 51000 + 40 * (link.calls % 300), False
        for line in self.lines:
            line.announced = line.src

    def describe(self, platform, port, direction):
        setup = "passive" if platform is self.caller else "active"
        return super().describe(platform, port, direction).replace("RTP/AVP", "TCP/RTP/AVP").replace(
            "a=%s\r\n" % direction, "a=%s\r\na=setup:%s\r\na=connection:new\r\n" % (direction, setup))

    def touched(self, line):
        return line.kind == self.on

    def connect(self, line):
        """A new connection of a line; its client port is where its media comes from."""
        self.ports += 2
        dst = line.dst
        if self.touched(line) and self.way == "connects_elsewhere":
            dst = (dst[0], dst[1] + 7)
        line.src = (self.call.answer_ip, self.ports)
        self.connections[line.kind] = self.cap.tcp(line.src, dst, sack=True).open()
        return self.connections[line.kind]

    def play(self):
        # The lines have their ports before packets are made: those of the connections that will be opened.
        call = self.call
        call.invite(body=self.offer())
        if not self.early:
            call.ok(body=self.answer())
            call.ack()
        for line in self.lines:
            self.connect(line)
        if self.early:
            self.send([self.usual(line, 2) for line in self.lines])
            call.ok(body=self.answer())
            call.ack()
        self.send([self.usual(line, BEFORE) for line in self.lines])
        if self.moves:
            for line, (src, dst) in zip(self.lines, self.ends(MOVED_ABOVE)):
                line.announced, line.dst = src, dst
            call.reinvite(body=self.offer())
            call.ok(body=self.answer())
            call.ack()
            for line in self.lines:
                self.connections[line.kind].close(line.src)
                self.connect(line)
            self.found.say("MOVED", "^a re-INVITE renewed the session")
        last = []
        for line in self.lines:
            packets = line.take(AFTER)
            last.append(FAULTS[self.fault](packets, line, self, self.found) if self.touched(line) else packets)
        self.hit = True
        self.send(last)
        call.bye()
        return self

    def answer(self):
        return self.describe(self.callee, self.lines[0].announced[1], "sendonly")

    def frame(self, line, packet):
        data = packet.data()
        way = self.way if self.touched(line) else ""
        return {"dollar": b"$\0" + rfc4571(data), "head": b"HEAD01" + rfc4571(data), "tag": b"HEAD01" + data,
                "bare": data}.get(way, rfc4571(data))

    def send(self, packets_of_lines):
        for line, packets in zip(self.lines, packets_of_lines):
            if self.touched(line) and self.way == "reconnect" and self.hit:
                half = len(packets) * 3 // 5
                self.stream(line, packets[:half])
                first = line.src
                self.connections[line.kind].close(first)
                self.connect(line)
                self.found.say("RECONNECTED", "reopened 1 time: from %s:%d, then from %s:%d" % (*first, *line.src))
                packets = packets[half:]
            self.stream(line, packets)

    def stream(self, line, packets):
        connection, frames = self.connections[line.kind], [self.frame(line, packet) for packet in packets]
        data, base = b"".join(frames), connection.seq[line.src]
        ends = [sum(map(len, frames[:number + 1])) for number in range(len(frames))]
        plan = PLANS.get(self.way if self.touched(line) else "", in_order)(len(data))
        if self.touched(line) and self.way in ("bare", "tag"):
            plan = list(zip([0] + ends, ends)) # where there is no length, a segment ends where a packet does
        gone = plan[3:4] if self.touched(line) and self.way == "missing" and self.hit else []
        have, acked = bytearray(len(data)), 0
        for begin, end in plan:
            connection.segment(line.src, ACK | PSH, data[begin:end], seq=base + begin, drop=(begin, end) in gone)
            have[begin:end] = b"\1" * (end - begin)
            acked = len(data) if all(have) else have.index(0)
            connection.segment(connection.other(line.src), ACK, ack=base + acked)
        connection.seq[line.src] = base + len(data)
        lost = [packet for packet, begin, end in zip(packets, [0] + ends, ends) for a, b in gone if begin < b and a < end]
        line.sent += [packet for packet in packets if packet not in lost]
        if gone:
            # What the capture lacks may have been lost before as well: nobody can tell.
            self.found.codes.pop("LOSS", None)
            self.found.codes = {code: [] for code in self.found.codes}
            self.found.lost += len(lost)
            self.found.say("INCOMPLETE", r"^%d bytes of the media connection are not in the capture, in 1 place.* and with them %d RTP "
                           "packets: not lost on the way" % (gone[0][1] - gone[0][0], self.found.lost))
        self.cap.wait(0.04 * len(packets))

    def expected(self, copies=False):
        line = next(line for line in self.lines if self.touched(line))
        if self.way in FRAMES:
            self.found.say("TCP_FRAMING", FRAMES[self.way][1])
            self.warned |= FRAMES[self.way][0] == "warning"
        if self.way == "connects_elsewhere":
            self.warned = True
            self.found.say("WRONG_DESTINATION", "^the media connection from %s:%d goes to %s:%d instead of %s:%d, which was announced" % (
                *line.src, line.dst[0], line.dst[1] + 7, *line.dst))
        return super().expected(copies)


def captures():
    """A few of them; test_combined.py makes them all."""
    cap = Capture()
    link = Link(cap)
    for fault, on in (("stranger", "audio"), ("wrong_port", "video")):
        Mixed(link, fault, on, early=True, audio=True, moves=True).play()
    yield "combined-udp.pcap", cap
    cap = Capture()
    link = Link(cap)
    for early in (False, True):
        Exchanged(link, early=early).play()
    Mixed(link, "other_line", "audio", early=True).play()
    yield "combined-exchanged.pcap", cap
    cap = Capture()
    link = Link(cap)
    for way, fault in (("missing", "payload_type"), ("reconnect", "restart")):
        MixedTcp(link, way, fault, audio=True, moves=True).play()
    yield "combined-tcp.pcap", cap
