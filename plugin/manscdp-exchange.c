/* manscdp-exchange.c
 * Ties MANSCDP answers to their questions and counts the items of answers that come in many messages.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "manscdp-exchange.h"

#include <string.h>

#include "session.h"

/* A full answer that goes on after this many seconds is a new one with an old SN. */
#define NEW_ANSWER_AFTER 30

/* What ties: SN, CmdType, who asked, who was asked; and once more with the DeviceID. Bytes behind len are not used. */
struct key {
    uint8_t len;
    uint8_t data[128];
};

static wmem_map_t *exchanges; /* struct key -> struct hik_exchange, the newest */

static unsigned key_hash(const void *key)
{
    const struct key *k = (const struct key *)key;

    return wmem_strong_hash(k->data, k->len);
}

static gboolean key_equal(const void *a, const void *b)
{
    const struct key *x = (const struct key *)a, *y = (const struct key *)b;

    return x->len == y->len && memcmp(x->data, y->data, x->len) == 0;
}

static void key_add(struct key *key, const void *data, size_t len, size_t most)
{
    if (len > most)
        len = most;
    key->data[key->len++] = (uint8_t)len;
    if (len > 0)
        memcpy(key->data + key->len, data, len);
    key->len = (uint8_t)(key->len + len);
}

static void make_key(struct key *key, const uint8_t *body, const struct hik_manscdp *message, const address *asking,
                     const address *asked, const char *device_id)
{
    uint8_t cmd[24];
    size_t i, n = message->cmd_type.len > sizeof cmd ? sizeof cmd : message->cmd_type.len;

    for (i = 0; i < n; i++)
        cmd[i] = (uint8_t)g_ascii_toupper((char)body[message->cmd_type.off + i]);
    key->len = 0;
    key_add(key, &message->sn, sizeof message->sn, sizeof message->sn);
    key_add(key, cmd, n, n);
    key_add(key, asking->data, asking->len > 0 ? (size_t)asking->len : 0, 16);
    key_add(key, asked->data, asked->len > 0 ? (size_t)asked->len : 0, 16);
    if (device_id)
        key_add(key, device_id, strlen(device_id), 40);
}

static struct hik_exchange *find(const struct key *key)
{
    return (struct hik_exchange *)wmem_map_lookup(exchanges, key);
}

static void put(const struct key *key, struct hik_exchange *exchange)
{
    /* The map keeps the key it has when the value is replaced: only a new one is copied. */
    void *old_key = NULL;

    if (wmem_map_lookup_extended(exchanges, key, (const void **)&old_key, NULL))
        wmem_map_insert(exchanges, old_key, exchange);
    else
        wmem_map_insert(exchanges, wmem_memdup(wmem_file_scope(), key, sizeof *key), exchange);
}

static bool long_ago(const packet_info *pinfo, const struct hik_exchange *exchange)
{
    nstime_t since;

    nstime_delta(&since, &pinfo->abs_ts, &exchange->last_time);
    return since.secs >= NEW_ANSWER_AFTER;
}

static struct hik_exchange *take_request(packet_info *pinfo, const struct key *narrow, const struct key *wide,
                                         bool retransmission)
{
    struct hik_exchange *exchange = find(narrow);

    if (retransmission && exchange)
        return exchange;
    exchange = wmem_new0(wmem_file_scope(), struct hik_exchange);
    exchange->request_frame = pinfo->num;
    exchange->request_time = pinfo->abs_ts;
    exchange->last_time = pinfo->abs_ts;
    put(narrow, exchange);
    put(wide, exchange);
    return exchange;
}

static struct hik_exchange *take_response(packet_info *pinfo, const struct key *narrow, const struct key *wide)
{
    struct hik_exchange *exchange = find(narrow);

    if (!exchange) {
        /* Some devices answer with their own ID where a channel's was asked. */
        exchange = find(wide);
        if (exchange && exchange->request_frame == 0)
            exchange = NULL;
    }
    if (exchange && exchange->request_frame == 0 && exchange->received >= exchange->sum_num &&
        long_ago(pinfo, exchange))
        exchange = NULL;
    if (!exchange) {
        exchange = wmem_new0(wmem_file_scope(), struct hik_exchange);
        put(narrow, exchange);
    }
    if (exchange->response_frame == 0)
        exchange->response_frame = pinfo->num;
    exchange->last_time = pinfo->abs_ts;
    return exchange;
}

struct hik_exchange_record *hik_exchange_take(packet_info *pinfo, const uint8_t *body, const struct hik_manscdp *message,
                                              const char *device_id, const struct hik_message *sip)
{
    struct hik_exchange_record *record;
    struct hik_exchange *exchange;
    struct key narrow, wide;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    record = wmem_new0(wmem_file_scope(), struct hik_exchange_record);
    record->retransmission = sip && sip->retransmission;
    record->received = message->items;
    if (!message->has_sn || message->cmd_type.len == 0 || message->root == HIK_MANSCDP_ROOT_NONE ||
        message->root == HIK_MANSCDP_ROOT_OTHER)
        return record;
    record->is_request = message->root != HIK_MANSCDP_ROOT_RESPONSE;
    if (record->is_request) {
        make_key(&wide, body, message, &pinfo->src, &pinfo->dst, NULL);
        make_key(&narrow, body, message, &pinfo->src, &pinfo->dst, device_id ? device_id : "");
        record->exchange = take_request(pinfo, &narrow, &wide, record->retransmission);
        /* A notification of many items counts them itself: SN and SumNum are its own. */
        if (!message->has_sum_num)
            return record;
        exchange = record->exchange;
    } else {
        make_key(&wide, body, message, &pinfo->dst, &pinfo->src, NULL);
        make_key(&narrow, body, message, &pinfo->dst, &pinfo->src, device_id ? device_id : "");
        exchange = record->exchange = take_response(pinfo, &narrow, &wide);
    }
    if (!record->retransmission) {
        exchange->received += message->items;
        exchange->messages++;
        if (message->has_sum_num)
            exchange->sum_num = message->sum_num;
    }
    record->received = exchange->received;
    record->too_many = message->has_sum_num && exchange->received > message->sum_num;
    if (!record->is_request && message->has_sum_num && message->cmd && strcmp(message->cmd, "Catalog") == 0 &&
        !record->retransmission) {
        if (!exchange->catalog)
            exchange->catalog = hik_catalog_answer_new(pinfo, device_id, message->sn, exchange->request_frame);
        hik_catalog_answer_add(pinfo, exchange->catalog, exchange->sum_num, exchange->received);
    }
    return record;
}

void hik_exchange_register(void)
{
    exchanges = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), key_hash, key_equal);
}
