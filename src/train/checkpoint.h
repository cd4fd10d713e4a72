/* SPDX-License-Identifier: BSD-3-Clause
 * checkpoint.h - everything that a training needs to go on to the same bytes, in one safetensors file written atomically.
 *
 *     model.NAME      weights now            optimiser.NAME  its state
 *     best.NAME       best weights so far    metadata epochal.checkpoint: the position, and the options that must be the same
 */
#ifndef EPO_TRAIN_CHECKPOINT_H
#define EPO_TRAIN_CHECKPOINT_H

#include "arch/model.h"
#include "nn/optimiser.h"
#include "nn/schedule.h"

/* What a stage came to, so far. */
typedef struct epo__stage_result {
    uint64_t epochs, best_epoch; /* done; from 1, 0 before the first */
    double loss, accuracy;       /* of the validation part after the best epoch; NaN without one */
} epo__stage_result;

enum { EPO__STAGES_MAX = 3 }; /* of a run */
typedef struct epo__stage_results {
    epo__stage_result of[EPO__STAGES_MAX];
} epo__stage_results;

/* Where a training stands. A plain value; texts are the caller's. */
typedef struct epo__position {
    int stage;              /* which of the run's stages */
    uint64_t epoch, batch;  /* next to be done */
    uint64_t step;          /* over all stages: what dropout depends on */
    uint64_t stage_step;    /* that step when the stage began: its optimiser counts from there */
    uint64_t stamp_epoch, stamp_batch; /* of the candidates that go beside, next to be done */
    uint64_t examples;
    double loss_sum;        /* of the epoch at hand */
    uint64_t loss_count;
    double best_loss, best_accuracy; /* of the stage, NaN before its first epoch */
    uint64_t bad_epochs;    /* since the best */
    epo__stage_results results; /* of all stages up to this one */
    epo__plateau plateau;
    int64_t run;            /* in the store */
    double seconds;         /* spent before */
} epo__position;

/* Copies of all parameters of a model, by position: the best weights. */
typedef struct epo__weights {
    float *values;
    size_t count;
} epo__weights;

epo_status epo__weights_keep(const epo_model *model, epo__weights *weights);     /* model -> weights */
epo_status epo__weights_restore(const epo__weights *weights, const epo_model *model);
void epo__weights_free(epo__weights *weights);

/* `options`: a text that must be equal for the training to go on. `best`: count 0 when there is none yet. */
epo_status epo__checkpoint_write(const char *path, const epo_model *model, epo__optimiser *optimiser, const epo__weights *best,
                                 const epo__position *position, const char *options);

/* Reads the position first, since it says which stage's optimiser to make: EPO_ENOTFOUND when there is no file, EPO_EARG when
 * it is of a training with other options, EPO_EMODEL when it is damaged. */
epo_status epo__checkpoint_read_position(const char *path, const char *options, epo__position *position);
epo_status epo__checkpoint_read(const char *path, const epo_model *model, epo__optimiser *optimiser, epo__weights *best);

#endif
