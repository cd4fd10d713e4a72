/* SPDX-License-Identifier: BSD-3-Clause
 * plan.c - making a plan from a chain of layers, and running it. */
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "nn/builder.h"
#include "nn/openmp.h"

enum { MAX_BATCH = 65536 };
static const size_t max_buffer = (size_t)1 << 31; /* floats in all buffers of a plan */

struct epo__plan {
    bool recurrent, drops;
    const epo__draw *draw;
    epo__shape out;
    int batch, lanes, threads, slots; /* slots: samples in an arena */
    epo__tensor result;
    epo__step *steps;
    size_t step_count;
    float *rows[2];
    struct lane {
        float *arena;
        void *scratch, *stream;
    } * lane;
};

static _Thread_local int thread_count = 1;

void epo__nn_set_threads(int threads)
{
    thread_count = epo__openmp_most(threads);
}

int epo__nn_threads(void)
{
    return thread_count;
}

static epo_status plan_layers(const epo__net *net, size_t first, size_t last, epo__plan_builder *builder)
{
    for (size_t i = first; i < last; i++) {
        const epo__layer *layer = epo__net_layer(net, i);
        epo_status status = layer->type->plan(layer, builder);
        if (status != EPO_OK) return epo__fail_in(status, "%s", layer->name);
    }
    return epo__builder_to_rows(builder);
}

/* Samples that lie in an arena: what the steps wish, but no more than a lane's share of a batch. */
static size_t slots_of(const epo__plan_builder *b)
{
    int share = (b->batch + b->lanes - 1) / b->lanes;
    return (size_t)(b->group_wish < 1 ? 1 : b->group_wish < share ? b->group_wish : share);
}

static epo_status check_buffers(const epo__plan_builder *b)
{
    size_t arena, arenas, rows, all;
    if (!epo__size_mul(b->arena_size, slots_of(b), &arena) || !epo__size_mul(arena, (size_t)b->lanes, &arenas) ||
        !epo__size_mul(b->row_size, 2 * (size_t)b->batch, &rows) || !epo__size_add(arenas, rows, &all) ||
        all > max_buffer)
        return epo__fail(EPO_ELIMIT, "a batch of %d samples needs over %zu activations", b->batch, max_buffer);
    return EPO_OK;
}

static epo_status make_buffers(epo__plan *plan, const epo__plan_builder *b)
{
    epo_status status = check_buffers(b);
    if (status != EPO_OK) return status;
    plan->lane = epo__alloc((size_t)b->lanes, sizeof *plan->lane);
    if (!plan->lane) return epo__nomem("lanes of a plan");
    for (int i = 0; i < 2; i++) {
        plan->rows[i] = epo__alloc_aligned(epo__product((size_t)b->batch, b->row_size), sizeof(float));
        if (!plan->rows[i]) return epo__nomem("buffers of a plan");
    }
    for (int i = 0; i < b->lanes && status == EPO_OK; i++) {
        struct lane *lane = &plan->lane[i];
        lane->arena = epo__alloc_large(epo__product(b->arena_size, slots_of(b)), sizeof(float));
        lane->scratch = epo__alloc_large(b->scratch_size, 1);
        if (!lane->arena || !lane->scratch) return epo__nomem("buffers of a plan");
        status = epo__dnnl_stream_create(&lane->stream);
    }
    return status;
}

/* Which layers, what for. */
struct extent {
    size_t first, last;
    const char *dropout;
    int batch;
};

static epo_status create_shared(epo__net *net, const struct extent *extent, int lanes, int threads, epo__plan **out)
{
    size_t first = extent->first, last = extent->last;
    int batch = extent->batch;
    const char *dropout = extent->dropout;
    epo__shape in = first ? epo__net_layer(net, first - 1)->out : epo__net_in(net);
    epo__plan_builder builder = {.batch = batch,
                                 .lanes = lanes,
                                 .threads = threads,
                                 .dropout = dropout,
                                 .precision = epo__net_precision(net),
                                 .now = {.shape = in, .place = EPO_AT_INPUT}};
    epo__plan *plan = epo__alloc(1, sizeof *plan);
    if (!plan) return epo__nomem("plan");
    plan->recurrent = first == 0 && epo__net_is_recurrent(net);
    plan->drops = dropout != NULL;
    plan->out = last > first ? epo__net_layer(net, last - 1)->out : in;
    plan->batch = batch;
    plan->lanes = builder.lanes;
    plan->threads = builder.threads;

    epo_status status = plan_layers(net, first, last, &builder);
    plan->slots = (int)slots_of(&builder);
    plan->steps = builder.steps; /* the plan's from here on, whether it is complete or not */
    plan->step_count = builder.step_count;
    plan->result = builder.now;
    if (builder.pending.release) builder.pending.release(builder.pending.state);
    if (status == EPO_OK) status = make_buffers(plan, &builder);
    if (status != EPO_OK) {
        epo__plan_destroy(plan);
        return status;
    }
    *out = plan;
    return EPO_OK;
}

static epo_status run(epo__plan *plan, int count, const int *lengths, const float *in, float *out);

/* The best of a few runs on a batch of zeros, in seconds. */
static epo_status time_plan(const epo__net *net, epo__plan *plan, double *seconds)
{
    enum { RUNS = 4 }; /* the first warms up */
    size_t batch = (size_t)plan->batch;
    float *in = epo__alloc(epo__product(batch, epo__shape_size(epo__net_in(net))), sizeof *in);
    float *out = epo__alloc(epo__product(batch, epo__shape_size(plan->out)), sizeof *out);
    epo_status status = in && out ? EPO_OK : epo__nomem("trial of a plan");
    *seconds = INFINITY;
    for (int i = 0; i < RUNS && status == EPO_OK; i++) {
        double start = epo__seconds();
        status = run(plan, plan->batch, NULL, in, out);
        if (i > 0) *seconds = fmin(*seconds, epo__seconds() - start);
    }
    free(in);
    free(out);
    return status;
}

/* Keeps the faster of two plans, which give the same bits. */
static epo_status keep_faster(const epo__net *net, epo__plan *plans[2], epo__plan **out)
{
    double seconds[2];
    epo_status status = time_plan(net, plans[0], &seconds[0]);
    if (status == EPO_OK) status = time_plan(net, plans[1], &seconds[1]);
    int best = status == EPO_OK && seconds[1] < seconds[0];
    epo__plan_destroy(plans[!best]);
    if (status == EPO_OK)
        *out = plans[best];
    else
        epo__plan_destroy(plans[best]);
    return status;
}

/* Samples are independent, so threads take one each and never wait for another. Where that leaves threads without
 * work, all may work inside a sample instead, and meet some seventy times in it: what is better is tried out. It never
 * is for less than a millisecond of work, which is not tried. */
static epo_status create(epo__net *net, const struct extent *extent, epo__plan **out)
{
    const uint64_t worth_splitting = 30000000; /* multiply-adds */
    int batch = extent->batch, lanes = batch < thread_count ? batch : thread_count;
    if (batch < 1 || batch > MAX_BATCH) return epo__fail(EPO_EARG, "batch of %d is not from 1 to %d", batch, MAX_BATCH);
    bool whole = extent->first == 0 && !extent->dropout && !epo__net_is_recurrent(net);
    if (batch >= 2 * thread_count || thread_count == 1 || !whole || epo__net_macs(net) < worth_splitting)
        return create_shared(net, extent, lanes, 1, out);
    epo__plan *plans[2] = {NULL, NULL};
    epo_status status = create_shared(net, extent, lanes, 1, &plans[0]);
    if (status == EPO_OK) status = create_shared(net, extent, 1, thread_count, &plans[1]);
    if (status == EPO_OK) return keep_faster(net, plans, out);
    epo__plan_destroy(plans[0]);
    return status;
}

epo_status epo__plan_create(epo__net *net, int batch, epo__plan **out)
{
    return create(net, &(struct extent){0, epo__net_length(net), NULL, batch}, out);
}

epo_status epo__plan_create_logits(epo__net *net, int batch, epo__plan **out)
{
    return create(net, &(struct extent){0, epo__net_logits_length(net), NULL, batch}, out);
}

epo_status epo__plan_create_part(epo__net *net, int batch, const epo__plan_options *options, epo__plan **out)
{
    size_t last = options->last ? options->last : epo__net_length(net);
    return create(net, &(struct extent){options->first, last, options->dropout, batch}, out);
}

void epo__plan_set_draw(epo__plan *plan, const epo__draw *draw)
{
    plan->draw = draw;
}

void epo__plan_destroy(epo__plan *plan)
{
    if (!plan) return;
    epo__steps_release(plan->steps, plan->step_count);
    free(plan->steps);
    for (int i = 0; plan->lane && i < plan->lanes; i++) {
        epo__dnnl_stream_destroy(plan->lane[i].stream);
        free(plan->lane[i].arena);
        free(plan->lane[i].scratch);
    }
    free(plan->lane);
    free(plan->rows[0]);
    free(plan->rows[1]);
    free(plan);
}

/* --- running
 * ------------------------------------------------------------------------------------------------------------ */

/* Runs one step on the samples of a group, which begins at `sample`: on all together, or on one after the other. */
static epo_status run_step(const epo__step *step, epo__frame *frame, int sample, int group)
{
    bool together = step->kind == EPO__BY_GROUP;
    epo_status status = EPO_OK;
    frame->group = together ? group : 1;
    for (int i = 0; i < (together ? 1 : group) && status == EPO_OK; i++) {
        frame->sample = sample + i;
        frame->slot = i;
        status = step->run(step->state, frame);
    }
    return status;
}

/* Runs the steps first .. last-1 on group `number`. */
static epo_status run_group(const epo__plan *plan, const epo__frame *shared, size_t first, size_t last, int lane,
                            int number)
{
    epo__frame frame = *shared;
    int sample = number * plan->slots, left = shared->count - sample;
    frame.arena = plan->lane[lane].arena;
    frame.dnnl = (epo__dnnl_lane){lane, plan->lane[lane].stream, plan->lane[lane].scratch};
    epo_status status = EPO_OK;
    for (size_t i = first; i < last && status == EPO_OK; i++)
        status = run_step(&plan->steps[i], &frame, sample, left < plan->slots ? left : plan->slots);
    return status;
}

static epo_status run_samples(const epo__plan *plan, const epo__frame *shared, size_t first, size_t last)
{
    int groups = (shared->count + plan->slots - 1) / plan->slots;
    int lanes = plan->lanes < groups ? plan->lanes : groups;
    epo_status status = EPO_OK;
    if (lanes == 1) {
        for (int i = 0; i < groups && status == EPO_OK; i++) status = run_group(plan, shared, first, last, 0, i);
        return status;
    }
#pragma omp parallel for num_threads(lanes) schedule(dynamic, 1)
    for (int i = 0; i < groups; i++) {
        epo_status one = run_group(plan, shared, first, last, omp_get_thread_num(), i);
        if (one != EPO_OK) {
#pragma omp critical(epo_plan_status)
            status = one;
        }
    }
    /* the message was left in a worker's thread */
    return status == EPO_OK ? EPO_OK : epo__fail(status, "a step of the network failed");
}

static epo_status run_steps(const epo__plan *plan, const epo__frame *frame)
{
    size_t i = 0;
    while (i < plan->step_count) {
        epo_status status;
        size_t last = i + 1;
        if (plan->steps[i].kind != EPO__BY_ROWS) {
            while (last < plan->step_count && plan->steps[last].kind != EPO__BY_ROWS) last++;
            status = run_samples(plan, frame, i, last);
        } else {
            status = plan->steps[i].run(plan->steps[i].state, frame);
        }
        if (status != EPO_OK) return status;
        i = last;
    }
    return EPO_OK;
}

static epo_status run(epo__plan *plan, int count, const int *lengths, const float *in, float *out)
{
    if (count < 1 || count > plan->batch)
        return epo__fail(EPO_EARG, "%d samples for a plan of 1 to %d", count, plan->batch);
    if (plan->drops && !plan->draw) return epo__fail(EPO_EARG, "a plan with dropout was not told what to drop");
    epo__frame frame = {.input = in,
                        .rows = {plan->rows[0], plan->rows[1]},
                        .slots = plan->slots,
                        .count = count,
                        .threads = plan->threads,
                        .lengths = lengths,
                        .draw = plan->draw};
    const epo__openmp before = epo__openmp_use(plan->lanes * plan->threads); /* what oneDNN and OpenBLAS ask for */
    epo_status status = run_steps(plan, &frame);
    epo__openmp_restore(before);
    if (status == EPO_OK)
        memcpy(out, epo__frame_read(&frame, &plan->result), (size_t)count * epo__shape_size(plan->out) * sizeof *out);
    return status;
}

epo_status epo__plan_run(epo__plan *plan, int count, const float *in, float *out)
{
    if (plan->recurrent) return epo__fail(EPO_EARG, "this network takes sequences");
    return run(plan, count, NULL, in, out);
}

epo_status epo__plan_run_sequences(epo__plan *plan, int count, const int *lengths, const float *in, float *out)
{
    if (!plan->recurrent) return epo__fail(EPO_EARG, "this network takes samples, not sequences");
    for (int i = 0; i < count && i < plan->batch; i++)
        if (lengths[i] < 1) return epo__fail(EPO_EARG, "sequence %d has %d steps", i, lengths[i]);
    return run(plan, count, lengths, in, out);
}
