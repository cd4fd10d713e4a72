/* SPDX-License-Identifier: BSD-3-Clause
 * measures.c - all measures of a sample as one row. */
#include "metrics/measures.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "metrics/bootstrap.h"
#include "metrics/calibration.h"
#include "metrics/confusion.h"
#include "metrics/curves.h"
#include "metrics/ranking.h"

/* One class against the rest. */
typedef struct against {
    int label;
    epo__ranking ranking;
    double threshold; /* NaN: none */
    size_t above;     /* items from the threshold upwards, in the ranking's order */
    epo__ranking_measures measured;
    epo_curve_point point; /* at the threshold, as last measured */
} against;

/* Sums over all items. */
typedef struct sums {
    double items, loss, brier;
    double off[EPO_RELIABILITY_BINS]; /* claimed less right, a bin */
} sums;

struct epo__measures {
    const epo__labelled *items;
    against *classes;
    size_t class_count; /* judged against the rest: all of them, or real */
    double prevalence, mdr;
    int *called;
    double *loss, *brier, *off; /* an item */
    uint8_t *bin;
    double *cells;
    size_t *there;
    sums all; /* as last measured */
    epo_measurement *columns;
    size_t column_count, column_room;
};

static epo_status check(const epo__labelled *items)
{
    for (size_t i = 0; i < items->count; i++) {
        if (items->truth[i] < 0 || (size_t)items->truth[i] >= items->classes)
            return epo__fail(EPO_EARG, "item %zu is of class %d, and there are %zu", i, items->truth[i],
                             items->classes);
        if (items->groups && items->groups[i] >= items->group_count)
            return epo__fail(EPO_EARG, "item %zu is of group %u, and there are %zu", i, items->groups[i],
                             items->group_count);
    }
    return EPO_OK;
}

/* --- what a row holds --------------------------------------------------------------------------------------------- */

/* label: whose items count; -1: all. */
static bool add_column(epo__measures *m, epo_measure measure, int label, double threshold)
{
    size_t count = m->items->count;
    if (label >= 0) count = m->there[label];
    if (!epo__grow(&m->columns, &m->column_room, m->column_count + 1, sizeof *m->columns)) return false;
    m->columns[m->column_count++] = (epo_measurement){
        .measure = measure, .class_index = label, .sd = NAN, .threshold = threshold, .count = (int64_t)count};
    return true;
}

static bool add_each(epo__measures *m, epo_measure measure, epo_measure mean, bool at_threshold)
{
    bool ok = true;
    for (size_t c = 0; ok && c < m->class_count; c++)
        ok = add_column(m, measure, m->classes[c].label, at_threshold ? m->classes[c].threshold : NAN);
    return ok && (mean == EPO_MEASURES || add_column(m, mean, -1, NAN));
}

static bool has_thresholds(const epo__measures *m)
{
    for (size_t c = 0; c < m->class_count; c++)
        if (!isnan(m->classes[c].threshold)) return true;
    return false;
}

static bool add_probability_columns(epo__measures *m)
{
    return add_column(m, EPO_MEASURE_LOG_LOSS, -1, NAN) && add_column(m, EPO_MEASURE_BRIER, -1, NAN) &&
           add_column(m, EPO_MEASURE_ECE, -1, NAN);
}

static bool add_class_columns(epo__measures *m)
{
    bool ok = add_each(m, EPO_MEASURE_MAX_F1, EPO_MEASURE_MEAN_MAX_F1, false) &&
              add_each(m, EPO_MEASURE_AUC, EPO_MEASURE_MEAN_AUC, false) &&
              add_each(m, EPO_MEASURE_AVERAGE_PRECISION, EPO_MEASURE_MEAN_AVERAGE_PRECISION, false);
    if (ok && has_thresholds(m)) {
        ok = add_each(m, EPO_MEASURE_F1, EPO_MEASURE_MEAN_F1, true) &&
             add_each(m, EPO_MEASURE_MCC, EPO_MEASURES, true) && add_each(m, EPO_MEASURE_MDR, EPO_MEASURES, true) &&
             add_each(m, EPO_MEASURE_FPR, EPO_MEASURES, true) && add_each(m, EPO_MEASURE_G_MEAN, EPO_MEASURES, true);
        if (ok && m->prevalence > 0) ok = add_each(m, EPO_MEASURE_CLEANLINESS, EPO_MEASURES, true);
    }
    return ok && add_column(m, EPO_MEASURE_ACCURACY, -1, NAN) &&
           add_column(m, EPO_MEASURE_BALANCED_ACCURACY, -1, NAN) && add_column(m, EPO_MEASURE_MCC, -1, NAN) &&
           add_probability_columns(m);
}

/* Real/bogus: a row names the class whose items it is about, and none where it is about both. */
static bool add_real_columns(epo__measures *m)
{
    const double t = m->classes[0].threshold;
    return add_column(m, EPO_MEASURE_MAX_F1, 1, NAN) && add_column(m, EPO_MEASURE_AUC, -1, NAN) &&
           add_column(m, EPO_MEASURE_AVERAGE_PRECISION, 1, NAN) && add_column(m, EPO_MEASURE_F1, 1, t) &&
           add_column(m, EPO_MEASURE_MCC, -1, t) && add_column(m, EPO_MEASURE_MDR, 1, t) &&
           add_column(m, EPO_MEASURE_FPR, 0, t) && add_column(m, EPO_MEASURE_FPR_AT_MDR, 0, NAN) &&
           add_column(m, EPO_MEASURE_G_MEAN, -1, t) &&
           (!(m->prevalence > 0) || add_column(m, EPO_MEASURE_CLEANLINESS, 1, t)) &&
           add_column(m, EPO_MEASURE_ACCURACY, -1, t) && add_column(m, EPO_MEASURE_BALANCED_ACCURACY, -1, t) &&
           add_probability_columns(m);
}

/* --- making ready ------------------------------------------------------------------------------------------------- */

static epo_status rank(epo__measures *m, const epo__judging *how)
{
    const epo__labelled *items = m->items;
    epo_status status = EPO_OK;
    for (size_t c = 0; status == EPO_OK && c < m->class_count; c++) {
        against *a = &m->classes[c];
        a->label = items->real ? 1 : (int)c;
        a->threshold = how->thresholds ? how->thresholds[c] : items->real ? 0.5 : NAN;
        status = epo__ranking_create(items->scores + c, m->class_count, items->truth, a->label, items->groups,
                                     items->count, &a->ranking);
        if (status == EPO_OK) a->above = isnan(a->threshold) ? 0 : epo__ranking_above(&a->ranking, a->threshold);
    }
    return status;
}

/* What an item was called, and what its probabilities cost. */
static void weigh_items(epo__measures *m)
{
    const epo__labelled *items = m->items;
    double edges[EPO_RELIABILITY_BINS + 1];
    epo__bin_edges_even(EPO_RELIABILITY_BINS, edges);
    for (size_t i = 0; i < items->count; i++) {
        const int truth = items->truth[i];
        const double *p = items->scores + i * m->class_count, pair[2] = {1 - p[0], p[0]};
        m->there[truth]++;
        double claimed;
        bool right;
        if (items->real) {
            p = pair;
            m->called[i] = p[1] >= m->classes[0].threshold;
            claimed = p[1];
            right = truth == 1;
        } else {
            m->called[i] = epo__most_probable_ranked(p, items->classes, items->rank);
            claimed = p[m->called[i]];
            right = m->called[i] == truth;
        }
        m->loss[i] = epo__log_loss(p, items->classes, truth);
        m->brier[i] = epo__brier(p, items->classes, truth) / (items->real ? 2 : 1);
        m->off[i] = claimed - right;
        m->bin[i] = (uint8_t)epo__bin_of(edges, EPO_RELIABILITY_BINS, claimed);
    }
}

epo_status epo__measures_create(const epo__labelled *items, const epo__judging *how, epo__measures **out)
{
    epo_status status = check(items);
    if (status != EPO_OK) return status;
    epo__measures *m = epo__alloc(1, sizeof *m);
    if (!m) return epo__nomem("measures");
    *m = (epo__measures){.items = items,
                         .class_count = items->real ? 1 : items->classes,
                         .prevalence = how->prevalence,
                         .mdr = how->mdr,
                         .classes = epo__alloc(items->classes, sizeof *m->classes),
                         .called = epo__alloc(items->count, sizeof *m->called),
                         .loss = epo__alloc(items->count, sizeof *m->loss),
                         .brier = epo__alloc(items->count, sizeof *m->brier),
                         .off = epo__alloc(items->count, sizeof *m->off),
                         .bin = epo__alloc(items->count, sizeof *m->bin),
                         .cells = epo__alloc(epo__product(items->classes, items->classes), sizeof *m->cells),
                         .there = epo__alloc(items->classes, sizeof *m->there)};
    if (!m->classes || !m->called || !m->loss || !m->brier || !m->off || !m->bin || !m->cells || !m->there)
        status = epo__nomem("measures");
    if (status == EPO_OK) status = rank(m, how);
    if (status == EPO_OK) {
        weigh_items(m);
        if (!(items->real ? add_real_columns(m) : add_class_columns(m))) status = epo__nomem("measures");
    }
    if (status == EPO_OK)
        *out = m;
    else
        epo__measures_free(m);
    return status;
}

void epo__measures_free(epo__measures *m)
{
    if (!m) return;
    for (size_t c = 0; m->classes && c < m->class_count; c++) epo__ranking_free(&m->classes[c].ranking);
    free(m->classes);
    free(m->called);
    free(m->loss);
    free(m->brier);
    free(m->off);
    free(m->bin);
    free(m->cells);
    free(m->there);
    free(m->columns);
    free(m);
}

/* --- measuring ---------------------------------------------------------------------------------------------------- */

static void measure_at_threshold(against *a, const uint32_t *weights)
{
    double tp = 0, fp = 0;
    for (size_t i = 0; i < a->above; i++) {
        const epo__ranked *item = &a->ranking.items[i];
        const double weight = weights ? weights[item->group] : 1;
        if (item->positive)
            tp += weight;
        else
            fp += weight;
    }
    epo__rates(tp, fp, a->measured.positives, a->measured.negatives, &a->point);
}

static void add_up(epo__measures *m, const uint32_t *weights)
{
    const epo__labelled *items = m->items;
    m->all = (sums){0};
    for (size_t i = 0; i < items->count; i++) {
        const double weight = weights ? weights[items->groups ? items->groups[i] : i] : 1;
        m->all.items += weight;
        m->all.loss += weight * m->loss[i];
        m->all.brier += weight * m->brier[i];
        m->all.off[m->bin[i]] += weight * m->off[i];
    }
}

static double calibration_error(const sums *all)
{
    double sum = 0;
    for (size_t b = 0; b < EPO_RELIABILITY_BINS; b++) sum += fabs(all->off[b]);
    return all->items > 0 ? sum / all->items : NAN;
}

/* Of one class against the rest. A class without items has no measure, and is in no mean. */
static double value_against(const epo__measures *m, const against *a, epo_measure measure)
{
    const bool given = !isnan(a->threshold);
    if (!(a->measured.positives > 0) && measure != EPO_MEASURE_FPR && !m->items->real) return NAN;
    switch (measure) {
    case EPO_MEASURE_MAX_F1:
        return a->measured.max_f1;
    case EPO_MEASURE_AUC:
        return a->measured.auc;
    case EPO_MEASURE_AVERAGE_PRECISION:
        return a->measured.average_precision;
    case EPO_MEASURE_FPR_AT_MDR:
        return a->measured.fpr;
    case EPO_MEASURE_F1:
        return given ? a->point.f1 : NAN;
    case EPO_MEASURE_MCC:
        return given ? a->point.mcc : NAN;
    case EPO_MEASURE_MDR:
        return given ? a->point.mdr : NAN;
    case EPO_MEASURE_FPR:
        return given ? a->point.fpr : NAN;
    case EPO_MEASURE_G_MEAN:
        return given ? a->point.g_mean : NAN;
    case EPO_MEASURE_CLEANLINESS:
        return given ? epo_cleanliness(a->point.tpr, a->point.fpr, m->prevalence) : NAN;
    default:
        return NAN;
    }
}

static double value_of_all(const epo__measures *m, epo_measure measure)
{
    const size_t classes = m->items->classes;
    switch (measure) {
    case EPO_MEASURE_ACCURACY:
        return epo__accuracy(m->cells, classes);
    case EPO_MEASURE_BALANCED_ACCURACY:
        return epo__balanced_accuracy(m->cells, classes);
    case EPO_MEASURE_MCC:
        return epo__mcc(m->cells, classes);
    case EPO_MEASURE_LOG_LOSS:
        return m->all.items > 0 ? m->all.loss / m->all.items : NAN;
    case EPO_MEASURE_BRIER:
        return m->all.items > 0 ? m->all.brier / m->all.items : NAN;
    case EPO_MEASURE_ECE:
        return calibration_error(&m->all);
    default:
        return NAN;
    }
}

static bool is_mean(epo_measure measure)
{
    return measure == EPO_MEASURE_MEAN_MAX_F1 || measure == EPO_MEASURE_MEAN_AUC ||
           measure == EPO_MEASURE_MEAN_AVERAGE_PRECISION || measure == EPO_MEASURE_MEAN_F1;
}

/* A mean stands behind the values of the classes. */
static double value_of(const epo__measures *m, const double *row, size_t column)
{
    const epo_measurement *c = &m->columns[column];
    double mean, sd;
    if (is_mean(c->measure)) {
        epo__mean_sd(row + column - m->class_count, m->class_count, &mean, &sd);
        return mean;
    }
    if (m->items->real) {
        const double value = value_against(m, &m->classes[0], c->measure);
        const bool of_all = c->measure == EPO_MEASURE_ACCURACY || c->measure == EPO_MEASURE_BALANCED_ACCURACY ||
                            c->measure == EPO_MEASURE_LOG_LOSS || c->measure == EPO_MEASURE_BRIER ||
                            c->measure == EPO_MEASURE_ECE;
        return of_all ? value_of_all(m, c->measure) : value;
    }
    return c->class_index < 0 ? value_of_all(m, c->measure) : value_against(m, &m->classes[c->class_index], c->measure);
}

bool epo__measures_take(epo__measures *m, const uint32_t *weights, double *row)
{
    const epo__labelled *items = m->items;
    for (size_t c = 0; c < m->class_count; c++) {
        against *a = &m->classes[c];
        epo__ranking_measure(&a->ranking, weights, m->mdr, &a->measured);
        if (m->there[a->label] && !(a->measured.positives > 0)) return false;
        if (items->real && m->there[0] && !(a->measured.negatives > 0)) return false;
        measure_at_threshold(a, weights);
    }
    epo__confusion(items->truth, m->called, items->count, items->classes, items->groups, weights, m->cells);
    add_up(m, weights);
    for (size_t i = 0; i < m->column_count; i++) row[i] = value_of(m, row, i);
    return true;
}

const epo_measurement *epo__measures_columns(const epo__measures *m, size_t *count)
{
    *count = m->column_count;
    return m->columns;
}

double epo__measures_best_threshold(const epo__measures *m, int class_index)
{
    return m->classes[m->items->real ? 0 : class_index].measured.threshold;
}

const double *epo__measures_confusion(const epo__measures *m)
{
    return m->cells;
}

const size_t *epo__measures_there(const epo__measures *m)
{
    return m->there;
}

double epo__measures_sd(const epo__measures *m, const double *row, size_t column)
{
    double mean, sd = NAN;
    if (is_mean(m->columns[column].measure)) epo__mean_sd(row + column - m->class_count, m->class_count, &mean, &sd);
    return sd;
}
