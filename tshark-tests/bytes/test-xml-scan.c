/* test-xml-scan.c
 * Byte tests of the lenient XML scanner: each kind of brokenness, hostile bytes, linear work.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "xml-scan.h"

#include <string.h>

#include <glib.h>

/* The bytes in memory of exactly their size, so that a read past the end is caught. */
static uint8_t *exact(const char *text, size_t len)
{
    uint8_t *copy = g_malloc(len ? len : 1);

    memcpy(copy, text, len);
    return copy;
}

static void add_piece(GString *out, const uint8_t *buf, struct hik_xml_piece piece)
{
    uint32_t i;

    for (i = 0; i < piece.len; i++) {
        uint8_t c = buf[piece.off + i];

        if (c >= 0x20 && c != '|' && c < 0x7F)
            g_string_append_c(out, (char)c);
        else
            g_string_append_printf(out, "\\%02x", c);
    }
}

/* One node a bar: kind, depth, name or text, attributes in (), faults as !hex. */
static char *trace(const char *text, size_t len)
{
    static const char kinds[] = { 'D', '+', '*', '-', '=', '#', '?', '0' };
    uint8_t *buf = exact(text, len);
    GString *out = g_string_new("");
    struct hik_xml xml;
    struct hik_xml_node node;
    unsigned open = 0;

    hik_xml_start(&xml, buf, len);
    while (hik_xml_next(&xml, &node)) {
        struct hik_xml_piece name, value;
        uint32_t cursor = 0;

        g_assert_cmpuint((uint64_t)node.all.off + node.all.len, <=, len);
        g_assert_cmpuint((uint64_t)node.name.off + node.name.len, <=, len);
        g_assert_cmpuint((uint64_t)node.attrs.off + node.attrs.len, <=, len);
        if (node.kind == HIK_XML_OPEN)
            g_assert_cmpuint(node.depth, ==, open++);
        else if (node.kind == HIK_XML_CLOSE)
            g_assert_cmpuint(node.depth, ==, --open);
        g_string_append_printf(out, "%s%c%u", out->len ? "|" : "", kinds[node.kind], node.depth);
        if (node.kind == HIK_XML_TEXT || node.kind == HIK_XML_COMMENT || node.kind == HIK_XML_OTHER ||
            node.kind == HIK_XML_PADDING)
            add_piece(out, buf, node.all);
        else if (node.kind != HIK_XML_DECLARATION)
            add_piece(out, buf, node.name);
        while (hik_xml_next_attr(buf, node.attrs, &cursor, &name, &value)) {
            g_string_append_c(out, '(');
            add_piece(out, buf, name);
            g_string_append_c(out, '=');
            add_piece(out, buf, value);
            g_string_append_c(out, ')');
        }
        if (node.faults)
            g_string_append_printf(out, "!%x", node.faults);
    }
    g_assert_cmpuint(open, ==, 0);
    g_assert_false(hik_xml_next(&xml, &node));
    g_free(buf);
    return g_string_free(out, FALSE);
}

static void check(const char *text, size_t len, const char *expected)
{
    char *seen = trace(text, len);

    g_assert_cmpstr(seen, ==, expected);
    g_free(seen);
}

#define CHECK(text, expected) check(text, sizeof(text) - 1, expected)

static void test_well_formed(void)
{
    CHECK("<?xml version=\"1.0\" encoding='GB2312' ?>\r\n<Query>\r\n<SN>17</SN>\n</Query>\r\n",
          "D0(version=1.0)(encoding=GB2312)|+0Query|+1SN|=217|-1SN|-0Query");
    CHECK("<Query CmdType=\"Catalog\" SN = '17'><a:DeviceID/></Query>",
          "+0Query(CmdType=Catalog)(SN=17)|*1DeviceID|-0Query");
    CHECK("<a><!-- x --><b> 1 2 </b><![CDATA[<c>]]></a><!---->",
          "+0a|#1<!-- x -->|+1b|=21 2|-1b|=1<![CDATA[<c>]]>|-0a|#0<!---->");
    CHECK("<a>1<!-- <b> -->2</a >", "+0a|=11<!-- <b> -->2|-0a");
    CHECK("<a x=\"1>2\" y='\"'>z</a>", "+0a(x=1>2)(y=\")|=1z|-0a");
    CHECK("<a\r\n b = c\td/>", "*0a(b=c)(d=)");
    CHECK("<a>&lt;&#20;&#x4e1c;</a>", "+0a|=1&lt;&#20;&#x4e1c;|-0a");
    CHECK("<!DOCTYPE a><a><?php x?></a>", "?0<!DOCTYPE a>|+0a|?1<?php x?>|-0a");
    CHECK("\xEF\xBB\xBF<a/>", "*0a");
    CHECK("<\xB6\xAB>\xC3\xC5</\xB6\xAB>", "+0\\b6\\ab|=1\\c3\\c5|-0\\b6\\ab");
    CHECK("", "");
    CHECK(" \r\n\t", "");
    CHECK("<a></a><b></b>", "+0a|-0a|+0b|-0b");
}

static void test_declarations(void)
{
    CHECK("<?xml version=\"1.0\" encoding=\"GB2312\"><a/>", "D0(version=1.0)(encoding=GB2312)!40|*0a");
    CHECK("<? xml version=\"1.0\"?><a/>", "D0(version=1.0)!40|*0a");
    CHECK("<xml version=\"1.0\" encoding=\"GBK\"?><a/>", "D0(version=1.0)(encoding=GBK)!40|*0a");
    CHECK("<?xml version=1.0 encoding=GB2312?><a/>", "D0(version=1.0)(encoding=GB2312)|*0a");
    CHECK("<?xml version=\"1.0\" encoding=\"GB2312?><a/>", "D0(version=1.0)(encoding=GB2312)|*0a");
    CHECK("<?xml version=\"1.0\"\r\n<a/>", "D0(version=1.0)!44|*0a");
    CHECK("<?XML?><a/>", "D0|*0a");
    CHECK("<?xml", "D0!44");
    CHECK("<xml><a/></xml>", "D0!40|*0a|?0</xml>!2");
}

static void test_text(void)
{
    CHECK("<a>b & c</a>", "+0a|=1b & c!10|-0a");
    CHECK("<a>b&c;d</a>", "+0a|=1b&c;d|-0a");
    CHECK("<a>&</a>", "+0a|=1&!10|-0a");
    CHECK("<a>&amp</a>", "+0a|=1&amp!10|-0a");
    CHECK("<a><![CDATA[b & c]]></a>", "+0a|=1<![CDATA[b & c]]>|-0a");
    CHECK("<a>1 < 2 <= 3 <</a>", "+0a|=11 < 2 <= 3 <!20|-0a");
    CHECK("<a><></a>", "+0a|=1<>!20|-0a");
    CHECK("x<a/>y", "=0x!8|*0a|=0y!8");
    CHECK("<a>b<!-- c</a>", "+0a|=1b<!-- c!20|-0a");
    CHECK("<a><!-- c</a>", "+0a|=1<!-- c!20|-0a");
    CHECK("<a><![CDATA[b</a>", "+0a|=1<![CDATA[b!4|-0a");
    CHECK("<a>\0b</a>", "+0a|=1\\00b|-0a");
}

static void test_end_tags(void)
{
    CHECK("<a><b>1</a>", "+0a|+1b|=21|-1b!1|-0a");
    CHECK("<a><b>1<c>2</c></a>", "+0a|+1b|=21|+2c|=32|-2c|-1b!1|-0a");
    CHECK("<a><b><c>1</a><d/>", "+0a|+1b|+2c|=31|-2c!1|-1b!1|-0a|*0d");
    CHECK("<a>1</b></a>", "+0a|=11|?1</b>!2|-0a");
    CHECK("</a>", "?0</a>!2");
    CHECK("<Name>1</name>", "+0Name|=11|-0name!80");
    CHECK("<a>1</ a>", "+0a|=11|-0a");
    CHECK("<a>1</n:a>", "+0a|=11|-0a");
    CHECK("<a>1</a x=1>", "+0a|=11|-0a");
    CHECK("<a>1</>2</a>", "+0a|=11</>2!20|-0a");
}

static void test_cut(void)
{
    CHECK("<a><b>1", "+0a|+1b|=21|-1b!1|-0a!1");
    CHECK("<a><b>1</b", "+0a|+1b|=21|-1b!4|-0a!1");
    CHECK("<a><b>1</", "+0a|+1b|=21|?2</!6|-1b!1|-0a!1");
    CHECK("<a><b>1<", "+0a|+1b|=21|?2<!4|-1b!1|-0a!1");
    CHECK("<a><b", "+0a|+1b!4|-1b!1|-0a!1");
    CHECK("<a b=\"c", "+0a(b=c)!4|-0a!1");
    CHECK("<a b=\"c>1</a>", "+0a(b=c)!4|=11|-0a");
    CHECK("<a b=\"c<d/></a>", "+0a(b=c)!4|*1d|-0a");
    CHECK("<a <b>1</b></a>", "+0a!4|+1b|=21|-1b|-0a");
    CHECK("<!DOC", "?0<!DOC!4");
    CHECK("<?x y", "?0<?x y!4");
    CHECK("<!", "?0<!!4");
    CHECK("<!-", "=0<!-!28");
}

static void test_padding(void)
{
    CHECK("<a/>\0", "*0a|00\\00");
    CHECK("<a/>\r\n\0\0\r\n", "*0a|00\\00\\00\\0d\\0a");
    CHECK("<a>1\0", "+0a|=11|-0a!1|00\\00");
    CHECK("\0\0", "00\\00\\00");
}

static void check_unescape(const char *in, const char *expected)
{
    char *text = g_strdup(in);
    size_t n = hik_xml_unescape(text);

    g_assert_cmpstr(text, ==, expected);
    g_assert_cmpuint(n, ==, strlen(expected));
    g_free(text);
}

static void test_unescape(void)
{
    check_unescape("", "");
    check_unescape("a&amp;b&lt;&gt;&quot;&apos;", "a&b<>\"'");
    check_unescape("&#x4E1C;&#38376;&#65;", "\xE4\xB8\x9C\xE9\x97\xA8" "A");
    check_unescape("&#x1F600;", "\xF0\x9F\x98\x80");
    check_unescape("a & b &x; &amp &#; &#x; &#xD800; &#0; &#x110000; &#99999999999;",
                   "a & b &x; &amp &#; &#x; &#xD800; &#0; &#x110000; &#99999999999;");
    check_unescape("&amp;lt;", "&lt;");
    check_unescape("1<![CDATA[<&amp;>]]>2", "1<&amp;>2");
    check_unescape("<![CDATA[x", "x");
    check_unescape("1<!-- &lt; -->2<!-- 3", "12<!-- 3");
}

static void test_depth(void)
{
    GString *text = g_string_new("");
    struct hik_xml xml;
    struct hik_xml_node node;
    unsigned i, opens = 0, closes = 0, faults = 0, deepest = 0;

    for (i = 0; i < 100000; i++)
        g_string_append(text, "<t>");
    for (i = 0; i < 99999; i++)
        g_string_append(text, "</t>");
    hik_xml_start(&xml, (const uint8_t *)text->str, text->len);
    while (hik_xml_next(&xml, &node)) {
        if (node.kind == HIK_XML_OPEN)
            opens++;
        else if (node.kind == HIK_XML_CLOSE)
            closes++;
        faults |= node.faults;
        deepest = MAX(deepest, node.depth);
    }
    g_assert_cmpuint(opens, ==, 100000);
    g_assert_cmpuint(closes, ==, 100000);
    g_assert_cmpuint(faults, ==, HIK_XML_FAULT_NO_END);
    g_assert_cmpuint(deepest, ==, 99999);
    g_assert_cmpuint(xml.work, <, 4 * text->len);
    g_string_free(text, TRUE);
}

/* Bodies that make a careless scanner look again and again at the same bytes. */
static void test_linear(void)
{
    static const char *const pieces[] = {
        "<!--", "<![CDATA[", "<a b=\"", "<a b='x>", "</a>", "<a>", "<a><b></c>", "&", "<", "<?", "<!D", "< ", "]]>", "-->",
        "</", "<a b=\"c\" d=\"e\">", "&#", "<!-- -->", "a<!-- -->", "\"", "=", "/", "<a/", "\r\n", "<![CDATA[]]>",
    };
    unsigned i, j;

    for (i = 0; i < G_N_ELEMENTS(pieces); i++) {
        GString *text = g_string_new("<Query>");
        struct hik_xml xml;
        struct hik_xml_node node;

        for (j = 0; j < 20000; j++)
            g_string_append(text, pieces[i]);
        hik_xml_start(&xml, (const uint8_t *)text->str, text->len);
        do {
            struct hik_xml_leaf leaf;

            hik_xml_peek_leaf(&xml, &leaf);
        } while (hik_xml_next(&xml, &node));
        /* An end tag is compared with at most HIK_XML_MAX_DEPTH names. */
        g_assert_cmpuint(xml.work, <, (HIK_XML_MAX_DEPTH + 10) * text->len);
        g_string_free(text, TRUE);
    }
}

/* Where the short way finds a leaf, the long way finds the same. True if there is one. */
static bool leaf_is_right(struct hik_xml xml)
{
    struct hik_xml before = xml;
    struct hik_xml_node node;
    struct hik_xml_leaf leaf;

    if (!hik_xml_peek_leaf(&xml, &leaf))
        return false;
    g_assert_cmpuint(xml.pos, ==, before.pos);
    g_assert_true(hik_xml_opens_next(&xml));
    g_assert_true(hik_xml_next(&xml, &node));
    g_assert_cmpint(node.kind, ==, HIK_XML_OPEN);
    g_assert_cmpuint(node.faults, ==, 0);
    g_assert_cmpuint(node.attrs.len, ==, 0);
    g_assert_cmpuint(node.all.off, ==, leaf.all.off);
    g_assert_cmpuint(node.name.off, ==, leaf.name.off);
    g_assert_cmpuint(node.name.len, ==, leaf.name.len);
    g_assert_true(hik_xml_next(&xml, &node));
    g_assert_cmpint(node.kind, ==, HIK_XML_TEXT);
    g_assert_cmpuint(node.faults, ==, 0);
    g_assert_cmpuint(node.all.off, ==, leaf.value.off);
    g_assert_cmpuint(node.all.len, ==, leaf.value.len);
    g_assert_true(hik_xml_next(&xml, &node));
    g_assert_cmpint(node.kind, ==, HIK_XML_CLOSE);
    g_assert_cmpuint(node.faults, ==, 0);
    g_assert_cmpuint(node.all.off + node.all.len, ==, leaf.all.off + leaf.all.len);
    hik_xml_skip_leaf(&before, &leaf);
    g_assert_cmpuint(xml.pos, ==, before.pos);
    g_assert_cmpuint(xml.depth, ==, before.depth);
    return true;
}

static void test_leaf(void)
{
    static const struct {
        const char *text;
        bool leaf;
    } cases[] = {
        { "<a>b</a>", true },         { "\r\n<a>b</a>", true },   { "<Name> x y\r\n</Name>", true }, { "<a>\xB6\xAB</a>", true },
        { "<a>]]></a>", true },       { "<a></a>", false },       { "<a> </a>", false },             { "<a>b</A>", false },
        { "<a>b</a >", false },       { "<a>b</ a>", false },     { "<a>b</ab>", false },            { "<ab>c</a>", false },
        { "<a >b</a>", false },       { "<a b=\"c\">d</a>", false }, { "<a/>", false },             { "<n:a>b</n:a>", false },
        { "<a>&amp;</a>", false },    { "<a>b & c</a>", false },  { "<a>b<c/></a>", false },         { "<a>b<!-- --></a>", false },
        { "<a>b < c</a>", false },    { "<a>b</a", false },       { "<a>b</", false },               { "<a>b", false },
        { "<a>", false },             { "<", false },             { "", false },                     { "text<a>b</a>", false },
        { "</a>", false },            { "<!-- --><a>b</a>", false },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *text = g_strconcat("<Query>", cases[i].text, NULL);
        size_t len = strlen(text);
        uint8_t *copy = (uint8_t *)g_memdup2(text, len);
        struct hik_xml xml;
        struct hik_xml_node node;

        hik_xml_start(&xml, copy, len);
        g_assert_true(hik_xml_next(&xml, &node));
        g_test_message("%s", text);
        g_assert_cmpint(leaf_is_right(xml), ==, cases[i].leaf);
        /* Outside the root there is none. */
        hik_xml_start(&xml, copy + 7, len - 7);
        g_assert_false(leaf_is_right(xml));
        g_free(copy);
        g_free(text);
    }
}

static const char sample[] =
    "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"GB2312\"?>\r\n<!-- x --><Response SN=\"1\">\r\n<CmdType>Catalog</CmdType>"
    "<![CDATA[a]]>&amp;&#x41;<DeviceList Num='1'><Item><Name>\xB6\xAB\xC3\xC5 & <b></Name></Item></DeviceList></response>\0";

static void test_truncated_everywhere(void)
{
    size_t i;

    for (i = 0; i < sizeof sample; i++)
        g_free(trace(sample, i));
}

static void test_random(void)
{
    static const char alphabet[] = "<>/!?-[]=\"'& ;#axCDATA\r\n\0\xB6";
    GRand *random = g_rand_new_with_seed(28181);
    char text[512];
    unsigned i;

    for (i = 0; i < 20000; i++) {
        size_t len = (size_t)g_rand_int_range(random, 0, sizeof text), j;
        bool any = i % 4 == 0;

        for (j = 0; j < len; j++)
            text[j] = any ? (char)g_rand_int_range(random, 0, 256)
                          : alphabet[g_rand_int_range(random, 0, sizeof alphabet - 1)];
        g_free(trace(text, len));
        text[len] = '\0';
        hik_xml_unescape(text);
    }
    g_rand_free(random);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/xml-scan/well-formed", test_well_formed);
    g_test_add_func("/xml-scan/declarations", test_declarations);
    g_test_add_func("/xml-scan/text", test_text);
    g_test_add_func("/xml-scan/end-tags", test_end_tags);
    g_test_add_func("/xml-scan/cut", test_cut);
    g_test_add_func("/xml-scan/padding", test_padding);
    g_test_add_func("/xml-scan/unescape", test_unescape);
    g_test_add_func("/xml-scan/depth", test_depth);
    g_test_add_func("/xml-scan/linear", test_linear);
    g_test_add_func("/xml-scan/leaf", test_leaf);
    g_test_add_func("/xml-scan/truncated-everywhere", test_truncated_everywhere);
    g_test_add_func("/xml-scan/random", test_random);
    return g_test_run();
}
