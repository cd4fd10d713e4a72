/* SPDX-License-Identifier: BSD-3-Clause
 * magnitude.c - fluxes as magnitudes. */
#include "image/magnitude.h"

#include <math.h>

static const double POGSON = 2.5 / M_LN10;

epo__magnitude epo__magnitude_pogson(double flux, double flux_err, double zero, double detection)
{
    /* a detection of 0 still wants a logarithm */
    if (flux <= 0 || flux < detection * flux_err) {
        const double least = (detection > 0 ? detection : 1) * flux_err;
        return (epo__magnitude){.mag = zero - POGSON * log(least), .mag_err = NAN, .limit = true};
    }
    return (epo__magnitude){.mag = zero - POGSON * log(flux), .mag_err = POGSON * flux_err / flux};
}

epo__magnitude epo__magnitude_asinh(double flux, double flux_err, double zero, double softening)
{
    return (epo__magnitude){.mag = zero - POGSON * (asinh(flux / (2 * softening)) + log(softening)),
                            .mag_err = POGSON * flux_err / hypot(flux, 2 * softening)};
}
