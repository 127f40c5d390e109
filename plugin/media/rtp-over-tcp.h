/* rtp-over-tcp.h
 * RTP over TCP: what an SDP opens, and whose connection is being dissected.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_RTP_OVER_TCP_H
#define HIK_RTP_OVER_TCP_H

#include "session.h"

/* First pass only: opens the endpoints of line number i of `mine`, if it is media over TCP. sdp_src: where
 * the SDP came from, for peers behind a NAT. */
void hik_tcp_open(packet_info *pinfo, struct hik_session *session, const struct hik_description *mine,
                  const struct hik_description *other, unsigned i);
/* First pass only: which session a packet of the TCP connection being dissected belongs to; NULL if none.
 * strong: its SSRC is the announced one. */
struct hik_session *hik_tcp_session(packet_info *pinfo, uint32_t ssrc, bool *strong);
/* First pass only: stock's rtp was told an rtpmap for the direction of the packet's connection. Its conversation gets our dissector, and
 * is no other connection's. */
void hik_tcp_rtpmap_told(packet_info *pinfo);
void hik_tcp_register(int proto);

/* The capture cut segments of the packet's connection, in the packet's direction, so far: of frames that it cut off with their
 * headers nothing else is known. Any pass. */
bool hik_tcp_is_cut(packet_info *pinfo);

#endif
