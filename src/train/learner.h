/* SPDX-License-Identifier: BSD-3-Clause
 * learner.h - one step of a stage: a batch through encoder and heads, the loss, and back.
 *
 *     encoder   encoder -> triplet head                         CE(triplet head)
 *     sequence  features, from a frozen encoder -> sequence head CE(sequence head)
 *     joint     encoder -> both heads                           CE(sequence head) + CE(triplet head), the latter with the
 *                                                               object's label for each of its triplets
 *     stamp     encoder -> stamp head                           CE or binary CE
 *
 * Beside encoder and joint, stamps may go through the encoder in the same pass (so that batch norm sees both kinds, as its
 * running statistics will), and the stamp head's loss is added.
 */
#ifndef EPO_TRAIN_LEARNER_H
#define EPO_TRAIN_LEARNER_H

#include "arch/model.h"
#include "train/supply.h"

typedef enum epo__stage { EPO__STAGE_ENCODER, EPO__STAGE_SEQUENCE, EPO__STAGE_JOINT, EPO__STAGE_STAMP } epo__stage;

const char *epo__stage_name(epo__stage stage);

bool epo__stage_uses(epo__stage stage, epo_head head); /* trains this head */

typedef struct epo__learner epo__learner;

typedef struct epo__learner_options {
    epo__stage stage;
    int batch;                  /* most examples in a step */
    size_t triplets;            /* most triplets in a step */
    uint64_t seed;
    int stamps;                 /* most stamps beside them, 0: none */
    bool keep_statistics;       /* of the encoder's batch norms: the running ones are gone by, and stay */
    epo__precision precision;   /* of the encoder (gradplan.h) */
    double smoothing;
    const float *class_weights; /* one an output of the stage's heads, copied; NULL: all 1 */
    const float *stamp_weights; /* the same of the stamps beside them */
} epo__learner_options;

/* Gradients must be wanted already (epo__net_want_gradients): what has none is frozen. The model must outlive it. */
epo_status epo__learner_create(const epo_model *model, const epo__learner_options *options, epo__learner **out);
void epo__learner_free(epo__learner *learner); /* NULL is fine */

/* Adds to the gradients; *loss is the batch's mean, with that of `stamps` added (count 0: there are none). Dropout depends on
 * `step`. */
epo_status epo__learner_step(epo__learner *learner, uint64_t step, const epo__supply_batch *batch, const epo__supply_batch *stamps, double *loss);

#endif
