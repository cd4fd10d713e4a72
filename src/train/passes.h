/* SPDX-License-Identifier: BSD-3-Clause
 * passes.h - a model with its dropout left on, run several times over the same input (Gal & Ghahramani 2016, ICML 48,
 * 1050: "Dropout as a Bayesian approximation"). Each pass is a sample of the posterior; what they say together is
 * uncertainty.h.
 *
 * What is dropped depends on the seed, the pass, the layer and the input's key alone (nn/net.h), so a result depends
 * neither on batch and threads nor on what else is scored. The encoder's layers before its first dropout run once for
 * all passes. */
#ifndef EPO_TRAIN_PASSES_H
#define EPO_TRAIN_PASSES_H

#include "arch/model.h"

enum { EPO__MAX_PASSES = 10000 };

typedef struct epo__passes epo__passes;

/* For one thread; the model must outlive it. EPO_EMODEL when the model has no such head; EPO_EARG for passes that are
 * not 1 to EPO__MAX_PASSES, and for a network without dropout, all of whose passes would be alike. */
epo_status epo__passes_create(const epo_model *model, epo_head head, int passes, uint64_t seed, epo__passes **out);
void epo__passes_free(epo__passes *passes); /* NULL is fine */

/* The same check without making anything. */
epo_status epo__passes_check(const epo_model *model, epo_head head, int passes);

/* Stamp or triplet head. in: count x planes x height x width, keys: count. out: count x passes x class_count. */
epo_status epo__passes_run(epo__passes *passes, size_t count, const uint64_t *keys, const float *in, double *out);

/* Sequence head; in and mjds as for epo__engine_sequence, key: of the object. out: passes x class_count. */
epo_status epo__passes_sequence(epo__passes *passes, size_t triplets, uint64_t key, const float *in, const double *mjds,
                                double *out);

#endif
