/* gb-id.c
 * Takes the identifiers of GB/T 28181 apart: 20 digits after rule A of the unified coding annex (8 division,
 * 2 industry, 3 type, 1 network, 6 serial). Other lengths are sorted, not refused: devices in the field carry them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gb-id.h"

#include <string.h>

/* The longest row of digits that is still taken for an identifier. */
#define MAX_DIGITS 32

void hik_gb_id_parse(const uint8_t *text, size_t len, struct hik_gb_id *out)
{
    size_t i;

    memset(out, 0, sizeof *out);
    if (len < 2 || len > MAX_DIGITS)
        return;
    for (i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return;
    }
    switch (len) {
    case 2:
    case 4:
    case 6:
    case 8:
    case 10:
        out->kind = HIK_ID_REGION;
        break;
    case 3:
    case 5:
    case 7:
    case 9:
        break;
    case 16:
        out->kind = HIK_ID_16;
        break;
    case 18:
        out->kind = HIK_ID_18;
        break;
    case 20:
        out->kind = HIK_ID_20;
        memcpy(out->region, text, 8);
        out->industry = (uint8_t)((text[8] - '0') * 10 + (text[9] - '0'));
        out->type = (uint16_t)((text[10] - '0') * 100 + (text[11] - '0') * 10 + (text[12] - '0'));
        out->network = (uint8_t)(text[13] - '0');
        memcpy(out->serial, text + 14, 6);
        break;
    default:
        out->kind = HIK_ID_DIGITS;
        break;
    }
}

static const char *exact_name(const struct hik_code_name *table, uint16_t code)
{
    for (; table->name != NULL && table->code <= code; table++) {
        if (table->code == code)
            return table->name;
    }
    return NULL;
}

const char *hik_gb_id_industry_name(uint8_t industry)
{
    const char *name = exact_name(hik_gb_id_industries, industry);

    if (name != NULL)
        return name;
    if (industry >= 12 && industry <= 39)
        return "Reserved";
    if (industry >= 60 && industry <= 79)
        return "Reserved for enterprises";
    if (industry >= 80 && industry <= 89)
        return "Residents' own";
    if (industry >= 90 && industry <= 99)
        return "Other subjects";
    return "Unknown";
}

bool hik_gb_id_type_exists(uint16_t type)
{
    return exact_name(hik_gb_id_types, type) != NULL;
}

const char *hik_gb_id_type_name(uint16_t type)
{
    const char *name = exact_name(hik_gb_id_types, type);

    if (name != NULL)
        return name;
    if (type >= 111 && type <= 130)
        return "Front-end main device";
    if (type >= 131 && type <= 199)
        return "Front-end peripheral";
    if (type >= 200 && type <= 299)
        return "Platform device";
    if (type >= 300 && type <= 343)
        return "Centre user (by industry role)";
    if (type >= 344 && type <= 399)
        return "Centre user (extension)";
    if (type >= 400 && type <= 443)
        return "Terminal user (by industry role)";
    if (type >= 444 && type <= 499)
        return "Terminal user (extension)";
    if (type >= 500 && type <= 599)
        return "Server outside the platform";
    if (type >= 600 && type <= 999)
        return "Extension";
    return "Unknown";
}

const char *hik_gb_id_network_name(uint8_t network)
{
    const char *name = exact_name(hik_gb_id_networks, network);

    return name != NULL ? name : "Unknown";
}

bool hik_gb_id_is_camera(uint16_t type)
{
    switch (type) {
    case 111: /* recorders, servers and encoders: their channels are played under the device's own type */
    case 112:
    case 113:
    case 115:
    case 118:
    case 119:
    case 120:
    case 121:
    case 122:
    case 125:
    case 130:
    case 131:
    case 132:
    case 138:
        return true;
    default:
        return false;
    }
}

bool hik_gb_id_is_platform(uint16_t type)
{
    return type >= 200 && type <= 299;
}
