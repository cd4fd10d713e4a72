/* SPDX-License-Identifier: BSD-3-Clause
 * product_narrow_kernels.h - the text of product_bf16_4.c and its like, each of which defines TYPE; LANES, the sums in a
 * vector, each a SUM; ROWS, how many rows of A go together; ELEMENT, a number of A; GROUP, how many of them make a word;
 * DOT(sum, a, b), which adds the products of the elements of words; and KERNEL, the name of what stands at the end.
 * Registers are used as in product_kernels.h. */
#include "nn/narrow_ending.h"

typedef ELEMENT element;
typedef SUM sums __attribute__((vector_size(LANES * sizeof(SUM))));
enum { AHEAD = 24 /* words of a column */ };

INLINE words word_of(const element *a)
{
    uint32_t word;
    memcpy(&word, a, sizeof word);
    return word - (words){0};
}

/* `rows` rows of A (a constant where this is inlined), from the first, and one panel. */
INLINE void multiply_panel(size_t rows, const epo__narrow *b, const epo__narrow_rows *a, size_t first,
                           const uint32_t *panel, const ending *end, const epo__narrow_out *c, size_t column)
{
    sums left[ROWS], right[ROWS];
#pragma GCC unroll 16
    for (size_t r = 0; r < rows; r++) left[r] = right[r] = (sums){0};
    for (size_t p = 0; p < b->pieces; p++) {
        const element *piece = (const element *)a->first + first * a->stride + p * a->piece_stride;
        for (size_t i = 0; i < b->width; i += GROUP, panel += COLUMNS) {
            for (size_t line = 0; line < COLUMNS; line += 16) __builtin_prefetch(panel + AHEAD * COLUMNS + line);
            words b_left = *(const words *)panel, b_right = *(const words *)(panel + LANES);
#pragma GCC unroll 16
            for (size_t r = 0; r < rows; r++) {
                words x = word_of(piece + r * a->stride + i);
                left[r] = DOT(left[r], x, b_left);
                right[r] = DOT(right[r], x, b_right);
            }
        }
    }
#pragma GCC unroll 16
    for (size_t r = 0; r < rows; r++)
        put(__builtin_convertvector(left[r], lanes), __builtin_convertvector(right[r], lanes),
            a->scales ? a->scales[first + r] : 1, end, c, first + r, column);
}

/* Goes on by pieces of so many rows, a constant, or the sums would lie in memory; what is left over goes by halves. */
#define ROWS_OF(count)                                        \
    for (; (count) <= ROWS && r + (count) <= m; r += (count)) \
    multiply_panel((count) <= ROWS ? (count) : 1, b, a, r, panel, &end, c, j)

static void multiply(const epo__narrow *b, const epo__narrow_rows *a, size_t m, const epo__after *after,
                     const epo__narrow_out *c)
{
    const size_t height = b->pieces * b->width / GROUP;
    for (size_t j = 0; j < b->n; j += COLUMNS) {
        const uint32_t *panel = b->panels + j * height;
        const ending end = ending_of(b, after, j);
        size_t r = 0;
        ROWS_OF(ROWS);
        ROWS_OF(8);
        ROWS_OF(4);
        ROWS_OF(2);
        ROWS_OF(1);
    }
}

const epo__narrow_kernel KERNEL = {TYPE, GROUP, GROUP, COLUMNS, ROWS, multiply};
