/* SPDX-License-Identifier: BSD-3-Clause
 * context_csv.c - a CSV of what is known of objects beside images and light curves: a row an object. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "forest/forest.h"
#include "formats/csv.h"
#include "train/context.h"
#include "train/forest_model.h"

typedef struct keyed {
    char *key;  /* "SURVEY\nNAME"; the survey may be empty */
    size_t row; /* of values */
    uint64_t line;
} keyed;

struct epo__context_csv {
    char **names;
    size_t columns, rows;
    float *values;
    keyed *keys; /* sorted once all are read */
    size_t value_room, key_room;
};

typedef struct reading {
    const char *path;
    epo__csv *csv;
    size_t id, survey;
    size_t texts;            /* bytes of names so far */
    bool has_survey, chosen; /* chosen: the columns were asked for, so a cell that is no number is an error */
    size_t *column;          /* of the file, of each of ours */
    bool *numbers, *filled;  /* whether a column has held nothing else, and anything */
    epo__context_csv *out;
} reading;

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcasecmp(name, *names) == 0) return true;
    return false;
}

static epo_status add_column(reading *r, size_t column)
{
    epo__context_csv *out = r->out;
    r->column[out->columns] = column;
    r->numbers[out->columns] = true;
    out->names[out->columns] = epo__strdup(epo__csv_name(r->csv, column));
    return out->names[out->columns++] ? EPO_OK : epo__nomem(r->path);
}

static epo_status choose_columns(reading *r, char *const *names, size_t count)
{
    static const char *const ids[] = {"id", "object", "name", NULL}, *const surveys[] = {"survey", NULL},
                             *const never[] = {"class", "label", NULL};
    const size_t all = epo__csv_columns(r->csv);
    epo_status status = epo__csv_find(r->csv, ids, &r->id);
    if (status != EPO_OK)
        return epo__fail_in(status, "the object of a row is looked for in the column id, object or name");
    status = epo__csv_find(r->csv, surveys, &r->survey);
    r->has_survey = status == EPO_OK;
    if (status != EPO_OK && status != EPO_ENOTFOUND) return status;
    const size_t room = all + count;
    r->column = epo__alloc(room, sizeof *r->column);
    r->numbers = epo__alloc(room, sizeof *r->numbers);
    r->filled = epo__alloc(room, sizeof *r->filled);
    r->out->names = epo__alloc(room, sizeof *r->out->names);
    if (!r->column || !r->numbers || !r->filled || !r->out->names) return epo__nomem(r->path);
    status = EPO_OK;
    r->chosen = names != NULL;
    for (size_t i = 0; names && status == EPO_OK && i < count; i++) {
        const char *const wanted[] = {names[i], NULL};
        size_t column;
        status = epo__csv_find(r->csv, wanted, &column);
        if (status == EPO_OK) status = add_column(r, column);
    }
    for (size_t c = 0; !names && status == EPO_OK && c < all; c++) {
        const char *const wanted[] = {epo__csv_name(r->csv, c), NULL};
        size_t column;
        if (c == r->id || (r->has_survey && c == r->survey) || is_one_of(wanted[0], never)) continue;
        status = epo__csv_find(r->csv, wanted, &column); /* also: is it there only once? */
        if (status == EPO_OK) status = add_column(r, c);
    }
    return status;
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t")] == '\0';
}

static epo_status read_value(reading *r, size_t i, const char *text, float *out)
{
    double value = (double)NAN;
    *out = NAN;
    if (is_blank(text) || !r->numbers[i]) return EPO_OK;
    if (!epo__parse_double(text, &value)) {
        if (r->chosen) return epo__csv_double(r->csv, r->column[i], &value);
        r->numbers[i] = false;
        return EPO_OK;
    }
    r->filled[i] = true;
    if (isnan(value)) return EPO_OK;
    *out = (float)value;
    if (isfinite(value) && isfinite(*out)) return EPO_OK;
    return epo__fail(
        EPO_EFORMAT,
        "%s: line %llu: column '%s': '%.60s' is not finite, or too large for a float32; leave the cell empty "
        "where a value is missing",
        r->path, (unsigned long long)epo__csv_line(r->csv), r->out->names[i], text);
}

static epo_status read_row(reading *r, const char *const *fields)
{
    epo__context_csv *out = r->out;
    const char *id = fields[r->id], *survey = r->has_survey ? fields[r->survey] : "";
    id += strspn(id, " \t");
    if (!*id)
        return epo__fail(EPO_EFORMAT, "%s: line %llu: names no object", r->path,
                         (unsigned long long)epo__csv_line(r->csv));
    if (out->rows == EPO__FOREST_MAX_ROWS)
        return epo__fail(EPO_ELIMIT, "%s: over %d rows", r->path, EPO__FOREST_MAX_ROWS);
    if ((out->rows + 1) * out->columns > EPO__FOREST_MAX_CELLS)
        return epo__fail(EPO_ELIMIT, "%s: over %d values", r->path, EPO__FOREST_MAX_CELLS);
    if (!epo__grow(&out->values, &out->value_room, epo__product(out->rows + 1, out->columns + 1), sizeof *out->values) ||
        !epo__grow(&out->keys, &out->key_room, out->rows + 1, sizeof *out->keys))
        return epo__nomem(r->path);
    epo_status status = EPO_OK;
    for (size_t i = 0; status == EPO_OK && i < out->columns; i++)
        status = read_value(r, i, fields[r->column[i]], &out->values[out->rows * out->columns + i]);
    if (status != EPO_OK) return status;
    char *key = epo__format("%s\n%s", survey + strspn(survey, " \t"), id);
    if (key) r->texts += strlen(key);
    if (r->texts > EPO__FOREST_MAX_TEXTS) {
        free(key);
        return epo__fail(EPO_ELIMIT, "%s: names of over %d bytes", r->path, EPO__FOREST_MAX_TEXTS);
    }
    if (!key) return epo__nomem(r->path);
    out->keys[out->rows] = (keyed){key, out->rows, epo__csv_line(r->csv)};
    out->rows++;
    return EPO_OK;
}

static int by_key(const void *a, const void *b)
{
    const keyed *x = a, *y = b;
    const int order = strcmp(x->key, y->key);
    return order ? order : (x->line > y->line) - (x->line < y->line);
}

static epo_status sort_keys(const reading *r)
{
    const epo__context_csv *out = r->out;
    if (out->rows) qsort(out->keys, out->rows, sizeof *out->keys, by_key);
    for (size_t i = 1; i < out->rows; i++)
        if (strcmp(out->keys[i - 1].key, out->keys[i].key) == 0)
            return epo__fail(EPO_EFORMAT, "%s: lines %llu and %llu are about the same object, %s", r->path,
                             (unsigned long long)out->keys[i - 1].line, (unsigned long long)out->keys[i].line,
                             strchr(out->keys[i].key, '\n') + 1);
    return EPO_OK;
}

/* Leaves the columns that hold numbers. */
static void drop_others(reading *r, size_t *passed)
{
    epo__context_csv *out = r->out;
    size_t kept = 0;
    for (size_t i = 0; i < out->columns; i++) {
        if (r->numbers[i] && r->filled[i])
            r->column[kept++] = i;
        else
            ++*passed;
    }
    for (size_t row = 0; row < out->rows; row++)
        for (size_t i = 0; i < kept; i++) out->values[row * kept + i] = out->values[row * out->columns + r->column[i]];
    for (size_t i = 0; i < kept; i++) {
        char *name = out->names[r->column[i]];
        out->names[r->column[i]] = out->names[i];
        out->names[i] = name;
    }
    for (size_t i = kept; i < out->columns; i++) {
        free(out->names[i]);
        out->names[i] = NULL;
    }
    out->columns = kept;
}

epo_status epo__context_csv_read(const char *path, char *const *names, size_t count, epo__context_csv **out,
                                 size_t *passed)
{
    reading r = {.path = path, .out = epo__alloc(1, sizeof *r.out)};
    *out = NULL;
    *passed = 0;
    if (!r.out) return epo__nomem(path);
    epo_status status = epo__csv_open(path, &r.csv);
    if (status == EPO_OK) status = choose_columns(&r, names, count);
    while (status == EPO_OK) {
        const char *const *fields;
        bool end;
        status = epo__csv_next(r.csv, &fields, &end);
        if (end || status != EPO_OK) break;
        status = read_row(&r, fields);
    }
    if (status == EPO_OK) status = sort_keys(&r);
    if (status == EPO_OK && !names) {
        drop_others(&r, passed);
        if (r.out->columns == 0) status = epo__fail(EPO_EFORMAT, "%s: no column holds numbers", path);
    }
    epo__csv_free(r.csv);
    free(r.column);
    free(r.numbers);
    free(r.filled);
    if (status == EPO_OK)
        *out = r.out;
    else
        epo__context_csv_free(r.out);
    return status;
}

void epo__context_csv_free(epo__context_csv *csv)
{
    if (!csv) return;
    for (size_t i = 0; i < csv->rows; i++) free(csv->keys[i].key);
    epo__forest_texts_free(csv->names, csv->columns);
    free(csv->values);
    free(csv->keys);
    free(csv);
}

size_t epo__context_csv_columns(const epo__context_csv *csv, char *const **names)
{
    *names = csv->names;
    return csv->columns;
}

/* Compares "survey\nname" with a key, without making it. */
static int compare_key(const char *survey, const char *name, const char *key)
{
    const size_t length = strlen(survey);
    int order = strncmp(survey, key, length);
    if (order == 0) order = '\n' - (unsigned char)key[length];
    return order ? order : strcmp(name, key + length + 1);
}

static const float *find(const epo__context_csv *csv, const char *survey, const char *name)
{
    size_t low = 0, high = csv->rows;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare_key(survey, name, csv->keys[middle].key);
        if (order == 0) return csv->values + csv->keys[middle].row * csv->columns;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const float *epo__context_csv_find(const epo__context_csv *csv, const char *survey, const char *name)
{
    const float *row = *survey ? find(csv, survey, name) : NULL;
    return row ? row : find(csv, "", name);
}
