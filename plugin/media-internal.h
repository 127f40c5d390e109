/* media-internal.h
 * What media.c and media-tcp.c share and nobody else needs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_MEDIA_INTERNAL_H
#define HIK_MEDIA_INTERNAL_H

#include <string.h>

#include "media.h"
#include "session.h"

/* Keys of records under the protocol's number; the front door has 16 and up, the export 32. */
enum { KEY_NTH = 2, KEY_TCP_SKIPS = 3, KEY_TCP_SEEN = 4, KEY_TCP_STOCK = 5 };

static inline unsigned hik_mix(unsigned hash, unsigned value)
{
    hash ^= value;
    hash *= 0x9E3779B1u;
    return hash ^ (hash >> 15);
}

static inline unsigned hik_hash_address(unsigned hash, const address *addr)
{
    const uint8_t *bytes = (const uint8_t *)addr->data;
    unsigned word;

    for (int i = 0; i + 4 <= addr->len; i += 4) {
        memcpy(&word, bytes + i, 4);
        hash = hik_mix(hash, word);
    }
    return hash;
}

/* media.c: an RTP or RTCP packet of a session, the whole tvb; the wrapper around stock. Every pass. */
int hik_media_dissect(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree);
/* media.c: c= address is one that other networks cannot reach. */
bool hik_media_is_private(const address *addr);

/* media-tcp.c. First pass only: opens the endpoints of line number i of `mine`, if it is media over TCP. sdp_src: where
 * the SDP came from, for peers behind a NAT. */
void hik_tcp_open(packet_info *pinfo, struct hik_session *session, const struct hik_description *mine,
                  const struct hik_description *other, unsigned i);
/* media-tcp.c. First pass only: which session a packet of the TCP connection being dissected belongs to; NULL if none.
 * strong: its SSRC is the announced one. */
struct hik_session *hik_tcp_session(packet_info *pinfo, uint32_t ssrc, bool *strong);
void hik_tcp_register(int proto);
void hik_tcp_handoff(void);

#endif
