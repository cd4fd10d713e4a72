/* SPDX-License-Identifier: BSD-3-Clause
 * product_int8_4.c - the product of whole numbers, 4 sums at a time, for any processor. */
#include "nn/product_narrow_lanes.h"

#define LANES 4
#define ROWS 6
#define GROUP 4
#define TYPE EPO__INT8
typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));
typedef uint32_t words __attribute__((vector_size(LANES * sizeof(uint32_t))));
typedef int32_t sums __attribute__((vector_size(LANES * sizeof(int32_t))));
typedef uint8_t element;
#define PART(i, a, b) ((sums)((a) << (24 - 8 * (i)) >> 24) * ((sums)((b) << (24 - 8 * (i))) >> 24))
#define DOT(sum, a, b) ((sum) + PART(0, a, b) + PART(1, a, b) + PART(2, a, b) + PART(3, a, b))
#define KERNEL epo__product_int8_4
#include "nn/product_narrow_kernels.h"
