/* SPDX-License-Identifier: BSD-3-Clause
 * loader_plan.h - private to the loader: which examples an epoch holds, and in which batches. */
#ifndef EPO_DATA_LOADER_PLAN_H
#define EPO_DATA_LOADER_PLAN_H

#include "data/loader_index.h"

typedef struct epo__loader_entry {
    epo__loader_source source;
    uint32_t copy; /* how many times the source came before in this epoch */
} epo__loader_entry;

/* All zeros is an empty one. Its arrays are made once, by the first epoch. */
typedef struct epo__loader_plan {
    epo__loader_entry *entries, *room; /* [examples] */
    size_t *order;                     /* [examples] */
    size_t *batches;                   /* [batches] number of a batch -> which stretch of entries */
} epo__loader_plan;

size_t epo__loader_plan_bytes(const epo__loader_index *index);
void epo__loader_plan_free(epo__loader_plan *plan);

/* A pure function of the index and the epoch. In training examples are in random order; sequences are then sorted by
 * length within windows of EPO__PLAN_WINDOW batches, the longest first, and the batches put in random order. */
epo_status epo__loader_plan_epoch(const epo__loader_index *index, uint64_t epoch, epo__loader_plan *plan);

enum { EPO__PLAN_WINDOW = 16 };

/* The examples of a batch. */
const epo__loader_entry *epo__loader_plan_batch(const epo__loader_index *index, const epo__loader_plan *plan,
                                                size_t batch, size_t *count);

/* The most triplets that a batch of any epoch can hold. */
epo_status epo__loader_plan_largest(const epo__loader_index *index, size_t *triplets);

#endif
