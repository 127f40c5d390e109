/* test-ptz.c
 * Byte tests of the PTZCmd decoder.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ptz.h"

#include <string.h>

#include <glib.h>

static void parse(const char *text, struct hik_ptz *ptz)
{
    size_t len = strlen(text);
    uint8_t *copy = g_malloc(len ? len : 1);

    memcpy(copy, text, len);
    g_assert_true(hik_ptz_parse(copy, len, ptz));
    g_free(copy);
}

/* Every instruction: what it does, and that the checksum is right. */
static void test_instructions(void)
{
    static const struct {
        const char *text, *action;
        enum hik_ptz_kind kind;
    } known[] = {
        { "A50F0100000000B5", "stop", HIK_PTZ_MOVE },
        { "A50F01021F0000D6", "left 31", HIK_PTZ_MOVE },
        { "A50F0101FF0000B5", "right 255", HIK_PTZ_MOVE },
        { "A50F0108008000" "3D", "up 128", HIK_PTZ_MOVE },
        { "A50F0104008000" "39", "down 128", HIK_PTZ_MOVE },
        { "A50F010A202000" "FF", "left 32 up 32", HIK_PTZ_MOVE },
        { "A50F0105202000" "FA", "right 32 down 32", HIK_PTZ_MOVE },
        { "A50F0110000030" "F5", "zoom in 3", HIK_PTZ_MOVE },
        { "A50F01200000F0" "C5", "zoom out 15", HIK_PTZ_MOVE },
        { "A50F0119203030" "4E", "right 32 up 48 zoom in 3", HIK_PTZ_MOVE },
        { "A50F0140000000" "F5", "stop focus and iris", HIK_PTZ_LENS },
        { "A50F0141500000" "46", "focus far 80", HIK_PTZ_LENS },
        { "A50F0142500000" "47", "focus near 80", HIK_PTZ_LENS },
        { "A50F0144006000" "59", "iris open 96", HIK_PTZ_LENS },
        { "A50F0148006000" "5D", "iris close 96", HIK_PTZ_LENS },
        { "A50F0149506000" "AE", "focus far 80 iris close 96", HIK_PTZ_LENS },
        { "A50F0181000400" "3A", "set preset 4", HIK_PTZ_PRESET },
        { "A50F0182000400" "3B", "call preset 4", HIK_PTZ_PRESET },
        { "A50F018300FF00" "37", "delete preset 255", HIK_PTZ_PRESET },
        { "A50F0184020300" "3E", "cruise 2 add preset 3", HIK_PTZ_CRUISE },
        { "A50F0185020300" "3F", "cruise 2 delete preset 3", HIK_PTZ_CRUISE },
        { "A50F0185020000" "3C", "delete cruise 2", HIK_PTZ_CRUISE },
        { "A50F0186022310" "70", "cruise 2 speed 291", HIK_PTZ_CRUISE },
        { "A50F0187020A00" "48", "cruise 2 stay 10 s", HIK_PTZ_CRUISE },
        { "A50F0188020000" "3F", "start cruise 2", HIK_PTZ_CRUISE },
        { "A50F0189010000" "3F", "start scan 1", HIK_PTZ_SCAN },
        { "A50F0189010100" "40", "scan 1 left border", HIK_PTZ_SCAN },
        { "A50F0189010200" "41", "scan 1 right border", HIK_PTZ_SCAN },
        { "A50F0189010300" "42", "scan 1 unknown 3", HIK_PTZ_SCAN },
        { "A50F018A01FFF0" "2F", "scan 1 speed 4095", HIK_PTZ_SCAN },
        { "A50F018C010000" "42", "switch 1 on", HIK_PTZ_AUXILIARY },
        { "A50F018D010000" "43", "switch 1 off", HIK_PTZ_AUXILIARY },
        { "A50F018B000000" "40", "unknown 0x8b", HIK_PTZ_UNKNOWN },
        { "A50F01C0000000" "75", "unknown 0xc0", HIK_PTZ_UNKNOWN },
        { "A50F0150000000" "05", "unknown 0x50", HIK_PTZ_UNKNOWN },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(known); i++) {
        struct hik_ptz ptz;
        char action[96];

        parse(known[i].text, &ptz);
        hik_ptz_describe(&ptz, action, sizeof action);
        g_assert_cmpstr(action, ==, known[i].action);
        g_assert_cmpint(ptz.kind, ==, known[i].kind);
        g_assert_true(ptz.start_ok);
        g_assert_true(ptz.combination_ok);
        g_assert_cmpuint(ptz.checksum, ==, ptz.bytes[7]);
        g_assert_true(ptz.checksum_ok);
        g_assert_false(ptz.contradiction);
        g_assert_cmpuint(ptz.address, ==, 1);
        g_assert_cmpint(hik_ptz_code_name(ptz.code) == NULL, ==, ptz.kind == HIK_PTZ_UNKNOWN);
    }
}

static void test_members(void)
{
    struct hik_ptz ptz;

    parse("a50f01191020306e", &ptz);
    g_assert_cmpuint(ptz.code, ==, 0x19);
    g_assert_cmpint(ptz.pan, ==, HIK_PTZ_PAN_RIGHT);
    g_assert_cmpint(ptz.tilt, ==, HIK_PTZ_TILT_UP);
    g_assert_cmpint(ptz.zoom, ==, HIK_PTZ_ZOOM_IN);
    g_assert_cmpuint(ptz.pan_speed, ==, 0x10);
    g_assert_cmpuint(ptz.tilt_speed, ==, 0x20);
    g_assert_cmpuint(ptz.zoom_speed, ==, 3);
    g_assert_cmpuint(ptz.checksum, ==, 0x2E);
    g_assert_false(ptz.checksum_ok);
    /* address of twelve bits, version in the upper half of byte 2 */
    parse("A51002000000054C", &ptz);
    g_assert_cmpuint(ptz.address, ==, 0x502);
    g_assert_cmpuint(ptz.version, ==, 1);
    g_assert_true(ptz.combination_ok);
    /* positions in a text with blanks */
    parse(" A5 0F\t01 02\r\n1F 00 00 D6 ", &ptz);
    g_assert_cmpuint(ptz.pos[0], ==, 1);
    g_assert_cmpuint(ptz.pos[4], ==, 14);
    g_assert_cmpuint(ptz.pos[7], ==, 23);
    g_assert_cmpuint(ptz.pan_speed, ==, 31);
    g_assert_true(ptz.checksum_ok);
}

static void test_wrong(void)
{
    static const char *const broken[] = { "", "A5", "A50F01021F0000", "A50F01021F0000D", "A50F01021F0000D600",
                                          "A50F01021F0000G6", "A 50F01021F0000D6", "0xA50F01021F0000D6", "stop" };
    struct hik_ptz ptz;
    char action[96];
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(broken); i++) {
        g_assert_false(hik_ptz_parse((const uint8_t *)broken[i], strlen(broken[i]), &ptz));
        g_assert_cmpuint(ptz.bytes[0], ==, 0);
    }
    parse("A60F01021F0000D7", &ptz);
    g_assert_false(ptz.start_ok);
    g_assert_true(ptz.checksum_ok);
    g_assert_false(ptz.combination_ok);
    parse("A50E01021F0000D5", &ptz);
    g_assert_false(ptz.combination_ok);
    parse("A50F01031F0000D7", &ptz);
    g_assert_true(ptz.contradiction);
    g_assert_cmpint(ptz.pan, ==, HIK_PTZ_PAN_NONE);
    hik_ptz_describe(&ptz, action, sizeof action);
    g_assert_cmpstr(action, ==, "contradictory");
    parse("A50F014C1F000020", &ptz);
    g_assert_true(ptz.contradiction);
    hik_ptz_describe(&ptz, action, sizeof action);
    g_assert_cmpstr(action, ==, "contradictory");
}

/* Every value of every byte: the text fits, the parts are in range. */
static void test_all(void)
{
    unsigned code, fill;

    for (code = 0; code < 256; code++) {
        for (fill = 0; fill < 256; fill += 17) {
            struct hik_ptz ptz;
            char text[17], action[81];

            g_snprintf(text, sizeof text, "A50F%02X%02X%02X%02X%02X%02X", fill, code, fill, fill, fill, fill);
            parse(text, &ptz);
            hik_ptz_describe(&ptz, action, sizeof action);
            g_assert_cmpuint(strlen(action), >, 0);
            g_assert_cmpuint(strlen(action), <, 80);
            g_assert_cmpuint(ptz.zoom_speed, <=, 15);
            g_assert_cmpuint(ptz.value, <=, 0xFFF);
            hik_ptz_describe(&ptz, action, 4);
            g_assert_cmpuint(strlen(action), ==, 3);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ptz/instructions", test_instructions);
    g_test_add_func("/ptz/members", test_members);
    g_test_add_func("/ptz/wrong", test_wrong);
    g_test_add_func("/ptz/all", test_all);
    return g_test_run();
}
