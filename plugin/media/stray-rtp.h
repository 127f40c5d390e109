/* stray-rtp.h
 * RTP that no SDP of the capture announces: how much of it runs between two hosts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_STRAY_RTP_H
#define HIK_STRAY_RTP_H

#include "session.h"

/* First pass only. A packet that belongs to no session; the tvb begins where an RTP header would (RFC 3550 5.1). May be told of one
 * UDP packet several times. */
void hik_stray_rtp_take(packet_info *pinfo, tvbuff_t *tvb);
/* First pass only. Of this session the capture cut the SDP that the packet carries: which media is its may be told by the two
 * hosts alone, those of SIP and the one that the SDP names, if it is there. */
void hik_stray_rtp_claim(packet_info *pinfo, struct hik_session *session, const struct hik_description *sdp);
/* First pass only. The session whose media this packet may be by the two hosts alone; NULL unless it is the only such call that
 * goes on between them. */
struct hik_session *hik_stray_rtp_session(packet_info *pinfo);
/* First pass only. RTP that somebody has to recognise because the capture cut the SIP that would announce it: by its header,
 * where a call goes on between the two hosts whose SDP is cut, or SIP that may be of one; else by two packets in sequence. */
bool hik_stray_rtp_is_expected(packet_info *pinfo, tvbuff_t *tvb);
/* Packets so far that are RTP, between two addresses in either direction, or, with NULL, at all. Over UDP they count as RTP
 * from the second one in sequence on (RFC 3550 A.1). Any pass. */
uint32_t hik_stray_rtp(const address *a, const address *b);
/* Of these, between two addresses, those over TCP, or else over UDP. Any pass. */
uint32_t hik_stray_rtp_over(const address *a, const address *b, bool tcp);
/* Calls back for each two addresses that it runs between. Any pass. */
void hik_stray_rtp_each(void (*each)(const address *a, const address *b, uint32_t packets));

void hik_stray_rtp_register(void);

#endif
