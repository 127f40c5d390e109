/* ps-track.c
 * From RTP packets to access units. The RTP marker and time stamp are hints: an access unit ends where the next one
 * begins (H.264 7.4.1.2.3, H.265 7.4.2.4.4), and at a marker only if the program stream is at the end of a PES packet
 * there and markers have not been found to lie.
 *
 * Longer than 700 lines: packets that come late are parsed by what parses those in order.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ps-track.h"

#include <string.h>

enum { AGAIN_START = 1 << 20, AGAIN_PER_BYTE = 4, AGAIN_PER_PACKET = 256 };  /* how much may be parsed again */
enum { ENCRYPTED_UNITS = 16 }; /* pictures to be seen before the bytes tell that they are encrypted */
enum { KEPT_FEW = 8 };      /* packets that there is room for at first */
enum { KEPT_FRESH = 64 };   /* packets kept before the first header */

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

/* Whether the access unit was told before, when its packets were parsed without the late one. */
static bool told_already(struct hik_ps_track *track, const struct hik_ps_unit *unit)
{
    struct hik_ps_late *late = track->late;
    unsigned i;

    if (!late)
        return false;
    for (i = 0; track->again && i < late->told_count && i < HIK_PS_TOLD; i++)
        if (late->told[i].first == unit->first && late->told[i].last == unit->last && late->told[i].size == unit->size &&
            late->told[i].stream_id == unit->stream_id)
            return true;
    i = late->told_count++ % HIK_PS_TOLD;
    late->told[i].first = unit->first;
    late->told[i].last = unit->last;
    late->told[i].size = unit->size;
    late->told[i].stream_id = unit->stream_id;
    return false;
}

static void describe_unit(const struct hik_ps_track *track, const struct hik_ps_es *es, const struct hik_ps_building *unit,
                          struct hik_ps_unit *out)
{
    memset(out, 0, sizeof *out);
    out->first = unit->first;
    out->last = unit->last;
    out->size = unit->size;
    out->packets = unit->packets;
    out->stream_id = es->stream_id;
    out->codec = es->codec;
    out->key = unit->key;
    out->width = track->width;
    out->height = track->height;
    out->frame_rate = track->frame_rate;
}

static void unit_complete(struct hik_ps_track *track, const struct hik_ps_es *es, const struct hik_ps_building *unit,
                          uint32_t size, uint32_t packets, uint32_t last)
{
    struct hik_ps_unit out;

    if (!track->unit_cb || size == 0) /* a PES packet that holds nothing but its time stamp is no picture */
        return;
    describe_unit(track, es, unit, &out);
    out.size = size;
    out.packets = packets;
    out.last = last;
    if (!told_already(track, &out))
        track->unit_cb(track->user, &out);
}

/* Nothing more of these access units comes. */
static void units_complete(struct hik_ps_track *track, struct hik_ps_context *context)
{
    for (unsigned i = 0; i < HIK_PS_STREAMS; i++) {
        struct hik_ps_building *unit = &context->unit[i];

        if (unit->open && unit->picture && !unit->closed) {
            unit_complete(track, &context->parser.s.es[i], unit, unit->size, unit->packets, unit->last);
            unit->told = unit->closed = true;
        }
    }
}

/* A new access unit begins, back bytes ago. Tells the one before if it was one. certain: it does so too if more was in front
 * of it. */
static void unit_begin(struct target *t, struct hik_ps_building *unit, const struct hik_ps_es *es, uint32_t back, bool certain)
{
    struct hik_ps_track *track = t->track;
    bool here = unit->packets && unit->packet == track->packet;  /* bytes came in this packet */
    uint32_t in_packet = here ? unit->size - unit->size_before : 0;
    uint32_t first = track->frame;
    uint32_t packets = here ? 1 : 0;

    if (!track->begins && certain && in_packet != back)
        track->orphans = true;
    track->begins |= certain;
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
    unit->told = false;
    unit->picture = unit->key = false;
    unit->closed = !certain; /* its first bytes may be missing: it is not told */
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
    if (unit->closed && unit->told && es->nal_open == 2 && len >= 8) {
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
    unit->key = key = key || unit->recovery;
    unit->recovery = false;
    track->counts.units++;
    if (key) {
        track->counts.key_frames++;
        track->arrival->key_begins = true;
    }
    if (t->context->parser.has_pts)
        count_rate(track, t->context->parser.pts);
}

/* A parameter set, or a SEI NAL unit, is complete. */
static void nal_kept(struct target *t, const struct hik_ps_es *es, unsigned index, uint32_t size)
{
    struct hik_ps_context *context = t->context;
    struct hik_sps sps;

    if (size > context->sps_len)
        size = context->sps_len;
    context->sps_stream = HIK_PS_NO_STREAM;
    if (es->flags & HIK_PS_ES_SCRAMBLED)
        return;
    if (es->codec == HIK_ES_H264 && hik_nal_type(HIK_ES_H264, context->sps[0]) == 6) {
        context->unit[index].recovery |= hik_sei_is_recovery_point(context->sps, size);
        return;
    }
    if (!hik_sps_is_sound((enum hik_es_codec)es->codec, context->sps, size))
        t->track->counts.bad_sps++;
    else
        t->track->counts.good_sps++;
    if (hik_sps_read((enum hik_es_codec)es->codec, context->sps, size, &sps)) {
        t->track->width = sps.width;
        t->track->height = sps.height;
        if (sps.frame_rate > 0) {
            t->track->frame_rate = sps.frame_rate;
            t->track->rate_from_sps = true;
        }
    }
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

/* Pictures by time stamps, and whether their first slices can be what they seem to be. */
static void count_timed(struct target *t, struct hik_ps_building *unit, const struct hik_ps_es *es, const struct hik_ps_nal *nal)
{
    const struct hik_ps_parser *parser = &t->context->parser;
    struct hik_ps_counts *counts = &t->track->counts;
    unsigned body = es->codec == HIK_ES_H265 ? 2 : 1;
    bool first = nal->have > body && nal->header[body] & 0x80, key = hik_nal_is_key((enum hik_es_codec)es->codec, nal->type);

    if (!parser->has_pts || (unit->slice_timed && unit->slice_pts == parser->pts))
        return;
    unit->slice_timed = true;
    unit->slice_pts = parser->pts;
    counts->timed_units++;
    counts->timed_key_frames += key;
    counts->odd_starts += !first;
    if (key && first && es->codec == HIK_ES_H264) {
        /* slice_type (7.3.3) follows first_mb_in_slice, which is one bit here: 2, 4, 7, 9 in an IDR picture */
        uint8_t bits = (uint8_t)(nal->header[1] << 1);
        bool intra = (bits & 0xe0) == 0x60 || (bits & 0xf8) == 0x28 || (bits & 0xfe) == 0x10 || (bits & 0xfe) == 0x14;

        counts->good_keys += intra;
        counts->odd_keys += !intra;
    }
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
            unit_begin(t, unit, es, nal->back,
                       unit->open || !t->track->started || t->context->parser.has_pts ||
                           hik_nal_is_delimiter((enum hik_es_codec)es->codec, nal->type));
        if (nal->picture_start)
            picture_begins(t, unit, nal->key);
    } else if (unit->closed && unit->told) {
        unit->closed = false;
        t->track->marker_lies = true;
    }
    if (hik_nal_is_slice((enum hik_es_codec)es->codec, nal->type))
        count_timed(t, unit, es, nal);
    if (hik_nal_is_sps((enum hik_es_codec)es->codec, nal->type) || (es->codec == HIK_ES_H264 && nal->type == 6)) {
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
    if (es->stream_id >= 0xe0) {
        t->track->counts.scrambled += event->pes->scrambling != 0;
        t->track->counts.clear += event->pes->scrambling == 0;
    }
    if (t->track->video_codec == HIK_ES_UNKNOWN && es->stream_id < 0xe0) /* sound alone has no access units here */
        t->track->begins = true;
    /* codecs whose pictures are not looked into: a new time stamp is a new picture */
    if (hik_es_is_video((enum hik_es_codec)es->codec) && !is_nal_codec(es->codec) && event->pes->has_pts &&
        (!unit->open || unit->pts != event->pes->pts)) {
        unit_begin(t, unit, es, 0, true);
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
        arrival->odd |= event->pes->broken;
        if (event->es)
            on_pes(t, event, index);
        break;
    case HIK_PS_EV_DATA:
        if (event->es)
            on_data(t, event, index);
        break;
    case HIK_PS_EV_CUT:
        arrival->odd = true;
        if (event->es)
            memset(&t->context->unit[index], 0, sizeof t->context->unit[index]);
        break;
    case HIK_PS_EV_NAL:
        if (!event->es) /* never: these three are of a stream */
            break;
        arrival->describes |= hik_nal_is_parameter_set((enum hik_es_codec)event->es->codec, event->nal.type);
        on_nal(t, event, index);
        break;
    case HIK_PS_EV_NAL_END:
        if (!event->es)
            break;
        arrival->describes |= hik_nal_is_parameter_set((enum hik_es_codec)event->es->codec, event->nal.type);
        if (t->context->sps_stream == index)
            nal_kept(t, event->es, index, event->nal.size);
        break;
    case HIK_PS_EV_CODEC:
        if (!event->es)
            break;
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
    case HIK_PS_EV_END_CODE:
        units_complete(track, t->context);
        memset(t->context->unit, 0, sizeof t->context->unit);
        break;
    case HIK_PS_EV_PSM:
        arrival->describes = true;
        break;
    case HIK_PS_EV_SYSTEM:
    case HIK_PS_EV_PES_END:
        break;
    case HIK_PS_EV_OVERRUN:
        arrival->odd = true;
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
    track->begins = track->orphans = false;
    context->parser.sink = on_event;
    context->parser.user = &target;
    hik_ps_feed(&context->parser, data, len);
    if (missing) {
        hik_ps_missing(&context->parser, missing);
        context->sps_stream = HIK_PS_NO_STREAM; /* half a parameter set says nothing */
        track->cut = true;
    }
    if (marker && !track->marker_lies && at_end(&context->parser.s))
        units_complete(track, context);
    context->parser.sink = NULL;
    context->parser.user = NULL;
}

/* ---- contexts at rest ----------------------------------------------------------------------------------------- */

enum { REST_HEAD = offsetof(struct hik_ps_context, parser.s.header) };

/* Most often there is nothing. */
static uint8_t *copy_some(uint8_t *to, const void *from, size_t size)
{
    if (size > 0)
        memcpy(to, from, size);
    return to + size;
}

/* In the place of what rested there; NULL: nothing did. */
static void lay_down(const struct hik_ps_track *track, struct hik_ps_context **place, struct hik_ps_context *context)
{
    size_t header_len = context->parser.s.header_len, sps_len = context->sps_stream == HIK_PS_NO_STREAM ? 0 : context->sps_len;
    size_t units = 0, size;
    uint8_t *bytes;

    while (units < HIK_PS_STREAMS && context->parser.s.es[units].stream_id)
        units++;
    size = units * sizeof context->unit[0] + header_len + sps_len;
    if (*place && (*place)->rest_size != size) {
        track->memory->give_back(*place);
        *place = NULL;
    }
    if (!*place)
        *place = track->memory->take(REST_HEAD + size);
    context->rest_units = (uint8_t)units;
    context->rest_size = (uint16_t)size;
    bytes = (uint8_t *)*place;
    memcpy(bytes, context, REST_HEAD);
    bytes = copy_some(bytes + REST_HEAD, context->unit, units * sizeof context->unit[0]);
    bytes = copy_some(bytes, context->parser.s.header, header_len);
    copy_some(bytes, context->sps, sps_len);
}

static void wake(const struct hik_ps_context *resting, struct hik_ps_context *context)
{
    const uint8_t *bytes = (const uint8_t *)resting + REST_HEAD;
    size_t units = resting->rest_units, header_len = resting->parser.s.header_len, rest = resting->rest_size;

    memcpy(context, resting, REST_HEAD);
    memset(context->unit + units, 0, (HIK_PS_STREAMS - units) * sizeof context->unit[0]);
    if (rest == 0)
        return;
    units *= sizeof context->unit[0];
    copy_some((uint8_t *)context->unit, bytes, units);
    copy_some(context->parser.s.header, bytes + units, header_len);
    copy_some(context->sps, bytes + units + header_len, rest - units - header_len);
}

void hik_ps_seat_leave(struct hik_ps_seat *seat)
{
    if (!seat->track)
        return;
    lay_down(seat->track, &seat->track->resting, &seat->context);
    seat->track->awake = NULL;
    seat->track = NULL;
}

static void take_seat(struct hik_ps_track *track, struct hik_ps_seat *seat)
{
    if (seat->track == track)
        return;
    hik_ps_seat_leave(seat);
    wake(track->resting, &seat->context);
    seat->track = track;
    track->awake = &seat->context;
}

/* ---- late packets --------------------------------------------------------------------------------------------- */

static void count_less(struct hik_ps_counts *from, const struct hik_ps_counts *what)
{
    from->units -= what->units;
    from->key_frames -= what->key_frames;
    from->packs -= what->packs;
    from->no_psm -= what->no_psm;
    from->timed_units -= what->timed_units;
    from->timed_key_frames -= what->timed_key_frames;
    from->odd_starts -= what->odd_starts;
    from->odd_keys -= what->odd_keys;
    from->good_keys -= what->good_keys;
    from->bad_sps -= what->bad_sps;
    from->good_sps -= what->good_sps;
    from->scrambled -= what->scrambled;
    from->clear -= what->clear;
}

static struct hik_ps_late *late_memory(struct hik_ps_track *track)
{
    struct hik_ps_late *late = track->late;

    if (!late) {
        late = track->late = track->memory->take(sizeof *late);
        memset(late, 0, sizeof *late);
        late->budget = AGAIN_START;
        late->oldest = track->next - HIK_PS_WINDOW;
        /* whatever was sent before the first packet that came */
        late->holes = 1;
        late->hole[0].first = track->first_seq - HIK_PS_WINDOW;
        late->hole[0].last = track->first_seq - 1;
    }
    return late;
}

static void hole_remove(struct hik_ps_track *track, unsigned i)
{
    struct hik_ps_late *late = track->late;

    if (late->hole[i].before)
        track->memory->give_back(late->hole[i].before);
    late->holes--;
    memmove(&late->hole[i], &late->hole[i + 1], (late->holes - i) * sizeof late->hole[0]);
}

/* Makes room for a gap in front of number i, and keeps what is known before it. */
static void hole_insert(struct hik_ps_track *track, unsigned i, uint32_t first, uint32_t last, struct hik_ps_context *before)
{
    struct hik_ps_late *late = track->late;
    struct hik_ps_hole *hole;

    if (late->holes == HIK_PS_HOLES) { /* the oldest is given up */
        hole_remove(track, 0);
        if (i > 0)
            i--;
    }
    hole = &late->hole[i];
    memmove(hole + 1, hole, (late->holes - i) * sizeof *hole);
    late->holes++;
    memset(hole, 0, sizeof *hole);
    hole->first = first;
    hole->last = last;
    lay_down(track, &hole->before, before);
}

static struct hik_ps_kept *kept_at(const struct hik_ps_track *track, uint32_t seq)
{
    const struct hik_ps_late *late = track->late;
    struct hik_ps_kept *kept = late && late->room ? late->kept[seq % late->room] : NULL;

    if (track->first && track->first->seq == seq)
        return track->first;
    return kept && kept->seq == seq ? kept : NULL;
}

/* Where the packet of that number is kept. Most flows keep a handful of packets, so the room grows when two of them want the same
 * place. */
static struct hik_ps_kept **kept_place(struct hik_ps_track *track, uint32_t seq)
{
    struct hik_ps_late *late = late_memory(track);

    for (;;) {
        struct hik_ps_kept *there = late->room ? late->kept[seq % late->room] : NULL, **before = late->kept;
        unsigned old_room = late->room;

        if (old_room == HIK_PS_WINDOW || (old_room && (!there || there->seq == seq)))
            return &late->kept[seq % late->room];
        late->room = old_room ? 2 * old_room : KEPT_FEW;
        late->kept = track->memory->take(late->room * sizeof late->kept[0]);
        memset(late->kept, 0, late->room * sizeof late->kept[0]);
        for (unsigned i = 0; i < old_room; i++)
            if (before[i])
                late->kept[before[i]->seq % late->room] = before[i];
        if (before)
            track->memory->give_back(before);
    }
}

/* Keeps a packet that was just parsed. */
static void keep(struct hik_ps_track *track, struct hik_ps_kept **place, const struct hik_ps_packet *packet,
                 const struct hik_ps_counts *before)
{
    struct hik_ps_kept *kept;
    bool clean = track->begins && !track->orphans && !track->arrival->dropped;

    if (*place)
        track->memory->give_back(*place);
    *place = NULL;
    if (packet->len > HIK_PS_KEPT_MAX && !clean)
        return;
    kept = *place = track->memory->take(sizeof *kept + (clean ? 0 : packet->len));
    kept->seq = packet->seq;
    kept->frame = packet->frame;
    kept->missing = packet->missing;
    kept->len = packet->len;
    kept->marker = packet->marker;
    kept->begins = track->begins;
    kept->clean = clean;
    kept->counts = track->counts;
    count_less(&kept->counts, before);
    if (!clean && packet->len > 0) /* else data may be NULL */
        memcpy(kept->data, packet->data, packet->len);
}

/* Forgets what no late packet can need any more. */
static void forget_old(struct hik_ps_track *track)
{
    struct hik_ps_late *late = track->late;

    uint32_t oldest = track->next - HIK_PS_WINDOW;

    while (late->holes && (int32_t)(late->hole[0].last - oldest) < 0)
        hole_remove(track, 0);
    for (unsigned n = 0; n < late->room && (int32_t)(late->oldest - oldest) < 0; n++, late->oldest++) {
        struct hik_ps_kept **kept = &late->kept[late->oldest % late->room];

        if (*kept && (int32_t)((*kept)->seq - oldest) < 0) {
            track->memory->give_back(*kept);
            *kept = NULL;
        }
    }
    late->oldest = oldest;
    if (late->budget < AGAIN_START)
        late->budget += AGAIN_PER_PACKET;
}

static void forget_all(struct hik_ps_track *track)
{
    struct hik_ps_late *late = track->late;

    if (track->first)
        track->memory->give_back(track->first);
    track->first = NULL;
    track->first_clean = false;
    if (!late)
        return;
    while (late->holes)
        hole_remove(track, late->holes - 1);
    for (unsigned i = 0; i < late->room; i++) {
        if (late->kept[i])
            track->memory->give_back(late->kept[i]);
        late->kept[i] = NULL;
    }
}

/* What the late packets told of the streams holds behind them as well. */
static void adopt(struct hik_ps_parser *to, const struct hik_ps_parser *from)
{
    to->s.flags |= from->s.flags & (HIK_PS_HAVE_PSM | HIK_PS_SEEN);
    for (unsigned i = 0; i < HIK_PS_STREAMS; i++)
        for (unsigned j = 0; j < HIK_PS_STREAMS; j++) {
            struct hik_ps_es *mine = &to->s.es[i];
            const struct hik_ps_es *other = &from->s.es[j];

            if (!mine->stream_id || mine->stream_id != other->stream_id || mine->psm_type)
                continue;
            mine->psm_type = other->psm_type;
            mine->flags |= other->flags & HIK_PS_ES_NO_PSM;
            if (mine->codec == HIK_ES_UNKNOWN || mine->codec == HIK_ES_OTHER_VIDEO)
                mine->codec = other->codec;
        }
}

/* Parses the packets from seq on once more, as long as it makes a difference. */
static void parse_again(struct hik_ps_track *track, struct hik_ps_context *context, uint32_t seq)
{
    struct hik_ps_late *late = track->late;
    struct hik_ps_arrival *arrival = track->arrival, scratch;
    struct hik_ps_counts before = track->counts;
    uint32_t frame = track->frame;

    for (;; seq++) {
        struct hik_ps_kept *kept = kept_at(track, seq);
        struct hik_ps_counts counts;
        unsigned i;

        if (seq == track->next) { /* that is all there is */
            *track->awake = *context;
            break;
        }
        for (i = 0; i < late->holes && late->hole[i].first != seq; i++)
            ;
        if (i < late->holes && late->hole[i].before) {
            lay_down(track, &late->hole[i].before, context);
            break;
        }
        if (kept ? kept->clean : seq == track->first_seq && track->first_clean)
            units_complete(track, context);
        if (!kept || kept->clean || late->budget < kept->len) {
            adopt(&track->awake->parser, &context->parser);
            break;
        }
        late->budget -= kept->len + AGAIN_PER_PACKET / 4;
        memset(&scratch, 0, sizeof scratch);
        track->arrival = &scratch;
        track->frame = kept->frame;
        track->again = true;
        count_less(&track->counts, &kept->counts);
        counts = track->counts;
        feed(track, context, kept->data, kept->len, kept->missing, kept->marker);
        kept->counts = track->counts;
        count_less(&kept->counts, &counts);
        if (kept->begins) {
            adopt(&track->awake->parser, &context->parser);
            break;
        }
    }
    track->again = false;
    track->frame = frame;
    track->arrival = arrival;
    arrival->key_begins |= (int32_t)(track->counts.key_frames - before.key_frames) > 0;
    arrival->no_psm |= (int32_t)(track->counts.no_psm - before.no_psm) > 0;
}

static void set_start(struct hik_ps_arrival *arrival, const struct hik_ps_packet *packet, const struct hik_ps_context *context)
{
    hik_ps_pack(&context->parser.s, packet->start);
    arrival->start = packet->start;
}

static void context_init(struct hik_ps_context *context)
{
    memset(context, 0, sizeof *context);
    hik_ps_init(&context->parser, NULL, NULL);
    context->sps_stream = HIK_PS_NO_STREAM;
}

static void process_late(struct hik_ps_track *track, const struct hik_ps_packet *packet)
{
    struct hik_ps_late *late = late_memory(track);
    struct hik_ps_counts before = track->counts;
    struct hik_ps_context work, *context = &work;
    struct hik_ps_hole hole;
    uint32_t seq = packet->seq;
    unsigned i = 0;

    track->arrival->order = HIK_PS_LATE_LOST;
    while (i < late->holes && (int32_t)(late->hole[i].last - seq) < 0)
        i++;
    if (i == late->holes || (int32_t)(seq - late->hole[i].first) < 0)
        return;
    hole = late->hole[i];
    if (hole.before)
        wake(hole.before, context);
    else
        context_init(context);
    if (hole.before && seq != hole.first)
        context_gap(context);
    track->arrival->order = HIK_PS_LATE;
    track->arrival->behind = hole.behind;
    track->arrival->fills = hole.has_behind;
    set_start(track->arrival, packet, context);
    feed(track, context, packet->data, packet->len, packet->missing, packet->marker);
    keep(track, kept_place(track, seq), packet, &before);
    late->budget += (int64_t)AGAIN_PER_BYTE * packet->len;

    /* what stays missing in front of it, and behind it */
    if (seq == hole.first || !hole.before) {
        if (hole.before && seq != hole.last) {
            late->hole[i].first = seq + 1;
            lay_down(track, &late->hole[i].before, context);
            return;
        }
        if (hole.before) {
            hole_remove(track, i);
        } else {
            late->hole[i].last = seq - 1;
            if (seq != hole.last) {
                hole_insert(track, i + 1, seq + 1, hole.last, context);
                return;
            }
        }
    } else {
        late->hole[i].last = seq - 1;
        if (seq != hole.last) {
            unsigned there = i + 1;

            hole_insert(track, there, seq + 1, hole.last, context);
            for (there = 0; there < late->holes && late->hole[there].first != seq + 1; there++)
                ;
            if (there < late->holes) {
                late->hole[there].behind = hole.behind;
                late->hole[there].has_behind = hole.has_behind;
            }
            return;
        }
    }
    parse_again(track, context, seq + 1);
}

void hik_ps_track_init(struct hik_ps_track *track, const struct hik_ps_memory *memory, hik_ps_unit_cb unit_cb, void *user)
{
    struct hik_ps_context context;

    memset(track, 0, sizeof *track);
    track->memory = memory;
    context_init(&context);
    lay_down(track, &track->resting, &context);
    track->unit_cb = unit_cb;
    track->user = user;
}

static void open_hole(struct hik_ps_track *track, const struct hik_ps_packet *packet, struct hik_ps_context *now)
{
    struct hik_ps_late *late = late_memory(track);

    hole_insert(track, late->holes, track->next, packet->seq - 1, now);
    late->hole[late->holes - 1].behind = packet->record;
    late->hole[late->holes - 1].has_behind = true;
}

/* Worth being kept: where no header came in a while it may be no program stream at all. */
static bool is_placeable(const struct hik_ps_track *track, const struct hik_ps_packet *packet)
{
    return !(track->awake->parser.s.flags & HIK_PS_FRESH) || packet->seq - track->first_seq < KEPT_FRESH;
}

void hik_ps_track_packet(struct hik_ps_track *track, const struct hik_ps_packet *packet, struct hik_ps_arrival *arrival)
{
    int32_t ahead = (int32_t)(packet->seq - track->next);
    bool restart = track->started && (packet->restart || ahead <= -0x10000 || ahead >= 0x10000);
    struct hik_ps_counts before = track->counts;
    struct hik_ps_context *context;

    memset(arrival, 0, sizeof *arrival);
    track->frame = packet->frame;
    track->arrival = arrival;
    if (packet->duplicate) {
        arrival->order = HIK_PS_DUPLICATE;
        return;
    }
    if (track->late)
        forget_old(track);
    take_seat(track, packet->seat);
    context = track->awake;
    if (!restart && track->started && ahead < 0) {
        process_late(track, packet);
        return;
    }
    if (restart) {
        arrival->order = HIK_PS_RESTART;
        if (at_end(&context->parser.s))
            units_complete(track, context);
        forget_all(track);
        context_gap(context);
        track->misdirected = true;
    } else if (track->started && ahead > 0) {
        arrival->order = HIK_PS_AFTER_GAP;
        arrival->lost = (uint32_t)ahead;
        open_hole(track, packet, context);
        context_gap(context);
        track->misdirected = true;
    }
    track->next = packet->seq + 1;
    set_start(arrival, packet, context);
    feed(track, context, packet->data, packet->len, packet->missing, packet->marker);
    if (!track->started) {
        track->started = true;
        track->first_seq = packet->seq;
        track->first_clean = track->begins && !track->orphans && !arrival->dropped;
        track->misdirected = !track->begins;
        if (!track->first_clean)
            keep(track, &track->first, packet, &before);
    } else if (track->misdirected) {
        if (is_placeable(track, packet))
            keep(track, kept_place(track, packet->seq), packet, &before);
        track->misdirected = !track->begins;
    }
    if (track->late)
        track->late->budget += track->late->budget < AGAIN_START ? (int64_t)AGAIN_PER_BYTE * packet->len : 0;
}

bool hik_ps_track_is_encrypted(const struct hik_ps_track *track)
{
    const struct hik_ps_counts *c = &track->counts;

    if (c->scrambled > c->clear)
        return true;
    /* In a picture that is not encrypted, what has its time stamp begins with the first slice. Of random bytes one in two
     * does. */
    if (track->cut || c->timed_units < ENCRYPTED_UNITS || c->odd_starts < c->timed_units / 4)
        return false;
    return (c->bad_sps >= 2 && c->good_sps == 0) || (c->odd_keys >= 2 && c->odd_keys > c->good_keys);
}

bool hik_ps_track_open_unit(const struct hik_ps_track *track, unsigned index, struct hik_ps_unit *out)
{
    const struct hik_ps_context *context = track->awake ? track->awake : track->resting;
    const struct hik_ps_building *unit = &context->unit[index];
    struct hik_ps_building kept;

    if (!track->awake) {
        if (index >= context->rest_units)
            return false;
        unit = (const struct hik_ps_building *)memcpy(&kept, (const uint8_t *)context + REST_HEAD + index * sizeof kept, sizeof kept);
    }
    if (!unit->open || !unit->picture || unit->closed || unit->size == 0)
        return false;
    describe_unit(track, &context->parser.s.es[index], unit, out);
    return true;
}
