/* rtp-record.h
 * What is kept of each RTP and RTCP packet: one record, written on the first pass, read by all.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_RTP_RECORD_H
#define HIK_RTP_RECORD_H

#include "ws-compat.h"

enum hik_rtp_flag {
    HIK_RTP_RTCP = 1 << 0,         /* an RTCP packet: id is the session's index, the rest is 0 */
    HIK_RTP_DUPLICATE = 1 << 1,
    HIK_RTP_REORDERED = 1 << 2,    /* a later sequence number came before */
    HIK_RTP_GAP = 1 << 3,          /* sequence numbers are missing in front of it: hik_rtp_record.gap */
    HIK_RTP_RESTART = 1 << 4,      /* the sequence numbers begin anew here; until the next packet came: perhaps */
    HIK_RTP_UNNEGOTIATED = 1 << 5, /* comes from an endpoint that no SDP of the session names */
    HIK_RTP_AFTER_BYE = 1 << 6,
    HIK_RTP_SSRC_CHANGED = 1 << 7, /* first packet with another SSRC between the same endpoints */
    HIK_RTP_COPY = 1 << 8,         /* the same datagram is in the capture before it: it does not count */
    HIK_RTP_STRAY = 1 << 9,        /* its sequence number fits nothing, and nothing followed it */
    HIK_RTP_REUSED = 1 << 10,      /* its sequence number came before, with other bytes */
    HIK_RTP_MANY_SSRCS = 1 << 11,  /* one SSRC too many for a session */
    HIK_RTP_REFUSED = 1 << 12      /* a read filter refused the frame: the next frame has its number */
};

/* What packet-mp2p.c knows of the payload; zero where it was not asked. */
struct hik_payload_record {
    uint32_t base;          /* index of the state it begins in, among the flow's; nal_size and left apart */
    uint32_t nal_size;      /* bytes so far of the NAL unit that is open */
    uint16_t left;          /* bytes left of the PES packet that is open */
    uint16_t lost;          /* packets missing before it so far: those that come late are taken off; 65535 = or more */
    uint16_t flags;         /* mp2p.h */
    uint16_t detail;
};

/* 36 bytes, file scope. */
struct hik_rtp_record {
    uint32_t frame;
    uint32_t id;           /* index of the flow; of the session for HIK_RTP_RTCP */
    uint32_t extended_seq;
    uint16_t flags;        /* enum hik_rtp_flag */
    uint16_t gap;          /* packets missing in front of it when it came */
    uint32_t jitter;       /* of its flow so far, microseconds */
    struct hik_payload_record payload;
};

/* Where a record stands: its number, from 0 in the order in which the packets came, and the RTP and RTCP packets in front of
 * it in its frame. The same in every pass. */
struct hik_rtp_place {
    uint32_t number, nth;
};

/* First pass: the record of the next RTP or RTCP packet of this frame. */
struct hik_rtp_record *hik_rtp_record_add(packet_info *pinfo, uint32_t id, uint16_t flags, struct hik_rtp_place *place);

/* Later passes: the record of the next packet of this frame, NULL if the first pass made none. */
struct hik_rtp_record *hik_rtp_record_next(packet_info *pinfo, struct hik_rtp_place *place);

/* Later passes: a record of this frame was asked for, in this dissection of it. */
bool hik_rtp_record_was_asked_for(packet_info *pinfo);

struct hik_rtp_record *hik_rtp_record_get(uint32_t number);

/* First pass: the record of the packet that this one repeats; NULL if it did not come a short while ago. */
const struct hik_rtp_record *hik_rtp_record_original(uint32_t number);

/* No record behind that is of the same frame and flow. */
bool hik_rtp_record_is_last_in_frame(uint32_t number);

void hik_rtp_record_register(int proto);

#endif
