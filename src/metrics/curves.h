/* SPDX-License-Identifier: BSD-3-Clause
 * curves.h - one class against the rest at every threshold; what the points hold, and the cases without an answer,
 * stands in epochal/curves.h. */
#ifndef EPO_METRICS_CURVES_H
#define EPO_METRICS_CURVES_H

#include "epochal/curves.h"
#include "metrics/ranking.h"

/* Every member but the threshold, from the four counts. */
void epo__rates(double tp, double fp, double positives, double negatives, epo_curve_point *out);

/* The caller frees *out with epo_curve_free, also after a failure. */
epo_status epo__curve_of(const epo__ranking *ranking, epo_curve *out);

#endif
