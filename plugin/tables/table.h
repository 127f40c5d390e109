/* table.h
 * What the plugin's statistics tables have in common: rows that are found by a key, kept in order, and filled again
 * when the capture has been read to its end.
 *
 * Why: Wireshark's tables are filled packet by packet and drawn by the user interface. In one pass (tshark without -2)
 * the last packet is not known to be the last, so what needs the whole capture is filled just before the drawing. The
 * state here belongs to the user interface, not to the capture; it lets go of the capture's memory when that is closed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HIK_TABLE_H
#define HIK_TABLE_H

#include "ws-compat.h"

#include <epan/stat_tap_ui.h>

#include "seen.h"
#include "table-print.h"

struct hik_table_row {
    unsigned key;                     /* rows are ordered by it; also the value of column 0, unless the table fills in another */
    stat_tap_table_item_type *fields; /* the row's cells; may change place: always go through this */
    void *subject;                    /* what the row is about (file scope); NULL once the capture is closed */
    void *counters;                   /* g_malloc'd of the size the table asked for, zeroed */
    void *(*now)(void *subject);      /* what the subject has turned out to be: rows with the same become one; NULL: itself */
    struct hik_table_row *shown_in;   /* the row that this one has become part of, NULL: none. It is drawn behind all others, or not */
    GSList *parts;                    /* the rows that have become part of this one, when the table is filled */
    GSList *list;                     /* the table's own; freed, not what it points to; empty once the capture is closed */
};

/* Fills the cells of a row that depend on the whole capture. */
typedef void (*hik_table_fill)(struct hik_table_row *row);

/* For stat_tap_init_cb: makes the ui's only table, or empties it if it is there. */
void hik_table_init(stat_tap_table_ui *ui, const char *title);
/* The row of that key; made if it is not there, with empty cells of the ui's types. *made says so. Constant time. */
struct hik_table_row *hik_table_row(const stat_tap_table_ui *ui, unsigned key, void *subject, size_t counters_size,
                                    hik_table_fill fill, bool *made);

/* Sets a text cell; control characters and '|' become blanks. NULL is "". */
void hik_table_set_text(struct hik_table_row *row, unsigned column, const char *text);

/* The table has no rows, or but the one of a window with a sentence that says so. */
bool hik_table_is_empty(stat_tap_table *table);
/* A new row, its cells zeroed; the first one takes over that sentence's. Returns its index. */
unsigned hik_table_add_row(stat_tap_table *table);

/* A printer of ours for -z on the command line, in front of stock's. Wireshark's windows are opened by -z as well: there
 * it is not registered. */
void hik_table_register_printer(stat_tap_ui *printer, void *userdata);
/* For the printer's tap_init_cb. What stands behind "name," in argument, NULL if nothing does. To be freed by g_free(). */
char *hik_table_filter_of(const char *argument, const char *name);
/* Registers its tap listener. If the filter is wrong that is said on stderr, the printer is given to finish, and the
 * result is false. */
bool hik_table_listen(const char *argument, const char *tap, void *printer, const char *filter, tap_reset_cb reset,
                      tap_packet_cb packet, tap_draw_cb draw, tap_finish_cb finish);

/* A table: what Wireshark's user interface wants of it, and what our printer does. In ui: title, tap_name, cli_string,
 * stat_tap_init_cb and packet_func are given, the rest is filled in at registration. */
struct hik_table_definition {
    stat_tap_table_ui ui;
    const struct hik_column *columns;
    unsigned sentence;     /* column with a sentence; the number of columns: there is none */
    enum hik_seen_table empty; /* what it says where it has no rows */
    bool tells_of_cut;     /* it says once how many packets of the whole capture are cut */
    bool own_printer;      /* the table has registered a printer of its own */
};
/* Registers a table for the GUI and sharkd, and a printer of ours for the command line. The definition is static. */
void hik_table_register_ui(struct hik_table_definition *definition, unsigned column_count);

/* The same for other listeners: finish(data) is called before the tap listeners draw, until hik_table_forget(data)
 * or the end of the capture. Adding the same data again is harmless. */
void hik_table_before_drawing(void (*finish)(void *data), void *data);
void hik_table_forget(void *data);

#endif
