/* SPDX-License-Identifier: BSD-3-Clause
 * cells.h - what a recurrent cell computes, a few rows at a time and in the calling thread alone: products with packed
 * matrices, and the gates of a GRU (gru.c has the equations) in the registers that the product leaves.
 *
 * A row's result depends on that row alone: not on how many others there are, nor on where they stand. Sigmoid and tanh
 * are right to 3 units in the last place of normal numbers, and keep not-a-number. */
#ifndef EPO_NN_CELLS_H
#define EPO_NN_CELLS_H

#include <stdbool.h>
#include <stddef.h>

/* A matrix of outputs x inputs, packed, as in product.h, but for rows that lie anywhere: in panels of three vectors of outputs, input by input. */
typedef struct epo__panels {
    size_t inputs, outputs;
    size_t part; /* outputs of one vector's kind: those of a gate, or 0 when a panel's outputs follow each other */
    size_t capacity;
    float *data;
} epo__panels;

/* How a matrix lies where it comes from: that of output o and input i at o * output_stride + i * input_stride. */
typedef struct epo__unpacked {
    const float *data;
    size_t inputs, outputs, output_stride, input_stride;
    bool gates; /* the outputs are those of three gates, one third each: a panel has the same units of all three */
} epo__unpacked;

/* False without memory. `packed` is zeroed before its first use; later ones take its memory when it is large enough. */
bool epo__pack(const epo__unpacked *from, epo__panels *packed);
void epo__panels_release(epo__panels *packed);

/* out[r] = W in[r] + start[r], for rows wherever they lie; out[r] may be start[r]. At most EPO__TOGETHER rows at a time
 * keep their inputs in the second-level cache beside a panel. */
enum { EPO__TOGETHER = 64 };
void epo__panels_product(const epo__panels *weights, size_t rows, const float *const *in, const float *const *start,
                         float *const *out);

/* A sequence's turn in a step of a cell. H floats, if not said otherwise. */
typedef struct epo__cell_row {
    const float *projected; /* 3 H: Wi x + bi, and bh of the reset and update gate */
    const float *before;    /* the state; none of the rows' `after` */
    float *after;
    float *kept; /* 4 H, for the way back: r, z, n, m */
} epo__cell_row;

enum { EPO__KEPT_R, EPO__KEPT_Z, EPO__KEPT_N, EPO__KEPT_M, EPO__KEPT };

/* One step of `rows` sequences. weights: Wh, packed as gates; bias_n: bhn. `kept` is written only if it is wanted. */
void epo__cell_forward(const epo__panels *weights, const float *bias_n, size_t rows, const epo__cell_row *row,
                       bool keep);

/* A sequence's turn on the way back. */
typedef struct epo__cell_back {
    const float *kept, *before;
    const float *d_output; /* what comes from above */
    float *d_state;        /* in: what comes from the step after; out: what goes to the step before */
    float *d_projected;    /* 3 H: dr, dz, dn */
    float *d_recurrent;    /* 3 H: dr, dz, dn * r */
} epo__cell_back;

/* weights: Wh turned round, H outputs and 3 H inputs; `first`: of the first step, before which nothing is wanted. */
void epo__cell_backward(const epo__panels *weights, size_t rows, const epo__cell_back *row, bool first);

#endif
