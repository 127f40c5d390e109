/* export-media.c
 * Export objects: one file per RTP flow, of a session or without signalling, named session-camera-ssrc.ext or
 * rtp-source-port-ssrc.ext. What a file is follows from the bytes first, then from the SDP, then from the payload type
 * (RFC 3551). How it is put together is media-file.c's.
 *
 * Nobody tells an exporter that the last packet came: tshark writes, and the window shows, what the entries hold at the
 * end. So an entry is made with a flow's first payload and grows in place; its bytes exist once, in the entry. It cannot be
 * taken back, and the first pass learns late what the bytes are: a flow of which no byte fits has an empty file on each pass.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "export-media.h"

#include <string.h>

#include <epan/export_object.h>
#include <epan/prefs.h>
#include <epan/to_str.h>
#include <wsutil/wmem/wmem.h>

#include "media-file.h"
#include "payload-check.h"
#include "session.h"
#include "parts.h"
#include "rtp-over-tcp.h"
#include "stock.h"

/* An RTP packet, or an SDP, on the tap. Packet scope. */
struct exported {
    struct hik_rtp rtp; /* a copy: a frame may hold several packets */
    const uint8_t *payload;
    size_t len, missing;
    unsigned nth; /* of the records of its frame */
    bool cut;     /* the capture cut it, or segments of its TCP connection */
    const struct hik_session *described; /* not NULL: this is no RTP packet, an SDP of that session came */
};

/* A flow being exported. GLib memory, until the run is over. The entries are the list's. */
struct stream {
    struct hik_media_file *file;
    struct hik_content_probe looker;
    bool cut;   /* the capture cut packets or segments of it: some of the file is missing */
    bool packs; /* a payload began with a pack header */
    bool came;  /* any payload that is no copy */
    char *name; /* of the files, without extension */
    const char *camera; /* in it: the session's, NULL while that is not known */
    uint8_t payload_type; /* of the last packet */
    export_object_entry_t *entry[HIK_MEDIA_OUTPUTS];
    enum hik_media_format format[HIK_MEDIA_OUTPUTS]; /* as the entry says */
    bool incomplete[HIK_MEDIA_OUTPUTS]; /* as the entry says: the capture cut packets short */
    uint8_t stream_id[HIK_MEDIA_OUTPUTS]; /* as the entry says; 0: none of its own */
};

/* One export list, from the first packet of the capture to the last. File scope; a list that is filled anew takes the
 * run it had. */
struct run {
    GPtrArray *streams; /* by index of the flow; NULL: not seen yet */
    GHashTable *names;  /* how often a name was given */
    uint32_t frame;     /* of the last packet */
    unsigned nth;
};

static wmem_map_t *runs; /* export list -> struct run */
static int export_tap = -1;
static int proto_hik = -1;
static ws_bool export_elementary = FALSE;

/* An SDP is told to so many of its session's flows, the newest first: more are no media. */
#define MAX_DESCRIBED 32

enum { KEY_NTH_EXPORTED = 32 }; /* records under proto_hik; rtp-flow.c and the front door have the lower ones */

/* ---- runs ------------------------------------------------------------------------------------------------------- */

static void free_stream(gpointer data)
{
    struct stream *stream = (struct stream *)data;

    if (!stream)
        return;
    hik_media_file_free(stream->file);
    g_free(stream->name);
    g_free(stream);
}

/* The entries stay with whoever has them. */
static void end_run(struct run *run)
{
    if (run->streams)
        g_ptr_array_free(run->streams, TRUE);
    if (run->names)
        g_hash_table_destroy(run->names);
    memset(run, 0, sizeof *run);
}

static ws_bool end_run_with_file(wmem_allocator_t *allocator _U_, wmem_cb_event_t event _U_, void *user_data)
{
    end_run((struct run *)user_data);
    return FALSE; /* once */
}

static void end_each(void *key _U_, void *value, void *user_data _U_)
{
    end_run((struct run *)value);
}

/* A window is about to be filled anew. */
static void export_reset(void)
{
    wmem_map_foreach(runs, end_each, NULL);
}

/* The run this packet belongs to. Not every program tells us when it begins again from the first packet; then it is
 * seen by the packets, which come in order. */
static struct run *find_run(const void *list, uint32_t frame, unsigned nth)
{
    struct run *run = (struct run *)wmem_map_lookup(runs, list);

    if (!run) {
        run = wmem_new0(wmem_file_scope(), struct run);
        wmem_map_insert(runs, list, run);
        wmem_register_callback(wmem_file_scope(), end_run_with_file, run);
    } else if (run->streams && (frame < run->frame || (frame == run->frame && nth <= run->nth))) {
        end_run(run);
    }
    if (!run->streams) {
        run->streams = g_ptr_array_new_with_free_func(free_stream);
        run->names = g_hash_table_new_full(wmem_str_hash, g_str_equal, g_free, NULL);
    }
    run->frame = frame;
    run->nth = nth;
    return run;
}

/* ---- names ------------------------------------------------------------------------------------------------------ */

static void name_stream(struct run *run, packet_info *pinfo, struct stream *stream, const struct hik_flow *flow)
{
    GString *name = g_string_new(NULL);
    unsigned count;

    stream->camera = flow->session ? flow->session->camera : NULL;
    if (flow->session) {
        g_string_append_printf(name, "%u-", flow->session->index);
        hik_media_name_add(name, stream->camera && *stream->camera ? stream->camera : "unknown");
    } else {
        g_string_append(name, "rtp-");
        hik_media_name_add(name, address_to_str(pinfo->pool, &flow->src));
        g_string_append_printf(name, "-%u", flow->src_port);
    }
    g_string_append_printf(name, "-%010u", flow->ssrc);
    /* Two flows of a session may have one SSRC: each direction, each m= line, before and after a re-INVITE. */
    count = GPOINTER_TO_UINT(g_hash_table_lookup(run->names, name->str)) + 1;
    g_hash_table_insert(run->names, g_strdup(name->str), GUINT_TO_POINTER(count));
    if (count > 1)
        g_string_append_printf(name, "-%u", count);
    g_free(stream->name);
    stream->name = g_string_free(name, FALSE);
}

static void name_entry(struct stream *stream, unsigned i)
{
    const struct hik_media_output *out = &stream->file->output[i];
    export_object_entry_t *entry = stream->entry[i];

    const char *incomplete = stream->cut ? "-incomplete" : "";

    g_free(entry->filename);
    g_free(entry->content_type);
    if (out->stream_id != 0)
        entry->filename = g_strdup_printf("%s-%02x%s.%s", stream->name, out->stream_id, incomplete,
                                          hik_media_format_extension(out->format));
    else
        entry->filename = g_strdup_printf("%s%s.%s", stream->name, incomplete, hik_media_format_extension(out->format));
    entry->content_type = g_strdup(hik_media_format_type(out->format));
    stream->format[i] = out->format;
    stream->incomplete[i] = stream->cut;
    stream->stream_id[i] = out->stream_id;
}

/* ---- what is it? ------------------------------------------------------------------------------------------------ */

static enum hik_media_kind declared_kind(const struct hik_flow *flow, uint8_t payload_type)
{
    static const struct {
        const char *name;
        enum hik_media_kind kind;
    } names[] = {
        {"PS", HIK_MEDIA_PS},      {"MP2P", HIK_MEDIA_PS},     {"MPEG-PS", HIK_MEDIA_PS}, {"MPEG2-PS", HIK_MEDIA_PS},
        {"MP2PS", HIK_MEDIA_PS},   {"MP1S", HIK_MEDIA_PS},     {"MP2T", HIK_MEDIA_TS},    {"H264", HIK_MEDIA_H264},
        {"H265", HIK_MEDIA_H265},  {"HEVC", HIK_MEDIA_H265},   {"PCMA", HIK_MEDIA_G711A}, {"G711A", HIK_MEDIA_G711A},
        {"PCMU", HIK_MEDIA_G711U}, {"G711U", HIK_MEDIA_G711U},
    };
    const char *name = flow->session ? hik_media_declared(flow->session, payload_type, NULL) : NULL;

    if (flow->look_frame && hik_payload_check_codec(flow) != HIK_ES_UNKNOWN) /* the bytes contradict it */
        return hik_payload_check_codec(flow) == HIK_ES_H265 ? HIK_MEDIA_H265 : HIK_MEDIA_H264;
    for (size_t i = 0; name && i < array_length(names); i++)
        if (g_ascii_strcasecmp(name, names[i].name) == 0)
            return names[i].kind;
    if (!name && payload_type == 0)
        return HIK_MEDIA_G711U;
    if (!name && payload_type == 8)
        return HIK_MEDIA_G711A;
    return HIK_MEDIA_UNKNOWN;
}

static enum hik_media_kind kind_of_look(enum hik_content_kind look)
{
    switch (look) {
    case HIK_CONTENT_H264_RTP:
        return HIK_MEDIA_H264;
    case HIK_CONTENT_H265_RTP:
        return HIK_MEDIA_H265;
    case HIK_CONTENT_H264_ANNEXB:
        return HIK_MEDIA_H264_ANNEXB;
    case HIK_CONTENT_H265_ANNEXB:
        return HIK_MEDIA_H265_ANNEXB;
    case HIK_CONTENT_MPEG_TS:
        return HIK_MEDIA_TS;
    case HIK_CONTENT_AAC:
        return HIK_MEDIA_ADTS;
    default:
        return HIK_MEDIA_UNKNOWN;
    }
}

/* What the first pass has seen of the flow so far: a program stream that is none, which stays so until a pack header comes. */
static enum hik_content_kind first_pass_look(const struct hik_flow *flow)
{
    if (flow->content->looks_like)
        for (unsigned look = HIK_CONTENT_NONE + 1; look < HIK_CONTENT_KINDS; look++)
            if (strcmp(flow->content->looks_like, hik_content_kind_name((enum hik_content_kind)look)) == 0)
                return (enum hik_content_kind)look;
    return HIK_CONTENT_NONE;
}

static void decide_kind(struct stream *stream, const struct exported *packet)
{
    static const uint8_t pack_start_code[4] = {0, 0, 1, 0xBA};
    const struct hik_rtp *rtp = &packet->rtp;
    const struct hik_flow *flow = rtp->flow;
    struct hik_media_file *file = stream->file;
    /* The same on each pass: the rest of the flow may turn out to be a program stream. */
    bool sure = file->packets >= HIK_MEDIA_START;
    enum hik_media_kind kind;
    enum hik_content_kind look;

    if (packet->len >= sizeof pack_start_code && memcmp(packet->payload, pack_start_code, sizeof pack_start_code) == 0)
        stream->packs = true;
    if (stream->packs || flow->content->ps_packets > 0) {
        hik_media_file_set_kind(file, export_elementary ? HIK_MEDIA_PS_STREAMS : HIK_MEDIA_PS, true);
        return;
    }
    kind = declared_kind(flow, rtp->payload_type);
    if (kind != HIK_MEDIA_UNKNOWN && kind != HIK_MEDIA_PS) {
        /* Said by the SDP, by the payload type, or by the bytes so far. A pack header would have shown up by now. */
        hik_media_file_set_kind(file, kind, sure);
        return;
    }
    look = first_pass_look(flow);
    if (look == HIK_CONTENT_NONE)
        look = stream->looker.look;
    if (look == HIK_CONTENT_NONE && !packet->described)
        look = hik_content_probe_feed(&stream->looker, rtp->extended_seq, rtp->timestamp, packet->payload, packet->len);
    if (look != HIK_CONTENT_NONE) /* what looks private may turn out to have been the middle of a long key frame */
        hik_media_file_set_kind(file, kind_of_look(look), sure && kind_of_look(look) != HIK_MEDIA_UNKNOWN);
    else if (kind == HIK_MEDIA_PS) /* said so, and begun in the middle of a frame */
        hik_media_file_set_kind(file, export_elementary ? HIK_MEDIA_PS_STREAMS : HIK_MEDIA_PS, false);
    else
        hik_media_file_set_kind(file, HIK_MEDIA_UNKNOWN, false);
}

/* ---- the tap ---------------------------------------------------------------------------------------------------- */

static struct stream *find_stream(struct run *run, packet_info *pinfo, const struct hik_flow *flow)
{
    struct stream *stream;

    if (flow->index >= run->streams->len)
        g_ptr_array_set_size(run->streams, (gint)flow->index + 1);
    stream = (struct stream *)g_ptr_array_index(run->streams, flow->index);
    if (!stream) {
        stream = g_new0(struct stream, 1);
        stream->file = hik_media_file_new();
        name_stream(run, pinfo, stream, flow);
        g_ptr_array_index(run->streams, flow->index) = stream;
    }
    return stream;
}

/* The first one as soon as there is a payload, whatever becomes of it: what it is may be known later, on the first pass. */
static bool is_listed(const struct stream *stream, unsigned i)
{
    return i == 0 ? stream->came : i < stream->file->outputs && stream->file->output[i].data;
}

/* Brings the entries up to what the file has become. */
static bool show(export_object_list_t *list, packet_info *pinfo, struct stream *stream, const struct hik_flow *flow, bool renamed)
{
    bool changed = false;

    for (unsigned i = 0; i < HIK_MEDIA_OUTPUTS; i++) {
        struct hik_media_output *out = &stream->file->output[i];
        export_object_entry_t *entry = stream->entry[i];
        bool is_new = !entry;

        if (is_new && !is_listed(stream, i))
            continue;
        if (is_new) {
            stream->entry[i] = entry = g_new0(export_object_entry_t, 1);
            entry->pkt_num = pinfo->num;
            entry->hostname = g_strdup_printf("%s:%u", address_to_str(pinfo->pool, &flow->src), flow->src_port);
        }
        if (is_new || renamed || out->format != stream->format[i] || stream->incomplete[i] != stream->cut ||
            out->stream_id != stream->stream_id[i]) {
            name_entry(stream, i);
            changed = true;
        }
        if (!out->data) /* who saves an empty file wants an address as well */
            out->data = (uint8_t *)g_malloc0(1);
        entry->payload_data = out->data;
        entry->payload_len = out->len;
        if (is_new)
            list->add_entry(list->gui_data, entry);
    }
    return changed;
}

/* An SDP says what came before it: the oldest first, so that those of one name are numbered as if it had been known. */
static bool describe(export_object_list_t *list, packet_info *pinfo, struct run *run, const struct exported *packet)
{
    struct hik_flow *flows[MAX_DESCRIBED];
    unsigned count = 0;
    bool changed = false;

    for (struct hik_flow *one = packet->described->flows; one && count < MAX_DESCRIBED; one = one->next_in_session)
        flows[count++] = one;
    while (count > 0) {
        struct hik_flow *flow = flows[--count];
        struct stream *stream = flow->index < run->streams->len ? (struct stream *)g_ptr_array_index(run->streams, flow->index) : NULL;
        struct exported last;
        bool renamed;

        if (!stream)
            continue;
        renamed = stream->camera != flow->session->camera;
        if (renamed)
            name_stream(run, pinfo, stream, flow);
        last = *packet;
        last.rtp.flow = flow;
        last.rtp.payload_type = stream->payload_type;
        if (!stream->file->sure)
            decide_kind(stream, &last);
        changed |= show(list, pinfo, stream, flow, renamed);
    }
    return changed;
}

static tap_packet_status export_packet(void *tapdata, packet_info *pinfo, epan_dissect_t *edt _U_, const void *data,
                                       tap_flags_t flags _U_)
{
    export_object_list_t *list = (export_object_list_t *)tapdata;
    const struct exported *packet = (const struct exported *)data;
    const struct hik_flow *flow = packet->rtp.flow;
    struct run *run = find_run(list, pinfo->num, packet->nth);
    struct stream *stream;

    if (packet->described)
        return describe(list, pinfo, run, packet) ? TAP_PACKET_REDRAW : TAP_PACKET_DONT_REDRAW;
    stream = find_stream(run, pinfo, flow);
    if (packet->rtp.flags & HIK_RTP_DUPLICATE)
        return TAP_PACKET_DONT_REDRAW;
    stream->payload_type = packet->rtp.payload_type;
    if (!stream->file->sure)
        decide_kind(stream, packet);
    stream->cut |= packet->cut;
    stream->came |= packet->len > 0;
    hik_media_file_feed(stream->file, packet->rtp.extended_seq, packet->payload, packet->len, packet->missing);
    return show(list, pinfo, stream, flow, false) ? TAP_PACKET_REDRAW : TAP_PACKET_DONT_REDRAW;
}

bool hik_export_is_asked_for(void)
{
    return have_tap_listener(export_tap);
}

/* A record for the tap, NULL while nobody exports. */
static struct exported *new_record(packet_info *pinfo)
{
    struct exported *packet;

    if (!hik_export_is_asked_for() || pinfo->flags.in_error_pkt)
        return NULL;
    packet = wmem_new0(pinfo->pool, struct exported);
    packet->nth = GPOINTER_TO_UINT(p_get_proto_data(pinfo->pool, pinfo, proto_hik, KEY_NTH_EXPORTED)) + 1;
    p_set_proto_data(pinfo->pool, pinfo, proto_hik, KEY_NTH_EXPORTED, GUINT_TO_POINTER(packet->nth));
    return packet;
}

void hik_export_queue_sdp(packet_info *pinfo, const struct hik_session *session)
{
    struct exported *packet = new_record(pinfo);

    if (!packet)
        return;
    packet->described = session;
    tap_queue_packet(export_tap, pinfo, packet);
}

void hik_export_queue(packet_info *pinfo, tvbuff_t *tvb, const struct hik_rtp *rtp)
{
    struct exported *packet = new_record(pinfo);
    unsigned captured;

    if (!packet)
        return;
    captured = tvb_captured_length(tvb);
    packet->rtp = *rtp;
    packet->len = captured > rtp->payload_off ? MIN(captured - rtp->payload_off, rtp->payload_len) : 0;
    packet->payload = packet->len ? tvb_get_ptr(tvb, (int)rtp->payload_off, (int)packet->len) : NULL;
    packet->missing = rtp->payload_len - packet->len;
    packet->cut = packet->missing > 0 || (pinfo->ptype == PT_TCP && hik_tcp_is_cut(pinfo));
    tap_queue_packet(export_tap, pinfo, packet);
}

void hik_export_register(int proto)
{
    module_t *module = hik_stock_preferences(proto);

    proto_hik = proto;
    runs = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), g_direct_hash, g_direct_equal);
    prefs_register_bool_preference(module, "export_elementary", "Export elementary streams",
                                   "File > Export Objects takes program streams apart: one file for each video and audio "
                                   "stream (.h264, .h265, .wav, .aac) instead of one .mpg file",
                                   &export_elementary);
    export_tap = register_export_object(proto, export_packet, export_reset);
}
