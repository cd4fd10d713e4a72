/* SPDX-License-Identifier: BSD-3-Clause
 * photometry.h - how bright the source at one place of a plane is: sky, shape, flux and its error, on plain arrays.
 *
 *     epo__sky_measure    level and noise of the sky in an annulus, sigma-clipped
 *     epo__shape_measure  place and width of the source, by adaptive moments
 *     epo__flux_measure   flux by aperture or by a Gaussian PSF, with an error and flags; measures the sky itself
 *
 * Pixels are in any unit (ADU, say) and so are fluxes; lengths are pixels. The centre of pixel (x, y) lies at (x, y),
 * as in render.h. A pixel that is not finite is bad: it is passed over everywhere, and said where it matters. Formulas
 * stand in docs/photometry.md. Exact overlap of circle and pixel, and windowed centroids, are libsep's (Barbary 2016,
 * JOSS 1, 58).
 */
#ifndef EPO_IMAGE_PHOTOMETRY_H
#define EPO_IMAGE_PHOTOMETRY_H

#include <stdbool.h>
#include <stddef.h>

#include "epochal/status.h"
#include "image/work.h"

typedef struct epo__raster {
    const float *pixels; /* height rows of width, the caller's */
    int width, height;
} epo__raster;

/* The centre of `side` pixels: number side / 2 counted from 0, as in geometry.h. */
double epo__raster_centre(int side);

/* Pixels whose centres lie `inner` to `outer` from the place; outer > inner >= 0. */
typedef struct epo__annulus {
    double inner, outer;
} epo__annulus;

typedef struct epo__sky {
    double level, level_err; /* median of what is left after clipping, and its error */
    double noise;            /* SD of a pixel */
    size_t used, eligible;   /* pixels left; pixels of the annulus in the plane, bad ones too */
    bool fallback;           /* fewer than EPO__SKY_FEW usable ones there: the sky is that of the whole plane */
} epo__sky;

enum { EPO__SKY_FEW = 12 };

/* Clips at 3 SD about the median until nothing changes. EPO_EFORMAT when the plane has no finite pixel; EPO_ENOMEM. */
epo_status epo__sky_measure(const epo__raster *image, double x, double y, const epo__annulus *annulus,
                            epo__image_work *work, epo__sky *out);

/* Where the source is, and the width of the round Gaussian that weights it best: its second moments under a Gaussian of
 * its own width (Bernstein & Jarvis 2002, AJ 123, 583, round). */
typedef struct epo__source_shape {
    double x, y;
    double fwhm;         /* of the profile before it is integrated over pixels; NaN: there is none to be found */
    double significance; /* signal under the weight over its noise; 0 with a NaN width */
} epo__source_shape;

/* `recentre`: how far the windowed centroid may lie from (x, y); 0 leaves the place as it is. Where the centroid lies
 * farther, there is no shape. EPO_ENOMEM. */
epo_status epo__shape_measure(const epo__raster *image, const epo__sky *sky, double x, double y, double recentre,
                              epo__image_work *work, epo__source_shape *out);

typedef enum epo__flux_method { EPO__FLUX_APERTURE, EPO__FLUX_PSF } epo__flux_method;

typedef struct epo__flux_options {
    epo__flux_method method;
    double radius;        /* of the aperture, > 0 */
    double fwhm;          /* of the Gaussian PSF before it is integrated over pixels, > 0 */
    epo__annulus annulus; /* of the sky */
    double gain;          /* electrons a unit; 0: unknown, and the error is that of the sky */
    double saturation;    /* a pixel from here on is saturated; INFINITY: none is */
} epo__flux_options;

/* Bits of epo__flux.flags. "Near": in the aperture, or closer than the FWHM. */
enum {
    EPO__FLUX_BAD_PIXEL = 1, /* a bad pixel is near */
    EPO__FLUX_SATURATED = 2, /* a saturated pixel is near */
    EPO__FLUX_EDGE = 4,      /* what is near goes beyond the plane */
    EPO__FLUX_SKY_FEW = 8,   /* the sky is not from the annulus (epo__sky.fallback) */
    EPO__FLUX_NEGATIVE = 16, /* the flux is not above 0 */
};

typedef struct epo__flux {
    double flux, flux_err;
    double coverage; /* share of the aperture's area, or of the PSF's squared sum, that usable pixels hold */
    epo__sky sky;
    unsigned flags;
} epo__flux;

/* The flux at (x, y). `sky` NULL: measured in the annulus about the place. Light on missing pixels is made up for: by
 * the mean of the rest of the aperture, or by the PSF's shape. EPO_EARG for options out of range; EPO_EFORMAT when no
 * usable pixel is near, or a number passes the range of double; EPO_ENOMEM. */
epo_status epo__flux_measure(const epo__raster *image, double x, double y, const epo__flux_options *options,
                             const epo__sky *sky, epo__image_work *work, epo__flux *out);

const char *epo__photometry_engine(void); /* version of libsep in use, "1.2.1" */

#endif
