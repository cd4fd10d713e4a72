/* SPDX-License-Identifier: BSD-3-Clause
 * stamp_scorer.h - stamps in, P(real) out: the part that scoring files and scoring a store share. One scorer serves all
 * threads; each passes its own worker number. */
#ifndef EPO_TRAIN_STAMP_SCORER_H
#define EPO_TRAIN_STAMP_SCORER_H

#include "epochal/score.h"
#include "train/stamp_rule.h"

typedef struct epo__stamp_scorer epo__stamp_scorer;

/* `options` are checked ones; passes and seed are taken from them. EPO_EMODEL when the model has no stamp head or its
 * normalisation cannot be read; EPO_EARG for passes of a network without dropout. */
epo_status epo__stamp_scorer_create(const epo_model *model, const epo_score_options *options, int threads, int batch,
                                    epo__stamp_scorer **out);
void epo__stamp_scorer_free(epo__stamp_scorer *scorer); /* NULL is fine */

size_t epo__stamp_scorer_width(const epo__stamp_scorer *scorer); /* numbers in the row of a stamp */
int epo__stamp_scorer_batch(const epo__stamp_scorer *scorer);

/* Prepares the planes of one stamp as number `slot` (0 .. batch-1) of this worker's next run. EPO_EFORMAT: this stamp
 * cannot be scored, the slot stays free. */
epo_status epo__stamp_scorer_put(epo__stamp_scorer *scorer, int worker, int slot, const epo__plane_view *planes, size_t count);

/* Scores slots 0 .. count-1: *rows (count x width: the class probabilities, pass by pass where there are passes) belongs to
 * the worker until its next run. */
epo_status epo__stamp_scorer_run(epo__stamp_scorer *scorer, int worker, int count, const double **rows);

/* Fills in score, probabilities and uncertainty from a row, which must live as long as the score; score NaN when the model has
 * no class "real". One caller at a time, and what was filled in before is gone. */
void epo__stamp_scorer_report(epo__stamp_scorer *scorer, const double *row, epo_score *score);

#endif
