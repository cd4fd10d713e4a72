/* SPDX-License-Identifier: BSD-3-Clause
 * product16.c - the matrix product, 16 numbers at a time. AVX-512: 28 of 32 registers hold sums. */
#include "nn/product_lanes.h"

#if EPO_WIDE_LANES
#pragma GCC target("avx512f")
#include <immintrin.h>
#define LANES 16
#define ROWS 14
#define SPREAD(x) ((lanes)_mm512_set1_ps(x))
#define FMA(a, b, c) ((lanes)_mm512_fmadd_ps(a, b, c))
#define KERNEL epo__product16
#include "nn/product_kernels.h"
#endif
