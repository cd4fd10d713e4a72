/* SPDX-License-Identifier: BSD-3-Clause
 * split.h - what a split by chance and one from a file share. */
#ifndef EPO_DATA_SPLIT_H
#define EPO_DATA_SPLIT_H

#include <stdint.h>

#include "epochal/store.h"

/* A name that a new split may have. EPO_EARG: none, or one with a colon. EPO_ESTORE: taken. */
epo_status epo__split_check_name(epo_store *store, const char *name);

/* A split like `of` with less to learn from: of its part train a share of each class, by groups of one parent, and the other
 * parts as they are. Splits of growing fractions and one seed are nested: what a smaller one has, the larger ones have.
 * A class keeps one group at least. A split of this name that says it was made in this way is taken as it is. In no
 * transaction. *objects: in train. EPO_EARG: fraction not above 0 and up to 1. EPO_ENOTFOUND: no such split, or nothing in
 * its train. EPO_ESTORE: the name is taken by another split. */
epo_status epo__split_shrink(epo_store *store, const char *of, double fraction, uint64_t seed, const char *name, int64_t *objects);

#endif
