/* platforms.c
 * The platform table: `tshark -q -z hikcascade,platforms` and Telephony > Hikvision cascade platforms. One row per pair
 * of platforms with a message that passes the filter: is the lower one registered (GB/T 28181 9.1), does it send
 * keep-alives (9.6), how many sessions and how many of them failed. Sessions are counted by the INVITEs that pass the
 * filter; the state is that of the whole capture.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "facts.h"
#include "keepalive.h"
#include "request.h"

#include "table.h"
#include "tap.h"
#include "parts.h"

enum {
    COL_PAIR,
    COL_LOWER_ID,
    COL_LOWER,
    COL_UPPER_ID,
    COL_UPPER,
    COL_STATE,
    COL_SINCE,
    COL_UNTIL,
    COL_EXPIRES,
    COL_KEEPALIVE,
    COL_KEEPALIVES,
    COL_GAPS,
    COL_SESSIONS,
    COL_FAILURES,
    COL_REFUSED, /* keep-alives */
    COL_UNANSWERED
};

static const struct hik_column columns[] = {
    [COL_PAIR] = {"Pair", "pair", HIK_COLUMN_NUMBER},
    [COL_LOWER_ID] = {"Lower platform", "lower_id", HIK_COLUMN_TEXT},
    [COL_LOWER] = {"Lower address", "lower_address", HIK_COLUMN_TEXT},
    [COL_UPPER_ID] = {"Upper platform", "upper_id", HIK_COLUMN_TEXT},
    [COL_UPPER] = {"Upper address", "upper_address", HIK_COLUMN_TEXT},
    [COL_STATE] = {"State", "state", HIK_COLUMN_TEXT},
    [COL_SINCE] = {"Registered since", "registered_since", HIK_COLUMN_TEXT},
    [COL_UNTIL] = {"Registered until", "registered_until", HIK_COLUMN_TEXT},
    [COL_EXPIRES] = {"Expires", "expires", HIK_COLUMN_NUMBER},
    [COL_KEEPALIVE] = {"Last keep-alive", "last_keepalive", HIK_COLUMN_TEXT},
    [COL_KEEPALIVES] = {"Keep-alives", "keepalives", HIK_COLUMN_NUMBER},
    [COL_GAPS] = {"Gaps", "gaps", HIK_COLUMN_NUMBER},
    [COL_SESSIONS] = {"Sessions", "sessions", HIK_COLUMN_NUMBER},
    [COL_FAILURES] = {"Failures", "failures", HIK_COLUMN_NUMBER},
    [COL_UNANSWERED] = {"Unanswered", "unanswered", HIK_COLUMN_NUMBER},
    [COL_REFUSED] = {"Keep-alives refused", "keepalives_refused", HIK_COLUMN_NUMBER},
};

struct counters {
    unsigned sessions;
};

static void set_time(struct hik_table_row *row, unsigned column, bool known, const nstime_t *when)
{
    GDateTime *time = known ? g_date_time_new_from_unix_local(when->secs) : NULL;
    char *text = time ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S") : NULL;

    hik_table_set_text(row, column, text);
    g_free(text);
    if (time)
        g_date_time_unref(time);
}

static void set_state(struct hik_table_row *row, struct hik_platforms *pair)
{
    char text[64];

    if (pair->registered)
        snprintf(text, sizeof text, "%s", hik_keepalive_expired_for(pair, hik_facts_capture_end()) > 0 ? "expired" : "registered");
    else if (pair->challenges_in_row >= 2 && pair->challenges_in_row == pair->unauthorized_in_row)
        snprintf(text, sizeof text, "challenge not answered, %u x %u", pair->challenges_in_row, pair->register_status);
    else if (pair->unauthorized_in_row >= 2)
        snprintf(text, sizeof text, "refused, %u x %u", pair->unauthorized_in_row, pair->register_status);
    else if (pair->register_status >= 300)
        snprintf(text, sizeof text, "%s %u", pair->register_status < 400 ? "redirected" : "refused", pair->register_status);
    else if (pair->register_status >= 200)
        snprintf(text, sizeof text, "unregistered");
    else if (pair->registers > 0)
        snprintf(text, sizeof text, "%s", hik_request_is_heard(pair, HIK_DIR_DOWN) || hik_request_is_registrar(&pair->upper) ? "no answer" : "no answer captured");
    else
        snprintf(text, sizeof text, "%s", pair->sure ? "unknown" : "no REGISTER seen");
    hik_table_set_text(row, COL_STATE, text);
}

static bool failed(const struct hik_session *session)
{
    struct hik_case facts;
    struct hik_verdict verdict;

    hik_facts_judge(session, &facts, &verdict);
    return verdict.state == HIK_STATE_FAILED;
}

static unsigned count_failures(const struct hik_table_row *row)
{
    unsigned failures = 0;

    for (const GSList *one = row->list; one; one = one->next)
        failures += failed((const struct hik_session *)one->data);
    return failures;
}

static void *shown(void *subject)
{
    return hik_platforms_shown((struct hik_platforms *)subject);
}

static void fill(struct hik_table_row *row)
{
    struct hik_platforms *pair = hik_platforms_shown((struct hik_platforms *)row->subject), *joined = NULL;
    unsigned failures = count_failures(row), sessions = ((struct counters *)row->counters)->sessions;
    unsigned unanswered = hik_request_count_unanswered(pair, hik_facts_capture_end());

    if (row->shown_in) { /* a window that was open meanwhile shows it still */
        for (unsigned i = COL_LOWER_ID; i < array_length(columns); i++)
            if (columns[i].kind == HIK_COLUMN_NUMBER)
                row->fields[i].value.uint_value = 0;
            else
                hik_table_set_text(row, i, NULL);
        hik_table_set_text(row, COL_STATE, "part of the other row");
        return;
    }
    for (const GSList *one = row->parts; one; one = one->next) {
        const struct hik_table_row *part = (const struct hik_table_row *)one->data;

        failures += count_failures(part);
        sessions += ((const struct counters *)part->counters)->sessions;
    }
    while ((joined = hik_platforms_joined(pair, joined)) != NULL)
        unanswered += hik_request_count_unanswered(joined, hik_facts_capture_end());
    row->key = row->fields[COL_PAIR].value.uint_value = hik_platforms_number(pair);

    hik_table_set_text(row, COL_LOWER_ID, pair->lower_id);
    hik_table_set_text(row, COL_LOWER, hik_endpoint_print(&pair->lower.addr, pair->lower.port).s);
    hik_table_set_text(row, COL_UPPER_ID, pair->upper_id);
    hik_table_set_text(row, COL_UPPER, hik_endpoint_print(&pair->upper.addr, pair->upper.port).s);
    set_state(row, pair);
    set_time(row, COL_SINCE, pair->registered_since.secs != 0, &pair->registered_since);
    set_time(row, COL_UNTIL, pair->registered_until.secs != 0, &pair->registered_until);
    row->fields[COL_EXPIRES].value.uint_value = pair->expires;
    set_time(row, COL_KEEPALIVE, pair->keepalive_time.secs != 0, &pair->keepalive_time);
    row->fields[COL_KEEPALIVES].value.uint_value = pair->keepalives;
    row->fields[COL_REFUSED].value.uint_value = pair->keepalives_refused;
    row->fields[COL_UNANSWERED].value.uint_value = unanswered;
    row->fields[COL_GAPS].value.uint_value = hik_keepalive_of(pair)->gaps + hik_keepalive_is_silent(pair, hik_facts_capture_end());
    row->fields[COL_SESSIONS].value.uint_value = sessions;
    row->fields[COL_FAILURES].value.uint_value = failures;
}

static tap_packet_status packet(void *tapdata, packet_info *pinfo, epan_dissect_t *edt _U_, const void *data,
                                tap_flags_t flags _U_)
{
    const stat_data_t *stat = (const stat_data_t *)tapdata;
    const struct hik_tap *tap = (const struct hik_tap *)data;
    struct hik_table_row *row;
    struct hik_platforms *pair;
    struct counters *passed;
    bool made;

    if (tap->kind != HIK_TAP_SIP || !tap->message->platforms)
        return TAP_PACKET_DONT_REDRAW;
    /* Later passes know all; on the first, rows are joined when the table is drawn. */
    pair = tap->later_pass ? hik_platforms_shown(tap->message->platforms) : tap->message->platforms;
    row = hik_table_row(stat->stat_tap_data, tap->later_pass ? hik_platforms_number(pair) : pair->index, pair, sizeof *passed, fill, &made);
    row->now = shown;
    passed = (struct counters *)row->counters;
    if (made && tap->later_pass)
        fill(row);
    if (tap->session && tap->session->invite_frame == pinfo->num && tap->message->is_request &&
        tap->message->method == HIK_METHOD_INVITE) {
        passed->sessions++;
        row->fields[COL_SESSIONS].value.uint_value = passed->sessions;
        row->list = g_slist_prepend(row->list, tap->session);
        if (tap->later_pass)
            row->fields[COL_FAILURES].value.uint_value += failed(tap->session);
    }
    return TAP_PACKET_REDRAW;
}

static void init(stat_tap_table_ui *ui)
{
    hik_table_init(ui, "Hikvision cascade platforms");
}

void hik_tap_platforms_register(void)
{
    static struct hik_table_definition table = {
        .ui = {.title = "Hikvision cascade platforms",
               .tap_name = HIK_TAP_NAME,
               .cli_string = "hikcascade,platforms",
               .stat_tap_init_cb = init,
               .packet_func = packet},
        .columns = columns,
        .sentence = array_length(columns),
        .empty = HIK_SEEN_PLATFORMS,
    };

    hik_table_register_ui(&table, array_length(columns));
}
