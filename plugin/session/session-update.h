/* session-update.h
 * What the messages of a call do to its session. For dialog.c, which knows whose message it is.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_SESSION_UPDATE_H
#define HIK_SESSION_UPDATE_H

#include "message-info.h"

/* How many calls under one Call-ID and tag are told apart. */
#define MAX_SAME_IDS 16
/* A BYE later than this after a fork's answer, in seconds, does not mean that the caller keeps another one. */
#define HIK_FORK_LEFT 2.0

/* Who pulls: video asked for with an INVITE flows to the caller, so the caller is the upper platform, unless its SDP
 * says it sends. Voice can go either way: there the pair of platforms decides, else the IDs (in a broadcast the device
 * calls the source). */
enum hik_direction hik_session_invite_direction(packet_info *pinfo, const struct hik_message_info *r);
/* First pass only. What a message does to its session: offers and answers, how it proceeds and ends. */
void hik_session_update(packet_info *pinfo, const struct hik_message_info *r, struct hik_message *message);

void hik_session_update_register(void);

#endif
