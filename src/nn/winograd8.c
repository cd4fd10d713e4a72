/* SPDX-License-Identifier: BSD-3-Clause
 * winograd8.c - Winograd's transforms, 8 channels at a time: AVX2. */
#include "nn/winograd_lanes.h"

#if EPO_WIDE_LANES
#pragma GCC target("avx2")
#define LANES 8
#define KERNELS epo__winograd8
#include "nn/winograd_kernels.h"
#endif
