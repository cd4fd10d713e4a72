/* SPDX-License-Identifier: BSD-3-Clause
 * test_published_features.c - the 725 x 30 features that the authors of MANTRA published, from the same light curves,
 * number by number; and the fits among them against exact arithmetic (tests/lightcurve/fixtures/exact.txt, made by
 * exact.py).
 *
 * Numbers must agree to 1e-6. Our copy of the curves is rounded: times to 1e-6 d, errors to 5 digits. Where that moves
 * a feature by more (a slope over ten minutes, a quartic through clustered points), the published number must lie as
 * near as the rounding allows, computed point by point for that curve. Run alone, the program prints the tables of
 * docs/lightcurve.md. */
#include "support/check.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "epochal/features.h"
#include "formats/csv.h"

enum { OBJECTS = 752, POINTS = 1024 };

typedef struct curve {
    char id[24];
    size_t n;
    double mjd[POINTS], mag[POINTS], err[POINTS]; /* as in the file, which is in order of time */
    double ours[EPO_FEATURE_COUNT], published[EPO_FEATURE_COUNT];
    bool has_published;
} curve;

static curve *curves;
static size_t curve_count;

static void path_of(char *path, size_t size, const char *name)
{
    const char *data = data_folder();
    if (!data) skip();
    snprintf(path, size, "%s/crts/%s", data, name);
}

static curve *find(const char *id)
{
    for (size_t i = 0; i < curve_count; i++)
        if (strcmp(curves[i].id, id) == 0) return &curves[i];
    return NULL;
}

static void read_curves(const char *path)
{
    epo__csv *csv;
    const char *const *fields;
    bool end;
    curve *c = NULL;
    check_ok(epo__csv_open(path, &csv));
    for (;;) {
        check_ok(epo__csv_next(csv, &fields, &end));
        if (end) break;
        if (!c || strcmp(c->id, fields[0]) != 0) {
            assert_in_range(curve_count, 0, OBJECTS - 1);
            c = &curves[curve_count++];
            snprintf(c->id, sizeof c->id, "%s", fields[0]);
        }
        assert_in_range(c->n, 0, POINTS - 1);
        check_ok(epo__csv_double(csv, 2, &c->mjd[c->n]));
        check_ok(epo__csv_double(csv, 3, &c->mag[c->n]));
        check_ok(epo__csv_double(csv, 4, &c->err[c->n]));
        if (c->n == 0 || c->mjd[c->n] != c->mjd[c->n - 1]) c->n++; /* of equal times the first */
    }
    epo__csv_free(csv);
}

static size_t read_published(const char *path)
{
    epo__csv *csv;
    const char *const *fields;
    epo_feature_about about;
    bool end;
    size_t count = 0;
    check_ok(epo__csv_open(path, &csv));
    assert_int_equal(epo__csv_columns(csv), EPO_FEATURE_COUNT + 1);
    for (size_t i = 0; epo_feature_at(EPO_FEATURES_MANTRA, i, &about); i++)
        assert_string_equal(epo__csv_name(csv, i + 1), about.name);
    for (;; count++) {
        check_ok(epo__csv_next(csv, &fields, &end));
        if (end) break;
        curve *c = find(fields[0]);
        if (!c) fail_msg("no curve of %s", fields[0]);
        for (size_t i = 0; i < EPO_FEATURE_COUNT; i++) check_ok(epo__csv_double(csv, i + 1, &c->published[i]));
        c->has_published = true;
    }
    epo__csv_free(csv);
    return count;
}

static epo_status keep_row(void *context, const epo_features_row *row)
{
    (void)context;
    curve *c = find(row->id);
    assert_non_null(c);
    assert_int_equal(row->points, c->n);
    assert_null(row->error);
    memcpy(c->ours, row->values, sizeof c->ours);
    return EPO_OK;
}

static int begin(void **state)
{
    (void)state;
    curves = calloc(OBJECTS, sizeof *curves);
    return curves ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    free(curves);
    return 0;
}

/* --- what the rounding of the file allows
 * ----------------------------------------------------------------------------- */

/* Stetson's indices as published, written anew. */
static double stetson(const curve *c, const double *err, bool k)
{
    double mean = 0, sum = 0, squares = 0, before = 0;
    const double n = (double)c->n;
    for (size_t i = 0; i < c->n; i++) mean += c->mag[i] / n;
    for (size_t i = 0; i < c->n; i++) {
        const double r = sqrt(n / (n - 1)) * (c->mag[i] - mean) / err[i], product = r * before;
        if (k) sum += fabs(r) / n;
        if (!k && i > 0) sum += copysign(sqrt(fabs(product)), product) / (n - 1);
        squares += r * r / n;
        before = r;
    }
    return k ? sum / sqrt(squares) : sum;
}

/* Errors were rounded to 5 digits: the sum over the points of what half a unit of each does. */
static double allowed_by_errors(const curve *c, bool k)
{
    static double err[POINTS];
    const double middle = stetson(c, c->err, k);
    double sum = 0;
    memcpy(err, c->err, sizeof err);
    for (size_t i = 0; i < c->n; i++) {
        err[i] += 0.5 * pow(10, floor(log10(c->err[i])) - 4);
        sum += fabs(stetson(c, err, k) - middle);
        err[i] = c->err[i];
    }
    return sum;
}

/* Times were rounded to 1e-6 d, which moves the time between neighbours by as much. */
static double allowed_by_times(const curve *c)
{
    double low = 0, high = 0, slope = 0;
    for (size_t i = 1; i < c->n; i++) {
        const double hours = 24 * (c->mjd[i] - c->mjd[i - 1]), step = fabs(c->mag[i] - c->mag[i - 1]);
        slope = fmax(slope, step / hours);
        low = fmax(low, step / (hours + 24e-6));
        high = fmax(high, step / (hours - 24e-6));
    }
    return fmax(high - slope, slope - low);
}

/* The same for a fit: the sum over the points of what half a unit of each time does. */
static double allowed_in_fit(const curve *c, size_t column)
{
    static double mjd[POINTS];
    double values[EPO_FEATURE_COUNT], sum = 0;
    uint32_t missing;
    size_t points;
    memcpy(mjd, c->mjd, sizeof mjd);
    for (size_t i = 0; i < c->n; i++) {
        mjd[i] += 0.5e-6;
        check_ok(epo_features_of_curve(EPO_FEATURES_MANTRA, c->n, mjd, c->mag, c->err, values, &missing, &points));
        sum += fabs(values[column] - c->ours[column]);
        mjd[i] = c->mjd[i];
    }
    return sum;
}

static double allowed(const curve *c, size_t column, const char *name)
{
    if (strcmp(name, "max_slope") == 0) return allowed_by_times(c);
    if (strcmp(name, "stetson_j") == 0) return allowed_by_errors(c, false);
    if (strcmp(name, "stetson_k") == 0) return allowed_by_errors(c, true);
    return strncmp(name, "poly", 4) == 0 ? allowed_in_fit(c, column) : 0;
}

/* --- tests
 * --------------------------------------------------------------------------------------------------------------- */

static void test_published(void **state)
{
    (void)state;
    char light[512], features[512];
    path_of(light, sizeof light, "transients_lightcurves_dev.csv.gz");
    path_of(features, sizeof features, "features/published_features_dev.csv");
    read_curves(light);
    assert_int_equal(read_published(features), 725);
    epo_features_summary summary;
    check_ok(epo_features_files((const char *const[]){light}, 1, NULL, keep_row, NULL, NULL, &summary));
    assert_int_equal(summary.refused + summary.refused_files, 0);
    assert_int_equal(summary.objects, curve_count);

    epo_feature_about about;
    printf("%-36s %8s %10s %9s %s\n", "feature", "to 1e-6", "largest", "explained",
           "largest share of what the rounding allows");
    for (size_t i = 0; epo_feature_at(EPO_FEATURES_MANTRA, i, &about); i++) {
        double largest = 0, share = 0;
        int close = 0, explained = 0;
        for (size_t k = 0; k < curve_count; k++) {
            const curve *c = &curves[k];
            if (!c->has_published) continue;
            const double difference = fabs(c->ours[i] - c->published[i]);
            assert_true(isfinite(c->ours[i]));
            const double relative = difference > 0 ? difference / fabs(c->published[i]) : 0;
            largest = fmax(largest, relative);
            if (relative <= 1e-6) {
                close++;
                continue;
            }
            const double part = difference / allowed(c, i, about.name);
            if (!(part <= 1.01))
                fail_msg("%s of %s is %.17g, published %.17g: %g times what rounding allows", about.name, c->id,
                         c->ours[i], c->published[i], part);
            share = fmax(share, part);
            explained++;
        }
        printf("%-36s %8d %10.1e %9d %.2f\n", about.name, close, largest, explained, share);
        assert_int_equal(close + explained, 725);
    }
}

/* The fit of one line of the fixture: how far ours and the published one are off, as a vector, and what its
 * conditioning allows. */
static void compare_fit(const curve *c, int degree, double condition, double residual, const double *exact,
                        double *ours, double *published, double *bound)
{
    double norm = 0, our_sum = 0, their_sum = 0;
    char name[16] = "";
    epo_feature_about about;
    snprintf(name, sizeof name, "poly%d_a", degree);
    size_t column = 0;
    while (epo_feature_at(EPO_FEATURES_MANTRA, column, &about) && strcmp(about.name, name) != 0) column++;
    for (int k = 0; k < degree; k++) {
        norm += exact[k] * exact[k];
        our_sum += pow(c->ours[column + (size_t)k] - exact[k], 2);
        their_sum += pow(c->published[column + (size_t)k] - exact[k], 2);
    }
    *ours = sqrt(our_sum / norm);
    *published = sqrt(their_sum / norm);
    /* Wedin's theorem for a backward error of n epsilon: k + k^2 |r|/(|A| |c|), doubled */
    *bound = 2 * (double)c->n * DBL_EPSILON * condition * (1 + condition * residual);
}

static void test_exact(void **state)
{
    (void)state;
    if (!data_folder()) skip();
    char id[24];
    int degree, rank, fits = 0, nearer = 0, nearer_than_polyfit = 0, short_of_rank = 0;
    double condition, residual, polyfit, worst = 0, worst_published = 0;
    FILE *file = fopen("tests/lightcurve/fixtures/exact.txt", "r");
    assert_non_null(file);
    while (fscanf(file, "fit %23s %d %lg %lg %d %lg", id, &degree, &condition, &residual, &rank, &polyfit) == 6) {
        double exact[4] = {0}, ours, published, bound;
        assert_in_range(degree, 3, 4);
        for (int k = 0; k < degree; k++) assert_int_equal(fscanf(file, "%lg ", &exact[k]), 1);
        const curve *c = find(id);
        assert_true(c && c->has_published);
        compare_fit(c, degree, condition, residual, exact, &ours, &published, &bound);
        fits++;
        if (!rank) { /* polyfit's solution of least norm, which ours gives too */
            short_of_rank++;
            printf("%s degree %d: condition %.1e, short of rank; off by %.1e, published %.1e\n", id, degree, condition,
                   ours, published);
            continue;
        }
        if (!(ours <= bound))
            fail_msg("%s degree %d is off by %g: its condition %g allows %g", id, degree, ours, condition, bound);
        nearer += ours < published;
        nearer_than_polyfit += ours < polyfit;
        worst = fmax(worst, ours / bound);
        worst_published = fmax(worst_published, published);
        if (condition > 1e6)
            printf("%s degree %d: condition %.1e; off by %.1e (allowed %.1e), polyfit %.1e, published %.1e\n", id,
                   degree, condition, ours, bound, polyfit, published);
    }
    fclose(file);
    printf("%d fits, %d short of rank. Nearer to exact arithmetic than the published ones: %d, than polyfit on the "
           "same numbers: %d. "
           "Largest share of the bound %.1e; published off by up to %.1e\n",
           fits, short_of_rank, nearer, nearer_than_polyfit, worst, worst_published);
    assert_int_equal(fits, 104);
    assert_int_equal(short_of_rank, 2);
    assert_int_equal(nearer, fits - short_of_rank);
    assert_true(nearer_than_polyfit >= 95);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_published), cmocka_unit_test(test_exact)};
    return cmocka_run_group_tests(tests, begin, end);
}
