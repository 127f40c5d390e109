/* catalog.c
 * The names and places of devices, learned from Catalog messages (GB/T 28181-2016 9.5, A.2.6).
 *
 * Hashed by ID; a renamed device keeps its names in a tree by frame, so that a lookup costs the same however often
 * a hostile capture renames it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "catalog.h"

#include "key.h"
#include "parts.h"
#include "text.h"

#include <string.h>

/* What one capture taught. Lives in file scope, reached through the pointer below, which is reset with it. */
struct catalog {
    wmem_map_t *items;   /* id -> struct hik_catalog_item */
    wmem_map_t *sources; /* address -> frame of the first line it sent */
    wmem_map_t *wholes;  /* address -> frame that made the first answer it sent whole */
    wmem_map_t *strings; /* string -> itself: parents, states and owners repeat on every line */
    const char *last_parent, *last_civil_code, *last_status, *last_owner; /* taken last; of strings */
    struct hik_catalog_item *first, *last;
    unsigned count;
    struct hik_catalog_answer *first_answer, *last_answer;
};

static int catalog_tap = -1;
static struct catalog *this_catalog; /* NULL: nothing was learned in this capture */

static void reset_catalog(void)
{
    this_catalog = NULL;
}

static struct catalog *catalog_get(void)
{
    return this_catalog;
}

static guint source_hash(gconstpointer key)
{
    return hik_address_hash((const address *)key);
}

static gboolean source_equal(gconstpointer a, gconstpointer b)
{
    return addresses_equal((const address *)a, (const address *)b);
}

static struct catalog *catalog_make(void)
{
    struct catalog *catalog = catalog_get();

    if (!catalog) {
        catalog = wmem_new0(wmem_file_scope(), struct catalog);
        catalog->items = wmem_map_new(wmem_file_scope(), wmem_str_hash, g_str_equal);
        catalog->sources = wmem_map_new(wmem_file_scope(), source_hash, source_equal);
        catalog->wholes = wmem_map_new(wmem_file_scope(), source_hash, source_equal);
        catalog->strings = wmem_map_new(wmem_file_scope(), wmem_str_hash, g_str_equal);
        this_catalog = catalog;
    }
    return catalog;
}

/* Digits 11-13 of an ID of exactly 20 digits, else 0. */
static uint16_t type_of(const char *id)
{
    unsigned i;

    for (i = 0; i < 20; i++) {
        if (!g_ascii_isdigit(id[i]))
            return 0;
    }
    if (id[i] != '\0')
        return 0;
    return (uint16_t)((id[10] - '0') * 100 + (id[11] - '0') * 10 + (id[12] - '0'));
}

static const char *intern(struct catalog *catalog, const char *text)
{
    const char *known = (const char *)wmem_map_lookup(catalog->strings, text);

    if (!known) {
        char *copy = wmem_strdup(wmem_file_scope(), text);

        wmem_map_insert(catalog->strings, copy, copy);
        known = copy;
    }
    return known;
}

/* Keeps what was known when the new line does not say. before: what the line before said, which is mostly the same. */
static void take(struct catalog *catalog, const char **where, const char *text, const char **before)
{
    if (!text || !*text || (*where && strcmp(*where, text) == 0))
        return;
    if (!*before || strcmp(*before, text) != 0)
        *before = intern(catalog, text);
    *where = *before;
}

static void update_name(struct hik_catalog_item *item, const char *name, uint32_t frame)
{
    if (!name || !*name || (item->name && strcmp(item->name, name) == 0))
        return;
    item->name = wmem_strdup(wmem_file_scope(), name);
    if (item->first_name_frame == 0 || item->first_name_frame == frame) {
        item->first_name = item->name;
        item->first_name_frame = frame;
        return;
    }
    if (!item->later_names)
        item->later_names = wmem_tree_new(wmem_file_scope());
    wmem_tree_insert32(item->later_names, frame, (void *)item->name);
}

struct hik_catalog_item *hik_catalog_learn(packet_info *pinfo, const struct hik_catalog_line *line)
{
    struct catalog *catalog;
    struct hik_catalog_item *item;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (!line->id || !*line->id)
        return NULL;
    catalog = catalog_make();
    item = (struct hik_catalog_item *)wmem_map_lookup(catalog->items, line->id);
    if (!item) {
        item = wmem_new0(wmem_file_scope(), struct hik_catalog_item);
        item->id = wmem_strdup(wmem_file_scope(), line->id);
        item->first_frame = pinfo->num;
        item->index = catalog->count++;
        item->type = type_of(line->id);
        take(catalog, &item->owner, line->owner, &catalog->last_owner);
        wmem_map_insert(catalog->items, item->id, item);
        if (catalog->last)
            catalog->last->next = item;
        else
            catalog->first = item;
        catalog->last = item;
    }
    if (!wmem_map_contains(catalog->sources, &pinfo->src)) {
        address *source = wmem_new(wmem_file_scope(), address);

        copy_address_wmem(wmem_file_scope(), source, &pinfo->src);
        wmem_map_insert(catalog->sources, source, GUINT_TO_POINTER(pinfo->num));
    }
    item->last_frame = pinfo->num;
    update_name(item, line->name, pinfo->num);
    take(catalog, &item->parent, line->parent, &catalog->last_parent);
    take(catalog, &item->civil_code, line->civil_code, &catalog->last_civil_code);
    if (line->there && item->status && g_ascii_strcasecmp(item->status, "DEL") == 0)
        item->status = NULL;
    take(catalog, &item->status, line->status, &catalog->last_status);
    return item;
}

const struct hik_catalog_item *hik_catalog_item(const char *device_id)
{
    struct catalog *catalog = catalog_get();

    if (!catalog || !device_id)
        return NULL;
    return (const struct hik_catalog_item *)wmem_map_lookup(catalog->items, device_id);
}

const char *hik_catalog_name(const char *device_id, uint32_t frame)
{
    const struct hik_catalog_item *item = hik_catalog_item(device_id);
    const char *later = NULL;

    if (!item || item->first_name_frame == 0 || item->first_name_frame > frame)
        return NULL;
    if (item->later_names)
        later = (const char *)wmem_tree_lookup32_le(item->later_names, frame);
    return later ? later : item->first_name;
}

bool hik_catalog_knows(const char *device_id, uint32_t frame)
{
    const struct hik_catalog_item *item = hik_catalog_item(device_id);

    return item && item->first_frame <= frame;
}

bool hik_catalog_seen(const address *platform, uint32_t frame)
{
    const struct catalog *catalog = catalog_get();
    uint32_t first = catalog ? GPOINTER_TO_UINT(wmem_map_lookup(catalog->sources, platform)) : 0;

    return first != 0 && first <= frame;
}

const struct hik_catalog_item *hik_catalog_next(const struct hik_catalog_item *item)
{
    const struct catalog *catalog;

    if (item)
        return item->next;
    catalog = catalog_get();
    return catalog ? catalog->first : NULL;
}

unsigned hik_catalog_count(void)
{
    const struct catalog *catalog = catalog_get();

    return catalog ? catalog->count : 0;
}

struct hik_catalog_answer *hik_catalog_answer_new(packet_info *pinfo, const char *device_id, const char *sn,
                                                  uint32_t request_frame)
{
    struct catalog *catalog;
    struct hik_catalog_answer *answer;
    char *copy;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    catalog = catalog_make();
    answer = wmem_new0(wmem_file_scope(), struct hik_catalog_answer);
    answer->device_id = intern(catalog, device_id ? device_id : "");
    copy_address_wmem(wmem_file_scope(), &answer->source, &pinfo->src);
    copy = wmem_strdup(wmem_file_scope(), sn ? sn : "");
    hik_text_one_line(copy);
    answer->sn = copy;
    answer->request_frame = request_frame;
    answer->first_frame = pinfo->num;
    if (catalog->last_answer)
        catalog->last_answer->next = answer;
    else
        catalog->first_answer = answer;
    catalog->last_answer = answer;
    return answer;
}

void hik_catalog_answer_add(packet_info *pinfo, struct hik_catalog_answer *answer, uint32_t sum_num, uint32_t received)
{
    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    answer->sum_num = sum_num;
    answer->received = received;
    answer->messages++;
    answer->last_frame = pinfo->num;
    if (sum_num > 0 && received >= sum_num && !wmem_map_contains(catalog_get()->wholes, &answer->source))
        wmem_map_insert(catalog_get()->wholes, &answer->source, GUINT_TO_POINTER(pinfo->num));
}

bool hik_catalog_was_whole(const address *platform, uint32_t frame)
{
    const struct catalog *catalog = catalog_get();
    uint32_t first = catalog ? GPOINTER_TO_UINT(wmem_map_lookup(catalog->wholes, platform)) : 0;

    return first != 0 && first <= frame;
}

void hik_catalog_answer_lists(packet_info *pinfo, struct hik_catalog_answer *answer, struct hik_catalog_item *const *items,
                              unsigned count)
{
    unsigned i;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    for (i = 0; i < count; i++) {
        const struct hik_catalog_answer **last = items[i]->answers;

        if (last[0] == answer || last[1] == answer) {
            answer->repeated++;
            continue;
        }
        last[1] = last[0];
        last[0] = answer;
    }
}

const struct hik_catalog_answer *hik_catalog_answer_next(const struct hik_catalog_answer *answer)
{
    const struct catalog *catalog;

    if (answer)
        return answer->next;
    catalog = catalog_get();
    return catalog ? catalog->first_answer : NULL;
}

void hik_catalog_register(void)
{
    catalog_tap = register_tap(HIK_CATALOG_TAP);
    register_cleanup_routine(reset_catalog);
}

bool hik_catalog_tap_wanted(void)
{
    return have_tap_listener(catalog_tap);
}

void hik_catalog_tap_queue(packet_info *pinfo, const char *const *ids, unsigned count)
{
    struct hik_catalog_tapped *tapped = wmem_new(pinfo->pool, struct hik_catalog_tapped);

    tapped->ids = ids;
    tapped->count = count;
    tap_queue_packet(catalog_tap, pinfo, tapped);
}
