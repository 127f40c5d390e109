/* ptz-tree.h
 * Shows a PTZCmd.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_PTZ_TREE_H
#define HIK_PTZ_TREE_H

#include "ws-compat.h"

#include "xml-scan.h"

/* Adds the command and what it means. value: where its hex digits stand in buf and tvb; text: the same as it is shown. At
 * most 13 tree items. */
void hik_ptz_tree_add(packet_info *pinfo, tvbuff_t *tvb, proto_tree *parent, const uint8_t *buf, struct hik_xml_piece value,
                      const char *text);

/* proto: MANSCDP's. */
void hik_ptz_tree_register(int proto);

#endif
