/* SPDX-License-Identifier: BSD-3-Clause
 * temperature.c - temperature scaling.
 *
 * With z = log p and b = 1/T an item's loss is log sum_k exp(b z_k) - b z_truth. Its derivative in b is E[z] - z_truth
 * under the tempered probabilities, and its second one their variance: the mean loss is convex, and its derivative has
 * at most one root, which lies between two values of b where the signs differ. */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "metrics/calibration.h"

enum { STEPS_MAX = 200 };

typedef struct fit {
    const double *z; /* count x classes logarithms */
    const int *truth;
    size_t count, classes;
} fit;

/* NaN stays NaN. */
static double log_of(double p)
{
    return log(p < EPO__PROBABILITY_FLOOR ? EPO__PROBABILITY_FLOOR : p);
}

void epo_temper(double temperature, double *p, size_t count)
{
    double highest = -(double)INFINITY, sum = 0;
    if (temperature == 1) return;
    for (size_t k = 0; k < count; k++) {
        p[k] = log_of(p[k]) / temperature;
        highest = fmax(highest, p[k]);
    }
    for (size_t k = 0; k < count; k++) sum += p[k] = exp(p[k] - highest);
    for (size_t k = 0; k < count; k++) p[k] /= sum;
}

/* First and second derivative of the mean loss in b. */
static void slopes(const fit *f, double b, double *first, double *second)
{
    *first = *second = 0;
    for (size_t i = 0; i < f->count; i++) {
        const double *z = f->z + i * f->classes;
        double highest = -(double)INFINITY, sum = 0, mean = 0, square = 0;
        for (size_t k = 0; k < f->classes; k++) highest = fmax(highest, z[k]);
        for (size_t k = 0; k < f->classes; k++) {
            const double w = exp(b * (z[k] - highest)),
                         d = z[k] - highest; /* from the highest, so that squares stay exact */
            sum += w;
            mean += w * d;
            square += w * d * d;
        }
        mean /= sum;
        *first += mean - (z[f->truth[i]] - highest);
        *second += square / sum - mean * mean;
    }
    *first /= (double)f->count;
    *second /= (double)f->count;
}

static double find_root(const fit *f, bool *at_limit)
{
    double low = 1 / EPO_TEMPERATURE_MAX, high = 1 / EPO_TEMPERATURE_MIN, b = 1, first, second, at_low, at_high;
    slopes(f, low, &at_low, &second);
    slopes(f, high, &at_high, &second);
    *at_limit = (at_low >= 0) != (at_high <= 0);
    if (at_low >= 0 && at_high <= 0) return 1; /* the same at every temperature */
    if (at_low >= 0) return low;
    if (at_high <= 0) return high;
    for (int step = 0; step < STEPS_MAX && high - low > 1e-15 * high; step++) {
        slopes(f, b, &first, &second);
        if (first == 0) break;
        if (first < 0)
            low = b;
        else
            high = b;
        const double newton = second > 0 ? b - first / second : low;
        const double next = newton > low && newton < high ? newton : low + (high - low) / 2;
        if (next == b || fabs(next - b) < 1e-15 * b) break;
        b = next;
    }
    return b;
}

static epo_status mean_losses(const double *p, const fit *f, epo_calibration *out)
{
    double *row = epo__alloc(f->classes, sizeof *row);
    if (!row) return epo__nomem("probabilities");
    for (size_t i = 0; i < f->count; i++) {
        for (size_t k = 0; k < f->classes; k++) row[k] = p[i * f->classes + k];
        out->log_loss_before += epo__log_loss(row, f->classes, f->truth[i]) / (double)f->count;
        epo_temper(out->temperature, row, f->classes);
        out->log_loss_after += epo__log_loss(row, f->classes, f->truth[i]) / (double)f->count;
    }
    free(row);
    return EPO_OK;
}

epo_status epo__temperature_fit(const double *p, const int *truth, size_t count, size_t classes, epo_calibration *out)
{
    *out = (epo_calibration){.temperature = 1, .count = (int64_t)count};
    if (count == 0) return epo__fail(EPO_EARG, "no scores to fit a temperature to");
    for (size_t i = 0; i < count * classes; i++)
        if (!(p[i] >= 0 && p[i] <= 1)) return epo__fail(EPO_EARG, "score %zu is no probability: %g", i / classes, p[i]);
    double *z = epo__alloc(epo__product(count, classes), sizeof *z);
    if (!z) return epo__nomem("logits");
    for (size_t i = 0; i < count * classes; i++) z[i] = log_of(p[i]);
    const fit f = {z, truth, count, classes};
    out->temperature = 1 / find_root(&f, &out->at_limit);
    epo_status status = mean_losses(p, &f, out);
    free(z);
    return status;
}
