/* SPDX-License-Identifier: BSD-3-Clause
 * winograd16.c - Winograd's transforms, 16 channels at a time: AVX-512. */
#include "nn/winograd_lanes.h"

#if EPO_WIDE_LANES
#pragma GCC target("avx512f")
#define LANES 16
#define KERNELS epo__winograd16
#include "nn/winograd_kernels.h"
#endif
