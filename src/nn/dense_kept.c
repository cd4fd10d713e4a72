/* SPDX-License-Identifier: BSD-3-Clause
 * dense_kept.c - kept activations of a dense block, in float32 or bfloat16. */
#include "nn/dense_kept.h"

#include <stdlib.h>

#include "nn/narrow_kernels.h"

static epo__bf16 *halves(const epo__kept *kept, size_t from)
{
    return (epo__bf16 *)(void *)kept->memory + from * kept->channels;
}

epo_status epo__kept_make(const epo__train_setup *setup, size_t pixels, size_t channels, bool half, epo__kept *kept)
{
    const size_t count = pixels * channels;
    *kept = (epo__kept){.half = half, .channels = channels};
    return epo__train_floats(setup, half ? (count + 1) / 2 : count, &kept->memory);
}

void epo__kept_release(epo__kept *kept)
{
    free(kept->memory);
    *kept = (epo__kept){0};
}

float *epo__kept_room(const epo__kept *kept, size_t from, float *scratch)
{
    return kept->half ? scratch : kept->memory + from * kept->channels;
}

void epo__kept_put(const epo__kept *kept, size_t from, size_t n, const float *made)
{
    if (kept->half) epo__to_bf16(made, halves(kept, from), n * kept->channels);
}

float *epo__kept_get(const epo__kept *kept, size_t from, size_t n, float *scratch)
{
    if (!kept->half) return kept->memory + from * kept->channels;
    epo__from_bf16(halves(kept, from), scratch, n * kept->channels);
    return scratch;
}

void epo__kept_spread(const epo__kept *kept, const epo__tiling *tiling, const float *scale, const float *shift,
                      size_t first, size_t count, float *v, size_t step)
{
    if (kept->half)
        epo__winograd_spread_bf16(tiling, halves(kept, 0), kept->channels, scale, shift, first, count, v, step);
    else
        epo__winograd_spread(tiling, kept->memory, kept->channels, scale, shift, first, count, v, step);
}

void epo__kept_gather(const epo__kept *kept, const epo__tiling *tiling, const float *m, size_t step, size_t first, size_t count)
{
    if (kept->half)
        epo__winograd_gather_bf16(tiling, m, step, kept->channels, first, count, halves(kept, 0), kept->channels);
    else
        epo__winograd_gather(tiling, m, step, kept->channels, first, count, kept->memory, kept->channels);
}
