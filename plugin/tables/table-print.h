/* table-print.h
 * How -z hikcascade,... prints a table: as text, JSON, CSV or TSV (preference hikcascade.table_format).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_TABLE_PRINT_H
#define HIK_TABLE_PRINT_H

#include "ws-compat.h"

#include <epan/stat_tap_ui.h>

#include "cut.h"

enum hik_column_kind {
    HIK_COLUMN_NUMBER,     /* TABLE_ITEM_UINT */
    HIK_COLUMN_DECIMAL,    /* TABLE_ITEM_FLOAT */
    HIK_COLUMN_TEXT,       /* TABLE_ITEM_STRING */
    HIK_COLUMN_NUMBER_TEXT /* TABLE_ITEM_STRING that holds a number, or nothing where it is not known */
};

/* key: the value's name in JSON, CSV and TSV; stable, a contract like a filter name. */
struct hik_column {
    const char *name;
    const char *key;
    enum hik_column_kind kind;
};

/* One table, ready to be printed. */
struct hik_printout {
    const char *name;    /* "hikcascade,sessions" */
    const char *title;
    const char *filter;  /* NULL: everything */
    const struct hik_column *columns;
    unsigned column_count, row_count;
    unsigned sentence;   /* column that a terminal shows on lines of its own; column_count: none */
    const char *remark;  /* printed where there are no rows, for CSV and TSV to standard error; NULL: nothing */
    const struct hik_cut_frames *cut; /* said once below the table, if packets are cut; NULL: nothing */
    /* The cell of a row and column; what it points to lives until the next call at least. */
    stat_tap_table_item_type (*cell)(const void *data, unsigned row, unsigned column);
    const void *data;
};

/* Prints to standard output in the format that the preference names. */
void hik_table_print(const struct hik_printout *table);

/* ---- for tables that print more than rows ------------------------------------------------------------------------ */

enum hik_table_format { HIK_TABLE_TEXT, HIK_TABLE_JSON, HIK_TABLE_CSV, HIK_TABLE_TSV };
enum hik_table_format hik_table_format(void);

/* JSON of a text, in quotes. */
void hik_table_print_json_text(const char *text);
/* The rows alone: a JSON array, or for CSV and TSV the heading and the rows. */
void hik_table_print_rows(const struct hik_printout *table);

/* How many places of a terminal a text takes, a Chinese character two; and prints it, with blanks up to that width.
 * What would move the cursor becomes '?'. */
int hik_table_text_width(const char *text);
void hik_table_print_text(const char *text, int width);

#endif
