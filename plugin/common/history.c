/* history.c
 * Values that change in the course of a capture: what held at a frame.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "history.h"

#include <string.h>

void hik_history_add(struct hik_history *history, const void *element, size_t size)
{
    uint32_t count = history->count;

    if ((count & (count - 1)) == 0) /* a power of two, or 0: the room is full */
        history->elements = wmem_realloc(wmem_file_scope(), history->elements, (count ? 2 * (size_t)count : 1) * size);
    memcpy(hik_history_element(history, count, size), element, size);
    history->count++;
}

void *hik_history_at(const struct hik_history *history, uint32_t frame, size_t size)
{
    uint32_t low = 0, high = history->count;

    while (low < high) { /* the first one that begins behind the frame */
        uint32_t middle = low + (high - low) / 2;

        if (*(const uint32_t *)hik_history_element(history, middle, size) <= frame)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? hik_history_element(history, low - 1, size) : NULL;
}
