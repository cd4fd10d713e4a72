/* SPDX-License-Identifier: BSD-3-Clause
 * dense_frame.c - a dense block in a plan. */
#include "nn/dense_frame.h"

#include <omp.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "nn/winograd.h"

enum { ENOUGH_TILES = 32 }; /* of 4 x 4 pixels: so many that it is worth reading the weights for them */

static void release(void *state)
{
    epo__dense_step *step = state;
    if (!step) return;
    if (step->own) step->kind->release(step);
    for (int i = 0; step->norms && i < step->layers; i++) {
        free(step->norms[i].scale);
        free(step->norms[i].shift);
        free(step->norms[i].bias);
    }
    free(step->norms);
    free(step->own);
    free(step);
}

/* A thread's part of all layers. Threads meet twice a layer: what a thread convolves, its neighbours have made in part. */
static void run_part(const epo__dense_work *work, int thread)
{
    const epo__dense_step *step = work->step;
    const size_t pixels = work->images * step->pixels, from = epo__part_from(pixels, thread, work->threads);
    const size_t to = epo__part_from(pixels, thread + 1, work->threads);
    char *part = work->parts + (size_t)thread * step->part_size;
    step->kind->take(work, from, to);
    for (int i = 0; i < step->layers; i++) {
        step->kind->narrow(work, i, part, thread);
        if (work->threads > 1) {
#pragma omp barrier
        }
        step->kind->widen(work, i, part, thread);
        if (work->threads > 1) {
#pragma omp barrier
        }
    }
    if (step->kind->give) step->kind->give(work, from, to);
}

static epo_status run(void *state, const epo__frame *frame)
{
    const epo__dense_step *step = state;
    epo__dense_work work = {.step = step, .threads = frame->threads, .parts = frame->dnnl.scratch};
    work.shared = work.parts + (size_t)frame->threads * step->part_size;
    for (int i = 0; i < frame->group; i += step->together) {
        work.in = epo__frame_read(frame, &step->in) + (size_t)i * epo__shape_size(step->in.shape);
        work.out = epo__frame_write(frame, &step->out) + (size_t)i * epo__shape_size(step->out.shape);
        work.images = (size_t)(frame->group - i < step->together ? frame->group - i : step->together);
        if (work.threads == 1) {
            run_part(&work, 0);
            continue;
        }
#pragma omp parallel num_threads(work.threads)
        {
            epo__dense_work mine = work;
            mine.threads = omp_get_num_threads(); /* all parts are taken, however few the threads */
            run_part(&mine, omp_get_thread_num());
        }
    }
    return EPO_OK;
}

static epo_status make_norm(const epo__dense *dense, const epo__param *params, epo__dense_norm *norm)
{
    norm->channels = params[EPO__DENSE_BN1].count;
    norm->scale = epo__alloc(norm->channels, sizeof *norm->scale);
    norm->shift = epo__alloc(norm->channels, sizeof *norm->shift);
    norm->bias = epo__alloc((size_t)dense->middle, sizeof *norm->bias);
    if (!norm->scale || !norm->shift || !norm->bias) return epo__nomem("dense block");
    epo__batchnorm_fold(&params[EPO__DENSE_BN1], dense->eps, norm->scale, norm->shift);
    return EPO_OK;
}

static epo_status make(const epo__layer *layer, epo__plan_builder *builder, epo__dense_step *step)
{
    const epo__dense *dense = layer->state;
    step->in = *epo__builder_now(builder);
    step->out = (epo__tensor){.shape = layer->out, .place = EPO_AT_ARENA};
    step->pixels = (size_t)layer->in.height * (size_t)layer->in.width;
    step->growth = (size_t)dense->growth;
    step->middle = (size_t)dense->middle;
    const epo__tiling tiling = epo__tiling_make((size_t)layer->in.height, (size_t)layer->in.width);
    const size_t tiles = tiling.down * tiling.across;
    step->together = (int)((ENOUGH_TILES + tiles - 1) / tiles);
    if (step->together > epo__builder_batch(builder)) step->together = epo__builder_batch(builder);
    step->layers = dense->layers;
    step->norms = epo__alloc((size_t)dense->layers, sizeof *step->norms);
    step->own = epo__alloc(1, step->kind->own_size);
    epo_status status = step->norms && step->own ? EPO_OK : epo__nomem("dense block");
    for (int i = 0; i < dense->layers && status == EPO_OK; i++)
        status = make_norm(dense, layer->params + (size_t)i * EPO__DENSE_PARAMS, &step->norms[i]);
    if (status == EPO_OK) status = step->kind->make(layer, builder, step);
    if (status != EPO_OK) return status;
    epo__builder_scratch(builder, (size_t)epo__builder_threads(builder) * step->part_size + step->shared_size);
    return epo__builder_take(builder, epo__shape_size(layer->out), &step->out.offset);
}

epo_status epo__dense_plan(const epo__layer *layer, const epo__dense_kind *kind, epo__plan_builder *builder)
{
    epo_status status = epo__builder_to_arena(builder);
    if (status != EPO_OK) return status;
    epo__dense_step *step = epo__alloc(1, sizeof *step);
    if (step) step->kind = kind;
    status = step ? make(layer, builder, step) : epo__nomem("dense block");
    if (status != EPO_OK) {
        release(step);
        return status;
    }
    epo__tensor out = step->out;
    status = epo__builder_group_step(builder, step->together, run, release, step);
    if (status == EPO_OK) epo__builder_become(builder, out);
    return status;
}
