/* mpeg-ps.h
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_MPEG_PS_H
#define HIK_MPEG_PS_H

#endif
