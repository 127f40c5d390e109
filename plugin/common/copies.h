/* copies.h
 * The same UDP datagram more than once in a capture: a mirror port that shows both ways through a switch, a capture on
 * several interfaces or on `any`, two captures merged.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_COPIES_H
#define HIK_COPIES_H

#include "ws-compat.h"

/* A datagram that came a moment ago. Overwritten by later ones; first pass. */
struct hik_datagram {
    uint64_t hash;   /* of its ends and its bytes */
    nstime_t time;
    uint32_t frame;  /* 0: none */
    uint16_t id;     /* IP identification, 0: none */
    void *record;    /* the caller's, file scope; NULL until it is set */
};

/* First pass only. Remembers the UDP datagram being dissected, whose payload the tvb is. *copy: the same ends, IP
 * identification and bytes came a moment ago, whatever the TTL; then what is returned is the first of them. Else it is
 * the datagram's own place. is_message: nobody sends those bytes again so soon, so that the identification does not matter
 * (who forwards a capture may write another). Of RTP, whose header counts the packets, the header and some of the payload
 * are compared, not each byte. NULL for what is no UDP, or cut by the capture. */
struct hik_datagram *hik_datagram_take(packet_info *pinfo, tvbuff_t *tvb, bool is_message, bool *copy);

void hik_copies_register(void);

#endif
