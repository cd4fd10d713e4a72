/* SPDX-License-Identifier: BSD-3-Clause
 * gradkernels.h - the loops over plain floats of the backward pass; words as in kernels.h. */
#ifndef EPO_NN_GRADKERNELS_H
#define EPO_NN_GRADKERNELS_H

#include <stddef.h>

#include "nn/kernels.h"

/* Mean, and sum of squared deviations from it, over a few hundred pixels. */
void epo__block_moments(const float *x, size_t stride, size_t channels, size_t pixels, float *mean, float *squares);

/* sum += d, product += d * (x - mean). */
void epo__sum_products(const float *d, size_t d_stride, const float *x, size_t x_stride, const float *mean,
                       size_t channels, size_t pixels, float *sum, float *product);
/* The same after d = 0 where x * scale + shift is not positive. */
void epo__cut_and_sum(float *d, size_t d_stride, const float *x, size_t x_stride, const float *scale,
                      const float *shift, const float *mean, size_t channels, size_t pixels, float *sum,
                      float *product);

/* out += d * scale */
void epo__add_scaled(const float *d, size_t d_stride, float *out, size_t out_stride, const float *scale,
                     size_t channels, size_t pixels);
/* out = d * scale + x * slope + offset; scale NULL: 1. out may be d. */
void epo__combine(const float *d, size_t d_stride, const float *x, size_t x_stride, float *out, size_t out_stride,
                  const float *scale, const float *slope, const float *offset, size_t channels, size_t pixels);

void epo__relu_copy(const float *in, float *out, size_t count);
void epo__relu_back(const float *out, const float *d_out, float *d_in, size_t count);

/* A row of means of 2 x 2 pixels back to one of its two rows of `width` pixels; an odd last pixel gets 0. */
void epo__double_row(const float *d_out, float *d_in, size_t channels, size_t width);

void epo__add(const float *x, float *out, size_t count);                     /* out += x */
void epo__add_rows(const float *x, size_t rows, size_t columns, float *out); /* out[c] += sum of column */
void epo__max_pool_back(const float *in, const float *out, const float *d_out, float *d_in,
                        const epo__pool_geometry *geometry); /* to the first largest */
void epo__average_pool_back(const float *d_out, float *d_in, const epo__pool_geometry *geometry); /* d_in zero before */

#endif
