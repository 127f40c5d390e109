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
    HIK_PS_RESTART,     /* the sequence numbers begin anew with it */
    HIK_PS_DUPLICATE,   /* came before; not parsed again */
    HIK_PS_LATE,        /* came late, and found its place */
    HIK_PS_LATE_LOST    /* came too late: nothing is known about its bytes */
};

struct hik_ps_seat;

/* One RTP packet. */
struct hik_ps_packet {
    uint32_t frame;         /* frame number, to be told again in hik_ps_unit */
    uint32_t seq;           /* extended sequence number */
    uint32_t timestamp;
    bool marker;
    bool duplicate;
    bool restart;           /* its number does not follow those before it */
    uint32_t record;        /* the caller's number for it, to be told again in hik_ps_arrival.behind */
    const uint8_t *data;    /* payload */
    uint32_t len;
    uint32_t missing;       /* bytes of payload behind these that were not captured */
    struct hik_ps_packed *start; /* room for the state that the bytes begin in */
    struct hik_ps_seat *seat; /* where the track is awake from here on: always the same one */
};

/* What is known about a packet once it was taken in. */
struct hik_ps_arrival {
    enum hik_ps_order order;
    uint32_t lost;          /* AFTER_GAP: packets missing */
    uint32_t behind;        /* LATE: record of the packet in front of which it was missing */
    bool fills;             /* LATE: behind is set */
    const struct hik_ps_packed *start; /* the state its bytes begin in; NULL: LATE_LOST, DUPLICATE. The
                                      * packet's own */
    bool packs;             /* a pack header is in it */
    bool no_psm, mismatch;  /* said here, once per stream */
    uint8_t mismatch_said, mismatch_is; /* stream_type, codec */
    bool key_begins;        /* first slice of a key frame */
    bool dropped;           /* bytes were skipped that no header or payload accounts for */
    bool odd;               /* a PES packet was cut, goes on after its length, or has a broken header */
    bool describes;         /* a program stream map, or a parameter set, is in it */
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
    bool closed;            /* not to be told any more */
    bool told;              /* because it was, on the strength of the RTP marker */
    bool slice_timed;       /* slice_pts is set */
    bool recovery;          /* H.264: a recovery point was said for the next picture */
    uint32_t first, last, previous_last;
    uint32_t size, size_before;  /* now, and when the current packet began */
    uint32_t packets, packet;    /* count; number of the packet that brought bytes last */
    uint64_t pts;
    uint64_t slice_pts;     /* of the newest picture, by time stamps */
};

enum { HIK_PS_SPS_MAX = 256 };

/* Parser and what is being built from its events; saved as one when packets are missing. In front of a gap, and while other tracks
 * have its seat, it rests, in memory that is as long as what it holds: all in front of the parser's header in its place, then the
 * access units of the streams that there are, and what came of a header and of a parameter set that are split, which is mostly
 * nothing. */
struct hik_ps_context {
    uint8_t sps_stream;     /* index of the stream whose SPS is being collected, HIK_PS_NO_STREAM: none */
    uint8_t rest_units;     /* at rest: access units, and all the bytes, behind what is in its place */
    uint16_t rest_size;
    uint16_t sps_len;
    struct hik_ps_parser parser;
    struct hik_ps_building unit[HIK_PS_STREAMS];
    uint8_t sps[HIK_PS_SPS_MAX];
};

struct hik_ps_counts {
    uint32_t units, key_frames; /* access units and key frames begun */
    uint32_t packs;         /* pack headers */
    uint32_t no_psm;        /* how often a map was missed */
    /* by time stamps and the headers of NAL units alone, for video that is encrypted */
    uint32_t timed_units, timed_key_frames;
    uint32_t odd_starts;    /* pictures that do not begin with their first slice */
    uint32_t odd_keys, good_keys; /* IDR pictures (H.264) that are not, and that are, made of I slices */
    uint32_t bad_sps, good_sps;
    uint32_t scrambled, clear; /* PES packets of video, by PES_scrambling_control */
};

enum {
    HIK_PS_WINDOW = 1024,   /* a packet that is late by more sequence numbers stays out */
    HIK_PS_HOLES = 64,      /* gaps watched at once */
    HIK_PS_KEPT_MAX = 2048, /* bytes of a packet that is kept */
    HIK_PS_TOLD = 64
};

/* A gap: packets that are missing, and what was known in front of them. */
struct hik_ps_hole {
    uint32_t first, last;   /* sequence numbers */
    uint32_t behind;        /* hik_ps_packet.record of the packet behind it */
    bool has_behind;
    struct hik_ps_context *before; /* at rest; NULL: nothing, the flow begins behind the gap */
};

/* A packet behind a gap, up to and with the one in which the next access unit begins: from there on it does not matter any
 * more what is missing. */
struct hik_ps_kept {
    uint32_t seq, frame, missing, len;
    bool marker;
    bool begins;            /* an access unit begins in it */
    bool clean;             /* and no byte is in front of that: its bytes are not needed, and not kept */
    struct hik_ps_counts counts; /* what it counts for */
    uint8_t data[];
};

/* While packets are missing, the parser goes on behind the gap, so that what can be said is said of the packet that shows
 * it. When a missing packet comes, it is parsed from the state in front of its gap, and the packets behind it once more,
 * up to the next gap or to where the next access unit begins; what they count for is counted anew. How much is parsed
 * again is bounded by a few times what came. */
struct hik_ps_late {
    struct hik_ps_hole hole[HIK_PS_HOLES]; /* by sequence number */
    unsigned holes;
    struct hik_ps_kept **kept; /* by sequence number modulo room */
    unsigned room;          /* a power of two, up to HIK_PS_WINDOW; 0: none was kept yet */
    struct { uint32_t first, last, size; uint8_t stream_id; } told[HIK_PS_TOLD]; /* access units told last */
    unsigned told_count;
    uint32_t oldest;        /* nothing is kept of packets before it */
    int64_t budget;         /* bytes that may be parsed again */
};

/* Memory that is taken as packets come, and given back. What is not given back is for whoever ends the track. */
struct hik_ps_memory {
    void *(*take)(size_t size);
    void (*give_back)(void *memory);
};

struct hik_ps_track {
    uint32_t next;          /* sequence number expected */
    uint32_t frame, packet; /* of the packet being taken in */
    bool started;
    bool misdirected;            /* behind a gap, and no access unit began since */
    bool begins, orphans;   /* in the packet being taken in: an access unit begins; video bytes stand in front of the first */
    bool first_clean;       /* the first packet is hik_ps_kept.clean */
    uint32_t first_seq;
    struct hik_ps_kept *first; /* the first packet, unless it is clean */
    bool marker_lies;       /* a marker came inside an access unit */
    bool rate_from_sps;
    bool cut;               /* the capture cut a payload */
    struct hik_ps_arrival *arrival; /* of the packet being taken in */
    bool again;             /* a packet is parsed that was parsed before */

    /* results so far */
    struct hik_ps_counts counts;
    uint8_t video_codec, audio_codec; /* enum hik_es_codec */
    uint16_t width, height;
    double frame_rate;      /* of the SPS, else of the time stamps */
    uint64_t last_pts, last_step;

    hik_ps_unit_cb unit_cb;
    void *user;
    const struct hik_ps_memory *memory;
    struct hik_ps_late *late; /* taken when packets are missing for the first time */
    struct hik_ps_context *resting; /* what it was when it was laid down last */
    struct hik_ps_context *awake; /* in its seat; NULL: it rests */
};

/* Room for the context of one track at a time. The caller's, zeroed; there are as many as tracks are to be awake at once. */
struct hik_ps_seat {
    struct hik_ps_track *track; /* whose it is; NULL: nobody's */
    struct hik_ps_context context;
};
/* Lays down whoever has it. */
void hik_ps_seat_leave(struct hik_ps_seat *seat);

/* unit_cb may be NULL. */
void hik_ps_track_init(struct hik_ps_track *track, const struct hik_ps_memory *memory, hik_ps_unit_cb unit_cb, void *user);

/* Takes a packet in, and says in *arrival what was found. */
void hik_ps_track_packet(struct hik_ps_track *track, const struct hik_ps_packet *packet, struct hik_ps_arrival *arrival);

/* The video is encrypted: its headers say so, or what can be read of it cannot be. */
bool hik_ps_track_is_encrypted(const struct hik_ps_track *track);

/* The access unit of a stream (index below HIK_PS_STREAMS) that no further packet completed so far. Should the input end
 * here, it is one. False: there is none. */
bool hik_ps_track_open_unit(const struct hik_ps_track *track, unsigned index, struct hik_ps_unit *unit);

#endif
