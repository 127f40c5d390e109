/* sip-ports.h
 * Ports that stock sip owns: ours stands in front of it there, as long as a preference says so.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_SIP_PORTS_H
#define HIK_SIP_PORTS_H

#include "ws-compat.h"

/* At registration. enabled: a preference; it and the tables are looked at before each capture. */
void hik_sip_ports_register(const ws_bool *enabled);

/* At handoff. Wherever `stock` is what a table of ports ("udp.port") names, by its own ports, a preference or Decode As,
 * `front` is called in its place. It adds no layer, is enabled with stock's protocol, and has to call stock for what is
 * not ours, by hik_sip_ports_call(). proto: registered in name only, child of stock's. What Decode As lists as
 * `description`, it lists for ports that nobody changed. */
void hik_sip_ports_take(const char *table, dissector_handle_t stock, dissector_t front, int proto, const char *description);

/* For a front, which keeps pinfo->saved_can_desegment from before its first call: calls a dissector as if the table
 * named it. */
int hik_sip_ports_call(dissector_handle_t handle, unsigned can_desegment, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree,
                         void *data);

#endif
