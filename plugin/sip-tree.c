/* sip-tree.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "session.h"

#include "packet-hikcascade.h"

void hik_sip_tree_register(int proto _U_)
{
}
