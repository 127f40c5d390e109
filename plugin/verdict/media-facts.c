/* media-facts.c
 * The flows of a session by direction and m= line (RFC 3264 clauses 5 and 6, with what GB/T 28181 means where the SDP
 * says nothing).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "media-facts.h"

#include <stdlib.h>

#include "endpoints.h"
#include "payload-check.h"

#include "rtp-flow.h"
#include "seconds.h"

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

/* Index of the m= line whose endpoints the flow has in the newest SDPs, -1 if it has no line's. */
static int line_by_sdp(const struct hik_session *session, const struct hik_flow *flow)
{
    const struct hik_description *sdps[] = {&session->offer, &session->answer};

    for (size_t k = 0; k < array_length(sdps); k++)
        for (unsigned i = 0; sdps[k]->frame && i < sdps[k]->media_count; i++)
            if (is_end(&sdps[k]->media[i], &flow->dst, flow->dst_port) || is_end(&sdps[k]->media[i], &flow->src, flow->src_port))
                return (int)i;
    return -1;
}

/* Packets of a payload type of the flow: of its first one with 0, of the others up to HIK_FLOW_TYPES. */
static struct hik_payload_count nth_type(const struct hik_flow *flow, unsigned nth)
{
    struct hik_payload_count first = {flow->first_payload_type, flow->packets};

    if (nth > 0)
        return flow->types[nth - 1];
    for (unsigned i = 0; i < HIK_FLOW_TYPES; i++)
        first.packets -= flow->types[i].packets;
    return first;
}

/* Of most of its packets. */
static bool has_payload_type(const struct hik_flow *flow, uint8_t payload_type)
{
    uint32_t packets = 0;

    for (unsigned i = 0; i <= HIK_FLOW_TYPES; i++) {
        struct hik_payload_count type = nth_type(flow, i);

        if (type.payload_type == payload_type)
            packets += type.packets;
    }
    return 2 * packets > flow->packets;
}

/* Is it the media of one m= line that goes to the endpoint of another? */
static bool is_crossed(const struct hik_flow *flow)
{
    return flow->crossed && has_payload_type(flow, flow->typed_pt);
}

/* Its m= line: of the SDPs it ran under, since a re-INVITE may have others. */
static int line_of(const struct hik_session *session, const struct hik_flow *flow)
{
    if (flow->typed > 0 && has_payload_type(flow, flow->typed_pt))
        return flow->typed - 1;
    return flow->line > 0 ? flow->line - 1 : line_by_sdp(session, flow);
}

/* Flows of another m= line than the first, audio mostly, are not what the session is about. */
static bool is_beside(const struct hik_session *session, const struct hik_flow *flow)
{
    return line_of(session, flow) > 0;
}

/* 0: an SDP's endpoint says that the flow goes to the caller, 1: to the callee, -1: none says anything. */
static int way_by_sdp(const struct hik_session *session, const struct hik_flow *flow)
{
    const struct hik_description *caller = hik_session_caller_sdp(session), *callee = hik_session_callee_sdp(session);

    if (is_any_end(caller, &flow->dst, flow->dst_port) || is_any_end(callee, &flow->src, flow->src_port))
        return 0;
    if (is_any_end(callee, &flow->dst, flow->dst_port) || is_any_end(caller, &flow->src, flow->src_port))
        return 1;
    return -1;
}

/* 0: the flow goes to the caller, 1: to the callee. What the SDPs name decides, then the addresses of SIP. */
static unsigned flow_direction(const struct hik_session *session, const struct hik_flow *flow)
{
    int way = flow->way > 0 ? flow->way - 1 : way_by_sdp(session, flow);

    if (way >= 0)
        return (unsigned)way;
    if (addresses_equal(&flow->dst, &session->caller.addr) || addresses_equal(&flow->src, &session->callee.addr))
        return 0;
    if (addresses_equal(&flow->dst, &session->callee.addr) || addresses_equal(&flow->src, &session->caller.addr))
        return 1;
    return 0;
}

/* Does the flow go to an endpoint that its receiver did not announce? Address translation, which changes a private address into a
 * public one or back, is not that. By the newest SDPs. */
static bool goes_elsewhere(const struct hik_session *session, const struct hik_flow *flow)
{
    unsigned way = flow_direction(session, flow);
    const struct hik_description *receiver = way == 0 ? hik_session_caller_sdp(session) : hik_session_callee_sdp(session);
    const address *sip = way == 0 ? &session->caller.addr : &session->callee.addr;
    bool inside = hik_address_class_of(&flow->dst) == HIK_ADDR_PRIVATE, elsewhere = false; /* of what can be checked */
    unsigned own;

    if (flow->tcp || !receiver->frame || receiver->cut)
        return false;
    own = (unsigned)MAX(line_of(session, flow), 0);
    if (own < receiver->media_count && receiver->media[own].port_ok && receiver->media[own].endpoint.port == 0)
        return false; /* refused: it is to go nowhere */
    for (unsigned i = 0; i < receiver->media_count; i++) {
        const struct hik_media_line *line = &receiver->media[i];
        const address *addr = line->addr_ok ? &line->endpoint.addr : sip;

        if (!line->port_ok || line->endpoint.port == 0)
            continue;
        if (line->host) /* a name: nobody can check where that is */
            return false;
        if (line->tcp || inside != (hik_address_class_of(addr) == HIK_ADDR_PRIVATE) ||
            (line->endpoint.port == flow->dst_port && (addresses_equal(addr, &flow->dst) || addresses_equal(sip, &flow->dst))))
            return false;
        elsewhere = true;
    }
    return elsewhere;
}

static bool has_announced_ssrc(const struct hik_session *session, const struct hik_flow *flow)
{
    uint32_t expected;

    return hik_session_expected_ssrc(session, &expected) && expected == flow->ssrc && expected != HIK_SSRC_HIKVISION;
}

/* Does it come from where its sender announced, and no other call's sender? Then it is this call's whatever SSRC it has. */
static bool has_announced_source(const struct hik_session *session, const struct hik_flow *flow)
{
    const struct hik_description *sender = flow_direction(session, flow) == 0 ? hik_session_callee_sdp(session)
                                                                              : hik_session_caller_sdp(session);

    return is_any_end(sender, &flow->src, flow->src_port) && hik_endpoints_is_of_one(&flow->src, flow->src_port);
}

static bool line_declares(const struct hik_description *sdp, unsigned line, uint8_t payload_type)
{
    return sdp->frame && line < sdp->media_count && (sdp->media[line].formats[payload_type / 64] >> (payload_type % 64) & 1);
}

/* Index plus 1 of the m= line whose media the flow is by its payload type, negative if that line's endpoint is where it goes (another
 * line may have the same one). Else it goes to the endpoint of another line, which does not name that type. 0: nobody can tell.
 * Over TCP the endpoint is that of who listens. */
static int typed_line(const struct hik_session *session, const struct hik_flow *flow)
{
    const struct hik_description *caller = hik_session_caller_sdp(session), *callee = hik_session_callee_sdp(session), *owner;
    bool to_caller = flow_direction(session, flow) == 0, at_end = false;
    const address *addr = &flow->dst;
    uint16_t port = flow->dst_port;
    int meant = 0;

    owner = to_caller ? caller : callee;
    if (flow->tcp && !is_any_end(owner, addr, port)) {
        owner = to_caller ? callee : caller;
        addr = &flow->src;
        port = flow->src_port;
    }
    if (caller->cut || callee->cut)
        return 0;
    for (unsigned i = 0; owner->frame && i < owner->media_count; i++) {
        const struct hik_media_line *line = &owner->media[i];
        bool end = is_end(line, addr, port), declared = line_declares(caller, i, flow->payload_type) ||
                                                        line_declares(callee, i, flow->payload_type);

        if (end && declared)
            return -(int)i - 1;
        at_end |= end;
        if (declared && meant == 0 && line->addr_ok && line->port_ok && line->endpoint.port)
            meant = (int)i + 1;
    }
    return at_end ? meant : 0;
}

/* A re-INVITE that was answered moved the receiver: no line of its newest SDP is where the flow goes, as one was before. What
 * cannot be checked, and media that was refused (port 0), says nothing; media over TCP follows its connection. */
static bool is_left(const struct hik_session *session, const struct hik_flow *flow)
{
    unsigned way = flow_direction(session, flow);
    const struct hik_description *receiver = way == 0 ? hik_session_caller_sdp(session) : hik_session_callee_sdp(session);
    bool inside = hik_address_class_of(&flow->dst) == HIK_ADDR_PRIVATE;

    if (flow->tcp || receiver->cut || receiver->media_count == 0 || is_any_end(receiver, &flow->dst, flow->dst_port))
        return false;
    for (unsigned i = 0; i < receiver->media_count; i++) {
        const struct hik_media_line *line = &receiver->media[i];

        if (!line->port_ok || line->endpoint.port == 0 || !line->addr_ok || line->host || line->tcp ||
            inside != (hik_address_class_of(&line->endpoint.addr) == HIK_ADDR_PRIVATE))
            return false;
    }
    return true;
}

void hik_media_facts_place(packet_info *pinfo, const struct hik_session *session, struct hik_flow *flow, uint32_t nth)
{
    int line = line_by_sdp(session, flow), way = way_by_sdp(session, flow), typed;
    bool elsewhere;

    flow->placed = flow->bindings_seen;
    if (line >= 0)
        flow->line = (uint8_t)(line + 1);
    if (way >= 0)
        flow->way = (uint8_t)(way + 1);
    if (!flow->arrives)
        flow->arrives = is_any_end(flow_direction(session, flow) == 0 ? hik_session_caller_sdp(session)
                                                                      : hik_session_callee_sdp(session), &flow->dst, flow->dst_port);
    elsewhere = !flow->arrives && goes_elsewhere(session, flow);
    flow->misdirected = elsewhere && has_announced_ssrc(session, flow);
    flow->misrouted = elsewhere && !flow->misdirected && has_announced_source(session, flow);
    if (flow->misrouted && !flow->misrouted_frame) {
        flow->misrouted_frame = pinfo->num;
        flow->misrouted_nth = nth;
    }
    /* Endpoints that a re-INVITE exchanges make nothing wrong of what came before. */
    typed = typed_line(session, flow);
    if (typed < 0 || (typed > 0 && !flow->uncrossed)) {
        flow->typed = (uint8_t)abs(typed);
        flow->typed_pt = flow->payload_type;
        flow->crossed = typed > 0;
    }
    flow->uncrossed |= typed < 0 && session->answer.frame;
    if (flow->crossed && !flow->crossed_frame) {
        flow->crossed_frame = pinfo->num;
        flow->crossed_nth = nth;
    }
    /* While the newest offer is not answered what was before holds. */
    if (session->moved_frame && session->answer.frame > session->offer.frame)
        flow->left = flow->arrives && is_left(session, flow);
}

void hik_media_facts_count_left(packet_info *pinfo, const struct hik_session *session, struct hik_flow *flow, uint32_t nth)
{
    double late = hik_seconds_between(&session->moved_time, &pinfo->abs_ts);

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (late <= HIK_LATE_MOVE)
        return;
    if (flow->left_packets++ == 0) {
        flow->left_frame = pinfo->num;
        flow->left_nth = nth;
    }
    flow->left_answer = session->moved_frame;
    flow->left_seconds = late;
}

/* Which way media is to go. GB/T 28181 players say recvonly and cameras sendonly; where nothing is said, whoever calls
 * for a camera gets its video. */
void hik_media_facts_wanted(const struct hik_session *session, const struct hik_media_line *caller,
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

bool hik_media_facts_is_announced(const struct hik_session *session, const struct hik_flow *flow)
{
    struct hik_facts facts;

    if (is_beside(session, flow))
        return false;
    hik_media_facts_wanted(session, hik_description_first_line(hik_session_caller_sdp(session)), hik_description_first_line(hik_session_callee_sdp(session)), &facts);
    return flow_direction(session, flow) == 0 || !facts.leg[0].wanted;
}

static bool declares(const struct hik_description *sdp, uint8_t payload_type)
{
    for (unsigned i = 0; i < sdp->media_count; i++)
        if (line_declares(sdp, i, payload_type))
            return true;
    return false;
}

bool hik_media_facts_declares(const struct hik_session *session, uint8_t payload_type)
{
    return declares(&session->offer, payload_type) || declares(&session->answer, payload_type);
}

/* Packets of the flow whose payload type is in no m= line. */
static void count_undeclared(const struct hik_session *session, const struct hik_flow *flow, struct hik_line *line)
{
    for (unsigned i = 0; i <= HIK_FLOW_TYPES; i++) {
        struct hik_payload_count type = nth_type(flow, i);

        if (type.packets == 0 || hik_media_facts_declares(session, type.payload_type))
            continue;
        if (line->undeclared == 0)
            line->undeclared_pt = type.payload_type;
        line->undeclared += type.packets;
    }
}

/* Flows of a line that go somewhere else in one way, beside those that do not. */
struct elsewhere {
    const struct hik_flow *most;    /* with most packets; NULL: there are none */
    uint32_t packets, from, others_until; /* and frames: since when, and of the last packet of the others */
};

/* What is collected of a line while its flows are gone through. */
struct collected {
    const struct hik_flow *most, *stranger; /* the flows with most packets: of all, unnegotiated */
    struct elsewhere misdirected, misrouted, crossed; /* to an endpoint of nobody's, with the SSRC announced or not; of another line */
    const struct hik_flow *left; /* with most packets to where its receiver had been */
    uint32_t moved_until;        /* frame of the last packet of a flow that goes where its receiver is */
};

static void keep_most(const struct hik_flow **most, const struct hik_flow *flow)
{
    if (!*most || flow->packets > (*most)->packets)
        *most = flow;
}

/* frame: where that became clear. */
static void count_elsewhere(struct elsewhere *elsewhere, const struct hik_flow *flow, bool is_elsewhere, uint32_t frame)
{
    if (!is_elsewhere) {
        elsewhere->others_until = MAX(elsewhere->others_until, flow->last_frame);
        return;
    }
    if (!elsewhere->most || frame < elsewhere->from)
        elsewhere->from = frame;
    elsewhere->packets += flow->packets;
    keep_most(&elsewhere->most, flow);
}

static void count_flow(const struct hik_session *session, const struct hik_flow *flow, const struct hik_facts *facts,
                       struct collected *collected, struct hik_line *line)
{
    line->packets += flow->packets;
    line->expected += hik_sequence_expected(&flow->sequence);
    line->lost += hik_sequence_lost(&flow->sequence);
    line->duplicates += flow->sequence.copies;
    line->restarts += flow->sequence.restarts;
    line->strays += hik_sequence_strays(&flow->sequence);
    line->reused += flow->sequence.reused;
    keep_most(&collected->most, flow);
    if (flow->checked_against_sdp & HIK_CHECKED)
        count_undeclared(session, flow, line);
    if (flow->unnegotiated) {
        line->unnegotiated += flow->packets;
        keep_most(&collected->stranger, flow);
    }
    count_elsewhere(&collected->crossed, flow, is_crossed(flow), flow->crossed_frame);
    line->left += flow->left_packets;
    if (flow->left_packets > 0 && (!collected->left || flow->left_packets > collected->left->left_packets))
        collected->left = flow;
    if (flow->arrives && !flow->left)
        collected->moved_until = MAX(collected->moved_until, flow->last_frame);
    if (!flow->misdirected)
        count_elsewhere(&collected->misrouted, flow, flow->misrouted, flow->first_frame);
    if (facts->has_ssrc && flow->ssrc == facts->ssrc)
        count_elsewhere(&collected->misdirected, flow, flow->misdirected, flow->first_frame);
}

/* A re-INVITE may announce another one. */
static bool is_announced_change(const struct hik_flow *a, const struct hik_flow *b)
{
    return a->checked_against_sdp & b->checked_against_sdp & HIK_CHECKED_EXPECTED_ONCE;
}

/* Different SSRCs of one source to the endpoint where most arrives, from whatever port; and which of them is the usual one. */
static void count_ssrcs(const struct hik_session *session, const struct hik_flow *most, const struct hik_facts *facts,
                        struct hik_line *line)
{
    bool announced = false;
    unsigned way = flow_direction(session, most);

    line->ssrcs = 1;
    for (const struct hik_flow *flow = session->flows; flow; flow = flow->next_in_session) {
        if (flow->packets == 0 || MAX(line_of(session, flow), 0) != MAX(line_of(session, most), 0) || flow_direction(session, flow) != way)
            continue;
        announced |= facts->has_ssrc && flow->ssrc == facts->ssrc;
        line->ssrcs += flow->ssrc != most->ssrc && !is_announced_change(flow, most) && addresses_equal(&flow->src, &most->src) &&
                       (flow->misrouted || most->misrouted ||
                        (flow->dst_port == most->dst_port && addresses_equal(&flow->dst, &most->dst)));
    }
    line->ssrc = announced ? facts->ssrc : most->ssrc;
    for (const struct hik_flow *flow = session->flows; flow; flow = flow->next_in_session)
        if (flow->ssrc == line->ssrc && MAX(line_of(session, flow), 0) == MAX(line_of(session, most), 0) &&
            flow_direction(session, flow) == way)
            line->ssrc_packets += flow->packets;
}

/* Port 0 refuses the media; who connects needs no port of its own. */
static bool refuses(const struct hik_media_line *line)
{
    return line && line->port_ok && line->endpoint.port == 0 && !(line->tcp && line->setup == HIK_SETUP_ACTIVE);
}

/* A host name and the port, as the SDP says them. */
static struct hik_endpoint_text print_host(const struct hik_media_line *line)
{
    struct hik_endpoint_text text;
    char host[HIK_ENDPOINT_TEXT];

    hik_verdict_clean(host, HIK_ENDPOINT_TEXT - 8, line->host);
    snprintf(text.s, sizeof text.s, "%.*s:%u", HIK_ENDPOINT_TEXT - 8, host, line->endpoint.port);
    return text;
}

static const char *print_line(struct hik_endpoint_text *kept, const struct hik_media_line *line)
{
    if (line && !line->addr_ok && line->host && !refuses(line))
        return hik_endpoint_keep(kept, print_host(line));
    if (!line || !line->addr_ok)
        return NULL;
    if (!refuses(line))
        return hik_endpoint_keep(kept, hik_endpoint_print(&line->endpoint.addr, line->endpoint.port));
    snprintf(kept->s, sizeof kept->s, "no port of %.*s", HIK_ENDPOINT_TEXT - 16, hik_endpoint_print_address(&line->endpoint.addr).s);
    return kept->s;
}

static const struct hik_media_line *line_at(const struct hik_description *sdp, unsigned i)
{
    return sdp->frame && i < sdp->media_count ? &sdp->media[i] : NULL;
}

/* What the flows of a line say together. */
static void finish_line(const struct hik_session *session, const struct collected *collected, unsigned way, unsigned i,
                        struct hik_case *out)
{
    struct hik_line *line = &out->facts.leg[way].lines[i];
    const struct hik_description *caller = hik_session_caller_sdp(session), *callee = hik_session_callee_sdp(session);
    const struct hik_media_line *receiver = line_at(way == 0 ? caller : callee, i), *sender = line_at(way == 0 ? callee : caller, i);
    const struct hik_flow *most = collected->most, *stranger = collected->stranger;
    const struct hik_flow *misdirected = collected->misdirected.most, *misrouted = collected->misrouted.most, *crossed = collected->crossed.most;

    line->audio = (sender && sender->audio) || (!sender && receiver && receiver->audio);
    line->from = hik_endpoint_keep(&out->lines[way][i].from, hik_endpoint_print(&most->src, most->src_port));
    line->announced_from = print_line(&out->lines[way][i].announced_from, sender);
    line->announced_to = print_line(&out->lines[way][i].announced_to, receiver);
    line->refused_by = refuses(receiver) ? way == 0 ? out->facts.caller : out->facts.callee
                     : refuses(sender) ? way == 0 ? out->facts.callee : out->facts.caller : NULL;
    count_ssrcs(session, most, &out->facts, line);
    if (stranger) {
        line->unnegotiated_from = hik_endpoint_keep(&out->lines[way][i].unnegotiated_from,
                                                    hik_endpoint_print(&stranger->src, stranger->src_port));
        line->unnegotiated_is_host = sender && sender->addr_ok && addresses_equal(&sender->endpoint.addr, &stranger->src);
        line->unnegotiated_is_peer = addresses_equal(way == 0 ? &session->callee.addr : &session->caller.addr, &stranger->src);
        if (refuses(sender) && (line->unnegotiated_is_host || line->unnegotiated_is_peer))
            line->unnegotiated = 0; /* it said no port */
    }
    if (collected->left) {
        const struct hik_flow *left = collected->left;

        line->left_to = hik_endpoint_keep(&out->lines[way][i].left_to, hik_endpoint_print(&left->dst, left->dst_port));
        line->left_answer = left->left_answer;
        line->left_seconds = left->left_seconds;
        line->left_same_port = receiver && receiver->endpoint.port == left->dst_port;
        line->left_late = collected->moved_until > left->left_frame;
    }
    if (crossed) {
        const struct hik_description *there = way == 0 ? caller : callee;
        const struct hik_media_line *own = receiver, *others;

        line->crossed = collected->crossed.packets;
        line->crossed_over = !is_any_end(there, &crossed->dst, crossed->dst_port);
        if (line->crossed_over) {
            there = way == 0 ? callee : caller;
            own = sender;
        }
        others = line_at(there, crossed->line > 0 ? crossed->line - 1u : 0);
        line->crossed_audio = others && others->audio;
        line->crossed_pt = crossed->typed_pt;
        line->crossed_too = collected->crossed.others_until > collected->crossed.from;
        line->crossed_at = hik_endpoint_keep(&out->lines[way][i].crossed_at, line->crossed_over
                                             ? hik_endpoint_print(&crossed->src, crossed->src_port)
                                             : hik_endpoint_print(&crossed->dst, crossed->dst_port));
        line->crossed_own = print_line(&out->lines[way][i].crossed_own, own);
    }
    /* What came where it should as well is neither of the two. */
    if (misdirected && collected->misdirected.others_until < collected->misdirected.from) {
        line->misdirected = collected->misdirected.packets;
        line->misdirected_to = hik_endpoint_keep(&out->lines[way][i].misdirected_to,
                                                 hik_endpoint_print(&misdirected->dst, misdirected->dst_port));
        line->misdirected_same_port = receiver && receiver->endpoint.port == misdirected->dst_port;
    }
    if (misrouted && collected->misrouted.others_until < collected->misrouted.from) {
        line->misrouted = collected->misrouted.packets;
        line->misrouted_from = hik_endpoint_keep(&out->lines[way][i].misrouted_from, hik_endpoint_print(&misrouted->src, misrouted->src_port));
        line->misrouted_to = hik_endpoint_keep(&out->lines[way][i].misrouted_to, hik_endpoint_print(&misrouted->dst, misrouted->dst_port));
        line->misrouted_is_host = (receiver && receiver->addr_ok && addresses_equal(&receiver->endpoint.addr, &misrouted->dst)) ||
                               addresses_equal(way == 0 ? &session->caller.addr : &session->callee.addr, &misrouted->dst);
    }
}

void hik_media_facts_leg(const struct hik_session *session, unsigned way, const struct hik_media_line *receiver,
                        const struct hik_media_line *sender, struct hik_case *out)
{
    struct hik_leg *leg = &out->facts.leg[way];
    const struct hik_endpoint *receiver_sip = way == 0 ? &session->caller : &session->callee;
    const struct hik_endpoint *sender_sip = way == 0 ? &session->callee : &session->caller;
    const struct hik_flow *most = NULL;
    struct collected lines[HIK_LINES] = {{.most = NULL}};
    nstime_t first, last;
    unsigned line;

    if (receiver && receiver->addr_ok) {
        leg->to = hik_endpoint_keep(&out->to[way], hik_endpoint_print(&receiver->endpoint.addr, receiver->endpoint.port));
        leg->to_class = hik_address_class_of(&receiver->endpoint.addr);
        leg->to_is_peer = addresses_equal(&receiver->endpoint.addr, &receiver_sip->addr);
    }
    if (receiver && receiver->host)
        leg->to = hik_endpoint_keep(&out->to[way], print_host(receiver));
    if (sender && sender->addr_ok)
        leg->from = hik_endpoint_keep(&out->from[way], hik_endpoint_print(&sender->endpoint.addr, sender->endpoint.port));
    leg->sender_class = hik_address_class_of(&sender_sip->addr);
    leg->receiver_class = hik_address_class_of(&receiver_sip->addr);
    leg->to_port_zero = refuses(receiver);

    for (const struct hik_flow *flow = session->flows; flow; flow = flow->next_in_session) {
        if (flow->packets == 0 || flow_direction(session, flow) != way)
            continue;
        if (!most || nstime_cmp(&flow->first_time, &first) < 0)
            first = flow->first_time;
        if (!most || nstime_cmp(&flow->last_time, &last) > 0)
            last = flow->last_time;
        leg->packets += flow->packets;
        leg->lost += hik_sequence_lost(&flow->sequence);
        line = (unsigned)MAX(line_of(session, flow), 0);
        count_flow(session, flow, &out->facts, &lines[line], &leg->lines[line]);
        if (out->facts.has_ssrc && flow->ssrc == out->facts.ssrc)
            leg->packets_expected_ssrc += flow->packets;
        if (!most || is_beside(session, most) > is_beside(session, flow) ||
            (is_beside(session, most) == is_beside(session, flow) && flow->packets > most->packets))
            most = flow;
    }
    if (!most)
        return;
    leg->seen_from = hik_endpoint_keep(&out->seen_from[way], hik_endpoint_print(&most->src, most->src_port));
    leg->seen_to = hik_endpoint_keep(&out->seen_to[way], hik_endpoint_print(&most->dst, most->dst_port));
    leg->ssrc = most->ssrc;
    for (unsigned i = 0; i < HIK_LINES; i++)
        if (lines[i].most)
            finish_line(session, &lines[i], way, i, out);
    leg->seconds = hik_seconds_between(&first, &last);
    if (!out->main_flow || (leg->wanted && most->packets > out->main_flow->packets))
        out->main_flow = most;
}

void hik_media_facts_content(const struct hik_session *session, struct hik_case *out)
{
    struct hik_facts *f = &out->facts;

    for (const struct hik_flow *flow = session->flows; flow; flow = flow->next_in_session) {
        const struct hik_content *content = flow->content;

        f->cut.payload |= flow->cut.packets > 0;
        if (flow->cut.packets > 0 && !flow->tcp) {
            if (f->cut.rtp_packets == 0 || flow == out->main_flow) {
                f->cut.rtp_kept = flow->cut.cut.kept;
                f->cut.rtp_sent = flow->cut.cut.sent;
            }
            f->cut.rtp_packets += flow->cut.packets;
        }
        f->frames += content->frames;
        f->first_unread |= flow->first_unread && content->frames > 0;
        f->key_frames += content->key_frames;
        f->ps_packets += content->ps_packets;
        f->not_ps_packets += content->not_ps_packets;
        f->encrypted |= content->encrypted;
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
    f->declared_ps = hik_sdp_encoding_is_ps(out->sdp_codec);
    if (!f->codec && out->main_flow)
        f->codec = out->main_flow->content->audio_codec;
    if (!f->codec && !out->sdp_codec && out->main_flow && out->main_flow->payload_type >= 24) /* video; audio is told above */
        f->codec = hik_media_static_codec(out->main_flow->payload_type);
}
