/* address.h
 * Which kind of address it is that somebody is asked to send to: the one definition of a private address.
 *
 * Pure: no Wireshark header.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_ADDRESS_H
#define HIK_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

/* Which kind of address it is that somebody is asked to send to. */
enum hik_address_class {
    HIK_ADDR_UNKNOWN,
    HIK_ADDR_PUBLIC,
    HIK_ADDR_PRIVATE, /* RFC 1918, 6598, 4193, link-local */
    HIK_ADDR_LOOPBACK,
    HIK_ADDR_ANY,     /* 0.0.0.0 and :: */
    HIK_ADDR_MULTICAST
};
/* bytes: 4 or 16 of them, network order; any other len is UNKNOWN. IPv4-mapped IPv6 is judged as IPv4. */
enum hik_address_class hik_address_classify(const uint8_t *bytes, size_t len);

#endif
