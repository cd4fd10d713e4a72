/* SPDX-License-Identifier: BSD-3-Clause
 * product_narrow_lanes.h - the same products of narrow numbers for several kinds of processors; product_narrow.c
 * chooses. */
#ifndef EPO_NN_PRODUCT_NARROW_LANES_H
#define EPO_NN_PRODUCT_NARROW_LANES_H

#include "nn/product_lanes.h"
#include "nn/product_narrow.h"

struct epo__narrow_kernel {
    epo__narrow_type type;
    size_t group;   /* elements of a word: 2 of bfloat16, 4 whole numbers */
    size_t chunk;   /* elements that are read at a time */
    size_t columns; /* of a panel */
    size_t rows;    /* that it does best at a time, and may read in all */
    void (*multiply)(const epo__narrow *b, const epo__narrow_rows *a, size_t m, const epo__after *after,
                     const epo__narrow_out *c);
};

/* As epo__narrow_make, for this kernel, whose instructions the processor must have. */
epo_status epo__narrow_make_for(const epo__narrow_kernel *kernel, size_t pieces, size_t k, size_t n, const float *b,
                                size_t row_stride, size_t column_stride, epo__narrow *packed);

extern const epo__narrow_kernel epo__product_bf16_4;   /* any processor */
extern const epo__narrow_kernel epo__product_bf16_16;  /* AVX512_BF16 */
extern const epo__narrow_kernel epo__product_bf16_amx; /* AMX_BF16 */
extern const epo__narrow_kernel epo__product_int8_4;   /* any processor */
extern const epo__narrow_kernel epo__product_int8_16;  /* AVX512_VNNI */
extern const epo__narrow_kernel epo__product_int8_amx; /* AMX_INT8 */

/* Asks the system for the registers of AMX, once; false where it has none. */
bool epo__amx_is_allowed(void);

#endif
