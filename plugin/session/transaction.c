/* transaction.c
 * Which request an answer belongs to (RFC 3261 17.1.3). Every lookup is a hash.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transaction.h"

#include "key.h"

/* RFC 3261 timer F: how long an answer may be late and still be one. */
#define TRANSACTION_SECONDS 32

/* BYEs with the same ends and CSeq, the oldest first. File scope; first pass. */
struct bye_queue {
    struct hik_transaction *first, *last;
};

static struct hik_index transactions; /* text_key: branch, Call-ID or ""; CSeq and method -> newest struct hik_transaction */
static wmem_map_t *unanswered_byes;   /* ends_key: source, destination; CSeq -> struct bye_queue */

static struct hik_text_key transaction_key(const struct hik_message_info *r, struct hik_view call_id)
{
    /* ACK and CANCEL share the branch of their INVITE: the method keeps them apart. */
    struct hik_text_key key = {{r->buf + r->branch.off, r->buf + call_id.off},
                               {r->branch.len, call_id.len},
                               r->sip->cseq * 32 + r->sip->method};
    return key;
}

struct hik_transaction *hik_transaction_find(packet_info *pinfo, const struct hik_message_info *r, bool *by_branch)
{
    struct hik_text_key key = transaction_key(r, r->call_id);
    struct hik_transaction *found = (struct hik_transaction *)hik_index_get(&transactions, hik_text_digest(&key));

    *by_branch = false;
    if (found && r->sip->is_request && found->request_frame &&
        pinfo->abs_ts.secs - found->request_time.secs > TRANSACTION_SECONDS)
        return NULL;
    if (found || r->sip->is_request || r->branch.len == 0)
        return found;
    *by_branch = true;
    key = transaction_key(r, (struct hik_view){0, 0});
    return (struct hik_transaction *)hik_index_get(&transactions, hik_text_digest(&key));
}

void hik_transaction_keep(const struct hik_message_info *r, struct hik_transaction *transaction)
{
    struct hik_text_key key = transaction_key(r, r->call_id);

    hik_index_put(&transactions, hik_text_digest(&key), transaction);
    if (r->branch.len && r->call_id.len) {
        key = transaction_key(r, (struct hik_view){0, 0});
        hik_index_put(&transactions, hik_text_digest(&key), transaction);
    }
}

/* reverse: the key of the request that this answer would belong to. */
static struct hik_ends_key bye_key(packet_info *pinfo, const struct hik_message_info *r, bool reverse)
{
    struct hik_ends_key key = {{&pinfo->src, &pinfo->dst}, {(uint16_t)pinfo->srcport, (uint16_t)pinfo->destport}, r->sip->cseq};

    if (reverse) {
        key.addr[0] = &pinfo->dst;
        key.addr[1] = &pinfo->src;
        key.port[0] = (uint16_t)pinfo->destport;
        key.port[1] = (uint16_t)pinfo->srcport;
    }
    return key;
}

void hik_transaction_queue_bye(packet_info *pinfo, const struct hik_message_info *r, struct hik_transaction *transaction)
{
    struct hik_ends_key key = bye_key(pinfo, r, false);
    struct bye_queue *queue = (struct bye_queue *)wmem_map_lookup(unanswered_byes, &key);

    if (!queue) {
        queue = wmem_new0(wmem_file_scope(), struct bye_queue);
        hik_ends_key_insert(unanswered_byes, &key, queue);
    }
    if (queue->last)
        queue->last->next_bye = transaction;
    else
        queue->first = transaction;
    queue->last = transaction;
}

struct hik_transaction *hik_transaction_find_bye(packet_info *pinfo, const struct hik_message_info *r)
{
    struct hik_ends_key key = bye_key(pinfo, r, true);
    struct bye_queue *queue = (struct bye_queue *)wmem_map_lookup(unanswered_byes, &key);

    if (!queue)
        return NULL;
    while (queue->first && (queue->first->answer_frame ||
                            pinfo->abs_ts.secs - queue->first->request_time.secs > TRANSACTION_SECONDS))
        queue->first = queue->first->next_bye;
    if (!queue->first)
        queue->last = NULL;
    return queue->first;
}

const struct hik_transaction *hik_transaction_find_invite(const struct hik_message_info *r)
{
    struct hik_text_key key = transaction_key(r, r->call_id);

    key.number = r->sip->cseq * 32 + HIK_METHOD_INVITE;
    return (const struct hik_transaction *)hik_index_get(&transactions, hik_text_digest(&key));
}

void hik_transaction_register(void)
{
    hik_index_register(&transactions);
    unanswered_byes = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), hik_ends_key_hash, hik_ends_key_equal);
}
