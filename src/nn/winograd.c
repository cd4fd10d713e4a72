/* SPDX-License-Identifier: BSD-3-Clause
 * winograd.c - the transforms of F(4x4, 3x3), on 16 channels at a time. */
#include "nn/winograd.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "nn/clones.h"

enum { LANES = 16 };
typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t mask __attribute__((vector_size(LANES * sizeof(int32_t))));

#define INLINE static inline __attribute__((always_inline))

/* Passed by pointer: how a vector by value is passed depends on the CPU that the code is compiled for. */
INLINE void load(const float *from, size_t count, lanes *v)
{
    if (count == LANES) {
        memcpy(v, from, sizeof *v);
    } else {
        memset(v, 0, sizeof *v);
        memcpy(v, from, count * sizeof *from);
    }
}

INLINE void store(const lanes *v, float *to, size_t count)
{
    if (count == LANES)
        memcpy(to, v, sizeof *v);
    else
        memcpy(to, v, count * sizeof *to);
}

/* The one-dimensional transforms; elements of the result are `step` apart, those of the source `pace`. */
INLINE void apply_b(const lanes *d, int pace, lanes *out, int step) /* B' d: 6 to 6 */
{
    lanes d0 = d[0], d1 = d[pace], d2 = d[2 * pace], d3 = d[3 * pace], d4 = d[4 * pace], d5 = d[5 * pace];
    lanes even = d4 - 4.0F * d2, odd = d3 - 4.0F * d1, far = d4 - d2, slow = 2.0F * (d3 - d1);
    out[0] = 4.0F * d0 - 5.0F * d2 + d4;
    out[step] = even + odd;
    out[2 * step] = even - odd;
    out[3 * step] = far + slow;
    out[4 * step] = far - slow;
    out[5 * step] = 4.0F * d1 - 5.0F * d3 + d5;
}

INLINE void apply_a(const lanes *m, int pace, lanes *out, int step) /* A' m: 6 to 4 */
{
    lanes sum = m[pace] + m[2 * pace], difference = m[pace] - m[2 * pace];
    lanes far_sum = m[3 * pace] + m[4 * pace], far_difference = m[3 * pace] - m[4 * pace];
    out[0] = m[0] + sum + far_sum;
    out[step] = difference + 2.0F * far_difference;
    out[2 * step] = sum + 4.0F * far_sum;
    out[3 * step] = difference + 8.0F * far_difference + m[5 * pace];
}

INLINE void apply_a_back(const lanes *d, int pace, lanes *out, int step) /* A d: 4 to 6 */
{
    lanes d0 = d[0], d1 = d[pace], d2 = d[2 * pace], d3 = d[3 * pace];
    lanes near = d0 + d2, near_odd = d1 + d3, far = d0 + 4.0F * d2, far_odd = 2.0F * d1 + 8.0F * d3;
    out[0] = d0;
    out[step] = near + near_odd;
    out[2 * step] = near - near_odd;
    out[3 * step] = far + far_odd;
    out[4 * step] = far - far_odd;
    out[5 * step] = d3;
}

INLINE void apply_g(const lanes *g, int pace, lanes *out, int step) /* G g: 3 to 6 */
{
    lanes outer = (g[0] + g[2 * pace]) * (-1.0F / 6), middle = g[pace] * (1.0F / 6);
    lanes far = g[0] * (1.0F / 24) + g[2 * pace] * (1.0F / 6), far_middle = g[pace] * (1.0F / 12);
    out[0] = g[0] * 0.25F;
    out[step] = outer - middle;
    out[2 * step] = outer + middle;
    out[3 * step] = far + far_middle;
    out[4 * step] = far - far_middle;
    out[5 * step] = g[2 * pace];
}

INLINE void apply_g_back(const lanes *u, int pace, lanes *out, int step) /* G' u: 6 to 3 */
{
    lanes sum = u[pace] + u[2 * pace], far_sum = u[3 * pace] + u[4 * pace];
    out[0] = u[0] * 0.25F - sum * (1.0F / 6) + far_sum * (1.0F / 24);
    out[step] = (u[2 * pace] - u[pace]) * (1.0F / 6) + (u[3 * pace] - u[4 * pace]) * (1.0F / 12);
    out[2 * step] = (far_sum - sum) * (1.0F / 6) + u[5 * pace];
}

epo__tiling epo__tiling_make(size_t height, size_t width)
{
    return (epo__tiling){height, width, (height + 3) / 4, (width + 3) / 4};
}

/* --- weights --- */

/* Rows of u are channels on one side, lanes those on the other; strides are those of the weights. */
INLINE void spread_weights(const float *weights, size_t row_stride, size_t lane_stride, bool turn, size_t rows,
                           size_t columns, float *u, size_t from, size_t to)
{
    for (size_t r = from; r < to; r++)
        for (size_t c = 0; c < columns; c += LANES) {
            size_t count = columns - c < LANES ? columns - c : LANES;
            float plain[9][LANES] = {{0}};
            lanes g[9], half[18], all[EPO__POSITIONS];
            for (size_t j = 0; j < count; j++)
                for (size_t k = 0; k < 9; k++)
                    plain[turn ? 8 - k : k][j] = weights[r * row_stride + (c + j) * lane_stride + k];
            memcpy(g, plain, sizeof g);
            for (int x = 0; x < 3; x++) apply_g(g + x, 3, half + x, 3);
            for (int y = 0; y < 6; y++) apply_g(half + 3 * y, 1, all + 6 * y, 1);
            for (size_t i = 0; i < EPO__POSITIONS; i++) store(&all[i], u + (i * rows + r) * columns + c, count);
        }
}

EPO_KERNEL void epo__winograd_weights(const float *weights, size_t out_channels, size_t in_channels, float *u,
                                      size_t from, size_t to)
{
    spread_weights(weights, 9, 9 * in_channels, false, in_channels, out_channels, u, from, to);
}

EPO_KERNEL void epo__winograd_weights_back(const float *weights, size_t out_channels, size_t in_channels, float *u,
                                           size_t from, size_t to)
{
    spread_weights(weights, 9 * in_channels, 9, true, out_channels, in_channels, u, from, to);
}

EPO_KERNEL void epo__winograd_weights_grad(const float *u, size_t out_channels, size_t in_channels, float *grad,
                                           size_t from, size_t to)
{
    for (size_t r = from; r < to; r++)
        for (size_t c = 0; c < out_channels; c += LANES) {
            size_t count = out_channels - c < LANES ? out_channels - c : LANES;
            float plain[9][LANES];
            lanes all[EPO__POSITIONS], half[18], g[9];
            for (size_t i = 0; i < EPO__POSITIONS; i++)
                load(u + (i * in_channels + r) * out_channels + c, count, &all[i]);
            for (int x = 0; x < 6; x++) apply_g_back(all + x, 6, half + x, 6);
            for (int y = 0; y < 3; y++) apply_g_back(half + 6 * y, 1, g + 3 * y, 1);
            memcpy(plain, g, sizeof plain);
            for (size_t j = 0; j < count; j++)
                for (size_t k = 0; k < 9; k++) grad[((c + j) * in_channels + r) * 9 + k] += plain[k][j];
        }
}

/* --- tiles --- */

struct tile {
    size_t image, top, left; /* of its results, in pixels */
};

INLINE struct tile find_tile(const epo__tiling *t, size_t number)
{
    size_t inside = number % (t->down * t->across);
    return (struct tile){number / (t->down * t->across), inside / t->across * 4, inside % t->across * 4};
}

/* 6 x 6 pixels from one up and left of the tile on. */
INLINE void load_patch(const epo__tiling *t, const float *images, size_t channels, struct tile tile, size_t c,
                       size_t count, const float *scale, const float *shift, lanes *patch)
{
    lanes factor = {0}, term = {0};
    const lanes zero = {0};
    if (scale) {
        load(scale + c, count, &factor);
        load(shift + c, count, &term);
    }
    for (size_t v = 0; v < 6; v++)
        for (size_t u = 0; u < 6; u++) {
            size_t y = tile.top + v - 1, x = tile.left + u - 1; /* -1 is a large number too */
            lanes *pixel = &patch[6 * v + u];
            if (y >= t->height || x >= t->width) {
                *pixel = zero;
                continue;
            }
            load(images + ((tile.image * t->height + y) * t->width + x) * channels + c, count, pixel);
            if (scale) {
                *pixel = *pixel * factor + term;
                *pixel = (lanes)((mask)*pixel & (*pixel > zero)); /* ReLU */
            }
        }
}

EPO_KERNEL void epo__winograd_spread(const epo__tiling *tiling, const float *images, size_t channels,
                                     const float *scale, const float *shift, size_t first, size_t count, float *v,
                                     size_t step)
{
    for (size_t i = 0; i < count; i++) {
        struct tile tile = find_tile(tiling, first + i);
        for (size_t c = 0; c < channels; c += LANES) {
            size_t n = channels - c < LANES ? channels - c : LANES;
            lanes patch[EPO__POSITIONS], half[EPO__POSITIONS], row[6];
            load_patch(tiling, images, channels, tile, c, n, scale, shift, patch);
            for (int x = 0; x < 6; x++) apply_b(patch + x, 6, half + x, 6);
            for (size_t y = 0; y < 6; y++) {
                apply_b(half + 6 * y, 1, row, 1);
                for (size_t x = 0; x < 6; x++) store(&row[x], v + (6 * y + x) * step + i * channels + c, n);
            }
        }
    }
}

EPO_KERNEL void epo__winograd_gather(const epo__tiling *tiling, const float *m, size_t step, size_t channels,
                                     size_t first, size_t count, float *images, size_t stride)
{
    for (size_t i = 0; i < count; i++) {
        struct tile tile = find_tile(tiling, first + i);
        for (size_t c = 0; c < channels; c += LANES) {
            size_t n = channels - c < LANES ? channels - c : LANES;
            lanes all[EPO__POSITIONS], half[24], row[4];
            for (size_t k = 0; k < EPO__POSITIONS; k++) load(m + k * step + i * channels + c, n, &all[k]);
            for (int x = 0; x < 6; x++) apply_a(all + x, 6, half + x, 6);
            for (size_t y = 0; y < 4 && tile.top + y < tiling->height; y++) {
                apply_a(half + 6 * y, 1, row, 1);
                float *pixels =
                    images + ((tile.image * tiling->height + tile.top + y) * tiling->width + tile.left) * stride + c;
                for (size_t x = 0; x < 4 && tile.left + x < tiling->width; x++) store(&row[x], pixels + x * stride, n);
            }
        }
    }
}

EPO_KERNEL void epo__winograd_spread_back(const epo__tiling *tiling, const float *images, size_t channels, size_t first,
                                          size_t count, float *v, size_t step)
{
    for (size_t i = 0; i < count; i++) {
        struct tile tile = find_tile(tiling, first + i);
        for (size_t c = 0; c < channels; c += LANES) {
            size_t n = channels - c < LANES ? channels - c : LANES;
            lanes pixels[16] = {{0}}, half[24], row[6];
            for (size_t y = 0; y < 4 && tile.top + y < tiling->height; y++)
                for (size_t x = 0; x < 4 && tile.left + x < tiling->width; x++)
                    load(images +
                             ((tile.image * tiling->height + tile.top + y) * tiling->width + tile.left + x) * channels +
                             c,
                         n, &pixels[4 * y + x]);
            for (int x = 0; x < 4; x++) apply_a_back(pixels + x, 4, half + x, 4);
            for (size_t y = 0; y < 6; y++) {
                apply_a_back(half + 4 * y, 1, row, 1);
                for (size_t x = 0; x < 6; x++) store(&row[x], v + (6 * y + x) * step + i * channels + c, n);
            }
        }
    }
}
