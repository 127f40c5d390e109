/* rtp-findings.h
 * Expert information on RTP that needs its session, and the link to the first media frame.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_RTP_FINDINGS_H
#define HIK_RTP_FINDINGS_H

#include "rtp-flow.h"
#include "session.h"

/* On every RTP packet of a session, on every pass. Constant time; allocates and formats only when there is a finding. */
void hik_findings_rtp(packet_info *pinfo, tvbuff_t *tvb, proto_tree *tree, proto_item *item, const struct hik_rtp *rtp,
                      const struct hik_flow *flow, struct hik_session *session);

#endif
