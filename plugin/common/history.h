/* history.h
 * Values that change in the course of a capture: what held at a frame.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_HISTORY_H
#define HIK_HISTORY_H

#include "ws-compat.h"

/* Elements that begin with a uint32_t, the frame they hold from, in order of frames. Returns the last one that does not
 * begin behind the frame, NULL if there is none or no array. In logarithmic time. */
void *hik_history_at(wmem_array_t *elements, uint32_t frame);

#endif
