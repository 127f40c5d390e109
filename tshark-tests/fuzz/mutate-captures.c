/* mutate-captures.c
 * libFuzzer's mutator for captures. Bytes changed anywhere would mostly make packets that nobody looks into; here whole
 * packets move, and values that belong together change places: messages between calls, Call-IDs, tags, bodies, ports,
 * addresses, SSRCs, sequence numbers of RTP and TCP. Bytes change inside payloads only, and lengths are put right.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pcap-file.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size, uint8_t *out, size_t max_size,
                                 unsigned seed);

/* ---- chance ------------------------------------------------------------------------------------------------------ */

static uint64_t state;

static uint32_t chance(uint32_t below)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return below ? (uint32_t)(state >> 33) % below : 0;
}

/* ---- the parts of a frame ---------------------------------------------------------------------------------------- */

struct parts {
    unsigned ip;             /* offset of the IP header, 0: none */
    bool ip6;
    uint8_t protocol;        /* 17, 6; else nothing is known of what follows */
    unsigned transport, payload; /* offsets; both captured if protocol is 17 or 6 */
};

static uint16_t half(const uint8_t *data)
{
    return (uint16_t)(data[0] << 8 | data[1]);
}

static uint32_t full(const uint8_t *data)
{
    return (uint32_t)half(data) << 16 | half(data + 2);
}

static void put_half(uint8_t *data, uint32_t value)
{
    data[0] = (uint8_t)(value >> 8);
    data[1] = (uint8_t)value;
}

static void put_full(uint8_t *data, uint32_t value)
{
    put_half(data, value >> 16);
    put_half(data + 2, value);
}

static struct parts parts_of(const struct pcap_packet *packet)
{
    const uint8_t *bytes = packet->bytes;
    struct parts parts = {0};
    unsigned head;

    if (packet->captured >= 34 && half(bytes + 12) == 0x0800) {
        parts.ip = 14;
        head = (bytes[14] & 15) * 4;
        if (head < 20 || half(bytes + 20) & 0x3FFF)
            return parts;
        parts.transport = 14 + head;
        parts.protocol = bytes[23];
    } else if (packet->captured >= 54 && half(bytes + 12) == 0x86DD) {
        parts.ip = 14;
        parts.ip6 = true;
        parts.transport = 54;
        parts.protocol = bytes[20];
    }
    if (parts.protocol == 17 && packet->captured >= parts.transport + 8)
        parts.payload = parts.transport + 8;
    else if (parts.protocol == 6 && packet->captured >= parts.transport + 20 && bytes[parts.transport + 12] >> 4 >= 5 &&
             packet->captured >= parts.transport + (bytes[parts.transport + 12] >> 4) * 4u)
        parts.payload = parts.transport + (bytes[parts.transport + 12] >> 4) * 4u;
    else
        parts.protocol = 0;
    return parts;
}

/* Lengths in the headers are what the frame has. No checksum is looked at by default. */
static void put_lengths_right(struct pcap_packet *packet)
{
    struct parts parts = parts_of(packet);

    packet->length = packet->captured;
    if (!parts.protocol)
        return;
    if (parts.ip6)
        put_half(packet->bytes + 18, packet->captured - 54);
    else
        put_half(packet->bytes + 16, packet->captured - 14);
    if (parts.protocol == 17)
        put_half(packet->bytes + parts.transport + 4, packet->captured - parts.transport);
}

/* The frame with other bytes behind `at`. */
static void set_rest(struct pcap_packet *packet, unsigned at, const uint8_t *rest, unsigned len)
{
    if (at + len > PCAP_FRAME)
        len = PCAP_FRAME - at;
    uint8_t *bytes = (uint8_t *)malloc(at + len + 1);
    memcpy(bytes, packet->bytes, at);
    if (len)
        memcpy(bytes + at, rest, len);
    free(packet->bytes);
    packet->bytes = bytes;
    packet->captured = at + len;
    put_lengths_right(packet);
}

/* `old` bytes at `at` become other ones. */
static void replace(struct pcap_packet *packet, unsigned at, unsigned old, const uint8_t *fresh, unsigned len)
{
    unsigned behind = packet->captured - at - old;
    uint8_t *rest = (uint8_t *)malloc(len + behind + 1);

    memcpy(rest, fresh, len);
    memcpy(rest + len, packet->bytes + at + old, behind);
    set_rest(packet, at, rest, len + behind);
    free(rest);
}

static struct pcap_packet copy_of(const struct pcap_packet *packet)
{
    struct pcap_packet copy = *packet;

    copy.bytes = (uint8_t *)malloc(packet->captured + 1);
    memcpy(copy.bytes, packet->bytes, packet->captured);
    return copy;
}

/* ---- order ------------------------------------------------------------------------------------------------------- */

static void insert(struct pcap_file *file, uint32_t at, struct pcap_packet packet)
{
    if (file->count == PCAP_PACKETS) {
        free(packet.bytes);
        return;
    }
    memmove(&file->packets[at + 1], &file->packets[at], (file->count - at) * sizeof packet);
    file->packets[at] = packet;
    file->count++;
    if (at > 0 && chance(8))
        file->packets[at].time = file->packets[at - 1].time + chance(3);
}

static struct pcap_packet take_out(struct pcap_file *file, uint32_t at)
{
    struct pcap_packet packet = file->packets[at];

    file->count--;
    memmove(&file->packets[at], &file->packets[at + 1], (file->count - at) * sizeof packet);
    return packet;
}

/* ---- SIP --------------------------------------------------------------------------------------------------------- */

static bool is_sip(const struct pcap_packet *packet, const struct parts *parts)
{
    return parts->protocol && packet->captured > parts->payload + 12 &&
           memmem(packet->bytes + parts->payload, packet->captured - parts->payload, "SIP/2.0", 7);
}

struct piece {
    unsigned at, len;
};

/* What stands behind a name up to the end of its line, or behind the empty line if the name is "". Names of SDP end in
 * '='. len 0: not there. */
static struct piece find_value(const struct pcap_packet *packet, unsigned from, const char *name)
{
    const uint8_t *bytes = packet->bytes;
    size_t length = strlen(name);
    struct piece piece = {0, 0};

    if (length == 0) {
        const uint8_t *blank = (const uint8_t *)memmem(bytes + from, packet->captured - from, "\r\n\r\n", 4);
        if (blank) {
            piece.at = (unsigned)(blank - bytes) + 4;
            piece.len = packet->captured - piece.at;
        }
        return piece;
    }
    for (unsigned i = from; i + length < packet->captured; i++)
        if (bytes[i] == '\n' && i + 1 + length < packet->captured && strncasecmp((const char *)bytes + i + 1, name, length) == 0) {
            piece.at = i + 1 + (unsigned)length;
            while (piece.at + piece.len < packet->captured && !memchr("\r\n", bytes[piece.at + piece.len], 2))
                piece.len++;
            return piece;
        }
    return piece;
}

static const char *const names[] = {
    "Call-ID:", "From:", "To:", "CSeq:", "Via:", "Contact:", "Subject:", "Content-Type:", "Content-Length:", "Expires:",
    "Call-ID:", "To:", "CSeq:", "", "", "y=", "c=", "m=", "a=", "o=", "s=", "f=", "t=", "u=",
};

/* ---- changes ----------------------------------------------------------------------------------------------------- */

/* A value of one message is that of another. */
static void swap_value(struct pcap_packet *packet, const struct parts *parts, const struct pcap_packet *other,
                       const struct parts *its)
{
    const char *name = names[chance(sizeof names / sizeof *names)];
    struct piece mine = find_value(packet, parts->payload, name), theirs = find_value(other, its->payload, name);

    if (mine.at && theirs.at)
        replace(packet, mine.at, mine.len, other->bytes + theirs.at, theirs.len);
}

/* A line is there twice, or not at all. */
static void change_line(struct pcap_packet *packet, const struct parts *parts)
{
    const char *name = names[chance(sizeof names / sizeof *names)];
    struct piece value = find_value(packet, parts->payload, name);
    unsigned at = value.at - (unsigned)strlen(name), len = value.len + (unsigned)strlen(name) + 2;
    uint8_t line[1024];

    if (!value.at || at + len > packet->captured || len > sizeof line)
        return;
    memcpy(line, packet->bytes + at, len);
    if (chance(2))
        replace(packet, at, len, line, 0);
    else
        replace(packet, at, 0, line, len);
}

static void change_number(struct pcap_packet *packet, const struct parts *parts)
{
    static const char *const odd[] = {"0", "1", "65535", "65536", "7100", "4294967295", "4294967296", "-1", "0100000001",
                                      "99999999999999999999", "31", "180", "200", "401", "487"};
    unsigned at = parts->payload + chance(packet->captured - parts->payload), len = 0;
    char text[24];

    while (at < packet->captured && (packet->bytes[at] < '0' || packet->bytes[at] > '9'))
        at++;
    while (at + len < packet->captured && packet->bytes[at + len] >= '0' && packet->bytes[at + len] <= '9')
        len++;
    if (len == 0)
        return;
    if (chance(2) && len < 10) {
        memcpy(text, packet->bytes + at, len);
        text[len] = '\0';
        unsigned length = (unsigned)snprintf(text, sizeof text, "%ld", strtol(text, NULL, 10) + (long)chance(5) - 2);
        replace(packet, at, len, (const uint8_t *)text, length);
    } else {
        const char *number = odd[chance(sizeof odd / sizeof *odd)];
        replace(packet, at, len, (const uint8_t *)number, (unsigned)strlen(number));
    }
}

static void change_payload_bytes(struct pcap_packet *packet, const struct parts *parts)
{
    unsigned from = parts->protocol ? parts->payload : 0;
    uint8_t rest[PCAP_FRAME];
    size_t len = packet->captured - from;

    /* The payload of RTP more often than its header. */
    if (parts->protocol == 17 && !is_sip(packet, parts) && len > 12 && chance(4)) {
        from += 12;
        len -= 12;
    }
    memcpy(rest, packet->bytes + from, len);
    len = LLVMFuzzerMutate(rest, len, len + 64 > PCAP_FRAME - from ? PCAP_FRAME - from : len + 64);
    set_rest(packet, from, rest, (unsigned)len);
}

static void change_ports(struct pcap_packet *packet, const struct parts *parts, const struct pcap_packet *other, const struct parts *its)
{
    static const uint16_t known[] = {7100, 5060, 7100, 554, 53, 0, 9, 80, 30000, 30001};
    uint8_t *mine = packet->bytes + parts->transport + 2 * chance(2);

    if (its->protocol && chance(4))
        memcpy(mine, other->bytes + its->transport + 2 * chance(2), 2);
    else
        put_half(mine, known[chance(sizeof known / sizeof *known)]);
}

static void change_addresses(struct pcap_packet *packet, const struct parts *parts, const struct pcap_packet *other,
                             const struct parts *its)
{
    if (parts->ip6 != its->ip6 || !its->ip)
        return;
    unsigned size = parts->ip6 ? 16 : 4, first = parts->ip6 ? 22 : 26;
    memcpy(packet->bytes + first + size * chance(2), other->bytes + first + size * chance(2), size);
}

static void turn_round(struct pcap_packet *packet, const struct parts *parts)
{
    unsigned size = parts->ip6 ? 16 : 4, first = parts->ip6 ? 22 : 26;
    uint8_t kept[16];

    memcpy(kept, packet->bytes + first, size);
    memcpy(packet->bytes + first, packet->bytes + first + size, size);
    memcpy(packet->bytes + first + size, kept, size);
    memcpy(kept, packet->bytes + parts->transport, 2);
    memcpy(packet->bytes + parts->transport, packet->bytes + parts->transport + 2, 2);
    memcpy(packet->bytes + parts->transport + 2, kept, 2);
}

/* Numbers of RTP: behind the payload's begin over UDP, behind the length over TCP. */
static void change_rtp(struct pcap_packet *packet, const struct parts *parts, const struct pcap_packet *other, const struct parts *its)
{
    unsigned at = parts->payload + (parts->protocol == 6 ? 2 : 0), its_at = its->payload + (its->protocol == 6 ? 2 : 0);
    bool have_other = its->protocol && other->captured >= its_at + 12;

    if (packet->captured < at + 12)
        return;
    switch (chance(6)) {
    case 0:
        if (have_other)
            memcpy(packet->bytes + at + 8, other->bytes + its_at + 8, 4);
        break;
    case 1:
        put_full(packet->bytes + at + 8, chance(4) ? chance(4) : 0xFFFFFFFFu);
        break;
    case 2:
        put_half(packet->bytes + at + 2, half(packet->bytes + at + 2) + chance(7) - 3);
        break;
    case 3:
        put_half(packet->bytes + at + 2, half(packet->bytes + at + 2) + chance(65536));
        break;
    case 4:
        put_full(packet->bytes + at + 4, full(packet->bytes + at + 4) + 3600 * (chance(9) - 4));
        break;
    default:
        packet->bytes[at + 1] ^= (uint8_t)(1u << chance(8));
        break;
    }
}

static void change_tcp(struct pcap_packet *packet, const struct parts *parts, const struct pcap_packet *other, const struct parts *its)
{
    uint8_t *tcp = packet->bytes + parts->transport;

    switch (chance(6)) {
    case 0:
        put_full(tcp + 4, full(tcp + 4) + chance(33) - 16);
        break;
    case 1:
        put_full(tcp + 4, full(tcp + 4) + chance(4096) - 2048);
        break;
    case 2:
        put_full(tcp + 4, full(tcp + 4) + (1u << chance(32)));
        break;
    case 3:
        if (its->protocol == 6)
            memcpy(tcp + 4, other->bytes + its->transport + 4, 8);
        break;
    case 4:
        put_full(tcp + 8, full(tcp + 8) + chance(4096) - 2048);
        break;
    default:
        tcp[13] ^= (uint8_t)(1u << chance(6));
        break;
    }
}

/* A segment becomes two, which may overlap or leave a hole. */
static void split_segment(struct pcap_file *file, uint32_t number, const struct parts *parts)
{
    struct pcap_packet *packet = &file->packets[number];
    unsigned len = packet->captured - parts->payload;

    if (len < 2 || file->count == PCAP_PACKETS)
        return;
    unsigned cut = 1 + chance(len - 1), back = chance(4) ? 0 : chance(cut);
    struct pcap_packet second = copy_of(packet);
    put_full(second.bytes + parts->transport + 4, full(second.bytes + parts->transport + 4) + cut - back);
    set_rest(&second, parts->payload, packet->bytes + parts->payload + cut - back, len - cut + back);
    set_rest(packet, parts->payload, packet->bytes + parts->payload, cut - (chance(8) ? 0 : 1));
    insert(file, number + 1, second);
}

/* A datagram becomes a segment of a connection that has no begin, or the other way round. */
static void change_protocol(struct pcap_packet *packet, const struct parts *parts)
{
    uint8_t rest[PCAP_FRAME + 20];
    unsigned len = packet->captured - parts->payload, head = 0;

    memcpy(rest, packet->bytes + parts->transport, 4);
    if (parts->protocol == 17) {
        static uint32_t seq = 1000;
        head = 20;
        put_full(rest + 4, seq);
        put_full(rest + 8, 5000);
        memcpy(rest + 12, "\x50\x18\xff\xff\0\0\0\0", 8);
        if (!is_sip(packet, parts)) {
            put_half(rest + 20, len);
            head = 22;
        }
        seq += len + head - 20;
    } else {
        head = 8;
        memset(rest + 4, 0, 4);
    }
    memcpy(rest + head, packet->bytes + parts->payload, len);
    packet->bytes[parts->ip6 ? 20 : 23] = parts->protocol == 17 ? 6 : 17;
    set_rest(packet, parts->transport, rest, head + len);
}

/* The packets of a call once more, as another call: with another Call-ID. */
static void copy_call(struct pcap_file *file, uint32_t number, const struct parts *parts)
{
    struct piece id = find_value(&file->packets[number], parts->payload, "Call-ID:");
    uint8_t text[80];
    uint32_t count = file->count;

    if (id.len < 4 || id.len > sizeof text)
        return;
    memcpy(text, file->packets[number].bytes + id.at, id.len);
    for (uint32_t i = 0; i < count; i++) {
        struct parts its = parts_of(&file->packets[i]);
        if (!is_sip(&file->packets[i], &its))
            continue;
        struct piece other = find_value(&file->packets[i], its.payload, "Call-ID:");
        if (other.len != id.len || memcmp(file->packets[i].bytes + other.at, text, id.len) != 0)
            continue;
        struct pcap_packet copy = copy_of(&file->packets[i]);
        copy.bytes[other.at + 2] ^= 1;
        copy.time = file->packets[count - 1].time + i;
        insert(file, file->count, copy);
    }
}

static void change_time(struct pcap_file *file, uint32_t number)
{
    static const uint64_t steps[] = {1, 1000, 500000, 5000000, 40000000, 600000000};
    uint64_t step = steps[chance(sizeof steps / sizeof *steps)];

    if (chance(4) == 0 && file->packets[number].time > step)
        file->packets[number].time -= step;
    else
        for (; number < file->count; number++)
            file->packets[number].time += step;
}

static void cut_short(struct pcap_packet *packet, const struct parts *parts)
{
    unsigned from = parts->protocol && chance(4) ? parts->payload : 0, len = from + chance(packet->captured - from + 1);

    if (chance(2) && from) { /* it really is so short */
        set_rest(packet, from, packet->bytes + from, len - from);
    } else { /* the capture cut it */
        if (packet->length < packet->captured)
            packet->length = packet->captured;
        packet->captured = len;
    }
}

static void change(struct pcap_file *file)
{
    uint32_t number = chance(file->count), other_number = chance(file->count);
    struct pcap_packet *packet = &file->packets[number], *other = &file->packets[other_number];
    struct parts parts = parts_of(packet), its = parts_of(other);
    bool sip = is_sip(packet, &parts), both_sip = sip && is_sip(other, &its);

    switch (chance(22)) {
    case 0: {
        struct pcap_packet moved = take_out(file, number);
        insert(file, chance(file->count + 1), moved);
        break;
    }
    case 1:
        insert(file, chance(file->count + 1), copy_of(packet));
        break;
    case 2:
        if (file->count > 1)
            free(take_out(file, number).bytes);
        break;
    case 3:
        cut_short(packet, &parts);
        break;
    case 4:
        change_time(file, number);
        break;
    case 5:
    case 6:
        change_payload_bytes(packet, &parts);
        break;
    case 7:
        if (parts.protocol)
            change_ports(packet, &parts, other, &its);
        break;
    case 8:
        if (parts.ip)
            change_addresses(packet, &parts, other, &its);
        break;
    case 9:
        if (parts.protocol)
            turn_round(packet, &parts);
        break;
    case 10:
        if (parts.protocol && its.protocol && number != other_number)
            set_rest(packet, parts.payload, other->bytes + its.payload, other->captured - its.payload);
        break;
    case 11:
        if (parts.protocol && chance(4) == 0)
            change_protocol(packet, &parts);
        break;
    case 12:
    case 13:
        if (parts.protocol == 6)
            change_tcp(packet, &parts, other, &its);
        else if (parts.protocol && !sip)
            change_rtp(packet, &parts, other, &its);
        else if (sip)
            change_number(packet, &parts);
        break;
    case 14:
        if (parts.protocol == 6)
            split_segment(file, number, &parts);
        break;
    case 15:
        if (sip)
            copy_call(file, number, &parts);
        break;
    case 16:
        if (sip)
            change_line(packet, &parts);
        break;
    case 17:
        if (parts.protocol && !sip)
            change_rtp(packet, &parts, other, &its);
        break;
    default:
        if (both_sip)
            swap_value(packet, &parts, other, &its);
        else if (sip && packet->captured > parts.payload)
            change_number(packet, &parts);
        else if (parts.protocol && !sip)
            change_rtp(packet, &parts, other, &its);
        break;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    struct pcap_file file;

    state = seed;
    if (!pcap_read(data, size, &file))
        return size;
    for (uint32_t times = 1 + chance(4); times > 0; times--)
        change(&file);
    size = pcap_write(&file, data, max_size);
    pcap_free(&file);
    return size;
}

/* The packets of two captures, each in its own order, one after the other or between each other. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size, uint8_t *out, size_t max_size,
                                 unsigned seed)
{
    struct pcap_file files[2], joined = {.count = 0};
    uint32_t at[2] = {0, 0};
    uint64_t time = 0;

    state = seed;
    if (!pcap_read(a, a_size, &files[0]))
        return 0;
    if (!pcap_read(b, b_size, &files[1])) {
        pcap_free(&files[0]);
        return 0;
    }
    /* Begin and end somewhere, so that it does not become longer and longer. */
    for (int i = 0; i < 2; i++)
        at[i] = chance(3) ? 0 : chance(files[i].count);
    uint32_t rarely = chance(3) ? 0 : 1 + chance(8);
    uint32_t which = chance(2);
    while (joined.count < PCAP_PACKETS && (at[0] < files[0].count || at[1] < files[1].count)) {
        if (at[which] == files[which].count || chance(rarely + 2) == 0)
            which = !which;
        if (at[which] == files[which].count)
            continue;
        const struct pcap_packet *packet = &files[which].packets[at[which]];
        uint64_t step = at[which] > 0 && packet->time > packet[-1].time ? packet->time - packet[-1].time : 1000;
        joined.packets[joined.count] = copy_of(packet);
        time = joined.count == 0 ? packet->time : time + step;
        joined.packets[joined.count++].time = time;
        at[which]++;
    }
    size_t size = pcap_write(&joined, out, max_size);
    pcap_free(&joined);
    for (int i = 0; i < 2; i++)
        pcap_free(&files[i]);
    return size;
}
