/* SPDX-License-Identifier: BSD-3-Clause
 * confusion.c - what was called what, and the numbers that follow from it. */
#include "metrics/confusion.h"

#include <math.h>

int epo__most_probable(const double *probabilities, size_t classes)
{
    size_t best = 0;
    for (size_t k = 1; k < classes; k++)
        if (probabilities[k] > probabilities[best]) best = k;
    return (int)best;
}

void epo__confusion(const int *truth, const int *called, size_t count, size_t classes, const uint32_t *groups,
                    const uint32_t *weights, double *cells)
{
    for (size_t i = 0; i < classes * classes; i++) cells[i] = 0;
    for (size_t i = 0; i < count; i++)
        cells[(size_t)truth[i] * classes + (size_t)called[i]] += weights ? weights[groups ? groups[i] : i] : 1;
}

double epo__accuracy(const double *cells, size_t classes)
{
    double right = 0, all = 0;
    for (size_t i = 0; i < classes * classes; i++) all += cells[i];
    for (size_t k = 0; k < classes; k++) right += cells[k * classes + k];
    return all > 0 ? right / all : NAN;
}

epo__binary_measures epo__binary(const double cells[4])
{
    const double tn = cells[0], fp = cells[1], fn = cells[2], tp = cells[3];
    epo__binary_measures m = {.mcc = NAN, .mdr = NAN, .fpr = NAN};
    if (tp + fn > 0) m.mdr = fn / (tp + fn);
    if (fp + tn > 0) m.fpr = fp / (fp + tn);
    if (!(tp + fp + fn + tn > 0)) return m;
    const double sides = sqrt(tp + fp) * sqrt(tp + fn) * sqrt(tn + fp) * sqrt(tn + fn);
    m.mcc = sides > 0 ? (tp * tn - fp * fn) / sides : 0;
    return m;
}
