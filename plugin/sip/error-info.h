/* error-info.h
 * Hikvision's <ErrorInfo>: why a platform refuses, in the body of its answer.
 *
 * Pure: no Wireshark header.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_ERROR_INFO_H
#define HIK_ERROR_INFO_H

#include "view.h"

/* Hikvision <ErrorInfo><ErrorCode>..</ErrorCode><ErrorDescripe>..</ErrorDescripe></ErrorInfo>; ErrorDescribe and
 * ErrorDesc are taken too. Returns false if the body does not hold an ErrorInfo element. */
struct hik_error_info {
    struct hik_view code, text;
};
bool hik_error_info_parse(const uint8_t *buf, struct hik_view body, struct hik_error_info *out);

/* What is publicly known of an error code, written in decimal or as 0x...: a static text, NULL if nothing is. The small
 * numbers are those of Hikvision's device network SDK, which the text says. */
const char *hik_error_code_meaning(const uint8_t *buf, struct hik_view code);

#endif
