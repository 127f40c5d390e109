/* key.h
 * Keys of the capture's indexes that are looked up as they stand in a packet, without making a string first; and an index that
 * keeps none of them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_KEYS_H
#define HIK_KEYS_H

#include "ws-compat.h"

/* Two texts and a number: raw bytes as they stand in the message, nothing to convert for a lookup. */
struct hik_text_key {
    const uint8_t *text[2];
    uint32_t len[2];
    uint32_t number;
};

/* Two transport addresses and a number. */
struct hik_ends_key {
    const address *addr[2];
    uint16_t port[2];
    uint32_t number;
};

/* Every table whose keys a sender chooses is hashed by wmem_strong_hash(), or word by word where each RTP packet is
 * looked up, or has digests of the keys, as below. All are seeded anew for each run: nobody can choose keys that fall together. */

/* Hash of a key of up to HIK_HASH_WORDS words: the upper half of hik_hash_secret[0] and of the sum of the words, each times a
 * secret number of 64 bits. Two different keys have the same hash once in 2^32 (Carter and Wegman's universal hashing, in its
 * multilinear form). */
enum { HIK_HASH_WORDS = 10 };
extern uint64_t hik_hash_secret[1 + HIK_HASH_WORDS];
static inline uint64_t hik_hash_word(unsigned i, uint32_t word)
{
    return hik_hash_secret[1 + i] * word;
}
/* At registration: chooses the secret numbers, once for the life of the program. */
void hik_hash_choose(void);

/* Hash of an address, by wmem_strong_hash(). */
guint hik_address_hash(const address *addr);

/* For wmem_map: hash and comparison of pointers to such keys. */
guint hik_ends_key_hash(gconstpointer key);
gboolean hik_ends_key_equal(gconstpointer a, gconstpointer b);

/* Inserts under a file scope copy of the key. */
void hik_ends_key_insert(wmem_map_t *map, const struct hik_ends_key *key, void *value);

/* ---- indexes without keys ---------------------------------------------------------------------------------------------- */

/* What stands for a key: 64 bits that nobody can foresee (Aumasson and Bernstein's SipHash-2-4). In captures of
 * 100,000 calls, two keys have the same one in ten million captures, whoever chose them. */
uint64_t hik_text_digest(const struct hik_text_key *key);
uint64_t hik_ends_digest(const struct hik_ends_key *key); /* an end may be of type AT_NONE */

/* Finds by digests what was put in under them: 16 bytes an entry and what room is free, where a map takes ten times as much with
 * its keys. Static, zeroed; nothing is taken out, and all of it with the capture. First pass. */
struct hik_index {
    struct hik_indexed *entries; /* room of them, file scope; NULL: none */
    uint32_t room, count;
    struct hik_index *next;      /* of all that were registered */
};
void hik_index_register(struct hik_index *index);
/* NULL: nothing was put in. */
void *hik_index_get(const struct hik_index *index, uint64_t digest);
/* In the place of what was there. The value is not NULL. */
void hik_index_put(struct hik_index *index, uint64_t digest, void *value);

#endif
