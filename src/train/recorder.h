/* SPDX-License-Identifier: BSD-3-Clause
 * recorder.h - a run being written to the store: which model, which options, when, how long, and its scores.
 *
 * start, hears, then { ready, put scores..., hold, settle }*, then end. Scores are committed about every second, so that a run
 * that is killed keeps what it had; they count as the run's result only once it is done. The caller is told of a result after
 * the commit that holds it: what was told is in the store, whatever happens next. */
#ifndef EPO_TRAIN_RECORDER_H
#define EPO_TRAIN_RECORDER_H

#include <stdbool.h>

#include "base/text.h"
#include "epochal/score.h"
#include "store/results.h"

typedef epo_status (*epo__recorder_fn)(void *context, const void *result);

/* All zeros: not started. */
typedef struct epo__recorder {
    epo_store *store;
    int64_t run;
    bool in_transaction;
    double start, settled; /* seconds: when it began; when it last committed */
    void **held;           /* results to be told of after the next commit */
    size_t held_count, held_room;
    epo__recorder_fn tell;
    void *tell_context;
} epo__recorder;

/* Notes model and start of a run; `kind` is "score" or "classify". */
epo_status epo__recorder_start(epo__recorder *recorder, epo_store *store, const char *kind, const epo_model *model, epo_head head,
                               const epo_score_options *options, int threads);

/* Notes the start of a run without a network; `model`: what else was used, NULL nothing. `split`: "NAME:PART" or "NAME", NULL none;
 * of `row` its kind, command, options, seed and threads are taken. */
epo_status epo__recorder_start_plain(epo__recorder *recorder, epo_store *store, const char *split, const epo__model_row *model,
                                     epo__run_row *row);

/* Who is told of results. A status other than EPO_OK stops the run. */
void epo__recorder_hears(epo__recorder *recorder, epo__recorder_fn tell, void *context);

/* Takes a result, one block of malloc, to be told of once everything put so far is committed; NULL is a lack of memory. */
epo_status epo__recorder_hold(epo__recorder *recorder, void *result);

epo_status epo__recorder_ready(epo__recorder *recorder);  /* before putting scores: opens a transaction if there is none */
epo_status epo__recorder_settle(epo__recorder *recorder); /* after: commits now and then, and tells */

epo_status epo__recorder_commit(epo__recorder *recorder); /* at once, where others are to write in between */

/* Commits what was delivered, tells of it, and notes how the run ended: done, or failed or cancelled after a status other than EPO_OK.
 * Returns `status` with its message when that is a failure, else how writing went. */
epo_status epo__recorder_end(epo__recorder *recorder, epo_status status);

/* What every run's record holds: the classes of a head as a JSON array, and the versions as a JSON object. */
void epo__run_classes(epo__string *out, const epo_model_info *info, epo_head head);
void epo__run_versions(epo__string *out);

#endif
