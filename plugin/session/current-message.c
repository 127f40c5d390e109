/* current-message.c
 * The SIP message being dissected. Each message is handed to stock on its own, so a body being dissected is that
 * message's.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "current-message.h"

#include "parts.h"

/* Packet scope. */
struct current {
    tvbuff_t *tvb;
    const struct hik_message *message;
};

enum { KEY_CURRENT = 17 }; /* record under proto_hik */
static int proto_hik = -1;

static const struct current *get_current(packet_info *pinfo)
{
    return (const struct current *)p_get_proto_data(pinfo->pool, pinfo, proto_hik, KEY_CURRENT);
}

void hik_current_message_begin(packet_info *pinfo, tvbuff_t *tvb, const struct hik_message *message)
{
    struct current *current = wmem_new(pinfo->pool, struct current);

    current->tvb = tvb;
    current->message = message;
    p_set_proto_data(pinfo->pool, pinfo, proto_hik, KEY_CURRENT, current);
}

void hik_current_message_end(packet_info *pinfo)
{
    p_set_proto_data(pinfo->pool, pinfo, proto_hik, KEY_CURRENT, NULL);
}

const struct hik_message *hik_session_message_of_body(packet_info *pinfo, tvbuff_t *body)
{
    const struct current *current = get_current(pinfo);

    return current && body ? current->message : NULL;
}

tvbuff_t *hik_session_sip_of_body(packet_info *pinfo, tvbuff_t *body)
{
    const struct current *current = get_current(pinfo);

    return current && body ? current->tvb : NULL;
}

void hik_current_message_register(int proto)
{
    proto_hik = proto;
}
