/* endpoint.h
 * A transport address: an IP address and a port, kept, compared, classed and printed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_ENDPOINT_H
#define HIK_ENDPOINT_H

#include "ws-compat.h"

#include "address.h"

/* A transport address. */
struct hik_endpoint {
    address addr; /* file scope copy; AT_NONE if unknown */
    uint16_t port;
};

/* A file scope copy of the address; and the comparison. */
void hik_endpoint_set(struct hik_endpoint *endpoint, const address *addr, uint32_t port);
bool hik_endpoint_is(const struct hik_endpoint *endpoint, const address *addr, uint32_t port);

/* Address and port as text, "192.0.2.1:7100" or "[2001:db8::1]:7100"; also holds an address alone. */
#define HIK_ENDPOINT_TEXT 64
struct hik_endpoint_text {
    char s[HIK_ENDPOINT_TEXT];
};
/* Port 0 of a real address is written, too. "" if the address is not known. */
struct hik_endpoint_text hik_endpoint_print(const address *addr, uint16_t port);
/* The address alone. */
struct hik_endpoint_text hik_endpoint_print_address(const address *addr);

/* Keeps a text in the slot and returns it, NULL if it is empty. */
const char *hik_endpoint_keep(struct hik_endpoint_text *slot, struct hik_endpoint_text text);

enum hik_address_class hik_address_class_of(const address *addr);
/* Other networks cannot send there: it is private, or none at all (0.0.0.0). */
bool hik_address_is_private(const address *addr);

#endif
