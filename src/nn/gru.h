/* SPDX-License-Identifier: BSD-3-Clause
 * gru.h - what gru.c and gru_train.c share. */
#ifndef EPO_NN_GRU_H
#define EPO_NN_GRU_H

#include "nn/cells.h"
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

/* The packed row of step `t` of a sequence, counted from its end when going backwards in time. */
static inline size_t epo__sequence_at(const epo__sequence *sequence, int t, bool backwards)
{
    return sequence->start + (size_t)(backwards ? sequence->length - 1 - t : t);
}

/* The sequences of one thread, which goes through all their steps and waits for nobody; longest first, so that those
 * still running at a step are always the first ones. */
typedef struct epo__share {
    epo__sequence *sequences;
    size_t count;
    epo__cell_row *rows; /* work space, as many as sequences */
} epo__share;

typedef struct epo__shares {
    size_t batch, most; /* sequences, parts */
    epo__sequence *order, *dealt;
    epo__cell_row *rows;
    epo__share *share;
    size_t count, sequences, steps; /* of this run: shares, none of them empty; sequences in order; steps of them all */
} epo__shares;

bool epo__shares_make(epo__shares *shares, size_t batch, size_t parts); /* false without memory */
void epo__shares_release(epo__shares *shares);                          /* zeroed is fine */
/* Deals `count` sequences to the parts, so that all have about as many steps. */
epo_status epo__shares_deal(epo__shares *shares, const int *lengths, int count);

/* Makes *array hold steps x width floats. */
epo_status epo__sequences_grow(float **array, size_t *capacity, size_t steps, size_t width);

/* The weights of a layer in one direction, packed. */
typedef struct epo__gru_cell {
    size_t inputs, hidden;
    epo__panels weight_ih, weight_hh;
    float *bias;   /* 3 H: bi, and bh of the reset and update gate */
    float *bias_n; /* H: bhn, which the reset gate multiplies */
    float *zeros;  /* H: the state before the first step */
} epo__gru_cell;

/* Takes its copy of the parameters, again and again if wanted; `cell` is zeroed before the first time. */
epo_status epo__gru_cell_pack(const epo__param *params, epo__gru_cell *cell);
void epo__gru_cell_release(epo__gru_cell *cell);

/* What a cell sees in a run: arrays over all steps. */
typedef struct epo__gru_run {
    const float *in;  /* steps x inputs */
    float *projected; /* steps x 3 H, work space */
    float *out;       /* every state; out_width floats a step, H of which are this cell's */
    size_t out_width;
    float *kept; /* steps x EPO__KEPT H, or NULL */
    bool backwards;
} epo__gru_run;

/* The state before step t of a sequence: that after the step before. */
static inline const float *epo__gru_before(const epo__gru_cell *cell, const epo__gru_run *run,
                                           const epo__sequence *sequence, int t)
{
    return t ? run->out + epo__sequence_at(sequence, t - 1, run->backwards) * run->out_width : cell->zeros;
}

/* All steps of a share. */
void epo__gru_cell_run(const epo__gru_cell *cell, const epo__share *share, const epo__gru_run *run);

epo_status epo__gru_train(const epo__layer *layer, const epo__train_setup *setup, epo__train_op *op);

#endif
