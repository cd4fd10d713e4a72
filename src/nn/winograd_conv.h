/* SPDX-License-Identifier: BSD-3-Clause
 * winograd_conv.h - a 3 x 3 convolution with weights that stay: winograd.h's transforms around product.h's products. */
#ifndef EPO_NN_WINOGRAD_CONV_H
#define EPO_NN_WINOGRAD_CONV_H

#include "epochal/status.h"
#include "nn/product.h"
#include "nn/winograd.h"

typedef struct epo__winograd_conv {
    size_t in, out;      /* channels */
    epo__packed weights; /* a matrix a position */
} epo__winograd_conv;

/* weights: out x in x 3 x 3; copied, transformed. room: as of epo__packed_make, of epo__winograd_conv_size floats. */
epo_status epo__winograd_conv_make(const float *weights, size_t out, size_t in, float *room, epo__winograd_conv *conv);
epo_status epo__winograd_conv_size(size_t out, size_t in, size_t *floats);
void epo__winograd_conv_release(epo__winograd_conv *conv); /* zeros are fine */

/* Floats of scratch memory, on a 64-byte border, that a run needs. */
size_t epo__winograd_conv_scratch(size_t out, size_t in);

/* Tiles [from, to) of images (pixels x in, side by side) into images whose pixels are `stride` floats apart; a tile's
 * result does not depend on its neighbours in the range. */
void epo__winograd_conv_run(const epo__winograd_conv *conv, const epo__tiling *tiling, const float *images, size_t from,
                            size_t to, float *scratch, float *out, size_t stride);

/* The weights of a convolution as the products want them, 36 x in x out: epo__winograd_weights to more digits. */
void epo__winograd_weights_exact(const float *weights, size_t out_channels, size_t in_channels, float *u);

#endif
