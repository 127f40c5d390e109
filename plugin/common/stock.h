/* stock.h
 * Calling stock dissectors from inside ours.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_STOCK_H
#define HIK_STOCK_H

#include <epan/prefs.h>

#include "ws-compat.h"

/* Calls a stock dissector and comes back even if it gives up on the packet (cut by the capture, malformed, or too much
 * for it): what stock would have said of that is in the tree then, and our part is not lost with it. Returns the bytes
 * taken. */
int hik_stock_call(dissector_handle_t handle, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree);

/* True while somebody looks at expert information: a listener (tshark -z expert, the Expert Information window), a filter
 * or column of _ws.expert, the expert column. Then expert items have to be made although no tree is built, or none of our
 * fields is asked for. tree may be NULL. */
bool hik_stock_wants_experts(const packet_info *pinfo, proto_tree *tree);

/* Does somebody look at a field or a protocol: is the tree shown, or does a filter, a column or the like name it? What
 * proto_field_is_referenced() says, without a call: of each RTP packet some are asked about. field: as it is registered, for the
 * life of the program. */
static inline bool hik_stock_asks_for(const proto_tree *tree, const header_field_info *field)
{
    return tree && (PTREE_DATA(tree)->visible || field->ref_type != HF_REF_TYPE_NONE ||
                    (field->type == FT_PROTOCOL && !PTREE_DATA(tree)->fake_protocols));
}

/* A heuristic dissector that only hands the packet on to what its conversation will use from now on: takes back the
 * layer that trying it added, so that the first packet has the layers of the next. Before anything is called. */
void hik_stock_drop_layer(packet_info *pinfo);

/* Whoever takes a packet of a UDP conversation by its look (QUIC does) takes all of the conversation, on later passes also what came
 * before. Not where it is held from its first packet on, by what dissects it: for a packet that this does not take. First pass. */
void hik_stock_hold(packet_info *pinfo, dissector_handle_t dissector);

/* Does a dissector other than data own that UDP port, by its number? */
bool hik_stock_owns_udp(uint32_t port);

/* The preferences of protocol hikcascade, to which several parts add theirs; Wireshark 4.6 does not let two register them. */
module_t *hik_stock_preferences(int proto);

/* What is written into the Info column so far is fenced up to this byte; 0: nothing is. */
int hik_stock_info_fence(const column_info *cinfo);
/* Puts it elsewhere: stock SIP fences what it writes, and ours belongs in front of that. */
void hik_stock_set_info_fence(column_info *cinfo, int fence);

#endif
