/* packet-manscdp.c
 * MANSCDP: the XML that GB/T 28181 platforms and devices exchange in SIP bodies (2016 annex A, 2022 annex A): queries,
 * control, notifications, answers. Registered by media type, so it works on any port.
 *
 * Longer than 700 lines: the registration of its many fields is a third of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ws-compat.h"

#include <epan/exceptions.h>
#include <epan/prefs.h>

#include "exchange.h"
#include "parts.h"
#include "ptz-tree.h"
#include "session.h"
#include "stock.h"
#include "current-message.h"

/* Tree items of one body: below half of what Wireshark allows for the whole packet, so that a hostile body ends in a line
 * of ours and not in an exception. */
#define MOST_ITEMS 400000
/* The stock XML view has no bounds of its own. */
#define XML_MOST_BYTES (1024 * 1024)
#define XML_MOST_ELEMENTS 20000
#define XML_MOST_DEPTH 32
#define XML_SHORT_ELEMENTS 40
/* What makes it call the packet malformed, which our own view has already said in kinder words. */
#define XML_NOT_WITH_FAULTS (HIK_XML_FAULT_STRAY_END | HIK_XML_FAULT_CUT | HIK_XML_FAULT_LESS_THAN)

static int proto_manscdp = -1;
static int proto_xml = -1;

static int hf_hik_mans_root = -1;
static int hf_hik_mans_cmd_type = -1;
static int hf_hik_mans_sn = -1;
static int hf_hik_mans_sn_text = -1;
static int hf_hik_mans_alarm_priority = -1;
static int hf_hik_mans_alarm_method = -1;
static int hf_hik_mans_alarm_type = -1;
static int hf_hik_mans_device_id = -1;
static int hf_hik_mans_result = -1;
static int hf_hik_mans_sum_num = -1;
static int hf_hik_mans_num = -1;
static int hf_hik_mans_item_device_id = -1;
static int hf_hik_mans_item_name = -1;
static int hf_hik_mans_item_status = -1;
static int hf_hik_mans_item_parent_id = -1;
static int hf_hik_mans_notify_type = -1;
static int hf_hik_mans_encoding = -1;
static int hf_hik_mans_element = -1;
static int hf_hik_mans_other = -1;
static int hf_hik_mans_padding = -1;
static int hf_hik_mans_not_shown = -1;
static int hf_hik_mans_received = -1;
static int hf_hik_mans_request_in = -1;
static int hf_hik_mans_response_in = -1;
static int hf_hik_mans_response_time = -1;
static int hf_hik_mans_subscribe_in = -1;
static int hf_hik_mans_notify_in = -1;

static int ett_hik_mans = -1;
static int ett_hik_mans_declaration = -1;
static int ett_hik_mans_element = -1;

static expert_field ei_hik_mans_malformed = EI_INIT;
static expert_field ei_hik_mans_charset_mismatch = EI_INIT;
static expert_field ei_hik_mans_failed = EI_INIT;
static expert_field ei_hik_mans_sum_mismatch = EI_INIT;

/* Preference: when to show the stock XML view too. It costs as much as all the rest, so where stock shows none for this
 * media type, long lists go without. */
enum { XML_NEVER, XML_SHORT, XML_ALWAYS };
static const enum_val_t xml_choices[] = { { "never", "Never", XML_NEVER },
                                          { "short", "For bodies of up to 40 elements", XML_SHORT },
                                          { "always", "Always", XML_ALWAYS },
                                          { NULL, NULL, 0 } };
static int show_xml = WS_STOCK_XML_SUFFIX ? XML_ALWAYS : XML_SHORT;

static dissector_handle_t manscdp_handle;
static dissector_handle_t xml_handle;

/* Media types that belong to stock XML and that old devices use for MANSCDP. */
static const char *const xml_types[] = { "application/xml", "text/xml" };
static dissector_handle_t xml_type_handles[array_length(xml_types)]; /* who had them before us */
static char stock_is_there; /* its address as data: stock shows the body already */

/* GB/T 28181-2016 A.2.5, 2022 A.2.5. */
static const value_string alarm_priorities[] = { { 1, "Level 1" }, { 2, "Level 2" }, { 3, "Level 3" }, { 4, "Level 4" },
                                                 { 0, NULL } };
static const value_string alarm_methods[] = { { 1, "Telephone" }, { 2, "Device" }, { 3, "Short message" }, { 4, "GPS" },
                                              { 5, "Video" }, { 6, "Device fault" }, { 7, "Other" }, { 0, NULL } };
/* By alarm method. */
static const value_string device_alarms[] = { { 1, "Video loss" }, { 2, "Tampering" }, { 3, "Disk full" },
                                              { 4, "High temperature" }, { 5, "Low temperature" }, { 0, NULL } };
static const value_string video_alarms[] = { { 1, "Manual" }, { 2, "Moving object" }, { 3, "Object left behind" },
                                             { 4, "Object removed" }, { 5, "Line crossing" }, { 6, "Intrusion" },
                                             { 7, "Wrong direction" }, { 8, "Loitering" }, { 9, "Flow statistics" },
                                             { 10, "Density" }, { 11, "Video abnormal" }, { 12, "Fast moving" },
                                             { 0, NULL } };
static const value_string fault_alarms[] = { { 1, "Disk fault" }, { 2, "Fan fault" }, { 0, NULL } };

/* What is wrong, by bit of HIK_XML_FAULT_*. */
static const char *const fault_texts[HIK_MANSCDP_FAULTS] = {
    "An element has no end tag",
    "An end tag ends nothing",
    "A tag is cut off",
    "Text outside the root element",
    "A bare '&' in a text, taken as it is",
    "A bare '<' in a text, taken as it is",
    "The XML declaration is broken",
    "An end tag differs from its start tag in upper and lower case",
    "The body has no XML element",
};

/* One body being shown. */
struct view {
    tvbuff_t *tvb;
    const uint8_t *buf;
    unsigned len;     /* of what is shown as XML: what the capture cut off ends in the middle of a tag or value */
    packet_info *pinfo;
    proto_tree *tree; /* the protocol's; NULL if nobody looks */
    const struct hik_manscdp *message;
    uint32_t items;   /* tree items so far */
    uint32_t most_items;
    uint32_t alarm_method; /* that was shown last, 0: none */
    bool other_charset; /* some value was in another charset than the body */
    bool utf16;         /* tvb is not the body, but made from it */
};

/* ---- values -------------------------------------------------------------------------------------------------- */

static char *decode(packet_info *pinfo, const uint8_t *buf, const struct hik_manscdp *message, struct hik_xml_piece piece,
                    bool *other)
{
    char *text = (char *)wmem_alloc(pinfo->pool, HIK_CHARSET_ROOM(piece.len));

    hik_charset_to_utf8(message->charset.charset, buf + piece.off, piece.len, text, other);
    if (memchr(buf + piece.off, '&', piece.len) || memchr(buf + piece.off, '<', piece.len))
        hik_xml_unescape(text);
    return text;
}

/* Whether somebody wants this field, or the expert item about the encoding, which is found while values are read. */
static bool is_wanted(const struct view *view, proto_tree *tree, int hf)
{
    return proto_field_is_referenced(tree, hf) || proto_field_is_referenced(tree, ei_hik_mans_charset_mismatch.hf) ||
           hik_stock_wants_experts(view->pinfo, tree);
}

static char *view_text(struct view *view, struct hik_xml_piece piece)
{
    bool other;
    char *text = decode(view->pinfo, view->buf, view->message, piece, &other);

    view->other_charset |= other;
    return text;
}

static proto_item *add_text(struct view *view, proto_tree *tree, int hf, struct hik_xml_piece piece, const char *text)
{
    view->items++;
    return proto_tree_add_string(tree, hf, view->tvb, (int)piece.off, (int)piece.len, text);
}

/* "Name: value". What is highlighted is the value, or all of an element that has none. */
static void add_element(struct view *view, proto_tree *tree, struct hik_xml_piece name, struct hik_xml_piece value,
                        struct hik_xml_piece all)
{
    const char *text;

    if (!is_wanted(view, tree, hf_hik_mans_element))
        return;
    text = wmem_strdup_printf(view->pinfo->pool, "%s: %s", view_text(view, name), view_text(view, value));
    view->items++;
    proto_tree_add_string_format(tree, hf_hik_mans_element, view->tvb, (int)(value.len ? value.off : all.off),
                                 (int)(value.len ? value.len : all.len), text, "%s", text);
}

static void add_number(struct view *view, proto_tree *tree, int hf, struct hik_xml_piece name, struct hik_xml_piece value,
                       struct hik_xml_piece all)
{
    uint32_t number;

    if (!hik_manscdp_number(view->buf, value, &number)) {
        add_element(view, tree, name, value, all);
        return;
    }
    view->items++;
    proto_tree_add_uint(tree, hf, view->tvb, (int)value.off, (int)value.len, number);
}

static void add_ptz(struct view *view, proto_tree *tree, struct hik_xml_piece value)
{
    view->items += 13;
    hik_ptz_tree_add(view->pinfo, view->tvb, tree, view->buf, value, view_text(view, value));
}

/* ---- the tree ------------------------------------------------------------------------------------------------ */

/* An alarm's numbers again, with their names. */
static void add_alarm(struct view *view, proto_tree *tree, struct hik_xml_piece name, struct hik_xml_piece value)
{
    const value_string *types;
    uint32_t number;
    int hf;

    if (name.len < 9 || name.len > 13 || (view->buf[name.off] | 0x20) != 'a' || !hik_manscdp_number(view->buf, value, &number))
        return;
    if (hik_xml_is(view->buf, name, "AlarmPriority")) {
        hf = hf_hik_mans_alarm_priority;
    } else if (hik_xml_is(view->buf, name, "AlarmMethod")) {
        hf = hf_hik_mans_alarm_method;
        view->alarm_method = number;
    } else if (hik_xml_is(view->buf, name, "AlarmType")) {
        types = view->alarm_method == 2 ? device_alarms : view->alarm_method == 5 ? video_alarms : view->alarm_method == 6
                    ? fault_alarms : NULL;
        view->items++;
        proto_tree_add_uint_format_value(tree, hf_hik_mans_alarm_type, view->tvb, (int)value.off, (int)value.len, number, "%s (%u)",
                                         types ? val_to_str_const(number, types, "Unknown") : "Unknown", number);
        return;
    } else {
        return;
    }
    view->items++;
    proto_tree_add_uint(tree, hf, view->tvb, (int)value.off, (int)value.len, number);
}

static void add_value(struct view *view, proto_tree *tree, enum hik_manscdp_field field, struct hik_xml_piece name,
                      struct hik_xml_piece value, struct hik_xml_piece all, proto_item *item)
{
    struct hik_xml_piece shown = value.len ? value : all;
    int hf = -1;

    switch (field) {
    case HIK_MANSCDP_CMD_TYPE: hf = hf_hik_mans_cmd_type; break;
    case HIK_MANSCDP_DEVICE_ID: hf = hf_hik_mans_device_id; break;
    case HIK_MANSCDP_RESULT: hf = hf_hik_mans_result; break;
    case HIK_MANSCDP_NOTIFY_TYPE: hf = hf_hik_mans_notify_type; break;
    case HIK_MANSCDP_ENCODING: hf = hf_hik_mans_encoding; break;
    case HIK_MANSCDP_ITEM_DEVICE_ID: hf = hf_hik_mans_item_device_id; break;
    case HIK_MANSCDP_ITEM_NAME: hf = hf_hik_mans_item_name; break;
    case HIK_MANSCDP_ITEM_STATUS: hf = hf_hik_mans_item_status; break;
    case HIK_MANSCDP_ITEM_PARENT_ID: hf = hf_hik_mans_item_parent_id; break;
    case HIK_MANSCDP_SN:
        add_number(view, tree, hf_hik_mans_sn, name, value, all);
        if (proto_field_is_referenced(tree, hf_hik_mans_sn_text))
            add_text(view, tree, hf_hik_mans_sn_text, shown, view_text(view, value));
        return;
    case HIK_MANSCDP_SUM_NUM: add_number(view, tree, hf_hik_mans_sum_num, name, value, all); return;
    case HIK_MANSCDP_NUM: add_number(view, tree, hf_hik_mans_num, name, value, all); return;
    case HIK_MANSCDP_PTZ_CMD: add_ptz(view, tree, value.len ? value : all); return;
    case HIK_MANSCDP_STATUS:
    case HIK_MANSCDP_UPGRADE_RESULT:
    case HIK_MANSCDP_ITEM_EVENT:
    case HIK_MANSCDP_ITEM_CIVIL_CODE:
    case HIK_MANSCDP_ELEMENT:
    default:
        add_element(view, tree, name, value, all);
        add_alarm(view, tree, name, value);
        return;
    }
    if (!is_wanted(view, tree, hf))
        return;
    if (field == HIK_MANSCDP_ITEM_DEVICE_ID || field == HIK_MANSCDP_ITEM_NAME) {
        const char *text = view_text(view, value);

        add_text(view, tree, hf, shown, text);
        proto_item_append_text(item, " %s", text);
        return;
    }
    add_text(view, tree, hf, shown, view_text(view, value));
}

static void add_attrs(struct view *view, proto_tree *tree, const struct hik_manscdp_step *step, proto_item *item)
{
    struct hik_xml_piece name, value;
    uint32_t cursor = 0;

    while (view->items < view->most_items && hik_xml_next_attr(view->buf, step->attrs, &cursor, &name, &value))
        add_value(view, tree, hik_manscdp_attr_field(view->buf, step, name), name, value, name, item);
}

static void add_open(struct view *view, proto_tree *tree, const struct hik_manscdp_step *step, proto_item **item,
                     proto_tree **subtree)
{
    tvbuff_t *tvb = view->tvb;

    if (step->level == HIK_MANSCDP_LEVEL_ROOT) {
        *item = add_text(view, tree, hf_hik_mans_root, step->name, view_text(view, step->name));
        *subtree = proto_item_add_subtree(*item, ett_hik_mans_element);
    } else {
        view->items++;
        if (step->level == HIK_MANSCDP_LEVEL_ITEM)
            *subtree = proto_tree_add_subtree_format(tree, tvb, (int)step->all.off, (int)step->all.len,
                                                     ett_hik_mans_element, item, "Item %u:", step->item_number);
        else
            *subtree = proto_tree_add_subtree(tree, tvb, (int)step->all.off, (int)step->all.len, ett_hik_mans_element,
                                              item, view_text(view, step->name));
    }
    if (step->attrs.len > 0)
        add_attrs(view, *subtree, step, *item);
}

/* As it is written: entities and marks are not taken out. */
static void add_other(struct view *view, proto_tree *tree, struct hik_xml_piece piece)
{
    char *text;
    bool other;

    if (piece.len == 0 || !is_wanted(view, tree, hf_hik_mans_other))
        return;
    text = (char *)wmem_alloc(view->pinfo->pool, HIK_CHARSET_ROOM(piece.len));
    hik_charset_to_utf8(view->message->charset.charset, view->buf + piece.off, piece.len, text, &other);
    view->other_charset |= other;
    add_text(view, tree, hf_hik_mans_other, piece, text);
}

/* Everything in the body, in its order. */
static void add_body(struct view *view)
{
    struct {
        proto_tree *tree;
        proto_item *item;
        uint32_t off;
        enum hik_manscdp_level level;
    } levels[HIK_XML_MAX_DEPTH + 1];
    struct hik_manscdp_walk walk;
    struct hik_manscdp_step step;
    uint32_t not_shown = 0, not_shown_at = 0;

    memset(levels, 0, sizeof levels);
    levels[0].tree = view->tree;
    hik_manscdp_start(&walk, view->buf, view->len);
    while (hik_manscdp_next(&walk, &step)) {
        unsigned depth = step.depth;
        proto_tree *tree = levels[depth].tree;

        if (view->items >= view->most_items) {
            if (not_shown == 0)
                not_shown_at = step.all.off;
            if (step.kind != HIK_MANSCDP_STEP_CLOSE)
                not_shown++;
            continue;
        }
        switch (step.kind) {
        case HIK_MANSCDP_STEP_OPEN: {
            proto_item *item = NULL;
            proto_tree *subtree = NULL;

            add_open(view, tree, &step, &item, &subtree);
            if (!step.deep && depth < HIK_XML_MAX_DEPTH) {
                levels[depth + 1].tree = subtree;
                levels[depth + 1].item = item;
                levels[depth + 1].off = step.all.off;
                levels[depth + 1].level = step.level;
            }
            break;
        }
        case HIK_MANSCDP_STEP_CLOSE:
            /* The root shows its name's bytes, the others all they hold. */
            if (levels[depth + 1].item && step.level != HIK_MANSCDP_LEVEL_ROOT)
                proto_item_set_len(levels[depth + 1].item,
                                   (int)(step.all.off + step.all.len - levels[depth + 1].off));
            break;
        case HIK_MANSCDP_STEP_LEAF:
            add_value(view, tree, step.field, step.name, step.value, step.all, levels[depth].item);
            if (step.attrs.len > 0)
                add_attrs(view, tree, &step, NULL);
            break;
        case HIK_MANSCDP_STEP_DECLARATION:
            if (step.attrs.len > 0) {
                proto_item *item;
                proto_tree *subtree = proto_tree_add_subtree(tree, view->tvb, (int)step.all.off, (int)step.all.len,
                                                             ett_hik_mans_declaration, &item, "XML declaration");

                view->items++;
                add_attrs(view, subtree, &step, item);
                break;
            }
            add_other(view, tree, step.all);
            break;
        case HIK_MANSCDP_STEP_PADDING:
            view->items++;
            proto_tree_add_item(tree, hf_hik_mans_padding, view->tvb, (int)step.all.off, (int)step.all.len, ENC_NA);
            break;
        case HIK_MANSCDP_STEP_TEXT:
        case HIK_MANSCDP_STEP_COMMENT:
        case HIK_MANSCDP_STEP_OTHER:
        default:
            add_other(view, tree, step.all);
            break;
        }
    }
    add_other(view, view->tree, (struct hik_xml_piece){view->len, tvb_captured_length(view->tvb) - view->len});
    if (not_shown > 0)
        proto_tree_add_uint_format(view->tree, hf_hik_mans_not_shown, view->tvb, (int)not_shown_at,
                                   (int)(tvb_captured_length(view->tvb) - not_shown_at), not_shown,
                                   "... %u more elements, not shown one by one", not_shown);
}

/* ---- the message as a whole ---------------------------------------------------------------------------------- */

/* What the Item callback learns from. */
struct catalog_update {
    packet_info *pinfo;
    const uint8_t *buf;
    const char *owner; /* UTF-8 DeviceID of the message, decoded once */
    wmem_array_t *ids; /* DeviceIDs, for the tap; NULL if nobody listens */
    wmem_array_t *items; /* first pass: struct hik_catalog_item *, what was learned; NULL if nothing */
    uint32_t whole;    /* where the last Item ends that is whole: the capture cut what is behind */
};

static void learn(const struct hik_manscdp_item *item, const struct hik_manscdp *message, void *user)
{
    struct catalog_update *update = (struct catalog_update *)user;
    struct hik_catalog_line line;
    struct hik_catalog_item *known;
    bool other;

    if (item->device_id.off >= update->whole)
        return;
    if (!message->cmd || strcmp(message->cmd, "Catalog") != 0 || item->device_id.len == 0 || item->device_id.len > 64 ||
        (message->root != HIK_MANSCDP_ROOT_RESPONSE && message->root != HIK_MANSCDP_ROOT_NOTIFY))
        return;
    if (PINFO_FD_VISITED(update->pinfo) && !update->ids)
        return;
    memset(&line, 0, sizeof line);
#define TEXT(piece) ((piece).len ? decode(update->pinfo, update->buf, message, (piece), &other) : NULL)
    line.id = TEXT(item->device_id);
    if (update->ids)
        wmem_array_append_one(update->ids, line.id);
    if (PINFO_FD_VISITED(update->pinfo))
        return;
    if (!update->owner)
        update->owner = TEXT(message->device_id);
    line.owner = update->owner;
    line.name = TEXT(item->name);
    line.parent = TEXT(item->parent_id);
    line.civil_code = TEXT(item->civil_code);
    line.status = TEXT(item->status);
    line.there = hik_xml_is(update->buf, item->event, "ADD") || hik_xml_is(update->buf, item->event, "UPDATE");
    if (!line.status && item->event.len > 0 && !line.there)
        line.status = TEXT(item->event);
#undef TEXT
    known = hik_catalog_learn(update->pinfo, &line);
    if (!known)
        return;
    if (!update->items)
        update->items = wmem_array_new(update->pinfo->pool, sizeof known);
    wmem_array_append_one(update->items, known);
}

static void add_exchange(struct view *view, const struct hik_exchange_record *record)
{
    const struct hik_exchange *exchange = record->exchange;
    proto_item *item;

    if (view->message->has_sum_num) {
        item = proto_tree_add_uint(view->tree, hf_hik_mans_received, view->tvb, 0, 0, record->received);
        proto_item_set_generated(item);
    }
    if (record->subscription && record->is_notify) {
        item = proto_tree_add_uint(view->tree, hf_hik_mans_subscribe_in, view->tvb, 0, 0, record->subscription->frame);
        proto_item_set_generated(item);
    } else if (record->subscription && record->subscription->notify_frame) {
        item = proto_tree_add_uint(view->tree, hf_hik_mans_notify_in, view->tvb, 0, 0,
                                   record->subscription->notify_frame);
        proto_item_set_generated(item);
    }
    if (!exchange)
        return;
    if (record->is_request) {
        if (exchange->response_frame) {
            item = proto_tree_add_uint(view->tree, hf_hik_mans_response_in, view->tvb, 0, 0, exchange->response_frame);
            proto_item_set_generated(item);
        }
    } else if (exchange->request_frame) {
        nstime_t took;

        item = proto_tree_add_uint(view->tree, hf_hik_mans_request_in, view->tvb, 0, 0, exchange->request_frame);
        proto_item_set_generated(item);
        nstime_delta(&took, &view->pinfo->abs_ts, &exchange->request_time);
        item = proto_tree_add_time(view->tree, hf_hik_mans_response_time, view->tvb, 0, 0, &took);
        proto_item_set_generated(item);
    }
}

/* The message says that something failed: what. NULL if it does not. */
static const char *what_failed(const uint8_t *buf, const struct hik_manscdp *message)
{
    if (hik_xml_is(buf, message->result, "ERROR"))
        return "Result is ERROR: the device did not do what it was asked";
    if (hik_xml_is(buf, message->upgrade_result, "ERROR"))
        return "UpgradeResult is ERROR: the device is not upgraded";
    if (message->cmd && strcmp(message->cmd, "Keepalive") == 0 && hik_xml_is(buf, message->status, "ERROR"))
        return "The keep-alive says Status ERROR: the lower platform does not work as it should";
    return NULL;
}

static void add_findings(struct view *view, proto_item *item, const struct hik_exchange_record *record, bool cut_short)
{
    const struct hik_manscdp *message = view->message;
    unsigned kind;

    for (kind = 0; kind < HIK_MANSCDP_FAULTS && !cut_short; kind++) { /* what the capture cut is not the device's fault */
        struct hik_xml_piece at = message->fault_at[kind];

        if (!(message->faults & 1U << kind))
            continue;
        proto_tree_add_expert_format(view->tree, view->pinfo, &ei_hik_mans_malformed, view->tvb, (int)at.off,
                                     (int)at.len, "%s", fault_texts[kind]);
    }
    if (message->charset.mismatch)
        expert_add_info_format(view->pinfo, item, &ei_hik_mans_charset_mismatch,
                               message->charset.charset == HIK_CHARSET_UTF8
                                   ? "The declaration says GB 2312 or GB 18030, the text is UTF-8"
                                   : "The declaration says UTF-8, the text is GB 2312 or GB 18030");
    else if (message->charset.foreign)
        expert_add_info_format(view->pinfo, item, &ei_hik_mans_charset_mismatch,
                               "The declaration names another encoding, the text is %s",
                               view->utf16 ? "UTF-16" : message->charset.charset == HIK_CHARSET_UTF8 ? "UTF-8"
                                                                                  : "GB 2312 or GB 18030");
    else if (view->other_charset)
        expert_add_info_format(view->pinfo, item, &ei_hik_mans_charset_mismatch,
                               "Some values are UTF-8, others GB 2312 or GB 18030");
    if (what_failed(view->buf, message))
        expert_add_info_format(view->pinfo, item, &ei_hik_mans_failed, "%s", what_failed(view->buf, message));
    if (cut_short)
        return;
    if (message->num_wrong)
        expert_add_info_format(view->pinfo, item, &ei_hik_mans_sum_mismatch,
                               "The list says Num=%u, the message holds %u items", message->num, message->items);
    if (record && record->too_many)
        expert_add_info_format(view->pinfo, item, &ei_hik_mans_sum_mismatch,
                               "%u items came for this SN, SumNum is %u", record->received, message->sum_num);
}

static void add_stock_view(struct view *view, proto_tree *tree, void *data)
{
    const struct hik_manscdp *message = view->message;

    if (!tree || show_xml == XML_NEVER || (show_xml == XML_SHORT && message->elements > XML_SHORT_ELEMENTS) ||
        !xml_handle || !proto_field_is_referenced(tree, proto_xml) || message->root == HIK_MANSCDP_ROOT_NONE ||
        (message->faults & XML_NOT_WITH_FAULTS) || view->len < tvb_reported_length(view->tvb) ||
        tvb_captured_length(view->tvb) > XML_MOST_BYTES || message->elements > XML_MOST_ELEMENTS ||
        message->max_depth > XML_MOST_DEPTH)
        return;
    /* It writes its name into the Protocol column. */
    col_set_writable(view->pinfo->cinfo, COL_PROTOCOL, FALSE);
    col_set_writable(view->pinfo->cinfo, COL_INFO, FALSE);
    TRY {
        call_dissector_only(xml_handle, view->tvb, view->pinfo, tree, data);
    }
    CATCH_NONFATAL_ERRORS {
        /* Our own view says all there is to say. */
    }
    ENDTRY;
    col_set_writable(view->pinfo->cinfo, COL_PROTOCOL, TRUE);
    col_set_writable(view->pinfo->cinfo, COL_INFO, TRUE);
}

/* SIP ends its text with " | " before it calls us. */
static void add_info(packet_info *pinfo, const char *text)
{
    if (hik_current_message_say(pinfo, text))
        return;
    if (proto_is_frame_protocol(pinfo->layers, "sip"))
        col_append_str(pinfo->cinfo, COL_INFO, text);
    else
        col_append_sep_str(pinfo->cinfo, COL_INFO, " | ", text);
}

/* UTF-16 is turned into UTF-8 bytes that take the body's place. Without a byte order mark it shows by how the first tag
 * begins (XML 1.0 appendix F). */
static tvbuff_t *from_utf16(tvbuff_t *tvb, packet_info *pinfo)
{
    unsigned encoding, mark = 2;
    char *text;
    tvbuff_t *decoded;
    uint32_t first;

    if (tvb_captured_length(tvb) < 4)
        return tvb;
    first = tvb_get_ntohl(tvb, 0);
    if ((first & 0xFFFFFF00) == 0x003C0000 || (first & 0xFFFF00FF) == 0x3C000000)
        mark = 0;
    if (first >> 16 == 0xFEFF || (mark == 0 && first >> 24 == 0))
        encoding = ENC_UTF_16 | ENC_BIG_ENDIAN;
    else if (first >> 16 == 0xFFFE || mark == 0)
        encoding = ENC_UTF_16 | ENC_LITTLE_ENDIAN;
    else
        return tvb;
    text = (char *)tvb_get_string_enc(pinfo->pool, tvb, (int)mark, (int)(tvb_captured_length(tvb) - mark), encoding);
    decoded = tvb_new_child_real_data(tvb, (const uint8_t *)text, (unsigned)strlen(text), (int)strlen(text));
    add_new_data_source(pinfo, decoded, "MANSCDP in UTF-8");
    return decoded;
}

/* How much of a body that the capture cut is whole elements and the begin of those around them: an element that the cut runs
 * through has no value. */
static unsigned whole_tags(const uint8_t *buf, unsigned len)
{
    unsigned at;

    while (len > 0 && buf[len - 1] != '>')
        len--;
    for (at = len; at > 0 && buf[at - 1] != '<';)
        at--;
    if (at == 0 || at + 1 >= len || buf[at] == '/' || buf[at] == '?' || buf[at] == '!' || buf[len - 2] == '/')
        return len;
    return at - 1;
}

/* Where the last whole Item of it ends. */
static unsigned whole_items(const uint8_t *buf, unsigned len)
{
    static const char end[] = "</Item>";

    for (; len >= sizeof end - 1; len--)
        if (buf[len - 1] == '>' && g_ascii_strncasecmp((const char *)buf + len - (sizeof end - 1), end, sizeof end - 1) == 0)
            return len;
    return 0;
}

/* Is there the begin of one more? */
static bool item_begins(const uint8_t *buf, unsigned len)
{
    static const char begin[] = "<Item";

    for (; len >= sizeof begin - 1; buf++, len--)
        if (g_ascii_strncasecmp((const char *)buf, begin, sizeof begin - 1) == 0)
            return true;
    return false;
}

/* First pass: takes the message in and leaves its record with the packet. */
static struct hik_exchange_record *take(tvbuff_t *body, packet_info *pinfo, const uint8_t *buf,
                                        const struct hik_manscdp *message, unsigned key)
{
    struct hik_message *sip = hik_session_message_of_body(pinfo, body);
    struct hik_exchange_record *record;
    const char *device_id = NULL;
    char info[160];
    bool other;

    if (message->device_id.len > 0)
        device_id = decode(pinfo, buf, message, message->device_id, &other);
    record = hik_exchange_take(pinfo, buf, message, device_id, sip, hik_session_sip_of_body(pinfo, body));
    hik_manscdp_describe(buf, message, record->received, info, sizeof info);
    record->info = wmem_strdup(wmem_file_scope(), info);
    record->quiet = message->faults == 0 && !message->charset.mismatch && !message->charset.foreign && !message->num_wrong && !record->too_many &&
                    message->ptz_cmd.len == 0 && !what_failed(buf, message);
    p_add_proto_data(wmem_file_scope(), pinfo, proto_manscdp, key, record);
    if (sip && sip->is_request && message->root == HIK_MANSCDP_ROOT_NOTIFY && message->cmd &&
        strcmp(message->cmd, "MediaStatus") == 0)
        hik_session_media_status(pinfo, sip, device_id, hik_xml_is(buf, message->notify_type, "121"));
    return record;
}

static int dissect_manscdp(tvbuff_t *body, packet_info *pinfo, proto_tree *tree, void *data)
{
    tvbuff_t *tvb;
    const uint8_t *buf;
    unsigned len, key;
    bool looked_at = (tree && proto_field_is_referenced(tree, proto_manscdp)) || hik_stock_wants_experts(pinfo, tree), cut_short;
    const struct hik_message *sip;
    struct hik_manscdp message;
    struct hik_exchange_record *record = NULL;
    struct catalog_update update;
    struct view view;
    proto_item *item;

    if (tvb_captured_length(body) == 0)
        return 0;
    /* A frame may carry several messages: the bodies are numbered, from 1. */
    key = 1 + GPOINTER_TO_UINT(p_get_proto_data(pinfo->pool, pinfo, proto_manscdp, 0));
    p_set_proto_data(pinfo->pool, pinfo, proto_manscdp, 0, GUINT_TO_POINTER(key));
    if (PINFO_FD_VISITED(pinfo))
        record = (struct hik_exchange_record *)p_get_proto_data(wmem_file_scope(), pinfo, proto_manscdp, key);
    if (record && record->quiet && !looked_at && !hik_catalog_tap_wanted()) {
        /* Nothing but the text in the list can come of it. */
        proto_tree_add_item(tree, proto_manscdp, body, 0, -1, ENC_NA);
        add_info(pinfo, record->info);
        return (int)tvb_captured_length(body);
    }
    tvb = from_utf16(body, pinfo);
    len = tvb_captured_length(tvb);
    sip = hik_session_message_of_body(pinfo, body);
    cut_short = tvb_captured_length(body) < tvb_reported_length(body) || (sip && sip->cut.sent > 0);
    buf = tvb_get_ptr(tvb, 0, (int)len);
    if (cut_short)
        len = whole_tags(buf, len);

    update.pinfo = pinfo;
    update.buf = buf;
    update.owner = NULL;
    update.items = NULL;
    update.whole = cut_short ? whole_items(buf, len) : UINT32_MAX;
    update.ids = hik_catalog_tap_wanted() ? wmem_array_new(pinfo->pool, sizeof(const char *)) : NULL;
    hik_manscdp_read(buf, len, learn, &update, &message);
    if (cut_short && message.items > 0 && item_begins(buf + update.whole, len - update.whole))
        message.items--;
    if (tvb != body) { /* what was decided is of our own UTF-8 */
        message.charset.mismatch = false;
        message.charset.foreign = message.encoding.len > 0 && !(message.encoding.len >= 6 &&
            g_ascii_strncasecmp((const char *)buf + message.encoding.off, "UTF-16", 6) == 0);
    }
    if (!PINFO_FD_VISITED(pinfo)) {
        record = take(body, pinfo, buf, &message, key);
        if (update.items && !record->retransmission && record->exchange && record->exchange->catalog)
            hik_catalog_answer_lists(pinfo, record->exchange->catalog,
                                     (struct hik_catalog_item *const *)wmem_array_get_raw(update.items),
                                     wmem_array_get_count(update.items));
    }
    if (update.ids && wmem_array_get_count(update.ids) > 0)
        hik_catalog_tap_queue(pinfo, (const char *const *)wmem_array_get_raw(update.ids),
                              wmem_array_get_count(update.ids));
    if (record)
        add_info(pinfo, record->info);

    memset(&view, 0, sizeof view);
    view.tvb = tvb;
    view.utf16 = tvb != body;
    view.buf = buf;
    view.len = len;
    view.pinfo = pinfo;
    view.message = &message;
    view.most_items = prefs.gui_max_tree_items / 2 < MOST_ITEMS ? prefs.gui_max_tree_items / 2 : MOST_ITEMS;
    item = proto_tree_add_item(tree, proto_manscdp, tvb, 0, -1, ENC_NA);
    if (record)
        proto_item_append_text(item, ", %s", record->info);
    view.tree = proto_item_add_subtree(item, ett_hik_mans);
    if (looked_at) {
        add_body(&view);
        if (record)
            add_exchange(&view, record);
    } else if (message.ptz_cmd.len > 0) {
        add_ptz(&view, view.tree, message.ptz_cmd); /* for its expert information */
    }
    add_findings(&view, item, record, cut_short);
    if (data != &stock_is_there)
        add_stock_view(&view, tree, data);
    return (int)tvb_captured_length(body);
}

/* A body called plain XML: stock's as ever; inside SIP, ours too if it looks like one of ours. */
static int dissect_xml_type(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data, dissector_handle_t stock)
{
    unsigned len = tvb_captured_length(tvb);

    if (len > 4096)
        len = 4096;
    if (len > 0 && proto_is_frame_protocol(pinfo->layers, "sip") &&
        hik_manscdp_looks_like(tvb_get_ptr(tvb, 0, (int)len), len))
        call_dissector_only(manscdp_handle, tvb, pinfo, tree, &stock_is_there);
    return call_dissector_only(stock, tvb, pinfo, tree, data);
}

static int dissect_application_xml(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    return dissect_xml_type(tvb, pinfo, tree, data, xml_type_handles[0]);
}

static int dissect_text_xml(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    return dissect_xml_type(tvb, pinfo, tree, data, xml_type_handles[1]);
}

/* A body whose Content-Type is missing or unknown. */
static ws_bool dissect_manscdp_heur(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    unsigned len = tvb_captured_length(tvb);

    if (len > 4096)
        len = 4096;
    if (len < 16 || !hik_manscdp_looks_like(tvb_get_ptr(tvb, 0, (int)len), len))
        return FALSE;
    return dissect_manscdp(tvb, pinfo, tree, data) > 0;
}

void hik_manscdp_register(int proto _U_)
{
    static hf_register_info hf[] = {
        { &hf_hik_mans_root, { "Message", "manscdp.root", FT_STRING, BASE_NONE, NULL, 0, "Root element: Control, Query, "
          "Notify or Response", HFILL } },
        { &hf_hik_mans_cmd_type, { "Command type", "manscdp.cmd_type", FT_STRING, BASE_NONE, NULL, 0, NULL, HFILL } },
        { &hf_hik_mans_alarm_priority, { "Alarm priority", "manscdp.alarm_priority", FT_UINT32, BASE_DEC, VALS(alarm_priorities), 0,
                                         "Level of an alarm, 1 is the highest", HFILL } },
        { &hf_hik_mans_alarm_method, { "Alarm method", "manscdp.alarm_method", FT_UINT32, BASE_DEC, VALS(alarm_methods), 0,
                                       "What raised an alarm", HFILL } },
        { &hf_hik_mans_alarm_type, { "Alarm type", "manscdp.alarm_type", FT_UINT32, BASE_DEC, NULL, 0,
                                     "Kind of an alarm; its names depend on the alarm method", HFILL } },
        { &hf_hik_mans_sn_text, { "SN as text", "manscdp.sn_text", FT_STRING, BASE_NONE, NULL, 0, "SN as written: some count in "
                                 "milliseconds, which do not fit manscdp.sn", HFILL } },
        { &hf_hik_mans_sn, { "SN", "manscdp.sn", FT_UINT32, BASE_DEC, NULL, 0, "Serial number that ties an answer to its "
          "question", HFILL } },
        { &hf_hik_mans_device_id, { "Device ID", "manscdp.device_id", FT_STRING, BASE_NONE, NULL, 0, NULL, HFILL } },
        { &hf_hik_mans_result, { "Result", "manscdp.result", FT_STRING, BASE_NONE, NULL, 0, NULL, HFILL } },
        { &hf_hik_mans_sum_num, { "Items in all", "manscdp.sum_num", FT_UINT32, BASE_DEC, NULL, 0, "SumNum: items of the "
          "whole answer, over all its messages", HFILL } },
        { &hf_hik_mans_num, { "Items in this message", "manscdp.num", FT_UINT32, BASE_DEC, NULL, 0, "Num of the list",
          HFILL } },
        { &hf_hik_mans_item_device_id, { "Device ID", "manscdp.item.device_id", FT_STRING, BASE_NONE, NULL, 0, NULL,
          HFILL } },
        { &hf_hik_mans_item_name, { "Name", "manscdp.item.name", FT_STRING, BASE_NONE, NULL, 0, NULL, HFILL } },
        { &hf_hik_mans_item_status, { "Status", "manscdp.item.status", FT_STRING, BASE_NONE, NULL, 0, NULL, HFILL } },
        { &hf_hik_mans_item_parent_id, { "Parent ID", "manscdp.item.parent_id", FT_STRING, BASE_NONE, NULL, 0, NULL,
          HFILL } },
        { &hf_hik_mans_notify_type, { "Notify type", "manscdp.notify_type", FT_STRING, BASE_NONE, NULL, 0,
          "MediaStatus: 121 means that the file has been sent to its end", HFILL } },
        { &hf_hik_mans_encoding, { "Declared encoding", "manscdp.encoding", FT_STRING, BASE_NONE, NULL, 0, NULL, HFILL } },
        { &hf_hik_mans_element, { "Element", "manscdp.element", FT_STRING, BASE_NONE, NULL, 0, "Name: value of an element "
          "or attribute without a field of its own", HFILL } },
        { &hf_hik_mans_other, { "Other", "manscdp.other", FT_STRING, BASE_NONE, NULL, 0, "Comments, stray text and tags, "
          "processing instructions", HFILL } },
        { &hf_hik_mans_padding, { "Padding", "manscdp.padding", FT_BYTES, BASE_NONE, NULL, 0, "Zero bytes behind the XML",
          HFILL } },
        { &hf_hik_mans_not_shown, { "Elements not shown", "manscdp.not_shown", FT_UINT32, BASE_DEC, NULL, 0, NULL,
          HFILL } },
        { &hf_hik_mans_received, { "Items received so far", "manscdp.received", FT_UINT32, BASE_DEC, NULL, 0, "Items of this "
          "SN up to and with this message", HFILL } },
        { &hf_hik_mans_request_in, { "Answer to the request in", "manscdp.request_in", FT_FRAMENUM, BASE_NONE,
          FRAMENUM_TYPE(FT_FRAMENUM_REQUEST), 0, NULL, HFILL } },
        { &hf_hik_mans_response_in, { "Answered in", "manscdp.response_in", FT_FRAMENUM, BASE_NONE,
          FRAMENUM_TYPE(FT_FRAMENUM_RESPONSE), 0, "First message of the answer", HFILL } },
        { &hf_hik_mans_response_time, { "Time since the request", "manscdp.response_time", FT_RELATIVE_TIME, BASE_NONE, NULL,
          0, NULL, HFILL } },
        { &hf_hik_mans_subscribe_in, { "Subscribed in", "manscdp.subscribe_in", FT_FRAMENUM, BASE_NONE,
          FRAMENUM_TYPE(FT_FRAMENUM_REQUEST), 0, "The SUBSCRIBE this notification belongs to", HFILL } },
        { &hf_hik_mans_notify_in, { "First notified in", "manscdp.notify_in", FT_FRAMENUM, BASE_NONE,
          FRAMENUM_TYPE(FT_FRAMENUM_RESPONSE), 0, "The first NOTIFY of this SUBSCRIBE", HFILL } },

    };
    static int *ett[] = { &ett_hik_mans, &ett_hik_mans_declaration, &ett_hik_mans_element };
    static ei_register_info ei[] = {
        { &ei_hik_mans_malformed, { "manscdp.malformed", PI_PROTOCOL, PI_WARN, "The XML is broken", EXPFILL } },
        { &ei_hik_mans_charset_mismatch, { "manscdp.charset_mismatch", PI_PROTOCOL, PI_NOTE,
          "The text is not in the declared encoding", EXPFILL } },
        { &ei_hik_mans_failed, { "manscdp.failed", PI_RESPONSE_CODE, PI_WARN, "The device says that something failed", EXPFILL } },
        { &ei_hik_mans_sum_mismatch, { "manscdp.sum_mismatch", PI_PROTOCOL, PI_WARN,
          "The number of items is not what the message says", EXPFILL } },
    };
    expert_module_t *expert;

    proto_manscdp = proto_register_protocol("Monitoring and Alarming Network System Control Description Protocol",
                                            "MANSCDP", "manscdp");
    proto_register_field_array(proto_manscdp, hf, array_length(hf));
    proto_register_subtree_array(ett, array_length(ett));
    expert = expert_register_protocol(proto_manscdp);
    expert_register_field_array(expert, ei, array_length(ei));
    hik_ptz_tree_register(proto_manscdp);
    prefs_register_enum_preference(prefs_register_protocol(proto_manscdp, NULL), "xml", "Show the plain XML view too",
                                   "Below our own view, show the body as Wireshark shows any XML. Where details are "
                                   "shown, this takes as long as all the rest.",
                                   &show_xml, xml_choices, FALSE);
    manscdp_handle = register_dissector("manscdp", dissect_manscdp, proto_manscdp);
    hik_catalog_register();
    hik_exchange_register();
}

void hik_manscdp_handoff(void)
{
    static const dissector_t wrappers[] = { dissect_application_xml, dissect_text_xml };
    /* From 4.6 on the table has "Decode As", which wants every handle to be called something else. */
    static const char *const descriptions[] = { "XML or MANSCDP", "XML or MANSCDP (text)" };
    dissector_table_t media_types = find_dissector_table("media_type");
    size_t i;

    proto_xml = proto_get_id_by_filter_name("xml");
    xml_handle = find_dissector("xml");
    dissector_add_string("media_type", "application/manscdp+xml", manscdp_handle);
    /* The wrappers belong to no protocol: they are no layer of the packet, and disabling ours leaves stock as it is. */
    for (i = 0; i < array_length(xml_types); i++) {
        xml_type_handles[i] = dissector_get_string_handle(media_types, xml_types[i]);
        if (xml_type_handles[i])
            dissector_add_string("media_type", xml_types[i],
                                 create_dissector_handle_with_name_and_description(wrappers[i], -1, NULL,
                                                                                   descriptions[i]));
    }
    heur_dissector_add("sip", dissect_manscdp_heur, "MANSCDP in SIP", "manscdp_sip", proto_manscdp, HEURISTIC_ENABLE);
}
