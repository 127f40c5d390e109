/* rtp-flow.h
 * RTP and RTCP of a session: binds endpoints of the SDP to sessions, wraps the stock rtp and rtcp dissectors, and
 * keeps one record per RTP flow.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_MEDIA_H
#define HIK_MEDIA_H

#include "ws-compat.h"

#include <string.h>

#include "cut.h"
#include "front-door.h"
#include "key.h"
#include "rtp-record.h"
#include "rtp-sequence.h"

struct hik_session;
struct hik_rtp;

/* Who a flow is: compared and hashed as it stands, so every byte is set. */
struct hik_flow_key {
    uint8_t src[16], dst[16]; /* addresses, zero-padded */
    uint16_t src_port, dst_port;
    uint32_t ssrc;
    uint8_t type;             /* AT_IPv4 ... */
    uint8_t tcp;
    uint16_t zero;
};

/* What the payload of a flow turned out to be. Written by packet-mp2p.c, else by payload-check.c, on the first pass, in memory
 * of its own. */
struct hik_content {
    const char *codec;           /* "H.264", "H.265" ...; NULL until known */
    const char *audio_codec;
    double frame_rate;           /* 0 = unknown */
    uint16_t width, height;      /* of the SPS; 0 = unknown */
    uint32_t key_frames, frames;
    uint32_t ps_packets;         /* packets that fitted the program stream */
    uint32_t not_ps_packets;     /* packets that were declared PS and are something else */
    const char *looks_like;      /* what they look like instead, NULL */
    bool encrypted;              /* the video is, as its headers say or its bytes show */
};

/* Packets of a payload type. */
struct hik_payload_count {
    uint8_t payload_type;
    uint32_t packets;
};
enum { HIK_FLOW_TYPES = 4 };

/* One direction of RTP with one SSRC: source, destination, SSRC. File scope. Counters are first-pass values over the
 * whole capture. */
struct hik_flow {
    struct hik_flow_key key;     /* rtp-flow.c's own */
    struct hik_session *session; /* NULL: RTP without signalling */

    struct hik_sequence sequence;
    wmem_array_t *late;          /* uint32_t: extended numbers of the late packets, ascending; NULL: none came */
    uint32_t clock;              /* of the timestamps of clock_pt, per second */
    unsigned stray_next;         /* the place of the next in `strays` */
    struct hik_rtp_record *jump;   /* record of the last jump, while nothing has followed it */
    struct hik_rtp_record **strays; /* the last HIK_RESTART_EARLY jumps that nothing followed; NULL: there was none */
    uint32_t packets;            /* RTP packets, duplicates included */
    nstime_t last_time;
    uint32_t index;              /* from 0, in order of first packet */
    uint32_t bindings_seen;      /* rtp-flow.c's own: how many endpoints were open when the session was looked up */
    bool source_checked;         /* rtp-flow.c's own: both SDPs were known, unnegotiated is final */
    bool unnegotiated;           /* the source is no endpoint of the session's SDP though both sides' are known */
    bool after_bye;              /* rtp-flow.c's own: the session's BYE came */
    bool tcp;
    bool first_unread;           /* nobody looks into its first packet: hik_flow_may_have_state() */
    uint8_t clock_pt;            /* 255: none came */
    uint8_t checked_against_sdp; /* enum hik_flow_check; findings.c's own, first pass: compared with the SDP once, on the
                                    first packet after the answer */
    bool left;                   /* a re-INVITE moved its receiver away from where it goes */
    bool look_quiet;             /* payload-check.c's: the capture cut the SDP, which may say so */
    const struct hik_flow *changed_from; /* the same host sent to the same endpoint with another SSRC before, in this session; or NULL */
    uint32_t last_frame;
    void *mp2p;                  /* packet-mp2p.c's parser state */
    uint8_t payload_type;        /* of the last packet */
    uint8_t settled;             /* payload type of which a packet brings nothing new but its numbers, 255: none; hik_flow_settle() */
    uint8_t looked_at;           /* payload-check.c's: payload type of which there is nothing more to say, 255: none */
    uint8_t other_than_ps;       /* payload-check.c's: payload type that is no program stream, 255: none */
    uint8_t first_payload_type;
    bool parsed_after;           /* packet-mp2p.c's, first pass: stock gave a payload of it to somebody else than mp2p */
    struct hik_payload_count types[HIK_FLOW_TYPES]; /* others than the first, as they came; further ones are not counted */

    uint32_t ssrc;
    address src, dst;            /* file scope */
    uint16_t src_port, dst_port;
    struct hik_flow *next_in_session;
    uint32_t first_frame, first_nth; /* hik_rtp.place.nth of the packet in it */
    nstime_t first_time;
    /* Of media-facts.c, first pass, by the newest SDPs while packets of it come: hik_media_facts_place(). */
    uint32_t placed;             /* the value of bindings_seen for which that was done */
    uint8_t line, way;           /* index of its m= line, and direction (0: to the caller), plus 1; 0: no SDP says */
    bool arrives;                /* goes to an endpoint its receiver announced */
    bool misdirected;            /* carries the SSRC announced, to an endpoint its receiver did not announce */
    bool misrouted;              /* it does not, and comes from where its sender announced, to such an endpoint */
    uint32_t misrouted_frame, misrouted_nth; /* packet on which that became clear; 0 = it did not */
    uint8_t typed, typed_pt;     /* index plus 1 of the m= line whose media it is by this payload type; 0: that tells nothing */
    bool crossed;                /* and it goes to the endpoint of another line */
    bool uncrossed;              /* once both SDPs were known it went to that of its own line */
    uint32_t crossed_frame, crossed_nth; /* packet on which that became clear; 0 = it did not */
    uint32_t left_packets;       /* that went there all the same, longer after the answer than they may be on their way */
    uint32_t left_frame, left_nth; /* the first of them */
    uint32_t left_answer;        /* frame of that answer */
    double left_seconds;         /* from it to the last of them */
    uint32_t before_bye;         /* packets up to the session's BYE; valid if after_bye */
    const struct hik_content *content; /* never NULL */

    struct hik_cut_first cut;    /* its packets that the capture cut */

    uint8_t checked_pt;           /* payload type of the packet it was judged on */
    uint8_t undeclared_pt;       /* first payload type in no m= line, valid if HIK_CHECKED_PAYLOAD_TYPE */
    uint32_t undeclared_frame, undeclared_nth; /* and where it came */
    uint32_t checked_frame, checked_nth;
    uint32_t checked_answer;      /* frame of the answer it was compared with; 0: none came */
    uint32_t checked_expected;    /* SSRC announced then */

    /* payload-check.c's, first pass: where the payload is not what rtpmap says. */
    void *bare;                  /* what it knows of video without a program stream around it */
    uint32_t look_frame, look_seq; /* packet on which that became clear; 0 = it did not */
    const char *look_is, *look_said; /* in words; encoding name of the SDP, NULL if it has none */
};
enum hik_flow_check {
    HIK_CHECKED = 1 << 0,
    HIK_CHECKED_EXPECTED = 1 << 1,    /* the SSRC is the one announced */
    HIK_CHECKED_MISMATCH = 1 << 2,    /* it is another, and the one announced means something */
    HIK_CHECKED_PAYLOAD_TYPE = 1 << 3, /* the payload type is in no m= line */
    HIK_CHECKED_EXPECTED_BEFORE = 1 << 4, /* the flow it changed from had the SSRC announced, or that one's had */
    HIK_CHECKED_EXPECTED_ONCE = 1 << 5 /* the SSRC was the one announced, by these SDPs or earlier ones */
};

/* First pass. What is judged of a flow can only change with another SDP, another payload type or a BYE. Once all is judged, the
 * front door settles the flow, and of a packet like the last one nobody asks again. */
void hik_flow_settle(const struct hik_rtp *rtp);
static inline void hik_flow_unsettle(struct hik_flow *flow)
{
    flow->settled = UINT8_MAX;
}

/* So many SSRCs in one session are no media: somebody tries something, or numbers its packets with them. */
#define HIK_MANY_SSRCS 1000
/* The first flows of a capture, and of each session, may have a parser's state at once, all others with their second packet: SSRCs
 * that are never seen again cost little, for a session's are seldom few without a message for each few of them. */
bool hik_flow_may_have_state(const struct hik_flow *flow);

/* The RTP of a session so far, over all of its flows; what it costs grows with their number. */
struct hik_media_sum {
    uint32_t packets, after_bye;
    nstime_t last;         /* time of the last packet; unset if there is none */
};
struct hik_media_sum hik_media_sum(const struct hik_session *session);

/* The RTP packet around a payload, for payload dissectors. Packet scope. */
struct hik_rtp {
    struct hik_flow *flow;
    uint32_t serial;             /* another for every packet: tells those of one frame apart */
    struct hik_rtp_place place;  /* of its record */
    struct hik_payload_record *payload; /* in that; written on the first pass */
    uint32_t ssrc, timestamp;
    uint16_t seq;
    uint32_t extended_seq;       /* as assigned on the first pass */
    uint8_t payload_type;
    bool marker;
    bool settled;                /* first pass: its flow is, on its payload type, and the capture holds all of it */
    uint16_t flags;              /* enum hik_rtp_flag, as found on the first pass */
    uint16_t gap;                /* packets missing in front of this one: on the first pass so far, later for good */
    uint16_t gap_found;          /* and when it came */
    uint32_t jitter;             /* of its flow so far, microseconds */
    unsigned payload_off, payload_len; /* inside the RTP packet, padding excluded */
    bool payload_parsed;         /* the program stream's parser has had the payload */
    bool *key_frame;             /* set to true where a key frame begins in the payload; NULL: nobody asks */
};

/* The RTP packet being dissected, NULL if it did not come through our wrapper (then see hik_media_enter()). */
const struct hik_rtp *hik_media_rtp(packet_info *pinfo);

/* The program stream's parser has the payload of the RTP packet being dissected. */
void hik_media_set_parsed(packet_info *pinfo);

/* The bytes of a tvb: asked for once, because each question costs as much as a whole step of ours. */
struct hik_rtp_bytes {
    const uint8_t *data;         /* NULL: none */
    unsigned captured, reported;
    bool cut;                    /* hik_cut_is() */
};
static inline struct hik_rtp_bytes hik_rtp_bytes(const packet_info *pinfo, tvbuff_t *tvb)
{
    struct hik_rtp_bytes bytes = {NULL, tvb_captured_length(tvb), tvb_reported_length(tvb), false};

    bytes.cut = hik_cut_is_of(pinfo, bytes.captured, bytes.reported);
    if (bytes.captured)
        bytes.data = tvb_get_ptr(tvb, 0, (int)bytes.captured);
    return bytes;
}

/* The front door's: reads the RTP header at the start of the tvb, finds or makes the flow (first pass), counts the packet,
 * and makes hik_media_rtp() answer for the rest of it. Every pass. NULL if it is no RTP header. */
struct hik_rtp *hik_rtp_enter(packet_info *pinfo, tvbuff_t *tvb, const struct hik_rtp_bytes *bytes);
/* A payload may hold RTP packets of its own: what hik_media_rtp() answers is kept around them. */
struct hik_rtp_outer {
    uint32_t frame;
    struct hik_rtp rtp;
};
void hik_rtp_save(packet_info *pinfo, struct hik_rtp_outer *outer);
void hik_rtp_restore(const struct hik_rtp_outer *outer);
/* The session of an RTCP packet, NULL if it has none. Every pass. */
struct hik_session *hik_rtcp_enter(packet_info *pinfo, tvbuff_t *tvb);
/* First pass only. The packet at hand stands inside an ICMP error: tells its session. */
void hik_media_unreachable(packet_info *pinfo);

/* For RTP that came to stock without us (by Decode As): reads the RTP header at the start of
 * the tvb, as the front door does. Returns NULL if it is no RTP header. */
const struct hik_rtp *hik_media_enter(packet_info *pinfo, tvbuff_t *tvb);

/* First pass: a program stream in RTP of this SSRC was recognised inside a segment of the TCP connection being dissected,
 * in its direction. */
void hik_media_tcp_expect(packet_info *pinfo, uint32_t ssrc, uint8_t payload_type);

/* All flows of the capture. */
unsigned hik_flow_count(void);

/* First pass only, after the stock sip dissector returned. Opens the endpoints of the session's newest SDP; at its BYE,
 * ends what its flows have been. buf: the message; sdp: in it, NULL if there is none. */
struct hik_message;
struct hik_sdp;
void hik_media_open(packet_info *pinfo, const struct hik_message *message, const uint8_t *buf, const struct hik_sdp *sdp);

/* Of the packets missing in front of one of the flow's, those that did not come later either, so far. */
uint16_t hik_flow_still_missing(const struct hik_flow *flow, const struct hik_rtp_record *record);

/* ---- keys, for the media part alone ---------------------------------------------------------------------------------- */

/* Keys of records under the protocol's number; the front door has 16 and up, the export 32. */
enum { KEY_NTH = 2, KEY_TCP_RECORD = 3, KEY_TCP_SEEN = 4, KEY_TCP_STOCK = 5, KEY_RTP_FOR_RTCP = 6 };

static inline void hik_put_address(uint8_t bytes[16], const address *addr)
{
    if (addr->len == 4)
        memcpy(bytes, addr->data, 4);
    else
        memcpy(bytes, addr->data, MIN((size_t)addr->len, 16));
}

static inline void hik_flow_key_set(struct hik_flow_key *key, const address *src, uint32_t src_port, const address *dst,
                         uint32_t dst_port, uint32_t ssrc, bool tcp)
{
    memset(key, 0, sizeof *key);
    hik_put_address(key->src, src);
    hik_put_address(key->dst, dst);
    key->src_port = (uint16_t)src_port;
    key->dst_port = (uint16_t)dst_port;
    key->ssrc = ssrc;
    key->type = (uint8_t)src->type;
    key->tcp = tcp;
}

static inline guint hik_flow_key_hash(gconstpointer p)
{
    const struct hik_flow_key *key = (const struct hik_flow_key *)p;
    uint32_t src[4], dst[4];
    uint64_t sum;

    memcpy(src, key->src, sizeof src);
    memcpy(dst, key->dst, sizeof dst);
    sum = hik_hash_secret[0] + hik_hash_word(0, key->ssrc) + hik_hash_word(1, (uint32_t)key->src_port << 16 | key->dst_port) +
          hik_hash_word(2, src[0]) + hik_hash_word(3, dst[0]); /* which hold the whole of an IPv4 address */
    for (unsigned i = 1; i < 4 && key->type != AT_IPv4; i++)
        sum += hik_hash_word(2 + 2 * i, src[i]) + hik_hash_word(3 + 2 * i, dst[i]);
    return (guint)(sum >> 32);
}

static inline gboolean hik_flow_key_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(struct hik_flow_key)) == 0;
}

#endif
