/* tcp-run.h
 * The frames in bytes of a TCP connection that follow each other without a hole. tcp-stream.c puts such runs together.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_TCP_RUN_H
#define HIK_TCP_RUN_H

#include "tcp-stream.h"

/* Records that learn later what became of their bytes. File scope. */
struct hik_teller {
    struct hik_tcp_record *record;
    struct hik_teller *next;
};
struct hik_tellers {
    struct hik_teller *first, *last;
};
/* Adds a record, unless it is the last one already. */
void hik_tellers_add(struct hik_tellers *tellers, struct hik_tcp_record *record);
void hik_tellers_forget(struct hik_tellers *tellers);

/* Bytes that grow. File scope; zeroed it is empty. */
struct hik_buffer {
    uint8_t *at;
    uint32_t len, room;
};
void hik_buffer_put(struct hik_buffer *buffer, const uint8_t *from, uint32_t len);
void hik_buffer_drop(struct hik_buffer *buffer);

/* Bytes that follow each other without a hole. File scope. */
struct hik_tcp_run {
    uint32_t begin, end;
    bool early;       /* all of it waits in `front` for its turn */
    bool synced;      /* a frame begins where `open` does, or where the run ends */
    bool found;       /* some frame was found */
    bool front_kept;  /* `front` is whole: all bytes up to the first frame */
    bool cut;         /* not synced because bytes were cut */
    bool skipping;    /* up to skip_to it is the rest of a frame told of */
    uint32_t skip_to;
    uint32_t size;    /* of the open frame, 0: not known yet */
    uint32_t looked;  /* HIK_FRAMING_NONE: where the next header was looked for */
    uint32_t open_frame; /* frame of the capture in which the open frame begins */
    struct hik_buffer front, open;
    uint8_t window[HIK_MAX_LOOK]; /* the last bytes while not synced: a frame may begin there */
    uint32_t window_len;
    uint32_t begin_frame; /* frame of the capture that showed it first */
    struct hik_tellers waiting; /* of those whose bytes in front of the first frame have no place yet */
    struct hik_tellers openers; /* of those with a part in the open frame */
};

/* A segment being taken in. */
struct hik_tcp_work {
    struct hik_tcp_stream *stream;     /* tcp-stream.c's own */
    const struct hik_framing *framing; /* of the stream */
    struct hik_seen_streams *seen;     /* of the stream */
    const struct hik_segment *segment;
    const struct hik_stream_env *env;
    wmem_array_t *units;    /* packet scope */
    struct hik_buffer joined; /* file scope, kept by the record */
    uint32_t begins_in;
    bool joined_any;
    bool push;
    struct hik_tcp_record *record; /* made before its content is known: others point to it */
};

/* A piece of the stream: of the segment, or kept from an earlier one. */
struct hik_tcp_piece {
    const uint8_t *at;
    uint32_t len;
    bool kept;
};

/* How far sequence number `to` is behind `from` (RFC 9293 3.4: modulo 2^32). */
int32_t hik_tcp_distance(uint32_t from, uint32_t to);
/* Adds a unit to what the segment showed. off: in the segment, or in work.joined if joined. */
void hik_tcp_run_add_unit(struct hik_tcp_work *w, enum hik_unit_kind kind, bool joined, uint32_t off, uint32_t len, uint32_t there);
/* The same for len bytes of the piece from off on. */
void hik_tcp_run_emit(struct hik_tcp_work *w, const struct hik_tcp_piece *piece, enum hik_unit_kind kind, uint32_t off, uint32_t len);
/* The run goes on with these bytes. */
void hik_tcp_run_feed(struct hik_tcp_work *w, struct hik_tcp_run *run, const struct hik_tcp_piece *piece);
/* The run goes on with len bytes that the capture cut off. */
void hik_tcp_run_feed_cut(struct hik_tcp_work *w, struct hik_tcp_run *run, uint32_t len);

#endif
