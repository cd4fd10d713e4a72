/* SPDX-License-Identifier: BSD-3-Clause
 * slopes.c - features of the differences from point to point. */
#include <math.h>

#include "lightcurve/measured.h"

double epo__f_max_slope(const epo__measured *c, double units_a_day)
{
    double largest = 0;
    for (size_t i = 1; i < c->n; i++) {
        const double days = c->points[i].mjd - c->points[i - 1].mjd;
        largest = fmax(largest, fabs(c->points[i].mag - c->points[i - 1].mag) / (days * units_a_day));
    }
    return largest;
}

typedef struct trend {
    size_t up, down;
} trend;

/* Over the last `pairs` pairs of neighbours. Magnitudes that grow are "up". */
static trend count_slopes(const epo__measured *c, size_t pairs)
{
    trend t = {0};
    for (size_t i = pairs < c->n ? c->n - pairs : 1; i < c->n; i++) {
        t.up += c->points[i].mag > c->points[i - 1].mag;
        t.down += c->points[i].mag < c->points[i - 1].mag;
    }
    return t;
}

double epo__f_trend_mantra(const epo__measured *c, double unused)
{
    (void)unused;
    return (double)count_slopes(c, c->n).up / (double)c->n;
}

double epo__f_trend_richards(const epo__measured *c, double unused)
{
    (void)unused;
    return (double)count_slopes(c, c->n).up / (double)(c->n - 1);
}

double epo__f_last30_mantra(const epo__measured *c, double unused)
{
    (void)unused;
    return (double)count_slopes(c, 30).up / 30;
}

double epo__f_last30_richards(const epo__measured *c, double unused)
{
    (void)unused;
    const trend t = count_slopes(c, 29); /* of the last 30 points */
    return ((double)t.up - (double)t.down) / 30;
}
