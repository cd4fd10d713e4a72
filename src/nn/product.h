/* SPDX-License-Identifier: BSD-3-Clause
 * product.h - products of a matrix with weights that stay: C = A B, C = relu(A B + bias).
 *
 * A library's sgemm packs both matrices at every call, which is a good part of its time for the short products of a
 * network (tens of rows, 32 columns). Here B is packed once, A is read where it lies, and bias and ReLU are put on
 * while the results are in registers (the micro-kernel of Goto & van de Geijn 2008, BLIS: Van Zee & van de Geijn 2015).
 *
 * Every result is one chain of sums in the order of the rows of B, so it does not depend on how many rows of A go
 * together. Processors with fused multiply-add give the same bits; others round once more.
 */
#ifndef EPO_NN_PRODUCT_H
#define EPO_NN_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

#include "epochal/status.h"

typedef struct epo__product_kernel epo__product_kernel;

/* Some matrices B of one shape, one behind the other: k x n in panels of a few columns, the last filled up with zeros.
 */
typedef struct epo__packed {
    const epo__product_kernel *kernel;
    size_t k, n, size; /* size: floats of a packed matrix */
    float *panels;
    float *own; /* to be freed; NULL where the memory is somebody else's */
} epo__packed;

/* What is done with a sum before it is stored. */
typedef struct epo__after {
    const float *bias; /* n, or NULL */
    bool relu;
} epo__after;

/* Floats that `count` packed matrices take. EPO_ELIMIT. */
epo_status epo__packed_size(size_t count, size_t k, size_t n, size_t *floats);

/* b: `count` matrices, k * n floats each, with element (i, j) at i * row_stride + j * column_stride; copied, to `room` of
 * epo__packed_size on a 64-byte border, which must outlive them, or, where that is NULL, to memory of their own. */
epo_status epo__packed_make(size_t count, size_t k, size_t n, const float *b, size_t row_stride, size_t column_stride,
                            float *room, epo__packed *packed);
void epo__packed_release(epo__packed *packed); /* zeros are fine */

/* With matrix `number`. A: m x k, C: m x n; lda, ldc: floats from one row to the next. On the calling thread. */
void epo__multiply(const epo__packed *b, size_t number, const float *a, size_t lda, size_t m, const epo__after *after,
                   float *c, size_t ldc);

/* The product with A turned round: A: k x m, lda floats from one row to the next. `add`: to what C has. */
void epo__multiply_turned(const epo__packed *b, size_t number, const float *a, size_t lda, size_t m, bool add, float *c,
                          size_t ldc);

/* Memory for `count` matrices that change from time to time. EPO_ELIMIT, EPO_ENOMEM. */
epo_status epo__packed_room(size_t count, size_t k, size_t n, epo__packed *packed);
/* The same memory with no more than `k` rows a matrix. */
epo__packed epo__packed_cut(const epo__packed *packed, size_t k);
/* Rows [from, to) of matrix `number` are those of b, which lie n floats apart. */
void epo__packed_put(const epo__packed *packed, size_t number, size_t from, size_t to, const float *b);

/* Pieces of A are best a multiple of this many rows. */
size_t epo__product_rows(const epo__packed *b);

#endif
