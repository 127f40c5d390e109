/* view.h
 * A piece of text where it stands in a packet: the one type for that, and what is asked of it.
 *
 * Pure: no Wireshark header.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_VIEW_H
#define HIK_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of the buffer. len 0 with off 0 means "not there". */
struct hik_view {
    uint32_t off;
    uint32_t len;
};

/* Unsigned decimal of a view. False if empty, not all digits, or over max. */
bool hik_view_uint(const uint8_t *buf, struct hik_view v, uint64_t max, uint64_t *out);
/* Equal to an ASCII string, without case. */
bool hik_view_is(const uint8_t *buf, struct hik_view v, const char *text);
/* The view without blanks, tabs and line ends at either end. */
struct hik_view hik_view_trim(const uint8_t *buf, struct hik_view v);

#endif
