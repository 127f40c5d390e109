/* dialog.c
 * Takes SIP messages in: which session each one belongs to, and which way it goes.
 *
 * A session is an INVITE dialog (RFC 3261 clause 12) and everything that leads to it or follows from it. Messages find
 * their session by Call-ID and tag, answers also by Via branch and CSeq (17.1.3), because lower platforms are known to
 * answer a BYE under another Call-ID. Every lookup is a hash: a capture of any size costs the same per message.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "session-update.h"

#include <string.h>

#include "keepalive.h"
#include "key.h"
#include "message-info.h"
#include "parts.h"
#include "platforms.h"
#include "registration.h"
#include "request.h"
#include "subscription.h"
#include "transaction.h"

static struct hik_index sessions_by_tag; /* text_key: Call-ID, tag -> struct hik_session */
static struct hik_index sessions_by_call; /* text_key: Call-ID -> newest struct hik_session */

static struct hik_session *find_by_tag(const struct hik_message_info *r, struct hik_view tag)
{
    struct hik_text_key key = hik_message_info_tag_key(r, tag);
    return (struct hik_session *)hik_index_get(&sessions_by_tag, hik_text_digest(&key));
}

/* Call-ID alone. */
static struct hik_session *find_by_call(const struct hik_message_info *r)
{
    struct hik_text_key key = hik_message_info_tag_key(r, (struct hik_view){0, 0});
    return (struct hik_session *)hik_index_get(&sessions_by_call, hik_text_digest(&key));
}

/* File scope; never NULL. */
static const char *text_or_empty(const struct hik_message_info *r, struct hik_view view)
{
    const char *text = hik_view_kept(r->buf, view);
    return text ? text : "";
}

/* Its sender is one of the two: cascades that count alike have Call-IDs and branches in common. */
static bool is_party(const struct hik_message_info *r, const struct hik_session *session)
{
    return session && (hik_message_info_same_bytes(r, r->from.tag, session->caller_tag) ||
                       (hik_message_info_same_bytes(r, r->from.tag, session->callee_tag)));
}

/* How well a message fits one of several calls with the same Call-ID and caller's tag. */
static int match_score(packet_info *pinfo, const struct hik_message_info *r, const struct hik_session *session)
{
    struct hik_view other = hik_message_info_same_bytes(r, r->from.tag, session->caller_tag) ? r->to.tag : r->from.tag;
    bool there = hik_endpoint_is(&session->caller, &pinfo->src, pinfo->srcport) &&
                 hik_endpoint_is(&session->callee, &pinfo->dst, pinfo->destport);
    bool back = hik_endpoint_is(&session->callee, &pinfo->src, pinfo->srcport) &&
                hik_endpoint_is(&session->caller, &pinfo->dst, pinfo->destport);
    int points = there || back ? 3 : hik_session_is_between_ends(pinfo, session) ? 2 : 0;

    if (session->callee_tag.bytes && other.len)
        points += hik_message_info_same_bytes(r, other, session->callee_tag) ? 4 : -4;
    if (session->camera && (hik_message_info_same_text(r, r->to.user, session->camera) || hik_message_info_same_text(r, r->from.user, session->camera) ||
                            (r->has_subject && hik_message_info_same_text(r, r->subject.sender_id, session->camera))))
        points++;
    if (session->bye_frame || session->final_status >= 300)
        points -= 5;
    return points;
}

/* Calls with the same Call-ID and tag exist: of a device that counts anew, and of a platform in the middle that passes
 * a dialog on as it is. The one that fits best, of equals the newest. */
static struct hik_session *best_match(packet_info *pinfo, const struct hik_message_info *r, struct hik_session *newest)
{
    struct hik_session *best = newest;
    int points, most;
    unsigned seen = 0;

    if (!newest || !newest->same_ids)
        return newest;
    most = match_score(pinfo, r, newest);
    for (struct hik_session *other = newest->same_ids; other && ++seen < MAX_SAME_IDS; other = other->same_ids) {
        points = match_score(pinfo, r, other);
        if (points > most) {
            most = points;
            best = other;
        }
    }
    return best;
}

/* The dialog a message belongs to: the caller's tag is in From or in To. Failing both, the newest dialog of that
 * Call-ID between the same two addresses: devices that lose a tag exist. */
static struct hik_session *find_session(packet_info *pinfo, const struct hik_message_info *r)
{
    struct hik_session *session = find_by_tag(r, r->from.tag);

    if (!session && r->to.tag.len)
        session = find_by_tag(r, r->to.tag);
    if (!session) {
        session = find_by_call(r);
        if (session && !hik_session_is_between_ends(pinfo, session))
            session = NULL;
    }
    return best_match(pinfo, r, session);
}

/* caller_sends: the packet goes from the caller to the callee. */
static struct hik_session *new_session(packet_info *pinfo, const struct hik_message_info *r, struct hik_view caller_tag,
                                       bool caller_sends)
{
    struct hik_session *session = hik_keep_new(struct hik_session);
    struct hik_text_key key = hik_message_info_tag_key(r, caller_tag);

    session->call_id = text_or_empty(r, r->call_id);
    session->caller_tag = hik_message_info_keep_bytes(r, caller_tag);
    session->same_ids = find_by_tag(r, caller_tag);
    session->scale = 1.0;
    session->first_frame = pinfo->num;
    session->first_time = pinfo->abs_ts;
    hik_endpoint_set(&session->caller, caller_sends ? &pinfo->src : &pinfo->dst, caller_sends ? pinfo->srcport : pinfo->destport);
    hik_endpoint_set(&session->callee, caller_sends ? &pinfo->dst : &pinfo->src, caller_sends ? pinfo->destport : pinfo->srcport);
    hik_index_put(&sessions_by_tag, hik_text_digest(&key), session);
    key = hik_message_info_tag_key(r, (struct hik_view){0, 0});
    hik_index_put(&sessions_by_call, hik_text_digest(&key), session);
    hik_session_add(session);
    return session;
}

/* A dialog whose INVITE is not in the capture. Who called is told by the method: the caller sends ACK and CANCEL and
 * gets the answers to INVITE; BYE and INFO come from either side, mostly from the upper platform, who called, unless the
 * camera stands in their From. */
static struct hik_session *begun_before(packet_info *pinfo, const struct hik_message_info *r)
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
        struct hik_text_key key = hik_message_info_tag_key(r, callee_tag);

        session->callee_tag = hik_message_info_keep_bytes(r, callee_tag);
        /* Either tag may turn up in From later: the callee may speak, too. */
        hik_index_put(&sessions_by_tag, hik_text_digest(&key), session);
    }
    return session;
}

/* The INVITE asks for the same media at the same place. */
static bool is_same_offer(packet_info *pinfo, const struct hik_message_info *r, const struct hik_session *session)
{
    const struct hik_media_line *theirs = session->offer.frame && session->offer.media_count ? session->offer.media : NULL;
    struct hik_description mine;

    if (!theirs || !r->has_sdp || r->sdp->media_count == 0)
        return false;
    hik_message_info_describe(pinfo, r, &mine);
    return mine.media[0].addr_ok && theirs->addr_ok && mine.media[0].endpoint.port == theirs->endpoint.port &&
           addresses_equal(&mine.media[0].endpoint.addr, &theirs->endpoint.addr);
}

/* An INVITE outside a dialog under tags we know: is it another call, or the same one again? */
static bool is_new_call(packet_info *pinfo, const struct hik_message_info *r, const struct hik_session *session, bool retransmission)
{
    struct hik_view camera = r->has_subject ? r->subject.sender_id : r->uri.user;

    if (retransmission)
        return false;
    if (session->bye_frame || (session->final_frame && session->final_status >= 300))
        return true;
    if (!session->invite_frame)
        return false; /* it came out of order */
    /* Another camera; or another hop, of a platform that passes the dialog on and the media through. */
    return (!hik_session_is_between_ends(pinfo, session) && !is_same_offer(pinfo, r, session)) ||
           (session->camera && session->kind != HIK_KIND_BROADCAST && hik_view_is_id(r->buf, camera) &&
            !hik_message_info_same_text(r, camera, session->camera));
}

/* ---- messages ----------------------------------------------------------------------------------------------- */

/* A CANCEL, and the ACK of a refusal, have the branch of their INVITE (RFC 3261 9.1, 17.1.1.3). */
static struct hik_session *session_of_invite(const struct hik_message_info *r)
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
static struct hik_session *session_of(packet_info *pinfo, const struct hik_message_info *r, const struct hik_transaction *transaction,
                                      bool by_branch, const struct hik_message *message)
{
    enum hik_method method = r->sip->method;
    struct hik_session *session;

    /* Without a Call-ID nothing tells one call from another. */
    if (outside_sessions(method) || method == HIK_METHOD_NONE || r->call_id.len == 0)
        return NULL;
    if (!message->is_request && transaction && transaction->request_frame && !by_branch)
        return transaction->session || !transaction->request ? transaction->session : transaction->request->session;
    /* Outside a dialog, MESSAGE and OPTIONS are no part of a session even if the Call-ID is one's. */
    if (message->is_request && r->to.tag.len == 0 && (method == HIK_METHOD_MESSAGE || method == HIK_METHOD_OPTIONS))
        return NULL;
    if (message->is_request && message->retransmission && transaction && is_party(r, transaction->session))
        return transaction->session;
    session = session_of_invite(r);
    if (!session)
        session = find_session(pinfo, r);
    if (message->is_request && method == HIK_METHOD_INVITE && r->to.tag.len == 0) {
        if (!session || is_new_call(pinfo, r, session, message->retransmission) ||
            (!hik_message_info_same_bytes(r, r->from.tag, session->caller_tag) && !session->began_before))
            session = new_session(pinfo, r, r->from.tag, true);
        return session;
    }
    if (session)
        return session;
    if (!message->is_request && transaction && transaction->session)
        return transaction->session;
    return hik_message_info_implies_dialog(r) ? begun_before(pinfo, r) : NULL;
}

static enum hik_direction reverse(enum hik_direction direction)
{
    return direction == HIK_DIR_UP ? HIK_DIR_DOWN : direction == HIK_DIR_DOWN ? HIK_DIR_UP : HIK_DIR_UNKNOWN;
}

static enum hik_direction session_direction(packet_info *pinfo, const struct hik_message_info *r, const struct hik_session *session)
{
    bool from_is_caller = hik_message_info_same_bytes(r, r->from.tag, session->caller_tag);
    bool to_is_caller = hik_message_info_same_bytes(r, r->to.tag, session->caller_tag);

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

/* What was known of two pairs that are one is known of that one. */
static void merge_others(void)
{
    struct hik_platforms *pair = hik_platforms_merged();

    if (!pair)
        return;
    hik_keepalive_merge(pair->merged_into, pair);
    hik_request_merge(pair->merged_into, pair);
}

static void set_direction(packet_info *pinfo, const struct hik_message_info *r, const struct hik_transaction *transaction,
                          struct hik_message *message)
{
    enum hik_direction direction = hik_message_info_direction(r);
    bool sure = r->sip->method == HIK_METHOD_REGISTER;
    struct hik_pair_match match = hik_platforms_find(pinfo, r);
    struct hik_platforms *pair = match.pair;

    /* An answer belongs to its request's pair, however many there are at its addresses. */
    if (!message->is_request && !match.exact && transaction && transaction->request_frame && transaction->platforms) {
        match.pair = pair = hik_platforms_now(transaction->platforms);
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
            message->session->invite_direction = hik_session_invite_direction(pinfo, r);
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

bool hik_session_knows(packet_info *pinfo, const uint8_t *buf, const struct hik_sip *sip, bool strict)
{
    const struct hik_session *session;
    struct hik_message_info r;
    bool by_branch;

    hik_message_info_read(buf, sip, NULL, &r);
    if (hik_transaction_find(pinfo, &r, &by_branch) && !(strict && by_branch))
        return true;
    session = r.call_id.len > 0 ? find_by_call(&r) : NULL;
    return session && hik_session_is_between_ends(pinfo, session);
}

struct hik_session *hik_session_of_call(const uint8_t *buf, const struct hik_sip *sip)
{
    struct hik_message_info r;

    hik_message_info_read(buf, sip, NULL, &r);
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
        if (session->reinvite_frame != pinfo->num && !message->tcp_again)
            session->invites++;
    } else if (message->status == 401 || message->status == 407) {
        session->challenge = message->status;
    }
}

struct hik_message *hik_session_take(packet_info *pinfo, const uint8_t *buf, const struct hik_sip *sip,
                                     const struct hik_sdp *sdp, struct hik_cut cut)
{
    struct hik_message *message = hik_keep_new(struct hik_message);
    struct hik_transaction *transaction;
    struct hik_message_info r;
    bool by_branch;
    unsigned sessions_before = hik_session_count();

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    hik_session_count_message(pinfo);
    hik_message_info_read(buf, sip, sdp, &r);
    message->is_request = sip->is_request;
    message->method = sip->method;
    message->status = sip->status;
    message->cut = cut;
    message->unplaced = r.unplaced;
    if (r.unplaced) {
        message->direction = sip->is_request ? hik_message_info_direction(&r) : HIK_DIR_UNKNOWN;
        return message;
    }

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
        message->tcp_again = pinfo->ptype == PT_TCP && (message->retransmission || (!message->is_request && message->status < 200 &&
                                                                                    transaction->answer_frame));
        if (!message->is_request) {
            message->request_frame = transaction->request_frame;
            message->request_time = transaction->request_time;
            message->request = transaction->request;
        }
    }
    message->keepalive = message->is_request ? r.keepalive : message->request && message->request->keepalive;
    message->session = session_of(pinfo, &r, transaction, by_branch, message);
    set_direction(pinfo, &r, transaction, message);
    merge_others();
    if (sip->cut && message->platforms)
        message->platforms->cut = true;

    if (!transaction) {
        transaction = hik_keep_new(struct hik_transaction);
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
    } else if (!message->tcp_again) {
        transaction->last_status = message->status;
        if (message->status >= 200 && !transaction->answer_frame)
            transaction->answer_frame = pinfo->num;
    }

    if (message->method == HIK_METHOD_REGISTER)
        hik_registration_process(pinfo, &r, message);
    else if (!message->session)
        hik_platforms_update_ids(pinfo, &r, message);
    if (message->keepalive)
        hik_registration_process_keepalive(pinfo, message);
    hik_request_process(pinfo, &r, message, transaction);
    hik_subscription_process(pinfo, &r, message);
    if (message->session) {
        hik_session_update(pinfo, &r, message);
        count_attempts(pinfo, message->session, message);
        if (hik_session_count() > sessions_before && message->platforms)
            message->platforms->sessions++;
    }
    message->platforms = hik_platforms_settle(message->platforms);
    merge_others();
    return message;
}

void hik_dialog_register(void)
{
    hik_index_register(&sessions_by_tag);
    hik_index_register(&sessions_by_call);
    hik_session_update_register();
    hik_platforms_register();
    hik_request_register();
    hik_keepalive_register();
    hik_transaction_register();
}
