/* SPDX-License-Identifier: BSD-3-Clause
 * lightcurve_models.h - how bright each kind of object is at given times, and the galaxy that it lives in.
 *
 * A kind is one function that draws an object and gives its magnitudes; lightcurve_models.c lists them. Magnitudes are
 * unfiltered V without noise, lengths on the sky units of EPO__LIGHT_SCALE, times MJD. The numbers and their
 * sources stand in docs/simulate.md.
 */
#ifndef EPO_DATA_LIGHTCURVE_MODELS_H
#define EPO_DATA_LIGHTCURVE_MODELS_H

#include <stddef.h>

#include "base/rng.h"
#include "data/telescope.h"
#include "image/render.h"

/* When an object is looked at, and how deep. */
typedef struct epo__times {
    const double *mjd; /* ascending */
    size_t count;      /* 1 or more */
    double first_year_end, second_year_end; /* an event that is the reason for the sequence comes between (TAO-Net) */
    double fainter, deeper; /* mag, as in epo__reach */
} epo__times;

/* A visit in the second year, by chance; any visit when there is none in it. */
size_t epo__times_trigger(const epo__times *times, epo__rng *rng);

typedef struct epo__host {
    double mag;        /* INFINITY: none */
    epo__galaxy shape;
    double dx, dy;     /* of its centre from the source */
} epo__host;

typedef struct epo__light {
    epo__host host;
    char about[96];    /* "SN Ia, z 0.043, peak 17.9" */
} epo__light;

/* Fills `mags` (INFINITY: dark) and *out. */
typedef void (*epo__light_fn)(epo__rng *rng, const epo__times *times, double *mags, epo__light *out);

typedef struct epo__light_kind {
    const char *name, *class_name;
    double share; /* of its class; 0: made when it is asked for by its name only */
    epo__light_fn make;
} epo__light_kind;

extern const epo__light_kind epo__light_kinds[]; /* ends with a NULL name */

/* A kind of this class, by its share, or the kind of this name; NULL when neither is known. */
const epo__light_kind *epo__light_kind_draw(const char *name, epo__rng *rng);

/* A damped random walk (Ornstein-Uhlenbeck process) of standard deviation `sigma` and time scale `tau` days about 0, exact
 * at irregular times (Kelly, Bechtold & Siemiginowska 2009, ApJ 698, 895). */
void epo__damped_walk(epo__rng *rng, const epo__times *times, double sigma, double tau, double *out);

/* What several kinds share: draws, sums of light, a galaxy. */
double epo__draw_between(epo__rng *rng, double low, double high);
double epo__draw_normal(epo__rng *rng, double mean, double sd, double low, double high); /* cut to [low, high] by redrawing */
double epo__draw_lognormal(epo__rng *rng, double median, double sd, double low, double high); /* sd of ln */
double epo__mag_sum(double a, double b); /* the magnitude of two lights together; INFINITY is none */
epo__galaxy epo__draw_shape(epo__rng *rng, epo__profile profile, double radius); /* with a ratio and an angle */

/* lightcurve_supernovae.c */
void epo__light_sn_ia(epo__rng *rng, const epo__times *times, double *mags, epo__light *out);
void epo__light_sn_ii(epo__rng *rng, const epo__times *times, double *mags, epo__light *out);
void epo__light_sn_ibc(epo__rng *rng, const epo__times *times, double *mags, epo__light *out);
void epo__light_sn_iin(epo__rng *rng, const epo__times *times, double *mags, epo__light *out);
/* lightcurve_nuclei.c */
void epo__light_agn(epo__rng *rng, const epo__times *times, double *mags, epo__light *out);
void epo__light_blazar(epo__rng *rng, const epo__times *times, double *mags, epo__light *out);
/* lightcurve_binaries.c */
void epo__light_dwarf_nova(epo__rng *rng, const epo__times *times, double *mags, epo__light *out);
void epo__light_polar(epo__rng *rng, const epo__times *times, double *mags, epo__light *out);
/* lightcurve_stars.c */
void epo__light_flare_star(epo__rng *rng, const epo__times *times, double *mags, epo__light *out);
void epo__light_mira(epo__rng *rng, const epo__times *times, double *mags, epo__light *out);
void epo__light_semiregular(epo__rng *rng, const epo__times *times, double *mags, epo__light *out);
void epo__light_young_star(epo__rng *rng, const epo__times *times, double *mags, epo__light *out);
void epo__light_rr_lyrae(epo__rng *rng, const epo__times *times, double *mags, epo__light *out);
void epo__light_constant(epo__rng *rng, const epo__times *times, double *mags, epo__light *out);
void epo__light_mild(epo__rng *rng, const epo__times *times, double *mags, epo__light *out);
void epo__light_eclipsing(epo__rng *rng, const epo__times *times, double *mags, epo__light *out);
void epo__light_contact(epo__rng *rng, const epo__times *times, double *mags, epo__light *out);
void epo__light_galaxy(epo__rng *rng, const epo__times *times, double *mags, epo__light *out);

#endif
