/* tap.c
 * The tap "hikcascade": queues its records.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tap.h"

#include "parts.h"
#include "seen.h"

static int hik_tap = -1;

static bool is_asked_for(void)
{
    return have_tap_listener(hik_tap);
}

struct hik_tap *hik_tap_queue(packet_info *pinfo, enum hik_tap_kind kind, struct hik_session *session)
{
    struct hik_tap *record;

    if (!is_asked_for())
        return NULL;
    if (kind == HIK_TAP_SIP && session)
        hik_seen_call();
    record = wmem_new0(pinfo->pool, struct hik_tap);
    record->kind = kind;
    record->session = session;
    record->later_pass = PINFO_FD_VISITED(pinfo);
    tap_queue_packet(hik_tap, pinfo, record);
    return record;
}

void hik_tap_register(void)
{
    hik_tap = register_tap(HIK_TAP_NAME);
}
