/* SPDX-License-Identifier: BSD-3-Clause
 * forest_use.c - a forest on a table: probabilities, scores, what features are worth. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "forest/permute.h"
#include "metrics/confusion.h"
#include "train/forest_model.h"

epo_status epo_forest_predict(const epo_forest *forest, const epo_forest_table *table, int threads, double *out)
{
    epo__forest_rows rows;
    epo_status status = epo__forest_rows_take(forest, table, false, &rows);
    if (status == EPO_OK) status = epo__forest_predict(forest->trees, &rows.matrix, threads, out);
    epo__forest_rows_free(&rows);
    return status;
}

static epo_status no_rows(const char *source)
{
    return epo__fail(EPO_EARG, "%s: no row has a class that the forest knows", source ? source : "the table");
}

/* --- scores ----------------------------------------------------------------------------------------------------------
 */

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

static void judge_classes(const epo_forest *forest, const double *cells, epo_forest_evaluation *out)
{
    const size_t n = out->class_count;
    double macro = 0, weighted = 0, met = 0;
    for (size_t k = 0; k < n; k++) {
        double support = 0, called = 0;
        const double hit = cells[k * n + k];
        for (size_t j = 0; j < n; j++) {
            support += cells[k * n + j];
            called += cells[j * n + k];
        }
        const double f1 = ratio(2 * hit, support + called);
        out->classes[k] = (epo_forest_class_score){.name = forest->classes[k],
                                                   .precision = ratio(hit, called),
                                                   .recall = ratio(hit, support),
                                                   .f1 = f1,
                                                   .support = (int64_t)support};
        if (support + called > 0) {
            macro += f1;
            met++;
        }
        weighted += support * f1;
    }
    out->macro_f1 = macro / met;
    out->weighted_f1 = weighted / (double)out->rows;
    out->accuracy = epo__accuracy(cells, n);
    for (size_t i = 0; i < n * n; i++) out->confusion[i] = (int64_t)cells[i];
}

/* Of rows whose classes are known. */
static epo_status judge(const epo_forest *forest, const int *labels, const double *means, size_t rows,
                        epo_forest_evaluation *out)
{
    const size_t n = forest->trees->classes;
    double *cells = epo__alloc(epo__product(n, n), sizeof *cells);
    int *called = epo__alloc(rows, sizeof *called);
    out->classes = epo__alloc(n, sizeof *out->classes);
    out->confusion = epo__alloc(epo__product(n, n), sizeof *out->confusion);
    const bool enough = cells && called && out->classes && out->confusion;
    if (enough) {
        for (size_t r = 0; r < rows; r++) called[r] = epo__most_probable(means + r * n, n);
        epo__confusion(labels, called, rows, n, NULL, NULL, cells);
        judge_classes(forest, cells, out);
    }
    free(cells);
    free(called);
    return enough ? EPO_OK : epo__nomem("scores");
}

epo_status epo_forest_evaluate(const epo_forest *forest, const epo_forest_table *table, int threads,
                               epo_forest_evaluation *out)
{
    const size_t n = forest->trees->classes;
    epo__forest_rows rows;
    double *means = NULL;
    *out = (epo_forest_evaluation){.class_count = n};
    epo_status status = epo__forest_rows_take(forest, table, true, &rows);
    out->rows = (int64_t)rows.matrix.rows;
    out->left_out = (int64_t)table->rows - out->rows;
    if (status == EPO_OK && rows.matrix.rows == 0) status = no_rows(table->source);
    if (status == EPO_OK && !(means = epo__alloc(epo__product(rows.matrix.rows, n), sizeof *means)))
        status = epo__nomem("scores");
    if (status == EPO_OK) status = epo__forest_predict(forest->trees, &rows.matrix, threads, means);
    if (status == EPO_OK) status = judge(forest, rows.labels, means, rows.matrix.rows, out);
    free(means);
    epo__forest_rows_free(&rows);
    return status;
}

epo_status epo_forest_judge(const epo_forest *forest, const char *source, const char *const *labels,
                            const double *probabilities, size_t rows, epo_forest_evaluation *out)
{
    const size_t n = forest->trees->classes;
    size_t known = 0;
    *out = (epo_forest_evaluation){.class_count = n};
    int *classes = epo__alloc(rows, sizeof *classes);
    double *means = epo__alloc(epo__product(rows, n), sizeof *means);
    epo_status status = classes && means ? EPO_OK : epo__nomem("scores");
    for (size_t r = 0; r < rows && status == EPO_OK; r++) {
        if ((classes[known] = epo__forest_class_of(forest, labels[r])) < 0) continue;
        memcpy(means + known++ * n, probabilities + r * n, n * sizeof *means);
    }
    out->rows = (int64_t)known;
    out->left_out = (int64_t)(rows - known);
    if (status == EPO_OK) status = known ? judge(forest, classes, means, known, out) : no_rows(source);
    free(classes);
    free(means);
    return status;
}

void epo_forest_evaluation_free(epo_forest_evaluation *evaluation)
{
    free(evaluation->classes);
    free(evaluation->confusion);
    *evaluation = (epo_forest_evaluation){0};
}

/* --- importances
 * ------------------------------------------------------------------------------------------------------ */

/* The bits of the rows that each tree saw, when the rows are those of the training. */
static epo_status find_seen(const epo_forest *forest, const epo__forest_rows *rows, int threads, unsigned char **seen)
{
    char digest[65];
    if (!forest->bootstrap)
        return epo__fail(EPO_EARG,
                         "each tree saw all rows: there are none out of bag; use rows that were not trained on");
    epo__forest_digest(forest, rows, digest);
    if (strcmp(digest, forest->data_sha256) != 0)
        return epo__fail(EPO_EARG, "these are not the rows that the forest was trained on, so none is out of bag");
    *seen = epo__forest_seen(forest->seed, forest->trees->trees, rows->matrix.rows, threads);
    return *seen ? EPO_OK : epo__nomem("out-of-bag rows");
}

typedef struct progress {
    const epo_forest_permute_options *options;
} progress;

static bool pass_progress(void *context, size_t features)
{
    const epo_forest_permute_options *o = ((const progress *)context)->options;
    return o->progress(o->context, features);
}

epo_status epo_forest_permute(const epo_forest *forest, const epo_forest_table *table,
                              const epo_forest_permute_options *options, double *mean, double *sd, double *accuracy)
{
    const epo_forest_permute_options standard = EPO_FOREST_PERMUTE_OPTIONS_INIT;
    const epo_forest_permute_options *o = options ? options : &standard;
    epo__forest_rows rows;
    unsigned char *seen = NULL;
    progress pass = {o};
    epo_status status = epo__forest_rows_take(forest, table, true, &rows);
    if (status == EPO_OK && rows.matrix.rows == 0) status = no_rows(table->source);
    if (status == EPO_OK && o->out_of_bag) status = find_seen(forest, &rows, o->threads, &seen);
    if (status == EPO_OK) {
        const epo__permuting how = {.repeats = o->repeats,
                                    .seed = o->seed,
                                    .threads = o->threads,
                                    .seen = seen,
                                    .progress = o->progress ? pass_progress : NULL,
                                    .context = &pass};
        status = epo__forest_permute(forest->trees, &rows.matrix, rows.labels, &how, mean, sd, accuracy);
    }
    free(seen);
    epo__forest_rows_free(&rows);
    return status;
}
