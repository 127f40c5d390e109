/* codecs.c
 * Codecs, NAL units (ITU-T H.264 7.4.1, H.265 7.4.2), sequence parameter sets, and formats by look.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "codecs.h"

#include <string.h>

/* ---- codecs --------------------------------------------------------------------------------------------------- */

static const char *const codec_names[HIK_ES_CODECS] = {
    [HIK_ES_H264] = "H.264", [HIK_ES_H265] = "H.265", [HIK_ES_SVAC_VIDEO] = "SVAC", [HIK_ES_MPEG4] = "MPEG-4",
    [HIK_ES_MPEG1_VIDEO] = "MPEG-1 video", [HIK_ES_MPEG2_VIDEO] = "MPEG-2 video", [HIK_ES_H266] = "H.266",
    [HIK_ES_G711A] = "G.711A", [HIK_ES_G711U] = "G.711U", [HIK_ES_G7221] = "G.722.1", [HIK_ES_G7231] = "G.723.1",
    [HIK_ES_G729] = "G.729", [HIK_ES_G722] = "G.722", [HIK_ES_SVAC_AUDIO] = "SVAC audio", [HIK_ES_AAC] = "AAC",
    [HIK_ES_MPEG_AUDIO] = "MPEG audio", [HIK_ES_OPUS] = "Opus", [HIK_ES_PRIVATE] = "private data",
};

/* Stream types: ISO/IEC 13818-1 table 2-34, and GB/T 28181 annex C from 0x80 on. */
static const struct {
    uint8_t type;
    uint8_t codec;
    const char *name;
} stream_types[] = {
    { 0x01, HIK_ES_MPEG1_VIDEO, "MPEG-1 video" },
    { 0x02, HIK_ES_MPEG2_VIDEO, "MPEG-2 video" },
    { 0x03, HIK_ES_MPEG_AUDIO, "MPEG-1 audio" },
    { 0x04, HIK_ES_MPEG_AUDIO, "MPEG-2 audio" },
    { 0x05, HIK_ES_PRIVATE, "private sections" },
    { 0x06, HIK_ES_PRIVATE, "private PES data" },
    { 0x0f, HIK_ES_AAC, "AAC (ADTS)" },
    { 0x10, HIK_ES_MPEG4, "MPEG-4 video" },
    { 0x11, HIK_ES_AAC, "AAC (LATM)" },
    { 0x1b, HIK_ES_H264, "H.264" },
    { 0x24, HIK_ES_H265, "H.265" },
    { 0x33, HIK_ES_H266, "H.266" },
    { 0x80, HIK_ES_SVAC_VIDEO, "SVAC video" },
    { 0x90, HIK_ES_G711A, "G.711A" },
    { 0x91, HIK_ES_G711U, "G.711U" },
    { 0x92, HIK_ES_G7221, "G.722.1" },
    { 0x93, HIK_ES_G7231, "G.723.1" },
    { 0x96, HIK_ES_G722, "G.722" },
    { 0x99, HIK_ES_G729, "G.729" },
    { 0x9b, HIK_ES_SVAC_AUDIO, "SVAC audio" },
    { 0x9c, HIK_ES_OPUS, "Opus" },
    { 0xbd, HIK_ES_PRIVATE, "Hikvision private data (0xBD)" },
    { 0xbf, HIK_ES_PRIVATE, "Hikvision private data (0xBF)" },
};

const char *hik_es_codec_name(enum hik_es_codec codec)
{
    return (unsigned)codec < HIK_ES_CODECS ? codec_names[codec] : NULL;
}

bool hik_es_is_video(enum hik_es_codec codec)
{
    return codec > HIK_ES_UNKNOWN && codec < HIK_ES_FIRST_AUDIO;
}

bool hik_es_is_audio(enum hik_es_codec codec)
{
    return codec >= HIK_ES_FIRST_AUDIO && codec < HIK_ES_FIRST_OTHER;
}

enum hik_es_codec hik_es_by_stream_type(uint8_t stream_type)
{
    for (size_t i = 0; i < sizeof stream_types / sizeof *stream_types; i++)
        if (stream_types[i].type == stream_type)
            return (enum hik_es_codec)stream_types[i].codec;
    return HIK_ES_UNKNOWN;
}

const char *hik_es_stream_type_name(uint8_t stream_type)
{
    for (size_t i = 0; i < sizeof stream_types / sizeof *stream_types; i++)
        if (stream_types[i].type == stream_type)
            return stream_types[i].name;
    return NULL;
}

/* ---- NAL units ------------------------------------------------------------------------------------------------ */

static const char *const h264_names[32] = {
    [1] = "slice", [2] = "slice partition A", [3] = "slice partition B", [4] = "slice partition C", [5] = "IDR slice",
    [6] = "SEI", [7] = "SPS", [8] = "PPS", [9] = "access unit delimiter", [10] = "end of sequence",
    [11] = "end of stream", [12] = "filler data", [13] = "SPS extension", [14] = "prefix", [15] = "subset SPS",
    [16] = "depth parameter set", [19] = "auxiliary slice", [20] = "slice extension", [21] = "depth slice extension",
};

static const char *const h265_names[64] = {
    [0] = "TRAIL_N slice", [1] = "TRAIL_R slice", [2] = "TSA_N slice", [3] = "TSA_R slice", [4] = "STSA_N slice",
    [5] = "STSA_R slice", [6] = "RADL_N slice", [7] = "RADL_R slice", [8] = "RASL_N slice", [9] = "RASL_R slice",
    [16] = "BLA_W_LP slice", [17] = "BLA_W_RADL slice", [18] = "BLA_N_LP slice", [19] = "IDR_W_RADL slice",
    [20] = "IDR_N_LP slice", [21] = "CRA slice", [32] = "VPS", [33] = "SPS", [34] = "PPS",
    [35] = "access unit delimiter", [36] = "end of sequence", [37] = "end of bitstream", [38] = "filler data",
    [39] = "SEI prefix", [40] = "SEI suffix",
};

uint8_t hik_nal_type(enum hik_es_codec codec, uint8_t first)
{
    return codec == HIK_ES_H265 ? first >> 1 & 0x3f : first & 0x1f;
}

const char *hik_nal_name(enum hik_es_codec codec, uint8_t type)
{
    const char *name = NULL;

    if (codec == HIK_ES_H264 && type < 32)
        name = h264_names[type];
    else if (codec == HIK_ES_H265 && type < 64)
        name = h265_names[type];
    return name ? name : "reserved";
}

bool hik_nal_is_parameter_set(enum hik_es_codec codec, uint8_t type)
{
    return codec == HIK_ES_H264 ? type == 7 || type == 8 : codec == HIK_ES_H265 && type >= 32 && type <= 34;
}

bool hik_nal_is_sps(enum hik_es_codec codec, uint8_t type)
{
    return codec == HIK_ES_H264 ? type == 7 : codec == HIK_ES_H265 && type == 33;
}

bool hik_nal_is_slice(enum hik_es_codec codec, uint8_t type)
{
    return codec == HIK_ES_H264 ? type == 1 || type == 2 || type == 5 : codec == HIK_ES_H265 && type < 32;
}

bool hik_nal_is_key(enum hik_es_codec codec, uint8_t type)
{
    return codec == HIK_ES_H264 ? type == 5 : codec == HIK_ES_H265 && type >= 16 && type <= 21;
}

bool hik_nal_is_delimiter(enum hik_es_codec codec, uint8_t type)
{
    return codec == HIK_ES_H264 ? type == 9 : codec == HIK_ES_H265 && type == 35;
}

bool hik_nal_is_before_picture(enum hik_es_codec codec, uint8_t type)
{
    if (codec == HIK_ES_H264)
        return (type >= 6 && type <= 9) || (type >= 14 && type <= 18);
    return codec == HIK_ES_H265 &&
           ((type >= 32 && type <= 35) || type == 39 || (type >= 41 && type <= 44) || (type >= 48 && type <= 55));
}

enum hik_es_codec hik_nal_guess(uint8_t first, uint8_t second)
{
    static const uint8_t h264_profiles[] = { 66, 77, 83, 86, 88, 100, 110, 118, 122, 128, 244, 44 };

    if (first & 0x80)
        return HIK_ES_UNKNOWN;
    if (first & 1) {
        /* In H.265 the low bit is the top of nuh_layer_id: never set in practice. */
        unsigned type = first & 0x1f;

        if (type == 7 && first & 0x60)
            return memchr(h264_profiles, second, sizeof h264_profiles) ? HIK_ES_H264 : HIK_ES_UNKNOWN;
        /* slices: first_mb_in_slice = 0, and a reference picture if it is IDR */
        if ((type == 5 && first & 0x60 && second & 0x80) || (type == 1 && second & 0x80))
            return HIK_ES_H264;
        return HIK_ES_UNKNOWN;
    }
    if (second != 1)
        return HIK_ES_UNKNOWN;
    /* Layer 0, temporal layer 0. Each of these would break a rule of H.264 (nal_ref_idc, types in use, a picture
     * parameter set numbered above 100). */
    switch (first >> 1) {
    case 1: case 19: case 20: case 21: case 32: case 33: case 34: case 35: case 39:
        return HIK_ES_H265;
    default:
        return HIK_ES_UNKNOWN;
    }
}

/* ---- sequence parameter sets ---------------------------------------------------------------------------------- */

enum { SPS_MAX = 1024 };
/* Parameter sets are numbered from 0 on. */
#define MAX_SET 3

struct bits {
    uint8_t data[SPS_MAX];
    unsigned at, end;       /* in bits */
    bool over;              /* asked for more than there is, or nonsense met */
};

static void bits_open(struct bits *b, const uint8_t *nal, size_t len)
{
    unsigned n = 0;
    unsigned zeros = 0;

    for (size_t i = 0; i < len && n < SPS_MAX; i++) {
        if (zeros >= 2 && nal[i] == 3) {
            zeros = 0;
            continue;
        }
        zeros = nal[i] ? 0 : zeros + 1;
        b->data[n++] = nal[i];
    }
    b->at = 0;
    b->end = n * 8;
    b->over = false;
}

static uint32_t take(struct bits *b, unsigned n)
{
    uint32_t value = 0;

    if (n > b->end - b->at) {
        b->over = true;
        b->at = b->end;
        return 0;
    }
    while (n--) {
        value = value << 1 | (b->data[b->at >> 3] >> (7 - (b->at & 7)) & 1);
        b->at++;
    }
    return value;
}

static void skip(struct bits *b, unsigned n)
{
    if (n > b->end - b->at) {
        b->over = true;
        n = b->end - b->at;
    }
    b->at += n;
}

/* Unsigned Exp-Golomb; more than max is nonsense. */
static uint32_t read_ue(struct bits *b, uint32_t max)
{
    unsigned zeros = 0;
    uint32_t value;

    while (!b->over && take(b, 1) == 0)
        zeros++;
    if (b->over || zeros > 31) {
        b->over = true;
        return 0;
    }
    value = (uint32_t)((1u << zeros) - 1 + take(b, zeros));
    if (value > max) {
        b->over = true;
        return 0;
    }
    return value;
}

/* Signed Exp-Golomb. */
static int32_t read_se(struct bits *b)
{
    uint32_t value = read_ue(b, 0xfffffffe);

    return value & 1 ? (int32_t)(value / 2 + 1) : -(int32_t)(value / 2);
}

int hik_nal_first_slice(enum hik_es_codec codec, const uint8_t *nal, size_t len)
{
    enum { LOOKED_AT = 4 }; /* bytes of the header: what is asked for has at most 21 bits */
    size_t header = codec == HIK_ES_H265 ? 2 : 1;
    struct bits b;
    unsigned type, kind;

    if (len < header + LOOKED_AT)
        return 0;
    type = hik_nal_type(codec, nal[0]);
    if (!hik_nal_is_slice(codec, (uint8_t)type))
        return 0;
    bits_open(&b, nal + header, LOOKED_AT);
    if (!take(&b, 1)) /* first_mb_in_slice 0; first_slice_segment_in_pic_flag */
        return -1;
    if (codec == HIK_ES_H265) {
        if (type >= 16)
            skip(&b, 1);
        read_ue(&b, MAX_SET);
        kind = read_ue(&b, 2);
        return !b.over && (type < 16 || kind == 2) ? 1 : -1;
    }
    kind = read_ue(&b, 7);
    read_ue(&b, MAX_SET);
    return !b.over && kind % 5 <= 2 && (type != 5 || kind % 5 == 2) ? 1 : -1;
}

static void h264_scaling_lists(struct bits *b, unsigned lists)
{
    for (unsigned i = 0; i < lists && !b->over; i++) {
        int32_t last = 8, next = 8;

        if (!take(b, 1))
            continue;
        for (unsigned j = 0; j < (i < 6 ? 16u : 64u) && !b->over; j++) {
            if (next)
                next = (last + read_se(b)) & 0xff;
            if (next)
                last = next;
        }
    }
}

static bool set_size(struct hik_sps *sps, uint32_t width, uint32_t height, uint64_t crop_x, uint64_t crop_y)
{
    if (width == 0 || height == 0 || width > 65535 || height > 65535)
        return false;
    if (crop_x < width && crop_y < height) {
        width -= (uint32_t)crop_x;
        height -= (uint32_t)crop_y;
    }
    sps->width = (uint16_t)width;
    sps->height = (uint16_t)height;
    return true;
}

static void set_rate(struct hik_sps *sps, uint32_t units, uint32_t scale, unsigned per_frame)
{
    double rate = units ? (double)scale / units / per_frame : 0;

    if (rate >= 0.01 && rate <= 1000)
        sps->frame_rate = rate;
}

/* VUI up to the timing, common to both codecs as far as it goes. */
static void vui_start(struct bits *b)
{
    if (take(b, 1) && take(b, 8) == 255)
        skip(b, 32);            /* sample aspect ratio */
    if (take(b, 1))
        skip(b, 1);             /* overscan */
    if (take(b, 1)) {
        skip(b, 4);             /* video format, full range */
        if (take(b, 1))
            skip(b, 24);        /* colours */
    }
    if (take(b, 1)) {           /* chroma location */
        read_ue(b, 5);
        read_ue(b, 5);
    }
}

static bool h264_sps(struct bits *b, struct hik_sps *sps)
{
    uint32_t chroma = 1, width, height, field_factor, left = 0, right = 0, top = 0, bottom = 0;
    bool separate = false;

    skip(b, 8);
    sps->profile = (uint8_t)take(b, 8);
    skip(b, 8);
    sps->level = (uint8_t)take(b, 8);
    read_ue(b, 31);
    switch (sps->profile) {
    case 100: case 110: case 122: case 244: case 44: case 83: case 86: case 118: case 128: case 138: case 139: case 134:
    case 135:
        chroma = read_ue(b, 3);
        if (chroma == 3)
            separate = take(b, 1);
        read_ue(b, 6);
        read_ue(b, 6);
        skip(b, 1);
        if (take(b, 1))
            h264_scaling_lists(b, chroma == 3 ? 12 : 8);
        break;
    default:
        break;
    }
    read_ue(b, 12);
    switch (read_ue(b, 2)) {
    case 0:
        read_ue(b, 12);
        break;
    case 1: {
        uint32_t cycle;

        skip(b, 1);
        read_se(b);
        read_se(b);
        cycle = read_ue(b, 255);
        while (cycle-- && !b->over)
            read_se(b);
        break;
    }
    default:
        break;
    }
    read_ue(b, 16);
    skip(b, 1);
    width = (read_ue(b, 4095) + 1) * 16;
    height = (read_ue(b, 4095) + 1) * 16;
    field_factor = 2 - take(b, 1);
    height *= field_factor;
    if (field_factor == 2)
        skip(b, 1);
    skip(b, 1);
    if (take(b, 1)) {
        left = read_ue(b, 65535);
        right = read_ue(b, 65535);
        top = read_ue(b, 65535);
        bottom = read_ue(b, 65535);
    }
    if (b->over)
        return false;
    if (separate)
        chroma = 0;
    if (!set_size(sps, width, height, (uint64_t)(left + right) * (chroma == 1 || chroma == 2 ? 2 : 1),
                  (uint64_t)(top + bottom) * (chroma == 1 ? 2 : 1) * field_factor))
        return false;
    if (take(b, 1)) {
        vui_start(b);
        if (take(b, 1)) {
            uint32_t units = take(b, 32), scale = take(b, 32);

            if (!b->over)
                set_rate(sps, units, scale, 2);
        }
    }
    return true;
}

static void h265_profile(struct bits *b, struct hik_sps *sps, unsigned sub_layers)
{
    bool profile[8] = { false }, level[8] = { false };

    skip(b, 3);
    sps->profile = (uint8_t)take(b, 5);
    skip(b, 80);
    sps->level = (uint8_t)take(b, 8);
    for (unsigned i = 0; i < sub_layers; i++) {
        profile[i] = take(b, 1);
        level[i] = take(b, 1);
    }
    if (sub_layers)
        skip(b, 2 * (8 - sub_layers));
    for (unsigned i = 0; i < sub_layers; i++)
        skip(b, (profile[i] ? 88u : 0) + (level[i] ? 8u : 0));
}

static void h265_scaling_lists(struct bits *b)
{
    for (unsigned size = 0; size < 4; size++) {
        for (unsigned i = 0; i < 6 && !b->over; i += size == 3 ? 3 : 1) {
            if (!take(b, 1)) {
                read_ue(b, 6);
            } else {
                unsigned n = size == 0 ? 16 : 64;

                if (size > 1)
                    read_se(b);
                while (n-- && !b->over)
                    read_se(b);
            }
        }
    }
}

static void h265_reference_sets(struct bits *b)
{
    uint32_t sets = read_ue(b, 64);
    unsigned pictures[65] = { 0 };

    for (uint32_t i = 0; i < sets && !b->over; i++) {
        if (i && take(b, 1)) {
            unsigned n = 0;

            skip(b, 1);
            read_ue(b, 32767);
            for (unsigned j = 0; j <= pictures[i - 1] && !b->over; j++) {
                bool used = take(b, 1);

                if (used || take(b, 1))
                    n++;
            }
            pictures[i] = n;
        } else {
            uint32_t negative = read_ue(b, 16), positive = read_ue(b, 16);

            pictures[i] = negative + positive;
            for (unsigned j = 0; j < pictures[i] && !b->over; j++) {
                read_ue(b, 32767);
                skip(b, 1);
            }
        }
    }
}

static bool h265_sps(struct bits *b, struct hik_sps *sps)
{
    uint32_t chroma, width, height, left = 0, right = 0, top = 0, bottom = 0, poc_bits;
    unsigned sub_layers;
    bool separate = false;

    skip(b, 16 + 4);
    sub_layers = take(b, 3);
    if (sub_layers > 6)
        return false;
    skip(b, 1);
    h265_profile(b, sps, sub_layers);
    read_ue(b, 15);
    chroma = read_ue(b, 3);
    if (chroma == 3)
        separate = take(b, 1);
    width = read_ue(b, 65535);
    height = read_ue(b, 65535);
    if (take(b, 1)) {
        left = read_ue(b, 65535);
        right = read_ue(b, 65535);
        top = read_ue(b, 65535);
        bottom = read_ue(b, 65535);
    }
    if (b->over)
        return false;
    if (separate)
        chroma = 0;
    if (!set_size(sps, width, height, (uint64_t)(left + right) * (chroma == 1 || chroma == 2 ? 2 : 1),
                  (uint64_t)(top + bottom) * (chroma == 1 ? 2 : 1)))
        return false;

    read_ue(b, 8);
    read_ue(b, 8);
    poc_bits = read_ue(b, 12) + 4;
    for (unsigned i = take(b, 1) ? 0 : sub_layers; i <= sub_layers; i++) {
        read_ue(b, 16);
        read_ue(b, 16);
        read_ue(b, 0xfffffffe);
    }
    for (unsigned i = 0; i < 6; i++)
        read_ue(b, 16);
    if (take(b, 1) && take(b, 1))
        h265_scaling_lists(b);
    skip(b, 2);
    if (take(b, 1)) {
        skip(b, 8);
        read_ue(b, 8);
        read_ue(b, 8);
        skip(b, 1);
    }
    h265_reference_sets(b);
    if (take(b, 1)) {
        uint32_t n = read_ue(b, 32);

        while (n-- && !b->over)
            skip(b, poc_bits + 1);
    }
    skip(b, 2);
    if (take(b, 1)) {
        vui_start(b);
        skip(b, 3);
        if (take(b, 1)) {       /* default display window */
            for (unsigned i = 0; i < 4; i++)
                read_ue(b, 65535);
        }
        if (take(b, 1)) {
            uint32_t units = take(b, 32), scale = take(b, 32);

            if (!b->over)
                set_rate(sps, units, scale, 1);
        }
    }
    return true;
}

bool hik_sps_read(enum hik_es_codec codec, const uint8_t *nal, size_t len, struct hik_sps *sps)
{
    struct bits b;

    memset(sps, 0, sizeof *sps);
    if (len < 4 || !hik_nal_is_sps(codec, hik_nal_type(codec, nal[0])))
        return false;
    bits_open(&b, nal, len);
    return codec == HIK_ES_H264 ? h264_sps(&b, sps) : h265_sps(&b, sps);
}

bool hik_sps_is_sound(enum hik_es_codec codec, const uint8_t *nal, size_t len)
{
    static const uint8_t h264_profiles[] = { 66, 77, 83, 86, 88, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244, 44 };
    static const uint8_t h264_levels[] = { 9, 10, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52, 60, 61, 62 };
    struct hik_sps sps;

    if (!hik_sps_read(codec, nal, len, &sps))
        return false;
    if (codec == HIK_ES_H264)
        return memchr(h264_profiles, sps.profile, sizeof h264_profiles) && memchr(h264_levels, sps.level, sizeof h264_levels) &&
               (nal[2] & 3) == 0;
    return sps.profile >= 1 && sps.profile <= 11 && sps.level >= 30 && sps.level <= 186 && sps.level % 3 == 0;
}

bool hik_sei_is_recovery_point(const uint8_t *nal, size_t len)
{
    struct bits b;

    if (len < 3 || hik_nal_type(HIK_ES_H264, nal[0]) != 6)
        return false;
    bits_open(&b, nal, len);
    skip(&b, 8);
    /* messages, until no more than the stop bit is left */
    while (b.end - b.at > 16) {
        uint32_t type = 0, size = 0, byte;

        do
            type += byte = take(&b, 8);
        while (byte == 255 && !b.over);
        do
            size += byte = take(&b, 8);
        while (byte == 255 && !b.over);
        if (b.over)
            return false;
        if (type == 6)
            return size > 0 && size <= 8;
        skip(&b, size * 8);
        if (b.over)
            return false;
    }
    return false;
}

bool hik_es_is_adts(const uint8_t *data, size_t len, bool partial)
{
    size_t at = 0;
    unsigned frames = 0;

    while (at + 7 <= len) {
        size_t frame;

        if (data[at] != 0xff || (data[at + 1] & 0xf6) != 0xf0 || (data[at + 2] >> 2 & 15) > 12)
            return false;
        frame = (size_t)(data[at + 3] & 3) << 11 | (size_t)data[at + 4] << 3 | data[at + 5] >> 5;
        if (frame < 8)
            return false;
        frames++;
        at += frame;
    }
    return partial ? frames >= 2 : frames && at == len;
}
