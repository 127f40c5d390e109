/* request.c
 * Keeps the requests of the capture and their answers, and judges which of them stayed unanswered. Nothing is judged where
 * the capture has one direction only, or no answers of anybody, or ends too soon.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "request.h"

#include <stdio.h>
#include <string.h>

#include "message-info.h"
#include "seconds.h"
#include "text.h"
#include "transaction.h"

/* The requests of one pair. File scope; first pass. */
struct of_pair {
    struct hik_request *first, *last;
    unsigned messages[3];          /* SIP messages, by direction */
    struct hik_request *newest[3]; /* by direction */
    struct hik_request *query[3];  /* newest query, by direction */
};

/* About the capture; emptied with it. */
static struct {
    struct hik_request *first, *last;
    unsigned answered;  /* requests of any method with a final answer */
    wmem_map_t *pairs;  /* struct hik_platforms -> struct of_pair */
    wmem_map_t *registrars; /* endpoints, as text, that answered a REGISTER */
} capture;

static void reset(void)
{
    memset(&capture, 0, sizeof capture);
}

static void start(void)
{
    reset();
    capture.pairs = wmem_map_new(wmem_file_scope(), g_direct_hash, g_direct_equal);
    capture.registrars = wmem_map_new(wmem_file_scope(), wmem_str_hash, g_str_equal);
}

void hik_request_register(void)
{
    register_init_routine(start);
    register_cleanup_routine(reset);
}

static struct of_pair *of_pair(struct hik_platforms *any, bool make)
{
    const struct hik_platforms *pair = hik_platforms_now(any);
    struct of_pair *kept = pair && capture.pairs ? (struct of_pair *)wmem_map_lookup(capture.pairs, pair) : NULL;

    if (!kept && pair && make) {
        kept = wmem_new0(wmem_file_scope(), struct of_pair);
        wmem_map_insert(capture.pairs, pair, kept);
    }
    return kept;
}

static void keep_newer(struct hik_request **newest, struct hik_request *other)
{
    if (other && (!*newest || other->frame > (*newest)->frame))
        *newest = other;
}

void hik_request_merge(struct hik_platforms *into, struct hik_platforms *from)
{
    struct of_pair *theirs = (struct of_pair *)wmem_map_lookup(capture.pairs, from), *ours = theirs ? of_pair(into, true) : NULL;

    if (!theirs)
        return;
    for (size_t i = 0; i < array_length(theirs->messages); i++) {
        ours->messages[i] += theirs->messages[i];
        keep_newer(&ours->newest[i], theirs->newest[i]);
        keep_newer(&ours->query[i], theirs->query[i]);
    }
    if (!theirs->first)
        return;
    if (ours->last)
        ours->last->next_of_pair = theirs->first;
    else
        ours->first = theirs->first;
    ours->last = theirs->last;
}

static enum hik_direction reverse(enum hik_direction direction)
{
    return direction == HIK_DIR_UP ? HIK_DIR_DOWN : direction == HIK_DIR_DOWN ? HIK_DIR_UP : HIK_DIR_UNKNOWN;
}

static bool is_kept(enum hik_method method)
{
    return method == HIK_METHOD_REGISTER || method == HIK_METHOD_MESSAGE || method == HIK_METHOD_SUBSCRIBE ||
           method == HIK_METHOD_NOTIFY;
}

/* Over UDP answers go to where Via says, unless it has rport (RFC 3581) or received. */
static void look_at_via(packet_info *pinfo, const struct hik_message_info *r, struct hik_request *request)
{
    struct hik_view value = r->sip->first[HIK_HDR_VIA].value, rport;
    struct hik_sip_via via;
    uint16_t port;
    address addr;

    if (pinfo->ptype != PT_UDP || !hik_sip_parse_via(r->buf, value, &via) || hik_sip_param(r->buf, value, "rport", &rport) ||
        !hik_message_info_host(pinfo, r, via.host, &addr))
        return;
    port = via.port ? via.port : 5060;
    if (!addresses_equal(&addr, &pinfo->src))
        request->via = hik_view_string(wmem_file_scope(), r->buf, via.host);
    else if (port != pinfo->srcport)
        request->via = wmem_strdup(wmem_file_scope(), hik_endpoint_print(&addr, port).s);
    else
        return;
    hik_endpoint_set(&request->from, &pinfo->src, pinfo->srcport);
}

/* A request that goes down should go where the lower platform's messages come from. Over TCP its port may be another. */
static void look_at_target(packet_info *pinfo, const struct hik_platforms *pair, struct hik_request *request)
{
    if (request->direction != HIK_DIR_DOWN || pair->lower.addr.type == AT_NONE ||
        (addresses_equal(&pair->lower.addr, &pinfo->dst) && (pinfo->ptype == PT_TCP || pair->lower.port == pinfo->destport)))
        return;
    request->lower = pair->lower;
    request->to_contact = hik_endpoint_is(&pair->contact, &pinfo->dst, pinfo->destport);
}

static void process_request(packet_info *pinfo, const struct hik_message_info *r, struct hik_message *message,
                         const struct hik_transaction *transaction, struct of_pair *of)
{
    struct hik_request *request = transaction->request ? transaction->request->asked : NULL;

    if (message->retransmission) {
        if (!request)
            return;
        if (!message->tcp_again && hik_seconds_between(&request->last_sent, &pinfo->abs_ts) >= HIK_REQUEST_COPY) {
            request->sends++;
            request->last_sent = pinfo->abs_ts;
        }
        return;
    }
    if (!is_kept(message->method))
        return;
    request = wmem_new0(wmem_file_scope(), struct hik_request);
    request->frame = pinfo->num;
    request->time = request->last_sent = pinfo->abs_ts;
    request->sends = 1;
    request->method = message->method;
    request->direction = message->direction;
    request->keepalive = message->keepalive;
    request->pair = message->platforms;
    hik_endpoint_set(&request->to, &pinfo->dst, pinfo->destport);
    look_at_via(pinfo, r, request);
    if (message->platforms)
        look_at_target(pinfo, message->platforms, request);
    message->asked = request;
    if (capture.last)
        capture.last->next = request;
    else
        capture.first = request;
    capture.last = request;
    if (!of)
        return;
    if (of->last)
        of->last->next_of_pair = request;
    else
        of->first = request;
    of->last = request;
    of->newest[request->direction] = request;
}

bool hik_request_is_registrar(const struct hik_endpoint *endpoint)
{
    return wmem_map_lookup(capture.registrars, hik_endpoint_print(&endpoint->addr, endpoint->port).s) != NULL;
}

static void process_answer(packet_info *pinfo, const struct hik_message *message, struct of_pair *of)
{
    struct hik_request *request = message->request ? message->request->asked : NULL, *other;

    if (message->status < 200)
        return;
    if (message->request_frame) {
        capture.answered++;
        if (request && request->method == HIK_METHOD_REGISTER && !request->answer_frame && !hik_request_is_registrar(&request->to))
            wmem_map_insert(capture.registrars, wmem_strdup(wmem_file_scope(), hik_endpoint_print(&request->to.addr, request->to.port).s),
                            request);
        if (request && !request->answer_frame) {
            request->answer_frame = pinfo->num;
            request->status = message->status;
        }
        return;
    }
    if (!of)
        return;
    /* It answers what the capture does not have: a request of the other side under another Call-ID, maybe, or a Response
     * whose fragments or segments are missing. */
    other = of->newest[reverse(message->direction)];
    if (other && !other->answer_frame && other->method == message->method)
        other->doubtful = true;
    other = of->query[message->direction];
    if (other && message->method == HIK_METHOD_MESSAGE)
        other->doubtful = true;
}

void hik_request_process(packet_info *pinfo, const struct hik_message_info *r, struct hik_message *message,
                      const struct hik_transaction *transaction)
{
    struct of_pair *of = of_pair(message->platforms, true);

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (of)
        of->messages[message->direction]++;
    if (message->is_request)
        process_request(pinfo, r, message, transaction, of);
    else
        process_answer(pinfo, message, of);
}

void hik_request_is_query(struct hik_request *request, const char *command, const char *sn, const char *device_id)
{
    struct of_pair *of = of_pair(request->pair, false);
    char *texts[] = {wmem_strdup(wmem_file_scope(), command), wmem_strdup(wmem_file_scope(), sn),
                     wmem_strdup(wmem_file_scope(), device_id)};

    for (size_t i = 0; i < array_length(texts); i++)
        hik_text_one_line(texts[i]);
    request->command = texts[0];
    request->sn = texts[1];
    request->device_id = texts[2];
    if (of)
        of->query[request->direction] = request;
}

void hik_request_process_response(packet_info *pinfo, struct hik_request *request, uint32_t received, uint32_t sum_num)
{
    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    request->response_frame = pinfo->num;
    request->response_time = pinfo->abs_ts;
    request->received = received;
    request->sum_num = sum_num;
}

void hik_request_process_untied(packet_info *pinfo, const struct hik_message *response, const char *command, const char *sn)
{
    const struct of_pair *of = of_pair(response->platforms, false);
    struct hik_request *query = of ? of->query[reverse(response->direction)] : NULL;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (!query || query->response_frame || query->untied_frame || g_ascii_strcasecmp(query->command, command) != 0)
        return;
    query->untied_frame = pinfo->num;
    query->untied_sn = wmem_strdup(wmem_file_scope(), sn);
    hik_text_one_line((char *)query->untied_sn);
}

/* ---- at the end --------------------------------------------------------------------------------------------------- */

bool hik_request_is_heard(struct hik_platforms *pair, enum hik_direction direction)
{
    const struct of_pair *of = of_pair(pair, false);

    if (of && of->messages[direction] == 0)
        of = of_pair(hik_platforms_shown(pair), false);
    return of && of->messages[direction] > 0;
}

/* Does the capture hold what would answer it? A REGISTER may be the first that the pair says: there the answers to others tell. */
static bool may_be_answered(const struct hik_request *request)
{
    return hik_request_is_heard(request->pair, reverse(request->direction)) ||
           (request->method == HIK_METHOD_REGISTER && hik_request_is_registrar(&request->to));
}

/* By the request and what answers it alone. */
static enum hik_request_state judge_answers(const struct hik_request *request, const nstime_t *capture_end)
{
    if (!request->answer_frame) {
        bool failed = request->sends >= HIK_REQUEST_SENDS ||
                      hik_seconds_between(&request->time, capture_end) >= HIK_REQUEST_TIMER_F;

        return failed && capture.answered > 0 && !request->response_frame ? HIK_REQUEST_NO_ANSWER : HIK_REQUEST_FINE;
    }
    if (!request->command || request->status >= 300)
        return HIK_REQUEST_FINE;
    if (!request->response_frame)
        return hik_seconds_between(&request->time, capture_end) >= HIK_QUERY_SECONDS ? HIK_REQUEST_NO_RESPONSE : HIK_REQUEST_FINE;
    return request->received < request->sum_num && hik_seconds_between(&request->response_time, capture_end) >= HIK_QUERY_SECONDS
               ? HIK_REQUEST_LIST_STOPS : HIK_REQUEST_FINE;
}

enum hik_request_state hik_request_judge(const struct hik_request *request, const nstime_t *capture_end)
{
    enum hik_request_state state = judge_answers(request, capture_end);

    if (state != HIK_REQUEST_FINE && (!request->pair || request->doubtful || request->direction == HIK_DIR_UNKNOWN ||
                                      hik_platforms_are_cut(request->pair) || !may_be_answered(request)))
        return HIK_REQUEST_FINE;
    return state;
}

static void print_cause(const struct hik_request *request, char *out, size_t room)
{
    const struct hik_endpoint_text to = hik_endpoint_print(&request->to.addr, request->to.port);

    out[0] = '\0';
    if (request->lower.addr.type != AT_NONE)
        snprintf(out, room, ": it goes to %s%s, and the lower platform's own messages come from %s",
                 to.s, request->to_contact ? hik_address_is_private(&request->to.addr) ? ", the private address of its Contact"
                                                                                       : ", the address of its Contact" : "",
                 hik_endpoint_print(&request->lower.addr, request->lower.port).s);
    else if (request->via)
        snprintf(out, room, ": it comes from %s, and its Via, which says where the answer goes, names %s without rport",
                 hik_endpoint_print(&request->from.addr, request->from.port).s, request->via);
}

void hik_request_print(const struct hik_request *request, enum hik_request_state state, const nstime_t *capture_end, char *out,
                       size_t room)
{
    char cause[240], what[160], sends[32] = "";

    if (request->command)
        snprintf(what, sizeof what, "%.40s query (SN %.40s)", request->command, request->sn);
    else
        snprintf(what, sizeof what, "%s", request->keepalive ? "keep-alive" : hik_sip_method_name(request->method));
    switch (state) {
    case HIK_REQUEST_NO_ANSWER:
        print_cause(request, cause, sizeof cause);
        if (request->sends > 1)
            snprintf(sends, sizeof sends, ", sent %u times", request->sends);
        snprintf(out, room, "No answer to the %s in %.1f s%s%s", what, hik_seconds_between(&request->time, capture_end), sends,
                 cause);
        break;
    case HIK_REQUEST_NO_RESPONSE:
        if (request->untied_frame)
            snprintf(cause, sizeof cause, "; a Response %s%.40s came (frame %u)", request->untied_sn[0] ? "with SN " : "without SN",
                     request->untied_sn, request->untied_frame);
        else
            cause[0] = '\0';
        snprintf(out, room, "The %s is accepted with %u, but no Response came in %.1f s%s", what, request->status,
                 hik_seconds_between(&request->time, capture_end), cause);
        break;
    case HIK_REQUEST_LIST_STOPS:
        snprintf(out, room, "The list that answers the %s stops at %u of %u items, %.1f s before the capture ends", what,
                 request->received, request->sum_num, hik_seconds_between(&request->response_time, capture_end));
        break;
    default:
        snprintf(out, room, "Answered");
        break;
    }
}

unsigned hik_request_count_unanswered(struct hik_platforms *pair, const nstime_t *capture_end)
{
    const struct of_pair *of = of_pair(pair, false);
    unsigned count = 0;

    for (const struct hik_request *one = of ? of->first : NULL; one; one = one->next_of_pair)
        count += hik_request_judge(one, capture_end) != HIK_REQUEST_FINE;
    return count;
}

const struct hik_request *hik_request_next(const struct hik_request *request)
{
    return request ? request->next : capture.first;
}
