/* SPDX-License-Identifier: BSD-3-Clause
 * sequence.h - an object's nights: which epoch stands for each night, and its pixels in one size.
 *
 * Two steps, because one store handle serves one thread: epo__sequence_fetch reads metadata and raw pixels (serial),
 * epo__sequence_assemble converts them (any thread). A sequence is reused from object to object. */
#ifndef EPO_DATA_SEQUENCE_H
#define EPO_DATA_SEQUENCE_H

#include "epochal/status.h"
#include "epochal/store.h"
#include "store/stamps.h"

typedef struct epo__night {
    size_t stamp;      /* index into the list of stamps */
    double mjd;        /* days; in a sequence without times the night's number, from 0 */
    size_t raw_offset; /* of its pixels in raw */
} epo__night;

/* All zeros is an empty one. */
typedef struct epo__sequence {
    int64_t object;
    epo__stamp_list stamps;
    epo__night *nights; /* in time order */
    size_t night_count, night_room;
    unsigned char *raw; /* pixels of the chosen stamps, as stored */
    size_t raw_size, raw_room;
    epo__pixels pixels; /* room for reading one stamp */
    float *planes;      /* night_count x height x width after assembling; NaN where there is no pixel */
    size_t plane_room;
    float *scratch; /* one stamp as float32 */
    size_t scratch_room;
} epo__sequence;

void epo__sequence_free(epo__sequence *sequence);

/* Reads the object's stamps and chooses, for each night, the first science epoch that is not constant: a rule that does
 * not look at labels. Nights are told apart by their observing date, else by the whole part of the MJD. Epochs without
 * a time are left out, unless no epoch has one: then each is a night, in the order of their exposures. EPO_EFORMAT for
 * a damaged stamp, naming it. */
epo_status epo__sequence_fetch(epo_store *store, int64_t object, epo__sequence *sequence);

/* Pixels to float32, cut or padded (with NaN) about the centre to height x width. */
epo_status epo__sequence_assemble(epo__sequence *sequence, int height, int width);

#endif
