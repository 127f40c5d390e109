/* stray-rtp.h
 * RTP over UDP that no SDP of the capture announces: how much of it runs between two hosts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_STRAY_RTP_H
#define HIK_STRAY_RTP_H

#include "ws-compat.h"

/* First pass only. A UDP packet that belongs to no session; the tvb begins where an RTP header would (RFC 3550 5.1).
 * May be told of one packet several times. */
void hik_stray_rtp_take(packet_info *pinfo, tvbuff_t *tvb);
/* Packets so far that are RTP, between two addresses in either direction, or, with NULL, at all. They count as RTP from
 * the second one in sequence on (RFC 3550 A.1). Any pass. */
uint32_t hik_stray_rtp(const address *a, const address *b);
/* Calls back for each two addresses that it runs between. Any pass. */
void hik_stray_rtp_each(void (*each)(const address *a, const address *b, uint32_t packets));

void hik_stray_rtp_register(void);

#endif
