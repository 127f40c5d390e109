/* seconds.h
 * The distance of two times of the capture.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_SECONDS_H
#define HIK_SECONDS_H

#include "ws-compat.h"

/* In seconds; negative if `to` is the earlier one. */
static inline double hik_seconds_between(const nstime_t *from, const nstime_t *to)
{
    nstime_t delta;

    nstime_delta(&delta, to, from);
    return nstime_to_sec(&delta);
}

#endif
