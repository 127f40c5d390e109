/* h26x-rtp.c
 * RTP payload formats for H.264 (RFC 6184 5) and H.265 (RFC 7798 4.4), as far as counting pictures needs them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "h26x-rtp.h"

enum { LOOKED_AT = 64 };    /* packets after which the declared codec is believed */

/* A slice: the bit behind the header says whether it is the first of its picture. */
static void slice(struct hik_h26x_count *count, enum hik_es_codec codec, uint8_t type, bool first, uint32_t timestamp)
{
    uint32_t step;

    if (!first || !hik_nal_is_slice(codec, type))
        return;
    step = timestamp - count->picture;
    /* 90000 Hz; between one and a thousand pictures per second */
    if (count->frames && !count->rate_from_sps && step >= 90 && step <= 90000 && step == count->step)
        count->frame_rate = 90000.0 / (double)step;
    count->step = step;
    count->picture = timestamp;
    count->frames++;
    count->key_frames += hik_nal_is_key(codec, type) || count->recovery;
    count->recovery = false;
}

/* A whole NAL unit. */
static void unit(struct hik_h26x_count *count, enum hik_es_codec codec, const uint8_t *data, size_t len, uint32_t timestamp)
{
    size_t header = codec == HIK_ES_H265 ? 2 : 1;
    struct hik_sps sps;
    uint8_t type;

    if (len <= header)
        return;
    type = hik_nal_type(codec, data[0]);
    slice(count, codec, type, data[header] & 0x80, timestamp);
    if (codec == HIK_ES_H264 && hik_sei_is_recovery_point(data, len))
        count->recovery = true;
    if (!hik_nal_is_sps(codec, type) || !hik_sps_read(codec, data, len, &sps))
        return;
    count->width = sps.width;
    count->height = sps.height;
    if (sps.frame_rate > 0) {
        count->frame_rate = sps.frame_rate;
        count->rate_from_sps = true;
    }
}

static void units(struct hik_h26x_count *count, enum hik_es_codec codec, const uint8_t *data, size_t len, uint32_t timestamp)
{
    while (len > 2) {
        size_t size = (size_t)data[0] << 8 | data[1];

        if (size > len - 2)
            size = len - 2;
        unit(count, codec, data + 2, size, timestamp);
        data += 2 + size;
        len -= 2 + size;
    }
}

static void packet(struct hik_h26x_count *count, enum hik_es_codec codec, const uint8_t *data, size_t len, uint32_t timestamp)
{
    bool h265 = codec == HIK_ES_H265;
    size_t header = h265 ? 2 : 1;
    unsigned type;

    if (len < header + 2)
        return;
    type = hik_nal_type(codec, data[0]);
    if (type == (h265 ? 48 : 24) || (!h265 && type == 25)) {
        if (type == 25) /* STAP-B has a decoding order number */
            header += 2;
        if (len > header)
            units(count, codec, data + header, len - header, timestamp);
    } else if (!h265 && type == 29) { /* FU-B: the fragment with which the unit begins; the number follows its header */
        if (len > 4)
            slice(count, codec, data[1] & 0x1f, data[4] & 0x80, timestamp);
    } else if (type == (h265 ? 49 : 28)) {
        if (data[header] & 0x80) /* the fragment with which the unit begins */
            slice(count, codec, data[header] & (h265 ? 0x3f : 0x1f), data[header + 1] & 0x80, timestamp);
    } else {
        unit(count, codec, data, len, timestamp);
    }
}

bool hik_h26x_rtp_feed(struct hik_h26x_rtp *video, uint32_t extended_seq, uint32_t timestamp, const uint8_t *payload,
                         size_t len)
{
    bool other = false;

    if (!video->settled && len > 0) {
        enum hik_es_codec looks = hik_content_kind_codec(hik_content_probe_feed(&video->looker, extended_seq, timestamp, payload, len));

        video->settled = video->looker.look != HIK_CONTENT_NONE || video->looker.packets >= LOOKED_AT;
        other = (video->looker.look == HIK_CONTENT_H264_RTP || video->looker.look == HIK_CONTENT_H265_RTP) && looks != video->codec;
        if (other)
            video->codec = (uint8_t)looks;
    }
    if (!video->settled || video->codec == HIK_ES_H264)
        packet(&video->h264, HIK_ES_H264, payload, len, timestamp);
    if (!video->settled || video->codec == HIK_ES_H265)
        packet(&video->h265, HIK_ES_H265, payload, len, timestamp);
    return other;
}

const struct hik_h26x_count *hik_h26x_count(const struct hik_h26x_rtp *video)
{
    return video->codec == HIK_ES_H264 ? &video->h264 : video->codec == HIK_ES_H265 ? &video->h265 : NULL;
}
