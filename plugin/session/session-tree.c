/* session-tree.c
 * The generated fields, and the conversation filter, that tie a packet to its session: index, camera, frame links, announced SSRC.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "session-tree.h"

#include "catalog.h"
#include "gb-id.h"
#include "parts.h"
#include "stock.h"
#include "subscription.h"

static int proto_hik = -1;
static const header_field_info *protocol; /* the same */
static int ett_hik_media = -1;

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

/* Our fields. They stand here because who asks for them is looked up in them, for each RTP packet. */
enum field {
    SESSION, DIRECTION, CAMERA, CAMERA_NAME, INVITE_IN, ANSWER_IN, ACK_IN, KIND, COPY_OF, BYE_IN, EXPECTED_SSRC, REQUEST_IN, RESPONSE_TIME,
    FIRST_MEDIA_IN, FIELDS
};
static int hf[FIELDS];
static hf_register_info fields[FIELDS] = {
    {&hf[SESSION],
     {"Session", "hikcascade.session", FT_UINT32, BASE_DEC, NULL, 0,
      "Index of the INVITE session, from 0 in order of first INVITE", HFILL}},
    {&hf[DIRECTION],
     {"Direction", "hikcascade.direction", FT_UINT8, BASE_DEC, VALS(direction_names), 0,
      "Which platform sent this message", HFILL}},
    {&hf[CAMERA],
     {"Camera", "hikcascade.camera", FT_STRING, BASE_NONE, NULL, 0, "ID of the camera the session plays", HFILL}},
    {&hf[CAMERA_NAME],
     {"Camera name", "hikcascade.camera_name", FT_STRING, BASE_NONE, NULL, 0,
      "Name of the camera, learned from a Catalog in this capture", HFILL}},
    {&hf[INVITE_IN],
     {"INVITE in frame", "hikcascade.invite_in", FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_REQUEST), 0,
      "The INVITE that began this session", HFILL}},
    {&hf[ANSWER_IN],
     {"200 OK in frame", "hikcascade.answer_in", FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_RESPONSE), 0,
      "The first 200 OK to the INVITE of this session", HFILL}},
    {&hf[ACK_IN],
     {"ACK in frame", "hikcascade.ack_in", FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_ACK), 0,
      "The first ACK of this session", HFILL}},
    {&hf[KIND],
     {"Kind of call", "hikcascade.kind", FT_UINT8, BASE_DEC, VALS(kind_names), 0,
      "By s= of the SDP; where that says nothing, by the media and by y=", HFILL}},
    {&hf[COPY_OF],
     {"Copy of frame", "hikcascade.copy_of", FT_FRAMENUM, BASE_NONE, NULL, 0,
      "The same datagram stands in that frame: same addresses, IP identification and bytes", HFILL}},
    {&hf[BYE_IN],
     {"BYE in frame", "hikcascade.bye_in", FT_FRAMENUM, BASE_NONE, NULL, 0, "The BYE that ended this session", HFILL}},
    {&hf[EXPECTED_SSRC],
     {"Announced SSRC", "hikcascade.expected_ssrc", FT_UINT32, BASE_DEC_HEX, NULL, 0,
      "SSRC that y= of the answer announced, else y= of the offer", HFILL}},
    {&hf[REQUEST_IN],
     {"Request in frame", "hikcascade.request_in", FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_REQUEST), 0,
      "The request this message answers", HFILL}},
    {&hf[RESPONSE_TIME],
     {"Response time", "hikcascade.response_time", FT_RELATIVE_TIME, BASE_NONE, NULL, 0,
      "Time since the request", HFILL}},
    {&hf[FIRST_MEDIA_IN],
     {"First media in frame", "hikcascade.first_media_in", FT_FRAMENUM, BASE_NONE, NULL, 0,
      "The first RTP packet of this session", HFILL}},
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

/* What nobody asks for is left out: where a column asks for a session's number, each RTP packet comes by here, and stock would
 * add to the tree at its top whatever it is given. */
static bool is_asked_for(const proto_tree *tree, enum field field)
{
    return hik_stock_asks_for(tree, &fields[field].hfinfo);
}

static void add_number(tvbuff_t *tvb, proto_tree *tree, enum field field, uint32_t value)
{
    proto_item_set_generated(proto_tree_add_uint(tree, hf[field], tvb, 0, 0, value));
}

static inline void add_uint(tvbuff_t *tvb, proto_tree *tree, enum field field, uint32_t value)
{
    if (is_asked_for(tree, field))
        add_number(tvb, tree, field, value);
}

static void add_string(tvbuff_t *tvb, proto_tree *tree, enum field field, const char *value)
{
    if (value && is_asked_for(tree, field))
        proto_item_set_generated(proto_tree_add_string(tree, hf[field], tvb, 0, 0, value));
}

static inline void add_link(tvbuff_t *tvb, proto_tree *tree, enum field field, uint32_t frame)
{
    if (frame)
        add_uint(tvb, tree, field, frame);
}

static void add_direction(tvbuff_t *tvb, proto_tree *tree, enum hik_direction direction)
{
    if (direction != HIK_DIR_UNKNOWN)
        add_uint(tvb, tree, DIRECTION, direction);
}

/* Adds hikcascade.session, the camera and the frame links to a tree of ours. session may be NULL: adds nothing. Links
 * are those known by now: on the first pass what came before, later all. */
static void add_session(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct hik_session *session)
{
    if (!session)
        return;
    note_session(pinfo, tree, session);
    add_uint(tvb, tree, SESSION, session->index);
    add_string(tvb, tree, CAMERA, session->camera);
    if (session->camera && is_asked_for(tree, CAMERA_NAME))
        add_string(tvb, tree, CAMERA_NAME, hik_catalog_name(session->camera, pinfo->num));
    add_link(tvb, tree, INVITE_IN, session->invite_frame);
    add_link(tvb, tree, ANSWER_IN, session->answer_frame);
    add_link(tvb, tree, ACK_IN, session->ack_frame);
    add_link(tvb, tree, BYE_IN, session->bye_frame);
}

bool hik_session_tree_is_seen(const proto_tree *tree)
{
    return PTREE_DATA(tree)->visible || protocol->ref_type == HF_REF_TYPE_DIRECT;
}

static proto_item *add_root(proto_tree *tree, tvbuff_t *tvb, const struct hik_session *session)
{
    proto_item *root;

    if (!hik_session_tree_is_seen(tree))
        return proto_tree_add_item(tree, proto_hik, tvb, 0, 0, ENC_NA);
    root = proto_tree_add_protocol_format(tree, proto_hik, tvb, 0, 0, "Hikvision cascade (GB/T 28181), session %u", session->index);
    if (session->camera)
        proto_item_append_text(root, ", camera %s", session->camera);
    return root;
}

void hik_session_tree_media_fields(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct hik_session *session)
{
    uint32_t ssrc;

    add_session(tvb, pinfo, tree, session);
    if (is_asked_for(tree, EXPECTED_SSRC) && hik_session_expected_ssrc_at(session, pinfo->num, &ssrc))
        add_uint(tvb, tree, EXPECTED_SSRC, ssrc);
}

proto_tree *hik_session_tree_media_item(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree,
                                        const struct hik_session *session, bool holds_more, proto_item **item)
{
    proto_item *root = holds_more || hik_session_tree_is_seen(tree) ? add_root(tree, tvb, session) : NULL;
    proto_tree *ours = root ? proto_item_add_subtree(root, ett_hik_media) : tree;

    proto_item_set_generated(root);
    hik_session_tree_media_fields(tvb, pinfo, ours, session);
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
    add_uint(tvb, tree, REQUEST_IN, message->request_frame);
    nstime_delta(&delta, &pinfo->abs_ts, &message->request_time);
    proto_item_set_generated(proto_tree_add_time(tree, hf[RESPONSE_TIME], tvb, 0, 0, &delta));
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
        add_uint(tvb, tree, KIND, message->kind);
    hik_subscription_show(pinfo, tvb, tree, item, message);
    add_link(tvb, tree, COPY_OF, message->copy_of);
    if (message->first_copy)
        expert_add_info(pinfo, item, &ei_hik_copy);
    if (message->tied_by_cseq)
        expert_add_info_format(pinfo, item, &ei_hik_answer_tied,
                               "Call-ID, tags and Via branch fit no request: tied to the BYE in frame %u by CSeq and addresses",
                               message->request_frame);
}

void hik_session_tree_first_media(tvbuff_t *tvb, proto_tree *tree, const struct hik_session *session)
{
    add_link(tvb, tree, FIRST_MEDIA_IN, session->first_media_frame);
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
    protocol = proto_registrar_get_nth((unsigned)proto);
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
