/* SPDX-License-Identifier: BSD-3-Clause
 * polynomial.h - least-squares polynomials of degree 1 to 4 through a curve, all from one factorisation.
 *
 * The fit is made on Chebyshev polynomials of u in [-1, 1], where the columns are nearly orthogonal, by Householder QR;
 * its coefficients are then converted to powers of the x that is wanted. docs/lightcurve.md has the errors that remain,
 * measured against exact arithmetic.
 */
#ifndef EPO_LIGHTCURVE_POLYNOMIAL_H
#define EPO_LIGHTCURVE_POLYNOMIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "epochal/features.h"
#include "lightcurve/curve.h"

enum { EPO__DEGREES = 4 };

typedef struct epo__polynomials {
    bool known[EPO__DEGREES + 1];                            /* [degree] */
    double coefficients[EPO__DEGREES + 1][EPO__DEGREES + 1]; /* [degree][power]; [.][0] is m - m_0 at x = 0 */
} epo__polynomials;

/* How many doubles of room a curve of n points takes. */
size_t epo__polynomials_room(size_t n);

/* Fits m over x = (t - t_first) / (t_last - t_first) (mantra) or x = t - mean(t) in days (richards). A degree that the
 * points do not determine, by their number or to working precision, is not known; for mantra the latter gives the
 * solution of least norm, as numpy's polyfit has it. */
void epo__polynomials_fit(epo_feature_definition definition, const epo__curve_point *points, size_t n, double *room,
                          epo__polynomials *out);

#endif
