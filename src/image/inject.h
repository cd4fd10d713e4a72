/* SPDX-License-Identifier: BSD-3-Clause
 * inject.h - a point source put into a plane that was observed: what it looks like there, and its light in pixels of
 * any type. Lengths are pixels, places as in render.h, fluxes in the plane's unit. */
#ifndef EPO_IMAGE_INJECT_H
#define EPO_IMAGE_INJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pixel.h"
#include "base/rng.h"
#include "epochal/status.h"
#include "image/photometry.h"
#include "image/render.h"

/* FWHM of a Gaussian found by epo__shape_measure on a star of render.h's profile, over the star's own: the profile has
 * wings, which the moments see. From the table in render.c: the width w at which the moments under a Gaussian weight of
 * w equal w^2 / 2. */
#define EPO__MOMENTS_OVER_FWHM 1.1312

/* The FWHM of a star in this plane, in the sense of epo__psf: that of one of the narrowest sources that stand clearly
 * out of the noise, since galaxies and blends are wider. *fwhm is NaN where there is none. Pixels from `saturation` on
 * spoil a source. EPO_ENOMEM; EPO_EFORMAT when no pixel is finite. */
epo_status epo__psf_find(const epo__raster *image, double saturation, epo__image_work *work, double *fwhm);

/* A star cut out of a real plane: sky taken off, its light sums to 1. */
typedef struct epo__star_cut {
    float *pixels; /* side x side, the caller's to free() */
    int side;      /* odd */
    double dx, dy; /* of its centroid from the middle pixel */
    double fwhm;   /* as epo__psf_find */
    double significance;
} epo__star_cut;

enum { EPO__STAR_MEASURED = 50 }; /* errors that a star must have, so that its own noise does not matter */

/* Cuts the star in the middle of the plane: what lies within three FWHM of it. *out is all zeros, and *reason says why
 * (a text of the program's), when there is none that would do: too faint, saturated, with bad pixels, off the centre,
 * not alone or too close to the border. EPO_ENOMEM; EPO_EFORMAT when no pixel is finite. */
epo_status epo__star_cut_make(const epo__raster *image, double saturation, epo__image_work *work, epo__star_cut *out,
                              const char **reason);

/* Adds a cut of total flux `flux`, its middle pixel on pixel (x, y). */
void epo__star_cut_add(const epo__canvas *canvas, const epo__star_cut *cut, int x, int y, double flux);

/* Makes of each pixel the light that was counted: a Poisson draw of value * gain electrons. */
void epo__render_photons(const epo__canvas *canvas, epo__rng *rng, double gain);

/* Adds light to `count` pixels of a type. What comes above `ceiling`, or out of the type's range, is cut there; a pixel
 * that was above stays as it is, one that is not finite too. Whole numbers are rounded. light is left with what was
 * added, before rounding: a difference image gets the same. Returns the number of pixels that were cut. */
size_t epo__pixels_inject(epo__pixel_type type, void *pixels, size_t count, float *light, double ceiling);

#endif
