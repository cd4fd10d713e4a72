/* SPDX-License-Identifier: BSD-3-Clause
 * cells4.c - products and gates, 4 numbers at a time: SSE2, NEON. */
#define LANES 4
#define KERNELS epo__cells4
#define SPREAD(x) ((lanes){x, x, x, x})
#define FMA(a, b, c) ((a) * (b) + (c))
#define LESSER(a, b) choose((b) > (a), (a), (b)) /* b, if either is not a number */
#define GREATER(a, b) choose((b) < (a), (a), (b))
#include "nn/cells_kernels.h"
