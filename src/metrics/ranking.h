/* SPDX-License-Identifier: BSD-3-Clause
 * ranking.h - one class against the rest: items sorted once by their score, then measured under any weights.
 *
 * A threshold t calls positive what scores t or more. Thresholds stand at the scores that occur, so items of equal
 * score are never told apart. */
#ifndef EPO_METRICS_RANKING_H
#define EPO_METRICS_RANKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/status.h"

typedef struct epo__ranked {
    uint32_t group;
    bool positive, last; /* last: the next item scores less */
} epo__ranked;

/* All zeros is an empty ranking. */
typedef struct epo__ranking {
    size_t count;
    epo__ranked *items; /* highest score first */
    double *scores;     /* of the items */
} epo__ranking;

/* `count` scores (finite or infinite), `stride` values apart, and which of them are positive: truth[i] == label.
 * groups: the group of each item; NULL: item i is group i. Nothing is kept of the arguments; the caller frees *out with
 * epo__ranking_free. EPO_EARG: a score is NaN. EPO_ELIMIT: more than 2^32 - 1 items. */
epo_status epo__ranking_create(const double *scores, size_t stride, const int *truth, int label, const uint32_t *groups,
                               size_t count, epo__ranking *out);
void epo__ranking_free(epo__ranking *ranking);

typedef struct epo__ranking_measures {
    double positives, negatives; /* how many, weighted */
    double max_f1;               /* largest F1 = 2 TP / (2 TP + FP + FN) over all thresholds; NaN without positives */
    double threshold;            /* the highest at which it is reached; NaN without positives */
    double auc; /* area under the ROC curve, P(positive scores more) + P(equal) / 2; NaN unless both kinds are there */
    double average_precision; /* sum over thresholds of (recall step) x precision; NaN without positives */
    double fpr; /* least false-positive rate with a missed-detection rate of `mdr` or less; NaN unless both are there */
} epo__ranking_measures;

/* weights: how often each group counts; NULL: once. */
void epo__ranking_measure(const epo__ranking *ranking, const uint32_t *weights, double mdr, epo__ranking_measures *out);

/* How many items score `threshold` or more. */
size_t epo__ranking_above(const epo__ranking *ranking, double threshold);

#endif
