/* sip-tree.h
 * Shows what the pure parsers found in a SIP message.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_SIP_TREE_H
#define HIK_SIP_TREE_H

#include "ws-compat.h"

#include "sdp.h"
#include "sip-message.h"

/* One SIP message ready to be shown. tvb holds exactly the message: offsets of the views are offsets of the tvb. */
struct hik_sip_view {
    tvbuff_t *tvb;
    const uint8_t *buf; /* the tvb's captured bytes */
    const struct hik_sip *sip;
    const struct hik_sdp *sdp; /* the body, if it is SDP, else NULL */
};

/* Adds the protocol item, with nothing in it yet. Returns the subtree and its item. */
proto_tree *hik_sip_tree_begin(const struct hik_sip_view *view, proto_tree *tree, proto_item **item);
/* Adds everything the message says to that subtree. */
void hik_sip_tree_add(const struct hik_sip_view *view, packet_info *pinfo, proto_tree *ours, proto_item *item);

/* Appends to the Info column what the body says: endpoint, SSRC, error. */
void hik_sip_tree_info(const struct hik_sip_view *view, packet_info *pinfo);

#endif
