/* SPDX-License-Identifier: BSD-3-Clause
 * calibration.h - what probabilities are worth: log loss, Brier score, reliability, and the temperature that makes the
 * log loss least. */
#ifndef EPO_METRICS_CALIBRATION_H
#define EPO_METRICS_CALIBRATION_H

#include "epochal/calibrate.h"
#include "epochal/curves.h"

/* Below this a probability counts as this much (and above 1 minus it, as that), in log loss and temperatures. */
#define EPO__PROBABILITY_FLOOR 0x1p-52

/* Of one item: -log of the true class's share, all probabilities kept within the floor; sum_k (p_k - y_k)^2. */
double epo__log_loss(const double *probabilities, size_t classes, int truth);
double epo__brier(const double *probabilities, size_t classes, int truth);

/* Edges of `bins` bins, bins + 1 of them: of equal width on 0..1, or at quantiles of `count` ascending scores (1 or
 * more). */
void epo__bin_edges_even(size_t bins, double *edges);
void epo__bin_edges_quantile(const double *sorted, size_t count, size_t bins, double *edges);

/* The bin of a score: edges[bin] < score <= edges[bin + 1]; the first and last take what lies beyond. */
size_t epo__bin_of(const double *edges, size_t bins, double score);

/* Counts, means and shares of items whose score and truth are given, over the edges. */
void epo__reliability(const double *scores, const bool *right, size_t count, const double *edges, size_t bins,
                      epo_reliability_bin *out);
double epo__ece(const epo_reliability_bin *bins, size_t count);

/* The temperature with the least mean log loss of count x classes probabilities, by safeguarded Newton steps in 1/T, in
 * which the loss is convex. Log loss is all that it fills of *out beside temperature and at_limit: of the probabilities
 * as they are, and tempered. A set whose loss no temperature changes (all probabilities of an item alike) has T = 1.
 * EPO_EARG: no item, or one that is no probability. */
epo_status epo__temperature_fit(const double *probabilities, const int *truth, size_t count, size_t classes,
                                epo_calibration *out);

#endif
