/* SPDX-License-Identifier: BSD-3-Clause
 * forest_rows.c - the rows of a table as a forest takes them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/digest.h"
#include "train/forest_model.h"

static const char *source_of(const epo_forest_table *table)
{
    return table->source ? table->source : "the table";
}

/* Most tables have the columns in the forest's own order: `hint` is looked at first. */
static epo_status find_column(const epo_forest_table *table, const char *name, size_t hint, size_t *column)
{
    for (size_t i = 0; i < table->columns; i++) {
        *column = (hint + i) % table->columns;
        if (strcasecmp(table->names[*column], name) == 0) return EPO_OK;
    }
    return epo__fail(EPO_ENOTFOUND, "%s: no column '%s', which the forest was trained with", source_of(table), name);
}

int epo__forest_class_of(const epo_forest *forest, const char *label)
{
    for (size_t k = 0; label && k < forest->trees->classes; k++)
        if (strcmp(forest->classes[k], label) == 0) return (int)k;
    return -1;
}

static epo_status copy_rows(const epo_forest_table *table, const size_t *columns, epo__forest_rows *out)
{
    const size_t features = out->matrix.features;
    for (size_t i = 0; i < out->matrix.rows; i++) {
        const float *row = table->values + out->row[i] * table->columns;
        for (size_t f = 0; f < features; f++) {
            const float value = row[columns[f]];
            if (isinf(value))
                return epo__fail(EPO_EFORMAT, "%s: row %zu: column '%s' is infinite", source_of(table), out->row[i] + 1,
                                 table->names[columns[f]]);
            out->values[i * features + f] = value;
        }
    }
    return EPO_OK;
}

epo_status epo__forest_rows_take(const epo_forest *forest, const epo_forest_table *table, bool labelled,
                                 epo__forest_rows *out)
{
    const size_t features = forest->trees->features;
    size_t cells;
    epo_status status = EPO_OK;
    *out = (epo__forest_rows){0};
    size_t *columns = epo__alloc(features, sizeof *columns);
    out->row = epo__alloc(table->rows, sizeof *out->row);
    out->labels = epo__alloc(table->rows, sizeof *out->labels);
    if (!columns || !out->row || !out->labels || !epo__size_mul(table->rows, features, &cells))
        status = epo__nomem("rows");
    for (size_t f = 0; f < features && status == EPO_OK; f++)
        status = find_column(table, forest->features[f], f, &columns[f]);
    size_t rows = 0;
    for (size_t r = 0; r < table->rows && status == EPO_OK; r++) {
        const int class = table->labels ? epo__forest_class_of(forest, table->labels[r]) : -1;
        if (labelled && class < 0) continue;
        out->row[rows] = r;
        out->labels[rows++] = class;
    }
    if (status == EPO_OK) {
        out->values = epo__alloc(epo__product(rows, features), sizeof *out->values);
        out->matrix = (epo__matrix){
            .values = out->values, .rows = rows, .features = features, .row_stride = features, .feature_stride = 1};
        status = out->values ? copy_rows(table, columns, out) : epo__nomem("rows");
    }
    free(columns);
    return status;
}

void epo__forest_rows_free(epo__forest_rows *rows)
{
    free(rows->values);
    free(rows->row);
    free(rows->labels);
    *rows = (epo__forest_rows){0};
}

static void add_number(epo__sha256 *sha, uint32_t number)
{
    unsigned char bytes[4];
    for (int b = 0; b < 4; b++) bytes[b] = (unsigned char)(number >> 8 * b);
    epo__sha256_add(sha, bytes, sizeof bytes);
}

void epo__forest_digest(const epo_forest *forest, const epo__forest_rows *rows, char out[65])
{
    unsigned char digest[EPO__SHA256_SIZE];
    epo__sha256 sha;
    epo__sha256_init(&sha);
    for (size_t f = 0; f < forest->trees->features; f++)
        epo__sha256_add(&sha, forest->features[f], strlen(forest->features[f]) + 1);
    for (size_t k = 0; k < forest->trees->classes; k++)
        epo__sha256_add(&sha, forest->classes[k], strlen(forest->classes[k]) + 1);
    for (size_t i = 0; i < rows->matrix.rows; i++) {
        add_number(&sha, (uint32_t)rows->labels[i]);
        for (size_t f = 0; f < rows->matrix.features; f++) {
            const float value = rows->values[i * rows->matrix.features + f];
            uint32_t bits;
            memcpy(&bits, &value, sizeof bits);
            add_number(&sha, isnan(value) ? 0x7fc00000U : bits);
        }
    }
    epo__sha256_end(&sha, digest);
    epo__sha256_hex(digest, out);
}
