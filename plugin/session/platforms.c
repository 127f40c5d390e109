/* platforms.c
 * Pairs of a lower and an upper platform: who is who, registrations (RFC 3261 clause 10, GB/T 28181-2016 9.1) and
 * keep-alives (9.6).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "session-internal.h"

#include <string.h>

#include "key.h"

static wmem_map_t *pairs;          /* hik_ends_key: the two ends in order -> struct hik_platforms */
static wmem_map_t *pairs_by_index; /* index + 1 -> struct hik_platforms */

void hik_platforms_register(void)
{
    pairs = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), hik_ends_key_hash, hik_ends_key_equal);
    pairs_by_index = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), g_direct_hash, g_direct_equal);
}

unsigned hik_platforms_count(void)
{
    return wmem_map_size(pairs_by_index);
}

struct hik_platforms *hik_platforms_get(unsigned index)
{
    return (struct hik_platforms *)wmem_map_lookup(pairs_by_index, GUINT_TO_POINTER(index + 1));
}

/* The two ends of a packet, the smaller first: the same for both directions. */
static void pair_key(packet_info *pinfo, struct hik_ends_key *key)
{
    int order = cmp_address(&pinfo->src, &pinfo->dst);
    bool swap = order > 0 || (order == 0 && pinfo->srcport > pinfo->destport);

    key->addr[swap] = &pinfo->src;
    key->port[swap] = (uint16_t)pinfo->srcport;
    key->addr[!swap] = &pinfo->dst;
    key->port[!swap] = (uint16_t)pinfo->destport;
    key->number = 0;
}

struct hik_platforms *hik_platforms_find(packet_info *pinfo)
{
    struct hik_ends_key key;

    pair_key(pinfo, &key);
    return (struct hik_platforms *)wmem_map_lookup(pairs, &key);
}

enum hik_direction hik_platforms_direction(packet_info *pinfo, const struct hik_platforms *pair)
{
    return hik_endpoint_is(&pair->lower, &pinfo->src, pinfo->srcport) ? HIK_DIR_UP : HIK_DIR_DOWN;
}

struct hik_platforms *hik_platforms_learn(packet_info *pinfo, enum hik_direction direction, bool sure)
{
    struct hik_platforms *pair = hik_platforms_find(pinfo);

    if (pair && (!sure || pair->sure))
        return pair;
    if (!pair) {
        struct hik_ends_key key;

        pair_key(pinfo, &key);
        pair = wmem_new0(wmem_file_scope(), struct hik_platforms);
        pair->index = wmem_map_size(pairs_by_index);
        hik_ends_key_insert(pairs, &key, pair);
        wmem_map_insert(pairs_by_index, GUINT_TO_POINTER(pair->index + 1), pair);
    } else if (hik_platforms_direction(pinfo, pair) != direction) {
        const char *id = pair->lower_id;
        pair->lower_id = pair->upper_id;
        pair->upper_id = id;
    }
    if (direction == HIK_DIR_UP) {
        hik_endpoint_set(&pair->lower, &pinfo->src, pinfo->srcport);
        hik_endpoint_set(&pair->upper, &pinfo->dst, pinfo->destport);
    } else {
        hik_endpoint_set(&pair->lower, &pinfo->dst, pinfo->destport);
        hik_endpoint_set(&pair->upper, &pinfo->src, pinfo->srcport);
    }
    pair->sure = sure;
    return pair;
}

void hik_platforms_learn_id(const char **slot, const struct hik_reading *r, struct hik_view user)
{
    if (!*slot && user.len > 0 && hik_view_is_id(r->buf, user))
        *slot = hik_view_string(wmem_file_scope(), r->buf, user);
}

void hik_platforms_take_ids(packet_info *pinfo, const struct hik_reading *r, const struct hik_message *message)
{
    struct hik_platforms *pair = message->platforms;
    struct hik_sip_addr contact;
    const char **sender, **receiver;
    bool up;

    if (!pair)
        return;
    up = hik_platforms_direction(pinfo, pair) == HIK_DIR_UP;
    sender = up ? &pair->lower_id : &pair->upper_id;
    receiver = up ? &pair->upper_id : &pair->lower_id;
    if (message->is_request) {
        /* From is who speaks, but inside a dialog it may be the camera. To is a platform on the way up only: downwards
         * it may be any device. */
        if (r->to.tag.len > 0)
            return;
        hik_platforms_learn_id(sender, r, r->from.user);
        if (up)
            hik_platforms_learn_id(receiver, r, r->to.user);
    } else if (message->status >= 200 && message->status < 300 && !*sender &&
               hik_sip_parse_addr(r->buf, r->sip->first[HIK_HDR_CONTACT].value, &contact) &&
               !(contact.user.len == r->to.user.len &&
                 memcmp(r->buf + contact.user.off, r->buf + r->to.user.off, contact.user.len) == 0)) {
        /* The Contact of an answer is the platform, where it is not the camera that was called. */
        hik_platforms_learn_id(sender, r, contact.user);
    }
}

/* Expires of the message: the header, else the Contact's parameter. -1 if neither. */
static int64_t message_expires(const struct hik_reading *r)
{
    uint64_t seconds;
    struct hik_view param;

    if (hik_view_uint(r->buf, r->sip->first[HIK_HDR_EXPIRES].value, UINT32_MAX, &seconds))
        return (int64_t)seconds;
    if (hik_sip_param(r->buf, r->sip->first[HIK_HDR_CONTACT].value, "expires", &param) &&
        hik_view_uint(r->buf, param, UINT32_MAX, &seconds))
        return (int64_t)seconds;
    return -1;
}

void hik_platforms_take_register(packet_info *pinfo, const struct hik_reading *r, struct hik_message *message)
{
    struct hik_platforms *pair = message->platforms;
    int64_t expires = message_expires(r);

    if (!pair)
        return;
    if (message->is_request) {
        pair->register_frame = pinfo->num;
        if (!message->retransmission)
            pair->registers++;
        hik_platforms_learn_id(&pair->lower_id, r, r->from.user);
        hik_platforms_learn_id(&pair->upper_id, r, r->uri.user);
        if (expires >= 0)
            pair->expires_asked = (uint32_t)expires;
        pair->with_credentials = r->sip->first[HIK_HDR_AUTHORIZATION].name.len > 0;
        pair->credentials_pending |= pair->with_credentials;
        return;
    }
    hik_platforms_learn_id(&pair->lower_id, r, r->from.user);
    if (message->status < 200)
        return;
    pair->register_answer_frame = pinfo->num;
    pair->register_status = message->status;
    if (message->status >= 300) {
        if (message->retransmission)
            return;
        if (message->status == 401 || message->status == 407) {
            if (!pair->with_credentials && pair->credentials_pending)
                pair->unauthorized_in_row = 0; /* what became of the last try is not in the capture: this is a new one */
            pair->unauthorized_in_row++;
            pair->credentials_pending = false;
        } else {
            pair->register_failures++;
            pair->registered = false;
        }
        return;
    }
    pair->unauthorized_in_row = 0;
    pair->credentials_pending = false;
    pair->expires = expires >= 0 ? (uint32_t)expires : pair->expires_asked;
    if (pair->expires == 0) { /* log-off */
        pair->registered = false;
        pair->registered_until = pinfo->abs_ts;
        return;
    }
    if (!pair->registered || nstime_cmp(&pair->registered_until, &pinfo->abs_ts) < 0)
        pair->registered_since = pinfo->abs_ts;
    pair->registered = true;
    pair->registered_until = pinfo->abs_ts;
    pair->registered_until.secs += pair->expires;
}

void hik_session_keepalive(packet_info *pinfo, const struct hik_message *message, const char *device_id _U_)
{
    struct hik_platforms *pair = message ? message->platforms : NULL;
    nstime_t interval;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (!pair || message->retransmission)
        return;
    if (pair->keepalives > 0) {
        nstime_delta(&interval, &pinfo->abs_ts, &pair->keepalive_time);
        if (nstime_cmp(&interval, &pair->keepalive_interval) < 0 || nstime_is_zero(&pair->keepalive_interval))
            pair->keepalive_interval = interval;
    }
    pair->keepalives++;
    pair->keepalive_frame = pinfo->num;
    pair->keepalive_time = pinfo->abs_ts;
}
