/* fuzz-sequence.c
 * Harnesses of RTP's sequence numbers and of its frames over TCP.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "fuzz-parsers.h"

#include "rtp-framing.h"
#include "rtp-sequence.h"

void fuzz_rtp_sequence(struct input in)
{
    struct hik_sequence_recent *recent = calloc(1, sizeof *recent + HIK_SEQUENCE_SEEN_FEW * sizeof recent->seen[0]);
    struct hik_sequence_recent *more = calloc(1, sizeof *more + HIK_SEQUENCE_SEEN * sizeof more->seen[0]);
    struct hik_sequence_old *again = calloc(HIK_SEQUENCE_AGAIN, sizeof *again);
    struct hik_sequence_last_strays *strays = calloc(1, sizeof *strays);
    struct hik_sequence sequence = {.recent = recent};
    struct rtp_packet packet = {.seq = next_half(&in)};
    const uint32_t clocks[] = {90000, 8000, 1, 0xFFFFFFFF};
    uint32_t clock = clocks[next_byte(&in) % 4], packets = 0;
    double time = 0;

    recent->size = HIK_SEQUENCE_SEEN_FEW;
    more->size = HIK_SEQUENCE_SEEN;
    while (next_packet(&in, &packet)) {
        struct hik_sequence_packet one = {.number = (uint16_t)packet.seq, .timestamp = packet.timestamp, .clock = clock};

        time += packet.restart ? 5 : packet.marker ? 0.04 : 0.0001;
        one.time = time;
        one.empty = packet.len == 0;
        one.datagram = !packet.missing;
        one.seen.ticks = (uint32_t)(time * HIK_SEQUENCE_TICKS);
        one.seen.digest = hik_sequence_digest(packet.len ? packet.data : NULL, packet.len, packet.len + packet.missing);
        struct hik_sequence_result result = hik_sequence_count(&sequence, &one);
        packets++;
        if (result.kind == HIK_SEQUENCE_JUMP)
            sequence.last_strays = strays;
        if (sequence.copies > 0 && !sequence.again)
            hik_sequence_keep_copies(&sequence, again);
        if (packets == HIK_SEQUENCE_MANY)
            hik_sequence_move(&sequence, more);
        PROMISE(result.kind <= HIK_SEQUENCE_MIRRORED);
        PROMISE(result.kind == HIK_SEQUENCE_GAP || result.gap == 0);
        PROMISE(sequence.received <= packets);
        PROMISE(hik_sequence_lost(&sequence) <= hik_sequence_expected(&sequence));
        PROMISE(hik_sequence_jitter(&sequence, clock) >= 0);
        free(packet.data);
    }
    free(recent);
    free(more);
    free(again);
    free(strays);
}

static bool is_known(void *context, uint32_t ssrc)
{
    return ssrc == *(const uint32_t *)context;
}

void fuzz_rtp_framing(struct input in)
{
    uint32_t ssrc = next_word(&in);
    const struct hik_known known = {is_known, &ssrc};
    struct hik_framing framing;
    struct hik_head head;
    bool at_start = next_byte(&in) & 1, doubtful;
    struct hik_framing asked = {(enum hik_framing_kind)(next_byte(&in) % 4), next_byte(&in) % (HIK_MAX_HEAD + 1)};
    size_t len;
    uint8_t *bytes = next_bytes(&in, in.len, &len);
    unsigned there = (unsigned)len;

    hik_framing_foreign(bytes, there);
    if (hik_framing_detect(bytes, there, at_start, &known, &framing, &doubtful)) {
        PROMISE(framing.head <= HIK_MAX_HEAD);
        hik_framing_announced(bytes, there, &framing, &known);
        asked = framing;
    } else if (asked.kind == HIK_FRAMING_RFC4571) {
        asked.head = 2;
    } else if (asked.kind == HIK_FRAMING_DOLLAR) {
        asked.head = 4;
    } else if (asked.kind == HIK_FRAMING_HEAD && asked.head < 2) {
        asked.head = 2;
    }
    for (unsigned off = 0, frames = 0; off < there && frames < 64; frames++) {
        unsigned next = 0;

        hik_framing_begins(&asked, bytes, there, off, &known, &head);
        if (off == 0 && hik_framing_proven(bytes, there, at_start, &framing, &head))
            PROMISE(framing.head <= HIK_MAX_HEAD && !head.rtcp);
        if (hik_framing_look(&asked, bytes + off, there - off, &head) != HIK_LOOK_NO && asked.kind == HIK_FRAMING_NONE) {
            next = hik_framing_next(&asked, bytes + off, there - off, HIK_RTP_HEADER, &head, NULL);
            PROMISE(next <= there - off);
            PROMISE(hik_framing_other(&asked, bytes + off, there - off, asked.head + HIK_RTP_HEADER, &head) <= there - off ||
                    asked.head + HIK_RTP_HEADER > there - off);
        } else if (asked.kind != HIK_FRAMING_NONE) {
            next = hik_framing_size(&asked, bytes + off, there - off);
        }
        off += next ? next : 1;
    }
    free(bytes);
}
