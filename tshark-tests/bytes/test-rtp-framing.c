/* test-rtp-framing.c
 * Frames of RTP in a stream of bytes: each kind, and both sides of every bound. Buffers have no byte more than they say.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>
#include <string.h>

#include "rtp-framing.h"

#define SSRC 0x01020304u

static const struct hik_framing rfc4571 = {HIK_FRAMING_RFC4571, 2};

static bool is_known(void *context, uint32_t ssrc)
{
    return ssrc == *(const uint32_t *)context;
}

static void add(GByteArray *out, unsigned count, ...)
{
    va_list args;

    va_start(args, count);
    for (unsigned i = 0; i < count; i++) {
        uint8_t byte = (uint8_t)va_arg(args, int);

        g_byte_array_append(out, &byte, 1);
    }
    va_end(args);
}

static void fill(GByteArray *out, unsigned count, uint8_t byte)
{
    for (unsigned i = 0; i < count; i++)
        g_byte_array_append(out, &byte, 1);
}

/* An RTP packet of `size` bytes whose payload begins with a pack header. */
static void add_packet(GByteArray *out, unsigned seq, unsigned size)
{
    add(out, 16, 0x80, 0x60, seq >> 8, seq & 0xff, 0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 1, 0xba);
    fill(out, size - 16, 'p');
}

static void add_length(GByteArray *out, unsigned length)
{
    add(out, 2, length >> 8, length & 0xff);
}

/* Takes the bytes. known: the SSRC somebody expects. */
static bool detect(GByteArray *bytes, bool at_start, uint32_t known, struct hik_framing *framing)
{
    const struct hik_known who = {is_known, &known};
    unsigned size = bytes->len;
    uint8_t *exact = g_byte_array_free(bytes, FALSE), *copy = g_malloc(size ? size : 1);
    bool found, doubtful;

    memcpy(copy, exact, size);
    g_free(exact);
    found = hik_framing_detect(copy, size, at_start, &who, framing, &doubtful);
    g_free(copy);
    return found;
}

static enum hik_framing_look look(const uint8_t *bytes, unsigned size, struct hik_head *head)
{
    uint8_t *copy = g_malloc(size ? size : 1);
    enum hik_framing_look found;

    memcpy(copy, bytes, size);
    found = hik_framing_look(&rfc4571, copy, size, head);
    g_free(copy);
    return found;
}

/* RFC 5761 clause 4: 192 to 223 in the second byte are RTCP. */
static void test_rtcp(void)
{
    uint8_t frame[10] = {0, 8, 0x80, 201, 0, 1, 1, 2, 3, 4};
    struct hik_head head;

    for (unsigned type = 128; type < 256; type++) {
        frame[3] = (uint8_t)type;
        if (type >= 192 && type <= 223) {
            g_assert_cmpint(look(frame, sizeof frame, &head), ==, HIK_LOOK_YES);
            g_assert_true(head.rtcp);
            g_assert_cmphex(head.ssrc, ==, SSRC);
            g_assert_cmpuint(head.size, ==, 10);
        } else {
            g_assert_cmpint(look(frame, sizeof frame, &head), ==, HIK_LOOK_NO); /* too short for RTP */
            g_assert_false(head.rtcp);
        }
    }
    frame[3] = 200;
    for (unsigned there = 0; there < 10; there++)
        g_assert_cmpint(look(frame, there, &head), ==, HIK_LOOK_SHORT);
    frame[1] = 7; /* shorter than any RTCP packet */
    g_assert_cmpint(look(frame, 9, &head), ==, HIK_LOOK_NO);
    frame[1] = 8;
    frame[5] = 2; /* the report is longer than the frame */
    g_assert_cmpint(look(frame, sizeof frame, &head), ==, HIK_LOOK_NO);
}

static void test_kinds(void)
{
    struct hik_framing framing;
    GByteArray *bytes = g_byte_array_new();

    add_length(bytes, 40);
    add_packet(bytes, 1, 40);
    g_assert_true(detect(bytes, true, 0, &framing));
    g_assert_cmpint(framing.kind, ==, HIK_FRAMING_RFC4571);
    g_assert_cmpuint(framing.head, ==, 2);

    bytes = g_byte_array_new();
    add(bytes, 2, '$', 0);
    add_length(bytes, 40);
    add_packet(bytes, 1, 40);
    g_assert_true(detect(bytes, true, 0, &framing));
    g_assert_cmpint(framing.kind, ==, HIK_FRAMING_DOLLAR);
    g_assert_cmpuint(framing.head, ==, 4);

    bytes = g_byte_array_new();
    add_packet(bytes, 1, 40);
    add_packet(bytes, 2, 40);
    g_assert_true(detect(bytes, true, 0, &framing));
    g_assert_cmpint(framing.kind, ==, HIK_FRAMING_NONE);
    g_assert_cmpuint(framing.head, ==, 0);

    bytes = g_byte_array_new();
    fill(bytes, 6, 'H');
    add_packet(bytes, 1, 40);
    fill(bytes, 6, 'H');
    add_packet(bytes, 2, 40);
    g_assert_true(detect(bytes, true, 0, &framing));
    g_assert_cmpint(framing.kind, ==, HIK_FRAMING_NONE);
    g_assert_cmpuint(framing.head, ==, 6);
}

/* A maker's head of 64 bytes, its length included, is looked behind; one of 65 is not. */
static void test_head(void)
{
    for (unsigned head = 64; head <= 65; head++) {
        struct hik_framing framing;
        GByteArray *bytes = g_byte_array_new();
        bool found;

        fill(bytes, head - 2, 'H');
        add_length(bytes, 40);
        add_packet(bytes, 1, 40);
        found = detect(bytes, true, 0, &framing);
        g_assert_true(found == (head == 64));
        if (found) {
            g_assert_cmpint(framing.kind, ==, HIK_FRAMING_HEAD);
            g_assert_cmpuint(framing.head, ==, 64);
        }
    }
    /* the same between two packets, behind a greeting */
    for (unsigned head = 64; head <= 65; head++) {
        struct hik_framing framing;
        GByteArray *bytes = g_byte_array_new();

        fill(bytes, 100, 'g');
        for (unsigned seq = 1; seq < 3; seq++) {
            fill(bytes, head - 2, 'H');
            add_length(bytes, 40);
            add_packet(bytes, seq, 40);
        }
        g_assert_true(detect(bytes, true, 0, &framing) == (head == 64));
    }
}

/* A packet that goes on behind the bytes that came: its length is believed up to 1500. */
static void test_plausible(void)
{
    for (unsigned length = 1500; length <= 1501; length++) {
        struct hik_framing framing;
        GByteArray *bytes = g_byte_array_new();

        fill(bytes, 6, 'H');
        add_length(bytes, length);
        add_packet(bytes, 1, 40);
        g_assert_true(detect(bytes, true, 0, &framing));
        g_assert_cmpint(framing.kind, ==, length == 1500 ? HIK_FRAMING_HEAD : HIK_FRAMING_NONE);
        g_assert_cmpuint(framing.head, ==, 8);
    }
}

/* RTP that begins in byte 1499 is looked for, in byte 1500 not. */
static void test_greeting(void)
{
    for (unsigned at = 1499; at <= 1500; at++) {
        struct hik_framing framing;
        GByteArray *bytes = g_byte_array_new();

        fill(bytes, at - 4, 'g');
        add(bytes, 2, '$', 0);
        add_length(bytes, 40);
        add_packet(bytes, 1, 40);
        g_assert_true(detect(bytes, true, 0, &framing) == (at == 1499));
        if (at == 1499)
            g_assert_cmpint(framing.kind, ==, HIK_FRAMING_DOLLAR);
    }
}

/* Without a program stream an SSRC has to be known, or come twice. */
static void test_ssrc(void)
{
    for (unsigned frames = 1; frames <= 2; frames++)
        for (unsigned known = 0; known <= 1; known++) {
            struct hik_framing framing;
            GByteArray *bytes = g_byte_array_new();

            fill(bytes, 5, 'x'); /* the rest of a frame */
            for (unsigned i = 0; i < frames; i++) {
                add_length(bytes, 20);
                add(bytes, 12, 0x80, 8, 0, i, 0, 0, 0, 0, 1, 2, 3, 4);
                fill(bytes, 8, 0x55);
            }
            g_assert_true(detect(bytes, false, known ? SSRC : 0, &framing) == (frames == 2 || known));
        }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rtp-framing/rtcp", test_rtcp);
    g_test_add_func("/rtp-framing/kinds", test_kinds);
    g_test_add_func("/rtp-framing/head", test_head);
    g_test_add_func("/rtp-framing/plausible", test_plausible);
    g_test_add_func("/rtp-framing/greeting", test_greeting);
    g_test_add_func("/rtp-framing/ssrc", test_ssrc);
    return g_test_run();
}
