/* tcp-connection.h
 * The TCP connections of the capture that carry media, or were to: whose they are, how they came about, and what of them
 * the capture shows.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_TCP_CONNECTION_H
#define HIK_TCP_CONNECTION_H

#include "sdp-roles.h"
#include "tcp-stream.h"

/* SSRCs remembered per direction: more than the streams that share a connection. */
#define HIK_TCP_KNOWN_SSRCS 4
/* First bytes kept of a direction that carries no RTP. */
#define HIK_TCP_FIRST_BYTES 32

enum { HIK_TH_FIN = 1, HIK_TH_SYN = 2, HIK_TH_RST = 4, HIK_TH_PUSH = 8, HIK_TH_ACK = 16 };

/* A TCP segment being dissected, as its header has it. Valid while its packet is. */
struct hik_tcp_header {
    uint32_t frame;
    uint16_t src_port, dst_port;
    uint32_t seq, ack;      /* as in the packet, not relative */
    uint8_t flags;          /* HIK_TH_* */
    bool sack_permitted;    /* RFC 2018, on SYN */
    tvbuff_t *payload;      /* NULL: none */
    bool taken;             /* dissected, or looked at and left to others */
    bool shown;             /* dissected */
};

/* One way of a connection. File scope; first pass writes. */
struct hik_tcp_direction {
    struct hik_tcp_stream *stream; /* NULL before the first data */
    uint32_t accepted_frame; /* first frame whose bytes are ours; 0 = none yet */
    bool has_begin;          /* its SYN was seen */
    uint32_t begin;          /* sequence number of the first byte; valid if has_begin */
    uint32_t kept_early;     /* bytes kept before it was accepted */
    bool forgotten;          /* and let go: they were too many, or not all there */
    bool doubtful;           /* they may be RTP, but in which frames is not sure yet */
    uint32_t ssrc[HIK_TCP_KNOWN_SSRCS];
    unsigned ssrc_count;     /* ever added */
    uint32_t setup_frame;    /* SDP whose rtpmap stock rtp was told about */
    uint32_t cut_frame;      /* first frame whose segment the capture cut */
    uint32_t foreign_frame;  /* first frame with data that are no RTP; 0 = none */
    uint64_t foreign_bytes;
    uint8_t foreign_first[HIK_TCP_FIRST_BYTES];
    uint8_t foreign_first_len;
};

/* A TCP connection that touches an endpoint. File scope; first pass writes. */
struct hik_tcp_connection {
    address addr[2];         /* of the ends; 0: who sent the packet that showed the connection first */
    uint16_t port[2];
    struct hik_tcp_direction dir[2]; /* 0: from end 0 */
    struct hik_session *session; /* a guess until an SSRC came; NULL = none */
    bool rtcp;               /* to the port of the RTCP */
    bool ours;               /* the conversation's dissector is ours, or nobody else wanted its bytes */
    bool misdirected;             /* neither end is one that an SDP names, only the hosts are */
    bool early;              /* and only one of them: the answer was still to come */
    bool announced_port;     /* it goes to a port that an SDP names */
    bool replaced;           /* it goes to a port that a re-INVITE had replaced */
    bool looked, others;     /* misdirected: we were asked for its bytes; another dissector has them */
    const struct hik_media_line *announced; /* misdirected or replaced: the lines that the listener had announced then */
    unsigned announced_count; /* 0: not known then */
    uint32_t waiting;        /* bit per such line: no connection had come to its port */
    uint8_t sack;            /* bit per end: it permits selective ACKs */
    uint32_t first_frame;
    uint32_t syn_frame, accept_frame, rst_frame, data_frame;
    uint32_t media_frame;    /* first RTP packet */
    struct hik_tcp_connection *next_in_session;
    const struct hik_session *listed; /* in whose list it is */
};

/* Any pass. NULL: none of our business. */
struct hik_tcp_connection *hik_tcp_connection_find(packet_info *pinfo);
/* First pass. handle: the dissector that takes its bytes if nobody else does. claim may be NULL. */
struct hik_tcp_connection *hik_tcp_connection_new(packet_info *pinfo, const struct hik_tcp_claim *claim);
/* The way this packet goes; other: the opposite one. */
struct hik_tcp_direction *hik_tcp_direction_of(packet_info *pinfo, struct hik_tcp_connection *connection, bool other);
/* First pass, after stock's tcp: SYN, RST, ACK and what else makes no RTP. */
void hik_tcp_update(packet_info *pinfo, const struct hik_tcp_header *header);
/* First pass: data came, or an RTP packet. */
void hik_tcp_connection_data(packet_info *pinfo, struct hik_tcp_connection *connection);
void hik_tcp_connection_media(packet_info *pinfo, struct hik_tcp_connection *connection);
/* First pass: an SSRC came; session: whose it is, NULL: not known. announced: the session announced it at this endpoint. The session
 * that it was thought to be gives back what it was told, and gets the connection that was thought to be this one's instead. */
void hik_tcp_connection_settle(struct hik_tcp_connection *connection, struct hik_session *session, bool announced);
/* First pass: data of a direction that do not look like RTP. */
void hik_tcp_connection_foreign(struct hik_tcp_direction *dir, uint32_t frame, const uint8_t *bytes, uint32_t captured, uint32_t len);
/* First pass: stock's conversation of an endpoint gives its connections to us. */
void hik_tcp_claim_from_stock(packet_info *pinfo, const address *addr, uint16_t port);

/* handle: takes the bytes of connections. */
void hik_tcp_connection_register(int proto, dissector_handle_t handle);

/* The newest of a session's connections, RTCP's own left out; the others by next_in_session. NULL: there is none. Any pass,
 * as far as the capture was read. */
const struct hik_tcp_connection *hik_tcp_newest(const struct hik_session *session);
/* A connection of the session has an end at this port that was announced. */
bool hik_tcp_reached(const struct hik_session *session, uint16_t port);

#endif
