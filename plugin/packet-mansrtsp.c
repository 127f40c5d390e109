/* packet-mansrtsp.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ws-compat.h"

#include "packet-hikcascade.h"

void hik_mansrtsp_register(int proto _U_)
{
}

void hik_mansrtsp_handoff(void)
{
}
