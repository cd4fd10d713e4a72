/* SPDX-License-Identifier: BSD-3-Clause
 * threads.c - how many threads to use. */
#include "base/threads.h"

#include <sched.h>

enum { MOST = 256 };

int epo__threads(int wanted)
{
    if (wanted <= 0) {
        cpu_set_t allowed;
        wanted = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
    }
    return wanted < 1 ? 1 : wanted > MOST ? MOST : wanted;
}
