/* text.c
 * Text of a packet made into strings that can be shown.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "text.h"

#include <string.h>

#include "kept.h"

static wmem_map_t *shared; /* text -> the same; first pass */

char *hik_text_to_utf8(wmem_allocator_t *scope, const uint8_t *buf, struct hik_view view)
{
    if (view.len == 0)
        return NULL;
    if (g_utf8_validate((const char *)buf + view.off, view.len, NULL))
        return wmem_strndup(scope, (const char *)buf + view.off, view.len);
    return (char *)get_gb18030_string(scope, buf + view.off, (int)view.len);
}

char *hik_view_string(wmem_allocator_t *scope, const uint8_t *buf, struct hik_view view)
{
    if (view.len == 0)
        return NULL;
    return (char *)get_utf_8_string(scope, buf + view.off, (int)view.len);
}

const char *hik_view_kept(const uint8_t *buf, struct hik_view view)
{
    char *text = hik_view_string(NULL, buf, view);
    const char *kept = text ? (const char *)hik_keep_copy(text, strlen(text) + 1) : NULL;

    wmem_free(NULL, text);
    return kept;
}

const char *hik_view_shared(const uint8_t *buf, struct hik_view view)
{
    char *text = hik_view_string(NULL, buf, view);
    char *kept = text ? (char *)wmem_map_lookup(shared, text) : NULL;

    if (text && !kept) {
        kept = (char *)hik_keep_copy(text, strlen(text) + 1);
        wmem_map_insert(shared, kept, kept);
    }
    wmem_free(NULL, text);
    return kept;
}

void hik_text_register(void)
{
    shared = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), wmem_str_hash, g_str_equal);
}

void hik_text_one_line(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7F)
            *text = ' ';
}
