/* seen.h
 * What an empty table says: what the capture holds instead of its rows, and where.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_SEEN_H
#define HIK_SEEN_H

#include "ws-compat.h"

/* Each table that is printed calls it. From then on SIP and RTP of the capture are counted, in stock's taps: without a table nothing is
 * counted. */
void hik_seen_listen(void);
/* The same for tables in windows, which are filled as packets come by: nobody says when the last one has. changes is called behind
 * the first packet and whenever what they say without counts has changed; a dozen times for a capture. */
void hik_seen_watch(void (*changes)(void));

/* A message of a call is dissected: not while taps are called. */
void hik_seen_call(void);

/* First pass: data on one of our own ports that is no SIP of GB/T 28181. */
void hik_seen_other(packet_info *pinfo);

enum hik_seen_table { HIK_SEEN_SESSIONS, HIK_SEEN_SERIES, HIK_SEEN_PLATFORMS, HIK_SEEN_CATALOG, HIK_SEEN_MESSAGES };

/* The words for a table without rows, to be freed by g_free(). filter: of the table, NULL if it has none or does not tell.
 * counts: with numbers of messages and packets, at the end of the capture. */
char *hik_seen_remark(enum hik_seen_table table, const char *filter, bool counts);

void hik_seen_register(void);

#endif
