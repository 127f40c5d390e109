/* mpeg-ps.c
 * The state machine of the program stream parser. Reading the headers' contents is in mpeg-ps-headers.c.
 *
 * Three things make it independent of where packets are cut: a matcher that carries up to three bytes of a start code
 * prefix (00 00 01) and withholds them until it is clear what they are; a buffer for the bytes of a split header; and
 * per stream the first bytes of a begun NAL unit. Payload is passed on as it comes.
 *
 * Longer than 700 lines: it is one state machine, and its states call each other.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mpeg-ps.h"

#include <string.h>

/* One piece of input. */
struct input {
    const uint8_t *begin, *p, *end;
    int32_t base;           /* offset of begin in the fed bytes; negative while carried bytes are looked at again */
};

static const uint8_t prefix[3] = { 0, 0, 1 };

static void run(struct hik_ps_parser *parser, const uint8_t *data, size_t len, int32_t base);

static int32_t position(const struct input *in)
{
    return in->base + (int32_t)(in->p - in->begin);
}

static struct hik_ps_es *current_es(struct hik_ps_parser *parser)
{
    return parser->s.current < HIK_PS_STREAMS ? &parser->s.es[parser->s.current] : NULL;
}

static void emit(struct hik_ps_parser *parser, enum hik_ps_event_type type, const struct hik_ps_es *es,
                 const uint8_t *data, size_t len, int32_t offset)
{
    struct hik_ps_event event = { .type = type, .data = data, .len = (uint32_t)len, .offset = offset, .es = es };

    if (parser->sink)
        parser->sink(parser->user, &event);
}

static bool is_video_id(uint8_t id)
{
    return id >= 0xe0 && id <= 0xef;
}

static bool is_audio_id(uint8_t id)
{
    return id >= 0xc0 && id <= 0xdf;
}

/* NAL units are looked for in what is, or may turn out to be, H.264 or H.265. */
static bool is_scanned(const struct hik_ps_es *es)
{
    switch (es->codec) {
    case HIK_ES_H264:
    case HIK_ES_H265:
    case HIK_ES_OTHER_VIDEO:
    case HIK_ES_MPEG4:
        return true;
    case HIK_ES_UNKNOWN:
        return is_video_id(es->stream_id);
    default:
        return false;
    }
}

/* ---- elementary streams --------------------------------------------------------------------------------------- */

static struct hik_ps_es *find_es(struct hik_ps_parser *parser, uint8_t stream_id)
{
    struct hik_ps_es *unused = NULL;

    for (unsigned i = 0; i < HIK_PS_STREAMS; i++) {
        struct hik_ps_es *es = &parser->s.es[i];

        if (es->stream_id == stream_id)
            return es;
        if (es->stream_id == 0) {
            memset(es, 0, sizeof *es);
            es->stream_id = stream_id;
            return es;
        }
        if (!(es->flags & HIK_PS_ES_SEEN))
            unused = es;
    }
    /* a map may name more streams than there are; those that never came make room */
    if (unused) {
        memset(unused, 0, sizeof *unused);
        unused->stream_id = stream_id;
    }
    return unused;
}

static void say_no_psm(struct hik_ps_parser *parser, struct hik_ps_es *es, int32_t offset)
{
    if (es->psm_type || (es->flags & HIK_PS_ES_NO_PSM))
        return;
    es->flags |= HIK_PS_ES_NO_PSM;
    emit(parser, HIK_PS_EV_NO_PSM, es, NULL, 0, offset);
}

/* The bytes say what the codec is. */
static void set_codec(struct hik_ps_parser *parser, struct hik_ps_es *es, enum hik_es_codec codec, int32_t offset)
{
    enum hik_es_codec said = es->psm_type ? hik_es_by_stream_type(es->psm_type) : HIK_ES_UNKNOWN;
    bool mismatch = said != HIK_ES_UNKNOWN && said != codec && !(es->flags & HIK_PS_ES_MISMATCH);
    bool changed = es->codec != codec;

    es->codec = (uint8_t)codec;
    es->flags |= HIK_PS_ES_SURE;
    if (mismatch)
        es->flags |= HIK_PS_ES_MISMATCH;
    if (changed || mismatch)
        emit(parser, HIK_PS_EV_CODEC, es, NULL, 0, offset);
}

static bool has_nal_units(enum hik_es_codec codec)
{
    return codec == HIK_ES_H264 || codec == HIK_ES_H265;
}

static void apply_psm(struct hik_ps_parser *parser, const struct hik_ps_psm *psm)
{
    for (unsigned i = 0; i < psm->streams; i++) {
        uint8_t id = psm->stream[i].stream_id;
        uint8_t type = psm->stream[i].stream_type;
        struct hik_ps_es *es;
        enum hik_es_codec codec;

        if (id < 0xbd || type == 0)
            continue;
        es = find_es(parser, id);
        if (!es)
            continue;
        es->psm_type = type;
        codec = hik_es_by_stream_type(type);
        if (es->flags & HIK_PS_ES_SURE) {
            if (codec == HIK_ES_UNKNOWN || codec == es->codec)
                continue;
            /* Another map, or another codec from here on: the bytes that follow tell. */
            es->flags &= (uint8_t)~HIK_PS_ES_SURE;
            if (!has_nal_units(codec) || !has_nal_units((enum hik_es_codec)es->codec))
                es->codec = (uint8_t)codec;
        } else {
            es->codec = (uint8_t)(codec == HIK_ES_UNKNOWN && is_video_id(id) ? HIK_ES_OTHER_VIDEO : codec);
        }
    }
    if (psm->streams)
        parser->s.flags |= HIK_PS_HAVE_PSM;
}

/* ---- NAL units ------------------------------------------------------------------------------------------------ */

static void nal_fire(struct hik_ps_parser *parser, struct hik_ps_es *es, int32_t offset)
{
    struct hik_ps_event event = { .type = HIK_PS_EV_NAL, .offset = offset, .es = es };
    enum hik_es_codec codec = (enum hik_es_codec)es->codec;
    unsigned body = codec == HIK_ES_H265 ? 2 : 1;

    es->nal_type = hik_nal_type(codec, es->nal[0]);
    es->nal_open = 2;
    if (hik_nal_is_parameter_set(codec, es->nal_type) || hik_nal_is_key(codec, es->nal_type))
        say_no_psm(parser, es, offset);

    event.nal.type = es->nal_type;
    memcpy(event.nal.header, es->nal, sizeof es->nal);
    event.nal.have = es->nal_have;
    if (hik_nal_is_slice(codec, es->nal_type) && es->flags & HIK_PS_ES_SCRAMBLED) {
        /* the header of the slice cannot be read: a picture is what has a time stamp of its own */
        event.nal.picture_start = es->flags & HIK_PS_ES_NEW_TIME;
        event.nal.key = hik_nal_is_key(codec, es->nal_type);
        es->flags &= (uint8_t)~HIK_PS_ES_NEW_TIME;
    } else if (hik_nal_is_slice(codec, es->nal_type)) {
        /* H.264: first_mb_in_slice = 0 is the bit 1; H.265: first_slice_segment_in_pic_flag */
        event.nal.picture_start = es->nal_have > body && (es->nal[body] & 0x80);
        event.nal.key = hik_nal_is_key(codec, es->nal_type);
    }
    event.nal.before_picture = hik_nal_is_before_picture(codec, es->nal_type);
    event.nal.back = 3u + es->nal_have + (es->flags & HIK_PS_ES_EXTRA ? 1 : 0);
    memset(es->nal, 0, sizeof es->nal);
    es->nal_have = 0;
    es->flags &= (uint8_t)~HIK_PS_ES_EXTRA;
    if (parser->sink)
        parser->sink(parser->user, &event);
}

/* One more header byte came. */
static void nal_header_byte(struct hik_ps_parser *parser, struct hik_ps_es *es, int32_t offset)
{
    if (es->nal_have < 2)
        return;
    if (es->nal_have == 2) {
        enum hik_es_codec guess = es->flags & HIK_PS_ES_SCRAMBLED && has_nal_units((enum hik_es_codec)es->codec)
                                      ? HIK_ES_UNKNOWN : hik_nal_guess(es->nal[0], es->nal[1]);

        /* MPEG-4 has start codes of its own: only a sequence or video parameter set is convincing there */
        if (es->codec == HIK_ES_MPEG4 && guess != HIK_ES_UNKNOWN &&
            !hik_nal_is_parameter_set(guess, hik_nal_type(guess, es->nal[0])))
            guess = HIK_ES_UNKNOWN;
        if (guess != HIK_ES_UNKNOWN && (guess != es->codec || !(es->flags & HIK_PS_ES_SURE)))
            set_codec(parser, es, guess, offset);
    }
    if (es->codec == HIK_ES_MPEG4 || es->codec == HIK_ES_UNKNOWN || es->codec == HIK_ES_OTHER_VIDEO) {
        memset(es->nal, 0, sizeof es->nal);
        es->nal_open = es->nal_have = 0;
        es->nal_size = 0;
        es->flags &= (uint8_t)~HIK_PS_ES_EXTRA;
        return;
    }
    if (es->nal_have >= (es->codec == HIK_ES_H265 ? 3 : 2))
        nal_fire(parser, es, offset);
}

/* The open NAL unit ends where a new start code was matched; tail: bytes of that start code reported already. */
static void nal_end(struct hik_ps_parser *parser, struct hik_ps_es *es, uint32_t tail, int32_t offset)
{
    if (es->nal_open == 1 && es->nal_have && (es->codec == HIK_ES_H264 || es->codec == HIK_ES_H265))
        nal_fire(parser, es, offset);
    if (es->nal_open == 2) {
        struct hik_ps_event event = { .type = HIK_PS_EV_NAL_END, .offset = offset, .es = es };

        event.nal.type = es->nal_type;
        event.nal.size = es->nal_size > tail ? es->nal_size - tail : 0;
        if (parser->sink)
            parser->sink(parser->user, &event);
    }
    memset(es->nal, 0, sizeof es->nal);
    es->nal_open = es->nal_have = es->nal_type = 0;
    es->nal_size = 0;
}

static void payload_bytes(struct hik_ps_parser *parser, const uint8_t *data, size_t len, int32_t offset)
{
    struct hik_ps_es *es = current_es(parser);

    if (es) {
        while (es->nal_open == 1 && len) {
            es->nal[es->nal_have++] = *data;
            es->nal_size++;
            emit(parser, HIK_PS_EV_DATA, es, data, 1, offset);
            data++, len--, offset++;
            nal_header_byte(parser, es, offset);
        }
        if (es->nal_open)
            es->nal_size += (uint32_t)len;
    }
    if (len)
        emit(parser, HIK_PS_EV_DATA, es, data, len, offset);
}

/* ---- start code prefixes -------------------------------------------------------------------------------------- */

/* Reports the withheld bytes as what the mode makes of them. */
static void flush_held(struct hik_ps_parser *parser, int32_t here)
{
    struct hik_ps_state *s = &parser->s;
    unsigned n = s->held;

    s->held = 0;
    if (n == 0)
        return;
    if (s->mode == HIK_PS_PAYLOAD)
        payload_bytes(parser, prefix + s->match - n, n, here - (int32_t)n);
    else
        emit(parser, HIK_PS_EV_SKIPPED, NULL, prefix + s->match - n, n, here - (int32_t)n);
}

/* The first byte that is not zero, or limit; eight at a time. */
static const uint8_t *skip_zeros(const uint8_t *p, const uint8_t *limit)
{
    uint64_t eight;

    for (; limit - p >= 8; p += 8) {
        memcpy(&eight, p, 8);
        if (eight)
            break;
    }
    while (p < limit && *p == 0)
        p++;
    return p;
}

enum match { MATCH_MORE, MATCH_BROKEN, MATCH_CODE };

/* Goes on with a begun prefix, byte by byte. MATCH_CODE: in->p is at the byte after 00 00 01, which stays withheld.
 * MATCH_BROKEN: in->p is at the byte that is none of it; the caller flushes. */
static enum match match_step(struct hik_ps_parser *parser, struct input *in, const uint8_t *limit)
{
    struct hik_ps_state *s = &parser->s;

    while (in->p < limit) {
        uint8_t byte = *in->p;

        parser->steps++;
        if (s->match == 3)
            return MATCH_CODE;
        if (s->match == 2 && byte == 0) {
            const uint8_t *zeros = in->p;
            size_t n;

            in->p = skip_zeros(in->p, limit);
            n = (size_t)(in->p - zeros);
            parser->steps += n;
            s->flags |= HIK_PS_EXTRA;
            /* two of the zeros stay withheld; those reported before do not count */
            if (n + s->held > 2) {
                size_t out = n + s->held - 2;

                /* the bytes reported here are zeros, like those at zeros[]; held ones may be in an earlier packet */
                if (s->mode == HIK_PS_PAYLOAD) {
                    while (out) {
                        size_t piece = out < n ? out : n;

                        payload_bytes(parser, zeros, piece, position(in) - 2 - (int32_t)out);
                        out -= piece;
                    }
                } else {
                    emit(parser, HIK_PS_EV_SKIPPED, NULL, zeros, out < n ? out : n, position(in) - 2 - (int32_t)out);
                    if (out > n)
                        emit(parser, HIK_PS_EV_SKIPPED, NULL, prefix, out - n, position(in) - 2 - (int32_t)(out - n));
                }
                s->held = 2;
            } else {
                s->held = (uint8_t)(n + s->held);
            }
            continue;
        }
        if (byte != prefix[s->match])
            return MATCH_BROKEN;
        if (s->match == 0)
            s->flags &= (uint8_t)~HIK_PS_EXTRA;
        s->match++;
        s->held++;
        in->p++;
    }
    return MATCH_MORE;
}

static void match_reset(struct hik_ps_state *s)
{
    s->match = s->held = 0;
    s->flags &= (uint8_t)~HIK_PS_EXTRA;
}

/* The first 00 00 01 in [p, limit), NULL if there is none. memchr() for the rarest byte of the three in compressed
 * video is as fast as it gets without code for one processor. */
static const uint8_t *find_prefix(const uint8_t *p, const uint8_t *limit)
{
    const uint8_t *one;

    if (limit - p < 3)
        return NULL;
    /* two zeros have to stand between this 01 and the next one that counts */
    for (one = p + 2; one < limit; one += 3) {
        one = memchr(one, 1, (size_t)(limit - one));
        if (!one)
            return NULL;
        if (one[-1] == 0 && one[-2] == 0)
            return one - 2;
    }
    return NULL;
}

/* Looks for the next 00 00 01 from in->p on and withholds it, or what of it is at the end. Returns the end of what
 * stands before it: [in->p as it was, returned pointer). */
static const uint8_t *match_search(struct hik_ps_parser *parser, struct input *in, const uint8_t *limit)
{
    struct hik_ps_state *s = &parser->s;
    const uint8_t *from = in->p;
    const uint8_t *at = find_prefix(from, limit);

    match_reset(s);
    if (at) {
        parser->steps += (uint64_t)(at + 3 - from);
        s->match = s->held = 3;
        in->p = at + 3;
    } else {
        parser->steps += (uint64_t)(limit - from);
        at = limit;
        while (at > from && limit - at < 2 && at[-1] == 0)
            at--;
        s->match = s->held = (uint8_t)(limit - at);
        in->p = limit;
    }
    if (s->match >= 2 && at > from && at[-1] == 0)
        s->flags |= HIK_PS_EXTRA;
    return at;
}

/* ---- headers -------------------------------------------------------------------------------------------------- */

static void pes_end(struct hik_ps_parser *parser, int32_t offset)
{
    struct hik_ps_state *s = &parser->s;
    struct hik_ps_es *es = current_es(parser);

    flush_held(parser, offset);
    if (es) {
        es->match = s->match;
        if (s->match >= 2 && (s->flags & HIK_PS_EXTRA))
            es->flags |= HIK_PS_ES_EXTRA;
    }
    match_reset(s);
    s->mode = HIK_PS_CODE;
    emit(parser, HIK_PS_EV_PES_END, es, NULL, 0, offset);
}

static void note_scrambling(struct hik_ps_es *es, const struct hik_ps_pes *pes)
{
    uint8_t time = (uint8_t)(pes->pts >> 3);

    if (!pes->scrambling) {
        es->flags &= (uint8_t)~(HIK_PS_ES_SCRAMBLED | HIK_PS_ES_NEW_TIME);
        es->time = 0;
        return;
    }
    if (pes->has_pts && (time != es->time || !(es->flags & HIK_PS_ES_SCRAMBLED)))
        es->flags |= HIK_PS_ES_NEW_TIME;
    es->flags |= HIK_PS_ES_SCRAMBLED;
    if (pes->has_pts)
        es->time = time;
}

static void begin_pes(struct hik_ps_parser *parser, const uint8_t *data, size_t len, int32_t offset)
{
    struct hik_ps_state *s = &parser->s;
    struct hik_ps_es *es = NULL;
    struct hik_ps_event event = { .type = HIK_PS_EV_PES, .data = data, .len = (uint32_t)len, .offset = offset };
    struct hik_ps_pes pes;
    uint8_t id = data[3];

    hik_ps_read_pes(data, len, &pes);
    if (is_video_id(id) || is_audio_id(id) || id == 0xbd || id == 0xfd)
        es = find_es(parser, id);
    s->current = es ? (uint8_t)(es - s->es) : HIK_PS_NO_STREAM;
    s->current_id = id;
    match_reset(s);
    s->flags &= (uint8_t)~(HIK_PS_UNBOUNDED | HIK_PS_OVERRUN);
    if (es) {
        es->flags |= HIK_PS_ES_SEEN;
        note_scrambling(es, &pes);
        if (id == 0xbd && es->codec == HIK_ES_UNKNOWN)
            es->codec = HIK_ES_PRIVATE;
    }
    parser->has_pts = pes.has_pts;
    parser->has_dts = pes.has_dts;
    parser->pts = pes.pts;
    parser->dts = pes.has_dts ? pes.dts : pes.pts;

    s->mode = HIK_PS_PAYLOAD;
    if (pes.length == 0) {
        s->left = 0;
        if (!pes.plain)
            s->flags |= HIK_PS_UNBOUNDED;
    } else {
        s->left = (uint16_t)(pes.length + 6u > len ? pes.length + 6u - len : 0);
    }
    event.es = es;
    event.pes = &pes;
    if (parser->sink)
        parser->sink(parser->user, &event);
    if (es) {
        /* a start code may be split between two PES packets of a stream */
        s->match = es->match;
        if (es->flags & HIK_PS_ES_EXTRA && es->nal_open != 1) {
            s->flags |= HIK_PS_EXTRA;
            es->flags &= (uint8_t)~HIK_PS_ES_EXTRA;
        }
        es->match = 0;
        if (!is_scanned(es))
            match_reset(s);
        if (s->flags & HIK_PS_HAVE_PSM && !is_video_id(id))
            say_no_psm(parser, es, offset);
    }
    if (s->left == 0 && !(s->flags & HIK_PS_UNBOUNDED))
        pes_end(parser, offset + (int32_t)len);
}

/* A map whose length says too much has swallowed the header behind it. How long it is really. */
static size_t psm_end(const uint8_t *data, size_t len, struct hik_ps_psm *psm)
{
    hik_ps_read_psm(data, len, psm);
    if (!psm->problem || psm->crc_ok)
        return len;
    for (size_t i = 10; i + 4 <= len; i++) {
        if (data[i] == 0 && data[i + 1] == 0 && data[i + 2] == 1 && data[i + 3] >= 0xbd) {
            hik_ps_read_psm(data, i, psm);
            return i;
        }
    }
    return len;
}

static void header_bad(struct hik_ps_parser *parser, const uint8_t *data, size_t n, int32_t offset);

/* What stands behind a map that claimed it: read once more, but not for a third time, or maps inside maps would have each
 * byte read as often as one fits into another. */
static void read_swallowed(struct hik_ps_parser *parser, const uint8_t *data, size_t len, int32_t offset, bool again)
{
    struct hik_ps_state *s = &parser->s;

    if (again) {
        s->mode = HIK_PS_SYNC;
        emit(parser, HIK_PS_EV_SKIPPED, NULL, data, len, offset);
        return;
    }
    parser->reread = true;
    run(parser, data, len, offset);
    parser->reread = false;
    if (s->mode == HIK_PS_HEADER)
        s->flags |= HIK_PS_AGAIN;
}

/* A complete header. */
static void header_done(struct hik_ps_parser *parser, const uint8_t *data, size_t len, int32_t offset)
{
    struct hik_ps_state *s = &parser->s;
    enum hik_ps_event_type type;
    struct hik_ps_psm psm;
    size_t whole = len;
    bool again = parser->reread || s->flags & HIK_PS_AGAIN;

    if (s->flags & HIK_PS_UNSURE && data[3] >= 0xbd) {
        struct hik_ps_pes pes;

        hik_ps_read_pes(data, len, &pes);
        if (pes.broken) {
            header_bad(parser, data, 4, offset);
            run(parser, data + 4, len - 4, offset + 4);
            return;
        }
    }
    match_reset(s);
    s->header_len = 0;
    s->mode = HIK_PS_CODE;
    s->flags &= (uint8_t)~(HIK_PS_UNSURE | HIK_PS_FRESH | (parser->reread ? 0 : HIK_PS_AGAIN));
    switch (data[3]) {
    case 0xb9:
        type = HIK_PS_EV_END_CODE;
        break;
    case 0xba:
        type = HIK_PS_EV_PACK;
        s->flags |= HIK_PS_SEEN;
        break;
    case 0xbb:
        type = HIK_PS_EV_SYSTEM;
        break;
    case 0xbc:
        type = HIK_PS_EV_PSM;
        len = psm_end(data, len, &psm);
        parser->steps += whole;
        break;
    default:
        begin_pes(parser, data, len, offset);
        return;
    }
    s->current = HIK_PS_NO_STREAM;
    s->current_id = 0;
    emit(parser, type, NULL, data, len, offset);
    if (type == HIK_PS_EV_PSM) {
        apply_psm(parser, &psm);
        if (whole > len)
            read_swallowed(parser, data + len, whole - len, offset + (int32_t)len, again);
    }
}

/* The start code at data opens no valid header. n bytes of it go by as skipped. */
static void header_bad(struct hik_ps_parser *parser, const uint8_t *data, size_t n, int32_t offset)
{
    struct hik_ps_state *s = &parser->s;

    match_reset(s);
    s->mode = HIK_PS_SYNC;
    s->header_len = 0;
    s->current = HIK_PS_NO_STREAM;
    s->current_id = 0;
    s->flags &= (uint8_t)~(HIK_PS_UNBOUNDED | HIK_PS_OVERRUN | HIK_PS_UNSURE | (parser->reread ? 0 : HIK_PS_AGAIN));
    emit(parser, HIK_PS_EV_SKIPPED, NULL, data, n, offset);
}

/* A start code of the system layer was matched, its last byte is at in->p. */
static void header_begin(struct hik_ps_parser *parser, struct input *in)
{
    struct hik_ps_state *s = &parser->s;
    const uint8_t *start = in->p - 3;
    size_t have, need;

    if (in->p - in->begin < 3) {
        memcpy(s->header, prefix, 3);
        s->header[3] = *in->p++;
        s->header_len = 4;
        s->mode = HIK_PS_HEADER;
        match_reset(s);
        return;
    }
    have = (size_t)(in->end - start);
    need = hik_ps_header_need(start, have);
    parser->steps += 8;
    if (need == 0) {
        header_bad(parser, start, 4, in->base + (int32_t)(start - in->begin));
        in->p++;
    } else if (need <= have) {
        in->p = start + need;
        header_done(parser, start, need, in->base + (int32_t)(start - in->begin));
    } else {
        memcpy(s->header, start, have);
        s->header_len = (uint16_t)have;
        s->mode = HIK_PS_HEADER;
        match_reset(s);
        in->p = in->end;
    }
}

static void header_collect(struct hik_ps_parser *parser, struct input *in)
{
    struct hik_ps_state *s = &parser->s;

    for (;;) {
        size_t need = hik_ps_header_need(s->header, s->header_len);
        size_t have = s->header_len;
        size_t n;

        parser->steps += 8;
        if (need <= have) {
            /* Complete, or found to be none; at most a few bytes more than it is long were needed to tell. */
            uint8_t header[HIK_PS_HEADER_MAX];
            int32_t offset = position(in) - (int32_t)have;

            memcpy(header, s->header, have);
            if (need)
                header_done(parser, header, need, offset);
            else
                header_bad(parser, header, need = 4, offset);
            if (have > need)
                run(parser, header + need, have - need, offset + (int32_t)need);
            return;
        }
        n = need - have;
        if (n > (size_t)(in->end - in->p))
            n = (size_t)(in->end - in->p);
        if (n == 0)
            return;
        memcpy(s->header + have, in->p, n);
        parser->steps += n;
        s->header_len = (uint16_t)(have + n);
        in->p += n;
    }
}

/* ---- modes ---------------------------------------------------------------------------------------------------- */

/* Where the program stream is lost, any header of the system layer finds it again: in H.264 and H.265 none of their start
 * codes can occur. Before the first one it may be no program stream at all (a transport stream is full of PES headers), so
 * there a PES packet has to begin the packet. */
static bool may_go_on(const struct hik_ps_state *s, uint8_t code, bool begins)
{
    if (s->flags & HIK_PS_FRESH && code >= 0xbd)
        return begins;
    return code >= 0xba || (code == 0xb9 && !(s->flags & HIK_PS_FRESH));
}

static void mode_sync(struct hik_ps_parser *parser, struct input *in)
{
    struct hik_ps_state *s = &parser->s;

    if (s->match) {
        switch (match_step(parser, in, in->end)) {
        case MATCH_MORE:
            return;
        case MATCH_CODE:
            if (may_go_on(s, *in->p, position(in) == 3)) {
                s->held = 0;
                s->flags |= HIK_PS_UNSURE;
                header_begin(parser, in);
                return;
            }
            break;
        case MATCH_BROKEN:
            break;
        }
        flush_held(parser, position(in));
        match_reset(s);
    } else {
        const uint8_t *from = in->p;
        const uint8_t *at = match_search(parser, in, in->end);

        if (at > from)
            emit(parser, HIK_PS_EV_SKIPPED, NULL, from, (size_t)(at - from), in->base + (int32_t)(from - in->begin));
    }
}

static void mode_code(struct hik_ps_parser *parser, struct input *in)
{
    struct hik_ps_state *s = &parser->s;
    struct hik_ps_es *es = current_es(parser);

    switch (match_step(parser, in, in->end)) {
    case MATCH_MORE:
        return;
    case MATCH_CODE:
        if (*in->p >= 0xb9) {
            s->held = 0;
            header_begin(parser, in);
            return;
        }
        break;
    case MATCH_BROKEN:
        break;
    }
    /* Some encoders write a length that is too short, or the low 16 bits of one that is too long. */
    if (es && is_video_id(s->current_id) && !(s->flags & HIK_PS_OVERRUN)) {
        s->mode = HIK_PS_PAYLOAD;
        s->flags |= HIK_PS_UNBOUNDED | HIK_PS_OVERRUN;
        emit(parser, HIK_PS_EV_OVERRUN, es, NULL, 0, position(in) - s->held);
        return;
    }
    s->mode = HIK_PS_SYNC;
    s->current = HIK_PS_NO_STREAM;
    s->current_id = 0;
}

/* The stream cannot contain start codes of the system layer. */
static bool cannot_contain(const struct hik_ps_es *es)
{
    return has_nal_units((enum hik_es_codec)es->codec) && es->flags & HIK_PS_ES_SURE && !(es->flags & HIK_PS_ES_SCRAMBLED);
}

/* A start code inside the payload of the current PES packet, its last byte at in->p. True: the payload ended. */
static bool payload_code(struct hik_ps_parser *parser, struct input *in)
{
    struct hik_ps_state *s = &parser->s;
    struct hik_ps_es *es = current_es(parser);
    uint8_t code = *in->p;
    int32_t here = position(in);

    /* a prefix that began in the stream's previous PES packet is the elementary stream's */
    if (s->held < 3) {
        /* NAL unit */
    } else if (s->flags & HIK_PS_UNBOUNDED) {
        if (code >= 0xb9) {
            s->held = 0;
            s->mode = HIK_PS_CODE;
            emit(parser, HIK_PS_EV_PES_END, es, NULL, 0, here - 3);
            header_begin(parser, in);
            return true;
        }
    } else if (es && code >= 0xba && (code == 0xba ? es->codec != HIK_ES_MPEG4 : cannot_contain(es))) {
        /* bytes are missing */
        s->held = 0;
        s->left = 0;
        if (es) {
            memset(es->nal, 0, sizeof es->nal);
            es->nal_open = es->nal_have = es->nal_type = 0;
            es->nal_size = 0;
        }
        s->mode = HIK_PS_CODE;
        emit(parser, HIK_PS_EV_CUT, es, NULL, 0, here - 3);
        header_begin(parser, in);
        return true;
    }

    if (es && is_scanned(es)) {
        bool extra = s->flags & HIK_PS_EXTRA;

        nal_end(parser, es, 3u - s->held + (extra ? 1 : 0), here - 3);
        flush_held(parser, here);
        es->nal_open = 1;
        s->video = s->current;
        if (extra)
            es->flags |= HIK_PS_ES_EXTRA;
        else
            es->flags &= (uint8_t)~HIK_PS_ES_EXTRA;
    } else {
        flush_held(parser, here);
    }
    match_reset(s);
    return false;
}

static void mode_payload(struct hik_ps_parser *parser, struct input *in)
{
    struct hik_ps_state *s = &parser->s;
    struct hik_ps_es *es = current_es(parser);
    bool bounded = !(s->flags & HIK_PS_UNBOUNDED);
    const uint8_t *start = in->p;
    const uint8_t *limit = in->end;

    if (bounded && s->left < limit - start)
        limit = start + s->left;

    if (es && es->codec != HIK_ES_AAC && (is_audio_id(s->current_id)) && !(es->flags & HIK_PS_ES_SURE)) {
        size_t there = (size_t)(limit - start);

        if (hik_es_is_adts(start, there, bounded && there < s->left))
            set_codec(parser, es, HIK_ES_AAC, position(in));
    }

    if (bounded && (!es || !is_scanned(es))) {
        parser->steps++;
        in->p = limit;
        payload_bytes(parser, start, (size_t)(limit - start), in->base + (int32_t)(start - in->begin));
    } else {
        while (in->p < limit) {
            if (s->match) {
                switch (match_step(parser, in, limit)) {
                case MATCH_MORE:
                    break;
                case MATCH_CODE:
                    if (payload_code(parser, in))
                        return;
                    break;
                case MATCH_BROKEN:
                    flush_held(parser, position(in));
                    match_reset(s);
                    break;
                }
            } else {
                const uint8_t *from = in->p;
                const uint8_t *at = match_search(parser, in, limit);

                if (at > from)
                    payload_bytes(parser, from, (size_t)(at - from), in->base + (int32_t)(from - in->begin));
            }
        }
    }
    if (bounded) {
        s->left = (uint16_t)(s->left - (in->p - start));
        if (s->left == 0)
            pes_end(parser, position(in));
    }
}

static void run(struct hik_ps_parser *parser, const uint8_t *data, size_t len, int32_t base)
{
    struct input in = { data, data, data + len, base };

    while (in.p < in.end) {
        switch ((enum hik_ps_mode)parser->s.mode) {
        case HIK_PS_SYNC:
            mode_sync(parser, &in);
            break;
        case HIK_PS_CODE:
            mode_code(parser, &in);
            break;
        case HIK_PS_HEADER:
            header_collect(parser, &in);
            break;
        case HIK_PS_PAYLOAD:
            mode_payload(parser, &in);
            break;
        }
    }
}

/* ---- public --------------------------------------------------------------------------------------------------- */

void hik_ps_init(struct hik_ps_parser *parser, hik_ps_sink sink, void *user)
{
    memset(parser, 0, sizeof *parser);
    parser->sink = sink;
    parser->user = user;
    parser->s.mode = HIK_PS_SYNC;
    parser->s.flags = HIK_PS_FRESH;
    parser->s.current = parser->s.video = HIK_PS_NO_STREAM;
}

void hik_ps_feed(struct hik_ps_parser *parser, const uint8_t *data, size_t len)
{
    if (len == 0) /* and data may be NULL */
        return;
    run(parser, data, len, 0);
    /* a header may have become complete with the very last byte */
    if (parser->s.mode == HIK_PS_HEADER) {
        size_t need = hik_ps_header_need(parser->s.header, parser->s.header_len);

        if (need == 0 || need <= parser->s.header_len) {
            struct input in = { data + len, data + len, data + len, (int32_t)len };

            header_collect(parser, &in);
        }
    }
}

void hik_ps_missing(struct hik_ps_parser *parser, size_t len)
{
    struct hik_ps_state *s = &parser->s;
    struct hik_ps_es *es = current_es(parser);

    if (len == 0)
        return;
    if (s->mode != HIK_PS_PAYLOAD || s->flags & HIK_PS_UNBOUNDED || len > s->left) {
        hik_ps_gap(parser);
        return;
    }
    flush_held(parser, 0);
    match_reset(s);
    if (es && es->nal_open == 1) {
        memset(es->nal, 0, sizeof es->nal);
        es->nal_open = es->nal_have = 0;
        es->nal_size = 0;
    } else if (es && es->nal_open) {
        es->nal_size += (uint32_t)len;
    }
    s->left = (uint16_t)(s->left - len);
    if (s->left == 0)
        pes_end(parser, 0);
}

/* What was kept for a header or a start code that is not going to be completed. */
static void give_up_held(struct hik_ps_parser *parser)
{
    struct hik_ps_state *s = &parser->s;

    if (s->mode == HIK_PS_HEADER && s->header_len)
        emit(parser, HIK_PS_EV_SKIPPED, NULL, s->header, s->header_len, -(int32_t)s->header_len);
    else
        flush_held(parser, 0);
    match_reset(s);
}

void hik_ps_gap(struct hik_ps_parser *parser)
{
    struct hik_ps_state *s = &parser->s;

    give_up_held(parser);
    s->mode = HIK_PS_SYNC;
    s->header_len = 0;
    s->left = 0;
    s->current = s->video = HIK_PS_NO_STREAM;
    s->current_id = 0;
    s->flags &= (uint8_t)~(HIK_PS_UNBOUNDED | HIK_PS_OVERRUN | HIK_PS_AGAIN | HIK_PS_UNSURE);
    for (unsigned i = 0; i < HIK_PS_STREAMS; i++) {
        struct hik_ps_es *es = &s->es[i];

        memset(es->nal, 0, sizeof es->nal);
        es->match = es->nal_open = es->nal_have = es->nal_type = 0;
        es->nal_size = 0;
        es->flags &= (uint8_t)~HIK_PS_ES_EXTRA;
    }
}

void hik_ps_finish(struct hik_ps_parser *parser)
{
    struct hik_ps_state *s = &parser->s;

    give_up_held(parser);
    for (unsigned i = 0; i < HIK_PS_STREAMS; i++)
        if (s->es[i].nal_open)
            nal_end(parser, &s->es[i], 0, 0);
    s->header_len = 0;
    s->mode = HIK_PS_SYNC;
}
