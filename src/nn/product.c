/* SPDX-License-Identifier: BSD-3-Clause
 * product.c - packs weights, for the widest vectors that the processor has. */
#include "nn/product.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/product_lanes.h"

static const epo__product_kernel *kernel_here(void)
{
#if EPO_WIDE_LANES
    if (__builtin_cpu_supports("avx512f")) return &epo__product16;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &epo__product8;
#endif
    return &epo__product4;
}

epo_status epo__packed_make(size_t k, size_t n, const float *b, size_t row_stride, size_t column_stride,
                            epo__packed *packed)
{
    const epo__product_kernel *kernel = kernel_here();
    size_t columns = kernel->columns, panels = (n + columns - 1) / columns, size;
    if (!epo__size_mul(panels * columns, k, &size)) return epo__fail(EPO_ELIMIT, "weights are too large");
    *packed = (epo__packed){kernel, k, n, epo__alloc_aligned(size, sizeof(float))};
    if (!packed->panels) return epo__nomem("packed weights");
    for (size_t p = 0; p < panels; p++)
        for (size_t i = 0; i < k; i++)
            for (size_t j = 0; j < columns; j++) {
                size_t column = p * columns + j;
                packed->panels[(p * k + i) * columns + j] =
                    column < n ? b[i * row_stride + column * column_stride] : 0.0F;
            }
    return EPO_OK;
}

void epo__packed_release(epo__packed *packed)
{
    free(packed->panels);
    *packed = (epo__packed){0};
}

void epo__multiply(const epo__packed *b, const float *a, size_t lda, size_t m, const epo__after *after, float *c,
                   size_t ldc)
{
    b->kernel->multiply(b, a, lda, m, after, c, ldc);
}

size_t epo__product_rows(const epo__packed *b)
{
    return b->kernel->rows;
}
