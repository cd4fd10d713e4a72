/* SPDX-License-Identifier: BSD-3-Clause
 * lanes.c - which of the files that are compiled thrice is for this processor. */
#include "nn/lanes.h"

#include "nn/onednn.h"

int epo__lanes_here(void)
{
#if EPO_WIDE_LANES
    const epo__isa isa = epo__dnnl_isa();
    if (isa >= EPO__ISA_AVX512 && __builtin_cpu_supports("avx512f")) return 16;
    if (isa >= EPO__ISA_AVX2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return 8;
#endif
    return 4;
}
