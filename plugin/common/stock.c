/* stock.c
 * Calling stock dissectors from inside ours.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "stock.h"

#include <epan/column-info.h>

#include "parts.h"

#include <epan/show_exception.h>

static expert_field ei_stock_failed = EI_INIT;

bool hik_stock_wants_experts(const packet_info *pinfo, proto_tree *tree)
{
    static int tap, proto = -1; /* the same for the life of the program */

    if (proto == -1) {
        tap = find_tap_id("expert");
        proto = proto_get_id_by_filter_name("_ws.expert");
    }
    return have_tap_listener(tap) || proto_field_is_referenced(tree, proto) || col_get_writable(pinfo->cinfo, COL_EXPERT);
}

static bool is_ours(const char *proto)
{
    static const char *const ours[] = {"HIKCASCADE", "MP2P", "MANSCDP", "MANSRTSP"};

    for (size_t i = 0; i < array_length(ours); i++)
        if (g_ascii_strcasecmp(proto, ours[i]) == 0)
            return true;
    return false;
}

int hik_stock_call(dissector_handle_t handle, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree)
{
    const char *proto = pinfo->current_proto;
    volatile int length = 0;

    TRY {
        length = call_dissector(handle, tvb, pinfo, tree);
    }
    CATCH(DissectorError) {
        /* A mistake in the code, whose words are for programmers. Of ours it is told as such. */
        if (is_ours(pinfo->current_proto))
            show_exception(tvb, pinfo, tree, EXCEPT_CODE, GET_MESSAGE);
        else
            proto_tree_add_expert_format(tree, pinfo, &ei_stock_failed, tvb, 0, (int)tvb_captured_length(tvb),
                                         "Wireshark's own dissector of %s cannot take this packet: %s",
                                         pinfo->current_proto, GET_MESSAGE);
        length = (int)tvb_captured_length(tvb);
    }
    CATCH(BoundsError) { /* the capture cut the packet: what is there is for us to go on with */
        show_exception(tvb, pinfo, tree, EXCEPT_CODE, GET_MESSAGE);
        length = (int)tvb_captured_length(tvb);
    }
    CATCH_NONFATAL_ERRORS {
        show_exception(tvb, pinfo, tree, EXCEPT_CODE, GET_MESSAGE);
        length = (int)tvb_captured_length(tvb);
    }
    ENDTRY;
    pinfo->current_proto = proto; /* an exception leaves that of the one that threw it */
    return length;
}

void hik_stock_drop_layer(packet_info *pinfo)
{
    wmem_list_frame_t *last = wmem_list_tail(pinfo->layers);
    int *count = last ? (int *)wmem_map_lookup(pinfo->proto_layers, wmem_list_frame_data(last)) : NULL;

    if (!last)
        return;
    wmem_list_remove_frame(pinfo->layers, last);
    pinfo->curr_layer_num--;
    if (count && *count > 0)
        (*count)--;
}

void hik_stock_hold(packet_info *pinfo, dissector_handle_t dissector)
{
    static const address none = ADDRESS_INIT_NONE;
    const address *ends[] = {&pinfo->dst, &pinfo->src};
    const uint32_t ports[] = {pinfo->destport, pinfo->srcport};
    uint32_t from = pinfo->num;
    conversation_t *conversation;

    if (PINFO_FD_VISITED(pinfo) || pinfo->ptype != PT_UDP)
        return;
    /* that of an announced end, with whomever */
    for (size_t i = 0; i < array_length(ends); i++) {
        conversation = find_conversation(pinfo->num, ends[i], &none, CONVERSATION_UDP, ports[i], 0, NO_ADDR_B | NO_PORT_B);
        if (!conversation || conversation_get_dissector(conversation, pinfo->num) != dissector)
            continue;
        conversation_set_dissector_from_frame_number(conversation, conversation->setup_frame, dissector);
        from = MIN(from, conversation->setup_frame);
    }
    /* and that of these two ends alone, which goes before it */
    conversation = find_conversation_pinfo(pinfo, 0);
    if (conversation && !(conversation->options & (NO_ADDR2 | NO_PORT2)) && !conversation_get_dissector(conversation, pinfo->num))
        conversation_set_dissector_from_frame_number(conversation, MAX(from, conversation->setup_frame), dissector);
}

bool hik_stock_owns_udp(uint32_t port)
{
    static dissector_table_t ports; /* the same for the life of the program */

    if (!ports)
        ports = find_dissector_table("udp.port");
    return dissector_get_uint_handle(ports, port) != NULL;
}

int hik_stock_info_fence(const column_info *cinfo)
{
    for (int i = cinfo ? cinfo->col_first[COL_INFO] : -1; i >= 0 && i <= cinfo->col_last[COL_INFO]; i++)
        if (cinfo->columns[i].fmt_matx[COL_INFO])
            return cinfo->columns[i].col_fence;
    return 0;
}

void hik_stock_set_info_fence(column_info *cinfo, int fence)
{
    for (int i = cinfo ? cinfo->col_first[COL_INFO] : -1; i >= 0 && i <= cinfo->col_last[COL_INFO]; i++)
        if (cinfo->columns[i].fmt_matx[COL_INFO])
            cinfo->columns[i].col_fence = fence;
}

void hik_stock_register(int proto)
{
    static ei_register_info experts[] = {
        {&ei_stock_failed,
         {"hikcascade.stock_failed", PI_UNDECODED, PI_WARN, "Wireshark's own dissector cannot take this packet", EXPFILL}},
    };

    expert_register_field_array(expert_register_protocol(proto), experts, array_length(experts));
}

module_t *hik_stock_preferences(int proto)
{
    module_t *module = prefs_find_module(proto_get_protocol_filter_name(proto));

    return module ? module : prefs_register_protocol(proto, NULL);
}
