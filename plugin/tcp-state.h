/* tcp-state.h
 * Did a TCP connection to an endpoint come about? Asked of what the stock tcp dissector keeps about every connection,
 * because segments without data (SYN, RST) reach no dissector above it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_TCP_STATE_H
#define HIK_TCP_STATE_H

#include "ws-compat.h"

enum hik_tcp_state {
    HIK_TCP_SYN = 1 << 0,     /* somebody asked for a connection */
    HIK_TCP_UP = 1 << 1,      /* it was answered, or data went over it */
    HIK_TCP_REFUSED = 1 << 2  /* it was reset before it was answered */
};

/* A look at all TCP connections of the capture so far; linear in them. Freed by hik_tcp_survey_free(). */
struct hik_tcp_survey;
struct hik_tcp_survey *hik_tcp_survey_new(void);
void hik_tcp_survey_free(struct hik_tcp_survey *survey);

/* enum hik_tcp_state of the connections with that end whose first frame is between the two, both included. Looks at no
 * more than 64 of them. */
unsigned hik_tcp_state(const struct hik_tcp_survey *survey, const address *addr, uint16_t port, uint32_t first, uint32_t last);

#endif
