/* SPDX-License-Identifier: BSD-3-Clause
 * calibration.c - log loss, Brier score and reliability. */
#include "metrics/calibration.h"

#include <math.h>

static double kept(double p)
{
    return fmin(fmax(p, EPO__PROBABILITY_FLOOR), 1 - EPO__PROBABILITY_FLOOR);
}

double epo__log_loss(const double *p, size_t classes, int truth)
{
    double sum = 0;
    for (size_t k = 0; k < classes; k++) sum += kept(p[k]);
    return -log(kept(p[truth]) / sum);
}

double epo__brier(const double *p, size_t classes, int truth)
{
    double sum = 0;
    for (size_t k = 0; k < classes; k++) {
        const double off = p[k] - (k == (size_t)truth);
        sum += off * off;
    }
    return sum;
}

/* As numpy's linspace: multiples of the step, so that scikit-learn puts the same scores into the same bins. */
void epo__bin_edges_even(size_t bins, double *edges)
{
    const double step = 1 / (double)bins;
    for (size_t i = 0; i < bins; i++) edges[i] = (double)i * step;
    edges[bins] = 1;
}

/* Whole numbers say between which scores an edge lies: a quantile that is a score must be that score exactly, or it
 * would fall to either side by rounding. */
void epo__bin_edges_quantile(const double *sorted, size_t count, size_t bins, double *edges)
{
    for (size_t i = 0; i <= bins; i++) {
        const size_t below = (count - 1) / bins * i + (count - 1) % bins * i / bins;
        const double part = (double)((count - 1) % bins * i % bins) / (double)bins;
        edges[i] = part > 0 ? sorted[below] + part * (sorted[below + 1] - sorted[below]) : sorted[below];
    }
}

size_t epo__bin_of(const double *edges, size_t bins, double score)
{
    size_t low = 0, high = bins - 1; /* of the inner edges 1 .. bins - 1, how many are below the score */
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (edges[middle + 1] < score)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void epo__reliability(const double *scores, const bool *right, size_t count, const double *edges, size_t bins,
                      epo_reliability_bin *out)
{
    for (size_t b = 0; b < bins; b++) out[b] = (epo_reliability_bin){.low = edges[b], .high = edges[b + 1]};
    for (size_t i = 0; i < count; i++) {
        epo_reliability_bin *bin = &out[epo__bin_of(edges, bins, scores[i])];
        bin->count++;
        bin->score += scores[i];
        bin->share += right[i];
    }
    for (size_t b = 0; b < bins; b++) {
        const double items = (double)out[b].count;
        out[b].score = out[b].count ? out[b].score / items : NAN;
        out[b].share = out[b].count ? out[b].share / items : NAN;
    }
}

double epo__ece(const epo_reliability_bin *bins, size_t count)
{
    double sum = 0, all = 0;
    for (size_t b = 0; b < count; b++) {
        if (bins[b].count == 0) continue;
        sum += (double)bins[b].count * fabs(bins[b].score - bins[b].share);
        all += (double)bins[b].count;
    }
    return all > 0 ? sum / all : NAN;
}
