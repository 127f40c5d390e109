/* facts.c
 * Collects what is known of a session into plain facts: directions of the media (RFC 3264 clauses 5 and 6, with what
 * GB/T 28181 means where the SDP says nothing), times, and what only a look at all sessions shows: the same SSRC twice
 * to one receiver, and a camera that passes through a platform in the middle.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "facts.h"

#include <string.h>

#include <epan/to_str.h>

/* What session.c has no place for. File scope; first pass, facts.c only. */
struct extra {
    nstime_t ack_time, cancel_time;
    unsigned invites;      /* initial INVITEs since the last challenge */
    uint16_t challenge;    /* 401 or 407 to the INVITE, 0 again when an INVITE followed */
    unsigned unreachable;  /* ICMP errors before the BYE */
    uint32_t unreachable_frame, unreachable_last; /* first and last of them */
    struct hik_endpoint unreachable_what; /* of the first; its address is file scope */
};

/* About the capture. File scope. */
struct overview {
    uint32_t messages;     /* SIP messages so far; first pass */
    nstime_t last_message; /* time of the newest */
    /* Made by survey() from what was known then; any pass. */
    bool surveyed;
    uint32_t surveyed_messages, surveyed_flows;
    nstime_t end;          /* last packet of ours */
    bool has_rtp;
    wmem_map_t *relations; /* struct hik_session -> struct relation; only sessions that have one */
};

/* What a session has to do with others. File scope, made by survey(). */
struct relation {
    const struct hik_session *shared;  /* same SSRC to the same receiver at the same time */
    bool same_port;
    const struct hik_session *cascade; /* the same camera, passed on by a platform that is in both */
};

/* A key of survey()'s tables. Lives until survey() returns; what it points to is the sessions'. */
struct survey_key {
    uint32_t number;
    const address *addr;  /* or id */
    const char *text, *id; /* NULL: none */
};

static wmem_map_t *extras;       /* struct hik_session -> struct extra */
static wmem_map_t *overview_map; /* one struct overview */
static wmem_map_t *watches;      /* struct hik_platforms -> struct hik_watch */

void hik_facts_register(void)
{
    extras = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), g_direct_hash, g_direct_equal);
    watches = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), g_direct_hash, g_direct_equal);
    overview_map = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), g_direct_hash, g_direct_equal);
}

static struct overview *overview(void)
{
    struct overview *kept = (struct overview *)wmem_map_lookup(overview_map, GUINT_TO_POINTER(1));

    if (!kept) {
        kept = wmem_new0(wmem_file_scope(), struct overview);
        wmem_map_insert(overview_map, GUINT_TO_POINTER(1), kept);
    }
    return kept;
}

static const struct extra *extra_of(const struct hik_session *session)
{
    static const struct extra none;
    const struct extra *kept = (const struct extra *)wmem_map_lookup(extras, session);

    return kept ? kept : &none;
}

static struct extra *make_extra(const struct hik_session *session)
{
    struct extra *extra = (struct extra *)wmem_map_lookup(extras, session);

    if (!extra) {
        extra = wmem_new0(wmem_file_scope(), struct extra);
        wmem_map_insert(extras, session, extra);
    }
    return extra;
}

void hik_facts_unreachable(packet_info *pinfo, const struct hik_session *session, const address *addr, uint16_t port)
{
    struct extra *extra = make_extra(session);

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (session->bye_frame) /* the receiver closed its port, as it should */
        return;
    if (extra->unreachable_last == pinfo->num) /* asked again for the other port */
        return;
    extra->unreachable_last = pinfo->num;
    if (extra->unreachable++ == 0) {
        extra->unreachable_frame = pinfo->num;
        copy_address_wmem(wmem_file_scope(), &extra->unreachable_what.addr, addr);
        extra->unreachable_what.port = port;
    }
}

void hik_facts_take(packet_info *pinfo, const struct hik_message *message)
{
    struct overview *all = overview();
    struct hik_session *session = message->session;
    struct extra *extra;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    all->messages++;
    all->last_message = pinfo->abs_ts;
    if (!session)
        return;
    extra = make_extra(session);
    if (message->method == HIK_METHOD_ACK && session->ack_frame == pinfo->num)
        extra->ack_time = pinfo->abs_ts;
    if (message->method == HIK_METHOD_CANCEL && message->is_request && session->cancel_frame == pinfo->num)
        extra->cancel_time = pinfo->abs_ts;
    if (message->method == HIK_METHOD_INVITE) {
        if (message->is_request) {
            if (extra->challenge && !message->retransmission) { /* begins anew, with credentials */
                extra->challenge = 0;
                extra->invites = 0;
            }
            if (session->reinvite_frame != pinfo->num)
                extra->invites++;
        } else if ( message->status == 401 || message->status == 407) {
            extra->challenge = message->status;
        }
    }
}

static double seconds_between(const nstime_t *from, const nstime_t *to)
{
    nstime_t delta;

    nstime_delta(&delta, to, from);
    return nstime_to_sec(&delta);
}

const struct hik_watch *hik_facts_watch(const struct hik_platforms *pair)
{
    static const struct hik_watch none;
    const struct hik_watch *kept = (const struct hik_watch *)wmem_map_lookup(watches, pair);

    return kept ? kept : &none;
}

static struct hik_watch *make_watch(const struct hik_platforms *pair)
{
    struct hik_watch *watch = (struct hik_watch *)wmem_map_lookup(watches, pair);

    if (!watch) {
        watch = wmem_new0(wmem_file_scope(), struct hik_watch);
        wmem_map_insert(watches, pair, watch);
    }
    return watch;
}

bool hik_facts_first_expired(packet_info *pinfo, const struct hik_platforms *pair)
{
    struct hik_watch *watch = make_watch(pair);
    bool first = watch->expired != pair->register_answer_frame;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    watch->expired = pair->register_answer_frame;
    return first;
}

double hik_facts_silence(packet_info *pinfo, const struct hik_platforms *pair, double *period)
{
    struct hik_watch *watch;
    double silence = 0, since;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (!pair->keepalive_frame)
        return 0;
    watch = make_watch(pair);
    since = watch->frame ? seconds_between(&watch->time, &pinfo->abs_ts) : 0;
    *period = watch->period;
    if (watch->distances >= 2 && !watch->reported && since > HIK_KEEPALIVE_MISSED * watch->period) {
        watch->reported = true;
        watch->gaps++;
        silence = since;
    }
    if (pair->keepalive_frame != watch->frame) {
        if (watch->frame && since >= HIK_KEEPALIVE_MIN) {
            double longer = MAX(since, watch->distance);

            if (watch->distances++ > 0 && (watch->period == 0 || longer < watch->period))
                watch->period = longer;
            watch->distance = since;
            if (since > watch->longest)
                watch->longest = since;
        }
        watch->frame = pair->keepalive_frame;
        watch->time = pair->keepalive_time;
        watch->reported = false;
    }
    return silence;
}

/* ---- texts and addresses ---------------------------------------------------------------------------------------- */

struct hik_endpoint_text hik_endpoint_print(const address *addr, uint16_t port)
{
    struct hik_endpoint_text text = {""};
    char plain[48];

    if (addr->type == AT_NONE)
        return text;
    address_to_str_buf(addr, plain, sizeof plain);
    snprintf(text.s, sizeof text.s, addr->type == AT_IPv6 ? "[%s]:%u" : "%s:%u", plain, port);
    return text;
}

static struct hik_endpoint_text print_address(const address *addr)
{
    struct hik_endpoint_text text = {""};

    if (addr->type != AT_NONE)
        address_to_str_buf(addr, text.s, sizeof text.s);
    return text;
}

/* Keeps a text in the case and returns it, NULL if it is empty. */
static const char *keep(struct hik_endpoint_text *slot, struct hik_endpoint_text text)
{
    *slot = text;
    return slot->s[0] != '\0' ? slot->s : NULL;
}

enum hik_address_class hik_facts_class(const address *addr)
{
    if (addr->type != AT_IPv4 && addr->type != AT_IPv6)
        return HIK_ADDR_UNKNOWN;
    return hik_address_classify((const uint8_t *)addr->data, (size_t)addr->len);
}

const char *hik_facts_bad_address(const struct hik_media_line *line, const address *peer)
{
    if (!line->addr_ok)
        return NULL;
    switch (hik_facts_class(&line->endpoint.addr)) {
    case HIK_ADDR_PRIVATE:
        return hik_facts_class(peer) == HIK_ADDR_PUBLIC ? "a private address, and the peer is public" : NULL;
    case HIK_ADDR_LOOPBACK:
        return hik_facts_class(peer) != HIK_ADDR_LOOPBACK ? "the loopback address" : NULL;
    case HIK_ADDR_ANY:
        return "no address to send to";
    default:
        return NULL;
    }
}

bool hik_facts_is_ps(const char *encoding)
{
    static const char *const names[] = {"PS", "MPEG-PS", "MP2P"};

    for (size_t i = 0; encoding && i < array_length(names); i++)
        if (g_ascii_strcasecmp(encoding, names[i]) == 0)
            return true;
    return false;
}

const struct hik_description *hik_facts_caller_sdp(const struct hik_session *session)
{
    return session->offer.by_callee ? &session->answer : &session->offer;
}

const struct hik_description *hik_facts_callee_sdp(const struct hik_session *session)
{
    return session->offer.by_callee ? &session->offer : &session->answer;
}

/* ---- all sessions at once --------------------------------------------------------------------------------------- */

static guint survey_hash(gconstpointer p)
{
    const struct survey_key *key = (const struct survey_key *)p;
    guint hash = add_address_to_hash(key->number * 2654435761u, key->addr);

    if (key->text)
        hash ^= g_str_hash(key->text);
    return key->id ? hash * 31 + g_str_hash(key->id) : hash;
}

static gboolean survey_equal(gconstpointer a, gconstpointer b)
{
    const struct survey_key *x = (const struct survey_key *)a, *y = (const struct survey_key *)b;

    return x->number == y->number && addresses_equal(x->addr, y->addr) &&
           g_strcmp0(x->text, y->text) == 0 && g_strcmp0(x->id, y->id) == 0;
}

/* Puts the session under the key and returns the one that was there before. */
static const struct hik_session *swap_in(GHashTable *table, const struct survey_key *key, const struct hik_session *session)
{
    const struct hik_session *before = (const struct hik_session *)g_hash_table_lookup(table, key);
    struct survey_key *copy = g_new(struct survey_key, 1);

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

static struct relation *relation_of(struct overview *all, const struct hik_session *session)
{
    struct relation *kept = (struct relation *)wmem_map_lookup(all->relations, session);

    if (!kept) {
        kept = wmem_new0(wmem_file_scope(), struct relation);
        wmem_map_insert(all->relations, session, kept);
    }
    return kept;
}

static const struct hik_media_line *first_line(const struct hik_description *sdp)
{
    return sdp->frame && sdp->media_count > 0 ? &sdp->media[0] : NULL;
}

static void survey_ssrc(struct overview *all, GHashTable *table, const struct hik_session *session)
{
    const struct hik_media_line *line = first_line(hik_facts_caller_sdp(session));
    const struct hik_session *before;
    struct survey_key key = {0, NULL, NULL, NULL};
    struct relation *mine, *theirs;

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
    mine->same_port = theirs->same_port = first_line(hik_facts_caller_sdp(before))->endpoint.port == line->endpoint.port;
}

/* Remembers who calls and who is called; returns a session in which one of them has the other part. */
static const struct hik_session *meet(GHashTable *callers, GHashTable *callees, const struct survey_key *caller,
                                      const struct survey_key *callee, const struct hik_session *session)
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
static void survey_cascade(struct overview *all, GHashTable *callers, GHashTable *callees, const struct hik_session *session)
{
    static const address none = ADDRESS_INIT_NONE;
    const struct survey_key as_caller = {0, &session->caller.addr, session->camera, NULL};
    const struct survey_key as_callee = {0, &session->callee.addr, session->camera, NULL};
    const struct survey_key caller_id = {0, &none, session->camera, session->caller_id};
    const struct survey_key callee_id = {0, &none, session->camera, session->callee_id};
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

/* Who waits for the media connection: the passive side, else the caller. */
static const struct hik_media_line *tcp_listener(const struct hik_session *session)
{
    const struct hik_media_line *caller = first_line(hik_facts_caller_sdp(session));
    const struct hik_media_line *callee = first_line(hik_facts_callee_sdp(session));

    if (!(caller && caller->tcp) && !(callee && callee->tcp))
        return NULL;
    if ((caller && caller->setup == HIK_SETUP_ACTIVE) || (callee && callee->setup == HIK_SETUP_PASSIVE))
        return callee;
    return caller;
}

static struct overview *survey(void)
{
    struct overview *all = overview();
    unsigned count = hik_session_count(), flows = hik_flow_count();
    GHashTable *tables[3];

    if (all->surveyed && all->surveyed_messages == all->messages && all->surveyed_flows == flows)
        return all;
    all->surveyed = true;
    all->surveyed_messages = all->messages;
    all->surveyed_flows = flows;
    all->end = all->last_message;
    all->has_rtp = flows > 0;
    all->relations = wmem_map_new(wmem_file_scope(), g_direct_hash, g_direct_equal);
    for (size_t i = 0; i < array_length(tables); i++)
        tables[i] = g_hash_table_new_full(survey_hash, survey_equal, g_free, NULL);
    for (unsigned i = 0; i < count; i++) {
        struct hik_session *session = hik_session_get(i);
        const struct hik_media_sum media = hik_media_sum(session);

        session->verdict = NULL;
        session->end = session->last_time;
        if (media.packets > 0 && nstime_cmp(&media.last, &session->end) > 0)
            session->end = media.last;
        if (nstime_cmp(&session->end, &all->end) > 0)
            all->end = session->end;
        survey_ssrc(all, tables[0], session);
        survey_cascade(all, tables[1], tables[2], session);
    }
    for (size_t i = 0; i < array_length(tables); i++)
        g_hash_table_destroy(tables[i]);
    return all;
}

const nstime_t *hik_facts_capture_end(void)
{
    return &survey()->end;
}

bool hik_facts_is_silent(const struct hik_platforms *pair)
{
    const struct hik_watch *watch = hik_facts_watch(pair);

    return watch->frame && !watch->reported && watch->distances >= 2 &&
           seconds_between(&watch->time, hik_facts_capture_end()) > HIK_KEEPALIVE_MISSED * watch->period;
}

/* ---- one session ------------------------------------------------------------------------------------------------ */

static bool is_end(const struct hik_media_line *line, const address *addr, uint16_t port)
{
    return line && line->addr_ok && line->endpoint.port == port && addresses_equal(&line->endpoint.addr, addr);
}

static bool is_any_end(const struct hik_description *sdp, const address *addr, uint16_t port)
{
    for (unsigned i = 0; sdp->frame && i < sdp->media_count; i++)
        if (is_end(&sdp->media[i], addr, port))
            return true;
    return false;
}

int hik_facts_line(const struct hik_session *session, const struct hik_flow *flow)
{
    const struct hik_description *sdps[] = {&session->offer, &session->answer};

    for (size_t k = 0; k < array_length(sdps); k++)
        for (unsigned i = 0; sdps[k]->frame && i < sdps[k]->media_count; i++)
            if (is_end(&sdps[k]->media[i], &flow->dst, flow->dst_port) || is_end(&sdps[k]->media[i], &flow->src, flow->src_port))
                return (int)i;
    return -1;
}

/* Flows of another m= line than the first, audio mostly, are not what the session is about. */
static bool is_beside(const struct hik_session *session, const struct hik_flow *flow)
{
    return hik_facts_line(session, flow) > 0;
}

/* 0: the flow goes to the caller, 1: to the callee. What the SDPs name decides, then the addresses of SIP. */
static unsigned flow_direction(const struct hik_session *session, const struct hik_flow *flow)
{
    const struct hik_description *caller = hik_facts_caller_sdp(session), *callee = hik_facts_callee_sdp(session);

    if (is_any_end(caller, &flow->dst, flow->dst_port) || is_any_end(callee, &flow->src, flow->src_port))
        return 0;
    if (is_any_end(callee, &flow->dst, flow->dst_port) || is_any_end(caller, &flow->src, flow->src_port))
        return 1;
    if (addresses_equal(&flow->dst, &session->caller.addr) || addresses_equal(&flow->src, &session->callee.addr))
        return 0;
    if (addresses_equal(&flow->dst, &session->callee.addr) || addresses_equal(&flow->src, &session->caller.addr))
        return 1;
    return 0;
}

bool hik_facts_is_astray(const struct hik_session *session, const struct hik_flow *flow)
{
    unsigned way = flow_direction(session, flow);
    const struct hik_description *receiver = way == 0 ? hik_facts_caller_sdp(session) : hik_facts_callee_sdp(session);
    const address *sip = way == 0 ? &session->caller.addr : &session->callee.addr;
    bool inside = hik_facts_class(&flow->dst) == HIK_ADDR_PRIVATE, astray = false;
    uint32_t expected;

    if (flow->tcp || !receiver->frame || !hik_session_expected_ssrc(session, &expected) || expected != flow->ssrc ||
        expected == HIK_SSRC_HIKVISION)
        return false;
    for (unsigned i = 0; i < receiver->media_count; i++) {
        const struct hik_media_line *line = &receiver->media[i];
        const address *addr = line->addr_ok ? &line->endpoint.addr : sip;

        if (!line->port_ok || line->endpoint.port == 0)
            continue;
        if (line->tcp || inside != (hik_facts_class(addr) == HIK_ADDR_PRIVATE) ||
            (line->endpoint.port == flow->dst_port && (addresses_equal(addr, &flow->dst) || addresses_equal(sip, &flow->dst))))
            return false;
        astray = true;
    }
    return astray;
}

static enum hik_role role(enum hik_sdp_setup setup)
{
    return setup == HIK_SETUP_ACTIVE ? HIK_ROLE_ACTIVE : setup == HIK_SETUP_PASSIVE ? HIK_ROLE_PASSIVE : HIK_ROLE_NONE;
}

/* Which way media is to go. GB/T 28181 players say recvonly and cameras sendonly; where nothing is said, whoever calls
 * for a camera gets its video. */
static void wanted_directions(const struct hik_session *session, const struct hik_media_line *caller,
                              const struct hik_media_line *callee, struct hik_facts *f)
{
    enum hik_sdp_attr a = caller ? caller->direction : HIK_ATTR_OTHER, b = callee ? callee->direction : HIK_ATTR_OTHER;
    bool audio = (caller && caller->audio) || (callee && callee->audio);

    f->leg[0].wanted = f->leg[1].wanted = false;
    if (a == HIK_ATTR_INACTIVE || b == HIK_ATTR_INACTIVE)
        return;
    if (a == HIK_ATTR_RECVONLY || (a != HIK_ATTR_SENDONLY && b == HIK_ATTR_SENDONLY)) {
        f->leg[0].wanted = true;
    } else if (a == HIK_ATTR_SENDONLY || b == HIK_ATTR_RECVONLY) {
        f->leg[1].wanted = true;
    } else {
        f->leg[0].wanted = true;
        f->leg[1].wanted = audio && (session->kind == HIK_KIND_TALK || a == HIK_ATTR_SENDRECV);
        /* sendrecv is also what SDP means by silence: only where it was said is a missing direction a fault */
        f->talk = f->leg[1].wanted && a == HIK_ATTR_SENDRECV && (!callee || b == HIK_ATTR_SENDRECV);
    }
}

bool hik_facts_is_announced(const struct hik_session *session, const struct hik_flow *flow)
{
    struct hik_facts facts;

    if (is_beside(session, flow))
        return false;
    wanted_directions(session, first_line(hik_facts_caller_sdp(session)), first_line(hik_facts_callee_sdp(session)), &facts);
    return flow_direction(session, flow) == 0 || !facts.leg[0].wanted;
}

static void collect_leg(const struct hik_session *session, unsigned way, const struct hik_media_line *receiver,
                        const struct hik_media_line *sender, struct hik_case *out)
{
    struct hik_leg *leg = &out->facts.leg[way];
    const struct hik_endpoint *receiver_sip = way == 0 ? &session->caller : &session->callee;
    const struct hik_endpoint *sender_sip = way == 0 ? &session->callee : &session->caller;
    const struct hik_flow *most = NULL, *stray = NULL;
    nstime_t first, last;

    if (receiver && receiver->addr_ok) {
        leg->to = keep(&out->to[way], hik_endpoint_print(&receiver->endpoint.addr, receiver->endpoint.port));
        leg->to_class = hik_facts_class(&receiver->endpoint.addr);
        leg->to_is_peer = addresses_equal(&receiver->endpoint.addr, &receiver_sip->addr);
    }
    if (sender && sender->addr_ok)
        leg->from = keep(&out->from[way], hik_endpoint_print(&sender->endpoint.addr, sender->endpoint.port));
    leg->sender_class = hik_facts_class(&sender_sip->addr);
    /* Who connects needs no port of its own. */
    leg->to_port_zero = receiver && receiver->port_ok && receiver->endpoint.port == 0 &&
                        !(receiver->tcp && receiver->setup == HIK_SETUP_ACTIVE);

    for (const struct hik_flow *flow = session->flows; flow; flow = flow->next_in_session) {
        if (flow->packets == 0 || flow_direction(session, flow) != way)
            continue;
        if (!most || nstime_cmp(&flow->first_time, &first) < 0)
            first = flow->first_time;
        if (!most || nstime_cmp(&flow->last_time, &last) > 0)
            last = flow->last_time;
        leg->packets += flow->packets;
        leg->expected += hik_flow_expected(flow);
        leg->lost += hik_flow_lost(flow);
        leg->duplicates += flow->duplicates;
        leg->reordered += flow->reordered;
        if (flow->after_ssrc_change && !is_beside(session, flow))
            leg->ssrcs++;
        if ((flow->judged & HIK_JUDGED_PAYLOAD_TYPE) && out->facts.undeclared_pt < 0)
            out->facts.undeclared_pt = flow->judged_pt;
        if (out->facts.has_ssrc && flow->ssrc == out->facts.ssrc) {
            leg->packets_expected_ssrc += flow->packets;
            if (flow->astray)
                leg->packets_astray += flow->packets;
        }
        if (flow->unnegotiated) {
            leg->packets_unnegotiated += flow->packets;
            if (!stray || flow->packets > stray->packets)
                stray = flow;
        }
        if (!most || is_beside(session, most) > is_beside(session, flow) ||
            (is_beside(session, most) == is_beside(session, flow) && flow->packets > most->packets))
            most = flow;
    }
    if (!most)
        return;
    leg->seen_from = keep(&out->seen_from[way], hik_endpoint_print(&most->src, most->src_port));
    leg->astray_same_port = most->astray && receiver && receiver->endpoint.port == most->dst_port;
    leg->seen_to = keep(&out->seen_to[way], hik_endpoint_print(&most->dst, most->dst_port));
    leg->ssrc = most->ssrc;
    leg->ssrcs++;
    leg->seconds = seconds_between(&first, &last);
    if (stray) {
        leg->unnegotiated_from = keep(&out->unnegotiated[way], hik_endpoint_print(&stray->src, stray->src_port));
        leg->unnegotiated_is_host = sender && sender->addr_ok && addresses_equal(&sender->endpoint.addr, &stray->src);
        leg->unnegotiated_is_peer = addresses_equal(&sender_sip->addr, &stray->src);
    }
    if (!out->main_flow || (leg->wanted && most->packets > out->main_flow->packets))
        out->main_flow = most;
}

static void collect_content(const struct hik_session *session, struct hik_case *out)
{
    struct hik_facts *f = &out->facts;

    for (const struct hik_flow *flow = session->flows; flow; flow = flow->next_in_session) {
        const struct hik_content *content = flow->content;

        f->frames += content->frames;
        f->key_frames += content->key_frames;
        f->ps_packets += content->ps_packets;
        f->not_ps_packets += content->not_ps_packets;
        if (!f->looks_like || flow == out->main_flow)
            f->looks_like = content->looks_like ? content->looks_like : f->looks_like;
        if (content->codec && (!f->codec || flow == out->main_flow))
            f->codec = content->codec;
        if (content->width && (!f->width || flow == out->main_flow)) {
            f->width = content->width;
            f->height = content->height;
        }
        if (content->frame_rate > 0 && (f->frame_rate <= 0 || flow == out->main_flow))
            f->frame_rate = content->frame_rate;
    }
    f->declared_ps = hik_facts_is_ps(out->sdp_codec);
    if (!f->codec && out->main_flow)
        f->codec = out->main_flow->content->audio_codec;
}

static void collect_times(const struct hik_session *session, const struct overview *all, const struct hik_media_sum *media,
                          struct hik_facts *f)
{
    const struct extra *extra = extra_of(session);
    const nstime_t *start = session->ack_frame ? &extra->ack_time
                          : session->final_frame ? &session->final_time
                          : session->first_media_frame ? &session->first_media_time : &session->first_time;

    if (session->invite_frame)
        f->after_invite = seconds_between(&session->invite_time, &all->end);
    if (session->cancel_frame)
        f->cancel_after = seconds_between(&session->invite_time, &extra->cancel_time);
    f->after_answer = seconds_between(start, session->bye_frame ? &session->bye_time : &all->end);
    if (session->first_media_frame) {
        f->first_media_after = seconds_between(start, &session->first_media_time);
        f->silence = seconds_between(&media->last, &all->end);
        if (session->bye_frame)
            f->after_bye_seconds = seconds_between(&session->bye_time, &media->last);
    }
    f->after_bye = media->after_bye;
}

void hik_facts_collect(const struct hik_session *session, struct hik_case *out)
{
    struct overview *all = survey();
    const struct hik_media_sum media = hik_media_sum(session);
    const struct relation *relation = (const struct relation *)wmem_map_lookup(all->relations, session);
    const struct hik_description *caller_sdp = hik_facts_caller_sdp(session), *callee_sdp = hik_facts_callee_sdp(session);
    const struct hik_media_line *caller = first_line(caller_sdp), *callee = first_line(callee_sdp);
    const struct hik_media_line *passive;
    const struct hik_description *announced = session->answer.has_y && session->answer.y_kind <= HIK_SSRC_LONG
                                            ? &session->answer : &session->offer;
    struct hik_facts *f = &out->facts;
    bool caller_is_lower = session->invite_direction == HIK_DIR_UP;

    memset(out, 0, sizeof *out);
    hik_facts_init(f);
    f->began_before = session->began_before;
    f->invites = extra_of(session)->invites;
    f->provisional = session->provisional_status;
    f->challenge = extra_of(session)->challenge;
    f->final_status = session->final_status;
    f->reason = session->final_reason;
    f->error_code = session->error_code;
    f->error_text = session->error_text;
    f->acked = session->ack_frame != 0;
    f->cancelled = session->cancel_frame != 0;
    f->bye = session->bye_frame != 0;
    f->unreachable = extra_of(session)->unreachable;
    f->unreachable_frame = extra_of(session)->unreachable_frame;
    f->unreachable_what = keep(&out->unreachable_what, hik_endpoint_print(&extra_of(session)->unreachable_what.addr,
                                                                          extra_of(session)->unreachable_what.port));
    /* where no answers were captured, the request has to do */
    f->reinvited = session->moved || (session->reinvite_frame && !session->final_frame);
    f->forks = session->answer_count;
    f->caller = keep(&out->caller, hik_endpoint_print(&session->caller.addr, session->caller.port));
    f->callee = keep(&out->callee, hik_endpoint_print(&session->callee.addr, session->callee.port));
    f->rtcp_packets = session->rtcp_packets;
    f->capture_has_rtp = all->has_rtp;
    f->paused = session->paused;
    collect_times(session, all, &media, f);

    f->has_ssrc = hik_session_expected_ssrc(session, &f->ssrc);
    f->ssrc_by_answer = f->has_ssrc && announced == &session->answer;
    f->ssrc_text = f->has_ssrc ? announced->y_text : NULL;
    out->sdp_codec = callee && callee->codec ? callee->codec : caller ? caller->codec : NULL;
    wanted_directions(session, caller, callee, f);
    collect_leg(session, 0, caller, callee, out);
    collect_leg(session, 1, callee, caller, out);
    collect_content(session, out);

    f->tcp = (caller && caller->tcp) || (callee && callee->tcp);
    f->offer_role = caller ? role(caller->setup) : HIK_ROLE_NONE;
    f->answer_role = callee ? role(callee->setup) : HIK_ROLE_NONE;
    f->tcp_syn = session->tcp_syn_frame != 0;
    f->tcp_up = session->tcp_accept_frame != 0 || session->tcp_data_frame != 0;
    f->tcp_refused = session->tcp_rst_frame != 0 && !f->tcp_up;
    passive = tcp_listener(session);
    if (passive && passive->addr_ok)
        f->tcp_to = keep(&out->tcp_to, hik_endpoint_print(&passive->endpoint.addr, passive->endpoint.port));

    if (relation && relation->shared) {
        f->shared_with = (int)relation->shared->index;
        f->shared_port = relation->same_port;
    }
    if (relation && relation->cascade) {
        const struct hik_session *with = relation->cascade;
        bool middle_called = addresses_equal(&with->caller.addr, &session->callee.addr) ||
                             (!addresses_equal(&with->callee.addr, &session->caller.addr) && session->callee_id &&
                              g_strcmp0(with->caller_id, session->callee_id) == 0);

        f->cascade_with = (int)relation->cascade->index;
        f->cascade_via = keep(&out->cascade_via, print_address(middle_called ? &session->callee.addr : &session->caller.addr));
    }
    /* media endpoints, else where SIP is */
    out->upper = caller_is_lower ? (f->leg[1].to ? &out->to[1] : &out->callee) : f->leg[0].to ? &out->to[0] : &out->caller;
    out->lower = caller_is_lower ? (f->leg[0].to ? &out->to[0] : &out->caller) : f->leg[1].to ? &out->to[1] : &out->callee;
}

void hik_facts_judge(const struct hik_session *session, struct hik_case *facts, struct hik_verdict *out)
{
    hik_facts_collect(session, facts);
    hik_verdict_judge(&facts->facts, out);
}

const char *hik_facts_verdict(struct hik_session *session)
{
    struct hik_case facts;
    struct hik_verdict verdict;
    char text[2048];

    survey(); /* forgets verdicts that are older than the newest message */
    if (!session->verdict) {
        hik_facts_judge(session, &facts, &verdict);
        hik_verdict_print(&verdict, text, sizeof text);
        session->verdict = wmem_strdup(wmem_file_scope(), text);
    }
    return session->verdict;
}
