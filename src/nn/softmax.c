/* SPDX-License-Identifier: BSD-3-Clause
 * softmax.c - exp(x) over their sum. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/kernels.h"
#include "nn/layer_types.h"
#include "nn/plan.h"
#include "nn/train.h"

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

/* --- in training -------------------------------------------------------------------------------------------------- */

static epo_status forward(void *state, const epo__train_run *run, const float *in, float *out)
{
    size_t features = *(const size_t *)state;
    memcpy(out, in, (size_t)run->count * features * sizeof *out);
    for (size_t i = 0; i < (size_t)run->count; i++) epo__softmax(out + i * features, features);
    return EPO_OK;
}

/* d_in = out * (d_out - sum of out * d_out) */
static epo_status backward(void *state, const epo__train_run *run, const float *in, const float *out, float *d_out,
                           float *d_in)
{
    (void)in;
    size_t features = *(const size_t *)state;
    for (size_t i = 0; d_in && i < (size_t)run->count; i++, out += features, d_out += features, d_in += features) {
        double sum = 0;
        for (size_t k = 0; k < features; k++) sum += (double)out[k] * (double)d_out[k];
        for (size_t k = 0; k < features; k++) d_in[k] = (float)((double)out[k] * ((double)d_out[k] - sum));
    }
    return EPO_OK;
}

static epo_status train(const epo__layer *layer, const epo__train_setup *setup, epo__train_op *op)
{
    (void)setup;
    size_t *features = epo__alloc(1, sizeof *features);
    if (!features) return epo__nomem("softmax");
    *features = epo__shape_size(layer->in);
    *op = (epo__train_op){.state = features, .forward = forward, .backward = backward};
    return EPO_OK;
}

const epo__layer_type epo__softmax_type = {.word = "softmax",
                                           .help = "scores that sum to one",
                                           .state_size = 1,
                                           .configure = configure,
                                           .plan = plan,
                                           .train = train};
