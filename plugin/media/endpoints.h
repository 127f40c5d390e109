/* endpoints.h
 * Which session a packet belongs to, by the endpoints that the SDPs name.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_ENDPOINTS_H
#define HIK_ENDPOINTS_H

#include "session.h"

void hik_endpoints_register(void);
/* First pass only: opens what the newest SDP of the message's session names; the message carries an
 * offer or an answer. */
void hik_endpoints_open(packet_info *pinfo, const struct hik_message *message);
/* First pass, after stock's sdp: stock opens what an SDP names also where the SDP does not count, a late copy of an earlier one. What
 * comes there still comes to us, and is told by whose it was. session: the message's, NULL if it has none. */
void hik_endpoints_keep(packet_info *pinfo, const struct hik_session *session, const uint8_t *buf, const struct hik_sdp *sdp);
/* First pass only: an SDP of one session alone names that endpoint. */
bool hik_endpoints_is_of_one(const address *addr, uint16_t port);
/* First pass only: which session a packet belongs to, over UDP or TCP; NULL if none. ssrc: who sends
 * it; about: for RTCP, whom it reports on; else the same. *strong: both ends, or one end and the announced SSRC, say so. */
struct hik_session *hik_endpoints_match(packet_info *pinfo, bool rtcp, uint32_t ssrc, uint32_t about, bool *strong);

#endif
