/* media-facts.c
 * The flows of a session by direction and m= line (RFC 3264 clauses 5 and 6, with what GB/T 28181 means where the SDP
 * says nothing).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "media-facts.h"

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

/* Index of the m= line whose endpoints the flow has, -1 if it has no line's. */
static int line_of(const struct hik_session *session, const struct hik_flow *flow)
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
    return line_of(session, flow) > 0;
}

/* 0: the flow goes to the caller, 1: to the callee. What the SDPs name decides, then the addresses of SIP. */
static unsigned flow_direction(const struct hik_session *session, const struct hik_flow *flow)
{
    const struct hik_description *caller = hik_session_caller_sdp(session), *callee = hik_session_callee_sdp(session);

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

bool hik_media_facts_is_misdirected(const struct hik_session *session, const struct hik_flow *flow)
{
    unsigned way = flow_direction(session, flow);
    const struct hik_description *receiver = way == 0 ? hik_session_caller_sdp(session) : hik_session_callee_sdp(session);
    const address *sip = way == 0 ? &session->caller.addr : &session->callee.addr;
    bool inside = hik_address_class_of(&flow->dst) == HIK_ADDR_PRIVATE, misdirected = false; /* of what can be checked */
    uint32_t expected;

    if (flow->tcp || !receiver->frame || !hik_session_expected_ssrc(session, &expected) || expected != flow->ssrc ||
        expected == HIK_SSRC_HIKVISION)
        return false;
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
        misdirected = true;
    }
    return misdirected;
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
    for (unsigned i = 0; sdp->frame && i < sdp->media_count; i++)
        if (sdp->media[i].formats[payload_type / 64] >> (payload_type % 64) & 1)
            return true;
    return false;
}

bool hik_media_facts_declares(const struct hik_session *session, uint8_t payload_type)
{
    return declares(&session->offer, payload_type) || declares(&session->answer, payload_type);
}

/* Packets of the flow whose payload type is in no m= line. */
static void count_undeclared(const struct hik_session *session, const struct hik_flow *flow, struct hik_facts *f)
{
    struct hik_payload_count first = {flow->first_payload_type, flow->packets};
    uint32_t undeclared = 0;

    for (unsigned i = 0; i < HIK_FLOW_TYPES; i++)
        first.packets -= flow->types[i].packets;
    for (unsigned i = 0; i <= HIK_FLOW_TYPES; i++) {
        const struct hik_payload_count *type = i == 0 ? &first : &flow->types[i - 1];

        if (type->packets == 0 || hik_media_facts_declares(session, type->payload_type))
            continue;
        undeclared += type->packets;
        if (f->undeclared_pt < 0)
            f->undeclared_pt = type->payload_type;
    }
    f->undeclared_packets += undeclared;
    if (undeclared > 0)
        f->undeclared_of += flow->packets;
}

/* Lines whose losses are told apart; those behind count with the last. */
#define HIK_LINES 8
struct line_loss {
    uint32_t expected, lost;
    const struct hik_flow *most; /* the flow with the most packets */
};

/* 0: the line the session is about, and what no line names. */
static void count_loss(const struct hik_session *session, const struct hik_flow *flow, struct line_loss lines[HIK_LINES])
{
    int line = line_of(session, flow);
    struct line_loss *loss = &lines[line < 0 ? 0 : MIN(line, HIK_LINES - 1)];

    loss->expected += hik_sequence_expected(&flow->sequence);
    loss->lost += hik_sequence_lost(&flow->sequence);
    if (!loss->most || flow->packets > loss->most->packets)
        loss->most = flow;
}

static void set_loss(struct hik_line_loss *out, const struct line_loss *loss, struct hik_endpoint_text *from)
{
    out->expected = loss->expected;
    out->lost = loss->lost;
    if (loss->most)
        out->from = hik_endpoint_keep(from, hik_endpoint_print(&loss->most->src, loss->most->src_port));
}

static void choose_losses(const struct hik_session *session, const struct line_loss lines[HIK_LINES], struct hik_leg *leg,
                          struct hik_case *out, unsigned way)
{
    const struct hik_description *sdp = session->answer.frame ? &session->answer : &session->offer;
    unsigned worst = 1;

    for (unsigned i = 2; i < HIK_LINES; i++)
        if ((uint64_t)lines[i].lost * (lines[worst].expected + 1) > (uint64_t)lines[worst].lost * (lines[i].expected + 1))
            worst = i;
    set_loss(&leg->loss, &lines[0], &out->loss_from[way][0]);
    set_loss(&leg->loss_beside, &lines[worst], &out->loss_from[way][1]);
    leg->loss_beside.audio = worst < sdp->media_count && sdp->media[worst].audio;
}

/* Different SSRCs of one source to the endpoint where most arrives, from whatever port; judged when it is asked. */
static unsigned count_ssrcs(const struct hik_session *session, const struct hik_flow *most)
{
    unsigned count = 1;

    for (const struct hik_flow *flow = session->flows; flow; flow = flow->next_in_session)
        count += flow->packets > 0 && flow->ssrc != most->ssrc && flow->dst_port == most->dst_port &&
                 is_beside(session, flow) == is_beside(session, most) && addresses_equal(&flow->dst, &most->dst) &&
                 addresses_equal(&flow->src, &most->src);
    return count;
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

void hik_media_facts_leg(const struct hik_session *session, unsigned way, const struct hik_media_line *receiver,
                        const struct hik_media_line *sender, struct hik_case *out)
{
    struct hik_leg *leg = &out->facts.leg[way];
    const struct hik_endpoint *receiver_sip = way == 0 ? &session->caller : &session->callee;
    const struct hik_endpoint *sender_sip = way == 0 ? &session->callee : &session->caller;
    const struct hik_flow *most = NULL, *stray = NULL;
    struct line_loss lines[HIK_LINES] = {{0}};
    nstime_t first, last;

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
        leg->lost += hik_sequence_lost(&flow->sequence);
        count_loss(session, flow, lines);
        if (!is_beside(session, flow))
            leg->line_packets += flow->packets;
        leg->duplicates += flow->sequence.copies;
        leg->reordered += flow->sequence.late;
        leg->restarts += flow->sequence.restarts;
        leg->strays += flow->sequence.strays;
        leg->reused += flow->sequence.reused;
        if (flow->checked_against_sdp & HIK_CHECKED)
            count_undeclared(session, flow, &out->facts);
        if (out->facts.has_ssrc && flow->ssrc == out->facts.ssrc) {
            leg->packets_expected_ssrc += flow->packets;
            if (flow->misdirected)
                leg->packets_misdirected += flow->packets;
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
    leg->seen_from = hik_endpoint_keep(&out->seen_from[way], hik_endpoint_print(&most->src, most->src_port));
    leg->misdirected_same_port = most->misdirected && receiver && receiver->endpoint.port == most->dst_port;
    leg->seen_to = hik_endpoint_keep(&out->seen_to[way], hik_endpoint_print(&most->dst, most->dst_port));
    leg->ssrc = most->ssrc;
    leg->ssrcs = count_ssrcs(session, most);
    choose_losses(session, lines, leg, out, way);
    leg->seconds = hik_seconds_between(&first, &last);
    if (stray) {
        leg->unnegotiated_from = hik_endpoint_keep(&out->unnegotiated[way], hik_endpoint_print(&stray->src, stray->src_port));
        leg->unnegotiated_is_host = sender && sender->addr_ok && addresses_equal(&sender->endpoint.addr, &stray->src);
        leg->unnegotiated_is_peer = addresses_equal(&sender_sip->addr, &stray->src);
    }
    if (!out->main_flow || (leg->wanted && most->packets > out->main_flow->packets))
        out->main_flow = most;
}

void hik_media_facts_content(const struct hik_session *session, struct hik_case *out)
{
    struct hik_facts *f = &out->facts;

    for (const struct hik_flow *flow = session->flows; flow; flow = flow->next_in_session) {
        const struct hik_content *content = flow->content;

        f->frames += content->frames;
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
