/* SPDX-License-Identifier: BSD-3-Clause
 * simulate_sky.h - where the simulated survey looks, when, and through what air.
 *
 * A field is a piece of sky of a few arcminutes with its own list of nights; what the weather does on a night is the same
 * for all fields. Everything follows from (seed, field number), so fields can be made in any order. */
#ifndef EPO_DATA_SIMULATE_SKY_H
#define EPO_DATA_SIMULATE_SKY_H

#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "data/telescope.h"
#include "epochal/status.h"
#include "image/render.h"

/* One exposure of a field. */
typedef struct epo__visit {
    double mjd;
    int number;              /* in its night, from 1 */
    double zero_point;       /* mag of 1 ADU */
    double sky;              /* ADU a pixel */
    double slope_x, slope_y; /* of the sky, ADU a pixel */
    epo__psf psf;
    double x, y;             /* of the field's centre on the detector, pixels from 0 */
    double air;              /* airmass, dim: extinction by cloud, mag; moon: its share of the sky, 0 to 1 */
    double dim, moon;
} epo__visit;

typedef struct epo__field {
    const epo__telescope *telescope;
    uint64_t number;
    char name[48];             /* "S1-N01042" */
    double ra, dec;            /* degrees, of the centre */
    double start;              /* MJD at which its days begin, three years of them or one run */
    epo__visit *visits;        /* in time order; free() */
    size_t visit_count;
} epo__field;

/* A generator of its own for each purpose and number: "noise", 42. */
epo__rng epo__simulate_rng(uint64_t seed, const char *purpose, uint64_t number);

/* Lays out a field: place, nights (by the telescope's cadence: a random number about `nights`, 3 or more, or `nights` in a
 * row less those on which the dome is closed) and their visits (up to `visits`). EPO_ENOMEM. */
epo_status epo__field_make(const epo__telescope *telescope, uint64_t seed, uint64_t number, double nights, int visits, epo__field *out);

/* Fractional part of the illuminated moon, 0 new to 1 full, at an MJD; for tests and docs. */
double epo__moon_lit(double mjd);

#endif
