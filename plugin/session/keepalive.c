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

void hik_keepalive_merge(const struct hik_platforms *into, const struct hik_platforms *from)
{
    const struct hik_keepalive *theirs = hik_keepalive_of(from);
    struct hik_keepalive *ours = make_keepalive(into), before = *ours;

    if (theirs->frame > before.frame)
        *ours = *theirs;
    ours->gaps = before.gaps + theirs->gaps;
    ours->expired = MAX(before.expired, theirs->expired);
    ours->heard = nstime_cmp(&theirs->heard, &before.heard) > 0 ? theirs->heard : before.heard;
}

bool hik_keepalive_first_expired(packet_info *pinfo, const struct hik_platforms *pair)
{
    struct hik_keepalive *monitor = make_keepalive(pair);
    bool first = monitor->expired != pair->register_answer_frame;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    monitor->expired = pair->register_answer_frame;
    return first;
}

/* The lower platform is registered, and its keep-alives are so few that their period is not known. */
static bool misses_keepalives(const struct hik_platforms *pair, const struct hik_keepalive *monitor, const nstime_t *now,
                              double *since)
{
    bool later = monitor->frame && nstime_cmp(&monitor->time, &pair->registered_since) > 0;

    *since = hik_seconds_between(later ? &monitor->time : &pair->registered_since, now);
    /* without the REGISTER itself, nothing that goes up may be in the capture */
    return pair->registered && pair->register_frame && !hik_platforms_are_cut(pair) && monitor->distances < 2 && *since > HIK_KEEPALIVE_NONE;
}

/* Nothing of the pair at all is in the capture for several periods: that may be the capture's silence, and what follows
 * tells, a keep-alive or more of the silence. */
static bool stood_still(const struct hik_keepalive *monitor, const nstime_t *now)
{
    return monitor->heard.secs != 0 && hik_seconds_between(&monitor->heard, now) > HIK_KEEPALIVE_MISSED * monitor->period;
}

/* How long the keep-alives have been silent while the capture ran. */
static double silent_for(const struct hik_keepalive *monitor, const nstime_t *now)
{
    return hik_seconds_between(nstime_is_zero(&monitor->doubtful) ? &monitor->time : &monitor->doubtful, now);
}

/* Two silences in a row that are alike are a timer that was set anew, or what a burst of keep-alives hid: the new period. */
static bool is_new_period(const struct hik_keepalive *monitor, double since)
{
    double shorter = MIN(since, monitor->distance), longer = MAX(since, monitor->distance);

    return monitor->distances >= 2 && shorter > HIK_KEEPALIVE_MISSED * monitor->period && longer <= HIK_KEEPALIVE_ALIKE * shorter;
}

/* A silence of several periods; behind a burst it has to be far longer. */
static bool is_silence(const struct hik_keepalive *monitor, double seconds)
{
    bool burst = hik_seconds_between(&monitor->first, &monitor->time) <= HIK_KEEPALIVE_BURST;

    return monitor->distances >= 2 && seconds > HIK_KEEPALIVE_MISSED * monitor->period && (!burst || seconds > HIK_KEEPALIVE_NONE);
}

/* A keep-alive came so many seconds after the last one: takes the distance in. */
static void learn(struct hik_keepalive *monitor, double since)
{
    double longer = MAX(since, monitor->distance);

    if (monitor->distances++ > 0 && (monitor->period == 0 || longer < monitor->period))
        monitor->period = longer;
    monitor->distance = since;
    if (since > monitor->longest)
        monitor->longest = since;
}

struct hik_silence hik_keepalive_update(packet_info *pinfo, const struct hik_message *message)
{
    const struct hik_platforms *pair = message->platforms;
    struct hik_keepalive *monitor = make_keepalive(pair);
    struct hik_silence silence = {0, monitor->period, false};
    double since = monitor->frame ? hik_seconds_between(&monitor->time, &pinfo->abs_ts) : 0, none, doubted = 0;
    bool keepalive = pair->keepalive_frame && pair->keepalive_frame != monitor->frame, whole = !hik_platforms_are_cut(pair);

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (!keepalive && monitor->distances >= 2 && stood_still(monitor, &pinfo->abs_ts))
        monitor->doubtful = pinfo->abs_ts;
    monitor->heard = pinfo->abs_ts;
    if (keepalive && is_new_period(monitor, since))
        silence.period = monitor->period = MAX(since, monitor->distance);
    if (!monitor->reported && whole && is_silence(monitor, since) &&
        (keepalive || is_silence(monitor, silent_for(monitor, &pinfo->abs_ts)))) {
        monitor->reported = true;
        monitor->gaps++;
        silence.seconds = since;
    } else if (keepalive && !monitor->reported && whole && monitor->distances >= 2 && since > HIK_KEEPALIVE_MISSED * monitor->period) {
        doubted = since;
        monitor->doubted_period = monitor->period;
    } else if (keepalive && monitor->doubted > 0 && since >= HIK_KEEPALIVE_MIN && since <= HIK_KEEPALIVE_MISSED * monitor->doubted_period) {
        monitor->gaps++;
        silence = (struct hik_silence){monitor->doubted, monitor->doubted_period, true};
    } else if (!monitor->reported && message->is_request && message->method != HIK_METHOD_REGISTER &&
               !message->keepalive && misses_keepalives(pair, monitor, &pinfo->abs_ts, &none)) {
        /* where a REGISTER is all there is, the capture may have been filtered */
        monitor->reported = true;
        monitor->gaps++;
        silence = (struct hik_silence){none, 0, false};
    }
    if (keepalive) {
        if (!monitor->frame)
            monitor->first = pinfo->abs_ts;
        if (since >= HIK_KEEPALIVE_MIN) {
            learn(monitor, since);
            monitor->doubted = doubted;
        }
        monitor->frame = pair->keepalive_frame;
        monitor->time = pinfo->abs_ts;
        nstime_set_zero(&monitor->doubtful);
        monitor->reported = false;
    }
    return silence;
}

bool hik_keepalive_is_silent(const struct hik_platforms *pair, const nstime_t *capture_end)
{
    const struct hik_keepalive *monitor = hik_keepalive_of(pair);

    return monitor->frame && !monitor->reported && !hik_platforms_are_cut(pair) && is_silence(monitor, silent_for(monitor, capture_end));
}

double hik_keepalive_expired_for(const struct hik_platforms *pair, const nstime_t *now)
{
    const struct hik_keepalive *monitor = hik_keepalive_of(pair);
    double late = hik_seconds_between(&pair->registered_until, now);
    double silent = monitor->distances >= 2 ? HIK_KEEPALIVE_MISSED * monitor->period : HIK_KEEPALIVE_NONE;

    if (!pair->registered || hik_platforms_are_cut(pair) || late <= HIK_EXPIRED_GRACE)
        return 0;
    if (nstime_cmp(&pair->keepalive_accepted, &pair->registered_until) > 0 &&
        hik_seconds_between(&pair->keepalive_accepted, now) <= silent)
        return 0;
    return late;
}
