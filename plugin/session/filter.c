/* filter.c
 * The conversation filter: `hikcascade.session == N` for the selected packet, which shows SIP, RTP and RTCP together.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "filter.h"

#include "parts.h"

/* Key of the packet-scope record under the hikcascade protocol; other files have 1 to 2, 16 to 18 and 32. */
enum { KEY_FILTER = 48 };

static int proto_hik = -1;

void hik_filter_note(packet_info *pinfo, const struct hik_session *session)
{
    if (!p_get_proto_data(pinfo->pool, pinfo, proto_hik, KEY_FILTER))
        p_add_proto_data(pinfo->pool, pinfo, proto_hik, KEY_FILTER, GUINT_TO_POINTER(session->index + 1));
}

#if WS_AT_LEAST(4, 2)
static ws_bool has_session(packet_info *pinfo, void *user_data _U_)
#else
static ws_bool has_session(packet_info *pinfo)
#endif
{
    return p_get_proto_data(pinfo->pool, pinfo, proto_hik, KEY_FILTER) != NULL;
}

#if WS_AT_LEAST(4, 2)
static char *session_filter(packet_info *pinfo, void *user_data _U_)
#else
static char *session_filter(packet_info *pinfo)
#endif
{
    unsigned number = GPOINTER_TO_UINT(p_get_proto_data(pinfo->pool, pinfo, proto_hik, KEY_FILTER));

    return number ? g_strdup_printf("hikcascade.session == %u", number - 1) : NULL;
}

void hik_filter_register(int proto)
{
    proto_hik = proto;
#if WS_AT_LEAST(4, 2)
    register_conversation_filter("hikcascade", "Hikvision cascade", has_session, session_filter, NULL);
#else
    register_conversation_filter("hikcascade", "Hikvision cascade", has_session, session_filter);
#endif
}
