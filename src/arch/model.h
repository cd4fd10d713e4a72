/* SPDX-License-Identifier: BSD-3-Clause
 * model.h - what scoring and training need from a model beyond the public include/epochal/model.h. */
#ifndef EPO_ARCH_MODEL_H
#define EPO_ARCH_MODEL_H

#include "arch/network.h"
#include "epochal/model.h"
#include "nn/net.h"

/* A model with the network and normalisation of another, random weights, and other classes ("A,B"; NULL: the same). The
 * caller frees *out with epo_model_free. */
epo_status epo__model_create_like(const epo_model *other, const char *classes, uint64_t seed, epo_model **out);

/* The description the model was built from; owned by the model. Its heads, classes and normalisation are the model's: a
 * head that the weights file left out is not present here either. */
const epo__network *epo__model_network(const epo_model *model);

/* The chains. encoder: epo__network_input -> features. The input of a head is the feature vector: of all planes one behind
 * the other when fused late; in the sequence head followed by epo__network_date_count floats. NULL for a head that is not
 * there. The parameters they hold are the model's own. */
epo__net *epo__model_encoder(const epo_model *model);
epo__net *epo__model_head(const epo_model *model, epo_head head);

/* Takes a head out: it is not saved, and the model has none from then on. */
void epo__model_drop_head(epo_model *model, epo_head head);

/* As in epo_model_info. */
epo_precision epo__model_precision(const epo_model *model);

/* What `wanted` is on this processor, and what that is for a net. */
epo_precision epo__precision_here(epo_precision wanted, epo__precision *out);

/* Every parameter of the model, "encoder.conv1.weight" and so on, in a fixed order. */
epo_status epo__model_visit(const epo_model *model, epo__param_fn visit, void *context);

/* Metadata beside what the model is made of, which goes from file to file with it. Texts belong to the model; NULL: there is
 * none, or take it away. A set key replaces that of the file. */
const char *epo__model_extra(const epo_model *model, const char *key);
epo_status epo__model_set_extra(epo_model *model, const char *key, const char *value);

/* By which the probabilities of a head are tempered (epochal/calibrate.h); 1: not at all. */
double epo__model_temperature(const epo_model *model, epo_head head);

/* Index of the class named `name` in a head's classes, letters compared without case; -1 when there is none. A head that
 * ends in a sigmoid has one output, the probability of class 1. */
int epo__model_class_index(const epo_model *model, epo_head head, const char *name);

#endif
