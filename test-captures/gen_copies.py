# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures that hold each datagram more than once: a mirror port that shows both ways, a capture on several interfaces."""

import struct

from hikpcap import Capture, Link, Platform, _checksum


def other_hop(frame):
    """The same IPv4 packet one hop on: a TTL less, another checksum, other Ethernet addresses."""
    if frame[12:14] != b"\x08\x00":
        return b"\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02" + frame[12:]
    header = frame[14:22] + bytes([frame[22] - 1]) + frame[23:24] + b"\0\0" + frame[26:34]
    header = header[:10] + struct.pack("!H", _checksum(header)) + header[12:]
    return b"\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02" + frame[12:14] + header + frame[34:]


def in_vlan(frame):
    return frame[:12] + b"\x81\x00\x00\x07" + frame[12:]


def copied(cap, times=2, after=0.0001, change=lambda frame: frame):
    """Each packet `times` times, `after` seconds apart; copies are changed as on another hop or another wire."""
    result = Capture()
    for number in range(times):
        result.extend((time + int(round(number * after * 1000000)), change(data) if number else data) for time, data in cap)
    result.sort(key=lambda packet: packet[0])
    result.time_us = cap.time_us
    return result


def call(packets=20, skip=(), double=(), link=None, cap=None):
    """A call; skip: RTP packets that got lost, double: those that the sender sent twice"""
    cap = cap if cap is not None else Capture()
    link = link or Link(cap)
    one = link.call()
    one.start()
    for index in range(packets):
        packet = one.rtp_packet()
        if index not in skip:
            cap.udp(one.src, one.dst, packet)
        if index in double:
            cap.udp(one.src, one.dst, packet)
        cap.wait(0.039)
    one.bye()
    return cap


def copies():
    """a call of 20 RTP packets, one lost, one sent twice, and every packet in the capture twice, one hop on"""
    return copied(call(skip=(7,), double=(3,)), change=other_hop)


def copies_interleaved():
    """the sender sends each of 20 RTP packets twice, and a mirror port shows both once more: A, B, copy of A, copy of B"""
    return copied(call(double=range(20)), 2, 0.0015, other_hop)


def copies_three_times():
    """INVITE sent twice in 0.5 s, and every packet in the capture three times; then the capture ends"""
    cap = Capture()
    one = Link(cap).call()
    one.invite()
    cap.wait(0.499)
    one.invite()
    return copied(cap, 3)


def captures():
    yield "copies.pcap", copies()
    yield "copies-interleaved.pcap", copies_interleaved()
    yield "copies-three-times.pcap", copies_three_times()
