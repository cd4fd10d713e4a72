/* SPDX-License-Identifier: BSD-3-Clause
 * train.h - growing a forest (Breiman 2001), as scikit-learn's RandomForestClassifier does: each tree on as many rows
 * as there are, drawn with replacement, its splits chosen among a few features drawn anew for each node.
 *
 * Tree t draws from stream t of the seed, and what is summed over trees is summed in their order: the number of threads
 * changes nothing. */
#ifndef EPO_FOREST_TRAIN_H
#define EPO_FOREST_TRAIN_H

#include "forest/grow.h"

typedef enum epo__balance {
    EPO__BALANCE_NONE,     /* weights as given */
    EPO__BALANCE_ALL,      /* by rows / (classes * rows of the class) */
    EPO__BALANCE_SUBSAMPLE /* the same, of the rows that a tree drew */
} epo__balance;

typedef struct epo__forest_options {
    size_t trees;
    epo__grow_limits limits;
    bool entropy, bootstrap; /* without bootstrap every tree sees all rows once */
    epo__balance balance;
    const double *weights; /* [classes], above 0; NULL: 1 each */
    uint64_t seed;
    int threads;
    bool (*progress)(void *context, size_t trees); /* one call at a time; false: stop, EPO_ECANCELLED. NULL: none */
    void *context;
} epo__forest_options;

typedef struct epo__forest_record {
    double *importance; /* [features]: mean over trees of the share of all gain that is a feature's; sums to 1, or is
                           all 0 */
    int *unseen_class;  /* [rows]: the most probable class by the trees that did not see the row; -1: all saw it. Only
                           with bootstrap */
} epo__forest_record;

/* labels[row] is 0 .. classes-1. Release *record in any case. EPO_EARG, EPO_EFORMAT for an infinite value, EPO_ELIMIT,
 * EPO_ENOMEM. */
epo_status epo__forest_train(const epo__matrix *rows, const int *labels, size_t classes,
                             const epo__forest_options *options, epo__forest **out, epo__forest_record *record);
void epo__forest_record_free(epo__forest_record *record);

/* How often each row is in tree t of a bootstrap: counts[rows]. It is a function of seed and t only. */
void epo__forest_bootstrap(uint64_t seed, size_t tree, size_t rows, uint16_t *counts);

/* Bits of the rows that each tree saw, as epo__forest_predict_unseen takes them; freed by the caller. NULL without
 * memory. */
unsigned char *epo__forest_seen(uint64_t seed, size_t trees, size_t rows, int threads);

#endif
