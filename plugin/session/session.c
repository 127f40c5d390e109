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
#include "keepalive.h"
#include "key.h"
#include "message-info.h"
#include "parts.h"
#include "platforms.h"
#include "registration.h"
#include "error-info.h"
#include "transaction.h"

/* How many calls under one Call-ID and tag are told apart. */
#define MAX_TWINS 16

/* Statics that hold nothing but maps emptied with the capture. */
static wmem_map_t *sessions_by_tag;   /* text_key: Call-ID, tag -> struct hik_session */
static wmem_map_t *sessions_by_call;  /* text_key: Call-ID -> newest struct hik_session */
static wmem_map_t *sessions_by_index; /* index + 1 -> struct hik_session */
static wmem_map_t *forks;             /* text_key: Call-ID, To tag; index -> itself: 2xx answers by their tags */
static wmem_map_t *recordings;        /* text_key: camera -> newest struct hik_session that plays or fetches its file */

/* About the capture; emptied with it. First pass. */
static struct {
    uint32_t messages;     /* taken in so far */
    nstime_t last_message; /* time of the newest */
} capture;

static void reset_capture(void)
{
    memset(&capture, 0, sizeof capture);
}

void hik_session_register(int proto _U_)
{
    struct {
        wmem_map_t **map;
        GHashFunc hash;
        GEqualFunc equal;
    } maps[] = {
        {&sessions_by_tag, hik_text_key_hash, hik_text_key_equal},
        {&sessions_by_call, hik_text_key_hash, hik_text_key_equal},
        {&sessions_by_index, g_direct_hash, g_direct_equal},
        {&forks, hik_text_key_hash, hik_text_key_equal},
        {&recordings, hik_text_key_hash, hik_text_key_equal},
    };
    for (size_t i = 0; i < array_length(maps); i++)
        *maps[i].map = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), maps[i].hash, maps[i].equal);
    register_cleanup_routine(reset_capture);
    hik_platforms_register();
    hik_keepalive_register();
    hik_transaction_register();
}

/* ---- small helpers ---------------------------------------------------------------------------------------------- */

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

/* First pass, after the offer or the answer changed. */
static void keep_expectation(packet_info *pinfo, struct hik_session *session)
{
    struct hik_expectation now = {.frame = pinfo->num};
    const struct hik_expectation *last = NULL;

    now.known = hik_session_expected_ssrc(session, &now.ssrc);
    if (!session->expectations)
        session->expectations = wmem_array_sized_new(wmem_file_scope(), sizeof now, 1);
    else
        last = (const struct hik_expectation *)wmem_array_index(session->expectations,
                                                                wmem_array_get_count(session->expectations) - 1);
    if (!last || last->known != now.known || last->ssrc != now.ssrc)
        wmem_array_append_one(session->expectations, now);
}

bool hik_session_expected_ssrc_at(const struct hik_session *session, uint32_t frame, uint32_t *ssrc)
{
    unsigned low = 0, high = session->expectations ? wmem_array_get_count(session->expectations) : 0;
    const struct hik_expectation *found;

    while (low < high) { /* the first one later than the frame */
        unsigned middle = low + (high - low) / 2;
        found = (const struct hik_expectation *)wmem_array_index(session->expectations, middle);
        if (found->frame <= frame)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return false;
    found = (const struct hik_expectation *)wmem_array_index(session->expectations, low - 1);
    *ssrc = found->ssrc;
    return found->known;
}

unsigned hik_session_count(void)
{
    return wmem_map_size(sessions_by_index);
}

struct hik_session *hik_session_get(unsigned index)
{
    return (struct hik_session *)wmem_map_lookup(sessions_by_index, GUINT_TO_POINTER(index + 1));
}

uint32_t hik_session_message_count(void)
{
    return capture.messages;
}

const nstime_t *hik_session_last_message_time(void)
{
    return &capture.last_message;
}

const struct hik_description *hik_session_caller_sdp(const struct hik_session *session)
{
    return session->offer.by_callee ? &session->answer : &session->offer;
}

const struct hik_description *hik_session_callee_sdp(const struct hik_session *session)
{
    return session->offer.by_callee ? &session->offer : &session->answer;
}

const struct hik_media_line *hik_description_first_line(const struct hik_description *sdp)
{
    return sdp->frame && sdp->media_count > 0 ? &sdp->media[0] : NULL;
}

void hik_session_unreachable(packet_info *pinfo, struct hik_session *session, const address *addr, uint16_t port)
{
    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (session->bye_frame) /* the receiver closed its port, as it should */
        return;
    if (session->unreachable_last == pinfo->num) /* asked again for the other port */
        return;
    session->unreachable_last = pinfo->num;
    if (session->unreachable++ == 0) {
        session->unreachable_frame = pinfo->num;
        hik_endpoint_set(&session->unreachable_what, addr, port);
    }
}

/* ---- sessions --------------------------------------------------------------------------------------------------- */

static struct hik_text_key tag_key(const struct hik_reading *r, struct hik_view tag)
{
    struct hik_text_key key = {{r->buf + r->call_id.off, r->buf + tag.off}, {r->call_id.len, tag.len}, 0};
    return key;
}

static struct hik_session *find_by_tag(const struct hik_reading *r, struct hik_view tag)
{
    struct hik_text_key key = tag_key(r, tag);
    return (struct hik_session *)wmem_map_lookup(sessions_by_tag, &key);
}

/* Call-ID alone. */
static struct hik_session *find_by_call(const struct hik_reading *r)
{
    struct hik_text_key key = tag_key(r, (struct hik_view){0, 0});
    return (struct hik_session *)wmem_map_lookup(sessions_by_call, &key);
}

static bool between_its_ends(packet_info *pinfo, const struct hik_session *session)
{
    return (addresses_equal(&pinfo->src, &session->caller.addr) && addresses_equal(&pinfo->dst, &session->callee.addr)) ||
           (addresses_equal(&pinfo->src, &session->callee.addr) && addresses_equal(&pinfo->dst, &session->caller.addr));
}

/* File scope; never NULL. */
static const char *text_or_empty(const struct hik_reading *r, struct hik_view view)
{
    const char *text = hik_view_string(wmem_file_scope(), r->buf, view);
    return text ? text : "";
}

static bool same_text(const struct hik_reading *r, struct hik_view view, const char *text)
{
    return strlen(text) == view.len && memcmp(r->buf + view.off, text, view.len) == 0;
}

static struct hik_bytes keep_bytes(const struct hik_reading *r, struct hik_view view)
{
    struct hik_bytes kept = {(const uint8_t *)wmem_memdup(wmem_file_scope(), view.len ? r->buf + view.off : (const uint8_t *)"", view.len ? view.len : 1), view.len};
    return kept;
}

static bool same_bytes(const struct hik_reading *r, struct hik_view view, struct hik_bytes bytes)
{
    return bytes.bytes && bytes.len == view.len && memcmp(r->buf + view.off, bytes.bytes, view.len) == 0;
}

/* Its sender is one of the two: cascades that count alike have Call-IDs and branches in common. */
static bool is_party(const struct hik_reading *r, const struct hik_session *session)
{
    return session && (same_bytes(r, r->from.tag, session->caller_tag) ||
                       (same_bytes(r, r->from.tag, session->callee_tag)));
}

/* How well a message fits one of several calls with the same Call-ID and caller's tag. */
static int fitness(packet_info *pinfo, const struct hik_reading *r, const struct hik_session *session)
{
    struct hik_view other = same_bytes(r, r->from.tag, session->caller_tag) ? r->to.tag : r->from.tag;
    bool there = hik_endpoint_is(&session->caller, &pinfo->src, pinfo->srcport) &&
                 hik_endpoint_is(&session->callee, &pinfo->dst, pinfo->destport);
    bool back = hik_endpoint_is(&session->callee, &pinfo->src, pinfo->srcport) &&
                hik_endpoint_is(&session->caller, &pinfo->dst, pinfo->destport);
    int points = there || back ? 3 : between_its_ends(pinfo, session) ? 2 : 0;

    if (session->callee_tag.bytes && other.len)
        points += same_bytes(r, other, session->callee_tag) ? 4 : -4;
    if (session->camera && (same_text(r, r->to.user, session->camera) || same_text(r, r->from.user, session->camera) ||
                            (r->has_subject && same_text(r, r->subject.sender_id, session->camera))))
        points++;
    if (session->bye_frame || session->final_status >= 300)
        points -= 5;
    return points;
}

/* Calls with the same Call-ID and tag exist: of a device that counts anew, and of a platform in the middle that passes
 * a dialog on as it is. The one that fits best, of equals the newest. */
static struct hik_session *best_twin(packet_info *pinfo, const struct hik_reading *r, struct hik_session *newest)
{
    struct hik_session *best = newest;
    int points, most;
    unsigned seen = 0;

    if (!newest || !newest->twin)
        return newest;
    most = fitness(pinfo, r, newest);
    for (struct hik_session *twin = newest->twin; twin && ++seen < MAX_TWINS; twin = twin->twin) {
        points = fitness(pinfo, r, twin);
        if (points > most) {
            most = points;
            best = twin;
        }
    }
    return best;
}

/* The dialog a message belongs to: the caller's tag is in From or in To. Failing both, the newest dialog of that
 * Call-ID between the same two addresses: devices that lose a tag exist. */
static struct hik_session *find_session(packet_info *pinfo, const struct hik_reading *r)
{
    struct hik_session *session = find_by_tag(r, r->from.tag);

    if (!session && r->to.tag.len)
        session = find_by_tag(r, r->to.tag);
    if (!session) {
        session = find_by_call(r);
        if (session && !between_its_ends(pinfo, session))
            session = NULL;
    }
    return best_twin(pinfo, r, session);
}

/* caller_sends: the packet goes from the caller to the callee. */
static struct hik_session *new_session(packet_info *pinfo, const struct hik_reading *r, struct hik_view caller_tag,
                                       bool caller_sends)
{
    struct hik_session *session = wmem_new0(wmem_file_scope(), struct hik_session);
    struct hik_text_key key = tag_key(r, caller_tag);

    session->index = wmem_map_size(sessions_by_index);
    session->call_id = text_or_empty(r, r->call_id);
    session->caller_tag = keep_bytes(r, caller_tag);
    session->twin = find_by_tag(r, caller_tag);
    session->scale = 1.0;
    session->first_frame = pinfo->num;
    session->first_time = pinfo->abs_ts;
    hik_endpoint_set(&session->caller, caller_sends ? &pinfo->src : &pinfo->dst, caller_sends ? pinfo->srcport : pinfo->destport);
    hik_endpoint_set(&session->callee, caller_sends ? &pinfo->dst : &pinfo->src, caller_sends ? pinfo->destport : pinfo->srcport);
    hik_text_key_insert(sessions_by_tag, &key, session);
    key = tag_key(r, (struct hik_view){0, 0});
    hik_text_key_insert(sessions_by_call, &key, session);
    wmem_map_insert(sessions_by_index, GUINT_TO_POINTER(session->index + 1), session);
    return session;
}

/* A dialog whose INVITE is not in the capture. Who called is told by the method: the caller sends ACK and CANCEL and
 * gets the answers to INVITE; BYE and INFO come from either side, mostly from the upper platform, who called, unless the
 * camera stands in their From. */
static struct hik_session *begun_before(packet_info *pinfo, const struct hik_reading *r)
{
    enum hik_method method = r->sip->method;
    bool from_device = hik_view_is_device(r->buf, r->from.user), to_device = hik_view_is_device(r->buf, r->to.user);
    bool callee_asks = (method == HIK_METHOD_BYE || method == HIK_METHOD_INFO) && from_device && !to_device;
    struct hik_view callee_tag = callee_asks ? r->from.tag : r->to.tag;
    struct hik_session *session = new_session(pinfo, r, callee_asks ? r->to.tag : r->from.tag, r->sip->is_request != callee_asks);

    session->began_before = true;
    if (from_device != to_device)
        session->invite_direction = callee_asks || to_device ? HIK_DIR_DOWN : HIK_DIR_UP;
    if (callee_tag.len) {
        struct hik_text_key key = tag_key(r, callee_tag);

        session->callee_tag = keep_bytes(r, callee_tag);
        /* Either tag may turn up in From later: the callee may speak, too. */
        hik_text_key_insert(sessions_by_tag, &key, session);
    }
    return session;
}

/* The INVITE asks for the same media at the same place. */
static bool is_same_offer(packet_info *pinfo, const struct hik_reading *r, const struct hik_session *session)
{
    const struct hik_media_line *theirs = session->offer.frame && session->offer.media_count ? session->offer.media : NULL;
    struct hik_description mine;

    if (!theirs || !r->has_sdp || r->sdp->media_count == 0)
        return false;
    hik_reading_describe(pinfo, r, &mine);
    return mine.media[0].addr_ok && theirs->addr_ok && mine.media[0].endpoint.port == theirs->endpoint.port &&
           addresses_equal(&mine.media[0].endpoint.addr, &theirs->endpoint.addr);
}

/* An INVITE outside a dialog under tags we know: is it another call, or the same one again? */
static bool is_new_call(packet_info *pinfo, const struct hik_reading *r, const struct hik_session *session, bool retransmission)
{
    struct hik_view camera = r->has_subject ? r->subject.sender_id : r->uri.user;

    if (retransmission)
        return false;
    if (session->bye_frame || (session->final_frame && session->final_status >= 300))
        return true;
    if (!session->invite_frame)
        return false; /* it came out of order */
    /* Another camera; or another hop, of a platform that passes the dialog on and the media through. */
    return (!between_its_ends(pinfo, session) && !is_same_offer(pinfo, r, session)) ||
           (session->camera && session->kind != HIK_KIND_BROADCAST && hik_view_is_id(r->buf, camera) &&
            !same_text(r, camera, session->camera));
}

static void set_camera(struct hik_session *session, const struct hik_reading *r)
{
    /* In the middle of a dialog the Request-URI is a Contact, a platform's, and either side may speak. */
    bool in_dialog = r->sip->method != HIK_METHOD_INVITE || (r->sip->is_request && r->to.tag.len > 0);
    const struct hik_view none = {0, 0};
    const struct hik_view candidates[] = {
        r->has_subject ? (session->kind == HIK_KIND_BROADCAST ? r->subject.receiver_id : r->subject.sender_id) : none,
        session->kind == HIK_KIND_BROADCAST ? r->from.user : r->sip->is_request && !in_dialog ? r->uri.user : r->to.user,
        session->kind == HIK_KIND_BROADCAST ? none : r->to.user,
        in_dialog && session->kind != HIK_KIND_BROADCAST ? r->from.user : none,
        r->has_sdp ? r->sdp->origin_user : none,
    };
    const struct hik_view *found = NULL;

    if (session->camera)
        return;
    for (size_t i = 0; i < array_length(candidates); i++) {
        if (candidates[i].len == 0 || !hik_view_is_id(r->buf, candidates[i]))
            continue;
        if (!found)
            found = &candidates[i];
        if (!in_dialog || hik_view_is_device(r->buf, candidates[i])) {
            found = &candidates[i];
            break;
        }
    }
    if (found) {
        session->camera = hik_view_string(wmem_file_scope(), r->buf, *found);
    } else if (r->has_subject && r->subject.sender_id.len > 0) {
        char *text = hik_view_string(wmem_file_scope(), r->buf, r->subject.sender_id);
        hik_text_one_line(text);
        session->camera = text;
    }
}

/* The ID of a platform, as one of the session's sides. */
static void set_platform_id(const char **slot, const struct hik_session *session, const struct hik_reading *r,
                            struct hik_view user)
{
    if (!*slot && user.len > 0 && hik_view_is_id(r->buf, user) && !(session->camera && same_text(r, user, session->camera)))
        *slot = hik_view_string(wmem_file_scope(), r->buf, user);
}

/* Who sent the message, by the ID it gives itself. */
static void learn_platform_id(const struct hik_message *message, const struct hik_reading *r, struct hik_view user)
{
    const char *camera = message->session->camera;

    if (message->platforms && message->direction != HIK_DIR_UNKNOWN && !(camera && same_text(r, user, camera)))
        hik_platforms_learn_id(message->platforms, message->direction == HIK_DIR_UP, r, user, HIK_ID_BY_GUESS);
}

/* Did the callee send this request, or the request of this answer? By the tags, else by the addresses. */
static bool asked_by_callee(packet_info *pinfo, const struct hik_reading *r, const struct hik_message *message)
{
    const struct hik_session *session = message->session;
    const address *asker = message->is_request ? &pinfo->src : &pinfo->dst;
    bool from = same_bytes(r, r->from.tag, session->caller_tag), to = same_bytes(r, r->to.tag, session->caller_tag);

    if (from != to)
        return to;
    return !addresses_equal(asker, &session->caller.addr) && addresses_equal(asker, &session->callee.addr);
}

/* Is this the newest request that asked for media, or an answer to it? The SDP of no other counts: what comes again, or
 * comes late, says what was agreed on before (RFC 3261 12.2.1.2). */
static bool answers_newest(packet_info *pinfo, const struct hik_reading *r, const struct hik_message *message)
{
    const struct hik_session *session = message->session;

    return session->offer_method == HIK_METHOD_NONE ||
           (session->offer_cseq == r->sip->cseq && session->offer_method == message->method &&
            session->offer_by_callee == asked_by_callee(pinfo, r, message));
}

/* The newest SDP offer. In a re-INVITE either side may make it. */
static void take_offer(packet_info *pinfo, const struct hik_reading *r, struct hik_message *message)
{
    struct hik_session *session = message->session;

    hik_reading_describe(pinfo, r, &session->offer);
    session->offer.by_callee = asked_by_callee(pinfo, r, message);
    message->carries_offer = true;
}

/* An INVITE or UPDATE asks for media, with its SDP or for the other side's. Returns false for one that comes again
 * after a newer one. */
static bool take_asking(packet_info *pinfo, const struct hik_reading *r, const struct hik_message *message)
{
    struct hik_session *session = message->session;

    if (message->retransmission && session->offer_method != HIK_METHOD_NONE)
        return answers_newest(pinfo, r, message);
    session->offer_cseq = r->sip->cseq;
    session->offer_method = message->method;
    session->offer_by_callee = asked_by_callee(pinfo, r, message);
    return true;
}

/* Who pulls: video asked for with an INVITE flows to the caller, so the caller is the upper platform, unless its SDP
 * says it sends. Voice can go either way: there the pair of platforms decides, else the IDs (in a broadcast the device
 * calls the source). */
static enum hik_direction invite_direction(packet_info *pinfo, const struct hik_reading *r)
{
    const struct hik_pair_match match = hik_platforms_find(pinfo, r);
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
    if (match.pair)
        return match.direction;
    if (audio && hik_view_is_device(r->buf, r->from.user) && !hik_view_is_device(r->buf, r->uri.user))
        return HIK_DIR_UP;
    if (audio || r->has_subject)
        return HIK_DIR_DOWN;
    return HIK_DIR_UNKNOWN;
}

static enum hik_session_kind session_kind(const struct hik_reading *r, enum hik_direction direction)
{
    bool audio_only = r->sdp->media_count > 0;

    for (unsigned i = 0; i < r->sdp->media_count; i++)
        audio_only = audio_only && hik_view_is(r->buf, r->sdp->media[i].media.media, "audio");
    switch (r->sdp->session_name) {
    case HIK_S_TALK:
        return HIK_KIND_TALK;
    case HIK_S_PLAYBACK:
        return HIK_KIND_PLAYBACK;
    case HIK_S_DOWNLOAD:
        return HIK_KIND_DOWNLOAD;
    default:
        break;
    }
    if (audio_only)
        return direction == HIK_DIR_UP ? HIK_KIND_BROADCAST : HIK_KIND_TALK;
    /* The first digit of y= says it only where s= does not: many say 0 for everything. */
    if (r->sdp->session_name == HIK_S_OTHER && r->sdp->y.has_parts && r->sdp->y.history)
        return HIK_KIND_PLAYBACK;
    return HIK_KIND_PLAY;
}

static void take_invite(packet_info *pinfo, const struct hik_reading *r, struct hik_message *message)
{
    struct hik_session *session = message->session;

    if (r->to.tag.len > 0 && session->invite_frame != 0) {
        session->reinvite_frame = pinfo->num;
        if (!message->retransmission) {
            session->reinvite_first = pinfo->num;
            session->offer_before = session->offer;
            session->answer_before = session->answer;
        }
    } else if (session->invite_frame == 0) {
        session->began_before = session->began_before && r->to.tag.len; /* it may only have come out of order */
        session->invite_frame = pinfo->num;
        session->invite_time = pinfo->abs_ts;
        session->invite_count = 1;
        session->invite_cseq = r->sip->cseq;
    } else if (message->retransmission) {
        session->invite_count++;
    } else if (session->invite_cseq != r->sip->cseq) { /* once more, with credentials (RFC 3261 22.2) */
        session->invite_cseq = r->sip->cseq;
        session->invite_count = 1;
    }
    if (session->invite_direction == HIK_DIR_UNKNOWN)
        session->invite_direction = invite_direction(pinfo, r);
    if (take_asking(pinfo, r, message) && r->has_sdp) {
        take_offer(pinfo, r, message);
        if (session->kind == HIK_KIND_UNKNOWN)
            session->kind = session_kind(r, session->invite_direction);
    }
    set_camera(session, r);
    if (session->invite_frame == pinfo->num) {
        set_platform_id(&session->caller_id, session, r, r->from.user);
        learn_platform_id(message, r, r->from.user);
    }
}

static void take_error_info(const struct hik_reading *r, struct hik_session *session)
{
    struct hik_error_info error;

    if (session->error_code || !hik_error_info_parse(r->buf, r->sip->body, &error))
        return;
    session->error_code = hik_view_string(wmem_file_scope(), r->buf, error.code);
    session->error_text = hik_text_to_utf8(wmem_file_scope(), r->buf, error.text);
}

/* A re-INVITE was answered. Refused, it leaves the session as it was (RFC 3261 14.1); with credentials it comes again. */
static void take_reinvite_answer(packet_info *pinfo, struct hik_session *session, uint16_t status)
{
    if (status >= 200 && status < 300)
        session->moved = true;
    if (status < 300 || session->offer_before.frame == 0)
        return;
    session->offer = session->offer_before;
    session->answer = session->answer_before;
    keep_expectation(pinfo, session);
}

/* A 2xx answer: one more fork if its To tag is new (RFC 3261 13.2.2.4). */
static void count_fork(const struct hik_reading *r, struct hik_session *session)
{
    struct hik_text_key key = tag_key(r, r->to.tag);

    key.number = session->index;
    if (wmem_map_lookup(forks, &key))
        return;
    hik_text_key_insert(forks, &key, session);
    session->answer_count++;
}

static void take_invite_answer(packet_info *pinfo, const struct hik_reading *r, struct hik_message *message)
{
    struct hik_session *session = message->session;
    uint16_t status = message->status;
    bool again = session->reinvite_first && message->request_frame == session->reinvite_first;
    struct hik_sip_addr contact;
    bool initial = session->invite_cseq == 0 || session->invite_cseq == r->sip->cseq;

    if (status < 200) {
        if (!session->provisional_frame)
            session->provisional_frame = pinfo->num;
        session->provisional_status = MAX(session->provisional_status, status);
    } else if (again) {
        take_reinvite_answer(pinfo, session, status);
    } else if (status == 401 || status == 407) {
        session->challenge_cseq = r->sip->cseq;
    } else if (initial && !session->final_frame) {
        session->final_frame = pinfo->num;
        session->final_status = status;
        session->final_reason = hik_view_string(wmem_file_scope(), r->buf, r->sip->reason);
        session->final_time = pinfo->abs_ts;
        if (status >= 300 && message->platforms)
            message->platforms->failures++;
    }
    if (status >= 300 && !again)
        take_error_info(r, session);
    if (status >= 200 && status < 300 && !again) {
        session->challenge_cseq = 0;
        if (!session->answer_frame)
            session->answer_frame = pinfo->num;
        set_camera(session, r);
        if (hik_sip_parse_addr(r->buf, r->sip->first[HIK_HDR_CONTACT].value, &contact)) {
            set_platform_id(&session->callee_id, session, r, contact.user);
            if (!(contact.user.len == r->from.user.len &&  /* copied from the INVITE */
                  memcmp(r->buf + contact.user.off, r->buf + r->from.user.off, contact.user.len) == 0))
                learn_platform_id(message, r, contact.user);
        }
        count_fork(r, session);
        if (!session->callee_tag.bytes)
            session->callee_tag = keep_bytes(r, r->to.tag);
    }
    if (r->has_sdp && status < 300 && answers_newest(pinfo, r, message)) {
        hik_reading_describe(pinfo, r, &session->answer);
        message->carries_answer = true;
        if (session->kind == HIK_KIND_UNKNOWN)
            session->kind = session_kind(r, session->invite_direction);
        /* The INVITE is not in the capture: who sends video is the lower platform. */
        if (session->invite_direction == HIK_DIR_UNKNOWN && session->kind != HIK_KIND_TALK)
            session->invite_direction = HIK_DIR_DOWN;
    }
}

/* So that a MediaStatus outside of the dialog finds it by its camera. */
static void keep_recording(struct hik_session *session)
{
    struct hik_text_key key;

    if (session->listed || !session->camera || (session->kind != HIK_KIND_PLAYBACK && session->kind != HIK_KIND_DOWNLOAD))
        return;
    key = (struct hik_text_key){{(const uint8_t *)session->camera, (const uint8_t *)""}, {(uint32_t)strlen(session->camera), 0}, 0};
    session->listed = true;
    session->older_recording = (struct hik_session *)wmem_map_lookup(recordings, &key);
    hik_text_key_insert(recordings, &key, session);
}

static void keep_ending(packet_info *pinfo, struct hik_session *session, const struct hik_bye *bye)
{
    struct hik_ending ending = {.frame = pinfo->num};

    session->bye_frame = 0;
    if (bye) {
        session->bye_frame = ending.bye_frame = bye->frame;
        session->bye_time = ending.bye_time = bye->time;
        session->bye_direction = bye->direction;
        session->bye_by_caller = bye->by_caller;
    }
    if (!session->endings)
        session->endings = wmem_array_sized_new(wmem_file_scope(), sizeof ending, 1);
    wmem_array_append_one(session->endings, ending);
}

static void take_bye(packet_info *pinfo, const struct hik_reading *r, const struct hik_message *message)
{
    struct hik_session *session = message->session;
    struct hik_bye bye = {pinfo->num, pinfo->abs_ts, !asked_by_callee(pinfo, r, message), message->direction, 0};

    if (message->retransmission && session->byes)
        return;
    if (!session->byes)
        session->byes = wmem_array_sized_new(wmem_file_scope(), sizeof bye, 1);
    wmem_array_append_one(session->byes, bye);
    if (!session->bye_frame)
        keep_ending(pinfo, session, &bye);
}

static struct hik_bye *find_bye(const struct hik_session *session, uint32_t frame)
{
    unsigned low = 0, high = session->byes ? wmem_array_get_count(session->byes) : 0;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        struct hik_bye *bye = (struct hik_bye *)wmem_array_index(session->byes, middle);

        if (bye->frame == frame)
            return bye;
        if (bye->frame < frame)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* The answer says that the call goes on. 481 and 408 say that there is no call any more (RFC 3261 15.1.1). */
static bool refuses_bye(uint16_t status)
{
    return status >= 300 && status != 481 && status != 408;
}

static void take_bye_answer(packet_info *pinfo, struct hik_message *message)
{
    struct hik_session *session = message->session;
    struct hik_bye *bye;
    bool ended;

    if (message->status < 200)
        return;
    if (!refuses_bye(message->status)) {
        if (!session->bye_answer_frame)
            session->bye_answer_frame = pinfo->num;
        return;
    }
    bye = find_bye(session, message->request_frame);
    if (!bye || bye->refused)
        return;
    bye->refused = session->bye_refused = message->status;
    ended = session->bye_frame == bye->frame;
    while (session->byes_refused < wmem_array_get_count(session->byes)) {
        bye = (struct hik_bye *)wmem_array_index(session->byes, session->byes_refused);
        if (!bye->refused)
            break;
        session->byes_refused++;
    }
    if (!ended)
        return;
    if (session->byes_refused < wmem_array_get_count(session->byes)) { /* both sides hung up, or it was asked twice */
        keep_ending(pinfo, session, bye);
    } else {
        keep_ending(pinfo, session, NULL);
        message->goes_on = true;
    }
}

bool hik_session_ended_at(const struct hik_session *session, uint32_t frame, uint32_t *bye_frame, nstime_t *bye_time)
{
    unsigned low = 0, high = session->endings ? wmem_array_get_count(session->endings) : 0;
    const struct hik_ending *found;

    while (low < high) { /* the first one later than the frame */
        unsigned middle = low + (high - low) / 2;

        found = (const struct hik_ending *)wmem_array_index(session->endings, middle);
        if (found->frame <= frame)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return false;
    found = (const struct hik_ending *)wmem_array_index(session->endings, low - 1);
    *bye_frame = found->bye_frame;
    *bye_time = found->bye_time;
    return found->bye_frame != 0;
}

static void undo_playback(struct hik_session *session)
{
    session->scale = session->scale_before;
    session->paused = session->paused_before;
    session->playback_frame = 0;
}

static void take_session_message(packet_info *pinfo, const struct hik_reading *r, struct hik_message *message)
{
    struct hik_session *session = message->session;

    session->last_time = pinfo->abs_ts;
    *(asked_by_callee(pinfo, r, message) == message->is_request ? &session->heard_callee : &session->heard_caller) = true;
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
        if (r->has_sdp) /* delayed offer: the ACK carries the answer (RFC 3264) */
            take_offer(pinfo, r, message);
        break;
    case HIK_METHOD_UPDATE: /* moves the media as a re-INVITE does (RFC 3311) */
        if (r->has_sdp && message->is_request) {
            if (take_asking(pinfo, r, message))
                take_offer(pinfo, r, message);
        } else if (r->has_sdp && message->status >= 200 && message->status < 300 && answers_newest(pinfo, r, message)) {
            hik_reading_describe(pinfo, r, &session->answer);
            message->carries_answer = true;
            session->moved = true;
        }
        break;
    case HIK_METHOD_CANCEL:
        if (message->is_request && !session->cancel_frame)
            session->cancel_frame = pinfo->num;
        break;
    case HIK_METHOD_BYE:
        if (message->is_request)
            take_bye(pinfo, r, message);
        else
            take_bye_answer(pinfo, message);
        break;
    case HIK_METHOD_INFO:
        /* What was refused did not happen. */
        if (!message->is_request && message->status >= 300 && message->request_frame &&
            message->request_frame == session->playback_frame)
            undo_playback(session);
        break;
    default:
        break;
    }
    set_camera(session, r);
    keep_recording(session);
    if (message->carries_offer || message->carries_answer)
        keep_expectation(pinfo, session);
}

void hik_session_playback(packet_info *pinfo, struct hik_session *session, double scale, bool paused)
{
    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (!session)
        return;
    session->playback_frame = pinfo->num;
    session->scale_before = session->scale;
    session->paused_before = session->paused;
    if (scale != 0)
        session->scale = scale;
    session->paused = paused;
}

void hik_session_playback_answer(packet_info *pinfo, const struct hik_message *message, unsigned rtsp_status)
{
    struct hik_session *session = message->session;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (session && !message->is_request && rtsp_status >= 300 && message->request_frame &&
        message->request_frame == session->playback_frame)
        undo_playback(session);
}

/* A download or playback of that camera that is going on, of several the newest that is not at its end yet. */
static struct hik_session *find_recording(packet_info *pinfo, const char *camera)
{
    struct hik_text_key key = {{(const uint8_t *)camera, (const uint8_t *)""}, {(uint32_t)strlen(camera), 0}, 0};
    struct hik_session *session = (struct hik_session *)wmem_map_lookup(recordings, &key), *found = NULL;

    for (unsigned seen = 0; session && seen < MAX_TWINS; session = session->older_recording, seen++) {
        if (session->bye_frame || session->final_status >= 300 || !between_its_ends(pinfo, session))
            continue;
        if (!session->file_end_frame)
            return session;
        if (!found)
            found = session;
    }
    return found;
}

struct hik_session *hik_session_file_end(packet_info *pinfo, const struct hik_message *message, const char *camera)
{
    struct hik_session *session = message->session;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (!session && camera)
        session = find_recording(pinfo, camera);
    if (session && !session->file_end_frame) {
        session->file_end_frame = pinfo->num;
        session->file_end_time = pinfo->abs_ts;
    }
    return session;
}

/* ---- messages ----------------------------------------------------------------------------------------------- */

/* A CANCEL, and the ACK of a refusal, have the branch of their INVITE (RFC 3261 9.1, 17.1.1.3). */
static struct hik_session *session_of_invite(const struct hik_reading *r)
{
    const struct hik_transaction *invite;

    if (r->sip->method != HIK_METHOD_ACK && r->sip->method != HIK_METHOD_CANCEL)
        return NULL;
    invite = hik_transaction_find_invite(r);
    return invite && is_party(r, invite->session) ? invite->session : NULL;
}

/* Methods that are never part of an INVITE session, whatever their Call-ID is. */
static bool outside_sessions(enum hik_method method)
{
    return method == HIK_METHOD_REGISTER || method == HIK_METHOD_SUBSCRIBE || method == HIK_METHOD_NOTIFY ||
           method == HIK_METHOD_PUBLISH;
}

/* transaction: the request an answer belongs to, NULL if it is not known; by_branch: by its branch alone. */
static struct hik_session *session_of(packet_info *pinfo, const struct hik_reading *r, const struct hik_transaction *transaction,
                                      bool by_branch, const struct hik_message *message)
{
    enum hik_method method = r->sip->method;
    struct hik_session *session;

    /* Without a Call-ID nothing tells one call from another. */
    if (outside_sessions(method) || method == HIK_METHOD_NONE || r->call_id.len == 0)
        return NULL;
    if (!message->is_request && transaction && transaction->request_frame && !by_branch)
        return transaction->session;
    /* Outside a dialog, MESSAGE and OPTIONS are no part of a session even if the Call-ID is one's. */
    if (message->is_request && r->to.tag.len == 0 && (method == HIK_METHOD_MESSAGE || method == HIK_METHOD_OPTIONS))
        return NULL;
    if (message->is_request && message->retransmission && is_party(r, transaction->session))
        return transaction->session;
    session = session_of_invite(r);
    if (!session)
        session = find_session(pinfo, r);
    if (message->is_request && method == HIK_METHOD_INVITE && r->to.tag.len == 0) {
        if (!session || is_new_call(pinfo, r, session, message->retransmission) ||
            (!same_bytes(r, r->from.tag, session->caller_tag) && !session->began_before))
            session = new_session(pinfo, r, r->from.tag, true);
        return session;
    }
    if (session)
        return session;
    if (!message->is_request && transaction && transaction->session)
        return transaction->session;
    return hik_reading_implies_dialog(r) ? begun_before(pinfo, r) : NULL;
}

static enum hik_direction reverse(enum hik_direction direction)
{
    return direction == HIK_DIR_UP ? HIK_DIR_DOWN : direction == HIK_DIR_DOWN ? HIK_DIR_UP : HIK_DIR_UNKNOWN;
}

static enum hik_direction session_direction(packet_info *pinfo, const struct hik_reading *r, const struct hik_session *session)
{
    bool from_is_caller = same_bytes(r, r->from.tag, session->caller_tag);
    bool to_is_caller = same_bytes(r, r->to.tag, session->caller_tag);

    if (session->invite_direction == HIK_DIR_UNKNOWN)
        return HIK_DIR_UNKNOWN;
    /* The tags say it on every hop: a platform in the middle of a cascade may pass a dialog on as it is. */
    if (session->caller_tag.len && from_is_caller != to_is_caller)
        return from_is_caller == r->sip->is_request ? session->invite_direction : reverse(session->invite_direction);
    if (hik_endpoint_is(&session->caller, &pinfo->src, pinfo->srcport))
        return session->invite_direction;
    if (hik_endpoint_is(&session->callee, &pinfo->src, pinfo->srcport))
        return reverse(session->invite_direction);
    /* Another port or another hop: the address alone has to tell. */
    if (addresses_equal(&session->caller.addr, &pinfo->src))
        return session->invite_direction;
    return reverse(session->invite_direction);
}

static void set_direction(packet_info *pinfo, const struct hik_reading *r, const struct hik_transaction *transaction,
                          struct hik_message *message)
{
    enum hik_direction direction = hik_reading_direction(r);
    bool sure = r->sip->method == HIK_METHOD_REGISTER;
    struct hik_pair_match match = hik_platforms_find(pinfo, r);
    struct hik_platforms *pair = match.pair;

    /* An answer belongs to its request's pair, however many there are at its addresses. */
    if (!message->is_request && !match.exact && transaction && transaction->request_frame && transaction->platforms) {
        match.pair = pair = transaction->platforms;
        match.direction = transaction->direction != HIK_DIR_UNKNOWN ? reverse(transaction->direction) : match.direction;
    }
    if (!message->is_request && direction != HIK_DIR_UNKNOWN)
        direction = reverse(direction);
    /* Who registered is who is below, whatever else the message looks like. */
    if (direction != HIK_DIR_UNKNOWN && !sure && pair && pair->sure)
        direction = match.direction;
    if (direction == HIK_DIR_UNKNOWN && message->session) {
        if (message->is_request && message->method == HIK_METHOD_INVITE &&
            message->session->invite_direction == HIK_DIR_UNKNOWN)
            message->session->invite_direction = invite_direction(pinfo, r);
        direction = session_direction(pinfo, r, message->session);
    }
    if (direction == HIK_DIR_UNKNOWN && transaction && !message->is_request)
        direction = reverse(transaction->direction);
    if (direction != HIK_DIR_UNKNOWN)
        pair = hik_platforms_learn(pinfo, r, &match, direction, sure);
    else if (pair)
        direction = match.direction;
    message->direction = direction;
    message->platforms = pair;
    /* A session that began before the capture learns its direction from the pair, too. */
    if (message->session && message->session->invite_direction == HIK_DIR_UNKNOWN && direction != HIK_DIR_UNKNOWN)
        message->session->invite_direction =
            hik_endpoint_is(&message->session->caller, &pinfo->src, pinfo->srcport) ? direction : reverse(direction);
}

bool hik_session_knows(packet_info *pinfo, const uint8_t *buf, const struct hik_sip *sip)
{
    const struct hik_session *session;
    struct hik_reading r;
    bool by_branch;

    hik_reading_take(buf, sip, NULL, &r);
    if (hik_transaction_find(pinfo, &r, &by_branch))
        return true;
    session = r.call_id.len > 0 ? find_by_call(&r) : NULL;
    return session && between_its_ends(pinfo, session);
}

struct hik_session *hik_session_of_call(const uint8_t *buf, const struct hik_sip *sip)
{
    struct hik_reading r;

    hik_reading_take(buf, sip, NULL, &r);
    return r.call_id.len > 0 ? find_by_call(&r) : NULL;
}

/* How often it was asked, and the times of what is asked for later. */
static void count_attempts(packet_info *pinfo, struct hik_session *session, const struct hik_message *message)
{
    if (message->method == HIK_METHOD_ACK && session->ack_frame == pinfo->num)
        session->ack_time = pinfo->abs_ts;
    if (message->method == HIK_METHOD_CANCEL && message->is_request && session->cancel_frame == pinfo->num)
        session->cancel_time = pinfo->abs_ts;
    if (message->method != HIK_METHOD_INVITE)
        return;
    if (message->is_request) {
        if (session->challenge && !message->retransmission) { /* begins anew, with credentials */
            session->challenge = 0;
            session->invites = 0;
        }
        if (session->reinvite_frame != pinfo->num)
            session->invites++;
    } else if (message->status == 401 || message->status == 407) {
        session->challenge = message->status;
    }
}

struct hik_message *hik_session_take(packet_info *pinfo, const uint8_t *buf, const struct hik_sip *sip,
                                     const struct hik_sdp *sdp)
{
    struct hik_message *message = wmem_new0(wmem_file_scope(), struct hik_message);
    struct hik_transaction *transaction;
    struct hik_reading r;
    bool by_branch;
    unsigned sessions_before = hik_session_count();

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    capture.messages++;
    capture.last_message = pinfo->abs_ts;
    hik_reading_take(buf, sip, sdp, &r);
    message->is_request = sip->is_request;
    message->method = sip->method;
    message->status = sip->status;

    transaction = hik_transaction_find(pinfo, &r, &by_branch);
    if (!transaction && !message->is_request && message->method == HIK_METHOD_BYE && !find_session(pinfo, &r)) {
        transaction = hik_transaction_find_bye(pinfo, &r);
        if (transaction) {
            message->tied_by_cseq = true;
            hik_transaction_keep(&r, transaction); /* for its retransmissions */
        }
    }
    if (transaction) {
        message->retransmission = message->is_request ? transaction->request_frame != 0
                                                       : transaction->last_status == message->status;
        if (!message->is_request) {
            message->request_frame = transaction->request_frame;
            message->request_time = transaction->request_time;
            message->request = transaction->request;
        }
    }
    message->keepalive = message->is_request ? r.keepalive : message->request && message->request->keepalive;
    message->session = session_of(pinfo, &r, transaction, by_branch, message);
    set_direction(pinfo, &r, transaction, message);

    if (!transaction) {
        transaction = wmem_new0(wmem_file_scope(), struct hik_transaction);
        hik_transaction_keep(&r, transaction);
    }
    if (message->is_request || !transaction->session)
        transaction->session = message->session;
    if (message->is_request || !transaction->platforms)
        transaction->platforms = message->platforms;
    if (message->is_request) {
        if (!transaction->request_frame) {
            transaction->request_frame = pinfo->num;
            transaction->request = message;
            transaction->request_time = pinfo->abs_ts;
            transaction->direction = message->direction;
            if (message->method == HIK_METHOD_BYE)
                hik_transaction_queue_bye(pinfo, &r, transaction);
        }
    } else {
        transaction->last_status = message->status;
        if (message->status >= 200 && !transaction->answer_frame)
            transaction->answer_frame = pinfo->num;
    }

    if (message->method == HIK_METHOD_REGISTER)
        hik_registration_take(pinfo, &r, message);
    else if (!message->session)
        hik_platforms_take_ids(pinfo, &r, message);
    if (message->keepalive)
        hik_registration_take_keepalive(pinfo, message);
    if (message->session) {
        take_session_message(pinfo, &r, message);
        count_attempts(pinfo, message->session, message);
        if (hik_session_count() > sessions_before && message->platforms)
            message->platforms->sessions++;
    }
    return message;
}
