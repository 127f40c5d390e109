/* rtp-over-tcp.c
 * RTP and RTCP over TCP: two bytes of length, then the packet (RFC 4571), as GB/T 28181-2016 annex L has it.
 *
 * Stock tcp gives a segment to nobody that it takes for retransmitted, and does not put segments in order unless told to.
 * So stock tcp is wrapped: after it, the segment goes to the stream it belongs to (tcp-stream.c), whatever stock made of
 * it. The first pass keeps with each frame which RTP packets are complete in it, and later passes dissect just these.
 *
 * Longer than 700 lines: first pass and later passes stand side by side, step by step.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rtp-flow.h"
#include "rtp-over-tcp.h"

#include <epan/dissectors/packet-tcp.h>
#include <epan/show_exception.h>

#include "copies.h"
#include "front-door.h"
#include "parts.h"
#include "sip-message.h"
#include "stray-rtp.h"
#include "tcp-connection.h"
#include "tcp-run.h"

/* RFC 9293 3.1. */
#define TCP_MIN_HEADER 20
#define TCP_PROTOCOL_NUMBER 6
enum { OPTION_END = 0, OPTION_NOP = 1, OPTION_SACK_PERMITTED = 4 };
/* Bytes kept of a connection before it is known to carry RTP. */
#define MAX_KEPT_EARLY 0x40000
/* Stock rtp's record of a packet; newer headers name it. */
#define RTP_PACKET_DATA 0

static int proto_hik = -1;
static int proto_rtp = -1;
static int proto_around = -1;
static int hf_stock_length = -1; /* rtp.rfc4571.len */
static int hf_hik_tcp_skipped = -1;
static int hf_hik_tcp_continuation = -1;
static int hf_hik_tcp_segment = -1;
static int hf_hik_tcp_head = -1;
static int hf_hik_tcp_begins_in = -1;
static int hf_hik_tcp_done_in = -1;
static int hf_hik_tcp_missing = -1;
static int ett_hik_tcp = -1;
static expert_field ei_hik_tcp_resync = EI_INIT;
static expert_field ei_hik_tcp_not_rtp = EI_INIT;
static expert_field ei_hik_tcp_missing = EI_INIT;
static expert_field ei_hik_tcp_framing = EI_INIT;
static expert_field ei_hik_tcp_framing_none = EI_INIT;
static expert_field ei_hik_tcp_cut = EI_INIT;
static dissector_handle_t tcp_media_handle, stock_tcp_handle;

static const address no_address = ADDRESS_INIT_NONE;

/* The TCP segment being dissected; any pass. frame 0: none. */
static struct hik_tcp_header current;
static bool rtpmaps_told; /* in this capture */

/* ---- which session ---------------------------------------------------------------------------------------------- */

struct hik_session *hik_tcp_session(packet_info *pinfo, uint32_t ssrc, bool *strong)
{
    const struct hik_tcp_claim *by_ssrc = hik_tcp_claims_of_ssrc(&pinfo->dst, pinfo->destport, ssrc);
    const struct hik_tcp_connection *connection = hik_tcp_connection_find(pinfo);
    const struct hik_tcp_claim *claim;
    struct hik_session *session;

    if (!by_ssrc)
        by_ssrc = hik_tcp_claims_of_ssrc(&pinfo->src, pinfo->srcport, ssrc);
    if (!by_ssrc && connection && connection->misdirected) {
        by_ssrc = hik_tcp_claims_of_ssrc(&pinfo->dst, 0, ssrc);
        if (!by_ssrc)
            by_ssrc = hik_tcp_claims_of_ssrc(&pinfo->src, 0, ssrc);
        if (!by_ssrc)
            by_ssrc = hik_tcp_claims_of_ssrc(&no_address, 0, ssrc);
    }
    *strong = by_ssrc != NULL;
    if (by_ssrc) {
        unsigned searched = 0;

        /* The announced number is used again, call after call: the connection's own call, if it is one of them. */
        for (claim = by_ssrc; claim && searched < HIK_TCP_MAX_SEARCH; claim = claim->older, searched++)
            if (connection && claim->session == connection->session && !claim->session->bye_frame)
                return claim->session;
        return hik_tcp_best_claim(by_ssrc, &pinfo->abs_ts)->session;
    }
    if (connection && connection->session && !connection->session->bye_frame)
        return connection->session;
    claim = hik_tcp_claim_of_packet(pinfo);
    if (claim && (!connection || !connection->session || !claim->session->bye_frame))
        return claim->session;
    if (connection && connection->session)
        return connection->session;
    session = hik_stray_rtp_session(pinfo);
    return session && connection && connection->first_frame > session->first_frame ? session : NULL; /* not one that was there before */
}

bool hik_tcp_is_cut(packet_info *pinfo)
{
    struct hik_tcp_connection *connection = hik_tcp_connection_find(pinfo);
    uint32_t cut_frame = connection ? hik_tcp_direction_of(pinfo, connection, false)->cut_frame : 0;

    return cut_frame != 0 && cut_frame <= pinfo->num;
}

void hik_tcp_open(packet_info *pinfo, struct hik_session *session, const struct hik_description *mine,
                  const struct hik_description *other, unsigned i)
{
    const struct hik_media_line *line = &mine->media[i];
    const struct hik_media_line *peer = other->frame && i < other->media_count ? &other->media[i] : NULL;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    hik_tcp_open_line(session, line, peer, &pinfo->src, &pinfo->dst);
    /* The one that connects is known only now. */
    if (peer)
        hik_tcp_open_line(session, peer, line, &pinfo->dst, &pinfo->src);
    /* Newer stock knows TCP/RTP/AVP, but not whose session it is. */
    hik_tcp_claim_from_stock(pinfo, line->addr_ok ? &line->endpoint.addr : &pinfo->src, line->endpoint.port);
    if (line->rtcp_port)
        hik_tcp_claim_from_stock(pinfo, line->addr_ok ? &line->endpoint.addr : &pinfo->src, line->rtcp_port);
}

/* ---- what the stream asks and tells ----------------------------------------------------------------------------- */

/* Whose bytes they are. First pass; lives as long as the segment. */
struct context {
    packet_info *pinfo;
    struct hik_tcp_connection *connection;
    struct hik_tcp_direction *dir;
};

static bool is_known(void *context, uint32_t ssrc)
{
    const struct context *c = (const struct context *)context;
    packet_info *pinfo = c->pinfo;

    for (unsigned i = 0; c->dir && i < MIN(c->dir->ssrc_count, HIK_TCP_KNOWN_SSRCS); i++)
        if (c->dir->ssrc[i] == ssrc)
            return true;
    if (c->connection && !c->connection->misdirected)
        return hik_tcp_claims_of_ssrc(&pinfo->dst, pinfo->destport, ssrc) ||
               hik_tcp_claims_of_ssrc(&pinfo->src, pinfo->srcport, ssrc);
    return hik_tcp_claims_of_ssrc(&pinfo->dst, 0, ssrc) || hik_tcp_claims_of_ssrc(&pinfo->src, 0, ssrc);
}

void hik_tcp_rtpmap_told(packet_info *pinfo)
{
    conversation_t *conversation = find_conversation(pinfo->num, &pinfo->dst, &no_address, CONVERSATION_TCP, pinfo->destport,
                                                     pinfo->srcport, NO_ADDR_B);

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (!conversation)
        return;
    conversation_set_dissector(conversation, tcp_media_handle);
    /* Whatever peer has that port: a connection that stock knows nothing of yet would take it for its own. */
    if (conversation->options & NO_ADDR2) {
        conversation->options |= CONVERSATION_TEMPLATE;
        rtpmaps_told = true;
    }
}

/* Stock rtp looks for the rtpmap of a packet under its destination and the port it comes from. Without signalling, the
 * look of the payload has to do. */
static void tell_rtpmap(packet_info *pinfo, struct hik_tcp_direction *dir, const struct hik_session *session,
                        const struct hik_head *head)
{
    const struct hik_description *sources[2];
    rtp_dyn_payload_t *types;
    uint32_t newest = session ? MAX(session->offer.frame, session->answer.frame) : 0;
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
    hik_tcp_rtpmap_told(pinfo);
}

/* First pass: a connection gets a conversation of its own, where stock would take the one that only holds the rtpmap of another
 * connection, between the same ports. */
static void own_conversation(packet_info *pinfo, const struct hik_tcp_header *header)
{
    const conversation_t *found = rtpmaps_told ? find_conversation(pinfo->num, &pinfo->src, &pinfo->dst, CONVERSATION_TCP,
                                                                   header->src_port, header->dst_port, 0) : NULL;

    if (found && (found->options & CONVERSATION_TEMPLATE) && (found->options & NO_ADDR2))
        conversation_new(pinfo->num, &pinfo->src, &pinfo->dst, CONVERSATION_TCP, header->src_port, header->dst_port, 0);
}

static void learn(void *context, const struct hik_head *head)
{
    const struct context *c = (const struct context *)context;
    struct hik_tcp_direction *dir = c->dir;
    struct hik_tcp_connection *connection = c->connection;

    if (!head->rtcp) {
        bool there = false;

        for (unsigned i = 0; i < MIN(dir->ssrc_count, HIK_TCP_KNOWN_SSRCS); i++)
            there = there || dir->ssrc[i] == head->ssrc;
        if (!there)
            dir->ssrc[dir->ssrc_count++ % HIK_TCP_KNOWN_SSRCS] = head->ssrc;
        if (!there || !connection->session || connection->session->bye_frame) {
            bool announced;
            struct hik_session *session = hik_tcp_session(c->pinfo, head->ssrc, &announced);

            hik_tcp_connection_settle(connection, session, announced);
        }
        hik_tcp_connection_media(c->pinfo, connection);
    }
    tell_rtpmap(c->pinfo, dir, connection->session, head);
}

void hik_media_tcp_expect(packet_info *pinfo, uint32_t ssrc, uint8_t payload_type)
{
    struct hik_tcp_connection *connection = hik_tcp_connection_find(pinfo);
    struct hik_head head = {.ps = true, .pt = payload_type, .ssrc = ssrc};
    struct context context = {pinfo, connection, NULL};

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (!connection)
        context.connection = hik_tcp_connection_new(pinfo, hik_tcp_claim_of_packet(pinfo));
    if (!context.connection)
        return;
    context.dir = hik_tcp_direction_of(pinfo, context.connection, false);
    learn(&context, &head);
}

/* ---- what is shown ---------------------------------------------------------------------------------------------- */

/* What a frame shows of a stream: either its record, or plain frames. */
struct shown {
    tvbuff_t *segment, *joined; /* joined: NULL, none */
    const struct hik_tcp_record *record; /* NULL: plain */
    packet_info *pinfo;
    proto_tree *tree;
    unsigned packets;    /* RTP and RTCP packets shown so far in this frame */
    bool first_joined;   /* the next joined unit is the first */
};

static tvbuff_t *unit_tvb(const struct shown *s, const struct hik_unit *unit)
{
    return unit->joined ? s->joined : s->segment;
}

static const char *unit_words(const struct hik_unit *unit)
{
    switch (unit->kind) {
    case HIK_UNIT_REST:
        return "of a frame that began before";
    case HIK_UNIT_BEGIN:
        return "of an RTP packet that goes on in another segment";
    case HIK_UNIT_AHEAD:
        return "that came before their turn";
    case HIK_UNIT_OTHER:
        return "of a frame with something else than RTP";
    case HIK_UNIT_CUT:
        return "of a frame whose begin the capture cut off";
    default:
        return "outside any frame";
    }
}

static void show_bytes(struct shown *s, const struct hik_unit *unit, bool last)
{
    const struct hik_tcp_record *record = s->record;
    bool later = PINFO_FD_VISITED(s->pinfo), waits = unit->kind == HIK_UNIT_BEGIN || unit->kind == HIK_UNIT_AHEAD;
    /* Bytes behind a hole are the rest of a frame that began there: on the first pass it may still be filled. */
    bool pending = record && (record->missing || record->behind) && (!later || record->filled);
    proto_item *item;
    proto_tree *sub;

    if (unit->kind == HIK_UNIT_AGAIN)
        return;
    if (unit->kind == HIK_UNIT_LOST && !pending)
        col_append_sep_fstr(s->pinfo->cinfo, COL_INFO, " ", "[%u bytes outside any RTP frame]", unit->len);
    else if (waits && s->packets == 0)
        col_append_sep_str(s->pinfo->cinfo, COL_INFO, " ", "[TCP segment of an RTP packet]");
    item = proto_tree_add_protocol_format(s->tree, proto_hik, unit_tvb(s, unit), (int)unit->off, (int)unit->there,
                                          "Hikvision cascade (GB/T 28181), RTP over TCP: %u bytes %s", unit->len,
                                          unit_words(unit));
    sub = proto_item_add_subtree(item, ett_hik_tcp);
    item = proto_tree_add_item(sub, waits ? hf_hik_tcp_segment : unit->kind == HIK_UNIT_REST || unit->kind == HIK_UNIT_CUT
                                    ? hf_hik_tcp_continuation : hf_hik_tcp_skipped,
                               unit_tvb(s, unit), (int)unit->off, (int)unit->there, ENC_NA);
    if (later && record && record->done_in && record->done_in != s->pinfo->num && (waits ? last : record->filled != 0))
        proto_item_set_generated(proto_tree_add_uint(sub, hf_hik_tcp_done_in, unit_tvb(s, unit), 0, 0, record->done_in));
    if (unit->kind == HIK_UNIT_LOST && !pending)
        expert_add_info_format(s->pinfo, item, &ei_hik_tcp_resync,
                               "%u bytes belong to no RTP frame that can be seen here: a segment is missing from the "
                               "capture, the capture begins inside a frame, or the sender's frame lengths are wrong",
                               unit->len);
    else if (unit->kind == HIK_UNIT_OTHER)
        expert_add_info(s->pinfo, item, &ei_hik_tcp_not_rtp);
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

static void show_frame(struct shown *s, const struct hik_unit *unit)
{
    packet_info *pinfo = s->pinfo;
    tvbuff_t *tvb = unit_tvb(s, unit), *packet;
    const char *saved_proto = pinfo->current_proto;
    /* One more than the packets shown in this frame. */
    unsigned nth = GPOINTER_TO_UINT(p_get_proto_data(pinfo->pool, pinfo, proto_hik, KEY_TCP_SEEN));

    if (unit->there <= unit->head)
        return;
    p_set_proto_data(pinfo->pool, pinfo, proto_hik, KEY_TCP_SEEN, GUINT_TO_POINTER(nth + 1));
    s->packets++;
    packet = tvb_new_subset_length_caplen(tvb, (int)(unit->off + unit->head), (int)(unit->there - unit->head),
                                          (int)(unit->len - unit->head));
    if (nth > 0) {
        col_append_str(pinfo->cinfo, COL_INFO, " | ");
        col_set_fence(pinfo->cinfo, COL_INFO);
    }
    if (unit->head > 2)
        proto_tree_add_item(s->tree, hf_hik_tcp_head, tvb, (int)unit->off, unit->head, ENC_NA);
    if (unit->head >= 2)
        proto_tree_add_item(s->tree, hf_stock_length, tvb, (int)unit->off + unit->head - 2, 2, ENC_BIG_ENDIAN);
    if (unit->joined && s->first_joined && s->record->begins_in && s->record->begins_in != pinfo->num)
        proto_item_set_generated(proto_tree_add_uint(s->tree, hf_hik_tcp_begins_in, tvb, 0, 0, s->record->begins_in));
    if (unit->joined)
        s->first_joined = false;
    before_stock(pinfo, nth);
    /* One bad packet must not take the others with it. */
    TRY {
        hik_media_dissect(packet, pinfo, s->tree);
    }
    CATCH_NONFATAL_ERRORS {
        show_exception(packet, pinfo, s->tree, EXCEPT_CODE, GET_MESSAGE);
        pinfo->current_proto = saved_proto;
    }
    ENDTRY;
    after_stock(pinfo, nth);
}

static void show_unit(struct shown *s, const struct hik_unit *unit, bool last)
{
    if (unit->kind == HIK_UNIT_FRAME)
        show_frame(s, unit);
    else if (unit->kind == HIK_UNIT_NULL)
        proto_tree_add_item(s->tree, hf_stock_length, unit_tvb(s, unit), (int)unit->off, 2, ENC_BIG_ENDIAN);
    else
        show_bytes(s, unit, last);
}

/* What is said once of a direction of a connection. */
static void show_once(packet_info *pinfo, proto_tree *tree, tvbuff_t *tvb, const struct hik_tcp_direction *dir)
{
    const struct hik_framing *framing = hik_tcp_stream_framing(dir->stream);

    if (pinfo->num == dir->accepted_frame) {
        if (framing->kind == HIK_FRAMING_NONE && framing->head == 0)
            proto_tree_add_expert_format(tree, pinfo, &ei_hik_tcp_framing_none, tvb, 0, 0,
                                         "RTP comes without the two bytes of length that RFC 4571 puts in front of each "
                                         "packet: a receiver cannot tell where packets end");
        else if (framing->kind == HIK_FRAMING_NONE)
            proto_tree_add_expert_format(tree, pinfo, &ei_hik_tcp_framing_none, tvb, 0, 0,
                                         "RTP comes behind %u bytes of the sender's own instead of the two bytes of length "
                                         "that RFC 4571 puts in front of each packet", framing->head);
        else if (framing->kind == HIK_FRAMING_DOLLAR)
            proto_tree_add_expert_format(tree, pinfo, &ei_hik_tcp_framing, tvb, 0, 0,
                                         "RTP comes in '$' frames (RTSP's interleaved data, RFC 2326 10.12) instead of "
                                         "those of RFC 4571");
        else if (framing->kind == HIK_FRAMING_HEAD)
            proto_tree_add_expert_format(tree, pinfo, &ei_hik_tcp_framing, tvb, 0, 0,
                                         "RTP comes behind %u bytes of the sender's own, the last two of them the length, "
                                         "instead of the two bytes of RFC 4571", framing->head);
    }
    if (pinfo->num == dir->cut_frame)
        proto_tree_add_expert_format(tree, pinfo, &ei_hik_tcp_cut, tvb, 0, 0,
                                     "The capture cut the segments of this connection (snap length): %u of the %u bytes of "
                                     "this one are there. RTP packets are counted by those headers that are",
                                     tvb_captured_length(tvb), tvb_reported_length(tvb));
}

static void show(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct hik_tcp_direction *dir,
                 const struct hik_tcp_record *record)
{
    struct shown s = {.segment = tvb, .record = record, .pinfo = pinfo, .tree = tree, .first_joined = true};
    uint16_t saved_can_desegment = pinfo->can_desegment;

    /* Nobody above puts segments together for what is in here. */
    pinfo->can_desegment = 0;
    if (pinfo->num == dir->accepted_frame || pinfo->num == dir->cut_frame)
        show_once(pinfo, tree, tvb, dir);
    if (!record) {
        uint32_t off = 0, len = tvb_captured_length(tvb);
        const uint8_t *bytes = tvb_get_ptr(tvb, 0, (int)len);
        struct hik_unit unit;

        while (hik_tcp_stream_plain(hik_tcp_stream_framing(dir->stream), bytes, len, &off, &unit))
            show_unit(&s, &unit, off == len);
    } else {
        if (record->joined_len > 0) {
            s.joined = tvb_new_child_real_data(tvb, record->joined, record->joined_len, (int)record->joined_len);
            add_new_data_source(pinfo, s.joined, "RTP over TCP");
        }
        /* What the receiver does not have either would have been sent again behind the end of the capture. */
        if (record->missing && PINFO_FD_VISITED(pinfo) && !record->filled && hik_tcp_stream_is_acked(dir->stream, record->seq)) {
            proto_item *item = proto_tree_add_uint(tree, hf_hik_tcp_missing, tvb, 0, 0, record->missing);

            proto_item_set_generated(item);
            expert_add_info_format(pinfo, item, &ei_hik_tcp_missing,
                                   "%u bytes of this connection are missing in front of this segment: they are not in "
                                   "the capture", record->missing);
        }
        for (uint32_t i = 0; i < record->unit_count; i++)
            show_unit(&s, &record->units[i], i + 1 == record->unit_count);
    }
    pinfo->can_desegment = saved_can_desegment;
    pinfo->desegment_len = 0;
    pinfo->desegment_offset = 0;
}

/* ---- a segment -------------------------------------------------------------------------------------------------- */

static struct hik_tcp_record *find_record(packet_info *pinfo, const struct hik_tcp_direction *dir, uint32_t seq)
{
    struct hik_tcp_record *record = (struct hik_tcp_record *)p_get_proto_data(wmem_file_scope(), pinfo, proto_hik, KEY_TCP_RECORD);

    while (record && (record->stream != dir->stream || record->seq != seq))
        record = record->next;
    return record;
}

/* Do the bytes that came so far, these included, prove themselves to be RTP, whatever its SSRC is? */
static bool prove_direction(struct context *c, const struct hik_segment *segment, const struct hik_stream_env *env, struct hik_framing *framing)
{
    struct hik_tcp_direction *dir = c->dir;
    uint32_t before, size;
    bool others;
    const uint8_t *kept = hik_tcp_stream_kept(dir->stream, segment->seq, &before, &others);
    struct hik_head head;
    uint8_t *bytes;
    bool proven;

    if (others || segment->captured == 0 || before >= HIK_PROOF_ROOM || segment->captured < segment->len)
        return false;
    size = before + MIN(segment->captured, HIK_PROOF_ROOM - before);
    bytes = (uint8_t *)wmem_alloc(c->pinfo->pool, size);
    if (before > 0)
        memcpy(bytes, kept, before);
    memcpy(bytes + before, segment->bytes, size - before);
    proven = hik_framing_proven(bytes, size, dir->has_begin, framing, &head);
    if (proven) {
        hik_tcp_stream_sync(dir->stream);
        env->learn(env->known.context, &head);
    }
    wmem_free(c->pinfo->pool, bytes);
    return proven;
}

/* More bytes may say in which frames it is. */
static bool may_still_tell(const struct hik_tcp_direction *dir, const struct hik_segment *segment)
{
    return !dir->forgotten && segment->captured == segment->len && dir->kept_early + segment->captured <= HIK_PROOF_ROOM;
}

/* The first bytes of the connection, which tell best in which frames it is, may still come behind this segment. */
static bool comes_early(const struct hik_tcp_direction *dir, const struct hik_segment *segment)
{
    return dir->has_begin && hik_tcp_distance(dir->begin, segment->seq) > 0 &&
           (dir->kept_early == 0 || !hik_tcp_stream_in_order(dir->stream, segment->seq)) &&
           hik_tcp_stream_may_fill(dir->stream, segment->seq) && may_still_tell(dir, segment);
}

/* First pass: may this direction's bytes be ours? Sets accepted_frame if they are. */
static bool accept_direction(struct context *c, const struct hik_segment *segment, const struct hik_stream_env *env)
{
    struct hik_tcp_direction *dir = c->dir;
    bool at_start = dir->has_begin && segment->seq == dir->begin, doubtful = false, proven = false;
    /* A segment that begins as SIP is SIP's, whatever stands further down in it. */
    bool is_sip = hik_sip_looks_like(segment->bytes, segment->captured);
    struct hik_framing framing;
    bool found = !is_sip && hik_framing_detect(segment->bytes, segment->captured, at_start, &env->known, &framing, &doubtful);

    /* What no SDP names becomes ours by an SSRC that was announced to this host, or by proof. */
    if (c->connection->misdirected && !c->connection->ours)
        found = found && hik_framing_announced(segment->bytes, segment->captured, &framing, &env->known);
    /* where the receiver does not tell of holes, early segments do not wait for long */
    if (found && comes_early(dir, segment) &&
        !hik_framing_confirmed(&framing, segment->bytes, segment->captured, c->connection->sack != 3))
        return false;
    dir->doubtful = dir->doubtful || (found && doubtful && dir->has_begin);
    if (!is_sip && (!found || dir->doubtful))
        proven = prove_direction(c, segment, env, &framing);
    if (proven || (found && !dir->doubtful) || (!is_sip && dir->doubtful && !may_still_tell(dir, segment))) {
        if (dir->doubtful && !proven) { /* nothing speaks against the usual frames */
            framing.kind = HIK_FRAMING_RFC4571;
            framing.head = 2;
        }
        hik_tcp_stream_accept(dir->stream, &framing);
        dir->accepted_frame = segment->frame;
        return true;
    }
    if (!dir->has_begin || hik_tcp_stream_in_order(dir->stream, segment->seq) || segment->captured < segment->len ||
        dir->kept_early > MAX_KEPT_EARLY)
        hik_tcp_connection_foreign(dir, segment->frame, segment->bytes, segment->captured, segment->len);
    return false;
}

/* What is not known to be RTP waits: for the begin of the connection, or for what proves it. */
static void keep_early(struct context *c, const struct hik_segment *segment, const struct hik_stream_env *env)
{
    struct hik_tcp_direction *dir = c->dir;
    bool others;
    uint32_t before;

    if (segment->captured == 0 || dir->forgotten)
        return;
    hik_tcp_stream_kept(dir->stream, segment->seq, &before, &others);
    if (segment->captured < segment->len || dir->kept_early > MAX_KEPT_EARLY ||
        hik_sip_looks_like(segment->bytes, segment->captured) || (!others && before + segment->captured > HIK_PROOF_ROOM)) {
        hik_tcp_stream_forget(dir->stream);
        dir->forgotten = true;
        return;
    }
    /* Where the begin is not in the capture, a packet has to begin with a segment. */
    if (!dir->has_begin && before == 0 && !others && !hik_framing_may_begin(segment->bytes, segment->captured))
        return;
    dir->kept_early += segment->captured;
    hik_tcp_stream_take(dir->stream, segment, false, env);
}

/* First pass: takes the segment into its stream. False: it is not ours. */
static bool take(tvbuff_t *tvb, packet_info *pinfo, struct hik_tcp_connection *connection, const struct hik_tcp_header *header,
                 struct hik_tcp_record **record)
{
    struct context context = {pinfo, connection, hik_tcp_direction_of(pinfo, connection, false)};
    struct hik_tcp_direction *dir = context.dir;
    struct hik_stream_env env = {{is_known, &context}, learn};
    uint32_t captured = tvb ? tvb_captured_length(tvb) : 0;
    struct hik_segment segment = {pinfo->num, header->seq, tvb ? tvb_get_ptr(tvb, 0, (int)captured) : NULL, captured,
                                  tvb ? tvb_reported_length(tvb) : 0, (header->flags & HIK_TH_PUSH) != 0};
    bool end = (header->flags & (HIK_TH_FIN | HIK_TH_RST)) != 0;

    *record = NULL;
    if (!dir->stream) {
        dir->stream = hik_tcp_stream_new();
        if (dir->has_begin)
            hik_tcp_stream_begins(dir->stream, dir->begin);
    }
    if (connection->sack == 3)
        hik_tcp_stream_patient(dir->stream);
    if (!dir->accepted_frame && (captured == 0 || !accept_direction(&context, &segment, &env))) {
        keep_early(&context, &segment, &env);
        return false;
    }
    if (captured < segment.len && !dir->cut_frame)
        dir->cut_frame = pinfo->num;
    *record = hik_tcp_stream_take(dir->stream, &segment, end, &env);
    if (*record) {
        (*record)->next = (struct hik_tcp_record *)p_get_proto_data(wmem_file_scope(), pinfo, proto_hik, KEY_TCP_RECORD);
        p_set_proto_data(wmem_file_scope(), pinfo, proto_hik, KEY_TCP_RECORD, *record);
    }
    return true;
}

/* Dissects the segment as what its stream says. False: it is not ours. */
static bool dissect(struct hik_tcp_header *header, packet_info *pinfo, proto_tree *tree, struct hik_tcp_connection *connection)
{
    struct hik_tcp_direction *dir = hik_tcp_direction_of(pinfo, connection, false);
    struct hik_tcp_record *record;
    tvbuff_t *tvb = header->payload;

    header->taken = true;
    if (PINFO_FD_VISITED(pinfo)) {
        if (!dir->accepted_frame || pinfo->num < dir->accepted_frame)
            return false;
        record = find_record(pinfo, dir, header->seq);
    } else if (!take(tvb, pinfo, connection, header, &record)) {
        return false;
    }
    header->shown = true;
    if (tvb)
        show(tvb, pinfo, tree, dir, record);
    return true;
}

/* Stock gives us bytes: of the current segment, whatever it made of them. endpoint_only: do not take a connection that no
 * SDP announced. */
static int dissect_for_stock(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct tcpinfo *info, bool endpoint_only)
{
    struct hik_tcp_header made = {.frame = pinfo->num, .seq = info ? info->seq : 0, .flags = HIK_TH_PUSH, .payload = tvb};
    struct hik_tcp_header *header = &current;
    struct hik_tcp_connection *connection = hik_tcp_connection_find(pinfo);

    if (current.frame != pinfo->num || !current.payload) /* stock tcp was not called through us */
        header = &made;
    if (header->taken) /* stock asks again: as a heuristic, or for more of the segment */
        return header->shown ? (int)tvb_captured_length(tvb) : 0;
    if (connection && connection->misdirected && !PINFO_FD_VISITED(pinfo))
        connection->looked = true;
    if (!connection && !PINFO_FD_VISITED(pinfo)) {
        const struct hik_tcp_claim *claim = hik_tcp_claim_of_packet(pinfo);

        if (endpoint_only && !claim)
            return 0;
        connection = hik_tcp_connection_new(pinfo, claim);
    }
    if (!connection)
        return 0;
    if (!PINFO_FD_VISITED(pinfo))
        hik_tcp_connection_data(pinfo, connection);
    if (!dissect(header, pinfo, tree, connection))
        return 0;
    connection->ours = true;
    return (int)tvb_captured_length(tvb);
}

/* Also called by mp2p for what looks like a program stream without signalling. */
static int dissect_tcp_media(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    return dissect_for_stock(tvb, pinfo, tree, (const struct tcpinfo *)data, false);
}

static ws_bool dissect_tcp_media_heur(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    if (!hik_tcp_endpoints_any() || !hik_is_ip(&pinfo->src))
        return FALSE;
    return dissect_for_stock(tvb, pinfo, tree, (const struct tcpinfo *)data, true) > 0;
}

/* ---- around stock's tcp ----------------------------------------------------------------------------------------- */

static bool permits_sack(tvbuff_t *tvb, unsigned end)
{
    for (unsigned off = TCP_MIN_HEADER; off < end;) {
        uint8_t kind = tvb_get_uint8(tvb, (int)off), len;

        if (kind == OPTION_SACK_PERMITTED)
            return true;
        if (kind == OPTION_END)
            return false;
        if (kind == OPTION_NOP) {
            off++;
            continue;
        }
        len = off + 1 < end ? tvb_get_uint8(tvb, (int)off + 1) : 0;
        if (len < 2)
            return false;
        off += len;
    }
    return false;
}

static void read_header(tvbuff_t *tvb, packet_info *pinfo, struct hik_tcp_header *header)
{
    unsigned captured = tvb_captured_length(tvb), size = 4u * (tvb_get_uint8(tvb, 12) >> 4);

    memset(header, 0, sizeof *header);
    header->frame = pinfo->num;
    header->src_port = tvb_get_ntohs(tvb, 0);
    header->dst_port = tvb_get_ntohs(tvb, 2);
    header->seq = tvb_get_ntohl(tvb, 4);
    header->ack = tvb_get_ntohl(tvb, 8);
    header->flags = tvb_get_uint8(tvb, 13);
    if (size >= TCP_MIN_HEADER && size < captured)
        header->payload = tvb_new_subset_remaining(tvb, (int)size);
    if ((header->flags & HIK_TH_SYN) && size >= TCP_MIN_HEADER)
        header->sack_permitted = permits_sack(tvb, MIN(size, captured));
}

/* SIP that a mirror shows twice, and stock gave to nobody. */
static void take_copies(packet_info *pinfo)
{
    const struct hik_message *message;
    uint32_t frame;

    while ((message = (const struct hik_message *)hik_segment_copy(pinfo, &frame)) != NULL)
        hik_session_segment_copy(pinfo, message);
}

/* After stock: what it gave to nobody, and what a segment without data tells. */
static void after_stock_tcp(packet_info *pinfo, proto_tree *tree)
{
    struct hik_tcp_connection *connection;
    struct hik_tcp_direction *dir;

    if (current.src_port != pinfo->srcport || current.dst_port != pinfo->destport)
        return; /* what is inside changed them */
    if (!PINFO_FD_VISITED(pinfo) && current.payload)
        take_copies(pinfo);
    if (!PINFO_FD_VISITED(pinfo) && hik_tcp_endpoints_any())
        hik_tcp_update(pinfo, &current);
    if (current.taken || (!current.payload && !(current.flags & (HIK_TH_FIN | HIK_TH_RST))))
        return;
    connection = hik_tcp_connection_find(pinfo);
    if (!connection || !(connection->ours || connection->looked))
        return;
    dir = hik_tcp_direction_of(pinfo, connection, false);
    if (!current.payload && (!dir->accepted_frame || PINFO_FD_VISITED(pinfo)))
        return;
    if (dissect(&current, pinfo, tree, connection))
        connection->ours = true;
}

static int dissect_around_tcp(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    struct hik_tcp_header outer = current;
    volatile int length = 0;

    if (pinfo->flags.in_error_pkt || tvb_captured_length(tvb) < TCP_MIN_HEADER || !hik_is_ip(&pinfo->src) ||
        !proto_is_protocol_enabled(find_protocol_by_id(proto_hik)))
        return call_dissector_only(stock_tcp_handle, tvb, pinfo, tree, data);
    read_header(tvb, pinfo, &current);
    if (current.payload && !PINFO_FD_VISITED(pinfo))
        hik_segment_begin(pinfo, current.payload, current.src_port, current.dst_port, current.seq);
    if (!PINFO_FD_VISITED(pinfo))
        own_conversation(pinfo, &current);
    TRY {
        length = call_dissector_only(stock_tcp_handle, tvb, pinfo, tree, data);
        if (length > 0 && !pinfo->fragmented)
            after_stock_tcp(pinfo, tree);
    }
    FINALLY {
        current = outer;
    }
    ENDTRY;
    return length;
}

/* ---- registration ----------------------------------------------------------------------------------------------- */

static void reset(void)
{
    rtpmaps_told = false;
}

void hik_tcp_register(int proto)
{
    static hf_register_info fields[] = {
        {&hf_hik_tcp_skipped,
         {"Bytes outside any frame", "hikcascade.tcp.skipped", FT_BYTES, BASE_NONE, NULL, 0,
          "Bytes of a media connection that are in no RTP or RTCP frame (RFC 4571)", HFILL}},
        {&hf_hik_tcp_continuation,
         {"Rest of a frame", "hikcascade.tcp.continuation", FT_BYTES, BASE_NONE, NULL, 0,
          "Bytes of an RTP frame that could not be put together (RFC 4571)", HFILL}},
        {&hf_hik_tcp_segment,
         {"Part of an RTP packet", "hikcascade.tcp.segment", FT_BYTES, BASE_NONE, NULL, 0,
          "Bytes of an RTP packet that is complete in another segment", HFILL}},
        {&hf_hik_tcp_head,
         {"Head of the sender's own", "hikcascade.tcp.head", FT_BYTES, BASE_NONE, NULL, 0,
          "What stands in front of an RTP packet instead of the two bytes of RFC 4571", HFILL}},
        {&hf_hik_tcp_begins_in,
         {"RTP packet begins in frame", "hikcascade.tcp.begins_in", FT_FRAMENUM, BASE_NONE, NULL, 0,
          "The segment with the first byte of this RTP packet", HFILL}},
        {&hf_hik_tcp_done_in,
         {"Complete in frame", "hikcascade.tcp.complete_in", FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_NONE), 0,
          "The segment that completes the RTP packet", HFILL}},
        {&hf_hik_tcp_missing,
         {"Bytes missing in front", "hikcascade.tcp.missing", FT_UINT32, BASE_DEC, NULL, 0,
          "Bytes of the connection that the capture lacks between the segment before and this one", HFILL}},
    };
    static int *trees[] = {&ett_hik_tcp};
    static ei_register_info experts[] = {
        {&ei_hik_tcp_resync,
         {"hikcascade.tcp_resync", PI_SEQUENCE, PI_NOTE, "Bytes outside any RTP frame", EXPFILL}},
        {&ei_hik_tcp_not_rtp,
         {"hikcascade.tcp_not_rtp", PI_PROTOCOL, PI_NOTE, "The frame holds neither RTP nor RTCP", EXPFILL}},
        {&ei_hik_tcp_missing,
         {"hikcascade.tcp_missing", PI_SEQUENCE, PI_NOTE, "The capture lacks bytes of the connection", EXPFILL}},
        {&ei_hik_tcp_framing,
         {"hikcascade.tcp_framing", PI_PROTOCOL, PI_NOTE, "RTP over TCP in other frames than RFC 4571's", EXPFILL}},
        {&ei_hik_tcp_framing_none,
         {"hikcascade.tcp_framing", PI_PROTOCOL, PI_WARN, "RTP over TCP without its length", EXPFILL}},
        {&ei_hik_tcp_cut,
         {"hikcascade.cut", PI_UNDECODED, PI_NOTE, "The capture holds less of this packet than was sent", EXPFILL}},
    };

    proto_hik = proto;
    /* Part of TCP, and enabled with it: no layer of its own in a packet. */
    proto_around = proto_register_protocol_in_name_only("TCP, with segments put in order for RTP", "TCP for RTP",
                                                        "hikcascade.around_tcp", proto_get_id_by_filter_name("tcp"),
                                                        FT_PROTOCOL);
    hik_tcp_endpoints_register();
    proto_register_field_array(proto, fields, array_length(fields));
    proto_register_subtree_array(trees, array_length(trees));
    expert_register_field_array(expert_register_protocol(proto), experts, array_length(experts));
    tcp_media_handle = register_dissector_with_description("hikcascade.rtp.tcp", "RTP over TCP (GB/T 28181)",
                                                          dissect_tcp_media, proto);
    hik_tcp_connection_register(proto, tcp_media_handle);
    register_cleanup_routine(reset);
}

void hik_tcp_handoff(void)
{
    proto_rtp = proto_get_id_by_filter_name("rtp");
    hf_stock_length = proto_registrar_get_id_byname("rtp.rfc4571.len");
    heur_dissector_add("tcp", dissect_tcp_media_heur, "RTP over TCP (RFC 4571) of GB/T 28181", "hikcascade_rtp_tcp",
                       proto_hik, HEURISTIC_ENABLE);
    stock_tcp_handle = find_dissector("tcp");
    dissector_add_uint("ip.proto", TCP_PROTOCOL_NUMBER, create_dissector_handle(dissect_around_tcp, proto_around));
}
