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
    struct hik_message *message;
    const char *words;
};

enum { KEY_CURRENT = 17 }; /* record under proto_hik */
static int proto_hik = -1;

static struct current *get_current(packet_info *pinfo)
{
    return (struct current *)p_get_proto_data(pinfo->pool, pinfo, proto_hik, KEY_CURRENT);
}

void hik_current_message_begin(packet_info *pinfo, tvbuff_t *tvb, struct hik_message *message)
{
    struct current *current = wmem_new(pinfo->pool, struct current);

    current->tvb = tvb;
    current->message = message;
    current->words = NULL;
    p_set_proto_data(pinfo->pool, pinfo, proto_hik, KEY_CURRENT, current);
}

void hik_current_message_end(packet_info *pinfo)
{
    p_set_proto_data(pinfo->pool, pinfo, proto_hik, KEY_CURRENT, NULL);
}

struct hik_message *hik_session_message_of_body(packet_info *pinfo, tvbuff_t *body)
{
    const struct current *current = get_current(pinfo);

    return current && body ? current->message : NULL;
}

tvbuff_t *hik_session_sip_of_body(packet_info *pinfo, tvbuff_t *body)
{
    const struct current *current = get_current(pinfo);

    return current && body ? current->tvb : NULL;
}

bool hik_current_message_say(packet_info *pinfo, const char *words)
{
    struct current *current = get_current(pinfo);

    if (!current)
        return false;
    current->words = current->words ? wmem_strdup_printf(pinfo->pool, "%s, %s", current->words, words)
                                    : wmem_strdup(pinfo->pool, words);
    return true;
}

const char *hik_current_message_words(packet_info *pinfo)
{
    const struct current *current = get_current(pinfo);

    return current ? current->words : NULL;
}

void hik_current_message_register(int proto)
{
    proto_hik = proto;
}
