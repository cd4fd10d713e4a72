/* SPDX-License-Identifier: BSD-3-Clause
 * magnitude.h - fluxes as magnitudes: Pogson's, or the inverse hyperbolic sine of Lupton, Gunn & Szalay (1999, AJ 118,
 * 1406), which is the same where a source is bright and goes on smoothly through zero and below. */
#ifndef EPO_IMAGE_MAGNITUDE_H
#define EPO_IMAGE_MAGNITUDE_H

#include <stdbool.h>

typedef struct epo__magnitude {
    double mag, mag_err; /* mag_err NaN for a limit */
    bool limit;          /* mag is an upper limit: the source is fainter */
} epo__magnitude;

/* zero - 2.5 log10 flux. A flux below `detection` errors gives the limit of that many errors. flux_err > 0. */
epo__magnitude epo__magnitude_pogson(double flux, double flux_err, double zero, double detection);

/* zero - 2.5 / ln 10 (asinh(flux / 2b) + ln b); softening b > 0, in the unit of flux. Best for b = 1.042 errors, which
 * loses nothing at high and adds least at low brightness. */
#define EPO__ASINH_SOFTENING 1.042
epo__magnitude epo__magnitude_asinh(double flux, double flux_err, double zero, double softening);

#endif
