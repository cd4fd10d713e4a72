/* SPDX-License-Identifier: BSD-3-Clause
 * photometry.c - flux by aperture or PSF.
 *
 * Both are sums over pixels with weights: the overlap of pixel and circle, or the PSF's light on the pixel. */
#include "image/photometry.h"

#include <math.h>
#include <sep.h>

#include "base/error.h"

static const double FWHM_OF_SD = 2.3548200450309493;

/* Sums over the usable pixels: of weight w and its powers, of w times the pixel above the sky. */
typedef struct sums {
    double w, w2, w3, signal;
    bool bad, saturated; /* there is such a pixel near */
} sums;

typedef struct weighing {
    const epo__raster *image;
    const epo__flux_options *options;
    double x, y, reach;     /* what is near lies within reach */
    double level;           /* of the sky */
    double *rows, *columns; /* the PSF's light, along y and x */
} weighing;

/* The area that pixel (column, row) shares with the circle: a picture of that one pixel, summed exactly. */
static double overlap(const weighing *w, int column, int row)
{
    static const double one = 1;
    const sep_image pixel = {.data = &one, .dtype = SEP_TDOUBLE, .w = 1, .h = 1};
    double sum = 0, error, area;
    short flag;
    return sep_sum_circle(&pixel, w->x - column, w->y - row, w->reach, 0, 0, 0, &sum, &error, &area, &flag) == 0 ? sum
                                                                                                                 : 0;
}

/* The light that a Gaussian at `centre` sends on pixel `i` of one axis. */
static double light(double i, double centre, double sd)
{
    return 0.5 * (erf((i + 0.5 - centre) / (M_SQRT2 * sd)) - erf((i - 0.5 - centre) / (M_SQRT2 * sd)));
}

static void light_axis(double *out, int side, double centre, double sd)
{
    for (int i = 0; i < side; i++) out[i] = light(i, centre, sd);
}

/* The sum of squared light over all pixels of one axis, those beyond the plane too. */
static double whole_axis(double centre, double sd)
{
    const int middle = (int)lround(centre), reach = (int)ceil(9 * sd) + 1;
    double sum = 0;
    for (int i = middle - reach; i <= middle + reach; i++) sum += pow(light(i, centre, sd), 2);
    return sum;
}

static sums add_up(const weighing *w)
{
    sums s = {0};
    const bool aperture = w->options->method == EPO__FLUX_APERTURE;
    for (int row = 0; row < w->image->height; row++) {
        if (aperture && fabs(row - w->y) > w->reach + 1) continue;
        for (int column = 0; column < w->image->width; column++) {
            if (aperture && fabs(column - w->x) > w->reach + 1) continue;
            const double weight = aperture ? overlap(w, column, row) : w->rows[row] * w->columns[column];
            if (!(weight > 0)) continue;
            const double value = w->image->pixels[(size_t)row * (size_t)w->image->width + (size_t)column];
            const bool near = aperture || hypot(column - w->x, row - w->y) <= w->reach;
            if (near && value >= w->options->saturation) s.saturated = true;
            if (!isfinite(value)) {
                s.bad = s.bad || near;
                continue;
            }
            s.w += weight;
            s.w2 += weight * weight;
            s.w3 += weight * weight * weight;
            s.signal += weight * (value - w->level);
        }
    }
    return s;
}

/* Overlap weighs all alike: the sum stands for the whole circle. */
static void by_aperture(const sums *s, const epo__flux_options *o, const epo__sky *sky, epo__flux *out)
{
    const double area = M_PI * o->radius * o->radius, scale = area / s->w;
    out->coverage = s->w / area;
    out->flux = s->signal * scale;
    const double level = s->w * sky->level_err, photons = o->gain > 0 ? fmax(s->signal, 0) / o->gain : 0;
    out->flux_err = scale * sqrt(s->w2 * sky->noise * sky->noise + level * level + photons);
}

/* Least squares of flux * PSF to the pixels, all of equal noise. */
static void by_psf(const sums *s, const epo__flux_options *o, const epo__sky *sky, double whole, epo__flux *out)
{
    out->coverage = s->w2 / whole;
    out->flux = s->signal / s->w2;
    const double level = s->w / s->w2 * sky->level_err;
    const double photons = o->gain > 0 ? fmax(out->flux, 0) / o->gain * s->w3 / (s->w2 * s->w2) : 0;
    out->flux_err = sqrt(sky->noise * sky->noise / s->w2 + level * level + photons);
}

static epo_status check(const epo__raster *image, double x, double y, const epo__flux_options *o)
{
    const double size = o->method == EPO__FLUX_APERTURE ? o->radius : o->fwhm;
    if (!image->pixels || image->width < 1 || image->height < 1) return epo__fail(EPO_EARG, "photometry of no pixels");
    if (!isfinite(x) || !isfinite(y) || x < -0.5 || y < -0.5 || x > image->width - 0.5 || y > image->height - 0.5)
        return epo__fail(EPO_EARG, "photometry at a place outside the stamp");
    if (!(size > 0) || size > 1e4)
        return epo__fail(EPO_EARG, "photometry: the %s must be above 0 and at most 10000 pixels",
                         o->method == EPO__FLUX_APERTURE ? "aperture's radius" : "PSF's FWHM");
    if (!(o->annulus.inner >= 0) || !(o->annulus.outer > o->annulus.inner))
        return epo__fail(EPO_EARG,
                         "photometry: the annulus must have an inner radius of 0 or more and a larger outer one");
    if (!(o->gain >= 0) || isnan(o->saturation))
        return epo__fail(EPO_EARG, "photometry: the gain must be 0 or more, and saturation a number");
    return EPO_OK;
}

epo_status epo__flux_measure(const epo__raster *image, double x, double y, const epo__flux_options *options,
                             const epo__sky *sky, epo__image_work *work, epo__flux *out)
{
    *out = (epo__flux){0};
    epo_status status = check(image, x, y, options);
    if (status != EPO_OK) return status;
    const bool aperture = options->method == EPO__FLUX_APERTURE;
    const double sd = options->fwhm / FWHM_OF_SD;
    const size_t width = (size_t)image->width, height = (size_t)image->height;
    if (sky)
        out->sky = *sky;
    else
        status = epo__sky_measure(image, x, y, &options->annulus, work, &out->sky);
    if (status == EPO_OK) status = epo__image_work_reserve(work, width + height);
    if (status != EPO_OK) return status;

    weighing w = {.image = image,
                  .options = options,
                  .x = x,
                  .y = y,
                  .level = out->sky.level,
                  .reach = aperture ? options->radius : options->fwhm,
                  .rows = work->room,
                  .columns = work->room + height};
    if (!aperture) {
        light_axis(w.rows, image->height, w.y, sd);
        light_axis(w.columns, image->width, w.x, sd);
    }
    const sums s = add_up(&w);
    if (!(s.w2 > 0)) return epo__fail(EPO_EFORMAT, "no usable pixel at the source's place");
    if (aperture)
        by_aperture(&s, options, &out->sky, out);
    else
        by_psf(&s, options, &out->sky, whole_axis(w.x, sd) * whole_axis(w.y, sd), out);
    if (!isfinite(out->flux) || !isfinite(out->flux_err)) return epo__fail(EPO_EFORMAT, "pixels too large to add up");
    if (s.bad) out->flags |= EPO__FLUX_BAD_PIXEL;
    if (s.saturated) out->flags |= EPO__FLUX_SATURATED;
    if (w.x - w.reach < -0.5 || w.y - w.reach < -0.5 || w.x + w.reach > (double)width - 0.5 ||
        w.y + w.reach > (double)height - 0.5)
        out->flags |= EPO__FLUX_EDGE;
    if (out->sky.fallback) out->flags |= EPO__FLUX_SKY_FEW;
    if (!(out->flux > 0)) out->flags |= EPO__FLUX_NEGATIVE;
    return EPO_OK;
}

const char *epo__photometry_engine(void)
{
    return sep_version_string;
}
