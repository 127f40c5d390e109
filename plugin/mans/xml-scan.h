/* xml-scan.h
 * A forward scanner for the XML that video platforms send (MANSCDP bodies): takes what can be taken, never fails.
 * Unescaped '&' and '<', missing and stray end tags, broken declarations, cut bodies are read on and noted.
 *
 * Pure: GLib at most, no Wireshark header, no allocation, no recursion. Each byte is looked at a bounded number of times. Works on
 * UTF-8 and GB 18030 alike, because no trail byte of either is a character that XML gives a meaning to.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_MANS_XML_H
#define HIK_MANS_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <glib.h>

/* Elements nested deeper are still read, but their end tags are counted, not matched by name. */
#define HIK_XML_MAX_DEPTH 48

/* A piece of the body. */
struct hik_xml_piece {
    uint32_t off;
    uint32_t len;
};

enum hik_xml_kind {
    HIK_XML_DECLARATION, /* <?xml ... ?>, also when written badly */
    HIK_XML_OPEN,        /* <name ...> */
    HIK_XML_EMPTY,       /* <name ... />: no CLOSE follows */
    HIK_XML_CLOSE,       /* </name>, or implied: all.len is 0 */
    HIK_XML_TEXT,        /* text and CDATA up to the next tag, white space at both ends left out */
    HIK_XML_COMMENT,     /* <!-- --> with no text before it */
    HIK_XML_OTHER,       /* <!DOCTYPE>, <?...?> and the like */
    HIK_XML_PADDING      /* NULs (and white space) at the end */
};

/* What is wrong; bits of hik_xml_node.faults. */
enum {
    HIK_XML_FAULT_NO_END = 1 << 0,       /* CLOSE: the element's end tag is missing */
    HIK_XML_FAULT_STRAY_END = 1 << 1,    /* OTHER: an end tag that ends nothing */
    HIK_XML_FAULT_CUT = 1 << 2,          /* the body ends, or the next tag begins, inside this tag */
    HIK_XML_FAULT_OUTSIDE = 1 << 3,      /* TEXT: outside the root element */
    HIK_XML_FAULT_AMPERSAND = 1 << 4,    /* TEXT: an '&' that begins no entity */
    HIK_XML_FAULT_LESS_THAN = 1 << 5,    /* TEXT: a '<' that begins no tag */
    HIK_XML_FAULT_DECLARATION = 1 << 6,  /* DECLARATION: not ended by "?>", or not begun by "<?xml" */
    HIK_XML_FAULT_CASE = 1 << 7,         /* CLOSE: end tag differs from its start tag in case */
    HIK_XML_FAULT_NO_ROOT = 1 << 8       /* no element at all: never in a node, for callers */
};

struct hik_xml_node {
    enum hik_xml_kind kind;
    unsigned faults;
    struct hik_xml_piece all;   /* all its bytes */
    struct hik_xml_piece name;  /* OPEN, EMPTY, CLOSE: without a namespace prefix */
    struct hik_xml_piece attrs; /* OPEN, EMPTY, DECLARATION: what stands behind the name */
    unsigned depth;             /* OPEN, EMPTY, CLOSE: elements around it, 0 for the root; others: elements open */
};

struct hik_xml {
    const uint8_t *buf;
    uint32_t len;
    uint32_t pos;
    uint32_t end;          /* len without NULs at the end */
    unsigned depth;        /* open elements, all of them */
    bool had_root;
    bool no_comment_end;   /* no "-->" from here on: don't look again */
    bool no_cdata_end;     /* the same for "]]>" */
    unsigned implied;      /* CLOSE nodes to give out before the end tag at pos */
    struct hik_xml_piece open[HIK_XML_MAX_DEPTH]; /* names */
    uint64_t work;         /* bytes looked at, for the tests */
};

/* Starts on a body of at most UINT32_MAX bytes, which must outlive the scanner. A UTF-8 byte order mark is skipped. */
void hik_xml_start(struct hik_xml *xml, const uint8_t *buf, size_t len);

/* The next piece. False at the end, when every element has been closed. */
bool hik_xml_next(struct hik_xml *xml, struct hik_xml_node *out);

/* An element of the usual kind: <name>text</name> below the root; the name of letters and digits, no attribute,
 * entity, comment or fault. */
struct hik_xml_leaf {
    struct hik_xml_piece all;
    struct hik_xml_piece name;
    struct hik_xml_piece value; /* never empty */
};

/* Is one of those next? Nothing moves; hik_xml_skip_leaf() goes behind it. hik_xml_next() would give the same in three
 * pieces and ten times the work. */
bool hik_xml_peek_leaf(struct hik_xml *xml, struct hik_xml_leaf *out);
static inline void hik_xml_skip_leaf(struct hik_xml *xml, const struct hik_xml_leaf *leaf)
{
    xml->pos = leaf->all.off + leaf->all.len;
}

/* Is the next piece certainly a start tag? */
bool hik_xml_opens_next(const struct hik_xml *xml);

/* Walks name="value" pairs in a node's attrs; *cursor starts as 0. Quotes may be single, double or missing. */
bool hik_xml_next_attr(const uint8_t *buf, struct hik_xml_piece attrs, uint32_t *cursor, struct hik_xml_piece *name,
                       struct hik_xml_piece *value);

/* In place: takes the marks of CDATA sections and whole comments out and decodes &amp; &lt; &gt; &quot; &apos; &#n;
 * &#xn; in NUL-terminated UTF-8. What is no entity stays as written. Returns the new length. */
size_t hik_xml_unescape(char *utf8);

/* Compares a piece with an ASCII string without case. Inline: with a literal, most calls end at the length or come down to a
 * comparison of a few words. */
static inline bool hik_xml_is(const uint8_t *buf, struct hik_xml_piece piece, const char *text)
{
    return strlen(text) == piece.len &&
           (memcmp(buf + piece.off, text, strlen(text)) == 0 ||
            (((buf[piece.off] ^ (uint8_t)text[0]) & 0xDF) == 0 &&
             g_ascii_strncasecmp((const char *)buf + piece.off, text, piece.len) == 0));
}

#endif
