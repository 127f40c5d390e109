/* message-info.c
 * What one SIP message says of itself, before any state is looked at: dialog identifiers (RFC 3261 clause 12),
 * addresses, Subject, and its SDP as the description a session keeps (RFC 4566, RFC 3264).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "message-info.h"

#include <string.h>

#include "gb-id.h"
#include "key.h"

/* ---- small helpers ---------------------------------------------------------------------------------------------- */

/* ---- the message ------------------------------------------------------------------------------------------------ */

/* How far MANSCDP is looked at for its CmdType, which stands in its first lines. */
#define MOST_BODY 4096

/* What MANSCDP says in its root element and its CmdType; views of length 0 where it does not. */
struct mans_head {
    struct hik_view root, command;
};

static bool is_name_byte(uint8_t c)
{
    return c != '>' && c != '/' && c > ' ';
}

/* Behind the text, end if it does not come. */
static uint32_t skip_behind(const uint8_t *buf, uint32_t at, uint32_t end, const char *text)
{
    size_t len = strlen(text);

    for (; at + len <= end; at++)
        if (memcmp(buf + at, text, len) == 0)
            return at + (uint32_t)len;
    return end;
}

/* CmdType counts directly below the root only: an alarm's description may say anything. Linear. */
static void read_mans_head(const uint8_t *buf, struct hik_view body, struct mans_head *head)
{
    uint32_t at = body.off, end = body.off + MIN(body.len, MOST_BODY);
    unsigned depth = 0;

    memset(head, 0, sizeof *head);
    while (at < end) {
        const uint8_t *tag = (const uint8_t *)memchr(buf + at, '<', end - at);
        struct hik_view name = {0, 0};

        if (!tag)
            return;
        at = (uint32_t)(tag - buf) + 1;
        if (at < end && buf[at] == '!') {
            at = skip_behind(buf, at, end, end - at > 2 && buf[at + 1] == '-' ? "-->" : ">");
            continue;
        }
        if (at < end && buf[at] == '?') {
            at = skip_behind(buf, at, end, "?>");
            continue;
        }
        if (at < end && buf[at] == '/') {
            if (depth > 0)
                depth--;
            at = skip_behind(buf, at, end, ">");
            continue;
        }
        name.off = at;
        while (at < end && is_name_byte(buf[at]))
            at++;
        name.len = at - name.off;
        if (name.len == 0)
            continue;
        at = skip_behind(buf, at, end, ">");
        if (depth == 0 && head->root.len == 0)
            head->root = name;
        if (at < 2 || buf[at - 2] != '/')
            depth++;
        if (depth == 2 && hik_view_is(buf, name, "CmdType")) {
            uint32_t stop = at;

            while (stop < end && buf[stop] != '<')
                stop++;
            head->command = hik_view_trim(buf, (struct hik_view){at, stop - at});
            return;
        }
    }
}

/* Query and Control go down, Response and Notify go up; a broadcast is announced downwards (GB/T 28181-2016 9.12), an
 * alarm is acknowledged downwards (9.4). */
static enum hik_direction manscdp_direction(const uint8_t *buf, const struct mans_head *head)
{
    if (hik_view_is(buf, head->root, "Query") || hik_view_is(buf, head->root, "Control"))
        return HIK_DIR_DOWN;
    if (hik_view_is(buf, head->root, "Response"))
        return hik_view_is(buf, head->command, "Alarm") ? HIK_DIR_DOWN : HIK_DIR_UP;
    if (hik_view_is(buf, head->root, "Notify"))
        return hik_view_is(buf, head->command, "Broadcast") ? HIK_DIR_DOWN : HIK_DIR_UP;
    return HIK_DIR_UNKNOWN;
}

/* Messages that carry the SDP of a call. Which body it is says the Content-Type, if that is there. */
static bool carries_sdp(const struct hik_message_info *r)
{
    const struct hik_sip *sip = r->sip;
    struct hik_view type = sip->first[HIK_HDR_CONTENT_TYPE].value;

    if (r->has_sdp)
        return true;
    if (sip->method != HIK_METHOD_INVITE && sip->method != HIK_METHOD_UPDATE)
        return false;
    if ((!sip->is_request && (sip->status < 200 || sip->status >= 300)) || sip->content_length == 0)
        return false;
    type.len = MIN(type.len, 15);
    return type.len == 0 ? !sip->blank_line : hik_view_is(r->buf, type, "application/sdp");
}

void hik_message_info_read(const uint8_t *buf, const struct hik_sip *sip, const struct hik_sdp *sdp, struct hik_message_info *r)
{
    struct hik_sip_via via;
    const struct hik_header *first = sip->first;

    memset(r, 0, sizeof *r);
    r->buf = buf;
    r->sip = sip;
    r->call_id = first[HIK_HDR_CALL_ID].value;
    hik_sip_parse_addr(buf, first[HIK_HDR_FROM].value, &r->from);
    hik_sip_parse_addr(buf, first[HIK_HDR_TO].value, &r->to);
    if (sip->is_request)
        hik_sip_parse_addr(buf, sip->uri, &r->uri);
    if (hik_sip_parse_via(buf, first[HIK_HDR_VIA].value, &via))
        r->branch = via.branch;
    r->has_subject = first[HIK_HDR_SUBJECT].value.len > 0 &&
                     hik_sip_parse_subject(buf, first[HIK_HDR_SUBJECT].value, &r->subject);
    r->sdp = sdp;
    r->has_sdp = sdp != NULL;
    r->unplaced = sip->cut && (first[HIK_HDR_VIA].name.len == 0 || first[HIK_HDR_FROM].name.len == 0 || first[HIK_HDR_TO].name.len == 0 ||
                               r->call_id.len == 0 || !sip->has_cseq);
    r->sdp_cut = sip->cut && !r->unplaced && carries_sdp(r);
    if (!sdp && sip->body.len > 0) {
        struct mans_head head;

        read_mans_head(buf, sip->body, &head);
        r->body_direction = manscdp_direction(buf, &head);
        r->keepalive = sip->is_request && sip->method == HIK_METHOD_MESSAGE && hik_view_is(buf, head.root, "Notify") &&
                       hik_view_is(buf, head.command, "Keepalive");
    }
}

bool hik_view_is_id(const uint8_t *buf, struct hik_view view)
{
    struct hik_gb_id id;

    hik_gb_id_parse(buf + view.off, view.len, &id);
    return id.kind != HIK_ID_NONE;
}

bool hik_view_is_device(const uint8_t *buf, struct hik_view view)
{
    struct hik_gb_id id;

    hik_gb_id_parse(buf + view.off, view.len, &id);
    return id.kind == HIK_ID_20 && id.type > 0 && id.type < 200;
}

enum hik_direction hik_message_info_direction(const struct hik_message_info *r)
{
    switch (r->sip->method) {
    case HIK_METHOD_REGISTER:
    case HIK_METHOD_NOTIFY:
        return HIK_DIR_UP;
    case HIK_METHOD_SUBSCRIBE:
        return HIK_DIR_DOWN;
    case HIK_METHOD_MESSAGE:
        return r->sip->is_request ? r->body_direction : HIK_DIR_UNKNOWN;
    default:
        return HIK_DIR_UNKNOWN;
    }
}

/* ---- descriptions ----------------------------------------------------------------------------------------------- */

/* Packet scope. */
static bool view_address(packet_info *pinfo, const uint8_t *buf, struct hik_view host, address *addr)
{
    char *text = hik_view_string(pinfo->pool, buf, host);
    ws_in4_addr ip4;
    ws_in6_addr ip6;

    if (!text)
        return false;
    if (ws_inet_pton4(text, &ip4)) {
        alloc_address_wmem(pinfo->pool, addr, AT_IPv4, sizeof ip4, &ip4);
        return true;
    }
    if (ws_inet_pton6(text, &ip6)) {
        alloc_address_wmem(pinfo->pool, addr, AT_IPv6, sizeof ip6, &ip6);
        return true;
    }
    return false;
}

bool hik_message_info_host(packet_info *pinfo, const struct hik_message_info *r, struct hik_view host, address *addr)
{
    return host.len > 0 && view_address(pinfo, r->buf, host, addr);
}

void hik_message_info_describe_ends(packet_info *pinfo, const uint8_t *buf, const struct hik_sdp_section *section,
                                    struct hik_media_line *line)
{
    line->tcp = section->media.tcp || (section->setup != HIK_SETUP_NONE && section->setup != HIK_SETUP_HOLDCONN);
    line->addr_ok = view_address(pinfo, buf, section->connection.addr, &line->endpoint.addr);
    line->endpoint.port = section->media.port;
    line->rtcp_port = section->rtcp_port;
    if (!line->rtcp_port && section->media.port && section->media.port < 65535 && !section->rtcp_mux)
        line->rtcp_port = (uint16_t)(section->media.port + 1);
}

static uint8_t first_payload_type(const uint8_t *buf, struct hik_view formats)
{
    struct hik_view token = hik_view_trim(buf, formats);
    uint64_t pt;
    uint32_t len = 0;

    while (len < token.len && buf[token.off + len] != ' ' && buf[token.off + len] != '\t')
        len++;
    token.len = len;
    return hik_view_uint(buf, token, 127, &pt) ? (uint8_t)pt : 255;
}

/* Every payload type of m=, as bits. */
static void payload_types(const uint8_t *buf, struct hik_view formats, uint64_t bits[2])
{
    uint32_t at = 0;

    while (at < formats.len) {
        struct hik_view token = {formats.off + at, 0};
        uint64_t pt;

        while (at + token.len < formats.len && buf[token.off + token.len] != ' ' && buf[token.off + token.len] != '\t')
            token.len++;
        if (hik_view_uint(buf, token, 127, &pt))
            bits[pt / 64] |= UINT64_C(1) << (pt % 64);
        at += token.len + 1;
    }
}

static void describe_section(packet_info *pinfo, const uint8_t *buf, const struct hik_sdp_section *section,
                             struct hik_media_line *line)
{
    line->audio = hik_view_is(buf, section->media.media, "audio");
    hik_message_info_describe_ends(pinfo, buf, section, line);
    if (line->addr_ok)
        hik_endpoint_set(&line->endpoint, &line->endpoint.addr, line->endpoint.port);
    line->tcp_by_setup = line->tcp && !section->media.tcp;
    line->host = line->addr_ok ? NULL : hik_view_kept(buf, section->connection.addr);
    line->port_ok = section->media.port_ok;
    line->direction = section->direction;
    line->setup = section->setup;
    line->first_pt = first_payload_type(buf, section->media.formats);
    payload_types(buf, section->media.formats, line->formats);
    line->map_count = section->map_count;
    line->maps = (struct hik_payload_map *)hik_keep(section->map_count * sizeof *line->maps);
    for (unsigned i = 0; i < section->map_count; i++) {
        struct hik_payload_map *map = &line->maps[i];

        map->pt = section->maps[i].pt;
        map->codec = hik_view_shared(buf, section->maps[i].encoding);
        map->clock = section->maps[i].clock;
        if (map->pt == line->first_pt && !line->codec)
            line->codec = map->codec;
    }
}

void hik_message_info_describe(packet_info *pinfo, const struct hik_message_info *r, struct hik_description *out)
{
    const struct hik_sdp *sdp = r->sdp;

    memset(out, 0, sizeof *out);
    out->frame = pinfo->num;
    out->cut = r->sip->cut;
    if (!sdp)
        return;
    out->media_count = sdp->media_count;
    out->media = (struct hik_media_line *)hik_keep(sdp->media_count * sizeof *out->media);
    for (unsigned i = 0; i < sdp->media_count; i++)
        describe_section(pinfo, r->buf, &sdp->media[i], &out->media[i]);
    out->has_y = sdp->has_y;
    if (sdp->has_y) {
        out->y_kind = sdp->y.kind;
        out->ssrc = sdp->y.value;
        out->y_text = hik_view_kept(r->buf, sdp->y.text);
    }
    out->broken_lines = sdp->broken_lines > 0 || sdp->blank_lines > 0;
    out->session_name = sdp->session_name;
}

/* Methods that only make sense inside a dialog: seen without one, the dialog began before the capture. */
bool hik_message_info_implies_dialog(const struct hik_message_info *r)
{
    switch (r->sip->method) {
    case HIK_METHOD_INVITE:
        return !r->sip->is_request || r->to.tag.len > 0;
    case HIK_METHOD_ACK:
    case HIK_METHOD_BYE:
    case HIK_METHOD_CANCEL:
    case HIK_METHOD_PRACK:
    case HIK_METHOD_UPDATE:
        return true;
    case HIK_METHOD_INFO:
        return r->to.tag.len > 0;
    default:
        return false;
    }
}

struct hik_text_key hik_message_info_tag_key(const struct hik_message_info *r, struct hik_view tag)
{
    struct hik_text_key key = {{r->buf + r->call_id.off, r->buf + tag.off}, {r->call_id.len, tag.len}, 0};
    return key;
}

bool hik_message_info_same_text(const struct hik_message_info *r, struct hik_view view, const char *text)
{
    return strlen(text) == view.len && memcmp(r->buf + view.off, text, view.len) == 0;
}

struct hik_bytes hik_message_info_keep_bytes(const struct hik_message_info *r, struct hik_view view)
{
    struct hik_bytes kept = {(const uint8_t *)hik_keep_copy(r->buf + view.off, view.len), view.len};
    return kept;
}

bool hik_message_info_same_bytes(const struct hik_message_info *r, struct hik_view view, struct hik_bytes bytes)
{
    return bytes.bytes && bytes.len == view.len && memcmp(r->buf + view.off, bytes.bytes, view.len) == 0;
}
