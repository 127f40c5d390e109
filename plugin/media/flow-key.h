/* flow-key.h
 * Keys of the media part: of its flows and pairs of endpoints, and of its records under the protocol.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_FLOW_KEY_H
#define HIK_FLOW_KEY_H

#include <string.h>

#include "key.h"
#include "rtp-flow.h"

/* Keys of records under the protocol's number; the front door has 16 and up, the export 32. */
enum { KEY_NTH = 2, KEY_TCP_RECORD = 3, KEY_TCP_SEEN = 4, KEY_TCP_STOCK = 5 };

static inline void hik_put_address(uint8_t bytes[16], const address *addr)
{
    if (addr->len == 4)
        memcpy(bytes, addr->data, 4);
    else
        memcpy(bytes, addr->data, MIN((size_t)addr->len, 16));
}

static inline void hik_flow_key_set(struct hik_flow_key *key, const address *src, uint32_t src_port, const address *dst,
                         uint32_t dst_port, uint32_t ssrc, bool tcp)
{
    memset(key, 0, sizeof *key);
    hik_put_address(key->src, src);
    hik_put_address(key->dst, dst);
    key->src_port = (uint16_t)src_port;
    key->dst_port = (uint16_t)dst_port;
    key->ssrc = ssrc;
    key->type = (uint8_t)src->type;
    key->tcp = tcp;
}

static inline guint hik_flow_key_hash(gconstpointer p)
{
    const struct hik_flow_key *key = (const struct hik_flow_key *)p;
    uint32_t words[10] = {key->ssrc, (uint32_t)key->src_port << 16 | key->dst_port};

    /* An IPv4 address fills the first word. */
    memcpy(&words[2], key->src, sizeof(uint32_t));
    memcpy(&words[3], key->dst, sizeof(uint32_t));
    if (key->type == AT_IPv4)
        return hik_words_hash(words, 4);
    memcpy(&words[4], key->src + 4, 12);
    memcpy(&words[7], key->dst + 4, 12);
    return hik_words_hash(words, 10);
}

static inline gboolean hik_flow_key_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(struct hik_flow_key)) == 0;
}

#endif
