/* SPDX-License-Identifier: BSD-3-Clause
 * net.h - a chain of layers, and running it.
 *
 * Order of calls: epo__net_create, epo__net_add for every layer, then fill the parameters (epo__net_init, or through
 * epo__net_visit from a weights file), then epo__plan_create for a batch size, then epo__plan_run as often as wanted.
 * A plan takes its copy of the weights, in the layouts oneDNN likes; change the weights, make a new plan.
 */
#ifndef EPO_NN_NET_H
#define EPO_NN_NET_H

#include "nn/layer.h"

typedef struct epo__net epo__net;

/* One "key=value" of a network text; key is "" for the value given without a name. */
typedef struct epo__layer_arg {
    const char *key, *value;
} epo__layer_arg;

epo_status epo__net_create(epo__shape in, epo__net **out);

/* From here on epo__net_add fails with EPO_ELIMIT, before it takes memory, where the net would have more parameters than this. */
void epo__net_limit(epo__net *net, uint64_t most);
void epo__net_destroy(epo__net *net); /* NULL is fine */

/* Adds a layer by its word. `name` NULL: word + count ("conv2"). EPO_EARG with the reason for an unknown word (the
 * message lists the words there are), an unknown, missing or out-of-range option, or a shape the layer cannot take. */
epo_status epo__net_add(epo__net *net, const char *word, const char *name, const epo__layer_arg *args, size_t count);

epo__shape epo__net_in(const epo__net *net);
epo__shape epo__net_out(const epo__net *net);
size_t epo__net_length(const epo__net *net);
const epo__layer *epo__net_layer(const epo__net *net, size_t index);

/* True when the chain begins with a layer over time (gru): its input is then a packed sequence of vectors. */
bool epo__net_is_recurrent(const epo__net *net);

/* Every parameter under "PREFIX.layer.tensor", in order. */
epo_status epo__net_visit(epo__net *net, const char *prefix, epo__param_fn visit, void *context);

/* Which parameters are to be trained; sees full names. */
typedef bool (*epo__param_choice)(void *context, const epo__param *param);

/* Gives every trainable parameter that `wanted` chooses (NULL: all) a gradient, zero at first, and takes it from the
 * others: those are frozen. Call it again to freeze or thaw; pointers to gradients from before are then gone. */
epo_status epo__net_want_gradients(epo__net *net, const char *prefix, epo__param_choice wanted, void *context);
void epo__net_drop_gradients(epo__net *net);
void epo__net_zero_gradients(epo__net *net); /* before a step; gradplans add to what is there */

uint64_t epo__net_macs(const epo__net *net); /* a sample; for a recurrent net, a time step */

/* Random weights: He-uniform (He et al. 2015) on trainable tensors with a fan-in, `start` elsewhere; the values depend
 * on the seed and on each tensor's full name only. */
epo_status epo__net_init(epo__net *net, const char *prefix, uint64_t seed);

/* In what the convolutions of plans compute that are made from here on (epo_precision in epochal/model.h says which). On a
 * processor without instructions for narrow numbers results are the same to rounding, and take longer. */
void epo__net_set_precision(epo__net *net, epo__precision precision);
epo__precision epo__net_precision(const epo__net *net);
bool epo__nn_is_fast(epo__precision precision); /* on this processor */

typedef struct epo__plan epo__plan;

/* Builds all primitives and buffers for up to `batch` samples (sequences, for a recurrent net), 1 to 65536. The plan
 * uses as many threads as epo__nn_set_threads gave to the calling thread, whoever runs it: one a sample, or inside the
 * only one where that pays. EPO_ELIMIT when the buffers would be unreasonable. */
epo_status epo__plan_create(epo__net *net, int batch, epo__plan **out);
/* The same without a softmax or sigmoid at the end: the result is what goes into it. */
epo_status epo__plan_create_logits(epo__net *net, int batch, epo__plan **out);
void epo__plan_destroy(epo__plan *plan);

/* A part of a net, with dropout left on if wanted (Gal & Ghahramani 2016). All zeros: the whole net, without dropout. */
typedef struct epo__plan_options {
    size_t first, last;  /* layers first .. last-1; last 0: to the end */
    const char *dropout; /* it drops, by random numbers named by this prefix of the layers' names; NULL: it is left out */
} epo__plan_options;
epo_status epo__plan_create_part(epo__net *net, int batch, const epo__plan_options *options, epo__plan **out);

/* What a plan with dropout drops: a function of the layer's name, the seed, the pass and the sample's key alone, so that
 * neither batch nor threads matter. */
typedef struct epo__draw {
    uint64_t seed, pass;
    const uint64_t *keys; /* of the samples (sequences) of a run */
} epo__draw;
/* For the runs from here on; borrowed. A plan with dropout does not run without. */
void epo__plan_set_draw(epo__plan *plan, const epo__draw *draw);

/* in: count x C x H x W floats (plain NCHW), out: count x out.channels x out.height x out.width. 1 <= count <= batch.
 * A plan is used by one thread at a time. Samples do not touch each other. Refuse not-a-number before: a ReLU makes it
 * 0, and a score comes out all the same. */
epo_status epo__plan_run(epo__plan *plan, int count, const float *in, float *out);

/* Recurrent nets: `count` sequences of lengths[i] >= 1 steps, one behind the other without padding.
 * in: (sum of lengths) x F, out: count x out.channels. Memory grows with the largest sum of lengths so far. */
epo_status epo__plan_run_sequences(epo__plan *plan, int count, const int *lengths, const float *in, float *out);

/* Threads that plans made by the calling thread use inside one call (default 1; each thread has its own setting). */
void epo__nn_set_threads(int threads);
int epo__nn_threads(void);

/* The first layer that is a dropout, of values or of channels; epo__net_length when none is. */
size_t epo__net_first_dropout(const epo__net *net);

/* Layers before a softmax or sigmoid at the end; all of them when there is none. */
size_t epo__net_logits_length(const epo__net *net);

/* What runs underneath, for `epochal doctor`. */
typedef struct epo__nn_info {
    char onednn_version[32];
    char onednn_isa[48];     /* "AVX-512 with bf16" */
    char onednn_runtime[16]; /* "OpenMP" */
    char blas_version[96];   /* openblas_get_config() */
    char blas_core[32];      /* "SkylakeX" */
    char blas_threading[16]; /* "OpenMP", "pthread", "single" */
} epo__nn_info;
void epo__nn_get_info(epo__nn_info *out);

/* As epo_system_matrix_rate; threads 1 or more. */
epo_status epo__nn_matrix_rate(int threads, double *rate);

#endif
