/* SPDX-License-Identifier: BSD-3-Clause
 * model.h - what scoring and training need from a model beyond the public include/epochal/model.h. */
#ifndef EPO_ARCH_MODEL_H
#define EPO_ARCH_MODEL_H

#include "arch/network.h"
#include "epochal/model.h"
#include "nn/net.h"

/* The description the model was built from; owned by the model. */
const epo__network *epo__model_network(const epo_model *model);

/* The chains. encoder: planes (1 when fused late) x height x width -> features. NULL for a head that is not there. The
 * parameters they hold are the model's own. */
epo__net *epo__model_encoder(const epo_model *model);
epo__net *epo__model_head(const epo_model *model, epo_head head);

/* Index of the class named `name` in a head's output, letters compared without case; -1 when there is none. */
int epo__model_class_index(const epo_model *model, epo_head head, const char *name);

#endif
