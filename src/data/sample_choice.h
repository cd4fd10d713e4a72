/* SPDX-License-Identifier: BSD-3-Clause
 * sample_choice.h - private to the loader: which nights, which visits, which turn. */
#ifndef EPO_DATA_SAMPLE_CHOICE_H
#define EPO_DATA_SAMPLE_CHOICE_H

#include "data/loader_index.h"
#include "data/loader_plan.h"

/* Fills nights (their numbers in the object) and visits (indices into stamps), `count` of each: as many as the triplets
 * of the object's examples hold together. */
void epo__sample_choose(const epo__loader_index *index, const epo__loader_entry *entry, uint64_t epoch, size_t count,
                        size_t *nights, size_t *visits);

/* An element of epo__image_dihedral; 0 without turns. */
int epo__sample_turn(const epo__loader_index *index, uint64_t thing, uint32_t copy, uint64_t epoch);

/* The object's night of greatest brightness; of equal ones the first. planes: of each night by its first visit, not
 * normalised. */
epo_status epo__sample_brightest(const epo__loader_index *index, epo_store *store, const epo__loader_object *object,
                                 const float *planes, epo__image_work *work, size_t *night);

#endif
