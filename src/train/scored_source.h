/* SPDX-License-Identifier: BSD-3-Clause
 * scored_source.h - which run's scores are meant. */
#ifndef EPO_TRAIN_SCORED_SOURCE_H
#define EPO_TRAIN_SCORED_SOURCE_H

#include "data/objects.h"
#include "epochal/evaluate.h"
#include "store/scores.h"

/* "taonet.safetensors", else the beginning of its SHA-256, else "run 3": the caller frees it; NULL without memory. */
char *epo__scored_source_name(const epo_evaluate_source *source);

/* The finished run that holds the scores of a source; `filter` is that of its split. EPO_ENOTFOUND, with what makes
 * them, when there is none. */
epo_status epo__scored_source_run(epo_store *store, const epo_evaluate_source *source, const epo__object_filter *filter,
                                  epo__scored_run *run);

#endif
