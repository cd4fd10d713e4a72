/* SPDX-License-Identifier: BSD-3-Clause
 * gradkernels.c - the loops over plain floats of the backward pass. */
#include "nn/gradkernels.h"

#include <string.h>

#include "base/clones.h"

EPO_KERNEL void epo__block_moments(const float *x, size_t stride, size_t channels, size_t pixels, float *mean,
                                   float *squares)
{
    float part = 1.0F / (float)pixels;
    memset(mean, 0, channels * sizeof *mean);
    memset(squares, 0, channels * sizeof *squares);
    for (size_t p = 0; p < pixels; p++) {
#pragma omp simd
        for (size_t c = 0; c < channels; c++) mean[c] += x[p * stride + c];
    }
#pragma omp simd
    for (size_t c = 0; c < channels; c++) mean[c] *= part;
    for (size_t p = 0; p < pixels; p++) {
#pragma omp simd
        for (size_t c = 0; c < channels; c++) {
            float difference = x[p * stride + c] - mean[c];
            squares[c] += difference * difference;
        }
    }
}

EPO_KERNEL void epo__sum_products(const float *d, size_t d_stride, const float *x, size_t x_stride, const float *mean,
                                  size_t channels, size_t pixels, float *sum, float *product)
{
    for (size_t p = 0; p < pixels; p++, d += d_stride, x += x_stride) {
#pragma omp simd
        for (size_t c = 0; c < channels; c++) {
            sum[c] += d[c];
            product[c] += d[c] * (x[c] - mean[c]);
        }
    }
}

EPO_KERNEL void epo__cut_and_sum(float *d, size_t d_stride, const float *x, size_t x_stride, const float *scale,
                                 const float *shift, const float *mean, size_t channels, size_t pixels, float *sum,
                                 float *product)
{
    for (size_t p = 0; p < pixels; p++, d += d_stride, x += x_stride) {
#pragma omp simd
        for (size_t c = 0; c < channels; c++) {
            float g = x[c] * scale[c] + shift[c] > 0.0F ? d[c] : 0.0F;
            d[c] = g;
            sum[c] += g;
            product[c] += g * (x[c] - mean[c]);
        }
    }
}

EPO_KERNEL void epo__add_scaled(const float *d, size_t d_stride, float *out, size_t out_stride, const float *scale,
                                size_t channels, size_t pixels)
{
    for (size_t p = 0; p < pixels; p++, d += d_stride, out += out_stride) {
#pragma omp simd
        for (size_t c = 0; c < channels; c++) out[c] += d[c] * scale[c];
    }
}

EPO_KERNEL static void combine_scaled(const float *d, size_t d_stride, const float *x, size_t x_stride, float *out,
                                      size_t out_stride, const float *scale, const float *slope, const float *offset,
                                      size_t channels, size_t pixels)
{
    for (size_t p = 0; p < pixels; p++, d += d_stride, x += x_stride, out += out_stride) {
#pragma omp simd
        for (size_t c = 0; c < channels; c++) out[c] = d[c] * scale[c] + (x[c] * slope[c] + offset[c]);
    }
}

EPO_KERNEL static void combine_plain(const float *d, size_t d_stride, const float *x, size_t x_stride, float *out,
                                     size_t out_stride, const float *slope, const float *offset, size_t channels,
                                     size_t pixels)
{
    for (size_t p = 0; p < pixels; p++, d += d_stride, x += x_stride, out += out_stride) {
#pragma omp simd
        for (size_t c = 0; c < channels; c++) out[c] = d[c] + (x[c] * slope[c] + offset[c]);
    }
}

void epo__combine(const float *d, size_t d_stride, const float *x, size_t x_stride, float *out, size_t out_stride,
                  const float *scale, const float *slope, const float *offset, size_t channels, size_t pixels)
{
    if (scale)
        combine_scaled(d, d_stride, x, x_stride, out, out_stride, scale, slope, offset, channels, pixels);
    else
        combine_plain(d, d_stride, x, x_stride, out, out_stride, slope, offset, channels, pixels);
}

EPO_KERNEL void epo__relu_copy(const float *in, float *out, size_t count)
{
#pragma omp simd
    for (size_t i = 0; i < count; i++) out[i] = in[i] > 0.0F ? in[i] : 0.0F;
}

EPO_KERNEL void epo__relu_back(const float *out, const float *d_out, float *d_in, size_t count)
{
#pragma omp simd
    for (size_t i = 0; i < count; i++) d_in[i] = out[i] > 0.0F ? d_out[i] : 0.0F;
}

EPO_KERNEL void epo__double_row(const float *d_out, float *d_in, size_t channels, size_t width)
{
    for (size_t x = 0; x < width / 2; x++)
        for (size_t k = 0; k < 2; k++) {
            float *pixel = d_in + (2 * x + k) * channels;
#pragma omp simd
            for (size_t c = 0; c < channels; c++) pixel[c] = 0.25F * d_out[x * channels + c];
        }
    if (width % 2) memset(d_in + (width - 1) * channels, 0, channels * sizeof *d_in);
}

EPO_KERNEL void epo__add(const float *x, float *out, size_t count)
{
#pragma omp simd
    for (size_t i = 0; i < count; i++) out[i] += x[i];
}

EPO_KERNEL void epo__add_rows(const float *x, size_t rows, size_t columns, float *out)
{
    for (size_t r = 0; r < rows; r++, x += columns) {
#pragma omp simd
        for (size_t c = 0; c < columns; c++) out[c] += x[c];
    }
}

void epo__max_pool_back(const float *in, const float *out, const float *d_out, float *d_in, const epo__pool_geometry *g)
{
    for (size_t y = 0; y < g->out_height; y++)
        for (size_t x = 0; x < g->out_width; x++, out += g->channels, d_out += g->channels) {
            size_t window = (y * g->stride * g->width + x * g->stride) * g->channels;
            for (size_t c = 0; c < g->channels; c++)
                for (size_t k = 0; k < g->size * g->size; k++) {
                    size_t i = window + (k / g->size * g->width + k % g->size) * g->channels + c;
                    if (in[i] != out[c]) continue;
                    d_in[i] += d_out[c];
                    break;
                }
        }
}

EPO_KERNEL void epo__average_pool_back(const float *d_out, float *d_in, const epo__pool_geometry *g)
{
    float part = 1.0F / (float)(g->size * g->size);
    for (size_t y = 0; y < g->out_height; y++)
        for (size_t x = 0; x < g->out_width; x++, d_out += g->channels)
            for (size_t k = 0; k < g->size * g->size; k++) {
                float *pixel =
                    d_in + ((y * g->stride + k / g->size) * g->width + x * g->stride + k % g->size) * g->channels;
#pragma omp simd
                for (size_t c = 0; c < g->channels; c++) pixel[c] += d_out[c] * part;
            }
}
