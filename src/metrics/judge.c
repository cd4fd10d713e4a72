/* SPDX-License-Identifier: BSD-3-Clause
 * judge.c - all measures of a sample with intervals, and of two models side by side. */
#include "metrics/judge.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "metrics/bootstrap.h"
#include "metrics/measures.h"

static const char *const names[] = {
#define MEASURE_NAME(name, text) text,
    EPO_MEASURE_MAP(MEASURE_NAME)
#undef MEASURE_NAME
};

const char *epo_measure_name(epo_measure measure)
{
    return (size_t)measure < EPO_MEASURES ? names[measure] : NULL;
}

static size_t group_count(const epo__labelled *items)
{
    return items->groups ? items->group_count : items->count;
}

/* --- one ------------------------------------------------------------------------------------------------------------
 */

static bool measure(void *context, const uint32_t *weights, double *row)
{
    return epo__measures_take(context, weights, row);
}

static void fill(const epo__measures *m, const double *row, epo__judgement *out)
{
    const epo_measurement *columns = epo__measures_columns(m, &out->count);
    for (size_t i = 0; i < out->count; i++) {
        epo_measurement *r = &out->rows[i];
        *r = columns[i];
        r->is = (epo_estimate){row[i], NAN, NAN};
        r->sd = epo__measures_sd(m, row, i);
        if (r->measure == EPO_MEASURE_MAX_F1) r->threshold = epo__measures_best_threshold(m, r->class_index);
    }
}

static epo_status judge_with(epo__measures *m, const epo__labelled *items, const epo__judging *how, double *row,
                             epo__interval *intervals, epo__judgement *out)
{
    size_t values;
    epo__measures_columns(m, &values);
    epo__measures_take(m, NULL, row);
    fill(m, row, out);
    for (size_t i = 0; i < items->classes * items->classes; i++) out->confusion[i] = epo__measures_confusion(m)[i];
    for (size_t k = 0; k < items->classes; k++) out->there[k] = epo__measures_there(m)[k];
    const epo__bootstrap bootstrap = {.groups = group_count(items),
                                      .resamples = how->resamples,
                                      .seed = how->seed,
                                      .values = values,
                                      .measure = measure,
                                      .context = m};
    epo_status status = epo__bootstrap_run(&bootstrap, intervals, &out->passed_over);
    for (size_t i = 0; status == EPO_OK && i < values; i++) {
        out->rows[i].is.low = intervals[i].low;
        out->rows[i].is.high = intervals[i].high;
    }
    return status;
}

epo_status epo__judge(const epo__labelled *items, const epo__judging *how, epo__judgement *out)
{
    epo__measures *m = NULL;
    size_t values = 0;
    *out = (epo__judgement){0};
    epo_status status = epo__measures_create(items, how, &m);
    if (status != EPO_OK) return status;
    epo__measures_columns(m, &values);
    double *row = epo__alloc(values, sizeof *row);
    epo__interval *intervals = epo__alloc(values, sizeof *intervals);
    out->rows = epo__alloc(values, sizeof *out->rows);
    out->confusion = epo__alloc(epo__product(items->classes, items->classes), sizeof *out->confusion);
    out->there = epo__alloc(items->classes, sizeof *out->there);
    if (row && intervals && out->rows && out->confusion && out->there)
        status = judge_with(m, items, how, row, intervals, out);
    else
        status = epo__nomem("measures");
    epo__measures_free(m);
    free(row);
    free(intervals);
    return status;
}

void epo__judgement_free(epo__judgement *judgement)
{
    free(judgement->rows);
    free(judgement->confusion);
    free(judgement->there);
    *judgement = (epo__judgement){0};
}

/* --- two ------------------------------------------------------------------------------------------------------------
 */

typedef struct pair {
    epo__measures *first, *second;
    size_t values;
    double *room; /* the second's row */
} pair;

/* A row of differences; both see the same resample, which is what pairs them. */
static bool measure_pair(void *context, const uint32_t *weights, double *row)
{
    pair *p = context;
    if (!epo__measures_take(p->first, weights, row) || !epo__measures_take(p->second, weights, p->room)) return false;
    for (size_t i = 0; i < p->values; i++) row[i] -= p->room[i];
    return true;
}

static epo_status compare(pair *p, const epo__labelled *items, const epo__judging *how, double *rows,
                          epo__interval *intervals, epo_difference *out, size_t *passed_over)
{
    double *first = rows, *sample = rows + p->values, *wrong = rows + 2 * p->values;
    epo__measures_take(p->first, NULL, first);
    measure_pair(p, NULL, sample);
    const epo_measurement *columns = epo__measures_columns(p->first, &p->values);
    for (size_t i = 0; i < p->values; i++)
        out[i] = (epo_difference){.measure = columns[i].measure,
                                  .class_index = columns[i].class_index,
                                  .first = first[i],
                                  .second = p->room[i],
                                  .difference = {sample[i], NAN, NAN},
                                  .count = columns[i].count};
    const epo__bootstrap bootstrap = {.groups = group_count(items),
                                      .resamples = how->resamples,
                                      .seed = how->seed,
                                      .values = p->values,
                                      .measure = measure_pair,
                                      .context = p};
    epo_status status = epo__bootstrap_signs(&bootstrap, sample, intervals, wrong, passed_over);
    for (size_t i = 0; status == EPO_OK && i < p->values; i++) {
        out[i].difference.low = intervals[i].low;
        out[i].difference.high = intervals[i].high;
        out[i].wrong_side = wrong[i];
    }
    return status;
}

epo_status epo__judge_both(const epo__labelled *first, const epo__labelled *second, const epo__judging *how_first,
                           const epo__judging *how_second, epo_difference **out, size_t *count, size_t *passed_over)
{
    pair p = {0};
    size_t others = 0;
    *out = NULL;
    *count = *passed_over = 0;
    epo_status status = epo__measures_create(first, how_first, &p.first);
    if (status == EPO_OK) status = epo__measures_create(second, how_second, &p.second);
    if (status == EPO_OK) {
        epo__measures_columns(p.first, &p.values);
        epo__measures_columns(p.second, &others);
        if (p.values != others) status = epo__fail(EPO_EARG, "the two are not judged by the same measures");
    }
    double *rows = status == EPO_OK ? epo__alloc(epo__product(3, p.values), sizeof *rows) : NULL;
    epo__interval *intervals = status == EPO_OK ? epo__alloc(p.values, sizeof *intervals) : NULL;
    if (status == EPO_OK) {
        p.room = epo__alloc(p.values, sizeof *p.room);
        *out = epo__alloc(p.values, sizeof **out);
        *count = p.values;
        status = rows && intervals && p.room && *out ? compare(&p, first, how_first, rows, intervals, *out, passed_over)
                                                     : epo__nomem("measures");
    }
    if (status != EPO_OK) {
        free(*out);
        *out = NULL;
        *count = 0;
    }
    epo__measures_free(p.first);
    epo__measures_free(p.second);
    free(p.room);
    free(rows);
    free(intervals);
    return status;
}
