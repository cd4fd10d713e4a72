/* SPDX-License-Identifier: BSD-3-Clause
 * gradplan.h - a network in training: forward with everything kept that the way back needs, and gradients.
 *
 * Order of calls: epo__net_want_gradients says what is trained; epo__gradplan_create; then for every step
 * epo__net_zero_gradients, epo__gradplan_forward, a loss (loss.h), epo__gradplan_backward, an optimiser (optimiser.h).
 * Several forward and backward pairs may add to the same gradients before the optimiser's step.
 *
 * Unlike a plan (net.h), a gradplan reads the weights where they are, so one is made for a whole training. Batch norm
 * uses the statistics of the batch and moves its running ones (with the unbiased variance, as PyTorch does); dropout
 * drops; both unless the options say otherwise. The same weights, input, seed, step and threads give the same bits.
 */
#ifndef EPO_NN_GRADPLAN_H
#define EPO_NN_GRADPLAN_H

#include "nn/net.h"
#include "nn/norm.h"

typedef struct epo__gradplan epo__gradplan;

/* All zeros is the standard. */
typedef struct epo__gradplan_options {
    const char *prefix; /* of the layers' names, as for epo__net_init; the random numbers of dropout depend on it */
    uint64_t seed;      /* of dropout */
    bool logits;        /* leave out a softmax or sigmoid at the end, which the loss then has inside */
    epo__norm_rule norms; /* of the batch norms */
    bool keep_all;        /* dropout drops nothing: with EPO__NORM_BY_RUNNING, the network as it scores */
    epo__precision precision; /* EPO__IN_BF16: the 1 x 1 convolutions of dense blocks and what they give in bfloat16; else float32 */
    size_t first, last;   /* only the layers first .. last-1, which need not begin with the net's input; last 0: to the end */
} epo__gradplan_options;

/* Buffers for up to `batch` samples (sequences), 1 to 65536; the calling thread's epo__nn_set_threads counts, and all
 * threads work on one layer at a time. The net must outlive the plan. EPO_ELIMIT when the buffers would be
 * unreasonable. */
epo_status epo__gradplan_create(epo__net *net, int batch, const epo__gradplan_options *options, epo__gradplan **out);
void epo__gradplan_destroy(epo__gradplan *plan); /* NULL is fine */

epo__shape epo__gradplan_out(const epo__gradplan *plan); /* of one sample: the net's, or that of its logits */

/* in: count x C x H x W, out: count x epo__gradplan_out. `step` numbers the steps of a training: dropout masks depend
 * on it. EPO_EARG for a batch norm that would see a single value a channel. */
epo_status epo__gradplan_forward(epo__gradplan *plan, uint64_t step, int count, const float *in, float *out);

/* Recurrent nets; sequences lie as for epo__plan_run_sequences. `in` must stay as it is until backward is done. */
epo_status epo__gradplan_forward_sequences(epo__gradplan *plan, uint64_t step, int count, const int *lengths,
                                           const float *in, float *out);

/* After a forward, once: adds to the gradients of all parameters that have one. d_out: d(loss)/d(out). d_in: room for
 * d(loss)/d(in), or NULL; without it nothing is computed below the first layer that is trained. */
epo_status epo__gradplan_backward(epo__gradplan *plan, const float *d_out, float *d_in);

#endif
