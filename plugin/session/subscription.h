/* subscription.h
 * Subscriptions (RFC 6665; GB/T 28181-2016 9.11): a SUBSCRIBE, those that renew or cancel it, their answers and the NOTIFYs,
 * tied by Call-ID.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_SUBSCRIPTION_H
#define HIK_SUBSCRIPTION_H

#include "message-info.h"

/* A NOTIFY may be on its way when the subscription runs out, in seconds. */
#define HIK_SUBSCRIPTION_GRACE 1.0

/* First pass only. Takes in a SUBSCRIBE, a NOTIFY or an answer to one; others are passed over. Sets message->subscribed. */
void hik_subscription_process(packet_info *pinfo, const struct hik_message_info *r, struct hik_message *message);

/* Shows what message->subscribed says, on every pass the same. */
void hik_subscription_show(packet_info *pinfo, tvbuff_t *tvb, proto_tree *tree, proto_item *item, const struct hik_message *message);

/* The same in a few words for the Info column, "" if there is nothing to say. Packet scope. */
const char *hik_subscription_words(packet_info *pinfo, const struct hik_message *message);

/* proto: the number of the hikcascade protocol. */
void hik_subscription_register(int proto);

#endif
