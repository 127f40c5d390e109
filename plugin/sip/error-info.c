/* error-info.c
 * Reads <ErrorInfo> with its code and text, however the platform spells it. Linear, no allocation.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "error-info.h"

#include <string.h>

static uint32_t view_end(struct hik_view v)
{
    return v.off + v.len;
}

static struct hik_view view_between(uint32_t from, uint32_t to)
{
    struct hik_view v = { from, to > from ? to - from : 0 };
    return v;
}

static bool begins_with(const uint8_t *buf, uint32_t pos, uint32_t end, const char *text)
{
    size_t len = strlen(text);

    return end - pos >= len && memcmp(buf + pos, text, len) == 0;
}

bool hik_error_info_parse(const uint8_t *buf, struct hik_view body, struct hik_error_info *out)
{
    uint32_t pos = body.off, end = view_end(body);
    bool found = false;

    memset(out, 0, sizeof *out);
    while (pos < end) {
        struct hik_view *target = NULL;
        struct hik_view name;
        uint32_t from;

        if (buf[pos++] != '<')
            continue;
        if (begins_with(buf, pos, end, "!--")) {
            while (pos < end && !begins_with(buf, pos, end, "-->"))
                pos++;
            continue;
        }
        from = pos;
        while (pos < end && buf[pos] > ' ' && buf[pos] != '>' && buf[pos] != '/' && buf[pos] != '<')
            pos++;
        name = view_between(from, pos);
        if (hik_view_is(buf, name, "ErrorInfo")) {
            found = true;
            continue;
        }
        if (hik_view_is(buf, name, "ErrorCode"))
            target = &out->code;
        else if (hik_view_is(buf, name, "ErrorDescripe") || hik_view_is(buf, name, "ErrorDescribe") ||
                 hik_view_is(buf, name, "ErrorDesc"))
            target = &out->text;
        if (!found || target == NULL || target->len > 0)
            continue;

        while (pos < end && buf[pos] != '>' && buf[pos] != '<')
            pos++;
        if (pos == end || buf[pos] != '>' || buf[pos - 1] == '/')
            continue;
        pos++;
        if (begins_with(buf, pos, end, "<![CDATA[")) {
            from = pos + 9;
            for (pos = from; pos < end && !begins_with(buf, pos, end, "]]>");)
                pos++;
        } else {
            for (from = pos; pos < end && buf[pos] != '<' && buf[pos] != 0;)
                pos++;
        }
        *target = hik_view_trim(buf, view_between(from, pos));
        if (target->len == 0)
            target->off = 0;
    }
    return found;
}
