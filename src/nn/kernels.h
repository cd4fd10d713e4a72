/* SPDX-License-Identifier: BSD-3-Clause
 * kernels.h - the loops over plain floats between the matrix products. "Pixels": H x W x C, one pixel's channels side
 * by side; "planes": C x H x W. A stride is the floats from one pixel to the next where that is more than its channels.
 */
#ifndef EPO_NN_KERNELS_H
#define EPO_NN_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

void epo__planes_to_pixels(const float *in, float *out, size_t channels, size_t pixels);
void epo__pixels_to_planes(const float *in, float *out, size_t channels, size_t pixels);

/* Weights of a convolution, outputs x inputs x taps (pixels of the kernel), as windows lie: taps x inputs x outputs. */
void epo__weights_by_tap(const float *weights, size_t outputs, size_t inputs, size_t taps, float *to);

/* out = in * scale[c] + shift[c], then ReLU if asked. in and out may be the same. */
void epo__affine(const float *in, size_t in_stride, float *out, size_t out_stride, const float *scale,
                 const float *shift, size_t channels, size_t pixels, bool relu, int threads);

/* ReLU on `count` floats in place. */
void epo__relu(float *x, size_t count);

/* out = mean over 2 x 2 pixels of ReLU(in * scale[c] + shift[c]); an odd last row or column is left out. */
void epo__affine_relu_halve(const float *in, float *out, const float *scale, const float *shift, size_t channels,
                            size_t height, size_t width, int threads);

typedef struct epo__pool_geometry {
    size_t channels, width; /* of the source */
    size_t out_height, out_width;
    size_t size, stride;
} epo__pool_geometry;
void epo__max_pool(const float *in, float *out, const epo__pool_geometry *geometry);
void epo__average_pool(const float *in, float *out, const epo__pool_geometry *geometry);

/* out[c] = mean over all pixels. row: `channels` floats of work space. */
void epo__global_average(const float *in, float *out, float *row, size_t channels, size_t height, size_t width);

void epo__softmax(float *x, size_t count); /* in place, over all of x */
float epo__sigmoid(float x);

#endif
