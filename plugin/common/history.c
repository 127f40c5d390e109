/* history.c
 * Values that change in the course of a capture: what held at a frame.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "history.h"

void *hik_history_at(wmem_array_t *elements, uint32_t frame)
{
    unsigned low = 0, high = elements ? wmem_array_get_count(elements) : 0;

    while (low < high) { /* the first one that begins behind the frame */
        unsigned middle = low + (high - low) / 2;

        if (*(const uint32_t *)wmem_array_index(elements, middle) <= frame)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? wmem_array_index(elements, low - 1) : NULL;
}
