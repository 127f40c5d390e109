/* packet-mp2p.c
 * Protocol mp2p: MPEG program stream in RTP (RFC 2250 section 2 and RFC 3555 for the name; GB/T 28181 annex C). Finds the
 * flow a payload belongs to, feeds it to the parser on the first pass, and keeps for each packet the state it began in.
 *
 * Nothing is reassembled and RTP's desegmentation is never asked for: it copies the whole of a growing picture at every
 * packet.
 *
 * Longer than 700 lines: what the first pass keeps of a flow, and what later passes find of it, stand side by side.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ws-compat.h"

#include <string.h>

#include "h26x-rtp.h"
#include "kept.h"
#include "payload-check.h"
#include "rtp-flow.h"
#include "stock.h"
#include "stray-rtp.h"
#include "mp2p.h"
#include "parts.h"

enum { RECENT_BASES = 4, RTP_HEADER = 12 };

/* A parser state that packets begin in (struct hik_ps_packed), shared by all of the capture that begin alike. */
struct mp2p_base {
    uint32_t index;         /* in bases */
    uint32_t len;
    const uint8_t *bytes;
};
/* File scope; first pass. */
static wmem_array_t *bases;    /* struct mp2p_base *; NULL: none yet */
static wmem_map_t *base_index; /* the same by what they hold: struct mp2p_base -> itself */

/* A flow's program stream. hik_flow.mp2p; file scope. Written on the first pass. */
struct mp2p_flow {
    uint32_t record;        /* of the packet being taken in */
    uint8_t picture_count;  /* 0 is "not known" */
    bool cut;               /* the capture cut a payload */
    bool is_behind;         /* nothing could be placed since the packet of record `behind` */
    uint32_t behind;
    bool asked, taken;      /* whether another dissector has the encoding name of the SDP; it has, and that is said */
    const struct mp2p_base *recent[RECENT_BASES]; /* states that its packets began in last; NULL: none yet */
    unsigned next_recent;
    struct hik_content content;
    struct hik_ps_track track;

    struct hik_h26x_rtp *bare; /* what else it may be, while no pack header came; NULL: nobody had to ask */
    struct mp2p_picture pictures[MP2P_PICTURES]; /* sizes met; more are not told */
};
/* The parsers of the flows that had packets last are awake here. Emptied with the capture; first pass. */
enum { SEATS = 64 };
static struct hik_ps_seat seats[SEATS];
/* The access units of all flows, in order of record: numbers of records are the capture's. File scope; first pass. An array for
 * each flow would have room for more than it holds, and leave what it outgrew. */
static struct {
    struct mp2p_unit *units;
    uint32_t count, room;
} store;
static int proto_mp2p = -1;
static bool is_enabled; /* in the capture at hand: who enables or disables a protocol has it dissected anew */
static dissector_handle_t mp2p_handle, by_look_handle; /* ours */
static dissector_handle_t rtp_handle; /* stock */
static dissector_handle_t media_tcp_handle; /* rtp-over-tcp.c */
enum { KEY_USED = 1 };      /* packet scope, under proto_mp2p: the RTP packet that was dissected last in this frame */
enum { KEY_EXPECTED = 2 };  /* file scope: RTP found by what the capture lacks, as hik_stray_rtp_is_expected() says */
/* ---- records -------------------------------------------------------------------------------------------------- */

static unsigned base_hash(const void *key)
{
    const struct mp2p_base *base = (const struct mp2p_base *)key;

    return wmem_strong_hash(base->bytes, base->len);
}

static gboolean base_equal(const void *a, const void *b)
{
    const struct mp2p_base *one = (const struct mp2p_base *)a, *two = (const struct mp2p_base *)b;

    return one->len == two->len && memcmp(one->bytes, two->bytes, one->len) == 0;
}

/* What SDPs call it, in whatever case: stock rtp finds its parser by that. In lower case, because stock takes out nothing else.
 * While the protocol is disabled, stock finds nobody, instead of somebody who is not to be asked. A name that somebody else has, a
 * script of the user's for one, stays theirs. */
static void set_names(void)
{
    static const char *const names[] = { "ps", "mp2p", "mpeg-ps", "mp1s", "mpeg2-ps", "mp2ps" };
    dissector_table_t table = find_dissector_table("rtp_dyn_payload_type");

    for (unsigned i = 0; i < array_length(names); i++) {
        dissector_handle_t owner = dissector_get_string_handle(table, names[i]);

        if (is_enabled && !owner)
            dissector_add_string("rtp_dyn_payload_type", names[i], mp2p_handle);
        else if (!is_enabled && owner == mp2p_handle)
            dissector_delete_string("rtp_dyn_payload_type", names[i], mp2p_handle);
    }
}

/* Not before the first capture: what was taken out of stock's table makes it slower to look at. */
static void begin_capture(void)
{
    is_enabled = proto_is_protocol_enabled(find_protocol_by_id(proto_mp2p));
    set_names();
}

static void reset_capture(void)
{
    bases = NULL;
    memset(seats, 0, sizeof seats);
    memset(&store, 0, sizeof store);
}

static void *file_alloc(size_t size)
{
    return wmem_alloc(wmem_file_scope(), size);
}

static void file_free(void *memory)
{
    wmem_free(wmem_file_scope(), memory);
}

static const struct hik_ps_memory file_memory = { file_alloc, file_free };

/* Index of a size among those met, 0 if it is not there. */
static uint8_t find_picture(const struct mp2p_flow *m, uint16_t width, uint16_t height)
{
    for (uint8_t i = m->picture_count; i > 0; i--)
        if (m->pictures[i].width == width && m->pictures[i].height == height)
            return i;
    return 0;
}

static uint8_t picture_index(struct mp2p_flow *m, uint16_t width, uint16_t height)
{
    uint8_t found = find_picture(m, width, height);

    if (found || (width == 0 && height == 0) || m->picture_count + 1 == MP2P_PICTURES)
        return found;
    m->pictures[++m->picture_count].width = width;
    m->pictures[m->picture_count].height = height;
    return m->picture_count;
}

static void set_unit(struct mp2p_unit *entry, const struct hik_ps_unit *unit, uint8_t picture)
{
    entry->first = unit->first;
    entry->last = unit->last;
    entry->size = unit->size;
    entry->packets = unit->packets;
    entry->codec = unit->codec;
    entry->key = unit->key;
    entry->rate = unit->frame_rate < 655 ? (uint16_t)(((unsigned)(unit->frame_rate * 200) + 1) / 2) : 0;
    entry->picture = picture;
}

static void on_unit(void *user, const struct hik_ps_unit *unit)
{
    struct mp2p_flow *m = (struct mp2p_flow *)user;
    struct mp2p_unit *entry;

    if (store.count == store.room) {
        store.room = store.room ? 2 * store.room : 256;
        store.units = (struct mp2p_unit *)wmem_realloc(wmem_file_scope(), store.units, store.room * sizeof *store.units);
    }
    entry = &store.units[store.count++];
    entry->record = m->record;
    set_unit(entry, unit, picture_index(m, unit->width, unit->height));
}

static struct mp2p_flow *flow_state(struct hik_flow *flow)
{
    struct mp2p_flow *m = (struct mp2p_flow *)flow->mp2p;

    if (!m) {
        m = hik_keep_new(struct mp2p_flow);
        hik_ps_track_init(&m->track, &file_memory, on_unit, m);
        flow->mp2p = m;
        flow->content = &m->content;
    }
    return m;
}

/* The base with these bytes; made if there is none. */
static const struct mp2p_base *find_base(const struct hik_ps_packed *start)
{
    struct mp2p_base key = {0, start->len, start->bytes}, *base = (struct mp2p_base *)wmem_map_lookup(base_index, &key);

    if (base)
        return base;
    if (!bases)
        bases = wmem_array_new(wmem_file_scope(), sizeof base);
    base = wmem_new(wmem_file_scope(), struct mp2p_base);
    base->index = wmem_array_get_count(bases);
    base->len = start->len;
    base->bytes = (const uint8_t *)wmem_memdup(wmem_file_scope(), start->bytes, start->len);
    wmem_array_append_one(bases, base);
    wmem_map_insert(base_index, base, base);
    return base;
}

/* The same, with a look at the last ones of the flow first: its packets begin in few states by turns. */
static const struct mp2p_base *find_base_of(struct mp2p_flow *m, const struct hik_ps_packed *start)
{
    for (unsigned i = 0; i < RECENT_BASES && m->recent[i]; i++)
        if (m->recent[i]->len == start->len && memcmp(m->recent[i]->bytes, start->bytes, start->len) == 0)
            return m->recent[i];
    return m->recent[m->next_recent++ % RECENT_BASES] = find_base(start);
}

/* Keeps the state, once for all packets that begin in the same one. */
static void keep_state(struct mp2p_flow *m, struct hik_payload_record *record, const struct hik_ps_packed *start)
{
    record->left = start->left;
    record->nal_size = start->nal_size;
    record->flags |= MP2P_HAS_STATE;
    record->base = find_base_of(m, start)->index;
}

/* The state a record tells of. Packet scope. */
static struct hik_ps_state *recall_state(packet_info *pinfo, const struct hik_payload_record *record)
{
    const struct mp2p_base *base = *(struct mp2p_base **)wmem_array_index(bases, record->base);
    struct hik_ps_state *state = wmem_new(pinfo->pool, struct hik_ps_state);

    hik_ps_unpack(base->bytes, base->len, record->nal_size, record->left, state);
    return state;
}

/* ---- first pass ----------------------------------------------------------------------------------------------- */

/* A duplicate begins like its original, if that is not long ago. */
static void copy_original(const struct hik_rtp *rtp, struct hik_payload_record *record)
{
    const struct hik_rtp_record *original = hik_rtp_record_original(rtp->place.number);
    const struct hik_payload_record *other;

    if (!original)
        return;
    other = &original->payload;
    record->base = other->base;
    record->left = other->left;
    record->nal_size = other->nal_size;
    record->flags |= other->flags & (MP2P_HAS_STATE | MP2P_NOT_PS | MP2P_DESCRIBES);
    if (other->flags & MP2P_NOT_PS)
        record->detail = other->detail;
}

/* No pack header so far: what else may it be? */
static void look_closer(struct mp2p_flow *m, struct hik_payload_record *record, const struct hik_ps_packet *packet)
{
    struct hik_content *content = &m->content;
    struct hik_h26x_rtp *bare = m->bare;
    enum hik_content_kind before, look;

    if (!bare)
        bare = m->bare = wmem_new0(wmem_file_scope(), struct hik_h26x_rtp);
    before = bare->looker.look;
    if (bare->settled && before == HIK_CONTENT_NONE) {
        hik_content_probe_feed(&bare->looker, packet->seq, packet->timestamp, packet->data, packet->len);
        bare->codec = (uint8_t)hik_content_kind_codec(bare->looker.look);
    }
    hik_h26x_rtp_feed(bare, packet->seq, packet->timestamp, packet->data, packet->len);
    look = bare->looker.look;
    if (look == HIK_CONTENT_NONE)
        return;
    record->flags |= MP2P_NOT_PS;
    record->detail = (uint16_t)look;
    if (look == HIK_CONTENT_H264_RTP || look == HIK_CONTENT_H265_RTP)
        hik_payload_check_count(content, bare);
    if (before != HIK_CONTENT_NONE) {
        content->not_ps_packets++;
        return;
    }
    record->flags |= MP2P_NOT_PS_BEGINS;
    content->not_ps_packets += bare->looker.packets;
    content->looks_like = hik_content_kind_name(look);
    if (hik_content_kind_codec(look) != HIK_ES_UNKNOWN)
        content->codec = hik_es_codec_name(hik_content_kind_codec(look));
}

static void tell_content(struct hik_content *content, const struct hik_ps_track *t)
{
    const char *name = hik_es_codec_name((enum hik_es_codec)t->video_codec);

    if (name)
        content->codec = name;
    name = hik_es_codec_name((enum hik_es_codec)t->audio_codec);
    if (name)
        content->audio_codec = name;
    content->width = t->width;
    content->height = t->height;
    content->frame_rate = t->frame_rate;
    content->key_frames = t->counts.key_frames;
    /* where key frames cannot be told from others, their absence means nothing */
    content->frames = t->video_codec == HIK_ES_H264 || t->video_codec == HIK_ES_H265 ? t->counts.units : 0;
    content->encrypted = hik_ps_track_is_encrypted(t);
    if (content->encrypted) {
        content->frames = content->frames ? t->counts.timed_units : 0;
        content->key_frames = t->counts.timed_key_frames;
        if (t->counts.good_sps == 0) {
            content->width = content->height = 0;
            content->frame_rate = t->rate_from_sps ? 0 : t->frame_rate;
        }
    }
}

/* Whoever else has the name under which the SDP declares the payload, NULL: nobody. */
static const char *taken_by(const struct hik_rtp *rtp)
{
    const char *declared = rtp->payload_type >= 96 ? hik_media_declared(rtp->flow->session, rtp->payload_type, NULL) : NULL;
    dissector_handle_t handle = declared ? dissector_get_string_handle(find_dissector_table("rtp_dyn_payload_type"), declared) : NULL;

    return handle && handle != mp2p_handle ? dissector_handle_get_protocol_short_name(handle) : NULL;
}

/* Keeps since which packet the beginning of this one cannot be placed, as one more than the distance of their records: what was
 * missing there may come yet. */
static void keep_behind(struct mp2p_flow *m, const struct hik_rtp *rtp, const struct hik_ps_arrival *arrival, struct hik_payload_record *record)
{
    bool late = arrival->order == HIK_PS_LATE, lost = arrival->start && hik_ps_is_lost(&arrival->start->state);
    uint32_t behind = late && arrival->fills ? arrival->behind : m->behind;

    if (arrival->order == HIK_PS_AFTER_GAP || arrival->order == HIK_PS_RESTART) {
        m->is_behind = true;
        m->behind = behind = rtp->place.number;
    } else if (!late && !lost) {
        m->is_behind = false;
    }
    if (lost && (late ? arrival->fills : m->is_behind) && rtp->place.number - behind < 65535 &&
        !(record->flags & (MP2P_MISMATCH | MP2P_NOT_PS)))
        record->detail = (uint16_t)(rtp->place.number - behind + 1);
}

/* Later passes: nothing stayed missing in front of the packet of keep_behind(), and its numbers did not begin anew. */
static bool is_placed(const struct hik_rtp *rtp)
{
    const struct hik_rtp_record *behind;

    if (rtp->payload->detail == 0 || rtp->payload->flags & (MP2P_MISMATCH | MP2P_NOT_PS))
        return false;
    behind = hik_rtp_record_get(rtp->place.number - (rtp->payload->detail - 1u));
    return hik_flow_still_missing(rtp->flow, behind) == 0 && !(behind->flags & HIK_RTP_RESTART);
}

/* One of the packets missing in front of that one came. */
static void fill_gap(uint32_t number)
{
    struct hik_payload_record *behind = &hik_rtp_record_get(number)->payload;

    if (behind->flags & MP2P_GAP && behind->lost != 65535 && --behind->lost == 0)
        behind->flags &= (uint16_t)~MP2P_GAP;
}

static void process_payload(packet_info *pinfo, tvbuff_t *tvb, struct mp2p_flow *m, const struct hik_rtp *rtp)
{
    struct hik_ps_track *track = &m->track;
    uint32_t unit_count = store.count, units = track->counts.units + track->counts.timed_units, packs = track->counts.packs;
    uint8_t video_codec = track->video_codec, audio_codec = track->audio_codec;
    struct hik_ps_packet packet;
    struct hik_ps_packed start;
    struct hik_ps_arrival arrival;
    struct hik_payload_record *record = rtp->payload;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    packet.frame = pinfo->num;
    packet.seq = rtp->extended_seq;
    packet.timestamp = rtp->timestamp;
    packet.marker = rtp->marker;
    packet.duplicate = (rtp->flags & HIK_RTP_DUPLICATE) != 0;
    packet.restart = (rtp->flags & HIK_RTP_RESTART) != 0;
    packet.record = m->record = rtp->place.number;
    packet.len = tvb_captured_length(tvb);
    packet.missing = tvb_reported_length(tvb) - packet.len;
    packet.data = tvb_get_ptr(tvb, 0, (int)packet.len);
    packet.start = &start;
    packet.seat = &seats[rtp->flow->index % SEATS];

    hik_ps_track_packet(track, &packet, &arrival);
    record->flags = MP2P_SEEN;
    m->cut |= packet.missing > 0;
    if (m->cut)
        record->flags |= MP2P_CUT;
    switch (arrival.order) {
    case HIK_PS_DUPLICATE:
        record->flags |= MP2P_DUPLICATE;
        copy_original(rtp, record);
        return;
    case HIK_PS_LATE:
        record->flags |= MP2P_LATE;
        if (arrival.fills)
            fill_gap(arrival.behind);
        break;
    case HIK_PS_LATE_LOST:
        record->flags |= MP2P_LATE;
        break;
    case HIK_PS_RESTART:
        record->flags |= MP2P_RESTART;
        break;
    case HIK_PS_AFTER_GAP:
        record->flags |= MP2P_GAP;
        record->lost = (uint16_t)MIN(arrival.lost, 65535);
        break;
    case HIK_PS_IN_ORDER:
        break;
    }
    if (arrival.start)
        keep_state(m, record, arrival.start);
    if (!m->asked && rtp->flow->session && taken_by(rtp)) {
        m->taken = true;
        record->flags |= MP2P_TAKEN;
    }
    m->asked = true;
    if (arrival.no_psm && !m->cut)
        record->flags |= MP2P_NO_PSM;
    if (arrival.key_begins)
        record->flags |= MP2P_KEY_BEGINS;
    if (arrival.odd || arrival.dropped)
        record->flags |= MP2P_ODD;
    if (arrival.describes)
        record->flags |= MP2P_DESCRIBES;
    if (arrival.mismatch && !m->cut) {
        record->flags |= MP2P_MISMATCH;
        record->detail = (uint16_t)(arrival.mismatch_said << 8 | arrival.mismatch_is);
    }
    if (store.count != unit_count)
        record->flags |= MP2P_UNITS;

    if (track->counts.packs == 0) {
        if (packet.len && !m->cut)
            look_closer(m, record, &packet);
        return;
    }
    keep_behind(m, rtp, &arrival, record);
    if (packs == 0 && m->content.looks_like) {
        /* it was the middle of a program stream after all */
        m->content.looks_like = NULL;
        m->content.not_ps_packets = 0;
        m->content.frames = m->content.key_frames = 0;
    }
    if (arrival.start && (arrival.start->state.mode != HIK_PS_SYNC || arrival.packs))
        m->content.ps_packets++;
    if (units != track->counts.units + track->counts.timed_units || video_codec != track->video_codec || audio_codec != track->audio_codec || arrival.key_begins)
        tell_content(&m->content, track);
}

/* ---- the RTP packet around the payload ------------------------------------------------------------------------ */

/* Length of the RTP header at the given place of the data source if it ends exactly at payload, 0 otherwise. */
static int rtp_header_at(tvbuff_t *source, int at, int payload)
{
    uint8_t first = tvb_get_uint8(source, at);
    int len = RTP_HEADER + 4 * (first & 15);

    if ((first & 0xc0) != 0x80)
        return 0;
    if (first & 0x10) {
        if (at + len + 4 > payload)
            return 0;
        len += 4 + 4 * tvb_get_ntohs(source, at + len + 2);
    }
    return at + len == payload ? len : 0;
}

/* Stock rtp, found by the SDP of a stock port or by Decode As, does not tell its payload dissectors which packet it
 * was. The header stands right before the payload; what stands before that, the UDP header or the frame length of RFC
 * 4571, says whether it is really the header. NULL: not found. */
static tvbuff_t *find_rtp_packet(tvbuff_t *payload, packet_info *pinfo)
{
    tvbuff_t *source = tvb_get_ds_tvb(payload);
    int at = tvb_raw_offset(payload);
    int end = at + (int)tvb_reported_length(payload);
    int whole = (int)tvb_captured_length(source);

    if (at > whole)
        return NULL;
    for (int start = at - RTP_HEADER; start >= 2 && at - start <= RTP_HEADER + 60 + 4 + 1024; start -= 4) {
        int room;

        if (!rtp_header_at(source, start, at))
            continue;
        if (pinfo->ptype == PT_UDP && start >= 8 && tvb_get_ntohs(source, start - 8) == pinfo->srcport &&
            tvb_get_ntohs(source, start - 6) == pinfo->destport)
            room = tvb_get_ntohs(source, start - 4) - 8;
        else if (pinfo->ptype == PT_TCP)
            room = tvb_get_ntohs(source, start - 2);
        else
            continue;
        /* padding may follow the payload */
        if (room < end - start || room > end - start + 255)
            continue;
        return tvb_new_subset_length_caplen(source, start, MIN(room, whole - start), room);
    }
    return NULL;
}

static const struct hik_rtp *rtp_around(tvbuff_t *tvb, packet_info *pinfo)
{
    const struct hik_rtp *rtp = hik_media_rtp(pinfo);
    tvbuff_t *packet;

    /* several RTP packets in a frame, not all through the wrapper: the last one's record is not this one's */
    if (rtp && (rtp->payload_len != tvb_reported_length(tvb) ||
                (pinfo->ptype == PT_TCP && p_get_proto_data(pinfo->pool, pinfo, proto_mp2p, KEY_USED) == GUINT_TO_POINTER(rtp->serial))))
        rtp = NULL;
    if (!rtp) {
        packet = find_rtp_packet(tvb, pinfo);
        rtp = packet ? hik_media_enter(pinfo, packet) : NULL;
    }
    if (rtp && pinfo->ptype == PT_TCP)
        p_set_proto_data(pinfo->pool, pinfo, proto_mp2p, KEY_USED, GUINT_TO_POINTER(rtp->serial));
    return rtp;
}

/* ---- dissectors ----------------------------------------------------------------------------------------------- */

/* The first of the access units whose record is this one, or behind it. */
static uint32_t first_unit(uint32_t record)
{
    uint32_t low = 0, high = store.count;

    if (high && store.units[high - 1].record == record) { /* as always on the first pass */
        while (high > 0 && store.units[high - 1].record == record)
            high--;
        return high;
    }
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (store.units[middle].record < record)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The access units that a record's packet completed. */
static void find_units(const struct mp2p_flow *m, uint32_t record, struct mp2p_view *view)
{
    uint32_t first = first_unit(record);

    view->units = store.units + first;
    view->pictures = m->pictures;
    while (first + view->unit_count < store.count && view->units[view->unit_count].record == record)
        view->unit_count++;
}

/* No further packet completed this picture: the capture, or the call, ended behind its last one. Only a later pass knows. */
static void add_last_units(packet_info *pinfo, const struct mp2p_flow *m, const struct hik_rtp *rtp, struct mp2p_view *view)
{
    struct mp2p_unit *units = NULL;
    struct hik_ps_unit unit;

    if (!hik_rtp_record_is_last_in_frame(rtp->place.number))
        return;
    for (unsigned i = 0; i < HIK_PS_STREAMS; i++) {
        if (!hik_ps_track_open_unit(&m->track, i, &unit) || unit.last != pinfo->num)
            continue;
        if (!units) {
            units = wmem_alloc_array(pinfo->pool, struct mp2p_unit, view->unit_count + HIK_PS_STREAMS);
            memcpy(units, view->units, view->unit_count * sizeof *units);
            view->units = units;
            view->pictures = m->pictures;
        }
        set_unit(&units[view->unit_count++], &unit, find_picture(m, unit.width, unit.height));
    }
}

static int dissect_mp2p(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    static const struct mp2p_unit no_unit;
    const struct hik_rtp *rtp = rtp_around(tvb, pinfo);
    struct mp2p_view view = { NULL, NULL, &no_unit, 0, NULL, NULL, false };
    struct mp2p_flow *m = NULL;
    bool shown;

    if (rtp) {
        hik_media_set_parsed(pinfo);
        if (!PINFO_FD_VISITED(pinfo) && hik_flow_may_have_state(rtp->flow))
            process_payload(pinfo, tvb, flow_state(rtp->flow), rtp);
        m = (struct mp2p_flow *)rtp->flow->mp2p;
    }
    if (m) {
        if (rtp->payload->flags & MP2P_SEEN)
            view.record = rtp->payload;
        if (view.record && view.record->flags & MP2P_UNITS)
            find_units(m, rtp->place.number, &view);
        if (view.record && PINFO_FD_VISITED(pinfo))
            add_last_units(pinfo, m, rtp, &view);
        view.placed = view.record && PINFO_FD_VISITED(pinfo) && is_placed(rtp);
        if (view.record && view.record->flags & MP2P_TAKEN)
            view.taken_by = taken_by(rtp);
        if (view.record && view.record->flags & MP2P_KEY_BEGINS && rtp->key_frame)
            *rtp->key_frame = true;
        shown = hik_mp2p_is_shown(pinfo, tree, view.record);
        if (view.record && view.record->flags & MP2P_HAS_STATE && shown)
            view.start = recall_state(pinfo, view.record);
    } else if ((shown = hik_mp2p_is_shown(pinfo, tree, NULL))) {
        /* nothing is known about what came before */
        struct hik_ps_parser *parser = wmem_new(pinfo->pool, struct hik_ps_parser);

        hik_ps_init(parser, NULL, NULL);
        view.start = &parser->s;
    }
    col_set_str(pinfo->cinfo, COL_PROTOCOL, "MP2P");
    if (view.record && view.record->flags & MP2P_WORDS)
        hik_mp2p_columns(pinfo, &view);
    if (shown)
        hik_mp2p_tree(tvb, pinfo, tree, &view);
    return (int)tvb_captured_length(tvb);
}

void hik_mp2p_after_stock(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct hik_rtp *rtp)
{
    const char *stock_proto = pinfo->current_proto;
    bool writable;

    if (!is_enabled || rtp->payload_len == 0 || rtp->payload_off >= tvb_captured_length(tvb))
        return;
    if (PINFO_FD_VISITED(pinfo) ? !(rtp->payload->flags & MP2P_SEEN) : !hik_media_is_program_stream(rtp))
        return;
    if (!PINFO_FD_VISITED(pinfo)) {
        rtp->flow->parsed_after = true;
        hik_flow_unsettle(rtp->flow);
    }
    writable = col_get_writable(pinfo->cinfo, -1);
    if (taken_by(rtp)) /* it has shown what it wants to show */
        col_set_writable(pinfo->cinfo, -1, FALSE);
    pinfo->current_proto = "MP2P"; /* whose expert information it is */
    dissect_mp2p(tvb_new_subset_length(tvb, (int)rtp->payload_off, (int)rtp->payload_len), pinfo, tree, NULL);
    pinfo->current_proto = stock_proto;
    col_set_writable(pinfo->cinfo, -1, writable);
}

/* A dynamic payload type, and a payload that begins with a pack header in which everything that is fixed is right. */
static bool looks_like_ps(tvbuff_t *tvb, int at)
{
    int captured = (int)tvb_captured_length(tvb);
    uint8_t first;
    int payload;

    if (captured - at < RTP_HEADER + 8)
        return false;
    first = tvb_get_uint8(tvb, at);
    if ((first & 0xc0) != 0x80 || (tvb_get_uint8(tvb, at + 1) & 0x7f) < 96)
        return false;
    payload = at + RTP_HEADER + 4 * (first & 15);
    if (first & 0x10) {
        if (payload + 4 > captured)
            return false;
        payload += 4 + 4 * tvb_get_ntohs(tvb, payload + 2);
    }
    if (payload + 8 > captured || tvb_get_ntohl(tvb, payload) != 0x1ba)
        return false;
    return hik_ps_looks_like_pack(tvb_get_ptr(tvb, payload, captured - payload), (size_t)(captured - payload));
}

/* Tells stock rtp what the payload type means, for this endpoint from this frame on; ps: that it does. */
static conversation_t *announce(packet_info *pinfo, uint8_t payload_type, bool ps)
{
    rtp_dyn_payload_t *types = rtp_dyn_payload_new();

    if (ps)
        ws_rtp_dyn_payload_insert(types, payload_type, "PS", 90000, 0);
    rtp_add_address(pinfo, pinfo->ptype, &pinfo->dst, (int)pinfo->destport, 0, ps ? "MP2P by look" : "RTP by look", pinfo->num, 0, types);
    return find_conversation(pinfo->num, &pinfo->dst, &pinfo->src, conversation_pt_to_conversation_type(pinfo->ptype),
                             pinfo->destport, pinfo->srcport, NO_ADDR_B | NO_PORT_B);
}

/* RTP that was found without its payload: now it is there. */
static void announce_late(packet_info *pinfo, uint8_t payload_type)
{
    conversation_t *conversation = find_conversation_pinfo(pinfo, 0);

    if (!conversation || !conversation_get_proto_data(conversation, proto_mp2p))
        return;
    conversation_delete_proto_data(conversation, proto_mp2p);
    conversation = announce(pinfo, payload_type, true);
    if (conversation)
        conversation_set_dissector(conversation, by_look_handle);
}

/* RTP that was recognised by look: as rtp-flow.c wraps what SIP announced. */
static int dissect_by_look(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    uint8_t type = tvb_captured_length(tvb) >= 2 ? tvb_get_uint8(tvb, 1) & 0x7f : 0;

    /* STUN and the like between the same ports are for others to recognise */
    if (tvb_captured_length(tvb) < RTP_HEADER || (tvb_get_uint8(tvb, 0) & 0xc0) != 0x80) {
        hik_stock_hold(pinfo, by_look_handle);
        return 0;
    }
    if (!PINFO_FD_VISITED(pinfo) && looks_like_ps(tvb, 0))
        announce_late(pinfo, type);
    if (type >= 72 && type <= 76) /* RTCP between the same ports */
        return call_dissector(rtp_handle, tvb, pinfo, tree);
    return hik_media_dissect(tvb, pinfo, tree);
}

static ws_bool dissect_udp_heur(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    conversation_t *conversation;
    bool ps = looks_like_ps(tvb, 0);

    if (!ps && (PINFO_FD_VISITED(pinfo) ? !p_get_proto_data(wmem_file_scope(), pinfo, proto_mp2p, KEY_EXPECTED)
                                        : !hik_stray_rtp_is_expected(pinfo, tvb)))
        return FALSE;
    if (!PINFO_FD_VISITED(pinfo)) {
        if (!ps) /* later passes cannot expect it, and the conversation holds from the next packet on */
            p_add_proto_data(wmem_file_scope(), pinfo, proto_mp2p, KEY_EXPECTED, GUINT_TO_POINTER(1));
        conversation = announce(pinfo, tvb_get_uint8(tvb, 1) & 0x7f, ps);
        if (conversation)
            conversation_set_dissector(conversation, by_look_handle);
        if (conversation && !ps)
            conversation_add_proto_data(conversation, proto_mp2p, GUINT_TO_POINTER(1));
    }
    hik_stock_drop_layer(pinfo);
    call_dissector(by_look_handle, tvb, pinfo, tree);
    return TRUE;
}

/* Where a frame of RFC 4571 begins whose payload begins with a pack header, -1: nowhere. A capture that begins in the
 * middle of a connection seldom begins with one, and neither do the segments of a busy sender. */
static int tcp_frame_at(tvbuff_t *tvb)
{
    enum { BEFORE = 2 + RTP_HEADER };
    int len = (int)tvb_captured_length(tvb);
    const uint8_t *data, *one;

    if (len < BEFORE + 8)
        return -1;
    data = tvb_get_ptr(tvb, 0, len);
    if (tvb_get_ntohs(tvb, 0) >= RTP_HEADER + 8 && looks_like_ps(tvb, 2))
        return 0;
    for (one = data + BEFORE + 2; one + 1 < data + len; one++) {
        int at;

        one = (const uint8_t *)memchr(one, 1, (size_t)(data + len - 1 - one));
        if (!one)
            return -1;
        at = (int)(one - data) - 2 - BEFORE;
        if (one[-1] == 0 && one[-2] == 0 && one[1] == 0xba && data[at + 2] == 0x80 &&
            tvb_get_ntohs(tvb, at) >= RTP_HEADER + 8 && looks_like_ps(tvb, at + 2))
            return at;
    }
    return -1;
}

static ws_bool dissect_tcp_heur(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    int at = tcp_frame_at(tvb);

    if (at < 0)
        return FALSE;
    if (at > 0 && !PINFO_FD_VISITED(pinfo))
        hik_media_tcp_expect(pinfo, tvb_get_ntohl(tvb, at + 2 + 8), tvb_get_uint8(tvb, at + 2 + 1) & 0x7f);
    /* being tried as a heuristic took the right to ask for more segments away */
    pinfo->can_desegment = pinfo->saved_can_desegment;
    hik_stock_drop_layer(pinfo);
    return call_dissector_only(media_tcp_handle, tvb, pinfo, tree, data) > 0;
}

void hik_mp2p_register(int proto _U_)
{
    proto_mp2p = proto_register_protocol("MPEG program stream", "MP2P", "mp2p");
    mp2p_handle = register_dissector("mp2p", dissect_mp2p, proto_mp2p);
    base_index = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), base_hash, base_equal);
    register_init_routine(begin_capture);
    register_cleanup_routine(reset_capture);
    by_look_handle = create_dissector_handle(dissect_by_look, -1);
    hik_mp2p_tree_register(proto_mp2p);
}

void hik_mp2p_handoff(void)
{
    dissector_add_for_decode_as("rtp.pt", mp2p_handle);
    rtp_handle = find_dissector("rtp");
    media_tcp_handle = find_dissector("hikcascade.rtp.tcp");
    heur_dissector_add("udp", dissect_udp_heur, "MPEG program stream in RTP over UDP", "mp2p_udp", proto_mp2p, HEURISTIC_ENABLE);
    heur_dissector_add("tcp", dissect_tcp_heur, "MPEG program stream in RTP over TCP", "mp2p_tcp", proto_mp2p, HEURISTIC_ENABLE);
    hik_mp2p_tree_handoff();
}
