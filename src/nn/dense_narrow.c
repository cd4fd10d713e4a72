/* SPDX-License-Identifier: BSD-3-Clause
 * dense_narrow.c - a dense block whose convolutions compute in bfloat16 or whole numbers of 8 bits. All channels of the
 * block lie in bfloat16, and so does what is between the convolutions, which is half to read: that is what takes the
 * time where a processor has products of narrow numbers. As in dense.c otherwise.
 *
 * In whole numbers the input of a 1 x 1 convolution has a unit for each pixel, that of a 3 x 3 convolution one for the
 * image: a 255th of the largest number, which is known when it has been computed. Channels share it, so each is divided by
 * what it reaches, about, and the weights behind it make up for that (Nagel et al. 2019, ICCV, 1325). */
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "nn/dense.h"
#include "nn/narrow_conv.h"
#include "nn/narrow_kernels.h"

enum { STRIP_BYTES = 131072 };

struct pair {
    size_t channels; /* that it sees */
    size_t strip;    /* pixels worked on at a time */
    float *scale, *shift, *bias;
    epo__narrow narrow;
    epo__narrow_conv widen;
};

struct step {
    epo__narrow_type type;
    epo__tensor in, out;
    size_t pixels, middle; /* of one image; channels */
    int together;          /* images that are worked on at a time */
    size_t part_size;      /* bytes of scratch memory that a thread has */
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
        free(step->pairs[i].bias);
        epo__narrow_release(&step->pairs[i].narrow);
        epo__narrow_conv_release(&step->pairs[i].widen);
    }
    free(step->pairs);
    free(step);
}

/* Some images on their way through the block. */
struct work {
    const struct step *step;
    const float *in;
    float *out;
    epo__bf16 *all;    /* every channel of the block */
    epo__bf16 *middle; /* what is between the convolutions */
    float *largest;    /* of it, a thread's part of an image: threads x images */
    char *scratch;
    size_t images;
    int threads;
};

/* A thread's scratch memory in the 1 x 1 convolution: a pixel's channels, units of pixels, their narrow numbers. In bytes
 * from its beginning. */
typedef struct layout {
    size_t units, numbers, end;
} layout;

static layout lay_out(const struct step *step, const struct pair *pair)
{
    const size_t size = step->type == EPO__BF16 ? sizeof(epo__bf16) : sizeof(uint8_t), width = pair->narrow.width;
    layout l = {.units = epo__whole_lines(pair->channels * sizeof(float))};
    l.numbers = l.units + epo__whole_lines(pair->strip * sizeof(float));
    l.end = l.numbers + epo__whole_lines((pair->strip * width + epo__narrow_beyond(&pair->narrow, width)) * size);
    return l;
}

/* relu(bn2(conv1(relu(bn1(x))))) of pixels [from, to) of all images */
static void narrow(const struct work *work, const struct pair *pair, char *scratch, size_t from, size_t to)
{
    const struct step *step = work->step;
    const size_t total = (size_t)step->out.shape.channels, width = pair->narrow.width;
    const epo__after after = {pair->bias, true};
    const layout l = lay_out(step, pair);
    float *row = (float *)(void *)scratch, *units = (float *)(void *)(scratch + l.units);
    void *numbers = scratch + l.numbers;
    const epo__narrow_rows a = {numbers, width, 0, step->type == EPO__BF16 ? NULL : units};
    for (size_t p = from, n; p < to; p += n) {
        const epo__bf16 *x = work->all + p * total;
        const epo__narrow_out out = {work->middle + p * step->middle, step->middle, EPO__OUT_BF16};
        n = to - p < pair->strip ? to - p : pair->strip;
        if (step->type == EPO__BF16)
            epo__affine_relu_bf16(x, total, numbers, width, pair->scale, pair->shift, pair->channels, n);
        else
            epo__affine_relu_whole(x, total, numbers, width, pair->scale, pair->shift, pair->channels, n, row, units);
        epo__narrow_multiply(&pair->narrow, &a, n, &after, &out);
    }
}

/* A thread's part of `count` things of each image, as far as it lies in image i: [from, to). */
static void part_in_image(const struct work *work, size_t count, int thread, size_t i, size_t *from, size_t *to)
{
    const size_t all = work->images * count, begin = i * count, end = begin + count;
    *from = epo__part_from(all, thread, work->threads);
    *to = epo__part_from(all, thread + 1, work->threads);
    *from = *from < begin ? begin : *from > end ? end : *from;
    *to = *to < begin ? begin : *to > end ? end : *to;
}

static void narrow_part(const struct work *work, const struct pair *pair, char *scratch, int thread)
{
    const struct step *step = work->step;
    for (size_t i = 0; i < work->images; i++) {
        size_t from, to;
        part_in_image(work, step->pixels, thread, i, &from, &to);
        narrow(work, pair, scratch, from, to);
        if (step->type == EPO__INT8)
            work->largest[(size_t)thread * work->images + i] =
                epo__largest_bf16(work->middle + from * step->middle, (to - from) * step->middle);
    }
}

/* The new channels of a thread's part of the rows. */
static void widen_part(const struct work *work, const struct pair *pair, char *scratch, int thread)
{
    const struct step *step = work->step;
    const size_t total = (size_t)step->out.shape.channels, height = (size_t)step->out.shape.height;
    for (size_t i = 0; i < work->images; i++) {
        size_t from, to;
        epo__narrow_image image = {.pixels = work->middle + i * step->pixels * step->middle, .narrow = true};
        const epo__narrow_out out = {work->all + i * step->pixels * total + pair->channels, total, EPO__OUT_BF16};
        part_in_image(work, height, thread, i, &from, &to);
        for (size_t t = 0; step->type == EPO__INT8 && t < (size_t)work->threads; t++)
            image.largest = fmaxf(image.largest, work->largest[t * work->images + i]);
        epo__narrow_conv_run(&pair->widen, &image, from - i * height, to - i * height, scratch, &out);
    }
}

/* A thread's part of all layers. Threads meet twice a layer: a row needs pixels of its neighbours. */
static void run_part(const struct work *work, int thread)
{
    const struct step *step = work->step;
    const size_t first = (size_t)step->in.shape.channels, total = (size_t)step->out.shape.channels;
    const size_t pixels = work->images * step->pixels, from = epo__part_from(pixels, thread, work->threads);
    const size_t to = epo__part_from(pixels, thread + 1, work->threads);
    char *scratch = work->scratch + (size_t)thread * step->part_size;
    for (size_t p = from; p < to; p++) epo__to_bf16(work->in + p * first, work->all + p * total, first);
    for (int i = 0; i < step->layers; i++) {
        narrow_part(work, &step->pairs[i], scratch, thread);
        if (work->threads > 1) {
#pragma omp barrier
        }
        widen_part(work, &step->pairs[i], scratch, thread);
        if (work->threads > 1) {
#pragma omp barrier
        }
    }
    epo__from_bf16(work->all + from * total, work->out + from * total, (to - from) * total);
}

static epo_status run(void *state, const epo__frame *frame)
{
    const struct step *step = state;
    struct work work = {.step = step, .threads = frame->threads, .scratch = frame->dnnl.scratch};
    char *shared = work.scratch + (size_t)frame->threads * step->part_size;
    const size_t pixels = (size_t)step->together * step->pixels;
    work.all = (epo__bf16 *)(void *)shared;
    shared += epo__whole_lines(pixels * (size_t)step->out.shape.channels * sizeof *work.all);
    work.middle = (epo__bf16 *)(void *)shared;
    work.largest = (float *)(void *)(shared + epo__whole_lines(pixels * step->middle * sizeof *work.middle));
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
            struct work mine = work;
            mine.threads = omp_get_num_threads(); /* all parts are taken, however few the threads */
            run_part(&mine, omp_get_thread_num());
        }
    }
    return EPO_OK;
}

/* The weights of a pair, on their way into products, and what its channels are divided by. */
struct draft {
    float *narrow, *widen;                  /* middle x channels; growth x middle x 3 x 3 */
    float *channels_reach, *middle_reach;
};

static void draft_release(struct draft *draft)
{
    free(draft->narrow);
    free(draft->widen);
    free(draft->channels_reach);
    free(draft->middle_reach);
}

static epo_status draft_make(const epo__dense *dense, const epo__param *params, size_t channels, float *bias, struct draft *draft)
{
    const epo__param *conv1 = &params[EPO__DENSE_CONV1], *conv2 = &params[EPO__DENSE_CONV2];
    *draft = (struct draft){epo__alloc(conv1->count, sizeof(float)), epo__alloc(conv2->count, sizeof(float)),
                            epo__alloc(channels, sizeof(float)), epo__alloc((size_t)dense->middle, sizeof(float))};
    if (!draft->narrow || !draft->widen || !draft->channels_reach || !draft->middle_reach) return epo__nomem("dense block");
    epo__batchnorm_reach(&params[EPO__DENSE_BN1], draft->channels_reach);
    epo__batchnorm_reach(&params[EPO__DENSE_BN2], draft->middle_reach);
    memcpy(draft->widen, conv2->value, conv2->count * sizeof(float));
    return epo__dense_fold(dense, params, channels, draft->narrow, bias);
}

static void even_out(const struct draft *draft, size_t growth, size_t middle, struct pair *pair)
{
    for (size_t c = 0; c < pair->channels; c++) {
        pair->scale[c] /= draft->channels_reach[c];
        pair->shift[c] /= draft->channels_reach[c];
    }
    for (size_t m = 0; m < middle; m++) {
        pair->bias[m] /= draft->middle_reach[m];
        for (size_t c = 0; c < pair->channels; c++)
            draft->narrow[m * pair->channels + c] *= draft->channels_reach[c] / draft->middle_reach[m];
        for (size_t g = 0; g < growth; g++)
            for (size_t i = 0; i < 9; i++) draft->widen[(g * middle + m) * 9 + i] *= draft->middle_reach[m];
    }
}

static epo_status make_products(const epo__layer *layer, epo__narrow_type type, const struct draft *draft, struct pair *pair)
{
    const epo__dense *dense = layer->state;
    const epo__conv_geometry geometry = {.in_channels = dense->middle,
                                         .height = layer->in.height,
                                         .width = layer->in.width,
                                         .out_channels = dense->growth,
                                         .out_height = layer->in.height,
                                         .out_width = layer->in.width,
                                         .kernel = 3,
                                         .stride = 1,
                                         .pad_top = 1,
                                         .pad_left = 1,
                                         .pad_bottom = 1,
                                         .pad_right = 1};
    epo_status status =
        epo__narrow_make(type, 1, pair->channels, (size_t)dense->middle, draft->narrow, 1, pair->channels, &pair->narrow);
    if (status == EPO_OK) status = epo__narrow_conv_make(type, &geometry, draft->widen, NULL, false, &pair->widen);
    return status;
}

static epo_status make_pair(const epo__layer *layer, const epo__param *params, epo__narrow_type type, struct pair *pair)
{
    const epo__dense *dense = layer->state;
    struct draft draft;
    pair->channels = params[EPO__DENSE_BN1].count;
    pair->scale = epo__alloc(pair->channels, sizeof *pair->scale);
    pair->shift = epo__alloc(pair->channels, sizeof *pair->shift);
    pair->bias = epo__alloc((size_t)dense->middle, sizeof *pair->bias);
    if (!pair->scale || !pair->shift || !pair->bias) return epo__nomem("dense block");
    epo__batchnorm_fold(&params[EPO__DENSE_BN1], dense->eps, pair->scale, pair->shift);
    epo_status status = draft_make(dense, params, pair->channels, pair->bias, &draft);
    if (status == EPO_OK && type == EPO__INT8) even_out(&draft, (size_t)dense->growth, (size_t)dense->middle, pair);
    if (status == EPO_OK) status = make_products(layer, type, &draft, pair);
    draft_release(&draft);
    if (status != EPO_OK) return status;
    const size_t rows = epo__narrow_rows_together(&pair->narrow);
    const size_t strips = STRIP_BYTES / (pair->narrow.width * sizeof(epo__bf16) * rows);
    pair->strip = rows * (strips > 0 ? strips : 1);
    return EPO_OK;
}

/* Each thread has a part, for either convolution; what is between them belongs to all. */
static void ask_scratch(epo__plan_builder *builder, struct step *step)
{
    const size_t threads = (size_t)epo__builder_threads(builder), together = (size_t)step->together;
    for (int i = 0; i < step->layers; i++) {
        const size_t strip = lay_out(step, &step->pairs[i]).end;
        const size_t conv = epo__narrow_conv_scratch(&step->pairs[i].widen);
        if (strip > step->part_size) step->part_size = strip;
        if (conv > step->part_size) step->part_size = conv;
    }
    const size_t pixels = together * step->pixels, channels = (size_t)step->out.shape.channels;
    epo__builder_scratch(builder, threads * step->part_size + epo__whole_lines(pixels * channels * sizeof(epo__bf16)) +
                                      epo__whole_lines(pixels * step->middle * sizeof(epo__bf16)) +
                                      threads * together * sizeof(float));
}

static epo_status make_step(const epo__layer *layer, epo__narrow_type type, epo__plan_builder *builder, struct step *step)
{
    enum { ENOUGH_PIXELS = 512 }; /* that it is worth reading the weights for */
    const epo__dense *dense = layer->state;
    step->type = type;
    step->in = *epo__builder_now(builder);
    step->out = (epo__tensor){.shape = layer->out, .place = EPO_AT_ARENA};
    step->pixels = (size_t)layer->in.height * (size_t)layer->in.width;
    step->middle = (size_t)dense->middle;
    step->together = (int)((ENOUGH_PIXELS + step->pixels - 1) / step->pixels);
    if (step->together > epo__builder_batch(builder)) step->together = epo__builder_batch(builder);
    step->layers = dense->layers;
    step->pairs = epo__alloc((size_t)dense->layers, sizeof *step->pairs);
    epo_status status = step->pairs ? EPO_OK : epo__nomem("dense block");
    for (int i = 0; i < dense->layers && status == EPO_OK; i++)
        status = make_pair(layer, layer->params + (size_t)i * EPO__DENSE_PARAMS, step->type, &step->pairs[i]);
    if (status != EPO_OK) return status;
    ask_scratch(builder, step);
    return epo__builder_take(builder, epo__shape_size(layer->out), &step->out.offset);
}

bool epo__dense_narrow_suits(const epo__layer *layer, epo__narrow_type type)
{
    enum { ROOM = 64 }; /* elements that a row of weights is rounded up by, at most */
    const epo__dense *dense = layer->state;
    return epo__narrow_fits(type, (size_t)layer->out.channels + ROOM) && epo__narrow_fits(type, 3 * (3 * (size_t)dense->middle + ROOM));
}

epo_status epo__dense_plan_narrow(const epo__layer *layer, epo__narrow_type type, epo__plan_builder *builder)
{
    epo_status status = epo__builder_to_arena(builder);
    if (status != EPO_OK) return status;
    struct step *step = epo__alloc(1, sizeof *step);
    status = step ? make_step(layer, type, builder, step) : epo__nomem("dense block");
    if (status != EPO_OK) {
        release(step);
        return status;
    }
    epo__tensor out = step->out;
    status = epo__builder_group_step(builder, step->together, run, release, step);
    if (status == EPO_OK) epo__builder_become(builder, out);
    return status;
}
