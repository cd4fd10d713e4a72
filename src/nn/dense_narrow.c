/* SPDX-License-Identifier: BSD-3-Clause
 * dense_narrow.c - a dense block whose convolutions compute in bfloat16 or whole numbers of 8 bits. All channels of the
 * block lie in bfloat16, and so does what is between the convolutions, which is half to read: that is what takes the
 * time where a processor has products of narrow numbers. As in dense.c otherwise.
 *
 * In whole numbers the input of a 1 x 1 convolution has a unit for each pixel, that of a 3 x 3 convolution one for the
 * image: a 255th of the largest number, which is known when it has been computed. Channels share it, so each is divided by
 * what it reaches, about, and the weights behind it make up for that (Nagel et al. 2019, ICCV, 1325). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "nn/dense_frame.h"
#include "nn/narrow_conv.h"
#include "nn/narrow_kernels.h"

enum { STRIP_BYTES = 131072 };

struct pair {
    size_t strip; /* pixels worked on at a time */
    epo__narrow narrow;
    epo__narrow_conv widen;
};

/* step->own */
struct block {
    epo__narrow_type type;
    struct pair *pairs;
    size_t middle_at, largest_at; /* in the memory that threads share, behind every channel of the block */
};

static void release(epo__dense_step *step)
{
    struct block *block = step->own;
    for (int i = 0; block->pairs && i < step->layers; i++) {
        epo__narrow_release(&block->pairs[i].narrow);
        epo__narrow_conv_release(&block->pairs[i].widen);
    }
    free(block->pairs);
}

/* Every channel of the block; what is between the convolutions; the largest number of that, a thread's part of an image: threads
 * x images. */
static epo__bf16 *all_of(const epo__dense_work *work)
{
    return (epo__bf16 *)(void *)work->shared;
}

static epo__bf16 *middle_of(const epo__dense_work *work)
{
    const struct block *block = work->step->own;
    return (epo__bf16 *)(void *)(work->shared + block->middle_at);
}

static float *largest_of(const epo__dense_work *work)
{
    const struct block *block = work->step->own;
    return (float *)(void *)(work->shared + block->largest_at);
}

/* A thread's scratch memory in the 1 x 1 convolution: a pixel's channels, units of pixels, their narrow numbers. In bytes
 * from its beginning. */
typedef struct layout {
    size_t units, numbers, end;
} layout;

static layout lay_out(const epo__dense_step *step, int number)
{
    const struct block *block = step->own;
    const struct pair *pair = &block->pairs[number];
    const size_t size = block->type == EPO__BF16 ? sizeof(epo__bf16) : sizeof(uint8_t), width = pair->narrow.width;
    layout l = {.units = epo__whole_lines(step->norms[number].channels * sizeof(float))};
    l.numbers = l.units + epo__whole_lines(pair->strip * sizeof(float));
    l.end = l.numbers + epo__whole_lines((pair->strip * width + epo__narrow_beyond(&pair->narrow, width)) * size);
    return l;
}

/* The 1 x 1 convolution of pixels [from, to) of all images */
static void narrow_pixels(const epo__dense_work *work, int layer, char *part, size_t from, size_t to)
{
    const epo__dense_step *step = work->step;
    const struct block *block = step->own;
    const struct pair *pair = &block->pairs[layer];
    const epo__dense_norm *norm = &step->norms[layer];
    const size_t total = (size_t)step->out.shape.channels, width = pair->narrow.width;
    const epo__after after = {norm->bias, true};
    const layout l = lay_out(step, layer);
    float *row = (float *)(void *)part, *units = (float *)(void *)(part + l.units);
    void *numbers = part + l.numbers;
    const epo__narrow_rows a = {numbers, width, 0, block->type == EPO__BF16 ? NULL : units};
    for (size_t p = from, n; p < to; p += n) {
        const epo__bf16 *x = all_of(work) + p * total;
        const epo__narrow_out out = {middle_of(work) + p * step->middle, step->middle, EPO__OUT_BF16};
        n = to - p < pair->strip ? to - p : pair->strip;
        if (block->type == EPO__BF16)
            epo__affine_relu_bf16(x, total, numbers, width, norm->scale, norm->shift, norm->channels, n);
        else
            epo__affine_relu_whole(x, total, numbers, width, norm->scale, norm->shift, norm->channels, n, row, units);
        epo__narrow_multiply(&pair->narrow, &a, n, &after, &out);
    }
}

/* A thread's part of `count` things of each image, as far as it lies in image i: [from, to). */
static void part_in_image(const epo__dense_work *work, size_t count, int thread, size_t i, size_t *from, size_t *to)
{
    const size_t all = work->images * count, begin = i * count, end = begin + count;
    *from = epo__part_from(all, thread, work->threads);
    *to = epo__part_from(all, thread + 1, work->threads);
    *from = *from < begin ? begin : *from > end ? end : *from;
    *to = *to < begin ? begin : *to > end ? end : *to;
}

static void narrow(const epo__dense_work *work, int layer, char *part, int thread)
{
    const epo__dense_step *step = work->step;
    const struct block *block = step->own;
    for (size_t i = 0; i < work->images; i++) {
        size_t from, to;
        part_in_image(work, step->pixels, thread, i, &from, &to);
        narrow_pixels(work, layer, part, from, to);
        if (block->type == EPO__INT8)
            largest_of(work)[(size_t)thread * work->images + i] =
                epo__largest_bf16(middle_of(work) + from * step->middle, (to - from) * step->middle);
    }
}

/* The new channels of a thread's part of the rows. */
static void widen(const epo__dense_work *work, int layer, char *part, int thread)
{
    const epo__dense_step *step = work->step;
    const struct block *block = step->own;
    const size_t total = (size_t)step->out.shape.channels, height = (size_t)step->out.shape.height;
    for (size_t i = 0; i < work->images; i++) {
        size_t from, to;
        epo__narrow_image image = {.pixels = middle_of(work) + i * step->pixels * step->middle, .narrow = true};
        const epo__narrow_out out = {all_of(work) + i * step->pixels * total + step->norms[layer].channels, total, EPO__OUT_BF16};
        part_in_image(work, height, thread, i, &from, &to);
        for (size_t t = 0; block->type == EPO__INT8 && t < (size_t)work->threads; t++)
            image.largest = fmaxf(image.largest, largest_of(work)[t * work->images + i]);
        epo__narrow_conv_run(&block->pairs[layer].widen, &image, from - i * height, to - i * height, part, &out);
    }
}

static void take(const epo__dense_work *work, size_t from, size_t to)
{
    const size_t first = (size_t)work->step->in.shape.channels, total = (size_t)work->step->out.shape.channels;
    for (size_t p = from; p < to; p++) epo__to_bf16(work->in + p * first, all_of(work) + p * total, first);
}

static void give(const epo__dense_work *work, size_t from, size_t to)
{
    const size_t total = (size_t)work->step->out.shape.channels;
    epo__from_bf16(all_of(work) + from * total, work->out + from * total, (to - from) * total);
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

static void even_out(const struct draft *draft, size_t growth, size_t middle, epo__dense_norm *norm)
{
    for (size_t c = 0; c < norm->channels; c++) {
        norm->scale[c] /= draft->channels_reach[c];
        norm->shift[c] /= draft->channels_reach[c];
    }
    for (size_t m = 0; m < middle; m++) {
        norm->bias[m] /= draft->middle_reach[m];
        for (size_t c = 0; c < norm->channels; c++)
            draft->narrow[m * norm->channels + c] *= draft->channels_reach[c] / draft->middle_reach[m];
        for (size_t g = 0; g < growth; g++)
            for (size_t i = 0; i < 9; i++) draft->widen[(g * middle + m) * 9 + i] *= draft->middle_reach[m];
    }
}

static epo_status make_products(const epo__layer *layer, epo__narrow_type type, const struct draft *draft, size_t channels,
                                struct pair *pair)
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
    epo_status status = epo__narrow_make(type, 1, channels, (size_t)dense->middle, draft->narrow, 1, channels, &pair->narrow);
    if (status == EPO_OK) status = epo__narrow_conv_make(type, &geometry, draft->widen, NULL, false, &pair->widen);
    return status;
}

static epo_status make_pair(const epo__layer *layer, const epo__param *params, epo__narrow_type type, epo__dense_norm *norm, struct pair *pair)
{
    const epo__dense *dense = layer->state;
    struct draft draft;
    epo_status status = draft_make(dense, params, norm->channels, norm->bias, &draft);
    if (status == EPO_OK && type == EPO__INT8) even_out(&draft, (size_t)dense->growth, (size_t)dense->middle, norm);
    if (status == EPO_OK) status = make_products(layer, type, &draft, norm->channels, pair);
    draft_release(&draft);
    if (status != EPO_OK) return status;
    const size_t rows = epo__narrow_rows_together(&pair->narrow);
    const size_t strips = STRIP_BYTES / (pair->narrow.width * sizeof(epo__bf16) * rows);
    pair->strip = rows * (strips > 0 ? strips : 1);
    return EPO_OK;
}

static epo_status make(const epo__layer *layer, const epo__plan_builder *builder, epo__dense_step *step)
{
    struct block *block = step->own;
    const size_t threads = (size_t)epo__builder_threads(builder), pixels = (size_t)step->together * step->pixels;
    epo__builder_is_narrow(builder, &block->type);
    block->pairs = epo__alloc((size_t)step->layers, sizeof *block->pairs);
    epo_status status = block->pairs ? EPO_OK : epo__nomem("dense block");
    for (int i = 0; i < step->layers && status == EPO_OK; i++) {
        struct pair *pair = &block->pairs[i];
        status = make_pair(layer, layer->params + (size_t)i * EPO__DENSE_PARAMS, block->type, &step->norms[i], pair);
        if (status != EPO_OK) break;
        const size_t strip = lay_out(step, i).end, conv = epo__narrow_conv_scratch(&pair->widen);
        if (strip > step->part_size) step->part_size = strip;
        if (conv > step->part_size) step->part_size = conv;
    }
    block->middle_at = epo__whole_lines(pixels * (size_t)step->out.shape.channels * sizeof(epo__bf16));
    block->largest_at = block->middle_at + epo__whole_lines(pixels * step->middle * sizeof(epo__bf16));
    step->shared_size = block->largest_at + threads * (size_t)step->together * sizeof(float);
    return status;
}

bool epo__dense_narrow_suits(const epo__layer *layer, epo__narrow_type type)
{
    enum { ROOM = 64 }; /* elements that a row of weights is rounded up by, at most */
    const epo__dense *dense = layer->state;
    return epo__narrow_fits(type, (size_t)layer->out.channels + ROOM) && epo__narrow_fits(type, 3 * (3 * (size_t)dense->middle + ROOM));
}

const epo__dense_kind epo__dense_narrow = {sizeof(struct block), make, release, take, narrow, widen, give};
