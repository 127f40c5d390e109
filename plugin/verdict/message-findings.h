/* message-findings.h
 * Expert information that needs the session's state, the link to the first media frame, and the verdict on the INVITE.
 * (Findings that the bytes of one message show are made where the bytes are read: sip-tree.c.)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_MESSAGE_FINDINGS_H
#define HIK_MESSAGE_FINDINGS_H

#include "session.h"

/* On every SIP message of ours, after its tree was built, on every pass. tvb: the message; item: the root of our tree.
 * tree and item may be NULL when nobody looks. */
void hik_findings_message(packet_info *pinfo, tvbuff_t *tvb, proto_tree *tree, proto_item *item,
                          const struct hik_message *message);

#endif
