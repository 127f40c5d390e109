/* sip-tree.h
 * Shows what the pure parsers found in a SIP message.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_SIP_TREE_H
#define HIK_SIP_TREE_H

#include "session.h"

/* One SIP message ready to be shown. tvb holds exactly the message: offsets of the views are offsets of the tvb. */
struct hik_sip_view {
    tvbuff_t *tvb;
    const uint8_t *buf; /* the tvb's captured bytes */
    const struct hik_sip *sip;
    const struct hik_sdp *sdp; /* the body, if it is SDP, else NULL */
    const struct hik_message *message;
};

/* Adds the protocol item with everything the message says. Returns the subtree and its item; tree is not NULL. */
proto_tree *hik_sip_tree_add(const struct hik_sip_view *view, packet_info *pinfo, proto_tree *tree, proto_item **item);

/* Appends the remark to the Info column: session, camera, endpoint, SSRC. */
void hik_sip_tree_info(const struct hik_sip_view *view, packet_info *pinfo);

#endif
