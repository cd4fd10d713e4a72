/* SPDX-License-Identifier: BSD-3-Clause
 * learning.h - the curves of a training run, and what they and the scores tell about over-fitting. */
#ifndef EPO_REPORT_LEARNING_H
#define EPO_REPORT_LEARNING_H

#include "report/page.h"
#include "store/runs.h"

/* Plots of the curves that the run left in the store, and the gap between training and validation. */
epo_status epo__report_learning(epo__page *page, const epo__run_told *training);

/* The accuracy on the training part less that of the set (delta accuracy), where the store has scores of both; else the
 * command that makes them, with `file`, the model's; NULL: not known. */
epo_status epo__report_delta(epo__page *page, const epo__report_set *set, const epo__model_told *model,
                             const char *file, const epo__run_told *training);

#endif
