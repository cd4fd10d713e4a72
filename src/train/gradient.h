/* SPDX-License-Identifier: BSD-3-Clause
 * gradient.h - how a class's score changes with the pixels that the network takes: the network that scores (dropout
 * off, batch norm by its running statistics), forward and back.
 *
 * The score is the class's probability p (dp/dx is small where the network is sure: near 0 and 1), or what goes into
 * the softmax or sigmoid, S; of a single sigmoid S is z for class 1 and -z for class 0. The derivative of p is taken
 * through S in double precision, so that it does not vanish where p is 1 in float32.
 * A calibrated head (epochal/calibrate.h) has the p of S / T.
 *
 * Grad-CAM (Selvaraju et al. 2017, ICCV): of the maps A_k of a layer, sum over k of w_k A_k, w_k the spatial mean of
 * d(score)/d(A_k). */
#ifndef EPO_TRAIN_GRADIENT_H
#define EPO_TRAIN_GRADIENT_H

#include "arch/model.h"

typedef struct epo__gradient epo__gradient;

typedef struct epo__gradient_options {
    bool cam;          /* Grad-CAM; else d(score)/d(planes) */
    const char *layer; /* Grad-CAM: of the encoder; NULL: the last convolution with what follows it pixel by pixel
                          (batch norm, ReLU) */
    bool logit;        /* S instead of p */
} epo__gradient_options;

/* For one thread and the whole life of the model's weights. EPO_EMODEL when the model has no such head; EPO_EARG for a
 * layer that is not there or has no pixels, naming those that have. */
epo_status epo__gradient_create(const epo_model *model, epo_head head, const epo__gradient_options *options,
                                epo__gradient **out);
void epo__gradient_free(epo__gradient *gradient); /* NULL is fine */

/* Of one input of one triplet or stamp: of Grad-CAM `runs` (planes when fused late, else 1) x height x width; else
 * planes x height x width. `channels` is that first number. */
epo__shape epo__gradient_shape(const epo__gradient *gradient);

/* The class -1 is the predicted one. in: count x planes x height x width; mjds as for epo__engine_sequence (sequence
 * head, which alone takes a count over 1). probabilities: room for the head's classes; *chosen the class explained. The
 * derivative is *scale x out, out: count x epo__gradient_shape; of Grad-CAM likewise, before ReLU. weights: NULL, or
 * room for count x runs x channels of the layer, to be scaled likewise. */
epo_status epo__gradient_run(epo__gradient *gradient, size_t count, const float *in, const double *mjds,
                             int class_index, double *probabilities, size_t *chosen, float *out, double *scale,
                             float *weights);

#endif
