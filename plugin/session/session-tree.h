/* session-tree.h
 * The fields that tie a packet to its session, the same on SIP, RTP and RTCP.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_SESSION_TREE_H
#define HIK_SESSION_TREE_H

#include "session.h"

/* Does somebody see our protocol item, or ask for it by name? It costs as much as two of its fields: where a column or a filter asks
 * for those alone, they do without, and stand among stock's where nobody sees the place. tree is not NULL. */
bool hik_session_tree_is_seen(const proto_tree *tree);

/* Adds our protocol item for an RTP or RTCP packet of the session, with everything above and the expected SSRC. tree is
 * not NULL. The second form gives the subtree and its item: `tree` and NULL where nobody sees that item, unless more than fields
 * comes under it. The third adds the fields alone. */
void hik_session_tree_media(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct hik_session *session);
proto_tree *hik_session_tree_media_item(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree,
                                        const struct hik_session *session, bool holds_more, proto_item **item);
void hik_session_tree_media_fields(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct hik_session *session);

/* What a SIP message is to its session: all of the above, direction, the request of an answer. item: of tree. */
void hik_session_tree_message(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, proto_item *item,
                              const struct hik_message *message);

/* hikcascade.first_media_in, once there is media. */
void hik_session_tree_first_media(tvbuff_t *tvb, proto_tree *tree, const struct hik_session *session);

/* Appends to the Info column what the message is: method or status, the kind of an INVITE's call, the words of its body
 * (NULL: none). */
void hik_session_tree_info_head(packet_info *pinfo, const uint8_t *buf, const struct hik_sip *sip, const struct hik_message *message,
                                const char *words);
/* And what it belongs to: subscription; session and camera, else the device that a message outside any session is about. */
void hik_session_tree_info_tail(packet_info *pinfo, const uint8_t *buf, const struct hik_sip *sip, const struct hik_message *message);

#endif
