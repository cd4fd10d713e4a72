/* SPDX-License-Identifier: BSD-3-Clause
 * training.h - a training under way: what training.c (the loop), training_validate.c and training_record.c (the store) share. */
#ifndef EPO_TRAIN_TRAINING_H
#define EPO_TRAIN_TRAINING_H

#include "arch/model.h"
#include "epochal/train.h"
#include "store/results.h"
#include "store/store.h"
#include "train/checkpoint.h"
#include "train/learner.h"
#include "train/stamp_rule.h"
#include "train/supply.h"
#include "train/task.h"

typedef struct epo__training {
    epo_store *store;
    const epo_train_options *options;
    epo_train_fn progress;
    void *progress_context;
    int threads;
    char *checkpoint, *options_text; /* path; the options that must be equal to go on */

    epo_model *model;
    bool given[EPO_HEAD_COUNT]; /* heads that the weights to start from had */
    epo__task task;
    epo__stage stages[3];
    int stage_count;
    epo__schedule schedule;
    epo__position position;
    epo__weights best;

    /* of the stage at hand */
    epo__learner *learner;
    epo__supply *supply, *validation; /* validation: NULL without such a part */
    epo__optimiser *optimiser;

    double since; /* when position.seconds was last brought up to date */
    size_t memory_supply;
} epo__training;

/* Mean loss (plain cross-entropy) and accuracy over the validation part, with the weights as they are. */
epo_status epo__training_validate(epo__training *fit, double *loss, double *accuracy);

/* Sets fit->options_text. */
epo_status epo__training_options_text(epo__training *fit);

/* Notes the run in the store: a new one, or the one that is resumed. */
epo_status epo__training_begin(epo__training *fit, bool resumed);

/* Notes how it ended, and the model that was made; returns `status` with its message when that is a failure. */
epo_status epo__training_end(epo__training *fit, epo_status status, const char *sha256);

#endif
