/* keepalive.c
 * The keep-alive monitor: the period of a pair's keep-alives is learned from the distances that come, and a silence of
 * several periods is a gap.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "keepalive.h"

#include "seconds.h"

static wmem_map_t *keepalives; /* struct hik_platforms -> struct hik_keepalive */

void hik_keepalive_register(void)
{
    keepalives = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), g_direct_hash, g_direct_equal);
}

const struct hik_keepalive *hik_keepalive_of(const struct hik_platforms *pair)
{
    static const struct hik_keepalive none;
    const struct hik_keepalive *kept = (const struct hik_keepalive *)wmem_map_lookup(keepalives, pair);

    return kept ? kept : &none;
}

static struct hik_keepalive *make_keepalive(const struct hik_platforms *pair)
{
    struct hik_keepalive *monitor = (struct hik_keepalive *)wmem_map_lookup(keepalives, pair);

    if (!monitor) {
        monitor = wmem_new0(wmem_file_scope(), struct hik_keepalive);
        wmem_map_insert(keepalives, pair, monitor);
    }
    return monitor;
}

bool hik_keepalive_first_expired(packet_info *pinfo, const struct hik_platforms *pair)
{
    struct hik_keepalive *monitor = make_keepalive(pair);
    bool first = monitor->expired != pair->register_answer_frame;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    monitor->expired = pair->register_answer_frame;
    return first;
}

double hik_keepalive_update(packet_info *pinfo, const struct hik_platforms *pair, double *period)
{
    struct hik_keepalive *monitor;
    double silence = 0, since;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (!pair->keepalive_frame)
        return 0;
    monitor = make_keepalive(pair);
    since = monitor->frame ? hik_seconds_between(&monitor->time, &pinfo->abs_ts) : 0;
    *period = monitor->period;
    if (monitor->distances >= 2 && !monitor->reported && since > HIK_KEEPALIVE_MISSED * monitor->period) {
        monitor->reported = true;
        monitor->gaps++;
        silence = since;
    }
    if (pair->keepalive_frame != monitor->frame) {
        if (monitor->frame && since >= HIK_KEEPALIVE_MIN) {
            double longer = MAX(since, monitor->distance);

            if (monitor->distances++ > 0 && (monitor->period == 0 || longer < monitor->period))
                monitor->period = longer;
            monitor->distance = since;
            if (since > monitor->longest)
                monitor->longest = since;
        }
        monitor->frame = pair->keepalive_frame;
        monitor->time = pair->keepalive_time;
        monitor->reported = false;
    }
    return silence;
}

bool hik_keepalive_is_silent(const struct hik_platforms *pair, const nstime_t *capture_end)
{
    const struct hik_keepalive *monitor = hik_keepalive_of(pair);

    return monitor->frame && !monitor->reported && monitor->distances >= 2 &&
           hik_seconds_between(&monitor->time, capture_end) > HIK_KEEPALIVE_MISSED * monitor->period;
}
