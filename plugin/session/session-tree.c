/* session-tree.c
 * The generated fields that tie a packet to its session: index, camera, frame links, announced SSRC.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "session-tree.h"

#include "catalog.h"
#include "filter.h"
#include "parts.h"

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
static int ett_hik_media = -1;

static const value_string direction_names[] = {
    {HIK_DIR_UP, "lower platform to upper platform"},
    {HIK_DIR_DOWN, "upper platform to lower platform"},
    {0, NULL},
};

static void add_link(tvbuff_t *tvb, proto_tree *tree, int field, uint32_t frame)
{
    if (frame)
        proto_item_set_generated(proto_tree_add_uint(tree, field, tvb, 0, 0, frame));
}

void hik_session_tree_direction(tvbuff_t *tvb, proto_tree *tree, enum hik_direction direction)
{
    if (direction != HIK_DIR_UNKNOWN)
        proto_item_set_generated(proto_tree_add_uint(tree, hf_hik_direction, tvb, 0, 0, direction));
}

void hik_session_tree_add(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct hik_session *session)
{
    const char *name;

    if (!session)
        return;
    hik_filter_note(pinfo, session);
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

proto_tree *hik_session_tree_media_item(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree,
                                        const struct hik_session *session, proto_item **item)
{
    proto_item *root = proto_tree_add_protocol_format(tree, proto_hik, tvb, 0, 0, "Hikvision cascade (GB/T 28181), session %u",
                                                      session->index);
    proto_tree *ours = proto_item_add_subtree(root, ett_hik_media);
    uint32_t ssrc;

    proto_item_set_generated(root);
    if (session->camera)
        proto_item_append_text(root, ", camera %s", session->camera);
    hik_session_tree_add(tvb, pinfo, ours, session);
    if (hik_session_expected_ssrc_at(session, pinfo->num, &ssrc))
        proto_item_set_generated(proto_tree_add_uint(ours, hf_hik_expected_ssrc, tvb, 0, 0, ssrc));
    *item = root;
    return ours;
}

void hik_session_tree_media(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct hik_session *session)
{
    proto_item *item;

    hik_session_tree_media_item(tvb, pinfo, tree, session, &item);
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
        {&hf_hik_bye_in,
         {"BYE in frame", "hikcascade.bye_in", FT_FRAMENUM, BASE_NONE, NULL, 0, "The BYE that ended this session", HFILL}},
        {&hf_hik_expected_ssrc,
         {"Announced SSRC", "hikcascade.expected_ssrc", FT_UINT32, BASE_DEC_HEX, NULL, 0,
          "SSRC that y= of the answer announced, else y= of the offer", HFILL}},
    };
    static int *trees[] = {&ett_hik_media};

    proto_hik = proto;
    proto_register_field_array(proto, fields, array_length(fields));
    proto_register_subtree_array(trees, array_length(trees));
}
