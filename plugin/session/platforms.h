/* platforms.h
 * Pairs of platforms: which pair a message travels between, and what it says of the two. For the parts of this folder;
 * everybody else reads struct hik_platforms (session.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_PLATFORMS_H
#define HIK_PLATFORMS_H

#include "message-info.h"

/* The pair a packet travels between, and which way the packet goes between the two. */
struct hik_pair_match {
    struct hik_platforms *pair; /* NULL if it is not known */
    enum hik_direction direction;
    bool exact;                 /* known by its IDs, or by both transport addresses */
};

void hik_platforms_register(void);

/* Finds the pair of a message: by the IDs of both platforms, else by both transport addresses, else by addresses that
 * only one pair has. */
struct hik_pair_match hik_platforms_find(packet_info *pinfo, const struct hik_message_info *r);

/* The pair of a message that was looked for already; made if it is not known. A message that goes up comes from the lower
 * platform. sure: a REGISTER says so, which puts an earlier guess right. NULL where the packet's addresses are those of
 * several pairs and nothing tells which. First pass. */
struct hik_platforms *hik_platforms_learn(packet_info *pinfo, const struct hik_message_info *r, const struct hik_pair_match *match,
                                          enum hik_direction direction, bool sure);

/* After the IDs that a message says are learned: a pair that was guessed and has the IDs of another is that one. Returns
 * the pair that it is from now on; NULL for NULL. First pass. */
struct hik_platforms *hik_platforms_settle(struct hik_platforms *pair);

/* The pair that hik_platforms_learn() or hik_platforms_settle() has just merged into another, its merged_into; NULL if none
 * was, or it was asked for. What others keep of it is that one's now. First pass. */
struct hik_platforms *hik_platforms_merged(void);

/* Keeps an ID of one side, unless a better or an equally good source named it before. First pass. */
void hik_platforms_learn_id(struct hik_platforms *pair, bool lower, const struct hik_message_info *r, struct hik_view user,
                            enum hik_id_source source);

/* What a message other than REGISTER and outside of calls says about the IDs of the pair it travels between. First pass. */
void hik_platforms_update_ids(packet_info *pinfo, const struct hik_message_info *r, const struct hik_message *message);

/* The pair is known under these IDs, and at the address of the lower platform's Contact, from now on. First pass. */
void hik_platforms_keep_ids(packet_info *pinfo, struct hik_platforms *pair, const struct hik_message_info *r);

#endif
