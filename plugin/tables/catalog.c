/* catalog.c
 * The catalog as a table: devices in the order of their tree, with name, type, status and the sessions that play them
 * in this capture; and whether each catalog arrived whole.
 *
 * `tshark -q -z hikcascade,catalog[,filter]` prints it when all packets have been seen. The window in the GUI is
 * filled on a retap, after the first pass: then the catalog is complete, so each device's place is known.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "catalog.h"

#include <stdio.h>

#include "gb-id.h"
#include "table.h"
#include "facts.h"
#include "request.h"
#include "session.h"
#include "parts.h"

#define CLI_NAME "hikcascade,catalog"
#define DEEPEST_INDENT 16

/* ---- order --------------------------------------------------------------------------------------------------- */

/* A device's place in the tree. */
struct place {
    const struct hik_catalog_item *item;
    unsigned depth; /* ancestors that are listed */
};

/* The listed device under which this one hangs: the last known of a ParentID joined by '/'. NULL for none. */
static const struct hik_catalog_item *parent_of(const struct hik_catalog_item *item)
{
    const struct hik_catalog_item *found = NULL;
    char **ids;
    unsigned i;

    if (!item->parent) /* NOLINT(clang-analyzer-core.NullDereference): each index has its item */
        return NULL;
    if (!strchr(item->parent, '/')) {
        found = hik_catalog_item(item->parent);
        return found == item ? NULL : found;
    }
    ids = g_strsplit(item->parent, "/", 32);
    for (i = 0; ids[i]; i++) {
        const struct hik_catalog_item *known = hik_catalog_item(g_strstrip(ids[i]));

        if (known && known != item)
            found = known;
    }
    g_strfreev(ids);
    return found;
}

/* All devices, parents before their children, brothers as they were listed. A device in a ring of parents comes at the
 * end, as if it had none. The caller g_free()s the array of hik_catalog_count() places. Linear. */
static struct place *in_order(void)
{
    unsigned n = hik_catalog_count(), done = 0, pass;
    struct place *out = g_new0(struct place, n + 1);
    const struct hik_catalog_item **items = g_new0(const struct hik_catalog_item *, n + 1);
    int *first = g_new(int, n + 1), *last = g_new(int, n + 1), *next = g_new(int, n + 1), *up = g_new(int, n + 1);
    bool *placed = g_new0(bool, n + 1);
    const struct hik_catalog_item *item;
    unsigned i;

    for (item = hik_catalog_next(NULL); item; item = hik_catalog_next(item)) {
        items[item->index] = item;
        first[item->index] = last[item->index] = next[item->index] = up[item->index] = -1;
    }
    for (i = 0; i < n; i++) {
        item = parent_of(items[i]);
        if (!item)
            continue;
        up[i] = (int)item->index;
        if (last[up[i]] >= 0)
            next[last[up[i]]] = (int)i;
        else
            first[up[i]] = (int)i;
        last[up[i]] = (int)i;
    }
    for (pass = 0; pass < 2; pass++) {
        for (i = 0; i < n; i++) {
            int at = (int)i;
            unsigned depth = 0;

            if (placed[i] || (pass == 0 && up[i] >= 0))
                continue;
            while (at >= 0) {
                if (!placed[at]) {
                    placed[at] = true;
                    out[done].item = items[at];
                    out[done].depth = depth;
                    done++;
                    if (first[at] >= 0 && !placed[first[at]]) {
                        at = first[at];
                        depth++;
                        continue;
                    }
                }
                /* Brothers, else up until there is one; never above where this walk began. */
                while (at != (int)i && next[at] < 0) {
                    at = up[at];
                    depth--;
                }
                at = at == (int)i ? -1 : next[at];
            }
        }
    }
    g_free(items);
    g_free(first);
    g_free(last);
    g_free(next);
    g_free(up);
    g_free(placed);
    return out;
}

/* Camera ID -> number of INVITE sessions. The caller destroys it. */
static GHashTable *count_sessions(void)
{
    GHashTable *out = g_hash_table_new(wmem_str_hash, g_str_equal);
    unsigned i;

    for (i = 0; i < hik_session_count(); i++) {
        const struct hik_session *session = hik_session_get(i);

        if (session && session->camera)
            g_hash_table_insert(out, (void *)session->camera,
                                GUINT_TO_POINTER(GPOINTER_TO_UINT(g_hash_table_lookup(out, session->camera)) + 1));
    }
    return out;
}

static unsigned sessions_of(GHashTable *sessions, const char *id)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(sessions, id));
}

static const char *type_of(const struct hik_catalog_item *item)
{
    return item->type ? hik_gb_id_type_name(item->type) : "";
}

/* ---- tshark -------------------------------------------------------------------------------------------------- */

/* One -z. */
struct printer {
    char *filter;       /* NULL: everything */
    GHashTable *shown;  /* DeviceIDs that passed the filter */
};

static tap_packet_status print_packet(void *data, packet_info *pinfo _U_, epan_dissect_t *edt _U_, const void *tap,
                                      tap_flags_t flags _U_)
{
    struct printer *printer = (struct printer *)data;
    const struct hik_catalog_tapped *tapped = (const struct hik_catalog_tapped *)tap;
    unsigned i;

    for (i = 0; i < tapped->count; i++) {
        if (!g_hash_table_contains(printer->shown, tapped->ids[i]))
            g_hash_table_add(printer->shown, g_strdup(tapped->ids[i]));
    }
    return TAP_PACKET_REDRAW;
}

static void print_reset(void *data)
{
    g_hash_table_remove_all(((struct printer *)data)->shown);
}

static void print_answers(void)
{
    const struct hik_catalog_answer *answer;

    for (answer = hik_catalog_answer_next(NULL); answer; answer = hik_catalog_answer_next(answer)) {
        uint32_t different = answer->received - answer->repeated;

        printf("Catalog of ");
        hik_table_print_text(*answer->device_id ? answer->device_id : "?", 22);
        printf("SN %s: %u of %u items in %u message%s, ", answer->sn, answer->received, answer->sum_num,
               answer->messages, answer->messages == 1 ? "" : "s");
        if (answer->repeated > 0 && different == answer->sum_num)
            printf("complete, %u sent again", answer->repeated);
        else if (answer->repeated > 0 && different < answer->sum_num)
            printf("%u sent again, up to %u missing", answer->repeated, answer->sum_num - different);
        else if (answer->received == answer->sum_num)
            printf("complete");
        else if (answer->received < answer->sum_num)
            printf("%u missing", answer->sum_num - answer->received);
        else
            printf("%u more than announced", answer->received - answer->sum_num);
        if (answer->first_frame == answer->last_frame)
            printf(" (frame %u)\n", answer->first_frame);
        else
            printf(" (frames %u-%u)\n", answer->first_frame, answer->last_frame);
    }
}

/* The next Catalog query without a Response: NULL gives the first, the last gives NULL. */
static const struct hik_request *question_next(const struct hik_request *request)
{
    do
        request = hik_request_next(request);
    while (request && (!request->command || strcmp(request->command, "Catalog") != 0 || request->response_frame));
    return request;
}

static void print_question_text(const struct hik_request *request, char *out, size_t room)
{
    const nstime_t *end = hik_facts_capture_end();
    enum hik_request_state state = hik_request_judge(request, end);

    if (state != HIK_REQUEST_FINE)
        hik_request_print(request, state, end, out, room);
    else if (request->status >= 300)
        snprintf(out, room, "refused with %u (answer in frame %u)", request->status, request->answer_frame);
    else
        snprintf(out, room, "No Response in this capture");
}

/* The questions that nothing answered. */
static void print_questions(void)
{
    const struct hik_request *request;
    char text[600];

    for (request = question_next(NULL); request; request = question_next(request)) {
        printf("Catalog of ");
        hik_table_print_text(*request->device_id ? request->device_id : "?", 22);
        print_question_text(request, text, sizeof text);
        printf("SN %s: %s (frame %u)\n", request->sn, text, request->frame);
    }
}

/* A number where it is one that every reader of JSON takes, else text. */
static void print_json_sn(const char *sn)
{
    size_t digits = strspn(sn, "0123456789");

    if (digits > 0 && digits <= 15 && sn[digits] == '\0' && (digits == 1 || sn[0] != '0'))
        printf("%s", sn);
    else
        hik_table_print_json_text(sn);
}

/* The same for programs. */
static void print_answers_json(void)
{
    const struct hik_catalog_answer *answer;

    printf("[");
    for (answer = hik_catalog_answer_next(NULL); answer; answer = hik_catalog_answer_next(answer)) {
        printf("%s\n{\"device_id\":", answer == hik_catalog_answer_next(NULL) ? "" : ",");
        hik_table_print_json_text(answer->device_id);
        printf(",\"sn\":");
        print_json_sn(answer->sn);
        printf(",\"received\":%u,\"sum_num\":%u,\"repeated\":%u,\"messages\":%u,\"first_frame\":%u,\"last_frame\":%u}",
               answer->received, answer->sum_num, answer->repeated, answer->messages, answer->first_frame,
               answer->last_frame);
    }
    printf("%s]", hik_catalog_answer_next(NULL) ? "\n" : "");
}

static void print_questions_json(void)
{
    const struct hik_request *request;
    char text[600];

    printf("[");
    for (request = question_next(NULL); request; request = question_next(request)) {
        print_question_text(request, text, sizeof text);
        printf("%s\n{\"device_id\":", request == question_next(NULL) ? "" : ",");
        hik_table_print_json_text(request->device_id);
        printf(",\"sn\":");
        print_json_sn(request->sn);
        printf(",\"frame\":%u,\"sentence\":", request->frame);
        hik_table_print_json_text(text);
        printf("}");
    }
    printf("%s]", question_next(NULL) ? "\n" : "");
}

enum { COLUMN_PLACE, COLUMN_ID, COLUMN_NAME, COLUMN_TYPE, COLUMN_STATUS, COLUMN_SESSIONS, COLUMN_COUNT };

static const struct hik_column columns[] = {
    [COLUMN_PLACE] = {"No.", "number", HIK_COLUMN_NUMBER},
    [COLUMN_ID] = {"ID", "device_id", HIK_COLUMN_TEXT},
    [COLUMN_NAME] = {"Name", "name", HIK_COLUMN_TEXT},
    [COLUMN_TYPE] = {"Type", "type", HIK_COLUMN_TEXT},
    [COLUMN_STATUS] = {"Status", "status", HIK_COLUMN_TEXT},
    [COLUMN_SESSIONS] = {"Sessions", "sessions", HIK_COLUMN_NUMBER},
};
/* Programs get the parent instead of an indented ID. */
static const struct hik_column exported[] = {
    {"ID", "device_id", HIK_COLUMN_TEXT},         {"Name", "name", HIK_COLUMN_TEXT},     {"Type", "type", HIK_COLUMN_TEXT},
    {"Type code", "type_code", HIK_COLUMN_NUMBER}, {"Status", "status", HIK_COLUMN_TEXT}, {"Parent", "parent", HIK_COLUMN_TEXT},
    {"Sessions", "sessions", HIK_COLUMN_NUMBER},
};

/* What the cells of the rows that passed the filter are made from. */
struct rows {
    struct place *places;
    unsigned count;
    GHashTable *sessions;
};

static stat_tap_table_item_type text_cell(const char *text)
{
    stat_tap_table_item_type cell = {.type = TABLE_ITEM_STRING, .value = {.string_value = text ? text : ""}};

    return cell;
}

static stat_tap_table_item_type number_cell(unsigned number)
{
    stat_tap_table_item_type cell = {.type = TABLE_ITEM_UINT, .value = {.uint_value = number}};

    return cell;
}

static stat_tap_table_item_type exported_cell(const void *data, unsigned row, unsigned column)
{
    const struct rows *rows = (const struct rows *)data;
    const struct hik_catalog_item *item = rows->places[row].item;

    switch (column) {
    case 0:
        return text_cell(item->id);
    case 1:
        return text_cell(item->name);
    case 2:
        return text_cell(type_of(item));
    case 3:
        return number_cell(item->type);
    case 4:
        return text_cell(item->status);
    case 5:
        return text_cell(item->parent);
    default:
        return number_cell(sessions_of(rows->sessions, item->id));
    }
}

static void print_devices(const struct rows *rows)
{
    static const char *const names[] = {"ID", "Name", "Type", "Status"};
    int widths[] = {20, 4, 4, 6};

    for (unsigned i = 0; i < rows->count; i++) {
        const struct hik_catalog_item *item = rows->places[i].item;
        int indent = 2 * (int)MIN(rows->places[i].depth, DEEPEST_INDENT);

        widths[0] = MAX(widths[0], indent + MIN(hik_table_text_width(item->id), 40));
        widths[1] = MAX(widths[1], item->name ? MIN(hik_table_text_width(item->name), 60) : 0);
        widths[2] = MAX(widths[2], hik_table_text_width(type_of(item)));
    }
    for (size_t i = 0; i < array_length(names); i++)
        hik_table_print_text(names[i], widths[i] + 2);
    printf("Sessions\n");
    for (unsigned i = 0; i < rows->count; i++) {
        const struct hik_catalog_item *item = rows->places[i].item;
        int indent = 2 * (int)MIN(rows->places[i].depth, DEEPEST_INDENT);

        printf("%*s", indent, "");
        hik_table_print_text(item->id, widths[0] + 2 - indent);
        hik_table_print_text(item->name ? item->name : "", widths[1] + 2);
        hik_table_print_text(type_of(item), widths[2] + 2);
        hik_table_print_text(item->status ? item->status : "", widths[3] + 2);
        printf("%8u\n", sessions_of(rows->sessions, item->id));
    }
}

static void print_draw(void *data)
{
    const struct printer *printer = (const struct printer *)data;
    struct rows rows = {.places = in_order(), .sessions = count_sessions()};
    const struct hik_printout printout = {
        .name = CLI_NAME, .columns = exported, .column_count = array_length(exported), .cell = exported_cell, .data = &rows};
    struct hik_printout table = printout;
    char *remark;

    for (unsigned i = 0; i < hik_catalog_count(); i++)
        if (g_hash_table_contains(printer->shown, rows.places[i].item->id))
            rows.places[rows.count++] = rows.places[i];
    table.row_count = rows.count;
    remark = rows.count ? NULL : hik_seen_remark(HIK_SEEN_CATALOG, printer->filter, true);
    if (hik_table_format() == HIK_TABLE_TEXT) {
        printf("\n===================================================================\n");
        printf("Hikvision cascade: catalog, %u device%s\n", rows.count, rows.count == 1 ? "" : "s");
        if (printer->filter)
            printf("Filter: %s\n", printer->filter);
        print_answers();
        print_questions();
        printf("\n");
        print_devices(&rows);
        if (remark)
            printf("%s\n", remark);
        printf("===================================================================\n");
    } else if (hik_table_format() == HIK_TABLE_JSON) {
        printf("{\"table\":\"%s\",\"filter\":", CLI_NAME);
        if (printer->filter)
            hik_table_print_json_text(printer->filter);
        else
            printf("null");
        printf(",\"answers\":");
        print_answers_json();
        printf(",\"questions\":");
        print_questions_json();
        if (remark) {
            printf(",\"remark\":");
            hik_table_print_json_text(remark);
        }
        printf(",\"rows\":");
        hik_table_print_rows(&table);
        printf("}\n");
    } else {
        hik_table_print_rows(&table);
        if (remark)
            fprintf(stderr, "%s: %s\n", CLI_NAME, remark);
    }
    g_hash_table_destroy(rows.sessions);
    g_free(rows.places);
    g_free(remark);
}

static void print_finish(void *data)
{
    struct printer *printer = (struct printer *)data;

    g_hash_table_destroy(printer->shown);
    g_free(printer->filter);
    g_free(printer);
}

static ws_tap_init print_init(const char *argument, void *userdata _U_)
{
    struct printer *printer = g_new0(struct printer, 1);

    printer->filter = hik_table_filter_of(argument, CLI_NAME);
    printer->shown = g_hash_table_new_full(wmem_str_hash, g_str_equal, g_free, NULL);
    WS_TAP_INIT_DONE(hik_table_listen(argument, HIK_CATALOG_TAP, printer, printer->filter, print_reset, print_packet,
                                      print_draw, print_finish));
}

/* ---- GUI and sharkd ------------------------------------------------------------------------------------------ */

/* What a filled table knows; hangs on the first row's first cell, made with it and freed with it. */
struct filling {
    unsigned count;         /* of devices when the order was made */
    struct place *places;   /* by position */
    unsigned *position;     /* by index of the device */
    bool *shown;            /* by index of the device */
    GHashTable *sessions;
};

static struct filling *filling_new(void)
{
    struct filling *filling = g_new0(struct filling, 1);
    unsigned i;

    filling->count = hik_catalog_count();
    filling->places = in_order();
    filling->position = g_new0(unsigned, filling->count + 1);
    filling->shown = g_new0(bool, filling->count + 1);
    filling->sessions = count_sessions();
    for (i = 0; i < filling->count; i++)
        filling->position[filling->places[i].item->index] = i; /* NOLINT(clang-analyzer-core.NullDereference): each place has one */
    return filling;
}

static void filling_free(struct filling *filling)
{
    if (!filling)
        return;
    g_hash_table_destroy(filling->sessions);
    g_free(filling->places);
    g_free(filling->position);
    g_free(filling->shown);
    g_free(filling);
}

static void table_init(stat_tap_table_ui *ui)
{
    hik_table_init(ui, "Devices");
}

static void add_row(stat_tap_table *table, struct filling *filling, const struct hik_catalog_item *item)
{
    stat_tap_table_item_type row[COLUMN_COUNT];
    unsigned position = filling->position[item->index];
    int indent = 2 * (int)MIN(filling->places[position].depth, DEEPEST_INDENT);

    memset(row, 0, sizeof row);
    row[COLUMN_PLACE].type = TABLE_ITEM_UINT;
    row[COLUMN_PLACE].value.uint_value = position + 1;
    if (hik_table_is_empty(table))
        row[COLUMN_PLACE].user_data.ptr_value = filling;
    row[COLUMN_ID].type = TABLE_ITEM_STRING;
    row[COLUMN_ID].value.string_value = g_strdup_printf("%*s%s", indent, "", item->id);
    row[COLUMN_NAME].type = TABLE_ITEM_STRING;
    row[COLUMN_NAME].value.string_value = g_strdup(item->name ? item->name : "");
    row[COLUMN_TYPE].type = TABLE_ITEM_STRING;
    row[COLUMN_TYPE].value.string_value = g_strdup(type_of(item));
    row[COLUMN_STATUS].type = TABLE_ITEM_STRING;
    row[COLUMN_STATUS].value.string_value = g_strdup(item->status ? item->status : "");
    row[COLUMN_SESSIONS].type = TABLE_ITEM_UINT;
    row[COLUMN_SESSIONS].value.uint_value = sessions_of(filling->sessions, item->id);
    memcpy(stat_tap_get_field_data(table, hik_table_add_row(table), 0), row, sizeof row);
}

static tap_packet_status table_packet(void *data, packet_info *pinfo _U_, epan_dissect_t *edt _U_, const void *tap,
                                      tap_flags_t flags _U_)
{
    stat_data_t *stat = (stat_data_t *)data;
    stat_tap_table *table = g_array_index(stat->stat_tap_data->tables, stat_tap_table *, 0);
    const struct hik_catalog_tapped *tapped = (const struct hik_catalog_tapped *)tap;
    struct filling *filling =
        hik_table_is_empty(table)
            ? filling_new()
            : (struct filling *)stat_tap_get_field_data(table, 0, COLUMN_PLACE)->user_data.ptr_value;
    unsigned i;

    for (i = 0; i < tapped->count; i++) {
        const struct hik_catalog_item *item = hik_catalog_item(tapped->ids[i]);

        /* Only while a capture is running are there devices that came after the order was made. */
        if (!item || item->index >= filling->count || filling->shown[item->index])
            continue;
        filling->shown[item->index] = true;
        add_row(table, filling, item);
    }
    if (hik_table_is_empty(table))
        filling_free(filling);
    return TAP_PACKET_REDRAW; /* NOLINT(clang-analyzer-unix.Malloc): the first row keeps it, table_free_item() frees it */
}

static void table_free_item(stat_tap_table *table _U_, unsigned row _U_, unsigned column, stat_tap_table_item_type *item)
{
    if (item->type == TABLE_ITEM_STRING) {
        g_free((char *)item->value.string_value);
        item->value.string_value = NULL;
        item->type = TABLE_ITEM_NONE;
    }
    if (column == COLUMN_PLACE) {
        filling_free((struct filling *)item->user_data.ptr_value);
        item->user_data.ptr_value = NULL;
    }
}

static void table_reset(stat_tap_table *table)
{
    unsigned row, column;

    for (row = 0; row < table->num_elements; row++) {
        for (column = 0; column < COLUMN_COUNT; column++)
            table_free_item(table, row, column, stat_tap_get_field_data(table, row, column));
        g_free(table->elements[row]);
    }
    table->num_elements = 0;
}

void hik_tap_catalog_register(void)
{
    static stat_tap_ui printer = {
        REGISTER_TELEPHONY_GROUP_UNSORTED, NULL, CLI_NAME, print_init, 0, NULL,
    };
    static struct hik_table_definition table = {
        .ui = {.title = "Hikvision cascade catalog",
               .tap_name = HIK_CATALOG_TAP,
               .cli_string = CLI_NAME,
               .stat_tap_init_cb = table_init,
               .packet_func = table_packet,
               .stat_tap_reset_table_cb = table_reset,
               .stat_tap_free_table_item_cb = table_free_item},
        .columns = columns,
        .sentence = COLUMN_COUNT,
        .empty = HIK_SEEN_CATALOG,
        .own_printer = true, /* which knows when all packets have been seen */
    };

    hik_table_register_printer(&printer, NULL);
    hik_table_register_ui(&table, COLUMN_COUNT);
}
