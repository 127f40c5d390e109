/* mp2p-psm.c
 * The program stream map in the tree (ISO/IEC 13818-1, 2.5.4), with the descriptors Hikvision puts into it: tags 0x40 to
 * 0x45, as far as their layout is known.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mp2p-psm.h"

#include "mpeg-ps.h"

static int hf_mp2p_psm = -1, hf_mp2p_psm_version = -1, hf_mp2p_psm_current = -1, hf_mp2p_psm_stream = -1, hf_mp2p_psm_stream_type = -1,
           hf_mp2p_psm_stream_id = -1, hf_mp2p_psm_descriptor = -1, hf_mp2p_psm_crc = -1, hf_mp2p_psm_rest = -1;
static int hf_mp2p_d_tag = -1, hf_mp2p_d_length = -1, hf_mp2p_d_company = -1, hf_mp2p_d_version = -1, hf_mp2p_d_time = -1, hf_mp2p_d_encrypt = -1,
           hf_mp2p_d_device = -1, hf_mp2p_d_width = -1, hf_mp2p_d_height = -1, hf_mp2p_d_interlace = -1, hf_mp2p_d_bframes = -1,
           hf_mp2p_d_svc = -1, hf_mp2p_d_eframe = -1, hf_mp2p_d_max_ref = -1, hf_mp2p_d_watermark = -1, hf_mp2p_d_interval = -1,
           hf_mp2p_d_fixed = -1, hf_mp2p_d_frame_length = -1, hf_mp2p_d_stereo = -1, hf_mp2p_d_sample_rate = -1, hf_mp2p_d_bit_rate = -1,
           hf_mp2p_d_x = -1, hf_mp2p_d_y = -1, hf_mp2p_d_video_type = -1, hf_mp2p_d_audio_type = -1, hf_mp2p_d_frame = -1, hf_mp2p_d_data = -1;
static int ett_mp2p_psm = -1, ett_mp2p_psm_stream = -1, ett_mp2p_descriptor = -1;
static expert_field ei_mp2p_psm_broken = EI_INIT, ei_mp2p_psm_crc = EI_INIT;

const range_string hik_mp2p_stream_ids[] = {
    {0xb9, 0xb9, "MPEG program end"},
    {0xba, 0xba, "Pack header"},
    {0xbb, 0xbb, "System header"},
    {0xbc, 0xbc, "Program stream map"},
    {0xbd, 0xbd, "Private stream 1"},
    {0xbe, 0xbe, "Padding stream"},
    {0xbf, 0xbf, "Private stream 2"},
    {0xc0, 0xdf, "Audio stream"},
    {0xe0, 0xef, "Video stream"},
    {0xf0, 0xf0, "ECM stream"},
    {0xf1, 0xf1, "EMM stream"},
    {0xf2, 0xf2, "DSM-CC stream"},
    {0xf3, 0xf3, "ISO/IEC 13522 stream"},
    {0xf4, 0xf8, "H.222.1 stream"},
    {0xfa, 0xfa, "SL-packetized stream"},
    {0xfb, 0xfb, "FlexMux stream"},
    {0xfd, 0xfd, "Extended stream"},
    {0xff, 0xff, "Program stream directory"},
    {0, 0, NULL},
};

static const value_string stream_types[] = {
    {0x01, "MPEG-1 video"}, {0x02, "MPEG-2 video"}, {0x03, "MPEG-1 audio"}, {0x04, "MPEG-2 audio"}, {0x05, "Private sections"},
    {0x06, "Private PES data"}, {0x0f, "AAC (ADTS)"}, {0x10, "MPEG-4 video"}, {0x11, "AAC (LATM)"}, {0x1b, "H.264"}, {0x24, "H.265"},
    {0x33, "H.266"}, {0x80, "SVAC video"}, {0x90, "G.711A"}, {0x91, "G.711U"}, {0x92, "G.722.1"}, {0x93, "G.723.1"}, {0x96, "G.722"},
    {0x99, "G.729"}, {0x9b, "SVAC audio"}, {0x9c, "Opus"}, {0xbd, "Hikvision private data (0xBD)"}, {0xbf, "Hikvision private data (0xBF)"},
    {0, NULL},
};

static const value_string descriptor_tags[] = {
    {0x02, "Video stream"}, {0x03, "Audio stream"}, {0x05, "Registration"}, {0x0a, "ISO 639 language"}, {0x28, "AVC video"},
    {0x2a, "AVC timing and HRD"}, {0x38, "HEVC video"}, {0x40, "Hikvision basic"}, {0x41, "Hikvision device"}, {0x42, "Hikvision video"},
    {0x43, "Hikvision audio"}, {0x44, "Hikvision video clip"}, {0x45, "Hikvision stream"}, {0x80, "Encryption"},
    {0, NULL},
};

/* Hikvision basic (0x40): when the stream was made. */
static void show_basic(proto_tree *tree, tvbuff_t *tvb, packet_info *pinfo, int at, const uint8_t *d)
{
    uint64_t bits = (uint64_t)d[7] << 32 | (uint64_t)d[8] << 24 | (uint64_t)d[9] << 16 | (uint64_t)d[10] << 8 | d[11];
    unsigned month = (unsigned)(bits >> 36) & 15, day = (unsigned)(bits >> 31) & 31, hour = (unsigned)(bits >> 26) & 31;
    unsigned minute = (unsigned)(bits >> 20) & 63, second = (unsigned)(bits >> 14) & 63, ms = (unsigned)(bits >> 4) & 1023;

    proto_tree_add_item(tree, hf_mp2p_d_company, tvb, at + 2, 2, ENC_BIG_ENDIAN);
    proto_tree_add_item(tree, hf_mp2p_d_version, tvb, at + 4, 2, ENC_BIG_ENDIAN);
    proto_tree_add_string(tree, hf_mp2p_d_time, tvb, at + 6, 6,
                          wmem_strdup_printf(pinfo->pool, "%04u-%02u-%02u %02u:%02u:%02u.%03u", 2000u + d[6], month, day, hour, minute,
                                             second, ms));
    proto_tree_add_uint(tree, hf_mp2p_d_encrypt, tvb, at + 11, 1, (uint32_t)(bits >> 1) & 7);
    proto_tree_add_item(tree, hf_mp2p_d_data, tvb, at + 12, 4, ENC_NA);
}

/* Hikvision video (0x42). The encoder's date is no fact: published samples say 2080. */
static void show_video(proto_tree *tree, tvbuff_t *tvb, int at, const uint8_t *d)
{
    uint32_t interval = (uint32_t)d[13] << 15 | (uint32_t)d[14] << 7 | d[15] >> 1;
    proto_item *item;

    proto_tree_add_item(tree, hf_mp2p_d_version, tvb, at + 2, 2, ENC_BIG_ENDIAN);
    proto_tree_add_item(tree, hf_mp2p_d_data, tvb, at + 4, 2, ENC_NA);
    proto_tree_add_item(tree, hf_mp2p_d_width, tvb, at + 6, 2, ENC_BIG_ENDIAN);
    proto_tree_add_item(tree, hf_mp2p_d_height, tvb, at + 8, 2, ENC_BIG_ENDIAN);
    proto_tree_add_boolean(tree, hf_mp2p_d_interlace, tvb, at + 10, 1, d[10]);
    proto_tree_add_uint(tree, hf_mp2p_d_bframes, tvb, at + 10, 1, d[10]);
    proto_tree_add_boolean(tree, hf_mp2p_d_svc, tvb, at + 10, 1, d[10]);
    proto_tree_add_boolean(tree, hf_mp2p_d_eframe, tvb, at + 10, 1, d[10]);
    proto_tree_add_uint(tree, hf_mp2p_d_max_ref, tvb, at + 10, 1, d[10]);
    proto_tree_add_uint(tree, hf_mp2p_d_watermark, tvb, at + 11, 1, d[11]);
    proto_tree_add_item(tree, hf_mp2p_d_data, tvb, at + 12, 1, ENC_NA);
    item = proto_tree_add_uint(tree, hf_mp2p_d_interval, tvb, at + 13, 3, interval);
    if (interval)
        proto_item_append_text(item, " (%.2f frames/s)", 90000.0 / interval);
    proto_tree_add_boolean(tree, hf_mp2p_d_fixed, tvb, at + 15, 1, d[15]);
}

static void show_audio(proto_tree *tree, tvbuff_t *tvb, int at, const uint8_t *d)
{
    proto_tree_add_item(tree, hf_mp2p_d_frame_length, tvb, at + 2, 2, ENC_BIG_ENDIAN);
    proto_tree_add_boolean(tree, hf_mp2p_d_stereo, tvb, at + 4, 1, d[4]);
    proto_tree_add_uint(tree, hf_mp2p_d_sample_rate, tvb, at + 5, 3, ((uint32_t)d[5] << 16 | (uint32_t)d[6] << 8 | d[7]) >> 2);
    proto_tree_add_uint(tree, hf_mp2p_d_bit_rate, tvb, at + 8, 3, ((uint32_t)d[8] << 16 | (uint32_t)d[9] << 8 | d[10]) >> 2);
    proto_tree_add_item(tree, hf_mp2p_d_data, tvb, at + 11, 1, ENC_NA);
}

/* One descriptor of len bytes, tag and length included. */
static void show_descriptor(proto_tree *tree, tvbuff_t *tvb, packet_info *pinfo, int at, const uint8_t *d, unsigned len)
{
    proto_item *item = proto_tree_add_item(tree, hf_mp2p_psm_descriptor, tvb, at, (int)len, ENC_NA);
    proto_tree *sub = proto_item_add_subtree(item, ett_mp2p_descriptor);

    proto_tree_add_uint(sub, hf_mp2p_d_tag, tvb, at, 1, d[0]);
    if (len < 2)
        return;
    proto_item_append_text(item, " (%s)", val_to_str_const(d[0], descriptor_tags, "unknown"));
    proto_tree_add_uint(sub, hf_mp2p_d_length, tvb, at + 1, 1, d[1]);
    if (d[0] == 0x40 && len == 16) {
        show_basic(sub, tvb, pinfo, at, d);
    } else if (d[0] == 0x41 && len == 20) {
        proto_tree_add_item(sub, hf_mp2p_d_company, tvb, at + 2, 2, ENC_BIG_ENDIAN);
        proto_tree_add_item(sub, hf_mp2p_d_device, tvb, at + 4, 16, ENC_NA);
    } else if (d[0] == 0x42 && len == 16) {
        show_video(sub, tvb, at, d);
    } else if (d[0] == 0x43 && len == 12) {
        show_audio(sub, tvb, at, d);
    } else if (d[0] == 0x44 && len == 12) {
        proto_tree_add_item(sub, hf_mp2p_d_x, tvb, at + 2, 2, ENC_BIG_ENDIAN);
        proto_tree_add_item(sub, hf_mp2p_d_y, tvb, at + 4, 2, ENC_BIG_ENDIAN);
        proto_tree_add_item(sub, hf_mp2p_d_width, tvb, at + 6, 2, ENC_BIG_ENDIAN);
        proto_tree_add_item(sub, hf_mp2p_d_height, tvb, at + 8, 2, ENC_BIG_ENDIAN);
        proto_tree_add_item(sub, hf_mp2p_d_data, tvb, at + 10, 2, ENC_NA);
    } else if (d[0] == 0x45 && len == 12) {
        proto_tree_add_item(sub, hf_mp2p_d_video_type, tvb, at + 2, 1, ENC_BIG_ENDIAN);
        proto_tree_add_item(sub, hf_mp2p_d_audio_type, tvb, at + 3, 1, ENC_BIG_ENDIAN);
        proto_tree_add_item(sub, hf_mp2p_d_frame, tvb, at + 4, 4, ENC_BIG_ENDIAN);
        proto_tree_add_item(sub, hf_mp2p_d_data, tvb, at + 8, 4, ENC_NA);
    } else if (len > 2) {
        proto_tree_add_item(sub, hf_mp2p_d_data, tvb, at + 2, (int)len - 2, ENC_NA);
    }
}

/* A loop of descriptors; the last one is cut where the loop ends. */
static void show_descriptors(proto_tree *tree, tvbuff_t *tvb, packet_info *pinfo, int at, const uint8_t *data, unsigned len)
{
    unsigned i = 0;

    while (i < len) {
        unsigned n = len - i < 2 ? 1 : 2u + data[i + 1];

        if (n > len - i)
            n = len - i;
        show_descriptor(tree, tvb, pinfo, at + (int)i, data + i, n);
        i += n;
    }
}

proto_item *hik_mp2p_psm_tree(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, int at, const uint8_t *data, uint32_t len)
{
    proto_item *top = proto_tree_add_item(tree, hf_mp2p_psm, tvb, at, (int)len, ENC_NA), *item = top;
    proto_tree *ours = proto_item_add_subtree(item, ett_mp2p_psm);
    struct hik_ps_psm psm;
    unsigned end;

    hik_ps_read_psm(data, len, &psm);
    if (psm.problem)
        expert_add_info_format(pinfo, item, &ei_mp2p_psm_broken, "The program stream map is broken: %s", psm.problem);
    if (len < 16) {
        if (len > 6)
            proto_tree_add_item(ours, hf_mp2p_psm_rest, tvb, at + 6, (int)len - 6, ENC_NA);
        return top;
    }
    proto_tree_add_boolean(ours, hf_mp2p_psm_current, tvb, at + 6, 1, data[6]);
    proto_tree_add_uint(ours, hf_mp2p_psm_version, tvb, at + 6, 1, data[6]);
    show_descriptors(ours, tvb, pinfo, at + psm.info_offset, data + psm.info_offset, psm.info_len);
    end = psm.map_offset;
    for (unsigned i = 0; i < psm.streams; i++) {
        const struct hik_ps_psm_stream *stream = &psm.stream[i];
        const char *name = hik_es_stream_type_name(stream->stream_type);
        proto_item *entry = proto_tree_add_none_format(ours, hf_mp2p_psm_stream, tvb, at + stream->offset, 4 + stream->info_len,
                                                       "%s (0x%02x): %s (0x%02x)", hik_ps_stream_id_name(stream->stream_id), stream->stream_id,
                                                       name ? name : "unknown", stream->stream_type);
        proto_tree *sub = proto_item_add_subtree(entry, ett_mp2p_psm_stream);

        proto_tree_add_uint(sub, hf_mp2p_psm_stream_type, tvb, at + stream->offset, 1, stream->stream_type);
        proto_tree_add_uint(sub, hf_mp2p_psm_stream_id, tvb, at + stream->offset + 1, 1, stream->stream_id);
        show_descriptors(sub, tvb, pinfo, at + stream->info_offset, data + stream->info_offset, stream->info_len);
        proto_item_append_text(item, "%s%s", i ? " + " : ": ", name ? name : "unknown");
        end = stream->info_offset + (unsigned)stream->info_len;
    }
    if (end + 4 < len)
        proto_tree_add_item(ours, hf_mp2p_psm_rest, tvb, at + (int)end, (int)(len - 4 - end), ENC_NA);
    item = proto_tree_add_uint(ours, hf_mp2p_psm_crc, tvb, at + (int)len - 4, 4, psm.crc);
    proto_item_append_text(item, psm.crc_ok ? " (right)" : " (wrong)");
    if (!psm.crc_ok)
        expert_add_info(pinfo, item, &ei_mp2p_psm_crc);
    return top;
}

void hik_mp2p_psm_register(int proto)
{
    static hf_register_info fields[] = {
        {&hf_mp2p_psm, {"Program stream map", "mp2p.psm", FT_NONE, BASE_NONE, NULL, 0, "ISO/IEC 13818-1, 2.5.4", HFILL}},
        {&hf_mp2p_psm_current, {"Valid now", "mp2p.psm.current", FT_BOOLEAN, 8, NULL, 0x80, NULL, HFILL}},
        {&hf_mp2p_psm_version, {"Version", "mp2p.psm.version", FT_UINT8, BASE_DEC, NULL, 0x1f, NULL, HFILL}},
        {&hf_mp2p_psm_stream, {"Stream", "mp2p.psm.stream", FT_NONE, BASE_NONE, NULL, 0, NULL, HFILL}},
        {&hf_mp2p_psm_stream_type, {"Stream type", "mp2p.psm.stream_type", FT_UINT8, BASE_HEX, VALS(stream_types), 0, NULL, HFILL}},
        {&hf_mp2p_psm_stream_id, {"Stream ID", "mp2p.psm.stream_id", FT_UINT8, BASE_HEX | BASE_RANGE_STRING, RVALS(hik_mp2p_stream_ids), 0,
                                  NULL, HFILL}},
        {&hf_mp2p_psm_descriptor, {"Descriptor", "mp2p.psm.descriptor", FT_BYTES, BASE_NONE, NULL, 0, NULL, HFILL}},
        {&hf_mp2p_psm_crc, {"CRC", "mp2p.psm.crc", FT_UINT32, BASE_HEX, NULL, 0, NULL, HFILL}},
        {&hf_mp2p_psm_rest, {"Rest of the map", "mp2p.psm.rest", FT_BYTES, BASE_NONE, NULL, 0, "Bytes that no entry accounts for", HFILL}},
        {&hf_mp2p_d_tag, {"Tag", "mp2p.psm.descriptor.tag", FT_UINT8, BASE_HEX, VALS(descriptor_tags), 0, NULL, HFILL}},
        {&hf_mp2p_d_length, {"Length", "mp2p.psm.descriptor.length", FT_UINT8, BASE_DEC, NULL, 0, NULL, HFILL}},
        {&hf_mp2p_d_company, {"Company mark", "mp2p.psm.descriptor.company", FT_UINT16, BASE_HEX, NULL, 0, "0x484b: HK", HFILL}},
        {&hf_mp2p_d_version, {"Version", "mp2p.psm.descriptor.version", FT_UINT16, BASE_HEX, NULL, 0, NULL, HFILL}},
        {&hf_mp2p_d_time, {"Time", "mp2p.psm.descriptor.time", FT_STRING, BASE_NONE, NULL, 0, "The device's local time", HFILL}},
        {&hf_mp2p_d_encrypt, {"Encryption", "mp2p.psm.descriptor.encrypt", FT_UINT8, BASE_DEC, NULL, 0, NULL, HFILL}},
        {&hf_mp2p_d_device, {"Device or channel ID", "mp2p.psm.descriptor.device", FT_BYTES, BASE_NONE, NULL, 0, NULL, HFILL}},
        {&hf_mp2p_d_width, {"Width", "mp2p.psm.descriptor.width", FT_UINT16, BASE_DEC, NULL, 0, NULL, HFILL}},
        {&hf_mp2p_d_height, {"Height", "mp2p.psm.descriptor.height", FT_UINT16, BASE_DEC, NULL, 0, NULL, HFILL}},
        {&hf_mp2p_d_interlace, {"Interlaced", "mp2p.psm.descriptor.interlace", FT_BOOLEAN, 8, NULL, 0x80, NULL, HFILL}},
        {&hf_mp2p_d_bframes, {"B frames", "mp2p.psm.descriptor.b_frames", FT_UINT8, BASE_DEC, NULL, 0x60, NULL, HFILL}},
        {&hf_mp2p_d_svc, {"SVC", "mp2p.psm.descriptor.svc", FT_BOOLEAN, 8, NULL, 0x10, NULL, HFILL}},
        {&hf_mp2p_d_eframe, {"E frames", "mp2p.psm.descriptor.e_frames", FT_BOOLEAN, 8, NULL, 0x08, NULL, HFILL}},
        {&hf_mp2p_d_max_ref, {"Reference frames", "mp2p.psm.descriptor.max_ref", FT_UINT8, BASE_DEC, NULL, 0x07, NULL, HFILL}},
        {&hf_mp2p_d_watermark, {"Watermark", "mp2p.psm.descriptor.watermark", FT_UINT8, BASE_DEC, NULL, 0xe0, NULL, HFILL}},
        {&hf_mp2p_d_interval, {"Frame interval", "mp2p.psm.descriptor.interval", FT_UINT32, BASE_DEC, NULL, 0, "In 1/90000 s", HFILL}},
        {&hf_mp2p_d_fixed, {"Fixed frame rate", "mp2p.psm.descriptor.fixed_rate", FT_BOOLEAN, 8, NULL, 0x01, NULL, HFILL}},
        {&hf_mp2p_d_frame_length, {"Audio frame length", "mp2p.psm.descriptor.frame_length", FT_UINT16, BASE_DEC, NULL, 0, NULL, HFILL}},
        {&hf_mp2p_d_stereo, {"Stereo", "mp2p.psm.descriptor.stereo", FT_BOOLEAN, 8, NULL, 0x01, NULL, HFILL}},
        {&hf_mp2p_d_sample_rate, {"Sample rate", "mp2p.psm.descriptor.sample_rate", FT_UINT32, BASE_DEC, NULL, 0, "In Hz", HFILL}},
        {&hf_mp2p_d_bit_rate, {"Bit rate", "mp2p.psm.descriptor.bit_rate", FT_UINT32, BASE_DEC, NULL, 0, NULL, HFILL}},
        {&hf_mp2p_d_x, {"X", "mp2p.psm.descriptor.x", FT_UINT16, BASE_DEC, NULL, 0, NULL, HFILL}},
        {&hf_mp2p_d_y, {"Y", "mp2p.psm.descriptor.y", FT_UINT16, BASE_DEC, NULL, 0, NULL, HFILL}},
        {&hf_mp2p_d_video_type, {"Video type", "mp2p.psm.descriptor.video_type", FT_UINT8, BASE_HEX, NULL, 0, NULL, HFILL}},
        {&hf_mp2p_d_audio_type, {"Audio type", "mp2p.psm.descriptor.audio_type", FT_UINT8, BASE_HEX, NULL, 0, NULL, HFILL}},
        {&hf_mp2p_d_frame, {"Frame number", "mp2p.psm.descriptor.frame_number", FT_UINT32, BASE_DEC, NULL, 0, NULL, HFILL}},
        {&hf_mp2p_d_data, {"Bytes not decoded", "mp2p.psm.descriptor.data", FT_BYTES, BASE_NONE, NULL, 0, NULL, HFILL}},
    };
    static int *trees[] = {&ett_mp2p_psm, &ett_mp2p_psm_stream, &ett_mp2p_descriptor};
    static ei_register_info experts[] = {
        {&ei_mp2p_psm_broken, {"mp2p.psm_broken", PI_PROTOCOL, PI_WARN, "The program stream map is broken", EXPFILL}},
        {&ei_mp2p_psm_crc, {"mp2p.psm_crc_wrong", PI_CHECKSUM, PI_NOTE, "The CRC of the program stream map is wrong; many devices send "
                            "a constant", EXPFILL}},
    };

    proto_register_field_array(proto, fields, array_length(fields));
    proto_register_subtree_array(trees, array_length(trees));
    expert_register_field_array(expert_register_protocol(proto), experts, array_length(experts));
}
