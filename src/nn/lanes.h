/* SPDX-License-Identifier: BSD-3-Clause
 * lanes.h - how wide the vectors are for which a file is written once and compiled thrice. gcc compiles a file for a
 * processor that it names; elsewhere there are vectors of 4 only, and the files for 8 and 16 hold nothing. */
#ifndef EPO_NN_LANES_H
#define EPO_NN_LANES_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define EPO_WIDE_LANES 1
#else
#define EPO_WIDE_LANES 0
#endif

/* Numbers in the widest vectors that this processor has, $ONEDNN_MAX_CPU_ISA allows and we are compiled for: 16
 * (AVX-512), 8 (AVX2 and FMA) or 4. */
int epo__lanes_here(void);

#endif
