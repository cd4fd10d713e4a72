/* SPDX-License-Identifier: BSD-3-Clause
 * triplets.h - an object's nights as the network takes them: in one size, normalised, three (or as many as it says)
 * together. */
#ifndef EPO_TRAIN_TRIPLETS_H
#define EPO_TRAIN_TRIPLETS_H

#include "arch/network.h"
#include "data/sequence.h"
#include "image/normalise.h"

/* All zeros is an empty one, reused from object to object. */
typedef struct epo__triplets {
    size_t count,
        first;     /* triplets; the night with which the first begins, and each other begins `stride` nights later */
    float *planes; /* count x nights x height x width: in `room` or in the sequence, gone with either */
    double *mjds;  /* count x nights */
    float *room;
    size_t room_size, mjd_room;
} epo__triplets;

void epo__triplets_free(epo__triplets *triplets);

/* From a sequence that was fetched: all triplets for the sequence head, that of the middle nights for the triplet head.
 * Under scope sequence the scale is that of all nights, also of those left over at the end, as in training; else
 * triplets are normalised each for itself. EPO_EFORMAT for too few nights, not naming the object. */
epo_status epo__triplets_make(const epo__network *network, epo_head head, const epo__normaliser *normaliser,
                              epo__sequence *sequence, epo__image_work *work, epo__triplets *triplets);

#endif
