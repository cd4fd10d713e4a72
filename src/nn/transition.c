/* SPDX-License-Identifier: BSD-3-Clause
 * transition.c - between two dense blocks: batch norm, ReLU, 1 x 1 convolution to fewer channels, mean of 2 x 2 pixels
 * (Huang et al. 2017).
 *
 * A 1 x 1 convolution without bias and a mean over pixels may change places; with the mean first, in one pass with
 * batch norm and ReLU, the convolution has a quarter of the work. */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/conv.h"
#include "nn/kernels.h"
#include "nn/layer_types.h"

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

const epo__layer_type epo__transition_type = {
    .word = "transition",
    .help = "fewer channels and half the size, between dense blocks",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .state_size = sizeof(struct transition),
    .configure = configure,
    .macs = macs,
    .plan = plan,
};
