# SPDX-License-Identifier: GPL-2.0-or-later
"""hikpcap: makes the captures of this project's tests, packet by packet, always the same bytes.

Standard Python 3.9 or newer only. From the wire up:

    Capture         a list of packets with a clock; writes a pcap (LINKTYPE_ETHERNET); udp(), tcp()
    TcpConnection   open, send (cut into segments where you say), lost segments, close, reset
    rtp() rtcp_sr() rtcp_rr() rtcp_bye() rtcp_sdes() rfc4571()
    sip() sdp()     SIP messages and GB/T 28181 SDP, right or wrong as you say
    ps_*()          the few MPEG program stream pieces that make a healthy default RTP payload
    Platform Link Call   the GB/T 28181 conversations: REGISTER, MESSAGE, INVITE ... BYE

A healthy call in four lines:

    cap = Capture()
    link = Link(cap, lower=Platform("34020000002000000001", "192.0.2.10"),
                     upper=Platform("34010000002000000001", "198.51.100.20"))
    link.register()
    link.call(camera="34020000001320000001").play(packets=50)

A generator gen_*.py has one function captures() that yields (file name, Capture); `generate` writes them.
"""

import functools
import ipaddress
import struct

# 2019-12-25 16:45:44 UTC, the date in the answers of the first real capture.
EPOCH = 1577292344


# ---- bytes on the wire ----------------------------------------------------------------------------------------------

def _bytes(data):
    return data.encode("utf-8") if isinstance(data, str) else bytes(data)


# A capture has few addresses, and each of its packets two of them.
_address = functools.lru_cache(maxsize=1 << 16)(ipaddress.ip_address)


def _checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _mac(addr):
    """A locally administered MAC that follows from the IP address."""
    return b"\x02\x00" + addr.packed[-4:]


class Capture(list):
    """Packets as (time in microseconds, Ethernet frame), and the clock that stamps them.

    Every packet moves the clock by `gap` seconds; wait() moves it further."""

    def __init__(self, start=EPOCH, gap=0.001):
        super().__init__()
        self.time_us = int(start * 1000000)
        self.gap_us = int(gap * 1000000)
        self.ip_id = 0

    def wait(self, seconds):
        self.time_us += int(round(seconds * 1000000))

    @property
    def now(self):
        """Seconds since 1970, as a float, of the next packet."""
        return self.time_us / 1000000

    def frame(self, data):
        """An Ethernet frame as it is."""
        self.append((self.time_us, data))
        self.time_us += self.gap_us

    def ip(self, src, dst, protocol, payload, cut=None, ttl=64, order=None):
        """One IP packet. cut: IPv4 fragment boundaries (multiples of 8) in the IP payload; order: in which order the
        fragments travel, e.g. [1, 0]."""
        src, dst = _address(src), _address(dst)
        ether = _mac(dst) + _mac(src)
        if src.version == 6:
            if cut:
                raise ValueError("IPv6 fragments are not made here")
            header = struct.pack("!IHBB", 6 << 28, len(payload), protocol, ttl) + src.packed + dst.packed
            self.frame(ether + b"\x86\xdd" + header + payload)
            return
        self.ip_id = (self.ip_id + 1) & 0xFFFF
        bounds = [0] + list(cut or []) + [len(payload)]
        pieces = []
        for start, end in zip(bounds, bounds[1:]):
            more = 0x2000 if end < len(payload) else 0
            if start % 8:
                raise ValueError("fragments begin at multiples of 8")
            header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + end - start, self.ip_id, more | start // 8, ttl, protocol, 0)
            header += src.packed + dst.packed
            header = header[:10] + struct.pack("!H", _checksum(header)) + header[12:]
            pieces.append(ether + b"\x08\x00" + header + payload[start:end])
        for index in order or range(len(pieces)):
            self.frame(pieces[index])

    def udp(self, src, dst, payload, checksum=True, **ip_options):
        """src, dst: (address, port). payload: bytes or text. checksum: false writes 0, "none", and is faster."""
        payload = _bytes(payload)
        head = struct.pack("!HHHH", src[1], dst[1], 8 + len(payload), 0)
        check = 0
        if checksum:
            check = _checksum(_pseudo(src[0], dst[0], 17, 8 + len(payload)) + head + payload) or 0xFFFF
        self.ip(src[0], dst[0], 17, head[:6] + struct.pack("!H", check) + payload, **ip_options)

    def tcp(self, client, server, **options):
        return TcpConnection(self, client, server, **options)

    def pcap(self):
        """The whole capture as the bytes of a pcap file."""
        out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)]
        for time_us, data in self:
            out.append(struct.pack("<IIII", time_us // 1000000, time_us % 1000000, len(data), len(data)))
            out.append(data)
        return b"".join(out)

    def write(self, path):
        with open(path, "wb") as file:
            file.write(self.pcap())

    def merge(self, *others):
        """Takes the packets of other captures in, in order of time (stable: equal times keep their order)."""
        for other in others:
            self.extend(other)
        self.sort(key=lambda packet: packet[0])
        if self:
            self.time_us = max(self.time_us, self[-1][0] + self.gap_us)
        return self

    def only(self, keep):
        """A copy with the packets for which keep(index from 0, frame bytes) is true."""
        copy = Capture()
        copy.extend(packet for index, packet in enumerate(self) if keep(index, packet[1]))
        copy.time_us = self.time_us
        return copy

    def only_from(self, address):
        """A copy with the packets sent by one IP address: a capture point that sees one direction only."""
        mac = _mac(_address(address))
        return self.only(lambda index, data: data[6:12] == mac)


def _pseudo(src, dst, protocol, length):
    src, dst = _address(src), _address(dst)
    if src.version == 6:
        return src.packed + dst.packed + struct.pack("!II", length, protocol)
    return src.packed + dst.packed + struct.pack("!BBH", 0, protocol, length)


FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


class TcpConnection:
    """A TCP connection. Sequence numbers are kept for both sides; every segment is right unless you ask otherwise."""

    def __init__(self, capture, client, server, client_seq=1000, server_seq=500000, window=65535, sack=False):
        """sack: both ends permit selective acknowledgements (RFC 2018)."""
        self.capture, self.client, self.server, self.window, self.sack = capture, client, server, window, sack
        self.seq = {client: client_seq, server: server_seq}

    def other(self, side):
        return self.server if side == self.client else self.client

    def segment(self, side, flags, data=b"", seq=None, ack=None, drop=False):
        """One segment from `side` ((address, port)). drop: count it, but leave it out of the capture."""
        peer = self.other(side)
        at = self.seq[side] if seq is None else seq
        ack = self.seq[peer] if ack is None else ack
        options = b"\x02\x04\x05\xb4" + (b"\x01\x01\x04\x02" if self.sack else b"") if flags & SYN else b""
        head = struct.pack("!HHIIBBHHH", side[1], peer[1], at & 0xFFFFFFFF, ack & 0xFFFFFFFF if flags & ACK else 0,
                           (5 + len(options) // 4) << 4, flags, self.window, 0, 0) + options
        check = _checksum(_pseudo(side[0], peer[0], 6, len(head) + len(data)) + head + data)
        head = head[:16] + struct.pack("!H", check) + head[18:]
        if not drop:
            self.capture.ip(side[0], peer[0], 6, head + data)
        if seq is None:
            self.seq[side] += len(data) + (1 if flags & (SYN | FIN) else 0)

    def open(self):
        self.segment(self.client, SYN)
        self.segment(self.server, SYN | ACK)
        self.segment(self.client, ACK)
        return self

    def ask(self, pause):
        """SYN three times, and so many seconds behind each: nobody answers."""
        for _ in range(3):
            self.segment(self.client, SYN, seq=1000)
            self.capture.wait(pause)

    def refuse(self):
        """SYN, and RST for an answer."""
        self.segment(self.client, SYN)
        self.segment(self.server, RST | ACK, seq=0)

    def send(self, side, data, cut=None, drop=(), ack=False):
        """Data from `side`. cut: offsets at which a new segment begins; drop: indexes of segments the capture missed;
        ack: the peer acknowledges afterwards."""
        data = _bytes(data)
        bounds = [0] + list(cut or []) + [len(data)]
        for index, (start, end) in enumerate(zip(bounds, bounds[1:])):
            self.segment(side, ACK | PSH, data[start:end], drop=index in drop)
        if ack:
            self.segment(self.other(side), ACK)

    def close(self, side=None):
        side = side or self.client
        self.segment(side, FIN | ACK)
        self.segment(self.other(side), FIN | ACK)
        self.segment(side, ACK)

    def reset(self, side=None):
        self.segment(side or self.server, RST | ACK)


# ---- RTP and RTCP (RFC 3550) ----------------------------------------------------------------------------------------

def rtp(payload, ssrc, seq, timestamp, pt=96, marker=False, csrc=(), extension=None, padding=0):
    """extension: (16-bit profile, bytes, a multiple of 4). padding: bytes in all, the count included."""
    first = 0x80 | (0x20 if padding else 0) | (0x10 if extension else 0) | len(csrc)
    out = struct.pack("!BBHII", first, pt | (0x80 if marker else 0), seq & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)
    for source in csrc:
        out += struct.pack("!I", source)
    if extension:
        out += struct.pack("!HH", extension[0], len(extension[1]) // 4) + extension[1]
    out += _bytes(payload)
    if padding:
        out += b"\0" * (padding - 1) + bytes([padding])
    return out


def _rtcp(count, packet_type, body):
    return struct.pack("!BBH", 0x80 | count, packet_type, len(body) // 4) + body


def report_block(ssrc, fraction=0, lost=0, highest=0, jitter=0, lsr=0, dlsr=0):
    return struct.pack("!IIIIII", ssrc, (fraction << 24) | (lost & 0xFFFFFF), highest, jitter, lsr, dlsr)


def rtcp_sr(ssrc, time, timestamp, packets, octets, reports=()):
    """time: seconds since 1970."""
    ntp = int(time) + 2208988800, int((time % 1) * 4294967296)
    body = struct.pack("!IIIIII", ssrc, ntp[0], ntp[1], timestamp & 0xFFFFFFFF, packets, octets)
    return _rtcp(len(reports), 200, body + b"".join(reports))


def rtcp_rr(ssrc, reports=()):
    return _rtcp(len(reports), 201, struct.pack("!I", ssrc) + b"".join(reports))


def rtcp_sdes(ssrc, cname):
    chunk = struct.pack("!IBB", ssrc, 1, len(cname)) + _bytes(cname) + b"\0"
    return _rtcp(1, 202, chunk + b"\0" * (-len(chunk) % 4))


def rtcp_bye(*ssrcs):
    return _rtcp(len(ssrcs), 203, b"".join(struct.pack("!I", ssrc) for ssrc in ssrcs))


def rfc4571(packet):
    """RTP or RTCP framed for TCP."""
    return struct.pack("!H", len(packet)) + packet


# ---- MPEG program stream, just enough for a healthy payload (ISO/IEC 13818-1, 2.5.3) --------------------------------

def ps_pack(scr=0, mux_rate=6106, stuffing=b""):
    """Pack header. scr: 90 kHz clock. stuffing: up to 7 bytes."""
    scr &= (1 << 33) - 1
    value = (1 << 46) | (scr >> 30) << 43 | 1 << 42 | ((scr >> 15) & 0x7FFF) << 27 | 1 << 26 | (scr & 0x7FFF) << 11
    value |= 1 << 10 | 1
    return (b"\0\0\1\xba" + value.to_bytes(6, "big") + (mux_rate << 2 | 3).to_bytes(3, "big")
            + bytes([0xF8 | len(stuffing)]) + stuffing)


def ps_system_header(streams=((0xE0, 0xE0FF), (0xC0, 0xC020))):
    """streams: (stream id, 16 bits of buffer bound)."""
    body = b"\x80\x2f\xb5\x04\xe1\x7f" + b"".join(struct.pack("!BH", *stream) for stream in streams)
    return b"\0\0\1\xbb" + struct.pack("!H", len(body)) + body


def crc32_mpeg(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1) ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1
            crc &= 0xFFFFFFFF
    return crc


def ps_psm(streams=((0x1B, 0xE0),), info=b""):
    """Program stream map. streams: (stream type, stream id[, descriptor bytes]); info: program descriptors."""
    es_map = b""
    for stream in streams:
        descriptors = stream[2] if len(stream) > 2 else b""
        es_map += struct.pack("!BBH", stream[0], stream[1], len(descriptors)) + descriptors
    body = b"\xe1\xff" + struct.pack("!H", len(info)) + info + struct.pack("!H", len(es_map)) + es_map
    out = b"\0\0\1\xbc" + struct.pack("!H", len(body) + 4) + body
    return out + struct.pack("!I", crc32_mpeg(out))


def ps_timestamp(prefix, pts):
    pts &= (1 << 33) - 1
    return struct.pack("!BHH", prefix << 4 | (pts >> 30) << 1 | 1, (pts >> 15 & 0x7FFF) << 1 | 1, (pts & 0x7FFF) << 1 | 1)


def ps_pes(payload, stream_id=0xE0, pts=None, dts=None, length=None):
    """PES packet. length: PES_packet_length to write instead of the right one."""
    head = b""
    flags = 0
    if pts is not None:
        flags = 0x80 if dts is None else 0xC0
        head = ps_timestamp(2 if dts is None else 3, pts)
        if dts is not None:
            head += ps_timestamp(1, dts)
    body = bytes([0x80, flags, len(head)]) + head + payload
    return struct.pack("!IH", 0x100 | stream_id, len(body) if length is None else length) + body


class Bits:
    """Writes bits, most significant first; ue() is the Exp-Golomb code of H.264 and H.265."""

    def __init__(self):
        self.text = ""

    def u(self, count, value):
        self.text += format(value, "0%db" % count) if count else ""
        return self

    def ue(self, value):
        code = format(value + 1, "b")
        self.text += "0" * (len(code) - 1) + code
        return self

    def bytes(self):
        """Ends with the stop bit and fills the last byte."""
        text = self.text + "1"
        text += "0" * (-len(text) % 8)
        return bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8))


def h264_sps(width=352, height=288):
    """Baseline profile, no VUI; width and height in whole macroblocks."""
    bits = Bits().u(8, 66).u(8, 0xC0).u(8, 30).ue(0).ue(0).ue(2).ue(1).u(1, 0)
    bits.ue(width // 16 - 1).ue(height // 16 - 1).u(1, 1).u(1, 1).u(1, 0).u(1, 0)
    return b"\x67" + bits.bytes()


H264_PPS = b"\x68\xce\x38\x80"
START = b"\0\0\0\1"


def h264_slice(key, size=64, fill=0x5A):
    return bytes([0x65 if key else 0x41, 0x9A if not key else 0x88]) + bytes([fill]) * size


def ps_frame(number, key=None, size=64, interval=3600):
    """One access unit in one pack: H.264 video, every 25th a key frame with system header, map, SPS and PPS."""
    key = number % 25 == 0 if key is None else key
    pts = number * interval
    data = ps_pack(pts)
    if key:
        data += ps_system_header() + ps_psm(((0x1B, 0xE0), (0x90, 0xC0)))
        return data + ps_pes(START + h264_sps() + START + H264_PPS + START + h264_slice(True, size), 0xE0, pts)
    return data + ps_pes(START + h264_slice(False, size), 0xE0, pts)


# ---- SIP and SDP ----------------------------------------------------------------------------------------------------

def sip(start, headers, body=b"", content_length="auto", eol="\r\n"):
    """A SIP message. headers: (name, value) pairs in order. content_length: "auto" for the right one, None for no such
    line, anything else is written as it is."""
    body = _bytes(body)
    if content_length == "auto":
        content_length = len(body)
    lines = [start] + ["%s: %s" % pair for pair in headers]
    if content_length is not None:
        lines.append("Content-Length: %s" % content_length)
    return (eol.join(lines) + eol + eol).encode("utf-8") + body


PS_ONLY = ((96, "PS/90000"),)
HIK_CODECS = ((96, "PS/90000"), (97, "MPEG4/90000"), (98, "H264/90000"))


def sdp(owner, address, port, y=None, f=None, session="Play", codecs=PS_ONLY, direction="recvonly", media="video",
        proto="RTP/AVP", t="0 0", u=None, c=None, extra=(), eol="\r\n", origin=None):
    """A GB/T 28181 SDP. extra: whole lines put before y=; c: address of the c= line if it is not `address`;
    origin: address of the o= line. A value of None leaves the line out."""
    def family(ip):
        return "IP6" if ":" in ip else "IP4"
    c = address if c is None else c
    origin = address if origin is None else origin
    lines = ["v=0", "o=%s 0 0 IN %s %s" % (owner, family(origin), origin), "s=%s" % session]
    if u is not None:
        lines.append("u=%s" % u)
    lines += ["c=IN %s %s" % (family(c), c), "t=%s" % t]
    lines.append("m=%s %s %s %s" % (media, port, proto, " ".join(str(pt) for pt, name in codecs)))
    lines += ["a=rtpmap:%d %s" % pair for pair in codecs]
    if direction is not None:
        lines.append("a=%s" % direction)
    lines += list(extra)
    if y is not None:
        lines.append("y=%s" % y)
    if f is not None:
        lines.append("f=%s" % f)
    return "".join(line + eol for line in lines)


# ---- platforms and their calls --------------------------------------------------------------------------------------

class Platform:
    def __init__(self, id, ip, port=7100, agent="NCG V3.3.6.624213", media_ip=None):
        self.id, self.ip, self.port, self.agent = id, ip, port, agent
        self.media_ip = media_ip or ip

    @property
    def at(self):
        return (self.ip, self.port)

    @property
    def host(self):
        return ("[%s]:%d" if ":" in self.ip else "%s:%d") % (self.ip, self.port)

    @property
    def uri(self):
        return "sip:%s@%s" % (self.id, self.host)


class Link:
    """SIP between a lower and an upper platform, over UDP or over one TCP connection (transport="TCP")."""

    def __init__(self, capture, lower=None, upper=None, transport="UDP", seed=1):
        self.capture = capture
        self.lower = lower or Platform("34020000002000000001", "192.0.2.10", agent="NCG V3.3.6.686194")
        self.upper = upper or Platform("34010000002000000001", "198.51.100.20")
        self.transport = transport
        self.number = seed * 1000
        self.sn = seed * 100
        self.connection = None
        self.calls = 0

    def next(self):
        """A number no other message of this link has: tags, branches, Call-IDs."""
        self.number += 1
        return self.number

    def send(self, sender, message, to=None, **options):
        """Puts a SIP message on the wire, from one platform to the other. options: of Capture.udp, TcpConnection.send."""
        receiver = to or (self.upper if sender is self.lower else self.lower)
        if self.transport == "UDP":
            self.capture.udp(sender.at, receiver.at, message, **options)
            return
        if self.connection is None:
            self.connection = self.capture.tcp((self.lower.ip, 40000 + self.number % 10000), self.upper.at).open()
        side = self.connection.client if sender is self.lower else self.connection.server
        self.connection.send(side, message, **options)

    def via(self, sender, branch, rport=""):
        return ("Via", "SIP/2.0/%s %s;rport%s;branch=z9hG4bK%s" % (self.transport, sender.host, rport, branch))

    def request(self, sender, method, uri=None, call_id=None, cseq=20, from_tag=None, to_tag=None, branch=None,
                to_id=None, headers=(), content_type=None, body=b"", content_length="auto", contact=True, from_id=None):
        """A request's bytes, and the headers an answer to it repeats."""
        receiver = self.upper if sender is self.lower else self.lower
        from_id = from_id or sender.id
        to_id = to_id or receiver.id
        from_tag = from_tag or "f%d" % self.next()
        core = [self.via(sender, branch or "b%d" % self.next()),
                ("From", "<sip:%s@%s>;tag=%s" % (from_id, sender.host, from_tag)),
                ("To", "<sip:%s@%s>%s" % (to_id, receiver.host, ";tag=%s" % to_tag if to_tag else "")),
                ("Call-ID", str(call_id or "c%d" % self.next())),
                ("CSeq", "%s %s" % (cseq, method))]
        lines = list(core)
        if contact:
            lines.append(("Contact", "<%s>" % sender.uri))
        if content_type:
            lines.append(("Content-Type", content_type))
        lines += [("Max-Forwards", "70"), ("User-Agent", sender.agent)] + list(headers)
        uri = uri or "sip:%s@%s" % (to_id, receiver.host)
        return sip("%s %s SIP/2.0" % (method, uri), lines, body, content_length), core

    def answer(self, sender, core, status="200 OK", to_tag=None, headers=(), content_type=None, body=b"",
               content_length="auto", contact=True, agent=True):
        """An answer's bytes; core: from request()."""
        lines = []
        for name, value in core:
            if name == "To" and to_tag and ";tag=" not in value:
                value += ";tag=%s" % to_tag
            lines.append((name, value))
        if contact:
            lines.append(("Contact", "<%s>" % sender.uri))
        if content_type:
            lines.append(("Content-Type", content_type))
        if agent:
            lines.append(("User-Agent", sender.agent))
        return sip("SIP/2.0 %s" % status, lines + list(headers), body, content_length)

    def exchange(self, sender, method, status="200 OK", answer_headers=(), answer_body=b"", answer_type=None, **request):
        """A request and its answer (status None: no answer)."""
        message, core = self.request(sender, method, **request)
        self.send(sender, message)
        if status:
            receiver = self.upper if sender is self.lower else self.lower
            self.send(receiver, self.answer(receiver, core, status, to_tag="t%d" % self.next(), headers=answer_headers,
                                            body=answer_body, content_type=answer_type))

    def register(self, expires=7200, status="200 OK", headers=(), answer_headers=(), call_id=None, cseq=1):
        self.exchange(self.lower, "REGISTER", status, uri="sip:%s@%s" % (self.upper.id, self.upper.host),
                      to_id=self.lower.id, cseq=cseq, call_id=call_id,
                      headers=[("Expires", str(expires))] + list(headers),
                      answer_headers=[("Expires", str(expires))] + list(answer_headers))

    def manscdp(self, sender, xml, method="MESSAGE", content_type="Application/MANSCDP+xml", status="200 OK", **request):
        """xml: text (sent as UTF-8) or bytes."""
        self.exchange(sender, method, status, content_type=content_type, body=_bytes(xml), **request)

    def keepalive(self, **request):
        self.sn += 1
        self.manscdp(self.lower, '<?xml version="1.0"?>\r\n<Notify>\r\n<CmdType>Keepalive</CmdType>\r\n<SN>%d</SN>\r\n'
                     '<DeviceID>%s</DeviceID>\r\n<Status>OK</Status>\r\n</Notify>\r\n' % (self.sn, self.lower.id),
                     **request)

    def subscribe(self, event="Catalog", expires=1800, status="200 OK"):
        self.sn += 1
        self.manscdp(self.upper, '<?xml version="1.0"?>\r\n<Query>\r\n<CmdType>%s</CmdType>\r\n<SN>%d</SN>\r\n'
                     '<DeviceID>%s</DeviceID>\r\n</Query>\r\n' % (event, self.sn, self.lower.id), "SUBSCRIBE",
                     status=status, headers=[("Expires", str(expires)), ("Event", "%s;id=%d" % (event, self.sn))])

    def catalog(self, items, sn=None, encoding="GB2312", sum_num=None, declare=None):
        """One Catalog response from below. items: (ID, name[, parent ID]). encoding: how the text is sent; declare: what
        the XML declaration says, if something else."""
        if sn is None:
            self.sn += 1
            sn = self.sn
        rows = "".join("<Item>\r\n<DeviceID>%s</DeviceID>\r\n<Name>%s</Name>\r\n<ParentID>%s</ParentID>\r\n"
                       "<Status>ON</Status>\r\n</Item>\r\n" % (item[0], item[1], item[2] if len(item) > 2 else self.lower.id)
                       for item in items)
        xml = ('<?xml version="1.0" encoding="%s"?>\r\n<Response>\r\n<CmdType>Catalog</CmdType>\r\n<SN>%d</SN>\r\n'
               '<DeviceID>%s</DeviceID>\r\n<SumNum>%d</SumNum>\r\n<DeviceList Num="%d">\r\n%s</DeviceList>\r\n</Response>\r\n'
               % (declare or encoding, sn, self.lower.id, len(items) if sum_num is None else sum_num, len(items), rows))
        self.manscdp(self.lower, xml.encode(encoding))

    def call(self, **options):
        self.calls += 1
        return Call(self, **options)


class Call:
    """An INVITE session, by default from the upper platform, which wants to see a camera of the lower one.

    Every attribute can be given to the constructor or changed between steps:
      caller, callee        Platforms
      camera                20-digit ID in Request-URI, To and Subject
      offer_port            RTP port of the caller; answer_port: of the callee
      offer_ip, answer_ip   in c= (and where the media goes to and comes from: see rtp_src, rtp_dst)
      offer_y, answer_y     text after y=, None for no such line
      ssrc                  of the RTP on the wire
      offer_codecs, answer_codecs; pt: of the RTP; media, proto, session: of the SDP
      offer_extra, answer_extra   more SDP lines before y=
      offer_f, answer_f     after f=
      call_id, from_tag, to_tag, branch, cseq, subject
      rtp_src, rtp_dst      (address, port) of the RTP; default: the answer's and the offer's c= and m=
      frames                function number -> payload; default ps_frame
      rtp_interval          seconds between RTP packets
    """

    def __init__(self, link, **options):
        self.link = link
        number = link.calls - 1
        self.caller = options.pop("caller", link.upper)
        self.callee = link.lower if self.caller is link.upper else link.upper
        unique = link.next()
        self.camera = "34020000001320%06d" % (number + 1)
        self.offer_ip, self.answer_ip = self.caller.media_ip, self.callee.media_ip
        self.offer_port, self.answer_port = 20000 + 4 * number, 40000 + 4 * number
        self.ssrc = 200000 + unique
        self.offer_y, self.answer_y = None, None
        self.offer_codecs, self.answer_codecs, self.pt = HIK_CODECS, PS_ONLY, 96
        self.media, self.proto, self.session, self.t, self.u = "video", "RTP/AVP", "Play", "0 0", None
        self.offer_direction, self.answer_direction = "recvonly", "sendonly"
        self.offer_extra, self.answer_extra = ("a=streamMode:MAIN", "a=filesize:-1"), ("a=filesize:-1",)
        self.offer_f, self.answer_f = None, None
        self.call_id, self.from_tag, self.to_tag = "call%d" % unique, "from%d" % unique, "to%d" % unique
        self.branch, self.cseq = "inv%d" % unique, 20
        self.rtp_src, self.rtp_dst = None, None
        self.frames, self.rtp_interval = ps_frame, 0.04
        self.seq, self.timestamp, self.frame = 1, 0, 0
        self.sent_packets, self.sent_octets = 0, 0
        self.subject = None
        self.core = None
        given = set(options)
        for name, value in options.items():
            if not hasattr(self, name):
                raise TypeError("Call has no %s" % name)
            setattr(self, name, value)
        # Left to themselves, both sides announce the SSRC that is sent.
        if "offer_y" not in given:
            self.offer_y = "%010d" % self.ssrc
        if "answer_y" not in given:
            self.answer_y = "%010d" % self.ssrc
        if self.subject is None:
            self.subject = "%s:0,%s:0" % (self.camera, self.caller.id)

    # -- signalling. Each builds a message and sends it; `send` false returns the bytes only.

    def _put(self, sender, message, send, options):
        if send:
            self.link.send(sender, message, **options)
        return message

    def offer(self):
        return sdp(self.camera, self.offer_ip, self.offer_port, self.offer_y, self.offer_f, self.session,
                   self.offer_codecs, self.offer_direction, self.media, self.proto, self.t, self.u, extra=self.offer_extra)

    def answer_sdp(self):
        return sdp(self.camera, self.answer_ip, self.answer_port, self.answer_y, self.answer_f, self.session,
                   self.answer_codecs, self.answer_direction, self.media, self.proto, self.t, extra=self.answer_extra)

    def invite(self, body=None, headers=(), content_length="auto", content_type="Application/SDP", in_dialog=False,
               send=True, **options):
        subject = [("Subject", self.subject)] if self.subject else []
        message, self.core = self.link.request(
            self.caller, "INVITE", call_id=self.call_id, cseq=self.cseq, from_tag=self.from_tag, branch=self.branch,
            to_tag=self.to_tag if in_dialog else None, to_id=self.camera, content_type=content_type,
            headers=subject + list(headers), body=self.offer() if body is None else body, content_length=content_length)
        return self._put(self.caller, message, send, options)

    def reinvite(self, body=None, **options):
        """A second INVITE inside the dialog; change the ports first."""
        self.cseq += 1
        self.branch += "r"
        return self.invite(body, in_dialog=True, **options)

    def _core(self):
        """Headers of the answer, also when invite() was never sent."""
        if self.core is None:
            self.invite(send=False)
        return self.core

    def status(self, status, body=b"", content_type=None, headers=(), content_length="auto", to_tag="", send=True,
               **options):
        """Any answer to the INVITE."""
        tag = None if status.startswith("100") else (to_tag or self.to_tag)
        message = self.link.answer(self.callee, self._core(), status, tag, headers, content_type, body, content_length)
        return self._put(self.callee, message, send, options)

    def trying(self, **options):
        return self.status("100 Trying", **options)

    def ringing(self, **options):
        return self.status("180 Ringing", **options)

    def ok(self, body=None, **options):
        options.setdefault("content_type", "Application/SDP")
        return self.status("200 OK", self.answer_sdp() if body is None else body, **options)

    def error_info(self, code="2207", text="parse error", status="488 Not Acceptable Here",
                   content_type="Application/SDP", **options):
        """Hikvision's refusal: XML called SDP."""
        body = ('<?xml version="1.0"?>\r\n<ErrorInfo>\r\n<ErrorCode>%s</ErrorCode>\r\n<ErrorDescripe>%s</ErrorDescripe>\r\n'
                '</ErrorInfo>\r\n' % (code, text))
        return self.status(status, body, content_type, **options)

    def in_dialog(self, method, sender=None, cseq=None, branch=None, send=True, headers=(), content_type=None, body=b"",
                  contact=True, options=None):
        """Any later request of the dialog; returns its core headers for answer_to()."""
        sender = sender or self.caller
        by_caller = sender is self.caller
        self._core()
        if cseq is None:
            self.cseq += 1
            cseq = self.cseq
        message, core = self.link.request(
            sender, method, call_id=self.call_id, cseq=cseq, branch=branch,
            from_tag=self.from_tag if by_caller else self.to_tag, to_tag=self.to_tag if by_caller else self.from_tag,
            from_id=None if by_caller else self.camera, to_id=self.camera if by_caller else None,
            headers=headers, content_type=content_type, body=body, contact=contact)
        if send:
            self.link.send(sender, message, **(options or {}))
        return core

    def answer_to(self, core, sender=None, status="200 OK", headers=(), content_type=None, body=b""):
        sender = sender or self.callee
        self.link.send(sender, self.link.answer(sender, core, status, headers=headers, content_type=content_type,
                                                body=body))

    def ack(self, branch=None):
        """ACK has the INVITE's CSeq number; for a refusal also its branch (give it)."""
        self.in_dialog("ACK", cseq=self.cseq, branch=branch)

    def cancel(self, answer=True):
        self._core()
        message, core = self.link.request(self.caller, "CANCEL", call_id=self.call_id, cseq=self.cseq,
                                          from_tag=self.from_tag, branch=self.branch, to_id=self.camera)
        self.link.send(self.caller, message)
        if answer:
            self.link.send(self.callee, self.link.answer(self.callee, core, to_tag=self.to_tag))

    def bye(self, sender=None, answer=True, status="200 OK"):
        sender = sender or self.caller
        core = self.in_dialog("BYE", sender)
        if answer:
            self.answer_to(core, self.callee if sender is self.caller else self.caller, status)

    def info(self, body="PLAY RTSP/1.0\r\nCSeq: 2\r\nScale: 2.0\r\nRange: npt=now-\r\n", answer=True,
             content_type="Application/MANSRTSP"):
        core = self.in_dialog("INFO", headers=(), content_type=content_type, body=body)
        if answer:
            self.answer_to(core)

    # -- media

    @property
    def src(self):
        return self.rtp_src or (self.answer_ip, self.answer_port)

    @property
    def dst(self):
        return self.rtp_dst or (self.offer_ip, self.offer_port)

    def rtp_packet(self, payload=None, **fields):
        """Bytes of the next RTP packet; fields: of rtp()."""
        if payload is None:
            payload = self.frames(self.frame)
        self.frame += 1
        values = dict(ssrc=self.ssrc, seq=self.seq, timestamp=self.timestamp, pt=self.pt, marker=True)
        values.update(fields)
        self.seq += 1
        self.timestamp += int(round(self.rtp_interval * 90000))
        self.sent_packets += 1
        self.sent_octets += len(payload)
        return rtp(payload, **values)

    def rtp(self, count=1, skip=(), **fields):
        """count packets over UDP; skip: indexes that got lost on the way."""
        for index in range(count):
            packet = self.rtp_packet(**fields)
            if index not in skip:
                self.link.capture.udp(self.src, self.dst, packet)
            self.link.capture.wait(self.rtp_interval - self.link.capture.gap_us / 1000000)

    def rtcp(self, src=None, dst=None, back=True, bye=False):
        """A sender report, and a receiver report back, on the ports above the RTP ports."""
        src = src or (self.src[0], self.src[1] + 1)
        dst = dst or (self.dst[0], self.dst[1] + 1)
        cap = self.link.capture
        report = rtcp_sr(self.ssrc, cap.now, self.timestamp, self.sent_packets, self.sent_octets)
        report += rtcp_sdes(self.ssrc, "hik") + (rtcp_bye(self.ssrc) if bye else b"")
        cap.udp(src, dst, report)
        if back:
            cap.udp(dst, src, rtcp_rr(self.ssrc + 1, [report_block(self.ssrc, highest=self.seq - 1)])
                    + rtcp_sdes(self.ssrc + 1, "upper"))

    def start(self):
        """INVITE, 100, 200, ACK."""
        self.invite()
        self.trying()
        self.ok()
        self.ack()
        return self

    def play(self, packets=10, rtcp=True):
        """The whole healthy call."""
        self.start()
        self.rtp(packets)
        if rtcp:
            self.rtcp()
        self.bye()
        return self
