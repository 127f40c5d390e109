/* text.h
 * Text of a packet made into strings that can be shown.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_TEXT_H
#define HIK_TEXT_H

#include "ws-compat.h"

#include "view.h"

/* A view as UTF-8: as it is if it is valid UTF-8, else decoded as GB18030, of which GB2312 and GBK are subsets. NULL
 * for an empty view. */
char *hik_text_to_utf8(wmem_allocator_t *scope, const uint8_t *buf, struct hik_view view);

/* A view as a string of valid UTF-8. NULL for an empty one. */
char *hik_view_string(wmem_allocator_t *scope, const uint8_t *buf, struct hik_view view);

/* The same for the first pass, in file scope. */
const char *hik_view_kept(const uint8_t *buf, struct hik_view view);
/* And one string for all texts of the capture that are equal. */
const char *hik_view_shared(const uint8_t *buf, struct hik_view view);

void hik_text_register(void);

/* Makes blanks of the control characters of a text, in place. */
void hik_text_one_line(char *text);

#endif
