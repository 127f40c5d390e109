/* current-message.h
 * The SIP message being dissected, for the dissectors of its body: stock calls them, and cannot tell.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_CURRENT_MESSAGE_H
#define HIK_CURRENT_MESSAGE_H

#include "ws-compat.h"

struct hik_message; /* session.h */

/* The front door, around its call of stock: tvb holds the message from its start line on. */
void hik_current_message_begin(packet_info *pinfo, tvbuff_t *tvb, struct hik_message *message);
void hik_current_message_end(packet_info *pinfo);

/* The record of the SIP message whose body the tvb is, while that message is being dissected; NULL when the message
 * did not come through our front door. For the body dissectors. */
struct hik_message *hik_session_message_of_body(packet_info *pinfo, tvbuff_t *body);
/* The bytes of that message, from its start line on; NULL in the same cases. For headers its record does not keep. */
tvbuff_t *hik_session_sip_of_body(packet_info *pinfo, tvbuff_t *body);

/* A body's words for the Info column, which the front door puts where they are seen. False: the message did not come
 * through it, and they are to be appended. Packet scope. */
bool hik_current_message_say(packet_info *pinfo, const char *words);
/* What its bodies said; NULL if nothing. Before hik_current_message_end(). */
const char *hik_current_message_words(packet_info *pinfo);

#endif
