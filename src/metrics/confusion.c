/* SPDX-License-Identifier: BSD-3-Clause
 * confusion.c - what was called what, and the numbers that follow from it. */
#include "metrics/confusion.h"

#include <math.h>

int epo__most_probable(const double *probabilities, size_t classes)
{
    return epo__most_probable_ranked(probabilities, classes, NULL);
}

int epo__most_probable_ranked(const double *probabilities, size_t classes, const size_t *rank)
{
    size_t best = 0;
    for (size_t k = 1; k < classes; k++)
        if (probabilities[k] > probabilities[best] ||
            (rank && probabilities[k] == probabilities[best] && rank[k] < rank[best]))
            best = k;
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

double epo__balanced_accuracy(const double *cells, size_t classes)
{
    double sum = 0, there = 0;
    for (size_t k = 0; k < classes; k++) {
        double items = 0;
        for (size_t i = 0; i < classes; i++) items += cells[k * classes + i];
        if (!(items > 0)) continue;
        sum += cells[k * classes + k] / items;
        there++;
    }
    return there > 0 ? sum / there : NAN;
}

double epo__mcc(const double *cells, size_t classes)
{
    double right = 0, all = 0, both = 0, truths = 0, calls = 0;
    for (size_t k = 0; k < classes; k++) {
        double is = 0, called = 0;
        for (size_t i = 0; i < classes; i++) {
            is += cells[k * classes + i];
            called += cells[i * classes + k];
        }
        right += cells[k * classes + k];
        all += is;
        both += is * called;
        truths += is * is;
        calls += called * called;
    }
    if (!(all > 0)) return NAN;
    const double sides = sqrt(all * all - truths) * sqrt(all * all - calls);
    return sides > 0 ? (right * all - both) / sides : 0;
}
