/* tcp-state.c
 * Reads the conversations of the stock tcp dissector (RFC 9293 connections) and what it noted of each: its "conversation
 * completeness", shown as tcp.completeness.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tcp-state.h"

#include <epan/dissectors/packet-tcp.h>

/* The bits of tcp.completeness. */
enum { SEEN_SYN = 0x01, SEEN_SYN_ACK = 0x02, SEEN_DATA = 0x08, SEEN_RST = 0x20 };

#define MAX_LOOKED_AT 64

struct end {
    address addr; /* the conversation's own memory */
    uint32_t port;
};

struct seen {
    uint32_t frame;
    unsigned state;
};

struct hik_tcp_survey {
    GHashTable *ends; /* struct end -> GArray of struct seen, by frame */
    int proto_tcp;
};

static guint end_hash(gconstpointer p)
{
    const struct end *end = (const struct end *)p;

    return add_address_to_hash(end->port * 2654435761u, &end->addr);
}

static gboolean end_equal(gconstpointer a, gconstpointer b)
{
    const struct end *x = (const struct end *)a, *y = (const struct end *)b;

    return x->port == y->port && addresses_equal(&x->addr, &y->addr);
}

static void free_list(gpointer list)
{
    g_array_free((GArray *)list, TRUE);
}

static void enter(struct hik_tcp_survey *survey, const address *addr, uint32_t port, const struct seen *seen)
{
    struct end key;
    GArray *list;

    copy_address_shallow(&key.addr, addr);
    key.port = port;
    list = (GArray *)g_hash_table_lookup(survey->ends, &key);
    if (!list) {
        struct end *kept = g_new(struct end, 1);

        *kept = key;
        list = g_array_new(FALSE, FALSE, sizeof(struct seen));
        g_hash_table_insert(survey->ends, kept, list);
    }
    g_array_append_vals(list, seen, 1);
}

static void take_conversation(gpointer key _U_, gpointer value, gpointer data)
{
    struct hik_tcp_survey *survey = (struct hik_tcp_survey *)data;

    for (const conversation_t *one = (const conversation_t *)value; one; one = one->next) {
        const conversation_element_t *e = one->key_ptr;
        const struct tcp_analysis *tcp;
        struct seen seen = {one->setup_frame, 0};

        if (e[0].type != CE_ADDRESS || e[1].type != CE_PORT || e[2].type != CE_ADDRESS || e[3].type != CE_PORT ||
            e[4].type != CE_CONVERSATION_TYPE || e[4].conversation_type_val != CONVERSATION_TCP)
            return; /* one chain, one kind */
        tcp = (const struct tcp_analysis *)conversation_get_proto_data(one, survey->proto_tcp);
        if (!tcp)
            continue;
        if (tcp->conversation_completeness & SEEN_SYN)
            seen.state |= HIK_TCP_SYN;
        if (tcp->conversation_completeness & (SEEN_SYN_ACK | SEEN_DATA))
            seen.state |= HIK_TCP_UP;
        else if (tcp->conversation_completeness & SEEN_RST)
            seen.state |= HIK_TCP_REFUSED;
        enter(survey, &e[0].addr_val, e[1].port_val, &seen);
        enter(survey, &e[2].addr_val, e[3].port_val, &seen);
    }
}

static void take_table(gpointer key _U_, gpointer value, gpointer data)
{
    wmem_map_foreach((wmem_map_t *)value, take_conversation, data);
}

static int by_frame(const void *a, const void *b)
{
    const struct seen *x = (const struct seen *)a, *y = (const struct seen *)b;

    return (x->frame > y->frame) - (x->frame < y->frame);
}

struct hik_tcp_survey *hik_tcp_survey_new(void)
{
    struct hik_tcp_survey *survey = g_new(struct hik_tcp_survey, 1);
    GHashTableIter i;
    gpointer list;

    survey->ends = g_hash_table_new_full(end_hash, end_equal, g_free, free_list);
    survey->proto_tcp = proto_get_id_by_filter_name("tcp");
    wmem_map_foreach(get_conversation_hashtables(), take_table, survey);
    g_hash_table_iter_init(&i, survey->ends);
    while (g_hash_table_iter_next(&i, NULL, &list))
        g_array_sort((GArray *)list, by_frame);
    return survey;
}

void hik_tcp_survey_free(struct hik_tcp_survey *survey)
{
    g_hash_table_destroy(survey->ends);
    g_free(survey);
}

unsigned hik_tcp_state(const struct hik_tcp_survey *survey, const address *addr, uint16_t port, uint32_t first, uint32_t last)
{
    struct end key;
    const GArray *list;
    unsigned low = 0, high, state = 0;

    copy_address_shallow(&key.addr, addr);
    key.port = port;
    list = (const GArray *)g_hash_table_lookup(survey->ends, &key);
    if (!list)
        return 0;
    high = list->len;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;

        if (g_array_index(list, struct seen, middle).frame < first)
            low = middle + 1;
        else
            high = middle;
    }
    for (unsigned n = 0; n < MAX_LOOKED_AT && low + n < list->len; n++) {
        const struct seen *one = &g_array_index(list, struct seen, low + n);

        if (one->frame > last)
            break;
        state |= one->state;
    }
    return state;
}
