/* waiting.h
 * SIP over TCP whose headers come in many segments, at the worst byte by byte. What was looked at once is not parsed again with
 * every byte that comes: only what is new is looked at, for the end of the headers.
 *
 * Stock's tcp keeps what is waited for by sequence numbers alone. A message that came in these before, in a later segment that
 * overtook or in the same one with other bytes, would be a part of what is waited for on later passes, and be shown no more.
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

/* First pass only. A message of ours stands in the TCP segment at hand: remaining bytes before the segment's end, or further
 * back. */
void hik_waiting_message(packet_info *pinfo, uint32_t remaining);

/* First pass only. Where bytes are to be waited for, for those that end with the segment at hand, a message of ours came before.
 * remaining: how many there are; bytes: how many are missing, 0 for whatever comes next. */
bool hik_waiting_would_take(packet_info *pinfo, uint32_t remaining, uint32_t bytes);

void hik_waiting_register(void);

#endif
