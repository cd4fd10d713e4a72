/* SPDX-License-Identifier: BSD-3-Clause
 * layer_types.c - the list of layers, in the order in which help shows them. */
#include "nn/layer_types.h"

/* clang-format off: one line a layer */
const epo__layer_type *const epo__layer_types[] = {
    &epo__conv_type,    &epo__batchnorm_type,  &epo__relu_type,    &epo__maxpool_type,
    &epo__avgpool_type, &epo__gap_type,        &epo__dropout_type, &epo__spatialdropout_type,
    &epo__flatten_type, &epo__linear_type,     &epo__softmax_type, &epo__sigmoid_type,
    &epo__dense_type,   &epo__transition_type, &epo__gru_type,     NULL,
};
