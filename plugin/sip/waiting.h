/* waiting.h
 * SIP over TCP whose headers come in many segments, at the worst byte by byte. What was looked at once is not parsed again with
 * every byte that comes: only what is new is looked at, for the end of the headers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_WAITING_H
#define HIK_WAITING_H

#include "ws-compat.h"

/* First pass only. These bytes, the beginning of a message from this packet's source to its destination, were parsed; the end
 * of the headers is not among them. */
void hik_waiting_note(packet_info *pinfo, const uint8_t *buf, uint32_t length);

/* More bytes of the same message are there, and still the end of its headers is not: nothing new is to be learned from parsing
 * them. Now and then it is false all the same, so that what the headers say does not wait for ever. False on later passes. */
bool hik_waiting_goes_on(packet_info *pinfo, const uint8_t *buf, uint32_t length);

void hik_waiting_register(void);

#endif
