/* SPDX-License-Identifier: BSD-3-Clause
 * product_lanes.h - the same matrix product for vectors of 4, 8 and 16 numbers; product.c chooses. */
#ifndef EPO_NN_PRODUCT_LANES_H
#define EPO_NN_PRODUCT_LANES_H

#include "nn/lanes.h"
#include "nn/product.h"

struct epo__product_kernel {
    size_t columns; /* of a panel */
    size_t rows;    /* that it does best at a time */
    void (*multiply)(const epo__packed *b, const float *panels, const float *a, size_t lda, size_t m,
                     const epo__after *after, float *c, size_t ldc);
    void (*multiply_turned)(const epo__packed *b, const float *panels, const float *a, size_t lda, size_t m, bool add,
                            float *c, size_t ldc);
};

/* As epo__packed_make and _room, for these vectors, which the processor must have. */
epo_status epo__packed_make_for(const epo__product_kernel *kernel, size_t count, size_t k, size_t n, const float *b,
                                size_t row_stride, size_t column_stride, float *room, epo__packed *packed);

epo_status epo__packed_room_for(const epo__product_kernel *kernel, size_t count, size_t k, size_t n, epo__packed *packed);

extern const epo__product_kernel epo__product4;  /* any processor */
extern const epo__product_kernel epo__product8;  /* AVX2 and FMA */
extern const epo__product_kernel epo__product16; /* AVX-512 */

#endif
