/* SPDX-License-Identifier: BSD-3-Clause
 * dense.h - what dense.c and dense_train.c share. */
#ifndef EPO_NN_DENSE_H
#define EPO_NN_DENSE_H

#include "nn/train.h"

typedef struct epo__dense {
    int layers, growth, middle; /* middle: channels between the two convolutions */
    double eps;
} epo__dense;

/* Places of a layer's parameters, and how many it has. */
enum { EPO__DENSE_BN1 = 0, EPO__DENSE_CONV1 = 4, EPO__DENSE_BN2 = 5, EPO__DENSE_CONV2 = 9, EPO__DENSE_PARAMS = 10 };

epo_status epo__dense_train(const epo__layer *layer, const epo__train_setup *setup, epo__train_op *op);

#endif
