/* SPDX-License-Identifier: BSD-3-Clause
 * scoring.h - what scoring files, the stamps of a store and its sequences have in common. */
#ifndef EPO_TRAIN_SCORING_H
#define EPO_TRAIN_SCORING_H

#include "epochal/score.h"

enum { EPO__MAX_SCORE_BATCH = 4096 };

/* options->batch, or the standard one. EPO_EARG out of range. */
epo_status epo__score_batch(const epo_score_options *options, int *batch);

/* EPO_EFORMAT when a probability is not finite: pixels or weights near the end of float's range can do that, and it
 * concerns this input only. */
epo_status epo__score_check(const double *probabilities, size_t count);

/* Counts a result and hands it to the caller, who may have passed NULL. A caller that stops is named as the reason: what
 * stands in this thread's message is something older. */
epo_status epo__score_report(const epo_score *score, epo_score_fn result, void *context, epo_score_summary *summary);

/* The same for results that a recorder holds back (train/recorder.h): a copy in one block of malloc, NULL without memory, and
 * what tells of it; its context is a receiver. */
typedef struct epo__score_receiver {
    epo_score_fn result;
    void *context;
    epo_score_summary *summary;
} epo__score_receiver;
void *epo__score_copy(const epo_score *score);
epo_status epo__score_tell(void *receiver, const void *score);

#endif
