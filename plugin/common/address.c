/* address.c
 * Kinds of addresses (RFC 1918, 3927, 4193, 4291, 5771, 6598).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "address.h"

#include <string.h>

enum hik_address_class hik_address_classify(const uint8_t *bytes, size_t len)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    static const uint8_t zero[16];

    if (len == 16 && memcmp(bytes, mapped, sizeof mapped) == 0)
        return hik_address_classify(bytes + 12, 4);
    if (len == 4) {
        if (bytes[0] == 0)
            return HIK_ADDR_ANY;
        if (bytes[0] == 127)
            return HIK_ADDR_LOOPBACK;
        if (bytes[0] >= 224)
            return bytes[0] < 240 ? HIK_ADDR_MULTICAST : HIK_ADDR_ANY;
        if (bytes[0] == 10 || (bytes[0] == 172 && (bytes[1] & 0xf0) == 16) || (bytes[0] == 192 && bytes[1] == 168) ||
            (bytes[0] == 100 && (bytes[1] & 0xc0) == 64) || (bytes[0] == 169 && bytes[1] == 254))
            return HIK_ADDR_PRIVATE;
        return HIK_ADDR_PUBLIC;
    }
    if (len == 16) {
        if (memcmp(bytes, zero, 16) == 0)
            return HIK_ADDR_ANY;
        if (memcmp(bytes, zero, 15) == 0 && bytes[15] == 1)
            return HIK_ADDR_LOOPBACK;
        if (bytes[0] == 0xff)
            return HIK_ADDR_MULTICAST;
        if ((bytes[0] & 0xfe) == 0xfc || (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80))
            return HIK_ADDR_PRIVATE;
        return HIK_ADDR_PUBLIC;
    }
    return HIK_ADDR_UNKNOWN;
}
