/* cut.h
 * Packets of which the capture holds less than was sent: a snap length cut them (the two lengths of a pcap record), or
 * fragments of them were not put together. Nothing is judged from what is not there.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_CUT_H
#define HIK_CUT_H

#include "ws-compat.h"

/* Bytes that the capture kept of how many that were sent. */
struct hik_cut {
    uint32_t kept, sent; /* of the frame as a packet list shows it; of the tvb where the frame itself is whole. 0: not cut */
};

/* Does the capture hold less of these bytes than was sent? */
static inline bool hik_cut_is_of(const packet_info *pinfo, unsigned captured, unsigned reported)
{
    /* TCP calls its data fragmented where it may not put segments together: then the rest is in another frame. */
    return captured < reported || (pinfo->fragmented && pinfo->ptype != PT_TCP);
}
bool hik_cut_is(const packet_info *pinfo, tvbuff_t *tvb);
/* How much less. {0, 0} if it does not. */
struct hik_cut hik_cut_of(const packet_info *pinfo, tvbuff_t *tvb);

/* Adds the expert item hikcascade.cut. behind: what is said after "350 of 750 bytes are in the capture". */
void hik_cut_show(packet_info *pinfo, proto_item *item, struct hik_cut cut, const char *behind);

/* SIP messages between two hosts that are cut so short that nobody can tell which call or question they belong to: what is
 * missing between the two may be in them. */
struct hik_cut_unplaced {
    uint32_t messages;
    uint32_t frame;      /* of the first */
    struct hik_cut cut;  /* of the first */
};
/* First pass only. One more of them, from this packet's source to its destination. */
void hik_cut_unplaced_add(packet_info *pinfo, tvbuff_t *tvb);
/* First pass only. A SIP message was cut. */
void hik_cut_add(packet_info *pinfo);
/* Some SIP message was cut, so far. */
bool hik_cut_any(void);
/* Those between two hosts so far, NULL if there is none. Any pass; file scope. */
const struct hik_cut_unplaced *hik_cut_unplaced(const address *a, const address *b);

/* The first of the packets of a stream that are cut. First pass writes. */
struct hik_cut_first {
    uint32_t packets;      /* so many are */
    uint32_t frame, nth;   /* the first; nth as its owner counts the packets of a frame */
    struct hik_cut cut;
};
/* First pass only. One more of them. */
void hik_cut_count(packet_info *pinfo, tvbuff_t *tvb, uint32_t nth, struct hik_cut_first *first);

/* How many packets of the whole capture are cut, for a table that is printed. */
struct hik_cut_frames {
    uint32_t frames;       /* of the capture, whatever they hold */
    uint32_t cut;          /* of which so many have more bytes on the wire than in the file */
    uint32_t least, most;  /* bytes kept of those */
};

/* Counts every frame that is read from now on, with no regard to any filter. The counters belong to their tap listener, which is
 * removed by their address; NULL: there is none. */
struct hik_cut_frames *hik_cut_frames_count(void);
/* A sentence about them, to be freed by g_free(); NULL if no frame is cut. */
char *hik_cut_frames_print(const struct hik_cut_frames *counters);

void hik_cut_register(int proto);

#endif
