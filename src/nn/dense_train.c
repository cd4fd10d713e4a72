/* SPDX-License-Identifier: BSD-3-Clause
 * dense_train.c - a dense block in training.
 *
 * As in dense.c all channels of the block lie in one tensor, here of the whole batch; so do their gradients. What makes
 * it fast:
 *   - a channel's batch statistics are the same for every layer that sees it, and are taken once, when it is made;
 *   - bn1 and its ReLU are never stored: forward and backward redo them for a few pixels at a time, in the cache, right
 *     before the matrix product; only what comes out of the 1 x 1 convolutions is kept;
 *   - the terms with which batch statistics enter a gradient are a straight line in x (norm.h), so those of all
 *     layers that see a channel add up to one line a channel, drawn when the channel's own layer has its turn;
 *   - 3 x 3 convolutions, both ways, are Winograd's (winograd.h);
 *   - 1 x 1 convolutions may be in bfloat16 (dense_mixed.h).
 *
 * The work is cut into phases, between which the threads meet. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "nn/dense.h"
#include "nn/dense_kept.h"
#include "nn/dense_mixed.h"
#include "nn/gradkernels.h"
#include "nn/norm.h"
#include "nn/onednn.h"
#include "nn/product.h"
#include "nn/winograd.h"

/* What is worked on at a time should stay in a second-level cache of 1 to 2 MB, weights beside it. */
enum { CHUNK = 256, TILES = 64, TILES_BACK = 32 };

static const double momentum = 0.1; /* of running statistics, PyTorch's standard */

struct pair {
    size_t channels; /* that it sees */
    epo__norm bn1, bn2;
    const epo__param *conv1, *conv2;
    epo__mixed_pair mixed; /* conv1's weights in bfloat16 */
    epo__kept narrow;      /* what comes out of conv1: pixels x middle */
};

/* One thread's share, and its work space. */
struct part {
    float *chunk, *d_chunk;         /* CHUNK x total */
    float *narrow, *d_narrow;       /* CHUNK x middle */
    float *wide, *thin, *thin_back; /* 36 matrices: tiles x middle, tiles x growth, the same */
    epo__packed thin_packed;        /* one of the last */
    float *d_conv1, *d_conv2;       /* middle x total; 36 x middle x growth */
    epo__mixed_part mixed;
    epo_status status;
};

struct block {
    int layers, threads;
    bool mixed; /* 1 x 1 convolutions in bfloat16 */
    size_t first, growth, middle, total; /* channels */
    size_t image;                        /* pixels */
    epo__tiling tiling;
    struct pair *pairs;
    struct part *parts;
    epo__tally *tallies;     /* one a part */
    double *mean, *squares;  /* of all channels: moments of this batch */
    float *slope, *offset;   /* of all channels */
    float *slope2, *offset2; /* of a pair's middle */
    float *d_grown;          /* pixels x growth: gradient of what a pair adds */
    epo__kept d_narrow;      /* pixels x middle */
    float *weights;          /* 36 x middle x growth: a pair's, transformed */
    epo__packed forth, back; /* they, for the products of the two ways: middle x growth, growth x middle */
    /* of this run */
    size_t pixels, tiles;
    const float *in;
    float *out, *d_out;
};

static void release(void *state)
{
    struct block *b = state;
    if (!b) return;
    for (int i = 0; b->pairs && i < b->layers; i++) {
        epo__norm_release(&b->pairs[i].bn1);
        epo__norm_release(&b->pairs[i].bn2);
        epo__mixed_pair_release(&b->pairs[i].mixed);
        epo__kept_release(&b->pairs[i].narrow);
    }
    for (int i = 0; b->parts && i < b->threads; i++) {
        struct part *part = &b->parts[i];
        float *const memory[] = {part->chunk, part->d_chunk,   part->narrow,  part->d_narrow, part->wide,
                                 part->thin,  part->thin_back, part->d_conv1, part->d_conv2};
        for (size_t k = 0; k < sizeof memory / sizeof *memory; k++) free(memory[k]);
        epo__packed_release(&part->thin_packed);
        epo__mixed_part_release(&part->mixed);
    }
    epo__kept_release(&b->d_narrow);
    epo__packed_release(&b->forth);
    epo__packed_release(&b->back);
    epo__tallies_free(b->tallies, (size_t)b->threads);
    float *const memory[] = {b->slope, b->offset, b->slope2, b->offset2, b->d_grown, b->weights};
    for (size_t k = 0; k < sizeof memory / sizeof *memory; k++) free(memory[k]);
    free(b->mean);
    free(b->squares);
    free(b->pairs);
    free(b->parts);
    free(b);
}

/* A phase does part `i` of the work for one pair. */
typedef epo_status (*phase_fn)(struct block *b, struct pair *pair, int i);

static epo_status run_phase(struct block *b, struct pair *pair, phase_fn phase)
{
    if (b->threads == 1) return phase(b, pair, 0);
#pragma omp parallel for num_threads(b->threads) schedule(static, 1)
    for (int i = 0; i < b->threads; i++) b->parts[i].status = phase(b, pair, i);
    for (int i = 0; i < b->threads; i++) /* the message was left in a worker's thread */
        if (b->parts[i].status != EPO_OK) return epo__fail(b->parts[i].status, "a part of the dense block failed");
    return EPO_OK;
}

/* --- forward ------------------------------------------------------------------------------------------------------ */

/* Channels [c, c + count) of this part's pixels into the part's tally. */
static void measure(struct block *b, const float *x, size_t stride, size_t channels, int i)
{
    size_t from = epo__part_from(b->pixels, i, b->threads), to = epo__part_from(b->pixels, i + 1, b->threads);
    epo__tally_clear(&b->tallies[i], channels);
    epo__tally_moments(&b->tallies[i], x + from * stride, stride, to - from);
}

static epo_status take_input(struct block *b, struct pair *pair, int i)
{
    (void)pair;
    size_t from = epo__part_from(b->pixels, i, b->threads), to = epo__part_from(b->pixels, i + 1, b->threads);
    for (size_t p = from; p < to; p++) memcpy(b->out + p * b->total, b->in + p * b->first, b->first * sizeof *b->out);
    measure(b, b->in, b->first, b->first, i);
    return EPO_OK;
}

/* bn1's input and what it does, of `n` pixels */
static epo__mixed_input input_of(const struct block *b, const struct pair *pair, size_t from, size_t n)
{
    return (epo__mixed_input){b->out + from * b->total, b->total, n, pair->bn1.scale, pair->bn1.shift};
}

/* narrow = conv1(relu(bn1(x))) of `n` pixels */
static epo_status multiply_narrow(struct block *b, struct pair *pair, struct part *part, size_t from, size_t n, float *narrow)
{
    size_t c = pair->channels;
    if (b->mixed) {
        const epo__mixed_input in = input_of(b, pair, from, n);
        epo__mixed_forward(&pair->mixed, &part->mixed, &in, narrow);
        return EPO_OK;
    }
    epo__affine(b->out + from * b->total, b->total, part->chunk, c, pair->bn1.scale, pair->bn1.shift, c, n, true, 1);
    return epo__sgemm(false, true, n, b->middle, c, part->chunk, c, pair->conv1->value, c, 0, narrow, b->middle);
}

/* narrow and its moments */
static epo_status make_narrow(struct block *b, struct pair *pair, int i)
{
    struct part *part = &b->parts[i];
    epo__tally *tally = &b->tallies[i];
    size_t last = epo__part_from(b->pixels, i + 1, b->threads), n;
    epo__tally_clear(tally, b->middle);
    for (size_t from = epo__part_from(b->pixels, i, b->threads); from < last; from += n) {
        float *narrow = epo__kept_room(&pair->narrow, from, part->narrow);
        n = last - from < CHUNK ? last - from : CHUNK;
        epo_status status = multiply_narrow(b, pair, part, from, n, narrow);
        if (status != EPO_OK) return status;
        epo__kept_put(&pair->narrow, from, n, narrow);
        epo__tally_moments(tally, epo__kept_get(&pair->narrow, from, n, part->narrow), b->middle, n);
    }
    return EPO_OK;
}

/* This part's rows of the transformed weights. */
static void pack_weights(const struct block *b, const epo__packed *packed, int i)
{
    for (size_t k = 0; k < EPO__POSITIONS; k++)
        epo__packed_put(packed, k, epo__part_from(packed->k, i, b->threads), epo__part_from(packed->k, i + 1, b->threads),
                        b->weights + k * b->middle * b->growth);
}

static epo_status spread_weights(struct block *b, struct pair *pair, int i)
{
    epo__winograd_weights(pair->conv2->value, b->growth, b->middle, b->weights,
                          epo__part_from(b->middle, i, b->threads), epo__part_from(b->middle, i + 1, b->threads));
    pack_weights(b, &b->forth, i);
    return EPO_OK;
}

/* x[channels ...] = conv2(relu(bn2(narrow))) */
static epo_status grow(struct block *b, struct pair *pair, int i)
{
    struct part *part = &b->parts[i];
    size_t last = epo__part_from(b->tiles, i + 1, b->threads), n;
    for (size_t t = epo__part_from(b->tiles, i, b->threads); t < last; t += n) {
        n = last - t < TILES ? last - t : TILES;
        size_t wide = epo__winograd_step(n, b->middle), thin = epo__winograd_step(n, b->growth);
        epo__kept_spread(&pair->narrow, &b->tiling, pair->bn2.scale, pair->bn2.shift, t, n, part->wide, wide);
        for (size_t k = 0; k < EPO__POSITIONS; k++)
            epo__multiply(&b->forth, k, part->wide + k * wide, b->middle, n, NULL, part->thin + k * thin, b->growth);
        epo__winograd_gather(&b->tiling, part->thin, thin, b->growth, t, n, b->out + pair->channels, b->total);
    }
    return EPO_OK;
}

static epo_status measure_grown(struct block *b, struct pair *pair, int i)
{
    measure(b, b->out + pair->channels, b->total, b->growth, i);
    return EPO_OK;
}

/* The joined moments are those of the channels from `at` on. */
static void keep_moments(struct block *b, size_t at)
{
    epo__tallies_join_moments(b->tallies, (size_t)b->threads);
    memcpy(b->mean + at, b->tallies->first, b->tallies->channels * sizeof *b->mean);
    memcpy(b->squares + at, b->tallies->second, b->tallies->channels * sizeof *b->squares);
}

static epo_status forward(void *state, const epo__train_run *run, const float *in, float *out)
{
    struct block *b = state;
    b->pixels = (size_t)run->count * b->image;
    b->tiles = (size_t)run->count * b->tiling.down * b->tiling.across;
    b->in = in;
    b->out = out;
    epo_status status = run_phase(b, NULL, take_input);
    keep_moments(b, 0);
    for (int l = 0; l < b->layers && status == EPO_OK; l++) {
        struct pair *pair = &b->pairs[l];
        status = epo__norm_forward(&pair->bn1, (double)b->pixels, b->mean, b->squares);
        if (b->mixed) epo__mixed_pair_set(&pair->mixed, pair->conv1->value, &b->parts[0].mixed);
        if (status == EPO_OK) status = run_phase(b, pair, make_narrow);
        if (status != EPO_OK) return status;
        epo__tallies_join_moments(b->tallies, (size_t)b->threads);
        status = epo__norm_forward(&pair->bn2, (double)b->pixels, b->tallies->first, b->tallies->second);
        if (status == EPO_OK) status = run_phase(b, pair, spread_weights);
        if (status == EPO_OK) status = run_phase(b, pair, grow);
        if (status == EPO_OK) status = run_phase(b, pair, measure_grown);
        if (status == EPO_OK) keep_moments(b, pair->channels);
    }
    return status;
}

/* --- backward ----------------------------------------------------------------------------------------------------- */

/* The finished gradient of what the pair added, in a tensor of its own; the transformed weights for the way back. */
static epo_status finish_grown(struct block *b, struct pair *pair, int i)
{
    size_t from = epo__part_from(b->pixels, i, b->threads), to = epo__part_from(b->pixels, i + 1, b->threads);
    size_t at = from * b->total + pair->channels;
    epo__combine(b->d_out + at, b->total, b->out + at, b->total, b->d_grown + from * b->growth, b->growth, NULL,
                 b->slope + pair->channels, b->offset + pair->channels, b->growth, to - from);
    epo__winograd_weights_back(pair->conv2->value, b->growth, b->middle, b->weights,
                               epo__part_from(b->growth, i, b->threads), epo__part_from(b->growth, i + 1, b->threads));
    pack_weights(b, &b->back, i);
    return EPO_OK;
}

/* Products of `n` tiles from `t` on for the gradient of conv2. */
static void add_conv2(struct block *b, struct pair *pair, struct part *part, size_t t, size_t n, bool first)
{
    size_t wide = epo__winograd_step(n, b->middle), thin = epo__winograd_step(n, b->growth);
    const epo__packed packed = epo__packed_cut(&part->thin_packed, n);
    epo__kept_spread(&pair->narrow, &b->tiling, pair->bn2.scale, pair->bn2.shift, t, n, part->wide, wide);
    epo__winograd_spread_back(&b->tiling, b->d_grown, b->growth, t, n, part->thin_back, thin);
    for (size_t k = 0; k < EPO__POSITIONS; k++) {
        epo__packed_put(&packed, 0, 0, n, part->thin_back + k * thin);
        epo__multiply_turned(&packed, 0, part->wide + k * wide, b->middle, b->middle, !first,
                             part->d_conv2 + k * b->middle * b->growth, b->growth);
    }
}

/* d_narrow, still behind bn2 and its ReLU, and this part's gradient of conv2 */
static epo_status shrink(struct block *b, struct pair *pair, int i)
{
    struct part *part = &b->parts[i];
    size_t start = epo__part_from(b->tiles, i, b->threads), last = epo__part_from(b->tiles, i + 1, b->threads), n;
    if (pair->conv2->grad && start == last)
        memset(part->d_conv2, 0, EPO__POSITIONS * b->middle * b->growth * sizeof(float));
    for (size_t t = start; t < last; t += n) {
        n = last - t < TILES_BACK ? last - t : TILES_BACK;
        size_t wide = epo__winograd_step(n, b->middle), thin = epo__winograd_step(n, b->growth);
        if (pair->conv2->grad) add_conv2(b, pair, part, t, n, t == start);
        epo__winograd_spread(&b->tiling, b->d_grown, b->growth, NULL, NULL, t, n, part->thin, thin);
        for (size_t k = 0; k < EPO__POSITIONS; k++)
            epo__multiply(&b->back, k, part->thin + k * thin, b->growth, n, NULL, part->wide + k * wide, b->middle);
        epo__kept_gather(&b->d_narrow, &b->tiling, part->wide, wide, t, n);
    }
    return EPO_OK;
}

/* Joins the parts' gradients of conv2, row by row; then the ReLU behind bn2 and what bn2 wants to know. */
static epo_status cut_narrow(struct block *b, struct pair *pair, int i)
{
    size_t from = epo__part_from(b->pixels, i, b->threads), to = epo__part_from(b->pixels, i + 1, b->threads);
    size_t row = epo__part_from(b->middle, i, b->threads), end = epo__part_from(b->middle, i + 1, b->threads);
    if (pair->conv2->grad) {
        for (size_t k = 0; k < EPO__POSITIONS; k++)
            for (int other = 1; other < b->threads; other++)
                epo__add(b->parts[other].d_conv2 + (k * b->middle + row) * b->growth,
                         b->parts[0].d_conv2 + (k * b->middle + row) * b->growth, (end - row) * b->growth);
        epo__winograd_weights_grad(b->parts[0].d_conv2, b->growth, b->middle, pair->conv2->grad, row, end);
    }
    epo__tally_clear(&b->tallies[i], b->middle);
    for (size_t n; from < to; from += n) {
        n = to - from < CHUNK ? to - from : CHUNK;
        const float *narrow = epo__kept_get(&pair->narrow, from, n, b->parts[i].narrow);
        float *d_narrow = epo__kept_get(&b->d_narrow, from, n, b->parts[i].d_narrow);
        epo__norm_tally(&pair->bn2, true, d_narrow, b->middle, narrow, b->middle, n, &b->tallies[i]);
        epo__kept_put(&b->d_narrow, from, n, d_narrow);
    }
    return EPO_OK;
}

/* Through conv1: part->d_chunk from part->d_narrow, of `n` pixels, and what they add to this part's gradient of conv1. */
static epo_status multiply_back(struct block *b, struct pair *pair, struct part *part, size_t from, size_t n, bool first)
{
    size_t c = pair->channels;
    epo_status status = EPO_OK;
    if (b->mixed) {
        const epo__mixed_input in = input_of(b, pair, from, n);
        if (pair->conv1->grad && first) memset(part->d_conv1, 0, b->middle * c * sizeof(float));
        epo__mixed_backward(&pair->mixed, &part->mixed, &in, part->d_narrow, part->d_chunk, pair->conv1->grad ? part->d_conv1 : NULL);
        return EPO_OK;
    }
    if (pair->conv1->grad) {
        epo__affine(b->out + from * b->total, b->total, part->chunk, c, pair->bn1.scale, pair->bn1.shift, c, n, true, 1);
        status = epo__sgemm(true, false, b->middle, c, n, part->d_narrow, b->middle, part->chunk, c, first ? 0 : 1,
                            part->d_conv1, c);
    }
    if (status != EPO_OK) return status;
    return epo__sgemm(false, false, n, c, b->middle, part->d_narrow, b->middle, pair->conv1->value, c, 0, part->d_chunk, c);
}

/* Through bn2 and conv1, a chunk of pixels at a time, to d_out; this part's gradient of conv1. */
static epo_status spread_out(struct block *b, struct pair *pair, int i)
{
    struct part *part = &b->parts[i];
    size_t c = pair->channels, n;
    size_t start = epo__part_from(b->pixels, i, b->threads), last = epo__part_from(b->pixels, i + 1, b->threads);
    epo__tally_clear(&b->tallies[i], c);
    if (pair->conv1->grad && start == last) memset(part->d_conv1, 0, b->middle * c * sizeof(float));
    for (size_t from = start; from < last; from += n) {
        n = last - from < CHUNK ? last - from : CHUNK;
        const float *x = b->out + from * b->total, *narrow = epo__kept_get(&pair->narrow, from, n, part->narrow);
        const float *d_narrow = epo__kept_get(&b->d_narrow, from, n, part->d_narrow);
        epo__combine(d_narrow, b->middle, narrow, b->middle, part->d_narrow, b->middle, pair->bn2.scale, b->slope2, b->offset2,
                     b->middle, n);
        epo_status status = multiply_back(b, pair, part, from, n, from == start);
        if (status != EPO_OK) return status;
        epo__norm_tally(&pair->bn1, true, part->d_chunk, c, x, b->total, n, &b->tallies[i]);
        epo__add_scaled(part->d_chunk, c, b->d_out + from * b->total, b->total, pair->bn1.scale, c, n);
    }
    return EPO_OK;
}

static epo_status join_conv1(struct block *b, struct pair *pair, int i)
{
    size_t count = pair->conv1->count;
    size_t from = epo__part_from(count, i, b->threads), to = epo__part_from(count, i + 1, b->threads);
    for (int other = 0; other < b->threads; other++)
        epo__add(b->parts[other].d_conv1 + from, pair->conv1->grad + from, to - from);
    return EPO_OK;
}

static epo_status backward_pair(struct block *b, struct pair *pair)
{
    epo_status status = run_phase(b, pair, finish_grown);
    if (status == EPO_OK) status = run_phase(b, pair, shrink);
    if (status == EPO_OK) status = run_phase(b, pair, cut_narrow);
    if (status != EPO_OK) return status;
    epo__tallies_join_sums(b->tallies, (size_t)b->threads);
    memset(b->slope2, 0, b->middle * sizeof *b->slope2);
    memset(b->offset2, 0, b->middle * sizeof *b->offset2);
    epo__norm_backward(&pair->bn2, b->tallies, b->slope2, b->offset2);

    status = run_phase(b, pair, spread_out);
    if (status != EPO_OK) return status;
    epo__tallies_join_sums(b->tallies, (size_t)b->threads);
    epo__norm_backward(&pair->bn1, b->tallies, b->slope, b->offset);
    return pair->conv1->grad ? run_phase(b, pair, join_conv1) : EPO_OK;
}

static bool is_trained(const struct pair *pair)
{
    return pair->bn1.params[0].grad || pair->bn1.params[1].grad || pair->bn2.params[0].grad ||
           pair->bn2.params[1].grad || pair->conv1->grad || pair->conv2->grad;
}

static epo_status backward(void *state, const epo__train_run *run, const float *in, const float *out, float *d_out,
                           float *d_in)
{
    (void)run, (void)in, (void)out;
    struct block *b = state;
    epo_status status = EPO_OK;
    int lowest = 0;
    if (!d_in)
        while (lowest < b->layers && !is_trained(&b->pairs[lowest])) lowest++;
    b->d_out = d_out;
    memset(b->slope, 0, b->total * sizeof *b->slope);
    memset(b->offset, 0, b->total * sizeof *b->offset);
    for (int l = b->layers - 1; l >= lowest && status == EPO_OK; l--) status = backward_pair(b, &b->pairs[l]);
    if (status == EPO_OK && d_in)
        epo__combine(d_out, b->total, b->out, b->total, d_in, b->first, NULL, b->slope, b->offset, b->first, b->pixels);
    return status;
}

/* --- making ------------------------------------------------------------------------------------------------------- */

static bool make_part(const struct block *b, struct part *part)
{
    size_t wide = EPO__POSITIONS * epo__winograd_step(TILES, b->middle), thin = EPO__POSITIONS * epo__winograd_step(TILES, b->growth);
    part->chunk = epo__alloc_aligned(epo__product(CHUNK, b->total), sizeof(float));
    part->d_chunk = epo__alloc_aligned(epo__product(CHUNK, b->total), sizeof(float));
    part->narrow = epo__alloc_aligned(epo__product(CHUNK, b->middle), sizeof(float));
    part->d_narrow = epo__alloc_aligned(epo__product(CHUNK, b->middle), sizeof(float));
    part->wide = epo__alloc_aligned(wide, sizeof(float));
    part->thin = epo__alloc_aligned(thin, sizeof(float));
    part->thin_back = epo__alloc_aligned(thin, sizeof(float));
    part->d_conv1 = epo__alloc_aligned(epo__product(b->middle, b->total), sizeof(float));
    part->d_conv2 = epo__alloc_aligned(epo__product3(EPO__POSITIONS, b->middle, b->growth), sizeof(float));
    return part->chunk && part->d_chunk && part->narrow && part->d_narrow && part->wide && part->thin && part->thin_back &&
           part->d_conv1 && part->d_conv2;
}

static epo_status make_pair(const epo__dense *dense, const epo__train_setup *setup, const epo__param *params,
                            size_t pixels, struct pair *pair)
{
    pair->channels = params[EPO__DENSE_BN1].count;
    pair->conv1 = &params[EPO__DENSE_CONV1];
    pair->conv2 = &params[EPO__DENSE_CONV2];
    epo_status status = epo__norm_make(&pair->bn1, &params[EPO__DENSE_BN1], dense->eps, momentum, setup->norms);
    if (status == EPO_OK)
        status = epo__norm_make(&pair->bn2, &params[EPO__DENSE_BN2], dense->eps, momentum, setup->norms);
    const bool mixed = setup->precision == EPO__IN_BF16;
    if (status == EPO_OK && mixed) status = epo__mixed_pair_make(pair->channels, (size_t)dense->middle, &pair->mixed);
    return status == EPO_OK ? epo__kept_make(setup, pixels, (size_t)dense->middle, mixed, &pair->narrow) : status;
}

static epo_status make_buffers(const epo__train_setup *setup, struct block *b)
{
    b->tallies = epo__tallies_make((size_t)b->threads, b->total > b->middle ? b->total : b->middle);
    b->mean = epo__alloc_aligned(b->total, sizeof *b->mean);
    b->squares = epo__alloc_aligned(b->total, sizeof *b->squares);
    b->slope = epo__alloc_aligned(b->total, sizeof *b->slope);
    b->offset = epo__alloc_aligned(b->total, sizeof *b->offset);
    b->slope2 = epo__alloc_aligned(b->middle, sizeof *b->slope2);
    b->offset2 = epo__alloc_aligned(b->middle, sizeof *b->offset2);
    b->weights = epo__alloc_aligned(epo__product3(EPO__POSITIONS, b->middle, b->growth), sizeof *b->weights);
    bool made = b->tallies && b->mean && b->squares && b->slope && b->offset && b->slope2 && b->offset2 && b->weights;
    for (int i = 0; i < b->threads && made; i++) made = make_part(b, &b->parts[i]);
    if (!made) return epo__nomem("dense block");
    epo_status status = epo__packed_room(EPO__POSITIONS, b->middle, b->growth, &b->forth);
    if (status == EPO_OK) status = epo__packed_room(EPO__POSITIONS, b->growth, b->middle, &b->back);
    for (int i = 0; i < b->threads && status == EPO_OK; i++) {
        status = epo__packed_room(1, TILES_BACK, b->growth, &b->parts[i].thin_packed);
        if (status == EPO_OK && b->mixed) status = epo__mixed_part_make(CHUNK, b->total, b->middle, &b->parts[i].mixed);
    }
    if (status == EPO_OK) status = epo__train_floats(setup, b->image * b->growth, &b->d_grown);
    return status == EPO_OK ? epo__kept_make(setup, b->image, b->middle, b->mixed, &b->d_narrow) : status;
}

epo_status epo__dense_train(const epo__layer *layer, const epo__train_setup *setup, epo__train_op *op)
{
    const epo__dense *dense = layer->state;
    struct block *b = epo__alloc(1, sizeof *b);
    if (!b) return epo__nomem("dense block");
    b->layers = dense->layers;
    b->threads = setup->threads;
    b->mixed = setup->precision == EPO__IN_BF16;
    b->first = (size_t)layer->in.channels;
    b->growth = (size_t)dense->growth;
    b->middle = (size_t)dense->middle;
    b->total = (size_t)layer->out.channels;
    b->image = (size_t)layer->in.height * (size_t)layer->in.width;
    b->tiling = epo__tiling_make((size_t)layer->in.height, (size_t)layer->in.width);
    b->pairs = epo__alloc((size_t)b->layers, sizeof *b->pairs);
    b->parts = epo__alloc((size_t)b->threads, sizeof *b->parts);
    epo_status status = b->pairs && b->parts ? make_buffers(setup, b) : epo__nomem("dense block");
    for (int l = 0; l < b->layers && status == EPO_OK; l++)
        status =
            make_pair(dense, setup, layer->params + (size_t)l * EPO__DENSE_PARAMS, b->image, &b->pairs[l]);
    if (status != EPO_OK) {
        release(b);
        return status;
    }
    *op = (epo__train_op){.state = b, .forward = forward, .backward = backward, .release = release};
    return EPO_OK;
}
