/* media.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "media.h"

#include "packet-hikcascade.h"

void hik_media_register(int proto _U_)
{
}

void hik_media_handoff(void)
{
}
