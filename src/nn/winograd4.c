/* SPDX-License-Identifier: BSD-3-Clause
 * winograd4.c - Winograd's transforms, 4 channels at a time: SSE2, NEON. */
#define LANES 4
#define KERNELS epo__winograd4
#include "nn/winograd_kernels.h"
