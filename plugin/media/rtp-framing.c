/* rtp-framing.c
 * RTP and RTCP in a stream of bytes (RFC 4571, RFC 2326 10.12, and what is sent without a rule): tells frames by what is
 * in them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rtp-framing.h"

#include <string.h>

#define LENGTH_BYTES 2
#define RTCP_MIN_PACKET 8
#define PACK_START_CODE 0x000001BAu
/* How far into the first bytes a head or a greeting may push the first RTP packet. */
#define MAX_GREETING 1500
/* RTP packets are made to fit Ethernet. */
#define MAX_PLAUSIBLE 1500
/* Places at which another stream may begin that are tried, per look. */
#define MAX_TRIES 16

static unsigned get16(const uint8_t *bytes)
{
    return (unsigned)bytes[0] << 8 | bytes[1];
}

static uint32_t get32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

unsigned hik_framing_size(const struct hik_framing *framing, const uint8_t *bytes, unsigned there)
{
    if (framing->kind == HIK_FRAMING_NONE || there < framing->head)
        return 0;
    return framing->head + get16(bytes + framing->head - LENGTH_BYTES);
}

/* An RTP header, or RTCP, at the begin of the bytes? len: of the packet, UINT32_MAX if nothing tells. */
static enum hik_framing_look look_at_packet(const uint8_t *bytes, unsigned there, uint32_t len, struct hik_head *head)
{
    if (len < RTCP_MIN_PACKET)
        return HIK_LOOK_NO;
    if (there < 1)
        return HIK_LOOK_SHORT;
    if ((bytes[0] & 0xC0) != 0x80)
        return HIK_LOOK_NO;
    if (there < 2)
        return HIK_LOOK_SHORT;
    head->rtcp = bytes[1] >= 192 && bytes[1] <= 223; /* RFC 5761 clause 4 */
    if (head->rtcp) {
        if (len != UINT32_MAX && len % 4)
            return HIK_LOOK_NO;
        if (there < RTCP_MIN_PACKET)
            return HIK_LOOK_SHORT;
        if ((get16(bytes + 2) + 1u) * 4 > len)
            return HIK_LOOK_NO;
        head->ssrc = get32(bytes + 4);
        return HIK_LOOK_YES;
    }
    if (len < HIK_RTP_HEADER + 4u * (bytes[0] & 0x0F))
        return HIK_LOOK_NO;
    if (there < HIK_RTP_HEADER)
        return HIK_LOOK_SHORT;
    head->plain = (bytes[0] & 0x0F) == 0;
    head->pt = bytes[1] & 0x7F;
    head->seq = (uint16_t)get16(bytes + 2);
    head->ssrc = get32(bytes + 8);
    head->ps = !(bytes[0] & 0x1F) && there >= HIK_RTP_HEADER + 4 && get32(bytes + HIK_RTP_HEADER) == PACK_START_CODE;
    return HIK_LOOK_YES;
}

enum hik_framing_look hik_framing_look(const struct hik_framing *framing, const uint8_t *bytes, unsigned there, struct hik_head *head)
{
    uint32_t len = UINT32_MAX;

    memset(head, 0, sizeof *head);
    if (framing->kind == HIK_FRAMING_DOLLAR && there > 0 && bytes[0] != '$')
        return HIK_LOOK_NO;
    if (there < framing->head)
        return HIK_LOOK_SHORT;
    if (framing->kind != HIK_FRAMING_NONE) {
        head->size = hik_framing_size(framing, bytes, there);
        len = head->size - framing->head;
    }
    return look_at_packet(bytes + framing->head, there - framing->head, len, head);
}

unsigned hik_framing_next(const struct hik_framing *framing, const uint8_t *bytes, unsigned there, unsigned from,
                          const struct hik_head *head, const struct hik_seen_streams *seen)
{
    struct hik_head next;

    memset(&next, 0, sizeof next);
    if (from < framing->head)
        from = framing->head;
    for (unsigned at = from; at + HIK_RTP_HEADER <= there; at++) {
        if ((bytes[at] & 0xC0) != 0x80 || look_at_packet(bytes + at, there - at, UINT32_MAX, &next) != HIK_LOOK_YES)
            continue;
        if (next.ssrc == head->ssrc && (next.rtcp || head->rtcp || next.seq == (uint16_t)(head->seq + 1)))
            return at - framing->head;
        for (unsigned i = 0; seen && i < seen->count && i < HIK_SEEN_STREAMS; i++)
            if (next.ssrc == seen->stream[i].ssrc && next.ssrc != head->ssrc && !next.rtcp &&
                next.seq == (uint16_t)(seen->stream[i].seq + 1))
                return at - framing->head;
    }
    return there;
}

bool hik_framing_is_payload_type(uint8_t pt)
{
    return pt <= 34 || pt >= 96;
}

bool hik_framing_may_begin(const uint8_t *bytes, unsigned there)
{
    return there >= 2 && (bytes[0] == '$' || ((bytes[0] & 0xC0) == 0x80 && hik_framing_is_payload_type(bytes[1] & 0x7F)));
}

/* Looks for the rest of HIK_PROOF packets of the head's stream. *lengths: each of them stands behind its length. */
static bool goes_on(const struct hik_framing *framing, const uint8_t *bytes, unsigned there, const struct hik_head *head, bool *lengths)
{
    struct hik_head last = *head, next;
    unsigned begin = 0;

    if (there > HIK_PROOF_ROOM)
        there = HIK_PROOF_ROOM;
    *lengths = framing->head >= LENGTH_BYTES;
    for (unsigned count = 1; count < HIK_PROOF; count++) {
        unsigned at = begin + HIK_RTP_HEADER;

        do {
            at = hik_framing_next(framing, bytes, there, at + framing->head, &last, NULL);
            if (at >= there)
                return false;
            hik_framing_look(framing, bytes + at, there - at, &next);
            at++;
        } while (next.rtcp || next.pt != last.pt);
        at--;
        *lengths = *lengths && get16(bytes + begin + framing->head - LENGTH_BYTES) == at - begin - framing->head;
        begin = at;
        last = next;
    }
    return true;
}

bool hik_framing_goes_on(const struct hik_framing *framing, const uint8_t *bytes, unsigned there, const struct hik_head *head)
{
    bool lengths;

    return goes_on(framing, bytes, there, head, &lengths);
}

unsigned hik_framing_other(const struct hik_framing *framing, const uint8_t *bytes, unsigned there, unsigned from,
                           const struct hik_head *head)
{
    unsigned tries = 0;

    for (unsigned at = from; at + framing->head + HIK_RTP_HEADER <= there && tries < MAX_TRIES; at++) {
        struct hik_head other;

        if ((bytes[at + framing->head] & 0xC0) != 0x80 || (bytes[at + framing->head + 1] & 0x7F) != head->pt ||
            hik_framing_look(framing, bytes + at, there - at, &other) != HIK_LOOK_YES || other.rtcp || other.ssrc == head->ssrc)
            continue;
        tries++;
        if (hik_framing_goes_on(framing, bytes + at, there - at, &other))
            return at;
    }
    return there;
}

/* Nothing but frames with RTP and RTCP, HIK_PROOF of a stream among them. */
static bool frames_follow(const struct hik_framing *framing, const uint8_t *bytes, unsigned there, struct hik_head *head)
{
    struct {
        uint32_t ssrc;
        uint16_t seq;
        unsigned count;
    } streams[HIK_SEEN_STREAMS];
    unsigned count = 0, off = 0, i;

    while (off < there) {
        enum hik_framing_look look = hik_framing_look(framing, bytes + off, there - off, head);

        if (framing->kind == HIK_FRAMING_RFC4571 && head->size == framing->head) {
            off += head->size;
            continue;
        }
        if (look != HIK_LOOK_YES || (!head->rtcp && !hik_framing_is_payload_type(head->pt)))
            return false;
        for (i = 0; i < count && streams[i].ssrc != head->ssrc; i++)
            ;
        if (head->rtcp) {
            /* of any of them */
        } else if (i < count) {
            if (head->seq != (uint16_t)(streams[i].seq + 1))
                return false;
            streams[i].seq = head->seq;
            if (++streams[i].count == HIK_PROOF)
                return true;
        } else if (count < HIK_SEEN_STREAMS) {
            streams[count].ssrc = head->ssrc;
            streams[count].seq = head->seq;
            streams[count++].count = 1;
        } else {
            return false;
        }
        if (head->size > there - off)
            return false;
        off += head->size;
    }
    return false;
}

bool hik_framing_proven(const uint8_t *bytes, unsigned there, bool with_head, struct hik_framing *framing, struct hik_head *head)
{
    static const struct hik_framing usual[] = {{HIK_FRAMING_RFC4571, LENGTH_BYTES}, {HIK_FRAMING_DOLLAR, 4}};
    unsigned max = with_head ? HIK_MAX_HEAD : 0;
    bool lengths;

    for (unsigned i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        *framing = usual[i];
        if (frames_follow(framing, bytes, there, head))
            return true;
    }
    framing->kind = HIK_FRAMING_HEAD;
    for (framing->head = LENGTH_BYTES + 1; framing->head <= max; framing->head++)
        if (frames_follow(framing, bytes, there, head))
            return true;
    framing->kind = HIK_FRAMING_NONE;
    for (framing->head = 0; framing->head <= max; framing->head++)
        if (hik_framing_look(framing, bytes, there, head) == HIK_LOOK_YES && !head->rtcp && hik_framing_is_payload_type(head->pt) &&
            goes_on(framing, bytes, there, head, &lengths) && !lengths)
            return true;
    return false;
}

bool hik_framing_begins(const struct hik_framing *framing, const uint8_t *bytes, unsigned there, unsigned off,
                        const struct hik_known *known, struct hik_head *head)
{
    struct hik_head next;

    if (hik_framing_look(framing, bytes + off, there - off, head) != HIK_LOOK_YES)
        return false;
    if (known->is_known(known->context, head->ssrc))
        return true;
    return head->size > 0 && head->size < there - off &&
           hik_framing_look(framing, bytes + off + head->size, there - off - head->size, &next) == HIK_LOOK_YES &&
           next.ssrc == head->ssrc;
}

/* An RTP header that is believed without anything else: its SSRC is known, or a program stream begins in it. */
static bool is_sure(const uint8_t *bytes, unsigned there, const struct hik_known *known, struct hik_head *head)
{
    memset(head, 0, sizeof *head);
    return look_at_packet(bytes, there, UINT32_MAX, head) == HIK_LOOK_YES && !head->rtcp &&
           (head->ps || known->is_known(known->context, head->ssrc));
}

/* An RTP packet begins at `at`, and something else than two bytes of length may be in front of it. */
static bool detect_around(const uint8_t *bytes, unsigned there, unsigned at, bool at_start, const struct hik_known *known,
                          const struct hik_head *head, struct hik_framing *framing)
{
    static const struct hik_framing none = {HIK_FRAMING_NONE, 0}, dollar = {HIK_FRAMING_DOLLAR, 4};
    struct hik_head other;
    unsigned len = at >= LENGTH_BYTES ? get16(bytes + at - LENGTH_BYTES) : 0, end, next;

    if (at >= dollar.head && hik_framing_look(&dollar, bytes + at - dollar.head, there - (at - dollar.head), &other) == HIK_LOOK_YES) {
        *framing = dollar;
        return true;
    }
    end = len >= HIK_RTP_HEADER ? at + len : 0;
    next = hik_framing_next(&none, bytes, there, at + HIK_RTP_HEADER, head, NULL);
    if (end && next < there && next >= end + LENGTH_BYTES && next - end <= HIK_MAX_HEAD) {
        framing->kind = next - end == LENGTH_BYTES ? HIK_FRAMING_RFC4571 : HIK_FRAMING_HEAD;
        framing->head = next - end;
        return true;
    }
    if (!at_start || at > HIK_MAX_HEAD || at == LENGTH_BYTES)
        return false;
    /* Only one packet to see: its end tells, or that it goes on as far as a packet may. A length too many does no harm:
     * without one, the next packet's header tells where it begins. */
    if (end && (end == there || (end > there && len <= MAX_PLAUSIBLE))) {
        framing->kind = HIK_FRAMING_HEAD;
        framing->head = at;
        return true;
    }
    framing->kind = HIK_FRAMING_NONE;
    framing->head = at;
    return is_sure(bytes + at, there - at, known, &other);
}

/* The frame of RFC 4571 that seems to begin here is not complete or has nonsense behind it, and RTP may begin here in other frames
 * as well. */
static bool is_doubtful(const uint8_t *bytes, unsigned there, const struct hik_head *head)
{
    static const struct hik_framing rfc4571 = {HIK_FRAMING_RFC4571, LENGTH_BYTES};
    struct hik_head next;

    if (head->size > 0 && (head->size == there || (head->size < there && hik_framing_look(&rfc4571, bytes + head->size, there - head->size,
                                                                                         &next) != HIK_LOOK_NO)))
        return false;
    if (hik_framing_may_begin(bytes, there))
        return true;
    for (unsigned at = LENGTH_BYTES + 1; at <= HIK_MAX_HEAD && at + HIK_RTP_HEADER <= there; at++)
        if (bytes[at] == 0x80 && (bytes[at + 1] & 0x7F) >= 96 && (bytes[at + 1] & 0x7F) < 127)
            return true;
    return false;
}

bool hik_framing_detect(const uint8_t *bytes, unsigned there, bool at_start, const struct hik_known *known,
                        struct hik_framing *framing, bool *doubtful)
{
    static const struct hik_framing rfc4571 = {HIK_FRAMING_RFC4571, LENGTH_BYTES}, none = {HIK_FRAMING_NONE, 0};
    struct hik_head head, first;
    unsigned off = 0;
    enum hik_framing_look look;

    *doubtful = false;
    *framing = rfc4571;
    while (off + LENGTH_BYTES <= there && get16(bytes + off) == 0)
        off += LENGTH_BYTES;
    if (off == there)
        return off > 0 && off <= 4; /* a null packet or two; more zeros are something else */
    look = hik_framing_look(framing, bytes + off, there - off, &first);
    if (is_sure(bytes, there, known, &head) &&
        !(look == HIK_LOOK_YES && known->is_known(known->context, first.ssrc))) {
        *framing = none;
        return true;
    }
    if (look != HIK_LOOK_NO) {
        *doubtful = at_start && off == 0 && look == HIK_LOOK_YES && !known->is_known(known->context, first.ssrc) &&
                    is_doubtful(bytes, there, &first);
        return true;
    }
    for (unsigned at = 1; at < there && at < MAX_GREETING; at++) {
        if (is_sure(bytes + at, there - at, known, &head) && detect_around(bytes, there, at, at_start, known, &head, framing))
            return true;
        *framing = rfc4571;
        if (at >= LENGTH_BYTES && is_sure(bytes + at, there - at, known, &head))
            break; /* behind a rest of something, or a greeting */
    }
    for (unsigned at = 0; at < there; at++)
        if (hik_framing_begins(framing, bytes, there, at, known, &head)) {
            /* a length that no packet has may be something of the sender's own */
            *doubtful = head.size > there - at && head.size > MAX_PLAUSIBLE + LENGTH_BYTES;
            return true;
        }
    return false;
}

bool hik_framing_confirmed(const struct hik_framing *framing, const uint8_t *bytes, unsigned there, bool end_is_enough)
{
    struct hik_head head, next;

    for (unsigned at = 0; framing->kind != HIK_FRAMING_NONE && at + framing->head + HIK_RTP_HEADER <= there; at++) {
        if ((bytes[at + framing->head] & 0xC0) != 0x80 || hik_framing_look(framing, bytes + at, there - at, &head) != HIK_LOOK_YES ||
            head.size > there - at)
            continue;
        if (head.size == there - at) {
            if (end_is_enough)
                return true;
        } else if (hik_framing_look(framing, bytes + at + head.size, there - at - head.size, &next) == HIK_LOOK_YES &&
                   next.ssrc == head.ssrc) {
            return true;
        }
    }
    return false;
}

bool hik_framing_announced(const uint8_t *bytes, unsigned there, const struct hik_framing *framing, const struct hik_known *known)
{
    struct hik_head head;

    return hik_framing_look(framing, bytes, there, &head) == HIK_LOOK_YES && known->is_known(known->context, head.ssrc);
}

static bool starts_with(const uint8_t *bytes, unsigned there, const char *text)
{
    size_t size = strlen(text);

    return there >= size && memcmp(bytes, text, size) == 0;
}

const char *hik_framing_foreign(const uint8_t *bytes, unsigned there)
{
    static const char *const http[] = {"GET /", "POST /", "PUT /", "HEAD /", "CONNECT ", "DELETE /", "HTTP/1."};
    static const char *const rtsp[] = {"DESCRIBE rtsp", "OPTIONS rtsp", "OPTIONS * RTSP", "SETUP rtsp", "PLAY rtsp",
                                       "ANNOUNCE rtsp", "RTSP/1.0"};
    static const char *const sip[] = {"SIP/2.0 ", "REGISTER sip:", "INVITE sip:", "MESSAGE sip:", "BYE sip:", "ACK sip:",
                                      "INFO sip:", "NOTIFY sip:", "SUBSCRIBE sip:", "CANCEL sip:", "OPTIONS sip:"};
    unsigned text = 0;

    for (size_t i = 0; i < sizeof http / sizeof http[0]; i++)
        if (starts_with(bytes, there, http[i]))
            return "HTTP";
    for (size_t i = 0; i < sizeof rtsp / sizeof rtsp[0]; i++)
        if (starts_with(bytes, there, rtsp[i]))
            return "RTSP";
    for (size_t i = 0; i < sizeof sip / sizeof sip[0]; i++)
        if (starts_with(bytes, there, sip[i]))
            return "SIP";
    if (starts_with(bytes, there, "SSH-"))
        return "SSH";
    if (starts_with(bytes, there, "FLV\1"))
        return "FLV";
    /* Record type, version 3.x, a length that a record may have (RFC 8446 5.1). */
    if (there >= 5 && bytes[0] >= 20 && bytes[0] <= 23 && bytes[1] == 3 && bytes[2] <= 4 && get16(bytes + 3) <= 0x4100 &&
        get16(bytes + 3) > 0)
        return "TLS";
    if (there >= 4 && get32(bytes) == PACK_START_CODE)
        return "a program stream without RTP";
    if (there >= 189 && bytes[0] == 0x47 && bytes[188] == 0x47)
        return "an MPEG transport stream without RTP";
    while (text < there && ((bytes[text] >= 0x20 && bytes[text] < 0x7F) || bytes[text] == '\r' || bytes[text] == '\n' ||
                            bytes[text] == '\t'))
        text++;
    return there >= 4 && text == there ? "text" : NULL;
}
