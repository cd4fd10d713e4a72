/* SPDX-License-Identifier: BSD-3-Clause
 * train.c - trees over threads, and what the rows they did not see say about them. */
#include "forest/train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"

enum { GROWING = 0, DRAWING = 1 }; /* what a tree's words are for: streams 2 * tree + one of these */

static void draw_rows(epo__draws *draws, size_t rows, uint16_t *counts)
{
    memset(counts, 0, rows * sizeof *counts);
    for (size_t i = 0; i < rows; i++) {
        uint16_t *count = &counts[epo__draw_below(draws, (uint32_t)rows)];
        *count = (uint16_t)(*count + (*count < UINT16_MAX)); /* no row is ever drawn so often */
    }
}

void epo__forest_bootstrap(uint64_t seed, size_t tree, size_t rows, uint16_t *counts)
{
    epo__draws draws = epo__draws_of(seed, 2 * tree + DRAWING);
    draw_rows(&draws, rows, counts);
}

unsigned char *epo__forest_seen(uint64_t seed, size_t trees, size_t rows, int threads)
{
    const size_t row_bytes = (rows + 7) / 8, workers = (size_t)epo__threads(threads);
    size_t size;
    unsigned char *seen = epo__size_mul(trees, row_bytes, &size) ? epo__alloc(size, 1) : NULL;
    uint16_t *counts = epo__alloc(epo__product(workers, rows), sizeof *counts);
    if (!seen || !counts) {
        free(seen);
        free(counts);
        return NULL;
    }
#pragma omp parallel for num_threads((int)workers) schedule(static, 1) if (workers > 1)
    for (size_t w = 0; w < workers; w++)
        for (size_t t = w; t < trees; t += workers) {
            uint16_t *own = counts + w * rows;
            epo__forest_bootstrap(seed, t, rows, own);
            for (size_t r = 0; r < rows; r++) seen[t * row_bytes + r / 8] |= (unsigned char)((own[r] > 0) << r % 8);
        }
    free(counts);
    return seen;
}

/* --- one thread ------------------------------------------------------------------------------------------------------
 */

typedef struct training {
    const epo__matrix *rows;
    const int *labels;
    size_t classes;
    const epo__forest_options *options;
    epo__columns columns;
    double *weight; /* [classes], of every tree; balanced by subsample: those that are balanced then */
    double *xlogx;  /* for entropy with whole weights */
    epo__tree *trees;
    double *importances; /* [trees x features] */
    size_t done;
    epo_status status; /* of the first tree that failed */
    size_t failed;
    char message[512];
} training;

typedef struct worker {
    epo__grower grower;
    epo__sample *samples;
    uint16_t *counts;
    double *weight;
} worker;

static epo_status worker_make(const training *t, worker *w)
{
    w->grower.search = (epo__search){.columns = &t->columns,
                                     .classes = t->classes,
                                     .min_leaf = t->options->limits.min_leaf,
                                     .entropy = t->options->entropy,
                                     .weight = t->weight,
                                     .xlogx = t->xlogx};
    w->grower.limits = t->options->limits;
    w->samples = epo__alloc(t->rows->rows, sizeof *w->samples);
    w->counts = epo__alloc(t->rows->rows, sizeof *w->counts);
    w->weight = epo__alloc(t->classes, sizeof *w->weight);
    if (!w->samples || !w->counts || !w->weight) return epo__nomem("growing a tree");
    return epo__grower_make(&w->grower);
}

static void worker_free(worker *w)
{
    epo__grower_free(&w->grower);
    free(w->samples);
    free(w->counts);
    free(w->weight);
}

/* Rows over (classes that are there * rows of the class), each row as often as it was drawn; NULL: once. */
static void balance(const training *t, const uint16_t *counts, double *weight)
{
    double all = 0, present = 0;
    double *of_class = weight; /* counted in place */
    for (size_t k = 0; k < t->classes; k++) of_class[k] = 0;
    for (size_t r = 0; r < t->rows->rows; r++) of_class[t->labels[r]] += counts ? counts[r] : 1;
    for (size_t k = 0; k < t->classes; k++) {
        all += of_class[k];
        present += of_class[k] > 0;
    }
    for (size_t k = 0; k < t->classes; k++) weight[k] = of_class[k] > 0 ? all / (present * of_class[k]) : 1;
}

static epo_status grow_tree(training *t, worker *w, size_t tree)
{
    const size_t rows = t->rows->rows, features = t->rows->features;
    const epo__forest_options *o = t->options;
    epo__draws draws = epo__draws_of(o->seed, 2 * tree + GROWING);
    size_t count = 0;
    if (o->bootstrap) epo__forest_bootstrap(o->seed, tree, rows, w->counts);
    if (o->balance == EPO__BALANCE_SUBSAMPLE) {
        balance(t, o->bootstrap ? w->counts : NULL, w->weight);
        w->grower.search.weight = w->weight;
    }
    for (size_t r = 0; r < rows; r++) {
        const unsigned drawn = o->bootstrap ? w->counts[r] : 1;
        if (drawn) w->samples[count++] = epo__sample_of(r, (unsigned)t->labels[r], drawn);
    }
    double *importance = t->importances + tree * features, all = 0;
    epo_status status = epo__tree_grow(&w->grower, w->samples, count, &draws, &t->trees[tree], importance);
    for (size_t f = 0; f < features; f++) all += importance[f];
    for (size_t f = 0; f < features; f++) importance[f] = all > 0 ? importance[f] / all : 0;
    return status;
}

static void record_failure(training *t, size_t tree, epo_status status)
{
    if (t->status != EPO_OK && tree >= t->failed) return;
    t->status = status;
    t->failed = tree;
    snprintf(t->message, sizeof t->message, "%s", epo_error_message());
}

/* One thread's share of the trees: whichever comes next. */
static void grow_trees(training *t, size_t *next)
{
    worker w = {0};
    const epo__forest_options *o = t->options;
    epo_status status = worker_make(t, &w);
    for (;;) {
        size_t tree;
#pragma omp atomic capture
        tree = (*next)++;
        if (tree >= o->trees) break;
        if (status == EPO_OK) status = grow_tree(t, &w, tree);
#pragma omp critical(epo_forest_train)
        {
            if (status == EPO_OK && t->status == EPO_OK && o->progress && !o->progress(o->context, ++t->done))
                status = epo__fail(EPO_ECANCELLED, "training was stopped");
            if (status != EPO_OK) record_failure(t, tree, status);
            if (t->status != EPO_OK && status == EPO_OK) status = EPO_ECANCELLED; /* another thread has failed */
        }
        if (status != EPO_OK) break;
    }
    worker_free(&w);
}

/* --- the whole -------------------------------------------------------------------------------------------------------
 */

static epo_status check(const training *t)
{
    const epo__matrix *m = t->rows;
    const epo__forest_options *o = t->options;
    if (m->rows == 0) return epo__fail(EPO_EARG, "no rows to train on");
    if (m->rows > EPO__FOREST_MAX_ROWS)
        return epo__fail(EPO_ELIMIT, "%zu rows; a forest is trained on %d at most", m->rows, EPO__FOREST_MAX_ROWS);
    if (m->features == 0 || m->features > EPO__FOREST_MAX_FEATURES)
        return epo__fail(EPO_ELIMIT, "%zu features; a forest takes 1 to %d", m->features, EPO__FOREST_MAX_FEATURES);
    if (t->classes == 0 || t->classes > EPO__FOREST_MAX_CLASSES)
        return epo__fail(EPO_ELIMIT, "%zu classes; a forest takes 1 to %d", t->classes, EPO__FOREST_MAX_CLASSES);
    if (o->trees == 0 || o->trees > EPO__FOREST_MAX_TREES)
        return epo__fail(EPO_ELIMIT, "%zu trees; a forest has 1 to %d", o->trees, EPO__FOREST_MAX_TREES);
    for (size_t r = 0; r < m->rows; r++)
        if (t->labels[r] < 0 || (size_t)t->labels[r] >= t->classes)
            return epo__fail(EPO_EARG, "row %zu: label %d is none of %zu classes", r, t->labels[r], t->classes);
    for (size_t k = 0; o->weights && k < t->classes; k++)
        if (!(o->weights[k] > 0 && o->weights[k] <= 1e9))
            return epo__fail(EPO_EARG, "the weight of class %zu is not above 0", k);
    return EPO_OK;
}

static epo_status prepare(training *t)
{
    const epo__forest_options *o = t->options;
    const size_t rows = t->rows->rows;
    t->weight = epo__alloc(t->classes, sizeof *t->weight);
    t->trees = epo__alloc(o->trees, sizeof *t->trees);
    t->importances = epo__alloc(epo__product(o->trees, t->rows->features), sizeof *t->importances);
    if (!t->weight || !t->trees || !t->importances) return epo__nomem("a forest");
    bool whole = o->balance == EPO__BALANCE_NONE;
    for (size_t k = 0; k < t->classes; k++) {
        t->weight[k] = o->weights ? o->weights[k] : 1;
        whole = whole && t->weight[k] == 1;
    }
    if (o->balance == EPO__BALANCE_ALL) balance(t, NULL, t->weight);
    if (o->entropy && whole) {
        t->xlogx = epo__alloc(rows + 1, sizeof *t->xlogx);
        if (!t->xlogx) return epo__nomem("a forest");
        for (size_t i = 1; i <= rows; i++) t->xlogx[i] = (double)i * log2((double)i);
    }
    return epo__columns_make(t->rows, o->threads, &t->columns);
}

static epo_status judge_unseen(const training *t, const epo__forest *forest, int *unseen_class)
{
    const epo__forest_options *o = t->options;
    unsigned char *seen = epo__forest_seen(o->seed, o->trees, t->rows->rows, o->threads);
    double *means = epo__alloc(epo__product(t->rows->rows, t->classes), sizeof *means);
    epo_status status = seen && means ? epo__forest_predict_unseen(forest, t->rows, seen, o->threads, means)
                                      : epo__nomem("out-of-bag means");
    for (size_t r = 0; r < t->rows->rows && status == EPO_OK; r++)
        unseen_class[r] = epo__forest_called(means + r * t->classes, t->classes);
    free(seen);
    free(means);
    return status;
}

static epo_status finish(training *t, epo__forest **out, epo__forest_record *record)
{
    const size_t trees = t->options->trees, features = t->rows->features;
    epo_status status = epo__forest_join(t->trees, trees, features, t->classes, out);
    if (status != EPO_OK) return status;
    double all = 0;
    record->importance = epo__alloc(features, sizeof *record->importance);
    record->unseen_class = t->options->bootstrap ? epo__alloc(t->rows->rows, sizeof *record->unseen_class) : NULL;
    if (!record->importance || (t->options->bootstrap && !record->unseen_class)) return epo__nomem("a forest");
    for (size_t i = 0; i < trees * features; i++) record->importance[i % features] += t->importances[i];
    for (size_t f = 0; f < features; f++) all += record->importance[f];
    for (size_t f = 0; all > 0 && f < features; f++) record->importance[f] /= all;
    return t->options->bootstrap ? judge_unseen(t, *out, record->unseen_class) : EPO_OK;
}

epo_status epo__forest_train(const epo__matrix *rows, const int *labels, size_t classes,
                             const epo__forest_options *options, epo__forest **out, epo__forest_record *record)
{
    training t = {.rows = rows, .labels = labels, .classes = classes, .options = options};
    *out = NULL;
    *record = (epo__forest_record){0};
    epo_status status = check(&t);
    if (status == EPO_OK) status = prepare(&t);
    if (status == EPO_OK) {
        size_t next = 0, threads = (size_t)epo__threads(options->threads);
        if (threads > options->trees) threads = options->trees;
#pragma omp parallel for num_threads((int)threads) schedule(static, 1) if (threads > 1)
        for (size_t w = 0; w < threads; w++) grow_trees(&t, &next);
        if (t.status != EPO_OK) status = epo__fail(t.status, "%s", t.message);
    }
    if (status == EPO_OK) status = finish(&t, out, record);
    for (size_t i = 0; t.trees && i < options->trees; i++) epo__tree_free(&t.trees[i]);
    free(t.trees);
    free(t.weight);
    free(t.xlogx);
    free(t.importances);
    epo__columns_free(&t.columns);
    if (status != EPO_OK) {
        epo__forest_free(*out);
        *out = NULL;
    }
    return status;
}

void epo__forest_record_free(epo__forest_record *record)
{
    free(record->importance);
    free(record->unseen_class);
    *record = (epo__forest_record){0};
}
