/* SPDX-License-Identifier: BSD-3-Clause
 * cells16.c - products and gates, 16 numbers at a time: AVX-512. */
#include "nn/cells_lanes.h"

#if EPO_WIDE_LANES
#pragma GCC target("avx512f")
#include <immintrin.h>
#define LANES 16
#define KERNELS epo__cells16
#define SPREAD(x) ((lanes)_mm512_set1_ps(x))
#define FMA(a, b, c) ((lanes)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define LESSER(a, b) ((lanes)_mm512_min_ps((__m512)(a), (__m512)(b))) /* b, if either is not a number */
#define GREATER(a, b) ((lanes)_mm512_max_ps((__m512)(a), (__m512)(b)))
#include "nn/cells_kernels.h"
#endif
