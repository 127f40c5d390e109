/* gb-id.h
 * 20-digit identifiers of GB/T 28181 (annex on unified coding, rule A) and the names of their parts.
 *
 * Pure: no Wireshark header, no allocation.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_GB_ID_H
#define HIK_GB_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hik_id_kind {
    HIK_ID_NONE,     /* not an ID: letters, too short, too long */
    HIK_ID_20,       /* 20 decimal digits: parts are valid */
    HIK_ID_REGION,   /* 2, 4, 6, 8 digits (division nodes of a catalog), 10 (a SIP domain) */
    HIK_ID_16,       /* legacy rule B */
    HIK_ID_18,       /* seen in the wild */
    HIK_ID_DIGITS    /* another number of digits, 11-32; an odd number below is no ID */
};

struct hik_gb_id {
    enum hik_id_kind kind;
    char region[9];   /* digits 1-8, NUL-terminated; HIK_ID_20 only, like all below */
    uint8_t industry; /* digits 9-10 */
    uint16_t type;    /* digits 11-13 */
    uint8_t network;  /* digit 14 */
    char serial[7];   /* digits 15-20 */
};

/* Reads an identifier of len bytes (not NUL-terminated). Never fails: what is no ID is HIK_ID_NONE. */
void hik_gb_id_parse(const uint8_t *text, size_t len, struct hik_gb_id *out);

/* English names, never NULL; "Unknown" / a range's name ("Front-end peripheral") where no exact name exists. Where the
 * editions conflict (industry 43-55, network 0-8) both are named. */
const char *hik_gb_id_industry_name(uint8_t industry);
const char *hik_gb_id_type_name(uint16_t type);
const char *hik_gb_id_network_name(uint8_t network);
/* The type has a name of its own, not only its range's. */
bool hik_gb_id_type_exists(uint16_t type);

/* Roles by type code. */
bool hik_gb_id_is_camera(uint16_t type);   /* 131, 132 and the other front-end types that carry video */
bool hik_gb_id_is_platform(uint16_t type); /* 200-299 */

/* Tables for value_string users: ascending, the last entry has a NULL name. */
struct hik_code_name {
    uint16_t code;
    const char *name;
};
extern const struct hik_code_name hik_gb_id_types[];
extern const struct hik_code_name hik_gb_id_industries[];
extern const struct hik_code_name hik_gb_id_networks[];

#endif
