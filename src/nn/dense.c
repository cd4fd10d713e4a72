/* SPDX-License-Identifier: BSD-3-Clause
 * dense.c - dense block with bottlenecks (DenseNet-BC, Huang et al. 2017): every layer sees the channels of all before
 * it.
 *
 *     for each layer:  x = concat(x, conv3x3(relu(bn2(conv1x1(relu(bn1(x)))))))
 *
 * All channels of the block lie in one H x W x C tensor with C the last layer's; nothing is joined, a layer's channels
 * are written to their place. bn1 and ReLU cannot melt into a convolution (each layer has its own, over all channels),
 * so they and the 1 x 1 convolution go over the pixels in strips that stay in the cache; bn2 and its ReLU are part of
 * the 1 x 1 convolution. The 3 x 3 convolution is conv3x3.h's. How images and threads go through it is dense_frame.c,
 * narrow numbers are dense_narrow.c, training is dense_train.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "nn/conv3x3.h"
#include "nn/dense_frame.h"
#include "nn/kernels.h"
#include "nn/layer_types.h"
#include "nn/plan.h"

enum { LAYERS, GROWTH, BOTTLENECK, EPS };
/* 128 KB in a strip: in any second-level cache, weights beside it. */
enum { STRIP_FLOATS = 32768, LINE_FLOATS = 16 };

static const epo__layer_option options[] = {
    [LAYERS] = {"layers", EPO_OPTION_INT, 1, 512, NULL, NULL, "pairs of convolutions"},
    [GROWTH] = {"growth", EPO_OPTION_INT, 1, 4096, NULL, NULL, "channels that each pair adds"},
    [BOTTLENECK] = {"bottleneck", EPO_OPTION_INT, 1, 64, NULL, "4", "channels between the pair, in units of growth"},
    [EPS] = {"eps", EPO_OPTION_REAL, 1e-12, 1, NULL, "1e-5", "added to variances"},
};

static epo_status declare_pair(epo__layer *layer, int number, int channels)
{
    const epo__dense *dense = layer->state;
    char name[64];
    snprintf(name, sizeof name, "layer%d.bn1.", number);
    epo_status status = epo__layer_batchnorm_params(layer, name, channels);
    snprintf(name, sizeof name, "layer%d.conv1.weight", number);
    if (status == EPO_OK)
        status = epo__layer_param(layer, name, true, channels, 0, 4, (int64_t[]){dense->middle, channels, 1, 1});
    snprintf(name, sizeof name, "layer%d.bn2.", number);
    if (status == EPO_OK) status = epo__layer_batchnorm_params(layer, name, dense->middle);
    snprintf(name, sizeof name, "layer%d.conv2.weight", number);
    if (status == EPO_OK)
        status = epo__layer_param(layer, name, true, 9 * dense->middle, 0, 4,
                                  (int64_t[]){dense->growth, dense->middle, 3, 3});
    return status;
}

static epo_status configure(epo__layer *layer, const double *values)
{
    epo__dense *dense = layer->state;
    dense->layers = (int)values[LAYERS];
    dense->growth = (int)values[GROWTH];
    dense->middle = (int)values[BOTTLENECK] * dense->growth;
    dense->eps = values[EPS];
    int64_t channels = layer->in.channels + (int64_t)dense->layers * dense->growth;
    if (channels > INT32_MAX) return epo__fail(EPO_ELIMIT, "%lld channels are too many", (long long)channels);
    layer->out.channels = (int)channels;
    epo_status status = epo__shape_check(layer->out);
    for (int i = 0; i < dense->layers && status == EPO_OK; i++)
        status = declare_pair(layer, i + 1, layer->in.channels + i * dense->growth);
    return status;
}

static uint64_t macs(const epo__layer *layer)
{
    uint64_t weights = 0;
    for (size_t i = 0; i < layer->param_count; i++)
        if (layer->params[i].ndim == 4) weights += layer->params[i].count;
    return weights * (uint64_t)layer->in.height * (uint64_t)layer->in.width;
}

/* --- in a plan, in float32
 * -------------------------------------------------------------------------------------------------------------- */

struct pair {
    size_t strip; /* pixels worked on at a time */
    epo__packed narrow;
    epo__conv3x3 widen;
};

/* step->own. What is between the convolutions is the memory that threads share. */
struct block {
    struct pair *pairs;
    float *weights; /* of all pairs, one behind the other */
    size_t strip_size; /* bytes of a thread's part that are its strip; the rest is for the 3 x 3 convolution */
};

static void release(epo__dense_step *step)
{
    struct block *block = step->own;
    for (int i = 0; block->pairs && i < step->layers; i++) {
        epo__packed_release(&block->pairs[i].narrow);
        epo__conv3x3_release(&block->pairs[i].widen);
    }
    free(block->pairs);
    free(block->weights);
}

/* The channels of every pixel into a tensor with more of them. */
static void take(const epo__dense_work *work, size_t from, size_t to)
{
    const size_t first = (size_t)work->step->in.shape.channels, total = (size_t)work->step->out.shape.channels;
    for (size_t p = from; p < to; p++) memcpy(work->out + p * total, work->in + p * first, first * sizeof *work->out);
}

/* A thread's part of the pixels */
static void narrow(const epo__dense_work *work, int layer, char *part, int thread)
{
    const epo__dense_step *step = work->step;
    const struct block *block = step->own;
    const struct pair *pair = &block->pairs[layer];
    const epo__dense_norm *norm = &step->norms[layer];
    float *strip = (float *)(void *)part, *middle = (float *)(void *)work->shared;
    size_t total = (size_t)step->out.shape.channels, pixels = work->images * step->pixels;
    size_t last = epo__part_from(pixels, thread + 1, work->threads);
    const epo__after after = {norm->bias, true};
    for (size_t p = epo__part_from(pixels, thread, work->threads), n; p < last; p += n) {
        n = last - p < pair->strip ? last - p : pair->strip;
        epo__affine(work->out + p * total, total, strip, norm->channels, norm->scale, norm->shift, norm->channels, n, true, 1);
        epo__multiply(&pair->narrow, 0, strip, norm->channels, n, &after, middle + p * step->middle, step->middle);
    }
}

/* A thread's part of the new channels. */
static void widen(const epo__dense_work *work, int layer, char *part, int thread)
{
    const epo__dense_step *step = work->step;
    const struct block *block = step->own;
    epo__conv3x3_run(&block->pairs[layer].widen, (float *)(void *)work->shared, work->images, thread, work->threads,
                     (float *)(void *)(part + block->strip_size), work->out + step->norms[layer].channels,
                     (size_t)step->out.shape.channels);
}

static epo__conv3x3_shape second_of(const epo__dense_step *step)
{
    return (epo__conv3x3_shape){(size_t)step->out.shape.height, (size_t)step->out.shape.width, step->middle, step->growth};
}

epo_status epo__dense_fold(const epo__dense *dense, const epo__param *params, size_t channels, float *weights, float *bias)
{
    const epo__param *conv = &params[EPO__DENSE_CONV1];
    float *scale = epo__alloc((size_t)dense->middle, sizeof *scale);
    if (!scale) return epo__nomem("dense block");
    epo__batchnorm_fold(&params[EPO__DENSE_BN2], dense->eps, scale, bias);
    for (size_t i = 0; i < conv->count; i++) weights[i] = conv->value[i] * scale[i / channels];
    free(scale);
    return EPO_OK;
}

/* Floats of a pair's weights: of the first convolution, and of both; each part ends on a 64-byte border. */
static epo_status weights_of(const epo__dense_step *step, int layer, size_t *first, size_t *both)
{
    const epo__conv3x3_shape shape = second_of(step);
    size_t second = 0;
    epo_status status = epo__packed_size(1, step->norms[layer].channels, step->middle, first);
    if (status == EPO_OK) status = epo__conv3x3_size(&shape, &second);
    *first = epo__round_up(*first, LINE_FLOATS);
    *both = *first + epo__round_up(second, LINE_FLOATS);
    return status;
}

static epo_status make_weights(const epo__dense_step *step, struct block *block)
{
    size_t all = 0, first, both;
    for (int i = 0; i < step->layers; i++, all += both) {
        epo_status status = weights_of(step, i, &first, &both);
        if (status != EPO_OK) return status;
    }
    block->weights = epo__alloc_large(all, sizeof *block->weights);
    return block->weights ? EPO_OK : epo__nomem("dense block");
}

static epo_status make_narrow(const epo__dense *dense, const epo__param *params, const epo__dense_norm *norm, float *room,
                              epo__packed *packed)
{
    float *weights = epo__alloc(params[EPO__DENSE_CONV1].count, sizeof *weights);
    if (!weights) return epo__nomem("dense block");
    epo_status status = epo__dense_fold(dense, params, norm->channels, weights, norm->bias);
    if (status == EPO_OK)
        status = epo__packed_make(1, norm->channels, (size_t)dense->middle, weights, 1, norm->channels, room, packed);
    free(weights);
    return status;
}

/* *room: where its weights go, and then those of the next. */
static epo_status make_pair(const epo__layer *layer, const epo__dense_step *step, int number, float **room, struct pair *pair)
{
    const epo__param *params = layer->params + (size_t)number * EPO__DENSE_PARAMS;
    const epo__dense_norm *norm = &step->norms[number];
    const epo__conv3x3_shape shape = second_of(step);
    size_t first, both;
    epo_status status = weights_of(step, number, &first, &both);
    if (status == EPO_OK) status = make_narrow(layer->state, params, norm, *room, &pair->narrow);
    if (status != EPO_OK) return status;
    size_t rows = epo__product_rows(&pair->narrow), strips = STRIP_FLOATS / (norm->channels * rows);
    pair->strip = rows * (strips > 0 ? strips : 1);
    status = epo__conv3x3_make(params[EPO__DENSE_CONV2].value, &shape, *room + first, &pair->widen);
    *room += both;
    return status;
}

static epo_status make(const epo__layer *layer, const epo__plan_builder *builder, epo__dense_step *step)
{
    (void)builder;
    struct block *block = step->own;
    const epo__conv3x3_shape shape = second_of(step);
    block->pairs = epo__alloc((size_t)step->layers, sizeof *block->pairs);
    epo_status status = block->pairs ? make_weights(step, block) : epo__nomem("dense block");
    float *room = block->weights;
    for (int i = 0; i < step->layers && status == EPO_OK; i++) {
        status = make_pair(layer, step, i, &room, &block->pairs[i]);
        size_t strip = epo__whole_lines(block->pairs[i].strip * step->norms[i].channels * sizeof(float));
        if (strip > block->strip_size) block->strip_size = strip;
    }
    step->part_size = block->strip_size + epo__whole_lines(epo__conv3x3_scratch(&shape) * sizeof(float));
    step->shared_size = (size_t)step->together * step->pixels * step->middle * sizeof(float);
    return status;
}

static const epo__dense_kind float32 = {sizeof(struct block), make, release, take, narrow, widen, NULL};

static epo_status plan(const epo__layer *layer, epo__plan_builder *builder)
{
    epo__narrow_type type;
    if (epo__builder_is_narrow(builder, &type) && epo__dense_narrow_suits(layer, type))
        return epo__dense_plan(layer, &epo__dense_narrow, builder);
    return epo__dense_plan(layer, &float32, builder);
}

const epo__layer_type epo__dense_type = {
    .word = "dense",
    .help = "dense block: each layer sees the channels of all before it",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .state_size = sizeof(epo__dense),
    .configure = configure,
    .macs = macs,
    .plan = plan,
    .train = epo__dense_train,
};
