/* SPDX-License-Identifier: BSD-3-Clause
 * conv3x3.c - a 3 x 3 convolution: tiles there, 36 products, tiles back; or windows side by side and one product. */
#include "nn/conv3x3.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "nn/kernels.h"

enum { TILE = 4, TAPS = 9, TILES = 64, WINDOWS = 42 /* whole numbers of rows of any micro-kernel */ };

static bool is_small(const epo__conv3x3_shape *shape)
{
    return shape->height <= TILE && shape->width <= TILE;
}

/* The packed weights: so many matrices of k rows, whose columns are the outputs. */
static size_t matrices_of(const epo__conv3x3_shape *shape, size_t *k)
{
    *k = is_small(shape) ? epo__product(TAPS, shape->in) : shape->in;
    return is_small(shape) ? 1 : EPO__POSITIONS;
}

size_t epo__conv3x3_scratch(const epo__conv3x3_shape *shape)
{
    if (is_small(shape)) return WINDOWS * TAPS * shape->in;
    return EPO__POSITIONS * (epo__winograd_step(TILES, shape->in) + epo__winograd_step(TILES, shape->out));
}

epo_status epo__conv3x3_size(const epo__conv3x3_shape *shape, size_t *floats)
{
    size_t k, matrices = matrices_of(shape, &k);
    return epo__packed_size(matrices, k, shape->out, floats);
}

epo_status epo__conv3x3_make(const float *weights, const epo__conv3x3_shape *shape, float *room, epo__conv3x3 *conv)
{
    size_t k, matrices = matrices_of(shape, &k);
    *conv = (epo__conv3x3){.shape = *shape};
    float *all = epo__alloc(epo__product3(matrices, k, shape->out), sizeof *all);
    if (!all) return epo__nomem("weights of a convolution");
    if (is_small(shape))
        epo__weights_by_tap(weights, shape->out, shape->in, TAPS, all);
    else
        epo__winograd_weights_exact(weights, shape->out, shape->in, all);
    epo_status status = epo__packed_make(matrices, k, shape->out, all, shape->out, 1, room, &conv->weights);
    free(all);
    return status;
}

void epo__conv3x3_release(epo__conv3x3 *conv)
{
    epo__packed_release(&conv->weights);
}

static void run_tiles(const epo__conv3x3 *conv, const epo__tiling *tiling, const float *images, size_t from, size_t to,
                      float *scratch, float *out, size_t stride)
{
    const size_t in = conv->shape.in, results = conv->shape.out;
    const size_t wide = epo__winograd_step(TILES, in), thin = epo__winograd_step(TILES, results);
    float *sums = scratch + EPO__POSITIONS * wide;
    for (size_t t = from, n; t < to; t += n) {
        n = to - t < TILES ? to - t : TILES;
        epo__winograd_spread(tiling, images, in, NULL, NULL, t, n, scratch, wide);
        for (size_t k = 0; k < EPO__POSITIONS; k++)
            epo__multiply(&conv->weights, k, scratch + k * wide, in, n, NULL, sums + k * thin, results);
        epo__winograd_gather(tiling, sums, thin, results, t, n, out, stride);
    }
}

/* The 9 pixels around pixel `number` of all images. */
static void fill_window(const epo__conv3x3_shape *shape, const float *images, size_t number, float *window)
{
    const size_t pixels = shape->height * shape->width, inside = number % pixels, in = shape->in;
    const float *image = images + (number - inside) * in;
    for (size_t t = 0; t < TAPS; t++, window += in) {
        const size_t y = inside / shape->width + t / 3 - 1, x = inside % shape->width + t % 3 - 1; /* -1 is a large number too */
        if (y < shape->height && x < shape->width)
            memcpy(window, image + (y * shape->width + x) * in, in * sizeof *window);
        else
            memset(window, 0, in * sizeof *window);
    }
}

static void run_windows(const epo__conv3x3 *conv, const float *images, size_t from, size_t to, float *scratch, float *out,
                        size_t stride)
{
    const size_t size = TAPS * conv->shape.in;
    for (size_t p = from, n; p < to; p += n) {
        n = to - p < WINDOWS ? to - p : WINDOWS;
        for (size_t i = 0; i < n; i++) fill_window(&conv->shape, images, p + i, scratch + i * size);
        epo__multiply(&conv->weights, 0, scratch, size, n, NULL, out + p * stride, stride);
    }
}

void epo__conv3x3_run(const epo__conv3x3 *conv, const float *images, size_t count, int part, int parts, float *scratch,
                      float *out, size_t stride)
{
    const epo__tiling tiling = epo__tiling_make(conv->shape.height, conv->shape.width);
    const bool small = is_small(&conv->shape);
    const size_t all = count * (small ? tiling.height * tiling.width : tiling.down * tiling.across);
    const size_t from = epo__part_from(all, part, parts), to = epo__part_from(all, part + 1, parts);
    if (small)
        run_windows(conv, images, from, to, scratch, out, stride);
    else
        run_tiles(conv, &tiling, images, from, to, scratch, out, stride);
}
