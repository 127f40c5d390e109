/* exchange.c
 * Ties MANSCDP answers to their questions and counts the items of answers that come in many messages.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "exchange.h"

#include <stddef.h>
#include <string.h>

#include <epan/to_str.h>

#include "request.h"
#include "session.h"

/* What ties: SN, CmdType, who asked, who was asked; with or without the ports and the DeviceID. Bytes behind len are not
 * used, and not there in a key that is kept. */
struct key {
    uint8_t len;
    uint8_t data[176];
};

/* SN is text that most write as a number, of up to 17 digits; this much of it ties. */
#define MOST_SN 40

/* An answer fits its question best with all of it. Some devices answer with their own ID where a channel's was asked; over
 * TCP it may come on another connection. Best first. */
enum { PORTS_AND_DEVICE, PORTS, DEVICE, ADDRESSES, PAIR, KEYS };

static wmem_map_t *exchanges;     /* struct key -> struct hik_exchange, the newest */
static wmem_map_t *subscriptions; /* Call-ID, or Event with id and both addresses -> struct hik_subscription, the newest */

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

/* Without blanks around it, and without the zeros that some put in front and others take away. Length 0: there is none. */
static struct hik_xml_piece sn_of(const uint8_t *body, const struct hik_manscdp *message)
{
    struct hik_xml_piece sn = message->sn_text;

    while (sn.len > 0 && body[sn.off] <= ' ') {
        sn.off++;
        sn.len--;
    }
    while (sn.len > 0 && body[sn.off + sn.len - 1] <= ' ')
        sn.len--;
    while (sn.len > 1 && body[sn.off] == '0' && g_ascii_isdigit((char)body[sn.off + 1])) {
        sn.off++;
        sn.len--;
    }
    return sn;
}

/* device_id: "" if the message has none. */
static void make_keys(struct key keys[KEYS], packet_info *pinfo, const struct hik_message *sip, const uint8_t *body, const struct hik_manscdp *message,
                      const char *device_id)
{
    bool request = message->root != HIK_MANSCDP_ROOT_RESPONSE;
    const address *asking = request ? &pinfo->src : &pinfo->dst, *asked = request ? &pinfo->dst : &pinfo->src;
    uint32_t ports[2] = { request ? pinfo->srcport : pinfo->destport, request ? pinfo->destport : pinfo->srcport };
    uint8_t cmd[24];
    struct hik_xml_piece sn = sn_of(body, message);
    size_t i, n = message->cmd_type.len > sizeof cmd ? sizeof cmd : message->cmd_type.len;
    struct key *first = &keys[0];

    for (i = 0; i < n; i++)
        cmd[i] = (uint8_t)g_ascii_toupper((char)body[message->cmd_type.off + i]);
    first->len = 0;
    key_add(first, body + sn.off, sn.len, MOST_SN);
    key_add(first, cmd, n, n);
    key_add(first, asking->data, asking->len > 0 ? (size_t)asking->len : 0, 16);
    key_add(first, asked->data, asked->len > 0 ? (size_t)asked->len : 0, 16);
    for (i = 1; i < PAIR; i++)
        keys[i] = *first;
    /* The same two platforms, wherever they are by now. */
    keys[PAIR].len = 0;
    key_add(&keys[PAIR], body + sn.off, sn.len, MOST_SN);
    key_add(&keys[PAIR], cmd, n, n);
    if (sip && sip->platforms)
        key_add(&keys[PAIR], &sip->platforms->index, sizeof sip->platforms->index, sizeof sip->platforms->index);
    else
        key_add(&keys[PAIR], first->data, first->len, first->len);
    key_add(&keys[PORTS_AND_DEVICE], ports, sizeof ports, sizeof ports);
    key_add(&keys[PORTS_AND_DEVICE], device_id, strlen(device_id), 40);
    key_add(&keys[PORTS], ports, sizeof ports, sizeof ports);
    key_add(&keys[DEVICE], device_id, strlen(device_id), 40);
    for (i = 0; i < KEYS; i++) /* so that no two kinds are ever the same bytes */
        keys[i].data[keys[i].len++] = (uint8_t)i;
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
        wmem_map_insert(exchanges, wmem_memdup(wmem_file_scope(), key, offsetof(struct key, data) + key->len), exchange);
}

static struct hik_exchange *process_request(packet_info *pinfo, const struct key keys[KEYS], bool retransmission)
{
    struct hik_exchange *exchange = find(&keys[PORTS_AND_DEVICE]);
    unsigned i;

    if (retransmission && exchange)
        return exchange;
    exchange = wmem_new0(wmem_file_scope(), struct hik_exchange);
    exchange->request_frame = pinfo->num;
    exchange->request_time = pinfo->abs_ts;
    for (i = 0; i < KEYS; i++)
        put(&keys[i], exchange);
    return exchange;
}

static struct hik_exchange *process_response(packet_info *pinfo, const struct key keys[KEYS], bool retransmission)
{
    struct hik_exchange *exchange = NULL;
    unsigned i;

    for (i = 0; i < KEYS && !exchange; i++)
        exchange = find(&keys[i]);
    /* Its question was not seen, and it is full: what comes now answers another question with the same SN, unless it is a
     * copy of what came. */
    if (exchange && !retransmission && exchange->request_frame == 0 && exchange->received >= exchange->sum_num)
        exchange = NULL;
    if (!exchange) {
        exchange = wmem_new0(wmem_file_scope(), struct hik_exchange);
        put(&keys[PORTS_AND_DEVICE], exchange);
        put(&keys[DEVICE], exchange);
    }
    if (exchange->response_frame == 0)
        exchange->response_frame = pinfo->num;
    return exchange;
}

/* Queries in a SUBSCRIBE are answered by its NOTIFYs; positions and alarms are asked for in no other way. */
static bool expects_response(const struct hik_manscdp *message, const struct hik_message *sip)
{
    return message->root == HIK_MANSCDP_ROOT_QUERY && sip && sip->is_request && sip->method == HIK_METHOD_MESSAGE && sip->asked &&
           (!message->cmd || (strcmp(message->cmd, "MobilePosition") != 0 && strcmp(message->cmd, "Alarm") != 0));
}

/* A NOTIFY has its SUBSCRIBE's Call-ID (RFC 6665 4.4.1). Devices that begin a new dialog repeat at least Event's id. */
static void process_subscription(packet_info *pinfo, struct hik_exchange_record *record, const struct hik_message *sip,
                              tvbuff_t *sip_tvb)
{
    unsigned len = tvb_captured_length(sip_tvb);
    const uint8_t *buf;
    struct hik_sip parsed;
    struct hik_view event, id;
    char *by_call, *by_event = NULL;
    bool notify = sip->method == HIK_METHOD_NOTIFY;

    if (!sip->is_request || (!notify && sip->method != HIK_METHOD_SUBSCRIBE))
        return;
    buf = tvb_get_ptr(sip_tvb, 0, (int)len);
    if (!hik_sip_parse(buf, len, false, &parsed))
        return;
    by_call = wmem_strdup_printf(pinfo->pool, "c%s",
                                 wmem_strndup(pinfo->pool, (const char *)buf + parsed.first[HIK_HDR_CALL_ID].value.off,
                                              parsed.first[HIK_HDR_CALL_ID].value.len));
    event = parsed.first[HIK_HDR_EVENT].value;
    if (hik_sip_param(buf, event, "id", &id) && id.len > 0) {
        const address *asking = notify ? &pinfo->dst : &pinfo->src, *asked = notify ? &pinfo->src : &pinfo->dst;

        by_event = wmem_strdup_printf(pinfo->pool, "e%s %s %s",
                                      wmem_strndup(pinfo->pool, (const char *)buf + id.off, id.len),
                                      address_to_str(pinfo->pool, asking), address_to_str(pinfo->pool, asked));
    }
    if (notify) {
        record->subscription = (struct hik_subscription *)wmem_map_lookup(subscriptions, by_call);
        if (!record->subscription && by_event)
            record->subscription = (struct hik_subscription *)wmem_map_lookup(subscriptions, by_event);
        record->is_notify = record->subscription != NULL;
        if (record->subscription && record->subscription->notify_frame == 0)
            record->subscription->notify_frame = pinfo->num;
        return;
    }
    if (sip->retransmission)
        record->subscription = (struct hik_subscription *)wmem_map_lookup(subscriptions, by_call);
    if (record->subscription)
        return;
    record->subscription = wmem_new0(wmem_file_scope(), struct hik_subscription);
    record->subscription->frame = pinfo->num;
    wmem_map_insert(subscriptions, wmem_strdup(wmem_file_scope(), by_call), record->subscription);
    if (by_event)
        wmem_map_insert(subscriptions, wmem_strdup(wmem_file_scope(), by_event), record->subscription);
}

/* Packet scope. */
static const char *cmd_string(packet_info *pinfo, const uint8_t *body, const struct hik_manscdp *message)
{
    return message->cmd ? message->cmd
                        : (const char *)get_utf_8_string(pinfo->pool, body + message->cmd_type.off, (int)MIN(message->cmd_type.len, 40));
}

/* Packet scope. */
static const char *sn_string(packet_info *pinfo, const uint8_t *body, const struct hik_manscdp *message)
{
    struct hik_xml_piece sn = sn_of(body, message);

    return (const char *)get_utf_8_string(pinfo->pool, body + sn.off, (int)MIN(sn.len, MOST_SN));
}

struct hik_exchange_record *hik_exchange_take(packet_info *pinfo, const uint8_t *body, const struct hik_manscdp *message,
                                              const char *device_id, const struct hik_message *sip, tvbuff_t *sip_tvb)
{
    struct hik_exchange_record *record;
    struct hik_exchange *exchange;
    struct key keys[KEYS];

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    record = wmem_new0(wmem_file_scope(), struct hik_exchange_record);
    record->retransmission = sip && sip->retransmission;
    record->received = message->items;
    if (sip && sip_tvb)
        process_subscription(pinfo, record, sip, sip_tvb);
    if (sn_of(body, message).len == 0 && message->root == HIK_MANSCDP_ROOT_RESPONSE && message->cmd_type.len > 0 && sip &&
        !record->retransmission)
        hik_request_process_untied(pinfo, sip, cmd_string(pinfo, body, message), "");
    if (sn_of(body, message).len == 0 || message->cmd_type.len == 0 || message->root == HIK_MANSCDP_ROOT_NONE ||
        message->root == HIK_MANSCDP_ROOT_OTHER)
        return record;
    record->is_request = message->root != HIK_MANSCDP_ROOT_RESPONSE;
    make_keys(keys, pinfo, sip, body, message, device_id ? device_id : "");
    if (record->is_request) {
        record->exchange = process_request(pinfo, keys, record->retransmission);
        if (expects_response(message, sip)) {
            record->exchange->asked = sip->asked;
            hik_request_is_query(sip->asked, cmd_string(pinfo, body, message), sn_string(pinfo, body, message),
                                 device_id ? device_id : "");
        }
        /* A notification of many items counts them itself: SN and SumNum are its own. */
        if (!message->has_sum_num)
            return record;
        exchange = record->exchange;
    } else {
        exchange = record->exchange = process_response(pinfo, keys, record->retransmission);
        if (exchange->request_frame == 0 && sip && !record->retransmission)
            hik_request_process_untied(pinfo, sip, cmd_string(pinfo, body, message), sn_string(pinfo, body, message));
    }
    if (!record->retransmission) {
        exchange->received += message->items;
        exchange->messages++;
        if (message->has_sum_num)
            exchange->sum_num = message->sum_num;
    }
    record->received = exchange->received;
    if (!record->is_request && exchange->asked)
        hik_request_process_response(pinfo, exchange->asked, exchange->received, exchange->sum_num);
    record->too_many = message->has_sum_num && exchange->received > message->sum_num;
    if (!record->is_request && message->has_sum_num && message->cmd && strcmp(message->cmd, "Catalog") == 0 &&
        !record->retransmission) {
        if (!exchange->catalog)
            exchange->catalog = hik_catalog_answer_new(pinfo, device_id, sn_string(pinfo, body, message),
                                                       exchange->request_frame);
        hik_catalog_answer_add(pinfo, exchange->catalog, exchange->sum_num, exchange->received);
    }
    return record;
}

void hik_exchange_register(void)
{
    exchanges = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), key_hash, key_equal);
    subscriptions = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), wmem_str_hash, g_str_equal);
}
