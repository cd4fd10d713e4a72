/* SPDX-License-Identifier: BSD-3-Clause
 * recorder.h - a run being written to the store: which model, which options, when, how long, and its scores.
 *
 * start, then { ready, put scores..., settle }*, then end. Scores are committed every couple of seconds, so that a run
 * that is killed keeps what it had; they count as the run's result only once it is done. */
#ifndef EPO_TRAIN_RECORDER_H
#define EPO_TRAIN_RECORDER_H

#include <stdbool.h>

#include "base/text.h"
#include "epochal/score.h"
#include "store/results.h"

/* All zeros: not started. */
typedef struct epo__recorder {
    epo_store *store;
    int64_t run;
    bool in_transaction;
    double start, transaction_start; /* seconds */
} epo__recorder;

/* Notes model and start of a run; `kind` is "score" or "classify". */
epo_status epo__recorder_start(epo__recorder *recorder, epo_store *store, const char *kind, const epo_model *model, epo_head head,
                               const epo_score_options *options, int threads);

/* Notes the start of a run without a network; `model`: what else was used, NULL nothing. `split`: "NAME:PART" or "NAME", NULL none;
 * of `row` its kind, command, options, seed and threads are taken. */
epo_status epo__recorder_start_plain(epo__recorder *recorder, epo_store *store, const char *split, const epo__model_row *model,
                                     epo__run_row *row);

epo_status epo__recorder_ready(epo__recorder *recorder);  /* before putting scores: opens a transaction if there is none */
epo_status epo__recorder_settle(epo__recorder *recorder); /* after: commits now and then */

epo_status epo__recorder_commit(epo__recorder *recorder); /* at once, where others are to write in between */

/* Commits what was delivered and notes how the run ended: done, or failed or cancelled after a status other than EPO_OK.
 * Returns `status` with its message when that is a failure, else how writing went. */
epo_status epo__recorder_end(epo__recorder *recorder, epo_status status);

/* What every run's record holds: the classes of a head as a JSON array, and the versions as a JSON object. */
void epo__run_classes(epo__string *out, const epo_model_info *info, epo_head head);
void epo__run_versions(epo__string *out);

#endif
