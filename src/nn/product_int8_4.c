/* SPDX-License-Identifier: BSD-3-Clause
 * product_int8_4.c - the product of whole numbers, 4 sums at a time, for any processor. */
#include "nn/product_narrow_lanes.h"

#define LANES 4
#define ROWS 6
#define GROUP 4
#define TYPE EPO__INT8
#define SUM int32_t
#define ELEMENT uint8_t
#define PART(i, a, b) ((sums)((a) << (24 - 8 * (i)) >> 24) * ((sums)((b) << (24 - 8 * (i))) >> 24))
#define DOT(sum, a, b) ((sum) + PART(0, a, b) + PART(1, a, b) + PART(2, a, b) + PART(3, a, b))
#define KERNEL epo__product_int8_4
#include "nn/product_narrow_kernels.h"
