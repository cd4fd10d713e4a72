/* SPDX-License-Identifier: BSD-3-Clause
 * judge.h - everything that is measured on labelled scores, with intervals.
 *
 * What is measured is one row of numbers, so that sample, resamples and differences of two models go through the same
 * function. The measures, and the cases without an answer, stand in epochal/evaluate.h. Resamples that lack a class
 * which the sample has are passed over. */
#ifndef EPO_METRICS_JUDGE_H
#define EPO_METRICS_JUDGE_H

#include <stddef.h>
#include <stdint.h>

#include "epochal/evaluate.h"

typedef struct epo__labelled {
    size_t count, classes;  /* items; classes 2 or more, with `real` 2 */
    bool real;              /* one score an item, P(real): truth 1 is real, 0 bogus */
    const double *scores;   /* count x classes probabilities; real: count of them */
    const int *truth;       /* class of each item */
    const uint32_t *groups; /* group of each item, below group_count; NULL: item i is group i */
    size_t group_count;     /* ignored when groups is NULL */
    const size_t *rank;     /* [classes]: of equally probable ones that of least rank is called; NULL: the first */
} epo__labelled;

typedef struct epo__judging {
    size_t resamples;
    uint64_t seed;
    const double *thresholds; /* of each class; real: one. NULL, or NaN: none */
    double prevalence;        /* 0: no cleanliness */
    double mdr;
} epo__judging;

typedef struct epo__judgement {
    epo_measurement *rows;
    size_t count;
    double *confusion;  /* classes x classes, truth * classes + called; real: called at the threshold, else at 0.5 */
    size_t *there;      /* items of each class */
    size_t passed_over; /* resamples */
} epo__judgement;

/* EPO_EARG: a score is NaN, a truth or group is out of range. Release with epo__judgement_free, also when it failed. */
epo_status epo__judge(const epo__labelled *items, const epo__judging *how, epo__judgement *out);
void epo__judgement_free(epo__judgement *judgement);

/* Two judges of the same items (the same truth and groups, other scores), row by row; both were given the same
 * measures. out: one for each row of epo__judge; class counts as there. */
epo_status epo__judge_both(const epo__labelled *first, const epo__labelled *second, const epo__judging *how_first,
                           const epo__judging *how_second, epo_difference **out, size_t *count, size_t *passed_over);

#endif
