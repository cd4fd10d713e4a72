/* SPDX-License-Identifier: BSD-3-Clause
 * split.h - what a split by chance and one from a file share. */
#ifndef EPO_DATA_SPLIT_H
#define EPO_DATA_SPLIT_H

#include "epochal/store.h"

/* A name that a new split may have. EPO_EARG: none, or one with a colon. EPO_ESTORE: taken. */
epo_status epo__split_check_name(epo_store *store, const char *name);

#endif
