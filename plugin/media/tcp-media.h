/* tcp-media.h
 * What is known of a session's media over TCP, for those who judge it. Any pass; as far as the capture was read.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_TCP_MEDIA_H
#define HIK_TCP_MEDIA_H

#include "tcp-connection.h"

/* The newest of its connections, RTCP's own left out; the others by next_in_session. NULL: there is none. */
const struct hik_tcp_connection *hik_tcp_newest(const struct hik_session *session);

#endif
