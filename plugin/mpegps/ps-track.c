/* ps-track.c
 * From RTP packets to access units. The RTP marker and time stamp are hints: an access unit ends where the next one
 * begins (H.264 7.4.1.2.3, H.265 7.4.2.4.4), and at a marker only if the program stream is at the end of a PES packet
 * there and markers have not been found to lie.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ps-track.h"

#include <string.h>

enum { RESTART = 3000 };    /* a packet that is late by more than this begins a new numbering */

/* Who the sink works for. */
struct target {
    struct hik_ps_track *track;
    struct hik_ps_context *context;
};

static bool is_nal_codec(uint8_t codec)
{
    return codec == HIK_ES_H264 || codec == HIK_ES_H265;
}

/* ---- access units --------------------------------------------------------------------------------------------- */

/* Whether the access unit has been told from behind the gap. If it is told from there now, that is noted. */
static bool told_already(struct hik_ps_track *track, const struct hik_ps_unit *unit)
{
    struct hik_ps_gap *gap = track->gap;

    if (!track->gap_open || track->feeding == HIK_PS_FEED_LATE)
        return false;
    if (track->feeding == HIK_PS_FEED_AGAIN) {
        for (unsigned i = 0; i < gap->told_count; i++)
            if (gap->told[i].last == unit->last && gap->told[i].size == unit->size &&
                gap->told[i].stream_id == unit->stream_id)
                return true;
        return false;
    }
    if (gap->told_count == HIK_PS_TOLD) {
        track->gap_open = false; /* too many to tell apart: what is late stays out */
        return false;
    }
    gap->told[gap->told_count].last = unit->last;
    gap->told[gap->told_count].size = unit->size;
    gap->told[gap->told_count++].stream_id = unit->stream_id;
    return false;
}

static void unit_complete(struct hik_ps_track *track, const struct hik_ps_es *es, const struct hik_ps_building *unit,
                          uint32_t size, uint32_t packets, uint32_t last)
{
    struct hik_ps_unit out = { 0 };

    if (!track->unit_cb)
        return;
    out.first = unit->first;
    out.last = last;
    out.size = size;
    out.packets = packets;
    out.stream_id = es->stream_id;
    out.codec = es->codec;
    out.key = unit->key;
    out.width = track->width;
    out.height = track->height;
    out.frame_rate = track->frame_rate;
    if (!told_already(track, &out))
        track->unit_cb(track->user, &out);
}

/* A new access unit begins, back bytes ago. Tells the one before if it was one. */
static void unit_begin(struct target *t, struct hik_ps_building *unit, const struct hik_ps_es *es, uint32_t back)
{
    struct hik_ps_track *track = t->track;
    bool here = unit->packets && unit->packet == track->packet;  /* bytes came in this packet */
    uint32_t in_packet = here ? unit->size - unit->size_before : 0;
    uint32_t first = track->frame;
    uint32_t packets = here ? 1 : 0;

    if (back > unit->size)
        back = unit->size;
    if (unit->open && unit->picture && !unit->closed) {
        bool was_here = here && in_packet > back;

        unit_complete(track, es, unit, unit->size - back, unit->packets - (here && !was_here ? 1 : 0),
                      here && !was_here ? unit->previous_last : unit->last);
    }
    if (back > in_packet) {
        /* its start code began in the packet before */
        first = here ? unit->previous_last : unit->last;
        packets++;
        unit->size_before = back - in_packet;
    } else {
        unit->size_before = 0;
    }
    unit->size = back;
    unit->packets = packets;
    unit->first = first;
    unit->open = true;
    unit->picture = unit->key = unit->closed = false;
}

static void unit_bytes(struct target *t, struct hik_ps_building *unit, const struct hik_ps_es *es, uint32_t len)
{
    struct hik_ps_track *track = t->track;

    if (unit->packets == 0 || unit->packet != track->packet) {
        unit->previous_last = unit->last;
        unit->size_before = unit->size;
        unit->packet = track->packet;
        unit->last = track->frame;
        unit->packets++;
    }
    unit->size += len;
    if (unit->closed && es->nal_open == 2 && len >= 8) {
        /* the NAL unit goes on, although the marker said that the picture was complete */
        unit->closed = false;
        track->marker_lies = true;
    }
}

static void count_rate(struct hik_ps_track *track, uint64_t pts)
{
    uint64_t step = pts > track->last_pts ? pts - track->last_pts : 0;

    if (!track->rate_from_sps && track->counts.units > 1) {
        if (step >= 90 && step <= 180000 && step == track->last_step)
            track->frame_rate = 90000.0 / (double)step;
        track->last_step = step;
    }
    track->last_pts = pts;
}

static void picture_begins(struct target *t, struct hik_ps_building *unit, bool key)
{
    struct hik_ps_track *track = t->track;

    unit->picture = true;
    unit->key = key;
    track->counts.units++;
    if (key) {
        track->counts.key_frames++;
        track->arrival->key_begins = true;
    }
    if (t->context->parser.has_pts)
        count_rate(track, t->context->parser.pts);
}

static void sps_done(struct target *t, const struct hik_ps_es *es, uint32_t size)
{
    struct hik_ps_context *context = t->context;
    struct hik_sps sps;

    if (size > context->sps_len)
        size = context->sps_len;
    if (hik_sps_read((enum hik_es_codec)es->codec, context->sps, size, &sps)) {
        t->track->width = sps.width;
        t->track->height = sps.height;
        if (sps.frame_rate > 0) {
            t->track->frame_rate = sps.frame_rate;
            t->track->rate_from_sps = true;
        }
    }
    context->sps_stream = HIK_PS_NO_STREAM;
}

/* ---- the parser's events -------------------------------------------------------------------------------------- */

static void note_codec(struct hik_ps_track *track, const struct hik_ps_es *es)
{
    enum hik_es_codec codec = (enum hik_es_codec)es->codec;

    if (hik_es_is_audio(codec))
        track->audio_codec = es->codec;
    else if (hik_es_is_video(codec) && (codec != HIK_ES_OTHER_VIDEO || track->video_codec == HIK_ES_UNKNOWN))
        track->video_codec = es->codec;
}

static void on_nal(struct target *t, const struct hik_ps_event *event, unsigned index)
{
    struct hik_ps_building *unit = &t->context->unit[index];
    const struct hik_ps_es *es = event->es;
    const struct hik_ps_nal *nal = &event->nal;

    if (!is_nal_codec(es->codec))
        return;
    if (nal->picture_start || nal->before_picture) {
        if (!unit->open || unit->picture)
            unit_begin(t, unit, es, nal->back);
        if (nal->picture_start)
            picture_begins(t, unit, nal->key);
    } else if (unit->closed) {
        unit->closed = false;
        t->track->marker_lies = true;
    }
    if (hik_nal_is_sps((enum hik_es_codec)es->codec, nal->type)) {
        t->context->sps_stream = (uint8_t)index;
        t->context->sps_len = nal->have;
        memcpy(t->context->sps, nal->header, nal->have);
    }
}

static void on_data(struct target *t, const struct hik_ps_event *event, unsigned index)
{
    struct hik_ps_context *context = t->context;
    const struct hik_ps_es *es = event->es;

    if (es->codec == HIK_ES_UNKNOWN ? es->stream_id >= 0xe0 : hik_es_is_video((enum hik_es_codec)es->codec))
        unit_bytes(t, &context->unit[index], es, event->len);
    if (context->sps_stream == index && context->sps_len < HIK_PS_SPS_MAX && es->nal_open == 2) {
        uint32_t n = HIK_PS_SPS_MAX - context->sps_len;

        if (n > event->len)
            n = event->len;
        memcpy(context->sps + context->sps_len, event->data, n);
        context->sps_len = (uint16_t)(context->sps_len + n);
    }
}

static void on_pes(struct target *t, const struct hik_ps_event *event, unsigned index)
{
    struct hik_ps_building *unit = &t->context->unit[index];
    const struct hik_ps_es *es = event->es;

    note_codec(t->track, es);
    /* codecs whose pictures are not looked into: a new time stamp is a new picture */
    if (hik_es_is_video((enum hik_es_codec)es->codec) && !is_nal_codec(es->codec) && event->pes->has_pts &&
        (!unit->open || unit->pts != event->pes->pts)) {
        unit_begin(t, unit, es, 0);
        unit->pts = event->pes->pts;
        picture_begins(t, unit, false);
    }
}

static void on_event(void *user, const struct hik_ps_event *event)
{
    struct target *t = user;
    struct hik_ps_track *track = t->track;
    struct hik_ps_arrival *arrival = track->arrival;
    unsigned index = event->es ? (unsigned)(event->es - t->context->parser.s.es) : HIK_PS_NO_STREAM;

    switch (event->type) {
    case HIK_PS_EV_SKIPPED:
        arrival->dropped = true;
        break;
    case HIK_PS_EV_PACK:
        arrival->packs = true;
        track->counts.packs++;
        break;
    case HIK_PS_EV_PES:
        if (event->es)
            on_pes(t, event, index);
        break;
    case HIK_PS_EV_DATA:
        if (event->es)
            on_data(t, event, index);
        break;
    case HIK_PS_EV_CUT:
        if (event->es)
            memset(&t->context->unit[index], 0, sizeof t->context->unit[index]);
        break;
    case HIK_PS_EV_NAL:
        on_nal(t, event, index);
        break;
    case HIK_PS_EV_NAL_END:
        if (t->context->sps_stream == index)
            sps_done(t, event->es, event->nal.size);
        break;
    case HIK_PS_EV_CODEC:
        note_codec(track, event->es);
        t->context->unit[index].open = t->context->unit[index].picture = false;
        if (event->es->flags & HIK_PS_ES_MISMATCH && event->es->psm_type &&
            hik_es_by_stream_type(event->es->psm_type) != event->es->codec) {
            arrival->mismatch = true;
            arrival->mismatch_said = event->es->psm_type;
            arrival->mismatch_is = event->es->codec;
        }
        break;
    case HIK_PS_EV_NO_PSM:
        arrival->no_psm = true;
        track->counts.no_psm++;
        break;
    case HIK_PS_EV_SYSTEM:
    case HIK_PS_EV_PSM:
    case HIK_PS_EV_PES_END:
    case HIK_PS_EV_OVERRUN:
    case HIK_PS_EV_END_CODE:
        break;
    }
}

/* ---- packets -------------------------------------------------------------------------------------------------- */

static void context_gap(struct hik_ps_context *context)
{
    hik_ps_gap(&context->parser);
    memset(context->unit, 0, sizeof context->unit);
    context->sps_stream = HIK_PS_NO_STREAM;
}

/* The program stream is where a picture may end. */
static bool at_end(const struct hik_ps_state *s)
{
    return (s->mode == HIK_PS_CODE && s->match == 0) ||
           (s->mode == HIK_PS_PAYLOAD && s->flags & HIK_PS_UNBOUNDED && s->match == 0);
}

static void feed(struct hik_ps_track *track, struct hik_ps_context *context, const uint8_t *data, uint32_t len,
                 uint32_t missing, bool marker)
{
    struct target target = { track, context };

    track->packet++;
    context->parser.sink = on_event;
    context->parser.user = &target;
    hik_ps_feed(&context->parser, data, len);
    if (missing)
        hik_ps_missing(&context->parser, missing);
    if (marker && !track->marker_lies && at_end(&context->parser.s)) {
        for (unsigned i = 0; i < HIK_PS_STREAMS; i++) {
            struct hik_ps_building *unit = &context->unit[i];

            if (unit->open && unit->picture && !unit->closed) {
                unit_complete(track, &context->parser.s.es[i], unit, unit->size, unit->packets, unit->last);
                unit->closed = true;
            }
        }
    }
    context->parser.sink = NULL;
    context->parser.user = NULL;
}

/* ---- gaps ----------------------------------------------------------------------------------------------------- */

static void open_gap(struct hik_ps_track *track)
{
    struct hik_ps_gap *gap = track->gap;

    if (!gap && track->alloc) {
        gap = track->gap = track->alloc(sizeof *gap);
        memset(gap, 0, sizeof *gap);
    }
    track->gap_open = gap != NULL;
    if (!gap)
        return;
    gap->before = track->now;
    gap->next = track->next;
    gap->waiting = 0;
    gap->told_count = 0;
    memset(&gap->ahead, 0, sizeof gap->ahead);
    memset(&gap->again, 0, sizeof gap->again);
}

static void count_move(struct hik_ps_counts *to, const struct hik_ps_counts *now, const struct hik_ps_counts *before)
{
    to->units += now->units - before->units;
    to->key_frames += now->key_frames - before->key_frames;
    to->packs += now->packs - before->packs;
    to->no_psm += now->no_psm - before->no_psm;
}

/* Copies a packet behind the gap, in order. There is room. */
static void keep(struct hik_ps_track *track, const struct hik_ps_packet *packet, bool late)
{
    struct hik_ps_gap *gap = track->gap;
    unsigned i = gap->waiting;
    struct hik_ps_kept spare;

    if (packet->len > HIK_PS_WAITING_SIZE) {
        track->gap_open = false;
        return;
    }
    spare = gap->kept[gap->waiting];
    for (; i > 0 && (int32_t)(packet->seq - gap->kept[i - 1].seq) < 0; i--)
        ;
    if (i > 0 && gap->kept[i - 1].seq == packet->seq)
        return;
    memmove(&gap->kept[i + 1], &gap->kept[i], (gap->waiting - i) * sizeof gap->kept[0]);
    gap->waiting++;
    if (!spare.data)
        spare.data = track->alloc(HIK_PS_WAITING_SIZE);
    memcpy(spare.data, packet->data, packet->len);
    spare.seq = packet->seq;
    spare.frame = packet->frame;
    spare.missing = packet->missing;
    spare.len = (uint16_t)packet->len;
    spare.marker = packet->marker;
    spare.late = late;
    gap->kept[i] = spare;
}

/* The parser before the gap takes what follows without another gap. If that is all there is, it takes over. */
static void catch_up(struct hik_ps_track *track)
{
    struct hik_ps_gap *gap = track->gap;
    struct hik_ps_arrival *arrival = track->arrival;
    uint32_t frame = track->frame;
    unsigned done = 0;

    for (; done < gap->waiting && gap->kept[done].seq == gap->next; done++, gap->next++) {
        const struct hik_ps_kept *kept = &gap->kept[done];
        struct hik_ps_counts before = track->counts;
        struct hik_ps_arrival of_kept = { 0 };

        track->frame = kept->frame;
        track->arrival = &of_kept;
        track->feeding = kept->late ? HIK_PS_FEED_LATE : HIK_PS_FEED_AGAIN;
        feed(track, &gap->before, kept->data, kept->len, kept->missing, kept->marker);
        if (kept->late) {
            arrival->no_psm |= of_kept.no_psm;
            arrival->key_begins |= of_kept.key_begins;
        } else {
            count_move(&gap->again, &track->counts, &before);
            track->counts = before;
        }
    }
    track->feeding = HIK_PS_FEED_NOW;
    track->frame = frame;
    track->arrival = arrival;
    gap->waiting -= done;
    for (unsigned i = 0; i < gap->waiting; i++) {
        struct hik_ps_kept passed = gap->kept[i];

        gap->kept[i] = gap->kept[i + done];
        gap->kept[i + done] = passed; /* its memory */
    }
    if (gap->waiting)
        return;
    arrival->no_psm |= gap->again.no_psm > gap->ahead.no_psm;
    arrival->key_begins |= gap->again.key_frames > gap->ahead.key_frames;
    track->now = gap->before;
    count_move(&track->counts, &gap->again, &gap->ahead);
    track->gap_open = false;
}

/* No longer waits for what is missing first, if so many packets came since that there is no room for another. */
static void make_room(struct hik_ps_track *track)
{
    struct hik_ps_gap *gap = track->gap;

    while (track->gap_open && gap->waiting == HIK_PS_WAITING) {
        bool only_gap = gap->kept[HIK_PS_WAITING - 1].seq - gap->kept[0].seq == HIK_PS_WAITING - 1;

        for (unsigned i = 0; i < gap->waiting; i++)
            only_gap &= !gap->kept[i].late;
        if (only_gap) { /* the parser behind it has seen as much */
            track->gap_open = false;
            return;
        }
        context_gap(&gap->before);
        gap->next = gap->kept[0].seq;
        catch_up(track);
    }
}

static void set_start(struct hik_ps_arrival *arrival, const struct hik_ps_packet *packet, const struct hik_ps_context *context)
{
    hik_ps_pack(&context->parser.s, packet->start);
    arrival->start = packet->start;
}

static void take_late(struct hik_ps_track *track, const struct hik_ps_packet *packet)
{
    struct hik_ps_gap *gap = track->gap;

    track->arrival->order = HIK_PS_LATE_LOST;
    if (!track->gap_open || (int32_t)(packet->seq - gap->next) < 0)
        return;
    if (packet->seq != gap->next) {
        keep(track, packet, true);
        return;
    }
    track->arrival->order = HIK_PS_LATE;
    set_start(track->arrival, packet, &gap->before);
    track->feeding = HIK_PS_FEED_LATE;
    feed(track, &gap->before, packet->data, packet->len, packet->missing, packet->marker);
    gap->next++;
    catch_up(track);
}

void hik_ps_track_init(struct hik_ps_track *track, hik_ps_alloc alloc, hik_ps_unit_cb unit_cb, void *user)
{
    memset(track, 0, sizeof *track);
    hik_ps_init(&track->now.parser, NULL, NULL);
    track->now.sps_stream = HIK_PS_NO_STREAM;
    track->alloc = alloc;
    track->unit_cb = unit_cb;
    track->user = user;
}

void hik_ps_track_packet(struct hik_ps_track *track, const struct hik_ps_packet *packet, struct hik_ps_arrival *arrival)
{
    int32_t ahead = (int32_t)(packet->seq - track->next);
    struct hik_ps_counts before;

    memset(arrival, 0, sizeof *arrival);
    track->frame = packet->frame;
    track->arrival = arrival;
    if (packet->duplicate) {
        arrival->order = HIK_PS_DUPLICATE;
        return;
    }
    if (track->gap_open)
        make_room(track);
    if (track->started && ahead < 0 && ahead > -RESTART) {
        take_late(track, packet);
        return;
    }
    if (track->started && ahead != 0) {
        arrival->order = HIK_PS_AFTER_GAP;
        arrival->lost = ahead > 0 ? (uint32_t)ahead : 0;
        if (ahead < 0)
            track->gap_open = false;
        else if (!track->gap_open)
            open_gap(track);
        context_gap(&track->now);
    }
    track->started = true;
    track->next = packet->seq + 1;
    if (track->gap_open)
        keep(track, packet, false);
    set_start(arrival, packet, &track->now);
    before = track->counts;
    feed(track, &track->now, packet->data, packet->len, packet->missing, packet->marker);
    if (track->gap_open)
        count_move(&track->gap->ahead, &track->counts, &before);
}
