/* filter.h
 * Right click > Conversation Filter > Hikvision cascade: the whole session of a packet.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_FILTER_H
#define HIK_FILTER_H

#include "session.h"

/* The packet being dissected, with a tree, belongs to this session. The first one of a frame counts. */
void hik_filter_note(packet_info *pinfo, const struct hik_session *session);

#endif
