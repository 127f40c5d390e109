/* messages.c
 * The SIP messages in order: `tshark -q -z hikcascade,messages`. One row per message: frame, time, ends, session, what
 * it is. A ladder is drawn from it, without looking at the packets' trees.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "table.h"

#include "address.h"
#include "parts.h"
#include "tap.h"

#define CLI_NAME "hikcascade,messages"

struct message {
    uint32_t frame;
    nstime_t time;
    const char *source, *destination, *label; /* of the printer's strings */
    int64_t session;                          /* -1: of none */
    bool is_request;
};

/* One -z. */
struct printer {
    char *filter;
    GArray *messages;      /* struct message */
    GStringChunk *strings; /* endpoints and labels repeat */
};

enum { COL_FRAME, COL_TIME, COL_SESSION, COL_SOURCE, COL_DESTINATION, COL_KIND, COL_LABEL };

static const struct hik_column columns[] = {
    [COL_FRAME] = {"Frame", "frame", HIK_COLUMN_NUMBER},
    [COL_TIME] = {"Time", "time", HIK_COLUMN_NUMBER_TEXT},
    [COL_SESSION] = {"Session", "session", HIK_COLUMN_NUMBER_TEXT},
    [COL_SOURCE] = {"Source", "source", HIK_COLUMN_TEXT},
    [COL_DESTINATION] = {"Destination", "destination", HIK_COLUMN_TEXT},
    [COL_KIND] = {"Kind", "kind", HIK_COLUMN_TEXT},
    [COL_LABEL] = {"Message", "label", HIK_COLUMN_TEXT},
};

/* Text that cannot break a line or a cell. */
static const char *keep(struct printer *printer, const char *text)
{
    char *clean = g_utf8_make_valid(text, -1);
    const char *kept;

    for (char *p = clean; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == '|')
            *p = ' ';
    kept = g_string_chunk_insert_const(printer->strings, clean);
    g_free(clean);
    return kept;
}

static tap_packet_status packet(void *data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped,
                                tap_flags_t flags _U_)
{
    struct printer *printer = (struct printer *)data;
    const struct hik_tap *tap = (const struct hik_tap *)tapped;
    struct message message;

    if (tap->kind != HIK_TAP_SIP)
        return TAP_PACKET_DONT_REDRAW;
    message.frame = pinfo->num;
    message.time = pinfo->abs_ts;
    message.source = keep(printer, hik_endpoint_print(&pinfo->src, (uint16_t)pinfo->srcport).s);
    message.destination = keep(printer, hik_endpoint_print(&pinfo->dst, (uint16_t)pinfo->destport).s);
    message.label = keep(printer, tap->label);
    message.session = tap->session ? (int64_t)tap->session->index : -1;
    message.is_request = tap->message->is_request;
    g_array_append_val(printer->messages, message);
    return TAP_PACKET_REDRAW;
}

static stat_tap_table_item_type cell(const void *data, unsigned row, unsigned column)
{
    static char number[40];
    const struct message *message = (const struct message *)data + row;
    stat_tap_table_item_type out = {.type = TABLE_ITEM_STRING, .value = {.string_value = number}};

    switch (column) {
    case COL_FRAME:
        out.type = TABLE_ITEM_UINT;
        out.value.uint_value = message->frame;
        break;
    case COL_TIME:
        snprintf(number, sizeof number, "%" PRId64 ".%06d", (int64_t)message->time.secs, message->time.nsecs / 1000);
        break;
    case COL_SESSION:
        snprintf(number, sizeof number, "%" PRId64, message->session);
        if (message->session < 0)
            number[0] = '\0';
        break;
    case COL_SOURCE:
        out.value.string_value = message->source;
        break;
    case COL_DESTINATION:
        out.value.string_value = message->destination;
        break;
    case COL_KIND:
        out.value.string_value = message->is_request ? "request" : "answer";
        break;
    default:
        out.value.string_value = message->label;
    }
    return out;
}

static void draw(void *data)
{
    const struct printer *printer = (const struct printer *)data;
    char *remark = printer->messages->len ? NULL : hik_seen_remark(HIK_SEEN_MESSAGES, printer->filter, true);
    const struct hik_printout printout = {.name = CLI_NAME,
                                          .title = "Hikvision cascade SIP messages",
                                          .filter = printer->filter,
                                          .columns = columns,
                                          .column_count = array_length(columns),
                                          .row_count = printer->messages->len,
                                          .sentence = array_length(columns),
                                          .remark = remark,
                                          .cell = cell,
                                          .data = printer->messages->data};

    hik_table_print(&printout);
    g_free(remark);
}

static void reset(void *data)
{
    struct printer *printer = (struct printer *)data;

    g_array_set_size(printer->messages, 0);
    g_string_chunk_clear(printer->strings);
}

static void finish(void *data)
{
    struct printer *printer = (struct printer *)data;

    g_array_free(printer->messages, TRUE);
    g_string_chunk_free(printer->strings);
    g_free(printer->filter);
    g_free(printer);
}

static ws_tap_init init(const char *argument, void *userdata _U_)
{
    struct printer *printer = g_new0(struct printer, 1);

    printer->filter = hik_table_filter_of(argument, CLI_NAME);
    printer->messages = g_array_new(FALSE, FALSE, sizeof(struct message));
    printer->strings = g_string_chunk_new(4096);
    WS_TAP_INIT_DONE(hik_table_listen(argument, HIK_TAP_NAME, printer, printer->filter, reset, packet, draw, finish));
}

void hik_tap_messages_register(void)
{
    static stat_tap_ui printer = {.group = REGISTER_TELEPHONY_GROUP_UNSORTED, .cli_string = CLI_NAME, .tap_init_cb = init};

    hik_table_register_printer(&printer, NULL);
}
