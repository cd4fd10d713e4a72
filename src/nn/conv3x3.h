/* SPDX-License-Identifier: BSD-3-Clause
 * conv3x3.h - a 3 x 3 convolution with step 1 and a border of one zero, whose weights stay, by product.h's products.
 *
 * By Winograd's transforms (winograd.h), but for images of no more than 4 x 4 pixels: these are a single tile, and one
 * image alone would read 36 matrices of weights to use each once, 4 times what plain windows read. Many such images
 * together would be faster by Winograd's, but an image's result must not depend on how many there are: with TAO-Net's
 * last block at 4 x 4 pixels one image gains a fifteenth of its time, and a batch loses a fiftieth.
 */
#ifndef EPO_NN_CONV3X3_H
#define EPO_NN_CONV3X3_H

#include "epochal/status.h"
#include "nn/product.h"
#include "nn/winograd.h"

/* What is convolved: images and their channels. */
typedef struct epo__conv3x3_shape {
    size_t height, width, in, out;
} epo__conv3x3_shape;

typedef struct epo__conv3x3 {
    epo__conv3x3_shape shape;
    epo__packed weights; /* a matrix a position, in x out; or that of the windows, 9 in x out */
} epo__conv3x3;

/* weights: out x in x 3 x 3; copied. room: as of epo__packed_make, of epo__conv3x3_size floats. */
epo_status epo__conv3x3_make(const float *weights, const epo__conv3x3_shape *shape, float *room, epo__conv3x3 *conv);
epo_status epo__conv3x3_size(const epo__conv3x3_shape *shape, size_t *floats);
void epo__conv3x3_release(epo__conv3x3 *conv); /* zeros are fine */

/* Floats of scratch memory, on a 64-byte border, that a thread needs. */
size_t epo__conv3x3_scratch(const epo__conv3x3_shape *shape);

/* Part `part` of `parts` of `count` images (height x width x in, one behind the other) into images whose pixels are
 * `stride` floats apart. */
void epo__conv3x3_run(const epo__conv3x3 *conv, const float *images, size_t count, int part, int parts, float *scratch,
                      float *out, size_t stride);

#endif
