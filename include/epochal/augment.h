/* SPDX-License-Identifier: BSD-3-Clause
 * augment.h - synthetic transients: a point source put into the stamps of a real object, as new objects of the same
 * store.
 *
 * Each host is used once, in an order that the seed gives. The source goes into every plane where it belongs, with the
 * same photons in science and difference; of a sequence, into its epochs from one on. What was added stands in the
 * object's class_given, in its label and in stamps.extra; the parent is that of the host, or the host itself, so that
 * splits keep them together. How it is done, and what it is worth, stands in docs/datasets.md.
 *
 * The same store and options give the same rows and pixels, whatever the number of threads. Objects are written eight
 * together, whole or not at all, and those that are there already are passed over, so that a run which was stopped goes
 * on.
 */
#ifndef EPOCHAL_AUGMENT_H
#define EPOCHAL_AUGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/status.h"
#include "epochal/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the store says of what was made in sources.format: such objects are never hosts or stars. */
#define EPO_AUGMENT_FORMAT "augment"

typedef struct epo_augment_options {
    const char *survey;     /* name of the new objects' survey */
    const char *hosts;      /* a split, "NAME:PART" or "NAME"; NULL: any object */
    const char *host_class; /* NULL: of any class */
    const char *sources; /* "psf": a star of the width that is measured; "cut": one cut from real stamps; NULL: "psf" */
    const char *stars, *star_class; /* cut: which objects are stars, as hosts and host_class */
    const char *planes;             /* roles that get the source; NULL: "science,difference" */
    const char *class_name;         /* of objects with a source; NULL: "real" */
    uint64_t number;                /* of them; 0: of each host that is left */
    uint64_t bogus;                 /* hosts without a source, as objects of class "bogus" */
    double offset;                  /* of the source from the middle, at most, along each axis */
    double bogus_offset;            /* of the middle of a bogus object, which shows with `side` only */
    double pixel_scale;             /* arcseconds a pixel; 0: offsets are in pixels */
    double mag_low, mag_high;       /* drawn evenly; both 0: by signal to noise */
    double snr_low, snr_high;       /* drawn evenly in its logarithm; both 0: by magnitude */
    double zero_point;              /* magnitude of a flux of 1, where "zero_point" in stamps.extra says nothing */
    double fwhm;                    /* pixels, of the PSF; 0: measured on the stamp, else as the stamp says */
    bool given_fwhm;   /* what the stamp says comes first: it is the seeing, not the width of the candidate */
    double gain;       /* electrons a unit, for the source's photon noise; 0: none */
    double saturation; /* of science stamps: no pixel is raised above it */
    double rise, fade; /* days of a linear rise and of a fall by e; both 0: constant from its first epoch on */
    int side;          /* the new stamps are cut to this about the source; 0: as the host's */
    uint64_t seed;
    int threads; /* 0: all */
} epo_augment_options;
#define EPO_AUGMENT_OPTIONS_INIT                                                                   \
    {                                                                                              \
        .offset = 4, .bogus_offset = 2, .zero_point = 25, .saturation = __builtin_inf(), .seed = 1 \
    }

typedef struct epo_augment_summary {
    uint64_t hosts;                  /* that there are */
    uint64_t stars;                  /* cuts that are drawn from */
    uint64_t sources, bogus, stamps; /* new rows */
    uint64_t unchanged;              /* objects that were there already */
    uint64_t refused;                /* hosts that could not be used: reported, left out */
} epo_augment_summary;

/* A host that could not be used, or (reason NULL) objects that are written. Texts live during the call. */
typedef struct epo_augment_event {
    const char *host, *reason;
    const epo_augment_summary *so_far;
} epo_augment_event;

/* One call at a time, in the order of the objects. A status other than EPO_OK ends it; what was written stays. */
typedef epo_status (*epo_augment_fn)(void *context, const epo_augment_event *event);

/* EPO_EARG, saying which, when an option is out of range. */
epo_status epo_augment_check(const epo_augment_options *options);

/* Writes into `store` (open for writing). EPO_EARG as above, and for more objects than there are hosts; EPO_ENOTFOUND:
 * no hosts, or no star that would do; EPO_EFORMAT: the survey has other objects of the same names, from other options
 * or hosts with the same seed. `report` may be NULL. */
epo_status epo_augment(epo_store *store, const epo_augment_options *options, epo_augment_fn report, void *context,
                       epo_augment_summary *out);

#ifdef __cplusplus
}
#endif
#endif
