# SPDX-License-Identifier: GPL-2.0-or-later
"""SIP beside what could be taken for it, or could take it away: an SDP that names the SIP port."""

from hikpcap import Capture, Link


def sdp_names_sip_port(transport="UDP", **first):
    """Three calls. The SDP of the first names the port that SIP is spoken on; the media of all comes as announced."""
    cap = Capture()
    link = Link(cap, transport=transport)
    calls = [link.call(**(first or {"offer_port": 7100})), link.call(), link.call()]
    for call in calls:
        call.start()
        call.rtp(3)
    for call in calls:
        call.bye()
    return cap


def captures():
    yield "sdp-names-sip-port.pcap", sdp_names_sip_port()
