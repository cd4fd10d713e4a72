/* SPDX-License-Identifier: BSD-3-Clause
 * product4.c - the matrix product, 4 numbers at a time: 12 of the 16 registers of SSE hold sums. */
#define LANES 4
#define ROWS 6
#define SPREAD(x) ((lanes){x, x, x, x})
#define FMA(a, b, c) ((a) * (b) + (c))
#define KERNEL epo__product4
#include "nn/product_kernels.h"
