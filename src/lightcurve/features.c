/* SPDX-License-Identifier: BSD-3-Clause
 * features.c - the table of the features, and one curve's row of them.
 *
 * Columns stand in alphabetical order, as in the published tables. "code" is the code behind those tables. */
#include "lightcurve/features.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "lightcurve/measured.h"

typedef struct definition {
    int least; /* points */
    const char *unit, *formula, *source;
    epo__feature_fn of;
    double parameter;
} definition;

typedef struct feature {
    const char *name;
    definition by[EPO_FEATURES_DEFINITIONS];
} feature;

#define CODE "code of MANTRA"
#define RICHARDS "Richards et al. 2011"
#define FATS "FATS (Nun et al. 2015)"
#define MOMENTS "moment coefficient, as FATS has skew"
#define STETSON "Stetson 1996, as in FATS"
#define THESIS "thesis behind MANTRA"

#define FLUX_RATIO(percent, upper, upper_text, lower_text)                                                           \
    {                                                                                                                \
        "flux_percentile_ratio_mid" percent,                                                                         \
        {                                                                                                            \
            {2, "1", "(Q" upper_text " - Q" lower_text ")/(Q95 - Q5), f = 10^(-m)", CODE, epo__f_flux_ratio, upper}, \
            {                                                                                                        \
                2, "1", "(Q" upper_text " - Q" lower_text ")/(Q95 - Q5), f = 10^(-0.4 m)", RICHARDS,                 \
                    epo__f_flux_ratio, upper                                                                         \
            }                                                                                                        \
        }                                                                                                            \
    }

#define POLYNOMIAL(degree, letter, power)                                                                            \
    {                                                                                                                \
        "poly" #degree "_" letter,                                                                                   \
        {                                                                                                            \
            {degree + 1,                                                                                             \
             "mag",                                                                                                  \
             "least squares, degree " #degree ": coefficient of x^" #power ", x = (t - t_first)/(t_last - t_first)", \
             CODE,                                                                                                   \
             epo__f_polynomial,                                                                                      \
             10 * degree + power},                                                                                   \
            {                                                                                                        \
                degree + 1, "mag/d^" #power,                                                                         \
                    "least squares, degree " #degree ": coefficient of x^" #power ", x = t - mean(t)", THESIS,       \
                    epo__f_polynomial, 10 * degree + power                                                           \
            }                                                                                                        \
        }                                                                                                            \
    }

static const feature features[] = {
    {"amplitude",
     {{1, "mag", "(max m - min m)/2", CODE, epo__f_half_range, 0},
      {1, "mag", "(max m - min m)/2", RICHARDS, epo__f_half_range, 0}}},
    {"beyond1st",
     {{2, "1", "share of |m - mean_w| > s, w = 1/e, s = std", CODE, epo__f_beyond_mantra, 0},
      {2, "1", "share of |m - mean_w| > s, w = 1/e^2, s^2 = sum (m - mean_w)^2/(n - 1)", FATS, epo__f_beyond_richards,
       0}}},
    FLUX_RATIO("20", 0.6, "60", "40"),
    FLUX_RATIO("35", 0.675, "67.5", "32.5"),
    FLUX_RATIO("50", 0.75, "75", "25"),
    FLUX_RATIO("65", 0.825, "82.5", "17.5"),
    FLUX_RATIO("80", 0.9, "90", "10"),
    {"kurtosis",
     {{4, "1", "G2 = n(n+1)/((n-1)(n-2)(n-3)) sum z^4 - 3(n-1)^2/((n-2)(n-3)), z = (m - mean)/std; 0 for a constant",
       CODE, epo__f_kurtosis_corrected, 0},
      {2, "1", "g2 = m4/m2^2 - 3, m_k = mean (m - mean)^k", MOMENTS, epo__f_kurtosis_plain, 0}}},
    {"max_slope",
     {{2, "mag/h", "max |dm/dt| of neighbours in time", CODE, epo__f_max_slope, 24},
      {2, "mag/d", "max |dm/dt| of neighbours in time", FATS, epo__f_max_slope, 1}}},
    {"median_absolute_deviation",
     {{1, "mag", "mean |m - mean|", CODE, epo__f_deviation_mean, 0},
      {1, "mag", "median |m - median|", RICHARDS, epo__f_deviation_median, 0}}},
    {"median_buffer_range_percentage",
     {{1, "1", "share of |f - median| < 0.1 median, f = 10^(-m)", CODE, epo__f_buffer_mantra, 0},
      {2, "1", "share of |m - median| < (max m - min m)/10", FATS, epo__f_buffer_richards, 0}}},
    {"pair_slope_trend",
     {{1, "1", "#(dm > 0)/n", CODE, epo__f_trend_mantra, 0},
      {2, "1", "#(dm > 0)/(n - 1)", RICHARDS, epo__f_trend_richards, 0}}},
    {"pair_slope_trend_last_30",
     {{1, "1", "#(dm > 0 in the last 30 pairs)/30", CODE, epo__f_last30_mantra, 0},
      {2, "1", "(#(dm > 0) - #(dm < 0))/30 in the last 30 points", FATS, epo__f_last30_richards, 0}}},
    {"percent_amplitude",
     {{1, "1", "max |f - median|/median, f = 10^(-m)", CODE, epo__f_percent_amplitude_flux, 0},
      {1, "1", "max |m - median|/median", FATS, epo__f_percent_amplitude_mag, 0}}},
    {"percent_difference_flux_percentile",
     {{1, "1", "(Q95 - Q50)/median, f = 10^(-m)", CODE, epo__f_percent_difference, 0.5},
      {1, "1", "(Q95 - Q5)/median, f = 10^(-0.4 m)", FATS, epo__f_percent_difference, 0.05}}},
    POLYNOMIAL(1, "a", 1),
    POLYNOMIAL(2, "a", 2),
    POLYNOMIAL(2, "b", 1),
    POLYNOMIAL(3, "a", 3),
    POLYNOMIAL(3, "b", 2),
    POLYNOMIAL(3, "c", 1),
    POLYNOMIAL(4, "a", 4),
    POLYNOMIAL(4, "b", 3),
    POLYNOMIAL(4, "c", 2),
    POLYNOMIAL(4, "d", 1),
    {"skew",
     {{3, "1", "G1 = n/((n-1)(n-2)) sum z^3, z = (m - mean)/std; 0 for a constant", CODE, epo__f_skew_corrected, 0},
      {2, "1", "g1 = m3/m2^1.5, m_k = mean (m - mean)^k", FATS, epo__f_skew_plain, 0}}},
    {"small_kurtosis",
     {{4, "1", "-3(n-1)^2/((n-2)(n-3)), what is left of (sum z)^4: the number of points in disguise", CODE,
       epo__f_small_kurtosis_mantra, 0},
      {4, "1", "n(n+1)/((n-1)(n-2)(n-3)) sum z^4 - 3(n-1)^2/((n-2)(n-3)), z = (m - mean)/std with n - 1", RICHARDS,
       epo__f_small_kurtosis_richards, 0}}},
    {"std",
     {{2, "mag", "sqrt(sum (m - mean)^2/(n - 1))", CODE, epo__f_std, 1},
      {1, "mag", "sqrt(sum (m - mean)^2/n)", FATS, epo__f_std, 0}}},
    {"stetson_j",
     {{2, "1", "sum sgn(P) sqrt|P|/(n - 1), P = r_i r_(i-1) of neighbours in time, r = sqrt(n/(n-1)) (m - mean)/e",
       CODE, epo__f_stetson_j_mantra, 0},
      {2, "1",
       "sum sgn(P) sqrt|P|/(n - 1), P = r_i r_(i-1) of neighbours in time, r = sqrt(n/(n-1)) (m - mean_w)/e, w = 1/e^2",
       STETSON, epo__f_stetson_j_richards, 0}}},
    {"stetson_k",
     {{2, "1", "mean |r|/sqrt(mean r^2), r = sqrt(n/(n-1)) (m - mean)/e", CODE, epo__f_stetson_k_mantra, 0},
      {2, "1", "mean |r|/sqrt(mean r^2), r = sqrt(n/(n-1)) (m - mean_w)/e, w = 1/e^2", STETSON,
       epo__f_stetson_k_richards, 0}}},
};
_Static_assert(sizeof features / sizeof *features == EPO_FEATURE_COUNT, "the header tells how many features there are");

const char *epo_feature_definition_name(size_t index)
{
    static const char *const names[EPO_FEATURES_DEFINITIONS] = {"mantra", "richards"};
    return index < EPO_FEATURES_DEFINITIONS ? names[index] : NULL;
}

bool epo_feature_at(epo_feature_definition which, size_t index, epo_feature_about *out)
{
    if (index >= EPO_FEATURE_COUNT || (unsigned)which >= EPO_FEATURES_DEFINITIONS) return false;
    const definition *d = &features[index].by[which];
    *out = (epo_feature_about){features[index].name, d->unit, d->formula, d->source, d->least};
    return true;
}

void epo__features_room_free(epo__features_room *room)
{
    free(room->numbers);
    *room = (epo__features_room){0};
}

epo_status epo__features_of(epo_feature_definition which, const epo__curve_point *points, size_t n,
                            epo__features_room *room, double *values, uint32_t *missing)
{
    epo__measured c = {.points = points, .n = n};
    if (n > 0) {
        const size_t fit_room = epo__polynomials_room(n);
        if (!epo__grow(&room->numbers, &room->count, epo__product(2, n) + fit_room, sizeof *room->numbers))
            return epo__nomem("features");
        epo__measure(&c, which == EPO_FEATURES_MANTRA ? 1 : 0.4, room->numbers, room->numbers + n);
        epo__polynomials_fit(which, points, n, room->numbers + 2 * n, &c.fits);
    }
    *missing = 0;
    for (size_t i = 0; i < EPO_FEATURE_COUNT; i++) {
        const definition *d = &features[i].by[which];
        values[i] = n >= (size_t)d->least ? d->of(&c, d->parameter) : (double)NAN;
        if (isfinite(values[i])) continue;
        values[i] = NAN;
        *missing |= UINT32_C(1) << i;
    }
    return EPO_OK;
}

epo_status epo_features_of_curve(epo_feature_definition which, size_t n, const double *mjd, const double *mag,
                                 const double *mag_err, double *values, uint32_t *missing, size_t *points)
{
    if ((unsigned)which >= EPO_FEATURES_DEFINITIONS)
        return epo__fail(EPO_EARG, "no definition %d of features", (int)which);
    if (n == 0) return epo__fail(EPO_EARG, "a light curve without points");
    for (size_t i = 0; i < n; i++)
        if (!isfinite(mjd[i]) || !isfinite(mag[i]))
            return epo__fail(EPO_EARG, "point %zu: time or magnitude is not finite", i);
    epo__features_room room = {0};
    epo__curve_point *curve = epo__alloc(n, sizeof *curve);
    if (!curve) return epo__nomem("light curve");
    for (size_t i = 0; i < n; i++)
        curve[i] = (epo__curve_point){.mjd = mjd[i], .mag = mag[i], .err = mag_err ? mag_err[i] : (double)NAN};
    *points = epo__curve_prepare(curve, n);
    epo_status status = epo__features_of(which, curve, *points, &room, values, missing);
    epo__features_room_free(&room);
    free(curve);
    return status;
}
