/* kept.c
 * What is kept of a capture: small pieces of memory; and values that change in its course.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kept.h"

#include <string.h>

enum { BLOCK = 16384, ALIGNMENT = 8 };

/* What is free of the last block; emptied with the capture. */
static struct {
    uint8_t *at;
    size_t left;
} block;
static bool one_by_one; /* wmem is told to */

static void forget_block(void)
{
    block.at = NULL;
    block.left = 0;
}

void hik_kept_register(void)
{
    one_by_one = g_getenv("WIRESHARK_DEBUG_WMEM_OVERRIDE") != NULL;
    register_cleanup_routine(forget_block);
}

void *hik_keep(size_t size)
{
    uint8_t *piece;

    if (one_by_one || size > BLOCK / 8)
        return wmem_alloc0(wmem_file_scope(), MAX(size, 1));
    size = (MAX(size, 1) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (size > block.left) {
        block.at = (uint8_t *)wmem_alloc0(wmem_file_scope(), BLOCK);
        block.left = BLOCK;
    }
    piece = block.at;
    block.at += size;
    block.left -= size;
    return piece;
}

void *hik_keep_copy(const void *bytes, size_t size)
{
    void *piece = hik_keep(size);

    if (size > 0)
        memcpy(piece, bytes, size);
    return piece;
}

void hik_history_add(struct hik_history *history, const void *element, size_t size)
{
    uint32_t count = history->count;

    if (count == 0) { /* mostly it stays the only one */
        history->elements = hik_keep(size);
    } else if (count == 1) {
        history->elements = memcpy(wmem_alloc(wmem_file_scope(), 2 * size), history->elements, size);
    } else if ((count & (count - 1)) == 0) { /* a power of two: the room is full */
        history->elements = wmem_realloc(wmem_file_scope(), history->elements, 2 * (size_t)count * size);
    }
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
