/* SPDX-License-Identifier: BSD-3-Clause
 * object_scores.h - what the scores of one model, or one run, say about an object as a whole: its class probabilities,
 * or P(real) over its stamps. */
#ifndef EPO_TRAIN_OBJECT_SCORES_H
#define EPO_TRAIN_OBJECT_SCORES_H

#include "base/pool.h"
#include "epochal/evaluate.h"
#include "store/scores.h"
#include "train/scored.h"

/* The values of a run over stamps, in this order. LAST: of the latest stamp, unknown times counting as the earliest. */
enum { EPO__REAL_MEAN, EPO__REAL_MAX, EPO__REAL_LAST, EPO__REAL_VALUES };
const char *epo__real_name(size_t index); /* "real_mean", ... */

typedef struct epo__object_scores {
    int64_t run;
    bool stamps;
    const char *classes[EPO__SCORED_CLASSES_MAX]; /* of a run over objects; live in pool */
    size_t count;                                 /* values of an object: classes, or EPO__REAL_VALUES */
    epo__pool pool;
    epo__stamp_score *list;
    size_t room;
} epo__object_scores;

/* The last finished run of source->sha256 (or the run source->run) that scored an object of source->split. Release with
 * epo__object_scores_free, also after a failure. EPO_ENOTFOUND: none, and the message names the remedy. */
epo_status epo__object_scores_open(epo_store *store, const epo_evaluate_source *source, epo__object_scores *out);
void epo__object_scores_free(epo__object_scores *scores);

/* values[scores->count]; *found is false, with all of them NaN, when the run has none of this object. */
epo_status epo__object_scores_of(epo_store *store, epo__object_scores *scores, int64_t object, double *values,
                                 bool *found);

#endif
