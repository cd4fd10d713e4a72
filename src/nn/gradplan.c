/* SPDX-License-Identifier: BSD-3-Clause
 * gradplan.c - making a gradplan from a chain of layers, and running it both ways. */
#include "nn/gradplan.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/kernels.h"
#include "nn/openmp.h"
#include "nn/train.h"

enum { MAX_BATCH = 65536 };
static const size_t max_buffer = (size_t)1 << 31; /* floats in one buffer */

struct epo__gradplan {
    const epo__net *net;
    size_t first; /* layer */
    epo__train_setup setup;
    bool recurrent;
    size_t count; /* of ops */
    epo__train_op *ops;
    float **tensors;     /* what each op gives */
    float *input;        /* as pixels */
    float *gradients[2]; /* of what goes into ops with even and with odd numbers, and comes out of the last */
    epo__train_run run;  /* the last forward; count 0: none */
    const float *in;     /* of its first op */
};

epo_status epo__train_floats(const epo__train_setup *setup, size_t floats, float **out)
{
    size_t count;
    if (!epo__size_mul(floats, (size_t)setup->batch, &count) || count > max_buffer)
        return epo__fail(EPO_ELIMIT, "a batch of %d samples needs over %zu activations", setup->batch, max_buffer);
    *out = epo__alloc_aligned(count, sizeof **out);
    return *out ? EPO_OK : epo__nomem("activations");
}

void epo__gradplan_destroy(epo__gradplan *plan)
{
    if (!plan) return;
    for (size_t i = 0; plan->ops && i < plan->count; i++)
        if (plan->ops[i].state) (plan->ops[i].release ? plan->ops[i].release : free)(plan->ops[i].state);
    for (size_t i = 0; plan->tensors && i < plan->count; i++) free(plan->tensors[i]);
    free(plan->ops);
    free(plan->tensors);
    free(plan->input);
    free(plan->gradients[0]);
    free(plan->gradients[1]);
    free(plan);
}

static const epo__layer *layer_of(const epo__gradplan *plan, size_t i)
{
    return epo__net_layer(plan->net, plan->first + i);
}

static epo__shape in_of(const epo__gradplan *plan)
{
    return plan->first ? epo__net_layer(plan->net, plan->first - 1)->out : epo__net_in(plan->net);
}

static epo_status make_ops(epo__gradplan *plan, const char *prefix)
{
    size_t largest[2] = {epo__shape_size(in_of(plan)), 0};
    epo_status status = EPO_OK;
    for (size_t i = 0; i < plan->count && status == EPO_OK; i++) {
        const epo__layer *layer = layer_of(plan, i);
        size_t size = epo__shape_size(layer->out);
        if (size > largest[(i + 1) % 2]) largest[(i + 1) % 2] = size;
        status = epo__layer_stream(prefix, layer->name, &plan->setup.stream);
        if (status == EPO_OK) status = layer->type->train(layer, &plan->setup, &plan->ops[i]);
        if (status == EPO_OK) status = epo__train_floats(&plan->setup, size, &plan->tensors[i]);
        if (status != EPO_OK) return epo__fail_in(status, "%s", layer->name);
    }
    for (int i = 0; i < 2 && status == EPO_OK; i++)
        status = epo__train_floats(&plan->setup, largest[i], &plan->gradients[i]);
    if (status == EPO_OK && !plan->recurrent)
        status = epo__train_floats(&plan->setup, epo__shape_size(in_of(plan)), &plan->input);
    return status;
}

epo_status epo__gradplan_create(epo__net *net, int batch, const epo__gradplan_options *options, epo__gradplan **out)
{
    if (batch < 1 || batch > MAX_BATCH) return epo__fail(EPO_EARG, "batch of %d is not from 1 to %d", batch, MAX_BATCH);
    epo__gradplan *plan = epo__alloc(1, sizeof *plan);
    if (!plan) return epo__nomem("plan");
    plan->net = net;
    plan->setup = (epo__train_setup){.batch = batch,
                                     .threads = epo__nn_threads(),
                                     .seed = options->seed,
                                     .norms = options->norms,
                                     .keep_all = options->keep_all,
                                     .precision = options->precision};
    plan->recurrent = options->first == 0 && epo__net_is_recurrent(net);
    size_t last = options->last ? options->last : options->logits ? epo__net_logits_length(net) : epo__net_length(net);
    plan->first = options->first;
    plan->count = last - options->first;
    plan->ops = epo__alloc(plan->count, sizeof *plan->ops);
    plan->tensors = epo__alloc(plan->count, sizeof *plan->tensors);
    epo_status status = plan->ops && plan->tensors ? EPO_OK : epo__nomem("plan");
    if (status == EPO_OK) status = make_ops(plan, options->prefix ? options->prefix : "");
    if (status != EPO_OK) {
        epo__gradplan_destroy(plan);
        return status;
    }
    *out = plan;
    return EPO_OK;
}

epo__shape epo__gradplan_out(const epo__gradplan *plan)
{
    return plan->count ? layer_of(plan, plan->count - 1)->out : in_of(plan);
}

/* Between the caller's planes and the plan's pixels, sample by sample. */
static void to_pixels(int count, epo__shape shape, const float *in, float *out)
{
    size_t size = epo__shape_size(shape);
    for (size_t i = 0; i < (size_t)count; i++)
        epo__planes_to_pixels(in + i * size, out + i * size, (size_t)shape.channels, size / (size_t)shape.channels);
}

static void to_planes(int count, epo__shape shape, const float *in, float *out)
{
    size_t size = epo__shape_size(shape);
    for (size_t i = 0; i < (size_t)count; i++)
        epo__pixels_to_planes(in + i * size, out + i * size, (size_t)shape.channels, size / (size_t)shape.channels);
}

static epo_status forward(epo__gradplan *plan, uint64_t step, int count, const int *lengths, const float *in,
                          float *out)
{
    plan->run = (epo__train_run){0};
    if (count < 1 || count > plan->setup.batch)
        return epo__fail(EPO_EARG, "%d samples for a plan of 1 to %d", count, plan->setup.batch);
    epo__train_run run = {.count = count, .lengths = lengths, .step = step, .threads = plan->setup.threads};
    const epo__openmp before = epo__openmp_use(run.threads); /* oneDNN asks OpenMP how many threads there are */
    epo_status status = EPO_OK;
    plan->in = in;
    if (!plan->recurrent) {
        to_pixels(count, in_of(plan), in, plan->input);
        plan->in = plan->input;
    }
    const float *now = plan->in;
    for (size_t i = 0; i < plan->count && status == EPO_OK; i++) {
        status = plan->ops[i].forward(plan->ops[i].state, &run, now, plan->tensors[i]);
        if (status != EPO_OK) status = epo__fail_in(status, "%s", layer_of(plan, i)->name);
        now = plan->tensors[i];
    }
    epo__openmp_restore(before);
    if (status != EPO_OK) return status;
    to_planes(count, epo__gradplan_out(plan), now, out);
    plan->run = run;
    return EPO_OK;
}

epo_status epo__gradplan_forward(epo__gradplan *plan, uint64_t step, int count, const float *in, float *out)
{
    if (plan->recurrent) return epo__fail(EPO_EARG, "this network takes sequences");
    return forward(plan, step, count, NULL, in, out);
}

epo_status epo__gradplan_forward_sequences(epo__gradplan *plan, uint64_t step, int count, const int *lengths,
                                           const float *in, float *out)
{
    if (!plan->recurrent) return epo__fail(EPO_EARG, "this network takes samples, not sequences");
    for (int i = 0; i < count && i < plan->setup.batch; i++)
        if (lengths[i] < 1) return epo__fail(EPO_EARG, "sequence %d has %d steps", i, lengths[i]);
    return forward(plan, step, count, lengths, in, out);
}

/* The first op that has something to train. */
static size_t lowest_trained(const epo__gradplan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const epo__layer *layer = layer_of(plan, i);
        for (size_t k = 0; k < layer->param_count; k++)
            if (layer->params[k].grad) return i;
    }
    return plan->count;
}

epo_status epo__gradplan_backward(epo__gradplan *plan, const float *d_out, float *d_in)
{
    epo__train_run run = plan->run;
    if (run.count == 0) return epo__fail(EPO_EARG, "there was no forward pass to go back through");
    plan->run = (epo__train_run){0};
    size_t lowest = d_in ? 0 : lowest_trained(plan);
    const epo__openmp before = epo__openmp_use(run.threads);
    epo_status status = EPO_OK;
    to_pixels(run.count, epo__gradplan_out(plan), d_out, plan->gradients[plan->count % 2]);
    for (size_t i = plan->count; i > lowest && status == EPO_OK; i--) {
        size_t k = i - 1;
        const epo__train_op *op = &plan->ops[k];
        bool first_over_time = k == 0 && plan->recurrent;
        float *below = first_over_time ? d_in : plan->gradients[k % 2];
        status = op->backward(op->state, &run, k ? plan->tensors[k - 1] : plan->in, plan->tensors[k],
                              plan->gradients[i % 2], k > lowest || d_in || op->needs_d_in ? below : NULL);
        if (status != EPO_OK) status = epo__fail_in(status, "%s", layer_of(plan, k)->name);
    }
    epo__openmp_restore(before);
    if (status == EPO_OK && d_in && !(plan->recurrent && plan->count))
        to_planes(run.count, in_of(plan), plan->gradients[0], d_in);
    return status;
}
