/* fuzz-parsers.h
 * What the harnesses of the pure parsers share: an input is taken apart piece by piece.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_FUZZ_PARSERS_H
#define HIK_FUZZ_PARSERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* A find of ours: what a parser promises beside keeping to its memory. */
#define PROMISE(what) \
    do { \
        if (!(what)) { \
            fprintf(stderr, "FOUND: %s:%d: %s\n", __FILE__, __LINE__, #what); \
            abort(); \
        } \
    } while (0)

struct input {
    const uint8_t *data;
    size_t len;
};

/* The next number, 0 at the end. */
static inline uint8_t next_byte(struct input *in)
{
    if (in->len == 0)
        return 0;
    in->len--;
    return *in->data++;
}

static inline uint16_t next_half(struct input *in)
{
    uint16_t high = next_byte(in);

    return (uint16_t)(high << 8 | next_byte(in));
}

static inline uint32_t next_word(struct input *in)
{
    uint32_t high = next_half(in);

    return high << 16 | next_half(in);
}

/* The next at most len bytes as a block of their own, so that reading on shows. free() it. */
uint8_t *next_bytes(struct input *in, size_t want, size_t *len);

/* An RTP packet of an input: four numbers and bytes. */
struct rtp_packet {
    uint32_t seq, timestamp; /* go on from the one before */
    bool marker, duplicate, restart;
    uint32_t missing;
    uint8_t *data;
    size_t len;
};
/* False at the end; else free() packet->data. *packet starts zeroed. */
bool next_packet(struct input *in, struct rtp_packet *packet);

/* A harness per parser. */
void fuzz_rtp_sequence(struct input in);
void fuzz_rtp_framing(struct input in);
void fuzz_mpeg_ps(struct input in);
void fuzz_ps_track(struct input in);
void fuzz_ps_headers(struct input in);
void fuzz_codecs(struct input in);
void fuzz_payload_format(struct input in);
void fuzz_h26x_rtp(struct input in);
void fuzz_media_file(struct input in);
void fuzz_sip_message(struct input in);
void fuzz_sip_stream(struct input in);
void fuzz_sdp(struct input in);
void fuzz_gb_id(struct input in);
void fuzz_error_info(struct input in);
void fuzz_xml_scan(struct input in);
void fuzz_charset(struct input in);
void fuzz_manscdp(struct input in);
void fuzz_ptz(struct input in);
void fuzz_verdict(struct input in);

#endif
