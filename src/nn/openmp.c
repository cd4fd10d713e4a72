/* SPDX-License-Identifier: BSD-3-Clause
 * openmp.c - as many threads of OpenMP as were counted on. */
#include "nn/openmp.h"

#include <omp.h>

int epo__openmp_most(int wanted)
{
    const int limit = omp_get_active_level() >= omp_get_max_active_levels() ? 1 : omp_get_thread_limit();
    return wanted < 1 ? 1 : wanted < limit ? wanted : limit;
}

epo__openmp epo__openmp_use(int threads)
{
    const epo__openmp before = {omp_get_max_threads(), omp_get_dynamic()};
    const int most = epo__openmp_most(threads);
    if (before.threads != most) omp_set_num_threads(most);
    if (before.dynamic) omp_set_dynamic(0);
    return before;
}

void epo__openmp_restore(epo__openmp before)
{
    if (omp_get_max_threads() != before.threads) omp_set_num_threads(before.threads);
    if (before.dynamic) omp_set_dynamic(before.dynamic);
}
