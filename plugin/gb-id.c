/* gb-id.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gb-id.h"
