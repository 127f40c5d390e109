/* transaction.h
 * Requests and their answers (RFC 3261 17.1.3): found by Via branch, Call-ID, CSeq and method; the answer to a BYE by the
 * two ends and CSeq where nothing else fits.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_TRANSACTION_H
#define HIK_TRANSACTION_H

#include "message-info.h"

/* A request and its answers, from the first of either on. File scope; first pass. */
struct hik_transaction {
    struct hik_session *session;
    struct hik_platforms *platforms;
    enum hik_direction direction; /* of the request */
    uint32_t request_frame;       /* 0: only an answer was seen */
    nstime_t request_time;
    uint32_t answer_frame;        /* first final answer */
    uint16_t last_status;         /* newest answer: the same again is a retransmission */
    struct hik_transaction *next_bye; /* of transaction.c */
    struct hik_message *request;  /* the first of them; NULL: only an answer was seen */
};

/* All on the first pass only. */

/* By Call-ID and branch, for some devices use one branch for everything. An answer may fit by its branch alone, which
 * is said in *by_branch. A request that comes again much later is another request. */
struct hik_transaction *hik_transaction_find(packet_info *pinfo, const struct hik_message_info *r, bool *by_branch);
/* Keeps it under the message's Call-ID and branch. */
void hik_transaction_keep(const struct hik_message_info *r, struct hik_transaction *transaction);
/* A BYE that nothing answered yet. */
void hik_transaction_queue_bye(packet_info *pinfo, const struct hik_message_info *r, struct hik_transaction *transaction);
/* An answer to BYE that fits no call and no branch: the oldest BYE between the two platforms, other way round, with
 * that CSeq, that nothing answered yet. */
struct hik_transaction *hik_transaction_find_bye(packet_info *pinfo, const struct hik_message_info *r);
/* The INVITE with the branch, Call-ID and CSeq of this message (an ACK or CANCEL), NULL if there was none. */
const struct hik_transaction *hik_transaction_find_invite(const struct hik_message_info *r);

void hik_transaction_register(void);

#endif
