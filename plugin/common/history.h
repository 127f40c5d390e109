/* history.h
 * Values that change in the course of a capture: what held at a frame.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_HISTORY_H
#define HIK_HISTORY_H

#include "ws-compat.h"

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
