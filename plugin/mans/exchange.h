/* exchange.h
 * MANSCDP questions and their answers (GB/T 28181-2016 9.3-9.5): a Query, Control or Notify travels in one SIP message,
 * its Response in others, of other dialogs, tied only by CmdType and SN. A long answer comes in many messages.
 *
 * Written on the first pass, read later. All memory is wmem_file_scope().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_MANSCDP_EXCHANGE_H
#define HIK_MANSCDP_EXCHANGE_H

#include "catalog.h"
#include "manscdp.h"

struct hik_message; /* session.h */

/* One question and its answer. */
struct hik_exchange {
    uint32_t request_frame;  /* 0: not seen */
    nstime_t request_time;
    uint32_t response_frame; /* first message of the answer, 0: none (yet) */
    uint32_t sum_num;        /* SumNum, the newest */
    uint32_t received;       /* items of the answer so far */
    uint32_t messages;       /* of the answer */
    struct hik_request *asked; /* the query, NULL: not seen, or not one that is judged */
    struct hik_catalog_answer *catalog; /* the table's record if it is a catalog's answer, else NULL */
};

/* One SUBSCRIBE (a refresh is another one) and its notifications. */
struct hik_subscription {
    uint32_t frame;          /* of the SUBSCRIBE */
    uint32_t notify_frame;   /* first NOTIFY that belongs to it, 0: none (yet) */
};

/* What one message of it was. Kept with the packet. */
struct hik_exchange_record {
    struct hik_exchange *exchange; /* NULL: no SN, nothing to tie */
    bool is_request;
    bool retransmission;           /* counted before */
    const char *info;              /* set by packet-manscdp.c on the first pass: its text in the packet list */
    bool quiet;                    /* set by packet-manscdp.c on the first pass: it has no expert information */
    uint32_t received;             /* items up to and with this message */
    bool too_many;                 /* more than SumNum */
    struct hik_subscription *subscription; /* of a SUBSCRIBE or NOTIFY; NULL for others, and if not seen */
    bool is_notify;                /* subscription is there: the message is its NOTIFY, not its SUBSCRIBE */
};

/* First pass only. Takes a message in. body: what message was read from. device_id: UTF-8, may be NULL. sip: NULL if
 * the SIP message did not come through our front door; then sip_tvb is NULL too, else the message's bytes. The record is
 * file scope. */
struct hik_exchange_record *hik_exchange_take(packet_info *pinfo, const uint8_t *body, const struct hik_manscdp *message,
                                              const char *device_id, const struct hik_message *sip, tvbuff_t *sip_tvb);

/* Called once at registration. */
void hik_exchange_register(void);

#endif
