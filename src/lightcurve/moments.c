/* SPDX-License-Identifier: BSD-3-Clause
 * moments.c - features of the magnitudes' spread: range, moments, the share beyond one standard deviation. */
#include <math.h>

#include "lightcurve/measured.h"

double epo__f_half_range(const epo__measured *c, double unused)
{
    (void)unused;
    return (c->sorted[c->n - 1] - c->sorted[0]) / 2;
}

double epo__f_std(const epo__measured *c, double freedom)
{
    return sqrt(c->sum2 / ((double)c->n - freedom));
}

static double share_beyond(const epo__measured *c, double centre, double distance)
{
    size_t count = 0;
    for (size_t i = 0; i < c->n; i++) count += fabs(c->points[i].mag - centre) > distance;
    return (double)count / (double)c->n;
}

double epo__f_beyond_mantra(const epo__measured *c, double unused)
{
    (void)unused;
    if (!c->errors) return NAN;
    if (c->constant) return 0; /* the weighted mean may be off by a rounding, and the deviation is 0 */
    return share_beyond(c, c->by_error, epo__f_std(c, 1));
}

double epo__f_beyond_richards(const epo__measured *c, double unused)
{
    (void)unused;
    if (!c->errors) return NAN;
    if (c->constant) return 0;
    const double n = (double)c->n, shift = c->by_square - c->mean;
    return share_beyond(c, c->by_square, sqrt((c->sum2 + n * shift * shift) / (n - 1)));
}

/* The corrected ones are 0 for a constant curve, as pandas has them; the plain ones are 0/0. */
double epo__f_kurtosis_corrected(const epo__measured *c, double unused)
{
    (void)unused;
    const double n = (double)c->n;
    if (c->constant) return 0;
    return n * (n + 1) * (n - 1) * c->sum4 / (c->sum2 * c->sum2 * (n - 2) * (n - 3)) -
           3 * (n - 1) * (n - 1) / ((n - 2) * (n - 3));
}

double epo__f_skew_corrected(const epo__measured *c, double unused)
{
    (void)unused;
    const double n = (double)c->n;
    if (c->constant) return 0;
    return n * sqrt(n - 1) / (n - 2) * c->sum3 / (c->sum2 * sqrt(c->sum2));
}

double epo__f_kurtosis_plain(const epo__measured *c, double unused)
{
    (void)unused;
    return c->constant ? (double)NAN : (double)c->n * c->sum4 / (c->sum2 * c->sum2) - 3;
}

double epo__f_skew_plain(const epo__measured *c, double unused)
{
    (void)unused;
    return c->constant ? (double)NAN : sqrt((double)c->n) * c->sum3 / (c->sum2 * sqrt(c->sum2));
}

/* Their code takes the fourth power of the sum of z in place of the sum of fourth powers; that sum is 0. */
double epo__f_small_kurtosis_mantra(const epo__measured *c, double unused)
{
    (void)unused;
    const double n = (double)c->n;
    return -3 * (n - 1) * (n - 1) / ((n - 2) * (n - 3));
}

double epo__f_small_kurtosis_richards(const epo__measured *c, double unused)
{
    return c->constant ? (double)NAN : epo__f_kurtosis_corrected(c, unused);
}

double epo__f_deviation_mean(const epo__measured *c, double unused)
{
    (void)unused;
    double sum = 0;
    if (c->constant) return 0;
    for (size_t i = 0; i < c->n; i++) sum += fabs(c->points[i].mag - c->mean);
    return sum / (double)c->n;
}
