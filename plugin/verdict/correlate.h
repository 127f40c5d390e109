/* correlate.h
 * What only a look at all sessions of the capture shows: when it ends, the same SSRC twice to one receiver, and a camera
 * that passes through a platform in the middle.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_CORRELATE_H
#define HIK_CORRELATE_H

#include "session.h"

struct hik_capture_summary {
    nstime_t end;  /* last packet of ours */
    bool has_rtp;
    bool has_media; /* or TCP connections for it, or RTCP without RTP that anybody says was sent */
};

/* What a session has to do with others. Until something new comes. */
struct hik_relation {
    const struct hik_session *shared;  /* same SSRC to the same receiver at the same time */
    bool same_port;
    bool callee_unheard;               /* the callee is never heard in this capture, and yet its answers were acknowledged */
    const struct hik_session *cascade; /* the same camera, passed on by a platform that is in both */
};

/* Compares all sessions by what is known at the moment; sets hik_session.end and forgets their verdicts. Any pass; does
 * nothing if no message and no flow came since. Linear in the sessions of the capture. */
const struct hik_capture_summary *hik_correlate(void);
/* For what is made of it, and is forgotten with it: at the next hik_correlate() after something new came. That was called
 * before. */
wmem_allocator_t *hik_correlate_pool(void);
/* NULL: nothing. hik_correlate() was called before. */
const struct hik_relation *hik_correlate_relation(const struct hik_session *session);

#endif
