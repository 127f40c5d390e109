/* registration.h
 * Registrations and keep-alives of a pair of platforms, as messages bring them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_REGISTRATION_H
#define HIK_REGISTRATION_H

#include "message-info.h"

/* A REGISTER or its answer (RFC 3261 clause 10). First pass. */
void hik_registration_process(packet_info *pinfo, const struct hik_message_info *r, struct hik_message *message);

/* A Keepalive notification (GB/T 28181-2016 9.6), or an answer to one. First pass. */
void hik_registration_process_keepalive(packet_info *pinfo, const struct hik_message *message);

#endif
