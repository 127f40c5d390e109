/* mp2p.h
 * Between the two halves of protocol mp2p: packet-mp2p.c (flows, records, recognition) and mp2p-tree.c (what is shown).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_MP2P_H
#define HIK_MP2P_H

#include "ws-compat.h"

#include "ps-track.h"
#include "rtp-flow.h"

/* hik_payload_record.flags */
enum {
    MP2P_HAS_STATE = 1,     /* base, left and nal_size tell where the packet begins */
    MP2P_GAP = 2,           /* lost packets are missing in front of it */
    MP2P_DUPLICATE = 4,
    MP2P_LATE = 8,
    MP2P_NO_PSM = 16,       /* said here, once per stream */
    MP2P_MISMATCH = 32,     /* said here: detail = stream_type << 8 | codec */
    MP2P_NOT_PS = 64,       /* not a program stream: detail = enum hik_content_kind */
    MP2P_NOT_PS_BEGINS = 128,
    MP2P_UNITS = 256,       /* completes access units */
    MP2P_KEY_BEGINS = 512,
    MP2P_CUT = 1024,        /* the capture cut this payload, or one of its flow before it: nothing is judged from what is not there */
    MP2P_RESTART = 2048,    /* the sequence numbers begin anew here */
    MP2P_TAKEN = 4096,      /* said here, once per flow: another dissector has the encoding name of the SDP */
    MP2P_ODD = 8192,        /* something odd is in its bytes */
    MP2P_SEEN = 16384,      /* the first pass saw it */
    MP2P_DESCRIBES = 32768, /* a program stream map or a parameter set is in it, of which others may have something to say */
    /* what is told of in the Info column */
    MP2P_WORDS = MP2P_GAP | MP2P_NOT_PS | MP2P_UNITS | MP2P_KEY_BEGINS,
    /* what expert information is given about */
    MP2P_EXPERTS = MP2P_GAP | MP2P_RESTART | MP2P_NO_PSM | MP2P_MISMATCH | MP2P_NOT_PS_BEGINS | MP2P_TAKEN | MP2P_ODD
};

/* An access unit (see struct hik_ps_unit), by the record of the packet that completed it. 24 bytes: each packet may complete one. */
struct mp2p_unit {
    uint32_t record;
    uint32_t first, last;
    uint32_t size;
    uint32_t packets;
    uint16_t rate;          /* frames in 100 seconds; 0: not known, or more than that */
    uint8_t codec;          /* enum hik_es_codec */
    uint8_t key : 1;
    uint8_t picture : 7;   /* index of its width and height among the flow's */
};

enum { MP2P_PICTURES = 8 };
struct mp2p_picture {
    uint16_t width, height;
};

/* All there is to show about a packet. Packet scope. */
struct mp2p_view {
    const struct hik_payload_record *record; /* NULL: a packet of no known flow */
    const struct hik_ps_state *start; /* NULL: not known in what state its bytes begin */
    const struct mp2p_unit *units;    /* completed by it, in order */
    unsigned unit_count;
    const struct mp2p_picture *pictures; /* MP2P_PICTURES of them; the first is not known: 0 x 0 */
    const char *taken_by;   /* MP2P_TAKEN: by whom; NULL: nobody */
    bool placed;            /* its beginning could not be placed, but what was missing came, or was nothing: only a later pass knows */
};

void hik_mp2p_tree_register(int proto);
void hik_mp2p_tree_handoff(void);

/* Packets missing before this one that are to be told of: what RTP's sequence numbers say decides, where they are followed. */
bool hik_mp2p_is_told(packet_info *pinfo); /* the packet is a session's, whose own part warns of what is wrong with its flow */
unsigned hik_mp2p_lost(packet_info *pinfo, const struct hik_payload_record *record);

/* Info column. */
void hik_mp2p_columns(packet_info *pinfo, const struct mp2p_view *view);

/* Somebody looks at our part of the packet: at the tree, a field of ours, of the parameter sets in it, or at the expert
 * information. Where nobody does, nothing is done. record may be NULL: nothing is known. */
bool hik_mp2p_is_shown(packet_info *pinfo, proto_tree *tree, const struct hik_payload_record *record);

/* Tree and expert information, for hik_mp2p_is_shown(). tree may be NULL. */
void hik_mp2p_tree(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct mp2p_view *view);

#endif
