/* SPDX-License-Identifier: BSD-3-Clause
 * plan.h - how a layer is put into a plan.
 *
 * A plan is a list of steps. A *sample step* sees one sample; consecutive ones are run through for one sample after the
 * other, so that what passes between them stays in the cache, and for several samples at once by several threads, each
 * in a lane of its own. A *group step* sees a few samples at a time, one behind the other: for a layer whose weights are
 * large beside one small image. A *row step* sees all samples, as a matrix with one row a sample, so that matrix products are
 * large.
 *
 * A tensor lies either in the lane's arena, as H x W x C (which every oneDNN kernel likes, and in which joining
 * channels needs no sorting), or in one of two row buffers, or is the caller's input; the latter are count x (C x H x
 * W), plain.
 *
 * Layers are planned in order. One may leave its operation pending, so that the next melts into it: batch norm into a
 * convolution's weights, ReLU into whatever is before it.
 */
#ifndef EPO_NN_PLAN_H
#define EPO_NN_PLAN_H

#include "nn/net.h"
#include "nn/onednn.h"
#include "nn/product_narrow.h"

typedef enum epo__place { EPO_AT_INPUT, EPO_AT_ROWS0, EPO_AT_ROWS1, EPO_AT_ARENA } epo__place;

typedef struct epo__tensor {
    epo__shape shape;
    epo__place place;
    size_t offset; /* floats from the start of the arena */
} epo__tensor;

/* What a step sees while it runs. */
typedef struct epo__frame {
    const float *input; /* the caller's */
    float *rows[2];
    float *arena; /* this lane's */
    int slots;    /* samples that it has room for */
    int slot;     /* where this one lies in it */
    epo__dnnl_lane dnnl;
    int sample;         /* of a sample step, the first of a group step; 0 in a row step */
    int group;          /* samples of a group step, in slots 0, 1 and so on */
    int count;          /* samples in this run */
    int threads;        /* that a step may use inside */
    const int *lengths; /* of the sequences, in a recurrent net */
    const epo__draw *draw; /* of a plan with dropout */
} epo__frame;

const float *epo__frame_read(const epo__frame *frame, const epo__tensor *tensor);
float *epo__frame_write(const epo__frame *frame, const epo__tensor *tensor); /* not for EPO_AT_INPUT */
/* Arena memory of a step's own, taken at `offset`. */
float *epo__frame_work(const epo__frame *frame, size_t offset);
/* Floats of the tensor that a step sees: of one sample in the arena, of all in rows. */
size_t epo__frame_size(const epo__frame *frame, const epo__tensor *tensor);

typedef epo_status (*epo__step_fn)(void *state, const epo__frame *frame);
typedef void (*epo__release_fn)(void *state);

typedef struct epo__plan_builder epo__plan_builder;

/* An operation that is not yet in the plan. All functions get `state`; `release` frees it. */
typedef struct epo__pending {
    void *state;
    epo_status (*emit)(epo__plan_builder *builder, void *state, bool relu); /* puts it into the plan */
    void (*scale)(void *state, const float *scale, const float *shift);     /* y -> y * scale[c] + shift[c] after it */
    epo__release_fn release;
} epo__pending;

/* What the plan is for. */
int epo__builder_batch(const epo__plan_builder *builder);
int epo__builder_lanes(const epo__plan_builder *builder);
int epo__builder_threads(const epo__plan_builder *builder); /* inside a step */
/* The prefix of the layers' names when dropout is to drop; NULL when it is left out. */
const char *epo__builder_dropout(const epo__plan_builder *builder);

/* Whether convolutions are to compute in narrow numbers, and in which. */
bool epo__builder_is_narrow(const epo__plan_builder *builder, epo__narrow_type *type);

/* The tensor that the steps so far give; a pending operation is not in it. */
const epo__tensor *epo__builder_now(const epo__plan_builder *builder);

/* Puts a pending operation, with a ReLU behind it if `relu`, into the plan. */
epo_status epo__builder_settle(epo__plan_builder *builder, bool relu);
/* The operation waiting at this point, or NULL. */
const epo__pending *epo__builder_pending(const epo__plan_builder *builder);
/* Leaves an operation pending, after settling the one before. The builder owns pending.state, also on failure. */
epo_status epo__builder_defer(epo__plan_builder *builder, epo__pending pending);

/* Settles, and moves the tensor to where the next step wants it. */
epo_status epo__builder_to_arena(epo__plan_builder *builder);
epo_status epo__builder_to_rows(epo__plan_builder *builder);
/* To either, where a step that works in place may have it with the channels of a pixel side by side. */
epo_status epo__builder_to_place(epo__plan_builder *builder);

/* Arena memory from here on, until given back; the tensor at this point is what epo__builder_become made it, and is
 * given back when the next one takes its place. */
epo_status epo__builder_take(epo__plan_builder *builder, size_t floats, size_t *offset);
void epo__builder_give(epo__plan_builder *builder, size_t offset);
void epo__builder_become(epo__plan_builder *builder, epo__tensor tensor);
/* A shape alone changes: flatten of a plain tensor. */
void epo__builder_reshape(epo__plan_builder *builder, epo__shape shape);
/* The row buffer that the tensor does not lie in, made large enough for `shape`. */
epo__tensor epo__builder_other_rows(epo__plan_builder *builder, epo__shape shape);
/* Scratch memory that each lane must have, in frame.dnnl.scratch, for one step. */
void epo__builder_scratch(epo__plan_builder *builder, size_t bytes);

/* Adds a step. The plan owns `state`, also on failure; release frees it (NULL: free()). */
epo_status epo__builder_sample_step(epo__plan_builder *builder, epo__step_fn run, epo__release_fn release, void *state);
/* `wish`: samples that should go together; there are fewer where a batch is small. */
epo_status epo__builder_group_step(epo__plan_builder *builder, int wish, epo__step_fn run, epo__release_fn release,
                                   void *state);
epo_status epo__builder_row_step(epo__plan_builder *builder, epo__step_fn run, epo__release_fn release, void *state);
/* One or the other, by where the tensor is: for a step in place, which finds epo__frame_size() numbers. */
epo_status epo__builder_place_step(epo__plan_builder *builder, epo__step_fn run, epo__release_fn release, void *state);

/* About the largest number of each channel after a batch norm and ReLU, by its weight and bias: what comes before had mean
 * 0 and variance 1 in training. Never 0. */
void epo__batchnorm_reach(const epo__param *params, float *reach);

/* Scale and shift of a batch norm: params[0..3] are weight, bias, running_mean, running_var. */
void epo__batchnorm_fold(const epo__param *params, double eps, float *scale, float *shift);

#endif
