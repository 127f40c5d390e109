/* codecs.h
 * What elementary streams are: codecs by stream_type and by look, NAL units of H.264 and H.265, sequence parameter sets
 * (ITU-T H.264 7.3.2.1, H.265 7.3.2.2), and what an RTP payload that is no program stream looks like. Pure.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_ES_INFO_H
#define HIK_ES_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hik_es_codec {
    HIK_ES_UNKNOWN,
    HIK_ES_H264, HIK_ES_H265, HIK_ES_SVAC_VIDEO, HIK_ES_MPEG4, HIK_ES_MPEG1_VIDEO, HIK_ES_MPEG2_VIDEO, HIK_ES_H266,
    HIK_ES_OTHER_VIDEO,  /* video by stream_id, type unknown */
    HIK_ES_FIRST_AUDIO,
    HIK_ES_G711A = HIK_ES_FIRST_AUDIO, HIK_ES_G711U, HIK_ES_G7221, HIK_ES_G7231, HIK_ES_G729, HIK_ES_G722, HIK_ES_SVAC_AUDIO,
    HIK_ES_AAC, HIK_ES_MPEG_AUDIO, HIK_ES_OPUS,
    HIK_ES_FIRST_OTHER,
    HIK_ES_PRIVATE = HIK_ES_FIRST_OTHER,
    HIK_ES_CODECS
};

/* "H.264", "G.711A" ...; NULL for HIK_ES_UNKNOWN and HIK_ES_OTHER_VIDEO. Static. */
const char *hik_es_codec_name(enum hik_es_codec codec);
bool hik_es_is_video(enum hik_es_codec codec);
bool hik_es_is_audio(enum hik_es_codec codec);
/* Codec of a program stream map's stream_type, HIK_ES_UNKNOWN if not known. */
enum hik_es_codec hik_es_by_stream_type(uint8_t stream_type);
/* Name of a stream_type for people, NULL if not known. */
const char *hik_es_stream_type_name(uint8_t stream_type);

/* NAL unit type of a header's first byte. */
uint8_t hik_nal_type(enum hik_es_codec codec, uint8_t first);
/* Short name ("SPS", "IDR slice"), never NULL. */
const char *hik_nal_name(enum hik_es_codec codec, uint8_t type);
/* Sequence, picture or video parameter set: worth a full dissection. */
bool hik_nal_is_parameter_set(enum hik_es_codec codec, uint8_t type);
bool hik_nal_is_sps(enum hik_es_codec codec, uint8_t type);
/* Slice of a picture. */
bool hik_nal_is_slice(enum hik_es_codec codec, uint8_t type);
/* Does a picture begin with this NAL unit (ITU-T H.264 7.3.3, H.265 7.3.6.1)? 1: with its first slice, -1: with a slice that
 * cannot be that, 0: with something else, or too short to say. Without parameter sets their number and the kind of slice are what
 * can be checked. */
int hik_nal_first_slice(enum hik_es_codec codec, const uint8_t *nal, size_t len);
/* Slice of a picture from which decoding can start. */
bool hik_nal_is_key(enum hik_es_codec codec, uint8_t type);
/* Access unit delimiter: the first NAL unit of a picture. */
bool hik_nal_is_delimiter(enum hik_es_codec codec, uint8_t type);
/* May only stand before the first slice of a picture, so after slices it begins a new access unit. */
bool hik_nal_is_before_picture(enum hik_es_codec codec, uint8_t type);
/* H.264 or H.265 if the first two bytes after a start code leave no doubt, else HIK_ES_UNKNOWN. */
enum hik_es_codec hik_nal_guess(uint8_t first, uint8_t second);

struct hik_sps {
    uint16_t width, height; /* after cropping, luma samples */
    double frame_rate;      /* frames per second, 0: not said */
    uint8_t profile, level;
};
/* Reads a sequence parameter set, NAL header first, emulation prevention bytes still in. False: it is not one, or ends
 * too early to know the size. Reads at most 1024 bytes. */
bool hik_sps_read(enum hik_es_codec codec, const uint8_t *nal, size_t len, struct hik_sps *sps);

/* H.264: a SEI NAL unit, header first, emulation prevention bytes still in, that says a decoder can start with the next
 * picture (recovery point, D.1.8). Reads at most 1024 bytes. */
bool hik_sei_is_recovery_point(const uint8_t *nal, size_t len);

/* A sequence parameter set as devices make them: it reads, and its profile and level exist. What is encrypted is none. */
bool hik_sps_is_sound(enum hik_es_codec codec, const uint8_t *nal, size_t len);

/* AAC in ADTS whose frame lengths add up to exactly len (or, partial, as far as there are bytes). */
bool hik_es_is_adts(const uint8_t *data, size_t len, bool partial);

/* ---- payload that is no program stream ------------------------------------------------------------------------ */

enum hik_content_kind {
    HIK_CONTENT_NONE,          /* not known yet */
    HIK_CONTENT_H264_RTP, HIK_CONTENT_H265_RTP, HIK_CONTENT_H264_ANNEXB, HIK_CONTENT_H265_ANNEXB, HIK_CONTENT_MPEG_TS, HIK_CONTENT_PES,
    HIK_CONTENT_HIK_PRIVATE, HIK_CONTENT_DAHUA_PRIVATE, HIK_CONTENT_AAC, HIK_CONTENT_ENCRYPTED, HIK_CONTENT_PRIVATE,
    HIK_CONTENT_KINDS
};
/* "H.264 (RFC 6184)" ...; NULL for HIK_CONTENT_NONE. Static. */
const char *hik_content_kind_name(enum hik_content_kind look);
/* Codec a look implies, HIK_ES_UNKNOWN if none. */
enum hik_es_codec hik_content_kind_codec(enum hik_content_kind look);

/* Gathers evidence over the first packets of a flow in which no pack header came. Zeroed at start; no memory. */
struct hik_content_probe {
    uint32_t packets, bytes;
    uint32_t fresh;         /* packets that begin a new timestamp right after their predecessor */
    uint32_t h264, h265;    /* packets that are well-formed RFC 6184 / RFC 7798 payloads */
    uint32_t h264_bad, h265_bad; /* that are not */
    uint32_t h264_strong, h265_strong; /* parameter sets, starts of fragmented units */
    uint32_t h264_slices, h265_slices; /* packets that begin a new timestamp with the first slice of a picture */
    uint32_t h264_other, h265_other; /* or with a slice that is not the first, or is none */
    uint32_t signature[HIK_CONTENT_KINDS]; /* packets with the signature of that format */
    uint32_t timestamp;     /* of the last packet */
    uint32_t seq;           /* extended, of the last packet */
    uint32_t histogram[16]; /* high nibbles: encrypted or compressed bytes are even */
    uint32_t sampled;
    enum hik_content_kind look;     /* the verdict, once there is one */
};
/* One more packet. Returns the verdict, HIK_CONTENT_NONE as long as it may still be a program stream. */
enum hik_content_kind hik_content_probe_feed(struct hik_content_probe *looker, uint32_t extended_seq, uint32_t timestamp, const uint8_t *payload,
                              size_t len);

#endif
