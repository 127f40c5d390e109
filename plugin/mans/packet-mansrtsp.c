/* packet-mansrtsp.c
 * MANSRTSP: the RTSP-like text (RFC 2326 as cut down by GB/T 28181-2016 annex B) that steers the playback of history
 * media, in the body of SIP INFO and of its answer. Registered by media type, so it works on any port.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ws-compat.h"

#include <math.h>

#include "parts.h"
#include "session.h"
#include "current-message.h"

/* Header lines of one body; more are shown as one piece. */
#define MOST_LINES 1000

static int proto_mansrtsp = -1;

static int hf_hik_rtsp_method = -1;
static int hf_hik_rtsp_version = -1;
static int hf_hik_rtsp_status = -1;
static int hf_hik_rtsp_reason = -1;
static int hf_hik_rtsp_cseq = -1;
static int hf_hik_rtsp_scale = -1;
static int hf_hik_rtsp_range = -1;
static int hf_hik_rtsp_range_start = -1;
static int hf_hik_rtsp_range_end = -1;
static int hf_hik_rtsp_pause_time = -1;
static int hf_hik_rtsp_header = -1;
static int hf_hik_rtsp_line = -1;
static int hf_hik_rtsp_rest = -1;

static int ett_hik_rtsp = -1;
static int ett_hik_rtsp_range = -1;

static expert_field ei_hik_rtsp_first_line = EI_INIT;
static expert_field ei_hik_rtsp_value = EI_INIT;

static dissector_handle_t mansrtsp_handle;

/* A piece of the body. */
struct piece {
    unsigned off, len;
};

/* What the lines say. */
struct rtsp {
    bool request, answer;
    enum { METHOD_OTHER, METHOD_PLAY, METHOD_PAUSE, METHOD_TEARDOWN } method;
    struct piece method_text, version, status, reason;
    bool has_scale, has_start, now;
    double scale, start;
    int64_t cseq;                /* -1: it says none */
};

static struct piece trim(const uint8_t *buf, unsigned from, unsigned to)
{
    struct piece out;

    while (from < to && (g_ascii_isspace(buf[from]) || buf[from] == 0))
        from++;
    while (to > from && (g_ascii_isspace(buf[to - 1]) || buf[to - 1] == 0))
        to--;
    out.off = from;
    out.len = to - from;
    return out;
}

static bool is(const uint8_t *buf, struct piece piece, const char *text)
{
    return strlen(text) == piece.len && g_ascii_strncasecmp((const char *)buf + piece.off, text, piece.len) == 0;
}

static bool begins(const uint8_t *buf, struct piece piece, const char *text)
{
    size_t n = strlen(text);

    return piece.len >= n && g_ascii_strncasecmp((const char *)buf + piece.off, text, n) == 0;
}

/* The first word of *rest, which is cut to what stands behind it. */
static struct piece word(const uint8_t *buf, struct piece *rest)
{
    unsigned end = rest->off + rest->len, at = rest->off;
    struct piece out;

    while (at < end && !g_ascii_isspace(buf[at]))
        at++;
    out.off = rest->off;
    out.len = at - rest->off;
    *rest = trim(buf, at, end);
    return out;
}

/* A decimal number, sign and fraction allowed; independent of the locale. */
static bool number(const uint8_t *buf, struct piece piece, double *out)
{
    char text[40], *end;
    unsigned i;

    if (piece.len == 0 || piece.len >= sizeof text)
        return false;
    for (i = 0; i < piece.len; i++) {
        char c = (char)buf[piece.off + i];

        if (!g_ascii_isdigit(c) && c != '.' && c != '-' && c != '+')
            return false;
        text[i] = c;
    }
    text[piece.len] = '\0';
    *out = g_ascii_strtod(text, &end);
    return *end == '\0' && isfinite(*out);
}

/* Normal play time (RFC 2326 3.6): seconds, or h:mm:ss with a fraction. */
static bool play_time(const uint8_t *buf, struct piece piece, double *out)
{
    double total = 0, part;
    unsigned end = piece.off + piece.len, at = piece.off, parts = 0;

    while (parts < 3) {
        struct piece field = { at, 0 };

        while (at < end && buf[at] != ':')
            at++;
        field.len = at - field.off;
        if (!number(buf, field, &part) || part < 0)
            return false;
        total = total * 60 + part;
        parts++;
        if (at == end) {
            *out = total;
            return parts != 2;
        }
        at++;
    }
    return false;
}

static char *text_of(packet_info *pinfo, tvbuff_t *tvb, struct piece piece)
{
    return (char *)tvb_get_string_enc(pinfo->pool, tvb, (int)piece.off, (int)piece.len, ENC_UTF_8 | ENC_NA);
}

static proto_item *add_string(packet_info *pinfo, proto_tree *tree, int hf, tvbuff_t *tvb, struct piece piece)
{
    return proto_tree_add_string(tree, hf, tvb, (int)piece.off, (int)piece.len, text_of(pinfo, tvb, piece));
}

static bool is_version(const uint8_t *buf, struct piece piece)
{
    return begins(buf, piece, "RTSP/") || begins(buf, piece, "MANSRTSP/");
}

/* "PLAY RTSP/1.0", "PLAY rtsp://... RTSP/1.0", "RTSP/1.0 200 OK". False if it is neither. */
static bool read_first_line(const uint8_t *buf, struct piece line, struct rtsp *out)
{
    struct piece rest = line, first = word(buf, &rest);

    if (is_version(buf, first)) {
        out->answer = true;
        out->version = first;
        out->status = word(buf, &rest);
        out->reason = rest;
        return out->status.len > 0;
    }
    out->method_text = first;
    while (rest.len > 0) {
        struct piece last = word(buf, &rest);

        if (is_version(buf, last))
            out->version = last;
    }
    if (is(buf, first, "PLAY"))
        out->method = METHOD_PLAY;
    else if (is(buf, first, "PAUSE"))
        out->method = METHOD_PAUSE;
    else if (is(buf, first, "TEARDOWN"))
        out->method = METHOD_TEARDOWN;
    out->request = out->method != METHOD_OTHER || out->version.len > 0;
    return out->request;
}

static void show_first_line(packet_info *pinfo, proto_tree *tree, tvbuff_t *tvb, const uint8_t *buf,
                            const struct rtsp *rtsp)
{
    double status;

    if (rtsp->request) {
        add_string(pinfo, tree, hf_hik_rtsp_method, tvb, rtsp->method_text);
        if (rtsp->version.len)
            add_string(pinfo, tree, hf_hik_rtsp_version, tvb, rtsp->version);
        return;
    }
    add_string(pinfo, tree, hf_hik_rtsp_version, tvb, rtsp->version);
    if (number(buf, rtsp->status, &status) && status >= 100 && status <= 999)
        proto_tree_add_uint(tree, hf_hik_rtsp_status, tvb, (int)rtsp->status.off, (int)rtsp->status.len, (uint32_t)status);
    else
        add_string(pinfo, tree, hf_hik_rtsp_line, tvb, rtsp->status);
    if (rtsp->reason.len)
        add_string(pinfo, tree, hf_hik_rtsp_reason, tvb, rtsp->reason);
}

/* Range: npt=now-, npt=20.5-, npt=0-30; other units are shown as they are. */
static void read_range(packet_info *pinfo, proto_tree *tree, tvbuff_t *tvb, const uint8_t *buf, struct piece value,
                       struct rtsp *out)
{
    proto_item *item = add_string(pinfo, tree, hf_hik_rtsp_range, tvb, value);
    proto_tree *subtree = proto_item_add_subtree(item, ett_hik_rtsp_range);
    unsigned end = value.off + value.len, at = value.off + 4;
    struct piece first, second;
    double seconds;

    if (!begins(buf, value, "npt="))
        return;
    while (at < end && buf[at] != '-')
        at++;
    first = trim(buf, value.off + 4, at);
    second = trim(buf, at < end ? at + 1 : end, end);
    if (is(buf, first, "now")) {
        out->now = true;
    } else if (play_time(buf, first, &seconds)) {
        out->has_start = true;
        out->start = seconds;
        proto_tree_add_double(subtree, hf_hik_rtsp_range_start, tvb, (int)first.off, (int)first.len, seconds);
    } else {
        expert_add_info_format(pinfo, item, &ei_hik_rtsp_value, "The start of the range is not a time");
    }
    if (second.len == 0)
        return;
    if (play_time(buf, second, &seconds))
        proto_tree_add_double(subtree, hf_hik_rtsp_range_end, tvb, (int)second.off, (int)second.len, seconds);
    else
        expert_add_info_format(pinfo, item, &ei_hik_rtsp_value, "The end of the range is not a time");
}

static void read_header(packet_info *pinfo, proto_tree *tree, tvbuff_t *tvb, const uint8_t *buf, struct piece line,
                        struct rtsp *out)
{
    unsigned end = line.off + line.len, at = line.off;
    struct piece name, value;
    double n;

    while (at < end && buf[at] != ':')
        at++;
    if (at == end) {
        add_string(pinfo, tree, hf_hik_rtsp_line, tvb, line);
        return;
    }
    name = trim(buf, line.off, at);
    value = trim(buf, at + 1, end);
    if (is(buf, name, "CSeq") && number(buf, value, &n) && n >= 0 && n <= UINT32_MAX && (double)(uint32_t)n == n) {
        out->cseq = (int64_t)n;
        proto_tree_add_uint(tree, hf_hik_rtsp_cseq, tvb, (int)value.off, (int)value.len, (uint32_t)n);
    } else if (is(buf, name, "Scale") && number(buf, value, &n)) {
        out->has_scale = true;
        out->scale = n;
        proto_tree_add_double(tree, hf_hik_rtsp_scale, tvb, (int)value.off, (int)value.len, n);
    } else if (is(buf, name, "Range") && value.len > 0) {
        read_range(pinfo, tree, tvb, buf, value, out);
    } else if (is(buf, name, "PauseTime")) {
        add_string(pinfo, tree, hf_hik_rtsp_pause_time, tvb, value.len ? value : line);
    } else {
        proto_item *item = add_string(pinfo, tree, hf_hik_rtsp_header, tvb, line);

        if (is(buf, name, "CSeq") || is(buf, name, "Scale"))
            expert_add_info_format(pinfo, item, &ei_hik_rtsp_value, "The value of %s is not a number",
                                   is(buf, name, "CSeq") ? "CSeq" : "Scale");
    }
}

/* A double without the zeros behind the point, for people. */
static const char *plain(packet_info *pinfo, double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    return wmem_strdup(pinfo->pool, g_ascii_formatd(text, sizeof text, "%.12g", value));
}

static const char *describe(packet_info *pinfo, tvbuff_t *tvb, const struct rtsp *rtsp)
{
    wmem_strbuf_t *text = wmem_strbuf_new(pinfo->pool, "");
    struct piece shown = rtsp->answer ? rtsp->status : rtsp->method_text;

    if (!rtsp->request && !rtsp->answer)
        return "MANSRTSP";
    if (shown.len > 32)
        shown.len = 32;
    wmem_strbuf_append_printf(text, "%s%s", rtsp->answer ? "RTSP " : "", text_of(pinfo, tvb, shown));
    if (rtsp->has_scale)
        wmem_strbuf_append_printf(text, " x%s", plain(pinfo, rtsp->scale));
    if (rtsp->has_start)
        wmem_strbuf_append_printf(text, " from %s s", plain(pinfo, rtsp->start));
    return wmem_strbuf_get_str(text);
}

static void play(packet_info *pinfo, tvbuff_t *tvb, const uint8_t *buf, const struct rtsp *rtsp)
{
    const struct hik_message *message;
    double status;

    if (PINFO_FD_VISITED(pinfo) || (!rtsp->answer && rtsp->method != METHOD_PLAY && rtsp->method != METHOD_PAUSE))
        return;
    message = hik_session_message_of_body(pinfo, tvb);
    if (message && rtsp->answer) {
        if (number(buf, rtsp->status, &status) && status >= 100 && status <= 999)
            hik_session_playback_answer(pinfo, message, (unsigned)status, rtsp->cseq);
        return;
    }
    if (message && message->is_request && !message->retransmission)
        hik_session_playback(pinfo, message, rtsp->has_scale ? rtsp->scale : 0, rtsp->method == METHOD_PAUSE, rtsp->cseq);
}

static int dissect_mansrtsp(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    unsigned len = tvb_captured_length(tvb), at = 0, lines = 0;
    const uint8_t *buf;
    struct rtsp rtsp;
    proto_item *item;
    proto_tree *subtree;
    const char *info;
    bool first = true;

    if (len == 0)
        return 0;
    buf = tvb_get_ptr(tvb, 0, (int)len);
    memset(&rtsp, 0, sizeof rtsp);
    rtsp.cseq = -1;
    item = proto_tree_add_item(tree, proto_mansrtsp, tvb, 0, -1, ENC_NA);
    subtree = proto_item_add_subtree(item, ett_hik_rtsp);
    while (at < len) {
        const uint8_t *hit = (const uint8_t *)memchr(buf + at, '\n', len - at);
        unsigned end = hit ? (unsigned)(hit - buf) : len;
        struct piece line = trim(buf, at, end);

        at = hit ? end + 1 : len;
        if (line.len == 0)
            continue;
        if (++lines > MOST_LINES) {
            proto_tree_add_item(subtree, hf_hik_rtsp_rest, tvb, (int)line.off, -1, ENC_NA);
            break;
        }
        if (!hit && len < tvb_reported_length(tvb)) { /* the capture cut it: half a value is none */
            add_string(pinfo, subtree, hf_hik_rtsp_line, tvb, line);
            break;
        }
        if (first) {
            first = false;
            if (read_first_line(buf, line, &rtsp))
                show_first_line(pinfo, subtree, tvb, buf, &rtsp);
            else
                expert_add_info(pinfo, add_string(pinfo, subtree, hf_hik_rtsp_line, tvb, line), &ei_hik_rtsp_first_line);
            continue;
        }
        read_header(pinfo, subtree, tvb, buf, line, &rtsp);
    }
    info = describe(pinfo, tvb, &rtsp);
    proto_item_append_text(item, ", %s", info);
    if (hik_current_message_say(pinfo, info))
        ; /* it is shown by the front door */
    else if (proto_is_frame_protocol(pinfo->layers, "sip"))
        col_append_str(pinfo->cinfo, COL_INFO, info);
    else
        col_append_sep_str(pinfo->cinfo, COL_INFO, " | ", info);
    play(pinfo, tvb, buf, &rtsp);
    return (int)len;
}

/* Bodies called application/rtsp are ours only inside SIP. */
static int dissect_rtsp_in_sip(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    if (!proto_is_frame_protocol(pinfo->layers, "sip"))
        return 0;
    return dissect_mansrtsp(tvb, pinfo, tree, data);
}

/* A body whose Content-Type is missing or unknown. */
static ws_bool dissect_mansrtsp_heur(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    unsigned len = tvb_captured_length(tvb), end = 0;
    const uint8_t *buf;
    struct rtsp rtsp;

    if (len > 256)
        len = 256;
    if (len < 8)
        return FALSE;
    buf = tvb_get_ptr(tvb, 0, (int)len);
    while (end < len && buf[end] != '\n')
        end++;
    memset(&rtsp, 0, sizeof rtsp);
    rtsp.cseq = -1;
    if (!read_first_line(buf, trim(buf, 0, end), &rtsp) || rtsp.version.len == 0)
        return FALSE;
    return dissect_mansrtsp(tvb, pinfo, tree, data) > 0;
}

void hik_mansrtsp_register(int proto _U_)
{
    static hf_register_info hf[] = {
        { &hf_hik_rtsp_method, { "Method", "mansrtsp.method", FT_STRING, BASE_NONE, NULL, 0, NULL, HFILL } },
        { &hf_hik_rtsp_version, { "Version", "mansrtsp.version", FT_STRING, BASE_NONE, NULL, 0, NULL, HFILL } },
        { &hf_hik_rtsp_status, { "Status", "mansrtsp.status", FT_UINT16, BASE_DEC, NULL, 0, NULL, HFILL } },
        { &hf_hik_rtsp_reason, { "Reason", "mansrtsp.reason", FT_STRING, BASE_NONE, NULL, 0, NULL, HFILL } },
        { &hf_hik_rtsp_cseq, { "CSeq", "mansrtsp.cseq", FT_UINT32, BASE_DEC, NULL, 0, NULL, HFILL } },
        { &hf_hik_rtsp_scale, { "Scale", "mansrtsp.scale", FT_DOUBLE, BASE_NONE, NULL, 0, "Playback speed; negative: backwards",
          HFILL } },
        { &hf_hik_rtsp_range, { "Range", "mansrtsp.range", FT_STRING, BASE_NONE, NULL, 0, NULL, HFILL } },
        { &hf_hik_rtsp_range_start, { "Start", "mansrtsp.range.start", FT_DOUBLE, BASE_NONE, NULL, 0, "Seconds from the start "
          "of the recording", HFILL } },
        { &hf_hik_rtsp_range_end, { "End", "mansrtsp.range.end", FT_DOUBLE, BASE_NONE, NULL, 0, "Seconds from the start of the "
          "recording", HFILL } },
        { &hf_hik_rtsp_pause_time, { "Pause time", "mansrtsp.pause_time", FT_STRING, BASE_NONE, NULL, 0, NULL, HFILL } },
        { &hf_hik_rtsp_header, { "Header", "mansrtsp.header", FT_STRING, BASE_NONE, NULL, 0, "Header without a field of its own",
          HFILL } },
        { &hf_hik_rtsp_line, { "Line", "mansrtsp.line", FT_STRING, BASE_NONE, NULL, 0, "Line that is no header", HFILL } },
        { &hf_hik_rtsp_rest, { "More lines, not shown one by one", "mansrtsp.rest", FT_BYTES, BASE_NONE, NULL, 0, NULL,
          HFILL } },
    };
    static int *ett[] = { &ett_hik_rtsp, &ett_hik_rtsp_range };
    static ei_register_info ei[] = {
        { &ei_hik_rtsp_first_line, { "mansrtsp.first_line", PI_PROTOCOL, PI_WARN, "The first line is no MANSRTSP request or "
          "answer", EXPFILL } },
        { &ei_hik_rtsp_value, { "mansrtsp.value", PI_PROTOCOL, PI_WARN, "A value is not what it should be", EXPFILL } },
    };
    expert_module_t *expert;

    proto_mansrtsp = proto_register_protocol("Monitoring and Alarming Network System RTSP", "MANSRTSP", "mansrtsp");
    proto_register_field_array(proto_mansrtsp, hf, array_length(hf));
    proto_register_subtree_array(ett, array_length(ett));
    expert = expert_register_protocol(proto_mansrtsp);
    expert_register_field_array(expert, ei, array_length(ei));
    mansrtsp_handle = register_dissector("mansrtsp", dissect_mansrtsp, proto_mansrtsp);
}

void hik_mansrtsp_handoff(void)
{
    /* A description of its own: 4.6 complains about two alike in one table. */
    dissector_handle_t in_sip = create_dissector_handle_with_name_and_description(dissect_rtsp_in_sip, proto_mansrtsp, NULL,
                                                                                  "MANSRTSP called RTSP");

    dissector_add_string("media_type", "application/mansrtsp", mansrtsp_handle);
    dissector_add_string("media_type", "application/rtsp", in_sip);
    heur_dissector_add("sip", dissect_mansrtsp_heur, "MANSRTSP in SIP", "mansrtsp_sip", proto_mansrtsp, HEURISTIC_ENABLE);
}
