/* SPDX-License-Identifier: BSD-3-Clause
 * sigmoid.c - 1 / (1 + exp(-x)). */
#include "nn/elementwise.h"
#include "nn/kernels.h"
#include "nn/layer_types.h"

static void forward(const float *in, float *out, size_t count)
{
    for (size_t i = 0; i < count; i++) out[i] = epo__sigmoid(in[i]);
}

static void backward(const float *out, const float *d_out, float *d_in, size_t count)
{
    for (size_t i = 0; i < count; i++) d_in[i] = d_out[i] * out[i] * (1.0F - out[i]);
}

static const epo__elementwise function = {forward, backward};

static epo_status plan(const epo__layer *layer, epo__plan_builder *builder)
{
    (void)layer;
    return epo__elementwise_plan(builder, &function);
}

static epo_status train(const epo__layer *layer, const epo__train_setup *setup, epo__train_op *op)
{
    (void)setup;
    return epo__elementwise_train(layer, &function, op);
}

const epo__layer_type epo__sigmoid_type = {.word = "sigmoid",
                                           .help = "score between 0 and 1",
                                           .state_size = 1,
                                           .configure = epo__elementwise_configure,
                                           .plan = plan,
                                           .train = train};
