/* SPDX-License-Identifier: BSD-3-Clause
 * supply.h - what a stage is fed: the loader's batches, or, for the sequence head alone, features of a frozen encoder that are
 * computed once for a few draws of visits and then taken from memory in a new order each epoch. */
#ifndef EPO_TRAIN_SUPPLY_H
#define EPO_TRAIN_SUPPLY_H

#include "arch/model.h"
#include "data/loader.h"

typedef struct epo__supply epo__supply;

typedef struct epo__supply_batch {
    size_t count, triplets;
    const int *lengths, *labels; /* [count] */
    const float *planes;         /* NULL when there are features */
    const float *features;       /* [triplets x what the sequence head takes], dates included */
    const double *mjds;          /* [triplets x planes] */
} epo__supply_batch;

/* Takes the loader, also when it fails. variants 0: the loader's batches as they are. Else the features of that many epochs of
 * the loader are kept, fewer when `memory` is too small for them, but at least one. The model must outlive it, and its encoder
 * must not change while features are kept. */
epo_status epo__supply_create(const epo_model *model, epo__loader *loader, int variants, uint64_t seed, size_t memory, epo__supply **out);
void epo__supply_free(epo__supply *supply); /* NULL is fine */

const epo__loader_counts *epo__supply_count(const epo__supply *supply); /* of the loader */
size_t epo__supply_batches(const epo__supply *supply); /* of each epoch */

/* Begins an epoch at a batch. */
epo_status epo__supply_start(epo__supply *supply, uint64_t epoch, size_t first_batch);

/* The next batch, borrowed until the next call; *end at the end of the epoch. */
epo_status epo__supply_next(epo__supply *supply, epo__supply_batch *batch, bool *end);

/* The batch that comes next in this epoch: where to start again. */
size_t epo__supply_position(const epo__supply *supply);

size_t epo__supply_memory(const epo__supply *supply); /* bytes: the loader's peak and the features */

#endif
