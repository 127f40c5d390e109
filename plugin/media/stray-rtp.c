/* stray-rtp.c
 * Counts RTP that belongs to no session: of calls whose SDP is not in the capture. One small record per pair of transport
 * addresses, one number per pair of hosts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "stray-rtp.h"

#include "cut.h"
#include "session.h"

#include "key.h"

/* What came last from one transport address to another. File scope; first pass. */
struct stray {
    uint32_t frame;
    uint32_t ssrc;
    uint16_t seq;
    bool sure;       /* two packets in sequence came */
};

/* A session whose media is known by its hosts alone. Newest first. File scope; first pass. */
struct claim {
    struct hik_session *session;
    struct claim *older;
};
/* How far they are looked at. */
#define MAX_CLAIMS 8

/* Packets between two hosts. File scope; first pass. */
struct pair {
    uint32_t over_udp, over_tcp;
};

/* Static, emptied with the capture; first pass. */
static uint32_t total;
static wmem_map_t *claims; /* hik_ends_key: the lower address, the higher one; ports 0 -> struct claim */
static wmem_map_t *strays; /* hik_ends_key: source, destination -> struct stray */
static wmem_map_t *pairs;  /* hik_ends_key: the lower address, the higher one; ports 0 -> struct pair */

static void reset(void)
{
    total = 0;
}

void hik_stray_rtp_register(void)
{
    claims = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), hik_ends_key_hash, hik_ends_key_equal);
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
    struct pair *pair = (struct pair *)wmem_map_lookup(pairs, &key);

    if (!pair) {
        pair = wmem_new0(wmem_file_scope(), struct pair);
        hik_ends_key_insert(pairs, &key, pair);
    }
    if (pinfo->ptype == PT_TCP)
        pair->over_tcp += packets;
    else
        pair->over_udp += packets;
    total += packets;
}

void hik_stray_rtp_take(packet_info *pinfo, tvbuff_t *tvb)
{
    struct hik_ends_key key = {{&pinfo->src, &pinfo->dst}, {(uint16_t)pinfo->srcport, (uint16_t)pinfo->destport}, 0};
    struct stray *stray, before;

    hik_session_saw(pinfo);
    if (tvb_captured_length(tvb) < 12 || (tvb_get_uint8(tvb, 0) & 0xC0) != 0x80)
        return;
    if (pinfo->ptype == PT_TCP) { /* found by its frames and its payload, and each packet told of once */
        count(pinfo, 1);
        return;
    }
    if (pinfo->ptype != PT_UDP)
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
    const struct pair *pair = (const struct pair *)value;

    (*each)(ends->addr[0], ends->addr[1], pair->over_udp + pair->over_tcp);
}

void hik_stray_rtp_each(void (*each)(const address *a, const address *b, uint32_t packets))
{
    wmem_map_foreach(pairs, call_back, &each);
}

static void claim(struct hik_session *session, const address *a, const address *b)
{
    struct hik_ends_key key = pair_key(a, b);
    struct claim *newest = (struct claim *)wmem_map_lookup(claims, &key), *one;

    if (newest && newest->session == session)
        return;
    one = wmem_new(wmem_file_scope(), struct claim);
    one->session = session;
    one->older = newest;
    hik_ends_key_insert(claims, &key, one);
}

void hik_stray_rtp_claim(packet_info *pinfo, struct hik_session *session, const struct hik_description *sdp)
{
    const struct hik_media_line *line = hik_description_first_line(sdp);

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    claim(session, &session->caller.addr, &session->callee.addr);
    if (line && line->addr_ok)
        claim(session, &line->endpoint.addr, &pinfo->dst);
}

struct hik_session *hik_stray_rtp_session(packet_info *pinfo)
{
    struct hik_session *found = NULL;
    const struct claim *one;
    struct hik_ends_key key;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (wmem_map_size(claims) == 0)
        return NULL;
    key = pair_key(&pinfo->src, &pinfo->dst);
    one = (const struct claim *)wmem_map_lookup(claims, &key);
    for (unsigned i = 0; one && i < MAX_CLAIMS; one = one->older, i++) {
        if (hik_session_is_over(one->session) || one->session == found)
            continue;
        if (found)
            return NULL;
        found = one->session;
    }
    return found;
}

bool hik_stray_rtp_is_expected(packet_info *pinfo, tvbuff_t *tvb)
{
    struct hik_ends_key key = {{&pinfo->src, &pinfo->dst}, {(uint16_t)pinfo->srcport, (uint16_t)pinfo->destport}, 0};
    const struct stray *stray;
    uint8_t type;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    /* no padding, no extension, no contributing sources, and more than the header */
    if (pinfo->ptype != PT_UDP || tvb_captured_length(tvb) < 12 || tvb_reported_length(tvb) <= 12 || tvb_get_uint8(tvb, 0) != 0x80)
        return false;
    type = tvb_get_uint8(tvb, 1) & 0x7F;
    if (type > 34 && type < 96) /* not assigned, or RTCP with its marker bit (RFC 3551 6) */
        return false;
    if (hik_stray_rtp_session(pinfo) || hik_cut_unplaced(&pinfo->src, &pinfo->dst))
        return true;
    if (!hik_cut_any())
        return false;
    hik_stray_rtp_take(pinfo, tvb);
    stray = (const struct stray *)wmem_map_lookup(strays, &key);
    return stray && stray->sure;
}

uint32_t hik_stray_rtp(const address *a, const address *b)
{
    return a && b ? hik_stray_rtp_over(a, b, false) + hik_stray_rtp_over(a, b, true) : total;
}

uint32_t hik_stray_rtp_over(const address *a, const address *b, bool tcp)
{
    struct hik_ends_key key = pair_key(a, b);
    const struct pair *pair = (const struct pair *)wmem_map_lookup(pairs, &key);

    return !pair ? 0 : tcp ? pair->over_tcp : pair->over_udp;
}
