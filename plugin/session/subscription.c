/* subscription.c
 * Subscriptions (RFC 6665; GB/T 28181-2016 9.11): their state, until when they hold, and which SUBSCRIBE a NOTIFY belongs to.
 *
 * A subscription is known by its Call-ID: lower platforms are known to lose tags. A NOTIFY of a dialog of its own belongs to
 * the pair's newest subscription to the same Event, with its id. The state is that of the moment, kept
 * with each message, so that every pass shows the same.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "subscription.h"

#include "key.h"
#include "parts.h"
#include "seconds.h"

/* How many of the pairs that turned out to be one are looked at for a NOTIFY's SUBSCRIBE. */
#define MOST_PARTS 8

enum state {
    STATE_ASKED = 1, /* SUBSCRIBE, no answer yet */
    STATE_ACTIVE,
    STATE_RENEWED,   /* active, by a later SUBSCRIBE */
    STATE_CANCELLED, /* Expires: 0 */
    STATE_TERMINATED, /* a NOTIFY said so, or a 481 to a NOTIFY or a SUBSCRIBE */
    STATE_EXPIRED,
    STATE_REFUSED
};

/* A subscription. File scope; first pass. */
struct subscription {
    uint32_t index;
    const char *event;        /* of Event, else the first word of it is not known: NULL */
    enum state state;
    uint32_t subscribe_frame; /* newest SUBSCRIBE; 0: none is in the capture */
    uint32_t asked;           /* seconds, of that */
    bool asked_known;
    bool expires_known;
    uint32_t expires;         /* seconds that were granted last */
    nstime_t until;           /* valid if expires_known */
    unsigned notifies;
};

/* What it was at one message. File scope; kept with the message. */
struct hik_subscribed {
    const struct subscription *subscription;
    enum state state;
    const char *event;
    uint32_t subscribe_frame; /* the SUBSCRIBE it belongs to; 0: none, or it is that SUBSCRIBE */
    bool expires_known, until_known;
    uint32_t expires;
    nstime_t until;
    unsigned notify;          /* a NOTIFY: its number; else 0 */
    double late;              /* a NOTIFY: seconds behind the end of the subscription; else 0 */
};

static struct hik_index by_call;  /* hik_text_key: Call-ID -> struct subscription */
static struct hik_index by_event; /* hik_text_key: Event; the pair's index -> newest struct subscription with a SUBSCRIBE */
static uint32_t count;       /* of subscriptions of the capture; emptied with it */

static int hf_subscription = -1;
static int hf_event = -1;
static int hf_state = -1;
static int hf_expires = -1;
static int hf_until = -1;
static int hf_subscribe_in = -1;
static int hf_notify = -1;
static int ett_subscription = -1;

static expert_field ei_after_end = EI_INIT;

static const value_string state_names[] = {
    {STATE_ASKED, "asked for"},   {STATE_ACTIVE, "active"},         {STATE_RENEWED, "active, renewed"},
    {STATE_CANCELLED, "cancelled"}, {STATE_TERMINATED, "terminated"}, {STATE_EXPIRED, "expired"},
    {STATE_REFUSED, "refused"},   {0, NULL},
};

static void reset(void)
{
    count = 0;
}

/* ---- first pass ------------------------------------------------------------------------------------------------------ */

static struct hik_text_key event_key(const struct hik_message_info *r, const struct hik_message *message)
{
    struct hik_view event = r->sip->first[HIK_HDR_EVENT].value;
    struct hik_text_key key = {{r->buf + event.off, r->buf}, {event.len, 0}, message->platforms ? message->platforms->index + 1 : 0};
    return key;
}

/* The pair's newest; where it was taken for several once, of any of them. */
static struct subscription *find_by_event(const struct hik_message *message, struct hik_text_key event)
{
    struct subscription *one = (struct subscription *)hik_index_get(&by_event, hik_text_digest(&event));
    struct hik_platforms *part = NULL;

    for (unsigned i = 0; !one && message->platforms && i < MOST_PARTS && (part = hik_platforms_parts(message->platforms, part)); i++) {
        event.number = part->index + 1;
        one = (struct subscription *)hik_index_get(&by_event, hik_text_digest(&event));
    }
    return one;
}

/* The message's subscription; made where none is known. NULL without a Call-ID. */
static struct subscription *find(const struct hik_message_info *r, const struct hik_message *message)
{
    bool subscribe = message->method == HIK_METHOD_SUBSCRIBE;
    struct hik_text_key key = hik_message_info_tag_key(r, (struct hik_view){0, 0});
    struct hik_text_key event = event_key(r, message);
    struct subscription *one;

    if (r->call_id.len == 0)
        return NULL;
    one = (struct subscription *)hik_index_get(&by_call, hik_text_digest(&key));
    if (!one) {
        if (!subscribe && message->is_request && event.len[0] > 0)
            one = find_by_event(message, event);
        if (!one) {
            one = wmem_new0(wmem_file_scope(), struct subscription);
            one->index = count++;
        }
        hik_index_put(&by_call, hik_text_digest(&key), one);
    }
    if (subscribe && message->is_request && event.len[0] > 0)
        hik_index_put(&by_event, hik_text_digest(&event), one);
    return one;
}

/* "Catalog;id=7" as it stands. */
static void keep_event(const struct hik_message_info *r, struct subscription *one)
{
    struct hik_view value = r->sip->first[HIK_HDR_EVENT].value;
    char *text = one->event ? NULL : hik_view_string(wmem_file_scope(), r->buf, value);

    if (!text)
        return;
    hik_text_one_line(text);
    one->event = text;
}

static bool header_seconds(const struct hik_message_info *r, uint32_t *seconds)
{
    uint64_t value;

    if (!hik_view_uint(r->buf, r->sip->first[HIK_HDR_EXPIRES].value, UINT32_MAX, &value))
        return false;
    *seconds = (uint32_t)value;
    return true;
}

/* It holds for so long from now on. */
static void grant(packet_info *pinfo, struct subscription *one, uint32_t seconds)
{
    one->expires_known = true;
    one->expires = seconds;
    one->until = pinfo->abs_ts;
    one->until.secs += seconds;
}

static bool holds(const struct subscription *one)
{
    return one->state == STATE_ACTIVE || one->state == STATE_RENEWED;
}

static void expire(packet_info *pinfo, struct subscription *one)
{
    if (holds(one) && one->expires_known && hik_seconds_between(&one->until, &pinfo->abs_ts) > HIK_SUBSCRIPTION_GRACE)
        one->state = STATE_EXPIRED;
}

static void process_subscribe(packet_info *pinfo, const struct hik_message_info *r, const struct hik_message *message, struct subscription *one)
{
    if (message->retransmission)
        return;
    one->subscribe_frame = pinfo->num;
    one->asked_known = header_seconds(r, &one->asked);
    if (!holds(one))
        one->state = STATE_ASKED;
}

static void process_answer(packet_info *pinfo, const struct hik_message_info *r, const struct hik_message *message, struct subscription *one)
{
    uint32_t seconds = 0;
    bool known = header_seconds(r, &seconds);

    if (message->status < 200 || message->retransmission)
        return;
    if (message->status == 481) {
        one->state = STATE_TERMINATED;
    } else if (message->method == HIK_METHOD_NOTIFY || message->status == 401 || message->status == 407) {
        return;
    } else if (message->status >= 300) {
        if (!holds(one)) /* a renewal that is refused ends nothing (RFC 6665 4.1.2.2) */
            one->state = STATE_REFUSED;
    } else {
        if (!known && one->asked_known) {
            known = true;
            seconds = one->asked;
        }
        if (known)
            grant(pinfo, one, seconds);
        else
            one->expires_known = false;
        if ((known && seconds == 0) || (one->asked_known && one->asked == 0))
            one->state = STATE_CANCELLED;
        else
            one->state = holds(one) ? STATE_RENEWED : STATE_ACTIVE;
    }
}

/* Returns how late it comes, in seconds. */
static double process_notify(packet_info *pinfo, const struct hik_message_info *r, const struct hik_message *message, struct subscription *one)
{
    struct hik_view value = r->sip->first[HIK_HDR_SUBSCRIPTION_STATE].value, word = value, param;
    double late = one->state == STATE_EXPIRED ? hik_seconds_between(&one->until, &pinfo->abs_ts) : 0;
    uint64_t seconds;

    if (message->retransmission)
        return 0;
    one->notifies++;
    for (word.len = 0; word.len < value.len && r->buf[value.off + word.len] != ';'; word.len++)
        ;
    word = hik_view_trim(r->buf, word);
    if (hik_view_is(r->buf, word, "terminated")) {
        if (one->state != STATE_CANCELLED) /* the last NOTIFY of a cancelled one says the same */
            one->state = STATE_TERMINATED;
        return 0;
    }
    if (hik_view_is(r->buf, word, "active") && hik_sip_param(r->buf, value, "expires", &param) &&
        hik_view_uint(r->buf, param, UINT32_MAX, &seconds) && (holds(one) || one->state == 0))
        grant(pinfo, one, (uint32_t)seconds);
    /* What it was before the capture began. A NOTIFY may also overtake the answer to its SUBSCRIBE (4.4.1). */
    if (one->state == 0)
        one->state = STATE_ACTIVE;
    return late;
}

void hik_subscription_process(packet_info *pinfo, const struct hik_message_info *r, struct hik_message *message)
{
    bool subscribe = message->method == HIK_METHOD_SUBSCRIBE, notify = message->method == HIK_METHOD_NOTIFY;
    struct hik_subscribed *record;
    struct subscription *one;
    double late = 0;

    DISSECTOR_ASSERT(!PINFO_FD_VISITED(pinfo));
    if (!subscribe && !notify)
        return;
    one = find(r, message);
    if (!one)
        return;
    keep_event(r, one);
    if (!message->platforms || !hik_platforms_are_cut(message->platforms)) /* what renewed it may be cut */
        expire(pinfo, one);
    if (!message->is_request)
        process_answer(pinfo, r, message, one);
    else if (subscribe)
        process_subscribe(pinfo, r, message, one);
    else
        late = process_notify(pinfo, r, message, one);
    if (one->state == 0) /* an answer without its request */
        one->state = STATE_ACTIVE;

    record = wmem_new0(wmem_file_scope(), struct hik_subscribed);
    record->subscription = one;
    record->state = one->state;
    record->event = one->event;
    record->subscribe_frame = one->subscribe_frame != pinfo->num ? one->subscribe_frame : 0;
    if (message->is_request && subscribe) {
        record->expires_known = one->asked_known;
        record->expires = one->asked;
        if (one->asked_known && one->asked == 0)
            record->state = STATE_CANCELLED;
    } else {
        record->expires_known = one->expires_known;
        record->expires = one->expires;
        record->until_known = one->expires_known && (holds(one) || one->state == STATE_EXPIRED);
        record->until = one->until;
    }
    record->notify = message->is_request && notify ? one->notifies : 0;
    record->late = late;
    message->subscribed = record;
}

/* ---- every pass ------------------------------------------------------------------------------------------------------ */

void hik_subscription_show(packet_info *pinfo, tvbuff_t *tvb, proto_tree *tree, proto_item *item, const struct hik_message *message)
{
    const struct hik_subscribed *record = message->subscribed;
    proto_item *root;
    proto_tree *sub;

    if (!record)
        return;
    root = proto_tree_add_uint(tree, hf_subscription, tvb, 0, 0, record->subscription->index);
    proto_item_set_generated(root);
    proto_item_append_text(root, "%s%s, %s", record->event ? ": " : "", record->event ? record->event : "",
                           val_to_str_const(record->state, state_names, "unknown"));
    sub = proto_item_add_subtree(root, ett_subscription);
    if (record->event)
        proto_item_set_generated(proto_tree_add_string(sub, hf_event, tvb, 0, 0, record->event));
    proto_item_set_generated(proto_tree_add_uint(sub, hf_state, tvb, 0, 0, record->state));
    if (record->expires_known)
        proto_item_set_generated(proto_tree_add_uint(sub, hf_expires, tvb, 0, 0, record->expires));
    if (record->until_known)
        proto_item_set_generated(proto_tree_add_time(sub, hf_until, tvb, 0, 0, &record->until));
    if (record->subscribe_frame)
        proto_item_set_generated(proto_tree_add_uint(sub, hf_subscribe_in, tvb, 0, 0, record->subscribe_frame));
    if (record->notify)
        proto_item_set_generated(proto_tree_add_uint(sub, hf_notify, tvb, 0, 0, record->notify));
    if (record->late > 0)
        expert_add_info_format(pinfo, item, &ei_after_end, "This NOTIFY comes %.1f s after its subscription expired (Expires %u)",
                               record->late, record->expires);
}

const char *hik_subscription_words(packet_info *pinfo, const struct hik_message *message)
{
    const struct hik_subscribed *record = message->subscribed;

    if (!record)
        return "";
    return wmem_strdup_printf(pinfo->pool, "subscription %u %s", record->subscription->index,
                              val_to_str_const(record->state, state_names, "unknown"));
}

void hik_subscription_register(int proto)
{
    static hf_register_info fields[] = {
        {&hf_subscription,
         {"Subscription", "hikcascade.subscription", FT_UINT32, BASE_DEC, NULL, 0,
          "Index of the subscription, from 0: its SUBSCRIBEs, their answers and its NOTIFYs, which have one Call-ID", HFILL}},
        {&hf_event,
         {"Event", "hikcascade.subscription.event", FT_STRING, BASE_NONE, NULL, 0, "What was subscribed to", HFILL}},
        {&hf_state,
         {"State", "hikcascade.subscription.state", FT_UINT8, BASE_DEC, VALS(state_names), 0,
          "State of the subscription after this message; on a SUBSCRIBE, what it asks for", HFILL}},
        {&hf_expires,
         {"Expires", "hikcascade.subscription.expires", FT_UINT32, BASE_DEC, NULL, 0,
          "Seconds: on a SUBSCRIBE those it asks for, else those that were granted last", HFILL}},
        {&hf_until,
         {"Valid until", "hikcascade.subscription.until", FT_ABSOLUTE_TIME, ABSOLUTE_TIME_LOCAL, NULL, 0,
          "When the subscription expires unless it is renewed", HFILL}},
        {&hf_subscribe_in,
         {"SUBSCRIBE in frame", "hikcascade.subscription.subscribe_in", FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_REQUEST), 0,
          "The newest SUBSCRIBE before this message", HFILL}},
        {&hf_notify,
         {"NOTIFY number", "hikcascade.subscription.notify", FT_UINT32, BASE_DEC, NULL, 0,
          "Which NOTIFY of the subscription this is, from 1", HFILL}},
    };
    static int *trees[] = {&ett_subscription};
    static ei_register_info experts[] = {
        {&ei_after_end,
         {"hikcascade.subscription_expired", PI_SEQUENCE, PI_NOTE, "A NOTIFY comes after its subscription expired", EXPFILL}},
    };

    proto_register_field_array(proto, fields, array_length(fields));
    proto_register_subtree_array(trees, array_length(trees));
    expert_register_field_array(expert_register_protocol(proto), experts, array_length(experts));
    hik_index_register(&by_event);
    register_init_routine(reset);
    hik_index_register(&by_call);
}
