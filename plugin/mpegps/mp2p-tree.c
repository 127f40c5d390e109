/* mp2p-tree.c
 * What a packet of an MPEG program stream shows: runs the parser over the packet, from the state the first pass kept,
 * and puts its events into the tree.
 *
 * Longer than 700 lines because the registration of its many fields is a fifth of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ws-compat.h"

#include <string.h>

#include <epan/exceptions.h>
#include <epan/to_str.h>

#include "mp2p-psm.h"
#include "mp2p.h"
#include "stock.h"

enum { HANDED_OVER = 16, NALS_SHOWN = 2000 };   /* per packet: parameter sets given to stock, NAL units shown */

static int proto_mp2p = -1;
static int hf_mp2p_pack = -1, hf_mp2p_scr = -1, hf_mp2p_mux_rate = -1, hf_mp2p_stuffing = -1, hf_mp2p_hik_frame = -1;
static int hf_mp2p_system = -1, hf_mp2p_system_rate = -1, hf_mp2p_system_audio = -1, hf_mp2p_system_video = -1,
           hf_mp2p_system_stream = -1, hf_mp2p_system_buffer = -1;
static int hf_mp2p_pes = -1, hf_mp2p_stream_id = -1, hf_mp2p_pes_length = -1, hf_mp2p_pts = -1, hf_mp2p_dts = -1,
           hf_mp2p_scrambling = -1, hf_mp2p_data = -1, hf_mp2p_private = -1, hf_mp2p_padding = -1;
static int hf_mp2p_end = -1, hf_mp2p_skipped = -1, hf_mp2p_carried = -1, hf_mp2p_continuation = -1;
static int hf_mp2p_codec = -1, hf_mp2p_nal = -1, hf_mp2p_nal_type = -1, hf_mp2p_nal_size = -1, hf_mp2p_key_frame = -1;
static int hf_mp2p_frame = -1, hf_mp2p_frame_first = -1, hf_mp2p_frame_last = -1, hf_mp2p_frame_size = -1,
           hf_mp2p_frame_packets = -1, hf_mp2p_frame_width = -1, hf_mp2p_frame_height = -1, hf_mp2p_frame_rate = -1, hf_mp2p_duplicate = -1;

static int ett_mp2p = -1, ett_mp2p_pack = -1, ett_mp2p_system = -1, ett_mp2p_psm = -1, ett_mp2p_pes = -1,
           ett_mp2p_continuation = -1, ett_mp2p_nal = -1, ett_mp2p_frame = -1;

static expert_field ei_mp2p_lost = EI_INIT, ei_mp2p_lost_mild = EI_INIT, ei_mp2p_not_ps_mild = EI_INIT, ei_mp2p_restart = EI_INIT, ei_mp2p_taken = EI_INIT, ei_mp2p_resync = EI_INIT, ei_mp2p_no_psm = EI_INIT, ei_mp2p_mismatch = EI_INIT,
                    ei_mp2p_not_ps = EI_INIT, ei_mp2p_late = EI_INIT, ei_mp2p_cut = EI_INIT, ei_mp2p_pes_length = EI_INIT,
                    ei_mp2p_pes_broken = EI_INIT;

static dissector_handle_t h264_handle, h265_handle; /* stock's, as the next line */
static int proto_h264, proto_h265;
static const header_field_info *protocol, *frame_protocols; /* mp2p; stock's list of a frame's protocols */

/* ---- building ------------------------------------------------------------------------------------------------- */

/* One packet's tree in the making. */
struct build {
    tvbuff_t *tvb;
    packet_info *pinfo;
    proto_tree *tree;           /* of mp2p */
    const struct hik_ps_parser *parser;
    int len;                    /* captured bytes */
    bool fresh;                 /* the flow begins in this packet */

    proto_item *pes_item;       /* current PES packet, or what continues of it; NULL: none */
    proto_tree *pes_tree;
    proto_item *codec_item;
    int data_at;                /* where its payload begins in this packet, -1: none yet */
    uint8_t pes_id;
    bool continued;             /* it began in an earlier packet */
    bool opaque;                /* private, padding */

    proto_item *nal_item;       /* current NAL unit if it began here, NULL otherwise */
    proto_tree *nal_tree;
    int nal_at;                 /* of its first header byte */
    int nal_pes;                /* number of the PES packet in this packet it began in */
    int nal_limit;              /* where that PES packet ended, the packet's end so far */
    int pes_number;
    unsigned nals, handed;
    bool cut;                   /* the capture cut payloads of this flow */
    bool recovery;              /* H.264: a recovery point was said for the next picture */
    bool lost_sync;             /* bytes before a header were skipped */
    bool placed;                /* those in front of the first header have their place: mp2p_view.placed */
    int skip_at, skip_end;      /* skipped bytes in a row that are not shown yet */
};

/* Bytes of a header: in this packet, or carried over and put together. */
static tvbuff_t *header_tvb(struct build *b, const struct hik_ps_event *event, int *at)
{
    tvbuff_t *tvb;

    if (event->offset >= 0) {
        *at = event->offset;
        return b->tvb;
    }
    *at = 0;
    tvb = tvb_new_child_real_data(b->tvb, (uint8_t *)wmem_memdup(b->pinfo->pool, event->data, event->len), event->len, (int)event->len);
    add_new_data_source(b->pinfo, tvb, "Header split between packets");
    return tvb;
}

static int clip(const struct build *b, int offset)
{
    return offset < 0 ? 0 : offset > b->len ? b->len : offset;
}

/* ---- NAL units ------------------------------------------------------------------------------------------------ */

static const char *codec_name(const struct hik_ps_es *es)
{
    return es ? hik_es_codec_name((enum hik_es_codec)es->codec) : NULL;
}

/* A complete parameter set, to the stock dissector of its codec. What it throws at bad bytes stays here. */
static void hand_over(struct build *b, const struct hik_ps_es *es, int at, int len)
{
    const volatile dissector_handle_t handle = es->codec == HIK_ES_H265 ? h265_handle : h264_handle;
    packet_info *pinfo = b->pinfo;
    const char *proto = pinfo->current_proto;
    int depth = pinfo->dissection_depth;
    volatile bool writable = col_get_writable(pinfo->cinfo, -1);
    tvbuff_t *nal;

    if (!handle || len < 2 || b->handed++ >= HANDED_OVER)
        return;
    nal = tvb_new_subset_length(b->tvb, at, len);
    col_set_writable(pinfo->cinfo, -1, FALSE);
    TRY {
        call_dissector_only(handle, nal, pinfo, b->nal_tree, NULL);
    }
    CATCH_BOUNDS_AND_DISSECTOR_ERRORS {
        proto_item_append_text(b->nal_item, " (does not parse to the end)");
    }
    ENDTRY;
    col_set_writable(pinfo->cinfo, -1, writable);
    pinfo->current_proto = proto;
    pinfo->dissection_depth = depth;
}

static void nal_ends(struct build *b, const struct hik_ps_es *es, uint8_t type, uint32_t size, int end)
{
    if (b->nal_item) {
        proto_item *item;

        /* nothing but its own bytes between its first and last */
        if (b->nal_at >= 0 && size <= (uint32_t)b->len && b->nal_at + (int)size <= b->nal_limit) {
            proto_item_set_len(b->nal_item, (int)size);
            item = proto_tree_add_uint(b->nal_tree, hf_mp2p_nal_size, b->tvb, b->nal_at, (int)size, size);
            if (hik_nal_is_parameter_set((enum hik_es_codec)es->codec, type) && !(es->flags & HIK_PS_ES_SCRAMBLED))
                hand_over(b, es, b->nal_at, (int)size);
        } else {
            item = proto_tree_add_uint(b->nal_tree, hf_mp2p_nal_size, b->tvb, 0, 0, size);
        }
        proto_item_set_generated(item);
        proto_item_append_text(b->nal_item, ", %u bytes", size);
    } else if (b->pes_tree && size) {
        proto_item *item = proto_tree_add_uint_format(b->pes_tree, hf_mp2p_nal_size, b->tvb, clip(b, end), 0, size,
                                                      "NAL unit from an earlier packet ends here: %s (%u), %u bytes",
                                                      hik_nal_name((enum hik_es_codec)es->codec, type), type, size);

        proto_item_set_generated(item);
    }
    b->nal_item = NULL;
    b->nal_tree = NULL;
}

/* The SEI at that place says that a decoder can start at the next picture (ISO/IEC 14496-10 D.1.8). */
static bool says_recovery(struct build *b, int at)
{
    int len = at >= 0 ? MIN(b->len - at, 64) : 0, end = 0;
    const uint8_t *nal = len > 0 ? tvb_get_ptr(b->tvb, at, len) : NULL;

    while (end < len && !(end + 2 < len && nal[end] == 0 && nal[end + 1] == 0 && nal[end + 2] <= 1)) /* the next start code */
        end++;
    return end > 0 && hik_sei_is_recovery_point(nal, (size_t)end);
}

static void nal_begins(struct build *b, const struct hik_ps_event *event)
{
    const struct hik_ps_es *es = event->es;
    enum hik_es_codec codec = (enum hik_es_codec)es->codec;
    const char *name = hik_nal_name(codec, event->nal.type);
    int header = MIN(codec == HIK_ES_H265 ? 2 : 1, event->nal.have);
    int at = event->offset - event->nal.have;
    proto_item *item;

    bool key = event->nal.key || b->recovery;

    if (event->nal.picture_start)
        b->recovery = false;
    else if (codec == HIK_ES_H264 && says_recovery(b, at))
        b->recovery = true;
    b->nal_item = NULL;
    b->nal_tree = NULL;
    if (!b->pes_tree || b->nals++ >= NALS_SHOWN)
        return;
    b->nal_at = at;
    b->nal_pes = b->pes_number;
    b->nal_limit = b->len;
    b->nal_item = proto_tree_add_none_format(b->pes_tree, hf_mp2p_nal, b->tvb, clip(b, at), clip(b, at + header) - clip(b, at),
                                             "%s NAL unit: %s (%u)", codec_name(es), name, event->nal.type);
    b->nal_tree = proto_item_add_subtree(b->nal_item, ett_mp2p_nal);
    item = proto_tree_add_uint_format_value(b->nal_tree, hf_mp2p_nal_type, b->tvb, clip(b, at), at >= 0 ? 1 : 0, event->nal.type,
                                            "%s (%u)", name, event->nal.type);
    if (at < 0) {
        proto_item_set_generated(item);
        proto_item_append_text(item, " (its header began in an earlier packet)");
    }
    if (event->nal.picture_start) {
        item = proto_tree_add_boolean(b->nal_tree, hf_mp2p_key_frame, b->tvb, clip(b, at), 0, key);
        proto_item_set_generated(item);
    }
}

/* ---- PES packets ---------------------------------------------------------------------------------------------- */

static void show_codec(struct build *b, const struct hik_ps_es *es)
{
    const char *name = codec_name(es);
    if (!name || !b->pes_tree || b->codec_item)
        return;
    b->codec_item = proto_tree_add_string(b->pes_tree, hf_mp2p_codec, b->tvb, 0, 0, name);
    proto_item_set_generated(b->codec_item);
    proto_item_append_text(b->pes_item, ", %s", name);
}

static int data_field(const struct build *b)
{
    switch (b->pes_id) {
    case 0xbd:
    case 0xbf:
        return hf_mp2p_private;
    case 0xbe:
        return hf_mp2p_padding;
    default:
        return hf_mp2p_data;
    }
}

/* The current PES packet ends, or the RTP packet does. */
static void pes_closes(struct build *b, int end)
{
    if (!b->pes_tree)
        return;
    end = clip(b, end);
    if (b->nal_item && b->nal_pes == b->pes_number)
        b->nal_limit = end;
    if (b->data_at >= 0 && end > b->data_at) {
        proto_tree_add_item(b->pes_tree, data_field(b), b->tvb, b->data_at, end - b->data_at, ENC_NA);
        if (b->continued) {
            proto_item *item = proto_tree_add_uint(b->pes_tree, hf_mp2p_continuation, b->tvb, b->data_at, end - b->data_at,
                                                   (uint32_t)(end - b->data_at));
            proto_item_set_generated(item);
            proto_item_set_len(b->pes_item, end - b->data_at);
        }
    }
    if (!b->continued)
        proto_item_set_end(b->pes_item, b->tvb, end);
    b->pes_item = NULL;
    b->pes_tree = NULL;
    b->codec_item = NULL;
    b->data_at = -1;
}

/* Payload of a PES packet that began in an earlier RTP packet. */
static void pes_continues(struct build *b, const struct hik_ps_es *es, uint8_t id)
{
    proto_item *item;

    b->pes_tree = proto_tree_add_subtree_format(b->tree, b->tvb, 0, 0, ett_mp2p_continuation, &b->pes_item,
                                                "Continuation of %s (0x%02x)", hik_ps_stream_id_name(id), id);
    b->pes_id = id;
    b->continued = true;
    b->data_at = 0;
    item = proto_tree_add_uint(b->pes_tree, hf_mp2p_stream_id, b->tvb, 0, 0, id);
    proto_item_set_generated(item);
    show_codec(b, es);
}

/* A header behind bytes that could not be placed. */
static void found_again(struct build *b, proto_item *item)
{
    if (b->lost_sync && !b->cut && !b->placed)
        expert_add_info(b->pinfo, item, &ei_mp2p_resync);
    b->lost_sync = b->placed = false;
}

static void pes_begins(struct build *b, const struct hik_ps_event *event)
{
    const struct hik_ps_pes *pes = event->pes;
    proto_item *item;
    int at;
    tvbuff_t *tvb = header_tvb(b, event, &at);
    int len = (int)event->len;

    pes_closes(b, event->offset);
    b->pes_number++;
    b->pes_id = pes->stream_id;
    b->continued = event->offset < 0;
    b->data_at = clip(b, event->offset + len);
    b->pes_item = proto_tree_add_none_format(b->tree, hf_mp2p_pes, tvb, at, len, "PES packet: %s (0x%02x)",
                                             hik_ps_stream_id_name(pes->stream_id), pes->stream_id);
    b->pes_tree = proto_item_add_subtree(b->pes_item, ett_mp2p_pes);
    proto_tree_add_uint(b->pes_tree, hf_mp2p_stream_id, tvb, at + 3, 1, pes->stream_id);
    item = proto_tree_add_uint(b->pes_tree, hf_mp2p_pes_length, tvb, at + 4, 2, pes->length);
    if (pes->length == 0 && !pes->plain)
        proto_item_append_text(item, " (not said: up to the next start code)");
    if (pes->broken && !b->cut)
        expert_add_info(b->pinfo, item, &ei_mp2p_pes_broken);
    found_again(b, b->pes_item);
    if (!pes->plain && !pes->mpeg1 && !pes->broken && len >= 9)
        proto_tree_add_uint(b->pes_tree, hf_mp2p_scrambling, tvb, at + 6, 1, event->data[6]);
    if (pes->scrambling)
        proto_item_append_text(b->pes_item, ", encrypted");
    if (pes->has_pts)
        proto_tree_add_double(b->pes_tree, hf_mp2p_pts, tvb, at + pes->pts_off, 5, (double)pes->pts / 90000.0);
    if (pes->has_dts)
        proto_tree_add_double(b->pes_tree, hf_mp2p_dts, tvb, at + pes->dts_off, 5, (double)pes->dts / 90000.0);
    show_codec(b, event->es);
    if (pes->has_pts)
        proto_item_append_text(b->pes_item, ", PTS %.3f s", (double)pes->pts / 90000.0);
    if (b->continued) {
        /* the item's bytes are in the other buffer; the payload gets its own line below */
        b->continued = false;
        proto_item_append_text(b->pes_item, " (header split between packets)");
    }
}

/* ---- other headers -------------------------------------------------------------------------------------------- */

static void show_pack(struct build *b, const struct hik_ps_event *event)
{
    struct hik_ps_pack pack;
    proto_item *item;
    proto_tree *tree;
    int at;
    tvbuff_t *tvb = header_tvb(b, event, &at);

    hik_ps_read_pack(event->data, event->len, &pack);
    item = proto_tree_add_item(b->tree, hf_mp2p_pack, tvb, at, (int)event->len, ENC_NA);
    tree = proto_item_add_subtree(item, ett_mp2p_pack);
    switch (pack.kind) {
    case HIK_PS_PACK_BARE:
        proto_item_append_text(item, " (start code only)");
        break;
    case HIK_PS_PACK_MPEG1:
        proto_item_append_text(item, " (MPEG-1), SCR %.6f s", hik_ps_pack_seconds(&pack));
        proto_tree_add_double(tree, hf_mp2p_scr, tvb, at + 4, 5, hik_ps_pack_seconds(&pack));
        proto_tree_add_uint(tree, hf_mp2p_mux_rate, tvb, at + 9, 3, pack.mux_rate);
        break;
    case HIK_PS_PACK_MPEG2:
        proto_item_append_text(item, ", SCR %.6f s", hik_ps_pack_seconds(&pack));
        proto_tree_add_double(tree, hf_mp2p_scr, tvb, at + 4, 6, hik_ps_pack_seconds(&pack));
        proto_tree_add_uint(tree, hf_mp2p_mux_rate, tvb, at + 10, 3, pack.mux_rate);
        proto_tree_add_uint(tree, hf_mp2p_stuffing, tvb, at + 13, 1, pack.stuffing);
        if (pack.has_hik_frame) {
            proto_tree_add_uint(tree, hf_mp2p_hik_frame, tvb, at + 16, 4, pack.hik_frame);
            proto_item_append_text(item, ", frame counter %u", pack.hik_frame);
        } else if (pack.stuffing) {
            proto_tree_add_item(tree, hf_mp2p_padding, tvb, at + 14, pack.stuffing, ENC_NA);
        }
        break;
    }
    found_again(b, item);
}

/* ISO/IEC 13818-1, 2.5.3.5 */
static void show_system(struct build *b, const struct hik_ps_event *event)
{
    const uint8_t *data = event->data;
    int at, len = (int)event->len;
    tvbuff_t *tvb = header_tvb(b, event, &at);
    proto_item *item = proto_tree_add_item(b->tree, hf_mp2p_system, tvb, at, len, ENC_NA);
    proto_tree *tree = proto_item_add_subtree(item, ett_mp2p_system);

    found_again(b, item);
    if (len < 12) {
        proto_tree_add_item(tree, hf_mp2p_data, tvb, at + 6, len - 6, ENC_NA);
        return;
    }
    proto_tree_add_uint(tree, hf_mp2p_system_rate, tvb, at + 6, 3,
                        (uint32_t)(data[6] & 0x7f) << 15 | (uint32_t)data[7] << 7 | data[8] >> 1);
    proto_tree_add_uint(tree, hf_mp2p_system_audio, tvb, at + 9, 1, data[9] >> 2);
    proto_tree_add_uint(tree, hf_mp2p_system_video, tvb, at + 10, 1, data[10] & 0x1f);
    for (int i = 12; i + 3 <= len; i += 3) {
        uint32_t bound = (uint32_t)(data[i + 1] & 0x1f) << 8 | data[i + 2];

        proto_tree_add_uint(tree, hf_mp2p_system_stream, tvb, at + i, 1, data[i]);
        proto_tree_add_uint(tree, hf_mp2p_system_buffer, tvb, at + i + 1, 2, bound * (data[i + 1] & 0x20 ? 1024 : 128));
    }
}

static void show_psm(struct build *b, const struct hik_ps_event *event)
{
    int at;
    tvbuff_t *tvb = header_tvb(b, event, &at);

    found_again(b, hik_mp2p_psm_tree(tvb, b->pinfo, b->tree, at, event->data, event->len));
}

/* Skipped bytes come in pieces; a row of them is one item. */
static void flush_skipped(struct build *b)
{
    if (b->skip_end > b->skip_at)
        proto_tree_add_item(b->tree, hf_mp2p_skipped, b->tvb, b->skip_at, b->skip_end - b->skip_at, ENC_NA);
    b->skip_at = b->skip_end = 0;
}

static void add_skipped(struct build *b, int32_t offset, uint32_t len)
{
    int at = clip(b, offset), end = clip(b, offset + (int)len);

    if (end <= at)
        return;
    if (b->skip_end != at)
        flush_skipped(b);
    if (b->skip_end == 0)
        b->skip_at = at;
    b->skip_end = end;
    b->lost_sync = true;
}

static void on_event(void *user, const struct hik_ps_event *event)
{
    struct build *b = (struct build *)user;

    if (event->type != HIK_PS_EV_SKIPPED)
        flush_skipped(b);
    switch (event->type) {
    case HIK_PS_EV_SKIPPED:
        pes_closes(b, event->offset);
        add_skipped(b, event->offset, event->len);
        break;
    case HIK_PS_EV_PACK:
        pes_closes(b, event->offset);
        show_pack(b, event);
        break;
    case HIK_PS_EV_SYSTEM:
        pes_closes(b, event->offset);
        show_system(b, event);
        break;
    case HIK_PS_EV_PSM:
        pes_closes(b, event->offset);
        show_psm(b, event);
        break;
    case HIK_PS_EV_PES:
        pes_begins(b, event);
        break;
    case HIK_PS_EV_DATA:
        break;
    case HIK_PS_EV_PES_END:
        pes_closes(b, event->offset);
        break;
    case HIK_PS_EV_CUT:
        if (!b->cut)
            expert_add_info(b->pinfo, b->pes_item, &ei_mp2p_cut);
        pes_closes(b, event->offset);
        b->nal_item = NULL;
        b->nal_tree = NULL;
        break;
    case HIK_PS_EV_OVERRUN: {
        uint8_t id = b->parser->s.current_id;

        b->pes_tree = proto_tree_add_subtree_format(b->tree, b->tvb, clip(b, event->offset), 0, ett_mp2p_continuation, &b->pes_item,
                                                    "More of %s (0x%02x)", hik_ps_stream_id_name(id), id);
        b->pes_id = id;
        b->continued = true;
        b->data_at = clip(b, event->offset);
        b->pes_number++;
        if (!b->cut)
            expert_add_info(b->pinfo, b->pes_item, &ei_mp2p_pes_length);
        show_codec(b, event->es);
        break;
    }
    case HIK_PS_EV_NAL:
        show_codec(b, event->es);
        nal_begins(b, event);
        break;
    case HIK_PS_EV_NAL_END:
        nal_ends(b, event->es, event->nal.type, event->nal.size, event->offset);
        break;
    case HIK_PS_EV_CODEC:
        b->codec_item = NULL;
        show_codec(b, event->es);
        break;
    case HIK_PS_EV_NO_PSM:
        break;
    case HIK_PS_EV_END_CODE: {
        int at;
        tvbuff_t *tvb = header_tvb(b, event, &at);

        proto_tree_add_item(b->tree, hf_mp2p_end, tvb, at, 4, ENC_NA);
        break;
    }
    }
}

bool hik_mp2p_is_shown(packet_info *pinfo, proto_tree *tree, const struct hik_payload_record *record)
{
    if (hik_stock_asks_for(tree, protocol) || (tree && (!record || record->flags & MP2P_EXPERTS)))
        return true;
    /* From 4.4 on, who adds nothing to a tree does not stand in the list of a frame's protocols. */
    if (hik_stock_asks_for(tree, frame_protocols))
        return true;
    if (record && !(record->flags & (MP2P_EXPERTS | MP2P_DESCRIBES)))
        return false;
    /* h264 and h265 are called for parameter sets. */
    return proto_field_is_referenced(tree, proto_h264) || proto_field_is_referenced(tree, proto_h265) ||
           hik_stock_wants_experts(pinfo, tree);
}

/* ---- the packet ----------------------------------------------------------------------------------------------- */

static void show_units(tvbuff_t *tvb, proto_tree *tree, proto_item *top, const struct mp2p_view *view)
{
    for (unsigned i = 0; i < view->unit_count; i++) {
        const struct mp2p_unit *unit = &view->units[i];
        const char *codec = hik_es_codec_name((enum hik_es_codec)unit->codec);
        proto_item *item, *sub;
        proto_tree *frame;

        item = proto_tree_add_none_format(tree, hf_mp2p_frame, tvb, 0, 0, "%s%s complete: %u bytes in %u packet%s", codec ? codec : "Video",
                                          unit->key ? " key frame" : " frame", unit->size, unit->packets, unit->packets == 1 ? "" : "s");
        proto_item_set_generated(item);
        frame = proto_item_add_subtree(item, ett_mp2p_frame);
        sub = proto_tree_add_uint(frame, hf_mp2p_frame_first, tvb, 0, 0, unit->first);
        proto_item_set_generated(sub);
        sub = proto_tree_add_uint(frame, hf_mp2p_frame_last, tvb, 0, 0, unit->last);
        proto_item_set_generated(sub);
        sub = proto_tree_add_uint(frame, hf_mp2p_frame_size, tvb, 0, 0, unit->size);
        proto_item_set_generated(sub);
        sub = proto_tree_add_uint(frame, hf_mp2p_frame_packets, tvb, 0, 0, unit->packets);
        proto_item_set_generated(sub);
        if (unit->key && view->pictures[unit->picture].width) {
            sub = proto_tree_add_uint(frame, hf_mp2p_frame_width, tvb, 0, 0, view->pictures[unit->picture].width);
            proto_item_set_generated(sub);
            sub = proto_tree_add_uint(frame, hf_mp2p_frame_height, tvb, 0, 0, view->pictures[unit->picture].height);
            proto_item_set_generated(sub);
        }
        if (unit->key && unit->rate) {
            sub = proto_tree_add_double(frame, hf_mp2p_frame_rate, tvb, 0, 0, unit->rate / 100.0);
            proto_item_set_generated(sub);
        }
        if (i == 0)
            proto_item_append_text(top, ", %s complete", unit->key ? "key frame" : "frame");
    }
}

/* To filter by, without a note in the expert information. */
static void add_label(tvbuff_t *tvb, proto_tree *tree, const expert_field *label, bool there)
{
    if (there)
        proto_item_set_generated(proto_tree_add_item(tree, label->hf, tvb, 0, 0, ENC_NA));
}

static void show_notes(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, proto_item *top, const struct hik_payload_record *record)
{
    if (hik_mp2p_lost(pinfo, record) && !(pinfo->ptype == PT_TCP && record->flags & MP2P_CUT)) /* there, headers are cut off, too */
        expert_add_info_format(pinfo, top, hik_mp2p_is_told(pinfo) ? &ei_mp2p_lost_mild : &ei_mp2p_lost, "%u%s RTP packet%s of this stream missing before this one (so far)", record->lost,
                               record->lost == 65535 ? " or more" : "", record->lost == 1 ? "" : "s");
    /* hikcascade.sequence tells it of a session's */
    if (record->flags & MP2P_RESTART && hik_mp2p_is_told(pinfo))
        add_label(tvb, tree, &ei_mp2p_restart, !(hik_media_rtp(pinfo)->flags & HIK_RTP_STRAY));
    else if (record->flags & MP2P_RESTART)
        expert_add_info(pinfo, top, &ei_mp2p_restart);
    if (record->flags & MP2P_DUPLICATE) {
        proto_item *item = proto_tree_add_boolean(tree, hf_mp2p_duplicate, tvb, 0, 0, TRUE);

        proto_item_set_generated(item);
    }
    add_label(tvb, tree, &ei_mp2p_late, record->flags & MP2P_LATE); /* as packets do */
    if (record->flags & MP2P_NO_PSM)
        expert_add_info(pinfo, top, &ei_mp2p_no_psm);
    if (record->flags & MP2P_MISMATCH) {
        const char *said = hik_es_stream_type_name((uint8_t)(record->detail >> 8));
        const char *is = hik_es_codec_name((enum hik_es_codec)(record->detail & 0xff));

        expert_add_info_format(pinfo, top, &ei_mp2p_mismatch, "The program stream map says %s, the bytes are %s", said ? said : "otherwise",
                               is ? is : "something else");
    }
    if (record->flags & MP2P_NOT_PS_BEGINS)
        expert_add_info_format(pinfo, top, hik_mp2p_is_told(pinfo) ? &ei_mp2p_not_ps_mild : &ei_mp2p_not_ps, "Declared as MPEG program stream, but no pack header comes: looks like %s",
                               hik_content_kind_name((enum hik_content_kind)record->detail));
}

void hik_mp2p_tree(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct mp2p_view *view)
{
    const struct hik_payload_record *record = view->record;
    struct build b;
    struct hik_ps_parser *parser;
    const struct hik_ps_state *s;
    proto_item *top;
    proto_tree *ours;

    top = proto_tree_add_item(tree, proto_mp2p, tvb, 0, -1, ENC_NA);
    ours = proto_item_add_subtree(top, ett_mp2p);
    if (record) {
        show_notes(tvb, pinfo, ours, top, record);
        if (view->taken_by)
            expert_add_info_format(pinfo, top, &ei_mp2p_taken, "Another plugin (%s) has the encoding name of this payload and shows it; "
                                   "what is counted and judged is our own reading", view->taken_by);
        show_units(tvb, ours, top, view);
    }
    if (!view->start || (record && record->flags & MP2P_NOT_PS)) {
        proto_tree_add_item(ours, hf_mp2p_skipped, tvb, 0, -1, ENC_NA);
        if (record && record->flags & MP2P_NOT_PS)
            proto_item_append_text(top, ": no program stream");
        return;
    }

    memset(&b, 0, sizeof b);
    b.tvb = tvb;
    b.pinfo = pinfo;
    b.tree = ours;
    b.len = (int)tvb_captured_length(tvb);
    b.cut = tvb_reported_length(tvb) > (unsigned)b.len || (record && record->flags & MP2P_CUT);
    b.data_at = -1;
    parser = wmem_new(pinfo->pool, struct hik_ps_parser);
    hik_ps_init(parser, on_event, &b);
    parser->s = *view->start;
    b.parser = parser;
    s = &parser->s;
    b.lost_sync = hik_ps_is_lost(s);
    b.placed = view->placed;
    if (s->mode == HIK_PS_PAYLOAD)
        pes_continues(&b, s->current < HIK_PS_STREAMS ? &s->es[s->current] : NULL, s->current_id);
    hik_ps_feed(parser, tvb_get_ptr(tvb, 0, b.len), (size_t)b.len);

    /* A parameter set at the end of a PES packet at the end of the packet: the next start code is not here, but such a
     * NAL unit ends with its PES packet in all that was seen. */
    if (b.nal_item && tvb_reported_length(tvb) <= (unsigned)b.len && s->mode == HIK_PS_CODE && s->video < HIK_PS_STREAMS && b.nal_pes == b.pes_number && b.nal_at >= 0) {
        const struct hik_ps_es *es = &s->es[s->video];

        if (es->nal_open == 2 && hik_nal_is_parameter_set((enum hik_es_codec)es->codec, es->nal_type) && es->nal_size <= (uint32_t)b.len &&
            b.nal_at + (int)es->nal_size <= b.nal_limit)
            hand_over(&b, es, b.nal_at, (int)es->nal_size);
    }
    pes_closes(&b, b.len);
    /* bytes that may be the beginning of the next header */
    if (s->mode == HIK_PS_HEADER) {
        int carried = MIN((int)s->header_len, b.len);

        proto_tree_add_item(ours, hf_mp2p_carried, tvb, b.len - carried, carried, ENC_NA);
    } else if (s->mode != HIK_PS_PAYLOAD && s->held) {
        int held = MIN((int)s->held, b.len);

        if (s->mode == HIK_PS_SYNC)
            add_skipped(&b, b.len - held, (uint32_t)held);
        else
            proto_tree_add_item(ours, hf_mp2p_carried, tvb, b.len - held, held, ENC_NA);
    }
    flush_skipped(&b);
    if (tvb_reported_length(tvb) > (unsigned)b.len)
        proto_item_append_text(top, ", %u bytes were not captured", tvb_reported_length(tvb) - (unsigned)b.len);
}

void hik_mp2p_tree_register(int proto)
{
    static const value_string scrambling[] = {
        {0, "not scrambled"}, {1, "scrambled (1)"}, {2, "scrambled (2)"}, {3, "scrambled (3)"}, {0, NULL}};
    static hf_register_info fields[] = {
        {&hf_mp2p_pack, {"Pack header", "mp2p.pack", FT_NONE, BASE_NONE, NULL, 0, "ISO/IEC 13818-1, 2.5.3.3", HFILL}},
        {&hf_mp2p_scr, {"System clock reference", "mp2p.scr", FT_DOUBLE, BASE_NONE, NULL, 0, "In seconds", HFILL}},
        {&hf_mp2p_mux_rate, {"Program mux rate", "mp2p.mux_rate", FT_UINT32, BASE_DEC, NULL, 0, "In units of 50 bytes per second", HFILL}},
        {&hf_mp2p_stuffing, {"Stuffing length", "mp2p.stuffing", FT_UINT8, BASE_DEC, NULL, 0, "Bytes behind the pack header", HFILL}},
        {&hf_mp2p_hik_frame, {"Hikvision frame counter", "mp2p.hik_frame", FT_UINT32, BASE_DEC, NULL, 0,
                              "Carried in the pack's stuffing bytes", HFILL}},
        {&hf_mp2p_system, {"System header", "mp2p.system_header", FT_NONE, BASE_NONE, NULL, 0, "ISO/IEC 13818-1, 2.5.3.5", HFILL}},
        {&hf_mp2p_system_rate, {"Rate bound", "mp2p.system_header.rate_bound", FT_UINT32, BASE_DEC, NULL, 0,
                                "In units of 50 bytes per second", HFILL}},
        {&hf_mp2p_system_audio, {"Audio bound", "mp2p.system_header.audio_bound", FT_UINT8, BASE_DEC, NULL, 0, "Most audio streams at once", HFILL}},
        {&hf_mp2p_system_video, {"Video bound", "mp2p.system_header.video_bound", FT_UINT8, BASE_DEC, NULL, 0, "Most video streams at once", HFILL}},
        {&hf_mp2p_system_stream, {"Stream", "mp2p.system_header.stream_id", FT_UINT8, BASE_HEX, NULL, 0, NULL, HFILL}},
        {&hf_mp2p_system_buffer, {"Buffer bound", "mp2p.system_header.buffer", FT_UINT32, BASE_DEC, NULL, 0, "In bytes", HFILL}},
        {&hf_mp2p_pes, {"PES packet", "mp2p.pes", FT_NONE, BASE_NONE, NULL, 0, "ISO/IEC 13818-1, 2.4.3.6", HFILL}},
        {&hf_mp2p_stream_id, {"Stream", "mp2p.stream_id", FT_UINT8, BASE_HEX | BASE_RANGE_STRING, RVALS(hik_mp2p_stream_ids), 0, NULL, HFILL}},
        {&hf_mp2p_pes_length, {"PES packet length", "mp2p.pes.length", FT_UINT16, BASE_DEC, NULL, 0, "Bytes that follow", HFILL}},
        {&hf_mp2p_scrambling, {"PES scrambling control", "mp2p.pes.scrambling_control", FT_UINT8, BASE_DEC, VALS(scrambling), 0x30,
                               "ISO/IEC 13818-1, table 2-19", HFILL}},
        {&hf_mp2p_pts, {"Presentation time stamp", "mp2p.pts", FT_DOUBLE, BASE_NONE, NULL, 0, "In seconds", HFILL}},
        {&hf_mp2p_dts, {"Decoding time stamp", "mp2p.dts", FT_DOUBLE, BASE_NONE, NULL, 0, "In seconds", HFILL}},
        {&hf_mp2p_data, {"Payload", "mp2p.data", FT_BYTES, BASE_NONE, NULL, 0, "Bytes of an elementary stream", HFILL}},
        {&hf_mp2p_private, {"Private data", "mp2p.private", FT_BYTES, BASE_NONE, NULL, 0,
                            "Payload of private streams 1 (0xBD) and 2 (0xBF); Hikvision's metadata", HFILL}},
        {&hf_mp2p_padding, {"Padding", "mp2p.padding", FT_BYTES, BASE_NONE, NULL, 0, NULL, HFILL}},
        {&hf_mp2p_end, {"MPEG program end code", "mp2p.end", FT_NONE, BASE_NONE, NULL, 0, NULL, HFILL}},
        {&hf_mp2p_skipped, {"Bytes that cannot be placed", "mp2p.skipped", FT_BYTES, BASE_NONE, NULL, 0,
                            "Before the first header, behind a loss, or no program stream at all", HFILL}},
        {&hf_mp2p_carried, {"Beginning of a header that goes on in the next packet", "mp2p.split", FT_BYTES, BASE_NONE, NULL, 0, NULL, HFILL}},
        {&hf_mp2p_continuation, {"Continuation bytes", "mp2p.continuation", FT_UINT32, BASE_DEC, NULL, 0,
                                 "Bytes of this packet that continue a PES packet from an earlier one", HFILL}},
        {&hf_mp2p_codec, {"Codec", "mp2p.codec", FT_STRING, BASE_NONE, NULL, 0, "What the bytes are; else what the map says", HFILL}},
        {&hf_mp2p_nal, {"NAL unit", "mp2p.nal", FT_NONE, BASE_NONE, NULL, 0, NULL, HFILL}},
        {&hf_mp2p_nal_type, {"NAL unit type", "mp2p.nal_type", FT_UINT8, BASE_DEC, NULL, 0, "By the codec of the stream", HFILL}},
        {&hf_mp2p_nal_size, {"NAL unit size", "mp2p.nal_size", FT_UINT32, BASE_DEC, NULL, 0,
                             "On the packet in which the end of the NAL unit is known", HFILL}},
        {&hf_mp2p_key_frame, {"Key frame", "mp2p.key_frame", FT_BOOLEAN, BASE_NONE, NULL, 0,
                              "On the first slice of each picture: whether decoding can start here (IDR, IRAP)", HFILL}},
        {&hf_mp2p_frame, {"Access unit", "mp2p.frame", FT_NONE, BASE_NONE, NULL, 0, "A picture that is complete with this packet", HFILL}},
        {&hf_mp2p_frame_first, {"First packet", "mp2p.frame.first", FT_FRAMENUM, BASE_NONE, NULL, 0, NULL, HFILL}},
        {&hf_mp2p_frame_last, {"Last packet", "mp2p.frame.last", FT_FRAMENUM, BASE_NONE, NULL, 0, "With bytes of the picture", HFILL}},
        {&hf_mp2p_frame_size, {"Size", "mp2p.frame.size", FT_UINT32, BASE_DEC, NULL, 0, "Bytes of the elementary stream", HFILL}},
        {&hf_mp2p_frame_packets, {"Packets", "mp2p.frame.packets", FT_UINT32, BASE_DEC, NULL, 0, "RTP packets with bytes of the picture", HFILL}},
        {&hf_mp2p_frame_width, {"Width", "mp2p.frame.width", FT_UINT16, BASE_DEC, NULL, 0, "Of the sequence parameter set", HFILL}},
        {&hf_mp2p_frame_rate, {"Frame rate", "mp2p.frame.rate", FT_DOUBLE, BASE_NONE, NULL, 0,
                               "Frames per second: of the sequence parameter set, or of the time stamps up to here", HFILL}},
        {&hf_mp2p_frame_height, {"Height", "mp2p.frame.height", FT_UINT16, BASE_DEC, NULL, 0, "Of the sequence parameter set", HFILL}},
        {&hf_mp2p_duplicate, {"Duplicate", "mp2p.duplicate", FT_BOOLEAN, BASE_NONE, NULL, 0,
                              "The same sequence number came before; not counted again", HFILL}},
    };
    static int *trees[] = {&ett_mp2p, &ett_mp2p_pack, &ett_mp2p_system, &ett_mp2p_psm, &ett_mp2p_pes, &ett_mp2p_continuation,
                           &ett_mp2p_nal, &ett_mp2p_frame};
    static ei_register_info experts[] = {
        {&ei_mp2p_lost, {"mp2p.lost", PI_SEQUENCE, PI_WARN, "RTP packets are missing", EXPFILL}},
        {&ei_mp2p_lost_mild, {"mp2p.lost", PI_SEQUENCE, PI_NOTE, "RTP packets of the session are missing", EXPFILL}},
        {&ei_mp2p_not_ps_mild, {"mp2p.not_ps", PI_PROTOCOL, PI_NOTE, "Declared as MPEG program stream, which the session is told of", EXPFILL}},
        {&ei_mp2p_restart, {"mp2p.restart", PI_SEQUENCE, PI_NOTE, "The sequence numbers restart here", EXPFILL}},
        {&ei_mp2p_taken, {"mp2p.taken", PI_PROTOCOL, PI_NOTE, "Another plugin shows the program stream", EXPFILL}},
        {&ei_mp2p_resync, {"mp2p.resync", PI_SEQUENCE, PI_NOTE, "The program stream is found again at this header; bytes before it could not "
                           "be placed", EXPFILL}},
        {&ei_mp2p_no_psm, {"mp2p.no_psm", PI_PROTOCOL, PI_NOTE, "No program stream map names this stream so far: the codec is taken from "
                           "its bytes", EXPFILL}},
        {&ei_mp2p_mismatch, {"mp2p.codec_mismatch", PI_PROTOCOL, PI_WARN, "The program stream map names another codec", EXPFILL}},
        {&ei_mp2p_not_ps, {"mp2p.not_ps", PI_PROTOCOL, PI_WARN, "Declared as MPEG program stream, but it is none", EXPFILL}},
        {&ei_mp2p_late, {"mp2p.late", PI_SEQUENCE, PI_NOTE, "This packet came late, after packets with higher sequence numbers", EXPFILL}},
        {&ei_mp2p_cut, {"mp2p.pes_cut", PI_SEQUENCE, PI_WARN, "The next header came before the PES packet was complete: bytes are missing", EXPFILL}},
        {&ei_mp2p_pes_length, {"mp2p.pes_length_wrong", PI_PROTOCOL, PI_NOTE, "The PES packet goes on after its length is used up: "
                               "PES_packet_length is wrong", EXPFILL}},
        {&ei_mp2p_pes_broken, {"mp2p.pes_broken", PI_PROTOCOL, PI_WARN, "The PES packet header does not fit its length", EXPFILL}},
    };

    proto_mp2p = proto;
    protocol = proto_registrar_get_nth((unsigned)proto);
    proto_register_field_array(proto, fields, array_length(fields));
    proto_register_subtree_array(trees, array_length(trees));
    expert_register_field_array(expert_register_protocol(proto), experts, array_length(experts));
    hik_mp2p_psm_register(proto);
}

void hik_mp2p_tree_handoff(void)
{
    h264_handle = find_dissector("h264");
    h265_handle = find_dissector("h265");
    proto_h264 = proto_get_id_by_filter_name("h264");
    proto_h265 = proto_get_id_by_filter_name("h265");
    frame_protocols = proto_registrar_get_byname("frame.protocols");
}
