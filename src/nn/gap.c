/* SPDX-License-Identifier: BSD-3-Clause
 * gap.c - global average: the mean of every channel. */
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "nn/kernels.h"
#include "nn/layer_types.h"
#include "nn/plan.h"
#include "nn/train.h"

static epo_status configure(epo__layer *layer, const double *values)
{
    (void)values;
    layer->out = (epo__shape){layer->in.channels, 1, 1};
    return EPO_OK;
}

struct step {
    epo__tensor in, out;
    size_t row_offset;
};

static epo_status run(void *state, const epo__frame *frame)
{
    const struct step *step = state;
    epo__shape shape = step->in.shape;
    epo__global_average(epo__frame_read(frame, &step->in), epo__frame_write(frame, &step->out),
                        epo__frame_work(frame, step->row_offset), (size_t)shape.channels, (size_t)shape.height,
                        (size_t)shape.width);
    return EPO_OK;
}

static epo_status plan(const epo__layer *layer, epo__plan_builder *builder)
{
    size_t row_offset;
    epo_status status = epo__builder_to_arena(builder);
    if (status == EPO_OK) status = epo__builder_take(builder, (size_t)layer->in.channels, &row_offset);
    if (status != EPO_OK) return status;
    epo__tensor out = epo__builder_other_rows(builder, layer->out);
    struct step *step = epo__alloc(1, sizeof *step);
    if (!step) return epo__nomem("global average");
    *step = (struct step){*epo__builder_now(builder), out, row_offset};
    status = epo__builder_sample_step(builder, run, NULL, step);
    epo__builder_give(builder, row_offset);
    if (status == EPO_OK) epo__builder_become(builder, out);
    return status;
}

/* --- in training -------------------------------------------------------------------------------------------------- */

struct training {
    epo__shape shape;
    float *rows; /* one a part of the work */
};

static void train_release(void *state)
{
    struct training *t = state;
    if (t) free(t->rows);
    free(t);
}

static epo_status forward(void *state, const epo__train_run *run, const float *in, float *out)
{
    const struct training *t = state;
    size_t channels = (size_t)t->shape.channels;
#pragma omp parallel for num_threads(run->threads) schedule(static, 1) if (run->threads > 1)
    for (int part = 0; part < run->threads; part++) {
        size_t last = epo__part_from((size_t)run->count, part + 1, run->threads);
        for (size_t i = epo__part_from((size_t)run->count, part, run->threads); i < last; i++)
            epo__global_average(in + i * epo__shape_size(t->shape), out + i * channels,
                                t->rows + (size_t)part * channels, channels, (size_t)t->shape.height,
                                (size_t)t->shape.width);
    }
    return EPO_OK;
}

static epo_status backward(void *state, const epo__train_run *run, const float *in, const float *out, float *d_out,
                           float *d_in)
{
    (void)in, (void)out;
    const struct training *t = state;
    size_t channels = (size_t)t->shape.channels, pixels = (size_t)t->shape.height * (size_t)t->shape.width;
    float part = 1.0F / (float)pixels;
    if (!d_in) return EPO_OK;
#pragma omp parallel for num_threads(run->threads) schedule(static) if (run->threads > 1)
    for (int i = 0; i < run->count; i++)
        for (size_t p = 0; p < pixels; p++)
            for (size_t c = 0; c < channels; c++)
                d_in[((size_t)i * pixels + p) * channels + c] = d_out[(size_t)i * channels + c] * part;
    return EPO_OK;
}

static epo_status train(const epo__layer *layer, const epo__train_setup *setup, epo__train_op *op)
{
    struct training *t = epo__alloc(1, sizeof *t);
    if (t) {
        t->shape = layer->in;
        t->rows = epo__alloc(epo__product((size_t)setup->threads, (size_t)layer->in.channels), sizeof *t->rows);
    }
    if (!t || !t->rows) {
        train_release(t);
        return epo__nomem("global average");
    }
    *op = (epo__train_op){.state = t, .forward = forward, .backward = backward, .release = train_release};
    return EPO_OK;
}

const epo__layer_type epo__gap_type = {.word = "gap",
                                       .help = "mean of each channel",
                                       .state_size = 1,
                                       .configure = configure,
                                       .plan = plan,
                                       .train = train};
