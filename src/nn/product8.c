/* SPDX-License-Identifier: BSD-3-Clause
 * product8.c - the matrix product, 8 numbers at a time. AVX2: 12 of 16 registers hold sums. */
#include "nn/product_lanes.h"

#if EPO_WIDE_LANES
#pragma GCC target("avx2,fma")
#include <immintrin.h>
#define LANES 8
#define ROWS 6
#define SPREAD(x) ((lanes)_mm256_set1_ps(x))
#define FMA(a, b, c) ((lanes)_mm256_fmadd_ps(a, b, c))
#define KERNEL epo__product8
#include "nn/product_kernels.h"
#endif
