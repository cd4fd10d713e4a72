/* SPDX-License-Identifier: BSD-3-Clause
 * threads.h - how many threads to use. */
#ifndef EPO_BASE_THREADS_H
#define EPO_BASE_THREADS_H

#include <stddef.h>

/* `wanted`, or the processors this process may use when it is 0; at least 1, at most 256. */
int epo__threads(int wanted);

/* Part `i` of `parts` of `count` things begins here, and ends where part i + 1 begins. */
static inline size_t epo__part_from(size_t count, int i, int parts)
{
    return count * (size_t)i / (size_t)parts;
}

#endif
