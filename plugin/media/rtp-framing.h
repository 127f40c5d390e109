/* rtp-framing.h
 * Where RTP packets begin and end in the bytes of a TCP connection: behind two bytes of length (RFC 4571), and in the
 * other ways that are met: in '$' frames (RFC 2326 10.12), behind a head of the maker's own, and one behind the other
 * with nothing between.
 *
 * Pure: no Wireshark header, no memory of its own.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_RTP_FRAMING_H
#define HIK_RTP_FRAMING_H

#include <stdbool.h>
#include <stdint.h>

#define HIK_RTP_HEADER 12
/* The longest head that is looked for in front of an RTP packet, its length included. */
#define HIK_MAX_HEAD 64
/* What is enough to see an RTP header whatever stands in front of it. */
#define HIK_MAX_LOOK (HIK_MAX_HEAD + HIK_RTP_HEADER + 4)

enum hik_framing_kind {
    HIK_FRAMING_RFC4571, /* two bytes of length */
    HIK_FRAMING_DOLLAR,  /* '$', channel, two bytes of length */
    HIK_FRAMING_HEAD,    /* more bytes in front, the last two of them the length */
    HIK_FRAMING_NONE     /* no length: a packet ends where the next begins */
};
struct hik_framing {
    enum hik_framing_kind kind;
    unsigned head;       /* bytes in front of the RTP packet */
};

enum hik_framing_look {
    HIK_LOOK_NO,
    HIK_LOOK_SHORT,      /* nothing speaks against it, but the bytes end too soon */
    HIK_LOOK_YES
};

/* What stands at the begin of a frame. */
struct hik_head {
    unsigned size;       /* of the frame, head included; 0: not known (HIK_FRAMING_NONE) */
    bool rtcp;
    bool plain;          /* RTP with no CSRC: nearly all is */
    bool ps;             /* the payload begins with a pack header (ISO/IEC 13818-1 2.5.3.3) */
    uint8_t pt;
    uint16_t seq;
    uint32_t ssrc;
};

/* Who knows which SSRCs are expected. */
struct hik_known {
    bool (*is_known)(void *context, uint32_t ssrc);
    void *context;
};

/* Is there a frame with RTP or RTCP at the begin of these bytes? Constant work. Reads `there` bytes at most. */
enum hik_framing_look hik_framing_look(const struct hik_framing *framing, const uint8_t *bytes, unsigned there, struct hik_head *head);

/* The size of the frame at the begin of the bytes by its length alone, whatever is inside; 0: too short to say. Not for
 * HIK_FRAMING_NONE. */
unsigned hik_framing_size(const struct hik_framing *framing, const uint8_t *bytes, unsigned there);

/* The last packet of each stream of a connection. Zeroed: none. */
#define HIK_SEEN_STREAMS 4
struct hik_seen_streams {
    unsigned count;          /* ever added */
    struct {
        uint32_t ssrc;
        uint16_t seq;
    } stream[HIK_SEEN_STREAMS];
};

/* HIK_FRAMING_NONE: where the packet after the one of this head begins (its head included), looked for from `from` on;
 * `there` if it does not. It is of the same stream, or the next one of another that was seen. */
unsigned hik_framing_next(const struct hik_framing *framing, const uint8_t *bytes, unsigned there, unsigned from,
                          const struct hik_head *head, const struct hik_seen_streams *seen);

/* Packets of a stream, in sequence, that prove it to be RTP where no SDP announced its SSRC ... */
#define HIK_PROOF 3
/* ... among so many bytes. */
#define HIK_PROOF_ROOM 0x4000

/* Is there RTP from the first of these bytes on, whatever its SSRC is? Then *framing says in which frames, and *head is a packet
 * of it. with_head: something of the sender's own may stand in front of each packet. */
bool hik_framing_proven(const uint8_t *bytes, unsigned there, bool with_head, struct hik_framing *framing, struct hik_head *head);
/* HIK_FRAMING_NONE: the packet of this head, at the begin of the bytes, is the first of HIK_PROOF. */
bool hik_framing_goes_on(const struct hik_framing *framing, const uint8_t *bytes, unsigned there, const struct hik_head *head);
/* HIK_FRAMING_NONE: where a stream with another SSRC begins that is proven; its payload type is that of the head. `there` if
 * none does. */
unsigned hik_framing_other(const struct hik_framing *framing, const uint8_t *bytes, unsigned there, unsigned from,
                           const struct hik_head *head);
/* A payload type that RTP has: assigned (RFC 3551 6) or dynamic. */
bool hik_framing_is_payload_type(uint8_t pt);
/* RTP may begin here without anything in front, or behind a '$'. */
bool hik_framing_may_begin(const uint8_t *bytes, unsigned there);

/* A frame begins at off, as sure as it gets where nothing in front of it tells: an SSRC that is known, or another frame
 * right behind. */
bool hik_framing_begins(const struct hik_framing *framing, const uint8_t *bytes, unsigned there, unsigned off,
                        const struct hik_known *known, struct hik_head *head);

/* Do the first bytes that a connection shows look like RTP? Then *framing says in which frames. at_start: the bytes are
 * the first of the connection. *doubtful: they do, but other frames are as likely as the ones told; more bytes have to tell. */
bool hik_framing_detect(const uint8_t *bytes, unsigned there, bool at_start, const struct hik_known *known,
                        struct hik_framing *framing, bool *doubtful);

/* Two packets of a stream follow each other in these frames; or, if that is enough, one ends where the bytes end. */
bool hik_framing_confirmed(const struct hik_framing *framing, const uint8_t *bytes, unsigned there, bool end_is_enough);

/* The first packet in these bytes has an SSRC that is known; they are framed as hik_framing_detect() said. */
bool hik_framing_announced(const uint8_t *bytes, unsigned there, const struct hik_framing *framing, const struct hik_known *known);

/* What bytes are that are no RTP, in words: "HTTP", "TLS" ... ; NULL if nothing is known that begins so. */
const char *hik_framing_foreign(const uint8_t *bytes, unsigned there);

#endif
