/* SPDX-License-Identifier: BSD-3-Clause
 * stetson.c - Stetson's (1996) variability indices J and K. */
#include <math.h>

#include "lightcurve/measured.h"

/* sqrt(n/(n-1)) (m - centre)/e */
static double residual(const epo__measured *c, size_t i, double centre)
{
    const double n = (double)c->n;
    return sqrt(n / (n - 1)) * (c->points[i].mag - centre) / c->points[i].err;
}

/* Pairs are neighbours in time. */
static double index_j(const epo__measured *c, double centre)
{
    double sum = 0;
    if (!c->errors) return NAN;
    if (c->constant) return 0;
    for (size_t i = 1; i < c->n; i++) {
        const double product = residual(c, i, centre) * residual(c, i - 1, centre);
        sum += copysign(sqrt(fabs(product)), product);
    }
    return sum / (double)(c->n - 1);
}

static double index_k(const epo__measured *c, double centre)
{
    double sum = 0, squares = 0;
    if (!c->errors || c->constant) return NAN;
    for (size_t i = 0; i < c->n; i++) {
        const double r = residual(c, i, centre);
        sum += fabs(r);
        squares += r * r;
    }
    return sum / (double)c->n / sqrt(squares / (double)c->n);
}

double epo__f_stetson_j_mantra(const epo__measured *c, double unused)
{
    (void)unused;
    return index_j(c, c->mean);
}

double epo__f_stetson_j_richards(const epo__measured *c, double unused)
{
    (void)unused;
    return index_j(c, c->by_square);
}

double epo__f_stetson_k_mantra(const epo__measured *c, double unused)
{
    (void)unused;
    return index_k(c, c->mean);
}

double epo__f_stetson_k_richards(const epo__measured *c, double unused)
{
    (void)unused;
    return index_k(c, c->by_square);
}
