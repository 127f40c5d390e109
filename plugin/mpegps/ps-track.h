/* ps-track.h
 * A program stream as its RTP packets bring it: puts packets of one flow in order before the parser, and counts what
 * comes out of it: access units, key frames, codecs, picture size. Pure.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_PS_TRACK_H
#define HIK_PS_TRACK_H

#include "mpeg-ps.h"

enum hik_ps_order {
    HIK_PS_IN_ORDER,
    HIK_PS_AFTER_GAP,   /* packets before this one are missing (so far) */
    HIK_PS_DUPLICATE,   /* came before; not parsed again */
    HIK_PS_LATE,        /* came late, right where the gap begins: parsed with the state from before the gap */
    HIK_PS_LATE_LOST    /* came late, and its predecessor is missing: nothing is known about its bytes, yet they are put
                         * in their place if the packets before them come soon */
};

/* One RTP packet. */
struct hik_ps_packet {
    uint32_t frame;         /* frame number, to be told again in hik_ps_unit */
    uint32_t seq;           /* extended sequence number */
    uint32_t timestamp;
    bool marker;
    bool duplicate;
    const uint8_t *data;    /* payload */
    uint32_t len;
    uint32_t missing;       /* bytes of payload behind these that were not captured */
    struct hik_ps_packed *start; /* room for the state that the bytes begin in */
};

/* What is known about a packet once it was taken in. */
struct hik_ps_arrival {
    enum hik_ps_order order;
    uint32_t lost;          /* AFTER_GAP: packets missing */
    const struct hik_ps_packed *start; /* the state its bytes begin in; NULL: LATE_LOST, DUPLICATE. The
                                      * packet's own */
    bool packs;             /* a pack header is in it */
    bool no_psm, mismatch;  /* said here, once per stream */
    uint8_t mismatch_said, mismatch_is; /* stream_type, codec */
    bool key_begins;        /* first slice of a key frame */
    bool dropped;           /* bytes were skipped that no header or payload accounts for */
};

/* An access unit that was completed. */
struct hik_ps_unit {
    uint32_t first, last;   /* frame numbers of the first and last packet with bytes of it */
    uint32_t size;          /* bytes of the elementary stream */
    uint32_t packets;
    uint8_t stream_id, codec;
    bool key;
    uint16_t width, height; /* of the newest sequence parameter set, 0: not known */
    double frame_rate;      /* so far, of the same or else of the time stamps; 0: not known */
};
typedef void (*hik_ps_unit_cb)(void *user, const struct hik_ps_unit *unit);

/* One stream's access unit in the making. */
struct hik_ps_building {
    bool open;              /* its beginning was seen */
    bool picture;           /* a slice came */
    bool key;
    bool closed;            /* told already, on the strength of the RTP marker */
    uint32_t first, last, previous_last;
    uint32_t size, size_before;  /* now, and when the current packet began */
    uint32_t packets, packet;    /* count; number of the packet that brought bytes last */
    uint64_t pts;
};

enum { HIK_PS_SPS_MAX = 256 };

/* Parser and what is being built from its events; saved as one when packets are missing. What every packet needs stands
 * at the beginning, up to the parser's state. */
struct hik_ps_context {
    uint8_t sps_stream;     /* index of the stream whose SPS is being collected, HIK_PS_NO_STREAM: none */
    uint16_t sps_len;
    struct hik_ps_building unit[HIK_PS_STREAMS];
    struct hik_ps_parser parser;
    uint8_t sps[HIK_PS_SPS_MAX];
};

enum { HIK_PS_WAITING = 8, HIK_PS_WAITING_SIZE = 2048, HIK_PS_TOLD = 16 };

/* A packet behind a gap. */
struct hik_ps_kept {
    uint32_t seq, frame, missing;
    uint16_t len;
    bool marker;
    bool late;              /* came late: the parser that goes on behind the gap has not seen it */
    uint8_t *data;          /* HIK_PS_WAITING_SIZE bytes */
};

struct hik_ps_counts {
    uint32_t units, key_frames; /* access units and key frames begun */
    uint32_t packs;         /* pack headers */
    uint32_t no_psm;        /* how often a map was missed */
};

/* While packets are missing, two parsers are at work: one goes on behind the gap, at once, so that what can be said is
 * said of the packet that shows it. The other waits before the gap for the missing packets, up to HIK_PS_WAITING packets,
 * and takes what comes in order. Once it has caught up it has seen more, and takes over; what the first one has told and
 * counted already is left out. */
struct hik_ps_gap {
    struct hik_ps_context before;
    uint32_t next;          /* sequence number that is missing first */
    unsigned waiting;
    struct hik_ps_kept kept[HIK_PS_WAITING]; /* by sequence number; data stays with the place */
    struct hik_ps_counts ahead; /* counted behind the gap, of the packets since it opened */
    struct hik_ps_counts again; /* counted of the same packets by the parser that waited */
    unsigned told_count;
    struct { uint32_t last, size; uint8_t stream_id; } told[HIK_PS_TOLD]; /* access units told from behind the gap */
};

/* Allocates memory that lives as long as the track; never freed by it. */
typedef void *(*hik_ps_alloc)(size_t size);

struct hik_ps_track {
    uint32_t next;          /* sequence number expected */
    uint32_t frame, packet; /* of the packet being taken in */
    bool started;
    bool gap_open;
    bool marker_lies;       /* a marker came inside an access unit */
    bool rate_from_sps;
    struct hik_ps_arrival *arrival; /* of the packet being taken in */
    enum hik_ps_feeding { HIK_PS_FEED_NOW, HIK_PS_FEED_LATE, HIK_PS_FEED_AGAIN } feeding;

    /* results so far */
    struct hik_ps_counts counts;
    uint8_t video_codec, audio_codec; /* enum hik_es_codec */
    uint16_t width, height;
    double frame_rate;      /* of the SPS, else of the time stamps */
    uint64_t last_pts, last_step;

    hik_ps_unit_cb unit_cb;
    void *user;
    hik_ps_alloc alloc;
    struct hik_ps_gap *gap; /* allocated when packets are missing for the first time */
    struct hik_ps_context now;
};

/* alloc: NULL = late packets are never put back in place. unit_cb may be NULL. */
void hik_ps_track_init(struct hik_ps_track *track, hik_ps_alloc alloc, hik_ps_unit_cb unit_cb, void *user);

/* Takes a packet in, and says in *arrival what was found. */
void hik_ps_track_packet(struct hik_ps_track *track, const struct hik_ps_packet *packet, struct hik_ps_arrival *arrival);

#endif
