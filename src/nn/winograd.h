/* SPDX-License-Identifier: BSD-3-Clause
 * winograd.h - the parts of a 3 x 3 convolution with stride 1 and a border of one zero, by Winograd's minimal filtering
 * F(4x4, 3x3) (Lavin & Gray 2016): of every tile of 4 x 4 results 36 products a pair of channels, in place of 144.
 *
 *     result  = A' [ (G w G') . (B' x B) ] A        tile by tile; x: the 6 x 6 pixels around it; . : element by element
 *     d(w)    = G' [ sum over tiles (A d(result) A') . (B' x B) ] G
 *     d(x)    = the convolution of d(result) with the weights turned round
 *
 * The element-wise products, summed over channels (or tiles), are 36 matrix products, which the caller makes: matrices
 * tiles x channels, one a position, `step` floats from one to the next. Tiles are numbered over all images, rows of
 * tiles first; what lies outside the image is zero, and not written.
 */
#ifndef EPO_NN_WINOGRAD_H
#define EPO_NN_WINOGRAD_H

#include <stddef.h>
#include <stdint.h>

enum { EPO__POSITIONS = 36 };

typedef struct epo__tiling {
    size_t height, width; /* of an image */
    size_t down, across;  /* tiles */
} epo__tiling;

epo__tiling epo__tiling_make(size_t height, size_t width);

/* A good `step` for the matrices of the functions below: a little more than there are floats in one, or all would fall
 * into the same few places of the cache. */
size_t epo__winograd_step(size_t tiles, size_t channels);

/* G w G' for rows [from, to) of weights (out x in x 3 x 3): u is 36 x in x out; or, turned round for the way back,
 * 36 x out x in, with rows counted over out. */
void epo__winograd_weights(const float *weights, size_t out_channels, size_t in_channels, float *u, size_t from,
                           size_t to);
void epo__winograd_weights_back(const float *weights, size_t out_channels, size_t in_channels, float *u, size_t from,
                                size_t to);

/* G w G' of all weights to more digits, for those that stay: 36 x in x out. */
void epo__winograd_weights_exact(const float *weights, size_t out_channels, size_t in_channels, float *u);

/* B' x B of `count` tiles from `first` on. x = relu(x * scale[c] + shift[c]) before, unless scale is NULL. */
void epo__winograd_spread(const epo__tiling *tiling, const float *images, size_t channels, const float *scale,
                          const float *shift, size_t first, size_t count, float *v, size_t step);
/* The same of pixels in bfloat16, which scale and shift turn into float32. */
void epo__winograd_spread_bf16(const epo__tiling *tiling, const uint16_t *images, size_t channels, const float *scale,
                               const float *shift, size_t first, size_t count, float *v, size_t step);
/* A' m A: 4 x 4 pixels a tile, into images whose pixels are `stride` floats apart. */
void epo__winograd_gather(const epo__tiling *tiling, const float *m, size_t step, size_t channels, size_t first,
                          size_t count, float *images, size_t stride);
void epo__winograd_gather_bf16(const epo__tiling *tiling, const float *m, size_t step, size_t channels, size_t first,
                               size_t count, uint16_t *images, size_t stride);
/* A d A' */
void epo__winograd_spread_back(const epo__tiling *tiling, const float *images, size_t channels, size_t first,
                               size_t count, float *v, size_t step);
/* grad (out x in x 3 x 3) += G' u G, for rows [from, to) of u (36 x in x out). */
void epo__winograd_weights_grad(const float *u, size_t out_channels, size_t in_channels, float *grad, size_t from,
                                size_t to);

#endif
