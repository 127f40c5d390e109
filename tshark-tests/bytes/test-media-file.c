/* test-media-file.c
 * RTP payloads into files: exact bytes, any order of packets, complete after every packet.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "media-file.h"

#include <string.h>

#define S "\0\0\0\1"

struct packet {
    uint32_t seq;
    size_t len;
    const char *data;
};
#define P(seq, text) {seq, sizeof text - 1, text}

static void end(struct hik_media_file *file)
{
    for (unsigned i = 0; i < HIK_MEDIA_OUTPUTS; i++)
        g_free(file->output[i].data);
    hik_media_file_free(file);
}

static struct hik_media_file *begin(enum hik_media_kind kind)
{
    struct hik_media_file *file = hik_media_file_new();

    g_assert_true(hik_media_file_set_kind(file, kind, true));
    return file;
}

static void feed(struct hik_media_file *file, const struct packet *packets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hik_media_file_feed(file, packets[i].seq, (const uint8_t *)packets[i].data, packets[i].len, 0);
}

static void is(const struct hik_media_output *out, const char *bytes, size_t len)
{
    g_assert_cmpmem(out->data, out->len, bytes, len);
}
#define IS(out, text) is((out), text, sizeof text - 1)
#define FEED(file, packets) feed((file), packets, G_N_ELEMENTS(packets))

/* ---- payload formats -------------------------------------------------------------------------------------------- */

static void test_h264(void)
{
    static const struct packet packets[] = {
        P(10, "\x67" "sps"),                     /* single unit */
        P(11, "\x78\0\2\x68p\0\3\x06se"),        /* STAP-A */
        P(12, "\x7C\x85" "one"),                 /* FU-A, first: header 0x65 */
        P(13, "\x7C\x05" "two"),
        P(14, "\x7C\x45" "three"),
        P(15, "\x79\0\1\0\2\x41x"),              /* STAP-B */
        P(16, "\x7A\0\1\0\2\7\0\1\x41y"),        /* MTAP16: size, DOND, 16 bits of time */
        P(17, "\x7B\0\1\0\2\7\0\0\1\x41z"),      /* MTAP24 */
        P(18, "\x7D\x81\0\5" "b1"),              /* FU-B begins, FU-A goes on */
        P(19, "\x7C\x41" "b2"),
        P(20, "\x41" "last"),
    };
    struct hik_media_file *file = begin(HIK_MEDIA_H264);

    FEED(file, packets);
    g_assert_cmpuint(file->outputs, ==, 1);
    g_assert_cmpint(file->output[0].format, ==, HIK_FORMAT_H264);
    IS(&file->output[0], S "\x67" "sps" S "\x68p" S "\x06se" S "\x65" "onetwothree" S "\x41x" S "\x41y" S "\x41z"
                         S "\x61" "b1b2" S "\x41" "last");
    g_assert_cmpuint(file->unplaced, ==, 0);
    end(file);
}

static void test_h264_odd(void)
{
    static const struct packet packets[] = {
        P(1, "\x7C\x05" "lost"),                 /* begins in the middle of a unit */
        P(2, "\x7C\x45" "lost"),
        P(3, ""),
        P(4, "\x78\0\x09\x68p"),                 /* STAP-A: size past the end */
        P(5, "\x78\0\0\0\2\x68q\0"),             /* empty unit, half a size at the end */
        P(6, "\x60" "zero"),                     /* types 0 and 31 are no units */
        P(7, "\x7F" "none"),
        P(8, "\x7C"),                            /* FU-A without its header */
        P(9, "\x7C\x85" "a"),
        P(10, "\x41" "b"),                       /* another unit inside a fragmented one */
        P(11, "\x7C\x45" "c"),
        P(12, "\x7C\x85" "d"),
        P(13, "\x7C\x41" "e"),                   /* fragment of another type */
        P(14, "\x79\0"),
    };
    struct hik_media_file *file = begin(HIK_MEDIA_H264);

    FEED(file, packets);
    IS(&file->output[0], S "\x68p" S "\x68q" S "\x65" "a" S "\x41" "b" S "\x65" "d");
    g_assert_cmpuint(file->unplaced, ==, 4 + 4 + 1 + 5 + 5 + 1 + 1 + 1);
    end(file);
}

static void test_h264_hole(void)
{
    static const struct packet packets[] = {
        P(1, "\x7C\x85" "a"), P(2, "\x7C\x05" "b"), P(4, "\x7C\x05" "d"), P(5, "\x7C\x45" "e"), P(6, "\x41" "f"),
    };
    struct hik_media_file *file = begin(HIK_MEDIA_H264);

    FEED(file, packets);
    IS(&file->output[0], S "\x65" "ab" S "\x41" "f"); /* nothing behind the hole */
    g_assert_cmpuint(file->unplaced, ==, 2);
    hik_media_file_feed(file, 3, (const uint8_t *)"\x7C\x05" "c", 3, 0);
    IS(&file->output[0], S "\x65" "abcde" S "\x41" "f");
    end(file);

    file = begin(HIK_MEDIA_H264);
    hik_media_file_feed(file, 1, (const uint8_t *)"\x7C\x85" "ab", 4, 7); /* cut by the capture */
    hik_media_file_feed(file, 2, (const uint8_t *)"\x7C\x45" "c", 3, 0);
    IS(&file->output[0], S "\x65" "ab");
    end(file);
}

static void test_h265(void)
{
    static const struct packet packets[] = {
        P(65535, "\x40\1" "vps"),
        P(65536, "\x60\1\0\3\x42\1s\0\4\x44\1pp"),  /* AP */
        P(65537, "\x62\1\x93" "one"),               /* FU of type 19 */
        P(65538, "\x62\1\x13" "two"),
        P(65539, "\x62\1\x53" "three"),
        P(65540, "\x62\1\x53" "lost"),              /* no beginning */
        P(65541, "\x64\1pa"),                       /* PACI: not known here */
        P(65542, "\x02"),
        P(65543, "\x62\1"),                         /* FU without its header */
        P(65544, "\2\1slice"),
    };
    struct hik_media_file *file = begin(HIK_MEDIA_H265);

    FEED(file, packets);
    g_assert_cmpint(file->output[0].format, ==, HIK_FORMAT_H265);
    IS(&file->output[0], S "\x40\1" "vps" S "\x42\1s" S "\x44\1pp" S "\x26\1" "onetwothree" S "\2\1slice");
    g_assert_cmpuint(file->unplaced, ==, 4 + 4 + 1 + 2);
    end(file);
}

static void test_wav(void)
{
    static const struct packet packets[] = {P(1, "abcd"), P(3, "ghij"), P(2, "ef")};
    struct hik_media_file *file = begin(HIK_MEDIA_G711A);

    FEED(file, packets);
    IS(&file->output[0], "RIFF\x3C\0\0\0WAVEfmt \x12\0\0\0\x06\0\1\0\x40\x1F\0\0\x40\x1F\0\0\1\0\x08\0\0\0"
                         "fact\4\0\0\0\x0A\0\0\0data\x0A\0\0\0abcdefghij");
    g_assert_cmpuint(file->output[0].len, ==, HIK_MEDIA_WAV_HEADER + 10);
    end(file);

    file = begin(HIK_MEDIA_G711U);
    FEED(file, packets);
    g_assert_cmpint(file->output[0].data[20], ==, 7);
    end(file);
}

/* ---- order ------------------------------------------------------------------------------------------------------ */

static void test_order(void)
{
    static const struct packet packets[] = {
        P(7, "7"), P(5, "5"), P(6, "6"), P(5, "x"), P(7, "x"), P(9, "9"), P(12, "c"), P(9, "x"), P(11, "b"), P(8, "8"),
    };
    struct hik_media_file *file = begin(HIK_MEDIA_PS);

    FEED(file, packets);
    IS(&file->output[0], "56789bc"); /* 10 is missing, nothing stands for it */
    g_assert_cmpuint(file->packets, ==, 7);
    g_assert_cmpuint(file->dropped, ==, 3);
    g_assert_cmpint(file->output[0].format, ==, HIK_FORMAT_MPG);
    end(file);
}

/* Behind a gap that stays, everything within the window still finds its place; what is later than that is left out. */
static void test_window(void)
{
    struct hik_media_file *file = begin(HIK_MEDIA_UNKNOWN);
    uint8_t byte;
    uint32_t i;

    for (i = 0; i < 3000; i++) {
        byte = (uint8_t)i;
        if (i % 100 != 50 && i != 2990)
            hik_media_file_feed(file, i, &byte, 1, 0);
        if (i >= 120 && i % 100 == 20) { /* 70 later */
            byte = (uint8_t)(i - 70);
            hik_media_file_feed(file, i - 70, &byte, 1, 0);
        }
    }
    g_assert_cmpuint(file->output[0].len, ==, 3000 - 2); /* 2950 and 2990 never came */
    for (uint32_t at = 0, seq = 0; seq < 3000; seq++)
        if (seq != 2950 && seq != 2990)
            g_assert_cmpuint(file->output[0].data[at++], ==, (uint8_t)seq);
    g_assert_cmpuint(file->written, <, 3000 * 3 * HIK_MEDIA_WINDOW);
    byte = 0;
    hik_media_file_feed(file, 100, &byte, 1, 0);
    g_assert_cmpuint(file->dropped, ==, 1);
    g_assert_cmpuint(file->output[0].len, ==, 3000 - 2);
    end(file);

    file = begin(HIK_MEDIA_UNKNOWN);
    for (i = 0; i < 6000; i++)
        if (i != 500 && i != 4900)
            hik_media_file_feed(file, i, &byte, 1, 0);
    hik_media_file_feed(file, 500, &byte, 1, 0); /* 5499 later */
    g_assert_cmpuint(file->output[0].len, ==, 5998);
    g_assert_cmpuint(file->dropped, ==, 1);
    hik_media_file_feed(file, 4900, &byte, 1, 0); /* 1099 later */
    g_assert_cmpuint(file->output[0].len, ==, 5999);
    g_assert_cmpuint(file->dropped, ==, 1);
    g_assert_cmpuint(file->written, <, 6000 * 4);
    end(file);
}

/* ---- a stream to cut up ----------------------------------------------------------------------------------------- */

/* Packs with video (H.264, with zeros at the ends of its pieces), G.711 and private data; psm: with a map at the start. */
static GByteArray *program(bool psm)
{
    static const uint8_t pack[14] = {0, 0, 1, 0xBA, 0x44, 0, 4, 0, 4, 1, 0, 1, 3, 0xF8};
    static const uint8_t map[24] = {0, 0, 1, 0xBC, 0, 18, 0xE1, 0xFF, 0, 0, 0, 8, 0x1B, 0xE0, 0, 0, 0x90, 0xC0, 0, 0,
                                    0xB9, 0x28, 0x7F, 0x16};
    static const uint8_t video[] = {0, 0, 1, 0xE0, 0, 18, 0x80, 0, 0, 0, 0, 0, 1, 0x67, 'v', 0, 0, 0, 1, 0x65, 'w', 0, 0, 0};
    static const uint8_t more[] = {0, 0, 1, 0xE0, 0, 8, 0x80, 0, 0, 'x', 0, 0, 'y', 0};
    static const uint8_t audio[] = {0, 0, 1, 0xC0, 0, 9, 0x80, 0, 0, 'a', 0, 0, 1, 'b', 0};
    static const uint8_t other[] = {0, 0, 1, 0xBD, 0, 5, 0x80, 0, 0, 'p', 'q'};
    static const uint8_t padding[] = {0, 0, 1, 0xBE, 0, 3, 0xFF, 0xFF, 0xFF};
    GByteArray *bytes = g_byte_array_new();

    for (unsigned i = 0; i < 3; i++) {
        g_byte_array_append(bytes, pack, sizeof pack);
        if (psm || i > 0)
            g_byte_array_append(bytes, map, sizeof map);
        g_byte_array_append(bytes, video, sizeof video);
        g_byte_array_append(bytes, audio, sizeof audio);
        g_byte_array_append(bytes, more, sizeof more);
        g_byte_array_append(bytes, other, sizeof other);
        g_byte_array_append(bytes, padding, sizeof padding);
    }
    return bytes;
}

#define VIDEO "\0\0\0\1\x67v\0\0\0\1\x65w\0\0\0x\0\0y\0"
#define AUDIO "a\0\0\1b\0"

static const struct hik_media_output *output_of(const struct hik_media_file *file, uint8_t stream_id)
{
    for (unsigned i = 0; i < file->outputs; i++)
        if (file->output[i].stream_id == stream_id)
            return &file->output[i];
    g_assert_not_reached();
}

static void check_program(const struct hik_media_file *file)
{
    const struct hik_media_output *audio = output_of(file, 0xC0);

    g_assert_cmpuint(file->outputs, ==, 3);
    g_assert_cmpint(output_of(file, 0xE0)->format, ==, HIK_FORMAT_H264);
    IS(output_of(file, 0xE0), VIDEO VIDEO VIDEO);
    g_assert_cmpint(audio->format, ==, HIK_FORMAT_WAV_A);
    g_assert_cmpint(audio->data[20], ==, 6);
    g_assert_cmpint(audio->data[54], ==, 18);
    g_assert_cmpmem(audio->data + HIK_MEDIA_WAV_HEADER, audio->len - HIK_MEDIA_WAV_HEADER, AUDIO AUDIO AUDIO, 18);
    g_assert_cmpint(output_of(file, 0xBD)->format, ==, HIK_FORMAT_BIN);
    IS(output_of(file, 0xBD), "pqpqpq");
}

static void test_streams_split(void)
{
    for (int psm = 0; psm < 2; psm++) {
        GByteArray *bytes = program(psm);

        for (unsigned first = 1; first < bytes->len; first++)
            for (unsigned size = 1; size < 60; size += 7) {
                struct hik_media_file *file = begin(HIK_MEDIA_PS_STREAMS);
                uint32_t seq = 0xFFFF0;

                hik_media_file_feed(file, seq++, bytes->data, first, 0);
                for (unsigned at = first; at < bytes->len; at += size)
                    hik_media_file_feed(file, seq++, bytes->data + at, MIN(size, bytes->len - at), 0);
                check_program(file);
                end(file);
            }
        g_byte_array_free(bytes, TRUE);
    }
}

static void assert_same(const struct hik_media_file *a, const struct hik_media_file *b)
{
    g_assert_cmpuint(a->outputs, ==, b->outputs);
    for (unsigned i = 0; i < a->outputs; i++) {
        g_assert_cmpint(a->output[i].format, ==, b->output[i].format);
        g_assert_cmpmem(a->output[i].data, a->output[i].len, b->output[i].data, b->output[i].len);
    }
}

/* After every packet the files hold what they would hold had these packets come in order. */
static void test_complete_always(void)
{
    static const enum hik_media_kind all[] = {HIK_MEDIA_PS, HIK_MEDIA_PS_STREAMS, HIK_MEDIA_G711U, HIK_MEDIA_H264,
                                              HIK_MEDIA_H265};
    GRand *rand = g_rand_new_with_seed(28181);
    GByteArray *bytes = program(true);

    for (unsigned round = 0; round < 400; round++) {
        enum hik_media_kind kind = all[round % G_N_ELEMENTS(all)];
        struct hik_media_file *file = begin(kind);
        bool there[512] = {false};
        unsigned size = (unsigned)g_rand_int_range(rand, 1, 20), count = MIN(512, (bytes->len + size - 1) / size);
        unsigned order[512];

        for (unsigned i = 0; i < count; i++)
            order[i] = i;
        for (unsigned i = 0; i < count; i += 8) /* shuffled, none further than 8 */
            for (unsigned j = i; j + 1 < MIN(count, i + 8); j++) {
                unsigned other = (unsigned)g_rand_int_range(rand, (gint)j, (gint)MIN(count, i + 8)), kept = order[j];
                order[j] = order[other];
                order[other] = kept;
            }
        for (unsigned i = 0; i < count; i++) {
            struct hik_media_file *straight;
            unsigned at = order[i] * size;

            if (round % 2 && i % 7 == 3)
                continue; /* lost */
            there[order[i]] = true;
            hik_media_file_feed(file, 0x10000 + order[i], bytes->data + at, MIN(size, bytes->len - at), 0);
            if (i % 5 == 1)
                hik_media_file_feed(file, 0x10000 + order[i], bytes->data + at, MIN(size, bytes->len - at), 0);
            if (kind == HIK_MEDIA_PS_STREAMS)
                continue; /* the order in which streams turn up may differ: see below */
            straight = begin(kind);
            for (unsigned j = 0; j < count; j++)
                if (there[j])
                    hik_media_file_feed(straight, 0x10000 + j, bytes->data + j * size, MIN(size, bytes->len - j * size), 0);
            assert_same(file, straight);
            end(straight);
        }
        if (kind == HIK_MEDIA_PS_STREAMS && round % 2 == 0)
            check_program(file);
        end(file);
    }
    g_byte_array_free(bytes, TRUE);
    g_rand_free(rand);
}

/* The files of a program stream, too, hold every byte after every packet. */
static void test_streams_complete(void)
{
    GByteArray *bytes = program(true);
    struct hik_media_file *file = begin(HIK_MEDIA_PS_STREAMS);
    size_t shown = 0;

    for (unsigned i = 0; i < bytes->len; i++) {
        hik_media_file_feed(file, i, bytes->data + i, 1, 0);
        if (file->outputs > 0 && file->output[0].stream_id == 0xE0) {
            g_assert_cmpuint(file->output[0].len, <=, 60 + 2); /* a start code prefix at most is shown too early */
            shown = file->output[0].len;
        }
    }
    g_assert_cmpuint(shown, ==, 60);
    check_program(file);
    end(file);

    /* the stream ends with zeros inside a PES packet */
    file = begin(HIK_MEDIA_PS_STREAMS);
    hik_media_file_feed(file, 1, bytes->data, 14 + 24 + 22, 0);
    IS(&file->output[0], "\0\0\0\1\x67v\0\0\0\1\x65w\0");
    hik_media_file_feed(file, 2, bytes->data + 14 + 24 + 22, 1, 0);
    IS(&file->output[0], "\0\0\0\1\x67v\0\0\0\1\x65w\0\0");
    end(file);
    g_byte_array_free(bytes, TRUE);
}

/* A hole: the parser takes up again at the next header. */
static void test_streams_hole(void)
{
    GByteArray *bytes = program(true);
    struct hik_media_file *file = begin(HIK_MEDIA_PS_STREAMS);
    unsigned third = bytes->len / 3;

    hik_media_file_feed(file, 1, bytes->data, 14 + 24 + 17, 0);
    hik_media_file_feed(file, 3, bytes->data + third + 50, third - 50, 0); /* rest of the second pack */
    hik_media_file_feed(file, 4, bytes->data + 2 * third, third, 0);
    IS(output_of(file, 0xE0), "\0\0\0\1\x67v\0\0" "x\0\0y\0" VIDEO);
    hik_media_file_feed(file, 2, bytes->data + 14 + 24 + 17, third + 50 - (14 + 24 + 17), 0);
    check_program(file);
    end(file);
    g_byte_array_free(bytes, TRUE);
}

/* ---- kind ------------------------------------------------------------------------------------------------------- */

static void test_kind_changes(void)
{
    static const struct packet packets[] = {P(1, "\x67" "s"), P(2, "\x7C\x85" "a"), P(3, "\x7C\x45" "b")};
    struct hik_media_file *file = hik_media_file_new();

    FEED(file, packets);
    IS(&file->output[0], "\x67s\x7C\x85" "a\x7C\x45" "b");
    g_assert_true(hik_media_file_set_kind(file, HIK_MEDIA_PS, false));
    g_assert_cmpint(file->output[0].format, ==, HIK_FORMAT_MPG);
    g_assert_true(hik_media_file_set_kind(file, HIK_MEDIA_G711A, false));
    g_assert_cmpuint(file->output[0].len, ==, HIK_MEDIA_WAV_HEADER + 8);
    g_assert_true(hik_media_file_set_kind(file, HIK_MEDIA_PS_STREAMS, false));
    g_assert_cmpuint(file->outputs, ==, 0);
    g_assert_true(hik_media_file_set_kind(file, HIK_MEDIA_H264, true));
    IS(&file->output[0], S "\x67s" S "\x65" "ab");
    for (uint32_t i = 4; i < 400; i++)
        hik_media_file_feed(file, i, (const uint8_t *)"\x41z", 2, 0);
    g_assert_false(file->at_start);
    g_assert_false(hik_media_file_set_kind(file, HIK_MEDIA_PS, true));
    g_assert_cmpuint(file->output[0].len, ==, 6 + 7 + 396 * 6);
    end(file);

    /* copied bytes may be called something else at any time */
    file = hik_media_file_new();
    for (uint32_t i = 0; i < 1000; i++)
        hik_media_file_feed(file, i, (const uint8_t *)"xy", 2, 0);
    g_assert_false(file->at_start);
    g_assert_true(hik_media_file_set_kind(file, HIK_MEDIA_G711U, false));
    g_assert_cmpuint(file->output[0].len, ==, HIK_MEDIA_WAV_HEADER + 2000);
    g_assert_true(hik_media_file_set_kind(file, HIK_MEDIA_PS, true));
    g_assert_cmpuint(file->output[0].len, ==, 2000);
    g_assert_cmpmem(file->output[0].data, 4, "xyxy", 4);
    end(file);
}

/* ---- hostile ---------------------------------------------------------------------------------------------------- */

static void test_random(void)
{
    GRand *rand = g_rand_new_with_seed(7100);

    for (unsigned round = 0; round < 300; round++) {
        struct hik_media_file *file = hik_media_file_new();
        uint64_t fed = 0;
        uint32_t seq = g_rand_int(rand);

        hik_media_file_set_kind(file, (enum hik_media_kind)(round % HIK_MEDIA_KINDS), round % 3 == 0);
        for (unsigned i = 0; i < 400; i++) {
            uint8_t data[64];
            size_t len = (size_t)g_rand_int_range(rand, 0, sizeof data + 1);
            uint8_t *exact;

            for (size_t j = 0; j < len; j++) {
                uint32_t r = g_rand_int(rand);
                data[j] = r & 0x100 ? (uint8_t)r : (const uint8_t[]){0, 0, 1, 0xBA, 0xE0, 0xC0, 0x7C, 0x62}[r & 7];
            }
            exact = (uint8_t *)g_malloc(len ? len : 1); /* so that reading past it is noticed */
            memcpy(exact, data, len);
            seq += g_rand_int_range(rand, 0, 20) == 0 ? g_rand_int(rand) : (uint32_t)g_rand_int_range(rand, -5, 9);
            hik_media_file_feed(file, seq, exact, len, (size_t)g_rand_int_range(rand, -50, 9) > 8 ? 0 : 5);
            g_free(exact);
            fed += len;
            if (g_rand_int_range(rand, 0, 40) == 0)
                hik_media_file_set_kind(file, (enum hik_media_kind)g_rand_int_range(rand, 0, HIK_MEDIA_KINDS), false);
        }
        g_assert_cmpuint(file->written, <=, fed * (HIK_MEDIA_WINDOW_PARSED + 2) + 100000);
        end(file);
    }
    g_rand_free(rand);
}

/* Every other packet is one late, all the way: each is written a few times at most. */
static void test_work(void)
{
    struct hik_media_file *file = begin(HIK_MEDIA_PS);
    uint8_t data[1000] = {0};

    for (uint32_t i = 0; i < 20000; i++)
        hik_media_file_feed(file, i ^ 1, data, sizeof data, 0);
    g_assert_cmpuint(file->output[0].len, ==, 20000 * sizeof data);
    g_assert_cmpuint(file->written, <, (uint64_t)5 * 20000 * sizeof data);
    g_assert_cmpuint(file->output[0].room, <, (size_t)20000 * sizeof data * 3 / 2 + 10000);
    end(file);

    file = begin(HIK_MEDIA_PS);
    for (uint32_t i = 0; i < 20000; i++) /* every second one is lost */
        hik_media_file_feed(file, 2 * i, data, sizeof data, 0);
    g_assert_cmpuint(file->output[0].len, ==, 20000 * sizeof data);
    g_assert_cmpuint(file->written, <, (uint64_t)5 * 20000 * sizeof data);
    end(file);
}

/* One packet in twenty is late by hundreds, one in a hundred is lost: the file is what was sent, but for what is lost. */
static void test_late_by_hundreds(void)
{
    enum { PACKETS = 6000 };
    static const enum hik_media_kind rows[] = {HIK_MEDIA_PS, HIK_MEDIA_UNKNOWN, HIK_MEDIA_G711A};
    GRand *rand = g_rand_new_with_seed(28181);

    for (unsigned row = 0; row < G_N_ELEMENTS(rows); row++)
        for (unsigned by = 1; by <= 900; by = by * 3 + 1) {
            struct hik_media_file *file = begin(rows[row]);
            GByteArray *sent = g_byte_array_new();
            uint8_t data[PACKETS][40];
            size_t skip = rows[row] == HIK_MEDIA_G711A ? HIK_MEDIA_WAV_HEADER : 0, len[PACKETS];
            unsigned moment[PACKETS];

            for (unsigned i = 0; i < PACKETS; i++) {
                bool lost = i > 0 && g_rand_int_range(rand, 0, 100) == 0;

                len[i] = (size_t)g_rand_int_range(rand, 0, 41);
                for (size_t j = 0; j < len[i]; j++)
                    data[i][j] = (uint8_t)g_rand_int(rand);
                moment[i] = lost ? PACKETS * 2 : i > 40 && g_rand_int_range(rand, 0, 20) == 0 ? i + by : i;
                if (!lost)
                    g_byte_array_append(sent, data[i], (guint)len[i]);
            }
            for (unsigned now = 0; now < PACKETS + by; now++)
                for (unsigned i = now > by ? now - by : 0; i <= now && i < PACKETS; i++)
                    if (moment[i] == now)
                        hik_media_file_feed(file, i, len[i] ? data[i] : NULL, len[i], 0);
            g_assert_cmpmem(file->output[0].data + skip, file->output[0].len - skip, sent->data, sent->len);
            g_assert_cmpuint(file->written, <=, 2 * sent->len);
            g_assert_cmpuint(file->missing, ==, 0);
            g_byte_array_free(sent, TRUE);
            end(file);
        }
    g_rand_free(rand);
}

static void test_names(void)
{
    static const struct {
        const char *text, *name;
    } cases[] = {
        {"34020000001320000001", "34020000001320000001"},
        {"../../etc/passwd", "_._.._etc_passwd"},
        {"a/b\\c:d*e?f\"g<h>i|j\nk l", "a_b_c_d_e_f_g_h_i_j_k_l"},
        {"\xE5\x8D\x97-x.y", "___-x.y"},
        {"2001:db8::1", "2001_db8__1"},
        {"", ""},
    };
    GString *name;
    char longer[200];

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        name = g_string_new(NULL);
        hik_media_name_add(name, cases[i].text);
        g_assert_cmpstr(name->str, ==, cases[i].name);
        g_string_free(name, TRUE);
    }
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = 0;
    name = g_string_new("0-");
    hik_media_name_add(name, longer);
    g_assert_cmpuint(name->len, ==, 2 + 64);
    g_string_free(name, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/media-file/h264", test_h264);
    g_test_add_func("/media-file/h264-odd", test_h264_odd);
    g_test_add_func("/media-file/h264-hole", test_h264_hole);
    g_test_add_func("/media-file/h265", test_h265);
    g_test_add_func("/media-file/wav", test_wav);
    g_test_add_func("/media-file/order", test_order);
    g_test_add_func("/media-file/window", test_window);
    g_test_add_func("/media-file/streams-split", test_streams_split);
    g_test_add_func("/media-file/streams-complete", test_streams_complete);
    g_test_add_func("/media-file/streams-hole", test_streams_hole);
    g_test_add_func("/media-file/complete-always", test_complete_always);
    g_test_add_func("/media-file/kind-changes", test_kind_changes);
    g_test_add_func("/media-file/random", test_random);
    g_test_add_func("/media-file/work", test_work);
    g_test_add_func("/media-file/late-by-hundreds", test_late_by_hundreds);
    g_test_add_func("/media-file/names", test_names);
    return g_test_run();
}
