/* SPDX-License-Identifier: BSD-3-Clause
 * features.h - triplets to rows that the sequence head takes, and how planes are laid out for the encoder. */
#ifndef EPO_TRAIN_FEATURES_H
#define EPO_TRAIN_FEATURES_H

#include "arch/model.h"
#include "data/loader.h"

/* P planes of H x W as one image of H x (P W), for networks that join them (DIA, noDIA). */
void epo__join_planes(const epo__network *network, size_t count, const float *in, float *out);

/* Copies `count` encoded rows of `encoded` floats to rows of `width`, and appends, when the network wants dates, the years
 * since the night before for each of a triplet's nights (0 for the first night of all). The rows are triplets `first` and
 * following of a sequence whose nights have the MJDs `mjds`. */
void epo__feature_rows(const epo__network *network, size_t first, size_t count, const float *in, size_t encoded, const double *mjds, float *out,
                       size_t width);

/* The frozen encoder over whole batches, on all threads of the calling thread. */
typedef struct epo__features epo__features;

epo_status epo__features_create(const epo_model *model, epo__features **out);
void epo__features_free(epo__features *features);
size_t epo__features_width(const epo__features *features); /* floats of a row: what the sequence head takes */

/* out: batch->triplets rows. */
epo_status epo__features_run(epo__features *features, const epo__loader_batch *batch, float *out);

#endif
