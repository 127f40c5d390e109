/* tcp-stream.c
 * Puts the bytes of a TCP connection into order (RFC 9293 3.4) and finds the frames in them (RFC 4571).
 *
 * All of this is first pass. Work is in proportion to the bytes that come; a segment is compared with MAX_RUNS runs at
 * most. What is kept of a run is the frame at its end that is not complete, and what stands in front of the first frame
 * found in it, which is the rest of a frame that began in the hole before.
 *
 * Longer than 700 lines: putting bytes in order, on the first pass and from the records later, is one piece of state.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tcp-stream.h"

#include <string.h>

/* Runs per direction: holes that are open at the same time. */
#define MAX_RUNS 128
/* Bytes kept in front of the first frame of a run: two of the longest frames. */
#define MAX_FRONT 0x20000
/* Bytes that wait for their turn: more than a window is. */
#define MAX_AHEAD 0x400000
/* A sequence number further away than this is none of the connection. */
#define MAX_JUMP 0x40000000
/* Packets without length: none is longer. */
#define MAX_PACKET 0x10000

/* Records that are to be told when their bytes are shown. File scope. */
struct teller {
    struct hik_tcp_record *record;
    struct teller *next;
};
struct tellers {
    struct teller *first, *last;
};

struct bytes {
    uint8_t *at;
    uint32_t len, room;
};

/* Bytes that follow each other without a hole. File scope. */
struct run {
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
    struct bytes front, open;
    uint8_t window[HIK_MAX_LOOK]; /* the last bytes while not synced: a frame may begin there */
    uint32_t window_len;
    uint32_t begin_frame; /* frame of the capture that showed it first */
    struct tellers waiting; /* of those whose bytes in front of the first frame have no place yet */
    struct tellers openers; /* of those with a part in the open frame */
};

struct hik_tcp_stream {
    struct hik_framing framing;
    bool accepted, patient, has_ack, cut;
    uint32_t ack;
    uint32_t kept, sent;
    unsigned count, room;
    struct run *runs;       /* in order of their bytes */
    uint64_t gone;          /* bytes of holes that are given up, and their number */
    unsigned gone_holes;
    uint32_t gone_frame;
    uint32_t stray;         /* the last sequence number that was too far away */
    bool has_stray;
};

/* A segment being taken in. */
struct work {
    struct hik_tcp_stream *stream;
    const struct hik_segment *segment;
    const struct hik_stream_env *env;
    wmem_array_t *units;    /* packet scope */
    struct bytes joined;    /* file scope, kept by the record */
    uint32_t begins_in;
    bool joined_any;
    bool push;
    struct hik_tcp_record *record; /* made before its content is known: others point to it */
};

static void put(struct bytes *bytes, const uint8_t *from, uint32_t len)
{
    if (len == 0)
        return;
    if (bytes->len + len > bytes->room) {
        bytes->room = MAX(bytes->len + len, bytes->room * 2);
        bytes->at = (uint8_t *)wmem_realloc(wmem_file_scope(), bytes->at, bytes->room);
    }
    memcpy(bytes->at + bytes->len, from, len);
    bytes->len += len;
}

static void drop(struct bytes *bytes)
{
    if (bytes->at)
        wmem_free(wmem_file_scope(), bytes->at);
    memset(bytes, 0, sizeof *bytes);
}

static void tell_later(struct tellers *tellers, struct hik_tcp_record *record)
{
    struct teller *teller;

    if (tellers->last && tellers->last->record == record)
        return;
    teller = wmem_new0(wmem_file_scope(), struct teller);
    teller->record = record;
    record->pointed = true;
    if (tellers->last)
        tellers->last->next = teller;
    else
        tellers->first = teller;
    tellers->last = teller;
}

static void forget(struct tellers *tellers)
{
    for (struct teller *teller = tellers->first, *next; teller; teller = next) {
        next = teller->next;
        wmem_free(wmem_file_scope(), teller);
    }
    memset(tellers, 0, sizeof *tellers);
}

static int32_t distance(uint32_t from, uint32_t to)
{
    return (int32_t)(to - from);
}

struct hik_tcp_stream *hik_tcp_stream_new(void)
{
    struct hik_tcp_stream *stream = wmem_new0(wmem_file_scope(), struct hik_tcp_stream);

    stream->framing.kind = HIK_FRAMING_RFC4571;
    stream->framing.head = 2;
    return stream;
}

const struct hik_framing *hik_tcp_stream_framing(const struct hik_tcp_stream *stream)
{
    return &stream->framing;
}

static struct run *add_run(struct hik_tcp_stream *stream, unsigned at, uint32_t begin)
{
    struct run *run;

    if (stream->count == stream->room) {
        stream->room = stream->room ? 2 * stream->room : 1;
        stream->runs = (struct run *)wmem_realloc(wmem_file_scope(), stream->runs, stream->room * sizeof *run);
    }
    memmove(stream->runs + at + 1, stream->runs + at, (stream->count - at) * sizeof *run);
    stream->count++;
    run = &stream->runs[at];
    memset(run, 0, sizeof *run);
    run->begin = run->end = begin;
    run->front_kept = true;
    return run;
}

static void remove_run(struct hik_tcp_stream *stream, unsigned at)
{
    drop(&stream->runs[at].front);
    drop(&stream->runs[at].open);
    forget(&stream->runs[at].waiting);
    forget(&stream->runs[at].openers);
    stream->count--;
    memmove(stream->runs + at, stream->runs + at + 1, (stream->count - at) * sizeof(struct run));
}

/* The hole between the first two runs will not be filled any more. */
static void give_up_first(struct hik_tcp_stream *stream)
{
    if (stream->count > 1) {
        stream->gone += stream->runs[1].begin - stream->runs[0].end;
        if (stream->gone_holes++ == 0)
            stream->gone_frame = stream->runs[1].begin_frame;
    }
    remove_run(stream, 0);
}

void hik_tcp_stream_begins(struct hik_tcp_stream *stream, uint32_t seq)
{
    if (stream->count == 0) {
        struct run *run = add_run(stream, 0, seq);
        run->synced = run->found = true;
    }
}

void hik_tcp_stream_accept(struct hik_tcp_stream *stream, const struct hik_framing *framing)
{
    stream->framing = *framing;
    stream->accepted = true;
}

bool hik_tcp_stream_in_order(const struct hik_tcp_stream *stream, uint32_t seq)
{
    return stream->count == 0 || distance(stream->runs[0].end, seq) <= 0;
}

void hik_tcp_stream_patient(struct hik_tcp_stream *stream)
{
    stream->patient = true;
}

void hik_tcp_stream_acked(struct hik_tcp_stream *stream, uint32_t ack)
{
    if (!stream->has_ack || distance(stream->ack, ack) > 0)
        stream->ack = ack;
    stream->has_ack = true;
}

/* ---- frames ----------------------------------------------------------------------------------------------------- */

static void add_unit(struct work *w, enum hik_unit_kind kind, bool joined, uint32_t off, uint32_t len, uint32_t there)
{
    struct hik_unit unit = {off, len, there, (uint8_t)kind, joined, (uint16_t)w->stream->framing.head};
    unsigned count = wmem_array_get_count(w->units);
    struct hik_unit *last = count > 0 ? (struct hik_unit *)wmem_array_index(w->units, count - 1) : NULL;

    /* Bytes that are shown only as such, in one piece. */
    if (last && last->kind == kind && last->joined == joined && last->off + last->there == off &&
        (kind == HIK_UNIT_LOST || kind == HIK_UNIT_REST || kind == HIK_UNIT_BEGIN || kind == HIK_UNIT_CUT)) {
        last->len += len;
        last->there += there;
        return;
    }
    wmem_array_append_one(w->units, unit);
}

/* A piece of the stream: of the segment, or kept from an earlier one. */
struct piece {
    const uint8_t *at;
    uint32_t len;
    bool kept;
};

static void emit(struct work *w, const struct piece *piece, enum hik_unit_kind kind, uint32_t off, uint32_t len)
{
    if (len == 0)
        return;
    /* Without a length it is not known where a packet ends. */
    if (kind == HIK_UNIT_LOST && w->stream->framing.kind == HIK_FRAMING_NONE)
        kind = HIK_UNIT_REST;
    if (!piece->kept) {
        add_unit(w, kind, false, (uint32_t)(piece->at + off - w->segment->bytes), len, len);
    } else if (kind == HIK_UNIT_FRAME || kind == HIK_UNIT_OTHER || kind == HIK_UNIT_NULL) {
        add_unit(w, kind, true, w->joined.len, len, len);
        put(&w->joined, piece->at + off, len);
    }
    /* other bytes that were kept were shown where they came */
}

/* The open frame is complete, or as complete as it gets: size bytes of which `open` has the first. */
static void emit_open(struct work *w, struct run *run, enum hik_unit_kind kind, uint32_t size)
{
    if (!w->joined_any) {
        w->joined_any = true;
        w->begins_in = run->open_frame;
    }
    add_unit(w, kind, true, w->joined.len, size, MIN(run->open.len, size));
    put(&w->joined, run->open.at, MIN(run->open.len, size));
    for (const struct teller *teller = run->openers.first; teller; teller = teller->next)
        if (teller->record != w->record)
            teller->record->done_in = w->segment->frame;
}

static void close_open(struct run *run)
{
    run->open.len = 0;
    if (run->open.room > 4096)
        drop(&run->open);
    run->size = run->looked = 0;
    forget(&run->openers);
}

static void open_frame(struct work *w, struct run *run, const uint8_t *bytes, uint32_t len, uint32_t size)
{
    run->open.len = 0;
    put(&run->open, bytes, len);
    run->size = size;
    run->looked = 0;
    run->open_frame = w->segment->frame;
    forget(&run->openers);
    tell_later(&run->openers, w->record);
}

/* A frame with an SSRC that is known begins in these bytes. */
static bool known_frame_inside(const struct work *w, const uint8_t *bytes, uint32_t len)
{
    const struct hik_known *known = &w->env->known;
    struct hik_head head;

    for (uint32_t at = 0; at < len; at++)
        if (hik_framing_look(&w->stream->framing, bytes + at, len - at, &head) == HIK_LOOK_YES &&
            known->is_known(known->context, head.ssrc))
            return true;
    return false;
}

static bool is_known(const struct work *w, uint32_t ssrc)
{
    return w->env->known.is_known(w->env->known.context, ssrc);
}

/* Is a whole frame believed to be one, with what stands behind it? A new SSRC is, unless what follows makes no sense, or
 * a frame of an old one begins inside. */
static bool believed(const struct work *w, const struct hik_head *head, const uint8_t *frame, uint32_t there,
                     const uint8_t *after, uint32_t after_len)
{
    const struct hik_known *known = &w->env->known;
    struct hik_head next;

    if (known->is_known(known->context, head->ssrc))
        return true;
    if (after_len >= 4)
        return hik_framing_look(&w->stream->framing, after, after_len, &next) != HIK_LOOK_NO || (after[0] | after[1]) == 0;
    return there <= 1 || !known_frame_inside(w, frame + 1, there - 1);
}

static void learn(const struct work *w, const struct hik_head *head)
{
    w->env->learn(w->env->known.context, head);
}

/* Looks for the next frame from off on, where none is known to begin. Returns where it begins, or the end. */
static uint32_t search(struct work *w, struct run *run, const struct piece *piece, uint32_t off)
{
    struct hik_head head;
    uint32_t at;

    for (at = off; at < piece->len; at++)
        if (hik_framing_begins(&w->stream->framing, piece->at, piece->len, at, &w->env->known, &head)) {
            run->synced = run->found = true;
            run->cut = false;
            learn(w, &head);
            return at;
        }
    return at;
}

/* Bytes in front of the first frame of a run belong to one that began in the hole before. */
static void keep_front(struct run *run, const uint8_t *bytes, uint32_t len)
{
    if (!run->front_kept)
        return;
    if (run->front.len + len > MAX_FRONT) {
        run->front_kept = false;
        drop(&run->front);
    } else {
        put(&run->front, bytes, len);
    }
}

static void remember_window(struct run *run, const uint8_t *bytes, uint32_t len)
{
    uint32_t keep = MIN(len, HIK_MAX_LOOK - 1);

    if (keep < HIK_MAX_LOOK - 1) {
        uint32_t old = MIN(run->window_len, HIK_MAX_LOOK - 1 - keep);
        memmove(run->window, run->window + run->window_len - old, old);
        run->window_len = old;
    } else {
        run->window_len = 0;
    }
    memcpy(run->window + run->window_len, bytes + len - keep, keep);
    run->window_len += keep;
}

/* Not synced: a frame may begin in the last bytes before this piece. If so it is the open one. */
static bool search_window(struct work *w, struct run *run, const struct piece *piece)
{
    uint8_t both[2 * HIK_MAX_LOOK];
    uint32_t more = MIN(piece->len, HIK_MAX_LOOK);
    struct hik_head head;

    memcpy(both, run->window, run->window_len);
    memcpy(both + run->window_len, piece->at, more);
    for (uint32_t at = 0; at < run->window_len; at++) {
        const struct hik_known *known = &w->env->known;

        if (hik_framing_look(&w->stream->framing, both + at, run->window_len + more - at, &head) != HIK_LOOK_YES ||
            !known->is_known(known->context, head.ssrc))
            continue;
        if (!run->found && run->front_kept) /* it was kept up to here */
            run->front.len -= MIN(run->front.len, run->window_len - at);
        run->synced = run->found = true;
        run->cut = false;
        open_frame(w, run, run->window + at, run->window_len - at, head.size);
        run->window_len = 0;
        return true;
    }
    return false;
}

/* Frames that lie in the piece as a whole, from off on, where one begins. Returns where it stopped: at the end, or not synced. */
static uint32_t feed_frames(struct work *w, struct run *run, const struct piece *piece, uint32_t off)
{
    const struct hik_framing *framing = &w->stream->framing;

    while (off < piece->len && run->synced) {
        const uint8_t *at = piece->at + off;
        uint32_t there = piece->len - off, size;
        struct hik_head head, next;
        enum hik_look look = hik_framing_look(framing, at, there, &head);

        size = head.size;
        if (framing->kind == HIK_FRAMING_RFC4571 && there >= framing->head && size == framing->head) {
            emit(w, piece, HIK_UNIT_NULL, off, size);
            off += size;
            continue;
        }
        if (framing->kind == HIK_FRAMING_NONE && look == HIK_LOOK_YES && is_known(w, head.ssrc)) {
            size = hik_framing_next(framing, at, there, framing->head + HIK_RTP_HEADER, &head);
            if (size == there && !w->push) {
                open_frame(w, run, at, there, 0);
                emit(w, piece, HIK_UNIT_BEGIN, off, there);
                return piece->len;
            }
            learn(w, &head);
            emit(w, piece, HIK_UNIT_FRAME, off, size);
            off += size;
            continue;
        }
        if (look == HIK_LOOK_SHORT) {
            open_frame(w, run, at, there, size);
            emit(w, piece, HIK_UNIT_BEGIN, off, there);
            return piece->len;
        }
        if (look == HIK_LOOK_YES) {
            const uint8_t *after = size <= there ? at + size : at;

            if (framing->kind != HIK_FRAMING_NONE && believed(w, &head, at, MIN(size, there), after, size <= there ? there - size : 0)) {
                if (size > there) {
                    open_frame(w, run, at, there, size);
                    emit(w, piece, HIK_UNIT_BEGIN, off, there);
                    learn(w, &head);
                    return piece->len;
                }
                learn(w, &head);
                emit(w, piece, HIK_UNIT_FRAME, off, size);
                off += size;
                continue;
            }
        } else if (size > 0 && size < there && framing->kind != HIK_FRAMING_NONE &&
                   hik_framing_look(framing, at + size, there - size, &next) == HIK_LOOK_YES &&
                   is_known(w, next.ssrc)) {
            emit(w, piece, HIK_UNIT_OTHER, off, size);
            off += size;
            continue;
        }
        run->synced = false;
        run->window_len = 0;
        {
            uint32_t found = search(w, run, piece, off + 1);

            emit(w, piece, HIK_UNIT_LOST, off, found - off);
            if (found == piece->len)
                remember_window(run, piece->at + off, found - off);
            off = found;
        }
    }
    return off;
}

/* Goes on with the open frame. Returns the bytes of the piece it took. */
static uint32_t feed_open(struct work *w, struct run *run, const struct piece *piece)
{
    const struct hik_framing *framing = &w->stream->framing;
    uint32_t off = 0;
    struct hik_head head;

    while (run->open.len > 0) {
        enum hik_look look = hik_framing_look(framing, run->open.at, run->open.len, &head);
        uint32_t more;

        if (look == HIK_LOOK_SHORT) {
            /* byte by byte up to the header */
            more = MIN(piece->len - off, 1);
        } else if (framing->kind == HIK_FRAMING_NONE && look == HIK_LOOK_YES && is_known(w, head.ssrc)) {
            uint32_t before = run->open.len, next;

            more = MIN(piece->len - off, MAX_PACKET + HIK_MAX_LOOK - MIN(before, MAX_PACKET + HIK_MAX_LOOK - 1));
            put(&run->open, piece->at + off, more);
            off += more;
            next = hik_framing_next(framing, run->open.at, run->open.len, MAX(run->looked, framing->head + HIK_RTP_HEADER), &head);
            run->looked = run->open.len > HIK_MAX_LOOK ? run->open.len - HIK_MAX_LOOK : 0;
            if (next < run->open.len) {
                /* the next header is at `next`: it may lie in front of this piece's bytes */
                uint32_t left = run->open.len - next;
                uint8_t rest[HIK_MAX_LOOK];

                emit_open(w, run, HIK_UNIT_FRAME, next);
                learn(w, &head);
                if (left <= off) {
                    close_open(run);
                    return off - left;
                }
                left = MIN(left - off, HIK_MAX_LOOK); /* what it has of earlier pieces */
                memcpy(rest, run->open.at + next, left);
                close_open(run);
                open_frame(w, run, rest, left, 0);
                off = 0;
                continue;
            }
            if (run->open.len > MAX_PACKET + HIK_MAX_LOOK - 1 || w->push) {
                emit_open(w, run, HIK_UNIT_FRAME, run->open.len);
                learn(w, &head);
                close_open(run);
            }
            return off;
        } else if (look == HIK_LOOK_NO && head.size == framing->head && framing->kind == HIK_FRAMING_RFC4571) {
            emit_open(w, run, HIK_UNIT_NULL, head.size);
            close_open(run);
            return off;
        } else if (look == HIK_LOOK_NO || (look == HIK_LOOK_YES && head.size <= run->open.len)) {
            bool good = look == HIK_LOOK_YES && framing->kind != HIK_FRAMING_NONE && believed(w, &head, run->open.at, run->open.len, piece->at + off, piece->len - off);
            struct hik_head next;

            if (good) {
                learn(w, &head);
                emit_open(w, run, HIK_UNIT_FRAME, head.size);
                close_open(run);
                return off;
            }
            if (look == HIK_LOOK_NO && head.size > run->open.len && framing->kind == HIK_FRAMING_RFC4571 &&
                head.size - run->open.len < piece->len - off &&
                hik_framing_look(framing, piece->at + off + head.size - run->open.len,
                                 piece->len - off - (head.size - run->open.len), &next) == HIK_LOOK_YES &&
                is_known(w, next.ssrc)) {
                more = head.size - run->open.len;
                put(&run->open, piece->at + off, more);
                emit_open(w, run, HIK_UNIT_OTHER, head.size);
                close_open(run);
                return off + more;
            }
            /* No frame after all: look inside. */
            {
                uint8_t *copy = (uint8_t *)wmem_memdup(NULL, run->open.at, run->open.len);
                struct piece kept = {copy, run->open.len, true};
                uint32_t found;

                close_open(run);
                run->synced = false;
                found = search(w, run, &kept, 1);
                if (found < kept.len)
                    feed_frames(w, run, &kept, found);
                else
                    remember_window(run, copy, kept.len);
                wmem_free(NULL, copy);
                if (run->open.len == 0)
                    return off;
                continue;
            }
        } else {
            run->size = head.size;
            more = MIN(piece->len - off, head.size - run->open.len);
        }
        if (more == 0)
            return off;
        put(&run->open, piece->at + off, more);
        if (!piece->kept)
            tell_later(&run->openers, w->record);
        off += more;
    }
    return off;
}

/* The run goes on with these bytes. */
static void feed(struct work *w, struct run *run, const struct piece *piece)
{
    uint32_t off = 0, took;

    if (run->skipping) {
        off = MIN(run->skip_to - run->end, piece->len);
        emit(w, piece, HIK_UNIT_REST, 0, off);
        if (off == run->skip_to - run->end) {
            run->skipping = false;
            run->synced = true;
        }
    }
    while (off < piece->len) {
        struct piece rest = {piece->at + off, piece->len - off, piece->kept};

        if (run->open.len > 0) {
            took = feed_open(w, run, &rest);
            /* Bytes that went into a frame which is still open are in its middle. */
            if (run->open.len > 0 && took > 0)
                emit(w, &rest, HIK_UNIT_BEGIN, 0, took);
            else if (run->open.len == 0 && !run->synced && took > 0)
                emit(w, &rest, HIK_UNIT_LOST, 0, took);
            off += took;
            if (took == 0 && run->open.len > 0)
                break;
        } else if (run->synced) {
            off = feed_frames(w, run, piece, off);
        } else if (run->window_len > 0 && search_window(w, run, &rest)) {
            continue;
        } else {
            bool first = !run->found, cut = run->cut;
            uint32_t found = search(w, run, piece, off);

            if (first)
                keep_front(run, piece->at + off, found - off);
            emit(w, piece, cut ? HIK_UNIT_CUT : HIK_UNIT_LOST, off, found - off);
            if (found == piece->len)
                remember_window(run, piece->at + off, found - off);
            else
                run->window_len = 0;
            off = found;
        }
    }
    run->end += piece->len;
}

/* The capture cut len bytes of the stream here. */
static void feed_cut(struct work *w, struct run *run, uint32_t len)
{
    uint32_t end = run->end + len;
    struct hik_head head;

    if (!run->found) {
        run->front_kept = false;
        drop(&run->front);
    }
    if (run->skipping) {
        if (distance(end, run->skip_to) < 0) {
            run->skipping = run->synced = false;
            run->cut = true;
        } else if (run->skip_to == end) {
            run->skipping = false;
            run->synced = true;
        }
    } else if (run->open.len > 0) {
        uint32_t begin = run->end - run->open.len;
        bool seen = hik_framing_look(&w->stream->framing, run->open.at, run->open.len, &head) == HIK_LOOK_YES;

        run->synced = false;
        if (seen) {
            uint32_t size = head.size ? head.size : end - begin;
            /* A frame that begins in this segment is shown there, and not as its begin. */
            unsigned count = wmem_array_get_count(w->units);
            struct hik_unit *last = count > 0 ? (struct hik_unit *)wmem_array_index(w->units, count - 1) : NULL;

            learn(w, &head);
            if (last && last->kind == HIK_UNIT_BEGIN && run->open_frame == w->segment->frame && last->there == run->open.len) {
                last->kind = HIK_UNIT_FRAME;
                last->len = size;
                last->head = (uint16_t)w->stream->framing.head;
            } else {
                emit_open(w, run, HIK_UNIT_FRAME, size);
            }
            if (distance(end, begin + size) > 0) {
                run->skipping = true;
                run->skip_to = begin + size;
            } else {
                run->synced = begin + size == end;
            }
        }
        run->cut = !run->synced && !run->skipping;
        close_open(run);
    } else {
        run->synced = false;
        run->cut = true;
    }
    run->window_len = 0;
    run->end = end;
}

/* ---- runs ------------------------------------------------------------------------------------------------------- */

static void tell_filled(struct work *w, struct run *run)
{
    for (const struct teller *teller = run->waiting.first; teller; teller = teller->next) {
        teller->record->filled = w->segment->frame;
        if (run->early)
            teller->record->done_in = w->segment->frame;
    }
    forget(&run->waiting);
}

/* Puts the bytes of a run that waited where they belong. */
static void release(struct work *w, struct run *run)
{
    struct bytes kept = run->front;
    struct piece piece = {kept.at, kept.len, true};
    uint32_t end = run->end;

    run->early = false;
    memset(&run->front, 0, sizeof run->front);
    run->end = run->begin;
    for (const struct teller *teller = run->waiting.first; teller; teller = teller->next)
        teller->record->done_in = w->segment->frame;
    feed(w, run, &piece);
    run->end = end;
    drop(&kept);
}

/* Run number at has reached the next one: makes them one. */
static void join(struct work *w, unsigned at)
{
    struct run *run = &w->stream->runs[at], *next = run + 1;
    struct piece front = {next->front.at, next->front.len, true};

    tell_filled(w, next);
    if (next->early) {
        bool push = w->push;

        w->push = false;
        feed(w, run, &front);
        w->push = push;
        remove_run(w->stream, at + 1);
        return;
    }
    if (next->front_kept)
        feed(w, run, &front);
    if (!next->found && next->front_kept) { /* no frame begins in it: all of it was fed */
        run->end = next->end;
        remove_run(w->stream, at + 1);
        return;
    }
    /* What is open now should be empty; if not, the frame found in the next run goes on. */
    drop(&run->open);
    run->synced = next->synced;
    run->cut = next->cut;
    run->skipping = next->skipping;
    run->skip_to = next->skip_to;
    run->size = next->size;
    run->looked = next->looked;
    run->open_frame = next->open_frame;
    run->open = next->open;
    forget(&run->openers);
    run->openers = next->openers;
    memset(&next->open, 0, sizeof next->open);
    memset(&next->openers, 0, sizeof next->openers);
    memcpy(run->window, next->window, next->window_len);
    run->window_len = next->window_len;
    run->found = run->found || next->found;
    run->end = next->end;
    remove_run(w->stream, at + 1);
}

/* May a run that begins behind a hole wait for the hole to be filled? */
static bool may_wait(const struct hik_tcp_stream *stream, const struct run *run)
{
    if (!stream->accepted)
        return true;
    return stream->patient && !stream->cut && (!stream->has_ack || distance(run->begin, stream->ack) < 0);
}

/* Lets go of runs that wait in vain. */
static void release_stale(struct work *w, bool all)
{
    uint32_t ahead = 0;

    for (unsigned i = 0; i < w->stream->count; i++)
        ahead += w->stream->runs[i].early ? w->stream->runs[i].front.len : 0;
    for (unsigned i = 0; i < w->stream->count; i++) {
        struct run *run = &w->stream->runs[i];

        if (!run->early || !w->stream->accepted)
            continue;
        if (all || ahead > MAX_AHEAD || !may_wait(w->stream, run)) {
            ahead -= run->front.len;
            release(w, run);
        }
    }
}

/* New bytes [from, to) of the segment, between the runs. Returns the number of the run they are in. */
static unsigned place(struct work *w, unsigned at, uint32_t from, uint32_t to)
{
    struct hik_tcp_stream *stream = w->stream;
    const struct hik_segment *segment = w->segment;
    uint32_t off = from - segment->seq, captured = off < segment->captured ? MIN(to - from, segment->captured - off) : 0;
    struct piece piece = {segment->bytes + off, captured, false};
    bool follows = at > 0 && stream->runs[at - 1].end == from;
    struct run *run;

    if (!follows) {
        run = add_run(stream, at, from);
        run->begin_frame = segment->frame;
        if (at > 0) {
            w->record->missing += from - stream->runs[at - 1].end;
            run->early = may_wait(stream, run);
        } else {
            run->synced = run->found = stream->count == 1 && stream->accepted;
            run->early = !stream->accepted;
        }
        if (!run->found)
            tell_later(&run->waiting, w->record);
        at++;
    }
    run = &stream->runs[at - 1];
    if (run->early && captured < to - from)
        release(w, run);
    if (run->early) {
        emit(w, &piece, HIK_UNIT_AHEAD, 0, piece.len);
        put(&run->front, piece.at, piece.len);
        run->end = to;
        tell_later(&run->waiting, w->record);
    } else {
        bool found = run->found;

        feed(w, run, &piece);
        if (!found)
            tell_later(&run->waiting, w->record);
        if (captured < to - from)
            feed_cut(w, run, to - from - captured);
    }
    if (at < stream->count && stream->runs[at].begin == to && !run->early) {
        join(w, at - 1);
    } else if (at < stream->count && stream->runs[at].begin == to) { /* both wait */
        struct run *next = &stream->runs[at];

        if (next->early) {
            put(&run->front, next->front.at, next->front.len);
            run->end = next->end;
            if (next->waiting.first) {
                run->waiting.last->next = next->waiting.first;
                run->waiting.last = next->waiting.last;
                memset(&next->waiting, 0, sizeof next->waiting);
            }
            remove_run(stream, at);
        } else {
            release(w, run);
            join(w, at - 1);
        }
    }
    return at;
}

static bool is_plain(const struct work *w, const struct hik_tcp_record *record, uint32_t captured)
{
    uint32_t off = 0;

    for (unsigned i = 0; i < wmem_array_get_count(w->units); i++) {
        const struct hik_unit *unit = (const struct hik_unit *)wmem_array_index(w->units, i);

        if (unit->joined || unit->off != off || unit->len != unit->there ||
            (unit->kind != HIK_UNIT_FRAME && unit->kind != HIK_UNIT_NULL))
            return false;
        off += unit->len;
    }
    return off == captured && record->missing == 0 && !record->pointed && w->stream->framing.kind != HIK_FRAMING_NONE;
}

/* Nothing of the connection so far: begins anew. */
static bool is_stray(struct hik_tcp_stream *stream, uint32_t seq)
{
    int32_t away;

    if (stream->count == 0)
        return false;
    away = distance(stream->runs[stream->count - 1].end, seq);
    if (away < MAX_JUMP && away > -MAX_JUMP)
        return false;
    away = distance(stream->stray, seq);
    if (!stream->has_stray || away > MAX_PACKET * 16 || away < 0) {
        stream->has_stray = true;
        stream->stray = seq;
        return true;
    }
    while (stream->count > 0)
        remove_run(stream, 0);
    return false;
}

struct hik_tcp_record *hik_tcp_stream_take(struct hik_tcp_stream *stream, const struct hik_segment *segment, bool end,
                                           const struct hik_stream_env *env)
{
    struct work w = {.stream = stream, .segment = segment, .env = env, .push = segment->push};
    uint32_t from = segment->seq, to = segment->seq + segment->len;
    struct hik_tcp_record *record = wmem_new0(wmem_file_scope(), struct hik_tcp_record);
    unsigned at;

    w.record = record;
    w.units = wmem_array_new(NULL, sizeof(struct hik_unit));
    if (segment->captured < segment->len && !stream->cut) {
        stream->cut = true;
        stream->kept = segment->captured;
        stream->sent = segment->len;
    }
    if (is_stray(stream, from)) {
        add_unit(&w, HIK_UNIT_LOST, false, 0, segment->captured, segment->captured);
        from = to;
    }
    release_stale(&w, end);
    /* How many runs begin in front of the new bytes; mostly all of them. */
    at = stream->count;
    while (at > 0 && distance(from, stream->runs[at - 1].begin) > 0)
        at--;
    while (distance(from, to) > 0) {
        uint32_t stop = to;

        if (at > 0 && distance(from, stream->runs[at - 1].end) > 0) { /* came before */
            stop = distance(stream->runs[at - 1].end, to) > 0 ? stream->runs[at - 1].end : to;
            if (from - segment->seq < segment->captured)
                add_unit(&w, HIK_UNIT_AGAIN, false, from - segment->seq, stop - from,
                         MIN(stop - from, segment->captured - (from - segment->seq)));
            from = stop;
            continue;
        }
        if (at < stream->count && distance(stream->runs[at].begin, to) > 0) {
            stop = stream->runs[at].begin;
            if (stop == from) {
                at++;
                continue;
            }
        }
        if (stream->count == MAX_RUNS) {
            give_up_first(stream);
            at -= at > 0;
        }
        at = place(&w, at, from, stop);
        from = stop;
    }
    if (end)
        release_stale(&w, true);
    if (is_plain(&w, record, segment->captured)) {
        wmem_destroy_array(w.units);
        wmem_free(wmem_file_scope(), record);
        return NULL;
    }
    record->stream = stream;
    record->seq = segment->seq;
    record->unit_count = wmem_array_get_count(w.units);
    if (record->unit_count > 0)
        record->units = (struct hik_unit *)wmem_memdup(wmem_file_scope(), wmem_array_get_raw(w.units),
                                                       record->unit_count * sizeof(struct hik_unit));
    record->joined = w.joined.at;
    record->joined_len = w.joined.len;
    record->begins_in = w.begins_in;
    wmem_destroy_array(w.units);
    return record;
}

void hik_tcp_stream_missing(const struct hik_tcp_stream *stream, struct hik_tcp_missing *out)
{
    uint32_t frame = stream->gone_frame;

    out->bytes += stream->gone;
    out->holes += stream->gone_holes;
    for (unsigned i = 1; i < stream->count; i++) {
        /* The receiver does not have them either: they were not sent again before the connection or the capture ended. */
        if (stream->has_ack && distance(stream->runs[i].begin, stream->ack) < 0)
            continue;
        out->bytes += stream->runs[i].begin - stream->runs[i - 1].end;
        out->holes++;
        if (frame == 0)
            frame = stream->runs[i].begin_frame;
    }
    if (frame && (out->frame == 0 || frame < out->frame))
        out->frame = frame;
    if (stream->cut && !out->cut) {
        out->cut = true;
        out->kept = stream->kept;
        out->sent = stream->sent;
    }
}

bool hik_tcp_stream_plain(const struct hik_framing *framing, const uint8_t *bytes, uint32_t len, uint32_t *off, struct hik_unit *unit)
{
    uint32_t size;

    if (*off >= len)
        return false;
    size = hik_framing_size(framing, bytes + *off, len - *off);
    if (size == 0 || size > len - *off)
        return false;
    unit->off = *off;
    unit->len = unit->there = size;
    unit->kind = framing->kind == HIK_FRAMING_RFC4571 && size == framing->head ? HIK_UNIT_NULL : HIK_UNIT_FRAME;
    unit->joined = 0;
    unit->head = (uint16_t)framing->head;
    *off += size;
    return true;
}
