/* keepalive.h
 * The keep-alive monitor: at which distance a lower platform sends its Keepalives (GB/T 28181-2016 9.6), and whether
 * they fell silent.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_KEEPALIVE_H
#define HIK_KEEPALIVE_H

#include "session.h"

/* Keep-alives of a pair of platforms. File scope; written on the first pass. */
struct hik_keepalive {
    uint32_t frame;          /* last keep-alive, 0 = none yet */
    nstime_t time;
    double distance;         /* the last distance of two, in seconds; those under HIK_KEEPALIVE_MIN are repetitions */
    double period;           /* the shortest that came twice in a row (then the longer of the two), so that one that is
                                repeated early shortens nothing; longer again when two silences in a row are alike; 0 = unknown */
    unsigned distances;      /* how many made it */
    unsigned gaps;           /* silences of more than HIK_KEEPALIVE_MISSED periods */
    double longest;          /* longest distance */
    nstime_t first;          /* the first keep-alive */
    double doubted;          /* the silence behind a burst, which the next distance explains, and the period then; 0: none */
    double doubted_period;
    nstime_t heard;          /* last message of the pair, whoever sent it */
    nstime_t doubtful;       /* the silence counts from here on: before, the capture may have stood still; 0: it does not */
    bool reported;           /* the silence since `frame` was noticed already */
    uint32_t expired;        /* the REGISTER's answer whose running out was noticed already */
};
#define HIK_KEEPALIVE_MIN 5.0
#define HIK_KEEPALIVE_MISSED 3
/* Two distances are alike up to this ratio. */
#define HIK_KEEPALIVE_ALIKE 1.1
/* Never NULL: a pair without keep-alives has an empty one. */
const struct hik_keepalive *hik_keepalive_of(const struct hik_platforms *pair);
/* A pair whose period is not known: registered this long, without a (second) keep-alive, is too long. */
#define HIK_KEEPALIVE_NONE 300.0
/* Keep-alives that all came within this time may be a burst, as some devices send after they start: what they are apart need not be
 * their period. A silence behind them of up to HIK_KEEPALIVE_NONE is one only if the next distance is short again. */
#define HIK_KEEPALIVE_BURST 60.0
struct hik_silence {
    double seconds;          /* 0: there is none to be told of */
    double period;           /* what it was measured by; 0: HIK_KEEPALIVE_NONE */
    bool before;             /* it ended with the keep-alive before this one */
};
/* First pass only. A message of a pair came: the keep-alives' silence in front of it, if it is too long and was not reported before. */
struct hik_silence hik_keepalive_update(packet_info *pinfo, const struct hik_message *message);
/* At the end of the capture the keep-alives are silent for too long, and no message came that told so. Any pass. */
bool hik_keepalive_is_silent(const struct hik_platforms *pair, const nstime_t *capture_end);
/* First pass only. The two pairs are one from now on: the first. */
void hik_keepalive_merge(const struct hik_platforms *into, const struct hik_platforms *from);
/* A registration is renewed at the last moment, and clocks and the way there take their time, in seconds. */
#define HIK_EXPIRED_GRACE 1.0
/* For how many seconds the registration had run out by then, 0 if it had not. A keep-alive that the upper platform
 * accepted later shows that it holds the lower one for registered still: then, until keep-alives fall silent. Any pass. */
double hik_keepalive_expired_for(const struct hik_platforms *pair, const nstime_t *now);
/* First pass only. A message came after the registration ran out: is it the first one since? */
bool hik_keepalive_first_expired(packet_info *pinfo, const struct hik_platforms *pair);

void hik_keepalive_register(void);

#endif
