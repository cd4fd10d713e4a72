/* SPDX-License-Identifier: BSD-3-Clause
 * train.h - how a layer is put into a gradplan.
 *
 * A layer in training is an op with a forward and a backward pass over all samples at a time. Tensors between ops are
 * count x H x W x C (a packed sequence: steps x F); the plan owns them. An op reads the parameters through its layer
 * whenever it runs, adds to the gradients of those that have one, and keeps in its state what its way back needs.
 *
 * Bits do not depend on chance: work is divided into run->threads parts by number, whichever threads run them, and
 * sums over parts are made in their order.
 */
#ifndef EPO_NN_TRAIN_H
#define EPO_NN_TRAIN_H

#include "nn/norm.h"

typedef struct epo__train_setup {
    int batch, threads;
    uint64_t stream;   /* of this layer's random numbers */
    uint64_t seed;     /* of all */
    epo__norm_rule norms; /* of the batch norms */
    bool keep_all;        /* dropout drops nothing */
    epo__precision precision; /* of what can do without float32; not whole numbers */
} epo__train_setup;

typedef struct epo__train_run {
    int count;          /* samples or sequences */
    const int *lengths; /* of sequences, else NULL */
    uint64_t step;
    int threads;
} epo__train_run;

typedef struct epo__train_op {
    void *state;
    epo_status (*forward)(void *state, const epo__train_run *run, const float *in, float *out);
    /* in, out: as in the forward pass. d_out may be overwritten. d_in: to be written, or NULL when nobody wants it. */
    epo_status (*backward)(void *state, const epo__train_run *run, const float *in, const float *out, float *d_out,
                           float *d_in);
    void (*release)(void *state); /* NULL: free() */
    bool needs_d_in;              /* it works in d_in, and always wants one */
} epo__train_op;

/* Room for `floats` numbers a sample of the batch, on a 64-byte border; EPO_ELIMIT when that is unreasonable. */
epo_status epo__train_floats(const epo__train_setup *setup, size_t floats, float **out);

#endif
