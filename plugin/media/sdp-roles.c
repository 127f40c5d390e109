/* sdp-roles.c
 * Where the SDP says that media over TCP are waited for (RFC 4145, RFC 4571), and for which sessions.
 *
 * The SDP names the side that listens; the port of the side that connects means nothing, so a connection is known by
 * one end, by the client's address, and by the SSRC inside: many platforms take every camera on one port.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sdp-roles.h"

#include "key.h"

/* Hikvision's constant, y=0999999999: says nothing. */
#define HIK_TCP_SSRC_OF_ALL 999999999u

/* All of this: file scope; first pass. */
struct endpoint {
    struct hik_tcp_claim *newest;
};
/* Where somebody listens: for everybody, for one SSRC, or for one client. */
struct endpoint_key {
    const address *addr;
    const address *client; /* AT_NONE: any */
    uint32_t ssrc;         /* 0 unless by_ssrc */
    uint16_t port;
    uint16_t by_ssrc;
};

static wmem_map_t *endpoints; /* struct endpoint_key -> struct endpoint */

static const address no_address = ADDRESS_INIT_NONE;

static guint key_hash(gconstpointer p)
{
    const struct endpoint_key *key = (const struct endpoint_key *)p;
    const uint32_t words[] = {hik_address_hash(key->addr), hik_address_hash(key->client),
                              (uint32_t)key->port << 1 | key->by_ssrc, key->ssrc};

    return wmem_strong_hash((const uint8_t *)words, sizeof words);
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
    const struct endpoint_key *x = (const struct endpoint_key *)a, *y = (const struct endpoint_key *)b;
    return x->port == y->port && x->by_ssrc == y->by_ssrc && x->ssrc == y->ssrc && addresses_equal(x->addr, y->addr) &&
           addresses_equal(x->client, y->client);
}

static void claim_endpoint(const struct endpoint_key *key, struct hik_session *session, bool rtcp)
{
    struct endpoint *endpoint = (struct endpoint *)wmem_map_lookup(endpoints, key);
    struct hik_tcp_claim *claim;

    if (!endpoint) {
        struct endpoint_key *kept = wmem_new(wmem_file_scope(), struct endpoint_key);
        address *copies = wmem_alloc_array(wmem_file_scope(), address, 2);

        *kept = *key;
        copy_address_wmem(wmem_file_scope(), &copies[0], key->addr);
        copy_address_wmem(wmem_file_scope(), &copies[1], key->client);
        kept->addr = &copies[0];
        kept->client = &copies[1];
        endpoint = wmem_new0(wmem_file_scope(), struct endpoint);
        wmem_map_insert(endpoints, kept, endpoint);
    }
    if (endpoint->newest && endpoint->newest->session == session && endpoint->newest->rtcp == rtcp)
        return;
    claim = wmem_new(wmem_file_scope(), struct hik_tcp_claim);
    claim->session = session;
    claim->rtcp = rtcp;
    claim->older = endpoint->newest;
    endpoint->newest = claim;
}

static const struct endpoint *lookup(const address *addr, uint32_t port, const address *client)
{
    struct endpoint_key key = {addr, client, 0, (uint16_t)port, 0};
    return (const struct endpoint *)wmem_map_lookup(endpoints, &key);
}

const struct hik_tcp_claim *hik_tcp_claims_of_ssrc(const address *addr, uint32_t port, uint32_t ssrc)
{
    struct endpoint_key key = {addr, &no_address, ssrc, (uint16_t)port, 1};
    const struct endpoint *endpoint = (const struct endpoint *)wmem_map_lookup(endpoints, &key);
    return endpoint ? endpoint->newest : NULL;
}

const struct hik_tcp_claim *hik_tcp_claim_between(const address *listener, const address *client)
{
    const struct endpoint *endpoint = lookup(listener, 0, client);
    return endpoint ? endpoint->newest : NULL;
}

bool hik_tcp_is_announced(const address *addr, uint32_t port)
{
    return port != 0 && lookup(addr, port, &no_address) != NULL;
}

const struct hik_tcp_claim *hik_tcp_claim_early(const address *listener, const address *client)
{
    const struct endpoint *endpoint = lookup(listener, 0, &no_address);

    if (!endpoint)
        endpoint = lookup(&no_address, 0, client);
    return endpoint ? endpoint->newest : NULL;
}

const struct hik_tcp_claim *hik_tcp_best_claim(const struct hik_tcp_claim *newest, const nstime_t *now)
{
    const struct hik_tcp_claim *open = NULL, *waits = NULL;
    unsigned searched = 0;

    for (const struct hik_tcp_claim *claim = newest; claim && searched < HIK_TCP_MAX_SEARCH;
         claim = claim->older, searched++) {
        const struct hik_session *session = claim->session;

        if (hik_session_is_over(session))
            continue;
        if (!session->tcp_syn_frame && !session->tcp_data_frame) {
            if (waits && !hik_session_has_just_begun(session, now))
                break;
            waits = claim;
        }
        if (!open)
            open = claim;
    }
    return waits ? waits : open ? open : newest;
}

const struct hik_tcp_claim *hik_tcp_claim_of_packet(packet_info *pinfo)
{
    const struct endpoint *to = lookup(&pinfo->dst, pinfo->destport, &no_address);
    const struct endpoint *from = lookup(&pinfo->src, pinfo->srcport, &no_address);
    const struct endpoint *exact = NULL;

    if (!to && !from)
        return NULL;
    if (to)
        exact = lookup(&pinfo->dst, pinfo->destport, &pinfo->src);
    if (!exact && from)
        exact = lookup(&pinfo->src, pinfo->srcport, &pinfo->dst);
    return hik_tcp_best_claim((exact ? exact : to ? to : from)->newest, &pinfo->abs_ts);
}

static void open_at(struct hik_session *session, const struct hik_media_line *line, const address *addr,
                    const address *const clients[], size_t client_count)
{
    const uint16_t ports[2] = {line->endpoint.port, line->rtcp_port};
    const struct hik_description *sources[] = {&session->offer, &session->answer};

    for (unsigned rtcp = 0; rtcp < array_length(ports); rtcp++) {
        struct endpoint_key key = {addr, &no_address, 0, ports[rtcp], 0};

        if (!ports[rtcp])
            continue;
        claim_endpoint(&key, session, rtcp);
        for (size_t i = 0; i < client_count; i++)
            if (hik_is_ip(clients[i])) {
                key.client = clients[i];
                claim_endpoint(&key, session, rtcp);
                if (!rtcp) { /* the two hosts, whatever port is taken */
                    key.port = 0;
                    claim_endpoint(&key, session, false);
                    key.port = ports[rtcp];
                }
            }
        key.client = &no_address;
        key.by_ssrc = 1;
        for (size_t i = 0; i < array_length(sources); i++)
            if (sources[i]->frame && sources[i]->has_y && sources[i]->y_kind <= HIK_SSRC_LONG) {
                key.ssrc = sources[i]->ssrc;
                claim_endpoint(&key, session, rtcp);
                if (!rtcp && key.ssrc != 0 && key.ssrc != HIK_TCP_SSRC_OF_ALL) {
                    key.port = 0;
                    claim_endpoint(&key, session, false);
                    key.port = ports[rtcp];
                }
            }
    }
}

/* The other side's SDP is still to come: only one end of the connection is known. */
static void open_early(struct hik_session *session, const struct hik_media_line *line, const address *addr)
{
    struct endpoint_key key = {&no_address, &no_address, 0, 0, 0};

    if (line->setup == HIK_SETUP_ACTIVE)
        key.client = addr;
    else
        key.addr = addr;
    if (!hik_is_ip(addr))
        return;
    claim_endpoint(&key, session, false);
    /* An answer without its offer, which the capture lacks: who listens nobody says, but whose SSRC it is. */
    if (line->setup == HIK_SETUP_ACTIVE && session->answer.frame && session->answer.has_y && session->answer.y_kind <= HIK_SSRC_LONG &&
        session->answer.ssrc != 0 && session->answer.ssrc != HIK_TCP_SSRC_OF_ALL) {
        key = (struct endpoint_key){&no_address, &no_address, session->answer.ssrc, 0, 1};
        claim_endpoint(&key, session, false);
    }
}

void hik_tcp_open_line(struct hik_session *session, const struct hik_media_line *line, const struct hik_media_line *peer,
                       const address *sip, const address *peer_sip)
{
    const address *clients[2] = {&no_address, &no_address};

    if (!line->tcp || !line->port_ok || line->endpoint.port == 0)
        return;
    if (!peer) {
        open_early(session, line, sip);
        if (line->addr_ok && !addresses_equal(&line->endpoint.addr, sip))
            open_early(session, line, &line->endpoint.addr);
    }
    /* RFC 4145 4.1: port 9 (discard) stands for "I connect". */
    if (line->endpoint.port == 9 && line->setup != HIK_SETUP_PASSIVE)
        return;
    if (peer) {
        if (peer->addr_ok)
            clients[0] = &peer->endpoint.addr;
        if (!peer->addr_ok || !addresses_equal(&peer->endpoint.addr, peer_sip))
            clients[1] = peer_sip;
    }
    if (line->addr_ok)
        open_at(session, line, &line->endpoint.addr, clients, array_length(clients));
    if (!line->addr_ok || (hik_address_is_private(&line->endpoint.addr) && !addresses_equal(&line->endpoint.addr, sip)))
        open_at(session, line, sip, clients, array_length(clients));
}

bool hik_tcp_endpoints_any(void)
{
    return wmem_map_size(endpoints) > 0;
}

void hik_tcp_endpoints_register(void)
{
    endpoints = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), key_hash, key_equal);
}
