/* SPDX-License-Identifier: BSD-3-Clause
 * dropout.c - dropout of single values and of whole channels (Srivastava et al. 2014; Tompson et al. 2015). Both do
 * nothing when a trained network runs.
 *
 * In training each value (channel) has its own random number, which depends on the seed, the step, the layer's name and
 * its place in the batch alone; the way back draws them again. What is kept is divided by the part that is kept. */
#include "base/error.h"
#include "base/memory.h"
#include "base/rng.h"
#include "nn/layer_types.h"
#include "nn/plan.h"
#include "nn/train.h"

static const epo__layer_option options[] = {
    {"rate", EPO_OPTION_REAL, 0, 0.99, NULL, "0.5", "part that is dropped in training"},
};

struct dropout {
    double rate;
};

static epo_status configure(epo__layer *layer, const double *values)
{
    struct dropout *dropout = layer->state;
    dropout->rate = values[0];
    layer->out = layer->in;
    return EPO_OK;
}

/* What is pending stays so: a ReLU may follow. */
static epo_status plan(const epo__layer *layer, epo__plan_builder *builder)
{
    (void)layer;
    (void)builder;
    return EPO_OK;
}

/* --- in training -------------------------------------------------------------------------------------------------- */

struct training {
    double rate;
    uint64_t seed, stream;
    size_t group, alike; /* values with a number of their own come in groups, which `alike` pixels repeat */
};

/* out = in where the number of its group says so */
static void drop(const struct training *t, const epo__train_run *run, const float *in, float *out)
{
    const uint64_t golden = 0x9E3779B97F4A7C15u; /* makes a stream of every step */
    uint64_t stream = t->stream + golden * run->step, limit = (uint64_t)(t->rate * 4294967296.0);
    float scale = (float)(1 / (1 - t->rate));
    size_t groups = (size_t)run->count;
#pragma omp parallel for num_threads(run->threads) schedule(static) if (run->threads > 1)
    for (size_t g = 0; g < groups; g++)
        for (size_t p = 0; p < t->alike; p++) {
            epo__rng rng = {.seed = t->seed, .stream = stream, .index = g * t->group};
            size_t at = (g * t->alike + p) * t->group;
            for (size_t i = at; i < at + t->group; i++) out[i] = epo__rng_u32(&rng) < limit ? 0.0F : in[i] * scale;
        }
}

static epo_status forward(void *state, const epo__train_run *run, const float *in, float *out)
{
    drop(state, run, in, out);
    return EPO_OK;
}

static epo_status backward(void *state, const epo__train_run *run, const float *in, const float *out, float *d_out,
                           float *d_in)
{
    (void)in, (void)out;
    if (d_in) drop(state, run, d_out, d_in);
    return EPO_OK;
}

static epo_status train(const epo__layer *layer, const epo__train_setup *setup, epo__train_op *op)
{
    const struct dropout *dropout = layer->state;
    bool channels = layer->type == &epo__spatialdropout_type;
    struct training *t = epo__alloc(1, sizeof *t);
    if (!t) return epo__nomem("dropout");
    size_t group = channels ? (size_t)layer->in.channels : epo__shape_size(layer->in);
    *t = (struct training){dropout->rate, setup->seed, setup->stream, group, epo__shape_size(layer->in) / group};
    *op = (epo__train_op){.state = t, .forward = forward, .backward = backward};
    return EPO_OK;
}

const epo__layer_type epo__dropout_type = {
    .word = "dropout",
    .help = "drops values in training",
    .options = options,
    .option_count = 1,
    .state_size = sizeof(struct dropout),
    .configure = configure,
    .plan = plan,
    .train = train,
};

const epo__layer_type epo__spatialdropout_type = {
    .word = "spatialdropout",
    .help = "drops whole channels in training",
    .options = options,
    .option_count = 1,
    .state_size = sizeof(struct dropout),
    .configure = configure,
    .plan = plan,
    .train = train,
};
