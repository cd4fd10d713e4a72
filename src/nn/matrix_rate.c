/* SPDX-License-Identifier: BSD-3-Clause
 * matrix_rate.c - how fast float32 matrices are multiplied here: what a network's speed is measured against. */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "nn/net.h"
#include "nn/onednn.h"
#include "nn/openmp.h"

enum { SIDE = 1024, LEAST_ROUNDS = 5 };
static const double least_seconds = 0.3;

epo_status epo__nn_matrix_rate(int threads, double *rate)
{
    size_t count = (size_t)SIDE * SIDE;
    float *a = epo__alloc_aligned(count, sizeof *a), *b = epo__alloc_aligned(count, sizeof *b);
    float *c = epo__alloc_aligned(count, sizeof *c);
    epo_status status = a && b && c ? EPO_OK : epo__nomem("matrices");
    for (size_t i = 0; status == EPO_OK && i < count; i++) a[i] = b[i] = 1.0F / (float)(1 + i % 97);
    const epo__openmp before = epo__openmp_use(threads);
    double best = INFINITY, start = epo__seconds();
    for (int i = 0; status == EPO_OK && (i < LEAST_ROUNDS || epo__seconds() - start < least_seconds); i++) {
        double from = epo__seconds();
        status = epo__sgemm(false, false, SIDE, SIDE, SIDE, a, SIDE, b, SIDE, 0, c, SIDE);
        best = fmin(best, epo__seconds() - from);
    }
    epo__openmp_restore(before);
    if (status == EPO_OK) *rate = 2.0 * SIDE * SIDE * SIDE / best;
    free(a);
    free(b);
    free(c);
    return status;
}
