/* SPDX-License-Identifier: BSD-3-Clause
 * system.h - what this machine and this build are, for `epochal doctor` and bug reports. */
#ifndef EPOCHAL_SYSTEM_H
#define EPOCHAL_SYSTEM_H

#include <stddef.h>

#include "epochal/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epo_system_fact {
    char name[32];    /* "OpenBLAS core" */
    char value[160];  /* "Haswell" */
    char advice[320]; /* "" when all is well; else what would be slow or wrong, and the cure */
} epo_system_fact;

/* Fills up to `capacity` facts and returns how many there are. */
size_t epo_system_facts(epo_system_fact *facts, size_t capacity);

/* Processors this process may use. */
int epo_system_threads(void);

/* Measures how fast this machine multiplies float32 matrices with the library that networks run on: *rate is the
 * floating-point operations a second (an addition and a multiplication are two) of the best of several products of 1024 x
 * 1024 matrices on `threads` threads (0: all). Takes about a third of a second. EPO_ENOMEM. */
epo_status epo_system_matrix_rate(int threads, double *rate);

#ifdef __cplusplus
}
#endif
#endif
