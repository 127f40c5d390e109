/* waiting.c
 * SIP over TCP whose headers come in many segments; see waiting.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "waiting.h"

#include <string.h>

#include "key.h"
#include "sip-message.h"

/* The message is known again by its first bytes, and by those that were the last ones. */
enum { SAMPLE = 16 };

struct waiting {
    uint32_t parsed;  /* bytes that were there when it was parsed last */
    uint32_t looked;  /* and when it was looked at last */
    uint8_t first[SAMPLE], last[SAMPLE];
};

static wmem_map_t *waiting; /* hik_ends_key: source, destination -> struct waiting; first pass */

static struct hik_ends_key key_of(const packet_info *pinfo)
{
    return (struct hik_ends_key){{&pinfo->src, &pinfo->dst}, {(uint16_t)pinfo->srcport, (uint16_t)pinfo->destport}, 0};
}

static void look(struct waiting *one, const uint8_t *buf, uint32_t length)
{
    one->looked = length;
    memcpy(one->last, buf + length - SAMPLE, SAMPLE);
}

void hik_waiting_note(packet_info *pinfo, const uint8_t *buf, uint32_t length)
{
    struct hik_ends_key key = key_of(pinfo);
    struct waiting *one = (struct waiting *)wmem_map_lookup(waiting, &key);

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (length < SAMPLE)
        return;
    if (!one) {
        one = wmem_new(wmem_file_scope(), struct waiting);
        hik_ends_key_insert(waiting, &key, one);
    }
    one->parsed = length;
    memcpy(one->first, buf, SAMPLE);
    look(one, buf, length);
}

bool hik_waiting_goes_on(packet_info *pinfo, const uint8_t *buf, uint32_t length)
{
    struct hik_ends_key key = key_of(pinfo);
    struct waiting *one;

    if (PINFO_FD_VISITED(pinfo) || wmem_map_size(waiting) == 0)
        return false;
    one = (struct waiting *)wmem_map_lookup(waiting, &key);
    /* What is parsed again has at least doubled: all of it together costs twice the last time. */
    if (!one || length < one->looked || length / 2 >= one->parsed || memcmp(buf, one->first, SAMPLE) != 0 ||
        memcmp(buf + one->looked - SAMPLE, one->last, SAMPLE) != 0 || hik_sip_may_end_headers(buf, one->looked, length))
        return false;
    look(one, buf, length);
    return true;
}

void hik_waiting_register(void)
{
    waiting = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), hik_ends_key_hash, hik_ends_key_equal);
}
