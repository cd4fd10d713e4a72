/* SPDX-License-Identifier: BSD-3-Clause
 * product_kernels.h - the text of product4.c, product8.c and product16.c, each of which defines LANES, the numbers in a
 * vector; ROWS, how many rows of A go together; SPREAD(x), x in all lanes; FMA(a, b, c), a * b + c; and KERNEL, the
 * name of what stands at the end. ROWS x 2 sums stay in registers, beside two vectors of B and one number of A in all
 * lanes. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "nn/product_lanes.h"

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));
typedef float loose __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));
typedef int32_t mask __attribute__((vector_size(LANES * sizeof(int32_t))));

#define INLINE static inline __attribute__((always_inline))
enum { COLUMNS = 2 * LANES, AHEAD = 24 }; /* rows of B */

INLINE lanes finish(lanes sum, bool relu)
{
    const lanes zero = {0};
    return relu ? (lanes)((mask)sum & (sum > zero)) : sum;
}

/* What is asked for while a panel is multiplied: `pace` floats further with each of its rows. */
typedef struct ahead {
    const float *from;
    size_t pace;
} ahead;

/* A: element (r, i) at r * stride + i * step, one of which is a constant 1 where this is inlined. */
typedef struct matrix {
    const float *first;
    size_t stride, step;
} matrix;

/* C, and what is done with the sums on their way to it. */
typedef struct result {
    float *first;
    size_t stride;
    bool relu, add; /* add: to what is there */
} result;

INLINE void put_row(const lanes *ends, const result *c, size_t r, size_t columns)
{
    float *to = c->first + r * c->stride;
    if (columns == COLUMNS) {
        loose *left = (loose *)to, *right = (loose *)(to + LANES);
        *left = c->add ? (loose)(*left + ends[0]) : (loose)ends[0];
        *right = c->add ? (loose)(*right + ends[1]) : (loose)ends[1];
        return;
    }
    lanes all[2] = {{0}, {0}};
    if (c->add) memcpy(all, to, columns * sizeof *to);
    all[0] = c->add ? all[0] + ends[0] : ends[0];
    all[1] = c->add ? all[1] + ends[1] : ends[1];
    memcpy(to, all, columns * sizeof *to);
}

/* `rows` rows of A (a constant where this is inlined) and one panel, of which `columns` columns are wanted. */
INLINE void multiply_panel(size_t rows, matrix a, const float *panel, size_t k, ahead next, const float *bias, result c,
                           size_t columns)
{
    lanes left[ROWS], right[ROWS];
    lanes bias_left = *(const lanes *)bias, bias_right = *(const lanes *)(bias + LANES);
#pragma GCC unroll 16
    for (size_t r = 0; r < rows; r++) {
        left[r] = bias_left;
        right[r] = bias_right;
    }
    for (size_t i = 0; i < k; i++) {
        lanes b_left = *(const lanes *)(panel + i * COLUMNS), b_right = *(const lanes *)(panel + i * COLUMNS + LANES);
        for (size_t line = 0; line < COLUMNS; line += 16) __builtin_prefetch(next.from + i * next.pace + line);
#pragma GCC unroll 16
        for (size_t r = 0; r < rows; r++) {
            lanes x = SPREAD(a.first[r * a.stride + i * a.step]);
            left[r] = FMA(x, b_left, left[r]);
            right[r] = FMA(x, b_right, right[r]);
        }
    }
#pragma GCC unroll 16
    for (size_t r = 0; r < rows; r++) {
        lanes ends[2] = {finish(left[r], c.relu), finish(right[r], c.relu)};
        put_row(ends, &c, r, columns);
    }
}

/* The rows that are left over: one case a number of them, or the sums would lie in memory. */
INLINE void multiply_rest(size_t rows, matrix a, const float *panel, size_t k, ahead next, const float *bias, result c,
                          size_t columns)
{
    switch (rows) {
#define CASE(n)                                                                   \
    case n:                                                                       \
        if (n < ROWS) multiply_panel(n, a, panel, k, next, bias, c, columns);     \
        break
        CASE(1);
        CASE(2);
        CASE(3);
        CASE(4);
        CASE(5);
#if ROWS > 6
        CASE(6);
        CASE(7);
        CASE(8);
        CASE(9);
        CASE(10);
        CASE(11);
        CASE(12);
        CASE(13);
#endif
    default:
        break;
    }
}

/* Where B comes from memory: a panel is asked for a little before the first rows of A take it, and the panel behind it, a
 * part at a time, while the rows that follow find theirs in the cache. Behind the last panel lies the next matrix, or
 * nothing that is read. */
INLINE ahead ask(const float *panel, size_t k, size_t row, size_t rows)
{
    const size_t turn = row / ROWS, more = (rows - 1) / ROWS, parts = more >= 8 ? 8 : more >= 4 ? 4 : more >= 2 ? 2 : 1;
    if (turn == 0) return (ahead){panel + AHEAD * COLUMNS, COLUMNS};
    if (turn > parts) return (ahead){panel, 0};
    return (ahead){panel + (k + AHEAD) * COLUMNS + (turn - 1) * k * (COLUMNS / parts), COLUMNS / parts};
}

INLINE void multiply_panels(const epo__packed *b, const float *panels, matrix a, size_t m, const float *with, result c)
{
    for (size_t j = 0; j < b->n; j += COLUMNS) {
        const float *panel = panels + j * b->k;
        const size_t columns = b->n - j < COLUMNS ? b->n - j : COLUMNS;
        float bias[COLUMNS] __attribute__((aligned(64))) = {0};
        if (with) memcpy(bias, with + j, columns * sizeof *bias);
        matrix rows = a;
        result to = c;
        to.first += j;
        size_t r = 0;
        for (; r + ROWS <= m; r += ROWS, rows.first += ROWS * a.stride, to.first += ROWS * c.stride)
            multiply_panel(ROWS, rows, panel, b->k, ask(panel, b->k, r, m), bias, to, columns);
        if (r < m) multiply_rest(m - r, rows, panel, b->k, ask(panel, b->k, r, m), bias, to, columns);
    }
}

static void multiply(const epo__packed *b, const float *panels, const float *a, size_t lda, size_t m,
                     const epo__after *after, float *c, size_t ldc)
{
    const bool relu = after && after->relu;
    multiply_panels(b, panels, (matrix){a, lda, 1}, m, after ? after->bias : NULL, (result){c, ldc, relu, false});
}

static void multiply_turned(const epo__packed *b, const float *panels, const float *a, size_t lda, size_t m, bool add,
                            float *c, size_t ldc)
{
    multiply_panels(b, panels, (matrix){a, 1, lda}, m, NULL, (result){c, ldc, false, add});
}

const epo__product_kernel KERNEL = {COLUMNS, ROWS, multiply, multiply_turned};
