/* findings.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "findings.h"

void hik_findings_register(int proto _U_)
{
}

void hik_findings_message(packet_info *pinfo _U_, tvbuff_t *tvb _U_, proto_tree *tree _U_, proto_item *item _U_,
                          const struct hik_message *message _U_)
{
}

void hik_findings_rtp(packet_info *pinfo _U_, tvbuff_t *tvb _U_, proto_tree *tree _U_, proto_item *item _U_,
                      const struct hik_rtp *rtp _U_, const struct hik_flow *flow _U_, struct hik_session *session _U_)
{
}
