/* SPDX-License-Identifier: BSD-3-Clause
 * dense.c - dense block with bottlenecks (DenseNet-BC, Huang et al. 2017): every layer sees the channels of all before
 * it.
 *
 *     for each layer:  x = concat(x, conv3x3(relu(bn2(conv1x1(relu(bn1(x)))))))
 *
 * All channels of the block lie in one H x W x C tensor with C the last layer's; nothing is joined, a layer's channels
 * are put in their place. bn1 and ReLU cannot melt into a convolution (each layer has its own, over all channels), so
 * they and the 1 x 1 convolution go over the image in strips that stay in the cache; bn2 and its ReLU are part of the
 * 1 x 1 convolution. Training is dense_train.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/dense.h"
#include "nn/kernels.h"
#include "nn/layer_types.h"
#include "nn/plan.h"

enum { LAYERS, GROWTH, BOTTLENECK, EPS };
enum { STRIP_FLOATS = 65536 }; /* 256 KB: in any second-level cache, weights beside it */

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

struct pair {
    size_t channels; /* that it sees */
    float *scale, *shift;
    size_t strip, strips;                 /* pixels in a strip; the last may have fewer */
    epo__dnnl_conv *narrow, *narrow_last; /* 1 x 1, on a strip and on the last; narrow_last NULL: the same */
    epo__dnnl_conv *widen;                /* 3 x 3, on the image */
};

struct step {
    epo__tensor in, out;
    size_t pixels, growth, middle;
    size_t strip_offset, middle_offset, grown_offset; /* in the arena */
    int layers;
    struct pair *pairs;
};

static void release(void *state)
{
    struct step *step = state;
    if (!step) return;
    for (int i = 0; step->pairs && i < step->layers; i++) {
        free(step->pairs[i].scale);
        free(step->pairs[i].shift);
        epo__dnnl_conv_destroy(step->pairs[i].narrow);
        epo__dnnl_conv_destroy(step->pairs[i].narrow_last);
        epo__dnnl_conv_destroy(step->pairs[i].widen);
    }
    free(step->pairs);
    free(step);
}

/* Copies `channels` of every pixel into a tensor with more of them. */
static void put_channels(const float *in, size_t channels, float *out, size_t out_channels, size_t pixels)
{
    for (size_t p = 0; p < pixels; p++) memcpy(out + p * out_channels, in + p * channels, channels * sizeof *out);
}

static epo_status run(void *state, const epo__frame *frame)
{
    const struct step *step = state;
    size_t total = (size_t)step->out.shape.channels, first = (size_t)step->in.shape.channels;
    float *all = epo__frame_write(frame, &step->out), *strip = frame->arena + step->strip_offset;
    float *middle = frame->arena + step->middle_offset, *grown = frame->arena + step->grown_offset;
    put_channels(epo__frame_read(frame, &step->in), first, all, total, step->pixels);

    for (int i = 0; i < step->layers; i++) {
        const struct pair *pair = &step->pairs[i];
        epo_status status = EPO_OK;
        for (size_t s = 0; s < pair->strips && status == EPO_OK; s++) {
            bool last = s + 1 == pair->strips;
            size_t from = s * pair->strip, pixels = last ? step->pixels - from : pair->strip;
            epo__affine(all + from * total, total, strip, pair->channels, pair->scale, pair->shift, pair->channels,
                        pixels, true, frame->threads);
            status = epo__dnnl_conv_run(last && pair->narrow_last ? pair->narrow_last : pair->narrow, &frame->dnnl,
                                        strip, middle + from * step->middle);
        }
        if (status == EPO_OK) status = epo__dnnl_conv_run(pair->widen, &frame->dnnl, middle, grown);
        if (status != EPO_OK) return status;
        put_channels(grown, step->growth, all + pair->channels, total, step->pixels);
    }
    return EPO_OK;
}

/* A convolution of `pixels` pixels in a row (kernel 1), or of the image (kernel 3). */
static epo_status make_conv(epo__plan_builder *builder, int in, int out, int height, int width, int kernel,
                            const float *weights, const float *bias, epo__dnnl_conv **conv)
{
    int pad = kernel / 2;
    epo__conv_geometry geometry = {in, height, width, out, height, width, kernel, 1, pad, pad, pad, pad};
    epo_status status = epo__dnnl_conv_create(&geometry, weights, bias, bias != NULL, epo__builder_threads(builder),
                                              epo__builder_lanes(builder), conv);
    if (status == EPO_OK) epo__builder_scratch(builder, epo__dnnl_conv_scratch(*conv));
    return status;
}

static epo_status make_narrow(epo__plan_builder *builder, const struct step *step, const epo__dense *dense,
                              const epo__param *params, struct pair *pair)
{
    epo_status status = EPO_OK;
    size_t count = params[EPO__DENSE_CONV1].count, middle = step->middle,
           last = step->pixels - pair->strip * (pair->strips - 1);
    float *scale = epo__alloc(middle, sizeof *scale), *shift = epo__alloc(middle, sizeof *shift);
    float *weights = epo__alloc(count, sizeof *weights);
    if (!scale || !shift || !weights) {
        status = epo__nomem("dense block");
        goto done;
    }
    epo__batchnorm_fold(&params[EPO__DENSE_BN2], dense->eps, scale, shift);
    for (size_t i = 0; i < count; i++) weights[i] = params[EPO__DENSE_CONV1].value[i] * scale[i / pair->channels];
    status =
        make_conv(builder, (int)pair->channels, dense->middle, 1, (int)pair->strip, 1, weights, shift, &pair->narrow);
    if (status == EPO_OK && last != pair->strip)
        status =
            make_conv(builder, (int)pair->channels, dense->middle, 1, (int)last, 1, weights, shift, &pair->narrow_last);
done:
    free(scale);
    free(shift);
    free(weights);
    return status;
}

static epo_status make_pair(epo__plan_builder *builder, const struct step *step, const epo__dense *dense,
                            const epo__param *params, struct pair *pair)
{
    pair->channels = params[EPO__DENSE_BN1].count;
    size_t threads = (size_t)epo__builder_threads(builder);
    size_t wanted = (step->pixels * pair->channels + STRIP_FLOATS * threads - 1) / (STRIP_FLOATS * threads);
    if (wanted > step->pixels) wanted = step->pixels;
    pair->strip = (step->pixels + wanted - 1) / wanted;
    pair->strips = (step->pixels + pair->strip - 1) / pair->strip;
    pair->scale = epo__alloc(pair->channels, sizeof *pair->scale);
    pair->shift = epo__alloc(pair->channels, sizeof *pair->shift);
    if (!pair->scale || !pair->shift) return epo__nomem("dense block");
    epo__batchnorm_fold(&params[EPO__DENSE_BN1], dense->eps, pair->scale, pair->shift);
    epo_status status = make_narrow(builder, step, dense, params, pair);
    if (status != EPO_OK) return status;
    return make_conv(builder, dense->middle, dense->growth, step->in.shape.height, step->in.shape.width, 3,
                     params[EPO__DENSE_CONV2].value, NULL, &pair->widen);
}

static epo_status plan(const epo__layer *layer, epo__plan_builder *builder)
{
    const epo__dense *dense = layer->state;
    size_t strip_size = 0;
    epo_status status = epo__builder_to_arena(builder);
    if (status != EPO_OK) return status;
    struct step *step = epo__alloc(1, sizeof *step);
    if (step) step->pairs = epo__alloc((size_t)dense->layers, sizeof *step->pairs);
    if (!step || !step->pairs) {
        release(step);
        return epo__nomem("dense block");
    }
    step->in = *epo__builder_now(builder);
    step->out = (epo__tensor){.shape = layer->out, .place = EPO_AT_ARENA};
    step->pixels = (size_t)layer->in.height * (size_t)layer->in.width;
    step->growth = (size_t)dense->growth;
    step->middle = (size_t)dense->middle;
    step->layers = dense->layers;
    for (int i = 0; i < dense->layers && status == EPO_OK; i++) {
        struct pair *pair = &step->pairs[i];
        status = make_pair(builder, step, dense, layer->params + (size_t)i * EPO__DENSE_PARAMS, pair);
        if (pair->strip * pair->channels > strip_size) strip_size = pair->strip * pair->channels;
    }
    if (status == EPO_OK) status = epo__builder_take(builder, epo__shape_size(layer->out), &step->out.offset);
    if (status == EPO_OK) status = epo__builder_take(builder, strip_size, &step->strip_offset);
    if (status == EPO_OK) status = epo__builder_take(builder, step->pixels * step->middle, &step->middle_offset);
    if (status == EPO_OK) status = epo__builder_take(builder, step->pixels * step->growth, &step->grown_offset);
    if (status != EPO_OK) {
        release(step);
        return status;
    }
    epo__builder_give(builder, step->strip_offset);
    epo__builder_give(builder, step->middle_offset);
    epo__builder_give(builder, step->grown_offset);
    epo__tensor out = step->out;
    status = epo__builder_sample_step(builder, run, release, step);
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
