/* SPDX-License-Identifier: BSD-3-Clause
 * inject.c - point sources into observed planes. */
#include "image/inject.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/order.h"

enum { REACH = 12, WINDOW = 2 * REACH + 1, MOST_SOURCES = 32, LEAST_SIDE = 7 };
static const double CLEAR = 20, PEAK = 5; /* errors of a source's signal; noises above the sky of its brightest pixel */
static const double CUT_RADIUS = 3;       /* FWHM */
static const double RECENTRE = 1.5;
/* of its light within one FWHM; 0.76 for the profile of render.c. Less: neighbours, or a galaxy; more: no star */
static const double LEAST_CORE = 0.62, MOST_CORE = 1.05;
static const double FEW = 40; /* electrons: from here on a Poisson draw is a normal one */

static double pixel_at(const epo__raster *image, int x, int y)
{
    return image->pixels[(size_t)y * (size_t)image->width + (size_t)x];
}

/* --- the width of stars
 * -------------------------------------------------------------------------------------------------- */

/* Higher than its neighbours within two pixels; of equal ones the first. */
static bool is_peak(const epo__raster *image, int x, int y)
{
    const double value = pixel_at(image, x, y);
    for (int v = y - 2; v <= y + 2; v++)
        for (int u = x - 2; u <= x + 2; u++) {
            const double other = pixel_at(image, u, v);
            if (!isfinite(other) || other > value || (other == value && (v < y || (v == y && u < x)))) return false;
        }
    return true;
}

/* The shape of the source at a peak, from the pixels around it alone: its neighbours count less, and it costs less. */
static epo_status measure_peak(const epo__raster *image, const epo__sky *sky, int x, int y, epo__image_work *work,
                               epo__source_shape *out)
{
    float window[WINDOW * WINDOW];
    const int left = x < REACH ? 0 : x - REACH, top = y < REACH ? 0 : y - REACH;
    const int right = x + REACH >= image->width ? image->width - 1 : x + REACH,
              bottom = y + REACH >= image->height ? image->height - 1 : y + REACH;
    const epo__raster near = {window, right - left + 1, bottom - top + 1};
    for (int row = top; row <= bottom; row++)
        memcpy(window + (size_t)(row - top) * (size_t)near.width,
               image->pixels + (size_t)row * (size_t)image->width + left, (size_t)near.width * sizeof *window);
    return epo__shape_measure(&near, sky, x - left, y - top, RECENTRE, work, out);
}

epo_status epo__psf_find(const epo__raster *image, double saturation, epo__image_work *work, double *fwhm)
{
    double widths[MOST_SOURCES];
    size_t count = 0;
    epo__sky sky;
    const epo__annulus all = {0, image->width + image->height};
    *fwhm = NAN;
    epo_status status =
        epo__sky_measure(image, epo__raster_centre(image->width), epo__raster_centre(image->height), &all, work, &sky);
    if (status != EPO_OK || !(sky.noise > 0)) return status;
    for (int y = 2; status == EPO_OK && y < image->height - 2; y++)
        for (int x = 2; status == EPO_OK && x < image->width - 2 && count < MOST_SOURCES; x++) {
            epo__source_shape shape;
            const double value = pixel_at(image, x, y);
            if (!(value > sky.level + PEAK * sky.noise && value < saturation) || !is_peak(image, x, y)) continue;
            status = measure_peak(image, &sky, x, y, work, &shape);
            if (status == EPO_OK && shape.significance >= CLEAR && shape.fwhm > 0) widths[count++] = shape.fwhm;
        }
    if (status != EPO_OK || count == 0) return status;
    qsort(widths, count, sizeof *widths, epo__by_double);
    /* not the very narrowest of many: that may be a cosmic ray */
    *fwhm = widths[count / 4] / EPO__MOMENTS_OVER_FWHM;
    return EPO_OK;
}

/* --- stars cut out
 * ----------------------------------------------------------------------------------------------------------- */

/* The star's light above the sky within its radius, and the share of it within one FWHM; false for bad or saturated
 * pixels. */
static bool cut_light(const epo__raster *image, double level, double saturation, const epo__source_shape *shape, int x,
                      int y, epo__star_cut *out, double *total, double *core)
{
    const int reach = out->side / 2;
    const double radius = CUT_RADIUS * out->fwhm;
    *total = *core = 0;
    for (int v = -reach; v <= reach; v++)
        for (int u = -reach; u <= reach; u++) {
            const double apart = hypot(x + u - shape->x, y + v - shape->y), value = pixel_at(image, x + u, y + v);
            if (apart > radius) continue;
            if (!isfinite(value) || value >= saturation) return false;
            out->pixels[(v + reach) * out->side + u + reach] = (float)(value - level);
            *total += value - level;
            if (apart <= out->fwhm) *core += value - level;
        }
    return true;
}

epo_status epo__star_cut_make(const epo__raster *image, double saturation, epo__image_work *work, epo__star_cut *out,
                              const char **reason)
{
    const double cx = epo__raster_centre(image->width), cy = epo__raster_centre(image->height),
                 half = 0.5 * fmin(image->width, image->height);
    epo__sky sky;
    epo__source_shape shape;
    double total, core;
    *out = (epo__star_cut){0};
    *reason = NULL;
    epo_status status = epo__sky_measure(image, cx, cy, &(epo__annulus){0.6 * half, 1.5 * half}, work, &sky);
    if (status == EPO_OK) status = epo__shape_measure(image, &sky, cx, cy, RECENTRE, work, &shape);
    if (status != EPO_OK) return status;
    if (!(shape.significance >= EPO__STAR_MEASURED && shape.fwhm > 0)) {
        *reason = "nothing bright enough in its middle";
        return EPO_OK;
    }
    epo__star_cut cut = {.fwhm = shape.fwhm / EPO__MOMENTS_OVER_FWHM, .significance = shape.significance};
    const int x = (int)lround(shape.x), y = (int)lround(shape.y), reach = (int)ceil(CUT_RADIUS * cut.fwhm);
    cut.dx = shape.x - x;
    cut.dy = shape.y - y;
    cut.side = 2 * reach + 1;
    if (cut.side < LEAST_SIDE || x < reach || y < reach || x + reach >= image->width || y + reach >= image->height) {
        *reason = "the stamp is too small for it";
        return EPO_OK;
    }
    if (!(cut.pixels = epo__alloc(epo__product((size_t)cut.side, (size_t)cut.side), sizeof *cut.pixels)))
        return epo__nomem("a star");
    if (!cut_light(image, sky.level, saturation, &shape, x, y, &cut, &total, &core))
        *reason = "saturated or bad pixels";
    else if (!(total > 0 && core >= LEAST_CORE * total && core <= MOST_CORE * total))
        *reason = "not a star, or not alone";
    if (*reason) {
        free(cut.pixels);
        return EPO_OK;
    }
    for (int i = 0; i < cut.side * cut.side; i++) cut.pixels[i] = (float)(cut.pixels[i] / total);
    *out = cut;
    return EPO_OK;
}

void epo__star_cut_add(const epo__canvas *canvas, const epo__star_cut *cut, int x, int y, double flux)
{
    const int reach = cut->side / 2;
    for (int v = 0; v < cut->side; v++)
        for (int u = 0; u < cut->side; u++) {
            const int px = x - reach + u, py = y - reach + v;
            if (px < 0 || py < 0 || px >= canvas->width || py >= canvas->height) continue;
            canvas->pixels[(size_t)py * (size_t)canvas->width + (size_t)px] +=
                (float)(flux * cut->pixels[v * cut->side + u]);
        }
}

/* --- light
 * ----------------------------------------------------------------------------------------------------------------------
 */

/* Knuth's method for few, a rounded normal for many: at 40 it is off by a per cent of its width. */
static double draw_photons(epo__rng *rng, double mean)
{
    if (mean >= FEW) return fmax(0, round(mean + sqrt(mean) * epo__rng_normal(rng)));
    const double limit = exp(-mean);
    double count = 0, product = epo__rng_uniform(rng);
    while (product > limit) {
        count++;
        product *= epo__rng_uniform(rng);
    }
    return count;
}

void epo__render_photons(const epo__canvas *canvas, epo__rng *rng, double gain)
{
    const size_t count = (size_t)canvas->width * (size_t)canvas->height;
    for (size_t i = 0; i < count; i++) {
        const double mean = canvas->pixels[i] * gain;
        if (mean > 0) canvas->pixels[i] = (float)(draw_photons(rng, mean) / gain);
    }
}

/* The value with the light added; *light is what came on. */
static double lit(double value, double low, double high, float *light, size_t *cut)
{
    if (!isfinite(value)) return value;
    double sum = value + *light;
    const double top = fmax(value, high);
    if (sum > top || sum < low) {
        sum = sum > top ? top : fmin(value, low);
        *light = (float)(sum - value);
        ++*cut;
    }
    return sum;
}

/* memcpy of each pixel, as in pixel.c: these come from databases at any address */
#define INJECT(pixel, low, high, rounded)                                                      \
    for (size_t i = 0; i < count; i++) {                                                       \
        pixel value;                                                                           \
        if (light[i] == 0) continue;                                                           \
        memcpy(&value, to + i * sizeof value, sizeof value);                                   \
        value = (pixel)rounded(lit((double)value, low, fmin(ceiling, high), &light[i], &cut)); \
        memcpy(to + i * sizeof value, &value, sizeof value);                                   \
    }

size_t epo__pixels_inject(epo__pixel_type type, void *pixels, size_t count, float *light, double ceiling)
{
    unsigned char *to = pixels;
    size_t cut = 0;
    switch (type) {
    case EPO__PIXEL_U8:
        INJECT(uint8_t, 0, UINT8_MAX, rint) break;
    case EPO__PIXEL_I16:
        INJECT(int16_t, INT16_MIN, INT16_MAX, rint) break;
    case EPO__PIXEL_U16:
        INJECT(uint16_t, 0, UINT16_MAX, rint) break;
    case EPO__PIXEL_I32:
        INJECT(int32_t, INT32_MIN, INT32_MAX, rint) break;
    case EPO__PIXEL_F32:
        INJECT(float, -FLT_MAX, FLT_MAX, ) break;
    case EPO__PIXEL_F64:
        INJECT(double, -DBL_MAX, DBL_MAX, ) break;
    }
    return cut;
}
