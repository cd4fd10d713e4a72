/* SPDX-License-Identifier: BSD-3-Clause
 * test_features.c - every feature of both definitions against numpy, scipy and exact fractions (fixtures/features.txt,
 * made by make_fixture.py), against closed formulas, and where there is no answer. */
#include "support/check.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <time.h>

#include "lightcurve/features.h"

enum { POINTS = 512 };

typedef struct row {
    double values[EPO_FEATURE_COUNT];
    uint32_t missing;
    size_t points;
} row;

static size_t column(const char *name)
{
    epo_feature_about about;
    for (size_t i = 0; epo_feature_at(EPO_FEATURES_MANTRA, i, &about); i++)
        if (strcmp(about.name, name) == 0) return i;
    fail_msg("no feature %s", name);
    return 0;
}

static row compute(epo_feature_definition definition, size_t n, const double *mjd, const double *mag, const double *err)
{
    row r;
    check_ok(epo_features_of_curve(definition, n, mjd, mag, err, r.values, &r.missing, &r.points));
    for (size_t i = 0; i < EPO_FEATURE_COUNT; i++) {
        /* a value is missing, or a number: nothing else reaches a forest */
        assert_int_equal(r.missing >> i & 1, !isfinite(r.values[i]));
        if (r.missing >> i & 1) assert_true(isnan(r.values[i]));
    }
    return r;
}

static double value(const row *r, const char *name)
{
    return r->values[column(name)];
}

static bool is_missing(const row *r, const char *name)
{
    return r->missing >> column(name) & 1;
}

static void expect(const row *r, const char *name, double expected)
{
    const double v = value(r, name);
    if (!(fabs(v - expected) <= 1e-12 * fmax(1, fabs(expected)))) fail_msg("%s is %.17g, not %.17g", name, v, expected);
}

/* --- fixture -------------------------------------------------------------------------------------------------------
 */

static char *next;

static const char *word(void)
{
    next += strspn(next, " \n");
    char *begin = next;
    next += strcspn(next, " \n");
    if (*next) *next++ = '\0';
    return begin;
}

static double number(void)
{
    return strtod(word(), NULL);
}

/* Polynomials of clustered points are ill-conditioned: the fixture's worst, visits, has a condition of about 1e3 in
 * powers of x in [0, 1], which leaves 12 digits; 1e-10 holds all of them. */
static double tolerance(const char *name)
{
    return strncmp(name, "poly", 4) == 0 ? 1e-10 : 1e-12;
}

static void check_row(const char *curve, epo_feature_definition definition, const row *r)
{
    epo_feature_about about;
    for (size_t i = 0; epo_feature_at(definition, i, &about); i++) {
        const double expected = number();
        const double scale = fmax(fabs(expected), strncmp(about.name, "poly", 4) == 0 ? 0 : 1e-3);
        if (isnan(expected) ? !isnan(r->values[i]) : !(fabs(r->values[i] - expected) <= tolerance(about.name) * scale))
            fail_msg("%s, %s of %s is %.17g, not %.17g", curve, about.name, epo_feature_definition_name(definition),
                     r->values[i], expected);
    }
}

static void test_fixture(void **state)
{
    (void)state;
    size_t size;
    int curves = 0;
    char *text = (char *)read_file("tests/lightcurve/fixtures/features.txt", &size);
    next = text;
    while (strcmp(word(), "curve") == 0) {
        static double mjd[POINTS], mag[POINTS], err[POINTS];
        const char *name = word();
        const size_t n = (size_t)number();
        assert_in_range(n, 1, POINTS);
        for (size_t i = 0; i < n; i++) {
            mjd[i] = number();
            mag[i] = number();
            err[i] = number();
        }
        for (int d = 0; d < EPO_FEATURES_DEFINITIONS; d++) {
            const row r = compute((epo_feature_definition)d, n, mjd, mag, err);
            assert_string_equal(word(), epo_feature_definition_name((size_t)d));
            check_row(name, (epo_feature_definition)d, &r);
        }
        curves++;
    }
    assert_int_equal(curves, 25);
    free(text);
}

/* --- closed formulas -------------------------------------------------------------------------------------------------
 */

static void test_ramp(void **state)
{
    /* m = 15 + i/10 at day 2 i, errors 0.1: n = 11, mean 15.5, sum of squares 1.1 */
    (void)state;
    double mjd[11], mag[11], err[11];
    for (int i = 0; i < 11; i++) {
        mjd[i] = 50000 + 2 * i;
        mag[i] = 15 + i / 10.0;
        err[i] = 0.1;
    }
    const row m = compute(EPO_FEATURES_MANTRA, 11, mjd, mag, err),
              r = compute(EPO_FEATURES_RICHARDS, 11, mjd, mag, err);
    assert_int_equal(m.missing, 0);
    assert_int_equal(r.missing, 0);
    expect(&m, "amplitude", 0.5);
    expect(&m, "max_slope", 0.1 / 48);
    expect(&r, "max_slope", 0.1 / 2);
    expect(&m, "std", sqrt(0.11));
    expect(&r, "std", sqrt(0.1));
    expect(&m, "skew", 0);
    expect(&m, "kurtosis", -1.2); /* of a discrete uniform distribution, corrected: exactly that */
    expect(&r, "small_kurtosis", -1.2);
    expect(&r, "kurtosis", -1.2 * (121 + 1) / (121 - 1)); /* -6/5 (n^2 + 1)/(n^2 - 1) */
    expect(&m, "small_kurtosis", -3 * 100 / 72.0);
    expect(&m, "median_absolute_deviation", 3.0 / 11);
    expect(&r, "median_absolute_deviation", 0.3);
    expect(&m, "pair_slope_trend", 10 / 11.0);
    expect(&r, "pair_slope_trend", 1);
    expect(&m, "pair_slope_trend_last_30", 10 / 30.0);
    expect(&r, "pair_slope_trend_last_30", 10 / 30.0);
    expect(&r, "percent_amplitude", 0.5 / 15.5);
    expect(&m, "percent_amplitude", pow(10, 0.5) - 1);
    expect(&m, "beyond1st", 4 / 11.0);
    expect(&m, "poly1_a", 1);
    expect(&m, "poly4_d", 1);
    expect(&m, "poly4_a", 0);
    expect(&r, "poly1_a", 0.05);
    expect(&r, "poly3_a", 0);
    /* r = sqrt(1.1) 10 (m - 15.5) */
    expect(&m, "stetson_k", (3.0 / 11) / sqrt(0.1));
}

/* The Chebyshev polynomials' conversion: a quartic is given back as it was made, in both variables. */
static void test_quartic(void **state)
{
    (void)state;
    const double c[] = {17, -3, 8, -20, 12}; /* over x in [0, 1] */
    double mjd[60], mag[60];
    for (int i = 0; i < 60; i++) {
        const double x = i / 59.0;
        mjd[i] = 54000 + 2950 * x;
        mag[i] = c[0] + x * (c[1] + x * (c[2] + x * (c[3] + x * c[4])));
    }
    const row m = compute(EPO_FEATURES_MANTRA, 60, mjd, mag, NULL),
              r = compute(EPO_FEATURES_RICHARDS, 60, mjd, mag, NULL);
    const char *const names[] = {"poly4_d", "poly4_c", "poly4_b", "poly4_a"};
    for (int p = 1; p <= 4; p++) assert_true(fabs(value(&m, names[p - 1]) - c[p]) < 1e-11);
    /* about the middle of the time, x = 1/2 + d/2950 */
    const double about_middle[] = {c[1] + c[2] + 0.75 * c[3] + 0.5 * c[4], c[2] + 1.5 * c[3] + 1.5 * c[4],
                                   c[3] + 2 * c[4], c[4]};
    for (int p = 1; p <= 4; p++) assert_true(fabs(value(&r, names[p - 1]) * pow(2950, p) - about_middle[p - 1]) < 1e-9);
    assert_true(is_missing(&m, "stetson_j") && is_missing(&m, "stetson_k") && is_missing(&m, "beyond1st"));
}

/* --- where there is no answer
 * ------------------------------------------------------------------------------------------ */

static void test_few_points(void **state)
{
    (void)state;
    const double mjd[] = {53000, 53001, 53003, 53004, 53009}, mag[] = {17, 17.5, 16.25, 18, 17.125},
                 err[] = {.1, .2, .1, .1, .3};
    epo_feature_about about;
    row r;
    check_fails(epo_features_of_curve(EPO_FEATURES_MANTRA, 0, mjd, mag, err, r.values, &r.missing, &r.points), EPO_EARG,
                "points");
    for (int d = 0; d < EPO_FEATURES_DEFINITIONS; d++) {
        for (size_t n = 1; n <= 5; n++) {
            r = compute((epo_feature_definition)d, n, mjd, mag, err);
            /* the table's smallest number of points is what is enough for a curve without special cases */
            for (size_t i = 0; epo_feature_at((epo_feature_definition)d, i, &about); i++)
                if ((r.missing >> i & 1) != (n < (size_t)about.least)) fail_msg("%s with %zu points", about.name, n);
        }
    }
}

static void test_no_curve(void **state)
{
    (void)state;
    epo__features_room room = {0};
    double values[EPO_FEATURE_COUNT];
    uint32_t missing;
    check_ok(epo__features_of(EPO_FEATURES_MANTRA, NULL, 0, &room, values, &missing));
    assert_int_equal(missing, (UINT32_C(1) << EPO_FEATURE_COUNT) - 1);
    epo__features_room_free(&room);
}

static void test_equal_times(void **state)
{
    (void)state;
    const double mjd[] = {53002, 53000, 53000, 53002, 53001}, mag[] = {17, 16, 18, 19, 15};
    const double kept_mjd[] = {53000, 53001, 53002}, kept_mag[] = {16, 15, 17};
    const row r = compute(EPO_FEATURES_MANTRA, 5, mjd, mag, NULL),
              kept = compute(EPO_FEATURES_MANTRA, 3, kept_mjd, kept_mag, NULL);
    assert_int_equal(r.points, 3); /* of equal times the first counts */
    assert_int_equal(r.missing, kept.missing);
    for (size_t i = 0; i < EPO_FEATURE_COUNT; i++) assert_memory_equal(&r.values[i], &kept.values[i], sizeof(double));
}

/* All points at one time are one point. */
static void test_one_time(void **state)
{
    (void)state;
    const double mjd[] = {53000, 53000, 53000, 53000, 53000, 53000}, mag[] = {17, 16, 18, 19, 15, 14};
    const row r = compute(EPO_FEATURES_RICHARDS, 6, mjd, mag, NULL);
    assert_int_equal(r.points, 1);
    assert_true(is_missing(&r, "poly1_a"));
}

static void test_extremes(void **state)
{
    (void)state;
    const double mjd[] = {-1e300, 0, 1e300, 1.7e308, 53000}, mag[] = {1e308, -1e308, 5e307, 400, -400},
                 err[] = {1e-320, 1e308, 1, 1, 1};
    const double close_mjd[] = {53000, 53000 + 1e-11, 53000 + 2e-11, 53000.1, 53000.1 + 1e-11, 54000},
                 close_mag[] = {1, 2, 1, 3, 1, 2};
    for (int d = 0; d < EPO_FEATURES_DEFINITIONS; d++) {
        (void)compute((epo_feature_definition)d, 5, mjd, mag, err); /* no infinity comes through */
        (void)compute((epo_feature_definition)d, 6, close_mjd, close_mag, NULL);
    }
    const double bad[] = {17, NAN, INFINITY}, good[] = {1, 2, 3};
    row r;
    check_fails(epo_features_of_curve(EPO_FEATURES_MANTRA, 3, good, bad, NULL, r.values, &r.missing, &r.points),
                EPO_EARG, "point 1");
    check_fails(epo_features_of_curve(EPO_FEATURES_MANTRA, 3, bad, good, NULL, r.values, &r.missing, &r.points),
                EPO_EARG, "point 1");
    check_fails(epo_features_of_curve((epo_feature_definition)7, 3, good, good, NULL, r.values, &r.missing, &r.points),
                EPO_EARG, "definition");
}

/* Five points of which four lie in a hundredth of a millionth of the time: a quartic is not determined to working
 * precision. */
static void test_undetermined(void **state)
{
    (void)state;
    const double mjd[] = {53000, 53000.000001, 53000.000002, 53000.000003, 56000}, mag[] = {17, 17.1, 16.9, 17.3, 18};
    const row m = compute(EPO_FEATURES_MANTRA, 5, mjd, mag, NULL),
              r = compute(EPO_FEATURES_RICHARDS, 5, mjd, mag, NULL);
    assert_true(is_missing(&r, "poly4_a") && is_missing(&r, "poly3_a"));
    assert_false(is_missing(&r, "poly1_a"));
    /* the solution of least norm, as numpy's polyfit gives it */
    assert_false(is_missing(&m, "poly4_a"));
    assert_true(fabs(value(&m, "poly4_a") / -6.99999767e7 - 1) < 1e-5);
    assert_true(fabs(value(&m, "poly1_a") - 0.925) < 1e-8);
}

static void test_table(void **state)
{
    (void)state;
    epo_feature_about about, before;
    for (int d = 0; d < EPO_FEATURES_DEFINITIONS; d++) {
        size_t i = 0;
        for (; epo_feature_at((epo_feature_definition)d, i, &about); i++) {
            assert_true(about.unit[0] && about.formula[0] && about.source[0] && about.least >= 1);
            if (i > 0) assert_true(strcmp(before.name, about.name) < 0);
            before = about;
        }
        assert_int_equal(i, EPO_FEATURE_COUNT);
    }
    assert_false(epo_feature_at((epo_feature_definition)2, 0, &about));
    assert_null(epo_feature_definition_name(2));
}

/* A hundred thousand points in a fraction of a second, in the worst order: nothing is quadratic. BLAS's threads come
 * back. */
static void test_long(void **state)
{
    (void)state;
    enum { LONG = 100000 };
    double *mjd = calloc(LONG, sizeof *mjd), *mag = calloc(LONG, sizeof *mag), *err = calloc(LONG, sizeof *err);
    assert_true(mjd && mag && err);
    for (int i = 0; i < LONG; i++) {
        mjd[i] = 60000 - i * 0.01;
        mag[i] = 17 + sin(i * 12.9898) * 0.5;
        err[i] = 0.05;
    }
    const int threads = omp_get_max_threads();
    const clock_t start = clock();
    const row r = compute(EPO_FEATURES_RICHARDS, LONG, mjd, mag, err);
    assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 5);
    assert_int_equal(r.missing, 0);
    assert_int_equal(omp_get_max_threads(), threads);
    free(mjd);
    free(mag);
    free(err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixture),    cmocka_unit_test(test_ramp),     cmocka_unit_test(test_quartic),
        cmocka_unit_test(test_few_points), cmocka_unit_test(test_no_curve), cmocka_unit_test(test_equal_times),
        cmocka_unit_test(test_one_time),   cmocka_unit_test(test_extremes), cmocka_unit_test(test_undetermined),
        cmocka_unit_test(test_table),      cmocka_unit_test(test_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
