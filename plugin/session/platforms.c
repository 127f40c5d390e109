/* platforms.c
 * Pairs of a lower and an upper platform (GB/T 28181-2016 clause 4): who is who, and where.
 *
 * A pair is known by the IDs of its two platforms. Addresses and ports only lead to it: a TCP connection is made anew, a
 * NAT gives another port, a capture holds two interfaces, and the pair stays the same. Messages that do not name the pair
 * (calls, alarms of a channel) find it by both transport addresses, else by addresses that no other pair has.
 *
 * A pair that is guessed before its IDs are seen is merged into the one that they name: when it turns out to have the same
 * IDs, or when the named one speaks at exactly its two places. Another port may be another device behind the same NAT: such a
 * guess stays for itself, and is shown as the named pair when it is the only one between the two addresses at the end.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "platforms.h"

#include <string.h>

#include "gb-id.h"
#include "key.h"

/* Where a pair is: two transport addresses, or with port 0 for "any port". File scope; first pass. */
struct alias {
    struct claimant {
        struct hik_platforms *pair;
        bool lower_is_first; /* of the key's two, unless the pair was turned since */
    } claimants[4];      /* of both ports only the newest */
    unsigned count;
    bool crowded;        /* there are more */
};

/* What a key of pairs_by_id has beside the lower platform's ID. */
enum { BY_UPPER_ID, BY_UPPER_ADDRESS };

/* Statics that hold nothing but maps emptied with the capture. */
static wmem_map_t *aliases;        /* hik_ends_key -> struct alias */
static struct hik_index pairs_by_id; /* hik_text_key: lower ID; upper ID, or address and port -> struct hik_platforms */
static wmem_map_t *pairs_by_index; /* index + 1 -> struct hik_platforms */
static uint32_t joined_at;         /* frame that was the newest when hik_platforms_shown() was found out for all */
static struct hik_platforms *merged; /* the last one, until hik_platforms_merged() was told of */

static void reset(void)
{
    joined_at = 0;
    merged = NULL;
}

struct hik_platforms *hik_platforms_merged(void)
{
    struct hik_platforms *pair = merged;

    merged = NULL;
    return pair;
}

struct hik_platforms *hik_platforms_now(struct hik_platforms *pair)
{
    while (pair && pair->merged_into)
        pair = pair->merged_into;
    return pair;
}

struct hik_platforms *hik_platforms_parts(struct hik_platforms *pair, struct hik_platforms *before)
{
    return before ? before->next_part : pair->parts;
}

bool hik_platforms_are_cut(const struct hik_platforms *pair)
{
    while (pair->merged_into)
        pair = pair->merged_into;
    return pair->cut || hik_cut_unplaced(&pair->lower.addr, &pair->upper.addr);
}

void hik_platforms_register(void)
{
    aliases = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), hik_ends_key_hash, hik_ends_key_equal);
    hik_index_register(&pairs_by_id);
    pairs_by_index = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), g_direct_hash, g_direct_equal);
    register_cleanup_routine(reset);
}

/* A REGISTER or a keep-alive said who is below. */
static bool is_named(const struct hik_platforms *pair)
{
    return pair->lower_source >= HIK_ID_BY_KEEPALIVE;
}

/* An ID that a channel of a platform may have: cameras, alarm inputs and the like (types 131 to 199) speak for themselves. */
static bool is_channel(const struct hik_gb_id *id)
{
    return id->kind == HIK_ID_20 && id->type >= 131 && id->type <= 199;
}

static bool is_channel_id(const char *text)
{
    struct hik_gb_id id;

    hik_gb_id_parse((const uint8_t *)text, strlen(text), &id);
    return is_channel(&id);
}

/* Nothing that is known of the guess speaks against its being that pair, which is named. */
static bool may_be_same(const struct hik_platforms *guess, const struct hik_platforms *named)
{
    bool lower = !guess->lower_id || is_channel_id(guess->lower_id) || g_strcmp0(guess->lower_id, named->lower_id) == 0;
    bool upper = !guess->upper_id || !named->upper_id || strcmp(guess->upper_id, named->upper_id) == 0;

    return !is_named(guess) && lower && upper;
}

static bool view_is_string(const struct hik_message_info *r, struct hik_view view, const char *text)
{
    return text && strlen(text) == view.len && memcmp(r->buf + view.off, text, view.len) == 0;
}

/* ---- by address -------------------------------------------------------------------------------------------------- */

/* How much of the two transport addresses a key has. Best first. */
enum { WITH_BOTH_PORTS, WITH_SOURCE_PORT, WITH_DESTINATION_PORT, WITHOUT_PORTS, ENDS_KEY_KINDS };

/* The two ends, the smaller first: the same for both directions. *source_first: which one is the source. False where the
 * key would say nothing: one address twice without ports. */
static bool ends_key(const address *src, uint16_t src_port, const address *dst, uint16_t dst_port, int kind,
                     struct hik_ends_key *key, bool *source_first)
{
    uint16_t ports[2] = {kind == WITH_DESTINATION_PORT || kind == WITHOUT_PORTS ? 0 : src_port,
                         kind == WITH_SOURCE_PORT || kind == WITHOUT_PORTS ? 0 : dst_port};
    int order = cmp_address(src, dst);
    bool swap = order > 0 || (order == 0 && ports[0] > ports[1]);

    key->addr[swap] = src;
    key->port[swap] = ports[0];
    key->addr[!swap] = dst;
    key->port[!swap] = ports[1];
    key->number = (uint32_t)(kind == WITH_DESTINATION_PORT ? WITH_SOURCE_PORT : kind);
    *source_first = !swap;
    return order != 0 || ports[0] != ports[1];
}

/* From what the alias says to which way a packet goes. */
static enum hik_direction direction_at(const struct claimant *claimant, bool source_first)
{
    bool lower_is_first = claimant->lower_is_first != claimant->pair->turned;

    return lower_is_first == source_first ? HIK_DIR_UP : HIK_DIR_DOWN;
}

/* The claimant that is meant where several pairs claim a place: what nothing names yet gives way to the only one that is
 * named. NULL: nobody can tell. */
static const struct claimant *only_claimant(const struct alias *alias)
{
    const struct claimant *best = NULL;

    if (alias->crowded)
        return NULL;
    for (unsigned i = 0; i < alias->count; i++) {
        const struct claimant *one = &alias->claimants[i];
        const struct hik_platforms *pair = hik_platforms_now(one->pair), *other = best ? hik_platforms_now(best->pair) : NULL;

        if (!other || (other != pair && may_be_same(other, pair) && is_named(pair)))
            best = one;
        else if (other != pair && !(is_named(other) && may_be_same(pair, other)))
            return NULL;
    }
    return best;
}

static void merge_at(struct hik_platforms **pair, const struct claimant *claimant, bool lower_first);

/* The pair is at these two ends, with the lower platform as the source. named: the message there has the IDs of the pair.
 * Returns the pair, which may have turned out to be an older one. */
static struct hik_platforms *add_aliases(struct hik_platforms *pair, const address *lower, uint16_t lower_port, const address *upper,
                                         uint16_t upper_port, bool named)
{
    for (int kind = 0; kind < ENDS_KEY_KINDS; kind++) {
        struct hik_ends_key key;
        struct alias *alias;
        bool lower_first, known = false;

        if (!ends_key(lower, lower_port, upper, upper_port, kind, &key, &lower_first))
            continue;
        alias = (struct alias *)wmem_map_lookup(aliases, &key);
        if (!alias) {
            alias = wmem_new0(wmem_file_scope(), struct alias);
            hik_ends_key_insert(aliases, &key, alias);
        }
        if (kind == WITH_BOTH_PORTS) {
            if (named && alias->count > 0)
                merge_at(&pair, &alias->claimants[0], lower_first);
            if (alias->count > 0 && hik_platforms_now(alias->claimants[0].pair) == pair)
                continue;
            alias->count = 0;
        }
        for (unsigned i = 0; i < alias->count; i++)
            known |= hik_platforms_now(alias->claimants[i].pair) == pair;
        if (known || alias->crowded)
            continue;
        if (alias->count == array_length(alias->claimants)) {
            alias->crowded = true;
            continue;
        }
        alias->claimants[alias->count].pair = pair;
        alias->claimants[alias->count++].lower_is_first = lower_first != pair->turned;
    }
    return pair;
}

/* A message that names its sender names another one than the pair's lower platform. */
static bool names_another(const struct hik_message_info *r, const struct hik_platforms *pair)
{
    struct hik_gb_id id;

    if (!is_named(pair) || view_is_string(r, r->from.user, pair->lower_id))
        return false;
    hik_gb_id_parse(r->buf + r->from.user.off, r->from.user.len, &id);
    if (r->sip->method == HIK_METHOD_REGISTER || r->keepalive)
        return id.kind != HIK_ID_NONE;
    /* A recorder or a platform is somebody else. */
    return hik_message_info_direction(r) == HIK_DIR_UP && id.kind == HIK_ID_20 && id.type > 0 && !is_channel(&id);
}

/* Addresses without both ports lead to a pair unless the message speaks against it. */
static bool may_be_at(const struct hik_message_info *r, const struct hik_platforms *pair)
{
    if (names_another(r, pair))
        return false;
    /* Who names itself here may be another device behind the same NAT than the one nobody has named yet. */
    return (r->sip->method != HIK_METHOD_REGISTER && !r->keepalive) || is_named(pair) || view_is_string(r, r->from.user, pair->lower_id);
}

static struct hik_pair_match find_by_address(packet_info *pinfo, const struct hik_message_info *r, int first, int last,
                                             bool *contested)
{
    struct hik_pair_match match = {NULL, HIK_DIR_UNKNOWN, false};

    for (int kind = first; kind <= last; kind++) {
        struct hik_ends_key key;
        const struct claimant *claimant;
        const struct alias *alias;
        bool source_first;

        if (!ends_key(&pinfo->src, (uint16_t)pinfo->srcport, &pinfo->dst, (uint16_t)pinfo->destport, kind, &key, &source_first))
            continue;
        alias = (const struct alias *)wmem_map_lookup(aliases, &key);
        if (!alias)
            continue;
        claimant = only_claimant(alias);
        if (!claimant) {
            *contested = true;
            continue;
        }
        match.pair = hik_platforms_now(claimant->pair);
        if (kind == WITH_BOTH_PORTS ? names_another(r, match.pair) : !may_be_at(r, match.pair)) {
            match.pair = NULL;
            continue;
        }
        match.direction = direction_at(claimant, source_first);
        match.exact = kind == WITH_BOTH_PORTS;
        return match;
    }
    return match;
}

/* A redirected REGISTER goes to another member of a cluster, which has the same ID: a pair of its own. */
static bool is_redirected_from(const struct hik_platforms *pair, const address *upper)
{
    return pair->register_status / 100 == 3 && !addresses_equal(upper, &pair->upper.addr);
}

/* ---- by ID ------------------------------------------------------------------------------------------------------- */

static struct hik_text_key id_key(const struct hik_message_info *r, struct hik_view lower, const void *upper, size_t len, int kind)
{
    struct hik_text_key key = {{r->buf + lower.off, (const uint8_t *)upper}, {lower.len, (uint32_t)len}, (uint32_t)kind};
    return key;
}

static struct hik_platforms *find_by_ids(const struct hik_message_info *r, struct hik_view lower, struct hik_view upper)
{
    struct hik_text_key key = id_key(r, lower, r->buf + upper.off, upper.len, BY_UPPER_ID);

    if (lower.len == 0 || upper.len == 0)
        return NULL;
    return hik_platforms_now((struct hik_platforms *)hik_index_get(&pairs_by_id, hik_text_digest(&key)));
}

/* Address and port as bytes. Returns their length. */
static size_t place_of(const address *addr, uint16_t port, uint8_t place[18])
{
    size_t len = addr->len > 0 ? MIN((size_t)addr->len, 16) : 0;

    if (len > 0)
        memcpy(place, addr->data, len);
    place[len] = (uint8_t)(port >> 8);
    place[len + 1] = (uint8_t)port;
    return len + 2;
}

/* Not every REGISTER names the upper platform, and some name its domain: then it is known by where it is. */
static struct hik_platforms *find_by_place(packet_info *pinfo, const struct hik_message_info *r)
{
    const address *upper = r->sip->is_request ? &pinfo->dst : &pinfo->src;
    uint8_t place[18];
    size_t len = place_of(upper, (uint16_t)(r->sip->is_request ? pinfo->destport : pinfo->srcport), place);
    struct hik_text_key key = id_key(r, r->from.user, place, len, BY_UPPER_ADDRESS);

    return r->from.user.len > 0 ? hik_platforms_now((struct hik_platforms *)hik_index_get(&pairs_by_id, hik_text_digest(&key))) : NULL;
}

static struct hik_view upper_of(const struct hik_message_info *r)
{
    struct hik_view none = {0, 0};
    struct hik_view user = r->sip->method != HIK_METHOD_REGISTER ? r->to.user : r->sip->is_request ? r->uri.user : none;

    return user.len > 0 && hik_view_is_id(r->buf, user) ? user : none;
}

static struct hik_pair_match find_by_id(packet_info *pinfo, const struct hik_message_info *r)
{
    struct hik_pair_match match = {NULL, HIK_DIR_UNKNOWN, true};
    bool down = hik_message_info_direction(r) == HIK_DIR_DOWN;
    struct hik_view upper = upper_of(r);
    enum hik_direction request = HIK_DIR_UNKNOWN;

    /* From and To of an answer are its request's. */
    for (int turn = 0; turn < 2 && !match.pair; turn++) {
        bool up = (turn == 0) != down;

        if (!up && r->sip->method == HIK_METHOD_REGISTER)
            continue;
        match.pair = up ? find_by_ids(r, r->from.user, upper) : find_by_ids(r, r->to.user, r->from.user);
        request = up ? HIK_DIR_UP : HIK_DIR_DOWN;
    }
    if (!match.pair && (r->sip->method == HIK_METHOD_REGISTER || r->keepalive)) {
        match.pair = find_by_place(pinfo, r);
        request = HIK_DIR_UP;
    }
    if (match.pair && r->sip->method == HIK_METHOD_REGISTER &&
        is_redirected_from(match.pair, r->sip->is_request ? &pinfo->dst : &pinfo->src))
        match.pair = NULL;
    if (match.pair)
        match.direction = r->sip->is_request ? request : request == HIK_DIR_UP ? HIK_DIR_DOWN : HIK_DIR_UP;
    return match;
}

/* ---- a message's pair --------------------------------------------------------------------------------------------- */

static struct hik_pair_match find(packet_info *pinfo, const struct hik_message_info *r, bool *contested)
{
    struct hik_pair_match match = find_by_id(pinfo, r);

    *contested = false;
    if (!match.pair)
        match = find_by_address(pinfo, r, WITH_BOTH_PORTS, WITH_BOTH_PORTS, contested);
    if (!match.pair)
        match = find_by_address(pinfo, r, WITH_SOURCE_PORT, WITHOUT_PORTS, contested);
    return match;
}

struct hik_pair_match hik_platforms_find(packet_info *pinfo, const struct hik_message_info *r)
{
    bool contested;

    return find(pinfo, r, &contested);
}

static struct hik_platforms *new_pair(void)
{
    struct hik_platforms *pair = wmem_new0(wmem_file_scope(), struct hik_platforms);

    pair->index = wmem_map_size(pairs_by_index);
    wmem_map_insert(pairs_by_index, GUINT_TO_POINTER(pair->index + 1), pair);
    return pair;
}

/* Who seemed to be below is above. */
static void turn(struct hik_platforms *pair)
{
    const char *id = pair->lower_id;
    enum hik_id_source source = pair->lower_source;
    struct hik_endpoint place = pair->lower;

    pair->lower_id = pair->upper_id;
    pair->lower_source = pair->upper_source;
    pair->lower = pair->upper;
    pair->upper_id = id;
    pair->upper_source = source;
    pair->upper = place;
    pair->turned = !pair->turned;
    for (struct hik_platforms *part = pair->parts; part; part = part->next_part)
        part->turned = !part->turned;
}

/* ---- two that are one --------------------------------------------------------------------------------------------- */

/* Better IDs, places, counts and the newer registration of the two go to the one that was there first. */
static struct hik_platforms *merge(struct hik_platforms *a, struct hik_platforms *b)
{
    struct hik_platforms *into = a->index < b->index ? a : b, *from = into == a ? b : a, *last = from;
    const struct hik_platforms *named = is_named(from) && !is_named(into) ? from : into, *other = named == into ? from : into;
    const struct hik_platforms *placed = other->placed_frame > named->placed_frame ? other : named;
    const struct hik_platforms *registered = MAX(other->register_frame, other->register_answer_frame) >
                                             MAX(named->register_frame, named->register_answer_frame) ? other : named;
    const struct hik_platforms *alive = other->keepalive_frame > named->keepalive_frame ? other : named;
    struct hik_platforms both = *registered;

    both.index = into->index;
    both.turned = into->turned;
    both.merged_into = NULL;
    both.shown = NULL;
    both.lower = placed->lower;
    both.upper = placed->upper;
    both.placed_frame = placed->placed_frame;
    both.lower_id = named->lower_id;
    both.lower_source = named->lower_source;
    both.upper_id = other->upper_source > named->upper_source ? other->upper_id : named->upper_id;
    both.upper_source = MAX(other->upper_source, named->upper_source);
    both.sure = into->sure || from->sure;
    both.cut = into->cut || from->cut;
    both.registers = into->registers + from->registers;
    both.register_failures = into->register_failures + from->register_failures;
    both.keepalive_frame = alive->keepalive_frame;
    both.keepalive_time = alive->keepalive_time;
    both.keepalive_before = alive->keepalive_before;
    both.keepalive_accepted = alive->keepalive_accepted;
    both.refused_keepalives_in_row = alive->refused_keepalives_in_row;
    both.keepalives = into->keepalives + from->keepalives;
    both.keepalives_refused = into->keepalives_refused + from->keepalives_refused;
    both.sessions = into->sessions + from->sessions;
    both.failures = into->failures + from->failures;
    from->next_part = from->parts;
    from->parts = NULL;
    while (last->next_part)
        last = last->next_part;
    last->next_part = into->parts;
    both.parts = from;
    both.next_part = NULL;
    *into = both;
    from->merged_into = into;
    merged = from;
    return into;
}

/* A message with the IDs of a pair comes from, or goes to, exactly where another was guessed. */
static void merge_at(struct hik_platforms **pair, const struct claimant *claimant, bool lower_first)
{
    struct hik_platforms *other = hik_platforms_now(claimant->pair);

    if (other == *pair || !is_named(*pair) || !may_be_same(other, *pair))
        return;
    if (direction_at(claimant, lower_first) == HIK_DIR_DOWN)
        turn(other);
    *pair = merge(*pair, other);
}

static struct hik_text_key names_key(const char *lower, const char *upper)
{
    struct hik_text_key key = {{(const uint8_t *)lower, (const uint8_t *)upper}, {(uint32_t)strlen(lower), (uint32_t)strlen(upper)},
                               BY_UPPER_ID};
    return key;
}

struct hik_platforms *hik_platforms_settle(struct hik_platforms *pair)
{
    struct hik_platforms *other;
    struct hik_text_key key;

    if (!pair || !pair->lower_id || !pair->upper_id || (pair->settled_lower == pair->lower_id && pair->settled_upper == pair->upper_id))
        return pair;
    pair->settled_lower = pair->lower_id;
    pair->settled_upper = pair->upper_id;
    key = names_key(pair->upper_id, pair->lower_id);
    other = hik_platforms_now((struct hik_platforms *)hik_index_get(&pairs_by_id, hik_text_digest(&key)));
    if (other && other != pair && is_named(other) && !is_named(pair) && !pair->sure) {
        turn(pair);
    } else {
        key = names_key(pair->lower_id, pair->upper_id);
        other = hik_platforms_now((struct hik_platforms *)hik_index_get(&pairs_by_id, hik_text_digest(&key)));
    }
    if (!other && !is_channel_id(pair->lower_id))
        hik_index_put(&pairs_by_id, hik_text_digest(&key), pair);
    if (!other || other == pair || (is_named(pair) && is_named(other)) || is_redirected_from(pair, &other->upper.addr) ||
        is_redirected_from(other, &pair->upper.addr))
        return pair;
    return merge(pair, other);
}

/* ---- when the capture has been read ------------------------------------------------------------------------------- */

/* The one named pair between the two addresses of a guess, if it may be the same. */
static struct hik_platforms *named_beside(struct hik_platforms *guess)
{
    const struct alias *alias;
    struct hik_platforms *found = NULL;
    struct hik_ends_key key;
    bool first;

    if (is_named(guess) || !ends_key(&guess->lower.addr, 0, &guess->upper.addr, 0, WITHOUT_PORTS, &key, &first))
        return guess;
    alias = (const struct alias *)wmem_map_lookup(aliases, &key);
    for (unsigned i = 0; alias && i < alias->count; i++) {
        struct hik_platforms *pair = hik_platforms_now(alias->claimants[i].pair);

        if (!is_named(pair) || pair == found)
            continue;
        if (found || alias->crowded)
            return guess;
        found = pair;
    }
    return found && may_be_same(guess, found) ? found : guess;
}

static void join_all(void)
{
    uint32_t newest = hik_session_newest_frame();
    unsigned count = wmem_map_size(pairs_by_index);

    if (joined_at == newest)
        return;
    joined_at = newest;
    for (unsigned i = 0; i < count; i++) {
        struct hik_platforms *pair = (struct hik_platforms *)wmem_map_lookup(pairs_by_index, GUINT_TO_POINTER(i + 1));

        pair->joined = pair->next_joined = NULL;
        pair->shown = NULL;
    }
    for (unsigned i = 0; i < count; i++) {
        struct hik_platforms *pair = (struct hik_platforms *)wmem_map_lookup(pairs_by_index, GUINT_TO_POINTER(i + 1));

        if (pair->merged_into)
            continue;
        pair->shown = named_beside(pair);
        if (pair->shown != pair) {
            pair->next_joined = pair->shown->joined;
            pair->shown->joined = pair;
        }
    }
}

struct hik_platforms *hik_platforms_shown(struct hik_platforms *pair)
{
    join_all();
    pair = hik_platforms_now(pair);
    return pair && pair->shown ? pair->shown : pair;
}

uint32_t hik_platforms_number(struct hik_platforms *pair)
{
    struct hik_platforms *shown = hik_platforms_shown(pair);
    uint32_t number = shown->index;

    for (const struct hik_platforms *one = shown->joined; one; one = one->next_joined)
        number = MIN(number, one->index);
    return number;
}

struct hik_platforms *hik_platforms_joined(struct hik_platforms *pair, struct hik_platforms *before)
{
    join_all();
    return before ? before->next_joined : pair->joined;
}

/* A file scope copy where it is another place. */
static void move_to(struct hik_endpoint *place, const address *addr, uint32_t port)
{
    if (!hik_endpoint_is(place, addr, port))
        hik_endpoint_set(place, addr, port);
}

struct hik_platforms *hik_platforms_learn(packet_info *pinfo, const struct hik_message_info *r, const struct hik_pair_match *match,
                                          enum hik_direction direction, bool sure)
{
    struct hik_platforms *pair = match->pair;
    bool up = direction == HIK_DIR_UP, made = pair == NULL;
    const address *lower = up ? &pinfo->src : &pinfo->dst, *upper = up ? &pinfo->dst : &pinfo->src;
    uint16_t lower_port = (uint16_t)(up ? pinfo->srcport : pinfo->destport);
    uint16_t upper_port = (uint16_t)(up ? pinfo->destport : pinfo->srcport);

    if (!pair) {
        bool contested;

        find(pinfo, r, &contested);
        if (contested && r->sip->method != HIK_METHOD_REGISTER && !r->keepalive)
            return NULL;
        pair = new_pair();
    }
    if (!made && sure && !pair->sure && match->direction != direction)
        turn(pair);
    pair->sure = pair->sure || sure;
    /* What the lower platform asks says where both are: what it is asked may go to an address that is of no use. */
    if (made || (r->sip->is_request && up)) {
        move_to(&pair->lower, lower, lower_port);
        move_to(&pair->upper, upper, upper_port);
        if (r->sip->is_request && up)
            pair->placed_frame = pinfo->num;
    }
    if (made || up || match->exact == false || !r->sip->is_request)
        pair = add_aliases(pair, lower, lower_port, upper, upper_port, match->exact);
    return pair;
}

/* ---- names -------------------------------------------------------------------------------------------------------- */

void hik_platforms_learn_id(struct hik_platforms *pair, bool lower, const struct hik_message_info *r, struct hik_view user,
                            enum hik_id_source source)
{
    const char **slot = lower ? &pair->lower_id : &pair->upper_id, *other = lower ? pair->upper_id : pair->lower_id;
    enum hik_id_source *by = lower ? &pair->lower_source : &pair->upper_source;

    if (*by >= source || user.len == 0 || !hik_view_is_id(r->buf, user))
        return;
    if (source == HIK_ID_BY_GUESS && view_is_string(r, user, other))
        return; /* some answers copy the other side's Contact */
    if (!view_is_string(r, user, *slot))
        *slot = hik_view_string(wmem_file_scope(), r->buf, user);
    *by = source;
}

void hik_platforms_keep_ids(packet_info *pinfo, struct hik_platforms *pair, const struct hik_message_info *r)
{
    struct hik_view lower = r->from.user, upper = upper_of(r);
    struct hik_sip_addr contact;
    struct hik_text_key key;
    uint8_t place[18];
    address addr;

    if (lower.len == 0 || !hik_view_is_id(r->buf, lower))
        return;
    key = id_key(r, lower, r->buf + upper.off, upper.len, BY_UPPER_ID);
    if (upper.len > 0 && hik_index_get(&pairs_by_id, hik_text_digest(&key)) != pair)
        hik_index_put(&pairs_by_id, hik_text_digest(&key), pair);
    key = id_key(r, lower, place, place_of(r->sip->is_request ? &pinfo->dst : &pinfo->src,
                                           (uint16_t)(r->sip->is_request ? pinfo->destport : pinfo->srcport), place), BY_UPPER_ADDRESS);
    if (hik_index_get(&pairs_by_id, hik_text_digest(&key)) != pair)
        hik_index_put(&pairs_by_id, hik_text_digest(&key), pair);
    /* The upper platform may send to the Contact instead of where the REGISTER came from. */
    if (r->sip->method != HIK_METHOD_REGISTER || !r->sip->is_request ||
        !hik_sip_parse_addr(r->buf, r->sip->first[HIK_HDR_CONTACT].value, &contact) || contact.host.len == 0)
        return;
    if (hik_message_info_host(pinfo, r, contact.host, &addr)) {
        if (addresses_equal(&addr, &pinfo->dst) || addresses_equal(&addr, &pinfo->src))
            return;
        move_to(&pair->contact, &addr, contact.port ? contact.port : 5060);
        add_aliases(pair, &addr, contact.port ? contact.port : 5060, &pinfo->dst, (uint16_t)pinfo->destport, false);
    }
}

static bool same_view(const struct hik_message_info *r, struct hik_view a, struct hik_view b)
{
    return a.len == b.len && memcmp(r->buf + a.off, r->buf + b.off, a.len) == 0;
}

void hik_platforms_update_ids(packet_info *pinfo, const struct hik_message_info *r, const struct hik_message *message)
{
    struct hik_platforms *pair = message->platforms;
    bool up = message->direction == HIK_DIR_UP;
    struct hik_sip_addr contact;

    if (!pair || message->direction == HIK_DIR_UNKNOWN)
        return;
    if (message->is_request) {
        /* From is who speaks, but inside a dialog it may be the camera. To is a platform on the way up only: downwards
         * it may be any device. */
        if (r->to.tag.len > 0)
            return;
        if (message->keepalive && up) {
            hik_platforms_learn_id(pair, true, r, r->from.user, HIK_ID_BY_KEEPALIVE);
            hik_platforms_learn_id(pair, false, r, r->to.user, HIK_ID_BY_KEEPALIVE);
            if (view_is_string(r, r->from.user, pair->lower_id))
                hik_platforms_keep_ids(pinfo, pair, r);
            return;
        }
        hik_platforms_learn_id(pair, up, r, r->from.user, HIK_ID_BY_GUESS);
        if (up)
            hik_platforms_learn_id(pair, false, r, r->to.user, HIK_ID_BY_GUESS);
    } else if (message->status >= 200 && message->status < 300 &&
               hik_sip_parse_addr(r->buf, r->sip->first[HIK_HDR_CONTACT].value, &contact) &&
               !same_view(r, contact.user, r->to.user) && !same_view(r, contact.user, r->from.user)) {
        /* The Contact of an answer is the platform, where it is neither the camera that was asked nor a copy of the
         * request's. */
        hik_platforms_learn_id(pair, up, r, contact.user, HIK_ID_BY_GUESS);
    }
}
