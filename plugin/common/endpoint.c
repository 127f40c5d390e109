/* endpoint.c
 * Transport addresses: kept, compared, classed and printed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "endpoint.h"

#include "kept.h"

#include <epan/to_str.h>

void hik_endpoint_set(struct hik_endpoint *endpoint, const address *addr, uint32_t port)
{
    set_address(&endpoint->addr, addr->type, addr->len, addr->len > 0 ? hik_keep_copy(addr->data, (size_t)addr->len) : NULL);
    endpoint->port = (uint16_t)port;
}

bool hik_endpoint_is(const struct hik_endpoint *endpoint, const address *addr, uint32_t port)
{
    return endpoint->port == port && addresses_equal(&endpoint->addr, addr);
}

struct hik_endpoint_text hik_endpoint_print(const address *addr, uint16_t port)
{
    struct hik_endpoint_text text = {""};
    char plain[48];

    if (addr->type == AT_NONE)
        return text;
    address_to_str_buf(addr, plain, sizeof plain);
    snprintf(text.s, sizeof text.s, addr->type == AT_IPv6 ? "[%s]:%u" : "%s:%u", plain, port);
    return text;
}

struct hik_endpoint_text hik_endpoint_print_address(const address *addr)
{
    struct hik_endpoint_text text = {""};

    if (addr->type != AT_NONE)
        address_to_str_buf(addr, text.s, sizeof text.s);
    return text;
}

const char *hik_endpoint_keep(struct hik_endpoint_text *slot, struct hik_endpoint_text text)
{
    *slot = text;
    return slot->s[0] != '\0' ? slot->s : NULL;
}

enum hik_address_class hik_address_class_of(const address *addr)
{
    if (addr->type != AT_IPv4 && addr->type != AT_IPv6)
        return HIK_ADDR_UNKNOWN;
    return hik_address_classify((const uint8_t *)addr->data, (size_t)addr->len);
}

bool hik_address_is_private(const address *addr)
{
    enum hik_address_class kind = hik_address_class_of(addr);

    return kind == HIK_ADDR_PRIVATE || kind == HIK_ADDR_ANY;
}
