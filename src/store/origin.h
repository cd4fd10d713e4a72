/* SPDX-License-Identifier: BSD-3-Clause
 * origin.h - where stamps and objects came from, and what a model was trained on. */
#ifndef EPO_STORE_ORIGIN_H
#define EPO_STORE_ORIGIN_H

#include "base/pool.h"
#include "epochal/store.h"

/* Where something is to be found. Texts go to `pool`; NULL, and a time NaN, where unknown. */
typedef struct epo__origin_place {
    double mjd;           /* of an object the first of its stamps' */
    const char *exposure; /* of an object NULL */
    const char *path;     /* of the file that it came from */
} epo__origin_place;
epo_status epo__store_stamp_place(epo_store *store, int64_t stamp, epo__pool *pool, epo__origin_place *out);
epo_status epo__store_object_place(epo_store *store, int64_t object, epo__pool *pool, epo__origin_place *out);

/* The splits that the model of a run was trained on in this store, and so were the weights that it started from: at
 * most `room` ids. */
epo_status epo__store_training_splits(epo_store *store, int64_t run, int64_t *splits, size_t room, size_t *count);

/* Whether the object is in the part train of the split. */
epo_status epo__store_in_training(epo_store *store, int64_t split, int64_t object, bool *in);

#endif
