/* tcp-facts.c
 * What became of a session's media connections: made anew, to a port that nobody announced, with bytes that are no RTP,
 * in frames other than RFC 4571's, or not all in the capture.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tcp-facts.h"

#include <stdio.h>
#include <string.h>

#include "endpoint.h"
#include "tcp-connection.h"

/* Connections of a session that are looked at. */
#define MAX_CONNECTIONS 64

static void print_end(char text[HIK_TCP_TEXT], const struct hik_tcp_connection *connection, unsigned end)
{
    snprintf(text, HIK_TCP_TEXT, "%s", hik_endpoint_print(&connection->addr[end], connection->port[end]).s);
}

/* Is the end of who connects one of the side that is to? What came before the answer is known by the other end alone. */
static bool is_client(const struct hik_session *session, const struct hik_description *listener, const struct hik_tcp_connection *connection)
{
    const struct hik_description *client = listener == &session->offer ? &session->answer : &session->offer;
    const struct hik_endpoint *sip = listener == hik_session_caller_sdp(session) ? &session->callee : &session->caller;

    for (unsigned i = 0; client->frame && i < client->media_count; i++)
        if (client->media[i].addr_ok && addresses_equal(&client->media[i].endpoint.addr, &connection->addr[0]))
            return true;
    return addresses_equal(&sip->addr, &connection->addr[0]);
}

/* The lines of the listener that a connection misses, which goes to another of its ports. Its SYN tells where it goes. */
struct missed {
    const struct hik_media_line *line[HIK_SDP_MAX_MEDIA];
    unsigned count;
    bool others;             /* the listener has lines besides */
};

static void add_missed(const struct hik_session *session, const struct hik_description *listener,
                       const struct hik_tcp_connection *connection, const struct hik_media_line *lines, unsigned count, uint32_t which,
                       struct missed *out)
{
    uint32_t reached_as_well = 0;

    for (unsigned i = 0; i < MIN(count, HIK_SDP_MAX_MEDIA); i++) {
        const struct hik_media_line *line = &lines[i];
        bool reached;

        if (!(which >> i & 1) || !line->tcp || !line->port_ok || line->endpoint.port == 0)
            continue;
        /* another address is a NAT's business */
        if (!line->addr_ok || !addresses_equal(&line->endpoint.addr, &connection->addr[1]))
            continue;
        /* a try that fails and one that does not is no fault */
        reached = hik_tcp_reached(session, line->endpoint.port) ||
                  (i < listener->media_count && hik_tcp_reached(session, listener->media[i].endpoint.port));
        if (!reached)
            out->line[out->count++] = line;
        else if (connection->media_frame)
            reached_as_well |= UINT32_C(1) << i;
    }
    for (unsigned i = 0; out->count == 0 && reached_as_well >> i; i++)
        if (reached_as_well >> i & 1)
            out->line[out->count++] = &lines[i];
    out->others = out->count > 0 && out->count < count;
}

static void find_missed(const struct hik_session *session, const struct hik_description *listener,
                        const struct hik_tcp_connection *connection, struct missed *out)
{
    out->count = 0;
    if (!connection->syn_frame || connection->syn_frame != connection->first_frame || !listener || !listener->frame || connection->others)
        return;
    if (connection->early && !is_client(session, listener, connection))
        return;
    /* Beside the media of the call other things than RTP are something else's. */
    if (session->flow_count > 0 && connection->data_frame && !connection->media_frame)
        return;
    if (connection->announced) {
        add_missed(session, listener, connection, connection->announced, connection->announced_count, connection->waiting, out);
        if (out->count == 0 && connection->media_frame)
            add_missed(session, listener, connection, connection->announced, 1, 1, out);
        return;
    }
    /* It goes where it has to, or what it was made by, a re-INVITE has replaced since. */
    if (!connection->misdirected && (connection->announced_port || connection->syn_frame < listener->frame))
        return;
    for (unsigned i = 0; i < listener->media_count; i++)
        if (connection->port[1] == listener->media[i].endpoint.port ||
            (!connection->media_frame && listener->media[i].rtcp_port && connection->port[1] == listener->media[i].rtcp_port))
            return;
    add_missed(session, listener, connection, listener->media, listener->media_count, UINT32_MAX, out);
}

/* Does it go to the announced endpoint of who is to connect? Where no a=setup says who that is, of the callee. */
static bool is_reversed(const struct hik_session *session, const struct hik_description *listener, const struct hik_tcp_connection *connection)
{
    const struct hik_description *waits = listener ? listener : hik_session_caller_sdp(session);
    const struct hik_description *client = waits == &session->offer ? &session->answer : &session->offer;

    for (unsigned i = 0; client->frame && i < client->media_count; i++)
        if (client->media[i].port_ok && client->media[i].endpoint.port == connection->port[1] &&
            (!client->media[i].addr_ok || addresses_equal(&client->media[i].endpoint.addr, &connection->addr[1])))
            return true;
    return false;
}

static void add_attempt(const struct hik_session *session, const struct hik_description *listener, const struct hik_tcp_connection *connection,
                        bool first, struct hik_tcp_facts *out)
{
    bool reversed = is_reversed(session, listener, connection);

    if (first || !reversed)
        out->reversed = reversed;
    out->reversed_told = listener != NULL;
    if (!reversed)
        return;
    print_end(out->reversed_from, connection, 0);
    print_end(out->reversed_to, connection, 1);
}

static void add_misdirected(const struct hik_tcp_connection *connection, const struct missed *missed, struct hik_tcp_facts *out)
{
    bool audio = missed->others, up = connection->accept_frame || connection->data_frame;
    size_t len = 0;

    if (out->misdirected && out->misdirected_media && !connection->media_frame)
        return;
    out->misdirected = true;
    out->misdirected_frame = connection->syn_frame;
    out->misdirected_refused = connection->rst_frame && !up;
    out->misdirected_up = up;
    out->misdirected_media = connection->media_frame != 0;
    print_end(out->misdirected_from, connection, 0);
    print_end(out->misdirected_to, connection, 1);
    for (unsigned i = 0; i < missed->count && len < sizeof out->misdirected_instead; i++) {
        audio = audio && missed->line[i]->audio;
        len += (size_t)snprintf(out->misdirected_instead + len, sizeof out->misdirected_instead - len, "%s%s", i ? " or " : "",
                                hik_endpoint_print(&missed->line[i]->endpoint.addr, missed->line[i]->endpoint.port).s);
    }
    out->misdirected_audio = audio;
}

/* Do both carry a stream with the same SSRC? */
static bool same_stream(const struct hik_tcp_connection *a, const struct hik_tcp_connection *b)
{
    for (unsigned way = 0; way < 4; way++) {
        const struct hik_tcp_direction *x = &a->dir[way / 2], *y = &b->dir[way % 2];

        for (unsigned i = 0; i < MIN(x->ssrc_count, HIK_TCP_KNOWN_SSRCS); i++)
            for (unsigned k = 0; k < MIN(y->ssrc_count, HIK_TCP_KNOWN_SSRCS); k++)
                if (x->ssrc[i] == y->ssrc[k])
                    return true;
    }
    return false;
}

static bool share_end(const struct hik_tcp_connection *a, const struct hik_tcp_connection *b)
{
    for (unsigned way = 0; way < 4; way++)
        if (a->port[way / 2] == b->port[way % 2] && addresses_equal(&a->addr[way / 2], &b->addr[way % 2]))
            return true;
    return false;
}

/* The later one takes the place of the other: the same stream to the same listener, from whichever port, also the same one
 * again. After a re-INVITE to another port there has to be a new one. */
static bool is_anew(const struct hik_tcp_connection *connection, const struct hik_tcp_connection *later)
{
    bool moved = later->port[0] == connection->port[0] && later->port[1] != connection->port[1];

    return !moved && share_end(later, connection) && same_stream(later, connection);
}

static void add_foreign(const struct hik_tcp_connection *connection, unsigned way, struct hik_tcp_facts *out)
{
    const struct hik_tcp_direction *dir = &connection->dir[way];
    size_t len = 0;

    /* The first bytes of the connection tell what it is: those of the client, mostly. */
    if (out->foreign && out->foreign_frame < dir->foreign_frame) {
        out->foreign_bytes += dir->foreign_bytes;
        return;
    }
    out->foreign = true;
    out->foreign_bytes += dir->foreign_bytes;
    out->foreign_frame = dir->foreign_frame;
    out->foreign_is = hik_framing_foreign(dir->foreign_first, dir->foreign_first_len);
    print_end(out->foreign_from, connection, way);
    print_end(out->foreign_to, connection, !way);
    out->foreign_first[0] = '\0';
    for (unsigned i = 0; i < dir->foreign_first_len && i < 16; i++)
        len += (size_t)snprintf(out->foreign_first + len, sizeof out->foreign_first - len, i ? " %02x" : "%02x", dir->foreign_first[i]);
}

static enum hik_framed framed(const struct hik_framing *framing)
{
    switch (framing->kind) {
    case HIK_FRAMING_DOLLAR:
        return HIK_FRAMED_DOLLAR;
    case HIK_FRAMING_HEAD:
        return HIK_FRAMED_HEAD;
    case HIK_FRAMING_NONE:
        return framing->head ? HIK_FRAMED_TAG : HIK_FRAMED_BARE;
    default:
        return HIK_FRAMED_RFC4571;
    }
}

void hik_tcp_facts_collect(const struct hik_session *session, const struct hik_description *listener, struct hik_tcp_facts *out)
{
    const struct hik_tcp_connection *later[MAX_CONNECTIONS];
    struct missed missed;
    struct hik_tcp_missing missing = {0};
    unsigned i = 0, later_count = 0, next, attempts = 0;

    memset(out, 0, sizeof *out);
    for (const struct hik_tcp_connection *connection = hik_tcp_newest(session); connection && i < MAX_CONNECTIONS;
         connection = connection->next_in_session, i++) {
        find_missed(session, listener, connection, &missed);
        if (missed.count > 0)
            add_misdirected(connection, &missed, out);
        else if (connection->syn_frame && !connection->misdirected)
            add_attempt(session, listener, connection, attempts++ == 0, out);
        for (unsigned way = 0; way < 2; way++) {
            const struct hik_tcp_direction *dir = &connection->dir[way];

            if (dir->accepted_frame) {
                hik_tcp_stream_missing(dir->stream, &missing);
                if (dir->ssrc_count > 0) {
                    out->framed_seen = true;
                    if (framed(hik_tcp_stream_framing(dir->stream)) >= out->framed) { /* the oddest of them */
                        out->framed = framed(hik_tcp_stream_framing(dir->stream));
                        out->head = hik_tcp_stream_framing(dir->stream)->head;
                    }
                }
            } else if (dir->foreign_frame && missed.count == 0 && !connection->misdirected) {
                add_foreign(connection, way, out);
            }
        }
        if (!connection->media_frame)
            continue;
        for (next = later_count; next > 0 && !is_anew(connection, later[next - 1]); next--)
            ;
        if (next > 0) {
            out->anew++;
            print_end(out->first_from, connection, 0);
            print_end(out->second_from, later[next - 1], 0);
            out->second_frame = later[next - 1]->first_frame;
        }
        later[later_count++] = connection;
    }
    out->missing = missing.bytes;
    out->holes = missing.holes;
    out->missing_frame = missing.frame;
    out->open = missing.open;
    out->open_holes = missing.open_holes;
    out->open_frame = missing.open_frame;
    out->cut = missing.cut;
    out->kept = missing.kept;
    out->sent = missing.sent;
}
