/* rtp-sequence.h
 * Sequence numbers of one RTP source (RFC 3550 A.1 and A.3) and its interarrival jitter (A.8). Pure: no Wireshark header.
 *
 * What a packet's number means is said when it comes: next, behind a gap, late, a copy, or a jump. A jump counts as a
 * restart when the next packet follows it in sequence; alone it is a stray and counts for nothing.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_RTP_SEQUENCE_H
#define HIK_RTP_SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 3550 A.1: a step further than this is no ordinary loss. */
#define HIK_MAX_DROPOUT 3000
/* Copies and late packets are recognised this far back. */
#define HIK_SEQUENCE_WINDOW 1024
/* A packet whose number stands so far in front of the first one is late, at the beginning of a run. */
#define HIK_EARLY_PACKETS 64
/* So far back, what came is known in detail: its bytes, and when it came. More once a source has sent HIK_SEQUENCE_MANY
 * packets, so that short ones take little memory. Powers of two. */
#define HIK_SEQUENCE_SEEN_FEW 32
#define HIK_SEQUENCE_SEEN 256
#define HIK_SEQUENCE_MANY 128
/* The same UDP datagram twice in the capture comes within this many ticks with the same IP identification, or with none. */
#define HIK_SEQUENCE_TICKS 10000 /* per second */
#define HIK_MIRROR_TICKS 2500
#define HIK_MIRROR_TICKS_UNMARKED 500
/* Around a restart, packets of the old numbers and the new ones may be recorded in a mix: for so long after the first new one,
 * and so far from the newest old one. */
#define HIK_RESTART_MIX 0.03
#define HIK_RESTART_MIX_NUMBERS 64
/* So many numbers that fit nothing are kept for HIK_SILENCE_SECONDS: the first packets of a restart may come in any order. */
#define HIK_RESTART_EARLY 16
#define HIK_SEQUENCE_STRAY 0x10000u
#define HIK_SEQUENCE_TAKEN 0x20000u /* a restart that followed had it */
/* After a silence this long, numbers that begin anew are told by their timestamps as well. */
#define HIK_SILENCE_SECONDS 1.0

enum hik_sequence_kind {
    HIK_SEQUENCE_NEXT,    /* the first, or the next in order */
    HIK_SEQUENCE_GAP,     /* numbers are missing in front of it */
    HIK_SEQUENCE_LATE,    /* a later number came before; it fills a gap, or is one of the old numbers behind the first new one */
    HIK_SEQUENCE_COPY,    /* came before, with the same bytes */
    HIK_SEQUENCE_REUSED,  /* the number came before, with other bytes: it takes the next place */
    HIK_SEQUENCE_JUMP,    /* fits nothing: the beginning of a restart, or a stray */
    HIK_SEQUENCE_RESTART, /* follows the jump before: numbers began anew there */
    HIK_SEQUENCE_EMPTY,   /* without payload and out of order: says nothing of the numbers */
    HIK_SEQUENCE_MIRRORED /* the same datagram is in the capture before: nothing is counted */
};

/* A packet that came. */
struct hik_sequence_seen {
    uint16_t digest; /* of its payload */
    uint16_t id;     /* IP identification, 0: none */
    uint32_t ticks;  /* when it came */
};

/* So many packets that came later than the newest ones' details are kept: each may be mirrored right behind. */
#define HIK_SEQUENCE_OLD 4
/* So many packets that their source sent again are kept: each may be mirrored, as the first one may be. */
#define HIK_SEQUENCE_AGAIN 256
/* A packet by its number. */
struct hik_sequence_old {
    uint32_t extended; /* 0: none */
    struct hik_sequence_seen seen;
};
/* The strays that came last. */
struct hik_sequence_last_strays {
    struct hik_sequence_early {
        uint32_t number;       /* of the packet, and one of HIK_SEQUENCE_STRAY, HIK_SEQUENCE_TAKEN; 0: none */
        double time;
        struct hik_sequence_seen seen;
    } early[HIK_RESTART_EARLY];
    uint32_t next;
};
/* What is remembered of the newest numbers, by number modulo the size. */
struct hik_sequence_recent {
    struct hik_sequence_old old[HIK_SEQUENCE_OLD]; /* packets that came last of those whose number is too old for `seen` */
    uint32_t old_count;
    uint32_t came[HIK_SEQUENCE_WINDOW / 32];
    uint32_t size;   /* of seen */
    struct hik_sequence_seen seen[];
};

/* Zeroed at start. No memory of its own. */
struct hik_sequence {
    struct hik_sequence_recent *recent; /* the caller's, with its size set and all else zeroed; from the second packet on */
    struct hik_sequence_last_strays *last_strays; /* the caller's, zeroed; from the first HIK_SEQUENCE_JUMP on */
    uint32_t highest;          /* extended by cycles, starting above 0x10000 */
    uint32_t first;            /* extended, of the run since the last restart */
    uint32_t earlier_expected; /* expected packets of the runs before */
    uint32_t received;         /* packets of all runs, without copies */
    uint32_t copies, late, restarts, reused;
    uint32_t strays;           /* jumps that nothing followed; not all of them, see hik_sequence_strays() */
    uint32_t jump;             /* extended number of the last jump */
    double jump_time;
    struct {                   /* the run before the last restart */
        uint32_t highest, numbers; /* how many it has */
        uint64_t came;         /* bit n: the number n below the highest */
        uint16_t shift;
        double jump_time;      /* when the numbers that followed it began */
    } before;
    bool begun;
    bool jumped;               /* nothing has followed the jump yet */
    bool goes_on;              /* but the run it left has */
    double last_time;          /* of the last packet that counted */
    uint32_t last_timestamp;
    struct hik_sequence_old *again; /* packets that are copies of others, but no mirror's: HIK_SEQUENCE_AGAIN of them; NULL: one */
    struct hik_sequence_old first_again; /* that one */
    uint32_t again_count;
    uint16_t shift;            /* added to numbers: how many places reused numbers have taken */
    struct hik_sequence_seen first_seen, jump_seen; /* the first packet, until there is `recent`; the last jump */

    double transit, jitter;    /* in timestamp units */
    bool has_transit;
};

/* One packet. */
struct hik_sequence_packet {
    uint16_t number;
    uint32_t timestamp;
    uint32_t clock;      /* of the timestamp, per second; not 0 */
    double time;         /* of arrival, seconds */
    struct hik_sequence_seen seen;
    bool empty;          /* it has no payload */
    bool datagram;       /* a whole UDP datagram: it may be in the capture more than once */
    bool in_order;       /* it came over TCP, which puts its bytes in order */
};

struct hik_sequence_result {
    enum hik_sequence_kind kind;
    uint32_t extended;   /* its number, extended by cycles; grows with every restart */
    uint16_t gap;        /* numbers missing in front of it when it came */
};

/* Counts a packet. `recent` must be there if it is not the first. */
struct hik_sequence_result hik_sequence_count(struct hik_sequence *sequence, const struct hik_sequence_packet *packet);

/* Moves what is remembered into something larger of the caller's, set up like the first; that is the caller's to free. */
void hik_sequence_move(struct hik_sequence *sequence, struct hik_sequence_recent *to);

/* To be called when `copies` is no longer 0: keeps copies in memory of the caller's from then on, HIK_SEQUENCE_AGAIN of them,
 * zeroed. */
void hik_sequence_keep_copies(struct hik_sequence *sequence, struct hik_sequence_old *memory);

/* Packets that should have come so far, and of these how many did not. */
uint32_t hik_sequence_expected(const struct hik_sequence *sequence);
uint32_t hik_sequence_lost(const struct hik_sequence *sequence);
/* Packets whose number fits nothing, so far. */
uint32_t hik_sequence_strays(const struct hik_sequence *sequence);
/* After a restart: was this number's packet, a stray until then, one of its first? */
bool hik_sequence_was_taken(const struct hik_sequence *sequence, uint16_t number);
/* Jitter so far in milliseconds. */
double hik_sequence_jitter(const struct hik_sequence *sequence, uint32_t clock);

/* A digest of a payload, for hik_sequence_seen: bytes from its beginning, middle and end, and its length. data may be NULL if len
 * is 0; whole: length of the payload as it was sent. */
uint16_t hik_sequence_digest(const uint8_t *data, size_t len, size_t whole);

#endif
