/* SPDX-License-Identifier: BSD-3-Clause
 * measures.h - labelled scores made ready to be measured again and again under other weights: sorted once a class,
 * losses taken once an item. */
#ifndef EPO_METRICS_MEASURES_H
#define EPO_METRICS_MEASURES_H

#include "metrics/judge.h"

typedef struct epo__measures epo__measures;

/* `items` must outlive it; the thresholds are copied. The caller frees *out with epo__measures_free. EPO_EARG as
 * epo__judge. */
epo_status epo__measures_create(const epo__labelled *items, const epo__judging *how, epo__measures **out);
void epo__measures_free(epo__measures *measures); /* NULL is fine */

/* What a row holds: measure, class_index, threshold where one is given, and count; the rest is not filled. */
const epo_measurement *epo__measures_columns(const epo__measures *measures, size_t *count);

/* The row under these weights (NULL: each group once); false when a class that the sample has is missing. */
bool epo__measures_take(epo__measures *measures, const uint32_t *weights, double *row);

/* Of the last row taken: the threshold where the max F1 of a judged class is reached, its confusion matrix. */
double epo__measures_best_threshold(const epo__measures *measures, int class_index);
const double *epo__measures_confusion(const epo__measures *measures);
const size_t *epo__measures_there(const epo__measures *measures);

/* Mean and population SD over the classes of the measure that a mean is taken of; NaN SD for what is no mean. */
double epo__measures_sd(const epo__measures *measures, const double *row, size_t column);

#endif
