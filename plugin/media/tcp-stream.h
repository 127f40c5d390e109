/* tcp-stream.h
 * One direction of a TCP connection with media, as an ordered stream of RTP packets (RFC 9293 3.4, RFC 4571), whatever
 * order its segments have in the capture: retransmitted, overlapping, early or missing.
 *
 * An RTP packet is told of when the last of its bytes came. What is known of the stream are runs of bytes that follow each
 * other; holes between them are closed by segments that come later, or stay. Of a run only the bytes of frames that are
 * not complete are kept.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_TCP_STREAM_H
#define HIK_TCP_STREAM_H

#include "ws-compat.h"

#include "rtp-framing.h"

enum hik_unit_kind {
    HIK_UNIT_FRAME, /* an RTP or RTCP packet with its head */
    HIK_UNIT_NULL,  /* a frame of length 0 */
    HIK_UNIT_BEGIN, /* the begin or the middle of a frame that is not complete yet */
    HIK_UNIT_AHEAD, /* came before its turn, and waits for what is missing in front of it */
    HIK_UNIT_AGAIN, /* came before */
    HIK_UNIT_LOST,  /* in front of the next frame, or no frame at all */
    HIK_UNIT_REST,  /* the rest of a frame whose begin was told of before */
    HIK_UNIT_CUT,   /* in no frame, because the capture cut the segments */
    HIK_UNIT_OTHER  /* a frame with something else inside */
};
struct hik_unit {
    uint32_t off;   /* in the segment, or in the bytes put together */
    uint32_t len;   /* head included, as sent */
    uint32_t there; /* of which the capture has these */
    uint8_t kind;   /* enum hik_unit_kind */
    uint8_t joined; /* off is in the bytes put together */
    uint16_t head;  /* bytes in front of the RTP packet */
};

/* What a segment showed: kept with its frame. File scope; first pass, but for `filled`, which a later frame of the first
 * pass sets. */
struct hik_tcp_record {
    const void *stream;
    uint32_t seq;
    uint32_t unit_count;
    struct hik_unit *units;
    uint8_t *joined;         /* bytes of units that other segments have a part in */
    uint32_t joined_len;
    uint32_t begins_in;      /* frame in which the first joined unit begins, 0: this one */
    uint32_t done_in;        /* frame in which the last unit here, a BEGIN or AHEAD, is complete; 0 = none */
    uint32_t missing;        /* bytes missing in front of this segment when it came */
    bool behind;             /* ... or in front of those that it goes on with, in which no frame was found */
    uint32_t filled;         /* frame in which they had all come, 0 = they did not */
    bool pointed;            /* a run knows it */
    struct hik_tcp_record *next;    /* of another TCP segment in the same frame */
};

/* A segment with data. */
struct hik_segment {
    uint32_t frame;
    uint32_t seq;
    const uint8_t *bytes;    /* captured of them */
    uint32_t captured, len;
    bool push;
};

struct hik_tcp_stream;

/* Who is asked and told about frames. */
struct hik_stream_env {
    struct hik_known known;
    void (*learn)(void *context, const struct hik_head *head);
};

/* First pass, all of them. File scope. */
struct hik_tcp_stream *hik_tcp_stream_new(void);
/* The first byte of the stream has this sequence number (SYN plus one). */
void hik_tcp_stream_begins(struct hik_tcp_stream *stream, uint32_t seq);
/* Its frames are these; until then segments are only kept. */
void hik_tcp_stream_accept(struct hik_tcp_stream *stream, const struct hik_framing *framing);
/* A frame begins with the first byte that is kept. */
void hik_tcp_stream_sync(struct hik_tcp_stream *stream);
/* Not accepted yet: the bytes kept right in front of this one, *len of them; NULL: none are, and it may be that others are. */
const uint8_t *hik_tcp_stream_kept(const struct hik_tcp_stream *stream, uint32_t seq, uint32_t *len, bool *others);
/* Not accepted: what is kept is none of ours. */
void hik_tcp_stream_forget(struct hik_tcp_stream *stream);
const struct hik_framing *hik_tcp_stream_framing(const struct hik_tcp_stream *stream);
/* True if these bytes follow what is known so far, or nothing is known. */
bool hik_tcp_stream_in_order(const struct hik_tcp_stream *stream, uint32_t seq);
/* Early segments may wait for their turn: the receiver tells of holes (RFC 2018), so that they show as such. */
void hik_tcp_stream_patient(struct hik_tcp_stream *stream);
/* The receiver has all bytes in front of this one: nobody sends them again. */
void hik_tcp_stream_acked(struct hik_tcp_stream *stream, uint32_t ack);
/* The receiver was not seen to have them. */
bool hik_tcp_stream_may_fill(const struct hik_tcp_stream *stream, uint32_t seq);
/* Takes a segment in. end: nothing more will come (FIN, RST). Returns its record, NULL if the bytes are plain frames with
 * nothing else (hik_tcp_stream_plain()). */
struct hik_tcp_record *hik_tcp_stream_take(struct hik_tcp_stream *stream, const struct hik_segment *segment, bool end,
                                           const struct hik_stream_env *env);

/* Any pass: the receiver has the bytes in front of this one, whether the capture has them or not. */
bool hik_tcp_stream_is_acked(const struct hik_tcp_stream *stream, uint32_t seq);

/* Bytes that the capture lacks, in how many places, and the frame behind the first of them. */
struct hik_tcp_missing {
    uint64_t bytes;
    unsigned holes;
    uint32_t frame;
    bool cut;       /* segments were cut by the capture */
    uint32_t kept, sent; /* bytes of the first of them */
    uint64_t open;           /* bytes that the receiver lacks, too */
    unsigned open_holes;
    uint32_t open_frame;
};
void hik_tcp_stream_missing(const struct hik_tcp_stream *stream, struct hik_tcp_missing *out);

/* Any pass: the units of plain frames, one after the other. False at the end. */
bool hik_tcp_stream_plain(const struct hik_framing *framing, const uint8_t *bytes, uint32_t len, uint32_t *off, struct hik_unit *unit);

#endif
