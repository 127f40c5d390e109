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

/* Numbers that the device network SDK documents, as far as a call can meet them; and the platforms' own. In order. */
static const struct {
    uint32_t code;
    const char *meaning;
} meanings[] = {
#define SDK "device SDK: "
    {1, SDK "wrong user name or password"},
    {2, SDK "the user has no right to do this"},
    {4, SDK "no such channel"},
    {5, SDK "too many clients are connected to the device"},
    {6, SDK "SDK and device have different versions"},
    {7, SDK "no connection to the device"},
    {8, SDK "sending to the device failed"},
    {9, SDK "receiving from the device failed"},
    {10, SDK "the device did not answer in time"},
    {11, SDK "the data that came is wrong"},
    {12, SDK "wrong order of calls"},
    {13, SDK "no right to do this"},
    {14, SDK "the device did not finish the command in time"},
    {17, SDK "wrong parameter"},
    {18, SDK "the channel of the device is in trouble"},
    {19, SDK "the device has no disk"},
    {21, SDK "the disk is full"},
    {22, SDK "the disk is faulty"},
    {23, SDK "the device does not support this"},
    {24, SDK "the device is busy"},
    {28, SDK "the device is out of resources"},
    {29, SDK "the device could not do it"},
    {31, SDK "somebody else talks over the device already"},
    {32, SDK "the time is wrong"},
    {33, SDK "no such recording"},
    {41, SDK "resources could not be allocated"},
    {46, SDK "the greatest number is reached"},
    {47, SDK "no such user"},
    {52, SDK "the greatest number of users is reached"},
    {54, SDK "the channel is not encoded"},
    {55, SDK "the IP address does not fit"},
    {73, SDK "the connection was closed, or the device cannot be reached"},
    {83, SDK "the IP channel is offline"},
    {86, SDK "too many IP channels"},
    {89, SDK "the decoder or encoder unit is offline"},
    {91, SDK "the channel does not support this"},
    {401, SDK "RTSP: no right, or wrong user name or password"},
    {402, SDK "RTSP: resources could not be allocated"},
    {403, SDK "RTSP: wrong parameter"},
    {407, SDK "RTSP: no port"},
    {410, SDK "RTSP: DESCRIBE failed"},
    {413, SDK "RTSP: no answer to DESCRIBE in time"},
    {416, SDK "RTSP: DESCRIBE was refused"},
    {423, SDK "RTSP: no answer to SETUP in time"},
    {426, SDK "RTSP: SETUP was refused, too many connections maybe"},
    {433, SDK "RTSP: no answer to PLAY in time"},
    {436, SDK "RTSP: PLAY was refused"},
    {800, SDK "more traffic than the device can handle"},
    {0x02201034, "the platform could not parse the request"},
#undef SDK
};

/* 0x and up to eight digits. */
static bool hex_number(const uint8_t *buf, struct hik_view v, uint64_t *value)
{
    if (v.len < 3 || v.len > 10 || buf[v.off] != '0' || (buf[v.off + 1] | 0x20) != 'x')
        return false;
    *value = 0;
    for (uint32_t i = 2; i < v.len; i++) {
        uint8_t c = buf[v.off + i] | 0x20;

        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
            return false;
        *value = *value * 16 + (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return true;
}

const char *hik_error_code_meaning(const uint8_t *buf, struct hik_view code)
{
    struct hik_view v = hik_view_trim(buf, code);
    uint64_t value;

    if (!hik_view_uint(buf, v, UINT32_MAX, &value) && !hex_number(buf, v, &value))
        return NULL;
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (meanings[i].code == value)
            return meanings[i].meaning;
    return NULL;
}
