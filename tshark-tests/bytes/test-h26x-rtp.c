/* test-h26x-rtp.c
 * Byte tests of video in RTP without a program stream.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "h26x-rtp.h"

#include <string.h>

#include <glib.h>

static const uint8_t h264_sps[] = { 0x67, 0x42, 0xc0, 0x1f, 0xda, 0x01, 0x40, 0x16, 0xec, 0x04, 0x40, 0x00, 0x00,
                                    0x03, 0x00, 0x40, 0x00, 0x00, 0x0c, 0x83, 0xc6, 0x0c, 0xa8 };
static const uint8_t h264_pps[] = { 0x68, 0xce, 0x0f, 0xc8 };

/* Feeds a copy of just that size. */
static bool feed(struct hik_h26x_rtp *video, uint32_t *seq, uint32_t timestamp, const uint8_t *data, size_t len)
{
    uint8_t *copy = g_malloc(len ? len : 1);
    bool other;

    memcpy(copy, data, len);
    other = hik_h26x_rtp_feed(video, ++*seq, timestamp, copy, len);
    g_free(copy);
    return other;
}

static void test_h264(void)
{
    static const uint8_t idr_first[] = { 0x65, 0x88, 0x84, 1 }, idr_second[] = { 0x65, 0x08, 0x84, 1 };
    static const uint8_t fu_begin[] = { 0x7c, 0x81, 0x9a, 1 }, fu_end[] = { 0x7c, 0x41, 0x9a, 1 };
    struct hik_h26x_rtp video = { .codec = HIK_ES_H264 };
    const struct hik_h26x_count *count = hik_h26x_count(&video);
    uint8_t stap[1 + 2 + sizeof h264_sps + 2 + sizeof h264_pps] = { 0x78, 0, sizeof h264_sps };
    uint32_t seq = 0;

    memcpy(stap + 3, h264_sps, sizeof h264_sps);
    stap[3 + sizeof h264_sps + 1] = sizeof h264_pps;
    memcpy(stap + 3 + sizeof h264_sps + 2, h264_pps, sizeof h264_pps);
    for (uint32_t n = 0; n < 10; n++) {
        g_assert_false(feed(&video, &seq, n * 3600, stap, sizeof stap));
        g_assert_false(feed(&video, &seq, n * 3600, idr_first, sizeof idr_first));
        g_assert_false(feed(&video, &seq, n * 3600, idr_second, sizeof idr_second));
        g_assert_false(feed(&video, &seq, n * 3600 + 1800, fu_begin, sizeof fu_begin));
        g_assert_false(feed(&video, &seq, n * 3600 + 1800, fu_end, sizeof fu_end));
    }
    g_assert_cmpuint(count->frames, ==, 20);
    g_assert_cmpuint(count->key_frames, ==, 10);
    g_assert_cmpuint(count->width, ==, 1280);
    g_assert_cmpuint(count->height, ==, 720);
    g_assert_true(count->rate_from_sps && count->frame_rate == 25.0);
}

/* Between one and a thousand pictures per second. */
static void test_rate_edges(void)
{
    static const uint8_t slice[] = { 0x41, 0x9a, 0x21, 1 };
    static const struct {
        uint32_t step;
        double rate;
    } rows[] = { { 89, 0 }, { 90, 1000 }, { 90000, 1 }, { 90001, 0 } };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct hik_h26x_rtp video = { .codec = HIK_ES_H264 };
        uint32_t seq = 0;

        for (uint32_t n = 0; n < 3; n++)
            feed(&video, &seq, n * rows[i].step, slice, sizeof slice);
        g_assert_cmpfloat(hik_h26x_count(&video)->frame_rate, ==, rows[i].rate);
    }
}

/* The 64th packet can still tell that the codec is another than declared, the 65th cannot. */
static void test_looked_at(void)
{
    static const uint8_t slice[] = { 0x41, 0x9a, 0x21, 1 };

    for (unsigned before = 63; before <= 64; before++) {
        struct hik_h26x_rtp video = { .codec = HIK_ES_H265 };
        uint32_t seq = 0;

        for (unsigned n = 0; n < before; n++)
            g_assert_false(feed(&video, &seq, 0, slice, sizeof slice));
        g_assert_true(feed(&video, &seq, 0, h264_sps, sizeof h264_sps) == (before == 63));
    }
}

/* Rate by the time stamps, where there is no parameter set. */
static void test_rate(void)
{
    static const uint8_t slice[] = { 0x41, 0x9a, 0x21, 1 };
    struct hik_h26x_rtp video = { .codec = HIK_ES_H264 };
    uint32_t seq = 0;

    for (uint32_t n = 0; n < 5; n++)
        feed(&video, &seq, UINT32_MAX - 5000 + n * 3000, slice, sizeof slice);
    g_assert_true(hik_h26x_count(&video)->frame_rate == 30.0);
}

/* Declared to be H.264: what came before that became clear counts too. */
static void test_h265_called_h264(void)
{
    static const uint8_t vps[] = { 0x40, 0x01, 0x0c, 0x01, 0xff }, idr[] = { 0x26, 0x01, 0xaf, 1 };
    static const uint8_t trail[] = { 0x02, 0x01, 0xd0, 1 }, fu_idr[] = { 0x62, 0x01, 0x93, 0xaf, 1 };
    struct hik_h26x_rtp video = { .codec = HIK_ES_H264 };
    unsigned others = 0;
    uint32_t seq = 0;

    others += feed(&video, &seq, 0, vps, sizeof vps);
    others += feed(&video, &seq, 0, idr, sizeof idr);
    for (uint32_t n = 1; n < 200; n++)
        others += n == 100 ? feed(&video, &seq, n * 3600, fu_idr, sizeof fu_idr) : feed(&video, &seq, n * 3600, trail, sizeof trail);
    g_assert_cmpuint(others, ==, 1);
    g_assert_cmpint(video.codec, ==, HIK_ES_H265);
    g_assert_cmpuint(hik_h26x_count(&video)->frames, ==, 200);
    g_assert_cmpuint(hik_h26x_count(&video)->key_frames, ==, 2);
}

/* Any bytes, of any length: nothing is read behind the end, and noise is no video. */
static void test_noise(void)
{
    struct hik_h26x_rtp video = { .codec = HIK_ES_UNKNOWN };
    GRand *random = g_rand_new_with_seed(4);
    uint32_t seq = 0;

    g_assert_null(hik_h26x_count(&video));
    for (unsigned n = 0; n < 2000; n++) {
        uint8_t data[64];
        size_t len = (size_t)g_rand_int_range(random, 0, sizeof data);

        for (size_t i = 0; i < len; i++)
            data[i] = (uint8_t)g_rand_int(random);
        g_assert_false(feed(&video, &seq, n, data, len));
    }
    g_assert_null(hik_h26x_count(&video));
    for (int first = 0; first < 256; first++) {
        const uint8_t data[] = { (uint8_t)first, 0xff, 0xff, 0xff };

        for (unsigned codec = HIK_ES_H264; codec <= HIK_ES_H265; codec++)
            for (size_t len = 0; len <= sizeof data; len++) {
                struct hik_h26x_rtp one = { .codec = (uint8_t)codec };
                feed(&one, &seq, 0, data, len);
            }
    }
    g_rand_free(random);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/h26x-rtp/h264", test_h264);
    g_test_add_func("/h26x-rtp/rate", test_rate);
    g_test_add_func("/h26x-rtp/rate-edges", test_rate_edges);
    g_test_add_func("/h26x-rtp/looked-at", test_looked_at);
    g_test_add_func("/h26x-rtp/h265-called-h264", test_h265_called_h264);
    g_test_add_func("/h26x-rtp/noise", test_noise);
    return g_test_run();
}
