/* SPDX-License-Identifier: BSD-3-Clause
 * layer_types.h - one line a layer; each is defined at the end of the .c file that bears its name (both pools are in
 * pool.c, both dropouts in dropout.c). */
#ifndef EPO_NN_LAYER_TYPES_H
#define EPO_NN_LAYER_TYPES_H

#include "nn/layer.h"

extern const epo__layer_type epo__conv_type;
extern const epo__layer_type epo__batchnorm_type;
extern const epo__layer_type epo__relu_type;
extern const epo__layer_type epo__maxpool_type;
extern const epo__layer_type epo__avgpool_type;
extern const epo__layer_type epo__gap_type;
extern const epo__layer_type epo__dropout_type;
extern const epo__layer_type epo__spatialdropout_type;
extern const epo__layer_type epo__flatten_type;
extern const epo__layer_type epo__linear_type;
extern const epo__layer_type epo__softmax_type;
extern const epo__layer_type epo__sigmoid_type;
extern const epo__layer_type epo__dense_type;
extern const epo__layer_type epo__transition_type;
extern const epo__layer_type epo__gru_type;

#endif
