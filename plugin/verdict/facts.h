/* facts.h
 * From the capture state to the plain facts that verdict.c judges, and the verdict of a session as text.
 *
 * The facts are those of the whole capture as far as it was read. Asked on the first pass they are what is known so
 * far; after it, they are final.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_FACTS_H
#define HIK_FACTS_H

#include "session.h"
#include "verdict.h"

/* A session's facts, and the texts they point to. */
struct hik_case {
    struct hik_facts facts;
    const struct hik_flow *main_flow;   /* most packets in the direction the session is about; NULL if there is none */
    const char *sdp_codec;              /* encoding name the answer, else the offer, declares; NULL */
    struct hik_endpoint_text caller, callee, bye_by, unreachable_what, cascade_via, tcp_to;
    struct hik_endpoint_text to[2], from[2], seen_from[2], seen_to[2];
    struct { /* of an m= line in a direction */
        struct hik_endpoint_text from, announced_from, announced_to, unnegotiated_from, misdirected_to, left_to, crossed_at, crossed_own, misrouted_from, misrouted_to;
    } lines[2][HIK_LINES];
    /* for tables: where each platform wants or sends the media, else where its SIP is */
    const struct hik_endpoint_text *upper, *lower;
};

/* Time of the last packet of ours, as far as is known. */
const nstime_t *hik_facts_capture_end(void);

void hik_facts_judge(const struct hik_session *session, struct hik_case *facts, struct hik_verdict *out);
/* First pass only. The same by what is known at this packet, without a look at other sessions: its cost does not grow with
 * them. */
void hik_facts_judge_now(packet_info *pinfo, const struct hik_session *session, struct hik_case *facts,
                         struct hik_verdict *out);
/* The verdict's sentence. Valid until something new comes, and kept with the session until then. */
const char *hik_facts_verdict(struct hik_session *session);
/* How grave that finding is in it; NOTE where the verdict does not have it. Costs no more than hik_facts_verdict(). */
enum hik_severity hik_facts_severity(struct hik_session *session, enum hik_code code);

/* Is that SDP line's address one its peer cannot send to? The words for it, or NULL. own, peer: the addresses that its SIP
 * comes from and goes to. */
const char *hik_facts_bad_address(const struct hik_media_line *line, const address *own, const address *peer);

#endif
