/* SPDX-License-Identifier: BSD-3-Clause
 * context.h - the inside of epochal/context.h: how the columns of a context forest are made, and the rows themselves.
 *
 * A recipe stands in the forest's file, and with it rows are made again when objects are classified. Columns, in this
 * order:
 *     MODEL:CLASS, or MODEL:real_mean, MODEL:real_max, MODEL:real_last    of each model
 *     the features of light curves by their names
 *     context:COLUMN                                                      of the CSV by object
 *     catalogue:KIND:distance, catalogue:KIND:mag                         of each kind of the catalogue
 * The last two are groups: what a survey may lack as a whole, and what training blanks. */
#ifndef EPO_TRAIN_CONTEXT_H
#define EPO_TRAIN_CONTEXT_H

#include <jansson.h>

#include "base/text.h"
#include "epochal/context.h"

typedef struct epo__recipe_model {
    char *name, *sha256;
    bool stamps;
    char **values; /* class names, or the three of P(real) */
    size_t count;
} epo__recipe_model;

typedef struct epo__recipe {
    epo__recipe_model *models;
    size_t model_count;
    bool light_curves; /* definition, method and filter are the forest's curves */
    char **columns;    /* of the CSV by object */
    size_t column_count;
    char **kinds; /* of the catalogue */
    size_t kind_count;
    double radius; /* arcsec */
    double censor; /* that the forest was trained with */
} epo__recipe;

void epo__recipe_free(epo__recipe *recipe); /* NULL is fine; frees the struct too */

/* As a JSON object, and back; `path` is for messages. EPO_EMODEL for what is none. */
void epo__recipe_write(const epo__recipe *recipe, epo__string *json);
epo_status epo__recipe_read(const char *path, const json_t *object, epo__recipe **out);

/* Names of all columns, in order; *names is released by epo__forest_texts_free. */
epo_status epo__recipe_columns(const epo__recipe *recipe, char ***names, size_t *count);

/* --- a CSV of columns by object -------------------------------------------------------------------------------------
 */

typedef struct epo__context_csv epo__context_csv;

/* names NULL: every column of numbers but id, survey, class, label, in the file's order; *passed counts those that hold
 * something else. Else these, EPO_ENOTFOUND for one that is not there. EPO_EFORMAT: an object twice, a cell that is no
 * number. The caller frees *out. */
epo_status epo__context_csv_read(const char *path, char *const *names, size_t count, epo__context_csv **out,
                                 size_t *passed);
void epo__context_csv_free(epo__context_csv *csv);
size_t epo__context_csv_columns(const epo__context_csv *csv, char *const **names);

/* The values of an object, NaN missing: the row of its survey, else that of its name alone; NULL when there is none. */
const float *epo__context_csv_find(const epo__context_csv *csv, const char *survey, const char *name);

/* --- rows -----------------------------------------------------------------------------------------------------------
 */

/* A table, and what a run needs to know of its rows. */
typedef struct epo__context_rows {
    epo_forest_table table;
    char **errors;    /* [rows]: NULL, or why a row cannot be classified */
    int64_t *objects; /* [rows] */
    size_t *points;   /* [rows]: of the light curve */
    size_t *first;    /* [groups + 1]: where the columns of each group begin; the last: where they end */
    size_t groups;
    size_t without_context; /* rows of which no file says anything; only where there are groups */
    char method[128];       /* of the photometry; "" */
} epo__context_rows;

typedef struct epo__context_wanted {
    const epo_forest_curves *curves; /* of the light curves; NULL: standard */
    const epo__context_csv *csv;
    const struct epo__catalogue *catalogue;
    const char *split;
    int threads;
    const char *const *shown; /* [models]: what messages call them; NULL: by their names */
} epo__context_wanted;

/* Rows of the objects in question by a recipe, in the order of their ids. csv or catalogue NULL: missing, as is a kind
 * that the catalogue has not. Release with epo__context_rows_free, also after a failure. */
epo_status epo__context_rows_make(epo_store *store, const epo__recipe *recipe, const epo__context_wanted *wanted,
                                  epo__context_rows *out);
void epo__context_rows_free(epo__context_rows *rows);

#endif
