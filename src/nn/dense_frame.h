/* SPDX-License-Identifier: BSD-3-Clause
 * dense_frame.h - what a dense block is in a plan, whatever its numbers: images that go through its pairs of convolutions
 * together, and threads that share them and meet twice a pair. A kind of numbers (dense.c: float32, dense_narrow.c) brings the
 * convolutions. */
#ifndef EPO_NN_DENSE_FRAME_H
#define EPO_NN_DENSE_FRAME_H

#include "nn/dense.h"

typedef struct epo__dense_kind epo__dense_kind;

/* The batch norms of a pair of convolutions, folded. */
typedef struct epo__dense_norm {
    size_t channels;             /* that the pair sees */
    float *scale, *shift, *bias; /* of the first, over `channels`; of the second, which is in conv1's weights */
} epo__dense_norm;

typedef struct epo__dense_step {
    const epo__dense_kind *kind;
    epo__tensor in, out;
    size_t pixels, growth, middle; /* of one image; channels */
    int together;                  /* images that are worked on at a time */
    int layers;
    epo__dense_norm *norms; /* one a layer */
    size_t part_size;       /* bytes of scratch memory that a thread has, whole lines: kind->make says */
    size_t shared_size;     /* and that all have together */
    void *own;              /* the kind's, of kind->own_size */
} epo__dense_step;

/* Some images on their way through the block. */
typedef struct epo__dense_work {
    const epo__dense_step *step;
    const float *in;
    float *out;
    char *parts, *shared; /* scratch memory */
    size_t images;
    int threads;
} epo__dense_work;

struct epo__dense_kind {
    size_t own_size; /* all zeros at first */
    epo_status (*make)(const epo__layer *layer, const epo__plan_builder *builder, epo__dense_step *step);
    void (*release)(epo__dense_step *step); /* what is in step->own; it may be half made */
    void (*take)(const epo__dense_work *work, size_t from, size_t to); /* pixels of the input to the block's channels */
    /* A thread's part of relu(bn2(conv1(relu(bn1(x))))), and of the 3 x 3 convolution, of one layer. */
    void (*narrow)(const epo__dense_work *work, int layer, char *part, int thread);
    void (*widen)(const epo__dense_work *work, int layer, char *part, int thread);
    void (*give)(const epo__dense_work *work, size_t from, size_t to); /* pixels of the block to the output; NULL: they are there */
};

/* The layer in narrow numbers (dense_narrow.c), and whether it is not too large for them. */
extern const epo__dense_kind epo__dense_narrow;
bool epo__dense_narrow_suits(const epo__layer *layer, epo__narrow_type type);

epo_status epo__dense_plan(const epo__layer *layer, const epo__dense_kind *kind, epo__plan_builder *builder);

#endif
