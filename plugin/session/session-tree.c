/* session-tree.c
 * The generated fields, and the conversation filter, that tie a packet to its session: index, camera, frame links, announced SSRC.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "session-tree.h"

#include "catalog.h"
#include "gb-id.h"
#include "parts.h"
#include "subscription.h"

static int proto_hik = -1;
static int hf_hik_session = -1;
static int hf_hik_direction = -1;
static int hf_hik_camera = -1;
static int hf_hik_camera_name = -1;
static int hf_hik_invite_in = -1;
static int hf_hik_answer_in = -1;
static int hf_hik_ack_in = -1;
static int hf_hik_bye_in = -1;
static int hf_hik_expected_ssrc = -1;
static int hf_hik_request_in = -1;
static int hf_hik_response_time = -1;
static int hf_hik_first_media_in = -1;
static int ett_hik_media = -1;

static int hf_hik_kind = -1;
static int hf_hik_copy_of = -1;
static expert_field ei_hik_copy = EI_INIT;
static expert_field ei_hik_answer_tied = EI_INIT;

static const value_string kind_names[] = {
    {HIK_KIND_PLAY, "live"}, {HIK_KIND_PLAYBACK, "playback"}, {HIK_KIND_DOWNLOAD, "download"}, {HIK_KIND_TALK, "talk"},
    {HIK_KIND_BROADCAST, "broadcast"}, {0, NULL},
};

static const value_string direction_names[] = {
    {HIK_DIR_UP, "lower platform to upper platform"},
    {HIK_DIR_DOWN, "upper platform to lower platform"},
    {0, NULL},
};

/* ---- the conversation filter: the whole session of the selected packet ---------------------------------------------- */

/* Key of the packet-scope record under the hikcascade protocol. */
enum { KEY_FILTER = 48 };

/* The packet being dissected, with a tree, belongs to this session. The first one of a frame counts. Only a packet whose tree is
 * shown is asked for its filter. */
static void note_session(packet_info *pinfo, const proto_tree *tree, const struct hik_session *session)
{
    if (tree && PTREE_DATA(tree)->visible && !p_get_proto_data(pinfo->pool, pinfo, proto_hik, KEY_FILTER))
        p_add_proto_data(pinfo->pool, pinfo, proto_hik, KEY_FILTER, GUINT_TO_POINTER(session->index + 1));
}

#if WS_AT_LEAST(4, 2)
static ws_bool has_session(packet_info *pinfo, void *user_data _U_)
#else
static ws_bool has_session(packet_info *pinfo)
#endif
{
    return p_get_proto_data(pinfo->pool, pinfo, proto_hik, KEY_FILTER) != NULL;
}

#if WS_AT_LEAST(4, 2)
static char *session_filter(packet_info *pinfo, void *user_data _U_)
#else
static char *session_filter(packet_info *pinfo)
#endif
{
    unsigned number = GPOINTER_TO_UINT(p_get_proto_data(pinfo->pool, pinfo, proto_hik, KEY_FILTER));

    return number ? g_strdup_printf("hikcascade.session == %u", number - 1) : NULL;
}

/* ---- the fields ------------------------------------------------------------------------------------------------------ */

/* What nobody asks for is left out: where a column asks for a session's number, each RTP packet comes by here. */
static void add_link(tvbuff_t *tvb, proto_tree *tree, int field, uint32_t frame)
{
    if (frame && proto_field_is_referenced(tree, field))
        proto_item_set_generated(proto_tree_add_uint(tree, field, tvb, 0, 0, frame));
}

static void add_direction(tvbuff_t *tvb, proto_tree *tree, enum hik_direction direction)
{
    if (direction != HIK_DIR_UNKNOWN)
        proto_item_set_generated(proto_tree_add_uint(tree, hf_hik_direction, tvb, 0, 0, direction));
}

/* Adds hikcascade.session, the camera and the frame links to a tree of ours. session may be NULL: adds nothing. Links
 * are those known by now: on the first pass what came before, later all. */
static void add_session(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct hik_session *session)
{
    const char *name;

    if (!session)
        return;
    note_session(pinfo, tree, session);
    proto_item_set_generated(proto_tree_add_uint(tree, hf_hik_session, tvb, 0, 0, session->index));
    if (session->camera) {
        proto_item_set_generated(proto_tree_add_string(tree, hf_hik_camera, tvb, 0, 0, session->camera));
        name = hik_catalog_name(session->camera, pinfo->num);
        if (name)
            proto_item_set_generated(proto_tree_add_string(tree, hf_hik_camera_name, tvb, 0, 0, name));
    }
    add_link(tvb, tree, hf_hik_invite_in, session->invite_frame);
    add_link(tvb, tree, hf_hik_answer_in, session->answer_frame);
    add_link(tvb, tree, hf_hik_ack_in, session->ack_frame);
    add_link(tvb, tree, hf_hik_bye_in, session->bye_frame);
}

/* Does somebody see our item, or ask for it by name? It costs as much as two of its fields: where a column or a filter asks for
 * those alone, they do without. */
static bool is_root_seen(const proto_tree *tree)
{
    return PTREE_DATA(tree)->visible || proto_registrar_get_nth(proto_hik)->ref_type == HF_REF_TYPE_DIRECT;
}

static proto_item *add_root(proto_tree *tree, tvbuff_t *tvb, const struct hik_session *session)
{
    proto_item *root;

    if (!is_root_seen(tree))
        return proto_tree_add_item(tree, proto_hik, tvb, 0, 0, ENC_NA);
    root = proto_tree_add_protocol_format(tree, proto_hik, tvb, 0, 0, "Hikvision cascade (GB/T 28181), session %u", session->index);
    if (session->camera)
        proto_item_append_text(root, ", camera %s", session->camera);
    return root;
}

proto_tree *hik_session_tree_media_item(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree,
                                        const struct hik_session *session, bool holds_more, proto_item **item)
{
    proto_item *root = holds_more || is_root_seen(tree) ? add_root(tree, tvb, session) : NULL;
    proto_tree *ours = root ? proto_item_add_subtree(root, ett_hik_media) : tree;
    uint32_t ssrc;

    proto_item_set_generated(root);
    add_session(tvb, pinfo, ours, session);
    if (proto_field_is_referenced(tree, hf_hik_expected_ssrc) && hik_session_expected_ssrc_at(session, pinfo->num, &ssrc))
        proto_item_set_generated(proto_tree_add_uint(ours, hf_hik_expected_ssrc, tvb, 0, 0, ssrc));
    *item = root;
    return ours;
}

void hik_session_tree_media(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct hik_session *session)
{
    proto_item *item;

    if (tree)
        hik_session_tree_media_item(tvb, pinfo, tree, session, false, &item);
}

static void add_transaction(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct hik_message *message)
{
    nstime_t delta;

    if (!message->request_frame)
        return;
    proto_item_set_generated(proto_tree_add_uint(tree, hf_hik_request_in, tvb, 0, 0, message->request_frame));
    nstime_delta(&delta, &pinfo->abs_ts, &message->request_time);
    proto_item_set_generated(proto_tree_add_time(tree, hf_hik_response_time, tvb, 0, 0, &delta));
}

void hik_session_tree_message(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, proto_item *item,
                              const struct hik_message *message)
{
    if (message->session) {
        proto_item_append_text(item, ", session %u", message->session->index);
        if (message->session->camera)
            proto_item_append_text(item, ", camera %s", message->session->camera);
    }
    add_session(tvb, pinfo, tree, message->session);
    add_direction(tvb, tree, message->direction);
    add_transaction(tvb, pinfo, tree, message);
    if (message->kind != HIK_KIND_UNKNOWN)
        proto_item_set_generated(proto_tree_add_uint(tree, hf_hik_kind, tvb, 0, 0, message->kind));
    hik_subscription_show(pinfo, tvb, tree, item, message);
    add_link(tvb, tree, hf_hik_copy_of, message->copy_of);
    if (message->first_copy)
        expert_add_info(pinfo, item, &ei_hik_copy);
    if (message->tied_by_cseq)
        expert_add_info_format(pinfo, item, &ei_hik_answer_tied,
                               "Call-ID, tags and Via branch fit no request: tied to the BYE in frame %u by CSeq and addresses",
                               message->request_frame);
}

void hik_session_tree_first_media(tvbuff_t *tvb, proto_tree *tree, const struct hik_session *session)
{
    add_link(tvb, tree, hf_hik_first_media_in, session->first_media_frame);
}

/* The device a message outside any session is about: whoever registers, is asked or reports. */
static struct hik_view message_device(const uint8_t *buf, const struct hik_sip *sip, const struct hik_message *message)
{
    struct hik_sip_addr addr;
    struct hik_gb_id id;
    enum hik_header_id where = message->method == HIK_METHOD_SUBSCRIBE || message->direction == HIK_DIR_UNKNOWN ||
                                       (message->is_request && message->direction == HIK_DIR_DOWN)
                                   ? HIK_HDR_TO
                                   : HIK_HDR_FROM;

    if (hik_sip_parse_addr(buf, sip->first[where].value, &addr)) {
        hik_gb_id_parse(buf + addr.user.off, addr.user.len, &id);
        if (id.kind != HIK_ID_NONE)
            return addr.user;
    }
    return (struct hik_view){0, 0};
}

void hik_session_tree_info_head(packet_info *pinfo, const uint8_t *buf, const struct hik_sip *sip, const struct hik_message *message,
                                const char *words)
{
    char *label;

    if (!sip->is_request)
        label = wmem_strdup_printf(pinfo->pool, sip->status < 200 ? "%u %.*s" : "%u %.*s (%s)", sip->status, (int)sip->reason.len,
                                   (const char *)buf + sip->reason.off, hik_sip_method_name(sip->method));
    else if (sip->method == HIK_METHOD_MESSAGE && words)
        label = wmem_strdup(pinfo->pool, ""); /* what it carries says it all */
    else
        label = wmem_strndup(pinfo->pool, (const char *)buf + sip->method_text.off, sip->method_text.len);
    label = (char *)get_utf_8_string(pinfo->pool, (const uint8_t *)label, (int)strlen(label));
    hik_text_one_line(label);
    col_append_str(pinfo->cinfo, COL_INFO, label);
    if (sip->is_request && sip->method == HIK_METHOD_INVITE && message->kind != HIK_KIND_UNKNOWN)
        col_append_fstr(pinfo->cinfo, COL_INFO, " %s", val_to_str_const(message->kind, kind_names, ""));
    if (words)
        col_append_fstr(pinfo->cinfo, COL_INFO, "%s%s", label[0] ? " " : "", words);
}

void hik_session_tree_info_tail(packet_info *pinfo, const uint8_t *buf, const struct hik_sip *sip, const struct hik_message *message)
{
    const struct hik_session *session = message->session;
    struct hik_view device;
    char *text;

    if (message->subscribed)
        col_append_fstr(pinfo->cinfo, COL_INFO, ", %s", hik_subscription_words(pinfo, message));
    if (session) {
        col_append_fstr(pinfo->cinfo, COL_INFO, ", session %u", session->index);
        if (session->camera)
            col_append_fstr(pinfo->cinfo, COL_INFO, ", camera %s", session->camera);
        return;
    }
    device = message_device(buf, sip, message);
    if (device.len == 0)
        return;
    text = hik_view_string(pinfo->pool, buf, device);
    hik_text_one_line(text);
    col_append_fstr(pinfo->cinfo, COL_INFO, ", %s", text);
}

void hik_session_tree_register(int proto)
{
    static hf_register_info fields[] = {
        {&hf_hik_session,
         {"Session", "hikcascade.session", FT_UINT32, BASE_DEC, NULL, 0,
          "Index of the INVITE session, from 0 in order of first INVITE", HFILL}},
        {&hf_hik_direction,
         {"Direction", "hikcascade.direction", FT_UINT8, BASE_DEC, VALS(direction_names), 0,
          "Which platform sent this message", HFILL}},
        {&hf_hik_camera,
         {"Camera", "hikcascade.camera", FT_STRING, BASE_NONE, NULL, 0, "ID of the camera the session plays", HFILL}},
        {&hf_hik_camera_name,
         {"Camera name", "hikcascade.camera_name", FT_STRING, BASE_NONE, NULL, 0,
          "Name of the camera, learned from a Catalog in this capture", HFILL}},
        {&hf_hik_invite_in,
         {"INVITE in frame", "hikcascade.invite_in", FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_REQUEST), 0,
          "The INVITE that began this session", HFILL}},
        {&hf_hik_answer_in,
         {"200 OK in frame", "hikcascade.answer_in", FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_RESPONSE), 0,
          "The first 200 OK to the INVITE of this session", HFILL}},
        {&hf_hik_ack_in,
         {"ACK in frame", "hikcascade.ack_in", FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_ACK), 0,
          "The first ACK of this session", HFILL}},
        {&hf_hik_kind,
         {"Kind of call", "hikcascade.kind", FT_UINT8, BASE_DEC, VALS(kind_names), 0,
          "By s= of the SDP; where that says nothing, by the media and by y=", HFILL}},
        {&hf_hik_copy_of,
         {"Copy of frame", "hikcascade.copy_of", FT_FRAMENUM, BASE_NONE, NULL, 0,
          "The same datagram stands in that frame: same addresses, IP identification and bytes", HFILL}},
        {&hf_hik_bye_in,
         {"BYE in frame", "hikcascade.bye_in", FT_FRAMENUM, BASE_NONE, NULL, 0, "The BYE that ended this session", HFILL}},
        {&hf_hik_expected_ssrc,
         {"Announced SSRC", "hikcascade.expected_ssrc", FT_UINT32, BASE_DEC_HEX, NULL, 0,
          "SSRC that y= of the answer announced, else y= of the offer", HFILL}},
        {&hf_hik_request_in,
         {"Request in frame", "hikcascade.request_in", FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_REQUEST), 0,
          "The request this message answers", HFILL}},
        {&hf_hik_response_time,
         {"Response time", "hikcascade.response_time", FT_RELATIVE_TIME, BASE_NONE, NULL, 0,
          "Time since the request", HFILL}},
        {&hf_hik_first_media_in,
         {"First media in frame", "hikcascade.first_media_in", FT_FRAMENUM, BASE_NONE, NULL, 0,
          "The first RTP packet of this session", HFILL}},
    };
    static int *trees[] = {&ett_hik_media};
    static ei_register_info experts[] = {
        {&ei_hik_copy,
         {"hikcascade.copy", PI_SEQUENCE, PI_NOTE,
          "The capture holds datagrams more than once (mirror port, several interfaces): copies are shown and not counted",
          EXPFILL}},
        {&ei_hik_answer_tied,
         {"hikcascade.answer_tied_by_cseq", PI_SEQUENCE, PI_NOTE, "Answer fits its request only by CSeq and addresses", EXPFILL}},
    };

    proto_hik = proto;
    proto_register_field_array(proto, fields, array_length(fields));
    proto_register_subtree_array(trees, array_length(trees));
    expert_register_field_array(expert_register_protocol(proto), experts, array_length(experts));
    hik_subscription_register(proto);
#if WS_AT_LEAST(4, 2)
    register_conversation_filter("hikcascade", "Hikvision cascade", has_session, session_filter, NULL);
#else
    register_conversation_filter("hikcascade", "Hikvision cascade", has_session, session_filter);
#endif
}
