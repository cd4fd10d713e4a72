/* SPDX-License-Identifier: BSD-3-Clause
 * engine.h - a model ready to run on one thread: plans for the encoder and one head, and the room between them.
 *
 * Normalised planes go in, class probabilities come out. Plans are made when they are first needed: one for a single
 * sample, so that one stamp does not pay for a batch, and one for full batches. */
#ifndef EPO_TRAIN_ENGINE_H
#define EPO_TRAIN_ENGINE_H

#include "arch/model.h"

typedef struct epo__engine epo__engine;

/* For up to `batch` stamps or triplets together. EPO_EMODEL when the model has no such head. The model must outlive it. */
epo_status epo__engine_create(const epo_model *model, epo_head head, int batch, epo__engine **out);
void epo__engine_free(epo__engine *engine); /* NULL is fine */

/* Stamp or triplet head. in: count x planes x height x width, 1 <= count <= batch. out: count x class_count. */
epo_status epo__engine_run(epo__engine *engine, int count, const float *in, double *out);

/* Floats that the encoder gives for a triplet. */
size_t epo__engine_features(const epo__engine *engine);

/* The encoder alone. in: triplets x planes x height x width; out: triplets x epo__engine_features. */
epo_status epo__engine_encode(epo__engine *engine, size_t triplets, const float *in, float *out);

/* The sequence head over what the encoder gave. mjds: the MJD of each of the triplets x planes nights, used when the network
 * wants dates. out: class_count. */
epo_status epo__engine_head(epo__engine *engine, size_t triplets, const float *features, const double *mjds, double *out);

/* The two in one: planes to class_count. */
epo_status epo__engine_sequence(epo__engine *engine, size_t triplets, const float *in, const double *mjds, double *out);

/* What a head gives for one input as class probabilities: a single sigmoid gives that of class 1. */
void epo__class_probabilities(const float *raw, size_t outputs, size_t classes, double *out);

#endif
