/* copies.c
 * Recognises copies of a UDP datagram by the IP identification (RFC 791 3.2, RFC 6864) and by its bytes, among those of
 * the last fraction of a second. A fixed table: it costs the same whatever the capture holds.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "copies.h"

#include <string.h>

/* Who sends again does it after RFC 3261's T1 (0.5 s) at the soonest, under another identification. */
#define COPY_SECONDS 0.25
/* Without an identification (IPv6, and RFC 6864's atomic datagrams), or with different ones, only the time tells a copy
 * from a packet sent again. */
#define COPY_SECONDS_UNMARKED 0.05

enum { BUCKETS = 1 << 11, WAYS = 4 };
/* Static, emptied with the capture; first pass. */
static struct hik_datagram *table; /* BUCKETS times WAYS, NULL until it is needed */
static uint64_t seed; /* so that nobody can make two datagrams alike */

static void reset(void)
{
    g_free(table);
    table = NULL;
}

void hik_copies_register(void)
{
    register_cleanup_routine(reset);
}

uint16_t hik_datagram_id(packet_info *pinfo, tvbuff_t *tvb, const uint8_t *bytes)
{
    const uint8_t *src = (const uint8_t *)pinfo->src.data;
    uintptr_t begin;

    if (pinfo->src.type != AT_IPv4 || pinfo->dst.type != AT_IPv4 || (const uint8_t *)pinfo->dst.data != src + 4)
        return 0;
    /* Do the addresses stand in front of the datagram, in an IP header? Compared as numbers: they may be of another buffer. */
    begin = (uintptr_t)bytes - (uintptr_t)tvb_raw_offset(tvb);
    if ((uintptr_t)src < begin + 12 || (uintptr_t)src + 8 > (uintptr_t)bytes || src[-12] >> 4 != 4)
        return 0;
    return (uint16_t)(src[-8] << 8 | src[-7]);
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 29;
}

/* Eight bytes at a time. */
static uint64_t mix_bytes(uint64_t hash, const uint8_t *bytes, unsigned length)
{
    uint64_t word;

    for (; length >= sizeof word; bytes += sizeof word, length -= (unsigned)sizeof word) {
        memcpy(&word, bytes, sizeof word);
        hash = mix(hash, word);
    }
    word = 0;
    memcpy(&word, bytes, length);
    return mix(hash, word);
}

struct hik_datagram *hik_datagram_take(packet_info *pinfo, tvbuff_t *tvb, bool *copy)
{
    unsigned length = tvb_captured_length(tvb);
    struct hik_datagram *bucket, *oldest;
    const uint8_t *bytes;
    uint64_t hash;
    uint16_t id;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    *copy = false;
    if (pinfo->ptype != PT_UDP || length == 0 || length < tvb_reported_length(tvb) || pinfo->src.len <= 0 || pinfo->dst.len <= 0)
        return NULL;
    bytes = tvb_get_ptr(tvb, 0, (int)length);
    id = hik_datagram_id(pinfo, tvb, bytes);
    if (!table) {
        table = g_new0(struct hik_datagram, BUCKETS * WAYS);
        seed = (uint64_t)g_random_int() << 32 | g_random_int();
    }
    hash = mix_bytes(mix_bytes(seed, (const uint8_t *)pinfo->src.data, (unsigned)pinfo->src.len),
                     (const uint8_t *)pinfo->dst.data, (unsigned)pinfo->dst.len);
    hash = mix(mix_bytes(hash, bytes, length), (uint64_t)(pinfo->srcport & 0xFFFF) << 32 | (pinfo->destport & 0xFFFF) << 16 | (length & 0xFFFF));
    bucket = oldest = &table[(hash & (BUCKETS - 1)) * WAYS];
    for (unsigned i = 0; i < WAYS; i++) {
        struct hik_datagram *one = &bucket[i];

        if (one->frame && one->hash == hash) {
            double most = id && one->id == id ? COPY_SECONDS : COPY_SECONDS_UNMARKED, seconds;
            nstime_t since;

            nstime_delta(&since, &pinfo->abs_ts, &one->time);
            seconds = nstime_to_sec(&since);
            if (one->frame == pinfo->num || (seconds > -most && seconds < most)) {
                *copy = one->frame != pinfo->num;
                return one;
            }
            if (one->id == id) { /* sent again, or the identification came round */
                oldest = one;
                break;
            }
        }
        if (one->frame < oldest->frame)
            oldest = one;
    }
    oldest->hash = hash;
    oldest->time = pinfo->abs_ts;
    oldest->frame = pinfo->num;
    oldest->id = id;
    oldest->record = NULL;
    return oldest;
}
