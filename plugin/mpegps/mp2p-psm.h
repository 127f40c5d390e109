/* mp2p-psm.h
 * Tree of the program stream map.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_MP2P_PSM_H
#define HIK_MP2P_PSM_H

#include "ws-compat.h"

/* Names of stream ids. */
extern const range_string hik_mp2p_stream_ids[];

void hik_mp2p_psm_register(int proto);

/* The map of len bytes (data) that stands at offset at of tvb. */
proto_item *hik_mp2p_psm_tree(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, int at, const uint8_t *data, uint32_t len);

#endif
