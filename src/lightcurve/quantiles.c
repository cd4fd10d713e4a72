/* SPDX-License-Identifier: BSD-3-Clause
 * quantiles.c - features from the order of magnitudes and fluxes. */
#include <math.h>

#include "lightcurve/measured.h"

static double flux_at(const epo__measured *c, double q)
{
    return epo__ordered_quantile(c->flux, c->n, q);
}

/* A division by zero gives no number here; the caller takes what is not finite as missing. */
double epo__f_flux_ratio(const epo__measured *c, double upper)
{
    return (flux_at(c, upper) - flux_at(c, 1 - upper)) / (flux_at(c, 0.95) - flux_at(c, 0.05));
}

double epo__f_percent_difference(const epo__measured *c, double lower)
{
    return (flux_at(c, 0.95) - flux_at(c, lower)) / flux_at(c, 0.5);
}

static double largest_share(const double *ascending, size_t n)
{
    const double median = epo__ordered_quantile(ascending, n, 0.5);
    return fmax(fabs(ascending[n - 1] - median), fabs(ascending[0] - median)) / median;
}

double epo__f_percent_amplitude_flux(const epo__measured *c, double unused)
{
    (void)unused;
    return largest_share(c->flux, c->n);
}

double epo__f_percent_amplitude_mag(const epo__measured *c, double unused)
{
    (void)unused;
    return largest_share(c->sorted, c->n);
}

static double share_within(const double *ascending, size_t n, double median, double distance)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) count += fabs(ascending[i] - median) < distance;
    return (double)count / (double)n;
}

double epo__f_buffer_mantra(const epo__measured *c, double unused)
{
    (void)unused;
    const double median = flux_at(c, 0.5);
    return isfinite(median) && median > 0 ? share_within(c->flux, c->n, median, 0.1 * median) : (double)NAN;
}

double epo__f_buffer_richards(const epo__measured *c, double unused)
{
    (void)unused;
    if (c->constant) return NAN; /* a range of nothing */
    return share_within(c->sorted, c->n, epo__ordered_quantile(c->sorted, c->n, 0.5),
                        (c->sorted[c->n - 1] - c->sorted[0]) / 10);
}

/* The k-th smallest deviation from the median lies on one of its two sides: both are sorted, so they are merged
 * outwards from the middle, without another sort. */
double epo__f_deviation_median(const epo__measured *c, double unused)
{
    (void)unused;
    const double median = epo__ordered_quantile(c->sorted, c->n, 0.5);
    size_t right = c->n / 2, left = right; /* sorted[left - 1] and sorted[right] are the next on their sides */
    double before = 0, last = 0;
    for (size_t taken = 0; taken <= c->n / 2; taken++) {
        const double up = right < c->n ? fabs(c->sorted[right] - median) : (double)INFINITY;
        const double down = left > 0 ? fabs(median - c->sorted[left - 1]) : (double)INFINITY;
        before = last;
        if (up <= down)
            last = up, right++;
        else
            last = down, left--;
    }
    return c->n % 2 ? last : (before + last) / 2;
}
