/* SPDX-License-Identifier: BSD-3-Clause
 * softmax.c - exp(x) over their sum. */
#include "base/error.h"
#include "base/memory.h"
#include "nn/kernels.h"
#include "nn/layer_types.h"
#include "nn/plan.h"

static epo_status configure(epo__layer *layer, const double *values)
{
    (void)values;
    if (!epo__shape_is_vector(layer->in))
        return epo__fail(EPO_EARG, "input is %d x %d x %d, not a vector; put flatten or gap before", layer->in.channels,
                         layer->in.height, layer->in.width);
    layer->out = layer->in;
    return EPO_OK;
}

static epo_status run(void *state, const epo__frame *frame)
{
    const epo__tensor *tensor = state;
    float *x = epo__frame_write(frame, tensor);
    size_t features = epo__shape_size(tensor->shape);
    for (size_t i = 0; i < (size_t)frame->count; i++) epo__softmax(x + i * features, features);
    return EPO_OK;
}

static epo_status plan(const epo__layer *layer, epo__plan_builder *builder)
{
    (void)layer;
    epo_status status = epo__builder_to_rows(builder);
    if (status != EPO_OK) return status;
    epo__tensor *tensor = epo__alloc(1, sizeof *tensor);
    if (tensor) *tensor = *epo__builder_now(builder);
    return epo__builder_row_step(builder, run, NULL, tensor);
}

const epo__layer_type epo__softmax_type = {
    .word = "softmax", .help = "scores that sum to one", .state_size = 1, .configure = configure, .plan = plan};
