/* waiting.c
 * SIP over TCP whose headers come in many segments; see waiting.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "waiting.h"

#include <string.h>

#include <epan/conversation.h>

#include "copies.h"
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

/* Where a message of ours came. */
struct place {
    uint32_t seq, frame;
};

/* hik_ends_key: source, destination, connection -> wmem_tree_t: sequence number -> oldest struct place; first pass */
static wmem_map_t *came;

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

static struct hik_ends_key connection_key(packet_info *pinfo)
{
    const conversation_t *conversation = find_conversation_pinfo(pinfo, 0);
    struct hik_ends_key key = key_of(pinfo);

    key.number = conversation ? conversation->conv_index : 0;
    return key;
}

void hik_waiting_message(packet_info *pinfo, uint32_t remaining)
{
    uint32_t begin, end, seq;
    struct hik_ends_key key;
    struct place *place;
    wmem_tree_t *seen;

    if (!hik_segment_place(pinfo, &begin, &end))
        return;
    key = connection_key(pinfo);
    seen = (wmem_tree_t *)wmem_map_lookup(came, &key);
    if (!seen) {
        seen = wmem_tree_new(wmem_file_scope());
        hik_ends_key_insert(came, &key, seen);
    }
    seq = remaining < end - begin ? end - remaining : begin;
    if (wmem_tree_lookup32(seen, seq))
        return;
    place = wmem_new(wmem_file_scope(), struct place);
    *place = (struct place){seq, pinfo->num};
    wmem_tree_insert32(seen, seq, place);
}

/* The last one up to a sequence number, of another frame than this: what comes behind a message in its own goes with it. */
static const struct place *last_up_to(wmem_tree_t *seen, uint32_t seq, uint32_t frame)
{
    const struct place *place;

    do {
        place = (const struct place *)wmem_tree_lookup32_le(seen, seq);
        seq = place ? place->seq - 1 : 0;
    } while (place && place->frame == frame && place->seq > 0);
    return place && place->frame != frame ? place : NULL;
}

/* Is one of them from first to last? Sequence numbers begin anew behind the largest (RFC 9293, 3.4). */
static bool any_from_to(wmem_tree_t *seen, uint32_t first, uint32_t last, uint32_t frame)
{
    const struct place *place = last_up_to(seen, last, frame);

    if (last < first) {
        if (place)
            return true;
        place = last_up_to(seen, UINT32_MAX, frame);
    }
    return place && place->seq >= first;
}

bool hik_waiting_would_take(packet_info *pinfo, uint32_t remaining, uint32_t bytes)
{
    uint32_t begin, end, last;
    struct hik_ends_key key;
    wmem_tree_t *seen;

    if (wmem_map_size(came) == 0 || !hik_segment_place(pinfo, &begin, &end))
        return false;
    key = connection_key(pinfo);
    seen = (wmem_tree_t *)wmem_map_lookup(came, &key);
    /* Stock takes the next segment by its first byte. */
    last = bytes ? end + bytes - 1 : end;
    return seen && any_from_to(seen, end - remaining, last, pinfo->num);
}

void hik_waiting_register(void)
{
    came = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), hik_ends_key_hash, hik_ends_key_equal);
    waiting = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), hik_ends_key_hash, hik_ends_key_equal);
}
