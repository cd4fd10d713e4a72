/* SPDX-License-Identifier: BSD-3-Clause
 * permute.c - accuracy with one feature's values dealt out anew. */
#include "forest/permute.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/rng.h"

typedef struct permuting {
    const epo__forest *forest;
    const int *labels;
    const epo__permuting *how;
    float *values; /* rows x features, one of them permuted */
    epo__matrix rows;
    double *means;
    size_t *order;
} permuting;

static epo_status measure(const permuting *p, double *accuracy)
{
    const size_t classes = p->forest->classes;
    size_t right = 0, judged = 0;
    epo_status status = epo__forest_predict_unseen(p->forest, &p->rows, p->how->seen, p->how->threads, p->means);
    if (status != EPO_OK) return status;
    for (size_t r = 0; r < p->rows.rows; r++) {
        const int called = epo__forest_called(p->means + r * classes, classes);
        if (called < 0) continue;
        judged++;
        right += called == p->labels[r];
    }
    *accuracy = judged ? (double)right / (double)judged : NAN;
    return EPO_OK;
}

static epo_status measure_feature(const permuting *p, const epo__matrix *m, size_t f, double before, double *mean,
                                  double *sd)
{
    double sum = 0, squares = 0;
    epo_status status = EPO_OK;
    for (int i = 0; i < p->how->repeats && status == EPO_OK; i++) {
        epo__rng rng = {.seed = p->how->seed, .stream = f << 32 | (uint64_t)i};
        double after;
        for (size_t r = 0; r < m->rows; r++) p->order[r] = r;
        epo__rng_shuffle(&rng, p->order, m->rows);
        for (size_t r = 0; r < m->rows; r++)
            p->values[r * m->features + f] = m->values[p->order[r] * m->row_stride + f * m->feature_stride];
        status = measure(p, &after);
        if (status != EPO_OK) break;
        sum += before - after;
        squares += (before - after) * (before - after);
    }
    for (size_t r = 0; r < m->rows; r++)
        p->values[r * m->features + f] = m->values[r * m->row_stride + f * m->feature_stride];
    *mean = sum / p->how->repeats;
    const double variance = squares / p->how->repeats - *mean * *mean;
    *sd = variance > 0 ? sqrt(variance) : 0;
    return status;
}

epo_status epo__forest_permute(const epo__forest *forest, const epo__matrix *m, const int *labels,
                               const epo__permuting *how, double *mean, double *sd, double *accuracy)
{
    size_t cells, outs;
    if (m->rows == 0) return epo__fail(EPO_EARG, "no rows to permute");
    if (how->repeats < 1) return epo__fail(EPO_EARG, "%d repeats", how->repeats);
    if (m->features != forest->features || !epo__size_mul(m->rows, m->features, &cells) ||
        !epo__size_mul(m->rows, forest->classes, &outs))
        return epo__fail(EPO_EARG, "%zu features for a forest that takes %zu", m->features, forest->features);
    permuting p = {.forest = forest, .labels = labels, .how = how};
    p.values = epo__alloc(cells, sizeof *p.values);
    p.means = epo__alloc(outs, sizeof *p.means);
    p.order = epo__alloc(m->rows, sizeof *p.order);
    p.rows = (epo__matrix){
        .values = p.values, .rows = m->rows, .features = m->features, .row_stride = m->features, .feature_stride = 1};
    epo_status status = p.values && p.means && p.order ? EPO_OK : epo__nomem("permuting");
    for (size_t r = 0; r < m->rows && status == EPO_OK; r++)
        for (size_t f = 0; f < m->features; f++)
            p.values[r * m->features + f] = m->values[r * m->row_stride + f * m->feature_stride];
    if (status == EPO_OK) status = measure(&p, accuracy);
    for (size_t f = 0; f < m->features && status == EPO_OK; f++) {
        status = measure_feature(&p, m, f, *accuracy, &mean[f], &sd[f]);
        if (status == EPO_OK && how->progress && !how->progress(how->context, f + 1))
            status = epo__fail(EPO_ECANCELLED, "stopped");
    }
    free(p.values);
    free(p.means);
    free(p.order);
    return status;
}
