/* SPDX-License-Identifier: BSD-3-Clause
 * training.h - a training under way: what training.c (the loop), training_setup.c, training_stage.c, training_validate.c and
 * training_record.c (the store) share. */
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

/* One kind of example in training: what it tells apart, and its batches in the stage at hand. */
typedef struct epo__feed {
    epo__task task;       /* label_count 0: there is no such feed */
    epo__supply *supply;
    epo__supply *validation; /* NULL without such a part */
} epo__feed;

/* The weights that a training starts from, for the record; texts owned. */
typedef struct epo__origin {
    char sha256[65];
    char *network, *training; /* its name; their own record, NULL without one */
    epo_sky sky;
} epo__origin;

typedef struct epo__training {
    epo_store *store;
    const epo_train_options *options;
    epo_train_fn progress;
    void *progress_context;
    int threads;
    char *checkpoint, *options_text; /* path; the options that must be equal to go on */

    epo_model *model;
    epo__origin from;           /* all zeros for random weights */
    bool given[EPO_HEAD_COUNT]; /* heads that the weights to start from had */
    epo__feed main;             /* of the task that was asked for */
    epo__feed stamps;           /* candidates that the stamp head learns from beside it */
    epo__stage stages[EPO__STAGES_MAX];
    int stage_count;
    epo__schedule schedule;
    epo__position position;
    epo__weights best;

    /* of the stage at hand */
    epo__learner *learner;
    epo__optimiser *optimiser;

    double since; /* when position.seconds was last brought up to date */
    size_t memory_supply;
} epo__training;

/* Makes model, tasks, stages and schedule from the options, which must be of a kind: EPO_EARG. */
epo_status epo__training_setup(epo__training *fit);
epo_status epo__training_check_options(const epo_train_options *options);

/* Everything that the stage at the position works with; close also what was opened in part. */
epo_status epo__stage_open(epo__training *fit);
void epo__stage_close(epo__training *fit);

/* The head that a stage is judged by. */
epo_head epo__stage_head(epo__stage stage);

/* Mean loss (plain cross-entropy) and accuracy of a head over a validation part, with the weights as they are. */
epo_status epo__training_validate(epo__training *fit, epo__supply *part, epo_head head, double *loss, double *accuracy);

/* Sets fit->options_text. */
epo_status epo__training_options_text(epo__training *fit);

/* Notes the run in the store: a new one, or the one that is resumed. */
epo_status epo__training_begin(epo__training *fit, bool resumed);

/* The record of the training inside the model (training_card.c): what it starts from; an epoch that is over, before the
 * position moves on; and the whole, into the model's metadata. */
epo_status epo__training_card_from(epo__training *fit, const epo_model *base);
void epo__training_card_epoch(epo__training *fit, bool best);
epo_status epo__training_card(const epo__training *fit);
void epo__training_card_free(epo__training *fit);

/* Notes how it ended, and the model that was made; returns `status` with its message when that is a failure. */
epo_status epo__training_end(epo__training *fit, epo_status status, const char *sha256);

#endif
