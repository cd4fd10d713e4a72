/* SPDX-License-Identifier: BSD-3-Clause
 * uncertainty.h - what the passes of one input say together: epo_uncertainty (epochal/score.h has the formulas). */
#ifndef EPO_TRAIN_UNCERTAINTY_H
#define EPO_TRAIN_UNCERTAINTY_H

#include "epochal/score.h"

/* probabilities: passes x classes. mean: room for `classes`, and scores: room for `passes`, into which out->scores
 * points. chosen: the class the score is of; -1: that with the largest mean. */
void epo__uncertainty_of(const double *probabilities, size_t passes, size_t classes, int chosen, double *mean,
                         double *scores, epo_uncertainty *out);

#endif
