/* test-sdp.c
 * Byte tests of sdp: the seed's descriptions, what odd devices send, and hostile bytes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sdp.h"
#include "error-info.h"
#include "seed-messages.h"

static struct hik_view whole(const char *text)
{
    struct hik_view v = { 0, (uint32_t)strlen(text) };

    return v;
}

/* The body of a message of the seed. */
static const char *body_of(const char *message)
{
    return strstr(message, "\r\n\r\n") + 4;
}

static bool parse(const char *text, struct hik_sdp *sdp)
{
    return hik_sdp_parse((const uint8_t *)text, whole(text), sdp);
}

/* ---- lines ---------------------------------------------------------------------------------------------------- */

/* What a walk gives, one letter per line: its type, '!' broken, '_' blank. Values in between []. */
static gchar *walk(const void *bytes, size_t len)
{
    uint8_t *buf = exact_copy(bytes, len);
    struct hik_view body = { 0, (uint32_t)len };
    GString *seen = g_string_new(NULL);
    struct hik_sdp_line line;
    uint32_t cursor = 0;

    while (hik_sdp_next_line(buf, body, &cursor, &line)) {
        assert_inside(line.line, len);
        assert_inside(line.value, len);
        if (line.blank) {
            g_assert_false(line.broken);
            g_assert_cmpint(line.type, ==, 0);
            g_string_append_c(seen, '_');
        } else if (line.broken) {
            g_assert_cmpint(line.type, ==, 0);
            g_string_append_printf(seen, "![%.*s]", (int)line.line.len, (const char *)buf + line.line.off);
        } else {
            g_string_append_printf(seen, "%c[%.*s]", line.type, (int)line.value.len,
                                   (const char *)buf + line.value.off);
        }
    }
    g_assert_false(hik_sdp_next_line(buf, body, &cursor, &line));
    free(buf);
    return g_string_free(seen, FALSE);
}

#define NUL_ROW(text, seen) { (text), sizeof(text) - 1, (seen) }

static void test_lines(void)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *seen;
    } rows[] = {
        NUL_ROW("", ""),
        NUL_ROW("v=0", "v[0]"),
        NUL_ROW("v=0\r\ns=x\r\n", "v[0]s[x]"),
        NUL_ROW("v=0\ns=x\n", "v[0]s[x]"),
        NUL_ROW("v=0\rs=x\r", "v[0]s[x]"),
        NUL_ROW("v=0\r\r\ns=x\r\r\n", "v[0]s[x]"),
        NUL_ROW("v=0\r\n\r\ns=x", "v[0]_s[x]"),
        NUL_ROW("v=0\r\n\r\n \n\ns=x\n\n\n \t\r\n", "v[0]___s[x]"),
        NUL_ROW("\r\nv=0", "_v[0]"),
        NUL_ROW("\r\n\r\n", ""),
        NUL_ROW("y=1\0", "y[1]"),
        NUL_ROW("y=1\r\n\0", "y[1]"),
        NUL_ROW("y=1\r\n\0\0\0", "y[1]"),
        NUL_ROW("y=1\0\0\r\nf=2\0\n", "y[1]f[2]"),
        NUL_ROW("y=1\0f=2", "y[1]f[2]"),
        NUL_ROW("y=1 \t\r\n", "y[1]"),
        NUL_ROW("y= 1", "y[ 1]"),
        NUL_ROW("y=", "y[]"),
        NUL_ROW("y=  \r\nf=", "y[]f[]"),
        NUL_ROW("connection:new\r\na=setup:active", "![connection:new]a[setup:active]"),
        NUL_ROW("a\r\n=x\r\n1=2\r\n y=3", "![a]![=x]![1=2]![ y=3]"),
        NUL_ROW("a=b=c", "a[b=c]"),
        NUL_ROW("A=1\nZ=2\nz=3\n@=4\n[=5\n`=6\n{=7", "A[1]Z[2]z[3]![@=4]![[=5]![`=6]![{=7]"),
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        gchar *seen = walk(rows[i].bytes, rows[i].len);

        g_assert_cmpstr(seen, ==, rows[i].seen);
        g_free(seen);
    }
}

/* The line's view is the line without its end, and a body need not begin at 0. */
static void test_line_views(void)
{
    const char *text = "xxv=0\r\ny=17 \r\nxx";
    struct hik_view body = { 2, 12 };
    struct hik_sdp_line line;
    uint32_t cursor = 0;

    g_assert_true(hik_sdp_next_line((const uint8_t *)text, body, &cursor, &line));
    g_assert_cmpuint(line.line.off, ==, 2);
    assert_text(text, line.line, "v=0");
    g_assert_cmpuint(cursor, ==, 5);
    g_assert_true(hik_sdp_next_line((const uint8_t *)text, body, &cursor, &line));
    assert_text(text, line.line, "y=17 ");
    assert_text(text, line.value, "17");
    g_assert_cmpuint(line.value.off, ==, 9);
    g_assert_false(hik_sdp_next_line((const uint8_t *)text, body, &cursor, &line));
    g_assert_cmpint(line.type, ==, 0);
    assert_absent(line.line);
}

/* ---- y= and f= ------------------------------------------------------------------------------------------------ */

static void test_ssrc(void)
{
    static const struct {
        const char *text;
        enum hik_ssrc_kind kind;
        uint32_t value;
        bool parts, history;
        const char *domain, *serial;
    } rows[] = {
        { "0999999999", HIK_SSRC_OK, 0x3b9ac9ff, true, false, "99999", "9999" },
        { "0100007399", HIK_SSRC_OK, 100007399, true, false, "10000", "7399" },
        { "1310000001", HIK_SSRC_OK, 1310000001, true, true, "31000", "0001" },
        { " 0200006657 \t", HIK_SSRC_OK, 200006657, true, false, "20000", "6657" },
        { "0000000000", HIK_SSRC_OK, 0, true, false, "00000", "0000" },
        { "4294967295", HIK_SSRC_OK, 4294967295U, true, false, "29496", "7295" },
        { "4294967296", HIK_SSRC_OVERFLOW, 0, true, false, "29496", "7296" },
        { "9999999999", HIK_SSRC_OVERFLOW, 0, true, false, "99999", "9999" },
        { "123456", HIK_SSRC_SHORT, 123456, false, false, "", "" },
        { "999999999", HIK_SSRC_SHORT, 999999999, false, false, "", "" },
        { "0", HIK_SSRC_SHORT, 0, false, false, "", "" },
        { "00999999999", HIK_SSRC_LONG, 999999999, false, false, "", "" },
        { "00000000004294967295", HIK_SSRC_LONG, 4294967295U, false, false, "", "" },
        { "42949672950", HIK_SSRC_OVERFLOW, 0, false, false, "", "" },
        { "10999999999", HIK_SSRC_OVERFLOW, 0, false, false, "", "" },
        { "99999999999999999999999999999999999999999", HIK_SSRC_OVERFLOW, 0, false, false, "", "" },
        { "", HIK_SSRC_NOT_NUMBER, 0, false, false, "", "" },
        { "  ", HIK_SSRC_NOT_NUMBER, 0, false, false, "", "" },
        { "09999x9999", HIK_SSRC_NOT_NUMBER, 0, false, false, "", "" },
        { "0x3b9ac9ff", HIK_SSRC_NOT_NUMBER, 0, false, false, "", "" },
        { "-999999999", HIK_SSRC_NOT_NUMBER, 0, false, false, "", "" },
        { "09999 9999", HIK_SSRC_NOT_NUMBER, 0, false, false, "", "" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint8_t *buf = exact_copy(rows[i].text, strlen(rows[i].text));
        gchar *stripped = g_strstrip(g_strdup(rows[i].text));
        struct hik_ssrc ssrc;

        hik_sdp_parse_ssrc(buf, whole(rows[i].text), &ssrc);
        g_assert_cmpint(ssrc.kind, ==, rows[i].kind);
        g_assert_cmpuint(ssrc.value, ==, rows[i].value);
        assert_text(buf, ssrc.text, stripped);
        g_assert_true(ssrc.has_parts == rows[i].parts);
        g_assert_true(ssrc.history == rows[i].history);
        assert_text(buf, ssrc.domain, rows[i].domain);
        assert_text(buf, ssrc.serial, rows[i].serial);
        g_assert_cmpuint(ssrc.history_digit.len, ==, rows[i].parts ? 1 : 0);
        if (rows[i].parts) {
            g_assert_cmpuint(ssrc.history_digit.off, ==, ssrc.text.off);
            g_assert_cmpuint(ssrc.domain.off, ==, ssrc.text.off + 1);
            g_assert_cmpuint(ssrc.serial.off, ==, ssrc.text.off + 6);
        }
        g_free(stripped);
        free(buf);
    }
}

static void test_format(void)
{
    static const struct {
        const char *text;
        bool video, audio, broken;
        const char *part[8];
    } rows[] = {
        { "v/2/6/25/1/4000a/1/8/1", true, true, false, { "2", "6", "25", "1", "4000", "1", "8", "1" } },
        { "v/5/2560x1440/25/2/8192a/6/11/6", true, true, false,
          { "5", "2560x1440", "25", "2", "8192", "6", "11", "6" } },
        { "v/0/0/0/0/0a/0/0/0", true, true, false, { "0", "0", "0", "0", "0", "0", "0", "0" } },
        { "v/////a/1/8/1", true, true, false, { "", "", "", "", "", "1", "8", "1" } },
        { "v/////a///", true, true, false, { "", "", "", "", "", "", "", "" } },
        { "v/2//25//a/1//", true, true, false, { "2", "", "25", "", "", "1", "", "" } },
        { " V/2/4/25/1/2048 A/1/8/1 ", true, true, false, { "2", "4", "25", "1", "2048", "1", "8", "1" } },
        { "", false, false, false, { "", "", "", "", "", "", "", "" } },
        { "  ", false, false, false, { "", "", "", "", "", "", "", "" } },
        { "v/2/4/25/1/2048", true, false, true, { "2", "4", "25", "1", "2048", "", "", "" } },
        { "v/2/4/25/1/2048a", true, false, true, { "2", "4", "25", "1", "2048a", "", "", "" } },
        { "v/2/4/25/1/2048/a/1/8/1", true, true, true, { "2", "4", "25", "1", "2048", "1", "8", "1" } },
        { "v/2/4a/1/8/1", true, true, true, { "2", "4", "", "", "", "1", "8", "1" } },
        { "v/2/4/25/1/2048a/1", true, true, true, { "2", "4", "25", "1", "2048", "1", "", "" } },
        { "v/2/4/25/1/2048a/1/8/1/9", true, true, true, { "2", "4", "25", "1", "2048", "1", "8", "1" } },
        { "a/1/8/1", false, true, true, { "", "", "", "", "", "1", "8", "1" } },
        { "v/", true, false, true, { "", "", "", "", "", "", "", "" } },
        { "v", false, false, true, { "", "", "", "", "", "", "", "" } },
        { "video/2/4a/1", false, false, true, { "", "", "", "", "", "", "", "" } },
        { "v/a/", true, true, true, { "", "", "", "", "", "", "", "" } },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint8_t *buf = exact_copy(rows[i].text, strlen(rows[i].text));
        struct hik_format f;

        hik_sdp_parse_format(buf, whole(rows[i].text), &f);
        g_assert_true(f.has_video == rows[i].video);
        g_assert_true(f.has_audio == rows[i].audio);
        g_assert_true(f.broken == rows[i].broken);
        assert_text(buf, f.video_codec, rows[i].part[0]);
        assert_text(buf, f.resolution, rows[i].part[1]);
        assert_text(buf, f.frame_rate, rows[i].part[2]);
        assert_text(buf, f.rate_type, rows[i].part[3]);
        assert_text(buf, f.bit_rate, rows[i].part[4]);
        assert_text(buf, f.audio_codec, rows[i].part[5]);
        assert_text(buf, f.audio_bit_rate, rows[i].part[6]);
        assert_text(buf, f.sample_rate, rows[i].part[7]);
        free(buf);
    }
}

static void test_format_names(void)
{
    static const char *const bit_rates[] = {
        "5.3", "6.3", "8", "16", "24",   "32",   "48",   "64",   "12",    "80", "96",    "112", "128", "160", "192",
        "224",  "256",  "288", "320", "10.8", "12.4", "14",   "15.6", "17.2",  "19.6",
        "21.2", "24.4", "23.05", "34", "48.61",
    };
    static const char *const sample_rates[] = {
        "8",    "14", "16", "32",   "7.35", "11.025", "12",   "22.05", "24",
        "44.1", "48", "64", "88.2", "96",   "12.8",   "25.6", "38.4",
    };
    static const char *const video[] = { "MPEG-4", "H.264", "SVAC", "3GP", "H.265" };
    static const char *const sizes[] = { "QCIF", "CIF", "4CIF", "D1", "720P", "1080P/I" };
    static const char *const audio[] = { "G.711", "G.723.1", "G.729", "G.722.1", "SVAC", "AAC" };
    static const char *const rate_types[] = { "Constant bit rate (CBR)", "Variable bit rate (VBR)" };
    static const struct {
        const char *(*name)(uint32_t code);
        const char *const *names;
        uint32_t count;
        const char *unit;
    } tables[] = {
        { hik_format_video_codec_name, video, G_N_ELEMENTS(video), "" },
        { hik_format_resolution_name, sizes, G_N_ELEMENTS(sizes), "" },
        { hik_format_rate_type_name, rate_types, G_N_ELEMENTS(rate_types), "" },
        { hik_format_audio_codec_name, audio, G_N_ELEMENTS(audio), "" },
        { hik_format_audio_bit_rate_name, bit_rates, G_N_ELEMENTS(bit_rates), " kbit/s" },
        { hik_format_sample_rate_name, sample_rates, G_N_ELEMENTS(sample_rates), " kHz" },
    };
    size_t i;
    uint32_t code;

    for (i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_assert_null(tables[i].name(0));
        for (code = 1; code <= tables[i].count; code++) {
            gchar *name = g_strconcat(tables[i].names[code - 1], tables[i].unit, NULL);

            g_assert_cmpstr(tables[i].name(code), ==, name);
            g_free(name);
        }
        g_assert_null(tables[i].name(code));
        g_assert_null(tables[i].name(UINT32_MAX));
    }
}

/* ---- m=, c=, o=, u=, a= --------------------------------------------------------------------------------------- */

static void test_media(void)
{
    static const struct {
        const char *text;
        bool ok;
        const char *media, *port_text;
        uint16_t port;
        bool port_ok;
        const char *proto;
        bool tcp;
        const char *formats;
    } rows[] = {
        { "video 5798 RTP/AVP 96 97 98", true, "video", "5798", 5798, true, "RTP/AVP", false, "96 97 98" },
        { "video 15060 TCP/RTP/AVP 96", true, "video", "15060", 15060, true, "TCP/RTP/AVP", true, "96" },
        { "video 15060 RTP/AVP/TCP 96", true, "video", "15060", 15060, true, "RTP/AVP/TCP", true, "96" },
        { "audio\t8000/2  rtp/avp/tcp  8 \t0 ", true, "audio", "8000/2", 8000, true, "rtp/avp/tcp", true, "8 \t0" },
        { "video 0 RTP/AVP 96", true, "video", "0", 0, true, "RTP/AVP", false, "96" },
        { "video 65535 RTP/AVP", true, "video", "65535", 65535, true, "RTP/AVP", false, "" },
        { "video 65536 RTP/AVP 96", true, "video", "65536", 0, false, "RTP/AVP", false, "96" },
        { "video -1 RTP/AVP 96", true, "video", "-1", 0, false, "RTP/AVP", false, "96" },
        { "video port TCPX/RTP/AVP 96", true, "video", "port", 0, false, "TCPX/RTP/AVP", false, "96" },
        { "video /2", true, "video", "/2", 0, false, "", false, "" },
        { "video", false, "video", "", 0, false, "", false, "" },
        { "", false, "", "", 0, false, "", false, "" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint8_t *buf = exact_copy(rows[i].text, strlen(rows[i].text));
        struct hik_sdp_media m;

        g_assert_true(hik_sdp_parse_media(buf, whole(rows[i].text), &m) == rows[i].ok);
        assert_text(buf, m.media, rows[i].media);
        assert_text(buf, m.port_text, rows[i].port_text);
        g_assert_cmpuint(m.port, ==, rows[i].port);
        g_assert_true(m.port_ok == rows[i].port_ok);
        assert_text(buf, m.proto, rows[i].proto);
        g_assert_true(m.tcp == rows[i].tcp);
        assert_text(buf, m.formats, rows[i].formats);
        free(buf);
    }
}

static void test_connection(void)
{
    static const struct {
        const char *text;
        bool ok;
        const char *addr;
        bool ipv6;
    } rows[] = {
        { "IN IP4 10.69.80.187", true, "10.69.80.187", false },
        { "IN IP4 224.2.1.1/127/3", true, "224.2.1.1", false },
        { "IN IP6 2001:db8::1", true, "2001:db8::1", true },
        { "in ip6  [2001:db8::1]/64 ", true, "2001:db8::1", true },
        { "IP4 10.1.2.3", true, "10.1.2.3", false },
        { "10.1.2.3", true, "10.1.2.3", false },
        { "IN IP4 host.example x", true, "host.example", false },
        { "IN IP4", false, "", false },
        { "IN IP6 ", false, "", true },
        { "IN IP4 /24", false, "", false },
        { "IN IP6 []", false, "", true },
        { "", false, "", false },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint8_t *buf = exact_copy(rows[i].text, strlen(rows[i].text));
        struct hik_sdp_connection c;

        g_assert_true(hik_sdp_parse_connection(buf, whole(rows[i].text), &c) == rows[i].ok);
        assert_text(buf, c.addr, rows[i].addr);
        g_assert_true(c.ipv6 == rows[i].ipv6);
        free(buf);
    }
}

static void test_origin(void)
{
    static const struct {
        const char *text;
        bool ok;
        const char *user, *addr;
    } rows[] = {
        { "37280601411319001158 0 0 IN IP4 10.69.80.187", true, "37280601411319001158", "10.69.80.187" },
        { "- 1 1 IN IP6 [2001:db8::1]", true, "-", "2001:db8::1" },
        { "34020000002000000001 IN IP4 10.1.1.1", true, "34020000002000000001", "10.1.1.1" },
        { "34020000002000000001 0 0", true, "34020000002000000001", "" },
        { "34020000002000000001 0 0 IN", true, "34020000002000000001", "" },
        { "  ", false, "", "" },
        { "", false, "", "" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint8_t *buf = exact_copy(rows[i].text, strlen(rows[i].text));
        struct hik_sdp_connection c;
        struct hik_view user;

        g_assert_true(hik_sdp_parse_origin(buf, whole(rows[i].text), &user, &c) == rows[i].ok);
        assert_text(buf, user, rows[i].user);
        assert_text(buf, c.addr, rows[i].addr);
        free(buf);
    }
}

static void test_play_uri(void)
{
    static const struct {
        const char *text;
        bool ok;
        const char *id, *param;
    } rows[] = {
        { "34020000001320000001:0", true, "34020000001320000001", "0" },
        { " 34020000001320000001:3 ", true, "34020000001320000001", "3" },
        { "130909113319427420:255", true, "130909113319427420", "255" },
        { "34020000001320000001", true, "34020000001320000001", "" },
        { "http://34020000002100000001/dir/file", false, "", "" },
        { ":0", false, "", "" },
        { "", false, "", "" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint8_t *buf = exact_copy(rows[i].text, strlen(rows[i].text));
        struct hik_view id, param;

        g_assert_true(hik_sdp_parse_play_uri(buf, whole(rows[i].text), &id, &param) == rows[i].ok);
        assert_text(buf, id, rows[i].id);
        assert_text(buf, param, rows[i].param);
        free(buf);
    }
}

static void test_attribute(void)
{
    static const struct {
        const char *text;
        enum hik_sdp_attr id;
        const char *name, *value;
    } rows[] = {
        { "recvonly", HIK_ATTR_RECVONLY, "recvonly", "" },
        { "SENDONLY ", HIK_ATTR_SENDONLY, "SENDONLY", "" },
        { "sendrecv", HIK_ATTR_SENDRECV, "sendrecv", "" },
        { "inactive", HIK_ATTR_INACTIVE, "inactive", "" },
        { "rtpmap:96 PS/90000", HIK_ATTR_RTPMAP, "rtpmap", "96 PS/90000" },
        { "rtcp:5799 IN IP4 1.2.3.4", HIK_ATTR_RTCP, "rtcp", "5799 IN IP4 1.2.3.4" },
        { "rtcp-mux", HIK_ATTR_RTCP_MUX, "rtcp-mux", "" },
        { "setup:passive", HIK_ATTR_SETUP, "setup", "passive" },
        { "connection : new", HIK_ATTR_CONNECTION, "connection", "new" },
        { "streamMode:MAIN", HIK_ATTR_STREAM_MODE, "streamMode", "MAIN" },
        { "streammode:sub", HIK_ATTR_STREAM_MODE, "streammode", "sub" },
        { "streamprofile:1", HIK_ATTR_STREAM_MODE, "streamprofile", "1" },
        { "streamnumber:0", HIK_ATTR_STREAM_MODE, "streamnumber", "0" },
        { "stream:1", HIK_ATTR_STREAM_MODE, "stream", "1" },
        { "filesize:-1", HIK_ATTR_FILE_SIZE, "filesize", "-1" },
        { "filezise:123", HIK_ATTR_FILE_SIZE, "filezise", "123" },
        { "downloadspeed:4", HIK_ATTR_DOWNLOAD_SPEED, "downloadspeed", "4" },
        { "download:4", HIK_ATTR_DOWNLOAD_SPEED, "download", "4" },
        { "sms:10.0.0.1:80/x", HIK_ATTR_OTHER, "sms", "10.0.0.1:80/x" },
        { "rtcpx", HIK_ATTR_OTHER, "rtcpx", "" },
        { "", HIK_ATTR_OTHER, "", "" },
        { ":", HIK_ATTR_OTHER, "", "" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint8_t *buf = exact_copy(rows[i].text, strlen(rows[i].text));
        struct hik_sdp_attribute a;

        hik_sdp_parse_attribute(buf, whole(rows[i].text), &a);
        g_assert_cmpint(a.id, ==, rows[i].id);
        assert_text(buf, a.name, rows[i].name);
        assert_text(buf, a.value, rows[i].value);
        free(buf);
    }
}

static void test_rtpmap(void)
{
    static const struct {
        const char *text;
        bool ok;
        uint8_t pt;
        const char *encoding;
        uint32_t clock, channels;
    } rows[] = {
        { "96 PS/90000", true, 96, "PS", 90000, 1 },
        { "8 PCMA/8000/2", true, 8, "PCMA", 8000, 2 },
        { " 127\tMPEG-PS ", true, 127, "MPEG-PS", 0, 1 },
        { "97 H264/x/y", true, 97, "H264", 0, 1 },
        { "97 H264/90000/", true, 97, "H264", 90000, 1 },
        { "97 H264/4294967296", true, 97, "H264", 0, 1 },
        { "128 PS/90000", false, 0, "", 0, 1 },
        { "96", false, 96, "", 0, 1 },
        { "96 /90000", false, 96, "", 90000, 1 },
        { "x PS/90000", false, 0, "", 0, 1 },
        { "", false, 0, "", 0, 1 },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint8_t *buf = exact_copy(rows[i].text, strlen(rows[i].text));
        struct hik_sdp_rtpmap map;

        g_assert_true(hik_sdp_parse_rtpmap(buf, whole(rows[i].text), &map) == rows[i].ok);
        g_assert_cmpuint(map.pt, ==, rows[i].pt);
        assert_text(buf, map.encoding, rows[i].encoding);
        g_assert_cmpuint(map.clock, ==, rows[i].clock);
        g_assert_cmpuint(map.channels, ==, rows[i].channels);
        free(buf);
    }
}

/* ---- whole descriptions --------------------------------------------------------------------------------------- */

static void test_seed(void)
{
    const char *text = body_of(SEED_INVITE);
    struct hik_sdp sdp;

    g_assert_true(parse(text, &sdp));
    assert_text(text, sdp.origin_user, "37280601411319001158");
    assert_text(text, sdp.origin.addr, "10.69.80.187");
    g_assert_false(sdp.origin.ipv6);
    g_assert_cmpint(sdp.session_name, ==, HIK_S_PLAY);
    assert_text(text, sdp.session_name_text, "Play");
    g_assert_cmpuint(sdp.start_time, ==, 0);
    g_assert_cmpuint(sdp.stop_time, ==, 0);
    g_assert_cmpuint(sdp.media_count, ==, 1);
    g_assert_cmpuint(sdp.media_dropped, ==, 0);
    assert_text(text, sdp.media[0].line, "m=video 5798 RTP/AVP 96 97 98");
    g_assert_cmpuint(sdp.media[0].media.port, ==, 5798);
    g_assert_false(sdp.media[0].media.tcp);
    assert_text(text, sdp.media[0].c_line, "c=IN IP4 10.69.80.187"); /* the session's */
    assert_text(text, sdp.media[0].connection.addr, "10.69.80.187");
    g_assert_cmpint(sdp.media[0].direction, ==, HIK_ATTR_RECVONLY);
    g_assert_cmpint(sdp.media[0].setup, ==, HIK_SETUP_NONE);
    g_assert_false(sdp.media[0].rtcp_mux);
    g_assert_cmpuint(sdp.media[0].rtcp_port, ==, 0);
    g_assert_cmpuint(sdp.media[0].map_count, ==, 3);
    g_assert_cmpuint(sdp.media[0].maps[1].pt, ==, 97);
    assert_text(text, sdp.media[0].maps[1].encoding, "MPEG4");
    g_assert_cmpuint(sdp.media[0].maps[2].clock, ==, 90000);
    g_assert_true(sdp.media[0].has_y);
    g_assert_cmpuint(sdp.media[0].y.value, ==, 999999999);
    g_assert_true(sdp.has_y);
    assert_text(text, sdp.y_line, "y=0999999999");
    g_assert_cmpint(sdp.y.kind, ==, HIK_SSRC_OK);
    g_assert_cmpuint(sdp.broken_lines, ==, 0);
    g_assert_cmpuint(sdp.blank_lines, ==, 0);
    assert_absent(sdp.first_broken);
    g_assert_true(sdp.gb);

    text = body_of(SEED_INVITE_200);
    g_assert_true(parse(text, &sdp));
    g_assert_cmpuint(sdp.media[0].media.port, ==, 5930);
    g_assert_cmpint(sdp.media[0].direction, ==, HIK_ATTR_SENDONLY);
    assert_text(text, sdp.media[0].connection.addr, "10.69.91.7");
    g_assert_cmpuint(sdp.y.value, ==, 100007399);

    g_assert_false(parse(body_of(SEED_SUBSCRIBE), &sdp));
}

/* Other line ends and endings give the same description; y= as the last line survives all of them. */
static void test_endings(void)
{
    static const char *const ends[] = { "\n", "\r", "\r\r\n", "\r\n\r\n" };
    static const struct {
        const char *bytes;
        size_t len;
    } tails[] = { { "", 0 },       { "\0", 1 },         { "\0\0\0", 3 }, { "\n", 1 },
                  { "\r\n\0", 3 }, { "\r\n\r\n", 4 }, { "\r", 1 } };
    size_t i, k;

    for (i = 0; i < G_N_ELEMENTS(ends); i++) {
        gchar **lines = g_strsplit(body_of(SEED_INVITE), "\r\n", -1);
        gchar *joined = g_strjoinv(ends[i], lines);
        size_t len = strlen(joined) - strlen(ends[i]);

        for (k = 0; k < G_N_ELEMENTS(tails); k++) {
            uint8_t *buf = malloc(len + tails[k].len);
            struct hik_view body = { 0, (uint32_t)(len + tails[k].len) };
            struct hik_sdp sdp;

            memcpy(buf, joined, len);
            memcpy(buf + len, tails[k].bytes, tails[k].len);
            g_assert_true(hik_sdp_parse(buf, body, &sdp));
            g_assert_cmpuint(sdp.media_count, ==, 1);
            g_assert_cmpuint(sdp.media[0].map_count, ==, 3);
            g_assert_cmpint(sdp.media[0].y.kind, ==, HIK_SSRC_OK);
            g_assert_cmpuint(sdp.media[0].y.value, ==, 999999999);
            assert_text(buf, sdp.y_line, "y=0999999999");
            g_assert_cmpuint(sdp.broken_lines, ==, 0);
            g_assert_cmpuint(sdp.blank_lines, ==, i == 3 ? 12 : 0);
            free(buf);
        }
        g_free(joined);
        g_strfreev(lines);
    }
}

static void test_odd(void)
{
    const char *text = "v=0\r\n"
                       "o=34020000002000000001 0 0 IN IP6 2001:db8::5\r\n"
                       "s=PlayBack\r\n"
                       "u=34020000001320000001:0\r\n"
                       "c=IN IP6 [2001:db8::5]\r\n"
                       "t=1700000000 1700003600\r\n"
                       "a=setup:actpass\r\n"
                       "m=video 15060 TCP/RTP/AVP 96\r\n"
                       "\r\n"
                       "a=rtpmap:96 PS/90000\r\n"
                       "a=rtpmap:broken\r\n"
                       "a=setup:passive\r\n"
                       "connection:new\r\n"
                       "a=recvonly\r\n"
                       "a=rtcp:5799 IN IP4 1.2.3.4\r\n"
                       "a=rtcp-mux\r\n"
                       "what is this\r\n"
                       "y=1340200001\r\n"
                       "m=audio 15062 RTP/AVP 8\r\n"
                       "c=IN IP4 192.0.2.7/32\r\n"
                       "c=IN IP4 192.0.2.8\r\n"
                       "y=1340200002\r\n"
                       "y=1340200003\r\n"
                       "m=video 15064 RTP/AVP 96\r\n"
                       "f=v/2/4/25/1/2048a/1/8/1\r\n";
    struct hik_sdp sdp;

    g_assert_true(parse(text, &sdp));
    g_assert_cmpint(sdp.session_name, ==, HIK_S_PLAYBACK);
    assert_text(text, sdp.session_name_text, "PlayBack");
    g_assert_true(sdp.origin.ipv6);
    g_assert_cmpuint(sdp.start_time, ==, 1700000000);
    g_assert_cmpuint(sdp.stop_time, ==, 1700003600);
    g_assert_cmpuint(sdp.blank_lines, ==, 1);
    g_assert_cmpuint(sdp.broken_lines, ==, 2);
    assert_text(text, sdp.first_broken, "connection:new");
    g_assert_cmpuint(sdp.media_count, ==, 3);

    g_assert_true(sdp.media[0].media.tcp);
    assert_text(text, sdp.media[0].connection.addr, "2001:db8::5");
    g_assert_true(sdp.media[0].connection.ipv6);
    g_assert_cmpint(sdp.media[0].setup, ==, HIK_SETUP_PASSIVE);
    g_assert_cmpint(sdp.media[0].direction, ==, HIK_ATTR_RECVONLY);
    g_assert_cmpuint(sdp.media[0].map_count, ==, 1);
    g_assert_cmpuint(sdp.media[0].rtcp_port, ==, 5799);
    assert_text(text, sdp.media[0].rtcp_port_text, "5799");
    g_assert_true(sdp.media[0].rtcp_mux);
    g_assert_true(sdp.media[0].y.history);
    g_assert_cmpuint(sdp.media[0].y.value, ==, 1340200001);

    assert_text(text, sdp.media[1].c_line, "c=IN IP4 192.0.2.7/32");
    assert_text(text, sdp.media[1].connection.addr, "192.0.2.7");
    g_assert_false(sdp.media[1].connection.ipv6);
    g_assert_cmpint(sdp.media[1].setup, ==, HIK_SETUP_ACTPASS);
    g_assert_cmpint(sdp.media[1].direction, ==, HIK_ATTR_OTHER);
    g_assert_cmpuint(sdp.media[1].y.value, ==, 1340200002);
    g_assert_cmpuint(sdp.media[1].rtcp_port, ==, 0);

    g_assert_false(sdp.media[2].has_y); /* another section's y= is not its own */
    g_assert_cmpuint(sdp.y.value, ==, 1340200001);
    assert_text(text, sdp.y_line, "y=1340200001");
}

static void test_session_level(void)
{
    const char *text = "o=- 0 0 IN IP4 10.0.0.1\ns=(null)\ny=0100000001\na=sendonly\nm=video 0 RTP/AVP 96\n"
                       "m=audio x RTP/AVP 8\ny=0100000002\na=recvonly\n";
    struct hik_sdp sdp;

    g_assert_true(parse(text, &sdp));
    g_assert_cmpint(sdp.session_name, ==, HIK_S_OTHER);
    assert_text(text, sdp.session_name_text, "(null)");
    g_assert_cmpuint(sdp.media_count, ==, 2);
    g_assert_true(sdp.media[0].has_y);
    g_assert_cmpuint(sdp.media[0].y.value, ==, 100000001);
    g_assert_cmpuint(sdp.media[1].y.value, ==, 100000002);
    g_assert_cmpint(sdp.media[0].direction, ==, HIK_ATTR_SENDONLY);
    g_assert_cmpint(sdp.media[1].direction, ==, HIK_ATTR_RECVONLY);
    g_assert_true(sdp.media[0].media.port_ok);
    g_assert_false(sdp.media[1].media.port_ok);
    g_assert_cmpuint(sdp.media[0].c_line.len, ==, 0);
    g_assert_cmpuint(sdp.media[0].connection.addr.len, ==, 0);
}

static void test_names_and_marks(void)
{
    static const struct {
        const char *text;
        bool sdp, gb;
        enum hik_sdp_session_name name;
    } rows[] = {
        { "v=0\r\ns=Play\r\n", true, false, HIK_S_PLAY },
        { "v=0\r\no=37280601411319001158 0 0\r\ns=Play\r\n", true, true, HIK_S_PLAY },
        { "v=0\r\no=130909113319427420 0 0\r\ns=playback\r\n", true, true, HIK_S_PLAYBACK },
        { "v=0\r\no=0000042001000001 0 0\r\ns= DOWNLOAD \r\n", true, true, HIK_S_DOWNLOAD },
        { "v=0\r\ns=Talk\r\no=34020000002000000001 0 0\r\n", true, true, HIK_S_TALK },
        { "v=0\r\no=alice 2890844526 2890842807 IN IP4 10.47.16.5\r\ns=Play\r\n", true, false, HIK_S_PLAY },
        { "v=0\r\no=37280601411319001158 0 0\r\ns=SDP Seminar\r\n", true, false, HIK_S_OTHER },
        { "v=0\r\no=37280601411319001158 0 0\r\ns=\r\n", true, false, HIK_S_OTHER },
        { "v=0\r\ns=-\r\ny=\r\n", true, true, HIK_S_OTHER },
        { "v=0\r\nf=\r\n", true, false, HIK_S_OTHER },
        { "v=0\r\nf=v/////a/1/8/1\r\n", true, true, HIK_S_OTHER },
        { "m=video 1 RTP/AVP 96\r\na=streamprofile:0\r\n", true, true, HIK_S_OTHER },
        { "m=video 1 RTP/AVP 96\r\na=filesize:-1\r\n", true, true, HIK_S_OTHER },
        { "m=video 1 RTP/AVP 96\r\na=sendrecv\r\n", true, false, HIK_S_OTHER },
        { "s=Play\r\ny=0100000001\r\n", false, true, HIK_S_PLAY },
        { "hello", false, false, HIK_S_OTHER },
        { "", false, false, HIK_S_OTHER },
        { "\r\n\r\n", false, false, HIK_S_OTHER },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct hik_sdp sdp;

        g_assert_true(parse(rows[i].text, &sdp) == rows[i].sdp);
        g_assert_true(sdp.gb == rows[i].gb);
        g_assert_cmpint(sdp.session_name, ==, rows[i].name);
    }
}

static void test_many_sections(void)
{
    GString *text = g_string_new("v=0\r\n");
    struct hik_sdp sdp;
    unsigned i;

    for (i = 0; i < 20; i++)
        g_string_append_printf(text, "m=video %u RTP/AVP 96\r\na=recvonly\r\ny=010000%04u\r\n", 5000 + i, i);
    for (i = 0; i < 40; i++)
        g_string_append_printf(text, "a=rtpmap:%u X%u/1\r\n", i, i);
    g_assert_true(parse(text->str, &sdp));
    g_assert_cmpuint(sdp.media_count, ==, 8);
    g_assert_cmpuint(sdp.media_dropped, ==, 12);
    for (i = 0; i < 8; i++) {
        g_assert_cmpuint(sdp.media[i].media.port, ==, 5000 + i);
        g_assert_cmpuint(sdp.media[i].y.value, ==, 100000000 + i);
        g_assert_cmpuint(sdp.media[i].map_count, ==, 0); /* they belong to the twentieth */
    }
    g_string_assign(text, "m=video 5000 RTP/AVP 96\n");
    for (i = 0; i < 40; i++)
        g_string_append_printf(text, "a=rtpmap:%u X%u/1\r\n", i, i);
    g_assert_true(parse(text->str, &sdp));
    g_assert_cmpuint(sdp.media[0].map_count, ==, 24);
    g_assert_cmpuint(sdp.media[0].maps[23].pt, ==, 23);
    g_string_free(text, TRUE);
}

static void test_error_info(void)
{
    static const struct {
        const char *text;
        bool ok;
        const char *code, *desc;
    } rows[] = {
        { "<ErrorInfo><ErrorCode>2207</ErrorCode><ErrorDescripe>no stream</ErrorDescripe></ErrorInfo>", true, "2207",
          "no stream" },
        { "<?xml version=\"1.0\"?>\r\n<ErrorInfo>\r\n<ErrorCode> 0x02201034 </ErrorCode>\r\n<ErrorDescribe>a\r\nb"
          "</ErrorDescribe>\r\n</ErrorInfo>\r\n",
          true, "0x02201034", "a\r\nb" },
        { "<errorinfo x='1'><ERRORCODE y=\"2\" >7</ERRORCODE ><ErrorDesc/></errorinfo>", true, "7", "" },
        { "<ErrorInfo><ErrorDesc><![CDATA[a <b> c]]></ErrorDesc><ErrorCode>1</ErrorCode></ErrorInfo>", true, "1",
          "a <b> c" },
        { "<ErrorInfo><!-- <ErrorCode>9</ErrorCode> --><ErrorCode>8</ErrorCode></ErrorInfo>", true, "8", "" },
        { "<ErrorInfo><ErrorCode>1</ErrorCode><ErrorCode>2</ErrorCode></ErrorInfo>", true, "1", "" },
        { "<ErrorInfo><ErrorCode>22", true, "22", "" },
        { "<ErrorInfo><ErrorCode", true, "", "" },
        { "<ErrorInfo><ErrorCode><ErrorDescripe>x", true, "", "x" },
        { "<ErrorInfo><ErrorCode <ErrorDescripe>x", true, "", "x" },
        { "<ErrorInfo><ErrorCode <>x", true, "", "" },
        { "<ErrorInfo", true, "", "" },
        { "<ErrorInfo/>", true, "", "" },
        { "<ErrorInfoX><ErrorCode>1</ErrorCode>", false, "", "" },
        { "<ErrorCode>1</ErrorCode>", false, "", "" },
        { "<Response><Result>OK</Result></Response>", false, "", "" },
        { "<", false, "", "" },
        { "<!-- <ErrorInfo>", false, "", "" },
        { "v=0\r\n", false, "", "" },
        { "", false, "", "" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint8_t *buf = exact_copy(rows[i].text, strlen(rows[i].text));
        struct hik_error_info info;

        g_assert_true(hik_error_info_parse(buf, whole(rows[i].text), &info) == rows[i].ok);
        assert_text(buf, info.code, rows[i].code);
        assert_text(buf, info.text, rows[i].desc);
        free(buf);
    }
}

/* ---- hostile -------------------------------------------------------------------------------------------------- */

static void check_ssrc(const struct hik_ssrc *y, size_t len)
{
    assert_inside(y->text, len);
    assert_inside(y->history_digit, len);
    assert_inside(y->domain, len);
    assert_inside(y->serial, len);
}

/* Every parser on every line of bytes of exactly this size; nothing may point outside. */
static void exercise(const void *bytes, size_t len)
{
    uint8_t *buf = exact_copy(bytes, len);
    struct hik_view body = { 0, (uint32_t)len };
    struct hik_error_info info;
    struct hik_sdp_line line;
    struct hik_sdp sdp;
    uint32_t cursor = 0;
    size_t covered = 0;
    unsigned i, k;

    hik_error_info_parse(buf, body, &info);
    assert_inside(info.code, len);
    assert_inside(info.text, len);
    hik_sdp_parse(buf, body, &sdp);
    assert_inside(sdp.origin_user, len);
    assert_inside(sdp.origin.addr, len);
    assert_inside(sdp.session_name_text, len);
    assert_inside(sdp.y_line, len);
    assert_inside(sdp.first_broken, len);
    check_ssrc(&sdp.y, len);
    g_assert_cmpuint(sdp.media_count, <=, HIK_SDP_MAX_MEDIA);
    for (i = 0; i < sdp.media_count; i++) {
        assert_inside(sdp.media[i].line, len);
        assert_inside(sdp.media[i].media.media, len);
        assert_inside(sdp.media[i].media.proto, len);
        assert_inside(sdp.media[i].media.formats, len);
        assert_inside(sdp.media[i].c_line, len);
        assert_inside(sdp.media[i].connection.addr, len);
        assert_inside(sdp.media[i].rtcp_port_text, len);
        g_assert_cmpuint(sdp.media[i].map_count, <=, HIK_SDP_MAX_MAPS);
        for (k = 0; k < sdp.media[i].map_count; k++)
            assert_inside(sdp.media[i].maps[k].encoding, len);
        check_ssrc(&sdp.media[i].y, len);
    }
    while (hik_sdp_next_line(buf, body, &cursor, &line)) {
        struct hik_sdp_attribute attribute;
        struct hik_sdp_connection connection;
        struct hik_sdp_media media;
        struct hik_sdp_rtpmap map;
        struct hik_format format;
        struct hik_ssrc ssrc;
        struct hik_view user, param;

        assert_inside(line.line, len);
        assert_inside(line.value, len);
        g_assert_cmpuint(line.line.off, >=, covered); /* lines never overlap: each byte is looked at once */
        covered = line.line.off + line.line.len;
        hik_sdp_parse_attribute(buf, line.value, &attribute);
        assert_inside(attribute.name, len);
        assert_inside(attribute.value, len);
        hik_sdp_parse_connection(buf, line.value, &connection);
        assert_inside(connection.addr, len);
        hik_sdp_parse_origin(buf, line.value, &user, &connection);
        assert_inside(user, len);
        assert_inside(connection.addr, len);
        hik_sdp_parse_play_uri(buf, line.value, &user, &param);
        assert_inside(user, len);
        assert_inside(param, len);
        hik_sdp_parse_media(buf, line.value, &media);
        assert_inside(media.media, len);
        assert_inside(media.port_text, len);
        assert_inside(media.proto, len);
        assert_inside(media.formats, len);
        hik_sdp_parse_rtpmap(buf, line.value, &map);
        assert_inside(map.encoding, len);
        hik_sdp_parse_format(buf, line.value, &format);
        assert_inside(format.video_codec, len);
        assert_inside(format.resolution, len);
        assert_inside(format.frame_rate, len);
        assert_inside(format.rate_type, len);
        assert_inside(format.bit_rate, len);
        assert_inside(format.audio_codec, len);
        assert_inside(format.audio_bit_rate, len);
        assert_inside(format.sample_rate, len);
        hik_sdp_parse_ssrc(buf, line.value, &ssrc);
        check_ssrc(&ssrc, len);
    }
    free(buf);
}

static const char *hostile_text(unsigned i)
{
    switch (i % 3) {
    case 0:
        return body_of(SEED_INVITE);
    case 1:
        return body_of(SEED_INVITE_200);
    default:
        return "v=0\r\no=34020000001320000001 0 0 IN IP6 [::1]\r\ns=Playback\r\nu=34020000001320000001:0\r\n"
               "c=IN IP6 ::1/1\r\nt=1 2\r\nm=video 1/2 TCP/RTP/AVP 96\r\na=rtcp:5799 IN IP4 1.2.3.4\r\n"
               "a=rtpmap:96 PS/90000/1\r\n\r\na=setup:active\r\nf=v/2/1x1/25/1/2048a/1/8/1\r\ny=1340200001\r\n\0"
               "<ErrorInfo><ErrorCode>1</ErrorCode>";
    }
}

static void test_truncated(void)
{
    static const char error[] = "<?xml?><ErrorInfo><!-- x --><ErrorCode>22</ErrorCode>"
                                "<ErrorDesc><![CDATA[q]]></ErrorDesc></ErrorInfo>";
    unsigned i;
    size_t n;

    for (i = 0; i < 3; i++) {
        for (n = 0; n <= strlen(hostile_text(i)); n++)
            exercise(hostile_text(i), n);
    }
    for (n = 0; n <= sizeof error; n++)
        exercise(error, n);
}

static void test_mutated(void)
{
    GRand *rand = g_rand_new_with_seed(28181);
    unsigned round;

    for (round = 0; round < 10000; round++) {
        const char *text = hostile_text(round);
        uint8_t *buf = exact_copy(text, strlen(text));
        size_t len = mutate(rand, buf, strlen(text));

        exercise(buf, len);
        free(buf);
    }
    g_rand_free(rand);
}

/* A megabyte of what makes a careless parser look ahead again and again. */
static void test_big(void)
{
    static const char *const pieces[] = { "\r\n", "\r", " \n", "\0", "y=1\n\n", "a=rtpmap:1 x/1\n", "m=v 1 TCP/\n",
                                          "a=", "<!--", "<ErrorCode>", "<ErrorCode", "<ErrorDesc><![CDATA[", "/",
                                          "v/a/", "IN " };
    size_t i, n = 1 << 20;

    for (i = 0; i < G_N_ELEMENTS(pieces); i++) {
        GString *text = g_string_new("v=0\r\n<ErrorInfo>o=f=");
        size_t len = strlen(pieces[i]) > 0 ? strlen(pieces[i]) : 1;

        while (text->len < n)
            g_string_append_len(text, pieces[i], (gssize)len);
        g_string_append(text, "x=1");
        exercise(text->str, text->len);
        g_string_free(text, TRUE);
    }
}

/* 10,000 blank lines in a row are each seen, and the text behind them too. */
static void test_many_blank(void)
{
    GString *text = g_string_new("v=0\n");
    struct hik_sdp sdp;
    int i;

    for (i = 0; i < 10000; i++)
        g_string_append_c(text, '\n');
    g_string_append(text, "y=0100000001\n\n\n\n");
    g_assert_true(parse(text->str, &sdp));
    g_assert_cmpuint(sdp.blank_lines, ==, 10000);
    g_assert_cmpuint(sdp.y.value, ==, 100000001);
    g_string_free(text, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sdp/lines", test_lines);
    g_test_add_func("/sdp/line-views", test_line_views);
    g_test_add_func("/sdp/ssrc", test_ssrc);
    g_test_add_func("/sdp/format", test_format);
    g_test_add_func("/sdp/format-names", test_format_names);
    g_test_add_func("/sdp/media", test_media);
    g_test_add_func("/sdp/connection", test_connection);
    g_test_add_func("/sdp/origin", test_origin);
    g_test_add_func("/sdp/play-uri", test_play_uri);
    g_test_add_func("/sdp/attribute", test_attribute);
    g_test_add_func("/sdp/rtpmap", test_rtpmap);
    g_test_add_func("/sdp/seed", test_seed);
    g_test_add_func("/sdp/endings", test_endings);
    g_test_add_func("/sdp/odd", test_odd);
    g_test_add_func("/sdp/session-level", test_session_level);
    g_test_add_func("/sdp/names-and-marks", test_names_and_marks);
    g_test_add_func("/sdp/many-sections", test_many_sections);
    g_test_add_func("/sdp/error-info", test_error_info);
    g_test_add_func("/sdp/truncated", test_truncated);
    g_test_add_func("/sdp/mutated", test_mutated);
    g_test_add_func("/sdp/big", test_big);
    g_test_add_func("/sdp/many-blank", test_many_blank);
    return g_test_run();
}
