/* table.c
 * Rows of the statistics tables; see table.h for why they are filled twice.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "table.h"

#include "parts.h"

#include <stdio.h>
#include <string.h>

/* Never queued. A listener on it is drawn with all others, and the one registered last is drawn first. */
#define TAP_BEFORE_DRAWING "hikcascade_before_drawing"

struct table {
    stat_tap_table *table;
    GPtrArray *rows;        /* struct hik_table_row, owned, by its key; NULL where there is none */
    unsigned *types;        /* of the columns: stat_tap_table_item_enum */
    hik_table_fill fill;
    bool joins;             /* rows have hik_table_row.now */
    unsigned hidden;        /* rows that have become part of others */
    bool ordered;           /* keys came in ascending order so far */
    unsigned last_key;
};

struct waiting {
    void (*finish)(void *data);
    void *data;
};

/* User interface state, see table.h. */
static GHashTable *tables;  /* stat_tap_table -> struct table */
static GSList *waiting;     /* of struct waiting */
static GSList *definitions; /* of struct hik_table_definition; their ui, first in it, is that of windows and of sharkd */
static int listener;        /* its address names our tap listener */
static bool listening;

/* ---- before drawing --------------------------------------------------------------------------------------------- */

static void draw_waiting(void *data _U_)
{
    for (GSList *one = waiting; one; one = one->next) {
        struct waiting *w = (struct waiting *)one->data;
        w->finish(w->data);
    }
}

void hik_table_before_drawing(void (*finish)(void *data), void *data)
{
    struct waiting *w;
    GString *error;

    for (GSList *one = waiting; one; one = one->next)
        if (((struct waiting *)one->data)->data == data)
            return;
    w = g_new(struct waiting, 1);
    w->finish = finish;
    w->data = data;
    waiting = g_slist_prepend(waiting, w);
    /* Anew each time, to be in front of whoever asks. */
    if (listening)
        remove_tap_listener(&listener);
    error = register_tap_listener(TAP_BEFORE_DRAWING, &listener, NULL, 0, NULL, NULL, draw_waiting, NULL);
    listening = error == NULL;
    if (error)
        g_string_free(error, TRUE);
}

void hik_table_forget(void *data)
{
    for (GSList *one = waiting; one; one = one->next) {
        if (((struct waiting *)one->data)->data == data) {
            g_free(one->data);
            waiting = g_slist_delete_link(waiting, one);
            return;
        }
    }
}

/* The capture is closed: what rows are about is gone, their cells stay. */
static void capture_closed(void)
{
    GHashTableIter i;
    gpointer table;

    while (waiting)
        hik_table_forget(((struct waiting *)waiting->data)->data);
    g_hash_table_iter_init(&i, tables);
    while (g_hash_table_iter_next(&i, NULL, &table)) {
        const GPtrArray *rows = ((struct table *)table)->rows;

        for (unsigned k = 0; k < rows->len; k++) {
            struct hik_table_row *row = (struct hik_table_row *)g_ptr_array_index(rows, k);

            if (!row)
                continue;
            row->subject = NULL;
            g_slist_free(row->list);
            row->list = NULL;
        }
    }
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static void free_row(gpointer data)
{
    struct hik_table_row *row = (struct hik_table_row *)data;

    if (!row)
        return;
    g_slist_free(row->list);
    g_slist_free(row->parts);
    g_free(row->counters);
    g_free(row);
}

static void free_table(gpointer data)
{
    struct table *t = (struct table *)data;

    hik_table_forget(t);
    g_ptr_array_free(t->rows, TRUE);
    g_free(t->types);
    g_free(t);
}

void hik_table_register(void)
{
    register_tap(TAP_BEFORE_DRAWING);
    tables = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, free_table);
    register_cleanup_routine(capture_closed);
}

static void set_text(stat_tap_table_item_type *field, const char *text)
{
    char *clean = g_utf8_make_valid(text ? text : "", -1);

    for (char *p = clean; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == '|')
            *p = ' ';
    g_free((char *)field->value.string_value);
    field->type = TABLE_ITEM_STRING;
    field->value.string_value = clean;
}

void hik_table_set_text(struct hik_table_row *row, unsigned column, const char *text)
{
    set_text(&row->fields[column], text);
}

static void free_text(stat_tap_table_item_type *field)
{
    if (field->type == TABLE_ITEM_STRING) {
        g_free((char *)field->value.string_value);
        field->value.string_value = NULL;
    }
}

static void free_item(stat_tap_table *table, unsigned row, unsigned column, stat_tap_table_item_type *field)
{
    if (row == 0 && column == 0)
        g_hash_table_remove(tables, table);
    free_text(field);
}

/* For stat_tap_reset_table_cb and stat_tap_free_table_item_cb. */
static void reset_table(stat_tap_table *table)
{
    for (unsigned i = 0; i < table->num_elements; i++) {
        for (unsigned k = 0; k < table->num_fields; k++)
            free_text(stat_tap_get_field_data(table, i, k));
        g_free(table->elements[i]);
    }
    table->num_elements = 0;
    g_hash_table_remove(tables, table);
}

static void remark_empty_tables(void);

void hik_table_init(stat_tap_table_ui *ui, const char *title)
{
    stat_tap_table *table = stat_tap_find_table(ui, title);

    if (table)
        ui->stat_tap_reset_table_cb(table);
    else
        stat_tap_add_table(ui, stat_tap_init_table(title, (int)ui->nfields, 0, NULL));
    if (g_slist_find(definitions, ui))
        hik_seen_watch(remark_empty_tables);
}

static int by_key(const void *a, const void *b)
{
    const struct hik_table_row *x = *(struct hik_table_row *const *)a, *y = *(struct hik_table_row *const *)b;

    if ((x->shown_in == NULL) != (y->shown_in == NULL))
        return x->shown_in ? 1 : -1;
    return (x->key > y->key) - (x->key < y->key);
}

/* Puts the rows in order. The cells move, not the arrays that hold them: the user interface keeps pointers to those. */
static void sort_rows(struct table *t)
{
    unsigned count = t->table->num_elements;
    size_t size = t->table->num_fields * sizeof(stat_tap_table_item_type);
    struct hik_table_row **rows = g_new(struct hik_table_row *, count);
    char *cells = (char *)g_malloc(count * size);
    unsigned n = 0;

    for (unsigned i = 0; n < count && i < t->rows->len; i++)
        if (g_ptr_array_index(t->rows, i))
            rows[n++] = (struct hik_table_row *)g_ptr_array_index(t->rows, i);
    if (t->joins)
        qsort(rows, n, sizeof rows[0], by_key);
    for (unsigned k = 0; k < n; k++)
        memcpy(cells + k * size, rows[k]->fields, size);
    for (unsigned k = 0; k < n; k++) {
        rows[k]->fields = stat_tap_get_field_data(t->table, k, 0);
        memcpy(rows[k]->fields, cells + k * size, size);
    }
    g_free(cells);
    g_free(rows);
    t->ordered = true;
}

/* Rows whose subjects have turned out to be the same become one: that of the subject itself, else the first. */
static void join_rows(struct table *t)
{
    GHashTable *by_subject = g_hash_table_new(g_direct_hash, g_direct_equal);

    t->hidden = 0;
    for (unsigned i = 0; i < t->rows->len; i++) {
        struct hik_table_row *row = (struct hik_table_row *)g_ptr_array_index(t->rows, i), *other;
        void *subject = row && row->subject && row->now ? row->now(row->subject) : NULL;

        if (!subject)
            continue;
        t->joins = true;
        t->ordered = false;
        row->shown_in = NULL;
        g_slist_free(row->parts);
        row->parts = NULL;
        other = (struct hik_table_row *)g_hash_table_lookup(by_subject, subject);
        if (!other || row->subject == subject)
            g_hash_table_insert(by_subject, subject, row);
    }
    for (unsigned i = 0; t->joins && i < t->rows->len; i++) {
        struct hik_table_row *row = (struct hik_table_row *)g_ptr_array_index(t->rows, i), *other;

        if (!row || !row->subject || !row->now)
            continue;
        other = (struct hik_table_row *)g_hash_table_lookup(by_subject, row->now(row->subject));
        if (other == row)
            continue;
        row->shown_in = other;
        other->parts = g_slist_prepend(other->parts, row);
        t->hidden++;
    }
    g_hash_table_destroy(by_subject);
}

static void finish_table(void *data)
{
    struct table *t = (struct table *)data;

    join_rows(t);
    for (unsigned i = 0; i < t->rows->len; i++) {
        struct hik_table_row *row = (struct hik_table_row *)g_ptr_array_index(t->rows, i);

        if (row && row->subject)
            t->fill(row);
    }
    if (!t->ordered)
        sort_rows(t);
}

static stat_tap_table *only_table(const stat_tap_table_ui *ui)
{
    return g_array_index(ui->tables, stat_tap_table *, 0);
}

static struct table *add_table(const stat_tap_table_ui *ui)
{
    struct table *t = g_new0(struct table, 1);

    t->table = only_table(ui);
    t->rows = g_ptr_array_new_with_free_func(free_row);
    t->types = g_new(unsigned, ui->nfields);
    for (size_t i = 0; i < ui->nfields; i++)
        t->types[i] = ui->fields[i].type;
    t->ordered = true;
    g_hash_table_insert(tables, t->table, t);
    return t;
}

static struct table *get_table(const stat_tap_table_ui *ui, hik_table_fill fill)
{
    struct table *t = (struct table *)g_hash_table_lookup(tables, only_table(ui));

    if (!t) {
        t = add_table(ui);
        hik_table_before_drawing(finish_table, t);
    }
    t->fill = fill;
    return t;
}

/* ---- a table without rows ---------------------------------------------------------------------------------------

 * In a window and in sharkd it has one row with a sentence, until there is a row of its own. That takes over its cells, for
 * the user interface may keep a pointer to them. It is known by its first cell, which is no number. */

static bool has_remark(stat_tap_table *table)
{
    return table->num_elements == 1 && stat_tap_get_field_data(table, 0, 0)->type == TABLE_ITEM_STRING;
}

bool hik_table_is_empty(stat_tap_table *table)
{
    return table->num_elements == 0 || has_remark(table);
}

unsigned hik_table_add_row(stat_tap_table *table)
{
    unsigned index = table->num_elements;
    stat_tap_table_item_type *cells;

    if (has_remark(table)) {
        cells = stat_tap_get_field_data(table, 0, 0);
        for (unsigned i = 0; i < table->num_fields; i++)
            free_text(&cells[i]);
        memset(cells, 0, table->num_fields * sizeof *cells);
        return 0;
    }
    cells = g_new0(stat_tap_table_item_type, table->num_fields);
    stat_tap_init_table_row(table, index, table->num_fields, cells);
    g_free(cells);
    return index;
}

static void remark_empty_tables(void)
{
    for (GSList *one = definitions; one; one = one->next) {
        const struct hik_table_definition *definition = (const struct hik_table_definition *)one->data;
        const stat_tap_table_ui *ui = &definition->ui;
        stat_tap_table *table = ui->tables && ui->tables->len > 0 ? only_table(ui) : NULL;
        stat_tap_table_item_type *cells;
        char *text;

        if (!table || !hik_table_is_empty(table))
            continue;
        cells = stat_tap_get_field_data(table, hik_table_add_row(table), 0);
        for (unsigned i = 0; i < table->num_fields; i++)
            set_text(&cells[i], "");
        text = hik_seen_remark(definition->empty, NULL, false);
        set_text(&cells[definition->sentence < table->num_fields ? definition->sentence : 1], text);
        g_free(text);
    }
}

struct hik_table_row *hik_table_row(const stat_tap_table_ui *ui, unsigned key, void *subject, size_t counters_size,
                                    hik_table_fill fill, bool *made)
{
    struct table *t = get_table(ui, fill);
    struct hik_table_row *row = key < t->rows->len ? (struct hik_table_row *)g_ptr_array_index(t->rows, key) : NULL;
    unsigned index;

    *made = row == NULL;
    if (row)
        return row;
    row = g_new0(struct hik_table_row, 1);
    row->key = key;
    row->subject = subject;
    row->counters = g_malloc0(counters_size);
    if (key >= t->rows->len)
        g_ptr_array_set_size(t->rows, (int)key + 1);
    g_ptr_array_index(t->rows, key) = row;

    index = hik_table_add_row(t->table);
    row->fields = stat_tap_get_field_data(t->table, index, 0);
    for (size_t i = 0; i < ui->nfields; i++) {
        row->fields[i].type = (stat_tap_table_item_enum)t->types[i];
        if (t->types[i] == TABLE_ITEM_STRING)
            row->fields[i].value.string_value = g_strdup("");
    }
    row->fields[0].value.uint_value = key;
    if (index > 0 && key < t->last_key)
        t->ordered = false;
    t->last_key = key;
    return row;
}

/* ---- on the command line ---------------------------------------------------------------------------------------- */

struct printer {
    stat_data_t stat;     /* first, what the table's packet callback wants */
    const struct hik_table_definition *definition;
    stat_tap_table_ui ui; /* a copy with a table of its own: -z can be given twice, with other filters */
    char *filter;
    struct hik_cut_frames *cut; /* of the whole capture, if the table tells of it; NULL */
};

static stat_tap_table_item_type cell_of(const void *data, unsigned row, unsigned column)
{
    return *stat_tap_get_field_data((const stat_tap_table *)data, row, column);
}

static void print_draw(void *data)
{
    const struct printer *printer = (const struct printer *)data;
    const stat_tap_table *table = only_table(&printer->ui);
    struct table *t = (struct table *)g_hash_table_lookup(tables, table);
    char *remark = table->num_elements ? NULL : hik_seen_remark(printer->definition->empty, printer->filter, true);

    finish_table(t);
    const struct hik_printout printout = {
        .name = printer->ui.cli_string,
        .title = printer->ui.title,
        .filter = printer->filter,
        .columns = printer->definition->columns,
        .column_count = (unsigned)printer->ui.nfields,
        .row_count = table->num_elements - t->hidden,
        .sentence = printer->definition->sentence,
        .remark = remark,
        .cut = printer->cut,
        .cell = cell_of,
        .data = table,
    };

    hik_table_print(&printout);
    g_free(remark);
}

static void print_reset(void *data)
{
    struct printer *printer = (struct printer *)data;

    g_hash_table_remove(tables, only_table(&printer->ui));
    reset_stat_table(&printer->ui);
    add_table(&printer->ui);
    if (printer->cut)
        memset(printer->cut, 0, sizeof *printer->cut);
}

static void print_finish(void *data)
{
    struct printer *printer = (struct printer *)data;

    g_hash_table_remove(tables, only_table(&printer->ui));
    free_stat_tables(&printer->ui);
    g_free(printer->filter);
    g_free(printer);
}

char *hik_table_filter_of(const char *argument, const char *name)
{
    size_t len = strlen(name);

    return strncmp(argument, name, len) == 0 && argument[len] == ',' && argument[len + 1] ? g_strdup(argument + len + 1) : NULL;
}

bool hik_table_listen(const char *argument, const char *tap, void *printer, const char *filter, tap_reset_cb reset,
                      tap_packet_cb packet, tap_draw_cb draw, tap_finish_cb finish)
{
    GString *error = register_tap_listener(tap, printer, filter, 0, reset, packet, draw, finish);

    if (!error) {
        hik_seen_listen();
        return true;
    }
    fprintf(stderr, "-z %s: %s\n", argument, error->str);
    g_string_free(error, TRUE);
    finish(printer);
    return false;
}

static ws_tap_init print_init(const char *argument, void *userdata)
{
    const struct hik_table_definition *definition = (const struct hik_table_definition *)userdata;
    const stat_tap_table_ui *ui = &definition->ui;
    struct printer *printer = g_new0(struct printer, 1);
    bool listening_now;

    printer->definition = definition;
    printer->ui = *ui;
    printer->ui.tables = NULL;
    printer->filter = hik_table_filter_of(argument, ui->cli_string);
    printer->stat.stat_tap_data = &printer->ui;
    ui->stat_tap_init_cb(&printer->ui);
    add_table(&printer->ui); /* here: it is finished where it is printed, and needs no listener of its own for that */
    listening_now = hik_table_listen(argument, ui->tap_name, printer, printer->filter, print_reset, ui->packet_func, print_draw,
                                     print_finish);
    if (listening_now && definition->tells_of_cut)
        printer->cut = hik_cut_frames_count();
    WS_TAP_INIT_DONE(listening_now);
}

void hik_table_register_printer(stat_tap_ui *printer, void *userdata)
{
    /* Of two with one name the first is taken. */
    if (g_strcmp0(g_get_prgname(), "wireshark") != 0)
        register_stat_tap_ui(printer, userdata);
}

/* The columns as Wireshark wants them; they live as long as the program. */
static stat_tap_table_item *stock_columns(const struct hik_column *columns, unsigned count)
{
    stat_tap_table_item *items = g_new0(stat_tap_table_item, count);

    for (unsigned i = 0; i < count; i++) {
        bool number = columns[i].kind == HIK_COLUMN_NUMBER, decimal = columns[i].kind == HIK_COLUMN_DECIMAL;

        items[i].type = number ? TABLE_ITEM_UINT : decimal ? TABLE_ITEM_FLOAT : TABLE_ITEM_STRING;
        /* Windows are sorted by the first column: Qt's arrow hides the begin of a short heading that stands on the right. */
        items[i].align = (number || decimal) && i > 0 ? TAP_ALIGN_RIGHT : TAP_ALIGN_LEFT;
        items[i].column_name = columns[i].name;
        items[i].field_format = number ? "%u" : decimal ? "%.3f" : "%s";
    }
    return items;
}

void hik_table_register_ui(struct hik_table_definition *definition, unsigned column_count)
{
    static tap_param filter = {PARAM_FILTER, "filter", "Filter", NULL, true};
    stat_tap_table_ui *ui = &definition->ui;
    stat_tap_ui printer = {.group = REGISTER_TELEPHONY_GROUP_UNSORTED, .cli_string = ui->cli_string, .tap_init_cb = print_init};

    ui->group = REGISTER_TELEPHONY_GROUP_UNSORTED;
    ui->fields = stock_columns(definition->columns, column_count);
    ui->nfields = column_count;
    ui->params = &filter;
    ui->nparams = 1;
    if (!ui->stat_tap_reset_table_cb)
        ui->stat_tap_reset_table_cb = reset_table;
    if (!ui->stat_tap_free_table_item_cb)
        ui->stat_tap_free_table_item_cb = free_item;
    if (!definition->own_printer)
        hik_table_register_printer(&printer, definition);
    register_stat_tap_table_ui(ui);
    definitions = g_slist_prepend(definitions, definition);
}
