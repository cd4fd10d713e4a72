/* SPDX-License-Identifier: BSD-3-Clause
 * curves.c - one class against the rest at every threshold. */
#include "metrics/curves.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"

void epo__rates(double tp, double fp, double positives, double negatives, epo_curve_point *out)
{
    const double fn = positives - tp, tn = negatives - fp;
    out->tp = tp;
    out->fp = fp;
    out->tpr = positives > 0 ? tp / positives : NAN;
    out->mdr = positives > 0 ? fn / positives : NAN;
    out->fpr = negatives > 0 ? fp / negatives : NAN;
    out->precision = tp + fp > 0 ? tp / (tp + fp) : 1;
    out->f1 = positives > 0 ? 2 * tp / (positives + tp + fp) : NAN;
    out->g_mean = sqrt(out->tpr * (1 - out->fpr));
    const double sides = sqrt(tp + fp) * sqrt(positives) * sqrt(negatives) * sqrt(tn + fn);
    if (!(positives + negatives > 0))
        out->mcc = NAN;
    else
        out->mcc = sides > 0 ? (tp * tn - fp * fn) / sides : 0;
}

epo_status epo__curve_of(const epo__ranking *r, epo_curve *out)
{
    epo__ranking_measures m;
    size_t thresholds = 0;
    epo__ranking_measure(r, NULL, 0, &m);
    *out = (epo_curve){.positives = m.positives,
                       .negatives = m.negatives,
                       .auc = m.auc,
                       .average_precision = m.average_precision};
    for (size_t i = 0; i < r->count; i++) thresholds += r->items[i].last;
    out->points = epo__alloc(thresholds + 1, sizeof *out->points);
    if (!out->points) return epo__nomem("curve");
    double tp = 0, fp = 0;
    out->points[0].threshold = (double)INFINITY;
    epo__rates(0, 0, m.positives, m.negatives, &out->points[0]);
    out->count = 1;
    for (size_t i = 0; i < r->count; i++) {
        if (r->items[i].positive)
            tp++;
        else
            fp++;
        if (!r->items[i].last) continue;
        out->points[out->count].threshold = r->scores[i];
        epo__rates(tp, fp, m.positives, m.negatives, &out->points[out->count++]);
    }
    return EPO_OK;
}

void epo_curve_free(epo_curve *curve)
{
    free(curve->points);
    *curve = (epo_curve){0};
}

double epo_cleanliness(double tpr, double fpr, double prevalence)
{
    const double clean = prevalence * tpr, all = clean + (1 - prevalence) * fpr;
    return all > 0 ? clean / all : NAN;
}

double epo_curve_fpr_at_mdr(const epo_curve *curve, double mdr)
{
    for (size_t i = 0; i < curve->count; i++)
        if (curve->points[i].mdr <= mdr) return curve->points[i].fpr;
    return NAN;
}
