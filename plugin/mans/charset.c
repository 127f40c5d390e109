/* charset.c
 * GB 18030 (which contains GB 2312 and GBK) and UTF-8 (RFC 3629): telling them apart and converting.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "charset.h"

#include <string.h>

#include <glib.h>

enum hik_charset hik_charset_of_name(const uint8_t *name, size_t len)
{
    char plain[16];
    size_t n = 0, i;

    /* "GB_2312-80", "gb 18030" and "GB2312" are one name: letters and digits tell. */
    for (i = 0; i < len && n < sizeof plain - 1; i++) {
        if (g_ascii_isalnum(name[i]))
            plain[n++] = g_ascii_tolower((char)name[i]);
    }
    plain[n] = '\0';
    if (strncmp(plain, "gb2312", 6) == 0 || strncmp(plain, "gbk", 3) == 0 || strncmp(plain, "gb18030", 7) == 0 ||
        strcmp(plain, "gb") == 0 || strcmp(plain, "cp936") == 0 || strcmp(plain, "windows936") == 0 ||
        strcmp(plain, "euccn") == 0 || strcmp(plain, "hzgb2312") == 0 || strcmp(plain, "chinese") == 0)
        return HIK_CHARSET_GB;
    if (strcmp(plain, "utf8") == 0)
        return HIK_CHARSET_UTF8;
    return HIK_CHARSET_UNKNOWN;
}

bool hik_charset_is_foreign(const uint8_t *name, size_t len)
{
    static const char *const names[] = { "ISO-8859", "ISO8859", "US-ASCII", "ASCII", "LATIN", "WINDOWS-125", "CP125" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        if (len >= strlen(names[i]) && g_ascii_strncasecmp((const char *)name, names[i], strlen(names[i])) == 0)
            return true;
    }
    return false;
}

/* Length of the well-formed UTF-8 sequence at p (RFC 3629 section 4: no overlong forms, no surrogates); 0 if there is
 * none; -1 if it would be one but the text ends inside it. */
static int sequence(const uint8_t *p, size_t left)
{
    uint8_t low = 0x80, high = 0xBF;
    int need, i;

    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xC2 && p[0] <= 0xDF) {
        need = 2;
    } else if (p[0] >= 0xE0 && p[0] <= 0xEF) {
        need = 3;
        if (p[0] == 0xE0)
            low = 0xA0;
        else if (p[0] == 0xED)
            high = 0x9F;
    } else if (p[0] >= 0xF0 && p[0] <= 0xF4) {
        need = 4;
        if (p[0] == 0xF0)
            low = 0x90;
        else if (p[0] == 0xF4)
            high = 0x8F;
    } else {
        return 0;
    }
    for (i = 1; i < need; i++) {
        if ((size_t)i >= left)
            return -1;
        if (p[i] < low || p[i] > high)
            return 0;
        low = 0x80;
        high = 0xBF;
    }
    return need;
}

static void scan_utf8(const uint8_t *text, size_t len, struct hik_utf8_scan *out)
{
    size_t i = 0;

    memset(out, 0, sizeof *out);
    out->valid = true;
    while (i < len) {
        uint64_t eight;
        int n;

        if (text[i] < 0x80) {
            i++;
            while (len - i >= sizeof eight) { /* nearly all of a body is ASCII */
                memcpy(&eight, text + i, sizeof eight);
                if (eight & UINT64_C(0x8080808080808080))
                    break;
                i += sizeof eight;
            }
            continue;
        }
        n = sequence(text + i, len - i);
        if (n < 0) {
            out->cut = true;
            return;
        }
        if (n == 0) {
            out->valid = false;
            return;
        }
        if (n == 2)
            out->two++;
        else
            out->longer++;
        i += (size_t)n;
    }
}

void hik_charset_decide(const uint8_t *body, size_t len, enum hik_charset declared, struct hik_charset_choice *out)
{
    struct hik_utf8_scan utf8;

    memset(out, 0, sizeof *out);
    if (len >= 3 && memcmp(body, "\xEF\xBB\xBF", 3) == 0) {
        out->charset = HIK_CHARSET_UTF8;
        scan_utf8(body + 3, len - 3, &utf8);
        out->ascii_only = utf8.valid && !utf8.cut && utf8.two == 0 && utf8.longer == 0;
        out->mismatch = declared == HIK_CHARSET_GB && !out->ascii_only;
        return;
    }
    scan_utf8(body, len, &utf8);
    if (utf8.valid && utf8.two == 0 && utf8.longer == 0) {
        /* Plain ASCII, or nothing but one character cut at the end. */
        out->ascii_only = !utf8.cut;
        out->charset = declared == HIK_CHARSET_GB ? HIK_CHARSET_GB : HIK_CHARSET_UTF8;
        return;
    }
    if (declared == HIK_CHARSET_GB) {
        /* Chinese in UTF-8 is three bytes a character. Two GB bytes that happen to be one two-byte sequence (Latin,
         * Greek, Cyrillic letters) are no proof against the declaration. */
        out->charset = utf8.valid && utf8.longer > 0 ? HIK_CHARSET_UTF8 : HIK_CHARSET_GB;
        out->mismatch = out->charset == HIK_CHARSET_UTF8;
        return;
    }
    out->charset = utf8.valid ? HIK_CHARSET_UTF8 : HIK_CHARSET_GB;
    out->mismatch = declared == HIK_CHARSET_UTF8 && out->charset == HIK_CHARSET_GB;
}

/* The converter keeps no state between two texts (it is reset), so one serves the whole program. */
static GIConv gb_converter(void)
{
    static GIConv converter = (GIConv)-1;

    if (converter == (GIConv)-1)
        converter = g_iconv_open("UTF-8", "GB18030");
    if (converter == (GIConv)-1)
        converter = g_iconv_open("UTF-8", "GBK");
    return converter;
}

static const char replacement[] = "\xEF\xBF\xBD";

/* Returns the length written; *bad says whether something had to be replaced. */
static size_t from_gb(const uint8_t *text, size_t len, char *out, bool *bad)
{
    GIConv converter = gb_converter();
    size_t i = 0, n = 0;

    *bad = false;
    while (i < len) {
        size_t run = i;
        char *in, *to;
        gsize in_left, out_left;

        if (text[i] < 0x80) {
            if (text[i] == 0) {
                memcpy(out + n, replacement, 3);
                n += 3;
                *bad = true;
            } else {
                out[n++] = (char)text[i];
            }
            i++;
            continue;
        }
        /* Convert up to the next NUL; iconv stops at the first thing that is no character. */
        while (run < len && text[run] != 0)
            run++;
        if (converter != (GIConv)-1) {
            in = (char *)(uintptr_t)(text + i);
            in_left = run - i;
            to = out + n;
            out_left = 3 * in_left;
            g_iconv(converter, NULL, NULL, NULL, NULL);
            (void)g_iconv(converter, &in, &in_left, &to, &out_left);
            n = (size_t)(to - out);
            i = run - in_left;
        }
        if (i < run) {
            memcpy(out + n, replacement, 3);
            n += 3;
            i++;
            *bad = true;
        }
    }
    out[n] = '\0';
    return n;
}

static size_t from_utf8(const uint8_t *text, size_t len, char *out, bool *bad)
{
    size_t i = 0, n = 0;

    *bad = false;
    while (i < len) {
        int step = text[i] == 0 ? 0 : sequence(text + i, len - i);

        if (step <= 0) {
            memcpy(out + n, replacement, 3);
            n += 3;
            i++;
            *bad = true;
            continue;
        }
        memcpy(out + n, text + i, (size_t)step);
        n += (size_t)step;
        i += (size_t)step;
    }
    out[n] = '\0';
    return n;
}

size_t hik_charset_to_utf8(enum hik_charset charset, const uint8_t *text, size_t len, char *out, bool *other)
{
    struct hik_utf8_scan utf8;
    bool bad;
    size_t n;

    *other = false;
    /* Most values are IDs and numbers. */
    for (n = 0; n < len && text[n] > 0 && text[n] < 0x80; n++)
        out[n] = (char)text[n];
    if (n == len) {
        out[n] = '\0';
        return n;
    }
    if (charset == HIK_CHARSET_GB) {
        /* GB text that is at once nothing but three-byte UTF-8 would have to be of rare characters only. */
        scan_utf8(text, len, &utf8);
        if (utf8.valid && !utf8.cut && utf8.longer > 0 && utf8.two == 0 && !memchr(text, 0, len)) {
            *other = true;
            return from_utf8(text, len, out, &bad);
        }
        return from_gb(text, len, out, &bad);
    }
    n = from_utf8(text, len, out, &bad);
    if (!bad || memchr(text, 0, len))
        return n;
    n = from_gb(text, len, out, &bad);
    if (!bad) {
        *other = true;
        return n;
    }
    return from_utf8(text, len, out, &bad);
}
