/* SPDX-License-Identifier: BSD-3-Clause
 * photometry_shape.c - where a source is, and how wide.
 *
 * Plain second moments diverge in noise. Under a Gaussian weight of SD w the moment m of a Gaussian of SD s obeys
 * 1/m = 1/s^2 + 1/w^2, so s follows from m; then w is made s, which weights the source best, until both agree. */
#include "image/photometry.h"

#include <math.h>
#include <sep.h>

static const double FWHM_OF_SD = 2.3548200450309493, PIXEL_VARIANCE = 1.0 / 12, FIRST = 2, NARROW = 0.4, SETTLED = 1e-6;
enum { ROUNDS = 200, CENTRINGS = 3 };

/* A source of this width at this place. */
typedef struct fit {
    double x, y, sd, peak;
    double significance;
} fit;

typedef struct moments {
    double sum, squares, second; /* signal and squared weight under the weight; second moment of one axis */
} moments;

static double weight_of(const fit *f, double r2)
{
    return exp(-r2 / (2 * f->sd * f->sd));
}

/* What bad pixels would add is taken from a Gaussian like the weight, as high as the others say. */
static moments weigh(const epo__raster *image, double level, const fit *f)
{
    moments m = {0};
    double second = 0, missing = 0, missing_second = 0;
    for (int row = 0; row < image->height; row++)
        for (int column = 0; column < image->width; column++) {
            const double value = image->pixels[(size_t)row * (size_t)image->width + (size_t)column];
            const double dx = column - f->x, dy = row - f->y, r2 = dx * dx + dy * dy, weight = weight_of(f, r2);
            if (!isfinite(value)) {
                missing += weight * weight;
                missing_second += weight * weight * r2;
                continue;
            }
            m.sum += weight * (value - level);
            m.squares += weight * weight;
            second += weight * (value - level) * r2;
        }
    const double peak = m.sum / m.squares;
    m.second = m.sum > 0 ? (second + peak * missing_second) / (m.sum + peak * missing) / 2 : NAN;
    return m;
}

/* The width at a place; false when there is none. */
static bool fit_width(const epo__raster *image, const epo__sky *sky, fit *f)
{
    /* wider than this, the plane holds too little of it to tell it from sky */
    const double wide = fmin(image->width, image->height) / 3.0;
    moments m = {0};
    f->sd = fmin(FIRST, wide);
    for (int i = 0; i < ROUNDS; i++) {
        m = weigh(image, sky->level, f);
        const double before = f->sd;
        if (!(m.second > 0 && m.second < before * before)) return false;
        f->sd = sqrt(1 / (1 / m.second - 1 / (before * before)));
        if (!(f->sd > NARROW && f->sd < wide)) return false;
        if (fabs(f->sd - before) < SETTLED) break;
    }
    const double noise = sky->noise * sqrt(m.squares);
    f->peak = m.sum / m.squares;
    f->significance = noise > 0 ? m.sum / noise : INFINITY;
    return true;
}

/* The pixels above the sky, with bad ones as in weigh. */
static void draw(const epo__raster *image, double level, const fit *f, double *room)
{
    for (int row = 0; row < image->height; row++)
        for (int column = 0; column < image->width; column++) {
            const size_t i = (size_t)row * (size_t)image->width + (size_t)column;
            const double dx = column - f->x, dy = row - f->y;
            room[i] = isfinite(image->pixels[i]) ? image->pixels[i] - level : f->peak * weight_of(f, dx * dx + dy * dy);
        }
}

epo_status epo__shape_measure(const epo__raster *image, const epo__sky *sky, double x, double y, double recentre,
                              epo__image_work *work, epo__source_shape *out)
{
    *out = (epo__source_shape){.x = x, .y = y, .fwhm = NAN};
    epo_status status = epo__image_work_reserve(work, (size_t)image->width * (size_t)image->height);
    if (status != EPO_OK) return status;
    const sep_image picture = {.data = work->room, .dtype = SEP_TDOUBLE, .w = image->width, .h = image->height};
    fit f = {.x = x, .y = y};
    bool found = fit_width(image, sky, &f);
    /* off its place the width comes out too large, so that the first centroid looks around, and the next ones close in
     */
    for (int i = 0; found && recentre > 0 && i < CENTRINGS; i++) {
        int rounds;
        short flag;
        draw(image, sky->level, &f, work->room);
        found = sep_windowed(&picture, f.x, f.y, f.sd, 0, 0, &f.x, &f.y, &rounds, &flag) == 0 &&
                hypot(f.x - x, f.y - y) <= recentre && fit_width(image, sky, &f);
    }
    if (!found) return EPO_OK;
    *out = (epo__source_shape){.x = f.x,
                               .y = f.y,
                               .significance = f.significance,
                               .fwhm = FWHM_OF_SD * sqrt(f.sd * f.sd - PIXEL_VARIANCE)};
    return EPO_OK;
}
