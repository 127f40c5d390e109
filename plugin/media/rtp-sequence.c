/* rtp-sequence.c
 * RFC 3550 A.1 (update_seq), A.3 and A.8, with a window in which copies and late packets are told apart.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rtp-sequence.h"

#include <string.h>

/* Bytes of a payload that its digest looks at, in each of three places: two words. */
#define DIGEST_BYTES 16
#define MIX UINT64_C(0x9E3779B97F4A7C15) /* 2^64 over the golden ratio: spreads what is multiplied by it */

static void set_come(struct hik_sequence *s, uint32_t extended)
{
    uint32_t place = extended % HIK_SEQUENCE_WINDOW;

    s->recent->came[place / 32] |= UINT32_C(1) << (place % 32);
}

static bool has_come(const struct hik_sequence *s, uint32_t extended)
{
    uint32_t place = extended % HIK_SEQUENCE_WINDOW;

    return s->recent->came[place / 32] >> (place % 32) & 1;
}

/* The place of a number's details, NULL if it is too old for that and none of those that came last. */
static struct hik_sequence_seen *seen_at(const struct hik_sequence *s, uint32_t extended)
{
    if (s->highest - extended < s->recent->size)
        return &s->recent->seen[extended & (s->recent->size - 1)];
    for (unsigned i = 0; i < HIK_SEQUENCE_OLD; i++)
        if (s->recent->old[i].extended == extended)
            return &s->recent->old[i].seen;
    return NULL;
}

/* A packet whose number is too old for its details to stay. */
static void note_old(struct hik_sequence *s, uint32_t extended, const struct hik_sequence_seen *seen)
{
    struct hik_sequence_old *old = &s->recent->old[s->recent->old_count++ % HIK_SEQUENCE_OLD];

    old->extended = extended;
    old->seen = *seen;
}

/* The packet with the newest number. */
static void note_newest(struct hik_sequence *s, const struct hik_sequence_seen *seen)
{
    set_come(s, s->highest);
    s->recent->seen[s->highest & (s->recent->size - 1)] = *seen;
}

static void note(struct hik_sequence *s, uint32_t extended, const struct hik_sequence_seen *seen)
{
    struct hik_sequence_seen *at = seen_at(s, extended);

    set_come(s, extended);
    if (at)
        *at = *seen;
    else
        note_old(s, extended, seen);
}

void hik_sequence_move(struct hik_sequence *s, struct hik_sequence_recent *to)
{
    struct hik_sequence_recent *from = s->recent;

    memcpy(to->came, from->came, sizeof to->came);
    memcpy(to->old, from->old, sizeof to->old);
    to->old_count = from->old_count;
    for (uint32_t i = 0; i < from->size; i++)
        to->seen[(s->highest - i) & (to->size - 1)] = from->seen[(s->highest - i) & (from->size - 1)];
    s->recent = to;
}

/* The same datagram as that packet: a mirror port, or a capture on several interfaces. */
static bool is_mirrored(const struct hik_sequence_packet *packet, const struct hik_sequence_seen *other)
{
    uint32_t ticks = packet->seen.ticks - other->ticks, most = packet->seen.id ? HIK_MIRROR_TICKS : HIK_MIRROR_TICKS_UNMARKED;

    return packet->datagram && packet->seen.digest == other->digest && packet->seen.id == other->id &&
           (ticks < most || 0 - ticks < most);
}

/* The same datagram as one that was a copy itself: its source sent it again, and that was mirrored, too. */
static bool is_mirrored_again(const struct hik_sequence *s, const struct hik_sequence_packet *packet, uint32_t extended)
{
    const struct hik_sequence_old *kept = s->again ? s->again : &s->first_again;
    uint32_t count = s->again ? (s->again_count < HIK_SEQUENCE_AGAIN ? s->again_count : HIK_SEQUENCE_AGAIN) : 1;

    for (uint32_t i = 0; i < count; i++)
        if (kept[i].extended == extended && is_mirrored(packet, &kept[i].seen))
            return true;
    return false;
}

static void count_copy(struct hik_sequence *s, const struct hik_sequence_packet *packet, uint32_t extended)
{
    struct hik_sequence_old *kept = s->again ? &s->again[s->again_count++ % HIK_SEQUENCE_AGAIN] : &s->first_again;

    s->copies++;
    kept->extended = extended;
    kept->seen = packet->seen;
}

/* A packet whose number came before, with the bytes and times of *other; NULL: those are not known any more. */
static struct hik_sequence_result repeated(struct hik_sequence *s, const struct hik_sequence_packet *packet,
                                           const struct hik_sequence_seen *other, uint32_t extended)
{
    struct hik_sequence_result result = {HIK_SEQUENCE_MIRRORED, extended, 0};

    if (!(other && is_mirrored(packet, other)) && !is_mirrored_again(s, packet, extended)) {
        result.kind = HIK_SEQUENCE_COPY;
        count_copy(s, packet, extended);
    }
    return result;
}

void hik_sequence_keep_copies(struct hik_sequence *s, struct hik_sequence_old *memory)
{
    memory[0] = s->first_again;
    s->again = memory;
    s->again_count = 1;
}

/* The window moves on to a packet's number: what stood in the places of the numbers up to it is forgotten. */
static void move_window(struct hik_sequence *s, uint32_t extended, const struct hik_sequence_seen *seen)
{
    uint32_t steps = extended - s->highest;

    if (steps >= HIK_SEQUENCE_WINDOW) {
        for (unsigned i = 0; i < HIK_SEQUENCE_WINDOW / 32; i++)
            s->recent->came[i] = 0;
    } else {
        for (uint32_t one = s->highest + 1; one != extended; one++)
            s->recent->came[one % HIK_SEQUENCE_WINDOW / 32] &= ~(UINT32_C(1) << (one % 32));
    }
    s->highest = extended;
    note_newest(s, seen);
}

/* After a silence: do timestamps go on as the time does? A restarted source begins its timestamps anew, too. */
static bool timestamps_go_on(const struct hik_sequence *s, const struct hik_sequence_packet *packet)
{
    double passed = (packet->time - s->last_time) * packet->clock;
    double stepped = (double)(int32_t)(packet->timestamp - s->last_timestamp);
    double off = stepped > passed ? stepped - passed : passed - stepped;

    return off <= passed / 5 + packet->clock;
}

static void count_jitter(struct hik_sequence *s, const struct hik_sequence_packet *packet)
{
    /* Relative to the last packet, so that large times lose no digits. */
    double passed = (packet->time - s->last_time) * packet->clock;
    double difference = passed - (double)(int32_t)(packet->timestamp - s->last_timestamp);

    if (s->has_transit)
        s->jitter += ((difference < 0 ? -difference : difference) - s->jitter) / 16;
    s->has_transit = true;
}

/* The packet belongs to the run. */
static void belongs(struct hik_sequence *s, const struct hik_sequence_packet *packet)
{
    count_jitter(s, packet);
    s->received++;
    s->last_time = packet->time;
    s->last_timestamp = packet->timestamp;
}

/* Nothing follows the jump: it is a stray, unless a restart comes at once. */
static void give_up_jump(struct hik_sequence *s)
{
    struct hik_sequence_early *early = &s->last_strays->early[s->last_strays->next++ % HIK_RESTART_EARLY];

    s->strays++;
    early->number = HIK_SEQUENCE_STRAY | (s->jump & 0xFFFFu);
    early->time = s->jump_time;
    early->seen = s->jump_seen;
}

/* The strays shortly in front of a restart were its first packets, recorded in another order. */
static void take_early(struct hik_sequence *s, const struct hik_sequence_packet *packet)
{
    for (unsigned i = 0; i < HIK_RESTART_EARLY && !packet->in_order; i++) {
        struct hik_sequence_early *early = &s->last_strays->early[i];
        int step = (int16_t)(uint16_t)(early->number - s->highest);
        uint32_t extended = s->highest + (uint32_t)step;

        if (!(early->number & HIK_SEQUENCE_STRAY) || packet->time - early->time >= HIK_SILENCE_SECONDS || step >= HIK_RESTART_MIX_NUMBERS ||
            step <= -HIK_RESTART_MIX_NUMBERS || (step <= 0 && has_come(s, extended)))
            continue;
        early->number ^= HIK_SEQUENCE_STRAY | HIK_SEQUENCE_TAKEN;
        s->strays--;
        s->late++;
        s->received++;
        if (step > 0)
            s->highest = extended;
        if ((int32_t)(extended - s->first) < 0)
            s->first = extended;
        note(s, extended, &early->seen);
    }
}

bool hik_sequence_was_taken(const struct hik_sequence *s, uint16_t number)
{
    for (unsigned i = 0; i < HIK_RESTART_EARLY && s->last_strays; i++)
        if (s->last_strays->early[i].number == (HIK_SEQUENCE_TAKEN | number))
            return true;
    return false;
}

/* The packet goes on where the run was before a jump, which was a stray then. Numbers keep growing, so that who puts packets
 * in order by them never goes back: the run moves behind the stray. By whole cycles, so the window stays as it is. */
static void rejoin(struct hik_sequence *s)
{
    uint32_t cycles;

    if (!s->jumped)
        return;
    s->jumped = s->goes_on = false;
    give_up_jump(s);
    cycles = ((s->jump - s->highest) | 0xFFFFu) + 1;
    s->highest += cycles;
    s->first += cycles;
}

static struct hik_sequence_result begin(struct hik_sequence *s, const struct hik_sequence_packet *packet)
{
    struct hik_sequence_result result = {HIK_SEQUENCE_NEXT, 0x10000u + packet->number, 0};

    if (packet->empty) {
        result.kind = HIK_SEQUENCE_EMPTY;
        return result;
    }
    s->begun = true;
    s->highest = s->first = result.extended;
    s->first_seen = packet->seen;
    if (s->recent)
        note(s, result.extended, &packet->seen);
    belongs(s, packet);
    return result;
}

/* So shortly around a jump that records of the two runs may be mixed. */
static bool is_near(const struct hik_sequence_packet *packet, double jump_time)
{
    double passed = packet->time - jump_time;

    return !packet->in_order && passed < HIK_RESTART_MIX && passed > -HIK_RESTART_MIX;
}

static void keep_before(struct hik_sequence *s)
{
    s->before.highest = s->highest;
    s->before.numbers = s->highest - s->first + 1;
    s->before.shift = s->shift;
    s->before.jump_time = s->jump_time;
    s->before.came = 0;
    for (uint32_t n = 0; n < HIK_RESTART_MIX_NUMBERS && n < s->before.numbers; n++)
        s->before.came |= (uint64_t)has_come(s, s->highest - n) << n;
}

/* The number, which is none of the run, is one of the run before: the restart was recorded before it. step: from the newest
 * number of that run. */
static bool is_of_before(const struct hik_sequence *s, const struct hik_sequence_packet *packet, int *step)
{
    *step = (int16_t)(uint16_t)(packet->number + s->before.shift - s->before.highest);
    return s->restarts > 0 && is_near(packet, s->before.jump_time) && *step < HIK_RESTART_MIX_NUMBERS && *step > -HIK_RESTART_MIX_NUMBERS &&
           (*step > 0 || (uint32_t)-*step < s->before.numbers);
}

/* The place in the details of a number of the run before; the new run has taken few of these places so far. */
static struct hik_sequence_seen *seen_before(const struct hik_sequence *s, int step)
{
    return &s->recent->seen[(s->before.highest + (uint32_t)step) & (s->recent->size - 1)];
}

/* It came in the run before, with the same bytes, and not long ago: its source sent it again. */
static bool is_copy_of_before(const struct hik_sequence *s, const struct hik_sequence_packet *packet, int step)
{
    double passed = packet->time - s->before.jump_time;

    return s->restarts > 0 && passed < HIK_SILENCE_SECONDS && step <= 0 && step > -HIK_RESTART_MIX_NUMBERS &&
           s->before.came >> -step & 1 && seen_before(s, step)->digest == packet->seen.digest;
}

static struct hik_sequence_result count_before(struct hik_sequence *s, const struct hik_sequence_packet *packet, int step)
{
    struct hik_sequence_result result = {HIK_SEQUENCE_LATE, s->before.highest + (uint32_t)step, 0};

    if (step <= 0 && s->before.came >> -step & 1)
        return repeated(s, packet, seen_before(s, step), result.extended);
    if (step > 0) {
        s->before.came <<= step;
        s->before.highest += (uint32_t)step;
        s->before.numbers += (uint32_t)step;
        s->earlier_expected += (uint32_t)step;
        step = 0;
    }
    s->before.came |= UINT64_C(1) << -step;
    s->late++;
    s->received++;
    note_old(s, result.extended, &packet->seen);
    return result;
}

/* The number fits nothing. Twice in sequence it is a restart, and the jump before was its beginning. */
static struct hik_sequence_result jumped(struct hik_sequence *s, const struct hik_sequence_packet *packet)
{
    uint32_t top = s->jumped ? s->jump : s->highest;
    struct hik_sequence_result result = {HIK_SEQUENCE_JUMP, (top | 0xFFFFu) + 0x10001u + packet->number, 0};

    if (s->jumped && packet->number == (uint16_t)s->jump)
        return repeated(s, packet, &s->jump_seen, s->jump);
    if (!s->jumped || packet->number != (uint16_t)(s->jump + 1)) {
        if (s->jumped)
            give_up_jump(s);
        s->jumped = true;
        s->goes_on = false;
        s->jump = result.extended;
        s->jump_seen = packet->seen;
        s->jump_time = packet->time;
        return result;
    }
    s->jumped = s->goes_on = false;
    keep_before(s);
    result.kind = HIK_SEQUENCE_RESTART;
    result.extended = s->jump + 1;
    s->earlier_expected += s->highest - s->first + 1;
    s->first = s->jump;
    for (unsigned i = 0; i < HIK_SEQUENCE_WINDOW / 32; i++)
        s->recent->came[i] = 0;
    s->highest = result.extended;
    s->shift = 0;
    note(s, s->first, &s->jump_seen);
    note(s, result.extended, &packet->seen);
    s->restarts++;
    s->received++; /* the jump */
    s->has_transit = false;
    belongs(s, packet);
    take_early(s, packet);
    return result;
}

static struct hik_sequence_result came_before(struct hik_sequence *s, const struct hik_sequence_packet *packet, uint32_t extended)
{
    struct hik_sequence_result result = {HIK_SEQUENCE_REUSED, 0, 0};
    struct hik_sequence_seen *other = seen_at(s, extended);
    /* Where the bytes are not known (any more), a copy's timestamp is at least an old one. */
    bool known = other && (other->digest || other->ticks);
    bool same = known ? other->digest == packet->seen.digest : (int32_t)(packet->timestamp - s->last_timestamp) <= 0;

    if (same || is_mirrored_again(s, packet, extended))
        return repeated(s, packet, known ? other : NULL, extended);
    /* An older number with other bytes is no copy: it may begin the numbers anew. */
    if (extended != s->highest)
        return jumped(s, packet);
    /* The newest number again with other bytes: a source that does not count. */
    rejoin(s);
    result.extended = s->highest + 1;
    s->shift++;
    s->reused++;
    move_window(s, result.extended, &packet->seen);
    belongs(s, packet);
    return result;
}

/* Is the number one of the run, or is it a jump? step: from the newest number. */
static bool fits(const struct hik_sequence *s, const struct hik_sequence_packet *packet, int step)
{
    bool silent = packet->time - s->last_time >= HIK_SILENCE_SECONDS;
    int32_t before;

    if (step == 1)
        return true;
    if (silent && !timestamps_go_on(s, packet))
        return false;
    if (step > HIK_MAX_DROPOUT)
        return silent; /* its timestamps go on: it is loss after all */
    if (step <= -HIK_SEQUENCE_WINDOW)
        return false;
    /* In front of the first packet: what came out of order at the very beginning, no more. */
    before = (int32_t)(s->first - (s->highest + (uint32_t)step));
    return step > 0 || before <= HIK_EARLY_PACKETS;
}

struct hik_sequence_result hik_sequence_count(struct hik_sequence *s, const struct hik_sequence_packet *packet)
{
    struct hik_sequence_result result = {HIK_SEQUENCE_NEXT, 0, 0};
    int step, of_before;
    bool held;

    if (s->received > 1 && !s->jumped && packet->number == (uint16_t)(s->highest + 1 - s->shift)) {
        /* What comes mostly: the next one, and nothing is open. The rest says the same of it. */
        result.extended = ++s->highest;
        note_newest(s, &packet->seen);
        belongs(s, packet);
        return result;
    }
    if (!s->begun)
        return begin(s, packet);
    if (s->received == 1 && !s->restarts && !has_come(s, s->first))
        note(s, s->first, &s->first_seen);
    step = (int16_t)(uint16_t)(packet->number + s->shift - s->highest);
    if (packet->empty && step != 1 && step != 0 && (packet->number == 0 || !fits(s, packet, step))) {
        result.kind = HIK_SEQUENCE_EMPTY;
        result.extended = s->highest;
        return result;
    }
    if (!fits(s, packet, step))
        return is_of_before(s, packet, &of_before) || is_copy_of_before(s, packet, of_before) ? count_before(s, packet, of_before)
                                                                                              : jumped(s, packet);
    if (step <= 0) {
        result.extended = s->highest + (uint32_t)step;
        if (has_come(s, result.extended))
            return came_before(s, packet, result.extended);
        result.kind = HIK_SEQUENCE_LATE;
        s->late++;
        if ((int32_t)(result.extended - s->first) < 0)
            s->first = result.extended;
        note(s, result.extended, &packet->seen);
        s->received++;
        return result;
    }
    /* Shortly behind a jump nobody knows yet whether it is a restart: its numbers stay behind the run's. */
    held = s->jumped && is_near(packet, s->jump_time);
    if (!held)
        rejoin(s);
    result.extended = s->highest + (uint32_t)step;
    if (held) {
        s->goes_on = true;
        result.kind = HIK_SEQUENCE_LATE;
        s->late++;
    } else if (step > 1) {
        result.kind = HIK_SEQUENCE_GAP;
        result.gap = (uint16_t)(step - 1);
    }
    move_window(s, result.extended, &packet->seen);
    belongs(s, packet);
    return result;
}

uint32_t hik_sequence_expected(const struct hik_sequence *s)
{
    return s->begun ? s->earlier_expected + s->highest - s->first + 1 : 0;
}

uint32_t hik_sequence_lost(const struct hik_sequence *s)
{
    uint32_t expected = hik_sequence_expected(s);

    return expected > s->received ? expected - s->received : 0;
}

uint32_t hik_sequence_strays(const struct hik_sequence *s)
{
    /* Only the last one waits for what follows. */
    return s->strays + (s->jumped && s->goes_on);
}

double hik_sequence_jitter(const struct hik_sequence *s, uint32_t clock)
{
    return clock ? s->jitter * 1000 / clock : 0;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * MIX;
    return hash ^ hash >> 29;
}

/* Two words, each times an odd number of its own. */
static uint64_t weigh(const uint8_t *data, uint64_t first, uint64_t second)
{
    uint64_t words[2];

    memcpy(words, data, sizeof words);
    return words[0] * first + words[1] * second;
}

uint16_t hik_sequence_digest(const uint8_t *data, size_t len, size_t whole)
{
    uint64_t sum = 0; /* a comparison, no key of a table */

    if (len <= 3 * DIGEST_BYTES) {
        for (size_t i = 0; i < len; i++)
            sum = mix(sum, data[i]);
    } else {
        sum = weigh(data, UINT64_C(0xD6E8FEB86659FD93), UINT64_C(0xA0761D6478BD642F)) +
              weigh(data + (len - DIGEST_BYTES) / 2, UINT64_C(0xE7037ED1A0B428DB), UINT64_C(0x8EBC6AF09C88C6E3)) +
              weigh(data + len - DIGEST_BYTES, UINT64_C(0x589965CC75374CC3), UINT64_C(0x1D8E4E27C47D124F));
    }
    return (uint16_t)(mix(sum, (uint64_t)whole << 32 | len) >> 48);
}
