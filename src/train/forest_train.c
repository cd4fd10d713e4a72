/* SPDX-License-Identifier: BSD-3-Clause
 * forest_train.c - a forest from a table. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/order.h"
#include "base/text.h"
#include "train/context.h"
#include "train/forest_model.h"

void epo__forest_texts_free(char **texts, size_t count)
{
    for (size_t i = 0; texts && i < count; i++) free(texts[i]);
    free(texts);
}

void epo_forest_free(epo_forest *forest)
{
    if (!forest) return;
    epo__forest_texts_free(forest->features, forest->trees->features);
    epo__forest_texts_free(forest->classes, forest->trees->classes);
    free(forest->importances);
    free(forest->class_rows);
    free(forest->criterion);
    free(forest->max_features);
    free(forest->class_weight);
    free(forest->definition);
    free(forest->method);
    free(forest->filter);
    free(forest->labels_as_of);
    epo__recipe_free(forest->recipe);
    epo__forest_free(forest->trees);
    free(forest);
}

/* --- classes and features --------------------------------------------------------------------------------------------
 */

/* The different labels, in order. */
static epo_status find_classes(const epo_forest_table *table, epo_forest *forest)
{
    const char **all = epo__alloc(table->rows, sizeof *all);
    size_t count = 0, classes = 0;
    if (!all) return epo__nomem("classes");
    for (size_t r = 0; table->labels && r < table->rows; r++)
        if (table->labels[r]) all[count++] = table->labels[r];
    qsort(all, count, sizeof *all, epo__by_text);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(all[i], all[i - 1]) != 0) all[classes++] = all[i];
    epo_status status = EPO_OK;
    if (count == 0) {
        status = epo__fail(EPO_EARG, "%s: no row has a class", table->source ? table->source : "the table");
    } else if (classes > EPO__FOREST_MAX_CLASSES) {
        status =
            epo__fail(EPO_ELIMIT,
                      "%s: %zu different classes; a forest takes %d at most, so is this the column with the class?",
                      table->source ? table->source : "the table", classes, EPO__FOREST_MAX_CLASSES);
    } else if (!(forest->classes = epo__alloc(classes, sizeof *forest->classes)) ||
               !(forest->class_rows = epo__alloc(classes, sizeof *forest->class_rows))) {
        status = epo__nomem("classes");
    }
    for (size_t k = 0; k < classes && status == EPO_OK; k++) {
        forest->trees->classes = k + 1;
        if (!(forest->classes[k] = epo__strdup(all[k]))) status = epo__nomem("classes");
    }
    free(all);
    return status;
}

static epo_status keep_features(const epo_forest_table *table, epo_forest *forest)
{
    if (table->columns == 0 || table->columns > EPO__FOREST_MAX_FEATURES)
        return epo__fail(EPO_ELIMIT, "%zu features; a forest takes 1 to %d", table->columns, EPO__FOREST_MAX_FEATURES);
    forest->features = epo__alloc(table->columns, sizeof *forest->features);
    if (!forest->features) return epo__nomem("features");
    for (size_t f = 0; f < table->columns; f++) {
        forest->trees->features = f + 1;
        if (!(forest->features[f] = epo__strdup(table->names[f]))) return epo__nomem("features");
    }
    return EPO_OK;
}

/* --- options ---------------------------------------------------------------------------------------------------------
 */

static epo_status read_max_features(const char *text, size_t features, size_t *out)
{
    int64_t count;
    *out = 1;
    if (strcmp(text, "all") == 0) {
        *out = features;
    } else if (strcmp(text, "sqrt") == 0) {
        while ((*out + 1) * (*out + 1) <= features) ++*out;
    } else if (strcmp(text, "log2") == 0) {
        for (*out = 0; features >> (*out + 1);) ++*out;
        if (*out == 0) *out = 1;
    } else if (epo__parse_int(text, 1, EPO__FOREST_MAX_FEATURES, &count)) {
        *out = (size_t)count < features ? (size_t)count : features;
    } else {
        return epo__fail(EPO_EARG, "max features '%s' is not sqrt, log2, all, or a number from 1 to %d", text,
                         EPO__FOREST_MAX_FEATURES);
    }
    return EPO_OK;
}

/* "SN=2,AGN=1": each class once. */
static epo_status read_weights(const char *text, const epo_forest *forest, double *weights)
{
    char *copy = epo__strdup(text), *rest = copy, *item;
    epo_status status = copy ? EPO_OK : epo__nomem("weights");
    while (status == EPO_OK && (item = strsep(&rest, ","))) {
        char *equals = strrchr(item, '=');
        size_t k = 0;
        double weight = 0;
        if (equals) *equals = '\0';
        while (equals && k < forest->trees->classes && strcmp(forest->classes[k], item) != 0) k++;
        if (!equals)
            status =
                epo__fail(EPO_EARG, "class weight '%s' is not none, balanced, balanced_subsample, or CLASS=WEIGHT,...",
                          text);
        else if (k == forest->trees->classes)
            status = epo__fail(EPO_EARG, "class weights: no row is of class '%s'", item);
        else if (!epo__parse_double(equals + 1, &weight) || !(weight > 0 && weight <= 1e9))
            status = epo__fail(EPO_EARG, "class weights: '%s' of class %s is not a number above 0", equals + 1, item);
        else if (weights[k] > 0)
            status = epo__fail(EPO_EARG, "class weights: class %s is there twice", item);
        else
            weights[k] = weight;
    }
    for (size_t k = 0; k < forest->trees->classes && status == EPO_OK; k++)
        if (!(weights[k] > 0)) status = epo__fail(EPO_EARG, "class weights: class %s has none", forest->classes[k]);
    free(copy);
    return status;
}

static epo_status read_options(const epo_forest_options *o, const epo_forest *forest, epo__forest_options *out,
                               double *weights)
{
    if (o->trees < 1 || o->trees > EPO__FOREST_MAX_TREES)
        return epo__fail(EPO_EARG, "%d trees; a forest has 1 to %d", o->trees, EPO__FOREST_MAX_TREES);
    if (o->min_split < 2) return epo__fail(EPO_EARG, "min split %d is not 2 or more", o->min_split);
    if (o->min_leaf < 1) return epo__fail(EPO_EARG, "min leaf %d is not 1 or more", o->min_leaf);
    if (o->max_depth < 0 || o->max_leaves < 0 || o->max_leaves == 1)
        return epo__fail(EPO_EARG, "a limit of depth is 0 or more, of leaves 0, 2 or more");
    *out = (epo__forest_options){.trees = (size_t)o->trees,
                                 .bootstrap = !o->no_bootstrap,
                                 .seed = o->seed,
                                 .threads = o->threads};
    out->limits = (epo__grow_limits){.max_depth = (size_t)o->max_depth,
                                     .min_split = (size_t)o->min_split,
                                     .min_leaf = (size_t)o->min_leaf,
                                     .max_leaves = (size_t)o->max_leaves};
    out->entropy = strcmp(o->criterion, "entropy") == 0;
    if (!out->entropy && strcmp(o->criterion, "gini") != 0)
        return epo__fail(EPO_EARG, "criterion '%s' is not gini or entropy", o->criterion);
    if (strcmp(o->class_weight, "balanced") == 0) {
        out->balance = EPO__BALANCE_ALL;
    } else if (strcmp(o->class_weight, "balanced_subsample") == 0) {
        out->balance = EPO__BALANCE_SUBSAMPLE;
    } else if (strcmp(o->class_weight, "none") != 0) {
        epo_status status = read_weights(o->class_weight, forest, weights);
        if (status != EPO_OK) return status;
        out->weights = weights;
    }
    return read_max_features(o->max_features, forest->trees->features, &out->limits.max_features);
}

epo_status epo__forest_keep_curves(epo_forest *forest, const epo_forest_curves *curves)
{
    forest->definition = epo__strdup(curves->definition);
    forest->method = epo__strdup(curves->method);
    forest->filter = curves->filter ? epo__strdup(curves->filter) : NULL;
    forest->curves = (epo_forest_curves){forest->definition, forest->method, forest->filter};
    return forest->definition && forest->method && (forest->filter || !curves->filter) ? EPO_OK : epo__nomem("options");
}

static epo_status keep_options(const epo_forest_options *o, epo_forest *forest)
{
    forest->max_depth = o->max_depth;
    forest->min_split = o->min_split;
    forest->min_leaf = o->min_leaf;
    forest->max_leaves = o->max_leaves;
    forest->bootstrap = !o->no_bootstrap;
    forest->seed = o->seed;
    forest->criterion = epo__strdup(o->criterion);
    forest->max_features = epo__strdup(o->max_features);
    forest->class_weight = epo__strdup(o->class_weight);
    if (!forest->criterion || !forest->max_features || !forest->class_weight) return epo__nomem("options");
    return o->curves ? epo__forest_keep_curves(forest, o->curves) : EPO_OK;
}

/* --- training --------------------------------------------------------------------------------------------------------
 */

typedef struct progress {
    const epo_forest_options *options;
} progress;

static bool pass_progress(void *context, size_t trees)
{
    const epo_forest_options *o = ((const progress *)context)->options;
    return o->progress(o->context, trees);
}

/* forest->trees is an empty forest with features and classes until the grown one takes its place. */
static epo_status train_rows(const epo_forest_table *table, const epo_forest_options *o, epo_forest *forest)
{
    epo__forest_rows rows = {0};
    epo__forest_record record = {0};
    epo__forest *grown = NULL;
    epo__forest_options options;
    progress pass = {o};
    double *weights = epo__alloc(forest->trees->classes, sizeof *weights);
    epo_status status = weights ? read_options(o, forest, &options, weights) : epo__nomem("weights");
    if (status == EPO_OK) status = epo__forest_rows_take(forest, table, true, &rows);
    if (status == EPO_OK) {
        options.context = &pass;
        options.progress = o->progress ? pass_progress : NULL;
        status = epo__forest_train(&rows.matrix, rows.labels, forest->trees->classes, &options, &grown, &record);
    }
    if (status == EPO_OK) {
        for (size_t i = 0; i < rows.matrix.rows; i++) {
            forest->class_rows[rows.labels[i]]++;
            if (!record.unseen_class || record.unseen_class[i] < 0) continue;
            forest->oob_rows++;
            forest->oob_right += record.unseen_class[i] == rows.labels[i];
        }
        forest->rows = (int64_t)rows.matrix.rows;
        forest->unlabelled = (int64_t)(table->rows - rows.matrix.rows);
        forest->importances = record.importance;
        record.importance = NULL;
        epo__forest_digest(forest, &rows, forest->data_sha256);
        epo__forest_free(forest->trees);
        forest->trees = grown;
        if (!epo__forest_depth(grown, &forest->depth)) status = epo__nomem("forest");
    }
    epo__forest_record_free(&record);
    epo__forest_rows_free(&rows);
    free(weights);
    return status;
}

epo_status epo_forest_train(const epo_forest_table *table, const epo_forest_options *options, epo_forest **out)
{
    const epo_forest_options standard = EPO_FOREST_OPTIONS_INIT;
    const epo_forest_options *o = options ? options : &standard;
    *out = NULL;
    epo_forest *forest = epo__alloc(1, sizeof *forest);
    if (!forest || !(forest->trees = epo__alloc(1, sizeof *forest->trees))) {
        free(forest);
        return epo__nomem("a forest");
    }
    epo_status status = keep_options(o, forest);
    if (status == EPO_OK) status = keep_features(table, forest);
    if (status == EPO_OK) status = find_classes(table, forest);
    if (status == EPO_OK && table->labels_as_of && !(forest->labels_as_of = epo__strdup(table->labels_as_of)))
        status = epo__nomem("options");
    if (status == EPO_OK) status = train_rows(table, o, forest);
    if (status == EPO_OK)
        *out = forest;
    else
        epo_forest_free(forest);
    return status;
}

void epo_forest_get_info(const epo_forest *forest, epo_forest_info *out)
{
    *out = (epo_forest_info){
        .feature_count = forest->trees->features,
        .class_count = forest->trees->classes,
        .trees = forest->trees->trees,
        .nodes = forest->trees->nodes,
        .depth = forest->depth,
        .features = (const char *const *)forest->features,
        .classes = (const char *const *)forest->classes,
        .importances = forest->importances,
        .class_rows = forest->class_rows,
        .rows = forest->rows,
        .unlabelled = forest->unlabelled,
        .oob_rows = forest->oob_rows,
        .oob_accuracy = forest->oob_rows ? (double)forest->oob_right / (double)forest->oob_rows : NAN,
        .criterion = forest->criterion,
        .max_features = forest->max_features,
        .class_weight = forest->class_weight,
        .max_depth = forest->max_depth,
        .min_split = forest->min_split,
        .min_leaf = forest->min_leaf,
        .max_leaves = forest->max_leaves,
        .bootstrap = forest->bootstrap,
        .seed = forest->seed,
        .curves = forest->definition ? &forest->curves : NULL,
        .labels_as_of = forest->labels_as_of,
        .data_sha256 = forest->data_sha256,
        .sha256 = forest->sha256,
    };
}
