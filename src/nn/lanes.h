/* SPDX-License-Identifier: BSD-3-Clause
 * lanes.h - whether the files that are written for vectors of 8 and 16 numbers hold anything: gcc compiles a file for a
 * processor that it names; elsewhere there are vectors of 4 only. */
#ifndef EPO_NN_LANES_H
#define EPO_NN_LANES_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define EPO_WIDE_LANES 1
#else
#define EPO_WIDE_LANES 0
#endif

#endif
