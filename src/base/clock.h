/* SPDX-License-Identifier: BSD-3-Clause
 * clock.h - time and memory of this process. */
#ifndef EPO_BASE_CLOCK_H
#define EPO_BASE_CLOCK_H

#include <stddef.h>

double epo__seconds(void);       /* monotonic, from an arbitrary start */
size_t epo__peak_memory(void);   /* largest resident size so far, bytes */
void epo__utc_now(char out[21]); /* "2026-11-21T01:30:00Z" */

#endif
