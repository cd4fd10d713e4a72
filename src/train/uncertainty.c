/* SPDX-License-Identifier: BSD-3-Clause
 * uncertainty.c - mean, spread, confidence and BALD of several passes. */
#include "train/uncertainty.h"

#include <math.h>

/* In bits of the most there can be: of two classes, plain bits. */
static double entropy(const double *p, size_t classes)
{
    double sum = 0;
    for (size_t k = 0; k < classes; k++)
        if (p[k] > 0) sum -= p[k] * log2(p[k]);
    return classes > 1 ? sum / log2((double)classes) : 0;
}

static int largest(const double *p, size_t classes)
{
    size_t best = 0;
    for (size_t k = 1; k < classes; k++)
        if (p[k] > p[best]) best = k;
    return (int)best;
}

void epo__uncertainty_of(const double *probabilities, size_t passes, size_t classes, int chosen, double *mean,
                         double *scores, epo_uncertainty *out)
{
    double uncertain = 0, squares = 0, over = 0, count = (double)passes;
    for (size_t k = 0; k < classes; k++) mean[k] = 0;
    for (size_t i = 0; i < passes; i++) {
        const double *row = probabilities + i * classes;
        for (size_t k = 0; k < classes; k++) mean[k] += row[k];
        uncertain += entropy(row, classes);
    }
    /* divided at the end: a hundred times 1/100 is above 1, and no probability */
    for (size_t k = 0; k < classes; k++) mean[k] /= count;
    uncertain /= count;
    if (chosen < 0) chosen = largest(mean, classes);
    for (size_t i = 0; i < passes; i++) {
        scores[i] = probabilities[i * classes + (size_t)chosen];
        squares += (scores[i] - mean[chosen]) * (scores[i] - mean[chosen]);
        over += scores[i] > 0.5;
    }
    *out = (epo_uncertainty){.passes = passes,
                             .class_index = (size_t)chosen,
                             .scores = scores,
                             .mean = mean[chosen],
                             .sd = sqrt(squares / count),
                             .over_half = over / count,
                             .confidence = 1 - uncertain,
                             .bald = entropy(mean, classes) - uncertain};
    if (out->bald < 0) out->bald = 0; /* rounding: the entropy is concave */
}
