/* SPDX-License-Identifier: BSD-3-Clause
 * relu.c - max(x, 0); part of the layer before it where that is still pending. */
#include "base/error.h"
#include "base/memory.h"
#include "nn/gradkernels.h"
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
    epo__relu(epo__frame_write(frame, tensor), epo__frame_size(frame, tensor));
    return EPO_OK;
}

static epo_status plan(const epo__layer *layer, epo__plan_builder *builder)
{
    (void)layer;
    if (epo__builder_pending(builder)) return epo__builder_settle(builder, true);
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
        epo__relu_copy(in + from, out + from, to - from);
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
        epo__relu_back(out + from, d_out + from, d_in + from, to - from);
    }
    return EPO_OK;
}

static epo_status train(const epo__layer *layer, const epo__train_setup *setup, epo__train_op *op)
{
    (void)setup;
    size_t *size = epo__alloc(1, sizeof *size);
    if (!size) return epo__nomem("relu");
    *size = epo__shape_size(layer->in);
    *op = (epo__train_op){.state = size, .forward = forward, .backward = backward};
    return EPO_OK;
}

const epo__layer_type epo__relu_type = {.word = "relu",
                                        .help = "rectified linear unit",
                                        .state_size = 1,
                                        .configure = configure,
                                        .plan = plan,
                                        .train = train};
