/* SPDX-License-Identifier: BSD-3-Clause
 * results.h - splits, models, runs, training curves and scores. */
#ifndef EPO_STORE_RESULTS_H
#define EPO_STORE_RESULTS_H

#include "epochal/store.h"
#include "base/pool.h"

/* A named assignment of objects to parts ("train", "validation", "test"). EPO_ESTORE when the name is taken. */
epo_status epo__store_split_add(epo_store *store, const char *name, uint64_t seed, const char *options_json,
                                int64_t *id);
/* EPO_ENOTFOUND when there is none of this name. */
epo_status epo__store_split_find(epo_store *store, const char *name, int64_t *id);
/* Whether there is a split of this name, and whether its options are these, byte by byte. */
epo_status epo__store_split_options_are(epo_store *store, const char *name, const char *options_json, bool *there, bool *same);
epo_status epo__store_split_member_add(epo_store *store, int64_t split, int64_t object, const char *part);
/* How many fields, the objects of one parent together with the parent itself, have objects in more than one part. */
epo_status epo__store_split_torn(epo_store *store, int64_t split, int64_t *fields);

typedef struct epo__model_row {
    const char *name;
    const char *sha256;  /* of the weights file, 64 hexadecimal digits: what identifies it */
    const char *network; /* the network text */
    const char *classes; /* JSON array of names, in the order of the outputs */
    const char *normalisation;
} epo__model_row;

/* *id of the model with this sha256, added when new (its name and texts are those of the first time). */
epo_status epo__store_model_put(epo_store *store, const epo__model_row *row, int64_t *id);

typedef struct epo__run_row {
    const char *kind;     /* "score", "classify", "train" */
    const char *command;  /* the command line */
    const char *options;  /* JSON, every option with its value */
    const char *versions; /* JSON: Epochal and the libraries that compute */
    uint64_t seed;
    int threads;
    int64_t model; /* the model used or made, 0 none */
    int64_t split; /* the split used, 0 none */
} epo__run_row;

/* Notes the start of a run, with the time of now and status "running". Scores need it, in the same transaction or an
 * earlier one. */
epo_status epo__store_run_begin(epo_store *store, const epo__run_row *row, int64_t *id);

/* Notes its end. status: "done", "failed" or "cancelled". The scores of a run count (view latest_class_scores) once it
 * is done. model: 0, or the model that a training made. */
epo_status epo__store_run_end(epo_store *store, int64_t run, const char *status, double seconds, size_t peak_memory,
                              int64_t model);

/* One value of a training curve; NaN is kept as NULL. A second value for the same place replaces the first. */
epo_status epo__store_curve_put(epo_store *store, int64_t run, int epoch, const char *name, double value);

/* Scores. A second one for the same place replaces the first. Probabilities must be finite: EPO_EARG. */
epo_status epo__store_class_score_put(epo_store *store, int64_t run, int64_t object, const char *class_name,
                                      double probability);
/* `stamp` is the epoch's first plane (its science stamp where there is one); score is P(real). */
epo_status epo__store_stamp_score_put(epo_store *store, int64_t run, int64_t stamp, double score);

#endif
