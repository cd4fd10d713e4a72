/* SPDX-License-Identifier: BSD-3-Clause
 * photometry_shape.c - how wide a source is.
 *
 * Plain second moments diverge in noise. Under a Gaussian weight of SD w the moment m of a Gaussian of SD s obeys
 * 1/m = 1/s^2 + 1/w^2, so s follows from m; then w is made s, which weights the source best, until both agree. */
#include "image/photometry.h"

#include <math.h>

static const double FWHM_OF_SD = 2.3548200450309493, PIXEL_VARIANCE = 1.0 / 12, FIRST = 2, NARROW = 0.4, SETTLED = 1e-6;
enum { ROUNDS = 200 };

typedef struct moments {
    double sum, squares, second; /* signal and squared weight under the weight; second moment of one axis */
} moments;

static moments weigh(const epo__raster *image, double level, double x, double y, double sd)
{
    moments m = {0};
    double second = 0;
    for (int row = 0; row < image->height; row++)
        for (int column = 0; column < image->width; column++) {
            const double value = image->pixels[(size_t)row * (size_t)image->width + (size_t)column];
            if (!isfinite(value)) continue;
            const double dx = column - x, dy = row - y, r2 = dx * dx + dy * dy, weight = exp(-r2 / (2 * sd * sd));
            m.sum += weight * (value - level);
            m.squares += weight * weight;
            second += weight * (value - level) * r2;
        }
    m.second = m.sum > 0 ? second / m.sum / 2 : NAN;
    return m;
}

epo__shape epo__shape_measure(const epo__raster *image, const epo__sky *sky, double x, double y)
{
    const epo__shape none = {.fwhm = NAN};
    /* wider than this, the plane holds too little of it to tell it from sky */
    const double wide = fmin(image->width, image->height) / 3.0;
    double sd = fmin(FIRST, wide);
    moments m = {0};
    for (int i = 0; i < ROUNDS; i++) {
        m = weigh(image, sky->level, x, y, sd);
        if (!(m.second > 0 && m.second < sd * sd)) return none;
        const double next = sqrt(1 / (1 / m.second - 1 / (sd * sd)));
        if (!(next > NARROW && next < wide)) return none;
        const double step = fabs(next - sd);
        sd = next;
        if (step < SETTLED) break;
    }
    const double noise = sky->noise * sqrt(m.squares);
    return (epo__shape){.fwhm = FWHM_OF_SD * sqrt(fmax(sd * sd - PIXEL_VARIANCE, NARROW * NARROW - PIXEL_VARIANCE)),
                        .significance = noise > 0 ? m.sum / noise : INFINITY};
}
