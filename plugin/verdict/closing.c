/* closing.c
 * Records of calls as they end: BYE, CANCEL, a final refusal; or silence. For scripts that read a capture in one pass,
 * or a live one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "closing.h"

#include "facts.h"
#include "kept.h"
#include "rtp-flow.h"
#include "seconds.h"

#include <string.h>

/* Media of a call that nobody ended is silent for so long, or its INVITE went unanswered. */
#define SILENT_SECONDS 60.0
/* So many open calls of a pair are looked at per message, so that each costs the same. */
#define LOOKS 4
/* A call of more flows than this is not looked at: what it costs grows with them. */
#define MOST_FLOWS 64

/* What one message tells of a call. File scope. */
struct closing {
    const char *text;      /* verdict code and sentence */
    uint32_t session;
    nstime_t duration;
    uint32_t packets, lost;
};

/* Calls of a pair that were not told of yet, the one that was looked at longest ago first. File scope; first pass. */
struct open_call {
    struct hik_session *session;
    struct open_call *next;
};
struct open_calls {
    struct open_call *first, *last;
    const struct hik_platforms *part; /* the newest of hik_platforms_parts() whose calls are among these */
};

static wmem_map_t *closings; /* struct hik_message -> struct closing */
static wmem_map_t *calls;    /* struct hik_platforms -> struct open_calls */

static int hf_hik_closed_as = -1;
static int hf_hik_closed_session = -1;
static int hf_hik_closed_duration = -1;
static int hf_hik_closed_packets = -1;
static int hf_hik_closed_lost = -1;
static int ett_hik_closed = -1;

static void report(packet_info *pinfo, const struct hik_message *message, struct hik_session *session, const nstime_t *end)
{
    struct closing *closing = hik_keep_new(struct closing);
    struct hik_verdict verdict;
    struct hik_case facts;
    char text[2048];

    hik_facts_judge_now(pinfo, session, &facts, &verdict);
    hik_verdict_print(&verdict, text, sizeof text);
    closing->text = (const char *)hik_keep_copy(text, strlen(text) + 1);
    closing->session = session->index;
    nstime_delta(&closing->duration, end, &session->first_time);
    for (unsigned way = 0; way < 2; way++) {
        closing->packets += facts.facts.leg[way].packets;
        closing->lost += facts.facts.leg[way].lost;
    }
    wmem_map_insert(closings, message, closing);
    session->told_frame = pinfo->num;
}

/* By this message the call is over. */
static bool ends_call(packet_info *pinfo, const struct hik_message *message)
{
    const struct hik_session *session = message->session;

    if (message->is_request)
        return session->bye_frame == pinfo->num || (session->cancel_frame == pinfo->num && !session->final_frame);
    return session->final_frame == pinfo->num && session->final_status >= 300 && !session->cancel_frame;
}

/* Of a pair, and of those that turned out to be that pair. */
static struct open_calls *open_calls_of(struct hik_platforms *pair, bool make)
{
    struct open_calls *open = (struct open_calls *)wmem_map_lookup(calls, pair);
    struct hik_platforms *newest = hik_platforms_parts(pair, NULL);

    if (!open && (make || newest)) {
        open = wmem_new0(wmem_file_scope(), struct open_calls);
        wmem_map_insert(calls, pair, open);
    }
    if (!newest || open->part == newest)
        return open;
    for (struct hik_platforms *part = newest; part && part != open->part; part = hik_platforms_parts(pair, part)) {
        struct open_calls *theirs = (struct open_calls *)wmem_map_remove(calls, part);

        if (!theirs || !theirs->first)
            continue;
        theirs->last->next = open->first;
        open->first = theirs->first;
        if (!open->last)
            open->last = theirs->last;
    }
    open->part = newest;
    return open;
}

static void remember(const struct hik_message *message)
{
    struct open_calls *open = open_calls_of(message->platforms, true);
    struct open_call *call = hik_keep_new(struct open_call);

    call->session = message->session;
    if (open->last)
        open->last->next = call;
    else
        open->first = call;
    open->last = call;
}

/* Its media stopped long ago, or nobody answers its INVITE. *end: when it was last heard of. */
static bool is_silent(packet_info *pinfo, const struct hik_session *session, nstime_t *end)
{
    *end = session->last_time;
    if (session->paused || session->flow_count > MOST_FLOWS)
        return false;
    if (session->first_media_frame) {
        const struct hik_media_sum media = hik_media_sum(session);

        if (nstime_cmp(&media.last, end) > 0)
            *end = media.last;
        return hik_seconds_between(&media.last, &pinfo->abs_ts) >= SILENT_SECONDS;
    }
    return !session->final_frame && !session->ack_frame && hik_seconds_between(end, &pinfo->abs_ts) >= SILENT_SECONDS;
}

/* Looks at the calls of the pair that were looked at longest ago, and tells of the first that went silent. */
static void look_for_silent(packet_info *pinfo, const struct hik_message *message)
{
    struct open_calls *open = open_calls_of(message->platforms, false);

    for (unsigned i = 0; open && open->first && i < LOOKS; i++) {
        struct open_call *call = open->first;
        struct hik_session *session = call->session;
        nstime_t end;

        open->first = call->next;
        if (!open->first)
            open->last = NULL;
        call->next = NULL;
        if (session->told_frame || session->bye_frame || session->cancel_frame || session->final_status >= 300)
            continue;
        if (session != message->session && is_silent(pinfo, session, &end)) {
            report(pinfo, message, session, &end);
            return;
        }
        if (open->last)
            open->last->next = call;
        else
            open->first = call;
        open->last = call;
    }
}

void hik_closing_take(packet_info *pinfo, const struct hik_message *message)
{
    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (message->session && ends_call(pinfo, message)) {
        report(pinfo, message, message->session, &pinfo->abs_ts);
        return;
    }
    if (!message->platforms)
        return;
    look_for_silent(pinfo, message);
    if (message->session && message->session->invite_frame == pinfo->num && message->is_request)
        remember(message);
}

void hik_closing_show(tvbuff_t *tvb, proto_tree *tree, const struct hik_message *message)
{
    const struct closing *closing = (const struct closing *)wmem_map_lookup(closings, message);
    proto_tree *sub;
    proto_item *item;

    if (!closing)
        return;
    item = proto_tree_add_string(tree, hf_hik_closed_as, tvb, 0, 0, closing->text);
    proto_item_set_generated(item);
    sub = proto_item_add_subtree(item, ett_hik_closed);
    proto_item_set_generated(proto_tree_add_uint(sub, hf_hik_closed_session, tvb, 0, 0, closing->session));
    proto_item_set_generated(proto_tree_add_time(sub, hf_hik_closed_duration, tvb, 0, 0, &closing->duration));
    proto_item_set_generated(proto_tree_add_uint(sub, hf_hik_closed_packets, tvb, 0, 0, closing->packets));
    proto_item_set_generated(proto_tree_add_uint(sub, hf_hik_closed_lost, tvb, 0, 0, closing->lost));
}

void hik_closing_register(int proto)
{
    static hf_register_info fields[] = {
        {&hf_hik_closed_as,
         {"Closed as", "hikcascade.closed_as", FT_STRING, BASE_NONE, NULL, 0,
          "What is known of a call on the packet that ends it, the same on every pass: verdict code and sentence", HFILL}},
        {&hf_hik_closed_session,
         {"Session", "hikcascade.closed_as.session", FT_UINT32, BASE_DEC, NULL, 0,
          "Index of the session that is told of: not always this message's", HFILL}},
        {&hf_hik_closed_duration,
         {"Duration", "hikcascade.closed_as.duration", FT_RELATIVE_TIME, BASE_NONE, NULL, 0,
          "From the session's first packet to its last", HFILL}},
        {&hf_hik_closed_packets,
         {"RTP packets", "hikcascade.closed_as.rtp_packets", FT_UINT32, BASE_DEC, NULL, 0, "Received by then", HFILL}},
        {&hf_hik_closed_lost,
         {"RTP packets lost", "hikcascade.closed_as.lost", FT_UINT32, BASE_DEC, NULL, 0, "Missing by then", HFILL}},
    };
    static int *trees[] = {&ett_hik_closed};

    proto_register_field_array(proto, fields, array_length(fields));
    proto_register_subtree_array(trees, array_length(trees));
    closings = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), g_direct_hash, g_direct_equal);
    calls = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), g_direct_hash, g_direct_equal);
}
