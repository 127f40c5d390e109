/* ptz-tree.c
 * Shows a PTZCmd (GB/T 28181-2016 annex A.3) byte by byte, with its checksum.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ptz-tree.h"

#include "ptz.h"

static int hf_hik_mans_ptz = -1;
static int hf_hik_mans_ptz_action = -1;
static int hf_hik_mans_ptz_address = -1;
static int hf_hik_mans_ptz_code = -1;
static int hf_hik_mans_ptz_pan = -1;
static int hf_hik_mans_ptz_pan_speed = -1;
static int hf_hik_mans_ptz_tilt = -1;
static int hf_hik_mans_ptz_tilt_speed = -1;
static int hf_hik_mans_ptz_zoom = -1;
static int hf_hik_mans_ptz_zoom_speed = -1;
static int hf_hik_mans_ptz_focus = -1;
static int hf_hik_mans_ptz_focus_speed = -1;
static int hf_hik_mans_ptz_iris = -1;
static int hf_hik_mans_ptz_iris_speed = -1;
static int hf_hik_mans_ptz_preset = -1;
static int hf_hik_mans_ptz_group = -1;
static int hf_hik_mans_ptz_value = -1;
static int hf_hik_mans_ptz_scan = -1;
static int hf_hik_mans_ptz_auxiliary = -1;
static int hf_hik_mans_ptz_checksum = -1;
static int hf_hik_mans_ptz_checksum_status = -1;

static int ett_hik_mans_ptz = -1;

static expert_field ei_hik_mans_ptz_broken = EI_INIT;
static expert_field ei_hik_mans_ptz_checksum = EI_INIT;
static expert_field ei_hik_mans_ptz_contradiction = EI_INIT;

/* proto_checksum_vals, which a plugin for Windows cannot name in an initializer: it is imported from a DLL. */
static const value_string checksum_status_names[] = {
    { PROTO_CHECKSUM_E_BAD, "Bad" },
    { PROTO_CHECKSUM_E_GOOD, "Good" },
    { PROTO_CHECKSUM_E_UNVERIFIED, "Unverified" },
    { PROTO_CHECKSUM_E_NOT_PRESENT, "Not present" },
    { PROTO_CHECKSUM_E_ILLEGAL, "Illegal" },
    { 0, NULL }
};

static const value_string pan_names[] = { { HIK_PTZ_PAN_NONE, "None" }, { HIK_PTZ_PAN_RIGHT, "Right" },
                                          { HIK_PTZ_PAN_LEFT, "Left" }, { 0, NULL } };
static const value_string tilt_names[] = { { HIK_PTZ_TILT_NONE, "None" }, { HIK_PTZ_TILT_DOWN, "Down" },
                                           { HIK_PTZ_TILT_UP, "Up" }, { 0, NULL } };
static const value_string zoom_names[] = { { HIK_PTZ_ZOOM_NONE, "None" }, { HIK_PTZ_ZOOM_IN, "In" },
                                           { HIK_PTZ_ZOOM_OUT, "Out" }, { 0, NULL } };
static const value_string focus_names[] = { { HIK_PTZ_FOCUS_NONE, "None" }, { HIK_PTZ_FOCUS_FAR, "Far" },
                                            { HIK_PTZ_FOCUS_NEAR, "Near" }, { 0, NULL } };
static const value_string iris_names[] = { { HIK_PTZ_IRIS_NONE, "None" }, { HIK_PTZ_IRIS_OPEN, "Open" },
                                           { HIK_PTZ_IRIS_CLOSE, "Close" }, { 0, NULL } };
static const value_string scan_names[] = { { 0, "Start" }, { 1, "Set left border" }, { 2, "Set right border" },
                                           { 0, NULL } };

void hik_ptz_tree_add(packet_info *pinfo, tvbuff_t *tvb, proto_tree *parent, const uint8_t *buf, struct hik_xml_piece value,
                      const char *text)
{
    struct hik_ptz ptz;
    proto_item *item, *checksum;
    proto_tree *tree;
    char action[96];
    int at[8];
    unsigned i;

    item = proto_tree_add_string(parent, hf_hik_mans_ptz, tvb, (int)value.off, (int)value.len, text);
    if (!hik_ptz_parse(buf + value.off, value.len, &ptz)) {
        expert_add_info(pinfo, item, &ei_hik_mans_ptz_broken);
        return;
    }
    tree = proto_item_add_subtree(item, ett_hik_mans_ptz);
    for (i = 0; i < 8; i++)
        at[i] = (int)value.off + ptz.pos[i];
    hik_ptz_describe(&ptz, action, sizeof action);
    proto_item_append_text(item, " (%s)", action);
    proto_item_set_generated(
        proto_tree_add_string(tree, hf_hik_mans_ptz_action, tvb, (int)value.off, (int)value.len, action));
    proto_tree_add_uint(tree, hf_hik_mans_ptz_address, tvb, at[2], 2, ptz.address);
    proto_tree_add_uint_format_value(tree, hf_hik_mans_ptz_code, tvb, at[3], 2, ptz.code, "0x%02x (%s)", ptz.code,
                                     hik_ptz_code_name(ptz.code) ? hik_ptz_code_name(ptz.code) : "Unknown");
    switch (ptz.kind) {
    case HIK_PTZ_MOVE:
        proto_tree_add_uint(tree, hf_hik_mans_ptz_pan, tvb, at[3], 2, ptz.pan);
        proto_tree_add_uint(tree, hf_hik_mans_ptz_pan_speed, tvb, at[4], 2, ptz.pan_speed);
        proto_tree_add_uint(tree, hf_hik_mans_ptz_tilt, tvb, at[3], 2, ptz.tilt);
        proto_tree_add_uint(tree, hf_hik_mans_ptz_tilt_speed, tvb, at[5], 2, ptz.tilt_speed);
        proto_tree_add_uint(tree, hf_hik_mans_ptz_zoom, tvb, at[3], 2, ptz.zoom);
        proto_tree_add_uint(tree, hf_hik_mans_ptz_zoom_speed, tvb, at[6], 1, ptz.zoom_speed);
        break;
    case HIK_PTZ_LENS:
        proto_tree_add_uint(tree, hf_hik_mans_ptz_focus, tvb, at[3], 2, ptz.focus);
        proto_tree_add_uint(tree, hf_hik_mans_ptz_focus_speed, tvb, at[4], 2, ptz.focus_speed);
        proto_tree_add_uint(tree, hf_hik_mans_ptz_iris, tvb, at[3], 2, ptz.iris);
        proto_tree_add_uint(tree, hf_hik_mans_ptz_iris_speed, tvb, at[5], 2, ptz.iris_speed);
        break;
    case HIK_PTZ_PRESET:
        proto_tree_add_uint(tree, hf_hik_mans_ptz_preset, tvb, at[5], 2, ptz.preset);
        break;
    case HIK_PTZ_CRUISE:
        proto_tree_add_uint(tree, hf_hik_mans_ptz_group, tvb, at[4], 2, ptz.group);
        if (ptz.code == 0x84 || ptz.code == 0x85)
            proto_tree_add_uint(tree, hf_hik_mans_ptz_preset, tvb, at[5], 2, ptz.preset);
        else if (ptz.code != 0x88)
            proto_tree_add_uint(tree, hf_hik_mans_ptz_value, tvb, at[5], at[6] + 1 - at[5], ptz.value);
        break;
    case HIK_PTZ_SCAN:
        proto_tree_add_uint(tree, hf_hik_mans_ptz_group, tvb, at[4], 2, ptz.group);
        if (ptz.code == 0x89)
            proto_tree_add_uint(tree, hf_hik_mans_ptz_scan, tvb, at[5], 2, ptz.scan);
        else
            proto_tree_add_uint(tree, hf_hik_mans_ptz_value, tvb, at[5], at[6] + 1 - at[5], ptz.value);
        break;
    case HIK_PTZ_AUXILIARY:
        proto_tree_add_uint(tree, hf_hik_mans_ptz_auxiliary, tvb, at[4], 2, ptz.auxiliary);
        break;
    case HIK_PTZ_UNKNOWN:
    default:
        break;
    }
    if (ptz.contradiction)
        expert_add_info(pinfo, item, &ei_hik_mans_ptz_contradiction);
    if (!ptz.start_ok || !ptz.combination_ok)
        expert_add_info_format(pinfo, item, &ei_hik_mans_ptz_broken,
                               "PTZCmd does not begin with A50F but with %02X%02X", ptz.bytes[0], ptz.bytes[1]);
    checksum = proto_tree_add_uint(tree, hf_hik_mans_ptz_checksum, tvb, at[7], 2, ptz.bytes[7]);
    proto_item_set_generated(proto_tree_add_uint(tree, hf_hik_mans_ptz_checksum_status, tvb, at[7], 0,
                                                 ptz.checksum_ok ? PROTO_CHECKSUM_E_GOOD : PROTO_CHECKSUM_E_BAD));
    if (ptz.checksum_ok)
        proto_item_append_text(checksum, " [correct]");
    else
        expert_add_info_format(pinfo, checksum, &ei_hik_mans_ptz_checksum,
                               "PTZCmd's checksum is %02X, the other bytes add up to %02X", ptz.bytes[7],
                               ptz.checksum);
}

void hik_ptz_tree_register(int proto)
{
    static hf_register_info fields[] = {
        { &hf_hik_mans_ptz, { "PTZ command", "manscdp.ptz_cmd", FT_STRING, BASE_NONE, NULL, 0, NULL, HFILL } },
        { &hf_hik_mans_ptz_action, { "Action", "manscdp.ptz_cmd.action", FT_STRING, BASE_NONE, NULL, 0, NULL, HFILL } },
        { &hf_hik_mans_ptz_address, { "Address", "manscdp.ptz_cmd.address", FT_UINT16, BASE_DEC, NULL, 0, "12 bits: byte 3 "
          "and the low half of byte 7", HFILL } },
        { &hf_hik_mans_ptz_code, { "Instruction", "manscdp.ptz_cmd.code", FT_UINT8, BASE_HEX, NULL, 0, NULL, HFILL } },
        { &hf_hik_mans_ptz_pan, { "Pan", "manscdp.ptz_cmd.pan", FT_UINT8, BASE_DEC, VALS(pan_names), 0, NULL, HFILL } },
        { &hf_hik_mans_ptz_pan_speed, { "Pan speed", "manscdp.ptz_cmd.pan_speed", FT_UINT8, BASE_DEC, NULL, 0, NULL,
          HFILL } },
        { &hf_hik_mans_ptz_tilt, { "Tilt", "manscdp.ptz_cmd.tilt", FT_UINT8, BASE_DEC, VALS(tilt_names), 0, NULL, HFILL } },
        { &hf_hik_mans_ptz_tilt_speed, { "Tilt speed", "manscdp.ptz_cmd.tilt_speed", FT_UINT8, BASE_DEC, NULL, 0, NULL,
          HFILL } },
        { &hf_hik_mans_ptz_zoom, { "Zoom", "manscdp.ptz_cmd.zoom", FT_UINT8, BASE_DEC, VALS(zoom_names), 0, NULL, HFILL } },
        { &hf_hik_mans_ptz_zoom_speed, { "Zoom speed", "manscdp.ptz_cmd.zoom_speed", FT_UINT8, BASE_DEC, NULL, 0, NULL,
          HFILL } },
        { &hf_hik_mans_ptz_focus, { "Focus", "manscdp.ptz_cmd.focus", FT_UINT8, BASE_DEC, VALS(focus_names), 0, NULL,
          HFILL } },
        { &hf_hik_mans_ptz_focus_speed, { "Focus speed", "manscdp.ptz_cmd.focus_speed", FT_UINT8, BASE_DEC, NULL, 0, NULL,
          HFILL } },
        { &hf_hik_mans_ptz_iris, { "Iris", "manscdp.ptz_cmd.iris", FT_UINT8, BASE_DEC, VALS(iris_names), 0, NULL, HFILL } },
        { &hf_hik_mans_ptz_iris_speed, { "Iris speed", "manscdp.ptz_cmd.iris_speed", FT_UINT8, BASE_DEC, NULL, 0, NULL,
          HFILL } },
        { &hf_hik_mans_ptz_preset, { "Preset", "manscdp.ptz_cmd.preset", FT_UINT8, BASE_DEC, NULL, 0, NULL, HFILL } },
        { &hf_hik_mans_ptz_group, { "Group", "manscdp.ptz_cmd.group", FT_UINT8, BASE_DEC, NULL, 0, "Number of the cruise or "
          "scan", HFILL } },
        { &hf_hik_mans_ptz_value, { "Speed or time", "manscdp.ptz_cmd.value", FT_UINT16, BASE_DEC, NULL, 0, "Speed of a cruise "
          "or scan, seconds a cruise stays at a point", HFILL } },
        { &hf_hik_mans_ptz_scan, { "Scan", "manscdp.ptz_cmd.scan", FT_UINT8, BASE_DEC, VALS(scan_names), 0, NULL, HFILL } },
        { &hf_hik_mans_ptz_auxiliary, { "Switch", "manscdp.ptz_cmd.auxiliary", FT_UINT8, BASE_DEC, NULL, 0, "1 is the wiper",
          HFILL } },
        { &hf_hik_mans_ptz_checksum, { "Checksum", "manscdp.ptz_cmd.checksum", FT_UINT8, BASE_HEX, NULL, 0, NULL, HFILL } },
        { &hf_hik_mans_ptz_checksum_status, { "Checksum status", "manscdp.ptz_cmd.checksum.status", FT_UINT8, BASE_NONE,
          VALS(checksum_status_names), 0, NULL, HFILL } },
    };
    static int *trees[] = {&ett_hik_mans_ptz};
    static ei_register_info experts[] = {
        { &ei_hik_mans_ptz_broken, { "manscdp.ptz_cmd.broken", PI_PROTOCOL, PI_WARN, "PTZCmd is not 16 hex digits", EXPFILL } },
        { &ei_hik_mans_ptz_checksum, { "manscdp.ptz_cmd.checksum.bad", PI_CHECKSUM, PI_WARN, "PTZCmd's checksum is wrong",
          EXPFILL } },
        { &ei_hik_mans_ptz_contradiction, { "manscdp.ptz_cmd.contradiction", PI_PROTOCOL, PI_WARN,
          "PTZCmd asks for two opposite directions at once", EXPFILL } },
    };

    proto_register_field_array(proto, fields, array_length(fields));
    proto_register_subtree_array(trees, array_length(trees));
    expert_register_field_array(expert_register_protocol(proto), experts, array_length(experts));
}
