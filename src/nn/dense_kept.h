/* SPDX-License-Identifier: BSD-3-Clause
 * dense_kept.h - what is between the convolutions of a dense block in training: what comes out of the 1 x 1 convolutions,
 * which is kept for the way back and is the largest part of its memory, and the gradient of it. In bfloat16 where the
 * block's convolutions are (dense_mixed.h): half of the memory, and of what is waited for. */
#ifndef EPO_NN_DENSE_KEPT_H
#define EPO_NN_DENSE_KEPT_H

#include <stdbool.h>

#include "nn/train.h"
#include "nn/winograd.h"

typedef struct epo__kept {
    bool half; /* in bfloat16 */
    size_t channels;
    float *memory;
} epo__kept;

/* For a batch of images of so many pixels. */
epo_status epo__kept_make(const epo__train_setup *setup, size_t pixels, size_t channels, bool half, epo__kept *kept);
void epo__kept_release(epo__kept *kept); /* zeros are fine */

/* Where pixels from `from` on are made; `scratch` holds as many as are made at a time. Then they are put there. */
float *epo__kept_room(const epo__kept *kept, size_t from, float *scratch);
void epo__kept_put(const epo__kept *kept, size_t from, size_t n, const float *made);

/* Pixels [from, from + n), of which `scratch` may hold a copy. */
float *epo__kept_get(const epo__kept *kept, size_t from, size_t n, float *scratch);

/* epo__winograd_spread and _gather */
void epo__kept_spread(const epo__kept *kept, const epo__tiling *tiling, const float *scale, const float *shift,
                      size_t first, size_t count, float *v, size_t step);
void epo__kept_gather(const epo__kept *kept, const epo__tiling *tiling, const float *m, size_t step, size_t first, size_t count);

#endif
