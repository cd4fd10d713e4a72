/* SPDX-License-Identifier: BSD-3-Clause
 * sigmoid.c - 1 / (1 + exp(-x)). */
#include "base/error.h"
#include "base/memory.h"
#include "nn/kernels.h"
#include "nn/layer_types.h"
#include "nn/plan.h"
#include "nn/train.h"

static epo_status configure(epo__layer *layer, const double *values)
{
    (void)values;
    layer->out = layer->in;
    return EPO_OK;
}

static epo_status run(void *state, const epo__frame *frame)
{
    const epo__tensor *tensor = state;
    float *x = epo__frame_write(frame, tensor);
    size_t count = epo__frame_size(frame, tensor);
    for (size_t i = 0; i < count; i++) x[i] = epo__sigmoid(x[i]);
    return EPO_OK;
}

static epo_status plan(const epo__layer *layer, epo__plan_builder *builder)
{
    (void)layer;
    epo_status status = epo__builder_to_place(builder);
    if (status != EPO_OK) return status;
    epo__tensor *tensor = epo__alloc(1, sizeof *tensor);
    if (tensor) *tensor = *epo__builder_now(builder);
    return epo__builder_place_step(builder, run, NULL, tensor);
}

/* --- in training -------------------------------------------------------------------------------------------------- */

static epo_status forward(void *state, const epo__train_run *run, const float *in, float *out)
{
    size_t count = (size_t)run->count * *(const size_t *)state;
#pragma omp parallel for num_threads(run->threads) schedule(static, 1) if (run->threads > 1)
    for (int i = 0; i < run->threads; i++) {
        size_t from = epo__part_from(count, i, run->threads), to = epo__part_from(count, i + 1, run->threads);
        for (size_t k = from; k < to; k++) out[k] = epo__sigmoid(in[k]);
    }
    return EPO_OK;
}

static epo_status backward(void *state, const epo__train_run *run, const float *in, const float *out, float *d_out,
                           float *d_in)
{
    (void)in;
    if (!d_in) return EPO_OK;
    size_t count = (size_t)run->count * *(const size_t *)state;
#pragma omp parallel for num_threads(run->threads) schedule(static, 1) if (run->threads > 1)
    for (int i = 0; i < run->threads; i++) {
        size_t from = epo__part_from(count, i, run->threads), to = epo__part_from(count, i + 1, run->threads);
        for (size_t k = from; k < to; k++) d_in[k] = d_out[k] * out[k] * (1.0F - out[k]);
    }
    return EPO_OK;
}

static epo_status train(const epo__layer *layer, const epo__train_setup *setup, epo__train_op *op)
{
    (void)setup;
    size_t *size = epo__alloc(1, sizeof *size);
    if (!size) return epo__nomem("sigmoid");
    *size = epo__shape_size(layer->in);
    *op = (epo__train_op){.state = size, .forward = forward, .backward = backward};
    return EPO_OK;
}

const epo__layer_type epo__sigmoid_type = {.word = "sigmoid",
                                           .help = "score between 0 and 1",
                                           .state_size = 1,
                                           .configure = configure,
                                           .plan = plan,
                                           .train = train};
