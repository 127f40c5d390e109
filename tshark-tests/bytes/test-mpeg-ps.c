/* test-mpeg-ps.c
 * The program stream parser against streams built here: whatever way a stream is cut into packets, the events must be
 * the same; nothing lost, nothing twice, work linear.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>
#include <string.h>

#include "mpeg-ps.h"
#include "ps-track.h"

/* ---- building streams ----------------------------------------------------------------------------------------- */

static void put(GByteArray *out, const void *data, size_t len)
{
    g_byte_array_append(out, data, (guint)len);
}

static void put8(GByteArray *out, unsigned value)
{
    uint8_t byte = (uint8_t)value;

    put(out, &byte, 1);
}

static void put16(GByteArray *out, unsigned value)
{
    put8(out, value >> 8);
    put8(out, value);
}

static void put32(GByteArray *out, uint32_t value)
{
    put16(out, value >> 16);
    put16(out, value);
}

static void put_code(GByteArray *out, unsigned code)
{
    put16(out, 0);
    put8(out, 1);
    put8(out, code);
}

static void put_stamp(GByteArray *out, unsigned mark, uint64_t value)
{
    put8(out, mark << 4 | (unsigned)(value >> 30 & 7) << 1 | 1);
    put16(out, (unsigned)(value >> 15 & 0x7fff) << 1 | 1);
    put16(out, (unsigned)(value & 0x7fff) << 1 | 1);
}

static void put_pack(GByteArray *out, uint64_t scr, int hik_frame)
{
    put_code(out, 0xba);
    put8(out, 0x44 | (unsigned)(scr >> 30 & 7) << 3 | (unsigned)(scr >> 28 & 3));
    put8(out, (unsigned)(scr >> 20));
    put8(out, (unsigned)(scr >> 15 & 31) << 3 | 4 | (unsigned)(scr >> 13 & 3));
    put8(out, (unsigned)(scr >> 5));
    put8(out, (unsigned)(scr & 31) << 3 | 4);
    put8(out, 1);
    put8(out, 0);
    put8(out, 0x9f);
    put8(out, 0xc3);
    if (hik_frame >= 0) {
        put8(out, 0xfe);
        put16(out, 0xffff);
        put32(out, (uint32_t)hik_frame);
    } else {
        put8(out, 0xf8);
    }
}

static void put_system(GByteArray *out)
{
    static const uint8_t body[] = { 0x80, 0x4e, 0x1f, 0x04, 0xe1, 0x7f, 0xe0, 0xe0, 0xe8, 0xc0, 0xc0, 0x20 };

    put_code(out, 0xbb);
    put16(out, sizeof body);
    put(out, body, sizeof body);
}

static uint32_t crc32_mpeg(const uint8_t *p, size_t n)
{
    uint32_t crc = 0xffffffff;

    while (n--) {
        crc ^= (uint32_t)*p++ << 24;
        for (int i = 0; i < 8; i++)
            crc = crc << 1 ^ (crc >> 31 ? 0x04c11db7u : 0);
    }
    return crc;
}

static void put_psm(GByteArray *out, unsigned video, unsigned audio)
{
    guint start = out->len;

    put_code(out, 0xbc);
    put16(out, 18 + 4);
    put8(out, 0xe1);
    put8(out, 0xff);
    put16(out, 0);
    put16(out, 12);
    put8(out, video);
    put8(out, 0xe0);
    put16(out, 4);
    put32(out, 0x0a020304);
    put8(out, audio);
    put8(out, 0xc0);
    put16(out, 0);
    put32(out, crc32_mpeg(out->data + start, out->len - start));
}

/* length: -1 = zero (not bounded), -2 = as it is */
static void put_pes(GByteArray *out, unsigned id, int length, uint64_t pts, const uint8_t *data, size_t n)
{
    put_code(out, id);
    put16(out, length == -1 ? 0 : (unsigned)n + 8);
    put8(out, 0x80);
    put8(out, 0x80);
    put8(out, 5);
    put_stamp(out, 2, pts);
    put(out, data, n);
}

/* 1280 x 720, 25 fps (encoded with x264) */
static const uint8_t sps264[] = { 0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10,
    0x00, 0x00, 0x03, 0x03, 0x20, 0xf1, 0x83, 0x19, 0x60 };
static const uint8_t pps264[] = { 0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0 };

struct maker {
    GByteArray *out;
    GRand *rand;
    bool h265;
    unsigned pictures;
};

/* Bytes as an encoder leaves them: no start code inside. */
static void put_body(GByteArray *es, GRand *rand, size_t n)
{
    unsigned zeros = 0;

    while (n--) {
        uint8_t byte = (uint8_t)(g_rand_int_range(rand, 0, 4) ? g_rand_int(rand) : (guint32)g_rand_int_range(rand, 0, 4));

        if (zeros >= 2 && byte <= 3)
            byte = 0x80;
        if (n == 0 && byte == 0)
            byte = 0x80;
        zeros = byte ? 0 : zeros + 1;
        put8(es, byte);
    }
}

static void put_nal(GByteArray *es, bool four, const uint8_t *data, size_t n)
{
    if (four)
        put8(es, 0);
    put16(es, 0);
    put8(es, 1);
    put(es, data, n);
}

static void put_picture(struct maker *m, GByteArray *es, bool key, size_t size, unsigned slices)
{
    if (m->h265) {
        static const uint8_t aud[] = { 0x46, 0x01, 0x50 }, vps[] = { 0x40, 0x01, 0x0c, 0x01 }, sps[] = { 0x42, 0x01, 0x01, 0x01 },
            pps[] = { 0x44, 0x01, 0xc1, 0x72 };

        put_nal(es, true, aud, sizeof aud);
        if (key) {
            put_nal(es, true, vps, sizeof vps);
            put_nal(es, true, sps, sizeof sps);
            put_nal(es, true, pps, sizeof pps);
        }
    } else if (key) {
        put_nal(es, true, sps264, sizeof sps264);
        put_nal(es, true, pps264, sizeof pps264);
    }
    for (unsigned i = 0; i < slices; i++) {
        uint8_t head[3] = { m->h265 ? (key ? 0x26 : 0x02) : (key ? 0x65 : 0x61), m->h265 ? 0x01 : i ? 0x40 : 0x9a, i ? 0x40 : 0x9a };

        put_nal(es, i == 0, head, m->h265 ? 3 : 2);
        put_body(es, m->rand, size / slices);
    }
}

/* One pack with one picture, split into PES packets of at most chunk bytes, and one audio PES. */
static void put_unit(struct maker *m, bool key, bool psm, size_t size, size_t chunk, int length)
{
    GByteArray *es = g_byte_array_new();
    uint64_t pts = 3600ull * m->pictures + 5000000000ull;
    uint8_t audio[160];

    put_picture(m, es, key, size, m->pictures % 3 + 1);
    put_pack(m->out, pts, m->pictures & 1 ? (int)m->pictures : -1);
    if (key) {
        put_system(m->out);
        if (psm)
            put_psm(m->out, m->h265 ? 0x24 : 0x1b, 0x90);
    }
    for (guint at = 0; at < es->len; at += (guint)chunk)
        put_pes(m->out, 0xe0, length, pts, es->data + at, MIN(chunk, es->len - at));
    for (unsigned i = 0; i < sizeof audio; i++)
        audio[i] = (uint8_t)(0xd5 ^ i * 7);
    put_pes(m->out, 0xc0, -2, pts, audio, sizeof audio);
    g_byte_array_unref(es);
    m->pictures++;
}

/* every: a key frame comes each so many pictures. */
static GByteArray *make_pictures(bool h265, bool psm, unsigned pictures, unsigned every, size_t size, size_t chunk, int length)
{
    struct maker m = { g_byte_array_new(), g_rand_new_with_seed(7), h265, 0 };

    for (unsigned i = 0; i < pictures; i++)
        put_unit(&m, i % every == 0, psm, i % every == 0 ? size * 3 : size, chunk, length);
    g_rand_free(m.rand);
    return m.out;
}

static GByteArray *make_stream(bool h265, bool psm, unsigned pictures, size_t size, size_t chunk, int length)
{
    return make_pictures(h265, psm, pictures, 4, size, chunk, length);
}

/* ---- recording ------------------------------------------------------------------------------------------------ */

struct record {
    GString *log;
    uint32_t base;              /* of the piece being fed */
    GByteArray *run;            /* payload or skipped bytes in a row */
    unsigned run_id;            /* 0 none, 1 skipped, else stream_id */
    uint32_t run_from;
    GByteArray *es[256];
    uint32_t accounted;         /* header, payload and skipped bytes */
};

/* There are a million lines: none takes memory of its own. */
static void G_GNUC_PRINTF(2, 3) note(struct record *r, const char *format, ...)
{
    char text[160];
    va_list values;
    int length;

    va_start(values, format);
    length = g_vsnprintf(text, sizeof text, format, values);
    va_end(values);
    g_assert_cmpint(length, <, sizeof text);
    g_string_append_len(r->log, text, length);
}

/* Fowler, Noll and Vo's hash (FNV-1a). */
static uint32_t sum_of(const uint8_t *data, size_t len)
{
    uint32_t sum = 2166136261u;

    while (len-- > 0)
        sum = (sum ^ *data++) * 16777619u;
    return sum;
}

static void close_run(struct record *r)
{
    if (r->run_id)
        note(r, "%s %02x @%u +%u %08x\n", r->run_id == 1 ? "skip" : "data", r->run_id, r->run_from, r->run->len,
             sum_of(r->run->data, r->run->len));
    g_byte_array_set_size(r->run, 0);
    r->run_id = 0;
}

static void on_event(void *user, const struct hik_ps_event *e)
{
    static const char *const names[] = { "skipped", "pack", "system", "psm", "pes", "data", "pes-end", "cut", "overrun", "nal",
        "nal-end", "codec", "no-psm", "end" };
    struct record *r = user;
    uint32_t at = r->base + (uint32_t)e->offset;

    if (e->type == HIK_PS_EV_DATA || e->type == HIK_PS_EV_SKIPPED) {
        unsigned id = e->type == HIK_PS_EV_SKIPPED ? 1 : e->es ? e->es->stream_id : 2;

        g_assert_cmpuint(e->len, >, 0);
        if (r->run_id != id || r->run_from + r->run->len != at)
            close_run(r);
        if (r->run_id == 0) {
            r->run_id = id;
            r->run_from = at;
        }
        put(r->run, e->data, e->len);
        r->accounted += e->len;
        if (id > 2) {
            if (!r->es[id])
                r->es[id] = g_byte_array_new();
            put(r->es[id], e->data, e->len);
        }
        return;
    }
    close_run(r);
    note(r, "%s @%u +%u", names[e->type], at, e->len);
    if (e->es)
        note(r, " id %02x %s", e->es->stream_id,
             hik_es_codec_name((enum hik_es_codec)e->es->codec) ? hik_es_codec_name((enum hik_es_codec)e->es->codec) : "-");
    if (e->pes)
        note(r, " length %u pts %" G_GUINT64_FORMAT "%s", e->pes->length, (guint64)e->pes->pts,
             e->pes->broken ? " broken" : "");
    if (e->type == HIK_PS_EV_NAL)
        note(r, " type %u%s%s%s back %u", e->nal.type, e->nal.key ? " key" : "", e->nal.picture_start ? " start" : "",
             e->nal.before_picture ? " before" : "", e->nal.back);
    if (e->type == HIK_PS_EV_NAL_END)
        note(r, " type %u size %u", e->nal.type, e->nal.size);
    if (e->len && e->data) {
        note(r, " %08x", sum_of(e->data, e->len));
        r->accounted += e->len;
    }
    g_string_append_c(r->log, '\n');
}

static struct record *record_new(void)
{
    struct record *r = g_new0(struct record, 1);

    r->log = g_string_new(NULL);
    r->run = g_byte_array_new();
    return r;
}

static void record_free(struct record *r)
{
    g_string_free(r->log, TRUE);
    g_byte_array_unref(r->run);
    for (unsigned i = 0; i < 256; i++)
        if (r->es[i])
            g_byte_array_unref(r->es[i]);
    g_free(r);
}

/* Feeds data in pieces of the given size (0: cut once at `cut`). Each piece is a copy of its own, so that reading past
 * its end is caught. */
static struct record *parse(const GByteArray *data, size_t piece, size_t cut)
{
    struct record *r = record_new();
    struct hik_ps_parser parser;
    size_t at = 0;

    hik_ps_init(&parser, on_event, r);
    while (at < data->len) {
        size_t n = piece ? piece : at == 0 && cut ? cut : data->len - at;
        uint8_t *copy;

        n = MIN(n, data->len - at);
        copy = g_memdup2(data->data + at, n);
        r->base = (uint32_t)at;
        hik_ps_feed(&parser, copy, n);
        g_free(copy);
        at += n;
    }
    r->base = data->len;
    hik_ps_finish(&parser);
    close_run(r);
    /* twice each byte and a little per header */
    g_assert_cmpuint(parser.steps, <=, 4u * data->len + 16u * (piece ? data->len / piece + 1 : 2) + 64);
    return r;
}

static void check_same(const struct record *a, const struct record *b, size_t cut)
{
    if (strcmp(a->log->str, b->log->str) == 0)
        return;
    g_test_message("cut at %zu", cut);
    char **la = g_strsplit(a->log->str, "\n", -1), **lb = g_strsplit(b->log->str, "\n", -1);
    for (unsigned i = 0; la[i] && lb[i]; i++)
        if (strcmp(la[i], lb[i])) {
            g_test_message("line %u: whole '%s', cut '%s'", i, la[i], lb[i]);
            break;
        }
    g_strfreev(la);
    g_strfreev(lb);
    g_test_fail();
    g_assert_not_reached();
}

static unsigned count(const char *haystack, const char *needle)
{
    unsigned n = 0;

    while ((haystack = strstr(haystack, needle)) != NULL) {
        n++;
        haystack += strlen(needle);
    }
    return n;
}

/* ---- tests: the parser ---------------------------------------------------------------------------------------- */

static void test_contents(void)
{
    GByteArray *s = make_stream(false, true, 5, 300, 200, -2);
    struct record *r = parse(s, 0, 0);

    g_assert_cmpuint(r->accounted, ==, s->len);
    g_assert_cmpuint(count(r->log->str, "\npack @") + g_str_has_prefix(r->log->str, "pack @"), ==, 5);
    g_assert_cmpuint(count(r->log->str, "system @"), ==, 2);
    g_assert_cmpuint(count(r->log->str, "psm @"), ==, 2);
    g_assert_cmpuint(count(r->log->str, "skip"), ==, 0);
    g_assert_cmpuint(count(r->log->str, "no-psm"), ==, 0);
    g_assert_cmpuint(count(r->log->str, " type 7 before"), ==, 2);
    g_assert_cmpuint(count(r->log->str, " type 8 before"), ==, 2);
    g_assert_cmpuint(count(r->log->str, " type 5 key start back 6\n"), ==, 2);
    g_assert_cmpuint(count(r->log->str, " type 1 start"), ==, 3);
    g_assert_nonnull(strstr(r->log->str, "id e0 H.264 type 7 size 26\n"));
    g_assert_nonnull(strstr(r->log->str, "id e0 H.264 type 8 size 6\n"));
    g_assert_nonnull(strstr(r->log->str, "pes @60 +14 id e0 H.264 length 208 pts 5000000000"));
    g_assert_nonnull(strstr(r->log->str, "id c0 G.711A length 168 pts 5000000000"));
    record_free(r);
    g_byte_array_unref(s);
}

/* A picture between two key frames: there is no more in a stream that a split could meet, and the work grows with the
 * square of its length. */
static void split_everywhere(bool h265, bool psm, size_t size, size_t chunk, int length)
{
    GByteArray *s = make_pictures(h265, psm, 3, 2, size, chunk, length);
    struct record *whole = parse(s, 0, 0);

    for (size_t cut = 1; cut < s->len; cut++) {
        struct record *r = parse(s, 0, cut);

        check_same(whole, r, cut);
        record_free(r);
    }
    for (size_t piece = 1; piece < 40; piece++) {
        struct record *r = parse(s, piece, 0);

        check_same(whole, r, piece);
        record_free(r);
    }
    record_free(whole);
    g_byte_array_unref(s);
}

static void test_split_h264(void)
{
    split_everywhere(false, true, 200, 150, -2);
}

static void test_split_h265(void)
{
    split_everywhere(true, true, 200, 150, -2);
}

static void test_split_no_psm(void)
{
    split_everywhere(false, false, 150, 100, -2);
    split_everywhere(true, false, 150, 100, -2);
}

static void test_split_unbounded(void)
{
    split_everywhere(false, true, 200, 100000, -1);
    split_everywhere(true, false, 200, 100000, -1);
}

/* PES packets that cut start codes and NAL headers apart. */
static void test_split_tiny_pes(void)
{
    for (size_t chunk = 1; chunk < 8; chunk++)
        split_everywhere(chunk & 1, true, 20, chunk, -2);
}

/* The elementary stream is what went in, for any PES size. */
static void test_elementary_stream(void)
{
    for (unsigned chunk = 1; chunk < 60; chunk += 7) {
        struct maker m = { g_byte_array_new(), g_rand_new_with_seed(3), false, 0 };
        GByteArray *es = g_byte_array_new();
        struct record *r;
        unsigned nals;

        put_picture(&m, es, true, 120, 2);
        put_picture(&m, es, false, 90, 3);
        put_pack(m.out, 1, -1);
        put_psm(m.out, 0x1b, 0x90);
        for (guint at = 0; at < es->len; at += chunk)
            put_pes(m.out, 0xe0, -2, 9, es->data + at, MIN(chunk, es->len - at));
        r = parse(m.out, 0, 0);
        g_assert_cmpmem(r->es[0xe0]->data, r->es[0xe0]->len, es->data, es->len);
        nals = count(r->log->str, "\nnal @");
        g_assert_cmpuint(nals, ==, 7);
        g_assert_cmpuint(count(r->log->str, "nal-end"), ==, 7);
        record_free(r);
        g_byte_array_unref(es);
        g_byte_array_unref(m.out);
        g_rand_free(m.rand);
    }
}

static void test_odd_packs(void)
{
    static const uint8_t mpeg1[] = { 0x00, 0x00, 0x01, 0xba, 0x21, 0x00, 0x01, 0x00, 0x01, 0x80, 0x1b, 0x83 };
    static const uint8_t mpeg1_pes[] = { 0x00, 0x00, 0x01, 0xe0, 0x00, 0x0c, 0xff, 0xff, 0x60, 0x04, 0x21, 0x00, 0x01, 0x00, 0x05,
        0xaa, 0xbb, 0xcc };
    GByteArray *s = g_byte_array_new();
    struct record *r, *whole;

    put_code(s, 0xba);          /* bare */
    put_code(s, 0xba);
    put_psm(s, 0x24, 0x90);
    put(s, mpeg1, sizeof mpeg1);
    put(s, mpeg1_pes, sizeof mpeg1_pes);
    put_code(s, 0xbe);
    put16(s, 3);
    put(s, "\xff\xff\xff", 3);
    put_code(s, 0xbf);
    put16(s, 2);
    put(s, "\x01\x02", 2);
    put_code(s, 0xbd);
    put16(s, 0);
    put_pack(s, 77, 12345);
    put_code(s, 0xb9);
    whole = parse(s, 0, 0);
    g_assert_cmpuint(count(whole->log->str, "pack @"), ==, 4);
    g_assert_cmpuint(count(whole->log->str, "skip"), ==, 0);
    g_assert_cmpuint(whole->accounted, ==, s->len);
    g_assert_nonnull(strstr(whole->log->str, "id e0 H.265 length 12 pts 2 "));
    g_assert_nonnull(strstr(whole->log->str, "end @"));
    g_assert_cmpmem(whole->es[0xe0]->data, whole->es[0xe0]->len, "\xaa\xbb\xcc", 3);
    for (size_t cut = 1; cut < s->len; cut++) {
        r = parse(s, 0, cut);
        check_same(whole, r, cut);
        record_free(r);
    }
    r = parse(s, 1, 0);
    check_same(whole, r, 1);
    record_free(r);
    record_free(whole);
    g_byte_array_unref(s);
}

static void test_pack_fields(void)
{
    GByteArray *s = g_byte_array_new();
    struct hik_ps_pack pack;

    put_pack(s, 5000000000ull, 0x01020304);
    g_assert_cmpuint(hik_ps_header_need(s->data, s->len), ==, 20);
    hik_ps_read_pack(s->data, s->len, &pack);
    g_assert_cmpint(pack.kind, ==, HIK_PS_PACK_MPEG2);
    g_assert_cmpuint(pack.scr_base, ==, 5000000000ull);
    g_assert_cmpuint(pack.mux_rate, ==, 0x27f0);
    g_assert_cmpuint(pack.stuffing, ==, 6);
    g_assert_true(pack.markers_ok);
    g_assert_true(pack.has_hik_frame);
    g_assert_cmpuint(pack.hik_frame, ==, 0x01020304);
    g_assert_true(hik_ps_looks_like_pack(s->data, s->len));
    /* strict: each marker bit counts */
    for (unsigned i = 4; i < 13; i++) {
        static const uint8_t markers[] = { 0xc4, 0, 4, 0, 4, 1, 0, 0, 3 };

        for (unsigned bit = 0; bit < 8; bit++) {
            s->data[i] ^= (uint8_t)(1 << bit);
            g_assert_cmpint(hik_ps_looks_like_pack(s->data, s->len), ==, !(markers[i - 4] >> bit & 1));
            s->data[i] ^= (uint8_t)(1 << bit);
        }
    }
    put32(s, 0x000001e0);
    g_assert_true(hik_ps_looks_like_pack(s->data, s->len));
    s->data[s->len - 1] = 0x65;
    g_assert_false(hik_ps_looks_like_pack(s->data, s->len));
    g_byte_array_unref(s);
}

static void test_psm(void)
{
    GByteArray *s = g_byte_array_new();
    struct hik_ps_psm psm;

    put_psm(s, 0x1b, 0x90);
    hik_ps_read_psm(s->data, s->len, &psm);
    g_assert_null(psm.problem);
    g_assert_true(psm.crc_ok);
    g_assert_cmpuint(psm.streams, ==, 2);
    g_assert_cmpuint(psm.stream[0].stream_type, ==, 0x1b);
    g_assert_cmpuint(psm.stream[0].info_len, ==, 4);
    g_assert_cmpuint(psm.stream[1].stream_id, ==, 0xc0);

    s->data[11] = 99;           /* elementary_stream_map_length */
    hik_ps_read_psm(s->data, s->len, &psm);
    g_assert_nonnull(psm.problem);
    g_assert_false(psm.crc_ok);
    g_assert_cmpuint(psm.streams, ==, 2);
    g_assert_cmpuint(psm.stream[1].stream_type, ==, 0x90);
    s->data[11] = 12;
    s->data[15] = 200;          /* elementary_stream_info_length */
    hik_ps_read_psm(s->data, s->len, &psm);
    g_assert_nonnull(psm.problem);
    g_assert_cmpuint(psm.streams, >=, 1);
    g_assert_cmpuint(psm.stream[0].stream_type, ==, 0x1b);
    for (guint len = 0; len <= s->len; len++)
        hik_ps_read_psm(s->data, len, &psm);
    g_byte_array_unref(s);
}

static void test_codec_mismatch(void)
{
    GByteArray *s = g_byte_array_new();
    struct maker m = { g_byte_array_new(), g_rand_new_with_seed(1), true, 0 };
    struct record *r;

    put_pack(s, 1, -1);
    put_psm(s, 0x1b, 0x91);
    put_picture(&m, m.out, true, 100, 1);
    put_pes(s, 0xe0, -2, 1, m.out->data, m.out->len);
    put_pack(s, 1, -1);
    put_psm(s, 0x1b, 0x91);
    r = parse(s, 0, 0);
    g_assert_cmpuint(count(r->log->str, "codec @"), ==, 1);
    g_assert_nonnull(strstr(r->log->str, "id e0 H.265\n"));
    g_assert_nonnull(strstr(r->log->str, "id e0 H.265 type 33 before"));
    record_free(r);
    g_byte_array_unref(s);
    g_byte_array_unref(m.out);
    g_rand_free(m.rand);
}

/* A length that is too short, or one whose upper bits fell off: the video is not lost. */
static void test_overrun(void)
{
    GByteArray *s = make_stream(false, true, 3, 400, 100000, -2);
    struct record *before = parse(s, 0, 0), *after;
    uint8_t *pes = s->data + 60;

    g_assert_cmphex(pes[3], ==, 0xe0);
    pes[4] = 0;
    pes[5] = 40;
    after = parse(s, 0, 0);
    g_assert_cmpuint(count(after->log->str, "overrun @"), ==, 1);
    g_assert_cmpmem(before->es[0xe0]->data, before->es[0xe0]->len, after->es[0xe0]->data, after->es[0xe0]->len);
    for (size_t cut = 1; cut < s->len; cut++) {
        struct record *r = parse(s, 0, cut);

        check_same(after, r, cut);
        record_free(r);
    }
    record_free(before);
    record_free(after);
    g_byte_array_unref(s);
}

/* Bytes missing inside a PES packet without anybody knowing: the next header is believed. */
static void test_cut(void)
{
    GByteArray *s = make_stream(false, true, 4, 400, 100000, -2);
    struct record *r;

    g_byte_array_remove_range(s, 300, 100);
    r = parse(s, 0, 0);
    /* the length swallows half of the audio packet, but its header cannot be video */
    g_assert_cmpuint(count(r->log->str, "cut @"), ==, 1);
    g_assert_cmpuint(count(r->log->str, "overrun @"), ==, 0);
    g_assert_cmpuint(count(r->log->str, "id c0 "), ==, 8);
    g_assert_cmpuint(count(r->log->str, "pack @"), ==, 4);
    record_free(r);
    g_byte_array_unref(s);

    s = make_stream(false, true, 4, 400, 100000, -2);
    g_byte_array_remove_range(s, 300, 300);
    r = parse(s, 0, 0);
    g_assert_cmpuint(count(r->log->str, "cut @"), ==, 1);
    g_assert_cmpuint(count(r->log->str, "pack @"), ==, 4);
    record_free(r);
    g_byte_array_unref(s);
}

static void test_truncated(void)
{
    for (unsigned kind = 0; kind < 4; kind++) {
        GByteArray *s = make_stream(kind & 1, true, 2, 100, 90, kind & 2 ? -1 : -2);
        guint whole = s->len;

        for (guint len = whole; len > 0; len--) {
            struct record *r;

            g_byte_array_set_size(s, len);
            r = parse(s, 0, 0);
            g_assert_cmpuint(r->accounted, ==, len);
            record_free(r);
        }
        g_byte_array_unref(s);
    }
}

/* Snap length: the rest of each packet is known to be missing. */
static void test_missing(void)
{
    GByteArray *s = make_stream(false, true, 4, 3000, 100000, -2);
    struct record *r = record_new();
    struct hik_ps_parser parser;

    hik_ps_init(&parser, on_event, r);
    for (guint at = 0; at < s->len; at += 500) {
        size_t there = MIN(300u, s->len - at), all = MIN(500u, s->len - at);

        r->base = at;
        hik_ps_feed(&parser, s->data + at, there);
        hik_ps_missing(&parser, all - there);
    }
    g_assert_cmpuint(count(r->log->str, "pack @"), >=, 2);
    record_free(r);
    g_byte_array_unref(s);
}

static void test_mutations(void)
{
    GRand *rand = g_rand_new_with_seed(20240601);
    GByteArray *s[4];

    for (unsigned i = 0; i < 4; i++)
        s[i] = make_stream(i & 1, true, 4, 120, i & 2 ? 70 : 5000, i == 3 ? -1 : -2);
    for (unsigned i = 0; i < 10000; i++) {
        GByteArray *copy = g_byte_array_new();
        struct record *whole, *pieces;

        put(copy, s[i & 3]->data, s[i & 3]->len);
        for (int n = g_rand_int_range(rand, 1, 12); n; n--) {
            guint at = (guint)g_rand_int_range(rand, 0, (gint32)copy->len);
            guint drop;

            switch (g_rand_int_range(rand, 0, 4)) {
            case 0:
                copy->data[at] = (uint8_t)g_rand_int(rand);
                break;
            case 1:
                copy->data[at] ^= (uint8_t)(1u << g_rand_int_range(rand, 0, 8));
                break;
            case 2:
                drop = (guint)g_rand_int_range(rand, 1, 30);
                g_byte_array_remove_range(copy, at, MIN(drop, copy->len - at));
                break;
            default:
                if (at + 4 <= copy->len) {
                    copy->data[at] = copy->data[at + 1] = 0;
                    copy->data[at + 2] = 1;
                    copy->data[at + 3] = (uint8_t)g_rand_int_range(rand, 0xb9, 0x100);
                }
                break;
            }
            if (copy->len == 0)
                break;
        }
        whole = parse(copy, 0, 0);
        g_assert_cmpuint(whole->accounted, ==, copy->len);
        pieces = parse(copy, (size_t)g_rand_int_range(rand, 1, 60), 0);
        g_assert_cmpuint(pieces->accounted, ==, copy->len);
        check_same(whole, pieces, i);
        record_free(whole);
        record_free(pieces);
        g_byte_array_unref(copy);
    }
    for (unsigned i = 0; i < 4; i++)
        g_byte_array_unref(s[i]);
    g_rand_free(rand);
}

/* Random bytes of few values, so that start codes are frequent; and hostile rows of one byte. */
static void test_garbage(void)
{
    GRand *rand = g_rand_new_with_seed(5);

    for (unsigned i = 0; i < 3000; i++) {
        static const uint8_t values[] = { 0, 0, 0, 0, 1, 1, 0xba, 0xbc, 0xe0, 0x44, 0xc0, 0xbb, 0x67, 0x80, 0x21, 0xff };
        GByteArray *s = g_byte_array_new();
        struct record *whole, *pieces;

        put_pack(s, 1, -1); /* before the first header it matters where packets begin */
        for (int n = g_rand_int_range(rand, 1, 600); n; n--)
            put8(s, values[g_rand_int_range(rand, 0, sizeof values)]);
        whole = parse(s, 0, 0);
        pieces = parse(s, (size_t)g_rand_int_range(rand, 1, 20), 0);
        g_assert_cmpuint(whole->accounted, ==, s->len);
        check_same(whole, pieces, i);
        record_free(whole);
        record_free(pieces);
        g_byte_array_unref(s);
    }
    for (unsigned value = 0; value < 256; value++) {
        GByteArray *s = g_byte_array_new();
        struct record *r;

        put_pack(s, 1, -1);
        put_pes(s, 0xe0, -1, 1, (const uint8_t *)"", 0);
        g_byte_array_set_size(s, s->len + 100000);
        memset(s->data + s->len - 100000, (int)value, 100000);
        r = parse(s, 1400, 0);
        g_assert_cmpuint(r->accounted, ==, s->len);
        record_free(r);
        g_byte_array_unref(s);
    }
    g_rand_free(rand);
}

/* ---- tests: elementary stream facts --------------------------------------------------------------------------- */

/* What costs most per byte must cost no more than a small multiple: maps inside maps, each of them broken; headers that
 * are none; zeros; 01 in a row. */
static void test_work(void)
{
    static const struct { const char *bytes; unsigned len; } rows[] = {
        { "\0\0\1\xbc\3\xf4" "aaaaaaaaa", 15 },        /* a map of 1018 bytes every 15 bytes */
        { "\0\0\1\xbc\3\xf4", 6 },
        { "\0\0\1\xba" "\0\0\1\xbc\3\xf4" "aaaaaaaa", 18 }, /* between bare packs */
        { "\0\0\1\xbc\0\6" "\0\0\0", 9 },              /* too small to be one */
        { "\0\0\1\xe0\0\0\0", 7 }, { "\0\0\1\xe0\xff\xff\x80\0\xff", 9 }, { "\0\0\1", 3 }, { "\0\0\1\xba\x44", 5 },
        { "\0", 1 }, { "\1", 1 }, { "\0\1", 2 }, { "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2", 18 },
    };

    for (unsigned row = 0; row < G_N_ELEMENTS(rows); row++)
        for (unsigned start = 0; start < 2; start++) {
            GByteArray *s = g_byte_array_new();

            put_pack(s, 1, -1);
            if (start) /* inside a video packet that does not end */
                put_pes(s, 0xe0, -1, 1, (const uint8_t *)"", 0);
            while (s->len < 200000)
                put(s, rows[row].bytes, rows[row].len);
            record_free(parse(s, 1400, 0)); /* looks at the number of steps */
            record_free(parse(s, 0, 0));
            g_byte_array_unref(s);
        }
}

static void test_sps(void)
{
    /* 1280 x 720, 25 fps (encoded with x265) */
    static const uint8_t sps265[] = { 0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03,
        0x00, 0x5d, 0xa0, 0x02, 0x80, 0x80, 0x2d, 0x16, 0x59, 0x59, 0xa4, 0x93, 0x2b, 0xc0, 0x5a, 0x02, 0x00, 0x00, 0x03, 0x00,
        0x02, 0x00, 0x00, 0x03, 0x00, 0x32, 0x10 };
    struct hik_sps sps;
    GRand *rand = g_rand_new_with_seed(9);

    g_assert_true(hik_sps_read(HIK_ES_H264, sps264, sizeof sps264, &sps));
    g_assert_cmpuint(sps.width, ==, 1280);
    g_assert_cmpuint(sps.height, ==, 720);
    g_assert_cmpfloat(sps.frame_rate, ==, 25.0);
    g_assert_cmpuint(sps.profile, ==, 100);
    g_assert_cmpuint(sps.level, ==, 31);
    g_assert_true(hik_sps_read(HIK_ES_H265, sps265, sizeof sps265, &sps));
    g_assert_cmpuint(sps.width, ==, 1280);
    g_assert_cmpuint(sps.height, ==, 720);
    g_assert_cmpfloat(sps.frame_rate, ==, 25.0);
    g_assert_false(hik_sps_read(HIK_ES_H265, sps264, sizeof sps264, &sps));
    g_assert_false(hik_sps_read(HIK_ES_H264, pps264, sizeof pps264, &sps));
    for (size_t len = 0; len < sizeof sps265; len++) {
        uint8_t *copy = g_memdup2(sps265, len ? len : 1);

        hik_sps_read(HIK_ES_H265, copy, len, &sps);
        g_free(copy);
    }
    for (unsigned i = 0; i < 20000; i++) {
        uint8_t bytes[64];

        for (unsigned j = 0; j < sizeof bytes; j++)
            bytes[j] = (uint8_t)g_rand_int(rand);
        if (i & 1)
            memcpy(bytes, i & 2 ? sps264 : sps265, 8 + i % 17);
        bytes[0] = i & 2 ? 0x67 : 0x42;
        hik_sps_read(i & 2 ? HIK_ES_H264 : HIK_ES_H265, bytes, sizeof bytes, &sps);
    }
    g_rand_free(rand);
}

static void test_guess(void)
{
    g_assert_cmpint(hik_nal_guess(0x67, 0x64), ==, HIK_ES_H264);
    g_assert_cmpint(hik_nal_guess(0x65, 0x88), ==, HIK_ES_H264);
    g_assert_cmpint(hik_nal_guess(0x61, 0xe0), ==, HIK_ES_H264);
    g_assert_cmpint(hik_nal_guess(0x40, 0x01), ==, HIK_ES_H265);
    g_assert_cmpint(hik_nal_guess(0x42, 0x01), ==, HIK_ES_H265);
    g_assert_cmpint(hik_nal_guess(0x26, 0x01), ==, HIK_ES_H265);
    g_assert_cmpint(hik_nal_guess(0x06, 0x05), ==, HIK_ES_UNKNOWN);
    g_assert_cmpint(hik_nal_guess(0x06, 0x01), ==, HIK_ES_UNKNOWN);
    g_assert_cmpint(hik_nal_guess(0x68, 0xee), ==, HIK_ES_UNKNOWN);
    g_assert_cmpint(hik_nal_guess(0x09, 0xf0), ==, HIK_ES_UNKNOWN);
    g_assert_cmpint(hik_es_by_stream_type(0x1b), ==, HIK_ES_H264);
    g_assert_cmpint(hik_es_by_stream_type(0x24), ==, HIK_ES_H265);
    g_assert_cmpint(hik_es_by_stream_type(0x77), ==, HIK_ES_UNKNOWN);
    for (unsigned i = 0; i < 256; i++) {
        g_assert_nonnull(hik_nal_name(HIK_ES_H264, (uint8_t)i));
        g_assert_nonnull(hik_nal_name(HIK_ES_H265, (uint8_t)i));
        g_assert_nonnull(hik_ps_stream_id_name((uint8_t)i));
    }
}

static enum hik_content_kind look_at(enum hik_content_kind kind, unsigned packets, GRand *rand)
{
    struct hik_content_probe looker = { 0 };
    enum hik_content_kind look = HIK_CONTENT_NONE;

    for (unsigned i = 0; i < packets && look == HIK_CONTENT_NONE; i++) {
        uint8_t p[1400];

        for (unsigned j = 0; j < sizeof p; j++)
            p[j] = (uint8_t)g_rand_int(rand);
        switch (kind) {
        case HIK_CONTENT_H264_RTP:
            p[0] = i == 0 ? 0x67 : i < 3 ? 0x61 : 0x7c;
            p[1] = i == 0 ? 100 : i % 4 == 3 ? 0x85 : i % 4 == 2 ? 0x45 : 0x05;
            break;
        case HIK_CONTENT_H265_RTP:
            p[0] = i < 3 ? 0x40 + 2 * (uint8_t)i : 0x62;
            p[1] = 1;
            p[2] = i % 4 == 3 ? 0x93 : 0x13;
            break;
        case HIK_CONTENT_H264_ANNEXB:
        case HIK_CONTENT_PES:
            if (i % 3 == 0)
                memcpy(p, kind == HIK_CONTENT_PES ? "\0\0\1\xe0\1\2" : "\0\0\0\1\x67\x64", 6);
            break;
        case HIK_CONTENT_MPEG_TS:
            for (unsigned j = 0; j < 1316; j += 188)
                p[j] = 0x47;
            break;
        case HIK_CONTENT_DAHUA_PRIVATE:
            if (i == 0)
                memcpy(p, "DHAV", 4);
            break;
        case HIK_CONTENT_PRIVATE:
            memset(p + 10, 0x11, 800);
            break;
        default:
            break;
        }
        look = hik_content_probe_feed(&looker, 100 + i, i / 3, p, kind == HIK_CONTENT_MPEG_TS ? 1316 : sizeof p);
    }
    return look;
}

static void test_look(void)
{
    static const enum hik_content_kind kinds[] = { HIK_CONTENT_H264_RTP, HIK_CONTENT_H265_RTP, HIK_CONTENT_H264_ANNEXB, HIK_CONTENT_MPEG_TS, HIK_CONTENT_PES,
        HIK_CONTENT_DAHUA_PRIVATE, HIK_CONTENT_ENCRYPTED, HIK_CONTENT_PRIVATE };
    GRand *rand = g_rand_new_with_seed(4);

    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_assert_cmpstr(hik_content_kind_name(look_at(kinds[i], 40, rand)), ==, hik_content_kind_name(kinds[i]));
        g_assert_nonnull(hik_content_kind_name(kinds[i]));
    }
    /* the middle of a large key frame: one time stamp, nothing to go by, nothing said */
    {
        struct hik_content_probe looker = { 0 };
        uint8_t p[1400];

        for (unsigned i = 0; i < 700; i++) {
            for (unsigned j = 0; j < sizeof p; j++)
                p[j] = (uint8_t)g_rand_int(rand);
            g_assert_cmpint(hik_content_probe_feed(&looker, i, 90000, p, sizeof p), ==, HIK_CONTENT_NONE);
        }
    }
    g_rand_free(rand);
}

/* A looker, and its packets one after the other. */
struct looked {
    struct hik_content_probe looker;
    uint32_t seq, timestamp;
};

/* again: the time stamp of the packet before. */
static enum hik_content_kind look_next(struct looked *l, bool again, const uint8_t *data, size_t len)
{
    uint8_t *copy = g_memdup2(data, len);
    enum hik_content_kind found;

    l->timestamp += again ? 0 : 3600;
    found = hik_content_probe_feed(&l->looker, l->seq++, l->timestamp, copy, len);
    g_free(copy);
    return found;
}

static enum hik_content_kind look_repeat(struct looked *l, unsigned count, bool again, const uint8_t *data, size_t len)
{
    enum hik_content_kind found = HIK_CONTENT_NONE;

    for (unsigned i = 0; i < count; i++)
        found = look_next(l, again, data, len);
    return found;
}

/* Nothing but slices, as behind the begin of a capture in the middle of a group of pictures. */
static void test_look_slices(void)
{
    static const struct {
        uint8_t bytes[8];
        enum hik_content_kind is;
    } rows[] = {
        {{0x41, 0x9a, 0x21, 1, 2, 3, 4, 5}, HIK_CONTENT_H264_RTP}, /* P, all of the picture */
        {{0x01, 0xe2, 0x21, 1, 2, 3, 4, 5}, HIK_CONTENT_H264_RTP}, /* P, not referred to */
        {{0x65, 0x88, 0x84, 1, 2, 3, 4, 5}, HIK_CONTENT_H264_RTP}, /* I */
        {{0x65, 0x9a, 0x84, 1, 2, 3, 4, 5}, HIK_CONTENT_PRIVATE},  /* IDR picture with a P slice */
        {{0x41, 0x1a, 0x21, 1, 2, 3, 4, 5}, HIK_CONTENT_PRIVATE},  /* not the first slice */
        {{0x41, 0x91, 0x21, 1, 2, 3, 4, 5}, HIK_CONTENT_PRIVATE},  /* SP */
        {{0x41, 0xc8, 0xa1, 1, 2, 3, 4, 5}, HIK_CONTENT_H264_RTP}, /* parameter set 3 */
        {{0x41, 0xca, 0xa1, 1, 2, 3, 4, 5}, HIK_CONTENT_PRIVATE},  /* 4 */
        {{0xc1, 0x9a, 0x21, 1, 2, 3, 4, 5}, HIK_CONTENT_PRIVATE},  /* forbidden_zero_bit */
        {{0x02, 0x01, 0xd0, 1, 2, 3, 4, 5}, HIK_CONTENT_H265_RTP}, /* P */
        {{0x26, 0x01, 0xac, 1, 2, 3, 4, 5}, HIK_CONTENT_H265_RTP}, /* IDR, I */
        {{0x26, 0x01, 0xa8, 1, 2, 3, 4, 5}, HIK_CONTENT_PRIVATE},  /* IDR with a P slice */
        {{0x02, 0x01, 0x50, 1, 2, 3, 4, 5}, HIK_CONTENT_PRIVATE},  /* not the first segment */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct looked l = { 0 };
        unsigned said = rows[i].is == HIK_CONTENT_PRIVATE ? 20 : 9; /* the first one begins no picture that can be told */

        g_assert_cmpint(look_repeat(&l, said - 1, false, rows[i].bytes, 8), ==, HIK_CONTENT_NONE);
        g_assert_cmpint(look_next(&l, false, rows[i].bytes, 8), ==, rows[i].is);
    }
    for (unsigned others = 0; others <= 1; others++) { /* one of 17 pictures may begin with something else */
        struct looked l = { 0 };

        look_repeat(&l, 7, false, rows[0].bytes, 8);
        look_repeat(&l, 1 + others, false, rows[4].bytes, 8);
        look_repeat(&l, 9 - others, false, rows[0].bytes, 8);
        g_assert_cmpint(look_next(&l, false, rows[0].bytes, 8), ==, others ? HIK_CONTENT_NONE : HIK_CONTENT_H264_RTP);
    }
    for (unsigned seed = 0; seed < 200; seed++) { /* encrypted: all of it, or what is behind the header of the NAL unit */
        struct looked l = { 0 };
        GRand *rand = g_rand_new_with_seed(seed);
        enum hik_content_kind found = HIK_CONTENT_NONE;
        uint8_t p[700];

        for (unsigned n = 0; n < 40 && found == HIK_CONTENT_NONE; n++) {
            for (unsigned j = 0; j < sizeof p; j++)
                p[j] = (uint8_t)g_rand_int(rand);
            if (seed % 2)
                p[0] = 0x41;
            found = look_next(&l, false, p, sizeof p);
        }
        g_assert_cmpint(found, ==, HIK_CONTENT_ENCRYPTED);
        g_rand_free(rand);
    }
}

/* How much evidence each format needs: one packet less says nothing. */
static void test_look_edges(void)
{
    static const uint8_t sps[] = { 0x67, 0x42, 0xc0, 0x1f }, h264[] = { 0x41, 0x9a, 0x21, 1 }, vps[] = { 0x40, 0x01, 0x0c, 1 },
                         h265[] = { 0x02, 0x01, 0xd0, 1 }, bad[] = { 0xff, 0xff, 0xff, 0xff }, annexb[] = { 0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1f };
    uint8_t ts[188] = { 0x47 }, large[800], even[128];
    uint8_t adts[40] = { 0xff, 0xf1, 0x4c, 0x80, 40 >> 3, (40 & 7) << 5 | 0x1f, 0xfc };

    for (unsigned weak = 0; weak < 2; weak++) { /* H.264: 8 packets that obey it, one of them hardly by chance */
        struct looked l = { 0 };

        g_assert_cmpint(look_repeat(&l, 1, true, weak ? h264 : sps, 4), ==, HIK_CONTENT_NONE);
        g_assert_cmpint(look_repeat(&l, 6, true, h264, 4), ==, HIK_CONTENT_NONE);
        g_assert_cmpint(look_next(&l, true, h264, 4), ==, weak ? HIK_CONTENT_NONE : HIK_CONTENT_H264_RTP);
    }
    for (unsigned weak = 0; weak < 2; weak++) { /* H.265: 6 */
        struct looked l = { 0 };

        g_assert_cmpint(look_repeat(&l, 1, true, weak ? h265 : vps, 4), ==, HIK_CONTENT_NONE);
        g_assert_cmpint(look_repeat(&l, 4, true, h265, 4), ==, HIK_CONTENT_NONE);
        g_assert_cmpint(look_next(&l, true, h265, 4), ==, weak ? HIK_CONTENT_NONE : HIK_CONTENT_H265_RTP);
    }
    { /* one of 17 may be odd */
        struct looked l = { 0 }, k = { 0 };

        look_next(&l, true, bad, 4);
        look_next(&l, true, sps, 4);
        g_assert_cmpint(look_repeat(&l, 14, true, h264, 4), ==, HIK_CONTENT_NONE);
        g_assert_cmpint(look_next(&l, true, h264, 4), ==, HIK_CONTENT_H264_RTP);
        look_next(&k, true, bad, 4);
        look_next(&k, true, vps, 4);
        g_assert_cmpint(look_repeat(&k, 14, true, h265, 4), ==, HIK_CONTENT_NONE);
        g_assert_cmpint(look_next(&k, true, h265, 4), ==, HIK_CONTENT_H265_RTP);
    }
    { /* three packets of a transport stream, four of AAC */
        struct looked l = { 0 }, k = { 0 };

        g_assert_cmpint(look_repeat(&l, 2, true, ts, sizeof ts), ==, HIK_CONTENT_NONE);
        g_assert_cmpint(look_next(&l, true, ts, sizeof ts), ==, HIK_CONTENT_MPEG_TS);
        g_assert_cmpint(look_repeat(&k, 3, true, adts, sizeof adts), ==, HIK_CONTENT_NONE);
        g_assert_cmpint(look_next(&k, true, adts, sizeof adts), ==, HIK_CONTENT_AAC);
    }
    { /* a signature three times, and three new time stamps */
        struct looked l = { 0 }, k = { 0 };

        look_next(&l, false, annexb, sizeof annexb);
        look_repeat(&l, 2, false, bad, 4);
        g_assert_cmpint(look_next(&l, false, annexb, sizeof annexb), ==, HIK_CONTENT_NONE);
        g_assert_cmpint(look_next(&l, false, annexb, sizeof annexb), ==, HIK_CONTENT_H264_ANNEXB);
        g_assert_cmpint(look_repeat(&k, 3, false, annexb, sizeof annexb), ==, HIK_CONTENT_NONE);
        g_assert_cmpint(look_next(&k, false, annexb, sizeof annexb), ==, HIK_CONTENT_H264_ANNEXB);
    }
    { /* nothing known: eight packets with five new time stamps */
        struct looked l = { 0 }, k = { 0 };

        look_repeat(&l, 5, false, bad, 4);
        g_assert_cmpint(look_repeat(&l, 6, true, bad, 4), ==, HIK_CONTENT_NONE); /* four new ones */
        g_assert_cmpint(look_next(&l, false, bad, 4), ==, HIK_CONTENT_PRIVATE);
        look_repeat(&k, 6, false, bad, 4);
        g_assert_cmpint(look_next(&k, true, bad, 4), ==, HIK_CONTENT_NONE); /* the seventh */
        g_assert_cmpint(look_next(&k, true, bad, 4), ==, HIK_CONTENT_PRIVATE);
    }
    memset(large, 0xff, sizeof large);
    { /* a new time stamp with each packet: 20 small ones, 1500 large ones */
        struct looked l = { 0 }, k = { 0 };

        g_assert_cmpint(look_repeat(&l, 19, false, large, 799), ==, HIK_CONTENT_NONE);
        g_assert_cmpint(look_next(&l, false, large, 799), ==, HIK_CONTENT_PRIVATE);
        g_assert_cmpint(look_repeat(&k, 1499, false, large, 800), ==, HIK_CONTENT_NONE);
        g_assert_cmpint(look_next(&k, false, large, 800), ==, HIK_CONTENT_PRIVATE);
    }
    { /* one time stamp for everything */
        struct looked l = { 0 };

        g_assert_cmpint(look_repeat(&l, 2999, true, bad, 4), ==, HIK_CONTENT_NONE);
        g_assert_cmpint(look_next(&l, true, bad, 4), ==, HIK_CONTENT_PRIVATE);
    }
    for (unsigned lacks = 0; lacks < 2; lacks++) { /* encrypted: 1024 bytes that use all values alike */
        struct looked l = { 0 };

        for (unsigned i = 0; i < sizeof even; i++)
            even[i] = (uint8_t)(0xf8 - (i % 16 << 4));
        look_repeat(&l, 2, true, even, sizeof even);
        look_repeat(&l, 5, false, even, sizeof even);
        g_assert_cmpint(look_next(&l, false, even, sizeof even - lacks), ==, lacks ? HIK_CONTENT_PRIVATE : HIK_CONTENT_ENCRYPTED);
    }
    for (unsigned more = 5; more <= 6; more++) { /* chi-square: 64 of each class expected; 40 too many of one are chance, 48 not */
        struct looked l = { 0 };

        for (unsigned i = 0; i < sizeof even; i++)
            even[i] = (uint8_t)(0xf8 - (i % 16 << 4));
        for (unsigned i = 0; i < more; i++)
            even[16 * i + 15] = 0xf8; /* was 0x08 */
        look_repeat(&l, 2, true, even, sizeof even);
        look_repeat(&l, 5, false, even, sizeof even);
        g_assert_cmpint(look_next(&l, false, even, sizeof even), ==, more == 5 ? HIK_CONTENT_ENCRYPTED : HIK_CONTENT_PRIVATE);
    }
}

/* ---- tests: packets ------------------------------------------------------------------------------------------- */

struct units {
    GArray *unit;
};

static void on_unit(void *user, const struct hik_ps_unit *unit)
{
    struct units *u = user;

    g_array_append_vals(u->unit, unit, 1);
}

static GHashTable *allocated;

static void *track_take(size_t size)
{
    void *p = g_malloc(size);

    g_hash_table_add(allocated, p);
    return p;
}

static void track_give_back(void *p)
{
    g_assert_true(g_hash_table_remove(allocated, p));
}

static const struct hik_ps_memory track_memory = { track_take, track_give_back };

struct sent {
    GByteArray *data;
    uint32_t timestamp;
    bool marker;
};

/* Packets as a camera sends them: each pack begins a packet, the last one of it has the marker. */
/* packs: every which picture begins with a pack header. */
static GPtrArray *packetize(bool h265, unsigned pictures, size_t size, size_t chunk, size_t mtu, bool marker, unsigned packs)
{
    struct maker m = { g_byte_array_new(), g_rand_new_with_seed(11), h265, 0 };
    GPtrArray *out = g_ptr_array_new();

    for (unsigned i = 0; i < pictures; i++) {
        g_byte_array_set_size(m.out, 0);
        put_unit(&m, i % 4 == 0, true, i % 4 == 0 ? size * 5 : size, chunk, -2);
        if (i % packs)
            g_byte_array_remove_range(m.out, 0, 14 + (m.out->data[13] & 7));
        for (guint at = 0; at < m.out->len; at += (guint)mtu) {
            struct sent *s = g_new0(struct sent, 1);

            s->data = g_byte_array_new();
            put(s->data, m.out->data + at, MIN(mtu, m.out->len - at));
            s->timestamp = 3600 * i;
            s->marker = marker && at + mtu >= m.out->len;
            g_ptr_array_add(out, s);
        }
    }
    g_byte_array_unref(m.out);
    g_rand_free(m.rand);
    return out;
}

static void packets_free(GPtrArray *packets)
{
    for (guint i = 0; i < packets->len; i++) {
        struct sent *s = packets->pdata[i];

        g_byte_array_unref(s->data);
        g_free(s);
    }
    g_ptr_array_unref(packets);
}

/* A track, which comes first, and its seat. */
struct seated {
    struct hik_ps_track track;
    struct hik_ps_seat seat;
};

static struct hik_ps_track *track_open(struct units *units)
{
    struct hik_ps_track *track = &(g_new0(struct seated, 1))->track;

    allocated = g_hash_table_new_full(NULL, NULL, g_free, NULL);
    units->unit = g_array_new(FALSE, TRUE, sizeof(struct hik_ps_unit));
    hik_ps_track_init(track, &track_memory, on_unit, units);
    return track;
}

static void track_close(struct hik_ps_track *track, struct units *units)
{
    g_free(track);
    g_hash_table_unref(allocated);
    g_array_unref(units->unit);
}

static const struct hik_ps_arrival *track_feed(struct hik_ps_track *track, GPtrArray *packets, guint index, uint32_t frame, bool duplicate)
{
    const struct sent *s = packets->pdata[index];
    static struct hik_ps_packed start;
    static struct hik_ps_arrival arrival;
    struct hik_ps_packet packet = { .frame = frame, .seq = 0x10000 + 65530 + index, .timestamp = s->timestamp, .marker = s->marker,
        .duplicate = duplicate, .data = s->data->data, .len = s->data->len, .start = &start, .seat = &((struct seated *)track)->seat };

    if (frame % 3 == 0) /* another track had it */
        hik_ps_seat_leave(packet.seat);
    hik_ps_track_packet(track, &packet, &arrival);
    return &arrival;
}

static void check_units(const GArray *units, GPtrArray *packets, unsigned pictures, bool last_too)
{
    guint at = 0;

    g_assert_cmpuint(units->len, ==, pictures - (last_too ? 0 : 1));
    for (guint i = 0; i < units->len; i++) {
        const struct hik_ps_unit *unit = &g_array_index(units, struct hik_ps_unit, i);
        guint first = at;

        while (at < packets->len && ((struct sent *)packets->pdata[at])->timestamp == 3600 * i)
            at++;
        g_assert_cmpuint(unit->first, ==, first + 1);
        g_assert_cmpuint(unit->last, <=, at);
        g_assert_cmpuint(unit->last, >=, at - 1);   /* the last packet may hold audio only */
        g_assert_cmpuint(unit->packets, ==, unit->last - unit->first + 1);
        g_assert_cmpint(unit->key, ==, i % 4 == 0);
    }
}

static void test_units(void)
{
    for (unsigned kind = 0; kind < 8; kind++) {
        bool h265 = kind & 1, marker = kind & 2;
        GPtrArray *packets = packetize(h265, 9, 2000, kind & 4 ? 700 : 60000, 500, marker, 1);
        struct units units;
        struct hik_ps_track *track = track_open(&units);

        for (guint i = 0; i < packets->len; i++) {
            const struct hik_ps_arrival *a = track_feed(track, packets, i, i + 1, false);

            g_assert_cmpint(a->order, ==, HIK_PS_IN_ORDER);
            g_assert_false(a->dropped);
            g_assert_nonnull(a->start);
        }
        check_units(units.unit, packets, 9, marker);
        g_assert_cmpuint(track->counts.units, ==, 9);
        g_assert_cmpuint(track->counts.key_frames, ==, 3);
        g_assert_cmpuint(track->video_codec, ==, h265 ? HIK_ES_H265 : HIK_ES_H264);
        g_assert_cmpuint(track->audio_codec, ==, HIK_ES_G711A);
        g_assert_cmpfloat(track->frame_rate, ==, 25.0);
        if (!h265) {
            g_assert_cmpuint(track->width, ==, 1280);
            g_assert_cmpuint(track->height, ==, 720);
        }
        track_close(track, &units);
        packets_free(packets);
    }
}

static void test_loss(void)
{
    GPtrArray *packets = packetize(false, 8, 1500, 60000, 400, true, 1);

    for (guint lost = 1; lost < packets->len - 1; lost++) {
        struct units units;
        struct hik_ps_track *track = track_open(&units);
        unsigned keys = 0;

        for (guint i = 0; i < packets->len; i++) {
            const struct hik_ps_arrival *a;

            if (i == lost)
                continue;
            a = track_feed(track, packets, i, i + 1, false);
            if (i == lost + 1) {
                g_assert_cmpint(a->order, ==, HIK_PS_AFTER_GAP);
                g_assert_cmpuint(a->lost, ==, 1);
            } else {
                g_assert_cmpint(a->order, ==, HIK_PS_IN_ORDER);
            }
        }
        /* one picture is damaged at most, all others are as before */
        g_assert_cmpuint(units.unit->len, >=, 7);
        for (guint i = 0; i < units.unit->len; i++) {
            const struct hik_ps_unit *unit = &g_array_index(units.unit, struct hik_ps_unit, i);

            keys += unit->key;
            g_assert_cmpuint(unit->packets, ==, unit->last - unit->first + 1);
        }
        g_assert_cmpuint(keys, >=, 1);
        track_close(track, &units);
    }
    packets_free(packets);
}

/* Duplicates change nothing; a late packet that fills its gap changes nothing but the moment. */
static void test_reordering(void)
{
    GPtrArray *packets = packetize(true, 8, 1500, 60000, 400, true, 1);

    for (guint swap = 0; swap < packets->len - 4; swap++) {
        for (unsigned distance = 1; distance < 4; distance++) {
            struct units units;
            struct hik_ps_track *track = track_open(&units);

            for (guint i = 0; i < packets->len; i++) {
                guint at = i < swap || i > swap + distance ? i : i < swap + distance ? i + 1 : swap;
                const struct hik_ps_arrival *a = track_feed(track, packets, at, at + 1, false);

                if (swap > 0 && i == swap)
                    g_assert_cmpint(a->order, ==, HIK_PS_AFTER_GAP);
                if (swap > 0 && i == swap + distance)
                    g_assert_cmpint(a->order, ==, HIK_PS_LATE);
                a = track_feed(track, packets, at, at + 1, true);
                g_assert_cmpint(a->order, ==, HIK_PS_DUPLICATE);
                g_assert_null(a->start);
            }
            if (swap > 0) {
                g_assert_cmpuint(units.unit->len, >=, 7);
                g_assert_cmpuint(track->counts.units, ==, 8);
                g_assert_cmpuint(track->counts.key_frames, ==, 2);
            }
            track_close(track, &units);
        }
    }
    packets_free(packets);
}

static gint by_place(gconstpointer a, gconstpointer b)
{
    const struct hik_ps_unit *one = a, *two = b;

    return one->first != two->first ? (one->first > two->first) - (one->first < two->first)
                                    : (one->size > two->size) - (one->size < two->size);
}

/* What becomes of packets that are sent at those moments (one later than the last: not at all); units by place. */
static GArray *sent_at(GPtrArray *packets, const guint *moment, guint last, guint waiting, struct hik_ps_counts *counts)
{
    struct units units;
    struct hik_ps_track *track = track_open(&units);
    GArray *told = g_array_ref(units.unit);

    for (guint now = 0; now <= last; now++)
        for (guint i = now > waiting ? now - waiting : 0; i <= now && i < packets->len; i++)
            if (moment[i] == now)
                track_feed(track, packets, i, i + 1, false);
    *counts = track->counts;
    track_close(track, &units);
    g_array_sort(told, by_place);
    for (guint i = 0; i < told->len; i++) { /* of the moment: the parameter set may be late */
        struct hik_ps_unit *unit = &g_array_index(told, struct hik_ps_unit, i);

        unit->frame_rate = 0;
        unit->width = unit->height = 0;
    }
    return told;
}

static void check_same_units(GPtrArray *packets, const guint *ordered, const guint *shuffled, guint last, guint waiting)
{
    struct hik_ps_counts one, two;
    GArray *a = sent_at(packets, ordered, last, waiting, &one), *b = sent_at(packets, shuffled, last, waiting, &two);

    one.no_psm = two.no_psm = 0; /* that no map came so far was true when it was said */
    g_assert_cmpmem(&one, sizeof one, &two, sizeof two);
    g_assert_cmpuint(a->len, ==, b->len);
    for (guint i = 0; i < a->len; i++)
        g_assert_cmpmem(&g_array_index(a, struct hik_ps_unit, i), sizeof(struct hik_ps_unit),
                        &g_array_index(b, struct hik_ps_unit, i), sizeof(struct hik_ps_unit));
    g_array_unref(a);
    g_array_unref(b);
}

/* Packets in any order, several late in one gap, gaps in gaps, losses among them, pack headers in between, the first
 * packet too: the access units and the counts are those of the same packets in order. */
static void test_shuffled(void)
{
    GRand *rand = g_rand_new_with_seed(28181);

    for (unsigned round = 0; round < 600; round++) {
        gint32 distance = round % 50 == 49 ? 60 : 2 + (gint32)round % 10;
        GPtrArray *packets = packetize(round & 1, 12, 1500, 60000, round % 5 ? 400 : 1300, round & 4, 1 + round % 4);
        guint *ordered = g_new(guint, packets->len), *shuffled = g_new(guint, packets->len), last = packets->len + 60;

        for (guint i = 0; i < packets->len; i++) {
            bool lost = round % 3 == 2 && i > 2 && i + 20 < packets->len && g_rand_int_range(rand, 0, 20) == 0;

            ordered[i] = lost ? last + 1 : i;
            shuffled[i] = lost ? last + 1 : i + (guint)g_rand_int_range(rand, 0, distance);
        }
        check_same_units(packets, ordered, shuffled, last, 60);
        g_free(ordered);
        g_free(shuffled);
        packets_free(packets);
    }
    g_rand_free(rand);
}

/* A time stamp without a byte of video is no picture. */
static void test_empty_picture(void)
{
    GPtrArray *packets = g_ptr_array_new();
    struct sent *one = g_new0(struct sent, 1);
    struct hik_ps_unit open;
    struct units units;
    struct hik_ps_track *track = track_open(&units);

    one->data = g_byte_array_new();
    put_pack(one->data, 1, -1);
    put_psm(one->data, 0x10, 0x90); /* MPEG-4: a new time stamp is a new picture */
    put_pes(one->data, 0xe0, -2, 3600, NULL, 0);
    put_pes(one->data, 0xe0, -2, 7200, (const uint8_t *)"0123456789", 10);
    put_pes(one->data, 0xe0, -2, 10800, NULL, 0);
    g_ptr_array_add(packets, one);
    track_feed(track, packets, 0, 1, false);
    g_assert_cmpuint(units.unit->len, ==, 1);
    g_assert_cmpuint(g_array_index(units.unit, struct hik_ps_unit, 0).size, ==, 10);
    for (unsigned i = 0; i < HIK_PS_STREAMS; i++)
        g_assert_false(hik_ps_track_open_unit(track, i, &open));
    track_close(track, &units);
    packets_free(packets);
}

/* It has no bytes that could be pointed to. */
static void test_late_and_empty(void)
{
    GPtrArray *packets = packetize(false, 5, 2000, 700, 500, true, 1);
    struct units units;
    struct hik_ps_track *track = track_open(&units);
    struct hik_ps_packed start;
    struct hik_ps_arrival arrival;
    struct hik_ps_packet packet = { .frame = 100, .seq = 0x10000 + 65530 + 2, .timestamp = 0, .data = NULL, .len = 0, .start = &start,
        .seat = &((struct seated *)track)->seat };

    for (guint i = 0; i < packets->len; i++)
        if (i != 2)
            track_feed(track, packets, i, i + 1, false);
    hik_ps_track_packet(track, &packet, &arrival);
    g_assert_cmpint(arrival.order, ==, HIK_PS_LATE);
    g_assert_cmpuint(track->counts.units, >, 0);
    track_close(track, &units);
    packets_free(packets);
}

/* A few packets late by hundreds, the first ones of key pictures among them; losses in between. */
static void test_late_by_hundreds(void)
{
    GRand *rand = g_rand_new_with_seed(7100);

    for (unsigned round = 0; round < 24; round++) {
        static const guint by[] = { 40, 300, 1000 };
        GPtrArray *packets = packetize(round & 1, 120, 3000, 60000, 400, round & 4, 1 + round % 4);
        guint *ordered = g_new(guint, packets->len), *shuffled = g_new(guint, packets->len), last = packets->len + 1000;

        for (guint i = 0; i < packets->len; i++) {
            bool lost = round % 4 == 3 && i > 2 && i + 20 < packets->len && g_rand_int_range(rand, 0, 100) == 0;
            bool late = g_rand_int_range(rand, 0, 40) == 0;

            ordered[i] = lost ? last + 1 : i;
            shuffled[i] = lost ? last + 1 : i + (late ? by[round % 3] : 0);
        }
        check_same_units(packets, ordered, shuffled, last, 1000);
        g_free(ordered);
        g_free(shuffled);
        packets_free(packets);
    }
    g_rand_free(rand);
}

/* A PES packet that never ends, and the even packets of each thousand come last, in descending order: each of them could have
 * all behind it parsed again. */
static void test_late_work(void)
{
    enum { PACKETS = 20000, SIZE = 500, BLOCK = 1000 };
    GPtrArray *packets = g_ptr_array_new();
    GByteArray *first = g_byte_array_new();
    struct units units;
    struct hik_ps_track *track = track_open(&units);

    put_pack(first, 1, -1);
    put_pes(first, 0xe0, -1, 1, (const uint8_t *)"", 0);
    for (unsigned i = 0; i < PACKETS; i++) {
        struct sent *s = g_new0(struct sent, 1);

        s->data = g_byte_array_new();
        if (i == 0)
            put(s->data, first->data, first->len);
        while (s->data->len < SIZE)
            put8(s->data, 0x55);
        g_ptr_array_add(packets, s);
    }
    for (unsigned block = 0; block < PACKETS; block += BLOCK) {
        for (unsigned i = 0; i < BLOCK; i += 2)
            track_feed(track, packets, block + (block ? i + 1 : i), 1, false);
        for (unsigned i = BLOCK; i > 0; i -= 2)
            track_feed(track, packets, block + i - (block ? 2 : 1), 1, false);
    }
    /* what came, four times that again, and what may be parsed again without asking */
    g_assert_cmpuint(track->packet, >=, PACKETS);
    g_assert_cmpuint(track->packet, <=, 6 * PACKETS + (1 << 20) / SIZE);
    track_close(track, &units);
    packets_free(packets);
    g_byte_array_unref(first);
}

static void check_same_state(const struct hik_ps_state *one, const struct hik_ps_state *two, struct hik_ps_packed *room)
{
    struct hik_ps_packed kept;

    hik_ps_pack(one, &kept);
    hik_ps_pack(two, room);
    g_assert_cmpuint(kept.nal_size, ==, room->nal_size);
    g_assert_cmpuint(kept.left, ==, room->left);
    g_assert_cmpmem(kept.bytes, kept.len, room->bytes, room->len);
    g_assert_cmpmem(one->es, sizeof one->es, two->es, sizeof two->es);
}

/* The state a packet began in is all it takes to parse it again. */
static void test_snapshots(void)
{
    for (unsigned kind = 0; kind < 4; kind++) {
        GByteArray *s = make_stream(kind & 1, kind & 2, 8, 900, 333, -2);

        for (guint piece = 1; piece < 800; piece = piece * 3 + 1) {
            struct record *a = record_new(), *b = record_new();
            struct hik_ps_parser one, two;

            hik_ps_init(&one, on_event, a);
            for (guint at = 0; at < s->len; at += piece) {
                guint n = MIN(piece, s->len - at);
                struct hik_ps_packed kept, again;

                a->base = b->base = at;
                hik_ps_init(&two, on_event, b);
                memset(&two.s, 0xcc, sizeof two.s);
                memset(&kept, 0xcc, sizeof kept);
                hik_ps_pack(&one.s, &kept);
                hik_ps_unpack(kept.bytes, kept.len, kept.nal_size, kept.left, &two.s);
                check_same_state(&one.s, &two.s, &again);
                hik_ps_feed(&one, s->data + at, n);
                hik_ps_feed(&two, s->data + at, n);
                close_run(a);
                close_run(b);
                check_same_state(&one.s, &two.s, &again);
            }
            g_assert_cmpstr(a->log->str, ==, b->log->str);
            record_free(a);
            record_free(b);
        }
        g_byte_array_unref(s);
    }
}

/* Random order, loss and duplicates: never more than was sent, and never a picture that is not whole. */
static void test_chaos(void)
{
    GRand *rand = g_rand_new_with_seed(99);
    GPtrArray *packets = packetize(false, 40, 800, 500, 300, true, 1);

    for (unsigned round = 0; round < 200; round++) {
        struct units units;
        struct hik_ps_track *track = track_open(&units);
        GPtrArray *window = g_ptr_array_new();

        for (guint i = 0; i < packets->len + 6; i++) {
            if (i < packets->len && g_rand_int_range(rand, 0, 20))
                g_ptr_array_add(window, GUINT_TO_POINTER(i));
            if (window->len > 5 || (i >= packets->len && window->len)) {
                guint pick = g_rand_int_range(rand, 0, 4) ? 0 : (guint)g_rand_int_range(rand, 0, (gint32)window->len);
                guint at = GPOINTER_TO_UINT(g_ptr_array_remove_index(window, pick));

                track_feed(track, packets, at, i + 1, false);
            }
        }
        g_assert_cmpuint(track->counts.units, <=, 40);
        g_assert_cmpuint(units.unit->len, <=, 40);
        g_ptr_array_unref(window);
        track_close(track, &units);
    }
    packets_free(packets);
    g_rand_free(rand);
}

/* Markers on every packet must not cut pictures. */
static void test_lying_marker(void)
{
    GPtrArray *packets = packetize(false, 12, 1500, 300, 314, true, 1);
    struct units units;
    struct hik_ps_track *track = track_open(&units);

    for (guint i = 0; i < packets->len; i++) {
        ((struct sent *)packets->pdata[i])->marker = true;
        track_feed(track, packets, i, i + 1, false);
    }
    g_assert_cmpuint(track->counts.units, ==, 12);
    /* found out within the first picture; the very last one has no successor */
    g_assert_cmpuint(units.unit->len, >=, 11);
    g_assert_cmpuint(units.unit->len, <=, 13);
    track_close(track, &units);
    packets_free(packets);
}

/* A packet with a marker; the bytes are taken over. */
static void add_sent(GPtrArray *packets, GByteArray *data, uint32_t timestamp)
{
    struct sent *s = g_new0(struct sent, 1);

    s->data = data;
    s->timestamp = timestamp;
    s->marker = true;
    g_ptr_array_add(packets, s);
}

/* Pictures of three packets, each with a PES packet of its own and a marker; slices: each begins a slice, else the one slice
 * goes on. */
static GPtrArray *lying(unsigned pictures, bool slices)
{
    GPtrArray *out = g_ptr_array_new();
    GRand *rand = g_rand_new_with_seed(5);

    for (unsigned i = 0; i < pictures; i++)
        for (unsigned part = 0; part < 3; part++) {
            GByteArray *data = g_byte_array_new(), *es = g_byte_array_new();

            if (part == 0) {
                put_pack(data, 90000 + 3600 * i, -1);
                if (i == 0)
                    put_psm(data, 0x1b, 0x90);
            }
            if (part == 0 && i == 0) {
                put_nal(es, true, sps264, sizeof sps264);
                put_nal(es, true, pps264, sizeof pps264);
            }
            if (part == 0 || slices)
                put_nal(es, true, (const uint8_t[]) { i ? 0x41 : 0x65, part ? 0x10 : 0x88, 0x80 }, 3);
            for (unsigned n = 0; n < 100; n++)
                put8(es, 0x40 + (unsigned)g_rand_int_range(rand, 0, 64));
            put_pes(data, 0xe0, -2, 90000 + 3600 * i, es->data, es->len);
            g_byte_array_unref(es);
            add_sent(out, data, 3600 * i);
        }
    g_rand_free(rand);
    return out;
}

/* The first packet is believed to complete its picture; that the picture goes on tells that markers lie, and from then on a
 * picture is complete when the next one begins. */
static void test_marker_of_each_packet(void)
{
    for (unsigned slices = 0; slices < 2; slices++) {
        GPtrArray *packets = lying(6, slices);
        struct units units;
        struct hik_ps_track *track = track_open(&units);
        guint told[18];

        for (guint i = 0; i < packets->len; i++) {
            track_feed(track, packets, i, i + 1, false);
            told[i] = units.unit->len;
        }
        /* told by packet 1, falsely; then when pictures 2 to 6 begin, in packets 4, 7 ... */
        for (guint i = 0; i < packets->len; i++)
            g_assert_cmpuint(told[i], ==, 1 + i / 3);
        g_assert_cmpuint(track->counts.units, ==, 6);
        track_close(track, &units);
        packets_free(packets);
    }
}

/* A marker in the middle of a PES packet completes nothing. */
static void test_marker_inside(void)
{
    GPtrArray *packets = packetize(false, 6, 1500, 5000, 314, true, 1);
    struct units units;
    struct hik_ps_track *track = track_open(&units);
    guint first = 0, before = 0;

    while (!((struct sent *)packets->pdata[first])->marker) {
        ((struct sent *)packets->pdata[first])->marker = true;
        first++;
    }
    for (guint i = 0; i < packets->len; i++) {
        track_feed(track, packets, i, i + 1, false);
        if (i < first)
            g_assert_cmpuint(units.unit->len, ==, 0);
        if (((struct sent *)packets->pdata[i])->marker && i >= first)
            g_assert_cmpuint(units.unit->len, ==, ++before);
    }
    g_assert_cmpuint(before, ==, 6);
    track_close(track, &units);
    packets_free(packets);
}

static bool encrypted(unsigned timed, unsigned odd_starts, unsigned bad_sps, unsigned good_sps, unsigned odd_keys, unsigned good_keys)
{
    struct hik_ps_track track = { .counts = { .timed_units = timed, .odd_starts = odd_starts, .bad_sps = bad_sps,
                                              .good_sps = good_sps, .odd_keys = odd_keys, .good_keys = good_keys } };

    return hik_ps_track_is_encrypted(&track);
}

/* How much must be odd before video is called encrypted. */
static void test_encrypted_edges(void)
{
    struct hik_ps_track track = { .counts = { .scrambled = 3, .clear = 3 } };

    g_assert_false(hik_ps_track_is_encrypted(&track));
    track.counts.scrambled++;
    g_assert_true(hik_ps_track_is_encrypted(&track));
    g_assert_true(encrypted(16, 4, 2, 0, 0, 0));
    g_assert_false(encrypted(15, 4, 2, 0, 0, 0));
    g_assert_false(encrypted(16, 3, 2, 0, 0, 0));
    g_assert_false(encrypted(16, 4, 1, 0, 0, 0));
    g_assert_false(encrypted(16, 4, 2, 1, 0, 0));
    g_assert_true(encrypted(16, 4, 0, 0, 2, 1));
    g_assert_false(encrypted(16, 4, 0, 0, 2, 2));
    g_assert_false(encrypted(16, 4, 0, 0, 1, 0));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mpeg-ps/contents", test_contents);
    g_test_add_func("/mpeg-ps/split/h264", test_split_h264);
    g_test_add_func("/mpeg-ps/split/h265", test_split_h265);
    g_test_add_func("/mpeg-ps/split/no-psm", test_split_no_psm);
    g_test_add_func("/mpeg-ps/split/unbounded", test_split_unbounded);
    g_test_add_func("/mpeg-ps/split/tiny-pes", test_split_tiny_pes);
    g_test_add_func("/mpeg-ps/elementary-stream", test_elementary_stream);
    g_test_add_func("/mpeg-ps/odd-packs", test_odd_packs);
    g_test_add_func("/mpeg-ps/pack-fields", test_pack_fields);
    g_test_add_func("/mpeg-ps/psm", test_psm);
    g_test_add_func("/mpeg-ps/codec-mismatch", test_codec_mismatch);
    g_test_add_func("/mpeg-ps/overrun", test_overrun);
    g_test_add_func("/mpeg-ps/cut", test_cut);
    g_test_add_func("/mpeg-ps/truncated", test_truncated);
    g_test_add_func("/mpeg-ps/missing", test_missing);
    g_test_add_func("/mpeg-ps/mutations", test_mutations);
    g_test_add_func("/mpeg-ps/garbage", test_garbage);
    g_test_add_func("/mpeg-ps/work", test_work);
    g_test_add_func("/es/sps", test_sps);
    g_test_add_func("/es/guess", test_guess);
    g_test_add_func("/es/look", test_look);
    g_test_add_func("/es/look-edges", test_look_edges);
    g_test_add_func("/es/look-slices", test_look_slices);
    g_test_add_func("/track/units", test_units);
    g_test_add_func("/track/loss", test_loss);
    g_test_add_func("/track/reordering", test_reordering);
    g_test_add_func("/track/shuffled", test_shuffled);
    g_test_add_func("/track/empty-picture", test_empty_picture);
    g_test_add_func("/track/late-and-empty", test_late_and_empty);
    g_test_add_func("/track/late-by-hundreds", test_late_by_hundreds);
    g_test_add_func("/track/late-work", test_late_work);
    g_test_add_func("/track/snapshots", test_snapshots);
    g_test_add_func("/track/chaos", test_chaos);
    g_test_add_func("/track/lying-marker", test_lying_marker);
    g_test_add_func("/track/marker-of-each-packet", test_marker_of_each_packet);
    g_test_add_func("/track/marker-inside", test_marker_inside);
    g_test_add_func("/track/encrypted-edges", test_encrypted_edges);
    return g_test_run();
}
