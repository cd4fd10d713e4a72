/* SPDX-License-Identifier: BSD-3-Clause
 * sequence.h - an object's nights: which epochs each has, which one stands for it, and its pixels in one size.
 *
 * Two steps, because one store handle serves one thread: epo__sequence_fetch reads metadata and raw pixels (serial),
 * epo__sequence_assemble converts them (any thread). A sequence is reused from object to object. */
#ifndef EPO_DATA_SEQUENCE_H
#define EPO_DATA_SEQUENCE_H

#include "epochal/status.h"
#include "epochal/store.h"
#include "store/stamps.h"

typedef struct epo__night {
    size_t stamp;        /* index into the list of stamps: the epoch that stands for the night, its first */
    size_t first, count; /* its epochs in `visits`, in time order */
    double mjd;          /* days; in a sequence without times the night's number, from 0 */
    size_t raw_offset;   /* of its pixels in raw */
} epo__night;

/* All zeros is an empty one. */
typedef struct epo__sequence {
    int64_t object;
    epo__stamp_list stamps;
    epo__night *nights; /* in time order */
    size_t night_count, night_room;
    size_t *visits; /* indices into the list of stamps, night after night */
    size_t visit_count, visit_room;
    unsigned char *raw; /* pixels of the chosen stamps, as stored */
    size_t raw_size, raw_room;
    epo__pixels pixels; /* room for reading one stamp */
    float *planes;      /* night_count x height x width after assembling; NaN where there is no pixel */
    size_t plane_room;
    float *scratch; /* one stamp as float32 */
    size_t scratch_room;
} epo__sequence;

void epo__sequence_free(epo__sequence *sequence);

/* Reads the object's stamps, without pixels, and lists for each night its science epochs that are not constant, of
 * which the first stands for the night: a rule that does not look at labels. Nights are told apart by their observing
 * date, else by the whole part of the MJD. Epochs without a time are left out, unless no epoch has one: then each is a
 * night, in the order of their exposures. */
epo_status epo__sequence_list(epo_store *store, int64_t object, epo__sequence *sequence);

/* The same, and the pixels of the epochs that stand for the nights. EPO_EFORMAT for a damaged stamp, naming it. */
epo_status epo__sequence_fetch(epo_store *store, int64_t object, epo__sequence *sequence);

/* Pixels to float32, cut or padded (with NaN) about the centre to height x width. */
epo_status epo__sequence_assemble(epo__sequence *sequence, int height, int width);

#endif
