/* sip-tree.c
 * The tree of a SIP message: what GB/T 28181 and Hikvision add to SIP (RFC 3261) and SDP (RFC 4566), each field over
 * its own bytes, and expert items for what is wrong with those bytes.
 *
 * Longer than 700 lines: the registration of its many fields is a third of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sip-tree.h"

#include <string.h>

#include "gb-id.h"
#include "text.h"
#include "error-info.h"
#include "parts.h"

static int proto_hik = -1;

static int hf_hik_device_id = -1;
static int hf_hik_device_id_region = -1;
static int hf_hik_device_id_industry = -1;
static int hf_hik_device_id_type = -1;
static int hf_hik_device_id_network = -1;
static int hf_hik_device_id_serial = -1;
static int hf_hik_subject = -1;
static int hf_hik_subject_sender_id = -1;
static int hf_hik_subject_sender_seq = -1;
static int hf_hik_subject_receiver_id = -1;
static int hf_hik_subject_receiver_seq = -1;
static int hf_hik_stream_mode = -1;
static int hf_hik_stream_mode_source = -1;
static int hf_hik_file_size = -1;
static int hf_hik_download_speed = -1;
static int hf_hik_recording_start = -1;
static int hf_hik_recording_end = -1;
static int hf_hik_play_uri = -1;
static int hf_hik_play_uri_type = -1;
static int hf_hik_ssrc = -1;
static int hf_hik_ssrc_text = -1;
static int hf_hik_ssrc_history = -1;
static int hf_hik_ssrc_domain = -1;
static int hf_hik_ssrc_serial = -1;
static int hf_hik_format = -1;
static int hf_hik_format_video_codec = -1;
static int hf_hik_format_resolution = -1;
static int hf_hik_format_frame_rate = -1;
static int hf_hik_format_rate_type = -1;
static int hf_hik_format_bit_rate = -1;
static int hf_hik_format_audio_codec = -1;
static int hf_hik_format_audio_bit_rate = -1;
static int hf_hik_format_sample_rate = -1;
static int hf_hik_media_addr = -1;
static int hf_hik_media_port = -1;
static int hf_hik_media_rtcp_port = -1;
static int hf_hik_error_code = -1;
static int hf_hik_error_text = -1;
static int hf_hik_error_meaning = -1;
static int hf_hik_gb_version = -1;
static int hf_hik_route_path = -1;
static int hf_hik_preferred_path = -1;
static int hf_hik_monitor_user = -1;
static int hf_hik_note = -1;
static int hf_hik_security_info = -1;

static int ett_hik = -1;
static int ett_hik_device_id = -1;
static int ett_hik_subject = -1;
static int ett_hik_stream_mode = -1;
static int ett_hik_ssrc = -1;
static int ett_hik_format = -1;
static int ett_hik_media = -1;
static int ett_hik_error = -1;

static expert_field ei_hik_id_not_20_digits = EI_INIT;
static expert_field ei_hik_ssrc_missing = EI_INIT;
static expert_field ei_hik_ssrc_malformed = EI_INIT;
static expert_field ei_hik_sdp_broken_line = EI_INIT;
static expert_field ei_hik_content_length = EI_INIT;
static expert_field ei_hik_port_zero = EI_INIT;
static expert_field ei_hik_port_zero_one = EI_INIT;

/* Names for value_string users, filled from the pure parts' tables at registration. */
#define CODE_NAMES 256
static value_string video_codec_names[CODE_NAMES + 1];
static value_string rate_type_names[CODE_NAMES + 1];
static value_string audio_codec_names[CODE_NAMES + 1];
static value_string audio_bit_rate_names[CODE_NAMES + 1];
static value_string sample_rate_names[CODE_NAMES + 1];
static value_string industry_names[100 + 1];
static value_string network_names[10 + 1];
static value_string type_names[1000 + 1];
static value_string_ext type_names_ext = VALUE_STRING_EXT_INIT(type_names);

/* GB/T 28181-2016 annex G: the number behind the ID of u=. */
static const value_string recording_types[] = {
    {0, "all recordings"}, {1, "recorded by hand"}, {2, "recorded on alarm"}, {3, "recorded by schedule"}, {0, NULL},
};

static const true_false_string history_names = {"history (playback, download)", "live"};

/* ---- helpers ---------------------------------------------------------------------------------------------------- */

/* A text for the Info column or for a label: nothing in it ends the line. */
static const char *printable(packet_info *pinfo, const char *text)
{
    char *copy = wmem_strdup(pinfo->pool, text ? text : "");

    hik_text_one_line(copy);
    return copy;
}

static const char *text_of(const struct hik_sip_view *v, packet_info *pinfo, struct hik_view view)
{
    if (view.len == 0)
        return "";
    return printable(pinfo, (const char *)get_utf_8_string(pinfo->pool, v->buf + view.off, (int)view.len));
}

static proto_item *add_text(const struct hik_sip_view *v, proto_tree *tree, int field, struct hik_view view)
{
    return proto_tree_add_item(tree, field, v->tvb, (int)view.off, (int)view.len, ENC_UTF_8);
}

static struct hik_view part(struct hik_view view, uint32_t off, uint32_t len)
{
    struct hik_view result = {view.off + off, len};
    return result;
}

/* A decimal of at most max as a number over its bytes; what is no such number is shown by its text alone. */
static void add_number(const struct hik_sip_view *v, proto_tree *tree, int field, struct hik_view view, uint64_t max)
{
    uint64_t value;

    if (hik_view_uint(v->buf, view, max, &value))
        proto_tree_add_uint(tree, field, v->tvb, (int)view.off, (int)view.len, (uint32_t)value);
}

/* ---- IDs -------------------------------------------------------------------------------------------------------- */

static const char *kind_note(enum hik_id_kind kind)
{
    switch (kind) {
    case HIK_ID_16:
        return "16 digits: the older coding rule";
    case HIK_ID_18:
        return "18 digits: no rule of GB/T 28181, but seen in the field";
    case HIK_ID_REGION:
        return "the number of an administrative division or a SIP domain";
    default:
        return "not 20 digits";
    }
}

static void add_id(const struct hik_sip_view *v, packet_info *pinfo, proto_tree *tree, struct hik_view view, const char *where)
{
    struct hik_gb_id id;
    proto_item *item;
    proto_tree *sub;

    if (view.len == 0)
        return;
    hik_gb_id_parse(v->buf + view.off, view.len, &id);
    if (id.kind == HIK_ID_NONE)
        return;
    item = add_text(v, tree, hf_hik_device_id, view);
    proto_item_append_text(item, " (%s)", where);
    if (id.kind != HIK_ID_20) {
        proto_item_append_text(item, " [%s]", kind_note(id.kind));
        if (id.kind != HIK_ID_REGION)
            expert_add_info_format(pinfo, item, &ei_hik_id_not_20_digits,
                                   "ID has %u digits, GB/T 28181 asks for 20: platforms may refuse it", view.len);
        return;
    }
    sub = proto_item_add_subtree(item, ett_hik_device_id);
    add_text(v, sub, hf_hik_device_id_region, part(view, 0, 8));
    proto_tree_add_uint(sub, hf_hik_device_id_industry, v->tvb, (int)view.off + 8, 2, id.industry);
    proto_tree_add_uint(sub, hf_hik_device_id_type, v->tvb, (int)view.off + 10, 3, id.type);
    proto_tree_add_uint(sub, hf_hik_device_id_network, v->tvb, (int)view.off + 13, 1, id.network);
    add_text(v, sub, hf_hik_device_id_serial, part(view, 14, 6));
    if (id.type >= 111) /* below, the standard names nothing */
        proto_item_append_text(item, ", %s", hik_gb_id_type_name(id.type));
}

static void add_address_id(const struct hik_sip_view *v, packet_info *pinfo, proto_tree *tree, struct hik_view value, const char *where)
{
    struct hik_sip_addr addr;

    if (value.len > 0 && hik_sip_parse_addr(v->buf, value, &addr))
        add_id(v, pinfo, tree, addr.user, where);
}

static void add_header_ids(const struct hik_sip_view *v, packet_info *pinfo, proto_tree *tree)
{
    const struct hik_header *first = v->sip->first;

    if (v->sip->is_request)
        add_address_id(v, pinfo, tree, v->sip->uri, "Request-URI");
    add_address_id(v, pinfo, tree, first[HIK_HDR_FROM].value, "From");
    add_address_id(v, pinfo, tree, first[HIK_HDR_TO].value, "To");
    add_address_id(v, pinfo, tree, first[HIK_HDR_CONTACT].value, "Contact");
}

/* What GB/T 28181-2022 and GB 35114 add to SIP: each header once. */
static void add_headers(const struct hik_sip_view *v, proto_tree *tree)
{
    const struct {
        enum hik_header_id id;
        int field;
    } headers[] = {
        {HIK_HDR_X_GB_VER, hf_hik_gb_version},           {HIK_HDR_X_ROUTE_PATH, hf_hik_route_path},
        {HIK_HDR_X_PREFERRED_PATH, hf_hik_preferred_path}, {HIK_HDR_MONITOR_USER_IDENTITY, hf_hik_monitor_user},
        {HIK_HDR_NOTE, hf_hik_note},                     {HIK_HDR_SECURITY_INFO, hf_hik_security_info},
    };

    for (size_t i = 0; i < array_length(headers); i++)
        if (v->sip->first[headers[i].id].value.len > 0)
            add_text(v, tree, headers[i].field, v->sip->first[headers[i].id].value);
}

static void add_subject(const struct hik_sip_view *v, packet_info *pinfo, proto_tree *tree)
{
    struct hik_view value = v->sip->first[HIK_HDR_SUBJECT].value;
    struct hik_subject subject;
    proto_tree *sub;

    if (value.len == 0)
        return;
    sub = proto_item_add_subtree(add_text(v, tree, hf_hik_subject, value), ett_hik_subject);
    if (!hik_sip_parse_subject(v->buf, value, &subject))
        return;
    if (subject.sender_id.len)
        add_text(v, sub, hf_hik_subject_sender_id, subject.sender_id);
    if (subject.sender_seq.len)
        add_text(v, sub, hf_hik_subject_sender_seq, subject.sender_seq);
    if (subject.receiver_id.len)
        add_text(v, sub, hf_hik_subject_receiver_id, subject.receiver_id);
    if (subject.receiver_seq.len)
        add_text(v, sub, hf_hik_subject_receiver_seq, subject.receiver_seq);
    add_id(v, pinfo, sub, subject.sender_id, "Subject, media sender");
    add_id(v, pinfo, sub, subject.receiver_id, "Subject, media receiver");
}

/* ---- SDP -------------------------------------------------------------------------------------------------------- */

static void add_ssrc(const struct hik_sip_view *v, packet_info *pinfo, proto_tree *tree, struct hik_view value, bool again)
{
    struct hik_ssrc ssrc;
    proto_item *item;
    proto_tree *sub;

    hik_sdp_parse_ssrc(v->buf, value, &ssrc);
    if (ssrc.kind == HIK_SSRC_OVERFLOW || ssrc.kind == HIK_SSRC_NOT_NUMBER) {
        sub = proto_tree_add_subtree_format(tree, v->tvb, (int)value.off, (int)value.len, ett_hik_ssrc, &item,
                                            "SSRC: y=%s", text_of(v, pinfo, value));
    } else {
        item = proto_tree_add_uint(tree, hf_hik_ssrc, v->tvb, (int)ssrc.text.off, (int)ssrc.text.len, ssrc.value);
        sub = proto_item_add_subtree(item, ett_hik_ssrc);
    }
    add_text(v, sub, hf_hik_ssrc_text, ssrc.text);
    if (ssrc.has_parts) {
        /* s= says what the stream is; the first digit says it only where it does not contradict: many write 0 always */
        if (v->sdp->session_name == HIK_S_OTHER || v->sdp->session_name == HIK_S_TALK ||
            ssrc.history == (v->sdp->session_name != HIK_S_PLAY))
            proto_tree_add_boolean(sub, hf_hik_ssrc_history, v->tvb, (int)ssrc.history_digit.off, 1, ssrc.history);
        else
            proto_item_append_text(item, " [its first digit means %s, s= says otherwise]", ssrc.history ? "history" : "live");
        add_text(v, sub, hf_hik_ssrc_domain, ssrc.domain);
        add_text(v, sub, hf_hik_ssrc_serial, ssrc.serial);
    }
    if (again)
        expert_add_info_format(pinfo, item, &ei_hik_ssrc_malformed,
                               "Another y= line: the first one counts here, peers may take this one");
    switch (ssrc.kind) {
    case HIK_SSRC_OK:
        break;
    case HIK_SSRC_SHORT:
    case HIK_SSRC_LONG:
        expert_add_info_format(pinfo, item, &ei_hik_ssrc_malformed,
                               "y= has %u digits instead of ten: Hikvision devices do not answer such an INVITE", ssrc.text.len);
        break;
    case HIK_SSRC_OVERFLOW:
        expert_add_info_format(pinfo, item, &ei_hik_ssrc_malformed,
                               "y= is above 4294967295: no RTP packet can carry this SSRC");
        break;
    case HIK_SSRC_NOT_NUMBER:
        expert_add_info_format(pinfo, item, &ei_hik_ssrc_malformed,
                               ssrc.text.len ? "y= is not a decimal number: the SSRC is unknown"
                                             : "y= is empty: the SSRC is unknown");
        break;
    }
}

static void add_format(const struct hik_sip_view *v, proto_tree *tree, struct hik_view value)
{
    struct hik_format format;
    proto_item *item = add_text(v, tree, hf_hik_format, value);
    proto_tree *sub = proto_item_add_subtree(item, ett_hik_format);
    uint64_t code;

    hik_sdp_parse_format(v->buf, value, &format);
    add_number(v, sub, hf_hik_format_video_codec, format.video_codec, 255);
    if (format.resolution.len) {
        const char *name = NULL;
        proto_item *resolution = add_text(v, sub, hf_hik_format_resolution, format.resolution);
        if (hik_view_uint(v->buf, format.resolution, 255, &code))
            name = hik_format_resolution_name((uint32_t)code);
        if (name)
            proto_item_append_text(resolution, " (%s)", name);
    }
    add_number(v, sub, hf_hik_format_frame_rate, format.frame_rate, 255);
    add_number(v, sub, hf_hik_format_rate_type, format.rate_type, 255);
    add_number(v, sub, hf_hik_format_bit_rate, format.bit_rate, UINT32_MAX);
    add_number(v, sub, hf_hik_format_audio_codec, format.audio_codec, 255);
    add_number(v, sub, hf_hik_format_audio_bit_rate, format.audio_bit_rate, 255);
    add_number(v, sub, hf_hik_format_sample_rate, format.sample_rate, 255);
    if (format.broken)
        proto_item_append_text(item, " [not of the form v/codec/resolution/rate/type/kbps a/codec/bit rate/sample rate]");
}

static void add_attribute(const struct hik_sip_view *v, proto_tree *tree, struct hik_view value)
{
    struct hik_sdp_attribute attribute;

    hik_sdp_parse_attribute(v->buf, value, &attribute);
    if (attribute.id == HIK_ATTR_STREAM_MODE && attribute.value.len > 0) {
        proto_tree *sub = proto_item_add_subtree(add_text(v, tree, hf_hik_stream_mode, attribute.value), ett_hik_stream_mode);
        add_text(v, sub, hf_hik_stream_mode_source, attribute.name);
    } else if (attribute.id == HIK_ATTR_DOWNLOAD_SPEED && attribute.value.len > 0) {
        add_text(v, tree, hf_hik_download_speed, attribute.value);
    } else if (attribute.id == HIK_ATTR_FILE_SIZE) {
        struct hik_view digits = attribute.value;
        uint64_t size;
        bool negative = digits.len > 0 && v->buf[digits.off] == '-';

        if (negative)
            digits = part(digits, 1, digits.len - 1);
        if (hik_view_uint(v->buf, digits, INT64_MAX, &size)) {
            proto_item *item = proto_tree_add_int64(tree, hf_hik_file_size, v->tvb, (int)attribute.value.off,
                                                    (int)attribute.value.len, negative ? -(int64_t)size : (int64_t)size);
            if (negative)
                proto_item_append_text(item, " (unknown)");
        }
    }
}

/* Port 0 refuses one line of several (RFC 3264 clause 6): the others go on. */
static bool has_other_port(const struct hik_sdp *sdp)
{
    for (unsigned i = 0; i < sdp->media_count; i++)
        if (sdp->media[i].media.port_ok && sdp->media[i].media.port != 0)
            return true;
    return false;
}

static void add_media(const struct hik_sip_view *v, packet_info *pinfo, proto_tree *tree, const struct hik_sdp_section *section)
{
    proto_item *item;
    proto_tree *sub = proto_tree_add_subtree_format(
        tree, v->tvb, (int)section->line.off, (int)section->line.len, ett_hik_media, &item, "Media endpoint: %s %s:%s%s%s",
        text_of(v, pinfo, section->media.media),
        section->connection.addr.len ? text_of(v, pinfo, section->connection.addr) : "no address",
        text_of(v, pinfo, section->media.port_text), section->media.tcp ? " over TCP" : "",
        section->direction == HIK_ATTR_RECVONLY   ? ", receives"
        : section->direction == HIK_ATTR_SENDONLY ? ", sends"
                                                  : "");
    uint16_t rtcp_port = section->rtcp_port;

    if (section->connection.addr.len)
        add_text(v, sub, hf_hik_media_addr, section->connection.addr);
    if (!section->media.port_ok)
        return;
    proto_tree_add_uint(sub, hf_hik_media_port, v->tvb, (int)section->media.port_text.off,
                        (int)section->media.port_text.len, section->media.port);
    if (section->media.port == 0) {
        if (section->setup != HIK_SETUP_ACTIVE) /* who connects needs no port of its own */
            expert_add_info(pinfo, item, has_other_port(v->sdp) || v->sip->cut ? &ei_hik_port_zero_one : &ei_hik_port_zero);
        return;
    }
    if (!rtcp_port && !section->rtcp_mux && section->media.port < 65535)
        rtcp_port = (uint16_t)(section->media.port + 1);
    if (rtcp_port)
        proto_item_set_generated(proto_tree_add_uint(sub, hf_hik_media_rtcp_port, v->tvb, (int)section->rtcp_port_text.off,
                                                     (int)section->rtcp_port_text.len, rtcp_port));
}

/* u=<ID>:<kind of recording>, or a URL, whose digits are none of ours. */
static void add_play_uri(const struct hik_sip_view *v, packet_info *pinfo, proto_tree *tree, struct hik_view value)
{
    struct hik_view id, param;

    if (value.len == 0)
        return;
    add_text(v, tree, hf_hik_play_uri, value);
    if (!hik_sdp_parse_play_uri(v->buf, value, &id, &param))
        return;
    add_number(v, tree, hf_hik_play_uri_type, param, 255);
    add_id(v, pinfo, tree, id, "SDP u=");
}

/* t=: what is asked for of a recording, in seconds since 1970, not since 1900 as in RFC 4566; 0 says nothing. */
static void add_recording_time(const struct hik_sip_view *v, proto_tree *tree, int field, struct hik_view text)
{
    nstime_t time = NSTIME_INIT_ZERO;
    uint64_t seconds;

    if (!hik_view_uint(v->buf, text, UINT32_MAX, &seconds) || seconds == 0)
        return;
    time.secs = (time_t)seconds;
    proto_tree_add_time(tree, field, v->tvb, (int)text.off, (int)text.len, &time);
}

static void add_recording(const struct hik_sip_view *v, proto_tree *tree, struct hik_view value)
{
    uint32_t blank = 0;

    while (blank < value.len && v->buf[value.off + blank] != ' ')
        blank++;
    add_recording_time(v, tree, hf_hik_recording_start, part(value, 0, blank));
    if (blank < value.len)
        add_recording_time(v, tree, hf_hik_recording_end, hik_view_trim(v->buf, part(value, blank + 1, value.len - blank - 1)));
}

static void add_origin_ids(const struct hik_sip_view *v, packet_info *pinfo, proto_tree *tree, const struct hik_sdp_line *line)
{
    struct hik_sdp_connection connection;
    struct hik_view id = line->value;

    if (line->type == 'o') {
        if (hik_sdp_parse_origin(v->buf, line->value, &id, &connection))
            add_id(v, pinfo, tree, id, "SDP o=");
        return;
    }
    add_play_uri(v, pinfo, tree, line->value);
}

static void add_sdp(const struct hik_sip_view *v, packet_info *pinfo, proto_tree *tree, proto_item *root, const struct hik_sdp *sdp)
{
    struct hik_sdp_line line;
    uint32_t cursor = 0;
    bool has_y = false; /* of this m= line */

    for (unsigned i = 0; i < sdp->media_count; i++)
        add_media(v, pinfo, tree, &sdp->media[i]);
    while (hik_sdp_next_line(v->buf, sdp->body, &cursor, &line)) {
        switch (line.type) {
        case 'o':
        case 'u':
            add_origin_ids(v, pinfo, tree, &line);
            break;
        case 't':
            add_recording(v, tree, line.value);
            break;
        case 'a':
            add_attribute(v, tree, line.value);
            break;
        case 'm':
            has_y = false;
            break;
        case 'y':
            add_ssrc(v, pinfo, tree, line.value, has_y);
            has_y = true;
            break;
        case 'f':
            add_format(v, tree, line.value);
            break;
        default:
            break;
        }
    }
    if (sdp->broken_lines) {
        proto_tree_add_expert_format(tree, pinfo, &ei_hik_sdp_broken_line, v->tvb, (int)sdp->first_broken.off,
                                     (int)sdp->first_broken.len,
                                     "SDP line \"%s\" is not of the form x=value%s: strict peers drop what follows, y= too",
                                     text_of(v, pinfo, sdp->first_broken), sdp->broken_lines > 1 ? " (and others)" : "");
    } else if (sdp->blank_lines) {
        proto_tree_add_expert_format(tree, pinfo, &ei_hik_sdp_broken_line, v->tvb, (int)sdp->body.off, (int)sdp->body.len,
                                     "Blank line inside the SDP: strict peers stop reading there and lose y=");
    }
    if (!sdp->has_y && !v->sip->cut && sdp->media_count > 0 && v->sip->method == HIK_METHOD_INVITE)
        expert_add_info_format(pinfo, root, &ei_hik_ssrc_missing, "SDP %s has no y= line: the SSRC is not announced",
                               v->sip->is_request ? "offer" : "answer");
}

static void add_error_info(const struct hik_sip_view *v, packet_info *pinfo, proto_tree *tree)
{
    const struct hik_view type = v->sip->first[HIK_HDR_CONTENT_TYPE].value;
    struct hik_error_info error;
    proto_tree *sub;
    char *text;

    if (!hik_error_info_parse(v->buf, v->sip->body, &error))
        return;
    text = hik_text_to_utf8(pinfo->pool, v->buf, error.text);
    sub = proto_tree_add_subtree_format(tree, v->tvb, (int)v->sip->body.off, (int)v->sip->body.len, ett_hik_error, NULL,
                                        "Error of the platform: %s %s%s", text_of(v, pinfo, error.code),
                                        printable(pinfo, text),
                                        type.len >= 15 && g_ascii_strncasecmp((const char *)v->buf + type.off, "application/sdp", 15) == 0
                                            ? " (XML, though typed as SDP)" : "");
    if (error.code.len) {
        proto_item *code = add_text(v, sub, hf_hik_error_code, error.code);
        const char *meaning = hik_error_code_meaning(v->buf, error.code);

        if (meaning) {
            proto_item_append_text(code, " (%s)", meaning);
            proto_item_set_generated(proto_tree_add_string(proto_item_add_subtree(code, ett_hik_error), hf_hik_error_meaning,
                                                           v->tvb, (int)error.code.off, (int)error.code.len, meaning));
        }
    }
    if (text)
        proto_tree_add_string(sub, hf_hik_error_text, v->tvb, (int)error.text.off, (int)error.text.len, text);
}

/* ---- the message ------------------------------------------------------------------------------------------------ */

static void add_content_length(const struct hik_sip_view *v, packet_info *pinfo, proto_item *root)
{
    const struct hik_header *header = &v->sip->first[HIK_HDR_CONTENT_LENGTH];
    int64_t declared = v->sip->content_length;

    if (header->name.len == 0 || !v->sip->blank_line || tvb_captured_length(v->tvb) < tvb_reported_length(v->tvb))
        return;
    if (declared == HIK_LENGTH_BROKEN)
        expert_add_info_format(pinfo, root, &ei_hik_content_length, "Content-Length is not a number");
    else if (declared >= 0 && declared != (int64_t)v->sip->body_present && declared != (int64_t)v->sip->body.len)
        expert_add_info_format(pinfo, root, &ei_hik_content_length,
                               "Content-Length says %" PRId64 " bytes, the body has %u", declared, v->sip->body_present);
}

proto_tree *hik_sip_tree_begin(const struct hik_sip_view *v, proto_tree *tree, proto_item **item)
{
    *item = proto_tree_add_item(tree, proto_hik, v->tvb, 0, -1, ENC_NA);
    return proto_item_add_subtree(*item, ett_hik);
}

void hik_sip_tree_add(const struct hik_sip_view *v, packet_info *pinfo, proto_tree *ours, proto_item *root)
{
    add_subject(v, pinfo, ours);
    add_content_length(v, pinfo, root);
    if (v->sdp)
        add_sdp(v, pinfo, ours, root, v->sdp);
    else if (v->sip->body.len > 0)
        add_error_info(v, pinfo, ours);
    add_header_ids(v, pinfo, ours);
    add_headers(v, ours);
}

void hik_sip_tree_info(const struct hik_sip_view *v, packet_info *pinfo)
{
    const struct hik_sdp *sdp = v->sdp;
    struct hik_error_info error;

    if (v->sip->body.len == 0)
        return;
    if (sdp) {
        if (sdp->media_count && sdp->media[0].media.port_ok)
            col_append_fstr(pinfo->cinfo, COL_INFO, ", %s %s:%u%s", text_of(v, pinfo, sdp->media[0].media.media),
                            text_of(v, pinfo, sdp->media[0].connection.addr), sdp->media[0].media.port,
                            sdp->media[0].media.tcp ? " TCP" : "");
        if (sdp->has_y)
            col_append_fstr(pinfo->cinfo, COL_INFO, ", SSRC %s", text_of(v, pinfo, sdp->y.text));
    } else if (!v->sip->is_request && hik_error_info_parse(v->buf, v->sip->body, &error)) {
        char *text = hik_text_to_utf8(pinfo->pool, v->buf, error.text);
        col_append_fstr(pinfo->cinfo, COL_INFO, ", error %s %s", text_of(v, pinfo, error.code), printable(pinfo, text));
    }
}

/* ---- registration ----------------------------------------------------------------------------------------------- */

static void fill_names(value_string *table, const char *(*name)(uint32_t code))
{
    unsigned used = 0;

    for (uint32_t code = 0; code < CODE_NAMES; code++)
        if (name(code)) {
            table[used].value = code;
            table[used++].strptr = name(code);
        }
    table[used].value = 0;
    table[used].strptr = NULL;
}

static void fill_all_names(void)
{
    fill_names(video_codec_names, hik_format_video_codec_name);
    fill_names(rate_type_names, hik_format_rate_type_name);
    fill_names(audio_codec_names, hik_format_audio_codec_name);
    fill_names(audio_bit_rate_names, hik_format_audio_bit_rate_name);
    fill_names(sample_rate_names, hik_format_sample_rate_name);
    for (unsigned code = 0; code < 100; code++) {
        industry_names[code].value = code;
        industry_names[code].strptr = hik_gb_id_industry_name((uint8_t)code);
    }
    for (unsigned code = 0; code < 10; code++) {
        network_names[code].value = code;
        network_names[code].strptr = hik_gb_id_network_name((uint8_t)code);
    }
    for (unsigned code = 0; code < 1000; code++) {
        type_names[code].value = code;
        type_names[code].strptr = hik_gb_id_type_name((uint16_t)code);
    }
}

void hik_sip_tree_register(int proto)
{
    static hf_register_info fields[] = {
        {&hf_hik_device_id,
         {"Device ID", "hikcascade.device_id", FT_STRING, BASE_NONE, NULL, 0, "GB/T 28181 ID of a device or platform", HFILL}},
        {&hf_hik_device_id_region,
         {"Region", "hikcascade.device_id.region", FT_STRING, BASE_NONE, NULL, 0,
          "Digits 1-8: administrative division (GB/T 2260) and grass-roots unit", HFILL}},
        {&hf_hik_device_id_industry,
         {"Industry", "hikcascade.device_id.industry", FT_UINT8, BASE_DEC, VALS(industry_names), 0, "Digits 9-10", HFILL}},
        {&hf_hik_device_id_type,
         {"Type", "hikcascade.device_id.type", FT_UINT16, BASE_DEC | BASE_EXT_STRING, &type_names_ext, 0, "Digits 11-13", HFILL}},
        {&hf_hik_device_id_network,
         {"Network", "hikcascade.device_id.network", FT_UINT8, BASE_DEC, VALS(network_names), 0, "Digit 14", HFILL}},
        {&hf_hik_device_id_serial,
         {"Serial number", "hikcascade.device_id.serial", FT_STRING, BASE_NONE, NULL, 0, "Digits 15-20", HFILL}},
        {&hf_hik_subject,
         {"Subject", "hikcascade.subject", FT_STRING, BASE_NONE, NULL, 0,
          "Media sender and stream, media receiver and stream", HFILL}},
        {&hf_hik_subject_sender_id,
         {"Media sender ID", "hikcascade.subject.sender_id", FT_STRING, BASE_NONE, NULL, 0, "Camera asked for", HFILL}},
        {&hf_hik_subject_sender_seq,
         {"Sender's stream", "hikcascade.subject.sender_seq", FT_STRING, BASE_NONE, NULL, 0,
          "Stream sequence number of the media sender", HFILL}},
        {&hf_hik_subject_receiver_id,
         {"Media receiver ID", "hikcascade.subject.receiver_id", FT_STRING, BASE_NONE, NULL, 0, "Who asks for the stream", HFILL}},
        {&hf_hik_subject_receiver_seq,
         {"Receiver's stream", "hikcascade.subject.receiver_seq", FT_STRING, BASE_NONE, NULL, 0,
          "Stream sequence number of the media receiver", HFILL}},
        {&hf_hik_stream_mode,
         {"Stream", "hikcascade.stream_mode", FT_STRING, BASE_NONE, NULL, 0, "Main or sub stream, as written", HFILL}},
        {&hf_hik_stream_mode_source,
         {"Attribute", "hikcascade.stream_mode.source", FT_STRING, BASE_NONE, NULL, 0,
          "The SDP attribute that names the stream: streamMode, streamprofile, streamnumber or stream", HFILL}},
        {&hf_hik_file_size,
         {"File size", "hikcascade.file_size", FT_INT64, BASE_DEC, NULL, 0, "Bytes; -1: unknown", HFILL}},
        {&hf_hik_download_speed,
         {"Download speed", "hikcascade.download_speed", FT_STRING, BASE_NONE, NULL, 0, "Times the speed of playing, as written", HFILL}},
        {&hf_hik_recording_start,
         {"Recorded from", "hikcascade.recording.start", FT_ABSOLUTE_TIME, ABSOLUTE_TIME_LOCAL, NULL, 0,
          "t=: beginning of what is asked for of a recording", HFILL}},
        {&hf_hik_recording_end,
         {"Recorded to", "hikcascade.recording.end", FT_ABSOLUTE_TIME, ABSOLUTE_TIME_LOCAL, NULL, 0,
          "t=: end of what is asked for of a recording", HFILL}},
        {&hf_hik_play_uri,
         {"Recording", "hikcascade.play_uri", FT_STRING, BASE_NONE, NULL, 0, "u=: whose recording is asked for, and which kind", HFILL}},
        {&hf_hik_play_uri_type,
         {"Kind of recording", "hikcascade.play_uri.type", FT_UINT8, BASE_DEC, VALS(recording_types), 0, "The number behind the ID", HFILL}},
        {&hf_hik_ssrc,
         {"SSRC", "hikcascade.ssrc", FT_UINT32, BASE_DEC_HEX, NULL, 0, "The RTP SSRC that y= announces", HFILL}},
        {&hf_hik_ssrc_text,
         {"As written", "hikcascade.ssrc.text", FT_STRING, BASE_NONE, NULL, 0, "The value of y=", HFILL}},
        {&hf_hik_ssrc_history,
         {"Stream", "hikcascade.ssrc.history", FT_BOOLEAN, BASE_NONE, TFS(&history_names), 0, "Digit 1 of y=", HFILL}},
        {&hf_hik_ssrc_domain,
         {"Domain", "hikcascade.ssrc.domain", FT_STRING, BASE_NONE, NULL, 0,
          "Digits 2-6 of y=: digits 4-8 of the SIP domain's ID", HFILL}},
        {&hf_hik_ssrc_serial,
         {"Serial number", "hikcascade.ssrc.serial", FT_STRING, BASE_NONE, NULL, 0,
          "Digits 7-10 of y=: number of the stream in its domain", HFILL}},
        {&hf_hik_format,
         {"Format", "hikcascade.format", FT_STRING, BASE_NONE, NULL, 0, "The value of f=: what is asked for, not what comes", HFILL}},
        {&hf_hik_format_video_codec,
         {"Video codec", "hikcascade.format.video_codec", FT_UINT8, BASE_DEC, VALS(video_codec_names), 0, NULL, HFILL}},
        {&hf_hik_format_resolution,
         {"Resolution", "hikcascade.format.resolution", FT_STRING, BASE_NONE, NULL, 0, "A code, or width x height (2022)", HFILL}},
        {&hf_hik_format_frame_rate,
         {"Frame rate", "hikcascade.format.frame_rate", FT_UINT8, BASE_DEC, NULL, 0, "Frames per second", HFILL}},
        {&hf_hik_format_rate_type,
         {"Rate type", "hikcascade.format.rate_type", FT_UINT8, BASE_DEC, VALS(rate_type_names), 0, NULL, HFILL}},
        {&hf_hik_format_bit_rate,
         {"Video bit rate", "hikcascade.format.bit_rate", FT_UINT32, BASE_DEC, NULL, 0, "kbit/s", HFILL}},
        {&hf_hik_format_audio_codec,
         {"Audio codec", "hikcascade.format.audio_codec", FT_UINT8, BASE_DEC, VALS(audio_codec_names), 0, NULL, HFILL}},
        {&hf_hik_format_audio_bit_rate,
         {"Audio bit rate", "hikcascade.format.audio_bit_rate", FT_UINT8, BASE_DEC, VALS(audio_bit_rate_names), 0, NULL, HFILL}},
        {&hf_hik_format_sample_rate,
         {"Sample rate", "hikcascade.format.sample_rate", FT_UINT8, BASE_DEC, VALS(sample_rate_names), 0, NULL, HFILL}},
        {&hf_hik_media_addr,
         {"Address", "hikcascade.media.addr", FT_STRING, BASE_NONE, NULL, 0, "Address of the media endpoint (c=)", HFILL}},
        {&hf_hik_media_port,
         {"RTP port", "hikcascade.media.port", FT_UINT16, BASE_PT_UDP, NULL, 0, "Port of the media endpoint (m=)", HFILL}},
        {&hf_hik_media_rtcp_port,
         {"RTCP port", "hikcascade.media.rtcp_port", FT_UINT16, BASE_PT_UDP, NULL, 0, "RTP port + 1, or a=rtcp:", HFILL}},
        {&hf_hik_error_code,
         {"Error code", "hikcascade.error_code", FT_STRING, BASE_NONE, NULL, 0, "ErrorCode of a failed INVITE", HFILL}},
        {&hf_hik_error_meaning,
         {"Meaning", "hikcascade.error_code.meaning", FT_STRING, BASE_NONE, NULL, 0,
          "What is publicly known of this error code of Hikvision's", HFILL}},
        {&hf_hik_error_text,
         {"Error text", "hikcascade.error_text", FT_STRING, BASE_NONE, NULL, 0, "ErrorDescripe of a failed INVITE", HFILL}},
        {&hf_hik_gb_version,
         {"X-GB-Ver", "hikcascade.gb_version", FT_STRING, BASE_NONE, NULL, 0,
          "Edition of GB/T 28181 that the sender follows: 2.0 is 2016, 3.0 is 2022", HFILL}},
        {&hf_hik_route_path,
         {"X-RoutePath", "hikcascade.route_path", FT_STRING, BASE_NONE, NULL, 0,
          "Platforms that the request has passed (GB/T 28181-2022)", HFILL}},
        {&hf_hik_preferred_path,
         {"X-PreferredPath", "hikcascade.preferred_path", FT_STRING, BASE_NONE, NULL, 0,
          "Platforms that the request should pass (GB/T 28181-2022)", HFILL}},
        {&hf_hik_monitor_user,
         {"Monitor-User-Identity", "hikcascade.monitor_user", FT_STRING, BASE_NONE, NULL, 0,
          "The user who asks, as the upper platform names it", HFILL}},
        {&hf_hik_note,
         {"Note", "hikcascade.note", FT_STRING, BASE_NONE, NULL, 0, "Digest and algorithm that sign the message (GB 35114)", HFILL}},
        {&hf_hik_security_info,
         {"SecurityInfo", "hikcascade.security_info", FT_STRING, BASE_NONE, NULL, 0,
          "Keys and signatures of the authentication (GB 35114)", HFILL}},
    };
    static int *trees[] = {&ett_hik,      &ett_hik_device_id, &ett_hik_subject, &ett_hik_stream_mode,
                           &ett_hik_ssrc, &ett_hik_format,    &ett_hik_media,   &ett_hik_error};
    static ei_register_info experts[] = {
        {&ei_hik_id_not_20_digits,
         {"hikcascade.id_not_20_digits", PI_PROTOCOL, PI_NOTE, "ID does not have 20 digits", EXPFILL}},
        {&ei_hik_ssrc_missing, {"hikcascade.ssrc_missing", PI_PROTOCOL, PI_NOTE, "SDP has no y= line", EXPFILL}},
        {&ei_hik_ssrc_malformed, {"hikcascade.ssrc_malformed", PI_PROTOCOL, PI_WARN, "y= is not ten digits, or not the only one", EXPFILL}},
        {&ei_hik_sdp_broken_line, {"hikcascade.sdp_broken_line", PI_PROTOCOL, PI_WARN, "SDP line is broken", EXPFILL}},
        {&ei_hik_content_length,
         {"hikcascade.content_length", PI_PROTOCOL, PI_NOTE, "Content-Length does not fit the body", EXPFILL}},
        /* whether it matters is told by the verdict */
        {&ei_hik_port_zero,
         {"hikcascade.port_zero", PI_PROTOCOL, PI_NOTE, "Media port is 0: this side refuses the stream", EXPFILL}},
        {&ei_hik_port_zero_one,
         {"hikcascade.port_zero", PI_PROTOCOL, PI_NOTE, "Media port is 0: this side does without this one of the streams",
          EXPFILL}},
    };

    proto_hik = proto;
    fill_all_names();
    proto_register_field_array(proto, fields, array_length(fields));
    proto_register_subtree_array(trees, array_length(trees));
    expert_register_field_array(expert_register_protocol(proto), experts, array_length(experts));
}
