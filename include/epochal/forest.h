/* SPDX-License-Identifier: BSD-3-Clause
 * forest.h - random forests on tables of features.
 *
 * Trees are grown and split as scikit-learn's RandomForestClassifier does it (CART: Breiman et al. 1984; forests: Breiman 2001), with
 * two differences: two values are different when their float32 are, however near (scikit-learn takes what is within 1e-7 for the
 * same); and missing values (NaN) go to that side of a split where they served best in training, or to the larger one when none was
 * met there. The same table, options and seed give the same bytes, whatever the number of threads. */
#ifndef EPOCHAL_FOREST_H
#define EPOCHAL_FOREST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/features.h"
#include "epochal/score.h"
#include "epochal/status.h"
#include "epochal/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- tables ---------------------------------------------------------------------------------------------------------- */

/* Rows of features. A caller may point it at arrays of their own; what epo_forest_read_csv filled is released with
 * epo_forest_table_free. */
typedef struct epo_forest_table {
    size_t rows, columns;
    const float *values;       /* rows x columns, row after row; NaN: missing; never infinite */
    const char *const *names;  /* of the columns, each once */
    const char *const *ids;    /* of the rows; NULL: they have none */
    const char *const *labels; /* of the rows, their classes; an entry NULL: not known. NULL: none is known */
    const char *source;        /* for messages; NULL: "the table" */
    const char *labels_as_of;  /* the labels are those that a store had at this time (epo_store_labels_as_of); NULL: the last, or from no store */
} epo_forest_table;

typedef struct epo_forest_csv_options {
    const char *label; /* column with the class; NULL: "label", when there is one */
    const char *id;    /* column with the name of a row; NULL: "id", when there is one */
    const char *const *columns; /* the features, in this order; NULL: every column but label and id */
    size_t column_count;
    const char *const *exclude; /* columns that are no features */
    size_t exclude_count;
} epo_forest_csv_options;

/* Reads a CSV with a header row, plain or gzipped. An empty cell, or "nan", is a missing value; an empty label is not known. Columns go by
 * name, letters compared without case. EPO_EIO, EPO_ENOTFOUND for a column that is not there, EPO_EFORMAT naming line, column and
 * reason, EPO_ELIMIT. options may be NULL. */
epo_status epo_forest_read_csv(const char *path, const epo_forest_csv_options *options, epo_forest_table *out);
void epo_forest_table_free(epo_forest_table *table);

/* --- forests --------------------------------------------------------------------------------------------------------- */

typedef struct epo_forest epo_forest;

/* The light curves that features were computed from. */
typedef struct epo_forest_curves {
    const char *definition; /* of the features: "mantra" */
    const char *method;     /* of the photometry: "psf" */
    const char *filter;     /* NULL: of any filter */
} epo_forest_curves;

typedef struct epo_forest_options {
    int trees;                /* 1 to 100,000 */
    const char *criterion;    /* "gini" or "entropy" */
    const char *max_features; /* that a split chooses from: "sqrt", "log2", "all", or how many */
    const char *class_weight; /* "none", "balanced", "balanced_subsample", or "SN=2,AGN=1" with a weight for each class */
    int max_depth;            /* splits on the longest way; 0: no limit */
    int min_split, min_leaf;  /* rows that a node to be split, and a leaf, have at least */
    int max_leaves;           /* of a tree, the splits that gain most being made first; 0: no limit */
    bool no_bootstrap;        /* each tree sees all rows, none twice */
    const epo_forest_curves *curves; /* kept in the forest, so that what it scores is made likewise; NULL: not from a store */
    uint64_t seed;
    int threads;              /* 0: all processors */
    bool (*progress)(void *context, size_t trees); /* after each tree, one call at a time; false: stop. NULL: none */
    void *context;
} epo_forest_options;
#define EPO_FOREST_OPTIONS_INIT                                                                                                       \
    {.trees = 700, .criterion = "gini", .max_features = "sqrt", .class_weight = "none", .min_split = 2, .min_leaf = 1, .seed = 1}

/* Trains on the rows whose class is known. Classes are ordered as strcmp does. options may be NULL; the caller frees *out.
 * EPO_EARG: options that are none, no labelled row. EPO_EFORMAT: an infinite value. EPO_ELIMIT, EPO_ENOMEM, EPO_ECANCELLED. */
epo_status epo_forest_train(const epo_forest_table *table, const epo_forest_options *options, epo_forest **out);

/* A forest is one safetensors file with a SHA-256 over all of it. A file is checked on loading like any input: EPO_EMODEL says
 * what is wrong with it, also when it is a network. */
epo_status epo_forest_save(const epo_forest *forest, const char *path);
epo_status epo_forest_load(const char *path, epo_forest **out);
void epo_forest_free(epo_forest *forest);

typedef struct epo_forest_info {
    size_t feature_count, class_count, trees, nodes, depth;
    const char *const *features, *const *classes;
    const double *importances;  /* [feature_count]: share of the decrease of impurity that is a feature's; sums to 1 */
    const int64_t *class_rows;  /* [class_count]: of the training */
    int64_t rows, unlabelled;   /* of the training table: with and without a class */
    int64_t oob_rows;           /* rows that at least one tree did not see; 0 without bootstrap */
    double oob_accuracy;        /* of the trees that did not see a row, over these rows; NaN without any */
    const char *criterion, *max_features, *class_weight; /* as in the options */
    int max_depth, min_split, min_leaf, max_leaves;
    bool bootstrap;
    uint64_t seed;
    const epo_forest_curves *curves; /* NULL: it was trained on another table */
    const char *labels_as_of;   /* of the training table */
    const char *data_sha256;    /* of names, values and classes of the training rows */
    const char *sha256;         /* of the file; "" when not loaded from one */
} epo_forest_info;

/* All of it belongs to the forest. */
void epo_forest_get_info(const epo_forest *forest, epo_forest_info *out);

/* Class probabilities: out[row * class_count + class], means over the trees. Columns are found by name, letters compared without case;
 * others in the table are passed over. EPO_ENOTFOUND for one that is not there. */
epo_status epo_forest_predict(const epo_forest *forest, const epo_forest_table *table, int threads, double *out);

typedef struct epo_forest_class_score {
    const char *name;             /* the forest's */
    double precision, recall, f1; /* 0 where they would be 0/0 */
    int64_t support;              /* rows of this class */
} epo_forest_class_score;

typedef struct epo_forest_evaluation {
    int64_t rows;                      /* judged */
    int64_t left_out;                  /* whose class is not known, or none of the forest's */
    double accuracy;
    double macro_f1;                   /* mean over the classes that are, or are called, in some row */
    double weighted_f1;                /* mean weighted by support */
    size_t class_count;
    epo_forest_class_score *classes;   /* [class_count] */
    int64_t *confusion;                /* [class_count x class_count]: truth * class_count + called */
} epo_forest_evaluation;

/* Holds the most probable classes against the labels. EPO_EARG when no row can be judged. Release with
 * epo_forest_evaluation_free, also after a failure; the forest must outlive it. */
epo_status epo_forest_evaluate(const epo_forest *forest, const epo_forest_table *table, int threads, epo_forest_evaluation *out);

/* The same of probabilities that are there, as epo_forest_classify_store gives them: probabilities[rows x class_count] against
 * labels[rows], NULL or a name that the forest does not know where the class is not known. `source` stands in messages. */
epo_status epo_forest_judge(const epo_forest *forest, const char *source, const char *const *labels, const double *probabilities, size_t rows,
                            epo_forest_evaluation *out);
void epo_forest_evaluation_free(epo_forest_evaluation *evaluation);

typedef struct epo_forest_permute_options {
    int repeats;
    uint64_t seed;
    bool out_of_bag; /* the table is that of the training: judge each row by the trees that did not see it */
    int threads;
    bool (*progress)(void *context, size_t features);
    void *context;
} epo_forest_permute_options;
#define EPO_FOREST_PERMUTE_OPTIONS_INIT {.repeats = 5, .seed = 1}

/* How much accuracy falls when a feature's values are permuted among the rows: mean[feature_count] and sd[feature_count] over the
 * repeats. EPO_EARG: no row with a class of the forest; out_of_bag with another table, or without bootstrap. */
epo_status epo_forest_permute(const epo_forest *forest, const epo_forest_table *table, const epo_forest_permute_options *options,
                              double *mean, double *sd, double *accuracy);

/* --- on a store ------------------------------------------------------------------------------------------------------ */

/* Features of the light curves in a store as a table, copies included, with the classes as labels: epo_features_store's rows. What
 * exceeds a float32 is missing. `refused` (may be NULL) is told of each object without values, by name and reason. Release with
 * epo_forest_table_free. Status as epo_features_store; EPO_ENOTFOUND also when no object has values. */
typedef void (*epo_forest_refused_fn)(void *context, const char *id, const char *reason);
epo_status epo_forest_read_store(epo_store *store, const epo_features_options *options, epo_forest_refused_fn refused, void *context,
                                 epo_forest_table *out, epo_features_summary *summary);

/* Classifies objects by their light curves as epo_classify_store does by their images: the scores go to the store with the run and
 * the model, and to `result` (may be NULL), where `nights` counts the points used and `triplets` is 0. Of `options` threads, split and
 * command_line are taken (NULL: the standard ones). Light curves are those that the forest learned from, or what `curves` says
 * (NULL: the forest's own; when it has none, mantra and the store's only method). EPO_ENOTFOUND: a feature of the forest that light
 * curves do not have; EPO_EARG: a forest that is in no file. */
epo_status epo_forest_classify_store(const epo_forest *forest, epo_store *store, const epo_forest_curves *curves,
                                     const epo_score_options *options, epo_score_fn result, void *context, epo_score_summary *out);

/* *out is true for a file that says it is a forest, whether or not it can be loaded. EPO_ENOMEM: it could not be seen. */
epo_status epo_forest_is_file(const char *path, bool *out);

#ifdef __cplusplus
}
#endif
#endif
