/* sip-ports.c
 * Ports that stock sip owns. Wireshark asks the table of ports before any heuristic dissector, and hands over what
 * TCP put together: who wants to see a message there has to stand in the table. Preferences and Decode As write to the
 * tables at any time between two captures, so they are looked through before each capture.
 *
 * An entry of a table has the handle it began with and the current one. The window of Decode As shows, and saves, the
 * entries where they differ. So an entry that nobody changed is made anew, and stays unchanged; one that was changed keeps
 * what it began with, and its handle has the description of stock's, by which Decode As saves it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sip-ports.h"

enum { MAX_TAKEN = 2 };

/* Static; written at registration. */
static struct taken {
    const char *table;
    dissector_handle_t stock;
    dissector_handle_t front;   /* where nobody changed the entry */
    dissector_handle_t changed; /* the same where somebody did */
} taken[MAX_TAKEN];
static unsigned taken_count;
static const ws_bool *is_enabled;

/* The ports of one table that are to be written. */
struct ports {
    const struct taken *of;
    GArray *fresh, *changed; /* of uint32_t */
};

static void look_at_entry(const char *table _U_, ftenum_t type _U_, void *key, void *value, void *user_data)
{
    struct ports *ports = (struct ports *)user_data;
    dissector_handle_t current = dtbl_entry_get_handle((dtbl_entry_t *)value);
    dissector_handle_t initial = dtbl_entry_get_initial_handle((dtbl_entry_t *)value);
    uint32_t port = GPOINTER_TO_UINT(key);

    if (*is_enabled ? current != ports->of->stock : current != ports->of->front && current != ports->of->changed)
        return;
    g_array_append_val(initial == current ? ports->fresh : ports->changed, port);
}

static void arrange(const struct taken *of)
{
    struct ports ports = {of, g_array_new(FALSE, FALSE, sizeof(uint32_t)), g_array_new(FALSE, FALSE, sizeof(uint32_t))};

    dissector_table_foreach(of->table, look_at_entry, &ports);
    for (unsigned i = 0; i < ports.fresh->len; i++)
        dissector_add_uint(of->table, g_array_index(ports.fresh, uint32_t, i), *is_enabled ? of->front : of->stock);
    for (unsigned i = 0; i < ports.changed->len; i++)
        dissector_change_uint(of->table, g_array_index(ports.changed, uint32_t, i), *is_enabled ? of->changed : of->stock);
    g_array_free(ports.fresh, TRUE);
    g_array_free(ports.changed, TRUE);
}

static void arrange_all(void)
{
    for (unsigned i = 0; i < taken_count; i++)
        arrange(&taken[i]);
}

void hik_sip_ports_take(const char *table, dissector_handle_t stock, dissector_t front, int proto, const char *description)
{
    struct taken *of = &taken[taken_count++];

    DISSECTOR_ASSERT(taken_count <= MAX_TAKEN);
    of->table = table;
    of->stock = stock;
    of->front = create_dissector_handle_with_name_and_description(front, proto, NULL, description);
    of->changed = create_dissector_handle_with_name_and_description(front, proto, NULL,
                                                                    dissector_handle_get_description(stock));
    dissector_add_for_decode_as(table, of->front);
}

int hik_sip_ports_call(dissector_handle_t handle, unsigned can_desegment, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree,
                         void *data)
{
    pinfo->can_desegment = (uint16_t)can_desegment;
    return call_dissector_only(handle, tvb, pinfo, tree, data);
}

void hik_sip_ports_register(const ws_bool *enabled)
{
    is_enabled = enabled;
    register_init_routine(arrange_all);
}
