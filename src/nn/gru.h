/* SPDX-License-Identifier: BSD-3-Clause
 * gru.h - what gru.c and gru_train.c share. */
#ifndef EPO_NN_GRU_H
#define EPO_NN_GRU_H

#include "nn/train.h"

typedef struct epo__gru {
    int hidden, layers, directions;
    bool sum; /* of all outputs, or else the state after the last step */
} epo__gru;

/* Places of a cell's parameters, and how many it has; cells are ordered by layer, then direction. */
enum { EPO__GRU_WEIGHT_IH, EPO__GRU_WEIGHT_HH, EPO__GRU_BIAS_IH, EPO__GRU_BIAS_HH, EPO__GRU_PARAMS };

typedef struct epo__sequence {
    int length;
    size_t start; /* its first step in the packed rows */
    int row;      /* of the result */
} epo__sequence;

/* Longest first, so that those still running at a step are always the first ones. *steps: of all. */
epo_status epo__sequences_order(const int *lengths, int count, epo__sequence *order, size_t *steps);
/* The packed row of step `t` of a sequence, counted from its end when going backwards in time. */
static inline size_t epo__sequence_at(const epo__sequence *sequence, int t, bool backwards)
{
    return sequence->start + (size_t)(backwards ? sequence->length - 1 - t : t);
}
/* Makes *array hold steps x width floats. */
epo_status epo__sequences_grow(float **array, size_t *capacity, size_t steps, size_t width);

epo_status epo__gru_train(const epo__layer *layer, const epo__train_setup *setup, epo__train_op *op);

#endif
