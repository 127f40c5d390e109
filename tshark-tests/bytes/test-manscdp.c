/* test-manscdp.c
 * Byte tests of MANSCDP bodies: every command type, where the fields are found, broken and hostile bodies.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "manscdp.h"

#include <string.h>

#include <glib.h>

#define CAMERA "34020000001320000001"
#define HEAD(root, cmd) "<?xml version=\"1.0\"?>\r\n<" root ">\r\n<CmdType>" cmd "</CmdType>\r\n<SN>17</SN>\r\n" \
                        "<DeviceID>" CAMERA "</DeviceID>\r\n"
#define BODY(root, cmd, rest) HEAD(root, cmd) rest "</" root ">\r\n"

static uint8_t *exact(const char *text, size_t len)
{
    uint8_t *copy = g_malloc(len ? len : 1);

    memcpy(copy, text, len);
    return copy;
}

static char *piece_text(const uint8_t *buf, struct hik_xml_piece piece)
{
    return g_strndup((const char *)buf + piece.off, piece.len);
}

static void assert_piece(const uint8_t *buf, struct hik_xml_piece piece, const char *expected)
{
    char *text = piece_text(buf, piece);

    g_assert_cmpstr(text, ==, expected);
    g_free(text);
}

/* ---- every command type -------------------------------------------------------------------------------------- */

static void test_commands(void)
{
    static const struct {
        const char *body, *cmd, *info;
        enum hik_manscdp_root root;
    } known[] = {
        { BODY("Notify", "Keepalive", "<Status>OK</Status>\r\n"), "Keepalive", "Keepalive OK", HIK_MANSCDP_ROOT_NOTIFY },
        { BODY("Notify", "Keepalive", "<Status>ERROR</Status><Info><DeviceID>1</DeviceID></Info>"), "Keepalive",
          "Keepalive ERROR", HIK_MANSCDP_ROOT_NOTIFY },
        { BODY("Query", "Catalog", ""), "Catalog", "Catalog query", HIK_MANSCDP_ROOT_QUERY },
        { BODY("Response", "Catalog", "<SumNum>10</SumNum><DeviceList Num=\"1\"><Item><DeviceID>1</DeviceID></Item>"
               "</DeviceList>"), "Catalog", "Catalog 4/10 items", HIK_MANSCDP_ROOT_RESPONSE },
        { BODY("Response", "Catalog", "<SumNum>0</SumNum>"), "Catalog", "Catalog 4/0 items", HIK_MANSCDP_ROOT_RESPONSE },
        { BODY("Response", "Catalog", "<Result>OK</Result>"), "Catalog", "Catalog OK", HIK_MANSCDP_ROOT_RESPONSE },
        { BODY("Notify", "Catalog", "<DeviceList Num=\"1\"><Item><DeviceID>1</DeviceID><Event>ON</Event></Item>"
               "</DeviceList>"), "Catalog", "Catalog 1 item", HIK_MANSCDP_ROOT_NOTIFY },
        { BODY("Query", "DeviceInfo", ""), "DeviceInfo", "DeviceInfo query", HIK_MANSCDP_ROOT_QUERY },
        { BODY("Response", "DeviceInfo", "<Result>OK</Result><Manufacturer>X</Manufacturer>"), "DeviceInfo",
          "DeviceInfo OK", HIK_MANSCDP_ROOT_RESPONSE },
        { BODY("Query", "DeviceStatus", ""), "DeviceStatus", "DeviceStatus query", HIK_MANSCDP_ROOT_QUERY },
        { BODY("Response", "DeviceStatus", "<Result>OK</Result><Online>ONLINE</Online><Status>OK</Status>"),
          "DeviceStatus", "DeviceStatus OK", HIK_MANSCDP_ROOT_RESPONSE },
        { BODY("Query", "RecordInfo", "<StartTime>2020-01-01T00:00:00</StartTime>"), "RecordInfo", "RecordInfo query",
          HIK_MANSCDP_ROOT_QUERY },
        { BODY("Response", "RecordInfo", "<Name>x</Name><SumNum>4</SumNum><RecordList Num=\"0\"></RecordList>"),
          "RecordInfo", "RecordInfo 4/4 items", HIK_MANSCDP_ROOT_RESPONSE },
        { BODY("Query", "Alarm", "<StartAlarmPriority>0</StartAlarmPriority>"), "Alarm", "Alarm query",
          HIK_MANSCDP_ROOT_QUERY },
        { BODY("Notify", "Alarm", "<AlarmPriority>1</AlarmPriority>"), "Alarm", "Alarm notify", HIK_MANSCDP_ROOT_NOTIFY },
        { BODY("Response", "Alarm", "<Result>OK</Result>"), "Alarm", "Alarm OK", HIK_MANSCDP_ROOT_RESPONSE },
        { BODY("Control", "DeviceControl", "<PTZCmd>A50F01021F0000D6</PTZCmd>"), "DeviceControl", "PTZ left 31",
          HIK_MANSCDP_ROOT_CONTROL },
        { BODY("Control", "DeviceControl", "<PTZCmd>A50F</PTZCmd>"), "DeviceControl", "PTZ unreadable",
          HIK_MANSCDP_ROOT_CONTROL },
        { BODY("Control", "DeviceControl", "<TeleBoot>Boot</TeleBoot>"), "DeviceControl", "TeleBoot Boot",
          HIK_MANSCDP_ROOT_CONTROL },
        { BODY("Control", "DeviceControl", "<RecordCmd>StopRecord</RecordCmd>"), "DeviceControl", "RecordCmd StopRecord",
          HIK_MANSCDP_ROOT_CONTROL },
        { BODY("Control", "DeviceControl", "<GuardCmd>SetGuard</GuardCmd>"), "DeviceControl", "GuardCmd SetGuard",
          HIK_MANSCDP_ROOT_CONTROL },
        { BODY("Control", "DeviceControl", "<AlarmCmd>ResetAlarm</AlarmCmd>"), "DeviceControl", "AlarmCmd ResetAlarm",
          HIK_MANSCDP_ROOT_CONTROL },
        { BODY("Control", "DeviceControl", "<IFameCmd>Send</IFameCmd>"), "DeviceControl", "IFameCmd Send",
          HIK_MANSCDP_ROOT_CONTROL },
        { BODY("Control", "DeviceControl", "<IFrameCmd>Send</IFrameCmd>"), "DeviceControl", "IFrameCmd Send",
          HIK_MANSCDP_ROOT_CONTROL },
        { BODY("Control", "DeviceControl", "<DragZoomIn><Length>1</Length></DragZoomIn>"), "DeviceControl", "DragZoomIn",
          HIK_MANSCDP_ROOT_CONTROL },
        { BODY("Control", "DeviceControl", "<HomePosition><Enabled>1</Enabled></HomePosition>"), "DeviceControl",
          "HomePosition", HIK_MANSCDP_ROOT_CONTROL },
        { BODY("Control", "DeviceControl", "<PTZPreciseCtrl><Pan>1.5</Pan></PTZPreciseCtrl>"), "DeviceControl",
          "PTZPreciseCtrl", HIK_MANSCDP_ROOT_CONTROL },
        { BODY("Control", "DeviceControl", "<DeviceUpgrade><Firmware>1</Firmware></DeviceUpgrade>"), "DeviceControl",
          "DeviceUpgrade", HIK_MANSCDP_ROOT_CONTROL },
        { BODY("Control", "DeviceControl", "<FormatSDCard>0</FormatSDCard>"), "DeviceControl", "FormatSDCard 0",
          HIK_MANSCDP_ROOT_CONTROL },
        { BODY("Control", "DeviceControl", "<TargetTrack>Auto</TargetTrack>"), "DeviceControl", "TargetTrack Auto",
          HIK_MANSCDP_ROOT_CONTROL },
        { BODY("Response", "DeviceControl", "<Result>ERROR</Result>"), "DeviceControl", "DeviceControl ERROR",
          HIK_MANSCDP_ROOT_RESPONSE },
        { BODY("Notify", "Broadcast", "<SourceID>1</SourceID><TargetID>2</TargetID>"), "Broadcast", "Broadcast notify",
          HIK_MANSCDP_ROOT_NOTIFY },
        { BODY("Response", "Broadcast", "<Result>OK</Result>"), "Broadcast", "Broadcast OK", HIK_MANSCDP_ROOT_RESPONSE },
        { BODY("Notify", "MediaStatus", "<NotifyType>121</NotifyType>"), "MediaStatus", "MediaStatus 121 (end of file)",
          HIK_MANSCDP_ROOT_NOTIFY },
        { BODY("Notify", "MediaStatus", "<NotifyType>122</NotifyType>"), "MediaStatus", "MediaStatus 122",
          HIK_MANSCDP_ROOT_NOTIFY },
        { BODY("Query", "MobilePosition", "<Interval>5</Interval>"), "MobilePosition", "MobilePosition query",
          HIK_MANSCDP_ROOT_QUERY },
        { BODY("Notify", "MobilePosition", "<Longitude>116.3</Longitude>"), "MobilePosition", "MobilePosition notify",
          HIK_MANSCDP_ROOT_NOTIFY },
        { BODY("Control", "DeviceConfig", "<BasicParam><Name>x</Name></BasicParam>"), "DeviceConfig",
          "DeviceConfig control", HIK_MANSCDP_ROOT_CONTROL },
        { BODY("Response", "DeviceConfig", "<Result>OK</Result>"), "DeviceConfig", "DeviceConfig OK",
          HIK_MANSCDP_ROOT_RESPONSE },
        { BODY("Query", "ConfigDownload", "<ConfigType>BasicParam/VideoParamOpt</ConfigType>"), "ConfigDownload",
          "ConfigDownload query", HIK_MANSCDP_ROOT_QUERY },
        { BODY("Response", "ConfigDownload", "<Result>OK</Result><BasicParam><Name>x</Name></BasicParam>"),
          "ConfigDownload", "ConfigDownload OK", HIK_MANSCDP_ROOT_RESPONSE },
        { BODY("Query", "PresetQuery", ""), "PresetQuery", "PresetQuery query", HIK_MANSCDP_ROOT_QUERY },
        { BODY("Response", "PresetQuery", "<PresetList Num=\"2\"><Item><PresetID>1</PresetID></Item><Item/></PresetList>"),
          "PresetQuery", "PresetQuery 2 items", HIK_MANSCDP_ROOT_RESPONSE },
        { BODY("Query", "PersetQuery", ""), "PersetQuery", "PersetQuery query", HIK_MANSCDP_ROOT_QUERY },
        { BODY("Query", "HomePositionQuery", ""), "HomePositionQuery", "HomePositionQuery query", HIK_MANSCDP_ROOT_QUERY },
        { BODY("Query", "CruiseTrackListQuery", ""), "CruiseTrackListQuery", "CruiseTrackListQuery query",
          HIK_MANSCDP_ROOT_QUERY },
        { BODY("Response", "CruiseTrackQuery", "<Result>OK</Result>"), "CruiseTrackQuery", "CruiseTrackQuery OK",
          HIK_MANSCDP_ROOT_RESPONSE },
        { BODY("Notify", "PTZPosition", "<Pan>1</Pan>"), "PTZPosition", "PTZPosition notify", HIK_MANSCDP_ROOT_NOTIFY },
        { BODY("Query", "SDCardStatus", ""), "SDCardStatus", "SDCardStatus query", HIK_MANSCDP_ROOT_QUERY },
        { BODY("Response", "SDCardStatus", "<SumNum>1</SumNum><SDCardStatusInfo Num=\"1\"><Item/></SDCardStatusInfo>"),
          "SDCardStatus", "SDCardStatus 4/1 items", HIK_MANSCDP_ROOT_RESPONSE },
        { BODY("Notify", "UploadSnapShotFinished", "<SessionID>1</SessionID>"), "UploadSnapShotFinished",
          "UploadSnapShotFinished notify", HIK_MANSCDP_ROOT_NOTIFY },
        { BODY("Notify", "DeviceUpgradeResult", "<UpgradeResult>OK</UpgradeResult>"), "DeviceUpgradeResult",
          "DeviceUpgradeResult notify", HIK_MANSCDP_ROOT_NOTIFY },
        { BODY("Notify", "VideoUploadNotify", "<Time>1</Time>"), "VideoUploadNotify", "VideoUploadNotify notify",
          HIK_MANSCDP_ROOT_NOTIFY },
        { BODY("Notify", "keepalive", ""), "Keepalive", "Keepalive notify", HIK_MANSCDP_ROOT_NOTIFY },
        { BODY("Query", "VendorThing", ""), NULL, "VendorThing query", HIK_MANSCDP_ROOT_QUERY },
        { BODY("Query", "\xB6\xAB", ""), NULL, "?? query", HIK_MANSCDP_ROOT_QUERY },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(known); i++) {
        size_t len = strlen(known[i].body);
        uint8_t *buf = exact(known[i].body, len);
        struct hik_manscdp message;
        char info[160];

        hik_manscdp_read(buf, len, NULL, NULL, &message);
        g_assert_cmpstr(message.cmd, ==, known[i].cmd);
        g_assert_cmpint(message.root, ==, known[i].root);
        g_assert_true(message.has_sn);
        g_assert_cmpuint(message.sn, ==, 17);
        assert_piece(buf, message.device_id, CAMERA);
        g_assert_cmpuint(message.faults, ==, 0);
        g_assert_true(hik_manscdp_looks_like(buf, len));
        hik_manscdp_describe(buf, &message, 4, info, sizeof info);
        g_assert_cmpstr(info, ==, known[i].info);
        hik_manscdp_describe(buf, &message, 4, info, 5);
        g_assert_cmpuint(strlen(info), <=, 4);
        g_free(buf);
    }
}

/* ---- steps --------------------------------------------------------------------------------------------------- */

static const char *const field_names[] = { "",     "cmd",  "sn",     "dev",    "result",  "status", "sum",   "num", "type",
                                           "ptz",  "iid",  "iname",  "istat",  "ipar",    "iev",    "iciv",  "upg", "enc" };

/* Leaves as depth name[field]=value, containers as { and }, lists as } with Num:items. */
static char *trace(const char *text, size_t len)
{
    uint8_t *buf = exact(text, len);
    GString *out = g_string_new("");
    struct hik_manscdp_walk walk;
    struct hik_manscdp_step step;
    unsigned open = 0;

    hik_manscdp_start(&walk, buf, len);
    while (hik_manscdp_next(&walk, &step)) {
        char *name = piece_text(buf, step.name), *value = piece_text(buf, step.value);
        struct hik_xml_piece attr, attr_value;
        uint32_t cursor = 0;

        g_assert_cmpuint((uint64_t)step.all.off + step.all.len, <=, len);
        g_assert_cmpuint(step.depth, <=, HIK_XML_MAX_DEPTH);
        switch (step.kind) {
        case HIK_MANSCDP_STEP_OPEN:
            g_assert_cmpuint(step.depth, ==, open);
            if (!step.deep)
                open++;
            g_string_append_printf(out, "%s%s", name, step.deep ? "~" : "{");
            break;
        case HIK_MANSCDP_STEP_CLOSE:
            g_assert_cmpuint(open, >, 0);
            open--;
            g_assert_cmpuint(step.depth, ==, open);
            g_string_append(out, "}");
            if (step.level == HIK_MANSCDP_LEVEL_LIST)
                g_string_append_printf(out, "%d:%u", step.has_num ? (int)step.num : -1, step.items);
            break;
        case HIK_MANSCDP_STEP_LEAF:
            g_assert_cmpuint(step.depth, ==, open);
            g_string_append_printf(out, "%s[%s]=%s ", name, field_names[step.field], value);
            break;
        case HIK_MANSCDP_STEP_TEXT: g_string_append_printf(out, "'%s' ", value); break;
        case HIK_MANSCDP_STEP_COMMENT: g_string_append(out, "# "); break;
        case HIK_MANSCDP_STEP_DECLARATION: g_string_append(out, "D "); break;
        case HIK_MANSCDP_STEP_OTHER: g_string_append(out, "? "); break;
        case HIK_MANSCDP_STEP_PADDING: g_string_append(out, "0 "); break;
        default: g_assert_not_reached();
        }
        while (hik_xml_next_attr(buf, step.attrs, &cursor, &attr, &attr_value)) {
            char *a = piece_text(buf, attr), *v = piece_text(buf, attr_value);

            g_string_append_printf(out, "(%s[%s]=%s)", a, field_names[hik_manscdp_attr_field(buf, &step, attr)], v);
            g_free(a);
            g_free(v);
        }
        if (step.faults)
            g_string_append_printf(out, "!%x ", step.faults);
        g_free(name);
        g_free(value);
    }
    g_assert_cmpuint(open, ==, 0);
    g_free(buf);
    return g_string_free(out, FALSE);
}

static void check(const char *text, const char *expected)
{
    char *seen = trace(text, strlen(text));

    g_assert_cmpstr(seen, ==, expected);
    g_free(seen);
}

static void test_steps(void)
{
    check("<?xml version='1.0' encoding='GBK'?><Query><CmdType>Catalog</CmdType><SN>1</SN></Query>",
          "D (version[]=1.0)(encoding[enc]=GBK)Query{CmdType[cmd]=Catalog SN[sn]=1 }");
    /* CmdType and SN as attributes, names in any case, with a prefix */
    check("<Query CmdType=\"Catalog\" SN=\"1\" DeviceID=\"2\" x=\"3\"/>",
          "Query{(CmdType[cmd]=Catalog)(SN[sn]=1)(DeviceID[dev]=2)(x[]=3)}");
    check("<query><cmdtype>Catalog</cmdtype><g:Sn>1</g:Sn><DeviceId>2</DeviceId></query>",
          "query{cmdtype[cmd]=Catalog Sn[sn]=1 DeviceId[dev]=2 }");
    /* the same name is another field inside an Item */
    check("<Response><DeviceID>1</DeviceID><Status>OK</Status><Name>r</Name><DeviceList Num=\"1\"><Item><DeviceID>2</DeviceID>"
          "<Name>n</Name><Status>ON</Status><ParentID>1</ParentID><Event>ADD</Event><CivilCode>3</CivilCode><Info>"
          "<DeviceID>9</DeviceID></Info></Item></DeviceList></Response>",
          "Response{DeviceID[dev]=1 Status[status]=OK Name[]=r DeviceList{(Num[num]=1)Item{DeviceID[iid]=2 Name[iname]=n "
          "Status[istat]=ON ParentID[ipar]=1 Event[iev]=ADD CivilCode[iciv]=3 Info{DeviceID[]=9 }}}1:1}");
    /* empty ones */
    check("<Response><DeviceList Num=\"0\"/><RecordList Num=\"0\"></RecordList><Item/><Name/><SN></SN></Response>",
          "Response{DeviceList{(Num[num]=0)}0:0RecordList{(Num[num]=0)}0:0Item{}Name[]= SN[sn]= }");
    /* PTZCmd wherever it is; attributes of a leaf; text among elements; comments */
    check("<Control>t<Info><PTZCmd>A5</PTZCmd></Info><X a='1'>v</X><!-- c --><Y><!-- c -->v</Y></Control>",
          "Control{'t' Info{PTZCmd[ptz]=A5 }X[]=v (a[]=1)# Y{# 'v' }}");
}

static void test_missing_ends(void)
{
    /* What follows an element that lost its end tag is its neighbour, not its child. */
    check("<Response><DeviceList Num=\"2\"><Item><DeviceID>1<Name>n<Status>ON</Item><Item><Name>m</Name></Item></DeviceList>"
          "</Response>",
          "Response{DeviceList{(Num[num]=2)Item{DeviceID[iid]=1 Name[iname]=n Status[istat]=ON !1 ? !1 ? !1 }"
          "Item{Name[iname]=m }}2:2}");
    check("<Query><CmdType>Catalog<SN>1</Query>", "Query{CmdType[cmd]=Catalog SN[sn]=1 !1 ? !1 }");
    check("<Response><DeviceList Num=\"2\"><Item><Name>n</Name>", "Response{DeviceList{(Num[num]=2)Item{Name[iname]=n }!1 }2:1!1 }!1 ");
    check("<Query><SN>1</SN></Query", "Query{SN[sn]=1 }!4 ");
    check("<Query><SN>1", "Query{SN[sn]=1 !1 }!1 ");
}

/* ---- the whole ----------------------------------------------------------------------------------------------- */

static void collect(const struct hik_manscdp_item *item, const struct hik_manscdp *message, void *user)
{
    void **both = user;
    const uint8_t *buf = both[0];
    GString *out = both[1];
    const struct hik_xml_piece *pieces[] = { &item->device_id, &item->name, &item->status,
                                             &item->parent_id, &item->event, &item->civil_code };
    size_t i;

    g_string_append_printf(out, "%u:", message->items);
    for (i = 0; i < G_N_ELEMENTS(pieces); i++) {
        char *text = piece_text(buf, *pieces[i]);

        g_string_append_printf(out, "%s,", text);
        g_free(text);
    }
    g_string_append_c(out, ' ');
}

static void read(const char *body, struct hik_manscdp *message, const char *items)
{
    size_t len = strlen(body);
    uint8_t *buf = exact(body, len);
    GString *out = g_string_new("");
    void *both[] = { buf, out };

    hik_manscdp_read(buf, len, collect, both, message);
    g_assert_cmpstr(out->str, ==, items);
    g_string_free(out, TRUE);
    g_free(buf);
}

static void test_items(void)
{
    struct hik_manscdp message;

    read(BODY("Response", "Catalog", "<SumNum>2</SumNum><DeviceList Num=\"2\"><Item><DeviceID>1</DeviceID><Name>a</Name>"
              "<Status>ON</Status><ParentID>0</ParentID><CivilCode>34</CivilCode></Item>\n<Item><DeviceID>2</DeviceID>"
              "<Event>OFF</Event></Item></DeviceList>"),
         &message, "1:1,a,ON,0,,34, 2:2,,,,OFF,, ");
    g_assert_true(message.has_sum_num && message.has_num);
    g_assert_cmpuint(message.sum_num, ==, 2);
    g_assert_cmpuint(message.num, ==, 2);
    g_assert_cmpuint(message.items, ==, 2);
    g_assert_false(message.num_wrong);
    g_assert_cmpuint(message.elements, ==, 15);
    g_assert_cmpuint(message.max_depth, ==, 4);

    read(BODY("Response", "Catalog", "<SumNum>x</SumNum><DeviceList Num=\"3\"><Item DeviceID=\"5\" Name=\"n\"/></DeviceList>"),
         &message, "1:5,n,,,,, ");
    g_assert_false(message.has_sum_num);
    g_assert_true(message.num_wrong);
    /* an item that the end of the body cut is an item */
    read(HEAD("Response", "Catalog") "<DeviceList><Item><DeviceID>7</DeviceID><Name>n", &message, "1:7,n,,,,, ");
    g_assert_cmpuint(message.faults, ==, HIK_XML_FAULT_NO_END);
    g_assert_false(message.num_wrong);
    /* two lists, each with its own number */
    read("<Response><AlarmStatus Num=\"1\"><Item/></AlarmStatus><DeviceList Num=\"1\"><Item/></DeviceList></Response>",
         &message, "1:,,,,,, 2:,,,,,, ");
    g_assert_false(message.num_wrong);
}

static void test_numbers(void)
{
    static const struct {
        const char *text;
        bool ok;
        uint32_t value;
    } numbers[] = { { "0", true, 0 }, { " 42\r\n", true, 42 }, { "4294967295", true, UINT32_MAX }, { "4294967296", false, 0 },
                    { "", false, 0 }, { " ", false, 0 }, { "-1", false, 0 }, { "1a", false, 0 }, { "0x10", false, 0 },
                    { "99999999999999999999999999", false, 0 } };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(numbers); i++) {
        struct hik_xml_piece piece = { 0, (uint32_t)strlen(numbers[i].text) };
        uint32_t value = 0;

        g_assert_cmpint(hik_manscdp_number((const uint8_t *)numbers[i].text, piece, &value), ==, numbers[i].ok);
        g_assert_cmpuint(value, ==, numbers[i].value);
    }
}

static void test_charsets(void)
{
    struct hik_manscdp message;

    read("<?xml version=\"1.0\" encoding=\"GB2312\"?><Notify><Name>\xE4\xB8\x9C</Name></Notify>", &message, "");
    g_assert_cmpint(message.charset.charset, ==, HIK_CHARSET_UTF8);
    g_assert_true(message.charset.mismatch);
    read("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Notify><Name>\xB6\xAB</Name></Notify>", &message, "");
    g_assert_cmpint(message.charset.charset, ==, HIK_CHARSET_GB);
    g_assert_true(message.charset.mismatch);
    read("<Notify><Name>\xB6\xAB</Name></Notify>", &message, "");
    g_assert_cmpint(message.charset.charset, ==, HIK_CHARSET_GB);
    g_assert_false(message.charset.mismatch);
    /* a declaration broken in every way but readable */
    read("\r\n<? xml version=1.0 encoding = GB2312 ><Notify><Name>\xB6\xAB</Name></Notify>", &message, "");
    g_assert_cmpint(message.charset.charset, ==, HIK_CHARSET_GB);
    g_assert_false(message.charset.mismatch);
    g_assert_cmpuint(message.faults, ==, HIK_XML_FAULT_DECLARATION);
}

static void test_looks_like(void)
{
    static const char *const ours[] = { "<Notify><CmdType>Keepalive</CmdType></Notify>",
                                        "<?xml version=\"1.0\"?>\n<!-- x -->\n<Control CmdType='x'>",
                                        "\xEF\xBB\xBF<query><sn>1</sn><cmdtype>x</cmdtype>" };
    static const char *const others[] = { "", "x", "<Notify>", "<Notify></Notify>", "<presence><CmdType>x</CmdType></presence>",
                                          "v=0\r\no=- 0 0 IN IP4 192.0.2.1\r\n", "PLAY RTSP/1.0\r\n",
                                          "<Notify><SN>1</SN></Notify><CmdType>x</CmdType>",
                                          "text <Notify><CmdType>x</CmdType></Notify>" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(ours); i++)
        g_assert_true(hik_manscdp_looks_like((const uint8_t *)ours[i], strlen(ours[i])));
    for (i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_false(hik_manscdp_looks_like((const uint8_t *)others[i], strlen(others[i])));
}

static void test_no_xml(void)
{
    struct hik_manscdp message;
    char info[160];

    read("", &message, "");
    g_assert_cmpuint(message.faults, ==, HIK_XML_FAULT_NO_ROOT);
    hik_manscdp_describe((const uint8_t *)"", &message, 0, info, sizeof info);
    g_assert_cmpstr(info, ==, "XML");
    read("hello", &message, "");
    g_assert_cmpuint(message.faults, ==, HIK_XML_FAULT_NO_ROOT | HIK_XML_FAULT_OUTSIDE);
}

/* ---- hostile ------------------------------------------------------------------------------------------------- */

static const char sample[] =
    "<?xml version=\"1.0\" encoding=\"GB2312\"?>\r\n<Response>\r\n<CmdType>Catalog</CmdType>\r\n<SN>1</SN>\r\n<DeviceID>1"
    "</DeviceID>\r\n<SumNum>2</SumNum>\r\n<DeviceList Num=\"2\">\r\n<Item>\r\n<DeviceID>2</DeviceID>\r\n<Name>\xB6\xAB & \xC3"
    "</Name><Empty/></Item>\r\n<Item><![CDATA[x]]></Item></DeviceList></Response>\r\n\0";

static void test_truncated_everywhere(void)
{
    size_t i;

    for (i = 0; i <= sizeof sample; i++) {
        size_t len = i < sizeof sample ? i : sizeof sample;
        uint8_t *buf = exact(sample, len);
        struct hik_manscdp message;
        char info[160];

        hik_manscdp_read(buf, len, NULL, NULL, &message);
        hik_manscdp_describe(buf, &message, 1, info, sizeof info);
        hik_manscdp_looks_like(buf, len);
        g_free(trace(sample, len));
        g_free(buf);
    }
}

static void test_random(void)
{
    static const char *const words[] = { "<Item>", "</Item>", "<Name>", "</Name>", "<DeviceList Num=\"1\">", "</DeviceList>",
                                         "<Response>", "</Response>", "x", "\xB6\xAB", "<!--", "-->", "<a/>", "<DeviceList/>",
                                         "<Item/>", "<![CDATA[", "]]>", "<", ">", "\"", "<?xml encoding='GBK'?>", "\r\n", "&" };
    GRand *random = g_rand_new_with_seed(2022);
    unsigned i;

    for (i = 0; i < 5000; i++) {
        GString *text = g_string_new("");
        struct hik_manscdp message;
        char info[160];
        unsigned j, n = (unsigned)g_rand_int_range(random, 0, 120);

        for (j = 0; j < n; j++)
            g_string_append(text, words[g_rand_int_range(random, 0, G_N_ELEMENTS(words))]);
        g_free(trace(text->str, text->len));
        hik_manscdp_read((const uint8_t *)text->str, text->len, NULL, NULL, &message);
        hik_manscdp_describe((const uint8_t *)text->str, &message, 1, info, sizeof info);
        g_string_free(text, TRUE);
    }
    g_rand_free(random);
}

/* 10 MB of items, and 100,000 tags inside each other: every byte is looked at a few times at most. */
static void test_huge(void)
{
    GString *text = g_string_new("<Response><DeviceList Num=\"1\">");
    struct hik_manscdp_walk walk;
    struct hik_manscdp_step step;
    uint32_t made = 0, items = 0, steps = 0, deep = 0, i;

    for (; text->len < 10 * 1024 * 1024; made++)
        g_string_append(text, "<Item><DeviceID>34020000001320000001</DeviceID><Name>\xB6\xAB\xC3\xC5</Name></Item>\r\n");
    hik_manscdp_start(&walk, (const uint8_t *)text->str, text->len);
    while (hik_manscdp_next(&walk, &step)) {
        items += step.kind == HIK_MANSCDP_STEP_OPEN && step.level == HIK_MANSCDP_LEVEL_ITEM;
        if (step.kind == HIK_MANSCDP_STEP_OPEN && step.level == HIK_MANSCDP_LEVEL_ITEM)
            g_assert_cmpuint(step.item_number, ==, items);
    }
    g_assert_cmpuint(items, ==, made);
    g_assert_cmpuint(walk.xml.work, <, 4 * text->len);

    g_string_assign(text, "<Query>");
    for (i = 0; i < 100000; i++)
        g_string_append(text, "<a>");
    hik_manscdp_start(&walk, (const uint8_t *)text->str, text->len);
    while (hik_manscdp_next(&walk, &step)) {
        steps++;
        deep += step.deep;
    }
    /* 48 levels open and close; the rest is told to be deep, but for the innermost, which is an empty leaf, and ends
     * without a word but a fault. */
    g_assert_cmpuint(deep, ==, 100000 - (HIK_XML_MAX_DEPTH - 1) - 1);
    g_assert_cmpuint(steps, >=, 2 * HIK_XML_MAX_DEPTH + deep + 1);
    g_assert_cmpuint(steps, <=, 300000);
    g_assert_cmpuint(walk.xml.work, <, 4 * text->len);
    g_string_free(text, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manscdp/commands", test_commands);
    g_test_add_func("/manscdp/steps", test_steps);
    g_test_add_func("/manscdp/missing-ends", test_missing_ends);
    g_test_add_func("/manscdp/items", test_items);
    g_test_add_func("/manscdp/numbers", test_numbers);
    g_test_add_func("/manscdp/charsets", test_charsets);
    g_test_add_func("/manscdp/looks-like", test_looks_like);
    g_test_add_func("/manscdp/no-xml", test_no_xml);
    g_test_add_func("/manscdp/truncated-everywhere", test_truncated_everywhere);
    g_test_add_func("/manscdp/random", test_random);
    g_test_add_func("/manscdp/huge", test_huge);
    return g_test_run();
}
