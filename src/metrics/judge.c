/* SPDX-License-Identifier: BSD-3-Clause
 * judge.c - all measures of a sample, then the same of each resample.
 *
 * What is measured is one row of numbers, so that sample and resamples go through the same function. */
#include "metrics/judge.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "metrics/bootstrap.h"
#include "metrics/confusion.h"
#include "metrics/ranking.h"

typedef struct judge {
    const epo__labelled *items;
    epo__ranking *rankings; /* one a class */
    int *called;
    double *cells;       /* room for a confusion matrix */
    double *thresholds;  /* of the last measurement */
    const size_t *there; /* items of each class in the sample */
} judge;

/* A row: max F1 of each class, AUC of each class, then these. */
enum { MEAN_F1, MEAN_AUC, ACCURACY, MEANS };

/* A row of real/bogus. */
enum { REAL_F1, REAL_AUC, REAL_MCC, REAL_MDR, REAL_FPR, REAL_FPR_QUOTED, REAL_ACCURACY, REAL_VALUES };

static size_t group_count(const epo__labelled *items)
{
    return items->groups ? items->group_count : items->count;
}

static epo_status check(const epo__labelled *items, size_t classes)
{
    for (size_t i = 0; i < items->count; i++) {
        if (items->truth[i] < 0 || (size_t)items->truth[i] >= classes)
            return epo__fail(EPO_EARG, "item %zu is of class %d, and there are %zu", i, items->truth[i], classes);
        if (items->groups && items->groups[i] >= items->group_count)
            return epo__fail(EPO_EARG, "item %zu is of group %u, and there are %zu", i, items->groups[i],
                             items->group_count);
    }
    return EPO_OK;
}

static epo_estimate estimate_of(double value, epo__interval interval)
{
    return (epo_estimate){value, interval.low, interval.high};
}

/* --- classes ----------------------------------------------------------------------------------------------------- */

static bool measure_classes(void *context, const uint32_t *weights, double *row)
{
    judge *j = context;
    const size_t classes = j->items->classes;
    double *means = row + 2 * classes, sd;
    for (size_t k = 0; k < classes; k++) {
        epo__ranking_measures m;
        epo__ranking_measure(&j->rankings[k], weights, &m);
        if (j->there[k] && !(m.positives > 0)) return false;
        row[k] = m.max_f1;
        row[classes + k] = m.positives > 0 ? m.auc : NAN;
        j->thresholds[k] = m.threshold;
    }
    epo__mean_sd(row, classes, &means[MEAN_F1], &sd);
    epo__mean_sd(row + classes, classes, &means[MEAN_AUC], &sd);
    epo__confusion(j->items->truth, j->called, j->items->count, classes, j->items->groups, weights, j->cells);
    means[ACCURACY] = epo__accuracy(j->cells, classes);
    return true;
}

static void fill_classes(const judge *j, const double *row, const epo__interval *intervals, epo__judgement *out)
{
    const size_t classes = j->items->classes;
    const double *means = row + 2 * classes;
    const epo__interval *of_means = intervals + 2 * classes;
    double mean;
    for (size_t k = 0; k < classes; k++) {
        out->classes[k].max_f1 = estimate_of(row[k], intervals[k]);
        out->classes[k].auc = estimate_of(row[classes + k], intervals[classes + k]);
    }
    out->max_f1 = estimate_of(means[MEAN_F1], of_means[MEAN_F1]);
    out->auc = estimate_of(means[MEAN_AUC], of_means[MEAN_AUC]);
    out->accuracy = estimate_of(means[ACCURACY], of_means[ACCURACY]);
    epo__mean_sd(row, classes, &mean, &out->max_f1_sd);
    epo__mean_sd(row + classes, classes, &mean, &out->auc_sd);
}

static epo_status judge_with(judge *j, const epo__resampling *how, double *row, epo__interval *intervals, size_t *there,
                             epo__judgement *out)
{
    const epo__labelled *items = j->items;
    const size_t classes = items->classes;
    epo_status status = EPO_OK;
    for (size_t k = 0; status == EPO_OK && k < classes; k++)
        status = epo__ranking_create(items->scores + k, classes, items->truth, (int)k, items->groups, items->count,
                                     &j->rankings[k]);
    if (status != EPO_OK) return status;
    for (size_t i = 0; i < items->count; i++) {
        there[items->truth[i]]++;
        j->called[i] = epo__most_probable(items->scores + i * classes, classes);
    }
    j->there = there;
    measure_classes(j, NULL, row);
    for (size_t k = 0; k < classes; k++) {
        out->classes[k].items = there[k];
        out->classes[k].threshold = j->thresholds[k];
    }
    for (size_t i = 0; i < classes * classes; i++) out->confusion[i] = j->cells[i];
    const epo__bootstrap bootstrap = {.groups = group_count(items),
                                      .resamples = how->resamples,
                                      .seed = how->seed,
                                      .values = 2 * classes + MEANS,
                                      .measure = measure_classes,
                                      .context = j};
    status = epo__bootstrap_run(&bootstrap, intervals, &out->passed_over);
    if (status == EPO_OK) fill_classes(j, row, intervals, out);
    return status;
}

epo_status epo__judge(const epo__labelled *items, const epo__resampling *how, epo__judgement *out)
{
    const size_t classes = items->classes;
    *out = (epo__judgement){0};
    epo_status status = check(items, classes);
    if (status != EPO_OK) return status;
    judge j = {.items = items,
               .rankings = epo__alloc(classes, sizeof *j.rankings),
               .called = epo__alloc(items->count, sizeof *j.called),
               .cells = epo__alloc(classes * classes, sizeof *j.cells),
               .thresholds = epo__alloc(classes, sizeof *j.thresholds)};
    double *row = epo__alloc(2 * classes + MEANS, sizeof *row);
    epo__interval *intervals = epo__alloc(2 * classes + MEANS, sizeof *intervals);
    size_t *there = epo__alloc(classes, sizeof *there);
    out->classes = epo__alloc(classes, sizeof *out->classes);
    out->confusion = epo__alloc(classes * classes, sizeof *out->confusion);
    if (j.rankings && j.called && j.cells && j.thresholds && row && intervals && there && out->classes &&
        out->confusion)
        status = judge_with(&j, how, row, intervals, there, out);
    else
        status = epo__nomem("measures");
    for (size_t k = 0; j.rankings && k < classes; k++) epo__ranking_free(&j.rankings[k]);
    free(j.rankings);
    free(j.called);
    free(j.cells);
    free(j.thresholds);
    free(row);
    free(intervals);
    free(there);
    return status;
}

void epo__judgement_free(epo__judgement *judgement)
{
    free(judgement->classes);
    free(judgement->confusion);
    *judgement = (epo__judgement){0};
}

/* --- real or bogus ----------------------------------------------------------------------------------------------- */

typedef struct real_judge {
    const epo__labelled *items;
    epo__ranking ranking; /* class real */
    int *called;
    bool real, bogus; /* the sample has such items */
} real_judge;

static bool measure_real(void *context, const uint32_t *weights, double *row)
{
    real_judge *j = context;
    epo__ranking_measures m;
    double cells[4];
    epo__ranking_measure(&j->ranking, weights, &m);
    if ((j->real && !(m.positives > 0)) || (j->bogus && !(m.negatives > 0))) return false;
    epo__confusion(j->items->truth, j->called, j->items->count, 2, j->items->groups, weights, cells);
    const epo__binary_measures b = epo__binary(cells);
    row[REAL_F1] = m.max_f1;
    row[REAL_AUC] = m.auc;
    row[REAL_MCC] = b.mcc;
    row[REAL_MDR] = b.mdr;
    row[REAL_FPR] = b.fpr;
    row[REAL_FPR_QUOTED] = m.fpr;
    row[REAL_ACCURACY] = epo__accuracy(cells, 2);
    return true;
}

epo_status epo__judge_real(const epo__labelled *items, double at, const epo__resampling *how, epo__real_judgement *out)
{
    *out = (epo__real_judgement){0};
    epo_status status = check(items, 2);
    if (status != EPO_OK) return status;
    real_judge j = {.items = items, .called = epo__alloc(items->count, sizeof *j.called)};
    if (!j.called) return epo__nomem("measures");
    double row[REAL_VALUES] = {0};
    epo__interval intervals[REAL_VALUES];
    epo__ranking_measures m;
    status = epo__ranking_create(items->scores, 1, items->truth, 1, items->groups, items->count, &j.ranking);
    if (status == EPO_OK) {
        for (size_t i = 0; i < items->count; i++) j.called[i] = items->scores[i] >= at;
        epo__ranking_measure(&j.ranking, NULL, &m);
        j.real = m.positives > 0;
        j.bogus = m.negatives > 0;
        measure_real(&j, NULL, row);
        const epo__bootstrap bootstrap = {.groups = group_count(items),
                                          .resamples = how->resamples,
                                          .seed = how->seed,
                                          .values = REAL_VALUES,
                                          .measure = measure_real,
                                          .context = &j};
        status = epo__bootstrap_run(&bootstrap, intervals, &out->passed_over);
    }
    if (status == EPO_OK) {
        out->real = (epo__class_judgement){.items = (size_t)m.positives,
                                           .threshold = m.threshold,
                                           .max_f1 = estimate_of(row[REAL_F1], intervals[REAL_F1]),
                                           .auc = estimate_of(row[REAL_AUC], intervals[REAL_AUC])};
        out->mcc = estimate_of(row[REAL_MCC], intervals[REAL_MCC]);
        out->mdr = estimate_of(row[REAL_MDR], intervals[REAL_MDR]);
        out->fpr = estimate_of(row[REAL_FPR], intervals[REAL_FPR]);
        out->fpr_quoted = estimate_of(row[REAL_FPR_QUOTED], intervals[REAL_FPR_QUOTED]);
        out->accuracy = estimate_of(row[REAL_ACCURACY], intervals[REAL_ACCURACY]);
        epo__confusion(items->truth, j.called, items->count, 2, NULL, NULL, out->confusion);
    }
    epo__ranking_free(&j.ranking);
    free(j.called);
    return status;
}
