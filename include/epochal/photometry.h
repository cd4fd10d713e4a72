/* SPDX-License-Identifier: BSD-3-Clause
 * photometry.h - light curves measured on the stamps of a store, for surveys that come without any.
 *
 * Each stamp of one role is measured at its centre, or at the centroid of a clear source nearby, and gives one point of its object's light curve under the name of the
 * method, with flux, magnitude, errors and flags. An object's points are replaced together, so measuring again with the
 * same options changes nothing, and a run that is killed leaves whole objects. Formulas, flags and what was measured about
 * the defaults stand in docs/photometry.md.
 */
#ifndef EPOCHAL_PHOTOMETRY_H
#define EPOCHAL_PHOTOMETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/status.h"
#include "epochal/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Lengths are pixels, fluxes and pixel values in the stamps' own unit. */
typedef struct epo_photometry_options {
    const char *role;       /* which stamps: "science", "template", "difference", "other"; NULL: "science" */
    const char *method;     /* "psf" or "aperture"; NULL: "psf" */
    double radius;          /* of the aperture */
    double fwhm;            /* of the PSF, a Gaussian; 0: measured on each stamp that shows its source well */
    double inner, outer;    /* annulus of the sky, both 0: 8 to 16, or closer in small stamps */
    double recentre;        /* how far a clear source's centroid may be from the stamp's centre; 0: measured at the centre */
    double gain;            /* electrons a unit; 0: unknown */
    double zero_point;      /* magnitude of a flux of 1 */
    bool own_zero_points;   /* fluxes are brought to zero_point from each stamp's own, which its file said; one without is refused */
    double saturation;      /* pixels from here on are saturated */
    double bad_below;       /* pixels at or below are missing */
    double bad_above;       /* pixels at or above are missing */
    const char *magnitudes; /* "asinh" (Lupton et al. 1999) or "pogson"; NULL: "asinh" */
    double softening;       /* of asinh, a flux; 0: 1.042 times the median error of the object's points */
    double detection;       /* pogson: a flux below this many errors is an upper limit */
    const char *name;       /* of the method in the store; NULL: made from the options */
    const char *split;      /* "NAME:PART" or "NAME"; NULL: all objects */
    int threads;            /* 0: all */
    const char *command_line; /* kept with the run; NULL: "" */
} epo_photometry_options;
#define EPO_PHOTOMETRY_OPTIONS_INIT                                                                                  \
    {.radius = 4, .recentre = 1.5, .zero_point = 25, .saturation = __builtin_inf(), .bad_below = -__builtin_inf(),                    \
     .bad_above = __builtin_inf(), .detection = 3}

/* An object whose points are written, or (exposure not NULL) a stamp of it that gave none. Texts live during the call. */
typedef struct epo_photometry_event {
    const char *object;
    const char *exposure, *reason; /* NULL for an object */
    uint64_t points, left_out;     /* of the object: its points; those that are upper limits or suspect */
} epo_photometry_event;

/* One call at a time, in the order of the objects, but not always on the thread that called epo_photometry; after the commit
 * that holds the object's points. A status other than EPO_OK ends the run with it; objects that were written stay. */
typedef epo_status (*epo_photometry_fn)(void *context, const epo_photometry_event *event);

enum { EPO_PHOTOMETRY_NAME = 256 };

typedef struct epo_photometry_summary {
    char method[EPO_PHOTOMETRY_NAME]; /* its name in the store */
    uint64_t objects;  /* with such stamps */
    uint64_t points;   /* written */
    uint64_t limits;   /* of them upper limits */
    uint64_t suspect;  /* of them saturated, or too much of the source is missing */
    uint64_t flagged;  /* of them with any other flag too */
    uint64_t negative; /* fluxes that are not above 0 */
    uint64_t refused;  /* stamps without a point */
    double median_mag_err, median_significance; /* of the points, to half a per cent; NaN without one */
    double median_fwhm; /* of the PSFs that were fitted; NaN for an aperture */
    double seconds;
    int64_t run;       /* id in the store */
} epo_photometry_summary;

/* EPO_EARG, saying which, when an option is out of range. */
epo_status epo_photometry_check(const epo_photometry_options *options);

/* Measures and writes. `options` may be NULL; `report` may be NULL. EPO_EARG for options out of range, EPO_ENOTFOUND for a split
 * that is not there. A damaged, constant or empty stamp is reported and counted, and the rest goes on. */
epo_status epo_photometry(epo_store *store, const epo_photometry_options *options, epo_photometry_fn report, void *context,
                          epo_photometry_summary *out);

#ifdef __cplusplus
}
#endif
#endif
