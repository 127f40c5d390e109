# SPDX-License-Identifier: GPL-2.0-or-later
"""A call inside tunnels, tags, fragments and other link types is the same call: same row, same media, same file."""

import functools

import pytest

import gen_encapsulation as gen

pytestmark = pytest.mark.logic

SEEN = ["hikcascade.session", "hikcascade.camera", "hikcascade.direction", "rtp.seq", "rtp.ssrc", "mp2p.key_frame"]


@functools.lru_cache(maxsize=None)
def call(kind):
    if kind == "jumbo frames":
        return gen.jumbo()
    if kind == "media over TCP":
        return gen.media_over_tcp()
    return gen.plain("TCP" if kind == "SIP over TCP" else "UDP", ip6=kind == "IPv6")


KINDS = ("IPv4", "IPv6", "SIP over TCP", "media over TCP")
TABLES = ("sessions", "platforms", "series", "messages")


def facts(tshark, export_objects, capture):
    """Lines of the tables, what the packets show, and the files."""
    words = [word for table in TABLES for word in ("-z", "hikcascade," + table)]
    out = tshark.run(tshark.read(capture, prefs={"hikcascade.table_format": "json"}, extra=["-q", *words]))
    parts = {part.split('"')[3]: part for part in ("{\"table" + part for part in out.split("{\"table")[1:])}
    shown = [[row[name] for name in SEEN] for row in tshark.fields_everywhere(capture, SEEN, "hikcascade.session || hikcascade")]
    files = {path.name: path.read_bytes() for path in export_objects(capture).iterdir()}
    return {table: parts["hikcascade," + table] for table in TABLES}, shown, files


plain_facts = {}


def same_call(tshark, export_objects, capture, kind, frames=True):
    """frames: whether each packet of one is a packet of the other."""
    if kind not in plain_facts:
        plain_facts[kind] = facts(tshark, export_objects, call(kind))
    wanted_tables, wanted_shown, wanted_files = plain_facts[kind]
    tables, shown, files = facts(tshark, export_objects, capture)
    for table in TABLES[:4 if frames else 3]:
        assert tables[table].strip() == wanted_tables[table].strip()
    assert '"verdict":"OK"' in tables["sessions"] and '"rtp_packets":30,"lost":0' in tables["sessions"]
    assert shown == wanted_shown and len(shown) > 12
    assert files == wanted_files and len(files) == 1 and all(files.values())


@pytest.mark.parametrize("name,kind", [(name, kind) for name in gen.NAMES for kind in KINDS[:2]] + [
    (name, kind) for name in ("VLAN", "ERSPAN II", "VXLAN", "SLL", "in IPv6", "PPPoE") for kind in KINDS[2:]])
def test_wrapped(tshark, export_objects, name, kind):
    same_call(tshark, export_objects, gen.wrapped(name, call(kind)), kind)


@pytest.mark.parametrize("kind,order", [("IPv4", None), ("IPv4", "backwards"), ("IPv6", "first last"), ("IPv6", None),
                                        ("SIP over TCP", "backwards"), ("media over TCP", "first last")])
def test_fragments(tshark, export_objects, kind, order):
    """The packet is whole where its last fragment comes."""
    capture = gen.fragments(call(kind), 128, order)
    assert len(capture) > len(call(kind)) * 1.2
    same_call(tshark, export_objects, capture, kind, frames=False)


@pytest.mark.parametrize("name", ["VLAN", "ERSPAN II", "GRE"])
def test_fragments_inside(tshark, export_objects, name):
    same_call(tshark, export_objects, gen.wrapped(name, gen.fragments(call("IPv4"), 128)), "IPv4", frames=False)


def test_jumbo_frames(tshark, export_objects):
    assert max(len(data) for _, data in call("jumbo frames")) > 8000
    same_call(tshark, export_objects, gen.wrapped("VLAN", call("jumbo frames")), "jumbo frames")
    (name, data), = plain_facts["jumbo frames"][2].items()
    assert len(data) > 30 * 8000


def test_it_is_inside(tshark):
    """What is compared above is what it says."""
    layers = {"VLAN": "eth:ethertype:vlan:ethertype:ip:udp", "QinQ": "eth:ethertype:ieee8021ad:ethertype:vlan:ethertype:ip:udp", "PPPoE": "pppoes:ppp:ip",
              "GRE": "ip:gre:ip:udp", "ERSPAN II": "gre:erspan:eth", "ERSPAN III": "gre:erspan:eth", "VXLAN": "udp:vxlan:eth",
              "MPLS": "ethertype:mpls:", "SLL": "sll:ethertype:ip", "SLL2": "sll:ethertype:ip", "in IPv6": "ipv6:ip:udp", "GTP": "gtp:ip:udp"}
    for name, wanted in layers.items():
        row = tshark.fields(gen.wrapped(name, call("IPv4")), ["frame.protocols"], "frame.number == 1")[0]
        assert wanted in row["frame.protocols"][0], (name, row)
