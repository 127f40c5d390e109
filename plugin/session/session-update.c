/* session-update.c
 * What the messages of a call do to its session: offers and answers (RFC 3264), how an INVITE is answered, re-INVITEs,
 * CANCEL, BYE, and MANSRTSP's play control.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "session-update.h"

#include <string.h>

#include "error-info.h"
#include "gb-id.h"
#include "key.h"
#include "platforms.h"
#include "seconds.h"
#include "transaction.h"

static struct hik_index forks; /* text_key: Call-ID, To tag; index -> struct fork */
static struct hik_index recordings; /* text_key: camera -> newest struct hik_session that plays or fetches its file */

static void set_camera(struct hik_session *session, const struct hik_message_info *r)
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

    if (session->camera || session->subject_cut)
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
        session->camera = hik_view_shared(r->buf, *found);
    } else if (r->has_subject && r->subject.sender_id.len > 0) {
        char *text = hik_view_string(wmem_file_scope(), r->buf, r->subject.sender_id);
        hik_text_one_line(text);
        session->camera = text;
    }
}

/* The ID of a platform, as one of the session's sides. */
static void set_platform_id(const char **slot, const struct hik_session *session, const struct hik_message_info *r,
                            struct hik_view user)
{
    if (!*slot && user.len > 0 && hik_view_is_id(r->buf, user) && !(session->camera && hik_message_info_same_text(r, user, session->camera)))
        *slot = hik_view_shared(r->buf, user);
}

/* Who sent the message, by the ID it gives itself. */
static void learn_platform_id(const struct hik_message *message, const struct hik_message_info *r, struct hik_view user)
{
    const char *camera = message->session->camera;

    if (message->platforms && message->direction != HIK_DIR_UNKNOWN && !(camera && hik_message_info_same_text(r, user, camera)))
        hik_platforms_learn_id(message->platforms, message->direction == HIK_DIR_UP, r, user, HIK_ID_BY_GUESS);
}

/* Did the callee send this request, or the request of this answer? By the tags, else by the addresses. */
static bool asked_by_callee(packet_info *pinfo, const struct hik_message_info *r, const struct hik_message *message)
{
    const struct hik_session *session = message->session;
    const address *asker = message->is_request ? &pinfo->src : &pinfo->dst;
    bool from = hik_message_info_same_bytes(r, r->from.tag, session->caller_tag), to = hik_message_info_same_bytes(r, r->to.tag, session->caller_tag);

    if (from != to)
        return to;
    return !addresses_equal(asker, &session->caller.addr) && addresses_equal(asker, &session->callee.addr);
}

/* Is this the newest request that asked for media, or an answer to it? The SDP of no other counts: what comes again, or
 * comes late, says what was agreed on before (RFC 3261 12.2.1.2). */
static bool answers_newest(packet_info *pinfo, const struct hik_message_info *r, const struct hik_message *message)
{
    const struct hik_session *session = message->session;

    return session->offer_method == HIK_METHOD_NONE ||
           (session->offer_cseq == r->sip->cseq && session->offer_method == message->method &&
            session->offer_by_callee == asked_by_callee(pinfo, r, message));
}

/* The newest SDP offer. In a re-INVITE either side may make it. */
static void process_offer(packet_info *pinfo, const struct hik_message_info *r, struct hik_message *message)
{
    struct hik_session *session = message->session;

    hik_message_info_describe(pinfo, r, &session->offer);
    session->offer.by_callee = asked_by_callee(pinfo, r, message);
    message->carries_offer = true;
}

/* An INVITE or UPDATE asks for media, with its SDP or for the other side's. Returns false for one that comes again
 * after a newer one. */
static bool process_asking(packet_info *pinfo, const struct hik_message_info *r, const struct hik_message *message)
{
    struct hik_session *session = message->session;

    if (message->retransmission && session->offer_method != HIK_METHOD_NONE)
        return answers_newest(pinfo, r, message);
    session->offer_cseq = r->sip->cseq;
    session->offer_method = message->method;
    session->offer_by_callee = asked_by_callee(pinfo, r, message);
    return true;
}

enum hik_direction hik_session_invite_direction(packet_info *pinfo, const struct hik_message_info *r)
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

static enum hik_session_kind session_kind(const struct hik_message_info *r, enum hik_direction direction)
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

static void process_invite(packet_info *pinfo, const struct hik_message_info *r, struct hik_message *message)
{
    struct hik_session *session = message->session;

    if (r->to.tag.len > 0 && session->invite_frame != 0) {
        session->reinvite_frame = pinfo->num;
        if (!message->retransmission) {
            session->reinvite_first = pinfo->num;
            if (!session->agreed_before)
                session->agreed_before = hik_keep_new(struct hik_agreed);
            session->agreed_before->offer = session->offer;
            session->agreed_before->answer = session->answer;
        }
    } else if (session->invite_frame == 0) {
        session->began_before = session->began_before && r->to.tag.len; /* it may only have come out of order */
        session->invite_frame = pinfo->num;
        session->invite_time = pinfo->abs_ts;
        session->invite_cseq = r->sip->cseq;
    } else if (!message->retransmission) {
        session->invite_cseq = r->sip->cseq; /* once more, with credentials (RFC 3261 22.2) */
    }
    if (session->invite_direction == HIK_DIR_UNKNOWN)
        session->invite_direction = hik_session_invite_direction(pinfo, r);
    if (process_asking(pinfo, r, message) && (r->has_sdp || r->sdp_cut)) {
        process_offer(pinfo, r, message);
        if (session->kind == HIK_KIND_UNKNOWN && r->has_sdp)
            session->kind = session_kind(r, session->invite_direction);
    }
    set_camera(session, r);
    if (session->invite_frame == pinfo->num) {
        set_platform_id(&session->caller_id, session, r, r->from.user);
        learn_platform_id(message, r, r->from.user);
    }
}

static void process_error_info(const struct hik_message_info *r, struct hik_session *session)
{
    struct hik_error_info error;

    if (session->error_code || !hik_error_info_parse(r->buf, r->sip->body, &error))
        return;
    session->error_code = hik_view_string(wmem_file_scope(), r->buf, error.code);
    session->error_text = hik_text_to_utf8(wmem_file_scope(), r->buf, error.text);
}

/* From here on the newest SDPs hold. */
static void note_move(packet_info *pinfo, struct hik_session *session)
{
    session->moved = true;
    session->moved_frame = pinfo->num;
    session->moved_time = pinfo->abs_ts;
}

/* A re-INVITE was answered. Refused, it leaves the session as it was (RFC 3261 14.1); with credentials it comes again. */
static void process_reinvite_answer(packet_info *pinfo, struct hik_session *session, uint16_t status)
{
    if (status >= 200 && status < 300)
        note_move(pinfo, session);
    if (status < 300 || session->agreed_before->offer.frame == 0)
        return;
    session->offer = session->agreed_before->offer;
    session->answer = session->agreed_before->answer;
    hik_session_keep_expectation(pinfo, session);
}

/* What 2xx answers with one To tag began: of several forks the caller keeps one and says BYE to the others (RFC 3261
 * 13.2.2.4). First pass. */
struct fork {
    nstime_t answered;
    bool acked, left; /* left: a BYE said within HIK_FORK_LEFT of its answer */
    uint32_t sdp_frame; /* its SDP took the place of another fork's, which is kept; 0: it did not */
    struct hik_description *before;
};

static struct fork *find_fork(const struct hik_message_info *r, const struct hik_session *session, struct hik_view tag)
{
    struct hik_text_key key = hik_message_info_tag_key(r, tag);

    key.number = session->index;
    return (struct fork *)hik_index_get(&forks, hik_text_digest(&key));
}

static void count_fork(packet_info *pinfo, const struct hik_message_info *r, struct hik_session *session)
{
    struct hik_text_key key = hik_message_info_tag_key(r, r->to.tag);
    struct fork *fork;

    key.number = session->index;
    if (hik_index_get(&forks, hik_text_digest(&key)))
        return;
    fork = hik_keep_new(struct fork);
    fork->answered = pinfo->abs_ts;
    hik_index_put(&forks, hik_text_digest(&key), fork);
    if (session->answer_count++ > 0 && session->answer.frame && (r->has_sdp || r->sdp_cut)) {
        fork->sdp_frame = pinfo->num;
        fork->before = (struct hik_description *)hik_keep_copy(&session->answer, sizeof session->answer);
    }
}

static void ack_fork(const struct hik_message_info *r, struct hik_session *session)
{
    struct fork *fork = find_fork(r, session, r->to.tag);

    if (!fork || fork->acked)
        return;
    fork->acked = true;
    if (!fork->left)
        session->forks_open++;
}

/* Does this BYE leave one fork while another one goes on? A device that answers with a new tag each time has no forks, and its
 * call ends with any of them, but not so soon. */
static bool leaves_fork(packet_info *pinfo, const struct hik_message_info *r, const struct hik_message *message)
{
    struct hik_session *session = message->session;
    struct fork *fork = session->answer_count < 2 ? NULL
                      : find_fork(r, session, asked_by_callee(pinfo, r, message) ? r->from.tag : r->to.tag);

    if (!fork || (!fork->left && hik_seconds_between(&fork->answered, &pinfo->abs_ts) > HIK_FORK_LEFT))
        return false;
    if (!fork->left && fork->acked)
        session->forks_open--;
    fork->left = true;
    if (session->forks_open == 0)
        return false;
    if (fork->before && session->answer.frame == fork->sdp_frame) {
        session->answer = *fork->before;
        hik_session_keep_expectation(pinfo, session);
    }
    return true;
}

static void process_invite_answer(packet_info *pinfo, const struct hik_message_info *r, struct hik_message *message)
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
        process_reinvite_answer(pinfo, session, status);
    } else if (status == 401 || status == 407) {
        session->challenge_cseq = r->sip->cseq;
    } else if (initial && !session->final_frame) {
        session->final_frame = pinfo->num;
        session->final_status = status;
        session->final_reason = hik_view_shared(r->buf, r->sip->reason);
        session->final_time = pinfo->abs_ts;
        if (status >= 300 && message->platforms)
            message->platforms->failures++;
    }
    if (status >= 300 && !again)
        process_error_info(r, session);
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
        count_fork(pinfo, r, session);
        if (!session->callee_tag.bytes)
            session->callee_tag = hik_message_info_keep_bytes(r, r->to.tag);
    }
    if ((r->has_sdp || r->sdp_cut) && status < 300 && answers_newest(pinfo, r, message)) {
        hik_message_info_describe(pinfo, r, &session->answer);
        message->carries_answer = true;
        if (session->kind == HIK_KIND_UNKNOWN && r->has_sdp)
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
    session->older_recording = (struct hik_session *)hik_index_get(&recordings, hik_text_digest(&key));
    hik_index_put(&recordings, hik_text_digest(&key), session);
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
    hik_history_add(&session->endings, &ending, sizeof ending);
}

static void process_bye(packet_info *pinfo, const struct hik_message_info *r, const struct hik_message *message)
{
    struct hik_session *session = message->session;
    struct hik_bye bye = {.frame = pinfo->num, .direction = message->direction, .by_caller = !asked_by_callee(pinfo, r, message),
                          .time = pinfo->abs_ts};

    if ((message->retransmission && session->byes.count > 0) || leaves_fork(pinfo, r, message))
        return;
    hik_history_add(&session->byes, &bye, sizeof bye);
    if (!session->bye_frame)
        keep_ending(pinfo, session, &bye);
}

static struct hik_bye *find_bye(const struct hik_session *session, uint32_t frame)
{
    struct hik_bye *bye = (struct hik_bye *)hik_history_at(&session->byes, frame, sizeof *bye);

    return bye && bye->frame == frame ? bye : NULL;
}

/* The answer says that the call goes on. 481 and 408 say that there is no call any more (RFC 3261 15.1.1). */
static bool refuses_bye(uint16_t status)
{
    return status >= 300 && status != 481 && status != 408;
}

static void process_bye_answer(packet_info *pinfo, struct hik_message *message)
{
    struct hik_session *session = message->session;
    struct hik_bye *bye;
    bool ended;

    if (message->status < 200)
        return;
    bye = find_bye(session, message->request_frame);
    if (!refuses_bye(message->status)) {
        if (!session->bye_answer_frame && (bye || session->answer_count < 2))
            session->bye_answer_frame = pinfo->num;
        return;
    }
    if (!bye || bye->refused)
        return;
    bye->refused = session->bye_refused = message->status;
    ended = session->bye_frame == bye->frame;
    while (session->byes_refused < session->byes.count) {
        bye = (struct hik_bye *)hik_history_element(&session->byes, session->byes_refused, sizeof *bye);
        if (!bye->refused)
            break;
        session->byes_refused++;
    }
    if (!ended)
        return;
    if (session->byes_refused < session->byes.count) { /* both sides hung up, or it was asked twice */
        keep_ending(pinfo, session, bye);
    } else {
        keep_ending(pinfo, session, NULL);
        message->goes_on = true;
    }
}

static void undo_playback(struct hik_session *session)
{
    session->scale = session->scale_before;
    session->paused = session->paused_before;
    session->playback_frame = 0;
}

void hik_session_update(packet_info *pinfo, const struct hik_message_info *r, struct hik_message *message)
{
    struct hik_session *session = message->session;

    if (!message->tcp_again)
        session->last_time = pinfo->abs_ts;
    session->messages++;
    if (r->sdp_cut && !session->cut_frame) {
        session->cut_frame = pinfo->num;
        session->cut = message->cut;
        session->cut_answer = !message->is_request;
    }
    if (r->sip->cut && message->is_request && message->method == HIK_METHOD_INVITE && !r->has_subject && !r->sip->blank_line)
        session->subject_cut = true;
    if (asked_by_callee(pinfo, r, message) == message->is_request) {
        session->heard_callee = true;
        session->callee_time = pinfo->abs_ts;
    } else {
        session->heard_caller = true;
    }
    switch (message->method) {
    case HIK_METHOD_INVITE:
        if (message->is_request)
            process_invite(pinfo, r, message);
        else
            process_invite_answer(pinfo, r, message);
        break;
    case HIK_METHOD_ACK:
        /* The ACK of a challenge only ends that try. */
        if (message->is_request && !session->ack_frame &&
            (!session->challenge_cseq || session->challenge_cseq != r->sip->cseq))
            session->ack_frame = pinfo->num;
        if (message->is_request)
            ack_fork(r, session);
        if (r->has_sdp) /* delayed offer: the ACK carries the answer (RFC 3264) */
            process_offer(pinfo, r, message);
        break;
    case HIK_METHOD_UPDATE: /* moves the media as a re-INVITE does (RFC 3311) */
        if ((r->has_sdp || r->sdp_cut) && message->is_request) {
            if (process_asking(pinfo, r, message))
                process_offer(pinfo, r, message);
        } else if ((r->has_sdp || r->sdp_cut) && message->status >= 200 && message->status < 300 && answers_newest(pinfo, r, message)) {
            hik_message_info_describe(pinfo, r, &session->answer);
            message->carries_answer = true;
            note_move(pinfo, session);
        }
        break;
    case HIK_METHOD_CANCEL:
        if (message->is_request && !session->cancel_frame)
            session->cancel_frame = pinfo->num;
        session->cancels += message->is_request && !message->tcp_again;
        session->cancel_answered |= !message->is_request;
        break;
    case HIK_METHOD_BYE:
        if (message->is_request)
            process_bye(pinfo, r, message);
        else
            process_bye_answer(pinfo, message);
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
    message->kind = session->kind;
    keep_recording(session);
    if (message->carries_offer || message->carries_answer)
        hik_session_keep_expectation(pinfo, session);
}

void hik_session_playback(packet_info *pinfo, const struct hik_message *message, double scale, bool paused, int64_t cseq)
{
    struct hik_session *session = message->session;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (!session)
        return;
    session->playback_frame = pinfo->num;
    session->playback_direction = message->direction;
    session->playback_cseq = cseq;
    session->scale_before = session->scale;
    session->paused_before = session->paused;
    if (scale != 0)
        session->scale = scale;
    session->paused = paused;
}

/* RTSP's CSeq tells a request's answer where SIP does not; where one of them says none, it is the last request's. */
static bool answers_playback(const struct hik_session *session, const struct hik_message *message, int64_t cseq)
{
    if (!message->is_request)
        return message->request_frame == session->playback_frame;
    return message->direction != session->playback_direction && (cseq < 0 || session->playback_cseq < 0 || cseq == session->playback_cseq);
}

void hik_session_playback_answer(packet_info *pinfo, const struct hik_message *message, unsigned rtsp_status, int64_t cseq)
{
    struct hik_session *session = message->session;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (session && rtsp_status >= 300 && session->playback_frame && answers_playback(session, message, cseq))
        undo_playback(session);
}

/* A download or playback of that camera that is going on, of several the newest that is not at its end yet. *count: how many
 * there are. */
static struct hik_session *find_recording(packet_info *pinfo, const char *camera, unsigned *count)
{
    struct hik_text_key key = {{(const uint8_t *)camera, (const uint8_t *)""}, {(uint32_t)strlen(camera), 0}, 0};
    struct hik_session *session = (struct hik_session *)hik_index_get(&recordings, hik_text_digest(&key)), *found = NULL;

    for (unsigned seen = 0; session && seen < MAX_SAME_IDS; session = session->older_recording, seen++) {
        if (hik_session_is_over(session) || !hik_session_is_between_ends(pinfo, session))
            continue;
        ++*count;
        if (!found || (found->file_end_frame && !session->file_end_frame))
            found = session;
    }
    return found;
}

void hik_session_media_status(packet_info *pinfo, struct hik_message *message, const char *camera, bool file_end)
{
    struct hik_session *session = message->session;
    unsigned count = 0;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (!session && camera) {
        session = find_recording(pinfo, camera, &count);
        if (count == 1)
            message->session = session;
    }
    if (file_end && session && !session->file_end_frame) {
        session->file_end_frame = pinfo->num;
        session->file_end_time = pinfo->abs_ts;
    }
}

void hik_session_update_register(void)
{
    hik_index_register(&forks);
    hik_index_register(&recordings);
}
