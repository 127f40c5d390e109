/* copies.c
 * Recognises copies of a UDP datagram, or of a TCP segment in which SIP ends, by the IP identification (RFC 791 3.2,
 * RFC 6864) and by its bytes, among those of the last fraction of a second. Fixed tables: they cost the same whatever the
 * capture holds.
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

/* So many segments are remembered, with so much of what ends in them. */
enum { SEGMENTS = 16, SEGMENT_RECORDS = 4 };

/* A TCP segment in which something ends. */
struct segment {
    uint64_t hash;   /* of its ends and its bytes */
    nstime_t time;
    uint32_t frame;
    uint32_t seq, length;
    uint16_t id;
    unsigned count;  /* of records; 0: the place is empty */
    void *records[SEGMENT_RECORDS];
};

enum { BUCKETS = 1 << 11, WAYS = 4 };
/* Static, emptied with the capture; first pass. */
static struct hik_datagram *table; /* BUCKETS times WAYS, NULL until it is needed */
static uint64_t seed; /* so that nobody can make two datagrams alike */
static struct segment segments[SEGMENTS]; /* the next one is written over the oldest */
static unsigned next_segment;
/* The segment being dissected. frame 0: none. */
static struct at_hand {
    uint32_t frame, seq;
    tvbuff_t *tvb;                  /* its payload */
    uint16_t src_port, dst_port;
    const struct segment *copy_of;  /* NULL: of none */
    unsigned told;                  /* of that one's records */
    struct segment *ended;          /* its own place; NULL: it has none */
} at_hand;

static void reset(void)
{
    g_free(table);
    table = NULL;
    memset(segments, 0, sizeof segments);
    next_segment = 0;
    memset(&at_hand, 0, sizeof at_hand);
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
    if (bytes == src + 16 && src[-12] == 0x45) /* right behind the headers of IP, without options, and of UDP */
        return (uint16_t)(src[-8] << 8 | src[-7]);
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

static uint64_t hash_of(packet_info *pinfo, const uint8_t *bytes, unsigned length, uint32_t src_port, uint32_t dst_port)
{
    uint64_t hash;

    if (!seed)
        seed = (uint64_t)g_random_int() << 32 | g_random_int() | 1;
    hash = mix_bytes(mix_bytes(seed, (const uint8_t *)pinfo->src.data, (unsigned)pinfo->src.len),
                     (const uint8_t *)pinfo->dst.data, (unsigned)pinfo->dst.len);
    return mix(mix_bytes(hash, bytes, length), (uint64_t)(src_port & 0xFFFF) << 32 | (dst_port & 0xFFFF) << 16 | (length & 0xFFFF));
}

/* Copies are of the same moment, whatever the order of their records. */
static bool is_soon(packet_info *pinfo, const nstime_t *time, bool same_id)
{
    double most = same_id ? COPY_SECONDS : COPY_SECONDS_UNMARKED, seconds;
    nstime_t since;

    nstime_delta(&since, &pinfo->abs_ts, time);
    seconds = nstime_to_sec(&since);
    return seconds > -most && seconds < most;
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
    if (!table)
        table = g_new0(struct hik_datagram, BUCKETS * WAYS);
    hash = hash_of(pinfo, bytes, length, pinfo->srcport, pinfo->destport);
    bucket = oldest = &table[(hash & (BUCKETS - 1)) * WAYS];
    for (unsigned i = 0; i < WAYS; i++) {
        struct hik_datagram *one = &bucket[i];

        if (one->frame && one->hash == hash) {
            if (one->frame == pinfo->num || is_soon(pinfo, &one->time, id && one->id == id)) {
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

void hik_segment_begin(packet_info *pinfo, tvbuff_t *tvb, uint16_t src_port, uint16_t dst_port, uint32_t seq)
{
    uint32_t length = tvb_captured_length(tvb);

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    at_hand = (struct at_hand){.frame = pinfo->num, .tvb = tvb, .src_port = src_port, .dst_port = dst_port, .seq = seq};
    for (unsigned i = 0; i < SEGMENTS && segments[i].count > 0 && !at_hand.copy_of; i++) { /* filled in order */
        const struct segment *one = &segments[i];
        const uint8_t *bytes;
        uint16_t id;

        if (one->seq != seq || one->length != length)
            continue;
        bytes = tvb_get_ptr(tvb, 0, (int)length);
        id = hik_datagram_id(pinfo, tvb, bytes);
        /* TCP sends again sooner than SIP does, and under another identification */
        if (id == one->id && is_soon(pinfo, &one->time, id != 0) && one->hash == hash_of(pinfo, bytes, length, src_port, dst_port))
            at_hand.copy_of = one;
    }
}

bool hik_segment_place(packet_info *pinfo, uint32_t *begin, uint32_t *end)
{
    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (at_hand.frame != pinfo->num)
        return false;
    *begin = at_hand.seq;
    *end = at_hand.seq + tvb_reported_length(at_hand.tvb);
    return true;
}

void *hik_segment_copy(packet_info *pinfo, uint32_t *frame)
{
    const struct segment *one = at_hand.frame == pinfo->num ? at_hand.copy_of : NULL;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (!one || at_hand.told == one->count)
        return NULL;
    *frame = one->frame;
    return one->records[at_hand.told++];
}

void hik_segment_ends(packet_info *pinfo, void *record)
{
    struct segment *segment;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (at_hand.frame != pinfo->num || at_hand.copy_of)
        return;
    if (!at_hand.ended) {
        const uint8_t *bytes;

        segment = &segments[next_segment];
        next_segment = (next_segment + 1) % SEGMENTS;
        at_hand.ended = segment;
        memset(segment, 0, sizeof *segment);
        segment->length = tvb_captured_length(at_hand.tvb);
        bytes = tvb_get_ptr(at_hand.tvb, 0, (int)segment->length);
        segment->frame = pinfo->num;
        segment->time = pinfo->abs_ts;
        segment->seq = at_hand.seq;
        segment->id = hik_datagram_id(pinfo, at_hand.tvb, bytes);
        segment->hash = hash_of(pinfo, bytes, segment->length, at_hand.src_port, at_hand.dst_port);
    }
    segment = at_hand.ended;
    if (segment->count < SEGMENT_RECORDS)
        segment->records[segment->count++] = record;
}
