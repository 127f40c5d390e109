/* rtp-findings.h
 * Expert information on RTP that needs its session, and the link to the first media frame.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_RTP_FINDINGS_H
#define HIK_RTP_FINDINGS_H

#include "rtp-flow.h"
#include "session.h"

/* First pass, on RTP packets of a session whose flow is not settled: compares it with the SDP, once. Constant time. True if there
 * was nothing to do, as there will not be with the next one like it. */
bool hik_findings_judge_rtp(packet_info *pinfo, const struct hik_rtp *rtp, struct hik_session *session);

/* True if there is something odd to say about this packet. Every pass. */
bool hik_findings_has_rtp(packet_info *pinfo, const struct hik_rtp *rtp);

/* Says it, on every pass, and adds the fields of the flow. tree and item may be NULL: expert information alone. */
void hik_findings_show_rtp(packet_info *pinfo, tvbuff_t *tvb, proto_tree *tree, proto_item *item, const struct hik_rtp *rtp,
                           struct hik_session *session);
/* The fields of the flow alone. */
void hik_findings_show_fields(tvbuff_t *tvb, proto_tree *tree, const struct hik_rtp *rtp, const struct hik_session *session);

#endif
