/* rtp-over-tcp.c
 * RTP and RTCP over TCP: two bytes of length, then the packet (RFC 4571), as GB/T 28181-2016 annex L has it.
 *
 * Stock tcp puts the segments of a frame together. Here the frames are told apart, and found again behind bytes that
 * were lost. What could not be told from the bytes alone is written down on the first pass, so that later passes cut the
 * stream in the same places.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "media-internal.h"

#include <epan/dissectors/packet-tcp.h>
#include <epan/show_exception.h>

#include "parts.h"
#include "sdp-roles.h"

#define LENGTH_BYTES 2
#define RTP_MIN_HEADER 12
#define RTCP_MIN_PACKET 8
/* SSRCs remembered per direction: more than the streams that share a connection. */
#define KNOWN_SSRCS 4

/* Bits of stock's analysis. tcp.completeness is documented; the other is in its comments only. */
enum { SEEN_SYN = 1, SEEN_SYN_ACK = 2, SEEN_DATA = 8, SEEN_RST = 32 };
enum { FLOW_SYN = 2, FLOW_SYN_ACK = 4 };

/* Stock rtp's record of a packet; newer headers name it. */
#define RTP_PACKET_DATA 0

/* One way of a connection. File scope; first pass, but for accepted_frame. */
struct direction {
    uint32_t accepted_frame; /* first frame whose bytes are ours; 0 = none yet */
    bool synced;             /* the next frame's place in the stream is known */
    bool cut;                /* the bytes up to `boundary` end a frame whose begin was shown already */
    uint32_t next_seq;       /* where the bytes of the next call should begin */
    uint32_t boundary;       /* where the frame that is waited for ends */
    uint32_t ssrc[KNOWN_SSRCS];
    unsigned ssrc_count;     /* ever added */
    uint32_t setup_frame;    /* SDP whose rtpmap stock rtp was told about */
};

/* A TCP connection that touches an endpoint. File scope; first pass writes. */
struct connection {
    address addr; /* of one end, the source of the packet that showed the connection first */
    uint16_t port;
    struct direction dir[2]; /* 0: from that end */
    struct hik_session *session; /* a guess until an SSRC came; NULL = none */
    bool rtcp;    /* to the port of the RTCP */
    uint32_t syn_frame, accept_frame, rst_frame, data_frame;
};

/* A stretch of the stream that is not simply a frame. In order; kept with the packet. */
struct skip {
    uint32_t seq;
    uint32_t len;
    uint32_t why; /* enum step_kind */
};

static int proto_hik = -1;
static int proto_tcp = -1;
static int proto_rtp = -1;
static int hf_stock_length = -1; /* rtp.rfc4571.len */
static int hf_hik_tcp_skipped = -1;
static int hf_hik_tcp_continuation = -1;
static int ett_hik_tcp = -1;
static expert_field ei_hik_tcp_resync = EI_INIT;
static expert_field ei_hik_tcp_not_rtp = EI_INIT;
static dissector_handle_t tcp_media_handle, after_frame_handle;

static const address no_address = ADDRESS_INIT_NONE;

/* ---- connections ------------------------------------------------------------------------------------------------ */

static conversation_t *packet_conversation(packet_info *pinfo)
{
    return find_conversation(pinfo->num, &pinfo->src, &pinfo->dst, CONVERSATION_TCP, pinfo->srcport, pinfo->destport, 0);
}

/* Is this dissector stock's own for RTP over TCP, or none? Anybody else's is left alone. */
static bool may_take(dissector_handle_t handle)
{
    const char *name = handle ? dissector_handle_get_dissector_name(handle) : NULL;
    return handle == NULL || (name && strcmp(name, "rtp.rfc4571") == 0);
}

static struct connection *find_connection(packet_info *pinfo)
{
    conversation_t *conversation = packet_conversation(pinfo);
    return conversation ? (struct connection *)conversation_get_proto_data(conversation, proto_hik) : NULL;
}

static struct connection *new_connection(packet_info *pinfo, conversation_t *conversation, const struct hik_tcp_claim *claim)
{
    struct connection *connection = wmem_new0(wmem_file_scope(), struct connection);

    copy_address_wmem(wmem_file_scope(), &connection->addr, &pinfo->src);
    connection->port = (uint16_t)pinfo->srcport;
    if (claim) {
        connection->session = claim->session;
        connection->rtcp = claim->rtcp;
    }
    conversation_add_proto_data(conversation, proto_hik, connection);
    if (may_take(conversation_get_dissector(conversation, pinfo->num)))
        conversation_set_dissector(conversation, tcp_media_handle);
    return connection;
}

static void note(uint32_t *session_frame, uint32_t frame)
{
    if (*session_frame == 0)
        *session_frame = frame;
}

/* Hands what is known of the connection to its session. */
static void tell_session(struct connection *connection)
{
    struct hik_session *session = connection->session;

    if (!session || connection->rtcp)
        return;
    if (connection->syn_frame)
        note(&session->tcp_syn_frame, connection->syn_frame);
    if (connection->accept_frame)
        note(&session->tcp_accept_frame, connection->accept_frame);
    if (connection->rst_frame)
        note(&session->tcp_rst_frame, connection->rst_frame);
    if (connection->data_frame)
        note(&session->tcp_data_frame, connection->data_frame);
}

/* An SSRC told whose connection this is. The session that it was thought to be gives back what it was told. */
static void settle_session(struct connection *connection, struct hik_session *session)
{
    struct hik_session *before = connection->session;

    if (!session || session == before)
        return;
    if (before && !connection->rtcp && before->flow_count == 0) {
        if (before->tcp_syn_frame == connection->syn_frame)
            before->tcp_syn_frame = session->tcp_syn_frame;
        if (before->tcp_accept_frame == connection->accept_frame)
            before->tcp_accept_frame = session->tcp_accept_frame;
        if (before->tcp_rst_frame == connection->rst_frame)
            before->tcp_rst_frame = 0;
        if (before->tcp_data_frame == connection->data_frame)
            before->tcp_data_frame = 0;
        session->tcp_syn_frame = session->tcp_accept_frame = 0;
    }
    connection->session = session;
    tell_session(connection);
}

struct hik_session *hik_tcp_session(packet_info *pinfo, uint32_t ssrc, bool *strong)
{
    const struct hik_tcp_claim *by_ssrc = hik_tcp_claims_of_ssrc(&pinfo->dst, pinfo->destport, ssrc);
    const struct connection *connection = find_connection(pinfo);
    const struct hik_tcp_claim *claim;

    if (!by_ssrc)
        by_ssrc = hik_tcp_claims_of_ssrc(&pinfo->src, pinfo->srcport, ssrc);
    *strong = by_ssrc != NULL;
    if (by_ssrc) {
        unsigned searched = 0;

        /* The announced number is used again, call after call: the connection's own call, if it is one of them. */
        for (claim = by_ssrc; claim && searched < HIK_TCP_MAX_SEARCH; claim = claim->older, searched++)
            if (connection && claim->session == connection->session && !claim->session->bye_frame)
                return claim->session;
        return hik_tcp_best_claim(by_ssrc)->session;
    }
    if (connection && connection->session && !connection->session->bye_frame)
        return connection->session;
    claim = hik_tcp_claim_of_packet(pinfo);
    if (claim && (!connection || !connection->session || !claim->session->bye_frame))
        return claim->session;
    return connection ? connection->session : NULL;
}

/* Newer stock knows TCP/RTP/AVP, but not whose session it is. */
static void take_from_stock(packet_info *pinfo, const address *addr, uint16_t port)
{
    conversation_t *stock = find_conversation(pinfo->num, addr, &no_address, CONVERSATION_TCP, port, 0,
                                              NO_ADDR_B | NO_PORT_B);

    if (stock && may_take(conversation_get_dissector(stock, pinfo->num)))
        conversation_set_dissector(stock, tcp_media_handle);
}

void hik_tcp_open(packet_info *pinfo, struct hik_session *session, const struct hik_description *mine,
                  const struct hik_description *other, unsigned i)
{
    const struct hik_media_line *line = &mine->media[i];
    const struct hik_media_line *peer = other->frame && i < other->media_count ? &other->media[i] : NULL;
    static bool watching;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    hik_tcp_open_line(session, line, peer, &pinfo->src, &pinfo->dst);
    /* The one that connects is known only now. */
    if (peer)
        hik_tcp_open_line(session, peer, line, &pinfo->dst, &pinfo->src);
    take_from_stock(pinfo, line->addr_ok ? &line->endpoint.addr : &pinfo->src, line->endpoint.port);
    if (line->rtcp_port)
        take_from_stock(pinfo, line->addr_ok ? &line->endpoint.addr : &pinfo->src, line->rtcp_port);
    /* Connections without data show in no other way; nobody pays for it before the first call over TCP. It can't be
     * taken back, but it does nothing without endpoints. */
    if (!watching) {
        register_postdissector(after_frame_handle);
        watching = true;
    }
}

static struct direction *direction_of(packet_info *pinfo, struct connection *connection)
{
    bool first = connection->port == pinfo->srcport && addresses_equal(&connection->addr, &pinfo->src);
    return &connection->dir[first ? 0 : 1];
}

/* Called for every frame once a session with TCP media was opened: sees SYN and RST, and takes the connection before
 * a dissector of one of its ports does. */
static int after_frame(tvbuff_t *tvb _U_, packet_info *pinfo, proto_tree *tree _U_, void *data _U_)
{
    const struct hik_tcp_claim *claim;
    conversation_t *conversation;
    const struct tcp_analysis *tcp;
    struct connection *connection;
    unsigned seen, flow;
    bool new = false;

    if (PINFO_FD_VISITED(pinfo) || pinfo->ptype != PT_TCP || !hik_tcp_endpoints_any() || !hik_is_ip(&pinfo->src))
        return 0;
    if (p_get_proto_data(pinfo->pool, pinfo, proto_hik, KEY_TCP_SEEN)) /* media: it has told all it can */
        return 0;
    claim = hik_tcp_claim_of_packet(pinfo);
    if (!claim)
        return 0;
    conversation = packet_conversation(pinfo);
    tcp = conversation ? (const struct tcp_analysis *)conversation_get_proto_data(conversation, proto_tcp) : NULL;
    if (!tcp)
        return 0;
    connection = (struct connection *)conversation_get_proto_data(conversation, proto_hik);
    if (!connection) {
        connection = new_connection(pinfo, conversation, claim);
        new = true;
    }
    seen = tcp->conversation_completeness;
    flow = (unsigned)tcp->flow1.static_flags | tcp->flow2.static_flags;
    if ((seen & SEEN_SYN) || (flow & FLOW_SYN))
        note(&connection->syn_frame, new ? pinfo->num : conversation->setup_frame);
    if ((seen & SEEN_SYN_ACK) || (flow & FLOW_SYN_ACK) == FLOW_SYN_ACK)
        note(&connection->accept_frame, pinfo->num);
    if (seen & SEEN_RST)
        note(&connection->rst_frame, pinfo->num);
    if (seen & SEEN_DATA)
        note(&connection->data_frame, pinfo->num);
    tell_session(connection);
    return 0;
}

/* ---- framing ---------------------------------------------------------------------------------------------------- */

/* The bytes of one call. */
struct stretch {
    tvbuff_t *tvb;
    unsigned len; /* captured */
    uint32_t seq; /* of the first byte */
};

enum look { LOOK_NO, LOOK_TOO_SHORT, LOOK_YES };
struct head {
    unsigned len; /* without the two bytes */
    bool rtcp;
    bool plain;   /* RTP with no CSRC: nearly all is */
    bool ps;      /* the payload begins with a pack header */
    uint8_t pt;
    uint32_t ssrc;
};

/* Is there a frame with RTP or RTCP at off? LOOK_TOO_SHORT: nothing speaks against it, but the end is too near. */
static enum look look_at(const struct stretch *s, unsigned off, struct head *head)
{
    unsigned there = s->len - off, first, second;

    memset(head, 0, sizeof *head);
    if (there < LENGTH_BYTES)
        return LOOK_TOO_SHORT;
    head->len = tvb_get_ntohs(s->tvb, (int)off);
    if (head->len < RTCP_MIN_PACKET)
        return LOOK_NO;
    if (there < LENGTH_BYTES + 1)
        return LOOK_TOO_SHORT;
    first = tvb_get_uint8(s->tvb, (int)off + 2);
    if ((first & 0xC0) != 0x80)
        return LOOK_NO;
    if (there < LENGTH_BYTES + 2)
        return LOOK_TOO_SHORT;
    second = tvb_get_uint8(s->tvb, (int)off + 3);
    head->rtcp = second >= 192 && second <= 223; /* RFC 5761 clause 4 */
    if (head->rtcp) {
        if (head->len % 4)
            return LOOK_NO;
        if (there < LENGTH_BYTES + RTCP_MIN_PACKET)
            return LOOK_TOO_SHORT;
        if ((tvb_get_ntohs(s->tvb, (int)off + 4) + 1u) * 4 > head->len)
            return LOOK_NO;
        head->ssrc = tvb_get_ntohl(s->tvb, (int)off + 6);
        return LOOK_YES;
    }
    if (head->len < RTP_MIN_HEADER + 4 * (first & 0x0F))
        return LOOK_NO;
    if (there < LENGTH_BYTES + RTP_MIN_HEADER)
        return LOOK_TOO_SHORT;
    head->plain = (first & 0x0F) == 0;
    head->pt = second & 0x7F;
    head->ps = !(first & 0x1F) && there >= LENGTH_BYTES + RTP_MIN_HEADER + 4 &&
               tvb_get_ntohl(s->tvb, (int)off + LENGTH_BYTES + RTP_MIN_HEADER) == 0x000001BA;
    head->ssrc = tvb_get_ntohl(s->tvb, (int)off + 10);
    return LOOK_YES;
}

/* Stock rtp looks for the rtpmap of a packet under its destination and the port it comes from. Without signalling, the
 * look of the payload has to do. */
static void tell_rtpmap(packet_info *pinfo, struct direction *dir, const struct hik_session *session,
                        const struct head *head)
{
    const struct hik_description *sources[2];
    rtp_dyn_payload_t *types;
    uint32_t newest = session ? MAX(session->offer.frame, session->answer.frame) : 0;
    conversation_t *conversation;
    address dst;

    if (!newest && head->ps && !dir->setup_frame)
        newest = pinfo->num;
    if (!newest || newest == dir->setup_frame || newest > pinfo->num)
        return;
    dir->setup_frame = newest;
    sources[0] = session ? &session->answer : NULL;
    sources[1] = session ? &session->offer : NULL;
    types = rtp_dyn_payload_new();
    /* Without rtpmap: GB/T 28181-2016 annex C. */
    ws_rtp_dyn_payload_insert(types, 96, "PS", 90000, 1);
    ws_rtp_dyn_payload_insert(types, 98, "H264", 90000, 1);
    if (!session)
        ws_rtp_dyn_payload_insert(types, head->pt, "PS", 90000, 1);
    for (size_t s = session ? array_length(sources) : 0; s-- > 0;) /* the answer last: it overrides */
        for (unsigned i = 0; i < sources[s]->media_count; i++) {
            const struct hik_media_line *line = &sources[s]->media[i];
            for (unsigned m = 0; m < line->map_count; m++)
                if (line->maps[m].codec)
                    ws_rtp_dyn_payload_insert(types, line->maps[m].pt, line->maps[m].codec, (int)line->maps[m].clock, 1);
        }
    copy_address_shallow(&dst, &pinfo->dst);
    /* The types are not freed: see rtp-flow.c. */
    rtp_add_address(pinfo, PT_TCP, &dst, (int)pinfo->destport, (int)pinfo->srcport, "SDP", newest, 0, types);
    conversation = find_conversation(pinfo->num, &pinfo->dst, &no_address, CONVERSATION_TCP, pinfo->destport, pinfo->srcport,
                                     NO_ADDR_B);
    if (conversation)
        conversation_set_dissector(conversation, tcp_media_handle);
}

static bool is_known(packet_info *pinfo, const struct direction *dir, uint32_t ssrc)
{
    for (unsigned i = 0; i < MIN(dir->ssrc_count, KNOWN_SSRCS); i++)
        if (dir->ssrc[i] == ssrc)
            return true;
    return hik_tcp_claims_of_ssrc(&pinfo->dst, pinfo->destport, ssrc) ||
           hik_tcp_claims_of_ssrc(&pinfo->src, pinfo->srcport, ssrc);
}

static void learn_ssrc(packet_info *pinfo, struct connection *connection, struct direction *dir, const struct head *head)
{
    if (!head->rtcp) {
        bool there = false;

        for (unsigned i = 0; i < MIN(dir->ssrc_count, KNOWN_SSRCS); i++)
            there = there || dir->ssrc[i] == head->ssrc;
        if (!there)
            dir->ssrc[dir->ssrc_count++ % KNOWN_SSRCS] = head->ssrc;
        if (!there || !connection->session || connection->session->bye_frame) {
            bool strong;
            settle_session(connection, hik_tcp_session(pinfo, head->ssrc, &strong));
        }
    }
    tell_rtpmap(pinfo, dir, connection->session, head);
}

void hik_media_tcp_expect(packet_info *pinfo, uint32_t ssrc, uint8_t payload_type)
{
    conversation_t *conversation = packet_conversation(pinfo);
    struct connection *connection = find_connection(pinfo);
    struct head head = {.ps = true, .pt = payload_type, .ssrc = ssrc};
    struct direction *dir;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (!conversation)
        return;
    if (!connection)
        connection = new_connection(pinfo, conversation, hik_tcp_claim_of_packet(pinfo));
    dir = direction_of(pinfo, connection);
    learn_ssrc(pinfo, connection, dir, &head);
}

/* A frame begins at off, as sure as it gets where nothing in front of it tells: an SSRC that is expected, or another
 * frame right behind. The first bytes of a connection need not be that sure. */
static bool begins_frame(packet_info *pinfo, const struct direction *dir, const struct stretch *s, unsigned off,
                         struct head *head)
{
    struct head next;
    unsigned end;

    if (look_at(s, off, head) != LOOK_YES)
        return false;
    if (is_known(pinfo, dir, head->ssrc))
        return true;
    end = off + LENGTH_BYTES + head->len;
    if (end < s->len && look_at(s, end, &next) == LOOK_YES && next.ssrc == head->ssrc)
        return true;
    return off == 0 && dir->ssrc_count == 0 && (head->plain || head->rtcp);
}

/* A frame with an SSRC that is expected begins at off or behind it. */
static bool known_frame_inside(packet_info *pinfo, const struct direction *dir, const struct stretch *s, unsigned off)
{
    struct head head;

    for (; off < s->len; off++)
        if (look_at(s, off, &head) == LOOK_YES && is_known(pinfo, dir, head.ssrc))
            return true;
    return false;
}

enum step_kind {
    STEP_FRAME,  /* an RTP or RTCP packet; the length is in the bytes */
    STEP_NULL,   /* a frame of length 0 */
    STEP_MORE,   /* the rest has not come yet */
    STEP_LOST,   /* bytes in front of the next frame, or no frame at all */
    STEP_REST,   /* the rest of a frame whose begin was shown before */
    STEP_OTHER,  /* a frame with something else inside */
};
struct step {
    enum step_kind kind;
    unsigned len; /* the two bytes included; STEP_MORE: what the frame will have, 0 if not known */
};

/* What the bytes say to somebody who knows that a frame begins here. */
static struct step plain_step(const struct stretch *s, unsigned off)
{
    unsigned there = s->len - off, len;

    if (there < LENGTH_BYTES)
        return (struct step){STEP_MORE, 0};
    len = tvb_get_ntohs(s->tvb, (int)off);
    if (len == 0)
        return (struct step){STEP_NULL, LENGTH_BYTES};
    return (struct step){LENGTH_BYTES + len > there ? STEP_MORE : STEP_FRAME, LENGTH_BYTES + len};
}

/* First pass: the next step, with all that is known of the connection. Constant work, or in proportion to the bytes
 * that it steps over. */
static struct step first_step(packet_info *pinfo, struct connection *connection, struct direction *dir,
                              const struct stretch *s, unsigned off)
{
    struct step step;
    struct head head, next;
    unsigned end, at = off;
    enum look look;

    if (dir->synced) {
        step = plain_step(s, off);
        if (step.kind == STEP_NULL)
            return step;
        look = look_at(s, off, &head);
        if (look == LOOK_TOO_SHORT)
            return (struct step){STEP_MORE, step.len};
        end = off + step.len;
        if (look == LOOK_YES) {
            bool believed = is_known(pinfo, dir, head.ssrc);

            /* A new SSRC is believed unless what follows makes no sense, or a frame of an old one begins inside. */
            if (!believed && end + 4 <= s->len)
                believed = look_at(s, end, &next) != LOOK_NO || tvb_get_ntohs(s->tvb, (int)end) == 0;
            else if (!believed)
                believed = end <= s->len || !known_frame_inside(pinfo, dir, s, off + 1);
            if (believed) {
                learn_ssrc(pinfo, connection, dir, &head);
                return step;
            }
        } else if (end < s->len && look_at(s, end, &next) == LOOK_YES && is_known(pinfo, dir, next.ssrc)) {
            return (struct step){STEP_OTHER, step.len};
        }
        dir->synced = false;
        at++;
    }
    for (; at < s->len; at++)
        if (begins_frame(pinfo, dir, s, at, &head))
            break;
    if (at < s->len) {
        dir->synced = true;
        learn_ssrc(pinfo, connection, dir, &head);
        if (at == off)
            return plain_step(s, off);
    }
    return (struct step){STEP_LOST, at - off};
}

static void add_skip(packet_info *pinfo, uint32_t seq, struct step step)
{
    wmem_array_t *skips = (wmem_array_t *)p_get_proto_data(wmem_file_scope(), pinfo, proto_hik, KEY_TCP_SKIPS);
    struct skip skip = {seq, step.len, step.kind};

    if (!skips) {
        skips = wmem_array_sized_new(wmem_file_scope(), sizeof(struct skip), 1);
        p_add_proto_data(wmem_file_scope(), pinfo, proto_hik, KEY_TCP_SKIPS, skips);
    }
    wmem_array_append_one(skips, skip);
}

/* Later passes: what the first one found out about this place, else what the bytes say. */
static struct step later_step(const wmem_array_t *skips, const struct stretch *s, unsigned off)
{
    unsigned low = 0, high = skips ? wmem_array_get_count((wmem_array_t *)skips) : 0;
    uint32_t seq = s->seq + off;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        const struct skip *skip = (const struct skip *)wmem_array_index((wmem_array_t *)skips, middle);

        if (skip->seq == seq)
            return (struct step){(enum step_kind)skip->why, skip->len};
        if ((int32_t)(skip->seq - seq) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return plain_step(s, off);
}

/* ---- what is shown ---------------------------------------------------------------------------------------------- */

static void show_bytes(const struct stretch *s, packet_info *pinfo, proto_tree *tree, unsigned off, struct step step)
{
    proto_item *item;
    proto_tree *sub;

    if (step.kind == STEP_LOST)
        col_append_sep_fstr(pinfo->cinfo, COL_INFO, " ", "[%u bytes outside any RTP frame]", step.len);
    item = proto_tree_add_protocol_format(tree, proto_hik, s->tvb, (int)off, (int)step.len,
                                          "Hikvision cascade (GB/T 28181), RTP over TCP: %u bytes %s", step.len,
                                          step.kind == STEP_LOST   ? "outside any frame"
                                          : step.kind == STEP_REST ? "of a frame that began before"
                                                                   : "of a frame with something else than RTP");
    sub = proto_item_add_subtree(item, ett_hik_tcp);
    item = proto_tree_add_item(sub, step.kind == STEP_REST ? hf_hik_tcp_continuation : hf_hik_tcp_skipped, s->tvb, (int)off,
                               (int)step.len, ENC_NA);
    if (step.kind == STEP_LOST)
        expert_add_info_format(pinfo, item, &ei_hik_tcp_resync,
                               "%u bytes belong to no RTP frame that can be seen here: a segment is missing from the "
                               "capture, the capture begins inside a frame, or the sender's frame lengths are wrong",
                               step.len);
    else if (step.kind == STEP_OTHER)
        expert_add_info(pinfo, item, &ei_hik_tcp_not_rtp);
}

/* Stock rtp keeps what it knows of an RTP packet (extended sequence number, rtpmap) once per frame of the capture: the
 * second RTP packet in a segment would get what the first one left. So each packet's own is put away, and given back on
 * later passes. nth: how many packets came before in this frame. */
static void before_stock(packet_info *pinfo, unsigned nth)
{
    wmem_array_t *kept = (wmem_array_t *)p_get_proto_data(wmem_file_scope(), pinfo, proto_hik, KEY_TCP_STOCK);

    if (PINFO_FD_VISITED(pinfo)) {
        void *own = kept && nth < wmem_array_get_count(kept) ? *(void **)wmem_array_index(kept, nth) : NULL;

        if (own)
            p_set_proto_data(wmem_file_scope(), pinfo, proto_rtp, RTP_PACKET_DATA, own);
        else if (kept)
            p_remove_proto_data(wmem_file_scope(), pinfo, proto_rtp, RTP_PACKET_DATA);
    } else if (nth > 0) {
        if (!kept) {
            void *own = p_get_proto_data(wmem_file_scope(), pinfo, proto_rtp, RTP_PACKET_DATA);

            kept = wmem_array_new(wmem_file_scope(), sizeof(void *));
            wmem_array_append_one(kept, own);
            p_add_proto_data(wmem_file_scope(), pinfo, proto_hik, KEY_TCP_STOCK, kept);
        }
        p_remove_proto_data(wmem_file_scope(), pinfo, proto_rtp, RTP_PACKET_DATA);
    }
}

static void after_stock(packet_info *pinfo, unsigned nth)
{
    if (!PINFO_FD_VISITED(pinfo) && nth > 0) {
        wmem_array_t *kept = (wmem_array_t *)p_get_proto_data(wmem_file_scope(), pinfo, proto_hik, KEY_TCP_STOCK);
        void *own = p_get_proto_data(wmem_file_scope(), pinfo, proto_rtp, RTP_PACKET_DATA);

        wmem_array_append_one(kept, own);
    }
}

static void show_frame(const struct stretch *s, packet_info *pinfo, proto_tree *tree, unsigned off, unsigned len)
{
    tvbuff_t *packet = tvb_new_subset_length(s->tvb, (int)off + LENGTH_BYTES, (int)len - LENGTH_BYTES);
    const char *saved_proto = pinfo->current_proto;
    /* One more than the packets shown in this frame. */
    unsigned nth = GPOINTER_TO_UINT(p_get_proto_data(pinfo->pool, pinfo, proto_hik, KEY_TCP_SEEN)) - 1;

    p_set_proto_data(pinfo->pool, pinfo, proto_hik, KEY_TCP_SEEN, GUINT_TO_POINTER(nth + 2));
    if (nth > 0) {
        col_append_str(pinfo->cinfo, COL_INFO, " | ");
        col_set_fence(pinfo->cinfo, COL_INFO);
    }
    proto_tree_add_item(tree, hf_stock_length, s->tvb, (int)off, LENGTH_BYTES, ENC_BIG_ENDIAN);
    before_stock(pinfo, nth);
    /* One bad packet must not take the others with it. */
    TRY {
        hik_media_dissect(packet, pinfo, tree);
    }
    CATCH_NONFATAL_ERRORS {
        show_exception(packet, pinfo, tree, EXCEPT_CODE, GET_MESSAGE);
        pinfo->current_proto = saved_proto;
    }
    ENDTRY;
    after_stock(pinfo, nth);
}

/* First pass: where the stream stands when a call's bytes begin. Returns the bytes that end an earlier frame. */
static unsigned enter_stretch(struct direction *dir, const struct stretch *s)
{
    uint32_t left = dir->boundary - s->seq;

    if (!dir->synced)
        return 0;
    if (dir->cut && s->seq != dir->next_seq && (int32_t)left > 0 && left < 0x20000)
        return MIN(left, s->len);
    if (s->seq != dir->next_seq && s->seq != dir->boundary)
        dir->synced = false;
    return 0;
}

static int dissect_stretch(const struct stretch *s, packet_info *pinfo, proto_tree *tree, struct connection *connection,
                           struct direction *dir)
{
    bool first_pass = !PINFO_FD_VISITED(pinfo);
    const wmem_array_t *skips = NULL;
    unsigned off = 0, rest = 0;

    if (first_pass)
        rest = enter_stretch(dir, s);
    else
        skips = (const wmem_array_t *)p_get_proto_data(wmem_file_scope(), pinfo, proto_hik, KEY_TCP_SKIPS);
    if (!p_get_proto_data(pinfo->pool, pinfo, proto_hik, KEY_TCP_SEEN))
        p_add_proto_data(pinfo->pool, pinfo, proto_hik, KEY_TCP_SEEN, GUINT_TO_POINTER(1));
    while (off < s->len) {
        struct step step;

        if (rest > 0)
            step = (struct step){STEP_REST, rest};
        else if (first_pass)
            step = first_step(pinfo, connection, dir, s, off);
        else
            step = later_step(skips, s, off);
        rest = 0;
        if (step.kind == STEP_MORE) {
            unsigned there = s->len - off;

            if (first_pass) {
                dir->next_seq = s->seq + off;
                dir->boundary = dir->next_seq + step.len;
                dir->cut = !pinfo->can_desegment;
            }
            if (pinfo->can_desegment) {
                pinfo->desegment_offset = (int)off;
                pinfo->desegment_len = there < LENGTH_BYTES + RTP_MIN_HEADER && there < step.len ? DESEGMENT_ONE_MORE_SEGMENT
                                                                                                 : step.len - there;
                if (step.len == 0)
                    pinfo->desegment_len = DESEGMENT_ONE_MORE_SEGMENT;
                return (int)s->len;
            }
            /* Without reassembly, or with frames cut by the capture: what there is of it. */
            if (tvb_reported_length_remaining(s->tvb, (int)off) >= (int)step.len && there >= LENGTH_BYTES + RTP_MIN_HEADER)
                show_frame(s, pinfo, tree, off, step.len);
            else
                show_bytes(s, pinfo, tree, off, (struct step){STEP_REST, there});
            return (int)s->len;
        }
        if (first_pass && step.kind >= STEP_LOST)
            add_skip(pinfo, s->seq + off, step);
        if (step.kind == STEP_FRAME)
            show_frame(s, pinfo, tree, off, step.len);
        else if (step.kind == STEP_NULL)
            proto_tree_add_item(tree, hf_stock_length, s->tvb, (int)off, LENGTH_BYTES, ENC_BIG_ENDIAN);
        else
            show_bytes(s, pinfo, tree, off, step);
        off += step.len;
    }
    /* A frame that is still not at its end stays cut. */
    if (first_pass && !(dir->cut && (int32_t)(dir->boundary - (s->seq + s->len)) > 0)) {
        dir->next_seq = dir->boundary = s->seq + s->len;
        dir->cut = false;
    }
    return (int)s->len;
}

/* First pass: do the first bytes of this direction look like frames? Sets dir->synced if one begins right there. */
static bool acceptable(packet_info *pinfo, struct direction *dir, const struct stretch *s)
{
    unsigned off = 0;
    struct head head;
    enum look look;

    while (off + LENGTH_BYTES <= s->len && tvb_get_ntohs(s->tvb, (int)off) == 0)
        off += LENGTH_BYTES;
    dir->synced = true;
    if (off == s->len)
        return off > 0 && off <= 4; /* a null packet or two; more zeros are something else */
    look = look_at(s, off, &head);
    if (look != LOOK_NO)
        return true;
    dir->synced = false;
    for (unsigned at = 0; at < s->len; at++)
        if (begins_frame(pinfo, dir, s, at, &head))
            return true;
    return false;
}

/* endpoint_only: do not take a connection that no SDP announced. */
static int dissect(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct tcpinfo *info, bool endpoint_only)
{
    struct stretch s = {tvb, tvb_captured_length(tvb), info ? info->seq : 0};
    struct connection *connection = find_connection(pinfo);
    struct direction *dir;

    if (PINFO_FD_VISITED(pinfo)) {
        if (!connection)
            return 0;
        dir = direction_of(pinfo, connection);
        if (!dir->accepted_frame || pinfo->num < dir->accepted_frame)
            return 0;
        return dissect_stretch(&s, pinfo, tree, connection, dir);
    }
    if (!connection) {
        const struct hik_tcp_claim *claim = hik_tcp_claim_of_packet(pinfo);
        conversation_t *conversation = packet_conversation(pinfo);

        if (!conversation || (endpoint_only && !claim))
            return 0;
        connection = new_connection(pinfo, conversation, claim);
    }
    dir = direction_of(pinfo, connection);
    note(&connection->data_frame, pinfo->num);
    tell_session(connection);
    if (!dir->accepted_frame) {
        if (!acceptable(pinfo, dir, &s))
            return 0;
        dir->accepted_frame = pinfo->num;
        dir->next_seq = dir->boundary = s.seq;
    }
    return dissect_stretch(&s, pinfo, tree, connection, dir);
}

/* Also called by mp2p for what looks like a program stream without signalling. */
static int dissect_tcp_media(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    return dissect(tvb, pinfo, tree, (const struct tcpinfo *)data, false);
}

static ws_bool dissect_tcp_media_heur(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    if (!hik_tcp_endpoints_any() || !hik_is_ip(&pinfo->src))
        return FALSE;
    return dissect(tvb, pinfo, tree, (const struct tcpinfo *)data, true) > 0;
}

/* ---- registration ----------------------------------------------------------------------------------------------- */

void hik_tcp_register(int proto)
{
    static hf_register_info fields[] = {
        {&hf_hik_tcp_skipped,
         {"Bytes outside any frame", "hikcascade.tcp.skipped", FT_BYTES, BASE_NONE, NULL, 0,
          "Bytes of a media connection that are in no RTP or RTCP frame (RFC 4571)", HFILL}},
        {&hf_hik_tcp_continuation,
         {"Rest of a frame", "hikcascade.tcp.continuation", FT_BYTES, BASE_NONE, NULL, 0,
          "Bytes of an RTP frame that could not be put together (RFC 4571)", HFILL}},
    };
    static int *trees[] = {&ett_hik_tcp};
    static ei_register_info experts[] = {
        {&ei_hik_tcp_resync,
         {"hikcascade.tcp_resync", PI_SEQUENCE, PI_WARN, "Bytes outside any RTP frame", EXPFILL}},
        {&ei_hik_tcp_not_rtp,
         {"hikcascade.tcp_not_rtp", PI_PROTOCOL, PI_NOTE, "The frame holds neither RTP nor RTCP", EXPFILL}},
    };

    proto_hik = proto;
    hik_tcp_endpoints_register();
    proto_register_field_array(proto, fields, array_length(fields));
    proto_register_subtree_array(trees, array_length(trees));
    expert_register_field_array(expert_register_protocol(proto), experts, array_length(experts));
    tcp_media_handle = register_dissector_with_description("hikcascade.rtp.tcp", "RTP over TCP (GB/T 28181)",
                                                          dissect_tcp_media, proto);
    after_frame_handle = register_dissector("hikcascade.after_frame", after_frame, proto);
}

void hik_tcp_handoff(void)
{
    proto_tcp = proto_get_id_by_filter_name("tcp");
    proto_rtp = proto_get_id_by_filter_name("rtp");
    hf_stock_length = proto_registrar_get_id_byname("rtp.rfc4571.len");
    heur_dissector_add("tcp", dissect_tcp_media_heur, "RTP over TCP (RFC 4571) of GB/T 28181", "hikcascade_rtp_tcp",
                       proto_hik, HEURISTIC_ENABLE);
}
