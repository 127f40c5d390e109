/* sdp-gb.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sdp-gb.h"
