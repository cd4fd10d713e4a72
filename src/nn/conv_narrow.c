/* SPDX-License-Identifier: BSD-3-Clause
 * conv_narrow.c - a convolution of a plan in narrow numbers. */
#include <omp.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "nn/conv.h"
#include "nn/narrow_conv.h"
#include "nn/narrow_kernels.h"
#include "nn/plan.h"

struct step {
    epo__narrow_conv conv;
    size_t scratch; /* bytes a thread */
    epo__tensor in, out;
};

static void release(void *state)
{
    struct step *step = state;
    if (step) epo__narrow_conv_release(&step->conv);
    free(step);
}

static epo_status run(void *state, const epo__frame *frame)
{
    const struct step *step = state;
    const size_t height = (size_t)step->out.shape.height, channels = (size_t)step->out.shape.channels;
    const float *in = epo__frame_read(frame, &step->in);
    const epo__narrow_out out = {epo__frame_write(frame, &step->out), channels, EPO__OUT_FLOAT32};
    epo__narrow_image image = {.pixels = in};
    char *scratch = frame->dnnl.scratch;
    if (step->conv.type == EPO__INT8) epo__range(in, epo__shape_size(step->in.shape), &image.smallest, &image.largest);
    if (frame->threads == 1) {
        epo__narrow_conv_run(&step->conv, &image, 0, height, scratch, &out);
        return EPO_OK;
    }
#pragma omp parallel num_threads(frame->threads)
    {
        const int thread = omp_get_thread_num(), threads = omp_get_num_threads(); /* however few */
        epo__narrow_conv_run(&step->conv, &image, epo__part_from(height, thread, threads),
                             epo__part_from(height, thread + 1, threads), scratch + (size_t)thread * step->scratch,
                             &out);
    }
    return EPO_OK;
}

epo_status epo__builder_narrow_conv(epo__plan_builder *builder, epo__narrow_type type, const epo__conv_geometry *g,
                                    const float *weights, const float *bias, bool relu)
{
    struct step *step = epo__alloc(1, sizeof *step);
    if (!step) return epo__nomem("convolution");
    step->in = *epo__builder_now(builder);
    step->out = (epo__tensor){.shape = {g->out_channels, g->out_height, g->out_width}, .place = EPO_AT_ARENA};
    epo_status status = epo__narrow_conv_make(type, g, weights, bias, relu, &step->conv);
    if (status == EPO_OK) status = epo__builder_take(builder, epo__shape_size(step->out.shape), &step->out.offset);
    if (status != EPO_OK) {
        release(step);
        return status;
    }
    epo__tensor out = step->out;
    step->scratch = epo__narrow_conv_scratch(&step->conv);
    epo__builder_scratch(builder, epo__product((size_t)epo__builder_threads(builder), step->scratch));
    status = epo__builder_sample_step(builder, run, release, step);
    if (status == EPO_OK) epo__builder_become(builder, out);
    return status;
}
