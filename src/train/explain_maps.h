/* SPDX-License-Identifier: BSD-3-Clause
 * explain_maps.h - from derivatives (gradient.h) to maps and shares (epochal/explain.h). */
#ifndef EPO_TRAIN_EXPLAIN_MAPS_H
#define EPO_TRAIN_EXPLAIN_MAPS_H

#include "arch/network.h"
#include "base/pool.h"
#include "data/sequence.h"
#include "epochal/explain.h"
#include "train/triplets.h"

/* All zeros is an empty one, reused from input to input. */
typedef struct epo__maps {
    epo_explained_map *all;
    size_t count, room;
    float *pixels, *work; /* the maps one behind the other; one more while they are made */
    size_t pixel_room, work_room;
    const float **planes;
    size_t plane_room;
    epo_explained_triplet *triplets;
    size_t triplet_count, triplet_room;
    epo__pool names;
} epo__maps;

void epo__maps_free(epo__maps *maps);

/* What gradient.h gave: `shape` a triplet or stamp, to be multiplied by scale. */
typedef struct epo__derivative {
    epo_explain_method method;
    epo__shape shape;
    const float *values;
    double scale;
} epo__derivative;

/* Of one stamp, whose prepared planes are `input`. EPO_ENOMEM. */
epo_status epo__maps_of_stamp(const epo__network *network, const epo__derivative *derivative, const float *input,
                              epo__maps *out);

/* Of a sequence; maps are of nights, or of triplets where Grad-CAM has one map for all planes. EPO_EUNSUPPORTED for
 * Grad-CAM of nights that the network joins to one image. */
epo_status epo__maps_of_sequence(const epo__network *network, const epo__derivative *derivative,
                                 const epo__sequence *sequence, const epo__triplets *triplets, epo__maps *out);

/* Sets all in the explanation that is of its maps. */
void epo__maps_explain(const epo__maps *maps, epo_explanation *out);

#endif
