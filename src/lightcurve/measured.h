/* SPDX-License-Identifier: BSD-3-Clause
 * measured.h - private to this folder: what is measured once on a curve, and the functions of the features.
 *
 * A feature is a function of what was measured and of a parameter from its row in the table. It gives NaN where it is
 * not defined; it is not called with fewer points than its row says. */
#ifndef EPO_LIGHTCURVE_MEASURED_H
#define EPO_LIGHTCURVE_MEASURED_H

#include <stdbool.h>
#include <stddef.h>

#include "lightcurve/curve.h"
#include "lightcurve/polynomial.h"

typedef struct epo__measured {
    const epo__curve_point *points; /* by time, all times different */
    size_t n;
    const double *sorted;       /* magnitudes, ascending */
    const double *flux;         /* fluxes, ascending */
    bool constant;              /* all magnitudes are the same */
    double mean;                /* of the magnitudes */
    double sum2, sum3, sum4;    /* of (m - mean)^k */
    bool errors;                /* every point has one */
    double by_error, by_square; /* means weighted by 1/e and 1/e^2; NaN without errors */
    epo__polynomials fits;
} epo__measured;

typedef double (*epo__feature_fn)(const epo__measured *c, double parameter);

/* Fills sorted and flux (n each; flux is 10^(-scale m)), the moments and the weighted means. */
void epo__measure(epo__measured *c, double scale, double *sorted, double *flux);

/* Linear-interpolated quantile, 0 <= q <= 1, of n >= 1 ascending values. */
double epo__ordered_quantile(const double *ascending, size_t n, double q);

/* moments.c */
double epo__f_half_range(const epo__measured *c, double unused);
double epo__f_beyond_mantra(const epo__measured *c, double unused);
double epo__f_beyond_richards(const epo__measured *c, double unused);
double epo__f_kurtosis_corrected(const epo__measured *c, double unused);
double epo__f_kurtosis_plain(const epo__measured *c, double unused);
double epo__f_skew_corrected(const epo__measured *c, double unused);
double epo__f_skew_plain(const epo__measured *c, double unused);
double epo__f_small_kurtosis_mantra(const epo__measured *c, double unused);
double epo__f_small_kurtosis_richards(const epo__measured *c, double unused);
double epo__f_std(const epo__measured *c, double freedom); /* divides by n - freedom */
double epo__f_deviation_mean(const epo__measured *c, double unused);

/* quantiles.c */
double epo__f_flux_ratio(const epo__measured *c, double upper);
double epo__f_deviation_median(const epo__measured *c, double unused);
double epo__f_buffer_mantra(const epo__measured *c, double unused);
double epo__f_buffer_richards(const epo__measured *c, double unused);
double epo__f_percent_amplitude_flux(const epo__measured *c, double unused);
double epo__f_percent_amplitude_mag(const epo__measured *c, double unused);
double epo__f_percent_difference(const epo__measured *c, double lower); /* (Q95 - Q_lower) / median */

/* slopes.c */
double epo__f_max_slope(const epo__measured *c, double units_a_day);
double epo__f_trend_mantra(const epo__measured *c, double unused);
double epo__f_trend_richards(const epo__measured *c, double unused);
double epo__f_last30_mantra(const epo__measured *c, double unused);
double epo__f_last30_richards(const epo__measured *c, double unused);

/* stetson.c */
double epo__f_stetson_j_mantra(const epo__measured *c, double unused);
double epo__f_stetson_j_richards(const epo__measured *c, double unused);
double epo__f_stetson_k_mantra(const epo__measured *c, double unused);
double epo__f_stetson_k_richards(const epo__measured *c, double unused);

/* polynomial.c; the parameter is 10 * degree + power */
double epo__f_polynomial(const epo__measured *c, double degree_and_power);

#endif
