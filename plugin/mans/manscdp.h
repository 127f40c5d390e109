/* manscdp.h
 * A MANSCDP body (GB/T 28181-2016 annex A, 2022 annex A) step by step: which element is which field, what the message
 * says as a whole. Lenient: built on mans-xml, takes CmdType and SN as elements or attributes, names in any case.
 *
 * Pure: no Wireshark header, GLib at most, no allocation, no recursion, linear.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_MANSCDP_H
#define HIK_MANSCDP_H

#include "charset.h"
#include "xml-scan.h"

/* Values with a filter name of their own; everything else is ELEMENT. ROOT means directly below the root element. */
enum hik_manscdp_field {
    HIK_MANSCDP_ELEMENT,
    HIK_MANSCDP_CMD_TYPE,
    HIK_MANSCDP_SN,
    HIK_MANSCDP_DEVICE_ID,
    HIK_MANSCDP_RESULT,
    HIK_MANSCDP_STATUS,      /* of a Keepalive and the like; shown as an element */
    HIK_MANSCDP_SUM_NUM,
    HIK_MANSCDP_NUM,         /* attribute of a list */
    HIK_MANSCDP_NOTIFY_TYPE,
    HIK_MANSCDP_PTZ_CMD,
    HIK_MANSCDP_ITEM_DEVICE_ID,
    HIK_MANSCDP_ITEM_NAME,
    HIK_MANSCDP_ITEM_STATUS,
    HIK_MANSCDP_ITEM_PARENT_ID,
    HIK_MANSCDP_ITEM_EVENT,  /* shown as an element */
    HIK_MANSCDP_ITEM_CIVIL_CODE, /* shown as an element */
    HIK_MANSCDP_UPGRADE_RESULT, /* shown as an element */
    HIK_MANSCDP_ENCODING     /* attribute of the declaration */
};

enum hik_manscdp_level {
    HIK_MANSCDP_LEVEL_OTHER,
    HIK_MANSCDP_LEVEL_ROOT,
    HIK_MANSCDP_LEVEL_LIST, /* has a Num attribute, or a name that ends in List */
    HIK_MANSCDP_LEVEL_ITEM  /* Item */
};

enum hik_manscdp_step_kind {
    HIK_MANSCDP_STEP_DECLARATION,
    HIK_MANSCDP_STEP_OPEN,    /* an element with others inside; a CLOSE follows unless deep */
    HIK_MANSCDP_STEP_CLOSE,
    HIK_MANSCDP_STEP_LEAF,    /* an element with a value, or with nothing inside */
    HIK_MANSCDP_STEP_TEXT,    /* text that is no element's value */
    HIK_MANSCDP_STEP_COMMENT,
    HIK_MANSCDP_STEP_OTHER,   /* DOCTYPE, processing instructions, stray end tags; all.len 0: only its faults count */
    HIK_MANSCDP_STEP_PADDING
};

struct hik_manscdp_step {
    enum hik_manscdp_step_kind kind;
    unsigned faults;              /* HIK_XML_FAULT_* */
    struct hik_xml_piece all;     /* OPEN: the start tag; LEAF: start tag to end tag */
    struct hik_xml_piece name;
    struct hik_xml_piece value;   /* LEAF: may be empty; TEXT and COMMENT: all of it */
    struct hik_xml_piece attrs;   /* OPEN, LEAF, DECLARATION: for hik_xml_next_attr() */
    unsigned depth;               /* OPEN steps around this one that are not closed; at most HIK_XML_MAX_DEPTH */
    enum hik_manscdp_level level; /* OPEN, CLOSE */
    enum hik_manscdp_field field; /* LEAF */
    bool deep;                    /* OPEN: nested too deep, no CLOSE follows */
    uint32_t item_number;         /* OPEN of an ITEM: 1.. in its list */
    bool has_num;                 /* CLOSE of a LIST: it has a Num */
    uint32_t num;
    uint32_t items;               /* CLOSE of a LIST: how many Items it had; if none, how many elements */
    bool named_items;             /* CLOSE of a LIST: items counts Items */
};

struct hik_manscdp_walk {
    struct hik_xml xml;
    struct hik_xml_node ahead[2]; /* read but not given out */
    unsigned ahead_count;
    unsigned containers;          /* open levels that are containers */
    struct {
        enum hik_manscdp_level level;
        bool container;           /* given out as OPEN */
        bool has_text;            /* has a value: what follows inside belongs beside it (missing end tag) */
        bool has_num;
        uint32_t num, items, others; /* elements directly inside: Items, others */
    } levels[HIK_XML_MAX_DEPTH];
};

void hik_manscdp_start(struct hik_manscdp_walk *walk, const uint8_t *buf, size_t len);
bool hik_manscdp_next(struct hik_manscdp_walk *walk, struct hik_manscdp_step *out);
/* The field an attribute of this step is. */
enum hik_manscdp_field hik_manscdp_attr_field(const uint8_t *buf, const struct hik_manscdp_step *step,
                                              struct hik_xml_piece name);

enum hik_manscdp_root {
    HIK_MANSCDP_ROOT_NONE,
    HIK_MANSCDP_ROOT_CONTROL,
    HIK_MANSCDP_ROOT_QUERY,
    HIK_MANSCDP_ROOT_NOTIFY,
    HIK_MANSCDP_ROOT_RESPONSE,
    HIK_MANSCDP_ROOT_OTHER
};

#define HIK_MANSCDP_FAULTS 9 /* kinds of faults: bits 0-8 of HIK_XML_FAULT_* */

/* What a message says as a whole. Pieces with len 0 are not there. The first of each counts. */
struct hik_manscdp {
    enum hik_manscdp_root root;
    struct hik_xml_piece root_name;
    struct hik_xml_piece cmd_type;
    const char *cmd;            /* the standard's spelling of cmd_type, NULL if it is none of its */
    struct hik_xml_piece sn_text, device_id, result, status, upgrade_result, notify_type, ptz_cmd, encoding;
    bool has_sn, has_sum_num, has_num;
    uint32_t sn;                /* has_sn: SN is a number that fits */
    uint32_t sum_num;
    uint32_t num;               /* Num of the first list that has one */
    uint32_t items;             /* Items, and of lists without Items their elements */
    bool num_wrong;             /* a list's Num is not its number of Items */
    struct hik_xml_piece action, action_name; /* first other element below the root */
    unsigned faults;
    struct hik_xml_piece fault_at[HIK_MANSCDP_FAULTS]; /* first place of each kind */
    uint32_t elements;          /* start tags */
    unsigned max_depth;
    struct hik_charset_choice charset;
};

/* The fields of one Item that a catalog teaches. */
struct hik_manscdp_item {
    struct hik_xml_piece device_id, name, status, parent_id, event, civil_code;
};
typedef void (*hik_manscdp_item_cb)(const struct hik_manscdp_item *item, const struct hik_manscdp *so_far, void *user);

/* Reads a whole body. item_cb may be NULL; it is called at the end of each Item. so_far has what came before. */
void hik_manscdp_read(const uint8_t *buf, size_t len, hik_manscdp_item_cb item_cb, void *user, struct hik_manscdp *out);

/* Does the body begin like one: root element Control, Query, Notify or Response with a CmdType? Looks at no more than
 * the first 4,096 bytes. */
bool hik_manscdp_looks_like(const uint8_t *buf, size_t len);

/* A short remark for the packet list: "Keepalive OK", "Catalog 4/10 items", "PTZ left 31". received: items of this SN
 * up to this message. Printable ASCII, NUL-terminated, at most room bytes. */
void hik_manscdp_describe(const uint8_t *buf, const struct hik_manscdp *message, uint32_t received, char *out, size_t room);

/* Unsigned decimal, blanks around it allowed. */
bool hik_manscdp_number(const uint8_t *buf, struct hik_xml_piece piece, uint32_t *out);

#endif
