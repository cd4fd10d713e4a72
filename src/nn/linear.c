/* SPDX-License-Identifier: BSD-3-Clause
 * linear.c - y = W x + b for all samples in one matrix product. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/cells.h"
#include "nn/gradkernels.h"
#include "nn/layer_types.h"
#include "nn/plan.h"
#include "nn/train.h"

enum { FEATURES, BIAS };

static const epo__layer_option options[] = {
    [FEATURES] = {"features", EPO_OPTION_INT, 1, 1 << 20, NULL, NULL, "output features"},
    [BIAS] = {"bias", EPO_OPTION_INT, 0, 1, NULL, "1", "1: add a number a feature"},
};

struct linear {
    bool bias;
};

static epo_status configure(epo__layer *layer, const double *values)
{
    struct linear *linear = layer->state;
    int64_t dims[] = {(int64_t)values[FEATURES], layer->in.channels};
    linear->bias = values[BIAS] != 0;
    if (!epo__shape_is_vector(layer->in))
        return epo__fail(EPO_EARG, "input is %d x %d x %d, not a vector; put flatten or gap before", layer->in.channels,
                         layer->in.height, layer->in.width);
    layer->out = (epo__shape){(int)dims[0], 1, 1};
    epo_status status = epo__layer_param(layer, "weight", true, layer->in.channels, 0, 2, dims);
    if (status == EPO_OK && linear->bias) status = epo__layer_param(layer, "bias", true, 0, 0, 1, dims);
    return status;
}

static uint64_t macs(const epo__layer *layer)
{
    return layer->params[0].count;
}

/* --- in a plan ---------------------------------------------------------------------------------------------------- */

/* Pending operation: weights that may still change. */
struct draft {
    size_t inputs, outputs;
    float *weights, *bias;
};

/* Weights for BLOCK inputs each: float32 holds the sum of some hundred products well, and that of their sums. */
enum { BLOCK = 1024 };
static const size_t worth_splitting = 1 << 20; /* multiply-adds: below, threads would mostly wait */

struct step {
    size_t inputs, outputs, threads, blocks;
    epo__panels *weights; /* one a block */
    float *bias;
    epo__tensor in, out;
    bool relu;
};

static void draft_release(void *state)
{
    struct draft *draft = state;
    if (!draft) return;
    free(draft->weights);
    free(draft->bias);
    free(draft);
}

static void release(void *state)
{
    struct step *step = state;
    if (!step) return;
    for (size_t i = 0; step->weights && i < step->blocks; i++) epo__panels_release(&step->weights[i]);
    free(step->weights);
    free(step->bias);
    free(step);
}

static void run_rows(const struct step *step, size_t first, size_t last, const float *in, float *out)
{
    const float *from[EPO__TOGETHER], *start[EPO__TOGETHER];
    float *to[EPO__TOGETHER];
    for (size_t row = first, n; row < last; row += n) {
        n = last - row < EPO__TOGETHER ? last - row : EPO__TOGETHER;
        for (size_t b = 0; b < step->blocks; b++) {
            for (size_t i = 0; i < n; i++) {
                from[i] = in + (row + i) * step->inputs + b * BLOCK;
                to[i] = out + (row + i) * step->outputs;
                start[i] = b ? to[i] : step->bias;
            }
            epo__panels_product(&step->weights[b], n, from, start, to);
        }
    }
    if (step->relu) epo__relu(out + first * step->outputs, (last - first) * step->outputs);
}

static epo_status run(void *state, const epo__frame *frame)
{
    const struct step *step = state;
    const float *in = epo__frame_read(frame, &step->in);
    float *out = epo__frame_write(frame, &step->out);
    size_t rows = (size_t)frame->count, parts = step->threads < rows ? step->threads : rows;
    if (parts == 1 || rows * step->inputs * step->outputs < worth_splitting) {
        run_rows(step, 0, rows, in, out);
        return EPO_OK;
    }
#pragma omp parallel for num_threads(parts) schedule(static, 1)
    for (size_t i = 0; i < parts; i++) run_rows(step, rows * i / parts, rows * (i + 1) / parts, in, out);
    return EPO_OK;
}

static void scale(void *state, const float *factor, const float *shift)
{
    struct draft *draft = state;
    for (size_t o = 0; o < draft->outputs; o++) {
        for (size_t i = 0; i < draft->inputs; i++) draft->weights[o * draft->inputs + i] *= factor[o];
        draft->bias[o] = draft->bias[o] * factor[o] + shift[o];
    }
}

static bool pack(const struct draft *draft, struct step *step)
{
    step->blocks = (draft->inputs + BLOCK - 1) / BLOCK;
    step->weights = epo__alloc(step->blocks, sizeof *step->weights);
    bool made = step->weights;
    for (size_t b = 0; b < step->blocks && made; b++) {
        size_t first = b * BLOCK, inputs = draft->inputs - first < BLOCK ? draft->inputs - first : BLOCK;
        const epo__unpacked from = {draft->weights + first, inputs, draft->outputs, draft->inputs, 1, false};
        made = epo__pack(&from, &step->weights[b]);
    }
    return made;
}

static epo_status emit(epo__plan_builder *builder, void *state, bool relu)
{
    struct draft *draft = state;
    struct step *step = epo__alloc(1, sizeof *step);
    if (!step || !pack(draft, step)) {
        release(step);
        return epo__nomem("linear layer");
    }
    step->inputs = draft->inputs;
    step->outputs = draft->outputs;
    step->bias = draft->bias;
    draft->bias = NULL;
    free(draft->weights);
    draft->weights = NULL;
    step->threads = (size_t)epo__builder_lanes(builder) * (size_t)epo__builder_threads(builder);
    step->in = *epo__builder_now(builder);
    step->out = epo__builder_other_rows(builder, (epo__shape){(int)step->outputs, 1, 1});
    step->relu = relu;
    epo__tensor out = step->out;
    epo_status status = epo__builder_row_step(builder, run, release, step);
    if (status == EPO_OK) epo__builder_become(builder, out);
    return status;
}

static epo_status plan(const epo__layer *layer, epo__plan_builder *builder)
{
    const struct linear *linear = layer->state;
    epo_status status = epo__builder_settle(builder, false);
    if (status == EPO_OK && epo__builder_now(builder)->place != EPO_AT_INPUT) status = epo__builder_to_rows(builder);
    if (status != EPO_OK) return status;
    size_t outputs = (size_t)layer->out.channels, inputs = (size_t)layer->in.channels;
    struct draft *draft = epo__alloc(1, sizeof *draft);
    if (draft) {
        draft->inputs = inputs;
        draft->outputs = outputs;
        draft->weights = epo__alloc_aligned(layer->params[0].count, sizeof(float));
        draft->bias = epo__alloc_aligned(outputs, sizeof(float));
    }
    if (!draft || !draft->weights || !draft->bias) {
        draft_release(draft);
        return epo__nomem("linear layer");
    }
    memcpy(draft->weights, layer->params[0].value, layer->params[0].count * sizeof(float));
    if (linear->bias) memcpy(draft->bias, layer->params[1].value, outputs * sizeof(float));
    return epo__builder_defer(builder, (epo__pending){draft, emit, scale, draft_release});
}

/* --- in training -------------------------------------------------------------------------------------------------- */

static epo_status forward(void *state, const epo__train_run *run, const float *in, float *out)
{
    const epo__layer *layer = *(const epo__layer *const *)state;
    const struct linear *linear = layer->state;
    size_t outputs = (size_t)layer->out.channels, inputs = (size_t)layer->in.channels, count = (size_t)run->count;
    for (size_t i = 0; linear->bias && i < count; i++)
        memcpy(out + i * outputs, layer->params[1].value, outputs * sizeof *out);
    return epo__sgemm(false, true, count, outputs, inputs, in, inputs, layer->params[0].value, inputs,
                      linear->bias ? 1 : 0, out, outputs);
}

static epo_status backward(void *state, const epo__train_run *run, const float *in, const float *out, float *d_out,
                           float *d_in)
{
    (void)out;
    const epo__layer *layer = *(const epo__layer *const *)state;
    const struct linear *linear = layer->state;
    size_t outputs = (size_t)layer->out.channels, inputs = (size_t)layer->in.channels, count = (size_t)run->count;
    const epo__param *weight = &layer->params[0];
    epo_status status = EPO_OK;
    if (weight->grad)
        status = epo__sgemm(true, false, outputs, inputs, count, d_out, outputs, in, inputs, 1, weight->grad, inputs);
    if (linear->bias && layer->params[1].grad) epo__add_rows(d_out, count, outputs, layer->params[1].grad);
    if (status == EPO_OK && d_in)
        status =
            epo__sgemm(false, false, count, inputs, outputs, d_out, outputs, weight->value, inputs, 0, d_in, inputs);
    return status;
}

static epo_status train(const epo__layer *layer, const epo__train_setup *setup, epo__train_op *op)
{
    (void)setup;
    const epo__layer **state = epo__alloc(1, sizeof *state);
    if (!state) return epo__nomem("linear layer");
    *state = layer;
    *op = (epo__train_op){.state = state, .forward = forward, .backward = backward};
    return EPO_OK;
}

const epo__layer_type epo__linear_type = {
    .word = "linear",
    .help = "fully connected layer",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .state_size = sizeof(struct linear),
    .configure = configure,
    .macs = macs,
    .plan = plan,
    .train = train,
};
