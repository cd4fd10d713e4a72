/* SPDX-License-Identifier: BSD-3-Clause
 * batchnorm.c - batch normalisation with running statistics (Ioffe & Szegedy 2015), a scale and a shift a channel once
 * trained. It melts into the weights of a convolution or linear layer right before it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "nn/gradkernels.h"
#include "nn/layer_types.h"
#include "nn/norm.h"
#include "nn/plan.h"
#include "nn/train.h"

enum { EPS, MOMENTUM };

static const epo__layer_option options[] = {
    [EPS] = {"eps", EPO_OPTION_REAL, 1e-12, 1, NULL, "1e-5", "added to the variance"},
    [MOMENTUM] = {"momentum", EPO_OPTION_REAL, 0, 1, NULL, "0.1", "weight of a batch in the running statistics"},
};

struct batchnorm {
    double eps, momentum;
};

static epo_status configure(epo__layer *layer, const double *values)
{
    struct batchnorm *norm = layer->state;
    norm->eps = values[EPS];
    norm->momentum = values[MOMENTUM];
    return epo__layer_batchnorm_params(layer, "", layer->in.channels);
}

void epo__batchnorm_fold(const epo__param *params, double eps, float *scale, float *shift)
{
    const float *weight = params[0].value, *bias = params[1].value, *mean = params[2].value,
                *variance = params[3].value;
    for (size_t c = 0; c < params[0].count; c++) {
        double s = (double)weight[c] / sqrt((double)variance[c] + eps);
        scale[c] = (float)s;
        shift[c] = (float)((double)bias[c] - (double)mean[c] * s);
    }
}

void epo__batchnorm_reach(const epo__param *params, float *reach)
{
    const float *weight = params[0].value, *bias = params[1].value;
    for (size_t c = 0; c < params[0].count; c++) {
        const float spread = fabsf(weight[c]), most = fmaxf(bias[c] + 3 * spread, 0.1F * spread);
        reach[c] = most > 0 && isfinite(most) ? most : 1;
    }
}

/* --- y = x * scale[c] + shift[c] in a plan
 * ------------------------------------------------------------------------------- */

struct affine {
    epo__tensor tensor;
    float *scale, *shift;
    size_t channels;
    bool relu;
};

static void affine_release(void *state)
{
    struct affine *affine = state;
    if (!affine) return;
    free(affine->scale);
    free(affine->shift);
    free(affine);
}

static epo_status affine_run(void *state, const epo__frame *frame)
{
    const struct affine *a = state;
    float *x = epo__frame_write(frame, &a->tensor);
    size_t pixels = epo__frame_size(frame, &a->tensor) / a->channels;
    epo__affine(x, a->channels, x, a->channels, a->scale, a->shift, a->channels, pixels, a->relu, frame->threads);
    return EPO_OK;
}

/* For one more batch norm behind this one. */
static void affine_scale(void *state, const float *scale, const float *shift)
{
    struct affine *affine = state;
    for (size_t c = 0; c < affine->channels; c++) {
        affine->scale[c] *= scale[c];
        affine->shift[c] = affine->shift[c] * scale[c] + shift[c];
    }
}

static struct affine *affine_make(const float *scale, const float *shift, size_t channels)
{
    struct affine *affine = epo__alloc(1, sizeof *affine);
    if (!affine) return NULL;
    affine->channels = channels;
    affine->scale = epo__alloc(channels, sizeof *scale);
    affine->shift = epo__alloc(channels, sizeof *shift);
    if (!affine->scale || !affine->shift) {
        affine_release(affine);
        return NULL;
    }
    memcpy(affine->scale, scale, channels * sizeof *scale);
    memcpy(affine->shift, shift, channels * sizeof *shift);
    return affine;
}

static epo_status affine_emit(epo__plan_builder *builder, void *state, bool relu)
{
    const struct affine *draft = state;
    struct affine *affine = affine_make(draft->scale, draft->shift, draft->channels);
    if (!affine) return epo__nomem("batch norm");
    affine->tensor = *epo__builder_now(builder);
    affine->relu = relu;
    return epo__builder_place_step(builder, affine_run, affine_release, affine);
}

static epo_status plan_alone(epo__plan_builder *builder, const float *scale, const float *shift, size_t channels)
{
    epo_status status = epo__builder_to_place(builder);
    if (status != EPO_OK) return status;
    struct affine *affine = affine_make(scale, shift, channels);
    if (!affine) return epo__nomem("batch norm");
    return epo__builder_defer(builder, (epo__pending){affine, affine_emit, affine_scale, affine_release});
}

static epo_status plan(const epo__layer *layer, epo__plan_builder *builder)
{
    const struct batchnorm *norm = layer->state;
    const epo__pending *pending = epo__builder_pending(builder);
    size_t channels = layer->params[0].count;
    epo_status status = EPO_OK;
    float *scale = epo__alloc(channels, sizeof *scale), *shift = epo__alloc(channels, sizeof *shift);
    if (!scale || !shift) {
        status = epo__nomem("batch norm");
        goto done;
    }
    epo__batchnorm_fold(layer->params, norm->eps, scale, shift);
    if (pending)
        pending->scale(pending->state, scale, shift);
    else
        status = plan_alone(builder, scale, shift, channels);
done:
    free(scale);
    free(shift);
    return status;
}

/* --- in training -------------------------------------------------------------------------------------------------- */

struct training {
    epo__norm norm;
    epo__tally *tallies; /* one a part of the work */
    int parts;
    size_t image; /* pixels */
    float *slope, *offset;
};

static void train_release(void *state)
{
    struct training *t = state;
    if (!t) return;
    epo__norm_release(&t->norm);
    epo__tallies_free(t->tallies, (size_t)t->parts);
    free(t->slope);
    free(t->offset);
    free(t);
}

static epo_status forward(void *state, const epo__train_run *run, const float *in, float *out)
{
    struct training *t = state;
    size_t channels = t->norm.channels, pixels = (size_t)run->count * t->image;
#pragma omp parallel for num_threads(t->parts) schedule(static, 1) if (t->parts > 1)
    for (int i = 0; i < t->parts; i++) {
        size_t from = epo__part_from(pixels, i, t->parts), to = epo__part_from(pixels, i + 1, t->parts);
        epo__tally_clear(&t->tallies[i], channels);
        epo__tally_moments(&t->tallies[i], in + from * channels, channels, to - from);
    }
    epo__tallies_join_moments(t->tallies, (size_t)t->parts);
    epo_status status = epo__norm_forward(&t->norm, (double)pixels, t->tallies->first, t->tallies->second);
    if (status == EPO_OK)
        epo__affine(in, channels, out, channels, t->norm.scale, t->norm.shift, channels, pixels, false, t->parts);
    return status;
}

static epo_status backward(void *state, const epo__train_run *run, const float *in, const float *out, float *d_out,
                           float *d_in)
{
    (void)out;
    struct training *t = state;
    size_t channels = t->norm.channels, pixels = (size_t)run->count * t->image;
#pragma omp parallel for num_threads(t->parts) schedule(static, 1) if (t->parts > 1)
    for (int i = 0; i < t->parts; i++) {
        size_t from = epo__part_from(pixels, i, t->parts), to = epo__part_from(pixels, i + 1, t->parts);
        epo__tally_clear(&t->tallies[i], channels);
        epo__norm_tally(&t->norm, false, d_out + from * channels, channels, in + from * channels, channels, to - from,
                        &t->tallies[i]);
    }
    epo__tallies_join_sums(t->tallies, (size_t)t->parts);
    memset(t->slope, 0, channels * sizeof *t->slope);
    memset(t->offset, 0, channels * sizeof *t->offset);
    epo__norm_backward(&t->norm, t->tallies, t->slope, t->offset);
    if (!d_in) return EPO_OK;
#pragma omp parallel for num_threads(t->parts) schedule(static, 1) if (t->parts > 1)
    for (int i = 0; i < t->parts; i++) {
        size_t from = epo__part_from(pixels, i, t->parts), to = epo__part_from(pixels, i + 1, t->parts);
        size_t at = from * channels;
        epo__combine(d_out + at, channels, in + at, channels, d_in + at, channels, t->norm.scale, t->slope, t->offset,
                     channels, to - from);
    }
    return EPO_OK;
}

static epo_status train(const epo__layer *layer, const epo__train_setup *setup, epo__train_op *op)
{
    const struct batchnorm *norm = layer->state;
    size_t channels = (size_t)layer->in.channels;
    struct training *t = epo__alloc(1, sizeof *t);
    if (!t) return epo__nomem("batch norm");
    t->parts = setup->threads;
    t->image = (size_t)layer->in.height * (size_t)layer->in.width;
    t->tallies = epo__tallies_make((size_t)t->parts, channels);
    t->slope = epo__alloc_aligned(channels, sizeof *t->slope);
    t->offset = epo__alloc_aligned(channels, sizeof *t->offset);
    epo_status status = t->tallies && t->slope && t->offset ? EPO_OK : epo__nomem("batch norm");
    if (status == EPO_OK)
        status = epo__norm_make(&t->norm, layer->params, norm->eps, norm->momentum, setup->norms);
    if (status != EPO_OK) {
        train_release(t);
        return status;
    }
    *op = (epo__train_op){.state = t, .forward = forward, .backward = backward, .release = train_release};
    return EPO_OK;
}

const epo__layer_type epo__batchnorm_type = {
    .word = "batchnorm",
    .help = "batch normalisation",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .state_size = sizeof(struct batchnorm),
    .configure = configure,
    .plan = plan,
    .train = train,
};
