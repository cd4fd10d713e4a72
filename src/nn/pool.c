/* SPDX-License-Identifier: BSD-3-Clause
 * pool.c - the largest value, or the mean, of a window; windows that do not fit are left out. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/gradkernels.h"
#include "nn/layer_types.h"
#include "nn/plan.h"
#include "nn/train.h"

enum { SIZE, STRIDE };

static const epo__layer_option options[] = {
    [SIZE] = {"size", EPO_OPTION_INT, 1, 1024, NULL, "2", "side of the window"},
    [STRIDE] = {"stride", EPO_OPTION_INT, 0, 1024, NULL, "0", "step of the window; 0: its size"},
};

struct pool {
    int size, stride;
};

static epo_status configure(epo__layer *layer, const double *values)
{
    struct pool *pool = layer->state;
    pool->size = (int)values[SIZE];
    pool->stride = values[STRIDE] > 0 ? (int)values[STRIDE] : pool->size;
    if (layer->in.height < pool->size || layer->in.width < pool->size)
        return epo__fail(EPO_EARG, "a window of %d does not fit into %d x %d", pool->size, layer->in.height,
                         layer->in.width);
    layer->out.height = (layer->in.height - pool->size) / pool->stride + 1;
    layer->out.width = (layer->in.width - pool->size) / pool->stride + 1;
    return EPO_OK;
}

struct step {
    void (*kernel)(const float *in, float *out, const epo__pool_geometry *geometry);
    epo__pool_geometry geometry;
    epo__tensor in, out;
};

static epo_status run(void *state, const epo__frame *frame)
{
    const struct step *step = state;
    step->kernel(epo__frame_read(frame, &step->in), epo__frame_write(frame, &step->out), &step->geometry);
    return EPO_OK;
}

static epo__pool_geometry geometry_of(const epo__layer *layer)
{
    const struct pool *pool = layer->state;
    return (epo__pool_geometry){.channels = (size_t)layer->in.channels,
                                .width = (size_t)layer->in.width,
                                .out_height = (size_t)layer->out.height,
                                .out_width = (size_t)layer->out.width,
                                .size = (size_t)pool->size,
                                .stride = (size_t)pool->stride};
}

static epo_status plan(const epo__layer *layer, epo__plan_builder *builder)
{
    epo_status status = epo__builder_to_arena(builder);
    if (status != EPO_OK) return status;
    epo__tensor out = {.shape = layer->out, .place = EPO_AT_ARENA};
    status = epo__builder_take(builder, epo__shape_size(out.shape), &out.offset);
    if (status != EPO_OK) return status;
    struct step *step = epo__alloc(1, sizeof *step);
    if (!step) return epo__nomem("pooling");
    *step = (struct step){
        .kernel = layer->type == &epo__maxpool_type ? epo__max_pool : epo__average_pool,
        .geometry = geometry_of(layer),
        .in = *epo__builder_now(builder),
        .out = out,
    };
    status = epo__builder_sample_step(builder, run, NULL, step);
    if (status == EPO_OK) epo__builder_become(builder, out);
    return status;
}

/* --- in training -------------------------------------------------------------------------------------------------- */

struct training {
    bool largest;
    epo__pool_geometry geometry;
    size_t in_size, out_size;
};

static epo_status forward(void *state, const epo__train_run *run, const float *in, float *out)
{
    const struct training *t = state;
#pragma omp parallel for num_threads(run->threads) schedule(static) if (run->threads > 1)
    for (int i = 0; i < run->count; i++)
        (t->largest ? epo__max_pool : epo__average_pool)(in + (size_t)i * t->in_size, out + (size_t)i * t->out_size,
                                                         &t->geometry);
    return EPO_OK;
}

static epo_status backward(void *state, const epo__train_run *run, const float *in, const float *out, float *d_out,
                           float *d_in)
{
    const struct training *t = state;
    if (!d_in) return EPO_OK;
#pragma omp parallel for num_threads(run->threads) schedule(static) if (run->threads > 1)
    for (int i = 0; i < run->count; i++) {
        size_t from = (size_t)i * t->in_size, to = (size_t)i * t->out_size;
        memset(d_in + from, 0, t->in_size * sizeof *d_in);
        if (t->largest)
            epo__max_pool_back(in + from, out + to, d_out + to, d_in + from, &t->geometry);
        else
            epo__average_pool_back(d_out + to, d_in + from, &t->geometry);
    }
    return EPO_OK;
}

static epo_status train(const epo__layer *layer, const epo__train_setup *setup, epo__train_op *op)
{
    (void)setup;
    struct training *t = epo__alloc(1, sizeof *t);
    if (!t) return epo__nomem("pooling");
    *t = (struct training){layer->type == &epo__maxpool_type, geometry_of(layer), epo__shape_size(layer->in),
                           epo__shape_size(layer->out)};
    *op = (epo__train_op){.state = t, .forward = forward, .backward = backward};
    return EPO_OK;
}

const epo__layer_type epo__maxpool_type = {
    .word = "maxpool",
    .help = "largest value of a window",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .state_size = sizeof(struct pool),
    .configure = configure,
    .plan = plan,
    .train = train,
};

const epo__layer_type epo__avgpool_type = {
    .word = "avgpool",
    .help = "mean of a window",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .state_size = sizeof(struct pool),
    .configure = configure,
    .plan = plan,
    .train = train,
};
