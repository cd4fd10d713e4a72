/* SPDX-License-Identifier: BSD-3-Clause
 * optimiser.h - from gradients to new weights: SGD with momentum, Adam, AdamW, by PyTorch's rules.
 *
 *     sgd    g += decay * w;  m = momentum * m + g;  w -= rate * (nesterov ? g + momentum * m : m)
 *     adam   g += decay * w;  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;
 *            w -= rate / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + eps)
 *     adamw  w *= 1 - rate * decay;  then as adam without decay
 * (Kingma & Ba 2015; Loshchilov & Hutter 2019). The learning rate comes with each step: schedule.h.
 */
#ifndef EPO_NN_OPTIMISER_H
#define EPO_NN_OPTIMISER_H

#include "nn/net.h"

typedef enum epo__optimiser_kind { EPO_OPTIMISER_SGD, EPO_OPTIMISER_ADAM, EPO_OPTIMISER_ADAMW } epo__optimiser_kind;

typedef struct epo__optimiser_options {
    epo__optimiser_kind kind;
    double momentum; /* sgd; 0: none, and no state */
    bool nesterov;
    double beta1, beta2, eps; /* adam, adamw */
    double decay;
} epo__optimiser_options;

/* PyTorch's standards, except that SGD has a momentum of 0.9. */
#define EPO__OPTIMISER_SGD ((epo__optimiser_options){.kind = EPO_OPTIMISER_SGD, .momentum = 0.9})
#define EPO__OPTIMISER_ADAM \
    ((epo__optimiser_options){.kind = EPO_OPTIMISER_ADAM, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8})
#define EPO__OPTIMISER_ADAMW \
    ((epo__optimiser_options){.kind = EPO_OPTIMISER_ADAMW, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .decay = 0.01})

typedef struct epo__optimiser epo__optimiser;

/* EPO_EARG for options out of range. */
epo_status epo__optimiser_create(const epo__optimiser_options *options, epo__optimiser **out);
void epo__optimiser_destroy(epo__optimiser *optimiser); /* NULL is fine */

/* Adds the parameters of `net` that have a gradient now. The optimiser then points into the net: it must outlive the
 * optimiser, and epo__net_want_gradients must not be called again. */
epo_status epo__optimiser_add(epo__optimiser *optimiser, epo__net *net, const char *prefix);

/* Square root of the sum of squares over all gradients; not finite when one of them is not. */
double epo__optimiser_norm(const epo__optimiser *optimiser);
/* Multiplies all gradients so that their norm is at most `limit`; returns the norm from before. */
double epo__optimiser_clip(epo__optimiser *optimiser, double limit);
void epo__optimiser_step(epo__optimiser *optimiser, double rate); /* uses epo__nn_threads() */

/* The whole state, for a checkpoint: steps done, and tensors under "PARAMETER.momentum", or "PARAMETER.mean" and
 * "PARAMETER.square", with the parameter's dims. A visitor may write through `value`, which is how state is restored.
 */
uint64_t epo__optimiser_steps(const epo__optimiser *optimiser);
void epo__optimiser_set_steps(epo__optimiser *optimiser, uint64_t steps);
epo_status epo__optimiser_visit(epo__optimiser *optimiser, epo__param_fn visit, void *context);

#endif
