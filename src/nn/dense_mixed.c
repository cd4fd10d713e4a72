/* SPDX-License-Identifier: BSD-3-Clause
 * dense_mixed.c - the 1 x 1 convolutions of a dense block in training, in bfloat16. */
#include "nn/dense_mixed.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/narrow_kernels.h"

epo_status epo__mixed_pair_make(size_t channels, size_t middle, epo__mixed_pair *pair)
{
    *pair = (epo__mixed_pair){.channels = channels, .middle = middle};
    epo_status status = epo__narrow_room(channels, middle, &pair->forward);
    return status == EPO_OK ? epo__narrow_room(middle, channels, &pair->back) : status;
}

void epo__mixed_pair_release(epo__mixed_pair *pair)
{
    epo__narrow_release(&pair->forward);
    epo__narrow_release(&pair->back);
}

void epo__mixed_pair_set(epo__mixed_pair *pair, const float *weights, epo__mixed_part *part)
{
    epo__to_bf16(weights, part->chunk, pair->channels * pair->middle);
    epo__narrow_fill(&pair->forward, pair->channels, part->chunk, 1, pair->channels);
    epo__narrow_fill(&pair->back, pair->middle, part->chunk, pair->channels, 1);
}

epo_status epo__mixed_part_make(size_t pixels, size_t channels, size_t middle, epo__mixed_part *part)
{
    *part = (epo__mixed_part){0};
    epo_status status = epo__narrow_room(pixels, channels, &part->panels);
    if (status != EPO_OK) return status;
    enum { SPARE = 64 }; /* what a row is rounded up to, at most */
    const size_t together = epo__narrow_rows_together(&part->panels), rows = pixels + together;
    part->chunk = epo__alloc_aligned(epo__product(rows > middle ? rows : middle, channels + SPARE), sizeof *part->chunk);
    part->d_narrow = epo__alloc_aligned(epo__product(rows, middle + SPARE), sizeof *part->d_narrow);
    part->turned = epo__alloc_aligned(epo__product(middle + together, part->panels.width), sizeof *part->turned);
    return part->chunk && part->d_narrow && part->turned ? EPO_OK : epo__nomem("dense block");
}

void epo__mixed_part_release(epo__mixed_part *part)
{
    epo__narrow_release(&part->panels);
    free(part->chunk);
    free(part->d_narrow);
    free(part->turned);
    *part = (epo__mixed_part){0};
}

void epo__mixed_forward(const epo__mixed_pair *pair, epo__mixed_part *part, const epo__mixed_input *in, float *narrow)
{
    const size_t width = pair->forward.width;
    epo__affine_relu_round(in->x, in->stride, part->chunk, width, in->scale, in->shift, pair->channels, in->n);
    epo__narrow_multiply(&pair->forward, &(epo__narrow_rows){part->chunk, width, 0, NULL}, in->n, NULL,
                         &(epo__narrow_out){narrow, pair->middle, EPO__OUT_FLOAT32});
}

void epo__mixed_backward(const epo__mixed_pair *pair, epo__mixed_part *part, const epo__mixed_input *in,
                         const float *d_narrow, float *d_chunk, float *d_weights)
{
    const size_t width = pair->back.width;
    for (size_t p = 0; p < in->n; p++) {
        epo__to_bf16(d_narrow + p * pair->middle, part->d_narrow + p * width, pair->middle);
        memset(part->d_narrow + p * width + pair->middle, 0, (width - pair->middle) * sizeof *part->d_narrow);
    }
    epo__narrow_multiply(&pair->back, &(epo__narrow_rows){part->d_narrow, width, 0, NULL}, in->n, NULL,
                         &(epo__narrow_out){d_chunk, pair->channels, EPO__OUT_FLOAT32});
    if (!d_weights) return;
    epo__narrow panels = part->panels;
    panels.n = pair->channels;
    epo__affine_relu_round(in->x, in->stride, part->chunk, pair->channels, in->scale, in->shift, pair->channels, in->n);
    epo__narrow_fill(&panels, in->n, part->chunk, pair->channels, 1);
    epo__turn_bf16(part->d_narrow, width, part->turned, panels.width, pair->middle, in->n);
    epo__narrow_multiply(&panels, &(epo__narrow_rows){part->turned, panels.width, 0, NULL}, pair->middle, NULL,
                         &(epo__narrow_out){d_weights, pair->channels, EPO__OUT_ADD});
}
