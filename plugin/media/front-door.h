/* front-door.h
 * What the front door of RTP (packet-hikmedia.c) gives to those below it: they hand it the RTP they find, and it carries
 * that on.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_FRONT_DOOR_H
#define HIK_FRONT_DOOR_H

#include "ws-compat.h"

struct hik_rtp; /* rtp-flow.h */

/* What the front door gives to those below: they hand it the RTP they find, and it carries that on. */
struct hik_media_front_door {
    dissector_t dissect_rtp;                                                         /* behind hik_media_dissect() */
    void (*entered)(packet_info *pinfo, tvbuff_t *tvb, struct hik_rtp *rtp);         /* behind hik_media_enter() */
    dissector_handle_t rtp_handle, rtcp_handle; /* to be put around stock's in conversations */
};

/* At registration, before all others. */
void hik_front_door_set(const struct hik_media_front_door *door);
const struct hik_media_front_door *hik_front_door(void);

/* An RTP or RTCP packet that is the whole tvb: finds its session, if it has one, has stock dissect it and adds our tree.
 * Every pass. */
int hik_media_dissect(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree);

#endif
