/* SPDX-License-Identifier: BSD-3-Clause
 * simulate_classes.h - which classes a simulated survey has, what they are made of, and which object is of which.
 *
 *     SN=1,NON=5                                  classes of the table of kinds, and their shares
 *     rr-lyrae=1                                  one kind, under its own name
 *     EB:eclipsing+contact=1                      a class of one's own, of kinds or classes in equal parts */
#ifndef EPO_DATA_SIMULATE_CLASSES_H
#define EPO_DATA_SIMULATE_CLASSES_H

#include <stdint.h>

#include "data/lightcurve_models.h"
#include "epochal/status.h"

enum { EPO__MAX_CLASSES = 16, EPO__MAX_PARTS = 8 };

typedef struct epo__cast_class {
    char name[16];
    double share;
    char parts[EPO__MAX_PARTS][16]; /* kinds or classes; none for what has no light curve */
    size_t part_count;
} epo__cast_class;

typedef struct epo__cast_classes {
    epo__cast_class list[EPO__MAX_CLASSES];
    size_t count;
} epo__cast_classes;

/* EPO_EARG, naming what is wrong. */
epo_status epo__cast_classes_read(const char *text, epo__cast_classes *out);

/* Gives `count` places to the classes as exactly as whole numbers allow (largest remainders), in an order by chance
 * that follows from seed and purpose. EPO_ENOMEM. */
epo_status epo__cast_classes_deal(const epo__cast_classes *classes, uint64_t seed, const char *purpose, size_t count,
                                  const epo__cast_class **out);

/* A kind of this class, by chance. */
const epo__light_kind *epo__cast_class_draw(const epo__cast_class *c, epo__rng *rng);

#endif
