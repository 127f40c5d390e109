/* rtp-findings.c
 * Expert information on RTP: what its flow is to the session, and what its sequence number says. What a packet shows is
 * noted on the first pass; what only the whole capture can tell is shown from the second pass on.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rtp-findings.h"

#include "cut.h"
#include "facts.h"
#include "media-facts.h"
#include "seconds.h"
#include "session-tree.h"
#include "stock.h"
#include "parts.h"

/* RTP later than this after the BYE is not just what was on its way. */
#define LATE_SECONDS HIK_LATE_MEDIA

/* What show_flags() speaks of. */
enum { ODD_FLAGS = HIK_RTP_RESTART | HIK_RTP_STRAY | HIK_RTP_REUSED | HIK_RTP_MANY_SSRCS | HIK_RTP_AFTER_BYE | HIK_RTP_SSRC_CHANGED };

static int hf_jitter = -1;
static hf_register_info jitter_field[] = {
    {&hf_jitter,
     {"Jitter", "hikcascade.jitter", FT_DOUBLE, BASE_NONE, NULL, 0,
      "Interarrival jitter of the stream so far, in milliseconds (RFC 3550 A.8)", HFILL}},
};

static expert_field ei_ssrc_mismatch = EI_INIT;
static expert_field ei_ssrc_mismatch_mild = EI_INIT;
static expert_field ei_sequence = EI_INIT;
static expert_field ei_many_ssrcs = EI_INIT;
static expert_field ei_wrong_destination = EI_INIT;
static expert_field ei_wrong_destination_mild = EI_INIT;
static expert_field ei_wrong_destination_grave = EI_INIT;
static expert_field ei_unnegotiated_source = EI_INIT;
static expert_field ei_unnegotiated_source_mild = EI_INIT;
static expert_field ei_rtp_lost = EI_INIT;
static expert_field ei_rtp_lost_mild = EI_INIT;
static expert_field ei_ssrc_changed = EI_INIT;
static expert_field ei_payload_not_declared = EI_INIT;
static expert_field ei_payload_not_declared_mild = EI_INIT;
static expert_field ei_payload_not_declared_grave = EI_INIT;
static expert_field ei_media_after_bye = EI_INIT;
static expert_field ei_media_after_bye_mild = EI_INIT;

/* Another payload type than so far, or the first: is it in an m= line? */
static void judge_payload_type(packet_info *pinfo, struct hik_flow *flow, const struct hik_rtp *rtp, const struct hik_session *session)
{
    flow->checked_pt = rtp->payload_type;
    if (hik_session_sdp_is_cut(session))
        return;
    if (flow->checked_against_sdp & HIK_CHECKED_PAYLOAD_TYPE || hik_media_facts_declares(session, rtp->payload_type))
        return;
    flow->checked_against_sdp |= HIK_CHECKED_PAYLOAD_TYPE;
    flow->undeclared_pt = rtp->payload_type;
    flow->undeclared_frame = pinfo->num;
    flow->undeclared_nth = rtp->place.nth;
}

/* On the first packet that comes when the answer is known (before, it may be early media), and again after each re-INVITE until
 * it is not: is it what was announced? */
static void judge_flow(packet_info *pinfo, struct hik_flow *flow, const struct hik_rtp *rtp, const struct hik_session *session)
{
    uint32_t expected;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    flow->checked_against_sdp = HIK_CHECKED | (flow->checked_against_sdp & (HIK_CHECKED_PAYLOAD_TYPE | HIK_CHECKED_EXPECTED_ONCE));
    flow->checked_frame = pinfo->num;
    flow->checked_nth = rtp->place.nth;
    flow->checked_answer = session->answer.frame;
    /* an audio line beside the video, and the way back of a conversation, have SSRCs of their own */
    if (hik_media_facts_is_announced(session, flow) && hik_session_expected_ssrc(session, &expected)) {
        flow->checked_expected = expected;
        if (expected == flow->ssrc)
            flow->checked_against_sdp |= HIK_CHECKED_EXPECTED | HIK_CHECKED_EXPECTED_ONCE;
        else if (expected != HIK_SSRC_HIKVISION)
            flow->checked_against_sdp |= HIK_CHECKED_MISMATCH;
        if (flow->changed_from && flow->changed_from->checked_against_sdp & (HIK_CHECKED_EXPECTED | HIK_CHECKED_EXPECTED_BEFORE))
            flow->checked_against_sdp |= HIK_CHECKED_EXPECTED_BEFORE;
    }
    judge_payload_type(pinfo, flow, rtp, session);
}

/* As grave as the verdict has it; on the first pass by what is known so far. */
static enum hik_severity severity(packet_info *pinfo, struct hik_session *session, enum hik_code code, enum hik_severity so_far)
{
    return PINFO_FD_VISITED(pinfo) ? hik_facts_severity(session, code) : so_far;
}

/* fields: by severity. */
static expert_field *graded(expert_field *const fields[3], enum hik_severity how)
{
    return fields[how];
}

static expert_field *wrong_destination(packet_info *pinfo, struct hik_session *session)
{
    static expert_field *const fields[] = {&ei_wrong_destination_mild, &ei_wrong_destination, &ei_wrong_destination_grave};

    return graded(fields, severity(pinfo, session, HIK_CODE_WRONG_DESTINATION, HIK_SEVERITY_WARN));
}

static void show_first(packet_info *pinfo, proto_item *item, const struct hik_flow *flow, struct hik_session *session)
{
    static expert_field *const not_ps[] = {&ei_payload_not_declared_mild, &ei_payload_not_declared, &ei_payload_not_declared_grave};
    const struct hik_content *content = flow->content;
    uint32_t expected;

    if (flow->misdirected)
        expert_add_info_format(pinfo, item, wrong_destination(pinfo, session),
                               "Media with the SSRC announced goes to %s, which its receiver did not announce",
                               hik_endpoint_print(&flow->dst, flow->dst_port).s);
    if (flow->unnegotiated) {
        const struct hik_endpoint *sip = addresses_equal(&flow->src, &session->caller.addr) ? &session->caller
                                       : addresses_equal(&flow->src, &session->callee.addr) ? &session->callee : NULL;
        bool mild = severity(pinfo, session, HIK_CODE_UNNEGOTIATED, sip ? HIK_SEVERITY_NOTE : HIK_SEVERITY_WARN) == HIK_SEVERITY_NOTE;

        expert_add_info_format(pinfo, item, mild ? &ei_unnegotiated_source_mild : &ei_unnegotiated_source,
                               "Media comes from %s, which no SDP of the session announced%s",
                               hik_endpoint_print(&flow->src, flow->src_port).s,
                               sip ? "; it is where the SIP comes from (NAT, or another port)" : "");
    }
    if (!PINFO_FD_VISITED(pinfo))
        return;
    /* No answer was seen at all: the offer is all there is to compare with. */
    if (!(flow->checked_against_sdp & HIK_CHECKED) && hik_media_facts_is_announced(session, flow) &&
        hik_session_expected_ssrc(session, &expected) && expected != flow->ssrc && expected != HIK_SSRC_HIKVISION)
        expert_add_info_format(pinfo, item, hik_facts_severity(session, HIK_CODE_SSRC_MISMATCH) == HIK_SEVERITY_ERROR ? &ei_ssrc_mismatch : &ei_ssrc_mismatch_mild, "RTP carries SSRC " HIK_SSRC_FORMAT ", the INVITE announced "
                               HIK_SSRC_FORMAT " (the answer is not in the capture)", flow->ssrc, flow->ssrc, expected, expected);
    if (content->not_ps_packets > content->ps_packets)
        expert_add_info_format(pinfo, item, graded(not_ps, hik_facts_severity(session, HIK_CODE_NOT_PS)),
                               "The SDP says MPEG program stream, but %u of %u packets are none%s%s", content->not_ps_packets,
                               content->ps_packets + content->not_ps_packets, content->looks_like ? "; they look like " : "",
                               content->looks_like ? content->looks_like : "");
}

/* An SSRC that changes from the one announced is told as that, by show_flags(). */
static void show_judgement(packet_info *pinfo, proto_item *item, const struct hik_flow *flow, struct hik_session *session)
{
    if (flow->checked_against_sdp & HIK_CHECKED_MISMATCH && !(flow->checked_against_sdp & HIK_CHECKED_EXPECTED_BEFORE))
        expert_add_info_format(pinfo, item, severity(pinfo, session, HIK_CODE_SSRC_MISMATCH, HIK_SEVERITY_ERROR) == HIK_SEVERITY_ERROR
                                                ? &ei_ssrc_mismatch : &ei_ssrc_mismatch_mild,
                               "RTP carries SSRC " HIK_SSRC_FORMAT ", y= announced " HIK_SSRC_FORMAT ": the receiver "
                               "may drop the stream", flow->ssrc, flow->ssrc, flow->checked_expected, flow->checked_expected);
}

static void show_gap(packet_info *pinfo, proto_item *item, const struct hik_rtp *rtp, const struct hik_flow *flow, struct hik_session *session)
{
    uint64_t lost = hik_sequence_lost(&flow->sequence), expected = hik_sequence_expected(&flow->sequence);
    enum hik_severity so_far = hik_verdict_loss_severity(lost, expected);
    bool some = rtp->gap < rtp->gap_found; /* the others of the gap came late */

    expert_add_info_format(pinfo, item, severity(pinfo, session, HIK_CODE_LOSS, so_far) == HIK_SEVERITY_NOTE ? &ei_rtp_lost_mild : &ei_rtp_lost,
                           "%u RTP packet%s missing in front of this one (%ssequence %u to %u%s)",
                           rtp->gap, rtp->gap == 1 ? " is" : "s are", some ? "of " : "",
                           (rtp->seq - rtp->gap_found) & 0xFFFFu, (rtp->seq - 1u) & 0xFFFFu,
                           some ? "; the others come late" : "");
}

static void show_flags(packet_info *pinfo, proto_item *item, const struct hik_rtp *rtp, const struct hik_flow *flow,
                       const struct hik_session *session)
{
    if (rtp->flags & HIK_RTP_RESTART)
        expert_add_info_format(pinfo, item, &ei_sequence, "The sequence numbers restart here, at %u", rtp->seq);
    if (rtp->flags & HIK_RTP_STRAY)
        expert_add_info_format(pinfo, item, &ei_sequence, "Sequence number %u fits neither what comes before nor what follows",
                               rtp->seq);
    if (rtp->flags & HIK_RTP_REUSED)
        expert_add_info_format(pinfo, item, &ei_sequence, "Sequence number %u came before, with other bytes", rtp->seq);
    if (rtp->flags & HIK_RTP_MANY_SSRCS)
        expert_add_info_format(pinfo, item, &ei_many_ssrcs, "This is SSRC number %u of the session: this is no media of a camera",
                               HIK_MANY_SSRCS);
    if (rtp->flags & HIK_RTP_AFTER_BYE) {
        nstime_t bye_time;
        uint32_t bye_frame;

        if (hik_session_ended_at(session, pinfo->num, &bye_frame, &bye_time)) {
            double late = hik_seconds_between(&bye_time, &pinfo->abs_ts);

            expert_add_info_format(pinfo, item, late > LATE_SECONDS ? &ei_media_after_bye : &ei_media_after_bye_mild,
                                   "Media %.3f s after the BYE in frame %u", late, bye_frame);
        }
    }
    if ((rtp->flags & HIK_RTP_SSRC_CHANGED) && flow->changed_from && flow->changed_from->crossed == flow->crossed &&
        !(flow->checked_against_sdp & HIK_CHECKED_EXPECTED)) /* what crosses is another stream */
        expert_add_info_format(pinfo, item, &ei_ssrc_changed,
                               "The SSRC changes from " HIK_SSRC_FORMAT " to " HIK_SSRC_FORMAT " in the middle of the session: the "
                               "receiver may drop the stream", flow->changed_from->ssrc, flow->changed_from->ssrc, flow->ssrc, flow->ssrc);
}

bool hik_findings_judge_rtp(packet_info *pinfo, const struct hik_rtp *rtp, struct hik_session *session)
{
    struct hik_flow *flow = rtp->flow;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    /* Only another SDP, or another payload type, can change what was found; of media that stays behind each packet counts. */
    if (flow->packets > 1 && flow->placed == flow->bindings_seen && flow->checked_answer == session->answer.frame &&
        flow->checked_pt == rtp->payload_type && !flow->left)
        return true;
    if (flow->packets == 1 || flow->placed != flow->bindings_seen)
        hik_media_facts_place(pinfo, session, flow, rtp->place.nth);
    if (flow->left && !flow->after_bye && !(rtp->flags & HIK_RTP_COPY))
        hik_media_facts_count_left(pinfo, session, flow, rtp->place.nth);
    if (session->answer.frame && (!flow->checked_against_sdp || (flow->checked_answer != session->answer.frame &&
                                                                !(flow->checked_against_sdp & HIK_CHECKED_MISMATCH))))
        judge_flow(pinfo, flow, rtp, session);
    else if (flow->checked_against_sdp && rtp->payload_type != flow->checked_pt)
        judge_payload_type(pinfo, flow, rtp, session);
    return false;
}

/* Was something about its flow found on this packet's frame? */
static bool is_found_on(const struct hik_flow *flow, uint32_t frame)
{
    return frame == flow->first_frame || frame == flow->checked_frame || frame == flow->undeclared_frame || frame == flow->crossed_frame ||
           frame == flow->misrouted_frame || frame == flow->left_frame || frame == flow->look_frame || frame == flow->cut.frame;
}

bool hik_findings_has_rtp(packet_info *pinfo, const struct hik_rtp *rtp)
{
    return (rtp->flags & ODD_FLAGS) || rtp->gap || (!rtp->settled && is_found_on(rtp->flow, pinfo->num));
}

static void add_jitter(tvbuff_t *tvb, proto_tree *tree, const struct hik_rtp *rtp)
{
    if (hik_stock_asks_for(tree, &jitter_field[0].hfinfo))
        proto_item_set_generated(proto_tree_add_double(tree, hf_jitter, tvb, 0, 0, rtp->jitter / 1000.0));
}

void hik_findings_show_fields(tvbuff_t *tvb, proto_tree *tree, const struct hik_rtp *rtp, const struct hik_session *session)
{
    hik_session_tree_first_media(tvb, tree, session);
    add_jitter(tvb, tree, rtp);
}

void hik_findings_show_rtp(packet_info *pinfo, tvbuff_t *tvb, proto_tree *tree, proto_item *item, const struct hik_rtp *rtp,
                           struct hik_session *session)
{
    const struct hik_flow *flow = rtp->flow;

    hik_session_tree_first_media(tvb, tree, session);
    if (pinfo->num == flow->first_frame && rtp->place.nth == flow->first_nth)
        show_first(pinfo, item, flow, session);
    if (pinfo->num == flow->checked_frame && rtp->place.nth == flow->checked_nth)
        show_judgement(pinfo, item, flow, session);
    if (pinfo->num == flow->misrouted_frame && rtp->place.nth == flow->misrouted_nth)
        expert_add_info_format(pinfo, item, wrong_destination(pinfo, session),
                               "Media goes to %s, which its receiver did not announce", hik_endpoint_print(&flow->dst, flow->dst_port).s);
    if (pinfo->num == flow->crossed_frame && rtp->place.nth == flow->crossed_nth)
        expert_add_info_format(pinfo, item, wrong_destination(pinfo, session),
                               "Payload type %u is that of another m= line than the one whose endpoint this is", rtp->payload_type);
    if (pinfo->num == flow->left_frame && rtp->place.nth == flow->left_nth)
        expert_add_info_format(pinfo, item, wrong_destination(pinfo, session),
                               "Media still goes to %s more than %.1f s after the re-INVITE that moved its receiver was answered",
                               hik_endpoint_print(&flow->dst, flow->dst_port).s, HIK_LATE_MOVE);
    if (pinfo->num == flow->undeclared_frame && rtp->place.nth == flow->undeclared_nth)
        expert_add_info_format(pinfo, item, &ei_payload_not_declared,
                               "Payload type %u is in no m= line of the session", flow->undeclared_pt);
    if (pinfo->num == flow->cut.frame && rtp->place.nth == flow->cut.nth && !flow->tcp)
        hik_cut_show(pinfo, item, flow->cut.cut, ", and less of others of this stream: RTP packets are counted by their headers, pictures "
                     "are not judged. Record whole packets (tcpdump and tshark: -s 0)");
    if (pinfo->num == flow->look_frame && !flow->look_quiet && rtp->extended_seq == flow->look_seq)
        /* No verdict finds a fault in it: most receivers look for themselves. */
        expert_add_info_format(pinfo, item, &ei_payload_not_declared_mild, "The SDP says %s for payload type %u, the payload looks like %s",
                               flow->look_said ? flow->look_said : "nothing", rtp->payload_type, flow->look_is);
    add_jitter(tvb, tree, rtp);
    /* Where the capture cuts TCP segments, most RTP headers are cut off. */
    if (rtp->gap && !(flow->tcp && tvb_captured_length(tvb) < tvb_reported_length(tvb)))
        show_gap(pinfo, item, rtp, flow, session);
    if (rtp->flags & ODD_FLAGS)
        show_flags(pinfo, item, rtp, flow, session);
}

void hik_rtp_findings_register(int proto)
{
    /* Where the same finding can be grave or not, two entries share the name: the filter finds both. */
    static ei_register_info experts[] = {
        {&ei_ssrc_mismatch,
         {"hikcascade.ssrc_mismatch", PI_PROTOCOL, PI_ERROR, "RTP carries another SSRC than y= announced", EXPFILL}},
        {&ei_ssrc_mismatch_mild,
         {"hikcascade.ssrc_mismatch", PI_PROTOCOL, PI_WARN, "Some of the RTP carries another SSRC than y= announced", EXPFILL}},
        {&ei_wrong_destination_mild,
         {"hikcascade.wrong_destination", PI_PROTOCOL, PI_NOTE, "Media goes to another endpoint as well", EXPFILL}},
        {&ei_wrong_destination_grave,
         {"hikcascade.wrong_destination", PI_PROTOCOL, PI_ERROR, "Media goes to another port than its receiver announced", EXPFILL}},
        {&ei_wrong_destination,
         {"hikcascade.wrong_destination", PI_PROTOCOL, PI_WARN, "Media goes to an endpoint its receiver did not announce", EXPFILL}},
        {&ei_unnegotiated_source,
         {"hikcascade.unnegotiated_source", PI_PROTOCOL, PI_WARN, "Media from an address no SDP announced", EXPFILL}},
        {&ei_unnegotiated_source_mild,
         {"hikcascade.unnegotiated_source", PI_PROTOCOL, PI_NOTE, "Media from an endpoint no SDP announced", EXPFILL}},
        {&ei_sequence, {"hikcascade.sequence", PI_SEQUENCE, PI_NOTE, "RTP sequence numbers are odd", EXPFILL}},
        {&ei_many_ssrcs, {"hikcascade.many_ssrcs", PI_PROTOCOL, PI_WARN, "A session has very many SSRCs", EXPFILL}},
        {&ei_rtp_lost_mild, {"hikcascade.rtp_lost", PI_SEQUENCE, PI_NOTE, "Very few RTP packets are missing", EXPFILL}},
        {&ei_rtp_lost, {"hikcascade.rtp_lost", PI_SEQUENCE, PI_WARN, "RTP packets are missing", EXPFILL}},
        {&ei_ssrc_changed,
         {"hikcascade.ssrc_changed", PI_SEQUENCE, PI_WARN, "The SSRC changes within the session", EXPFILL}},
        {&ei_payload_not_declared_mild,
         {"hikcascade.payload_not_declared", PI_PROTOCOL, PI_NOTE, "Some of the payload is not what the SDP declares", EXPFILL}},
        {&ei_payload_not_declared_grave,
         {"hikcascade.payload_not_declared", PI_PROTOCOL, PI_ERROR, "The payload is no MPEG program stream", EXPFILL}},
        {&ei_payload_not_declared,
         {"hikcascade.payload_not_declared", PI_PROTOCOL, PI_WARN, "The payload is not what the SDP declares", EXPFILL}},
        {&ei_media_after_bye, {"hikcascade.media_after_bye", PI_SEQUENCE, PI_WARN, "Media goes on after the BYE", EXPFILL}},
        {&ei_media_after_bye_mild,
         {"hikcascade.media_after_bye", PI_SEQUENCE, PI_NOTE, "Media that was on its way at the BYE", EXPFILL}},
    };

    proto_register_field_array(proto, jitter_field, array_length(jitter_field));
    expert_register_field_array(expert_register_protocol(proto), experts, array_length(experts));
}
