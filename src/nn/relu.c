/* SPDX-License-Identifier: BSD-3-Clause
 * relu.c - max(x, 0); part of the layer before it where that is still pending. */
#include "nn/layer_types.h"
#include "nn/plan.h"

static epo_status configure(epo__layer *layer, const double *values)
{
    (void)values;
    layer->out = layer->in;
    return EPO_OK;
}

static epo_status plan(const epo__layer *layer, epo__plan_builder *builder)
{
    if (!epo__builder_pending(builder)) {
        epo_status status = epo__builder_affine(builder, NULL, NULL, layer->in.channels);
        if (status != EPO_OK) return status;
    }
    return epo__builder_settle(builder, true);
}

const epo__layer_type epo__relu_type = {
    .word = "relu", .help = "rectified linear unit", .state_size = 1, .configure = configure, .plan = plan};
