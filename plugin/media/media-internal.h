/* media-internal.h
 * What rtp-flow.c, endpoints.c, rtp-over-tcp.c and payload-check.c share and nobody else needs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_MEDIA_INTERNAL_H
#define HIK_MEDIA_INTERNAL_H

#include <string.h>

#include "rtp-flow.h"
#include "session.h"

/* Keys of records under the protocol's number; the front door has 16 and up, the export 32. */
enum { KEY_NTH = 2, KEY_TCP_RECORD = 3, KEY_TCP_SEEN = 4, KEY_TCP_STOCK = 5 };

static inline void hik_put_address(uint8_t bytes[16], const address *addr)
{
    if (addr->len == 4)
        memcpy(bytes, addr->data, 4);
    else
        memcpy(bytes, addr->data, MIN((size_t)addr->len, 16));
}

static inline void hik_flow_key_set(struct hik_flow_key *key, const address *src, uint32_t src_port, const address *dst,
                         uint32_t dst_port, uint32_t ssrc, bool tcp)
{
    memset(key, 0, sizeof *key);
    hik_put_address(key->src, src);
    hik_put_address(key->dst, dst);
    key->src_port = (uint16_t)src_port;
    key->dst_port = (uint16_t)dst_port;
    key->ssrc = ssrc;
    key->type = (uint8_t)src->type;
    key->tcp = tcp;
}

static inline guint hik_flow_key_hash(gconstpointer p)
{
    return wmem_strong_hash((const uint8_t *)p, sizeof(struct hik_flow_key));
}

static inline gboolean hik_flow_key_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(struct hik_flow_key)) == 0;
}

void hik_endpoints_register(void);
/* endpoints.c. First pass only: opens what the newest SDP of the message's session names; the message carries an
 * offer or an answer. */
void hik_endpoints_open(packet_info *pinfo, const struct hik_message *message);
/* endpoints.c. First pass only: which session a packet belongs to, over UDP or TCP; NULL if none. ssrc: who sends
 * it; about: for RTCP, whom it reports on; else the same. *strong: both ends, or one end and the announced SSRC, say so. */
struct hik_session *hik_endpoints_match(packet_info *pinfo, bool rtcp, uint32_t ssrc, uint32_t about, bool *strong);

/* rtp-over-tcp.c. First pass only: opens the endpoints of line number i of `mine`, if it is media over TCP. sdp_src: where
 * the SDP came from, for peers behind a NAT. */
void hik_tcp_open(packet_info *pinfo, struct hik_session *session, const struct hik_description *mine,
                  const struct hik_description *other, unsigned i);
/* rtp-over-tcp.c. First pass only: which session a packet of the TCP connection being dissected belongs to; NULL if none.
 * strong: its SSRC is the announced one. */
struct hik_session *hik_tcp_session(packet_info *pinfo, uint32_t ssrc, bool *strong);
void hik_tcp_register(int proto);

#endif
