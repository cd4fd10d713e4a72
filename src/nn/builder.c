/* SPDX-License-Identifier: BSD-3-Clause
 * builder.c - putting layers into a plan: pending operations, places of tensors, arena memory. */
#include "nn/builder.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/kernels.h"

enum { ARENA_ALIGN = 16 }; /* floats; 64 bytes */

int epo__builder_batch(const epo__plan_builder *builder)
{
    return builder->batch;
}

int epo__builder_lanes(const epo__plan_builder *builder)
{
    return builder->lanes;
}

int epo__builder_threads(const epo__plan_builder *builder)
{
    return builder->threads;
}

bool epo__builder_is_narrow(const epo__plan_builder *builder, epo__narrow_type *type)
{
    *type = builder->precision == EPO__IN_BF16 ? EPO__BF16 : EPO__INT8;
    return builder->precision != EPO__IN_FLOAT32;
}

const char *epo__builder_dropout(const epo__plan_builder *builder)
{
    return builder->dropout;
}

const epo__tensor *epo__builder_now(const epo__plan_builder *builder)
{
    return &builder->now;
}

const float *epo__frame_read(const epo__frame *frame, const epo__tensor *tensor)
{
    if (tensor->place == EPO_AT_INPUT) return frame->input + (size_t)frame->sample * epo__shape_size(tensor->shape);
    return epo__frame_write(frame, tensor);
}

float *epo__frame_write(const epo__frame *frame, const epo__tensor *tensor)
{
    size_t size = epo__shape_size(tensor->shape);
    if (tensor->place == EPO_AT_ARENA) return epo__frame_work(frame, tensor->offset) + (size_t)frame->slot * size;
    return frame->rows[tensor->place - EPO_AT_ROWS0] + (size_t)frame->sample * size;
}

/* Blocks are as many times larger as there are slots, and so are the distances between them. */
float *epo__frame_work(const epo__frame *frame, size_t offset)
{
    return frame->arena + offset * (size_t)frame->slots;
}

size_t epo__frame_size(const epo__frame *frame, const epo__tensor *tensor)
{
    return epo__shape_size(tensor->shape) * (tensor->place == EPO_AT_ARENA ? 1 : (size_t)frame->count);
}

void epo__steps_release(epo__step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) steps[i].release(steps[i].state);
}

static epo_status add_step(epo__plan_builder *builder, epo__step step)
{
    if (!step.release) step.release = free;
    if (!step.state) return epo__nomem("step of a plan");
    if (!epo__grow(&builder->steps, &builder->step_capacity, builder->step_count + 1, sizeof step)) {
        step.release(step.state);
        return epo__nomem("step of a plan");
    }
    builder->steps[builder->step_count++] = step;
    return EPO_OK;
}

epo_status epo__builder_sample_step(epo__plan_builder *builder, epo__step_fn run, epo__release_fn release, void *state)
{
    return add_step(builder, (epo__step){run, release, state, EPO__BY_SAMPLE});
}

epo_status epo__builder_group_step(epo__plan_builder *builder, int wish, epo__step_fn run, epo__release_fn release,
                                   void *state)
{
    if (wish > builder->group_wish) builder->group_wish = wish;
    return add_step(builder, (epo__step){run, release, state, EPO__BY_GROUP});
}

epo_status epo__builder_row_step(epo__plan_builder *builder, epo__step_fn run, epo__release_fn release, void *state)
{
    return add_step(builder, (epo__step){run, release, state, EPO__BY_ROWS});
}

epo_status epo__builder_place_step(epo__plan_builder *builder, epo__step_fn run, epo__release_fn release, void *state)
{
    return add_step(builder, (epo__step){run, release, state, builder->now.place == EPO_AT_ARENA ? EPO__BY_SAMPLE : EPO__BY_ROWS});
}

/* --- pending operations ---------------------------------------------------------------------------------------------
 */

const epo__pending *epo__builder_pending(const epo__plan_builder *builder)
{
    return builder->pending.emit ? &builder->pending : NULL;
}

epo_status epo__builder_settle(epo__plan_builder *builder, bool relu)
{
    epo__pending pending = builder->pending;
    if (!pending.emit) return EPO_OK;
    builder->pending = (epo__pending){0};
    epo_status status = pending.emit(builder, pending.state, relu);
    pending.release(pending.state);
    return status;
}

epo_status epo__builder_defer(epo__plan_builder *builder, epo__pending pending)
{
    epo_status status = epo__builder_settle(builder, false);
    if (status != EPO_OK) {
        pending.release(pending.state);
        return status;
    }
    builder->pending = pending;
    return EPO_OK;
}

/* --- arena memory
 * ----------------------------------------------------------------------------------------------------- */

epo_status epo__builder_take(epo__plan_builder *builder, size_t floats, size_t *offset)
{
    size_t size, end;
    /* kernels may read a vector past the end */
    if (!epo__size_add(floats, 2 * ARENA_ALIGN - 1, &size)) return epo__fail(EPO_ELIMIT, "activations are too large");
    size = size / ARENA_ALIGN * ARENA_ALIGN;
    if (builder->block_count == EPO__MAX_BLOCKS) return epo__fail(EPO_EINTERNAL, "too many tensors at a time");

    size_t start = 0; /* the first gap that is large enough */
    int place = 0;
    while (place < builder->block_count && builder->blocks[place].offset - start < size) {
        start = builder->blocks[place].offset + builder->blocks[place].size;
        place++;
    }
    if (!epo__size_add(start, size, &end) || end > 4 * EPO__MAX_ACTIVATIONS)
        return epo__fail(EPO_ELIMIT, "activations of a sample are over %zu elements", 4 * EPO__MAX_ACTIVATIONS);
    memmove(&builder->blocks[place + 1], &builder->blocks[place],
            (size_t)(builder->block_count - place) * sizeof *builder->blocks);
    builder->blocks[place].offset = start;
    builder->blocks[place].size = size;
    builder->block_count++;
    if (end > builder->arena_size) builder->arena_size = end;
    *offset = start;
    return EPO_OK;
}

void epo__builder_give(epo__plan_builder *builder, size_t offset)
{
    for (int i = 0; i < builder->block_count; i++)
        if (builder->blocks[i].offset == offset) {
            builder->block_count--;
            memmove(&builder->blocks[i], &builder->blocks[i + 1],
                    (size_t)(builder->block_count - i) * sizeof *builder->blocks);
            return;
        }
}

void epo__builder_scratch(epo__plan_builder *builder, size_t bytes)
{
    if (bytes > builder->scratch_size) builder->scratch_size = bytes;
}

/* --- places of tensors
 * -------------------------------------------------------------------------------------------------- */

void epo__builder_become(epo__plan_builder *builder, epo__tensor tensor)
{
    bool same_block = tensor.place == EPO_AT_ARENA && tensor.offset == builder->now.offset;
    if (builder->now.place == EPO_AT_ARENA && !same_block) epo__builder_give(builder, builder->now.offset);
    builder->now = tensor;
}

void epo__builder_reshape(epo__plan_builder *builder, epo__shape shape)
{
    builder->now.shape = shape;
}

epo__tensor epo__builder_other_rows(epo__plan_builder *builder, epo__shape shape)
{
    size_t size = epo__shape_size(shape);
    if (size > builder->row_size) builder->row_size = size;
    const epo__place now = builder->now.place;
    const bool in_rows = now == EPO_AT_ROWS0 || now == EPO_AT_ROWS1;
    builder->last_rows = (in_rows ? now : builder->last_rows) == EPO_AT_ROWS0 ? EPO_AT_ROWS1 : EPO_AT_ROWS0;
    return (epo__tensor){.shape = shape, .place = builder->last_rows};
}

struct move {
    epo__tensor in, out;
};

static epo_status run_to_arena(void *state, const epo__frame *frame)
{
    const struct move *m = state;
    epo__planes_to_pixels(epo__frame_read(frame, &m->in), epo__frame_write(frame, &m->out),
                          (size_t)m->in.shape.channels, (size_t)m->in.shape.height * (size_t)m->in.shape.width);
    return EPO_OK;
}

static epo_status run_to_rows(void *state, const epo__frame *frame)
{
    const struct move *m = state;
    const float *in = epo__frame_read(frame, &m->in);
    float *out = epo__frame_write(frame, &m->out);
    size_t pixels = (size_t)m->in.shape.height * (size_t)m->in.shape.width;
    if (m->in.place == EPO_AT_INPUT)
        memcpy(out, in, epo__shape_size(m->in.shape) * sizeof *out);
    else
        epo__pixels_to_planes(in, out, (size_t)m->in.shape.channels, pixels);
    return EPO_OK;
}

static epo_status add_move(epo__plan_builder *builder, epo__step_fn run, epo__tensor out)
{
    struct move *m = epo__alloc(1, sizeof *m);
    if (m) *m = (struct move){builder->now, out};
    epo_status status = epo__builder_sample_step(builder, run, NULL, m);
    if (status == EPO_OK) epo__builder_become(builder, out);
    return status;
}

epo_status epo__builder_to_arena(epo__plan_builder *builder)
{
    epo_status status = epo__builder_settle(builder, false);
    if (status != EPO_OK || builder->now.place == EPO_AT_ARENA) return status;
    epo__tensor out = {.shape = builder->now.shape, .place = EPO_AT_ARENA};
    status = epo__builder_take(builder, epo__shape_size(out.shape), &out.offset);
    return status == EPO_OK ? add_move(builder, run_to_arena, out) : status;
}

epo_status epo__builder_to_rows(epo__plan_builder *builder)
{
    epo_status status = epo__builder_settle(builder, false);
    if (status != EPO_OK || builder->now.place == EPO_AT_ROWS0 || builder->now.place == EPO_AT_ROWS1) return status;
    return add_move(builder, run_to_rows, epo__builder_other_rows(builder, builder->now.shape));
}

/* Rows are planes, in which channels do not alternate unless a plane is a single number. */
epo_status epo__builder_to_place(epo__plan_builder *builder)
{
    epo_status status = epo__builder_settle(builder, false);
    if (status != EPO_OK || builder->now.place == EPO_AT_ARENA) return status;
    return epo__shape_is_vector(builder->now.shape) ? epo__builder_to_rows(builder) : epo__builder_to_arena(builder);
}
