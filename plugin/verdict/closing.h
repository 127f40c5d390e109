/* closing.h
 * What is known of a call on the packet that ends it, and, for calls that nobody ends, on the next SIP message of their
 * platforms: a record of the call, made on the first pass and the same on every one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_CLOSING_H
#define HIK_CLOSING_H

#include "session.h"

/* First pass only, after hik_media_open(). */
void hik_closing_take(packet_info *pinfo, const struct hik_message *message);
/* Any pass: adds hikcascade.closed_as and its children, if this message tells of a call. */
void hik_closing_show(tvbuff_t *tvb, proto_tree *tree, const struct hik_message *message);

void hik_closing_register(int proto);

#endif
