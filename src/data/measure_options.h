/* SPDX-License-Identifier: BSD-3-Clause
 * measure_options.h - the options of photometry, checked and settled, and the texts they are kept as. */
#ifndef EPO_DATA_MEASURE_OPTIONS_H
#define EPO_DATA_MEASURE_OPTIONS_H

#include <stdbool.h>

#include "base/text.h"
#include "epochal/photometry.h"
#include "image/photometry.h"
#include "store/stamps.h"

typedef struct epo__measure_options {
    epo__role role;
    epo__flux_options flux; /* fwhm 0: each stamp's own; annulus 0, 0: by the stamp's size */
    double recentre;
    float bad_below, bad_above;
    bool asinh, own_zero_points;
    double zero_point, softening, detection;
    char name[EPO_PHOTOMETRY_NAME];
} epo__measure_options;

/* EPO_EARG, saying which option is out of range. */
epo_status epo__measure_options_set(const epo_photometry_options *options, epo__measure_options *out);

/* Every option that changes a number, as a JSON object. */
void epo__measure_options_json(const epo__measure_options *options, const epo_photometry_options *given,
                               epo__string *out);

#endif
