/* mpeg-ps.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mpeg-ps.h"
