/* SPDX-License-Identifier: BSD-3-Clause
 * bootstrap.h - how far measures would scatter over other samples of the same objects: percentile intervals of the
 * bootstrap (Efron 1979). Groups are drawn, not items, so that the many stamps of one object stay together. */
#ifndef EPO_METRICS_BOOTSTRAP_H
#define EPO_METRICS_BOOTSTRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/status.h"

/* Measures a resample: weights[g] is how often group g was drawn. False when it cannot be measured, as it lacks a
 * class: it is passed over then. */
typedef bool (*epo__measure_fn)(void *context, const uint32_t *weights, double *values);

typedef struct epo__bootstrap {
    size_t groups;    /* as many are drawn for a resample */
    size_t resamples; /* 0: no intervals */
    uint64_t seed;    /* resample r has a generator of its own: (seed, "bootstrap" + r) */
    size_t values;    /* that measure fills */
    epo__measure_fn measure;
    void *context;
} epo__bootstrap;

typedef struct epo__interval {
    double low, high; /* quantiles 0.025 and 0.975 (epo__quantile); NaN when no resample had a number */
} epo__interval;

/* out: `values` intervals. A value that is NaN in some resamples is judged by the others. EPO_ELIMIT: 2^32 groups or
 * more. */
epo_status epo__bootstrap_run(const epo__bootstrap *bootstrap, epo__interval *out, size_t *passed_over);

/* The same for differences: wrong[v] is the share of the resamples in which value v has the other sign than sample[v] (one
 * that is 0 counts half; NaN when there is none, and for a sample[v] of 0). */
epo_status epo__bootstrap_signs(const epo__bootstrap *bootstrap, const double *sample, epo__interval *out, double *wrong,
                                size_t *passed_over);

/* Quantile q of `count` ascending values, on the line between its neighbours (numpy's default); NaN of none. */
double epo__quantile(const double *sorted, size_t count, double q);

/* Mean and population SD (divided by n) of those values that are not NaN; NaN when there are none. */
void epo__mean_sd(const double *values, size_t count, double *mean, double *sd);

#endif
