/* SPDX-License-Identifier: BSD-3-Clause
 * grow.h - one tree. */
#ifndef EPO_FOREST_GROW_H
#define EPO_FOREST_GROW_H

#include "forest/draw.h"
#include "forest/search.h"

typedef struct epo__grow_limits {
    size_t max_features; /* that a split chooses from, 1 or more; more only as long as all of them are constant in the
                            node */
    size_t max_depth;    /* splits on the longest way; 0: no limit */
    size_t min_split;    /* samples that a node to be split has at least */
    size_t min_leaf;     /* samples that a leaf has at least */
    size_t max_leaves;   /* 0: no limit, else the splits that gain most are made first */
} epo__grow_limits;

typedef struct epo__part epo__part;

/* A thread's memory for growing; all zeros but `search` and `limits` before the first tree. */
typedef struct epo__grower {
    epo__search search;
    epo__grow_limits limits;
    uint32_t *features; /* [features]: in the order in which they were drawn last */
    epo__sample *spare; /* [rows] */
    epo__part *parts;   /* nodes whose split is chosen and not made */
    size_t part_count, part_capacity;
} epo__grower;

/* Memory for a training set of search.columns. On failure free it all the same. */
epo_status epo__grower_make(epo__grower *grower);
void epo__grower_free(epo__grower *grower);

/* Grows *tree, which is empty, over the samples, which are reordered. The gain of each split is added to
 * importance[feature]. */
epo_status epo__tree_grow(epo__grower *grower, epo__sample *samples, size_t count, epo__draws *draws, epo__tree *tree,
                          double *importance);

#endif
