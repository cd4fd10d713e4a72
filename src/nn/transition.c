/* SPDX-License-Identifier: BSD-3-Clause
 * transition.c - between two dense blocks: batch norm, ReLU, 1 x 1 convolution to fewer channels, mean of 2 x 2 pixels
 * (Huang et al. 2017).
 *
 * A 1 x 1 convolution without bias and a mean over pixels may change places; with the mean first, in one pass with
 * batch norm and ReLU, the convolution has a quarter of the work. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "nn/conv.h"
#include "nn/cells.h"
#include "nn/gradkernels.h"
#include "nn/layer_types.h"
#include "nn/norm.h"
#include "nn/train.h"

enum { COMPRESSION, EPS };
enum { BN = 0, CONV = 4 }; /* places of parameters */

static const epo__layer_option options[] = {
    [COMPRESSION] = {"compression", EPO_OPTION_REAL, 0.001, 1, NULL, "0.5", "part of the channels that is left"},
    [EPS] = {"eps", EPO_OPTION_REAL, 1e-12, 1, NULL, "1e-5", "added to variances"},
};

struct transition {
    double eps;
};

static epo_status configure(epo__layer *layer, const double *values)
{
    struct transition *transition = layer->state;
    transition->eps = values[EPS];
    int channels = (int)floor(layer->in.channels * values[COMPRESSION]);
    if (channels < 1) return epo__fail(EPO_EARG, "compression leaves none of %d channels", layer->in.channels);
    if (layer->in.height < 2 || layer->in.width < 2)
        return epo__fail(EPO_EARG, "input of %d x %d pixels cannot be halved", layer->in.height, layer->in.width);
    layer->out = (epo__shape){channels, layer->in.height / 2, layer->in.width / 2};
    epo_status status = epo__layer_batchnorm_params(layer, "bn.", layer->in.channels);
    if (status != EPO_OK) return status;
    return epo__layer_param(layer, "conv.weight", true, layer->in.channels, 0, 4,
                            (int64_t[]){channels, layer->in.channels, 1, 1});
}

static uint64_t macs(const epo__layer *layer)
{
    return (uint64_t)layer->params[CONV].count * (uint64_t)layer->in.height * (uint64_t)layer->in.width;
}

struct step {
    float *scale, *shift;
    epo__tensor in, out;
};

static void release(void *state)
{
    struct step *step = state;
    if (!step) return;
    free(step->scale);
    free(step->shift);
    free(step);
}

static epo_status run(void *state, const epo__frame *frame)
{
    const struct step *step = state;
    epo__affine_relu_halve(epo__frame_read(frame, &step->in), epo__frame_write(frame, &step->out), step->scale,
                           step->shift, (size_t)step->in.shape.channels, (size_t)step->in.shape.height,
                           (size_t)step->in.shape.width, frame->threads);
    return EPO_OK;
}

static epo_status plan(const epo__layer *layer, epo__plan_builder *builder)
{
    const struct transition *transition = layer->state;
    size_t channels = (size_t)layer->in.channels;
    epo__tensor out = {.shape = {layer->in.channels, layer->out.height, layer->out.width}, .place = EPO_AT_ARENA};
    epo_status status = epo__builder_to_arena(builder);
    if (status == EPO_OK) status = epo__builder_take(builder, epo__shape_size(out.shape), &out.offset);
    if (status != EPO_OK) return status;

    struct step *step = epo__alloc(1, sizeof *step);
    if (step) {
        *step = (struct step){epo__alloc(channels, sizeof(float)), epo__alloc(channels, sizeof(float)),
                              *epo__builder_now(builder), out};
    }
    if (!step || !step->scale || !step->shift) {
        release(step);
        return epo__nomem("transition");
    }
    epo__batchnorm_fold(&layer->params[BN], transition->eps, step->scale, step->shift);
    status = epo__builder_sample_step(builder, run, release, step);
    if (status != EPO_OK) return status;
    epo__builder_become(builder, out);
    epo__conv_geometry geometry = {.in_channels = layer->in.channels,
                                   .height = layer->out.height,
                                   .width = layer->out.width,
                                   .out_channels = layer->out.channels,
                                   .out_height = layer->out.height,
                                   .out_width = layer->out.width,
                                   .kernel = 1,
                                   .stride = 1};
    return epo__builder_conv(builder, &geometry, layer->params[CONV].value, NULL);
}

/* --- in training: batch norm, ReLU and mean are redone on the way back, some rows of results at a time ------------- */

enum { TOGETHER = 64 }; /* pixels of results in a product: with those of a row alone, most time went into its packing */

static const double momentum = 0.1; /* of running statistics, PyTorch's standard */

struct part {
    float *halved, *d_halved; /* rows of results before the convolution */
    float *d_conv;
    epo_status status;
};

struct training {
    epo__shape in, out;
    const epo__param *conv;
    epo__norm norm;
    int parts;
    size_t together; /* rows of results that go through a product at a time */
    struct part *part;
    epo__tally *tallies;
    float *slope, *offset;
    epo__panels packed; /* the convolution's weights */
    float *zeros;
};

static void train_release(void *state)
{
    struct training *t = state;
    if (!t) return;
    for (int i = 0; t->part && i < t->parts; i++) {
        free(t->part[i].halved);
        free(t->part[i].d_halved);
        free(t->part[i].d_conv);
    }
    free(t->part);
    epo__norm_release(&t->norm);
    epo__tallies_free(t->tallies, (size_t)t->parts);
    free(t->slope);
    free(t->offset);
    free(t->zeros);
    epo__panels_release(&t->packed);
    free(t);
}

/* Where the two source rows of a row of results lie. */
static size_t source_of(const struct training *t, size_t row)
{
    size_t height = (size_t)t->out.height;
    return (row / height * (size_t)t->in.height + 2 * (row % height)) * (size_t)t->in.width * (size_t)t->in.channels;
}

static void halve(const struct training *t, const float *in, size_t row, float *halved)
{
    epo__affine_relu_halve(in + source_of(t, row), halved, t->norm.scale, t->norm.shift, (size_t)t->in.channels, 2,
                           (size_t)t->in.width, 1);
}

static void multiply(const struct training *t, size_t pixels, const float *halved, float *out)
{
    const float *in[EPO__TOGETHER], *start[EPO__TOGETHER];
    float *to[EPO__TOGETHER];
    size_t channels = (size_t)t->in.channels, outputs = (size_t)t->out.channels;
    for (size_t from = 0, n; from < pixels; from += n) {
        n = pixels - from < EPO__TOGETHER ? pixels - from : EPO__TOGETHER;
        for (size_t p = 0; p < n; p++) {
            in[p] = halved + (from + p) * channels;
            start[p] = t->zeros;
            to[p] = out + (from + p) * outputs;
        }
        epo__panels_product(&t->packed, n, in, start, to);
    }
}

static void forward_rows(const struct training *t, size_t rows, const float *in, float *out, int i)
{
    size_t channels = (size_t)t->in.channels, width = (size_t)t->out.width, outputs = (size_t)t->out.channels;
    size_t last = epo__part_from(rows, i + 1, t->parts), n;
    for (size_t row = epo__part_from(rows, i, t->parts); row < last; row += n) {
        n = last - row < t->together ? last - row : t->together;
        for (size_t k = 0; k < n; k++) halve(t, in, row + k, t->part[i].halved + k * width * channels);
        multiply(t, n * width, t->part[i].halved, out + row * width * outputs);
    }
}

static epo_status status_of(const struct training *t)
{
    for (int i = 0; i < t->parts; i++) /* the message was left in a worker's thread */
        if (t->part[i].status != EPO_OK) return epo__fail(t->part[i].status, "a part of the transition failed");
    return EPO_OK;
}

static epo_status forward(void *state, const epo__train_run *run, const float *in, float *out)
{
    struct training *t = state;
    size_t channels = (size_t)t->in.channels, rows = (size_t)run->count * (size_t)t->out.height;
    size_t pixels = (size_t)run->count * (size_t)t->in.height * (size_t)t->in.width;
#pragma omp parallel for num_threads(t->parts) schedule(static, 1) if (t->parts > 1)
    for (int i = 0; i < t->parts; i++) {
        size_t from = epo__part_from(pixels, i, t->parts), to = epo__part_from(pixels, i + 1, t->parts);
        epo__tally_clear(&t->tallies[i], channels);
        epo__tally_moments(&t->tallies[i], in + from * channels, channels, to - from);
    }
    epo__tallies_join_moments(t->tallies, (size_t)t->parts);
    epo_status status = epo__norm_forward(&t->norm, (double)pixels, t->tallies->first, t->tallies->second);
    if (status != EPO_OK) return status;
    const epo__unpacked weights = {t->conv->value, channels, (size_t)t->out.channels, channels, 1, false};
    if (!epo__pack(&weights, &t->packed)) return epo__nomem("transition");
#pragma omp parallel for num_threads(t->parts) schedule(static, 1) if (t->parts > 1)
    for (int i = 0; i < t->parts; i++) forward_rows(t, rows, in, out, i);
    return EPO_OK;
}

/* d_in: without what the batch's statistics give. */
static epo_status backward_rows(const struct training *t, size_t rows, const float *in, const float *d_out, float *d_in,
                                int i)
{
    size_t channels = (size_t)t->in.channels, width = (size_t)t->out.width, outputs = (size_t)t->out.channels;
    size_t last = epo__part_from(rows, i + 1, t->parts), line = (size_t)t->in.width * channels, n;
    const struct part *part = &t->part[i];
    epo_status status = EPO_OK;
    epo__tally_clear(&t->tallies[i], channels);
    if (t->conv->grad) memset(part->d_conv, 0, t->conv->count * sizeof *part->d_conv);
    for (size_t row = epo__part_from(rows, i, t->parts); row < last; row += n) {
        const float *d = d_out + row * width * outputs;
        n = last - row < t->together ? last - row : t->together;
        if (t->conv->grad) {
            for (size_t k = 0; k < n; k++) halve(t, in, row + k, part->halved + k * width * channels);
            status = epo__sgemm(true, false, outputs, channels, n * width, d, outputs, part->halved, channels, 1,
                                part->d_conv, channels);
        }
        if (status == EPO_OK)
            status = epo__sgemm(false, false, n * width, channels, outputs, d, outputs, t->conv->value, channels, 0,
                                part->d_halved, channels);
        if (status != EPO_OK) return status;
        for (size_t k = 0; k < 2 * n; k++) {
            size_t at = source_of(t, row + k / 2) + k % 2 * line;
            epo__double_row(part->d_halved + k / 2 * width * channels, d_in + at, channels, (size_t)t->in.width);
            epo__norm_tally(&t->norm, true, d_in + at, channels, in + at, channels, (size_t)t->in.width,
                            &t->tallies[i]);
        }
    }
    return EPO_OK;
}

static epo_status backward(void *state, const epo__train_run *run, const float *in, const float *out, float *d_out,
                           float *d_in)
{
    (void)out;
    struct training *t = state;
    size_t channels = (size_t)t->in.channels, rows = (size_t)run->count * (size_t)t->out.height;
    size_t pixels = (size_t)run->count * (size_t)t->in.height * (size_t)t->in.width;
    if (t->in.height % 2) memset(d_in, 0, pixels * channels * sizeof *d_in); /* a last row that no mean sees */
#pragma omp parallel for num_threads(t->parts) schedule(static, 1) if (t->parts > 1)
    for (int i = 0; i < t->parts; i++) t->part[i].status = backward_rows(t, rows, in, d_out, d_in, i);
    epo_status status = status_of(t);
    if (status != EPO_OK) return status;
    for (int i = 0; t->conv->grad && i < t->parts; i++) epo__add(t->part[i].d_conv, t->conv->grad, t->conv->count);
    epo__tallies_join_sums(t->tallies, (size_t)t->parts);
    t->tallies->count = (double)pixels;
    memset(t->slope, 0, channels * sizeof *t->slope);
    memset(t->offset, 0, channels * sizeof *t->offset);
    epo__norm_backward(&t->norm, t->tallies, t->slope, t->offset);
#pragma omp parallel for num_threads(t->parts) schedule(static, 1) if (t->parts > 1)
    for (int i = 0; i < t->parts; i++) {
        size_t from = epo__part_from(pixels, i, t->parts), to = epo__part_from(pixels, i + 1, t->parts);
        size_t at = from * channels;
        epo__combine(d_in + at, channels, in + at, channels, d_in + at, channels, t->norm.scale, t->slope, t->offset,
                     channels, to - from);
    }
    return EPO_OK;
}

static bool make_part(const struct training *t, struct part *part)
{
    size_t row = t->together * (size_t)t->out.width * (size_t)t->in.channels;
    part->halved = epo__alloc_aligned(row, sizeof(float));
    part->d_halved = epo__alloc_aligned(row, sizeof(float));
    part->d_conv = epo__alloc_aligned(t->conv->count, sizeof(float));
    return part->halved && part->d_halved && part->d_conv;
}

static epo_status train(const epo__layer *layer, const epo__train_setup *setup, epo__train_op *op)
{
    const struct transition *transition = layer->state;
    size_t channels = (size_t)layer->in.channels;
    struct training *t = epo__alloc(1, sizeof *t);
    if (!t) return epo__nomem("transition");
    t->in = layer->in;
    t->out = layer->out;
    t->conv = &layer->params[CONV];
    t->parts = setup->threads;
    t->together = TOGETHER > layer->out.width ? TOGETHER / (size_t)layer->out.width : 1;
    t->part = epo__alloc((size_t)t->parts, sizeof *t->part);
    t->tallies = epo__tallies_make((size_t)t->parts, channels);
    t->slope = epo__alloc_aligned(channels, sizeof *t->slope);
    t->offset = epo__alloc_aligned(channels, sizeof *t->offset);
    t->zeros = epo__alloc_aligned((size_t)layer->out.channels, sizeof *t->zeros);
    bool made = t->part && t->tallies && t->slope && t->offset && t->zeros;
    for (int i = 0; i < t->parts && made; i++) made = make_part(t, &t->part[i]);
    epo_status status = made ? EPO_OK : epo__nomem("transition");
    if (status == EPO_OK)
        status = epo__norm_make(&t->norm, &layer->params[BN], transition->eps, momentum, setup->norms);
    if (status != EPO_OK) {
        train_release(t);
        return status;
    }
    *op = (epo__train_op){
        .state = t, .forward = forward, .backward = backward, .release = train_release, .needs_d_in = true};
    return EPO_OK;
}

const epo__layer_type epo__transition_type = {
    .word = "transition",
    .help = "fewer channels and half the size, between dense blocks",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .state_size = sizeof(struct transition),
    .configure = configure,
    .macs = macs,
    .plan = plan,
    .train = train,
};
