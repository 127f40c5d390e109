/* request.h
 * What was asked and whether it was answered: SIP requests outside of calls (RFC 3261 clause 17), and MANSCDP queries
 * (GB/T 28181-2016 9.5), which are accepted with 200 first and answered by a Response of their own later.
 *
 * Written on the first pass. What stayed unanswered is known at the end of the capture only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_REQUEST_H
#define HIK_REQUEST_H

#include "endpoint.h"
#include "session.h"

/* RFC 3261 timer F: a request without a final answer has failed after 64 times T1, in seconds. */
#define HIK_REQUEST_TIMER_F 32.0
/* As well, when it was sent that often: with T1 of 500 ms that takes more than 7 s. */
#define HIK_REQUEST_SENDS 5
/* The same again within less is a copy made by the capture, not by the sender, in seconds. */
#define HIK_REQUEST_COPY 0.1
/* A query that was accepted gets its Response, or the next part of a list, within this time, in seconds. */
#define HIK_QUERY_SECONDS 30.0

/* A MESSAGE, SUBSCRIBE, NOTIFY or REGISTER, from its first sending on. File scope; first pass. */
struct hik_request {
    uint32_t frame;
    nstime_t time, last_sent;
    unsigned sends;               /* copies of the capture not counted */
    enum hik_method method;
    enum hik_direction direction;
    bool keepalive;
    struct hik_platforms *pair; /* as it was known then; NULL: not known */
    struct hik_endpoint to;
    struct hik_endpoint lower;    /* a request to the lower platform that goes elsewhere than its own messages come from:
                                     where they come from. Else its address is AT_NONE */
    bool to_contact;              /* such a request goes to the Contact of the REGISTER */
    const char *via;              /* host of Via, or that and the port, where they are not the sender's and there is no rport; NULL */
    struct hik_endpoint from;     /* set where via is */
    uint32_t answer_frame;        /* first final answer, 0: none */
    uint16_t status;
    bool doubtful;                /* something came that may be its answer, of a device that answers by other rules */

    /* of a query, written for exchange.c */
    const char *command;          /* NULL: the request is no query that a Response follows */
    const char *sn, *device_id;
    uint32_t response_frame;      /* last message of the Response, 0: none */
    nstime_t response_time;
    uint32_t received, sum_num;   /* items */
    uint32_t untied_frame;        /* a Response to the same command came whose SN, untied_sn, is of no query: the first, 0: none */
    const char *untied_sn;        /* "" if it has none */

    struct hik_request *next, *next_of_pair; /* in order of the first sending */
};

enum hik_request_state {
    HIK_REQUEST_FINE,        /* answered, or nobody can tell */
    HIK_REQUEST_NO_ANSWER,
    HIK_REQUEST_NO_RESPONSE, /* query: 200, and nothing more */
    HIK_REQUEST_LIST_STOPS   /* query: a part of the list */
};

struct hik_message_info;     /* message-info.h */
struct hik_transaction; /* transaction.h */
/* First pass. Keeps a request with its copies, or ties an answer to it. After the message's pair and direction are known. */
void hik_request_process(packet_info *pinfo, const struct hik_message_info *r, struct hik_message *message,
                      const struct hik_transaction *transaction);
/* First pass. The two pairs are one from now on: the first. */
void hik_request_merge(struct hik_platforms *into, struct hik_platforms *from);
/* First pass. The request is a query; the texts are copied. */
void hik_request_is_query(struct hik_request *request, const char *command, const char *sn, const char *device_id);
/* First pass. A message of its Response came: items so far, and how many were announced. */
void hik_request_process_response(packet_info *pinfo, struct hik_request *request, uint32_t received, uint32_t sum_num);

/* First pass. A Response came that is tied to no query by its SN, "" if it has none: the newest may be meant. */
void hik_request_process_untied(packet_info *pinfo, const struct hik_message *response, const char *command, const char *sn);

/* By what the capture held up to capture_end. Any pass. */
enum hik_request_state hik_request_judge(const struct hik_request *request, const nstime_t *capture_end);
/* The sentence for a state other than FINE, with the likely cause if the packets show it. */
void hik_request_print(const struct hik_request *request, enum hik_request_state state, const nstime_t *capture_end, char *out,
                       size_t room);
/* Does the capture hold messages of the pair that go this way? Without them nobody can tell what was answered. Any pass. */
bool hik_request_is_heard(struct hik_platforms *pair, enum hik_direction direction);
/* Did that end answer a REGISTER of anybody? Any pass. */
bool hik_request_is_registrar(const struct hik_endpoint *endpoint);
/* How many of a pair's requests stayed unanswered. Linear in the pair's requests. */
unsigned hik_request_count_unanswered(struct hik_platforms *pair, const nstime_t *capture_end);

/* All requests of the capture: NULL gives the first, the last gives NULL. */
const struct hik_request *hik_request_next(const struct hik_request *request);

void hik_request_register(void);

#endif
