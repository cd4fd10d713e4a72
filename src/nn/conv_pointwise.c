/* SPDX-License-Identifier: BSD-3-Clause
 * conv_pointwise.c - a 1 x 1 convolution of a plan, such as that between two dense blocks: a product of the pixels as they
 * lie with weights that stay.
 *
 * It is a few hundredths of a network's work, but everything passes through it: rounded to narrow numbers as the others
 * are, it made the largest part of what they change in a score (docs/results/precision.md). So a plan in bfloat16, and one
 * in whole numbers where bfloat16 is fast, takes a number as the sum of two in bfloat16, x = h + l, w = u + v, and leaves
 * l v out:
 *
 *     x w = h u + l u + h v,      a product of pieces h, l, h and u, u, v, with 16 significant bits
 *
 * Elsewhere it is float32. */
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "nn/conv.h"
#include "nn/narrow_kernels.h"
#include "nn/plan.h"

enum { STRIP_BYTES = 131072, PIECES = 3 };

struct step {
    bool split;
    epo__packed weights;
    epo__narrow pieces; /* in place of weights where numbers are split */
    float *bias;
    bool relu;
    epo__tensor in, out;
    size_t strip;   /* pixels that are worked on at a time */
    size_t scratch; /* bytes a thread */
};

static void release(void *state)
{
    struct step *step = state;
    if (!step) return;
    epo__packed_release(&step->weights);
    epo__narrow_release(&step->pieces);
    free(step->bias);
    free(step);
}

static void split_pixel(const float *x, size_t channels, size_t width, epo__bf16 *pieces)
{
    epo__split_bf16(x, pieces, pieces + width, channels);
    memset(pieces + channels, 0, (width - channels) * sizeof *pieces);
    memset(pieces + width + channels, 0, (width - channels) * sizeof *pieces);
    memcpy(pieces + 2 * width, pieces, width * sizeof *pieces);
}

/* Pixels [from, to) */
static void run_part(const struct step *step, const float *in, float *out, size_t from, size_t to, epo__bf16 *scratch)
{
    const size_t channels = (size_t)step->in.shape.channels, outputs = (size_t)step->out.shape.channels;
    const size_t width = step->pieces.width, row = PIECES * width;
    const epo__after after = {step->bias, step->relu};
    for (size_t p = from, n; p < to; p += n) {
        const float *x = in + p * channels;
        float *y = out + p * outputs;
        n = to - p < step->strip ? to - p : step->strip;
        if (!step->split) {
            epo__multiply(&step->weights, 0, x, channels, n, &after, y, outputs);
            continue;
        }
        for (size_t i = 0; i < n; i++) split_pixel(x + i * channels, channels, width, scratch + i * row);
        epo__narrow_multiply(&step->pieces, &(epo__narrow_rows){scratch, row, width, NULL}, n, &after,
                             &(epo__narrow_out){y, outputs, EPO__OUT_FLOAT32});
    }
}

static epo_status run(void *state, const epo__frame *frame)
{
    const struct step *step = state;
    const size_t pixels = (size_t)frame->group * (size_t)step->out.shape.height * (size_t)step->out.shape.width;
    const float *in = epo__frame_read(frame, &step->in);
    float *out = epo__frame_write(frame, &step->out);
    char *scratch = frame->dnnl.scratch;
    if (frame->threads == 1) {
        run_part(step, in, out, 0, pixels, (epo__bf16 *)(void *)scratch);
        return EPO_OK;
    }
#pragma omp parallel num_threads(frame->threads)
    {
        const int thread = omp_get_thread_num(), threads = omp_get_num_threads(); /* however few */
        run_part(step, in, out, epo__part_from(pixels, thread, threads), epo__part_from(pixels, thread + 1, threads),
                 (epo__bf16 *)(void *)(scratch + (size_t)thread * step->scratch));
    }
    return EPO_OK;
}

/* weights: outputs x channels */
static epo_status make_pieces(struct step *step, const float *weights, size_t channels, size_t outputs)
{
    float *all = epo__alloc(epo__product3(PIECES, outputs, channels), sizeof *all);
    if (!all) return epo__nomem("weights of a convolution");
    for (size_t o = 0; o < outputs; o++) /* the three pieces of an output side by side */
        for (size_t c = 0; c < channels; c++) {
            float *pieces = all + o * PIECES * channels + c, upper;
            const float weight = weights[o * channels + c];
            epo__from_bf16(&(epo__bf16){epo__bf16_of(weight)}, &upper, 1);
            pieces[0] = pieces[channels] = upper;
            pieces[2 * channels] = weight - upper;
        }
    epo_status status = epo__narrow_make(EPO__BF16, PIECES, channels, outputs, all, 1, PIECES * channels, &step->pieces);
    free(all);
    return status;
}

static epo_status make(struct step *step, const float *weights, const float *bias)
{
    const size_t channels = (size_t)step->in.shape.channels, outputs = (size_t)step->out.shape.channels;
    step->bias = epo__alloc(outputs, sizeof *bias);
    if (!step->bias) return epo__nomem("bias of a convolution");
    if (bias) memcpy(step->bias, bias, outputs * sizeof *bias);
    epo_status status = step->split ? make_pieces(step, weights, channels, outputs)
                                    : epo__packed_make(1, channels, outputs, weights, 1, channels, NULL, &step->weights);
    if (status != EPO_OK) return status;
    const size_t together = step->split ? epo__narrow_rows_together(&step->pieces) : epo__product_rows(&step->weights);
    const size_t row = step->split ? PIECES * step->pieces.width : 0;
    const size_t strips = STRIP_BYTES / ((step->split ? row * sizeof(epo__bf16) : channels * sizeof(float)) * together);
    step->strip = together * (strips > 0 ? strips : 1);
    if (step->split)
        step->scratch = epo__whole_lines((step->strip * row + epo__narrow_beyond(&step->pieces, row)) * sizeof(epo__bf16));
    return EPO_OK;
}

epo_status epo__builder_pointwise_conv(epo__plan_builder *builder, const epo__conv_geometry *g, const float *weights,
                                       const float *bias, bool relu)
{
    struct step *step = epo__alloc(1, sizeof *step);
    if (!step) return epo__nomem("convolution");
    epo__narrow_type type;
    /* in bfloat16 on any processor, so that all have the same result */
    step->split = epo__builder_is_narrow(builder, &type) && (type == EPO__BF16 || epo__narrow_is_fast(EPO__BF16));
    step->relu = relu;
    step->in = *epo__builder_now(builder);
    step->out = (epo__tensor){.shape = {g->out_channels, g->out_height, g->out_width}, .place = EPO_AT_ARENA};
    epo_status status = make(step, weights, bias);
    if (status == EPO_OK) status = epo__builder_take(builder, epo__shape_size(step->out.shape), &step->out.offset);
    if (status != EPO_OK) {
        release(step);
        return status;
    }
    epo__tensor out = step->out;
    epo__builder_scratch(builder, epo__product((size_t)epo__builder_threads(builder), step->scratch));
    status = epo__builder_group_step(builder, 1, run, release, step); /* as many images as others want together */
    if (status == EPO_OK) epo__builder_become(builder, out);
    return status;
}
