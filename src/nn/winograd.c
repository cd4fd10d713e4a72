/* SPDX-License-Identifier: BSD-3-Clause
 * winograd.c - the transforms of F(4x4, 3x3): chooses the widest vectors that the processor has and the channels fill.
 * All give the same bits. */
#include "nn/winograd.h"

#include "nn/winograd_lanes.h"

size_t epo__winograd_step(size_t tiles, size_t channels)
{
    enum { APART = 16 };
    return (tiles * channels + APART - 1) / APART * APART + APART;
}

epo__tiling epo__tiling_make(size_t height, size_t width)
{
    return (epo__tiling){height, width, (height + 3) / 4, (width + 3) / 4};
}

static const epo__winograd_kernels *kernels_for(size_t channels)
{
    (void)channels;
#if EPO_WIDE_LANES
    if (channels >= 16 && epo__lanes_here() >= 16) return &epo__winograd16;
    if (channels >= 8 && epo__lanes_here() >= 8) return &epo__winograd8;
#endif
    return &epo__winograd4;
}

void epo__winograd_weights(const float *weights, size_t out_channels, size_t in_channels, float *u, size_t from,
                           size_t to)
{
    epo__winograd_side side = {in_channels, out_channels, 9, 9 * in_channels, false};
    kernels_for(out_channels)->weights(weights, &side, u, from, to);
}

void epo__winograd_weights_back(const float *weights, size_t out_channels, size_t in_channels, float *u, size_t from,
                                size_t to)
{
    epo__winograd_side side = {out_channels, in_channels, 9 * in_channels, 9, true};
    kernels_for(in_channels)->weights(weights, &side, u, from, to);
}

void epo__winograd_weights_grad(const float *u, size_t out_channels, size_t in_channels, float *grad, size_t from,
                                size_t to)
{
    kernels_for(out_channels)->weights_grad(u, out_channels, in_channels, grad, from, to);
}

void epo__winograd_spread(const epo__tiling *tiling, const float *images, size_t channels, const float *scale,
                          const float *shift, size_t first, size_t count, float *v, size_t step)
{
    kernels_for(channels)->spread(tiling, images, channels, scale, shift, first, count, v, step);
}

void epo__winograd_spread_bf16(const epo__tiling *tiling, const uint16_t *images, size_t channels, const float *scale,
                               const float *shift, size_t first, size_t count, float *v, size_t step)
{
    kernels_for(channels)->spread_bf16(tiling, images, channels, scale, shift, first, count, v, step);
}

void epo__winograd_gather(const epo__tiling *tiling, const float *m, size_t step, size_t channels, size_t first,
                          size_t count, float *images, size_t stride)
{
    kernels_for(channels)->gather(tiling, m, step, channels, first, count, images, stride);
}

void epo__winograd_gather_bf16(const epo__tiling *tiling, const float *m, size_t step, size_t channels, size_t first,
                               size_t count, uint16_t *images, size_t stride)
{
    kernels_for(channels)->gather_bf16(tiling, m, step, channels, first, count, images, stride);
}

void epo__winograd_spread_back(const epo__tiling *tiling, const float *images, size_t channels, size_t first,
                               size_t count, float *v, size_t step)
{
    kernels_for(channels)->spread_back(tiling, images, channels, first, count, v, step);
}
