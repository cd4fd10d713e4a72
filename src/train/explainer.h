/* SPDX-License-Identifier: BSD-3-Clause
 * explainer.h - a model ready to explain: the part that explaining files and a store share. One thread. */
#ifndef EPO_TRAIN_EXPLAINER_H
#define EPO_TRAIN_EXPLAINER_H

#include "data/sequence.h"
#include "data/stamp_input.h"
#include "epochal/explain.h"

typedef struct epo__explainer epo__explainer;

/* Errors as epo_explain_files. `summary` is zeroed, and counts from then on. */
epo_status epo__explainer_create(const epo_model *model, epo_head head, const epo_explain_options *options,
                                 epo_explain_fn result, void *context, epo_explain_summary *summary,
                                 epo__explainer **out);
void epo__explainer_free(epo__explainer *explainer); /* NULL is fine; sets the summary's seconds */

bool epo__explainer_done(const epo__explainer *explainer); /* the limit is reached */

/* Explain and deliver; `about` has id, object, class_given and mjd. What is wrong with this input alone is delivered
 * too. */
epo_status epo__explain_stamp(epo__explainer *explainer, const epo__plane_view *planes, size_t count,
                              epo_explanation *about);
epo_status epo__explain_sequence(epo__explainer *explainer, epo__sequence *sequence, epo_explanation *about);

/* Delivers about->error. */
epo_status epo__explain_deliver(epo__explainer *explainer, const epo_explanation *about);

#endif
