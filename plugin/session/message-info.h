/* message-info.h
 * What one SIP message says of itself, before any state is looked at.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_MESSAGE_INFO_H
#define HIK_MESSAGE_INFO_H

#include "key.h"
#include "session.h"

/* Everything read from one message before any state is looked at. Packet scope. */
struct hik_message_info {
    const uint8_t *buf;
    const struct hik_sip *sip;
    struct hik_view call_id;
    struct hik_view branch; /* of the first Via */
    struct hik_sip_addr from, to, uri;
    struct hik_subject subject;
    bool has_subject;
    bool has_sdp;
    const struct hik_sdp *sdp;
    enum hik_direction body_direction; /* what a MANSCDP body implies */
    bool keepalive;         /* it is a Keepalive notification */
    bool unplaced;          /* the capture cut off what says which call or question it belongs to */
    bool sdp_cut;           /* and an SDP that it carries, or some of it */
};

/* sdp: the body, if it is SDP and was parsed; it is only pointed to. */
void hik_message_info_read(const uint8_t *buf, const struct hik_sip *sip, const struct hik_sdp *sdp, struct hik_message_info *r);

/* The message is one that only exists inside an INVITE dialog, or answers one that is. */
bool hik_message_info_implies_dialog(const struct hik_message_info *r);

/* Fills a description from the message's SDP; r->has_sdp or r->sdp_cut must be set. Strings and lines are file scope. */
void hik_message_info_describe(packet_info *pinfo, const struct hik_message_info *r, struct hik_description *out);

/* Of an m= line its endpoint (packet scope), the port of its RTCP, and whether it is TCP; all else stays as it is. */
void hik_message_info_describe_ends(packet_info *pinfo, const uint8_t *buf, const struct hik_sdp_section *section,
                                    struct hik_media_line *line);

/* The host of a URI or a Via as an address (packet scope). False: it is a name. */
bool hik_message_info_host(packet_info *pinfo, const struct hik_message_info *r, struct hik_view host, address *addr);

/* The view is an ID of any of the known kinds (gb-id.h). */
bool hik_view_is_id(const uint8_t *buf, struct hik_view view);

/* The ID of a camera, or of another device at the far end (types 001 to 199). */
bool hik_view_is_device(const uint8_t *buf, struct hik_view view);

/* Which way the request of this message goes, by its method and body alone. */
enum hik_direction hik_message_info_direction(const struct hik_message_info *r);

/* Call-ID and a tag as a key: what a dialog is known by (RFC 3261 clause 12). Points into the message. */
struct hik_text_key hik_message_info_tag_key(const struct hik_message_info *r, struct hik_view tag);
/* The view is that text; NULL is no text. */
bool hik_message_info_same_text(const struct hik_message_info *r, struct hik_view view, const char *text);
/* A file scope copy of the bytes of a view. */
struct hik_bytes hik_message_info_keep_bytes(const struct hik_message_info *r, struct hik_view view);
/* The view is those bytes. */
bool hik_message_info_same_bytes(const struct hik_message_info *r, struct hik_view view, struct hik_bytes bytes);

#endif
