/* SPDX-License-Identifier: BSD-3-Clause
 * render.c - stars, galaxies, sky.
 *
 * The tables hold the share of the light and the standard deviation of each Gaussian. They were fitted to the light in
 * rings by non-negative least squares; tests/image/test_render.c compares them with the profiles. A star's Gaussians
 * are separable, so its pixels are exact products of differences of erf; a galaxy's are tilted, and the pixel is taken
 * as one more Gaussian of variance 1/12, which is good to a per mille for widths above half a pixel.
 */
#include "image/render.h"

#include <math.h>

typedef struct gaussian {
    double share, sigma;
} gaussian;

/* Moffat profile, beta = 3, in units of its FWHM. */
static const gaussian moffat[] = {{0.31647, 0.35695}, {0.49620, 0.58315}, {0.16517, 1.00490}, {0.02216, 1.95254}};
/* Sersic profiles in units of the half-light radius; n = 4 ends at 8 radii. */
static const gaussian exponential[] = {{0.00132, 0.06632}, {0.01678, 0.17699}, {0.10891, 0.37469},
                                       {0.33013, 0.68073}, {0.41196, 1.10869}, {0.13090, 1.71555}};
static const gaussian de_vaucouleurs[] = {{0.00384, 0.00842}, {0.01761, 0.02924}, {0.05137, 0.07705}, {0.10706, 0.17743},
                                          {0.17375, 0.37870}, {0.22001, 0.77627}, {0.22626, 1.57238}, {0.20009, 3.60772}};

enum { REACH = 256 }; /* pixels: nothing is drawn farther from its centre */
static const double PIXEL_VARIANCE = 1.0 / 12;
static const double TWO_PI = 6.283185307179586;

/* First and last pixel of a component about `centre` that peaks at `peak`; false when nothing of it is to be seen. */
static bool span(double centre, double sigma, double peak, double cut, int size, int *first, int *last)
{
    if (!(peak > cut)) return false;
    double reach = sigma * sqrt(2 * log(peak / cut)) + 1;
    if (reach > REACH) reach = REACH;
    if (!(centre + reach >= 0) || !(centre - reach <= size - 1)) return false;
    *first = centre - reach < 0 ? 0 : (int)ceil(centre - reach);
    *last = centre + reach > size - 1 ? size - 1 : (int)floor(centre + reach);
    return *first <= *last;
}

/* The share of a Gaussian that falls on each pixel from `first` to `last`. */
static void pixel_shares(double centre, double sigma, int first, int last, double *out)
{
    double scale = 1 / (sigma * M_SQRT2), left = erf((first - 0.5 - centre) * scale);
    for (int i = first; i <= last; i++) {
        double right = erf((i + 0.5 - centre) * scale);
        *out++ = 0.5 * (right - left);
        left = right;
    }
}

void epo__render_star(const epo__canvas *canvas, const epo__psf *psf, double x, double y, double flux, double cut)
{
    double across[2 * REACH + 1], along[2 * REACH + 1], wide = sqrt(psf->stretch);
    for (size_t k = 0; k < sizeof moffat / sizeof *moffat; k++) {
        double sigma = moffat[k].sigma * psf->fwhm, sx = sigma * wide, sy = sigma / wide, light = flux * moffat[k].share;
        double peak = light / (TWO_PI * sigma * sigma);
        int x0, x1, y0, y1;
        if (!span(x, sx, peak, cut, canvas->width, &x0, &x1) || !span(y, sy, peak, cut, canvas->height, &y0, &y1)) continue;
        pixel_shares(x, sx, x0, x1, across);
        pixel_shares(y, sy, y0, y1, along);
        for (int row = y0; row <= y1; row++) {
            float *out = canvas->pixels + (size_t)row * (size_t)canvas->width;
            double height = light * along[row - y0];
            for (int i = x0; i <= x1; i++) out[i] += (float)(height * across[i - x0]);
        }
    }
}

/* Adds light * N(covariance xx, xy, yy). Along a row neighbouring values have a ratio that itself changes by a constant
 * factor, so that a row costs two exponentials. */
static void add_gaussian(const epo__canvas *canvas, double x, double y, double xx, double xy, double yy, double light, double cut)
{
    double determinant = xx * yy - xy * xy, peak = light / (TWO_PI * sqrt(determinant));
    double a = yy / determinant, b = -xy / determinant, c = xx / determinant, fall = exp(-a);
    int x0, x1, y0, y1;
    if (!span(x, sqrt(xx), peak, cut, canvas->width, &x0, &x1) || !span(y, sqrt(yy), peak, cut, canvas->height, &y0, &y1)) return;
    for (int row = y0; row <= y1; row++) {
        float *out = canvas->pixels + (size_t)row * (size_t)canvas->width;
        double dx = x0 - x, dy = row - y;
        double value = peak * exp(-0.5 * (a * dx * dx + 2 * b * dx * dy + c * dy * dy));
        double ratio = exp(-0.5 * a * (2 * dx + 1) - b * dy);
        for (int i = x0; i <= x1; i++) {
            out[i] += (float)value;
            value *= ratio;
            ratio *= fall;
        }
    }
}

void epo__render_galaxy(const epo__canvas *canvas, const epo__psf *psf, const epo__galaxy *galaxy, double x, double y, double flux,
                        double cut)
{
    const gaussian *table = exponential;
    size_t count = sizeof exponential / sizeof *exponential;
    if (galaxy->profile == EPO__DE_VAUCOULEURS) {
        table = de_vaucouleurs;
        count = sizeof de_vaucouleurs / sizeof *de_vaucouleurs;
    }
    double cosine = cos(galaxy->angle), sine = sin(galaxy->angle), minor = galaxy->ratio * galaxy->ratio;
    /* of the galaxy with radius 1 */
    double xx = cosine * cosine + minor * sine * sine, yy = sine * sine + minor * cosine * cosine, xy = (1 - minor) * sine * cosine;
    for (size_t k = 0; k < count; k++) {
        double own = table[k].sigma * galaxy->radius;
        own *= own;
        for (size_t p = 0; p < sizeof moffat / sizeof *moffat; p++) {
            double blur = moffat[p].sigma * psf->fwhm;
            blur *= blur;
            add_gaussian(canvas, x, y, own * xx + blur * psf->stretch + PIXEL_VARIANCE, own * xy,
                         own * yy + blur / psf->stretch + PIXEL_VARIANCE, flux * table[k].share * moffat[p].share, cut);
        }
    }
}

void epo__render_sky(const epo__canvas *canvas, double level, double slope_x, double slope_y)
{
    for (int y = 0; y < canvas->height; y++) {
        float *out = canvas->pixels + (size_t)y * (size_t)canvas->width;
        double row = level + slope_y * (y - 0.5 * (canvas->height - 1));
        for (int x = 0; x < canvas->width; x++) out[x] += (float)(row + slope_x * (x - 0.5 * (canvas->width - 1)));
    }
}

void epo__render_to_i16(const epo__canvas *canvas, int x, int y, int side, int16_t *out)
{
    for (int row = 0; row < side; row++) {
        const float *in = canvas->pixels + (size_t)(y + row) * (size_t)canvas->width + x;
        for (int i = 0; i < side; i++) {
            float value = in[i] < -32768 ? -32768 : in[i] > 32767 ? 32767 : in[i];
            *out++ = (int16_t)lrintf(value);
        }
    }
}
