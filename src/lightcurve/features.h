/* SPDX-License-Identifier: BSD-3-Clause
 * features.h - the features of one light curve.
 *
 * features.c holds the one table of them: name, and for each definition unit, formula, source, smallest number of
 * points and function. What several features need (sorted magnitudes, moments, fits) is measured once, in
 * epo__measured. */
#ifndef EPO_LIGHTCURVE_FEATURES_H
#define EPO_LIGHTCURVE_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/features.h"
#include "lightcurve/curve.h"

/* Room that is used again from curve to curve, one a thread; all zeros at first. */
typedef struct epo__features_room {
    double *numbers;
    size_t count;
} epo__features_room;

void epo__features_room_free(epo__features_room *room);

/* values[EPO_FEATURE_COUNT] and the bits of those that are missing, from n points that epo__curve_prepare has put in
 * order. n may be 0: all are missing. BLAS uses one thread meanwhile. EPO_ENOMEM. */
epo_status epo__features_of(epo_feature_definition definition, const epo__curve_point *points, size_t n,
                            epo__features_room *room, double *values, uint32_t *missing);

#endif
