/* test-rtp-sequence.c
 * Byte tests of rtp-sequence: each case of RFC 3550 A.1 by itself, thresholds at both sides of their edge, and random
 * mixes against a count that knows what was sent.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rtp-sequence.h"

#include <string.h>

#include <glib.h>

#define CLOCK 90000u

struct source {
    struct hik_sequence sequence;
    union {
        struct hik_sequence_recent recent;
        uint8_t room[sizeof(struct hik_sequence_recent) + HIK_SEQUENCE_SEEN_FEW * sizeof(struct hik_sequence_seen)];
    } memory;
    struct hik_sequence_old again[HIK_SEQUENCE_AGAIN];
    struct hik_sequence_last_strays strays;
    double time;
    uint32_t timestamp;
};

static void start(struct source *s)
{
    memset(s, 0, sizeof *s);
    s->sequence.recent = &s->memory.recent;
    s->memory.recent.size = HIK_SEQUENCE_SEEN_FEW;
    s->sequence.last_strays = &s->strays;
    s->time = 1577292344.0;
}

/* A packet 40 ms after the one before; digest: of its bytes. */
static struct hik_sequence_result feed_digest(struct source *s, uint16_t number, uint16_t digest)
{
    struct hik_sequence_packet packet = {number, s->timestamp, CLOCK, s->time, {digest, 0, 0}, false, false, false};

    s->time += 0.04;
    s->timestamp += 3600;
    return hik_sequence_count(&s->sequence, &packet);
}

static struct hik_sequence_result feed(struct source *s, uint16_t number)
{
    return feed_digest(s, number, number);
}

static void feed_range(struct source *s, uint32_t from, uint32_t to)
{
    for (uint32_t n = from; n <= to; n++)
        feed(s, (uint16_t)n);
}

#define check(s, lost_, copies_, restarts_)                                                                            \
    do {                                                                                                               \
        g_assert_cmpuint(hik_sequence_lost(&(s).sequence), ==, lost_);                                                 \
        g_assert_cmpuint((s).sequence.copies, ==, copies_);                                                            \
        g_assert_cmpuint((s).sequence.restarts, ==, restarts_);                                                        \
    } while (0)

static void test_in_order(void)
{
    struct source s;

    start(&s);
    feed_range(&s, 65000, 65000 + 5000); /* round the corner */
    check(s, 0, 0, 0);
    g_assert_cmpuint(hik_sequence_expected(&s.sequence), ==, 5001);
    g_assert_cmpuint(s.sequence.received, ==, 5001);
}

static void test_gap_and_late(void)
{
    struct source s;
    struct hik_sequence_result r;

    start(&s);
    feed_range(&s, 1, 10);
    r = feed(&s, 14);
    g_assert_cmpint(r.kind, ==, HIK_SEQUENCE_GAP);
    g_assert_cmpuint(r.gap, ==, 3);
    check(s, 3, 0, 0);
    r = feed(&s, 12);
    g_assert_cmpint(r.kind, ==, HIK_SEQUENCE_LATE);
    g_assert_cmpuint(r.extended, ==, 0x10000 + 12);
    check(s, 2, 0, 0);
    r = feed(&s, 12);
    g_assert_cmpint(r.kind, ==, HIK_SEQUENCE_COPY);
    check(s, 2, 1, 0);
}

/* The window's edge: late by 1,023 is late, by 1,024 it fits nothing. */
static void test_window(void)
{
    for (unsigned back = 1023; back <= 1024; back++) {
        struct source s;

        start(&s);
        feed_range(&s, 1, 3000);
        feed_range(&s, 3002, 3002 + back - 1);
        g_assert_cmpint(feed(&s, 3001).kind, ==, back == 1023 ? HIK_SEQUENCE_LATE : HIK_SEQUENCE_JUMP);
        check(s, back == 1023 ? 0 : 1, 0, 0);
        g_assert_cmpint(feed(&s, 2500).kind, ==, HIK_SEQUENCE_JUMP);
    }
}

/* In front of the first packet: 64 back is late, 65 fits nothing. */
static void test_early(void)
{
    for (unsigned back = 64; back <= 65; back++) {
        struct source s;

        start(&s);
        feed_range(&s, 1000, 1100);
        g_assert_cmpint(feed(&s, (uint16_t)(1000 - back)).kind, ==, back == 64 ? HIK_SEQUENCE_LATE : HIK_SEQUENCE_JUMP);
        /* the same after a restart, however much came before it */
        start(&s);
        feed_range(&s, 1, 3000);
        feed_range(&s, 30000, 30010);
        g_assert_cmpint(feed(&s, (uint16_t)(30000 - back)).kind, ==, back == 64 ? HIK_SEQUENCE_LATE : HIK_SEQUENCE_JUMP);
        start(&s);
        feed_range(&s, 1000, 1010);
        feed(&s, (uint16_t)(1000 - back));
        check(s, back == 64 ? 63 : 0, 0, 0);
    }
}

static void test_copies_far_back(void)
{
    struct source s;
    uint32_t newest;

    start(&s);
    feed_range(&s, 60000, 60000 + 1000);
    newest = s.timestamp - 3600;
    for (uint32_t n = 60000; n <= 61000; n++) {
        s.timestamp = newest; /* what is sent again has a timestamp that was, here the last possible one */
        s.time -= 0.04;
        g_assert_cmpint(feed(&s, (uint16_t)n).kind, ==, HIK_SEQUENCE_COPY);
    }
    check(s, 0, 1001, 0);
}

/* Numbers that came before, with other bytes: a restart, as far back as the bytes are known, and further by the timestamps. */
static void test_restart_nearby(void)
{
    for (uint32_t back = HIK_SEQUENCE_SEEN_FEW - 1; back <= HIK_SEQUENCE_SEEN_FEW; back++)
        for (unsigned later = 0; later <= 1; later++) {
            bool known = back < HIK_SEQUENCE_SEEN_FEW;
            struct source s;

            start(&s);
            feed_range(&s, 1, 100);
            s.timestamp += later - 3600; /* that of the last packet, or one more */
            g_assert_cmpint(feed_digest(&s, (uint16_t)(100 - back), 7).kind, ==, known || later ? HIK_SEQUENCE_JUMP : HIK_SEQUENCE_COPY);
            if (!known && !later)
                continue;
            g_assert_cmpint(feed_digest(&s, (uint16_t)(101 - back), 8).kind, ==, HIK_SEQUENCE_RESTART);
            g_assert_cmpint(feed_digest(&s, (uint16_t)(102 - back), 9).kind, ==, HIK_SEQUENCE_NEXT);
            check(s, 0, 0, 1);
            g_assert_cmpuint(s.sequence.received, ==, 103);
        }
    /* One alone is none of the run. */
    struct source s;

    start(&s);
    feed_range(&s, 1, 20);
    g_assert_cmpint(feed_digest(&s, 15, 7).kind, ==, HIK_SEQUENCE_JUMP);
    feed_range(&s, 21, 40);
    check(s, 0, 0, 0);
    g_assert_cmpuint(s.sequence.strays, ==, 1);
}

/* A second restart close to the numbers before the first one, long after it. */
static void test_restart_to_old_numbers(void)
{
    for (unsigned runs = 0; runs < 4; runs++) {
        struct source s;

        start(&s);
        for (unsigned run = 0; run <= runs; run++) {
            for (uint16_t n = 0; n < 40; n++)
                feed_digest(&s, (uint16_t)(run % 2 * 500 + n), (uint16_t)(run * 100 + n));
            s.time += 2;
            s.timestamp = run;
        }
        check(s, 0, 0, runs);
        g_assert_cmpuint(s.sequence.received, ==, 40 * (runs + 1));
        g_assert_cmpuint(s.sequence.strays, ==, 0);
    }
}

/* RFC 3550 A.1: MAX_DROPOUT is 3000. */
static void test_dropout(void)
{
    struct source s;
    struct hik_sequence_result r;

    start(&s);
    feed_range(&s, 1, 10);
    r = feed(&s, 3010);
    g_assert_cmpint(r.kind, ==, HIK_SEQUENCE_GAP);
    g_assert_cmpuint(r.gap, ==, 2999);
    check(s, 2999, 0, 0);
    start(&s);
    feed_range(&s, 1, 10);
    g_assert_cmpint(feed(&s, 3011).kind, ==, HIK_SEQUENCE_JUMP);
    check(s, 0, 0, 0);
    g_assert_cmpint(feed(&s, 3012).kind, ==, HIK_SEQUENCE_RESTART);
    check(s, 0, 0, 1);
    feed(&s, 3014);
    check(s, 1, 0, 1);
}

static void test_stray(void)
{
    struct source s;
    uint32_t before;

    start(&s);
    before = 0;
    for (uint32_t n = 1; n <= 40; n++) {
        struct hik_sequence_result r;

        if (n == 21) { /* by itself, a packet that fits nothing */
            r = feed(&s, 20021);
            g_assert_cmpint(r.kind, ==, HIK_SEQUENCE_JUMP);
            g_assert_cmpuint(r.extended, >, before);
            before = r.extended;
        }
        r = feed(&s, (uint16_t)n);
        g_assert_cmpint(r.kind, ==, HIK_SEQUENCE_NEXT);
        g_assert_cmpuint(r.extended, >, before); /* numbers never go back */
        g_assert_cmpuint(r.extended & 0xFFFF, ==, n);
        before = r.extended;
    }
    check(s, 0, 0, 0);
    g_assert_cmpuint(s.sequence.strays, ==, 1);
    g_assert_cmpuint(s.sequence.received, ==, 40);
    g_assert_cmpint(feed(&s, 39).kind, ==, HIK_SEQUENCE_COPY); /* the window stays as it was */
}

/* Two strays in a row that do not follow each other. */
static void test_strays(void)
{
    struct source s;

    start(&s);
    feed_range(&s, 1, 10);
    feed(&s, 30000);
    feed(&s, 40000);
    feed(&s, 20000);
    feed_range(&s, 11, 20);
    check(s, 0, 0, 0);
    g_assert_cmpuint(s.sequence.strays, ==, 3);
}

static void test_restart(void)
{
    struct source s;
    struct hik_sequence_result jump, next;

    start(&s);
    feed_range(&s, 1, 20);
    jump = feed(&s, 40000);
    g_assert_cmpint(feed(&s, 40000).kind, ==, HIK_SEQUENCE_COPY); /* a mirror's copy of the jump */
    g_assert_cmpint(feed(&s, 20).kind, ==, HIK_SEQUENCE_COPY); /* and a late one of the run before */
    next = feed(&s, 40001);
    g_assert_cmpint(next.kind, ==, HIK_SEQUENCE_RESTART);
    g_assert_cmpuint(next.extended, ==, jump.extended + 1);
    g_assert_cmpint(feed(&s, 40001).kind, ==, HIK_SEQUENCE_COPY);
    feed_range(&s, 40002, 40010);
    check(s, 0, 3, 1);
    g_assert_cmpuint(s.sequence.received, ==, 31);
    feed_range(&s, 1, 5);
    check(s, 0, 3, 2);
}

/* After a silence of a second numbers that begin anew nearby are told by their timestamps. */
static void test_silence(void)
{
    struct {
        double silence;
        uint32_t timestamp; /* 0: goes on */
        uint32_t lost, restarts;
    } cases[] = {
        {0.99, 5, 99, 0},   /* no silence: 99 are missing */
        {1.01, 5, 0, 1},    /* a new source */
        {1.01, 0, 99, 0},   /* loss */
        {60.0, 0, 99, 0},
        {60.0, 5, 0, 1},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct source s;

        start(&s);
        feed_range(&s, 1, 20);
        s.time += cases[i].silence - 0.04;
        s.timestamp = cases[i].timestamp ? cases[i].timestamp : s.timestamp + (uint32_t)(cases[i].silence * CLOCK) - 3600;
        feed_range(&s, 120, 130);
        check(s, cases[i].lost, 0, cases[i].restarts);
    }
}

/* The edges of it: a second exactly is a silence; the timestamps may be off by a second and a fifth of the silence. */
static void test_silence_edges(void)
{
    struct {
        double silence;
        double off;      /* how much further than the time the timestamp steps, in seconds */
        uint32_t ticks;  /* and this much less */
        uint32_t lost, restarts;
    } cases[] = {
        {1.0, 5.0, 0, 0, 1},  {0.9999, 5.0, 0, 99, 0},
        {10.0, 3.0, 0, 99, 0}, {10.0, 3.0, 1, 99, 0}, {10.0, 3.0, (uint32_t)-1, 100, 0}, /* the first is a stray, the second is near enough */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct source s;
        double before;
        uint32_t timestamp;

        start(&s);
        s.time = 1000; /* whole numbers, so that the edge is exact */
        feed_range(&s, 1, 20);
        before = s.sequence.last_time;
        timestamp = s.sequence.last_timestamp;
        s.time = before + cases[i].silence;
        s.timestamp = timestamp + (uint32_t)((cases[i].silence + cases[i].off) * CLOCK) - cases[i].ticks;
        feed_range(&s, 120, 130);
        check(s, cases[i].lost, 0, cases[i].restarts);
    }
}

static void test_long_loss(void)
{
    struct source s;

    start(&s);
    feed_range(&s, 1, 20);
    s.time += 30;
    s.timestamp += 30 * CLOCK;
    feed_range(&s, 20021, 20030);
    check(s, 20000, 0, 0);
}

static void test_empty(void)
{
    struct source s;
    struct hik_sequence_packet empty = {0, 0, CLOCK, 0, {0, 0, 0}, true, false, false};

    start(&s);
    empty.time = s.time;
    g_assert_cmpint(hik_sequence_count(&s.sequence, &empty).kind, ==, HIK_SEQUENCE_EMPTY);
    feed_range(&s, 100, 150);
    empty.time = s.time;
    g_assert_cmpint(hik_sequence_count(&s.sequence, &empty).kind, ==, HIK_SEQUENCE_EMPTY);
    feed_range(&s, 151, 199);
    check(s, 0, 0, 0);
    g_assert_cmpuint(hik_sequence_expected(&s.sequence), ==, 100);
    empty.number = 200; /* in order it counts */
    g_assert_cmpint(hik_sequence_count(&s.sequence, &empty).kind, ==, HIK_SEQUENCE_NEXT);
}

static void test_number_that_stands_still(void)
{
    struct source s;
    uint32_t before = 0;

    start(&s);
    for (unsigned n = 0; n < 100; n++) {
        struct hik_sequence_result r = feed_digest(&s, 0, (uint16_t)(n + 1));

        g_assert_cmpint(r.kind, ==, n ? HIK_SEQUENCE_REUSED : HIK_SEQUENCE_NEXT);
        g_assert_cmpuint(r.extended, >, before);
        before = r.extended;
    }
    check(s, 0, 0, 0);
    g_assert_cmpuint(s.sequence.reused, ==, 99);
    g_assert_cmpint(feed_digest(&s, 0, 100).kind, ==, HIK_SEQUENCE_COPY);
}

static void test_jitter(void)
{
    struct source s;

    start(&s);
    feed_range(&s, 1, 100);
    g_assert_cmpfloat(hik_sequence_jitter(&s.sequence, CLOCK), <, 0.001);
    s.time += 0.016; /* D = 16 ms once, and back: 1 ms, then (16 - 1) / 16 more */
    feed(&s, 101);
    g_assert_cmpfloat_with_epsilon(hik_sequence_jitter(&s.sequence, CLOCK), 1.0, 0.001);
    s.time -= 0.016;
    feed(&s, 102);
    g_assert_cmpfloat_with_epsilon(hik_sequence_jitter(&s.sequence, CLOCK), 1.0 + 15.0 / 16, 0.001);
}

/* Random mixes: what is lost, late and sent twice is known. */
static void test_random(void)
{
    for (uint32_t seed = 0; seed < 400; seed++) {
        GRand *rand = g_rand_new_with_seed(seed);
        struct source s;
        uint32_t lost = 0, copies = 0, late = 0, restarts = 0, sent = 0;
        uint16_t base = (uint16_t)g_rand_int(rand);
        unsigned runs = 1 + seed % 3;

        start(&s);
        for (unsigned run = 0; run < runs; run++) {
            unsigned count = (unsigned)g_rand_int_range(rand, 200, 3000), spread = seed % 4 ? (unsigned)g_rand_int_range(rand, 1, 900) : 1;
            GArray *order = g_array_new(FALSE, FALSE, 2 * sizeof(uint32_t)); /* when, number */
            bool *gone = g_new0(bool, count);
            uint32_t newest = 0;

            for (uint32_t n = 0; n < count; n++) {
                uint32_t entry[2] = {n, n};
                bool edge = n < 2 || n + 2 >= count; /* both ends of a run are there and in order */

                if (!edge && g_rand_int_range(rand, 0, 100) < (gint)(seed % 10)) {
                    gone[n] = true;
                    lost++;
                    continue;
                }
                if (!edge && g_rand_int_range(rand, 0, 20) == 0)
                    entry[0] = MIN(n + (uint32_t)g_rand_int_range(rand, 0, (gint)spread), count - 2);
                g_array_append_val(order, entry);
                if (g_rand_int_range(rand, 0, 25) == 0 && !edge) {
                    entry[0] = MIN(n + (uint32_t)g_rand_int_range(rand, 0, (gint)spread), count - 2);
                    g_array_append_val(order, entry);
                    copies++;
                }
            }
            /* stable: packets of one moment stay in order */
            for (unsigned i = 1; i < order->len; i++)
                for (unsigned k = i; k > 0; k--) {
                    uint32_t *a = (uint32_t *)(void *)(order->data + (k - 1) * 8), *b = a + 2;

                    if (a[0] <= b[0])
                        break;
                    uint32_t hold[2] = {a[0], a[1]};
                    memcpy(a, b, 8);
                    memcpy(b, hold, 8);
                }
            for (unsigned i = 0; i < order->len; i++) {
                uint32_t n = ((uint32_t *)(void *)(order->data + i * 8))[1];

                if (n < newest && !gone[n])
                    late++;
                gone[n] = true;
                newest = MAX(newest, n);
                s.timestamp = 3600 * n; /* what comes late or twice has its own */
                s.time -= 0.039;
                feed(&s, (uint16_t)(base + n));
            }
            sent += count;
            restarts += run > 0;
            base = (uint16_t)(base + count + 10000 + (uint32_t)g_rand_int_range(rand, 0, 40000));
            g_free(gone);
            g_array_free(order, TRUE);
        }
        check(s, lost, copies, restarts);
        g_assert_cmpuint(s.sequence.late, ==, late);
        g_assert_cmpuint(hik_sequence_expected(&s.sequence), ==, sent);
        g_rand_free(rand);
    }
}

static enum hik_sequence_kind feed_at(struct source *s, uint16_t number, double time)
{
    struct hik_sequence_packet packet = {number, 0, CLOCK, time, {number, 0, 0}, false, false, false};

    return hik_sequence_count(&s->sequence, &packet).kind;
}

/* A jump that the run goes on after, and the capture ends before more can be told; over TCP it is told at once. */
static void test_stray_shortly_before_the_end(void)
{
    for (unsigned in_order = 0; in_order < 2; in_order++) {
        struct source s;

        start(&s);
        for (uint16_t n = 1; n <= 10; n++)
            feed_at(&s, n, 1000);
        g_assert_cmpint(feed_at(&s, 20000, 1000), ==, HIK_SEQUENCE_JUMP);
        g_assert_cmpuint(hik_sequence_strays(&s.sequence), ==, 0);
        for (uint16_t n = 11; n <= 12; n++) {
            struct hik_sequence_packet packet = {n, 0, CLOCK, 1000, {n, 0, 0}, false, false, in_order};

            g_assert_cmpint(hik_sequence_count(&s.sequence, &packet).kind, ==, in_order ? HIK_SEQUENCE_NEXT : HIK_SEQUENCE_LATE);
            g_assert_cmpuint(hik_sequence_strays(&s.sequence), ==, 1);
        }
        check(s, 0, 0, 0);
        /* It was a restart all the same. */
        if (!in_order) {
            g_assert_cmpint(feed_at(&s, 20001, 1000), ==, HIK_SEQUENCE_RESTART);
            g_assert_cmpuint(hik_sequence_strays(&s.sequence), ==, 0);
            check(s, 0, 0, 1);
        }
    }
}

/* Old numbers behind the first new ones: shortly they are of the run before. */
static void test_restart_mixed(void)
{
    for (unsigned behind = 1; behind <= 2; behind++) /* new packets in front of the last old ones */
        for (unsigned late = 0; late < 2; late++) {
            struct source s;
            double t = 1000;

            start(&s);
            for (uint16_t n = 100; n < 200; n++)
                if (n != 150)
                    feed_at(&s, n, t += 0.04);
            g_assert_cmpint(feed_at(&s, 40000, t += 0.001), ==, HIK_SEQUENCE_JUMP);
            if (behind == 2)
                g_assert_cmpint(feed_at(&s, 40001, t), ==, HIK_SEQUENCE_RESTART);
            t += late ? 0.0301 : 0.0299;
            g_assert_cmpint(feed_at(&s, 200, t), ==, late ? (behind == 2 ? HIK_SEQUENCE_JUMP : HIK_SEQUENCE_NEXT) : HIK_SEQUENCE_LATE);
            if (late)
                continue;
            g_assert_cmpint(feed_at(&s, 202, t), ==, HIK_SEQUENCE_LATE);
            g_assert_cmpint(feed_at(&s, 202, t), ==, HIK_SEQUENCE_COPY);
            g_assert_cmpint(feed_at(&s, 199, t), ==, HIK_SEQUENCE_COPY);
            if (behind == 1)
                g_assert_cmpint(feed_at(&s, 40001, t), ==, HIK_SEQUENCE_RESTART);
            g_assert_cmpint(feed_at(&s, 203, t), ==, HIK_SEQUENCE_LATE);
            for (uint16_t n = 40002; n < 40050; n++)
                g_assert_cmpint(feed_at(&s, n, t += 0.04), ==, HIK_SEQUENCE_NEXT);
            check(s, 2, 2, 1);
            g_assert_cmpuint(s.sequence.received, ==, 99 + 3 + 50);
            g_assert_cmpuint(hik_sequence_expected(&s.sequence), ==, 104 + 50);
            g_assert_cmpuint(s.sequence.strays, ==, 0);
        }
}

/* How far from the newest old number, in both directions; and where it has no more numbers. */
static void test_restart_mixed_edges(void)
{
    static const struct { uint16_t first, number; enum hik_sequence_kind kind; } cases[] = {
        {1000, 1199 + 63, HIK_SEQUENCE_LATE}, {1000, 1199 + 64, HIK_SEQUENCE_JUMP}, {1000, 1199 - 63, HIK_SEQUENCE_COPY},
        {1000, 1199 - 64, HIK_SEQUENCE_JUMP}, {1180, 1180, HIK_SEQUENCE_COPY}, {1180, 1179, HIK_SEQUENCE_JUMP},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct source s;

        start(&s);
        for (uint16_t n = cases[i].first; n < 1200; n++)
            feed_at(&s, n, 1000);
        feed_at(&s, 40000, 1000);
        g_assert_cmpint(feed_at(&s, 40001, 1000), ==, HIK_SEQUENCE_RESTART);
        g_assert_cmpint(feed_at(&s, cases[i].number, 1000), ==, cases[i].kind);
        g_assert_cmpint(feed_at(&s, 40002, 1000), ==, cases[i].kind == HIK_SEQUENCE_JUMP ? HIK_SEQUENCE_LATE : HIK_SEQUENCE_NEXT);
        g_assert_cmpint(feed_at(&s, 40003, 1000.1), ==, HIK_SEQUENCE_NEXT);
    }
}

/* The first packets of a restart, recorded in another order or not all there, are of it once two in sequence confirm it. */
static void test_restart_in_any_order(void)
{
    static const struct { uint16_t numbers[6]; double wait; uint32_t lost, strays; } cases[] = {
        {{40001, 40000, 40002, 40003}, 0.04, 0, 0}, {{40005, 40000, 40001, 40002, 40003, 40004}, 0.04, 0, 0},
        {{40000, 40002, 40003, 40004}, 0.04, 1, 0}, {{40003, 40001, 40004, 40005}, 0.04, 1, 0},
        {{40000, 40063, 40064, 40065}, 0.04, 0, 1}, {{40000, 40062, 40063, 40064}, 0.04, 61, 0},
        {{40065, 40000, 40001, 40002}, 0.04, 0, 1}, {{40064, 40000, 40001, 40002}, 0.04, 61, 0},
        {{40001, 40000, 40002, 40003}, 0.475, 0, 0}, {{40001, 40000, 40002, 40003}, 0.485, 1, 1},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct source s;
        unsigned count = 0;

        start(&s);
        feed_range(&s, 1, 100);
        for (; count < 6 && cases[i].numbers[count]; count++) {
            feed(&s, cases[i].numbers[count]);
            s.time += count < 2 ? cases[i].wait - 0.04 : 0;
        }
        check(s, cases[i].lost, 0, 1);
        g_assert_cmpuint(s.sequence.strays, ==, cases[i].strays);
        g_assert_cmpuint(s.sequence.received, ==, 100 + count - cases[i].strays);
        g_assert_cmpint(hik_sequence_was_taken(&s.sequence, cases[i].numbers[0]), ==, !cases[i].strays);
    }
}

/* What the source sent again is known by its bytes for a second behind the restart. */
static void test_restart_and_copies(void)
{
    static const struct { double behind; uint16_t number, digest; enum hik_sequence_kind kind; } cases[] = {
        {0.99, 199, 199, HIK_SEQUENCE_COPY}, {1.01, 199, 199, HIK_SEQUENCE_JUMP}, {0.99, 199, 7, HIK_SEQUENCE_JUMP},
        {0.99, 200 - 31, 200 - 31, HIK_SEQUENCE_COPY}, {0.99, 200, 200, HIK_SEQUENCE_JUMP}, {0.99, 190, 190, HIK_SEQUENCE_JUMP},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct source s;

        start(&s);
        for (uint16_t n = 100; n < 200; n++)
            if (n != 190)
                feed_at(&s, n, 1000);
        feed_at(&s, 40000, 1000);
        g_assert_cmpint(feed_at(&s, 40001, 1000), ==, HIK_SEQUENCE_RESTART);
        feed_at(&s, 40002, 1000.5);
        s.time = 1000 + cases[i].behind;
        g_assert_cmpint(feed_digest(&s, cases[i].number, cases[i].digest).kind, ==, cases[i].kind);
    }
}

/* Random mixes of the end of a run and the beginning of the next, some lost, some twice, recorded in order of time or not. */
static void test_random_restart(void)
{
    for (uint32_t seed = 0; seed < 400; seed++) {
        GRand *rand = g_rand_new_with_seed(seed);
        struct record { double when, time; uint16_t number; } records[400];
        unsigned count = 0, lost = 0, copies = 0, old = (unsigned)g_rand_int_range(rand, 20, 100);
        uint16_t base[2] = {(uint16_t)g_rand_int(rand), 0};
        uint32_t before = 0;
        struct source s;

        base[1] = (uint16_t)(base[0] + old + 3500 + (uint32_t)g_rand_int_range(rand, 0, 50000));
        for (unsigned run = 0; run < 2; run++) {
            /* the new run is recorded up to 25 ms too early */
            double early = run ? g_rand_double_range(rand, 0, 0.025) : 0;

            for (unsigned n = 0; n < (run ? 100 : old); n++) {
                bool edge = n < 2 || n + 1 == (run ? 100 : old);
                double time = 1000 + 0.002 * (run ? old + n : n);
                struct record record = {time - early, seed % 2 ? time : time - early, (uint16_t)(base[run] + n)};

                if (!edge && g_rand_int_range(rand, 0, 10) == 0) {
                    lost++;
                    continue;
                }
                records[count++] = record;
                if (g_rand_int_range(rand, 0, 20) == 0) {
                    records[count++] = record;
                    copies++;
                }
            }
        }
        for (unsigned i = 1; i < count; i++) /* stable */
            for (unsigned k = i; k > 0 && records[k - 1].when > records[k].when; k--) {
                struct record hold = records[k];

                records[k] = records[k - 1];
                records[k - 1] = hold;
            }
        start(&s);
        for (unsigned i = 0; i < count; i++) {
            struct hik_sequence_packet packet = {records[i].number, 0, CLOCK, records[i].time, {records[i].number, 0, 0}, false, false, false};
            struct hik_sequence_result result = hik_sequence_count(&s.sequence, &packet);

            if (result.kind != HIK_SEQUENCE_LATE && result.kind != HIK_SEQUENCE_COPY) {
                g_assert_cmpuint(result.extended, >, before);
                before = result.extended;
            }
        }
        check(s, lost, copies, 1);
        g_assert_cmpuint(hik_sequence_expected(&s.sequence), ==, old + 100);
        g_assert_cmpuint(s.sequence.strays, ==, 0);
        g_rand_free(rand);
    }
}

static void test_digest(void)
{
    uint8_t bytes[300] = {0};
    uint16_t zeros = hik_sequence_digest(bytes, sizeof bytes, sizeof bytes);

    g_assert_cmpuint(hik_sequence_digest(NULL, 0, 0), !=, hik_sequence_digest(NULL, 0, 1));
    g_assert_cmpuint(zeros, !=, hik_sequence_digest(bytes, sizeof bytes - 1, sizeof bytes - 1));
    bytes[299] = 1;
    g_assert_cmpuint(zeros, !=, hik_sequence_digest(bytes, sizeof bytes, sizeof bytes));
    /* sixteen bytes from the beginning, the middle and the end are looked at, and all of 48 */
    for (unsigned at = 0; at < 300; at++) {
        bool looked_at = at < 16 || (at >= 142 && at < 158) || at >= 284;

        memset(bytes, 0, sizeof bytes);
        bytes[at] = 1;
        g_assert_true((hik_sequence_digest(bytes, sizeof bytes, sizeof bytes) != zeros) == looked_at);
    }
    memset(bytes, 0, sizeof bytes);
    zeros = hik_sequence_digest(bytes, 48, 48);
    for (unsigned at = 0; at < 48; at++) {
        memset(bytes, 0, sizeof bytes);
        bytes[at] = 1;
        g_assert_cmpuint(hik_sequence_digest(bytes, 48, 48), !=, zeros);
    }
}

/* A datagram: when it came, in ticks. */
static enum hik_sequence_kind feed_datagram(struct source *s, uint16_t number, uint16_t digest, uint16_t id, uint32_t ticks)
{
    struct hik_sequence_packet packet = {number, s->timestamp, CLOCK, s->time, {digest, id, ticks}, false, true, false};

    return hik_sequence_count(&s->sequence, &packet).kind;
}

static void test_mirrored(void)
{
    static const struct { uint16_t id; uint32_t most; } cases[] = {{7, HIK_MIRROR_TICKS}, {0, HIK_MIRROR_TICKS_UNMARKED}};
    struct source s;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint16_t id = cases[i].id;
        uint32_t most = cases[i].most;

        start(&s);
        g_assert_cmpint(feed_datagram(&s, 1, 10, id, 5000), ==, HIK_SEQUENCE_NEXT);
        g_assert_cmpint(feed_datagram(&s, 1, 10, id, 5000 + most - 1), ==, HIK_SEQUENCE_MIRRORED);
        g_assert_cmpint(feed_datagram(&s, 1, 10, id, 5001 - most), ==, HIK_SEQUENCE_MIRRORED);
        g_assert_cmpint(feed_datagram(&s, 1, 10, id, 5000 + most), ==, HIK_SEQUENCE_COPY);
        hik_sequence_keep_copies(&s.sequence, s.again);
        g_assert_cmpint(feed_datagram(&s, 1, 10, id, 5000 + 2 * most - 1), ==, HIK_SEQUENCE_MIRRORED);
        g_assert_cmpint(feed_datagram(&s, 1, 10, id, 5000 + 2 * most), ==, HIK_SEQUENCE_COPY);
        /* what was sent twice may be mirrored twice, each in between the others */
        g_assert_cmpint(feed_datagram(&s, 1, 10, (uint16_t)(id + 1), 5000), ==, HIK_SEQUENCE_COPY);
        g_assert_cmpint(feed_datagram(&s, 1, 10, id, 5001), ==, HIK_SEQUENCE_MIRRORED);
        g_assert_cmpint(feed_datagram(&s, 1, 10, (uint16_t)(id + 1), 5001), ==, HIK_SEQUENCE_MIRRORED);
        g_assert_cmpint(feed_datagram(&s, 1, 11, (uint16_t)(id + 1), 5000), ==, HIK_SEQUENCE_REUSED);
        g_assert_cmpuint(s.sequence.received, ==, 2);
        g_assert_cmpuint(s.sequence.copies, ==, 3);
    }
    /* not the newest number; the oldest that is known in detail, and the one before it */
    start(&s);
    for (uint16_t n = 0; n < HIK_SEQUENCE_SEEN_FEW + 1; n++)
        g_assert_cmpint(feed_datagram(&s, n, n, 1, n), ==, HIK_SEQUENCE_NEXT);
    g_assert_cmpint(feed_datagram(&s, 1, 1, 1, 1), ==, HIK_SEQUENCE_MIRRORED);
    g_assert_cmpint(feed_datagram(&s, 0, 0, 1, 0), ==, HIK_SEQUENCE_COPY);
    /* late by hundreds: the four that came last are known */
    start(&s);
    feed_datagram(&s, 0, 0, 1, 0);
    for (uint16_t n = 100; n < 600; n++)
        feed_datagram(&s, n, n, 1, n);
    for (uint16_t n = 1; n <= 5; n++)
        g_assert_cmpint(feed_datagram(&s, n, n, 1, 1000u + n), ==, HIK_SEQUENCE_LATE);
    for (uint16_t n = 2; n <= 5; n++)
        g_assert_cmpint(feed_datagram(&s, n, n, 1, 1010u + n), ==, HIK_SEQUENCE_MIRRORED);
    g_assert_cmpint(feed_datagram(&s, 1, 1, 1, 1011), ==, HIK_SEQUENCE_COPY);
    g_assert_cmpint(feed_datagram(&s, 1, 1, 1, 1012), ==, HIK_SEQUENCE_MIRRORED);
    g_assert_cmpint(feed_datagram(&s, 2, 2, 1, 1012), ==, HIK_SEQUENCE_MIRRORED);
    start(&s);
    feed_datagram(&s, 1, 1, 1, 1);
    /* a jump */
    g_assert_cmpint(feed_datagram(&s, 30000, 9, 1, 90), ==, HIK_SEQUENCE_JUMP);
    g_assert_cmpint(feed_datagram(&s, 30000, 9, 1, 91), ==, HIK_SEQUENCE_MIRRORED);
    g_assert_cmpint(feed_datagram(&s, 30000, 9, 2, 91), ==, HIK_SEQUENCE_COPY);
    g_assert_cmpint(feed_datagram(&s, 30000, 9, 1, 92), ==, HIK_SEQUENCE_MIRRORED);
    g_assert_cmpint(feed_datagram(&s, 30000, 9, 2, 92), ==, HIK_SEQUENCE_MIRRORED);
    g_assert_cmpint(feed_datagram(&s, 30001, 8, 1, 92), ==, HIK_SEQUENCE_RESTART);
    g_assert_cmpint(feed_datagram(&s, 30000, 9, 1, 93), ==, HIK_SEQUENCE_MIRRORED);
}

/* The edge of what is kept of them. */
static void test_again(void)
{
    struct source s;

    start(&s);
    g_assert_cmpint(feed_datagram(&s, 1, 1, 1, 0), ==, HIK_SEQUENCE_NEXT);
    g_assert_cmpint(feed_datagram(&s, 1, 1, 2, 0), ==, HIK_SEQUENCE_COPY);
    hik_sequence_keep_copies(&s.sequence, s.again);
    for (uint16_t id = 3; id < 2 + HIK_SEQUENCE_AGAIN; id++)
        g_assert_cmpint(feed_datagram(&s, 1, 1, id, 0), ==, HIK_SEQUENCE_COPY);
    for (uint16_t id = 1; id < 2 + HIK_SEQUENCE_AGAIN; id++)
        g_assert_cmpint(feed_datagram(&s, 1, 1, id, 0), ==, HIK_SEQUENCE_MIRRORED);
    g_assert_cmpint(feed_datagram(&s, 1, 1, 2 + HIK_SEQUENCE_AGAIN, 0), ==, HIK_SEQUENCE_COPY);
    g_assert_cmpint(feed_datagram(&s, 1, 1, 2, 0), ==, HIK_SEQUENCE_COPY);
}

/* Random interleavings of what a source sends up to three times, each mirrored up to twice: what is a copy and what is a
 * duplicate is known by the identification. */
static void test_random_mirror(void)
{
    struct record { uint32_t ticks; uint16_t number, id; };

    for (uint32_t seed = 0; seed < 300; seed++) {
        GRand *rand = g_rand_new_with_seed(seed);
        struct hik_sequence_recent *recent = g_malloc0(sizeof *recent + HIK_SEQUENCE_SEEN * sizeof recent->seen[0]);
        GArray *records = g_array_new(FALSE, FALSE, sizeof(struct record));
        uint16_t id = 0, base = (uint16_t)g_rand_int(rand);
        uint32_t numbers = 300, copies = 0, mirrored = 0, step = 1 + seed % 200, ticks = 5000, kinds[HIK_SEQUENCE_MIRRORED + 1] = {0};
        struct source s;

        start(&s);
        recent->size = HIK_SEQUENCE_SEEN;
        s.sequence.recent = recent;
        for (uint16_t n = 0; n < numbers; n++, ticks += (uint32_t)g_rand_int_range(rand, 1, 2 + (gint)step)) {
            unsigned sent = 1 + (g_rand_int_range(rand, 0, 4) == 0 ? (unsigned)g_rand_int_range(rand, 1, 3) : seed % 5 == 0);

            copies += sent - 1;
            for (unsigned k = 0; k < sent; k++) {
                uint32_t when = ticks + (k ? (uint32_t)g_rand_int_range(rand, 0, (gint)step * 20) : 0);
                unsigned times = 1 + (unsigned)g_rand_int_range(rand, 0, 3);

                id++;
                mirrored += times - 1;
                for (unsigned m = 0; m < times; m++) {
                    struct record record = {when + (m ? (uint32_t)g_rand_int_range(rand, 0, (gint)MIN(HIK_MIRROR_TICKS, step * 20)) : 0),
                                            (uint16_t)(base + n), id};
                    unsigned at = records->len;

                    g_array_append_val(records, record);
                    for (; at > 0 && g_array_index(records, struct record, at - 1).ticks > record.ticks; at--)
                        g_array_index(records, struct record, at) = g_array_index(records, struct record, at - 1);
                    g_array_index(records, struct record, at) = record;
                }
            }
        }
        for (unsigned i = 0; i < records->len; i++) {
            const struct record *one = &g_array_index(records, struct record, i);

            kinds[feed_datagram(&s, one->number, one->number, one->id, one->ticks)]++;
            if (s.sequence.copies > 0 && !s.sequence.again)
                hik_sequence_keep_copies(&s.sequence, s.again);
        }
        check(s, 0, copies, 0);
        g_assert_cmpuint(s.sequence.received, ==, numbers);
        g_assert_cmpuint(kinds[HIK_SEQUENCE_COPY], ==, copies);
        g_assert_cmpuint(kinds[HIK_SEQUENCE_MIRRORED], ==, mirrored);
        g_array_free(records, TRUE);
        g_free(recent);
        g_rand_free(rand);
    }
}

static void test_move(void)
{
    struct source s;
    struct hik_sequence_recent *more = g_malloc0(sizeof *more + HIK_SEQUENCE_SEEN * sizeof more->seen[0]);

    more->size = HIK_SEQUENCE_SEEN;
    start(&s);
    for (uint16_t n = 65500; n != 100; n++)
        g_assert_cmpint(feed_datagram(&s, n, n, 1, 0), ==, HIK_SEQUENCE_NEXT);
    hik_sequence_move(&s.sequence, more);
    for (uint16_t n = 100; n < 100 + HIK_SEQUENCE_SEEN - HIK_SEQUENCE_SEEN_FEW; n++) {
        for (uint16_t back = 1; back <= HIK_SEQUENCE_SEEN_FEW; back++)
            g_assert_cmpint(feed_datagram(&s, (uint16_t)(n - back), (uint16_t)(n - back), 1, 0), ==, HIK_SEQUENCE_MIRRORED);
        g_assert_cmpint(feed_datagram(&s, n, n, 1, 0), ==, HIK_SEQUENCE_NEXT);
    }
    g_assert_cmpint(feed_datagram(&s, 100 - HIK_SEQUENCE_SEEN_FEW, 100 - HIK_SEQUENCE_SEEN_FEW, 1, 0), ==, HIK_SEQUENCE_MIRRORED);
    g_free(more);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rtp-sequence/in-order", test_in_order);
    g_test_add_func("/rtp-sequence/gap-and-late", test_gap_and_late);
    g_test_add_func("/rtp-sequence/window", test_window);
    g_test_add_func("/rtp-sequence/early", test_early);
    g_test_add_func("/rtp-sequence/copies-far-back", test_copies_far_back);
    g_test_add_func("/rtp-sequence/dropout", test_dropout);
    g_test_add_func("/rtp-sequence/stray", test_stray);
    g_test_add_func("/rtp-sequence/strays", test_strays);
    g_test_add_func("/rtp-sequence/stray-at-end", test_stray_shortly_before_the_end);
    g_test_add_func("/rtp-sequence/restart", test_restart);
    g_test_add_func("/rtp-sequence/silence", test_silence);
    g_test_add_func("/rtp-sequence/silence-edges", test_silence_edges);
    g_test_add_func("/rtp-sequence/long-loss", test_long_loss);
    g_test_add_func("/rtp-sequence/empty", test_empty);
    g_test_add_func("/rtp-sequence/number-that-stands-still", test_number_that_stands_still);
    g_test_add_func("/rtp-sequence/jitter", test_jitter);
    g_test_add_func("/rtp-sequence/random", test_random);
    g_test_add_func("/rtp-sequence/digest", test_digest);
    g_test_add_func("/rtp-sequence/mirrored", test_mirrored);
    g_test_add_func("/rtp-sequence/restart-mixed", test_restart_mixed);
    g_test_add_func("/rtp-sequence/restart-mixed-edges", test_restart_mixed_edges);
    g_test_add_func("/rtp-sequence/restart-nearby", test_restart_nearby);
    g_test_add_func("/rtp-sequence/restart-to-old-numbers", test_restart_to_old_numbers);
    g_test_add_func("/rtp-sequence/restart-and-copies", test_restart_and_copies);
    g_test_add_func("/rtp-sequence/restart-in-any-order", test_restart_in_any_order);
    g_test_add_func("/rtp-sequence/random-restart", test_random_restart);
    g_test_add_func("/rtp-sequence/again", test_again);
    g_test_add_func("/rtp-sequence/random-mirror", test_random_mirror);
    g_test_add_func("/rtp-sequence/move", test_move);
    return g_test_run();
}
