/* xml-scan.c
 * Lenient forward scanner for MANSCDP bodies. XML 1.0 as far as the bytes allow.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "xml-scan.h"

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Bytes above 0x7F begin names too: a name in Chinese is well-formed. */
static bool begins_name(uint8_t c)
{
    return g_ascii_isalpha(c) || c == '_' || c == ':' || c >= 0x80;
}

static inline bool starts_with(const struct hik_xml *xml, uint32_t at, const char *text)
{
    size_t n = strlen(text);

    return xml->end - at >= n && memcmp(xml->buf + at, text, n) == 0;
}

/* Offset of the first c in [from, xml->end), or xml->end. */
static uint32_t find_byte(struct hik_xml *xml, uint32_t from, uint8_t c)
{
    const uint8_t *hit = from < xml->end ? memchr(xml->buf + from, c, xml->end - from) : NULL;
    uint32_t at = hit ? (uint32_t)(hit - xml->buf) : xml->end;

    xml->work += at - from;
    return at;
}

/* Offset behind the first "xx>" (twice the byte x, then '>') from `from` on; 0 if there is none. */
static uint32_t find_double_end(struct hik_xml *xml, uint32_t from, uint8_t x)
{
    uint32_t at = from;

    while ((at = find_byte(xml, at, '>')) < xml->end) {
        if (at >= from + 2 && xml->buf[at - 1] == x && xml->buf[at - 2] == x)
            return at + 1;
        at++;
    }
    return 0;
}

void hik_xml_start(struct hik_xml *xml, const uint8_t *buf, size_t len)
{
    uint32_t i;

    memset(xml, 0, sizeof *xml);
    xml->buf = buf;
    xml->len = len > UINT32_MAX ? UINT32_MAX : (uint32_t)len;
    xml->end = xml->len;
    for (i = xml->len; i > 0 && (buf[i - 1] == 0 || is_space(buf[i - 1])); i--) {
        if (buf[i - 1] == 0)
            xml->end = i - 1;
    }
    if (starts_with(xml, 0, "\xEF\xBB\xBF"))
        xml->pos = 3;
}

/* Is the '<' at `at` the start of a tag, a declaration or a processing instruction? */
static bool begins_tag(const struct hik_xml *xml, uint32_t at)
{
    uint32_t next = at + 1;

    if (next >= xml->end)
        return true; /* cut right behind the '<' */
    if (xml->buf[next] == '/') {
        for (next++; next < xml->end && next < at + 8 && is_space(xml->buf[next]); next++)
            ;
        return next >= xml->end || begins_name(xml->buf[next]);
    }
    if (xml->buf[next] == '!')
        return next + 1 >= xml->end || g_ascii_isalpha(xml->buf[next + 1]);
    return xml->buf[next] == '?' || begins_name(xml->buf[next]);
}

/* Does the text have an '&' that is no entity? */
static bool bare_ampersand(struct hik_xml *xml, uint32_t from, uint32_t to)
{
    uint32_t at = from;

    while (at < to) {
        const uint8_t *hit = memchr(xml->buf + at, '&', to - at);
        uint32_t i;

        if (!hit) {
            xml->work += to - at;
            return false;
        }
        i = (uint32_t)(hit - xml->buf) + 1;
        xml->work += i - at;
        at = i;
        while (i < to && i < at + 10 && (g_ascii_isalnum(xml->buf[i]) || xml->buf[i] == '#'))
            i++;
        if (i == at || i >= to || xml->buf[i] != ';')
            return true;
    }
    return false;
}

/* Reads text and CDATA from pos up to the next tag. False, with pos moved over white space, if there is none: then a
 * tag, a comment or the end stands at pos. */
static bool read_text(struct hik_xml *xml, struct hik_xml_node *out)
{
    uint32_t start, at, chunk, last;

    while (xml->pos < xml->end && is_space(xml->buf[xml->pos])) {
        xml->pos++;
        xml->work++;
    }
    start = at = chunk = xml->pos;
    while ((at = find_byte(xml, at, '<')) < xml->end) {
        uint32_t behind = 0;

        if (at + 1 < xml->end && (g_ascii_isalpha(xml->buf[at + 1]) ||
                                  (xml->buf[at + 1] == '/' && at + 2 < xml->end && g_ascii_isalpha(xml->buf[at + 2]))))
            break; /* nearly always */
        if (starts_with(xml, at, "<!--")) {
            if (!xml->no_comment_end) {
                behind = find_double_end(xml, at + 4, '-');
                xml->no_comment_end = behind == 0;
            }
            if (behind && at == start)
                return false;
        } else if (starts_with(xml, at, "<![CDATA[")) {
            if (!xml->no_cdata_end) {
                behind = find_double_end(xml, at + 9, ']');
                xml->no_cdata_end = behind == 0;
            }
            if (!behind) {
                out->faults |= HIK_XML_FAULT_CUT;
                at += 9;
                continue;
            }
        } else if (begins_tag(xml, at)) {
            break;
        }
        if (behind) {
            if (bare_ampersand(xml, chunk, at))
                out->faults |= HIK_XML_FAULT_AMPERSAND;
            at = chunk = behind;
        } else {
            out->faults |= HIK_XML_FAULT_LESS_THAN;
            at++;
        }
    }
    if (at == start)
        return false;
    if (bare_ampersand(xml, chunk, at))
        out->faults |= HIK_XML_FAULT_AMPERSAND;
    for (last = at; last > start && is_space(xml->buf[last - 1]); last--)
        xml->work++;
    out->kind = HIK_XML_TEXT;
    out->all.off = start;
    out->all.len = last - start;
    out->depth = xml->depth;
    if (xml->depth == 0)
        out->faults |= HIK_XML_FAULT_OUTSIDE;
    xml->pos = at;
    return true;
}

/* Reads a name at `at` up to white space or one of "/<>"; a namespace prefix is taken off. Returns its end. */
static uint32_t read_name(const struct hik_xml *xml, uint32_t at, struct hik_xml_piece *name)
{
    uint32_t start = at, colon = 0;

    for (; at < xml->end; at++) {
        uint8_t c = xml->buf[at];

        if (c > '>')
            continue;
        if (c == '>' || c == '<' || c == '/' || is_space(c))
            break;
        if (c == ':' && colon == 0)
            colon = at + 1;
    }
    if (colon > 0 && colon < at)
        start = colon;
    name->off = start;
    name->len = at - start;
    return at;
}

/* The end of a start tag whose name ends at `at`: the offset of its '>', or of what cuts it. Quoted values may hold a
 * '>', never a '<'; a quote that is never closed before the next '<' quotes nothing. */
static uint32_t find_tag_end(struct hik_xml *xml, uint32_t at, bool *cut)
{
    bool after_equals = false;

    *cut = false;
    while (at < xml->end) {
        uint8_t c = xml->buf[at];

        xml->work++;
        if (c == '>')
            return at;
        if (c == '<')
            break;
        if ((c == '"' || c == '\'') && after_equals) {
            uint32_t i = at + 1;

            while (i < xml->end && xml->buf[i] != c && xml->buf[i] != '<')
                i++;
            xml->work += i - at;
            if (i < xml->end && xml->buf[i] == c) {
                at = i;
            } else {
                const uint8_t *close = memchr(xml->buf + at, '>', i - at);

                *cut = true;
                return close ? (uint32_t)(close - xml->buf) : i;
            }
        }
        if (!is_space(c))
            after_equals = c == '=';
        at++;
    }
    *cut = true;
    return at;
}

static void read_open(struct hik_xml *xml, struct hik_xml_node *out)
{
    uint32_t start = xml->pos, at = read_name(xml, start + 1, &out->name), end = at, last;
    bool cut = false, has_end;

    xml->work += at - start;
    if (at >= xml->end || xml->buf[at] != '>')
        end = find_tag_end(xml, at, &cut);
    has_end = end < xml->end && xml->buf[end] == '>';
    if (cut || !has_end)
        out->faults |= HIK_XML_FAULT_CUT;
    last = end;
    while (last > at && is_space(xml->buf[last - 1]))
        last--;
    out->kind = HIK_XML_OPEN;
    if (last > at && xml->buf[last - 1] == '/') {
        last--;
        if (has_end)
            out->kind = HIK_XML_EMPTY;
    }
    out->attrs.off = at;
    out->attrs.len = last - at;
    xml->pos = has_end ? end + 1 : end;
    out->all.off = start;
    out->all.len = xml->pos - start;
    out->depth = xml->depth;
    if (xml->depth == 0 && !xml->had_root && hik_xml_is(xml->buf, out->name, "xml")) {
        out->kind = HIK_XML_DECLARATION;
        out->faults |= HIK_XML_FAULT_DECLARATION;
        if (out->attrs.len > 0 && xml->buf[out->attrs.off + out->attrs.len - 1] == '?')
            out->attrs.len--;
        return;
    }
    xml->had_root = true;
    if (out->kind == HIK_XML_OPEN) {
        if (xml->depth < HIK_XML_MAX_DEPTH)
            xml->open[xml->depth] = out->name;
        xml->depth++;
    }
}

static void close_top(struct hik_xml *xml, struct hik_xml_node *out)
{
    xml->depth--;
    out->kind = HIK_XML_CLOSE;
    out->depth = xml->depth;
    if (xml->depth < HIK_XML_MAX_DEPTH)
        out->name = xml->open[xml->depth];
}

/* A CLOSE that no end tag stands for. */
static void close_implied(struct hik_xml *xml, struct hik_xml_node *out)
{
    close_top(xml, out);
    out->faults = HIK_XML_FAULT_NO_END;
    out->all.off = xml->pos;
    out->all.len = 0;
}

static void read_close(struct hik_xml *xml, struct hik_xml_node *out)
{
    uint32_t start = xml->pos, at = start + 2;
    struct hik_xml_piece ended;
    unsigned i;

    while (at < xml->end && is_space(xml->buf[at]))
        at++;
    at = read_name(xml, at, &ended);
    out->name = ended;
    while (at < xml->end && xml->buf[at] != '<' && xml->buf[at] != '>')
        at++;
    xml->work += at - start;
    if (at < xml->end && xml->buf[at] == '>')
        at++;
    else
        out->faults |= HIK_XML_FAULT_CUT;
    out->all.off = start;
    out->all.len = at - start;

    if (xml->depth > HIK_XML_MAX_DEPTH) {
        xml->pos = at;
        close_top(xml, out);
        out->name = ended;
        return;
    }
    for (i = xml->depth; i > 0; i--) {
        const struct hik_xml_piece *open = &xml->open[i - 1];

        xml->work++;
        if (open->len == ended.len) {
            xml->work += ended.len;
            if (memcmp(xml->buf + open->off, xml->buf + ended.off, ended.len) == 0 ||
                g_ascii_strncasecmp((const char *)xml->buf + open->off, (const char *)xml->buf + ended.off,
                                    ended.len) == 0)
                break;
        }
    }
    if (i == 0) {
        out->kind = HIK_XML_OTHER;
        out->faults |= HIK_XML_FAULT_STRAY_END;
        out->depth = xml->depth;
        xml->pos = at;
        return;
    }
    if (i < xml->depth) {
        xml->implied = xml->depth - i - 1;
        memset(out, 0, sizeof *out);
        close_implied(xml, out);
        return; /* the end tag is read again once they are out */
    }
    xml->pos = at;
    close_top(xml, out);
    if (memcmp(xml->buf + out->name.off, xml->buf + ended.off, ended.len) != 0)
        out->faults |= HIK_XML_FAULT_CASE;
    out->name = ended;
}

/* <?...> and <!...> */
static void read_other(struct hik_xml *xml, struct hik_xml_node *out)
{
    uint32_t start = xml->pos, at = start + 2, name, end, last;
    bool question = xml->buf[start + 1] == '?';

    while (at < xml->end && is_space(xml->buf[at]))
        at++;
    name = at;
    while (at < xml->end && g_ascii_isalnum(xml->buf[at]))
        at++;
    end = at;
    while (end < xml->end && xml->buf[end] != '<' && xml->buf[end] != '>')
        end++;
    xml->work += end - start;
    last = end;
    xml->pos = end;
    if (end < xml->end && xml->buf[end] == '>')
        xml->pos++;
    else if (!memchr(xml->buf + start, '[', end - start)) /* a DOCTYPE's inner declarations come one by one */
        out->faults |= HIK_XML_FAULT_CUT;
    out->kind = HIK_XML_OTHER;
    out->all.off = start;
    out->all.len = xml->pos - start;
    out->depth = xml->depth;
    out->name.off = name;
    out->name.len = at - name;
    if (!question || !hik_xml_is(xml->buf, out->name, "xml"))
        return;
    out->kind = HIK_XML_DECLARATION;
    if (last > at && xml->buf[last - 1] == '?')
        last--;
    else
        out->faults |= HIK_XML_FAULT_DECLARATION;
    if (name != start + 2)
        out->faults |= HIK_XML_FAULT_DECLARATION;
    out->attrs.off = at;
    out->attrs.len = last - at;
}

bool hik_xml_next(struct hik_xml *xml, struct hik_xml_node *out)
{
    memset(out, 0, sizeof *out);
    if (xml->implied > 0) {
        xml->implied--;
        close_implied(xml, out);
        return true;
    }
    if (read_text(xml, out))
        return true;
    if (xml->pos < xml->end) {
        uint32_t next = xml->pos + 1;

        out->faults = 0;
        if (starts_with(xml, xml->pos, "<!--")) {
            uint32_t behind = find_double_end(xml, xml->pos + 4, '-'); /* read_text() found it */

            out->kind = HIK_XML_COMMENT;
            out->all.off = xml->pos;
            out->all.len = behind - xml->pos;
            out->depth = xml->depth;
            xml->pos = behind;
        } else if (next >= xml->end) {
            out->kind = HIK_XML_OTHER;
            out->faults = HIK_XML_FAULT_CUT;
            out->all.off = xml->pos;
            out->all.len = 1;
            out->depth = xml->depth;
            xml->pos = next;
        } else if (xml->buf[next] == '/') {
            read_close(xml, out);
        } else if (xml->buf[next] == '?' || xml->buf[next] == '!') {
            read_other(xml, out);
        } else {
            read_open(xml, out);
        }
        return true;
    }
    if (xml->depth > 0) {
        close_implied(xml, out);
        return true;
    }
    if (xml->end < xml->len) {
        out->kind = HIK_XML_PADDING;
        out->all.off = xml->end;
        out->all.len = xml->len - xml->end;
        xml->end = xml->pos = xml->len;
        return true;
    }
    return false;
}

bool hik_xml_peek_leaf(struct hik_xml *xml, struct hik_xml_leaf *out)
{
    const uint8_t *buf = xml->buf;
    uint32_t start = xml->pos, at, end = xml->end, from, to, last, name;
    const uint8_t *hit;

    if (xml->implied > 0 || xml->depth == 0 || xml->depth >= HIK_XML_MAX_DEPTH)
        return false;
    while (start < end && is_space(buf[start]))
        start++;
    if (end - start < 8 || buf[start] != '<' || !g_ascii_isalpha(buf[start + 1])) /* 8: <a>b</a> */
        return false;
    for (at = start + 2; at < end && g_ascii_isalnum(buf[at]); at++)
        ;
    xml->work += at - xml->pos;
    if (at == end || buf[at] != '>')
        return false;
    name = at - start - 1;
    for (from = at + 1; from < end && is_space(buf[from]); from++)
        ;
    hit = from < end ? (const uint8_t *)memchr(buf + from, '<', end - from) : NULL;
    if (!hit)
        return false;
    to = (uint32_t)(hit - buf);
    xml->work += to - at;
    if (to == from || end - to < name + 3 || buf[to + 1] != '/' || buf[to + 2 + name] != '>' ||
        memcmp(buf + to + 2, buf + start + 1, name) != 0 || memchr(buf + from, '&', to - from))
        return false;
    for (last = to; is_space(buf[last - 1]); last--)
        ;
    out->all.off = start;
    out->all.len = to + 3 + name - start;
    out->name.off = start + 1;
    out->name.len = name;
    out->value.off = from;
    out->value.len = last - from;
    return true;
}

bool hik_xml_opens_next(const struct hik_xml *xml)
{
    uint32_t at = xml->pos;

    while (at < xml->end && is_space(xml->buf[at]))
        at++;
    return xml->implied == 0 && xml->end - at >= 2 && xml->buf[at] == '<' && g_ascii_isalpha(xml->buf[at + 1]);
}

bool hik_xml_next_attr(const uint8_t *buf, struct hik_xml_piece attrs, uint32_t *cursor, struct hik_xml_piece *name,
                       struct hik_xml_piece *value)
{
    const uint8_t *p = buf + attrs.off;
    uint32_t at = *cursor;

    while (at < attrs.len && (is_space(p[at]) || p[at] == '/' || p[at] == '='))
        at++;
    if (at >= attrs.len) {
        *cursor = attrs.len;
        return false;
    }
    name->off = attrs.off + at;
    while (at < attrs.len && !is_space(p[at]) && p[at] != '=')
        at++;
    name->len = attrs.off + at - name->off;
    value->off = attrs.off + at;
    value->len = 0;
    while (at < attrs.len && is_space(p[at]))
        at++;
    if (at < attrs.len && p[at] == '=') {
        at++;
        while (at < attrs.len && is_space(p[at]))
            at++;
        if (at < attrs.len && (p[at] == '"' || p[at] == '\'')) {
            uint8_t quote = p[at++];

            value->off = attrs.off + at;
            while (at < attrs.len && p[at] != quote)
                at++;
            value->len = attrs.off + at - value->off;
            if (at < attrs.len)
                at++;
        } else {
            value->off = attrs.off + at;
            while (at < attrs.len && !is_space(p[at]))
                at++;
            value->len = attrs.off + at - value->off;
        }
    }
    *cursor = at;
    return true;
}

/* Decodes the entity at p ("&...;") to out. Returns the bytes it takes, 0 if it is none. */
static size_t entity(const char *p, char *out, size_t *written)
{
    static const struct {
        const char *name;
        char c;
    } named[] = { { "amp;", '&' }, { "lt;", '<' }, { "gt;", '>' }, { "quot;", '"' }, { "apos;", '\'' } };
    size_t i, digits = 0;
    uint32_t code = 0;
    bool hex;

    if (p[1] != '#') {
        for (i = 0; i < G_N_ELEMENTS(named); i++) {
            size_t n = strlen(named[i].name);

            if (strncmp(p + 1, named[i].name, n) == 0) {
                out[0] = named[i].c;
                *written = 1;
                return n + 1;
            }
        }
        return 0;
    }
    hex = p[2] == 'x' || p[2] == 'X';
    for (i = hex ? 3 : 2; digits < 8 && (hex ? g_ascii_isxdigit(p[i]) : g_ascii_isdigit(p[i])); i++, digits++)
        code = code * (hex ? 16 : 10) + (uint32_t)(hex ? g_ascii_xdigit_value(p[i]) : g_ascii_digit_value(p[i]));
    if (digits == 0 || p[i] != ';' || code == 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return 0;
    *written = (size_t)g_unichar_to_utf8(code, out); /* never longer than the entity's own bytes */
    return i + 1;
}

size_t hik_xml_unescape(char *utf8)
{
    static const char cdata[] = "<![CDATA[", comment[] = "<!--";
    bool no_comment_end = false;
    char *from = utf8, *to;

    from += strcspn(from, "&<");
    to = from;
    while (*from) {
        size_t n = 0, written = 0;
        char *end;

        if (*from == '&') {
            char decoded[8];

            n = entity(from, decoded, &written);
            if (n) {
                memcpy(to, decoded, written);
                from += n;
                to += written;
                continue;
            }
        } else if (*from == '<' && strncmp(from, cdata, sizeof cdata - 1) == 0) {
            from += sizeof cdata - 1;
            end = strstr(from, "]]>");
            n = end ? (size_t)(end - from) : strlen(from);
            memmove(to, from, n);
            to += n;
            from += n + (end ? 3 : 0);
            continue;
        } else if (*from == '<' && !no_comment_end && strncmp(from, comment, sizeof comment - 1) == 0) {
            end = strstr(from + sizeof comment - 1, "-->");
            if (end) {
                from = end + 3;
                continue;
            }
            no_comment_end = true;
        }
        *to++ = *from++;
    }
    *to = '\0';
    return (size_t)(to - utf8);
}
