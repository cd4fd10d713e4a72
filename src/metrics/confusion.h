/* SPDX-License-Identifier: BSD-3-Clause
 * confusion.h - what was called what, and the numbers that follow from it. */
#ifndef EPO_METRICS_CONFUSION_H
#define EPO_METRICS_CONFUSION_H

#include <stddef.h>
#include <stdint.h>

/* The most probable of `classes`; the first of equals. */
int epo__most_probable(const double *probabilities, size_t classes);

/* Counts items into cells[truth * classes + called], which are set to 0 first. groups and weights as in ranking.h,
 * NULL: each once. */
void epo__confusion(const int *truth, const int *called, size_t count, size_t classes, const uint32_t *groups,
                    const uint32_t *weights, double *cells);

/* Share of the items on the diagonal; NaN of none. */
double epo__accuracy(const double *cells, size_t classes);

/* Of a 2 x 2 matrix whose class 1 is the positive one (real). */
typedef struct epo__binary_measures {
    double mcc; /* Matthews' correlation; 0 when all are, or are called, the same (as scikit-learn); NaN of no items */
    double mdr; /* missed detections, FN / (TP + FN); NaN without positives */
    double fpr; /* false positives, FP / (FP + TN); NaN without negatives */
} epo__binary_measures;

epo__binary_measures epo__binary(const double cells[4]);

#endif
