/* packet-hikcascade.c
 * The front door.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ws-compat.h"

#include "packet-hikcascade.h"

static int proto_hikcascade = -1;

void proto_register_hikcascade(void)
{
    proto_hikcascade = proto_register_protocol("Hikvision cascade (GB/T 28181)", "HIKCASCADE", "hikcascade");
    hik_session_register(proto_hikcascade);
    hik_media_register(proto_hikcascade);
    hik_sip_tree_register(proto_hikcascade);
    hik_manscdp_register(proto_hikcascade);
    hik_mansrtsp_register(proto_hikcascade);
    hik_mp2p_register(proto_hikcascade);
}

void proto_reg_handoff_hikcascade(void)
{
    hik_media_handoff();
    hik_manscdp_handoff();
    hik_mansrtsp_handoff();
    hik_mp2p_handoff();
}
