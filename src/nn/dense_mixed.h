/* SPDX-License-Identifier: BSD-3-Clause
 * dense_mixed.h - the 1 x 1 convolutions of a dense block in training, in bfloat16 (mixed precision: Micikevicius et al.
 * 2018): inputs, weights and gradients are rounded where they are multiplied, sums, weights and everything that is kept
 * but for dense_kept.h are float32. Winograd's 3 x 3 convolutions stay float32, since their transforms would make the rounding many times
 * larger. */
#ifndef EPO_NN_DENSE_MIXED_H
#define EPO_NN_DENSE_MIXED_H

#include "nn/product_narrow.h"

/* The weights of a pair, middle x channels, as both ways want them. */
typedef struct epo__mixed_pair {
    size_t channels, middle;
    epo__narrow forward, back;
} epo__mixed_pair;

/* Work space of a thread. */
typedef struct epo__mixed_part {
    epo__bf16 *chunk, *d_narrow; /* pixels x channels, pixels x middle */
    epo__bf16 *turned;           /* d_narrow the other way round */
    epo__narrow panels;          /* the chunk as a right-hand side */
} epo__mixed_part;

epo_status epo__mixed_pair_make(size_t channels, size_t middle, epo__mixed_pair *pair);
void epo__mixed_pair_release(epo__mixed_pair *pair); /* zeros are fine */
/* Takes the weights of this step. part: any thread's, whose `chunk` it writes over. */
void epo__mixed_pair_set(epo__mixed_pair *pair, const float *weights, epo__mixed_part *part);

/* For up to `pixels` pixels at a time and `channels` channels, and weights of as many. */
epo_status epo__mixed_part_make(size_t pixels, size_t channels, size_t middle, epo__mixed_part *part);
void epo__mixed_part_release(epo__mixed_part *part); /* zeros are fine */

/* x: n pixels, `stride` floats apart, and the batch norm before the convolution. */
typedef struct epo__mixed_input {
    const float *x;
    size_t stride, n;
    const float *scale, *shift;
} epo__mixed_input;

/* narrow (n x middle) = relu(x * scale + shift) W' */
void epo__mixed_forward(const epo__mixed_pair *pair, epo__mixed_part *part, const epo__mixed_input *in, float *narrow);

/* d_chunk (n x channels) = d_narrow W; d_weights (middle x channels; NULL: not wanted) += d_narrow' relu(...). */
void epo__mixed_backward(const epo__mixed_pair *pair, epo__mixed_part *part, const epo__mixed_input *in,
                         const float *d_narrow, float *d_chunk, float *d_weights);

#endif
