/* SPDX-License-Identifier: BSD-3-Clause
 * loss.h - losses from logits, with their gradients. Sums in double precision, in order.
 *
 * Logits are what goes into a softmax or sigmoid; taking both together is exact where the score would round to 0 or 1.
 */
#ifndef EPO_NN_LOSS_H
#define EPO_NN_LOSS_H

#include <stddef.h>

#include "epochal/status.h"

/* Cross-entropy of K classes, as PyTorch's: with w the class weights, s the smoothing and p the softmax of a row,
 *     loss = sum_i [ -(1 - s) w[y_i] log p[y_i] - s / K sum_k w[k] log p[k] ] / sum_i w[y_i]
 * All zeros but `classes` is the plain one. */
typedef struct epo__softmax_loss {
    size_t classes;
    const float *weights; /* K, none negative; NULL: all 1 */
    double smoothing;     /* 0 to 1 */
} epo__softmax_loss;

/* logits: count x K; labels: count numbers below K. *loss: the mean. d_logits (count x K) and probabilities (count x K)
 * may be NULL. EPO_EARG for a label that is no class, and when all weights of the batch are 0. */
epo_status epo__softmax_loss_run(const epo__softmax_loss *loss, size_t count, const float *logits, const int *labels,
                                 double *mean, float *d_logits, float *probabilities);

/* Binary cross-entropy, one logit a sample: with t = y (1 - s) + s / 2 and p the sigmoid of the logit,
 *     loss = mean_i [ -w t log p - (1 - t) log(1 - p) ] */
typedef struct epo__sigmoid_loss {
    double positive_weight; /* w; 0 is taken as 1 */
    double smoothing;       /* s, 0 to 1 */
} epo__sigmoid_loss;

/* labels: count numbers, 0 or 1. The rest as above. */
epo_status epo__sigmoid_loss_run(const epo__sigmoid_loss *loss, size_t count, const float *logits, const int *labels,
                                 double *mean, float *d_logits, float *probabilities);

#endif
