/* SPDX-License-Identifier: BSD-3-Clause
 * telescope.h - the surveys that are simulated: camera, site, cadence, and what they look at. telescopes.c is the
 * table; where each number comes from stands in docs/simulate.md. */
#ifndef EPO_DATA_TELESCOPE_H
#define EPO_DATA_TELESCOPE_H

#include <stdbool.h>
#include <stddef.h>

/* Light models give lengths in units of this: a pixel of the Catalina Schmidt (Drake et al. 2009). */
#define EPO__LIGHT_SCALE 2.5 /* arcseconds */

typedef struct epo__camera {
    const char *filter;
    double pixel_scale;      /* arcseconds */
    int width, height;       /* of the detector, pixels */
    double zero_point;       /* mag of 1 ADU, clear zenith */
    double gain, read_noise; /* electrons per ADU; ADU */
    double full_well;        /* ADU: beyond, charge runs along the column */
    double cut;              /* ADU: fainter wings are not drawn; far below the noise of the darkest sky */
    double cosmic_rays;      /* in 64 x 64 pixels of an exposure */
} epo__camera;

typedef struct epo__site {
    double latitude, longitude; /* degrees, east positive */
    double midnight;            /* hours UT */
    double dark_sky;            /* mag a square arcsecond */
    double extinction;          /* mag an airmass */
    double seeing, seeing_sd;   /* arcseconds at the zenith, median; sd of ln */
    double seeing_least, seeing_most;
    double seeing_visit;          /* from visit to visit, sd of ln */
    double closed;                /* share of nights */
    int monsoon_from, monsoon_to; /* days of the year without an open night; 0 and 0: none */
    double haze;                  /* mag, sd of what clear weather takes */
    double cloudy, cloud;         /* share of nights with cloud; mag, its mean */
    double gusts;                 /* of a night's cloud, sd from visit to visit as a share of it */
} epo__site;

typedef struct epo__cadence {
    double first_day, start_days;            /* MJD before which no field begins; days within which all do */
    int days;                                /* a field is looked at; an event comes in the middle third */
    bool run;                                /* nights follow each other; else they are drawn from all days */
    double moon;                             /* lit part up to which a field is looked at */
    double ra_from, ra_to, dec_from, dec_to; /* degrees, of the fields */
    double visit_days;                       /* from visit to visit in a night */
    double lost;                             /* share of visits */
    double night_spread;                     /* of the number of nights, sd of ln */
    bool visits_apart; /* hours lie between visits, over the whole night: each is a night to sequences */
} epo__cadence;

/* How faint. */
typedef struct epo__reach {
    double fainter;             /* mag by which stars and nuclei are fainter than those of the Catalina survey */
    double deeper;              /* mag by which supernovae are found at fainter peaks */
    double brightest, faintest; /* mag of the field's own sources */
} epo__reach;

typedef struct epo__telescope {
    const char *name, *about;
    const char *classes;                     /* shares where none are given */
    int nights, visits, side, field_objects; /* where they are not given */
    bool candidates;                         /* image subtraction is simulated too */
    epo__camera camera;
    epo__site site;
    epo__cadence cadence;
    epo__reach reach;
} epo__telescope;

extern const epo__telescope epo__telescopes[]; /* the first is the standard; ends with a NULL name */

/* NULL: the standard. NULL when there is none of this name. */
const epo__telescope *epo__telescope_of(const char *name);

#endif
