/* SPDX-License-Identifier: BSD-3-Clause
 * narrow_kernels.h - the loops that turn floats into bfloat16, or into whole numbers from 0 to 255 for which the caller
 * has, or is told, what a unit of them is. Pixels and strides are as in kernels.h. */
#ifndef EPO_NN_NARROW_KERNELS_H
#define EPO_NN_NARROW_KERNELS_H

#include "nn/product_narrow.h"

/* To the nearest, ties to even. */
void epo__to_bf16(const float *in, epo__bf16 *out, size_t count);
void epo__from_bf16(const epo__bf16 *in, float *out, size_t count);

/* in = upper + lower, to 16 significant bits. */
void epo__split_bf16(const float *in, epo__bf16 *upper, epo__bf16 *lower, size_t count);

/* out = in * factor + zero, to the nearest; it has to come to 0 to 255, or up to half more or less at the ends. */
void epo__to_whole(const float *in, uint8_t *out, size_t count, float factor, float zero);
void epo__bf16_to_whole(const epo__bf16 *in, uint8_t *out, size_t count, float factor); /* zero: 0 */

/* Smallest and largest of `count` numbers and of what is there; largest is not-a-number where one of them is not finite. */
void epo__range(const float *x, size_t count, float *smallest, float *largest);

/* Largest of `count` numbers, none of which is negative; 0 for none. */
float epo__largest_bf16(const epo__bf16 *x, size_t count);

/* out = relu(in * scale[c] + shift[c]); what lies between the channels of a pixel and the next, out_stride on, is 0. */
void epo__affine_relu_bf16(const epo__bf16 *in, size_t in_stride, epo__bf16 *out, size_t out_stride, const float *scale,
                           const float *shift, size_t channels, size_t pixels);

/* The same in whole numbers, times units[p] for each pixel: a 255th of its largest channel. row: `channels` floats of
 * work space. */
void epo__affine_relu_whole(const epo__bf16 *in, size_t in_stride, uint8_t *out, size_t out_stride, const float *scale,
                            const float *shift, size_t channels, size_t pixels, float *row, float *units);

/* As epo__affine_relu_bf16, of floats. */
void epo__affine_relu_round(const float *in, size_t in_stride, epo__bf16 *out, size_t out_stride, const float *scale,
                            const float *shift, size_t channels, size_t pixels);

/* words[j] = b[j * column_stride], and b[row_stride + j * column_stride] in the upper half. One of the strides is 1. */
void epo__bf16_pairs(const epo__bf16 *b, size_t row_stride, size_t column_stride, size_t count, uint32_t *words);

/* out (columns x rows) = in (rows x columns) the other way round, with zeros behind the rows up to out_stride. */
void epo__turn_bf16(const epo__bf16 *in, size_t in_stride, epo__bf16 *out, size_t out_stride, size_t columns, size_t rows);

#endif
