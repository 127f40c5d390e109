/* test-sip-message.c
 * Byte tests of sip-message: the seed's messages, what odd devices send, and hostile bytes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "seed-messages.h"

#define BYTES(text) ((const uint8_t *)(text))
#define HEADER_TEXT(buf, msg, id, text) assert_text(buf, (msg).first[id].value, text)

static struct hik_view whole(const char *text)
{
    struct hik_view v = { 0, (uint32_t)strlen(text) };

    return v;
}

static void parse(const char *text, struct hik_sip *msg)
{
    g_assert_true(hik_sip_looks_like(BYTES(text), strlen(text)));
    g_assert_true(hik_sip_parse(BYTES(text), strlen(text), false, msg));
}

/* ---- whole messages ------------------------------------------------------------------------------------------- */

static void test_seed_invite(void)
{
    const char *text = SEED_INVITE;
    struct hik_sip msg;

    parse(text, &msg);
    g_assert_true(msg.is_request);
    g_assert_cmpint(msg.method, ==, HIK_METHOD_INVITE);
    assert_text(text, msg.method_text, "INVITE");
    assert_text(text, msg.uri, "sip:37280601411319001158@10.69.91.7:7100");
    g_assert_cmpuint(msg.status, ==, 0);
    g_assert_cmpuint(msg.headers_off, ==, 57);
    g_assert_cmpuint(msg.headers_end, ==, 492);
    g_assert_true(msg.blank_line);
    g_assert_true(msg.complete);
    g_assert_cmpint(msg.content_length, ==, 252);
    g_assert_cmpuint(msg.body_present, ==, 253);
    g_assert_cmpuint(msg.body.off, ==, 492);
    g_assert_cmpuint(msg.body.len, ==, 253);
    g_assert_cmpuint(msg.message_len, ==, 745);
    g_assert_true(msg.has_cseq);
    g_assert_cmpuint(msg.cseq, ==, 20);
    HEADER_TEXT(text, msg, HIK_HDR_VIA, "SIP/2.0/UDP 10.69.80.187:7100;rport;branch=z9hG4bK3351538455");
    HEADER_TEXT(text, msg, HIK_HDR_FROM, "<sip:37280000000000000000@10.69.80.187:7100>;tag=3817019866");
    HEADER_TEXT(text, msg, HIK_HDR_TO, "<sip:37280601411319001158@10.69.91.7:7100>");
    HEADER_TEXT(text, msg, HIK_HDR_CALL_ID, "918077789");
    HEADER_TEXT(text, msg, HIK_HDR_CSEQ, "20 INVITE");
    HEADER_TEXT(text, msg, HIK_HDR_CONTACT, "<sip:37280000000000000000@10.69.80.187:7100>");
    HEADER_TEXT(text, msg, HIK_HDR_CONTENT_TYPE, "Application/SDP");
    HEADER_TEXT(text, msg, HIK_HDR_USER_AGENT, "NCG V3.3.6.624213");
    HEADER_TEXT(text, msg, HIK_HDR_SUBJECT, "37280601411319001158:0,37280000000000000000:0");
    HEADER_TEXT(text, msg, HIK_HDR_CONTENT_LENGTH, "252");
    assert_absent(msg.first[HIK_HDR_EVENT].value);
    assert_absent(msg.first[HIK_HDR_EVENT].name);
    assert_absent(msg.first[HIK_HDR_OTHER].name);
}

static void test_seed_answers(void)
{
    struct hik_sip msg;

    parse(SEED_INVITE_200, &msg);
    g_assert_false(msg.is_request);
    g_assert_cmpuint(msg.status, ==, 200);
    assert_text(SEED_INVITE_200, msg.reason, "OK");
    g_assert_cmpint(msg.method, ==, HIK_METHOD_INVITE);
    assert_absent(msg.method_text);
    assert_absent(msg.uri);
    g_assert_cmpuint(msg.cseq, ==, 20);
    g_assert_cmpint(msg.content_length, ==, 176);
    g_assert_cmpuint(msg.body_present, ==, 177);

    parse(SEED_REGISTER_200, &msg);
    g_assert_cmpint(msg.method, ==, HIK_METHOD_REGISTER);
    g_assert_cmpuint(msg.cseq, ==, 1);
    HEADER_TEXT(SEED_REGISTER_200, msg, HIK_HDR_DATE, "2019-12-25T16:45:44");
    HEADER_TEXT(SEED_REGISTER_200, msg, HIK_HDR_EXPIRES, "7200");
    g_assert_cmpint(msg.content_length, ==, 0);
    g_assert_cmpuint(msg.body.len, ==, 0);
    g_assert_cmpuint(msg.message_len, ==, 393);

    parse(SEED_BYE_200, &msg);
    g_assert_cmpint(msg.method, ==, HIK_METHOD_BYE);
    HEADER_TEXT(SEED_BYE_200, msg, HIK_HDR_CALL_ID, "3357339688");

    parse(SEED_SUBSCRIBE, &msg);
    g_assert_cmpint(msg.method, ==, HIK_METHOD_SUBSCRIBE);
    HEADER_TEXT(SEED_SUBSCRIBE, msg, HIK_HDR_EVENT, "Catalog;id=945357");
    g_assert_cmpuint(msg.body.len, ==, 130);
    g_assert_cmpint(msg.content_length, ==, 129);
}

static void test_methods(void)
{
    static const struct {
        const char *line;
        enum hik_method method;
    } rows[] = {
        { "REGISTER sip:a SIP/2.0\r\n\r\n", HIK_METHOD_REGISTER },
        { "INVITE sip:a SIP/2.0\r\n\r\n", HIK_METHOD_INVITE },
        { "ACK sip:a SIP/2.0\r\n\r\n", HIK_METHOD_ACK },
        { "BYE sip:a SIP/2.0\r\n\r\n", HIK_METHOD_BYE },
        { "CANCEL sip:a SIP/2.0\r\n\r\n", HIK_METHOD_CANCEL },
        { "OPTIONS sip:a SIP/2.0\r\n\r\n", HIK_METHOD_OPTIONS },
        { "INFO sip:a SIP/2.0\r\n\r\n", HIK_METHOD_INFO },
        { "MESSAGE sip:a SIP/2.0\r\n\r\n", HIK_METHOD_MESSAGE },
        { "SUBSCRIBE sip:a SIP/2.0\r\n\r\n", HIK_METHOD_SUBSCRIBE },
        { "NOTIFY sip:a SIP/2.0\r\n\r\n", HIK_METHOD_NOTIFY },
        { "PRACK sip:a SIP/2.0\r\n\r\n", HIK_METHOD_PRACK },
        { "UPDATE sip:a SIP/2.0\r\n\r\n", HIK_METHOD_UPDATE },
        { "REFER sip:a SIP/2.0\r\n\r\n", HIK_METHOD_REFER },
        { "PUBLISH sip:a SIP/2.0\r\n\r\n", HIK_METHOD_PUBLISH },
        { "PING sip:a SIP/2.0\r\n\r\n", HIK_METHOD_NONE },
        { "invite sip:a SIP/2.0\r\n\r\n", HIK_METHOD_INVITE },
        { "DO sip:a SIP/2.0\r\n\r\n", HIK_METHOD_NONE },
    };
    struct hik_sip msg;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        parse(rows[i].line, &msg);
        g_assert_cmpint(msg.method, ==, rows[i].method);
        assert_text(rows[i].line, msg.uri, "sip:a");
    }
}

static void test_looks_like(void)
{
    static const char *const yes[] = {
        "SIP/2.0 200 OK\r\n", "SIP/2.0 100", "SIP/2.0 699\n", "sip/2.0  488 Not Acceptable", "SIP/2.0 401\r",
        "INVITE sip:a@b SIP/2.0", "INVITE  sip:a@b  SIP/2.0  \r\n", "BYE 34020000@1.2.3.4 SIP/2.0\n",
        "MESSAGE sip:a b@c SIP/2.0\r\n", "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF sip:a SIP/2.0\r\n",
    };
    static const char *const no[] = {
        "", "S", "SIP/2.0", "SIP/2.0 ", "SIP/2.0 20", "SIP/2.0 2000 OK", "SIP/2.0 700 X", "SIP/2.0 099",
        "SIP/1.0 200 OK", "SIP/2.0200 OK", "INVITE", "INVITE ", "INVITE sip:a@b", "INVITE sip:a@b SIP/2.",
        "INVITE sip:a@b SIP/2.0x\r\n",
        "INVITE sip:a@bSIP/2.0\r\n", "INVITE SIP/2.0\r\n", "INVITE  SIP/2.0\r\n", "GET / HTTP/1.1\r\n",
        " INVITE sip:a SIP/2.0",
        "\r\n\r\n", "\r\nINVITE sip:a SIP/2.0\r\n", "INVITE\r\nsip:a SIP/2.0\r\n", "PLAY RTSP/1.0\r\n",
        "INV:TE sip:a SIP/2.0\r\n", "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG sip:a SIP/2.0\r\n",
    };
    GString *line = g_string_new(NULL);
    struct hik_sip msg;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(yes); i++) {
        g_assert_true(hik_sip_looks_like(BYTES(yes[i]), strlen(yes[i])));
        g_assert_true(hik_sip_may_begin(BYTES(yes[i]), strlen(yes[i])));
        g_assert_true(hik_sip_parse(BYTES(yes[i]), strlen(yes[i]), false, &msg));
    }
    for (i = 0; i < G_N_ELEMENTS(no); i++) {
        g_assert_false(hik_sip_looks_like(BYTES(no[i]), strlen(no[i])));
        g_assert_false(hik_sip_parse(BYTES(no[i]), strlen(no[i]), false, &msg));
        g_assert_cmpuint(msg.message_len, ==, 0);
        g_assert_cmpint(msg.content_length, ==, 0);
    }
    g_assert_false(hik_sip_looks_like(BYTES("\0INVITE sip:a SIP/2.0"), 21));

    /* 2,047 bytes and their line end are read, one more is not. */
    g_string_assign(line, "INVITE ");
    while (line->len < 2047 - 8)
        g_string_append_c(line, 'x');
    g_string_append(line, " SIP/2.0\r\n");
    g_assert_true(hik_sip_looks_like(BYTES(line->str), line->len));
    g_string_insert_c(line, 7, 'x');
    g_assert_false(hik_sip_looks_like(BYTES(line->str), line->len));
    g_string_free(line, TRUE);
}

static void test_may_begin(void)
{
    static const char *const no[] = { " ", "\r\n", "SIP/2.0 7", "SIP/2.0 20x", "SIP/2.0 2000", "SIP/3", "SIP/2.02",
                                      "GET / HTTP/1.1\r\n", "INVITE sip:a\r\n", "IN\r\n" };
    GString *line;
    size_t i, n;

    for (n = 0; n <= strlen(SEED_INVITE); n++)
        g_assert_true(hik_sip_may_begin(BYTES(SEED_INVITE), n));
    for (n = 0; n <= strlen(SEED_INVITE_200); n++)
        g_assert_true(hik_sip_may_begin(BYTES(SEED_INVITE_200), n));
    for (i = 0; i < G_N_ELEMENTS(no); i++)
        g_assert_false(hik_sip_may_begin(BYTES(no[i]), strlen(no[i])));

    /* A start line that has no end after 2,048 bytes never gets one. */
    line = g_string_new("INVITE sip:");
    while (line->len < 2048)
        g_string_append_c(line, 'x');
    g_assert_true(hik_sip_may_begin(BYTES(line->str), line->len));
    g_string_append_c(line, 'x');
    g_assert_false(hik_sip_may_begin(BYTES(line->str), line->len));
    g_string_free(line, TRUE);
}

/* ---- odd messages --------------------------------------------------------------------------------------------- */

/* The seed's INVITE with other line ends says the same. */
static void test_line_ends(void)
{
    static const char *const ends[] = { "\n", "\r", "\r\r\n" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(ends); i++) {
        gchar **lines = g_strsplit(SEED_INVITE, "\r\n", -1);
        gchar *text = g_strjoinv(ends[i], lines);
        struct hik_sip msg;

        parse(text, &msg);
        g_assert_true(msg.blank_line);
        HEADER_TEXT(text, msg, HIK_HDR_CALL_ID, "918077789");
        HEADER_TEXT(text, msg, HIK_HDR_CONTENT_LENGTH, "252");
        g_assert_cmpuint(msg.body.len, ==, 253 + 13 * (strlen(ends[i]) - 2));
        g_assert_cmpmem(text + msg.body.off, 3, "v=0", 3);
        g_assert_cmpuint(msg.body_present, ==, msg.body.len);
        g_free(text);
        g_strfreev(lines);
    }
}

static void test_names(void)
{
    const char *text = "NOTIFY sip:a SIP/2.0\r\n"
                       "v: SIP/2.0/UDP h\r\n"
                       "F : <sip:f@h>\r\n"
                       "t\t:<sip:t@h>\r\n"
                       "I:  17@h  \r\n"
                       "cseq :7   NOTIFY\r\n"
                       "M: <sip:m@h>\r\n"
                       "c: Application/MANSCDP+xml\r\n"
                       "s: a:0,b:0\r\n"
                       "O: presence\r\n"
                       "x-gb-ver: 3.0\r\n"
                       "USER-AGENT: \r\n"
                       "authorization: Digest x\r\n"
                       "www-Authenticate: Digest y\r\n"
                       "record-ROUTE: <sip:r@h;lr>\r\n"
                       "k: timer\r\n"
                       "l: 3\r\n"
                       "v: SIP/2.0/UDP second\r\n"
                       "\r\nxyz";
    struct hik_sip msg;

    parse(text, &msg);
    HEADER_TEXT(text, msg, HIK_HDR_VIA, "SIP/2.0/UDP h");
    assert_text(text, msg.first[HIK_HDR_FROM].name, "F");
    HEADER_TEXT(text, msg, HIK_HDR_FROM, "<sip:f@h>");
    assert_text(text, msg.first[HIK_HDR_TO].name, "t");
    HEADER_TEXT(text, msg, HIK_HDR_TO, "<sip:t@h>");
    HEADER_TEXT(text, msg, HIK_HDR_CALL_ID, "17@h");
    HEADER_TEXT(text, msg, HIK_HDR_CONTACT, "<sip:m@h>");
    HEADER_TEXT(text, msg, HIK_HDR_CONTENT_TYPE, "Application/MANSCDP+xml");
    HEADER_TEXT(text, msg, HIK_HDR_SUBJECT, "a:0,b:0");
    HEADER_TEXT(text, msg, HIK_HDR_EVENT, "presence");
    HEADER_TEXT(text, msg, HIK_HDR_X_GB_VER, "3.0");
    assert_text(text, msg.first[HIK_HDR_USER_AGENT].name, "USER-AGENT");
    g_assert_cmpuint(msg.first[HIK_HDR_USER_AGENT].value.len, ==, 0);
    HEADER_TEXT(text, msg, HIK_HDR_AUTHORIZATION, "Digest x");
    HEADER_TEXT(text, msg, HIK_HDR_WWW_AUTHENTICATE, "Digest y");
    HEADER_TEXT(text, msg, HIK_HDR_RECORD_ROUTE, "<sip:r@h;lr>");
    g_assert_cmpint(msg.content_length, ==, 3);
    g_assert_cmpuint(msg.cseq, ==, 7);
    assert_text(text, msg.body, "xyz");
}

static void test_folded(void)
{
    const char *text = "BYE sip:a SIP/2.0\r\n"
                       "Subject: one:0,\r\n two:0\r\n"
                       "Contact:\r\n\t<sip:c@h>\r\n"
                       "no colon here\r\n and: still not\r\n"
                       "Call-ID: 5\r\n"
                       "Content-Length:\n \r\n  4 \r\n"
                       "\r\nbody";
    uint32_t cursor = 0;
    struct hik_header header;
    struct hik_sip msg;

    parse(text, &msg);
    HEADER_TEXT(text, msg, HIK_HDR_SUBJECT, "one:0,\r\n two:0");
    HEADER_TEXT(text, msg, HIK_HDR_CONTACT, "<sip:c@h>");
    HEADER_TEXT(text, msg, HIK_HDR_CALL_ID, "5");
    g_assert_cmpint(msg.content_length, ==, 4);
    assert_text(text, msg.body, "body");

    g_assert_true(hik_sip_next_header(BYTES(text), &msg, &cursor, &header));
    g_assert_cmpint(header.id, ==, HIK_HDR_SUBJECT);
    g_assert_true(hik_sip_next_header(BYTES(text), &msg, &cursor, &header));
    g_assert_cmpint(header.id, ==, HIK_HDR_CONTACT);
    assert_text(text, header.name, "Contact");
    g_assert_true(hik_sip_next_header(BYTES(text), &msg, &cursor, &header));
    g_assert_cmpint(header.id, ==, HIK_HDR_OTHER);
    assert_absent(header.name);
    assert_text(text, header.value, "no colon here\r\n and: still not");
    g_assert_true(hik_sip_next_header(BYTES(text), &msg, &cursor, &header));
    g_assert_cmpint(header.id, ==, HIK_HDR_CALL_ID);
    g_assert_true(hik_sip_next_header(BYTES(text), &msg, &cursor, &header));
    g_assert_cmpint(header.id, ==, HIK_HDR_CONTENT_LENGTH);
    g_assert_false(hik_sip_next_header(BYTES(text), &msg, &cursor, &header));
    g_assert_cmpint(header.id, ==, HIK_HDR_OTHER);
    assert_absent(header.value);
    g_assert_false(hik_sip_next_header(BYTES(text), &msg, &cursor, &header));
}

static void test_no_blank_line(void)
{
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = {
        { "BYE sip:a SIP/2.0\r\nCall-ID: 5\r\nContent-Length: 9", 0 },
        { "BYE sip:a SIP/2.0\r\nCall-ID: 5\r\nContent-Length: 9\r\n", 0 },
        { "BYE sip:a SIP/2.0\r\nCall-ID: 5\r\nContent-Length: 9\0", 50 },
        { "BYE sip:a SIP/2.0\r\nCall-ID: 5\r\nContent-Length: 9\r\n\0\0", 53 },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        size_t len = rows[i].len != 0 ? rows[i].len : strlen(rows[i].bytes);
        uint8_t *buf = exact_copy(rows[i].bytes, len);
        struct hik_header header;
        struct hik_sip msg;
        uint32_t cursor = 0;

        g_assert_true(hik_sip_parse(buf, len, false, &msg));
        g_assert_false(msg.blank_line);
        g_assert_true(msg.complete);
        g_assert_cmpuint(msg.headers_end, ==, len);
        g_assert_cmpuint(msg.message_len, ==, len);
        g_assert_cmpuint(msg.body_present, ==, 0);
        assert_absent(msg.body);
        g_assert_cmpint(msg.content_length, ==, 9);
        assert_text(buf, msg.first[HIK_HDR_CALL_ID].value, "5");
        g_assert_true(hik_sip_next_header(buf, &msg, &cursor, &header));
        g_assert_true(hik_sip_next_header(buf, &msg, &cursor, &header));
        g_assert_false(hik_sip_next_header(buf, &msg, &cursor, &header));

        g_assert_true(hik_sip_parse(buf, len, true, &msg));
        g_assert_false(msg.complete);
        free(buf);
    }
}

static void test_content_length(void)
{
    static const struct {
        const char *header;
        int64_t length;
    } rows[] = {
        { "Content-Length: 2\r\n", 2 },
        { "Content-Length: 200\r\n", 200 },
        { "Content-Length: 0005\r\n", 5 },
        { "", HIK_LENGTH_ABSENT },
        { "Content-Length:\r\n", HIK_LENGTH_BROKEN },
        { "Content-Length: -1\r\n", HIK_LENGTH_BROKEN },
        { "Content-Length: 5x\r\n", HIK_LENGTH_BROKEN },
        { "Content-Length: 2147483647\r\n", 2147483647 },
        { "Content-Length: 2147483648\r\n", HIK_LENGTH_BROKEN },
        { "Content-Length: 99999999999999999999999\r\n", HIK_LENGTH_BROKEN },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        gchar *text = g_strdup_printf("INFO sip:a SIP/2.0\r\n%s\r\nabcde", rows[i].header);
        int64_t declared = rows[i].length > 0 ? rows[i].length : 0;
        struct hik_sip msg;

        parse(text, &msg);
        g_assert_cmpint(msg.content_length, ==, rows[i].length);
        assert_text(text, msg.body, "abcde"); /* a datagram's body is all there is */
        g_assert_cmpuint(msg.body_present, ==, 5);
        g_assert_cmpuint(msg.message_len, ==, strlen(text));

        g_assert_true(hik_sip_parse(BYTES(text), strlen(text), true, &msg));
        g_assert_cmpint(msg.content_length, ==, rows[i].length);
        g_assert_cmpuint(msg.body.len, ==, MIN(declared, 5));
        g_assert_cmpuint(msg.message_len, ==, msg.headers_end + declared);
        g_assert_true(msg.complete == (declared <= 5));
        g_assert_cmpuint(msg.body_present, ==, 5);
        g_free(text);
    }
}

static void test_trailing_nul(void)
{
    static const char bytes[] = "INFO sip:a SIP/2.0\r\nContent-Length: 5\r\n\r\nabcde\0\0";
    struct hik_sip msg;

    g_assert_true(hik_sip_parse(BYTES(bytes), sizeof bytes - 2, false, &msg)); /* one NUL */
    assert_text(bytes, msg.body, "abcde");
    g_assert_cmpuint(msg.body_present, ==, 6);
    g_assert_cmpuint(msg.message_len, ==, sizeof bytes - 2);
    g_assert_true(hik_sip_parse(BYTES(bytes), sizeof bytes - 1, false, &msg)); /* two: one is left */
    g_assert_cmpuint(msg.body.len, ==, 6);
    g_assert_cmpuint(msg.body_present, ==, 7);
    g_assert_true(hik_sip_parse(BYTES(bytes), sizeof bytes - 1, true, &msg));
    assert_text(bytes, msg.body, "abcde");
    g_assert_cmpuint(msg.message_len, ==, sizeof bytes - 3);
}

/* Several messages of a stream, seen at every length. */
static void test_stream(void)
{
    const char *text = SEED_REGISTER SEED_REGISTER_200;
    const char *info = "INFO sip:a SIP/2.0\r\nl: 4\r\n\r\nabcdINFO";
    struct hik_sip msg;
    size_t n;

    for (n = 0; n <= strlen(text); n++) {
        uint8_t *buf = exact_copy(text, n);
        bool sip = hik_sip_parse(buf, n, true, &msg);

        g_assert_true(sip == (n >= strlen("REGISTER sip:37280000000000000000@10.69.80.187:7100 SIP/2.0")));
        g_assert_true(msg.complete == (n >= 414));
        if (n >= 414)
            g_assert_cmpuint(msg.message_len, ==, 414);
        else if (sip)
            g_assert_cmpuint(msg.message_len, ==, n);
        free(buf);
    }
    /* CR CR LF: the blank line is known to be whole only with its LF. */
    text = "BYE sip:a SIP/2.0\r\r\n\r\r\n";
    for (n = 17; n <= 23; n++) {
        g_assert_true(hik_sip_parse(BYTES(text), n, true, &msg));
        g_assert_true(msg.complete == (n == 23));
        g_assert_cmpuint(msg.message_len, ==, n);
    }
    for (n = 28; n <= strlen(info); n++) {
        g_assert_true(hik_sip_parse(BYTES(info), n, true, &msg));
        g_assert_cmpuint(msg.message_len, ==, 32);
        g_assert_true(msg.complete == (n >= 32));
        g_assert_cmpuint(msg.body.len, ==, MIN(n, 32) - 28);
    }
}

/* Wherever the capture cuts a message, a header is whole or not there, and so is a line of the body. */
static void test_cut(void)
{
    const char *text = SEED_INVITE, *folded = "INVITE sip:a SIP/2.0\r\nTo: b\r\nSubject: 1:0,\r\n 2:0,\r\n\t3\r\n", *answer = "SIP/2.0 200 OK\r\n";
    size_t len = strlen(text), n;
    struct hik_sip msg, all;

    parse(text, &all);
    for (n = 0; n < len; n++) {
        uint8_t *buf = (uint8_t *)g_memdup2(text, n); /* exactly as long: reading on is found */
        bool sip = hik_sip_parse_cut(buf, n, false, &msg);

        g_assert_true(sip == (n >= 56)); /* with the CR */
        for (unsigned id = 1; sip && id < HIK_HDR_COUNT; id++) {
            struct hik_view one = msg.first[id].value, whole_one = all.first[id].value;

            if (whole_one.len == 0 || n <= whole_one.off + whole_one.len)
                g_assert_cmpuint(one.len, ==, 0);
            else
                g_assert_true(one.off == whole_one.off && one.len == whole_one.len);
        }
        if (sip) {
            g_assert_true(msg.cut);
            g_assert_cmpuint(msg.message_len, ==, n);
            g_assert_true(msg.blank_line == (n >= 491));
            g_assert_true(msg.body.len == 0 || text[msg.body.off + msg.body.len - 1] == '\n' || text[msg.body.off + msg.body.len - 1] == '\r');
        }
        g_free(buf);
    }
    g_assert_false(all.cut);
    /* a header that goes on in the line that is cut is not whole either */
    for (n = 44; n < strlen(folded); n++) {
        g_assert_true(hik_sip_parse_cut(BYTES(folded), n, false, &msg));
        HEADER_TEXT(folded, msg, HIK_HDR_TO, "b");
        if (n >= strlen(folded) - 1)
            HEADER_TEXT(folded, msg, HIK_HDR_SUBJECT, "1:0,\r\n 2:0,\r\n\t3");
        else if (n != 44 && n != 50 && n != 51) /* where the cut is between two lines, nothing shows that the second is there */
            assert_absent(msg.first[HIK_HDR_SUBJECT].value);
    }
    for (n = 0; n <= strlen(answer); n++)
        g_assert_true(hik_sip_parse_cut(BYTES(answer), n, false, &msg) == (n >= 15));
}

static void test_cseq(void)
{
    static const struct {
        const char *value;
        bool has;
        uint32_t number;
        enum hik_method method;
    } rows[] = {
        { "20 INVITE", true, 20, HIK_METHOD_INVITE },
        { "4294967295\tbye", true, 4294967295U, HIK_METHOD_BYE },
        { "4294967296 BYE", false, 0, HIK_METHOD_BYE },
        { "1", true, 1, HIK_METHOD_NONE },
        { "x INFO", false, 0, HIK_METHOD_INFO },
        { "2 WHAT", true, 2, HIK_METHOD_NONE },
        { "3\r\n ACK", true, 3, HIK_METHOD_ACK },
        { "", false, 0, HIK_METHOD_NONE },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        gchar *text = g_strdup_printf("SIP/2.0 486 Busy\r\nCSeq: %s\r\n\r\n", rows[i].value);
        struct hik_sip msg;

        parse(text, &msg);
        g_assert_true(msg.has_cseq == rows[i].has);
        g_assert_cmpuint(msg.cseq, ==, rows[i].number);
        g_assert_cmpint(msg.method, ==, rows[i].method);
        g_assert_cmpuint(msg.status, ==, 486);
        assert_text(text, msg.reason, "Busy");
        g_free(text);
    }
}

/* ---- values --------------------------------------------------------------------------------------------------- */

static void test_addr(void)
{
    static const struct {
        const char *text;
        bool ok;
        const char *user, *host;
        uint16_t port;
        const char *tag, *display;
    } rows[] = {
        { "<sip:37280000000000000000@10.69.80.187:7100>;tag=1353738433", true, "37280000000000000000", "10.69.80.187",
          7100, "1353738433", "" },
        { "sip:37280601411319001158@10.69.91.7:7100", true, "37280601411319001158", "10.69.91.7", 7100, "", "" },
        { "sip:34020000002000000001@3402000000", true, "34020000002000000001", "3402000000", 0, "", "" },
        { "sip:10.1.2.3", true, "", "10.1.2.3", 0, "", "" },
        { "sip:a@h;tag=7", true, "a", "h", 0, "7", "" },
        { "sip:a@h:5060;transport=tcp;TAG = \"q;r\" ;x", true, "a", "h", 5060, "q;r", "" },
        { "\"A \\\"<q\" <sips:a:secret@h:1;tag=inner?x=y>;x=1;Tag=outer", true, "a", "h", 1, "outer", "A \\\"<q" },
        { "Gate 7 <sip:a@[2001:db8::1]:7100>;tag=z", true, "a", "2001:db8::1", 7100, "z", "Gate 7" },
        { "<sip:a@[2001:db8::1]>", true, "a", "2001:db8::1", 0, "", "" },
        { "sip:a@2001:db8::1", true, "a", "2001:db8::1", 0, "", "" },
        { "sip:[::1]:70000", true, "", "::1", 0, "", "" },
        { "<sip:a@h", true, "a", "h", 0, "", "" },
        { "<sip:a@h;tag=5", true, "a", "h", 0, "5", "" },
        { " < SIP:a@h : 7100 > ; tag=9", true, "a", "h", 7100, "9", "" },
        { "<sip:a@h>, <sip:b@g>;tag=2", true, "a", "h", 0, "", "" },
        { "sip:a;b?c@h;tag=1", true, "a;b?c", "h", 0, "1", "" },
        { "tel:+8657112345;phone-context=x;tag=4", true, "+8657112345", "", 0, "4", "" },
        { "sip:", true, "", "", 0, "", "" },
        { "sip:@", true, "", "", 0, "", "" },
        { "sip:a@h:", true, "a", "h", 0, "", "" },
        { "sip:a@h:0", true, "a", "h", 0, "", "" },
        { "sip:a@[::1", true, "a", "::1", 0, "", "" },
        { "\"open <sip:a@h>;tag=3", true, "a", "h", 0, "3", "\"open" },
        { "http://h/", false, NULL, NULL, 0, NULL, NULL },
        { "", false, NULL, NULL, 0, NULL, NULL },
        { "<>", false, NULL, NULL, 0, NULL, NULL },
        { "<", false, NULL, NULL, 0, NULL, NULL },
        { "*", false, NULL, NULL, 0, NULL, NULL },
        { "sipx:a@h", false, NULL, NULL, 0, NULL, NULL },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        size_t len = strlen(rows[i].text);
        uint8_t *buf = exact_copy(rows[i].text, len);
        struct hik_sip_addr addr;

        g_assert_true(hik_sip_parse_addr(buf, whole(rows[i].text), &addr) == rows[i].ok);
        if (rows[i].ok) {
            assert_text(buf, addr.user, rows[i].user);
            assert_text(buf, addr.host, rows[i].host);
            g_assert_cmpuint(addr.port, ==, rows[i].port);
            assert_text(buf, addr.tag, rows[i].tag);
            assert_text(buf, addr.display, rows[i].display);
        } else {
            assert_absent(addr.user);
            assert_absent(addr.host);
        }
        free(buf);
    }
}

static void test_param(void)
{
    static const struct {
        const char *text, *name;
        bool ok;
        const char *value;
    } rows[] = {
        { "Catalog;id=945357", "id", true, "945357" },
        { "Catalog ; ID = 9 ", "id", true, "9" },
        { "Catalog;idx=1;id=2", "id", true, "2" },
        { "a;rport;branch=z9", "rport", true, "" },
        { "a;rport;branch=z9", "branch", true, "z9" },
        { "a;x=\"b;id=1\";id=2", "id", true, "2" },
        { "<a;id=1>;id=2", "id", true, "2" },
        { "a;id=\"q\\\"r\"", "id", true, "q\\\"r" },
        { "a;id=\"open", "id", true, "\"open" },
        { "a;id=", "id", true, "" },
        { "a;id=;id=2", "id", true, "" },
        { "a, b;id=1", "id", false, "" },
        { "id=1", "id", false, "" },
        { ";", "id", false, "" },
        { "", "id", false, "" },
        { "a;;;id=1", "id", true, "1" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint8_t *buf = exact_copy(rows[i].text, strlen(rows[i].text));
        struct hik_view value;

        g_assert_true(hik_sip_param(buf, whole(rows[i].text), rows[i].name, &value) == rows[i].ok);
        assert_text(buf, value, rows[i].value);
        free(buf);
    }
}

static void test_via(void)
{
    static const struct {
        const char *text;
        bool ok;
        const char *transport, *host;
        uint16_t port;
        const char *branch;
    } rows[] = {
        { "SIP/2.0/UDP 10.69.80.187:7100;rport;branch=z9hG4bK3351538455", true, "UDP", "10.69.80.187", 7100,
          "z9hG4bK3351538455" },
        { "SIP / 2.0 / TCP [2001:db8::9]:7100;branch=x", true, "TCP", "2001:db8::9", 7100, "x" },
        { "SIP/2.0/UDP 2001:db8::9;branch=x", true, "UDP", "2001:db8::9", 0, "x" },
        { "SIP/2.0/UDP h : 5060 ;received=1.2.3.4; branch = x, SIP/2.0/UDP g;branch=y", true, "UDP", "h", 5060, "x" },
        { "SIP/2.0/UDP h, SIP/2.0/UDP g;branch=y", true, "UDP", "h", 0, "" },
        { "SIP/2.0/UDP", true, "UDP", "", 0, "" },
        { "SIP/2.0/ h", true, "h", "", 0, "" },
        { "UDP h", false, "", "", 0, "" },
        { "SIP/2.0", false, "", "", 0, "" },
        { "", false, "", "", 0, "" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint8_t *buf = exact_copy(rows[i].text, strlen(rows[i].text));
        struct hik_sip_via via;

        g_assert_true(hik_sip_parse_via(buf, whole(rows[i].text), &via) == rows[i].ok);
        assert_text(buf, via.transport, rows[i].transport);
        assert_text(buf, via.host, rows[i].host);
        g_assert_cmpuint(via.port, ==, rows[i].port);
        assert_text(buf, via.branch, rows[i].branch);
        free(buf);
    }
}

static void test_subject(void)
{
    static const struct {
        const char *text;
        bool ok;
        const char *part[4];
    } rows[] = {
        { "37280601411319001158:0,37280000000000000000:0", true,
          { "37280601411319001158", "0", "37280000000000000000", "0" } },
        { " a : 1 , b : 2 ", true, { "a", "1", "b", "2" } },
        { "a:0,\r\n b:0", true, { "a", "0", "b", "0" } },
        { "a", true, { "a", "", "", "" } },
        { "a,b", true, { "a", "", "b", "" } },
        { "a:,b:", true, { "a", "", "b", "" } },
        { "a:1:2,b:3", true, { "a", "1:2", "b", "3" } },
        { "a:1,b:2,c:3", true, { "a", "1", "b", "2" } },
        { "a:1,,c:3", true, { "a", "1", "", "" } },
        { ":1,b:2", false, { "", "1", "b", "2" } },
        { "", false, { "", "", "", "" } },
        { ",", false, { "", "", "", "" } },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint8_t *buf = exact_copy(rows[i].text, strlen(rows[i].text));
        struct hik_subject subject;

        g_assert_true(hik_sip_parse_subject(buf, whole(rows[i].text), &subject) == rows[i].ok);
        assert_text(buf, subject.sender_id, rows[i].part[0]);
        assert_text(buf, subject.sender_seq, rows[i].part[1]);
        assert_text(buf, subject.receiver_id, rows[i].part[2]);
        assert_text(buf, subject.receiver_seq, rows[i].part[3]);
        free(buf);
    }
}

static void test_views(void)
{
    static const struct {
        const char *text;
        uint64_t max;
        bool ok;
        uint64_t value;
    } rows[] = {
        { "0", 0, true, 0 },
        { "1", 0, false, 0 },
        { "65535", 65535, true, 65535 },
        { "65536", 65535, false, 0 },
        { "00000000000000000000000000065535", 65535, true, 65535 },
        { "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
        { "18446744073709551616", UINT64_MAX, false, 0 },
        { "99999999999999999999", UINT64_MAX, false, 0 },
        { "7", 6, false, 0 },
        { "", 10, false, 0 },
        { "+1", 10, false, 0 },
        { " 1", 10, false, 0 },
        { "1 ", 10, false, 0 },
    };
    struct hik_view v = { 0, 0 };
    uint64_t value;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint8_t *buf = exact_copy(rows[i].text, strlen(rows[i].text));

        value = 0;
        g_assert_true(hik_view_uint(buf, whole(rows[i].text), rows[i].max, &value) == rows[i].ok);
        g_assert_cmpuint(value, ==, rows[i].value);
        free(buf);
    }
    g_assert_true(hik_view_is(BYTES("aBc"), whole("aBc"), "AbC"));
    g_assert_false(hik_view_is(BYTES("aBc"), whole("aBc"), "AbCd"));
    g_assert_false(hik_view_is(BYTES("aBc"), whole("aBc"), "Ab"));
    g_assert_true(hik_view_is(BYTES(""), v, ""));
    g_assert_false(hik_view_is(BYTES("a\0b"), (struct hik_view){ 0, 3 }, "a"));
    assert_text(" \t\r\nab c\r\n ", hik_view_trim(BYTES(" \t\r\nab c\r\n "), whole(" \t\r\nab c\r\n ")), "ab c");
    g_assert_cmpuint(hik_view_trim(BYTES(" \r\n"), whole(" \r\n")).len, ==, 0);
}

/* ---- hostile -------------------------------------------------------------------------------------------------- */

/* Everything there is, on bytes of exactly this size; nothing may point outside. Returns the headers walked. */
static unsigned exercise(const void *bytes, size_t len, bool stream)
{
    uint8_t *buf = exact_copy(bytes, len);
    uint32_t cursor = 0, before = 0;
    unsigned headers = 0;
    struct hik_header header;
    struct hik_sip msg;
    size_t i;

    hik_sip_may_begin(buf, len);
    g_assert_true(hik_sip_looks_like(buf, len) == hik_sip_parse(buf, len, stream, &msg));
    assert_inside(msg.method_text, len);
    assert_inside(msg.uri, len);
    assert_inside(msg.reason, len);
    assert_inside(msg.body, len);
    g_assert_cmpuint(msg.headers_off, <=, msg.headers_end);
    g_assert_cmpuint(msg.headers_end, <=, len);
    g_assert_cmpuint(msg.body_present, <=, len - msg.headers_end);
    for (i = 0; i < HIK_HDR_COUNT; i++) {
        assert_inside(msg.first[i].name, len);
        assert_inside(msg.first[i].value, len);
    }
    while (hik_sip_next_header(buf, &msg, &cursor, &header)) {
        struct hik_sip_addr addr;
        struct hik_sip_via via;
        struct hik_subject subject;
        struct hik_view value;

        g_assert_cmpuint(cursor, >, before);
        before = cursor;
        headers++;
        assert_inside(header.name, len);
        assert_inside(header.value, len);
        hik_sip_parse_addr(buf, header.value, &addr);
        assert_inside(addr.user, len);
        assert_inside(addr.host, len);
        assert_inside(addr.tag, len);
        assert_inside(addr.display, len);
        hik_sip_parse_via(buf, header.value, &via);
        assert_inside(via.transport, len);
        assert_inside(via.host, len);
        assert_inside(via.branch, len);
        hik_sip_parse_subject(buf, header.value, &subject);
        assert_inside(subject.sender_id, len);
        assert_inside(subject.sender_seq, len);
        assert_inside(subject.receiver_id, len);
        assert_inside(subject.receiver_seq, len);
        hik_sip_param(buf, header.value, "tag", &value);
        assert_inside(value, len);
    }
    free(buf);
    return headers;
}

static void test_truncated(void)
{
    size_t i, n;

    for (i = 0; i < G_N_ELEMENTS(seed_messages); i++) {
        for (n = 0; n <= strlen(seed_messages[i]); n++) {
            exercise(seed_messages[i], n, false);
            exercise(seed_messages[i], n, true);
        }
    }
}

static void test_mutated(void)
{
    GRand *rand = g_rand_new_with_seed(7100);
    int round;

    for (round = 0; round < 10000; round++) {
        const char *text = seed_messages[g_rand_int_range(rand, 0, (gint32)G_N_ELEMENTS(seed_messages))];
        uint8_t *buf = exact_copy(text, strlen(text));
        size_t len = mutate(rand, buf, strlen(text));

        exercise(buf, len, round % 2 == 0);
        free(buf);
    }
    g_rand_free(rand);
}

static void test_many_headers(void)
{
    GString *text = g_string_new("MESSAGE sip:a SIP/2.0\r\n");
    struct hik_sip msg;
    int i;

    for (i = 0; i < 10000; i++)
        g_string_append_printf(text, "X-%d: %d\r\n", i, i);
    g_string_append(text, "Call-ID: last\r\n\r\n");
    g_assert_cmpuint(exercise(text->str, text->len, false), ==, 10001);
    g_assert_true(hik_sip_parse(BYTES(text->str), text->len, false, &msg));
    HEADER_TEXT(text->str, msg, HIK_HDR_CALL_ID, "last");
    g_string_free(text, TRUE);
}

/* A megabyte of what makes a careless parser look ahead again and again. Were any of it quadratic, a run would take
 * hours, not milliseconds. */
static void test_big(void)
{
    static const char *const pieces[] = { "\"", "<", ";x=\"", ";", "\\\"", "\r\n ", "\r", "\n\n", "@", ":", "[", ";a=<",
                                          "\0" };
    size_t i, n = 1 << 20;

    for (i = 0; i < G_N_ELEMENTS(pieces); i++) {
        GString *text = g_string_new("MESSAGE sip:a SIP/2.0\r\nFrom: sip:b");
        size_t len = strlen(pieces[i]) > 0 ? strlen(pieces[i]) : 1;

        while (text->len < n)
            g_string_append_len(text, pieces[i], (gssize)len);
        exercise(text->str, text->len, false);
        g_string_free(text, TRUE);
    }
}

/* Wherever the parser finds the blank line, hik_sip_may_end_headers() has said so: all ends of eight bytes. */
static void test_may_end_headers(void)
{
    static const char head[] = "REGISTER sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP c\r\nX: ";
    static const char bytes[] = "a\r\n";
    enum { ENDS = 3 * 3 * 3 * 3 * 3 * 3 * 3 * 3, SURELY = sizeof head - 1 };
    uint8_t text[SURELY + 8];

    memcpy(text, head, SURELY);
    for (unsigned end = 0; end < ENDS; end++) {
        bool told = false;
        unsigned rest = end;

        for (unsigned i = 0; i < 8; i++, rest /= 3)
            text[SURELY + i] = (uint8_t)bytes[rest % 3];
        for (uint32_t n = SURELY + 1; n <= sizeof text && !told; n++) {
            struct hik_sip sip;

            told = hik_sip_may_end_headers(text, n - 1, n);
            g_assert_true(hik_sip_parse(text, n, true, &sip));
            g_assert_true(told || !sip.blank_line);
        }
    }
    /* The ordinary ends of lines are no reason to parse. */
    g_assert_false(hik_sip_may_end_headers((const uint8_t *)"abc\r\ndef\nghi\rjkl\r\r\nmno\r\r", 3, 24));
    g_assert_true(hik_sip_may_end_headers((const uint8_t *)"abc\r\n\r", 5, 6));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sip-message/seed-invite", test_seed_invite);
    g_test_add_func("/sip-message/seed-answers", test_seed_answers);
    g_test_add_func("/sip-message/methods", test_methods);
    g_test_add_func("/sip-message/looks-like", test_looks_like);
    g_test_add_func("/sip-message/may-begin", test_may_begin);
    g_test_add_func("/sip-message/line-ends", test_line_ends);
    g_test_add_func("/sip-message/names", test_names);
    g_test_add_func("/sip-message/folded", test_folded);
    g_test_add_func("/sip-message/no-blank-line", test_no_blank_line);
    g_test_add_func("/sip-message/content-length", test_content_length);
    g_test_add_func("/sip-message/trailing-nul", test_trailing_nul);
    g_test_add_func("/sip-message/stream", test_stream);
    g_test_add_func("/sip-message/may-end-headers", test_may_end_headers);
    g_test_add_func("/sip-message/cut", test_cut);
    g_test_add_func("/sip-message/cseq", test_cseq);
    g_test_add_func("/sip-message/addr", test_addr);
    g_test_add_func("/sip-message/param", test_param);
    g_test_add_func("/sip-message/via", test_via);
    g_test_add_func("/sip-message/subject", test_subject);
    g_test_add_func("/sip-message/views", test_views);
    g_test_add_func("/sip-message/truncated", test_truncated);
    g_test_add_func("/sip-message/mutated", test_mutated);
    g_test_add_func("/sip-message/many-headers", test_many_headers);
    g_test_add_func("/sip-message/big", test_big);
    return g_test_run();
}
