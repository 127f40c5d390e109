/* tcp-run.c
 * The frames in bytes of a TCP connection that follow each other without a hole (RFC 4571, and the other framings).
 *
 * All of this is first pass. Work is in proportion to the bytes that come. What is kept is the frame at the end that is
 * not complete, and what stands in front of the first frame found, which is the rest of a frame that began in a hole.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tcp-run.h"

#include <string.h>

/* Bytes kept in front of the first frame of a run: two of the longest frames. */
#define MAX_FRONT 0x20000
/* Packets without length: none is longer. */
#define MAX_PACKET 0x10000

void hik_buffer_put(struct hik_buffer *bytes, const uint8_t *from, uint32_t len)
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

void hik_buffer_drop(struct hik_buffer *bytes)
{
    if (bytes->at)
        wmem_free(wmem_file_scope(), bytes->at);
    memset(bytes, 0, sizeof *bytes);
}

void hik_tellers_add(struct hik_tellers *tellers, struct hik_tcp_record *record)
{
    struct hik_teller *teller;

    if (tellers->last && tellers->last->record == record)
        return;
    teller = wmem_new0(wmem_file_scope(), struct hik_teller);
    teller->record = record;
    record->pointed = true;
    if (tellers->last)
        tellers->last->next = teller;
    else
        tellers->first = teller;
    tellers->last = teller;
}

void hik_tellers_forget(struct hik_tellers *tellers)
{
    for (struct hik_teller *teller = tellers->first, *next; teller; teller = next) {
        next = teller->next;
        wmem_free(wmem_file_scope(), teller);
    }
    memset(tellers, 0, sizeof *tellers);
}

int32_t hik_tcp_distance(uint32_t from, uint32_t to)
{
    return (int32_t)(to - from);
}

void hik_tcp_run_add_unit(struct hik_tcp_work *w, enum hik_unit_kind kind, bool joined, uint32_t off, uint32_t len, uint32_t there)
{
    struct hik_unit unit = {off, len, there, (uint8_t)kind, joined, (uint16_t)w->framing->head};
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

void hik_tcp_run_emit(struct hik_tcp_work *w, const struct hik_tcp_piece *piece, enum hik_unit_kind kind, uint32_t off, uint32_t len)
{
    if (len == 0)
        return;
    /* Without a length it is not known where a packet ends. */
    if (kind == HIK_UNIT_LOST && w->framing->kind == HIK_FRAMING_NONE)
        kind = HIK_UNIT_REST;
    if (!piece->kept) {
        hik_tcp_run_add_unit(w, kind, false, (uint32_t)(piece->at + off - w->segment->bytes), len, len);
    } else if (kind == HIK_UNIT_FRAME || kind == HIK_UNIT_OTHER || kind == HIK_UNIT_NULL) {
        hik_tcp_run_add_unit(w, kind, true, w->joined.len, len, len);
        hik_buffer_put(&w->joined, piece->at + off, len);
    }
    /* other bytes that were kept were shown where they came */
}

/* The open frame is complete, or as complete as it gets: size bytes of which `open` has the first. */
static void emit_open(struct hik_tcp_work *w, struct hik_tcp_run *run, enum hik_unit_kind kind, uint32_t size)
{
    if (!w->joined_any) {
        w->joined_any = true;
        w->begins_in = run->open_frame;
    }
    hik_tcp_run_add_unit(w, kind, true, w->joined.len, size, MIN(run->open.len, size));
    hik_buffer_put(&w->joined, run->open.at, MIN(run->open.len, size));
    for (const struct hik_teller *teller = run->openers.first; teller; teller = teller->next)
        if (teller->record != w->record)
            teller->record->done_in = w->segment->frame;
}

static void close_open(struct hik_tcp_run *run)
{
    run->open.len = 0;
    if (run->open.room > 4096)
        hik_buffer_drop(&run->open);
    run->size = run->looked = 0;
    hik_tellers_forget(&run->openers);
}

static void open_frame(struct hik_tcp_work *w, struct hik_tcp_run *run, const uint8_t *bytes, uint32_t len, uint32_t size)
{
    run->open.len = 0;
    hik_buffer_put(&run->open, bytes, len);
    run->size = size;
    run->looked = 0;
    run->open_frame = w->segment->frame;
    hik_tellers_forget(&run->openers);
    hik_tellers_add(&run->openers, w->record);
}

/* A frame with an SSRC that is known begins in these bytes. */
static bool known_frame_inside(const struct hik_tcp_work *w, const uint8_t *bytes, uint32_t len)
{
    const struct hik_known *known = &w->env->known;
    struct hik_head head;

    for (uint32_t at = 0; at < len; at++)
        if (hik_framing_look(w->framing, bytes + at, len - at, &head) == HIK_LOOK_YES &&
            known->is_known(known->context, head.ssrc))
            return true;
    return false;
}

static bool is_known(const struct hik_tcp_work *w, uint32_t ssrc)
{
    return w->env->known.is_known(w->env->known.context, ssrc);
}

/* Is a whole frame believed to be one, with what stands behind it? A new SSRC is, unless what follows makes no sense, or
 * a frame of an old one begins inside. */
static bool believed(const struct hik_tcp_work *w, const struct hik_head *head, const uint8_t *frame, uint32_t there,
                     const uint8_t *after, uint32_t after_len)
{
    const struct hik_known *known = &w->env->known;
    struct hik_head next;

    if (known->is_known(known->context, head->ssrc))
        return true;
    if (after_len >= 4)
        return hik_framing_look(w->framing, after, after_len, &next) != HIK_LOOK_NO || (after[0] | after[1]) == 0;
    return there <= 1 || !known_frame_inside(w, frame + 1, there - 1);
}

static void learn(const struct hik_tcp_work *w, const struct hik_head *head)
{
    unsigned i;

    if (!head->rtcp) {
        for (i = 0; i < MIN(w->seen->count, HIK_SEEN_STREAMS) && w->seen->stream[i].ssrc != head->ssrc; i++)
            ;
        if (i == MIN(w->seen->count, HIK_SEEN_STREAMS))
            i = w->seen->count++ % HIK_SEEN_STREAMS;
        w->seen->stream[i].ssrc = head->ssrc;
        w->seen->stream[i].seq = head->seq;
    }
    w->env->learn(w->env->known.context, head);
}

/* Looks for the next frame from off on, where none is known to begin. Returns where it begins, or the end. */
static uint32_t search(struct hik_tcp_work *w, struct hik_tcp_run *run, const struct hik_tcp_piece *piece, uint32_t off)
{
    struct hik_head head;
    uint32_t at;

    for (at = off; at < piece->len; at++)
        if (hik_framing_begins(w->framing, piece->at, piece->len, at, &w->env->known, &head)) {
            run->synced = run->found = true;
            run->cut = false;
            learn(w, &head);
            return at;
        }
    return at;
}

/* Bytes in front of the first frame of a run belong to one that began in the hole before. */
static void keep_front(struct hik_tcp_run *run, const uint8_t *bytes, uint32_t len)
{
    if (!run->front_kept)
        return;
    if (run->front.len + len > MAX_FRONT) {
        run->front_kept = false;
        hik_buffer_drop(&run->front);
    } else {
        hik_buffer_put(&run->front, bytes, len);
    }
}

static void remember_window(struct hik_tcp_run *run, const uint8_t *bytes, uint32_t len)
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
static bool search_window(struct hik_tcp_work *w, struct hik_tcp_run *run, const struct hik_tcp_piece *piece)
{
    uint8_t both[2 * HIK_MAX_LOOK];
    uint32_t more = MIN(piece->len, HIK_MAX_LOOK);
    struct hik_head head;

    memcpy(both, run->window, run->window_len);
    memcpy(both + run->window_len, piece->at, more);
    for (uint32_t at = 0; at < run->window_len; at++) {
        const struct hik_known *known = &w->env->known;

        if (hik_framing_look(w->framing, both + at, run->window_len + more - at, &head) != HIK_LOOK_YES ||
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

/* Without lengths: a packet with an SSRC that nobody announced, which those behind it have to prove. */
static bool is_new(const struct hik_tcp_work *w, const struct hik_head *head)
{
    return w->framing->kind == HIK_FRAMING_NONE && !head->rtcp && hik_framing_is_payload_type(head->pt) && !is_known(w, head->ssrc);
}

/* Frames that lie in the piece as a whole, from off on, where one begins. Returns where it stopped: at the end, or not synced. */
static uint32_t feed_frames(struct hik_tcp_work *w, struct hik_tcp_run *run, const struct hik_tcp_piece *piece, uint32_t off)
{
    const struct hik_framing *framing = w->framing;

    while (off < piece->len && run->synced) {
        const uint8_t *at = piece->at + off;
        uint32_t there = piece->len - off, size;
        struct hik_head head, next;
        enum hik_framing_look look = hik_framing_look(framing, at, there, &head);

        size = head.size;
        if (framing->kind == HIK_FRAMING_RFC4571 && there >= framing->head && size == framing->head) {
            hik_tcp_run_emit(w, piece, HIK_UNIT_NULL, off, size);
            off += size;
            continue;
        }
        if (framing->kind == HIK_FRAMING_NONE && look == HIK_LOOK_YES && is_known(w, head.ssrc)) {
            size = hik_framing_next(framing, at, there, framing->head + HIK_RTP_HEADER, &head, w->seen);
            if (size == there)
                size = hik_framing_other(framing, at, there, framing->head + HIK_RTP_HEADER, &head);
            if (size == there && !w->push) {
                open_frame(w, run, at, there, 0);
                hik_tcp_run_emit(w, piece, HIK_UNIT_BEGIN, off, there);
                return piece->len;
            }
            learn(w, &head);
            hik_tcp_run_emit(w, piece, HIK_UNIT_FRAME, off, size);
            off += size;
            continue;
        }
        if (look == HIK_LOOK_YES && is_new(w, &head) && hik_framing_goes_on(framing, at, there, &head)) {
            learn(w, &head);
            continue;
        }
        if (look == HIK_LOOK_SHORT || (look == HIK_LOOK_YES && is_new(w, &head) && there < HIK_PROOF_ROOM)) {
            open_frame(w, run, at, there, size);
            hik_tcp_run_emit(w, piece, HIK_UNIT_BEGIN, off, there);
            return piece->len;
        }
        if (look == HIK_LOOK_YES) {
            const uint8_t *after = size <= there ? at + size : at;

            if (framing->kind != HIK_FRAMING_NONE && believed(w, &head, at, MIN(size, there), after, size <= there ? there - size : 0)) {
                if (size > there) {
                    open_frame(w, run, at, there, size);
                    hik_tcp_run_emit(w, piece, HIK_UNIT_BEGIN, off, there);
                    learn(w, &head);
                    return piece->len;
                }
                learn(w, &head);
                hik_tcp_run_emit(w, piece, HIK_UNIT_FRAME, off, size);
                off += size;
                continue;
            }
        } else if (size > 0 && size < there && framing->kind != HIK_FRAMING_NONE &&
                   hik_framing_look(framing, at + size, there - size, &next) == HIK_LOOK_YES &&
                   is_known(w, next.ssrc)) {
            hik_tcp_run_emit(w, piece, HIK_UNIT_OTHER, off, size);
            off += size;
            continue;
        }
        run->synced = false;
        run->window_len = 0;
        {
            uint32_t found = search(w, run, piece, off + 1);

            hik_tcp_run_emit(w, piece, HIK_UNIT_LOST, off, found - off);
            if (found == piece->len)
                remember_window(run, piece->at + off, found - off);
            off = found;
        }
    }
    return off;
}

/* The bytes of the open frame from `from` on hold frames of their own. last: nothing of the segment is behind them. */
static void feed_again(struct hik_tcp_work *w, struct hik_tcp_run *run, uint32_t from, bool last)
{
    uint32_t len = run->open.len - from;
    uint8_t *copy = (uint8_t *)wmem_memdup(NULL, run->open.at + from, len);
    struct hik_tcp_piece kept = {copy, len, true};
    bool push = w->push;

    for (const struct hik_teller *teller = run->openers.first; teller; teller = teller->next)
        if (teller->record != w->record)
            teller->record->done_in = w->segment->frame;
    close_open(run);
    w->push = push && last;
    feed_frames(w, run, &kept, 0);
    w->push = push;
    wmem_free(NULL, copy);
}

/* Goes on with the open frame. Returns the bytes of the piece it took. */
static uint32_t feed_open(struct hik_tcp_work *w, struct hik_tcp_run *run, const struct hik_tcp_piece *piece)
{
    const struct hik_framing *framing = w->framing;
    uint32_t off = 0;
    struct hik_head head;

    while (run->open.len > 0) {
        enum hik_framing_look look = hik_framing_look(framing, run->open.at, run->open.len, &head);
        uint32_t more;

        if (look == HIK_LOOK_SHORT) {
            /* byte by byte up to the header */
            more = MIN(piece->len - off, 1);
        } else if (look == HIK_LOOK_YES && is_new(w, &head) && run->open.len < HIK_PROOF_ROOM) {
            more = MIN(piece->len - off, HIK_PROOF_ROOM - run->open.len);
            hik_buffer_put(&run->open, piece->at + off, more);
            off += more;
            if (hik_framing_goes_on(framing, run->open.at, run->open.len, &head)) {
                learn(w, &head);
                feed_again(w, run, 0, off == piece->len);
                return off;
            }
            if (run->open.len < HIK_PROOF_ROOM)
                return off;
            continue;
        } else if (framing->kind == HIK_FRAMING_NONE && look == HIK_LOOK_YES && is_known(w, head.ssrc)) {
            uint32_t before = run->open.len, next, other;

            more = MIN(piece->len - off, MAX_PACKET + HIK_MAX_LOOK - MIN(before, MAX_PACKET + HIK_MAX_LOOK - 1));
            hik_buffer_put(&run->open, piece->at + off, more);
            off += more;
            next = hik_framing_next(framing, run->open.at, run->open.len, MAX(run->looked, framing->head + HIK_RTP_HEADER), &head, w->seen);
            other = next < run->open.len ? next : hik_framing_other(framing, run->open.at, run->open.len, framing->head + HIK_RTP_HEADER, &head);
            if (next == run->open.len && other < next) {
                emit_open(w, run, HIK_UNIT_FRAME, other);
                learn(w, &head);
                feed_again(w, run, other, off == piece->len);
                return off;
            }
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
                hik_buffer_put(&run->open, piece->at + off, more);
                emit_open(w, run, HIK_UNIT_OTHER, head.size);
                close_open(run);
                return off + more;
            }
            /* No frame after all: look inside. */
            {
                uint8_t *copy = (uint8_t *)wmem_memdup(NULL, run->open.at, run->open.len);
                struct hik_tcp_piece kept = {copy, run->open.len, true};
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
        hik_buffer_put(&run->open, piece->at + off, more);
        if (!piece->kept)
            hik_tellers_add(&run->openers, w->record);
        off += more;
    }
    return off;
}

/* The run goes on with these bytes. */
void hik_tcp_run_feed(struct hik_tcp_work *w, struct hik_tcp_run *run, const struct hik_tcp_piece *piece)
{
    uint32_t off = 0, took;

    if (run->skipping) {
        off = MIN(run->skip_to - run->end, piece->len);
        hik_tcp_run_emit(w, piece, HIK_UNIT_REST, 0, off);
        if (off == run->skip_to - run->end) {
            run->skipping = false;
            run->synced = true;
        }
    }
    while (off < piece->len) {
        struct hik_tcp_piece rest = {piece->at + off, piece->len - off, piece->kept};

        if (run->open.len > 0) {
            took = feed_open(w, run, &rest);
            /* Bytes that went into a frame which is still open are in its middle. */
            if (run->open.len > 0 && took > 0)
                hik_tcp_run_emit(w, &rest, HIK_UNIT_BEGIN, 0, took);
            else if (run->open.len == 0 && !run->synced && took > 0)
                hik_tcp_run_emit(w, &rest, HIK_UNIT_LOST, 0, took);
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
            hik_tcp_run_emit(w, piece, cut ? HIK_UNIT_CUT : HIK_UNIT_LOST, off, found - off);
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
void hik_tcp_run_feed_cut(struct hik_tcp_work *w, struct hik_tcp_run *run, uint32_t len)
{
    uint32_t end = run->end + len;
    struct hik_head head;

    if (!run->found) {
        run->front_kept = false;
        hik_buffer_drop(&run->front);
    }
    if (run->skipping) {
        if (hik_tcp_distance(end, run->skip_to) < 0) {
            run->skipping = run->synced = false;
            run->cut = true;
        } else if (run->skip_to == end) {
            run->skipping = false;
            run->synced = true;
        }
    } else if (run->open.len > 0) {
        uint32_t begin = run->end - run->open.len;
        bool seen = hik_framing_look(w->framing, run->open.at, run->open.len, &head) == HIK_LOOK_YES;

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
                last->head = (uint16_t)w->framing->head;
            } else {
                emit_open(w, run, HIK_UNIT_FRAME, size);
            }
            if (hik_tcp_distance(end, begin + size) > 0) {
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
