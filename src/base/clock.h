/* SPDX-License-Identifier: BSD-3-Clause
 * clock.h - time and memory of this process. */
#ifndef EPO_BASE_CLOCK_H
#define EPO_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>

double epo__seconds(void);       /* monotonic, from an arbitrary start */
size_t epo__peak_memory(void);   /* largest resident size so far, bytes */
void epo__utc_now(char out[21]); /* "2026-11-21T01:30:00Z" */

/* A date or a time in UTC, "2026-11-21", "2026-11-21T01:30", "2026-11-21 01:30:00Z", as epo__utc_now writes it. A date
 * alone is its first second, or with `last` its last one; so is a minute. False for anything else: what is no day of the
 * calendar, other zones, parts of seconds. */
bool epo__utc_parse(const char *text, bool last, char out[21]);

#endif
