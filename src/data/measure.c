/* SPDX-License-Identifier: BSD-3-Clause
 * measure.c - photometry of all stamps of one object.
 *
 * A PSF as wide as each night's seeing takes the seeing out of the light curve, which a fixed one, or an aperture of a
 * few pixels, leaves in (docs/photometry.md shows how much). The width is found on each stamp whose source stands well
 * out of the noise; where it does not, a width found there would follow the noise, and flux with it: the stamp's FWHM
 * as given is taken, else the median of the object's other stamps, else, of an object that is never seen well, 3
 * pixels. */
#include "data/measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/stamp_extra.h"
#include "image/median.h"
#include "image/pixels.h"

static const double SIGNIFICANT = 20, FOUND = 7; /* from where on a width is taken, and a centroid */
static const double LEAST_COVERAGE = 0.75, INNER = 8, OUTER = 16, UNKNOWN_FWHM = 3;

void epo__measuring_free(epo__measuring *m)
{
    if (!m) return;
    epo__stamp_list_free(&m->stamps);
    epo__pool_free(&m->texts);
    free(m->points);
    free(m->raw);
    free(m->pixels.bytes);
    free(m->plane);
    free(m->numbers);
    *m = (epo__measuring){0};
}

/* --- fetching
 * ---------------------------------------------------------------------------------------------------------- */

static epo_status refuse(epo__measuring *m, epo__measured *point, const char *reason)
{
    point->refused = epo__pool_add(&m->texts, reason, strlen(reason));
    return point->refused ? EPO_OK : epo__nomem("photometry");
}

static epo_status read_pixels(epo_store *store, epo__measuring *m, epo__measured *point)
{
    epo_status status = epo__store_pixels_read(store, point->stamp, &m->pixels);
    if (status == EPO_EFORMAT) return refuse(m, point, epo_error_message());
    if (status != EPO_OK) return status;
    size_t need;
    if (!epo__size_add(m->raw_size, m->pixels.size, &need) || !epo__grow(&m->raw, &m->raw_room, need, 1))
        return epo__nomem("pixels of an object");
    memcpy(m->raw + m->raw_size, m->pixels.bytes, m->pixels.size);
    point->raw_offset = m->raw_size;
    m->raw_size = need;
    return EPO_OK;
}

epo_status epo__measure_fetch(epo_store *store, int64_t object, const epo__measure_options *options, epo__measuring *m)
{
    bool timed = false;
    m->count = m->raw_size = 0;
    epo__pool_clear(&m->texts);
    epo_status status = epo__store_object_get(store, object, &m->texts, &m->object);
    if (status == EPO_OK) status = epo__store_stamps_of(store, object, &m->stamps);
    for (size_t i = 0; status == EPO_OK && i < m->stamps.count; i++) {
        const epo__stamp_row *row = &m->stamps.rows[i];
        if (row->role != options->role) continue;
        if (!epo__grow(&m->points, &m->room, m->count + 1, sizeof *m->points)) return epo__nomem("photometry");
        m->points[m->count++] = (epo__measured){.stamp = row, .mjd = row->mjd};
        timed = timed || !isnan(row->mjd);
    }
    for (size_t i = 0; status == EPO_OK && i < m->count; i++) {
        epo__measured *point = &m->points[i];
        if (!timed) point->mjd = (double)i;
        if (options->own_zero_points) status = epo__stamp_zero_point(point->stamp, &point->zero_point);
        if (status != EPO_OK) return status;
        if (isnan(point->mjd))
            status = refuse(m, point, "it has no time, and others of its object have");
        else if (options->own_zero_points && isnan(point->zero_point))
            status = refuse(m, point, "it has no zero point");
        else if (point->stamp->constant)
            status = refuse(m, point, "every pixel has the same value");
        else
            status = read_pixels(store, m, point);
    }
    return status;
}

/* --- measuring
 * --------------------------------------------------------------------------------------------------------- */

/* The stamp as float32, bad pixels NaN. */
static epo_status convert(const epo__measure_options *o, epo__measuring *m, const epo__measured *point,
                          epo__raster *out)
{
    const epo__stamp_row *row = point->stamp;
    const size_t count = (size_t)row->width * (size_t)row->height;
    if (!epo__grow(&m->plane, &m->plane_room, count, sizeof *m->plane)) return epo__nomem("a stamp");
    epo__pixels_to_f32(row->type, m->raw + point->raw_offset, count, m->plane);
    epo__pixels_mask_outside(m->plane, count, o->bad_below, o->bad_above);
    *out = (epo__raster){.pixels = m->plane, .width = row->width, .height = row->height};
    return EPO_OK;
}

/* Of a small stamp the sky is what lies near its border. */
static epo__annulus annulus_of(const epo__measure_options *o, const epo__stamp_row *row)
{
    if (o->flux.annulus.outer > 0) return o->flux.annulus;
    const double half = 0.5 * (row->width < row->height ? row->width : row->height), inner = fmin(INNER, 0.8 * half);
    return (epo__annulus){inner, inner + OUTER - INNER};
}

/* What concerns this stamp alone is noted in its point. */
static epo_status keep_going(epo__measuring *m, epo__measured *point, epo_status status)
{
    return status == EPO_EFORMAT || status == EPO_EARG ? refuse(m, point, epo_error_message()) : status;
}

static epo_status measure_sky(const epo__measure_options *o, epo__measuring *m, epo__measured *point,
                              epo__image_work *work)
{
    epo__raster image;
    epo_status status = convert(o, m, point, &image);
    if (status != EPO_OK) return status;
    const double x = epo__raster_centre(image.width), y = epo__raster_centre(image.height);
    const epo__annulus annulus = annulus_of(o, point->stamp);
    status = epo__sky_measure(&image, x, y, &annulus, work, &point->flux.sky);
    if (status == EPO_OK && !(point->flux.sky.noise > 0)) /* without it no error, and no weight among other nights */
        status = epo__fail(EPO_EFORMAT, "its sky has no noise");
    if (status != EPO_OK) return keep_going(m, point, status);
    return epo__shape_measure(&image, &point->flux.sky, x, y, o->recentre, work, &point->shape);
}

/* The median of one number of the points that have it; NaN when none does. */
typedef double (*number_fn)(const epo__measured *point);
static double median_of(epo__measuring *m, number_fn number)
{
    size_t count = 0;
    for (size_t i = 0; i < m->count; i++) {
        const double value = m->points[i].refused ? NAN : number(&m->points[i]);
        if (!isnan(value)) m->numbers[count++] = value;
    }
    return count ? epo__median(m->numbers, count) : NAN;
}

static double clear_fwhm(const epo__measured *p)
{
    return p->shape.significance >= SIGNIFICANT ? p->shape.fwhm : NAN;
}

static double given_fwhm(const epo__measured *p)
{
    return p->stamp->fwhm > 0 && p->stamp->fwhm < EPO__SIDE_MAX ? p->stamp->fwhm : NAN;
}

static double error_of(const epo__measured *p)
{
    return p->flux.flux_err;
}

/* How far off the centre, squared, the sources were that were found. */
static double offset2(const epo__measured *p)
{
    if (!(p->shape.significance >= FOUND)) return NAN;
    const double dx = p->shape.x - epo__raster_centre(p->stamp->width),
                 dy = p->shape.y - epo__raster_centre(p->stamp->height);
    return dx * dx + dy * dy;
}

/* Where a source was not found it lies about the centre, as far off as the object's others: a PSF that is wider by this
 * scatter is right on average. Of a scatter s along each axis the median of offset2 is 2 ln 2 s^2. */
static double widened(double fwhm, double offset2_median)
{
    return isnan(offset2_median) ? fwhm : sqrt(fwhm * fwhm + 8 * M_LN2 * offset2_median / (2 * M_LN2));
}

static void choose_widths(const epo__measure_options *o, epo__measuring *m)
{
    double usual = o->flux.fwhm;
    if (usual == 0) usual = median_of(m, clear_fwhm);
    if (isnan(usual)) usual = median_of(m, given_fwhm);
    if (isnan(usual)) usual = UNKNOWN_FWHM;
    const double scatter = o->recentre > 0 ? median_of(m, offset2) : NAN;
    for (size_t i = 0; i < m->count; i++) {
        epo__measured *p = &m->points[i];
        p->x = epo__raster_centre(p->stamp->width);
        p->y = epo__raster_centre(p->stamp->height);
        p->fwhm = o->flux.fwhm > 0 ? o->flux.fwhm : clear_fwhm(p);
        if (isnan(p->fwhm)) p->fwhm = given_fwhm(p);
        if (isnan(p->fwhm)) p->fwhm = usual;
        if (o->recentre > 0 && p->shape.significance >= FOUND) {
            p->x = p->shape.x;
            p->y = p->shape.y;
        } else if (o->flux.fwhm == 0) {
            p->fwhm = widened(p->fwhm, scatter);
        }
    }
}

static int flags_of(const epo__measure_options *o, const epo__flux *flux)
{
    static const int words[][2] = {
        {EPO__FLUX_BAD_PIXEL, EPO__PHOTOMETRY_BAD_PIXEL},
        {EPO__FLUX_SATURATED, EPO__PHOTOMETRY_SATURATED},
        {EPO__FLUX_EDGE, EPO__PHOTOMETRY_EDGE},
        {EPO__FLUX_SKY_FEW, EPO__PHOTOMETRY_SKY_FEW},
    };
    int flag = 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (flux->flags & (unsigned)words[i][0]) flag |= words[i][1];
    /* an aperture knows nothing of the light on missing pixels; a PSF fills in what is not too much */
    const bool missing = o->flux.method == EPO__FLUX_APERTURE
                             ? (flux->flags & (EPO__FLUX_BAD_PIXEL | EPO__FLUX_EDGE)) != 0
                             : flux->coverage < LEAST_COVERAGE;
    if (missing || (flux->flags & EPO__FLUX_SATURATED)) flag |= EPO__PHOTOMETRY_SUSPECT;
    return flag;
}

static epo_status measure_flux(const epo__measure_options *o, epo__measuring *m, epo__measured *point,
                               epo__image_work *work)
{
    epo__raster image;
    epo_status status = convert(o, m, point, &image);
    if (status != EPO_OK) return status;
    epo__flux_options flux = o->flux;
    flux.fwhm = point->fwhm;
    flux.annulus = annulus_of(o, point->stamp);
    const epo__sky sky = point->flux.sky;
    status = epo__flux_measure(&image, point->x, point->y, &flux, &sky, work, &point->flux);
    if (status == EPO_OK) point->flag = flags_of(o, &point->flux);
    if (status == EPO_OK && o->own_zero_points) {
        const double scale = pow(10, 0.4 * (o->zero_point - point->zero_point));
        point->flux.flux *= scale;
        point->flux.flux_err *= scale;
    }
    return keep_going(m, point, status);
}

/* One softening for the whole light curve: magnitudes of equal fluxes must be equal. */
static void make_magnitudes(const epo__measure_options *o, epo__measuring *m)
{
    const double softening = o->softening > 0 ? o->softening : EPO__ASINH_SOFTENING * median_of(m, error_of);
    for (size_t i = 0; i < m->count; i++) {
        epo__measured *p = &m->points[i];
        if (p->refused) continue;
        p->magnitude = o->asinh ? epo__magnitude_asinh(p->flux.flux, p->flux.flux_err, o->zero_point, softening)
                                : epo__magnitude_pogson(p->flux.flux, p->flux.flux_err, o->zero_point, o->detection);
        if (p->magnitude.limit) p->flag |= EPO__PHOTOMETRY_LIMIT;
    }
}

epo_status epo__measure_object(const epo__measure_options *options, epo__measuring *m, epo__image_work *work)
{
    epo_status status = EPO_OK;
    if (!epo__grow(&m->numbers, &m->number_room, m->count, sizeof *m->numbers)) return epo__nomem("photometry");
    for (size_t i = 0; status == EPO_OK && i < m->count; i++)
        if (!m->points[i].refused) status = measure_sky(options, m, &m->points[i], work);
    choose_widths(options, m);
    for (size_t i = 0; status == EPO_OK && i < m->count; i++)
        if (!m->points[i].refused) status = measure_flux(options, m, &m->points[i], work);
    if (status == EPO_OK) make_magnitudes(options, m);
    return status;
}
