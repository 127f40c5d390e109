/* view.c
 * Pieces of text where they stand in a packet.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "view.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static uint8_t lower(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') ? (uint8_t)(c + ('a' - 'A')) : c;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct hik_view hik_view_trim(const uint8_t *buf, struct hik_view v)
{
    while (v.len > 0 && is_space(buf[v.off])) {
        v.off++;
        v.len--;
    }
    while (v.len > 0 && is_space(buf[v.off + v.len - 1]))
        v.len--;
    return v;
}

bool hik_view_is(const uint8_t *buf, struct hik_view v, const char *text)
{
    uint32_t i;

    for (i = 0; i < v.len; i++) {
        if (text[i] == '\0' || lower(buf[v.off + i]) != lower((uint8_t)text[i]))
            return false;
    }
    return text[v.len] == '\0';
}

bool hik_view_uint(const uint8_t *buf, struct hik_view v, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    uint32_t i;

    if (v.len == 0)
        return false;
    for (i = 0; i < v.len; i++) {
        uint8_t c = buf[v.off + i];
        uint64_t digit;

        if (!is_digit(c))
            return false;
        digit = (uint64_t)(c - '0');
        if (digit > max || value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}
