/* charset.h
 * Which characters a MANSCDP body is written in, and turning them into UTF-8. GB/T 28181-2011/2016 name GB 2312, the
 * 2022 edition GB 18030; devices declare one and send another. GB 18030 contains GBK and GB 2312, so there are only
 * two families to tell apart.
 *
 * Pure: GLib only, no Wireshark header. Independent of the locale.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_GB_CHARSET_H
#define HIK_GB_CHARSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hik_charset {
    HIK_CHARSET_UNKNOWN, /* not declared, or a name we don't know */
    HIK_CHARSET_UTF8,
    HIK_CHARSET_GB       /* GB 2312, GBK, GB 18030 */
};

/* Does a declaration name an encoding that is common elsewhere, but can hold no Chinese (ISO 8859, ASCII, Windows 125x)? */
bool hik_charset_is_foreign(const uint8_t *name, size_t len);

/* The charset a declaration names ("gb2312", "GB-18030", "CP936", "utf8" ...), any case. */
enum hik_charset hik_charset_of_name(const uint8_t *name, size_t len);

struct hik_charset_choice {
    enum hik_charset charset; /* UTF8 or GB, never UNKNOWN */
    bool ascii_only;          /* no byte above 0x7F: the choice does not matter */
    bool mismatch;            /* the bytes are not what was declared */
    bool foreign;             /* another encoding is declared, known by name but neither of ours: set by manscdp.c */
};

/* Decides for a whole body. declared: HIK_CHARSET_UNKNOWN if there is no declaration. A UTF-8 byte order mark at the
 * start decides alone. Bytes that can only be UTF-8 are UTF-8 whatever the declaration says, and the other way round;
 * what could be both is what was declared. A character cut at the very end does not count. One pass over the bytes. */
void hik_charset_decide(const uint8_t *body, size_t len, enum hik_charset declared, struct hik_charset_choice *out);

/* Bytes hik_charset_to_utf8() needs at most for len bytes of input, the NUL included. */
#define HIK_CHARSET_ROOM(len) (3 * (size_t)(len) + 1)

/* Writes text as NUL-terminated valid UTF-8 to out, which has HIK_CHARSET_ROOM(len) bytes. What is no character becomes
 * U+FFFD, a NUL too. If the text is clearly of the other charset, that is used and *other is set (gateways pass on names
 * of several makers in one body). Returns the length without the NUL. */
size_t hik_charset_to_utf8(enum hik_charset charset, const uint8_t *text, size_t len, char *out, bool *other);

/* What a run of bytes is as UTF-8. */
struct hik_utf8_scan {
    bool valid;         /* a sequence cut by the end counts as valid */
    bool cut;           /* the last sequence is cut by the end */
    uint32_t two;       /* sequences of two bytes */
    uint32_t longer;    /* of three and four */
};

#endif
