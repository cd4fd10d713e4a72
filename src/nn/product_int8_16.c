/* SPDX-License-Identifier: BSD-3-Clause
 * product_int8_16.c - the product of whole numbers, 16 sums at a time: vpdpbusd of AVX512_VNNI, four products a sum. */
#include "nn/product_narrow_lanes.h"

#if EPO_WIDE_LANES
#pragma GCC target("avx512f,avx512vnni")
#include <immintrin.h>
#define LANES 16
#define ROWS 14
#define GROUP 4
#define TYPE EPO__INT8
#define SUM int32_t
#define ELEMENT uint8_t
#define DOT(sum, a, b) ((sums)_mm512_dpbusd_epi32((__m512i)(sum), (__m512i)(a), (__m512i)(b)))
#define KERNEL epo__product_int8_16
#include "nn/product_narrow_kernels.h"
#endif
