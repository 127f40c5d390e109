/* session-internal.h
 * Shared by session.c, platforms.c and message-info.c, and by nobody else: what one message says, before and while the
 * capture's state takes it in.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_SESSION_INTERNAL_H
#define HIK_SESSION_INTERNAL_H

#include "session.h"

/* ---- message-info.c ---- */

/* Everything read from one message before any state is looked at. Packet scope. */
struct hik_reading {
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
};

/* sdp: the body, if it is SDP and was parsed; it is only pointed to. */
void hik_reading_take(const uint8_t *buf, const struct hik_sip *sip, const struct hik_sdp *sdp, struct hik_reading *r);

/* The message is one that only exists inside an INVITE dialog, or answers one that is. */
bool hik_reading_implies_dialog(const struct hik_reading *r);

/* Fills a description from the message's SDP; r->has_sdp must be set. Strings and lines are file scope. */
void hik_reading_describe(packet_info *pinfo, const struct hik_reading *r, struct hik_description *out);

/* The view is an ID of any of the known kinds (gb-id.h). */
bool hik_view_is_id(const uint8_t *buf, struct hik_view view);

/* The ID of a camera, or of another device at the far end (types 001 to 199). */
bool hik_view_is_device(const uint8_t *buf, struct hik_view view);

/* Which way the request of this message goes, by its method and body alone. */
enum hik_direction hik_reading_direction(const struct hik_reading *r);

/* ---- platforms.c ---- */

/* The pair a packet travels between, and which way the packet goes between the two. */
struct hik_pair_match {
    struct hik_platforms *pair; /* NULL if it is not known */
    enum hik_direction direction;
    bool exact;                 /* known by its IDs, or by both transport addresses */
};

void hik_platforms_register(void);

/* Finds the pair of a message: by the IDs of both platforms, else by both transport addresses, else by addresses that
 * only one pair has. */
struct hik_pair_match hik_platforms_find(packet_info *pinfo, const struct hik_reading *r);

/* The pair of a message that was looked for already; made if it is not known. A message that goes up comes from the lower
 * platform. sure: a REGISTER says so, which puts an earlier guess right. NULL where the packet's addresses are those of
 * several pairs and nothing tells which. First pass. */
struct hik_platforms *hik_platforms_learn(packet_info *pinfo, const struct hik_reading *r, const struct hik_pair_match *match,
                                          enum hik_direction direction, bool sure);

/* Keeps an ID of one side, unless a better or an equally good source named it before. First pass. */
void hik_platforms_learn_id(struct hik_platforms *pair, bool lower, const struct hik_reading *r, struct hik_view user,
                            enum hik_id_source source);

/* What a message other than REGISTER and outside of calls says about the IDs of the pair it travels between. First pass. */
void hik_platforms_take_ids(packet_info *pinfo, const struct hik_reading *r, const struct hik_message *message);

/* The pair is known under these IDs, and at the address of the lower platform's Contact, from now on. First pass. */
void hik_platforms_keep_ids(packet_info *pinfo, struct hik_platforms *pair, const struct hik_reading *r);

/* ---- registration.c ---- */

/* A REGISTER or its answer (RFC 3261 clause 10). First pass. */
void hik_registration_take(packet_info *pinfo, const struct hik_reading *r, struct hik_message *message);

/* A Keepalive notification (GB/T 28181-2016 9.6), or an answer to one. First pass. */
void hik_registration_take_keepalive(packet_info *pinfo, const struct hik_message *message);

#endif
