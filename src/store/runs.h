/* SPDX-License-Identifier: BSD-3-Clause
 * runs.h - reading back what runs left about themselves: models, commands, training curves, splits, and the files that
 * were imported. What people are told about the origin of a number. */
#ifndef EPO_STORE_RUNS_H
#define EPO_STORE_RUNS_H

#include "base/pool.h"
#include "epochal/store.h"

/* Texts are never NULL and go to the pool of the call; JSON is as it was written. */
typedef struct epo__run_told {
    int64_t id;
    int64_t model, split; /* ids, 0 none */
    const char *kind;     /* "classify" */
    const char *command;  /* the command line, "" unknown */
    const char *options;  /* JSON */
    const char *versions; /* JSON */
    const char *started;  /* "2026-11-21T01:30:00Z" */
    const char *status;   /* "done" */
    uint64_t seed;
    int threads;
    double seconds;      /* NaN: it has not ended */
    int64_t peak_memory; /* bytes */
} epo__run_told;

/* EPO_ENOTFOUND: no such run. */
epo_status epo__store_run_tell(epo_store *store, int64_t run, epo__pool *pool, epo__run_told *out);

typedef struct epo__model_told {
    int64_t id;
    const char *name, *sha256, *network, *classes, *normalisation;
} epo__model_told;

epo_status epo__store_model_tell(epo_store *store, int64_t model, epo__pool *pool, epo__model_told *out);

/* The last finished run that made a model; *run is 0 when it was made elsewhere. */
epo_status epo__store_training_of(epo_store *store, int64_t model, int64_t *run);

typedef struct epo__split_told {
    const char *name, *options, *made;
    uint64_t seed;
} epo__split_told;

epo_status epo__store_split_tell(epo_store *store, int64_t split, epo__pool *pool, epo__split_told *out);

/* One value of a training curve. */
typedef struct epo__curve_value {
    const char *name; /* "sequence validation loss" */
    int64_t epoch;
    double value; /* NaN: none */
} epo__curve_value;

/* The curves of a run, by name and epoch: *count of them in *values, which is grown as needed (released by free). */
epo_status epo__store_curves_of(epo_store *store, int64_t run, epo__pool *pool, epo__curve_value **values, size_t *room,
                                size_t *count);

/* Imported files of one kind. */
typedef struct epo__source_kind {
    const char *survey, *format, *options;
    int64_t files, bytes, objects, stamps, points;
    const char *path, *digest; /* of the first of them */
} epo__source_kind;

/* By survey, format and options, at most `room`; *count tells how many there are in all. */
epo_status epo__store_source_kinds(epo_store *store, epo__pool *pool, epo__source_kind *kinds, size_t room,
                                   size_t *count);

#endif
