/* packet-manscdp.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ws-compat.h"

#include "catalog.h"
#include "packet-hikcascade.h"

void hik_manscdp_register(int proto _U_)
{
    hik_catalog_register();
}

void hik_manscdp_handoff(void)
{
}
