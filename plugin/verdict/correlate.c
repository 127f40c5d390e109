/* correlate.c
 * Compares all sessions of the capture with each other, in one go over a few hash tables.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "correlate.h"

#include <string.h>

#include "key.h"
#include "rtp-flow.h"
#include "parts.h"
#include "stray-rtp.h"

/* Made from what was known then, on any pass; emptied with the capture. */
static struct summary {
    uint32_t known;          /* up to this frame */
    wmem_allocator_t *pool;  /* of what is forgotten when something new comes */
    struct hik_capture_summary capture;
    wmem_map_t *relations; /* struct hik_session -> struct hik_relation, only sessions that have one; NULL: never made */
} summary;

/* A key of the tables below. Lives until hik_correlate() returns; what it points to is the sessions'. */
struct key {
    uint32_t number;
    const address *addr;  /* or id */
    const char *text, *id; /* NULL: none */
};

static void reset_summary(void)
{
    if (summary.pool)
        wmem_destroy_allocator(summary.pool);
    memset(&summary, 0, sizeof summary);
}

void hik_correlate_register(void)
{
    register_cleanup_routine(reset_summary);
}

const struct hik_relation *hik_correlate_relation(const struct hik_session *session)
{
    return (const struct hik_relation *)wmem_map_lookup(summary.relations, session);
}

static guint key_hash(gconstpointer p)
{
    const struct key *key = (const struct key *)p;
    const uint32_t words[] = {key->number, hik_address_hash(key->addr), key->text ? wmem_str_hash(key->text) : 0,
                              key->id ? wmem_str_hash(key->id) : 0};

    return wmem_strong_hash((const uint8_t *)words, sizeof words);
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
    const struct key *x = (const struct key *)a, *y = (const struct key *)b;

    return x->number == y->number && addresses_equal(x->addr, y->addr) &&
           g_strcmp0(x->text, y->text) == 0 && g_strcmp0(x->id, y->id) == 0;
}

static guint address_hash(gconstpointer p)
{
    return add_address_to_hash(17, (const address *)p);
}

static gboolean address_equal(gconstpointer a, gconstpointer b)
{
    return addresses_equal((const address *)a, (const address *)b);
}

/* Puts the session under the key and returns the one that was there before. */
static const struct hik_session *swap_in(GHashTable *table, const struct key *key, const struct hik_session *session)
{
    const struct hik_session *before = (const struct hik_session *)g_hash_table_lookup(table, key);
    struct key *copy = g_new(struct key, 1);

    *copy = *key;
    g_hash_table_replace(table, copy, (gpointer)session);
    return before;
}

static const nstime_t *session_end(const struct hik_session *session)
{
    return session->bye_frame ? &session->bye_time : &session->end;
}

static bool overlap(const struct hik_session *early, const struct hik_session *late)
{
    return nstime_cmp(session_end(early), &late->first_time) > 0;
}

static struct hik_relation *relation_of(struct summary *all, const struct hik_session *session)
{
    struct hik_relation *kept = (struct hik_relation *)wmem_map_lookup(all->relations, session);

    if (!kept) {
        kept = wmem_new0(all->pool, struct hik_relation);
        wmem_map_insert(all->relations, session, kept);
    }
    return kept;
}

static void find_shared_ssrc(struct summary *all, GHashTable *table, const struct hik_session *session)
{
    const struct hik_media_line *line = hik_description_first_line(hik_session_caller_sdp(session));
    const struct hik_session *before;
    struct key key = {0, NULL, NULL, NULL};
    struct hik_relation *mine, *theirs;

    if (!line || !line->addr_ok || !session->answer_frame || !hik_session_expected_ssrc(session, &key.number) ||
        key.number == HIK_SSRC_HIKVISION || key.number == 0)
        return;
    key.addr = &line->endpoint.addr;
    before = swap_in(table, &key, session);
    /* A platform that changes cameras may say the next INVITE before the BYE: nothing flows before the answer. */
    if (!before || nstime_cmp(session_end(before), &session->final_time) <= 0)
        return;
    mine = relation_of(all, session);
    theirs = relation_of(all, before);
    mine->shared = before;
    theirs->shared = session;
    mine->same_port = theirs->same_port = hik_description_first_line(hik_session_caller_sdp(before))->endpoint.port == line->endpoint.port;
}

/* Remembers who calls and who is called; returns a session in which one of them has the other part. */
static const struct hik_session *meet(GHashTable *callers, GHashTable *callees, const struct key *caller,
                                      const struct key *callee, const struct hik_session *session)
{
    const struct hik_session *other = (const struct hik_session *)g_hash_table_lookup(callees, caller);

    if (!other)
        other = (const struct hik_session *)g_hash_table_lookup(callers, callee);
    swap_in(callers, caller, session);
    swap_in(callees, callee, session);
    return other;
}

/* The platform in the middle is called for a camera, and calls for it itself. It is known by its address, or, where it
 * has one for each side, by its ID. */
static void find_cascade(struct summary *all, GHashTable *callers, GHashTable *callees, const struct hik_session *session)
{
    static const address none = ADDRESS_INIT_NONE;
    const struct key as_caller = {0, &session->caller.addr, session->camera, NULL};
    const struct key as_callee = {0, &session->callee.addr, session->camera, NULL};
    const struct key caller_id = {0, &none, session->camera, session->caller_id};
    const struct key callee_id = {0, &none, session->camera, session->callee_id};
    const struct hik_session *other, *by_id = NULL;

    if (!session->camera || session->caller.addr.type == AT_NONE || session->callee.addr.type == AT_NONE)
        return;
    other = meet(callers, callees, &as_caller, &as_callee, session);
    if (session->caller_id && session->callee_id && strcmp(session->caller_id, session->callee_id) != 0)
        by_id = meet(callers, callees, &caller_id, &callee_id, session);
    if (!other)
        other = by_id;
    if (!other || !overlap(other, session))
        return;
    /* Two platforms that call each other for one camera are a loop of two, not a cascade of three. */
    if (addresses_equal(&other->caller.addr, &session->callee.addr) &&
        addresses_equal(&other->callee.addr, &session->caller.addr))
        return;
    relation_of(all, session)->cascade = other;
    if (!relation_of(all, other)->cascade)
        relation_of(all, other)->cascade = session;
}

wmem_allocator_t *hik_correlate_pool(void)
{
    return summary.pool;
}

const struct hik_capture_summary *hik_correlate(void)
{
    struct summary *all = &summary;
    unsigned count = hik_session_count(), flows = hik_flow_count();
    uint32_t newest = hik_session_newest_frame();
    GHashTable *tables[3];
    GHashTable *heard, *acknowledged; /* addresses of callees */
    bool rtcp = false, rtcp_sent = false;

    if (all->relations && all->known == newest)
        return &all->capture;
    if (all->pool)
        wmem_free_all(all->pool);
    else
        all->pool = wmem_allocator_new(WMEM_ALLOCATOR_BLOCK);
    all->known = newest;
    memset(&all->capture, 0, sizeof all->capture);
    all->capture.end = *hik_session_last_message_time();
    all->capture.has_rtp = all->capture.has_media = flows > 0 || hik_stray_rtp(NULL, NULL) > 0;
    all->relations = wmem_map_new(all->pool, g_direct_hash, g_direct_equal);
    for (size_t i = 0; i < array_length(tables); i++)
        tables[i] = g_hash_table_new_full(key_hash, key_equal, g_free, NULL);
    heard = g_hash_table_new(address_hash, address_equal);
    acknowledged = g_hash_table_new(address_hash, address_equal);
    for (unsigned i = 0; i < count; i++) {
        struct hik_session *session = hik_session_get(i);
        const struct hik_media_sum media = hik_media_sum(session);

        if (session->tcp_syn_frame || session->tcp_data_frame || session->unreachable > 0)
            all->capture.has_media = true;
        rtcp |= session->rtcp_packets > 0;
        rtcp_sent |= session->rtcp_sent > 0;
        session->verdict = NULL;
        session->end = session->last_time;
        if (media.packets > 0 && nstime_cmp(&media.last, &session->end) > 0)
            session->end = media.last;
        if (nstime_cmp(&session->end, &all->capture.end) > 0)
            all->capture.end = session->end;
        if (session->heard_callee)
            g_hash_table_add(heard, &session->callee.addr);
        else if (session->ack_frame)
            g_hash_table_add(acknowledged, &session->callee.addr);
        find_shared_ssrc(all, tables[0], session);
        find_cascade(all, tables[1], tables[2], session);
    }
    for (unsigned i = 0; i < count; i++) {
        struct hik_session *session = hik_session_get(i);

        if (g_hash_table_contains(acknowledged, &session->callee.addr) && !g_hash_table_contains(heard, &session->callee.addr))
            relation_of(all, session)->callee_unheard = true;
    }
    g_hash_table_destroy(heard);
    g_hash_table_destroy(acknowledged);
    all->capture.has_media |= rtcp && !rtcp_sent;
    for (size_t i = 0; i < array_length(tables); i++)
        g_hash_table_destroy(tables[i]);
    return &all->capture;
}
