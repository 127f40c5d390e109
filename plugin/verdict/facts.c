/* facts.c
 * Collects what is known of a session into plain facts: its signalling, its times, its media (media-facts.c) and what it
 * has to do with other sessions (correlate.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "facts.h"

#include <string.h>

#include "correlate.h"
#include "media-facts.h"
#include "tcp-facts.h"
#include "rtp-flow.h"
#include "seconds.h"
#include "stray-rtp.h"

const char *hik_facts_bad_address(const struct hik_media_line *line, const address *own, const address *peer)
{
    if (!line->addr_ok)
        return NULL;
    switch (hik_address_class_of(&line->endpoint.addr)) {
    case HIK_ADDR_PRIVATE:
        return hik_address_class_of(peer) == HIK_ADDR_PUBLIC ? "a private address, and the peer is public"
             : hik_address_class_of(own) == HIK_ADDR_PUBLIC ? "a private address, and its SIP comes from a public one" : NULL;
    case HIK_ADDR_LOOPBACK:
        return hik_address_class_of(peer) != HIK_ADDR_LOOPBACK ? "the loopback address" : NULL;
    case HIK_ADDR_ANY:
        return "no address to send to";
    default:
        return NULL;
    }
}

/* Who waits for the media connection: the passive side, else the caller. */
static const struct hik_media_line *tcp_listener(const struct hik_session *session)
{
    const struct hik_media_line *caller = hik_description_first_line(hik_session_caller_sdp(session));
    const struct hik_media_line *callee = hik_description_first_line(hik_session_callee_sdp(session));

    if (!(caller && caller->tcp) && !(callee && callee->tcp))
        return NULL;
    if ((caller && caller->setup == HIK_SETUP_ACTIVE) || (callee && callee->setup == HIK_SETUP_PASSIVE))
        return callee;
    return caller;
}

/* The SDP of that side, where a=setup says so. */
static const struct hik_description *tcp_listener_sdp(const struct hik_session *session)
{
    const struct hik_description *caller = hik_session_caller_sdp(session), *callee = hik_session_callee_sdp(session);
    const struct hik_media_line *by_caller = hik_description_first_line(caller), *by_callee = hik_description_first_line(callee);
    bool told = (by_caller && (by_caller->setup == HIK_SETUP_ACTIVE || by_caller->setup == HIK_SETUP_PASSIVE)) ||
                (by_callee && (by_callee->setup == HIK_SETUP_ACTIVE || by_callee->setup == HIK_SETUP_PASSIVE));

    return !told ? NULL : tcp_listener(session) == by_callee ? callee : caller;
}

const nstime_t *hik_facts_capture_end(void)
{
    return &hik_correlate()->end;
}

static enum hik_role role(enum hik_sdp_setup setup)
{
    return setup == HIK_SETUP_ACTIVE ? HIK_ROLE_ACTIVE : setup == HIK_SETUP_PASSIVE ? HIK_ROLE_PASSIVE : HIK_ROLE_NONE;
}

static void collect_times(const struct hik_session *session, const struct hik_capture_summary *all, const struct hik_media_sum *media,
                          struct hik_facts *f)
{
    const nstime_t *start = session->ack_frame && !f->acked_late ? &session->ack_time
                          : session->final_frame ? &session->final_time
                          : session->first_media_frame ? &session->first_media_time : &session->first_time;

    if (session->invite_frame)
        f->after_invite = hik_seconds_between(&session->invite_time, &all->end);
    if (session->cancel_frame) {
        f->cancel_after = hik_seconds_between(&session->invite_time, &session->cancel_time);
        /* where the callee is heard later, it is in the capture that nothing answered */
        if (!session->cancel_answered && session->heard_callee && (session->cancels >= HIK_MAX_INVITES ||
            hik_seconds_between(&session->cancel_time, &all->end) >= HIK_WAIT_ANSWER ||
            hik_seconds_between(&session->cancel_time, &session->callee_time) >= HIK_CROSSING))
            f->cancels_unanswered = session->cancels;
        if (session->final_frame)
            f->late_answer = hik_seconds_between(&session->cancel_time, &session->final_time);
    }
    if (session->file_end_frame) {
        f->file_end_before = hik_seconds_between(&session->file_end_time, &all->end);
        f->file_end_after = hik_seconds_between(start, &session->file_end_time);
    }
    f->after_answer = hik_seconds_between(start, session->bye_frame ? &session->bye_time : &all->end);
    if (session->first_media_frame) {
        f->first_media_after = hik_seconds_between(start, &session->first_media_time);
        f->silence = hik_seconds_between(&media->last, &all->end);
        if (session->bye_frame)
            f->after_bye_seconds = hik_seconds_between(&session->bye_time, &media->last);
    }
    f->after_bye = media->after_bye;
}

static void collect_cut(const struct hik_session *session, struct hik_cut_facts *cut)
{
    const struct hik_cut_unplaced *unplaced = hik_cut_unplaced(&session->caller.addr, &session->callee.addr);

    cut->sdp = hik_session_sdp_is_cut(session);
    cut->unplaced = unplaced != NULL;
    if (cut->sdp) {
        cut->answer = session->cut_answer;
        cut->frame = session->cut_frame;
        cut->kept = session->cut.kept;
        cut->sent = session->cut.sent;
    } else if (unplaced) {
        cut->frame = unplaced->frame;
        cut->kept = unplaced->cut.kept;
        cut->sent = unplaced->cut.sent;
    }
}

/* Linear in the flows of the session; the first call after new messages is linear in the sessions of the capture. */
static bool came_before_bye(const struct hik_session *session, uint32_t frame)
{
    return frame != 0 && (!session->bye_frame || frame < session->bye_frame);
}

static void collect(const struct hik_session *session, const struct hik_capture_summary *all, const struct hik_relation *relation,
                    struct hik_case *out)
{
    const struct hik_media_sum media = hik_media_sum(session);
    const struct hik_description *caller_sdp = hik_session_caller_sdp(session), *callee_sdp = hik_session_callee_sdp(session);
    const struct hik_media_line *caller = hik_description_first_line(caller_sdp), *callee = hik_description_first_line(callee_sdp);
    const struct hik_media_line *passive;
    const struct hik_description *announced = session->answer.has_y && session->answer.y_kind <= HIK_SSRC_LONG
                                            ? &session->answer : &session->offer;
    struct hik_facts *f = &out->facts;
    bool caller_is_lower = session->invite_direction == HIK_DIR_UP;

    memset(out, 0, sizeof *out);
    hik_facts_init(f);
    collect_cut(session, &f->cut);
    f->began_before = session->began_before;
    f->messages = session->messages;
    f->copies = session->copies;
    f->invites = session->invites;
    f->provisional = session->provisional_status;
    f->challenge = session->challenge;
    f->final_status = session->final_status;
    f->reason = session->final_reason;
    f->error_code = session->error_code;
    f->error_text = session->error_text;
    f->acked = session->ack_frame != 0;
    f->cancelled = session->cancel_frame != 0;
    f->acked_late = session->ack_frame && session->bye_frame && session->bye_frame < session->ack_frame;
    f->bye = session->bye_frame != 0;
    if (f->bye) {
        const struct hik_endpoint *by = session->bye_by_caller ? &session->caller : &session->callee;

        f->bye_by = hik_endpoint_keep(&out->bye_by, hik_endpoint_print(&by->addr, by->port));
    }
    f->bye_answered = session->bye_answer_frame != 0;
    f->bye_refused = session->bye_refused;
    f->callee_unheard = relation && relation->callee_unheard;
    /* an ACK follows the answer at once, and somebody's BYE was answered */
    f->caller_unheard = session->began_before && !session->heard_caller && session->final_status >= 200 &&
                        session->final_status < 300 && (hik_seconds_between(&session->final_time, &all->end) >= HIK_CROSSING ||
                                                        session->bye_answer_frame);
    f->file_end = session->file_end_frame != 0;
    f->unreachable = session->unreachable;
    f->unreachable_frame = session->unreachable_frame;
    f->unreachable_what = hik_endpoint_keep(&out->unreachable_what, hik_endpoint_print(&session->unreachable_what.addr,
                                                                          session->unreachable_what.port));
    /* where no answers were captured, the request has to do */
    f->reinvited = session->moved || (session->reinvite_frame && !session->final_frame);
    f->forks = session->answer_count;
    f->caller = hik_endpoint_keep(&out->caller, hik_endpoint_print(&session->caller.addr, session->caller.port));
    f->callee = hik_endpoint_keep(&out->callee, hik_endpoint_print(&session->callee.addr, session->callee.port));
    f->rtcp_packets = session->rtcp_packets;
    f->rtcp_sent = session->rtcp_sent;
    f->capture_has_rtp = all->has_rtp;
    f->capture_has_media = all->has_media;
    if ((session->began_before || f->cut.sdp) && media.packets == 0)
        f->stray_packets = hik_stray_rtp(&session->caller.addr, &session->callee.addr);
    f->paused = session->paused;
    collect_times(session, all, &media, f);

    f->has_ssrc = hik_session_expected_ssrc(session, &f->ssrc);
    f->ssrc_by_answer = f->has_ssrc && announced == &session->answer;
    f->ssrc_text = f->has_ssrc ? announced->y_text : NULL;
    out->sdp_codec = callee && callee->codec ? callee->codec : caller ? caller->codec : NULL;
    hik_media_facts_wanted(session, caller, callee, f);
    f->receiver_sip = f->leg[0].wanted || !f->leg[1].wanted ? f->caller : f->callee;
    /* Who speaks may change his mind; a camera does not. */
    f->bye_by_sender = session->kind != HIK_KIND_BROADCAST && f->bye && f->leg[session->bye_by_caller].wanted && !f->leg[!session->bye_by_caller].wanted;
    hik_media_facts_leg(session, 0, caller, callee, out);
    hik_media_facts_leg(session, 1, callee, caller, out);
    hik_media_facts_content(session, out);

    f->tcp = (caller && caller->tcp) || (callee && callee->tcp) || (f->cut.sdp && out->main_flow && out->main_flow->tcp);
    f->offer_role = caller ? role(caller->setup) : HIK_ROLE_NONE;
    f->answer_role = callee ? role(callee->setup) : HIK_ROLE_NONE;
    f->tcp_up = session->tcp_accept_frame != 0 || session->tcp_data_frame != 0;
    /* Behind the BYE nobody waits for a connection any more: who asks for one then, and who refuses one, says nothing of the call. */
    if (caller && callee && caller->addr_ok && callee->addr_ok)
        f->other_transport = hik_stray_rtp_over(&caller->endpoint.addr, &callee->endpoint.addr, !f->tcp);
    f->tcp_syn = f->tcp_up ? session->tcp_syn_frame != 0 : came_before_bye(session, session->tcp_syn_frame);
    f->tcp_silent = session->tcp_accept_frame != 0 && session->tcp_data_frame == 0;
    f->tcp_refused = came_before_bye(session, session->tcp_rst_frame) && !f->tcp_up;
    if (f->tcp)
        hik_tcp_facts_collect(session, tcp_listener_sdp(session), &f->connections);
    passive = tcp_listener(session);
    if (passive && passive->addr_ok)
        f->tcp_to = hik_endpoint_keep(&out->tcp_to, hik_endpoint_print(&passive->endpoint.addr, passive->endpoint.port));

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
        f->cascade_via = hik_endpoint_keep(&out->cascade_via, hik_endpoint_print_address(middle_called ? &session->callee.addr : &session->caller.addr));
    }
    /* media endpoints, else where SIP is */
    out->upper = caller_is_lower ? (f->leg[1].to ? &out->to[1] : &out->callee) : f->leg[0].to ? &out->to[0] : &out->caller;
    out->lower = caller_is_lower ? (f->leg[0].to ? &out->to[0] : &out->caller) : f->leg[1].to ? &out->to[1] : &out->callee;
}

void hik_facts_judge(const struct hik_session *session, struct hik_case *facts, struct hik_verdict *out)
{
    const struct hik_capture_summary *all = hik_correlate();

    collect(session, all, hik_correlate_relation(session), facts);
    hik_verdict_judge(&facts->facts, out);
}

void hik_facts_judge_now(packet_info *pinfo, const struct hik_session *session, struct hik_case *facts, struct hik_verdict *out)
{
    struct hik_capture_summary now = {.end = pinfo->abs_ts};

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    now.has_rtp = hik_flow_count() > 0 || hik_stray_rtp(NULL, NULL) > 0;
    now.has_media = now.has_rtp || session->tcp_syn_frame || session->tcp_data_frame || session->unreachable > 0 ||
                    (session->rtcp_packets > 0 && session->rtcp_sent == 0);
    collect(session, &now, NULL, facts);
    hik_verdict_judge(&facts->facts, out);
}

const char *hik_facts_verdict(struct hik_session *session)
{
    struct hik_case facts;
    struct hik_verdict verdict;
    char text[2048];

    hik_correlate(); /* forgets verdicts that are older than the newest packet */
    if (!session->verdict) {
        hik_facts_judge(session, &facts, &verdict);
        hik_verdict_print(&verdict, text, sizeof text);
        session->verdict = wmem_strdup(hik_correlate_pool(), text);
        session->warned = session->failed = 0;
        for (unsigned i = 0; i < verdict.count; i++) {
            uint64_t bit = UINT64_C(1) << verdict.findings[i].code;

            session->warned |= verdict.findings[i].severity == HIK_SEVERITY_WARN ? bit : 0;
            session->failed |= verdict.findings[i].severity == HIK_SEVERITY_ERROR ? bit : 0;
        }
    }
    return session->verdict;
}

enum hik_severity hik_facts_severity(struct hik_session *session, enum hik_code code)
{
    uint64_t bit = UINT64_C(1) << code;

    G_STATIC_ASSERT(HIK_CODE_COUNT <= 64);
    hik_facts_verdict(session);
    return session->failed & bit ? HIK_SEVERITY_ERROR : session->warned & bit ? HIK_SEVERITY_WARN : HIK_SEVERITY_NOTE;
}
