/* SPDX-License-Identifier: BSD-3-Clause
 * dropout.c - dropout of single values and of whole channels (Srivastava et al. 2014; Tompson et al. 2015). Both do
 * nothing when a trained network runs, unless the plan is made for it.
 *
 * In training each value (channel) has its own random number, which depends on the seed, the step, the layer's name and
 * its place in the batch alone; the way back draws them again. What is kept is divided by the part that is kept. */
#include <stdlib.h>
#include <string.h>

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

static const uint64_t golden = 0x9E3779B97F4A7C15u; /* makes a stream of every step or pass */

/* --- in a plan ---------------------------------------------------------------------------------------------------- */

struct step {
    double rate;
    uint64_t stream;
    size_t group, alike; /* values with a number of their own come in groups, which `alike` pixels repeat */
    epo__tensor tensor;
};

/* In place: a sample's pixels, or rows of vectors. */
static epo_status run(void *state, const epo__frame *frame)
{
    const struct step *s = state;
    float *x = epo__frame_write(frame, &s->tensor);
    size_t samples = epo__frame_size(frame, &s->tensor) / (s->group * s->alike);
    uint64_t limit = (uint64_t)(s->rate * 4294967296.0);
    float scale = (float)(1 / (1 - s->rate));
    for (size_t i = 0; i < samples; i++) {
        uint64_t stream = s->stream + golden * frame->draw->pass + frame->draw->keys[(size_t)frame->sample + i];
        epo__rng rng = {.seed = frame->draw->seed, .stream = stream};
        float *sample = x + i * s->group * s->alike;
        for (size_t g = 0; g < s->group; g++) {
            bool dropped = epo__rng_u32(&rng) < limit; /* a factor of 0 would keep infinities as not-a-number */
            for (size_t p = 0; p < s->alike; p++)
                sample[p * s->group + g] = dropped ? 0.0F : sample[p * s->group + g] * scale;
        }
    }
    return EPO_OK;
}

static size_t group_of(const epo__layer *layer)
{
    return layer->type == &epo__spatialdropout_type ? (size_t)layer->in.channels : epo__shape_size(layer->in);
}

/* Left out, it is no step, and what is pending stays so: a ReLU may follow. */
static epo_status plan(const epo__layer *layer, epo__plan_builder *builder)
{
    const struct dropout *dropout = layer->state;
    if (!epo__builder_dropout(builder)) return EPO_OK;
    epo_status status = epo__builder_to_place(builder);
    if (status != EPO_OK) return status;
    struct step *s = epo__alloc(1, sizeof *s);
    if (!s) return epo__nomem("dropout");
    *s = (struct step){.rate = dropout->rate, .group = group_of(layer), .tensor = *epo__builder_now(builder)};
    s->alike = epo__shape_size(layer->in) / s->group;
    status = epo__layer_stream(epo__builder_dropout(builder), layer->name, &s->stream);
    if (status == EPO_OK) return epo__builder_place_step(builder, run, NULL, s);
    free(s);
    return status;
}

/* --- in training -------------------------------------------------------------------------------------------------- */

struct training {
    double rate;
    uint64_t seed, stream;
    size_t group, alike; /* as above */
};

/* out = in where the number of its group says so */
static void drop(const struct training *t, const epo__train_run *run, const float *in, float *out)
{
    uint64_t stream = t->stream + golden * run->step, limit = (uint64_t)(t->rate * 4294967296.0);
    float scale = (float)(1 / (1 - t->rate));
    size_t groups = (size_t)run->count;
    if (limit == 0) {
        memcpy(out, in, groups * t->alike * t->group * sizeof *out);
        return;
    }
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
    struct training *t = epo__alloc(1, sizeof *t);
    if (!t) return epo__nomem("dropout");
    size_t group = group_of(layer);
    *t = (struct training){setup->keep_all ? 0 : dropout->rate, setup->seed, setup->stream, group,
                           epo__shape_size(layer->in) / group};
    *op = (epo__train_op){.state = t, .forward = forward, .backward = backward};
    return EPO_OK;
}

const epo__layer_type epo__dropout_type = {
    .word = "dropout",
    .help = "drops values in training, and at scoring when asked to",
    .options = options,
    .option_count = 1,
    .state_size = sizeof(struct dropout),
    .configure = configure,
    .plan = plan,
    .train = train,
};

const epo__layer_type epo__spatialdropout_type = {
    .word = "spatialdropout",
    .help = "drops whole channels in training, and at scoring when asked to",
    .options = options,
    .option_count = 1,
    .state_size = sizeof(struct dropout),
    .configure = configure,
    .plan = plan,
    .train = train,
};
