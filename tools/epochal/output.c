/* SPDX-License-Identifier: BSD-3-Clause
 * output.c - the one writer of results.
 *
 * JSON is written as it comes. A table for people needs its widths before its first line, so its cells are kept as text in
 * one buffer and written in blocks; widths only grow from block to block.
 */
#include "output.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "message.h"
#include "plain.h"
#include "stream.h"

enum { BLOCK_CELLS = 16384, MAX_COLUMNS = 512 };

typedef enum format { TABLE, JSON, JSONL, CSV } format;

static const struct {
    const char *word, *about;
} formats[] = {
    [TABLE] = {"table", "aligned columns, for people"},
    [JSON] = {"json", "one JSON value"},
    [JSONL] = {"jsonl", "JSON Lines: an object a row, as it comes"},
    [CSV] = {"csv", "comma-separated values (RFC 4180) with a header line"},
};

const char *cli_output_word(size_t index, const char **about)
{
    if (index >= sizeof formats / sizeof *formats) return NULL;
    *about = formats[index].about;
    return formats[index].word;
}

struct cli_output {
    format format;
    bool document, failed;
    bool no_memory;
    size_t parts; /* tables and facts so far, in a document */
    /* the table that is open */
    const char *name;
    const cli_column *columns;
    size_t column_count;
    size_t flat_count; /* columns with their members counted one by one */
    bool facts;
    size_t column, rows; /* of the next cell; rows done */
    bool row_open;       /* JSON: something was written in this row, a comma is due */
    /* cells of the block (TABLE) or of the row (CSV), NUL after NUL */
    char *cells;
    size_t length, capacity, cell_count;
    size_t widths[MAX_COLUMNS];
    bool header_done;
};

static const cli_column fact_columns[] = {{.name = "name"}, {.name = "value"}};

/* --- text ------------------------------------------------------------------------------------------------------------ */

/* Of a character of one to three bytes. */
static unsigned code_point(const char *text, size_t length)
{
    const unsigned char *p = (const unsigned char *)text;
    if (length == 1) return p[0];
    if (length == 2) return (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
    return (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
}

/* What is not UTF-8 becomes U+FFFD, and what a terminal would obey is escaped: JSON goes to terminals too. */
static void json_text(const char *text)
{
    putchar('"');
    for (const char *p = text; *p;) {
        size_t n = cli_utf8_length(p);
        if (n == 0)
            fputs("\\ufffd", stdout);
        else if (*p == '"' || *p == '\\')
            printf("\\%c", *p);
        else if (!cli_is_plain(p, n))
            printf("\\u%04x", code_point(p, n));
        else
            fwrite(p, 1, n, stdout);
        p += n ? n : 1;
    }
    putchar('"');
}

/* Adds a cell for TABLE and CSV; what is not UTF-8 becomes U+FFFD, and a table shows control characters as '?'. */
static void add_cell(cli_output *o, const char *text)
{
    size_t need = o->length + 3 * strlen(text) + 1;
    if (need > o->capacity) {
        size_t capacity = 2 * need + 4096;
        char *cells = realloc(o->cells, capacity);
        if (!cells) {
            o->failed = o->no_memory = true;
            return;
        }
        o->cells = cells;
        o->capacity = capacity;
    }
    char *out = o->cells + o->length;
    for (const char *p = text; *p;) {
        size_t n = cli_utf8_length(p);
        if (n == 0) {
            memcpy(out, "\xef\xbf\xbd", 3);
            out += 3;
        } else if (o->format == TABLE && !cli_is_plain(p, n)) {
            *out++ = '?';
        } else {
            memcpy(out, p, n);
            out += n;
        }
        p += n ? n : 1;
    }
    *out++ = '\0';
    o->length = (size_t)(out - o->cells);
    o->cell_count++;
}

static size_t characters(const char *text)
{
    size_t n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* --- writing --------------------------------------------------------------------------------------------------------- */

static void check_stream(cli_output *o)
{
    if (!cli_stream_ok()) o->failed = true;
}

static void csv_field(const char *text)
{
    if (!text[strcspn(text, ",\"\r\n")]) {
        fputs(text, stdout);
        return;
    }
    putchar('"');
    for (; *text; text++) {
        if (*text == '"') putchar('"');
        putchar(*text);
    }
    putchar('"');
}

static const char *flat_name(const cli_output *o, size_t flat, bool *number)
{
    for (size_t i = 0; i < o->column_count; i++) {
        const cli_column *c = &o->columns[i];
        size_t n = c->members ? c->member_count : 1;
        *number = c->number || c->members;
        if (flat < n) return c->members ? c->members[flat] : c->name;
        flat -= n;
    }
    *number = false;
    return "";
}

/* Names of columns may come from a file too; a terminal obeys what it is sent. */
static void put_plain(const char *text)
{
    for (size_t n; *text; text += n ? n : 1) {
        n = cli_utf8_length(text);
        if (n && cli_is_plain(text, n))
            fwrite(text, 1, n, stdout);
        else
            putchar('?');
    }
}

static void table_cell(const cli_output *o, size_t column, const char *text, bool number)
{
    size_t width = o->widths[column], n = characters(text), pad = width > n ? width - n : 0;
    bool last = column + 1 == o->flat_count;
    if (number) printf("%*s", (int)pad, "");
    put_plain(text);
    if (!last) printf("%*s", (int)(number ? 2 : pad + 2), "");
    if (last) putchar('\n');
}

/* Writes the rows kept so far, and the header before the first of them. */
static void write_block(cli_output *o)
{
    bool number;
    if (o->flat_count == 0 || o->failed) return;
    const char *cell = o->cells;
    for (size_t i = 0; i < o->cell_count; i++, cell += strlen(cell) + 1) {
        size_t n = characters(cell), column = i % o->flat_count;
        if (n > o->widths[column]) o->widths[column] = n;
    }
    if (!o->header_done && !o->facts) {
        for (size_t i = 0; i < o->flat_count; i++) {
            const char *name = flat_name(o, i, &number);
            size_t n = characters(name);
            if (n > o->widths[i]) o->widths[i] = n;
        }
        for (size_t i = 0; i < o->flat_count; i++) {
            const char *name = flat_name(o, i, &number);
            table_cell(o, i, name, number);
        }
    }
    o->header_done = true;
    cell = o->cells;
    for (size_t i = 0; i < o->cell_count; i++, cell += strlen(cell) + 1) {
        flat_name(o, i % o->flat_count, &number);
        table_cell(o, i % o->flat_count, cell, number);
    }
    o->length = o->cell_count = 0;
    check_stream(o);
}

static void write_csv_row(cli_output *o)
{
    const char *cell = o->cells;
    for (size_t i = 0; i < o->cell_count && !o->failed; i++, cell += strlen(cell) + 1) {
        if (i) putchar(',');
        csv_field(cell);
    }
    fputs("\r\n", stdout);
    o->length = o->cell_count = 0;
}

/* --- the calls ------------------------------------------------------------------------------------------------------- */

cli_output *cli_output_open(const char *format_word, bool document)
{
    cli_output *o = calloc(1, sizeof *o);
    if (!o) {
        cli_error("out of memory");
        return NULL;
    }
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].word, format_word) == 0) o->format = (format)i;
    o->document = document;
    if (document && o->format != TABLE && o->format != CSV) putchar('{');
    return o;
}

int cli_output_close(cli_output *o)
{
    if (!o->failed && o->document && (o->format == JSON || o->format == JSONL)) puts(o->format == JSON && o->parts ? "\n}" : "}");
    if (o->no_memory) cli_error("out of memory");
    int status = cli_flush();
    if (o->failed) status = CLI_FAILED;
    free(o->cells);
    free(o);
    return status;
}

bool cli_output_failed(const cli_output *o)
{
    return o->failed;
}

/* Before a part of a document: the comma, the line break, the empty line between tables. */
static void part_begin(cli_output *o)
{
    if (o->format == JSON)
        fputs(o->parts ? ",\n  " : "\n  ", stdout);
    else if (o->format == JSONL)
        fputs(o->parts ? ", " : "", stdout);
    else if (o->parts)
        fputs(o->format == CSV ? "\r\n" : "\n", stdout);
    o->parts++;
}

static void begin(cli_output *o, const char *name, const cli_column *columns, size_t count, bool facts)
{
    o->name = name;
    o->columns = columns;
    o->column_count = count;
    o->facts = facts;
    o->flat_count = o->column = o->rows = o->length = o->cell_count = 0;
    o->row_open = o->header_done = false;
    memset(o->widths, 0, sizeof o->widths);
    for (size_t i = 0; i < count; i++) o->flat_count += columns[i].members ? columns[i].member_count : 1;
    if (o->flat_count > MAX_COLUMNS && (o->format == TABLE || o->format == CSV)) {
        cli_error("%zu columns are too many for --output %s; json and jsonl take any number", o->flat_count, formats[o->format].word);
        o->failed = true;
    }
    if (o->failed) return;
    if (o->document && !(facts && o->format != TABLE && o->format != CSV)) {
        part_begin(o);
        if (o->format == JSON || o->format == JSONL) {
            json_text(name);
            fputs(": ", stdout);
        } else if (o->format == TABLE && *name) {
            printf("%s:\n", name);
        }
    }
    if (!facts && (o->format == JSON || (o->document && o->format == JSONL))) putchar('[');
    if (o->format == CSV) {
        bool number;
        for (size_t i = 0; i < o->flat_count; i++) add_cell(o, flat_name(o, i, &number));
        write_csv_row(o);
    }
}

void cli_table_begin(cli_output *o, const char *name, const cli_column *columns, size_t count)
{
    begin(o, name, columns, count, false);
}

void cli_table_end(cli_output *o)
{
    if (o->failed) return;
    if (o->format == TABLE && o->document && o->rows == 0)
        puts("none");
    else if (o->format == TABLE)
        write_block(o);
    if (!o->facts && o->format == JSON) fputs(o->rows ? (o->document ? "\n  ]" : "\n]") : "]", stdout);
    if (!o->facts && o->format == JSONL && o->document) putchar(']');
    if (o->format == JSON && !o->document) putchar('\n');
    check_stream(o);
}

void cli_facts_begin(cli_output *o, const char *name)
{
    begin(o, name, fact_columns, 2, true);
}

void cli_facts_end(cli_output *o)
{
    cli_table_end(o);
}

/* Before a value in JSON: what separates it from the one before, and its key. */
static void json_key(cli_output *o)
{
    if (o->facts) return; /* the fact's name was the key */
    if (!o->row_open) {
        if (o->format == JSON)
            printf("%s%s{", o->rows ? "," : "", o->document ? "\n    " : "\n  ");
        else
            fputs(o->document && o->rows ? ", {" : "{", stdout);
    } else {
        fputs(", ", stdout);
    }
    o->row_open = true;
    json_text(o->columns[o->column].name);
    fputs(": ", stdout);
}

static bool is_json(const cli_output *o)
{
    return o->format == JSON || o->format == JSONL;
}

/* One value: `json` as it stands in JSON (NULL: `plain` as a string), `plain` in a table or csv. */
static void put(cli_output *o, const char *json, const char *plain)
{
    if (o->failed || o->column >= o->column_count) return;
    if (!is_json(o)) {
        add_cell(o, plain);
    } else if (o->facts && o->column == 0) {
        part_begin(o);
        json_text(plain);
        fputs(": ", stdout);
    } else {
        json_key(o);
        if (json)
            fputs(json, stdout);
        else
            json_text(plain);
    }
    o->column++;
}

void cli_put_text(cli_output *o, const char *text)
{
    put(o, text ? NULL : "null", text ? text : "");
}

void cli_put_int(cli_output *o, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    put(o, text, text);
}

void cli_put_bool(cli_output *o, bool value)
{
    put(o, value ? "true" : "false", o->format == CSV ? (value ? "1" : "0") : (value ? "yes" : "no"));
}

/* The fewest digits that are read back as the same double. */
static void exact(double value, char text[32])
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, 32, "%.*g", digits, value);
        if (strtod(text, NULL) == value) return;
    }
}

void cli_put_real(cli_output *o, double value)
{
    char text[32];
    if (!isfinite(value)) {
        put(o, "null", "");
        return;
    }
    exact(value, text);
    put(o, text, text);
}

static void score_text(const cli_output *o, double value, char text[32])
{
    if (!isfinite(value))
        snprintf(text, 32, "%s", is_json(o) ? "null" : "");
    else
        snprintf(text, 32, o->format == TABLE ? "%.6f" : "%.9g", value);
}

void cli_put_score(cli_output *o, double value)
{
    char text[32];
    score_text(o, value, text);
    put(o, text, text);
}

void cli_put_texts(cli_output *o, const char *const *texts, size_t count)
{
    if (o->failed || o->column >= o->column_count) return;
    if (is_json(o)) {
        json_key(o);
        putchar('[');
        for (size_t i = 0; i < count; i++) {
            if (i) fputs(", ", stdout);
            json_text(texts[i]);
        }
        putchar(']');
        o->column++;
        return;
    }
    size_t length = 1;
    for (size_t i = 0; i < count; i++) length += strlen(texts[i]) + 1;
    char *joined = calloc(length, 1), *end = joined;
    if (!joined) {
        o->failed = o->no_memory = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (i) *end++ = ',';
        size_t n = strlen(texts[i]);
        memcpy(end, texts[i], n);
        end += n;
    }
    put(o, NULL, joined);
    free(joined);
}

void cli_put_scores(cli_output *o, const double *values)
{
    char text[32];
    if (o->failed || o->column >= o->column_count) return;
    const cli_column *c = &o->columns[o->column];
    if (is_json(o)) {
        json_key(o);
        putchar('{');
        for (size_t i = 0; i < c->member_count; i++) {
            if (i) fputs(", ", stdout);
            json_text(c->members[i]);
            score_text(o, values[i], text);
            printf(": %s", text);
        }
        putchar('}');
    } else {
        for (size_t i = 0; i < c->member_count; i++) {
            score_text(o, values[i], text);
            add_cell(o, text);
        }
    }
    o->column++;
}

void cli_put_absent(cli_output *o)
{
    if (o->failed || o->column >= o->column_count) return;
    const cli_column *c = &o->columns[o->column];
    if (!is_json(o))
        for (size_t i = 0; i < (c->members ? c->member_count : 1); i++) add_cell(o, "");
    o->column++;
}

void cli_row_end(cli_output *o)
{
    if (o->failed) return;
    while (o->column < o->column_count && !o->failed) cli_put_absent(o);
    if (is_json(o) && !o->facts) {
        if (!o->row_open) fputs(o->format == JSON ? (o->rows ? ",\n  {" : "\n  {") : "{", stdout);
        putchar('}');
        if (o->format == JSONL && !o->document) {
            putchar('\n');
            fflush(stdout); /* whoever reads the pipe wants the row now */
        }
    } else if (o->format == CSV) {
        write_csv_row(o);
    } else if (o->format == TABLE && o->cell_count >= BLOCK_CELLS) {
        write_block(o);
    }
    o->column = 0;
    o->row_open = false;
    o->rows++;
    check_stream(o);
}

void cli_fact_text(cli_output *o, const char *name, const char *text)
{
    cli_put_text(o, name);
    cli_put_text(o, text);
    cli_row_end(o);
}

void cli_fact_int(cli_output *o, const char *name, int64_t value)
{
    cli_put_text(o, name);
    cli_put_int(o, value);
    cli_row_end(o);
}

void cli_fact_real(cli_output *o, const char *name, double value)
{
    cli_put_text(o, name);
    cli_put_real(o, value);
    cli_row_end(o);
}
