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

#ifdef __cplusplus
}
#endif
#endif
