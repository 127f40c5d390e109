/* tcp-stream.c
 * Puts the bytes of a TCP connection into order (RFC 9293 3.4); tcp-run.c finds the frames in them.
 *
 * All of this is first pass. Work is in proportion to the bytes that come; a segment is compared with MAX_RUNS runs at
 * most.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tcp-run.h"

#include <string.h>

/* Runs per direction: holes that are open at the same time. */
#define MAX_RUNS 128
/* Bytes that wait for their turn: more than a window is. */
#define MAX_AHEAD 0x400000
/* A sequence number further away than this is none of the connection. */
#define MAX_JUMP 0x40000000
/* ... until another follows it this closely: then the connection begins anew. */
#define MAX_STRAY 0x100000

struct hik_tcp_stream {
    struct hik_framing framing;
    bool accepted, patient, has_ack, cut;
    bool fresh;             /* accepted, and no segment was taken since */
    struct hik_seen_streams seen;
    uint32_t ack;
    uint32_t kept, sent;
    unsigned count, room;
    struct hik_tcp_run *runs;       /* in order of their bytes */
    uint64_t gone;          /* bytes of holes that are given up, and their number */
    unsigned gone_holes;
    uint32_t gone_frame;
    uint32_t stray;         /* the last sequence number that was too far away */
    bool has_stray;
};

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

static struct hik_tcp_run *add_run(struct hik_tcp_stream *stream, unsigned at, uint32_t begin)
{
    struct hik_tcp_run *run;

    if (stream->count == stream->room) {
        stream->room = stream->room ? 2 * stream->room : 1;
        stream->runs = (struct hik_tcp_run *)wmem_realloc(wmem_file_scope(), stream->runs, stream->room * sizeof *run);
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
    hik_buffer_drop(&stream->runs[at].front);
    hik_buffer_drop(&stream->runs[at].open);
    hik_tellers_forget(&stream->runs[at].waiting);
    hik_tellers_forget(&stream->runs[at].openers);
    stream->count--;
    memmove(stream->runs + at, stream->runs + at + 1, (stream->count - at) * sizeof(struct hik_tcp_run));
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
        struct hik_tcp_run *run = add_run(stream, 0, seq);
        run->synced = run->found = true;
        run->early = !stream->accepted;
    }
}

void hik_tcp_stream_sync(struct hik_tcp_stream *stream)
{
    if (stream->count > 0)
        stream->runs[0].synced = stream->runs[0].found = true;
}

const uint8_t *hik_tcp_stream_kept(const struct hik_tcp_stream *stream, uint32_t seq, uint32_t *len, bool *others)
{
    const struct hik_tcp_run *run = stream->count > 0 ? &stream->runs[0] : NULL;

    *len = 0;
    *others = run && (!run->early || run->end != seq);
    if (!run || *others)
        return NULL;
    *len = run->front.len;
    return run->front.at;
}

void hik_tcp_stream_forget(struct hik_tcp_stream *stream)
{
    while (stream->count > 0)
        remove_run(stream, 0);
}

void hik_tcp_stream_accept(struct hik_tcp_stream *stream, const struct hik_framing *framing)
{
    stream->framing = *framing;
    stream->accepted = stream->fresh = true;
}

bool hik_tcp_stream_in_order(const struct hik_tcp_stream *stream, uint32_t seq)
{
    return stream->count == 0 || hik_tcp_distance(stream->runs[0].end, seq) <= 0;
}

void hik_tcp_stream_patient(struct hik_tcp_stream *stream)
{
    stream->patient = true;
}

void hik_tcp_stream_acked(struct hik_tcp_stream *stream, uint32_t ack)
{
    if (!stream->has_ack || hik_tcp_distance(stream->ack, ack) > 0)
        stream->ack = ack;
    stream->has_ack = true;
}

/* ---- runs ------------------------------------------------------------------------------------------------------- */

static void tell_filled(struct hik_tcp_work *w, struct hik_tcp_run *run)
{
    for (const struct hik_teller *teller = run->waiting.first; teller; teller = teller->next) {
        teller->record->filled = w->segment->frame;
        if (run->early)
            teller->record->done_in = w->segment->frame;
    }
    hik_tellers_forget(&run->waiting);
}

/* Puts the bytes of a run that waited where they belong. */
static void release(struct hik_tcp_work *w, struct hik_tcp_run *run)
{
    struct hik_buffer kept = run->front;
    struct hik_tcp_piece piece = {kept.at, kept.len, true};
    uint32_t end = run->end;
    bool push = w->push; /* of the segment that is coming */

    w->push = false;
    run->early = false;
    memset(&run->front, 0, sizeof run->front);
    run->end = run->begin;
    for (const struct hik_teller *teller = run->waiting.first; teller; teller = teller->next)
        teller->record->done_in = w->segment->frame;
    hik_tcp_run_feed(w, run, &piece);
    w->push = push;
    run->end = end;
    hik_buffer_drop(&kept);
}

/* Run number at has reached the next one: makes them one. */
static void join(struct hik_tcp_work *w, unsigned at)
{
    struct hik_tcp_run *run = &w->stream->runs[at], *next = run + 1;
    struct hik_tcp_piece front = {next->front.at, next->front.len, true};

    tell_filled(w, next);
    if (next->early) {
        bool push = w->push;

        w->push = false;
        hik_tcp_run_feed(w, run, &front);
        w->push = push;
        remove_run(w->stream, at + 1);
        return;
    }
    if (next->front_kept)
        hik_tcp_run_feed(w, run, &front);
    if (!next->found && next->front_kept) { /* no frame begins in it: all of it was fed */
        run->end = next->end;
        remove_run(w->stream, at + 1);
        return;
    }
    /* What is open now should be empty; if not, the frame found in the next run goes on. */
    hik_buffer_drop(&run->open);
    run->synced = next->synced;
    run->cut = next->cut;
    run->skipping = next->skipping;
    run->skip_to = next->skip_to;
    run->size = next->size;
    run->looked = next->looked;
    run->open_frame = next->open_frame;
    run->open = next->open;
    hik_tellers_forget(&run->openers);
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
static bool may_wait(const struct hik_tcp_stream *stream, const struct hik_tcp_run *run)
{
    if (!stream->accepted)
        return true;
    return stream->patient && !stream->cut && hik_tcp_stream_may_fill(stream, run->begin);
}

/* Lets go of runs that wait in vain; what waited until the stream was known to be RTP is in front of what comes. */
static void release_stale(struct hik_tcp_work *w, bool all)
{
    uint32_t ahead = 0;

    for (unsigned i = 0; i < w->stream->count; i++)
        ahead += w->stream->runs[i].early ? w->stream->runs[i].front.len : 0;
    for (unsigned i = 0; i < w->stream->count; i++) {
        struct hik_tcp_run *run = &w->stream->runs[i];

        if (!run->early || !w->stream->accepted || (i > 0 && w->stream->fresh))
            continue;
        if (i == 0 || all || ahead > MAX_AHEAD || !may_wait(w->stream, run)) {
            ahead -= run->front.len;
            release(w, run);
        }
    }
}

/* New bytes [from, to) of the segment, between the runs. Returns the number of the run they are in. */
static unsigned place(struct hik_tcp_work *w, unsigned at, uint32_t from, uint32_t to)
{
    struct hik_tcp_stream *stream = w->stream;
    const struct hik_segment *segment = w->segment;
    uint32_t off = from - segment->seq, captured = off < segment->captured ? MIN(to - from, segment->captured - off) : 0;
    struct hik_tcp_piece piece = {segment->bytes + off, captured, false};
    bool follows = at > 0 && stream->runs[at - 1].end == from;
    struct hik_tcp_run *run;

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
            hik_tellers_add(&run->waiting, w->record);
        at++;
    }
    run = &stream->runs[at - 1];
    if (run->early && captured < to - from)
        release(w, run);
    if (run->early) {
        hik_tcp_run_emit(w, &piece, HIK_UNIT_AHEAD, 0, piece.len);
        hik_buffer_put(&run->front, piece.at, piece.len);
        run->end = to;
        hik_tellers_add(&run->waiting, w->record);
    } else {
        bool found = run->found;

        hik_tcp_run_feed(w, run, &piece);
        if (!found) {
            w->record->behind = w->record->behind || at > 1;
            hik_tellers_add(&run->waiting, w->record);
        }
        if (captured < to - from)
            hik_tcp_run_feed_cut(w, run, to - from - captured);
    }
    if (at < stream->count && stream->runs[at].begin == to && !run->early) {
        join(w, at - 1);
    } else if (at < stream->count && stream->runs[at].begin == to) { /* both wait */
        struct hik_tcp_run *next = &stream->runs[at];

        if (next->early) {
            hik_buffer_put(&run->front, next->front.at, next->front.len);
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

static bool is_plain(const struct hik_tcp_work *w, const struct hik_tcp_record *record, uint32_t captured)
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
    away = hik_tcp_distance(stream->runs[stream->count - 1].end, seq);
    if (away < MAX_JUMP && away > -MAX_JUMP)
        return false;
    away = hik_tcp_distance(stream->stray, seq);
    if (!stream->has_stray || away > MAX_STRAY || away < 0) {
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
    struct hik_tcp_work w = {.stream = stream, .framing = &stream->framing, .seen = &stream->seen, .segment = segment, .env = env, .push = segment->push};
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
        hik_tcp_run_add_unit(&w, HIK_UNIT_LOST, false, 0, segment->captured, segment->captured);
        from = to;
    }
    release_stale(&w, end);
    /* How many runs begin in front of the new bytes; mostly all of them. */
    at = stream->count;
    while (at > 0 && hik_tcp_distance(from, stream->runs[at - 1].begin) > 0)
        at--;
    while (hik_tcp_distance(from, to) > 0) {
        uint32_t stop = to;

        if (at > 0 && hik_tcp_distance(from, stream->runs[at - 1].end) > 0) { /* came before */
            stop = hik_tcp_distance(stream->runs[at - 1].end, to) > 0 ? stream->runs[at - 1].end : to;
            if (from - segment->seq < segment->captured)
                hik_tcp_run_add_unit(&w, HIK_UNIT_AGAIN, false, from - segment->seq, stop - from,
                         MIN(stop - from, segment->captured - (from - segment->seq)));
            from = stop;
            continue;
        }
        if (at < stream->count && hik_tcp_distance(stream->runs[at].begin, to) > 0) {
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
    if (end || stream->fresh) {
        stream->fresh = false;
        release_stale(&w, end);
    }
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

bool hik_tcp_stream_is_acked(const struct hik_tcp_stream *stream, uint32_t seq)
{
    return !stream->has_ack || hik_tcp_distance(seq, stream->ack) >= 0;
}

bool hik_tcp_stream_may_fill(const struct hik_tcp_stream *stream, uint32_t seq)
{
    return !stream->has_ack || hik_tcp_distance(seq, stream->ack) < 0;
}

void hik_tcp_stream_missing(const struct hik_tcp_stream *stream, struct hik_tcp_missing *out)
{
    uint32_t frame = stream->gone_frame;

    out->bytes += stream->gone;
    out->holes += stream->gone_holes;
    for (unsigned i = 1; i < stream->count; i++) {
        /* The receiver does not have them either: they were not sent again before the connection or the capture ended. */
        if (!hik_tcp_stream_is_acked(stream, stream->runs[i].begin)) {
            if (out->open_holes++ == 0)
                out->open_frame = stream->runs[i].begin_frame;
            out->open += stream->runs[i].begin - stream->runs[i - 1].end;
            continue;
        }
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
