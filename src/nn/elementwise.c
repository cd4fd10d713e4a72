/* SPDX-License-Identifier: BSD-3-Clause
 * elementwise.c - layers that work on each value by itself. */
#include "nn/elementwise.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "nn/layer_types.h"

epo_status epo__elementwise_configure(epo__layer *layer, const double *values)
{
    (void)values;
    layer->out = layer->in;
    return EPO_OK;
}

struct step {
    const epo__elementwise *function;
    epo__tensor tensor;
};

static epo_status run(void *state, const epo__frame *frame)
{
    const struct step *step = state;
    float *x = epo__frame_write(frame, &step->tensor);
    step->function->forward(x, x, epo__frame_size(frame, &step->tensor));
    return EPO_OK;
}

epo_status epo__elementwise_plan(epo__plan_builder *builder, const epo__elementwise *function)
{
    epo_status status = epo__builder_to_place(builder);
    if (status != EPO_OK) return status;
    struct step *step = epo__alloc(1, sizeof *step);
    if (step) *step = (struct step){function, *epo__builder_now(builder)};
    return epo__builder_place_step(builder, run, NULL, step);
}

/* --- in training -------------------------------------------------------------------------------------------------- */

struct op {
    const epo__elementwise *function;
    size_t size; /* values of a sample */
};

static epo_status forward(void *state, const epo__train_run *run, const float *in, float *out)
{
    const struct op *op = state;
    size_t count = (size_t)run->count * op->size;
#pragma omp parallel for num_threads(run->threads) schedule(static, 1) if (run->threads > 1)
    for (int i = 0; i < run->threads; i++) {
        size_t from = epo__part_from(count, i, run->threads), to = epo__part_from(count, i + 1, run->threads);
        op->function->forward(in + from, out + from, to - from);
    }
    return EPO_OK;
}

static epo_status backward(void *state, const epo__train_run *run, const float *in, const float *out, float *d_out,
                           float *d_in)
{
    const struct op *op = state;
    (void)in;
    if (!d_in) return EPO_OK;
    size_t count = (size_t)run->count * op->size;
#pragma omp parallel for num_threads(run->threads) schedule(static, 1) if (run->threads > 1)
    for (int i = 0; i < run->threads; i++) {
        size_t from = epo__part_from(count, i, run->threads), to = epo__part_from(count, i + 1, run->threads);
        op->function->backward(out + from, d_out + from, d_in + from, to - from);
    }
    return EPO_OK;
}

epo_status epo__elementwise_train(const epo__layer *layer, const epo__elementwise *function, epo__train_op *out)
{
    struct op *op = epo__alloc(1, sizeof *op);
    if (!op) return epo__nomem(layer->name);
    *op = (struct op){function, epo__shape_size(layer->in)};
    *out = (epo__train_op){.state = op, .forward = forward, .backward = backward};
    return EPO_OK;
}
