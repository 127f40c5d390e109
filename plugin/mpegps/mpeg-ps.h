/* mpeg-ps.h
 * Incremental MPEG program stream parser (ISO/IEC 13818-1, 2.5; MPEG-1 system streams tolerated), fed with the
 * payloads of RTP packets in the order of their sequence numbers. Nothing is reassembled: a header or start code that
 * is split between packets is carried over, payload is not. Pure: GLib at most.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_MPEG_PS_H
#define HIK_MPEG_PS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codecs.h"

enum {
    HIK_PS_STREAMS = 6,         /* elementary streams tracked at once; further ones pass as opaque payload */
    HIK_PS_HEADER_MAX = 1030,   /* the longest header collected: a program stream map of 1018 bytes and some */
    HIK_PS_NO_STREAM = 0xff
};

/* What the parser expects next. */
enum hik_ps_mode {
    HIK_PS_SYNC,     /* a start code of the system layer, anything before it is skipped */
    HIK_PS_CODE,     /* a start code, right here */
    HIK_PS_HEADER,   /* more bytes of a header */
    HIK_PS_PAYLOAD   /* payload of the current PES packet */
};

/* hik_ps_es.flags */
enum {
    HIK_PS_ES_SURE = 1,      /* codec comes from the bytes, not only from the map */
    HIK_PS_ES_MISMATCH = 2,  /* bytes and map contradict each other (said once) */
    HIK_PS_ES_NO_PSM = 4,    /* payload came without a map that names the stream (said once) */
    HIK_PS_ES_EXTRA = 8,     /* a zero byte stands before the matched start code prefix */
    HIK_PS_ES_SEEN = 16,     /* payload came */
    HIK_PS_ES_SCRAMBLED = 32, /* PES_scrambling_control of the newest PES packet is not 0 */
    HIK_PS_ES_NEW_TIME = 64  /* scrambled: a new time stamp came, and no slice since */
};

/* One elementary stream. */
struct hik_ps_es {
    uint8_t stream_id;  /* 0: free entry */
    uint8_t psm_type;   /* stream_type of the newest map, 0: in none */
    uint8_t codec;      /* enum hik_es_codec: what the bytes are, else what the map says */
    uint8_t flags;
    uint8_t match;      /* 0..3 bytes of 00 00 01 at the end of the payload so far */
    uint8_t nal_open;   /* a NAL unit was begun: 1 header incomplete, 2 header complete */
    uint8_t nal_have;   /* header bytes collected */
    uint8_t nal[3];
    uint8_t nal_type;
    uint8_t time;       /* scrambled: bits 3 to 10 of the newest time stamp; else 0 */
    uint32_t nal_size;  /* bytes of the open NAL unit so far, from its first header byte */
};

/* hik_ps_state.flags */
enum {
    HIK_PS_UNBOUNDED = 1,  /* current PES has no usable length: it ends at the next start code of the system layer */
    HIK_PS_FRESH = 2,      /* nothing seen yet (first packet), as opposed to lost */
    HIK_PS_HAVE_PSM = 4,   /* a usable map was seen */
    HIK_PS_OVERRUN = 8,    /* payload went on after the PES length was used up */
    HIK_PS_EXTRA = 16,     /* a zero byte stands before the matched prefix */
    HIK_PS_SEEN = 32,      /* a pack header was seen at some time */
    HIK_PS_AGAIN = 64,     /* the header being collected began in bytes that a broken map had swallowed: read once already */
    HIK_PS_UNSURE = 128    /* the header being collected was found by looking for one */
};

/* Everything the parser has to know to go on; no pointers, no padding. To keep it: hik_ps_pack(). */
struct hik_ps_state {
    uint8_t mode;       /* enum hik_ps_mode */
    uint8_t flags;
    uint8_t current;    /* index of the current PES packet's stream, HIK_PS_NO_STREAM: none tracked */
    uint8_t current_id; /* its stream_id, 0: no PES packet yet */
    uint8_t match;      /* 0..3 bytes of 00 00 01 at the end of the input so far */
    uint8_t held;       /* how many of those have not been reported as payload or as skipped yet */
    uint8_t video;      /* index of the stream whose NAL unit grew last, HIK_PS_NO_STREAM: none */
    uint8_t streams;    /* in the packed form: entries of es that are there; else 0 */
    uint16_t left;      /* bytes of payload of a bounded PES packet still to come */
    uint16_t header_len;
    struct hik_ps_es es[HIK_PS_STREAMS];
    uint8_t header[HIK_PS_HEADER_MAX];  /* header_len bytes of a split header */
};

/* The bytes that come cannot be placed until the next header: something is missing in front of them. */
static inline bool hik_ps_is_lost(const struct hik_ps_state *state)
{
    return state->mode == HIK_PS_SYNC && !(state->flags & HIK_PS_FRESH);
}

enum hik_ps_event_type {
    HIK_PS_EV_SKIPPED,   /* bytes before the first header, or after a loss; or a header that is none */
    HIK_PS_EV_PACK,      /* pack header, .data/.len = its bytes */
    HIK_PS_EV_SYSTEM,    /* system header */
    HIK_PS_EV_PSM,       /* program stream map */
    HIK_PS_EV_PES,       /* PES header; .pes */
    HIK_PS_EV_DATA,      /* payload bytes of the current PES packet, in order, each byte once */
    HIK_PS_EV_PES_END,   /* its length is used up, or the next start code came (no length) */
    HIK_PS_EV_CUT,       /* the next header came inside it: bytes are missing */
    HIK_PS_EV_OVERRUN,   /* its length is used up but video goes on: the length field is wrong */
    HIK_PS_EV_NAL,       /* the header of a NAL unit is complete; .nal */
    HIK_PS_EV_NAL_END,   /* the open NAL unit ended; .nal.size */
    HIK_PS_EV_CODEC,     /* the codec became known or another: .es->codec, contradicts the map if HIK_PS_ES_MISMATCH is new */
    HIK_PS_EV_NO_PSM,    /* once per stream: elementary stream without a map that names it */
    HIK_PS_EV_END_CODE   /* MPEG program end code */
};

/* A PES packet's header. */
struct hik_ps_pes {
    uint8_t stream_id;
    uint16_t length;        /* PES_packet_length */
    uint16_t header_length; /* bytes up to the payload */
    bool mpeg1;
    bool plain;             /* the stream_id has no further header (private_stream_2, padding ...) */
    bool broken;            /* flags or lengths contradict each other: what follows is taken as payload */
    bool has_pts, has_dts;
    uint8_t scrambling;     /* PES_scrambling_control, 0: not scrambled */
    uint8_t pts_off, dts_off; /* where their 5 bytes are in the header */
    uint64_t pts, dts;      /* 90 kHz, 33 bits */
};

struct hik_ps_nal {
    uint8_t type;           /* by the codec */
    uint8_t header[3];      /* first bytes after the start code */
    uint8_t have;           /* how many of them */
    bool picture_start;     /* first slice of a picture */
    bool key;               /* slice of a key picture (IDR, IRAP) */
    bool before_picture;    /* kind of NAL unit that can only stand before the slices of the next picture */
    uint32_t back;          /* DATA bytes already reported that belong to this NAL unit, start code included */
    uint32_t size;          /* NAL_END: bytes from the first header byte on */
};

struct hik_ps_event {
    enum hik_ps_event_type type;
    const uint8_t *data;    /* the bytes concerned, valid during the callback, not always inside the fed bytes */
    uint32_t len;
    int32_t offset;         /* where they are in the fed bytes; negative: begun in an earlier packet */
    const struct hik_ps_es *es; /* stream concerned, NULL: none tracked */
    const struct hik_ps_pes *pes; /* PES: its header; otherwise NULL */
    struct hik_ps_nal nal;  /* NAL, NAL_END */
};

typedef void (*hik_ps_sink)(void *user, const struct hik_ps_event *event);

/* A parser: the state, and what needs not survive in a snapshot. Zeroed and started by hik_ps_init(). No memory of its
 * own, nothing to free. The state comes last, and in it what is seldom used, so that what every packet needs is close
 * together. */
struct hik_ps_parser {
    hik_ps_sink sink;
    void *user;
    uint64_t pts, dts;
    uint64_t steps;         /* bytes looked at, for tests: at most a small multiple of the bytes fed */
    bool reread;            /* what a broken map swallowed is being read for the second and last time */
    bool has_pts, has_dts;  /* of the current PES packet, as far as its header was fed to this very parser */
    struct hik_ps_state s;
};

void hik_ps_init(struct hik_ps_parser *parser, hik_ps_sink sink, void *user);

/* Feeds the next len bytes. Calls the sink for everything that was recognised, in the order of the bytes. */
void hik_ps_feed(struct hik_ps_parser *parser, const uint8_t *data, size_t len);

/* len bytes are known to exist but are not there (cut off by the capture's snap length). */
void hik_ps_missing(struct hik_ps_parser *parser, size_t len);

/* An unknown number of bytes is missing: whatever was open is dropped, and the next header is looked for. The
 * streams' types stay known. Held bytes are reported first. */
void hik_ps_gap(struct hik_ps_parser *parser);

/* The input ends: reports held bytes and the open NAL unit. */
void hik_ps_finish(struct hik_ps_parser *parser);

/* A state to be kept: few bytes, mostly the same ones from packet to packet, and apart from them the two numbers that
 * seldom are. Equal states have equal packed forms. */
struct hik_ps_packed {
    uint32_t nal_size;      /* of the stream hik_ps_state.video */
    uint16_t left;
    uint16_t len;           /* of bytes */
    union {
        struct hik_ps_state state; /* as far as es[]; behind the entries that are in use stand the header's bytes */
        uint8_t bytes[sizeof(struct hik_ps_state)];
    };
};
void hik_ps_pack(const struct hik_ps_state *state, struct hik_ps_packed *out);
/* bytes, len, nal_size, left: as hik_ps_pack() made them. */
void hik_ps_unpack(const uint8_t *bytes, size_t len, uint32_t nal_size, uint16_t left, struct hik_ps_state *out);

/* ---- headers -------------------------------------------------------------------------------------------------- */

enum hik_ps_pack_kind { HIK_PS_PACK_BARE, HIK_PS_PACK_MPEG1, HIK_PS_PACK_MPEG2 };

struct hik_ps_pack {
    enum hik_ps_pack_kind kind;
    uint64_t scr_base;      /* 90 kHz */
    uint16_t scr_ext;       /* 27 MHz */
    uint32_t mux_rate;      /* 50 bytes/s */
    uint8_t stuffing;       /* bytes of it */
    bool markers_ok;        /* all marker bits are set */
    bool has_hik_frame;     /* stuffing FF FF + counter */
    uint32_t hik_frame;
};

/* SCR in seconds. */
double hik_ps_pack_seconds(const struct hik_ps_pack *pack);

/* How many bytes the header that starts at data (with 00 00 01) needs. have: bytes there. Returns a number > have if
 * more bytes are needed to tell or to complete it, a number <= have if it is complete (its length), 0 if it is no valid
 * header. have must be at least 4. */
size_t hik_ps_header_need(const uint8_t *data, size_t have);

/* Reads a complete pack header. */
void hik_ps_read_pack(const uint8_t *data, size_t len, struct hik_ps_pack *pack);

/* Strict look at the beginning of a packet: complete MPEG-1/2 pack header with all marker bits (or a bare one), and
 * the start code of another header after it as far as there are bytes. For recognising streams by look. */
bool hik_ps_looks_like_pack(const uint8_t *data, size_t len);

/* Reads a complete PES header of len bytes. */
void hik_ps_read_pes(const uint8_t *data, size_t len, struct hik_ps_pes *pes);

struct hik_ps_psm_stream {
    uint16_t offset;        /* of the entry in the map */
    uint8_t stream_type, stream_id;
    uint16_t info_offset, info_len; /* descriptors; clipped to the map */
    bool clipped;           /* elementary_stream_info_length reaches past the map */
};
enum { HIK_PS_PSM_STREAMS = 32 };

struct hik_ps_psm {
    bool current;           /* current_next_indicator */
    uint8_t version;
    uint16_t info_offset, info_len; /* program_stream_info: descriptors */
    uint16_t map_offset, map_len;   /* elementary_stream_map, as the lengths around it leave room for */
    uint16_t map_len_said;  /* elementary_stream_map_length as written */
    unsigned streams;
    struct hik_ps_psm_stream stream[HIK_PS_PSM_STREAMS];
    bool has_crc, crc_ok;
    uint32_t crc;
    const char *problem;    /* static text, NULL: the map is sound */
};

/* Reads a complete program stream map. Tolerates wrong inner lengths as far as the map's own length allows. */
void hik_ps_read_psm(const uint8_t *data, size_t len, struct hik_ps_psm *psm);

/* Name of a stream_id for people, never NULL. */
const char *hik_ps_stream_id_name(uint8_t stream_id);

#endif
