/* SPDX-License-Identifier: BSD-3-Clause
 * forest_model.h - the inside of an epo_forest, and the rows of a table as the trees take them. */
#ifndef EPO_TRAIN_FOREST_MODEL_H
#define EPO_TRAIN_FOREST_MODEL_H

#include "epochal/forest.h"
#include "forest/forest.h"
#include "forest/train.h"

struct epo_forest {
    epo__forest *trees;
    char **features, **classes;
    double *importances;
    int64_t *class_rows, rows, unlabelled, oob_rows, oob_right;
    char *criterion, *max_features, *class_weight;
    int max_depth, min_split, min_leaf, max_leaves;
    bool bootstrap;
    uint64_t seed;
    char *definition, *method, *filter; /* of the light curves that it learned from; all NULL: from another table */
    epo_forest_curves curves;           /* the same for epo_forest_info */
    char *labels_as_of;                 /* of the training table; NULL: the last, or from no store */
    struct epo__recipe *recipe;         /* of a context forest (train/context.h); NULL: of another kind */
    size_t depth;
    char data_sha256[65], sha256[65];
};

/* Some of a table's rows, with the features of a forest in its order. */
typedef struct epo__forest_rows {
    epo__matrix matrix;
    float *values;
    size_t *row; /* [matrix.rows]: in the table */
    int *labels; /* [matrix.rows]: classes of the forest; -1: not known, or none of them */
} epo__forest_rows;

/* The class called `label`, -1 for none of them and for NULL. */
int epo__forest_class_of(const epo_forest *forest, const char *label);

/* Finds the columns. labelled: only the rows whose class is one of the forest's. Release in any case. EPO_ENOTFOUND,
 * EPO_EFORMAT for an infinite value. */
epo_status epo__forest_rows_take(const epo_forest *forest, const epo_forest_table *table, bool labelled,
                                 epo__forest_rows *out);
void epo__forest_rows_free(epo__forest_rows *rows);

/* Releases `count` texts and the list of them; NULL is fine. */
void epo__forest_texts_free(char **texts, size_t count);

/* Keeps a copy. */
epo_status epo__forest_keep_curves(epo_forest *forest, const epo_forest_curves *curves);

/* How features of a store's light curves are made. curves NULL: the standard ones. */
epo_status epo__forest_features_options(const epo_forest_curves *curves, const char *split, int threads,
                                        epo_features_options *out);

/* Rows of objects to be classified, and what the run's record says. */
typedef struct epo__forest_run {
    const epo_forest_table *table;
    const int64_t *objects;
    const size_t *points;       /* of the light curves */
    char *const *errors;        /* NULL for a row that can be classified */
    const char *options;        /* JSON */
    const char *normalisation;  /* of the model's record */
} epo__forest_run;

/* Predicts, records and delivers. */
epo_status epo__forest_classify_rows(const epo_forest *forest, epo_store *store, const epo__forest_run *run,
                                     const epo_score_options *options, epo_score_fn result, void *context,
                                     epo_score_summary *out);

/* The digest of the rows as a training takes them. */
void epo__forest_digest(const epo_forest *forest, const epo__forest_rows *rows, char out[65]);

#endif
