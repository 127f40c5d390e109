/* tcp-facts.h
 * A session's media connections as plain facts (RFC 4145, RFC 4571).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_TCP_FACTS_H
#define HIK_TCP_FACTS_H

#include "session.h"
#include "verdict.h"

/* For facts.c. listener: the SDP of the side that waits for the connection, NULL if none is known to; other: of the one that
 * connects. Looks at some tens of connections at most. */
void hik_tcp_facts_collect(const struct hik_session *session, const struct hik_description *listener, struct hik_tcp_facts *out);

#endif
