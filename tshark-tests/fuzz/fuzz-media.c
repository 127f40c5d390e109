/* fuzz-media.c
 * Harnesses of the program stream, of elementary streams, and of the files made of them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "fuzz-parsers.h"

#include <string.h>

#include <glib.h>

#include "codecs.h"
#include "h26x-rtp.h"
#include "media-file.h"
#include "mpeg-ps.h"
#include "ps-track.h"

/* What a parser tells, as one number that does not depend on how the bytes were cut into packets. */
struct told {
    uint64_t data, headers, nals;
    uint64_t bytes;
    bool aac;               /* audio looked like AAC in ADTS */
};

static void on_event(void *user, const struct hik_ps_event *event)
{
    struct told *told = (struct told *)user;

    switch (event->type) {
    case HIK_PS_EV_DATA:
        for (uint32_t i = 0; i < event->len; i++)
            told->data = told->data * 31 + event->data[i];
        told->bytes += event->len;
        break;
    case HIK_PS_EV_SKIPPED:
        for (uint32_t i = 0; i < event->len; i++)
            told->data = told->data * 37 + event->data[i];
        told->bytes += event->len;
        break;
    case HIK_PS_EV_PES:
        PROMISE(event->pes && event->pes->header_length <= event->len);
        /* fall through */
    case HIK_PS_EV_PACK:
    case HIK_PS_EV_SYSTEM:
    case HIK_PS_EV_PSM:
        PROMISE(event->len <= HIK_PS_HEADER_MAX);
        for (uint32_t i = 0; i < event->len; i++)
            told->headers = told->headers * 31 + event->data[i];
        told->bytes += event->len;
        break;
    case HIK_PS_EV_NAL:
        PROMISE(event->nal.have <= 3);
        told->nals = told->nals * 31 + event->nal.type;
        break;
    case HIK_PS_EV_NAL_END:
        told->nals = told->nals * 37 + event->nal.size;
        break;
    case HIK_PS_EV_END_CODE:
        told->bytes += 4;
        break;
    case HIK_PS_EV_CODEC:
        told->aac = told->aac || event->es->codec == HIK_ES_AAC;
        break;
    default:
        told->headers = told->headers * 41 + event->type;
        break;
    }
}

static bool same(const struct hik_ps_state *a, const struct hik_ps_state *b)
{
    struct hik_ps_packed one, two;

    hik_ps_pack(a, &one);
    hik_ps_pack(b, &two);
    return one.len == two.len && one.nal_size == two.nal_size && one.left == two.left && memcmp(one.bytes, two.bytes, one.len) == 0;
}

/* Cut into packets or not, a stream is the same. A state that is packed and unpacked goes on as it would have. Where packets
 * begin counts in two places alone, and they are left out: in front of the first header of all (so there is one here), and
 * for AAC, which is known by the lengths of its frames. */
void fuzz_mpeg_ps(struct input in)
{
    static const uint8_t pack[] = {0, 0, 1, 0xBA, 0x44, 0, 4, 0, 4, 1, 0, 0x9F, 0xC3, 0xF8};
    struct told whole = {0}, pieces = {0};
    static struct hik_ps_parser one, two;
    uint8_t first = next_byte(&in), piece = next_byte(&in);
    size_t len;
    uint8_t *data = next_bytes(&in, in.len, &len);

    hik_ps_init(&one, on_event, &whole);
    hik_ps_feed(&one, pack, sizeof pack);
    hik_ps_feed(&one, data, len);
    hik_ps_init(&two, on_event, &pieces);
    hik_ps_feed(&two, pack, sizeof pack);
    for (size_t at = 0; at < len;) {
        size_t want = at == 0 && first ? first : 1 + piece;
        size_t there = want < len - at ? want : len - at;
        uint8_t *block = (uint8_t *)malloc(there);
        struct hik_ps_packed packed;

        memcpy(block, data + at, there);
        hik_ps_feed(&two, block, there);
        hik_ps_pack(&two.s, &packed);
        hik_ps_unpack(packed.bytes, packed.len, packed.nal_size, packed.left, &two.s);
        free(block);
        at += there;
    }
    PROMISE(one.steps <= 4u * len + 192u);
    PROMISE(two.steps <= 4u * len + 16u * (len / (1u + piece) + 2u) + 192u);
    if (!whole.aac && !pieces.aac)
        PROMISE(same(&one.s, &two.s));
    hik_ps_finish(&one);
    hik_ps_finish(&two);
    if (!whole.aac && !pieces.aac)
        PROMISE(whole.data == pieces.data && whole.headers == pieces.headers && whole.nals == pieces.nals &&
                whole.bytes == pieces.bytes);
    free(data);
}

static void *take(size_t size)
{
    return malloc(size);
}

static void on_unit(void *user, const struct hik_ps_unit *unit)
{
    uint32_t frame = *(const uint32_t *)user;

    PROMISE(unit->first >= 1 && unit->first <= frame && unit->last >= 1 && unit->last <= frame && unit->packets <= frame);
}

/* What stays with a track that ends: here each has a list of its own. */
static GHashTable *taken;

static void *take_noted(size_t size)
{
    void *memory = take(size);

    g_hash_table_add(taken, memory);
    return memory;
}

static void give_back_noted(void *memory)
{
    if (!memory)
        return;
    PROMISE(g_hash_table_remove(taken, memory));
    free(memory);
}

void fuzz_ps_track(struct input in)
{
    static const struct hik_ps_memory memory = {take_noted, give_back_noted};
    struct hik_ps_track *track = (struct hik_ps_track *)malloc(sizeof *track);
    struct hik_ps_seat *seat = (struct hik_ps_seat *)calloc(1, sizeof *seat);
    struct rtp_packet packet = {.seq = 0x10000};
    uint32_t frame = 0;
    GHashTableIter iter;
    gpointer left;

    taken = g_hash_table_new(NULL, NULL);
    hik_ps_track_init(track, &memory, on_unit, &frame);
    while (next_packet(&in, &packet)) {
        struct hik_ps_packed start;
        struct hik_ps_arrival arrival;
        frame++;
        const struct hik_ps_packet one = {.frame = frame, .seq = packet.seq, .timestamp = packet.timestamp, .marker = packet.marker,
                                          .duplicate = packet.duplicate, .restart = packet.restart, .record = frame,
                                          .data = packet.data, .len = (uint32_t)packet.len, .missing = packet.missing,
                                          .start = &start, .seat = seat};

        if (frame % 3 == 0)
            hik_ps_seat_leave(seat);
        memset(&arrival, 0, sizeof arrival);
        hik_ps_track_packet(track, &one, &arrival);
        PROMISE(arrival.order <= HIK_PS_LATE_LOST);
        free(packet.data);
    }
    hik_ps_track_is_encrypted(track);
    for (unsigned i = 0; i < HIK_PS_STREAMS; i++) {
        struct hik_ps_unit unit;
        hik_ps_track_open_unit(track, i, &unit);
    }
    g_hash_table_iter_init(&iter, taken);
    while (g_hash_table_iter_next(&iter, &left, NULL))
        free(left);
    g_hash_table_destroy(taken);
    free(seat);
    free(track);
}

void fuzz_ps_headers(struct input in)
{
    size_t len;
    uint8_t *data = next_bytes(&in, in.len, &len);

    hik_ps_looks_like_pack(data, len);
    if (len >= 4) {
        static const uint8_t code[] = {0, 0, 1};
        memcpy(data, code, 3);
        size_t need = hik_ps_header_need(data, len);
        if (need > 0 && need <= len) {
            uint8_t *header = (uint8_t *)malloc(need);
            memcpy(header, data, need);
            if (data[3] == 0xBA) {
                struct hik_ps_pack pack;
                hik_ps_read_pack(header, need, &pack);
                hik_ps_pack_seconds(&pack);
            } else if (data[3] == 0xBC) {
                struct hik_ps_psm psm;
                hik_ps_read_psm(header, need, &psm);
                PROMISE(psm.streams <= HIK_PS_PSM_STREAMS && psm.map_offset + psm.map_len <= need);
                PROMISE(psm.info_offset + psm.info_len <= need);
                for (unsigned i = 0; i < psm.streams; i++)
                    PROMISE(psm.stream[i].info_offset + psm.stream[i].info_len <= need);
            } else if (data[3] > 0xBB) {
                struct hik_ps_pes pes;
                hik_ps_read_pes(header, need, &pes);
                PROMISE(pes.header_length <= need);
            }
            free(header);
        }
        PROMISE(hik_ps_stream_id_name(data[3]));
    }
    free(data);
}

void fuzz_codecs(struct input in)
{
    enum hik_es_codec codec = next_byte(&in) & 1 ? HIK_ES_H265 : HIK_ES_H264;
    struct hik_sps sps;
    size_t len;
    uint8_t *data = next_bytes(&in, in.len, &len);

    if (hik_sps_read(codec, data, len, &sps))
        PROMISE(sps.width > 0 && sps.height > 0 && sps.frame_rate >= 0);
    hik_sps_is_sound(codec, data, len);
    hik_sei_is_recovery_point(data, len);
    hik_es_is_adts(data, len, true);
    if (hik_es_is_adts(data, len, false))
        PROMISE(hik_es_is_adts(data, len, true));
    if (len >= 2)
        hik_nal_guess(data[0], data[1]);
    free(data);
}

void fuzz_payload_format(struct input in)
{
    struct hik_content_probe looker = {0};
    struct rtp_packet packet = {.seq = 0x10000};

    while (next_packet(&in, &packet)) {
        enum hik_content_kind look = hik_content_probe_feed(&looker, packet.seq, packet.timestamp, packet.data, packet.len);
        PROMISE(look < HIK_CONTENT_KINDS);
        hik_content_kind_name(look);
        hik_content_kind_codec(look);
        free(packet.data);
    }
}

void fuzz_h26x_rtp(struct input in)
{
    static const uint8_t codecs[] = {HIK_ES_UNKNOWN, HIK_ES_H264, HIK_ES_H265};
    struct hik_h26x_rtp video = {.codec = codecs[next_byte(&in) % 3]};
    struct rtp_packet packet = {.seq = 0x10000};
    uint32_t packets = 0;

    while (next_packet(&in, &packet)) {
        hik_h26x_rtp_feed(&video, packet.seq, packet.timestamp, packet.data, packet.len);
        packets++;
        free(packet.data);
        const struct hik_h26x_count *count = hik_h26x_count(&video);
        PROMISE(!count || (count->key_frames <= count->frames && count->frame_rate >= 0));
    }
}

void fuzz_media_file(struct input in)
{
    struct hik_media_file *file = hik_media_file_new();
    struct rtp_packet packet = {.seq = 0x10000};
    uint8_t kind = next_byte(&in);
    uint64_t fed = 0, packets = 0;
    GString *name = g_string_new(NULL);

    hik_media_file_set_kind(file, (enum hik_media_kind)(kind % HIK_MEDIA_KINDS), kind & 0x80);
    while (next_packet(&in, &packet)) {
        hik_media_file_feed(file, packet.seq, packet.data, packet.len, packet.missing);
        fed += packet.len;
        packets++;
        if (packet.restart)
            hik_media_file_set_kind(file, (enum hik_media_kind)(packet.len % HIK_MEDIA_KINDS), packet.marker);
        free(packet.data);
    }
    /* Each packet may be written again for every one that comes late into the window. */
    PROMISE(file->written <= (fed + 64 * packets) * (HIK_MEDIA_WINDOW_PARSED + 4));
    for (unsigned i = 0; i < HIK_MEDIA_OUTPUTS; i++) {
        const struct hik_media_output *out = &file->output[i];
        uint8_t sum = 0;

        PROMISE(out->sure <= out->len && out->len <= out->room);
        PROMISE(hik_media_format_extension(out->format) && hik_media_format_type(out->format));
        for (size_t k = 0; k < out->len; k++)
            sum ^= out->data[k];
        g_free(file->output[i].data);
        hik_media_name_add(name, sum & 1 ? "a" : "\xe5");
    }
    g_string_free(name, TRUE);
    hik_media_file_free(file);
}
