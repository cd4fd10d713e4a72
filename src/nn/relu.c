/* SPDX-License-Identifier: BSD-3-Clause
 * relu.c - max(x, 0). In a plan it melts into the operation before it where one is waiting. */
#include "nn/elementwise.h"
#include "nn/gradkernels.h"
#include "nn/layer_types.h"

static const epo__elementwise function = {epo__relu_copy, epo__relu_back};

static epo_status plan(const epo__layer *layer, epo__plan_builder *builder)
{
    (void)layer;
    if (epo__builder_pending(builder)) return epo__builder_settle(builder, true);
    return epo__elementwise_plan(builder, &function);
}

static epo_status train(const epo__layer *layer, const epo__train_setup *setup, epo__train_op *op)
{
    (void)setup;
    return epo__elementwise_train(layer, &function, op);
}

const epo__layer_type epo__relu_type = {.word = "relu",
                                        .help = "rectified linear unit",
                                        .state_size = 1,
                                        .configure = epo__elementwise_configure,
                                        .plan = plan,
                                        .train = train};
