/* SPDX-License-Identifier: BSD-3-Clause
 * product_narrow.h - products as in product.h of narrow numbers, C = A B or relu(A B + bias): A and B in bfloat16, or A
 * in whole numbers from 0 to 255, times a scale for each row, and B in whole numbers from -127 to 127, times a step for
 * each column. Sums are float32 or 32 bits, C is float32 or bfloat16.
 *
 * B is packed once: the elements of a column that one instruction takes together (2 or 4 rows of B) lie in one word.
 * A is read where it lies. Processors without such instructions (AVX512_BF16, AVX512_VNNI, AMX) have the same results,
 * bit by bit in whole numbers, from slow code: there the product of product.h is the faster one.
 */
#ifndef EPO_NN_PRODUCT_NARROW_H
#define EPO_NN_PRODUCT_NARROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/status.h"
#include "nn/product.h"

typedef uint16_t epo__bf16; /* the upper half of a float's bits */
typedef enum epo__narrow_type { EPO__BF16, EPO__INT8 } epo__narrow_type;
typedef struct epo__narrow_kernel epo__narrow_kernel;

/* A matrix B of pieces x k rows and n columns, in panels of a few columns, the last filled up with zeros. */
typedef struct epo__narrow {
    const epo__narrow_kernel *kernel;
    size_t pieces, k, n;
    size_t width;   /* elements of A that are read for a piece: k, and those that fill up what is read at a time */
    size_t columns; /* n and those that fill the last panel */
    uint32_t *panels;
    float *steps; /* what a sum is multiplied by, a column: 1 in bfloat16 */
    float *sums;  /* of a column of B */
} epo__narrow;

/* The matrix A. A row is made of `pieces` pieces of k elements; rows may share elements, as the windows of a convolution
 * do. More is read than is used: `width` elements of a piece, and rows up to a multiple of epo__narrow_rows. The former
 * must not be infinite or not-a-number in bfloat16. */
typedef struct epo__narrow_rows {
    const void *first;           /* epo__bf16 or uint8_t */
    size_t stride, piece_stride; /* elements from one row, one piece of a row to the next */
    const float *scales;         /* a row; NULL: 1 */
} epo__narrow_rows;

/* The matrix C. */
typedef struct epo__narrow_out {
    void *first;
    size_t stride; /* elements from one row to the next */
    enum { EPO__OUT_FLOAT32, EPO__OUT_BF16, EPO__OUT_ADD /* to the float32 that is there */ } type;
} epo__narrow_out;

/* To the nearest, ties to even; not-a-number stays one. */
epo__bf16 epo__bf16_of(float x);

/* b: pieces * k rows of n floats, with element (i, j) at i * row_stride + j * column_stride; rounded to bfloat16, or to
 * whole multiples of a 127th of the largest of their column. A column with a weight that is not finite gives
 * not-a-number. EPO_ELIMIT also where sums may not fit 32 bits. */
epo_status epo__narrow_make(epo__narrow_type type, size_t pieces, size_t k, size_t n, const float *b, size_t row_stride,
                            size_t column_stride, epo__narrow *packed);
void epo__narrow_release(epo__narrow *packed); /* zeros are fine */

/* Room for a matrix of up to k rows and n columns in bfloat16, in one piece, which changes from call to call. */
epo_status epo__narrow_room(size_t k, size_t n, epo__narrow *packed);
/* Fills it: packed->n columns, `k` rows, with element (i, j) at i * row_stride + j * column_stride, one of which is 1. Sets
 * packed->k and packed->width. */
void epo__narrow_fill(epo__narrow *packed, size_t k, const epo__bf16 *b, size_t row_stride, size_t column_stride);

/* C: m x n. On the calling thread. */
void epo__narrow_multiply(const epo__narrow *b, const epo__narrow_rows *a, size_t m, const epo__after *after,
                          const epo__narrow_out *c);

/* Whether the sums of so many rows fit: 32 bits hold some 66,000 products of whole numbers. */
bool epo__narrow_fits(epo__narrow_type type, size_t rows);

/* Pieces of A are best a multiple of this many rows. */
size_t epo__narrow_rows_together(const epo__narrow *b);

/* Elements behind the last one of A that may be read. */
size_t epo__narrow_beyond(const epo__narrow *b, size_t stride);

/* Whether it is faster than float32 here: with AMX, in whole numbers also with AVX512_VNNI, where ONEDNN_MAX_CPU_ISA does
 * not forbid them. AVX512_BF16 has no more products a second than float32 on the processors that were measured, and
 * float32 has Winograd's filtering. */
bool epo__narrow_is_fast(epo__narrow_type type);

#endif
