/* SPDX-License-Identifier: BSD-3-Clause
 * photometry_sky.c - the sky about a source: median of an annulus after clipping. */
#include "image/photometry.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "image/median.h"

/* SD of a normal distribution cut at 3 SD: sqrt(1 - 6 phi(3) / (2 Phi(3) - 1)). */
static const double CLIP = 3, CLIPPED_SD = 0.986578;

double epo__raster_centre(int side)
{
    const int number = side / 2;
    return number;
}

static size_t gather(const epo__raster *image, double x, double y, double inner, double outer, double *values,
                     size_t *eligible)
{
    size_t count = 0;
    *eligible = 0;
    for (int row = 0; row < image->height; row++)
        for (int column = 0; column < image->width; column++) {
            const double r = hypot(column - x, row - y);
            if (r < inner || r > outer) continue;
            const float value = image->pixels[(size_t)row * (size_t)image->width + (size_t)column];
            ++*eligible;
            if (isfinite(value)) values[count++] = value;
        }
    return count;
}

static double sd_about(const double *values, size_t count, double centre)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += (values[i] - centre) * (values[i] - centre);
    return sqrt(sum / (double)count);
}

/* Median and SD of the values' bulk; the SD is 1.4826 MAD, or the plain one where more than half of the values are
 * equal, as those of whole-numbered pixels may be. */
static void centre_and_spread(const double *values, size_t count, double *room, double *centre, double *spread)
{
    memcpy(room, values, count * sizeof *values);
    *centre = epo__median(room, count);
    for (size_t i = 0; i < count; i++) room[i] = fabs(values[i] - *centre);
    *spread = EPO_MAD_TO_SIGMA * epo__median(room, count);
    if (*spread == 0) *spread = sd_about(values, count, *centre);
}

static void clip(double *values, double *room, size_t count, epo__sky *out)
{
    double spread;
    for (size_t before = 0; before != count;) {
        before = count;
        centre_and_spread(values, count, room, &out->level, &spread);
        size_t kept = 0;
        for (size_t i = 0; i < before; i++)
            if (fabs(values[i] - out->level) <= CLIP * spread) values[kept++] = values[i];
        count = kept;
    }
    out->used = count;
    /* the SD, not the MAD, which whole numbers make coarse; about the mean, with a degree of freedom spent on it */
    double mean = 0;
    for (size_t i = 0; i < count; i++) mean += (values[i] - values[0]) / (double)count;
    const double sd = sd_about(values, count, values[0] + mean);
    out->noise = count > 1 ? sd * sqrt((double)count / (double)(count - 1)) / CLIPPED_SD : 0;
    out->level_err = out->noise * sqrt(M_PI_2 / (double)count);
}

epo_status epo__sky_measure(const epo__raster *image, double x, double y, const epo__annulus *annulus,
                            epo__image_work *work, epo__sky *out)
{
    *out = (epo__sky){0};
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    epo_status status = epo__image_work_reserve(work, 2 * pixels);
    if (status != EPO_OK) return status;
    double *values = work->room, *room = work->room + pixels;
    size_t whole, count = gather(image, x, y, annulus->inner, annulus->outer, values, &out->eligible);
    out->fallback = count < EPO__SKY_FEW;
    if (out->fallback) count = gather(image, x, y, 0, INFINITY, values, &whole);
    if (count == 0) return epo__fail(EPO_EFORMAT, "no finite pixel");
    clip(values, room, count, out);
    return EPO_OK;
}
