/* SPDX-License-Identifier: BSD-3-Clause
 * product.c - packs weights, for the widest vectors that the processor has. */
#include "nn/product.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/product_lanes.h"

static const epo__product_kernel *kernel_here(void)
{
#if EPO_WIDE_LANES
    if (epo__lanes_here() == 16) return &epo__product16;
    if (epo__lanes_here() == 8) return &epo__product8;
#endif
    return &epo__product4;
}

static void pack(const epo__packed *packed, const float *b, size_t row_stride, size_t column_stride, float *to)
{
    for (size_t first = 0; first < packed->n; first += packed->kernel->columns)
        for (size_t i = 0; i < packed->k; i++)
            for (size_t j = first; j < first + packed->kernel->columns; j++)
                *to++ = j < packed->n ? b[i * row_stride + j * column_stride] : 0.0F;
}

static epo_status size_for(const epo__product_kernel *kernel, size_t count, size_t k, size_t n, size_t *one, size_t *all)
{
    size_t columns = epo__round_up(n, kernel->columns);
    if (epo__size_mul(columns, k, one) && epo__size_mul(*one, count, all)) return EPO_OK;
    return epo__fail(EPO_ELIMIT, "weights are too large");
}

epo_status epo__packed_size(size_t count, size_t k, size_t n, size_t *floats)
{
    size_t one;
    return size_for(kernel_here(), count, k, n, &one, floats);
}

epo_status epo__packed_make(size_t count, size_t k, size_t n, const float *b, size_t row_stride, size_t column_stride,
                            float *room, epo__packed *packed)
{
    return epo__packed_make_for(kernel_here(), count, k, n, b, row_stride, column_stride, room, packed);
}

/* Memory for the matrices: `room`, or where that is NULL their own, zeros at first. */
static epo_status reserve(const epo__product_kernel *kernel, size_t count, size_t k, size_t n, float *room, epo__packed *packed)
{
    size_t size, all;
    *packed = (epo__packed){0};
    epo_status status = size_for(kernel, count, k, n, &size, &all);
    if (status != EPO_OK) return status;
    float *own = room ? NULL : epo__alloc_aligned(all, sizeof *own);
    if (!room && !own) return epo__nomem("packed weights");
    *packed = (epo__packed){kernel, k, n, size, room ? room : own, own};
    return EPO_OK;
}

epo_status epo__packed_make_for(const epo__product_kernel *kernel, size_t count, size_t k, size_t n, const float *b,
                                size_t row_stride, size_t column_stride, float *room, epo__packed *packed)
{
    epo_status status = reserve(kernel, count, k, n, room, packed);
    for (size_t i = 0; status == EPO_OK && i < count; i++)
        pack(packed, b + i * k * n, row_stride, column_stride, packed->panels + i * packed->size);
    return status;
}

epo_status epo__packed_room_for(const epo__product_kernel *kernel, size_t count, size_t k, size_t n, epo__packed *packed)
{
    return reserve(kernel, count, k, n, NULL, packed);
}

epo_status epo__packed_room(size_t count, size_t k, size_t n, epo__packed *packed)
{
    return epo__packed_room_for(kernel_here(), count, k, n, packed);
}

epo__packed epo__packed_cut(const epo__packed *packed, size_t k)
{
    return (epo__packed){packed->kernel, k, packed->n, packed->size / packed->k * k, packed->panels, NULL};
}

/* What fills the last panel is multiplied, but not stored. */
void epo__packed_put(const epo__packed *packed, size_t number, size_t from, size_t to, const float *b)
{
    const size_t columns = packed->kernel->columns;
    for (size_t first = 0; first < packed->n; first += columns) {
        const size_t wanted = packed->n - first < columns ? packed->n - first : columns;
        float *panel = packed->panels + number * packed->size + first * packed->k;
        for (size_t i = from; i < to; i++) memcpy(panel + i * columns, b + i * packed->n + first, wanted * sizeof *b);
    }
}

void epo__packed_release(epo__packed *packed)
{
    free(packed->own);
    *packed = (epo__packed){0};
}

void epo__multiply(const epo__packed *b, size_t number, const float *a, size_t lda, size_t m, const epo__after *after,
                   float *c, size_t ldc)
{
    b->kernel->multiply(b, b->panels + number * b->size, a, lda, m, after, c, ldc);
}

void epo__multiply_turned(const epo__packed *b, size_t number, const float *a, size_t lda, size_t m, bool add, float *c,
                          size_t ldc)
{
    b->kernel->multiply_turned(b, b->panels + number * b->size, a, lda, m, add, c, ldc);
}

size_t epo__product_rows(const epo__packed *b)
{
    return b->kernel->rows;
}
