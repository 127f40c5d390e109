/* manscdp.c
 * MANSCDP bodies: GB/T 28181-2011, 2016 and 2022 annex A (command types, lists, items).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "manscdp.h"

#include <string.h>

#include <glib.h>

#include "ptz.h"

/* Command types of the three editions, and two spellings that are wrong but common. */
static const char *const commands[] = {
    "Keepalive",          "Catalog",          "DeviceInfo",         "DeviceStatus",
    "RecordInfo",         "Alarm",            "DeviceControl",      "Broadcast",
    "MediaStatus",        "MobilePosition",   "DeviceConfig",       "ConfigDownload",
    "PresetQuery",        "PersetQuery",      "HomePositionQuery",  "CruiseTrackListQuery",
    "CruiseTrackQuery",   "PTZPosition",      "PTZPreciseStatusQuery", "SDCardStatus",
    "UploadSnapShotFinished", "DeviceUpgradeResult", "VideoUploadNotify", "AlarmSubscribe",
    "GuardInfo",          "AlarmReset",
};

static inline bool piece_is(const struct hik_manscdp_walk *walk, struct hik_xml_piece piece, const char *text)
{
    return hik_xml_is(walk->xml.buf, piece, text);
}

bool hik_manscdp_number(const uint8_t *buf, struct hik_xml_piece piece, uint32_t *out)
{
    uint64_t value = 0;
    uint32_t i = piece.off, end = piece.off + piece.len;

    while (i < end && g_ascii_isspace(buf[i]))
        i++;
    while (i < end && g_ascii_isspace(buf[end - 1]))
        end--;
    if (i == end)
        return false;
    for (; i < end; i++) {
        if (!g_ascii_isdigit(buf[i]))
            return false;
        value = value * 10 + (uint64_t)(buf[i] - '0');
        if (value > UINT32_MAX)
            return false;
    }
    *out = (uint32_t)value;
    return true;
}

void hik_manscdp_start(struct hik_manscdp_walk *walk, const uint8_t *buf, size_t len)
{
    memset(walk, 0, sizeof *walk);
    hik_xml_start(&walk->xml, buf, len);
}

static bool pull(struct hik_manscdp_walk *walk, struct hik_xml_node *node)
{
    if (walk->ahead_count == 0)
        return hik_xml_next(&walk->xml, node);
    *node = walk->ahead[0];
    walk->ahead[0] = walk->ahead[1];
    walk->ahead_count--;
    return true;
}

/* The node after the next `index` ones (0 or 1), NULL at the end. */
static const struct hik_xml_node *peek(struct hik_manscdp_walk *walk, unsigned index)
{
    while (walk->ahead_count <= index) {
        if (!hik_xml_next(&walk->xml, &walk->ahead[walk->ahead_count]))
            return NULL;
        walk->ahead_count++;
    }
    return &walk->ahead[index];
}

static bool closes(const struct hik_xml_node *node, unsigned depth)
{
    return node && node->kind == HIK_XML_CLOSE && node->depth == depth;
}

/* The level an element at this depth belongs to: elements with a value of their own have lost their end tag, what
 * follows them belongs to their parent. depth > 0. */
static unsigned parent_of(const struct hik_manscdp_walk *walk, unsigned depth)
{
    unsigned i = (depth > HIK_XML_MAX_DEPTH ? HIK_XML_MAX_DEPTH : depth) - 1;

    while (i > 0 && walk->levels[i].has_text)
        i--;
    return i;
}

static enum hik_manscdp_field field_of(const uint8_t *buf, enum hik_manscdp_level parent, struct hik_xml_piece name)
{
#define IS(text, what) \
    if (hik_xml_is(buf, name, text)) \
    return what
    if (parent == HIK_MANSCDP_LEVEL_ROOT) {
        IS("CmdType", HIK_MANSCDP_CMD_TYPE);
        IS("SN", HIK_MANSCDP_SN);
        IS("DeviceID", HIK_MANSCDP_DEVICE_ID);
        IS("Result", HIK_MANSCDP_RESULT);
        IS("Status", HIK_MANSCDP_STATUS);
        IS("UpgradeResult", HIK_MANSCDP_UPGRADE_RESULT);
        IS("SumNum", HIK_MANSCDP_SUM_NUM);
        IS("NotifyType", HIK_MANSCDP_NOTIFY_TYPE);
        IS("PTZCmd", HIK_MANSCDP_PTZ_CMD);
    } else if (parent == HIK_MANSCDP_LEVEL_ITEM) {
        IS("DeviceID", HIK_MANSCDP_ITEM_DEVICE_ID);
        IS("Name", HIK_MANSCDP_ITEM_NAME);
        IS("Status", HIK_MANSCDP_ITEM_STATUS);
        IS("ParentID", HIK_MANSCDP_ITEM_PARENT_ID);
        IS("Event", HIK_MANSCDP_ITEM_EVENT);
        IS("CivilCode", HIK_MANSCDP_ITEM_CIVIL_CODE);
    } else {
        IS("PTZCmd", HIK_MANSCDP_PTZ_CMD);
    }
#undef IS
    return HIK_MANSCDP_ELEMENT;
}

enum hik_manscdp_field hik_manscdp_attr_field(const uint8_t *buf, const struct hik_manscdp_step *step,
                                              struct hik_xml_piece name)
{
    if (step->kind == HIK_MANSCDP_STEP_DECLARATION)
        return hik_xml_is(buf, name, "encoding") ? HIK_MANSCDP_ENCODING : HIK_MANSCDP_ELEMENT;
    if (step->kind != HIK_MANSCDP_STEP_OPEN)
        return hik_xml_is(buf, name, "Num") ? HIK_MANSCDP_NUM : HIK_MANSCDP_ELEMENT;
    if (step->level == HIK_MANSCDP_LEVEL_LIST)
        return hik_xml_is(buf, name, "Num") ? HIK_MANSCDP_NUM : HIK_MANSCDP_ELEMENT;
    if (step->level != HIK_MANSCDP_LEVEL_ROOT && step->level != HIK_MANSCDP_LEVEL_ITEM)
        return HIK_MANSCDP_ELEMENT;
    return field_of(buf, step->level, name);
}

/* Has it a Num attribute? Attributes are rare: usually there is nothing to walk. */
static bool num_of(const uint8_t *buf, struct hik_xml_piece attrs, uint32_t *num)
{
    struct hik_xml_piece name, value;
    uint32_t cursor = 0;

    while (hik_xml_next_attr(buf, attrs, &cursor, &name, &value)) {
        if (hik_xml_is(buf, name, "Num"))
            return hik_manscdp_number(buf, value, num);
    }
    return false;
}

static bool ends_in_list(const uint8_t *buf, struct hik_xml_piece name)
{
    struct hik_xml_piece end = { name.off + name.len - 4, 4 };

    return name.len > 4 && hik_xml_is(buf, end, "List");
}

static enum hik_manscdp_level level_of(const struct hik_manscdp_walk *walk, const struct hik_xml_node *node, bool has_num)
{
    if (node->depth == 0)
        return HIK_MANSCDP_LEVEL_ROOT;
    if (piece_is(walk, node->name, "Item"))
        return HIK_MANSCDP_LEVEL_ITEM;
    if (has_num || ends_in_list(walk->xml.buf, node->name))
        return HIK_MANSCDP_LEVEL_LIST;
    return HIK_MANSCDP_LEVEL_OTHER;
}

/* Takes the end tag that stands next into the element. */
static void read_close(struct hik_manscdp_walk *walk, struct hik_manscdp_step *out)
{
    struct hik_xml_node node;

    if (!pull(walk, &node))
        return;
    out->faults |= node.faults;
    if (node.all.len > 0)
        out->all.len = node.all.off + node.all.len - out->all.off;
}

/* A start tag came: a value, or an element with others inside? What follows it tells. */
static void read_element(struct hik_manscdp_walk *walk, const struct hik_xml_node *node, struct hik_manscdp_step *out)
{
    bool deep = node->depth >= HIK_XML_MAX_DEPTH;
    unsigned parent = node->depth > 0 ? parent_of(walk, node->depth) : 0;
    enum hik_manscdp_level parent_level = node->depth > 0 ? walk->levels[parent].level : HIK_MANSCDP_LEVEL_OTHER;
    uint32_t num = 0;
    bool has_num = node->attrs.len > 0 && num_of(walk->xml.buf, node->attrs, &num);
    enum hik_manscdp_level level = deep ? HIK_MANSCDP_LEVEL_OTHER : level_of(walk, node, has_num);
    bool empty = node->kind == HIK_XML_EMPTY, leaf = false, open = !empty;

    out->value.off = node->all.off + node->all.len;
    if (level == HIK_MANSCDP_LEVEL_ITEM)
        out->item_number = ++walk->levels[parent].items;
    else if (parent_level == HIK_MANSCDP_LEVEL_LIST)
        walk->levels[parent].others++;

    if (empty) {
        leaf = level == HIK_MANSCDP_LEVEL_OTHER;
    } else if (level != HIK_MANSCDP_LEVEL_ROOT && (walk->ahead_count > 0 || !hik_xml_opens_next(&walk->xml))) {
        const struct hik_xml_node *next = peek(walk, 0);

        if (next && next->kind == HIK_XML_TEXT) {
            bool closed = closes(peek(walk, 1), node->depth);

            if (closed || level == HIK_MANSCDP_LEVEL_OTHER) {
                struct hik_xml_node text;

                leaf = pull(walk, &text);
                out->value = text.all;
                out->faults |= text.faults;
                out->all.len = text.all.off + text.all.len - out->all.off;
                open = !closed;
                if (closed)
                    read_close(walk, out);
            }
        } else if (closes(next, node->depth) && level == HIK_MANSCDP_LEVEL_OTHER) {
            leaf = true;
            open = false;
            read_close(walk, out);
        }
    }

    if (!deep && (open || !leaf)) {
        walk->levels[node->depth].level = level;
        walk->levels[node->depth].container = !leaf;
        walk->levels[node->depth].has_text = leaf;
        walk->levels[node->depth].has_num = has_num;
        walk->levels[node->depth].num = num;
        walk->levels[node->depth].items = 0;
        walk->levels[node->depth].others = 0;
    }
    if (leaf) {
        out->kind = HIK_MANSCDP_STEP_LEAF;
        out->field = field_of(walk->xml.buf, parent_level, node->name);
        return;
    }
    out->kind = HIK_MANSCDP_STEP_OPEN;
    out->level = level;
    out->deep = deep;
    if (deep)
        return;
    walk->containers++;
    if (empty) {
        /* <DeviceList Num="0"/>: its end comes next. Nothing is waiting, or this tag would not have been read. */
        struct hik_xml_node *end = &walk->ahead[walk->ahead_count++];

        memset(end, 0, sizeof *end);
        end->kind = HIK_XML_CLOSE;
        end->depth = node->depth;
        end->name = node->name;
        end->all.off = node->all.off + node->all.len;
    }
}

/* read_element() for the elements nearly every body consists of. */
static bool read_leaf(struct hik_manscdp_walk *walk, struct hik_manscdp_step *out)
{
    const uint8_t *buf = walk->xml.buf;
    struct hik_xml_leaf leaf;
    unsigned parent;

    if (walk->ahead_count > 0 || !hik_xml_peek_leaf(&walk->xml, &leaf) || hik_xml_is(buf, leaf.name, "Item") ||
        ends_in_list(buf, leaf.name))
        return false;
    parent = parent_of(walk, walk->xml.depth);
    if (walk->levels[parent].level == HIK_MANSCDP_LEVEL_LIST)
        walk->levels[parent].others++;
    memset(out, 0, sizeof *out);
    out->kind = HIK_MANSCDP_STEP_LEAF;
    out->all = leaf.all;
    out->name = leaf.name;
    out->value = leaf.value;
    out->depth = walk->containers;
    out->field = field_of(buf, walk->levels[parent].level, leaf.name);
    hik_xml_skip_leaf(&walk->xml, &leaf);
    return true;
}

bool hik_manscdp_next(struct hik_manscdp_walk *walk, struct hik_manscdp_step *out)
{
    struct hik_xml_node node;

    if (read_leaf(walk, out))
        return true;
    while (pull(walk, &node)) {
        memset(out, 0, sizeof *out);
        out->faults = node.faults;
        out->all = node.all;
        out->name = node.name;
        out->attrs = node.attrs;
        out->depth = walk->containers;
        switch (node.kind) {
        case HIK_XML_OPEN:
        case HIK_XML_EMPTY:
            read_element(walk, &node, out);
            return true;
        case HIK_XML_CLOSE:
            if (node.depth < HIK_XML_MAX_DEPTH && walk->levels[node.depth].container) {
                walk->containers--;
                out->depth = walk->containers;
                out->kind = HIK_MANSCDP_STEP_CLOSE;
                out->level = walk->levels[node.depth].level;
                out->has_num = walk->levels[node.depth].has_num;
                out->num = walk->levels[node.depth].num;
                out->named_items = walk->levels[node.depth].items > 0;
                out->items = out->named_items ? walk->levels[node.depth].items
                                                            : walk->levels[node.depth].others;
                return true;
            }
            if (node.faults == 0)
                continue;
            out->kind = HIK_MANSCDP_STEP_OTHER;
            out->all.len = 0;
            return true;
        case HIK_XML_TEXT:
            out->kind = HIK_MANSCDP_STEP_TEXT;
            out->value = node.all;
            return true;
        case HIK_XML_DECLARATION:
            out->kind = HIK_MANSCDP_STEP_DECLARATION;
            return true;
        case HIK_XML_COMMENT:
            out->kind = HIK_MANSCDP_STEP_COMMENT;
            out->value = node.all;
            return true;
        case HIK_XML_PADDING:
            out->kind = HIK_MANSCDP_STEP_PADDING;
            return true;
        case HIK_XML_OTHER:
        default:
            out->kind = HIK_MANSCDP_STEP_OTHER;
            return true;
        }
    }
    return false;
}

/* ---- the message as a whole ---------------------------------------------------------------------------------- */

static enum hik_manscdp_root root_of(const uint8_t *buf, struct hik_xml_piece name)
{
    if (hik_xml_is(buf, name, "Control"))
        return HIK_MANSCDP_ROOT_CONTROL;
    if (hik_xml_is(buf, name, "Query"))
        return HIK_MANSCDP_ROOT_QUERY;
    if (hik_xml_is(buf, name, "Notify"))
        return HIK_MANSCDP_ROOT_NOTIFY;
    if (hik_xml_is(buf, name, "Response"))
        return HIK_MANSCDP_ROOT_RESPONSE;
    return HIK_MANSCDP_ROOT_OTHER;
}

static void set_once(struct hik_xml_piece *where, struct hik_xml_piece value)
{
    if (where->len == 0)
        *where = value;
}

/* A value with a field of its own, of an element or an attribute. */
static void read_value(const uint8_t *buf, struct hik_manscdp *out, struct hik_manscdp_item *item,
                       enum hik_manscdp_field field, struct hik_xml_piece value)
{
    size_t i;

    switch (field) {
    case HIK_MANSCDP_CMD_TYPE:
        if (out->cmd_type.len > 0 || value.len == 0)
            break;
        out->cmd_type = value;
        for (i = 0; i < G_N_ELEMENTS(commands); i++) {
            if (hik_xml_is(buf, value, commands[i])) {
                out->cmd = commands[i];
                break;
            }
        }
        break;
    case HIK_MANSCDP_SN:
        if (out->sn_text.len == 0) {
            out->sn_text = value;
            out->has_sn = hik_manscdp_number(buf, value, &out->sn);
        }
        break;
    case HIK_MANSCDP_SUM_NUM:
        if (!out->has_sum_num)
            out->has_sum_num = hik_manscdp_number(buf, value, &out->sum_num);
        break;
    case HIK_MANSCDP_NUM:
        if (!out->has_num)
            out->has_num = hik_manscdp_number(buf, value, &out->num);
        break;
    case HIK_MANSCDP_DEVICE_ID: set_once(&out->device_id, value); break;
    case HIK_MANSCDP_RESULT: set_once(&out->result, value); break;
    case HIK_MANSCDP_STATUS: set_once(&out->status, value); break;
    case HIK_MANSCDP_UPGRADE_RESULT: set_once(&out->upgrade_result, value); break;
    case HIK_MANSCDP_NOTIFY_TYPE: set_once(&out->notify_type, value); break;
    case HIK_MANSCDP_PTZ_CMD: set_once(&out->ptz_cmd, value); break;
    case HIK_MANSCDP_ENCODING: set_once(&out->encoding, value); break;
    case HIK_MANSCDP_ITEM_DEVICE_ID: set_once(&item->device_id, value); break;
    case HIK_MANSCDP_ITEM_NAME: set_once(&item->name, value); break;
    case HIK_MANSCDP_ITEM_STATUS: set_once(&item->status, value); break;
    case HIK_MANSCDP_ITEM_PARENT_ID: set_once(&item->parent_id, value); break;
    case HIK_MANSCDP_ITEM_EVENT: set_once(&item->event, value); break;
    case HIK_MANSCDP_ITEM_CIVIL_CODE: set_once(&item->civil_code, value); break;
    case HIK_MANSCDP_ELEMENT:
    default: break;
    }
}

static void read_attrs(const uint8_t *buf, const struct hik_manscdp_step *step, struct hik_manscdp *out,
                       struct hik_manscdp_item *item)
{
    struct hik_xml_piece name, value;
    uint32_t cursor = 0;

    while (hik_xml_next_attr(buf, step->attrs, &cursor, &name, &value))
        read_value(buf, out, item, hik_manscdp_attr_field(buf, step, name), value);
}

void hik_manscdp_read(const uint8_t *buf, size_t len, hik_manscdp_item_cb item_cb, void *user, struct hik_manscdp *out)
{
    struct hik_manscdp_walk walk;
    struct hik_manscdp_step step;
    struct hik_manscdp_item item;
    enum hik_charset declared = HIK_CHARSET_UNKNOWN;
    bool charset_known = false;
    unsigned kind;

    memset(out, 0, sizeof *out);
    memset(&item, 0, sizeof item);
    hik_manscdp_start(&walk, buf, len);
    while (hik_manscdp_next(&walk, &step)) {
        for (kind = 0; step.faults >> kind && kind < HIK_MANSCDP_FAULTS; kind++) {
            if ((step.faults & 1U << kind) && !(out->faults & 1U << kind)) {
                out->faults |= 1U << kind;
                out->fault_at[kind] = step.all;
            }
        }
        if (step.attrs.len > 0)
            read_attrs(buf, &step, out, &item);
        if (!charset_known && step.kind != HIK_MANSCDP_STEP_DECLARATION) {
            /* The declaration, if there is one, was before this. */
            charset_known = true;
            if (out->encoding.len > 0)
                declared = hik_charset_of_name(buf + out->encoding.off, out->encoding.len);
            hik_charset_decide(buf, len, declared, &out->charset);
            out->charset.foreign = !out->charset.ascii_only && out->encoding.len > 0 &&
                                   hik_charset_is_foreign(buf + out->encoding.off, out->encoding.len);
        }
        switch (step.kind) {
        case HIK_MANSCDP_STEP_OPEN:
            out->elements++;
            if (step.depth + 1 > out->max_depth)
                out->max_depth = step.depth + 1;
            if (step.level == HIK_MANSCDP_LEVEL_ROOT && out->root == HIK_MANSCDP_ROOT_NONE) {
                out->root = root_of(buf, step.name);
                out->root_name = step.name;
            } else if (step.level == HIK_MANSCDP_LEVEL_ITEM) {
                out->items++;
                memset(&item, 0, sizeof item);
                read_attrs(buf, &step, out, &item);
            } else if (step.level == HIK_MANSCDP_LEVEL_OTHER && step.depth == 1) {
                set_once(&out->action_name, step.name);
            }
            break;
        case HIK_MANSCDP_STEP_CLOSE:
            if (step.level == HIK_MANSCDP_LEVEL_ITEM && item_cb)
                item_cb(&item, out, user);
            if (step.level == HIK_MANSCDP_LEVEL_LIST && step.has_num && step.num != step.items)
                out->num_wrong = true;
            if (step.level == HIK_MANSCDP_LEVEL_LIST && step.has_num && !step.named_items)
                out->items += step.items;
            break;
        case HIK_MANSCDP_STEP_LEAF:
            out->elements++;
            if (step.depth + 1 > out->max_depth)
                out->max_depth = step.depth + 1;
            read_value(buf, out, &item, step.field, step.value);
            if ((step.field == HIK_MANSCDP_ELEMENT || step.field == HIK_MANSCDP_UPGRADE_RESULT) && step.depth == 1 && out->action_name.len == 0) {
                out->action_name = step.name;
                out->action = step.value;
            }
            break;
        case HIK_MANSCDP_STEP_DECLARATION:
        case HIK_MANSCDP_STEP_TEXT:
        case HIK_MANSCDP_STEP_COMMENT:
        case HIK_MANSCDP_STEP_OTHER:
        case HIK_MANSCDP_STEP_PADDING:
        default:
            break;
        }
    }
    if (!charset_known)
        hik_charset_decide(buf, len, declared, &out->charset);
    if (out->root == HIK_MANSCDP_ROOT_NONE)
        out->faults |= HIK_XML_FAULT_NO_ROOT;
}

bool hik_manscdp_looks_like(const uint8_t *buf, size_t len)
{
    struct hik_manscdp_walk walk;
    struct hik_manscdp_step step;
    unsigned steps = 0;
    bool root = false;

    if (len > 4096)
        len = 4096;
    hik_manscdp_start(&walk, buf, len);
    while (steps++ < 64 && hik_manscdp_next(&walk, &step)) {
        struct hik_xml_piece name, value;
        uint32_t cursor = 0;

        if (!root) {
            if (step.kind == HIK_MANSCDP_STEP_TEXT)
                return false;
            if (step.kind != HIK_MANSCDP_STEP_OPEN)
                continue;
            if (step.level != HIK_MANSCDP_LEVEL_ROOT || root_of(buf, step.name) == HIK_MANSCDP_ROOT_OTHER)
                return false;
            root = true;
            while (hik_xml_next_attr(buf, step.attrs, &cursor, &name, &value)) {
                if (hik_xml_is(buf, name, "CmdType"))
                    return true;
            }
        } else if (step.kind == HIK_MANSCDP_STEP_LEAF && step.field == HIK_MANSCDP_CMD_TYPE) {
            return true;
        } else if (step.kind == HIK_MANSCDP_STEP_CLOSE && step.level == HIK_MANSCDP_LEVEL_ROOT) {
            return false;
        }
    }
    return false;
}

/* Appends at most 40 bytes of the body, what is not printable ASCII as '?'. */
static void add_text(GString *text, const uint8_t *buf, struct hik_xml_piece piece)
{
    uint32_t i, len = piece.len > 40 ? 40 : piece.len;

    for (i = 0; i < len; i++)
        g_string_append_c(text, g_ascii_isprint(buf[piece.off + i]) ? (char)buf[piece.off + i] : '?');
    if (len < piece.len)
        g_string_append(text, "...");
}

static void describe_control(GString *text, const uint8_t *buf, const struct hik_manscdp *message)
{
    struct hik_ptz ptz;
    char move[96];

    if (message->ptz_cmd.len > 0) {
        if (hik_ptz_parse(buf + message->ptz_cmd.off, message->ptz_cmd.len, &ptz)) {
            hik_ptz_describe(&ptz, move, sizeof move);
            g_string_append_printf(text, "PTZ %s", move);
        } else {
            g_string_append(text, "PTZ unreadable");
        }
        return;
    }
    add_text(text, buf, message->action_name.len > 0 ? message->action_name : message->cmd_type);
    if (message->action.len > 0) {
        g_string_append_c(text, ' ');
        add_text(text, buf, message->action);
    }
}

void hik_manscdp_describe(const uint8_t *buf, const struct hik_manscdp *message, uint32_t received, char *out, size_t room)
{
    GString *text = g_string_sized_new(96);
    const char *cmd = message->cmd ? message->cmd : "";
    uint32_t type;

    if (message->root == HIK_MANSCDP_ROOT_CONTROL && (!*cmd || strcmp(cmd, "DeviceControl") == 0)) {
        describe_control(text, buf, message);
        if (text->len == 0)
            g_string_append(text, "Control");
        g_strlcpy(out, text->str, room);
        g_string_free(text, TRUE);
        return;
    }
    if (message->cmd_type.len == 0 && message->root_name.len == 0)
        g_string_append(text, "XML");
    else if (*cmd)
        g_string_append(text, cmd);
    else
        add_text(text, buf, message->cmd_type.len > 0 ? message->cmd_type : message->root_name);

    if (strcmp(cmd, "MediaStatus") == 0 && message->notify_type.len > 0) {
        g_string_append_c(text, ' ');
        add_text(text, buf, message->notify_type);
        if (hik_manscdp_number(buf, message->notify_type, &type) && type == 121)
            g_string_append(text, " (end of file)");
    } else if (message->has_sum_num) {
        g_string_append_printf(text, " %u/%u items", received, message->sum_num);
    } else if (message->root == HIK_MANSCDP_ROOT_QUERY) {
        g_string_append(text, " query");
    } else if (message->root == HIK_MANSCDP_ROOT_CONTROL) {
        g_string_append(text, " control");
    } else if (message->has_num || message->items > 0) {
        g_string_append_printf(text, " %u item%s", message->items, message->items == 1 ? "" : "s");
    } else if (message->result.len > 0) {
        g_string_append_c(text, ' ');
        add_text(text, buf, message->result);
    } else if (message->root == HIK_MANSCDP_ROOT_NOTIFY && message->status.len > 0) {
        g_string_append_c(text, ' ');
        add_text(text, buf, message->status);
    } else if (message->root == HIK_MANSCDP_ROOT_RESPONSE) {
        g_string_append(text, " response");
    } else if (message->root == HIK_MANSCDP_ROOT_NOTIFY) {
        g_string_append(text, " notify");
    }
    g_strlcpy(out, text->str, room);
    g_string_free(text, TRUE);
}
