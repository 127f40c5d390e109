/* stray-rtp.c
 * Counts RTP that belongs to no session: of calls whose SDP is not in the capture. One small record per pair of transport
 * addresses, one number per pair of hosts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "stray-rtp.h"

#include "session.h"

#include "key.h"

/* What came last from one transport address to another. File scope; first pass. */
struct stray {
    uint32_t frame;
    uint32_t ssrc;
    uint16_t seq;
    bool sure;       /* two packets in sequence came */
};

/* Static, emptied with the capture; first pass. */
static uint32_t total;
static wmem_map_t *strays; /* hik_ends_key: source, destination -> struct stray */
static wmem_map_t *pairs;  /* hik_ends_key: the lower address, the higher one; ports 0 -> uint32_t: packets between them */

static void reset(void)
{
    total = 0;
}

void hik_stray_rtp_register(void)
{
    strays = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), hik_ends_key_hash, hik_ends_key_equal);
    pairs = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), hik_ends_key_hash, hik_ends_key_equal);
    register_cleanup_routine(reset);
}

static struct hik_ends_key pair_key(const address *a, const address *b)
{
    bool swap = cmp_address(a, b) > 0;
    struct hik_ends_key key = {{swap ? b : a, swap ? a : b}, {0, 0}, 0};

    return key;
}

static void count(packet_info *pinfo, uint32_t packets)
{
    struct hik_ends_key key = pair_key(&pinfo->src, &pinfo->dst);
    uint32_t *sum = (uint32_t *)wmem_map_lookup(pairs, &key);

    if (!sum) {
        sum = wmem_new0(wmem_file_scope(), uint32_t);
        hik_ends_key_insert(pairs, &key, sum);
    }
    *sum += packets;
    total += packets;
}

void hik_stray_rtp_take(packet_info *pinfo, tvbuff_t *tvb)
{
    struct hik_ends_key key = {{&pinfo->src, &pinfo->dst}, {(uint16_t)pinfo->srcport, (uint16_t)pinfo->destport}, 0};
    struct stray *stray, before;

    hik_session_saw(pinfo);
    if (tvb_captured_length(tvb) < 12 || (tvb_get_uint8(tvb, 0) & 0xC0) != 0x80 || pinfo->ptype != PT_UDP)
        return;
    stray = (struct stray *)wmem_map_lookup(strays, &key);
    if (!stray) {
        stray = wmem_new0(wmem_file_scope(), struct stray);
        hik_ends_key_insert(strays, &key, stray);
    }
    if (stray->frame == pinfo->num)
        return;
    before = *stray;
    stray->frame = pinfo->num;
    stray->seq = tvb_get_ntohs(tvb, 2);
    stray->ssrc = tvb_get_ntohl(tvb, 8);
    stray->sure = before.frame && before.ssrc == stray->ssrc && (before.sure || (uint16_t)(before.seq + 1) == stray->seq);
    if (stray->sure)
        count(pinfo, before.sure ? 1 : 2);
}

static void call_back(void *key, void *value, void *user_data)
{
    void (*const *each)(const address *a, const address *b, uint32_t packets) =
        (void (*const *)(const address *a, const address *b, uint32_t packets))user_data;
    const struct hik_ends_key *ends = (const struct hik_ends_key *)key;

    (*each)(ends->addr[0], ends->addr[1], *(const uint32_t *)value);
}

void hik_stray_rtp_each(void (*each)(const address *a, const address *b, uint32_t packets))
{
    wmem_map_foreach(pairs, call_back, &each);
}

uint32_t hik_stray_rtp(const address *a, const address *b)
{
    struct hik_ends_key key;
    const uint32_t *sum;

    if (!a || !b)
        return total;
    key = pair_key(a, b);
    sum = (const uint32_t *)wmem_map_lookup(pairs, &key);
    return sum ? *sum : 0;
}
