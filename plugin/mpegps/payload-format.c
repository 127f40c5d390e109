/* payload-format.c
 * What RTP payload that was declared to be a program stream and is none looks like: RFC 6184 (H.264) and RFC 7798
 * (H.265) packets, byte streams of these codecs, MPEG-2 transport stream, vendors' own formats, encrypted bytes.
 *
 * A capture may begin in the middle of a program stream, whose first packets are then indistinguishable from noise. So
 * nothing is said before the evidence excludes that: a signature, a row of packets that all obey another payload format,
 * or several new time stamps none of which came with a pack header.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "codecs.h"

#include <string.h>

/* Pictures in a row that begin with what may be their first slice. */
#define FIRST_SLICES 8

const char *hik_content_kind_name(enum hik_content_kind look)
{
    static const char *const names[HIK_CONTENT_KINDS] = {
        [HIK_CONTENT_H264_RTP] = "H.264 (RFC 6184)",
        [HIK_CONTENT_H265_RTP] = "H.265 (RFC 7798)",
        [HIK_CONTENT_H264_ANNEXB] = "H.264 byte stream",
        [HIK_CONTENT_H265_ANNEXB] = "H.265 byte stream",
        [HIK_CONTENT_MPEG_TS] = "MPEG-2 transport stream",
        [HIK_CONTENT_PES] = "PES packets without pack headers",
        [HIK_CONTENT_HIK_PRIVATE] = "Hikvision private format (IMKH)",
        [HIK_CONTENT_DAHUA_PRIVATE] = "Dahua private format (DHAV)",
        [HIK_CONTENT_AAC] = "AAC (ADTS)",
        [HIK_CONTENT_ENCRYPTED] = "encrypted or unknown compressed data",
        [HIK_CONTENT_PRIVATE] = "a private format",
    };

    return (unsigned)look < HIK_CONTENT_KINDS ? names[look] : NULL;
}

enum hik_es_codec hik_content_kind_codec(enum hik_content_kind look)
{
    switch (look) {
    case HIK_CONTENT_H264_RTP:
    case HIK_CONTENT_H264_ANNEXB:
        return HIK_ES_H264;
    case HIK_CONTENT_H265_RTP:
    case HIK_CONTENT_H265_ANNEXB:
        return HIK_ES_H265;
    default:
        return HIK_ES_UNKNOWN;
    }
}

/* ---- payload formats: 0 = breaks a rule, 1 = obeys them, 2 = and is hardly a coincidence --------------------------- */

static int h264_nal_fits(uint8_t header)
{
    unsigned type = header & 0x1f;
    bool reference = header & 0x60;

    if (header & 0x80)
        return 0;
    switch (type) {
    case 1: case 14: case 20:
        return 1;
    case 5: case 7: case 8: case 13: case 15:
        return reference;
    case 6: case 9: case 10: case 11: case 12:
        return !reference;
    default:
        return 0;
    }
}

/* Aggregation packets: 16-bit sizes that add up. */
static bool sizes_add_up(const uint8_t *p, size_t len)
{
    while (len > 2) {
        size_t size = (size_t)p[0] << 8 | p[1];

        if (size == 0 || size > len - 2)
            return false;
        p += 2 + size;
        len -= 2 + size;
    }
    return len == 0;
}

static int fits_h264(const uint8_t *p, size_t len)
{
    unsigned type = p[0] & 0x1f;
    size_t number = type == 25 ? 2 : 0; /* DON of STAP-B */

    if (p[0] & 0x80)
        return 0;
    switch (type) {
    case 24:
    case 25:
        return len > 3 + number && h264_nal_fits(p[3 + number]) && sizes_add_up(p + 1 + number, len - 1 - number) ? 2 : 0;
    case 28:
    case 29:
        if (len < 3 || p[1] & 0x20 || (p[1] & 0xc0) == 0xc0 || !h264_nal_fits((uint8_t)((p[0] & 0xe0) | (p[1] & 0x1f))))
            return 0;
        return p[1] & 0x80 ? 2 : 1;
    default:
        /* an access unit delimiter has two bytes, an end of sequence one */
        if (!h264_nal_fits(p[0]) || (type == 9 && (len != 2 || (p[1] & 0x1f) != 0x10)))
            return 0;
        return type == 7 && len >= 2 && hik_nal_guess(p[0], p[1]) == HIK_ES_H264 ? 2 : 1;
    }
}

static bool h265_type_fits(unsigned type)
{
    return type <= 9 || (type >= 16 && type <= 21) || (type >= 32 && type <= 40);
}

static int fits_h265(const uint8_t *p, size_t len)
{
    unsigned type = p[0] >> 1 & 0x3f;

    if (len < 2 || p[0] & 0x81 || p[1] >> 3 || (p[1] & 7) == 0)
        return 0;
    switch (type) {
    case 48:
        return len > 4 && sizes_add_up(p + 2, len - 2) ? 2 : 0;
    case 49:
        if (len < 4 || (p[2] & 0xc0) == 0xc0 || !h265_type_fits(p[2] & 0x3f))
            return 0;
        return p[2] & 0x80 ? 2 : 1;
    default:
        if (!h265_type_fits(type))
            return 0;
        return type >= 32 && type <= 34 ? 2 : 1;
    }
}

static enum hik_content_kind signature(const uint8_t *p, size_t len)
{
    size_t start = 0;

    if (len >= 4 && memcmp(p, "IMKH", 4) == 0)
        return HIK_CONTENT_HIK_PRIVATE;
    if (len >= 4 && memcmp(p, "DHAV", 4) == 0)
        return HIK_CONTENT_DAHUA_PRIVATE;
    if (len >= 188 && len % 188 == 0 && p[0] == 0x47) {
        size_t at = 0;

        while (at < len && p[at] == 0x47)
            at += 188;
        return at >= len ? HIK_CONTENT_MPEG_TS : HIK_CONTENT_NONE;
    }
    if (len >= 9 && p[0] == 0 && p[1] == 0 && p[2] == 1 && p[3] >= 0xbd && p[3] <= 0xef)
        return HIK_CONTENT_PES;
    if (len >= 6 && p[0] == 0 && p[1] == 0)
        start = p[2] == 1 ? 3 : p[2] == 0 && p[3] == 1 ? 4 : 0;
    if (start) {
        switch (hik_nal_guess(p[start], p[start + 1])) {
        case HIK_ES_H264:
            return HIK_CONTENT_H264_ANNEXB;
        case HIK_ES_H265:
            return HIK_CONTENT_H265_ANNEXB;
        default:
            break;
        }
    }
    if (hik_es_is_adts(p, len, false))
        return HIK_CONTENT_AAC;
    return HIK_CONTENT_NONE;
}

/* Compressed and encrypted bytes use all values alike: chi-square over 16 classes. */
static bool is_even(const struct hik_content_probe *looker)
{
    double expected = looker->sampled / 16.0;
    double chi = 0;

    if (looker->sampled < 1024)
        return false;
    for (unsigned i = 0; i < 16; i++)
        chi += (looker->histogram[i] - expected) * (looker->histogram[i] - expected) / expected;
    return chi < 60;
}

/* Nothing but slices that come close to proving a codec: a row of them does. */
static bool are_slices(uint32_t fit, uint32_t bad, uint32_t slices, uint32_t other, uint32_t wanted)
{
    return slices >= wanted && other <= slices / 16 && bad <= fit / 16;
}

static enum hik_content_kind decide(const struct hik_content_probe *l)
{
    if (l->signature[HIK_CONTENT_HIK_PRIVATE])
        return HIK_CONTENT_HIK_PRIVATE;
    if (l->signature[HIK_CONTENT_DAHUA_PRIVATE])
        return HIK_CONTENT_DAHUA_PRIVATE;
    if (l->signature[HIK_CONTENT_MPEG_TS] >= 3 && l->signature[HIK_CONTENT_MPEG_TS] == l->packets)
        return HIK_CONTENT_MPEG_TS;
    if (l->signature[HIK_CONTENT_AAC] >= 4 && l->signature[HIK_CONTENT_AAC] == l->packets)
        return HIK_CONTENT_AAC;
    /* now and then a unit that is broken, or of a kind not known here, proves nothing */
    if (l->h264 >= 8 && l->h264_bad <= l->h264 / 16 && l->h264_strong)
        return HIK_CONTENT_H264_RTP;
    if (l->h265 >= 6 && l->h265_bad <= l->h265 / 16 && l->h265_strong)
        return HIK_CONTENT_H265_RTP;
    /* the capture begins in the middle: no parameter sets, no fragmented unit's begin */
    if (are_slices(l->h264, l->h264_bad, l->h264_slices, l->h264_other, FIRST_SLICES))
        return HIK_CONTENT_H264_RTP;
    if (are_slices(l->h265, l->h265_bad, l->h265_slices, l->h265_other, FIRST_SLICES))
        return HIK_CONTENT_H265_RTP;
    for (unsigned look = HIK_CONTENT_H264_ANNEXB; look <= HIK_CONTENT_PES; look++)
        if (look != HIK_CONTENT_MPEG_TS && l->signature[look] >= 3 && l->fresh >= 3)
            return (enum hik_content_kind)look;
    /* Senders exist that count the time stamp up with every packet; then a new one proves nothing, unless the packets are
     * small (audio, messages) or the whole of a large key frame has gone by. */
    if (l->packets >= 8 && l->fresh >= 5 && !are_slices(l->h264, l->h264_bad, l->h264_slices, l->h264_other, 1) &&
        !are_slices(l->h265, l->h265_bad, l->h265_slices, l->h265_other, 1) &&
        (l->fresh + 1 < l->packets || (l->packets >= 20 && l->bytes / l->packets < 800) || l->packets >= 1500))
        return is_even(l) ? HIK_CONTENT_ENCRYPTED : HIK_CONTENT_PRIVATE;
    /* one time stamp for everything */
    if (l->packets >= 3000)
        return is_even(l) ? HIK_CONTENT_ENCRYPTED : HIK_CONTENT_PRIVATE;
    return HIK_CONTENT_NONE;
}

enum hik_content_kind hik_content_probe_feed(struct hik_content_probe *l, uint32_t extended_seq, uint32_t timestamp, const uint8_t *payload,
                              size_t len)
{
    bool begins;
    int fit;

    if (l->look != HIK_CONTENT_NONE)
        return l->look;
    if (len == 0)
        return HIK_CONTENT_NONE;
    begins = l->packets && extended_seq == l->seq + 1 && timestamp != l->timestamp;
    l->fresh += begins;
    l->seq = extended_seq;
    l->timestamp = timestamp;
    l->packets++;
    l->bytes += (uint32_t)len;

    if (begins) {
        fit = hik_nal_first_slice(HIK_ES_H264, payload, len);
        l->h264_slices += fit > 0;
        l->h264_other += fit < 0;
        fit = hik_nal_first_slice(HIK_ES_H265, payload, len);
        l->h265_slices += fit > 0;
        l->h265_other += fit < 0;
    }
    fit = fits_h264(payload, len);
    l->h264 += fit > 0;
    l->h264_bad += fit == 0;
    l->h264_strong += fit == 2;
    fit = fits_h265(payload, len);
    l->h265 += fit > 0;
    l->h265_bad += fit == 0;
    l->h265_strong += fit == 2;
    l->signature[signature(payload, len)]++;
    for (size_t i = 0; i < len && i < 256; i++)
        l->histogram[payload[i] >> 4]++;
    l->sampled += (uint32_t)(len < 256 ? len : 256);

    l->look = decide(l);
    return l->look;
}
