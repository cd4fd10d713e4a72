/* SPDX-License-Identifier: BSD-3-Clause
 * product_bf16_16.c - the product in bfloat16, 16 sums at a time: vdpbf16ps of AVX512_BF16, two products a sum. */
#include "nn/product_narrow_lanes.h"

#if EPO_WIDE_LANES
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512bf16")
#include <immintrin.h>
#define LANES 16
#define ROWS 14
#define GROUP 2
#define TYPE EPO__BF16
#define ELEMENT epo__bf16
#define SUM float
#define DOT(sum, a, b) ((lanes)_mm512_dpbf16_ps((__m512)(sum), (__m512bh)(a), (__m512bh)(b)))
#define KERNEL epo__product_bf16_16
#include "nn/product_narrow_kernels.h"
#endif
