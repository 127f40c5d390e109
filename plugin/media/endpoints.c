/* endpoints.c
 * What an SDP opens (RFC 4566, RFC 3264), and which session a packet over UDP belongs to by its two ends.
 *
 * A packet is matched by both of its ends, then by one end and SSRC, then by one end alone: many platforms receive every
 * camera on one port, and many devices send from a port or an address they never announced. What has neither end is
 * matched by SSRC and the address of one side. Media over TCP: rtp-over-tcp.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "front-door.h"
#include "kept.h"
#include "key.h"
#include "endpoints.h"
#include "message-info.h"
#include "rtp-flow.h"
#include "rtp-over-tcp.h"
#include "stray-rtp.h"

#include <epan/dissectors/packet-rtcp.h>

/* How far a shared port's list is searched for a session that is still open. */
#define MAX_OPEN_SEARCH 8
/* And for one that waits. */
#define MAX_WAITING_SEARCH 512
/* How often all of stock's conversations of an endpoint are walked through. */
#define MAX_WALKS 64
/* And how far. */
#define MAX_EARLIER 8

/* A session's claim on an endpoint. File scope; first pass. */
struct claim {
    struct hik_session *session;
    struct claim *older;
};

/* An address and port that some SDP opened. File scope; first pass. */
struct endpoint {
    struct claim newest; /* in itself: most have one */
    unsigned count;
    unsigned walks; /* how often stock's conversations of it were walked through */
};

static struct hik_index endpoints;      /* ends_key: address, none; port, 1 for RTCP -> struct endpoint */
static struct hik_index endpoints_ssrc; /* the same and the SSRC -> struct endpoint */
static struct hik_index announced;      /* ends_key: SSRC alone -> struct endpoint: who announced it, for RTP over UDP */
static struct hik_index endpoint_pairs; /* ends_key: both ends, the lower one first -> struct endpoint */

static const address no_address = ADDRESS_INIT_NONE;

static uint64_t endpoint_digest(const address *addr, uint16_t port, bool rtcp, uint32_t ssrc)
{
    const struct hik_ends_key key = {{addr, &no_address}, {port, rtcp}, ssrc};

    return hik_ends_digest(&key);
}

static uint64_t ssrc_digest(uint32_t ssrc)
{
    return endpoint_digest(&no_address, 0, false, ssrc);
}

static uint64_t pair_digest(const address *a, uint16_t a_port, const address *b, uint16_t b_port)
{
    int order = cmp_address(a, b);
    bool swap = order > 0 || (order == 0 && a_port > b_port);
    const struct hik_ends_key key = {{swap ? b : a, swap ? a : b}, {swap ? b_port : a_port, swap ? a_port : b_port}, 0};

    return hik_ends_digest(&key);
}

/* Returns the endpoint, made if there is none. */
static struct endpoint *claim_endpoint(struct hik_index *index, uint64_t digest, struct hik_session *session)
{
    struct endpoint *endpoint = (struct endpoint *)hik_index_get(index, digest);

    if (!endpoint) {
        endpoint = hik_keep_new(struct endpoint);
        hik_index_put(index, digest, endpoint);
    }
    if (endpoint->newest.session == session)
        return endpoint;
    if (endpoint->newest.session) {
        struct claim *older = hik_keep_new(struct claim);

        *older = endpoint->newest;
        endpoint->newest.older = older;
    }
    endpoint->newest.session = session;
    endpoint->count++;
    return endpoint;
}

/* The newest session with a claim, a session still open before one that is closed. */
static struct hik_session *newest_open(const struct endpoint *endpoint)
{
    const struct claim *claim = endpoint ? &endpoint->newest : NULL;

    for (unsigned i = 0; claim && i < MAX_OPEN_SEARCH; claim = claim->older, i++)
        if (!hik_session_is_over(claim->session))
            return claim->session;
    return endpoint ? endpoint->newest.session : NULL;
}

/* Whose RTP with an SSRC that nobody announced may be: calls that begin at once send in turn, so that of the oldest that has just begun
 * and got nothing yet; where there is none, that of newest_open(). */
static struct hik_session *waiting_or_open(packet_info *pinfo, const struct endpoint *endpoint)
{
    const struct claim *claim = endpoint ? &endpoint->newest : NULL;
    struct hik_session *waits = NULL;

    for (unsigned i = 0; claim && i < MAX_WAITING_SEARCH; claim = claim->older, i++)
        if (!hik_session_is_over(claim->session) && claim->session->flow_count == 0 && hik_session_has_just_begun(claim->session, &pinfo->abs_ts))
            waits = claim->session;
    return waits ? waits : newest_open(endpoint);
}

static struct endpoint *lookup_endpoint(const struct hik_index *index, const address *addr, uint32_t port, bool rtcp, uint32_t ssrc)
{
    return (struct endpoint *)hik_index_get(index, endpoint_digest(addr, (uint16_t)port, rtcp, ssrc));
}

bool hik_endpoints_is_of_one(const address *addr, uint16_t port)
{
    const struct endpoint *endpoint = lookup_endpoint(&endpoints, addr, port, false, 0);

    return endpoint && endpoint->count == 1;
}

/* The endpoint with that SSRC at one of the packet's ends. RTCP comes one port above, or on the RTP port (RFC 5761). */
static const struct endpoint *lookup_ssrc(packet_info *pinfo, bool rtcp, uint32_t ssrc)
{
    const struct endpoint *found = lookup_endpoint(&endpoints_ssrc, &pinfo->dst, pinfo->destport - rtcp, false, ssrc);

    if (!found)
        found = lookup_endpoint(&endpoints_ssrc, &pinfo->src, pinfo->srcport - rtcp, false, ssrc);
    return found || !rtcp ? found : lookup_ssrc(pinfo, false, ssrc);
}

/* Is that the address of one side, by SIP or by its SDP? */
static bool lives_at(const address *sip, const struct hik_description *sdp, const address *addr)
{
    if (addresses_equal(sip, addr))
        return true;
    for (unsigned i = 0; sdp->frame && i < sdp->media_count; i++)
        if (sdp->media[i].addr_ok && addresses_equal(&sdp->media[i].endpoint.addr, addr))
            return true;
    return false;
}

/* Neither end is announced, but the SSRC is: a sender that goes misdirected. Not the stream that a platform in the middle gets
 * from below and passes on as it is, so one side has to be where it belongs. */
static struct hik_session *match_misdirected(packet_info *pinfo, uint32_t ssrc)
{
    const struct endpoint *endpoint = (const struct endpoint *)hik_index_get(&announced, ssrc_digest(ssrc));
    struct hik_session *session = newest_open(endpoint);

    if (!session || hik_session_is_over(session) ||
        !(lives_at(&session->caller.addr, hik_session_caller_sdp(session), &pinfo->dst) ||
          lives_at(&session->callee.addr, hik_session_callee_sdp(session), &pinfo->src)))
        return NULL;
    return session;
}

struct hik_session *hik_endpoints_match(packet_info *pinfo, bool rtcp, uint32_t ssrc, uint32_t about, bool *strong)
{
    /* RTCP runs one port above; pairs are kept by the RTP ports' own entries, so RTCP pairs are entered as well. */
    const struct endpoint *pair, *dst, *src, *by_ssrc;
    struct hik_session *session;

    if (pinfo->ptype == PT_TCP)
        return hik_tcp_session(pinfo, ssrc, strong);
    pair = (const struct endpoint *)hik_index_get(&endpoint_pairs, pair_digest(&pinfo->src, (uint16_t)pinfo->srcport, &pinfo->dst,
                                                                               (uint16_t)pinfo->destport));
    *strong = true;
    if (pair && pair->count == 1)
        return pair->newest.session;
    by_ssrc = lookup_ssrc(pinfo, rtcp, about);
    if (!by_ssrc && about != ssrc)
        by_ssrc = lookup_ssrc(pinfo, rtcp, ssrc);
    if (pair) {
        /* The two ends carry several calls, at once or one after the other: the SSRC has the word if it is theirs. */
        if (by_ssrc && by_ssrc->count == 1)
            return by_ssrc->newest.session;
        if (rtcp || by_ssrc)
            return newest_open(pair);
        *strong = false;
        return waiting_or_open(pinfo, pair);
    }
    if (by_ssrc)
        return newest_open(by_ssrc);
    *strong = false;
    dst = lookup_endpoint(&endpoints, &pinfo->dst, pinfo->destport, rtcp, 0);
    if (!dst && !rtcp) /* one port too high */
        dst = lookup_endpoint(&endpoints, &pinfo->dst, pinfo->destport, true, 0);
    if (dst && dst->count == 1)
        return dst->newest.session;
    /* Where many cameras send to one port, the port they send from tells more. */
    src = lookup_endpoint(&endpoints, &pinfo->src, pinfo->srcport, rtcp, 0);
    if (src && (!dst || src->count < dst->count))
        dst = src;
    session = rtcp ? newest_open(dst) : waiting_or_open(pinfo, dst);
    return session || rtcp ? session : match_misdirected(pinfo, ssrc);
}

/* The newest as of that frame. */
static conversation_t *find_wildcard(uint32_t frame, const address *addr, uint16_t port)
{
    static const address none = ADDRESS_INIT_NONE;
    return find_conversation(frame, addr, &none, CONVERSATION_UDP, port, 0, NO_ADDR_B | NO_PORT_B);
}

/* Payload types for stock's rtp: what rtpmap says; for a type without rtpmap what GB/T 28181 annex C assigns. */
static rtp_dyn_payload_t *payload_types(const struct hik_media_line *line)
{
    rtp_dyn_payload_t *types = rtp_dyn_payload_new();

    ws_rtp_dyn_payload_insert(types, 96, "PS", 90000, 1);
    ws_rtp_dyn_payload_insert(types, 98, "H264", 90000, 1);
    for (unsigned i = 0; i < line->map_count; i++)
        if (line->maps[i].codec)
            ws_rtp_dyn_payload_insert(types, line->maps[i].pt, line->maps[i].codec, (int)line->maps[i].clock, 1);
    return types;
}

/* False if it was ours already. */
static bool set_wrapper(packet_info *pinfo, conversation_t *conversation, bool rtcp)
{
    dissector_handle_t wrapper = rtcp ? hik_front_door()->rtcp_handle : hik_front_door()->rtp_handle;

    /* Stock gives a conversation of RTP, announced or found by look, to RTCP for all its frames. What came before stays RTP. */
    if (rtcp && conversation->setup_frame < pinfo->num &&
        conversation_get_proto_data(conversation, proto_get_id_by_filter_name("rtp"))) {
        bool ours = conversation_get_dissector(conversation, pinfo->num) == wrapper;

        conversation_set_dissector(conversation, hik_front_door()->rtp_handle);
        conversation_set_dissector_from_frame_number(conversation, pinfo->num, wrapper);
        return !ours;
    }
    if (conversation_get_dissector(conversation, pinfo->num) == wrapper)
        return false;
    conversation_set_dissector(conversation, wrapper);
    return true;
}

static bool is_for_rtcp(packet_info *pinfo, conversation_t *conversation)
{
    dissector_handle_t dissector = conversation_get_dissector(conversation, pinfo->num);

    return dissector == hik_front_door()->rtcp_handle || dissector == find_dissector("rtcp");
}

/* For the endpoint of an answer, stock makes a conversation that begins with the request's frame. Where other SDPs have named the
 * endpoint since, theirs are newer, and the packets in between are in this one on later passes. */
static void wrap_earlier(packet_info *pinfo, const struct hik_session *session, struct endpoint *endpoint,
                         const conversation_t *newest, const address *addr, uint16_t port, bool rtcp)
{
    if (newest->setup_frame == pinfo->num || newest->setup_frame <= session->first_frame || endpoint->walks++ >= MAX_WALKS)
        return;
    for (unsigned i = 0; i < MAX_EARLIER; i++) {
        conversation_t *conversation = find_wildcard(newest->setup_frame - 1, addr, port);

        if (!conversation || conversation->setup_frame < session->first_frame || (!rtcp && is_for_rtcp(pinfo, conversation)) ||
            set_wrapper(pinfo, conversation, rtcp))
            return;
        newest = conversation;
    }
}

/* Puts our wrapper around stock's conversation for an endpoint. Where stock made none, or lost the payload types,
 * because the SDP came in a shape it does not take, it is made here, in stock's own way. So it is where the one that there is was
 * another SDP's, for RTCP: what came before stays that. */
static void wrap_conversation(packet_info *pinfo, const struct hik_session *session, struct endpoint *endpoint, const address *addr,
                              uint16_t port, bool rtcp, const struct hik_media_line *line, bool stock_lost_it)
{
    conversation_t *conversation = find_wildcard(pinfo->num, addr, port);
    address copy;

    if (!conversation || conversation_get_dissector(conversation, pinfo->num) == NULL ||
        (!rtcp && (stock_lost_it || is_for_rtcp(pinfo, conversation)))) {
        copy_address_shallow(&copy, addr);
        if (rtcp) {
            rtcp_add_address(pinfo, &copy, port, 0, "SDP", pinfo->num);
        } else {
            rtp_dyn_payload_t *types = payload_types(line);
            rtp_add_address(pinfo, PT_UDP, &copy, port, 0, "SDP", pinfo->num,
                            line->audio ? RTP_MEDIA_AUDIO : RTP_MEDIA_VIDEO, types);
            /* Our reference stays until the file is closed: stock's records of single packets point there without one of
             * their own, and would be left behind when these types are replaced. */
        }
        conversation = find_wildcard(pinfo->num, addr, port);
    }
    if (conversation && !set_wrapper(pinfo, conversation, rtcp))
        wrap_earlier(pinfo, session, endpoint, conversation, addr, port, rtcp);
}

static void open_endpoint(packet_info *pinfo, struct hik_session *session, const struct hik_description *sdp,
                          const struct hik_media_line *line, const address *addr)
{
    struct endpoint *endpoint;
    uint16_t port = line->endpoint.port;
    const struct hik_description *sources[] = {&session->offer, &session->answer};
    bool stock_lost_it = sdp->broken_lines || (!line->codec && line->first_pt >= 96 && line->first_pt < 128);

    endpoint = claim_endpoint(&endpoints, endpoint_digest(addr, port, false, 0), session);
    for (size_t i = 0; i < array_length(sources); i++)
        if (sources[i]->frame && sources[i]->has_y && sources[i]->y_kind <= HIK_SSRC_LONG) {
            claim_endpoint(&endpoints_ssrc, endpoint_digest(addr, port, false, sources[i]->ssrc), session);
            if (sources[i]->ssrc && sources[i]->ssrc != HIK_SSRC_HIKVISION)
                claim_endpoint(&announced, ssrc_digest(sources[i]->ssrc), session);
        }
    wrap_conversation(pinfo, session, endpoint, addr, port, false, line, stock_lost_it);
    if (line->rtcp_port) {
        endpoint = claim_endpoint(&endpoints, endpoint_digest(addr, line->rtcp_port, true, 0), session);
        wrap_conversation(pinfo, session, endpoint, addr, line->rtcp_port, true, line, stock_lost_it);
    }
}

static void open_pair(struct hik_session *session, const struct hik_media_line *a, const struct hik_media_line *b)
{
    const address *a_addr = &a->endpoint.addr, *b_addr = &b->endpoint.addr;
    const uint16_t ports[2][2] = {{a->endpoint.port, b->endpoint.port}, {a->rtcp_port, b->rtcp_port}};

    for (size_t i = 0; i < array_length(ports); i++)
        if (ports[i][0] && ports[i][1])
            claim_endpoint(&endpoint_pairs, pair_digest(a_addr, ports[i][0], b_addr, ports[i][1]), session);
}

void hik_endpoints_open(packet_info *pinfo, const struct hik_message *message)
{
    struct hik_session *session = message->session;
    const struct hik_description *mine, *other;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    mine = message->carries_offer ? &session->offer : &session->answer;
    other = message->carries_offer ? &session->answer : &session->offer;
    if (mine->cut)
        hik_stray_rtp_claim(pinfo, session, mine);
    for (unsigned i = 0; i < mine->media_count; i++) {
        const struct hik_media_line *line = &mine->media[i];

        if (!line->port_ok || line->endpoint.port == 0)
            continue;
        if (line->tcp) {
            hik_tcp_open(pinfo, session, mine, other, i);
            /* RTP/AVP with a=setup means TCP to some and nothing to others: see what comes. */
            if (!line->tcp_by_setup)
                continue;
        }
        if (line->addr_ok)
            open_endpoint(pinfo, session, mine, line, &line->endpoint.addr);
        /* Behind a NAT the peer sends to where the SDP came from, and what c= calls public is private seen from inside. */
        if (!line->addr_ok || ((hik_address_is_private(&line->endpoint.addr) || hik_address_is_private(&pinfo->src)) &&
                               !addresses_equal(&line->endpoint.addr, &pinfo->src)))
            open_endpoint(pinfo, session, mine, line, &pinfo->src);
        if (line->addr_ok && i < other->media_count && other->media[i].addr_ok &&
            (!other->media[i].tcp || other->media[i].tcp_by_setup))
            open_pair(session, line, &other->media[i]);
    }
}

void hik_endpoints_keep(packet_info *pinfo, const struct hik_session *session, const uint8_t *buf, const struct hik_sdp *sdp)
{
    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    for (unsigned i = 0; i < sdp->media_count; i++) {
        struct hik_media_line line = {0};
        uint16_t ports[2];

        hik_message_info_describe_ends(pinfo, buf, &sdp->media[i], &line);
        ports[0] = line.endpoint.port;
        ports[1] = line.rtcp_port;
        for (size_t p = 0; line.addr_ok && !sdp->media[i].media.tcp && p < array_length(ports); p++) {
            conversation_t *conversation = ports[p] ? find_wildcard(pinfo->num, &line.endpoint.addr, ports[p]) : NULL;
            struct endpoint *endpoint = conversation ? lookup_endpoint(&endpoints, &line.endpoint.addr, ports[p], p == 1, 0) : NULL;

            /* Nobody waits there, but from a call's other end it is the call's: on later passes stock's conversation has also what
             * came before, from the offer on. */
            if (!endpoint && session && conversation && conversation->setup_frame < pinfo->num)
                set_wrapper(pinfo, conversation, p == 1);
            if (endpoint && !set_wrapper(pinfo, conversation, p == 1) && session)
                wrap_earlier(pinfo, session, endpoint, conversation, &line.endpoint.addr, ports[p], p == 1);
        }
    }
}

void hik_endpoints_register(void)
{
    hik_index_register(&endpoints);
    hik_index_register(&endpoints_ssrc);
    hik_index_register(&announced);
    hik_index_register(&endpoint_pairs);
}
