/* tap.c
 * The tap "hikcascade": queues its records.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tap.h"

#include "parts.h"

static int hik_tap = -1;

bool hik_tap_is_listened_to(void)
{
    return have_tap_listener(hik_tap);
}

struct hik_tap *hik_tap_queue(packet_info *pinfo, const struct hik_tap *record)
{
    struct hik_tap *kept;

    if (!hik_tap_is_listened_to())
        return NULL;
    kept = (struct hik_tap *)wmem_memdup(pinfo->pool, record, sizeof *record);
    kept->later_pass = PINFO_FD_VISITED(pinfo);
    tap_queue_packet(hik_tap, pinfo, kept);
    return kept;
}

void hik_tap_register(void)
{
    hik_tap = register_tap(HIK_TAP_NAME);
}
