/* SPDX-License-Identifier: BSD-3-Clause
 * confusion.h - what was called what, and the numbers that follow from it. */
#ifndef EPO_METRICS_CONFUSION_H
#define EPO_METRICS_CONFUSION_H

#include <stddef.h>
#include <stdint.h>

/* The most probable of `classes`; the first of equals. */
int epo__most_probable(const double *probabilities, size_t classes);

/* The same; of equals the one of least rank (NULL: the first): what it would be had the classes another order. */
int epo__most_probable_ranked(const double *probabilities, size_t classes, const size_t *rank);

/* Counts items into cells[truth * classes + called], which are set to 0 first. groups and weights as in ranking.h,
 * NULL: each once. */
void epo__confusion(const int *truth, const int *called, size_t count, size_t classes, const uint32_t *groups,
                    const uint32_t *weights, double *cells);

/* Share of the items on the diagonal; NaN of none. */
double epo__accuracy(const double *cells, size_t classes);

/* Mean recall over the classes that have items; NaN of none. */
double epo__balanced_accuracy(const double *cells, size_t classes);

/* Matthews' correlation of K classes (Gorodkin 2004); 0 when all are, or are called, the same; NaN of no items. */
double epo__mcc(const double *cells, size_t classes);

#endif
