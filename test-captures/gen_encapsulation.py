# SPDX-License-Identifier: GPL-2.0-or-later
"""One healthy call inside everything that captures of networks have around it. Only the layers below UDP and TCP differ.

wrapped(name, call) wraps any capture; NAMES are the ways. Too many for a file each: the tests make them."""

import ipaddress
import struct

from gen_tcp_media import TcpCall
from hikpcap import Capture, Link, Platform, _checksum

IP4, IP6 = 0x0800, 0x86DD
ETHERNET, RAW, SLL, SLL2, NULL = 1, 101, 113, 276, 0


def plain(transport="UDP", ip6=False, size=64):
    """A registration and a call with media, some of its pictures larger than a packet."""
    cap = Capture()
    ends = ("2001:db8::10", "2001:db8:1::20") if ip6 else ("192.0.2.10", "198.51.100.20")
    link = Link(cap, Platform("34020000002000000001", ends[0]), Platform("34010000002000000001", ends[1]), transport)
    link.register()
    link.keepalive()
    call = link.call()
    frames = call.frames
    call.frames = lambda number: frames(number, size=size)
    call.play(30)
    return cap


def media_over_tcp():
    """The media on a TCP connection, cut into segments that hold no whole number of frames."""
    cap = Capture()
    link = Link(cap)
    link.register()
    call = TcpCall(link)
    call.start()
    call.connect()
    data = call.framed(30)
    for start in range(0, len(data), 500):
        call.stream(data[start:start + 500])
    call.connection.close()
    call.bye()
    return cap


class Wrapped(Capture):
    """A capture of another link type."""

    def __init__(self, packets, link_type=ETHERNET):
        super().__init__()
        self.extend(packets)
        self.link_type = link_type

    def pcap(self):
        data = super().pcap()
        return data[:20] + struct.pack("<I", self.link_type) + data[24:]


def ip4(src, dst, protocol, payload, number=7):
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), number & 0xFFFF, 0, 64, protocol, 0)
    header += ipaddress.ip_address(src).packed + ipaddress.ip_address(dst).packed
    return header[:10] + struct.pack("!H", _checksum(header)) + header[12:] + payload


def ip6(src, dst, protocol, payload):
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + ipaddress.ip_address(src).packed + ipaddress.ip_address(dst).packed + payload


def outer_udp(port, payload, number):
    """From one tunnel end to the other, over IPv4."""
    head = struct.pack("!HHHH", 51000, port, 8 + len(payload), 0)
    return ip4("203.0.113.1", "203.0.113.2", 17, head + payload, number)


MACS = bytes(range(2, 14))


def ether(ethertype, payload):
    return MACS + struct.pack("!H", ethertype) + payload


def protocol_of(ethertype):
    return 0x0021 if ethertype == IP4 else 0x0057


# Each: (frame's addresses, its ethertype, the IP packet, its number) -> the packet on the wire.
def vlan(macs, kind, ip, number):
    return macs + struct.pack("!HHH", 0x8100, 100, kind) + ip


def qinq(macs, kind, ip, number):
    return macs + struct.pack("!HHHHH", 0x88A8, 200, 0x8100, 100, kind) + ip


def qinq_9100(macs, kind, ip, number):
    return macs + struct.pack("!HHHHH", 0x8100, 200, 0x8100, 100, kind) + ip


def pppoe(macs, kind, ip, number):
    return macs + struct.pack("!HBBHHH", 0x8864, 0x11, 0, 1, len(ip) + 2, protocol_of(kind)) + ip


def vlan_pppoe(macs, kind, ip, number):
    return macs + struct.pack("!HH", 0x8100, 100) + pppoe(b"", kind, ip, number)


def gre(macs, kind, ip, number):
    return ether(IP4, ip4("203.0.113.1", "203.0.113.2", 47, struct.pack("!HH", 0, kind) + ip, number))


def gre_ethernet(macs, kind, ip, number):
    return ether(IP4, ip4("203.0.113.1", "203.0.113.2", 47, struct.pack("!HH", 0, 0x6558) + macs + struct.pack("!H", kind) + ip, number))


def erspan_2(macs, kind, ip, number):
    """A mirror session over IP: GRE with a sequence number, ERSPAN type II."""
    head = struct.pack("!HHI", 0x1000, 0x88BE, number) + struct.pack("!HHI", 0x1000 | 100, 5, 0)
    return ether(IP4, ip4("203.0.113.1", "203.0.113.2", 47, head + macs + struct.pack("!H", kind) + ip, number))


def erspan_3(macs, kind, ip, number):
    head = struct.pack("!HHI", 0x1000, 0x22EB, number) + struct.pack("!HHIHH", 0x2000 | 100, 5, number, 0, 0)
    return ether(IP4, ip4("203.0.113.1", "203.0.113.2", 47, head + macs + struct.pack("!H", kind) + ip, number))


def vxlan(macs, kind, ip, number):
    return ether(IP4, outer_udp(4789, struct.pack("!BBHI", 8, 0, 0, 77 << 8) + macs + struct.pack("!H", kind) + ip, number))


def geneve(macs, kind, ip, number):
    return ether(IP4, outer_udp(6081, struct.pack("!BBHI", 0, 0, 0x6558, 77 << 8) + macs + struct.pack("!H", kind) + ip, number))


def gtp(macs, kind, ip, number):
    return ether(IP4, outer_udp(2152, struct.pack("!BBHI", 0x30, 255, len(ip), 1) + ip, number))


def mpls(macs, kind, ip, number):
    return macs + struct.pack("!HI", 0x8847, 16 << 12 | 64) + struct.pack("!I", 17 << 12 | 1 << 8 | 64) + ip


def ip_in_ip(macs, kind, ip, number):
    return ether(IP4, ip4("203.0.113.1", "203.0.113.2", 4 if kind == IP4 else 41, ip, number))


def in_ip6(macs, kind, ip, number):
    return ether(IP6, ip6("2001:db8:ffff::1", "2001:db8:ffff::2", 4 if kind == IP4 else 41, ip))


def sll(macs, kind, ip, number):
    return struct.pack("!HHH", 0 if number % 2 else 4, 1, 6) + macs[6:] + b"\0\0" + struct.pack("!H", kind) + ip


def sll2(macs, kind, ip, number):
    return struct.pack("!HHIHBB", kind, 0, 2, 1, 0, 6) + macs[6:] + b"\0\0" + ip


def sll_vlan(macs, kind, ip, number):
    return sll(macs, 0x8100, struct.pack("!HH", 100, kind) + ip, number)


def raw(macs, kind, ip, number):
    return ip


def loopback(macs, kind, ip, number):
    return struct.pack("<I", 2 if kind == IP4 else 30) + ip


WAYS = {"VLAN": vlan, "QinQ": qinq, "two VLANs": qinq_9100, "PPPoE": pppoe, "VLAN and PPPoE": vlan_pppoe, "GRE": gre,
        "Ethernet in GRE": gre_ethernet, "ERSPAN II": erspan_2, "ERSPAN III": erspan_3, "VXLAN": vxlan, "Geneve": geneve,
        "GTP": gtp, "MPLS": mpls, "IP in IP": ip_in_ip, "in IPv6": in_ip6, "SLL": sll, "SLL2": sll2, "SLL and VLAN": sll_vlan,
        "raw IP": raw, "loopback": loopback}
LINK_TYPES = {"SLL": SLL, "SLL2": SLL2, "SLL and VLAN": SLL, "raw IP": RAW, "loopback": NULL}
NAMES = sorted(WAYS)


def wrapped(name, call):
    packets = [(time, WAYS[name](data[:12], struct.unpack("!H", data[12:14])[0], data[14:], number))
               for number, (time, data) in enumerate(call)]
    return Wrapped(packets, LINK_TYPES.get(name, ETHERNET))


def fragments(call, size=256, order=None):
    """Every packet that is larger, in fragments of `size` bytes, over IPv4 or IPv6 (RFC 8200 4.5). order: of the fragments."""
    out = []
    for number, (time, data) in enumerate(call):
        six = data[12:14] == b"\x86\xdd"
        head, payload = (data[14:54], data[54:]) if six else (data[14:34], data[34:])
        pieces = []
        for start in range(0, len(payload), size):
            piece, more = payload[start:start + size], start + size < len(payload)
            if six:
                piece = struct.pack("!BBHI", head[6], 0, start | more, number + 1) + piece
                pieces.append(data[:14] + head[:4] + struct.pack("!HB", len(piece), 44) + head[7:] + piece)
            else:
                fresh = head[:2] + struct.pack("!HHH", 20 + len(piece), number + 1, start // 8 | more << 13) + head[8:10] + b"\0\0" + head[12:]
                pieces.append(data[:14] + fresh[:10] + struct.pack("!H", _checksum(fresh)) + fresh[12:] + piece)
        if order and len(pieces) > 1:
            pieces = pieces[::-1] if order == "backwards" else pieces[1:] + pieces[:1]
        out += [(time + 1 + step - len(pieces), piece) for step, piece in enumerate(pieces)]  # whole when the packet came
    return Wrapped(out)


def jumbo(transport="UDP"):
    """Pictures of 8,000 bytes in a packet each."""
    return plain(transport, size=8000)


def captures():
    """For a look at them: one of each kind that a field engineer meets first."""
    for name in ("VLAN", "ERSPAN II", "VXLAN"):
        yield "inside-%s.pcap" % name.lower().replace(" ", "-"), wrapped(name, plain())
