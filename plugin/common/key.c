/* key.c
 * Keys of the capture's indexes: two byte strings, or two transport addresses, and a number.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "key.h"

#include <string.h>

uint64_t hik_hash_secret[1 + HIK_HASH_WORDS];

void hik_hash_choose(void)
{
    for (unsigned i = 0; i < array_length(hik_hash_secret); i++)
        hik_hash_secret[i] = (uint64_t)g_random_int() << 32 | g_random_int() | 1;
}

guint hik_address_hash(const address *addr)
{
    return wmem_strong_hash((const uint8_t *)addr->data, addr->data && addr->len > 0 ? (size_t)addr->len : 0);
}

guint hik_text_key_hash(gconstpointer p)
{
    const struct hik_text_key *key = (const struct hik_text_key *)p;
    uint32_t words[3] = {key->number};

    for (int i = 0; i < 2; i++)
        words[1 + i] = wmem_strong_hash(key->text[i], key->len[i]);
    return wmem_strong_hash((const uint8_t *)words, sizeof words);
}

/* An empty text may be NULL, which memcmp() must not get. */
static bool same_text(const struct hik_text_key *a, const struct hik_text_key *b, int i)
{
    return a->len[i] == b->len[i] && (a->len[i] == 0 || memcmp(a->text[i], b->text[i], a->len[i]) == 0);
}

gboolean hik_text_key_equal(gconstpointer a, gconstpointer b)
{
    const struct hik_text_key *x = (const struct hik_text_key *)a, *y = (const struct hik_text_key *)b;

    return x->number == y->number && same_text(x, y, 0) && same_text(x, y, 1);
}

guint hik_ends_key_hash(gconstpointer p)
{
    const struct hik_ends_key *key = (const struct hik_ends_key *)p;
    uint32_t words[4] = {key->number, (uint32_t)key->port[0] << 16 | key->port[1]};

    for (int i = 0; i < 2; i++)
        words[2 + i] = hik_address_hash(key->addr[i]);
    return wmem_strong_hash((const uint8_t *)words, sizeof words);
}

gboolean hik_ends_key_equal(gconstpointer a, gconstpointer b)
{
    const struct hik_ends_key *x = (const struct hik_ends_key *)a, *y = (const struct hik_ends_key *)b;

    return x->number == y->number && x->port[0] == y->port[0] && x->port[1] == y->port[1] &&
           addresses_equal(x->addr[0], y->addr[0]) && addresses_equal(x->addr[1], y->addr[1]);
}

void hik_text_key_insert(wmem_map_t *map, const struct hik_text_key *key, void *value)
{
    /* In one piece with its texts: there are many, and each piece takes some memory for itself. */
    struct hik_text_key *kept = (struct hik_text_key *)wmem_alloc(wmem_file_scope(), sizeof *kept + key->len[0] + key->len[1]);
    uint8_t *text = (uint8_t *)(kept + 1);

    *kept = *key;
    for (int i = 0; i < 2; text += key->len[i++]) {
        kept->text[i] = text;
        if (key->len[i])
            memcpy(text, key->text[i], key->len[i]);
    }
    wmem_map_insert(map, kept, value);
}

void hik_ends_key_insert(wmem_map_t *map, const struct hik_ends_key *key, void *value)
{
    struct hik_ends_key *kept = wmem_new(wmem_file_scope(), struct hik_ends_key);
    address *copies = wmem_alloc_array(wmem_file_scope(), address, 2);

    *kept = *key;
    for (int i = 0; i < 2; i++) {
        copy_address_wmem(wmem_file_scope(), &copies[i], key->addr[i]);
        kept->addr[i] = &copies[i];
    }
    wmem_map_insert(map, kept, value);
}
