/* SPDX-License-Identifier: BSD-3-Clause
 * cells8.c - products and gates, 8 numbers at a time: AVX2 and FMA. */
#include "nn/cells_lanes.h"

#if EPO_WIDE_LANES
#pragma GCC target("avx2,fma")
#include <immintrin.h>
#define LANES 8
#define KERNELS epo__cells8
#define SPREAD(x) ((lanes)_mm256_set1_ps(x))
#define FMA(a, b, c) ((lanes)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define LESSER(a, b) ((lanes)_mm256_min_ps((__m256)(a), (__m256)(b))) /* b, if either is not a number */
#define GREATER(a, b) ((lanes)_mm256_max_ps((__m256)(a), (__m256)(b)))
#include "nn/cells_kernels.h"
#endif
