/* SPDX-License-Identifier: BSD-3-Clause
 * polynomial.c - polynomial fits.
 *
 * A is n x 5, column k holding T_k(u). With A = QR the fit of degree N solves the leading (N+1) x (N+1) triangle of R
 * against the leading N+1 elements of Q'y, so one factorisation serves all degrees. */
#include "lightcurve/polynomial.h"

#include <float.h>
#include <math.h>
#include <omp.h>
#include <string.h>

#include "lightcurve/lapack.h"
#include "lightcurve/measured.h"

enum { COLUMNS = EPO__DEGREES + 1, SMALL_WORK = 64 * COLUMNS };
#define DOUBTFUL 1e-9 /* condition from which the rank is looked at */

size_t epo__polynomials_room(size_t n)
{
    return n * (COLUMNS + 2) + SMALL_WORK;
}

/* Coefficients over T_k(u) to coefficients over u^k. */
static void from_chebyshev(const double *c, int degree, long double *powers)
{
    static const int table[COLUMNS][COLUMNS] = {{1}, {0, 1}, {-1, 0, 2}, {0, -3, 0, 4}, {1, 0, -8, 0, 8}};
    for (int p = 0; p <= degree; p++) {
        powers[p] = 0;
        for (int k = p; k <= degree; k++) powers[p] += (long double)table[k][p] * c[k];
    }
}

/* p(u) with u = scale x + shift, as powers of x: Horner's rule on polynomials. */
static void substitute(long double *powers, int degree, long double scale, long double shift)
{
    long double out[COLUMNS] = {0};
    for (int k = degree; k >= 0; k--) {
        for (int p = degree; p > 0; p--) out[p] = out[p] * shift + out[p - 1] * scale;
        out[0] = out[0] * shift + powers[k];
    }
    memcpy(powers, out, sizeof out);
}

/* u = scale x + shift, x as the definition has it. */
static void variable_of(epo_feature_definition definition, const epo__curve_point *points, size_t n, long double *scale,
                        long double *shift)
{
    const double first = points[0].mjd, span = points[n - 1].mjd - first;
    *scale = 2;
    *shift = -1;
    if (definition == EPO_FEATURES_MANTRA) return;
    long double sum = 0;
    for (size_t i = 0; i < n; i++) sum += points[i].mjd - first;
    *scale = 2.0L / span;
    *shift = (2 * (sum / (long double)n) - span) / span;
}

/* The columns T_k(u), and y = m - m_0 behind them. */
static void fill(const epo__curve_point *points, size_t n, int columns, double *a, double *y)
{
    const double first = points[0].mjd, span = points[n - 1].mjd - first;
    for (size_t i = 0; i < n; i++) {
        const double u = (2 * (points[i].mjd - first) - span) / span;
        double before = 1, now = u;
        a[i] = 1;
        for (int k = 1; k < columns; k++) {
            a[(size_t)k * n + i] = now;
            const double next = 2 * u * now - before;
            before = now;
            now = next;
        }
        y[i] = points[i].mag - points[0].mag;
    }
}

/* As numpy's polyfit judges: powers of x in [0, 1] scaled to columns of unit length, singular values below n epsilon
 * taken as 0. When there is one, true, and `out` has the solution of least norm. */
static bool fit_least_norm(const epo__curve_point *points, size_t n, int degree, double *a, double *y, double *work,
                           double *out)
{
    const double first = points[0].mjd, span = points[n - 1].mjd - first;
    const int32_t rows = (int32_t)n, columns = degree + 1, one = 1, lwork = SMALL_WORK + rows;
    double lengths[COLUMNS] = {0}, singular[COLUMNS];
    const double rcond = (double)n * DBL_EPSILON;
    int32_t rank, info;
    for (size_t i = 0; i < n; i++) {
        double power = 1;
        for (int k = 0; k <= degree; k++, power *= (points[i].mjd - first) / span) {
            a[(size_t)k * n + i] = power;
            lengths[k] += power * power;
        }
        y[i] = points[i].mag; /* not m - m_0: the least norm would be another */
    }
    for (int k = 0; k <= degree; k++)
        for (size_t i = 0; i < n; i++) a[(size_t)k * n + i] /= sqrt(lengths[k]);
    dgelss_(&rows, &columns, &one, a, &rows, y, &rows, singular, &rcond, &rank, work, &lwork, &info);
    if (info != 0 || rank == columns) return false;
    for (int k = 0; k <= degree; k++) out[k] = y[k] / sqrt(lengths[k]);
    return true;
}

typedef struct factors {
    int32_t rows, columns;
    const double *r;           /* and Q, below it */
    double projected[COLUMNS]; /* Q'y */
} factors;

static bool factorise(double *a, double *y, double *work, factors *f)
{
    const int32_t one = 1, lwork = SMALL_WORK;
    double tau[COLUMNS];
    int32_t info, info2;
    dgeqrf_(&f->rows, &f->columns, a, &f->rows, tau, work, &lwork, &info);
    dormqr_("L", "T", &f->rows, &one, &f->columns, a, &f->rows, tau, y, &f->rows, work, &lwork, &info2, 1, 1);
    f->r = a;
    memcpy(f->projected, y, (size_t)f->columns * sizeof *y);
    return info == 0 && info2 == 0;
}

/* The reciprocal condition of the leading triangle; 0 when it cannot be solved. */
static double solve(const factors *f, int degree, double *c)
{
    const int32_t order = degree + 1, one = 1;
    double rcond = 0, work[3 * COLUMNS];
    int32_t iwork[COLUMNS], info;
    dtrcon_("1", "U", "N", &order, f->r, &f->rows, &rcond, work, iwork, &info, 1, 1, 1);
    if (info != 0) return 0;
    memcpy(c, f->projected, (size_t)order * sizeof *c);
    dtrtrs_("U", "N", "N", &order, &one, f->r, &f->rows, c, &order, &info, 1, 1, 1);
    return info == 0 ? rcond : 0;
}

static void fit_all(epo_feature_definition definition, const epo__curve_point *points, size_t n, double *room,
                    epo__polynomials *out)
{
    double *a = room, *y = a + n * COLUMNS, *work = y + n;
    factors f = {.rows = (int32_t)n, .columns = n < COLUMNS ? (int32_t)n : COLUMNS};
    long double scale, shift;
    double rcond[COLUMNS] = {0};
    variable_of(definition, points, n, &scale, &shift);
    fill(points, n, f.columns, a, y);
    if (!factorise(a, y, work, &f)) return;
    for (int degree = 1; degree < f.columns; degree++) {
        double c[COLUMNS] = {0};
        long double powers[COLUMNS];
        rcond[degree] = solve(&f, degree, c);
        if (rcond[degree] < (double)n * DBL_EPSILON) continue;
        from_chebyshev(c, degree, powers);
        substitute(powers, degree, scale, shift);
        for (int p = 0; p <= degree; p++) out->coefficients[degree][p] = (double)powers[p];
        out->known[degree] = true;
    }
    if (definition != EPO_FEATURES_MANTRA) return;
    /* powers are worse conditioned than Chebyshev polynomials, by less than the factor that DOUBTFUL leaves */
    for (int degree = 1; degree < f.columns; degree++)
        if (rcond[degree] < DOUBTFUL && fit_least_norm(points, n, degree, a, y, work, out->coefficients[degree]))
            out->known[degree] = true;
}

void epo__polynomials_fit(epo_feature_definition definition, const epo__curve_point *points, size_t n, double *room,
                          epo__polynomials *out)
{
    memset(out, 0, sizeof *out);
    if (n < 2 || n > INT32_MAX / (COLUMNS + 1) || !isfinite(points[n - 1].mjd - points[0].mjd)) return;
    const int threads =
        omp_get_max_threads(); /* the caller has one curve a thread: BLAS's own would only get in the way */
    omp_set_num_threads(1);
    fit_all(definition, points, n, room, out);
    omp_set_num_threads(threads);
}

double epo__f_polynomial(const epo__measured *c, double degree_and_power)
{
    const int degree = (int)degree_and_power / 10, power = (int)degree_and_power % 10;
    return c->fits.known[degree] ? c->fits.coefficients[degree][power] : (double)NAN;
}
