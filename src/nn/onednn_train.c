/* SPDX-License-Identifier: BSD-3-Clause
 * onednn_train.c - the convolutions of oneDNN 2.6 in training: forward, and back to the data and to the weights. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/gradkernels.h"
#include "nn/onednn_parts.h"

enum pass { FORWARD, BACKWARD_DATA, BACKWARD_WEIGHTS, PASSES };

/* One primitive for one number of samples, and between plain weights and those that it likes. */
struct work {
    int count; /* 0: not made */
    dnnl_primitive_t primitive, reorder;
    dnnl_memory_t in, out, weights, plain, bias, scratch;
    float *weights_data, *scratch_data;
};

struct epo__dnnl_conv_train {
    epo__conv_geometry geometry;
    bool bias;
    dnnl_engine_t engine;
    void *stream;
    float *d_plain, *d_bias; /* gradients of one call, plain */
    struct work work[PASSES];
};

static void work_release(struct work *work)
{
    dnnl_memory_t memories[] = {work->in, work->out, work->weights, work->plain, work->bias, work->scratch};
    for (size_t i = 0; i < sizeof memories / sizeof *memories; i++)
        if (memories[i]) dnnl_memory_destroy(memories[i]);
    if (work->primitive) dnnl_primitive_destroy(work->primitive);
    if (work->reorder) dnnl_primitive_destroy(work->reorder);
    free(work->weights_data);
    free(work->scratch_data);
    *work = (struct work){0};
}

void epo__dnnl_conv_train_destroy(epo__dnnl_conv_train *conv)
{
    if (!conv) return;
    for (int i = 0; i < PASSES; i++) work_release(&conv->work[i]);
    epo__dnnl_stream_destroy(conv->stream);
    free(conv->d_plain);
    free(conv->d_bias);
    free(conv);
}

static size_t weight_count(const epo__conv_geometry *g)
{
    return (size_t)g->out_channels * (size_t)g->in_channels * (size_t)g->kernel * (size_t)g->kernel;
}

epo_status epo__dnnl_conv_train_create(const epo__conv_geometry *geometry, bool bias, epo__dnnl_conv_train **out)
{
    epo__dnnl_conv_train *conv = epo__alloc(1, sizeof *conv);
    if (!conv) return epo__nomem("convolution");
    conv->geometry = *geometry;
    conv->bias = bias;
    conv->d_plain = epo__alloc_aligned(weight_count(geometry), sizeof(float));
    conv->d_bias = epo__alloc_aligned((size_t)geometry->out_channels, sizeof(float));
    epo_status status = conv->d_plain && conv->d_bias ? EPO_OK : epo__nomem("convolution");
    if (status == EPO_OK) status = epo__dnnl_engine(&conv->engine);
    if (status == EPO_OK) status = epo__dnnl_stream_create(&conv->stream);
    if (status != EPO_OK) {
        epo__dnnl_conv_train_destroy(conv);
        return status;
    }
    *out = conv;
    return EPO_OK;
}

struct shapes {
    dnnl_memory_desc_t in, out, weights, plain, bias;
};

static dnnl_status_t describe(const epo__conv_geometry *g, int count, struct shapes *shapes)
{
    dnnl_dims_t weights = {g->out_channels, g->in_channels, g->kernel, g->kernel};
    dnnl_status_t s =
        dnnl_memory_desc_init_by_tag(&shapes->in, 4, (dnnl_dims_t){count, g->in_channels, g->height, g->width},
                                     dnnl_f32, dnnl_nhwc);
    if (s == dnnl_success)
        s = dnnl_memory_desc_init_by_tag(&shapes->out, 4,
                                         (dnnl_dims_t){count, g->out_channels, g->out_height, g->out_width}, dnnl_f32,
                                         dnnl_nhwc);
    if (s == dnnl_success)
        s = dnnl_memory_desc_init_by_tag(&shapes->weights, 4, weights, dnnl_f32, dnnl_format_tag_any);
    if (s == dnnl_success) s = dnnl_memory_desc_init_by_tag(&shapes->plain, 4, weights, dnnl_f32, dnnl_oihw);
    if (s == dnnl_success)
        s = dnnl_memory_desc_init_by_tag(&shapes->bias, 1, (dnnl_dims_t){g->out_channels}, dnnl_f32, dnnl_x);
    return s;
}

static dnnl_status_t make_attributes(dnnl_primitive_attr_t *out)
{
    dnnl_status_t s = dnnl_primitive_attr_create(out);
    if (s == dnnl_success) s = dnnl_primitive_attr_set_scratchpad_mode(*out, dnnl_scratchpad_mode_user);
    if (s == dnnl_success) s = dnnl_primitive_attr_set_fpmath_mode(*out, dnnl_fpmath_mode_strict);
    return s;
}

/* The description of a backward pass wants that of the forward pass as a hint. */
static dnnl_status_t make_pass(const epo__dnnl_conv_train *conv, enum pass pass, struct shapes *shapes,
                               dnnl_primitive_attr_t attributes, dnnl_primitive_desc_t hint, dnnl_primitive_desc_t *out)
{
    const epo__conv_geometry *g = &conv->geometry;
    dnnl_convolution_desc_t desc;
    dnnl_dims_t strides = {g->stride, g->stride}, before = {g->pad_top, g->pad_left};
    dnnl_dims_t after = {g->pad_bottom, g->pad_right};
    const dnnl_memory_desc_t *bias = conv->bias ? &shapes->bias : NULL;
    dnnl_status_t s;
    if (pass == FORWARD)
        s = dnnl_convolution_forward_desc_init(&desc, dnnl_forward_training, dnnl_convolution_direct, &shapes->in,
                                               &shapes->weights, bias, &shapes->out, strides, before, after);
    else if (pass == BACKWARD_DATA)
        s = dnnl_convolution_backward_data_desc_init(&desc, dnnl_convolution_direct, &shapes->in, &shapes->weights,
                                                     &shapes->out, strides, before, after);
    else
        s = dnnl_convolution_backward_weights_desc_init(&desc, dnnl_convolution_direct, &shapes->in, &shapes->weights,
                                                        bias, &shapes->out, strides, before, after);
    return s == dnnl_success ? dnnl_primitive_desc_create(out, &desc, attributes, conv->engine, hint) : s;
}

static dnnl_status_t make_memory(const epo__dnnl_conv_train *conv, enum pass pass, dnnl_primitive_desc_t description,
                                 const struct shapes *shapes, struct work *work)
{
    const dnnl_memory_desc_t *wanted =
        dnnl_primitive_desc_query_md(description,
                                     pass == BACKWARD_WEIGHTS ? dnnl_query_diff_weights_md : dnnl_query_weights_md, 0);
    const dnnl_memory_desc_t *scratch = dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
    bool back = pass == BACKWARD_WEIGHTS;
    dnnl_primitive_desc_t reorder = NULL;
    work->weights_data = epo__alloc_aligned(dnnl_memory_desc_get_size(wanted), 1);
    work->scratch_data = epo__alloc_aligned(dnnl_memory_desc_get_size(scratch), 1);
    if (!work->weights_data || !work->scratch_data) return dnnl_out_of_memory;
    dnnl_status_t s = dnnl_memory_create(&work->in, &shapes->in, conv->engine, DNNL_MEMORY_NONE);
    if (s == dnnl_success) s = dnnl_memory_create(&work->out, &shapes->out, conv->engine, DNNL_MEMORY_NONE);
    if (s == dnnl_success) s = dnnl_memory_create(&work->bias, &shapes->bias, conv->engine, DNNL_MEMORY_NONE);
    if (s == dnnl_success) s = dnnl_memory_create(&work->plain, &shapes->plain, conv->engine, DNNL_MEMORY_NONE);
    if (s == dnnl_success) s = dnnl_memory_create(&work->weights, wanted, conv->engine, work->weights_data);
    if (s == dnnl_success) s = dnnl_memory_create(&work->scratch, scratch, conv->engine, work->scratch_data);
    if (s == dnnl_success)
        s = dnnl_reorder_primitive_desc_create(&reorder, back ? wanted : &shapes->plain, conv->engine,
                                               back ? &shapes->plain : wanted, conv->engine, NULL);
    if (s == dnnl_success) s = dnnl_primitive_create(&work->reorder, reorder);
    if (reorder) dnnl_primitive_desc_destroy(reorder);
    return s;
}

static epo_status prepare(epo__dnnl_conv_train *conv, enum pass pass, int count, struct work **out)
{
    struct work *work = &conv->work[pass];
    struct shapes shapes;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t hint = NULL, description = NULL;
    *out = work;
    if (work->count == count) return EPO_OK;
    work_release(work);
    dnnl_status_t s = describe(&conv->geometry, count, &shapes);
    if (s == dnnl_success) s = make_attributes(&attributes);
    if (s == dnnl_success && pass != FORWARD) s = make_pass(conv, FORWARD, &shapes, attributes, NULL, &hint);
    if (s == dnnl_success) s = make_pass(conv, pass, &shapes, attributes, hint, &description);
    if (s == dnnl_success) s = dnnl_primitive_create(&work->primitive, description);
    if (s == dnnl_success) s = make_memory(conv, pass, description, &shapes, work);
    if (description) dnnl_primitive_desc_destroy(description);
    if (hint) dnnl_primitive_desc_destroy(hint);
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    if (s != dnnl_success) {
        work_release(work);
        return epo__dnnl_failed(s, "making a convolution for training");
    }
    work->count = count;
    return EPO_OK;
}

static dnnl_status_t point(dnnl_memory_t memory, const float *at)
{
    return dnnl_memory_set_data_handle(memory, (void *)(uintptr_t)at);
}

static dnnl_status_t move_weights(const epo__dnnl_conv_train *conv, const struct work *work, bool back)
{
    dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, back ? work->weights : work->plain},
                              {DNNL_ARG_TO, back ? work->plain : work->weights}};
    return dnnl_primitive_execute(work->reorder, conv->stream, 2, args);
}

epo_status epo__dnnl_conv_forward(epo__dnnl_conv_train *conv, int count, const float *weights, const float *bias,
                                  const float *in, float *out)
{
    struct work *work;
    epo_status status = prepare(conv, FORWARD, count, &work);
    if (status != EPO_OK) return status;
    dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, work->in},
                              {DNNL_ARG_DST, work->out},
                              {DNNL_ARG_WEIGHTS, work->weights},
                              {DNNL_ARG_SCRATCHPAD, work->scratch},
                              {DNNL_ARG_BIAS, work->bias}};
    dnnl_status_t s = point(work->plain, weights);
    if (s == dnnl_success) s = point(work->in, in);
    if (s == dnnl_success) s = point(work->out, out);
    if (s == dnnl_success) s = point(work->bias, bias);
    if (s == dnnl_success) s = move_weights(conv, work, false);
    if (s == dnnl_success) s = dnnl_primitive_execute(work->primitive, conv->stream, conv->bias ? 5 : 4, args);
    return s == dnnl_success ? EPO_OK : epo__dnnl_failed(s, "running a convolution");
}

epo_status epo__dnnl_conv_backward_data(epo__dnnl_conv_train *conv, int count, const float *weights, const float *d_out,
                                        float *d_in)
{
    struct work *work;
    epo_status status = prepare(conv, BACKWARD_DATA, count, &work);
    if (status != EPO_OK) return status;
    dnnl_exec_arg_t args[] = {{DNNL_ARG_DIFF_SRC, work->in},
                              {DNNL_ARG_DIFF_DST, work->out},
                              {DNNL_ARG_WEIGHTS, work->weights},
                              {DNNL_ARG_SCRATCHPAD, work->scratch}};
    dnnl_status_t s = point(work->plain, weights);
    if (s == dnnl_success) s = point(work->in, d_in);
    if (s == dnnl_success) s = point(work->out, d_out);
    if (s == dnnl_success) s = move_weights(conv, work, false);
    if (s == dnnl_success) s = dnnl_primitive_execute(work->primitive, conv->stream, 4, args);
    return s == dnnl_success ? EPO_OK : epo__dnnl_failed(s, "running a convolution back to its data");
}

epo_status epo__dnnl_conv_backward_weights(epo__dnnl_conv_train *conv, int count, const float *in, const float *d_out,
                                           float *d_weights, float *d_bias)
{
    struct work *work;
    epo_status status = prepare(conv, BACKWARD_WEIGHTS, count, &work);
    if (status != EPO_OK) return status;
    dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, work->in},
                              {DNNL_ARG_DIFF_DST, work->out},
                              {DNNL_ARG_DIFF_WEIGHTS, work->weights},
                              {DNNL_ARG_SCRATCHPAD, work->scratch},
                              {DNNL_ARG_DIFF_BIAS, work->bias}};
    dnnl_status_t s = point(work->plain, conv->d_plain);
    if (s == dnnl_success) s = point(work->in, in);
    if (s == dnnl_success) s = point(work->out, d_out);
    if (s == dnnl_success) s = point(work->bias, conv->d_bias);
    if (s == dnnl_success) s = dnnl_primitive_execute(work->primitive, conv->stream, conv->bias ? 5 : 4, args);
    if (s == dnnl_success) s = move_weights(conv, work, true);
    if (s != dnnl_success) return epo__dnnl_failed(s, "running a convolution back to its weights");
    if (d_weights) epo__add(conv->d_plain, d_weights, weight_count(&conv->geometry));
    if (d_bias && conv->bias) epo__add(conv->d_bias, d_bias, (size_t)conv->geometry.out_channels);
    return EPO_OK;
}
