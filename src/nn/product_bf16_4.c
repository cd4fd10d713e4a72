/* SPDX-License-Identifier: BSD-3-Clause
 * product_bf16_4.c - the product in bfloat16, 4 sums at a time, for any processor. A product of two such numbers has 16
 * bits and is exact, so that each of the two additions rounds once, as in the instruction, which also takes the second
 * of a pair first. (It takes numbers below 1e-38 for zero; this does not.) */
#include "nn/product_narrow_lanes.h"

#define LANES 4
#define ROWS 6
#define GROUP 2
#define TYPE EPO__BF16
#define ELEMENT epo__bf16
#define SUM float
#define FIRST(word) ((lanes)((word) << 16))
#define SECOND(word) ((lanes)((word)&0xffff0000))
#define DOT(sum, a, b) ((sum) + SECOND(a) * SECOND(b) + FIRST(a) * FIRST(b))
#define KERNEL epo__product_bf16_4
#include "nn/product_narrow_kernels.h"
