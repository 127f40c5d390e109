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

    if (!track->rate_from_sps && track->units > 1) {
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
    track->units++;
    if (key) {
        track->key_frames++;
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
        track->packs++;
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

/* A copy of a packet behind the gap, in case the gap fills. */
static void keep(struct hik_ps_track *track, const struct hik_ps_packet *packet)
{
    struct hik_ps_gap *gap = track->gap;
    unsigned i = gap->waiting;

    if (packet->len > HIK_PS_WAITING_SIZE || packet->missing || i >= HIK_PS_WAITING ||
        packet->seq != gap->first_waiting + i) {
        track->gap_open = false;
        return;
    }
    if (!gap->kept[i].data)
        gap->kept[i].data = track->alloc(HIK_PS_WAITING_SIZE);
    memcpy(gap->kept[i].data, packet->data, packet->len);
    gap->kept[i].len = (uint16_t)packet->len;
    gap->kept[i].marker = packet->marker;
    gap->kept[i].frame = packet->frame;
    gap->waiting++;
}

static void open_gap(struct hik_ps_track *track, const struct hik_ps_packet *packet)
{
    if (!track->gap && track->alloc) {
        track->gap = track->alloc(sizeof *track->gap);
        memset(track->gap, 0, sizeof *track->gap);
    }
    track->gap_open = track->gap != NULL;
    if (!track->gap_open)
        return;
    track->gap->before = track->now;
    track->gap->next = track->next;
    track->gap->first_waiting = packet->seq;
    track->gap->waiting = 0;
}

static void set_start(struct hik_ps_arrival *arrival, const struct hik_ps_packet *packet, const struct hik_ps_context *context)
{
    hik_ps_pack(&context->parser.s, packet->start);
    arrival->start = packet->start;
}

static void take_late(struct hik_ps_track *track, const struct hik_ps_packet *packet)
{
    struct hik_ps_gap *gap = track->gap;

    if (!track->gap_open || packet->seq != gap->next) {
        track->arrival->order = HIK_PS_LATE_LOST;
        return;
    }
    track->arrival->order = HIK_PS_LATE;
    set_start(track->arrival, packet, &gap->before);
    feed(track, &gap->before, packet->data, packet->len, packet->missing, packet->marker);
    gap->next++;
    if (gap->next != gap->first_waiting)
        return;
    track->gap_open = false;
    /* The gap is filled. If the stream has found its feet behind it already, all is told; otherwise go on as if the
     * packets had come in order. */
    if (track->now.parser.s.mode == HIK_PS_SYNC) {
        struct hik_ps_arrival saved = *track->arrival;
        uint32_t frame = track->frame;

        track->now = gap->before;
        for (unsigned i = 0; i < gap->waiting; i++) {
            track->frame = gap->kept[i].frame;
            feed(track, &track->now, gap->kept[i].data, gap->kept[i].len, 0, gap->kept[i].marker);
        }
        track->frame = frame;
        saved.no_psm |= track->arrival->no_psm;
        saved.key_begins |= track->arrival->key_begins;
        *track->arrival = saved;
    }
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

    memset(arrival, 0, sizeof *arrival);
    track->frame = packet->frame;
    track->arrival = arrival;
    if (packet->duplicate) {
        arrival->order = HIK_PS_DUPLICATE;
        return;
    }
    if (track->started && ahead < 0 && ahead > -RESTART) {
        take_late(track, packet);
        return;
    }
    if (track->started && ahead != 0) {
        arrival->order = HIK_PS_AFTER_GAP;
        arrival->lost = ahead > 0 ? (uint32_t)ahead : 0;
        if (ahead > 0)
            open_gap(track, packet);
        else
            track->gap_open = false;
        context_gap(&track->now);
    }
    track->started = true;
    track->next = packet->seq + 1;
    if (track->gap_open)
        keep(track, packet);
    set_start(arrival, packet, &track->now);
    feed(track, &track->now, packet->data, packet->len, packet->missing, packet->marker);
}
