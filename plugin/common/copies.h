/* copies.h
 * The same UDP datagram, or TCP segment, more than once in a capture: a mirror port that shows both ways through a switch, a capture on
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
 * the datagram's own place. Nobody sends the bytes of a SIP message again so soon, so that the identification matters only
 * for how soon that is (who forwards a capture may write another). NULL for what is no UDP, or cut by the capture. Copies of
 * RTP are told by its sequence numbers: rtp-sequence.h. */
struct hik_datagram *hik_datagram_take(packet_info *pinfo, tvbuff_t *tvb, bool *copy);

/* IP identification of the datagram being dissected, whose bytes are the tvb's first; 0 if it has none, or not in one IPv4
 * header of this frame. */
uint16_t hik_datagram_id(packet_info *pinfo, tvbuff_t *tvb, const uint8_t *bytes);

/* First pass only. A TCP segment is about to be dissected; the tvb is its payload. */
void hik_segment_begin(packet_info *pinfo, tvbuff_t *tvb, uint16_t src_port, uint16_t dst_port, uint32_t seq);
/* First pass only. The sequence numbers of the first byte of the segment at hand, and of the one behind its last. False: the frame
 * has none. */
bool hik_segment_place(packet_info *pinfo, uint32_t *begin, uint32_t *end);
/* First pass only. What ended in the segment that the one at hand is a copy of, one after the other, and its frame; NULL: it is no
 * copy, or there is no more. Stock gives such a segment to somebody or to nobody. */
void *hik_segment_copy(packet_info *pinfo, uint32_t *frame);
/* First pass only. Something ends in the segment at hand: record is the caller's, file scope. Its copies are told of for a moment. */
void hik_segment_ends(packet_info *pinfo, void *record);

void hik_copies_register(void);

#endif
