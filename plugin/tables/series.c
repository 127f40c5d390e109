/* series.c
 * RTP of each session over time: `tshark -q -z hikcascade,series`. One row per session and interval with packets, bytes,
 * losses, key frames and their distance, so that a report can draw a call without looking at its packets again.
 *
 * An interval is one second long at first. When a session has more than MAX_INTERVALS of them, two become one: a
 * session takes the same memory however long it is.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "table.h"

#include <string.h>

#include "parts.h"
#include "tap.h"

#define MAX_INTERVALS 240
#define CLI_NAME "hikcascade,series"

struct interval {
    uint32_t packets, bytes;
    uint32_t missing, late; /* sequence numbers missing in front of packets, and packets that filled such a gap */
    uint32_t key_frames;
    double jitter;          /* milliseconds, the largest */
    double distance;        /* of its last key frame from the one before, seconds; 0: not known */
};

struct series {
    const struct hik_session *session;
    nstime_t first, last_key;
    bool had_key;
    unsigned seconds; /* length of an interval, a power of two */
    unsigned count, allocated;
    struct interval *intervals; /* g_malloc'd, zeroed behind count */
};

/* One -z. */
struct printer {
    char *filter;
    GPtrArray *all;       /* struct series, in order of their first packet */
    GHashTable *by_index; /* session + 1 -> struct series */
};

/* A row of the output. */
struct row {
    const struct series *series;
    unsigned interval;
};

enum { COL_SESSION, COL_START, COL_OFFSET, COL_SECONDS, COL_PACKETS, COL_BYTES, COL_LOST, COL_JITTER, COL_KEY_FRAMES, COL_DISTANCE };

static const struct hik_column columns[] = {
    [COL_SESSION] = {"Session", "session", HIK_COLUMN_NUMBER},
    [COL_START] = {"First RTP", "start", HIK_COLUMN_NUMBER_TEXT},
    [COL_OFFSET] = {"Offset", "offset", HIK_COLUMN_NUMBER},
    [COL_SECONDS] = {"Interval", "interval", HIK_COLUMN_NUMBER},
    [COL_PACKETS] = {"RTP", "rtp_packets", HIK_COLUMN_NUMBER},
    [COL_BYTES] = {"Bytes", "bytes", HIK_COLUMN_NUMBER},
    [COL_LOST] = {"Lost", "lost", HIK_COLUMN_NUMBER},
    [COL_JITTER] = {"Jitter", "jitter", HIK_COLUMN_DECIMAL},
    [COL_KEY_FRAMES] = {"Key frames", "key_frames", HIK_COLUMN_NUMBER},
    [COL_DISTANCE] = {"Key frame distance", "key_frame_distance", HIK_COLUMN_DECIMAL},
};

static void free_series(gpointer data)
{
    g_free(((struct series *)data)->intervals);
    g_free(data);
}

static struct series *series_of(struct printer *printer, const struct hik_session *session, const nstime_t *now)
{
    gpointer key = GUINT_TO_POINTER(session->index + 1);
    struct series *series = (struct series *)g_hash_table_lookup(printer->by_index, key);

    if (!series) {
        series = g_new0(struct series, 1);
        series->session = session;
        series->first = *now;
        series->seconds = 1;
        g_hash_table_insert(printer->by_index, key, series);
        g_ptr_array_add(printer->all, series);
    }
    return series;
}

static void join_pairs(struct series *series)
{
    for (unsigned i = 0; i < series->allocated / 2; i++) {
        const struct interval *a = &series->intervals[2 * i], *b = a + 1;
        struct interval sum = *b;

        sum.packets += a->packets;
        sum.bytes += a->bytes;
        sum.missing += a->missing;
        sum.late += a->late;
        sum.key_frames += a->key_frames;
        sum.distance = MAX(a->distance, b->distance);
        sum.jitter = MAX(a->jitter, b->jitter);
        series->intervals[i] = sum;
    }
    memset(series->intervals + series->allocated / 2, 0, series->allocated / 2 * sizeof(struct interval));
    series->count = (series->count + 1) / 2;
    series->seconds *= 2;
}

static struct interval *interval_at(struct series *series, const nstime_t *now)
{
    /* A file's records may be out of order, and a hostile one's times may be anything. */
    time_t passed = now->secs > series->first.secs ? now->secs - series->first.secs : 0;
    unsigned index;

    while (passed / series->seconds >= MAX_INTERVALS && series->seconds < 1u << 30)
        join_pairs(series);
    index = (unsigned)MIN(passed / series->seconds, MAX_INTERVALS - 1);
    if (index >= series->allocated) {
        unsigned before = series->allocated;

        series->allocated = MIN(MAX(2 * (index + 1), 16u), MAX_INTERVALS);
        series->intervals = g_renew(struct interval, series->intervals, series->allocated);
        memset(series->intervals + before, 0, (series->allocated - before) * sizeof(struct interval));
    }
    series->count = MAX(series->count, index + 1);
    return &series->intervals[index];
}

static tap_packet_status packet(void *data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped,
                                tap_flags_t flags _U_)
{
    const struct hik_tap *tap = (const struct hik_tap *)tapped;
    struct series *series;
    struct interval *interval;

    if (tap->kind != HIK_TAP_RTP || !tap->session)
        return TAP_PACKET_DONT_REDRAW;
    series = series_of((struct printer *)data, tap->session, &pinfo->abs_ts);
    interval = interval_at(series, &pinfo->abs_ts);
    interval->packets++;
    interval->bytes += tap->bytes;
    interval->missing += tap->gap;
    interval->late += tap->reordered;
    interval->jitter = MAX(interval->jitter, tap->jitter);
    if (tap->key_frame) {
        nstime_t distance;

        nstime_delta(&distance, &pinfo->abs_ts, &series->last_key);
        if (series->had_key)
            interval->distance = MAX(interval->distance, nstime_to_sec(&distance));
        series->had_key = true;
        series->last_key = pinfo->abs_ts;
        interval->key_frames++;
    }
    return TAP_PACKET_REDRAW;
}

static stat_tap_table_item_type cell(const void *data, unsigned number, unsigned column)
{
    static char start[40];
    const struct row *row = (const struct row *)data + number;
    const struct interval *interval = &row->series->intervals[row->interval];
    stat_tap_table_item_type out = {.type = TABLE_ITEM_UINT};

    switch (column) {
    case COL_SESSION:
        out.value.uint_value = row->series->session->index;
        break;
    case COL_START:
        snprintf(start, sizeof start, "%" PRId64 ".%06d", (int64_t)row->series->first.secs, row->series->first.nsecs / 1000);
        out.type = TABLE_ITEM_STRING;
        out.value.string_value = start;
        break;
    case COL_OFFSET:
        out.value.uint_value = row->interval * row->series->seconds;
        break;
    case COL_SECONDS:
        out.value.uint_value = row->series->seconds;
        break;
    case COL_PACKETS:
        out.value.uint_value = interval->packets;
        break;
    case COL_BYTES:
        out.value.uint_value = interval->bytes;
        break;
    case COL_LOST:
        out.value.uint_value = interval->missing > interval->late ? interval->missing - interval->late : 0;
        break;
    case COL_JITTER:
        out.type = TABLE_ITEM_FLOAT;
        out.value.float_value = interval->jitter;
        break;
    case COL_KEY_FRAMES:
        out.value.uint_value = interval->key_frames;
        break;
    default:
        out.type = TABLE_ITEM_FLOAT;
        out.value.float_value = interval->distance;
    }
    return out;
}

static int by_session(gconstpointer a, gconstpointer b)
{
    const struct series *x = *(struct series *const *)a, *y = *(struct series *const *)b;

    return (x->session->index > y->session->index) - (x->session->index < y->session->index);
}

static void draw(void *data)
{
    const struct printer *printer = (const struct printer *)data;
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(struct row));
    char *remark;
    struct hik_printout printout = {.name = CLI_NAME,
                                    .title = "Hikvision cascade RTP over time",
                                    .filter = printer->filter,
                                    .columns = columns,
                                    .column_count = array_length(columns),
                                    .sentence = array_length(columns),
                                    .cell = cell};

    g_ptr_array_sort(printer->all, by_session);
    for (unsigned i = 0; i < printer->all->len; i++) {
        struct row row = {(const struct series *)g_ptr_array_index(printer->all, i), 0};

        for (; row.interval < row.series->count; row.interval++)
            g_array_append_val(rows, row);
    }
    printout.row_count = rows->len;
    printout.data = rows->data;
    remark = rows->len ? NULL : hik_seen_remark(HIK_SEEN_SERIES, printer->filter, true);
    printout.remark = remark;
    hik_table_print(&printout);
    g_free(remark);
    g_array_free(rows, TRUE);
}

static void reset(void *data)
{
    struct printer *printer = (struct printer *)data;

    g_hash_table_remove_all(printer->by_index);
    g_ptr_array_set_size(printer->all, 0);
}

static void finish(void *data)
{
    struct printer *printer = (struct printer *)data;

    g_hash_table_destroy(printer->by_index);
    g_ptr_array_free(printer->all, TRUE);
    g_free(printer->filter);
    g_free(printer);
}

static ws_tap_init init(const char *argument, void *userdata _U_)
{
    struct printer *printer = g_new0(struct printer, 1);

    printer->filter = hik_table_filter_of(argument, CLI_NAME);
    printer->all = g_ptr_array_new_with_free_func(free_series);
    printer->by_index = g_hash_table_new(g_direct_hash, g_direct_equal);
    WS_TAP_INIT_DONE(hik_table_listen(argument, HIK_TAP_NAME, printer, printer->filter, reset, packet, draw, finish));
}

void hik_tap_series_register(void)
{
    static stat_tap_ui printer = {.group = REGISTER_TELEPHONY_GROUP_UNSORTED, .cli_string = CLI_NAME, .tap_init_cb = init};

    hik_table_register_printer(&printer, NULL);
}
