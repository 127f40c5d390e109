/* platforms.c
 * Pairs of a lower and an upper platform (GB/T 28181-2016 clause 4): who is who, and where.
 *
 * A pair is known by the IDs of its two platforms. Addresses and ports only lead to it: a TCP connection is made anew, a
 * NAT gives another port, a capture holds two interfaces, and the pair stays the same. Messages that do not name the pair
 * (calls, alarms of a channel) find it by both transport addresses, else by addresses that no other pair has.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "platforms.h"

#include <string.h>

#include "gb-id.h"
#include "key.h"

/* Where a pair is: two transport addresses, or with port 0 for "any port". File scope; first pass. */
struct alias {
    struct hik_platforms *pair;
    bool lower_is_first; /* of the key's two, unless the pair was turned since */
    bool contested;      /* several pairs are there: it leads to none */
};

/* What a key of pairs_by_id has beside the lower platform's ID. */
enum { BY_UPPER_ID, BY_UPPER_ADDRESS };

/* Statics that hold nothing but maps emptied with the capture. */
static wmem_map_t *aliases;        /* hik_ends_key -> struct alias */
static wmem_map_t *pairs_by_id;    /* hik_text_key: lower ID; upper ID, or address and port -> struct hik_platforms */
static wmem_map_t *pairs_by_index; /* index + 1 -> struct hik_platforms */

bool hik_platforms_are_cut(const struct hik_platforms *pair)
{
    return pair->cut || hik_cut_unplaced(&pair->lower.addr, &pair->upper.addr);
}

void hik_platforms_register(void)
{
    aliases = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), hik_ends_key_hash, hik_ends_key_equal);
    pairs_by_id = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), hik_text_key_hash, hik_text_key_equal);
    pairs_by_index = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), g_direct_hash, g_direct_equal);
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
static enum hik_direction alias_direction(const struct alias *alias, bool source_first)
{
    bool lower_is_first = alias->lower_is_first != alias->pair->turned;

    return lower_is_first == source_first ? HIK_DIR_UP : HIK_DIR_DOWN;
}

/* The pair is at these two ends, with the lower platform as the source. */
static void add_aliases(struct hik_platforms *pair, const address *lower, uint16_t lower_port, const address *upper,
                        uint16_t upper_port)
{
    for (int kind = 0; kind < ENDS_KEY_KINDS; kind++) {
        struct hik_ends_key key;
        struct alias *alias;
        bool lower_first;

        if (!ends_key(lower, lower_port, upper, upper_port, kind, &key, &lower_first))
            continue;
        alias = (struct alias *)wmem_map_lookup(aliases, &key);
        if (alias && alias->pair == pair)
            continue;
        if (!alias) {
            alias = wmem_new0(wmem_file_scope(), struct alias);
            hik_ends_key_insert(aliases, &key, alias);
        } else if (kind != WITH_BOTH_PORTS) {
            alias->contested = true;
            continue;
        }
        alias->pair = pair; /* at one place the newest */
        alias->lower_is_first = lower_first != pair->turned;
    }
}

/* A message that names its sender names another one than the pair's lower platform. */
static bool names_another(const struct hik_message_info *r, const struct hik_platforms *pair)
{
    struct hik_gb_id id;

    if (pair->lower_source < HIK_ID_BY_KEEPALIVE || view_is_string(r, r->from.user, pair->lower_id))
        return false;
    hik_gb_id_parse(r->buf + r->from.user.off, r->from.user.len, &id);
    if (r->sip->method == HIK_METHOD_REGISTER || r->keepalive)
        return id.kind != HIK_ID_NONE;
    /* Channels of the lower platform speak for themselves (131 to 199); a recorder or a platform is somebody else. */
    return hik_message_info_direction(r) == HIK_DIR_UP && id.kind == HIK_ID_20 && id.type > 0 && (id.type < 131 || id.type > 199);
}

/* Addresses without both ports lead to a pair unless the message speaks against it. */
static bool may_be_at(packet_info *pinfo, const struct hik_message_info *r, const struct hik_platforms *pair)
{
    if (names_another(r, pair))
        return false;
    if (r->sip->method != HIK_METHOD_REGISTER || pair->lower_source >= HIK_ID_BY_KEEPALIVE)
        return true;
    /* Over TCP a port says nothing; over UDP another port may well be another device behind the same NAT. */
    return !pair->lower_id || view_is_string(r, r->from.user, pair->lower_id) || pinfo->ptype == PT_TCP;
}

static struct hik_pair_match find_by_address(packet_info *pinfo, const struct hik_message_info *r, int first, int last,
                                             bool *contested)
{
    struct hik_pair_match match = {NULL, HIK_DIR_UNKNOWN, false};

    for (int kind = first; kind <= last; kind++) {
        struct hik_ends_key key;
        const struct alias *alias;
        bool source_first;

        if (!ends_key(&pinfo->src, (uint16_t)pinfo->srcport, &pinfo->dst, (uint16_t)pinfo->destport, kind, &key, &source_first))
            continue;
        alias = (const struct alias *)wmem_map_lookup(aliases, &key);
        if (!alias)
            continue;
        if (alias->contested) {
            *contested = true;
            continue;
        }
        if (kind == WITH_BOTH_PORTS ? names_another(r, alias->pair) : !may_be_at(pinfo, r, alias->pair))
            continue;
        match.pair = alias->pair;
        match.direction = alias_direction(alias, source_first);
        match.exact = kind == WITH_BOTH_PORTS;
        return match;
    }
    return match;
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
    return (struct hik_platforms *)wmem_map_lookup(pairs_by_id, &key);
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

    return r->from.user.len > 0 ? (struct hik_platforms *)wmem_map_lookup(pairs_by_id, &key) : NULL;
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
    /* A redirected REGISTER goes to another member of a cluster, which has the same ID: a pair of its own. */
    if (match.pair && r->sip->method == HIK_METHOD_REGISTER && match.pair->register_status / 100 == 3 &&
        !addresses_equal(r->sip->is_request ? &pinfo->dst : &pinfo->src, &match.pair->upper.addr))
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
    }
    if (made || up || match->exact == false || !r->sip->is_request)
        add_aliases(pair, lower, lower_port, upper, upper_port);
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
    ws_in4_addr ip4;
    char *host;

    if (lower.len == 0 || !hik_view_is_id(r->buf, lower))
        return;
    key = id_key(r, lower, r->buf + upper.off, upper.len, BY_UPPER_ID);
    if (upper.len > 0 && wmem_map_lookup(pairs_by_id, &key) != pair)
        hik_text_key_insert(pairs_by_id, &key, pair);
    key = id_key(r, lower, place, place_of(&pinfo->dst, (uint16_t)pinfo->destport, place), BY_UPPER_ADDRESS);
    if (wmem_map_lookup(pairs_by_id, &key) != pair)
        hik_text_key_insert(pairs_by_id, &key, pair);
    /* The upper platform may send to the Contact instead of where the REGISTER came from. */
    if (r->sip->method != HIK_METHOD_REGISTER ||
        !hik_sip_parse_addr(r->buf, r->sip->first[HIK_HDR_CONTACT].value, &contact) || contact.host.len == 0)
        return;
    host = hik_view_string(pinfo->pool, r->buf, contact.host);
    if (host && ws_inet_pton4(host, &ip4)) {
        address addr;

        set_address(&addr, AT_IPv4, sizeof ip4, &ip4);
        if (addresses_equal(&addr, &pinfo->dst) || addresses_equal(&addr, &pinfo->src))
            return;
        move_to(&pair->contact, &addr, contact.port ? contact.port : 5060);
        add_aliases(pair, &addr, contact.port ? contact.port : 5060, &pinfo->dst, (uint16_t)pinfo->destport);
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
