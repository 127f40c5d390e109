/* media-file.h
 * The payloads of one RTP flow as the bytes of files that play: a program stream as it is, bare H.264 (RFC 6184) and
 * H.265 (RFC 7798) as Annex B, G.711 as WAV, or the elementary streams inside a program stream. Pure: GLib at most.
 *
 * The files are complete after every packet, because nobody says which packet is the last. Packets are put in order of
 * their sequence numbers: while some are missing, those behind the gap are kept for a while and written again when a
 * late one arrives. Nothing is put in the place of what stays missing.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_MEDIA_FILE_H
#define HIK_MEDIA_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "codecs.h"
#include "mpeg-ps.h"

/* What the payloads are. */
enum hik_media_kind {
    HIK_MEDIA_UNKNOWN,      /* the bytes as they are */
    HIK_MEDIA_PS,           /* program stream */
    HIK_MEDIA_TS,           /* transport stream */
    HIK_MEDIA_H264_ANNEXB,  /* with start codes in the payload, not as RFC 6184 wants it */
    HIK_MEDIA_H265_ANNEXB,
    HIK_MEDIA_ADTS,         /* AAC with ADTS headers in the payload */
    HIK_MEDIA_H264,         /* RFC 6184 */
    HIK_MEDIA_H265,         /* RFC 7798 */
    HIK_MEDIA_G711A,        /* RFC 3551 4.5.14 */
    HIK_MEDIA_G711U,
    HIK_MEDIA_PS_STREAMS,   /* program stream, of which each elementary stream becomes a file */
    HIK_MEDIA_KINDS
};

/* What a file is. */
enum hik_media_format {
    HIK_FORMAT_BIN,
    HIK_FORMAT_MPG,
    HIK_FORMAT_TS,
    HIK_FORMAT_H264,
    HIK_FORMAT_H265,
    HIK_FORMAT_M4V,
    HIK_FORMAT_WAV_A,
    HIK_FORMAT_WAV_U,
    HIK_FORMAT_AAC,
    HIK_FORMAT_MPEG_AUDIO,
    HIK_FORMATS
};
/* Extension without the dot, and media type. Static. */
const char *hik_media_format_extension(enum hik_media_format format);
const char *hik_media_format_type(enum hik_media_format format);

enum {
    HIK_MEDIA_OUTPUTS = HIK_PS_STREAMS,
    HIK_MEDIA_WINDOW = 2048, /* packets kept behind a gap; one that comes later than half as many is left out at times */
    HIK_MEDIA_WINDOW_PARSED = 256, /* where what is behind the gap has to be parsed again for each packet that comes late */
    HIK_MEDIA_START = 128,  /* packets kept at the beginning: the first may be late itself, and kind may change */
    HIK_MEDIA_WAV_HEADER = 58
};

/* One file. data belongs to whoever takes it: hik_media_file_free() leaves it alone, g_free() releases it. It moves
 * when the file grows. */
struct hik_media_output {
    uint8_t *data;          /* NULL until the first byte */
    size_t len, room;
    size_t sure;            /* len without bytes that the next packet may take back */
    enum hik_media_format format;
    uint8_t stream_id;      /* HIK_MEDIA_PS_STREAMS: of the PES packets */
    bool full;              /* no memory for more: what came later is not in it */
};

/* Where writing stands, to come back to it. */
struct hik_media_point {
    size_t len[HIK_MEDIA_OUTPUTS];
    bool fragment_open;     /* all fragments so far of a NAL unit are written, and more follow */
    uint8_t fragment_type;
    struct hik_ps_parser ps; /* HIK_MEDIA_PS_STREAMS only */
};

/* A packet kept while packets in front of it are missing. */
struct hik_media_kept {
    uint32_t seq;
    uint32_t len, missing;
    uint8_t *data;          /* g_malloc'd */
};

struct hik_media_file {
    enum hik_media_kind kind;
    unsigned outputs;       /* at least 1 once a packet came, except for HIK_MEDIA_PS_STREAMS */
    struct hik_media_output output[HIK_MEDIA_OUTPUTS];

    bool started;
    bool at_start;          /* the packets kept are all there were: kind may change, an earlier one may come */
    bool sure;              /* kind will not change */
    bool tentative;         /* sure and len differ for some output */
    uint32_t next;          /* sequence number behind the last packet written */
    uint32_t first_missing; /* of the first gap; valid while packets are kept and not at_start */
    struct hik_media_point now, before; /* before: in front of the first packet kept */
    struct hik_media_kept *kept; /* by sequence number */
    unsigned kept_count, kept_room;

    uint32_t packets;       /* written, now or again */
    uint32_t dropped;       /* duplicates, and packets that came too late */
    uint64_t unplaced;      /* bytes of fragments whose beginning is missing, and of units of reserved types */
    uint64_t missing;       /* bytes of payload that the capture does not hold of packets it holds: the file is incomplete */
    uint64_t written;       /* bytes given to a renderer, repetitions included; for tests */
};

/* A file of kind HIK_MEDIA_UNKNOWN. Never NULL. */
struct hik_media_file *hik_media_file_new(void);

/* Frees all but the outputs' data. */
void hik_media_file_free(struct hik_media_file *file);

/* Says what the payloads are. sure: it will not be said otherwise. Returns false if the kind can no longer be changed,
 * because the packets so far are written and would have to be written differently. */
bool hik_media_file_set_kind(struct hik_media_file *file, enum hik_media_kind kind, bool sure);

/* The next packet as captured. seq: extended sequence number; missing: bytes of payload behind these len that the
 * capture does not hold. */
void hik_media_file_feed(struct hik_media_file *file, uint32_t seq, const uint8_t *data, size_t len, size_t missing);

/* Adds text to a file name: ASCII letters, digits, '.', '-' and '_' as they are, everything else as '_', no dot first,
 * at most 64 characters. */
void hik_media_name_add(GString *name, const char *text);

#endif
