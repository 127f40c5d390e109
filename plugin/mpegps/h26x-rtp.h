/* h26x-rtp.h
 * Video that travels in RTP without a program stream around it, RFC 6184 (H.264) and RFC 7798 (H.265): what codec it
 * is, and how many pictures and key pictures there are. Pure.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_BARE_VIDEO_H
#define HIK_BARE_VIDEO_H

#include "codecs.h"

/* Pictures, taken for those of one codec. */
struct hik_h26x_count {
    uint32_t frames, key_frames; /* begun; a picture behind a recovery point counts as key frame */
    uint16_t width, height; /* of the newest sequence parameter set, 0: not known */
    double frame_rate;      /* of it, else of the time stamps; 0: not known */
    bool rate_from_sps;
    bool recovery;          /* H.264: a recovery point was said for the next picture */
    uint32_t picture, step; /* time stamp of the last picture, and how much later it was than the one before */
};

/* One RTP flow. Zeroed at start, codec as far as it is declared; no memory of its own. */
struct hik_h26x_rtp {
    uint8_t payload_type;   /* of the packets that are fed; the caller's own */
    uint8_t codec;          /* enum hik_es_codec: H.264, H.265, or unknown */
    bool settled;           /* looked at long enough */
    struct hik_content_probe looker;
    struct hik_h26x_count h264, h265; /* once it is settled, only that of the codec goes on */
};

/* The next packet that is no duplicate. True: it became clear that the codec is another than it was said to be. */
bool hik_h26x_rtp_feed(struct hik_h26x_rtp *video, uint32_t extended_seq, uint32_t timestamp, const uint8_t *payload,
                         size_t len);

/* Of the codec; NULL while that is not known. */
const struct hik_h26x_count *hik_h26x_count(const struct hik_h26x_rtp *video);

#endif
