/* SPDX-License-Identifier: BSD-3-Clause
 * sigmoid.c - 1 / (1 + exp(-x)). */
#include "base/memory.h"
#include "nn/kernels.h"
#include "nn/layer_types.h"
#include "nn/plan.h"

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

const epo__layer_type epo__sigmoid_type = {
    .word = "sigmoid", .help = "score between 0 and 1", .state_size = 1, .configure = configure, .plan = plan};
