/* table-print.c
 * Tables as text, JSON (RFC 8259), CSV (RFC 4180) and TSV. Stock tshark's printer knows text only, and pads by bytes:
 * names in Chinese would move all columns behind them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "table-print.h"

#include <stdio.h>
#include <string.h>

#include <epan/prefs.h>

#include "stock.h"
#include "terminal.h"
#include "parts.h"

/* What a terminal shows behind the beginning of a sentence's line. */
#define INDENT 4

static int format = HIK_TABLE_TEXT; /* preference */

enum hik_table_format hik_table_format(void)
{
    return (enum hik_table_format)format;
}

/* ---- text ------------------------------------------------------------------------------------------------------- */

int hik_table_text_width(const char *text)
{
    int width = 0;

    for (const char *p = text; *p; p = g_utf8_next_char(p))
        width += g_unichar_iswide(g_utf8_get_char(p)) ? 2 : 1;
    return width;
}

void hik_table_print_text(const char *text, int width)
{
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        char bytes[8];

        if (!g_unichar_isprint(c))
            c = '?';
        bytes[g_unichar_to_utf8(c, bytes)] = '\0';
        fputs(bytes, stdout);
        width -= g_unichar_iswide(c) ? 2 : 1;
    }
    printf("%*s", MAX(width, 0), "");
}

/* The cell as text; buffer holds a number's digits. */
static const char *cell_text(const stat_tap_table_item_type *cell, char buffer[G_ASCII_DTOSTR_BUF_SIZE])
{
    switch (cell->type) {
    case TABLE_ITEM_UINT:
        snprintf(buffer, G_ASCII_DTOSTR_BUF_SIZE, "%u", cell->value.uint_value);
        return buffer;
    case TABLE_ITEM_FLOAT:
        return g_ascii_formatd(buffer, G_ASCII_DTOSTR_BUF_SIZE, "%.3f", cell->value.float_value);
    case TABLE_ITEM_STRING:
        return cell->value.string_value ? cell->value.string_value : "";
    default:
        return "";
    }
}

static bool is_number(const struct hik_column *column)
{
    return column->kind == HIK_COLUMN_NUMBER || column->kind == HIK_COLUMN_DECIMAL;
}

static void print_rule(void)
{
    printf("%.100s\n", "================================================================================================"
                       "================================================================================================");
}

static void print_heading(const struct hik_printout *table)
{
    printf("\n");
    print_rule();
    printf("%s:\nFilter for statistics: %s\n", table->title, table->filter ? table->filter : "");
}

static void print_columns(const struct hik_printout *table)
{
    int *widths = g_new(int, table->column_count);
    char buffer[G_ASCII_DTOSTR_BUF_SIZE];

    for (unsigned i = 0; i < table->column_count; i++) {
        widths[i] = hik_table_text_width(table->columns[i].name);
        for (unsigned row = 0; row < table->row_count; row++) {
            stat_tap_table_item_type cell = table->cell(table->data, row, i);
            int width = hik_table_text_width(cell_text(&cell, buffer));

            widths[i] = MAX(widths[i], width);
        }
    }
    for (int row = -1; row < (int)table->row_count; row++) {
        for (unsigned i = 0; i < table->column_count; i++) {
            stat_tap_table_item_type cell;
            const char *text = table->columns[i].name;

            if (row >= 0) {
                cell = table->cell(table->data, (unsigned)row, i);
                text = cell_text(&cell, buffer);
            }
            if (is_number(&table->columns[i]))
                printf("%*s", MAX(widths[i] - hik_table_text_width(text), 0), "");
            hik_table_print_text(text, is_number(&table->columns[i]) ? 0 : widths[i]);
            printf(" |");
        }
        /* As stock's printer does: the table's title between the heading and the rows. */
        printf("\n");
        if (row < 0)
            printf("%s\n", table->title);
    }
    g_free(widths);
}

/* Words of a text, on lines of at most `width` places, each behind the indent. */
static void print_folded(const char *text, int width)
{
    char **words = g_strsplit(text, " ", -1);
    int at = 0;

    for (char **word = words; *word; word++) {
        int needs = hik_table_text_width(*word);

        if (at > 0 && at + 1 + needs > width) {
            printf("\n");
            at = 0;
        }
        printf("%*s", at ? 1 : INDENT, "");
        at += at ? 1 : INDENT;
        hik_table_print_text(*word, 0);
        at += needs;
    }
    printf("\n");
    g_strfreev(words);
}

/* On a terminal a row is a paragraph: what comes before the sentence, the sentence, and the rest with its names. */
static void print_paragraphs(const struct hik_printout *table, int width)
{
    char buffer[G_ASCII_DTOSTR_BUF_SIZE];

    for (unsigned row = 0; row < table->row_count; row++) {
        GString *rest = g_string_new(NULL);

        printf("\n");
        for (unsigned i = 0; i < table->column_count; i++) {
            stat_tap_table_item_type cell = table->cell(table->data, row, i);
            const char *text = cell_text(&cell, buffer);

            if (i < table->sentence) {
                if (i == 0)
                    printf("%s ", table->columns[i].name);
                hik_table_print_text(text, 0);
                printf("  ");
            } else if (i == table->sentence) {
                printf("\n");
                print_folded(text, width);
            } else if (*text) {
                g_string_append_printf(rest, "%s%s %s", rest->len ? ", " : "", table->columns[i].name, text);
            }
        }
        print_folded(rest->str, width);
        g_string_free(rest, TRUE);
    }
}

static void print_as_text(const struct hik_printout *table)
{
    int width = hik_terminal_width();
    char *cut;

    print_heading(table);
    if (width > 0 && table->sentence < table->column_count)
        print_paragraphs(table, width);
    else
        print_columns(table);
    if (table->row_count == 0 && table->remark && width > 0)
        print_folded(table->remark, width);
    else if (table->row_count == 0 && table->remark)
        printf("%s\n", table->remark);
    print_rule();
    cut = table->cut ? hik_cut_frames_print(table->cut) : NULL;
    if (cut)
        printf("%s\n", cut);
    g_free(cut);
}

/* ---- for programs ------------------------------------------------------------------------------------------------ */

void hik_table_print_json_text(const char *text)
{
    putchar('"');
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;

        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void print_json_cell(const struct hik_column *column, const stat_tap_table_item_type *cell)
{
    char buffer[G_ASCII_DTOSTR_BUF_SIZE];
    const char *text = cell_text(cell, buffer);

    if (column->kind == HIK_COLUMN_TEXT && *text)
        hik_table_print_json_text(text);
    else
        fputs(*text ? text : "null", stdout);
}

static void print_json_rows(const struct hik_printout *table)
{
    printf("[");
    for (unsigned row = 0; row < table->row_count; row++) {
        printf("%s\n{", row ? "," : "");
        for (unsigned i = 0; i < table->column_count; i++) {
            stat_tap_table_item_type cell = table->cell(table->data, row, i);

            printf("%s\"%s\":", i ? "," : "", table->columns[i].key);
            print_json_cell(&table->columns[i], &cell);
        }
        printf("}");
    }
    printf("%s]", table->row_count ? "\n" : "");
}

/* RFC 4180 2.6 and 2.7; TSV has no quotes, and cells hold no tabs (hik_table_set_text()). */
static void print_separated_cell(const char *text)
{
    bool quotes = format == HIK_TABLE_CSV && strpbrk(text, ",\"\r\n");

    if (!quotes) {
        for (const char *p = text; *p; p++)
            putchar(format == HIK_TABLE_TSV && (*p == '\t' || *p == '\n' || *p == '\r') ? ' ' : *p);
        return;
    }
    putchar('"');
    for (const char *p = text; *p; p++) {
        if (*p == '"')
            putchar('"');
        putchar(*p);
    }
    putchar('"');
}

static void print_separated_rows(const struct hik_printout *table)
{
    char buffer[G_ASCII_DTOSTR_BUF_SIZE];

    for (int row = -1; row < (int)table->row_count; row++) {
        for (unsigned i = 0; i < table->column_count; i++) {
            stat_tap_table_item_type cell;
            const char *text = table->columns[i].key;

            if (row >= 0) {
                cell = table->cell(table->data, (unsigned)row, i);
                text = cell_text(&cell, buffer);
            }
            if (i)
                putchar(format == HIK_TABLE_CSV ? ',' : '\t');
            print_separated_cell(text);
        }
        printf("\n");
    }
}

void hik_table_print_rows(const struct hik_printout *table)
{
    if (format == HIK_TABLE_JSON)
        print_json_rows(table);
    else
        print_separated_rows(table);
}

void hik_table_print(const struct hik_printout *table)
{
    char *cut, *remark;

    if (format == HIK_TABLE_TEXT) {
        print_as_text(table);
        return;
    }
    if (format == HIK_TABLE_JSON) {
        printf("{\"table\":");
        hik_table_print_json_text(table->name);
        printf(",\"filter\":");
        if (table->filter)
            hik_table_print_json_text(table->filter);
        else
            printf("null");
        cut = table->cut ? hik_cut_frames_print(table->cut) : NULL;
        remark = g_strconcat(table->row_count == 0 && table->remark ? table->remark : cut ? cut : "", NULL);
        if (cut && table->row_count == 0 && table->remark) {
            g_free(remark);
            remark = g_strdup_printf("%s %s", table->remark, cut);
        }
        if (remark[0]) {
            printf(",\"remark\":");
            hik_table_print_json_text(remark);
        }
        g_free(remark);
        g_free(cut);
        printf(",\"rows\":");
        print_json_rows(table);
        printf("}\n");
        return;
    }
    print_separated_rows(table);
    if (table->row_count == 0 && table->remark) /* no place for it among the rows */
        fprintf(stderr, "%s: %s\n", table->name, table->remark);
}

void hik_table_print_register(int proto)
{
    static const enum_val_t formats[] = {
        {"text", "Text", HIK_TABLE_TEXT},
        {"json", "JSON", HIK_TABLE_JSON},
        {"csv", "CSV (comma)", HIK_TABLE_CSV},
        {"tsv", "TSV (tab)", HIK_TABLE_TSV},
        {NULL, NULL, -1},
    };

    prefs_register_enum_preference(hik_stock_preferences(proto), "table_format", "Format of printed tables",
                                   "How tshark prints -z hikcascade,sessions, platforms and catalog", &format, formats, false);
}
