/* SPDX-License-Identifier: BSD-3-Clause
 * dense.h - what the files of the dense block share. */
#ifndef EPO_NN_DENSE_H
#define EPO_NN_DENSE_H

#include "nn/plan.h"
#include "nn/train.h"

typedef struct epo__dense {
    int layers, growth, middle; /* middle: channels between the two convolutions */
    double eps;
} epo__dense;

/* Places of a layer's parameters, and how many it has. */
enum { EPO__DENSE_BN1 = 0, EPO__DENSE_CONV1 = 4, EPO__DENSE_BN2 = 5, EPO__DENSE_CONV2 = 9, EPO__DENSE_PARAMS = 10 };

/* conv1 with bn2 in it, for a pair that sees `channels`: weights, middle x channels, and bias, middle. EPO_ENOMEM. */
epo_status epo__dense_fold(const epo__dense *dense, const epo__param *params, size_t channels, float *weights, float *bias);

epo_status epo__dense_train(const epo__layer *layer, const epo__train_setup *setup, epo__train_op *op);

#endif
