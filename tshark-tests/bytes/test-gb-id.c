/* test-gb-id.c
 * Byte tests of gb-id: lengths and parts of identifiers, and the tables of codes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gb-id.h"
#include "seed-messages.h"

static void parse(const char *text, struct hik_gb_id *id)
{
    uint8_t *buf = exact_copy(text, strlen(text));

    memset(id, 0xff, sizeof *id);
    hik_gb_id_parse(buf, strlen(text), id);
    free(buf);
}

static void test_parts(void)
{
    struct hik_gb_id id;

    parse("34020000001320000007", &id);
    g_assert_cmpint(id.kind, ==, HIK_ID_20);
    g_assert_cmpstr(id.region, ==, "34020000");
    g_assert_cmpuint(id.industry, ==, 0);
    g_assert_cmpuint(id.type, ==, 132);
    g_assert_cmpuint(id.network, ==, 0);
    g_assert_cmpstr(id.serial, ==, "000007");

    parse("37280601411319001158", &id); /* the seed's camera */
    g_assert_cmpint(id.kind, ==, HIK_ID_20);
    g_assert_cmpstr(id.region, ==, "37280601");
    g_assert_cmpuint(id.industry, ==, 41);
    g_assert_cmpuint(id.type, ==, 131);
    g_assert_cmpuint(id.network, ==, 9);
    g_assert_cmpstr(id.serial, ==, "001158");

    parse("99999999999999999999", &id);
    g_assert_cmpuint(id.industry, ==, 99);
    g_assert_cmpuint(id.type, ==, 999);
    g_assert_cmpuint(id.network, ==, 9);
}

static void test_kinds(void)
{
    static const char digits[] = "1309091133194274201234567890123456";
    struct hik_gb_id id;
    size_t n;

    for (n = 0; n < sizeof digits; n++) {
        gchar *text = g_strndup(digits, n);
        enum hik_id_kind kind = n == 20                                                 ? HIK_ID_20
                                : n == 16                                               ? HIK_ID_16
                                : n == 18                                               ? HIK_ID_18
                                : n == 2 || n == 4 || n == 6 || n == 8 || n == 10       ? HIK_ID_REGION
                                : n > 10 && n <= 32                                     ? HIK_ID_DIGITS
                                                                                        : HIK_ID_NONE;
        size_t i;

        parse(text, &id);
        g_assert_cmpint(id.kind, ==, kind);
        if (kind != HIK_ID_20) {
            g_assert_cmpstr(id.region, ==, "");
            g_assert_cmpstr(id.serial, ==, "");
            g_assert_cmpuint(id.type, ==, 0);
        }
        for (i = 0; i < n; i++) { /* a single other byte anywhere, and it is none */
            char keep = text[i];
            static const char others[] = { '/', ':', 'a', ' ', '\0', '\xb1' };
            size_t k;

            for (k = 0; k < sizeof others; k++) {
                text[i] = others[k];
                memset(&id, 0xff, sizeof id);
                hik_gb_id_parse((const uint8_t *)text, n, &id);
                g_assert_cmpint(id.kind, ==, HIK_ID_NONE);
                g_assert_cmpstr(id.region, ==, "");
            }
            text[i] = keep;
        }
        g_free(text);
    }
}

static void test_names(void)
{
    static const struct {
        uint16_t code;
        const char *name;
    } types[] = {
        { 0, "Unknown" },
        { 110, "Unknown" },
        { 111, "DVR" },
        { 118, "NVR" },
        { 126, "Front-end main device" },
        { 129, "Front-end main device" },
        { 130, "Hybrid recorder (HVR)" },
        { 131, "Camera" },
        { 132, "IP camera (IPC)" },
        { 143, "Credential reader" },
        { 144, "Front-end peripheral" },
        { 199, "Front-end peripheral" },
        { 200, "Central signalling server" },
        { 216, "Virtual organisation" },
        { 217, "Platform device" },
        { 299, "Platform device" },
        { 300, "Centre user" },
        { 301, "Centre user (by industry role)" },
        { 343, "Centre user (by industry role)" },
        { 344, "Centre user (extension)" },
        { 399, "Centre user (extension)" },
        { 400, "Terminal user" },
        { 401, "Terminal user (by industry role)" },
        { 443, "Terminal user (by industry role)" },
        { 444, "Terminal user (extension)" },
        { 499, "Terminal user (extension)" },
        { 501, "Operation and maintenance platform (signalling server)" },
        { 504, "Server outside the platform" },
        { 505, "Image analysis device" },
        { 599, "Server outside the platform" },
        { 600, "Extension" },
        { 999, "Extension" },
        { 1000, "Unknown" },
        { 65535, "Unknown" },
    };
    static const struct {
        uint8_t code;
        const char *name;
    } industries[] = {
        { 0, "Public security, roads" },
        { 11, "Education" },
        { 14, "Reserved (2016) / shipping (newer list)" },
        { 15, "Reserved" },
        { 39, "Reserved" },
        { 40, "Agriculture, forestry, husbandry, fishery" },
        { 43, "Metallurgy (2016) / electricity, heat, gas, water (newer list)" },
        { 59, "Reserved (2016) / international organisations (newer list)" },
        { 60, "Reserved for enterprises" },
        { 79, "Reserved for enterprises" },
        { 80, "Residents' own" },
        { 89, "Residents' own" },
        { 90, "Other subjects" },
        { 99, "Other subjects" },
        { 100, "Unknown" },
        { 255, "Unknown" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(types); i++)
        g_assert_cmpstr(hik_gb_id_type_name(types[i].code), ==, types[i].name);
    for (i = 0; i < G_N_ELEMENTS(industries); i++)
        g_assert_cmpstr(hik_gb_id_industry_name(industries[i].code), ==, industries[i].name);
    g_assert_cmpstr(hik_gb_id_network_name(5), ==, "Public security information network");
    g_assert_cmpstr(hik_gb_id_network_name(7), ==, "Internet");
    g_assert_cmpstr(hik_gb_id_network_name(9), ==, "Reserved");
    g_assert_cmpstr(hik_gb_id_network_name(10), ==, "Unknown");
    for (i = 0; i <= 65535; i++)
        g_assert_nonnull(hik_gb_id_type_name((uint16_t)i));
    for (i = 0; i <= 255; i++) {
        g_assert_nonnull(hik_gb_id_industry_name((uint8_t)i));
        g_assert_nonnull(hik_gb_id_network_name((uint8_t)i));
    }
}

/* Ascending, so that value_string's search works; each listed name is what the function answers; nothing is missing. */
static void check_table(const struct hik_code_name *table, unsigned entries)
{
    unsigned n;

    for (n = 0; table[n].name != NULL; n++) {
        if (n > 0)
            g_assert_cmpuint(table[n].code, >, table[n - 1].code);
        g_assert_cmpuint(strlen(table[n].name), >, 2);
    }
    g_assert_cmpuint(n, ==, entries);
}

static void test_tables(void)
{
    static const uint16_t codes[] = {
        111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 130, /* front-end main */
        131, 132, 133, 134, 135, 136, 137, 138, 139, 140, 141, 142, 143,                /* peripheral */
        200, 201, 202, 203, 204, 205, 206, 207, 208, 209, 210, 211, 212, 213, 214, 215, 216, 220,
        300, 400, 500, 501, 502, 503, 505,
    };
    size_t i;

    check_table(hik_gb_id_types, G_N_ELEMENTS(codes));
    for (i = 0; i < G_N_ELEMENTS(codes); i++) {
        g_assert_cmpuint(hik_gb_id_types[i].code, ==, codes[i]);
        g_assert_cmpstr(hik_gb_id_type_name(codes[i]), ==, hik_gb_id_types[i].name);
    }
    check_table(hik_gb_id_industries, 15 + 20);
    for (i = 0; i < 35; i++)
        g_assert_cmpuint(hik_gb_id_industries[i].code, ==, i < 15 ? i : i + 25);
    check_table(hik_gb_id_networks, 10);
}

static void test_roles(void)
{
    static const uint16_t cameras[] = { 111, 112, 113, 115, 118, 119, 120, 121, 122, 125, 130, 131, 132, 138 };
    size_t next = 0;
    unsigned type;

    for (type = 0; type <= 65535; type++) {
        bool camera = next < G_N_ELEMENTS(cameras) && cameras[next] == type;

        if (camera)
            next++;
        g_assert_true(hik_gb_id_is_camera((uint16_t)type) == camera);
        g_assert_true(hik_gb_id_is_platform((uint16_t)type) == (type >= 200 && type < 300));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gb-id/parts", test_parts);
    g_test_add_func("/gb-id/kinds", test_kinds);
    g_test_add_func("/gb-id/names", test_names);
    g_test_add_func("/gb-id/tables", test_tables);
    g_test_add_func("/gb-id/roles", test_roles);
    return g_test_run();
}
