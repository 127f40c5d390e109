/* tap.h
 * What the tap "hikcascade" carries: one record per SIP message of ours, and one per RTP or RTCP packet of a session.
 * The front doors queue the records; the tables and the counter tree listen.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_TAP_H
#define HIK_TAP_H

#include "rtp-flow.h"
#include "session.h"

#define HIK_TAP_NAME "hikcascade"

enum hik_tap_kind {
    HIK_TAP_SIP,
    HIK_TAP_RTP,
    HIK_TAP_RTCP
};

/* Packet scope (pinfo->pool), made only while somebody listens: have_tap_listener(). What it points to is file scope,
 * so a listener may keep the pointers until the capture is closed, but not the record itself. */
struct hik_tap {
    enum hik_tap_kind kind;
    bool later_pass;                   /* set by hik_tap_queue(): the whole capture was read before. When a listener is
                                          called, PINFO_FD_VISITED() is true on every pass */
    struct hik_session *session;       /* NULL: a message outside any INVITE session */
    const struct hik_message *message; /* HIK_TAP_SIP only, else NULL */
    const char *label;                 /* HIK_TAP_SIP only: "INVITE", "404 Not Found", "200 OK (BYE)"; packet scope */

    /* HIK_TAP_RTP only. gap counts what was missing in front of this packet when it came, so late packets may still
     * fill it. */
    const struct hik_flow *flow;
    uint32_t bytes;                    /* of its payload */
    uint32_t gap;
    double jitter;                     /* of its flow so far, milliseconds */
    bool reordered;                    /* first pass: came behind a later sequence number, it fills a gap that was counted */
    bool key_frame;                    /* a key frame begins in it; set after the record was queued */
};

/* Queues a record and returns it: listeners are called when the frame is dissected, so the caller sets the rest of it.
 * NULL while nobody listens. */
struct hik_tap *hik_tap_queue(packet_info *pinfo, enum hik_tap_kind kind, struct hik_session *session);

#endif
