/* session.c
 * INVITE sessions, platform pairs and one record per SIP message: the only writer of what the signalling teaches.
 *
 * A session is an INVITE dialog (RFC 3261 clause 12) and everything that leads to it or follows from it. Messages find
 * their session by Call-ID and tag, answers also by Via branch and CSeq (17.1.3), because lower platforms are known to
 * answer a BYE under another Call-ID. Every lookup is a hash: a capture of any size costs the same per message.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "session.h"

#include <string.h>

#include "gb-id.h"
#include "packet-hikcascade.h"

/* RFC 3261 timer F: how long an answer may be late and still be one. */
#define TRANSACTION_SECONDS 32

/* A request and its answers, from the first of either on. File scope; first pass. */
struct transaction {
    struct hik_session *session;
    struct hik_platforms *platforms;
    enum hik_direction direction; /* of the request */
    struct hik_endpoint src, dst; /* of the request */
    uint32_t request_frame;       /* 0: only an answer was seen */
    nstime_t request_time;
    uint32_t answer_frame;        /* first final answer */
    uint16_t last_status;         /* newest answer: the same again is a retransmission */
};

/* Two texts and a number: raw bytes as they stand in the message, nothing to convert for a lookup. */
struct text_key {
    const uint8_t *text[2];
    uint32_t len[2];
    uint32_t number;
};

/* Two transport addresses and a number. */
struct ends_key {
    const address *addr[2];
    uint16_t port[2];
    uint32_t number;
};

/* Statics that hold nothing but maps emptied with the capture. */
static wmem_map_t *sessions_by_tag;   /* text_key: Call-ID, tag -> struct hik_session */
static wmem_map_t *sessions_by_call;  /* text_key: Call-ID -> newest struct hik_session */
static wmem_map_t *sessions_by_index; /* index + 1 -> struct hik_session */
static wmem_map_t *transactions;      /* text_key: branch; CSeq and method -> struct transaction */
static wmem_map_t *unanswered_byes;   /* ends_key: source, destination; CSeq -> newest struct transaction */
static wmem_map_t *pairs;             /* ends_key: the two ends in order -> struct hik_platforms */
static wmem_map_t *pairs_by_index;    /* index + 1 -> struct hik_platforms */

static guint text_hash(gconstpointer p)
{
    const struct text_key *key = (const struct text_key *)p;
    guint hash = key->number * 0x9E3779B1u;

    for (int i = 0; i < 2; i++)
        hash = (hash ^ wmem_strong_hash(key->text[i], key->len[i])) * 0x85EBCA6Bu;
    return hash;
}

static gboolean text_equal(gconstpointer a, gconstpointer b)
{
    const struct text_key *x = (const struct text_key *)a, *y = (const struct text_key *)b;

    return x->number == y->number && x->len[0] == y->len[0] && x->len[1] == y->len[1] &&
           memcmp(x->text[0], y->text[0], x->len[0]) == 0 && memcmp(x->text[1], y->text[1], x->len[1]) == 0;
}

static guint ends_hash(gconstpointer p)
{
    const struct ends_key *key = (const struct ends_key *)p;
    guint hash = key->number * 0x9E3779B1u;

    for (int i = 0; i < 2; i++)
        hash = (hash ^ add_address_to_hash(key->port[i], key->addr[i])) * 0x85EBCA6Bu;
    return hash;
}

static gboolean ends_equal(gconstpointer a, gconstpointer b)
{
    const struct ends_key *x = (const struct ends_key *)a, *y = (const struct ends_key *)b;

    return x->number == y->number && x->port[0] == y->port[0] && x->port[1] == y->port[1] &&
           addresses_equal(x->addr[0], y->addr[0]) && addresses_equal(x->addr[1], y->addr[1]);
}

static void insert_text(wmem_map_t *map, const struct text_key *key, void *value)
{
    struct text_key *kept = wmem_new(wmem_file_scope(), struct text_key);

    *kept = *key;
    for (int i = 0; i < 2; i++)
        kept->text[i] = (const uint8_t *)wmem_memdup(wmem_file_scope(), key->text[i], key->len[i]);
    wmem_map_insert(map, kept, value);
}

static void insert_ends(wmem_map_t *map, const struct ends_key *key, void *value)
{
    struct ends_key *kept = wmem_new(wmem_file_scope(), struct ends_key);
    address *copies = wmem_alloc_array(wmem_file_scope(), address, 2);

    *kept = *key;
    for (int i = 0; i < 2; i++) {
        copy_address_wmem(wmem_file_scope(), &copies[i], key->addr[i]);
        kept->addr[i] = &copies[i];
    }
    wmem_map_insert(map, kept, value);
}

void hik_session_register(int proto _U_)
{
    struct {
        wmem_map_t **map;
        GHashFunc hash;
        GEqualFunc equal;
    } maps[] = {
        {&sessions_by_tag, text_hash, text_equal},
        {&sessions_by_call, text_hash, text_equal},
        {&sessions_by_index, g_direct_hash, g_direct_equal},
        {&transactions, text_hash, text_equal},
        {&unanswered_byes, ends_hash, ends_equal},
        {&pairs, ends_hash, ends_equal},
        {&pairs_by_index, g_direct_hash, g_direct_equal},
    };
    for (size_t i = 0; i < array_length(maps); i++)
        *maps[i].map = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), maps[i].hash, maps[i].equal);
}

/* ---- small helpers ---------------------------------------------------------------------------------------------- */

/* A view as a string of valid UTF-8. NULL for an empty one. */
static char *view_string(wmem_allocator_t *scope, const uint8_t *buf, struct hik_view view)
{
    if (view.len == 0)
        return NULL;
    return (char *)get_utf_8_string(scope, buf + view.off, (int)view.len);
}

static void set_endpoint(struct hik_endpoint *endpoint, const address *addr, uint32_t port)
{
    copy_address_wmem(wmem_file_scope(), &endpoint->addr, addr);
    endpoint->port = (uint16_t)port;
}

static bool same_endpoint(const struct hik_endpoint *endpoint, const address *addr, uint32_t port)
{
    return endpoint->port == port && addresses_equal(&endpoint->addr, addr);
}

bool hik_session_expected_ssrc(const struct hik_session *session, uint32_t *ssrc)
{
    const struct hik_description *sources[] = {&session->answer, &session->offer};

    for (size_t i = 0; i < array_length(sources); i++) {
        const struct hik_description *sdp = sources[i];
        if (sdp->frame && sdp->has_y && sdp->y_kind <= HIK_SSRC_LONG) {
            *ssrc = sdp->ssrc;
            return true;
        }
    }
    return false;
}

unsigned hik_session_count(void)
{
    return wmem_map_size(sessions_by_index);
}

struct hik_session *hik_session_get(unsigned index)
{
    return (struct hik_session *)wmem_map_lookup(sessions_by_index, GUINT_TO_POINTER(index + 1));
}

unsigned hik_platforms_count(void)
{
    return wmem_map_size(pairs_by_index);
}

struct hik_platforms *hik_platforms_get(unsigned index)
{
    return (struct hik_platforms *)wmem_map_lookup(pairs_by_index, GUINT_TO_POINTER(index + 1));
}

/* ---- what a message says of itself ------------------------------------------------------------------------------ */

/* Everything read from one message before any state is looked at. Packet scope. */
struct reading {
    const uint8_t *buf;
    const struct hik_sip *sip;
    struct hik_view call_id;
    struct hik_view branch; /* of the first Via */
    struct hik_sip_addr from, to, uri;
    struct hik_subject subject;
    bool has_subject;
    bool has_sdp;
    struct hik_sdp *sdp;
    enum hik_direction body_direction; /* what a MANSCDP body implies */
};

static bool body_contains(const uint8_t *buf, struct hik_view body, const char *text)
{
    /* MANSCDP names its root and its command within the first lines. */
    size_t window = MIN(body.len, 512);
    return g_strstr_len((const char *)buf + body.off, (gssize)window, text) != NULL;
}

/* Query and Control go down, Response and Notify go up; a broadcast is announced downwards (GB/T 28181-2016 9.12). */
static enum hik_direction manscdp_direction(const uint8_t *buf, struct hik_view body)
{
    if (body_contains(buf, body, "<Query") || body_contains(buf, body, "<Control"))
        return HIK_DIR_DOWN;
    if (body_contains(buf, body, "<Response"))
        return HIK_DIR_UP;
    if (body_contains(buf, body, "<Notify"))
        return body_contains(buf, body, "Broadcast") ? HIK_DIR_DOWN : HIK_DIR_UP;
    return HIK_DIR_UNKNOWN;
}

static void read_message(packet_info *pinfo, const uint8_t *buf, const struct hik_sip *sip, struct reading *r)
{
    struct hik_sip_via via;
    const struct hik_header *first = sip->first;

    memset(r, 0, sizeof *r);
    r->buf = buf;
    r->sip = sip;
    r->call_id = first[HIK_HDR_CALL_ID].value;
    hik_sip_parse_addr(buf, first[HIK_HDR_FROM].value, &r->from);
    hik_sip_parse_addr(buf, first[HIK_HDR_TO].value, &r->to);
    if (sip->is_request)
        hik_sip_parse_addr(buf, sip->uri, &r->uri);
    if (hik_sip_parse_via(buf, first[HIK_HDR_VIA].value, &via))
        r->branch = via.branch;
    r->has_subject = first[HIK_HDR_SUBJECT].value.len > 0 &&
                     hik_sip_parse_subject(buf, first[HIK_HDR_SUBJECT].value, &r->subject);
    if (sip->body.len > 0) {
        r->sdp = wmem_new(pinfo->pool, struct hik_sdp);
        r->has_sdp = hik_sdp_parse(buf, sip->body, r->sdp);
        if (!r->has_sdp)
            r->body_direction = manscdp_direction(buf, sip->body);
    }
}

static bool looks_like_id(const uint8_t *buf, struct hik_view view)
{
    struct hik_gb_id id;

    hik_gb_id_parse(buf + view.off, view.len, &id);
    return id.kind != HIK_ID_NONE;
}

/* ---- platforms -------------------------------------------------------------------------------------------------- */

/* The two ends of a packet, the smaller first: the same for both directions. */
static void pair_key(packet_info *pinfo, struct ends_key *key)
{
    int order = cmp_address(&pinfo->src, &pinfo->dst);
    bool swap = order > 0 || (order == 0 && pinfo->srcport > pinfo->destport);

    key->addr[swap] = &pinfo->src;
    key->port[swap] = (uint16_t)pinfo->srcport;
    key->addr[!swap] = &pinfo->dst;
    key->port[!swap] = (uint16_t)pinfo->destport;
    key->number = 0;
}

static struct hik_platforms *find_pair(packet_info *pinfo)
{
    struct ends_key key;

    pair_key(pinfo, &key);
    return (struct hik_platforms *)wmem_map_lookup(pairs, &key);
}

/* Direction of a packet between the pair's two ends, by its source. */
static enum hik_direction pair_direction(packet_info *pinfo, const struct hik_platforms *pair)
{
    return same_endpoint(&pair->lower, &pinfo->src, pinfo->srcport) ? HIK_DIR_UP : HIK_DIR_DOWN;
}

/* Finds or makes the pair; a message that goes up comes from the lower platform. sure: a REGISTER says so, which puts
 * an earlier guess right. */
static struct hik_platforms *learn_pair(packet_info *pinfo, enum hik_direction direction, bool sure)
{
    struct hik_platforms *pair = find_pair(pinfo);

    if (pair && (!sure || pair->sure))
        return pair;
    if (!pair) {
        struct ends_key key;

        pair_key(pinfo, &key);
        pair = wmem_new0(wmem_file_scope(), struct hik_platforms);
        pair->index = wmem_map_size(pairs_by_index);
        insert_ends(pairs, &key, pair);
        wmem_map_insert(pairs_by_index, GUINT_TO_POINTER(pair->index + 1), pair);
    } else if (pair_direction(pinfo, pair) != direction) {
        const char *id = pair->lower_id;
        pair->lower_id = pair->upper_id;
        pair->upper_id = id;
    }
    if (direction == HIK_DIR_UP) {
        set_endpoint(&pair->lower, &pinfo->src, pinfo->srcport);
        set_endpoint(&pair->upper, &pinfo->dst, pinfo->destport);
    } else {
        set_endpoint(&pair->lower, &pinfo->dst, pinfo->destport);
        set_endpoint(&pair->upper, &pinfo->src, pinfo->srcport);
    }
    pair->sure = sure;
    return pair;
}

static void learn_id(const char **slot, const struct reading *r, struct hik_view user)
{
    if (!*slot && user.len > 0 && looks_like_id(r->buf, user))
        *slot = view_string(wmem_file_scope(), r->buf, user);
}

/* Expires of the message: the header, else the Contact's parameter. -1 if neither. */
static int64_t message_expires(const struct reading *r)
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

static void take_register(packet_info *pinfo, const struct reading *r, struct hik_message *message)
{
    struct hik_platforms *pair = message->platforms;
    int64_t expires = message_expires(r);

    if (!pair)
        return;
    if (message->is_request) {
        pair->register_frame = pinfo->num;
        if (!message->retransmission)
            pair->registers++;
        learn_id(&pair->lower_id, r, r->from.user);
        learn_id(&pair->upper_id, r, r->uri.user);
        if (expires >= 0)
            pair->expires_asked = (uint32_t)expires;
        return;
    }
    learn_id(&pair->lower_id, r, r->from.user);
    if (message->status < 200)
        return;
    pair->register_answer_frame = pinfo->num;
    pair->register_status = message->status;
    if (message->status >= 300) {
        if (message->retransmission)
            return;
        if (message->status == 401 || message->status == 407) {
            pair->unauthorized_in_row++;
        } else {
            pair->register_failures++;
            pair->registered = false;
        }
        return;
    }
    pair->unauthorized_in_row = 0;
    pair->expires = expires >= 0 ? (uint32_t)expires : pair->expires_asked;
    if (pair->expires == 0) { /* log-off */
        pair->registered = false;
        pair->registered_until = pinfo->abs_ts;
        return;
    }
    if (!pair->registered)
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

/* ---- descriptions ----------------------------------------------------------------------------------------------- */

static bool view_address(packet_info *pinfo, const uint8_t *buf, const struct hik_sdp_connection *c, address *addr)
{
    char *text = view_string(pinfo->pool, buf, c->addr);
    ws_in4_addr ip4;
    ws_in6_addr ip6;

    if (!text)
        return false;
    if (ws_inet_pton4(text, &ip4)) {
        alloc_address_wmem(wmem_file_scope(), addr, AT_IPv4, sizeof ip4, &ip4);
        return true;
    }
    if (ws_inet_pton6(text, &ip6)) {
        alloc_address_wmem(wmem_file_scope(), addr, AT_IPv6, sizeof ip6, &ip6);
        return true;
    }
    return false;
}

static uint8_t first_payload_type(const uint8_t *buf, struct hik_view formats)
{
    struct hik_view token = hik_view_trim(buf, formats);
    uint64_t pt;
    uint32_t len = 0;

    while (len < token.len && buf[token.off + len] != ' ' && buf[token.off + len] != '\t')
        len++;
    token.len = len;
    return hik_view_uint(buf, token, 127, &pt) ? (uint8_t)pt : 255;
}

/* Every payload type of m=, as bits. */
static void payload_types(const uint8_t *buf, struct hik_view formats, uint64_t bits[2])
{
    uint32_t at = 0;

    while (at < formats.len) {
        struct hik_view token = {formats.off + at, 0};
        uint64_t pt;

        while (at + token.len < formats.len && buf[token.off + token.len] != ' ' && buf[token.off + token.len] != '\t')
            token.len++;
        if (hik_view_uint(buf, token, 127, &pt))
            bits[pt / 64] |= UINT64_C(1) << (pt % 64);
        at += token.len + 1;
    }
}

static void describe_section(packet_info *pinfo, const uint8_t *buf, const struct hik_sdp_section *section,
                             struct hik_media_line *line)
{
    line->audio = hik_view_is(buf, section->media.media, "audio");
    line->tcp = section->media.tcp || (section->setup != HIK_SETUP_NONE && section->setup != HIK_SETUP_HOLDCONN);
    line->addr_ok = view_address(pinfo, buf, &section->connection, &line->endpoint.addr);
    line->port_ok = section->media.port_ok;
    line->endpoint.port = section->media.port;
    line->rtcp_port = section->rtcp_port;
    if (!line->rtcp_port && section->media.port && section->media.port < 65535 && !section->rtcp_mux)
        line->rtcp_port = (uint16_t)(section->media.port + 1);
    line->direction = section->direction;
    line->setup = section->setup;
    line->first_pt = first_payload_type(buf, section->media.formats);
    payload_types(buf, section->media.formats, line->formats);
    line->map_count = section->map_count;
    line->maps = wmem_alloc_array(wmem_file_scope(), struct hik_payload_map, section->map_count);
    for (unsigned i = 0; i < section->map_count; i++) {
        struct hik_payload_map *map = &line->maps[i];

        map->pt = section->maps[i].pt;
        map->codec = view_string(wmem_file_scope(), buf, section->maps[i].encoding);
        map->clock = section->maps[i].clock;
        if (map->pt == line->first_pt && !line->codec)
            line->codec = map->codec;
    }
}

static void describe(packet_info *pinfo, const struct reading *r, struct hik_description *out)
{
    const struct hik_sdp *sdp = r->sdp;

    memset(out, 0, sizeof *out);
    out->frame = pinfo->num;
    out->media_count = sdp->media_count;
    out->media = wmem_alloc0_array(wmem_file_scope(), struct hik_media_line, sdp->media_count);
    for (unsigned i = 0; i < sdp->media_count; i++)
        describe_section(pinfo, r->buf, &sdp->media[i], &out->media[i]);
    out->has_y = sdp->has_y;
    if (sdp->has_y) {
        out->y_kind = sdp->y.kind;
        out->ssrc = sdp->y.value;
        out->y_text = view_string(wmem_file_scope(), r->buf, sdp->y.text);
    }
    out->broken_lines = sdp->broken_lines > 0 || sdp->blank_lines > 0;
    out->session_name = sdp->session_name;
}

/* ---- sessions --------------------------------------------------------------------------------------------------- */

static struct text_key tag_key(const struct reading *r, struct hik_view tag)
{
    struct text_key key = {{r->buf + r->call_id.off, r->buf + tag.off}, {r->call_id.len, tag.len}, 0};
    return key;
}

static struct hik_session *find_by_tag(const struct reading *r, struct hik_view tag)
{
    struct text_key key = tag_key(r, tag);
    return (struct hik_session *)wmem_map_lookup(sessions_by_tag, &key);
}

/* Call-ID alone. */
static struct hik_session *find_by_call(const struct reading *r)
{
    struct text_key key = tag_key(r, (struct hik_view){0, 0});
    return (struct hik_session *)wmem_map_lookup(sessions_by_call, &key);
}

static bool between_its_ends(packet_info *pinfo, const struct hik_session *session)
{
    return (addresses_equal(&pinfo->src, &session->caller.addr) && addresses_equal(&pinfo->dst, &session->callee.addr)) ||
           (addresses_equal(&pinfo->src, &session->callee.addr) && addresses_equal(&pinfo->dst, &session->caller.addr));
}

/* The dialog a message belongs to: the caller's tag is in From or in To. Failing both, the newest dialog of that
 * Call-ID between the same two addresses: devices that lose a tag exist. */
static struct hik_session *find_session(packet_info *pinfo, const struct reading *r)
{
    struct hik_session *session = find_by_tag(r, r->from.tag);

    if (!session && r->to.tag.len)
        session = find_by_tag(r, r->to.tag);
    if (!session) {
        session = find_by_call(r);
        if (session && !between_its_ends(pinfo, session))
            session = NULL;
    }
    return session;
}

/* File scope; never NULL. */
static const char *text_or_empty(const struct reading *r, struct hik_view view)
{
    const char *text = view_string(wmem_file_scope(), r->buf, view);
    return text ? text : "";
}

static bool same_text(const struct reading *r, struct hik_view view, const char *text)
{
    return strlen(text) == view.len && memcmp(r->buf + view.off, text, view.len) == 0;
}

/* caller_sends: the packet goes from the caller to the callee. */
static struct hik_session *new_session(packet_info *pinfo, const struct reading *r, bool caller_sends)
{
    struct hik_session *session = wmem_new0(wmem_file_scope(), struct hik_session);
    struct text_key key = tag_key(r, r->from.tag);

    session->index = wmem_map_size(sessions_by_index);
    session->call_id = text_or_empty(r, r->call_id);
    session->caller_tag = text_or_empty(r, r->from.tag);
    session->scale = 1.0;
    session->first_frame = pinfo->num;
    session->first_time = pinfo->abs_ts;
    set_endpoint(&session->caller, caller_sends ? &pinfo->src : &pinfo->dst, caller_sends ? pinfo->srcport : pinfo->destport);
    set_endpoint(&session->callee, caller_sends ? &pinfo->dst : &pinfo->src, caller_sends ? pinfo->destport : pinfo->srcport);
    insert_text(sessions_by_tag, &key, session);
    key = tag_key(r, (struct hik_view){0, 0});
    insert_text(sessions_by_call, &key, session);
    wmem_map_insert(sessions_by_index, GUINT_TO_POINTER(session->index + 1), session);
    return session;
}

/* A dialog whose INVITE is not in the capture. Who called is told by the method: the caller sends ACK and CANCEL and
 * gets the answers to INVITE; BYE and INFO come from either side, mostly from the upper platform, who called. */
static struct hik_session *begun_before(packet_info *pinfo, const struct reading *r)
{
    struct hik_session *session = new_session(pinfo, r, r->sip->is_request);

    session->began_before = true;
    if (r->to.tag.len) {
        struct text_key key = tag_key(r, r->to.tag);

        session->callee_tag = text_or_empty(r, r->to.tag);
        /* Either tag may turn up in From later: the callee may speak, too. */
        insert_text(sessions_by_tag, &key, session);
    }
    return session;
}

/* An INVITE outside a dialog under tags we know: is it another call, or the same one again? */
static bool is_new_call(const struct hik_session *session, bool retransmission)
{
    if (retransmission)
        return false;
    if (session->bye_frame)
        return true;
    return session->final_frame && session->final_status >= 300;
}

static void set_camera(struct hik_session *session, const struct reading *r)
{
    const struct hik_view candidates[] = {
        r->has_subject ? (session->kind == HIK_KIND_BROADCAST ? r->subject.receiver_id : r->subject.sender_id)
                       : (struct hik_view){0, 0},
        session->kind == HIK_KIND_BROADCAST ? r->from.user : r->sip->is_request ? r->uri.user : r->to.user,
        session->kind == HIK_KIND_BROADCAST ? (struct hik_view){0, 0} : r->to.user,
        r->has_sdp ? r->sdp->origin_user : (struct hik_view){0, 0},
    };

    if (session->camera)
        return;
    for (size_t i = 0; i < array_length(candidates); i++)
        if (candidates[i].len > 0 && looks_like_id(r->buf, candidates[i])) {
            session->camera = view_string(wmem_file_scope(), r->buf, candidates[i]);
            return;
        }
    if (r->has_subject && r->subject.sender_id.len > 0)
        session->camera = view_string(wmem_file_scope(), r->buf, r->subject.sender_id);
}

/* Who pulls: video asked for with an INVITE flows to the caller, so the caller is the upper platform, unless its SDP
 * says it sends. Voice can go either way: there the pair of platforms decides. */
static enum hik_direction invite_direction(packet_info *pinfo, const struct reading *r)
{
    const struct hik_platforms *pair = find_pair(pinfo);
    bool video = false, audio = false, sends = false;

    for (unsigned i = 0; r->has_sdp && i < r->sdp->media_count; i++) {
        if (hik_view_is(r->buf, r->sdp->media[i].media.media, "audio"))
            audio = true;
        else
            video = true;
        sends = sends || r->sdp->media[i].direction == HIK_ATTR_SENDONLY;
    }
    if (video)
        return sends ? HIK_DIR_UP : HIK_DIR_DOWN;
    if (pair)
        return pair_direction(pinfo, pair);
    if (audio || r->has_subject)
        return HIK_DIR_DOWN;
    return HIK_DIR_UNKNOWN;
}

static enum hik_session_kind session_kind(const struct reading *r, enum hik_direction direction)
{
    bool audio_only = r->sdp->media_count > 0;

    for (unsigned i = 0; i < r->sdp->media_count; i++)
        audio_only = audio_only && hik_view_is(r->buf, r->sdp->media[i].media.media, "audio");
    if (r->sdp->session_name == HIK_S_TALK)
        return HIK_KIND_TALK;
    if (audio_only)
        return direction == HIK_DIR_UP ? HIK_KIND_BROADCAST : HIK_KIND_TALK;
    switch (r->sdp->session_name) {
    case HIK_S_PLAYBACK:
        return HIK_KIND_PLAYBACK;
    case HIK_S_DOWNLOAD:
        return HIK_KIND_DOWNLOAD;
    default:
        return HIK_KIND_PLAY;
    }
}

static void take_invite(packet_info *pinfo, const struct reading *r, struct hik_message *message)
{
    struct hik_session *session = message->session;

    if (r->to.tag.len > 0 && session->invite_frame != 0) {
        session->reinvite_frame = pinfo->num;
    } else if (session->invite_frame == 0) {
        session->began_before = session->began_before && r->to.tag.len; /* it may only have come out of order */
        session->invite_frame = pinfo->num;
        session->invite_time = pinfo->abs_ts;
        session->invite_count = 1;
        session->invite_cseq = r->sip->cseq;
    } else {
        session->invite_count++;
    }
    if (session->invite_direction == HIK_DIR_UNKNOWN)
        session->invite_direction = invite_direction(pinfo, r);
    if (r->has_sdp) {
        describe(pinfo, r, &session->offer);
        message->carries_offer = true;
        if (session->kind == HIK_KIND_UNKNOWN)
            session->kind = session_kind(r, session->invite_direction);
    }
    set_camera(session, r);
    if (!session->user_agent_caller)
        session->user_agent_caller = view_string(wmem_file_scope(), r->buf, r->sip->first[HIK_HDR_USER_AGENT].value);
    if (message->platforms) {
        enum hik_direction direction = pair_direction(pinfo, message->platforms);
        learn_id(direction == HIK_DIR_DOWN ? &message->platforms->upper_id : &message->platforms->lower_id, r, r->from.user);
    }
}

static void take_error_info(const struct reading *r, struct hik_session *session)
{
    struct hik_error_info error;

    if (session->error_code || !hik_sdp_parse_error_info(r->buf, r->sip->body, &error))
        return;
    session->error_code = view_string(wmem_file_scope(), r->buf, error.code);
    session->error_text = hik_text_to_utf8(wmem_file_scope(), r->buf, error.text);
}

static void take_invite_answer(packet_info *pinfo, const struct reading *r, struct hik_message *message)
{
    struct hik_session *session = message->session;
    uint16_t status = message->status;
    bool initial = session->invite_cseq == 0 || session->invite_cseq == r->sip->cseq;

    if (status < 200) {
        if (!session->provisional_frame)
            session->provisional_frame = pinfo->num;
        session->provisional_status = MAX(session->provisional_status, status);
    } else if (status == 401 || status == 407) {
        session->challenge_cseq = r->sip->cseq;
    } else if (initial && !session->final_frame) {
        session->final_frame = pinfo->num;
        session->final_status = status;
        session->final_reason = view_string(wmem_file_scope(), r->buf, r->sip->reason);
        session->final_time = pinfo->abs_ts;
        if (status >= 300 && message->platforms)
            message->platforms->failures++;
    }
    if (status >= 300)
        take_error_info(r, session);
    if (status >= 200 && status < 300) {
        session->challenge_cseq = 0;
        if (!session->answer_frame)
            session->answer_frame = pinfo->num;
        if (!session->callee_tag || !same_text(r, r->to.tag, session->callee_tag)) {
            session->answer_count++;
            if (!session->callee_tag)
                session->callee_tag = text_or_empty(r, r->to.tag);
        } else if (session->answer_count == 0) {
            session->answer_count = 1;
        }
        if (!session->user_agent_callee)
            session->user_agent_callee = view_string(wmem_file_scope(), r->buf, r->sip->first[HIK_HDR_USER_AGENT].value);
    }
    if (r->has_sdp && status < 300) {
        describe(pinfo, r, &session->answer);
        message->carries_answer = true;
        if (session->kind == HIK_KIND_UNKNOWN)
            session->kind = session_kind(r, session->invite_direction);
        /* The INVITE is not in the capture: who sends video is the lower platform. */
        if (session->invite_direction == HIK_DIR_UNKNOWN && session->kind != HIK_KIND_TALK)
            session->invite_direction = HIK_DIR_DOWN;
    }
    set_camera(session, r);
}

static void take_session_message(packet_info *pinfo, const struct reading *r, struct hik_message *message)
{
    struct hik_session *session = message->session;

    session->last_time = pinfo->abs_ts;
    switch (message->method) {
    case HIK_METHOD_INVITE:
        if (message->is_request)
            take_invite(pinfo, r, message);
        else
            take_invite_answer(pinfo, r, message);
        break;
    case HIK_METHOD_ACK:
        /* The ACK of a challenge only ends that try. */
        if (message->is_request && !session->ack_frame &&
            (!session->challenge_cseq || session->challenge_cseq != r->sip->cseq))
            session->ack_frame = pinfo->num;
        if (r->has_sdp) { /* delayed offer: the ACK carries the answer (RFC 3264) */
            describe(pinfo, r, &session->offer);
            message->carries_offer = true;
        }
        set_camera(session, r);
        break;
    case HIK_METHOD_CANCEL:
        if (message->is_request && !session->cancel_frame)
            session->cancel_frame = pinfo->num;
        break;
    case HIK_METHOD_BYE:
        if (message->is_request) {
            if (!session->bye_frame) {
                session->bye_frame = pinfo->num;
                session->bye_time = pinfo->abs_ts;
                session->bye_direction = message->direction;
            }
        } else if (message->status >= 200 && message->status != 401 && message->status != 407 && !session->bye_answer_frame) {
            session->bye_answer_frame = pinfo->num;
        }
        set_camera(session, r);
        break;
    default:
        break;
    }
}

void hik_session_playback(packet_info *pinfo, struct hik_session *session, double scale, bool paused)
{
    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (!session)
        return;
    if (scale != 0)
        session->scale = scale;
    session->paused = paused;
}

/* ---- transactions ----------------------------------------------------------------------------------------------- */

static struct text_key transaction_key(const struct reading *r)
{
    /* ACK and CANCEL share the branch of their INVITE: the method keeps them apart. */
    struct text_key key = {{r->buf + r->branch.off, r->buf}, {r->branch.len, 0}, r->sip->cseq * 32 + r->sip->method};
    return key;
}

static struct transaction *find_transaction(const struct reading *r)
{
    struct text_key key = transaction_key(r);
    return r->branch.len ? (struct transaction *)wmem_map_lookup(transactions, &key) : NULL;
}

/* reverse: the key of the request that this answer would belong to. */
static struct ends_key bye_key(packet_info *pinfo, const struct reading *r, bool reverse)
{
    struct ends_key key = {{&pinfo->src, &pinfo->dst}, {(uint16_t)pinfo->srcport, (uint16_t)pinfo->destport}, r->sip->cseq};

    if (reverse) {
        key.addr[0] = &pinfo->dst;
        key.addr[1] = &pinfo->src;
        key.port[0] = (uint16_t)pinfo->destport;
        key.port[1] = (uint16_t)pinfo->srcport;
    }
    return key;
}

/* An answer to BYE that fits no call and no branch: the newest BYE between the two platforms, other way round, with
 * that CSeq, that nothing answered yet. */
static struct transaction *find_unanswered_bye(packet_info *pinfo, const struct reading *r)
{
    struct ends_key key = bye_key(pinfo, r, true);
    struct transaction *bye = (struct transaction *)wmem_map_lookup(unanswered_byes, &key);

    if (!bye || bye->answer_frame || pinfo->abs_ts.secs - bye->request_time.secs > TRANSACTION_SECONDS)
        return NULL;
    return bye;
}

/* Methods that only make sense inside a dialog: seen without one, the dialog began before the capture. */
static bool implies_dialog(const struct reading *r)
{
    switch (r->sip->method) {
    case HIK_METHOD_INVITE:
        return !r->sip->is_request || r->to.tag.len > 0;
    case HIK_METHOD_ACK:
    case HIK_METHOD_BYE:
    case HIK_METHOD_CANCEL:
    case HIK_METHOD_PRACK:
    case HIK_METHOD_UPDATE:
        return true;
    case HIK_METHOD_INFO:
        return r->to.tag.len > 0;
    default:
        return false;
    }
}

/* Methods that are never part of an INVITE session, whatever their Call-ID is. */
static bool outside_sessions(enum hik_method method)
{
    return method == HIK_METHOD_REGISTER || method == HIK_METHOD_SUBSCRIBE || method == HIK_METHOD_NOTIFY ||
           method == HIK_METHOD_PUBLISH;
}

static struct hik_session *session_of(packet_info *pinfo, const struct reading *r, const struct transaction *transaction,
                                      struct hik_message *message)
{
    struct hik_session *session;

    if (outside_sessions(r->sip->method) || r->sip->method == HIK_METHOD_NONE)
        return NULL;
    session = find_session(pinfo, r);
    if (r->sip->is_request && r->sip->method == HIK_METHOD_INVITE && r->to.tag.len == 0) {
        if (!session || is_new_call(session, message->retransmission) ||
            (!same_text(r, r->from.tag, session->caller_tag) && !session->began_before))
            session = new_session(pinfo, r, true);
        return session;
    }
    /* Outside a dialog (no To tag), MESSAGE and INFO are no part of a session even if the Call-ID is known. */
    if (session)
        return session;
    if (!r->sip->is_request) {
        if (transaction && transaction->session)
            return transaction->session;
        if (r->sip->method == HIK_METHOD_BYE && !transaction) {
            struct transaction *bye = find_unanswered_bye(pinfo, r);
            if (bye) {
                bye->answer_frame = pinfo->num;
                message->request_frame = bye->request_frame;
                message->request_time = bye->request_time;
                message->tied_by_cseq = true;
                return bye->session;
            }
        }
    }
    return implies_dialog(r) ? begun_before(pinfo, r) : NULL;
}

static enum hik_direction reverse(enum hik_direction direction)
{
    return direction == HIK_DIR_UP ? HIK_DIR_DOWN : direction == HIK_DIR_DOWN ? HIK_DIR_UP : HIK_DIR_UNKNOWN;
}

/* Which way the request of this message goes, by its method and body alone. */
static enum hik_direction method_direction(const struct reading *r)
{
    switch (r->sip->method) {
    case HIK_METHOD_REGISTER:
    case HIK_METHOD_NOTIFY:
        return HIK_DIR_UP;
    case HIK_METHOD_SUBSCRIBE:
        return HIK_DIR_DOWN;
    case HIK_METHOD_MESSAGE:
        return r->sip->is_request ? r->body_direction : HIK_DIR_UNKNOWN;
    default:
        return HIK_DIR_UNKNOWN;
    }
}

static enum hik_direction session_direction(packet_info *pinfo, const struct hik_session *session)
{
    if (session->invite_direction == HIK_DIR_UNKNOWN)
        return HIK_DIR_UNKNOWN;
    if (same_endpoint(&session->caller, &pinfo->src, pinfo->srcport))
        return session->invite_direction;
    if (same_endpoint(&session->callee, &pinfo->src, pinfo->srcport))
        return reverse(session->invite_direction);
    /* Another port or another hop: the address alone has to tell. */
    if (addresses_equal(&session->caller.addr, &pinfo->src))
        return session->invite_direction;
    return reverse(session->invite_direction);
}

static void set_direction(packet_info *pinfo, const struct reading *r, const struct transaction *transaction,
                          struct hik_message *message)
{
    enum hik_direction direction = method_direction(r);
    bool sure = r->sip->method == HIK_METHOD_REGISTER;
    struct hik_platforms *pair;

    if (!message->is_request && direction != HIK_DIR_UNKNOWN)
        direction = reverse(direction);
    if (direction == HIK_DIR_UNKNOWN && message->session) {
        if (message->is_request && message->method == HIK_METHOD_INVITE &&
            message->session->invite_direction == HIK_DIR_UNKNOWN)
            message->session->invite_direction = invite_direction(pinfo, r);
        direction = session_direction(pinfo, message->session);
    }
    if (direction == HIK_DIR_UNKNOWN && transaction && !message->is_request)
        direction = reverse(transaction->direction);
    pair = direction == HIK_DIR_UNKNOWN ? find_pair(pinfo) : learn_pair(pinfo, direction, sure);
    if (direction == HIK_DIR_UNKNOWN && pair)
        direction = pair_direction(pinfo, pair);
    message->direction = direction;
    message->platforms = pair;
    /* A session that began before the capture learns its direction from the pair, too. */
    if (message->session && message->session->invite_direction == HIK_DIR_UNKNOWN && direction != HIK_DIR_UNKNOWN)
        message->session->invite_direction =
            same_endpoint(&message->session->caller, &pinfo->src, pinfo->srcport) ? direction : reverse(direction);
}

bool hik_session_knows(packet_info *pinfo, const uint8_t *buf, const struct hik_sip *sip)
{
    struct reading r;

    read_message(pinfo, buf, sip, &r);
    return find_transaction(&r) != NULL || (r.call_id.len > 0 && find_by_call(&r) != NULL);
}

struct hik_message *hik_session_take(packet_info *pinfo, const uint8_t *buf, const struct hik_sip *sip)
{
    struct hik_message *message = wmem_new0(wmem_file_scope(), struct hik_message);
    struct transaction *transaction;
    struct reading r;
    unsigned sessions_before = hik_session_count();

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    read_message(pinfo, buf, sip, &r);
    message->is_request = sip->is_request;
    message->method = sip->method;
    message->status = sip->status;
    message->body_off = sip->body.off;
    message->body_len = sip->body.len;

    transaction = find_transaction(&r);
    if (transaction) {
        message->retransmission = message->is_request ? transaction->request_frame != 0
                                                       : transaction->last_status == message->status;
        if (!message->is_request) {
            message->request_frame = transaction->request_frame;
            message->request_time = transaction->request_time;
        }
    }
    message->session = session_of(pinfo, &r, transaction, message);
    set_direction(pinfo, &r, transaction, message);

    if (!transaction && !message->tied_by_cseq) {
        transaction = wmem_new0(wmem_file_scope(), struct transaction);
        if (r.branch.len) {
            struct text_key key = transaction_key(&r);
            insert_text(transactions, &key, transaction);
        }
    }
    if (transaction) {
        transaction->session = message->session;
        transaction->platforms = message->platforms;
        if (message->is_request) {
            if (!transaction->request_frame) {
                transaction->request_frame = pinfo->num;
                transaction->request_time = pinfo->abs_ts;
                transaction->direction = message->direction;
                if (message->method == HIK_METHOD_BYE) {
                    struct ends_key key = bye_key(pinfo, &r, false);
                    insert_ends(unanswered_byes, &key, transaction);
                }
            }
        } else {
            transaction->last_status = message->status;
            if (message->status >= 200 && !transaction->answer_frame)
                transaction->answer_frame = pinfo->num;
        }
    }

    if (message->method == HIK_METHOD_REGISTER)
        take_register(pinfo, &r, message);
    if (message->session) {
        take_session_message(pinfo, &r, message);
        if (hik_session_count() > sessions_before && message->platforms)
            message->platforms->sessions++;
    }
    return message;
}

char *hik_text_to_utf8(wmem_allocator_t *scope, const uint8_t *buf, struct hik_view view)
{
    if (view.len == 0)
        return NULL;
    if (g_utf8_validate((const char *)buf + view.off, view.len, NULL))
        return wmem_strndup(scope, (const char *)buf + view.off, view.len);
    return (char *)get_gb18030_string(scope, buf + view.off, (int)view.len);
}
