/* SPDX-License-Identifier: BSD-3-Clause
 * csv.c - a table's rows, one at a time.
 *
 * zlib reads plain and gzipped files alike. A row is gathered in one buffer with its quotes taken off and each field
 * ended by a NUL; where the fields begin is kept as offsets until the row is whole, because the buffer moves as it
 * grows. A quote inside an unquoted field stands for itself, as spreadsheets and Python have it. */
#include "formats/csv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <zlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/bytes.h"

enum { MAX_ROW = 1 << 20, MAX_COLUMNS = 4096, BUFFER = 64 << 10, NO_MORE = -1, FAILED = -2 };

struct epo__csv {
    char *path;
    gzFile gz;
    unsigned char buffer[BUFFER];
    size_t at, filled;
    uint64_t line, row_line; /* the line being read, and that on which the last row began */

    char *row; /* the fields of a row, each with its NUL */
    size_t row_size, row_capacity;
    size_t starts[MAX_COLUMNS];
    const char *fields[MAX_COLUMNS];
    size_t count;

    char **names;
    size_t columns;
    bool ended; /* by a failure */
};

static epo_status fail_line(const epo__csv *csv, epo_status status, const char *what)
{
    return epo__fail(status, "%s: line %llu: %s", csv->path, (unsigned long long)csv->row_line, what);
}

/* The next byte, NO_MORE, or FAILED. */
static int next_byte(epo__csv *csv)
{
    if (csv->at == csv->filled) {
        int got = gzread(csv->gz, csv->buffer, BUFFER);
        if (got < 0) return FAILED;
        csv->at = 0;
        csv->filled = (size_t)got;
        if (got == 0) { /* a gzip member that was cut short shows only here */
            int state;
            gzerror(csv->gz, &state);
            return state == Z_OK || state == Z_STREAM_END ? NO_MORE : FAILED;
        }
    }
    int byte = csv->buffer[csv->at++];
    if (byte == '\n') csv->line++;
    return byte;
}

static void unread(epo__csv *csv, int byte)
{
    if (byte < 0) return;
    csv->at--; /* the byte came from the buffer, which was not refilled since */
    if (byte == '\n') csv->line--;
}

static epo_status add_byte(epo__csv *csv, int byte)
{
    if (csv->row_size >= MAX_ROW) return fail_line(csv, EPO_ELIMIT, "a row over 1 MiB");
    if (!epo__grow(&csv->row, &csv->row_capacity, csv->row_size + 1, 1)) return epo__nomem(csv->path);
    csv->row[csv->row_size++] = (char)byte;
    return EPO_OK;
}

static epo_status fail_read(const epo__csv *csv)
{
    int state;
    const char *why = gzerror(csv->gz, &state);
    return state == Z_ERRNO ? fail_line(csv, EPO_EIO, why)
                            : fail_line(csv, EPO_EFORMAT, "its gzip data is damaged or cut short");
}

/* One field into the row; *last is set at the end of the row. *bad is set where text stands behind a closing quote,
 * which then is passed over. */
static epo_status read_field(epo__csv *csv, bool *last, bool *bad)
{
    if (csv->count == MAX_COLUMNS) return fail_line(csv, EPO_ELIMIT, "over 4096 columns");
    csv->starts[csv->count++] = csv->row_size;
    epo_status status = EPO_OK;
    int byte = next_byte(csv);
    bool quoted = byte == '"', open = quoted;
    if (quoted) byte = next_byte(csv);
    for (; !status; byte = next_byte(csv)) {
        if (byte == FAILED) return fail_read(csv);
        if (byte == 0) return fail_line(csv, EPO_EFORMAT, "holds a NUL byte");
        if (open) {
            if (byte == NO_MORE) return fail_line(csv, EPO_EFORMAT, "a quote is never closed");
            if (byte != '"') {
                status = add_byte(csv, byte);
                continue;
            }
            byte = next_byte(csv);
            if (byte == '"') { /* two quotes stand for one */
                status = add_byte(csv, byte);
                continue;
            }
            open = false;
        }
        if (byte == '\r') {
            byte = next_byte(csv);
            if (byte != '\n' && byte != NO_MORE) {
                unread(csv, byte);
                byte = '\r';
            }
        }
        if (byte == ',' || byte == '\n' || byte == NO_MORE) {
            *last = byte != ',';
            return add_byte(csv, 0);
        }
        if (byte == FAILED || byte == 0) { /* met behind a quote or a return */
            unread(csv, byte);
            continue;
        }
        if (quoted)
            *bad = true;
        else
            status = add_byte(csv, byte);
    }
    return status;
}

/* A whole row into csv->fields; *end when there is none. */
static epo_status read_row(epo__csv *csv, bool *end, bool *bad)
{
    int byte;
    while ((byte = next_byte(csv)) == '\n' || byte == '\r') {
    }
    unread(csv, byte);
    csv->count = csv->row_size = 0;
    csv->row_line = csv->line;
    *bad = false;
    *end = byte == NO_MORE;
    bool last = *end;
    while (!last) {
        epo_status status = read_field(csv, &last, bad);
        if (status) return status;
    }
    for (size_t i = 0; i < csv->count; i++) csv->fields[i] = csv->row + csv->starts[i];
    return EPO_OK;
}

static epo_status read_header(epo__csv *csv)
{
    bool end, bad;
    int first = next_byte(csv);
    if (first == 0xef) { /* a byte order mark; gzread gave at least three bytes or the file has no more */
        if (csv->filled >= 3 && csv->buffer[1] == 0xbb && csv->buffer[2] == 0xbf)
            csv->at = 3;
        else
            unread(csv, first);
    } else {
        unread(csv, first);
    }
    epo_status status = read_row(csv, &end, &bad);
    if (status) return status;
    if (end) return epo__fail(EPO_EFORMAT, "%s: no header row", csv->path);
    if (bad) return fail_line(csv, EPO_EFORMAT, "text behind a closing quote");
    csv->names = epo__alloc(csv->count, sizeof *csv->names);
    if (!csv->names) return epo__nomem(csv->path);
    for (; csv->columns < csv->count; csv->columns++) {
        const char *name = csv->fields[csv->columns];
        while (isblank((unsigned char)*name)) name++;
        size_t length = strlen(name);
        while (length && isblank((unsigned char)name[length - 1])) length--;
        csv->names[csv->columns] = epo__strndup(name, length);
        if (!csv->names[csv->columns]) return epo__nomem(csv->path);
    }
    return EPO_OK;
}

epo_status epo__csv_open(const char *path, epo__csv **out)
{
    *out = NULL;
    epo__csv *csv = epo__alloc(1, sizeof *csv);
    if (!csv || !(csv->path = epo__strdup(path))) {
        free(csv);
        return epo__nomem(path);
    }
    csv->line = 1;
    int fd;
    size_t size;
    epo_status status = epo__file_open(path, &fd, &size);
    if (!status && !(csv->gz = gzdopen(fd, "rb"))) {
        close(fd);
        status = epo__nomem(path);
    }
    if (!status) status = read_header(csv);
    if (status) {
        epo__csv_free(csv);
        return status;
    }
    *out = csv;
    return EPO_OK;
}

void epo__csv_free(epo__csv *csv)
{
    if (!csv) return;
    if (csv->gz) gzclose(csv->gz);
    for (size_t i = 0; i < csv->columns; i++) free(csv->names[i]);
    free(csv->names);
    free(csv->row);
    free(csv->path);
    free(csv);
}

size_t epo__csv_columns(const epo__csv *csv)
{
    return csv->columns;
}

const char *epo__csv_name(const epo__csv *csv, size_t column)
{
    return csv->names[column];
}

uint64_t epo__csv_line(const epo__csv *csv)
{
    return csv->row_line;
}

epo_status epo__csv_find(const epo__csv *csv, const char *const *names, size_t *column)
{
    for (const char *const *name = names; *name; name++) {
        size_t matches = 0;
        for (size_t i = 0; i < csv->columns; i++) {
            if (strcasecmp(csv->names[i], *name) != 0) continue;
            if (matches++ == 0) *column = i;
        }
        if (matches == 1) return EPO_OK;
        if (matches > 1) return epo__fail(EPO_EFORMAT, "%s: column '%s' stands twice in the header", csv->path, *name);
    }
    epo__string list = {0};
    for (size_t i = 0; i < csv->columns; i++) {
        if (i) epo__string_add(&list, ", ");
        epo__string_add(&list, csv->names[i]);
    }
    epo_status status = epo__fail(EPO_ENOTFOUND, "%s: no column '%s'; there are: %s", csv->path,
                                  names[0] ? names[0] : "", list.text ? list.text : "none");
    epo__string_free(&list);
    return status;
}

epo_status epo__csv_next(epo__csv *csv, const char *const **fields, bool *end)
{
    bool bad;
    *fields = NULL;
    *end = csv->ended;
    if (csv->ended) return EPO_OK;
    epo_status status = read_row(csv, end, &bad);
    if (status) {
        /* what was wrong is no row: behind it nothing is certain */
        *end = csv->ended = true;
        return status;
    }
    if (*end) return EPO_OK;
    if (bad) return fail_line(csv, EPO_EFORMAT, "text behind a closing quote");
    if (csv->count != csv->columns)
        return epo__fail(EPO_EFORMAT, "%s: line %llu: %zu fields where the header has %zu", csv->path,
                         (unsigned long long)csv->row_line, csv->count, csv->columns);
    *fields = csv->fields;
    return EPO_OK;
}

static epo_status bad_number(const epo__csv *csv, size_t column, const char *what)
{
    return epo__fail(EPO_EFORMAT, "%s: line %llu: column '%s': '%.60s' is not %s", csv->path,
                     (unsigned long long)csv->row_line, csv->names[column], csv->fields[column], what);
}

epo_status epo__csv_double(const epo__csv *csv, size_t column, double *out)
{
    return epo__parse_double(csv->fields[column], out) ? EPO_OK : bad_number(csv, column, "a number");
}

epo_status epo__csv_int(const epo__csv *csv, size_t column, int64_t low, int64_t high, int64_t *out)
{
    return epo__parse_int(csv->fields[column], low, high, out) ? EPO_OK
                                                               : bad_number(csv, column, "a whole number in range");
}
