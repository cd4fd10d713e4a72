/* SPDX-License-Identifier: BSD-3-Clause
 * simulate.h - a survey that never was, into the store: for tests, demos and sizing.
 *
 * The sky is cut into fields of about five arcminutes (or, with larger telescopes, less), each with a few objects, the same
 * stars and the same nights: the objects of a field share its name as their parent. Where each number comes from stands in docs/simulate.md.
 *
 * The same options give the same rows and pixels, whatever the number of threads. A field is written whole or not at
 * all, and one that is there already is passed over, so a simulation that was stopped goes on where it was.
 */
#ifndef EPOCHAL_SIMULATE_H
#define EPOCHAL_SIMULATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epochal/status.h"
#include "epochal/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the store says of a simulated field in sources.format, so that nobody takes it for sky that was observed. */
#define EPO_SIMULATE_FORMAT "simulate"

typedef struct epo_simulate_options {
    uint64_t seed;
    uint64_t objects;      /* image sequences; int16 stamps with the role science */
    uint64_t candidates;   /* for real/bogus: template, science (int16) and difference (float32), classes real and bogus */
    const char *telescope; /* a name of epo_simulate_telescope_at; NULL: "crts" */
    const char *classes;   /* "SN=1,NON=5": share of each class among the objects. A kind goes by its name ("rr-lyrae=1"), and
                              "EB:eclipsing+contact=1" is a class EB of kinds or classes in equal parts. NULL: the telescope's */
    const char *survey;    /* NULL: "simulated" */
    double nights;         /* an object is seen on, on average over three years, or in a row, 7 at most; this and the next
                              three: 0 is the telescope's own number */
    int visits;            /* a night, at most: some are lost */
    int side;              /* of a stamp, pixels, 16 to 256 */
    int field_objects;     /* objects, or candidates, that share a field */
    double real_fraction;  /* of the candidates */
    bool light_curves;     /* also photometry with noise, as a catalogue has it: method "given" */
    bool truth;            /* also the magnitudes without noise: method "truth" */
    int threads;           /* 0: all */
} epo_simulate_options;
#define EPO_SIMULATE_OPTIONS_INIT \
    {.seed = 1, .real_fraction = 0.5}

typedef struct epo_simulate_summary {
    uint64_t fields, unchanged; /* written; found in the store already, which is counted at the end */
    uint64_t objects, candidates, stamps, points; /* new rows */
} epo_simulate_summary;

/* Called after each field that was written, in order. A status other than EPO_OK stops the simulation; what was written
 * so far is kept. */
typedef epo_status (*epo_simulate_fn)(void *context, const epo_simulate_summary *so_far);

/* EPO_EARG, saying which, when an option is out of range or names a class that is not known. */
epo_status epo_simulate_check(const epo_simulate_options *options);

/* Simulates into `store` (open for writing). EPO_EARG as above; EPO_EFORMAT when the survey has other
 * objects of the same names, from other options with the same seed. `report` may be NULL. */
epo_status epo_simulate(epo_store *store, const epo_simulate_options *options, epo_simulate_fn report, void *context,
                        epo_simulate_summary *out);

/* Telescopes, for help texts: the first is the standard; ends with a NULL name. */
typedef struct epo_simulate_telescope {
    const char *name, *about, *classes, *filter;
    double pixel_scale; /* arcseconds */
    int nights, visits, side, field_objects; /* where options say 0 */
} epo_simulate_telescope;
epo_simulate_telescope epo_simulate_telescope_at(size_t index);

/* What is simulated, for help texts: kind, its class, its share of the class; ends with a NULL kind. The bogus kinds
 * have the class "bogus". */
typedef struct epo_simulate_kind {
    const char *kind, *class_name;
    double share;
} epo_simulate_kind;
epo_simulate_kind epo_simulate_kind_at(size_t index);

#ifdef __cplusplus
}
#endif
#endif
