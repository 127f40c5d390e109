/* sdp-roles.h
 * The endpoints of media over TCP that the SDP of the capture's sessions opened so far. First pass only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_TCP_ENDPOINTS_H
#define HIK_TCP_ENDPOINTS_H

#include "session.h"

/* How far the list of a shared port is searched. */
#define HIK_TCP_MAX_SEARCH 512

/* A session's claim on an endpoint; a list, newest first. File scope. */
struct hik_tcp_claim {
    struct hik_session *session;
    bool rtcp; /* the port is that of the session's RTCP */
    struct hik_tcp_claim *older;
};

static inline bool hik_is_ip(const address *addr)
{
    return addr->type == AT_IPv4 || addr->type == AT_IPv6;
}

/* Opens what a line says. peer: the other side's line, NULL if not known yet; sip, peer_sip: where the two sides' SIP
 * comes from, for those behind a NAT. Does nothing for a line without TCP or without a port that means something. */
void hik_tcp_open_line(struct hik_session *session, const struct hik_media_line *line, const struct hik_media_line *peer,
                       const address *sip, const address *peer_sip);

/* The sessions that wait at an endpoint for this SSRC, NULL if there are none. Port 0: at any port of that host. */
const struct hik_tcp_claim *hik_tcp_claims_of_ssrc(const address *addr, uint32_t port, uint32_t ssrc);

/* The sessions in which `client` is to connect to `listener`, whatever the port; NULL if there are none. */
const struct hik_tcp_claim *hik_tcp_claim_between(const address *listener, const address *client);

/* Some SDP names this port of the host for media over TCP. */
bool hik_tcp_is_announced(const address *addr, uint32_t port);

/* The sessions not answered yet in which somebody may connect to `listener`, or `client` to somebody; NULL if there are none. */
const struct hik_tcp_claim *hik_tcp_claim_early(const address *listener, const address *client);

/* The claim of a list that fits a connection best which is asked for now: of the sessions that still wait for one the newest, or the
 * oldest of those that have just begun, for calls that begin at once connect in turn; then the newest that is open, then the newest. */
const struct hik_tcp_claim *hik_tcp_best_claim(const struct hik_tcp_claim *newest, const nstime_t *now);

/* What the addresses of a packet say. NULL: none of our business. */
const struct hik_tcp_claim *hik_tcp_claim_of_packet(packet_info *pinfo);

/* False while no SDP of the capture opened anything. */
bool hik_tcp_endpoints_any(void);
void hik_tcp_endpoints_register(void);

#endif
