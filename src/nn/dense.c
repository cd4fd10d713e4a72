/* SPDX-License-Identifier: BSD-3-Clause
 * dense.c - dense block with bottlenecks (DenseNet-BC, Huang et al. 2017): every layer sees the channels of all before
 * it.
 *
 *     for each layer:  x = concat(x, conv3x3(relu(bn2(conv1x1(relu(bn1(x)))))))
 *
 * All channels of the block lie in one H x W x C tensor with C the last layer's; nothing is joined, a layer's channels
 * are written to their place. bn1 and ReLU cannot melt into a convolution (each layer has its own, over all channels),
 * so they and the 1 x 1 convolution go over the pixels in strips that stay in the cache; bn2 and its ReLU are part of
 * the 1 x 1 convolution. The 3 x 3 convolution is Winograd's. Images of few pixels go together, so that weights are
 * read once for several. Narrow numbers are dense_narrow.c, training is dense_train.c. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "nn/dense.h"
#include "nn/kernels.h"
#include "nn/layer_types.h"
#include "nn/plan.h"
#include "nn/winograd_conv.h"

enum { LAYERS, GROWTH, BOTTLENECK, EPS };
/* 128 KB in a strip: in any second-level cache, weights beside it. Tiles that make it worth reading the weights. */
enum { STRIP_FLOATS = 32768, ENOUGH_TILES = 32, LINE_FLOATS = 16 };

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

/* --- in a plan
 * -------------------------------------------------------------------------------------------------------------- */

/* bn1, ReLU and the 1 x 1 convolution with bn2 and ReLU; the 3 x 3 convolution. */
struct pair {
    size_t channels; /* that it sees */
    size_t strip;    /* pixels worked on at a time */
    float *scale, *shift, *bias;
    epo__packed narrow;
    epo__winograd_conv widen;
};

struct step {
    epo__tensor in, out;
    size_t pixels, growth, middle; /* of one image; channels */
    epo__tiling tiling;
    int together;                 /* images that are worked on at a time */
    size_t strip_size, part_size; /* floats of scratch memory: a thread's strip, all that a thread has */
    int layers;
    struct pair *pairs;
    float *weights; /* of all pairs, one behind the other */
};

static void release(void *state)
{
    struct step *step = state;
    if (!step) return;
    for (int i = 0; step->pairs && i < step->layers; i++) {
        free(step->pairs[i].scale);
        free(step->pairs[i].shift);
        free(step->pairs[i].bias);
        epo__packed_release(&step->pairs[i].narrow);
        epo__winograd_conv_release(&step->pairs[i].widen);
    }
    free(step->pairs);
    free(step->weights);
    free(step);
}

/* Copies `channels` of every pixel into a tensor with more of them. */
static void put_channels(const float *in, size_t channels, float *out, size_t out_channels, size_t pixels)
{
    for (size_t p = 0; p < pixels; p++) memcpy(out + p * out_channels, in + p * channels, channels * sizeof *out);
}

/* Some images on their way through the block. */
struct work {
    const struct step *step;
    const float *in;
    float *all;    /* every channel of the block */
    float *middle; /* what is between the convolutions */
    float *scratch;
    size_t images;
    int threads;
};

/* relu(bn2(conv1(relu(bn1(x))))) of a thread's part of the pixels */
static void narrow(const struct work *work, const struct pair *pair, float *strip, int thread)
{
    const struct step *step = work->step;
    size_t total = (size_t)step->out.shape.channels, pixels = work->images * step->pixels;
    size_t last = epo__part_from(pixels, thread + 1, work->threads);
    const epo__after after = {pair->bias, true};
    for (size_t p = epo__part_from(pixels, thread, work->threads), n; p < last; p += n) {
        n = last - p < pair->strip ? last - p : pair->strip;
        epo__affine(work->all + p * total, total, strip, pair->channels, pair->scale, pair->shift, pair->channels, n,
                    true, 1);
        epo__multiply(&pair->narrow, 0, strip, pair->channels, n, &after, work->middle + p * step->middle, step->middle);
    }
}

/* The new channels of a thread's part of the tiles. */
static void widen(const struct work *work, const struct pair *pair, float *scratch, int thread)
{
    const struct step *step = work->step;
    size_t tiles = work->images * step->tiling.down * step->tiling.across;
    epo__winograd_conv_run(&pair->widen, &step->tiling, work->middle, epo__part_from(tiles, thread, work->threads),
                           epo__part_from(tiles, thread + 1, work->threads), scratch, work->all + pair->channels,
                           (size_t)step->out.shape.channels);
}

/* A thread's part of all layers. Threads meet twice a layer: a tile needs pixels that its neighbour makes. */
static void run_part(const struct work *work, int thread)
{
    const struct step *step = work->step;
    size_t first = (size_t)step->in.shape.channels, total = (size_t)step->out.shape.channels;
    size_t pixels = work->images * step->pixels, from = epo__part_from(pixels, thread, work->threads);
    float *strip = work->scratch + (size_t)thread * step->part_size;
    put_channels(work->in + from * first, first, work->all + from * total, total,
                 epo__part_from(pixels, thread + 1, work->threads) - from);
    for (int i = 0; i < step->layers; i++) {
        narrow(work, &step->pairs[i], strip, thread);
        if (work->threads > 1) {
#pragma omp barrier
        }
        widen(work, &step->pairs[i], strip + step->strip_size, thread);
        if (work->threads > 1) {
#pragma omp barrier
        }
    }
}

static epo_status run(void *state, const epo__frame *frame)
{
    const struct step *step = state;
    struct work work = {.step = step, .threads = frame->threads};
    float *scratch = frame->dnnl.scratch;
    work.scratch = scratch;
    work.middle = scratch + (size_t)frame->threads * step->part_size;
    for (int i = 0; i < frame->group; i += step->together) {
        work.in = epo__frame_read(frame, &step->in) + (size_t)i * epo__shape_size(step->in.shape);
        work.all = epo__frame_write(frame, &step->out) + (size_t)i * epo__shape_size(step->out.shape);
        work.images = (size_t)(frame->group - i < step->together ? frame->group - i : step->together);
        if (work.threads == 1) {
            run_part(&work, 0);
            continue;
        }
#pragma omp parallel num_threads(work.threads)
        {
            struct work mine = work;
            mine.threads = omp_get_num_threads(); /* all parts are taken, however few the threads */
            run_part(&mine, omp_get_thread_num());
        }
    }
    return EPO_OK;
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

static epo_status make_narrow(const epo__dense *dense, const epo__param *params, float *room, struct pair *pair)
{
    float *weights = epo__alloc(params[EPO__DENSE_CONV1].count, sizeof *weights);
    if (!weights) return epo__nomem("dense block");
    epo_status status = epo__dense_fold(dense, params, pair->channels, weights, pair->bias);
    if (status == EPO_OK)
        status = epo__packed_make(1, pair->channels, (size_t)dense->middle, weights, 1, pair->channels, room, &pair->narrow);
    free(weights);
    return status;
}

/* Floats of a pair's weights: of the first convolution, and of both; each part ends on a 64-byte border. */
static epo_status weights_of(const epo__dense *dense, const epo__param *params, size_t *first, size_t *both)
{
    size_t second = 0;
    epo_status status = epo__packed_size(1, params[EPO__DENSE_BN1].count, (size_t)dense->middle, first);
    if (status == EPO_OK) status = epo__winograd_conv_size((size_t)dense->growth, (size_t)dense->middle, &second);
    *first = epo__round_up(*first, LINE_FLOATS);
    *both = *first + epo__round_up(second, LINE_FLOATS);
    return status;
}

static epo_status make_weights(const epo__layer *layer, struct step *step)
{
    size_t all = 0, first, both;
    for (int i = 0; i < step->layers; i++, all += both) {
        epo_status status = weights_of(layer->state, layer->params + (size_t)i * EPO__DENSE_PARAMS, &first, &both);
        if (status != EPO_OK) return status;
    }
    step->weights = epo__alloc_large(all, sizeof *step->weights);
    return step->weights ? EPO_OK : epo__nomem("dense block");
}

/* *room: where its weights go, and then those of the next. */
static epo_status make_pair(const epo__dense *dense, const epo__param *params, float **room, struct pair *pair)
{
    size_t first, both;
    pair->channels = params[EPO__DENSE_BN1].count;
    pair->scale = epo__alloc(pair->channels, sizeof *pair->scale);
    pair->shift = epo__alloc(pair->channels, sizeof *pair->shift);
    pair->bias = epo__alloc((size_t)dense->middle, sizeof *pair->bias);
    if (!pair->scale || !pair->shift || !pair->bias) return epo__nomem("dense block");
    epo__batchnorm_fold(&params[EPO__DENSE_BN1], dense->eps, pair->scale, pair->shift);
    epo_status status = weights_of(dense, params, &first, &both);
    if (status == EPO_OK) status = make_narrow(dense, params, *room, pair);
    if (status != EPO_OK) return status;
    size_t rows = epo__product_rows(&pair->narrow), strips = STRIP_FLOATS / (pair->channels * rows);
    pair->strip = rows * (strips > 0 ? strips : 1);
    status = epo__winograd_conv_make(params[EPO__DENSE_CONV2].value, (size_t)dense->growth, (size_t)dense->middle,
                                     *room + first, &pair->widen);
    *room += both;
    return status;
}

/* Each thread has a strip and what the convolution needs; what is between the convolutions belongs to all. */
static void ask_scratch(epo__plan_builder *builder, struct step *step)
{
    for (int i = 0; i < step->layers; i++) {
        size_t strip = step->pairs[i].strip * step->pairs[i].channels;
        if (strip > step->strip_size) step->strip_size = strip;
    }
    step->strip_size = (step->strip_size + 15) / 16 * 16; /* 64 bytes */
    step->part_size = step->strip_size + epo__winograd_conv_scratch(step->growth, step->middle);
    size_t floats = (size_t)epo__builder_threads(builder) * step->part_size;
    floats += (size_t)step->together * step->pixels * step->middle;
    epo__builder_scratch(builder, floats * sizeof(float));
}

static epo_status make_step(const epo__layer *layer, epo__plan_builder *builder, struct step *step)
{
    const epo__dense *dense = layer->state;
    step->in = *epo__builder_now(builder);
    step->out = (epo__tensor){.shape = layer->out, .place = EPO_AT_ARENA};
    step->pixels = (size_t)layer->in.height * (size_t)layer->in.width;
    step->growth = (size_t)dense->growth;
    step->middle = (size_t)dense->middle;
    step->tiling = epo__tiling_make((size_t)layer->in.height, (size_t)layer->in.width);
    size_t tiles = step->tiling.down * step->tiling.across;
    step->together = (int)((ENOUGH_TILES + tiles - 1) / tiles);
    if (step->together > epo__builder_batch(builder)) step->together = epo__builder_batch(builder);
    step->layers = dense->layers;
    step->pairs = epo__alloc((size_t)dense->layers, sizeof *step->pairs);
    if (!step->pairs) return epo__nomem("dense block");
    epo_status status = make_weights(layer, step);
    float *room = step->weights;
    for (int i = 0; i < dense->layers && status == EPO_OK; i++)
        status = make_pair(dense, layer->params + (size_t)i * EPO__DENSE_PARAMS, &room, &step->pairs[i]);
    if (status != EPO_OK) return status;
    ask_scratch(builder, step);
    return epo__builder_take(builder, epo__shape_size(layer->out), &step->out.offset);
}

static epo_status plan(const epo__layer *layer, epo__plan_builder *builder)
{
    epo__narrow_type type;
    if (epo__builder_is_narrow(builder, &type) && epo__dense_narrow_suits(layer, type))
        return epo__dense_plan_narrow(layer, type, builder);
    epo_status status = epo__builder_to_arena(builder);
    if (status != EPO_OK) return status;
    struct step *step = epo__alloc(1, sizeof *step);
    status = step ? make_step(layer, builder, step) : epo__nomem("dense block");
    if (status != EPO_OK) {
        release(step);
        return status;
    }
    epo__tensor out = step->out;
    status = epo__builder_group_step(builder, step->together, run, release, step);
    if (status == EPO_OK) epo__builder_become(builder, out);
    return status;
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
