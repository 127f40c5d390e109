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

#include "rtp-flow.h"
#include "session.h"
#include "verdict.h"

/* Address and port as text, "192.0.2.1:7100" or "[2001:db8::1]:7100"; also holds an address alone. */
#define HIK_ENDPOINT_TEXT 64
struct hik_endpoint_text {
    char s[HIK_ENDPOINT_TEXT];
};
/* Port 0 of a real address is written, too. "" if the address is not known. */
struct hik_endpoint_text hik_endpoint_print(const address *addr, uint16_t port);

/* A session's facts, and the texts they point to. */
struct hik_case {
    struct hik_facts facts;
    const struct hik_flow *main_flow;   /* most packets in the direction the session is about; NULL if there is none */
    const char *sdp_codec;              /* encoding name the answer, else the offer, declares; NULL */
    struct hik_endpoint_text caller, callee, bye_by, unreachable_what, cascade_via, tcp_to;
    struct hik_endpoint_text to[2], from[2], seen_from[2], seen_to[2], unnegotiated[2];
    /* for tables: where each platform wants or sends the media, else where its SIP is */
    const struct hik_endpoint_text *upper, *lower;
};

/* Keep-alives of a pair of platforms. File scope; written on the first pass. */
struct hik_watch {
    uint32_t frame;          /* last keep-alive, 0 = none yet */
    nstime_t time;
    double distance;         /* the last distance of two, in seconds; those under HIK_KEEPALIVE_MIN are repetitions */
    double period;           /* the shortest that came twice in a row (then the longer of the two), so that one that is
                                repeated early shortens nothing; 0 = unknown */
    unsigned distances;      /* how many made it */
    unsigned gaps;           /* silences of more than HIK_KEEPALIVE_MISSED periods */
    double longest;          /* longest distance */
    bool reported;           /* the silence since `frame` was noticed already */
    uint32_t expired;        /* the REGISTER's answer whose running out was noticed already */
};
#define HIK_KEEPALIVE_MIN 5.0
#define HIK_KEEPALIVE_MISSED 3
/* Never NULL: a pair without keep-alives has an empty one. */
const struct hik_watch *hik_facts_watch(const struct hik_platforms *pair);
/* First pass only. A message of the pair came: if the keep-alives' silence in front of it is too long, and was not
 * reported before, the silence in seconds, else 0. period: what it was measured by. */
double hik_facts_silence(packet_info *pinfo, const struct hik_platforms *pair, double *period);
/* At the end of the capture the keep-alives are silent for too long, and no message came that told so. Any pass. */
bool hik_facts_is_silent(const struct hik_platforms *pair);
/* First pass only. A message came after the registration ran out: is it the first one since? */
bool hik_facts_first_expired(packet_info *pinfo, const struct hik_platforms *pair);
/* Time of the last packet of ours, as far as is known. */
const nstime_t *hik_facts_capture_end(void);

void hik_facts_register(void);
/* First pass only. Notes what session.c has no place for. After hik_session_take(). */
void hik_facts_take(packet_info *pinfo, const struct hik_message *message);

/* First pass only. An ICMP error came that holds a packet of this session to that endpoint. */
void hik_facts_unreachable(packet_info *pinfo, const struct hik_session *session, const address *addr, uint16_t port);

/* Linear in the flows of the session; the first call after new messages is linear in the sessions of the capture. */
void hik_facts_collect(const struct hik_session *session, struct hik_case *out);
void hik_facts_judge(const struct hik_session *session, struct hik_case *facts, struct hik_verdict *out);
/* The verdict's sentence. File scope, kept with the session; made anew only when messages came since. */
const char *hik_facts_verdict(struct hik_session *session);

/* Is that SDP line's address one its peer cannot send to? The words for it, or NULL. peer: the SIP peer's address. */
const char *hik_facts_bad_address(const struct hik_media_line *line, const address *peer);
enum hik_address_class hik_facts_class(const address *addr);
/* One of the encoding names of an MPEG program stream. */
bool hik_facts_is_ps(const char *encoding);
/* Is the flow one that y= speaks of: of the first m= line, and in the direction the session is about? */
bool hik_facts_is_announced(const struct hik_session *session, const struct hik_flow *flow);
/* Does the flow carry the SSRC announced to an endpoint that its receiver did not announce? Address translation, which
 * changes a private address into a public one or back, is not that. By what is known at the moment. */
bool hik_facts_is_astray(const struct hik_session *session, const struct hik_flow *flow);
/* Index of the m= line whose endpoints the flow has, -1 if it has no line's. */
int hik_facts_line(const struct hik_session *session, const struct hik_flow *flow);
/* Who wrote the session's newest offer: after a re-INVITE of the callee, offer and answer have changed sides. */
const struct hik_description *hik_facts_caller_sdp(const struct hik_session *session);
const struct hik_description *hik_facts_callee_sdp(const struct hik_session *session);

#endif
