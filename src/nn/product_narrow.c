/* SPDX-License-Identifier: BSD-3-Clause
 * product_narrow.c - rounds weights to narrow numbers and packs them, for the instructions that the processor has. */
#include "nn/product_narrow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/narrow_kernels.h"
#include "nn/onednn.h"
#include "nn/product_narrow_lanes.h"

enum { LARGEST = 127, LARGEST_OF_A = 255 }; /* of whole numbers */

epo__bf16 epo__bf16_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (isnan(x)) return (epo__bf16)(bits >> 16 | 0x40);
    return (epo__bf16)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* The matrix that is being packed. */
typedef struct plain {
    const float *b;
    size_t row_stride, column_stride;
} plain;

static float element(const plain *from, size_t i, size_t j)
{
    return from->b[i * from->row_stride + j * from->column_stride];
}

/* The step of column j. A zero column has none; infinity times zero is not-a-number, which nothing hides. */
static float step_of(const plain *from, size_t rows, size_t j)
{
    float largest = 0, odd = 0;
    for (size_t i = 0; i < rows; i++) {
        float x = element(from, i, j);
        odd += x * 0;
        if (fabsf(x) > largest) largest = fabsf(x);
    }
    return largest / LARGEST + odd;
}

/* Element (i, j) at `to`; returns what it stands for. */
static float put_bf16(const plain *from, size_t i, size_t j, float step, void *to)
{
    epo__bf16 x = epo__bf16_of(element(from, i, j));
    const uint32_t bits = (uint32_t)x << 16;
    float value;
    (void)step;
    memcpy(to, &x, sizeof x);
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float put_int8(const plain *from, size_t i, size_t j, float step, void *to)
{
    float x = element(from, i, j) / step;
    int8_t whole = (int8_t)(x >= -LARGEST && x <= LARGEST ? lrintf(x) : x > 0 ? LARGEST : x < 0 ? -LARGEST : 0);
    memcpy(to, &whole, sizeof whole);
    return (float)whole * step;
}

static void pack(epo__narrow *packed, const plain *from)
{
    const size_t group = packed->kernel->group, bytes = sizeof(uint32_t) / group;
    uint32_t *words = packed->panels;
    for (size_t first = 0; first < packed->n; first += packed->kernel->columns)
        for (size_t p = 0; p < packed->pieces; p++)
            for (size_t i = 0; i < packed->width; i += group)
                for (size_t j = first; j < first + packed->kernel->columns; j++, words++)
                    for (size_t e = 0; e < group && i + e < packed->k && j < packed->n; e++)
                        packed->sums[j] += (group == 2 ? put_bf16 : put_int8)(
                            from, p * packed->k + i + e, j, packed->steps[j], (char *)words + e * bytes);
}

static const epo__narrow_kernel *kernel_here(epo__narrow_type type)
{
#if EPO_WIDE_LANES
    const epo__isa isa = epo__dnnl_isa();
    if (isa >= EPO__ISA_AMX && epo__amx_is_allowed())
        return type == EPO__BF16 ? &epo__product_bf16_amx : &epo__product_int8_amx;
    if (isa >= EPO__ISA_AVX512_BF16 && type == EPO__BF16) return &epo__product_bf16_16;
    if (isa >= EPO__ISA_AVX512_VNNI && type == EPO__INT8) return &epo__product_int8_16;
#endif
    return type == EPO__BF16 ? &epo__product_bf16_4 : &epo__product_int8_4;
}

bool epo__narrow_is_fast(epo__narrow_type type)
{
    const epo__narrow_kernel *kernel = kernel_here(type);
#if EPO_WIDE_LANES
    if (type == EPO__BF16) return kernel == &epo__product_bf16_amx;
#endif
    return kernel != &epo__product_bf16_4 && kernel != &epo__product_int8_4;
}

epo_status epo__narrow_make(epo__narrow_type type, size_t pieces, size_t k, size_t n, const float *b, size_t row_stride,
                            size_t column_stride, epo__narrow *packed)
{
    return epo__narrow_make_for(kernel_here(type), pieces, k, n, b, row_stride, column_stride, packed);
}

bool epo__narrow_fits(epo__narrow_type type, size_t rows)
{
    return type != EPO__INT8 || rows <= INT32_MAX / (LARGEST * LARGEST_OF_A);
}

epo_status epo__narrow_make_for(const epo__narrow_kernel *kernel, size_t pieces, size_t k, size_t n, const float *b,
                                size_t row_stride, size_t column_stride, epo__narrow *packed)
{
    const bool whole = kernel->type == EPO__INT8;
    const size_t columns = epo__round_up(n, kernel->columns), width = epo__round_up(k, kernel->chunk);
    size_t rows, all;
    *packed = (epo__narrow){0};
    if (!epo__size_mul(pieces, width, &rows) || !epo__size_mul(columns, rows / kernel->group, &all) ||
        !epo__narrow_fits(kernel->type, rows))
        return epo__fail(EPO_ELIMIT, "weights are too large");
    *packed = (epo__narrow){.kernel = kernel, .pieces = pieces, .k = k, .n = n, .width = width, .columns = columns};
    packed->panels = epo__alloc_aligned(all, sizeof *packed->panels);
    packed->steps = epo__alloc(columns, sizeof *packed->steps);
    packed->sums = epo__alloc(columns, sizeof *packed->sums);
    if (!packed->panels || !packed->steps || !packed->sums) {
        epo__narrow_release(packed);
        return epo__nomem("packed weights");
    }
    const plain from = {b, row_stride, column_stride};
    for (size_t j = 0; j < n; j++) packed->steps[j] = whole ? step_of(&from, pieces * k, j) : 1;
    pack(packed, &from);
    return EPO_OK;
}

epo_status epo__narrow_room(size_t k, size_t n, epo__narrow *packed)
{
    const epo__narrow_kernel *kernel = kernel_here(EPO__BF16);
    const size_t columns = epo__round_up(n, kernel->columns), width = epo__round_up(k, kernel->chunk);
    *packed = (epo__narrow){.kernel = kernel, .pieces = 1, .k = k, .n = n, .width = width, .columns = columns};
    packed->panels = epo__alloc_aligned(epo__product(columns, width / kernel->group), sizeof *packed->panels);
    packed->steps = epo__alloc(columns, sizeof *packed->steps);
    if (!packed->panels || !packed->steps) {
        epo__narrow_release(packed);
        return epo__nomem("packed weights");
    }
    for (size_t j = 0; j < columns; j++) packed->steps[j] = 1;
    return EPO_OK;
}

void epo__narrow_fill(epo__narrow *packed, size_t k, const epo__bf16 *b, size_t row_stride, size_t column_stride)
{
    const size_t columns = packed->kernel->columns;
    uint32_t *words = packed->panels;
    packed->k = k;
    packed->width = epo__round_up(k, packed->kernel->chunk);
    for (size_t first = 0; first < packed->n; first += columns) {
        const size_t wanted = packed->n - first < columns ? packed->n - first : columns;
        for (size_t i = 0; i < packed->width; i += 2, words += columns) {
            const epo__bf16 *pair = b + i * row_stride + first * column_stride;
            memset(words + wanted, 0, (columns - wanted) * sizeof *words);
            if (i + 1 < k)
                epo__bf16_pairs(pair, row_stride, column_stride, wanted, words);
            else
                for (size_t j = 0; j < wanted; j++) words[j] = i < k ? pair[j * column_stride] : 0;
        }
    }
}

void epo__narrow_release(epo__narrow *packed)
{
    free(packed->panels);
    free(packed->steps);
    free(packed->sums);
    *packed = (epo__narrow){0};
}

void epo__narrow_multiply(const epo__narrow *b, const epo__narrow_rows *a, size_t m, const epo__after *after,
                          const epo__narrow_out *c)
{
    b->kernel->multiply(b, a, m, after, c);
}

size_t epo__narrow_rows_together(const epo__narrow *b)
{
    return b->kernel->rows;
}

size_t epo__narrow_beyond(const epo__narrow *b, size_t stride)
{
    return b->kernel->rows * stride + b->width;
}
