/* fuzz-text.c
 * Harnesses of the parsers of text: SIP, SDP, IDs, MANSCDP, and the words of the verdict.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "fuzz-parsers.h"

#include <string.h>

#include <glib.h>

#include "address.h"
#include "charset.h"
#include "error-info.h"
#include "gb-id.h"
#include "manscdp.h"
#include "ptz.h"
#include "sdp.h"
#include "sip-message.h"
#include "verdict.h"
#include "xml-scan.h"

/* Everything of an input, in a block of its own. */
static uint8_t *rest(struct input *in, size_t *len)
{
    return next_bytes(in, in->len, len);
}

static void in_bounds(struct hik_view view, size_t len)
{
    PROMISE(view.off <= len && view.len <= len - view.off);
}

static void look_at_value(const uint8_t *buf, size_t len, struct hik_view value)
{
    struct hik_sip_addr addr;
    struct hik_sip_via via;
    struct hik_subject subject;
    struct hik_view found;

    if (hik_sip_parse_addr(buf, value, &addr)) {
        in_bounds(addr.user, len);
        in_bounds(addr.host, len);
        in_bounds(addr.tag, len);
        in_bounds(addr.display, len);
    }
    if (hik_sip_param(buf, value, "tag", &found))
        in_bounds(found, len);
    if (hik_sip_parse_via(buf, value, &via)) {
        in_bounds(via.host, len);
        in_bounds(via.branch, len);
        in_bounds(via.transport, len);
    }
    if (hik_sip_parse_subject(buf, value, &subject)) {
        in_bounds(subject.sender_id, len);
        in_bounds(subject.receiver_seq, len);
    }
}

static void look_at_message(const uint8_t *buf, size_t len, bool stream)
{
    struct hik_sip sip;
    struct hik_header header;
    uint32_t cursor = 0, before = 0;

    hik_sip_may_begin(buf, len);
    hik_sip_is_cut_start(buf, len, 4);
    if (!hik_sip_parse(buf, len, stream, &sip))
        return;
    PROMISE(hik_sip_may_begin(buf, len) || !hik_sip_looks_like(buf, len));
    PROMISE(sip.headers_off <= sip.headers_end && sip.headers_end <= len);
    PROMISE(stream || (sip.complete && sip.message_len == len));
    PROMISE(!stream || sip.complete == (sip.blank_line && sip.message_len <= len));
    in_bounds(sip.uri, len);
    in_bounds(sip.reason, len);
    in_bounds(sip.method_text, len);
    in_bounds(sip.body, len);
    while (hik_sip_next_header(buf, &sip, &cursor, &header)) {
        PROMISE(cursor > before);
        before = cursor;
        in_bounds(header.name, len);
        in_bounds(header.value, len);
        PROMISE(header.id < HIK_HDR_COUNT);
        look_at_value(buf, len, header.value);
    }
    hik_sip_method_name(sip.method);
    if (sip.is_request)
        look_at_value(buf, len, sip.uri);
}

void fuzz_sip_message(struct input in)
{
    size_t len;
    uint8_t *buf = rest(&in, &len);

    look_at_message(buf, len, false);
    free(buf);
}

void fuzz_sip_stream(struct input in)
{
    size_t len;
    uint8_t *buf = rest(&in, &len);

    look_at_message(buf, len, true);
    /* A message that is complete stays the same whatever comes behind it, and is not complete before its end. */
    struct hik_sip sip, again;
    if (hik_sip_parse(buf, len, true, &sip) && sip.complete && sip.message_len > 0) {
        uint8_t *exact = (uint8_t *)malloc(sip.message_len);
        memcpy(exact, buf, sip.message_len);
        PROMISE(hik_sip_parse(exact, sip.message_len, true, &again));
        /* A CR at the very end, or the second one, may have its LF still to come. */
        PROMISE(again.complete || (sip.body.len <= 1 && exact[sip.message_len - 1] == '\r'));
        PROMISE(!again.complete || (again.message_len == sip.message_len && again.body.len == sip.body.len));
        free(exact);
    }
    free(buf);
}

void fuzz_sdp(struct input in)
{
    struct hik_sdp sdp;
    struct hik_sdp_line line;
    uint32_t cursor = 0;
    size_t len;
    unsigned lines = 0;
    uint8_t *buf = rest(&in, &len);
    const struct hik_view body = {0, (uint32_t)len};

    while (hik_sdp_next_line(buf, body, &cursor, &line)) {
        struct hik_ssrc ssrc;
        struct hik_format format;
        struct hik_sdp_media media;
        struct hik_sdp_connection connection;
        struct hik_sdp_attribute attribute;
        struct hik_sdp_rtpmap map;
        struct hik_view one, two;

        PROMISE(++lines <= len + 1);
        in_bounds(line.line, len);
        in_bounds(line.value, len);
        hik_sdp_parse_ssrc(buf, line.value, &ssrc);
        in_bounds(ssrc.serial, len);
        hik_sdp_parse_format(buf, line.value, &format);
        in_bounds(format.sample_rate, len);
        if (hik_sdp_parse_media(buf, line.value, &media))
            in_bounds(media.formats, len);
        if (hik_sdp_parse_connection(buf, line.value, &connection))
            in_bounds(connection.addr, len);
        if (hik_sdp_parse_origin(buf, line.value, &one, &connection))
            in_bounds(one, len);
        if (hik_sdp_parse_play_uri(buf, line.value, &one, &two))
            in_bounds(two, len);
        hik_sdp_parse_attribute(buf, line.value, &attribute);
        in_bounds(attribute.value, len);
        if (hik_sdp_parse_rtpmap(buf, line.value, &map))
            PROMISE(map.pt < 128);
    }
    if (hik_sdp_parse(buf, body, &sdp)) {
        PROMISE(sdp.media_count <= HIK_SDP_MAX_MEDIA);
        for (unsigned i = 0; i < sdp.media_count; i++) {
            PROMISE(sdp.media[i].map_count <= HIK_SDP_MAX_MAPS);
            in_bounds(sdp.media[i].line, len);
            in_bounds(sdp.media[i].connection.addr, len);
        }
    }
    free(buf);
}

void fuzz_gb_id(struct input in)
{
    struct hik_gb_id id;
    size_t len;
    uint8_t *buf = rest(&in, &len);

    hik_gb_id_parse(buf, len, &id);
    PROMISE(id.kind != HIK_ID_20 || (len == 20 && strlen(id.region) == 8 && strlen(id.serial) == 6));
    PROMISE(hik_gb_id_type_name(id.type) && hik_gb_id_industry_name(id.industry) && hik_gb_id_network_name(id.network));
    hik_address_classify(buf, len);
    free(buf);
}

void fuzz_error_info(struct input in)
{
    struct hik_error_info info;
    size_t len;
    uint8_t *buf = rest(&in, &len);

    if (hik_error_info_parse(buf, (struct hik_view){0, (uint32_t)len}, &info)) {
        in_bounds(info.code, len);
        in_bounds(info.text, len);
    }
    free(buf);
}

static void piece_in_bounds(struct hik_xml_piece piece, size_t len)
{
    PROMISE(piece.off <= len && piece.len <= len - piece.off);
}

void fuzz_xml_scan(struct input in)
{
    struct hik_xml xml;
    struct hik_xml_node node;
    struct hik_xml_piece name, value;
    size_t len, opens = 0, closes = 0;
    uint8_t *buf = rest(&in, &len);

    hik_xml_start(&xml, buf, len);
    for (size_t nodes = 0; hik_xml_next(&xml, &node); nodes++) {
        uint32_t cursor = 0;

        PROMISE(nodes <= 2 * len + 2);
        piece_in_bounds(node.all, len);
        piece_in_bounds(node.name, len);
        piece_in_bounds(node.attrs, len);
        opens += node.kind == HIK_XML_OPEN;
        closes += node.kind == HIK_XML_CLOSE;
        if (node.kind == HIK_XML_OPEN || node.kind == HIK_XML_EMPTY || node.kind == HIK_XML_DECLARATION)
            while (hik_xml_next_attr(buf, node.attrs, &cursor, &name, &value)) {
                piece_in_bounds(name, len);
                piece_in_bounds(value, len);
            }
    }
    PROMISE(opens == closes);
    PROMISE(xml.work <= 16 * (uint64_t)len + 64);
    char *text = g_strndup((const char *)buf, len);
    size_t before = strlen(text);
    PROMISE(hik_xml_unescape(text) <= before);
    g_free(text);
    free(buf);
}

void fuzz_charset(struct input in)
{
    struct hik_charset_choice choice;
    bool other = false;
    uint8_t declared = next_byte(&in);
    size_t len;
    uint8_t *buf = rest(&in, &len);
    char *out = (char *)malloc(HIK_CHARSET_ROOM(len));

    hik_charset_is_foreign(buf, len);
    hik_charset_of_name(buf, len);
    hik_charset_decide(buf, len, (enum hik_charset)(declared % 3), &choice);
    PROMISE(choice.charset != HIK_CHARSET_UNKNOWN);
    size_t wrote = hik_charset_to_utf8(declared & 4 ? HIK_CHARSET_GB : HIK_CHARSET_UTF8, buf, len, out, &other);
    PROMISE(wrote < HIK_CHARSET_ROOM(len) && strlen(out) == wrote && g_utf8_validate(out, -1, NULL));
    free(out);
    free(buf);
}

static void on_item(const struct hik_manscdp_item *item, const struct hik_manscdp *so_far, void *user)
{
    size_t len = *(const size_t *)user;

    (void)so_far;
    piece_in_bounds(item->device_id, len);
    piece_in_bounds(item->name, len);
    piece_in_bounds(item->civil_code, len);
}

void fuzz_manscdp(struct input in)
{
    struct hik_manscdp_walk walk;
    struct hik_manscdp_step step;
    struct hik_manscdp message;
    char text[64];
    size_t len, room;
    uint8_t *buf = rest(&in, &len);

    hik_manscdp_start(&walk, buf, len);
    for (size_t steps = 0; hik_manscdp_next(&walk, &step); steps++) {
        PROMISE(steps <= 2 * len + 2);
        PROMISE(step.depth <= HIK_XML_MAX_DEPTH);
        piece_in_bounds(step.all, len);
        piece_in_bounds(step.name, len);
        piece_in_bounds(step.value, len);
        piece_in_bounds(step.attrs, len);
    }
    hik_manscdp_read(buf, len, on_item, &len, &message);
    piece_in_bounds(message.cmd_type, len);
    piece_in_bounds(message.device_id, len);
    room = 1 + len % sizeof text;
    hik_manscdp_describe(buf, &message, 3, text, room);
    PROMISE(strlen(text) < room);
    for (const char *p = text; *p; p++)
        PROMISE(*p >= ' ' && *p <= '~');
    hik_manscdp_looks_like(buf, len);
    free(buf);
}

void fuzz_ptz(struct input in)
{
    struct hik_ptz ptz;
    char text[100];
    size_t room = 1 + next_byte(&in) % sizeof text, len;
    uint8_t *buf = rest(&in, &len);

    if (hik_ptz_parse(buf, len, &ptz)) {
        for (int i = 0; i < 8; i++)
            PROMISE(ptz.pos[i] + 2u <= len);
        hik_ptz_describe(&ptz, text, room);
        PROMISE(strlen(text) < room && strlen(text) <= 80);
        hik_ptz_code_name(ptz.code);
    }
    free(buf);
}

/* Any facts: numbers and flags are the input's bytes, texts are pieces of it. */
void fuzz_verdict(struct input in)
{
    static struct hik_facts facts;
    static struct hik_verdict verdict;
    size_t len;
    char *texts[8], out[700];
    size_t room = 1 + next_byte(&in) * 3u % sizeof out;
    enum { PEOPLES_TEXTS = 4 }; /* what somebody wrote: a reason, an ErrorInfo, y= */

    for (size_t i = 0; i < 8; i++) {
        size_t text_len;
        uint8_t *text = next_bytes(&in, next_byte(&in), &text_len);
        char *string = g_strndup((const char *)text, text_len);
        /* As the facts promise: valid UTF-8. */
        texts[i] = g_utf8_make_valid(string, -1);
        /* Addresses and names of codecs: printable ASCII, as address_to_str() and tables give it. */
        for (char *p = texts[i]; i >= PEOPLES_TEXTS && *p; p++)
            if (*p <= ' ' || *p > '~' || *p == '|')
                *p = '.';
        if (i >= PEOPLES_TEXTS && strlen(texts[i]) > HIK_TCP_TEXT)
            texts[i][HIK_TCP_TEXT] = '\0';
        g_free(string);
        free(text);
    }
    hik_facts_init(&facts);
#define NUMBER(member) facts.member = (__typeof__(facts.member))(next_byte(&in) & 0x80 ? next_word(&in) : next_byte(&in))
#define FLAG(member) facts.member = next_byte(&in) & 1
#define SECONDS(member) facts.member = next_half(&in) / 64.0
    FLAG(began_before), NUMBER(messages), NUMBER(copies), NUMBER(invites), NUMBER(provisional), NUMBER(challenge);
    NUMBER(final_status), FLAG(acked), FLAG(cancelled), FLAG(bye), FLAG(reinvited), FLAG(callee_unheard), FLAG(caller_unheard);
    NUMBER(forks), FLAG(bye_by_sender), FLAG(bye_answered), NUMBER(bye_refused), FLAG(file_end), SECONDS(file_end_before);
    SECONDS(late_answer), NUMBER(unreachable), NUMBER(unreachable_frame), SECONDS(after_invite), SECONDS(cancel_after);
    SECONDS(after_answer), FLAG(talk), NUMBER(rtcp_packets), NUMBER(rtcp_sent), FLAG(capture_has_rtp), FLAG(capture_has_media);
    NUMBER(stray_packets), FLAG(tcp), FLAG(tcp_syn), FLAG(tcp_refused), FLAG(tcp_up), SECONDS(first_media_after);
    NUMBER(after_bye), SECONDS(after_bye_seconds), SECONDS(silence), FLAG(paused), FLAG(has_ssrc), NUMBER(ssrc);
    FLAG(ssrc_by_answer), FLAG(declared_ps), FLAG(encrypted);
    FLAG(shared_port), NUMBER(width), NUMBER(height), NUMBER(frames), NUMBER(key_frames), NUMBER(ps_packets);
    NUMBER(not_ps_packets), SECONDS(frame_rate);
    facts.shared_with = (int)next_byte(&in) - 1;
    facts.cascade_with = (int)next_byte(&in) - 1;
    facts.offer_role = (enum hik_role)(next_byte(&in) % 3);
    facts.answer_role = (enum hik_role)(next_byte(&in) % 3);
    uint8_t there = next_byte(&in);
    facts.reason = there & 1 ? texts[0] : NULL;
    facts.error_code = there & 2 ? texts[1] : NULL;
    facts.error_text = there & 4 ? texts[2] : NULL;
    facts.ssrc_text = there & 8 ? texts[3] : NULL;
    facts.caller = there & 16 ? texts[4] : NULL;
    facts.callee = there & 32 ? texts[5] : NULL;
    facts.bye_by = there & 64 ? texts[6] : NULL;
    facts.receiver_sip = there & 128 ? texts[7] : NULL;
    there = next_byte(&in);
    facts.codec = there & 1 ? texts[4] : NULL;
    facts.looks_like = there & 2 ? texts[5] : NULL;
    facts.tcp_to = there & 4 ? texts[6] : NULL;
    facts.unreachable_what = there & 8 ? texts[7] : NULL;
    facts.cascade_via = there & 16 ? texts[4] : NULL;
    for (int i = 0; i < 2; i++) {
        there = next_byte(&in);
        FLAG(leg[i].wanted), FLAG(leg[i].to_port_zero), FLAG(leg[i].to_is_peer), NUMBER(leg[i].packets), NUMBER(leg[i].lost);
        NUMBER(leg[i].ssrc), NUMBER(leg[i].packets_expected_ssrc), SECONDS(leg[i].seconds);
        facts.leg[i].to_class = (enum hik_address_class)(next_byte(&in) % 6);
        facts.leg[i].sender_class = (enum hik_address_class)(next_byte(&in) % 6);
        facts.leg[i].receiver_class = (enum hik_address_class)(next_byte(&in) % 6);
        facts.leg[i].to = there & 1 ? texts[4] : NULL;
        facts.leg[i].from = there & 2 ? texts[5] : NULL;
        facts.leg[i].seen_from = there & 4 ? texts[6] : NULL;
        facts.leg[i].seen_to = there & 8 ? texts[7] : NULL;
        for (int k = next_byte(&in) % HIK_LINES; k >= 0; k--) {
#define LINE leg[i].lines[k]
            there = next_byte(&in);
            FLAG(LINE.audio), NUMBER(LINE.packets), NUMBER(LINE.expected), NUMBER(LINE.lost), NUMBER(LINE.duplicates);
            NUMBER(LINE.restarts), NUMBER(LINE.strays), NUMBER(LINE.reused), NUMBER(LINE.ssrcs), NUMBER(LINE.ssrc);
            NUMBER(LINE.ssrc_packets), NUMBER(LINE.unnegotiated), FLAG(LINE.unnegotiated_is_host), FLAG(LINE.unnegotiated_is_peer);
            NUMBER(LINE.misdirected), FLAG(LINE.misdirected_same_port), NUMBER(LINE.undeclared), NUMBER(LINE.undeclared_pt);
            facts.LINE.from = there & 1 ? texts[4] : NULL;
            facts.LINE.announced_from = there & 2 ? texts[5] : NULL;
            facts.LINE.announced_to = there & 4 ? texts[6] : NULL;
            facts.LINE.unnegotiated_from = there & 8 ? texts[7] : NULL;
            facts.LINE.misdirected_to = there & 16 ? texts[4] : NULL;
#undef LINE
        }
    }
    FLAG(connections.framed_seen), NUMBER(connections.head), NUMBER(connections.anew), NUMBER(connections.second_frame);
    NUMBER(connections.missing), NUMBER(connections.holes), NUMBER(connections.missing_frame), FLAG(connections.cut);
    NUMBER(connections.kept), NUMBER(connections.sent), FLAG(connections.foreign), NUMBER(connections.foreign_bytes);
    NUMBER(connections.foreign_frame), FLAG(connections.misdirected), FLAG(connections.misdirected_refused);
    FLAG(connections.misdirected_up), FLAG(connections.misdirected_media), NUMBER(connections.misdirected_frame);
    facts.connections.framed = (enum hik_framed)(next_byte(&in) % 5);
    facts.connections.foreign_is = there & 1 ? texts[4] : NULL;
#undef NUMBER
#undef FLAG
#undef SECONDS

    hik_verdict_judge(&facts, &verdict);
    PROMISE(verdict.count > 0 && verdict.count <= HIK_CODE_COUNT);
    for (unsigned i = 0; i < verdict.count; i++) {
        PROMISE(g_utf8_validate(verdict.findings[i].text, -1, NULL));
        PROMISE(i == 0 || verdict.findings[i].severity <= verdict.findings[i - 1].severity);
        for (const char *p = verdict.findings[i].text; *p; p++)
            PROMISE((uint8_t)*p >= ' ' && *p != '|' && *p != 0x7F);
        PROMISE(hik_verdict_find(&verdict, verdict.findings[i].code));
    }
    len = hik_verdict_print(&verdict, out, room);
    PROMISE(len < room && strlen(out) == len && g_utf8_validate(out, -1, NULL));
    for (size_t i = 0; i < 8; i++)
        g_free(texts[i]);
}
