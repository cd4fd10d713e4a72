/* SPDX-License-Identifier: BSD-3-Clause
 * kernels.c - the loops over plain floats between the matrix products.
 *
 * Each kernel is compiled for several vector sizes and chosen when the program starts, so that a distribution's build
 * for the oldest CPU still uses what it finds. Loops over channels are marked `simd` since -O2 alone would leave those
 * of unknown length as they are. */
#include "nn/kernels.h"

#include <math.h>
#include <string.h>

#include "base/clones.h"

EPO_KERNEL void epo__planes_to_pixels(const float *in, float *out, size_t channels, size_t pixels)
{
    if (channels == 1) {
        memcpy(out, in, pixels * sizeof *out);
        return;
    }
    for (size_t c = 0; c < channels; c++)
        for (size_t p = 0; p < pixels; p++) out[p * channels + c] = in[c * pixels + p];
}

EPO_KERNEL void epo__pixels_to_planes(const float *in, float *out, size_t channels, size_t pixels)
{
    if (channels == 1 || pixels == 1) {
        memcpy(out, in, channels * pixels * sizeof *out);
        return;
    }
    for (size_t c = 0; c < channels; c++)
        for (size_t p = 0; p < pixels; p++) out[c * pixels + p] = in[p * channels + c];
}

void epo__weights_by_tap(const float *weights, size_t outputs, size_t inputs, size_t taps, float *to)
{
    for (size_t o = 0; o < outputs; o++)
        for (size_t i = 0; i < inputs; i++)
            for (size_t t = 0; t < taps; t++) to[(t * inputs + i) * outputs + o] = weights[(o * inputs + i) * taps + t];
}

/* As in oneDNN, not-a-number becomes 0. */
static inline float rectify(float x)
{
    return x > 0.0F ? x : 0.0F;
}

EPO_KERNEL static void affine_relu_part(const float *in, size_t in_stride, float *out, size_t out_stride,
                                        const float *scale, const float *shift, size_t channels, size_t pixels)
{
    for (size_t p = 0; p < pixels; p++, in += in_stride, out += out_stride) {
        /* channels of a dense block are parts of long pixels, too far apart for the processor to guess the next */
        for (size_t c = 0; c < channels; c += 16) __builtin_prefetch(in + 3 * in_stride + c);
#pragma omp simd
        for (size_t c = 0; c < channels; c++) out[c] = rectify(in[c] * scale[c] + shift[c]);
    }
}

EPO_KERNEL static void affine_part(const float *in, size_t in_stride, float *out, size_t out_stride, const float *scale,
                                   const float *shift, size_t channels, size_t pixels)
{
    for (size_t p = 0; p < pixels; p++, in += in_stride, out += out_stride) {
#pragma omp simd
        for (size_t c = 0; c < channels; c++) out[c] = in[c] * scale[c] + shift[c];
    }
}

void epo__affine(const float *in, size_t in_stride, float *out, size_t out_stride, const float *scale,
                 const float *shift, size_t channels, size_t pixels, bool relu, int threads)
{
    size_t parts = (size_t)threads;
    if (threads == 1) { /* entering a parallel region of one thread costs as much as a row of pixels */
        (relu ? affine_relu_part : affine_part)(in, in_stride, out, out_stride, scale, shift, channels, pixels);
        return;
    }
#pragma omp parallel for num_threads(threads)
    for (size_t i = 0; i < parts; i++) {
        size_t from = pixels * i / parts, to = pixels * (i + 1) / parts;
        (relu ? affine_relu_part : affine_part)(in + from * in_stride, in_stride, out + from * out_stride, out_stride,
                                                scale, shift, channels, to - from);
    }
}

EPO_KERNEL void epo__relu(float *x, size_t count)
{
#pragma omp simd
    for (size_t i = 0; i < count; i++) x[i] = rectify(x[i]);
}

/* One row of outputs from two rows of `width` pixels. */
EPO_KERNEL static void halve_row(const float *in, float *out, const float *scale, const float *shift, size_t channels,
                                 size_t width)
{
    for (size_t x = 0; x < width / 2; x++) {
        const float *a = in + 2 * x * channels, *b = a + channels, *c = a + width * channels, *d = c + channels;
#pragma omp simd
        for (size_t i = 0; i < channels; i++)
            out[x * channels + i] = 0.25F * (rectify(a[i] * scale[i] + shift[i]) + rectify(b[i] * scale[i] + shift[i]) +
                                             rectify(c[i] * scale[i] + shift[i]) + rectify(d[i] * scale[i] + shift[i]));
    }
}

void epo__affine_relu_halve(const float *in, float *out, const float *scale, const float *shift, size_t channels,
                            size_t height, size_t width, int threads)
{
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (size_t y = 0; y < height / 2; y++)
        halve_row(in + 2 * y * width * channels, out + y * (width / 2) * channels, scale, shift, channels, width);
}

EPO_KERNEL void epo__max_pool(const float *in, float *out, const epo__pool_geometry *g)
{
    size_t channels = g->channels;
    for (size_t y = 0; y < g->out_height; y++)
        for (size_t x = 0; x < g->out_width; x++, out += channels) {
            const float *window = in + (y * g->stride * g->width + x * g->stride) * channels;
            memcpy(out, window, channels * sizeof *out);
            for (size_t v = 0; v < g->size; v++)
                for (size_t u = 0; u < g->size; u++) {
                    const float *pixel = window + (v * g->width + u) * channels;
#pragma omp simd
                    for (size_t c = 0; c < channels; c++) out[c] = pixel[c] <= out[c] ? out[c] : pixel[c];
                }
        }
}

EPO_KERNEL void epo__average_pool(const float *in, float *out, const epo__pool_geometry *g)
{
    size_t channels = g->channels;
    float part = 1.0F / (float)(g->size * g->size);
    for (size_t y = 0; y < g->out_height; y++)
        for (size_t x = 0; x < g->out_width; x++, out += channels) {
            const float *window = in + (y * g->stride * g->width + x * g->stride) * channels;
            memset(out, 0, channels * sizeof *out);
            for (size_t v = 0; v < g->size; v++)
                for (size_t u = 0; u < g->size; u++) {
                    const float *pixel = window + (v * g->width + u) * channels;
#pragma omp simd
                    for (size_t c = 0; c < channels; c++) out[c] += pixel[c];
                }
#pragma omp simd
            for (size_t c = 0; c < channels; c++) out[c] *= part;
        }
}

/* Row sums first: thousands of pixels into one float would lose digits. */
EPO_KERNEL void epo__global_average(const float *in, float *out, float *row, size_t channels, size_t height,
                                    size_t width)
{
    float part = 1.0F / (float)(height * width);
    memset(out, 0, channels * sizeof *out);
    for (size_t y = 0; y < height; y++) {
        memset(row, 0, channels * sizeof *row);
        for (size_t x = 0; x < width; x++, in += channels) {
#pragma omp simd
            for (size_t c = 0; c < channels; c++) row[c] += in[c];
        }
#pragma omp simd
        for (size_t c = 0; c < channels; c++) out[c] += row[c] * part;
    }
}

void epo__softmax(float *x, size_t count)
{
    float largest = x[0];
    for (size_t i = 1; i < count; i++)
        if (x[i] > largest) largest = x[i];
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        x[i] = expf(x[i] - largest);
        sum += (double)x[i];
    }
    for (size_t i = 0; i < count; i++) x[i] = (float)((double)x[i] / sum);
}

/* exp of a negative number only: no overflow, and full precision at both ends. */
float epo__sigmoid(float x)
{
    float e = expf(-fabsf(x));
    return x >= 0 ? 1.0F / (1.0F + e) : e / (1.0F + e);
}
