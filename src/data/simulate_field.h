/* SPDX-License-Identifier: BSD-3-Clause
 * simulate_field.h - all stamps of one field of the simulated survey, into a batch. A field follows from the seed, its
 * numbers and the options alone, so fields are made by any thread in any order. */
#ifndef EPO_DATA_SIMULATE_FIELD_H
#define EPO_DATA_SIMULATE_FIELD_H

#include "data/batch.h"
#include "data/simulate_classes.h"
#include "data/simulate_detector.h"
#include "epochal/simulate.h"

/* What all fields share. */
typedef struct epo__simulation {
    epo_simulate_options options; /* with the telescope's numbers where none were given */
    const epo__telescope *telescope;
    epo__detector detector;
} epo__simulation;

/* EPO_EARG when the telescope is not known. The options' texts are the caller's. */
epo_status epo__simulation_make(const epo_simulate_options *options, epo__simulation *out);

/* The objects of one field. */
typedef struct epo__cast {
    uint64_t field;      /* its number */
    uint64_t first;      /* number of its first object or candidate */
    size_t count;
    const epo__cast_class *const *classes; /* one an object */
} epo__cast;

/* Room for pictures, kept by a thread from field to field; all zeros is an empty one. */
typedef struct epo__darkroom {
    float *floats;
    size_t room;
} epo__darkroom;

/* `count` pictures of width x height one after the other in *out, contents unspecified. EPO_ENOMEM. */
epo_status epo__darkroom_open(epo__darkroom *room, int width, int height, size_t count, epo__canvas *out);
void epo__darkroom_free(epo__darkroom *room);

/* Image sequences: every object of the field at every visit. */
epo_status epo__simulate_sequences(const epo__simulation *simulation, const epo__cast *cast, epo__darkroom *room, epo__batch *out);

/* Real/bogus candidates: template, science and difference of one visit each; classes "real" and "bogus". */
epo_status epo__simulate_candidates(const epo__simulation *simulation, const epo__cast *cast, epo__darkroom *room, epo__batch *out);

/* One plane of the batch's last exposure, cut from a canvas: `side` pixels from (x, y), as int16 or float32. */
epo_status epo__simulate_cut(epo__batch *batch, epo__exposure *exposure, epo__role role, epo__pixel_type type, const epo__canvas *canvas, int x,
                             int y, int side);

/* The kinds of bogus candidates, by index; name NULL at the end. */
const char *epo__bogus_kind(size_t index, double *share);

#endif
