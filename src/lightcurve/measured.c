/* SPDX-License-Identifier: BSD-3-Clause
 * measured.c - what several features of a curve need, measured once. */
#include "lightcurve/measured.h"

#include <math.h>
#include <stdlib.h>

#include "base/order.h"

double epo__ordered_quantile(const double *values, size_t n, double q)
{
    const double place = q * (double)(n - 1);
    const size_t below = (size_t)place;
    if (below + 1 >= n) return values[n - 1];
    return values[below] + (place - (double)below) * (values[below + 1] - values[below]);
}

/* Differences from the first magnitude are exact where it matters: a constant curve has sums of exactly 0, and the
 * mean's rounding at 17 mag does not come into deviations of hundredths. */
static void take_moments(epo__measured *c)
{
    const double first = c->points[0].mag;
    double sum = 0;
    for (size_t i = 0; i < c->n; i++) sum += c->points[i].mag - first;
    const double offset = sum / (double)c->n;
    c->mean = first + offset;
    for (size_t i = 0; i < c->n; i++) {
        const double d = (c->points[i].mag - first) - offset, d2 = d * d;
        c->sum2 += d2;
        c->sum3 += d2 * d;
        c->sum4 += d2 * d2;
    }
}

static void take_weighted_means(epo__measured *c)
{
    double w1 = 0, w2 = 0, m1 = 0, m2 = 0;
    c->errors = true;
    for (size_t i = 0; i < c->n; i++) {
        const epo__curve_point *p = &c->points[i];
        if (!(p->err > 0) || !isfinite(p->err)) c->errors = false;
        const double weight = 1 / p->err, difference = p->mag - c->points[0].mag;
        w1 += weight;
        m1 += weight * difference;
        w2 += weight * weight;
        m2 += weight * weight * difference;
    }
    c->by_error = c->errors ? c->points[0].mag + m1 / w1 : (double)NAN;
    c->by_square = c->errors ? c->points[0].mag + m2 / w2 : (double)NAN;
}

void epo__measure(epo__measured *c, double scale, double *sorted, double *flux)
{
    for (size_t i = 0; i < c->n; i++) sorted[i] = c->points[i].mag;
    qsort(sorted, c->n, sizeof *sorted, epo__by_double);
    /* bright is a small magnitude and a large flux */
    for (size_t i = 0; i < c->n; i++) flux[i] = pow(10, -scale * sorted[c->n - 1 - i]);
    c->sorted = sorted;
    c->flux = flux;
    c->constant = sorted[0] == sorted[c->n - 1];
    c->sum2 = c->sum3 = c->sum4 = 0;
    take_moments(c);
    take_weighted_means(c);
}
