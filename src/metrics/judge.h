/* SPDX-License-Identifier: BSD-3-Clause
 * judge.h - everything that is measured on labelled scores, with intervals.
 *
 * Cases without an answer: a measure of a class that has no items, or of all when there is no item, is NaN; such a
 * class is left out of the means. A class that has all items has a max F1, and no AUC. Resamples that lack a class
 * which the sample has are passed over. */
#ifndef EPO_METRICS_JUDGE_H
#define EPO_METRICS_JUDGE_H

#include <stddef.h>
#include <stdint.h>

#include "epochal/evaluate.h"

typedef struct epo__labelled {
    size_t count, classes;  /* items; classes 2 or more */
    const double *scores;   /* count x classes probabilities; real/bogus: count times P(real) */
    const int *truth;       /* class of each item */
    const uint32_t *groups; /* group of each item, below group_count; NULL: item i is group i */
    size_t group_count;     /* ignored when groups is NULL */
} epo__labelled;

typedef struct epo__resampling {
    size_t resamples;
    uint64_t seed;
} epo__resampling;

typedef struct epo__class_judgement {
    size_t items;
    epo_estimate max_f1, auc;
    double threshold; /* at which max_f1 is reached */
} epo__class_judgement;

/* K classes, each against the rest; the most probable one is what an item is called. */
typedef struct epo__judgement {
    epo__class_judgement *classes; /* K */
    double *confusion;             /* K x K, truth * K + called */
    epo_estimate max_f1, auc;      /* means over the classes */
    double max_f1_sd, auc_sd;      /* population SD over the classes (TAO-Net's convention) */
    epo_estimate accuracy;
    size_t passed_over; /* resamples */
} epo__judgement;

/* EPO_EARG: a score is NaN, a truth or group is out of range. Release with epo__judgement_free, also when it failed. */
epo_status epo__judge(const epo__labelled *items, const epo__resampling *how, epo__judgement *out);
void epo__judgement_free(epo__judgement *judgement);

/* Real (truth 1) against bogus (truth 0) by one score, called real from `at` upwards. */
typedef struct epo__real_judgement {
    epo__class_judgement real; /* class real */
    double confusion[4];       /* truth * 2 + called */
    epo_estimate mcc, mdr, fpr, accuracy;
    epo_estimate fpr_quoted; /* least FPR with an MDR of EPO__MDR_QUOTED or less, over all thresholds */
    size_t passed_over;
} epo__real_judgement;

/* items->classes is ignored. */
epo_status epo__judge_real(const epo__labelled *items, double at, const epo__resampling *how, epo__real_judgement *out);

#endif
