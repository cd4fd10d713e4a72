/* SPDX-License-Identifier: BSD-3-Clause
 * stamp_scorer.h - stamps in, P(real) out: the part that scoring files and scoring a store share. One scorer serves all
 * threads; each passes its own worker number. */
#ifndef EPO_TRAIN_STAMP_SCORER_H
#define EPO_TRAIN_STAMP_SCORER_H

#include "epochal/score.h"
#include "train/stamp_rule.h"

typedef struct epo__stamp_scorer epo__stamp_scorer;

/* EPO_EMODEL when the model has no stamp head or its normalisation cannot be read. */
epo_status epo__stamp_scorer_create(const epo_model *model, int threads, int batch, epo__stamp_scorer **out);
void epo__stamp_scorer_free(epo__stamp_scorer *scorer); /* NULL is fine */

size_t epo__stamp_scorer_classes(const epo__stamp_scorer *scorer);
int epo__stamp_scorer_batch(const epo__stamp_scorer *scorer);

/* Prepares the planes of one stamp as number `slot` (0 .. batch-1) of this worker's next run. EPO_EFORMAT: this stamp
 * cannot be scored, the slot stays free. */
epo_status epo__stamp_scorer_put(epo__stamp_scorer *scorer, int worker, int slot, const epo__plane_view *planes, size_t count);

/* Scores slots 0 .. count-1: *probabilities (count x classes) belongs to the worker until its next run. */
epo_status epo__stamp_scorer_run(epo__stamp_scorer *scorer, int worker, int count, const double **probabilities);

/* The probability of the class "real" in a row of probabilities; NaN when the model has no such class. */
double epo__stamp_scorer_real(const epo__stamp_scorer *scorer, const double *probabilities);

#endif
