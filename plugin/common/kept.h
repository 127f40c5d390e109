/* kept.h
 * What is kept of a capture: small pieces of memory; and values that change in its course: what held at a frame.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_KEPT_H
#define HIK_KEPT_H

#include "ws-compat.h"

/* Memory for what is kept until the capture is closed, file scope, zeroed: pieces one behind the other, where each that wmem takes
 * costs 16 bytes more, and half as much again to be a multiple of that. Nothing of it is given back. Where wmem takes each piece from
 * the system by itself, for tools that look at them (WIRESHARK_DEBUG_WMEM_OVERRIDE), so does this. First pass. */
void *hik_keep(size_t size);
#define hik_keep_new(type) ((type *)hik_keep(sizeof(type)))
/* A copy of bytes, never NULL; they may be NULL where there are none. */
void *hik_keep_copy(const void *bytes, size_t size);
void hik_kept_register(void);

/* Elements of one size that begin with a uint32_t, the frame they hold from, in order of frames: mostly one, so they take no more
 * than that. Zeroed: there is none. File scope. */
struct hik_history {
    void *elements;
    uint32_t count;
};
/* First pass. Adds a copy of an element whose frame is not before that of the last. */
void hik_history_add(struct hik_history *history, const void *element, size_t size);
static inline void *hik_history_element(const struct hik_history *history, uint32_t number, size_t size)
{
    return (uint8_t *)history->elements + number * size;
}
/* The last one that does not begin behind the frame, NULL if there is none. In logarithmic time. */
void *hik_history_at(const struct hik_history *history, uint32_t frame, size_t size);

#endif
