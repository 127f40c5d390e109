/* mpeg-ps-headers.c
 * Contents of the program stream's headers: pack header (ISO/IEC 13818-1, 2.5.3.3; ISO/IEC 11172-1, 2.4.3.2), PES
 * packet header (2.4.3.6), program stream map (2.5.4); and the packed form of a parser state.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mpeg-ps.h"

#include <string.h>

enum { MPEG1_STUFFING = 16 };   /* bytes of FF before the fields of an MPEG-1 packet header, at most */

static unsigned read16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static uint32_t read32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* 33 bits of a time stamp in 5 bytes, each of the three parts followed by a marker bit. */
static uint64_t read_stamp(const uint8_t *p)
{
    return (uint64_t)(p[0] >> 1 & 7) << 30 | (uint64_t)p[1] << 22 | (uint64_t)(p[2] >> 1) << 15 | (uint64_t)p[3] << 7 |
           (uint64_t)(p[4] >> 1);
}

/* Stream ids whose packets have no header beyond the length (table 2-21). */
static bool is_plain(uint8_t id)
{
    switch (id) {
    case 0xbe: case 0xbf: case 0xf0: case 0xf1: case 0xf2: case 0xf8: case 0xff:
        return true;
    default:
        return false;
    }
}

/* Length of the MPEG-1 packet header at data, > have if more is needed, 0 if it is none. */
static size_t mpeg1_need(const uint8_t *data, size_t have)
{
    size_t at = 6;

    while (at < have && data[at] == 0xff && at < 6 + MPEG1_STUFFING)
        at++;
    if (at >= have)
        return have + 1;
    if ((data[at] & 0xc0) == 0x40) {
        at += 2;
        if (at >= have)
            return at + 1;
    }
    if ((data[at] & 0xf0) == 0x20)
        return at + 5;
    if ((data[at] & 0xf0) == 0x30)
        return at + 10;
    if (data[at] == 0x0f)
        return at + 1;
    return 0;
}

static size_t pes_need(const uint8_t *data, size_t have)
{
    size_t length, need;
    uint8_t id = data[3];

    if (have < 6)
        return 6;
    length = read16(data + 4);
    if (is_plain(id))
        return 6;
    if (length == 0 && !(id >= 0xc0 && id <= 0xef) && id != 0xfd)
        return 6;
    if (length && length < 3)
        return 6;
    if (have < 7)
        return 7;
    if ((data[6] & 0xc0) != 0x80) {
        need = mpeg1_need(data, have);
        /* no header at all: the bytes are payload, said to be broken */
        if (need == 0 || (length && need > length + 6))
            return 6;
        return need;
    }
    if (have < 9)
        return 9;
    need = 9u + data[8];
    if (length && need > length + 6)
        return 9;
    return need;
}

size_t hik_ps_header_need(const uint8_t *data, size_t have)
{
    size_t need;

    switch (data[3]) {
    case 0xb9:
        return 4;
    case 0xba:
        if (have < 5)
            return 5;
        if ((data[4] & 0xc0) == 0x40)
            return have < 14 ? 14 : 14u + (data[13] & 7);
        if ((data[4] & 0xf0) == 0x20)
            return 12;
        if (data[4] != 0)
            return 0;
        /* Hikvision, H.265: nothing but the start code, and then the next one */
        if (have < 7)
            return have >= 6 && data[5] != 0 ? 0 : have + 1;
        return data[5] == 0 && data[6] == 1 ? 4 : 0;
    case 0xbb:
    case 0xbc:
        if (have < 6)
            return 6;
        need = 6u + read16(data + 4);
        return need > HIK_PS_HEADER_MAX || need < 10 ? 0 : need;
    default:
        return data[3] < 0xbd ? 0 : pes_need(data, have);
    }
}

/* ---- pack header ---------------------------------------------------------------------------------------------- */

void hik_ps_read_pack(const uint8_t *data, size_t len, struct hik_ps_pack *pack)
{
    memset(pack, 0, sizeof *pack);
    if (len >= 14 && (data[4] & 0xc0) == 0x40) {
        pack->kind = HIK_PS_PACK_MPEG2;
        pack->scr_base = (uint64_t)(data[4] >> 3 & 7) << 30 | (uint64_t)(data[4] & 3) << 28 | (uint64_t)data[5] << 20 |
                         (uint64_t)(data[6] >> 3) << 15 | (uint64_t)(data[6] & 3) << 13 | (uint64_t)data[7] << 5 |
                         (uint64_t)(data[8] >> 3);
        pack->scr_ext = (uint16_t)((data[8] & 3) << 7 | data[9] >> 1);
        pack->mux_rate = (uint32_t)data[10] << 14 | (uint32_t)data[11] << 6 | data[12] >> 2;
        pack->stuffing = data[13] & 7;
        pack->markers_ok = (data[4] & 4) && (data[6] & 4) && (data[8] & 4) && (data[9] & 1) && (data[12] & 3) == 3;
        if (pack->stuffing == 6 && len >= 20 && data[14] == 0xff && data[15] == 0xff) {
            pack->hik_frame = read32(data + 16);
            /* six bytes of FF are plain stuffing */
            pack->has_hik_frame = pack->hik_frame != 0xffffffff;
        }
    } else if (len >= 12 && (data[4] & 0xf0) == 0x20) {
        pack->kind = HIK_PS_PACK_MPEG1;
        pack->scr_base = read_stamp(data + 4);
        pack->mux_rate = (uint32_t)(data[9] & 0x7f) << 15 | (uint32_t)data[10] << 7 | data[11] >> 1;
        pack->markers_ok = (data[4] & 1) && (data[6] & 1) && (data[8] & 1) && (data[9] & 0x80) && (data[11] & 1);
    } else {
        pack->kind = HIK_PS_PACK_BARE;
        pack->markers_ok = true;
    }
}

double hik_ps_pack_seconds(const struct hik_ps_pack *pack)
{
    return (double)(pack->scr_base * 300 + pack->scr_ext) / 27e6;
}

bool hik_ps_looks_like_pack(const uint8_t *data, size_t len)
{
    struct hik_ps_pack pack;
    size_t need;

    if (len < 8 || data[0] != 0 || data[1] != 0 || data[2] != 1 || data[3] != 0xba)
        return false;
    need = hik_ps_header_need(data, len);
    if (need == 0 || need > len)
        return false;
    hik_ps_read_pack(data, need, &pack);
    if (!pack.markers_ok)
        return false;
    if (pack.kind == HIK_PS_PACK_MPEG2 && pack.stuffing) {
        for (size_t i = 14; i < need; i++)
            if (data[i] != 0xff && !(pack.has_hik_frame && i >= 16))
                return false;
    }
    for (size_t i = 0; i < 3 && need + i < len; i++)
        if (data[need + i] != (i == 2))
            return false;
    return need + 3 >= len || data[need + 3] >= 0xbb;
}

/* ---- PES header ----------------------------------------------------------------------------------------------- */

void hik_ps_read_pes(const uint8_t *data, size_t len, struct hik_ps_pes *pes)
{
    memset(pes, 0, sizeof *pes);
    if (len < 6)
        return;
    pes->stream_id = data[3];
    pes->length = (uint16_t)read16(data + 4);
    pes->header_length = (uint16_t)len;
    pes->plain = is_plain(pes->stream_id) ||
                 (pes->length == 0 && !(pes->stream_id >= 0xc0 && pes->stream_id <= 0xef) && pes->stream_id != 0xfd);
    if (len == 6) {
        pes->broken = !pes->plain;
        return;
    }
    if ((data[6] & 0xc0) == 0x80) {
        unsigned flags = len >= 9 ? data[7] >> 6 : 0;

        pes->broken = len >= 9 && len != 9u + data[8];
        pes->scrambling = data[6] >> 4 & 3;
        if (flags & 2 && len >= 14) {
            pes->has_pts = true;
            pes->pts_off = 9;
            pes->pts = read_stamp(data + 9);
        }
        if (flags == 3 && len >= 19) {
            pes->has_dts = true;
            pes->dts_off = 14;
            pes->dts = read_stamp(data + 14);
        }
    } else {
        size_t at = 6;

        pes->mpeg1 = true;
        while (at < len && data[at] == 0xff && at < 6 + MPEG1_STUFFING)
            at++;
        if (at < len && (data[at] & 0xc0) == 0x40)
            at += 2;
        if (at + 5 <= len && ((data[at] & 0xf0) == 0x20 || (data[at] & 0xf0) == 0x30)) {
            pes->has_pts = true;
            pes->pts_off = (uint8_t)at;
            pes->pts = read_stamp(data + at);
            if ((data[at] & 0xf0) == 0x30 && at + 10 <= len) {
                pes->has_dts = true;
                pes->dts_off = (uint8_t)(at + 5);
                pes->dts = read_stamp(data + at + 5);
            }
        }
    }
}

/* ---- program stream map --------------------------------------------------------------------------------------- */

/* CRC of ISO/IEC 13818-1 Annex A: polynomial 04C11DB7, start FFFFFFFF, not reflected. */
static uint32_t crc32_mpeg(const uint8_t *data, size_t len)
{
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < len; i++) {
        crc ^= (uint32_t)data[i] << 24;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 0x80000000 ? crc << 1 ^ 0x04c11db7 : crc << 1;
    }
    return crc;
}

/* Entries of the elementary stream map. plain: believe that no entry has descriptors, whatever its length says. */
static bool read_map(const uint8_t *data, struct hik_ps_psm *psm, bool plain)
{
    unsigned at = psm->map_offset;
    unsigned end = at + psm->map_len;
    bool sound = true;

    psm->streams = 0;
    while (at + 4 <= end && psm->streams < HIK_PS_PSM_STREAMS) {
        struct hik_ps_psm_stream *stream = &psm->stream[psm->streams++];
        unsigned info = read16(data + at + 2);

        memset(stream, 0, sizeof *stream);
        stream->offset = (uint16_t)at;
        stream->stream_type = data[at];
        stream->stream_id = data[at + 1];
        if (stream->stream_id < 0xbc)
            sound = false;
        at += 4;
        stream->info_offset = (uint16_t)at;
        if (at + info > end) {
            stream->clipped = true;
            sound = false;
            info = plain ? 0 : end - at;
        } else if (plain) {
            info = 0;
        }
        stream->info_len = (uint16_t)info;
        at += info;
    }
    return plain ? at == end : sound && at == end;
}

void hik_ps_read_psm(const uint8_t *data, size_t len, struct hik_ps_psm *psm)
{
    unsigned room;

    memset(psm, 0, sizeof *psm);
    if (len < 16) {
        psm->problem = "The map is too short to name a stream";
        return;
    }
    psm->current = data[6] & 0x80;
    psm->version = data[6] & 0x1f;
    psm->has_crc = true;
    psm->crc = read32(data + len - 4);
    psm->crc_ok = crc32_mpeg(data, len) == 0;

    psm->info_offset = 10;
    psm->info_len = (uint16_t)read16(data + 8);
    room = (unsigned)len - 4 - 12;
    if (psm->info_len > room) {
        psm->problem = "program_stream_info_length reaches past the end of the map";
        /* taken for wrong, as if there were no descriptors; the entries may still make sense */
        psm->info_len = 0;
    }
    psm->map_len_said = (uint16_t)read16(data + 10 + psm->info_len);
    psm->map_offset = (uint16_t)(12 + psm->info_len);
    psm->map_len = (uint16_t)(len - 4 - psm->map_offset);
    if (psm->map_len_said != psm->map_len && !psm->problem)
        psm->problem = "elementary_stream_map_length does not fit the length of the map";
    if (!read_map(data, psm, false)) {
        struct hik_ps_psm second = *psm;

        if (!psm->problem)
            psm->problem = "elementary_stream_info_length reaches past the end of the map";
        if (read_map(data, &second, true)) {
            second.problem = psm->problem;
            *psm = second;
        }
    }
    if (psm->streams == 0)
        psm->problem = "The map names no stream";
    else if (6u + read16(data + 4) != len)
        psm->problem = "program_stream_map_length reaches into the next header";
}

const char *hik_ps_stream_id_name(uint8_t id)
{
    switch (id) {
    case 0xb9: return "MPEG program end";
    case 0xba: return "Pack header";
    case 0xbb: return "System header";
    case 0xbc: return "Program stream map";
    case 0xbd: return "Private stream 1";
    case 0xbe: return "Padding stream";
    case 0xbf: return "Private stream 2";
    case 0xf0: return "ECM stream";
    case 0xf1: return "EMM stream";
    case 0xf2: return "DSM-CC stream";
    case 0xf3: return "ISO/IEC 13522 stream";
    case 0xf8: return "H.222.1 type E stream";
    case 0xfa: return "SL-packetized stream";
    case 0xfb: return "FlexMux stream";
    case 0xfd: return "Extended stream";
    case 0xff: return "Program stream directory";
    default:
        if (id >= 0xc0 && id <= 0xdf)
            return "Audio stream";
        if (id >= 0xe0 && id <= 0xef)
            return "Video stream";
        if (id >= 0xf4 && id <= 0xf7)
            return "H.222.1 stream";
        return "Reserved stream";
    }
}

/* ---- states kept ------------------------------------------------------------------------------------------------ */

void hik_ps_pack(const struct hik_ps_state *state, struct hik_ps_packed *out)
{
    const size_t fixed = offsetof(struct hik_ps_state, es);
    size_t header_len = state->mode == HIK_PS_HEADER ? state->header_len : 0;
    struct hik_ps_state *kept = &out->state;
    size_t streams = 0;

    /* entries are taken from the front and never given back */
    while (streams < HIK_PS_STREAMS && state->es[streams].stream_id)
        streams++;
    out->left = state->left;
    out->nal_size = 0;
    out->len = (uint16_t)(fixed + streams * sizeof state->es[0] + header_len);
    memcpy(kept, state, fixed + streams * sizeof state->es[0]);
    kept->left = 0;
    kept->header_len = (uint16_t)header_len;
    kept->streams = (uint8_t)streams;
    if (state->video < HIK_PS_STREAMS) {
        out->nal_size = state->es[state->video].nal_size;
        kept->es[state->video].nal_size = 0;
    }
    if (header_len)
        memcpy(out->bytes + fixed + streams * sizeof state->es[0], state->header, header_len);
}

void hik_ps_unpack(const uint8_t *bytes, size_t len, uint32_t nal_size, uint16_t left, struct hik_ps_state *out)
{
    const size_t fixed = offsetof(struct hik_ps_state, es);
    size_t body;

    memset(out, 0, sizeof *out);
    memcpy(out, bytes, fixed);
    body = fixed + out->streams * sizeof out->es[0];
    memcpy(out->es, bytes + fixed, body - fixed);
    memcpy(out->header, bytes + body, len - body);
    out->streams = 0;
    out->left = left;
    if (out->video < HIK_PS_STREAMS)
        out->es[out->video].nal_size = nal_size;
}
