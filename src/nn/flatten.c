/* SPDX-License-Identifier: BSD-3-Clause
 * flatten.c - an image to a vector: channel by channel (PyTorch), or pixel by pixel (Keras). */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/kernels.h"
#include "nn/layer_types.h"
#include "nn/plan.h"
#include "nn/train.h"

enum { CHW, HWC };

static const epo__layer_option options[] = {
    {"order", EPO_OPTION_WORD, 0, 0, "chw|hwc", "chw", "channel by channel, or pixel by pixel"},
};

struct flatten {
    int order;
};

static epo_status configure(epo__layer *layer, const double *values)
{
    struct flatten *flatten = layer->state;
    flatten->order = (int)values[0];
    layer->out = (epo__shape){(int)epo__shape_size(layer->in), 1, 1}; /* fits: below EPO__MAX_ACTIVATIONS */
    return EPO_OK;
}

struct step {
    epo__tensor in, out;
};

/* The arena has pixels, and so has the result. */
static epo_status run(void *state, const epo__frame *frame)
{
    const struct step *step = state;
    float *out = epo__frame_write(frame, &step->out);
    memcpy(out, epo__frame_read(frame, &step->in), epo__shape_size(step->in.shape) * sizeof *out);
    return EPO_OK;
}

static epo_status plan(const epo__layer *layer, epo__plan_builder *builder)
{
    const struct flatten *flatten = layer->state;
    epo_status status;
    if (flatten->order == CHW) {
        status = epo__builder_to_rows(builder);
        if (status == EPO_OK) epo__builder_reshape(builder, layer->out);
        return status;
    }
    status = epo__builder_to_arena(builder);
    if (status != EPO_OK) return status;
    epo__tensor out = epo__builder_other_rows(builder, layer->out);
    struct step *step = epo__alloc(1, sizeof *step);
    if (!step) return epo__nomem("flattening");
    *step = (struct step){*epo__builder_now(builder), out};
    status = epo__builder_sample_step(builder, run, NULL, step);
    if (status == EPO_OK) epo__builder_become(builder, out);
    return status;
}

/* --- in training: tensors are pixels, so that only the order of planes is work ------------------------------------ */

struct training {
    int order;
    epo__shape shape;
};

static epo_status forward(void *state, const epo__train_run *run, const float *in, float *out)
{
    const struct training *t = state;
    size_t size = epo__shape_size(t->shape), channels = (size_t)t->shape.channels;
    for (size_t i = 0; i < (size_t)run->count; i++)
        if (t->order == CHW)
            epo__pixels_to_planes(in + i * size, out + i * size, channels, size / channels);
        else
            memcpy(out + i * size, in + i * size, size * sizeof *out);
    return EPO_OK;
}

static epo_status backward(void *state, const epo__train_run *run, const float *in, const float *out, float *d_out,
                           float *d_in)
{
    (void)in, (void)out;
    const struct training *t = state;
    size_t size = epo__shape_size(t->shape), channels = (size_t)t->shape.channels;
    for (size_t i = 0; d_in && i < (size_t)run->count; i++)
        if (t->order == CHW)
            epo__planes_to_pixels(d_out + i * size, d_in + i * size, channels, size / channels);
        else
            memcpy(d_in + i * size, d_out + i * size, size * sizeof *d_in);
    return EPO_OK;
}

static epo_status train(const epo__layer *layer, const epo__train_setup *setup, epo__train_op *op)
{
    (void)setup;
    const struct flatten *flatten = layer->state;
    struct training *t = epo__alloc(1, sizeof *t);
    if (!t) return epo__nomem("flattening");
    *t = (struct training){flatten->order, layer->in};
    *op = (epo__train_op){.state = t, .forward = forward, .backward = backward};
    return EPO_OK;
}

const epo__layer_type epo__flatten_type = {
    .word = "flatten",
    .help = "image to vector",
    .options = options,
    .option_count = 1,
    .state_size = sizeof(struct flatten),
    .configure = configure,
    .plan = plan,
    .train = train,
};
