/* rtp-flow.c
 * RTP and RTCP of a session (RFC 3550): which session a packet belongs to, and what its sequence number says.
 *
 * The SDP of offer and answer opens endpoints (endpoints.c). Which session a packet's ends belong to is kept in
 * its flow, so that the hot path is the search for the flow.
 *
 * Longer than 700 lines: a packet's flow, its count and its record are found and made in one go.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rtp-flow.h"

#include <stdlib.h>
#include <string.h>

#include "copies.h"
#include "endpoints.h"
#include "kept.h"
#include "rtp-over-tcp.h"
#include "parts.h"
#include "session.h"
#include "stray-rtp.h"

/* Flows that may have a parser's state with their first packet, whosever they are; and those of each session beside them. */
#define FLOWS_WITH_STATE 4096
#define SESSION_FLOWS_WITH_STATE 8
/* How many of a session's flows are looked at for one that a re-INVITE moved away. */
#define MAX_MOVED_SEARCH 8

#define RTP_MIN_HEADER 12
/* So many flows are found without a hash. */
#define FLOWS_AT_HAND 256

/* About the capture; emptied with it. First pass, but for the packet at hand. */
static struct capture {
    uint32_t openings; /* endpoints opened so far: a flow looks its session up again when that changed */
    struct hik_flow **flows; /* by their index; file scope */
    uint32_t flow_count, flow_room;
    struct hik_flow *at_hand[FLOWS_AT_HAND]; /* that packets came of last, by the end of their SSRC */

    /* The RTP packet being dissected, on any pass: valid while its frame is. */
    uint32_t current_frame;
    struct hik_rtp current;
} this_capture;

static wmem_map_t *flows;          /* struct hik_flow_key -> struct hik_flow, the newest of that key */

static void reset_capture(void)
{
    memset(&this_capture, 0, sizeof this_capture);
}

/* ---- flows ------------------------------------------------------------------------------------------------------ */

unsigned hik_flow_count(void)
{
    return this_capture.flow_count;
}

static void add_flow(struct capture *capture, struct hik_flow *flow)
{
    if (capture->flow_count == capture->flow_room) {
        capture->flow_room = capture->flow_room ? 2 * capture->flow_room : 64;
        capture->flows = (struct hik_flow **)wmem_realloc(wmem_file_scope(), capture->flows, capture->flow_room * sizeof flow);
    }
    flow->index = capture->flow_count++;
    capture->flows[flow->index] = flow;
}

bool hik_flow_may_have_state(const struct hik_flow *flow)
{
    return flow->packets > 1 || !flow->first_unread;
}

/* Its BYE came: what its flows bring from here on is late. */
static void end_flows(const struct hik_session *session)
{
    for (struct hik_flow *flow = session->flows; flow; flow = flow->next_in_session)
        if (!flow->after_bye) {
            flow->after_bye = true;
            flow->before_bye = flow->packets;
            hik_flow_unsettle(flow);
        }
}

/* Its BYE was refused: the call goes on. */
static void revive_flows(const struct hik_session *session)
{
    for (struct hik_flow *flow = session->flows; flow; flow = flow->next_in_session)
        flow->after_bye = false;
}

void hik_media_open(packet_info *pinfo, const struct hik_message *message, const uint8_t *buf, const struct hik_sdp *sdp)
{
    struct hik_session *session = message->session;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (session && session->bye_frame == pinfo->num)
        end_flows(session);
    if (session && message->goes_on)
        revive_flows(session);
    if (session && (message->carries_offer || message->carries_answer)) {
        hik_endpoints_open(pinfo, message);
        this_capture.openings++;
    }
    if (sdp && (!session || message->copy_of || !(message->carries_offer || message->carries_answer)))
        hik_endpoints_keep(pinfo, session, buf, sdp);
}

struct hik_media_sum hik_media_sum(const struct hik_session *session)
{
    struct hik_media_sum sum = {0};

    for (const struct hik_flow *flow = session->flows; flow; flow = flow->next_in_session) {
        if (flow->packets == 0)
            continue;
        if (sum.packets == 0 || nstime_cmp(&flow->last_time, &sum.last) > 0)
            sum.last = flow->last_time;
        sum.packets += flow->packets;
        if (flow->after_bye)
            sum.after_bye += flow->packets - flow->before_bye;
    }
    return sum;
}

/* A host name may be any address. */
static bool names_endpoint(const struct hik_description *sdp, const address *addr, uint32_t port)
{
    for (unsigned i = 0; i < sdp->media_count; i++)
        if (sdp->media[i].endpoint.port == port &&
            (sdp->media[i].addr_ok ? addresses_equal(&sdp->media[i].endpoint.addr, addr) : sdp->media[i].host != NULL))
            return true;
    return false;
}

/* Once both SDPs are known, which may be after early media: does one of them name the source? */
static void check_source(struct hik_flow *flow)
{
    const struct hik_session *session = flow->session;

    if (flow->source_checked || flow->tcp || !session->offer.frame || !session->answer.frame)
        return;
    flow->source_checked = true;
    flow->unnegotiated = !hik_session_sdp_is_cut(session) && !names_endpoint(&session->offer, &flow->src, flow->src_port) &&
                         !names_endpoint(&session->answer, &flow->src, flow->src_port);
}

/* The newest flow of the session from the same host to the same endpoint, if it has another SSRC; audio may come beside it. */
static const struct hik_flow *find_changed_from(const struct hik_session *session, const struct hik_flow *flow)
{
    const struct hik_flow *other = session->flows;

    for (unsigned i = 0; other && i < MAX_MOVED_SEARCH; other = other->next_in_session, i++)
        if (other->dst_port == flow->dst_port && addresses_equal(&other->dst, &flow->dst) && addresses_equal(&other->src, &flow->src))
            return other->ssrc != flow->ssrc ? other : NULL;
    return NULL;
}

/* The key has the bytes, unless there are more than it has room for, or none. */
static void keep_address(address *to, const address *from, const uint8_t key[16])
{
    if (from->len <= 0 || from->len > 16)
        copy_address_wmem(wmem_file_scope(), to, from);
    else
        set_address(to, from->type, from->len, key);
}

static struct hik_flow *new_flow(struct capture *capture, packet_info *pinfo, struct hik_session *session,
                                 const struct hik_flow_key *key)
{
    static const struct hik_content unknown;
    struct hik_flow *flow = hik_keep_new(struct hik_flow);

    flow->key = *key;
    add_flow(capture, flow);
    flow->session = session;
    keep_address(&flow->src, &pinfo->src, flow->key.src);
    keep_address(&flow->dst, &pinfo->dst, flow->key.dst);
    flow->src_port = key->src_port;
    flow->dst_port = key->dst_port;
    flow->tcp = key->tcp;
    flow->ssrc = key->ssrc;
    flow->first_frame = pinfo->num;
    flow->first_time = pinfo->abs_ts;
    flow->content = &unknown;
    flow->clock_pt = flow->settled = flow->looked_at = flow->other_than_ps = UINT8_MAX;
    if (session) {
        flow->changed_from = hik_session_sdp_is_cut(session) ? NULL : find_changed_from(session, flow);
        check_source(flow);
        flow->after_bye = session->bye_frame != 0;
        flow->next_in_session = session->flows;
        session->flows = flow;
        session->flow_count++;
        if (!session->first_media_frame) {
            session->first_media_frame = pinfo->num;
            session->first_media_time = pinfo->abs_ts;
        }
    }
    /* The map keeps the key it has, and that is part of the flow before: take it out. */
    wmem_map_remove(flows, key);
    wmem_map_insert(flows, &flow->key, flow);
    return flow;
}

/* A flow found only by one end keeps its session while it runs on: a shared port's next call is not its own. */
static bool runs_on(packet_info *pinfo, const struct hik_flow *flow, uint16_t seq)
{
    int16_t step = (int16_t)(seq - (uint16_t)flow->sequence.highest);

    return flow->session && !flow->session->bye_frame && step > -100 && step < 100 &&
           pinfo->abs_ts.secs - flow->last_time.secs < 5;
}

/* A re-INVITE moved the stream away and another one back: in between it went on elsewhere, nothing is lost. */
static bool was_away(const struct hik_session *session, const struct hik_flow *flow, uint16_t seq)
{
    const struct hik_flow *other = session && session->reinvite_frame > flow->last_frame ? session->flows : NULL;

    for (unsigned i = 0; other && i < MAX_MOVED_SEARCH; other = other->next_in_session, i++)
        if (other != flow && other->ssrc == flow->ssrc && other->last_frame > flow->last_frame &&
            abs((int16_t)(seq - (uint16_t)other->sequence.highest)) < abs((int16_t)(seq - (uint16_t)flow->sequence.highest)))
            return true;
    return false;
}

/* addresses_equal(), which is a call, for most of those that are met. */
static bool are_equal(const address *a, const address *b)
{
    return a->type == AT_IPv4 && b->type == AT_IPv4 ? memcmp(a->data, b->data, 4) == 0 : addresses_equal(a, b);
}

/* Is it a packet of this flow? As the keys of both, compared without making one. */
static bool is_of_flow(const packet_info *pinfo, const struct hik_flow *flow, uint32_t ssrc, bool tcp)
{
    return flow->ssrc == ssrc && flow->src_port == pinfo->srcport && flow->dst_port == pinfo->destport && flow->tcp == tcp &&
           are_equal(&flow->src, &pinfo->src) && are_equal(&flow->dst, &pinfo->dst);
}

static struct hik_flow *find_flow(struct capture *capture, packet_info *pinfo, uint32_t ssrc, uint16_t seq, bool tcp)
{
    /* Most packets are of a flow that is at hand. What else falls into its place only costs a look-up. */
    struct hik_flow **place = &capture->at_hand[ssrc % FLOWS_AT_HAND], *flow = *place;
    struct hik_flow_key key;
    uint32_t now = capture->openings;

    if (flow && flow->bindings_seen == now && is_of_flow(pinfo, flow, ssrc, tcp))
        return flow;
    hik_flow_key_set(&key, &pinfo->src, pinfo->srcport, &pinfo->dst, pinfo->destport, ssrc, tcp);
    flow = (struct hik_flow *)wmem_map_lookup(flows, &key);
    if (!flow || flow->bindings_seen != now) {
        bool strong;
        struct hik_session *session = hik_endpoints_match(pinfo, false, ssrc, ssrc, &strong);

        if (!session && !flow && !tcp)
            session = hik_stray_rtp_session(pinfo);
        if (!flow || (session != flow->session && session && (strong || !runs_on(pinfo, flow, seq))) ||
            (session == flow->session && was_away(session, flow, seq)))
            flow = new_flow(capture, pinfo, session, &key);
        flow->bindings_seen = now;
        hik_flow_unsettle(flow);
        flow->looked_at = flow->other_than_ps = UINT8_MAX;
    }
    *place = flow;
    return flow;
}

/* Rate of the timestamps of a payload type: as rtpmap says, else as RFC 3551 clause 6 assigns it; dynamic ones are video. */
static uint32_t clock_of(const struct hik_session *session, uint8_t payload_type)
{
    const struct hik_description *sdps[] = {session ? &session->answer : NULL, session ? &session->offer : NULL};

    for (size_t k = 0; k < array_length(sdps); k++)
        for (unsigned i = 0; sdps[k] && sdps[k]->frame && i < sdps[k]->media_count; i++)
            for (unsigned m = 0; m < sdps[k]->media[i].map_count; m++)
                if (sdps[k]->media[i].maps[m].pt == payload_type && sdps[k]->media[i].maps[m].clock)
                    return sdps[k]->media[i].maps[m].clock;
    switch (payload_type) {
    case 6:
        return 16000;
    case 10:
    case 11:
        return 44100;
    case 16:
        return 11025;
    case 17:
        return 22050;
    default:
        return payload_type < 24 && payload_type != 14 ? 8000 : 90000;
    }
}

/* A payload type that is not the flow's first. */
static void count_type(struct hik_flow *flow, uint8_t payload_type)
{
    for (unsigned i = 0; i < HIK_FLOW_TYPES; i++) {
        struct hik_payload_count *type = &flow->types[i];

        if (type->packets > 0 && type->payload_type != payload_type)
            continue;
        type->payload_type = payload_type;
        type->packets++;
        return;
    }
}

/* Late packets come within a window, so the place is near the end. */
static void note_late(struct hik_flow *flow, uint32_t extended)
{
    unsigned at;
    uint32_t *numbers;

    if (!flow->late)
        flow->late = wmem_array_new(wmem_file_scope(), sizeof extended);
    wmem_array_append_one(flow->late, extended);
    numbers = (uint32_t *)wmem_array_get_raw(flow->late);
    for (at = wmem_array_get_count(flow->late) - 1; at > 0 && numbers[at - 1] > extended; at--)
        numbers[at] = numbers[at - 1];
    numbers[at] = extended;
}

/* How many of the late packets' numbers are smaller. */
static unsigned late_before(const struct hik_flow *flow, uint32_t extended)
{
    unsigned low = 0, high = wmem_array_get_count(flow->late);
    const uint32_t *numbers = (const uint32_t *)wmem_array_get_raw(flow->late);

    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (numbers[middle] < extended)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint16_t hik_flow_still_missing(const struct hik_flow *flow, const struct hik_rtp_record *record)
{
    uint32_t extended = record->extended_seq;
    unsigned came = flow->late ? late_before(flow, extended) - late_before(flow, extended - record->gap) : 0;

    return (uint16_t)(record->gap > came ? record->gap - came : 0);
}

/* With the second packet, and once it is clear that many come. */
static void remember_more(struct hik_flow *flow)
{
    struct hik_sequence_recent *before = flow->sequence.recent, *recent;
    uint32_t size = before ? HIK_SEQUENCE_SEEN : HIK_SEQUENCE_SEEN_FEW;

    recent = (struct hik_sequence_recent *)wmem_alloc0(wmem_file_scope(), sizeof *recent + size * sizeof recent->seen[0]);
    recent->size = size;
    if (before)
        hik_sequence_move(&flow->sequence, recent);
    else
        flow->sequence.recent = recent;
    wmem_free(wmem_file_scope(), before);
}

/* First pass: what the packet's number means. */
static enum hik_sequence_kind count_sequence(packet_info *pinfo, tvbuff_t *tvb, const struct hik_rtp_bytes *bytes,
                                             const struct hik_rtp *rtp, struct hik_flow *flow, struct hik_rtp_record *record)
{
    unsigned captured = bytes->captured;
    unsigned len = rtp->payload_len;
    struct hik_sequence_packet packet = {.number = rtp->seq, .timestamp = rtp->timestamp, .empty = rtp->payload_len == 0};
    struct hik_sequence_result result;
    double jitter;

    if (bytes->cut)
        len = captured > rtp->payload_off ? MIN(captured - rtp->payload_off, len) : 0;
    if (!rtp->settled && flow->clock_pt != rtp->payload_type) {
        flow->clock = clock_of(flow->session, rtp->payload_type);
        flow->clock_pt = rtp->payload_type;
    }
    if (flow->packets == HIK_SEQUENCE_MANY || (!rtp->settled && flow->packets == 1))
        remember_more(flow);
    packet.clock = flow->clock;
    packet.time = (double)pinfo->abs_ts.secs + pinfo->abs_ts.nsecs * 1e-9;
    packet.seen.digest = hik_sequence_digest(len ? bytes->data + rtp->payload_off : NULL, len, rtp->payload_len);
    packet.seen.ticks = (uint32_t)pinfo->abs_ts.secs * HIK_SEQUENCE_TICKS + (uint32_t)pinfo->abs_ts.nsecs / (1000000000 / HIK_SEQUENCE_TICKS);
    packet.in_order = pinfo->ptype == PT_TCP;
    packet.datagram = pinfo->ptype == PT_UDP && captured == bytes->reported;
    if (packet.datagram)
        packet.seen.id = hik_datagram_id(pinfo, tvb, bytes->data);
    result = hik_sequence_count(&flow->sequence, &packet);
    record->extended_seq = result.extended;
    record->gap = result.gap;
    jitter = hik_sequence_jitter(&flow->sequence, flow->clock) * 1000 + 0.5;
    record->jitter = (uint32_t)MIN(jitter, UINT32_MAX);
    if (result.kind == HIK_SEQUENCE_NEXT && !flow->jump)
        return result.kind;
    switch (result.kind) {
    case HIK_SEQUENCE_GAP:
        record->flags |= HIK_RTP_GAP;
        break;
    case HIK_SEQUENCE_LATE:
        record->flags |= HIK_RTP_REORDERED;
        note_late(flow, result.extended);
        return result.kind;
    case HIK_SEQUENCE_MIRRORED:
        record->flags |= HIK_RTP_DUPLICATE | HIK_RTP_COPY;
        return result.kind;
    case HIK_SEQUENCE_COPY:
        record->flags |= HIK_RTP_DUPLICATE;
        if (!flow->sequence.again)
            hik_sequence_keep_copies(&flow->sequence, wmem_alloc0_array(wmem_file_scope(), struct hik_sequence_old, HIK_SEQUENCE_AGAIN));
        return result.kind;
    case HIK_SEQUENCE_REUSED:
        record->flags |= HIK_RTP_REUSED;
        break;
    case HIK_SEQUENCE_JUMP:
        record->flags |= HIK_RTP_RESTART;
        if (!flow->sequence.last_strays)
            flow->sequence.last_strays = wmem_new0(wmem_file_scope(), struct hik_sequence_last_strays);
        break;
    case HIK_SEQUENCE_EMPTY:
        return result.kind;
    case HIK_SEQUENCE_NEXT:
    case HIK_SEQUENCE_RESTART:
        break;
    }
    if (flow->jump && result.kind != HIK_SEQUENCE_RESTART) {
        flow->jump->flags = (uint16_t)((flow->jump->flags & ~HIK_RTP_RESTART) | HIK_RTP_STRAY);
        if (!flow->strays)
            flow->strays = wmem_alloc0_array(wmem_file_scope(), struct hik_rtp_record *, HIK_RESTART_EARLY);
        flow->strays[flow->stray_next++ % HIK_RESTART_EARLY] = flow->jump;
    }
    for (unsigned i = 0; i < HIK_RESTART_EARLY && flow->strays && result.kind == HIK_SEQUENCE_RESTART; i++)
        if (flow->strays[i] && hik_sequence_was_taken(&flow->sequence, (uint16_t)flow->strays[i]->extended_seq)) {
            flow->strays[i]->flags = (uint16_t)((flow->strays[i]->flags & ~HIK_RTP_STRAY) | HIK_RTP_REORDERED);
            flow->strays[i] = NULL;
        }
    flow->jump = result.kind == HIK_SEQUENCE_JUMP ? record : NULL;
    return result.kind;
}

/* First pass: what is only asked while the flow is not settled. `packets` does not have the packet yet. */
static void process_unsettled(packet_info *pinfo, const struct hik_rtp *rtp, struct hik_flow *flow, struct hik_rtp_record *record)
{
    if (flow->packets == 0) {
        if (flow->session && flow->session->flow_count == HIK_MANY_SSRCS)
            record->flags |= HIK_RTP_MANY_SSRCS;
        if (flow->changed_from)
            record->flags |= HIK_RTP_SSRC_CHANGED;
        flow->first_unread = flow->index >= FLOWS_WITH_STATE &&
                             (!flow->session || flow->session->flow_count > SESSION_FLOWS_WITH_STATE);
        flow->first_payload_type = rtp->payload_type;
        flow->first_nth = rtp->place.nth;
    } else if (rtp->payload_type != flow->first_payload_type) {
        count_type(flow, rtp->payload_type);
    }
    if (flow->session)
        check_source(flow);
    if (flow->unnegotiated)
        record->flags |= HIK_RTP_UNNEGOTIATED;
    if (flow->after_bye && nstime_cmp(&pinfo->abs_ts, &flow->session->bye_time) >= 0) /* records of a file may be out of order */
        record->flags |= HIK_RTP_AFTER_BYE;
}

/* That will say the same of the next packet like this one. */
void hik_flow_settle(const struct hik_rtp *rtp)
{
    struct hik_flow *flow = rtp->flow;

    if (rtp->payload_type == flow->first_payload_type && (flow->source_checked || flow->tcp) && !flow->unnegotiated && !flow->after_bye)
        flow->settled = rtp->payload_type;
}

/* First pass: counts an RTP packet and makes its record. Another copy of a datagram does not count. */
static struct hik_rtp_record *process_rtp(packet_info *pinfo, tvbuff_t *tvb,
                                          const struct hik_rtp_bytes *bytes, struct hik_rtp *rtp, struct hik_flow *flow)
{
    struct hik_rtp_record *record = hik_rtp_record_add(pinfo, flow->index, 0, &rtp->place);

    hik_session_saw(pinfo);
    if (count_sequence(pinfo, tvb, bytes, rtp, flow, record) == HIK_SEQUENCE_MIRRORED)
        return record;
    if (!rtp->settled)
        process_unsettled(pinfo, rtp, flow, record);
    flow->packets++;
    flow->last_time = pinfo->abs_ts;
    flow->last_frame = pinfo->num;
    flow->payload_type = rtp->payload_type;
    return record;
}

/* A packet of the payload type that its flow is settled on, while the answer it was judged by holds. */
static bool is_settled(const struct hik_rtp *rtp, const struct hik_flow *flow)
{
    return flow->settled == rtp->payload_type && flow->session->answer.frame == flow->checked_answer;
}

/* ---- the packet being dissected ------------------------------------------------------------------------------------------------- */

const struct hik_rtp *hik_media_rtp(packet_info *pinfo)
{
    const struct capture *capture = &this_capture;

    /* Later passes may dissect the same frame twice running: then it is of the dissection before. */
    if (PINFO_FD_VISITED(pinfo) && !hik_rtp_record_was_asked_for(pinfo))
        return NULL;
    return capture->current_frame == pinfo->num && capture->current.flow ? &capture->current : NULL;
}

void hik_media_set_parsed(packet_info *pinfo)
{
    if (this_capture.current_frame == pinfo->num)
        this_capture.current.payload_parsed = true;
}

static uint32_t word_at(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Where the payload is inside the RTP packet (RFC 3550 5.1, 5.3.1): false if the header does not fit. */
static bool find_payload(const struct hik_rtp_bytes *bytes, unsigned *off, unsigned *len)
{
    unsigned captured = bytes->captured, reported = bytes->reported, padding = 0;
    const uint8_t *data = bytes->data;
    uint8_t first = data[0];

    *off = RTP_MIN_HEADER + 4u * (first & 0x0F);
    if (first & 0x10) {
        if (*off + 4 > captured)
            return false;
        *off += 4 + 4u * (unsigned)(data[*off + 2] << 8 | data[*off + 3]);
    }
    if (*off > reported)
        return false;
    if ((first & 0x20) && captured == reported && reported > *off)
        padding = data[reported - 1];
    *len = reported - *off;
    *len = padding <= *len ? *len - padding : *len;
    return true;
}

struct hik_rtp *hik_rtp_enter(packet_info *pinfo, tvbuff_t *tvb, const struct hik_rtp_bytes *bytes)
{
    struct capture *capture = &this_capture;
    struct hik_rtp *rtp = &capture->current;
    struct hik_rtp_record *record;
    const uint8_t *header = bytes->data;

    capture->current_frame = pinfo->num;
    rtp->serial++;
    rtp->flow = NULL;
    rtp->payload_parsed = false;
    rtp->key_frame = NULL;
    if (bytes->captured < RTP_MIN_HEADER || pinfo->flags.in_error_pkt)
        return NULL;
    if ((header[0] & 0xC0) != 0x80 || !find_payload(bytes, &rtp->payload_off, &rtp->payload_len))
        return NULL;
    rtp->marker = (header[1] & 0x80) != 0;
    rtp->payload_type = header[1] & 0x7F;
    rtp->seq = (uint16_t)(header[2] << 8 | header[3]);
    rtp->timestamp = word_at(header + 4);
    rtp->ssrc = word_at(header + 8);
    rtp->settled = false;
    if (PINFO_FD_VISITED(pinfo)) {
        record = hik_rtp_record_next(pinfo, &rtp->place);
        if (!record || (record->flags & HIK_RTP_RTCP))
            return NULL;
        rtp->flow = capture->flows[record->id];
    } else {
        rtp->flow = find_flow(capture, pinfo, rtp->ssrc, rtp->seq, pinfo->ptype == PT_TCP);
        rtp->settled = !bytes->cut && is_settled(rtp, rtp->flow);
        record = process_rtp(pinfo, tvb, bytes, rtp, rtp->flow);
        if (!rtp->settled) {
            if (bytes->cut)
                hik_cut_count(pinfo, tvb, rtp->place.nth, &rtp->flow->cut);
            if (!rtp->flow->session && !(record->flags & HIK_RTP_COPY))
                hik_stray_rtp_take(pinfo, tvb);
        }
    }
    rtp->payload = &record->payload;
    rtp->extended_seq = record->extended_seq;
    rtp->flags = record->flags;
    rtp->gap_found = record->gap;
    rtp->gap = record->gap && PINFO_FD_VISITED(pinfo) ? hik_flow_still_missing(rtp->flow, record) : record->gap;
    rtp->jitter = record->jitter;
    return rtp;
}

const struct hik_rtp *hik_media_enter(packet_info *pinfo, tvbuff_t *tvb)
{
    struct hik_rtp_bytes bytes = hik_rtp_bytes(pinfo, tvb);
    struct hik_rtp *rtp = hik_rtp_enter(pinfo, tvb, &bytes);

    if (rtp)
        hik_front_door()->entered(pinfo, tvb, rtp);
    return rtp;
}

void hik_rtp_save(packet_info *pinfo, struct hik_rtp_outer *outer)
{
    const struct capture *capture = &this_capture;

    outer->frame = 0;
    if (capture->current_frame == pinfo->num) {
        outer->frame = pinfo->num;
        outer->rtp = capture->current;
    }
}

void hik_rtp_restore(const struct hik_rtp_outer *outer)
{
    struct capture *capture = &this_capture;
    uint32_t serial = capture->current.serial; /* the count goes on */

    if (outer->frame)
        capture->current = outer->rtp;
    capture->current.serial = serial;
    capture->current_frame = outer->frame;
}

/* How many packets a sender report says were sent (RFC 3550 6.4.1); 0 if it is none. */
static uint32_t reported_packets(tvbuff_t *tvb)
{
    return tvb_captured_length(tvb) >= 24 && tvb_get_uint8(tvb, 1) == 200 ? tvb_get_ntohl(tvb, 20) : 0;
}

/* Whom a receiver report is about (RFC 3550 6.4.2); otherwise if there is no report block. */
static uint32_t reported_ssrc(tvbuff_t *tvb, uint32_t otherwise)
{
    bool report = tvb_captured_length(tvb) >= 12 && tvb_get_uint8(tvb, 1) == 201 && (tvb_get_uint8(tvb, 0) & 0x1F) != 0;

    return report ? tvb_get_ntohl(tvb, 8) : otherwise;
}

struct hik_session *hik_rtcp_enter(packet_info *pinfo, tvbuff_t *tvb)
{
    const struct hik_rtp_record *record;
    struct hik_rtp_place place;
    struct hik_session *session;
    uint32_t ssrc, about;
    bool strong;

    if (tvb_captured_length(tvb) < 2 || (tvb_get_uint8(tvb, 0) & 0xC0) != 0x80)
        return NULL;
    if (PINFO_FD_VISITED(pinfo)) {
        record = hik_rtp_record_next(pinfo, &place);
        return record && (record->flags & HIK_RTP_RTCP) && record->id != UINT32_MAX ? hik_session_get(record->id) : NULL;
    }
    ssrc = tvb_captured_length(tvb) >= 8 ? tvb_get_ntohl(tvb, 4) : 0;
    about = reported_ssrc(tvb, ssrc);
    session = hik_endpoints_match(pinfo, true, ssrc, about, &strong);
    if (!session) /* multiplexed with RTP (RFC 5761), or a peer that ignores port + 1 */
        session = hik_endpoints_match(pinfo, false, ssrc, about, &strong);
    hik_rtp_record_add(pinfo, session ? session->index : UINT32_MAX, HIK_RTP_RTCP, &place);
    if (session) {
        hik_session_saw(pinfo);
        session->rtcp_packets++;
        session->rtcp_sent = MAX(session->rtcp_sent, reported_packets(tvb));
        session->last_time = pinfo->abs_ts;
    }
    return session;
}

void hik_media_unreachable(packet_info *pinfo)
{
    struct hik_session *session;
    bool strong;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    session = hik_endpoints_match(pinfo, false, 0, 0, &strong);
    if (session)
        hik_session_unreachable(pinfo, session, &pinfo->dst, (uint16_t)pinfo->destport);
}

void hik_media_register(int proto)
{
    hik_hash_choose();
    flows = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), hik_flow_key_hash, hik_flow_key_equal);
    register_cleanup_routine(reset_capture);
    hik_rtp_record_register(proto);
    hik_endpoints_register();
    hik_tcp_register(proto);
    hik_stray_rtp_register();
}
