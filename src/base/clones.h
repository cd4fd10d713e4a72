/* SPDX-License-Identifier: BSD-3-Clause
 * clones.h - marks a loop that is compiled for several vector sizes; the one that fits is chosen when the program
 * starts. Not under the thread sanitizer, which is not there yet when the choice is made. */
#ifndef EPO_BASE_CLONES_H
#define EPO_BASE_CLONES_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__)
#define EPO_KERNEL __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define EPO_KERNEL
#endif

#endif
