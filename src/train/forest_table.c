/* SPDX-License-Identifier: BSD-3-Clause
 * forest_table.c - a CSV of features as a table. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/memory.h"
#include "epochal/forest.h"
#include "formats/csv.h"
#include "train/forest_model.h"

static const size_t none = SIZE_MAX;

typedef struct reading {
    const char *path;
    epo__csv *csv;
    size_t label, id; /* columns of the file; none */
    size_t *column;   /* of the file, for each of the table */
    size_t columns, rows;
    float *values;
    char **names, **labels, **ids;
    size_t value_capacity, label_capacity, id_capacity;
    size_t texts; /* bytes of labels and ids so far */
} reading;

static epo_status find(reading *r, const char *name, size_t *column)
{
    const char *const names[] = {name, NULL};
    return epo__csv_find(r->csv, names, column);
}

/* A column that has a name of its own when none is asked for, and then may be missing. */
static epo_status find_optional(reading *r, const char *asked, const char *standard, size_t *column)
{
    *column = none;
    if (asked) return find(r, asked, column);
    epo_status status = find(r, standard, column);
    if (status == EPO_ENOTFOUND) {
        *column = none;
        status = EPO_OK;
    }
    return status;
}

static bool is_excluded(const reading *r, const epo_forest_csv_options *o, size_t column)
{
    if (column == r->label || column == r->id) return true;
    for (size_t i = 0; i < o->exclude_count; i++)
        if (strcasecmp(epo__csv_name(r->csv, column), o->exclude[i]) == 0) return true;
    return false;
}

static epo_status choose_columns(reading *r, const epo_forest_csv_options *o)
{
    const size_t all = epo__csv_columns(r->csv);
    epo_status status = EPO_OK;
    size_t unused;
    for (size_t i = 0; i < o->exclude_count && status == EPO_OK; i++) status = find(r, o->exclude[i], &unused);
    r->column = epo__alloc(all + o->column_count, sizeof *r->column);
    r->names = epo__alloc(all + o->column_count, sizeof *r->names);
    if (!r->column || !r->names) return epo__nomem(r->path);
    for (size_t i = 0; o->columns && i < o->column_count && status == EPO_OK; i++) {
        status = find(r, o->columns[i], &r->column[i]);
        for (size_t j = 0; j < i && status == EPO_OK; j++)
            if (r->column[j] == r->column[i])
                status = epo__fail(EPO_EARG, "%s: column '%s' is asked for twice", r->path, o->columns[i]);
        if (status == EPO_OK && (r->column[i] == r->label || r->column[i] == r->id))
            status = epo__fail(EPO_EARG, "%s: column '%s' is no feature: it holds the %s", r->path, o->columns[i],
                               r->column[i] == r->label ? "label" : "id");
        r->columns = i + 1;
    }
    for (size_t c = 0; !o->columns && c < all && status == EPO_OK; c++) {
        if (is_excluded(r, o, c)) continue;
        status = find(r, epo__csv_name(r->csv, c), &r->column[r->columns++]); /* also: is it there only once? */
    }
    if (status != EPO_OK) return status;
    if (r->columns == 0) return epo__fail(EPO_EFORMAT, "%s: no column is left for features", r->path);
    if (r->columns > EPO__FOREST_MAX_FEATURES)
        return epo__fail(EPO_ELIMIT, "%s: %zu features; a forest takes %d at most", r->path, r->columns,
                         EPO__FOREST_MAX_FEATURES);
    for (size_t i = 0; i < r->columns; i++)
        if (!(r->names[i] = epo__strdup(epo__csv_name(r->csv, r->column[i])))) return epo__nomem(r->path);
    return EPO_OK;
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t")] == '\0';
}

static epo_status read_value(const reading *r, const char *const *fields, size_t column, float *out)
{
    double value = NAN;
    *out = NAN;
    if (is_blank(fields[column])) return EPO_OK;
    epo_status status = epo__csv_double(r->csv, column, &value);
    if (status != EPO_OK || isnan(value)) return status;
    *out = (float)value;
    if (isfinite(*out)) return EPO_OK;
    return epo__fail(EPO_EFORMAT,
                     "%s: line %llu: column '%s': '%.60s' is not finite, or too large for a float32; leave the cell "
                     "empty where a value is missing",
                     r->path, (unsigned long long)epo__csv_line(r->csv), epo__csv_name(r->csv, column), fields[column]);
}

/* Without the blanks around it, which would make two classes of one. */
static epo_status keep_text(reading *r, const char *text, char **out)
{
    text += strspn(text, " \t");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t", text[length - 1])) length--;
    r->texts += length + 1;
    if (r->texts > EPO__FOREST_MAX_TEXTS)
        return epo__fail(EPO_ELIMIT, "%s: ids and labels of over %d bytes", r->path, EPO__FOREST_MAX_TEXTS);
    *out = epo__strndup(text, length);
    return *out ? EPO_OK : epo__nomem(r->path);
}

static epo_status read_row(reading *r, const char *const *fields)
{
    const size_t row = r->rows;
    if (row == EPO__FOREST_MAX_ROWS) return epo__fail(EPO_ELIMIT, "%s: over %d rows", r->path, EPO__FOREST_MAX_ROWS);
    const size_t cells = epo__product(row + 1, r->columns);
    if (cells > EPO__FOREST_MAX_CELLS) return epo__fail(EPO_ELIMIT, "%s: over %d values", r->path, EPO__FOREST_MAX_CELLS);
    if (!epo__grow(&r->values, &r->value_capacity, cells, sizeof *r->values) ||
        (r->label != none && !epo__grow(&r->labels, &r->label_capacity, row + 1, sizeof *r->labels)) ||
        (r->id != none && !epo__grow(&r->ids, &r->id_capacity, row + 1, sizeof *r->ids)))
        return epo__nomem(r->path);
    epo_status status = EPO_OK;
    for (size_t i = 0; i < r->columns && status == EPO_OK; i++)
        status = read_value(r, fields, r->column[i], &r->values[row * r->columns + i]);
    if (status != EPO_OK) return status;
    r->rows++; /* from here on its texts are released with the others */
    if (r->label != none && !is_blank(fields[r->label])) status = keep_text(r, fields[r->label], &r->labels[row]);
    if (r->id != none && status == EPO_OK) status = keep_text(r, fields[r->id], &r->ids[row]);
    return status;
}

epo_status epo_forest_read_csv(const char *path, const epo_forest_csv_options *options, epo_forest_table *out)
{
    const epo_forest_csv_options standard = {0};
    const epo_forest_csv_options *o = options ? options : &standard;
    reading r = {.path = path, .label = none, .id = none};
    *out = (epo_forest_table){0};
    epo_status status = epo__csv_open(path, &r.csv);
    if (status == EPO_OK) status = find_optional(&r, o->label, "label", &r.label);
    if (status == EPO_OK) status = find_optional(&r, o->id, "id", &r.id);
    if (status == EPO_OK) status = choose_columns(&r, o);
    while (status == EPO_OK) {
        const char *const *fields;
        bool end;
        status = epo__csv_next(r.csv, &fields, &end);
        if (end || status != EPO_OK) break;
        status = read_row(&r, fields);
    }
    char *source = status == EPO_OK ? epo__strdup(path) : NULL;
    if (status == EPO_OK && !source) status = epo__nomem(path);
    *out = (epo_forest_table){.rows = r.rows,
                              .columns = r.columns,
                              .values = r.values,
                              .names = (const char *const *)r.names,
                              .ids = (const char *const *)r.ids,
                              .labels = (const char *const *)r.labels,
                              .source = source};
    if (status != EPO_OK) epo_forest_table_free(out);
    epo__csv_free(r.csv);
    free(r.column);
    return status;
}

void epo_forest_table_free(epo_forest_table *table)
{
    epo__forest_texts_free((char **)table->names, table->columns);
    epo__forest_texts_free((char **)table->ids, table->rows);
    epo__forest_texts_free((char **)table->labels, table->rows);
    free((float *)table->values);
    free((char *)table->source);
    free((char *)table->labels_as_of);
    *table = (epo_forest_table){0};
}
