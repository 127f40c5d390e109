/* test-charset.c
 * Byte tests of the charset decision and of the conversion to UTF-8.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "charset.h"

#include <locale.h>
#include <string.h>

#include <glib.h>

#define DONG_MEN_GB "\xB6\xAB\xC3\xC5"
#define DONG_MEN_UTF8 "\xE4\xB8\x9C\xE9\x97\xA8"
#define REPLACED "\xEF\xBF\xBD"

static void test_names(void)
{
    static const struct {
        const char *name;
        enum hik_charset charset;
    } names[] = {
        { "GB2312", HIK_CHARSET_GB },      { "gb2312", HIK_CHARSET_GB },   { "GB_2312-80", HIK_CHARSET_GB },
        { "GBK", HIK_CHARSET_GB },         { "GB18030", HIK_CHARSET_GB },  { "gb-18030", HIK_CHARSET_GB },
        { "GB18030-2022", HIK_CHARSET_GB }, { "CP936", HIK_CHARSET_GB },   { "windows-936", HIK_CHARSET_GB },
        { "EUC-CN", HIK_CHARSET_GB },      { "GB", HIK_CHARSET_GB },       { "UTF-8", HIK_CHARSET_UTF8 },
        { "utf8", HIK_CHARSET_UTF8 },      { " UTF-8 ", HIK_CHARSET_UTF8 }, { "", HIK_CHARSET_UNKNOWN },
        { "ISO-8859-1", HIK_CHARSET_UNKNOWN }, { "UTF-16", HIK_CHARSET_UNKNOWN },
        { "a-very-long-name-of-a-charset-that-nobody-has-ever-seen", HIK_CHARSET_UNKNOWN },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(names); i++)
        g_assert_cmpint(hik_charset_of_name((const uint8_t *)names[i].name, strlen(names[i].name)), ==, names[i].charset);
}

static void check(const char *body, enum hik_charset declared, enum hik_charset charset, bool ascii_only, bool mismatch)
{
    struct hik_charset_choice choice;

    hik_charset_decide((const uint8_t *)body, strlen(body), declared, &choice);
    g_assert_cmpint(choice.charset, ==, charset);
    g_assert_cmpint(choice.ascii_only, ==, ascii_only);
    g_assert_cmpint(choice.mismatch, ==, mismatch);
}

static void test_decide(void)
{
    /* what is declared is true */
    check("<a>" DONG_MEN_GB "</a>", HIK_CHARSET_GB, HIK_CHARSET_GB, false, false);
    check("<a>" DONG_MEN_UTF8 "</a>", HIK_CHARSET_UTF8, HIK_CHARSET_UTF8, false, false);
    /* what is declared is not */
    check("<a>" DONG_MEN_UTF8 "</a>", HIK_CHARSET_GB, HIK_CHARSET_UTF8, false, true);
    check("<a>" DONG_MEN_GB "</a>", HIK_CHARSET_UTF8, HIK_CHARSET_GB, false, true);
    /* nothing is declared */
    check("<a>" DONG_MEN_UTF8 "</a>", HIK_CHARSET_UNKNOWN, HIK_CHARSET_UTF8, false, false);
    check("<a>" DONG_MEN_GB "</a>", HIK_CHARSET_UNKNOWN, HIK_CHARSET_GB, false, false);
    /* ASCII fits everything */
    check("<a>1</a>", HIK_CHARSET_GB, HIK_CHARSET_GB, true, false);
    check("<a>1</a>", HIK_CHARSET_UTF8, HIK_CHARSET_UTF8, true, false);
    check("<a>1</a>", HIK_CHARSET_UNKNOWN, HIK_CHARSET_UTF8, true, false);
    check("", HIK_CHARSET_UNKNOWN, HIK_CHARSET_UTF8, true, false);
    /* a byte order mark decides */
    check("\xEF\xBB\xBF<a>" DONG_MEN_UTF8 "</a>", HIK_CHARSET_GB, HIK_CHARSET_UTF8, false, true);
    check("\xEF\xBB\xBF<a>1</a>", HIK_CHARSET_GB, HIK_CHARSET_UTF8, true, false);
    /* GB bytes that could be two-byte UTF-8: the declaration holds */
    check("<a>\xC2\xAE</a>", HIK_CHARSET_GB, HIK_CHARSET_GB, false, false);
    /* a character cut at the end is no proof of anything */
    check("<a>" DONG_MEN_UTF8 "\xE4\xB8", HIK_CHARSET_GB, HIK_CHARSET_UTF8, false, true);
    check("<a>\xE4", HIK_CHARSET_GB, HIK_CHARSET_GB, false, false);
    /* "Unicom" in GB 2312, the classic of charset guessing: C1 begins no UTF-8 */
    check("<a>\xC1\xAA\xCD\xA8</a>", HIK_CHARSET_UNKNOWN, HIK_CHARSET_GB, false, false);
}

static void convert(enum hik_charset charset, const char *text, size_t len, const char *expected, bool expected_other)
{
    uint8_t *in = g_malloc(len ? len : 1);
    char *out = g_malloc(HIK_CHARSET_ROOM(len));
    bool other;
    size_t n;

    memcpy(in, text, len);
    n = hik_charset_to_utf8(charset, in, len, out, &other);
    g_assert_cmpstr(out, ==, expected);
    g_assert_cmpuint(n, ==, strlen(expected));
    g_assert_cmpint(other, ==, expected_other);
    g_assert_true(g_utf8_validate(out, (gssize)n, NULL));
    g_free(in);
    g_free(out);
}

#define CONVERT(charset, text, expected, other) convert(charset, text, sizeof(text) - 1, expected, other)

/* Wine has GBK only, which lacks the characters of four bytes. Everywhere else this is true. */
static bool has_gb18030(void)
{
    GIConv converter = g_iconv_open("UTF-8", "GB18030");

    if (converter == (GIConv)-1) {
#ifndef _WIN32
        g_assert_not_reached();
#endif
        return false;
    }
    g_iconv_close(converter);
    return true;
}

static void test_convert(void)
{
    CONVERT(HIK_CHARSET_GB, "", "", false);
    CONVERT(HIK_CHARSET_GB, "abc", "abc", false);
    CONVERT(HIK_CHARSET_GB, DONG_MEN_GB "1", DONG_MEN_UTF8 "1", false);
    CONVERT(HIK_CHARSET_UTF8, DONG_MEN_UTF8 "1", DONG_MEN_UTF8 "1", false);
    /* GBK beyond GB 2312, and a trail byte that is ASCII */
    CONVERT(HIK_CHARSET_GB, "\x96\x7C", "\xE6\x9D\xB1", false);
    /* GB 18030, four bytes: a character of the supplementary planes, and one of the basic plane */
    if (has_gb18030()) {
        CONVERT(HIK_CHARSET_GB, "\x95\x32\x82\x36", "\xF0\xA0\x80\x80", false);
        CONVERT(HIK_CHARSET_GB, "\x81\x39\xEE\x39", "\xE3\x90\x80", false);
    } else {
        CONVERT(HIK_CHARSET_GB, "\x95\x32\x82\x36", REPLACED "2" REPLACED "6", false);
        CONVERT(HIK_CHARSET_GB, "\x81\x39\xEE\x39", REPLACED "9" REPLACED "9", false);
    }
    /* what is no character */
    CONVERT(HIK_CHARSET_GB, "a\xFF" "b", "a" REPLACED "b", false);
    CONVERT(HIK_CHARSET_GB, DONG_MEN_GB "\xB6", DONG_MEN_UTF8 REPLACED, false);
    CONVERT(HIK_CHARSET_GB, "a\0b", "a" REPLACED "b", false);
    CONVERT(HIK_CHARSET_UTF8, "a\0b", "a" REPLACED "b", false);
    CONVERT(HIK_CHARSET_UTF8, "\xFF\xFE", REPLACED REPLACED, false);
    if (has_gb18030())
        CONVERT(HIK_CHARSET_UTF8, "\xED\xA0\x80", REPLACED REPLACED REPLACED, false);
    else /* Windows' GBK has the euro at 80 */
        CONVERT(HIK_CHARSET_UTF8, "\xED\xA0\x80", "\xE9\xA0\x8E\xE2\x82\xAC", true);
    CONVERT(HIK_CHARSET_UTF8, "\xC0\x20", REPLACED " ", false);
    /* one value of another maker in the body */
    CONVERT(HIK_CHARSET_UTF8, DONG_MEN_GB, DONG_MEN_UTF8, true);
    CONVERT(HIK_CHARSET_GB, "\xE9\x97\xA8", "\xE9\x97\xA8", true);
}

static void test_locale(void)
{
    char *before = g_strdup(setlocale(LC_ALL, NULL));

    setlocale(LC_ALL, "C");
    CONVERT(HIK_CHARSET_GB, DONG_MEN_GB, DONG_MEN_UTF8, false);
    if (setlocale(LC_ALL, "POSIX"))
        CONVERT(HIK_CHARSET_GB, DONG_MEN_GB, DONG_MEN_UTF8, false);
    setlocale(LC_ALL, before);
    g_free(before);
}

/* All GB 2312 characters come out as one character each, and go back to the same bytes. */
static void test_all_of_gb2312(void)
{
    const char *name = has_gb18030() ? "GB18030" : "GBK";
    unsigned row, cell, count = 0;

    for (row = 0xB0; row <= 0xF7; row++) {
        for (cell = 0xA1; cell <= (row == 0xD7 ? 0xF9u : 0xFEu); cell++) {
            uint8_t in[2] = { (uint8_t)row, (uint8_t)cell };
            char out[HIK_CHARSET_ROOM(2)];
            char *back;
            gsize back_len;
            bool other;

            g_assert_cmpuint(hik_charset_to_utf8(HIK_CHARSET_GB, in, 2, out, &other), ==, 3);
            back = g_convert(out, 3, name, "UTF-8", NULL, &back_len, NULL);
            g_assert_cmpmem(back, back_len, in, 2);
            g_free(back);
            count++;
        }
    }
    g_assert_cmpuint(count, ==, 6763);
}

static void test_random(void)
{
    GRand *random = g_rand_new_with_seed(18030);
    unsigned i;

    for (i = 0; i < 20000; i++) {
        size_t len = (size_t)g_rand_int_range(random, 0, 40), j, n;
        uint8_t *in = g_malloc(len ? len : 1);
        char *out = g_malloc(HIK_CHARSET_ROOM(len));
        struct hik_charset_choice choice;
        bool other;

        for (j = 0; j < len; j++)
            in[j] = (uint8_t)g_rand_int_range(random, i % 2 ? 0x80 : 0, 256);
        hik_charset_decide(in, len, (enum hik_charset)(i % 3), &choice);
        g_assert_cmpint(choice.charset, !=, HIK_CHARSET_UNKNOWN);
        n = hik_charset_to_utf8(choice.charset, in, len, out, &other);
        g_assert_cmpuint(n, <, HIK_CHARSET_ROOM(len));
        g_assert_true(g_utf8_validate(out, (gssize)n, NULL));
        g_free(in);
        g_free(out);
    }
    g_rand_free(random);
}

static void test_foreign(void)
{
    static const char *const yes[] = { "ISO-8859-1", "iso8859-15", "us-ascii", "ASCII", "latin1", "Windows-1252" };
    static const char *const no[] = { "", "GB2312", "UTF-8", "UTF-16", "Windows-936", "CP936", "Big5", "ISO" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(yes); i++)
        g_assert_true(hik_charset_is_foreign((const uint8_t *)yes[i], strlen(yes[i])));
    for (i = 0; i < G_N_ELEMENTS(no); i++)
        g_assert_false(hik_charset_is_foreign((const uint8_t *)no[i], strlen(no[i])));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/charset/names", test_names);
    g_test_add_func("/charset/decide", test_decide);
    g_test_add_func("/charset/convert", test_convert);
    g_test_add_func("/charset/locale", test_locale);
    g_test_add_func("/charset/all-of-gb2312", test_all_of_gb2312);
    g_test_add_func("/charset/random", test_random);
    g_test_add_func("/charset/foreign", test_foreign);
    return g_test_run();
}
