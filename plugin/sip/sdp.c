/* sdp.c
 * The lines of an SDP body: RFC 4566 (session description), RFC 3605 (a=rtcp), RFC 4145 (a=setup), and what
 * GB/T 28181-2016 and -2022 add (y=, f=, s= names, a=streamMode and relatives). Read leniently: devices mix line ends,
 * leave blank lines, end the text with a NUL and misspell attributes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sdp.h"

#include <string.h>

#include <glib.h>

#include "gb-id.h"

/* In a line cursor: the blank lines that begin here are known to have more text behind them. So a long run of blank
 * lines is looked through once, not once per line. */
#define CURSOR_MORE 0x80000000U

/* ---- views ---------------------------------------------------------------------------------------------------- */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* What may stand behind the last line without saying anything. */
static bool is_nothing(uint8_t c)
{
    return is_blank(c) || c == '\r' || c == '\n' || c == 0;
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static uint8_t lower(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') ? (uint8_t)(c + ('a' - 'A')) : c;
}

static struct hik_view view_between(uint32_t from, uint32_t to)
{
    struct hik_view v = { from, to > from ? to - from : 0 };
    return v;
}

static uint32_t view_end(struct hik_view v)
{
    return v.off + v.len;
}

/* Takes the next word off the front of *rest: what stands up to a blank. len 0 when there is none. */
static struct hik_view next_word(const uint8_t *buf, struct hik_view *rest)
{
    uint32_t pos = rest->off, end = view_end(*rest), from;

    while (pos < end && is_blank(buf[pos]))
        pos++;
    from = pos;
    while (pos < end && !is_blank(buf[pos]))
        pos++;
    *rest = view_between(pos, end);
    return view_between(from, pos);
}

/* Takes what stands up to `mark` off the front of *rest, and the mark; *found says whether the mark was there. */
static struct hik_view next_part(const uint8_t *buf, struct hik_view *rest, uint8_t mark, bool *found)
{
    const uint8_t *hit = rest->len > 0 ? memchr(buf + rest->off, mark, rest->len) : NULL;
    uint32_t end = view_end(*rest);
    uint32_t at = hit != NULL ? (uint32_t)(hit - buf) : end;
    struct hik_view part = view_between(rest->off, at);

    *found = hit != NULL;
    *rest = view_between(hit != NULL ? at + 1 : end, end);
    return part;
}

/* ---- lines ---------------------------------------------------------------------------------------------------- */

bool hik_sdp_next_line(const uint8_t *buf, struct hik_view body, uint32_t *cursor, struct hik_sdp_line *out)
{
    uint32_t len = body.len < CURSOR_MORE ? body.len : CURSOR_MORE - 1;
    uint32_t start = *cursor & ~CURSOR_MORE;
    bool more = (*cursor & CURSOR_MORE) != 0;
    uint32_t end = body.off + len, pos, from, i;

    memset(out, 0, sizeof *out);
    if (start >= len)
        return false;
    from = pos = body.off + start;
    while (pos < end && buf[pos] != '\r' && buf[pos] != '\n' && buf[pos] != 0)
        pos++;
    out->line = view_between(from, pos);

    /* NULs and one line end, CR CR LF among them, are a single end of line. */
    while (pos < end && buf[pos] == 0)
        pos++;
    if (pos < end && buf[pos] == '\n')
        pos++;
    else if (pos < end && buf[pos] == '\r') {
        if (pos + 1 < end && buf[pos + 1] == '\n')
            pos += 2;
        else if (pos + 2 < end && buf[pos + 1] == '\r' && buf[pos + 2] == '\n')
            pos += 3;
        else
            pos++;
    }

    for (i = 0; i < out->line.len && is_blank(buf[from + i]);)
        i++;
    if (i == out->line.len) {
        uint32_t ahead = pos;

        while (!more && ahead < end && is_nothing(buf[ahead]))
            ahead++;
        if (!more && ahead == end) {
            memset(out, 0, sizeof *out);
            *cursor = len;
            return false;
        }
        out->blank = true;
        more = true;
    } else {
        more = false;
        if (out->line.len >= 2 && is_letter(buf[from]) && buf[from + 1] == '=') {
            out->type = (char)buf[from];
            out->value = view_between(from + 2, from + out->line.len);
            while (out->value.len > 0 && is_blank(buf[view_end(out->value) - 1]))
                out->value.len--;
        } else {
            out->broken = true;
        }
    }
    *cursor = (pos - body.off) | (more ? CURSOR_MORE : 0);
    return true;
}

/* ---- y= and f= ------------------------------------------------------------------------------------------------ */

void hik_sdp_parse_ssrc(const uint8_t *buf, struct hik_view value, struct hik_ssrc *out)
{
    uint64_t number = 0;
    uint32_t i;

    memset(out, 0, sizeof *out);
    out->text = hik_view_trim(buf, value);
    out->kind = HIK_SSRC_NOT_NUMBER;
    for (i = 0; i < out->text.len; i++) {
        uint8_t c = buf[out->text.off + i];

        if (c < '0' || c > '9')
            return;
        if (number <= UINT32_MAX) /* once above, it stays above */
            number = number * 10 + (uint64_t)(c - '0');
    }
    if (out->text.len == 0)
        return;
    if (out->text.len == 10) {
        out->has_parts = true;
        out->history = buf[out->text.off] == '1';
        out->history_digit = view_between(out->text.off, out->text.off + 1);
        out->domain = view_between(out->text.off + 1, out->text.off + 6);
        out->serial = view_between(out->text.off + 6, out->text.off + 10);
    }
    if (number > UINT32_MAX) {
        out->kind = HIK_SSRC_OVERFLOW;
        return;
    }
    out->value = (uint32_t)number;
    out->kind = out->text.len < 10 ? HIK_SSRC_SHORT : out->text.len > 10 ? HIK_SSRC_LONG : HIK_SSRC_OK;
}

/* Splits at '/' into exactly `count` views. False if there are fewer or more parts; what is there is kept. */
static bool split_format(const uint8_t *buf, struct hik_view rest, struct hik_view *const *parts, unsigned count)
{
    bool more = true;
    unsigned i;

    for (i = 0; i < count && more; i++) {
        *parts[i] = hik_view_trim(buf, next_part(buf, &rest, '/', &more));
        if (parts[i]->len == 0)
            parts[i]->off = 0;
    }
    return i == count && !more;
}

void hik_sdp_parse_format(const uint8_t *buf, struct hik_view value, struct hik_format *out)
{
    struct hik_view *const video[] = { &out->video_codec, &out->resolution, &out->frame_rate, &out->rate_type,
                                       &out->bit_rate };
    struct hik_view *const audio[] = { &out->audio_codec, &out->audio_bit_rate, &out->sample_rate };
    struct hik_view text = hik_view_trim(buf, value);
    uint32_t pos = text.off, end = view_end(text), at;

    memset(out, 0, sizeof *out);
    if (text.len == 0) /* "f=" alone is common and means nothing */
        return;
    out->has_video = text.len >= 2 && lower(buf[pos]) == 'v' && buf[pos + 1] == '/';
    if (out->has_video)
        pos += 2;
    for (at = pos; at + 1 < end && !(lower(buf[at]) == 'a' && buf[at + 1] == '/');)
        at++;
    out->has_audio = at + 1 < end && (out->has_video || at == pos);
    if (!out->has_audio)
        at = end;
    out->broken = !out->has_video || !out->has_audio;
    if (out->has_video && !split_format(buf, view_between(pos, at), video, 5))
        out->broken = true;
    if (out->has_audio && !split_format(buf, view_between(at + 2, end), audio, 3))
        out->broken = true;
}

static const char *name_of(const char *const *names, size_t count, uint32_t code)
{
    return code < count ? names[code] : NULL;
}

#define NAME_OF(names, code) name_of((names), sizeof(names) / sizeof((names)[0]), (code))

const char *hik_format_video_codec_name(uint32_t code)
{
    static const char *const names[] = { NULL, "MPEG-4", "H.264", "SVAC", "3GP", "H.265" };

    return NAME_OF(names, code);
}

const char *hik_format_resolution_name(uint32_t code)
{
    static const char *const names[] = { NULL, "QCIF", "CIF", "4CIF", "D1", "720P", "1080P/I" };

    return NAME_OF(names, code);
}

const char *hik_format_rate_type_name(uint32_t code)
{
    static const char *const names[] = { NULL, "Constant bit rate (CBR)", "Variable bit rate (VBR)" };

    return NAME_OF(names, code);
}

const char *hik_format_audio_codec_name(uint32_t code)
{
    static const char *const names[] = { NULL, "G.711", "G.723.1", "G.729", "G.722.1", "SVAC", "AAC" };

    return NAME_OF(names, code);
}

const char *hik_format_audio_bit_rate_name(uint32_t code)
{
    static const char *const names[] = {
        NULL,          "5.3 kbit/s",  "6.3 kbit/s",  "8 kbit/s",     "16 kbit/s",   "24 kbit/s",   "32 kbit/s",
        "48 kbit/s",   "64 kbit/s",   "12 kbit/s",   "80 kbit/s",    "96 kbit/s",   "112 kbit/s",  "128 kbit/s",
        "160 kbit/s",  "192 kbit/s",  "224 kbit/s",  "256 kbit/s",   "288 kbit/s",  "320 kbit/s",  "10.8 kbit/s",
        "12.4 kbit/s", "14 kbit/s",   "15.6 kbit/s", "17.2 kbit/s",  "19.6 kbit/s", "21.2 kbit/s", "24.4 kbit/s",
        "23.05 kbit/s", "34 kbit/s",  "48.61 kbit/s",
    };

    return NAME_OF(names, code);
}

const char *hik_format_sample_rate_name(uint32_t code)
{
    static const char *const names[] = {
        NULL,     "8 kHz",  "14 kHz",   "16 kHz", "32 kHz", "7.35 kHz", "11.025 kHz", "12 kHz",   "22.05 kHz",
        "24 kHz", "44.1 kHz", "48 kHz", "64 kHz", "88.2 kHz", "96 kHz", "12.8 kHz",   "25.6 kHz", "38.4 kHz",
    };

    return NAME_OF(names, code);
}

/* ---- m=, c=, o=, u=, a= --------------------------------------------------------------------------------------- */

bool hik_sdp_parse_media(const uint8_t *buf, struct hik_view value, struct hik_sdp_media *out)
{
    struct hik_view rest = value, port, part;
    uint64_t number;
    bool more;

    memset(out, 0, sizeof *out);
    out->media = next_word(buf, &rest);
    out->port_text = next_word(buf, &rest);
    out->proto = next_word(buf, &rest);
    out->formats = hik_view_trim(buf, rest);

    port = out->port_text;
    port = next_part(buf, &port, '/', &more);
    out->port_ok = hik_view_uint(buf, port, 65535, &number);
    if (out->port_ok)
        out->port = (uint16_t)number;
    for (rest = out->proto, more = true; more;) {
        part = next_part(buf, &rest, '/', &more);
        if (hik_view_is(buf, part, "TCP"))
            out->tcp = true;
    }
    return out->port_text.len > 0;
}

bool hik_sdp_parse_connection(const uint8_t *buf, struct hik_view value, struct hik_sdp_connection *out)
{
    struct hik_view rest = value, word = next_word(buf, &rest);
    bool more;

    memset(out, 0, sizeof *out);
    if (hik_view_is(buf, word, "IN"))
        word = next_word(buf, &rest);
    out->ipv6 = hik_view_is(buf, word, "IP6");
    if (out->ipv6 || hik_view_is(buf, word, "IP4"))
        word = next_word(buf, &rest);
    out->addr = next_part(buf, &word, '/', &more);
    if (out->addr.len >= 2 && buf[out->addr.off] == '[' && buf[view_end(out->addr) - 1] == ']')
        out->addr = view_between(out->addr.off + 1, view_end(out->addr) - 1);
    if (out->addr.len == 0)
        out->addr.off = 0;
    return out->addr.len > 0;
}

bool hik_sdp_parse_origin(const uint8_t *buf, struct hik_view value, struct hik_view *user,
                          struct hik_sdp_connection *addr)
{
    struct hik_view rest = value, before, word;

    memset(addr, 0, sizeof *addr);
    *user = next_word(buf, &rest);
    if (user->len == 0) {
        user->off = 0;
        return false;
    }
    for (;;) {
        before = rest;
        word = next_word(buf, &rest);
        if (word.len == 0)
            return true;
        if (hik_view_is(buf, word, "IN")) {
            hik_sdp_parse_connection(buf, before, addr);
            return true;
        }
    }
}

bool hik_sdp_parse_play_uri(const uint8_t *buf, struct hik_view value, struct hik_view *device_id,
                            struct hik_view *param)
{
    struct hik_view rest = hik_view_trim(buf, value), id;
    struct hik_gb_id parts;
    bool more;

    device_id->off = device_id->len = param->off = param->len = 0;
    id = next_part(buf, &rest, ':', &more);
    hik_gb_id_parse(buf + id.off, id.len, &parts);
    if (parts.kind == HIK_ID_NONE)
        return false;
    *device_id = id;
    if (more)
        *param = rest;
    return true;
}

void hik_sdp_parse_attribute(const uint8_t *buf, struct hik_view value, struct hik_sdp_attribute *out)
{
    static const struct {
        const char *name;
        enum hik_sdp_attr id;
    } names[] = {
        { "recvonly", HIK_ATTR_RECVONLY },
        { "sendonly", HIK_ATTR_SENDONLY },
        { "sendrecv", HIK_ATTR_SENDRECV },
        { "inactive", HIK_ATTR_INACTIVE },
        { "rtpmap", HIK_ATTR_RTPMAP },
        { "rtcp", HIK_ATTR_RTCP },
        { "rtcp-mux", HIK_ATTR_RTCP_MUX },
        { "setup", HIK_ATTR_SETUP },
        { "connection", HIK_ATTR_CONNECTION },
        { "streamMode", HIK_ATTR_STREAM_MODE },
        { "streamprofile", HIK_ATTR_STREAM_MODE },
        { "streamnumber", HIK_ATTR_STREAM_MODE },
        { "stream", HIK_ATTR_STREAM_MODE },
        { "filesize", HIK_ATTR_FILE_SIZE },
        { "filezise", HIK_ATTR_FILE_SIZE },
        { "downloadspeed", HIK_ATTR_DOWNLOAD_SPEED },
        { "download", HIK_ATTR_DOWNLOAD_SPEED },
    };
    struct hik_view rest = value;
    bool more;
    size_t i;

    memset(out, 0, sizeof *out);
    out->name = hik_view_trim(buf, next_part(buf, &rest, ':', &more));
    if (more)
        out->value = hik_view_trim(buf, rest);
    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (hik_view_is(buf, out->name, names[i].name)) {
            out->id = names[i].id;
            return;
        }
    }
}

bool hik_sdp_parse_rtpmap(const uint8_t *buf, struct hik_view value, struct hik_sdp_rtpmap *out)
{
    struct hik_view rest = value, pt = next_word(buf, &rest), map;
    uint64_t number;
    bool more;

    memset(out, 0, sizeof *out);
    out->channels = 1;
    if (!hik_view_uint(buf, pt, 127, &number))
        return false;
    out->pt = (uint8_t)number;
    map = next_word(buf, &rest);
    out->encoding = next_part(buf, &map, '/', &more);
    if (hik_view_uint(buf, next_part(buf, &map, '/', &more), UINT32_MAX, &number))
        out->clock = (uint32_t)number;
    if (hik_view_uint(buf, next_part(buf, &map, '/', &more), UINT32_MAX, &number))
        out->channels = (uint32_t)number;
    if (out->encoding.len == 0)
        out->encoding.off = 0;
    return out->encoding.len > 0;
}

/* ---- a whole description -------------------------------------------------------------------------------------- */

/* What stands before the first m= and holds for every section that does not say otherwise. */
struct session_level {
    struct hik_view c_line;
    struct hik_sdp_connection connection;
    enum hik_sdp_attr direction;
    enum hik_sdp_setup setup;
    bool has_y;
    struct hik_ssrc y;
};

static enum hik_sdp_session_name session_name(const uint8_t *buf, struct hik_view text)
{
    if (hik_view_is(buf, text, "Play"))
        return HIK_S_PLAY;
    if (hik_view_is(buf, text, "Playback"))
        return HIK_S_PLAYBACK;
    if (hik_view_is(buf, text, "Download"))
        return HIK_S_DOWNLOAD;
    if (hik_view_is(buf, text, "Talk"))
        return HIK_S_TALK;
    return HIK_S_OTHER;
}

static enum hik_sdp_setup setup_role(const uint8_t *buf, struct hik_view text)
{
    if (hik_view_is(buf, text, "active"))
        return HIK_SETUP_ACTIVE;
    if (hik_view_is(buf, text, "passive"))
        return HIK_SETUP_PASSIVE;
    if (hik_view_is(buf, text, "actpass"))
        return HIK_SETUP_ACTPASS;
    if (hik_view_is(buf, text, "holdconn"))
        return HIK_SETUP_HOLDCONN;
    return HIK_SETUP_NONE;
}

/* section: NULL at session level and in a section that is not kept. */
static void read_attribute(const uint8_t *buf, struct hik_view value, struct hik_sdp *out,
                           struct session_level *session, struct hik_sdp_section *section)
{
    bool at_session = section == NULL && out->media_count == 0;
    struct hik_sdp_attribute attr;
    struct hik_view rest;
    uint64_t number;

    hik_sdp_parse_attribute(buf, value, &attr);
    switch (attr.id) {
    case HIK_ATTR_RECVONLY:
    case HIK_ATTR_SENDONLY:
    case HIK_ATTR_SENDRECV:
    case HIK_ATTR_INACTIVE:
        if (section != NULL)
            section->direction = attr.id;
        else if (at_session)
            session->direction = attr.id;
        break;
    case HIK_ATTR_SETUP:
        if (section != NULL)
            section->setup = setup_role(buf, attr.value);
        else if (at_session)
            session->setup = setup_role(buf, attr.value);
        break;
    case HIK_ATTR_RTPMAP:
        if (section != NULL && section->map_count < HIK_SDP_MAX_MAPS &&
            hik_sdp_parse_rtpmap(buf, attr.value, &section->maps[section->map_count]))
            section->map_count++;
        break;
    case HIK_ATTR_RTCP:
        if (section != NULL && section->rtcp_port_text.len == 0) {
            rest = attr.value;
            section->rtcp_port_text = next_word(buf, &rest);
            if (hik_view_uint(buf, section->rtcp_port_text, 65535, &number))
                section->rtcp_port = (uint16_t)number;
        }
        break;
    case HIK_ATTR_RTCP_MUX:
        if (section != NULL)
            section->rtcp_mux = true;
        break;
    case HIK_ATTR_STREAM_MODE:
    case HIK_ATTR_FILE_SIZE:
        out->gb = true;
        break;
    case HIK_ATTR_OTHER:
    case HIK_ATTR_CONNECTION:
    case HIK_ATTR_DOWNLOAD_SPEED:
        break;
    }
}

static void read_times(const uint8_t *buf, struct hik_view value, struct hik_sdp *out)
{
    struct hik_view rest = value;
    uint64_t number;

    if (hik_view_uint(buf, next_word(buf, &rest), UINT64_MAX, &number))
        out->start_time = number;
    if (hik_view_uint(buf, next_word(buf, &rest), UINT64_MAX, &number))
        out->stop_time = number;
}

static void read_ssrc(const uint8_t *buf, const struct hik_sdp_line *line, struct hik_sdp *out,
                      struct session_level *session, struct hik_sdp_section *section, bool in_media)
{
    struct hik_ssrc y;

    hik_sdp_parse_ssrc(buf, line->value, &y);
    out->gb = true;
    if (!out->has_y) {
        out->has_y = true;
        out->y_line = line->line;
        out->y = y;
    }
    if (section != NULL && !section->has_y) {
        section->has_y = true;
        section->y = y;
    } else if (!in_media && !session->has_y) {
        session->has_y = true;
        session->y = y;
    }
}

static bool is_gb_id(const uint8_t *buf, struct hik_view v)
{
    struct hik_gb_id id;

    hik_gb_id_parse(buf + v.off, v.len, &id);
    return id.kind == HIK_ID_20 || id.kind == HIK_ID_18 || id.kind == HIK_ID_16;
}

bool hik_sdp_parse(const uint8_t *buf, struct hik_view body, struct hik_sdp *out)
{
    struct hik_sdp_section *section = NULL;
    struct session_level session;
    struct hik_sdp_line line;
    struct hik_format format;
    bool seen[128] = { false }; /* line types of which only the first counts */
    bool in_media = false;
    uint32_t cursor = 0;
    unsigned i;

    memset(out, 0, sizeof *out);
    memset(&session, 0, sizeof session);
    out->body = body;
    while (hik_sdp_next_line(buf, body, &cursor, &line)) {
        bool first;

        if (line.blank) {
            out->blank_lines++;
            continue;
        }
        if (line.broken) {
            if (out->broken_lines++ == 0)
                out->first_broken = line.line;
            continue;
        }
        first = !seen[(unsigned char)line.type];
        seen[(unsigned char)line.type] = true;
        switch (line.type) {
        case 'o':
            if (first)
                hik_sdp_parse_origin(buf, line.value, &out->origin_user, &out->origin);
            break;
        case 's':
            if (first) {
                out->session_name_text = hik_view_trim(buf, line.value);
                out->session_name = session_name(buf, out->session_name_text);
            }
            break;
        case 't':
            if (first)
                read_times(buf, line.value, out);
            break;
        case 'm':
            in_media = true;
            section = NULL;
            if (out->media_count < HIK_SDP_MAX_MEDIA) {
                section = &out->media[out->media_count++];
                section->line = line.line;
                hik_sdp_parse_media(buf, line.value, &section->media);
            } else {
                out->media_dropped++;
            }
            break;
        case 'c':
            if (section != NULL && section->c_line.len == 0) {
                section->c_line = line.line;
                hik_sdp_parse_connection(buf, line.value, &section->connection);
            } else if (!in_media && session.c_line.len == 0) {
                session.c_line = line.line;
                hik_sdp_parse_connection(buf, line.value, &session.connection);
            }
            break;
        case 'a':
            read_attribute(buf, line.value, out, &session, section);
            break;
        case 'y':
            read_ssrc(buf, &line, out, &session, section, in_media);
            break;
        case 'f':
            hik_sdp_parse_format(buf, line.value, &format);
            if (format.has_video || format.has_audio)
                out->gb = true;
            break;
        default:
            break;
        }
    }

    for (i = 0; i < out->media_count; i++) {
        section = &out->media[i];
        if (section->c_line.len == 0) {
            section->c_line = session.c_line;
            section->connection = session.connection;
        }
        if (section->direction == HIK_ATTR_OTHER)
            section->direction = session.direction;
        if (section->setup == HIK_SETUP_NONE)
            section->setup = session.setup;
        if (!section->has_y && session.has_y) {
            section->has_y = true;
            section->y = session.y;
        }
    }
    if (out->session_name != HIK_S_OTHER && is_gb_id(buf, out->origin_user))
        out->gb = true;
    return seen['v'] || seen['m'];
}

bool hik_sdp_encoding_is_ps(const char *encoding)
{
    static const char *const names[] = {"PS", "MPEG-PS", "MP2P"};

    for (size_t i = 0; encoding && i < sizeof names / sizeof names[0]; i++)
        if (g_ascii_strcasecmp(encoding, names[i]) == 0)
            return true;
    return false;
}
