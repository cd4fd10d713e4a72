/* SPDX-License-Identifier: BSD-3-Clause
 * winograd_conv.c - a 3 x 3 convolution: tiles there, 36 products, tiles back. */
#include "nn/winograd_conv.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"

enum { TILES = 64 };

size_t epo__winograd_conv_scratch(size_t out, size_t in)
{
    return EPO__POSITIONS * (epo__winograd_step(TILES, in) + epo__winograd_step(TILES, out));
}

epo_status epo__winograd_conv_size(size_t out, size_t in, size_t *floats)
{
    return epo__packed_size(EPO__POSITIONS, in, out, floats);
}

epo_status epo__winograd_conv_make(const float *weights, size_t out, size_t in, float *room, epo__winograd_conv *conv)
{
    *conv = (epo__winograd_conv){.in = in, .out = out};
    float *all = epo__alloc(epo__product3(EPO__POSITIONS, in, out), sizeof *all);
    if (!all) return epo__nomem("transformed weights");
    epo__winograd_weights_exact(weights, out, in, all);
    epo_status status = epo__packed_make(EPO__POSITIONS, in, out, all, out, 1, room, &conv->weights);
    free(all);
    return status;
}

void epo__winograd_conv_release(epo__winograd_conv *conv)
{
    epo__packed_release(&conv->weights);
}

void epo__winograd_conv_run(const epo__winograd_conv *conv, const epo__tiling *tiling, const float *images, size_t from,
                            size_t to, float *scratch, float *out, size_t stride)
{
    const size_t wide = epo__winograd_step(TILES, conv->in), thin = epo__winograd_step(TILES, conv->out);
    float *sums = scratch + EPO__POSITIONS * wide;
    for (size_t t = from, n; t < to; t += n) {
        n = to - t < TILES ? to - t : TILES;
        epo__winograd_spread(tiling, images, conv->in, NULL, NULL, t, n, scratch, wide);
        for (size_t k = 0; k < EPO__POSITIONS; k++)
            epo__multiply(&conv->weights, k, scratch + k * wide, conv->in, n, NULL, sums + k * thin, conv->out);
        epo__winograd_gather(tiling, sums, thin, conv->out, t, n, out, stride);
    }
}
