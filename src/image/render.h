/* SPDX-License-Identifier: BSD-3-Clause
 * render.h - stars and galaxies as a telescope shows them, on plain float arrays.
 *
 * Everything that shines is a sum of Gaussians: the point-spread function (a Moffat profile) as well as the galaxies
 * (after Hogg & Lang 2013, PASP 125, 719), so that blurring one with the other adds variances and no convolution is ever
 * computed. The centre of pixel (x, y) lies at (x, y); it covers half a pixel on either side. Fluxes are in the
 * canvas's unit (ADU), lengths in pixels.
 */
#ifndef EPO_IMAGE_RENDER_H
#define EPO_IMAGE_RENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct epo__canvas {
    float *pixels; /* height x width, the caller's */
    int width, height;
} epo__canvas;

typedef struct epo__psf {
    double fwhm;    /* of the profile before it is integrated over pixels */
    double stretch; /* width along x over width along y, 1 for round; their product stays */
} epo__psf;

typedef enum epo__profile { EPO__EXPONENTIAL, EPO__DE_VAUCOULEURS } epo__profile;

typedef struct epo__galaxy {
    epo__profile profile; /* Sersic n = 1 or n = 4 */
    double radius;        /* half-light, along the major axis */
    double ratio;         /* minor over major axis, (0, 1] */
    double angle;         /* of the major axis from x towards y, radians */
} epo__galaxy;

/* Adds a star of total flux `flux`, integrated over each pixel. Where a component stays below `cut` it is not drawn. */
void epo__render_star(const epo__canvas *canvas, const epo__psf *psf, double x, double y, double flux, double cut);

/* Adds a galaxy blurred by the PSF and by the pixel. */
void epo__render_galaxy(const epo__canvas *canvas, const epo__psf *psf, const epo__galaxy *galaxy, double x, double y,
                        double flux, double cut);

/* Adds `level` with a gradient per pixel; (0, 0) of the gradient is the centre of the canvas. */
void epo__render_sky(const epo__canvas *canvas, double level, double slope_x, double slope_y);

/* Adds to each pixel the noise of its own photons and of the readout: variance max(value, 0) / gain + read^2. gain is in
 * electrons per unit, read in units. The same (seed, stream) gives the same noise. */
void epo__render_noise(const epo__canvas *canvas, uint64_t seed, uint64_t stream, double gain, double read);

/* What a pixel holds beyond `full` runs along its column, half up and half down, as in a CCD without anti-blooming. */
void epo__render_bleed(const epo__canvas *canvas, double full);

/* A straight streak from (x, y) along `angle` for `length`, sharp as a particle's track, with `charge` in all. */
void epo__render_track(const epo__canvas *canvas, double x, double y, double angle, double length, double charge);

/* An endless straight trail through (x, y) with Gaussian section: `peak` on its ridge, standard deviation `sigma`. */
void epo__render_trail(const epo__canvas *canvas, double x, double y, double angle, double peak, double sigma);

/* Convolves with a Gaussian of standard deviation sigma (0 or more, below 8); beyond the border the canvas continues
 * with its outermost pixels. `scratch` holds as many floats as the canvas. */
void epo__render_blur(const epo__canvas *canvas, double sigma, float *scratch);

/* The `side` x `side` window whose first pixel is (x, y) of the canvas, wholly inside it, rounded and clipped to int16. */
void epo__render_to_i16(const epo__canvas *canvas, int x, int y, int side, int16_t *out);

#endif
