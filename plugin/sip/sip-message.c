/* sip-message.c
 * A SIP message as views: start line, headers, body, and the values the plugin reads from headers.
 * RFC 3261 sections 7 (messages), 19.1 (URIs), 20 (headers), 25 (grammar), all read leniently; Subject: GB/T 28181-2016.
 *
 * Longer than 700 lines because the grammar of a message and that of its values share their smallest parts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sip-message.h"

#include <string.h>

/* A start line longer than this is no SIP of any device; the limit keeps the cheap test cheap. */
#define MAX_START_LINE 2048
/* Keeps every sum of two offsets or lengths inside uint32_t. */
#define MAX_MESSAGE 0x7fffffffU
#define MAX_METHOD_LEN 32

static const char sip_version[] = "SIP/2.0";
#define SIP_VERSION_LEN 7

static const struct {
    const char *name;
    enum hik_method method;
} methods[] = {
    { "REGISTER", HIK_METHOD_REGISTER },   { "INVITE", HIK_METHOD_INVITE },   { "ACK", HIK_METHOD_ACK },
    { "BYE", HIK_METHOD_BYE },             { "CANCEL", HIK_METHOD_CANCEL },   { "OPTIONS", HIK_METHOD_OPTIONS },
    { "INFO", HIK_METHOD_INFO },           { "MESSAGE", HIK_METHOD_MESSAGE }, { "SUBSCRIBE", HIK_METHOD_SUBSCRIBE },
    { "NOTIFY", HIK_METHOD_NOTIFY },       { "PRACK", HIK_METHOD_PRACK },     { "UPDATE", HIK_METHOD_UPDATE },
    { "REFER", HIK_METHOD_REFER },         { "PUBLISH", HIK_METHOD_PUBLISH },
};

static const struct {
    const char *name;
    uint8_t len;
    char compact; /* 0 if it has none */
    enum hik_header_id id;
} header_names[] = {
#define NAME(text) text, sizeof text - 1
    { NAME("Via"), 'v', HIK_HDR_VIA },
    { NAME("From"), 'f', HIK_HDR_FROM },
    { NAME("To"), 't', HIK_HDR_TO },
    { NAME("Call-ID"), 'i', HIK_HDR_CALL_ID },
    { NAME("CSeq"), 0, HIK_HDR_CSEQ },
    { NAME("Contact"), 'm', HIK_HDR_CONTACT },
    { NAME("Content-Type"), 'c', HIK_HDR_CONTENT_TYPE },
    { NAME("Content-Length"), 'l', HIK_HDR_CONTENT_LENGTH },
    { NAME("Subject"), 's', HIK_HDR_SUBJECT },
    { NAME("Event"), 'o', HIK_HDR_EVENT },
    { NAME("Expires"), 0, HIK_HDR_EXPIRES },
    { NAME("User-Agent"), 0, HIK_HDR_USER_AGENT },
    { NAME("Date"), 0, HIK_HDR_DATE },
    { NAME("Authorization"), 0, HIK_HDR_AUTHORIZATION },
    { NAME("WWW-Authenticate"), 0, HIK_HDR_WWW_AUTHENTICATE },
    { NAME("Proxy-Authorization"), 0, HIK_HDR_AUTHORIZATION }, /* those of 407 (RFC 3261 22.3) mean the same */
    { NAME("Proxy-Authenticate"), 0, HIK_HDR_WWW_AUTHENTICATE },
    { NAME("Record-Route"), 0, HIK_HDR_RECORD_ROUTE },
    { NAME("Subscription-State"), 0, HIK_HDR_SUBSCRIPTION_STATE },
    { NAME("X-GB-Ver"), 0, HIK_HDR_X_GB_VER },
    { NAME("X-RoutePath"), 0, HIK_HDR_X_ROUTE_PATH },
    { NAME("X-PreferredPath"), 0, HIK_HDR_X_PREFERRED_PATH },
    { NAME("Monitor-User-Identity"), 0, HIK_HDR_MONITOR_USER_IDENTITY },
    { NAME("Note"), 0, HIK_HDR_NOTE },
    { NAME("SecurityInfo"), 0, HIK_HDR_SECURITY_INFO },
#undef NAME
};

/* ---- characters and views ------------------------------------------------------------------------------------- */

static uint8_t lower(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') ? (uint8_t)(c + ('a' - 'A')) : c;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
    c = lower(c);
    return c >= 'a' && c <= 'z';
}

/* RFC 3261 "token" */
static bool is_token(uint8_t c)
{
    if (is_letter(c) || is_digit(c))
        return true;
    switch (c) {
    case '-': case '.': case '!': case '%': case '*': case '_': case '+': case '`': case '\'': case '~':
        return true;
    default:
        return false;
    }
}

static struct hik_view view_between(uint32_t from, uint32_t to)
{
    struct hik_view v = { from, to > from ? to - from : 0 };
    return v;
}

static uint16_t view_port(const uint8_t *buf, struct hik_view v)
{
    uint64_t port;

    return hik_view_uint(buf, v, 65535, &port) ? (uint16_t)port : 0;
}

static uint32_t skip_space(const uint8_t *buf, uint32_t pos, uint32_t end)
{
    while (pos < end && is_space(buf[pos]))
        pos++;
    return pos;
}

/* The first byte c in [pos, end), or end. */
static uint32_t find_byte(const uint8_t *buf, uint32_t pos, uint32_t end, uint8_t c)
{
    const uint8_t *hit = pos < end ? memchr(buf + pos, c, end - pos) : NULL;

    return hit ? (uint32_t)(hit - buf) : end;
}

/* ---- lines ---------------------------------------------------------------------------------------------------- */

/* The end of the line that begins at pos; *next is where the following one begins. LF, CR LF and CR end a line, and so
 * does CR CR LF, which is what CR LF becomes when a program writes it through a text-mode file. */
static uint32_t line_end(const uint8_t *buf, uint32_t pos, uint32_t end, uint32_t *next)
{
    while (pos < end && buf[pos] != '\r' && buf[pos] != '\n')
        pos++;
    *next = pos;
    if (pos == end)
        return pos;
    if (buf[pos] == '\n')
        *next = pos + 1;
    else if (pos + 1 < end && buf[pos + 1] == '\n')
        *next = pos + 2;
    else if (pos + 2 < end && buf[pos + 1] == '\r' && buf[pos + 2] == '\n')
        *next = pos + 3;
    else
        *next = pos + 1;
    return pos;
}

/* Does the line end at pos begin with CRs that run to the end of the buffer? Then, on a stream, what kind of line end
 * it is shows only with the next segment. */
static bool line_end_cut(const uint8_t *buf, uint32_t pos, uint32_t end)
{
    return buf[pos] == '\r' && (pos + 1 >= end || (pos + 2 >= end && buf[pos + 1] == '\r'));
}

static enum hik_header_id header_id(const uint8_t *buf, struct hik_view name)
{
    size_t i;

    if (name.len == 0)
        return HIK_HDR_OTHER;
    for (i = 0; i < sizeof header_names / sizeof header_names[0]; i++) {
        /* Length and first letter settle nearly all of them. */
        if (name.len > 1 &&
            (name.len != header_names[i].len || lower(buf[name.off]) != lower((uint8_t)header_names[i].name[0])))
            continue;
        if (name.len == 1 ? lower(buf[name.off]) == (uint8_t)header_names[i].compact
                          : hik_view_is(buf, name, header_names[i].name))
            return header_names[i].id;
    }
    return HIK_HDR_OTHER;
}

/* Reads the header at pos with its folded lines. False at the blank line, and then *next is behind it. */
static bool read_header(const uint8_t *buf, uint32_t pos, uint32_t end, struct hik_header *out, uint32_t *next)
{
    uint32_t eol = line_end(buf, pos, end, next);
    uint32_t colon;
    bool named;

    memset(out, 0, sizeof *out);
    if (eol == pos)
        return false;
    colon = find_byte(buf, pos, eol, ':');
    named = colon < eol && !is_blank(buf[pos]);
    while (*next < end && is_blank(buf[*next]))
        eol = line_end(buf, *next, end, next);

    if (named) {
        out->name = hik_view_trim(buf, view_between(pos, colon));
        out->value = view_between(colon + 1, eol);
        out->id = header_id(buf, out->name);
    } else {
        out->value = view_between(pos, eol);
    }
    /* A datagram cut out of a C buffer may bring the string's NUL along. */
    while (out->value.len > 0 && buf[out->value.off + out->value.len - 1] == 0)
        out->value.len--;
    out->value = hik_view_trim(buf, out->value);
    return true;
}

/* ---- start line ----------------------------------------------------------------------------------------------- */

static bool is_version(const uint8_t *buf, uint32_t pos, uint32_t end)
{
    return end - pos == SIP_VERSION_LEN && hik_view_is(buf, view_between(pos, end), sip_version);
}

static enum hik_method method_of(const uint8_t *buf, struct hik_view text)
{
    size_t i;

    for (i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (text.len > 0 && lower(buf[text.off]) == lower((uint8_t)methods[i].name[0]) && hik_view_is(buf, text, methods[i].name))
            return methods[i].method;
    }
    return HIK_METHOD_NONE;
}

/* "SIP/2.0 nnn": where the status begins, 0 if it is not a response. */
static uint32_t response_status(const uint8_t *buf, uint32_t len)
{
    uint32_t pos = SIP_VERSION_LEN;
    uint32_t limit = len < MAX_START_LINE ? len : MAX_START_LINE;

    if (len < SIP_VERSION_LEN + 4 || !is_version(buf, 0, SIP_VERSION_LEN) || !is_blank(buf[pos]))
        return 0;
    while (pos < limit && is_blank(buf[pos]))
        pos++;
    if (limit - pos < 3 || buf[pos] < '1' || buf[pos] > '6' || !is_digit(buf[pos + 1]) || !is_digit(buf[pos + 2]))
        return 0;
    if (pos + 3 < len && !is_space(buf[pos + 3]) && buf[pos + 3] != 0)
        return 0;
    return pos;
}

/* "METHOD uri SIP/2.0", the uri taken as whatever stands between the two. */
static bool request_line(const uint8_t *buf, uint32_t len, struct hik_view *method, struct hik_view *uri)
{
    uint32_t limit = len < MAX_START_LINE ? len : MAX_START_LINE;
    uint32_t pos = 0, end, last, next;

    while (pos < limit && pos <= MAX_METHOD_LEN && is_token(buf[pos]))
        pos++;
    if (pos == 0 || pos > MAX_METHOD_LEN || pos == limit || !is_blank(buf[pos]))
        return false;
    end = line_end(buf, pos, limit, &next);
    if (end == limit && limit < len)
        return false;
    while (end > pos && (is_blank(buf[end - 1]) || buf[end - 1] == 0))
        end--;
    if (end - pos < SIP_VERSION_LEN + 3) /* two blanks and one byte of uri */
        return false;
    last = end - SIP_VERSION_LEN;
    if (!is_version(buf, last, end) || !is_blank(buf[last - 1]))
        return false;
    *method = view_between(0, pos);
    *uri = hik_view_trim(buf, view_between(pos, last));
    return uri->len > 0;
}

bool hik_sip_looks_like(const uint8_t *buf, size_t len)
{
    struct hik_view method, uri;
    uint32_t n = len < MAX_MESSAGE ? (uint32_t)len : MAX_MESSAGE;

    return response_status(buf, n) != 0 || request_line(buf, n, &method, &uri);
}

bool hik_sip_may_begin(const uint8_t *buf, size_t len)
{
    uint32_t i, pos = 0;
    bool version = true;

    if (hik_sip_looks_like(buf, len))
        return true;
    if (len > MAX_START_LINE)
        return false;
    for (i = 0; i < len && i < SIP_VERSION_LEN; i++)
        version = version && lower(buf[i]) == lower((uint8_t)sip_version[i]);
    if (version) {
        /* digits of a status may follow, nothing else */
        uint32_t digits = 0;

        while (i < len && is_blank(buf[i]))
            i++;
        if (i > SIP_VERSION_LEN && i < len && buf[i] >= '1' && buf[i] <= '6')
            while (i < len && is_digit(buf[i]) && digits < 3) {
                i++;
                digits++;
            }
        if (i == len)
            return true;
    }
    while (pos < len && pos < MAX_METHOD_LEN && is_token(buf[pos]))
        pos++;
    if (pos == len)
        return pos > 0;
    if (pos == 0 || !is_blank(buf[pos]))
        return false;
    /* A request line whose end is not here yet. */
    while (pos < len && buf[pos] != '\r' && buf[pos] != '\n' && buf[pos] != 0)
        pos++;
    return pos == len;
}

/* Do the bytes agree with the text as far as both go? Letters of either case. */
static bool agrees(const uint8_t *buf, size_t len, const char *text)
{
    for (size_t i = 0; i < len && text[i] != '\0'; i++)
        if (lower(buf[i]) != lower((uint8_t)text[i]))
            return false;
    return true;
}

bool hik_sip_is_cut_start(const uint8_t *buf, size_t len, size_t least)
{
    static const char *const schemes[] = { "sip:", "sips:", "tel:" };
    size_t i, pos = 0;

    if (len < least || len == 0 || len > MAX_START_LINE || memchr(buf, '\n', len) != NULL || memchr(buf, '\r', len) != NULL)
        return false;
    if (agrees(buf, len, sip_version))
        return len <= SIP_VERSION_LEN || hik_sip_may_begin(buf, len);
    while (pos < len && pos < MAX_METHOD_LEN && is_token(buf[pos]))
        pos++;
    for (i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (agrees(buf, pos, methods[i].name) && (pos == len || strlen(methods[i].name) == pos))
            break;
    if (pos == 0 || i == sizeof methods / sizeof methods[0])
        return false;
    if (pos == len)
        return pos <= strlen(methods[i].name);
    if (!is_blank(buf[pos]))
        return false;
    while (pos < len && is_blank(buf[pos]))
        pos++;
    for (i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (agrees(buf + pos, len - pos, schemes[i]))
            return true;
    return false;
}

/* ---- message -------------------------------------------------------------------------------------------------- */

/* Reads what hik_sip keeps of the headers themselves: CSeq and Content-Length. */
static void read_numbers(const uint8_t *buf, struct hik_sip *out)
{
    const struct hik_header *cseq = &out->first[HIK_HDR_CSEQ];
    const struct hik_header *length = &out->first[HIK_HDR_CONTENT_LENGTH];
    uint64_t number;

    out->content_length = HIK_LENGTH_ABSENT;
    if (length->name.len > 0)
        out->content_length = hik_view_uint(buf, length->value, MAX_MESSAGE, &number) ? (int64_t)number
                                                                                      : HIK_LENGTH_BROKEN;
    if (cseq->value.len > 0) {
        uint32_t end = cseq->value.off + cseq->value.len;
        uint32_t pos = cseq->value.off, from;

        while (pos < end && !is_space(buf[pos]))
            pos++;
        if (hik_view_uint(buf, view_between(cseq->value.off, pos), UINT32_MAX, &number)) {
            out->cseq = (uint32_t)number;
            out->has_cseq = true;
        }
        from = skip_space(buf, pos, end);
        for (pos = from; pos < end && is_token(buf[pos]);)
            pos++;
        if (!out->is_request)
            out->method = method_of(buf, view_between(from, pos));
    }
}

bool hik_sip_parse(const uint8_t *buf, size_t len, bool stream, struct hik_sip *out)
{
    uint32_t n = len < MAX_MESSAGE ? (uint32_t)len : MAX_MESSAGE;
    uint32_t status, eol, next, pos;
    struct hik_header header;

    memset(out, 0, sizeof *out);
    status = response_status(buf, n);
    if (status != 0) {
        out->status = (uint16_t)((buf[status] - '0') * 100 + (buf[status + 1] - '0') * 10 + (buf[status + 2] - '0'));
        eol = line_end(buf, status, n, &next);
        out->reason = hik_view_trim(buf, view_between(status + 3, eol));
    } else if (request_line(buf, n, &out->method_text, &out->uri)) {
        out->is_request = true;
        out->method = method_of(buf, out->method_text);
        line_end(buf, out->uri.off, n, &next);
    } else {
        memset(out, 0, sizeof *out);
        return false;
    }

    out->headers_off = next;
    for (pos = next; pos < n; pos = next) {
        if (!read_header(buf, pos, n, &header, &next)) {
            out->blank_line = !(stream && line_end_cut(buf, pos, n));
            break;
        }
        if (header.id != HIK_HDR_OTHER && out->first[header.id].name.len == 0)
            out->first[header.id] = header;
    }
    out->headers_end = out->blank_line ? next : n;
    read_numbers(buf, out);

    out->message_len = n;
    if (out->blank_line) {
        out->body_present = n - out->headers_end;
        out->body = view_between(out->headers_end, n);
        out->complete = true;
        if (stream) {
            uint32_t declared = out->content_length > 0 ? (uint32_t)out->content_length : 0;

            out->complete = declared <= out->body_present;
            out->message_len = out->headers_end + declared;
            if (out->body.len > declared)
                out->body.len = declared;
        }
        if (out->complete && out->body.len > 0 && buf[out->body.off + out->body.len - 1] == 0)
            out->body.len--;
    } else {
        out->complete = !stream;
    }
    return true;
}

static bool ends_line(uint8_t c)
{
    return c == '\r' || c == '\n';
}

/* Where the line begins that the byte in front of end is in, or ends. */
static uint32_t line_begin(const uint8_t *buf, uint32_t end)
{
    while (end > 0 && ends_line(buf[end - 1]))
        end--;
    while (end > 0 && !ends_line(buf[end - 1]))
        end--;
    return end;
}

bool hik_sip_parse_cut(const uint8_t *buf, size_t len, bool stream, struct hik_sip *out)
{
    uint32_t n = len < MAX_MESSAGE ? (uint32_t)len : MAX_MESSAGE, end = n;

    while (end > 0 && !ends_line(buf[end - 1]))
        end--;
    if (!hik_sip_parse(buf, end, stream, out))
        return false;
    if (!out->blank_line && end < n && is_blank(buf[end])) { /* a header goes on in the line that is not whole */
        do
            end = line_begin(buf, end);
        while (end > 0 && is_blank(buf[end]));
        if (!hik_sip_parse(buf, end, stream, out))
            return false;
    }
    out->cut = true;
    out->message_len = n;
    return true;
}

bool hik_sip_next_header(const uint8_t *buf, const struct hik_sip *msg, uint32_t *cursor, struct hik_header *out)
{
    uint32_t pos = *cursor != 0 ? *cursor : msg->headers_off;
    uint32_t next;

    for (; pos < msg->headers_end; pos = next) {
        if (!read_header(buf, pos, msg->headers_end, out, &next))
            break;
        /* Nothing but blanks or the NUL behind the last line: no header. */
        if (out->name.len == 0 && out->value.len == 0)
            continue;
        *cursor = next;
        return true;
    }
    memset(out, 0, sizeof *out);
    *cursor = msg->headers_end;
    return false;
}

/* ---- values --------------------------------------------------------------------------------------------------- */

/* The closing quote of the quoted string that opens at pos, or end. */
static uint32_t quote_end(const uint8_t *buf, uint32_t pos, uint32_t end)
{
    for (pos++; pos < end; pos++) {
        if (buf[pos] == '\\')
            pos++;
        else if (buf[pos] == '"')
            return pos;
    }
    return end;
}

bool hik_sip_param(const uint8_t *buf, struct hik_view where, const char *name, struct hik_view *value)
{
    uint32_t pos = where.off, end = where.off + where.len;
    /* An unclosed quote or angle bracket is an ordinary byte; looked for once only, so that many stay linear. */
    bool quotes = true, angles = true;

    value->off = value->len = 0;
    while (pos < end) {
        uint32_t from, stop;
        struct hik_view found;

        if (buf[pos] == '"' && quotes) {
            stop = quote_end(buf, pos, end);
            quotes = stop < end;
            pos = quotes ? stop + 1 : pos + 1;
            continue;
        }
        if (buf[pos] == '<' && angles) {
            stop = find_byte(buf, pos, end, '>');
            angles = stop < end;
            pos = angles ? stop + 1 : pos + 1;
            continue;
        }
        if (buf[pos] == ',') /* the next value of a list: its parameters are not ours */
            return false;
        if (buf[pos] != ';') {
            pos++;
            continue;
        }
        from = skip_space(buf, pos + 1, end);
        for (pos = from; pos < end && is_token(buf[pos]);)
            pos++;
        found = view_between(from, pos);
        from = skip_space(buf, pos, end);
        if (from < end && buf[from] == '=') {
            from = skip_space(buf, from + 1, end);
            stop = end;
            if (from < end && buf[from] == '"' && quotes) {
                stop = quote_end(buf, from, end);
                quotes = stop < end;
            }
            if (stop < end) {
                from++;
                pos = stop + 1;
            } else {
                for (stop = from; stop < end && !is_space(buf[stop]) && buf[stop] != ';' && buf[stop] != ',' &&
                                  buf[stop] != '>';)
                    stop++;
                pos = stop;
            }
        } else {
            stop = from = pos;
        }
        if (found.len > 0 && hik_view_is(buf, found, name)) {
            *value = view_between(from, stop);
            return true;
        }
    }
    return false;
}

static bool ends_host(uint8_t c)
{
    switch (c) {
    case ' ': case '\t': case '\r': case '\n': case ';': case '?': case '>': case ',': case '<': case '"': case '\0':
        return true;
    default:
        return false;
    }
}

/* host, host:port, [IPv6] or [IPv6]:port at pos; stops at what cannot belong to it. An IPv6 address without its
 * brackets (seen from careless stacks) is taken whole, without a port. Returns where it stopped. */
static uint32_t read_host_port(const uint8_t *buf, uint32_t pos, uint32_t end, struct hik_view *host, uint16_t *port)
{
    uint32_t from = pos, colon = end, colons = 0;

    if (pos < end && buf[pos] == '[') {
        uint32_t close = find_byte(buf, pos, end, ']');

        *host = view_between(pos + 1, close);
        pos = close < end ? close + 1 : end;
    } else {
        while (pos < end && !ends_host(buf[pos])) {
            if (buf[pos] == ':') {
                colons++;
                if (colons == 1)
                    colon = pos;
            }
            pos++;
        }
        if (colons >= 2) {
            *host = view_between(from, pos);
            return pos;
        }
        *host = view_between(from, colons == 1 ? colon : pos);
        pos = colons == 1 ? colon : pos;
    }
    from = skip_space(buf, pos, end);
    if (from < end && buf[from] == ':') {
        from = skip_space(buf, from + 1, end);
        for (pos = from; pos < end && is_digit(buf[pos]);)
            pos++;
        *port = view_port(buf, view_between(from, pos));
    }
    return pos;
}

/* Behind the scheme of a sip:, sips: or tel: URI at pos, or 0. */
static uint32_t behind_scheme(const uint8_t *buf, uint32_t pos, uint32_t end, bool *tel)
{
    uint32_t colon = find_byte(buf, pos, end - pos > 5 ? pos + 5 : end, ':');
    struct hik_view scheme = view_between(pos, colon);

    if (colon == end || buf[colon] != ':')
        return 0;
    *tel = hik_view_is(buf, scheme, "tel");
    return *tel || hik_view_is(buf, scheme, "sip") || hik_view_is(buf, scheme, "sips") ? colon + 1 : 0;
}

bool hik_sip_parse_addr(const uint8_t *buf, struct hik_view where, struct hik_sip_addr *out)
{
    struct hik_view trimmed = hik_view_trim(buf, where);
    uint32_t pos = trimmed.off, end = trimmed.off + trimmed.len;
    uint32_t angle, uri_end = end, behind, stop;
    struct hik_view display = { 0, 0 };
    bool tel = false;

    memset(out, 0, sizeof *out);
    angle = pos;
    if (pos < end && buf[pos] == '"') {
        stop = quote_end(buf, pos, end);
        if (stop < end) {
            display = view_between(pos + 1, stop);
            angle = stop + 1;
        }
    }
    stop = angle;
    angle = find_byte(buf, angle, end, '<');
    if (angle < end) {
        if (display.len == 0) {
            display = hik_view_trim(buf, view_between(stop, angle));
            if (display.len == 0)
                display.off = 0;
        }
        pos = skip_space(buf, angle + 1, end);
        uri_end = find_byte(buf, pos, end, '>');
    } else {
        pos = skip_space(buf, stop, end);
    }

    pos = behind_scheme(buf, pos, uri_end, &tel);
    if (pos == 0)
        return false;
    out->display = display;
    if (tel) {
        for (stop = pos; stop < uri_end && !is_space(buf[stop]) && buf[stop] != ';' && buf[stop] != ',';)
            stop++;
        out->user = view_between(pos, stop);
        behind = stop;
    } else {
        /* A user may hold ';' and '?' but not '@' or a blank; behind the '@' stands the host. */
        for (stop = pos; stop < uri_end && buf[stop] != '@' && !is_space(buf[stop]) && buf[stop] != ',';)
            stop++;
        if (stop < uri_end && buf[stop] == '@') {
            out->user = view_between(pos, find_byte(buf, pos, stop, ':')); /* a password is not the user */
            pos = stop + 1;
        }
        behind = read_host_port(buf, pos, uri_end, &out->host, &out->port);
    }
    /* Outside of <> every ';' is the header's own. */
    if (uri_end < end)
        behind = uri_end + 1;
    hik_sip_param(buf, view_between(behind, end), "tag", &out->tag);
    return true;
}

bool hik_sip_parse_via(const uint8_t *buf, struct hik_view where, struct hik_sip_via *out)
{
    struct hik_view trimmed = hik_view_trim(buf, where);
    uint32_t pos = trimmed.off, end = trimmed.off + trimmed.len, from;
    int part;

    memset(out, 0, sizeof *out);
    for (part = 0; part < 3; part++) {
        pos = from = skip_space(buf, pos, end);
        while (pos < end && is_token(buf[pos]))
            pos++;
        if (part == 2) {
            out->transport = view_between(from, pos);
            break;
        }
        pos = skip_space(buf, pos, end);
        if (pos == end || buf[pos] != '/')
            return false;
        pos++;
    }
    pos = skip_space(buf, pos, end);
    pos = read_host_port(buf, pos, end, &out->host, &out->port);
    hik_sip_param(buf, view_between(pos, end), "branch", &out->branch);
    return out->transport.len > 0 || out->host.len > 0;
}

/* "<id>:<seq>" */
static void split_subject(const uint8_t *buf, uint32_t from, uint32_t to, struct hik_view *id, struct hik_view *seq)
{
    uint32_t colon = find_byte(buf, from, to, ':');

    *id = hik_view_trim(buf, view_between(from, colon));
    if (colon < to)
        *seq = hik_view_trim(buf, view_between(colon + 1, to));
}

bool hik_sip_parse_subject(const uint8_t *buf, struct hik_view where, struct hik_subject *out)
{
    uint32_t end = where.off + where.len;
    uint32_t comma = find_byte(buf, where.off, end, ',');

    memset(out, 0, sizeof *out);
    split_subject(buf, where.off, comma, &out->sender_id, &out->sender_seq);
    if (comma < end)
        split_subject(buf, comma + 1, find_byte(buf, comma + 1, end, ','), &out->receiver_id, &out->receiver_seq);
    return out->sender_id.len > 0;
}

const char *hik_sip_method_name(enum hik_method method)
{
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (methods[i].method == method)
            return methods[i].name;
    return "Other";
}

static bool is_line_end(uint8_t byte)
{
    return byte == '\r' || byte == '\n';
}

bool hik_sip_may_end_headers(const uint8_t *buf, uint32_t from, uint32_t end)
{
    for (uint32_t i = from; i < end; i++) {
        const uint8_t *at = buf + i;
        bool before = is_line_end(at[-1]), two_before = before && is_line_end(at[-2]);

        if (!is_line_end(at[0])) { /* a line may end with a CR alone */
            if (at[-1] == '\r' && at[-2] == '\r')
                return true;
        } else if (before && !(at[-1] == '\r' && !two_before) && !(at[0] == '\n' && at[-1] == '\r' && at[-2] == '\r' && !is_line_end(at[-3]))) {
            return true; /* more than CR, LF, CR LF, CR CR LF, or the beginning of that */
        }
    }
    return false;
}
