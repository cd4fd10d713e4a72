/* SPDX-License-Identifier: BSD-3-Clause
 * conv.c - two-dimensional convolution.
 *
 * "same" is that of Keras and TensorFlow: out = ceil(in / stride), and of an odd padding the larger half goes to the
 * bottom and to the right. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/conv.h"
#include "nn/layer_types.h"
#include "nn/narrow_conv.h"
#include "nn/plan.h"
#include "nn/train.h"

enum { CHANNELS, KERNEL, STRIDE, PAD, BIAS };
enum { SAME, VALID };

static const epo__layer_option options[] = {
    [CHANNELS] = {"channels", EPO_OPTION_INT, 1, 65536, NULL, NULL, "output channels"},
    [KERNEL] = {"kernel", EPO_OPTION_INT, 1, 64, NULL, "3", "side of the kernel"},
    [STRIDE] = {"stride", EPO_OPTION_INT, 1, 64, NULL, "1", "step of the kernel"},
    [PAD] = {"pad", EPO_OPTION_WORD, 0, 0, "same|valid", "same", "zeros around the input, or none"},
    [BIAS] = {"bias", EPO_OPTION_INT, 0, 1, NULL, "1", "1: add a number a channel"},
};

struct conv {
    epo__conv_geometry geometry;
    bool bias;
};

/* Output side, and the padding before it, for one dimension; 0 when the kernel does not fit. */
static int side(int in, int kernel, int stride, bool same, int *before, int *after)
{
    *before = *after = 0;
    if (!same) return in < kernel ? 0 : (in - kernel) / stride + 1;
    int out = (in + stride - 1) / stride;
    int total = (out - 1) * stride + kernel - in;
    if (total < 0) total = 0;
    *before = total / 2;
    *after = total - total / 2;
    return out;
}

static epo_status configure(epo__layer *layer, const double *values)
{
    struct conv *conv = layer->state;
    epo__conv_geometry *g = &conv->geometry;
    bool same = (int)values[PAD] == SAME;
    g->in_channels = layer->in.channels;
    g->height = layer->in.height;
    g->width = layer->in.width;
    g->out_channels = (int)values[CHANNELS];
    g->kernel = (int)values[KERNEL];
    g->stride = (int)values[STRIDE];
    g->out_height = side(g->height, g->kernel, g->stride, same, &g->pad_top, &g->pad_bottom);
    g->out_width = side(g->width, g->kernel, g->stride, same, &g->pad_left, &g->pad_right);
    conv->bias = values[BIAS] != 0;
    if (g->out_height < 1 || g->out_width < 1)
        return epo__fail(EPO_EARG, "a kernel of %d does not fit into %d x %d", g->kernel, g->height, g->width);
    layer->out = (epo__shape){g->out_channels, g->out_height, g->out_width};

    int64_t dims[] = {g->out_channels, g->in_channels, g->kernel, g->kernel};
    int64_t fan_in = dims[1] * dims[2] * dims[3];
    epo_status status =
        epo__layer_param(layer, "weight", true, fan_in > INT32_MAX ? INT32_MAX : (int)fan_in, 0, 4, dims);
    if (status == EPO_OK && conv->bias) status = epo__layer_param(layer, "bias", true, 0, 0, 1, dims);
    return status;
}

static uint64_t macs(const epo__layer *layer)
{
    return (uint64_t)layer->params[0].count * (uint64_t)layer->out.height * (uint64_t)layer->out.width;
}

/* --- in a plan
 * ------------------------------------------------------------------------------------------------------------ */

/* A convolution whose weights may still change. */
struct draft {
    epo__conv_geometry geometry;
    float *weights, *bias;
};

static void draft_release(void *state)
{
    struct draft *draft = state;
    if (!draft) return;
    free(draft->weights);
    free(draft->bias);
    free(draft);
}

static void draft_scale(void *state, const float *scale, const float *shift)
{
    struct draft *draft = state;
    size_t outputs = (size_t)draft->geometry.out_channels;
    size_t inputs =
        (size_t)draft->geometry.in_channels * (size_t)draft->geometry.kernel * (size_t)draft->geometry.kernel;
    for (size_t o = 0; o < outputs; o++) {
        for (size_t i = 0; i < inputs; i++) draft->weights[o * inputs + i] *= scale[o];
        draft->bias[o] = draft->bias[o] * scale[o] + shift[o];
    }
}

struct step {
    epo__dnnl_conv *conv;
    epo__tensor in, out;
};

static void step_release(void *state)
{
    struct step *step = state;
    if (step) epo__dnnl_conv_destroy(step->conv);
    free(step);
}

static epo_status step_run(void *state, const epo__frame *frame)
{
    struct step *step = state;
    return epo__dnnl_conv_run(step->conv, &frame->dnnl, epo__frame_read(frame, &step->in),
                              epo__frame_write(frame, &step->out));
}

static epo_status draft_emit(epo__plan_builder *builder, void *state, bool relu)
{
    struct draft *draft = state;
    const epo__conv_geometry *g = &draft->geometry;
    epo__narrow_type type;
    if (g->kernel == 1 && g->stride == 1) return epo__builder_pointwise_conv(builder, g, draft->weights, draft->bias, relu);
    if (epo__builder_is_narrow(builder, &type) && epo__narrow_conv_suits(type, g))
        return epo__builder_narrow_conv(builder, type, g, draft->weights, draft->bias, relu);
    struct step *step = epo__alloc(1, sizeof *step);
    if (!step) return epo__nomem("convolution");
    step->in = *epo__builder_now(builder);
    step->out = (epo__tensor){.shape = {g->out_channels, g->out_height, g->out_width}, .place = EPO_AT_ARENA};
    epo_status status = epo__dnnl_conv_create(g, draft->weights, draft->bias, relu, epo__builder_threads(builder),
                                              epo__builder_lanes(builder), &step->conv);
    if (status == EPO_OK) status = epo__builder_take(builder, epo__shape_size(step->out.shape), &step->out.offset);
    if (status != EPO_OK) {
        step_release(step);
        return status;
    }
    epo__tensor out = step->out;
    epo__builder_scratch(builder, epo__dnnl_conv_scratch(step->conv));
    status = epo__builder_sample_step(builder, step_run, step_release, step);
    if (status == EPO_OK) epo__builder_become(builder, out);
    return status;
}

epo_status epo__builder_conv(epo__plan_builder *builder, const epo__conv_geometry *geometry, const float *weights,
                             const float *bias)
{
    epo_status status = epo__builder_to_arena(builder);
    if (status != EPO_OK) return status;
    size_t outputs = (size_t)geometry->out_channels;
    size_t count = outputs * (size_t)geometry->in_channels * (size_t)geometry->kernel * (size_t)geometry->kernel;
    struct draft *draft = epo__alloc(1, sizeof *draft);
    if (draft) {
        draft->geometry = *geometry;
        draft->weights = epo__alloc(count, sizeof *weights);
        draft->bias = epo__alloc(outputs, sizeof *bias);
    }
    if (!draft || !draft->weights || !draft->bias) {
        draft_release(draft);
        return epo__nomem("convolution");
    }
    memcpy(draft->weights, weights, count * sizeof *weights);
    if (bias) memcpy(draft->bias, bias, outputs * sizeof *bias);
    return epo__builder_defer(builder, (epo__pending){draft, draft_emit, draft_scale, draft_release});
}

static epo_status plan(const epo__layer *layer, epo__plan_builder *builder)
{
    const struct conv *conv = layer->state;
    return epo__builder_conv(builder, &conv->geometry, layer->params[0].value,
                             conv->bias ? layer->params[1].value : NULL);
}

/* --- in training -------------------------------------------------------------------------------------------------- */

struct training {
    const epo__param *weights, *bias;
    epo__dnnl_conv_train *conv;
};

static void train_release(void *state)
{
    struct training *t = state;
    if (t) epo__dnnl_conv_train_destroy(t->conv);
    free(t);
}

static epo_status forward(void *state, const epo__train_run *run, const float *in, float *out)
{
    struct training *t = state;
    return epo__dnnl_conv_forward(t->conv, run->count, t->weights->value, t->bias ? t->bias->value : NULL, in, out);
}

static epo_status backward(void *state, const epo__train_run *run, const float *in, const float *out, float *d_out,
                           float *d_in)
{
    (void)out;
    struct training *t = state;
    float *d_bias = t->bias ? t->bias->grad : NULL;
    epo_status status = EPO_OK;
    if (t->weights->grad || d_bias)
        status = epo__dnnl_conv_backward_weights(t->conv, run->count, in, d_out, t->weights->grad, d_bias);
    if (status == EPO_OK && d_in)
        status = epo__dnnl_conv_backward_data(t->conv, run->count, t->weights->value, d_out, d_in);
    return status;
}

static epo_status train(const epo__layer *layer, const epo__train_setup *setup, epo__train_op *op)
{
    (void)setup;
    const struct conv *conv = layer->state;
    struct training *t = epo__alloc(1, sizeof *t);
    if (!t) return epo__nomem("convolution");
    t->weights = &layer->params[0];
    t->bias = conv->bias ? &layer->params[1] : NULL;
    epo_status status = epo__dnnl_conv_train_create(&conv->geometry, conv->bias, &t->conv);
    if (status != EPO_OK) {
        train_release(t);
        return status;
    }
    *op = (epo__train_op){.state = t, .forward = forward, .backward = backward, .release = train_release};
    return EPO_OK;
}

const epo__layer_type epo__conv_type = {
    .word = "conv",
    .help = "convolution",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .state_size = sizeof(struct conv),
    .configure = configure,
    .macs = macs,
    .plan = plan,
    .train = train,
};
