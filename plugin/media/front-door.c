/* front-door.c
 * Keeps what the front door of RTP gives to those below it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "front-door.h"

static struct hik_media_front_door front_door; /* set at registration */

void hik_front_door_set(const struct hik_media_front_door *door)
{
    front_door = *door;
}

const struct hik_media_front_door *hik_front_door(void)
{
    return &front_door;
}

int hik_media_dissect(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree)
{
    return front_door.dissect_rtp(tvb, pinfo, tree, NULL);
}
