/* SPDX-License-Identifier: BSD-3-Clause
 * relu.c - max(x, 0); part of the layer before it where that is still pending. */
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

const epo__layer_type epo__relu_type = {
    .word = "relu", .help = "rectified linear unit", .state_size = 1, .configure = configure, .plan = plan};
