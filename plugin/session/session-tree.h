/* session-tree.h
 * The fields that tie a packet to its session, the same on SIP, RTP and RTCP.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_SESSION_TREE_H
#define HIK_SESSION_TREE_H

#include "session.h"

/* Adds hikcascade.session, the camera and the frame links to a tree of ours. session may be NULL: adds nothing. Links
 * are those known by now: on the first pass what came before, later all. */
void hik_session_tree_add(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct hik_session *session);

/* Adds our protocol item for an RTP or RTCP packet of the session, with everything above and the expected SSRC. tree is
 * not NULL. The second form gives the subtree and its item. */
void hik_session_tree_media(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct hik_session *session);
proto_tree *hik_session_tree_media_item(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree,
                                        const struct hik_session *session, proto_item **item);

/* hikcascade.direction, unless it is not known. */
void hik_session_tree_direction(tvbuff_t *tvb, proto_tree *tree, enum hik_direction direction);

#endif
