/* key.c
 * Keys of the capture's indexes: two byte strings, or two transport addresses, and a number; indexes by what stands for them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "key.h"

#include <string.h>

uint64_t hik_hash_secret[1 + HIK_HASH_WORDS];
static uint64_t digest_secret[2];

void hik_hash_choose(void)
{
    for (unsigned i = 0; i < array_length(hik_hash_secret); i++)
        hik_hash_secret[i] = (uint64_t)g_random_int() << 32 | g_random_int() | 1;
    for (unsigned i = 0; i < array_length(digest_secret); i++)
        digest_secret[i] = (uint64_t)g_random_int() << 32 | g_random_int();
}

guint hik_address_hash(const address *addr)
{
    return wmem_strong_hash((const uint8_t *)addr->data, addr->data && addr->len > 0 ? (size_t)addr->len : 0);
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

/* ---- digests ------------------------------------------------------------------------------------------------------ */

static uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

/* One round of SipHash. */
static void mix(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32) + v[3];
    v[2] += v[1];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static void digest_begin(uint64_t v[4])
{
    v[0] = digest_secret[0] ^ UINT64_C(0x736f6d6570736575);
    v[1] = digest_secret[1] ^ UINT64_C(0x646f72616e646f6d);
    v[2] = digest_secret[0] ^ UINT64_C(0x6c7967656e657261);
    v[3] = digest_secret[1] ^ UINT64_C(0x7465646279746573);
}

static void digest_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    mix(v);
    mix(v);
    v[0] ^= word;
}

/* The last word is filled up with zeros: how long the bytes are, another word tells. */
static void digest_bytes(uint64_t v[4], const uint8_t *bytes, size_t len)
{
    for (uint64_t word; len > 0; bytes += MIN(len, sizeof word), len -= MIN(len, sizeof word)) {
        word = 0;
        memcpy(&word, bytes, MIN(len, sizeof word));
        digest_word(v, word);
    }
}

static uint64_t digest_end(uint64_t v[4])
{
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        mix(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t hik_text_digest(const struct hik_text_key *key)
{
    uint64_t v[4];

    digest_begin(v);
    digest_word(v, (uint64_t)key->len[0] << 32 | key->len[1]);
    digest_word(v, key->number);
    for (int i = 0; i < 2; i++)
        digest_bytes(v, key->text[i], key->len[i]);
    return digest_end(v);
}

uint64_t hik_ends_digest(const struct hik_ends_key *key)
{
    uint64_t v[4];

    digest_begin(v);
    digest_word(v, (uint64_t)key->port[0] << 48 | (uint64_t)key->port[1] << 32 | key->number);
    for (int i = 0; i < 2; i++) {
        size_t len = key->addr[i]->len > 0 ? (size_t)key->addr[i]->len : 0;

        digest_word(v, (uint64_t)(uint32_t)key->addr[i]->type << 32 | len);
        digest_bytes(v, (const uint8_t *)key->addr[i]->data, len);
    }
    return digest_end(v);
}

/* ---- indexes ----------------------------------------------------------------------------------------------------- */

struct hik_indexed {
    uint64_t digest;
    void *value; /* NULL: the place is free */
};
enum { FIRST_ROOM = 16 }; /* a power of two, as every room is */

static struct hik_index *indexes;

static void empty_indexes(void)
{
    for (struct hik_index *index = indexes; index; index = index->next) {
        index->entries = NULL;
        index->room = index->count = 0;
    }
}

void hik_index_register(struct hik_index *index)
{
    if (!indexes)
        register_cleanup_routine(empty_indexes);
    index->next = indexes;
    indexes = index;
}

/* Its place, or the free one where it belongs. There are free ones. */
static struct hik_indexed *find_place(const struct hik_index *index, uint64_t digest)
{
    uint32_t at = (uint32_t)digest & (index->room - 1);

    while (index->entries[at].value && index->entries[at].digest != digest)
        at = (at + 1) & (index->room - 1);
    return &index->entries[at];
}

void *hik_index_get(const struct hik_index *index, uint64_t digest)
{
    return index->room ? find_place(index, digest)->value : NULL;
}

static void make_room(struct hik_index *index)
{
    struct hik_index before = *index;

    index->room = before.room ? 2 * before.room : FIRST_ROOM;
    index->entries = wmem_alloc0_array(wmem_file_scope(), struct hik_indexed, index->room);
    for (uint32_t i = 0; i < before.room; i++)
        if (before.entries[i].value)
            *find_place(index, before.entries[i].digest) = before.entries[i];
    wmem_free(wmem_file_scope(), before.entries);
}

void hik_index_put(struct hik_index *index, uint64_t digest, void *value)
{
    struct hik_indexed *place;

    if (index->count >= index->room / 4 * 3) /* more, and the ways to what is not there grow long */
        make_room(index);
    place = find_place(index, digest);
    index->count += !place->value;
    place->digest = digest;
    place->value = value;
}
