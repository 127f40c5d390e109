/* tcp-connection.c
 * TCP connections for media (RFC 4145): which session each belongs to, and what becomes of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tcp-connection.h"

#include <string.h>

/* Connections of a session that are looked at: a device that connects anew each second makes many. */
#define MAX_CONNECTIONS 64
/* Ports below are somebody else's (RFC 6335): never media. */
#define FIRST_USER_PORT 1024

static int proto_hik = -1;
static dissector_handle_t media_handle;
static wmem_map_t *first_of; /* struct hik_session -> its newest struct hik_tcp_connection. File scope; first pass */

static const address no_address = ADDRESS_INIT_NONE;

/* NULL: there is none. With port 0, which no connection has (RFC 6335, 6), it could be that of any port. */
static conversation_t *packet_conversation(packet_info *pinfo)
{
    if (pinfo->srcport == 0 || pinfo->destport == 0)
        return NULL;
    return find_conversation(pinfo->num, &pinfo->src, &pinfo->dst, CONVERSATION_TCP, pinfo->srcport, pinfo->destport, 0);
}

/* Is this dissector stock's own for RTP over TCP, or none? Anybody else's is left alone. */
static bool may_take(dissector_handle_t handle)
{
    const char *name = handle ? dissector_handle_get_dissector_name(handle) : NULL;
    return handle == NULL || (name && strcmp(name, "rtp.rfc4571") == 0);
}

struct hik_tcp_connection *hik_tcp_connection_find(packet_info *pinfo)
{
    conversation_t *conversation = packet_conversation(pinfo);
    return conversation ? (struct hik_tcp_connection *)conversation_get_proto_data(conversation, proto_hik) : NULL;
}

/* A connection between the two ends of this packet, not listed yet. File scope. */
static struct hik_tcp_connection *make_connection(packet_info *pinfo, conversation_t *conversation)
{
    struct hik_tcp_connection *connection = wmem_new0(wmem_file_scope(), struct hik_tcp_connection);

    copy_address_wmem(wmem_file_scope(), &connection->addr[0], &pinfo->src);
    copy_address_wmem(wmem_file_scope(), &connection->addr[1], &pinfo->dst);
    connection->port[0] = (uint16_t)pinfo->srcport;
    connection->port[1] = (uint16_t)pinfo->destport;
    connection->first_frame = pinfo->num;
    conversation_add_proto_data(conversation, proto_hik, connection);
    return connection;
}

/* Puts a connection into its session's list, or into another session's. */
static void list(struct hik_tcp_connection *connection)
{
    struct hik_session *session = connection->session;

    if (connection->rtcp || session == connection->listed)
        return;
    if (connection->listed) {
        struct hik_tcp_connection *first = (struct hik_tcp_connection *)wmem_map_lookup(first_of, connection->listed);

        if (first == connection) {
            if (connection->next_in_session)
                wmem_map_insert(first_of, connection->listed, connection->next_in_session);
            else
                wmem_map_remove(first_of, connection->listed);
        } else {
            for (unsigned i = 0; first && i < MAX_CONNECTIONS; first = first->next_in_session, i++)
                if (first->next_in_session == connection) {
                    first->next_in_session = connection->next_in_session;
                    break;
                }
        }
    }
    connection->next_in_session = NULL;
    connection->listed = session;
    if (session) {
        connection->next_in_session = (struct hik_tcp_connection *)wmem_map_lookup(first_of, session);
        wmem_map_insert(first_of, session, connection);
    }
}

struct hik_tcp_connection *hik_tcp_connection_new(packet_info *pinfo, const struct hik_tcp_claim *claim)
{
    conversation_t *conversation = packet_conversation(pinfo);
    struct hik_tcp_connection *connection;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (!conversation)
        return NULL;
    connection = make_connection(pinfo, conversation);
    if (claim) {
        connection->session = claim->session;
        connection->rtcp = claim->rtcp;
    }
    if (may_take(conversation_get_dissector(conversation, pinfo->num))) {
        conversation_set_dissector(conversation, media_handle);
        connection->ours = true;
    }
    list(connection);
    return connection;
}

/* A connection between two hosts of a call that no SDP names. Its bytes are not ours before they show it. */
static struct hik_tcp_connection *new_misdirected(packet_info *pinfo, struct hik_session *session)
{
    conversation_t *conversation = packet_conversation(pinfo);
    struct hik_tcp_connection *connection;

    if (!conversation)
        return NULL;
    connection = make_connection(pinfo, conversation);
    connection->session = session;
    connection->misdirected = true;
    list(connection);
    return connection;
}

struct hik_tcp_direction *hik_tcp_direction_of(packet_info *pinfo, struct hik_tcp_connection *connection, bool other)
{
    bool first = connection->port[0] == pinfo->srcport && addresses_equal(&connection->addr[0], &pinfo->src);
    return &connection->dir[first == other];
}

static void note(uint32_t *session_frame, uint32_t frame)
{
    if (*session_frame == 0)
        *session_frame = frame;
}

/* Hands what is known of the connection to its session. */
static void tell_session(struct hik_tcp_connection *connection)
{
    struct hik_session *session = connection->session;

    if (!session || connection->rtcp || (connection->misdirected && !connection->media_frame))
        return;
    if (connection->syn_frame)
        note(&session->tcp_syn_frame, connection->syn_frame);
    if (connection->accept_frame)
        note(&session->tcp_accept_frame, connection->accept_frame);
    if (connection->rst_frame)
        note(&session->tcp_rst_frame, connection->rst_frame);
    if (connection->data_frame)
        note(&session->tcp_data_frame, connection->data_frame);
}

bool hik_tcp_reached(const struct hik_session *session, uint16_t port)
{
    const struct hik_tcp_connection *connection = hik_tcp_newest(session);

    for (unsigned i = 0; connection && i < MAX_CONNECTIONS; connection = connection->next_in_session, i++)
        if (!connection->misdirected && (connection->port[0] == port || connection->port[1] == port))
            return true;
    return false;
}

/* The lines at whose port this side waits, as far as a=setup tells, and no connection came yet: bit per line. */
static uint32_t lines_waiting(const struct hik_session *session, const struct hik_description *mine, const struct hik_description *other)
{
    uint32_t waiting = 0;

    for (unsigned i = 0; mine->frame && i < MIN(mine->media_count, 32); i++) {
        const struct hik_media_line *line = &mine->media[i], *peer = other->frame && i < other->media_count ? &other->media[i] : NULL;

        if (line->tcp && line->port_ok && line->endpoint.port != 0 && line->setup != HIK_SETUP_ACTIVE &&
            !(peer && peer->setup == HIK_SETUP_PASSIVE) && !hik_tcp_reached(session, line->endpoint.port))
            waiting |= UINT32_C(1) << i;
    }
    return waiting;
}

static bool has_address(const struct hik_description *mine, const address *addr)
{
    for (unsigned i = 0; mine->frame && i < mine->media_count; i++)
        if (mine->media[i].addr_ok && addresses_equal(&mine->media[i].endpoint.addr, addr))
            return true;
    return false;
}

/* Which lines of a session wait at that host; *listener: whose they are, NULL if nobody's. */
static uint32_t waiting_at(const address *to, const struct hik_session *session, const struct hik_description **listener)
{
    const struct hik_description *sides[] = {&session->offer, &session->answer};

    for (unsigned i = 0; i < array_length(sides); i++) {
        bool by_caller = sides[i] == hik_session_caller_sdp(session);

        if (has_address(sides[i], to) || addresses_equal(to, by_caller ? &session->caller.addr : &session->callee.addr)) {
            uint32_t waiting = lines_waiting(session, sides[i], sides[!i]);

            *listener = sides[i];
            if (waiting)
                return waiting;
        }
    }
    *listener = NULL;
    return 0;
}

/* What was announced when this connection was asked for. */
static void note_announced(struct hik_tcp_connection *connection)
{
    const struct hik_description *listener;

    connection->waiting = waiting_at(&connection->addr[1], connection->session, &listener);
    connection->announced = NULL;
    if (listener) {
        connection->announced = listener->media;
        connection->announced_count = listener->media_count;
    }
}

static bool have_end_in_common(const struct hik_tcp_connection *a, const struct hik_tcp_connection *b)
{
    for (unsigned i = 0; i < 2; i++)
        for (unsigned k = 0; k < 2; k++)
            if (a->port[i] == b->port[k] && addresses_equal(&a->addr[i], &b->addr[k]))
                return true;
    return false;
}

/* The newest connection that only a guess made the session's, for it brought nothing yet, at an end of this one's; NULL: there is none. */
static struct hik_tcp_connection *guessed_beside(const struct hik_tcp_connection *connection, const struct hik_session *session)
{
    struct hik_tcp_connection *other = (struct hik_tcp_connection *)wmem_map_lookup(first_of, session);

    for (unsigned i = 0; other && i < MAX_CONNECTIONS; other = other->next_in_session, i++)
        if (other != connection && !other->misdirected && !other->media_frame && have_end_in_common(connection, other))
            return other;
    return NULL;
}

/* Forgets what the session was told of a connection that is not its own. */
static void take_back(struct hik_session *session, const struct hik_tcp_connection *connection)
{
    uint32_t *const told[] = {&session->tcp_syn_frame, &session->tcp_accept_frame, &session->tcp_rst_frame, &session->tcp_data_frame};
    const uint32_t frames[] = {connection->syn_frame, connection->accept_frame, connection->rst_frame, connection->data_frame};

    for (unsigned i = 0; i < array_length(told); i++)
        if (*told[i] == frames[i])
            *told[i] = 0;
}

void hik_tcp_connection_settle(struct hik_tcp_connection *connection, struct hik_session *session, bool announced)
{
    struct hik_session *before = connection->session;
    struct hik_tcp_connection *guessed = NULL;

    if (!session || session == before)
        return;
    if (before && !connection->rtcp && before->flow_count == 0) {
        take_back(before, connection);
        /* Where several calls wait at one port, each connection is thought to be the one of some of them. */
        if (announced)
            guessed = guessed_beside(connection, session);
        if (guessed)
            take_back(session, guessed);
    }
    connection->session = session;
    list(connection);
    if (connection->misdirected)
        note_announced(connection);
    if (guessed) {
        guessed->session = before;
        list(guessed);
        tell_session(guessed);
    }
    tell_session(connection);
}

void hik_tcp_connection_data(packet_info *pinfo, struct hik_tcp_connection *connection)
{
    note(&connection->data_frame, pinfo->num);
    tell_session(connection);
}

void hik_tcp_connection_media(packet_info *pinfo, struct hik_tcp_connection *connection)
{
    if (connection->media_frame == 0) {
        connection->media_frame = pinfo->num;
        if (connection->rtcp) { /* RTP comes to the port of RTCP */
            connection->rtcp = false;
            list(connection);
        }
        tell_session(connection);
    }
}

void hik_tcp_connection_foreign(struct hik_tcp_direction *dir, uint32_t frame, const uint8_t *bytes, uint32_t captured, uint32_t len)
{
    if (dir->foreign_frame == 0) {
        dir->foreign_frame = frame;
        dir->foreign_first_len = (uint8_t)MIN(captured, HIK_TCP_FIRST_BYTES);
        memcpy(dir->foreign_first, bytes, dir->foreign_first_len);
    }
    dir->foreign_bytes += len;
}

void hik_tcp_claim_from_stock(packet_info *pinfo, const address *addr, uint16_t port)
{
    conversation_t *stock = find_conversation(pinfo->num, addr, &no_address, CONVERSATION_TCP, port, 0,
                                              NO_ADDR_B | NO_PORT_B);

    if (stock && may_take(conversation_get_dissector(stock, pinfo->num)))
        conversation_set_dissector(stock, media_handle);
}

/* The session among those of the claims that misses a connection most: one that has none, else one of whose lines one waits at
 * that host. early: those whose other SDP is still to come, or not in the capture. */
static struct hik_session *session_without(const struct hik_tcp_claim *claim, const address *to, uint32_t port, bool early)
{
    const struct hik_description *listener;
    struct hik_session *found = NULL;

    for (unsigned i = 0; claim && i < HIK_TCP_MAX_SEARCH; claim = claim->older, i++) {
        struct hik_session *session = claim->session;

        if (session->bye_frame || port == session->caller.port || port == session->callee.port)
            continue;
        if (early && ((session->answer.frame && session->offer.frame) || session->final_status >= 300 || session->cancel_frame))
            continue;
        if (!session->tcp_syn_frame && !session->tcp_data_frame)
            return session;
        if (!found && waiting_at(to, session, &listener))
            found = session;
    }
    return found;
}

/* Who asks for a connection to a port that no SDP names, and is to connect to another port of this host, or may be when the
 * answer comes: NULL if there is no such call. */
static struct hik_session *session_misdirected(const address *from, const address *to, uint32_t port, bool *early)
{
    struct hik_session *found;

    if (port < FIRST_USER_PORT)
        return NULL;
    *early = false;
    found = session_without(hik_tcp_claim_between(to, from), to, port, false);
    if (found)
        return found;
    *early = true;
    return session_without(hik_tcp_claim_early(to, from), to, port, true);
}

/* The session has its connections: one that was thought to be its, but went elsewhere, may be another's. */
static void guess_again(const struct hik_session *session)
{
    struct hik_tcp_connection *connection = (struct hik_tcp_connection *)wmem_map_lookup(first_of, session), *next;

    for (unsigned i = 0; connection && i < MAX_CONNECTIONS; connection = next, i++) {
        const struct hik_description *listener;
        struct hik_session *other;
        bool early;

        next = connection->next_in_session;
        if (!connection->misdirected || connection->media_frame || waiting_at(&connection->addr[1], session, &listener))
            continue;
        other = session_misdirected(&connection->addr[0], &connection->addr[1], connection->port[1], &early);
        if (!other || other == session)
            continue;
        connection->session = other;
        connection->early = early;
        list(connection);
        note_announced(connection);
    }
}

/* A SYN to a port that was announced, but not by the SDPs that hold now. */
static bool is_replaced(packet_info *pinfo, const struct hik_session *session)
{
    const struct hik_description *sides[] = {&session->offer, &session->answer};

    if (session->answer.frame <= session->offer.frame || session->bye_frame)
        return false; /* until the answer the old ones hold */
    for (unsigned i = 0; i < array_length(sides); i++)
        for (unsigned k = 0; k < sides[i]->media_count; k++) {
            const struct hik_media_line *line = &sides[i]->media[k];

            if (line->endpoint.port == pinfo->destport || line->rtcp_port == pinfo->destport || line->endpoint.port == pinfo->srcport)
                return false;
        }
    return true;
}

void hik_tcp_update(packet_info *pinfo, const struct hik_tcp_header *header)
{
    struct hik_tcp_connection *connection = hik_tcp_connection_find(pinfo);
    const struct hik_tcp_claim *claim = connection ? NULL : hik_tcp_claim_of_packet(pinfo);
    struct hik_tcp_direction *dir;

    hik_session_saw(pinfo);
    if (!connection && claim) {
        connection = hik_tcp_connection_new(pinfo, claim);
    } else if (!connection && (header->flags & (HIK_TH_SYN | HIK_TH_ACK)) == HIK_TH_SYN) {
        bool early;
        struct hik_session *session = session_misdirected(&pinfo->src, &pinfo->dst, pinfo->destport, &early);

        connection = session ? new_misdirected(pinfo, session) : NULL;
        if (connection) {
            connection->early = early;
            note_announced(connection);
        }
    }
    if (!connection)
        return;
    if (connection->first_frame == pinfo->num && !connection->misdirected && !connection->rtcp && connection->session &&
        (header->flags & (HIK_TH_SYN | HIK_TH_ACK)) == HIK_TH_SYN) {
        connection->announced_port = hik_tcp_is_announced(&pinfo->dst, pinfo->destport);
        connection->replaced = is_replaced(pinfo, connection->session);
        if (connection->replaced)
            note_announced(connection);
    }
    if (connection->misdirected && header->payload && !connection->looked)
        connection->others = true;
    dir = hik_tcp_direction_of(pinfo, connection, false);
    if (header->flags & HIK_TH_SYN) {
        bool ack = (header->flags & HIK_TH_ACK) != 0;

        note(ack ? &connection->accept_frame : &connection->syn_frame, pinfo->num);
        if (!dir->stream) {
            dir->has_begin = true;
            dir->begin = header->seq + 1;
        }
        if (header->sack_permitted)
            connection->sack |= dir == &connection->dir[0] ? 1 : 2;
    }
    if (header->flags & HIK_TH_RST)
        note(&connection->rst_frame, pinfo->num);
    if (header->payload)
        note(&connection->data_frame, pinfo->num);
    if (header->flags & HIK_TH_ACK) {
        struct hik_tcp_direction *back = hik_tcp_direction_of(pinfo, connection, true);

        if (back->stream)
            hik_tcp_stream_acked(back->stream, header->ack);
    }
    tell_session(connection);
    if (connection->first_frame == pinfo->num && connection->listed && !connection->misdirected)
        guess_again(connection->session);
}

/* ---- what is known of a session's connections ------------------------------------------------------------------- */

const struct hik_tcp_connection *hik_tcp_newest(const struct hik_session *session)
{
    return (const struct hik_tcp_connection *)wmem_map_lookup(first_of, session);
}

void hik_tcp_connection_register(int proto, dissector_handle_t handle)
{
    proto_hik = proto;
    media_handle = handle;
    first_of = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), g_direct_hash, g_direct_equal);
}
