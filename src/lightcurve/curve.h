/* SPDX-License-Identifier: BSD-3-Clause
 * curve.h - a light curve in order: what features are computed from (features.h). */
#ifndef EPO_LIGHTCURVE_CURVE_H
#define EPO_LIGHTCURVE_CURVE_H

#include <stddef.h>

typedef struct epo__curve_point {
    double mjd, mag, err; /* days, magnitudes; mjd and mag finite; an err that is not above 0 is unknown */
    size_t number;        /* set by epo__curve_prepare */
} epo__curve_point;

/* Sorts by time and keeps, of points at the same time, the one that stood first. Returns how many are left. */
size_t epo__curve_prepare(epo__curve_point *points, size_t n);

#endif
